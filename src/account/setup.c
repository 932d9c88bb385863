/*
 * Accounts that come to be without a mail: the first admin's, by a link that is shown on the server's
 * terminal, and those made on the command line.
 *
 * Thread: of the pool that hashes, or the command line's.
 */
#include "account/inside.h"

#include <errno.h>
#include <string.h>

struct maker {
	struct accounts *a;
	const char *token; /* NULL: the command line */
	int64_t now_us;
	struct account_new new;
	char name[ACCOUNT_NAME_BYTES + 1];
	char email[ACCOUNT_EMAIL_MAX + 1];
	char language[ACCOUNT_LANGUAGE_MAX + 1];
	char hash[ACCOUNT_PASSWORD_HASH];
	struct account account;
};

static int on_any(void *arg, const struct store_value *v, size_t n)
{
	bool *any = arg;
	*any = true;
	return 0;
}

static int has_admin(struct store_conn *c, bool *any)
{
	*any = false;
	return store_query(c, "SELECT id FROM accounts WHERE role = 'admin' AND disabled = 0 LIMIT 1",
			   STORE_NO_ARGS, on_any, any);
}

/* ---- the link ---- */

struct link {
	struct accounts *a;
	int64_t now_us;
	char token[ACCOUNT_TOKEN_LEN + 1];
};

static int make_link(struct store_conn *c, void *arg)
{
	struct link *l = arg;
	bool any;
	int rc = has_admin(c, &any);
	if (rc == 0 && any)
		rc = ACCOUNT_E_STATE;
	if (rc == 0)
		rc = account_tokens_void_email(c, "", "setup");
	if (rc)
		return rc;
	const struct account_token_new new = {
		.kind = "setup",
		.now_us = l->now_us,
		.expires_us = l->now_us + (int64_t)l->a->p.setup_s * ACCOUNT_US,
	};
	return account_token_put(l->a, c, &new, l->token);
}

int account_setup_token(struct accounts *a, int64_t now_us, char token[ACCOUNT_TOKEN_LEN + 1])
{
	struct link l = {.a = a, .now_us = now_us};
	int rc = store_write(a->p.store, make_link, &l);
	if (rc == 0)
		memcpy(token, l.token, sizeof(l.token));
	return rc;
}

/* ---- the account ---- */

static int prepare(struct maker *m, const struct account_signup *in, struct account_fault *fault)
{
	int rc = account_check_name(in->name, m->name, fault);
	if (rc == 0)
		rc = account_check_email(in->email, m->email, fault);
	if (rc == 0 && (in->password || m->token))
		rc = account_password_check(m->a, in->password, m->email, fault);
	if (rc == 0)
		rc = account_check_language(in->language, m->language, fault);
	if (rc == 0 && in->password)
		rc = account_password_hash(m->a, in->password, m->hash);
	m->new.name = m->name;
	m->new.email = m->email;
	m->new.language = m->language;
	m->new.password = m->hash;
	m->new.now_us = m->now_us;
	return rc;
}

/* With an admin there, a link that is still lying about makes no second one. */
static int use_link(struct maker *m, struct store_conn *c)
{
	struct account_token_row row;
	bool any;
	int rc = account_token_take(m->a, c, "setup", m->token, m->now_us, &row);
	if (rc)
		return rc;
	json_decref(row.data);
	rc = has_admin(c, &any);
	return rc ? rc : any ? ACCOUNT_E_TOKEN : 0;
}

static int make(struct store_conn *c, void *arg)
{
	struct maker *m = arg;
	int rc = m->token ? use_link(m, c) : 0;
	if (rc == 0)
		rc = account_insert(m->a, c, &m->new, &m->account);
	if (rc)
		return rc;
	const struct account_deed deed = {
		.actor = m->token ? &m->account : NULL,
		.action = m->token ? "user.setup" : "user.add",
		.target = m->account.id,
		.detail = account_role_text(m->account.role),
	};
	return account_audit_in(c, &deed, m->now_us);
}

static int peek_link(struct store_conn *c, void *arg)
{
	struct maker *m = arg;
	struct account_token_row row;
	int rc = account_token_peek(m->a, c, "setup", m->token, m->now_us, &row);
	if (rc == 0)
		json_decref(row.data);
	return rc;
}

static int run(struct maker *m, const struct account_signup *in, struct account_fault *fault,
	       struct account *out)
{
	/* Before the hash, so that guessing at links costs us nothing. */
	int rc = m->token ? store_read(m->a->p.store, peek_link, m) : 0;
	if (rc == 0)
		rc = prepare(m, in, fault);
	if (rc == 0)
		rc = store_write(m->a->p.store, make, m);
	if (rc == 0)
		*out = m->account;
	return rc;
}

int account_setup(struct accounts *a, const char *token, const struct account_signup *in, int64_t now_us,
		  struct account_fault *fault, struct account *out)
{
	struct maker m = {.a = a, .token = token ? token : "", .now_us = now_us, .new.role = ACCOUNT_ADMIN};
	return run(&m, in, fault, out);
}

int account_add(struct accounts *a, const struct account_signup *in, enum account_role role, int64_t now_us,
		struct account_fault *fault, struct account *out)
{
	struct maker m = {.a = a, .now_us = now_us, .new.role = role};
	return run(&m, in, fault, out);
}
