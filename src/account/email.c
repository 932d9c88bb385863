/*
 * Another address: asked for with the password, confirmed at the new one, told to the old one twice.
 *
 * Where the new address has an account already the same rows are written: its owner gets a word instead of
 * the link, and the token is in no mail.
 *
 * Thread: account_change_email(): of the pool that hashes; else any that may block.
 */
#include "account/inside.h"

#include <errno.h>
#include <string.h>

struct change {
	struct accounts *a;
	const char *id;
	int64_t now_us;
	char email[ACCOUNT_EMAIL_MAX + 1];
	struct account account;
};

static int put_token(struct change *g, struct store_conn *c, char token[ACCOUNT_TOKEN_LEN + 1])
{
	const struct account_token_new new = {
		.kind = "email",
		.account_id = g->id,
		.email = g->email,
		.now_us = g->now_us,
		.expires_us = g->now_us + (int64_t)g->a->p.email_s * ACCOUNT_US,
	};
	int rc = account_tokens_void(c, g->id, "email");
	return rc ? rc : account_token_put(g->a, c, &new, token);
}

static int tell_old(struct accounts *a, struct store_conn *c, const struct account *who, const char *template,
		    const char *email, int64_t now_us)
{
	const struct account_letter letter = {
		.template = template,
		.email = who->email,
		.language = who->language,
		.vars = {{"name", who->name}, {"email", email}},
	};
	return account_mail_queue(a, c, &letter, now_us);
}

static int ask(struct store_conn *c, void *arg)
{
	struct change *g = arg;
	struct account known;
	char token[ACCOUNT_TOKEN_LEN + 1];
	int rc = account_load(c, g->id, &g->account);
	if (rc)
		return rc == ACCOUNT_E_UNKNOWN ? ACCOUNT_E_CREDENTIALS : rc;
	rc = account_load_email(c, g->email, &known);
	if (rc != 0 && rc != ACCOUNT_E_UNKNOWN)
		return rc;
	bool is_known = rc == 0;
	rc = put_token(g, c, token);
	if (rc)
		return rc;
	const struct account_letter letter = {
		.template = is_known ? "email_known" : "email",
		.email = g->email,
		.language = is_known ? known.language : g->account.language,
		.vars = {{"name", is_known ? known.name : g->account.name}, {"token", is_known ? "" : token}},
	};
	rc = account_mail_queue(g->a, c, &letter, g->now_us);
	return rc ? rc : tell_old(g->a, c, &g->account, "email_announce", g->email, g->now_us);
}

static int check_not_own(struct accounts *a, const struct change *g, struct account_fault *fault)
{
	struct account own;
	int rc = account_get(a, g->id, &own);
	if (rc)
		return rc == ACCOUNT_E_UNKNOWN ? ACCOUNT_E_CREDENTIALS : rc;
	if (strcmp(own.email, g->email) == 0)
		return account_fault(fault, "email", "This is your address already.");
	return 0;
}

int account_change_email(struct accounts *a, const char *id, const char *email, const char *password,
			 int64_t now_us, struct account_fault *fault)
{
	struct change g = {.a = a, .id = id, .now_us = now_us};
	int rc = account_check_email(email, g.email, fault);
	if (rc == 0)
		rc = check_not_own(a, &g, fault);
	if (rc == 0)
		rc = account_check_password(a, id, password);
	return rc ? rc : store_write(a->p.store, ask, &g);
}

/* ---- the link ---- */

struct confirm {
	struct accounts *a;
	const char *token;
	int64_t now_us;
	struct account account;
};

static int move(struct confirm *f, struct store_conn *c, const struct account_token_row *row)
{
	struct account old;
	int rc = account_load(c, row->account_id, &old);
	if (rc == 0)
		rc = store_exec(c, "UPDATE accounts SET email = $2 WHERE id = $1",
				STORE_ARGS(store_text(old.id), store_text(row->email)), NULL);
	/* The invitation in the audit log is from now on of the account, and goes when it goes. */
	if (rc == 0)
		rc = store_exec(c, "UPDATE audit SET target = $1 WHERE target = $2",
				STORE_ARGS(store_text(old.id), store_text(old.email)), NULL);
	/* A link that went to the old address must not open what is no longer its owner's. */
	if (rc == 0)
		rc = account_tokens_void(c, old.id, "reset");
	if (rc == 0)
		rc = tell_old(f->a, c, &old, "email_changed", row->email, f->now_us);
	return rc ? rc : account_load(c, old.id, &f->account);
}

static int confirm(struct store_conn *c, void *arg)
{
	struct confirm *f = arg;
	struct account_token_row row;
	int rc = account_token_take(f->a, c, "email", f->token, f->now_us, &row);
	if (rc)
		return rc;
	json_decref(row.data);
	return move(f, c, &row);
}

int account_confirm_email(struct accounts *a, const char *token, int64_t now_us, struct account *out)
{
	struct confirm f = {.a = a, .token = token, .now_us = now_us};
	int rc = store_write(a->p.store, confirm, &f);
	/* Taken by another in the meantime: the link is good for nothing. */
	if (rc == STORE_E_UNIQUE)
		rc = ACCOUNT_E_TOKEN;
	if (rc == 0)
		*out = f.account;
	return rc;
}
