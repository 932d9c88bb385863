/*
 * Signing in by password.
 *
 * The password is checked outside of any transaction, as that takes long; inside, the row is asked for with
 * the hash that was checked, so that an account that was disabled or given another password in between is not
 * signed in to by the old one. An unknown address takes the same way up to the same answer.
 *
 * Thread: of the pool that hashes.
 */
#include "account/inside.h"

#include "base/mem.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

struct attempt {
	struct accounts *a;
	const struct account_signin *in;
	const struct account_client *client;
	int64_t now_us;
	char email[ACCOUNT_EMAIL_MAX + 1];
	char id[ACCOUNT_ID_LEN + 1];
	char hash[ACCOUNT_PASSWORD_HASH];     /* "" : nobody can sign in with this address */
	char rehashed[ACCOUNT_PASSWORD_HASH]; /* "" : the hash is as this configuration wants it */
	struct account_login login;
	char token[ACCOUNT_TOKEN_LEN + 1];
};

static int on_hash(void *arg, const struct store_value *v, size_t n)
{
	struct attempt *t = arg;
	int rc = store_column_text(&v[0], t->id, sizeof(t->id));
	return rc ? rc : store_column_text(&v[1], t->hash, sizeof(t->hash));
}

static int read_hash(struct store_conn *c, void *arg)
{
	struct attempt *t = arg;
	t->hash[0] = '\0';
	return store_query(c, "SELECT id, password FROM accounts WHERE email = $1 AND disabled = 0",
			   STORE_ARGS(store_text(t->email)), on_hash, t);
}

static int keep_rehashed(struct store_conn *c, const struct attempt *t)
{
	if (!t->rehashed[0])
		return 0;
	return store_exec(c, "UPDATE accounts SET password = $2 WHERE id = $1",
			  STORE_ARGS(store_text(t->id), store_text(t->rehashed)), NULL);
}

static int sign_in(struct store_conn *c, void *arg)
{
	struct attempt *t = arg;
	int64_t changed;
	/* Locks the row, too: a code is used, and a session made, against what was checked. */
	int rc = store_exec(
		c, "UPDATE accounts SET signed_in_us = $3 WHERE id = $1 AND password = $2 AND disabled = 0",
		STORE_ARGS(store_text(t->id), store_text(t->hash), store_int(t->now_us)), &changed);
	if (rc == 0 && changed == 0)
		rc = ACCOUNT_E_CREDENTIALS;
	if (rc == 0)
		rc = account_second_factor(t->a, c, t->id, t->in->code, t->now_us);
	if (rc == 0)
		rc = keep_rehashed(c, t);
	if (rc == 0)
		rc = account_session_new(t->a, c, t->id, t->client, t->now_us, &t->login, t->token);
	return rc;
}

/* Where the configured cost has changed, the moment to move on is when the password is at hand. */
static int rehash(struct attempt *t)
{
	const struct accounts_params *p = &t->a->p;
	if (crypto_pwhash_str_needs_rehash(t->hash, p->hash_ops, p->hash_bytes) == 0)
		return 0;
	return account_password_hash(t->a, t->in->password, t->rehashed);
}

static int attempt(struct attempt *t)
{
	/* What is no address is nobody's; it is checked against the dummy like any other. */
	int rc = 0;
	if (account_check_email(t->in->email, t->email, NULL) == 0)
		rc = store_read(t->a->p.store, read_hash, t);
	if (rc == 0)
		rc = account_password_verify(t->a, t->hash, t->in->password);
	if (rc == 0)
		rc = rehash(t);
	return rc ? rc : store_write(t->a->p.store, sign_in, t);
}

int account_signin(struct accounts *a, const struct account_signin *in, const struct account_client *client,
		   int64_t now_us, struct account_login *out, char token[ACCOUNT_TOKEN_LEN + 1])
{
	struct attempt t = {.a = a, .in = in, .client = client, .now_us = now_us};
	int rc = attempt(&t);
	if (rc == 0) {
		*out = t.login;
		memcpy(token, t.token, sizeof(t.token));
	}
	sodium_memzero(&t, sizeof(t));
	return rc;
}
