/*
 * One WebSocket: frames to messages for the owner, limits, pings, and the closing handshake.
 *
 * It replaces the HTTP connection it grew out of, so an idle WebSocket is this struct and its stream. Every
 * frame goes out in one write, so a failed write never leaves half a frame behind.
 *
 * Closing: OPEN → CLOSING (we have sent a close frame and still read, for the answer) → ENDED (nothing is
 * read any more, the stream flushes and lingers). A fault of the peer's leads to ENDED at once, because what
 * follows a broken frame cannot be read; so does the peer's own close frame, once answered.
 *
 * Invariants: the timer runs in OPEN (ping) and CLOSING (deadline) only; after ENDED the peer's bytes are
 * dropped; `closed` is called once, from the stream's `closed`. Thread: the loop's.
 */
#include "base/bucket.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "http/conn.h"
#include "http/ws_conn.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum ws_state { WS_OPEN, WS_CLOSING, WS_ENDED };

struct ws {
	struct http_slot slot;
	struct net_stream *stream;
	const struct ws_limits *limits;
	const struct ws_ops *ops; /* NULL until attached */
	void *arg;
	struct http_conn *upgrading; /* until it has handed over its input */
	struct wheel_timer timer;
	struct bucket messages;
	struct bucket controls;
	struct ws_codec codec;
	struct addr peer;
	uint64_t heard_ms;    /* the peer's last sign of life */
	uint64_t complete_ms; /* when last nothing was half received */
	uint16_t code;        /* for `closed`; 0: none yet */
	uint8_t state;
	bool pinged; /* since heard_ms */
};

static struct http_server *server_of(const struct ws *w)
{
	return w->slot.srv;
}

static struct loop *loop_of(const struct ws *w)
{
	return w->slot.srv->params.loop;
}

/* ---- out ---- */

static int send_frame(struct ws *w, enum ws_opcode opcode, const void *data, size_t n)
{
	const struct buf *frame;
	int r = ws_codec_compose(server_of(w)->ws_pool, opcode, data, n, &frame);
	return r ? r : net_stream_write(w->stream, buf_data(frame), buf_len(frame));
}

static int send_close(struct ws *w, int code, const char *reason)
{
	uint8_t payload[WS_CONTROL_MAX];
	size_t n = strnlen(reason, sizeof(payload) - 2);
	while (!text_is_utf8((const uint8_t *)reason, n))
		n--; /* cut in the middle of a character */
	payload[0] = (uint8_t)(code >> 8);
	payload[1] = (uint8_t)code;
	memcpy(payload + 2, reason, n);
	return send_frame(w, WS_CLOSE, payload, code == WS_CODE_NONE ? 0 : n + 2);
}

static void set_code(struct ws *w, int code)
{
	if (!w->code)
		w->code = (uint16_t)code;
}

/* Nothing more is said or read; what is queued goes out if the peer takes it. */
static void end(struct ws *w, int code)
{
	w->state = WS_ENDED;
	set_code(w, code);
	loop_timer_stop(loop_of(w), &w->timer);
	net_stream_finish(w->stream, w->limits->close_ms);
}

static void cut(struct ws *w, int code)
{
	w->state = WS_ENDED;
	set_code(w, code);
	loop_timer_stop(loop_of(w), &w->timer);
	net_stream_close(w->stream);
}

/* The peer has broken a rule. */
static void fail(struct ws *w, int code, const char *reason)
{
	if (w->state == WS_ENDED)
		return;
	server_of(w)->stats.ws_faults++;
	if (w->state == WS_OPEN && send_close(w, code, reason) < 0)
		cut(w, code);
	else
		end(w, code);
}

void ws_close(struct ws *w, int code, const char *reason)
{
	if (w->state != WS_OPEN)
		return;
	if (send_close(w, code, reason ? reason : "") < 0) {
		cut(w, code);
		return;
	}
	w->state = WS_CLOSING;
	set_code(w, code);
	loop_timer_start(loop_of(w), &w->timer, w->limits->close_ms);
}

/* The queue is full: try to say so past the cap of ours, then end. */
static int overrun(struct ws *w)
{
	server_of(w)->stats.ws_overruns++;
	if (send_close(w, WS_CODE_TRY_LATER, "send queue overrun") < 0)
		cut(w, WS_CODE_TRY_LATER);
	else
		end(w, WS_CODE_TRY_LATER);
	return -ENOBUFS;
}

