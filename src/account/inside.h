/*
 * What the files of this module share. Nobody else includes it.
 *
 * What takes a struct store_conn runs inside of a transaction that the caller has begun.
 */
#ifndef PARLEY_ACCOUNT_INSIDE_H
#define PARLEY_ACCOUNT_INSIDE_H

#include "account/account.h"

#include <jansson.h>

#define ACCOUNT_HASH_LEN       43  /* BLAKE2b-256 as base64url */
#define ACCOUNT_PASSWORD_HASH  128 /* crypto_pwhash_STRBYTES, with its NUL */
#define ACCOUNT_TOKEN_DATA_MAX 4096

#define ACCOUNT_US 1000000LL /* microseconds in a second */

struct accounts {
	struct accounts_params p; /* public_url is our copy */
	char *public_url;
	char dummy[ACCOUNT_PASSWORD_HASH]; /* what unknown addresses are checked against */
};

/* ---- ids and tokens (token.c) ---- */

/** account_id_new() - 16 symbols of base32, 80 random bits. */
void account_id_new(const struct accounts *a, char out[ACCOUNT_ID_LEN + 1]);

/** account_id_ok() - has @id the form of one? What has not names nothing, and may not even be text. */
bool account_id_ok(const char *id);

/** account_token_new() - 256 random bits as base64url. */
void account_token_new(const struct accounts *a, char out[ACCOUNT_TOKEN_LEN + 1]);

/** account_token_hash() - of any string: BLAKE2b-256 as base64url, the form kept in the database. */
void account_token_hash(const char *text, char out[ACCOUNT_HASH_LEN + 1]);

/* A row of the table "tokens". Strings are NULL-safe where they go in. */
struct account_token_row {
	char account_id[ACCOUNT_ID_LEN + 1]; /* "" : none, NULL in the database */
	char email[ACCOUNT_EMAIL_MAX + 1];   /* "" : none */
	json_t *data;                        /* an object; of whoever took the row: json_decref() */
	int64_t created_us, expires_us;
};

/* One that is made: the token itself goes to a mail or a browser, its hash and the sealed data into the row.
 */
struct account_token_new {
	const char *kind;       /* signup, email, reset, invite, setup, passkey */
	const char *account_id; /* NULL: none */
	const char *email;      /* NULL: none */
	json_t *data;           /* borrowed; NULL: {} */
	int64_t now_us, expires_us;
};

/** account_token_put() - a row for a token that is made here. Return: 0; of the store; -ENOMEM. */
int account_token_put(struct accounts *a, struct store_conn *c, const struct account_token_new *in,
		      char token[ACCOUNT_TOKEN_LEN + 1]) MUST_CHECK;

/**
 * account_token_take() - use @token up: of any number of takers one gets it
 * @token: as it came; NULL-safe. Return: 0, with @out->data owned by the caller; ACCOUNT_E_TOKEN.
 */
int account_token_take(struct accounts *a, struct store_conn *c, const char *kind, const char *token,
		       int64_t now_us, struct account_token_row *out) MUST_CHECK;

/** account_token_peek() - as account_token_take(), but it stays. */
int account_token_peek(struct accounts *a, struct store_conn *c, const char *kind, const char *token,
		       int64_t now_us, struct account_token_row *out) MUST_CHECK;

/** account_tokens_void() - all of @account_id of that kind. */
int account_tokens_void(struct store_conn *c, const char *account_id, const char *kind) MUST_CHECK;

/** account_tokens_void_email() - all that were sent to @email of that kind. */
int account_tokens_void_email(struct store_conn *c, const char *email, const char *kind) MUST_CHECK;

/* ---- sealing (seal.c): XSalsa20-Poly1305 under a key derived for @purpose ("token", "mail", "totp",
 * "totp ticket") ---- */

/** account_seal() - @out: base64url, mem_free(). Return: 0; -ENOMEM. */
int account_seal(const struct accounts *a, const char *purpose, const void *data, size_t n,
		 char **out) MUST_CHECK;

/** account_unseal() - @out: @n bytes and a NUL after them, mem_free(). Return: 0; -EIO: it was not sealed by
 * us for this purpose (logged); -ENOMEM. */
