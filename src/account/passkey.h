/* What the files about passkeys share: challenges, and what a browser answered, out of its base64url. */
#ifndef PARLEY_ACCOUNT_PASSKEY_H
#define PARLEY_ACCOUNT_PASSKEY_H

#include "account/inside.h"
#include "account/webauthn.h"

#define PASSKEY_CHALLENGE_S 300 /* how long a browser may take to answer */

/* A field of an answer. The longest is an attestation object. */
struct passkey_bytes {
	uint8_t *p; /* mem_free() */
	size_t n;
};

static inline struct webauthn_bytes passkey_view(const struct passkey_bytes *b)
{
	return (struct webauthn_bytes){b->p, b->n};
}

/** passkey_decode() - @text of at most @max bytes. Return: 0; ACCOUNT_E_FIELD: @field; -ENOMEM. */
int passkey_decode(const char *text, size_t max, const char *field, struct account_fault *fault,
		   struct passkey_bytes *out) MUST_CHECK;

/** passkey_challenge_put() - @account_id NULL: to sign in. @out: set afresh. */
int passkey_challenge_put(struct accounts *a, struct store_conn *c, const char *account_id, int64_t now_us,
			  char out[ACCOUNT_TOKEN_LEN + 1]) MUST_CHECK;

/**
 * passkey_challenge_take() - in a transaction that is to be committed whatever comes of the answer, as a
 * challenge is good for one
 * @good: whether it was one for @account_id (NULL: for signing in). Return: 0; of the store.
 */
int passkey_challenge_take(struct accounts *a, struct store_conn *c, const char *account_id,
			   const char *challenge, int64_t now_us, bool *good) MUST_CHECK;

/** passkey_json() - @object, which is taken, as a text for free(). NULL is -ENOMEM. */
int passkey_json(json_t *object, char **out) MUST_CHECK;

#endif
