/*
 * Rows of the table "accounts": read, locked, made.
 *
 * Thread: any that may block.
 */
#include "account/inside.h"

#include "base/log.h"

#include <errno.h>
#include <string.h>

int account_from_row(const struct store_value *v, struct account *out)
{
	struct account r = {0};
	char role[16];
	if (store_column_text(&v[0], r.id, sizeof(r.id)) ||
	    store_column_text(&v[1], r.email, sizeof(r.email)) ||
	    store_column_text(&v[2], r.name, sizeof(r.name)) ||
	    store_column_text(&v[3], r.language, sizeof(r.language)) ||
	    store_column_text(&v[4], role, sizeof(role)))
		return -EIO;
	if (account_role_parse(role, &r.role) != 0) {
		log_error("an account has a role that there is none of id=%s", r.id);
		return -EIO;
	}
	r.disabled = v[5].i != 0;
	r.totp = v[6].len > 0;
	r.has_password = v[7].len > 0;
	r.created_us = v[8].i;
	r.signed_in_us = v[9].i;
	r.passkeys = (uint32_t)v[10].i;
	r.recovery_codes = (uint32_t)v[11].i;
	r.rooms = (uint32_t)v[12].i;
	*out = r;
	return 0;
}

struct found {
	struct account account;
	bool found;
};

static int on_account(void *arg, const struct store_value *v, size_t n)
{
	struct found *f = arg;
	f->found = true;
	return account_from_row(v, &f->account);
}

static int load_one(struct store_conn *c, const char *sql, const char *key, struct account *out)
{
	struct found f = {.found = false};
	int rc = store_query(c, sql, STORE_ARGS(store_text(key)), on_account, &f);
	if (rc)
		return rc;
	if (!f.found)
		return ACCOUNT_E_UNKNOWN;
	*out = f.account;
	return 0;
}

int account_load(struct store_conn *c, const char *id, struct account *out)
{
	return load_one(c, "SELECT " ACCOUNT_COLUMNS " FROM accounts a WHERE a.id = $1", id, out);
}

int account_load_email(struct store_conn *c, const char *email, struct account *out)
{
	return load_one(c, "SELECT " ACCOUNT_COLUMNS " FROM accounts a WHERE a.email = $1", email, out);
}

int account_lock(struct store_conn *c, const char *id)
{
	int64_t changed;
	/* The one way of locking a row that both databases know. SQLite has one writer anyway. */
	int rc = store_exec(c, "UPDATE accounts SET totp_step = totp_step WHERE id = $1",
			    STORE_ARGS(store_text(id)), &changed);
	return rc ? rc : changed ? 0 : ACCOUNT_E_UNKNOWN;
}

int account_insert(struct accounts *a, struct store_conn *c, const struct account_new *in,
		   struct account *out)
{
	char id[ACCOUNT_ID_LEN + 1], key[ACCOUNT_NAME_BYTES + 1];
	int64_t changed;
	account_id_new(a, id);
	account_name_key(in->name, key);
	int rc = store_exec(
		c,
		"INSERT INTO accounts (id, email, name, name_key, role, language, password, created_us) "
		"VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (email) DO NOTHING",
		STORE_ARGS(store_text(id), store_text(in->email), store_text(in->name), store_text(key),
			   store_text(account_role_text(in->role)), store_text(in->language),
			   store_text(in->password), store_int(in->now_us)),
		&changed);
	if (rc)
		return rc;
	return changed ? account_load(c, id, out) : ACCOUNT_E_EXISTS;
}

struct get {
	const char *key;
	struct account account;
};

static int get_by_id(struct store_conn *c, void *arg)
{
	struct get *g = arg;
	return account_load(c, g->key, &g->account);
}

static int get_by_email(struct store_conn *c, void *arg)
{
	struct get *g = arg;
	return account_load_email(c, g->key, &g->account);
}

int account_get(struct accounts *a, const char *id, struct account *out)
{
	struct get g = {.key = id};
	if (!account_id_ok(id))
		return ACCOUNT_E_UNKNOWN;
	int rc = store_read(a->p.store, get_by_id, &g);
	if (rc == 0)
		*out = g.account;
	return rc;
}

int account_by_email(struct accounts *a, const char *email, struct account *out)
{
	char lowered[ACCOUNT_EMAIL_MAX + 1];
	if (account_check_email(email, lowered, NULL) != 0)
		return ACCOUNT_E_UNKNOWN;
	struct get g = {.key = lowered};
	int rc = store_read(a->p.store, get_by_email, &g);
	if (rc == 0)
		*out = g.account;
	return rc;
}
