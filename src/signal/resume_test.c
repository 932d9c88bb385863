/* Sessions over broken connections, reloads and restarts of the server. */
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

#define OFFER "v=0\\r\\no=x 1 2 IN IP4 127.0.0.1\\r\\ns=-\\r\\nt=0 0\\r\\n"

static int setup(void **state)
{
	limits = kit_limits();
	return 0;
}

static int teardown(void **state)
{
	kit_deinit(&k);
	return 0;
}

/* A and B in an open room, nothing unread. */
static void start_call(void)
{
	kit_init(&k, &limits, false);
	kit_join(A, "");
	kit_join(B, "");
	kit_clear(A);
}

static void say_candidate(struct kit_client *c, int port)
{
	kit_say(c, "signal",
		",\"candidate\":{\"candidate\":\"candidate:1 1 udp 5 192.0.2.1 %d typ "
		"host\",\"sdpMid\":\"0\"}",
		port);
}

static void hears_candidate(struct kit_client *c, int port)
{
	char text[32];

	(void)snprintf(text, sizeof(text), " %d typ", port);
	assert_non_null(strstr(kit_str(kit_get(c, "signal"), "candidate.candidate"), text));
}

static void hears_about(struct kit_client *c, const char *type, const char *pid)
{
	assert_string_equal(kit_str(kit_get(c, type), "participant"), pid);
}

static void what_was_missed_is_sent_again(void **state)
{
	start_call();
	kit_ask(B, "ping");
	(void)kit_get(B, "pong");
	json_int_t seq = B->seq;
	kit_drop(B);
	hears_about(A, "peer.away", B->pid);
	say_candidate(A, 1);
	say_candidate(A, 2);
	json_t *m = kit_resume(B, false);
	assert_true(kit_bool(m, "resumed"));
	assert_false(kit_bool(m, "gap"));
	assert_int_equal(kit_int(m, "seq"), seq);
	assert_int_equal(kit_int(m, "last_id"), 3);
	assert_string_equal(kit_str(m, "session"), B->session);
	hears_candidate(B, 1);
	hears_candidate(B, 2);
	kit_none(B);
	m = kit_get(A, "peer.back");
	assert_string_equal(kit_str(m, "participant"), B->pid);
	assert_false(kit_bool(m, "fresh"));
	kit_none(A);
}

/* A message that arrived, and whose sender does not know that it did. */
static void what_was_processed_takes_effect_once(void **state)
{
	start_call();
	say_candidate(B, 1);
	say_candidate(B, 2);
	hears_candidate(A, 1);
	hears_candidate(A, 2);
	kit_drop(B);
	json_int_t id = B->next_id;
	json_t *m = kit_resume(B, false);
	assert_int_equal(kit_int(m, "last_id"), id);
	/* hello has taken a number of its own, which is not in the row: the old ones are sent again. */
	kit_clear(A);
	B->next_id = id - 1;
	say_candidate(B, 2);
	kit_none(A);
	say_candidate(B, 3);
	hears_candidate(A, 3);
}

static void what_is_acknowledged_is_not_kept(void **state)
{
	start_call();
	for (int i = 1; i <= 10; i++)
		say_candidate(A, i);
	struct sig_session *ss = B->conn->session;
	assert_int_equal(ss->replay.first->seq, 1);
	kit_say(B, "ack", ",\"ack\":%lld", (long long)B->seq - 3);
	assert_int_equal(ss->replay.first->seq, B->seq - 2);
	kit_say(B, "ping", ",\"ack\":%lld", (long long)B->seq);
	assert_int_equal(ss->replay.first->seq, B->seq); /* the pong */
	kit_say(B, "ack", ",\"ack\":%lld", (long long)B->seq);
	assert_null(ss->replay.first);
	/* Nobody can acknowledge what was not sent. */
	kit_clear(B);
	kit_say(B, "ping", ",\"ack\":%lld", (long long)B->seq + 1);
	kit_error(B, "bad_field", "ack");
	/* Behind what was acknowledged there is nothing to send again from. */
	json_int_t seq = B->seq;
	B->seq = 1;
	kit_drop(B);
	json_t *m = kit_resume(B, false);
	assert_true(kit_bool(m, "gap"));
	assert_int_equal(kit_int(m, "seq"), seq);
}

