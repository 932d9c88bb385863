/*
 * Inside of the relay, for its own files: a worker and what it is made of.
 *
 *   rx.c      receiving datagrams, in batches
 *   udp.c     listener sockets: what clients send
 *   peer.c    relay sockets: what peers send
 *   icmp.c    relay sockets: errors of what was sent to peers
 *   client.c  stream clients (TCP, TLS)
 *   newcomer.c  how many of these may be without an allocation
 *   deliver.c where data goes: to a peer, to a client, to another allocation of this process
 *   out.c     datagrams that wait to be sent
 *   send.c    these, made into messages for the kernel
 *   tidy.c    giving memory back
 *   worker.c  the worker's life, its TURN server
 *
 * Thread: a worker's own, but for the start and the end, when the control loop's thread has it.
 */
#ifndef PARLEY_RELAY_WORKER_H
#define PARLEY_RELAY_WORKER_H

#include "base/buf.h"
#include "base/list.h"
#include "base/map.h"
#include "loop/mailbox.h"
#include "loop/ring.h"
#include "relay/ports.h"
#include "relay/relay.h"
#include "turn/ledger.h"

#include <sys/socket.h>
#include <sys/uio.h>

#define WORKER_RING_BYTES (512 * 1024)
#define WORKER_PORTS      65536

/* ---- in: where datagrams are received ---- */

#define RX_SLOTS      192
#define RX_SLOT_BYTES 65536
/* Not a power of two apart: packets would share a few sets of every cache. */
#define RX_STRIDE     (RX_SLOT_BYTES + 37 * 64)
#define RX_CTRL_BYTES 128

/* A datagram, or a burst of equal ones that the kernel has put together (UDP_GRO). */
struct rx_packet {
	struct addr from;
	const uint8_t *data;
	uint32_t len;
	uint32_t segment; /* bytes of each datagram but the last, which may be shorter */
	struct addr to;   /* family AF_UNSPEC where the socket does not tell */
};

struct rx {
	uint8_t *arena;
	unsigned used; /* slots with data that is still to be sent on */
	size_t bytes;  /* in these */
	bool many;     /* gather as many as there are slots for */
	unsigned few;  /* how often fewer have been gathered since that was last tried */
	struct mmsghdr msgs[RX_SLOTS];
	struct iovec iov[RX_SLOTS];
	struct sockaddr_storage names[RX_SLOTS];
	uint8_t ctrl[RX_SLOTS][RX_CTRL_BYTES];
};

/* How many datagrams to ask one socket for: as many as came the last time; after all that were asked for,
 * twice as many. On most wake-ups there is one, and looking for more that are not there costs time. */
struct rx_batch {
	uint8_t want; /* 0 as 1; a socket has one maximum */
};

/* ---- out ---- */

#define OUT_ENTRIES 4096
#define OUT_DESTS   512
#define OUT_SCRATCH 65536
#define OUT_REPLIES 64

/* One datagram's worth: head, data and up to three zeros. */
struct out_entry {
	const uint8_t *head;
	const uint8_t *data;
	const struct addr *to;
	uint32_t next; /* index + 1 */
	uint16_t len;
	uint8_t head_len;
	uint8_t pad;
	uint8_t short_head[4];
};

/* What waits for one destination, or for one relay socket: a chain of entries. */
struct lane {
	struct list node; /* in out.up or out.down while there is something */
	uint32_t first, last;
	bool no_burst; /* this path's MTU is too small for bursts of what comes this way */
};

struct out {
	struct list up, down;
	uint32_t n_entries, n_dests, n_scratch, n_replies;
	uint32_t n_lanes;    /* that the entries are in */
	uint32_t generation; /* grows with every flush, when all pointers into this go */
	bool no_burst;       /* this machine cannot segment: known from an error */
	struct out_entry entries[OUT_ENTRIES];
	struct addr dests[OUT_DESTS];
	uint8_t scratch[OUT_SCRATCH];
	struct out_reply {
		struct udp_listener *listener;
		struct addr to, from;
		uint32_t len;
		uint8_t data[TURN_REPLY_MAX];
	} replies[OUT_REPLIES];
};

/* ---- sockets ---- */

struct udp_listener {
	uv_poll_t poll;
	struct worker *worker;
	struct addr addr;
	bool any; /* bound to all addresses: where a datagram came to is asked of the kernel, and told to it
		   */
	int fd;
	struct rx_batch batch;
	struct udp_listener *next;
};

/* A relay socket. */
struct turn_socket {
	uv_poll_t poll;
	struct worker *worker;    /* NULL before socket_own(): then it is in no loop, and may change hands */
	struct turn_alloc *alloc; /* likewise */
	struct addr relayed;
	int fd;
	uint16_t port;
	bool ip6;
	bool tuned; /* peer_tune() has been called */
	struct rx_batch batch;
	struct lane up;   /* to peers */
	struct lane down; /* to the client, if that is a UDP one */
};

