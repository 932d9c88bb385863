/*
 * A TURN server without I/O (RFC 8656): one per relay worker, used by that worker's thread alone.
 *
 * The worker hands in what it received, with the time; the server answers requests into a buffer, and tells
 * for data where it goes. Sockets are the worker's: the server asks for them through turn_ops. It reads no
 * clock, makes no system call and holds no global. Nothing is kept for a sender that has not authenticated.
 * What the servers of a process count together is in turn/ledger.h.
 *
 * Results of peers are counted in struct turn_counters, never logged one by one; refused peers are reported
 * through turn_ops.refused, which the worker rate-limits.
 */
#ifndef PARLEY_TURN_TURN_H
#define PARLEY_TURN_TURN_H

#include "base/addr.h"
#include "base/rand.h"
#include "stun/frame.h"
#include "turn/policy.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct turn_server;
struct turn_alloc;
struct turn_ledger;

enum turn_transport { TURN_UDP, TURN_TCP, TURN_TLS, TURN_TRANSPORTS };

/* Longest answer that turn_message() gives. */
#define TURN_REPLY_MAX 1280

struct turn_time {
	uint64_t mono_ms;
	uint64_t wall_s; /* for the expiry in credentials */
};

/* Permissions and channels are searched, so there is an end to what the configuration can ask for. */
#define TURN_PEERS_MAX 256

struct turn_limits {
	/* These three, reservations counted as allocations, are the ledger's, if there is one; more: 486. */
	uint32_t allocations;             /* in all */
	uint32_t allocations_per_user;    /* per user behind "expiry:": new credentials give no new quota */
	uint32_t allocations_per_address; /* per client IPv4 address or IPv6 /64 */
	uint32_t permissions;             /* per allocation; TURN_PEERS_MAX at most */
	uint32_t channels;                /* per allocation; TURN_PEERS_MAX at most */
	uint32_t lifetime_max_s;          /* of an allocation, granted at most; 0: an hour */
	uint64_t bytes_per_s;             /* per allocation, both ways together; 0: unlimited */
	uint64_t bytes_per_s_total; /* of this server alone: it is taken for every packet; 0: unlimited */
	/* Per source prefix: what may be answered before it must prove itself, for Binding and for the
	 * challenge each. */
	uint32_t unauth_budget_bytes;
	uint32_t unauth_prefixes; /* size of that table */
};

struct turn_user {
	const char *name;
	const char *password;
};

/* A relay socket as the server sees it; the worker's own struct embeds or is it. */
struct turn_socket;

enum turn_port { TURN_PORT_ANY, TURN_PORT_EVEN, TURN_PORT_EVEN_AND_NEXT };

struct turn_ops {
	/*
	 * Bind a relay socket for @family (AF_INET, AF_INET6) at a random port of the range. With
	 * TURN_PORT_EVEN_AND_NEXT the odd port above it is bound as well and goes to *@next.
	 * @relayed: the address that peers see (after turn.external_ip). The sockets deliver nothing before
	 * socket_own().
	 * Return: 0; -EADDRNOTAVAIL: no port (508); -EAFNOSUPPORT: no such family (440); -errno (508,
	 * counted).
	 */
	int (*socket_open)(void *arg, int family, enum turn_port port, struct turn_socket **out,
			   struct addr *relayed, struct turn_socket **next, struct addr *next_relayed);
	/*
	 * What arrives at @s is for @a from now on. Where servers share a ledger, @s may be one that another
	 * of them has opened, and that nobody has owned. Called once for a socket. Return: 0; -errno (508).
	 */
	int (*socket_own)(void *arg, struct turn_socket *s, struct turn_alloc *a);
	/* One that this server owns; or one that nobody has owned, which another may have opened. */
	void (*socket_close)(void *arg, struct turn_socket *s);
	/*
	 * The allocation is no more; a stream client's connection may be closed, but not before the call that
	 * this comes from has returned: it may be turn_message(), with an answer to send. The pointer is void
	 * after this.
	 */
	void (*alloc_gone)(void *arg, struct turn_alloc *a, void *user);
	/* Is @relayed a relayed address alive in this process, at this or another worker? */
	bool (*relayed_alive)(void *arg, const struct addr *relayed);
	/* A peer was refused with 403, or a Send to it dropped. */
	void (*refused)(void *arg, const struct addr *client, const struct addr *peer, enum turn_refusal why);
};

