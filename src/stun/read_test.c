#include "stun/read.h"
#include "stun/testing.h"

static struct raw raw;

/* Every reader of a value of fixed length, as a function of one kind. */
static int read_u32(const struct stun_msg *m)
{
	uint32_t v;
	return stun_read_u32(m, STUN_ATTR_LIFETIME, &v);
}

static int read_u64(const struct stun_msg *m)
{
	uint64_t v;
	return stun_read_u64(m, STUN_ATTR_ICE_CONTROLLING, &v);
}

static int read_token(const struct stun_msg *m)
{
	const uint8_t *v;
	return stun_read_bytes(m, STUN_ATTR_RESERVATION_TOKEN, STUN_TOKEN_BYTES, &v);
}

static int read_userhash(const struct stun_msg *m)
{
	const uint8_t *v;
	return stun_read_bytes(m, STUN_ATTR_USERHASH, STUN_USERHASH_BYTES, &v);
}

static int read_channel(const struct stun_msg *m)
{
	uint16_t v;
	return stun_read_channel(m, &v);
}

static int read_transport(const struct stun_msg *m)
{
	uint8_t v;
	return stun_read_transport(m, &v);
}

static int read_family(const struct stun_msg *m)
{
	uint8_t v;
	return stun_read_family(m, STUN_ATTR_REQUESTED_ADDRESS_FAMILY, &v);
}

static int read_even_port(const struct stun_msg *m)
{
	bool v;
	return stun_read_even_port(m, &v);
}

static int read_icmp(const struct stun_msg *m)
{
	struct stun_icmp v;
	return stun_read_icmp(m, &v);
}

static int read_ip4(const struct stun_msg *m)
{
	struct addr v;
	return stun_read_addr(m, STUN_ATTR_MAPPED_ADDRESS, &v);
}

static int read_ip6(const struct stun_msg *m)
{
	struct addr v;
	return stun_read_xor_addr(m, STUN_ATTR_XOR_PEER_ADDRESS, &v);
}

static void takes_the_defined_length_alone(void **state)
{
	static const struct {
		int (*read)(const struct stun_msg *m);
		uint16_t type;
		size_t len;
		uint8_t value[40];
	} cases[] = {
		{read_u32, STUN_ATTR_LIFETIME, 4, {0}},
		{read_u64, STUN_ATTR_ICE_CONTROLLING, 8, {0}},
		{read_token, STUN_ATTR_RESERVATION_TOKEN, 8, {0}},
		{read_userhash, STUN_ATTR_USERHASH, 32, {0}},
		{read_channel, STUN_ATTR_CHANNEL_NUMBER, 4, {0x40}},
		{read_transport, STUN_ATTR_REQUESTED_TRANSPORT, 4, {17}},
		{read_family, STUN_ATTR_REQUESTED_ADDRESS_FAMILY, 4, {1}},
		{read_even_port, STUN_ATTR_EVEN_PORT, 1, {0}},
		{read_icmp, STUN_ATTR_ICMP, 8, {0}},
		{read_ip4, STUN_ATTR_MAPPED_ADDRESS, 8, {0, 1}},
		{read_ip6, STUN_ATTR_XOR_PEER_ADDRESS, 20, {0, 2}},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		for (size_t len = 0; len <= sizeof(cases[i].value); len++) {
			struct stun_msg m = raw_with(&raw, cases[i].type, cases[i].value, len);
			assert_int_equal(cases[i].read(&m), len == cases[i].len ? 0 : STUN_E_VALUE);
		}
		raw_begin(&raw, 1);
		struct stun_msg m = raw_parsed(&raw);
		assert_int_equal(cases[i].read(&m), STUN_E_ABSENT);
	}
}