static void an_overrun_is_a_gap(void **state)
{
	limits.replay_bytes = 600;
	start_call();
	kit_drop(B);
	for (int i = 0; i < 10; i++)
		say_candidate(A, i);
	hears_about(A, "peer.away", B->pid);
	json_t *m = kit_resume(B, false);
	assert_true(kit_bool(m, "gap"));
	m = kit_get(B, "joined");
	assert_true(kit_bool(m, "snapshot"));
	assert_null(kit_at(m, "re"));
	assert_string_equal(kit_str(m, "self.participant"), B->pid);
	assert_string_equal(kit_str(m, "self.name"), "Client 1");
	assert_string_equal(kit_str(m, "peers.0.participant"), A->pid);
	hears_about(B, "ice.restart", A->pid);
	kit_none(B);
	hears_about(A, "peer.back", B->pid);
	hears_about(A, "ice.restart", B->pid);
	kit_none(A);
	/* A number from the future cannot be served either. */
	kit_drop(B);
	kit_clear(A);
	B->seq += 100;
	assert_true(kit_bool(kit_resume(B, false), "gap"));
}

/* @tab is another connection that knows what @c knows. */
static void share(struct kit_client *tab, const struct kit_client *c)
{
	memcpy(tab->session, c->session, sizeof(tab->session));
	memcpy(tab->token, c->token, sizeof(tab->token));
	memcpy(tab->pid, c->pid, sizeof(tab->pid));
	tab->seq = c->seq;
	tab->next_id = c->next_id;
	tab->addr = c->addr;
}

static void a_reloaded_page_starts_anew(void **state)
{
	start_call();
	/* Nothing was lost to the connection; the page has been reloaded before it was seen to break. */
	share(C, B);
	C->seq = 0;
	json_t *m = kit_resume(C, true);
	assert_int_equal(kit_int(m, "seq"), B->seq);
	assert_false(kit_bool(m, "gap"));
	m = kit_get(C, "joined");
	assert_true(kit_bool(m, "snapshot"));
	kit_none(C);
	m = kit_get(A, "peer.back");
	assert_string_equal(kit_str(m, "participant"), B->pid);
	assert_true(kit_bool(m, "fresh"));
	kit_none(A);
	assert_int_equal(B->close_code, 4001);
	kit_none(B);
}

static void a_new_address_restarts_ice(void **state)
{
	start_call();
	kit_drop(B);
	hears_about(A, "peer.away", B->pid);
	addr_set_port(&B->addr, 9);
	(void)kit_resume(B, false);
	hears_about(A, "peer.back", B->pid);
	kit_none(A);
	kit_none(B);
	B->addr = C->addr;
	kit_drop(B);
	hears_about(A, "peer.away", B->pid);
	(void)kit_resume(B, false);
	hears_about(A, "peer.back", B->pid);
	hears_about(A, "ice.restart", B->pid);
	hears_about(B, "ice.restart", A->pid);
	kit_none(A);
	kit_none(B);
	/* A new page makes a new peer connection: nothing to restart. */
	assert_int_equal(addr_parse(&B->addr, "203.0.113.9", 1), 0);
	kit_drop(B);
	(void)kit_resume(B, true);
	(void)kit_get(B, "joined");
	kit_none(B);
}

