/*
 * The way of bytes through a stream: from the socket, through TLS where there is some, to the owner, and
 * back.
 *
 *   out:  net_stream_write → s->out → [TLS: records of up to 16 KiB → tls->cipher] → send()
 *   in:   recv() into the loop's shared buffer → [TLS] → ops->data
 *
 * Plaintext is encrypted only when it is about to be sent, and no further batch before the last one has gone:
 * many small messages share a record, and while the peer does not read there is one copy of what waits, not
 * two.
 *
 * After every call into the owner or into TLS the stream may be CLOSED; it is never freed under us, as that
 * happens in libuv's closing phase.
 *
 * Thread: the loop's.
 */
#include "net/stream_internal.h"

#include "base/log.h"

#include <errno.h>
#include <sys/socket.h>

#define TLS_BATCH_BYTES 65536
/* A peer whose kernel takes nothing for so long while we have something for it is given up. */
#define STALL_MS 60000
/* The peer has ended its side: how long it may take to read what was already queued for it. */
#define EOF_LINGER_MS 10000
/* After a broken handshake: time for the alert to arrive before the connection goes. */
#define ALERT_LINGER_MS 1000
/* Read and thrown away after the owner finished; a peer that sends more does not listen anyway. */
#define DROP_MAX_BYTES (1024 * 1024)

void stream_poll_update(struct net_stream *s)
{
	int events = 0;
	if (!s->eof && !s->unread)
		events |= UV_READABLE;
	if (s->blocked)
		events |= UV_WRITABLE;
	/* Never quite deaf: a reset is noticed during a pause too, and the handle goes on keeping the loop
	 * alive. */
	if (events == 0)
		events = UV_PRIORITIZED;
	if (events == s->armed)
		return;
	int r = uv_poll_start(&s->poll, events, stream_on_poll);
	if (r < 0) {
		log_error("polling a stream failed error=%s", uv_strerror(r));
		stream_fail(s, r);
		return;
	}
	s->armed = (uint8_t)events;
}

/* ---- out ---- */

/* The buffer whose bytes are for the socket. */
static struct buf *wire_buf(struct net_stream *s)
{
	return s->tls ? &s->tls->cipher : &s->out;
}

/* Moves a batch from plaintext to ciphertext. Return: 0; -errno: the stream has been closed. */
static int encrypt_batch(struct net_stream *s)
{
	size_t n = buf_len(&s->out);
	if (n > TLS_BATCH_BYTES)
		n = TLS_BATCH_BYTES;
	int r = tls_conn_write(s->tls->conn, buf_data(&s->out), n);
	if (r < 0) {
		stream_fail(s, r);
		return r;
	}
	buf_consume(&s->out, n);
	return 0;
}

/* Makes sure there is something for the socket if there can be. Return: whether there is. */
static bool fill_wire(struct net_stream *s)
{
	if (!s->tls || buf_len(&s->tls->cipher))
		return buf_len(wire_buf(s)) > 0;
	if (buf_len(&s->out))
		return tls_conn_established(s->tls->conn) && encrypt_batch(s) == 0;
	if (s->state != STREAM_FINISHING || s->notified)
		return false;
	s->notified = true;
	tls_conn_shutdown(s->tls->conn);
	return buf_len(&s->tls->cipher) > 0;
}

static void set_blocked(struct net_stream *s, bool blocked)
{
	s->blocked = blocked;
	stream_poll_update(s);
}

/* Progress, or the lack of it, moves the deadline for sending. The handshake's stands as it is. */
static void update_send_deadline(struct net_stream *s, bool progress)
{
	if (s->state == STREAM_FINISHING) {
		if (progress)
			loop_timer_start(s->loop, &s->timer, s->linger_ms);
	} else if (s->state == STREAM_OPEN && !stream_handshaking(s)) {
		if (!s->blocked)
			loop_timer_stop(s->loop, &s->timer);
		else if (progress || !wheel_timer_active(&s->timer))
			loop_timer_start(s->loop, &s->timer, STALL_MS);
	}
}