static void reads_numbers(void **state)
{
	uint32_t u32 = 0;
	uint64_t u64 = 0;
	uint16_t u16 = 0;
	uint8_t u8 = 0;
	bool reserve = false;
	struct stun_icmp icmp;
	const uint8_t *bytes;
	raw_begin(&raw, 1);
	raw_attr(&raw, STUN_ATTR_LIFETIME, "\x89\xAB\xCD\xEF", 4);
	raw_attr(&raw, STUN_ATTR_ICE_CONTROLLED, "\x89\xAB\xCD\xEF\x01\x23\x45\x67", 8);
	raw_attr(&raw, STUN_ATTR_CHANNEL_NUMBER, "\x4F\xFF\xAA\xAA", 4);
	raw_attr(&raw, STUN_ATTR_REQUESTED_TRANSPORT, "\x11\xAA\xAA\xAA", 4);
	raw_attr(&raw, STUN_ATTR_REQUESTED_ADDRESS_FAMILY, "\x07\xAA\xAA\xAA", 4);
	raw_attr(&raw, STUN_ATTR_EVEN_PORT, "\xFF", 1);
	raw_attr(&raw, STUN_ATTR_ICMP, "\xAA\xAA\xFF\x04\x00\x00\x05\xDC", 8);
	raw_attr(&raw, STUN_ATTR_RESERVATION_TOKEN, "tokentok", 8);
	struct stun_msg m = raw_parsed(&raw);
	assert_int_equal(stun_read_u32(&m, STUN_ATTR_LIFETIME, &u32), 0);
	assert_int_equal(u32, 0x89ABCDEF);
	assert_int_equal(stun_read_u64(&m, STUN_ATTR_ICE_CONTROLLED, &u64), 0);
	assert_true(u64 == UINT64_C(0x89ABCDEF01234567));
	assert_int_equal(stun_read_channel(&m, &u16), 0);
	assert_int_equal(u16, 0x4FFF);
	assert_int_equal(stun_read_transport(&m, &u8), 0);
	assert_int_equal(u8, 17);
	assert_int_equal(stun_read_family(&m, STUN_ATTR_REQUESTED_ADDRESS_FAMILY, &u8), 0);
	assert_int_equal(u8, 7);
	assert_int_equal(stun_read_even_port(&m, &reserve), 0);
	assert_true(reserve);
	assert_int_equal(stun_read_icmp(&m, &icmp), 0);
	assert_int_equal(icmp.type, 127);
	assert_int_equal(icmp.code, 0x104);
	assert_int_equal(icmp.data, 1500);
	assert_int_equal(stun_read_bytes(&m, STUN_ATTR_RESERVATION_TOKEN, 8, &bytes), 0);
	assert_memory_equal(bytes, "tokentok", 8);

	/* The reserved bits of EVEN-PORT are not the R bit. */
	m = raw_with(&raw, STUN_ATTR_EVEN_PORT, "\x7F", 1);
	assert_int_equal(stun_read_even_port(&m, &reserve), 0);
	assert_false(reserve);
}

static void takes_channels_that_there_are(void **state)
{
	for (unsigned n = 0; n <= UINT16_MAX; n++) {
		uint8_t value[4] = {(uint8_t)(n >> 8), (uint8_t)n};
		uint16_t channel = 1;
		struct stun_msg m = raw_with(&raw, STUN_ATTR_CHANNEL_NUMBER, value, 4);
		bool ok = n >= 0x4000 && n <= 0x7FFF;
		assert_int_equal(stun_read_channel(&m, &channel), ok ? 0 : STUN_E_VALUE);
		assert_int_equal(channel, ok ? n : 1);
	}
}

static void reads_flags(void **state)
{
	bool flag = true;
	raw_begin(&raw, 1);
	struct stun_msg m = raw_parsed(&raw);
	assert_int_equal(stun_read_flag(&m, STUN_ATTR_USE_CANDIDATE, &flag), 0);
	assert_false(flag);
	m = raw_with(&raw, STUN_ATTR_USE_CANDIDATE, NULL, 0);
	assert_int_equal(stun_read_flag(&m, STUN_ATTR_USE_CANDIDATE, &flag), 0);
	assert_true(flag);
	m = raw_with(&raw, STUN_ATTR_DONT_FRAGMENT, NULL, 1);
	assert_int_equal(stun_read_flag(&m, STUN_ATTR_DONT_FRAGMENT, &flag), STUN_E_VALUE);
	assert_true(flag);
}

static void assert_addr(int r, const struct addr *got, const char *want)
{
	char text[ADDR_TEXT_MAX];
	assert_int_equal(r, 0);
	assert_string_equal(addr_format(got, text), want);
}

static void reads_addresses(void **state)
{
	struct addr a;
	struct stun_msg m = raw_with(&raw, STUN_ATTR_MAPPED_ADDRESS, "\xAA\x01\x0D\x96\xC0\x00\x02\x01", 8);
	assert_addr(stun_read_addr(&m, STUN_ATTR_MAPPED_ADDRESS, &a), &a, "192.0.2.1:3478");

	/* RFC 8489 §14.2: the port by the first half of the cookie, IPv4 by the cookie. */
	m = raw_with(&raw, STUN_ATTR_XOR_PEER_ADDRESS, "\xAA\x01\x2C\x84\xE1\x12\xA6\x43", 8);
	assert_addr(stun_read_xor_addr(&m, STUN_ATTR_XOR_PEER_ADDRESS, &a), &a, "192.0.2.1:3478");

	/* IPv6 by cookie and transaction id, which is 1, 2, … 12 here. */
	static const uint8_t ip6[20] = {0,           2, 0x2C, 0x84, 0x20 ^ 0x21, 0x01 ^ 0x12, 0x0d ^ 0xA4,
					0xb8 ^ 0x42, 1, 2,    3,    4,           5,           6,
					7,           8, 9,    10,   11,          12 ^ 1};
	m = raw_with(&raw, STUN_ATTR_XOR_PEER_ADDRESS, ip6, 20);
	assert_addr(stun_read_xor_addr(&m, STUN_ATTR_XOR_PEER_ADDRESS, &a), &a, "[2001:db8::1]:3478");
}

