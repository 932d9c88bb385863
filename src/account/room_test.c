/* Rooms that last, tokens for programs, the queue of mail. */
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
#define ROOM  "01234-56789-abcde-fghjk"
#define ROOM2 "11234-56789-abcde-fghjk"
#define ROOM3 "21234-56789-abcde-fghjk"
#define ROOM4 "31234-56789-abcde-fghjk"

static struct account_fault fault;
static struct account_room room;
static struct account_login login;

/* ---- rooms ---- */

static int add(const char *owner, const char *id, const struct account_room_change *in)
{
	return account_room_add(kit.a, owner, id, in, kit.now, &fault, &room);
}

static struct account_room_change named(const char *name)
{
	return (struct account_room_change){.name = name, .knock = -1, .guests = -1, .locked = -1};
}

static void a_room(void **state)
{
	struct account ada = kit_add(ADA, "Ada", ACCOUNT_MEMBER);
	struct account_room_change c = named(" Team \xf0\x9f\x98\x80 ");
	assert_int_equal(add(ada.id, ROOM, &c), 0);
	assert_string_equal(room.id, ROOM);
	assert_string_equal(room.owner, ada.id);
	assert_string_equal(room.name, "Team \xf0\x9f\x98\x80");
	assert_true(room.knock && room.guests && !room.locked && !room.password);
	assert_int_equal(room.created_us, kit.now);
	c = (struct account_room_change){
		.name = "X", .password = "pass", .knock = 0, .guests = 0, .locked = 1};
	assert_int_equal(add(ada.id, ROOM2, &c), 0);
	assert_true(!room.knock && !room.guests && room.locked && room.password);
	struct account_room got;
	assert_int_equal(account_room_get(kit.a, ROOM2, kit.now, &got), 0);
	assert_memory_equal(&got, &room, sizeof(got));
	assert_int_equal(account_room_get(kit.a, ROOM3, kit.now, &got), ACCOUNT_E_UNKNOWN);
	assert_int_equal(account_room_get(kit.a, "\xff", kit.now, &got), ACCOUNT_E_UNKNOWN);
}

static void what_a_room_may_not_be(void **state)
{
	struct account ada = kit_add(ADA, "Ada", ACCOUNT_MEMBER);
	struct account_room_change c = named(NULL);
	assert_int_equal(add(ada.id, ROOM, &c), ACCOUNT_E_FIELD);
	assert_string_equal(fault.field, "name");
	c = named("a\nb");
	assert_int_equal(add(ada.id, ROOM, &c), ACCOUNT_E_FIELD);
	c = named("Room");
	static const char *const passwords[] = {"abc", "line\nbreak", "\xff\xff\xff\xff"};
	for (size_t i = 0; i < ARRAY_LEN(passwords); i++) {
		c.password = passwords[i];
		assert_int_equal(add(ada.id, ROOM, &c), ACCOUNT_E_FIELD);
		assert_string_equal(fault.field, "password");
	}
	char longer[600];
	memset(longer, 'x', sizeof(longer));
	longer[513] = '\0';
	c.password = longer;
	assert_int_equal(add(ada.id, ROOM, &c), ACCOUNT_E_FIELD);
	longer[512] = '\0';
	assert_int_equal(add(ada.id, ROOM, &c), 0);
	assert_int_equal(account_room_check(kit.a, ROOM, longer), 0);
}

static void so_many_rooms_and_no_more(void **state)
{
	struct account ada = kit_add(ADA, "Ada", ACCOUNT_MEMBER), bob = kit_add(BOB, "Bob", ACCOUNT_MEMBER);
	static const char *const ids[] = {ROOM, ROOM2, ROOM3};
	struct account_room_change c = named("Room");
	for (size_t i = 0; i < ARRAY_LEN(ids); i++)
		assert_int_equal(add(ada.id, ids[i], &c), 0);
	assert_int_equal(add(ada.id, ROOM4, &c), ACCOUNT_E_TOO_MANY);
	assert_int_equal(add(bob.id, ROOM4, &c), 0);
	assert_int_equal(account_room_remove(kit.a, ada.id, ROOM), 0);
	assert_int_equal(add(ada.id, ROOM, &c), 0);
	struct account who;
	assert_int_equal(account_get(kit.a, ada.id, &who), 0);
	assert_int_equal(who.rooms, 3);
}

static int update(const char *owner, const struct account_room_change *c)
{
	return account_room_update(kit.a, owner, ROOM, c, &fault, &room);
}

