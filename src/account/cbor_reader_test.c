/* CBOR heads and items, right and wrong; values from RFC 8949, appendix A. */
#include "account/cbor_reader.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct example {
	const char *bytes;
	size_t n;
};
#define EXAMPLE(s)                                                                                           \
	{                                                                                                    \
		s, sizeof(s) - 1                                                                             \
	}

/* A copy of exactly that size, so that a read beyond it is seen. */
static uint8_t *copy_of(const struct example *e)
{
	uint8_t *copy = malloc(e->n ? e->n : 1);
	assert_non_null(copy);
	memcpy(copy, e->bytes, e->n);
	return copy;
}

static void integers(void **state)
{
	static const struct {
		struct example in;
		int64_t n;
	} good[] = {
		{EXAMPLE("\x00"), 0},
		{EXAMPLE("\x17"), 23},
		{EXAMPLE("\x18\x18"), 24},
		{EXAMPLE("\x18\xff"), 255},
		{EXAMPLE("\x19\x03\xe8"), 1000},
		{EXAMPLE("\x1a\x00\x0f\x42\x40"), 1000000},
		{EXAMPLE("\x1b\x00\x00\x00\xe8\xd4\xa5\x10\x00"), 1000000000000},
		{EXAMPLE("\x1b\x7f\xff\xff\xff\xff\xff\xff\xff"), INT64_MAX},
		{EXAMPLE("\x20"), -1},
		{EXAMPLE("\x38\x63"), -100},
		{EXAMPLE("\x39\x03\xe7"), -1000},
		{EXAMPLE("\x3a\x00\x01\x00\x00"), -65537},
		{EXAMPLE("\x3b\x7f\xff\xff\xff\xff\xff\xff\xff"), INT64_MIN},
	};
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		uint8_t *p = copy_of(&good[i].in);
		struct cbor_reader r = cbor_reader_of(p, good[i].in.n);
		int64_t n;
		assert_int_equal(cbor_reader_int(&r, &n), 0);
		assert_true(n == good[i].n);
		assert_ptr_equal(r.p, r.end);
		assert_int_equal(cbor_reader_int(&r, &n), -EINVAL); /* the end */
		free(p);
	}
	static const struct example bad[] = {
		EXAMPLE("\x1b\x80\x00\x00\x00\x00\x00\x00\x00"),
		EXAMPLE("\x3b\xff\xff\xff\xff\xff\xff\xff\xff"),
		EXAMPLE("\x41\x00"),
		EXAMPLE("\x80"),
		EXAMPLE("\xf5"),
	};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		uint8_t *p = copy_of(&bad[i]);
		struct cbor_reader r = cbor_reader_of(p, bad[i].n);
		int64_t n = 77;
		assert_int_equal(cbor_reader_int(&r, &n), -EINVAL);
		assert_true(n == 77 && r.p == p);
		free(p);
	}
}

static void kinds(void **state)
{
	static const struct {
		struct example in;
		enum cbor_reader_kind kind;
		uint64_t n;
	} good[] = {
		{EXAMPLE("\x44\x01\x02\x03\x04"), CBOR_READER_BYTES, 4},
		{EXAMPLE("\x40"), CBOR_READER_BYTES, 0},
		{EXAMPLE("\x62\xc3\xbc"), CBOR_READER_TEXT, 2},
		{EXAMPLE("\x60"), CBOR_READER_TEXT, 0},
		{EXAMPLE("\x83\x01\x02\x03"), CBOR_READER_ARRAY, 3},
		{EXAMPLE("\xa1\x01\x02"), CBOR_READER_MAP, 1},
		{EXAMPLE("\xf4"), CBOR_READER_BOOL, 0},
		{EXAMPLE("\xf5"), CBOR_READER_BOOL, 1},
		{EXAMPLE("\x1b\xff\xff\xff\xff\xff\xff\xff\xff"), CBOR_READER_UINT, UINT64_MAX},
	};
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		uint8_t *p = copy_of(&good[i].in);
		for (int kind = CBOR_READER_UINT; kind <= CBOR_READER_BOOL; kind++) {
			struct cbor_reader r = cbor_reader_of(p, good[i].in.n);
			struct cbor_reader_item item;
			int want = kind == (int)good[i].kind ? 0 : -EINVAL;
			assert_int_equal(cbor_reader_expect(&r, (enum cbor_reader_kind)kind, &item), want);
			if (want) {
				assert_ptr_equal(r.p, p);
				continue;
			}
			assert_true(item.n == good[i].n);
		}
		free(p);
	}
}

