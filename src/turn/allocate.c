/*
 * Allocate (RFC 8656 §7.2).
 *
 * One that comes again finds its allocation there, with the same transaction id, and is answered from what
 * the allocation remembers; a failure has left nothing, so it is simply found again. Everything is taken in
 * one order, shares, memory, sockets, and given back in the other; of a reservation, memory comes first, for
 * once taken out of the ledger it cannot go back.
 *
 * Thread: the owner's.
 */
#include "turn/core.h"

#include <errno.h>
#include <string.h>

static const uint8_t family_number[TURN_FAMILIES] = {STUN_FAMILY_IP4, STUN_FAMILY_IP6};
static const int family_af[TURN_FAMILIES] = {AF_INET, AF_INET6};

static size_t answer(const struct turn_request *q, const struct turn_alloc *a)
{
	struct stun_build b;
	const struct turn_answer *was = &a->answer;
	turn_reply_begin(q, &b, STUN_SUCCESS);
	for (unsigned f = 0; f < TURN_FAMILIES; f++)
		if (a->relays[f].relayed.sa.sa_family)
			stun_build_xor_addr(&b, STUN_ATTR_XOR_RELAYED_ADDRESS, &a->relays[f].relayed);
	if (was->missing_code)
		stun_build_addr_error(&b, (enum stun_family)was->missing_family, was->missing_code, NULL);
	stun_build_u32(&b, STUN_ATTR_LIFETIME, was->lifetime_s);
	if (was->has_token)
		stun_build_bytes(&b, STUN_ATTR_RESERVATION_TOKEN, was->token, sizeof(was->token));
	stun_build_xor_addr(&b, STUN_ATTR_XOR_MAPPED_ADDRESS, &a->from.client);
	return turn_reply_end(q, &b);
}

/* Our failure as the peer is told it. */
static int code_of(struct turn_server *s, int r)
{
	if (r == STUN_CODE_QUOTA_REACHED) {
		s->counters.quota_refused++;
		return r;
	}
	if (r == -EAFNOSUPPORT)
		return STUN_CODE_FAMILY_NOT_SUPPORTED;
	s->counters.capacity_refused++;
	return STUN_CODE_INSUFFICIENT_CAPACITY;
}

/* The even port's socket, and the next one's in a reservation. */
static int open_pair(const struct turn_request *q, struct turn_alloc *a, unsigned family)
{
	struct turn_server *s = q->server;
	struct turn_relay even = {0}, next = {0};
	struct turn_share share;
	int r = turn_share_take(s->ledger, q->login.user, &q->from->client, &share);
	if (r != 0)
		return r;
	r = s->ops->socket_open(s->arg, family_af[family], TURN_PORT_EVEN_AND_NEXT, &even.socket,
				&even.relayed, &next.socket, &next.relayed);
	if (r < 0)
		goto give;
	r = turn_reservation_new(s, share, &next, q->now.mono_ms, a->answer.token);
	if (r != 0)
		goto close;
	a->relays[family] = even;
	a->answer.has_token = true;
	return 0;
close:
	s->ops->socket_close(s->arg, next.socket);
	s->ops->socket_close(s->arg, even.socket);
give:
	turn_share_give(s->ledger, share);
	return r;
}

static int open_one(const struct turn_request *q, const struct turn_wish *w, struct turn_alloc *a,
		    unsigned family)
{
	struct turn_server *s = q->server;
	struct turn_relay got = {0}, none = {0};
	if (w->port == TURN_PORT_EVEN_AND_NEXT)
		return open_pair(q, a, family);
	int r = s->ops->socket_open(s->arg, family_af[family], w->port, &got.socket, &got.relayed,
				    &none.socket, &none.relayed);
	if (r == 0)
		a->relays[family] = got;
	return r;
}

/* §7.2: of two families one may be missing, and the client is told which. */
static int open_all(const struct turn_request *q, const struct turn_wish *w, struct turn_alloc *a)
{
	int first = 0;
	unsigned wanted = 0, got = 0;
	for (unsigned f = 0; f < TURN_FAMILIES; f++) {
		if (!w->family[f])
			continue;
		wanted++;
		int r = open_one(q, w, a, f);
		if (r == 0) {
			got++;
			continue;
		}
		first = first ? first : r;
		a->answer.missing_family = family_number[f];
	}
	if (got == 0)
		return first;
	if (got < wanted)
		a->answer.missing_code = (uint16_t)code_of(q->server, first);
	return 0;
}

/* Return: 0; -errno: a socket cannot be had after all. */
static int begin(const struct turn_request *q, struct turn_alloc *a, uint32_t lifetime_s)
{
	struct turn_server *s = q->server;
	memcpy(a->answer.tid, q->m.tid, STUN_TID_BYTES);
	a->answer.lifetime_s = lifetime_s;
	for (unsigned f = 0; f < TURN_FAMILIES; f++) {
		if (!a->relays[f].socket)
			continue;
		a->relays[f].expires_ms = q->now.mono_ms + (uint64_t)lifetime_s * 1000;
		int r = s->ops->socket_own(s->arg, a->relays[f].socket, a);
		if (r < 0)
			return r;
	}
	turn_alloc_time(a);
	s->counters.allocations[q->from->transport]++;
	return 0;
}

static int allocate_new(struct turn_request *q, const struct turn_wish *w, struct turn_alloc **out)
{
	struct turn_server *s = q->server;
	struct turn_share share;
	int r = turn_share_take(s->ledger, q->login.user, &q->from->client, &share);
	if (r != 0)
		return r;
	struct turn_alloc *a = turn_alloc_new(q);
	if (!a) {
		turn_share_give(s->ledger, share);
		return -ENOMEM;
	}
	a->share = share;
	r = open_all(q, w, a);
	if (r != 0) {
		turn_alloc_drop(a);
		return r;
	}
	*out = a;
	return 0;
}

static int allocate_reserved(struct turn_request *q, const struct turn_wish *w, struct turn_alloc **out)
{
	struct turn_relay relay;
	struct turn_alloc *a = turn_alloc_new(q);
	if (!a)
		return -ENOMEM;
	/* The reservation's share becomes the allocation's. */
	if (!turn_reservation_take(q->server, w->token, q->login.user, &relay, &a->share)) {
		turn_alloc_drop(a);
		return -ENOENT;
	}
	a->relays[turn_family(&relay.relayed)] = relay;
	*out = a;
	return 0;
}

size_t turn_do_allocate(struct turn_request *q)
{
	struct turn_wish w;
	struct turn_alloc *a = NULL;
	if (q->alloc) {
		bool again = memcmp(q->alloc->answer.tid, q->m.tid, STUN_TID_BYTES) == 0;
		return again ? answer(q, q->alloc) : turn_error(q, STUN_CODE_ALLOCATION_MISMATCH);
	}
	int r = turn_wish_read(q, &w);
	if (r != 0)
		return turn_error(q, r);
	r = w.token ? allocate_reserved(q, &w, &a) : allocate_new(q, &w, &a);
	if (r == 0) {
		r = begin(q, a, w.lifetime_s);
		if (r != 0)
			turn_alloc_drop(a);
	}
	return r == 0 ? answer(q, a) : turn_error(q, code_of(q->server, r));
}
