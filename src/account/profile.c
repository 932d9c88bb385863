/*
 * What people change about themselves: name, language, password. The address is in email.c.
 *
 * Thread: any that may block; with a password: of the pool that hashes.
 */
#include "account/inside.h"

#include <errno.h>
#include <string.h>

struct update {
	const char *id;
	char name[ACCOUNT_NAME_BYTES + 1], key[ACCOUNT_NAME_BYTES + 1];
	char language[ACCOUNT_LANGUAGE_MAX + 1];
	bool has_name, has_language;
	struct account account;
};

static int update(struct store_conn *c, void *arg)
{
	struct update *u = arg;
	const struct store_value none = store_null();
	int rc = store_exec(
		c,
		"UPDATE accounts SET name = COALESCE($2, name), name_key = COALESCE($3, name_key), "
		"language = COALESCE($4, language) WHERE id = $1",
		STORE_ARGS(store_text(u->id), u->has_name ? store_text(u->name) : none,
			   u->has_name ? store_text(u->key) : none,
			   u->has_language ? store_text(u->language) : none),
		NULL);
	return rc ? rc : account_load(c, u->id, &u->account);
}

int account_update(struct accounts *a, const char *id, const char *name, const char *language,
		   struct account_fault *fault, struct account *out)
{
	struct update u = {.id = id, .has_name = name != NULL, .has_language = language != NULL};
	int rc = name ? account_check_name(name, u.name, fault) : 0;
	if (rc == 0 && language)
		rc = account_check_language(language, u.language, fault);
	if (rc)
		return rc;
	account_name_key(u.name, u.key);
	rc = store_write(a->p.store, update, &u);
	if (rc == 0)
		*out = u.account;
	return rc;
}

/* ---- the password ---- */

int account_password_put(struct accounts *a, struct store_conn *c, const struct account *who,
			 const char *hash, int64_t now_us)
{
	int rc = store_exec(c, "UPDATE accounts SET password = $2 WHERE id = $1",
			    STORE_ARGS(store_text(who->id), store_text(hash)), NULL);
	/* Whoever knew the old password may have asked for these. */
	if (rc == 0)
		rc = account_tokens_void(c, who->id, "reset");
	if (rc == 0)
		rc = account_tokens_void(c, who->id, "email");
	if (rc)
		return rc;
	const struct account_letter letter = {
		.template = "password_changed",
		.email = who->email,
		.language = who->language,
		.vars = {{"name", who->name}},
	};
	return account_mail_queue(a, c, &letter, now_us);
}

struct known {
	const char *id;
	char hash[ACCOUNT_PASSWORD_HASH];
	struct account account;
};

static int on_hash(void *arg, const struct store_value *v, size_t n)
{
	struct known *k = arg;
	return store_column_text(&v[0], k->hash, sizeof(k->hash));
}

static int read_known(struct store_conn *c, void *arg)
{
	struct known *k = arg;
	int rc = account_load(c, k->id, &k->account);
	if (rc)
		return rc == ACCOUNT_E_UNKNOWN ? ACCOUNT_E_CREDENTIALS : rc;
	return store_query(c, "SELECT password FROM accounts WHERE id = $1", STORE_ARGS(store_text(k->id)),
			   on_hash, k);
}

static int check_known(struct accounts *a, struct known *k, const char *password)
{
	int rc = store_read(a->p.store, read_known, k);
	return rc ? rc : account_password_verify(a, k->hash, password);
}

int account_check_password(struct accounts *a, const char *id, const char *password)
{
	struct known k = {.id = id};
	return check_known(a, &k, password);
}

struct change {
	struct accounts *a;
	const char *session;
	int64_t now_us;
	struct known known;
	char hash[ACCOUNT_PASSWORD_HASH];
	char token[ACCOUNT_TOKEN_LEN + 1];
};

static int on_any(void *arg, const struct store_value *v, size_t n)
{
	bool *any = arg;
	*any = true;
	return 0;
}

/* The old password was right a moment ago; if another has come since, it is right no more. */
static int still_the_same(struct store_conn *c, const struct known *k)
{
	bool any = false;
	int rc = account_lock(c, k->id);
	if (rc == 0)
		rc = store_query(c, "SELECT id FROM accounts WHERE id = $1 AND password = $2",
				 STORE_ARGS(store_text(k->id), store_text(k->hash)), on_any, &any);
	return rc ? rc : any ? 0 : ACCOUNT_E_CREDENTIALS;
}

static int change(struct store_conn *c, void *arg)
{
	struct change *g = arg;
	const char *id = g->known.id;
	int rc = still_the_same(c, &g->known);
	if (rc == 0)
		rc = account_password_put(g->a, c, &g->known.account, g->hash, g->now_us);
	if (rc == 0)
		rc = account_sessions_end(c, id, g->session);
	if (rc == 0)
		rc = account_api_tokens_end(c, id);
	if (rc == 0)
		rc = account_session_renew(g->a, c, id, g->session, g->token);
	return rc;
}

int account_set_password(struct accounts *a, const char *id, const char *session, const char *old,
			 const char *new, int64_t now_us, struct account_fault *fault,
			 char token[ACCOUNT_TOKEN_LEN + 1])
{
	struct change g = {.a = a, .session = session, .now_us = now_us, .known.id = id};
	int rc = check_known(a, &g.known, old);
	if (rc == 0)
		rc = account_password_check(a, new, g.known.account.email, fault);
	if (rc == ACCOUNT_E_FIELD && fault)
		fault->field = "new"; /* as the form calls it, where there are two */
	if (rc == 0)
		rc = account_password_hash(a, new, g.hash);
	if (rc == 0)
		rc = store_write(a->p.store, change, &g);
	if (rc == 0)
		memcpy(token, g.token, sizeof(g.token));
	return rc;
}
