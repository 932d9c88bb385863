/*
 * The frame codec without a socket: every stream of frames is fed whole, byte by byte, and cut in two at
 * every place, and has to give the same messages, control frames and close code each time.
 */
#include "http/ws_codec.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define MESSAGE_MAX 70000

/* ---- a client's frames ---- */

struct wire {
	uint8_t data[300000];
	size_t n;
};

static struct wire wire;

static void put(const void *data, size_t n)
{
	assert_true(n <= sizeof(wire.data) - wire.n);
	memcpy(wire.data + wire.n, data, n);
	wire.n += n;
}

static void put_header(uint8_t first, uint8_t mask_bit, uint64_t len)
{
	uint8_t h[10] = {first};
	size_t n = 2;
	if (len < 126) {
		h[1] = (uint8_t)len;
	} else if (len <= 0xffff) {
		h[1] = 126;
		n = 4;
	} else {
		h[1] = 127;
		n = 10;
	}
	for (size_t i = 2; i < n; i++)
		h[i] = (uint8_t)(len >> 8 * (n - 1 - i));
	h[1] |= mask_bit;
	put(h, n);
}

/* @first: FIN, RSV and opcode. */
static void frame(uint8_t first, const void *payload, size_t n)
{
	static const uint8_t key[4] = {0x11, 0xa2, 0x00, 0xff};
	put_header(first, 0x80, n);
	put(key, 4);
	for (size_t i = 0; i < n; i++) {
		uint8_t c = ((const uint8_t *)payload)[i] ^ key[i % 4];
		put(&c, 1);
	}
}

static void text(const char *s)
{
	frame(0x81, s, strlen(s));
}

/* ---- what comes of them ---- */

struct events {
	char log[4096]; /* "t:hello p: o:x c:…" with lengths for long ones */
	size_t n;
	int stop_with; /* returned by the message callback */
};

static void note(struct events *e, char kind, const uint8_t *data, size_t n)
{
	size_t room = sizeof(e->log) - e->n;
	int k;
	if (n > 100) {
		unsigned sum = 0;
		for (size_t i = 0; i < n; i++)
			sum = sum * 31 + data[i];
		k = snprintf(e->log + e->n, room, "%c:%zu/%08x ", kind, n, sum);
	} else {
		k = snprintf(e->log + e->n, room, "%c:%.*s ", kind, (int)n, (const char *)data);
	}
	assert_true(k > 0 && (size_t)k < room);
	e->n += (size_t)k;
}

static int on_message(void *arg, const uint8_t *data, size_t n)
{
	struct events *e = arg;
	note(e, 't', data, n);
	return e->stop_with;
}

static int on_control(void *arg, enum ws_opcode opcode, const uint8_t *data, size_t n)
{
	note(arg, opcode == WS_PING ? 'p' : opcode == WS_PONG ? 'o' : 'c', data, n);
	return 0;
}

static const struct ws_codec_sink sink = {.message = on_message, .control = on_control};

struct outcome {
	int result;
	bool busy;
	struct events events;
};

static struct ws_codec_pool *pool;

static int set_up(void **state)
{
	pool = ws_codec_pool_new();
	return pool ? 0 : -1;
}

static int tear_down(void **state)
{
	pool = ws_codec_pool_free(pool);
	return 0;
}

static int start(void **state)
{
	wire.n = 0;
	return 0;
}

static struct outcome run(size_t first, size_t step, size_t max)
{
	struct outcome o = {0};
	struct ws_codec c;
	ws_codec_init(&c, max);
	size_t piece = first;
	for (size_t at = 0; at < wire.n && o.result == 0; at += piece, piece = step) {
		if (piece > wire.n - at)
			piece = wire.n - at;
		uint8_t *copy = mem_dup(wire.data + at, piece);
		assert_non_null(copy);
		o.result = ws_codec_feed(&c, pool, copy, piece, &sink, &o.events);
		mem_free(copy);
	}
	o.busy = ws_codec_busy(&c);
	ws_codec_deinit(&c, pool);
	return o;
}

static struct outcome feed_max(size_t max)
{
	struct outcome whole = run(wire.n, wire.n, max);
	struct outcome bytes = run(1, 1, max);
	assert_string_equal(whole.events.log, bytes.events.log);
	assert_int_equal(whole.result, bytes.result);
	if (whole.result == 0)
		assert_int_equal(whole.busy, bytes.busy);
	size_t step = wire.n > 2000 ? wire.n / 97 : 1;
	for (size_t cut = 1; cut < wire.n; cut += step) {
		struct outcome two = run(cut, wire.n, max);
		assert_string_equal(whole.events.log, two.events.log);
		assert_int_equal(whole.result, two.result);
	}
	return whole;
}

