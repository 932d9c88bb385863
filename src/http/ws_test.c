/* WebSockets over real sockets on loopback. */
#include "http/testing.h"
#include "http/ws_codec.h"
#include "http/ws_conn.h"

#define SUBPROTOCOL "parley.v1"
#define KEY         "dGhlIHNhbXBsZSBub25jZQ=="
#define UPGRADE                                                                                              \
	"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"           \
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " KEY "\r\n"                                        \
	"Sec-WebSocket-Protocol: other, " SUBPROTOCOL "\r\n\r\n"

static struct fix f;
static struct peer p;

static struct ws *ws;
static struct ws_limits limits;
static char messages[4096];
static int n_messages;
static int n_closed;
static int close_code;
static bool echo_back;
static bool close_on_message;
static int checked; /* what ws_check() said */

static void on_message(void *arg, const char *data, size_t n)
{
	assert_ptr_equal(arg, &f);
	assert_int_equal(n_closed, 0);
	n_messages++;
	size_t at = strlen(messages);
	snprintf(messages + at, sizeof(messages) - at, "%.*s|", (int)(n < 50 ? n : 50), data);
	if (echo_back)
		assert_int_equal(ws_send(ws, data, n), 0);
	if (close_on_message)
		ws_close(ws, 4000, "enough");
}

static void on_closed(void *arg, int code)
{
	n_closed++;
	close_code = code;
	ws = NULL;
}

static const struct ws_ops ops = {.message = on_message, .closed = on_closed};

static void accept_now(struct fix *fix, struct http_conn *conn, const struct http_request *req)
{
	checked = ws_check(req, SUBPROTOCOL);
	if (checked) {
		http_reply_error(conn, checked, "bad_handshake", NULL);
		return;
	}
	if (ws_accept(conn, req, SUBPROTOCOL, &limits, &ws) == 0)
		ws_attach(ws, &ops, fix);
}

static void init(void)
{
	fix_init(&f, accept_now);
	limits = (struct ws_limits){
		.message_bytes = 70000,
		.messages_per_s = 1,
		.messages_burst = 1000,
		.pings_per_s = 1,
		.pings_burst = 10,
		.ping_ms = HANG_MS,
		.close_ms = HANG_MS,
		.queue_bytes = 1 << 20,
	};
	ws = NULL;
	messages[0] = 0;
	n_messages = n_closed = close_code = 0;
	echo_back = close_on_message = false;
}

/* The upgrade; then what the peer has got is empty. */
static void upgrade(void)
{
	fix_start(&f);
	peer_connect(&f, &p);
	peer_send(&f, &p, UPGRADE);
	assert_true(peer_await(&f, &p, "\r\n\r\n"));
	assert_memory_equal(p.in, "HTTP/1.1 101 Switching Protocols\r\n", 34);
	assert_non_null(ws);
	p.n = 0;
	p.in[0] = 0;
}

static void open_ws(void)
{
	init();
	upgrade();
}

static void finish(void)
{
	peer_close(&f, &p);
	fix_await_empty(&f);
	assert_int_equal(n_closed, 1);
	struct http_stats s;
	http_server_get_stats(f.srv, &s);
	assert_int_equal(s.ws_open, 0);
	fix_deinit(&f);
}

/* A client's frame of up to 125 bytes, into @out. Return: its length. */
static size_t small_frame(uint8_t first, const void *payload, size_t n, uint8_t *out)
{
	const uint8_t key[4] = {1, 2, 3, 4};
	out[0] = first;
	out[1] = (uint8_t)(0x80 | n);
	memcpy(out + 2, key, 4);
	for (size_t i = 0; i < n; i++)
		out[6 + i] = ((const uint8_t *)payload)[i] ^ key[i % 4];
	return n + 6;
}

static void send_frame(uint8_t first, const void *payload, size_t n)
{
	uint8_t out[200];
	peer_send_n(&f, &p, out, small_frame(first, payload, n, out));
}

static void send_text(const char *s)
{
	send_frame(0x81, s, strlen(s));
}

static void await_messages(int n)
{
	while (n_messages < n && !p.eof)
		fix_turn(&f);
	assert_int_equal(n_messages, n);
}

