/* Coming back by ticket: to one's seat, as the first host, and after a restart by the latest generation. */
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

static void hears_about(struct kit_client *c, const char *type, const char *pid, const char *reason)
{
	json_t *m = kit_get(c, type);

	assert_string_equal(kit_str(m, "participant"), pid);
	if (reason)
		assert_string_equal(kit_str(m, "reason"), reason);
}

#define SDP        "v=0\\r\\no=x 1 2 IN IP4 127.0.0.1\\r\\ns=-\\r\\nt=0 0\\r\\n"
#define TICKET_MAX 520

static void join_as(struct kit_client *c, const char *ticket, const char *name, const char *members)
{
	if (!c->conn)
		kit_hello(c);
	kit_say(c, "join", ",\"room\":\"%s\",\"name\":\"%s\",\"ticket\":\"%s\"%s", k.room, name, ticket,
		members);
}

static void rejoin(struct kit_client *c)
{
	char ticket[TICKET_MAX];

	memcpy(ticket, c->ticket, sizeof(ticket));
	join_as(c, ticket, "Back", "");
}

/* @n clients in a room with knocking, the first of them host, nothing unread. */
static void start(int n)
{
	kit_init(&k, &limits, true);
	kit_join(A, "");
	for (int i = 1; i < n; i++) {
		struct kit_client *c = &k.c[i];
		kit_hello(c);
		kit_say(c, "join", ",\"room\":\"%s\",\"name\":\"Client %d\"", k.room, i);
		kit_say(A, "admit", ",\"participant\":\"%s\"", kit_str(kit_get(c, "waiting"), "participant"));
		(void)kit_get(c, "joined");
	}
	for (int i = 0; i < n; i++)
		kit_clear(&k.c[i]);
}

static void a_ticket_takes_the_empty_seat(void **state)
{
	char a[32], session[32], token[64];

	limits.max_participants = 3;
	start(3);
	memcpy(a, A->pid, sizeof(a));
	memcpy(session, B->session, sizeof(session));
	memcpy(token, B->token, sizeof(token));
	/* Nobody was told that B is away yet, but of the one B they are told all. */
	kit_drop(B);
	hears_about(A, "peer.away", B->pid, NULL);
	hears_about(C, "peer.away", B->pid, NULL);
	char pid[32];
	memcpy(pid, B->pid, sizeof(pid));
	join_as(D, B->ticket, "Bea", ",\"media\":{\"audio\":true,\"video\":false}");
	json_t *m = kit_get(D, "joined");
	assert_int_equal(kit_int(m, "re"), D->next_id);
	assert_null(kit_at(m, "snapshot"));
	assert_string_equal(kit_str(m, "self.participant"), pid);
	assert_string_equal(kit_str(m, "self.role"), "member");
	assert_string_equal(kit_str(m, "self.name"), "Bea");
	/* In B's place: polite to who came later, and not to who came before. */
	assert_string_equal(kit_str(m, "peers.0.participant"), a);
	assert_false(kit_bool(m, "peers.0.polite"));
	assert_true(kit_bool(m, "peers.1.polite"));
	kit_none(D);
	for (struct kit_client *c = A; c <= C; c += 2) {
		m = kit_get(c, "peer.back");
		assert_string_equal(kit_str(m, "participant"), pid);
		assert_true(kit_bool(m, "fresh"));
		assert_string_equal(kit_str(m, "name"), "Bea");
		assert_true(kit_bool(kit_get(c, "peer.media"), "audio"));
		kit_none(c);
	}
	/* The old session is no more, and nobody leaves when its time comes. */
	kit_open(B);
	kit_say(B, "hello", ",\"resume\":{\"session\":\"%s\",\"token\":\"%s\",\"fresh\":true}", session,
		token);
	kit_error(B, "session_unknown", NULL);
	kit_advance(&k, 2 * (uint64_t)limits.resume_ms);
	kit_none(A);
	kit_say(A, "signal", ",\"to\":\"%s\",\"end_of_candidates\":true", pid);
	(void)kit_get(D, "signal");
}

