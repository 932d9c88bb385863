/*
 * Users: the allocations that each has at this server; and users who have left (RFC 8656 knows nothing of
 * them): their allocations end now, and the credentials they still have make no new ones.
 *
 * A time-limited credential does not say when it was made, but all are made for the same time: one that was
 * made before the revocation is good until at most that time after it. So that is what is remembered, until
 * then, when no such credential is good any longer. Where more have left in that time than there is room for,
 * what has to be forgotten leaves behind until when it was to be remembered, and that holds for all who share
 * its place: they need a credential that is newer.
 *
 * Every server of a ledger is told of a revocation. A reservation that one of them makes for a user whom
 * another has already revoked is ended by the first when it is told.
 *
 * Invariant: an owner has allocations.
 *
 * Thread: the owner's.
 */
#include "base/mem.h"
#include "turn/core.h"

#include <errno.h>
#include <string.h>

static struct turn_owner *owner_find(const struct turn_server *s, const char *user)
{
	struct map_node *node = map_find(&s->owners, user, strlen(user));
	return node ? CONTAINER_OF(node, struct turn_owner, node) : NULL;
}

static struct turn_owner *owner_new(struct turn_server *s, const char *user)
{
	size_t n = strlen(user);
	struct turn_owner *o = mem_zalloc(sizeof(*o) + n + 1);
	if (!o)
		return NULL;
	list_init(&o->allocs);
	memcpy(o->name, user, n + 1);
	if (map_insert(&s->owners, &o->node, o->name, n) == 0)
		return o;
	mem_free(o);
	return NULL;
}

int turn_owner_join(struct turn_alloc *a, const char *user)
{
	struct turn_owner *o = owner_find(a->server, user);
	if (!o)
		o = owner_new(a->server, user);
	if (!o)
		return -ENOMEM;
	a->owner = o;
	list_append(&o->allocs, &a->in_owner);
	return 0;
}

void turn_owner_leave(struct turn_alloc *a)
{
	struct turn_owner *o = a->owner;
	list_unlink(&a->in_owner);
	a->owner = NULL;
	if (!list_empty(&o->allocs))
		return;
	map_remove(&a->server->owners, &o->node);
	mem_free(o);
}

static void end_all(struct turn_server *s, struct turn_owner *o)
{
	/* The last of them frees @o, so it is looked at before each. */
	size_t allocs = 0;
	LIST_FOREACH (node, &o->allocs)
		allocs++;
	s->counters.revoked += allocs;
	for (; allocs; allocs--)
		turn_alloc_end(LIST_ENTRY(o->allocs.next, struct turn_alloc, in_owner));
}

void turn_revoke(struct turn_server *s, const char *user, struct turn_time now)
{
	struct turn_owner *o = owner_find(s, user);
	turn_memory_put(s->revoked, user, strlen(user), now.wall_s + s->credential_s + 1, now.wall_s);
	for (size_t i = 0; i < s->n_users; i++)
		if (strcmp(s->users[i].name, user) == 0)
			s->users[i].revoked = true;
	turn_reservations_revoke(s, user);
	if (o)
		end_all(s, o);
}
