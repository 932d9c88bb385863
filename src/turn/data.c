/*
 * Data both ways (RFC 8656 §11, §12.5 to §12.7): the path of packets. Nothing here allocates or hashes;
 * ChannelData costs one search by number or by peer, whose verdicts are kept until there is another policy.
 *
 * Thread: the owner's.
 */
#include "stun/read.h"
#include "stun/wire.h"
#include "turn/core.h"

#include <assert.h>
#include <string.h>

#define ICMP4_UNREACHABLE 3  /* RFC 792 */
#define ICMP4_EXCEEDED    11 /* RFC 792 */
#define ICMP6_EXCEEDED    3  /* RFC 4443; 1 is unreachable, 2 too big */

static bool drop(uint64_t *counter)
{
	++*counter;
	return false;
}

bool turn_channel_up(struct turn_alloc *a, uint16_t channel, uint64_t now_ms, struct turn_up *out)
{
	struct turn_counters *n = &a->server->counters;
	struct turn_channel *c = turn_channel_find(a, channel);
	if (!c || c->expires_ms <= now_ms)
		return drop(&n->drop_no_channel);
	const struct turn_relay *relay = &a->relays[turn_family(&c->peer)];
	if (c->permission_ms <= now_ms || !relay->socket)
		return drop(&n->drop_no_permission);
	turn_judge(a, &c->peer, &c->judged);
	if (c->judged.refused)
		return drop(&n->drop_peer_refused);
	out->socket = relay->socket;
	out->relayed = relay->relayed;
	out->peer = c->peer;
	out->local = c->judged.local;
	out->dont_fragment = false;
	return true;
}

bool turn_is_send(const uint8_t *data, size_t len)
{
	return len >= STUN_HEADER_BYTES && wire_get16(data) == stun_type(STUN_INDICATION, STUN_SEND) &&
	       wire_get32(data + 4) == STUN_COOKIE;
}

/* Return: whether it is a Send as it should be; else it is dropped without a word (§11.2). */
static bool read_send(const uint8_t *data, size_t len, struct turn_up *out)
{
	struct stun_msg m;
	struct stun_attr payload;
	uint16_t unknown;
	if (!turn_is_send(data, len) || stun_msg_parse(&m, data, len) != 0 ||
	    stun_msg_unknown(&m, STUN_UNDERSTOOD_TURN, &unknown, 1) != 0)
		return false;
	int r = stun_fingerprint_check(&m);
	if ((r != 0 && r != STUN_E_ABSENT) ||
	    stun_read_flag(&m, STUN_ATTR_DONT_FRAGMENT, &out->dont_fragment) != 0)
		return false;
	if (stun_read_xor_addr(&m, STUN_ATTR_XOR_PEER_ADDRESS, &out->peer) != 0 ||
	    !stun_msg_find(&m, STUN_ATTR_DATA, &payload))
		return false;
	out->data = payload.value;
	out->len = payload.len;
	return true;
}

static bool has_permission(struct turn_alloc *a, const struct turn_ip *ip, uint64_t now_ms)
{
	const struct turn_permission *p = turn_permission_find(a, ip);
	return p && p->expires_ms > now_ms;
}

bool turn_send_up(struct turn_alloc *a, const uint8_t *data, size_t len, uint64_t now_ms, struct turn_up *out)
{
	struct turn_counters *n = &a->server->counters;
	struct turn_up up;
	if (!read_send(data, len, &up))
		return drop(&n->drop_malformed);
	struct turn_ip ip = turn_ip_of(&up.peer);
	const struct turn_relay *relay = &a->relays[turn_family(&up.peer)];
	/* First the policy: what it refuses is to be reported, though there can be no permission for most of
	 * it. */
	if (turn_peer_refused(a, &up.peer, &up.local))
		return drop(&n->drop_peer_refused);
	if (!relay->socket || !has_permission(a, &ip, now_ms))
		return drop(&n->drop_no_permission);
	up.socket = relay->socket;
	up.relayed = relay->relayed;
	*out = up;
	return true;
}

