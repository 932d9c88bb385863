/* Permissions, channels and the data that they let through. */
#include "stun/frame.h"
#include "stun/read.h"
#include "turn/testkit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define PEER  "8.8.8.8:53"
#define PEER6 "[2a00:1450::1]:53"

static struct kit k;
static struct kit_client c;
static struct turn_up up;
static struct turn_down down;

static int setup(void **state)
{
	k = (struct kit){0};
	k.limits.permissions = 4;
	k.limits.channels = 3;
	assert_int_equal(kit_init(&k), 0);
	kit_client(&k, &c, TURN_UDP, "198.0.0.1:5000", "alice");
	assert_int_equal(kit_allocate(&c), 0);
	return 0;
}

static int teardown(void **state)
{
	kit_deinit(&k);
	return 0;
}

static const struct turn_counters *counters(void)
{
	return turn_get_counters(k.server);
}

/* Keeps the allocation and the nonce while time passes. */
static void pass(uint64_t s)
{
	kit_advance(&k, s * 1000);
	kit_login(&c);
	assert_int_equal(kit_refresh(&c, 3600), 0);
}

static void nothing_without_permission(void **state)
{
	assert_false(kit_send_up(&c, PEER, &up));
	assert_false(kit_down(&c, PEER, &down));
	assert_int_equal(counters()->drop_no_permission, 2);
	assert_false(kit_channel_up(&c, 0x4000, &up));
	assert_int_equal(counters()->drop_no_channel, 1);
}

static void a_permission_is_for_an_address(void **state)
{
	struct addr peer = kit_addr("8.8.8.8:9"), relayed = kit_relayed(&c, TURN_IP4);
	assert_int_equal(kit_permit(&c, PEER), 0);
	assert_true(kit_send_up(&c, "8.8.8.8:9", &up));
	assert_true(addr_equal(&up.peer, &peer));
	assert_true(addr_equal(&up.relayed, &relayed));
	assert_ptr_equal(up.socket, &k.sockets[0]);
	assert_false(up.local);
	assert_false(up.dont_fragment);
	assert_int_equal(up.len, 5);
	assert_memory_equal(up.data, "hello", 5);
	assert_true(kit_down(&c, "8.8.8.8:1234", &down));
	assert_int_equal(down.channel, 0);
	assert_false(kit_down(&c, "8.8.8.9:53", &down));
	assert_false(kit_send_up(&c, "8.8.8.9:53", &up));
}

static void a_permission_lasts_300_seconds(void **state)
{
	assert_int_equal(kit_permit(&c, PEER), 0);
	pass(299);
	assert_true(kit_down(&c, PEER, &down));
	pass(1);
	assert_false(kit_down(&c, PEER, &down));
	assert_false(kit_send_up(&c, PEER, &up));
	assert_int_equal(kit_permit(&c, PEER), 0);
	pass(200);
	assert_int_equal(kit_permit(&c, PEER), 0);
	pass(299);
	assert_true(kit_down(&c, PEER, &down));
}

static void permissions_for_all_or_none(void **state)
{
	struct addr good = kit_addr(PEER), bad = kit_addr("10.0.0.1:53"), six = kit_addr(PEER6);
	kit_begin(&c, STUN_CREATE_PERMISSION);
	assert_int_equal(kit_ask(&c), STUN_CODE_BAD_REQUEST);
	kit_begin(&c, STUN_CREATE_PERMISSION);
	stun_build_xor_addr(&c.b, STUN_ATTR_XOR_PEER_ADDRESS, &good);
	stun_build_xor_addr(&c.b, STUN_ATTR_XOR_PEER_ADDRESS, &bad);
	assert_int_equal(kit_ask(&c), STUN_CODE_FORBIDDEN);
	kit_begin(&c, STUN_CREATE_PERMISSION);
	stun_build_xor_addr(&c.b, STUN_ATTR_XOR_PEER_ADDRESS, &good);
	stun_build_xor_addr(&c.b, STUN_ATTR_XOR_PEER_ADDRESS, &six);
	assert_int_equal(kit_ask(&c), STUN_CODE_PEER_FAMILY_MISMATCH);
	kit_begin(&c, STUN_CREATE_PERMISSION);
	stun_build_xor_addr(&c.b, STUN_ATTR_XOR_PEER_ADDRESS, &good);
	stun_build_bytes(&c.b, STUN_ATTR_XOR_PEER_ADDRESS, "1234", 4);
	assert_int_equal(kit_ask(&c), STUN_CODE_BAD_REQUEST);
	assert_false(kit_down(&c, PEER, &down));
	assert_int_equal(counters()->peers_refused, 1);
	assert_true(addr_equal(&k.refused_peer, &bad) || addr_same_ip(&k.refused_peer, &bad));
}

