/*
 * llhttp's callbacks, the line guard, and the checks that make a request of them.
 *
 * llhttp runs over each piece first; then the guard sees the same bytes without the body data. Nothing llhttp
 * has reported leaves this file before the guard has agreed, so the order does not matter to anyone outside.
 *
 * Invariants: every buffer has its limit from http_limits; a status, once set, stays; after HTTP_PARSE_DONE
 * llhttp is paused right behind the request. Thread: the owner's.
 */
#include "http/parse.h"

#include "base/mem.h"
#include "http/framing.h"
#include "http/guard.h"
#include "http/headers.h"
#include "http/target.h"

#include <assert.h>
#include <errno.h>
#include <llhttp.h>
#include <string.h>

/* Framing around a chunked body: so many bytes of it for each byte of data, beyond header_bytes. */
#define FRAMING_PER_BYTE 16

struct http_parse {
	llhttp_t ll;
	const struct http_limits *limits;
	struct http_headers headers;
	struct http_request request;
	struct buf target;
	struct buf body;
	char *path;
	size_t query; /* offset in target; of its NUL where there is none */
	struct http_guard guard;
	const uint8_t *guarded; /* up to here the guard has seen the present piece */
	int status;             /* >0 or -errno, set by callbacks */
	enum http_parse_state state;
	bool unknown_method; /* llhttp is out of it; only the request line is still looked at */
	bool expects_continue;
	bool keep_alive;
};

static struct http_parse *self(llhttp_t *ll)
{
	return CONTAINER_OF(ll, struct http_parse, ll);
}

/* What a callback returns: -1 stops llhttp. */
static int verdict(struct http_parse *p, int r)
{
	if (r)
		p->status = r;
	return r ? -1 : 0;
}

static enum http_method method_of(uint8_t method)
{
	switch (method) {
	case HTTP_GET:
		return HTTP_M_GET;
	case HTTP_HEAD:
		return HTTP_M_HEAD;
	case HTTP_POST:
		return HTTP_M_POST;
	case HTTP_PUT:
		return HTTP_M_PUT;
	case HTTP_PATCH:
		return HTTP_M_PATCH;
	case HTTP_DELETE:
		return HTTP_M_DELETE;
	case HTTP_OPTIONS:
		return HTTP_M_OPTIONS;
	default:
		return HTTP_M_OTHER;
	}
}

static int on_url(llhttp_t *ll, const char *at, size_t n)
{
	struct http_parse *p = self(ll);
	if (n > p->limits->target_bytes - buf_len(&p->target))
		return verdict(p, 414);
	return verdict(p, buf_append(&p->target, at, n));
}

static bool in_trailers(const struct http_parse *p)
{
	return p->state == HTTP_PARSE_BODY;
}

static int on_field(llhttp_t *ll, const char *at, size_t n)
{
	struct http_parse *p = self(ll);
	return in_trailers(p) ? 0 : verdict(p, http_headers_name(&p->headers, at, n));
}

static int on_field_end(llhttp_t *ll)
{
	struct http_parse *p = self(ll);
	return in_trailers(p) ? 0 : verdict(p, http_headers_name_end(&p->headers));
}

static int on_value(llhttp_t *ll, const char *at, size_t n)
{
	struct http_parse *p = self(ll);
	return in_trailers(p) ? 0 : verdict(p, http_headers_value(&p->headers, at, n));
}

static int on_value_end(llhttp_t *ll)
{
	struct http_parse *p = self(ll);
	return in_trailers(p) ? 0 : verdict(p, http_headers_value_end(&p->headers));
}

/* The target wins over Host where it is absolute (RFC 9112 §3.2.2). */
static int set_authority(struct http_parse *p, const struct http_target *t)
{
	if (!t->authority || !http_headers_count(&p->headers, "host"))
		return 0;
	return http_headers_set(&p->headers, "host", t->authority, t->authority_len);
}

