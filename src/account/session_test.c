/* Signing in and out, how sessions end, forgotten passwords. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "account/otp.h"
#include "account/testkit.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ADA   "ada@example.org"
#define BOB   "bob@example.org"
#define OTHER "another fine password"
#define DAY   86400

static struct account_fault fault;
static struct account_login login;

static int by_token(const char *token)
{
	return account_by_token(kit.a, token, kit.now, &login);
}

/* ---- sessions ---- */

static void a_session(void **state)
{
	char token[ACCOUNT_TOKEN_LEN + 1], second[ACCOUNT_TOKEN_LEN + 1];
	struct account ada = kit_add(ADA, "Ada", ACCOUNT_MEMBER);
	struct account_login made = kit_signin(ADA, token);
	assert_string_equal(made.account.id, ada.id);
	assert_int_equal(made.account.signed_in_us, kit.now);
	assert_string_equal(made.scopes, "");
	assert_int_equal(made.session.created_us, kit.now);
	assert_int_equal(made.session.expires_us, kit.now + 7LL * DAY * ACCOUNT_US);
	kit_signin(ADA, second);
	assert_string_not_equal(token, second);
	assert_int_equal(by_token(token), 0);
	assert_memory_equal(&login, &made, sizeof(login));
	token[5] = token[5] == 'A' ? 'B' : 'A';
	assert_int_equal(by_token(token), ACCOUNT_E_TOKEN);
}

static void wrong_credentials(void **state)
{
	struct account ada = kit_add(ADA, "Ada", ACCOUNT_MEMBER);
	char longer[700];
	memset(longer, 'x', sizeof(longer));
	longer[699] = '\0';
	assert_int_equal(kit_try(ADA, "wrong password"), ACCOUNT_E_CREDENTIALS);
	assert_int_equal(kit_try(ADA, ""), ACCOUNT_E_CREDENTIALS);
	assert_int_equal(kit_try(ADA, NULL), ACCOUNT_E_CREDENTIALS);
	assert_int_equal(kit_try(ADA, longer), ACCOUNT_E_CREDENTIALS);
	assert_int_equal(kit_try(NULL, KIT_PASSWORD), ACCOUNT_E_CREDENTIALS);
	assert_int_equal(kit_try("\xff\xff", "\xff"), ACCOUNT_E_CREDENTIALS);
	assert_int_equal(kit_try(BOB, KIT_PASSWORD), ACCOUNT_E_CREDENTIALS);
	assert_int_equal(account_set_disabled(kit.a, NULL, ada.id, true, &kit_client, kit.now), 0);
	assert_int_equal(kit_try(ADA, KIT_PASSWORD), ACCOUNT_E_CREDENTIALS);
	assert_int_equal(kit_count("sessions"), 0);
}

static void what_was_in_the_outputs_stays_there_on_failure(void **state)
{
	struct account_login before, after;
	char token[ACCOUNT_TOKEN_LEN + 1] = "untouched";
	const struct account_signin in = {.email = ADA, .password = "wrong password"};
	memset(&before, 0x77, sizeof(before));
	after = before;
	assert_int_equal(account_signin(kit.a, &in, &kit_client, kit.now, &after, token),
			 ACCOUNT_E_CREDENTIALS);
	assert_int_equal(account_by_token(kit.a, "x", kit.now, &after), ACCOUNT_E_TOKEN);
	assert_memory_equal(&before, &after, sizeof(before));
	assert_string_equal(token, "untouched");
}

static void seen_moves_once_a_minute(void **state)
{
	char token[ACCOUNT_TOKEN_LEN + 1];
	kit_add(ADA, "Ada", ACCOUNT_MEMBER);
	struct account_login made = kit_signin(ADA, token);
	kit_advance(59);
	assert_int_equal(by_token(token), 0);
	assert_int_equal(login.session.seen_us, made.session.seen_us);
	kit_advance(1);
	assert_int_equal(by_token(token), 0);
	assert_int_equal(login.session.seen_us, kit.now);
	assert_int_equal(login.session.expires_us, kit.now + 7LL * DAY * ACCOUNT_US);
	assert_int_equal(by_token(token), 0);
	assert_int_equal(login.session.seen_us, kit.now);
}

