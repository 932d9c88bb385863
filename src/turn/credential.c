/*
 * Time-limited TURN credentials, by HMAC: the relay checks them with the secret alone and looks nothing up.
 *
 * The algorithm is fetched once for the process and every thread keeps a context, for fetching and allocating
 * is most of what OpenSSL's one-shot HMAC() costs. A context is given its key anew with each call: it never
 * outlives the caller's secret by more than one credential, and a changed secret needs no care.
 *
 * SHA-1, because that is what the form is defined with; HMAC does not need collision resistance.
 *
 * Thread: any.
 */
#include "turn/credential.h"

#include "base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define SHA1_BYTES 20

static pthread_once_t once = PTHREAD_ONCE_INIT;
static EVP_MAC *hmac;          /* for the life of the process */
static pthread_key_t hmac_ctx; /* a thread's EVP_MAC_CTX, freed when it ends */
static bool ready;

static void free_ctx(void *ctx)
{
	EVP_MAC_CTX_free(ctx);
}

static void fetch(void)
{
	hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	ready = hmac && pthread_key_create(&hmac_ctx, free_ctx) == 0;
}

static EVP_MAC_CTX *new_ctx(void)
{
	char digest[] = "SHA1";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(hmac);
	if (ctx && EVP_MAC_CTX_set_params(ctx, params) && pthread_setspecific(hmac_ctx, ctx) == 0)
		return ctx;
	EVP_MAC_CTX_free(ctx);
	return NULL;
}

static EVP_MAC_CTX *thread_ctx(void)
{
	if (pthread_once(&once, fetch) != 0 || !ready)
		return NULL;
	EVP_MAC_CTX *ctx = pthread_getspecific(hmac_ctx);
	return ctx ? ctx : new_ctx();
}

static int hmac_sha1(const char *secret, const char *text, uint8_t out[SHA1_BYTES])
{
	size_t n = 0;
	EVP_MAC_CTX *ctx = thread_ctx();
	if (!ctx || !EVP_MAC_init(ctx, (const uint8_t *)secret, strlen(secret), NULL) ||
	    !EVP_MAC_update(ctx, (const uint8_t *)text, strlen(text)) ||
	    !EVP_MAC_final(ctx, out, &n, SHA1_BYTES))
		return -EIO;
	return n == SHA1_BYTES ? 0 : -EIO;
}

static bool is_user(const char *user)
{
	if (!*user)
		return false;
	for (; *user; user++) {
		char c = *user;
		bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
		if (!alnum && c != '-' && c != '_' && c != '.')
			return false;
	}
	return true;
}

int turn_credential_make(const char *secret, const char *user, uint64_t expires_s,
			 struct turn_credential *out)
{
	struct turn_credential made = {0};
	uint8_t mac[SHA1_BYTES];
	/* With no secret anybody could make credentials. */
	if (!*secret || !is_user(user))
		return -EINVAL;
	int n = snprintf(made.username, sizeof(made.username), "%" PRIu64 ":%s", expires_s, user);
	if (n < 0 || (size_t)n >= sizeof(made.username))
		return -EINVAL;
	int r = hmac_sha1(secret, made.username, mac);
	if (r < 0)
		return r;
	text_base64(mac, sizeof(mac), made.password);
	*out = made;
	return 0;
}
