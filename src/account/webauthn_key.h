/* COSE keys (RFC 9053) as libfido2 wants them; for webauthn.c. Thread: any. */
#ifndef PARLEY_ACCOUNT_WEBAUTHN_KEY_H
#define PARLEY_ACCOUNT_WEBAUTHN_KEY_H

#include "account/webauthn.h"

struct webauthn_key {
	enum webauthn_algorithm algorithm;
	void *pk; /* es256_pk_t, eddsa_pk_t or rs256_pk_t */
};

/**
 * webauthn_key_load() - a COSE_Key with its required members and no others (§6.5.1.1)
 * ES256 on P-256 without point compression, EdDSA on Ed25519, RS256 of 2048 bits with the exponent 65537.
 * Return: 0, then webauthn_key_unload() frees it; -ENOMEM; WEBAUTHN_E_FORM; WEBAUTHN_E_ALGORITHM.
 */
int webauthn_key_load(struct webauthn_bytes cose, struct webauthn_key *out) MUST_CHECK;
void webauthn_key_unload(struct webauthn_key *key);

/** webauthn_key_check() - could it be loaded? Return: as above. */
int webauthn_key_check(struct webauthn_bytes cose, enum webauthn_algorithm *algorithm) MUST_CHECK;

#endif