static void two_connections_at_once(void **state)
{
	start_call();
	share(C, B);
	kit_open(C);
	struct signal_conn *old = B->conn;
	B->conn = NULL; /* the kit would report it closed at once; here the replaced page has a last word */
	kit_say(C, "hello", ",\"resume\":{\"session\":\"%s\",\"token\":\"%s\",\"last_seq\":%lld}", B->session,
		B->token, (long long)B->seq);
	(void)kit_get(C, "welcome");
	assert_int_equal(B->close_code, 4001);
	static const char text[] = "{\"type\":\"leave\",\"id\":1000}";
	struct signal_stats before, after;
	signal_get_stats(k.s, &before);
	signal_input(old, text, sizeof(text) - 1, k.now);
	signal_get_stats(k.s, &after);
	assert_int_equal(after.errors, before.errors);
	signal_closed(old, k.now);
	/* It was never away, so it is not back. */
	kit_none(A);
	kit_none(C);
	kit_say(C, "media", ",\"audio\":true,\"video\":true");
	hears_about(A, "peer.media", B->pid);
	kit_none(A);
	say_candidate(A, 1);
	hears_candidate(C, 1);
}

static void wrong_credentials_are_all_the_same(void **state)
{
	static const char *const tokens[] = {
		"",
		"x",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA+",
	};

	start_call();
	kit_open(C);
	for (size_t i = 0; i < ARRAY_LEN(tokens); i++) {
		kit_say(C, "hello", ",\"resume\":{\"session\":\"%s\",\"token\":\"%s\",\"last_seq\":0}",
			B->session, tokens[i]);
		kit_error(C, "session_unknown", NULL);
	}
	kit_say(C, "hello", ",\"resume\":{\"session\":\"%s\",\"token\":\"%s\",\"last_seq\":0}", A->session,
		B->token);
	kit_error(C, "session_unknown", NULL);
	kit_say(C, "hello", ",\"resume\":{\"session\":\"%s\",\"token\":\"%s\",\"last_seq\":0}",
		"0000000000000000", B->token);
	kit_error(C, "session_unknown", NULL);
	/* A session that is not there has no token of zeros either. */
	kit_say(C, "hello", ",\"resume\":{\"session\":\"0000000000000000\",\"token\":\"%s\",\"last_seq\":0}",
		tokens[2]);
	kit_error(C, "session_unknown", NULL);
	assert_int_equal(B->close_code, 0);
	kit_ask(C, "hello");
	(void)kit_get(C, "welcome");
}

static void who_does_not_come_back_has_left(void **state)
{
	start_call();
	kit_drop(B);
	json_t *m = kit_get(A, "peer.away");
	assert_string_equal(kit_str(m, "participant"), B->pid);
	assert_false(kit_bool(m, "closing"));
	kit_advance(&k, limits.resume_ms - 1);
	kit_none(A);
	kit_advance(&k, 1 + WHEEL_TICK_MS);
	m = kit_get(A, "peer.left");
	assert_string_equal(kit_str(m, "participant"), B->pid);
	assert_string_equal(kit_str(m, "reason"), "timeout");
	kit_open(B);
	kit_say(B, "hello", ",\"resume\":{\"session\":\"%s\",\"token\":\"%s\",\"last_seq\":0}", B->session,
		B->token);
	kit_error(B, "session_unknown", NULL);
}

static void closing_shortens_the_wait(void **state)
{
	start_call();
	kit_ask(B, "closing");
	kit_advance(&k, limits.reload_ms / 2);
	kit_drop(B);
	json_t *m = kit_get(A, "peer.away");
	assert_string_equal(kit_str(m, "participant"), B->pid);
	assert_true(kit_bool(m, "closing"));
	kit_advance(&k, limits.reload_ms / 2 - 1);
	kit_none(A);
	kit_advance(&k, 2 + WHEEL_TICK_MS);
	m = kit_get(A, "peer.left");
	assert_string_equal(kit_str(m, "reason"), "left");
}

