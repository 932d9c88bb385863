/*
 * TOTP and recovery codes: switched on, asked for, used up, and off; on SQLite and on PostgreSQL.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "account/otp.h"
#include "account/testkit.h"
#include "base/mem.h"

#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct account ada, bob;

/* What Ada has in her hands. */
static struct account_totp made;
static char secret[ACCOUNT_TOTP_SECRET_LEN + 1];
static char codes[ACCOUNT_RECOVERY_CODES][ACCOUNT_RECOVERY_LEN + 1];

/* What her authenticator shows, @steps from now. */
static const char *shown(int steps)
{
	static char code[16];
	uint8_t key[OTP_KEY_BYTES];
	uint32_t value;
	assert_int_equal(otp_key_parse(secret, key), 0);
	assert_int_equal(otp_hotp(key, (uint64_t)(kit.now / ACCOUNT_US / 30 + steps), &value), 0);
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
	struct asked q = {.a = kit.a, .account = who->id, .code = code, .now_us = kit.now};
	return store_write(kit.store, in_transaction, &q);
}

static void start(void)
{
	ada = kit_add("ada@example.org", "Ada", ACCOUNT_MEMBER);
	bob = kit_add("bob@example.org", "Bob", ACCOUNT_MEMBER);
}

/* A new secret, for the authenticator. */
static int begin(const struct account *who, const char *session)
{
	int rc = account_totp_new(kit.a, who, session, kit.now, &made);
	if (rc == 0)
		memcpy(secret, made.secret, sizeof(secret));
	return rc;
}

static void switch_on(void)
{
	assert_int_equal(begin(&ada, NULL), 0);
	assert_int_equal(account_totp_on(kit.a, ada.id, NULL, made.ticket, shown(0), kit.now, codes), 0);
}

static void a_new_secret(void **state)
{
	start();
	char first[ACCOUNT_TOTP_SECRET_LEN + 1], want[512];

	assert_int_equal(begin(&ada, NULL), 0);
	memcpy(first, secret, sizeof(first));
	(void)snprintf(want, sizeof(want),
		       "otpauth://totp/Parley%%20%%28call.example.org%%29:ada%%40example.org?secret=%s"
		       "&issuer=Parley%%20%%28call.example.org%%29&algorithm=SHA1&digits=6&period=30",
		       secret);
	assert_string_equal(made.uri, want);
	assert_int_equal(strlen(made.ticket), ACCOUNT_TOTP_TICKET_LEN);
	assert_int_equal(begin(&ada, NULL), 0);
	assert_string_not_equal(secret, first);
	/* Nothing is kept until it is proved. */
	assert_int_equal(kit_count("accounts WHERE totp <> ''"), 0);
}

static int turn_on(const char *ticket, const char *code)
{
	return account_totp_on(kit.a, ada.id, NULL, ticket, code, kit.now, codes);
}

