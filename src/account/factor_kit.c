/* Two accounts in a database of its own. Thread: the test's. */
#include "account/factor_kit.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static struct accounts *make_accounts(struct store *store)
{
	struct accounts_params p = {
		.store = store,
		.password_min = ACCOUNT_PASSWORD_MIN,
		.hash_ops = crypto_pwhash_OPSLIMIT_MIN,
		.hash_bytes = crypto_pwhash_MEMLIMIT_MIN,
		.session_idle_s = 86400,
		.session_max_s = 864000,
		.signup_s = 3600,
		.reset_s = 1800,
		.email_s = 3600,
		.invite_s = 3600,
		.setup_s = 3600,
		.passkeys_max = 4,
		.api_tokens_max = 4,
		.rooms_max = 4,
		.audit_keep_s = 86400,
		.public_url = FACTOR_KIT_ORIGIN,
		.rand = rand_bytes,
	};
	struct accounts *a;
	memset(p.key, 0x5a, sizeof(p.key));
	assert_int_equal(accounts_new(&p, &a), 0);
	return a;
}

static int insert_both(struct store_conn *c, void *arg)
{
	struct factor_kit *k = arg;
	struct account_new ada = {"Ada", "ada@example.org", "", "", ACCOUNT_MEMBER, k->now_us};
	struct account_new bob = {"Bob", "bob@example.org", "", "", ACCOUNT_MEMBER, k->now_us};
	int rc = account_insert(k->accounts, c, &ada, &k->ada);
	return rc ? rc : account_insert(k->accounts, c, &bob, &k->bob);
}

static void begin(struct factor_kit *k)
{
	k->now_us = 1700000000 * ACCOUNT_US;
	k->store = store_kit_store(&k->db, 4, 20000);
	assert_int_equal(store_migrate(k->store), 0);
	k->accounts = make_accounts(k->store);
	assert_int_equal(store_write(k->store, insert_both, k), 0);
}

static void end(struct factor_kit *k)
{
	k->accounts = accounts_free(k->accounts);
	k->store = store_free(k->store);
}

const char *factor_kit_open(struct factor_kit *k, const char *kind)
{
	*k = (struct factor_kit){.client = {.address = "192.0.2.7", .software = "Firefox on Linux"}};
	const char *reason = store_kit_open(&k->db, kind);
	if (!reason)
		begin(k);
	return reason;
}

void factor_kit_close(struct factor_kit *k)
{
	end(k);
	store_kit_close(&k->db);
}

void factor_kit_fresh(struct factor_kit *k)
{
	end(k);
	store_kit_fresh(&k->db);
	begin(k);
}

/* ---- looking ---- */

struct look {
	const char *sql;
	const char *arg; /* NULL: the SQL has none */
	int64_t number;
	char *text;
	size_t size;
	unsigned rows;
};

static int on_row(void *arg, const struct store_value *v, size_t n)
{
	struct look *l = arg;
	l->rows++;
	l->number = v[0].i;
	return l->text ? store_column_text(&v[0], l->text, l->size) : 0;
}

static int do_look(struct store_conn *c, void *arg)
{
	struct look *l = arg;
	l->rows = 0;
	const struct store_value text = store_text(l->arg);
	return store_query(c, l->sql, &text, l->arg ? 1 : 0, on_row, l);
}

int64_t factor_kit_count(struct factor_kit *k, const char *sql)
{
	return factor_kit_count_of(k, sql, NULL);
}

int64_t factor_kit_count_of(struct factor_kit *k, const char *sql, const char *text)
{
	struct look l = {.sql = sql, .arg = text};
	assert_int_equal(store_read(k->store, do_look, &l), 0);
	assert_int_equal(l.rows, 1);
	return l.number;
}

void factor_kit_text(struct factor_kit *k, const char *sql, char *out, size_t size)
{
	struct look l = {.sql = sql, .text = out, .size = size};
	assert_int_equal(store_read(k->store, do_look, &l), 0);
	assert_int_equal(l.rows, 1);
}

struct session {
	struct factor_kit *k;
	const char *account;
	struct account_login login;
};

static int make_session(struct store_conn *c, void *arg)
{
	struct session *s = arg;
	char token[ACCOUNT_TOKEN_LEN + 1];
	return account_session_new(s->k->accounts, c, s->account, &s->k->client, s->k->now_us, &s->login,
				   token);
}

void factor_kit_session(struct factor_kit *k, const struct account *who, char id[ACCOUNT_ID_LEN + 1])
{
	struct session s = {.k = k, .account = who->id};
	assert_int_equal(store_write(k->store, make_session, &s), 0);
	memcpy(id, s.login.session.id, sizeof(s.login.session.id));
}
