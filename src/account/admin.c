/*
 * What admins do to others: invite, change the role, disable, set a password.
 *
 * There is always somebody who may administer: whoever is about to take an admin away holds the rows of all
 * of them first, so of two who remove each other one is refused.
 *
 * Thread: any that may block; account_force_password(): one that may hash.
 */
#include "account/inside.h"
#include "account/recovery.h"

#include <errno.h>
#include <string.h>

/* ---- the last admin ---- */

static int on_any(void *arg, const struct store_value *v, size_t n)
{
	bool *any = arg;
	*any = true;
	return 0;
}

static int lock_admins(struct store_conn *c)
{
	return store_exec(c, "UPDATE accounts SET totp_step = totp_step WHERE role = 'admin'", STORE_NO_ARGS,
			  NULL);
}

int account_lock_leaving(struct store_conn *c, const char *id, struct account *out)
{
	struct account who;
	int rc = account_load(c, id, &who);
	if (rc == 0 && who.role == ACCOUNT_ADMIN)
		rc = lock_admins(c);
	if (rc == 0)
		rc = account_lock(c, id);
	return rc ? rc : account_load(c, id, out);
}

int account_admin_may_go(struct store_conn *c, const struct account *who)
{
	bool any = false;
	if (who->role != ACCOUNT_ADMIN || who->disabled)
		return 0;
	int rc = lock_admins(c);
	if (rc == 0)
		rc = store_query(
			c,
			"SELECT id FROM accounts WHERE role = 'admin' AND disabled = 0 AND id <> $1 LIMIT 1",
			STORE_ARGS(store_text(who->id)), on_any, &any);
	return rc ? rc : any ? 0 : ACCOUNT_E_LAST_ADMIN;
}

/* ---- invitations ---- */

struct invite {
	struct accounts *a;
	const struct account *actor;
	const struct account_client *client;
	enum account_role role;
	int64_t now_us;
	char email[ACCOUNT_EMAIL_MAX + 1];
};

static int put_invite(struct invite *i, struct store_conn *c, char token[ACCOUNT_TOKEN_LEN + 1])
{
	json_t *data = json_pack("{s:s, s:s}", "role", account_role_text(i->role), "inviter",
				 i->actor ? i->actor->id : "");
	if (!data)
		return -ENOMEM;
	const struct account_token_new new = {
		.kind = "invite",
		.email = i->email,
		.data = data,
		.now_us = i->now_us,
		.expires_us = i->now_us + (int64_t)i->a->p.invite_s * ACCOUNT_US,
	};
	int rc = account_tokens_void_email(c, i->email, "invite");
	if (rc == 0)
		rc = account_token_put(i->a, c, &new, token);
	json_decref(data);
	return rc;
}

static int mail_invite(struct invite *i, struct store_conn *c, const char *token)
{
	const struct account_letter letter = {
		.template = "invite",
		.email = i->email,
		.language = i->actor ? i->actor->language : "",
		.vars = {{"name", ""}, {"token", token}, {"inviter", i->actor ? i->actor->name : "Parley"}},
	};
	return account_mail_queue(i->a, c, &letter, i->now_us);
}

static int invite(struct store_conn *c, void *arg)
{
	struct invite *i = arg;
	struct account known;
	char token[ACCOUNT_TOKEN_LEN + 1];
	int rc = account_load_email(c, i->email, &known);
	if (rc != ACCOUNT_E_UNKNOWN)
		return rc ? rc : ACCOUNT_E_EXISTS;
	rc = put_invite(i, c, token);
	if (rc == 0)
		rc = mail_invite(i, c, token);
	if (rc)
		return rc;
	const struct account_deed deed = {
		.actor = i->actor,
		.action = "user.invite",
		.target = i->email,
		.detail = account_role_text(i->role),
		.client = i->client,
	};
	return account_audit_in(c, &deed, i->now_us);
}

int account_invite(struct accounts *a, const struct account *actor, const char *email, enum account_role role,
		   const struct account_client *client, int64_t now_us, struct account_fault *fault)
{
	struct invite i = {.a = a, .actor = actor, .client = client, .role = role, .now_us = now_us};
	int rc = account_check_email(email, i.email, fault);
	return rc ? rc : store_write(a->p.store, invite, &i);
}

/* ---- role and state ---- */

struct change {
	struct accounts *a;
	const struct account *actor;
	const struct account_client *client;
	const char *id;
	int64_t now_us;
	enum account_role role;
	bool disabled;
	struct account account;
};

static int note(const struct change *g, struct store_conn *c, const char *action, const char *detail)
{
	const struct account_deed deed = {
		.actor = g->actor,
		.action = action,
		.target = g->id,
		.detail = detail,
		.client = g->client,
	};
	return account_audit_in(c, &deed, g->now_us);
}

static int tell_role(const struct change *g, struct store_conn *c)
{
	const struct account_letter letter = {
		.template = "role_changed",
		.email = g->account.email,
		.language = g->account.language,
		.vars = {{"name", g->account.name}, {"role", account_role_text(g->role)}},
	};
	return account_mail_queue(g->a, c, &letter, g->now_us);
}