/* One send(). Return: whether all that was in the wire buffer has gone. */
static bool send_wire(struct net_stream *s)
{
	struct buf *b = wire_buf(s);
	ssize_t n;
	do
		n = send(s->fd, buf_data(b), buf_len(b), MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno != EAGAIN) {
		stream_fail(s, -errno);
		return false;
	}
	if (n > 0)
		buf_consume(b, (size_t)n);
	bool gone = buf_len(b) == 0;
	/* The kernel took less than it was offered: it is full, no need to ask again. */
	if (!gone)
		set_blocked(s, true);
	if (s->state != STREAM_CLOSED)
		update_send_deadline(s, n > 0);
	return gone;
}

/* All is sent: our FIN, then wait for the peer's unless it is already here. */
static void send_fin(struct net_stream *s)
{
	if (shutdown(s->fd, SHUT_WR) < 0 || s->eof) {
		net_stream_close(s);
		return;
	}
	s->state = STREAM_LINGERING;
	loop_timer_start(s->loop, &s->timer, s->linger_ms);
}

/* TLS sends things of its own as well, which the owner knows nothing of. */
static void call_drained(struct net_stream *s)
{
	if (!s->drain_due)
		return;
	s->drain_due = false;
	if (s->ops && s->ops->drained)
		s->ops->drained(s->arg);
}

void stream_flush(struct net_stream *s)
{
	while (fill_wire(s))
		if (!send_wire(s))
			return;
	if (s->state == STREAM_CLOSED)
		return;
	if (s->blocked)
		set_blocked(s, false);
	if (s->state == STREAM_OPEN)
		update_send_deadline(s, false);
	buf_release(&s->out);
	if (s->tls)
		buf_release(&s->tls->cipher);
	/* Plaintext that waits for the handshake is all that can be left here. */
	if (s->state == STREAM_CLOSED || buf_len(&s->out))
		return;
	if (s->state == STREAM_FINISHING)
		send_fin(s);
	else if (s->state == STREAM_OPEN)
		call_drained(s);
}

/* ---- in ---- */

/* The peer has ended its side. What is queued for it is still sent: it may only have half-closed. */
static void handle_eof(struct net_stream *s)
{
	s->eof = true;
	stream_poll_update(s);
	if (s->state == STREAM_CLOSED || stream_held(s))
		return;
	bool nothing_owed = s->state == STREAM_OPEN && !s->tls && !net_stream_queued(s);
	if (s->state == STREAM_LINGERING || nothing_owed || stream_handshaking(s))
		net_stream_close(s);
	else
		net_stream_finish(s, EOF_LINGER_MS);
}

/* TLS has failed; an alert that says so may be waiting in the cipher buffer. */
static void abort_tls(struct net_stream *s, int err)
{
	if (err != -EPROTO) {
		stream_fail(s, err);
		return;
	}
	if (!s->err)
		s->err = err;
	s->notified = true;
	buf_clear(&s->out);
	net_stream_finish(s, ALERT_LINGER_MS);
	/* Where the owner had finished before, that call changed nothing; the alert is still to be sent. */
	if (s->state != STREAM_CLOSED)
		loop_defer(s->loop, &s->defer);
}

static void feed_tls(struct net_stream *s, const uint8_t *data, size_t n)
{
	bool was_handshaking = stream_handshaking(s);
	int r = tls_conn_input(s->tls->conn, data, n);
	if (s->state == STREAM_CLOSED)
		return;
	if (r < 0) {
		abort_tls(s, r);
		return;
	}
	if (was_handshaking && tls_conn_established(s->tls->conn)) {
		update_send_deadline(s, true);
		loop_defer(s->loop, &s->defer);
	}
	if (r == 1)
		handle_eof(s);
}

