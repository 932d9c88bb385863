/*
 * TOTP and recovery codes: switched on, asked for, used up, and off; on SQLite and on PostgreSQL.
 */
#include "account/factor_kit.h"
#include "account/otp.h"
#include "base/mem.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct factor_kit k;
static const char *no_database;

/* What Ada has in her hands. */
static char secret[ACCOUNT_TOTP_SECRET_LEN + 1];
static char codes[ACCOUNT_RECOVERY_CODES][ACCOUNT_RECOVERY_LEN + 1];

/* What her authenticator shows, @steps from now. */
static const char *shown(int steps)
{
	static char code[16];
	uint8_t key[OTP_KEY_BYTES];
	uint32_t value;
	assert_int_equal(otp_key_parse(secret, key), 0);
	assert_int_equal(otp_hotp(key, (uint64_t)(k.now_us / ACCOUNT_US / 30 + steps), &value), 0);
	(void)snprintf(code, sizeof(code), "%06u", value % 1000000);
	return code;
}

struct asked {
	struct accounts *a;
	const char *account, *code;
	int64_t now_us;
	int rc;
};

static int in_transaction(struct store_conn *c, void *arg)
{
	struct asked *q = arg;
	return account_second_factor(q->a, c, q->account, q->code, q->now_us);
}

static int ask(const struct account *who, const char *code)
{
	struct asked q = {.a = k.accounts, .account = who->id, .code = code, .now_us = k.now_us};
	return store_write(k.store, in_transaction, &q);
}

static int set_up(void **state)
{
	if (no_database)
		skip();
	factor_kit_fresh(&k);
	return 0;
}

static void switch_on(void)
{
	char uri[512];
	assert_int_equal(account_totp_new(k.accounts, &k.ada, secret, uri, sizeof(uri)), 0);
	assert_int_equal(account_totp_on(k.accounts, k.ada.id, NULL, secret, shown(0), k.now_us, NULL, codes),
			 0);
}

static void a_new_secret(void **state)
{
	char uri[512], other[ACCOUNT_TOTP_SECRET_LEN + 1], want[512];

	assert_int_equal(account_totp_new(k.accounts, &k.ada, secret, uri, sizeof(uri)), 0);
	(void)snprintf(want, sizeof(want),
		       "otpauth://totp/Parley%%20%%28call.example.org%%29:ada%%40example.org?secret=%s"
		       "&issuer=Parley%%20%%28call.example.org%%29&algorithm=SHA1&digits=6&period=30",
		       secret);
	assert_string_equal(uri, want);
	assert_int_equal(account_totp_new(k.accounts, &k.ada, other, uri, sizeof(uri)), 0);
	assert_string_not_equal(secret, other);
	size_t need = strlen(want) + 1;
	for (size_t n = 0; n < need; n++)
		assert_int_equal(account_totp_new(k.accounts, &k.ada, other, uri, n), -ENOBUFS);
	assert_int_equal(account_totp_new(k.accounts, &k.ada, other, uri, need), 0);
	/* Nothing is kept until it is proved. */
	assert_int_equal(factor_kit_count(&k, "SELECT COUNT(*) FROM accounts WHERE totp <> ''"), 0);
}

