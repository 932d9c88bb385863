/*
 * The relay: TURN over UDP, TCP and TLS on as many threads as there are cores, and one more place for streams
 * that arrive on the control loop (TURN over 443).
 *
 * A worker is a thread with a libuv loop, its own SO_REUSEPORT sockets, its own TURN server and its own relay
 * sockets. Workers share the port directory and the ledger of quotas and reservations, written only when a
 * relay socket comes or goes, and one-way rings for packets between two allocations of different workers.
 * Orders reach a worker through its mailbox.
 *
 * Thread: all calls the control loop's.
 */
#ifndef PARLEY_RELAY_RELAY_H
#define PARLEY_RELAY_RELAY_H

#include "base/addr.h"
#include "loop/loop.h"
#include "net/stream.h"
#include "net/tls.h"
#include "turn/turn.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RELAY_WORKERS_MAX 128

struct relay;

/* An address behind which this machine is known: cloud NAT. */
struct relay_external {
	struct addr public;
	struct addr private;
	bool has_private;
};

/** relay_external_parse() - "public" or "public/private", both of one family. Return: 0; -EINVAL. */
int relay_external_parse(const char *text, struct relay_external *out) MUST_CHECK;

/**
 * relay_external_ask() - what a STUN server, "host" or "host:port", sees of this machine in @family
 * Blocks for at most four seconds. Return: 0; -ENOENT: no such host; -ETIMEDOUT; -EPROTO; -errno.
 */
int relay_external_ask(const char *server, int family, struct relay_external *out) MUST_CHECK;

struct relay_params {
	struct loop *loop;         /* the control loop; the relay goes before it */
	const struct addr *listen; /* the port in them does not count */
	size_t n_listen;
	bool listen_optional; /* pass over what this machine does not have: a default, not an order */
	uint16_t port;        /* UDP and TCP; 0: none */
	uint16_t tls_port;    /* 0: none */
	/* A TLS context, made for each worker, at the start and by relay_renew_tls(). NULL: no TLS. */
	int (*make_tls)(void *arg, struct tls_ctx **out);
	void *tls_arg;
	unsigned workers; /* 0: as many as there are cores */
	uint16_t port_min, port_max;
	const struct relay_external *external;
	size_t n_external;
	const struct addr_range *allow; /* peers, see turn_policy_new() */
	size_t n_allow;
	const char *realm;
	const char *const *secrets;
	size_t n_secrets;
	uint32_t credential_s; /* see turn_params */
	const struct turn_user *users;
	size_t n_users;
	/* All of the relay; bytes_per_s_total is divided among the workers, for it is taken at every packet,
	 * on which they share nothing: one client alone may have its part at one worker. */
	struct turn_limits limits;
	uint32_t connections;             /* stream clients of one worker */
	uint32_t connections_per_address; /* of these without an allocation, per IPv4 address or IPv6 /64 */
	uint32_t stream_queue_bytes;      /* waiting for one stream client; more data is dropped */
	uint32_t stream_idle_ms;          /* how long one may stay without an allocation */
};

/**
 * relay_start() - open the sockets, start the threads
 * Copies what it keeps. Return: 0; -EADDRINUSE, -EACCES, …, after logging which address; -ENOMEM.
 */
int relay_start(const struct relay_params *p, struct relay **out) MUST_CHECK;

/**
 * relay_stop() - end all allocations and join the threads
 * Streams on the control loop are closed; their memory goes while it runs on, then relay_free() is due.
 * NULL-safe.
 */
void relay_stop(struct relay *r);

/** relay_free() - after relay_stop(), when the control loop has run out. NULL-safe. */
struct relay *relay_free(struct relay *r);

/** relay_adopt() - a stream of the control loop that turned out to carry STUN; @data are its first bytes. It
 * is attached to nobody that still wants it. */
void relay_adopt(struct relay *r, struct net_stream *s, const uint8_t *data, size_t n);

/** relay_revoke() - see turn_revoke(); on every worker, within milliseconds. */
void relay_revoke(struct relay *r, const char *user);

/** relay_set_secrets() - see turn_set_secrets(). Return: 0; -ENOMEM, -ENOBUFS: some workers keep the old
 * ones. */
int relay_set_secrets(struct relay *r, const char *const *secrets, size_t n) MUST_CHECK;

/** relay_renew_tls() - connections from now on use fresh contexts. Return: 0; -errno of make_tls(). */
int relay_renew_tls(struct relay *r) MUST_CHECK;

/** relay_workers() - how many there are, the one of the control loop included. */
unsigned relay_workers(const struct relay *r);

/* Beyond what the TURN server counts. Since the start, except where it says now. */
struct relay_io_counters {
	uint64_t clients_now[TURN_TRANSPORTS]; /* stream connections; 0 for UDP */
	uint64_t clients_refused, clients_displaced;
	uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes; /* datagrams of clients and peers */
	uint64_t rx_bursts, tx_bursts;       /* of these, system-call messages that held several */
	uint64_t local_packets, local_bytes; /* relayed in process */
	uint64_t drop_send, drop_stream_full, drop_ring_full, drop_no_local_peer, drop_no_allocation,
		drop_malformed;
	uint64_t peers_refused[TURN_REFUSALS]; /* asked for in requests, and in indications */
	uint64_t icmp;
	uint64_t ports_failed;
};

struct relay_counters {
	struct turn_counters turn;
	struct relay_io_counters io;
};

/* @count: 0 where the workers could not be asked. Valid during the call. */
typedef void (*relay_counters_fn)(void *arg, const struct relay_counters *each, size_t count);

/** relay_count() - ask every worker for its counters; @fn is called once, later, unless relay_stop() comes
 * first: then with a count of 0. */
void relay_count(struct relay *r, relay_counters_fn fn, void *arg);

#endif
