#include "stun/build.h"
#include "stun/read.h"
#include "stun/testing.h"

#include <errno.h>

static struct addr address(const char *text)
{
	struct addr a;
	assert_int_equal(addr_parse(&a, text, 0), 0);
	return a;
}

static struct stun_hmac hmac(enum stun_mac mac)
{
	struct stun_hmac h;
	stun_hmac_init(&h, mac, "secret", 6);
	return h;
}

/* One of every kind of attribute. */
static void put_all(struct stun_build *b)
{
	static const uint16_t unknown[] = {0x0024, 0x7FFF, 0x1234};
	static const enum stun_password_alg algs[] = {STUN_PASSWORD_SHA256, STUN_PASSWORD_MD5};
	struct addr ip4 = address("192.0.2.1:3478"), ip6 = address("[2001:db8::7]:65535");
	struct stun_hmac sha1 = hmac(STUN_MAC_SHA1), sha256 = hmac(STUN_MAC_SHA256);
	stun_build_text(b, STUN_ATTR_USERNAME, "1700000000:alice");
	stun_build_text(b, STUN_ATTR_REALM, "parley");
	stun_build_bytes(b, STUN_ATTR_DATA, "12345", 5);
	stun_build_u32(b, STUN_ATTR_LIFETIME, 600);
	stun_build_u64(b, STUN_ATTR_ICE_CONTROLLING, UINT64_C(0x0123456789ABCDEF));
	stun_build_flag(b, STUN_ATTR_DONT_FRAGMENT);
	stun_build_addr(b, STUN_ATTR_MAPPED_ADDRESS, &ip4);
	stun_build_addr(b, STUN_ATTR_ALTERNATE_SERVER, &ip6);
	stun_build_xor_addr(b, STUN_ATTR_XOR_RELAYED_ADDRESS, &ip4);
	stun_build_xor_addr(b, STUN_ATTR_XOR_PEER_ADDRESS, &ip6);
	stun_build_error(b, STUN_CODE_STALE_NONCE, NULL);
	stun_build_addr_error(b, STUN_FAMILY_IP6, STUN_CODE_FAMILY_NOT_SUPPORTED, "");
	stun_build_unknown(b, unknown, 3);
	stun_build_channel(b, 0x4001);
	stun_build_transport(b, 17);
	stun_build_family(b, STUN_ATTR_REQUESTED_ADDRESS_FAMILY, STUN_FAMILY_IP6);
	stun_build_even_port(b, true);
	stun_build_icmp(b, 3, 4, 1400);
	stun_build_password_algorithm(b, STUN_PASSWORD_MD5);
	stun_build_password_algorithms(b, algs, 2);
	stun_build_integrity(b, &sha1);
	stun_build_integrity_truncated(b, &sha256, 16);
	stun_build_fingerprint(b);
}

static void assert_text(const struct stun_msg *m, uint16_t type, const char *want)
{
	struct stun_attr attr;
	assert_int_equal(stun_read_text(m, type, 763, &attr), 0);
	assert_int_equal(attr.len, strlen(want));
	assert_memory_equal(attr.value, want, attr.len);
}

static void assert_addr(int r, const struct addr *got, const char *want)
{
	struct addr a = address(want);
	assert_int_equal(r, 0);
	assert_memory_equal(got, &a, sizeof(a));
}

static void check_values(const struct stun_msg *m)
{
	uint32_t lifetime;
	uint64_t tie_breaker;
	uint16_t channel;
	uint8_t byte;
	bool flag, reserve;
	assert_text(m, STUN_ATTR_USERNAME, "1700000000:alice");
	assert_text(m, STUN_ATTR_REALM, "parley");
	assert_text(m, STUN_ATTR_DATA, "12345");
	assert_int_equal(stun_read_u32(m, STUN_ATTR_LIFETIME, &lifetime), 0);
	assert_int_equal(lifetime, 600);
	assert_int_equal(stun_read_u64(m, STUN_ATTR_ICE_CONTROLLING, &tie_breaker), 0);
	assert_true(tie_breaker == UINT64_C(0x0123456789ABCDEF));
	assert_int_equal(stun_read_flag(m, STUN_ATTR_DONT_FRAGMENT, &flag), 0);
	assert_true(flag);
	assert_int_equal(stun_read_channel(m, &channel), 0);
	assert_int_equal(channel, 0x4001);
	assert_int_equal(stun_read_transport(m, &byte), 0);
	assert_int_equal(byte, 17);
	assert_int_equal(stun_read_family(m, STUN_ATTR_REQUESTED_ADDRESS_FAMILY, &byte), 0);
	assert_int_equal(byte, STUN_FAMILY_IP6);
	assert_int_equal(stun_read_even_port(m, &reserve), 0);
	assert_true(reserve);
}

