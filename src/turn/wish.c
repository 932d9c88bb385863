/*
 * What an Allocate asks for, checked in the order of RFC 8656 §7.2.
 *
 * Thread: any. Pure.
 */
#include "stun/read.h"
#include "turn/core.h"

#include <netinet/in.h>

static bool has(const struct turn_request *q, uint16_t type)
{
	return stun_msg_has(&q->m, type);
}

static int read_transport(const struct turn_request *q)
{
	uint8_t protocol;
	if (stun_read_transport(&q->m, &protocol) != 0)
		return STUN_CODE_BAD_REQUEST;
	return protocol == IPPROTO_UDP ? 0 : STUN_CODE_TRANSPORT_NOT_SUPPORTED;
}

static int read_token(const struct turn_request *q, struct turn_wish *w)
{
	int r = stun_read_bytes(&q->m, STUN_ATTR_RESERVATION_TOKEN, STUN_TOKEN_BYTES, &w->token);
	if (r == STUN_E_ABSENT)
		return 0;
	bool more = has(q, STUN_ATTR_EVEN_PORT) || has(q, STUN_ATTR_REQUESTED_ADDRESS_FAMILY) ||
		    has(q, STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY);
	return r == 0 && !more ? 0 : STUN_CODE_BAD_REQUEST;
}

static int read_families(const struct turn_request *q, struct turn_wish *w)
{
	uint8_t first, more;
	int r1 = stun_read_family(&q->m, STUN_ATTR_REQUESTED_ADDRESS_FAMILY, &first);
	int r2 = stun_read_family(&q->m, STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY, &more);
	if (r1 == STUN_E_VALUE || r2 == STUN_E_VALUE || (r1 == 0 && r2 == 0))
		return STUN_CODE_BAD_REQUEST;
	if (r2 == 0 && more != STUN_FAMILY_IP6)
		return STUN_CODE_BAD_REQUEST;
	if (r1 == 0 && first != STUN_FAMILY_IP4 && first != STUN_FAMILY_IP6)
		return STUN_CODE_FAMILY_NOT_SUPPORTED;
	bool ip6 = r1 == 0 && first == STUN_FAMILY_IP6;
	w->family[TURN_IP4] = !ip6;
	w->family[TURN_IP6] = ip6 || r2 == 0;
	return 0;
}

static int read_port(const struct turn_request *q, struct turn_wish *w)
{
	bool next;
	int r = stun_read_even_port(&q->m, &next);
	w->port = TURN_PORT_ANY;
	if (r == STUN_E_ABSENT)
		return 0;
	if (r != 0 || (next && has(q, STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY)))
		return STUN_CODE_BAD_REQUEST;
	w->port = next ? TURN_PORT_EVEN_AND_NEXT : TURN_PORT_EVEN;
	return 0;
}

int turn_lifetime_s(const struct turn_request *q, uint32_t *out)
{
	uint32_t wish = TURN_LIFETIME_S, most = q->server->limits.lifetime_max_s;
	int r = stun_read_u32(&q->m, STUN_ATTR_LIFETIME, &wish);
	if (r == STUN_E_VALUE)
		return STUN_CODE_BAD_REQUEST;
	/* §7.2: at least the default, unless less is granted at most. Zero is Refresh's own matter. */
	if (wish < TURN_LIFETIME_S && !(wish == 0 && q->m.method == STUN_REFRESH))
		wish = TURN_LIFETIME_S;
	*out = wish < most ? wish : most;
	return 0;
}

int turn_wish_read(const struct turn_request *q, struct turn_wish *out)
{
	struct turn_wish w = {0};
	bool dont_fragment;
	int r = read_transport(q);
	/* DONT-FRAGMENT asks whether we could; each Send says whether we shall. */
	if (r == 0 && stun_read_flag(&q->m, STUN_ATTR_DONT_FRAGMENT, &dont_fragment) != 0)
		r = STUN_CODE_BAD_REQUEST;
	if (r == 0)
		r = read_token(q, &w);
	if (r == 0)
		r = read_families(q, &w);
	if (r == 0)
		r = read_port(q, &w);
	if (r == 0)
		r = turn_lifetime_s(q, &w.lifetime_s);
	if (r == 0)
		*out = w;
	return r;
}
