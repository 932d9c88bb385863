#include "stun/build.h"
#include "stun/integrity.h"
#include "stun/nonce_cookie.h"
#include "stun/read.h"
#include "stun/testing.h"
#include "stun/vectors.h"

static struct stun_hmac short_term(void)
{
	struct stun_hmac h;
	stun_hmac_init(&h, STUN_MAC_SHA1, VECTOR_PASSWORD, strlen(VECTOR_PASSWORD));
	return h;
}

static struct stun_hmac long_term(enum stun_password_alg alg, enum stun_mac mac)
{
	const struct stun_login login = {.username = VECTOR_LONG_USERNAME,
					 .username_bytes = strlen(VECTOR_LONG_USERNAME),
					 .realm = VECTOR_LONG_REALM,
					 .password = VECTOR_LONG_PASSWORD};
	uint8_t key[STUN_KEY_MAX];
	struct stun_hmac h;
	stun_hmac_init(&h, mac, key, stun_key_long_term(alg, &login, key));
	return h;
}

static struct stun_msg parsed(const uint8_t *data, size_t len)
{
	struct stun_msg m;
	assert_int_equal(stun_msg_parse(&m, data, len), 0);
	assert_int_equal(m.method, STUN_BINDING);
	assert_int_equal(m.len, len);
	return m;
}

static void assert_text(const struct stun_msg *m, uint16_t type, const char *text)
{
	struct stun_attr attr;
	assert_int_equal(stun_read_text(m, type, 763, &attr), 0);
	assert_int_equal(attr.len, strlen(text));
	assert_memory_equal(attr.value, text, attr.len);
}

static void assert_mapped(const struct stun_msg *m, const char *text)
{
	struct addr got, want;
	assert_int_equal(addr_parse(&want, text, 0), 0);
	assert_int_equal(stun_read_xor_addr(m, STUN_ATTR_XOR_MAPPED_ADDRESS, &got), 0);
	assert_memory_equal(&got, &want, sizeof(got));
}

static void reads_the_request(void **state)
{
	struct stun_msg m = parsed(rfc5769_request, sizeof(rfc5769_request));
	struct stun_hmac h = short_term();
	uint32_t priority;
	uint64_t tie_breaker;
	assert_int_equal(m.class, STUN_REQUEST);
	assert_memory_equal(m.tid, rfc5769_request + 8, STUN_TID_BYTES);
	assert_text(&m, STUN_ATTR_SOFTWARE, "STUN test client");
	assert_text(&m, STUN_ATTR_USERNAME, "evtj:h6vY");
	assert_int_equal(stun_read_u32(&m, STUN_ATTR_PRIORITY, &priority), 0);
	assert_int_equal(priority, 0x6e0001ff);
	assert_int_equal(stun_read_u64(&m, STUN_ATTR_ICE_CONTROLLED, &tie_breaker), 0);
	assert_true(tie_breaker == UINT64_C(0x932ff9b151263b36));
	assert_int_equal(stun_integrity_check(&m, &h), 0);
	assert_int_equal(stun_fingerprint_check(&m), 0);
}

static void reads_the_responses(void **state)
{
	struct stun_hmac h = short_term();
	struct stun_msg m = parsed(rfc5769_ip4, sizeof(rfc5769_ip4));
	assert_int_equal(m.class, STUN_SUCCESS);
	assert_text(&m, STUN_ATTR_SOFTWARE, "test vector");
	assert_mapped(&m, "192.0.2.1:32853");
	assert_int_equal(stun_integrity_check(&m, &h), 0);
	assert_int_equal(stun_fingerprint_check(&m), 0);

	m = parsed(rfc5769_ip6, sizeof(rfc5769_ip6));
	assert_int_equal(m.class, STUN_SUCCESS);
	assert_mapped(&m, "[2001:db8:1234:5678:11:2233:4455:6677]:32853");
	assert_int_equal(stun_integrity_check(&m, &h), 0);
	assert_int_equal(stun_fingerprint_check(&m), 0);
}

static void reads_the_long_term_request(void **state)
{
	struct stun_hmac h = long_term(STUN_PASSWORD_MD5, STUN_MAC_SHA1);
	struct stun_msg m = parsed(rfc5769_long_term, sizeof(rfc5769_long_term));
	uint32_t features;
	assert_text(&m, STUN_ATTR_USERNAME, VECTOR_LONG_USERNAME);
	assert_text(&m, STUN_ATTR_NONCE, VECTOR_LONG_NONCE);
	assert_text(&m, STUN_ATTR_REALM, VECTOR_LONG_REALM);
	assert_int_equal(stun_integrity_check(&m, &h), 0);
	assert_int_equal(stun_fingerprint_check(&m), STUN_E_ABSENT);
	assert_int_equal(stun_nonce_cookie_read(VECTOR_LONG_NONCE, strlen(VECTOR_LONG_NONCE), &features),
			 STUN_E_ABSENT);
}

