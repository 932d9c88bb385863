/*
 * Whole lives of allocations: the input is a script of what four clients of two servers with one ledger, over
 * UDP, TCP and TLS, ask and send, signed with good credentials or not, of time, of failing sockets and
 * memory, and of what an operator does.
 *
 * The kit aborts if an answer is not as every answer must be or if the state is not whole. On top of that:
 * data passes to no peer that the policy refuses, only through a socket of the allocation's own, and nothing
 * passes that no request has opened the way for.
 */
#include "base/mem.h"
#include "turn/ledger.h"
#include "turn/testkit.h"

#include <stdlib.h>
#include <string.h>

#define CHECK(x) ((x) ? (void)0 : abort())
#define CLIENTS  4
#define KITS     2

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct script {
	const uint8_t *p;
	size_t left;
	struct kit k[KITS];
	struct turn_ledger *ledger;
	struct kit_client c[CLIENTS];
	size_t passed;
};

static uint8_t take(struct script *s)
{
	if (s->left == 0)
		return 0;
	s->left--;
	return *s->p++;
}

static const char *const peers[] = {
	"8.8.8.8:53",        "8.8.8.8:54",         "8.8.4.4:53",         "[2a00:1450::1]:53",
	"10.0.0.1:1",        "127.0.0.1:1",        "8.8.8.8:0",          "198.41.0.9:22",
	"198.41.0.4:22",     "[::ffff:8.8.8.8]:1", "[64:ff9b::a00:1]:1", "[2002:a00:1::]:1",
	"[2a00:1450::1]:54", "[2620:0:2d0::1]:22",
};

/* One of the list, a relayed address of a client, or whatever the bytes are. */
static struct addr peer(struct script *s)
{
	uint8_t choice = take(s);
	if (choice < 128)
		return kit_addr(peers[choice % ARRAY_LEN(peers)]);
	const struct turn_alloc *a = kit_alloc(&s->c[choice % CLIENTS]);
	if (choice < 192 && a && a->relays[choice / 4 % 2].socket)
		return a->relays[choice / 4 % 2].relayed;
	struct addr raw = kit_addr(choice % 2 ? "1.1.1.1" : "::");
	uint8_t *ip = choice % 2 ? (uint8_t *)&raw.in.sin_addr : raw.in6.sin6_addr.s6_addr;
	for (unsigned i = 0; i < (choice % 2 ? 4u : 16u); i++)
		ip[i] = take(s);
	addr_set_port(&raw, take(s));
	return raw;
}

/* Of every sort but those that end what is signed. */
static const uint16_t attr_types[] = {
	STUN_ATTR_LIFETIME,
	STUN_ATTR_EVEN_PORT,
	STUN_ATTR_REQUESTED_TRANSPORT,
	STUN_ATTR_REQUESTED_ADDRESS_FAMILY,
	STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY,
	STUN_ATTR_DONT_FRAGMENT,
	STUN_ATTR_RESERVATION_TOKEN,
	STUN_ATTR_CHANNEL_NUMBER,
	STUN_ATTR_XOR_PEER_ADDRESS,
	STUN_ATTR_DATA,
	STUN_ATTR_USERNAME,
	STUN_ATTR_USERHASH,
	STUN_ATTR_REALM,
	STUN_ATTR_NONCE,
	STUN_ATTR_PASSWORD_ALGORITHM,
	STUN_ATTR_PASSWORD_ALGORITHMS,
	STUN_ATTR_CHANGE_REQUEST,
	STUN_ATTR_SOFTWARE,
	0x7001,
	0x8F01,
};

static void raw_attr(struct script *s, struct stun_build *b)
{
	uint8_t value[32];
	uint16_t type = attr_types[take(s) % ARRAY_LEN(attr_types)];
	size_t n = take(s) % (sizeof(value) + 1);
	for (size_t i = 0; i < n; i++)
		value[i] = take(s);
	stun_build_bytes(b, type, value, n);
}

static void attrs(struct script *s, struct kit_client *c)
{
	uint8_t choice = take(s);
	struct addr a;
	if (choice & 1)
		stun_build_transport(&c->b, 17);
	if (choice & 2)
		stun_build_u32(&c->b, STUN_ATTR_LIFETIME, take(s) * 16u);
	if (choice & 4)
		stun_build_even_port(&c->b, choice & 128);
	if (choice & 8)
		stun_build_family(&c->b,
				  choice & 128 ? STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY
					       : STUN_ATTR_REQUESTED_ADDRESS_FAMILY,
				  STUN_FAMILY_IP6);
	if (choice & 16)
		stun_build_channel(&c->b, (uint16_t)(STUN_CHANNEL_MIN + take(s) % 8));
	for (unsigned i = choice / 32 % 4; i; i--) {
		a = peer(s);
		stun_build_xor_addr(&c->b, STUN_ATTR_XOR_PEER_ADDRESS, &a);
	}
}

