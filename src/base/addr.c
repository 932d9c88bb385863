/*
 * An IPv4 or IPv6 address with port.
 *
 * An IPv4-mapped IPv6 address (::ffff:0:0/96, RFC 4291 §2.5.5.2) becomes IPv4 on the way in, so that a client
 * is the same client to every limit and every list, whether it came through an IPv4 socket or a dual-stack
 * one. Structs are zeroed before they are filled: two equal addresses are equal byte for byte.
 *
 * Thread: any.
 */
#include "base/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

/* What a bracketed or bare IP text may be at most: the longest IPv6 form, '%' and an interface name. */
#define IP_TEXT_MAX (INET6_ADDRSTRLEN + 1 + IF_NAMESIZE)

static void set_in(struct addr *out, const void *ip, in_port_t port)
{
	memset(out, 0, sizeof(*out));
	out->in.sin_family = AF_INET;
	out->in.sin_port = port;
	memcpy(&out->in.sin_addr, ip, sizeof(out->in.sin_addr));
}

static void set_in6(struct addr *out, const struct in6_addr *ip, in_port_t port, uint32_t scope)
{
	if (IN6_IS_ADDR_V4MAPPED(ip)) {
		set_in(out, ip->s6_addr + 12, port);
		return;
	}
	memset(out, 0, sizeof(*out));
	out->in6.sin6_family = AF_INET6;
	out->in6.sin6_port = port;
	out->in6.sin6_addr = *ip;
	out->in6.sin6_scope_id = scope;
}

int addr_from_sockaddr(struct addr *out, const struct sockaddr *sa)
{
	/* Copied out, for a caller's buffer need not be aligned for its family. */
	if (sa->sa_family == AF_INET) {
		struct sockaddr_in in;
		memcpy(&in, sa, sizeof(in));
		set_in(out, &in.sin_addr, in.sin_port);
		return 0;
	}
	if (sa->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;
		memcpy(&in6, sa, sizeof(in6));
		set_in6(out, &in6.sin6_addr, in6.sin6_port, in6.sin6_scope_id);
		return 0;
	}
	return -EAFNOSUPPORT;
}

/* Decimal digits only, without leading zeros, at most @max. */
static int parse_number(const char *text, uint32_t max, uint32_t *out)
{
	uint64_t value = 0;
	if (!*text || (text[0] == '0' && text[1]))
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		value = value * 10 + (uint64_t)(*text - '0');
		if (value > max)
			return -EINVAL;
	}
	*out = (uint32_t)value;
	return 0;
}

static int parse_port(const char *text, uint16_t *out)
{
	uint32_t port;
	if (parse_number(text, UINT16_MAX, &port) < 0)
		return -EINVAL;
	*out = (uint16_t)port;
	return 0;
}

/* An interface by number or name (RFC 4007 §11). */
static int parse_scope(const char *text, uint32_t *out)
{
	if (parse_number(text, UINT32_MAX, out) == 0)
		return *out ? 0 : -EINVAL;
	unsigned index = if_nametoindex(text);
	if (!index)
		return -EINVAL;
	*out = index;
	return 0;
}

static int parse_ip6(struct addr *out, char *ip, uint16_t port)
{
	struct in6_addr in6;
	uint32_t scope = 0;
	char *percent = strchr(ip, '%');
	if (percent) {
		*percent = '\0';
		if (parse_scope(percent + 1, &scope) < 0)
			return -EINVAL;
	}
	if (inet_pton(AF_INET6, ip, &in6) != 1)
		return -EINVAL;
	set_in6(out, &in6, htons(port), scope);
	return 0;
}

static int parse_ip4_or_any(struct addr *out, const char *ip, uint16_t port)
{
	struct in_addr in;
	if (strcmp(ip, "*") == 0) {
		set_in6(out, &in6addr_any, htons(port), 0);
		return 0;
	}
	if (inet_pton(AF_INET, ip, &in) != 1)
		return -EINVAL;
	set_in(out, &in, htons(port));
	return 0;
}

int addr_parse(struct addr *out, const char *text, uint16_t default_port)
{
	bool bracketed = text[0] == '[';
	const char *ip_start = text + (bracketed ? 1 : 0);
	const char *first_colon = strchr(text, ':');
	/* Two colons without brackets: IPv6, which then has no port. */
	bool ip6 = bracketed || (first_colon && strchr(first_colon + 1, ':'));
	const char *ip_end = bracketed ? strchr(text, ']') : ip6 ? NULL : first_colon;
	if (bracketed && !ip_end)
		return -EINVAL;
	if (!ip_end)
		ip_end = text + strlen(text);

	const char *rest = ip_end + (bracketed ? 1 : 0);
	uint16_t port = default_port;
	if (*rest && (*rest != ':' || parse_port(rest + 1, &port) < 0))
		return -EINVAL;

	char ip[IP_TEXT_MAX];
	size_t ip_len = (size_t)(ip_end - ip_start);
	if (ip_len >= sizeof(ip))
		return -EINVAL;
	memcpy(ip, ip_start, ip_len);
	ip[ip_len] = '\0';
	return ip6 ? parse_ip6(out, ip, port) : parse_ip4_or_any(out, ip, port);
}

const char *addr_format_ip(const struct addr *a, char *text)
{
	if (a->sa.sa_family == AF_INET) {
		(void)inet_ntop(AF_INET, &a->in.sin_addr, text, ADDR_TEXT_MAX);
		return text;
	}
	(void)inet_ntop(AF_INET6, &a->in6.sin6_addr, text, ADDR_TEXT_MAX);
	if (a->in6.sin6_scope_id) {
		size_t n = strlen(text);
		(void)snprintf(text + n, ADDR_TEXT_MAX - n, "%%%u", a->in6.sin6_scope_id);
	}
	return text;
}

