/*
 * Which peers an allocation has permissions and channels for: two small arrays that grow as needed, up to the
 * configured limit. A call has two or three of each, so going through them beats hashing; each remembers
 * where the last search ended, which is where the next one nearly always ends too.
 *
 * A channel keeps the expiry of the permission for its peer's address, so that data looks in one place.
 *
 * Thread: the owner's.
 */
#include "base/mem.h"
#include "turn/core.h"

#include <assert.h>
#include <string.h>

#define FIRST_CAP 2

struct turn_permission *turn_permission_find(struct turn_alloc *a, const struct turn_ip *ip)
{
	struct turn_permission *p = a->permissions;
	if (a->last_permission < a->n_permissions && turn_same_ip(&p[a->last_permission].ip, ip))
		return &p[a->last_permission];
	for (uint16_t i = 0; i < a->n_permissions; i++) {
		if (!turn_same_ip(&p[i].ip, ip))
			continue;
		a->last_permission = i;
		return &p[i];
	}
	return NULL;
}

/* Room for @n in all. Return: 0; 508. */
static int grow(void **items, uint16_t *cap, size_t item, size_t n, size_t max)
{
	size_t bigger = *cap ? *cap : FIRST_CAP;
	if (n > max)
		return STUN_CODE_INSUFFICIENT_CAPACITY;
	if (n <= *cap)
		return 0;
	while (bigger < n)
		bigger *= 2;
	void *moved = mem_realloc(*items, bigger * item);
	if (!moved)
		return STUN_CODE_INSUFFICIENT_CAPACITY;
	*items = moved;
	*cap = (uint16_t)bigger;
	return 0;
}

static void clear_permissions(struct turn_alloc *a, uint64_t now_ms)
{
	uint16_t kept = 0;
	for (uint16_t i = 0; i < a->n_permissions; i++)
		if (a->permissions[i].expires_ms > now_ms)
			a->permissions[kept++] = a->permissions[i];
	a->n_permissions = kept;
}

int turn_permission_room(struct turn_alloc *a, const struct addr *peers, size_t n, uint64_t now_ms)
{
	clear_permissions(a, now_ms);
	size_t need = a->n_permissions;
	for (size_t i = 0; i < n; i++) {
		struct turn_ip ip = turn_ip_of(&peers[i]);
		if (!turn_permission_find(a, &ip))
			need++;
	}
	return grow((void **)&a->permissions, &a->cap_permissions, sizeof(a->permissions[0]), need,
		    a->server->limits.permissions);
}

void turn_permission_set(struct turn_alloc *a, const struct addr *peer, uint64_t now_ms)
{
	struct turn_ip ip = turn_ip_of(peer);
	struct turn_permission *p = turn_permission_find(a, &ip);
	if (!p) {
		assert(a->n_permissions < a->cap_permissions);
		p = &a->permissions[a->n_permissions++];
		*p = (struct turn_permission){.ip = ip};
	}
	p->expires_ms = now_ms + TURN_PERMISSION_MS;
	for (uint16_t i = 0; i < a->n_channels; i++)
		if (turn_same_ip(&a->channels[i].ip, &ip))
			a->channels[i].permission_ms = p->expires_ms;
}

/* The first whose number is not below @number. */
static uint16_t channel_at(const struct turn_alloc *a, uint16_t number)
{
	uint16_t from = 0, to = a->n_channels;
	while (from < to) {
		uint16_t middle = (uint16_t)((from + to) / 2);
		if (a->channels[middle].number < number)
			from = (uint16_t)(middle + 1);
		else
			to = middle;
	}
	return from;
}

struct turn_channel *turn_channel_find(struct turn_alloc *a, uint16_t number)
{
	uint16_t i = channel_at(a, number);
	return i < a->n_channels && a->channels[i].number == number ? &a->channels[i] : NULL;
}

static bool is_peer(const struct turn_channel *c, const struct turn_ip *ip, uint16_t port)
{
	return c->port == port && turn_same_ip(&c->ip, ip);
}

struct turn_channel *turn_channel_of(struct turn_alloc *a, const struct turn_ip *ip, uint16_t port)
{
	if (a->last_channel < a->n_channels && is_peer(&a->channels[a->last_channel], ip, port))
		return &a->channels[a->last_channel];
	for (uint16_t i = 0; i < a->n_channels; i++) {
		if (!is_peer(&a->channels[i], ip, port))
			continue;
		a->last_channel = i;
		return &a->channels[i];
	}
	return NULL;
}

void turn_channel_clear(struct turn_alloc *a, uint64_t now_ms)
{
	uint16_t kept = 0;
	for (uint16_t i = 0; i < a->n_channels; i++)
		if (a->channels[i].expires_ms > now_ms)
			a->channels[kept++] = a->channels[i];
	a->n_channels = kept;
}

int turn_channel_room(struct turn_alloc *a)
{
	return grow((void **)&a->channels, &a->cap_channels, sizeof(a->channels[0]), a->n_channels + 1u,
		    a->server->limits.channels);
}

struct turn_channel *turn_channel_add(struct turn_alloc *a, uint16_t number, const struct addr *peer)
{
	uint16_t i = channel_at(a, number);
	assert(a->n_channels < a->cap_channels);
	memmove(&a->channels[i + 1], &a->channels[i], (a->n_channels - i) * sizeof(a->channels[0]));
	a->n_channels++;
	struct turn_channel *c = &a->channels[i];
	*c = (struct turn_channel){
		.ip = turn_ip_of(peer), .peer = *peer, .port = addr_port(peer), .number = number};
	return c;
}

void turn_judge(const struct turn_alloc *a, const struct addr *peer, struct turn_judged *j)
{
	if (j->policy == a->server->policy_number)
		return;
	struct turn_verdict v = turn_policy_judge(a->server->policy, peer);
	*j = (struct turn_judged){
		.policy = a->server->policy_number, .refused = v.refusal != TURN_ALLOWED, .local = v.local};
}

static bool report(struct turn_alloc *a, const struct addr *peer, enum turn_refusal why)
{
	struct turn_server *s = a->server;
	if (why == TURN_ALLOWED)
		return false;
	s->ops->refused(s->arg, &a->from.client, peer, why);
	return true;
}

bool turn_peer_refused(struct turn_alloc *a, const struct addr *peer, bool *local)
{
	struct turn_server *s = a->server;
	struct turn_verdict v = turn_policy_judge(s->policy, peer);
	/* Behind another port of a relayed address is not a relay but this machine. */
	if (v.local && !s->ops->relayed_alive(s->arg, peer))
		v.refusal = TURN_REFUSED_OWN;
	*local = v.local;
	return report(a, peer, v.refusal);
}

bool turn_address_refused(struct turn_alloc *a, const struct addr *peer)
{
	/* RFC 8656 §9.1: the port does not matter. */
	struct addr any_port = *peer;
	addr_set_port(&any_port, 1);
	return report(a, peer, turn_policy_judge(a->server->policy, &any_port).refusal);
}
