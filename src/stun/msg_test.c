#include "stun/msg.h"
#include "stun/build.h"
#include "stun/testing.h"

static struct raw raw;

static int parse(struct stun_msg *m)
{
	return stun_msg_parse(m, raw.data, raw.len);
}

static void splits_every_type(void **state)
{
	for (unsigned method = 0; method < 0x1000; method++) {
		for (unsigned class = 0; class < 4; class ++) {
			uint16_t type = stun_type((enum stun_class) class, (uint16_t)method);
			assert_int_equal(type & 0xC000, 0);
			raw_begin(&raw, type);
			struct stun_msg m = raw_parsed(&raw);
			assert_int_equal(m.method, method);
			assert_int_equal(m.class, class);
		}
	}
	/* RFC 8489 §5's own example. */
	assert_int_equal(stun_type(STUN_REQUEST, STUN_BINDING), 0x0001);
	assert_int_equal(stun_type(STUN_SUCCESS, STUN_BINDING), 0x0101);
	assert_int_equal(stun_type(STUN_ERROR, STUN_ALLOCATE), 0x0113);
	assert_int_equal(stun_type(STUN_INDICATION, STUN_SEND), 0x0016);
}

static void refuses_what_is_not_stun(void **state)
{
	struct stun_msg m;
	for (unsigned top = 1; top < 4; top++) {
		raw_begin(&raw, (uint16_t)(top << 14 | 1));
		assert_int_equal(parse(&m), STUN_E_TYPE);
	}
	for (unsigned bit = 0; bit < 32; bit++) {
		raw_begin(&raw, 1);
		raw.data[4 + bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(parse(&m), STUN_E_COOKIE);
	}
}

static void refuses_a_lying_length(void **state)
{
	struct stun_msg m;
	raw_begin(&raw, 1);
	raw_attr(&raw, STUN_ATTR_USERNAME, NULL, 6);
	for (unsigned len = 0; len <= UINT16_MAX; len++) {
		wire_put16(raw.data + 2, (uint16_t)len);
		assert_int_equal(parse(&m), len == 12 ? 0 : STUN_E_LENGTH);
	}
	/* True, but no multiple of 4. */
	for (size_t n = 1; n < 4; n++) {
		wire_put16(raw.data + 2, (uint16_t)(12 + n));
		assert_int_equal(stun_msg_parse(&m, raw.data, raw.len + n), STUN_E_LENGTH);
	}
}

/* Every length an attribute may claim, at the end and before another one. */
static void refuses_attributes_that_reach_out(void **state)
{
	for (unsigned len = 0; len <= UINT16_MAX; len++) {
		struct stun_msg m;
		struct stun_attr attr;
		raw_begin(&raw, 1);
		raw_attr(&raw, STUN_ATTR_NONCE, "12345678", 8);
		raw_attr(&raw, STUN_ATTR_USERNAME, "abcdefgh", 8);
		wire_put16(raw.data + raw.len - 10, (uint16_t)len);
		uint8_t *data = exact(raw.data, raw.len);
		int r = stun_msg_parse(&m, data, raw.len);
		/* A shorter one leaves bytes that are attributes again: "abcd" and so on claim too much, too.
		 */
		assert_int_equal(r, len > 4 && len <= 8 ? 0 : STUN_E_ATTR);
		if (r == 0) {
			assert_true(stun_msg_find(&m, STUN_ATTR_USERNAME, &attr));
			assert_int_equal(attr.len, len);
			assert_true(attr.value + attr.len <= data + raw.len);
		}
		free(data);
	}
}

static void takes_the_longest_message(void **state)
{
	struct stun_msg m;
	struct stun_attr attr;
	raw_begin(&raw, 1);
	raw_attr(&raw, STUN_ATTR_DATA, NULL, 65500);
	raw_attr(&raw, STUN_ATTR_SOFTWARE, NULL, 24);
	assert_int_equal(raw.len, STUN_MESSAGE_MAX);
	assert_int_equal(parse(&m), 0);
	assert_true(stun_msg_find(&m, STUN_ATTR_SOFTWARE, &attr));
	assert_ptr_equal(attr.value + 24, raw.data + raw.len);
	/* One more word, and the field wraps around. */
	raw_attr(&raw, STUN_ATTR_SOFTWARE, NULL, 0);
	assert_int_equal(parse(&m), STUN_E_LENGTH);
}

static void bounds_the_number_of_attributes(void **state)
{
	struct stun_msg m;
	raw_begin(&raw, 1);
	for (unsigned i = 0; i < STUN_ATTRS_MAX; i++)
		raw_attr(&raw, (uint16_t)(0x9000 + i), NULL, i % 3);
	assert_int_equal(parse(&m), 0);
	raw_attr(&raw, 0x9000, NULL, 0);
	assert_int_equal(parse(&m), STUN_E_ATTR_COUNT);
}

static void ignores_padding(void **state)
{
	for (size_t len = 0; len < 12; len++) {
		struct stun_attr attr;
		raw_begin(&raw, 1);
		raw_attr(&raw, STUN_ATTR_USERNAME, "username....", len);
		raw_attr(&raw, STUN_ATTR_REALM, "r", 1);
		for (unsigned byte = 0; byte < 256; byte++) {
			memset(raw.data + 24 + len, (int)byte, wire_pad(len));
			struct stun_msg m = raw_parsed(&raw);
			assert_true(stun_msg_find(&m, STUN_ATTR_USERNAME, &attr));
			assert_int_equal(attr.len, len);
			assert_true(stun_msg_find(&m, STUN_ATTR_REALM, &attr));
			assert_int_equal(attr.value[0], 'r');
		}
	}
}

static void the_first_of_its_type_counts(void **state)
{
	static const uint16_t types[] = {
		STUN_ATTR_LIFETIME, STUN_ATTR_SOFTWARE, 0x4321, 0xC057, 0x003F, 0x803F};
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		struct stun_attr attr;
		raw_begin(&raw, 1);
		raw_attr(&raw, types[i], "one", 3);
		raw_attr(&raw, types[i], "other", 5);
		struct stun_msg m = raw_parsed(&raw);
		assert_true(stun_msg_find(&m, types[i], &attr));
		assert_int_equal(attr.type, types[i]);
		assert_int_equal(attr.len, 3);
		assert_memory_equal(attr.value, "one", 3);
		assert_true(stun_msg_has(&m, types[i]));
	}
}

