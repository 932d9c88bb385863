/* All the state there is in a TURN server, and what its files offer each other. For src/turn alone. */
#ifndef PARLEY_TURN_CORE_H
#define PARLEY_TURN_CORE_H

#include "base/bucket.h"
#include "base/list.h"
#include "base/map.h"
#include "base/wheel.h"
#include "stun/build.h"
#include "stun/integrity.h"
#include "stun/msg.h"
#include "turn/credential.h"
#include "turn/memory.h"
#include "turn/turn.h"

#include <pthread.h>
#include <string.h>

#define TURN_NAME_MAX        (TURN_USERNAME_MAX - 1) /* bytes of a username that can be right, and of the realm */
#define TURN_NONCE_CHARS     32
#define TURN_NONCE_S         600
#define TURN_LIFETIME_S      600    /* RFC 8656 §3.2 */
#define TURN_PERMISSION_MS   300000 /* §9 */
#define TURN_CHANNEL_MS      600000 /* §12 */
#define TURN_RESERVATION_MS  30000  /* §7.2 */
#define TURN_DELETED_MS      40000 /* how long a deleted allocation's Refresh is remembered: RFC 8489 §6.3.1 */
#define TURN_TUPLE_BYTES_MAX 44

/* Relayed addresses: one of each family at most. */
enum { TURN_IP4, TURN_IP6, TURN_FAMILIES };

/* An IP address without its port: IPv4 in the form ::ffff:a.b.c.d, in which the policy lets no IPv6 peer
 * pass. */
struct turn_ip {
	uint64_t words[2];
};

/* What a verdict of the policy was, and under which policy. */
struct turn_judged {
	uint32_t policy;
	bool refused;
	bool local;
};

struct turn_permission {
	struct turn_ip ip;
	uint64_t expires_ms;
	struct turn_judged judged;
};

/* @permission_ms is that of the permission for @peer's address, kept here for data to find it in one look. */
struct turn_channel {
	struct turn_ip ip;
	struct addr peer;
	uint64_t expires_ms;
	uint64_t permission_ms;
	struct turn_judged judged;
	uint16_t port;
	uint16_t number;
};

struct turn_relay {
	struct turn_socket *socket; /* NULL: never was, or is closed */
	struct addr relayed;        /* AF_UNSPEC: never was */
	uint64_t expires_ms;
};

/* The long-term key, and made ready for one of the two kinds of integrity. */
struct turn_key {
	uint8_t bytes[STUN_KEY_MAX];
	uint8_t len;
	uint8_t alg; /* enum stun_password_alg */
	struct stun_hmac hmac;
};

/* A user with allocations at this server. */
struct turn_owner {
	struct map_node node;
	struct list allocs;
	char name[];
};

/* A user with shares, in the ledger. */
struct turn_account {
	struct map_node node;
	struct list reservations;
	uint32_t count; /* shares */
	char name[];
};

/* A client address or network with shares, in the ledger. */
struct turn_place {
	struct map_node node;
	uint32_t count;
	uint8_t prefix[ADDR_PREFIX_BYTES];
};

/* What an allocation or a reservation takes of the quotas. */
struct turn_share {
	struct turn_account *account; /* NULL: nothing is taken */
	struct turn_place *place;
};

/* What a successful Allocate was answered with, for when it comes again. */
struct turn_answer {
	uint8_t tid[STUN_TID_BYTES];
	uint32_t lifetime_s;
	uint16_t missing_code; /* ADDRESS-ERROR-CODE for the family below; 0: none */
	uint8_t missing_family;
	bool has_token;
	uint8_t token[STUN_TOKEN_BYTES];
};

struct turn_alloc {
	struct turn_server *server;
	struct turn_relay relays[TURN_FAMILIES];
	struct turn_channel *channels; /* rising by number */
	struct turn_permission *permissions;
	uint16_t n_channels, cap_channels;
	uint16_t n_permissions, cap_permissions;
	uint16_t last_channel, last_permission; /* where the last search ended: hints */
	struct bucket bucket;
	struct turn_from from;
	struct turn_from *origin; /* a stream's own, which points back here; NULL for UDP */
	struct list in_server;
	struct turn_owner *owner;
	struct list in_owner;
	struct turn_share share;
	struct wheel_timer timer; /* for the relay that expires first */
	struct turn_key key;
	struct turn_answer answer;
	struct map_node node; /* UDP alone */
	uint8_t tuple[TURN_TUPLE_BYTES_MAX];
	char username[]; /* as it allocated */
};