static void closing_is_taken_back(void **state)
{
	start_call();
	kit_ask(B, "closing");
	kit_say(B, "ack", ",\"ack\":1");
	kit_ask(B, "closing");
	kit_ask(B, "ping");
	(void)kit_get(B, "pong");
	kit_advance(&k, 2 * (uint64_t)limits.reload_ms);
	kit_none(A);
	assert_int_equal(B->close_code, 0);
	/* By coming back, too. */
	kit_ask(B, "closing");
	kit_drop(B);
	(void)kit_resume(B, true);
	kit_advance(&k, 2 * (uint64_t)limits.reload_ms);
	hears_about(A, "peer.away", B->pid);
	hears_about(A, "peer.back", B->pid);
	kit_none(A);
}

static void a_closing_page_whose_socket_stays(void **state)
{
	start_call();
	kit_ask(B, "closing");
	kit_say(B, "ack", ",\"ack\":1");
	kit_advance(&k, limits.reload_ms + WHEEL_TICK_MS);
	json_t *m = kit_get(A, "peer.left");
	assert_string_equal(kit_str(m, "reason"), "left");
	assert_int_equal(B->close_code, 1000);
	(void)kit_get(A, "ticket");
	kit_none(A);
}

static void snapshots_of_the_idle_and_the_waiting(void **state)
{
	kit_init(&k, &limits, true);
	kit_hello(A);
	kit_drop(A);
	(void)kit_resume(A, true);
	assert_true(kit_bool(kit_get(A, "idle"), "snapshot"));
	kit_none(A);
	kit_drop(A);
	kit_join(B, "");
	/* ids go on after last_id, which is what a reloaded page goes by. */
	A->next_id = 0;
	json_t *m = kit_resume(A, true);
	A->next_id = kit_int(m, "last_id");
	(void)kit_get(A, "idle");
	kit_say(A, "join", ",\"room\":\"%s\",\"name\":\"A\",\"offer\":\"" OFFER "\"", k.room);
	(void)kit_get(A, "waiting");
	kit_drop(A);
	(void)kit_resume(A, true);
	m = kit_get(A, "waiting");
	assert_true(kit_bool(m, "snapshot"));
	assert_string_equal(kit_str(m, "room.id"), k.room);
	/* The offer was of the page that is gone. */
	(void)kit_get(B, "knock");
	kit_say(B, "admit", ",\"participant\":\"%s\"", kit_str(m, "participant"));
	assert_null(kit_at(kit_get(B, "peer.joined"), "peer.offer"));
	(void)kit_get(A, "joined");
}

static void admitted_while_away(void **state)
{
	kit_init(&k, &limits, true);
	kit_join(A, "");
	kit_hello(B);
	kit_say(B, "join", ",\"room\":\"%s\",\"name\":\"B\",\"offer\":\"" OFFER "\"", k.room);
	json_t *m = kit_get(B, "waiting");
	(void)snprintf(B->pid, sizeof(B->pid), "%s", kit_str(m, "participant"));
	kit_drop(B);
	(void)kit_get(A, "knock");
	kit_none(A);
	kit_say(A, "admit", ",\"participant\":\"%s\"", B->pid);
	m = kit_get(A, "peer.joined");
	assert_true(kit_bool(m, "peer.away"));
	assert_non_null(kit_at(m, "peer.offer"));
	(void)kit_resume(B, false);
	assert_null(kit_at(kit_get(B, "joined"), "snapshot"));
	hears_about(A, "peer.back", B->pid);
}

