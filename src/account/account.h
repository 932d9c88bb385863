/*
 * Accounts: who somebody is, how they prove it, what belongs to them. Rules and SQL; no HTTP, no sockets.
 *
 * Every function here blocks (database, password hashing), so it runs on a worker thread, never on a loop;
 * one struct accounts serves all of them, as nothing in it changes after accounts_new(). Functions that hash
 * a password say so: they go to the pool that has as many threads as there are cores.
 *
 * Results: 0; < 0: -errno, of the store's meaning (store/store.h): 503; > 0: enum account_code: the peer's
 * fault. Outputs are untouched unless 0 is returned. Texts from people are checked here, once; field names in
 * struct account_fault tell the form which.
 *
 * Nothing tells whether an address has an account: not results, nor the rows written, nor the time taken.
 */
#ifndef PARLEY_ACCOUNT_ACCOUNT_H
#define PARLEY_ACCOUNT_ACCOUNT_H

#include "base/rand.h"
#include "store/store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ACCOUNT_ID_LEN         16
#define ACCOUNT_EMAIL_MAX      254 /* RFC 5321 §4.5.3.1.3, less the brackets */
#define ACCOUNT_NAME_BYTES     160 /* 40 characters, as in calls */
#define ACCOUNT_LANGUAGE_MAX   16  /* BCP 47: en, de, pt-BR */
#define ACCOUNT_TOKEN_LEN      43  /* 256 random bits, base64url */
#define ACCOUNT_PASSWORD_MIN   8   /* characters; default of accounts.password_min */
#define ACCOUNT_PASSWORD_BYTES 512
#define ACCOUNT_CLIENT_MAX     80
#define ACCOUNT_ADDRESS_MAX    46
#define ACCOUNT_KEY_BYTES      32

enum account_code {
	ACCOUNT_E_FIELD = STORE_E_OWN, /* struct account_fault says which and why: 422 */
	ACCOUNT_E_CREDENTIALS, /* address or password is wrong, or no such account, or it is disabled: 401 */
	ACCOUNT_E_SECOND_FACTOR, /* the password is right and a code is needed: 401 */
	ACCOUNT_E_CODE,          /* the code is wrong or used: 401 */
	ACCOUNT_E_TOKEN,         /* wrong, used, void or too old: 410 */
	ACCOUNT_E_CLOSED,        /* sign-up is closed, or wants an invitation: 403 */
	ACCOUNT_E_FORBIDDEN,     /* not theirs, or beyond their role: 403 */
	ACCOUNT_E_UNKNOWN,       /* no such thing, or not theirs to know of: 404 */
	ACCOUNT_E_LAST_ADMIN,    /* would leave nobody who may administer: 409 */
	ACCOUNT_E_TOO_MANY,      /* passkeys, tokens, rooms of one account: 409 */
	ACCOUNT_E_EXISTS,        /* command line and set-up only: 409 */
	ACCOUNT_E_STATE,         /* two-factor is on already, is not on, …: 409 */
};

struct account_fault {
	const char *field;  /* "email", "password", "name", …; a literal */
	const char *reason; /* a sentence for people; a literal */
};

enum account_role { ACCOUNT_GUEST, ACCOUNT_MEMBER, ACCOUNT_ADMIN };
enum account_signup_mode { ACCOUNT_SIGNUP_OPEN, ACCOUNT_SIGNUP_INVITE, ACCOUNT_SIGNUP_CLOSED };

const char *account_role_text(enum account_role role);
/** account_role_parse() - "member", "admin". Return: 0; -EINVAL. */
int account_role_parse(const char *text, enum account_role *out) MUST_CHECK;

struct accounts_params {
	struct store *store;
	uint8_t key[ACCOUNT_KEY_BYTES]; /* seals what the database holds and only we may read */
	uint32_t password_min;          /* characters */
	uint64_t hash_ops;              /* argon2id; 0: libsodium's "interactive" */
	size_t hash_bytes;
	uint32_t session_idle_s, session_max_s;
	uint32_t signup_s, reset_s, email_s, invite_s, setup_s; /* how long mailed tokens are good */
	uint32_t passkeys_max, api_tokens_max, rooms_max;       /* per account */
	uint32_t audit_keep_s;
	const char *
		public_url; /* origin, for the relying party id and names in authenticators; "" : localhost */
	rand_fn rand;
	void *rand_arg;
};

