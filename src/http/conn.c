/*
 * One HTTP connection: bytes in, requests to the handler, in order.
 *
 * A request's parser exists from its first byte to its reply, so a connection that is idle between two
 * requests holds this struct and its stream, nothing else. While a reply is due, what else comes is put aside
 * and reading pauses; it does not pause before, because a stream that is not read does not notice that the
 * client has gone. Put-aside input is taken up again from the end of the loop's iteration, so http_reply()
 * never calls the handler.
 *
 * Invariants: parse is set in HANDLING and whenever a request has begun; at most one reply is due; the timer
 * runs except in HANDLING, ENDING and UPGRADED. Thread: the loop's.
 */
#include "http/conn.h"

#include "base/log.h"
#include "base/mem.h"
#include "http/ws_conn.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

/* One read of the loop's buffer, and what TLS may have had decrypted when reading was paused. */
#define INPUT_MAX (2 * LOOP_READ_BYTES)

/* With more than this unsent no further request is taken up. */
#define QUEUE_HIGH 65536

static const struct http_limits *limits_of(const struct http_conn *conn)
{
	return &conn->slot.srv->params.limits;
}

static struct loop *loop_of(const struct http_conn *conn)
{
	return conn->slot.srv->params.loop;
}

static void conn_free(struct http_conn *conn)
{
	loop_defer_cancel(&conn->defer);
	http_parse_free(conn->parse);
	buf_deinit(&conn->input);
	mem_free(conn);
}

void http_conn_cut(struct http_conn *conn)
{
	conn->state = HTTP_CONN_ENDING;
	loop_timer_stop(loop_of(conn), &conn->timer);
	net_stream_close(conn->stream);
}

static void start_timer(struct http_conn *conn, uint32_t ms)
{
	loop_timer_start(loop_of(conn), &conn->timer, ms);
}

/* Answer what cannot be parsed, or came too slowly, and end. */
static void refuse(struct http_conn *conn, int status)
{
	static const struct {
		int status;
		const char *code;
		const char *detail;
	} rows[] = {
		{400, "bad_request", "The request is not well-formed HTTP."},
		{408, "request_timeout", "The request took too long to arrive."},
		{413, "body_too_large", "The request body is larger than this server accepts."},
		{414, "target_too_long", "The request target is longer than this server accepts."},
		{417, "expectation_failed", "Only 100-continue can be expected."},
		{431, "headers_too_large",
		 "The request's header fields are larger than this server accepts."},
		{501, "not_implemented", "This method or transfer coding is not implemented."},
		{505, "version_not_supported", "Only HTTP/1.0 and HTTP/1.1 are supported."},
	};
	size_t i = 0;
	while (i + 1 < ARRAY_LEN(rows) && rows[i].status != status)
		i++;
	assert(rows[i].status == status);
	conn->slot.srv->stats.requests_refused++;
	conn->must_close = true;
	conn->state = HTTP_CONN_HANDLING;
	loop_timer_stop(loop_of(conn), &conn->timer);
	http_reply_error(conn, status, rows[i].code, rows[i].detail);
}

static void handle(struct http_conn *conn)
{
	struct http_server *srv = conn->slot.srv;
	struct http_request *req = http_parse_request(conn->parse);
	req->peer = net_stream_peer(conn->stream);
	req->is_tls = net_stream_is_tls(conn->stream);
	conn->state = HTTP_CONN_HANDLING;
	loop_timer_stop(srv->params.loop, &conn->timer);
	srv->stats.requests++;
	srv->params.handler(srv->params.arg, conn, req);
}

static void headers_done(struct http_conn *conn)
{
	static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
	conn->headers_seen = true;
	start_timer(conn, limits_of(conn)->body_ms);
	if (http_parse_wants_continue(conn->parse) &&
	    net_stream_write(conn->stream, text, sizeof(text) - 1) < 0)
		http_conn_cut(conn);
}

static bool begin(struct http_conn *conn)
{
	conn->parse = http_parse_new(limits_of(conn));
	if (!conn->parse)
		return false;
	conn->headers_seen = false;
	start_timer(conn, limits_of(conn)->header_ms);
	return true;
}