struct turn_reservation {
	const struct turn_server *maker;
	struct map_node node;
	struct list in_ledger;
	struct list in_account;
	uint8_t token[STUN_TOKEN_BYTES];
	uint64_t expires_ms;
	struct turn_share share;
	struct turn_relay relay; /* its expiry is the allocation's to be */
};

/* ledger.c alone looks into it, and the tests. */
struct turn_ledger {
	pthread_mutex_t mutex;
	uint32_t total_max, per_user_max, per_address_max;
	uint32_t total; /* shares */
	struct map accounts;
	struct map places;
	struct map tokens;
	struct list reservations; /* the oldest first */
};

/* A configured user. */
struct turn_static {
	char *name;
	char *password;
	uint8_t hash[STUN_USERHASH_BYTES];
	bool revoked;
};

struct turn_secrets {
	size_t n;
	char **texts;
};

/* What may be answered to who has proved nothing, by prefix and by the network around it. */
struct turn_budget {
	struct bucket_table *each, *wide;
};

struct turn_server {
	struct turn_limits limits;
	const struct turn_ops *ops;
	void *arg;
	const struct turn_policy *policy;
	uint32_t policy_number; /* grows with each */
	char realm[TURN_NAME_MAX + 1];
	struct turn_secrets secrets;
	uint32_t credential_s;
	struct turn_static *users;
	size_t n_users;
	rand_fn rand;
	void *rand_arg;
	uint8_t nonce_key[16];
	uint8_t hash_key[MAP_HASH_KEY_BYTES];
	uint32_t indication_prefix;
	uint64_t indications; /* with the prefix the transaction id of the next */
	struct map tuples;
	struct map owners;
	struct list allocs;
	struct turn_ledger *ledger;
	struct turn_ledger *own_ledger; /* the same, where it is not shared; else NULL */
	struct wheel_timer reservations_timer;
	struct bucket bucket;
	struct turn_budget binding_budget, challenge_budget;
	struct turn_memory *revoked;
	struct turn_memory *deleted;
	struct wheel wheel;
	struct turn_counters counters;
};

/* Whoever sends a request that checks. */
struct turn_login {
	char username[TURN_USERNAME_MAX];
	const char *user;   /* behind "expiry:", or the username */
	uint64_t expires_s; /* of a time-limited one */
	bool limited;
	struct turn_key key;
};

/* A request while it is answered. */
struct turn_request {
	struct turn_server *server;
	struct turn_from *from;
	struct turn_time now;
	struct stun_msg m;
	struct turn_alloc *alloc; /* of the 5-tuple; NULL */
	struct turn_login login;  /* once it is proven */
	bool proven;
	uint8_t *reply; /* TURN_REPLY_MAX */
};

/* auth.c */

/** turn_authenticate() - RFC 8489 §9.2.4, RFC 8656 §5. Return: 0 (@q is proven); 400, 401, 438, 441. */
int turn_authenticate(struct turn_request *q) MUST_CHECK;

/* login.c */

/**
 * turn_login_find() - who signed @q with password algorithm @alg and integrity @mac
 * @name: USERNAME, or NULL for USERHASH in @hash
 * Return: 0 with @out set; 401: nobody we know, or a wrong password; -EIO.
 */
struct turn_who {
	const struct stun_attr *name;
	const uint8_t *hash;
	enum stun_password_alg alg;
	enum stun_mac mac;
};
int turn_login_find(const struct turn_request *q, const struct turn_who *who,
		    struct turn_login *out) MUST_CHECK;

/** turn_login_may_allocate() - it has not expired and its user is not revoked. */
bool turn_login_may_allocate(const struct turn_server *s, const struct turn_login *l, uint64_t wall_s);

/* nonce.c */

void turn_nonce_make(const struct turn_server *s, const struct addr *client, uint64_t now_ms,
		     char out[TURN_NONCE_CHARS]);

/** turn_nonce_good() - it is ours, for this client, and not too old */
bool turn_nonce_good(const struct turn_server *s, const struct addr *client, uint64_t now_ms,
		     const struct stun_attr *nonce);

/* reply.c: each returns the length of what is then in @q->reply. */

void turn_reply_begin(const struct turn_request *q, struct stun_build *b, enum stun_class class);
size_t turn_reply_end(const struct turn_request *q, struct stun_build *b);
size_t turn_success(const struct turn_request *q);
size_t turn_error(const struct turn_request *q, int code);
size_t turn_unknown(const struct turn_request *q, const uint16_t *types, size_t n);