static void a_room_changes(void **state)
{
	struct account ada = kit_add(ADA, "Ada", ACCOUNT_MEMBER), bob = kit_add(BOB, "Bob", ACCOUNT_MEMBER);
	struct account_room_change c = named("Room");
	assert_int_equal(add(ada.id, ROOM, &c), 0);
	c = (struct account_room_change){.knock = -1, .guests = 0, .locked = -1, .password = "open sesame"};
	assert_int_equal(update(bob.id, &c), ACCOUNT_E_UNKNOWN);
	assert_int_equal(update(ada.id, &c), 0);
	assert_string_equal(room.name, "Room");
	assert_true(room.knock && !room.guests && !room.locked && room.password);
	c = (struct account_room_change){.name = "New", .knock = 0, .guests = 1, .locked = 1};
	assert_int_equal(update(NULL, &c), 0);
	assert_string_equal(room.name, "New");
	assert_true(!room.knock && room.guests && room.locked && room.password);
	assert_int_equal(account_room_check(kit.a, ROOM, "open sesame"), 0);
	c = (struct account_room_change){.knock = -1, .guests = -1, .locked = -1, .password = ""};
	assert_int_equal(update(ada.id, &c), 0);
	assert_false(room.password);
	assert_int_equal(account_room_check(kit.a, ROOM, "whatever"), 0);
	c = named("\x7f");
	assert_int_equal(update(ada.id, &c), ACCOUNT_E_FIELD);
	assert_int_equal(account_room_update(kit.a, NULL, "x", &c, &fault, &room), ACCOUNT_E_UNKNOWN);
}

static void the_password_of_a_room(void **state)
{
	struct account ada = kit_add(ADA, "Ada", ACCOUNT_MEMBER);
	struct account_room_change c = named("Room");
	c.password = "open sesame";
	assert_int_equal(add(ada.id, ROOM, &c), 0);
	assert_int_equal(account_room_check(kit.a, ROOM, "open sesame"), 0);
	assert_int_equal(account_room_check(kit.a, ROOM, "Open sesame"), ACCOUNT_E_CREDENTIALS);
	assert_int_equal(account_room_check(kit.a, ROOM, ""), ACCOUNT_E_CREDENTIALS);
	assert_int_equal(account_room_check(kit.a, ROOM, NULL), ACCOUNT_E_CREDENTIALS);
	assert_int_equal(account_room_check(kit.a, ROOM2, "open sesame"), ACCOUNT_E_UNKNOWN);
	assert_int_equal(kit_count("rooms WHERE password LIKE '%sesame%'"), 0);
}

static void removed_by_its_owner_or_anybody_who_may(void **state)
{
	struct account ada = kit_add(ADA, "Ada", ACCOUNT_MEMBER), bob = kit_add(BOB, "Bob", ACCOUNT_MEMBER);
	struct account_room_change c = named("Room");
	assert_int_equal(add(ada.id, ROOM, &c), 0);
	assert_int_equal(add(ada.id, ROOM2, &c), 0);
	assert_int_equal(account_room_remove(kit.a, bob.id, ROOM), ACCOUNT_E_UNKNOWN);
	assert_int_equal(account_room_remove(kit.a, ada.id, ROOM), 0);
	assert_int_equal(account_room_remove(kit.a, ada.id, ROOM), ACCOUNT_E_UNKNOWN);
	assert_int_equal(account_room_remove(kit.a, NULL, ROOM2), 0);
}

static void use_is_noted_once_an_hour(void **state)
{
	struct account ada = kit_add(ADA, "Ada", ACCOUNT_MEMBER);
	struct account_room_change c = named("Room");
	assert_int_equal(add(ada.id, ROOM, &c), 0);
	int64_t made = kit.now;
	kit_advance(3599);
	assert_int_equal(account_room_get(kit.a, ROOM, kit.now, &room), 0);
	assert_int_equal(room.used_us, made);
	kit_advance(1);
	assert_int_equal(account_room_get(kit.a, ROOM, kit.now, &room), 0);
	assert_int_equal(account_room_get(kit.a, ROOM, kit.now, &room), 0);
	assert_int_equal(room.used_us, kit.now);
}

static int on_room(void *arg, const struct account_room *r)
{
	strcat(strcat(arg, r->id), " ");
	return 0;
}

