/* For the tests of this module: messages made by hand, and input in memory of exactly its size. */
#ifndef PARLEY_STUN_TESTING_H
#define PARLEY_STUN_TESTING_H

#include "stun/msg.h"
#include "stun/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t raw_tid[STUN_TID_BYTES] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

struct raw {
	uint8_t data[70000];
	size_t len;
};

static inline void raw_begin(struct raw *raw, uint16_t type)
{
	wire_put16(raw->data, type);
	wire_put16(raw->data + 2, 0);
	wire_put32(raw->data + 4, STUN_COOKIE);
	memcpy(raw->data + 8, raw_tid, STUN_TID_BYTES);
	raw->len = STUN_HEADER_BYTES;
}

/* Padding gets 0xEE: it must not matter. @value: NULL for 'v' throughout */
static inline void raw_attr(struct raw *raw, uint16_t type, const void *value, size_t len)
{
	uint8_t *at = raw->data + raw->len;
	wire_put16(at, type);
	wire_put16(at + 2, (uint16_t)len);
	memset(at + 4, 'v', len);
	if (value)
		memcpy(at + 4, value, len);
	memset(at + 4 + len, 0xEE, wire_pad(len));
	raw->len += 4 + len + wire_pad(len);
	wire_put16(raw->data + 2, (uint16_t)(raw->len - STUN_HEADER_BYTES));
}

/* A copy that ends where its memory ends, so that AddressSanitizer sees a read of one byte too many. */
static inline uint8_t *exact(const void *data, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);
	assert_non_null(copy);
	if (len)
		memcpy(copy, data, len);
	return copy;
}

static inline struct stun_msg raw_parsed(const struct raw *raw)
{
	struct stun_msg m;
	assert_int_equal(stun_msg_parse(&m, raw->data, raw->len), 0);
	return m;
}

/* A message with this one attribute. */
static inline struct stun_msg raw_with(struct raw *raw, uint16_t type, const void *value, size_t len)
{
	raw_begin(raw, 0x0001);
	raw_attr(raw, type, value, len);
	return raw_parsed(raw);
}

#endif