static void handle_bytes(struct net_stream *s, const uint8_t *data, size_t n)
{
	if (s->state != STREAM_OPEN) {
		s->dropped_bytes += (uint32_t)n;
		if (s->dropped_bytes > DROP_MAX_BYTES) {
			net_stream_close(s);
			return;
		}
	}
	if (!s->tls) {
		if (s->state == STREAM_OPEN)
			s->ops->data(s->arg, data, n);
		return;
	}
	/* A stream finished during its handshake still has to complete it to get its queue out. */
	if (s->state == STREAM_OPEN || (s->state == STREAM_FINISHING && !s->notified))
		feed_tls(s, data, n);
}

static void read_once(struct net_stream *s)
{
	if (s->paused) {
		s->unread = true;
		stream_poll_update(s);
		return;
	}
	if (stream_held(s))
		return; /* delivered at the end of this iteration; what is in the socket comes after it */
	ssize_t n = recv(s->fd, s->loop->read_buf, LOOP_READ_BYTES, 0);
	if (n > 0)
		handle_bytes(s, s->loop->read_buf, (size_t)n);
	else if (n == 0)
		handle_eof(s);
	else if (errno != EAGAIN && errno != EINTR)
		stream_fail(s, -errno);
}

/* Closes for the reason that the socket tells. Urgent data, which nobody sends with good intent, ends here
 * too. */
static void fail_by_socket(struct net_stream *s)
{
	int err = 0;
	socklen_t len = sizeof(err);
	if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0 || err == 0)
		err = ECONNRESET;
	stream_fail(s, -err);
}

/* libuv has stopped polling because the socket has an error. Bytes that came before it are still read. */
static void handle_poll_error(struct net_stream *s)
{
	s->armed = 0;
	if (s->paused || s->eof) {
		fail_by_socket(s);
		return;
	}
	read_once(s);
	if (s->state != STREAM_CLOSED)
		stream_poll_update(s);
}

void stream_on_poll(uv_poll_t *poll, int status, int events)
{
	struct net_stream *s = CONTAINER_OF(poll, struct net_stream, poll);
	if (status < 0) {
		handle_poll_error(s);
		return;
	}
	if (events & UV_PRIORITIZED) {
		fail_by_socket(s);
		return;
	}
	if (events & UV_READABLE)
		read_once(s);
	if ((events & UV_WRITABLE) && s->state != STREAM_CLOSED)
		stream_flush(s);
}

void stream_deliver_held(struct net_stream *s)
{
	if (s->state != STREAM_OPEN || s->paused || !stream_held(s))
		return;
	/* Taken out first: during the callback the owner may pause, and TLS may hold more. */
	struct buf held = s->tls->held;
	buf_init(&s->tls->held, held.max);
	s->ops->data(s->arg, buf_data(&held), buf_len(&held));
	buf_deinit(&held);
	if (s->state == STREAM_OPEN && s->eof)
		handle_eof(s);
}

/* ---- TLS engine callbacks ---- */

static void tls_plain(void *arg, const uint8_t *data, size_t n)
{
	struct net_stream *s = arg;
	if (s->state != STREAM_OPEN)
		return;
	if (!s->paused && !stream_held(s)) {
		s->ops->data(s->arg, data, n);
		return;
	}
	int r = buf_append(&s->tls->held, data, n);
	if (r < 0)
		stream_fail(s, r);
}

static int tls_cipher(void *arg, const uint8_t *data, size_t n)
{
	struct net_stream *s = arg;
	if (s->state == STREAM_CLOSED)
		return -EPIPE;
	int r = buf_append(&s->tls->cipher, data, n);
	if (r < 0)
		return r;
	loop_defer(s->loop, &s->defer);
	return 0;
}

static bool tls_alive(void *arg)
{
	const struct net_stream *s = arg;
	return s->state != STREAM_CLOSED;
}

const struct tls_io stream_tls_io = {.plain = tls_plain, .cipher = tls_cipher, .alive = tls_alive};