/* The next thing the server says is this frame. */
static void expect_frame(uint8_t first, const void *payload, size_t n)
{
	while (p.n < n + 2 && !p.eof)
		fix_turn(&f);
	assert_true(p.n >= n + 2);
	assert_int_equal((uint8_t)p.in[0], first);
	assert_int_equal((uint8_t)p.in[1], n);
	if (n)
		assert_memory_equal(p.in + 2, payload, n);
	memmove(p.in, p.in + n + 2, p.n - n - 2);
	p.n -= n + 2;
}

/* The server closes with @code and ends the connection; the client then learns it in an orderly way. */
static void expect_close(int code)
{
	while (p.n < 4 && !p.eof)
		fix_turn(&f);
	assert_true(p.n >= 4);
	assert_int_equal((uint8_t)p.in[0], 0x88);
	assert_int_equal(ws_close_code((uint8_t *)p.in + 2, 2), code);
	peer_await_eof(&f, &p);
	assert_int_equal(p.err, 0);
}

/* ---- handshake ---- */

static void test_accept_key(void **state)
{
	char key[WS_ACCEPT_KEY_MAX];
	assert_int_equal(ws_accept_key(KEY, key), 0);
	assert_string_equal(key, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="); /* RFC 6455 §1.3 */
}

static void test_upgrade_reply(void **state)
{
	init();
	fix_start(&f);
	peer_connect(&f, &p);
	peer_send(&f, &p, UPGRADE);
	assert_true(peer_await(&f, &p, "\r\n\r\n"));
	assert_non_null(strstr(p.in, "\r\nUpgrade: websocket\r\n"));
	assert_non_null(strstr(p.in, "\r\nConnection: Upgrade\r\n"));
	assert_non_null(strstr(p.in, "\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
	assert_non_null(strstr(p.in, "\r\nSec-WebSocket-Protocol: " SUBPROTOCOL "\r\n"));
	assert_null(strstr(p.in, "Extensions"));
	char text[ADDR_TEXT_MAX];
	assert_string_equal(addr_format_ip(ws_peer(ws), text), "127.0.0.1");
	finish();
}

/* UPGRADE with one thing in it replaced. */
static void assert_check(const char *old, const char *new, int expected)
{
	static const char base[] = UPGRADE;
	char request[1000];
	const char *at = strstr(base, old);
	assert_non_null(at);
	snprintf(request, sizeof(request), "%.*s%s%s", (int)(at - base), base, new, at + strlen(old));
	init();
	fix_start(&f);
	peer_connect(&f, &p);
	checked = -1;
	peer_send(&f, &p, request);
	assert_true(peer_await(&f, &p, "\r\n\r\n"));
	if (checked != expected)
		fail_msg("%d, expected %d: %s", checked, expected, request);
	peer_close(&f, &p);
	fix_await_empty(&f);
	fix_deinit(&f);
}

static void test_check(void **state)
{
	assert_check("", "", 0);
	assert_check("websocket", "foo, WebSocket", 0);
	assert_check("keep-alive, Upgrade", "UPGRADE", 0);
	assert_check("other, " SUBPROTOCOL, SUBPROTOCOL, 0);
	assert_check("\r\n\r\n", "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n", 0);
	assert_check("GET", "POST", 405);
	assert_check("HTTP/1.1", "HTTP/1.0", 400);
	assert_check("Upgrade: websocket\r\n", "", 426);
	assert_check("websocket", "h2c", 426);
	assert_check("keep-alive, Upgrade", "keep-alive", 426);
	assert_check("Version: 13", "Version: 8", 426);
	assert_check("Sec-WebSocket-Version: 13\r\n", "", 426);
	assert_check("Sec-WebSocket-Key: " KEY "\r\n", "", 400);
	assert_check(KEY, "dGhlIHNhbXBsZSBub25jZ===", 400);
	assert_check(KEY, "dGhlIHNhbXBsZSBub25j", 400);
	assert_check(KEY, "dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Key: " KEY, 400);
	assert_check(KEY, "dGhlIHNhbXBs!SBub25jZQ==", 400);
	assert_check(SUBPROTOCOL, "parley.v2", 400);
	assert_check(SUBPROTOCOL, "PARLEY.V1", 400);
	assert_check("Sec-WebSocket-Protocol: other, " SUBPROTOCOL "\r\n", "", 400);
}

/* ---- messages ---- */

static void test_echo(void **state)
{
	open_ws();
	echo_back = true;
	send_text("hello");
	expect_frame(0x81, "hello", 5);
	send_frame(0x01, "frag", 4);
	send_frame(0x89, "p", 1);
	send_frame(0x80, "ments", 5);
	expect_frame(0x8a, "p", 1);
	expect_frame(0x81, "fragments", 9);
	assert_string_equal(messages, "hello|fragments|");
	struct http_stats s;
	http_server_get_stats(f.srv, &s);
	assert_int_equal(s.ws_messages_in, 2);
	assert_int_equal(s.ws_messages_out, 2);
	assert_int_equal(s.ws_open, 1);
	finish();
	assert_int_equal(close_code, 1006);
}

/* What comes together with the request is not lost. */
static void test_frames_behind_the_request(void **state)
{
	init();
	fix_start(&f);
	peer_connect(&f, &p);
	uint8_t data[1000];
	size_t n = strlen(UPGRADE);
	memcpy(data, UPGRADE, n);
	n += small_frame(0x81, "early", 5, data + n);
	peer_send_n(&f, &p, data, n);
	await_messages(1);
	send_text("late");
	await_messages(2);
	assert_string_equal(messages, "early|late|");
	finish();
}

static const struct http_request *kept; /* valid until the reply */

static void accept_later(struct fix *fix, struct http_conn *conn, const struct http_request *req)
{
	kept = req;
}

/* The same where the application takes its time to accept. */
static void test_late_accept(void **state)
{
	init();
	f.handler = accept_later;
	fix_start(&f);
	peer_connect(&f, &p);
	uint8_t data[1000];
	size_t n = strlen(UPGRADE);
	memcpy(data, UPGRADE, n);
	n += small_frame(0x81, "early", 5, data + n);
	peer_send_n(&f, &p, data, n);
	while (f.n_handled < 1)
		fix_turn(&f);
	send_text("while waiting");
	accept_now(&f, f.conn, kept);
	assert_int_equal(n_messages, 0); /* nothing comes before ws_attach() could be called */
	send_text("late");
	await_messages(3);
	assert_string_equal(messages, "early|while waiting|late|");
	finish();
}

static void test_big_message_both_ways(void **state)
{
	static uint8_t data[70014];
	static char reply[70000];
	open_ws();
	echo_back = true;
	memset(data, 'm', sizeof(data));
	memset(reply, 'm', sizeof(reply));
	/* Its mask is zero, so the payload is as it is. */
	memcpy(data, "\x81\xff\x00\x00\x00\x00\x00\x01\x11\x70\x00\x00\x00\x00", 14);
	peer_send_n(&f, &p, data, sizeof(data));
	while (p.n < 70010 && !p.eof)
		fix_turn(&f);
	assert_int_equal(p.n, 70010);
	assert_memory_equal(p.in, "\x81\x7f\x00\x00\x00\x00\x00\x01\x11\x70", 10);
	assert_memory_equal(p.in + 10, reply, sizeof(reply));
	finish();
}

/* ---- closing ---- */

static void test_peer_closes(void **state)
{
	open_ws();
	send_frame(0x88,
		   "\x0f\xa7"
		   "bye",
		   5);
	expect_frame(0x88, "\x0f\xa7", 2);
	peer_await_eof(&f, &p);
	finish();
	assert_int_equal(close_code, 4007);
}

static void test_peer_closes_without_code(void **state)
{
	open_ws();
	send_frame(0x88, "", 0);
	expect_frame(0x88, "", 0);
	peer_await_eof(&f, &p);
	finish();
	assert_int_equal(close_code, 1005);
}

static void test_we_close(void **state)
{
	open_ws();
	ws_close(ws, 4001, "replaced");
	ws_close(ws, 4002, "once is enough");
	assert_int_equal(ws_send(ws, "x", 1), -EPIPE);
	expect_frame(0x88, "\x0f\xa1replaced", 10);
	send_text("ignored");
	assert_false(p.eof);
	send_frame(0x88, "\x0f\xa1", 2);
	peer_await_eof(&f, &p);
	assert_int_equal(p.n, 0);
	finish();
	assert_int_equal(n_messages, 0);
	assert_int_equal(close_code, 4001);
}

static void test_close_is_not_answered(void **state)
{
	init();
	limits.close_ms = 30;
	upgrade();
	ws_close(ws, 4001, "");
	expect_frame(0x88, "\x0f\xa1", 2);
	peer_await_eof(&f, &p);
	finish();
	assert_int_equal(close_code, 4001);
}

static void test_close_in_callback(void **state)
{
	open_ws();
	close_on_message = true;
	uint8_t data[300];
	size_t n = small_frame(0x81, "one", 3, data);
	n += small_frame(0x81, "two", 3, data + n);
	peer_send_n(&f, &p, data, n);
	expect_frame(0x88,
		     "\x0f\xa0"
		     "enough",
		     8);
	assert_string_equal(messages, "one|");
	finish();
}

static void test_long_close_reason(void **state)
{
	char reason[200];
	memset(reason, 'r', sizeof(reason) - 1);
	reason[sizeof(reason) - 1] = 0;
	memcpy(reason + 122, "\xc3\xa4", 2); /* is cut in two by the limit */
	open_ws();
	ws_close(ws, 4000, reason);
	while (p.n < 2 && !p.eof)
		fix_turn(&f);
	assert_int_equal((uint8_t)p.in[1], 124);
	finish();
}

static void test_drain(void **state)
{
	open_ws();
	http_server_drain(f.srv);
	expect_frame(0x88, "\x03\xe9", 2);
	send_frame(0x88, "\x03\xe9", 2);
	peer_await_eof(&f, &p);
	finish();
	assert_int_equal(close_code, 1001);
}

static void test_free_while_open(void **state)
{
	open_ws();
	uv_close((uv_handle_t *)&p.poll, NULL);
	fix_deinit(&f);
	close(p.fd);
	assert_int_equal(n_closed, 1);
	assert_int_equal(close_code, 1001);
}

/* ---- faults and limits ---- */

static void assert_fault(const char *raw, size_t n, int code)
{
	open_ws();
	peer_send_n(&f, &p, raw, n);
	expect_close(code);
	finish();
	assert_int_equal(close_code, code);
	assert_int_equal(n_messages, 0);
}

static void test_faults(void **state)
{
	assert_fault("\x81\x01x", 3, 1002);                                 /* not masked */
	assert_fault("\xc1\x81\x00\x00\x00\x00x", 7, 1002);                 /* RSV1: compressed */
	assert_fault("\x83\x81\x00\x00\x00\x00x", 7, 1002);                 /* opcode 3 */
	assert_fault("\x82\x81\x00\x00\x00\x00x", 7, 1003);                 /* binary */
	assert_fault("\x81\x81\x00\x00\x00\x00\xff", 7, 1007);              /* not UTF-8 */
	assert_fault("\x88\x82\x00\x00\x00\x00\x03\xed", 8, 1002);          /* 1005 on the wire */
	assert_fault("\x81\xff\x00\x00\x00\x00\x00\x01\x11\x71", 10, 1009); /* 70001, no payload yet */
	assert_fault("\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff", 10, 1009);
}

static void test_message_rate(void **state)
{
	init();
	limits.messages_burst = 3;
	upgrade();
	for (int i = 0; i < 4; i++)
		send_text("x");
	expect_close(1008);
	finish();
	assert_int_equal(n_messages, 3);
	assert_int_equal(close_code, 1008);
}

static void test_ping_rate(void **state)
{
	init();
	limits.pings_burst = 2;
	upgrade();
	for (int i = 0; i < 3; i++)
		send_frame(i == 1 ? 0x8a : 0x89, "", 0); /* pongs count as well */
	expect_frame(0x8a, "", 0);
	expect_close(1008);
	finish();
}

static void test_queue_overrun(void **state)
{
	static char big[100000];
	memset(big, 'q', sizeof(big));
	open_ws();
	uv_poll_stop(&p.poll); /* it does not read */
	int r = 0;
	int n = 0;
	for (; r == 0; n++) {
		assert_true(n < 1000);
		r = ws_send(ws, big, sizeof(big));
		if (n % 3 == 0)
			uv_run(&f.loop.uv, UV_RUN_NOWAIT);
	}
	assert_int_equal(r, -ENOBUFS);
	assert_true(n > 10); /* the queue of 1 MiB, and what the kernel takes */
	assert_int_equal(ws_send(ws, "x", 1), -EPIPE);
	finish();
	assert_int_equal(close_code, 1013);
}

/* A client that answers our pings stays, one that does not goes after the second interval. */
static void test_ping_and_silence(void **state)
{
	init();
	limits.ping_ms = 250;
	upgrade();
	for (int i = 0; i < 2; i++) {
		expect_frame(0x89, "", 0);
		send_frame(0x8a, "", 0);
	}
	expect_frame(0x89, "", 0);
	peer_await_eof(&f, &p);
	assert_int_equal(p.n, 0); /* one ping for one silence */
	finish();
	assert_int_equal(close_code, 1006);
}

/* A message that never gets ready does not live on single bytes. */
static void test_message_too_slow(void **state)
{
	init();
	limits.ping_ms = 250;
	upgrade();
	send_frame(0x01, "a", 1);
	do {
		while (p.n < 2 && !p.eof)
			fix_turn(&f);
		assert_false(p.eof);
		if ((uint8_t)p.in[0] == 0x89) {
			expect_frame(0x89, "", 0);
			send_frame(0x00, "b", 1);
		}
	} while (p.n == 0 || (uint8_t)p.in[0] != 0x88);
	expect_close(1008);
	finish();
	assert_int_equal(close_code, 1008);
}

static void test_memory_of_an_idle_connection(void **state)
{
	open_ws();
	send_frame(0x01, "hello", 5);
	send_frame(0x80, "", 0);
	await_messages(1);
	/* Nothing can be allocated, yet all that is idle stays; and small messages need nothing either. */
	mem_fail_after(0);
	send_text("again");
	await_messages(2);
	bool failed = mem_fail_hit();
	mem_fail_never();
	assert_false(failed);
	finish();
}

static void test_out_of_memory(void **state)
{
	bool done = false;
	for (unsigned n = 0; !done; n++) {
		assert_true(n < 200);
		init();
		echo_back = false;
		fix_start(&f);
		peer_connect(&f, &p);
		mem_fail_after(n);
		peer_send(&f, &p, UPGRADE);
		send_frame(0x01, "half", 4);
		while (!p.eof && !strstr(p.in, "\r\n\r\n") && !mem_fail_hit())
			fix_turn(&f);
		send_frame(0x80, "half", 4);
		while (!p.eof && n_messages < 1 && !mem_fail_hit())
			fix_turn(&f);
		if (ws && !mem_fail_hit())
			ws_close(ws, 4000, "bye");
		done = !mem_fail_hit();
		for (int i = 0; i < 10; i++) /* on without memory */
			uv_run(&f.loop.uv, UV_RUN_NOWAIT);
		mem_fail_never();
		peer_close(&f, &p);
		fix_await_empty(&f);
		assert_int_equal(n_messages > 0 || !done, 1);
		assert_null(ws);
		fix_deinit(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accept_key),
		cmocka_unit_test(test_upgrade_reply),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_echo),
		cmocka_unit_test(test_frames_behind_the_request),
		cmocka_unit_test(test_late_accept),
		cmocka_unit_test(test_big_message_both_ways),
		cmocka_unit_test(test_peer_closes),
		cmocka_unit_test(test_peer_closes_without_code),
		cmocka_unit_test(test_we_close),
		cmocka_unit_test(test_close_is_not_answered),
		cmocka_unit_test(test_close_in_callback),
		cmocka_unit_test(test_long_close_reason),
		cmocka_unit_test(test_drain),
		cmocka_unit_test(test_free_while_open),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_message_rate),
		cmocka_unit_test(test_ping_rate),
		cmocka_unit_test(test_queue_overrun),
		cmocka_unit_test(test_ping_and_silence),
		cmocka_unit_test(test_message_too_slow),
		cmocka_unit_test(test_memory_of_an_idle_connection),
		cmocka_unit_test(test_out_of_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
