/* The profile: name, password, address; taking everything away, and having it taken away. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "account/room.h"
#include "account/testkit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ADA   "ada@example.org"
#define BOB   "bob@example.org"
#define NEW   "new@example.org"
#define OTHER "another fine password"
#define ROOM  "01234-56789-abcde-fghjk"

static struct account_fault fault;
static struct account who;
static struct account_login login;

/* ---- name and language ---- */

static void changing_name_and_language(void **state)
{
	struct account ada = kit_add(ADA, "Ada", ACCOUNT_MEMBER);
	assert_int_equal(account_update(kit.a, ada.id, " \xc3\x84\xc3\xb6 ", NULL, &fault, &who), 0);
	assert_string_equal(who.name, "\xc3\x84\xc3\xb6");
	assert_string_equal(who.language, "");
	assert_int_equal(kit_count("accounts WHERE name_key = '\xc3\xa4\xc3\xb6'"), 1);
	assert_int_equal(account_update(kit.a, ada.id, NULL, "pt-BR", &fault, &who), 0);
	assert_string_equal(who.name, "\xc3\x84\xc3\xb6");
	assert_string_equal(who.language, "pt-BR");
	assert_int_equal(account_update(kit.a, ada.id, NULL, "", &fault, &who), 0);
	assert_string_equal(who.language, "");
	assert_int_equal(account_update(kit.a, ada.id, "", NULL, &fault, &who), ACCOUNT_E_FIELD);
	assert_string_equal(fault.field, "name");
	assert_int_equal(account_update(kit.a, ada.id, NULL, "en_US", &fault, &who), ACCOUNT_E_FIELD);
	assert_string_equal(fault.field, "language");
	assert_int_equal(account_update(kit.a, "0000000000000000", "X", NULL, &fault, &who),
			 ACCOUNT_E_UNKNOWN);
	assert_int_equal(account_get(kit.a, "0000000000000000", &who), ACCOUNT_E_UNKNOWN);
	assert_int_equal(account_get(kit.a, "\xff", &who), ACCOUNT_E_UNKNOWN);
}

/* ---- the password ---- */

static int set_password(const struct account_login *me, const char *old, const char *new, char *token)
{
	return account_set_password(kit.a, me->account.id, me->session.id, old, new, kit.now, &fault, token);
}

/* A program's way in, kept in @api. */
static void let_a_program_in(const struct account *owner, char api[ACCOUNT_API_TOKEN_LEN + 1])
{
	struct account_api_token t;
	assert_int_equal(
		account_api_token_add(kit.a, owner, "Bot", "rooms:read", 0, kit.now, &fault, &t, api), 0);
	assert_int_equal(account_by_api_token(kit.a, api, kit.now, &login), 0);
}

