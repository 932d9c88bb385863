/* Sessions of accounts: who may resume them, whose tickets count, and signing out. */
#include "signal/testkit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct kit k;
static struct signal_limits limits;
#define A (&k.c[0])
#define B (&k.c[1])
#define C (&k.c[2])
#define D (&k.c[3])

#define ADA "adaadaadaadaada0"
#define BOB "bobbobbobbobbob0"

static int setup(void **state)
{
	limits = kit_limits();
	kit_init(&k, &limits, false);
	return 0;
}

static int teardown(void **state)
{
	kit_deinit(&k);
	return 0;
}

static void log_in(struct kit_client *c, const char *account, const char *login)
{
	kit_account(c, account);
	(void)snprintf(c->who.login, sizeof(c->who.login), "%s", login);
}

static void sign_out(const char *account, const char *login, const char *keep)
{
	signal_sign_out(k.s, account, login, keep, k.now);
	kit_advance(&k, 0); /* connections that were closed are reported closed */
}

/* Whether a session that @before began may be resumed as @after. */
static void a_session_is_resumed_by_its_account_alone(void **state)
{
	static const char *const people[] = {"", ADA, BOB};

	for (int i = 0; i < 3; i++) {
		for (int j = 0; j < 3; j++) {
			log_in(A, people[i], "login");
			kit_hello(A);
			kit_drop(A);
			log_in(A, people[j], "another");
			kit_open(A);
			kit_say(A, "hello",
				",\"resume\":{\"session\":\"%s\",\"token\":\"%s\",\"last_seq\":0}",
				A->session, A->token);
			if (i == j)
				assert_true(kit_bool(kit_get(A, "welcome"), "resumed"));
			else
				kit_error(A, "session_unknown", NULL);
			kit_drop(A);
		}
	}
}

static void signing_out_ends_sessions(void **state)
{
	log_in(A, ADA, "one");
	log_in(B, BOB, "one");
	kit_join(A, "");
	kit_join(B, "");
	kit_clear(A);
	sign_out(ADA, "one", NULL);
	assert_int_equal(A->close_code, 4002);
	kit_none(A);
	assert_string_equal(kit_str(kit_get(B, "peer.left"), "reason"), "left");
	(void)kit_get(B, "host");
	kit_none(B);
	kit_open(A);
	kit_say(A, "hello", ",\"resume\":{\"session\":\"%s\",\"token\":\"%s\",\"last_seq\":0}", A->session,
		A->token);
	kit_error(A, "session_unknown", NULL);
}

static void which_sessions_a_sign_out_ends(void **state)
{
	log_in(A, ADA, "one");
	log_in(B, ADA, "two");
	log_in(C, BOB, "one");
	for (int i = 0; i < 4; i++)
		kit_hello(&k.c[i]); /* D is a guest */
	sign_out(ADA, "two", "two");
	sign_out(ADA, "three", NULL);
	assert_int_equal(B->close_code, 0);
	sign_out(ADA, NULL, "two");
	assert_int_equal(A->close_code, 4002);
	assert_int_equal(B->close_code, 0);
	sign_out(ADA, NULL, NULL);
	assert_int_equal(B->close_code, 4002);
	assert_int_equal(C->close_code, 0);
	assert_int_equal(D->close_code, 0);
	assert_int_equal(k.s->sessions.count, 2);
}

static void without_a_session_or_a_connection(void **state)
{
	log_in(A, ADA, "one");
	log_in(B, ADA, "one");
	kit_open(A); /* no hello yet */
	kit_join(B, "");
	kit_drop(B);
	sign_out(ADA, "one", NULL);
	assert_int_equal(A->close_code, 4002);
	assert_int_equal(k.s->sessions.count, 0);
	kit_join(C, "");
	assert_int_equal(C->conn->session->room->n_members, 1);
}

static void count_logins(void *arg, const struct signal_identity *who)
{
	char *seen = arg;
	assert_string_equal(who->account, ADA);
	assert_int_equal(strlen(who->login), 1);
	strcat(seen, who->login);
}

static void logins(char seen[16])
{
	seen[0] = '\0';
	signal_identities(k.s, count_logins, seen);
}