static void permissions_have_a_limit(void **state)
{
	struct addr a[5];
	for (unsigned i = 0; i < 5; i++) {
		char text[32];
		(void)snprintf(text, sizeof(text), "8.8.8.%u:1", i + 1);
		a[i] = kit_addr(text);
	}
	kit_begin(&c, STUN_CREATE_PERMISSION);
	for (unsigned i = 0; i < 5; i++)
		stun_build_xor_addr(&c.b, STUN_ATTR_XOR_PEER_ADDRESS, &a[i]);
	assert_int_equal(kit_ask(&c), STUN_CODE_INSUFFICIENT_CAPACITY);
	assert_false(kit_down(&c, "8.8.8.1:1", &down));
	kit_begin(&c, STUN_CREATE_PERMISSION);
	for (unsigned i = 0; i < 8; i++)
		stun_build_xor_addr(&c.b, STUN_ATTR_XOR_PEER_ADDRESS, &a[i % 4]);
	assert_int_equal(kit_ask(&c), 0);
	assert_int_equal(kit_permit(&c, "8.8.8.4:9"), 0);
	assert_int_equal(kit_permit(&c, "8.8.8.5:9"), STUN_CODE_INSUFFICIENT_CAPACITY);
	assert_int_equal(kit_bind(&c, 0x4000, "8.8.8.5:9"), STUN_CODE_INSUFFICIENT_CAPACITY);
	assert_false(kit_channel_up(&c, 0x4000, &up));
	/* What has expired makes room. */
	pass(300);
	assert_int_equal(kit_permit(&c, "8.8.8.5:9"), 0);
}

static void a_channel_goes_both_ways(void **state)
{
	struct addr peer = kit_addr(PEER);
	assert_int_equal(kit_bind(&c, 0x4000, PEER), 0);
	assert_true(kit_channel_up(&c, 0x4000, &up));
	assert_true(addr_equal(&up.peer, &peer));
	assert_false(up.local);
	assert_true(kit_down(&c, PEER, &down));
	assert_int_equal(down.channel, 0x4000);
	assert_true(kit_down(&c, "8.8.8.8:54", &down));
	assert_int_equal(down.channel, 0);
	assert_false(kit_channel_up(&c, 0x4001, &up));
}

static void a_channel_outlives_its_permission(void **state)
{
	assert_int_equal(kit_bind(&c, 0x4000, PEER), 0);
	pass(300);
	assert_false(kit_channel_up(&c, 0x4000, &up));
	assert_false(kit_down(&c, PEER, &down));
	assert_int_equal(counters()->drop_no_permission, 2);
	assert_int_equal(kit_permit(&c, "8.8.8.8:1"), 0);
	assert_true(kit_channel_up(&c, 0x4000, &up));
	assert_true(kit_down(&c, PEER, &down));
	assert_int_equal(down.channel, 0x4000);
	pass(299);
	assert_true(kit_channel_up(&c, 0x4000, &up));
	pass(1);
	assert_int_equal(kit_permit(&c, PEER), 0);
	assert_false(kit_channel_up(&c, 0x4000, &up));
	assert_int_equal(counters()->drop_no_channel, 1);
	assert_true(kit_down(&c, PEER, &down));
	assert_int_equal(down.channel, 0);
	/* And the number may be bound anew, the peer too. */
	assert_int_equal(kit_bind(&c, 0x4000, "8.8.4.4:1"), 0);
	assert_int_equal(kit_bind(&c, 0x4001, PEER), 0);
}

