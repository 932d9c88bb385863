/*
 * The signalling load generator: what its parts share.
 *
 * It speaks to one server on 127.0.0.1 over many WebSockets, in pairs, from one thread. A tool, not a
 * service: whatever goes wrong that is not itself being measured ends the run with a message (die()).
 */
#ifndef PARLEY_BENCH_LOAD_H
#define PARLEY_BENCH_LOAD_H

#include "hist.h"
#include "tool.h"

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum dialect {
	DIALECT_PARLEY, /* docs/protocol.md: rooms from the API, hello, then join */
	DIALECT_SIMPLE, /* the forwarders beside it: join right away, in a room of any name */
};

struct options {
	enum dialect dialect;
	uint16_t port;
	bool tls;
	pid_t server;      /* whose CPU and memory are measured */
	uint32_t conns;    /* WebSockets, even */
	uint32_t window;   /* messages in flight in each pair */
	uint32_t rate;     /* per second, in open-loop modes */
	uint32_t messages; /* a pair exchanges so many before it is idle */
	uint32_t warmup_ms;
	uint32_t run_ms;
	uint32_t timeout_ms; /* longest wait for connections to get ready */
	bool candidates;     /* forward candidates (about 250 bytes) instead of descriptions (600) */
};

/* Send times of messages under way from one client, oldest first. */
struct flight {
	uint64_t *sent_ns;
	uint32_t head, count;
};
#define FLIGHT_MAX 1024

enum stage {
	STAGE_NEW,
	STAGE_CONNECT,
	STAGE_TLS,
	STAGE_UPGRADE,
	STAGE_HELLO,
	STAGE_JOIN,
	STAGE_JOINED,
	STAGE_DEAD
};

struct load;

struct client {
	struct load *load;
	int fd;
	SSL *ssl;
	enum stage stage;
	bool want_write; /* EPOLLOUT is armed */
	bool verified;   /* a forwarded message has been looked at in full */
	uint32_t mask;
	struct client *mate; /* the other one of the pair */
	char room[32];
	char self[24];
	char to[24]; /* the mate's participant id, as the server told us; empty: not told yet */
	uint64_t next_id;
	uint64_t seq;    /* highest received */
	uint64_t due_ns; /* when it was to start, in open-loop modes */
	uint32_t bounced;
	uint8_t *in; /* the beginning of an incomplete frame, or NULL */
	size_t in_len;
	uint8_t *out; /* what the kernel would not take, or NULL */
	size_t out_len;
	struct flight flight;
};

#define SCRATCH_BYTES (1u << 20)

struct load {
	struct options opt;
	SSL_CTX *tls;
	int epoll;
	struct client *clients;
	uint32_t n_open, n_joined, n_paired, n_failed;
	uint64_t forwarded; /* signal messages that arrived at a client */
	uint64_t now_ns;    /* after the last wake-up */
	bool measuring;
	struct hist hist;
	char *first_failure;
	/* what a mode does, in the client's own event, so that it may send on it; each may be NULL */
	void (*on_joined)(struct client *c);
	void (*on_signal)(struct client *c);
	bool may_fail; /* a broken connection is counted instead of ending the run */
	uint8_t scratch_in[SCRATCH_BYTES];
	uint8_t scratch_out[SCRATCH_BYTES];
	size_t scratch_len;
};

/* client.c: sockets and frames */
void client_open(struct client *c);
void client_deinit(struct client *c);
void client_event(struct client *c, uint32_t events);
void client_text(struct client *c, const char *head,
		 const char *tail);  /* queue one message, made of two parts */
void client_flush(struct client *c); /* send what was queued */
void client_fail(struct client *c, const char *why);

/* dialect.c: what is said */
void dialect_begin(struct client *c);                         /* the WebSocket is open */
void dialect_message(struct client *c, char *text, size_t n); /* @text has a NUL after it */
void dialect_signal(struct client *c);                        /* queue one message for the mate */
void dialect_ack(struct client *c);
void dialect_make_rooms(struct load *l);

/* pump.c: the event loop */
struct load *load_new(const struct options *opt);
void load_free(struct load *l);
void load_poll(struct load *l, uint64_t until_ns); /* handle what is there; wait until then at most */
void load_open_all(struct load *l, uint32_t first, uint32_t end); /* and wait until they are paired */

/* modes.c */
int mode_throughput(struct load *l);
int mode_latency(struct load *l);
int mode_idle(struct load *l);
int mode_joins(struct load *l);

#endif