/* A server killed in the middle of a call, and started again. */
static void members_find_each_other_after_a_restart(void **state)
{
	kit_init(&k, &limits, true);
	kit_join(A, "");
	kit_hello(B);
	kit_say(B, "join", ",\"room\":\"%s\",\"name\":\"B\"", k.room);
	(void)kit_get(B, "waiting");
	kit_say(A, "admit", ",\"participant\":\"%s\"", kit_str(kit_get(A, "knock"), "participant"));
	(void)kit_get(B, "joined");
	char a[32], b[32];
	memcpy(a, A->pid, sizeof(a));
	memcpy(b, B->pid, sizeof(b));
	kit_restart(&k);
	/* The member first; the room is unknown but for the ticket. */
	kit_hello(C);
	kit_say(C, "join", ",\"room\":\"%s\",\"name\":\"C\"", k.room);
	kit_error(C, "room_unknown", NULL);
	kit_hello(B);
	kit_say(B, "join", ",\"room\":\"%s\",\"name\":\"B\",\"ticket\":\"%s\"", k.room, B->ticket);
	json_t *m = kit_get(B, "joined");
	assert_string_equal(B->pid, b);
	assert_true(kit_bool(m, "room.knock"));
	assert_string_equal(kit_str(m, "self.role"), "host"); /* standing in */
	kit_none(B);
	/* Strangers wait, as before. */
	kit_say(C, "join", ",\"room\":\"%s\",\"name\":\"C\"", k.room);
	(void)kit_get(C, "waiting");
	hears_about(B, "knock", C->conn->session->pid);
	kit_hello(A);
	kit_say(A, "join", ",\"room\":\"%s\",\"name\":\"A\",\"ticket\":\"%s\"", k.room, A->ticket);
	m = kit_get(A, "joined");
	assert_string_equal(A->pid, a);
	assert_string_equal(kit_str(m, "self.role"), "host");
	assert_true(kit_bool(m, "peers.0.rejoined"));
	assert_string_equal(kit_str(m, "peers.0.role"), "member");
	hears_about(A, "knock", C->conn->session->pid);
	kit_none(A);
	m = kit_get(B, "peer.joined");
	assert_true(kit_bool(m, "peer.rejoined"));
	assert_string_equal(kit_str(m, "peer.role"), "host");
	hears_about(B, "host", a);
	kit_none(B);
	kit_none(C);
}

static void tickets_that_do_not_count(void **state)
{
	char ticket[520], pid[32];

	start_call();
	memcpy(ticket, A->ticket, sizeof(ticket));
	memcpy(pid, A->pid, sizeof(pid));
	/* For another room. */
	kit_restart(&k);
	char other[SIGNAL_ROOM_ID_LEN + 1];
	assert_int_equal(signal_room_create(k.s, 0, k.now, other), 0);
	kit_hello(A);
	kit_say(A, "join", ",\"room\":\"%s\",\"name\":\"A\",\"ticket\":\"%s\"", other, ticket);
	assert_string_not_equal(kit_str(kit_get(A, "joined"), "self.participant"), pid);
	kit_ask(A, "leave");
	(void)kit_get(A, "left");
	/* Forged. */
	kit_say(A, "join", ",\"room\":\"%s\",\"name\":\"A\",\"ticket\":\"%s\"", k.room, "bm9uc2Vuc2U");
	kit_error(A, "room_unknown", NULL);
	/* Issued in the future. */
	k.now.wall_ms -= 3600000;
	kit_say(A, "join", ",\"room\":\"%s\",\"name\":\"A\",\"ticket\":\"%s\"", k.room, ticket);
	kit_error(A, "room_unknown", NULL);
	/* Too old. */
	k.now.wall_ms += 3600000 + 86400000 + 1;
	kit_say(A, "join", ",\"room\":\"%s\",\"name\":\"A\",\"ticket\":\"%s\"", k.room, ticket);
	kit_error(A, "room_unknown", NULL);
	k.now.wall_ms -= 86400000 + 1;
	/* Too late after the start. */
	kit_advance(&k, limits.rejoin_ms + 1);
	kit_say(A, "join", ",\"room\":\"%s\",\"name\":\"A\",\"ticket\":\"%s\"", k.room, ticket);
	kit_error(A, "room_unknown", NULL);
	/* The same one, in time. */
	kit_restart(&k);
	kit_hello(A);
	kit_say(A, "join", ",\"room\":\"%s\",\"name\":\"A\",\"ticket\":\"%s\"", k.room, ticket);
	(void)kit_get(A, "joined");
	/* While its participant is there it opens nothing. */
	kit_say(A, "room.update", ",\"knock\":true");
	kit_hello(B);
	kit_say(B, "join", ",\"room\":\"%s\",\"name\":\"B\",\"ticket\":\"%s\"", k.room, ticket);
	(void)kit_get(B, "waiting");
	assert_string_not_equal(B->conn->session->pid, A->conn->session->pid);
}