static void binding_again(void **state)
{
	assert_int_equal(kit_bind(&c, 0x4000, PEER), 0);
	pass(599);
	assert_int_equal(kit_bind(&c, 0x4000, PEER), 0);
	assert_int_equal(kit_again(&c), 0);
	pass(299);
	assert_true(kit_channel_up(&c, 0x4000, &up));
	assert_int_equal(kit_bind(&c, 0x4000, "8.8.8.8:54"), STUN_CODE_BAD_REQUEST);
	assert_int_equal(kit_bind(&c, 0x4001, PEER), STUN_CODE_BAD_REQUEST);
}

static void channel_numbers(void **state)
{
	struct addr peer = kit_addr(PEER);
	static const uint16_t wrong[] = {0, STUN_CHANNEL_MIN - 1, STUN_CHANNEL_MAX + 1, 0xFFFF};
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		uint8_t value[4] = {(uint8_t)(wrong[i] >> 8), (uint8_t)wrong[i]};
		kit_begin(&c, STUN_CHANNEL_BIND);
		stun_build_bytes(&c.b, STUN_ATTR_CHANNEL_NUMBER, value, 4);
		stun_build_xor_addr(&c.b, STUN_ATTR_XOR_PEER_ADDRESS, &peer);
		assert_int_equal(kit_ask(&c), STUN_CODE_BAD_REQUEST);
	}
	kit_begin(&c, STUN_CHANNEL_BIND);
	stun_build_channel(&c.b, 0x4000);
	assert_int_equal(kit_ask(&c), STUN_CODE_BAD_REQUEST);
	kit_begin(&c, STUN_CHANNEL_BIND);
	stun_build_xor_addr(&c.b, STUN_ATTR_XOR_PEER_ADDRESS, &peer);
	assert_int_equal(kit_ask(&c), STUN_CODE_BAD_REQUEST);
	assert_int_equal(kit_bind(&c, 0x4000, PEER6), STUN_CODE_PEER_FAMILY_MISMATCH);
	/* In any order; each finds its own. */
	assert_int_equal(kit_bind(&c, 0x4FFF, "8.8.8.8:3"), 0);
	assert_int_equal(kit_bind(&c, 0x4000, "8.8.8.8:1"), 0);
	assert_int_equal(kit_bind(&c, 0x4800, "8.8.8.8:2"), 0);
	assert_int_equal(kit_bind(&c, 0x4801, "8.8.8.8:4"), STUN_CODE_INSUFFICIENT_CAPACITY);
	static const uint16_t numbers[] = {0x4000, 0x4800, 0x4FFF};
	for (uint16_t i = 0; i < 3; i++) {
		assert_true(kit_channel_up(&c, numbers[i], &up));
		assert_int_equal(addr_port(&up.peer), i + 1);
		assert_true(turn_down(kit_alloc(&c), &up.peer, k.now.mono_ms, &down));
		assert_int_equal(down.channel, numbers[i]);
	}
}

static void another_policy_rules_at_once(void **state)
{
	assert_int_equal(kit_bind(&c, 0x4000, "10.0.0.1:1"), STUN_CODE_FORBIDDEN);
	kit_set_peers(&k, "10.0.0.0/8");
	assert_int_equal(kit_bind(&c, 0x4000, "10.0.0.1:1"), 0);
	assert_true(kit_channel_up(&c, 0x4000, &up));
	assert_true(kit_send_up(&c, "10.0.0.1:2", &up));
	assert_true(kit_down(&c, "10.0.0.1:2", &down));
	kit_set_peers(&k, NULL);
	assert_false(kit_channel_up(&c, 0x4000, &up));
	assert_false(kit_send_up(&c, "10.0.0.1:2", &up));
	assert_false(kit_down(&c, "10.0.0.1:1", &down));
	assert_false(kit_down(&c, "10.0.0.1:2", &down));
	assert_int_equal(counters()->drop_peer_refused, 4);
	kit_set_peers(&k, "10.0.0.0/8");
	assert_true(kit_channel_up(&c, 0x4000, &up));
}

