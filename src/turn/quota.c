/*
 * Quotas of allocations, by user, by client address and in all; and what may be answered to whoever has
 * proved nothing.
 *
 * An allocation and a reservation each hold a share of all three. The structs that count are there as long as
 * somebody holds a share of them, and such a holder has authenticated.
 *
 * The budget: every prefix of senders has a bucket of bytes. A request puts in seven eighths of its length,
 * the answer takes its own out, and a minute fills the bucket. Beyond the bucket, then, a prefix gets fewer
 * bytes than it sends, and whoever writes another's address into his packets would do the other more harm by
 * sending to him. A request that authenticates has brought back a nonce that was sent to that prefix, so it
 * has the bucket filled.
 *
 * Thread: the owner's.
 */
#include "base/mem.h"
#include "turn/core.h"

#include <errno.h>
#include <string.h>

static struct turn_owner *owner_of(struct turn_server *s, const char *name)
{
	size_t n = strlen(name);
	struct map_node *node = map_find(&s->owners, name, n);
	if (node)
		return CONTAINER_OF(node, struct turn_owner, node);
	struct turn_owner *o = mem_zalloc(sizeof(*o) + n + 1);
	if (!o)
		return NULL;
	list_init(&o->allocs);
	list_init(&o->reservations);
	memcpy(o->name, name, n + 1);
	if (map_insert(&s->owners, &o->node, o->name, n) == 0)
		return o;
	mem_free(o);
	return NULL;
}

static struct turn_place *place_of(struct turn_server *s, const struct addr *client)
{
	uint8_t prefix[ADDR_PREFIX_BYTES];
	addr_prefix(client, prefix);
	struct map_node *node = map_find(&s->places, prefix, sizeof(prefix));
	if (node)
		return CONTAINER_OF(node, struct turn_place, node);
	struct turn_place *p = mem_zalloc(sizeof(*p));
	if (!p)
		return NULL;
	memcpy(p->prefix, prefix, sizeof(prefix));
	if (map_insert(&s->places, &p->node, p->prefix, sizeof(prefix)) == 0)
		return p;
	mem_free(p);
	return NULL;
}

static void drop_unused(struct turn_server *s, struct turn_share share)
{
	if (share.owner && share.owner->count == 0) {
		map_remove(&s->owners, &share.owner->node);
		mem_free(share.owner);
	}
	if (share.place && share.place->count == 0) {
		map_remove(&s->places, &share.place->node);
		mem_free(share.place);
	}
}

int turn_share_take(struct turn_server *s, const char *user, const struct addr *client,
		    struct turn_share *out)
{
	struct turn_share share = {.owner = owner_of(s, user), .place = place_of(s, client)};
	int r = 0;
	if (!share.owner || !share.place)
		r = -ENOMEM;
	else if (s->n_shares >= s->limits.allocations ||
		 share.owner->count >= s->limits.allocations_per_user ||
		 share.place->count >= s->limits.allocations_per_address)
		r = STUN_CODE_QUOTA_REACHED;
	if (r != 0) {
		drop_unused(s, share);
		return r;
	}
	s->n_shares++;
	share.owner->count++;
	share.place->count++;
	*out = share;
	return 0;
}

void turn_share_give(struct turn_server *s, struct turn_share share)
{
	s->n_shares--;
	share.owner->count--;
	share.place->count--;
	drop_unused(s, share);
}

bool turn_budget(struct turn_server *s, const struct addr *client, size_t request, size_t reply,
		 uint64_t now_ms)
{
	uint8_t prefix[ADDR_PREFIX_BYTES];
	addr_prefix(client, prefix);
	uint32_t in = (uint32_t)(request - request / 8 - 1), cost = (uint32_t)reply;
	return bucket_table_trade(s->unproven, prefix, sizeof(prefix), in, cost, now_ms);
}

void turn_budget_proven(struct turn_server *s, const struct addr *client, uint64_t now_ms)
{
	uint8_t prefix[ADDR_PREFIX_BYTES];
	addr_prefix(client, prefix);
	(void)bucket_table_trade(s->unproven, prefix, sizeof(prefix), UINT32_MAX, 0, now_ms);
}