/** turn_password_algorithms_match() - is that PASSWORD-ALGORITHMS as we send it? */
bool turn_password_algorithms_match(const struct stun_attr *attr);

/* allocate.c, refresh.c, permission.c, channel.c: requests that are proven. Return: length of the answer. */

size_t turn_do_allocate(struct turn_request *q);
size_t turn_do_refresh(struct turn_request *q);
size_t turn_do_create_permission(struct turn_request *q);
size_t turn_do_channel_bind(struct turn_request *q);

/** turn_lifetime_s() - of LIFETIME in @q what is granted. Return: 0; 400. */
int turn_lifetime_s(const struct turn_request *q, uint32_t *out) MUST_CHECK;

/* wish.c: what an Allocate asks for */

struct turn_wish {
	uint32_t lifetime_s;
	bool family[TURN_FAMILIES];
	enum turn_port port;
	const uint8_t *token; /* NULL: none */
};

/** turn_wish_read() - Return: 0; 400, 440, 442. */
int turn_wish_read(const struct turn_request *q, struct turn_wish *out) MUST_CHECK;

/* alloc.c */

/** turn_alloc_new() - for @q, with no relay and no share. Return: NULL if out of memory. */
struct turn_alloc *turn_alloc_new(const struct turn_request *q) MUST_CHECK;
void turn_alloc_end(struct turn_alloc *a);

/** turn_alloc_drop() - end one that nobody has been told of, and the reservation that was made with it */
void turn_alloc_drop(struct turn_alloc *a);

/** turn_alloc_time() - the timer for what expires first */
void turn_alloc_time(struct turn_alloc *a);

/** turn_relay_close() - the relayed address of one family; the allocation stays */
void turn_relay_close(struct turn_alloc *a, unsigned family);

/** turn_tuple() - the key of a 5-tuple. Return: its length. */
size_t turn_tuple(const struct addr *client, const struct addr *server, uint8_t out[TURN_TUPLE_BYTES_MAX]);

/* revoke.c: the allocations of a user. @a->owner is set as long as it is one of them. Return: 0; -ENOMEM. */

int turn_owner_join(struct turn_alloc *a, const char *user) MUST_CHECK;
void turn_owner_leave(struct turn_alloc *a);

/* reservation.c */

/** turn_reservation_new() - hold @relay for a token. Takes @share over on success. Return: 0; -ENOMEM;
 * -EEXIST. */
int turn_reservation_new(struct turn_server *s, struct turn_share share, const struct turn_relay *relay,
			 uint64_t now_ms, uint8_t token[STUN_TOKEN_BYTES]) MUST_CHECK;

/** turn_reservation_take() - @user's for @token: socket and share go to the caller. Return: whether there is
 * one. */
bool turn_reservation_take(struct turn_server *s, const uint8_t token[STUN_TOKEN_BYTES], const char *user,
			   struct turn_relay *relay, struct turn_share *share) MUST_CHECK;

/** turn_reservation_drop() - end one whose token nobody has been told */
void turn_reservation_drop(struct turn_server *s, const uint8_t token[STUN_TOKEN_BYTES], const char *user);

/** turn_reservations_expire() - the timer: end what has expired, of all servers of the ledger */
void turn_reservations_expire(struct wheel_timer *t, uint64_t now_ms);

/** turn_reservations_revoke() - end those of @user, whoever made them */
void turn_reservations_revoke(struct turn_server *s, const char *user);

/** turn_reservations_end() - end those that this server has made, and its timer */
void turn_reservations_end(struct turn_server *s);

/* ledger.c; see turn/ledger.h */

/** turn_share_take() - Return: 0; 486; -ENOMEM. */
int turn_share_take(struct turn_ledger *l, const char *user, const struct addr *client,
		    struct turn_share *out) MUST_CHECK;

/** turn_share_give() - back; nothing for a share with nothing in it */
void turn_share_give(struct turn_ledger *l, struct turn_share share);

/** turn_ledger_put() - @r is the ledger's on success. Return: 0; -EEXIST; -ENOMEM. */
int turn_ledger_put(struct turn_ledger *l, struct turn_reservation *r) MUST_CHECK;

/* Each takes one reservation out, which is the caller's then; NULL: there is none. */

/** turn_ledger_claim() - the one with @token, if it is @user's */
struct turn_reservation *turn_ledger_claim(struct turn_ledger *l, const uint8_t token[STUN_TOKEN_BYTES],
					   const char *user) MUST_CHECK;