static int take_target(struct http_parse *p)
{
	int r = buf_append(&p->target, "", 1);
	if (r < 0)
		return r;
	const char *text = (const char *)buf_data(&p->target);
	size_t n = buf_len(&p->target) - 1;
	struct http_target t;
	r = http_target_split(text, n, method_of(p->ll.method), &t);
	if (r)
		return r;
	p->query = t.query ? (size_t)(t.query - text) : n;
	p->path = mem_alloc(t.path_len + 2);
	if (!p->path)
		return -ENOMEM;
	r = http_path_decode(t.path, t.path_len, p->path);
	return r ? r : set_authority(p, &t);
}

static int check_head(struct http_parse *p)
{
	const struct http_framing framing = {
		.major = p->ll.http_major,
		.minor = p->ll.http_minor,
		.chunked = p->ll.flags & F_CHUNKED,
		.content_length = p->ll.content_length,
	};
	int r = http_framing_check(&p->headers, &framing, p->limits->body_bytes);
	if (r)
		return r;
	/* No tunnel is on offer; and what follows a CONNECT would not be HTTP. */
	if (p->ll.method == HTTP_CONNECT)
		return 501;
	r = http_headers_join(&p->headers);
	if (r == 0)
		r = take_target(p);
	return r ? r : http_framing_expect(&p->headers, &framing, &p->expects_continue);
}

static int on_headers_complete(llhttp_t *ll)
{
	struct http_parse *p = self(ll);
	int r = check_head(p);
	if (r)
		return verdict(p, r);
	p->headers.minor = ll->http_minor;
	p->keep_alive = llhttp_should_keep_alive(ll);
	p->state = HTTP_PARSE_BODY;
	return 0;
}

/* What lies between the last body data and @to is framing. */
static int guard_up_to(struct http_parse *p, const uint8_t *to)
{
	int r = http_guard_feed(&p->guard, p->guarded, (size_t)(to - p->guarded));
	p->guarded = to;
	return r;
}

/* The bounds on what is kept nowhere: white space, empty lines, chunk extensions, trailers. */
static int check_totals(const struct http_parse *p)
{
	const struct http_limits *l = p->limits;
	bool ended = p->guard.phase == HTTP_GUARD_REST;
	size_t head = ended ? p->guard.head : p->guard.total;
	if (head > l->target_bytes + l->header_bytes + 4 * l->header_count + 64)
		return 431;
	size_t framing = p->guard.total - head;
	return framing > l->header_bytes + FRAMING_PER_BYTE * (buf_len(&p->body) + 1) ? 431 : 0;
}

static int on_body(llhttp_t *ll, const char *at, size_t n)
{
	struct http_parse *p = self(ll);
	int r = guard_up_to(p, (const uint8_t *)at);
	if (r == 0)
		r = check_totals(p);
	if (r)
		return verdict(p, r);
	p->guarded = (const uint8_t *)at + n;
	if (n > p->limits->body_bytes - buf_len(&p->body))
		return verdict(p, 413);
	return verdict(p, buf_append(&p->body, at, n));
}

/* The size of a chunk is known before its data: a body that will be too long is refused here. */
static int on_chunk_header(llhttp_t *ll)
{
	struct http_parse *p = self(ll);
	return verdict(p, ll->content_length > p->limits->body_bytes - buf_len(&p->body) ? 413 : 0);
}

static int on_message_complete(llhttp_t *ll)
{
	self(ll)->state = HTTP_PARSE_DONE;
	return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
	.on_url = on_url,
	.on_header_field = on_field,
	.on_header_field_complete = on_field_end,
	.on_header_value = on_value,
	.on_header_value_complete = on_value_end,
	.on_headers_complete = on_headers_complete,
	.on_body = on_body,
	.on_chunk_header = on_chunk_header,
	.on_message_complete = on_message_complete,
};

struct http_parse *http_parse_new(const struct http_limits *limits)
{
	struct http_parse *p = mem_zalloc(sizeof(*p));
	if (!p)
		return NULL;
	p->limits = limits;
	llhttp_init(&p->ll, HTTP_REQUEST, &settings);
	http_guard_init(&p->guard);
	http_headers_init(&p->headers, limits);
	buf_init(&p->target, limits->target_bytes + 1);
	buf_init(&p->body, limits->body_bytes);
	return p;
}