static void a_session_that_is_not_used_ends(void **state)
{
	char token[ACCOUNT_TOKEN_LEN + 1];
	kit_add(ADA, "Ada", ACCOUNT_MEMBER);
	kit_signin(ADA, token);
	kit_advance(7 * DAY - 1);
	assert_int_equal(by_token(token), 0);
	kit_advance(7 * DAY);
	assert_int_equal(by_token(token), ACCOUNT_E_TOKEN);
}

static void a_session_ends_however_much_it_is_used(void **state)
{
	char token[ACCOUNT_TOKEN_LEN + 1];
	kit_add(ADA, "Ada", ACCOUNT_MEMBER);
	struct account_login made = kit_signin(ADA, token);
	for (int i = 0; i < 5; i++) {
		kit_advance(6 * DAY - 1);
		assert_int_equal(by_token(token), 0);
	}
	assert_int_equal(login.session.expires_us, made.session.created_us + 30LL * DAY * ACCOUNT_US);
	kit_advance(5);
	assert_int_equal(by_token(token), ACCOUNT_E_TOKEN);
}

/* ---- used without requests ---- */

static struct account_live use_of(const struct account_login *l)
{
	struct account_live u = {.ended = true};
	memcpy(u.account, l->account.id, sizeof(u.account));
	memcpy(u.session, l->session.id, sizeof(u.session));
	return u;
}

static void who_is_in_a_call_does_not_become_idle(void **state)
{
	char token[ACCOUNT_TOKEN_LEN + 1];
	kit_add(ADA, "Ada", ACCOUNT_MEMBER);
	const struct account_login made = kit_signin(ADA, token);
	struct account_live u = use_of(&made);
	for (int i = 0; i < 4; i++) {
		kit_advance(7 * DAY - 1);
		assert_int_equal(account_sessions_live(kit.a, &u, 1, kit.now), 0);
		assert_false(u.ended);
	}
	assert_int_equal(by_token(token), 0);
	kit_advance(2 * DAY + 4);
	assert_int_equal(account_sessions_live(kit.a, &u, 1, kit.now), 0);
	assert_true(u.ended); /* session_max_s */
}

static void which_of_the_sessions_in_use_have_ended(void **state)
{
	char token[ACCOUNT_TOKEN_LEN + 1];
	struct account ada = kit_add(ADA, "Ada", ACCOUNT_MEMBER);
	kit_add(BOB, "Bob", ACCOUNT_MEMBER);
	struct account_live u[4];
	for (int i = 0; i < 3; i++) {
		const struct account_login made = kit_signin(i < 2 ? ADA : BOB, token);
		u[i] = use_of(&made);
	}
	u[3] = u[0];
	memcpy(u[3].account, u[2].account, sizeof(u[3].account)); /* another's */
	assert_int_equal(account_signout(kit.a, u[1].account, u[1].session), 0);
	assert_int_equal(account_sessions_live(kit.a, u, 4, kit.now), 0);
	const bool ended[] = {false, true, false, true};
	for (int i = 0; i < 4; i++)
		assert_int_equal(u[i].ended, ended[i]);
	assert_int_equal(account_set_disabled(kit.a, NULL, ada.id, true, &kit_client, kit.now), 0);
	assert_int_equal(account_sessions_live(kit.a, u, 4, kit.now), 0);
	assert_true(u[0].ended);
	assert_false(u[2].ended);
	assert_int_equal(account_sessions_live(kit.a, NULL, 0, kit.now), 0);
}

struct list {
	size_t n;
	struct account_session sessions[200];
	int stop;
};

static int on_session(void *arg, const struct account_session *s)
{
	struct list *l = arg;
	l->sessions[l->n++] = *s;
	return l->stop;
}

