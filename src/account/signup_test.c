/* Signing up, in, out; forgotten passwords; the profile: every code, and what is in the database afterwards.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "account/testkit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ADA   "ada@example.org"
#define BOB   "bob@example.org"
#define OTHER "another fine password"

static struct account_fault fault;
static struct account who;
static struct account_login login;

static int signup_with(const char *email, const char *name, const char *password, const char *invite,
		       enum account_signup_mode mode)
{
	const struct account_signup in = {
		.name = name, .email = email, .password = password, .language = "de", .invite = invite};
	return account_signup(kit.a, &in, mode, kit.now, &fault);
}

static int signup(const char *email)
{
	return signup_with(email, "Ada", KIT_PASSWORD, NULL, ACCOUNT_SIGNUP_OPEN);
}

static int confirm_with(const char *token, const char *password)
{
	char session[ACCOUNT_TOKEN_LEN + 1];
	int rc = account_confirm(kit.a, token, password, &kit_client, kit.now, &login, session);
	if (rc == 0) {
		struct account_login found;
		who = login.account;
		assert_int_equal(account_by_token(kit.a, session, kit.now, &found), 0);
		assert_string_equal(found.account.id, who.id);
	}
	return rc;
}

static int confirm(const char *token)
{
	return confirm_with(token, KIT_PASSWORD);
}

/* ---- signing up ---- */

static void from_the_form_to_the_account(void **state)
{
	char token[ACCOUNT_TOKEN_LEN + 1], name[64];
	assert_int_equal(signup_with("Ada@Example.ORG", "  Ada L ", KIT_PASSWORD, NULL, ACCOUNT_SIGNUP_OPEN),
			 0);
	assert_int_equal(kit_count("accounts"), 0);
	assert_int_equal(kit_try(ADA, KIT_PASSWORD), ACCOUNT_E_CREDENTIALS);
	kit_token("signup", ADA, token);
	kit_advance(86399);
	assert_int_equal(confirm(token), 0);
	assert_string_equal(who.email, ADA);
	assert_string_equal(who.name, "Ada L");
	assert_string_equal(who.language, "de");
	assert_int_equal(who.role, ACCOUNT_MEMBER);
	assert_true(who.has_password);
	assert_false(who.disabled || who.totp);
	assert_int_equal(who.created_us, kit.now);
	assert_int_equal(who.signed_in_us, kit.now);
	assert_int_equal(kit_try(" " ADA, KIT_PASSWORD), ACCOUNT_E_CREDENTIALS);
	assert_int_equal(kit_try("ADA@example.org", KIT_PASSWORD), 0);
	/* Once. */
	assert_int_equal(confirm(token), ACCOUNT_E_TOKEN);
	kit_mail("signup", ADA, "name", name, sizeof(name));
	assert_string_equal(name, "");
}

static void a_link_that_is_too_old(void **state)
{
	char token[ACCOUNT_TOKEN_LEN + 1];
	assert_int_equal(signup(ADA), 0);
	kit_token("signup", ADA, token);
	kit_advance(86400);
	assert_int_equal(confirm(token), ACCOUNT_E_TOKEN);
	assert_int_equal(kit_count("accounts"), 0);
}

static void tokens_that_are_none(void **state)
{
	static const char *const bad[] = {
		"",
		"x",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB",
		"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
		"\xff\xff"
		"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
		"' OR 1=1 --",
	};
	char id[ACCOUNT_ID_LEN + 1];
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(confirm(bad[i]), ACCOUNT_E_TOKEN);
		assert_int_equal(account_confirm_email(kit.a, bad[i], kit.now, &who), ACCOUNT_E_TOKEN);
		assert_int_equal(account_reset(kit.a, bad[i], OTHER, &kit_client, kit.now, &fault, id),
				 ACCOUNT_E_TOKEN);
		assert_int_equal(account_by_token(kit.a, bad[i], kit.now, &login), ACCOUNT_E_TOKEN);
		assert_int_equal(account_by_api_token(kit.a, bad[i], kit.now, &login), ACCOUNT_E_TOKEN);
	}
	assert_int_equal(confirm(NULL), ACCOUNT_E_TOKEN);
	assert_int_equal(account_by_token(kit.a, NULL, kit.now, &login), ACCOUNT_E_TOKEN);
	assert_int_equal(account_by_api_token(kit.a, NULL, kit.now, &login), ACCOUNT_E_TOKEN);
}