/* Well-formed CBOR that CTAP2's canonical form does without, and what is no CBOR. */
static const struct example refused[] = {
	EXAMPLE(""),
	EXAMPLE("\x18\x17"), /* longer heads than need be */
	EXAMPLE("\x19\x00\xff"),
	EXAMPLE("\x1a\x00\x00\xff\xff"),
	EXAMPLE("\x1b\x00\x00\x00\x00\xff\xff\xff\xff"),
	EXAMPLE("\x38\x00"),
	EXAMPLE("\x58\x01\x00"),
	EXAMPLE("\x78\x01\x61"),
	EXAMPLE("\x98\x00"),
	EXAMPLE("\xb8\x00"),
	EXAMPLE("\x5f\x41\x00\xff"), /* indefinite lengths */
	EXAMPLE("\x7f\x61\x61\xff"),
	EXAMPLE("\x9f\xff"),
	EXAMPLE("\xbf\xff"),
	EXAMPLE("\xff"),
	EXAMPLE("\xc0\x60"), /* tags */
	EXAMPLE("\xd8\x20\x60"),
	EXAMPLE("\xf9\x3c\x00"), /* floats */
	EXAMPLE("\xfa\x47\xc3\x50\x00"),
	EXAMPLE("\xfb\x3f\xf1\x99\x99\x99\x99\x99\x9a"),
	EXAMPLE("\xf6"), /* null, undefined, other simple values */
	EXAMPLE("\xf7"),
	EXAMPLE("\xf0"),
	EXAMPLE("\xf8\xff"),
	EXAMPLE("\x1c"),     /* reserved */
	EXAMPLE("\x62\xc3"), /* cut short */
	EXAMPLE("\x61\xff"), /* not UTF-8 */
	EXAMPLE("\x62\xed\xa0"),
	EXAMPLE("\x81"), /* more members than bytes */
	EXAMPLE("\xa1\x00"),
	EXAMPLE("\x82\x00"),
	EXAMPLE("\x9b\xff\xff\xff\xff\xff\xff\xff\xff"), /* many more */
	EXAMPLE("\xbb\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00"),
	EXAMPLE("\x5b\xff\xff\xff\xff\xff\xff\xff\xff\x00"),
};

static void not_read(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		uint8_t *p = copy_of(&refused[i]);
		struct cbor_reader r = cbor_reader_of(p, refused[i].n);
		struct cbor_reader_item item = {.n = 77};
		assert_int_equal(cbor_reader_next(&r, &item), -EINVAL);
		assert_int_equal(cbor_reader_skip(&r), -EINVAL);
		assert_true(item.n == 77 && r.p == p);
		free(p);
	}
}

/* The same, deep inside of something. */
static void not_skipped(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		uint8_t bytes[64] = "\xa1\x61\x61\x82\x01\x81";
		size_t n = 6;
		memcpy(bytes + n, refused[i].bytes, refused[i].n);
		const struct example inside = {(const char *)bytes, n + refused[i].n};
		uint8_t *p = copy_of(&inside);
		struct cbor_reader r = cbor_reader_of(p, inside.n);
		assert_int_equal(cbor_reader_skip(&r), -EINVAL);
		assert_ptr_equal(r.p, p);
		free(p);
	}
}

static void skipped(void **state)
{
	static const struct example good[] = {
		EXAMPLE("\x00"),
		EXAMPLE("\x80"),
		EXAMPLE("\xa0"),
		EXAMPLE("\x43\x01\x02\x03"),
		EXAMPLE("\x83\x01\x82\x02\x03\x82\x04\x05"),
		EXAMPLE("\xa2\x61\x61\x01\x61\x62\x82\x02\x03"),
		EXAMPLE("\x82\x61\x61\xa1\x61\x62\x61\x63"),
	};
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		uint8_t bytes[64];
		memcpy(bytes, good[i].bytes, good[i].n);
		bytes[good[i].n] = 0x17; /* what comes after */
		struct cbor_reader r = cbor_reader_of(bytes, good[i].n + 1);
		int64_t n;
		assert_int_equal(cbor_reader_skip(&r), 0);
		assert_ptr_equal(r.p, bytes + good[i].n);
		assert_int_equal(cbor_reader_int(&r, &n), 0);
		for (size_t part = 0; part < good[i].n; part++) {
			r = cbor_reader_of(bytes, part);
			assert_int_equal(cbor_reader_skip(&r), -EINVAL);
		}
	}
}

/* As deep as it is long, without a stack. */
static void deep(void **state)
{
	enum { DEPTH = 1 << 20 };
	uint8_t *bytes = malloc(DEPTH + 1);
	assert_non_null(bytes);
	memset(bytes, 0x81, DEPTH);
	bytes[DEPTH] = 0;
	struct cbor_reader r = cbor_reader_of(bytes, DEPTH + 1);
	assert_int_equal(cbor_reader_skip(&r), 0);
	assert_ptr_equal(r.p, r.end);
	r = cbor_reader_of(bytes, DEPTH);
	assert_int_equal(cbor_reader_skip(&r), -EINVAL);
	free(bytes);
}

static void text(void **state)
{
	static const uint8_t fmt[] = {0x63, 'f', 'm', 't'}, bytes[] = {0x43, 'f', 'm', 't'};
	struct cbor_reader r = cbor_reader_of(fmt, sizeof(fmt));
	struct cbor_reader_item item;

	assert_int_equal(cbor_reader_next(&r, &item), 0);
	assert_true(cbor_reader_text_is(&item, "fmt"));
	assert_false(cbor_reader_text_is(&item, "fm"));
	assert_false(cbor_reader_text_is(&item, "fmtx"));
	assert_false(cbor_reader_text_is(&item, "fmu"));
	r = cbor_reader_of(bytes, sizeof(bytes));
	assert_int_equal(cbor_reader_next(&r, &item), 0);
	assert_false(cbor_reader_text_is(&item, "fmt"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers),    cmocka_unit_test(kinds),   cmocka_unit_test(not_read),
		cmocka_unit_test(not_skipped), cmocka_unit_test(skipped), cmocka_unit_test(deep),
		cmocka_unit_test(text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
