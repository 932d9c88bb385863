/*
 * An authenticator in software, on OpenSSL's keys. Thread: the test's.
 */
#include "account/authenticator.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MUST(x) ((x) ? (void)0 : abort())

void authenticator_init(struct authenticator *a, enum webauthn_algorithm algorithm, const char *rp_id)
{
	*a = (struct authenticator){
		.algorithm = algorithm,
		.rp_id = rp_id,
		.id_len = 32,
		.flags = AUTHENTICATOR_UP | AUTHENTICATOR_UV,
		.format = "none",
	};
	MUST(RAND_bytes(a->id, sizeof(a->id)) == 1);
	if (algorithm == WEBAUTHN_ES256)
		a->key = EVP_EC_gen("P-256");
	else if (algorithm == WEBAUTHN_EDDSA)
		a->key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	else
		a->key = EVP_RSA_gen(2048);
	MUST(a->key);
}

void authenticator_deinit(struct authenticator *a)
{
	EVP_PKEY_free(a->key);
	a->key = NULL;
}

/* ---- CBOR ---- */

void authenticator_raw(struct authenticator_out *out, const void *p, size_t n)
{
	MUST(n <= sizeof(out->p) - out->n);
	memcpy(out->p + out->n, p, n);
	out->n += n;
}

static void number(struct authenticator_out *out, uint64_t n, size_t bytes)
{
	for (size_t i = bytes; i-- > 0;) {
		uint8_t byte = (uint8_t)(n >> (8 * i));
		authenticator_raw(out, &byte, 1);
	}
}

void authenticator_head(struct authenticator_out *out, unsigned major, uint64_t n)
{
	static const struct {
		uint64_t max;
		unsigned info;
		size_t bytes;
	} forms[] = {{UINT8_MAX, 24, 1}, {UINT16_MAX, 25, 2}, {UINT32_MAX, 26, 4}, {UINT64_MAX, 27, 8}};
	size_t i = 0;

	if (n < 24) {
		number(out, major << 5 | n, 1);
		return;
	}
	while (n > forms[i].max)
		i++;
	number(out, major << 5 | forms[i].info, 1);
	number(out, n, forms[i].bytes);
}

void authenticator_int(struct authenticator_out *out, int64_t n)
{
	if (n < 0)
		authenticator_head(out, 1, (uint64_t)(-1 - n));
	else
		authenticator_head(out, 0, (uint64_t)n);
}

void authenticator_text(struct authenticator_out *out, const char *text)
{
	authenticator_head(out, 3, strlen(text));
	authenticator_raw(out, text, strlen(text));
}

void authenticator_bytes(struct authenticator_out *out, const uint8_t *p, size_t n)
{
	authenticator_head(out, 2, n);
	authenticator_raw(out, p, n);
}

/* ---- keys ---- */

static void big_number(const struct authenticator *a, const char *name, size_t n,
		       struct authenticator_out *out)
{
	BIGNUM *number = NULL;
	uint8_t bytes[256];

	MUST(n <= sizeof(bytes));
	MUST(EVP_PKEY_get_bn_param(a->key, name, &number) == 1);
	MUST(BN_bn2binpad(number, bytes, (int)n) == (int)n);
	BN_free(number);
	authenticator_bytes(out, bytes, n);
}

static void pair(struct authenticator_out *out, int64_t label, int64_t value)
{
	authenticator_int(out, label);
	authenticator_int(out, value);
}

void authenticator_cose(const struct authenticator *a, struct authenticator_out *out)
{
	authenticator_head(out, 5, a->algorithm == WEBAUTHN_ES256 ? 5 : 4);
	pair(out, 1, a->algorithm == WEBAUTHN_ES256 ? 2 : a->algorithm == WEBAUTHN_EDDSA ? 1 : 3);
	pair(out, 3, a->algorithm);
	if (a->algorithm == WEBAUTHN_ES256) {
		pair(out, -1, 1);
		authenticator_int(out, -2);
		big_number(a, OSSL_PKEY_PARAM_EC_PUB_X, 32, out);
		authenticator_int(out, -3);
		big_number(a, OSSL_PKEY_PARAM_EC_PUB_Y, 32, out);
	} else if (a->algorithm == WEBAUTHN_EDDSA) {
		uint8_t x[32];
		size_t n = sizeof(x);
		MUST(EVP_PKEY_get_raw_public_key(a->key, x, &n) == 1 && n == sizeof(x));
		pair(out, -1, 6);
		authenticator_int(out, -2);
		authenticator_bytes(out, x, n);
	} else {
		authenticator_int(out, -1);
		big_number(a, OSSL_PKEY_PARAM_RSA_N, 256, out);
		authenticator_int(out, -2);
		big_number(a, OSSL_PKEY_PARAM_RSA_E, 3, out);
	}
}

/* ---- what browsers pass on ---- */

void authenticator_data(const struct authenticator *a, bool fresh, struct authenticator_out *out)
{
	static const uint8_t aaguid[16];
	uint8_t hash[crypto_hash_sha256_BYTES];

	(void)crypto_hash_sha256(hash, (const uint8_t *)a->rp_id, strlen(a->rp_id));
	authenticator_raw(out, hash, sizeof(hash));
	number(out, a->flags | (fresh ? AUTHENTICATOR_AT : 0), 1);
	number(out, a->count, 4);
	if (!fresh)
		return;
	authenticator_raw(out, aaguid, sizeof(aaguid));
	number(out, a->id_len, 2);
	authenticator_raw(out, a->id, a->id_len);
	authenticator_cose(a, out);
}

void authenticator_wrap(const struct authenticator *a, const struct authenticator_out *data,
			struct authenticator_out *out)
{
	authenticator_head(out, 5, 3);
	authenticator_text(out, "fmt");
	authenticator_text(out, a->format);
	authenticator_text(out, "attStmt");
	authenticator_head(out, 5, 0);
	authenticator_text(out, "authData");
	authenticator_bytes(out, data->p, data->n);
}

void authenticator_object(const struct authenticator *a, struct authenticator_out *out)
{
	struct authenticator_out data = {.n = 0};
	authenticator_data(a, true, &data);
	authenticator_wrap(a, &data, out);
}

void authenticator_client_data(const char *type, const char *challenge, const char *origin,
			       struct authenticator_out *out)
{
	int n = snprintf((char *)out->p, sizeof(out->p),
			 "{\"type\":\"%s\",\"challenge\":\"%s\",\"origin\":\"%s\",\"crossOrigin\":false}",
			 type, challenge, origin);
	MUST(n > 0 && (size_t)n < sizeof(out->p));
	out->n = (size_t)n;
}

void authenticator_sign(const struct authenticator *a, const struct authenticator_out *data,
			const struct authenticator_out *client_data, struct authenticator_out *out)
{
	struct authenticator_out text = {.n = 0};
	uint8_t hash[crypto_hash_sha256_BYTES];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	(void)crypto_hash_sha256(hash, client_data->p, client_data->n);
	authenticator_raw(&text, data->p, data->n);
	authenticator_raw(&text, hash, sizeof(hash));
	out->n = sizeof(out->p);
	const EVP_MD *md = a->algorithm == WEBAUTHN_EDDSA ? NULL : EVP_sha256();
	MUST(ctx && EVP_DigestSignInit(ctx, NULL, md, NULL, a->key) == 1);
	MUST(EVP_DigestSign(ctx, out->p, &out->n, text.p, text.n) == 1);
	EVP_MD_CTX_free(ctx);
}