/* A Send indication with PEER, DATA and one attribute more, or without one of the two. */
static bool send_with(bool peer, bool data, uint16_t type, const void *value, size_t n)
{
	static const uint8_t tid[STUN_TID_BYTES];
	struct addr a = kit_addr(PEER);
	stun_build_init(&c.b, c.sent, sizeof(c.sent), stun_type(STUN_INDICATION, STUN_SEND), tid);
	if (peer)
		stun_build_xor_addr(&c.b, STUN_ATTR_XOR_PEER_ADDRESS, &a);
	if (data)
		stun_build_bytes(&c.b, STUN_ATTR_DATA, NULL, 0);
	if (type)
		stun_build_bytes(&c.b, type, value, n);
	assert_int_equal(stun_build_end(&c.b, &c.sent_len), 0);
	return turn_send_up(kit_alloc(&c), c.sent, c.sent_len, k.now.mono_ms, &up);
}

static void sends_of_all_sorts(void **state)
{
	assert_int_equal(kit_permit(&c, PEER), 0);
	assert_true(send_with(true, true, 0, NULL, 0));
	assert_int_equal(up.len, 0);
	assert_true(send_with(true, true, STUN_ATTR_DONT_FRAGMENT, NULL, 0));
	assert_true(up.dont_fragment);
	assert_true(send_with(true, true, 0x8F00, "x", 1));
	assert_false(send_with(false, true, 0, NULL, 0));
	assert_false(send_with(true, false, 0, NULL, 0));
	assert_false(send_with(true, true, 0x7F00, "x", 1));
	assert_false(send_with(true, true, STUN_ATTR_DONT_FRAGMENT, "x", 1));
	assert_false(send_with(true, true, STUN_ATTR_FINGERPRINT, "abcd", 4));
	assert_int_equal(counters()->drop_malformed, 5);
	assert_false(turn_send_up(kit_alloc(&c), c.sent, 19, k.now.mono_ms, &up));
	assert_false(turn_is_send(c.sent, 19));
	kit_begin(&c, STUN_REFRESH);
	assert_int_equal(stun_build_end(&c.b, &c.sent_len), 0);
	assert_false(turn_is_send(c.sent, c.sent_len));
}

static void data_indications(void **state)
{
	uint8_t out[TURN_DATA_HEADER_MAX + 8] = {0}, before[STUN_TID_BYTES];
	static const char *const peers[] = {PEER, PEER6};
	for (size_t i = 0; i < ARRAY_LEN(peers); i++) {
		struct stun_msg m;
		struct stun_attr attr;
		struct addr peer = kit_addr(peers[i]), got;
		size_t n = turn_data_header(kit_alloc(&c), &peer, 5, out);
		assert_in_range(n, 1, TURN_DATA_HEADER_MAX);
		memcpy(out + n, "hello\0\0\0", 8);
		assert_int_equal(stun_msg_parse(&m, out, n + 5 + stun_padding(5)), 0);
		assert_int_equal(m.class, STUN_INDICATION);
		assert_int_equal(m.method, STUN_DATA);
		assert_int_equal(stun_read_xor_addr(&m, STUN_ATTR_XOR_PEER_ADDRESS, &got), 0);
		assert_true(addr_equal(&got, &peer));
		assert_true(stun_msg_find(&m, STUN_ATTR_DATA, &attr));
		assert_int_equal(attr.len, 5);
		assert_memory_equal(attr.value, "hello", 5);
		if (i)
			assert_memory_not_equal(before, m.tid, STUN_TID_BYTES);
		memcpy(before, m.tid, STUN_TID_BYTES);
		assert_int_equal(turn_data_header(kit_alloc(&c), &peer, 65535, out), 0);
	}
}

