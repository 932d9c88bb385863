/*
 * A second look at the bytes around message bodies, because llhttp 8.1 is more forgiving than a server in
 * front of which a proxy may stand can afford: it takes folded header lines (obs-fold), several spaces in the
 * request line and, in some places, a bare CR or LF. Two parsers that disagree about where a request ends are
 * what request smuggling lives on, so whatever is not a line that ends with CRLF and holds visible characters
 * is refused.
 *
 * Pure: no I/O, no allocation.
 */
#ifndef PARLEY_HTTP_GUARD_H
#define PARLEY_HTTP_GUARD_H

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum http_guard_phase { HTTP_GUARD_BEFORE, HTTP_GUARD_REQUEST_LINE, HTTP_GUARD_FIELDS, HTTP_GUARD_REST };

struct http_guard {
	enum http_guard_phase phase;
	uint8_t spaces; /* in the request line */
	bool after_cr;
	bool after_space;
	bool in_line;      /* a byte of the present line has been seen */
	bool token_method; /* the request line so far is a token: an unknown method, not rubbish */
	size_t total;      /* bytes seen */
	size_t head;       /* of these, up to the empty line after the fields; 0 before it */
};

/** http_guard_init() - at the start of a request. */
void http_guard_init(struct http_guard *g);

/** http_guard_feed() - framing bytes (never body data), in order. Return: 0; 400. */
int http_guard_feed(struct http_guard *g, const uint8_t *data, size_t n) MUST_CHECK;

/** http_is_token_char() - tchar of RFC 9110 §5.6.2. */
bool http_is_token_char(uint8_t c);

#endif
