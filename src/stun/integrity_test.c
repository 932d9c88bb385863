#include "stun/integrity.h"
#include "stun/build.h"
#include "stun/testing.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

static uint8_t out[1000];

/* RFC 2104 by OpenSSL, over a copy of the message with its length field set as RFC 8489 §14.5 says. */
static void reference(enum stun_mac mac, size_t key_bytes, const uint8_t *data, size_t n, uint8_t *sum)
{
	uint8_t key[200], copy[1000];
	size_t mac_bytes = mac == STUN_MAC_SHA1 ? 20 : 32;
	memset(key, 'k', sizeof(key));
	memcpy(copy, data, n);
	wire_put16(copy + 2, (uint16_t)(n - 20 + 4 + mac_bytes));
	assert_non_null(HMAC(mac == STUN_MAC_SHA1 ? EVP_sha1() : EVP_sha256(), key, (int)key_bytes, copy, n,
			     sum, NULL));
}

static void is_hmac(void **state)
{
	for (size_t key_bytes = 0; key_bytes <= 200; key_bytes += key_bytes < 60 || key_bytes > 68 ? 7 : 1) {
		for (size_t n = 20; n < 400; n += 4) {
			for (int i = 0; i < 2; i++) {
				enum stun_mac mac = i ? STUN_MAC_SHA256 : STUN_MAC_SHA1;
				uint8_t key[200], data[400], want[32], got[32];
				struct stun_hmac h;
				memset(key, 'k', sizeof(key));
				for (size_t k = 0; k < n; k++)
					data[k] = (uint8_t)(k * 31 + n);
				reference(mac, key_bytes, data, n, want);
				stun_hmac_init(&h, mac, key, key_bytes);
				stun_hmac_message(&h, data, n, stun_hmac_bytes(&h), got);
				assert_memory_equal(got, want, stun_hmac_bytes(&h));
			}
		}
	}
}

static void wipes_the_key(void **state)
{
	static const struct stun_hmac zero;
	struct stun_hmac h;
	stun_hmac_init(&h, STUN_MAC_SHA256, "key", 3);
	assert_memory_not_equal(h.inner, zero.inner, sizeof(h.inner));
	stun_hmac_deinit(&h);
	assert_memory_equal(h.inner, zero.inner, sizeof(h.inner));
	assert_memory_equal(h.outer, zero.outer, sizeof(h.outer));
}

/* user, realm, password and their digest: echo -n user:realm:pass | md5sum, sha256sum */
static void derives_long_term_keys(void **state)
{
	static const uint8_t md5[16] = {0x84, 0x93, 0xfb, 0xc5, 0x3b, 0xa5, 0x82, 0xfb,
					0x4c, 0x04, 0x4c, 0x45, 0x6b, 0xdc, 0x40, 0xeb};
	struct stun_login login = {"user and more", 4, "realm", "pass"};
	uint8_t key[STUN_KEY_MAX], want[32];
	assert_int_equal(stun_key_long_term(STUN_PASSWORD_MD5, &login, key), 16);
	assert_memory_equal(key, md5, 16);
	assert_int_equal(stun_key_long_term(STUN_PASSWORD_SHA256, &login, key), 32);
	assert_true(EVP_Digest("user:realm:pass", 15, want, NULL, EVP_sha256(), NULL));
	assert_memory_equal(key, want, 32);
	stun_userhash("user and more", 4, "realm", key);
	assert_true(EVP_Digest("user:realm", 10, want, NULL, EVP_sha256(), NULL));
	assert_memory_equal(key, want, 32);
}

static struct stun_hmac hmac(enum stun_mac mac, const char *key)
{
	struct stun_hmac h;
	stun_hmac_init(&h, mac, key, strlen(key));
	return h;
}

/* A message with both kinds of integrity, junk between them that must not count, and a fingerprint. */
static size_t make_full(struct raw *raw, size_t sha256_bytes)
{
	struct stun_hmac sha1 = hmac(STUN_MAC_SHA1, "one"), sha256 = hmac(STUN_MAC_SHA256, "two");
	uint8_t sum[32], crc[4];
	raw_begin(raw, 1);
	raw_attr(raw, STUN_ATTR_USERNAME, "user", 4);
	stun_hmac_message(&sha1, raw->data, raw->len, 20, sum);
	raw_attr(raw, STUN_ATTR_MESSAGE_INTEGRITY, sum, 20);
	raw_attr(raw, STUN_ATTR_REALM, "junk", 4);
	stun_hmac_message(&sha256, raw->data, raw->len, sha256_bytes, sum);
	raw_attr(raw, STUN_ATTR_MESSAGE_INTEGRITY_SHA256, sum, sha256_bytes);
	size_t before = raw->len;
	raw_attr(raw, STUN_ATTR_FINGERPRINT, NULL, 4);
	wire_put32(crc, stun_fingerprint(raw->data, before));
	memcpy(raw->data + before + 4, crc, 4);
	return before;
}

static void checks_both_kinds(void **state)
{
	static struct raw raw;
	struct stun_hmac sha1 = hmac(STUN_MAC_SHA1, "one"), sha256 = hmac(STUN_MAC_SHA256, "two");
	struct stun_hmac wrong1 = hmac(STUN_MAC_SHA1, "two"), wrong256 = hmac(STUN_MAC_SHA256, "one");
	make_full(&raw, 32);
	struct stun_msg m = raw_parsed(&raw);
	assert_int_equal(stun_integrity_check(&m, &sha1), 0);
	assert_int_equal(stun_integrity_check(&m, &sha256), 0);
	assert_int_equal(stun_fingerprint_check(&m), 0);
	assert_int_equal(stun_integrity_check(&m, &wrong1), STUN_E_INTEGRITY);
	assert_int_equal(stun_integrity_check(&m, &wrong256), STUN_E_INTEGRITY);
}