static void a_new_password(void **state)
{
	char api[ACCOUNT_API_TOKEN_LEN + 1];
	char token[ACCOUNT_TOKEN_LEN + 1], other[ACCOUNT_TOKEN_LEN + 1], fresh[ACCOUNT_TOKEN_LEN + 1] = "";
	char reset[ACCOUNT_TOKEN_LEN + 1], email[ACCOUNT_TOKEN_LEN + 1], id[ACCOUNT_ID_LEN + 1];
	kit_add(ADA, "Ada", ACCOUNT_MEMBER);
	struct account_login me = kit_signin(ADA, token);
	kit_signin(ADA, other);
	let_a_program_in(&me.account, api);
	assert_int_equal(account_forgot(kit.a, ADA, kit.now, &fault), 0);
	kit_token("reset", ADA, reset);
	assert_int_equal(account_change_email(kit.a, me.account.id, NEW, KIT_PASSWORD, kit.now, &fault), 0);
	kit_token("email", NEW, email);
	assert_int_equal(set_password(&me, "wrong password", OTHER, fresh), ACCOUNT_E_CREDENTIALS);
	assert_int_equal(set_password(&me, KIT_PASSWORD, "short", fresh), ACCOUNT_E_FIELD);
	assert_string_equal(fault.field, "new");
	assert_string_equal(fresh, "");
	assert_int_equal(account_by_api_token(kit.a, api, kit.now, &login), 0);
	assert_int_equal(set_password(&me, KIT_PASSWORD, OTHER, fresh), 0);
	assert_int_equal(account_by_api_token(kit.a, api, kit.now, &login), ACCOUNT_E_TOKEN);
	assert_int_equal(account_by_token(kit.a, token, kit.now, &login), ACCOUNT_E_TOKEN);
	assert_int_equal(account_by_token(kit.a, other, kit.now, &login), ACCOUNT_E_TOKEN);
	assert_int_equal(account_by_token(kit.a, fresh, kit.now, &login), 0);
	assert_string_equal(login.session.id, me.session.id);
	assert_int_equal(kit_try(ADA, KIT_PASSWORD), ACCOUNT_E_CREDENTIALS);
	/* What an intruder may have asked for. */
	assert_int_equal(account_confirm_email(kit.a, email, kit.now, &who), ACCOUNT_E_TOKEN);
	assert_int_equal(account_reset(kit.a, reset, KIT_PASSWORD, &kit_client, kit.now, &fault, id),
			 ACCOUNT_E_TOKEN);
	assert_int_equal(kit_try(ADA, OTHER), 0);
	kit_mail("password_changed", ADA, "name", token, sizeof(token));
	assert_string_equal(token, "Ada");
	/* A session that has ended meanwhile changes nothing. */
	let_a_program_in(&me.account, api);
	assert_int_equal(account_signout_all(kit.a, me.account.id, NULL), 0);
	assert_int_equal(account_by_api_token(kit.a, api, kit.now, &login), ACCOUNT_E_TOKEN);
	assert_int_equal(set_password(&me, OTHER, KIT_PASSWORD, fresh), ACCOUNT_E_UNKNOWN);
	assert_int_equal(kit_try(ADA, OTHER), 0);
}

static void asking_for_the_password_again(void **state)
{
	struct account ada = kit_add(ADA, "Ada", ACCOUNT_MEMBER);
	assert_int_equal(account_check_password(kit.a, ada.id, KIT_PASSWORD), 0);
	assert_int_equal(account_check_password(kit.a, ada.id, OTHER), ACCOUNT_E_CREDENTIALS);
	assert_int_equal(account_check_password(kit.a, ada.id, NULL), ACCOUNT_E_CREDENTIALS);
	assert_int_equal(account_check_password(kit.a, "0000000000000000", KIT_PASSWORD),
			 ACCOUNT_E_CREDENTIALS);
}

static void a_password_from_the_command_line(void **state)
{
	char token[ACCOUNT_TOKEN_LEN + 1], api[ACCOUNT_API_TOKEN_LEN + 1];
	struct account ada = kit_add(ADA, "Ada", ACCOUNT_MEMBER);
	kit_signin(ADA, token);
	let_a_program_in(&ada, api);
	assert_int_equal(account_force_password(kit.a, ada.id, "short", kit.now, &fault), ACCOUNT_E_FIELD);
	assert_int_equal(account_force_password(kit.a, "0000000000000000", OTHER, kit.now, &fault),
			 ACCOUNT_E_UNKNOWN);
	assert_int_equal(account_force_password(kit.a, ada.id, OTHER, kit.now, &fault), 0);
	assert_int_equal(account_by_api_token(kit.a, api, kit.now, &login), ACCOUNT_E_TOKEN);
	assert_int_equal(account_by_token(kit.a, token, kit.now, &login), ACCOUNT_E_TOKEN);
	assert_int_equal(kit_try(ADA, OTHER), 0);
}

/* ---- the address ---- */

static int change_email(const char *id, const char *email, const char *password)
{
	return account_change_email(kit.a, id, email, password, kit.now, &fault);
}

