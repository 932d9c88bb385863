/*
 * Tokens for programs: made and revoked by their owner, shown once, kept as a hash.
 *
 * The word in front lets people and scanners of leaked secrets see what it is.
 *
 * Thread: any that may block.
 */
#include "account/inside.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PREFIX        "parley_"
#define USED_EVERY_US (60 * ACCOUNT_US)

static const char *const scope_words[] = {"account:read", "rooms:read", "rooms:write", "admin"};

#define SCOPE_ADMIN 3u

/* ---- scopes ---- */

/* Return: the words of @text as bits; 0: none, or one that there is not. */
static unsigned parse_scopes(const char *text)
{
	unsigned bits = 0;
	while (*(text += strspn(text, " "))) {
		size_t n = strcspn(text, " "), i = 0;
		while (i < ARRAY_LEN(scope_words) &&
		       (strlen(scope_words[i]) != n || memcmp(scope_words[i], text, n) != 0))
			i++;
		if (i == ARRAY_LEN(scope_words))
			return 0;
		bits |= 1u << i;
		text += n;
	}
	return bits;
}

static void write_scopes(unsigned bits, char *out, size_t size)
{
	size_t at = 0;
	for (size_t i = 0; i < ARRAY_LEN(scope_words); i++)
		if (bits & 1u << i)
			at += (size_t)snprintf(out + at, size - at, "%s%s", at ? " " : "", scope_words[i]);
}

/* ---- making one ---- */

struct add {
	struct accounts *a;
	const char *account;
	unsigned scopes;
	struct account_api_token made;
	char hash[ACCOUNT_HASH_LEN + 1];
};

static int on_count(void *arg, const struct store_value *v, size_t n)
{
	int64_t *count = arg;
	*count = v[0].i;
	return 0;
}

/* With the account locked, so that it counts what will be there. */
static int may_have_one(struct add *d, struct store_conn *c)
{
	struct account who;
	int64_t count = 0;
	int rc = account_lock(c, d->account);
	if (rc == 0)
		rc = account_load(c, d->account, &who);
	if (rc == 0 && (d->scopes & 1u << SCOPE_ADMIN) && who.role != ACCOUNT_ADMIN)
		rc = ACCOUNT_E_FORBIDDEN;
	if (rc == 0)
		rc = store_query(c, "SELECT COUNT(*) FROM api_tokens WHERE account_id = $1",
				 STORE_ARGS(store_text(d->account)), on_count, &count);
	return rc ? rc : count < d->a->p.api_tokens_max ? 0 : ACCOUNT_E_TOO_MANY;
}

static int add(struct store_conn *c, void *arg)
{
	struct add *d = arg;
	const struct account_api_token *t = &d->made;
	int rc = may_have_one(d, c);
	if (rc)
		return rc;
	return store_exec(
		c,
		"INSERT INTO api_tokens (id, token_hash, account_id, name, scopes, created_us, used_us, "
		"expires_us) VALUES ($1, $2, $3, $4, $5, $6, 0, $7)",
		STORE_ARGS(store_text(t->id), store_text(d->hash), store_text(d->account),
			   store_text(t->name), store_text(t->scopes), store_int(t->created_us),
			   store_int(t->expires_us)),
		NULL);
}

static int check(struct add *d, const char *name, const char *scopes, int64_t expires_us, int64_t now_us,
		 struct account_fault *fault)
{
	int rc = account_check_name(name, d->made.name, fault);
	if (rc)
		return rc;
	d->scopes = parse_scopes(scopes ? scopes : "");
	if (d->scopes == 0)
		return account_fault(fault, "scopes",
				     "At least one of account:read, rooms:read, rooms:write, admin.");
	if (expires_us != 0 && expires_us <= now_us)
		return account_fault(fault, "expires_days", "This is in the past.");
	write_scopes(d->scopes, d->made.scopes, sizeof(d->made.scopes));
	d->made.created_us = now_us;
	d->made.expires_us = expires_us;
	return 0;
}

int account_api_token_add(struct accounts *a, const struct account *who, const char *name, const char *scopes,
			  int64_t expires_us, int64_t now_us, struct account_fault *fault,
			  struct account_api_token *out, char token[ACCOUNT_API_TOKEN_LEN + 1])
{
	struct add d = {.a = a, .account = who->id};
	char made[ACCOUNT_API_TOKEN_LEN + 1] = PREFIX;
	int rc = check(&d, name, scopes, expires_us, now_us, fault);
	if (rc)
		return rc;
	account_id_new(a, d.made.id);
	account_token_new(a, made + strlen(PREFIX));
	account_token_hash(made, d.hash);
	rc = store_write(a->p.store, add, &d);
	if (rc)
		return rc;
	*out = d.made;
	memcpy(token, made, sizeof(made));
	return 0;
}

