/*
 * Ports held for whoever comes with the token (RFC 8656 §7.2, §18.10), for 30 seconds. Only the user that
 * asked for it gets it, and a reservation counts as an allocation until then.
 *
 * Thread: the owner's.
 */
#include "base/mem.h"
#include "turn/core.h"

#include <string.h>

static void expire(struct wheel_timer *t, uint64_t now_ms)
{
	turn_reservation_end(CONTAINER_OF(t, struct turn_reservation, timer));
}

struct turn_reservation *turn_reservation_new(struct turn_server *s, struct turn_share share,
					      struct turn_socket *socket, const struct addr *relayed,
					      uint64_t now_ms)
{
	struct turn_reservation *r = mem_zalloc(sizeof(*r));
	if (!r)
		return NULL;
	r->server = s;
	r->socket = socket;
	r->relayed = *relayed;
	r->share = share;
	s->rand(s->rand_arg, r->token, sizeof(r->token));
	if (map_insert(&s->reservations, &r->node, r->token, sizeof(r->token)) != 0) {
		mem_free(r);
		return NULL;
	}
	list_append(&share.owner->reservations, &r->in_owner);
	wheel_timer_init(&r->timer, expire);
	wheel_start(&s->wheel, &r->timer, now_ms + TURN_RESERVATION_MS);
	return r;
}

struct turn_reservation *turn_reservation_find(const struct turn_server *s,
					       const uint8_t token[STUN_TOKEN_BYTES])
{
	struct map_node *node = map_find(&s->reservations, token, STUN_TOKEN_BYTES);
	return node ? CONTAINER_OF(node, struct turn_reservation, node) : NULL;
}

struct turn_share turn_reservation_take(struct turn_reservation *r, struct turn_relay *out)
{
	struct turn_share share = r->share;
	out->socket = r->socket;
	out->relayed = r->relayed;
	wheel_stop(&r->server->wheel, &r->timer);
	list_unlink(&r->in_owner);
	map_remove(&r->server->reservations, &r->node);
	mem_free(r);
	return share;
}

void turn_reservation_end(struct turn_reservation *r)
{
	struct turn_server *s = r->server;
	struct turn_relay relay;
	struct turn_share share = turn_reservation_take(r, &relay);
	s->ops->socket_close(s->arg, relay.socket);
	turn_share_give(s, share);
}
