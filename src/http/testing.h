/*
 * What the socket tests of src/http share: a server on loopback and its clients, all on one loop and in one
 * thread. The clients' sockets are watched by the same loop, so a test waits for what it expects by letting
 * the loop run, and never for time. Included by tests alone.
 */
#ifndef PARLEY_HTTP_TESTING_H
#define PARLEY_HTTP_TESTING_H

#include "base/mem.h"
#include "http/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Ends a test that would hang; no test waits for it. */
#define HANG_MS 20000

struct fix;
typedef void (*fix_handler_fn)(struct fix *f, struct http_conn *conn, const struct http_request *req);

struct fix {
	struct loop loop;
	struct http_server_params params;
	struct http_server *srv;
	struct net_listener *ln;
	size_t queue_max;
	uv_timer_t hang;
	bool hung;
	fix_handler_fn handler;
	void *extra;
	int n_handled;
	struct http_conn *conn; /* the last one a handler was called with */
	int n_gone;
};

/* A client. */
struct peer {
	uv_poll_t poll;
	int fd;
	char in[1 << 20];
	size_t n;
	bool eof;
	int err;
};

static inline void fix_on_hang(uv_timer_t *t)
{
	struct fix *f = CONTAINER_OF(t, struct fix, hang);
	f->hung = true;
}

static inline void fix_handle(void *arg, struct http_conn *conn, const struct http_request *req)
{
	struct fix *f = arg;
	f->n_handled++;
	f->conn = conn;
	f->handler(f, conn, req);
}

/* Limits a test may change before fix_start(). */
static inline void fix_init(struct fix *f, fix_handler_fn handler)
{
	*f = (struct fix){.handler = handler, .queue_max = 8 << 20};
	assert_int_equal(loop_init(&f->loop), 0);
	uv_timer_init(&f->loop.uv, &f->hang);
	uv_timer_start(&f->hang, fix_on_hang, HANG_MS, 0);
	uv_unref((uv_handle_t *)&f->hang);
	f->params = (struct http_server_params){
		.loop = &f->loop,
		.limits = {.target_bytes = 200,
			   .header_bytes = 2000,
			   .header_count = 20,
			   .body_bytes = 100000,
			   .header_ms = HANG_MS,
			   .body_ms = HANG_MS,
			   .idle_ms = HANG_MS,
			   .linger_ms = HANG_MS,
			   .connections = 100,
			   .connections_per_prefix = 100},
		.handler = fix_handle,
		.arg = f,
	};
}

/* Return: 0; -ENOMEM, for the sweeps. */
static inline int fix_try_start(struct fix *f)
{
	f->srv = http_server_new(&f->params);
	if (!f->srv)
		return -ENOMEM;
	struct net_listen_params p = {.queue_max = f->queue_max,
				      .handshake_ms = HANG_MS,
				      .accept = http_server_accept,
				      .arg = f->srv,
				      .backlog = 16};
	int r = addr_parse(&p.addr, "127.0.0.1", 0);
	return r ? r : net_listen(&f->loop, &p, &f->ln);
}

static inline void fix_start(struct fix *f)
{
	assert_int_equal(fix_try_start(f), 0);
}

static inline void fix_turn(struct fix *f)
{
	assert_false(f->hung);
	uv_run(&f->loop.uv, UV_RUN_ONCE);
}

/* Closes everything, also what a test has left open; ASan tells if that forgets anything. */
static inline void fix_deinit(struct fix *f)
{
	net_listener_close(f->ln);
	f->srv = http_server_free(f->srv);
	uv_close((uv_handle_t *)&f->hang, NULL);
	loop_run(&f->loop);
	loop_deinit(&f->loop);
}

/* ---- clients ---- */

static inline void peer_on_poll(uv_poll_t *poll, int status, int events)
{
	struct peer *p = CONTAINER_OF(poll, struct peer, poll);
	ssize_t n = recv(p->fd, p->in + p->n, sizeof(p->in) - 1 - p->n, MSG_DONTWAIT);
	if (n > 0) {
		p->n += (size_t)n;
		p->in[p->n] = 0;
		return;
	}
	if (n < 0 && errno == EAGAIN)
		return;
	p->eof = true;
	p->err = n < 0 ? errno : 0;
	uv_poll_stop(poll);
}

static inline void peer_connect(struct fix *f, struct peer *p)
{
	const struct addr *to = net_listener_addr(f->ln);
	p->n = 0;
	p->in[0] = 0;
	p->eof = false;
	p->err = 0;
	p->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(p->fd >= 0);
	assert_int_equal(connect(p->fd, &to->sa, addr_len(to)), 0);
	assert_int_equal(fcntl(p->fd, F_SETFL, O_NONBLOCK), 0);
	uv_poll_init(&f->loop.uv, &p->poll, p->fd);
	uv_poll_start(&p->poll, UV_READABLE, peer_on_poll);
}

/* Sends all, letting the server run where the socket is full; stops where the connection is gone. */
static inline void peer_send_n(struct fix *f, struct peer *p, const void *data, size_t n)
{
	const char *at = data;
	while (n > 0 && !p->eof) {
		ssize_t k = send(p->fd, at, n, MSG_NOSIGNAL);
		if (k < 0 && errno != EAGAIN)
			return;
		if (k > 0) {
			at += k;
			n -= (size_t)k;
		} else {
			fix_turn(f);
		}
	}
}

static inline void peer_send(struct fix *f, struct peer *p, const char *text)
{
	peer_send_n(f, p, text, strlen(text));
}

/* Until what has come holds @text @count times, or the connection has ended. Return: whether it does. */
static inline bool peer_await_n(struct fix *f, struct peer *p, const char *text, int count)
{
	for (;;) {
		int seen = 0;
		for (const char *at = p->in; seen < count && (at = strstr(at, text)); at += strlen(text))
			seen++;
		if (seen == count || p->eof)
			return seen == count;
		fix_turn(f);
	}
}

static inline bool peer_await(struct fix *f, struct peer *p, const char *text)
{
	return peer_await_n(f, p, text, 1);
}

/* Until the server has ended the connection. */
static inline void peer_await_eof(struct fix *f, struct peer *p)
{
	while (!p->eof)
		fix_turn(f);
}

static inline void peer_close(struct fix *f, struct peer *p)
{
	bool gone = false;
	p->poll.data = &gone;
	uv_close((uv_handle_t *)&p->poll, NULL);
	close(p->fd);
	uv_run(&f->loop.uv, UV_RUN_NOWAIT);
}

/* Lets the loop run until the server has no connection any more. */
static inline void fix_await_empty(struct fix *f)
{
	while (http_server_count(f->srv) > 0)
		fix_turn(f);
}

#endif
