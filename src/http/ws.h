/*
 * WebSocket (RFC 6455) connections, server side. wslay reads and writes frames; this joins fragments, answers
 * pings, checks UTF-8 and close codes, keeps to the limits, and pings by itself.
 *
 * An idle connection holds no buffer and no wslay context: contexts are lent while a frame is in flight,
 * because one costs 4 KiB. Thread: the loop's.
 */
#ifndef PARLEY_HTTP_WS_H
#define PARLEY_HTTP_WS_H

#include "http/http.h"

struct ws;

struct ws_limits {
	size_t message_bytes; /* longer: 1009, judged by the frame header */
	uint32_t messages_per_s;
	uint32_t messages_burst;
	uint32_t pings_per_s; /* control frames from the peer; more: 1008 */
	uint32_t pings_burst;
	uint32_t ping_ms;   /* we ping after so long a silence and close after two */
	uint32_t close_ms;  /* how long the peer may take to answer a close frame */
	size_t queue_bytes; /* send queue cap: over it, 1013 is tried and the connection cut */
};

struct ws_ops {
	/* A whole text message, valid UTF-8, valid during the call. The callee may call ws_close(). */
	void (*message)(void *arg, const char *data, size_t n);
	/* Called once, last. @code: the close code received or sent; 1006 where there was none. */
	void (*closed)(void *arg, int code);
};

/**
 * ws_check() - is this a well-formed WebSocket handshake (RFC 6455 §4.2.1) offering @subprotocol?
 * Return: 0; an HTTP status to refuse with: 400; 405; 426 (not an upgrade, or a version other than 13).
 */
int ws_check(const struct http_request *req, const char *subprotocol);

/**
 * ws_accept() - answer 101 and turn the connection into a WebSocket. ws_check() said 0 before.
 * @limits and @ops outlive it.
 * Return: 0 and @out; -ENOMEM; -EPIPE. On failure the connection has been closed.
 */
int ws_accept(struct http_conn *conn, const struct http_request *req, const char *subprotocol,
	      const struct ws_limits *limits, struct ws **out) MUST_CHECK;

/** ws_attach() - who gets the events; call right after ws_accept(). */
void ws_attach(struct ws *w, const struct ws_ops *ops, void *arg);

/** ws_send() - queue a text message. Return: 0; -ENOBUFS (the connection is being cut); -ENOMEM; -EPIPE
 * (closing). */
int ws_send(struct ws *w, const char *data, size_t n) MUST_CHECK;

/** ws_close() - send a close frame and close once it is answered, or after close_ms. @reason: at most 123
 * bytes. */
void ws_close(struct ws *w, int code, const char *reason);

const struct addr *ws_peer(const struct ws *w);

#endif