/* What the peer wrote as IPv6 stays IPv6, so that the peer policy sees it. */
static void leaves_mapped_addresses_mapped(void **state)
{
	static const uint8_t mapped[20] = {0, 2, 0x0D, 0x96, 0,    0,    0,   0, 0, 0,
					   0, 0, 0,    0,    0xFF, 0xFF, 192, 0, 2, 1};
	struct addr a;
	struct stun_msg m = raw_with(&raw, STUN_ATTR_MAPPED_ADDRESS, mapped, 20);
	assert_int_equal(stun_read_addr(&m, STUN_ATTR_MAPPED_ADDRESS, &a), 0);
	assert_int_equal(a.sa.sa_family, AF_INET6);
	assert_int_equal(a.in6.sin6_scope_id, 0);
	assert_memory_equal(a.in6.sin6_addr.s6_addr, mapped + 4, 16);
}

static void refuses_families_that_do_not_fit(void **state)
{
	for (unsigned family = 0; family < 256; family++) {
		struct addr a, before;
		uint8_t value[20] = {0, (uint8_t)family};
		memset(&a, 0x55, sizeof(a));
		before = a;
		struct stun_msg m = raw_with(&raw, STUN_ATTR_XOR_PEER_ADDRESS, value, 8);
		if (family != STUN_FAMILY_IP4)
			assert_int_equal(stun_read_xor_addr(&m, STUN_ATTR_XOR_PEER_ADDRESS, &a),
					 STUN_E_VALUE);
		m = raw_with(&raw, STUN_ATTR_XOR_PEER_ADDRESS, value, 20);
		if (family != STUN_FAMILY_IP6)
			assert_int_equal(stun_read_xor_addr(&m, STUN_ATTR_XOR_PEER_ADDRESS, &a),
					 STUN_E_VALUE);
		assert_memory_equal(&a, &before, sizeof(a));
	}
}

static void reads_each_of_several_peers(void **state)
{
	char want[] = "192.0.2.0:3478";
	raw_begin(&raw, 1);
	for (uint8_t i = 0; i < 5; i++) {
		uint8_t value[8] = {0, 1, 0x2C, 0x84, 0xE1, 0x12, 0xA6, 0x42 ^ i};
		raw_attr(&raw, STUN_ATTR_XOR_PEER_ADDRESS, value, 8);
	}
	struct stun_msg m = raw_parsed(&raw);
	struct stun_attr attr = {0};
	for (unsigned i = 0; stun_msg_next(&m, &attr); i++) {
		struct addr a;
		want[8] = (char)('0' + i);
		assert_addr(stun_attr_xor_addr(&m, &attr, &a), &a, want);
	}
	assert_string_equal(want, "192.0.2.4:3478");
}

static int text(uint16_t type, const char *value, size_t len, size_t max)
{
	struct stun_attr attr = {.len = 4711};
	struct stun_msg m = raw_with(&raw, type, value, len);
	int r = stun_read_text(&m, type, max, &attr);
	assert_int_equal(attr.len, r == 0 ? len : 4711);
	return r;
}

static void reads_text_within_its_limits(void **state)
{
	char long_text[800];
	struct stun_attr attr;
	memset(long_text, 'x', sizeof(long_text));
	assert_int_equal(text(STUN_ATTR_USERNAME, "", 0, 10), 0);
	assert_int_equal(text(STUN_ATTR_USERNAME, "1234567890", 10, 10), 0);
	assert_int_equal(text(STUN_ATTR_USERNAME, "1234567890", 10, 9), STUN_E_VALUE);
	assert_int_equal(text(STUN_ATTR_USERNAME, "\u30DE", 3, 10), 0);
	assert_int_equal(text(STUN_ATTR_USERNAME, "\xE3\x83", 2, 10), STUN_E_VALUE);
	assert_int_equal(text(STUN_ATTR_NONCE, "a\0b", 3, 10), STUN_E_VALUE);
	/* RFC 8489 §14.3: 763 bytes of user name; §14.9: fewer than 128 characters of the others. */
	assert_int_equal(text(STUN_ATTR_USERNAME, long_text, 763, 800), 0);
	assert_int_equal(text(STUN_ATTR_USERNAME, long_text, 764, 800), STUN_E_VALUE);
	assert_int_equal(text(STUN_ATTR_REALM, long_text, 127, 800), 0);
	assert_int_equal(text(STUN_ATTR_REALM, long_text, 128, 800), STUN_E_VALUE);
	for (size_t i = 0; i < 127; i++)
		memcpy(long_text + 4 * i, "\U0001F600", 4);
	assert_int_equal(text(STUN_ATTR_SOFTWARE, long_text, 508, 800), 0);
	memcpy(long_text + 508, "!", 1);
	assert_int_equal(text(STUN_ATTR_SOFTWARE, long_text, 509, 800), STUN_E_VALUE);

	raw_begin(&raw, 1);
	struct stun_msg m = raw_parsed(&raw);
	assert_int_equal(stun_read_text(&m, STUN_ATTR_REALM, 100, &attr), STUN_E_ABSENT);
}