struct client {
	struct net_stream *stream;
	struct worker *worker;
	struct list node;
	struct turn_from from;
	struct buf input; /* the beginning of a frame */
	struct wheel_timer idle;
	struct newcomer_place *place; /* NULL: it is none */
	struct list in_place;
	bool closing;
};

/* ---- the worker ---- */

/* What all workers share. Fixed once they run, but for the atomics. */
struct relay_shared {
	struct relay_ports ports;
	struct turn_ledger *ledger; /* with a mutex of its own; asked when an allocation begins or ends */
	unsigned n_workers;
	struct worker *workers[RELAY_WORKERS_MAX];
	_Atomic(struct ring *) *rings; /* [from * n_workers + to], made when first needed */
	uint32_t connections, connections_per_address, stream_queue_bytes, stream_idle_ms;
	int max_fd; /* descriptors from here on are not for relay sockets */
	struct relay_external *external;
	size_t n_external;
};

/* Addresses and what is allowed with them; a worker has its own copy, replaced as a whole. */
struct worker_addresses {
	struct turn_policy *policy; /* owned */
	struct addr outside[2];     /* per family, for a relayed address where the client came by the other;
				       AF_UNSPEC: none */
};

/* Orders. @run gets the worker and frees the order. */
struct order {
	struct mail mail;
	void (*run)(struct order *o, struct worker *w);
};

/* Who is to be revoked: any number of them are one order. */
struct revocations {
	pthread_mutex_t lock;
	struct list users; /* under the lock, like the next */
	bool posted;       /* @order is on its way */
	struct order order;
};

struct worker {
	struct loop loop_own;
	struct loop *loop; /* loop_own, or the control loop */
	pthread_t thread;
	bool threaded;
	unsigned number;
	struct relay_shared *shared;
	struct mailbox mailbox;
	struct revocations revocations;
	struct turn_server *turn;
	struct worker_addresses addresses;
	struct tls_ctx *tls;
	struct udp_listener *udp;
	struct net_listener *listeners[64];
	size_t n_listeners;
	struct list clients;
	size_t n_clients;
	struct map newcomers;             /* by address prefix */
	const struct turn_from *handling; /* whose message the TURN server is at */
	struct loop_defer flush;
	struct wheel_timer timer;        /* turn_next_ms() */
	struct turn_socket **by_port[2]; /* WORKER_PORTS each */
	struct wheel_timer tidy;
	uint64_t gone; /* allocations that have ended since it was last done */
	struct relay_io_counters io;
	uint64_t refused_logged_ms, refused_logged[TURN_REFUSALS];
	bool *woke; /* per worker: something has been put into the ring to it since the last flush */
	bool timer_stale, woke_any, closing;
	struct rx rx;
	struct out out;
};

struct turn_time worker_time(const struct worker *w);

/** worker_arm() - (re)start the timer for what the TURN server has to do next, if that may have changed. */
void worker_arm(struct worker *w);

/** worker_message() - hand a STUN message to the TURN server. Return: length of the answer in @reply; 0:
 * none. */
size_t worker_message(struct worker *w, struct turn_from *from, const uint8_t *data, size_t len,
		      uint8_t *reply);

/* rx.c */
void rx_init(struct rx *rx);
/**
 * rx_receive() - up to @max packets on @fd into the arena, @batch permitting
 * Where there may be more than what came, the socket is still readable and the loop says so again. First
 * sends what waits if there is no room. The k-th is rx_get(); then rx_done() is due. Return: how many.
 */
unsigned rx_receive(struct worker *w, int fd, struct rx_batch *batch, unsigned max);
void rx_get(struct rx *rx, unsigned k, struct rx_packet *out);
void rx_done(struct worker *w, unsigned n);
/** rx_reset() - all that came has been sent on. */
void rx_reset(struct rx *rx);
/** rx_tidy() - give memory back that holds nothing. */
void rx_tidy(struct rx *rx);

/* udp.c */
int udp_listen(struct worker *w, const struct addr *a) MUST_CHECK;
void udp_close_all(struct worker *w);
/** udp_tune() - buffers, GRO. What the kernel refuses is done without. */
void udp_tune(int fd, int buffer_bytes);

/* peer.c */
extern const struct turn_ops peer_turn_ops;
/**
 * peer_tune() - set what a socket with traffic needs: buffers, GRO, ICMP errors
 * Due before the first datagram out and at the first one in. Most allocations never see one: a browser makes
 * several and uses none where there is a direct way, and these five system calls are half the cost of making
 * one.
 */
void peer_tune(struct turn_socket *s);
/** peer_fragment() - whether what is sent from now on may be fragmented; else it says Don't Fragment, and
 * always leaves if the way out takes it. Return: whether the kernel has it. */