static void assert_events(const char *expected)
{
	struct outcome o = feed_max(MESSAGE_MAX);
	assert_int_equal(o.result, 0);
	assert_false(o.busy);
	assert_string_equal(o.events.log, expected);
}

static void assert_code(int code)
{
	assert_int_equal(feed_max(MESSAGE_MAX).result, code);
}

static void test_messages(void **state)
{
	text("hello");
	text("");
	text("gr\xc3\xbc\xc3\x9f");
	assert_events("t:hello t: t:gr\xc3\xbc\xc3\x9f ");
}

static void test_lengths(void **state)
{
	static const size_t sizes[] = {125, 126, 127, 4090, 4096, 4097, 65535, 65536, MESSAGE_MAX};
	static char big[MESSAGE_MAX];
	memset(big, 'x', sizeof(big));
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		wire.n = 0;
		char expected[100] = "";
		frame(0x81, big, sizes[i]);
		text("after");
		struct outcome o = feed_max(MESSAGE_MAX);
		assert_int_equal(o.result, 0);
		snprintf(expected, sizeof(expected), "t:%zu/", sizes[i]);
		assert_memory_equal(o.events.log, expected, strlen(expected));
		assert_non_null(strstr(o.events.log, " t:after "));
	}
}

static void test_fragments(void **state)
{
	frame(0x01, "on", 2);
	frame(0x00, "", 0);
	frame(0x00, "e \xc3", 3); /* a character may be cut */
	frame(0x80, "\xa4", 1);
	text("two");
	assert_events("t:one \xc3\xa4 t:two ");
}

static void test_control_between_fragments(void **state)
{
	frame(0x01, "a", 1);
	frame(0x89, "ping", 4);
	frame(0x00, "b", 1);
	frame(0x8a, "", 0);
	frame(0x80, "c", 1);
	assert_events("p:ping o: t:abc ");
}

static void test_empty_message_in_fragments(void **state)
{
	frame(0x01, "", 0);
	frame(0x80, "", 0);
	assert_events("t: ");
}

static void test_large_fragments(void **state)
{
	static char part[30000];
	memset(part, 'y', sizeof(part));
	frame(0x01, part, sizeof(part));
	frame(0x89, "", 0);
	frame(0x80, part, sizeof(part));
	struct outcome o = feed_max(MESSAGE_MAX);
	assert_int_equal(o.result, 0);
	assert_memory_equal(o.events.log, "p: t:60000/", 11);
}

static void test_close(void **state)
{
	frame(0x88,
	      "\x03\xe8"
	      "bye",
	      5);
	assert_events("c:\x03\xe8"
		      "bye ");
	wire.n = 0;
	frame(0x88, "", 0);
	assert_events("c: ");
}

static void test_bad_close(void **state)
{
	static const struct {
		const char *payload;
		size_t n;
		int code;
	} rows[] = {
		{"\x03", 1, 1002},         {"\x03\xe7", 2, 1002},            /* 999 */
		{"\x03\xec", 2, 1002},     /* 1004 */ {"\x03\xed", 2, 1002}, /* 1005 */
		{"\x03\xee", 2, 1002},     /* 1006 */ {"\x03\xf7", 2, 1002}, /* 1015 */
		{"\x03\xf8", 2, 1002},     /* 1016 */ {"\x0b\xb7", 2, 1002}, /* 2999 */
		{"\x13\x88", 2, 1002},     /* 5000 */ {"\x00\x00", 2, 1002},
		{"\x03\xe8\xff", 3, 1007},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		wire.n = 0;
		frame(0x88, rows[i].payload, rows[i].n);
		assert_code(rows[i].code);
	}
	static const unsigned good[] = {1000, 1001, 1002, 1003, 1007, 1008, 1009,
					1010, 1011, 1012, 1013, 1014, 3000, 4999};
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_true(ws_code_valid(good[i]));
}

static void test_bad_frames(void **state)
{
	static const uint8_t firsts[] = {
		0xc1, 0xa1, 0x91,             /* reserved bits */
		0x83, 0x84, 0x85, 0x86, 0x87, /* reserved data opcodes */
		0x8b, 0x8c, 0x8d, 0x8e, 0x8f, /* reserved control opcodes */
		0x80, 0x00,                   /* a continuation of nothing */
		0x09, 0x08, 0x0a,             /* fragmented control frames */
	};
	for (size_t i = 0; i < ARRAY_LEN(firsts); i++) {
		wire.n = 0;
		text("ok");
		frame(firsts[i], "x", 1);
		struct outcome o = feed_max(MESSAGE_MAX);
		assert_int_equal(o.result, 1002);
		assert_string_equal(o.events.log, "t:ok ");
	}
}

