/*
 * Framing checks. Where two readings of a request are possible it is refused, because a proxy in front may
 * have chosen the other one. Fields are looked at before repeated ones are joined where their number matters.
 * Thread: any; holds no global.
 */
#include "http/framing.h"

#include "http/target.h"

#include <string.h>
#include <strings.h>

/* RFC 9112 §3.2: exactly one in HTTP/1.1, at most one in HTTP/1.0. */
static int check_host(const struct http_headers *h, uint8_t minor)
{
	size_t count = http_headers_count(h, "host");
	if (count == 0)
		return minor == 1 ? 400 : 0;
	const char *host = http_headers_get(h, "host");
	return count == 1 && http_host_valid(host, strlen(host)) ? 0 : 400;
}

/* "chunked" is the only coding we know, once, and never in HTTP/1.0 (RFC 9112 §6.1). */
static int check_transfer_encoding(const struct http_headers *h, const struct http_framing *f)
{
	const char *coding = http_headers_get(h, "transfer-encoding");
	if (!coding)
		return f->chunked ? 400 : 0;
	if (f->minor == 0 || http_headers_count(h, "content-length"))
		return 400;
	if (http_headers_count(h, "transfer-encoding") != 1)
		return 400;
	if (strcasecmp(coding, "chunked") != 0)
		return 501;
	return f->chunked ? 0 : 400;
}

static int check_length(const struct http_headers *h, const struct http_framing *f, size_t body_max)
{
	const char *length = http_headers_get(h, "content-length");
	if (!length)
		return 0;
	/* llhttp has checked all this; here is the belt to its braces. */
	if (http_headers_count(h, "content-length") != 1)
		return 400;
	if (!*length || length[strspn(length, "0123456789")])
		return 400;
	return f->content_length > body_max ? 413 : 0;
}

int http_framing_check(const struct http_headers *h, const struct http_framing *f, size_t body_max)
{
	if (f->major != 1 || f->minor > 1)
		return 505;
	int r = check_host(h, f->minor);
	if (r == 0)
		r = check_transfer_encoding(h, f);
	return r ? r : check_length(h, f, body_max);
}

int http_framing_expect(const struct http_headers *h, const struct http_framing *f, bool *wanted)
{
	/* RFC 9110 §10.1.1: in HTTP/1.0 it means nothing. */
	const char *expect = http_headers_get(h, "expect");
	bool body = f->chunked || f->content_length > 0;
	if (expect && f->minor > 0 && strcasecmp(expect, "100-continue") != 0)
		return 417;
	*wanted = expect && f->minor > 0 && body;
	return 0;
}