static void check_addresses(const struct stun_msg *m)
{
	struct addr a;
	assert_addr(stun_read_addr(m, STUN_ATTR_MAPPED_ADDRESS, &a), &a, "192.0.2.1:3478");
	assert_addr(stun_read_addr(m, STUN_ATTR_ALTERNATE_SERVER, &a), &a, "[2001:db8::7]:65535");
	assert_addr(stun_read_xor_addr(m, STUN_ATTR_XOR_RELAYED_ADDRESS, &a), &a, "192.0.2.1:3478");
	assert_addr(stun_read_xor_addr(m, STUN_ATTR_XOR_PEER_ADDRESS, &a), &a, "[2001:db8::7]:65535");
}

static void check_structures(const struct stun_msg *m)
{
	struct stun_error e;
	struct stun_icmp icmp;
	struct stun_password_algorithm alg, algs[2];
	uint16_t unknown[3];
	size_t n;
	assert_int_equal(stun_read_error(m, STUN_ATTR_ERROR_CODE, &e), 0);
	assert_int_equal(e.code, 438);
	assert_int_equal(e.reason_bytes, strlen("Stale Nonce"));
	assert_memory_equal(e.reason, "Stale Nonce", e.reason_bytes);
	assert_int_equal(stun_read_error(m, STUN_ATTR_ADDRESS_ERROR_CODE, &e), 0);
	assert_int_equal(e.code, 440);
	assert_int_equal(e.family, STUN_FAMILY_IP6);
	assert_int_equal(e.reason_bytes, 0);
	assert_int_equal(stun_read_unknown(m, unknown, 3, &n), 0);
	assert_int_equal(n, 3);
	assert_int_equal(unknown[2], 0x1234);
	assert_int_equal(stun_read_icmp(m, &icmp), 0);
	assert_int_equal(icmp.type, 3);
	assert_int_equal(icmp.code, 4);
	assert_int_equal(icmp.data, 1400);
	assert_int_equal(stun_read_password_algorithm(m, &alg), 0);
	assert_int_equal(alg.id, STUN_PASSWORD_MD5);
	assert_int_equal(stun_read_password_algorithms(m, algs, 2, &n), 0);
	assert_int_equal(n, 2);
	assert_int_equal(algs[0].id, STUN_PASSWORD_SHA256);
	assert_int_equal(algs[1].id, STUN_PASSWORD_MD5);
}

static void what_is_built_is_read(void **state)
{
	struct stun_hmac sha1 = hmac(STUN_MAC_SHA1), sha256 = hmac(STUN_MAC_SHA256);
	struct stun_build b;
	struct stun_msg m;
	uint8_t out[1000];
	size_t len;
	memset(out, 0xEE, sizeof(out));
	stun_build_init(&b, out, sizeof(out), stun_type(STUN_ERROR, STUN_ALLOCATE), raw_tid);
	put_all(&b);
	assert_int_equal(stun_build_end(&b, &len), 0);
	assert_int_equal(stun_msg_parse(&m, out, len), 0);
	assert_int_equal(m.class, STUN_ERROR);
	assert_int_equal(m.method, STUN_ALLOCATE);
	assert_memory_equal(m.tid, raw_tid, STUN_TID_BYTES);
	check_values(&m);
	check_addresses(&m);
	check_structures(&m);
	assert_int_equal(stun_integrity_check(&m, &sha1), 0);
	assert_int_equal(stun_integrity_check_truncated(&m, &sha256, 16), 0);
	assert_int_equal(stun_fingerprint_check(&m), 0);
}

/* With every size of buffer: what does not fit fails, and not a byte behind it is touched. */
static void never_overruns(void **state)
{
	struct stun_build b;
	uint8_t whole[1000];
	size_t full = 0, len = 4711;
	stun_build_init(&b, whole, sizeof(whole), 1, raw_tid);
	put_all(&b);
	assert_int_equal(stun_build_end(&b, &full), 0);
	for (size_t cap = 0; cap < full; cap++) {
		uint8_t *out = exact(whole, cap);
		memset(out, 0xEE, cap ? cap : 1);
		stun_build_init(&b, out, cap, 1, raw_tid);
		put_all(&b);
		assert_int_equal(stun_build_end(&b, &len), -ENOBUFS);
		assert_int_equal(len, 4711);
		free(out);
	}
	uint8_t *out = exact(whole, full);
	memset(out, 0, full);
	stun_build_init(&b, out, full, 1, raw_tid);
	put_all(&b);
	assert_int_equal(stun_build_end(&b, &len), 0);
	assert_int_equal(len, full);
	assert_memory_equal(out, whole, full);
	free(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_built_is_read),
		cmocka_unit_test(never_overruns),
	};
	return cmocka_run_group_tests_name("stun-roundtrip", tests, NULL, NULL);
}
