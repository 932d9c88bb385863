/*
 * The parser without a socket: every request is fed whole, byte by byte, and cut in two at every place, and
 * has to come out the same each time.
 */
#include "http/guard.h"
#include "http/headers.h"
#include "http/parse.h"
#include "http/target.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

static const struct http_limits limits = {
	.target_bytes = 100,
	.header_bytes = 400,
	.header_count = 10,
	.body_bytes = 64,
};

/* What came of a text. */
struct outcome {
	int status; /* 0: see state */
	enum http_parse_state state;
	size_t used;
	bool keep_alive;
	bool http10;
	char text[1024]; /* of the request: method target path query [body] headers… */
};

static void describe(struct http_parse *p, struct outcome *o)
{
	static const char *const methods[] = {"GET",   "HEAD",   "POST",    "PUT",
					      "PATCH", "DELETE", "OPTIONS", "OTHER"};
	const struct http_request *req = http_parse_request(p);
	const char *host = http_header(req, "host");
	const char *x = http_header(req, "x");
	snprintf(o->text, sizeof(o->text), "%s %s %s %s [%.*s] host=%s x=%s", methods[req->method],
		 req->target, req->path, req->query, (int)req->body_len, (const char *)req->body,
		 host ? host : "-", x ? x : "-");
}

/* Feeds @n bytes with cuts: pieces of @step bytes, the first of @first. */
static struct outcome run(const char *text, size_t n, size_t first, size_t step)
{
	struct outcome o = {0};
	struct http_parse *p = http_parse_new(&limits);
	assert_non_null(p);
	size_t piece = first;
	for (size_t at = 0; at < n && o.status == 0 && http_parse_state(p) != HTTP_PARSE_DONE; piece = step) {
		if (piece > n - at)
			piece = n - at;
		/* A block of its own, so that reading beyond it is seen. */
		uint8_t *copy = mem_alloc(piece);
		assert_non_null(copy);
		memcpy(copy, text + at, piece);
		size_t used = 0;
		o.status = http_parse_feed(p, copy, piece, &used);
		mem_free(copy);
		at += used;
		o.used = at;
		assert_true(o.status || used == piece || http_parse_state(p) == HTTP_PARSE_DONE);
	}
	o.state = http_parse_state(p);
	o.keep_alive = http_parse_keep_alive(p);
	o.http10 = http_parse_is_http10(p);
	if (o.status == 0 && o.state == HTTP_PARSE_DONE)
		describe(p, &o);
	http_parse_free(p);
	return o;
}

static void assert_same(const struct outcome *a, const struct outcome *b, const char *text)
{
	if (a->status != b->status)
		fail_msg("status %d and %d, depending on the cut: %s", a->status, b->status, text);
	if (a->status)
		return;
	assert_int_equal(a->state, b->state);
	assert_int_equal(a->used, b->used);
	assert_int_equal(a->keep_alive, b->keep_alive);
	assert_string_equal(a->text, b->text);
}

static struct outcome parse_n(const char *text, size_t n)
{
	struct outcome whole = run(text, n, n, n);
	struct outcome bytes = run(text, n, 1, 1);
	assert_same(&whole, &bytes, text);
	for (size_t cut = 1; cut < n; cut++) {
		struct outcome two = run(text, n, cut, n);
		assert_same(&whole, &two, text);
	}
	return whole;
}

static struct outcome parse(const char *text)
{
	return parse_n(text, strlen(text));
}

static void assert_request(const char *text, const char *expected)
{
	struct outcome o = parse(text);
	if (o.status)
		fail_msg("refused with %d: %s", o.status, text);
	assert_int_equal(o.state, HTTP_PARSE_DONE);
	assert_string_equal(o.text, expected);
	assert_int_equal(o.used, strlen(text));
}

static void assert_refused(const char *text, int status)
{
	struct outcome o = parse(text);
	if (o.status != status)
		fail_msg("status %d, expected %d: %s", o.status, status, text);
}

#define HEAD "POST / HTTP/1.1\r\nHost: a\r\n"