static void test_bad_order(void **state)
{
	frame(0x01, "a", 1);
	frame(0x81, "b", 1); /* a new message inside another */
	assert_code(1002);
}

static void test_binary(void **state)
{
	frame(0x82, "a", 1);
	assert_code(1003);
	wire.n = 0;
	frame(0x02, "a", 1);
	assert_code(1003);
}

static void test_not_masked(void **state)
{
	put("\x81\x05hello", 7);
	assert_code(1002);
	wire.n = 0;
	put("\x89\x00", 2);
	assert_code(1002);
}

static void test_long_control(void **state)
{
	char payload[126];
	memset(payload, 'p', sizeof(payload));
	frame(0x89, payload, 125);
	struct outcome o = feed_max(MESSAGE_MAX);
	assert_int_equal(o.result, 0);
	wire.n = 0;
	frame(0x89, payload, 126);
	assert_code(1002);
}

static void test_longer_length_than_needed(void **state)
{
	put("\x81\xfe\x00\x05\x00\x00\x00\x00hello", 13);
	assert_code(1002);
	wire.n = 0;
	put("\x81\xff\x00\x00\x00\x00\x00\x00\xff\xff\x00\x00\x00\x00", 14);
	assert_code(1002);
	wire.n = 0;
	put("\x81\xff\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 14);
	assert_code(1002);
}

static void test_utf8(void **state)
{
	static const char *const bad[] = {"\xff", "a\xc3", "\xed\xa0\x80", "\xc0\xaf", "\xf4\x90\x80\x80"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		wire.n = 0;
		text(bad[i]);
		assert_code(1007);
		wire.n = 0;
		frame(0x01, bad[i], 1);
		frame(0x80, bad[i] + 1, strlen(bad[i]) - 1);
		assert_code(1007);
	}
}

/* Judged by the header: before any of the payload, and without the mask even. */
static void test_too_big(void **state)
{
	put_header(0x81, 0x80, MESSAGE_MAX + 1);
	assert_code(1009);
	wire.n = 0;
	put_header(0x81, 0x80, UINT64_MAX >> 1);
	assert_code(1009);
	wire.n = 0;
	put("\x81\xfe\x01\x2d", 4); /* 301 */
	assert_int_equal(feed_max(300).result, 1009);
	assert_int_equal(feed_max(301).result, 0);
}

static void test_too_big_in_sum(void **state)
{
	char part[200];
	memset(part, 'z', sizeof(part));
	frame(0x01, part, 200);
	frame(0x00, part, 100);
	frame(0x89, part, 100); /* control frames do not count */
	size_t before = wire.n;
	frame(0x80, part, 0);
	assert_int_equal(feed_max(300).result, 0);
	wire.n = before;
	put_header(0x80, 0x80, 1);
	assert_int_equal(feed_max(300).result, 1009);
}

static void test_fragment_flood(void **state)
{
	frame(0x01, "", 0);
	for (int i = 1; i < WS_FRAGMENTS_MAX; i++)
		frame(0x00, "", 0);
	struct outcome o = run(wire.n, wire.n, MESSAGE_MAX);
	assert_int_equal(o.result, 0);
	assert_true(o.busy);
	frame(0x80, "", 0);
	assert_int_equal(run(wire.n, wire.n, MESSAGE_MAX).result, 1008);
	assert_int_equal(run(1, 1, MESSAGE_MAX).result, 1008);
}

static void test_callback_ends_it(void **state)
{
	text("one");
	text("two");
	struct ws_codec c;
	ws_codec_init(&c, 100);
	struct events e = {.stop_with = 1008};
	assert_int_equal(ws_codec_feed(&c, pool, wire.data, wire.n, &sink, &e), 1008);
	assert_string_equal(e.log, "t:one ");
	ws_codec_deinit(&c, pool);
}

/* Between frames a connection holds nothing of its own. */
static void test_idle_holds_nothing(void **state)
{
	frame(0x01, "hello", 5);
	frame(0x80, "", 0);
	struct ws_codec c;
	ws_codec_init(&c, 100);
	struct events e = {0};
	for (size_t i = 0; i < wire.n; i++)
		assert_int_equal(ws_codec_feed(&c, pool, wire.data + i, 1, &sink, &e), 0);
	assert_string_equal(e.log, "t:hello ");
	assert_null(c.lent);
	assert_null(c.message.mem);
	ws_codec_deinit(&c, pool);
}

/* Two connections, each in the middle of a frame, do not disturb one another. */
static void test_interleaved_connections(void **state)
{
	text("hello, I am a message");
	struct ws_codec c[2];
	struct events e[2] = {0};
	for (int k = 0; k < 2; k++)
		ws_codec_init(&c[k], 100);
	for (size_t i = 0; i < wire.n; i++) {
		for (int k = 0; k < 2; k++)
			assert_int_equal(ws_codec_feed(&c[k], pool, wire.data + i, 1, &sink, &e[k]), 0);
	}
	for (int k = 0; k < 2; k++) {
		assert_string_equal(e[k].log, "t:hello, I am a message ");
		ws_codec_deinit(&c[k], pool);
	}
}

static void assert_composed(size_t n, const void *head, size_t head_len)
{
	static char data[70000];
	memset(data, 'd', sizeof(data));
	const struct buf *out;
	assert_int_equal(ws_codec_compose(pool, WS_TEXT, data, n, &out), 0);
	assert_int_equal(buf_len(out), n + head_len);
	assert_memory_equal(buf_data(out), head, head_len);
	if (n)
		assert_memory_equal(buf_data(out) + head_len, data, n);
}

static void test_compose(void **state)
{
	assert_composed(0, "\x81\x00", 2);
	assert_composed(125, "\x81\x7d", 2);
	assert_composed(126, "\x81\x7e\x00\x7e", 4);
	assert_composed(65535, "\x81\x7e\xff\xff", 4);
	assert_composed(65536, "\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 10);
	assert_composed(5, "\x81\x05", 2);
	const struct buf *out;
	assert_int_equal(ws_codec_compose(pool, WS_PONG, "hi", 2, &out), 0);
	assert_memory_equal(buf_data(out), "\x8a\x02hi", 4);
}

/* Each allocation fails once: no leak, and nothing but -ENOMEM. */
static void test_out_of_memory(void **state)
{
	static char part[3000];
	memset(part, 'm', sizeof(part));
	frame(0x01, part, sizeof(part));
	frame(0x80, part, sizeof(part));
	bool done = false;
	for (unsigned n = 0; !done; n++) {
		assert_true(n < 100);
		mem_fail_after(n);
		struct ws_codec_pool *own = ws_codec_pool_new();
		struct ws_codec c;
		struct events e = {0};
		ws_codec_init(&c, MESSAGE_MAX);
		int r = own ? 0 : -ENOMEM;
		for (size_t at = 0; r == 0 && at < wire.n; at += 1000)
			r = ws_codec_feed(&c, own, wire.data + at, wire.n - at < 1000 ? wire.n - at : 1000,
					  &sink, &e);
		const struct buf *out;
		if (r == 0)
			r = ws_codec_compose(own, WS_TEXT, part, sizeof(part), &out);
		done = !mem_fail_hit();
		assert_int_equal(r, done ? 0 : -ENOMEM);
		ws_codec_deinit(&c, own);
		ws_codec_pool_free(own);
		mem_fail_never();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_messages, start),
		cmocka_unit_test_setup(test_lengths, start),
		cmocka_unit_test_setup(test_fragments, start),
		cmocka_unit_test_setup(test_control_between_fragments, start),
		cmocka_unit_test_setup(test_empty_message_in_fragments, start),
		cmocka_unit_test_setup(test_large_fragments, start),
		cmocka_unit_test_setup(test_close, start),
		cmocka_unit_test_setup(test_bad_close, start),
		cmocka_unit_test_setup(test_bad_frames, start),
		cmocka_unit_test_setup(test_bad_order, start),
		cmocka_unit_test_setup(test_binary, start),
		cmocka_unit_test_setup(test_not_masked, start),
		cmocka_unit_test_setup(test_long_control, start),
		cmocka_unit_test_setup(test_longer_length_than_needed, start),
		cmocka_unit_test_setup(test_utf8, start),
		cmocka_unit_test_setup(test_too_big, start),
		cmocka_unit_test_setup(test_too_big_in_sum, start),
		cmocka_unit_test_setup(test_fragment_flood, start),
		cmocka_unit_test_setup(test_callback_ends_it, start),
		cmocka_unit_test_setup(test_idle_holds_nothing, start),
		cmocka_unit_test_setup(test_interleaved_connections, start),
		cmocka_unit_test_setup(test_compose, start),
		cmocka_unit_test_setup(test_out_of_memory, start),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