/** turn_ledger_expired() - *@next_ms: when the oldest that is left expires if none has; WHEEL_NEVER: there
 * is none */
struct turn_reservation *turn_ledger_expired(struct turn_ledger *l, uint64_t now_ms,
					     uint64_t *next_ms) MUST_CHECK;
struct turn_reservation *turn_ledger_of_user(struct turn_ledger *l, const char *user) MUST_CHECK;
struct turn_reservation *turn_ledger_of_server(struct turn_ledger *l, const struct turn_server *s) MUST_CHECK;

/* budget.c */

/* Bandwidth, in what base/bucket.h holds: 34 Gbit/s and more are no limit. A second's worth may come at once,
 * and in any case the largest datagram. */
static inline uint32_t turn_rate(uint64_t bytes_per_s)
{
	return bytes_per_s > UINT32_MAX ? UINT32_MAX : (uint32_t)bytes_per_s;
}

static inline uint32_t turn_burst(uint32_t rate)
{
	return rate > 65536 ? rate : 65536;
}

int turn_budget_init(struct turn_server *s) MUST_CHECK;
void turn_budget_deinit(struct turn_server *s);

/** turn_budget_take() - may who has proved nothing have @reply bytes for @q? */
bool turn_budget_take(const struct turn_request *q, size_t reply) MUST_CHECK;

/** turn_budget_proven() - answers do reach where @q came from */
void turn_budget_proven(const struct turn_request *q);

/* peers.c: the tables of an allocation */

static inline struct turn_ip turn_ip_of(const struct addr *a)
{
	struct turn_ip ip = {0};
	if (a->sa.sa_family == AF_INET) {
		memcpy((uint8_t *)&ip + 10, "\xFF\xFF", 2);
		memcpy((uint8_t *)&ip + 12, &a->in.sin_addr, 4);
	} else {
		memcpy(&ip, &a->in6.sin6_addr, 16);
	}
	return ip;
}

static inline bool turn_same_ip(const struct turn_ip *a, const struct turn_ip *b)
{
	return a->words[0] == b->words[0] && a->words[1] == b->words[1];
}

static inline unsigned turn_family(const struct addr *a)
{
	return a->sa.sa_family == AF_INET ? TURN_IP4 : TURN_IP6;
}

/** turn_permission_find() - one that may have expired; NULL */
struct turn_permission *turn_permission_find(struct turn_alloc *a, const struct turn_ip *ip);

/** turn_permission_room() - clear out, and have room for those of @peers that have none. Return: 0; 508. */
int turn_permission_room(struct turn_alloc *a, const struct addr *peers, size_t n,
			 uint64_t now_ms) MUST_CHECK;

/** turn_permission_set() - one for @peer from now on; if it is new there is room. */
void turn_permission_set(struct turn_alloc *a, const struct addr *peer, uint64_t now_ms);

/** turn_channel_find() - by number; one that may have expired; NULL */
struct turn_channel *turn_channel_find(struct turn_alloc *a, uint16_t number);

/** turn_channel_of() - by peer; one that may have expired; NULL */
struct turn_channel *turn_channel_of(struct turn_alloc *a, const struct turn_ip *ip, uint16_t port);

/** turn_channel_clear() - without what has expired */
void turn_channel_clear(struct turn_alloc *a, uint64_t now_ms);

/** turn_channel_room() - for one more. Return: 0; 508. */
int turn_channel_room(struct turn_alloc *a) MUST_CHECK;

/** turn_channel_add() - there is room, and neither number nor peer are bound */
struct turn_channel *turn_channel_add(struct turn_alloc *a, uint16_t number, const struct addr *peer);

/** turn_judge() - @peer under the policy of now, unless @j is of that already. policy_number is never 0. */
void turn_judge(const struct turn_alloc *a, const struct addr *peer, struct turn_judged *j);

/** turn_peer_refused() - Return: whether data to @peer, port and all, is refused; reported and counted then.
 */
bool turn_peer_refused(struct turn_alloc *a, const struct addr *peer, bool *local);

/** turn_address_refused() - the same for @peer's IP address alone, as a permission has it */
bool turn_address_refused(struct turn_alloc *a, const struct addr *peer);

/** turn_indication_tid() - a transaction id for an indication, which nobody answers */
void turn_indication_tid(struct turn_server *s, uint8_t out[STUN_TID_BYTES]);

#endif