static void a_host_takes_their_own_seat(void **state)
{
	start(2);
	kit_hello(C);
	kit_drop(A);
	kit_say(C, "join", ",\"room\":\"%s\",\"name\":\"C\"", k.room);
	kit_error(C, "room_full", NULL);
	kit_ask(B, "leave");
	kit_say(C, "join", ",\"room\":\"%s\",\"name\":\"C\"", k.room);
	const char *c = kit_str(kit_get(C, "waiting"), "participant");
	char pid[32];
	memcpy(pid, A->pid, sizeof(pid));
	/* A member's and not the first host's, whose right would do the same. */
	sig_room_find(k.s, k.room)->first_host[0] = '\0';
	join_as(D, A->ticket, "A", "");
	assert_string_equal(kit_str(kit_get(D, "joined"), "self.role"), "host");
	assert_string_equal(D->pid, pid);
	hears_about(D, "knock", c, NULL);
	kit_none(D);
}

static void a_seat_whose_page_is_closing_is_empty(void **state)
{
	start(2);
	join_as(C, B->ticket, "C", "");
	kit_error(C, "room_full", NULL); /* B is alive: an ordinary join */
	kit_ask(B, "closing");
	join_as(C, B->ticket, "C", ",\"offer\":\"" SDP "\"");
	assert_string_equal(kit_str(kit_get(C, "joined"), "self.participant"), B->pid);
	assert_int_equal(B->close_code, 4001);
	kit_none(B);
	/* Never away, so nothing but this; and the offer comes as any other. */
	json_t *m = kit_get(A, "peer.back");
	assert_true(kit_bool(m, "fresh"));
	m = kit_get(A, "signal");
	assert_string_equal(kit_str(m, "description.type"), "offer");
	assert_string_equal(kit_str(m, "from"), B->pid);
	kit_none(A);
}

static void a_living_participant_is_not_replaced(void **state)
{
	limits.max_participants = 4;
	start(2);
	join_as(C, B->ticket, "C", "");
	assert_string_not_equal(kit_str(kit_get(C, "waiting"), "participant"), B->pid);
	kit_none(B);
	/* One who has left for good has no seat. */
	kit_ask(B, "leave");
	(void)kit_get(B, "left");
	rejoin(B);
	(void)kit_get(B, "waiting");
}

static void the_first_host_always_comes_in(void **state)
{
	limits.max_participants = 3;
	start(3);
	char pid[32];
	memcpy(pid, A->pid, sizeof(pid));
	kit_ask(A, "leave");
	(void)kit_get(A, "left");
	hears_about(B, "peer.left", pid, "left");
	hears_about(B, "host", B->pid, NULL);
	kit_clear(C);
	rejoin(A);
	json_t *m = kit_get(A, "joined");
	assert_string_equal(kit_str(m, "self.participant"), pid);
	assert_string_equal(kit_str(m, "self.role"), "host");
	assert_string_equal(kit_str(m, "peers.0.role"), "member");
	for (struct kit_client *c = B; c <= C; c++) {
		assert_string_equal(kit_str(kit_get(c, "peer.joined"), "peer.role"), "host");
		hears_about(c, "host", pid, NULL);
		kit_none(c);
	}
	kit_say(B, "room.update", ",\"knock\":false");
	kit_error(B, "not_host", NULL);
	/* Also when the session has ended, and long after. */
	kit_drop(A);
	kit_advance(&k, 2 * (uint64_t)limits.resume_ms);
	kit_clear(B);
	rejoin(A);
	assert_string_equal(kit_str(kit_get(A, "joined"), "self.role"), "host");
	(void)kit_get(B, "peer.joined");
}

static void the_second_host_has_no_such_right(void **state)
{
	limits.max_participants = 3;
	start(3);
	kit_ask(A, "leave"); /* B is host */
	char ticket[TICKET_MAX];
	memcpy(ticket, B->ticket, sizeof(ticket));
	kit_ask(B, "leave"); /* C is host */
	kit_clear(B);
	join_as(B, ticket, "B", "");
	(void)kit_get(B, "waiting");
}

/* The first host's right, where the connection that the server still believes in is dead. */
static void the_first_host_beside_their_own_ghost(void **state)
{
	limits.max_participants = 3;
	start(2);
	join_as(C, A->ticket, "A", "");
	json_t *m = kit_get(C, "joined");
	assert_string_equal(kit_str(m, "self.role"), "host");
	assert_string_not_equal(C->pid, A->pid);
	(void)kit_get(A, "peer.joined");
	hears_about(A, "host", C->pid, NULL);
	/* The right goes with them. */
	kit_ask(C, "leave");
	kit_clear(C);
	rejoin(C);
	assert_string_equal(kit_str(kit_get(C, "joined"), "self.role"), "host");
}

