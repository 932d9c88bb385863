#include "base/clock.h"
#include "base/mem.h"
#include "base/rand.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static void allocates(void **state)
{
	static const uint8_t zeros[100] = {0};
	uint8_t *p = mem_zalloc(sizeof(zeros));
	assert_non_null(p);
	assert_memory_equal(p, zeros, sizeof(zeros));
	memset(p, 7, 100);
	p = mem_realloc(p, 100000);
	assert_non_null(p);
	assert_int_equal(p[99], 7);
	mem_free(p);
	mem_free(NULL);
	/* Nothing is something: NULL would be taken for a failure. */
	p = mem_alloc(0);
	assert_non_null(p);
	mem_free(p);
	p = mem_zalloc(0);
	assert_non_null(p);
	mem_free(p);
}

static void duplicates(void **state)
{
	char *s = mem_strdup("text");
	assert_string_equal(s, "text");
	mem_free(s);
	char *d = mem_dup("a\0b-", 3);
	assert_non_null(d);
	assert_memory_equal(d, "a\0b", 4);
	mem_free(d);
	d = mem_dup(NULL, 0);
	assert_string_equal(d, "");
	mem_free(d);
	assert_null(mem_dup("", SIZE_MAX));
}

static void fails_when_told(void **state)
{
	mem_fail_after(2);
	void *a = mem_alloc(1), *b = mem_strdup("b");
	bool hit_early = mem_fail_hit();
	void *c = mem_alloc(1), *d = mem_zalloc(1), *e = mem_strdup("e"), *f = mem_dup("f", 1),
	     *g = mem_realloc(a, 100);
	bool hit = mem_fail_hit();
	mem_fail_never();
	assert_non_null(a);
	assert_non_null(b);
	assert_false(hit_early);
	assert_true(hit);
	assert_null(c);
	assert_null(d);
	assert_null(e);
	assert_null(f);
	assert_null(g);
	mem_free(a);
	mem_free(b);
	a = mem_alloc(1);
	assert_non_null(a);
	mem_free(a);
}

static void a_new_count_forgets_the_last(void **state)
{
	mem_fail_after(0);
	void *a = mem_alloc(1);
	mem_fail_after(1);
	bool hit = mem_fail_hit();
	void *b = mem_alloc(1);
	mem_fail_never();
	assert_null(a);
	assert_false(hit);
	assert_non_null(b);
	mem_free(b);
}

static uint64_t realtime_ms(void)
{
	struct timespec ts;
	assert_int_equal(clock_gettime(CLOCK_REALTIME, &ts), 0);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void clocks_run(void **state)
{
	uint64_t before = realtime_ms();
	uint64_t wall = clock_wall_ms();
	assert_in_range(wall, before, realtime_ms());
	/* It ends only if the clock moves. */
	uint64_t start = clock_mono_ms(), now = start;
	while (now == start) {
		uint64_t next = clock_mono_ms();
		assert_true(next >= now);
		now = next;
	}
}

static void random_bytes_differ(void **state)
{
	uint8_t a[34], b[34];
	assert_true(sodium_init() >= 0);
	memset(a, 0xA5, sizeof(a));
	memset(b, 0xA5, sizeof(b));
	rand_bytes(NULL, a + 1, 32);
	rand_bytes(NULL, b + 1, 32);
	assert_memory_not_equal(a, b, sizeof(a));
	assert_int_equal(a[0], 0xA5);
	assert_int_equal(a[33], 0xA5);
}

/* Whole pages of a block are given back and zero; what shares a page with others is left alone. */
static void forgets_whole_pages(void **state)
{
	enum { PAGE_MAX = 65536, SIZE = 4 * PAGE_MAX };
	uint8_t *p = mem_alloc(SIZE);
	assert_non_null(p);
	memset(p, 7, SIZE);
	mem_forget(p + 1, 1);
	assert_int_equal(p[1], 7);
	mem_forget(p, SIZE);
	size_t kept = 0;
	for (size_t i = 0; i < SIZE; i++) {
		assert_true(p[i] == 0 || p[i] == 7);
		kept += p[i] == 7;
	}
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	assert_true(kept < 2 * page);
	assert_int_equal((SIZE - kept) % page, 0);
	mem_free(p);
	mem_trim();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(allocates),           cmocka_unit_test(duplicates),
		cmocka_unit_test(fails_when_told),     cmocka_unit_test(a_new_count_forgets_the_last),
		cmocka_unit_test(clocks_run),          cmocka_unit_test(random_bytes_differ),
		cmocka_unit_test(forgets_whole_pages),
	};
	return cmocka_run_group_tests_name("mem", tests, NULL, NULL);
}