/* Feed the parser. Return: how many bytes it took; all of them once the connection is at its end. */
static size_t take(struct http_conn *conn, const uint8_t *data, size_t n)
{
	size_t used = n;
	int r = conn->parse || begin(conn) ? http_parse_feed(conn->parse, data, n, &used) : -ENOMEM;
	if (r < 0) {
		log_error("http request dropped error=%s", strerror(-r));
		http_conn_cut(conn);
	} else if (r > 0) {
		refuse(conn, r);
	} else if (http_parse_state(conn->parse) == HTTP_PARSE_DONE) {
		handle(conn);
	} else if (http_parse_state(conn->parse) == HTTP_PARSE_BODY && !conn->headers_seen) {
		headers_done(conn);
	}
	return used;
}

static void stash(struct http_conn *conn, const uint8_t *data, size_t n)
{
	if (buf_append(&conn->input, data, n) < 0) {
		http_conn_cut(conn);
		return;
	}
	if (!conn->paused) {
		conn->paused = true;
		net_stream_pause(conn->stream);
	}
}

/* May free @conn. */
static void process(struct http_conn *conn, const uint8_t *data, size_t n)
{
	conn->processing = true;
	while (n > 0 && conn->state == HTTP_CONN_READING) {
		size_t used = take(conn, data, n);
		data += used;
		n -= used;
	}
	conn->processing = false;
	if (n > 0 && conn->state != HTTP_CONN_ENDING)
		stash(conn, data, n);
	if (conn->state == HTTP_CONN_UPGRADED)
		http_conn_hand_over(conn);
}

static void go_on(struct loop_defer *d)
{
	struct http_conn *conn = CONTAINER_OF(d, struct http_conn, defer);
	if (conn->state == HTTP_CONN_UPGRADED) {
		http_conn_hand_over(conn);
		return;
	}
	if (conn->state != HTTP_CONN_READING)
		return;
	if (conn->paused) {
		conn->paused = false;
		net_stream_resume(conn->stream);
	}
	struct buf input = conn->input;
	buf_init(&conn->input, INPUT_MAX); /* moved out: processing may put some of it aside again */
	process(conn, buf_data(&input), buf_len(&input));
	buf_deinit(&input);
}

static void ignore_data(void *arg, const uint8_t *data, size_t n)
{
}

static void ignore_closed(void *arg, int err)
{
}

/* The first bytes are not HTTP but STUN: the stream gets another owner, and @conn goes. */
static void hand_to_stun(struct http_conn *conn, const uint8_t *data, size_t n)
{
	/* In case the new owner closes it at once. */
	static const struct net_stream_ops nobody = {.data = ignore_data, .closed = ignore_closed};
	const struct http_server_params *p = &conn->slot.srv->params;
	struct net_stream *s = conn->stream;
	loop_timer_stop(loop_of(conn), &conn->timer);
	net_stream_attach(s, &nobody, NULL);
	p->stun(p->arg, s, data, n);
	http_slot_release(&conn->slot);
	conn_free(conn);
}

static void on_data(void *arg, const uint8_t *data, size_t n)
{
	struct http_conn *conn = arg;
	bool first = !conn->spoken;
	conn->spoken = true;
	if (first && data[0] <= 3 && conn->state == HTTP_CONN_READING && conn->slot.srv->params.stun) {
		hand_to_stun(conn, data, n);
		return;
	}
	if (conn->state == HTTP_CONN_ENDING)
		return;
	if (conn->state != HTTP_CONN_READING || buf_len(&conn->input) > 0)
		stash(conn, data, n);
	else
		process(conn, data, n);
}

static void on_drained(void *arg)
{
	struct http_conn *conn = arg;
	if (conn->state != HTTP_CONN_DRAINING)
		return;
	conn->state = HTTP_CONN_READING;
	loop_defer(loop_of(conn), &conn->defer);
}

static void on_closed(void *arg, int err)
{
	struct http_conn *conn = arg;
	if (conn->gone)
		conn->gone(conn->gone_arg);
	loop_timer_stop(loop_of(conn), &conn->timer);
	http_slot_release(&conn->slot);
	conn_free(conn);
}

