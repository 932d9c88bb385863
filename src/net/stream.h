/*
 * TCP listeners, and streams: a TCP connection, with TLS or without, seen as bytes in and bytes out.
 *
 * Writes are gathered and leave in one system call at the end of the loop's iteration. The send queue has a
 * cap; the peer that does not read is cut off, not waited for.
 * Thread: the loop's.
 */
#ifndef PARLEY_NET_STREAM_H
#define PARLEY_NET_STREAM_H

#include "base/addr.h"
#include "loop/loop.h"
#include "net/tls.h"

struct net_stream;
struct net_listener;

/* What a stream calls; @arg is what net_stream_attach() was given. */
struct net_stream_ops {
	/* @n > 0 bytes, valid during the call. The callee may close the stream. */
	void (*data)(void *arg, const uint8_t *data, size_t n);
	/* Everything queued has been handed to the kernel. May be NULL. */
	void (*drained)(void *arg);
	/*
	 * Called once, last, for every stream that was attached, also after net_stream_close(): the stream is
	 * gone after it. @err: 0 the peer or we closed; -EPROTO broken TLS; -ETIMEDOUT handshake, or a peer
	 * that took nothing for a minute; other -errno. Never called from within a net_stream_*() call.
	 */
	void (*closed)(void *arg, int err);
};

struct net_listen_params {
	struct addr addr;
	int backlog;
	bool reuse_port; /* several listeners, of as many loops, share the port: SO_REUSEPORT */
	/* NULL: plain. Pointed to, so that a reloaded context is used from the next accept on. */
	struct tls_ctx **tls;
	size_t queue_max;      /* send queue cap of each stream, bytes */
	uint32_t handshake_ms; /* a TLS handshake takes no longer; else `closed` with -ETIMEDOUT */
	/*
	 * Takes over @s: attach, or finish or close it. With TLS this is before the handshake, so that a
	 * stream counts from its first moment on; what is written during the handshake leaves after it.
	 */
	void (*accept)(void *arg, struct net_stream *s);
	void *arg;
};

/**
 * net_listen() - bind and listen
 * Return: 0; -EADDRINUSE, -EACCES, …. Port 0 picks a free one: see net_listener_addr().
 */
int net_listen(struct loop *l, const struct net_listen_params *p, struct net_listener **out) MUST_CHECK;

/** net_listener_close() - stop accepting; frees @ln by the end of the loop. NULL-safe. */
void net_listener_close(struct net_listener *ln);
const struct addr *net_listener_addr(const struct net_listener *ln);

/** net_stream_attach() - who gets the stream's events from now on; again to hand it to another layer. */
void net_stream_attach(struct net_stream *s, const struct net_stream_ops *ops, void *arg);

/**
 * net_stream_write() - queue a copy of @data
 * Return: 0; -ENOBUFS: over the cap; -ENOMEM; -EPIPE: closing. On failure nothing was queued.
 */
int net_stream_write(struct net_stream *s, const void *data, size_t n) MUST_CHECK;

/**
 * net_stream_finish() - close once all that is queued is sent (with TLS: close_notify; then FIN)
 * No `data` and no `drained` come any more. Sending is given up when the peer takes nothing for @linger_ms.
 * After that the peer's FIN is waited for, no longer than @linger_ms: closing at once while the peer still
 * sends would reset the connection and could destroy the last bytes on their way.
 */
void net_stream_finish(struct net_stream *s, uint32_t linger_ms);

/** net_stream_close() - close now and drop the queue; `closed` follows from the loop. */
void net_stream_close(struct net_stream *s);

/**
 * net_stream_pause() - no `data` until net_stream_resume() (back pressure)
 * Costs no system call unless data arrives meanwhile. That the peer has ended its side is noticed only after
 * it; a reset ends the stream at once.
 */
void net_stream_pause(struct net_stream *s);
void net_stream_resume(struct net_stream *s);

const struct addr *net_stream_peer(const struct net_stream *s);
const struct addr *net_stream_local(const struct net_stream *s);
bool net_stream_is_tls(const struct net_stream *s);
size_t net_stream_queued(const struct net_stream *s);
struct loop *net_stream_loop(const struct net_stream *s);

#endif
