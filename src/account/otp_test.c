/* One-time passwords against the RFCs' own vectors. */
#include "account/otp.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static const uint8_t key[] = "12345678901234567890";
#define KEY_TEXT "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

/* RFC 4226, appendix D */
static void hotp_vectors(void **state)
{
	static const uint32_t values[] = {1284755224, 1094287082, 137359152, 1726969429, 1640338314,
					  868254676,  1918287922, 82162583,  673399871,  645520489};
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		uint32_t value;
		assert_int_equal(otp_hotp(key, i, &value), 0);
		assert_int_equal(value, values[i]);
	}
}

/* RFC 6238, appendix B: eight digits, of which ours are the last six. */
static const struct {
	int64_t time_s;
	uint32_t digits;
} totp[] = {
	{59, 94287082},         {1111111109, 7081804},  {1111111111, 14050471},
	{1234567890, 89005924}, {2000000000, 69279037}, {20000000000, 65353130},
};

static void digits_of(uint32_t value, char out[16])
{
	(void)snprintf(out, 16, "%06u", value % 1000000);
}

static void totp_vectors(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(totp); i++) {
		uint32_t value;
		char code[16];
		int64_t step = -7;
		assert_int_equal(otp_hotp(key, (uint64_t)totp[i].time_s / 30, &value), 0);
		assert_int_equal(value % 100000000, totp[i].digits);
		digits_of(totp[i].digits, code);
		assert_int_equal(otp_match(key, code, totp[i].time_s * 1000000, 0, &step), 0);
		assert_int_equal(step, totp[i].time_s / 30);
	}
}

/* From a step before to the end of the step after, and not a moment longer. */
static void one_step_either_way(void **state)
{
	const int64_t begin_us = (int64_t)2000000000 / 30 * 30 * 1000000, step_us = 30000000;
	char code[16];
	int64_t step;

	digits_of(69279037, code);
	assert_int_equal(otp_match(key, code, begin_us - step_us, 0, &step), 0);
	assert_int_equal(otp_match(key, code, begin_us + 2 * step_us - 1, 0, &step), 0);
	assert_int_equal(step, 2000000000 / 30);
	step = -7;
	assert_int_equal(otp_match(key, code, begin_us - step_us - 1, 0, &step), OTP_E_WRONG);
	assert_int_equal(otp_match(key, code, begin_us + 2 * step_us, 0, &step), OTP_E_WRONG);
	assert_int_equal(step, -7);
}

static void used_steps_do_not_count(void **state)
{
	const int64_t now_us = (int64_t)2000000000 * 1000000, now = 2000000000 / 30;
	char code[16];
	int64_t step;

	digits_of(69279037, code);
	assert_int_equal(otp_match(key, code, now_us, now - 1, &step), 0);
	assert_int_equal(otp_match(key, code, now_us, now, &step), OTP_E_WRONG);
	assert_int_equal(otp_match(key, code, now_us, now + 1, &step), OTP_E_WRONG);
}

static void every_digit_counts(void **state)
{
	char code[16];
	int64_t step;

	for (int i = 0; i < OTP_DIGITS; i++) {
		digits_of(69279037, code);
		code[i] = code[i] == '9' ? '8' : (char)(code[i] + 1);
		assert_int_equal(otp_match(key, code, (int64_t)2000000000 * 1000000, 0, &step), OTP_E_WRONG);
	}
}

static void keys_as_text(void **state)
{
	uint8_t back[OTP_KEY_BYTES];
	char text[OTP_KEY_LEN + 1];

	otp_key_text(key, text);
	assert_string_equal(text, KEY_TEXT);
	assert_int_equal(otp_key_parse(text, back), 0);
	assert_memory_equal(back, key, OTP_KEY_BYTES);
	for (unsigned i = 0; i < 256; i++) {
		uint8_t bytes[OTP_KEY_BYTES];
		for (unsigned k = 0; k < OTP_KEY_BYTES; k++)
			bytes[k] = (uint8_t)(i * (k + 1) + k);
		otp_key_text(bytes, text);
		assert_int_equal(otp_key_parse(text, back), 0);
		assert_memory_equal(back, bytes, OTP_KEY_BYTES);
	}
}

static void keys_malformed(void **state)
{
	static const char *const bad[] = {
		"",
		"GEZDGNBV",
		KEY_TEXT "A",
		KEY_TEXT "=",
		"gezdgnbvgy3tqojqgezdgnbvgy3tqojq",
		"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJ0",
		"GEZDGNBVGY3TQOJQ GEZDGNBVGY3TQOJ",
		"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJ\xff",
	};
	uint8_t out[OTP_KEY_BYTES];
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(otp_key_parse(bad[i], out), -EINVAL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(hotp_vectors),        cmocka_unit_test(totp_vectors),
		cmocka_unit_test(one_step_either_way), cmocka_unit_test(used_steps_do_not_count),
		cmocka_unit_test(every_digit_counts),  cmocka_unit_test(keys_as_text),
		cmocka_unit_test(keys_malformed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
