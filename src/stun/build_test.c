#include "stun/build.h"
#include "stun/frame.h"
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

/* RFC 8489 §14: padding is sent as zero, whatever the buffer held. */
static void padding_is_zero(void **state)
{
	for (size_t n = 0; n < 9; n++) {
		static const uint8_t zero[3] = {0};
		struct stun_build b;
		uint8_t out[64];
		size_t len;
		memset(out, 0xEE, sizeof(out));
		stun_build_init(&b, out, sizeof(out), 1, raw_tid);
		stun_build_bytes(&b, STUN_ATTR_DATA, "xxxxxxxxx", n);
		assert_int_equal(stun_build_end(&b, &len), 0);
		assert_int_equal(len, 24 + n + wire_pad(n));
		assert_memory_equal(out + 24 + n, zero, wire_pad(n));
		assert_int_equal(out[len], 0xEE);
	}
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

static void stops_at_the_longest_message(void **state)
{
	static uint8_t out[70000], value[65536];
	struct stun_build b;
	struct stun_msg m;
	size_t len;
	stun_build_init(&b, out, sizeof(out), 1, raw_tid);
	stun_build_bytes(&b, STUN_ATTR_DATA, value, 65528);
	assert_int_equal(stun_build_end(&b, &len), 0);
	assert_int_equal(len, STUN_MESSAGE_MAX);
	assert_int_equal(stun_msg_parse(&m, out, len), 0);
	for (size_t n = 65529; n <= 65536; n++) {
		stun_build_init(&b, out, sizeof(out), 1, raw_tid);
		stun_build_bytes(&b, STUN_ATTR_DATA, value, n);
		assert_int_equal(stun_build_end(&b, &len), -ENOBUFS);
	}
	stun_build_init(&b, out, sizeof(out), 1, raw_tid);
	stun_build_bytes(&b, STUN_ATTR_DATA, value, 65520);
	stun_build_flag(&b, STUN_ATTR_DONT_FRAGMENT);
	stun_build_flag(&b, STUN_ATTR_DONT_FRAGMENT);
	assert_int_equal(stun_build_end(&b, &len), 0);
	stun_build_flag(&b, STUN_ATTR_DONT_FRAGMENT);
	assert_int_equal(stun_build_end(&b, &len), -ENOBUFS);
}

static uint8_t scratch[2000];

static struct stun_build fresh(void)
{
	struct stun_build b;
	stun_build_init(&b, scratch, sizeof(scratch), 1, raw_tid);
	return b;
}

static void assert_refused(struct stun_build *b)
{
	size_t len;
	assert_int_equal(stun_build_end(b, &len), -EINVAL);
	/* It sticks. */
	stun_build_u32(b, STUN_ATTR_LIFETIME, 1);
	assert_int_equal(stun_build_end(b, &len), -EINVAL);
}

static void assert_fine(struct stun_build *b)
{
	size_t len;
	assert_int_equal(stun_build_end(b, &len), 0);
}

static void refuses_values_outside_their_definition(void **state)
{
	struct stun_hmac sha1 = hmac(STUN_MAC_SHA1), sha256 = hmac(STUN_MAC_SHA256);
	struct addr none = {.sa.sa_family = AF_UNIX};
	struct stun_build b;
	char text[600];
	b = fresh(), stun_build_channel(&b, 0x3FFF), assert_refused(&b);
	b = fresh(), stun_build_channel(&b, 0x5000), assert_refused(&b);
	b = fresh(), stun_build_error(&b, 299, ""), assert_refused(&b);
	b = fresh(), stun_build_error(&b, 700, ""), assert_refused(&b);
	b = fresh(), stun_build_error(&b, 400, "\xFF"), assert_refused(&b);
	b = fresh(), stun_build_icmp(&b, 128, 0, 0), assert_refused(&b);
	b = fresh(), stun_build_icmp(&b, 0, 512, 0), assert_refused(&b);
	b = fresh(), stun_build_icmp(&b, 127, 511, UINT32_MAX), assert_fine(&b);
	b = fresh(), stun_build_addr(&b, STUN_ATTR_MAPPED_ADDRESS, &none), assert_refused(&b);
	b = fresh(), stun_build_xor_addr(&b, STUN_ATTR_MAPPED_ADDRESS, &none), assert_refused(&b);
	b = fresh(), stun_build_password_algorithms(&b, NULL, 0), assert_refused(&b);
	b = fresh(), stun_build_integrity_truncated(&b, &sha256, 12), assert_refused(&b);
	b = fresh(), stun_build_integrity_truncated(&b, &sha256, 18), assert_refused(&b);
	b = fresh(), stun_build_integrity_truncated(&b, &sha256, 36), assert_refused(&b);
	b = fresh(), stun_build_integrity_truncated(&b, &sha1, 16), assert_refused(&b);
	b = fresh(), stun_build_text(&b, STUN_ATTR_REALM, "\xE3\x83"), assert_refused(&b);

	memset(text, 'x', sizeof(text));
	text[508] = '\0';
	b = fresh(), stun_build_text(&b, STUN_ATTR_USERNAME, text), assert_fine(&b);
	b = fresh(), stun_build_text(&b, STUN_ATTR_REALM, text), assert_refused(&b);
	text[508] = 'x';
	text[509] = '\0';
	b = fresh(), stun_build_text(&b, STUN_ATTR_USERNAME, text), assert_refused(&b);
	text[127] = '\0';
	b = fresh(), stun_build_text(&b, STUN_ATTR_REALM, text), assert_fine(&b);
	b = fresh(), stun_build_error(&b, 400, text), assert_fine(&b);
	text[127] = 'x';
	text[128] = '\0';
	b = fresh(), stun_build_text(&b, STUN_ATTR_REALM, text), assert_refused(&b);
}

static void the_first_mistake_is_told(void **state)
{
	struct stun_build b;
	size_t len;
	stun_build_init(&b, scratch, STUN_HEADER_BYTES, 1, raw_tid);
	stun_build_u32(&b, STUN_ATTR_LIFETIME, 1);
	stun_build_channel(&b, 1);
	assert_int_equal(stun_build_end(&b, &len), -ENOBUFS);
	b = fresh();
	stun_build_channel(&b, 1);
	stun_build_payload(&b, STUN_ATTR_DATA, SIZE_MAX);
	assert_int_equal(stun_build_end(&b, &len), -EINVAL);
}

/* RFC 8489 §14.5 to §14.7: what a receiver would not see is not sent. */
static void keeps_the_order_of_the_end(void **state)
{
	struct stun_hmac sha1 = hmac(STUN_MAC_SHA1), sha256 = hmac(STUN_MAC_SHA256);
	struct stun_build b = fresh();
	stun_build_integrity(&b, &sha1);
	stun_build_u32(&b, STUN_ATTR_LIFETIME, 1);
	assert_refused(&b);
	b = fresh();
	stun_build_integrity(&b, &sha1);
	stun_build_integrity(&b, &sha1);
	assert_refused(&b);
	b = fresh();
	stun_build_integrity(&b, &sha256);
	stun_build_integrity(&b, &sha1);
	assert_refused(&b);
	b = fresh();
	stun_build_fingerprint(&b);
	stun_build_integrity(&b, &sha1);
	assert_refused(&b);
	b = fresh();
	stun_build_fingerprint(&b);
	stun_build_fingerprint(&b);
	assert_refused(&b);
	b = fresh();
	stun_build_payload(&b, STUN_ATTR_DATA, 1);
	stun_build_fingerprint(&b);
	assert_refused(&b);
}

/* A Data indication whose data never was in the buffer. */
static void builds_the_head_of_a_payload(void **state)
{
	struct addr peer = address("198.51.100.9:5000");
	for (size_t n = 0; n < 1300; n += n < 8 ? 1 : 431) {
		struct stun_build b;
		struct stun_msg m;
		struct stun_attr attr;
		uint8_t whole[1400] = {0};
		size_t head;
		stun_build_init(&b, whole, 20 + 12 + 4, stun_type(STUN_INDICATION, STUN_DATA), raw_tid);
		stun_build_xor_addr(&b, STUN_ATTR_XOR_PEER_ADDRESS, &peer);
		stun_build_payload(&b, STUN_ATTR_DATA, n);
		assert_int_equal(stun_build_end(&b, &head), 0);
		assert_int_equal(head, 36);
		memset(whole + head, 'p', n);
		assert_int_equal(stun_msg_parse(&m, whole, head + n + stun_padding(n)), 0);
		assert_true(stun_msg_find(&m, STUN_ATTR_DATA, &attr));
		assert_int_equal(attr.len, n);
		assert_ptr_equal(attr.value, whole + head);
	}
}

static void a_payload_fits_a_message(void **state)
{
	struct stun_build b = fresh();
	stun_build_payload(&b, STUN_ATTR_DATA, 65528);
	assert_fine(&b);
	static const size_t too_long[] = {65529, 65535, 65536, SIZE_MAX};
	for (size_t i = 0; i < ARRAY_LEN(too_long); i++) {
		size_t len;
		b = fresh();
		stun_build_payload(&b, STUN_ATTR_DATA, too_long[i]);
		assert_int_equal(stun_build_end(&b, &len), -ENOBUFS);
	}
}

static void replies_to_a_request(void **state)
{
	static struct raw raw;
	struct stun_build b;
	struct stun_msg m;
	size_t len;
	raw_begin(&raw, stun_type(STUN_REQUEST, STUN_CHANNEL_BIND));
	struct stun_msg request = raw_parsed(&raw);
	stun_build_reply(&b, scratch, sizeof(scratch), &request, STUN_ERROR);
	stun_build_error(&b, STUN_CODE_FORBIDDEN, "");
	assert_int_equal(stun_build_end(&b, &len), 0);
	assert_int_equal(stun_msg_parse(&m, scratch, len), 0);
	assert_int_equal(m.class, STUN_ERROR);
	assert_int_equal(m.method, STUN_CHANNEL_BIND);
	assert_memory_equal(m.tid, raw_tid, STUN_TID_BYTES);
	stun_build_reply(&b, scratch, 19, &request, STUN_ERROR);
	assert_int_equal(stun_build_end(&b, &len), -ENOBUFS);
}

/* The shortest answer to a stranger: 32 bytes over IPv4. */
static void a_binding_answer_is_short(void **state)
{
	static struct raw raw;
	struct addr from = address("192.0.2.1:1024");
	struct stun_build b;
	size_t len;
	raw_begin(&raw, 1);
	struct stun_msg request = raw_parsed(&raw);
	stun_build_reply(&b, scratch, 32, &request, STUN_SUCCESS);
	stun_build_xor_addr(&b, STUN_ATTR_XOR_MAPPED_ADDRESS, &from);
	assert_int_equal(stun_build_end(&b, &len), 0);
	assert_int_equal(len, 32);
}

static void has_a_reason_for_every_code(void **state)
{
	static const uint16_t codes[] = {300, 400, 401, 403, 420, 437, 438, 440,
					 441, 442, 443, 486, 487, 500, 508};
	for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
		assert_string_not_equal(stun_reason(codes[i]), "Error");
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(stun_reason(codes[i]), stun_reason(codes[j]));
	}
	assert_string_equal(stun_reason(699), "Error");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_built_is_read),
		cmocka_unit_test(padding_is_zero),
		cmocka_unit_test(never_overruns),
		cmocka_unit_test(stops_at_the_longest_message),
		cmocka_unit_test(refuses_values_outside_their_definition),
		cmocka_unit_test(the_first_mistake_is_told),
		cmocka_unit_test(keeps_the_order_of_the_end),
		cmocka_unit_test(builds_the_head_of_a_payload),
		cmocka_unit_test(a_payload_fits_a_message),
		cmocka_unit_test(replies_to_a_request),
		cmocka_unit_test(a_binding_answer_is_short),
		cmocka_unit_test(has_a_reason_for_every_code),
	};
	return cmocka_run_group_tests_name("stun-build", tests, NULL, NULL);
}
