/*
 * One-time passwords.
 *
 * All the codes that would be right are computed and compared, whichever is, so that the time taken tells
 * nothing.
 *
 * Thread: any. Pure.
 */
#include "account/otp.h"
#include "base/text.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define SHA1_BYTES 20
#define AROUND     1 /* steps either way: RFC 6238 §5.2 */

static const char base32[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

int otp_hotp(const uint8_t key[OTP_KEY_BYTES], uint64_t counter, uint32_t *out)
{
	uint8_t message[8], mac[SHA1_BYTES];

	for (int i = 0; i < 8; i++)
		message[i] = (uint8_t)(counter >> (56 - 8 * i));
	if (!HMAC(EVP_sha1(), key, OTP_KEY_BYTES, message, sizeof(message), mac, NULL))
		return -ENOMEM;
	const uint8_t *p = mac + (mac[SHA1_BYTES - 1] & 0x0f);
	*out = (uint32_t)(p[0] & 0x7f) << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
	return 0;
}

/* Return: 0, and whether @code is that of @step; -ENOMEM. */
static int is_of_step(const uint8_t *key, const char *code, int64_t step, bool *right)
{
	char want[16];
	uint32_t value;

	int r = otp_hotp(key, (uint64_t)step, &value);
	if (r)
		return r;
	(void)snprintf(want, sizeof(want), "%06u", value % 1000000);
	*right = text_equal_consttime(want, OTP_DIGITS, code, OTP_DIGITS);
	return 0;
}

int otp_match(const uint8_t key[OTP_KEY_BYTES], const char code[OTP_DIGITS], int64_t now_us, int64_t after,
	      int64_t *step)
{
	int64_t now = now_us / 1000000 / OTP_STEP_S, found = -1;

	for (int64_t s = now - AROUND; s <= now + AROUND; s++) {
		bool right;
		int r = is_of_step(key, code, s, &right);
		if (r)
			return r;
		if (right && s > after)
			found = s;
	}
	if (found < 0)
		return OTP_E_WRONG;
	*step = found;
	return 0;
}

void otp_key_text(const uint8_t key[OTP_KEY_BYTES], char out[OTP_KEY_LEN + 1])
{
	for (size_t i = 0; i < OTP_KEY_LEN; i++) {
		size_t bit = 5 * i;
		unsigned pair = (unsigned)key[bit / 8] << 8;
		if (bit / 8 + 1 < OTP_KEY_BYTES)
			pair |= key[bit / 8 + 1];
		out[i] = base32[pair >> (11 - bit % 8) & 31];
	}
	out[OTP_KEY_LEN] = '\0';
}

int otp_key_parse(const char *text, uint8_t out[OTP_KEY_BYTES])
{
	uint8_t key[OTP_KEY_BYTES + 1] = {0};

	if (strnlen(text, OTP_KEY_LEN + 1) != OTP_KEY_LEN)
		return -EINVAL;
	for (size_t i = 0; i < OTP_KEY_LEN; i++) {
		const char *symbol = strchr(base32, text[i]);
		if (!symbol)
			return -EINVAL;
		size_t bit = 5 * i;
		unsigned pair = (unsigned)(symbol - base32) << (11 - bit % 8);
		key[bit / 8] |= (uint8_t)(pair >> 8);
		key[bit / 8 + 1] |= (uint8_t)pair;
	}
	memcpy(out, key, OTP_KEY_BYTES);
	return 0;
}
