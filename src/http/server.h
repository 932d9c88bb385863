/*
 * Inside of the HTTP server, for its own files: what a connection, HTTP or WebSocket, has to do with the
 * server. Thread: the loop's.
 */
#ifndef PARLEY_HTTP_SERVER_H
#define PARLEY_HTTP_SERVER_H

#include "base/list.h"
#include "base/map.h"
#include "http/http.h"
#include "http/ws_codec.h"

struct http_slot;

struct http_slot_ops {
	void (*drain)(struct http_slot *slot);
	void (*close)(struct http_slot *slot); /* now; the slot is released from the loop */
};

struct http_prefix;

/* A connection's place in the server: it counts against the limits while the slot is taken. */
struct http_slot {
	struct list node;
	struct http_server *srv;
	struct http_prefix *prefix;
	const struct http_slot_ops *ops;
};

struct http_server {
	struct http_server_params params;
	struct list slots;
	size_t count;
	struct map prefixes;
	struct http_stats stats;
	struct ws_codec_pool *ws_pool;
	struct buf head; /* the reply head being put together */
	uint64_t date_s; /* what second `date` is of */
	char date[32];
	uint64_t logged_ms; /* when refused connections were last logged */
	uint64_t refused_unlogged;
	bool draining;
	bool dying; /* http_server_free() was called: the last slot takes the server with it */
};

/** http_slot_move() - @to, uninitialised, takes the place of @from. */
void http_slot_move(struct http_slot *to, struct http_slot *from, const struct http_slot_ops *ops);

/** http_slot_release() - the connection is gone. May free the server. */
void http_slot_release(struct http_slot *slot);

/** http_server_date() - the Date header's value, made once a second. */
const char *http_server_date(struct http_server *srv);

#endif