static void who_stays_gets_a_new_ticket(void **state)
{
	char b[TICKET_MAX], c[TICKET_MAX];

	limits.max_participants = 3;
	start(3);
	memcpy(b, B->ticket, sizeof(b));
	kit_ask(C, "leave");
	(void)kit_get(C, "left");
	hears_about(A, "peer.left", kit_str(kit_get(B, "peer.left"), "participant"), "left");
	assert_string_equal(kit_str(kit_get(B, "ticket"), "ticket"), B->ticket);
	(void)kit_get(A, "ticket");
	assert_string_not_equal(b, B->ticket);
	kit_none(B);
	/* By timeout, too; whoever is host next has theirs in `host`. */
	memcpy(c, B->ticket, sizeof(c));
	kit_drop(A);
	kit_advance(&k, limits.resume_ms + WHEEL_TICK_MS);
	(void)kit_get(B, "peer.away");
	(void)kit_get(B, "peer.left");
	(void)kit_get(B, "host");
	kit_none(B);
	assert_string_not_equal(c, B->ticket);
}

static void who_had_left_knocks_after_a_restart(void **state)
{
	limits.max_participants = 3;
	start(3);
	kit_ask(C, "leave");
	kit_restart(&k);
	rejoin(A);
	(void)kit_get(A, "joined");
	rejoin(C);
	(void)kit_get(C, "waiting");
	hears_about(A, "knock", C->conn->session->pid, NULL);
	/* One who stayed does not. */
	rejoin(B);
	(void)kit_get(B, "joined");
}

static void who_had_left_and_came_first_is_put_back(void **state)
{
	char c[32];

	limits.max_participants = 3;
	start(3);
	memcpy(c, C->pid, sizeof(c));
	kit_ask(C, "leave");
	kit_restart(&k);
	rejoin(C);
	assert_string_equal(kit_str(kit_get(C, "joined"), "self.role"), "host");
	/* A friend of theirs, let in by them, and one who goes on waiting. */
	kit_hello(D);
	kit_say(D, "join", ",\"room\":\"%s\",\"name\":\"D\"", k.room);
	hears_about(C, "knock", kit_str(kit_get(D, "waiting"), "participant"), NULL);
	kit_say(C, "admit", ",\"participant\":\"%s\"", D->conn->session->pid);
	(void)kit_get(D, "joined");
	/* Both are out before anybody is in, so neither is told of B, nor B of them but by their knocks. */
	kit_clear(C);
	rejoin(B);
	json_t *m = kit_get(C, "waiting");
	assert_string_equal(kit_str(m, "reason"), "readmission");
	assert_string_equal(kit_str(m, "participant"), c);
	assert_string_equal(kit_str(m, "room.id"), k.room);
	assert_null(kit_at(m, "re"));
	kit_none(C);
	assert_string_equal(kit_str(kit_get(D, "waiting"), "reason"), "readmission");
	kit_none(D);
	m = kit_get(B, "joined");
	assert_string_equal(kit_str(m, "self.role"), "host");
	assert_int_equal(json_array_size(kit_at(m, "peers")), 0);
	hears_about(B, "knock", c, NULL);
	hears_about(B, "knock", D->pid, NULL);
	/* A comes with the same generation, and finds a place. */
	rejoin(A);
	assert_int_equal(json_array_size(kit_at(kit_get(A, "joined"), "peers")), 1);
	kit_clear(A);
	kit_say(A, "admit", ",\"participant\":\"%s\"", c);
	(void)kit_get(C, "joined");
	kit_say(A, "refuse", ",\"participant\":\"%s\"", D->pid);
	(void)kit_get(D, "refused");
}

/* Peers who may stay hear that the others are gone; with an open door nobody is sent back. */
static void readmission_as_the_others_see_it(void **state)
{
	char early[TICKET_MAX], c[32];

	limits.max_participants = 4;
	start(4);
	memcpy(early, C->ticket, sizeof(early));
	memcpy(c, C->pid, sizeof(c));
	kit_ask(D, "leave"); /* 1, for A and B; C misses it */
	memcpy(C->ticket, early, sizeof(early));
	kit_restart(&k);
	rejoin(C);
	(void)kit_get(C, "joined");
	kit_hello(D);
	kit_say(C, "room.update", ",\"knock\":false");
	kit_say(D, "join", ",\"room\":\"%s\",\"name\":\"D\"", k.room);
	(void)kit_get(D, "joined");
	/* Whoever came by way of C, or of the door that C had opened, goes; the door is as it was. */
	rejoin(A);
	assert_true(kit_bool(kit_get(A, "joined"), "room.knock"));
	kit_clear(C);
	kit_clear(D);
	assert_int_equal(C->conn->session->state, SIG_WAITING);
	assert_int_equal(D->conn->session->state, SIG_WAITING);
	/* And where the latest ticket says that the door is open, all stay. */
	kit_say(A, "room.update", ",\"knock\":false");
	kit_restart(&k);
	join_as(C, early, "C", "");
	(void)kit_get(C, "joined");
	rejoin(A);
	(void)kit_get(A, "joined");
	(void)kit_get(C, "room.updated");
	(void)kit_get(C, "peer.joined");
	(void)kit_get(C, "host");
	kit_none(C);
}