static void ones_own_rooms(void **state)
{
	char text[200] = "";
	struct account ada = kit_add(ADA, "Ada", ACCOUNT_MEMBER), bob = kit_add(BOB, "Bob", ACCOUNT_MEMBER);
	struct account_room_change c = named("Room");
	assert_int_equal(add(ada.id, ROOM2, &c), 0);
	kit_advance(1);
	assert_int_equal(add(ada.id, ROOM, &c), 0);
	assert_int_equal(add(bob.id, ROOM3, &c), 0);
	assert_int_equal(account_rooms(kit.a, ada.id, on_room, text), 0);
	assert_string_equal(text, ROOM2 " " ROOM " ");
}

/* ---- tokens for programs ---- */

static struct account_api_token made;
static char api[ACCOUNT_API_TOKEN_LEN + 1];

static int add_token(const struct account *who, const char *name, const char *scopes, int64_t expires_us)
{
	return account_api_token_add(kit.a, who, name, scopes, expires_us, kit.now, &fault, &made, api);
}

static void a_token(void **state)
{
	struct account ada = kit_add(ADA, "Ada", ACCOUNT_MEMBER);
	assert_int_equal(add_token(&ada, " bot ", "rooms:write  account:read rooms:write", 0), 0);
	assert_string_equal(made.name, "bot");
	assert_string_equal(made.scopes, "account:read rooms:write");
	assert_int_equal(strncmp(api, "parley_", 7), 0);
	assert_int_equal(strlen(api), ACCOUNT_API_TOKEN_LEN);
	assert_int_equal(account_by_api_token(kit.a, api, kit.now, &login), 0);
	assert_string_equal(login.account.id, ada.id);
	assert_string_equal(login.session.id, "");
	assert_string_equal(login.scopes, made.scopes);
	assert_int_equal(account_by_token(kit.a, api + 7, kit.now, &login), ACCOUNT_E_TOKEN);
	api[20] = api[20] == 'x' ? 'y' : 'x';
	assert_int_equal(account_by_api_token(kit.a, api, kit.now, &login), ACCOUNT_E_TOKEN);
}

static void what_a_token_may_not_be(void **state)
{
	struct account ada = kit_add(ADA, "Ada", ACCOUNT_MEMBER);
	static const char *const scopes[] = {"",           " ",          "rooms", "rooms:read,rooms:write",
					     "ROOMS:READ", "rooms:readx"};
	for (size_t i = 0; i < ARRAY_LEN(scopes); i++) {
		assert_int_equal(add_token(&ada, "bot", scopes[i], 0), ACCOUNT_E_FIELD);
		assert_string_equal(fault.field, "scopes");
	}
	assert_int_equal(add_token(&ada, "bot", NULL, 0), ACCOUNT_E_FIELD);
	assert_int_equal(add_token(&ada, "", "admin", 0), ACCOUNT_E_FIELD);
	assert_string_equal(fault.field, "name");
	assert_int_equal(add_token(&ada, "bot", "rooms:read", kit.now), ACCOUNT_E_FIELD);
	assert_string_equal(fault.field, "expires_days");
	assert_int_equal(add_token(&ada, "bot", "rooms:read admin", 0), ACCOUNT_E_FORBIDDEN);
	for (int i = 0; i < 3; i++)
		assert_int_equal(add_token(&ada, "bot", "rooms:read", 0), 0);
	assert_int_equal(add_token(&ada, "bot", "rooms:read", 0), ACCOUNT_E_TOO_MANY);
}

static int on_token(void *arg, const struct account_api_token *t)
{
	struct account_api_token **at = arg;
	*(*at)++ = *t;
	return 0;
}

static void tokens_expire_and_are_listed_and_removed(void **state)
{
	struct account ada = kit_add(ADA, "Ada", ACCOUNT_MEMBER), bob = kit_add(BOB, "Bob", ACCOUNT_MEMBER);
	struct account_api_token list[4], *at = list;
	assert_int_equal(add_token(&ada, "bot", "rooms:read", kit.now + 100 * ACCOUNT_US), 0);
	kit_advance(99);
	assert_int_equal(account_by_api_token(kit.a, api, kit.now, &login), 0);
	assert_int_equal(account_api_tokens(kit.a, ada.id, on_token, &at), 0);
	assert_int_equal(at - list, 1);
	assert_int_equal(list[0].used_us, kit.now);
	list[0].used_us = 0;
	assert_memory_equal(&list[0], &made, sizeof(made));
	kit_advance(1);
	assert_int_equal(account_by_api_token(kit.a, api, kit.now, &login), ACCOUNT_E_TOKEN);
	assert_int_equal(add_token(&ada, "bot", "rooms:read", 0), 0);
	assert_int_equal(account_api_token_remove(kit.a, bob.id, made.id), ACCOUNT_E_UNKNOWN);
	assert_int_equal(account_api_token_remove(kit.a, ada.id, "\xff"), ACCOUNT_E_UNKNOWN);
	assert_int_equal(account_api_token_remove(kit.a, ada.id, made.id), 0);
	assert_int_equal(account_by_api_token(kit.a, api, kit.now, &login), ACCOUNT_E_TOKEN);
}