struct accounts;

/** accounts_new() - computes the hash that unknown addresses are checked against. Return: 0; -ENOMEM. */
int accounts_new(const struct accounts_params *p, struct accounts **out) MUST_CHECK;
struct accounts *accounts_free(struct accounts *a);

struct account {
	char id[ACCOUNT_ID_LEN + 1];
	char email[ACCOUNT_EMAIL_MAX + 1];
	char name[ACCOUNT_NAME_BYTES + 1];
	char language[ACCOUNT_LANGUAGE_MAX + 1];
	enum account_role role;
	bool disabled;
	bool totp;
	bool has_password;
	uint32_t passkeys, recovery_codes, rooms;
	int64_t created_us, signed_in_us;
};

/* Who asks, for the audit log and the list of sessions. */
struct account_client {
	char address[ACCOUNT_ADDRESS_MAX];
	char software[ACCOUNT_CLIENT_MAX]; /* "Firefox on Linux": account_client_software() */
};

/** account_client_software() - from a User-Agent header (NULL-safe), in a few plain words. */
void account_client_software(const char *user_agent, char out[ACCOUNT_CLIENT_MAX]);

/* ---- signing up (signup.c) ---- */

struct account_login;

struct account_signup {
	const char *name, *email, *password, *language;
	const char *invite; /* token; NULL or "": none */
};

/**
 * account_signup() - check, hash, keep what was given until the address is confirmed, queue a mail: to a new
 * address the link, to a known one word that somebody tried. Both write the same rows. Of several tries for
 * one address the last five stay good, each with its own password, until one is confirmed. An invitation is
 * good whatever @mode says, for the address it was sent to, as long as who sent it is an admin, and is used
 * up by confirming. Hashes a password. Return: 0; ACCOUNT_E_FIELD; ACCOUNT_E_CLOSED; ACCOUNT_E_TOKEN (of the
 * invitation).
 */
int account_signup(struct accounts *a, const struct account_signup *in, enum account_signup_mode mode,
		   int64_t now_us, struct account_fault *fault) MUST_CHECK;

/** account_confirm() - the mailed link, and the password that was chosen with it: the account comes to be,
 * with a session; other sign-ups of the address are void. Hashes a password. Return: 0; ACCOUNT_E_TOKEN;
 * ACCOUNT_E_CREDENTIALS: another password (the token stays good). */
int account_confirm(struct accounts *a, const char *token, const char *password,
		    const struct account_client *client, int64_t now_us, struct account_login *out,
		    char session[ACCOUNT_TOKEN_LEN + 1]) MUST_CHECK;

/** account_setup_token() - a link for the first admin, where there is no admin. Replaces an earlier one.
 * Return: 0; ACCOUNT_E_STATE: there is one. */
int account_setup_token(struct accounts *a, int64_t now_us, char token[ACCOUNT_TOKEN_LEN + 1]) MUST_CHECK;

/** account_setup() - the first admin makes their account with it. Hashes a password.
 * Return: 0; ACCOUNT_E_TOKEN; ACCOUNT_E_FIELD; ACCOUNT_E_EXISTS. */
int account_setup(struct accounts *a, const char *token, const struct account_signup *in, int64_t now_us,
		  struct account_fault *fault, struct account *out) MUST_CHECK;

/* ---- sessions (session.c, signin.c) ---- */

struct account_session {
	char id[ACCOUNT_ID_LEN + 1];
	int64_t created_us, seen_us;
	int64_t expires_us; /* idle or absolute, what comes first */
	struct account_client client;
};

/* Who is behind a request. The HTTP side keeps these in a bounded cache and forgets them by account id. */
struct account_login {
	struct account account;
	struct account_session session; /* id "": an API token */
	char scopes[128];               /* of an API token; "" : a session, which may do all */
};

