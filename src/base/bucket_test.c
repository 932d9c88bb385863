#include "base/bucket.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t hash_key[16] = "sixteen bytes!!";

static int take_all(struct bucket *b, uint32_t rate, uint32_t burst, uint64_t now_ms)
{
	int n = 0;
	while (bucket_take(b, 1, rate, burst, now_ms))
		n++;
	return n;
}

static void starts_full_and_runs_dry(void **state)
{
	struct bucket b;
	bucket_init(&b, 5, 1000);
	assert_int_equal(take_all(&b, 10, 5, 1000), 5);
	assert_false(bucket_take(&b, 1, 10, 5, 1000));
	assert_true(bucket_take(&b, 0, 10, 5, 1000));
}

static void refills_at_its_rate(void **state)
{
	struct bucket b;
	bucket_init(&b, 5, 1000);
	assert_int_equal(take_all(&b, 10, 5, 1000), 5);
	assert_int_equal(take_all(&b, 10, 5, 1099), 0);
	assert_int_equal(take_all(&b, 10, 5, 1100), 1);
	assert_int_equal(take_all(&b, 10, 5, 1450), 3);
	assert_int_equal(take_all(&b, 10, 5, 100000), 5);
}

/* Fractions of a token are kept: asking a thousand times a second changes nothing. */
static void loses_nothing_when_asked_often(void **state)
{
	struct bucket b;
	int taken = 0;
	bucket_init(&b, 1, 0);
	assert_true(bucket_take(&b, 1, 3, 1, 0));
	for (uint64_t now_ms = 1; now_ms <= 60000; now_ms++)
		taken += bucket_take(&b, 1, 3, 1, now_ms);
	/* 334 ms is the first whole millisecond at which a third of a second has passed; the surplus over a
	   full bucket is lost, so a token comes every 334 ms at the slowest. */
	assert_in_range(taken, 60000 / 334, 180);
}

static void takes_all_or_nothing(void **state)
{
	struct bucket b;
	bucket_init(&b, 10, 0);
	assert_true(bucket_take(&b, 7, 1, 10, 0));
	assert_false(bucket_take(&b, 4, 1, 10, 0));
	assert_true(bucket_take(&b, 3, 1, 10, 0));
	assert_false(bucket_take(&b, 11, 1, 10, 1000000));
}

static void stands_extreme_numbers(void **state)
{
	struct bucket b;
	bucket_init(&b, UINT32_MAX, 0);
	assert_true(bucket_take(&b, UINT32_MAX, UINT32_MAX, UINT32_MAX, 0));
	assert_false(bucket_take(&b, 1, 0, UINT32_MAX, UINT64_MAX / 2));
	assert_true(bucket_take(&b, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT64_MAX));
	assert_false(bucket_take(&b, 1, UINT32_MAX, UINT32_MAX, UINT64_MAX));
	/* A clock that goes back gives nothing, neither then nor when it is back where it was. */
	assert_false(bucket_take(&b, 1, UINT32_MAX, UINT32_MAX, 0));
	assert_false(bucket_take(&b, 1, UINT32_MAX, UINT32_MAX, UINT64_MAX));
}

static void a_smaller_burst_takes_effect(void **state)
{
	struct bucket b;
	bucket_init(&b, 100, 0);
	assert_int_equal(take_all(&b, 1, 3, 0), 3);
}

static int table_take_all(struct bucket_table *t, const char *key, uint64_t now_ms)
{
	int n = 0;
	while (bucket_table_take(t, key, strlen(key), now_ms))
		n++;
	return n;
}

static void a_table_keeps_keys_apart(void **state)
{
	struct bucket_table *t = bucket_table_new(4, 60, 3, hash_key);
	assert_non_null(t);
	assert_int_equal(table_take_all(t, "a", 1000), 3);
	assert_int_equal(table_take_all(t, "b", 1000), 3);
	assert_int_equal(table_take_all(t, "a", 1999), 0);
	assert_int_equal(table_take_all(t, "a", 2000), 1);
	assert_int_equal(table_take_all(t, "b", 2000 + 59000), 3);
	assert_null(bucket_table_free(t));
	assert_null(bucket_table_free(NULL));
}

