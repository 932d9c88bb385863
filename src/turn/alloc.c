/*
 * An allocation from its beginning to its end, and finding it by its 5-tuple.
 *
 * A UDP client's is found in a map by the addresses of both sides; a stream's connection is its 5-tuple and
 * points to it. The timer stands at the first expiry of a relayed address; permissions and channels are not
 * timed, since whoever uses one looks at its time anyway, and what has expired is cleared out when there is
 * need of room.
 *
 * Invariants: an allocation has a relay with a socket and a share of the quotas as soon as its request is
 * answered; it is in its server's list and its owner's; a stream's origin points to it.
 *
 * Thread: the owner's.
 */
#include "base/mem.h"
#include "turn/core.h"

#include <string.h>

static size_t put_end(uint8_t *out, const struct addr *a)
{
	if (a->sa.sa_family == AF_INET) {
		memcpy(out, &a->in.sin_port, 2);
		memcpy(out + 2, &a->in.sin_addr, 4);
		return 6;
	}
	memcpy(out, &a->in6.sin6_port, 2);
	memcpy(out + 2, &a->in6.sin6_addr, 16);
	memcpy(out + 18, &a->in6.sin6_scope_id, 4);
	return 22;
}

size_t turn_tuple(const struct addr *client, const struct addr *server, uint8_t out[TURN_TUPLE_BYTES_MAX])
{
	/* Both are of one family, so the length tells the families apart. */
	size_t n = put_end(out, client);
	return n + put_end(out + n, server);
}

struct turn_alloc *turn_find(const struct turn_server *s, const struct addr *client,
			     const struct addr *server)
{
	uint8_t tuple[TURN_TUPLE_BYTES_MAX];
	size_t n = turn_tuple(client, server, tuple);
	struct map_node *node = map_find(&s->tuples, tuple, n);
	return node ? CONTAINER_OF(node, struct turn_alloc, node) : NULL;
}

void turn_relay_close(struct turn_alloc *a, unsigned family)
{
	struct turn_relay *r = &a->relays[family];
	if (!r->socket)
		return;
	a->server->ops->socket_close(a->server->arg, r->socket);
	r->socket = NULL;
}

void turn_alloc_time(struct turn_alloc *a)
{
	uint64_t first = WHEEL_NEVER;
	for (unsigned f = 0; f < TURN_FAMILIES; f++)
		if (a->relays[f].socket && a->relays[f].expires_ms < first)
			first = a->relays[f].expires_ms;
	wheel_start(&a->server->wheel, &a->timer, first);
}

static void expire(struct wheel_timer *t, uint64_t now_ms)
{
	struct turn_alloc *a = CONTAINER_OF(t, struct turn_alloc, timer);
	bool left = false;
	for (unsigned f = 0; f < TURN_FAMILIES; f++) {
		if (a->relays[f].expires_ms <= now_ms)
			turn_relay_close(a, f);
		left = left || a->relays[f].socket;
	}
	if (left)
		turn_alloc_time(a);
	else
		turn_alloc_end(a);
}

static void wipe(struct turn_alloc *a)
{
	explicit_bzero(&a->key, sizeof(a->key));
	mem_free(a);
}

/* Into the map of 5-tuples, or beside the connection. */
static int attach(struct turn_alloc *a, struct turn_from *from)
{
	if (from->transport != TURN_UDP) {
		a->origin = from;
		a->origin->alloc = a;
		return 0;
	}
	size_t n = turn_tuple(&a->from.client, &a->from.server, a->tuple);
	return map_insert(&a->server->tuples, &a->node, a->tuple, n);
}

struct turn_alloc *turn_alloc_new(const struct turn_request *q)
{
	struct turn_server *s = q->server;
	size_t name = strlen(q->login.username) + 1;
	struct turn_alloc *a = mem_zalloc(sizeof(*a) + name);
	if (!a)
		return NULL;
	a->server = s;
	a->from = *q->from;
	a->key = q->login.key;
	memcpy(a->username, q->login.username, name);
	bucket_init(&a->bucket, turn_burst(turn_rate(s->limits.bytes_per_s)), q->now.mono_ms);
	wheel_timer_init(&a->timer, expire);
	if (turn_owner_join(a, q->login.user) != 0)
		goto wipe;
	if (attach(a, q->from) != 0)
		goto leave;
	a->from.alloc = a;
	list_append(&s->allocs, &a->in_server);
	s->counters.allocations_now++;
	return a;
leave:
	turn_owner_leave(a);
wipe:
	wipe(a);
	return NULL;
}

/* All but telling the worker. */
static void undo(struct turn_alloc *a)
{
	struct turn_server *s = a->server;
	wheel_stop(&s->wheel, &a->timer);
	if (a->origin)
		a->origin->alloc = NULL;
	else
		map_remove(&s->tuples, &a->node);
	list_unlink(&a->in_server);
	turn_owner_leave(a);
	for (unsigned f = 0; f < TURN_FAMILIES; f++)
		turn_relay_close(a, f);
	s->counters.allocations_now--;
	turn_share_give(s->ledger, a->share);
	mem_free(a->channels);
	mem_free(a->permissions);
	a->channels = NULL;
	a->permissions = NULL;
}

void turn_alloc_end(struct turn_alloc *a)
{
	undo(a);
	a->server->ops->alloc_gone(a->server->arg, a, a->from.user);
	wipe(a);
}

void turn_alloc_drop(struct turn_alloc *a)
{
	if (a->answer.has_token)
		turn_reservation_drop(a->server, a->answer.token, a->owner->name);
	undo(a);
	wipe(a);
}

const struct turn_from *turn_alloc_from(const struct turn_alloc *a)
{
	return &a->from;
}

void turn_client_gone(struct turn_server *s, struct turn_from *from)
{
	if (from->transport != TURN_UDP && from->alloc)
		turn_alloc_end(from->alloc);
}
