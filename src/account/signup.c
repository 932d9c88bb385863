/*
 * Signing up, and confirming the address.
 *
 * Nothing of an account exists before its address is confirmed: what was given waits, sealed, in the row of
 * the mailed token. For an address that has an account the same rows are written, but the mail is another one
 * and the token is in none, so that neither the answer nor the time tells.
 *
 * Anybody can sign up with somebody's address. So the link alone makes no account, or its owner would get one
 * with a stranger's password: it takes the password chosen at that sign-up as well. And a stranger's try
 * voids none of the owner's; several wait side by side, until one is confirmed.
 *
 * An invitation is bound to the address it was sent to, as it may carry a role. It is used up by confirming,
 * not by signing up: who loses the second mail can sign up again. It ends with the rights of who sent it.
 *
 * Thread: of the pool that hashes.
 */
#include "account/inside.h"

#include "base/mem.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#define PENDING_MAX 5 /* sign-ups of one address that wait; the oldest give way */

struct signup {
	struct accounts *a;
	const char *invite; /* "" : none */
	int64_t now_us;
	char name[ACCOUNT_NAME_BYTES + 1];
	char email[ACCOUNT_EMAIL_MAX + 1];
	char language[ACCOUNT_LANGUAGE_MAX + 1];
	char hash[ACCOUNT_PASSWORD_HASH];
	/* Of the invitation. */
	enum account_role role;
	char invited[ACCOUNT_EMAIL_MAX + 1]; /* "" : no invitation */
	char inviter[ACCOUNT_ID_LEN + 1];    /* "" : the command line */
	int64_t invite_expires_us;
};

static int check(struct signup *s, const struct account_signup *in, struct account_fault *fault)
{
	int rc = account_check_name(in->name, s->name, fault);
	if (rc == 0)
		rc = account_check_email(in->email, s->email, fault);
	if (rc == 0)
		rc = account_password_check(s->a, in->password, s->email, fault);
	if (rc == 0)
		rc = account_check_language(in->language, s->language, fault);
	return rc;
}

/* Whoever may not invite any more has not invited. */
static int check_inviter(struct store_conn *c, const char *id)
{
	struct account inviter;
	int rc = *id ? account_load(c, id, &inviter) : 0;
	if (rc == ACCOUNT_E_UNKNOWN)
		return ACCOUNT_E_TOKEN;
	if (rc == 0 && *id && (inviter.disabled || inviter.role != ACCOUNT_ADMIN))
		return ACCOUNT_E_TOKEN;
	return rc;
}

static int unpack_invite(struct signup *s, json_t *data)
{
	const char *role, *inviter;
	if (json_unpack(data, "{s:s, s:s}", "role", &role, "inviter", &inviter) != 0 ||
	    account_role_parse(role, &s->role) != 0 || strlen(inviter) >= sizeof(s->inviter))
		return -EIO;
	memcpy(s->inviter, inviter, strlen(inviter) + 1);
	return 0;
}

static int read_invite(struct store_conn *c, void *arg)
{
	struct signup *s = arg;
	struct account_token_row row;
	int rc = account_token_peek(s->a, c, "invite", s->invite, s->now_us, &row);
	if (rc)
		return rc;
	rc = unpack_invite(s, row.data);
	json_decref(row.data);
	if (rc == 0)
		rc = check_inviter(c, s->inviter);
	memcpy(s->invited, row.email, sizeof(s->invited));
	s->invite_expires_us = row.expires_us;
	return rc;
}

static int check_invite(struct signup *s, struct account_fault *fault)
{
	s->role = ACCOUNT_MEMBER;
	if (!*s->invite)
		return 0;
	int rc = store_read(s->a->p.store, read_invite, s);
	if (rc == 0 && strcmp(s->invited, s->email) != 0)
		return account_fault(fault, "email", "The invitation was sent to another address.");
	return rc;
}

static json_t *pack(const struct signup *s)
{
	char hash[ACCOUNT_HASH_LEN + 1] = "";
	if (s->invited[0])
		account_token_hash(s->invite, hash);
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "name", s->name, "language", s->language,
			 "password", s->hash, "role", account_role_text(s->role), "invite", hash, "inviter",
			 s->inviter);
}

static int put_token(struct signup *s, struct store_conn *c, char token[ACCOUNT_TOKEN_LEN + 1])
{
	int64_t expires_us = s->now_us + (int64_t)s->a->p.signup_s * ACCOUNT_US;
	if (s->invited[0] && s->invite_expires_us < expires_us)
		expires_us = s->invite_expires_us;
	json_t *data = pack(s);
	if (!data)
		return -ENOMEM;
	const struct account_token_new new = {
		.kind = "signup",
		.email = s->email,
		.data = data,
		.now_us = s->now_us,
		.expires_us = expires_us,
	};
	int rc = account_token_put(s->a, c, &new, token);
	json_decref(data);
	return rc;
}

static int void_oldest(struct store_conn *c, const char *email)
{
	return store_exec(c,
			  "DELETE FROM tokens WHERE hash IN (SELECT hash FROM tokens WHERE email = $1 AND "
			  "kind = 'signup' ORDER BY created_us DESC, hash LIMIT 1000 OFFSET $2)",
			  STORE_ARGS(store_text(email), store_int(PENDING_MAX - 1)), NULL);
}

