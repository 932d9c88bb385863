/* One-time passwords: RFC 4226 (HOTP) and RFC 6238 (TOTP) with SHA-1, six digits and steps of 30 s. Pure. */
#ifndef PARLEY_ACCOUNT_OTP_H
#define PARLEY_ACCOUNT_OTP_H

#include "base/compiler.h"

#include <stddef.h>
#include <stdint.h>

#define OTP_KEY_BYTES 20
#define OTP_KEY_LEN   32 /* as base32 (RFC 4648 §6), without padding */
#define OTP_DIGITS    6
#define OTP_STEP_S    30

enum { OTP_E_WRONG = 1 };

/** otp_hotp() - 31 bits, of which the digits are the last (RFC 4226 §5.3). Return: 0; -ENOMEM. */
int otp_hotp(const uint8_t key[OTP_KEY_BYTES], uint64_t counter, uint32_t *out) MUST_CHECK;

/**
 * otp_match() - is @code right now, or was it a step ago, or will it be?
 * @after: the step that was used last; it and those before it count no more
 * @step:  the one that @code is of
 * Return: 0; OTP_E_WRONG; -ENOMEM.
 */
int otp_match(const uint8_t key[OTP_KEY_BYTES], const char code[OTP_DIGITS], int64_t now_us, int64_t after,
	      int64_t *step) MUST_CHECK;

void otp_key_text(const uint8_t key[OTP_KEY_BYTES], char out[OTP_KEY_LEN + 1]);

/** otp_key_parse() - of upper case, exactly. Return: 0; -EINVAL. */
int otp_key_parse(const char *text, uint8_t out[OTP_KEY_BYTES]) MUST_CHECK;

#endif
