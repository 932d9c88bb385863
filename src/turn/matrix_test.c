/*
 * The peers that are refused, generated: every range × first, middle and last address × every way to write it
 * × CreatePermission, ChannelBind and Send; and beside every range, that what is next to it is served.
 *
 * The ranges stand here once more as text, as the issue and IANA's registries have them, and are taken apart
 * by code of this file's own.
 */
#include "turn/testkit.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const ranges4[] = {
	"0.0.0.0/8",      "10.0.0.0/8",     "100.64.0.0/10",   "127.0.0.0/8",     "169.254.0.0/16",
	"172.16.0.0/12",  "192.0.0.0/24",   "192.0.2.0/24",    "192.31.196.0/24", "192.52.193.0/24",
	"192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15",   "198.51.100.0/24",
	"203.0.113.0/24", "224.0.0.0/4",    "240.0.0.0/4",
};
static const char *const ranges6[] = {
	"::/96",     "::1/128",       "::ffff:0:0/96", "64:ff9b::/96",      "64:ff9b:1::/48", "100::/64",
	"2001::/23", "2001:db8::/32", "2002::/16",     "2620:4f:8000::/48", "3fff::/20",      "5f00::/16",
	"fc00::/7",  "fe80::/10",     "fec0::/10",     "ff00::/8",
};
/* And ways to write an IPv4 address: a prefix, where it goes, and what it is XORed with. */
static const struct {
	const char *name, *prefix;
	unsigned at[4];
	uint8_t flip;
} encodings[] = {
	{"mapped", "::ffff:0:0", {12, 13, 14, 15}, 0},
	{"compatible", "::", {12, 13, 14, 15}, 0},
	{"translated", "::ffff:0:0:0", {12, 13, 14, 15}, 0},
	{"NAT64", "64:ff9b::", {12, 13, 14, 15}, 0},
	{"local NAT64", "64:ff9b:1::", {6, 7, 9, 10}, 0},
	{"6to4", "2002::", {2, 3, 4, 5}, 0},
	{"6to4 with the rest set", "2002:0:0:1:2:3:4:5", {2, 3, 4, 5}, 0},
	{"Teredo server", "2001:0:0:0:8000:ffff:f7f7:f7f7", {4, 5, 6, 7}, 0},
	{"Teredo client", "2001:0:808:808:8000:ffff::", {12, 13, 14, 15}, 0xFF},
	{"ISATAP", "2a00:1450::5efe:0:0", {12, 13, 14, 15}, 0},
	{"ISATAP, global", "2a00:1450::200:5efe:0:0", {12, 13, 14, 15}, 0},
};
enum { FIRST, MIDDLE, LAST, PLACES };

static struct kit k;
static struct kit_client c;
static unsigned checked;

static void parse(const char *range, int family, uint8_t ip[16], unsigned *bits)
{
	char text[64];
	(void)snprintf(text, sizeof(text), "%s", range);
	char *slash = strchr(text, '/');
	assert_non_null(slash);
	*slash = '\0';
	assert_int_equal(inet_pton(family, text, ip), 1);
	*bits = (unsigned)atoi(slash + 1);
}

/* An address of a range. */
static void pick(const char *range, int family, unsigned place, uint8_t ip[16])
{
	unsigned bits, all = family == AF_INET ? 32 : 128;
	parse(range, family, ip, &bits);
	for (unsigned i = bits; i < all; i++) {
		bool one = place == LAST || (place == MIDDLE && i % 2 == 0);
		ip[i / 8] = (uint8_t)(ip[i / 8] | (one ? 0x80 >> i % 8 : 0));
	}
}

static struct addr make(int family, const uint8_t *ip, uint16_t port)
{
	struct addr a = {0};
	a.sa.sa_family = (sa_family_t)family;
	if (family == AF_INET)
		memcpy(&a.in.sin_addr, ip, 4);
	else
		memcpy(&a.in6.sin6_addr, ip, 16);
	addr_set_port(&a, port);
	return a;
}