int account_unseal(const struct accounts *a, const char *purpose, const char *text, size_t len, char **out,
		   size_t *n) MUST_CHECK;

/** account_unseal_given() - the same of what a client brings back: what does not open is ACCOUNT_E_TOKEN, and
 * nothing to log. */
int account_unseal_given(const struct accounts *a, const char *purpose, const char *text, char **out,
			 size_t *n) MUST_CHECK;

/** account_seal_json(), account_unseal_json() - the same of an object. */
int account_seal_json(const struct accounts *a, const char *purpose, json_t *object, char **out) MUST_CHECK;
int account_unseal_json(const struct accounts *a, const char *purpose, const char *text, size_t len,
			json_t **out) MUST_CHECK;

/* ---- passwords (password.c) ---- */

/** account_password_check() - is it good enough to be taken? Return: 0; ACCOUNT_E_FIELD. */
int account_password_check(const struct accounts *a, const char *password, const char *email,
			   struct account_fault *fault) MUST_CHECK;

/** account_password_hash() - slow. Return: 0; -ENOMEM. */
int account_password_hash(const struct accounts *a, const char *password,
			  char out[ACCOUNT_PASSWORD_HASH]) MUST_CHECK;

/** account_password_verify() - slow, also where @hash is "" or NULL (nobody's). Return: 0;
 * ACCOUNT_E_CREDENTIALS; -ENOMEM: nobody knows; -EIO: @hash is none (both logged). */
int account_password_verify(const struct accounts *a, const char *hash, const char *password) MUST_CHECK;

/* ---- checks of what people give (check.c) ---- */

/** account_fault() - set *@fault (NULL-safe). Return: ACCOUNT_E_FIELD. */
int account_fault(struct account_fault *fault, const char *field, const char *reason);

/** account_check_email() - lower-cased into @out. Return: 0; ACCOUNT_E_FIELD: email. */
int account_check_email(const char *email, char out[ACCOUNT_EMAIL_MAX + 1],
			struct account_fault *fault) MUST_CHECK;

/** account_check_name() - of people, rooms, passkeys, tokens: trimmed into @out. Return: 0; ACCOUNT_E_FIELD:
 * name. */
int account_check_name(const char *name, char out[ACCOUNT_NAME_BYTES + 1],
		       struct account_fault *fault) MUST_CHECK;

/** account_check_language() - NULL is "". Return: 0; ACCOUNT_E_FIELD: language. */
int account_check_language(const char *language, char out[ACCOUNT_LANGUAGE_MAX + 1],
			   struct account_fault *fault) MUST_CHECK;

/** account_name_key() - lower case, for search; as long as @name. */
void account_name_key(const char *name, char out[ACCOUNT_NAME_BYTES + 1]);

/* ---- rows of accounts (load.c) ---- */

/* The columns that account_from_row() reads, of "accounts a". */
#define ACCOUNT_COLUMNS                                                                                      \
	"a.id, a.email, a.name, a.language, a.role, a.disabled, a.totp, a.password, a.created_us, "          \
	"a.signed_in_us, (SELECT COUNT(*) FROM passkeys p WHERE p.account_id = a.id), "                      \
	"(SELECT COUNT(*) FROM recovery_codes r WHERE r.account_id = a.id), "                                \
	"(SELECT COUNT(*) FROM rooms m WHERE m.owner_id = a.id)"
#define ACCOUNT_N_COLUMNS 13

/** account_from_row() - Return: 0; -EIO: not what the schema says (logged). */
int account_from_row(const struct store_value *v, struct account *out) MUST_CHECK;

/** account_load() - Return: 0; ACCOUNT_E_UNKNOWN. */
int account_load(struct store_conn *c, const char *id, struct account *out) MUST_CHECK;
int account_load_email(struct store_conn *c, const char *email, struct account *out) MUST_CHECK;

/** account_lock() - hold the row until the transaction ends, so that what is counted of this account stays
 * counted. Return: 0; ACCOUNT_E_UNKNOWN: no such account. */
int account_lock(struct store_conn *c, const char *id) MUST_CHECK;

struct account_new {
	const char *name, *email, *language;
	const char *password; /* hash; "" : none */
	enum account_role role;
	int64_t now_us;
};

