/*
 * Which peers a relay may talk to.
 *
 * A verdict is four questions in this order: is it one of our own relayed addresses (then it is served in
 * process and no range matters), one of this machine's other addresses, in a refused range, and not in one
 * that was opened. An IPv6 address that carries an IPv4 one is asked twice, first as the IPv4 address, which
 * an opened IPv6 range cannot excuse, and then as itself: the encodings lie in refused ranges, so nothing
 * gets around by being wrapped.
 *
 * Addresses are compared as 16 bytes, IPv4 ones in the form ::ffff:a.b.c.d, which is theirs alone: that a
 * peer wrote an IPv6 address is remembered beside it. The tables are few dozen rows, and gone through one by
 * one: verdicts are kept with channels and permissions, so this is not on the path of packets.
 *
 * Thread: any; a policy does not change.
 */
#include "turn/policy.h"

#include "base/mem.h"
#include "turn/embedded.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

struct net {
	uint8_t ip[16];
	uint8_t bits;
};

struct turn_policy {
	size_t n_allow, n_own, n_relayed;
	struct net nets[]; /* in this order */
};

/* clang-format off */
#define NET4(a, b, c, d, n) {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, a, b, c, d}, 96 + (n)}
#define NET6(a, b, c, d, e, f, n) {{(a) >> 8, (a) & 0xFF, (b) >> 8, (b) & 0xFF, (c) >> 8, (c) & 0xFF, (d) >> 8, (d) & 0xFF, \
				   (e) >> 8, (e) & 0xFF, (f) >> 8, (f) & 0xFF}, n}

/* Loopback, link-local, multicast, unspecified, broadcast: no configuration opens them. */
static const struct net never4[] = {
	NET4(0, 0, 0, 0, 8),       NET4(127, 0, 0, 0, 8),       NET4(169, 254, 0, 0, 16),
	NET4(224, 0, 0, 0, 4),     NET4(255, 255, 255, 255, 32),
};
static const struct net never6[] = {
	NET6(0, 0, 0, 0, 0, 0, 96), NET6(0xFE80, 0, 0, 0, 0, 0, 10), NET6(0xFF00, 0, 0, 0, 0, 0, 8),
};

/* IANA's special-purpose registries (RFC 6890) and what else does not belong to the Internet. */
static const struct net refused4[] = {
	NET4(10, 0, 0, 0, 8),      NET4(100, 64, 0, 0, 10),     NET4(172, 16, 0, 0, 12),   NET4(192, 0, 0, 0, 24),
	NET4(192, 0, 2, 0, 24),    NET4(192, 31, 196, 0, 24),   NET4(192, 52, 193, 0, 24), NET4(192, 88, 99, 0, 24),
	NET4(192, 168, 0, 0, 16),  NET4(192, 175, 48, 0, 24),   NET4(198, 18, 0, 0, 15),   NET4(198, 51, 100, 0, 24),
	NET4(203, 0, 113, 0, 24),  NET4(240, 0, 0, 0, 4),
};
static const struct net refused6[] = {
	NET6(0, 0, 0, 0, 0, 0xFFFF, 96),            NET6(0x64, 0xFF9B, 0, 0, 0, 0, 96),   NET6(0x64, 0xFF9B, 1, 0, 0, 0, 48),
	NET6(0x100, 0, 0, 0, 0, 0, 64),             NET6(0x2001, 0, 0, 0, 0, 0, 23),      NET6(0x2001, 0xDB8, 0, 0, 0, 0, 32),
	NET6(0x2002, 0, 0, 0, 0, 0, 16),            NET6(0x2620, 0x4F, 0x8000, 0, 0, 0, 48), NET6(0x3FFF, 0, 0, 0, 0, 0, 20),
	NET6(0x5F00, 0, 0, 0, 0, 0, 16),            NET6(0xFC00, 0, 0, 0, 0, 0, 7),       NET6(0xFEC0, 0, 0, 0, 0, 0, 10),
};
/* clang-format on */

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

/* An address as the tables have it. */
struct ip {
	uint8_t bytes[16];
	bool ip4;
};

static struct ip ip_of(const struct addr *a)
{
	struct ip ip = {.ip4 = a->sa.sa_family == AF_INET};
	if (ip.ip4) {
		memcpy(ip.bytes, mapped, sizeof(mapped));
		memcpy(ip.bytes + 12, &a->in.sin_addr, 4);
	} else {
		memcpy(ip.bytes, &a->in6.sin6_addr, 16);
	}
	return ip;
}