static bool within(const char *range, int family, const uint8_t *ip)
{
	uint8_t net[16];
	unsigned bits;
	parse(range, family, net, &bits);
	for (unsigned i = 0; i < bits; i++)
		if ((ip[i / 8] ^ net[i / 8]) & 0x80 >> i % 8)
			return false;
	return true;
}

static bool within_any(int family, const uint8_t *ip)
{
	const char *const *ranges = family == AF_INET ? ranges4 : ranges6;
	size_t n = family == AF_INET ? ARRAY_LEN(ranges4) : ARRAY_LEN(ranges6);
	for (size_t i = 0; i < n; i++)
		if (within(ranges[i], family, ip))
			return true;
	return false;
}

static void refuses(const struct addr *peer, const char *range, const char *encoding)
{
	struct turn_up up;
	char text[ADDR_TEXT_MAX];
	unsigned before = k.refused;
	int permit = kit_permit_addr(&c, peer), bind = kit_bind_addr(&c, 0x4000, peer);
	bool sent = kit_send_addr(&c, peer, &up);
	if (permit != STUN_CODE_FORBIDDEN || bind != STUN_CODE_FORBIDDEN || sent || k.refused != before + 3)
		fail_msg("%s of %s, %s: CreatePermission %d, ChannelBind %d, Send %d, %u reports", encoding,
			 range, addr_format(peer, text), permit, bind, sent, k.refused - before);
	checked++;
}

static void serves(const struct addr *peer, const char *range)
{
	struct turn_up up;
	char text[ADDR_TEXT_MAX];
	int permit = kit_permit_addr(&c, peer), bind = kit_bind_addr(&c, 0x4000, peer);
	bool sent = kit_send_addr(&c, peer, &up);
	if (permit != 0 || bind != 0 || !sent)
		fail_msg("beside %s, %s: CreatePermission %d, ChannelBind %d, Send %d", range,
			 addr_format(peer, text), permit, bind, sent);
	/* So that the number is free for the next. */
	turn_channel_clear(kit_alloc(&c), UINT64_MAX);
	checked++;
}

static int setup(void **state)
{
	k = (struct kit){0};
	checked = 0;
	k.limits.permissions = TURN_PEERS_MAX;
	assert_int_equal(kit_init(&k), 0);
	kit_client(&k, &c, TURN_UDP, "198.0.0.1:5000", "alice");
	assert_int_equal(kit_allocate_both(&c), 0);
	return 0;
}

static int teardown(void **state)
{
	kit_deinit(&k);
	return 0;
}

static void every_range_in_every_encoding(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(ranges4) * PLACES; i++) {
		uint8_t ip4[16], ip6[16];
		const char *range = ranges4[i / PLACES];
		pick(range, AF_INET, i % PLACES, ip4);
		struct addr a = make(AF_INET, ip4, 9);
		refuses(&a, range, "plain");
		for (size_t e = 0; e < ARRAY_LEN(encodings); e++) {
			assert_int_equal(inet_pton(AF_INET6, encodings[e].prefix, ip6), 1);
			for (unsigned b = 0; b < 4; b++)
				ip6[encodings[e].at[b]] = ip4[b] ^ encodings[e].flip;
			a = make(AF_INET6, ip6, 9);
			refuses(&a, range, encodings[e].name);
		}
	}
	assert_int_equal(checked, ARRAY_LEN(ranges4) * PLACES * (ARRAY_LEN(encodings) + 1));
}

static void every_ip6_range(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(ranges6) * PLACES; i++) {
		uint8_t ip[16];
		pick(ranges6[i / PLACES], AF_INET6, i % PLACES, ip);
		struct addr a = make(AF_INET6, ip, 9);
		refuses(&a, ranges6[i / PLACES], "itself");
	}
	assert_int_equal(checked, ARRAY_LEN(ranges6) * PLACES);
}

/* One before the first and one after the last, unless that is in another range. */
static void step(uint8_t *ip, size_t n, int by)
{
	while (n--) {
		ip[n] = (uint8_t)(ip[n] + by);
		if (ip[n] != (by < 0 ? 0xFF : 0))
			return;
	}
}