struct account_signin {
	const char *email, *password;
	const char *code; /* six digits, or a recovery code; NULL or "": none */
};

/**
 * account_signin() - by password, and code where the account has TOTP. Makes a session; unused reset tokens
 * become void. Hashes a password, also for an unknown address.
 * Return: 0; ACCOUNT_E_CREDENTIALS; ACCOUNT_E_SECOND_FACTOR; ACCOUNT_E_CODE.
 */
int account_signin(struct accounts *a, const struct account_signin *in, const struct account_client *client,
		   int64_t now_us, struct account_login *out, char token[ACCOUNT_TOKEN_LEN + 1]) MUST_CHECK;

/** account_by_token() - of a session's cookie. Moves seen_us on, at most once a minute.
 * Return: 0; ACCOUNT_E_TOKEN. */
int account_by_token(struct accounts *a, const char *token, int64_t now_us,
		     struct account_login *out) MUST_CHECK;

struct account_live {
	char account[ACCOUNT_ID_LEN + 1], session[ACCOUNT_ID_LEN + 1];
	bool ended;
	bool due; /* its own */
};

/**
 * account_sessions_live() - sessions used by a connection, without requests: has it @ended, by whomever, by
 * session_max_s, or with its account? That of the others counts as being seen: they do not become idle.
 * Return: 0; -errno: nothing is known.
 */
int account_sessions_live(struct accounts *a, struct account_live *list, size_t n, int64_t now_us) MUST_CHECK;

typedef int (*account_session_fn)(void *arg, const struct account_session *s);
int account_sessions(struct accounts *a, const char *account, int64_t now_us, account_session_fn fn,
		     void *arg) MUST_CHECK;

/** account_signout() - one session of @account. Return: 0; ACCOUNT_E_UNKNOWN. */
int account_signout(struct accounts *a, const char *account, const char *session) MUST_CHECK;

/** account_signout_all() - every session but @keep; NULL: all of them, and all API tokens. */
int account_signout_all(struct accounts *a, const char *account, const char *keep) MUST_CHECK;

/* ---- forgotten passwords (reset.c) ---- */

/** account_forgot() - a link is mailed if the address is known; the same rows are written if not. An earlier
 * link becomes void. Return: 0; ACCOUNT_E_FIELD. */
int account_forgot(struct accounts *a, const char *email, int64_t now_us,
		   struct account_fault *fault) MUST_CHECK;

/** account_reset() - a new password; all sessions and API tokens end; a mail tells. Hashes a password.
 * Return: 0, with whose it was; ACCOUNT_E_TOKEN; ACCOUNT_E_FIELD (the token stays good). */
int account_reset(struct accounts *a, const char *token, const char *password,
		  const struct account_client *client, int64_t now_us, struct account_fault *fault,
		  char account[ACCOUNT_ID_LEN + 1]) MUST_CHECK;

/* ---- profile (profile.c) ---- */

int account_get(struct accounts *a, const char *id, struct account *out) MUST_CHECK; /* ACCOUNT_E_UNKNOWN */

/** account_update() - @name, @language: NULL leaves it. */
int account_update(struct accounts *a, const char *id, const char *name, const char *language,
		   struct account_fault *fault, struct account *out) MUST_CHECK;

/**
 * account_set_password() - wants the old one; every session but @session ends, and that one gets a new token;
 * API tokens end; a mail tells; links that were mailed before are void. Hashes two passwords.
 * Return: 0; ACCOUNT_E_CREDENTIALS: the old one is wrong; ACCOUNT_E_FIELD: "new"; ACCOUNT_E_UNKNOWN: @session
 * has ended.
 */
int account_set_password(struct accounts *a, const char *id, const char *session, const char *old,
			 const char *new, int64_t now_us, struct account_fault *fault,
			 char token[ACCOUNT_TOKEN_LEN + 1]) MUST_CHECK;

