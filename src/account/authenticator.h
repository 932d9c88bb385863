/*
 * An authenticator in software, for tests: makes credentials and signs, and does it wrongly where it is told
 * to. It writes CBOR with its own hand, so that our reader and libfido2 are not checked against themselves.
 */
#ifndef PARLEY_ACCOUNT_AUTHENTICATOR_H
#define PARLEY_ACCOUNT_AUTHENTICATOR_H

#include "account/webauthn.h"

#include <openssl/evp.h>
#include <stdbool.h>

#define AUTHENTICATOR_BUF 20480

/* Bytes being written; too many of them end the process. */
struct authenticator_out {
	uint8_t p[AUTHENTICATOR_BUF];
	size_t n;
};

enum {
	AUTHENTICATOR_UP = 0x01,
	AUTHENTICATOR_UV = 0x04,
	AUTHENTICATOR_BE = 0x08,
	AUTHENTICATOR_BS = 0x10,
	AUTHENTICATOR_AT = 0x40,
	AUTHENTICATOR_ED = 0x80,
};

struct authenticator {
	enum webauthn_algorithm algorithm;
	EVP_PKEY *key;
	const char *rp_id;
	uint8_t id[WEBAUTHN_CREDENTIAL_BYTES_MAX + 1];
	size_t id_len;
	uint8_t flags; /* UP and UV; AT is added where it belongs */
	uint32_t count;
	const char *format; /* "none" */
};

/** authenticator_init() - a new key and a random id of 32 bytes; ends the process if it cannot. */
void authenticator_init(struct authenticator *a, enum webauthn_algorithm algorithm, const char *rp_id);
void authenticator_deinit(struct authenticator *a);

/* Heads and values of CBOR. */
void authenticator_head(struct authenticator_out *out, unsigned major, uint64_t n);
void authenticator_int(struct authenticator_out *out, int64_t n);
void authenticator_text(struct authenticator_out *out, const char *text);
void authenticator_bytes(struct authenticator_out *out, const uint8_t *p, size_t n);
void authenticator_raw(struct authenticator_out *out, const void *p, size_t n);

void authenticator_cose(const struct authenticator *a, struct authenticator_out *out);
/** authenticator_data() - of a new credential, or of an assertion. */
void authenticator_data(const struct authenticator *a, bool fresh, struct authenticator_out *out);
void authenticator_object(const struct authenticator *a, struct authenticator_out *out);
/** authenticator_wrap() - an attestation object around the authenticator data given. */
void authenticator_wrap(const struct authenticator *a, const struct authenticator_out *data,
			struct authenticator_out *out);

/** authenticator_client_data() - as browsers write it. */
void authenticator_client_data(const char *type, const char *challenge, const char *origin,
			       struct authenticator_out *out);

/** authenticator_sign() - what is signed is @data and the hash of @client_data. */
void authenticator_sign(const struct authenticator *a, const struct authenticator_out *data,
			const struct authenticator_out *client_data, struct authenticator_out *out);

static inline struct webauthn_bytes authenticator_view(const struct authenticator_out *out)
{
	return (struct webauthn_bytes){out->p, out->n};
}

#endif