static void put_back_peers_have_left_for_the_others(void **state)
{
	char early[TICKET_MAX], c[32];

	limits.max_participants = 4;
	start(4);
	memcpy(early, C->ticket, sizeof(early));
	memcpy(c, C->pid, sizeof(c));
	kit_ask(C, "leave"); /* 1: B goes no further */
	char b[TICKET_MAX];
	memcpy(b, B->ticket, sizeof(b));
	kit_ask(D, "leave"); /* 2: A's */
	kit_restart(&k);
	join_as(C, early, "C", "");
	(void)kit_get(C, "joined");
	/* C leaves the room to a newcomer, who owes nothing to a ticket, and comes back to them. */
	kit_ask(C, "leave");
	(void)kit_get(C, "left");
	kit_hello(D);
	kit_say(D, "join", ",\"room\":\"%s\",\"name\":\"D\"", k.room);
	(void)kit_get(D, "joined");
	join_as(B, b, "B", "");
	(void)kit_get(B, "joined");
	kit_clear(D);
	char pid[32];
	memcpy(pid, B->pid, sizeof(pid));
	rejoin(A);
	(void)kit_get(A, "joined");
	assert_string_equal(kit_str(kit_get(B, "waiting"), "reason"), "readmission");
	hears_about(D, "peer.left", pid, "left");
	(void)kit_get(D, "ticket");
	hears_about(D, "knock", pid, NULL);
	(void)kit_get(D, "peer.joined");
}

static void the_name_is_the_tickets_after_a_restart(void **state)
{
	start(2);
	kit_restart(&k);
	rejoin(B);
	assert_string_equal(kit_str(kit_get(B, "joined"), "self.name"), "Client 1");
	join_as(A, A->ticket, "The boss", "");
	assert_string_equal(kit_str(kit_get(A, "joined"), "peers.0.name"), "Client 1");
	assert_string_equal(kit_str(kit_get(B, "peer.joined"), "peer.name"), "Client 0");
}

/* A restart does not make a stand-in the first host. */
static void the_first_host_is_known_after_a_restart(void **state)
{
	limits.max_participants = 3;
	start(2);
	kit_restart(&k);
	rejoin(B);
	(void)kit_get(B, "joined"); /* stands in */
	char stand_in[TICKET_MAX];
	memcpy(stand_in, B->ticket, sizeof(stand_in));
	rejoin(A);
	(void)kit_get(A, "joined");
	kit_ask(B, "leave");
	kit_clear(B);
	join_as(B, stand_in, "B", "");
	(void)kit_get(B, "waiting");
	kit_ask(B, "leave");
	kit_ask(A, "leave");
	kit_clear(A);
	kit_hello(C);
	kit_say(C, "join", ",\"room\":\"%s\",\"name\":\"C\"", k.room);
	(void)kit_get(C, "joined");
	rejoin(A);
	assert_string_equal(kit_str(kit_get(A, "joined"), "self.role"), "host");
	(void)kit_get(C, "peer.joined");
	hears_about(C, "host", A->pid, NULL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_ticket_takes_the_empty_seat),           TEST(a_host_takes_their_own_seat),
		TEST(a_seat_whose_page_is_closing_is_empty),   TEST(a_living_participant_is_not_replaced),
		TEST(the_first_host_always_comes_in),          TEST(the_second_host_has_no_such_right),
		TEST(the_first_host_beside_their_own_ghost),   TEST(who_stays_gets_a_new_ticket),
		TEST(who_had_left_knocks_after_a_restart),     TEST(who_had_left_and_came_first_is_put_back),
		TEST(readmission_as_the_others_see_it),        TEST(put_back_peers_have_left_for_the_others),
		TEST(the_name_is_the_tickets_after_a_restart), TEST(the_first_host_is_known_after_a_restart),
	};
	return cmocka_run_group_tests_name("signal tickets", tests, NULL, NULL);
}
