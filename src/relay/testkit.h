/* For the tests of this module: a relay on loopback with a control loop of its own, and clients. */
#ifndef PARLEY_RELAY_TESTKIT_H
#define PARLEY_RELAY_TESTKIT_H

#include "relay/worker.h"
#include "stun/build.h"
#include "stun/msg.h"
#include "turn/credential.h"

#define BENCH_SECRET "a secret"

/* What differs between tests. 0 stands for plenty. */
struct bench_wish {
	const char *listen; /* NULL: 127.0.0.1 */
	unsigned workers;
	uint32_t allocations, per_user;
	uint32_t per_address; /* stream clients without an allocation */
};

struct bench {
	struct bench_wish wish;
	struct loop loop;
	struct relay *relay;
	struct mailbox mailbox;
	pthread_t thread;
	uint16_t port;
	bool failed;
	_Atomic bool ready;
	struct relay_counters sum;
	uint64_t allocations_now[RELAY_WORKERS_MAX];
	bool counted;
};

/** bench_open_wish() - a relay at a free port; ends the test if there can be none */
struct bench *bench_open_wish(const struct bench_wish *wish);
struct bench *bench_open(unsigned workers, uint32_t allocations);
void bench_close(struct bench *b);

/** bench_addr() - where it listens */
struct addr bench_addr(const struct bench *b);

/** bench_call() - run @fn on the control loop and wait for it */
void bench_call(struct bench *b, void (*fn)(struct bench *b, void *arg), void *arg);

/** bench_count() - the counters as they are now: some of them summed, and allocations by worker */
const struct relay_counters *bench_count(struct bench *b);

/** bench_counted() - for relay_count(), with the bench */
void bench_counted(void *arg, const struct relay_counters *each, size_t n);

/** open_descriptors() - of this process */
unsigned open_descriptors(void);

struct user {
	int fd;
	bool stream;
	struct turn_credential credential;
	uint8_t key[16];
	uint8_t nonce[128];
	size_t nonce_len;
	struct addr relayed;
	uint8_t in[4096];
	size_t in_len; /* of a stream: bytes not yet taken */
};

/** user_open() - a client over UDP or TCP, with a credential of its own; it has asked for nothing yet */
void user_open(struct user *u, const struct bench *b, bool stream, const char *name);
void user_send(struct user *u, const uint8_t *data, size_t n);

/** user_receive() - the next frame. Return: its length, bytes in @out; 0: none came in @wait_ms. */
size_t user_receive(struct user *u, uint8_t *out, int wait_ms);

/** user_begin(), user_sign() - a request, and what authenticates it */
void user_begin(struct stun_build *b, uint8_t *buf, size_t cap, uint16_t method);
void user_sign(struct user *u, struct stun_build *b);

/** user_ask() - send what has been built and read the answer. Return: 0 success, else its error code. */
int user_ask(struct user *u, struct stun_build *b, const uint8_t *request, struct stun_msg *m,
	     uint8_t *answer);

struct user_token {
	uint8_t bytes[STUN_TOKEN_BYTES];
};

/**
 * user_allocate_port() - @reserve: NULL, or the next port too; @redeem: NULL, or that one
 * Return: 0 with @u->relayed set; the error code.
 */
int user_allocate_port(struct user *u, struct user_token *reserve, const struct user_token *redeem);
int user_allocate(struct user *u);

/** user_refresh() - for @lifetime_s, which it must be granted; 0 ends the allocation. */
void user_refresh(struct user *u, uint32_t lifetime_s);

/** user_end() - the allocation ends, and the client is closed */
void user_end(struct user *u);
/** user_permit() - Return: 0; its error code. */
int user_permit(struct user *u, const struct addr *peer);
/** user_indicate() - a Send indication */
void user_indicate(struct user *u, const struct addr *peer, const void *data, size_t n, bool dont_fragment);
void user_bind(struct user *u, const struct addr *peer, uint16_t channel);
void user_data(struct user *u, uint16_t channel, const void *data, uint16_t len);
void user_expect(struct user *u, uint16_t channel, const void *data, uint16_t len);

#endif