bool turn_spend(struct turn_alloc *a, enum turn_way way, size_t bytes, uint64_t now_ms)
{
	struct turn_server *s = a->server;
	struct turn_counters *n = &s->counters;
	uint32_t each = turn_rate(s->limits.bytes_per_s), all = turn_rate(s->limits.bytes_per_s_total);
	if (each && !bucket_take(&a->bucket, (uint32_t)bytes, each, turn_burst(each), now_ms))
		return drop(&n->drop_bandwidth);
	if (all && !bucket_take(&s->bucket, (uint32_t)bytes, all, turn_burst(all), now_ms))
		return drop(&n->drop_bandwidth);
	if (way == TURN_UP) {
		n->up_packets++;
		n->up_bytes += bytes;
	} else {
		n->down_packets++;
		n->down_bytes += bytes;
	}
	return true;
}

/*
 * Whether the policy, which may be newer than the permission, lets data from @peer through. A permission is
 * for an address, and an address of ours may have one for the sake of what is relayed there: any other of its
 * ports is not a relay but this machine.
 */
static bool allowed(struct turn_alloc *a, struct turn_judged *j, const struct addr *peer)
{
	const struct turn_server *s = a->server;
	turn_judge(a, peer, j);
	return !j->refused && (!j->local || s->ops->relayed_alive(s->arg, peer));
}

bool turn_down(struct turn_alloc *a, const struct addr *peer, uint64_t now_ms, struct turn_down *out)
{
	struct turn_counters *n = &a->server->counters;
	struct turn_ip ip = turn_ip_of(peer);
	struct turn_channel *c = turn_channel_of(a, &ip, addr_port(peer));
	if (c && c->expires_ms > now_ms && c->permission_ms > now_ms) {
		if (!allowed(a, &c->judged, &c->peer))
			return drop(&n->drop_peer_refused);
		out->channel = c->number;
		return true;
	}
	struct turn_permission *p = turn_permission_find(a, &ip);
	if (!p || p->expires_ms <= now_ms)
		return drop(&n->drop_no_permission);
	if (!allowed(a, &p->judged, peer))
		return drop(&n->drop_peer_refused);
	out->channel = 0;
	return true;
}

void turn_indication_tid(struct turn_server *s, uint8_t out[STUN_TID_BYTES])
{
	wire_put32(out, s->indication_prefix);
	wire_put64(out + 4, s->indications++);
}

static void begin_indication(struct turn_alloc *a, struct stun_build *b, uint8_t *out, size_t cap,
			     const struct addr *peer)
{
	uint8_t tid[STUN_TID_BYTES];
	turn_indication_tid(a->server, tid);
	stun_build_init(b, out, cap, stun_type(STUN_INDICATION, STUN_DATA), tid);
	stun_build_xor_addr(b, STUN_ATTR_XOR_PEER_ADDRESS, peer);
}

size_t turn_data_header(struct turn_alloc *a, const struct addr *peer, size_t len,
			uint8_t out[TURN_DATA_HEADER_MAX])
{
	struct stun_build b;
	size_t n = 0;
	begin_indication(a, &b, out, TURN_DATA_HEADER_MAX, peer);
	stun_build_payload(&b, STUN_ATTR_DATA, len);
	/* A datagram of the longest kind does not fit beside the header: then there is nothing to send. */
	return stun_build_end(&b, &n) == 0 ? n : 0;
}

static bool is_of_interest(const struct addr *peer, uint8_t type)
{
	if (peer->sa.sa_family == AF_INET)
		return type == ICMP4_UNREACHABLE || type == ICMP4_EXCEEDED;
	return type >= 1 && type <= ICMP6_EXCEEDED;
}

size_t turn_icmp(struct turn_alloc *a, const struct addr *peer, uint8_t type, uint16_t code, uint32_t info,
		 uint64_t now_ms, uint8_t out[TURN_REPLY_MAX])
{
	struct turn_ip ip = turn_ip_of(peer);
	struct stun_build b;
	size_t n = 0;
	if (!is_of_interest(peer, type) || code > 511 || !has_permission(a, &ip, now_ms))
		return 0;
	begin_indication(a, &b, out, TURN_REPLY_MAX, peer);
	stun_build_icmp(&b, type, code, info);
	int r = stun_build_end(&b, &n);
	assert(r == 0);
	return r == 0 ? n : 0;
}
