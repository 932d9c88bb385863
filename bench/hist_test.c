/* The histogram: what it says must be what was put in, within its resolution. */
#include "hist.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

static int setup(void **state)
{
	*state = calloc(1, sizeof(struct hist));
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

static void test_empty(void **state)
{
	assert_int_equal(hist_percentile(*state, 99), 0);
}

static void test_small_values_are_exact(void **state)
{
	for (uint64_t ns = 0; ns < 100; ns++)
		hist_add(*state, ns % 50);
	assert_int_equal(hist_percentile(*state, 0), 0);
	assert_int_equal(hist_percentile(*state, 50), 25);
	assert_int_equal(hist_percentile(*state, 98), 49);
}

/* Every power of two with what is around it, alone in a histogram: neither too high nor more than 1/64 too
 * low. */
static void test_resolution(void **state)
{
	for (int bit = 1; bit < 64; bit++) {
		for (int64_t off = -1; off <= 1; off++) {
			struct hist *h = *state;
			uint64_t ns = (1ull << bit) + (uint64_t)off, got;
			*h = (struct hist){0};
			hist_add(h, ns);
			got = hist_percentile(h, 50);
			assert_true(got <= ns);
			assert_true(ns - got <= ns / 64);
			assert_int_equal(h->max_ns, ns);
		}
	}
}

static void test_largest(void **state)
{
	hist_add(*state, UINT64_MAX);
	assert_true(UINT64_MAX - hist_percentile(*state, 50) <= UINT64_MAX / 64);
}

/* One in a hundred is late: the 98th percentile must not see it, the 99th must. */
static void test_tail(void **state)
{
	for (int i = 0; i < 1000; i++)
		hist_add(*state, i % 100 == 99 ? 5000000 : 1000);
	assert_in_range(hist_percentile(*state, 98), 984, 1000);
	assert_in_range(hist_percentile(*state, 99), 4921875, 5000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_empty, setup, teardown),
		cmocka_unit_test_setup_teardown(test_small_values_are_exact, setup, teardown),
		cmocka_unit_test_setup_teardown(test_resolution, setup, teardown),
		cmocka_unit_test_setup_teardown(test_largest, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tail, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