/** account_insert() - Return: 0; ACCOUNT_E_EXISTS: the address is taken (the transaction may go on). */
int account_insert(struct accounts *a, struct store_conn *c, const struct account_new *in,
		   struct account *out) MUST_CHECK;

/* ---- sessions (session.c) ---- */

/**
 * account_session_new() - somebody has proved who they are: a session, the time of sign-in noted, unused
 * reset tokens void, the oldest of too many sessions ended
 * @out, @token: set afresh. Return: 0; ACCOUNT_E_CREDENTIALS: no such account, or it is disabled.
 */
int account_session_new(struct accounts *a, struct store_conn *c, const char *account_id,
			const struct account_client *client, int64_t now_us, struct account_login *out,
			char token[ACCOUNT_TOKEN_LEN + 1]) MUST_CHECK;

/** account_session_renew() - a new token for a session that goes on after a change of what it may do.
 * Return: 0; ACCOUNT_E_UNKNOWN: none of @account_id's. */
int account_session_renew(struct accounts *a, struct store_conn *c, const char *account_id,
			  const char *session, char token[ACCOUNT_TOKEN_LEN + 1]) MUST_CHECK;

/** account_sessions_end() - all but @keep (NULL or "": all). */
int account_sessions_end(struct store_conn *c, const char *account_id, const char *keep) MUST_CHECK;

/** account_api_tokens_end() - all. */
int account_api_tokens_end(struct store_conn *c, const char *account_id) MUST_CHECK;

/** account_logins_end() - all sessions and API tokens. */
int account_logins_end(struct store_conn *c, const char *account_id) MUST_CHECK;

/* ---- changes that several make ---- */

/** account_password_put() - a new password (its hash), whatever the way: mailed links become void, a mail
 * tells. (profile.c) */
int account_password_put(struct accounts *a, struct store_conn *c, const struct account *who,
			 const char *hash, int64_t now_us) MUST_CHECK;

/** account_lock_leaving() - account_lock() and account_load() of one who may be about to be no admin any
 * more: of an admin the rows of all are locked, in one order, before the own one, so that of several who go
 * at once nobody waits in a circle. (admin.c) */
int account_lock_leaving(struct store_conn *c, const char *id, struct account *out) MUST_CHECK;

/** account_admin_may_go() - @who is about to be no admin any more: is there another? Holds the rows of all
 * admins until the transaction ends, so that two cannot go at once. Return: 0; ACCOUNT_E_LAST_ADMIN.
 * (admin.c) */
int account_admin_may_go(struct store_conn *c, const struct account *who) MUST_CHECK;

/* ---- mail (mail_queue.c) ---- */

#define ACCOUNT_LETTER_VARS 4

struct account_letter {
	const char *template; /* "" : the same row, but nothing is ever sent */
	const char *email;
	const char *language; /* NULL is "" */
	struct {
		const char *name, *value; /* name NULL: no more */
	} vars[ACCOUNT_LETTER_VARS];
};

int account_mail_queue(struct accounts *a, struct store_conn *c, const struct account_letter *l,
		       int64_t now_us) MUST_CHECK;

/* ---- audit (audit.c) ---- */

struct account_deed {
	const struct account *actor; /* NULL: the command line, or nobody */
	const char *action;
	const char *target; /* an account's id is shown as its address while there is one; NULL is "" */
	const char *detail; /* NULL is ""; nothing of a person that is not gone when they are */
	const struct account_client *client; /* NULL: none */
};

int account_audit_in(struct store_conn *c, const struct account_deed *d, int64_t now_us) MUST_CHECK;

/* ---- second factor (totp.c) ---- */

/**
 * account_second_factor() - asked by account_signin(), in its write transaction, after the password
 * An account without TOTP needs none. A code that is right is used up: a time step counts once, a recovery
 * code is deleted. @code: NULL or "": none given. Return: 0; ACCOUNT_E_SECOND_FACTOR: no code given, and one
 * is needed; ACCOUNT_E_CODE.
 */
int account_second_factor(struct accounts *a, struct store_conn *c, const char *account_id, const char *code,
			  int64_t now_us) MUST_CHECK;

#endif