static void reads_the_sha256_request(void **state)
{
	struct stun_hmac h = long_term(STUN_PASSWORD_SHA256, STUN_MAC_SHA256);
	struct stun_msg m = parsed(rfc8489_b1, sizeof(rfc8489_b1));
	struct stun_password_algorithm alg;
	uint8_t want[STUN_USERHASH_BYTES];
	const uint8_t *userhash;
	stun_userhash(VECTOR_LONG_USERNAME, strlen(VECTOR_LONG_USERNAME), VECTOR_LONG_REALM, want);
	assert_int_equal(stun_read_bytes(&m, STUN_ATTR_USERHASH, sizeof(want), &userhash), 0);
	assert_memory_equal(userhash, want, sizeof(want));
	assert_text(&m, STUN_ATTR_NONCE, VECTOR_B1_NONCE);
	assert_text(&m, STUN_ATTR_REALM, VECTOR_LONG_REALM);
	assert_int_equal(stun_read_password_algorithm(&m, &alg), 0);
	assert_int_equal(alg.id, STUN_PASSWORD_SHA256);
	assert_int_equal(alg.params_bytes, 0);
	assert_int_equal(stun_integrity_check(&m, &h), 0);

	/* The wrong algorithm for the key, and the other kind of integrity. */
	h = long_term(STUN_PASSWORD_MD5, STUN_MAC_SHA256);
	assert_int_equal(stun_integrity_check(&m, &h), STUN_E_INTEGRITY);
	h = long_term(STUN_PASSWORD_SHA256, STUN_MAC_SHA1);
	assert_int_equal(stun_integrity_check(&m, &h), STUN_E_ABSENT);
}

static void refuses_the_misprint(void **state)
{
	struct stun_msg m;
	assert_int_equal(stun_msg_parse(&m, rfc8489_b1_printed, sizeof(rfc8489_b1_printed)), STUN_E_LENGTH);
}

/* The vectors of RFC 5769 fill up with spaces; RFC 8489 §14 wants zeros sent, which is what we do. */
static void pad_with_spaces(uint8_t *data, size_t at, size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_int_equal(data[at + i], 0);
	memset(data + at, ' ', n);
}

static void builds_the_request(void **state)
{
	struct stun_hmac h = short_term();
	struct stun_build b;
	uint8_t out[200];
	size_t len;
	stun_build_init(&b, out, sizeof(out), stun_type(STUN_REQUEST, STUN_BINDING), rfc5769_request + 8);
	stun_build_text(&b, STUN_ATTR_SOFTWARE, "STUN test client");
	stun_build_u32(&b, STUN_ATTR_PRIORITY, 0x6e0001ff);
	stun_build_u64(&b, STUN_ATTR_ICE_CONTROLLED, UINT64_C(0x932ff9b151263b36));
	stun_build_text(&b, STUN_ATTR_USERNAME, "evtj:h6vY");
	pad_with_spaces(out, 73, 3);
	stun_build_integrity(&b, &h);
	stun_build_fingerprint(&b);
	assert_int_equal(stun_build_end(&b, &len), 0);
	assert_int_equal(len, sizeof(rfc5769_request));
	assert_memory_equal(out, rfc5769_request, len);
}

static void build_response(const char *mapped, const uint8_t *want, size_t want_len)
{
	struct stun_msg request = parsed(rfc5769_request, sizeof(rfc5769_request));
	struct stun_hmac h = short_term();
	struct stun_build b;
	struct addr a;
	uint8_t out[200];
	size_t len;
	assert_int_equal(addr_parse(&a, mapped, 0), 0);
	stun_build_reply(&b, out, sizeof(out), &request, STUN_SUCCESS);
	stun_build_text(&b, STUN_ATTR_SOFTWARE, "test vector");
	pad_with_spaces(out, 35, 1);
	stun_build_xor_addr(&b, STUN_ATTR_XOR_MAPPED_ADDRESS, &a);
	stun_build_integrity(&b, &h);
	stun_build_fingerprint(&b);
	assert_int_equal(stun_build_end(&b, &len), 0);
	assert_int_equal(len, want_len);
	assert_memory_equal(out, want, len);
}

static void builds_the_responses(void **state)
{
	build_response("192.0.2.1:32853", rfc5769_ip4, sizeof(rfc5769_ip4));
	build_response("[2001:db8:1234:5678:11:2233:4455:6677]:32853", rfc5769_ip6, sizeof(rfc5769_ip6));
}

static void builds_the_long_term_request(void **state)
{
	struct stun_hmac h = long_term(STUN_PASSWORD_MD5, STUN_MAC_SHA1);
	struct stun_build b;
	uint8_t out[200];
	size_t len;
	stun_build_init(&b, out, sizeof(out), stun_type(STUN_REQUEST, STUN_BINDING), rfc5769_long_term + 8);
	stun_build_text(&b, STUN_ATTR_USERNAME, VECTOR_LONG_USERNAME);
	stun_build_text(&b, STUN_ATTR_NONCE, VECTOR_LONG_NONCE);
	stun_build_text(&b, STUN_ATTR_REALM, VECTOR_LONG_REALM);
	stun_build_integrity(&b, &h);
	assert_int_equal(stun_build_end(&b, &len), 0);
	assert_int_equal(len, sizeof(rfc5769_long_term));
	assert_memory_equal(out, rfc5769_long_term, len);
}