int ws_send(struct ws *w, const char *data, size_t n)
{
	if (w->state != WS_OPEN)
		return -EPIPE;
	if (net_stream_queued(w->stream) + n > w->limits->queue_bytes)
		return overrun(w);
	int r = send_frame(w, WS_TEXT, data, n);
	if (r == -ENOBUFS)
		return overrun(w);
	server_of(w)->stats.ws_messages_out += r == 0;
	return r;
}

/* ---- in ---- */

static int on_message(void *arg, const uint8_t *data, size_t n)
{
	struct ws *w = arg;
	if (w->state != WS_OPEN)
		return 0; /* we are leaving */
	const struct ws_limits *l = w->limits;
	if (!bucket_take(&w->messages, 1, l->messages_per_s, l->messages_burst, w->heard_ms))
		return WS_CODE_POLICY;
	server_of(w)->stats.ws_messages_in++;
	if (w->ops)
		w->ops->message(w->arg, (const char *)data, n);
	return 0;
}

/* RFC 6455 §5.5.1: answer with the same code; the server closes first (§7.1.1). */
static void on_close_frame(struct ws *w, const uint8_t *data, size_t n)
{
	int code = ws_close_code(data, n);
	if (w->state == WS_OPEN && send_close(w, code, "") < 0)
		cut(w, code);
	else
		end(w, code);
}

static int on_control(void *arg, enum ws_opcode opcode, const uint8_t *data, size_t n)
{
	struct ws *w = arg;
	if (w->state == WS_ENDED)
		return 0;
	if (opcode == WS_CLOSE) {
		on_close_frame(w, data, n);
		return 0;
	}
	const struct ws_limits *l = w->limits;
	if (!bucket_take(&w->controls, 1, l->pings_per_s, l->pings_burst, w->heard_ms))
		return WS_CODE_POLICY;
	if (opcode == WS_PING && w->state == WS_OPEN)
		return send_frame(w, WS_PONG, data, n);
	return 0;
}

static const char *reason_of(int code)
{
	switch (code) {
	case WS_CODE_PROTOCOL:
		return "protocol error";
	case WS_CODE_UNSUPPORTED:
		return "text messages only";
	case WS_CODE_BAD_TEXT:
		return "not UTF-8";
	case WS_CODE_POLICY:
		return "too many messages";
	case WS_CODE_TOO_BIG:
		return "message too big";
	default:
		return "";
	}
}

static void feed(struct ws *w, const uint8_t *data, size_t n)
{
	static const struct ws_codec_sink sink = {.message = on_message, .control = on_control};
	if (w->state == WS_ENDED)
		return;
	w->heard_ms = loop_now_ms(loop_of(w));
	w->pinged = false;
	int r = ws_codec_feed(&w->codec, server_of(w)->ws_pool, data, n, &sink, w);
	if (!ws_codec_busy(&w->codec))
		w->complete_ms = w->heard_ms;
	if (r > 0) {
		fail(w, r, reason_of(r));
	} else if (r < 0 && w->state != WS_ENDED) {
		log_warn("websocket cut error=%s", strerror(-r));
		cut(w, WS_CODE_INTERNAL);
	}
}

static void on_data(void *arg, const uint8_t *data, size_t n)
{
	struct ws *w = arg;
	if (w->upgrading)
		http_conn_hand_over(w->upgrading);
	feed(w, data, n);
}

void ws_take_over(struct ws *w, bool paused, const uint8_t *data, size_t n)
{
	w->upgrading = NULL;
	if (server_of(w)->draining)
		ws_close(w, WS_CODE_GOING_AWAY, "");
	if (paused)
		net_stream_resume(w->stream);
	if (n > 0)
		feed(w, data, n);
}

/* ---- time ---- */

/*
 * Silence: a ping after one interval, the end after a second one. (Counted from the ping, so that a loop that
 * was held up does not take its own absence for the peer's.) A message may be under way for as long.
 */
static void watch(struct ws *w, uint64_t now_ms)
{
	uint64_t interval = w->limits->ping_ms;
	uint64_t silent = now_ms - w->heard_ms;
	if (w->pinged) {
		server_of(w)->stats.ws_faults++;
		cut(w, WS_CODE_ABNORMAL);
		return;
	}
	if (ws_codec_busy(&w->codec) && now_ms - w->complete_ms >= 2 * interval) {
		fail(w, WS_CODE_POLICY, "message too slow");
		return;
	}
	if (silent < interval) {
		loop_timer_start(loop_of(w), &w->timer, interval - silent);
		return;
	}
	w->pinged = true;
	if (send_frame(w, WS_PING, "", 0) < 0)
		cut(w, WS_CODE_ABNORMAL);
	else
		loop_timer_start(loop_of(w), &w->timer, interval);
}