/* The same statements whether the address is known or not. */
static int keep(struct store_conn *c, void *arg)
{
	struct signup *s = arg;
	struct account known;
	char token[ACCOUNT_TOKEN_LEN + 1];
	int rc = account_load_email(c, s->email, &known);
	if (rc != 0 && rc != ACCOUNT_E_UNKNOWN)
		return rc;
	bool is_known = rc == 0;
	rc = void_oldest(c, s->email);
	if (rc == 0)
		rc = put_token(s, c, token);
	if (rc)
		return rc;
	const struct account_letter letter = {
		.template = is_known ? "signup_known" : "signup",
		.email = s->email,
		.language = is_known ? known.language : s->language,
		.vars = {{"name", is_known ? known.name : s->name}, {"token", is_known ? "" : token}},
	};
	return account_mail_queue(s->a, c, &letter, s->now_us);
}

int account_signup(struct accounts *a, const struct account_signup *in, enum account_signup_mode mode,
		   int64_t now_us, struct account_fault *fault)
{
	struct signup s = {.a = a, .invite = in->invite ? in->invite : "", .now_us = now_us};
	if (mode != ACCOUNT_SIGNUP_OPEN && !*s.invite)
		return ACCOUNT_E_CLOSED;
	int rc = check(&s, in, fault);
	if (rc == 0)
		rc = check_invite(&s, fault);
	if (rc == 0)
		rc = account_password_hash(a, in->password, s.hash);
	return rc ? rc : store_write(a->p.store, keep, &s);
}

/* ---- confirming ---- */

struct confirm {
	struct accounts *a;
	const char *token;
	const struct account_client *client;
	int64_t now_us;
	char hash[ACCOUNT_PASSWORD_HASH]; /* of the password chosen at sign-up */
	struct account_login login;
	char session[ACCOUNT_TOKEN_LEN + 1];
	int code; /* what the caller gets though the transaction was committed */
};

static int read_pending(struct store_conn *c, void *arg)
{
	struct confirm *f = arg;
	struct account_token_row row;
	int rc = account_token_peek(f->a, c, "signup", f->token, f->now_us, &row);
	if (rc)
		return rc;
	const char *hash = json_string_value(json_object_get(row.data, "password"));
	if (hash && strlen(hash) < sizeof(f->hash))
		memcpy(f->hash, hash, strlen(hash) + 1);
	else
		rc = -EIO;
	json_decref(row.data);
	return rc;
}

static int use_invite(struct store_conn *c, const char *hash)
{
	int64_t changed;
	if (!*hash)
		return 0;
	int rc = store_exec(c, "DELETE FROM tokens WHERE hash = $1 AND kind = 'invite'",
			    STORE_ARGS(store_text(hash)), &changed);
	return rc ? rc : changed ? 0 : ACCOUNT_E_TOKEN;
}

static int create(struct confirm *f, struct store_conn *c, const struct account_token_row *row)
{
	const char *role, *invite, *inviter;
	struct account_new new = {.email = row->email, .password = f->hash, .now_us = f->now_us};
	struct account made;
	if (json_unpack(row->data, "{s:s, s:s, s:s, s:s, s:s}", "name", &new.name, "language", &new.language,
			"role", &role, "invite", &invite, "inviter", &inviter) != 0 ||
	    account_role_parse(role, &new.role) != 0)
		return -EIO;
	int rc = check_inviter(c, inviter);
	if (rc == 0)
		rc = use_invite(c, invite);
	if (rc == 0)
		rc = account_insert(f->a, c, &new, &made);
	if (rc == 0)
		return account_session_new(f->a, c, made.id, f->client, f->now_us, &f->login, f->session);
	if (rc != ACCOUNT_E_EXISTS)
		return rc;
	/* Taken meanwhile. Committed, so that the token is gone for good. */
	f->code = ACCOUNT_E_TOKEN;
	return 0;
}

static int confirm(struct store_conn *c, void *arg)
{
	struct confirm *f = arg;
	struct account_token_row row;
	f->code = 0;
	int rc = account_token_take(f->a, c, "signup", f->token, f->now_us, &row);
	if (rc)
		return rc;
	rc = create(f, c, &row);
	json_decref(row.data);
	/* What else was tried with this address is over. */
	return rc ? rc : account_tokens_void_email(c, row.email, "signup");
}

int account_confirm(struct accounts *a, const char *token, const char *password,
		    const struct account_client *client, int64_t now_us, struct account_login *out,
		    char session[ACCOUNT_TOKEN_LEN + 1])
{
	struct confirm f = {.a = a, .token = token, .client = client, .now_us = now_us};
	int rc = store_read(a->p.store, read_pending, &f);
	if (rc == 0)
		rc = account_password_verify(a, f.hash, password);
	if (rc == 0)
		rc = store_write(a->p.store, confirm, &f);
	if (rc == 0)
		rc = f.code;
	if (rc == 0) {
		*out = f.login;
		memcpy(session, f.session, sizeof(f.session));
	}
	sodium_memzero(&f, sizeof(f));
	return rc;
}
