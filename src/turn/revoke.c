/*
 * Users who have left (RFC 8656 knows nothing of them): their allocations end now, and the credentials they
 * still have make no new ones.
 *
 * A time-limited credential does not say when it was made, but all are made for the same time: one that was
 * made before the revocation is good until at most that time after it. So that is what is remembered, until
 * then, when no such credential is good any longer.
 *
 * Thread: the owner's.
 */
#include "turn/core.h"

#include <string.h>

static void end_all(struct turn_server *s, struct turn_owner *o)
{
	/* The last of them frees @o, so it is looked at before each. */
	size_t reservations = 0, allocs = 0;
	LIST_FOREACH (node, &o->reservations)
		reservations++;
	LIST_FOREACH (node, &o->allocs)
		allocs++;
	s->counters.revoked += allocs;
	for (; reservations; reservations--)
		turn_reservation_end(LIST_ENTRY(o->reservations.next, struct turn_reservation, in_owner));
	for (; allocs; allocs--)
		turn_alloc_end(LIST_ENTRY(o->allocs.next, struct turn_alloc, in_owner));
}

void turn_revoke(struct turn_server *s, const char *user, struct turn_time now)
{
	size_t n = strlen(user);
	struct map_node *node = map_find(&s->owners, user, n);
	turn_memory_put(s->revoked, user, n, now.wall_s + s->credential_s + 1, now.wall_s);
	for (size_t i = 0; i < s->n_users; i++)
		if (strcmp(s->users[i].name, user) == 0)
			s->users[i].revoked = true;
	if (node)
		end_all(s, CONTAINER_OF(node, struct turn_owner, node));
}