/* ---- the queue of mail ---- */

static int queue(struct store_conn *c, void *arg)
{
	const struct account_letter l = {.template = arg,
					 .email = ADA,
					 .language = "de",
					 .vars = {{"name", "\"A\r\nda\" \xf0\x9f\x98\x80"}}};
	return account_mail_queue(kit.a, c, &l, kit.now);
}

static void put_letter(const char *template)
{
	char text[32];
	(void)snprintf(text, sizeof(text), "%s", template);
	assert_int_equal(store_write(kit.store, queue, text), 0);
}

static int take(int64_t retry_s, struct account_mail *m)
{
	return account_mail_take(kit.a, kit.now, kit.now + retry_s * ACCOUNT_US, m);
}

static void a_letter_is_taken_and_done(void **state)
{
	struct account_mail m, second;
	int64_t due;
	put_letter("deleted");
	assert_int_equal(account_mail_next(kit.a, &due), 0);
	assert_int_equal(due, kit.now);
	assert_int_equal(take(60, &m), 0);
	assert_string_equal(m.template, "deleted");
	assert_string_equal(m.email, ADA);
	assert_string_equal(m.language, "de");
	assert_int_equal(m.attempts, 1);
	assert_int_equal(m.created_us, kit.now);
	json_t *vars = json_loads(m.vars, 0, NULL);
	assert_string_equal(json_string_value(json_object_get(vars, "name")), "\"A\r\nda\" \xf0\x9f\x98\x80");
	json_decref(vars);
	assert_int_equal(take(60, &second), ACCOUNT_E_UNKNOWN);
	assert_int_equal(account_mail_next(kit.a, &due), 0);
	assert_int_equal(due, kit.now + 60 * ACCOUNT_US);
	/* Whoever took it has died. */
	kit_advance(60);
	assert_int_equal(take(60, &second), 0);
	assert_string_equal(second.id, m.id);
	assert_int_equal(second.attempts, 2);
	assert_int_equal(account_mail_done(kit.a, m.id), 0);
	assert_int_equal(account_mail_done(kit.a, m.id), 0);
	assert_int_equal(kit_count("mails"), 0);
	account_mail_free(&m);
	account_mail_free(&second);
}

static void a_letter_fails_and_is_given_up(void **state)
{
	struct account_mail m;
	put_letter("deleted");
	kit_advance(1);
	put_letter("reset");
	assert_int_equal(take(600, &m), 0);
	assert_string_equal(m.template, "deleted");
	assert_int_equal(account_mail_failed(kit.a, m.id, "451 \xff\r\n later", kit.now + 5 * ACCOUNT_US), 0);
	assert_int_equal(kit_count("mails WHERE error = '451 ??? later'"), 1);
	account_mail_free(&m);
	assert_int_equal(take(600, &m), 0);
	assert_string_equal(m.template, "reset");
	account_mail_free(&m);
	assert_int_equal(take(600, &m), ACCOUNT_E_UNKNOWN);
	kit_advance(5);
	assert_int_equal(take(600, &m), 0);
	assert_string_equal(m.template, "deleted");
	assert_int_equal(account_mail_failed(kit.a, m.id, NULL, 0), 0);
	assert_int_equal(kit_count("mails"), 1);
	account_mail_free(&m);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_room),
		cmocka_unit_test(what_a_room_may_not_be),
		cmocka_unit_test(so_many_rooms_and_no_more),
		cmocka_unit_test(a_room_changes),
		cmocka_unit_test(the_password_of_a_room),
		cmocka_unit_test(removed_by_its_owner_or_anybody_who_may),
		cmocka_unit_test(use_is_noted_once_an_hour),
		cmocka_unit_test(ones_own_rooms),
		cmocka_unit_test(a_token),
		cmocka_unit_test(what_a_token_may_not_be),
		cmocka_unit_test(tokens_expire_and_are_listed_and_removed),
		cmocka_unit_test(a_letter_is_taken_and_done),
		cmocka_unit_test(a_letter_fails_and_is_given_up),
	};
	return kit_main(argc, argv, "rooms, tokens and mail", tests, ARRAY_LEN(tests));
}
