/* See testkit.h. Thread: the test's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "account/testkit.h"

#include "base/log.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct account_kit kit;
const struct account_client kit_client = {.address = "192.0.2.7", .software = "Firefox on Linux"};

struct accounts_params kit_params(void)
{
	struct accounts_params p = {
		.store = kit.store,
		.password_min = ACCOUNT_PASSWORD_MIN,
		.hash_ops = crypto_pwhash_OPSLIMIT_MIN,
		.hash_bytes = crypto_pwhash_MEMLIMIT_MIN,
		.session_idle_s = 7 * 86400,
		.session_max_s = 30 * 86400,
		.signup_s = 86400,
		.reset_s = 1800,
		.email_s = 86400,
		.invite_s = 7 * 86400,
		.setup_s = 3600,
		.passkeys_max = 3,
		.api_tokens_max = 3,
		.rooms_max = 3,
		.audit_keep_s = 365 * 86400,
		.public_url = "https://call.example.org",
		.rand = rand_bytes,
	};
	memset(p.key, 0x5a, sizeof(p.key));
	return p;
}

void kit_advance(int64_t seconds)
{
	kit.now += seconds * ACCOUNT_US;
}

struct account kit_add(const char *email, const char *name, enum account_role role)
{
	const struct account_signup in = {.name = name, .email = email, .password = KIT_PASSWORD};
	struct account out;
	struct account_fault fault;
	assert_int_equal(account_add(kit.a, &in, role, kit.now, &fault, &out), 0);
	return out;
}

struct account_login kit_signin(const char *email, char token[ACCOUNT_TOKEN_LEN + 1])
{
	const struct account_signin in = {.email = email, .password = KIT_PASSWORD};
	struct account_login out;
	assert_int_equal(account_signin(kit.a, &in, &kit_client, kit.now, &out, token), 0);
	return out;
}

int kit_try(const char *email, const char *password)
{
	const struct account_signin in = {.email = email, .password = password};
	struct account_login out;
	char token[ACCOUNT_TOKEN_LEN + 1];
	int rc = account_signin(kit.a, &in, &kit_client, kit.now, &out, token);
	if (rc == 0)
		assert_int_equal(account_signout(kit.a, out.account.id, out.session.id), 0);
	return rc;
}

/* The text of each question is kept for good: its address names the prepared statement. */
static const char *keep(const char *sql)
{
	static char kept[64][256];
	for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
		if (!kept[i][0])
			(void)snprintf(kept[i], sizeof(kept[i]), "%s", sql);
		if (strcmp(kept[i], sql) == 0)
			return kept[i];
	}
	fail_msg("too many different questions");
	return NULL;
}

struct count {
	const char *sql;
	int64_t n;
};

static int on_count(void *arg, const struct store_value *v, size_t n)
{
	((struct count *)arg)->n = v[0].i;
	return 0;
}

static int count(struct store_conn *c, void *arg)
{
	struct count *k = arg;
	return store_query(c, k->sql, STORE_NO_ARGS, on_count, k);
}

int64_t kit_count(const char *from)
{
	char sql[256];
	(void)snprintf(sql, sizeof(sql), "SELECT COUNT(*) FROM %s", from);
	struct count k = {.sql = keep(sql), .n = -1};
	assert_int_equal(store_read(kit.store, count, &k), 0);
	return k.n;
}

/* ---- mail ---- */

struct letter {
	const char *template, *email;
	char id[ACCOUNT_ID_LEN + 1];
	json_t *vars;
};

static int on_letter(void *arg, const struct store_value *v, size_t n)
{
	struct letter *l = arg;
	json_decref(l->vars);
	assert_int_equal(store_column_text(&v[0], l->id, sizeof(l->id)), 0);
	return account_unseal_json(kit.a, "mail", v[1].text, v[1].len, &l->vars);
}

static int take_letter(struct store_conn *c, void *arg)
{
	struct letter *l = arg;
	int rc = store_query(
		c,
		"SELECT id, vars FROM mails WHERE template = $1 AND email = $2 ORDER BY created_us, due_us",
		STORE_ARGS(store_text(l->template), store_text(l->email)), on_letter, l);
	return rc ? rc
		  : store_exec(c, "DELETE FROM mails WHERE id = $1", STORE_ARGS(store_text(l->id)), NULL);
}

void kit_mail(const char *template, const char *email, const char *var, char *out, size_t size)
{
	struct letter l = {.template = template, .email = email};
	assert_int_equal(store_write(kit.store, take_letter, &l), 0);
	const char *value = json_string_value(json_object_get(l.vars, var));
	(void)snprintf(out, size, "%s", value ? value : "");
	json_decref(l.vars);
}

void kit_token(const char *template, const char *email, char token[ACCOUNT_TOKEN_LEN + 1])
{
	kit_mail(template, email, "token", token, ACCOUNT_TOKEN_LEN + 1);
	assert_int_equal(strlen(token), ACCOUNT_TOKEN_LEN);
}

/* ---- running ---- */

static int clear(struct store_conn *c, void *arg)
{
	int rc = store_exec(c, "DELETE FROM accounts", STORE_NO_ARGS, NULL);
	if (rc == 0)
		rc = store_exec(c, "DELETE FROM tokens", STORE_NO_ARGS, NULL);
	if (rc == 0)
		rc = store_exec(c, "DELETE FROM mails", STORE_NO_ARGS, NULL);
	if (rc == 0)
		rc = store_exec(c, "DELETE FROM audit", STORE_NO_ARGS, NULL);
	return rc ? rc : store_exec(c, "DELETE FROM settings", STORE_NO_ARGS, NULL);
}

void kit_clear(void)
{
	assert_int_equal(store_write(kit.store, clear, NULL), 0);
	kit.now = KIT_NOW;
}

static void open_kit(void)
{
	kit.store = store_kit_store(&kit.db, 4, 5000);
	assert_int_equal(store_migrate(kit.store), 0);
	struct accounts_params p = kit_params();
	assert_int_equal(accounts_new(&p, &kit.a), 0);
}

static int before_each(void **state)
{
	kit_clear();
	return 0;
}

int kit_main(int argc, char **argv, const char *name, const struct CMUnitTest *tests, size_t n)
{
	char group[64];
	struct CMUnitTest mine[64];
	const char *kind = argc > 1 ? argv[1] : "sqlite";
	const char *reason = store_kit_open(&kit.db, kind);
	if (reason) {
		print_message("1..0 # SKIP %s\n", reason);
		return 77;
	}
	open_kit();
	assert_true(n <= ARRAY_LEN(mine));
	for (size_t i = 0; i < n; i++) {
		mine[i] = tests[i];
		mine[i].setup_func = before_each;
	}
	(void)snprintf(group, sizeof(group), "%s on %s", name, kind);
	int failed = _cmocka_run_group_tests(group, mine, n, NULL, NULL);
	accounts_free(kit.a);
	store_free(kit.store);
	store_kit_close(&kit.db);
	return failed;
}