struct turn_params {
	struct turn_limits limits;
	struct turn_ledger *ledger; /* shared with the other servers of the process; NULL: one of its own */
	const struct turn_ops *ops;
	void *arg;
	const struct turn_policy
		*policy; /* which peers; outlives the server, read only, swapped by turn_set_policy() */
	const char *realm;
	const char *const *secrets; /* for credentials "expiry:participant"; the first matching counts */
	size_t n_secrets;
	uint32_t credential_s; /* how long a credential is good from when it is made; tells turn_revoke() its
				  age */
	const struct turn_user *users; /* static ones */
	size_t n_users;
	rand_fn rand;
	void *rand_arg;
	const uint8_t *nonce_key; /* 32 bytes; the same for all workers of a process */
	struct turn_time now;
};

/** turn_new() - all strings are copied. Return: 0; -EINVAL: realm, a user or a secret does not fit; -ENOMEM.
 */
int turn_new(const struct turn_params *p, struct turn_server **out) MUST_CHECK;

/** turn_free() - ends all allocations (alloc_gone, socket_close). NULL-safe. */
struct turn_server *turn_free(struct turn_server *s);

/** turn_set_policy() - another policy from now on: applies to new permissions and channels, and to data. */
void turn_set_policy(struct turn_server *s, const struct turn_policy *policy);

/** turn_set_secrets() - replace the secrets; allocations live on. Return: 0; -ENOMEM (the old ones stay). */
int turn_set_secrets(struct turn_server *s, const char *const *secrets, size_t n) MUST_CHECK;

/*
 * Who sent something: the 5-tuple. For streams @user is the worker's connection, and @alloc caches its
 * allocation: NULL at first, set and cleared by this module, also by turn_tick(): a stream's struct stays
 * where it is until turn_client_gone(). For UDP @alloc is looked up with turn_find(), and the struct is
 * needed for the call alone.
 */
struct turn_from {
	enum turn_transport transport;
	struct addr client;
	struct addr server;
	void *user;
	struct turn_alloc *alloc;
};

/** turn_find() - the allocation of a UDP 5-tuple; NULL if there is none. Keyed hashing. */
struct turn_alloc *turn_find(const struct turn_server *s, const struct addr *client,
			     const struct addr *server);

/**
 * turn_message() - a STUN message other than a Send indication
 * @data, @len: the whole message (stun_frame_next() or a datagram)
 * @reply:      TURN_REPLY_MAX bytes
 * Return: length of the answer to send to @from; 0: none.
 */
size_t turn_message(struct turn_server *s, struct turn_from *from, const uint8_t *data, size_t len,
		    struct turn_time now, uint8_t *reply);

/* Where data of a client goes. */
struct turn_up {
	struct turn_socket *socket; /* the relay socket to send from, of the peer's family */
	struct addr relayed; /* its relayed address: the source, for a peer that is served in process */
	struct addr peer;
	bool local; /* the peer is an own address: serve it in process or drop it, never by socket */
	bool dont_fragment;
	const uint8_t *data;
	size_t len;
};

/**
 * turn_channel_up() - ChannelData of an allocation's client (RFC 8656 §12.4)
 * A run of frames on one channel needs one call, then turn_spend() for each. @out->data and len are not set.
 * Return: whether there is a channel with a permission and an allowed peer; else drop (counted).
 */
bool turn_channel_up(struct turn_alloc *a, uint16_t channel, uint64_t now_ms, struct turn_up *out) MUST_CHECK;