static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;
	if (memcmp(a, b, whole) != 0)
		return false;
	return rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0;
}

static bool in_nets(const uint8_t ip[16], const struct net *nets, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (same_bits(ip, nets[i].ip, nets[i].bits))
			return true;
	return false;
}

static bool touches(const struct net *a, const struct net *nets, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (same_bits(a->ip, nets[i].ip, a->bits < nets[i].bits ? a->bits : nets[i].bits))
			return true;
	return false;
}

static int net_from(const struct addr_range *r, struct net *out)
{
	struct ip ip = ip_of(&r->addr);
	memcpy(out->ip, ip.bytes, 16);
	out->bits = (uint8_t)(r->bits + (ip.ip4 ? 96 : 0));
	bool bad = ip.ip4 ? touches(out, never4, ARRAY_LEN(never4)) : touches(out, never6, ARRAY_LEN(never6));
	return bad ? -EINVAL : 0;
}

static void put_ips(struct net *nets, const struct addr *addrs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		memcpy(nets[i].ip, ip_of(&addrs[i]).bytes, 16);
		nets[i].bits = 128;
	}
}

int turn_policy_new(const struct addr_range *allow, size_t n_allow, const struct addr *own, size_t n_own,
		    const struct addr *relayed, size_t n_relayed, struct turn_policy **out)
{
	size_t n = n_allow + n_own + n_relayed;
	struct turn_policy *p = mem_zalloc(sizeof(*p) + n * sizeof(p->nets[0]));
	if (!p)
		return -ENOMEM;
	*p = (struct turn_policy){.n_allow = n_allow, .n_own = n_own, .n_relayed = n_relayed};
	for (size_t i = 0; i < n_allow; i++) {
		if (net_from(&allow[i], &p->nets[i]) < 0) {
			mem_free(p);
			return -EINVAL;
		}
	}
	put_ips(p->nets + n_allow, own, n_own);
	put_ips(p->nets + n_allow + n_own, relayed, n_relayed);
	*out = p;
	return 0;
}

struct turn_policy *turn_policy_free(struct turn_policy *p)
{
	mem_free(p);
	return NULL;
}

static bool in_range(const struct turn_policy *p, const struct ip *ip)
{
	if (ip->ip4 ? in_nets(ip->bytes, never4, ARRAY_LEN(never4))
		    : in_nets(ip->bytes, never6, ARRAY_LEN(never6)))
		return true;
	if (ip->ip4 ? !in_nets(ip->bytes, refused4, ARRAY_LEN(refused4))
		    : !in_nets(ip->bytes, refused6, ARRAY_LEN(refused6)))
		return false;
	/* What opens IPv4 addresses opens them as such, and here they have the same bytes. */
	if (!ip->ip4 && memcmp(ip->bytes, mapped, sizeof(mapped)) == 0)
		return true;
	return !in_nets(ip->bytes, p->nets, p->n_allow);
}

static enum turn_refusal judge_ip(const struct turn_policy *p, const struct ip *ip)
{
	/* An IPv4 address inside an IPv6 one is not served in process, so here relayed addresses are own
	 * ones. */
	if (in_nets(ip->bytes, p->nets + p->n_allow, p->n_own + p->n_relayed))
		return TURN_REFUSED_OWN;
	return in_range(p, ip) ? TURN_REFUSED_RANGE : TURN_ALLOWED;
}

struct turn_verdict turn_policy_judge(const struct turn_policy *p, const struct addr *peer)
{
	struct ip ip = ip_of(peer), inner = {.ip4 = true};
	struct turn_verdict v = {.refusal = TURN_ALLOWED};
	if (addr_port(peer) == 0) {
		v.refusal = TURN_REFUSED_PORT;
		return v;
	}
	/* A mapped address that was written as IPv6 would compare equal to the IPv4 one. */
	bool own_form = ip.ip4 || memcmp(ip.bytes, mapped, sizeof(mapped)) != 0;
	if (own_form && in_nets(ip.bytes, p->nets + p->n_allow + p->n_own, p->n_relayed)) {
		v.local = true;
		return v;
	}
	for (unsigned form = 0; !ip.ip4 && v.refusal == TURN_ALLOWED && form < TURN_EMBEDDED_FORMS; form++) {
		memcpy(inner.bytes, mapped, sizeof(mapped));
		if (turn_embedded_ip4(ip.bytes, form, inner.bytes + 12))
			v.refusal = judge_ip(p, &inner);
	}
	if (v.refusal == TURN_ALLOWED)
		v.refusal = judge_ip(p, &ip);
	return v;
}
