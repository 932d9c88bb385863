/*
 * Deleting an account: everything of theirs goes.
 *
 * Sessions, tokens, passkeys, recovery codes, API tokens and rooms go with the row (foreign keys that
 * cascade). What hangs on the address goes here: links sent to it, mail that waits for it. In the audit log
 * the deeds stay, with the id and the time, as an audit log that its subjects can thin out is none; name,
 * address and network address go. What was done to them is kept under their id, which from now on says
 * nothing.
 *
 * Thread: any that may block.
 */
#include "account/inside.h"

#include <errno.h>
#include <string.h>

struct removal {
	struct accounts *a;
	const char *id, *actor;
	const struct account_client *client;
	int64_t now_us;
};

static int forget_address(struct store_conn *c, const char *email)
{
	const struct store_value address = store_text(email);
	int rc = store_exec(c, "DELETE FROM tokens WHERE email = $1", &address, 1, NULL);
	if (rc == 0)
		rc = store_exec(c, "DELETE FROM mails WHERE email = $1", &address, 1, NULL);
	if (rc == 0)
		rc = store_exec(c, "UPDATE audit SET target = '' WHERE target = $1", &address, 1, NULL);
	return rc;
}

/* The letter to an address that was to become theirs. What else waits for it is whoever's it is. */
static int forget_pending_address(struct store_conn *c, const struct store_value *id)
{
	return store_exec(c,
			  "DELETE FROM mails WHERE template = 'email' AND email IN "
			  "(SELECT email FROM tokens WHERE account_id = $1 AND kind = 'email')",
			  id, 1, NULL);
}

static int forget_account(struct store_conn *c, const struct account *who)
{
	const struct store_value id = store_text(who->id);
	int rc = forget_pending_address(c, &id);
	if (rc == 0)
		rc = store_exec(c, "DELETE FROM accounts WHERE id = $1", &id, 1, NULL);
	if (rc == 0)
		rc = forget_address(c, who->email);
	if (rc == 0)
		rc = store_exec(c, "UPDATE audit SET actor = '', address = '' WHERE actor_id = $1", &id, 1,
				NULL);
	/* What nobody signed in did to the account, as with a passkey's copy: the address may be theirs. */
	if (rc == 0)
		rc = store_exec(c, "UPDATE audit SET address = '' WHERE actor_id = '' AND target = $1", &id,
				1, NULL);
	return rc;
}

static int say_goodbye(struct removal *r, struct store_conn *c, const struct account *who)
{
	const struct account_letter letter = {
		.template = "deleted",
		.email = who->email,
		.language = who->language,
		.vars = {{"name", who->name}},
	};
	return account_mail_queue(r->a, c, &letter, r->now_us);
}

/* Who deletes themselves leaves their id alone. */
static int note(struct removal *r, struct store_conn *c)
{
	struct account actor = {0};
	bool own = r->actor && strcmp(r->actor, r->id) == 0;
	int rc = 0;
	if (own)
		memcpy(actor.id, r->actor, sizeof(actor.id));
	else if (r->actor)
		rc = account_load(c, r->actor, &actor);
	if (rc)
		return rc == ACCOUNT_E_UNKNOWN ? ACCOUNT_E_FORBIDDEN : rc;
	const struct account_deed deed = {
		.actor = r->actor ? &actor : NULL,
		.action = "user.delete",
		.target = r->id,
		.client = own ? NULL : r->client,
	};
	return account_audit_in(c, &deed, r->now_us);
}

static int remove_account(struct store_conn *c, void *arg)
{
	struct removal *r = arg;
	struct account who;
	int rc = account_lock_leaving(c, r->id, &who);
	if (rc == 0)
		rc = account_admin_may_go(c, &who);
	if (rc == 0)
		rc = forget_account(c, &who);
	if (rc == 0)
		rc = say_goodbye(r, c, &who);
	return rc ? rc : note(r, c);
}

int account_delete(struct accounts *a, const char *id, const char *actor, const struct account_client *client,
		   int64_t now_us)
{
	struct removal r = {.a = a, .id = id, .actor = actor, .client = client, .now_us = now_us};
	if (!account_id_ok(id))
		return ACCOUNT_E_UNKNOWN;
	return store_write(a->p.store, remove_account, &r);
}
