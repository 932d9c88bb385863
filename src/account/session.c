/*
 * Sessions of browsers: a random token in a cookie, its hash in a row.
 *
 * A session ends when it has not been used for session_idle_s, or session_max_s after it was made, whatever
 * comes first; both are asked in the query, so that a row that is over is as good as none, swept or not.
 *
 * Thread: any that may block.
 */
#include "account/inside.h"

#include "base/text.h"

#include <errno.h>
#include <string.h>

#define SEEN_EVERY_US (60 * ACCOUNT_US)
#define SESSIONS_MAX  100 /* of one account; the least used give way */

#define SESSION_COLUMNS "s.id, s.created_us, s.seen_us, s.client, s.address"

static int64_t idle_us(const struct accounts *a)
{
	return (int64_t)a->p.session_idle_s * ACCOUNT_US;
}

static int64_t max_us(const struct accounts *a)
{
	return (int64_t)a->p.session_max_s * ACCOUNT_US;
}

static int64_t expiry(const struct accounts *a, int64_t created_us, int64_t seen_us)
{
	int64_t idle = seen_us + idle_us(a), absolute = created_us + max_us(a);
	return idle < absolute ? idle : absolute;
}

static int session_from_row(const struct accounts *a, const struct store_value *v,
			    struct account_session *out)
{
	struct account_session s = {.created_us = v[1].i, .seen_us = v[2].i};
	s.expires_us = expiry(a, s.created_us, s.seen_us);
	if (store_column_text(&v[0], s.id, sizeof(s.id)) ||
	    store_column_text(&v[3], s.client.software, sizeof(s.client.software)) ||
	    store_column_text(&v[4], s.client.address, sizeof(s.client.address)))
		return -EIO;
	*out = s;
	return 0;
}

/* ---- made and ended ---- */

static int end_least_used(struct store_conn *c, const char *account_id)
{
	return store_exec(c,
			  "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE account_id = $1 "
			  "ORDER BY seen_us DESC, id LIMIT 1000 OFFSET $2)",
			  STORE_ARGS(store_text(account_id), store_int(SESSIONS_MAX - 1)), NULL);
}

static int insert(struct store_conn *c, const char *account_id, const struct account_session *s,
		  const char *hash)
{
	return store_exec(
		c,
		"INSERT INTO sessions (id, token_hash, account_id, created_us, seen_us, client, address) "
		"VALUES ($1, $2, $3, $4, $5, $6, $7)",
		STORE_ARGS(store_text(s->id), store_text(hash), store_text(account_id),
			   store_int(s->created_us), store_int(s->seen_us), store_text(s->client.software),
			   store_text(s->client.address)),
		NULL);
}

static int note_signin(struct store_conn *c, const char *account_id, int64_t now_us)
{
	int64_t changed;
	int rc = store_exec(c, "UPDATE accounts SET signed_in_us = $2 WHERE id = $1 AND disabled = 0",
			    STORE_ARGS(store_text(account_id), store_int(now_us)), &changed);
	return rc ? rc : changed ? 0 : ACCOUNT_E_CREDENTIALS;
}

int account_session_new(struct accounts *a, struct store_conn *c, const char *account_id,
			const struct account_client *client, int64_t now_us, struct account_login *out,
			char token[ACCOUNT_TOKEN_LEN + 1])
{
	struct account_login login = {
		.session = {.created_us = now_us, .seen_us = now_us, .client = *client}};
	char made[ACCOUNT_TOKEN_LEN + 1], hash[ACCOUNT_HASH_LEN + 1];
	account_id_new(a, login.session.id);
	account_token_new(a, made);
	account_token_hash(made, hash);
	login.session.expires_us = expiry(a, now_us, now_us);
	int rc = note_signin(c, account_id, now_us);
	if (rc == 0)
		rc = account_tokens_void(c, account_id, "reset");
	if (rc == 0)
		rc = end_least_used(c, account_id);
	if (rc == 0)
		rc = insert(c, account_id, &login.session, hash);
	if (rc == 0)
		rc = account_load(c, account_id, &login.account);
	if (rc)
		return rc;
	*out = login;
	memcpy(token, made, sizeof(made));
	return 0;
}

int account_session_renew(struct accounts *a, struct store_conn *c, const char *account_id,
			  const char *session, char token[ACCOUNT_TOKEN_LEN + 1])
{
	char made[ACCOUNT_TOKEN_LEN + 1], hash[ACCOUNT_HASH_LEN + 1];
	int64_t changed;
	account_token_new(a, made);
	account_token_hash(made, hash);
	int rc = store_exec(c, "UPDATE sessions SET token_hash = $3 WHERE id = $1 AND account_id = $2",
			    STORE_ARGS(store_text(session), store_text(account_id), store_text(hash)),
			    &changed);
	if (rc == 0 && changed == 0)
		rc = ACCOUNT_E_UNKNOWN;
	if (rc == 0)
		memcpy(token, made, sizeof(made));
	return rc;
}

int account_sessions_end(struct store_conn *c, const char *account_id, const char *keep)
{
	return store_exec(c, "DELETE FROM sessions WHERE account_id = $1 AND id <> $2",
			  STORE_ARGS(store_text(account_id), store_text(keep ? keep : "")), NULL);
}