static void test_requests(void **state)
{
	assert_request("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / /  [] host=a x=-");
	assert_request("HEAD /a?b=c&d HTTP/1.1\r\nhOsT:a.b:80\r\n\r\n",
		       "HEAD /a?b=c&d /a b=c&d [] host=a.b:80 x=-");
	assert_request("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / /  [] host=a x=-");
	assert_request("GET / HTTP/1.1\r\nHost: [::1]:8080\r\nX: \t v w \t\r\n\r\n",
		       "GET / /  [] host=[::1]:8080 x=v w");
	assert_request("GET / HTTP/1.1\r\nHost: a\r\nX:\r\n\r\n", "GET / /  [] host=a x=");
	assert_request("GET / HTTP/1.1\r\nX: 1\r\nHost: a\r\nx: 2\r\nY: 5\r\nX: 3\r\n\r\n",
		       "GET / /  [] host=a x=1, 2, 3");
	assert_request("GET /%41%2fb%20%c3%a4?%41 HTTP/1.1\r\nHost: a\r\n\r\n",
		       "GET /%41%2fb%20%c3%a4?%41 /A/b \xc3\xa4 %41 [] host=a x=-");
	assert_request("GET /a..b/...?/../ HTTP/1.1\r\nHost: a\r\n\r\n",
		       "GET /a..b/...?/../ /a..b/... /../ [] host=a x=-");
	assert_request("DELETE / HTTP/1.1\r\nHost: a\r\n\r\n", "DELETE / /  [] host=a x=-");
	assert_request("PUT / HTTP/1.1\r\nHost: a\r\n\r\n", "PUT / /  [] host=a x=-");
	assert_request("PATCH / HTTP/1.1\r\nHost: a\r\n\r\n", "PATCH / /  [] host=a x=-");
	assert_request("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", "OTHER / /  [] host=a x=-");
}