static const struct net_stream_ops stream_ops = {.data = on_data, .drained = on_drained, .closed = on_closed};

static void end(struct http_conn *conn)
{
	conn->state = HTTP_CONN_ENDING;
	loop_timer_stop(loop_of(conn), &conn->timer);
	net_stream_finish(conn->stream, limits_of(conn)->linger_ms);
}

/* A client that takes its reply, however slowly, is not idle. */
static bool still_taking(struct http_conn *conn)
{
	size_t queued = net_stream_queued(conn->stream);
	bool moved = queued > 0 && queued < conn->queued;
	conn->queued = queued;
	return moved;
}

static void on_timer(struct wheel_timer *t, uint64_t now_ms)
{
	struct http_conn *conn = CONTAINER_OF(t, struct http_conn, timer);
	if (conn->parse && http_parse_started(conn->parse)) {
		conn->slot.srv->stats.timeouts++;
		refuse(conn, 408);
	} else if (still_taking(conn)) {
		start_timer(conn, limits_of(conn)->idle_ms);
	} else if (net_stream_queued(conn->stream) > 0) {
		http_conn_cut(conn);
	} else {
		end(conn);
	}
}

static void slot_drain(struct http_slot *slot)
{
	struct http_conn *conn = CONTAINER_OF(slot, struct http_conn, slot);
	bool idle = conn->state == HTTP_CONN_READING && !conn->parse && buf_len(&conn->input) == 0;
	if (idle || conn->state == HTTP_CONN_DRAINING)
		end(conn);
}

static void slot_close(struct http_slot *slot)
{
	http_conn_cut(CONTAINER_OF(slot, struct http_conn, slot));
}

static const struct http_slot_ops slot_ops = {.drain = slot_drain, .close = slot_close};

int http_conn_new(struct http_slot *slot, struct net_stream *s)
{
	struct http_conn *conn = mem_zalloc(sizeof(*conn));
	if (!conn)
		return -ENOMEM;
	http_slot_move(&conn->slot, slot, &slot_ops);
	conn->stream = s;
	buf_init(&conn->input, INPUT_MAX);
	wheel_timer_init(&conn->timer, on_timer);
	loop_defer_init(&conn->defer, go_on);
	net_stream_attach(s, &stream_ops, conn);
	start_timer(conn, limits_of(conn)->header_ms);
	return 0;
}

void http_conn_replied(struct http_conn *conn, bool keep_alive)
{
	conn->gone = NULL;
	conn->parse = http_parse_free(conn->parse);
	if (!keep_alive) {
		end(conn);
		return;
	}
	conn->queued = SIZE_MAX;
	start_timer(conn, limits_of(conn)->idle_ms);
	if (net_stream_queued(conn->stream) > QUEUE_HIGH) {
		conn->state = HTTP_CONN_DRAINING;
		return;
	}
	conn->state = HTTP_CONN_READING;
	if (!conn->processing && (buf_len(&conn->input) > 0 || conn->paused))
		loop_defer(loop_of(conn), &conn->defer);
}

void http_conn_on_gone(struct http_conn *conn, void (*fn)(void *arg), void *arg)
{
	conn->gone = fn;
	conn->gone_arg = arg;
}

void http_conn_upgraded(struct http_conn *conn, struct ws *w)
{
	conn->state = HTTP_CONN_UPGRADED;
	conn->ws = w;
	conn->gone = NULL;
	conn->parse = http_parse_free(conn->parse);
	if (!conn->processing)
		loop_defer(loop_of(conn), &conn->defer);
}

void http_conn_drop_upgraded(struct http_conn *conn)
{
	conn_free(conn);
}

void http_conn_hand_over(struct http_conn *conn)
{
	struct ws *w = conn->ws;
	struct buf input = conn->input;
	buf_init(&conn->input, INPUT_MAX); /* moved out */
	bool paused = conn->paused;
	conn_free(conn);
	ws_take_over(w, paused, buf_data(&input), buf_len(&input));
	buf_deinit(&input);
}