static void another_address(void **state)
{
	char token[ACCOUNT_TOKEN_LEN + 1], reset[ACCOUNT_TOKEN_LEN + 1], id[ACCOUNT_ID_LEN + 1], text[300];
	struct account ada = kit_add(ADA, "Ada", ACCOUNT_MEMBER);
	assert_int_equal(change_email(ada.id, "new", KIT_PASSWORD), ACCOUNT_E_FIELD);
	assert_string_equal(fault.field, "email");
	assert_int_equal(change_email(ada.id, "ADA@example.org", KIT_PASSWORD), ACCOUNT_E_FIELD);
	assert_int_equal(change_email(ada.id, NEW, OTHER), ACCOUNT_E_CREDENTIALS);
	assert_int_equal(kit_count("mails"), 0);
	assert_int_equal(change_email(ada.id, "New@example.org", KIT_PASSWORD), 0);
	kit_mail("email_announce", ADA, "email", text, sizeof(text));
	assert_string_equal(text, NEW);
	kit_token("email", NEW, token);
	assert_int_equal(account_forgot(kit.a, ADA, kit.now, &fault), 0);
	kit_token("reset", ADA, reset);
	assert_int_equal(account_confirm_email(kit.a, token, kit.now, &who), 0);
	assert_string_equal(who.email, NEW);
	assert_string_equal(who.id, ada.id);
	assert_int_equal(account_confirm_email(kit.a, token, kit.now, &who), ACCOUNT_E_TOKEN);
	kit_mail("email_changed", ADA, "email", text, sizeof(text));
	assert_string_equal(text, NEW);
	/* The old address opens nothing any more. */
	assert_int_equal(account_reset(kit.a, reset, OTHER, &kit_client, kit.now, &fault, id),
			 ACCOUNT_E_TOKEN);
	assert_int_equal(kit_try(ADA, KIT_PASSWORD), ACCOUNT_E_CREDENTIALS);
	assert_int_equal(kit_try(NEW, KIT_PASSWORD), 0);
}

static void an_address_that_another_has(void **state)
{
	char text[300];
	struct account ada = kit_add(ADA, "Ada", ACCOUNT_MEMBER);
	kit_add(BOB, "Bob", ACCOUNT_MEMBER);
	assert_int_equal(change_email(ada.id, NEW, KIT_PASSWORD), 0);
	int64_t mails = kit_count("mails"), tokens = kit_count("tokens");
	assert_int_equal(change_email(ada.id, BOB, KIT_PASSWORD), 0);
	/* As many letters; the token took the place of the first one. */
	assert_int_equal(kit_count("mails"), 2 * mails);
	assert_int_equal(kit_count("tokens"), tokens);
	kit_mail("email_known", BOB, "token", text, sizeof(text));
	assert_string_equal(text, "");
	assert_int_equal(kit_count("mails WHERE template = 'email' AND email = '" BOB "'"), 0);
}

static void an_address_taken_while_the_link_waits(void **state)
{
	char token[ACCOUNT_TOKEN_LEN + 1];
	struct account ada = kit_add(ADA, "Ada", ACCOUNT_MEMBER);
	assert_int_equal(change_email(ada.id, NEW, KIT_PASSWORD), 0);
	kit_token("email", NEW, token);
	kit_add(NEW, "Eve", ACCOUNT_MEMBER);
	assert_int_equal(account_confirm_email(kit.a, token, kit.now, &who), ACCOUNT_E_TOKEN);
	assert_int_equal(kit_try(ADA, KIT_PASSWORD), 0);
	assert_int_equal(change_email(ada.id, "third@example.org", KIT_PASSWORD), 0);
	kit_token("email", "third@example.org", token);
	kit_advance(86400);
	assert_int_equal(account_confirm_email(kit.a, token, kit.now, &who), ACCOUNT_E_TOKEN);
}

/* ---- everything of one person ---- */

static void give_her_everything(struct account *ada, char api[ACCOUNT_API_TOKEN_LEN + 1])
{
	char token[ACCOUNT_TOKEN_LEN + 1];
	struct account_api_token t;
	struct account_room room;
	const struct account_room_change change = {
		.name = "Her room", .password = "roompass", .knock = -1, .guests = -1, .locked = -1};
	*ada = kit_add(ADA, "Ada", ACCOUNT_ADMIN);
	kit_signin(ADA, token);
	assert_int_equal(
		account_api_token_add(kit.a, ada, "Her bot", "rooms:read", 0, kit.now, &fault, &t, api), 0);
	assert_int_equal(account_room_add(kit.a, ada->id, ROOM, &change, kit.now, &fault, &room), 0);
	assert_int_equal(account_invite(kit.a, ada, NEW, ACCOUNT_MEMBER, &kit_client, kit.now, &fault), 0);
	assert_int_equal(account_set_setting(kit.a, ada, "rooms.create", "admins", &kit_client, kit.now), 0);
	assert_int_equal(account_forgot(kit.a, ADA, kit.now, &fault), 0);
}