static void icmp_is_told(void **state)
{
	uint8_t out[TURN_REPLY_MAX];
	struct stun_msg m;
	struct stun_icmp icmp;
	struct addr peer = kit_addr(PEER), got;
	struct turn_alloc *a = kit_alloc(&c);
	assert_int_equal(turn_icmp(a, &peer, 3, 4, 1280, k.now.mono_ms, out), 0);
	assert_int_equal(kit_permit(&c, PEER), 0);
	size_t n = turn_icmp(a, &peer, 3, 4, 1280, k.now.mono_ms, out);
	assert_int_equal(stun_msg_parse(&m, out, n), 0);
	assert_int_equal(m.method, STUN_DATA);
	assert_int_equal(stun_read_icmp(&m, &icmp), 0);
	assert_int_equal(icmp.type, 3);
	assert_int_equal(icmp.code, 4);
	assert_int_equal(icmp.data, 1280);
	assert_int_equal(stun_read_xor_addr(&m, STUN_ATTR_XOR_PEER_ADDRESS, &got), 0);
	assert_true(addr_equal(&got, &peer));
	assert_false(stun_msg_has(&m, STUN_ATTR_DATA));
	/* An echo reply is nobody's business. */
	assert_int_equal(turn_icmp(a, &peer, 0, 0, 0, k.now.mono_ms, out), 0);
	assert_int_equal(turn_icmp(a, &peer, 3, 512, 0, k.now.mono_ms, out), 0);
}

static void bandwidth_has_a_limit(void **state)
{
	kit_deinit(&k);
	k = (struct kit){0};
	k.limits.bytes_per_s = 100000;
	k.limits.bytes_per_s_total = 150000;
	assert_int_equal(kit_init(&k), 0);
	struct kit_client other;
	kit_client(&k, &c, TURN_UDP, "198.0.0.1:5000", "alice");
	kit_client(&k, &other, TURN_UDP, "198.0.0.1:5001", "alice");
	assert_int_equal(kit_allocate(&c), 0);
	assert_int_equal(kit_allocate(&other), 0);
	struct turn_alloc *a = kit_alloc(&c), *b = kit_alloc(&other);
	for (unsigned i = 0; i < 100; i++)
		assert_true(turn_spend(a, i % 2 ? TURN_UP : TURN_DOWN, 1000, k.now.mono_ms));
	assert_false(turn_spend(a, TURN_UP, 1, k.now.mono_ms));
	for (unsigned i = 0; i < 50; i++)
		assert_true(turn_spend(b, TURN_UP, 1000, k.now.mono_ms));
	assert_false(turn_spend(b, TURN_UP, 1000, k.now.mono_ms));
	assert_true(turn_spend(a, TURN_UP, 1000, k.now.mono_ms + 10));
	assert_false(turn_spend(a, TURN_UP, 1000, k.now.mono_ms + 10));
	assert_int_equal(counters()->drop_bandwidth, 3);
	assert_int_equal(counters()->up_packets, 101);
	assert_int_equal(counters()->up_bytes, 101000);
	assert_int_equal(counters()->down_packets, 50);
	assert_int_equal(counters()->down_bytes, 50000);
}

static void no_limit_is_none(void **state)
{
	for (unsigned i = 0; i < 100000; i++)
		assert_true(turn_spend(kit_alloc(&c), TURN_UP, 65507, k.now.mono_ms));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_without_permission),
		TEST(a_permission_is_for_an_address),
		TEST(a_permission_lasts_300_seconds),
		TEST(permissions_for_all_or_none),
		TEST(permissions_have_a_limit),
		TEST(a_channel_goes_both_ways),
		TEST(a_channel_outlives_its_permission),
		TEST(binding_again),
		TEST(channel_numbers),
		TEST(another_policy_rules_at_once),
		TEST(sends_of_all_sorts),
		TEST(data_indications),
		TEST(icmp_is_told),
		TEST(bandwidth_has_a_limit),
		TEST(no_limit_is_none),
	};
	return cmocka_run_group_tests_name("peers", tests, NULL, NULL);
}