bool peer_fragment(struct turn_socket *s, bool may);
struct turn_socket *peer_find(const struct worker *w, const struct addr *relayed);

/* icmp.c */
/**
 * icmp_read() - all errors that wait at @s
 * @refused: to whom the kernel has just refused to send with EMSGSIZE, for it does not tell the port; the
 *           client hears of it as if the first router had said so. NULL: nobody who is to hear.
 * Return: whether there was such a refusal.
 */
bool icmp_read(struct turn_socket *s, const struct addr *refused);

/* client.c */
void client_accept(void *worker, struct net_stream *s);
void client_adopt(struct worker *w, struct net_stream *s, const uint8_t *data, size_t n);
void client_close_all(struct worker *w);
void client_alloc_gone(struct client *c);
/** client_data() - data for the client of an allocation: a head, the data, padding. Dropped when it does not
 * read. */
void client_data(struct client *c, const uint8_t *head, size_t head_len, const uint8_t *data, size_t len);

/* newcomer.c */
/** newcomer_add() - @c has no allocation. Return: the client that is to be closed for it; NULL: none. */
struct client *newcomer_add(struct client *c);
/** newcomer_remove() - @c has one, or is closing. Harmless where it is no newcomer. */
void newcomer_remove(struct client *c);

/* deliver.c */
/* ChannelData of one client, frame after frame: where a channel leads is asked once for a run of them. Good
 * until the TURN server has been given a message. */
struct up_run {
	struct turn_alloc *alloc;
	uint16_t channel; /* 0: none asked yet */
	bool ok;
	struct turn_up up;
	const struct addr *to; /* in the out queue, of this generation; NULL: not there yet */
	uint32_t generation;
};
void deliver_channel(struct worker *w, struct up_run *run, uint16_t channel, const uint8_t *data, size_t len);
void deliver_send(struct worker *w, struct turn_alloc *a, const uint8_t *msg, size_t len);
/** deliver_down() - @len bytes in datagrams of @segment, from @peer to the client of @s. */
void deliver_down(struct turn_socket *s, const struct addr *peer, const uint8_t *data, size_t len,
		  size_t segment);
/** deliver_rings() - what other workers have put down for this one. */
void deliver_rings(struct worker *w);

/* out.c */
void out_init(struct worker *w);
/** out_reply() - room for an answer, TURN_REPLY_MAX bytes; out_reply_commit() makes it count. */
uint8_t *out_reply(struct worker *w);
void out_reply_commit(struct worker *w, struct udp_listener *l, const struct addr *to,
		      const struct addr *from, size_t len);
/** out_dest() - keep an address until the next flush. */
const struct addr *out_dest(struct worker *w, const struct addr *a);
/** out_scratch() - @n bytes until the next flush, for a head. */
uint8_t *out_scratch(struct worker *w, size_t n);
/** out_room() - flush unless an entry, a destination and a head fit: called before these are put together. */
void out_room(struct worker *w);
struct out_entry *out_add(struct worker *w, struct list *dirty, struct lane *lane);
void out_forget(struct lane *lane);
/** out_flush() - send all that waits. */
void out_flush(struct worker *w);

/* tidy.c */
void tidy_init(struct worker *w);
/** tidy_gone() - an allocation has ended. */
void tidy_gone(struct worker *w);
void tidy_stop(struct worker *w);

/* worker.c */
struct worker_params {
	struct relay_shared *shared;
	unsigned number;
	struct loop *loop; /* NULL: a thread and a loop of its own */
	const struct relay_params *relay;
	const uint8_t *nonce_key;
	struct worker_addresses addresses; /* taken over if worker_new() succeeds */
	struct tls_ctx *tls;               /* likewise */
};
int worker_new(const struct worker_params *p, struct worker **out) MUST_CHECK;
int worker_listen(struct worker *w, const struct relay_params *p) MUST_CHECK;
int worker_run(struct worker *w) MUST_CHECK;
/** worker_close() - end everything; for one of its own loop after its thread has been joined. */
void worker_close(struct worker *w);
struct worker *worker_free(struct worker *w);

/* orders.c */
void revocations_init(struct revocations *rv);
/** revocations_deinit() - those that have not been carried out are forgotten. */
void revocations_deinit(struct revocations *rv);

/* addresses.c */
struct address_list {
	struct addr *items;
	size_t count;
};
/** addresses_own() - every address of this machine, sorted. Return: 0; -errno. */
int addresses_own(struct address_list *out) MUST_CHECK;
void addresses_free(struct address_list *l);
bool addresses_equal(const struct address_list *a, const struct address_list *b);
/** addresses_make() - what a worker needs to know, from what we have and what is configured. Return: 0;
 * -EINVAL; -ENOMEM. */
int addresses_make(const struct relay_params *p, const struct address_list *own,
		   struct worker_addresses *out) MUST_CHECK;

#endif