static void on_timer(struct wheel_timer *t, uint64_t now_ms)
{
	struct ws *w = CONTAINER_OF(t, struct ws, timer);
	if (w->state == WS_OPEN)
		watch(w, now_ms);
	else
		cut(w, WS_CODE_ABNORMAL); /* no answer to our close frame */
}

/* ---- birth and end ---- */

static void on_closed(void *arg, int err)
{
	struct ws *w = arg;
	(void)err;
	struct http_server *srv = server_of(w);
	const struct ws_ops *ops = w->ops;
	void *ops_arg = w->arg;
	int code = w->code ? w->code : WS_CODE_ABNORMAL;
	if (w->upgrading)
		http_conn_drop_upgraded(w->upgrading);
	loop_timer_stop(loop_of(w), &w->timer);
	ws_codec_deinit(&w->codec, srv->ws_pool);
	srv->stats.ws_open--;
	http_slot_release(&w->slot);
	mem_free(w);
	if (ops)
		ops->closed(ops_arg, code);
}

static const struct net_stream_ops stream_ops = {.data = on_data, .closed = on_closed};

static void slot_drain(struct http_slot *slot)
{
	ws_close(CONTAINER_OF(slot, struct ws, slot), WS_CODE_GOING_AWAY, "");
}

static void slot_close(struct http_slot *slot)
{
	cut(CONTAINER_OF(slot, struct ws, slot), WS_CODE_GOING_AWAY);
}

static const struct http_slot_ops slot_ops = {.drain = slot_drain, .close = slot_close};

static int send_switch(struct http_conn *conn, const struct http_request *req, const char *subprotocol)
{
	char accept[WS_ACCEPT_KEY_MAX];
	char head[512];
	int r = ws_accept_key(http_header(req, "sec-websocket-key"), accept);
	if (r < 0)
		return r;
	int n = snprintf(
		head, sizeof(head),
		"HTTP/1.1 101 Switching Protocols\r\nDate: %s\r\nUpgrade: websocket\r\n"
		"Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\nSec-WebSocket-Protocol: %s\r\n\r\n",
		http_server_date(conn->slot.srv), accept, subprotocol);
	assert(n > 0 && (size_t)n < sizeof(head));
	return net_stream_write(conn->stream, head, (size_t)n);
}

/* @w takes conn's place. */
static void take_place(struct ws *w, struct http_conn *conn, const struct http_request *req,
		       const struct ws_limits *limits)
{
	uint64_t now_ms = loop_now_ms(conn->slot.srv->params.loop);
	w->stream = conn->stream;
	w->limits = limits;
	w->peer = *req->peer;
	w->heard_ms = w->complete_ms = now_ms;
	w->upgrading = conn;
	bucket_init(&w->messages, limits->messages_burst, now_ms);
	bucket_init(&w->controls, limits->pings_burst, now_ms);
	ws_codec_init(&w->codec, limits->message_bytes);
	wheel_timer_init(&w->timer, on_timer);
	http_slot_move(&w->slot, &conn->slot, &slot_ops);
	net_stream_attach(w->stream, &stream_ops, w);
	loop_timer_start(loop_of(w), &w->timer, limits->ping_ms);
}

int ws_accept(struct http_conn *conn, const struct http_request *req, const char *subprotocol,
	      const struct ws_limits *limits, struct ws **out)
{
	if (conn->state == HTTP_CONN_ENDING)
		return -EPIPE; /* cut while the answer was being made */
	assert(conn->state == HTTP_CONN_HANDLING);
	int r = -ENOMEM;
	struct ws *w = mem_zalloc(sizeof(*w));
	if (w)
		r = send_switch(conn, req, subprotocol);
	if (r < 0) {
		log_warn("websocket not opened error=%s", strerror(-r));
		mem_free(w);
		conn->gone = NULL;
		http_conn_cut(conn);
		return r;
	}
	take_place(w, conn, req, limits);
	server_of(w)->stats.replies[1]++;
	server_of(w)->stats.ws_open++;
	http_conn_upgraded(conn, w);
	*out = w;
	return 0;
}

void ws_attach(struct ws *w, const struct ws_ops *ops, void *arg)
{
	w->ops = ops;
	w->arg = arg;
}

const struct addr *ws_peer(const struct ws *w)
{
	return &w->peer;
}
