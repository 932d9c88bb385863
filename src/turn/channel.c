/*
 * ChannelBind (RFC 8656 §12.2): a number for a peer, or once more for the same, and a permission for its
 * address.
 *
 * Thread: the owner's.
 */
#include "stun/read.h"
#include "turn/core.h"

/* Return: 0; 400, 403, 443. */
static int read_bind(const struct turn_request *q, uint16_t *number, struct addr *peer)
{
	bool local;
	if (stun_read_channel(&q->m, number) != 0 ||
	    stun_read_xor_addr(&q->m, STUN_ATTR_XOR_PEER_ADDRESS, peer) != 0)
		return STUN_CODE_BAD_REQUEST;
	if (!q->alloc->relays[turn_family(peer)].socket)
		return STUN_CODE_PEER_FAMILY_MISMATCH;
	return turn_peer_refused(q->alloc, peer, &local) ? STUN_CODE_FORBIDDEN : 0;
}

/* The channel, old or new. Return: 0; 400: number or peer are bound otherwise; 508. */
static int bind_channel(struct turn_request *q, uint16_t number, const struct addr *peer,
			struct turn_channel **out)
{
	struct turn_alloc *a = q->alloc;
	struct turn_ip ip = turn_ip_of(peer);
	turn_channel_clear(a, q->now.mono_ms);
	struct turn_channel *c = turn_channel_find(a, number);
	if (c != turn_channel_of(a, &ip, addr_port(peer)))
		return STUN_CODE_BAD_REQUEST;
	if (turn_permission_room(a, peer, 1, q->now.mono_ms) != 0 || (!c && turn_channel_room(a) != 0))
		return STUN_CODE_INSUFFICIENT_CAPACITY;
	*out = c ? c : turn_channel_add(a, number, peer);
	return 0;
}

size_t turn_do_channel_bind(struct turn_request *q)
{
	struct turn_counters *count = &q->server->counters;
	struct turn_channel *c;
	struct addr peer;
	uint16_t number;
	int r = read_bind(q, &number, &peer);
	if (r == 0)
		r = bind_channel(q, number, &peer, &c);
	count->peers_refused += r == STUN_CODE_FORBIDDEN;
	count->capacity_refused += r == STUN_CODE_INSUFFICIENT_CAPACITY;
	if (r != 0)
		return turn_error(q, r);
	c->expires_ms = q->now.mono_ms + TURN_CHANNEL_MS;
	turn_permission_set(q->alloc, &peer, q->now.mono_ms);
	return turn_success(q);
}