static void the_list_and_signing_out(void **state)
{
	char first[ACCOUNT_TOKEN_LEN + 1], second[ACCOUNT_TOKEN_LEN + 1], third[ACCOUNT_TOKEN_LEN + 1];
	struct account ada = kit_add(ADA, "Ada", ACCOUNT_MEMBER), bob = kit_add(BOB, "Bob", ACCOUNT_MEMBER);
	struct list l = {0};
	struct account_login one = kit_signin(ADA, first), other = kit_signin(BOB, third);
	kit_advance(10);
	struct account_login two = kit_signin(ADA, second);
	assert_int_equal(account_sessions(kit.a, ada.id, kit.now, on_session, &l), 0);
	assert_int_equal(l.n, 2);
	assert_string_equal(l.sessions[0].id, two.session.id);
	assert_string_equal(l.sessions[1].id, one.session.id);
	assert_string_equal(l.sessions[0].client.software, kit_client.software);
	assert_string_equal(l.sessions[0].client.address, kit_client.address);
	l = (struct list){.stop = ACCOUNT_E_STATE};
	assert_int_equal(account_sessions(kit.a, ada.id, kit.now, on_session, &l), ACCOUNT_E_STATE);
	assert_int_equal(l.n, 1);
	assert_int_equal(account_signout(kit.a, ada.id, other.session.id), ACCOUNT_E_UNKNOWN);
	assert_int_equal(account_signout(kit.a, ada.id, "\xff"), ACCOUNT_E_UNKNOWN);
	assert_int_equal(account_signout(kit.a, ada.id, one.session.id), 0);
	assert_int_equal(account_signout(kit.a, ada.id, one.session.id), ACCOUNT_E_UNKNOWN);
	assert_int_equal(by_token(first), ACCOUNT_E_TOKEN);
	assert_int_equal(by_token(second), 0);
	kit_signin(ADA, first);
	assert_int_equal(account_signout_all(kit.a, ada.id, two.session.id), 0);
	assert_int_equal(by_token(first), ACCOUNT_E_TOKEN);
	assert_int_equal(by_token(second), 0);
	assert_int_equal(account_signout_all(kit.a, ada.id, NULL), 0);
	assert_int_equal(by_token(second), ACCOUNT_E_TOKEN);
	assert_int_equal(by_token(third), 0);
	assert_int_equal(account_signout_all(kit.a, bob.id, NULL), 0);
}

static void the_least_used_of_too_many_sessions_ends(void **state)
{
	char first[ACCOUNT_TOKEN_LEN + 1], second[ACCOUNT_TOKEN_LEN + 1], token[ACCOUNT_TOKEN_LEN + 1];
	kit_add(ADA, "Ada", ACCOUNT_MEMBER);
	kit_signin(ADA, first);
	kit_advance(1);
	kit_signin(ADA, second);
	for (int i = 0; i < 98; i++) {
		kit_advance(1);
		kit_signin(ADA, token);
	}
	assert_int_equal(by_token(first), 0); /* used now, so it is not the one to go */
	assert_int_equal(kit_count("sessions"), 100);
	kit_advance(1);
	kit_signin(ADA, token);
	assert_int_equal(kit_count("sessions"), 100);
	assert_int_equal(by_token(second), ACCOUNT_E_TOKEN);
	assert_int_equal(by_token(first), 0);
	assert_int_equal(by_token(token), 0);
}

static void a_dearer_hash_is_made_when_the_password_is_at_hand(void **state)
{
	char token[ACCOUNT_TOKEN_LEN + 1];
	kit_add(ADA, "Ada", ACCOUNT_MEMBER);
	struct accounts *cheap = kit.a;
	struct accounts_params p = kit_params();
	p.hash_ops = 2;
	assert_int_equal(accounts_new(&p, &kit.a), 0);
	assert_int_equal(kit_count("accounts WHERE password LIKE '%t=2,%'"), 0);
	kit_signin(ADA, token);
	assert_int_equal(kit_count("accounts WHERE password LIKE '%t=2,%'"), 1);
	kit_signin(ADA, token);
	accounts_free(kit.a);
	kit.a = cheap;
}

/* ---- second factor ---- */

static void code_now(const uint8_t key[OTP_KEY_BYTES], char out[OTP_DIGITS + 1])
{
	uint32_t value;
	assert_int_equal(otp_hotp(key, (uint64_t)(kit.now / ACCOUNT_US / OTP_STEP_S), &value), 0);
	(void)snprintf(out, OTP_DIGITS + 1, "%06u", value % 1000000);
}

