/*
 * What the files of src/net share about a stream; nobody else includes this.
 *
 * stream.c has the life of a stream and its calls, stream_io.c moves bytes between socket and owner, and
 * listener.c makes streams.
 */
#ifndef PARLEY_NET_STREAM_INTERNAL_H
#define PARLEY_NET_STREAM_INTERNAL_H

#include "base/buf.h"
#include "net/stream.h"

/* Only ever moves forward. */
enum stream_state {
	STREAM_OPEN,
	STREAM_FINISHING, /* the owner writes no more; the queue is being sent */
	STREAM_LINGERING, /* our FIN is out; waiting for the peer's, so that no reset overtakes the last bytes
			   */
	STREAM_CLOSED,    /* `closed` is on its way */
};

/* The part that only streams with TLS have. */
struct stream_tls {
	struct tls_conn *conn;
	struct buf cipher; /* made by TLS, not yet sent */
	struct buf held;   /* plaintext that came out of TLS after the owner had paused */
};

struct net_stream {
	uv_poll_t poll;
	struct loop *loop;
	const struct net_stream_ops *ops;
	void *arg;
	struct stream_tls *tls; /* NULL: plain */
	struct loop_defer defer;
	struct wheel_timer timer; /* handshake, stalled sending, or finish: see stream_timer_fired() */
	struct buf out;           /* what the owner wrote; plaintext where there is TLS */
	struct addr peer;
	struct addr local;
	int fd;
	int err;
	uint32_t linger_ms;
	uint32_t dropped_bytes; /* read and thrown away since the owner finished */
	uint8_t state;          /* enum stream_state */
	uint8_t armed;          /* events the poll handle waits for */
	bool paused : 1;        /* the owner wants no data */
	bool unread : 1;        /* paused, and the socket was found readable: not polled for reading */
	bool blocked : 1;       /* the kernel's send buffer is full */
	bool eof : 1;           /* the peer sends no more */
	bool drain_due : 1;     /* the owner has written since `drained` was last called */
	bool notified : 1;      /* close_notify, or an alert in its place, has been made */
};

struct stream_params {
	struct loop *loop;
	int fd; /* non-blocking; the stream's from now on if net_stream_new() succeeds */
	const struct addr *peer;
	const struct addr *local;
	struct tls_ctx *tls; /* NULL: plain */
	size_t queue_max;
	uint32_t handshake_ms;
};

/** net_stream_new() - a stream on an accepted socket. Return: 0; -ENOMEM; -errno of uv_poll_init(). */
int net_stream_new(const struct stream_params *p, struct net_stream **out) MUST_CHECK;

/** stream_fail() - close with @err (-errno) as the reason, unless there already is one. */
void stream_fail(struct net_stream *s, int err);

/** stream_poll_update() - wait for the events that the stream's state calls for. */
void stream_poll_update(struct net_stream *s);

/** stream_flush() - send what is queued, as far as the kernel takes it; goes on with finishing. */
void stream_flush(struct net_stream *s);

/** stream_on_poll() - uv_poll_cb. */
void stream_on_poll(uv_poll_t *poll, int status, int events);

/** stream_deliver_held() - after resuming: hand over what came out of TLS during the pause. */
void stream_deliver_held(struct net_stream *s);

/* The callbacks of a stream's TLS engine. */
extern const struct tls_io stream_tls_io;

static inline size_t stream_held(const struct net_stream *s)
{
	return s->tls ? buf_len(&s->tls->held) : 0;
}

static inline bool stream_handshaking(const struct net_stream *s)
{
	return s->tls && !tls_conn_established(s->tls->conn);
}

#endif