/** turn_is_send() - is this STUN message a Send indication? From the header alone. */
bool turn_is_send(const uint8_t *data, size_t len);

/** turn_send_up() - a Send indication (RFC 8656 §11.2). Return: whether to send @out->data; else drop
 * (counted). */
bool turn_send_up(struct turn_alloc *a, const uint8_t *data, size_t len, uint64_t now_ms,
		  struct turn_up *out) MUST_CHECK;

enum turn_way { TURN_UP, TURN_DOWN };

/**
 * turn_spend() - one packet is about to pass: take @bytes of payload from the bandwidth of @a and of the
 * worker, and count it. Return: whether it may pass; else drop (counted).
 */
bool turn_spend(struct turn_alloc *a, enum turn_way way, size_t bytes, uint64_t now_ms) MUST_CHECK;

/* How data of a peer goes to the client. */
struct turn_down {
	uint16_t channel; /* 0: as a Data indication, with turn_data_header() */
};

/**
 * turn_down() - data from @peer for the client of @a (RFC 8656 §11.3, §12.6)
 * @peer is the source address, or the relayed address of another allocation of this process.
 * Return: whether there is a permission; else drop (counted).
 */
bool turn_down(struct turn_alloc *a, const struct addr *peer, uint64_t now_ms,
	       struct turn_down *out) MUST_CHECK;

/* A Data indication up to and including the header of its DATA attribute. */
#define TURN_DATA_HEADER_MAX 64

/**
 * turn_data_header() - into @out; @len bytes of data and stun_padding(@len) zeros follow
 * Return: its length; 0: @len is more than a STUN message holds (only a peer's IPv6 datagram can be): drop
 * it.
 */
size_t turn_data_header(struct turn_alloc *a, const struct addr *peer, size_t len,
			uint8_t out[TURN_DATA_HEADER_MAX]);

/** turn_icmp() - an ICMP error came for a packet to @peer: a Data indication with the ICMP attribute (§11.5).
 * Return: its length; 0: none due. */
size_t turn_icmp(struct turn_alloc *a, const struct addr *peer, uint8_t type, uint16_t code, uint32_t info,
		 uint64_t now_ms, uint8_t out[TURN_REPLY_MAX]);

/** turn_alloc_from() - the client's 5-tuple, for sending to it. */
const struct turn_from *turn_alloc_from(const struct turn_alloc *a);

/** turn_client_gone() - a stream client's connection is closed: its allocation ends. */
void turn_client_gone(struct turn_server *s, struct turn_from *from);

/**
 * turn_revoke() - @user (the part behind "expiry:", or a static name) has left: end all its allocations now,
 * and refuse new ones under credentials made before @now (kept until they expire, in a capped table); its
 * reservations end at all servers of the ledger, but each of them is to be told. A static user's never do: it
 * stays out until the configuration is read anew.
 */
void turn_revoke(struct turn_server *s, const char *user, struct turn_time now);

/** turn_tick() - end what has expired. turn_next_ms() - when to call it; UINT64_MAX: nothing to do. */
void turn_tick(struct turn_server *s, struct turn_time now);
uint64_t turn_next_ms(const struct turn_server *s);

/* Since the start, except where it says now. Each a plain number, read by the worker's own thread. */
struct turn_counters {
	uint64_t allocations_now;
	uint64_t allocations[TURN_TRANSPORTS]; /* made, by the client's transport */
	uint64_t requests, auth_failures, stale_nonces, unauth_limited;
	uint64_t quota_refused, capacity_refused, peers_refused;
	uint64_t up_packets, up_bytes, down_packets, down_bytes;
	uint64_t drop_no_permission, drop_no_channel, drop_peer_refused, drop_bandwidth, drop_malformed;
	uint64_t revoked;
};
const struct turn_counters *turn_get_counters(const struct turn_server *s);

#endif