static void with_a_second_factor(void **state)
{
	char token[ACCOUNT_TOKEN_LEN + 1];
	struct account_totp made;
	char codes[ACCOUNT_RECOVERY_CODES][ACCOUNT_RECOVERY_LEN + 1], digits[OTP_DIGITS + 1] = "";
	uint8_t key[OTP_KEY_BYTES];
	struct account ada = kit_add(ADA, "Ada", ACCOUNT_MEMBER);
	struct account_login me = kit_signin(ADA, token);
	assert_int_equal(account_totp_new(kit.a, &ada, me.session.id, kit.now, &made), 0);
	assert_int_equal(otp_key_parse(made.secret, key), 0);
	code_now(key, digits);
	assert_int_equal(account_totp_on(kit.a, ada.id, me.session.id, made.ticket, digits, kit.now, codes),
			 0);
	assert_int_equal(by_token(token), 0);
	assert_true(login.account.totp);
	assert_int_equal(login.account.recovery_codes, ACCOUNT_RECOVERY_CODES);
	struct account_signin in = {.email = ADA, .password = KIT_PASSWORD};
	assert_int_equal(account_signin(kit.a, &in, &kit_client, kit.now, &login, token),
			 ACCOUNT_E_SECOND_FACTOR);
	in.code = "000000";
	assert_int_equal(account_signin(kit.a, &in, &kit_client, kit.now, &login, token), ACCOUNT_E_CODE);
	/* Used when it was switched on. */
	in.code = digits;
	assert_int_equal(account_signin(kit.a, &in, &kit_client, kit.now, &login, token), ACCOUNT_E_CODE);
	kit_advance(60);
	code_now(key, digits);
	in.password = "wrong password";
	assert_int_equal(account_signin(kit.a, &in, &kit_client, kit.now, &login, token),
			 ACCOUNT_E_CREDENTIALS);
	in.password = KIT_PASSWORD;
	assert_int_equal(account_signin(kit.a, &in, &kit_client, kit.now, &login, token), 0);
	assert_int_equal(account_signin(kit.a, &in, &kit_client, kit.now, &login, token), ACCOUNT_E_CODE);
	in.code = codes[3];
	assert_int_equal(account_signin(kit.a, &in, &kit_client, kit.now, &login, token), 0);
	assert_int_equal(login.account.recovery_codes, ACCOUNT_RECOVERY_CODES - 1);
	assert_int_equal(account_signin(kit.a, &in, &kit_client, kit.now, &login, token), ACCOUNT_E_CODE);
}

/* ---- forgotten passwords ---- */

static void forgot(const char *email, char token[ACCOUNT_TOKEN_LEN + 1])
{
	assert_int_equal(account_forgot(kit.a, email, kit.now, &fault), 0);
	kit_token("reset", email, token);
}

static int reset(const char *token, const char *password, char id[ACCOUNT_ID_LEN + 1])
{
	return account_reset(kit.a, token, password, &kit_client, kit.now, &fault, id);
}

static void a_reset(void **state)
{
	char token[ACCOUNT_TOKEN_LEN + 1], session[ACCOUNT_TOKEN_LEN + 1], id[ACCOUNT_ID_LEN + 1] = "";
	char api[ACCOUNT_API_TOKEN_LEN + 1], text[64];
	struct account_api_token t;
	struct account ada = kit_add(ADA, "Ada", ACCOUNT_MEMBER);
	kit_signin(ADA, session);
	assert_int_equal(account_api_token_add(kit.a, &ada, "bot", "rooms:read", 0, kit.now, &fault, &t, api),
			 0);
	forgot(ADA, token);
	kit_advance(1799);
	assert_int_equal(reset(token, "short", id), ACCOUNT_E_FIELD);
	assert_string_equal(fault.field, "password");
	assert_int_equal(reset(token, ADA, id), ACCOUNT_E_FIELD);
	assert_int_equal(reset(token, OTHER, id), 0);
	assert_string_equal(id, ada.id);
	assert_int_equal(by_token(session), ACCOUNT_E_TOKEN);
	assert_int_equal(account_by_api_token(kit.a, api, kit.now, &login), ACCOUNT_E_TOKEN);
	assert_int_equal(kit_try(ADA, KIT_PASSWORD), ACCOUNT_E_CREDENTIALS);
	assert_int_equal(kit_try(ADA, OTHER), 0);
	assert_int_equal(reset(token, KIT_PASSWORD, id), ACCOUNT_E_TOKEN);
	kit_mail("password_changed", ADA, "name", text, sizeof(text));
	assert_string_equal(text, "Ada");
}

