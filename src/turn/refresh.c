/*
 * Refresh (RFC 8656 §8.2): of both relayed addresses, or of the one whose family is named; with a lifetime of
 * 0, their end.
 *
 * A Refresh that ended the allocation may come again because the answer was lost. The allocation is not there
 * to tell, so its 5-tuple and transaction id are remembered a while, and it gets the same answer.
 *
 * Thread: the owner's.
 */
#include "stun/read.h"
#include "turn/core.h"

#include <string.h>

static size_t remember_key(const struct turn_request *q, uint8_t key[TURN_TUPLE_BYTES_MAX + STUN_TID_BYTES])
{
	size_t n = turn_tuple(&q->from->client, &q->from->server, key);
	memcpy(key + n, q->m.tid, STUN_TID_BYTES);
	return n + STUN_TID_BYTES;
}

static bool deleted_before(const struct turn_request *q)
{
	uint8_t key[TURN_TUPLE_BYTES_MAX + STUN_TID_BYTES];
	size_t n = remember_key(q, key);
	return q->from->transport == TURN_UDP &&
	       turn_memory_get(q->server->deleted, key, n, q->now.mono_ms) != 0;
}

static void remember(const struct turn_request *q)
{
	uint8_t key[TURN_TUPLE_BYTES_MAX + STUN_TID_BYTES];
	size_t n = remember_key(q, key);
	turn_memory_put(q->server->deleted, key, n, q->now.mono_ms + TURN_DELETED_MS, q->now.mono_ms);
}

static size_t answer(const struct turn_request *q, uint32_t lifetime_s)
{
	struct stun_build b;
	turn_reply_begin(q, &b, STUN_SUCCESS);
	stun_build_u32(&b, STUN_ATTR_LIFETIME, lifetime_s);
	return turn_reply_end(q, &b);
}

/* Which relayed addresses are meant. */
static int read_families(const struct turn_request *q, bool meant[TURN_FAMILIES])
{
	uint8_t family;
	int r = stun_read_family(&q->m, STUN_ATTR_REQUESTED_ADDRESS_FAMILY, &family);
	if (r == STUN_E_VALUE)
		return STUN_CODE_BAD_REQUEST;
	meant[TURN_IP4] = meant[TURN_IP6] = r == STUN_E_ABSENT;
	if (r == STUN_E_ABSENT)
		return 0;
	unsigned f = family == STUN_FAMILY_IP6 ? TURN_IP6 : TURN_IP4;
	if ((family != STUN_FAMILY_IP4 && family != STUN_FAMILY_IP6) || !q->alloc->relays[f].socket)
		return STUN_CODE_PEER_FAMILY_MISMATCH;
	meant[f] = true;
	return 0;
}

static void prolong(struct turn_alloc *a, const bool meant[TURN_FAMILIES], uint64_t expires_ms)
{
	for (unsigned f = 0; f < TURN_FAMILIES; f++)
		if (meant[f])
			a->relays[f].expires_ms = expires_ms;
	turn_alloc_time(a);
}

static void end(struct turn_request *q, const bool meant[TURN_FAMILIES])
{
	struct turn_alloc *a = q->alloc;
	for (unsigned f = 0; f < TURN_FAMILIES; f++)
		if (meant[f])
			turn_relay_close(a, f);
	if (a->relays[TURN_IP4].socket || a->relays[TURN_IP6].socket) {
		turn_alloc_time(a);
		return;
	}
	q->alloc = NULL;
	turn_alloc_end(a);
}

size_t turn_do_refresh(struct turn_request *q)
{
	bool meant[TURN_FAMILIES];
	uint32_t lifetime_s;
	int r = turn_lifetime_s(q, &lifetime_s);
	if (r == 0 && lifetime_s == 0 && deleted_before(q))
		return answer(q, 0);
	if (!q->alloc)
		return turn_error(q, STUN_CODE_ALLOCATION_MISMATCH);
	if (r == 0)
		r = read_families(q, meant);
	if (r != 0)
		return turn_error(q, r);
	if (lifetime_s == 0) {
		remember(q);
		end(q, meant);
	} else {
		prolong(q->alloc, meant, q->now.mono_ms + (uint64_t)lifetime_s * 1000);
	}
	return answer(q, lifetime_s);
}
