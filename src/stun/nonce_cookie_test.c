#include "stun/nonce_cookie.h"
#include "stun/testing.h"

static void assert_written(uint32_t features, const char *want)
{
	char out[STUN_NONCE_COOKIE_CHARS + 1];
	memset(out, 0, sizeof(out));
	stun_nonce_cookie_write(features, out);
	assert_string_equal(out, want);
}

/* RFC 8489 §18.1: bit 0, password algorithms, is the leftmost. */
static void writes_the_bits_from_the_left(void **state)
{
	assert_written(0, "obMatJos2AAAA");
	assert_written(STUN_FEATURE_PASSWORD_ALGORITHMS, "obMatJos2gAAA");
	assert_written(STUN_FEATURE_USERNAME_ANONYMITY, "obMatJos2QAAA");
	assert_written(STUN_FEATURE_PASSWORD_ALGORITHMS | STUN_FEATURE_USERNAME_ANONYMITY, "obMatJos2wAAA");
	assert_written(2, "obMatJos2AAAC");
	assert_written(0xFFFFFF, "obMatJos2////");
	assert_written(0xFBEFBE, "obMatJos2++++");
	assert_written(0xFF000002, "obMatJos2AAAC");
}

static void reads_what_it_writes(void **state)
{
	for (uint32_t bits = 0; bits < 0x1000000; bits += 4093) {
		char nonce[STUN_NONCE_COOKIE_CHARS + 4];
		uint32_t got = ~bits;
		stun_nonce_cookie_write(bits, nonce);
		memcpy(nonce + STUN_NONCE_COOKIE_CHARS, "rest", 4);
		assert_int_equal(stun_nonce_cookie_read(nonce, sizeof(nonce), &got), 0);
		assert_int_equal(got, bits);
		assert_int_equal(stun_nonce_cookie_read(nonce, STUN_NONCE_COOKIE_CHARS, &got), 0);
	}
}

static void refuses_other_nonces(void **state)
{
	static const struct {
		const char *nonce;
		int want;
	} cases[] = {
		{"", STUN_E_ABSENT},
		{"obMatJos", STUN_E_ABSENT},
		{"obMatJos3AAAA", STUN_E_ABSENT},
		{"xobMatJos2AAAA", STUN_E_ABSENT},
		{"OBMATJOS2AAAA", STUN_E_ABSENT},
		{"obMatJos2", STUN_E_VALUE},
		{"obMatJos2AAA", STUN_E_VALUE},
		{"obMatJos2AAA=", STUN_E_VALUE},
		{"obMatJos2AA-A", STUN_E_VALUE},
		{"obMatJos2_AAA", STUN_E_VALUE},
		{"obMatJos2A AA", STUN_E_VALUE},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint32_t features = 42;
		size_t n = strlen(cases[i].nonce);
		uint8_t *nonce = exact(cases[i].nonce, n);
		assert_int_equal(stun_nonce_cookie_read(nonce, n, &features), cases[i].want);
		assert_int_equal(features, 42);
		free(nonce);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_the_bits_from_the_left),
		cmocka_unit_test(reads_what_it_writes),
		cmocka_unit_test(refuses_other_nonces),
	};
	return cmocka_run_group_tests_name("stun-nonce-cookie", tests, NULL, NULL);
}
