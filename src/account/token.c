/*
 * Ids and tokens; the rows of tokens that are mailed or shown.
 *
 * A token is 256 random bits, so its plain BLAKE2b is as good in the database as a slow hash would be: there
 * is nothing to guess. What goes with it is sealed, as it may hold the hash of a password.
 *
 * Taking is a DELETE that returns the row: of two at the same time one finds it.
 *
 * Thread: any that may block.
 */
#include "account/inside.h"

#include "base/mem.h"
#include "base/text.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

void account_id_new(const struct accounts *a, char out[ACCOUNT_ID_LEN + 1])
{
	uint8_t bytes[ACCOUNT_ID_LEN * 5 / 8];
	a->p.rand(a->p.rand_arg, bytes, sizeof(bytes));
	text_base32(bytes, ACCOUNT_ID_LEN, out);
}

bool account_id_ok(const char *id)
{
	return strlen(id) == ACCOUNT_ID_LEN &&
	       strspn(id, "0123456789abcdefghjkmnpqrstvwxyz") == ACCOUNT_ID_LEN;
}

void account_token_new(const struct accounts *a, char out[ACCOUNT_TOKEN_LEN + 1])
{
	uint8_t bytes[32];
	a->p.rand(a->p.rand_arg, bytes, sizeof(bytes));
	text_base64url(bytes, sizeof(bytes), out);
	sodium_memzero(bytes, sizeof(bytes));
}

void account_token_hash(const char *text, char out[ACCOUNT_HASH_LEN + 1])
{
	uint8_t hash[32];
	(void)crypto_generichash(hash, sizeof(hash), (const uint8_t *)text, strlen(text), NULL, 0);
	text_base64url(hash, sizeof(hash), out);
}

static int put_row(struct store_conn *c, const struct account_token_new *in, const char *hash,
		   const char *sealed)
{
	return store_exec(c,
			  "INSERT INTO tokens (hash, kind, account_id, email, data, created_us, expires_us) "
			  "VALUES ($1, $2, $3, $4, $5, $6, $7)",
			  STORE_ARGS(store_text(hash), store_text(in->kind), store_text(in->account_id),
				     store_text(in->email ? in->email : ""), store_text(sealed),
				     store_int(in->now_us), store_int(in->expires_us)),
			  NULL);
}

int account_token_put(struct accounts *a, struct store_conn *c, const struct account_token_new *in,
		      char token[ACCOUNT_TOKEN_LEN + 1])
{
	char made[ACCOUNT_TOKEN_LEN + 1], hash[ACCOUNT_HASH_LEN + 1];
	json_t *data = in->data ? json_incref(in->data) : json_object();
	if (!data)
		return -ENOMEM;
	char *sealed;
	int rc = account_seal_json(a, "token", data, &sealed);
	json_decref(data);
	if (rc)
		return rc;
	account_token_new(a, made);
	account_token_hash(made, hash);
	rc = put_row(c, in, hash, sealed);
	mem_free(sealed);
	if (rc == 0)
		memcpy(token, made, sizeof(made));
	return rc;
}

struct found {
	struct accounts *a;
	struct account_token_row row;
};

static int on_token(void *arg, const struct store_value *v, size_t n)
{
	struct found *f = arg;
	struct account_token_row *r = &f->row;
	if (store_column_text(&v[0], r->account_id, sizeof(r->account_id)) ||
	    store_column_text(&v[1], r->email, sizeof(r->email)))
		return -EIO;
	r->created_us = v[3].i;
	r->expires_us = v[4].i;
	/* What was sealed with another key (the data directory is a new one) is nobody's link any more. */
	int rc = account_unseal_json(f->a, "token", v[2].text, v[2].len, &r->data);
	return rc == -EIO ? 0 : rc;
}

/* Whether @token has the form of one. What has not is no text to bind, and needs no look. */
static bool well_formed(const char *token)
{
	uint8_t bytes[32];
	return token && strnlen(token, ACCOUNT_TOKEN_LEN + 1) == ACCOUNT_TOKEN_LEN &&
	       text_unbase64url(token, ACCOUNT_TOKEN_LEN, bytes, sizeof(bytes)) == sizeof(bytes);
}

struct wanted {
	const char *sql, *kind, *token;
	int64_t now_us;
};

static int find(struct accounts *a, struct store_conn *c, const struct wanted *w,
		struct account_token_row *out)
{
	char hash[ACCOUNT_HASH_LEN + 1];
	struct found f = {.a = a};
	if (!well_formed(w->token))
		return ACCOUNT_E_TOKEN;
	account_token_hash(w->token, hash);
	int rc = store_query(c, w->sql,
			     STORE_ARGS(store_text(hash), store_text(w->kind), store_int(w->now_us)),
			     on_token, &f);
	if (rc == 0 && !f.row.data)
		rc = ACCOUNT_E_TOKEN;
	if (rc)
		json_decref(f.row.data);
	else
		*out = f.row;
	return rc;
}

int account_token_take(struct accounts *a, struct store_conn *c, const char *kind, const char *token,
		       int64_t now_us, struct account_token_row *out)
{
	const struct wanted w = {
		.sql = "DELETE FROM tokens WHERE hash = $1 AND kind = $2 AND expires_us > $3 "
		       "RETURNING account_id, email, data, created_us, expires_us",
		.kind = kind,
		.token = token,
		.now_us = now_us,
	};
	return find(a, c, &w, out);
}

int account_token_peek(struct accounts *a, struct store_conn *c, const char *kind, const char *token,
		       int64_t now_us, struct account_token_row *out)
{
	const struct wanted w = {
		.sql = "SELECT account_id, email, data, created_us, expires_us FROM tokens "
		       "WHERE hash = $1 AND kind = $2 AND expires_us > $3",
		.kind = kind,
		.token = token,
		.now_us = now_us,
	};
	return find(a, c, &w, out);
}

int account_tokens_void(struct store_conn *c, const char *account_id, const char *kind)
{
	return store_exec(c, "DELETE FROM tokens WHERE account_id = $1 AND kind = $2",
			  STORE_ARGS(store_text(account_id), store_text(kind)), NULL);
}

int account_tokens_void_email(struct store_conn *c, const char *email, const char *kind)
{
	return store_exec(c, "DELETE FROM tokens WHERE email = $1 AND kind = $2",
			  STORE_ARGS(store_text(email), store_text(kind)), NULL);
}
