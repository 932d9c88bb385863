/*
 * WebSocket frames out of arbitrary bytes. The first byte says how the rest is cut, the second how long a
 * message may be; whole and cut have to give the same messages, control frames and end.
 */
#include "base/mem.h"
#include "base/text.h"
#include "http/ws_codec.h"

#include <stdlib.h>
#include <string.h>

#define CHECK(x) ((x) ? (void)0 : abort())

struct outcome {
	int result;
	bool busy;
	size_t max;
	uint64_t hash;
};

static void mix(struct outcome *o, unsigned kind, const uint8_t *data, size_t n)
{
	o->hash = (o->hash ^ kind) * 0x100000001b3u;
	for (size_t i = 0; i < n; i++)
		o->hash = (o->hash ^ data[i]) * 0x100000001b3u;
	o->hash = (o->hash ^ n) * 0x100000001b3u;
}

static int on_message(void *arg, const uint8_t *data, size_t n)
{
	struct outcome *o = arg;
	CHECK(n <= o->max && text_is_utf8(data, n));
	mix(o, WS_TEXT, data, n);
	return 0;
}

static int on_control(void *arg, enum ws_opcode opcode, const uint8_t *data, size_t n)
{
	struct outcome *o = arg;
	CHECK(n <= WS_CONTROL_MAX);
	if (opcode == WS_CLOSE && n > 0)
		CHECK(n >= 2 && ws_code_valid((unsigned)ws_close_code(data, n)) &&
		      text_is_utf8(data + 2, n - 2));
	mix(o, opcode, data, n);
	return 0;
}

static struct outcome run(struct ws_codec_pool *pool, size_t max, size_t step, const uint8_t *data, size_t n)
{
	static const struct ws_codec_sink sink = {.message = on_message, .control = on_control};
	struct outcome o = {.max = max, .hash = 0xcbf29ce484222325u};
	struct ws_codec c;
	ws_codec_init(&c, max);
	for (size_t at = 0; at < n && o.result == 0; at += step) {
		size_t piece = step < n - at ? step : n - at;
		uint8_t *copy = malloc(piece);
		CHECK(copy);
		memcpy(copy, data + at, piece);
		o.result = ws_codec_feed(&c, pool, copy, piece, &sink, &o);
		free(copy);
	}
	CHECK(o.result == 0 || (o.result >= 1002 && o.result <= 1009));
	o.busy = o.result == 0 && ws_codec_busy(&c);
	ws_codec_deinit(&c, pool);
	return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (n < 3)
		return 0;
	struct ws_codec_pool *pool = ws_codec_pool_new();
	CHECK(pool);
	size_t max = (size_t)data[1] * 300;
	struct outcome whole = run(pool, max, n, data + 2, n - 2);
	struct outcome cut = run(pool, max, 1 + data[0] % 64, data + 2, n - 2);
	CHECK((whole.result == 0) == (cut.result == 0) && whole.busy == cut.busy && whole.hash == cut.hash);
	ws_codec_pool_free(pool);
	return 0;
}