static void the_later_host_wins(void **state)
{
	char old[520];

	start_call();
	memcpy(old, A->ticket, sizeof(old));
	kit_advance(&k, 5000);
	kit_ask(A, "leave"); /* B is host now, and has a ticket that says so */
	(void)kit_get(A, "left");
	kit_restart(&k);
	kit_hello(A);
	kit_say(A, "join", ",\"room\":\"%s\",\"name\":\"A\",\"ticket\":\"%s\"", k.room, old);
	(void)kit_get(A, "joined");
	kit_hello(B);
	kit_say(B, "join", ",\"room\":\"%s\",\"name\":\"B\",\"ticket\":\"%s\"", k.room, B->ticket);
	assert_string_equal(kit_str(kit_get(B, "joined"), "self.role"), "host");
	(void)kit_get(A, "ticket");
	(void)kit_get(A, "peer.joined");
	hears_about(A, "host", B->pid);
	/* And the other way round, the earlier one takes nothing away. */
	kit_restart(&k);
	kit_hello(B);
	kit_say(B, "join", ",\"room\":\"%s\",\"name\":\"B\",\"ticket\":\"%s\"", k.room, B->ticket);
	(void)kit_get(B, "joined");
	kit_hello(A);
	kit_say(A, "join", ",\"room\":\"%s\",\"name\":\"A\",\"ticket\":\"%s\"", k.room, old);
	assert_string_equal(kit_str(kit_get(A, "joined"), "self.role"), "member");
	(void)kit_get(B, "peer.joined");
	kit_none(B);
}

static void tickets_make_no_more_rooms_than_allowed(void **state)
{
	char id[SIGNAL_ROOM_ID_LEN + 1];

	char ours[SIGNAL_ROOM_ID_LEN + 1];

	limits.rooms = 1;
	start_call();
	kit_restart(&k);
	memcpy(ours, k.room, sizeof(ours));
	assert_int_equal(signal_room_create(k.s, 0, k.now, id), 0);
	memcpy(k.room, id, sizeof(id));
	kit_join(B, "");
	memcpy(k.room, ours, sizeof(ours));
	kit_hello(A);
	kit_say(A, "join", ",\"room\":\"%s\",\"name\":\"A\",\"ticket\":\"%s\"", k.room, A->ticket);
	kit_error(A, "rooms_full", NULL);
}

static void a_session_is_small(void **state)
{
	assert_true(sizeof(struct signal_conn) + sizeof(struct sig_session) + sizeof(struct sig_room) < 1024);
	start_call();
	kit_say(A, "ack", ",\"ack\":%lld", (long long)A->seq);
	assert_null(A->conn->session->replay.first);
	assert_null(A->conn->session->held);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_missed_is_sent_again),
		TEST(what_was_processed_takes_effect_once),
		TEST(what_is_acknowledged_is_not_kept),
		TEST(an_overrun_is_a_gap),
		TEST(a_reloaded_page_starts_anew),
		TEST(a_new_address_restarts_ice),
		TEST(two_connections_at_once),
		TEST(wrong_credentials_are_all_the_same),
		TEST(who_does_not_come_back_has_left),
		TEST(closing_shortens_the_wait),
		TEST(closing_is_taken_back),
		TEST(a_closing_page_whose_socket_stays),
		TEST(snapshots_of_the_idle_and_the_waiting),
		TEST(admitted_while_away),
		TEST(members_find_each_other_after_a_restart),
		TEST(tickets_that_do_not_count),
		TEST(the_later_host_wins),
		TEST(tickets_make_no_more_rooms_than_allowed),
		TEST(a_session_is_small),
	};
	return cmocka_run_group_tests_name("signal resume", tests, NULL, NULL);
}
