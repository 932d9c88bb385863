/*
 * Time-limited TURN credentials, the "TURN REST" form that coturn's use-auth-secret understands:
 * username "expiry:participant", password base64(HMAC-SHA1(secret, username)).
 * Source: draft-uberti-behave-turn-rest-00 §2.2. Pure.
 */
#ifndef PARLEY_TURN_CREDENTIAL_H
#define PARLEY_TURN_CREDENTIAL_H

#include "base/compiler.h"

#include <stddef.h>
#include <stdint.h>

#define TURN_USERNAME_MAX   128
#define TURN_PASSWORD_BYTES 29 /* 28 symbols and a NUL */

struct turn_credential {
	char username[TURN_USERNAME_MAX];
	char password[TURN_PASSWORD_BYTES];
};

/**
 * turn_credential_make() - a credential for @user that is good until @expires_s (seconds since 1970)
 * @user: letters, digits, '-', '_', '.'; not empty.
 *
 * Return: 0; -EINVAL: another @user, one too long, or an empty @secret; -EIO: OpenSSL.
 */
int turn_credential_make(const char *secret, const char *user, uint64_t expires_s,
			 struct turn_credential *out) MUST_CHECK;

#endif