/* ---- the list ---- */

struct listing {
	const char *account;
	account_api_token_fn fn;
	void *arg;
};

static int on_token(void *arg, const struct store_value *v, size_t n)
{
	const struct listing *l = arg;
	struct account_api_token t = {.created_us = v[3].i, .used_us = v[4].i, .expires_us = v[5].i};
	if (store_column_text(&v[0], t.id, sizeof(t.id)) ||
	    store_column_text(&v[1], t.name, sizeof(t.name)) ||
	    store_column_text(&v[2], t.scopes, sizeof(t.scopes)))
		return -EIO;
	return l->fn(l->arg, &t);
}

static int list(struct store_conn *c, void *arg)
{
	const struct listing *l = arg;
	return store_query(c,
			   "SELECT id, name, scopes, created_us, used_us, expires_us FROM api_tokens "
			   "WHERE account_id = $1 ORDER BY created_us, id",
			   STORE_ARGS(store_text(l->account)), on_token, arg);
}

int account_api_tokens(struct accounts *a, const char *id, account_api_token_fn fn, void *arg)
{
	struct listing l = {.account = id, .fn = fn, .arg = arg};
	return store_read(a->p.store, list, &l);
}

struct removal {
	const char *account, *token_id;
};

static int remove_one(struct store_conn *c, void *arg)
{
	const struct removal *r = arg;
	int64_t changed;
	int rc = store_exec(c, "DELETE FROM api_tokens WHERE id = $1 AND account_id = $2",
			    STORE_ARGS(store_text(r->token_id), store_text(r->account)), &changed);
	return rc ? rc : changed ? 0 : ACCOUNT_E_UNKNOWN;
}

int account_api_token_remove(struct accounts *a, const char *id, const char *token_id)
{
	struct removal r = {.account = id, .token_id = token_id};
	return account_id_ok(token_id) ? store_write(a->p.store, remove_one, &r) : ACCOUNT_E_UNKNOWN;
}

/* ---- whose it is ---- */

struct lookup {
	char hash[ACCOUNT_HASH_LEN + 1];
	int64_t now_us, used_us;
	char id[ACCOUNT_ID_LEN + 1];
	struct account_login login;
	bool found;
};

static int on_login(void *arg, const struct store_value *v, size_t n)
{
	struct lookup *l = arg;
	const struct store_value *t = v + ACCOUNT_N_COLUMNS;
	l->found = true;
	l->used_us = t[2].i;
	if (store_column_text(&t[0], l->id, sizeof(l->id)) ||
	    store_column_text(&t[1], l->login.scopes, sizeof(l->login.scopes)))
		return -EIO;
	return account_from_row(v, &l->login.account);
}

static int read_login(struct store_conn *c, void *arg)
{
	struct lookup *l = arg;
	l->found = false;
	int rc = store_query(
		c,
		"SELECT " ACCOUNT_COLUMNS ", t.id, t.scopes, t.used_us "
		"FROM api_tokens t JOIN accounts a ON a.id = t.account_id WHERE t.token_hash = $1 "
		"AND (t.expires_us = 0 OR t.expires_us > $2) AND a.disabled = 0",
		STORE_ARGS(store_text(l->hash), store_int(l->now_us)), on_login, l);
	return rc ? rc : l->found ? 0 : ACCOUNT_E_TOKEN;
}

static int write_used(struct store_conn *c, void *arg)
{
	const struct lookup *l = arg;
	return store_exec(c, "UPDATE api_tokens SET used_us = $2 WHERE id = $1 AND used_us < $2",
			  STORE_ARGS(store_text(l->id), store_int(l->now_us)), NULL);
}

int account_by_api_token(struct accounts *a, const char *token, int64_t now_us, struct account_login *out)
{
	struct lookup l = {.now_us = now_us};
	if (!token || strnlen(token, ACCOUNT_API_TOKEN_LEN + 1) != ACCOUNT_API_TOKEN_LEN ||
	    strncmp(token, PREFIX, strlen(PREFIX)) != 0)
		return ACCOUNT_E_TOKEN;
	account_token_hash(token, l.hash);
	int rc = store_read(a->p.store, read_login, &l);
	if (rc)
		return rc;
	/* As with sessions: a note for people, that a database which cannot be written to may miss. */
	if (now_us - l.used_us >= USED_EVERY_US && store_write(a->p.store, write_used, &l) == 0)
		l.used_us = now_us;
	*out = l.login;
	return 0;
}