/* Each type is found when it is there and only then; none is taken for another that shares bits with it. */
static void finds_every_type(void **state)
{
	for (unsigned type = 0; type <= UINT16_MAX; type++) {
		struct stun_attr attr = {.type = 7};
		struct stun_msg m = raw_with(&raw, (uint16_t)type, "x", 1);
		assert_true(stun_msg_find(&m, (uint16_t)type, &attr));
		assert_int_equal(attr.type, type);
		for (unsigned bit = 0; bit < 16; bit++) {
			struct stun_attr none = {.type = 7};
			assert_false(stun_msg_has(&m, (uint16_t)(type ^ 1u << bit)));
			assert_false(stun_msg_find(&m, (uint16_t)(type ^ 1u << bit), &none));
			assert_int_equal(none.type, 7);
		}
	}
}

static void steps_through_all(void **state)
{
	static const uint16_t types[] = {STUN_ATTR_XOR_PEER_ADDRESS, 0x7000, STUN_ATTR_XOR_PEER_ADDRESS,
					 STUN_ATTR_SOFTWARE, STUN_ATTR_XOR_PEER_ADDRESS};
	raw_begin(&raw, 1);
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		raw_attr(&raw, types[i], NULL, i);
	for (int with_end = 0; with_end < 2; with_end++) {
		if (with_end)
			raw_attr(&raw, STUN_ATTR_FINGERPRINT, NULL, 4);
		struct stun_msg m = raw_parsed(&raw);
		struct stun_attr attr = {0};
		for (size_t i = 0; i < ARRAY_LEN(types); i++) {
			assert_true(stun_msg_next(&m, &attr));
			assert_int_equal(attr.type, types[i]);
			assert_int_equal(attr.len, i);
		}
		struct stun_attr last = attr;
		assert_false(stun_msg_next(&m, &attr));
		assert_memory_equal(&attr, &last, sizeof(attr));
	}
	raw_begin(&raw, 1);
	struct stun_msg m = raw_parsed(&raw);
	struct stun_attr attr = {0};
	assert_false(stun_msg_next(&m, &attr));
}

static void assert_invisible(const struct stun_msg *m, uint16_t type)
{
	struct stun_attr attr = {0};
	uint16_t unknown[4];
	assert_false(stun_msg_has(m, type));
	assert_false(stun_msg_find(m, type, &attr));
	while (stun_msg_next(m, &attr))
		assert_int_not_equal(attr.type, type);
	assert_int_equal(stun_msg_unknown(m, STUN_UNDERSTOOD_TURN, unknown, 4), 0);
}

