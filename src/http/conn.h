/*
 * Inside of an HTTP connection, for conn.c, reply.c and the upgrade to a WebSocket.
 * Thread: the loop's.
 */
#ifndef PARLEY_HTTP_CONN_H
#define PARLEY_HTTP_CONN_H

#include "http/parse.h"
#include "http/server.h"

struct ws;

enum http_conn_state {
	HTTP_CONN_READING,  /* idle, or in the middle of a request */
	HTTP_CONN_HANDLING, /* a reply is due */
	HTTP_CONN_DRAINING, /* the client is slow to take replies: nothing is read until they are out */
	HTTP_CONN_ENDING,   /* the last reply is on its way; input is dropped */
	HTTP_CONN_UPGRADED, /* a WebSocket has taken the stream; what is left of the input goes there */
};

struct http_conn {
	struct http_slot slot;
	struct net_stream *stream;
	struct http_parse *parse; /* while a request is in hand */
	struct wheel_timer timer;
	struct buf input;        /* what came while a reply was due */
	struct loop_defer defer; /* goes on with `input` */
	void (*gone)(void *arg);
	void *gone_arg;
	struct ws *ws; /* HTTP_CONN_UPGRADED */
	size_t queued; /* unsent bytes when the idle timer last looked */
	enum http_conn_state state;
	bool processing; /* conn.c is at it and goes on by itself after the reply */
	bool paused;
	bool must_close;
	bool headers_seen;
	bool spoken; /* the first bytes have come */
};

/** http_conn_new() - moves @slot in, attaches to @s. Return: 0; -ENOMEM: both are still the caller's. */
int http_conn_new(struct http_slot *slot, struct net_stream *s) MUST_CHECK;

/** http_conn_cut() - close now and drop everything; the stream's `closed` frees it. */
void http_conn_cut(struct http_conn *conn);

/** http_conn_replied() - reply.c has written the reply: end the connection or go on with the next request. */
void http_conn_replied(struct http_conn *conn, bool keep_alive);

/** http_conn_upgraded() - @w has taken slot and stream; @conn hands the rest of the input over and goes. */
void http_conn_upgraded(struct http_conn *conn, struct ws *w);

/** http_conn_drop_upgraded() - @w is gone before that: @conn goes at once. */
void http_conn_drop_upgraded(struct http_conn *conn);

/** http_conn_hand_over() - give what is left to @w now; frees @conn. */
void http_conn_hand_over(struct http_conn *conn);

#endif