/* A link of one kind is none of another. */
static void links_are_good_for_their_own_purpose_only(void **state)
{
	char token[ACCOUNT_TOKEN_LEN + 1], id[ACCOUNT_ID_LEN + 1];
	assert_int_equal(signup(ADA), 0);
	kit_token("signup", ADA, token);
	assert_int_equal(account_reset(kit.a, token, OTHER, &kit_client, kit.now, &fault, id),
			 ACCOUNT_E_TOKEN);
	assert_int_equal(account_confirm_email(kit.a, token, kit.now, &who), ACCOUNT_E_TOKEN);
	assert_int_equal(confirm(token), 0);
}

static void a_link_sealed_with_another_key(void **state)
{
	char token[ACCOUNT_TOKEN_LEN + 1];
	assert_int_equal(signup(ADA), 0);
	kit_token("signup", ADA, token);
	struct accounts *own = kit.a;
	struct accounts_params p = kit_params();
	p.key[0] ^= 1;
	assert_int_equal(accounts_new(&p, &kit.a), 0);
	assert_int_equal(confirm(token), ACCOUNT_E_TOKEN);
	accounts_free(kit.a);
	kit.a = own;
	assert_int_equal(confirm(token), 0);
}

static void faults_of_the_form_name_their_field(void **state)
{
	static const struct {
		const char *name, *email, *password, *field;
	} cases[] = {
		{"", ADA, KIT_PASSWORD, "name"},
		{NULL, ADA, KIT_PASSWORD, "name"},
		{"a\x01", ADA, KIT_PASSWORD, "name"},
		{"a\xff", ADA, KIT_PASSWORD, "name"},
		{"evil \xe2\x80\xae gnp", ADA, KIT_PASSWORD, "name"},
		{"12345678901234567890123456789012345678901", ADA, KIT_PASSWORD, "name"},
		{"Ada", NULL, KIT_PASSWORD, "email"},
		{"Ada", "", KIT_PASSWORD, "email"},
		{"Ada", "ada", KIT_PASSWORD, "email"},
		{"Ada", "ada@localhost", KIT_PASSWORD, "email"},
		{"Ada", "ada@192.0.2.1", KIT_PASSWORD, "email"},
		{"Ada", "ada@example.org\r\nBcc: x@example.org", KIT_PASSWORD, "email"},
		{"Ada", "a da@example.org", KIT_PASSWORD, "email"},
		{"Ada", "\xc3\xa4@example.org", KIT_PASSWORD, "email"},
		{"Ada", ADA, NULL, "password"},
		{"Ada", ADA, "", "password"},
		{"Ada", ADA, "seven77", "password"},
		{"Ada", ADA, "with\na line", "password"},
		{"Ada", ADA, "not utf-8 \xff\xff", "password"},
		{"Ada", ADA, "Password123", "password"},
		{"Ada", ADA, "zzzzzzzzzzzz", "password"},
		{"Ada", ADA, "ADA@example.org", "password"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		fault = (struct account_fault){0};
		assert_int_equal(signup_with(cases[i].email, cases[i].name, cases[i].password, NULL,
					     ACCOUNT_SIGNUP_OPEN),
				 ACCOUNT_E_FIELD);
		assert_string_equal(fault.field, cases[i].field);
		assert_true(strlen(fault.reason) > 5);
	}
	const struct account_signup in = {
		.name = "A", .email = ADA, .password = KIT_PASSWORD, .language = "x;y"};
	assert_int_equal(account_signup(kit.a, &in, ACCOUNT_SIGNUP_OPEN, kit.now, &fault), ACCOUNT_E_FIELD);
	assert_string_equal(fault.field, "language");
	assert_int_equal(kit_count("tokens"), 0);
	assert_int_equal(kit_count("mails"), 0);
	/* Nobody has to want to know. */
	assert_int_equal(account_signup(kit.a, &in, ACCOUNT_SIGNUP_OPEN, kit.now, NULL), ACCOUNT_E_FIELD);
}

/* Whoever reads the mail has not chosen the password, if somebody else has signed up with their address. */
static void a_link_wants_the_password_that_was_chosen_with_it(void **state)
{
	char token[ACCOUNT_TOKEN_LEN + 1];
	static const char *const wrong[] = {OTHER, "", NULL, KIT_PASSWORD "x"};
	assert_int_equal(signup(ADA), 0);
	kit_token("signup", ADA, token);
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_int_equal(confirm_with(token, wrong[i]), ACCOUNT_E_CREDENTIALS);
	assert_int_equal(kit_count("accounts"), 0);
	assert_int_equal(kit_count("sessions"), 0);
	assert_int_equal(confirm(token), 0);
}

static void a_stranger_who_signs_up_again_changes_nothing(void **state)
{
	char first[ACCOUNT_TOKEN_LEN + 1], second[ACCOUNT_TOKEN_LEN + 1];
	assert_int_equal(signup(ADA), 0);
	kit_token("signup", ADA, first);
	kit_advance(1);
	assert_int_equal(signup_with(ADA, "Eve", OTHER, NULL, ACCOUNT_SIGNUP_OPEN), 0);
	kit_token("signup", ADA, second);
	/* The newer link is not good for the password of the older. */
	assert_int_equal(confirm(second), ACCOUNT_E_CREDENTIALS);
	assert_int_equal(confirm(first), 0);
	assert_string_equal(who.name, "Ada");
	assert_int_equal(kit_count("tokens"), 0);
	assert_int_equal(confirm_with(second, OTHER), ACCOUNT_E_TOKEN);
	assert_int_equal(kit_try(ADA, OTHER), ACCOUNT_E_CREDENTIALS);
	assert_int_equal(kit_try(ADA, KIT_PASSWORD), 0);
}

static void of_many_sign_ups_the_last_five_wait(void **state)
{
	char tokens[7][ACCOUNT_TOKEN_LEN + 1];
	assert_int_equal(signup(BOB), 0);
	for (size_t i = 0; i < ARRAY_LEN(tokens); i++) {
		kit_advance(1);
		assert_int_equal(signup(ADA), 0);
		kit_token("signup", ADA, tokens[i]);
	}
	assert_int_equal(kit_count("tokens WHERE email = '" ADA "'"), 5);
	assert_int_equal(kit_count("tokens WHERE email = '" BOB "'"), 1);
	assert_int_equal(confirm(tokens[1]), ACCOUNT_E_TOKEN);
	assert_int_equal(confirm(tokens[2]), 0);
	assert_int_equal(kit_count("tokens"), 1);
}

static void an_address_taken_meanwhile(void **state)
{
	char token[ACCOUNT_TOKEN_LEN + 1];
	assert_int_equal(signup(ADA), 0);
	kit_token("signup", ADA, token);
	struct account first = kit_add(ADA, "First", ACCOUNT_MEMBER);
	assert_int_equal(confirm(token), ACCOUNT_E_TOKEN);
	/* The link is gone, and nothing has changed. */
	assert_int_equal(kit_count("tokens"), 0);
	assert_int_equal(account_get(kit.a, first.id, &who), 0);
	assert_string_equal(who.name, "First");
}

/* ---- no enumeration ---- */

struct rows {
	int64_t tokens, mails, accounts;
};

static struct rows count_rows(void)
{
	return (struct rows){kit_count("tokens"), kit_count("mails"), kit_count("accounts")};
}

static void expect_rows(struct rows before, int tokens, int mails)
{
	struct rows now = count_rows();
	assert_int_equal(now.tokens - before.tokens, tokens);
	assert_int_equal(now.mails - before.mails, mails);
	assert_int_equal(now.accounts - before.accounts, 0);
}

static void known_and_unknown_addresses_leave_the_same_rows(void **state)
{
	kit_add(ADA, "Ada", ACCOUNT_MEMBER);
	struct account bob = kit_add(BOB, "Bob", ACCOUNT_MEMBER);
	assert_int_equal(account_set_disabled(kit.a, NULL, bob.id, true, &kit_client, kit.now), 0);
	static const char *const addresses[] = {ADA, BOB, "nobody@example.org"};
	for (size_t i = 0; i < ARRAY_LEN(addresses); i++) {
		struct rows before = count_rows();
		assert_int_equal(signup(addresses[i]), 0);
		expect_rows(before, 1, 1);
		before = count_rows();
		assert_int_equal(account_forgot(kit.a, addresses[i], kit.now, &fault), 0);
		expect_rows(before, 1, 1);
		/* And again, where the first is replaced. */
		before = count_rows();
		assert_int_equal(account_forgot(kit.a, addresses[i], kit.now, &fault), 0);
		expect_rows(before, 0, 1);
	}
}

static void who_is_known_gets_a_word_instead_of_a_link(void **state)
{
	char text[64];
	kit_add(ADA, "Ada", ACCOUNT_MEMBER);
	assert_int_equal(signup_with(ADA, "Eve", OTHER, NULL, ACCOUNT_SIGNUP_OPEN), 0);
	assert_int_equal(kit_count("mails WHERE template <> 'signup_known'"), 0);
	kit_mail("signup_known", ADA, "name", text, sizeof(text));
	assert_string_equal(text, "Ada");
	/* Nor is the token in there for whoever reads it. */
	assert_int_equal(signup_with(ADA, "Eve", OTHER, NULL, ACCOUNT_SIGNUP_OPEN), 0);
	kit_mail("signup_known", ADA, "token", text, sizeof(text));
	assert_string_equal(text, "");
	assert_int_equal(kit_count("mails"), 0);
}

/* Median of the processor's time, to be told from each other by much less than a hash takes. */
static double cost_of(const char *email)
{
	double took[15];
	for (size_t i = 0; i < ARRAY_LEN(took); i++) {
		struct timespec a, b;
		assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &a), 0);
		assert_int_equal(kit_try(email, "wrong password"), ACCOUNT_E_CREDENTIALS);
		assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &b), 0);
		double t = (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9;
		size_t at = i;
		for (; at > 0 && took[at - 1] > t; at--)
			took[at] = took[at - 1];
		took[at] = t;
	}
	return took[ARRAY_LEN(took) / 2];
}