static void a_reset_link_is_void_by_time_by_a_newer_one_and_by_signing_in(void **state)
{
	char token[ACCOUNT_TOKEN_LEN + 1], newer[ACCOUNT_TOKEN_LEN + 1], id[ACCOUNT_ID_LEN + 1];
	kit_add(ADA, "Ada", ACCOUNT_MEMBER);
	forgot(ADA, token);
	kit_advance(1800);
	assert_int_equal(reset(token, OTHER, id), ACCOUNT_E_TOKEN);
	forgot(ADA, token);
	forgot(ADA, newer);
	assert_int_equal(reset(token, OTHER, id), ACCOUNT_E_TOKEN);
	assert_int_equal(kit_try(ADA, "wrong password"), ACCOUNT_E_CREDENTIALS);
	assert_int_equal(kit_count("tokens"), 1);
	assert_int_equal(kit_try(ADA, KIT_PASSWORD), 0);
	assert_int_equal(reset(newer, OTHER, id), ACCOUNT_E_TOKEN);
	assert_int_equal(account_forgot(kit.a, "ada@", kit.now, &fault), ACCOUNT_E_FIELD);
}

static void a_reset_of_a_disabled_account(void **state)
{
	char token[ACCOUNT_TOKEN_LEN + 1], id[ACCOUNT_ID_LEN + 1];
	struct account ada = kit_add(ADA, "Ada", ACCOUNT_MEMBER);
	forgot(ADA, token);
	assert_int_equal(account_set_disabled(kit.a, NULL, ada.id, true, &kit_client, kit.now), 0);
	assert_int_equal(reset(token, OTHER, id), ACCOUNT_E_TOKEN);
	assert_int_equal(account_set_disabled(kit.a, NULL, ada.id, false, &kit_client, kit.now), 0);
	assert_int_equal(reset(token, OTHER, id), ACCOUNT_E_TOKEN);
}

static void letters_for_nobody_are_never_taken(void **state)
{
	struct account_mail m;
	int64_t due;
	assert_int_equal(account_forgot(kit.a, "nobody@example.org", kit.now, &fault), 0);
	assert_int_equal(kit_count("mails"), 1);
	assert_int_equal(account_mail_take(kit.a, kit.now, kit.now + 60, &m), ACCOUNT_E_UNKNOWN);
	assert_int_equal(kit_count("mails"), 0);
	assert_int_equal(account_mail_next(kit.a, &due), 0);
	assert_true(due == INT64_MAX);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_session),
		cmocka_unit_test(wrong_credentials),
		cmocka_unit_test(what_was_in_the_outputs_stays_there_on_failure),
		cmocka_unit_test(seen_moves_once_a_minute),
		cmocka_unit_test(a_session_that_is_not_used_ends),
		cmocka_unit_test(a_session_ends_however_much_it_is_used),
		cmocka_unit_test(who_is_in_a_call_does_not_become_idle),
		cmocka_unit_test(which_of_the_sessions_in_use_have_ended),
		cmocka_unit_test(the_list_and_signing_out),
		cmocka_unit_test(the_least_used_of_too_many_sessions_ends),
		cmocka_unit_test(a_dearer_hash_is_made_when_the_password_is_at_hand),
		cmocka_unit_test(with_a_second_factor),
		cmocka_unit_test(a_reset),
		cmocka_unit_test(a_reset_link_is_void_by_time_by_a_newer_one_and_by_signing_in),
		cmocka_unit_test(a_reset_of_a_disabled_account),
		cmocka_unit_test(letters_for_nobody_are_never_taken),
	};
	return kit_main(argc, argv, "sessions", tests, ARRAY_LEN(tests));
}