static void the_export_has_all_and_no_secrets(void **state)
{
	char api[ACCOUNT_API_TOKEN_LEN + 1], hash[ACCOUNT_HASH_LEN + 1], *text = NULL;
	struct account ada, bob = kit_add(BOB, "Bob", ACCOUNT_ADMIN);
	give_her_everything(&ada, api);
	assert_int_equal(account_set_role(kit.a, &bob, ada.id, ACCOUNT_MEMBER, &kit_client, kit.now), 0);
	assert_int_equal(account_set_role(kit.a, &bob, ada.id, ACCOUNT_ADMIN, &kit_client, kit.now), 0);
	assert_int_equal(account_export(kit.a, ada.id, kit.now, &text), 0);
	static const char *const wanted[] = {ADA,
					     "\"Ada\"",
					     "Her bot",
					     "Her room",
					     ROOM,
					     "rooms.create",
					     "user.invite",
					     NEW,
					     "user.role",
					     "reset",
					     "2027-01-15T08:00:00Z",
					     "192.0.2.7"};
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
		assert_non_null(strstr(text, wanted[i]));
	account_token_hash(api, hash);
	const char *const unwanted[] = {"argon2", api, hash, BOB, bob.id, "\"Bob\""};
	for (size_t i = 0; i < ARRAY_LEN(unwanted); i++)
		assert_null(strstr(text, unwanted[i]));
	json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	static const struct {
		const char *name;
		size_t n;
	} lists[] = {{"sessions", 0}, {"passkeys", 0}, {"api_tokens", 1}, {"rooms", 1},
		     {"links", 1},    {"mails", 3},    {"done", 2},       {"done_to_me", 3}};
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		assert_int_equal(json_array_size(json_object_get(root, lists[i].name)), lists[i].n);
	json_decref(root);
	free(text);
	assert_int_equal(account_export(kit.a, "0000000000000000", kit.now, &text), ACCOUNT_E_UNKNOWN);
}

struct log {
	size_t n;
	char line[16][200];
};

static int on_event(void *arg, const struct account_event *e)
{
	struct log *l = arg;
	assert_true(l->n < ARRAY_LEN(l->line));
	(void)snprintf(l->line[l->n++], sizeof(l->line[0]), "%s|%s|%s|%s|%s", e->actor, e->action, e->target,
		       e->detail, e->address);
	return 0;
}

static void deleting_takes_everything(void **state)
{
	char api[ACCOUNT_API_TOKEN_LEN + 1], text[64];
	struct account ada, bob = kit_add(BOB, "Bob", ACCOUNT_ADMIN);
	give_her_everything(&ada, api);
	assert_int_equal(account_set_role(kit.a, &bob, ada.id, ACCOUNT_MEMBER, &kit_client, kit.now), 0);
	/* Hangs on the address, not on the account. */
	const struct account_signup again = {.name = "Ada", .email = ADA, .password = KIT_PASSWORD};
	assert_int_equal(account_signup(kit.a, &again, ACCOUNT_SIGNUP_OPEN, kit.now, &fault), 0);
	assert_int_equal(kit_count("tokens WHERE email = '" ADA "' AND kind = 'signup'"), 1);
	assert_int_equal(account_delete(kit.a, ada.id, ada.id, &kit_client, kit.now), 0);
	static const char *const tables[] = {"sessions",
					     "api_tokens",
					     "rooms",
					     "recovery_codes",
					     "passkeys",
					     "accounts WHERE email = '" ADA "'",
					     "tokens WHERE email = '" ADA "'",
					     "audit WHERE actor = '" ADA "' OR target = '" ADA "'"};
	for (size_t i = 0; i < ARRAY_LEN(tables); i++)
		assert_int_equal(kit_count(tables[i]), 0);
	/* One letter to her, to say so. */
	assert_int_equal(kit_count("mails WHERE email = '" ADA "'"), 1);
	kit_mail("deleted", ADA, "name", text, sizeof(text));
	assert_string_equal(text, "Ada");
	struct log l = {0};
	assert_int_equal(account_audit_log(kit.a, 0, 100, on_event, &l), 0);
	char wanted[200];
	(void)snprintf(wanted, sizeof(wanted), "|user.delete|%s||", ada.id);
	assert_string_equal(l.line[0], wanted);
	(void)snprintf(wanted, sizeof(wanted), BOB "|user.role|%s|member|192.0.2.7", ada.id);
	assert_string_equal(l.line[1], wanted);
	assert_string_equal(l.line[2], "|setting|rooms.create|admins|");
	assert_string_equal(l.line[3], "|user.invite|" NEW "|member|");
	assert_int_equal(account_delete(kit.a, ada.id, ada.id, &kit_client, kit.now), ACCOUNT_E_UNKNOWN);
	/* The address is free again. */
	kit_add(ADA, "Ada", ACCOUNT_MEMBER);
}

