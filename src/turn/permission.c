/*
 * CreatePermission (RFC 8656 §10.2): for all the peers named, or for none.
 *
 * Thread: the owner's.
 */
#include "stun/read.h"
#include "turn/core.h"

static bool seen(const struct addr *peers, size_t n, const struct addr *peer)
{
	for (size_t i = 0; i < n; i++)
		if (addr_same_ip(&peers[i], peer))
			return true;
	return false;
}

/* Return: 0; 400, 403, 443. */
static int read_peers(const struct turn_request *q, struct addr peers[STUN_ATTRS_MAX], size_t *n)
{
	struct stun_attr attr = {0};
	*n = 0;
	while (stun_msg_next(&q->m, &attr)) {
		struct addr peer;
		if (attr.type != STUN_ATTR_XOR_PEER_ADDRESS)
			continue;
		if (stun_attr_xor_addr(&q->m, &attr, &peer) != 0)
			return STUN_CODE_BAD_REQUEST;
		if (!q->alloc->relays[turn_family(&peer)].socket)
			return STUN_CODE_PEER_FAMILY_MISMATCH;
		if (turn_address_refused(q->alloc, &peer))
			return STUN_CODE_FORBIDDEN;
		if (!seen(peers, *n, &peer))
			peers[(*n)++] = peer;
	}
	return *n ? 0 : STUN_CODE_BAD_REQUEST;
}

size_t turn_do_create_permission(struct turn_request *q)
{
	struct addr peers[STUN_ATTRS_MAX];
	size_t n;
	struct turn_counters *count = &q->server->counters;
	int r = read_peers(q, peers, &n);
	if (r == 0) {
		r = turn_permission_room(q->alloc, peers, n, q->now.mono_ms);
		count->capacity_refused += r != 0;
	}
	count->peers_refused += r == STUN_CODE_FORBIDDEN;
	if (r != 0)
		return turn_error(q, r);
	for (size_t i = 0; i < n; i++)
		turn_permission_set(q->alloc, &peers[i], q->now.mono_ms);
	return turn_success(q);
}