struct http_parse *http_parse_free(struct http_parse *p)
{
	if (!p)
		return NULL;
	http_headers_deinit(&p->headers);
	buf_deinit(&p->target);
	buf_deinit(&p->body);
	mem_free(p->path);
	mem_free(p);
	return NULL;
}

/* llhttp stopped at @pos, before @end, with an error of its own: which status is that? */
static int status_of(llhttp_errno_t err, const uint8_t *pos, const uint8_t *end)
{
	if (err == HPE_PAUSED_H2_UPGRADE)
		return 505;
	/* Well-formed up to the end of the line, but not a version we know? */
	bool version = err == HPE_INVALID_VERSION && (pos == end || *pos == '\r');
	return version ? 505 : 400;
}

/*
 * llhttp gives up at the first letter that no method it knows has. The rest of the line tells a method that
 * nobody knows from bytes that are no request at all.
 */
static int judge_method(struct http_parse *p, const uint8_t *data, size_t n)
{
	struct http_guard *g = &p->guard;
	p->unknown_method = true;
	for (size_t i = 0; i < n; i++) {
		if (http_guard_feed(g, data + i, 1) || !g->token_method)
			return 400;
		if (g->phase == HTTP_GUARD_FIELDS)
			return g->spaces == 2 ? 501 : 400;
	}
	return check_totals(p);
}

static int parse_piece(struct http_parse *p, const uint8_t *data, size_t n, const uint8_t **stop)
{
	const uint8_t *end = data + n;
	*stop = end;
	if (p->unknown_method)
		return judge_method(p, data, n);
	p->guarded = data;
	llhttp_errno_t err = llhttp_execute(&p->ll, (const char *)data, n);
	if (err != HPE_OK)
		*stop = (const uint8_t *)llhttp_get_error_pos(&p->ll);
	/* A refusal inside a span is reported at the span's start, which the guard may have passed. */
	if (*stop < p->guarded || *stop > end)
		*stop = p->guarded;
	int r = guard_up_to(p, *stop);
	if (p->status || r)
		return p->status ? p->status : r;
	if (err == HPE_INVALID_METHOD) {
		const uint8_t *rest = *stop;
		*stop = end;
		return judge_method(p, rest, (size_t)(end - rest));
	}
	if (err != HPE_OK && p->state != HTTP_PARSE_DONE)
		return status_of(err, *stop, end);
	return check_totals(p);
}

int http_parse_feed(struct http_parse *p, const uint8_t *data, size_t n, size_t *used)
{
	assert(p->state != HTTP_PARSE_DONE && p->status == 0);
	const uint8_t *stop;
	int r = parse_piece(p, data, n, &stop);
	p->status = r;
	if (r == 0)
		*used = (size_t)(stop - data);
	return r;
}

enum http_parse_state http_parse_state(const struct http_parse *p)
{
	return p->state;
}

bool http_parse_started(const struct http_parse *p)
{
	return p->guard.phase != HTTP_GUARD_BEFORE;
}

bool http_parse_wants_continue(const struct http_parse *p)
{
	return p->state == HTTP_PARSE_BODY && p->expects_continue && buf_len(&p->body) == 0;
}

bool http_parse_keep_alive(const struct http_parse *p)
{
	return p->keep_alive && p->status == 0;
}

bool http_parse_is_head(const struct http_parse *p)
{
	return buf_len(&p->target) > 0 && p->ll.method == HTTP_HEAD;
}

bool http_parse_is_http10(const struct http_parse *p)
{
	return p->state != HTTP_PARSE_HEAD && p->headers.minor == 0;
}

struct http_request *http_parse_request(struct http_parse *p)
{
	assert(p->state == HTTP_PARSE_DONE);
	const char *target = (const char *)buf_data(&p->target);
	p->request = (struct http_request){
		.method = method_of(p->ll.method),
		.target = target,
		.path = p->path,
		.query = target + p->query,
		.body = buf_data(&p->body),
		.body_len = buf_len(&p->body),
		.headers = &p->headers,
	};
	return &p->request;
}
