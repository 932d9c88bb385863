#include "stun/build.h"
#include "stun/frame.h"
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
	b = fresh(), stun_build_channel(&b, 0x8000), assert_refused(&b);
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
		cmocka_unit_test(padding_is_zero),
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
