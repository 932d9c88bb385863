/*
 * WebAuthn Level 2, the relying party's side without its memory: what a browser brings is parsed and verified
 * here; challenges, counters and whose key it is are passkey.c's. Credentials are discoverable and verified
 * by the user; attestation is "none", so an attestation statement is read over and nothing is concluded from
 * it: whoever could forge one could as well send none.
 *
 * Results: 0; < 0: -ENOMEM; > 0: enum webauthn_code. Outputs are untouched unless 0 is returned, and point
 * into the input. Pure, but for the memory that libfido2 and jansson take. Thread: any.
 */
#ifndef PARLEY_ACCOUNT_WEBAUTHN_H
#define PARLEY_ACCOUNT_WEBAUTHN_H

#include "base/compiler.h"

#include <stddef.h>
#include <stdint.h>

#define WEBAUTHN_CHALLENGE_LEN        43 /* 256 random bits, base64url */
#define WEBAUTHN_CLIENT_DATA_MAX      4096
#define WEBAUTHN_ATTESTATION_MAX      16384
#define WEBAUTHN_AUTH_DATA_MAX        512 /* when signing in; what libfido2 hashes is less than 1 KiB */
#define WEBAUTHN_CREDENTIAL_BYTES_MAX 1023
#define WEBAUTHN_COSE_MAX             320 /* of a 2048-bit RSA key it is 272 */
#define WEBAUTHN_SIGNATURE_MAX        256 /* RSA's; ECDSA's are at most 72 */
#define WEBAUTHN_RP_ID_MAX            253 /* a host name */

enum webauthn_code {
	WEBAUTHN_E_FORM = 1,  /* not what the standard says, or too long */
	WEBAUTHN_E_TYPE,      /* made for something else */
	WEBAUTHN_E_ORIGIN,    /* made on another page, or inside another's */
	WEBAUTHN_E_RP,        /* made for another relying party */
	WEBAUTHN_E_FLAGS,     /* nobody was there, or they were not verified */
	WEBAUTHN_E_ALGORITHM, /* none that we ask for */
	WEBAUTHN_E_SIGNATURE,
};

/* COSE algorithm identifiers (RFC 9053, RFC 8812) */
enum webauthn_algorithm {
	WEBAUTHN_ES256 = -7,
	WEBAUTHN_EDDSA = -8,
	WEBAUTHN_RS256 = -257,
};

struct webauthn_bytes {
	const uint8_t *p;
	size_t n;
};

/**
 * webauthn_rp_id() - the relying party id of @public_url, an origin: its host; of "": localhost
 * Return: 0; -EINVAL: there is no host in it, or it is too long.
 */
int webauthn_rp_id(const char *public_url, char out[WEBAUTHN_RP_ID_MAX + 1]) MUST_CHECK;

/**
 * webauthn_client_data() - what the browser signed for (§5.8.1)
 * @type:      "webauthn.create" or "webauthn.get"
 * @origin:    the page's, as the browser writes it
 * @challenge: as it was given out; the caller knows whether it was
 * Return: 0; -ENOMEM; WEBAUTHN_E_FORM, _TYPE, _ORIGIN.
 */
int webauthn_client_data(struct webauthn_bytes json, const char *type, const char *origin,
			 char challenge[WEBAUTHN_CHALLENGE_LEN + 1]) MUST_CHECK;

struct webauthn_credential {
	struct webauthn_bytes id;
	struct webauthn_bytes cose_key;
	enum webauthn_algorithm algorithm;
	uint32_t sign_count;
};

/**
 * webauthn_credential_read() - a new credential out of an attestation object (§6.5.4), with the checks of
 * §7.1 that need no memory; the key is one that can verify. Return: 0; -ENOMEM; WEBAUTHN_E_FORM, _RP, _FLAGS,
 * _ALGORITHM.
 */
int webauthn_credential_read(struct webauthn_bytes object, const char *rp_id,
			     struct webauthn_credential *out) MUST_CHECK;

struct webauthn_assertion {
	struct webauthn_bytes cose_key; /* as it was read from the new credential */
	struct webauthn_bytes client_data;
	struct webauthn_bytes auth_data;
	struct webauthn_bytes signature;
	const char *rp_id;
};

/**
 * webauthn_verify() - §7.2 from the relying party's hash to the signature, which libfido2 checks
 * Return: 0; -ENOMEM; WEBAUTHN_E_FORM, _RP, _FLAGS, _ALGORITHM, _SIGNATURE.
 */
int webauthn_verify(const struct webauthn_assertion *a, uint32_t *sign_count) MUST_CHECK;

#endif