/* Away, in a room, without a session: all of accounts, and no guest. */
static void whose_sessions_there_are(void **state)
{
	char seen[16];
	logins(seen);
	assert_string_equal(seen, "");
	log_in(A, ADA, "a");
	log_in(B, ADA, "b");
	log_in(C, ADA, "c");
	kit_join(A, "");
	kit_hello(B);
	kit_drop(B);
	kit_open(C);
	kit_hello(D); /* a guest */
	logins(seen);
	assert_string_equal(seen, "abc");
	sign_out(ADA, "a", NULL);
	sign_out(ADA, "c", NULL);
	logins(seen);
	assert_string_equal(seen, "b");
}

/* The login that counts is that of the last connection. */
static void a_session_follows_its_accounts_login(void **state)
{
	log_in(A, ADA, "one");
	kit_hello(A);
	kit_drop(A);
	log_in(A, ADA, "two");
	assert_true(kit_bool(kit_resume(A, false), "resumed"));
	sign_out(ADA, "one", NULL);
	assert_int_equal(A->close_code, 0);
	sign_out(ADA, "two", NULL);
	assert_int_equal(A->close_code, 4002);
}

static void join_by_ticket(struct kit_client *c, const char *ticket)
{
	char copy[520];

	(void)snprintf(copy, sizeof(copy), "%s", ticket);
	if (!c->conn)
		kit_hello(c);
	kit_say(c, "join", ",\"room\":\"%s\",\"name\":\"N\",\"ticket\":\"%s\"", k.room, copy);
}

static void an_accounts_ticket_is_its_own(void **state)
{
	log_in(A, ADA, "one");
	kit_join(A, "");
	kit_join(B, "");
	kit_drop(A);
	/* The room is full but for her seat. */
	join_by_ticket(C, A->ticket);
	kit_error(C, "room_full", NULL);
	log_in(D, BOB, "one");
	join_by_ticket(D, A->ticket);
	kit_error(D, "room_full", NULL);
	kit_drop(D);
	log_in(D, ADA, "two");
	join_by_ticket(D, A->ticket);
	json_t *m = kit_get(D, "joined");
	assert_string_equal(kit_str(m, "self.participant"), A->pid);
	assert_string_equal(kit_str(m, "self.role"), "host");
}

static void a_guests_ticket_serves_who_has_signed_in(void **state)
{
	kit_join(A, "");
	kit_join(B, "");
	kit_clear(A);
	kit_drop(B);
	kit_clear(A);
	log_in(C, BOB, "one");
	join_by_ticket(C, B->ticket);
	assert_string_equal(kit_str(kit_get(C, "joined"), "self.participant"), B->pid);
	json_t *m = kit_get(A, "peer.back");
	assert_true(kit_bool(m, "signed_in"));
	assert_false(kit_bool(m, "owner"));
	/* From now on the seat is the account's. */
	kit_drop(C);
	join_by_ticket(D, B->ticket);
	kit_error(D, "room_full", NULL);
}

static void peers_see_who_is_signed_in(void **state)
{
	log_in(A, ADA, "one");
	kit_join(A, "");
	kit_hello(B);
	kit_say(B, "join", ",\"room\":\"%s\",\"name\":\"B\"", k.room);
	assert_true(kit_bool(kit_get(B, "joined"), "peers.0.signed_in"));
	json_t *m = kit_get(A, "peer.joined");
	assert_false(kit_bool(m, "peer.signed_in"));
	assert_false(kit_bool(m, "peer.owner"));
	/* Which account it is goes to nobody. */
	char *text = json_dumps(m, 0);
	assert_null(strstr(text, ADA));
	free(text);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_session_is_resumed_by_its_account_alone),
		TEST(signing_out_ends_sessions),
		TEST(which_sessions_a_sign_out_ends),
		TEST(without_a_session_or_a_connection),
		TEST(whose_sessions_there_are),
		TEST(a_session_follows_its_accounts_login),
		TEST(an_accounts_ticket_is_its_own),
		TEST(a_guests_ticket_serves_who_has_signed_in),
		TEST(peers_see_who_is_signed_in),
	};
	return cmocka_run_group_tests_name("signal identity", tests, NULL, NULL);
}
