/*
 * Recovery codes.
 *
 * A code has 50 random bits: enough where every try is limited, and so little to write down that people do. A
 * hash of so few bits could be tried out by whoever gets hold of the database, so it is made with a key that
 * is not in there. Looking for the hash tells nothing of the code by the time it takes.
 *
 * Thread: any that may block.
 */
#include "account/recovery.h"

#include "base/text.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define SYMBOLS 10 /* of base32, in two groups */
#define GROUP   5

_Static_assert(ACCOUNT_RECOVERY_LEN == SYMBOLS + 1, "two groups and a hyphen");

static void hash_code(const struct accounts *a, const char *account_id, const char *symbols,
		      char out[ACCOUNT_HASH_LEN + 1])
{
	static const char purpose[] = "recovery";
	uint8_t key[crypto_generichash_KEYBYTES], hash[32];
	char text[ACCOUNT_ID_LEN + 1 + SYMBOLS + 1];

	(void)snprintf(text, sizeof(text), "%s:%s", account_id, symbols);
	(void)crypto_generichash(key, sizeof(key), (const uint8_t *)purpose, strlen(purpose), a->p.key,
				 sizeof(a->p.key));
	(void)crypto_generichash(hash, sizeof(hash), (const uint8_t *)text, strlen(text), key, sizeof(key));
	text_base64url(hash, sizeof(hash), out);
	sodium_memzero(key, sizeof(key));
	sodium_memzero(text, sizeof(text));
}

/* ---- made ---- */

static int make(struct accounts *a, struct store_conn *c, const char *account_id,
		char code[ACCOUNT_RECOVERY_LEN + 1])
{
	uint8_t bytes[(SYMBOLS * 5 + 7) / 8];
	char symbols[SYMBOLS + 1], hash[ACCOUNT_HASH_LEN + 1];

	a->p.rand(a->p.rand_arg, bytes, sizeof(bytes));
	text_base32(bytes, SYMBOLS, symbols);
	(void)snprintf(code, ACCOUNT_RECOVERY_LEN + 1, "%.*s-%s", GROUP, symbols, symbols + GROUP);
	hash_code(a, account_id, symbols, hash);
	sodium_memzero(bytes, sizeof(bytes));
	sodium_memzero(symbols, sizeof(symbols));
	return store_exec(c, "INSERT INTO recovery_codes (account_id, hash) VALUES ($1, $2)",
			  STORE_ARGS(store_text(account_id), store_text(hash)), NULL);
}

int account_recovery_renew(struct accounts *a, struct store_conn *c, const char *account_id,
			   char codes[ACCOUNT_RECOVERY_CODES][ACCOUNT_RECOVERY_LEN + 1])
{
	int rc = account_recovery_drop(c, account_id);
	for (int i = 0; rc == 0 && i < ACCOUNT_RECOVERY_CODES; i++)
		rc = make(a, c, account_id, codes[i]);
	return rc;
}

int account_recovery_drop(struct store_conn *c, const char *account_id)
{
	return store_exec(c, "DELETE FROM recovery_codes WHERE account_id = $1",
			  STORE_ARGS(store_text(account_id)), NULL);
}

/* ---- used ---- */

/* As people read and write them: any case, hyphens and spaces anywhere, and the letters that Crockford's
   base32 leaves out for those they are taken for. */
static char symbol_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		c = (char)(c | 0x20);
	if (c == 'o')
		return '0';
	if (c == 'i' || c == 'l')
		return '1';
	return c && strchr("0123456789abcdefghjkmnpqrstvwxyz", c) ? c : '\0';
}

static bool read_code(const char *code, char out[SYMBOLS + 1])
{
	size_t n = 0;

	for (; *code; code++) {
		if (*code == '-' || *code == ' ')
			continue;
		char symbol = symbol_of(*code);
		if (!symbol || n == SYMBOLS)
			return false;
		out[n++] = symbol;
	}
	out[n] = '\0';
	return n == SYMBOLS;
}

int account_recovery_use(struct accounts *a, struct store_conn *c, const char *account_id, const char *code)
{
	char symbols[SYMBOLS + 1], hash[ACCOUNT_HASH_LEN + 1];
	int64_t changed;

	if (!read_code(code, symbols))
		return ACCOUNT_E_CODE;
	hash_code(a, account_id, symbols, hash);
	sodium_memzero(symbols, sizeof(symbols));
	int rc = store_exec(c, "DELETE FROM recovery_codes WHERE account_id = $1 AND hash = $2",
			    STORE_ARGS(store_text(account_id), store_text(hash)), &changed);
	return rc ? rc : changed ? 0 : ACCOUNT_E_CODE;
}