static void beside(const char *range, int family, unsigned place)
{
	uint8_t ip[16];
	pick(range, family, place, ip);
	step(ip, family == AF_INET ? 4 : 16, place == FIRST ? -1 : 1);
	if (within_any(family, ip))
		return;
	struct addr a = make(family, ip, 9);
	serves(&a, range);
}

static void what_is_beside_a_range_is_served(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(ranges4); i++) {
		beside(ranges4[i], AF_INET, FIRST);
		beside(ranges4[i], AF_INET, LAST);
	}
	for (size_t i = 0; i < ARRAY_LEN(ranges6); i++) {
		beside(ranges6[i], AF_INET6, FIRST);
		beside(ranges6[i], AF_INET6, LAST);
	}
	assert_true(checked > 40);
}

static void port_0_is_refused_where_there_is_a_port(void **state)
{
	static const char *const peers[] = {"8.8.8.8:0", "[2a00:1450::1]:0"};
	struct turn_up up;
	for (size_t i = 0; i < ARRAY_LEN(peers); i++) {
		assert_int_equal(kit_permit(&c, peers[i]), 0);
		assert_int_equal(kit_bind(&c, 0x4000, peers[i]), STUN_CODE_FORBIDDEN);
		assert_int_equal(k.why, TURN_REFUSED_PORT);
		assert_false(kit_send_up(&c, peers[i], &up));
	}
}

static void this_machine_is_refused(void **state)
{
	static const char *const own[] = {"198.41.0.9:80",
					  "[::ffff:198.41.0.9]:80",
					  "[::198.41.0.9]:80",
					  "[64:ff9b::198.41.0.9]:80",
					  "[2002:c629:9::]:80",
					  "[2001:0:808:808::39d6:fff6]:80",
					  "[2a00:1450::5efe:198.41.0.9]:80"};
	for (size_t i = 0; i < ARRAY_LEN(own); i++) {
		struct addr a = kit_addr(own[i]);
		refuses(&a, "own", own[i]);
		assert_int_equal(k.why, TURN_REFUSED_OWN);
	}
}

static void a_relayed_address_is_served_in_process_alone(void **state)
{
	struct turn_up up;
	struct kit_client other;
	struct addr wrapped = kit_addr("[::ffff:198.41.0.4]:49152");
	char peer[ADDR_TEXT_MAX];
	kit_client(&k, &other, TURN_UDP, "198.0.0.2:5000", "bob");
	assert_int_equal(kit_allocate(&other), 0);
	struct addr alive = kit_relayed(&other, TURN_IP4);
	addr_format(&alive, peer);
	/* A permission is for the address; data goes to live relays only, not to the machine behind them. */
	assert_int_equal(kit_permit(&c, "198.41.0.4:22"), 0);
	assert_int_equal(kit_bind(&c, 0x4001, "198.41.0.4:22"), STUN_CODE_FORBIDDEN);
	assert_int_equal(k.why, TURN_REFUSED_OWN);
	assert_false(kit_send_up(&c, "198.41.0.4:22", &up));
	refuses(&wrapped, "relayed", "mapped");
	assert_int_equal(kit_bind(&c, 0x4001, peer), 0);
	assert_true(kit_send_up(&c, peer, &up));
	assert_true(up.local);
	assert_true(kit_channel_up(&c, 0x4001, &up));
	assert_true(up.local);
	assert_true(addr_equal(&up.peer, &alive));
	struct addr own = kit_relayed(&c, TURN_IP4);
	assert_true(addr_equal(&up.relayed, &own));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_range_in_every_encoding),    TEST(every_ip6_range),
		TEST(what_is_beside_a_range_is_served), TEST(port_0_is_refused_where_there_is_a_port),
		TEST(this_machine_is_refused),          TEST(a_relayed_address_is_served_in_process_alone),
	};
	return cmocka_run_group_tests_name("matrix", tests, NULL, NULL);
}
