/* For the tests and the fuzz target of this module: a server with sockets that are none, a clock, and
 * clients. */
#ifndef PARLEY_TURN_TESTKIT_H
#define PARLEY_TURN_TESTKIT_H

#include "stun/build.h"
#include "turn/core.h"

#define KIT_REALM   "parley.test"
#define KIT_SECRET  "north"
#define KIT_SECRET2 "south"
#define KIT_WALL_S  1700000000
#define KIT_SOCKETS 64

struct turn_socket {
	struct kit *kit; /* that opened it, until one owns it */
	struct addr relayed;
	struct turn_alloc *owner;
	bool open;
};

struct kit {
	struct turn_server *server;
	struct turn_policy *policy;
	struct turn_time now;
	uint64_t random;
	uint8_t nonce_key[32];
	struct turn_ops ops;
	struct turn_limits limits;
	struct turn_ledger *ledger; /* shared with other kits; NULL: none. The test's own. */
	/* What the worker does and saw. */
	struct turn_socket sockets[KIT_SOCKETS];
	size_t open;
	uint16_t next_port;
	int fail_ip4, fail_ip6; /* what socket_open() returns; 0: works */
	int fail_own;
	unsigned gone;
	void *gone_user;
	unsigned refused;
	enum turn_refusal why;
	struct addr refused_peer;
};

struct kit_client {
	struct kit *kit;
	struct turn_from from;
	char username[TURN_USERNAME_MAX * 2];
	char password[64];
	char realm[128];
	char nonce[128];
	enum stun_mac mac;
	int alg;      /* 0: none is named, which means MD5 */
	bool by_hash; /* USERHASH */
	bool fingerprint;
	uint32_t tid;
	struct stun_build b;
	/* Of the request that was sent last. */
	struct stun_hmac key;
	bool is_signed, had_fingerprint;
	uint8_t sent[2048], answer[TURN_REPLY_MAX];
	size_t sent_len, answer_len;
	struct stun_msg m; /* the answer */
};

/** kit_init() - @k all zero but for @k->ledger and @k->limits, 0 of which stands for plenty. Return: as
 * turn_new(). */
int kit_init(struct kit *k);
void kit_deinit(struct kit *k);
void kit_advance(struct kit *k, uint64_t ms);
void kit_set_peers(struct kit *k, const char *allow);

/** kit_check() - that all the state is whole; after every request it is done anyway */
void kit_check(const struct kit *k);

struct addr kit_addr(const char *text);

/** kit_client() - at @text ("198.0.0.1:5000") with a credential of KIT_SECRET for @user, good for 600 s */
void kit_client(struct kit *k, struct kit_client *c, enum turn_transport transport, const char *text,
		const char *user);
void kit_credential(struct kit_client *c, const char *secret, const char *user, uint64_t expires_s);

/** kit_begin() - a request; attributes are then put into @c->b */
void kit_begin(struct kit_client *c, uint16_t method);

/**
 * kit_plain(), kit_ask() - send it, without and with what authenticates
 * What every answer must be is asserted, integrity too.
 * Return: 0: success; its error code; -1: no answer.
 */
int kit_plain(struct kit_client *c);
int kit_ask(struct kit_client *c);

/** kit_again() - the same bytes once more */
int kit_again(struct kit_client *c);

/** kit_allocate_both() - with relayed addresses of both families */
int kit_allocate_both(struct kit_client *c);

/** kit_login() - ask for realm and nonce */
void kit_login(struct kit_client *c);

int kit_allocate(struct kit_client *c);
int kit_refresh(struct kit_client *c, uint32_t lifetime_s);
int kit_permit(struct kit_client *c, const char *peer);
int kit_bind(struct kit_client *c, uint16_t number, const char *peer);
int kit_permit_addr(struct kit_client *c, const struct addr *peer);
int kit_bind_addr(struct kit_client *c, uint16_t number, const struct addr *peer);

/** kit_alloc() - the client's allocation; NULL */
struct turn_alloc *kit_alloc(const struct kit_client *c);
struct addr kit_relayed(const struct kit_client *c, unsigned family);

bool kit_channel_up(struct kit_client *c, uint16_t number, struct turn_up *up);
bool kit_send_up(struct kit_client *c, const char *peer, struct turn_up *up);
bool kit_send_addr(struct kit_client *c, const struct addr *peer, struct turn_up *up);
bool kit_down(struct kit_client *c, const char *peer, struct turn_down *down);

uint32_t kit_u32(const struct kit_client *c, uint16_t type);

#endif