static void test_bodies(void **state)
{
	assert_request(HEAD "Content-Length: 5\r\n\r\nhello", "POST / /  [hello] host=a x=-");
	assert_request(HEAD "Content-Length: 0\r\n\r\n", "POST / /  [] host=a x=-");
	assert_request(HEAD "Content-Length: 5 \r\n\r\n\r\n\r\n\n", "POST / /  [\r\n\r\n\n] host=a x=-");
	assert_request("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi",
		       "GET / /  [hi] host=a x=-");
	assert_request(HEAD "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "POST / /  [] host=a x=-");
	assert_request(HEAD
		       "Transfer-Encoding: Chunked \r\n\r\n5\r\nhello\r\n00A\r\n, world!\r\n\r\n0\r\n\r\n",
		       "POST / /  [hello, world!\r\n] host=a x=-");
	assert_request(HEAD "Transfer-Encoding: chunked\r\n\r\n5;a=\"b c\"\r\nhello\r\n0;x\r\nX: "
			    "trailer\r\nHost: b\r\n\r\n",
		       "POST / /  [hello] host=a x=-");
}

static void test_absolute_and_asterisk(void **state)
{
	/* RFC 9112 §3.2.2: the target's authority replaces Host. */
	assert_request("GET http://b.c:81/p?q HTTP/1.1\r\nHost: a\r\n\r\n",
		       "GET http://b.c:81/p?q /p q [] host=b.c:81 x=-");
	assert_request("GET HTTPS://b HTTP/1.1\r\nHost: a\r\n\r\n", "GET HTTPS://b /  [] host=b x=-");
	assert_request("GET http://b?q HTTP/1.1\r\nHost: a\r\n\r\n", "GET http://b?q / q [] host=b x=-");
	assert_request("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS * *  [] host=a x=-");
	assert_refused("GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400);
	assert_refused("GET http://u@b/ HTTP/1.1\r\nHost: a\r\n\r\n", 400);
	assert_refused("GET http:///p HTTP/1.1\r\nHost: a\r\n\r\n", 400);
	assert_refused("GET ftp://b/ HTTP/1.1\r\nHost: a\r\n\r\n", 400);
	assert_refused("GET b HTTP/1.1\r\nHost: a\r\n\r\n", 400);
	assert_refused("CONNECT b:443 HTTP/1.1\r\nHost: b\r\n\r\n", 501);
}

static void test_bad_targets(void **state)
{
	assert_refused("GET /.. HTTP/1.1\r\nHost: a\r\n\r\n", 400);
	assert_refused("GET /a/../b HTTP/1.1\r\nHost: a\r\n\r\n", 400);
	assert_refused("GET /%2e%2E/b HTTP/1.1\r\nHost: a\r\n\r\n", 400);
	assert_refused("GET /a%2f.. HTTP/1.1\r\nHost: a\r\n\r\n", 400);
	assert_refused("GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n", 400);
	assert_refused("GET /%0a HTTP/1.1\r\nHost: a\r\n\r\n", 400);
	assert_refused("GET /%7f HTTP/1.1\r\nHost: a\r\n\r\n", 400);
	assert_refused("GET /% HTTP/1.1\r\nHost: a\r\n\r\n", 400);
	assert_refused("GET /%4 HTTP/1.1\r\nHost: a\r\n\r\n", 400);
	assert_refused("GET /%g0 HTTP/1.1\r\nHost: a\r\n\r\n", 400);
	assert_refused("GET /#f HTTP/1.1\r\nHost: a\r\n\r\n", 400);
	assert_refused("GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n", 400);
}

static void test_request_line(void **state)
{
	assert_refused("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400);
	assert_refused("GET /  HTTP/1.1\r\nHost: a\r\n\r\n", 400);
	assert_refused("GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400);
	assert_refused("GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400);
	assert_refused(" GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400);
	assert_refused("GET / HTP/1.1\r\nHost: a\r\n\r\n", 400);
	assert_refused("GET / HTTP/x.1\r\nHost: a\r\n\r\n", 400);
	assert_refused("\x16\x03\x01\x02", 400);
	assert_refused("\n\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400);
	assert_refused("RUBBISH\r\n", 400);
	assert_refused("hello world\r\n", 400);
	assert_refused("GE(T / HTTP/1.1\r\n", 400);
	assert_refused("BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 501);
	assert_refused("get / HTTP/1.1\r\nHost: a\r\n\r\n", 501);
}

static void test_versions(void **state)
{
	assert_refused("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505);
	assert_refused("GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505);
	assert_refused("GET / HTTP/0.9\r\nHost: a\r\n\r\n", 505);
	assert_refused("GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505);
	assert_refused("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505);
	assert_refused("GET /\r\n\r\n", 505);
}

static void test_lines(void **state)
{
	assert_refused("GET / HTTP/1.1\nHost: a\n\n", 400);
	assert_refused("GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400);
	assert_refused("GET / HTTP/1.1\r\nHost: a\r\n\n", 400);
	assert_refused("GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", 400);
	assert_refused("GET / HTTP/1.1\r\nHost: a\r\r\n\r\n", 400);
	assert_refused("GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", 400);
	assert_refused("GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n\tc\r\n\r\n", 400);
	assert_refused("GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400);
	assert_refused("GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400);
	assert_refused("GET / HTTP/1.1\r\nHost\t: a\r\n\r\n", 400);
	assert_refused("GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n", 400);
	assert_refused("GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", 400);
	assert_refused("GET / HTTP/1.1\r\nHost: a\r\nX: a\x01\r\n\r\n", 400);
	assert_refused("GET / HTTP/1.1\r\nHost: a\r\nX: a\x7f\r\n\r\n", 400);
	assert_refused("GET / HTTP/1.1\r\nHost: a\r\nX(: a\r\n\r\n", 400);
	assert_refused("GET / HTTP/1.1\r\nHost: a\r\nX\xc3\xa4: a\r\n\r\n", 400);
	static const char nul[] = "GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n";
	assert_int_equal(parse_n(nul, sizeof(nul) - 1).status, 400);
}

static void test_host(void **state)
{
	assert_refused("GET / HTTP/1.1\r\n\r\n", 400);
	assert_refused("GET / HTTP/1.1\r\nHost:\r\n\r\n", 400);
	assert_refused("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400);
	assert_refused("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400);
	assert_refused("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400);
	assert_refused("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400);
	assert_refused("GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", 400);
	assert_refused("GET / HTTP/1.1\r\nHost: a:123456\r\n\r\n", 400);
	assert_refused("GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400);
	assert_refused("GET / HTTP/1.1\r\nHost: []\r\n\r\n", 400);
	assert_refused("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400);
	assert_request("GET / HTTP/1.0\r\n\r\n", "GET / /  [] host=- x=-");
}

static void test_smuggling(void **state)
{
	assert_refused(HEAD "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400);
	assert_refused(HEAD "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400);
	assert_refused(HEAD "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400);
	assert_refused(HEAD "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400);
	assert_refused(HEAD "Content-Length: 3, 3\r\n\r\nabc", 400);
	assert_refused(HEAD "Content-Length: +3\r\n\r\nabc", 400);
	assert_refused(HEAD "Content-Length: -3\r\n\r\nabc", 400);
	assert_refused(HEAD "Content-Length: 0x3\r\n\r\nabc", 400);
	assert_refused(HEAD "Content-Length: 3 3\r\n\r\nabc", 400);
	assert_refused(HEAD "Content-Length:\r\n\r\n", 400);
	assert_refused(HEAD "Content-Length: 18446744073709551617\r\n\r\na", 400);
	assert_refused(HEAD "Content-Length: \x0b"
			    "3\r\n\r\nabc",
		       400);
	assert_refused(HEAD "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400);
	assert_refused(HEAD "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400);
	assert_refused(HEAD "Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n\r\n0\r\n\r\n", 400);
	assert_refused(HEAD "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400);
	assert_refused(HEAD "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", 400);
	assert_refused(HEAD "Transfer-Encoding: \x0b"
			    "chunked\r\n\r\n0\r\n\r\n",
		       400);
	assert_refused(HEAD "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400);
	assert_refused(HEAD "Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n", 400);
	assert_refused("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400);
}

static void test_codings(void **state)
{
	assert_refused(HEAD "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501);
	assert_refused(HEAD "Transfer-Encoding: gzip\r\n\r\n0\r\n\r\n", 501);
	assert_refused(HEAD "Transfer-Encoding: identity\r\n\r\n0\r\n\r\n", 501);
	assert_refused(HEAD "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501);
	assert_refused(HEAD "Transfer-Encoding:\r\n\r\n0\r\n\r\n", 501);
}

static void test_chunks(void **state)
{
	static const char *const bad[] = {
		"3\nabc\r\n0\r\n\r\n",
		"3\r\nabc\n0\r\n\r\n",
		"3 \r\nabc\r\n0\r\n\r\n",
		"0x3\r\nabc\r\n0\r\n\r\n",
		"\r\n0\r\n\r\n",
		"g\r\n",
		"-1\r\n",
		"3\r\nabc\r\n0\r\n\n",
		"3;a=\"x\ny\"\r\nabc\r\n",
		"0\r\nX: y\n\r\n",
		"0\r\nX: y\r\n z\r\n\r\n",
		"0\r\nX : y\r\n\r\n",
		"10000000000000000\r\n",
		"3;\x01\r\nabc\r\n0\r\n",
	};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		char text[256];
		snprintf(text, sizeof(text), HEAD "Transfer-Encoding: chunked\r\n\r\n%s", bad[i]);
		struct outcome o = parse(text);
		/* A size beyond 64 bits is also simply too large. */
		if (o.status != 400 && !(i == 12 && o.status == 413))
			fail_msg("status %d: %s", o.status, text);
	}
}

static void test_expect(void **state)
{
	assert_refused(HEAD "Expect: 200-maybe\r\nContent-Length: 1\r\n\r\na", 417);
	assert_refused(HEAD "Expect: 100-continue\r\nContent-Length: 65\r\n\r\n", 413);
	struct http_parse *p = http_parse_new(&limits);
	assert_non_null(p);
	static const char text[] = HEAD "Expect: 100-Continue\r\nContent-Length: 2\r\n\r\n";
	size_t used = 0;
	assert_int_equal(http_parse_feed(p, (const uint8_t *)text, sizeof(text) - 1, &used), 0);
	assert_true(http_parse_wants_continue(p));
	assert_int_equal(http_parse_feed(p, (const uint8_t *)"a", 1, &used), 0);
	assert_false(http_parse_wants_continue(p));
	http_parse_free(p);
	/* Nothing to wait for: no body. */
	assert_request(HEAD "Expect: 100-continue\r\n\r\n", "POST / /  [] host=a x=-");
}

/* "GET /aaa… HTTP/1.1" with a target of @n bytes. */
static int long_target(size_t n)
{
	char text[600];
	char target[500];
	memset(target, 'a', sizeof(target));
	target[0] = '/';
	snprintf(text, sizeof(text), "GET %.*s HTTP/1.1\r\nHost: a\r\n\r\n", (int)n, target);
	return parse(text).status;
}

/* A request with @count headers whose values have @n bytes in all. */
static int long_headers(size_t count, size_t n)
{
	char text[2000];
	char value[1000];
	memset(value, 'v', sizeof(value));
	int at = snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: a\r\n");
	for (size_t i = 0; i < count; i++)
		at += snprintf(text + at, sizeof(text) - (size_t)at, "a%zu: %.*s\r\n", i, (int)(n / count),
			       value);
	snprintf(text + at, sizeof(text) - (size_t)at, "\r\n");
	return parse(text).status;
}

static int long_body(size_t n, bool chunked)
{
	char text[600];
	char body[200];
	memset(body, 'b', sizeof(body));
	if (chunked)
		snprintf(text, sizeof(text),
			 HEAD "Transfer-Encoding: chunked\r\n\r\n%zx\r\n%.*s\r\n0\r\n\r\n", n, (int)n, body);
	else
		snprintf(text, sizeof(text), HEAD "Content-Length: %zu\r\n\r\n%.*s", n, (int)n, body);
	return parse(text).status;
}

static void test_limits(void **state)
{
	assert_int_equal(long_target(limits.target_bytes), 0);
	assert_int_equal(long_target(limits.target_bytes + 1), 414);
	assert_int_equal(long_headers(1, 392), 0); /* with "host", "a" and "a0": 399 */
	assert_int_equal(long_headers(1, 394), 431);
	assert_int_equal(long_headers(limits.header_count - 1, 9), 0);
	assert_int_equal(long_headers(limits.header_count, 10), 431);
	assert_int_equal(long_body(limits.body_bytes, false), 0);
	assert_int_equal(long_body(limits.body_bytes + 1, false), 413);
	assert_int_equal(long_body(limits.body_bytes, true), 0);
	assert_int_equal(long_body(limits.body_bytes + 1, true), 413);
}

/* What is not kept has a bound all the same. */
static void test_filler(void **state)
{
	char text[3000];
	memset(text, '\r', sizeof(text));
	for (size_t i = 1; i < sizeof(text); i += 2)
		text[i] = '\n';
	assert_int_equal(parse_n(text, sizeof(text)).status, 431);
	int at = snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: a\r\nX:");
	memset(text + at, ' ', sizeof(text) - (size_t)at);
	assert_int_equal(parse_n(text, sizeof(text)).status, 431);
	at = snprintf(text, sizeof(text), HEAD "Transfer-Encoding: chunked\r\n\r\n1;");
	memset(text + at, 'e', sizeof(text) - (size_t)at);
	assert_int_equal(parse_n(text, 1200).status, 431);
	at = snprintf(text, sizeof(text), HEAD "Transfer-Encoding: chunked\r\n\r\n0\r\nX: ");
	memset(text + at, 'e', sizeof(text) - (size_t)at);
	assert_int_equal(parse_n(text, 1200).status, 431);
}

/* Chunks of one byte are wasteful but not wrong: the allowance grows with the body. */
static void test_small_chunks(void **state)
{
	char text[1000];
	int at = snprintf(text, sizeof(text), HEAD "Transfer-Encoding: chunked\r\n\r\n");
	for (size_t i = 0; i < limits.body_bytes; i++)
		at += snprintf(text + at, sizeof(text) - (size_t)at, "1\r\nx\r\n");
	snprintf(text + at, sizeof(text) - (size_t)at, "0\r\n\r\n");
	assert_int_equal(parse(text).status, 0);
}

static void test_keep_alive(void **state)
{
	assert_true(parse("GET / HTTP/1.1\r\nHost: a\r\n\r\n").keep_alive);
	assert_false(parse("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n").keep_alive);
	assert_false(parse("GET / HTTP/1.0\r\n\r\n").keep_alive);
	assert_true(parse("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").keep_alive);
	assert_true(parse("GET / HTTP/1.0\r\n\r\n").http10);
}

static void test_stops_behind_the_request(void **state)
{
	struct outcome o = parse(HEAD "Content-Length: 2\r\n\r\nhiGET /second");
	assert_int_equal(o.status, 0);
	assert_int_equal(o.used, strlen(HEAD "Content-Length: 2\r\n\r\nhi"));
	o = parse(
		"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n\x81\x80rest");
	assert_int_equal(o.status, 0);
	assert_int_equal(o.state, HTTP_PARSE_DONE);
	assert_int_equal(
		o.used,
		strlen("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"));
	/* An upgrade request with a body is a request with a body. */
	o = parse(HEAD "Upgrade: x\r\nConnection: upgrade\r\nContent-Length: 2\r\n\r\nhi!");
	assert_string_equal(o.text, "POST / /  [hi] host=a x=-");
}

static void test_incomplete(void **state)
{
	assert_int_equal(parse("GET / HTTP/1.1\r\nHost: a\r\n").state, HTTP_PARSE_HEAD);
	assert_int_equal(parse(HEAD "Content-Length: 2\r\n\r\nh").state, HTTP_PARSE_BODY);
	assert_int_equal(parse(HEAD "Transfer-Encoding: chunked\r\n\r\n0\r\n").state, HTTP_PARSE_BODY);
}

static void test_started(void **state)
{
	struct http_parse *p = http_parse_new(&limits);
	assert_non_null(p);
	size_t used = 0;
	assert_int_equal(http_parse_feed(p, (const uint8_t *)"\r\n", 2, &used), 0);
	assert_false(http_parse_started(p));
	assert_int_equal(http_parse_feed(p, (const uint8_t *)"HEAD /", 6, &used), 0);
	assert_true(http_parse_started(p));
	assert_false(http_parse_is_http10(p));
	assert_true(http_parse_is_head(p));
	http_parse_free(p);
}

static void test_lists(void **state)
{
	assert_true(http_list_has("a, B ,c", "b"));
	assert_true(http_list_has(",, x", "x"));
	assert_false(http_list_has("ab, bc", "b"));
	assert_false(http_list_has("", "b"));
	assert_false(http_list_has(NULL, "b"));
	assert_true(http_list_has_exact("a,b", "b"));
	assert_false(http_list_has_exact("a,B", "b"));
}

/* Each allocation fails once: no leak, no crash, and -ENOMEM is all that comes of it. */
static void test_out_of_memory(void **state)
{
	static const char text[] =
		HEAD "X: 1\r\nX: 2\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
	bool done = false;
	for (unsigned n = 0; !done; n++) {
		assert_true(n < 100);
		mem_fail_after(n);
		struct http_parse *p = http_parse_new(&limits);
		size_t used = 0;
		int r = p ? http_parse_feed(p, (const uint8_t *)text, sizeof(text) - 1, &used) : -ENOMEM;
		done = !mem_fail_hit();
		assert_int_equal(r, done ? 0 : -ENOMEM);
		http_parse_free(p);
		mem_fail_never();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_absolute_and_asterisk),
		cmocka_unit_test(test_bad_targets),
		cmocka_unit_test(test_request_line),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_host),
		cmocka_unit_test(test_smuggling),
		cmocka_unit_test(test_codings),
		cmocka_unit_test(test_chunks),
		cmocka_unit_test(test_expect),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_filler),
		cmocka_unit_test(test_small_chunks),
		cmocka_unit_test(test_keep_alive),
		cmocka_unit_test(test_stops_behind_the_request),
		cmocka_unit_test(test_incomplete),
		cmocka_unit_test(test_started),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_out_of_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