static void deleting_takes_what_hangs_on_other_addresses(void **state)
{
	char token[ACCOUNT_TOKEN_LEN + 1];
	struct account bob = kit_add(BOB, "Bob", ACCOUNT_ADMIN);
	/* Invited by an address that was left later. */
	assert_int_equal(account_invite(kit.a, &bob, ADA, ACCOUNT_MEMBER, &kit_client, kit.now, &fault), 0);
	struct account ada = kit_add(ADA, "Ada", ACCOUNT_MEMBER);
	assert_int_equal(change_email(ada.id, NEW, KIT_PASSWORD), 0);
	kit_token("email", NEW, token);
	assert_int_equal(account_confirm_email(kit.a, token, kit.now, &who), 0);
	assert_int_equal(kit_count("audit WHERE action = 'user.invite'"), 1);
	assert_int_equal(kit_count("audit WHERE target = '" ADA "'"), 0);
	/* A change that is still to be confirmed. */
	assert_int_equal(change_email(ada.id, "third@example.org", KIT_PASSWORD), 0);
	assert_int_equal(kit_count("mails WHERE email = 'third@example.org'"), 1);
	/* Of nobody who was signed in. */
	assert_int_equal(account_audit(kit.a, NULL, "passkey.cloned", ada.id, NULL, &kit_client, kit.now), 0);
	assert_int_equal(account_delete(kit.a, ada.id, ada.id, &kit_client, kit.now), 0);
	assert_int_equal(kit_count("mails WHERE email = 'third@example.org'"), 0);
	assert_int_equal(kit_count("audit WHERE action = 'passkey.cloned' AND address = ''"), 1);
	assert_int_equal(kit_count("audit WHERE actor = '" BOB "' AND address <> ''"), 1);
}

static void deleted_by_an_admin_and_the_last_one(void **state)
{
	struct account ada = kit_add(ADA, "Ada", ACCOUNT_MEMBER), bob = kit_add(BOB, "Bob", ACCOUNT_ADMIN);
	assert_int_equal(account_delete(kit.a, bob.id, bob.id, &kit_client, kit.now), ACCOUNT_E_LAST_ADMIN);
	assert_int_equal(account_delete(kit.a, bob.id, NULL, NULL, kit.now), ACCOUNT_E_LAST_ADMIN);
	assert_int_equal(account_delete(kit.a, ada.id, "0000000000000000", &kit_client, kit.now),
			 ACCOUNT_E_FORBIDDEN);
	assert_int_equal(account_delete(kit.a, ada.id, bob.id, &kit_client, kit.now), 0);
	assert_int_equal(kit_count("audit WHERE action = 'user.delete' AND actor = '" BOB "'"), 1);
	assert_int_equal(kit_count("accounts"), 1);
	struct account eve = kit_add(NEW, "Eve", ACCOUNT_MEMBER);
	assert_int_equal(account_delete(kit.a, eve.id, NULL, NULL, kit.now), 0);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(changing_name_and_language),
		cmocka_unit_test(a_new_password),
		cmocka_unit_test(asking_for_the_password_again),
		cmocka_unit_test(a_password_from_the_command_line),
		cmocka_unit_test(another_address),
		cmocka_unit_test(an_address_that_another_has),
		cmocka_unit_test(an_address_taken_while_the_link_waits),
		cmocka_unit_test(the_export_has_all_and_no_secrets),
		cmocka_unit_test(deleting_takes_everything),
		cmocka_unit_test(deleting_takes_what_hangs_on_other_addresses),
		cmocka_unit_test(deleted_by_an_admin_and_the_last_one),
	};
	return kit_main(argc, argv, "the profile", tests, ARRAY_LEN(tests));
}
