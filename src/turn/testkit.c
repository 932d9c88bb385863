/* A worker without sockets, and the check that all the state of its server is whole. */
#include "turn/testkit.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

struct addr kit_addr(const char *text)
{
	struct addr a;
	int r = addr_parse(&a, text, 0);
	assert(r == 0);
	(void)r;
	/* "::ffff:a.b.c.d" on the wire is an IPv6 address, and base/addr.h would make IPv4 of it. */
	if (strncmp(text, "[::ffff:", 8) == 0 || strncmp(text, "::ffff:", 7) == 0) {
		struct in_addr ip4 = a.in.sin_addr;
		uint16_t port = addr_port(&a);
		memset(&a, 0, sizeof(a));
		a.in6.sin6_family = AF_INET6;
		memcpy(a.in6.sin6_addr.s6_addr + 12, &ip4, 4);
		a.in6.sin6_addr.s6_addr[10] = a.in6.sin6_addr.s6_addr[11] = 0xFF;
		addr_set_port(&a, port);
	}
	return a;
}

static void kit_rand(void *arg, uint8_t *out, size_t n)
{
	struct kit *k = arg;
	for (size_t i = 0; i < n; i++) {
		k->random = k->random * UINT64_C(6364136223846793005) + 1442695040888963407u;
		out[i] = (uint8_t)(k->random >> 56);
	}
}

static struct turn_socket *new_socket(struct kit *k, int family, uint16_t port)
{
	for (size_t i = 0; i < KIT_SOCKETS; i++) {
		struct turn_socket *s = &k->sockets[i];
		if (s->open)
			continue;
		*s = (struct turn_socket){.kit = k, .open = true};
		s->relayed = kit_addr(family == AF_INET ? "198.41.0.4:1" : "[2620:0:2d0::1]:1");
		addr_set_port(&s->relayed, port);
		k->open++;
		return s;
	}
	return NULL;
}

static int socket_open(void *arg, int family, enum turn_port port, struct turn_socket **out,
		       struct addr *relayed, struct turn_socket **next, struct addr *next_relayed)
{
	struct kit *k = arg;
	int r = family == AF_INET ? k->fail_ip4 : k->fail_ip6;
	if (r)
		return r;
	if (k->open + 2 > KIT_SOCKETS)
		return -EADDRNOTAVAIL;
	if (port != TURN_PORT_ANY)
		k->next_port = (uint16_t)((k->next_port + 1) & ~1);
	*out = new_socket(k, family, k->next_port++);
	*relayed = (*out)->relayed;
	if (port == TURN_PORT_EVEN_AND_NEXT) {
		*next = new_socket(k, family, k->next_port++);
		*next_relayed = (*next)->relayed;
	}
	if (k->next_port < 49152 || k->next_port > 65000)
		k->next_port = 49152;
	return 0;
}

static int socket_own(void *arg, struct turn_socket *s, struct turn_alloc *a)
{
	struct kit *k = arg;
	assert(s->open && !s->owner);
	if (k->fail_own)
		return k->fail_own;
	s->kit->open--;
	s->kit = k;
	k->open++;
	s->owner = a;
	return 0;
}

static void socket_close(void *arg, struct turn_socket *s)
{
	struct kit *k = arg;
	assert(s->open && (!s->owner || s->kit == k));
	s->open = false;
	s->owner = NULL;
	s->kit->open--;
}

static void alloc_gone(void *arg, struct turn_alloc *a, void *user)
{
	struct kit *k = arg;
	for (size_t i = 0; i < KIT_SOCKETS; i++)
		assert(k->sockets[i].owner != a);
	k->gone++;
	k->gone_user = user;
}

static bool relayed_alive(void *arg, const struct addr *relayed)
{
	struct kit *k = arg;
	for (size_t i = 0; i < KIT_SOCKETS; i++)
		if (k->sockets[i].owner && addr_equal(&k->sockets[i].relayed, relayed))
			return true;
	return false;
}

static void refused(void *arg, const struct addr *client, const struct addr *peer, enum turn_refusal why)
{
	struct kit *k = arg;
	k->refused++;
	k->why = why;
	k->refused_peer = *peer;
}

void kit_set_peers(struct kit *k, const char *allow)
{
	struct addr_range prefix;
	struct addr own = kit_addr("198.41.0.9"),
		    relayed[2] = {kit_addr("198.41.0.4"), kit_addr("2620:0:2d0::1")};
	struct turn_policy *p, *old = k->policy;
	int r = allow ? addr_range_parse(&prefix, allow) : 0;
	assert(r == 0);
	r = turn_policy_new(&prefix, allow ? 1 : 0, &own, 1, relayed, 2, &p);
	assert(r == 0);
	(void)r;
	k->policy = p;
	if (k->server)
		turn_set_policy(k->server, p);
	turn_policy_free(old);
}

static uint32_t or (uint32_t value, uint32_t otherwise)
{
	return value ? value : otherwise;
}

