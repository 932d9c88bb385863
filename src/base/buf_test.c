#include "base/buf.h"

#include "base/mem.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void holds(const struct buf *b, const char *text)
{
	assert_int_equal(buf_len(b), strlen(text));
	assert_memory_equal(buf_data(b), text, strlen(text));
}

static void starts_empty_without_memory(void **state)
{
	struct buf b;
	buf_init(&b, 10);
	assert_int_equal(buf_len(&b), 0);
	assert_non_null(buf_data(&b));
	assert_null(b.mem);
	assert_int_equal(buf_append(&b, NULL, 0), 0);
	assert_int_equal(buf_reserve(&b, 0), 0);
	assert_null(b.mem);
	buf_deinit(&b);
}

static void appends_and_consumes(void **state)
{
	struct buf b;
	buf_init(&b, 100);
	assert_int_equal(buf_append(&b, "hello ", 6), 0);
	assert_int_equal(buf_append(&b, "world", 5), 0);
	holds(&b, "hello world");
	buf_consume(&b, 6);
	holds(&b, "world");
	assert_int_equal(buf_append(&b, "!", 1), 0);
	holds(&b, "world!");
	buf_clear(&b);
	holds(&b, "");
	buf_deinit(&b);
}

static void refuses_more_than_its_maximum(void **state)
{
	struct buf b;
	buf_init(&b, 8);
	assert_int_equal(buf_append(&b, "12345678", 8), 0);
	assert_int_equal(buf_append(&b, "9", 1), -ENOBUFS);
	holds(&b, "12345678");
	buf_consume(&b, 3);
	assert_int_equal(buf_append(&b, "abcd", 4), -ENOBUFS);
	assert_int_equal(buf_append(&b, "abc", 3), 0);
	holds(&b, "45678abc");
	assert_int_equal(buf_reserve(&b, SIZE_MAX), -ENOBUFS);
	buf_deinit(&b);

	buf_init(&b, 0);
	assert_int_equal(buf_append(&b, "x", 1), -ENOBUFS);
	buf_deinit(&b);
}

static void has_no_overflow_at_the_largest_maximum(void **state)
{
	struct buf b;
	buf_init(&b, SIZE_MAX);
	assert_int_equal(buf_append(&b, "abc", 3), 0);
	assert_int_equal(buf_reserve(&b, SIZE_MAX), -ENOBUFS);
	holds(&b, "abc");
	buf_deinit(&b);
}

static void reserves_and_commits(void **state)
{
	struct buf b;
	buf_init(&b, 1000);
	assert_int_equal(buf_reserve(&b, 1000), 0);
	memset(buf_tail(&b), 'x', 1000);
	buf_commit(&b, 400);
	assert_int_equal(buf_len(&b), 400);
	assert_int_equal(buf_reserve(&b, 601), -ENOBUFS);
	assert_int_equal(buf_reserve(&b, 600), 0);
	buf_deinit(&b);
}

static void formats(void **state)
{
	struct buf b;
	char wide[3001];
	buf_init(&b, 3000);
	assert_int_equal(buf_appendf(&b, "%s=%d", "a", 7), 0);
	holds(&b, "a=7");
	buf_clear(&b);
	/* Longer than what is formatted on the stack, and to the buffer's last byte. */
	assert_int_equal(buf_appendf(&b, "%3000d", 5), 0);
	(void)snprintf(wide, sizeof(wide), "%3000d", 5);
	holds(&b, wide);
	assert_int_equal(buf_appendf(&b, "%s", "x"), -ENOBUFS);
	assert_int_equal(buf_appendf(&b, "%2000d", 1), -ENOBUFS);
	assert_int_equal(buf_len(&b), 3000);
	buf_clear(&b);
	mem_fail_after(0);
	int r = buf_appendf(&b, "%2000d", 1);
	mem_fail_never();
	assert_int_equal(r, -ENOMEM);
	holds(&b, "");
	buf_deinit(&b);
}