/** account_check_password() - for what asks for it again. Hashes. Return: 0; ACCOUNT_E_CREDENTIALS. */
int account_check_password(struct accounts *a, const char *id, const char *password) MUST_CHECK;

/** account_change_email() - a link goes to the new address, a word to the old one; a taken address gets a
 * word instead of the link, and the caller cannot tell. Hashes. Return: 0; ACCOUNT_E_CREDENTIALS;
 * ACCOUNT_E_FIELD. */
int account_change_email(struct accounts *a, const char *id, const char *email, const char *password,
			 int64_t now_us, struct account_fault *fault) MUST_CHECK;

/** account_confirm_email() - the link. The old address is told again. Return: 0; ACCOUNT_E_TOKEN. */
int account_confirm_email(struct accounts *a, const char *token, int64_t now_us,
			  struct account *out) MUST_CHECK;

/** account_delete() - everything of theirs goes; a mail says goodbye. The audit log keeps what they did and
 * when, under their id, but neither name nor address. @actor: who does it, an account's id; NULL: the command
 * line. Return: 0; ACCOUNT_E_LAST_ADMIN; ACCOUNT_E_UNKNOWN; ACCOUNT_E_FORBIDDEN: no such actor. */
int account_delete(struct accounts *a, const char *id, const char *actor, const struct account_client *client,
		   int64_t now_us) MUST_CHECK;

/** account_export() - all there is of them as a JSON text, without secrets; free with free(). */
int account_export(struct accounts *a, const char *id, int64_t now_us, char **json) MUST_CHECK;

/* ---- second factor (totp.c, recovery.c): RFC 6238, SHA-1, 6 digits, 30 s, one step either way ---- */

#define ACCOUNT_TOTP_SECRET_LEN 32 /* base32 of 160 bits */
#define ACCOUNT_RECOVERY_CODES  10
#define ACCOUNT_RECOVERY_LEN    11 /* "xxxxx-xxxxx" */

#define ACCOUNT_TOTP_TICKET_LEN 139
#define ACCOUNT_TOTP_TICKET_S   600
#define ACCOUNT_TOTP_URI_MAX    2048 /* with its NUL; holds any */

struct account_totp {
	char secret[ACCOUNT_TOTP_SECRET_LEN + 1];
	char ticket[ACCOUNT_TOTP_TICKET_LEN + 1]; /* the secret, for whom and until when, sealed */
	char uri[ACCOUNT_TOTP_URI_MAX];           /* otpauth://… */
};

/** account_totp_new() - a secret, kept nowhere: the client brings the ticket back. The caller has asked for
 * the password; @session (NULL is "") is where it was given. Return: 0; -ENOMEM. */
int account_totp_new(struct accounts *a, const struct account *who, const char *session, int64_t now_us,
		     struct account_totp *out) MUST_CHECK;

/** account_totp_on() - @ticket shows that the password was given in this session, not long ago, for this
 * secret; @code that the authenticator has it. Other sessions end.
 * Return: 0; ACCOUNT_E_TOKEN: the ticket is none of ours, another's, or too old; ACCOUNT_E_CODE;
 * ACCOUNT_E_STATE: it is on. */
int account_totp_on(struct accounts *a, const char *id, const char *session, const char *ticket,
		    const char *code, int64_t now_us,
		    char codes[ACCOUNT_RECOVERY_CODES][ACCOUNT_RECOVERY_LEN + 1]) MUST_CHECK;

/** account_totp_off() - the recovery codes go too. Return: 0; ACCOUNT_E_STATE: it is not on. */
int account_totp_off(struct accounts *a, const char *id, int64_t now_us) MUST_CHECK;

/** account_recovery_codes() - new ones; the old are void. Return: 0; ACCOUNT_E_STATE: no TOTP. */
int account_recovery_codes(struct accounts *a, const char *id, int64_t now_us,
			   char codes[ACCOUNT_RECOVERY_CODES][ACCOUNT_RECOVERY_LEN + 1]) MUST_CHECK;

/* account_second_factor() is what account_signin() asks, in its write transaction: account/inside.h */