int kit_init(struct kit *k)
{
	static const char *const secrets[] = {KIT_SECRET, KIT_SECRET2};
	static const struct turn_user users[] = {{"ada", "lovelace"}, {"bob", "builder"}};
	struct turn_limits *l = &k->limits;
	k->now = (struct turn_time){.mono_ms = 1000000, .wall_s = KIT_WALL_S};
	k->next_port = 49153;
	k->ops = (struct turn_ops){socket_open, socket_own, socket_close, alloc_gone, relayed_alive, refused};
	for (size_t i = 0; i < sizeof(k->nonce_key); i++)
		k->nonce_key[i] = (uint8_t)i;
	l->allocations = or (l->allocations, 1000);
	l->allocations_per_user = or (l->allocations_per_user, 1000);
	l->allocations_per_address = or (l->allocations_per_address, 1000);
	l->permissions = or (l->permissions, 64);
	l->channels = or (l->channels, 64);
	l->lifetime_max_s = or (l->lifetime_max_s, 3600);
	l->unauth_budget_bytes = or (l->unauth_budget_bytes, 100000);
	l->unauth_prefixes = or (l->unauth_prefixes, 64);
	if (!k->policy)
		kit_set_peers(k, NULL);
	struct turn_params p = {.limits = *l,
				.ledger = k->ledger,
				.ops = &k->ops,
				.arg = k,
				.policy = k->policy,
				.realm = KIT_REALM,
				.secrets = secrets,
				.n_secrets = 2,
				.credential_s = 600,
				.users = users,
				.n_users = 2,
				.rand = kit_rand,
				.rand_arg = k,
				.nonce_key = k->nonce_key,
				.now = k->now};
	return turn_new(&p, &k->server);
}

void kit_deinit(struct kit *k)
{
	k->server = turn_free(k->server);
	assert(k->open == 0);
	k->policy = turn_policy_free(k->policy);
}

static void check_peers(const struct turn_alloc *a)
{
	const struct turn_limits *l = &a->server->limits;
	assert(a->n_permissions <= l->permissions && a->n_channels <= l->channels);
	assert(a->n_permissions <= a->cap_permissions && a->n_channels <= a->cap_channels);
	for (uint16_t i = 0; i < a->n_permissions; i++)
		for (uint16_t j = 0; j < i; j++)
			assert(!turn_same_ip(&a->permissions[i].ip, &a->permissions[j].ip));
	for (uint16_t i = 0; i < a->n_channels; i++) {
		const struct turn_channel *c = &a->channels[i];
		assert(i == 0 || a->channels[i - 1].number < c->number);
		for (uint16_t j = 0; j < i; j++)
			assert(!addr_equal(&c->peer, &a->channels[j].peer));
	}
}

static size_t check_alloc(const struct turn_alloc *a)
{
	size_t sockets = 0;
	uint64_t first = WHEEL_NEVER;
	for (unsigned f = 0; f < TURN_FAMILIES; f++) {
		const struct turn_relay *r = &a->relays[f];
		if (!r->socket)
			continue;
		sockets++;
		first = r->expires_ms < first ? r->expires_ms : first;
		assert(r->socket->open && r->socket->owner == a &&
		       addr_equal(&r->socket->relayed, &r->relayed));
	}
	assert(sockets > 0 && wheel_timer_active(&a->timer) && a->timer.due_ms == first);
	if (a->from.transport == TURN_UDP)
		assert(turn_find(a->server, &a->from.client, &a->from.server) == a && !a->origin);
	else
		assert(a->origin->alloc == a);
	check_peers(a);
	return sockets;
}

/* The ledger, which may be of several servers. Return: reservations that @s has made. */
static size_t check_ledger(const struct turn_server *s)
{
	const struct turn_ledger *l = s->ledger;
	size_t all = 0, mine = 0;
	for (const struct list *n = l->reservations.next; n != &l->reservations; n = n->next) {
		const struct turn_reservation *r = LIST_ENTRY(n, const struct turn_reservation, in_ledger);
		assert(r->relay.socket->open && !r->relay.socket->owner && r->share.account->count > 0);
		all++;
		mine += r->maker == s;
		if (r->maker == s)
			assert(wheel_timer_active(&s->reservations_timer) &&
			       s->reservations_timer.due_ms <= r->expires_ms);
	}
	assert(all == l->tokens.count && all <= l->total && l->total <= l->total_max);
	assert(l->accounts.count <= l->total && l->places.count <= l->total);
	assert((l->accounts.count == 0) == (l->total == 0));
	if (s->own_ledger)
		assert(l->total == s->counters.allocations_now + all && mine == all);
	else
		assert(l->total >= s->counters.allocations_now + mine);
	return mine;
}

void kit_check(const struct kit *k)
{
	struct turn_server *s = k->server;
	size_t allocs = 0, sockets = check_ledger(s), udp = 0;
	for (const struct list *n = s->allocs.next; n != &s->allocs; n = n->next) {
		const struct turn_alloc *a = LIST_ENTRY(n, const struct turn_alloc, in_server);
		allocs++;
		udp += a->from.transport == TURN_UDP;
		sockets += check_alloc(a);
		assert(a->share.account && strcmp(a->share.account->name, a->owner->name) == 0);
	}
	assert(allocs == s->counters.allocations_now && udp == s->tuples.count);
	assert(s->wheel.count == allocs + wheel_timer_active(&s->reservations_timer));
	assert(sockets == k->open);
	assert(s->owners.count <= allocs && (s->owners.count == 0) == (allocs == 0));
}

void kit_advance(struct kit *k, uint64_t ms)
{
	k->now.mono_ms += ms;
	k->now.wall_s += ms / 1000;
	turn_tick(k->server, k->now);
	kit_check(k);
}
