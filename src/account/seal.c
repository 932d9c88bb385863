/*
 * What others hold and only this service may read: in the database links in queued mail, the data of tokens,
 * TOTP secrets; with a client the ticket of a second factor that is being set up.
 *
 * Form: base64url of a random nonce and a secretbox. The nonce is 192 bits long, so drawing it is safe for
 * any number of messages. Each purpose has a key of its own, so that a text of one purpose, put in the place
 * of another, does not open.
 *
 * Thread: any; no state.
 */
#include "account/inside.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define OVERHEAD (crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES)

static void derive_key(const struct accounts *a, const char *purpose, uint8_t key[crypto_secretbox_KEYBYTES])
{
	(void)crypto_generichash(key, crypto_secretbox_KEYBYTES, (const uint8_t *)purpose, strlen(purpose),
				 a->p.key, sizeof(a->p.key));
}

int account_seal(const struct accounts *a, const char *purpose, const void *data, size_t n, char **out)
{
	uint8_t key[crypto_secretbox_KEYBYTES];
	uint8_t *box = mem_alloc(n + OVERHEAD);
	char *text = mem_alloc(TEXT_BASE64URL_LEN(n + OVERHEAD) + 1);
	if (!box || !text) {
		mem_free(box);
		mem_free(text);
		return -ENOMEM;
	}
	derive_key(a, purpose, key);
	a->p.rand(a->p.rand_arg, box, crypto_secretbox_NONCEBYTES);
	(void)crypto_secretbox_easy(box + crypto_secretbox_NONCEBYTES, data, n, box, key);
	sodium_memzero(key, sizeof(key));
	text_base64url(box, n + OVERHEAD, text);
	mem_free(box);
	*out = text;
	return 0;
}

/* Return: bytes of the opened text; -EIO. */
static int open_box(const struct accounts *a, const char *purpose, const uint8_t *box, int n, char *out)
{
	uint8_t key[crypto_secretbox_KEYBYTES];
	if (n < (int)OVERHEAD)
		return -EIO;
	derive_key(a, purpose, key);
	int rc = crypto_secretbox_open_easy((uint8_t *)out, box + crypto_secretbox_NONCEBYTES,
					    (size_t)n - crypto_secretbox_NONCEBYTES, box, key);
	sodium_memzero(key, sizeof(key));
	return rc ? -EIO : n - (int)OVERHEAD;
}

/* Return: 0; -EIO: it does not open; -ENOMEM. */
static int unseal(const struct accounts *a, const char *purpose, const char *text, size_t len, char **out,
		  size_t *n)
{
	uint8_t *box = mem_alloc(len + 1);
	char *plain = mem_alloc(len + 1);
	if (!box || !plain) {
		mem_free(box);
		mem_free(plain);
		return -ENOMEM;
	}
	int rc = text_unbase64url(text, len, box, len);
	if (rc >= 0)
		rc = open_box(a, purpose, box, rc, plain);
	mem_free(box);
	if (rc < 0) {
		mem_free(plain);
		return -EIO;
	}
	plain[rc] = '\0';
	*out = plain;
	*n = (size_t)rc;
	return 0;
}

int account_unseal(const struct accounts *a, const char *purpose, const char *text, size_t len, char **out,
		   size_t *n)
{
	int rc = unseal(a, purpose, text, len, out, n);
	if (rc == -EIO)
		log_error("the database holds something that the key in the data directory does not open "
			  "purpose=%s",
			  purpose);
	return rc;
}

int account_unseal_given(const struct accounts *a, const char *purpose, const char *text, char **out,
			 size_t *n)
{
	int rc = unseal(a, purpose, text, strlen(text), out, n);
	return rc == -EIO ? ACCOUNT_E_TOKEN : rc;
}

int account_seal_json(const struct accounts *a, const char *purpose, json_t *object, char **out)
{
	char *text = json_dumps(object, JSON_COMPACT);
	if (!text)
		return -ENOMEM;
	int rc = account_seal(a, purpose, text, strlen(text), out);
	sodium_memzero(text, strlen(text));
	free(text);
	return rc;
}

int account_unseal_json(const struct accounts *a, const char *purpose, const char *text, size_t len,
			json_t **out)
{
	char *plain;
	size_t n;
	int rc = account_unseal(a, purpose, text, len, &plain, &n);
	if (rc)
		return rc;
	json_t *object = json_loadb(plain, n, JSON_REJECT_DUPLICATES, NULL);
	sodium_memzero(plain, n);
	mem_free(plain);
	if (!json_is_object(object)) {
		json_decref(object);
		log_error("sealed data is no object purpose=%s", purpose);
		return -EIO;
	}
	*out = object;
	return 0;
}