static void builds_the_sha256_request(void **state)
{
	struct stun_hmac h = long_term(STUN_PASSWORD_SHA256, STUN_MAC_SHA256);
	uint8_t userhash[STUN_USERHASH_BYTES], out[200];
	struct stun_build b;
	size_t len;
	stun_userhash(VECTOR_LONG_USERNAME, strlen(VECTOR_LONG_USERNAME), VECTOR_LONG_REALM, userhash);
	stun_build_init(&b, out, sizeof(out), stun_type(STUN_REQUEST, STUN_BINDING), rfc8489_b1 + 8);
	stun_build_bytes(&b, STUN_ATTR_USERHASH, userhash, sizeof(userhash));
	stun_build_text(&b, STUN_ATTR_NONCE, VECTOR_B1_NONCE);
	stun_build_text(&b, STUN_ATTR_REALM, VECTOR_LONG_REALM);
	stun_build_password_algorithm(&b, STUN_PASSWORD_SHA256);
	stun_build_integrity(&b, &h);
	assert_int_equal(stun_build_end(&b, &len), 0);
	assert_int_equal(len, sizeof(rfc8489_b1));
	assert_memory_equal(out, rfc8489_b1, len);
}

/* What each vector is checked with, and where its FINGERPRINT begins or its end is. */
struct vector {
	const uint8_t *data;
	size_t len;
	size_t summed;
	struct stun_hmac h;
};

#define VECTORS 5

static void all_vectors(struct vector out[VECTORS])
{
	const struct vector all[VECTORS] = {
		{rfc5769_request, sizeof(rfc5769_request), sizeof(rfc5769_request) - 8, short_term()},
		{rfc5769_ip4, sizeof(rfc5769_ip4), sizeof(rfc5769_ip4) - 8, short_term()},
		{rfc5769_ip6, sizeof(rfc5769_ip6), sizeof(rfc5769_ip6) - 8, short_term()},
		{rfc5769_long_term, sizeof(rfc5769_long_term), sizeof(rfc5769_long_term),
		 long_term(STUN_PASSWORD_MD5, STUN_MAC_SHA1)},
		{rfc8489_b1, sizeof(rfc8489_b1), sizeof(rfc8489_b1),
		 long_term(STUN_PASSWORD_SHA256, STUN_MAC_SHA256)},
	};
	memcpy(out, all, sizeof(all));
}

static void refuses_every_truncation(void **state)
{
	struct vector v[VECTORS];
	struct stun_msg m;
	all_vectors(v);
	for (size_t i = 0; i < VECTORS; i++) {
		for (size_t len = 0; len < v[i].len; len++) {
			uint8_t *data = exact(v[i].data, len);
			assert_int_equal(stun_msg_parse(&m, data, len), STUN_E_LENGTH);
			/* And with a length field that goes along: whatever is left of it is not authentic.
			 */
			if (len >= STUN_HEADER_BYTES) {
				wire_put16(data + 2, (uint16_t)(len - STUN_HEADER_BYTES));
				if (stun_msg_parse(&m, data, len) == 0 && len < v[i].summed)
					assert_int_not_equal(stun_integrity_check(&m, &v[i].h), 0);
			}
			free(data);
		}
	}
}

static void notices_every_flipped_bit(void **state)
{
	struct vector v[VECTORS];
	struct stun_msg m;
	all_vectors(v);
	for (size_t i = 0; i < VECTORS; i++) {
		uint8_t *data = exact(v[i].data, v[i].len);
		for (size_t bit = 0; bit < v[i].len * 8; bit++) {
			data[bit / 8] ^= (uint8_t)(1 << bit % 8);
			if (stun_msg_parse(&m, data, v[i].len) == 0) {
				if (bit / 8 < v[i].summed)
					assert_int_not_equal(stun_integrity_check(&m, &v[i].h), 0);
				assert_int_not_equal(stun_fingerprint_check(&m), 0);
			}
			data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		assert_int_equal(stun_msg_parse(&m, data, v[i].len), 0);
		assert_int_equal(stun_integrity_check(&m, &v[i].h), 0);
		free(data);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_request),           cmocka_unit_test(reads_the_responses),
		cmocka_unit_test(reads_the_long_term_request), cmocka_unit_test(reads_the_sha256_request),
		cmocka_unit_test(refuses_the_misprint),        cmocka_unit_test(builds_the_request),
		cmocka_unit_test(builds_the_responses),        cmocka_unit_test(builds_the_long_term_request),
		cmocka_unit_test(builds_the_sha256_request),   cmocka_unit_test(refuses_every_truncation),
		cmocka_unit_test(notices_every_flipped_bit),
	};
	return cmocka_run_group_tests_name("stun-vectors", tests, NULL, NULL);
}