int account_api_tokens_end(struct store_conn *c, const char *account_id)
{
	return store_exec(c, "DELETE FROM api_tokens WHERE account_id = $1",
			  STORE_ARGS(store_text(account_id)), NULL);
}

int account_logins_end(struct store_conn *c, const char *account_id)
{
	int rc = account_sessions_end(c, account_id, NULL);
	return rc ? rc : account_api_tokens_end(c, account_id);
}

/* ---- whose it is ---- */

struct lookup {
	struct accounts *a;
	char hash[ACCOUNT_HASH_LEN + 1];
	int64_t now_us;
	struct account_login login;
	bool found;
};

static int on_login(void *arg, const struct store_value *v, size_t n)
{
	struct lookup *l = arg;
	l->found = true;
	int rc = account_from_row(v, &l->login.account);
	return rc ? rc : session_from_row(l->a, v + ACCOUNT_N_COLUMNS, &l->login.session);
}

static int read_login(struct store_conn *c, void *arg)
{
	struct lookup *l = arg;
	l->found = false;
	int rc = store_query(
		c,
		"SELECT " ACCOUNT_COLUMNS ", " SESSION_COLUMNS
		" FROM sessions s JOIN accounts a ON a.id = s.account_id "
		"WHERE s.token_hash = $1 AND s.seen_us > $2 AND s.created_us > $3 AND a.disabled = 0",
		STORE_ARGS(store_text(l->hash), store_int(l->now_us - idle_us(l->a)),
			   store_int(l->now_us - max_us(l->a))),
		on_login, l);
	return rc ? rc : l->found ? 0 : ACCOUNT_E_TOKEN;
}

static int write_seen(struct store_conn *c, void *arg)
{
	const struct lookup *l = arg;
	return store_exec(c, "UPDATE sessions SET seen_us = $2 WHERE id = $1 AND seen_us < $2",
			  STORE_ARGS(store_text(l->login.session.id), store_int(l->now_us)), NULL);
}

int account_by_token(struct accounts *a, const char *token, int64_t now_us, struct account_login *out)
{
	struct lookup l = {.a = a, .now_us = now_us};
	if (!token || strnlen(token, ACCOUNT_TOKEN_LEN + 1) != ACCOUNT_TOKEN_LEN)
		return ACCOUNT_E_TOKEN;
	account_token_hash(token, l.hash);
	int rc = store_read(a->p.store, read_login, &l);
	if (rc)
		return rc;
	struct account_session *s = &l.login.session;
	if (now_us - s->seen_us >= SEEN_EVERY_US) {
		/* A database that can be read but not written (full, locked; logged there) signs nobody out:
		   the note is made a minute later. */
		if (store_write(a->p.store, write_seen, &l) == 0) {
			s->seen_us = now_us;
			s->expires_us = expiry(a, s->created_us, s->seen_us);
		}
	}
	*out = l.login;
	return 0;
}

/* ---- "your sessions" ---- */

struct listing {
	struct accounts *a;
	const char *account;
	int64_t now_us;
	account_session_fn fn;
	void *arg;
};

static int on_session(void *arg, const struct store_value *v, size_t n)
{
	struct listing *l = arg;
	struct account_session s;
	int rc = session_from_row(l->a, v, &s);
	return rc ? rc : l->fn(l->arg, &s);
}

static int list_sessions(struct store_conn *c, void *arg)
{
	struct listing *l = arg;
	return store_query(c,
			   "SELECT " SESSION_COLUMNS
			   " FROM sessions s WHERE s.account_id = $1 AND s.seen_us > $2 "
			   "AND s.created_us > $3 ORDER BY s.seen_us DESC, s.id",
			   STORE_ARGS(store_text(l->account), store_int(l->now_us - idle_us(l->a)),
				      store_int(l->now_us - max_us(l->a))),
			   on_session, l);
}

int account_sessions(struct accounts *a, const char *account, int64_t now_us, account_session_fn fn,
		     void *arg)
{
	struct listing l = {.a = a, .account = account, .now_us = now_us, .fn = fn, .arg = arg};
	return store_read(a->p.store, list_sessions, &l);
}

struct signout {
	const char *account, *session;
};

static int end_one(struct store_conn *c, void *arg)
{
	const struct signout *s = arg;
	int64_t changed;
	int rc = store_exec(c, "DELETE FROM sessions WHERE id = $1 AND account_id = $2",
			    STORE_ARGS(store_text(s->session), store_text(s->account)), &changed);
	return rc ? rc : changed ? 0 : ACCOUNT_E_UNKNOWN;
}

int account_signout(struct accounts *a, const char *account, const char *session)
{
	struct signout s = {.account = account, .session = session};
	return account_id_ok(session) ? store_write(a->p.store, end_one, &s) : ACCOUNT_E_UNKNOWN;
}

static int end_all(struct store_conn *c, void *arg)
{
	const struct signout *s = arg;
	return s->session ? account_sessions_end(c, s->account, s->session)
			  : account_logins_end(c, s->account);
}

int account_signout_all(struct accounts *a, const char *account, const char *keep)
{
	struct signout s = {.account = account, .session = keep};
	return store_write(a->p.store, end_all, &s);
}
