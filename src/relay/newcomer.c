/*
 * Newcomers: stream clients that have no allocation. Anybody can be one for the price of a connection, so
 * there is a limit to them by address prefix; one more takes the place of that which has been one for
 * longest, since who means to allocate does so at once. Allocations have quotas of their own.
 *
 * Invariants: a place is in the map as long as it has newcomers; a client is at its place if and only if it
 * has one, is not closing and has no allocation, unless memory has run out: then its deadline alone ends it.
 *
 * Thread: the worker's.
 */
#include "relay/worker.h"

#include "base/mem.h"

#include <string.h>

struct newcomer_place {
	struct map_node node;
	struct list clients; /* the oldest first */
	uint32_t count;
	uint8_t prefix[ADDR_PREFIX_BYTES];
};

static struct newcomer_place *place_of(struct worker *w, const struct addr *client)
{
	uint8_t prefix[ADDR_PREFIX_BYTES];
	addr_prefix(client, prefix);
	struct map_node *node = map_find(&w->newcomers, prefix, sizeof(prefix));
	if (node)
		return CONTAINER_OF(node, struct newcomer_place, node);
	struct newcomer_place *p = mem_zalloc(sizeof(*p));
	if (!p)
		return NULL;
	list_init(&p->clients);
	memcpy(p->prefix, prefix, sizeof(prefix));
	if (map_insert(&w->newcomers, &p->node, p->prefix, sizeof(p->prefix)) == 0)
		return p;
	mem_free(p);
	return NULL;
}

struct client *newcomer_add(struct client *c)
{
	struct worker *w = c->worker;
	struct newcomer_place *p = place_of(w, &c->from.client);
	struct client *oldest = NULL;
	if (!p)
		return NULL;
	if (p->count >= w->shared->connections_per_address)
		oldest = LIST_ENTRY(p->clients.next, struct client, in_place);
	c->place = p;
	p->count++;
	list_append(&p->clients, &c->in_place);
	if (oldest) {
		newcomer_remove(oldest);
		w->io.clients_displaced++;
	}
	return oldest;
}

void newcomer_remove(struct client *c)
{
	struct newcomer_place *p = c->place;
	if (!p)
		return;
	list_unlink(&c->in_place);
	c->place = NULL;
	if (--p->count > 0)
		return;
	map_remove(&c->worker->newcomers, &p->node);
	mem_free(p);
}