static void survives_lack_of_memory(void **state)
{
	struct buf b;
	char big[2000] = {0};
	buf_init(&b, 10000);
	mem_fail_after(0);
	int first = buf_append(&b, "abc", 3);
	mem_fail_never();
	assert_int_equal(first, -ENOMEM);
	holds(&b, "");

	assert_int_equal(buf_append(&b, "abc", 3), 0);
	mem_fail_after(0);
	int grown = buf_append(&b, big, sizeof(big));
	mem_fail_never();
	assert_int_equal(grown, -ENOMEM);
	holds(&b, "abc");
	buf_deinit(&b);
}

static void gives_memory_back_only_when_empty(void **state)
{
	struct buf b;
	buf_init(&b, 100);
	assert_int_equal(buf_append(&b, "abc", 3), 0);
	buf_release(&b);
	holds(&b, "abc");
	buf_consume(&b, 3);
	assert_non_null(b.mem);
	buf_release(&b);
	assert_null(b.mem);
	assert_int_equal(buf_append(&b, "again", 5), 0);
	holds(&b, "again");
	buf_deinit(&b);
}

/* A steady stream through a buffer that never holds much must not make it grow. */
static void reuses_consumed_room(void **state)
{
	struct buf b;
	buf_init(&b, 1 << 20);
	assert_int_equal(buf_append(&b, "0123456789", 10), 0);
	for (int i = 0; i < 100000; i++) {
		assert_int_equal(buf_append(&b, "0123456789", 10), 0);
		buf_consume(&b, 10);
	}
	assert_int_equal(buf_len(&b), 10);
	assert_true(b.cap <= 256);
	buf_deinit(&b);
}

/* Moves are counted by the start going back to the front; once that is the growth to the largest size. */
static void moves_seldom_when_full(void **state)
{
	struct buf b;
	char fill[8192] = {0};
	size_t moves = 0;
	buf_init(&b, sizeof(fill));
	assert_int_equal(buf_append(&b, fill, sizeof(fill)), 0);
	for (int i = 0; i < 100000; i++) {
		buf_consume(&b, 1);
		size_t before = b.start;
		int r = buf_append(&b, "x", 1);
		/* At its largest it needs no more memory. */
		mem_fail_after(0);
		moves += b.start < before;
		if (r < 0)
			break;
	}
	mem_fail_never();
	assert_int_equal(buf_len(&b), sizeof(fill));
	assert_true(moves > 0);
	assert_true(moves <= 100000 / (sizeof(fill) / 8) + 1);
	assert_true(b.cap <= sizeof(fill) + sizeof(fill) / 8);
	buf_deinit(&b);
}

/* Random appends and consumes, beside two counters: the n-th byte ever appended is n modulo a prime. */
static void agrees_with_a_counter(void **state)
{
	struct buf b;
	uint8_t chunk[700];
	size_t in = 0, out = 0;
	unsigned seed = 1;
	buf_init(&b, 3000);
	for (int i = 0; i < 20000; i++) {
		size_t n = (size_t)rand_r(&seed) % sizeof(chunk);
		if (rand_r(&seed) % 2) {
			for (size_t k = 0; k < n; k++)
				chunk[k] = (uint8_t)((in + k) % 251);
			int r = buf_append(&b, chunk, n);
			assert_int_equal(r, in - out + n > 3000 ? -ENOBUFS : 0);
			in += r == 0 ? n : 0;
		} else {
			n = n < buf_len(&b) ? n : buf_len(&b);
			for (size_t k = 0; k < n; k++)
				assert_int_equal(buf_data(&b)[k], (out + k) % 251);
			buf_consume(&b, n);
			out += n;
		}
		assert_int_equal(buf_len(&b), in - out);
	}
	buf_deinit(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(starts_empty_without_memory),
		cmocka_unit_test(appends_and_consumes),
		cmocka_unit_test(refuses_more_than_its_maximum),
		cmocka_unit_test(has_no_overflow_at_the_largest_maximum),
		cmocka_unit_test(reserves_and_commits),
		cmocka_unit_test(formats),
		cmocka_unit_test(survives_lack_of_memory),
		cmocka_unit_test(gives_memory_back_only_when_empty),
		cmocka_unit_test(reuses_consumed_room),
		cmocka_unit_test(moves_seldom_when_full),
		cmocka_unit_test(agrees_with_a_counter),
	};
	return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
