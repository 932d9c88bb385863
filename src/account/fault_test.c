/*
 * Every flow with allocation number 0, 1, 2, … failing, and with a database that is gone: no crash, no leak,
 * nothing half done, and all works again afterwards.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "account/room.h"
#include "account/testkit.h"

#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ADA  "ada@example.org"
#define BOB  "bob@example.org"
#define NEW  "new@example.org"
#define ROOM "01234-56789-abcde-fghjk"

static struct account_fault fault;
static struct account who;
static struct account_login login;
static struct account ada, bob;
static char session[ACCOUNT_TOKEN_LEN + 1], token[ACCOUNT_TOKEN_LEN + 1];

/* ---- the flows: each once, from a state that prepare() makes ---- */

static int f_signup(void)
{
	const struct account_signup in = {.name = "New", .email = NEW, .password = KIT_PASSWORD};
	return account_signup(kit.a, &in, ACCOUNT_SIGNUP_OPEN, kit.now, &fault);
}

static int f_confirm(void)
{
	struct account_login l;
	char made[ACCOUNT_TOKEN_LEN + 1];
	return account_confirm(kit.a, token, KIT_PASSWORD, &kit_client, kit.now, &l, made);
}

static int f_signin(void)
{
	const struct account_signin in = {.email = ADA, .password = KIT_PASSWORD};
	char t[ACCOUNT_TOKEN_LEN + 1];
	return account_signin(kit.a, &in, &kit_client, kit.now, &login, t);
}

static int f_by_token(void)
{
	return account_by_token(kit.a, session, kit.now, &login);
}

static int f_forgot(void)
{
	return account_forgot(kit.a, ADA, kit.now, &fault);
}

static int f_reset(void)
{
	char id[ACCOUNT_ID_LEN + 1];
	return account_reset(kit.a, token, "another fine password", &kit_client, kit.now, &fault, id);
}

static int f_change_email(void)
{
	return account_change_email(kit.a, ada.id, NEW, KIT_PASSWORD, kit.now, &fault);
}

static int f_confirm_email(void)
{
	return account_confirm_email(kit.a, token, kit.now, &who);
}

static int f_invite(void)
{
	return account_invite(kit.a, &bob, NEW, ACCOUNT_MEMBER, &kit_client, kit.now, &fault);
}

static int f_set_role(void)
{
	return account_set_role(kit.a, &bob, ada.id, ACCOUNT_ADMIN, &kit_client, kit.now);
}

static int f_room(void)
{
	const struct account_room_change in = {
		.name = "Room", .password = "password", .knock = -1, .guests = -1, .locked = -1};
	struct account_room room;
	return account_room_add(kit.a, ada.id, ROOM, &in, kit.now, &fault, &room);
}

static int f_api_token(void)
{
	struct account_api_token t;
	char text[ACCOUNT_API_TOKEN_LEN + 1];
	return account_api_token_add(kit.a, &ada, "bot", "rooms:read", 0, kit.now, &fault, &t, text);
}

static int f_mail(void)
{
	struct account_mail m;
	int rc = account_mail_take(kit.a, kit.now, kit.now + 1, &m);
	if (rc == 0)
		account_mail_free(&m);
	return rc;
}

static int f_export(void)
{
	char *text;
	int rc = account_export(kit.a, ada.id, kit.now, &text);
	if (rc == 0)
		free(text);
	return rc;
}

static int f_delete(void)
{
	return account_delete(kit.a, ada.id, ada.id, &kit_client, kit.now);
}

/* ---- what they need to be there ---- */

static void p_none(void)
{
}

static void p_signup(void)
{
	assert_int_equal(f_signup(), 0);
	kit_token("signup", NEW, token);
}

static void p_forgot(void)
{
	assert_int_equal(f_forgot(), 0);
	kit_token("reset", ADA, token);
}

static void p_change_email(void)
{
	assert_int_equal(f_change_email(), 0);
	kit_token("email", NEW, token);
}

static void p_mail(void)
{
	assert_int_equal(f_forgot(), 0);
}

struct flow {
	const char *name;
	void (*prepare)(void);
	int (*run)(void);
};

static const struct flow flows[] = {
	{"signup", p_none, f_signup},      {"confirm", p_signup, f_confirm},
	{"signin", p_none, f_signin},      {"by_token", p_none, f_by_token},
	{"forgot", p_none, f_forgot},      {"reset", p_forgot, f_reset},
	{"email", p_none, f_change_email}, {"confirm_email", p_change_email, f_confirm_email},
	{"invite", p_none, f_invite},      {"role", p_none, f_set_role},
	{"room", p_none, f_room},          {"api_token", p_none, f_api_token},
	{"mail", p_mail, f_mail},          {"export", p_none, f_export},
	{"delete", p_none, f_delete},
};

static void start(const struct flow *f)
{
	kit_clear();
	bob = kit_add(BOB, "Bob", ACCOUNT_ADMIN);
	ada = kit_add(ADA, "Ada", ACCOUNT_MEMBER);
	kit_signin(ADA, session);
	f->prepare();
	kit_advance(120);
}

/* All rows, so that a change of any is seen. */
static int64_t rows(void)
{
	return kit_count("accounts") + 100 * kit_count("tokens") + 10000 * kit_count("mails") +
	       1000000 * kit_count("audit") + 100000000 * kit_count("sessions") +
	       10000000000 * kit_count("rooms") + 1000000000000 * kit_count("api_tokens");
}

/* Return: whether an allocation failed on the way. */
static bool sweep(const struct flow *f, uint64_t n)
{
	start(f);
	int64_t before = rows();
	mem_fail_after(n);
	int rc = f->run();
	bool hit = mem_fail_hit();
	mem_fail_never();
	/* A note of when something was last used may fail alone. */
	if (rc != 0 && rc != -ENOMEM)
		fail_msg("%s, allocation %d: %d", f->name, (int)n, rc);
	if (rc != 0) {
		assert_true(hit);
		assert_int_equal(rows(), before);
		assert_int_equal(f->run(), 0);
	}
	return hit;
}

static void every_allocation_fails_in_turn(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(flows); i++) {
		/* Once with memory, so that statements are prepared and what is counted is ours. */
		start(&flows[i]);
		assert_int_equal(flows[i].run(), 0);
		uint64_t n = 0;
		while (sweep(&flows[i], n))
			assert_true(++n < 500);
	}
}

static void a_database_that_is_gone(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(flows); i++)
		start(&flows[i]);
	start(&flows[0]);
	store_kit_stop(&kit.db);
	memset(token, 'A', ACCOUNT_TOKEN_LEN);
	for (size_t i = 0; i < ARRAY_LEN(flows); i++)
		assert_int_equal(flows[i].run(), -EAGAIN);
	store_kit_start(&kit.db);
	/* It connects anew when its pause is over. */
	int rc;
	while ((rc = f_by_token()) == -EAGAIN)
		store_kit_nap();
	assert_int_equal(rc, 0);
	assert_string_equal(login.account.email, ADA);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_allocation_fails_in_turn),
		cmocka_unit_test(a_database_that_is_gone),
	};
	log_set_level(LOG_OFF);
	/* A file does not go away. */
	bool server = argc > 1 && strcmp(argv[1], "postgresql") == 0;
	return kit_main(argc, argv, "faults", tests, server ? 2 : 1);
}
