/*
 * What the header fields say about where a request ends, and whether that can be believed (RFC 9112 §3.2,
 * §6). Pure: no I/O, no allocation.
 */
#ifndef PARLEY_HTTP_FRAMING_H
#define PARLEY_HTTP_FRAMING_H

#include "http/headers.h"

/* What llhttp has made of the same fields; the two must agree. */
struct http_framing {
	uint8_t major;
	uint8_t minor;
	bool chunked;
	uint64_t content_length;
};

/** http_framing_check() - version, Host, Transfer-Encoding, Content-Length. Return: 0; 400; 413; 501; 505. */
int http_framing_check(const struct http_headers *h, const struct http_framing *f,
		       size_t body_max) MUST_CHECK;

/** http_framing_expect() - the Expect field. Return: 0, with *@wanted: a "100 Continue" is waited for; 417.
 */
int http_framing_expect(const struct http_headers *h, const struct http_framing *f, bool *wanted) MUST_CHECK;

#endif
