/*
 * A strict JSON reader for small messages from strangers: one pass, no allocation, no recursion deeper than
 * SIG_JSON_MAX_DEPTH, at most SIG_JSON_MAX_VALUES values. docs/adr has the reason for not using a library
 * here.
 */
#ifndef PARLEY_SIGNAL_JSON_H
#define PARLEY_SIGNAL_JSON_H

#include "base/compiler.h"

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define SIG_JSON_MAX_DEPTH  8   /* the outermost object is at depth 1 */
#define SIG_JSON_MAX_VALUES 256 /* in one message; keeps the check for duplicate keys cheap */
#define SIG_JSON_MAX_INT    ((INT64_C(1) << 53) - 1)

enum sig_json_type {
	SIG_JSON_NULL,
	SIG_JSON_BOOL,
	SIG_JSON_INT,    /* no fraction, no exponent, within +-SIG_JSON_MAX_INT */
	SIG_JSON_NUMBER, /* any other number; its value is not kept */
	SIG_JSON_STRING,
	SIG_JSON_ARRAY,
	SIG_JSON_OBJECT,
};

/* Bytes without a terminating NUL, owned by somebody else. */
struct sig_str {
	const char *p;
	size_t n;
};

struct sig_json_value {
	struct sig_str key; /* of a member of an object */
	union {
		struct sig_str str;
		int64_t i;
		bool b;
		uint16_t first; /* child of an array or object; 0: none */
	};
	uint16_t next; /* sibling; 0: none */
	uint8_t type;  /* enum sig_json_type */
};

struct sig_json {
	struct sig_json_value v[SIG_JSON_MAX_VALUES]; /* v[0] is the outermost object */
	uint16_t n;
};

/**
 * sig_json_parse() - read one object (RFC 8259), all of it
 * @text:    need not end with NUL; the values point into it
 * @scratch: @n bytes, for strings that had escapes; the values point into it
 * Refused: anything but an object, duplicate keys, broken UTF-8, U+0000, lone surrogates, the limits above.
 * Return: 0; -EINVAL.
 */
int sig_json_parse(struct sig_json *doc, const char *text, size_t n, char *scratch) MUST_CHECK;

/** sig_json_get() - the member @key of @object, which must be one of @doc. Return: NULL if there is none. */
const struct sig_json_value *sig_json_get(const struct sig_json *doc, const struct sig_json_value *object,
					  const char *key);

/*
 * The end of the run of bytes at @p that JSON neither escapes nor forbids and that are ASCII: stops at '"',
 * '\', controls and bytes >= 0x80. Eight bytes at a time, because most of what passes through is long plain
 * text.
 */
static inline const char *sig_plain_run(const char *p, const char *end)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	const uint64_t tops = ones << 7;

	while (end - p >= 8) {
		uint64_t x;
		memcpy(&x, p, 8);
		x = le64toh(x);
		uint64_t quote = x ^ (ones * '"');
		uint64_t slash = x ^ (ones * '\\');
		/* The lowest bit set is exact; borrows can only add wrong ones above it. */
		uint64_t stop = (((x - ones * 0x20) & ~x) | ((quote - ones) & ~quote) |
				 ((slash - ones) & ~slash) | x) &
				tops;
		if (stop)
			return p + (__builtin_ctzll(stop) >> 3);
		p += 8;
	}
	while (p < end && (unsigned char)*p >= 0x20 && (unsigned char)*p < 0x80 && *p != '"' && *p != '\\')
		p++;
	return p;
}

static inline bool sig_str_is(struct sig_str s, const char *lit)
{
	size_t n = strlen(lit);
	return s.n == n && memcmp(s.p, lit, n) == 0;
}

#endif