/* The token of the reservation that there is, if there is one. */
static void token(struct script *s, struct kit_client *c)
{
	struct map_node *node = map_first(&s->ledger->tokens);
	if (node)
		stun_build_bytes(&c->b, STUN_ATTR_RESERVATION_TOKEN, node->key, STUN_TOKEN_BYTES);
}

static void request(struct script *s, struct kit_client *c)
{
	static const uint16_t methods[] = {
		STUN_ALLOCATE,     STUN_ALLOCATE, STUN_REFRESH, STUN_CREATE_PERMISSION,
		STUN_CHANNEL_BIND, STUN_BINDING,  STUN_SEND,    0x00A};
	uint8_t how = take(s);
	kit_begin(c, methods[how % 8]);
	attrs(s, c);
	for (unsigned i = how / 8 % 4; i; i--)
		raw_attr(s, &c->b);
	if (how & 32)
		token(s, c);
	c->fingerprint = how & 64;
	if (how & 128 || methods[how % 8] == STUN_BINDING)
		(void)kit_plain(c);
	else
		(void)kit_ask(c);
}

static void simple(struct script *s, struct kit_client *c)
{
	uint8_t how = take(s);
	struct addr a = peer(s);
	switch (how % 6) {
	case 0:
		(void)kit_allocate(c);
		break;
	case 1:
		(void)kit_allocate_both(c);
		break;
	case 2:
		(void)kit_refresh(c, how / 6 * 30u);
		break;
	case 3:
		(void)kit_permit_addr(c, &a);
		break;
	case 4:
		(void)kit_bind_addr(c, (uint16_t)(STUN_CHANNEL_MIN + how / 6 % 8), &a);
		break;
	default:
		(void)kit_again(c);
		break;
	}
}

static void check_up(struct script *s, const struct turn_alloc *a, const struct turn_up *up)
{
	struct turn_verdict v = turn_policy_judge(up->socket->kit->policy, &up->peer);
	struct turn_ip ip = turn_ip_of(&up->peer);
	bool permitted = false;
	CHECK(v.refusal == TURN_ALLOWED && v.local == up->local);
	CHECK(up->socket->open && up->socket->owner == a && addr_equal(&up->socket->relayed, &up->relayed));
	CHECK(up->relayed.sa.sa_family == up->peer.sa.sa_family);
	for (uint16_t i = 0; i < a->n_permissions; i++)
		permitted = permitted || (turn_same_ip(&a->permissions[i].ip, &ip) &&
					  a->permissions[i].expires_ms > up->socket->kit->now.mono_ms);
	CHECK(permitted);
}

static void data_up(struct script *s, struct kit_client *c)
{
	struct turn_alloc *a = kit_alloc(c);
	struct turn_up up;
	uint8_t how = take(s);
	struct addr to = peer(s);
	if (!a)
		return;
	if (how % 2 ? kit_channel_up(c, (uint16_t)(STUN_CHANNEL_MIN + how / 2 % 8), &up)
		    : kit_send_addr(c, &to, &up)) {
		check_up(s, a, &up);
		s->passed += turn_spend(a, TURN_UP, how * 100u, c->kit->now.mono_ms);
	}
}

static void data_down(struct script *s, struct kit_client *c)
{
	struct turn_alloc *a = kit_alloc(c);
	struct turn_down down;
	uint8_t out[TURN_REPLY_MAX], how = take(s);
	struct addr from = peer(s);
	uint64_t now = c->kit->now.mono_ms;
	struct stun_msg m;
	if (!a)
		return;
	if (turn_down(a, &from, now, &down)) {
		size_t n = turn_data_header(a, &from, 0, out);
		CHECK(n > 0 && n <= TURN_DATA_HEADER_MAX && stun_msg_parse(&m, out, n) == 0);
		if (down.channel)
			CHECK(turn_channel_find(a, down.channel) &&
			      addr_equal(&turn_channel_find(a, down.channel)->peer, &from));
		s->passed += turn_spend(a, TURN_DOWN, how * 100u, now);
	}
	size_t n = turn_icmp(a, &from, how % 16, how, how, now, out);
	CHECK(n == 0 || stun_msg_parse(&m, out, n) == 0);
}

/* Bytes of the script as they are: no client of ours could have sent them. */
static void raw(struct script *s, struct kit_client *c)
{
	uint8_t *bytes, out[TURN_REPLY_MAX];
	struct turn_up up;
	size_t n = take(s);
	if (n > s->left)
		n = s->left;
	bytes = malloc(n ? n : 1);
	CHECK(bytes);
	memcpy(bytes, s->p, n);
	s->p += n;
	s->left -= n;
	CHECK(turn_message(c->kit->server, &c->from, bytes, n, c->kit->now, out) <= TURN_REPLY_MAX);
	kit_check(c->kit);
	struct turn_alloc *a = kit_alloc(c);
	if (a && turn_send_up(a, bytes, n, c->kit->now.mono_ms, &up))
		check_up(s, a, &up);
	free(bytes);
}