static void an_unknown_address_costs_a_hash_too(void **state)
{
	struct accounts *cheap = kit.a;
	struct accounts_params p = kit_params();
	p.hash_bytes = 4 << 20; /* so that it outweighs the rest */
	assert_int_equal(accounts_new(&p, &kit.a), 0);
	kit_add(ADA, "Ada", ACCOUNT_MEMBER);
	struct account bob = kit_add(BOB, "Bob", ACCOUNT_MEMBER);
	assert_int_equal(account_set_disabled(kit.a, NULL, bob.id, true, &kit_client, kit.now), 0);
	double known = cost_of(ADA);
	double others[] = {cost_of("nobody@example.org"), cost_of("no address"), cost_of(BOB)};
	accounts_free(kit.a);
	kit.a = cheap;
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		assert_true(others[i] > known * 0.6 && others[i] < known * 1.7);
}

/* ---- invitations ---- */

static void an_invitation(void **state)
{
	char invite[ACCOUNT_TOKEN_LEN + 1], token[ACCOUNT_TOKEN_LEN + 1], text[64];
	struct account admin = kit_add(BOB, "Bob", ACCOUNT_ADMIN);
	assert_int_equal(signup_with(ADA, "Ada", KIT_PASSWORD, NULL, ACCOUNT_SIGNUP_INVITE),
			 ACCOUNT_E_CLOSED);
	assert_int_equal(signup_with(ADA, "Ada", KIT_PASSWORD, "", ACCOUNT_SIGNUP_INVITE), ACCOUNT_E_CLOSED);
	assert_int_equal(
		account_invite(kit.a, &admin, "Ada@example.org", ACCOUNT_ADMIN, &kit_client, kit.now, &fault),
		0);
	kit_token("invite", ADA, invite);
	/* A form that cannot be taken is not picked at. */
	assert_int_equal(signup_with("x", "", "", NULL, ACCOUNT_SIGNUP_CLOSED), ACCOUNT_E_CLOSED);
	assert_int_equal(signup_with("eve@example.org", "Eve", KIT_PASSWORD, invite, ACCOUNT_SIGNUP_INVITE),
			 ACCOUNT_E_FIELD);
	assert_string_equal(fault.field, "email");
	/* Who is invited may come, also where nobody else may. */
	assert_int_equal(signup_with(ADA, "Ada", OTHER, invite, ACCOUNT_SIGNUP_CLOSED), 0);
	assert_int_equal(signup_with(ADA, "Ada", KIT_PASSWORD, invite, ACCOUNT_SIGNUP_INVITE), 0);
	kit_token("signup", ADA, token);
	assert_int_equal(confirm_with(token, OTHER), ACCOUNT_E_CREDENTIALS);
	assert_int_equal(confirm(token), 0);
	assert_int_equal(who.role, ACCOUNT_ADMIN);
	/* It made one account. */
	assert_int_equal(kit_count("tokens"), 0);
	assert_int_equal(signup_with("eve@example.org", "Eve", KIT_PASSWORD, invite, ACCOUNT_SIGNUP_OPEN),
			 ACCOUNT_E_TOKEN);
	kit_mail("invite", ADA, "inviter", text, sizeof(text));
	assert_string_equal(text, "");
}

