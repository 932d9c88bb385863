/*
 * Forgotten passwords.
 *
 * For an unknown address, and for an account that is disabled, the rows are the same as for a known one: a
 * token that nobody gets to see and a mail that is never sent.
 *
 * Thread: any that may block; account_reset(): of the pool that hashes.
 */
#include "account/inside.h"

#include <errno.h>
#include <string.h>

struct forgot {
	struct accounts *a;
	int64_t now_us;
	char email[ACCOUNT_EMAIL_MAX + 1];
};

static int queue_link(struct forgot *f, struct store_conn *c, const struct account *who, const char *token)
{
	const struct account_letter letter = {
		.template = who ? "reset" : "",
		.email = f->email,
		.language = who ? who->language : "",
		.vars = {{"name", who ? who->name : ""}, {"token", token}},
	};
	return account_mail_queue(f->a, c, &letter, f->now_us);
}

static int forgot(struct store_conn *c, void *arg)
{
	struct forgot *f = arg;
	struct account account;
	char token[ACCOUNT_TOKEN_LEN + 1];
	int rc = account_load_email(c, f->email, &account);
	if (rc != 0 && rc != ACCOUNT_E_UNKNOWN)
		return rc;
	const struct account *who = rc == 0 && !account.disabled ? &account : NULL;
	rc = account_tokens_void_email(c, f->email, "reset");
	if (rc)
		return rc;
	const struct account_token_new new = {
		.kind = "reset",
		.account_id = who ? who->id : NULL,
		.email = f->email,
		.now_us = f->now_us,
		.expires_us = f->now_us + (int64_t)f->a->p.reset_s * ACCOUNT_US,
	};
	rc = account_token_put(f->a, c, &new, token);
	return rc ? rc : queue_link(f, c, who, token);
}

int account_forgot(struct accounts *a, const char *email, int64_t now_us, struct account_fault *fault)
{
	struct forgot f = {.a = a, .now_us = now_us};
	int rc = account_check_email(email, f.email, fault);
	return rc ? rc : store_write(a->p.store, forgot, &f);
}

/* ---- the link ---- */

struct reset {
	struct accounts *a;
	const char *token;
	const struct account_client *client;
	int64_t now_us;
	struct account account;
	char hash[ACCOUNT_PASSWORD_HASH];
};

static int whose(struct reset *r, struct store_conn *c, const char *account_id)
{
	int rc = account_load(c, account_id, &r->account);
	return rc == ACCOUNT_E_UNKNOWN || (rc == 0 && r->account.disabled) ? ACCOUNT_E_TOKEN : rc;
}

static int peek(struct store_conn *c, void *arg)
{
	struct reset *r = arg;
	struct account_token_row row;
	int rc = account_token_peek(r->a, c, "reset", r->token, r->now_us, &row);
	if (rc)
		return rc;
	json_decref(row.data);
	return whose(r, c, row.account_id);
}

static int reset(struct store_conn *c, void *arg)
{
	struct reset *r = arg;
	struct account_token_row row;
	int rc = account_token_take(r->a, c, "reset", r->token, r->now_us, &row);
	if (rc)
		return rc;
	json_decref(row.data);
	rc = whose(r, c, row.account_id);
	if (rc == 0)
		rc = account_password_put(r->a, c, &r->account, r->hash, r->now_us);
	if (rc == 0)
		rc = account_logins_end(c, r->account.id);
	if (rc)
		return rc;
	const struct account_deed deed = {
		.actor = &r->account,
		.action = "password.reset",
		.target = r->account.id,
		.client = r->client,
	};
	return account_audit_in(c, &deed, r->now_us);
}

int account_reset(struct accounts *a, const char *token, const char *password,
		  const struct account_client *client, int64_t now_us, struct account_fault *fault,
		  char account[ACCOUNT_ID_LEN + 1])
{
	struct reset r = {.a = a, .token = token, .client = client, .now_us = now_us};
	int rc = store_read(a->p.store, peek, &r);
	if (rc == 0)
		rc = account_password_check(a, password, r.account.email, fault);
	if (rc == 0)
		rc = account_password_hash(a, password, r.hash);
	if (rc == 0)
		rc = store_write(a->p.store, reset, &r);
	if (rc == 0)
		memcpy(account, r.account.id, sizeof(r.account.id));
	return rc;
}