static void credentials(struct script *s, struct kit_client *c)
{
	static const char *const users[] = {"alice", "bert", "c", "room.d"};
	uint8_t how = take(s);
	c->mac = how & 1 ? STUN_MAC_SHA256 : STUN_MAC_SHA1;
	c->alg = (how & 2 ? 1 : 0) + (how & 4 ? 1 : 0);
	c->by_hash = how & 8;
	if (how & 16) {
		strcpy(c->username, how & 32 ? "ada" : "bob");
		strcpy(c->password, how & 64 ? "lovelace" : "builder");
	} else {
		kit_credential(c, how & 32 ? KIT_SECRET : "other", users[how / 64 % 4],
			       c->kit->now.wall_s + (how & 64 ? 600 : 0));
	}
	/* Without a budget left there is no answer to learn a nonce from. */
	kit_begin(c, STUN_ALLOCATE);
	if (kit_plain(c) == STUN_CODE_UNAUTHENTICATED)
		kit_login(c);
}

/* Everything that is counted, is somebody's. */
static void check_all(struct script *s)
{
	size_t allocs = 0;
	for (unsigned i = 0; i < KITS; i++) {
		kit_check(&s->k[i]);
		allocs += turn_get_counters(s->k[i].server)->allocations_now;
	}
	CHECK(s->ledger->total == allocs + s->ledger->tokens.count);
}

/* Of time, both servers know. */
static void advance(struct script *s, uint64_t ms)
{
	for (unsigned i = 0; i < KITS; i++)
		kit_advance(&s->k[i], ms);
}

static void operate(struct script *s, struct kit_client *c)
{
	static const char *const secrets[] = {KIT_SECRET, "third"};
	uint8_t how = take(s);
	struct kit *k = c->kit;
	switch (how % 8) {
	case 0:
		turn_revoke(k->server, how & 8 ? "alice" : "ada", k->now);
		break;
	case 1:
		kit_set_peers(k, how & 8 ? "10.0.0.0/8" : NULL);
		break;
	case 2:
		CHECK(turn_set_secrets(k->server, secrets, how / 8 % 3) == 0);
		break;
	case 3:
		k->fail_ip4 = how & 8 ? -98 : 0;
		k->fail_ip6 = how & 16 ? -97 : 0;
		k->fail_own = how & 32 ? -12 : 0;
		break;
	case 4:
		turn_client_gone(k->server, &c->from);
		break;
	default:
		advance(s, UINT64_C(1) << how / 8 % 21);
		break;
	}
	check_all(s);
}

static void step(struct script *s)
{
	typedef void (*action)(struct script *, struct kit_client *);
	static const action actions[] = {request, simple,      data_up, data_down,
					 raw,     credentials, operate, simple};
	uint8_t what = take(s);
	struct kit_client *c = &s->c[what / 8 % CLIENTS];
	action act = actions[what % 8];
	/* The kit's own tools need memory. */
	bool starve = what & 64 && (act == request || act == simple) && *c->nonce;
	if (starve)
		mem_fail_after(what / 128 % 2);
	act(s, c);
	if (starve)
		mem_fail_never();
}

/* For the keys of maps: a run that finds something is to be the same the next time. */
static void same_always(void *arg, uint8_t *out, size_t n)
{
	memset(out, 0x5A, n);
}

static void open_all(struct script *s)
{
	static const struct turn_limits limits = {.allocations = 5,
						  .allocations_per_user = 4,
						  .allocations_per_address = 3,
						  .permissions = 4,
						  .channels = 3,
						  .bytes_per_s = 100000,
						  .bytes_per_s_total = 200000,
						  .unauth_prefixes = 8};
	s->ledger = turn_ledger_new(&limits, same_always, NULL);
	CHECK(s->ledger);
	for (unsigned i = 0; i < KITS; i++) {
		s->k[i] = (struct kit){.limits = limits, .ledger = s->ledger, .random = i};
		CHECK(kit_init(&s->k[i]) == 0);
	}
	kit_client(&s->k[0], &s->c[0], TURN_UDP, "198.0.0.1:5000", "alice");
	kit_client(&s->k[1], &s->c[1], TURN_UDP, "[2a00:1450::7]:5001", "alice");
	kit_client(&s->k[0], &s->c[2], TURN_TCP, "198.0.0.1:5002", "bert");
	kit_client(&s->k[1], &s->c[3], TURN_TLS, "[2a00:1450::7]:5003", "c");
	for (unsigned i = 0; i < CLIENTS; i++)
		kit_login(&s->c[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct script s;
	size_t passed = 0;
	s = (struct script){.p = data, .left = n};
	open_all(&s);
	for (unsigned i = 0; s.left && i < 200; i++)
		step(&s);
	check_all(&s);
	for (unsigned i = 0; i < KITS; i++) {
		const struct turn_counters *count = turn_get_counters(s.k[i].server);
		passed += count->up_packets + count->down_packets;
		kit_deinit(&s.k[i]);
	}
	CHECK(s.passed == passed);
	turn_ledger_free(s.ledger);
	return 0;
}