static void notices_every_flipped_bit(void **state)
{
	static struct raw raw;
	struct stun_hmac sha1 = hmac(STUN_MAC_SHA1, "one"), sha256 = hmac(STUN_MAC_SHA256, "two");
	size_t sha256_end = make_full(&raw, 32), sha1_end = 20 + 8 + 24;
	for (size_t bit = 0; bit < raw.len * 8; bit++) {
		struct stun_msg m;
		raw.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (stun_msg_parse(&m, raw.data, raw.len) == 0) {
			if (bit / 8 < sha1_end)
				assert_int_not_equal(stun_integrity_check(&m, &sha1), 0);
			if (bit / 8 < sha256_end)
				assert_int_not_equal(stun_integrity_check(&m, &sha256), 0);
			assert_int_not_equal(stun_fingerprint_check(&m), 0);
		}
		raw.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

/* RFC 8489 §14.6 */
static void truncation_is_for_who_allows_it(void **state)
{
	static struct raw raw;
	struct stun_hmac sha256 = hmac(STUN_MAC_SHA256, "two");
	for (size_t bytes = 16; bytes <= 32; bytes += 4) {
		make_full(&raw, bytes);
		struct stun_msg m = raw_parsed(&raw);
		assert_int_equal(stun_integrity_check(&m, &sha256), bytes == 32 ? 0 : STUN_E_VALUE);
		for (size_t min = 16; min <= 32; min += 4)
			assert_int_equal(stun_integrity_check_truncated(&m, &sha256, min),
					 bytes >= min ? 0 : STUN_E_VALUE);
	}
	for (size_t bytes = 0; bytes <= 40; bytes++) {
		raw_begin(&raw, 1);
		raw_attr(&raw, STUN_ATTR_MESSAGE_INTEGRITY_SHA256, NULL, bytes);
		struct stun_msg m = raw_parsed(&raw);
		bool sized = bytes >= 16 && bytes <= 32 && bytes % 4 == 0;
		assert_int_equal(stun_integrity_check_truncated(&m, &sha256, 16),
				 sized ? STUN_E_INTEGRITY : STUN_E_VALUE);
	}
}

static void sha1_is_never_truncated(void **state)
{
	static struct raw raw;
	struct stun_hmac sha1 = hmac(STUN_MAC_SHA1, "one");
	uint8_t sum[32];
	for (size_t bytes = 0; bytes <= 24; bytes++) {
		raw_begin(&raw, 1);
		stun_hmac_message(&sha1, raw.data, raw.len, bytes, sum);
		raw_attr(&raw, STUN_ATTR_MESSAGE_INTEGRITY, sum, bytes);
		struct stun_msg m = raw_parsed(&raw);
		assert_int_equal(stun_integrity_check(&m, &sha1), bytes == 20 ? 0 : STUN_E_VALUE);
		assert_int_equal(stun_integrity_check_truncated(&m, &sha1, 16),
				 bytes == 20 ? 0 : STUN_E_VALUE);
	}
}

static void says_what_is_absent(void **state)
{
	static struct raw raw;
	struct stun_hmac sha1 = hmac(STUN_MAC_SHA1, "one"), sha256 = hmac(STUN_MAC_SHA256, "two");
	raw_begin(&raw, 1);
	struct stun_msg m = raw_parsed(&raw);
	assert_int_equal(stun_integrity_check(&m, &sha1), STUN_E_ABSENT);
	assert_int_equal(stun_integrity_check(&m, &sha256), STUN_E_ABSENT);
	assert_int_equal(stun_fingerprint_check(&m), STUN_E_ABSENT);
	for (size_t bytes = 0; bytes < 9; bytes++) {
		m = raw_with(&raw, STUN_ATTR_FINGERPRINT, NULL, bytes);
		assert_int_equal(stun_fingerprint_check(&m), bytes == 4 ? STUN_E_INTEGRITY : STUN_E_VALUE);
	}
}

/* What is built with both kinds and a fingerprint is what is checked: the length field at each is its own. */
static void agrees_with_the_builder(void **state)
{
	struct stun_hmac sha1 = hmac(STUN_MAC_SHA1, "one"), sha256 = hmac(STUN_MAC_SHA256, "two");
	struct stun_build b;
	struct stun_msg m;
	size_t len;
	stun_build_init(&b, out, sizeof(out), 1, raw_tid);
	stun_build_text(&b, STUN_ATTR_SOFTWARE, "Parley");
	stun_build_integrity(&b, &sha1);
	stun_build_integrity(&b, &sha256);
	stun_build_fingerprint(&b);
	assert_int_equal(stun_build_end(&b, &len), 0);
	assert_int_equal(stun_msg_parse(&m, out, len), 0);
	assert_int_equal(stun_integrity_check(&m, &sha1), 0);
	assert_int_equal(stun_integrity_check(&m, &sha256), 0);
	assert_int_equal(stun_fingerprint_check(&m), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_hmac),
		cmocka_unit_test(wipes_the_key),
		cmocka_unit_test(derives_long_term_keys),
		cmocka_unit_test(checks_both_kinds),
		cmocka_unit_test(notices_every_flipped_bit),
		cmocka_unit_test(truncation_is_for_who_allows_it),
		cmocka_unit_test(sha1_is_never_truncated),
		cmocka_unit_test(says_what_is_absent),
		cmocka_unit_test(agrees_with_the_builder),
	};
	return cmocka_run_group_tests_name("stun-integrity", tests, NULL, NULL);
}