/* ---- passkeys (passkey*.c, webauthn*.c): WebAuthn Level 2, attestation "none", ES256 and EdDSA and RS256
 * ---- */

/* As JSON by which the browser's API is called; base64url for its buffers. Free with free(). */
int account_passkey_options(struct accounts *a, const struct account *who, int64_t now_us,
			    char **json) MUST_CHECK;

/* What the browser answered, base64url as it came. */
struct account_passkey_answer {
	const char *name; /* of a new one */
	const char *id;
	const char *client_data;        /* clientDataJSON */
	const char *authenticator_data; /* signing in; in a new one inside attestation_object */
	const char *attestation_object; /* a new one */
	const char *signature;          /* signing in */
	const char *user_handle;        /* signing in; the account id */
};

/** account_passkey_add() - @origin: the page's. Return: 0; ACCOUNT_E_FIELD; ACCOUNT_E_TOKEN: the challenge;
 * ACCOUNT_E_TOO_MANY. */
int account_passkey_add(struct accounts *a, const char *id, const struct account_passkey_answer *in,
			const char *origin, int64_t now_us, struct account_fault *fault) MUST_CHECK;

struct account_passkey {
	char id[ACCOUNT_ID_LEN + 1];
	char name[ACCOUNT_NAME_BYTES + 1];
	int64_t created_us, used_us;
};
typedef int (*account_passkey_fn)(void *arg, const struct account_passkey *p);
int account_passkeys(struct accounts *a, const char *id, account_passkey_fn fn, void *arg) MUST_CHECK;
int account_passkey_remove(struct accounts *a, const char *id, const char *passkey) MUST_CHECK; /* _UNKNOWN */

/** account_passkey_signin_options() - for nobody in particular (discoverable credentials). */
int account_passkey_signin_options(struct accounts *a, int64_t now_us, char **json) MUST_CHECK;

/** account_passkey_signin() - with user verification it needs no second factor. A counter that does not rise
 * is noted in the audit log. Return: 0; ACCOUNT_E_CREDENTIALS, whatever is wrong; ACCOUNT_E_FIELD: it has not
 * even the form of an answer. */
int account_passkey_signin(struct accounts *a, const struct account_passkey_answer *in, const char *origin,
			   const struct account_client *client, int64_t now_us, struct account_login *out,
			   char token[ACCOUNT_TOKEN_LEN + 1]) MUST_CHECK;

/* ---- API tokens (api_token.c): "parley_" and 43 symbols; scopes: account:read rooms:read rooms:write admin
 * ---- */

#define ACCOUNT_API_TOKEN_LEN (7 + ACCOUNT_TOKEN_LEN)

struct account_api_token {
	char id[ACCOUNT_ID_LEN + 1];
	char name[ACCOUNT_NAME_BYTES + 1];
	char scopes[128];
	int64_t created_us, used_us, expires_us;
};
/** account_api_token_add() - @expires_us: 0 never. "admin" only for admins. */
int account_api_token_add(struct accounts *a, const struct account *who, const char *name, const char *scopes,
			  int64_t expires_us, int64_t now_us, struct account_fault *fault,
			  struct account_api_token *out, char token[ACCOUNT_API_TOKEN_LEN + 1]) MUST_CHECK;
typedef int (*account_api_token_fn)(void *arg, const struct account_api_token *t);
int account_api_tokens(struct accounts *a, const char *id, account_api_token_fn fn, void *arg) MUST_CHECK;
int account_api_token_remove(struct accounts *a, const char *id, const char *token_id) MUST_CHECK;
/** account_by_api_token() - Return: 0; ACCOUNT_E_TOKEN. */
int account_by_api_token(struct accounts *a, const char *token, int64_t now_us,
			 struct account_login *out) MUST_CHECK;

/* ---- administration (admin.c, audit.c, settings.c) ---- */

