/*
 * Streams: the life of a TCP connection, and the calls its owner makes.
 *
 * A stream stands on uv_poll_t and calls recv() and send() itself, where uv_tcp_t would do that for it: the
 * handle is 88 bytes smaller, a write request (192 bytes) is not needed, and the socket can later be handed
 * to another loop. A plain stream is one allocation; a buffer exists only while there is something in it.
 *
 * No call of the owner's leads to a callback from inside that call: writes are put off to the end of the
 * loop's iteration (where all of them leave in one send()), and `closed` comes from libuv's closing phase. So
 * the owner may close a stream, or itself, in any callback.
 *
 * Invariants: the deferred work and the timer are off once CLOSED; the socket is closed the moment the stream
 * is; memory that may be in use further up the call stack (TLS) lives until `closed` has returned.
 *
 * Thread: the loop's.
 */
#include "net/stream_internal.h"

#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

/* One batch of plaintext (64 KiB) with the records' overhead, and room for handshake flights and alerts. */
#define CIPHER_MAX (128 * 1024)
/* One recv() of ciphertext can give this much plaintext, with the record that was begun before it. */
#define HELD_MAX (LOOP_READ_BYTES + 16384)

static void run_deferred(struct loop_defer *d)
{
	struct net_stream *s = CONTAINER_OF(d, struct net_stream, defer);
	stream_deliver_held(s);
	/* While the kernel's buffer is full another send() would be for nothing: the poll event does it. */
	if (s->state != STREAM_CLOSED && !s->blocked)
		stream_flush(s);
}

/* One timer for three deadlines, because no two of them ever run at the same time. */
static void stream_timer_fired(struct wheel_timer *t, uint64_t now_ms)
{
	struct net_stream *s = CONTAINER_OF(t, struct net_stream, timer);
	/* A peer that keeps its side open after all was sent has done nothing wrong. */
	stream_fail(s, s->state == STREAM_LINGERING ? 0 : -ETIMEDOUT);
}

static struct stream_tls *stream_tls_free(struct stream_tls *t)
{
	if (!t)
		return NULL;
	tls_conn_free(t->conn);
	buf_deinit(&t->cipher);
	buf_deinit(&t->held);
	mem_free(t);
	return NULL;
}

static int stream_tls_new(struct net_stream *s, struct tls_ctx *ctx)
{
	struct stream_tls *t = mem_zalloc(sizeof(*t));
	if (!t)
		return -ENOMEM;
	buf_init(&t->cipher, CIPHER_MAX);
	buf_init(&t->held, HELD_MAX);
	t->conn = tls_conn_new(ctx, &stream_tls_io, s);
	if (!t->conn) {
		stream_tls_free(t);
		return -ENOMEM;
	}
	s->tls = t;
	return 0;
}

int net_stream_new(const struct stream_params *p, struct net_stream **out)
{
	struct net_stream *s = mem_zalloc(sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->loop = p->loop;
	s->fd = p->fd;
	s->peer = *p->peer;
	s->local = *p->local;
	buf_init(&s->out, p->queue_max);
	loop_defer_init(&s->defer, run_deferred);
	wheel_timer_init(&s->timer, stream_timer_fired);
	int r = p->tls ? stream_tls_new(s, p->tls) : 0;
	if (r < 0)
		goto free_stream;
	r = uv_poll_init(&p->loop->uv, &s->poll, p->fd);
	if (r < 0)
		goto free_tls;
	if (s->tls)
		loop_timer_start(s->loop, &s->timer, p->handshake_ms);
	stream_poll_update(s);
	*out = s;
	return 0;

free_tls:
	stream_tls_free(s->tls);
free_stream:
	mem_free(s);
	return r;
}

static void on_closed(uv_handle_t *h)
{
	struct net_stream *s = CONTAINER_OF((uv_poll_t *)h, struct net_stream, poll);
	if (s->ops)
		s->ops->closed(s->arg, s->err);
	stream_tls_free(s->tls);
	mem_free(s);
}

void net_stream_close(struct net_stream *s)
{
	loop_assert_thread(s->loop);
	if (s->state == STREAM_CLOSED)
		return;
	s->state = STREAM_CLOSED;
	loop_timer_stop(s->loop, &s->timer);
	loop_defer_cancel(&s->defer);
	buf_deinit(&s->out);
	uv_close((uv_handle_t *)&s->poll, on_closed);
	close(s->fd);
	s->fd = -1;
}

void stream_fail(struct net_stream *s, int err)
{
	if (s->state == STREAM_CLOSED)
		return;
	if (!s->err)
		s->err = err;
	net_stream_close(s);
}

void net_stream_attach(struct net_stream *s, const struct net_stream_ops *ops, void *arg)
{
	loop_assert_thread(s->loop);
	assert(ops->data && ops->closed);
	s->ops = ops;
	s->arg = arg;
}

int net_stream_write(struct net_stream *s, const void *data, size_t n)
{
	loop_assert_thread(s->loop);
	if (s->state != STREAM_OPEN)
		return -EPIPE;
	/* Ciphertext still to be sent counts as well, or a peer that does not read would get two caps. */
	if (s->tls && n + buf_len(&s->out) + buf_len(&s->tls->cipher) > s->out.max)
		return -ENOBUFS;
	int r = buf_append(&s->out, data, n);
	if (r < 0)
		return r;
	if (n) {
		s->drain_due = true;
		loop_defer(s->loop, &s->defer);
	}
	return 0;
}

void net_stream_finish(struct net_stream *s, uint32_t linger_ms)
{
	loop_assert_thread(s->loop);
	if (s->state != STREAM_OPEN)
		return;
	s->state = STREAM_FINISHING;
	s->linger_ms = linger_ms;
	/* What the peer still sends is read and dropped, or the kernel would answer it with a reset. */
	s->paused = s->unread = false;
	if (s->tls)
		buf_deinit(&s->tls->held);
	loop_timer_start(s->loop, &s->timer, linger_ms);
	stream_poll_update(s);
	if (s->state != STREAM_CLOSED)
		loop_defer(s->loop, &s->defer);
}

void net_stream_pause(struct net_stream *s)
{
	loop_assert_thread(s->loop);
	/* Polling is stopped only if more data turns up: a pause that ends before costs no system call. */
	if (s->state == STREAM_OPEN)
		s->paused = true;
}

void net_stream_resume(struct net_stream *s)
{
	loop_assert_thread(s->loop);
	if (s->state != STREAM_OPEN || !s->paused)
		return;
	s->paused = s->unread = false;
	if (stream_held(s))
		loop_defer(s->loop, &s->defer);
	stream_poll_update(s);
}

const struct addr *net_stream_peer(const struct net_stream *s)
{
	return &s->peer;
}

const struct addr *net_stream_local(const struct net_stream *s)
{
	return &s->local;
}

bool net_stream_is_tls(const struct net_stream *s)
{
	return s->tls != NULL;
}

size_t net_stream_queued(const struct net_stream *s)
{
	return buf_len(&s->out) + (s->tls ? buf_len(&s->tls->cipher) : 0);
}

struct loop *net_stream_loop(const struct net_stream *s)
{
	return s->loop;
}