static void on_wants_proof(void **state)
{
	start();
	memset(codes, 0, sizeof(codes));
	assert_int_equal(begin(&ada, NULL), 0);
	static const char *const bad[] = {
		NULL, "", "12345", "1234567", "12345a", "      ", "\xff\xff\xff\xff\xff\xff"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(turn_on(made.ticket, bad[i]), ACCOUNT_E_CODE);
	assert_int_equal(turn_on(made.ticket, shown(2)), ACCOUNT_E_CODE);
	assert_int_equal(kit_count("accounts WHERE totp <> ''"), 0);
	assert_string_equal(codes[0], "");
	assert_int_equal(ask(&ada, NULL), 0);
	assert_int_equal(turn_on(made.ticket, shown(0)), 0);
}

/* The secret that is switched on is one that was given for the password, here and not long ago: neither one
   of the asker's own, nor another's ticket, nor one of another session. */
static void on_wants_the_ticket(void **state)
{
	start();
	char changed[ACCOUNT_TOTP_TICKET_LEN + 1], uncalled[ACCOUNT_TOTP_TICKET_LEN + 1];

	assert_int_equal(begin(&ada, "sessionsessionse"), 0);
	memcpy(changed, made.ticket, sizeof(changed));
	changed[60] = changed[60] == 'A' ? 'B' : 'A';
	memset(uncalled, 'A', ACCOUNT_TOTP_TICKET_LEN);
	uncalled[ACCOUNT_TOTP_TICKET_LEN] = '\0';
	const char *const bad[] = {NULL, "", secret, changed, uncalled, "\xff", made.ticket};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(turn_on(bad[i], shown(0)), ACCOUNT_E_TOKEN);
	assert_int_equal(
		account_totp_on(kit.a, bob.id, "sessionsessionse", made.ticket, shown(0), kit.now, codes),
		ACCOUNT_E_TOKEN);
	assert_int_equal(begin(&ada, NULL), 0);
	kit.now += (ACCOUNT_TOTP_TICKET_S - 1) * ACCOUNT_US;
	assert_int_equal(turn_on(made.ticket, "000"), ACCOUNT_E_CODE);
	kit.now += ACCOUNT_US;
	assert_int_equal(turn_on(made.ticket, shown(0)), ACCOUNT_E_TOKEN);
	/* What is sealed for something else is no ticket, however right. */
	char *sealed;
	assert_int_equal(account_seal(kit.a, "totp", "no ticket", 9, &sealed), 0);
	assert_int_equal(turn_on(sealed, shown(0)), ACCOUNT_E_TOKEN);
	mem_free(sealed);
	assert_int_equal(kit_count("accounts WHERE totp <> ''"), 0);
}

/* An account that went while its owner was at it. */
static void on_of_nobody(void **state)
{
	start();
	struct account gone = ada;
	(void)snprintf(gone.id, sizeof(gone.id), "nobodynobodynobo");
	assert_int_equal(begin(&gone, NULL), 0);
	assert_int_equal(account_totp_on(kit.a, gone.id, NULL, made.ticket, shown(0), kit.now, codes),
			 ACCOUNT_E_UNKNOWN);
}

static void on_ends_other_sessions(void **state)
{
	start();
	char token[ACCOUNT_TOKEN_LEN + 1], other[ACCOUNT_TOKEN_LEN + 1];
	struct account_login mine = kit_signin("ada@example.org", token), seen;
	(void)kit_signin("ada@example.org", other);
	(void)kit_signin("bob@example.org", other);

	assert_int_equal(begin(&ada, mine.session.id), 0);
	assert_int_equal(
		account_totp_on(kit.a, ada.id, mine.session.id, made.ticket, shown(-1), kit.now, codes), 0);
	assert_int_equal(kit_count("sessions"), 2);
	assert_int_equal(account_by_token(kit.a, token, kit.now, &seen), 0);
	assert_true(seen.account.totp);
	assert_int_equal(seen.account.recovery_codes, ACCOUNT_RECOVERY_CODES);
	assert_int_equal(
		account_totp_on(kit.a, ada.id, mine.session.id, made.ticket, shown(1), kit.now, codes),
		ACCOUNT_E_STATE);
}

/* With the password and the code, through the front door. */
static int sign_in(const char *code)
{
	const struct account_signin in = {.email = "ada@example.org", .password = KIT_PASSWORD, .code = code};
	struct account_login login;
	char token[ACCOUNT_TOKEN_LEN + 1];
	return account_signin(kit.a, &in, &kit_client, kit.now, &login, token);
}

static void signing_in(void **state)
{
	start();
	switch_on();
	assert_int_equal(sign_in(NULL), ACCOUNT_E_SECOND_FACTOR);
	assert_int_equal(sign_in(shown(2)), ACCOUNT_E_CODE);
	assert_int_equal(kit_count("sessions"), 0);
	assert_int_equal(sign_in(shown(1)), 0);
	assert_int_equal(sign_in(shown(1)), ACCOUNT_E_CODE);
	assert_int_equal(sign_in(codes[0]), 0);
	assert_int_equal(sign_in(codes[0]), ACCOUNT_E_CODE);
	assert_int_equal(kit_count("sessions"), 2);
	assert_int_equal(kit_try("ada@example.org", "a wrong password"), ACCOUNT_E_CREDENTIALS);
}

/* Neither the secret nor a code can be read from the database. */
static void sealed(void **state)
{
	start();
	uint8_t bytes[OTP_KEY_BYTES];
	char plain[64], from[256];

	switch_on();
	assert_int_equal(otp_key_parse(secret, bytes), 0);
	sodium_bin2base64(plain, sizeof(plain), bytes, sizeof(bytes),
			  sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	assert_int_equal(kit_count("accounts WHERE totp <> ''"), 1);
	(void)snprintf(from, sizeof(from), "accounts WHERE totp LIKE '%%%s%%' OR totp LIKE '%%%s%%'", plain,
		       secret);
	assert_int_equal(kit_count(from), 0);
	for (int i = 0; i < ACCOUNT_RECOVERY_CODES; i++) {
		char hash[ACCOUNT_HASH_LEN + 1];
		account_token_hash(codes[i], hash);
		(void)snprintf(from, sizeof(from), "recovery_codes WHERE hash = '%s' OR hash = '%s'", hash,
			       codes[i]);
		assert_int_equal(kit_count(from), 0);
	}
	/* The seal of another key does not open, and that is our failure, not a wrong code. */
	kit.a->p.key[0] ^= 1;
	assert_int_equal(ask(&ada, shown(1)), -EIO);
	kit.a->p.key[0] ^= 1;
	assert_int_equal(ask(&ada, shown(1)), 0);
}

static void asked_for(void **state)
{
	start();
	assert_int_equal(ask(&ada, NULL), 0);
	assert_int_equal(ask(&ada, "000000"), 0); /* needs none, so any will do */
	switch_on();
	assert_int_equal(ask(&ada, NULL), ACCOUNT_E_SECOND_FACTOR);
	assert_int_equal(ask(&ada, ""), ACCOUNT_E_SECOND_FACTOR);
	assert_int_equal(ask(&bob, NULL), 0);
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
		assert_int_equal(ask(&ada, bad[i]), ACCOUNT_E_CODE);
}

static void a_step_counts_once(void **state)
{
	start();
	char spaced[16];

	switch_on(); /* which used this step */
	assert_int_equal(ask(&ada, shown(0)), ACCOUNT_E_CODE);
	assert_int_equal(ask(&ada, shown(-1)), ACCOUNT_E_CODE);
	assert_int_equal(ask(&ada, shown(2)), ACCOUNT_E_CODE);
	(void)snprintf(spaced, sizeof(spaced), "%.3s %.3s", shown(1), shown(1) + 3);
	assert_int_equal(ask(&ada, spaced), 0);
	assert_int_equal(ask(&ada, shown(1)), ACCOUNT_E_CODE);
	kit.now += 30 * ACCOUNT_US; /* what was used is now this step */
	assert_int_equal(ask(&ada, shown(0)), ACCOUNT_E_CODE);
	kit.now += 60 * ACCOUNT_US;
	assert_int_equal(ask(&ada, shown(-1)), 0);
	assert_int_equal(ask(&ada, shown(0)), 0);
}

/* What was used in a transaction that came to nothing is not used. */
static int and_fail(struct store_conn *c, void *arg)
{
	int rc = in_transaction(c, arg);
	return rc ? rc : ACCOUNT_E_FORBIDDEN;
}

static void rolled_back(void **state)
{
	start();
	switch_on();
	char digits[16];
	(void)snprintf(digits, sizeof(digits), "%s", shown(1));
	const char *both[] = {digits, codes[0]};
	for (size_t i = 0; i < ARRAY_LEN(both); i++) {
		struct asked q = {.a = kit.a, .account = ada.id, .code = both[i], .now_us = kit.now};
		assert_int_equal(store_write(kit.store, and_fail, &q), ACCOUNT_E_FORBIDDEN);
		assert_int_equal(ask(&ada, both[i]), 0);
		assert_int_equal(ask(&ada, both[i]), ACCOUNT_E_CODE);
	}
}

static void *ask_thread(void *arg)
{
	struct asked *q = arg;
	q->rc = store_write(kit.store, in_transaction, q);
	return NULL;
}

/* Of many who come at once with one code, one gets in. */
static void at_once(void **state)
{
	start();
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
				.a = kit.a, .account = ada.id, .code = both[i], .now_us = kit.now};
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
	start();
	struct account now;

	switch_on();
	for (int i = 0; i < ACCOUNT_RECOVERY_CODES; i++) {
		assert_int_equal(strlen(codes[i]), ACCOUNT_RECOVERY_LEN);
		assert_int_equal(codes[i][5], '-');
		for (int j = 0; j < i; j++)
			assert_string_not_equal(codes[i], codes[j]);
		assert_int_equal(ask(&ada, codes[i]), 0);
		assert_int_equal(ask(&ada, codes[i]), ACCOUNT_E_CODE);
	}
	assert_int_equal(account_get(kit.a, ada.id, &now), 0);
	assert_int_equal(now.recovery_codes, 0);
	assert_true(now.totp);
	assert_int_equal(ask(&ada, shown(1)), 0);
}

/* As people write them. */
static void recovery_code_forms(void **state)
{
	start();
	char form[64];

	switch_on();
	(void)snprintf(form, sizeof(form), " %.5s%.5s ", codes[0], codes[0] + 6);
	assert_int_equal(ask(&ada, form), 0);
	for (size_t i = 0; i <= ACCOUNT_RECOVERY_LEN; i++)
		form[i] = (char)(codes[1][i] >= 'a' ? codes[1][i] & ~0x20 : codes[1][i]);
	assert_int_equal(ask(&ada, form), 0);
	for (size_t i = 0; i <= ACCOUNT_RECOVERY_LEN; i++)
		form[i] = (char)(codes[2][i] == '0' ? 'O' : codes[2][i] == '1' ? 'l' : codes[2][i]);
	assert_int_equal(ask(&ada, form), 0);
	(void)snprintf(form, sizeof(form), "%s0", codes[3]);
	assert_int_equal(ask(&ada, form), ACCOUNT_E_CODE);
	(void)snprintf(form, sizeof(form), "%.10s", codes[3]);
	assert_int_equal(ask(&ada, form), ACCOUNT_E_CODE);
}

static void recovery_codes_are_ones_own(void **state)
{
	start();
	char adas[ACCOUNT_RECOVERY_LEN + 1];

	switch_on();
	memcpy(adas, codes[0], sizeof(adas));
	assert_int_equal(begin(&bob, NULL), 0);
	assert_int_equal(account_totp_on(kit.a, bob.id, NULL, made.ticket, shown(0), kit.now, codes), 0);
	assert_int_equal(ask(&bob, adas), ACCOUNT_E_CODE);
	assert_int_equal(ask(&ada, adas), 0);
}

static void recovery_codes_renewed(void **state)
{
	start();
	char old[ACCOUNT_RECOVERY_CODES][ACCOUNT_RECOVERY_LEN + 1];

	assert_int_equal(account_recovery_codes(kit.a, ada.id, kit.now, codes), ACCOUNT_E_STATE);
	switch_on();
	memcpy(old, codes, sizeof(old));
	assert_int_equal(ask(&ada, old[0]), 0);
	assert_int_equal(account_recovery_codes(kit.a, ada.id, kit.now, codes), 0);
	assert_int_equal(kit_count("recovery_codes"), ACCOUNT_RECOVERY_CODES);
	for (int i = 0; i < ACCOUNT_RECOVERY_CODES; i++)
		assert_int_equal(ask(&ada, old[i]), ACCOUNT_E_CODE);
	assert_int_equal(ask(&ada, codes[9]), 0);
	assert_int_equal(account_recovery_codes(kit.a, "nobodynobodynobo", kit.now, codes),
			 ACCOUNT_E_UNKNOWN);
}

static void off(void **state)
{
	start();
	assert_int_equal(account_totp_off(kit.a, ada.id, kit.now), ACCOUNT_E_STATE);
	switch_on();
	/* Also where the key is gone that it was sealed with. */
	kit.a->p.key[0] ^= 1;
	assert_int_equal(account_totp_off(kit.a, ada.id, kit.now), 0);
	kit.a->p.key[0] ^= 1;
	assert_int_equal(ask(&ada, NULL), 0);
	assert_int_equal(kit_count("recovery_codes"), 0);
	assert_int_equal(account_totp_off(kit.a, ada.id, kit.now), ACCOUNT_E_STATE);
	switch_on();
	assert_int_equal(ask(&ada, shown(1)), 0);
}

/* ---- out of memory ---- */

/* Everything once; stops at what failed. */
static int scenario(void)
{
	char fresh[ACCOUNT_RECOVERY_CODES][ACCOUNT_RECOVERY_LEN + 1];

	int rc = begin(&ada, NULL);
	if (rc == 0)
		rc = account_totp_on(kit.a, ada.id, NULL, made.ticket, shown(0), kit.now, codes);
	if (rc == 0)
		rc = ask(&ada, shown(1));
	if (rc == 0)
		rc = ask(&ada, codes[0]);
	if (rc == 0)
		rc = account_recovery_codes(kit.a, ada.id, kit.now, fresh);
	return rc ? rc : account_totp_off(kit.a, ada.id, kit.now);
}

static void out_of_memory(void **state)
{
	start();
	bool hit = true;

	for (uint64_t n = 0; hit; n++) {
		mem_fail_after(n);
		int rc = scenario();
		hit = mem_fail_hit();
		mem_fail_never();
		assert_int_equal(rc, hit ? -ENOMEM : 0);
		/* Whole, whatever it was: on, with all its codes, or off. */
		if (account_totp_off(kit.a, ada.id, kit.now) == ACCOUNT_E_STATE)
			assert_int_equal(kit_count("recovery_codes"), 0);
		assert_true(n < 1000);
	}
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_secret),
		cmocka_unit_test(on_wants_proof),
		cmocka_unit_test(on_wants_the_ticket),
		cmocka_unit_test(on_of_nobody),
		cmocka_unit_test(on_ends_other_sessions),
		cmocka_unit_test(signing_in),
		cmocka_unit_test(sealed),
		cmocka_unit_test(asked_for),
		cmocka_unit_test(a_step_counts_once),
		cmocka_unit_test(rolled_back),
		cmocka_unit_test(at_once),
		cmocka_unit_test(recovery_codes_count_once),
		cmocka_unit_test(recovery_code_forms),
		cmocka_unit_test(recovery_codes_are_ones_own),
		cmocka_unit_test(recovery_codes_renewed),
		cmocka_unit_test(off),
		cmocka_unit_test(out_of_memory),
	};
	return kit_main(argc, argv, "totp", tests, ARRAY_LEN(tests));
}