static void reads_errors(void **state)
{
	struct stun_error e = {0};
	struct stun_msg m = raw_with(&raw, STUN_ATTR_ERROR_CODE, "\xAA\xAA\xFC\x26Stale", 9);
	assert_int_equal(stun_read_error(&m, STUN_ATTR_ERROR_CODE, &e), 0);
	assert_int_equal(e.code, 438);
	assert_int_equal(e.family, 0);
	assert_int_equal(e.reason_bytes, 5);
	assert_memory_equal(e.reason, "Stale", 5);
	m = raw_with(&raw, STUN_ATTR_ADDRESS_ERROR_CODE, "\x02\xAA\x05\x08", 4);
	assert_int_equal(stun_read_error(&m, STUN_ATTR_ADDRESS_ERROR_CODE, &e), 0);
	assert_int_equal(e.code, 508);
	assert_int_equal(e.family, STUN_FAMILY_IP6);
	assert_int_equal(e.reason_bytes, 0);
	assert_int_equal(stun_read_error(&m, STUN_ATTR_ERROR_CODE, &e), STUN_E_ABSENT);
}

static void refuses_errors_that_are_none(void **state)
{
	struct stun_error e = {0};
	for (unsigned class = 0; class < 8; class ++) {
		for (unsigned number = 0; number < 256; number++) {
			uint8_t value[4] = {0, 0, (uint8_t) class, (uint8_t)number};
			struct stun_msg m = raw_with(&raw, STUN_ATTR_ERROR_CODE, value, 4);
			bool ok = class >= 3 && class <= 6 && number < 100;
			assert_int_equal(stun_read_error(&m, STUN_ATTR_ERROR_CODE, &e),
					 ok ? 0 : STUN_E_VALUE);
		}
	}
	for (size_t len = 0; len < 4; len++) {
		struct stun_msg m = raw_with(&raw, STUN_ATTR_ERROR_CODE, "\0\0\4\0", len);
		assert_int_equal(stun_read_error(&m, STUN_ATTR_ERROR_CODE, &e), STUN_E_VALUE);
	}
	struct stun_msg m = raw_with(&raw, STUN_ATTR_ERROR_CODE, "\0\0\4\0\xFF", 5);
	assert_int_equal(stun_read_error(&m, STUN_ATTR_ERROR_CODE, &e), STUN_E_VALUE);
}

static void reads_unknown_attributes(void **state)
{
	uint16_t got[4] = {0};
	size_t n = 0;
	struct stun_msg m = raw_with(&raw, STUN_ATTR_UNKNOWN_ATTRIBUTES, "\x00\x24\x7F\xFF\x12\x34", 6);
	assert_int_equal(stun_read_unknown(&m, got, 2, &n), 0);
	assert_int_equal(n, 3);
	assert_int_equal(got[0], 0x0024);
	assert_int_equal(got[1], 0x7FFF);
	assert_int_equal(got[2], 0);
	m = raw_with(&raw, STUN_ATTR_UNKNOWN_ATTRIBUTES, NULL, 3);
	assert_int_equal(stun_read_unknown(&m, got, 2, &n), STUN_E_VALUE);
	assert_int_equal(n, 3);
	m = raw_with(&raw, STUN_ATTR_UNKNOWN_ATTRIBUTES, NULL, 0);
	assert_int_equal(stun_read_unknown(&m, got, 2, &n), 0);
	assert_int_equal(n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_the_defined_length_alone),
		cmocka_unit_test(reads_numbers),
		cmocka_unit_test(takes_channels_that_there_are),
		cmocka_unit_test(reads_flags),
		cmocka_unit_test(reads_addresses),
		cmocka_unit_test(leaves_mapped_addresses_mapped),
		cmocka_unit_test(refuses_families_that_do_not_fit),
		cmocka_unit_test(reads_each_of_several_peers),
		cmocka_unit_test(reads_text_within_its_limits),
		cmocka_unit_test(reads_errors),
		cmocka_unit_test(refuses_errors_that_are_none),
		cmocka_unit_test(reads_unknown_attributes),
	};
	return cmocka_run_group_tests_name("stun-read", tests, NULL, NULL);
}