/* What may have become of the inviter, each before signing up and before confirming. */
static int demoted(const char *id)
{
	return account_set_role(kit.a, NULL, id, ACCOUNT_MEMBER, &kit_client, kit.now);
}

static int disabled(const char *id)
{
	return account_set_disabled(kit.a, NULL, id, true, &kit_client, kit.now);
}

static int deleted(const char *id)
{
	return account_delete(kit.a, id, NULL, &kit_client, kit.now);
}

static void an_invitation_ends_with_the_rights_of_who_sent_it(void **state)
{
	static int (*const fates[])(const char *id) = {demoted, disabled, deleted};
	kit_add("root@example.org", "Root", ACCOUNT_ADMIN);
	for (size_t i = 0; i < 2 * ARRAY_LEN(fates); i++) {
		char invite[ACCOUNT_TOKEN_LEN + 1], token[ACCOUNT_TOKEN_LEN + 1], email[32];
		(void)snprintf(email, sizeof(email), "admin%zu@example.org", i);
		struct account admin = kit_add(email, "Admin", ACCOUNT_ADMIN);
		assert_int_equal(
			account_invite(kit.a, &admin, ADA, ACCOUNT_ADMIN, &kit_client, kit.now, &fault), 0);
		kit_token("invite", ADA, invite);
		bool early = i % 2 == 0;
		if (early)
			assert_int_equal(fates[i / 2](admin.id), 0);
		assert_int_equal(signup_with(ADA, "Ada", KIT_PASSWORD, invite, ACCOUNT_SIGNUP_INVITE),
				 early ? ACCOUNT_E_TOKEN : 0);
		if (early)
			continue;
		kit_token("signup", ADA, token);
		assert_int_equal(fates[i / 2](admin.id), 0);
		assert_int_equal(confirm(token), ACCOUNT_E_TOKEN);
		assert_int_equal(account_by_email(kit.a, ADA, &who), ACCOUNT_E_UNKNOWN);
	}
}

