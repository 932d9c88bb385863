/*
 * A STUN message and its answer: parsing, who is asked (Binding needs no credentials), and the checks that
 * all methods share, in the order of RFC 8489 §6.3: authentication, then attributes that are not understood,
 * then the method.
 *
 * Thread: the owner's.
 */
#include "stun/read.h"
#include "turn/core.h"

/* Attributes told in a 420 to who has proved nothing: that answer need not grow with the request. */
#define UNKNOWN_MAX 4

typedef size_t (*handler)(struct turn_request *q);

static handler handler_of(uint16_t method)
{
	switch (method) {
	case STUN_ALLOCATE:
		return turn_do_allocate;
	case STUN_REFRESH:
		return turn_do_refresh;
	case STUN_CREATE_PERMISSION:
		return turn_do_create_permission;
	case STUN_CHANNEL_BIND:
		return turn_do_channel_bind;
	default:
		return NULL;
	}
}

/* RFC 3489 clients send CHANGE-REQUEST always; we serve only the one that asks for no change. */
static bool changes(const struct turn_request *q)
{
	uint32_t flags;
	return stun_read_u32(&q->m, STUN_ATTR_CHANGE_REQUEST, &flags) != 0 || flags != 0;
}

static size_t binding(struct turn_request *q)
{
	struct stun_build b;
	uint16_t unknown[UNKNOWN_MAX];
	uint64_t understood = STUN_UNDERSTOOD_STUN;
	if (!changes(q))
		understood |= STUN_UNDERSTOOD(STUN_ATTR_CHANGE_REQUEST);
	size_t n = stun_msg_unknown(&q->m, understood, unknown, UNKNOWN_MAX);
	if (n)
		return turn_unknown(q, unknown, n);
	turn_reply_begin(q, &b, STUN_SUCCESS);
	if (q->m.classic)
		stun_build_addr(&b, STUN_ATTR_MAPPED_ADDRESS, &q->from->client);
	else
		stun_build_xor_addr(&b, STUN_ATTR_XOR_MAPPED_ADDRESS, &q->from->client);
	return turn_reply_end(q, &b);
}

static size_t turn_request(struct turn_request *q, handler handle)
{
	uint16_t unknown[STUN_ATTRS_MAX];
	int r = turn_authenticate(q);
	if (r != 0)
		return turn_error(q, r);
	size_t n = stun_msg_unknown(&q->m, STUN_UNDERSTOOD_TURN, unknown, STUN_ATTRS_MAX);
	if (n)
		return turn_unknown(q, unknown, n);
	/* Refresh tells for itself: it may be the one that ended the allocation. */
	if (!q->alloc && q->m.method != STUN_ALLOCATE && q->m.method != STUN_REFRESH)
		return turn_error(q, STUN_CODE_ALLOCATION_MISMATCH);
	return handle(q);
}

/* Return: whether there is a request to answer. */
static bool parse(struct turn_request *q, const uint8_t *data, size_t len)
{
	int r = stun_msg_parse(&q->m, data, len);
	if (r == STUN_E_COOKIE) {
		r = stun_msg_parse_classic(&q->m, data, len);
		if (r == 0 && q->m.method != STUN_BINDING)
			r = STUN_E_COOKIE;
	}
	if (r == 0) {
		r = stun_fingerprint_check(&q->m);
		if (r == STUN_E_ABSENT)
			r = 0;
	}
	q->server->counters.drop_malformed += r != 0;
	return r == 0 && q->m.class == STUN_REQUEST;
}

static size_t answer(struct turn_request *q)
{
	handler handle = handler_of(q->m.method);
	bool udp = q->from->transport == TURN_UDP;
	if (q->m.method != STUN_BINDING && !handle)
		return 0;
	q->server->counters.requests++;
	q->alloc = udp ? turn_find(q->server, &q->from->client, &q->from->server) : q->from->alloc;
	/* A 5-tuple with an allocation proves nothing: whoever knows it can write it into his packets. */
	size_t n = handle ? turn_request(q, handle) : binding(q);
	if (n == 0 || !udp || q->proven || turn_budget_take(q, n))
		return n;
	q->server->counters.unauth_limited++;
	return 0;
}

size_t turn_message(struct turn_server *s, struct turn_from *from, const uint8_t *data, size_t len,
		    struct turn_time now, uint8_t *reply)
{
	struct turn_request q;
	q.server = s;
	q.from = from;
	q.now = now;
	q.alloc = NULL;
	q.proven = false;
	q.reply = reply;
	size_t n = parse(&q, data, len) ? answer(&q) : 0;
	if (q.proven)
		explicit_bzero(&q.login, sizeof(q.login));
	return n;
}

void turn_tick(struct turn_server *s, struct turn_time now)
{
	wheel_advance(&s->wheel, now.mono_ms);
}

uint64_t turn_next_ms(const struct turn_server *s)
{
	return wheel_next_ms(&s->wheel);
}

const struct turn_counters *turn_get_counters(const struct turn_server *s)
{
	return &s->counters;
}