const char *addr_format(const struct addr *a, char *text)
{
	char ip[ADDR_TEXT_MAX];
	bool ip6 = a->sa.sa_family != AF_INET;
	addr_format_ip(a, ip);
	/* 45 for IPv6, 11 for a scope, 8 for brackets and port: it fits; the bound is for the compiler. */
	(void)snprintf(text, ADDR_TEXT_MAX, ip6 ? "[%.54s]:%u" : "%.54s:%u", ip, (unsigned)addr_port(a));
	return text;
}

socklen_t addr_len(const struct addr *a)
{
	return a->sa.sa_family == AF_INET ? sizeof(a->in) : sizeof(a->in6);
}

uint16_t addr_port(const struct addr *a)
{
	return ntohs(a->sa.sa_family == AF_INET ? a->in.sin_port : a->in6.sin6_port);
}

void addr_set_port(struct addr *a, uint16_t port)
{
	if (a->sa.sa_family == AF_INET)
		a->in.sin_port = htons(port);
	else
		a->in6.sin6_port = htons(port);
}

bool addr_same_ip(const struct addr *a, const struct addr *b)
{
	if (a->sa.sa_family != b->sa.sa_family)
		return false;
	if (a->sa.sa_family == AF_INET)
		return a->in.sin_addr.s_addr == b->in.sin_addr.s_addr;
	return IN6_ARE_ADDR_EQUAL(&a->in6.sin6_addr, &b->in6.sin6_addr) &&
	       a->in6.sin6_scope_id == b->in6.sin6_scope_id;
}

bool addr_equal(const struct addr *a, const struct addr *b)
{
	return addr_same_ip(a, b) && addr_port(a) == addr_port(b);
}

bool addr_is_loopback(const struct addr *a)
{
	if (a->sa.sa_family == AF_INET)
		return ntohl(a->in.sin_addr.s_addr) >> 24 == 127; /* 127/8, RFC 1122 §3.2.1.3 */
	return IN6_IS_ADDR_LOOPBACK(&a->in6.sin6_addr);
}

void addr_prefix(const struct addr *a, uint8_t out[ADDR_PREFIX_BYTES])
{
	memset(out, 0, ADDR_PREFIX_BYTES);
	if (a->sa.sa_family == AF_INET) {
		out[0] = 4;
		memcpy(out + 1, &a->in.sin_addr, 4);
	} else {
		out[0] = 6;
		memcpy(out + 1, &a->in6.sin6_addr, 8);
	}
}

static const uint8_t *ip_bytes(const struct addr *a, unsigned *bits)
{
	bool v4 = a->sa.sa_family == AF_INET;
	*bits = v4 ? 32 : 128;
	return v4 ? (const uint8_t *)&a->in.sin_addr : (const uint8_t *)&a->in6.sin6_addr;
}

/* Do the first @bits of both agree? */
static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	unsigned whole = bits / 8;
	unsigned rest = bits % 8;
	return memcmp(a, b, whole) == 0 && (rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0);
}

static bool clear_behind(const uint8_t *ip, unsigned bits, unsigned all)
{
	for (unsigned i = bits; i < all; i++) {
		if (ip[i / 8] & 0x80 >> i % 8)
			return false;
	}
	return true;
}

/* An address and nothing else: none of what addr_parse() takes beyond that has a meaning for a range.
 * @skip: bits in front of it that its length counts too. */
static int range_ip(struct addr *out, const char *text, size_t n, unsigned *skip)
{
	char ip[INET6_ADDRSTRLEN];
	struct in_addr in;
	struct in6_addr in6;
	if (n >= sizeof(ip))
		return -EINVAL;
	memcpy(ip, text, n);
	ip[n] = '\0';
	*skip = 0;
	if (inet_pton(AF_INET, ip, &in) == 1) {
		set_in(out, &in, 0);
		return 0;
	}
	if (inet_pton(AF_INET6, ip, &in6) != 1)
		return -EINVAL;
	set_in6(out, &in6, 0, 0);
	if (out->sa.sa_family == AF_INET)
		*skip = 96;
	return 0;
}

int addr_range_parse(struct addr_range *out, const char *text)
{
	struct addr_range r;
	unsigned skip;
	unsigned all;
	size_t n = strcspn(text, "/");
	if (range_ip(&r.addr, text, n, &skip) < 0)
		return -EINVAL;
	const uint8_t *ip = ip_bytes(&r.addr, &all);
	uint32_t bits = skip + all;
	if (text[n] == '/' && parse_number(text + n + 1, skip + all, &bits) < 0)
		return -EINVAL;
	if (bits < skip)
		return -EINVAL;
	r.bits = bits - skip;
	if (!clear_behind(ip, r.bits, all))
		return -EDOM;
	*out = r;
	return 0;
}

const char *addr_range_wish(int rc)
{
	return rc == -EDOM ? "a range whose address has no bits set behind its length: 10.0.0.0/8, not "
			     "10.0.0.1/8"
			   : "an address, or a range such as 10.0.0.0/8 or fd00::/8";
}

bool addr_in_range(const struct addr *a, const struct addr_range *r)
{
	unsigned all;
	if (a->sa.sa_family != r->addr.sa.sa_family)
		return false;
	return same_bits(ip_bytes(a, &all), ip_bytes(&r->addr, &all), r->bits);
}