static void an_invitation_that_is_over(void **state)
{
	char invite[ACCOUNT_TOKEN_LEN + 1], second[ACCOUNT_TOKEN_LEN + 1], token[ACCOUNT_TOKEN_LEN + 1];
	struct account admin = kit_add(BOB, "Bob", ACCOUNT_ADMIN);
	assert_int_equal(account_invite(kit.a, &admin, ADA, ACCOUNT_MEMBER, &kit_client, kit.now, &fault), 0);
	kit_token("invite", ADA, invite);
	assert_int_equal(account_invite(kit.a, &admin, ADA, ACCOUNT_MEMBER, &kit_client, kit.now, &fault), 0);
	kit_token("invite", ADA, second);
	assert_int_equal(signup_with(ADA, "Ada", KIT_PASSWORD, invite, ACCOUNT_SIGNUP_INVITE),
			 ACCOUNT_E_TOKEN);
	kit_advance(7 * 86400 - 10);
	assert_int_equal(signup_with(ADA, "Ada", KIT_PASSWORD, second, ACCOUNT_SIGNUP_INVITE), 0);
	kit_token("signup", ADA, token);
	kit_advance(10);
	assert_int_equal(signup_with(ADA, "Ada", KIT_PASSWORD, second, ACCOUNT_SIGNUP_INVITE),
			 ACCOUNT_E_TOKEN);
	/* What was begun with it is over with it. */
	assert_int_equal(confirm(token), ACCOUNT_E_TOKEN);
	assert_int_equal(account_invite(kit.a, &admin, BOB, ACCOUNT_MEMBER, &kit_client, kit.now, &fault),
			 ACCOUNT_E_EXISTS);
	assert_int_equal(account_invite(kit.a, &admin, "bob", ACCOUNT_MEMBER, &kit_client, kit.now, &fault),
			 ACCOUNT_E_FIELD);
}

/* ---- the first admin, and the command line ---- */

static int setup(const char *token, const char *email)
{
	const struct account_signup in = {.name = "Ada", .email = email, .password = KIT_PASSWORD};
	return account_setup(kit.a, token, &in, kit.now, &fault, &who);
}