/* RFC 8489 §14.5, §14.6 */
static void ignores_what_follows_integrity(void **state)
{
	static const uint16_t ignored[] = {STUN_ATTR_LIFETIME, STUN_ATTR_SOFTWARE, STUN_ATTR_CHANGE_REQUEST,
					   0x7123, 0xC123};
	static const uint16_t ends[] = {STUN_ATTR_MESSAGE_INTEGRITY, STUN_ATTR_MESSAGE_INTEGRITY_SHA256};
	for (size_t e = 0; e < ARRAY_LEN(ends); e++) {
		for (size_t i = 0; i < ARRAY_LEN(ignored); i++) {
			struct stun_attr attr;
			raw_begin(&raw, 1);
			raw_attr(&raw, STUN_ATTR_USERNAME, "user", 4);
			raw_attr(&raw, ends[e], NULL, 20);
			raw_attr(&raw, ignored[i], NULL, 4);
			raw_attr(&raw, STUN_ATTR_USERNAME, "other", 5);
			raw_attr(&raw, ends[e], NULL, 16);
			raw_attr(&raw, STUN_ATTR_FINGERPRINT, NULL, 4);
			struct stun_msg m = raw_parsed(&raw);
			assert_invisible(&m, ignored[i]);
			assert_true(stun_msg_has(&m, STUN_ATTR_FINGERPRINT));
			assert_true(stun_msg_find(&m, STUN_ATTR_USERNAME, &attr));
			assert_int_equal(attr.len, 4);
			assert_true(stun_msg_find(&m, ends[e], &attr));
			assert_int_equal(attr.len, 20);
		}
	}
}

static void knows_the_order_of_both_integrities(void **state)
{
	struct stun_msg m;
	raw_begin(&raw, 1);
	raw_attr(&raw, STUN_ATTR_MESSAGE_INTEGRITY, NULL, 20);
	raw_attr(&raw, STUN_ATTR_REALM, NULL, 4);
	raw_attr(&raw, STUN_ATTR_MESSAGE_INTEGRITY_SHA256, NULL, 32);
	m = raw_parsed(&raw);
	assert_true(stun_msg_has(&m, STUN_ATTR_MESSAGE_INTEGRITY));
	assert_true(stun_msg_has(&m, STUN_ATTR_MESSAGE_INTEGRITY_SHA256));
	assert_invisible(&m, STUN_ATTR_REALM);

	/* After the stronger one the weaker does not count. */
	raw_begin(&raw, 1);
	raw_attr(&raw, STUN_ATTR_MESSAGE_INTEGRITY_SHA256, NULL, 32);
	raw_attr(&raw, STUN_ATTR_MESSAGE_INTEGRITY, NULL, 20);
	m = raw_parsed(&raw);
	assert_true(stun_msg_has(&m, STUN_ATTR_MESSAGE_INTEGRITY_SHA256));
	assert_invisible(&m, STUN_ATTR_MESSAGE_INTEGRITY);
}

/* RFC 8489 §14.7 */
static void nothing_follows_a_fingerprint(void **state)
{
	struct stun_msg m;
	static const uint16_t types[] = {STUN_ATTR_MESSAGE_INTEGRITY, STUN_ATTR_FINGERPRINT,
					 STUN_ATTR_SOFTWARE};
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		raw_begin(&raw, 1);
		raw_attr(&raw, STUN_ATTR_FINGERPRINT, NULL, 4);
		assert_int_equal(parse(&m), 0);
		raw_attr(&raw, types[i], NULL, 20);
		assert_int_equal(parse(&m), STUN_E_ATTR);
	}
}

static void lists_unknown_attributes(void **state)
{
	static const uint16_t types[] = {STUN_ATTR_USERNAME, 0x0077, 0x8077, STUN_ATTR_PRIORITY, 0x7FFF,
					 STUN_ATTR_LIFETIME, 0x0077, 0x0000, STUN_ATTR_SOFTWARE};
	static const uint16_t want[] = {0x0077, STUN_ATTR_PRIORITY, 0x7FFF, 0x0000};
	uint16_t got[8] = {0};
	raw_begin(&raw, 1);
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		raw_attr(&raw, types[i], NULL, 4);
	raw_attr(&raw, STUN_ATTR_MESSAGE_INTEGRITY, NULL, 20);
	raw_attr(&raw, 0x0077, NULL, 4);
	struct stun_msg m = raw_parsed(&raw);
	assert_int_equal(stun_msg_unknown(&m, STUN_UNDERSTOOD_TURN, got, 8), 4);
	assert_memory_equal(got, want, sizeof(want));
	for (size_t max = 1; max < 4; max++) {
		memset(got, 0xFF, sizeof(got));
		assert_int_equal(stun_msg_unknown(&m, STUN_UNDERSTOOD_TURN, got, max), max);
		assert_memory_equal(got, want, max * sizeof(got[0]));
		assert_int_equal(got[max], 0xFFFF);
	}
	/* A Binding server does not know LIFETIME; one without credentials not even integrity. */
	assert_int_equal(stun_msg_unknown(&m, STUN_UNDERSTOOD_STUN, got, 8), 5);
	assert_int_equal(stun_msg_unknown(&m, 0, got, 8), 7);
	assert_int_equal(got[6], STUN_ATTR_MESSAGE_INTEGRITY);
}

