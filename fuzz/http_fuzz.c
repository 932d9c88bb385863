/*
 * Requests out of arbitrary bytes. The first byte says how the rest is cut; whole and cut have to give the
 * same, and whatever passes has to be what handlers rely on.
 */
#include "http/headers.h"
#include "http/parse.h"
#include "http/target.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#define REQUESTS_MAX 8

#define CHECK(x) ((x) ? (void)0 : abort())

static const struct http_limits limits = {
	.target_bytes = 128,
	.header_bytes = 512,
	.header_count = 12,
	.body_bytes = 256,
};

struct outcome {
	unsigned done;
	bool refused;
	uint64_t hash; /* of all requests that came through */
};

static void mix(struct outcome *o, const void *data, size_t n)
{
	const uint8_t *p = data;
	for (size_t i = 0; i < n; i++)
		o->hash = (o->hash ^ p[i]) * 0x100000001b3u;
	o->hash = (o->hash ^ n) * 0x100000001b3u;
}

static void check_path(const char *path)
{
	CHECK(*path);
	for (const char *s = path; *s; s++)
		CHECK((uint8_t)*s >= 0x20 && *s != 0x7f);
	for (const char *s = path; (s = strstr(s, "..")); s++)
		CHECK((s > path && s[-1] != '/') || (s[2] && s[2] != '/'));
}

static void check_request(struct http_parse *p, struct outcome *o)
{
	const struct http_request *req = http_parse_request(p);
	check_path(req->path);
	CHECK(strlen(req->target) <= limits.target_bytes);
	CHECK(req->body_len <= limits.body_bytes);
	const char *host = http_header(req, "host");
	CHECK(host || http_parse_is_http10(p));
	CHECK(!host || http_host_valid(host, strlen(host)));
	const char *coding = http_header(req, "transfer-encoding");
	CHECK(!coding || !http_header(req, "content-length"));
	mix(o, &req->method, sizeof(req->method));
	mix(o, req->target, strlen(req->target));
	mix(o, req->path, strlen(req->path));
	mix(o, req->query, strlen(req->query));
	mix(o, req->body, req->body_len);
	if (host)
		mix(o, host, strlen(host));
}

/* Feeds pieces of at most @step bytes, each in a block of its own. */
static struct outcome run(const uint8_t *data, size_t n, size_t step)
{
	struct outcome o = {.hash = 0xcbf29ce484222325u};
	struct http_parse *p = NULL;
	for (size_t at = 0; at < n && !o.refused && o.done < REQUESTS_MAX;) {
		size_t piece = step < n - at ? step : n - at;
		uint8_t *copy = malloc(piece);
		size_t used = 0;
		CHECK(copy);
		memcpy(copy, data + at, piece);
		if (!p)
			p = http_parse_new(&limits);
		CHECK(p);
		int r = http_parse_feed(p, copy, piece, &used);
		free(copy);
		CHECK(r == 0 || (r >= 400 && r <= 505));
		o.refused = r != 0;
		at += used;
		if (r == 0 && http_parse_state(p) == HTTP_PARSE_DONE) {
			check_request(p, &o);
			p = http_parse_free(p);
			o.done++;
		}
	}
	http_parse_free(p);
	return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (n < 2)
		return 0;
	struct outcome whole = run(data + 1, n - 1, n);
	struct outcome cut = run(data + 1, n - 1, 1 + data[0] % 64);
	CHECK(whole.done == cut.done && whole.refused == cut.refused && whole.hash == cut.hash);
	return 0;
}
