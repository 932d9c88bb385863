/*
 * The relay load generator: what its parts share.
 *
 * It is the clients of one TURN server and their peers at once. Every client and every peer has an address of
 * its own, 44.2.x.y and 44.3.x.y: the namespace takes both networks as local (script/bench), so one socket
 * for all clients and one for all peers are enough, and the load costs its own core less than the server's.
 * One thread.
 */
#ifndef PARLEY_BENCH_RELAY_LOAD_H
#define PARLEY_BENCH_RELAY_LOAD_H

#include "hist.h"
#include "stun/integrity.h"
#include "tool.h"

#include <netinet/in.h>
#include <stdalign.h>
#include <stdbool.h>

#define FLOWS_MAX    65000u
#define BURST        8u
#define PAYLOAD_MIN  32u
#define PAYLOAD_MAX  1400u
#define CHANNEL_BASE 0x4000u
#define PEER_PORT    40000u /* of all peers */
#define CLIENT_PORT  40001u /* of all clients */

struct relay_options {
	struct sockaddr_in server;
	pid_t pid;          /* whose CPU and memory are measured */
	uint32_t core;      /* where it runs: its ksoftirqd counts as well */
	const char *secret; /* NULL: the server asks for no credentials */
	const char *realm;
	uint32_t flows;
	uint32_t rate; /* packets a second, where latency is measured */
	uint32_t warmup_ms, run_ms;
	const char *only; /* of the tests, those whose name has this in it; NULL: all */
	bool both;        /* both sides are relayed: flows in pairs, each the other's peer */
};

enum step {
	STEP_ALLOCATE,
	STEP_BIND,    /* a channel to the peer */
	STEP_RELEASE, /* Refresh with a lifetime of zero */
};

#define NONCE_MAX 128u

struct flow {
	uint32_t client, peer; /* addresses, in network byte order */
	uint16_t channel;
	struct sockaddr_in relayed;

	/* what has been sent and seen of the data test that runs; from client to peer, or the other way */
	uint32_t sent, seen;

	/* the request under way */
	bool pending;
	uint8_t tries;
	uint16_t attempt; /* tells answers to an earlier request from those to this one */
	uint64_t resend_ns;
	struct stun_hmac key;
	char user[32];
	uint8_t nonce_bytes;
	uint8_t nonce[NONCE_MAX];
};

/* relay_net.c: datagrams by the batch, with the local address of each, and bursts in one */
#define BATCH       64u
#define SEGMENT_MAX (4u + PAYLOAD_MAX)

struct packet {
	uint8_t *data;
	size_t len;
	struct sockaddr_in from;
	uint64_t stamp_ns; /* when the kernel got it, CLOCK_REALTIME; 0 unless asked for */
};

typedef void (*packet_fn)(void *arg, const struct packet *p);

struct tx;
struct rx;

int net_socket(uint16_t port, bool gro);
void net_stamps(int fd, bool on);
struct tx *tx_new(int fd);
/* The next message: @n segments of @segment bytes each, from @local to @to. Return: where they go. */
uint8_t *tx_add(struct tx *t, uint32_t local, const struct sockaddr_in *to, size_t segment, uint32_t n);
void tx_flush(struct tx *t);
struct rx *rx_new(int fd);
/* Everything that is there, up to @batches batches, segment by segment. Return: how many segments. */
uint32_t rx_poll(struct rx *r, uint32_t batches, packet_fn fn, void *arg);
void net_wait(int fd, uint32_t ms);

struct relay_load {
	struct relay_options opt;
	int client_fd, peer_fd;
	struct tx *client_tx, *peer_tx;
	struct rx *client_rx, *peer_rx;
	uint32_t tid_salt;
	struct flow *flows;
};

/* relay_setup.c: requests. The run ends if a flow does not get through. */
/* One request for each of the flows, answered. Return: nanoseconds that it took. */
uint64_t setup_run(struct relay_load *l, enum step step, uint32_t first, uint32_t end);
void setup_ready(struct relay_load *l); /* wait until the server answers Binding requests */

enum direction {
	UP,   /* client to peer */
	DOWN, /* peer to client */
	BOTH, /* client to client, by two allocations */
};

struct traffic {
	enum direction dir;
	uint32_t payload; /* bytes in each packet */
	uint32_t burst;   /* packets in each message: 1 or BURST */
};

/* relay_traffic.c: packets of one kind, counted where they leave and where they arrive */
struct run {
	struct relay_load *l;
	const struct traffic *t;
	struct tx *tx;
	struct rx *rx;
	int rx_fd;
	uint32_t next;
	uint64_t sent, received;
	int64_t lost;
	uint64_t last_ns;   /* when something arrived */
	struct hist *delay; /* how long each took, or NULL */
};

struct run run_begin(struct relay_load *l, const struct traffic *t);
void pump(struct run *r, uint64_t end_ns, uint32_t window); /* so many packets under way */
void pump_at_rate(struct run *r, uint64_t end_ns);          /* opt.rate */
void run_drain(struct run *r, uint64_t for_ns);             /* wait for those that are still under way */
void run_end(struct run *r);                                /* and drop what comes later */

/* relay_measure.c */
#define TEST_NAME_MAX 48
const char *traffic_name(const struct relay_load *l, const struct traffic *t, char out[TEST_NAME_MAX]);
void traffic_throughput(struct relay_load *l, const struct traffic *t);
void traffic_latency(struct relay_load *l, const struct traffic *t);

/* relay_cpu.c */
double
cpu_server_s(const struct relay_options *o); /* of the process, and of the kernel's thread for its core */
double cpu_own_s(void);
double
cpu_others_s(const struct relay_options *o); /* what other processes take of both cores; differences count */

/* relay_modes.c */
int mode_ready(struct relay_load *l);
int mode_traffic(struct relay_load *l);
int mode_delay(struct relay_load *l);
int mode_allocations(struct relay_load *l);

#endif