static void understands_all_that_turn_has(void **state)
{
	static const uint16_t types[] = {STUN_ATTR_USERNAME,
					 STUN_ATTR_MESSAGE_INTEGRITY,
					 STUN_ATTR_CHANNEL_NUMBER,
					 STUN_ATTR_LIFETIME,
					 STUN_ATTR_XOR_PEER_ADDRESS,
					 STUN_ATTR_DATA,
					 STUN_ATTR_REALM,
					 STUN_ATTR_NONCE,
					 STUN_ATTR_REQUESTED_ADDRESS_FAMILY,
					 STUN_ATTR_EVEN_PORT,
					 STUN_ATTR_DONT_FRAGMENT,
					 STUN_ATTR_MESSAGE_INTEGRITY_SHA256,
					 STUN_ATTR_PASSWORD_ALGORITHM,
					 STUN_ATTR_USERHASH,
					 STUN_ATTR_RESERVATION_TOKEN,
					 STUN_ATTR_REQUESTED_TRANSPORT};
	uint16_t got[2];
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		struct stun_msg m = raw_with(&raw, types[i], NULL, 4);
		assert_int_equal(stun_msg_unknown(&m, STUN_UNDERSTOOD_TURN, got, 2), 0);
	}
	for (unsigned type = 0; type < 0x8000; type++) {
		struct stun_msg m = raw_with(&raw, (uint16_t)type, NULL, 4);
		bool known = false;
		for (size_t i = 0; i < ARRAY_LEN(types); i++)
			known = known || types[i] == type;
		assert_int_equal(stun_msg_unknown(&m, STUN_UNDERSTOOD_TURN, got, 2), known ? 0 : 1);
		if (!known)
			assert_int_equal(got[0], type);
	}
}

/* RFC 5389 §12.2, RFC 8489 §11 */
static void reads_rfc3489_when_asked_to(void **state)
{
	struct stun_msg m;
	struct stun_build b;
	uint8_t out[64];
	size_t len;
	raw_begin(&raw, 1);
	assert_int_equal(stun_msg_parse_classic(&m, raw.data, raw.len), STUN_E_COOKIE);
	wire_put32(raw.data + 4, 0xDEADBEEF);
	assert_int_equal(parse(&m), STUN_E_COOKIE);
	assert_int_equal(stun_msg_parse_classic(&m, raw.data, raw.len), 0);
	assert_true(m.classic);
	stun_build_reply(&b, out, sizeof(out), &m, STUN_SUCCESS);
	assert_int_equal(stun_build_end(&b, &len), 0);
	assert_int_equal(wire_get16(out), 0x0101);
	assert_memory_equal(out + 4, raw.data + 4, 16);
}

static void survives_noise(void **state)
{
	uint32_t seed = 1;
	unsigned good = 0;
	for (unsigned round = 0; round < 20000; round++) {
		size_t words = round % 20;
		raw_begin(&raw, 1);
		for (size_t i = 0; i < words * 4; i++) {
			seed = seed * 1664525 + 1013904223;
			raw.data[20 + i] = (uint8_t)(seed >> 24) & (i % 4 == 3   ? 0x0F
								    : i % 4 == 2 ? 0
										 : 0xFF);
		}
		raw.len = STUN_HEADER_BYTES + words * 4;
		wire_put16(raw.data + 2, (uint16_t)(words * 4));
		uint8_t *data = exact(raw.data, raw.len);
		struct stun_msg m;
		struct stun_attr attr = {0};
		if (stun_msg_parse(&m, data, raw.len) == 0) {
			good++;
			while (stun_msg_next(&m, &attr))
				assert_true(attr.value + attr.len <= data + raw.len);
		}
		free(data);
	}
	/* Enough of it gets through to mean something. */
	assert_in_range(good, 1000, 19999);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(splits_every_type),
		cmocka_unit_test(refuses_what_is_not_stun),
		cmocka_unit_test(refuses_a_lying_length),
		cmocka_unit_test(refuses_attributes_that_reach_out),
		cmocka_unit_test(takes_the_longest_message),
		cmocka_unit_test(bounds_the_number_of_attributes),
		cmocka_unit_test(ignores_padding),
		cmocka_unit_test(the_first_of_its_type_counts),
		cmocka_unit_test(finds_every_type),
		cmocka_unit_test(steps_through_all),
		cmocka_unit_test(ignores_what_follows_integrity),
		cmocka_unit_test(knows_the_order_of_both_integrities),
		cmocka_unit_test(nothing_follows_a_fingerprint),
		cmocka_unit_test(lists_unknown_attributes),
		cmocka_unit_test(understands_all_that_turn_has),
		cmocka_unit_test(reads_rfc3489_when_asked_to),
		cmocka_unit_test(survives_noise),
	};
	return cmocka_run_group_tests_name("stun-msg", tests, NULL, NULL);
}