static void on_wants_proof(void **state)
{
	struct account_fault fault = {0};
	char uri[512];

	memset(codes, 0, sizeof(codes));
	assert_int_equal(account_totp_new(k.accounts, &k.ada, secret, uri, sizeof(uri)), 0);
	static const char *const bad[] = {
		NULL, "", "12345", "1234567", "12345a", "      ", "\xff\xff\xff\xff\xff\xff"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(
			account_totp_on(k.accounts, k.ada.id, NULL, secret, bad[i], k.now_us, &fault, codes),
			ACCOUNT_E_CODE);
	assert_int_equal(
		account_totp_on(k.accounts, k.ada.id, NULL, secret, shown(2), k.now_us, &fault, codes),
		ACCOUNT_E_CODE);
	assert_null(fault.field);
	assert_int_equal(
		account_totp_on(k.accounts, k.ada.id, NULL, "short", "123456", k.now_us, &fault, codes),
		ACCOUNT_E_FIELD);
	assert_string_equal(fault.field, "secret");
	assert_int_equal(account_totp_on(k.accounts, k.ada.id, NULL, NULL, "123456", k.now_us, &fault, codes),
			 ACCOUNT_E_FIELD);
	assert_int_equal(account_totp_on(k.accounts, "nobodynobodynobo", NULL, secret, shown(0), k.now_us,
					 NULL, codes),
			 ACCOUNT_E_UNKNOWN);
	assert_int_equal(factor_kit_count(&k, "SELECT COUNT(*) FROM accounts WHERE totp <> ''"), 0);
	assert_string_equal(codes[0], "");
	assert_int_equal(ask(&k.ada, NULL), 0);
}

static void on_ends_other_sessions(void **state)
{
	char mine[ACCOUNT_ID_LEN + 1], other[ACCOUNT_ID_LEN + 1], bobs[ACCOUNT_ID_LEN + 1], left[64],
		uri[512];
	struct account ada;

	factor_kit_session(&k, &k.ada, mine);
	factor_kit_session(&k, &k.ada, other);
	factor_kit_session(&k, &k.bob, bobs);
	assert_int_equal(account_totp_new(k.accounts, &k.ada, secret, uri, sizeof(uri)), 0);
	assert_int_equal(
		account_totp_on(k.accounts, k.ada.id, mine, secret, shown(-1), k.now_us, NULL, codes), 0);
	factor_kit_text(
		&k, "SELECT s.id FROM sessions s JOIN accounts a ON a.id = s.account_id WHERE a.name = 'Ada'",
		left, sizeof(left));
	assert_string_equal(left, mine);
	assert_int_equal(factor_kit_count(&k, "SELECT COUNT(*) FROM sessions"), 2);
	assert_int_equal(account_get(k.accounts, k.ada.id, &ada), 0);
	assert_true(ada.totp);
	assert_int_equal(ada.recovery_codes, ACCOUNT_RECOVERY_CODES);
	assert_int_equal(account_totp_on(k.accounts, k.ada.id, mine, secret, shown(1), k.now_us, NULL, codes),
			 ACCOUNT_E_STATE);
}

/* Neither the secret nor a code can be read from the database. */
static void sealed(void **state)
{
	char kept[256];
	uint8_t key[OTP_KEY_BYTES];
	char plain[64];

	switch_on();
	factor_kit_text(&k, "SELECT totp FROM accounts WHERE name = 'Ada'", kept, sizeof(kept));
	assert_int_equal(otp_key_parse(secret, key), 0);
	sodium_bin2base64(plain, sizeof(plain), key, sizeof(key), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	assert_null(strstr(kept, plain));
	assert_null(strstr(kept, secret));
	for (int i = 0; i < ACCOUNT_RECOVERY_CODES; i++) {
		static const char sql[] = "SELECT COUNT(*) FROM recovery_codes WHERE hash = $1";
		char hash[ACCOUNT_HASH_LEN + 1];
		account_token_hash(codes[i], hash);
		assert_int_equal(factor_kit_count_of(&k, sql, hash), 0);
		assert_int_equal(factor_kit_count_of(&k, sql, codes[i]), 0);
	}
	/* The seal of another key does not open, and that is our failure, not a wrong code. */
	k.accounts->p.key[0] ^= 1;
	assert_int_equal(ask(&k.ada, shown(1)), -EIO);
	k.accounts->p.key[0] ^= 1;
	assert_int_equal(ask(&k.ada, shown(1)), 0);
}

static void asked_for(void **state)
{
	assert_int_equal(ask(&k.ada, NULL), 0);
	assert_int_equal(ask(&k.ada, "000000"), 0); /* needs none, so any will do */
	switch_on();
	assert_int_equal(ask(&k.ada, NULL), ACCOUNT_E_SECOND_FACTOR);
	assert_int_equal(ask(&k.ada, ""), ACCOUNT_E_SECOND_FACTOR);
	assert_int_equal(ask(&k.bob, NULL), 0);
	static const char *const bad[] = {" ",
					  "1",
					  "1234567",
					  "abcdef",
					  "-",
					  "abcde-fghjk-mnpqr",
					  "uuuuu-uuuuu",
					  "\xc3\xa4"
					  "bcde-fghj",
					  "0000000000"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(ask(&k.ada, bad[i]), ACCOUNT_E_CODE);
}

static void a_step_counts_once(void **state)
{
	char spaced[16];

	switch_on(); /* which used this step */
	assert_int_equal(ask(&k.ada, shown(0)), ACCOUNT_E_CODE);
	assert_int_equal(ask(&k.ada, shown(-1)), ACCOUNT_E_CODE);
	assert_int_equal(ask(&k.ada, shown(2)), ACCOUNT_E_CODE);
	(void)snprintf(spaced, sizeof(spaced), "%.3s %s", shown(1), shown(1) + 3);
	assert_int_equal(ask(&k.ada, spaced), 0);
	assert_int_equal(ask(&k.ada, shown(1)), ACCOUNT_E_CODE);
	k.now_us += 30 * ACCOUNT_US; /* what was used is now this step */
	assert_int_equal(ask(&k.ada, shown(0)), ACCOUNT_E_CODE);
	k.now_us += 60 * ACCOUNT_US;
	assert_int_equal(ask(&k.ada, shown(-1)), 0);
	assert_int_equal(ask(&k.ada, shown(0)), 0);
}

/* What was used in a transaction that came to nothing is not used. */
static int and_fail(struct store_conn *c, void *arg)
{
	int rc = in_transaction(c, arg);
	return rc ? rc : ACCOUNT_E_FORBIDDEN;
}

static void rolled_back(void **state)
{
	switch_on();
	char digits[16];
	(void)snprintf(digits, sizeof(digits), "%s", shown(1));
	const char *both[] = {digits, codes[0]};
	for (size_t i = 0; i < ARRAY_LEN(both); i++) {
		struct asked q = {.a = k.accounts, .account = k.ada.id, .code = both[i], .now_us = k.now_us};
		assert_int_equal(store_write(k.store, and_fail, &q), ACCOUNT_E_FORBIDDEN);
		assert_int_equal(ask(&k.ada, both[i]), 0);
		assert_int_equal(ask(&k.ada, both[i]), ACCOUNT_E_CODE);
	}
}

static void *ask_thread(void *arg)
{
	struct asked *q = arg;
	q->rc = store_write(k.store, in_transaction, q);
	return NULL;
}

/* Of many who come at once with one code, one gets in. */
static void at_once(void **state)
{
	char digits[16];
	switch_on();
	(void)snprintf(digits, sizeof(digits), "%s", shown(1));
	const char *both[] = {digits, codes[3]};
	for (size_t i = 0; i < ARRAY_LEN(both); i++) {
		struct asked q[4];
		pthread_t threads[4];
		int in = 0;
		for (int t = 0; t < 4; t++) {
			q[t] = (struct asked){
				.a = k.accounts, .account = k.ada.id, .code = both[i], .now_us = k.now_us};
			assert_int_equal(pthread_create(&threads[t], NULL, ask_thread, &q[t]), 0);
		}
		for (int t = 0; t < 4; t++) {
			assert_int_equal(pthread_join(threads[t], NULL), 0);
			assert_true(q[t].rc == 0 || q[t].rc == ACCOUNT_E_CODE);
			in += q[t].rc == 0;
		}
		assert_int_equal(in, 1);
	}
}

/* ---- recovery codes ---- */

static void recovery_codes_count_once(void **state)
{
	struct account ada;

	switch_on();
	for (int i = 0; i < ACCOUNT_RECOVERY_CODES; i++) {
		assert_int_equal(strlen(codes[i]), ACCOUNT_RECOVERY_LEN);
		assert_int_equal(codes[i][5], '-');
		for (int j = 0; j < i; j++)
			assert_string_not_equal(codes[i], codes[j]);
		assert_int_equal(ask(&k.ada, codes[i]), 0);
		assert_int_equal(ask(&k.ada, codes[i]), ACCOUNT_E_CODE);
	}
	assert_int_equal(account_get(k.accounts, k.ada.id, &ada), 0);
	assert_int_equal(ada.recovery_codes, 0);
	assert_true(ada.totp);
	assert_int_equal(ask(&k.ada, shown(1)), 0);
}

/* As people write them. */
static void recovery_code_forms(void **state)
{
	char form[64];

	switch_on();
	(void)snprintf(form, sizeof(form), " %.5s%.5s ", codes[0], codes[0] + 6);
	assert_int_equal(ask(&k.ada, form), 0);
	for (size_t i = 0; i <= ACCOUNT_RECOVERY_LEN; i++)
		form[i] = (char)(codes[1][i] >= 'a' ? codes[1][i] & ~0x20 : codes[1][i]);
	assert_int_equal(ask(&k.ada, form), 0);
	for (size_t i = 0; i <= ACCOUNT_RECOVERY_LEN; i++)
		form[i] = (char)(codes[2][i] == '0' ? 'O' : codes[2][i] == '1' ? 'l' : codes[2][i]);
	assert_int_equal(ask(&k.ada, form), 0);
	(void)snprintf(form, sizeof(form), "%s0", codes[3]);
	assert_int_equal(ask(&k.ada, form), ACCOUNT_E_CODE);
	(void)snprintf(form, sizeof(form), "%.10s", codes[3]);
	assert_int_equal(ask(&k.ada, form), ACCOUNT_E_CODE);
}

static void recovery_codes_are_ones_own(void **state)
{
	char adas[ACCOUNT_RECOVERY_LEN + 1], uri[512];

	switch_on();
	memcpy(adas, codes[0], sizeof(adas));
	assert_int_equal(account_totp_new(k.accounts, &k.bob, secret, uri, sizeof(uri)), 0);
	assert_int_equal(account_totp_on(k.accounts, k.bob.id, NULL, secret, shown(0), k.now_us, NULL, codes),
			 0);
	assert_int_equal(ask(&k.bob, adas), ACCOUNT_E_CODE);
	assert_int_equal(ask(&k.ada, adas), 0);
}

static void recovery_codes_renewed(void **state)
{
	char old[ACCOUNT_RECOVERY_CODES][ACCOUNT_RECOVERY_LEN + 1];

	assert_int_equal(account_recovery_codes(k.accounts, k.ada.id, k.now_us, codes), ACCOUNT_E_STATE);
	switch_on();
	memcpy(old, codes, sizeof(old));
	assert_int_equal(ask(&k.ada, old[0]), 0);
	assert_int_equal(account_recovery_codes(k.accounts, k.ada.id, k.now_us, codes), 0);
	assert_int_equal(factor_kit_count(&k, "SELECT COUNT(*) FROM recovery_codes"), ACCOUNT_RECOVERY_CODES);
	for (int i = 0; i < ACCOUNT_RECOVERY_CODES; i++)
		assert_int_equal(ask(&k.ada, old[i]), ACCOUNT_E_CODE);
	assert_int_equal(ask(&k.ada, codes[9]), 0);
	assert_int_equal(account_recovery_codes(k.accounts, "nobodynobodynobo", k.now_us, codes),
			 ACCOUNT_E_UNKNOWN);
}

static void off(void **state)
{
	assert_int_equal(account_totp_off(k.accounts, k.ada.id, k.now_us), ACCOUNT_E_STATE);
	switch_on();
	/* Also where the key is gone that it was sealed with. */
	k.accounts->p.key[0] ^= 1;
	assert_int_equal(account_totp_off(k.accounts, k.ada.id, k.now_us), 0);
	k.accounts->p.key[0] ^= 1;
	assert_int_equal(ask(&k.ada, NULL), 0);
	assert_int_equal(factor_kit_count(&k, "SELECT COUNT(*) FROM recovery_codes"), 0);
	assert_int_equal(account_totp_off(k.accounts, k.ada.id, k.now_us), ACCOUNT_E_STATE);
	switch_on();
	assert_int_equal(ask(&k.ada, shown(1)), 0);
}

/* ---- out of memory ---- */

/* Everything once; stops at what failed. */
static int scenario(void)
{
	char uri[512], fresh[ACCOUNT_RECOVERY_CODES][ACCOUNT_RECOVERY_LEN + 1];

	int rc = account_totp_new(k.accounts, &k.ada, secret, uri, sizeof(uri));
	if (rc == 0)
		rc = account_totp_on(k.accounts, k.ada.id, NULL, secret, shown(0), k.now_us, NULL, codes);
	if (rc == 0)
		rc = ask(&k.ada, shown(1));
	if (rc == 0)
		rc = ask(&k.ada, codes[0]);
	if (rc == 0)
		rc = account_recovery_codes(k.accounts, k.ada.id, k.now_us, fresh);
	return rc ? rc : account_totp_off(k.accounts, k.ada.id, k.now_us);
}

static void out_of_memory(void **state)
{
	bool hit = true;

	for (uint64_t n = 0; hit; n++) {
		mem_fail_after(n);
		int rc = scenario();
		hit = mem_fail_hit();
		mem_fail_never();
		assert_int_equal(rc, hit ? -ENOMEM : 0);
		/* Whole, whatever it was: on, with all its codes, or off. */
		if (account_totp_off(k.accounts, k.ada.id, k.now_us) == ACCOUNT_E_STATE)
			assert_int_equal(factor_kit_count(&k, "SELECT COUNT(*) FROM recovery_codes"), 0);
		assert_true(n < 1000);
	}
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_new_secret, set_up),
		cmocka_unit_test_setup(on_wants_proof, set_up),
		cmocka_unit_test_setup(on_ends_other_sessions, set_up),
		cmocka_unit_test_setup(sealed, set_up),
		cmocka_unit_test_setup(asked_for, set_up),
		cmocka_unit_test_setup(a_step_counts_once, set_up),
		cmocka_unit_test_setup(rolled_back, set_up),
		cmocka_unit_test_setup(at_once, set_up),
		cmocka_unit_test_setup(recovery_codes_count_once, set_up),
		cmocka_unit_test_setup(recovery_code_forms, set_up),
		cmocka_unit_test_setup(recovery_codes_are_ones_own, set_up),
		cmocka_unit_test_setup(recovery_codes_renewed, set_up),
		cmocka_unit_test_setup(off, set_up),
		cmocka_unit_test_setup(out_of_memory, set_up),
	};
	if (sodium_init() < 0 || argc != 2)
		return 1;
	no_database = factor_kit_open(&k, argv[1]);
	if (no_database)
		(void)fprintf(stderr, "%s\n", no_database);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	if (!no_database)
		factor_kit_close(&k);
	return failed;
}