/* Slow rates, below one a second, are why the table counts by the minute. */
static void a_table_refills_slowly_and_exactly(void **state)
{
	struct bucket_table *t = bucket_table_new(1, 7, 7, hash_key);
	int taken = 0;
	assert_non_null(t);
	assert_int_equal(table_take_all(t, "a", 0), 7);
	for (uint64_t now_ms = 1; now_ms <= 600000; now_ms++)
		taken += bucket_table_take(t, "a", 1, now_ms);
	assert_int_equal(taken, 70);
	bucket_table_free(t);
}

static void a_full_set_gives_away_the_longest_unused(void **state)
{
	struct bucket_table *t = bucket_table_new(1, 1, 2, hash_key);
	char key[2] = "a";
	assert_non_null(t);
	/* Eight keys fill the only set; "a" is the oldest entry but is used again, so "b" is the longest
	 * unused. */
	for (int i = 0; i < 8; i++, key[0]++)
		assert_int_equal(table_take_all(t, key, 1000 + (uint64_t)i), 2);
	assert_int_equal(table_take_all(t, "a", 1010), 0);
	assert_int_equal(table_take_all(t, "new", 1011), 2);
	assert_int_equal(table_take_all(t, "a", 1012), 0);
	for (key[0] = 'c'; key[0] <= 'h'; key[0]++)
		assert_int_equal(table_take_all(t, key, 1013), 0);
	assert_int_equal(table_take_all(t, "b", 1014), 2);
	bucket_table_free(t);
}

static void many_keys_do_not_free_one_that_is_in_use(void **state)
{
	struct bucket_table *t = bucket_table_new(64, 1, 5, hash_key);
	int taken = 0;
	assert_non_null(t);
	for (int i = 0; i < 20000; i++) {
		char key[16];
		int n = snprintf(key, sizeof(key), "flood-%d", i);
		assert_true(bucket_table_take(t, key, (size_t)n, 1000 + (uint64_t)i / 10000));
		taken += bucket_table_take(t, "victim", 6, 1001 + (uint64_t)i / 10000);
	}
	assert_int_equal(taken, 5);
	bucket_table_free(t);
}

static void a_table_trades(void **state)
{
	struct bucket_table *t = bucket_table_new(4, 60, 100, hash_key);
	assert_non_null(t);
	assert_true(bucket_table_trade(t, "a", 1, 0, 60, 0));
	assert_false(bucket_table_trade(t, "a", 1, 10, 60, 0));
	/* What was put in stays, though nothing could be taken. */
	assert_true(bucket_table_trade(t, "a", 1, 10, 60, 0));
	assert_false(bucket_table_trade(t, "a", 1, 0, 1, 0));
	/* Beyond what it holds it lasts for this once. */
	assert_true(bucket_table_trade(t, "a", 1, 500, 500, 0));
	assert_false(bucket_table_trade(t, "a", 1, 0, 1, 0));
	assert_true(bucket_table_trade(t, "a", 1, UINT32_MAX, 0, 0));
	assert_true(bucket_table_trade(t, "a", 1, 0, 100, 0));
	assert_false(bucket_table_trade(t, "a", 1, 0, 1, 999));
	assert_true(bucket_table_trade(t, "a", 1, 0, 1, 1000));
	assert_true(bucket_table_trade(t, "b", 1, 0, 100, 1000));
	assert_null(bucket_table_free(t));
}

static void a_table_can_lack_memory(void **state)
{
	mem_fail_after(0);
	struct bucket_table *t = bucket_table_new(4, 60, 3, hash_key);
	mem_fail_never();
	assert_null(t);
	assert_null(bucket_table_new((size_t)1 << 60, 60, 3, hash_key));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(starts_full_and_runs_dry),
		cmocka_unit_test(refills_at_its_rate),
		cmocka_unit_test(loses_nothing_when_asked_often),
		cmocka_unit_test(takes_all_or_nothing),
		cmocka_unit_test(stands_extreme_numbers),
		cmocka_unit_test(a_smaller_burst_takes_effect),
		cmocka_unit_test(a_table_keeps_keys_apart),
		cmocka_unit_test(a_table_refills_slowly_and_exactly),
		cmocka_unit_test(a_full_set_gives_away_the_longest_unused),
		cmocka_unit_test(many_keys_do_not_free_one_that_is_in_use),
		cmocka_unit_test(a_table_trades),
		cmocka_unit_test(a_table_can_lack_memory),
	};
	return cmocka_run_group_tests_name("bucket", tests, NULL, NULL);
}
