/*
 * An HTTP/1.1 server on net streams: llhttp parses, this collects a request, hands it to one handler, and
 * writes the reply. Pipelined requests are answered in order: reading pauses while a reply is due.
 *
 * Limits and answers: headers over header_bytes 431; target over target_bytes 414; body over body_bytes 413;
 * broken syntax, Transfer-Encoding with Content-Length, missing or double Host 400; unknown version 505;
 * header or body slower than its deadline 408. Each closes the connection after the reply. Thread: the
 * loop's.
 */
#ifndef PARLEY_HTTP_HTTP_H
#define PARLEY_HTTP_HTTP_H

#include "base/addr.h"
#include "base/buf.h"
#include "net/stream.h"

struct http_server;
struct http_conn;

enum http_method {
	HTTP_M_GET,
	HTTP_M_HEAD,
	HTTP_M_POST,
	HTTP_M_PUT,
	HTTP_M_PATCH,
	HTTP_M_DELETE,
	HTTP_M_OPTIONS,
	HTTP_M_OTHER
};

struct http_limits {
	size_t target_bytes;
	size_t header_bytes; /* all headers together */
	size_t header_count;
	size_t body_bytes;
	uint32_t header_ms; /* from the first byte of a request (or accept) to the end of its headers */
	uint32_t body_ms;
	uint32_t idle_ms; /* keep-alive */
	uint32_t linger_ms;
	size_t connections;
	size_t connections_per_prefix;
};

/* Valid until the reply is made. */
struct http_request {
	enum http_method method;
	const char *target; /* as sent, NUL-terminated */
	const char *path;   /* percent-decoded, NUL-terminated; no NUL inside, no ".." segment */
	const char *query;  /* after '?', not decoded, or "" */
	const uint8_t *body;
	size_t body_len;
	const struct addr *peer; /* the client: the socket's peer, or what a trusted proxy says */
	bool is_tls;
	const struct http_headers *headers;
};

/** http_header() - value of the header @name (lower case), NUL-terminated; NULL if absent. Repeated ones are
 * joined with ", ". */
const char *http_header(const struct http_request *req, const char *name);

struct http_reply_header {
	const char *name;
	const char *value;
};

struct http_reply {
	int status;
	const char *content_type; /* NULL: none */
	const void *body;
	size_t body_len;
	const struct http_reply_header *headers;
	size_t n_headers;
	bool close; /* end the connection after it */
};

/**
 * The handler. It calls http_reply() or ws_accept() once, now or later (then keeps @conn and watches for
 * http_conn_on_gone()). HEAD is passed as HEAD; http_reply() leaves the body out by itself.
 */
typedef void (*http_handler_fn)(void *arg, struct http_conn *conn, const struct http_request *req);

struct http_server_params {
	struct loop *loop;
	struct http_limits limits;
	http_handler_fn handler;
	void *arg;
	const struct http_reply_header *common; /* put into every reply; outlives the server */
	size_t n_common;
	uint8_t hash_key[16]; /* random, for the table of connections by prefix */
	/*
	 * A connection whose first byte (after TLS) is 0 to 3, which begins STUN and never HTTP (RFC 7983
	 * §7): takes over @s, which counts as a connection of this server no more. NULL: it is answered 400
	 * like other nonsense.
	 */
	void (*stun)(void *arg, struct net_stream *s, const uint8_t *data, size_t n);
	/* After http_server_drain(): the last connection is gone. Must not free the server. May be NULL. */
	void (*emptied)(void *arg);
};

/** http_server_new() - Return: NULL if out of memory. */
struct http_server *http_server_new(const struct http_server_params *p) MUST_CHECK;

/** http_server_accept() - take over a stream; the net_listen_params.accept of an HTTP listener, with the
 * server as arg. */
void http_server_accept(void *server, struct net_stream *s);

/**
 * http_server_drain() - graceful stop: idle connections are closed, busy ones after their reply ("Connection:
 * close"); WebSockets get close code 1001. params.emptied tells when the last is gone, at once where there is
 * none.
 */
void http_server_drain(struct http_server *srv);

/** http_server_count() - connections open now, WebSockets included. */
size_t http_server_count(const struct http_server *srv);

/* Counted since the start. */
struct http_stats {
	uint64_t accepted;
	uint64_t refused_total;    /* connections over limits.connections */
	uint64_t refused_prefix;   /* … over limits.connections_per_prefix */
	uint64_t requests;         /* handed to the handler */
	uint64_t requests_refused; /* answered 4xx or 5xx before that: broken, too large, too slow */
	uint64_t timeouts;         /* of these, 408 */
	uint64_t replies[6];       /* by hundreds of the status; 101 in [1] */
	uint64_t ws_messages_in;
	uint64_t ws_messages_out;
	uint64_t ws_faults;   /* WebSockets closed by us for a broken frame, a limit or silence */
	uint64_t ws_overruns; /* … because the send queue overran its cap */
	uint64_t ws_open;     /* now */
};

void http_server_get_stats(const struct http_server *srv, struct http_stats *out);

/**
 * http_server_free() - closes what is open; the memory goes with the last connection, so the loop must run
 * once more where http_server_count() is not 0. The handler is not called any more. NULL-safe.
 */
struct http_server *http_server_free(struct http_server *srv);

/** http_reply() - answer the request @conn is working on. Never fails: where memory runs out the connection
 * is closed. */
void http_reply(struct http_conn *conn, const struct http_reply *r);

/** http_reply_error() - a problem document (RFC 9457): @code becomes "code", @detail may be NULL. */
void http_reply_error(struct http_conn *conn, int status, const char *code, const char *detail);

/** http_conn_on_gone() - call @fn when the client goes away before the reply; NULL @fn takes it back. */
void http_conn_on_gone(struct http_conn *conn, void (*fn)(void *arg), void *arg);

/** http_status_text() - reason phrase of @status. */
const char *http_status_text(int status);

#endif