struct account_query {
	const char *text;  /* the beginning of an address or of a name; "" : all */
	const char *after; /* cursor: what *next was; "" : from the start */
	uint32_t limit;    /* at most 100 */
};
typedef int (*account_fn)(void *arg, const struct account *a);
/** account_search() - by address, then name; at most 10 ms of database time with a million accounts.
 * A page may be short, or empty, with more to come: @next (ACCOUNT_EMAIL_MAX + 4 bytes) is "" at the end. */
int account_search(struct accounts *a, const struct account_query *q, account_fn fn, void *arg,
		   char *next) MUST_CHECK;

/** account_invite() - mails a link good for @role. Return: 0; ACCOUNT_E_FIELD; ACCOUNT_E_EXISTS. */
int account_invite(struct accounts *a, const struct account *actor, const char *email, enum account_role role,
		   const struct account_client *client, int64_t now_us,
		   struct account_fault *fault) MUST_CHECK;

/** account_set_role(), account_set_disabled() - all sessions of theirs end. Return: 0; ACCOUNT_E_UNKNOWN;
 * ACCOUNT_E_LAST_ADMIN. @actor NULL: the command line. */
int account_set_role(struct accounts *a, const struct account *actor, const char *id, enum account_role role,
		     const struct account_client *client, int64_t now_us) MUST_CHECK;
int account_set_disabled(struct accounts *a, const struct account *actor, const char *id, bool disabled,
			 const struct account_client *client, int64_t now_us) MUST_CHECK;

/** account_two_factor_off() - of one who has lost it; the recovery codes go too, and all sessions end.
 * Return: 0; ACCOUNT_E_UNKNOWN; ACCOUNT_E_STATE: it is not on. @actor NULL: the command line. */
int account_two_factor_off(struct accounts *a, const struct account *actor, const char *id,
			   const struct account_client *client, int64_t now_us) MUST_CHECK;

/** account_add() - from the command line: no confirmation. A password of NULL: none, until they set one by
 * mail. Hashes. Return: 0; ACCOUNT_E_FIELD; ACCOUNT_E_EXISTS. */
int account_add(struct accounts *a, const struct account_signup *in, enum account_role role, int64_t now_us,
		struct account_fault *fault, struct account *out) MUST_CHECK;
/** account_force_password() - from the command line; sessions and API tokens end. Hashes. */
int account_force_password(struct accounts *a, const char *id, const char *password, int64_t now_us,
			   struct account_fault *fault) MUST_CHECK;
int account_by_email(struct accounts *a, const char *email,
		     struct account *out) MUST_CHECK; /* ACCOUNT_E_UNKNOWN */

struct account_event {
	int64_t id; /* microseconds since 1970, made unique */
	const char *actor_id, *actor, *action, *target, *detail, *address;
};
/** account_audit() - note what was done; @action is a literal such as "user.role", "room.end". Also called by
 * what is here. @target: of a person the account's id, shown as their address while there is one; @detail:
 * nothing that says who somebody is, as it stays when they are gone. */
int account_audit(struct accounts *a, const struct account *actor, const char *action, const char *target,
		  const char *detail, const struct account_client *client, int64_t now_us) MUST_CHECK;
typedef int (*account_event_fn)(void *arg, const struct account_event *e);
/** account_audit_log() - newest first, older than @before (0: from now). @limit: at most 100. */
int account_audit_log(struct accounts *a, int64_t before, uint32_t limit, account_event_fn fn,
		      void *arg) MUST_CHECK;

typedef int (*account_setting_fn)(void *arg, const char *name, const char *value);
int account_settings(struct accounts *a, account_setting_fn fn, void *arg) MUST_CHECK;
/** account_set_setting() - the caller has checked name and value; noted in the audit log. */
int account_set_setting(struct accounts *a, const struct account *actor, const char *name, const char *value,
			const struct account_client *client, int64_t now_us) MUST_CHECK;

/** account_sweep() - drop what is over: sessions, tokens, audit. Now and then; at most @limit rows of each.
 * @more: there were as many, so there may be others. */
int account_sweep(struct accounts *a, uint32_t limit, int64_t now_us, bool *more) MUST_CHECK;

#endif