/* Tokens of programs keep what the account may still do. */
static int end_admin_tokens(struct store_conn *c, const char *id)
{
	return store_exec(c, "DELETE FROM api_tokens WHERE account_id = $1 AND scopes LIKE '%admin%'",
			  STORE_ARGS(store_text(id)), NULL);
}

static int set_role(struct store_conn *c, void *arg)
{
	struct change *g = arg;
	int rc = account_lock_leaving(c, g->id, &g->account);
	if (rc || g->account.role == g->role)
		return rc;
	rc = account_admin_may_go(c, &g->account);
	if (rc == 0)
		rc = store_exec(c, "UPDATE accounts SET role = $2 WHERE id = $1",
				STORE_ARGS(store_text(g->id), store_text(account_role_text(g->role))), NULL);
	if (rc == 0)
		rc = account_sessions_end(c, g->id, NULL);
	if (rc == 0 && g->role != ACCOUNT_ADMIN)
		rc = end_admin_tokens(c, g->id);
	if (rc == 0)
		rc = tell_role(g, c);
	return rc ? rc : note(g, c, "user.role", account_role_text(g->role));
}

int account_set_role(struct accounts *a, const struct account *actor, const char *id, enum account_role role,
		     const struct account_client *client, int64_t now_us)
{
	struct change g = {
		.a = a, .actor = actor, .client = client, .id = id, .now_us = now_us, .role = role};
	return account_id_ok(id) ? store_write(a->p.store, set_role, &g) : ACCOUNT_E_UNKNOWN;
}

static int drop_two_factor(struct store_conn *c, void *arg)
{
	struct change *g = arg;
	int rc = account_lock(c, g->id);
	if (rc == 0)
		rc = account_load(c, g->id, &g->account);
	if (rc == 0 && !g->account.totp)
		rc = ACCOUNT_E_STATE;
	if (rc == 0)
		rc = store_exec(c, "UPDATE accounts SET totp = '', totp_step = 0 WHERE id = $1",
				STORE_ARGS(store_text(g->id)), NULL);
	if (rc == 0)
		rc = account_recovery_drop(c, g->id);
	if (rc == 0)
		rc = account_sessions_end(c, g->id, NULL);
	return rc ? rc : note(g, c, "user.two-factor-off", NULL);
}

int account_two_factor_off(struct accounts *a, const struct account *actor, const char *id,
			   const struct account_client *client, int64_t now_us)
{
	struct change g = {.a = a, .actor = actor, .client = client, .id = id, .now_us = now_us};
	return account_id_ok(id) ? store_write(a->p.store, drop_two_factor, &g) : ACCOUNT_E_UNKNOWN;
}

/* Links that wait in a mailbox are void as well: a reset would let them back in once enabled. */
static int shut_out(struct store_conn *c, const char *id)
{
	int rc = account_sessions_end(c, id, NULL);
	if (rc == 0)
		rc = account_tokens_void(c, id, "reset");
	return rc ? rc : account_tokens_void(c, id, "email");
}

static int set_disabled(struct store_conn *c, void *arg)
{
	struct change *g = arg;
	int rc = account_lock_leaving(c, g->id, &g->account);
	if (rc || g->account.disabled == g->disabled)
		return rc;
	if (g->disabled)
		rc = account_admin_may_go(c, &g->account);
	if (rc == 0)
		rc = store_exec(c, "UPDATE accounts SET disabled = $2 WHERE id = $1",
				STORE_ARGS(store_text(g->id), store_int(g->disabled)), NULL);
	if (rc == 0)
		rc = shut_out(c, g->id);
	return rc ? rc : note(g, c, g->disabled ? "user.disable" : "user.enable", NULL);
}

int account_set_disabled(struct accounts *a, const struct account *actor, const char *id, bool disabled,
			 const struct account_client *client, int64_t now_us)
{
	struct change g = {
		.a = a, .actor = actor, .client = client, .id = id, .now_us = now_us, .disabled = disabled};
	return account_id_ok(id) ? store_write(a->p.store, set_disabled, &g) : ACCOUNT_E_UNKNOWN;
}

/* ---- a password from the command line ---- */

struct force {
	struct change change;
	char hash[ACCOUNT_PASSWORD_HASH];
};

static int force(struct store_conn *c, void *arg)
{
	struct force *f = arg;
	int rc = account_lock_leaving(c, f->change.id, &f->change.account);
	if (rc == 0)
		rc = account_password_put(f->change.a, c, &f->change.account, f->hash, f->change.now_us);
	if (rc == 0)
		rc = account_logins_end(c, f->change.id);
	return rc ? rc : note(&f->change, c, "password.set", NULL);
}

int account_force_password(struct accounts *a, const char *id, const char *password, int64_t now_us,
			   struct account_fault *fault)
{
	struct force f = {.change = {.a = a, .id = id, .now_us = now_us}};
	struct account who;
	int rc = account_get(a, id, &who);
	if (rc == 0)
		rc = account_password_check(a, password, who.email, fault);
	if (rc == 0)
		rc = account_password_hash(a, password, f.hash);
	return rc ? rc : store_write(a->p.store, force, &f);
}