static void the_first_admin(void **state)
{
	char first[ACCOUNT_TOKEN_LEN + 1], token[ACCOUNT_TOKEN_LEN + 1];
	kit_add(BOB, "Bob", ACCOUNT_MEMBER);
	assert_int_equal(account_setup_token(kit.a, kit.now, first), 0);
	assert_int_equal(account_setup_token(kit.a, kit.now, token), 0);
	assert_int_equal(setup(first, ADA), ACCOUNT_E_TOKEN);
	assert_int_equal(setup(NULL, ADA), ACCOUNT_E_TOKEN);
	assert_int_equal(setup(token, "x"), ACCOUNT_E_FIELD);
	assert_int_equal(setup(token, BOB), ACCOUNT_E_EXISTS);
	kit_advance(3599);
	assert_int_equal(setup(token, ADA), 0);
	assert_int_equal(who.role, ACCOUNT_ADMIN);
	assert_int_equal(kit_try(ADA, KIT_PASSWORD), 0);
	assert_int_equal(setup(token, "eve@example.org"), ACCOUNT_E_TOKEN);
	assert_int_equal(account_setup_token(kit.a, kit.now, token), ACCOUNT_E_STATE);
	assert_int_equal(kit_count("audit WHERE action = 'user.setup'"), 1);
}

static void a_setup_link_ends_with_time_and_with_the_first_admin(void **state)
{
	char token[ACCOUNT_TOKEN_LEN + 1];
	assert_int_equal(account_setup_token(kit.a, kit.now, token), 0);
	kit_advance(3600);
	assert_int_equal(setup(token, ADA), ACCOUNT_E_TOKEN);
	assert_int_equal(account_setup_token(kit.a, kit.now, token), 0);
	kit_add(BOB, "Bob", ACCOUNT_ADMIN);
	assert_int_equal(setup(token, ADA), ACCOUNT_E_TOKEN);
	assert_int_equal(kit_count("accounts"), 1);
}

static void added_on_the_command_line(void **state)
{
	struct account_signup in = {.name = "Ada", .email = ADA, .password = KIT_PASSWORD};
	assert_int_equal(account_add(kit.a, &in, ACCOUNT_ADMIN, kit.now, &fault, &who), 0);
	assert_int_equal(who.role, ACCOUNT_ADMIN);
	assert_int_equal(account_add(kit.a, &in, ACCOUNT_ADMIN, kit.now, &fault, &who), ACCOUNT_E_EXISTS);
	in.email = "bob";
	assert_int_equal(account_add(kit.a, &in, ACCOUNT_ADMIN, kit.now, &fault, &who), ACCOUNT_E_FIELD);
	/* Without a password: there is none that fits, until one is set by mail. */
	in = (struct account_signup){.name = "Bob", .email = BOB};
	assert_int_equal(account_add(kit.a, &in, ACCOUNT_MEMBER, kit.now, &fault, &who), 0);
	assert_false(who.has_password);
	assert_int_equal(kit_try(BOB, ""), ACCOUNT_E_CREDENTIALS);
	assert_int_equal(kit_try(BOB, NULL), ACCOUNT_E_CREDENTIALS);
	struct account again;
	assert_int_equal(account_by_email(kit.a, "BOB@example.org", &again), 0);
	assert_string_equal(again.id, who.id);
	assert_int_equal(account_by_email(kit.a, "eve@example.org", &again), ACCOUNT_E_UNKNOWN);
	assert_int_equal(account_by_email(kit.a, "", &again), ACCOUNT_E_UNKNOWN);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(from_the_form_to_the_account),
		cmocka_unit_test(a_link_that_is_too_old),
		cmocka_unit_test(tokens_that_are_none),
		cmocka_unit_test(links_are_good_for_their_own_purpose_only),
		cmocka_unit_test(a_link_sealed_with_another_key),
		cmocka_unit_test(faults_of_the_form_name_their_field),
		cmocka_unit_test(a_link_wants_the_password_that_was_chosen_with_it),
		cmocka_unit_test(a_stranger_who_signs_up_again_changes_nothing),
		cmocka_unit_test(of_many_sign_ups_the_last_five_wait),
		cmocka_unit_test(an_address_taken_meanwhile),
		cmocka_unit_test(known_and_unknown_addresses_leave_the_same_rows),
		cmocka_unit_test(who_is_known_gets_a_word_instead_of_a_link),
		cmocka_unit_test(an_unknown_address_costs_a_hash_too),
		cmocka_unit_test(an_invitation),
		cmocka_unit_test(an_invitation_ends_with_the_rights_of_who_sent_it),
		cmocka_unit_test(an_invitation_that_is_over),
		cmocka_unit_test(the_first_admin),
		cmocka_unit_test(a_setup_link_ends_with_time_and_with_the_first_admin),
		cmocka_unit_test(added_on_the_command_line),
	};
	return kit_main(argc, argv, "signing up", tests, ARRAY_LEN(tests));
}
