/*
 * CBOR from strangers, item by item: heads are decoded by libcbor's streaming decoder, nothing is allocated,
 * and what comes out points into what went in. Only what CTAP2's canonical form allows is read: definite
 * lengths, shortest heads, integers, byte and text strings, arrays, maps and booleans; no tags, floats or
 * null.
 */
#ifndef PARLEY_ACCOUNT_CBOR_READER_H
#define PARLEY_ACCOUNT_CBOR_READER_H

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cbor_reader_kind {
	CBOR_READER_NONE,
	CBOR_READER_UINT,
	CBOR_READER_NEGINT, /* the number is -1 - n */
	CBOR_READER_BYTES,
	CBOR_READER_TEXT, /* well-formed UTF-8 */
	CBOR_READER_ARRAY,
	CBOR_READER_MAP,
	CBOR_READER_BOOL,
};

struct cbor_reader {
	const uint8_t *p;
	const uint8_t *end;
};

struct cbor_reader_item {
	enum cbor_reader_kind kind;
	uint64_t n;       /* the number; bytes of a string; members of an array; pairs of a map; 0 or 1 */
	const uint8_t *p; /* of a string */
};

static inline struct cbor_reader cbor_reader_of(const uint8_t *p, size_t n)
{
	return (struct cbor_reader){p, p + n};
}

/** cbor_reader_next() - the next head, with its bytes if it is a string; the members of an array or map come
 * after it. A count that the bytes left cannot hold is refused. Return: 0; -EINVAL. */
int cbor_reader_next(struct cbor_reader *r, struct cbor_reader_item *out) MUST_CHECK;

/** cbor_reader_expect() - as above, of that kind alone. */
int cbor_reader_expect(struct cbor_reader *r, enum cbor_reader_kind kind,
		       struct cbor_reader_item *out) MUST_CHECK;

/** cbor_reader_int() - an integer that fits. Return: 0; -EINVAL. */
int cbor_reader_int(struct cbor_reader *r, int64_t *out) MUST_CHECK;

/** cbor_reader_skip() - the next item with all that is in it. Return: 0; -EINVAL. */
int cbor_reader_skip(struct cbor_reader *r) MUST_CHECK;

bool cbor_reader_text_is(const struct cbor_reader_item *item, const char *text);

#endif
