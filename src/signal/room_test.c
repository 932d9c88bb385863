/* Consent, hosts, what is held and handed over, rooms of two and of more. */
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

#define OFFER(tag) ",\"offer\":\"v=0\\r\\no=" tag " 1 2 IN IP4 127.0.0.1\\r\\ns=-\\r\\nt=0 0\\r\\n\""
#define DESCRIBE(type, tag)                                                                                  \
	",\"description\":{\"type\":\"" type "\",\"sdp\":\"v=0\\r\\no=" tag                                  \
	" 1 2 IN IP4 127.0.0.1\\r\\ns=-\\r\\nt=0 0\\r\\n\"}"
#define CANDIDATE(port)                                                                                      \
	",\"candidate\":{\"candidate\":\"candidate:1 1 udp 5 192.0.2.1 " #port                               \
	" typ host\",\"sdpMid\":\"0\",\"sdpMLineIndex\":0,\"usernameFragment\":\"uf\"}"

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

static void start(bool knock)
{
	kit_init(&k, &limits, knock);
}

static void knock_at(struct kit_client *c, const char *members)
{
	if (!c->conn)
		kit_hello(c);
	kit_say(c, "join", ",\"room\":\"%s\",\"name\":\"Client %d\"%s", k.room, (int)(c - k.c), members);
	json_t *m = kit_get(c, "waiting");
	assert_int_equal(kit_int(m, "re"), c->next_id);
	assert_string_equal(kit_str(m, "room.id"), k.room);
	assert_null(kit_at(m, "room.knock"));
	(void)snprintf(c->pid, sizeof(c->pid), "%s", kit_str(m, "participant"));
}

/* @c hears of a knock by @who. */
static void hears_knock(struct kit_client *c, const struct kit_client *who)
{
	json_t *m = kit_get(c, "knock");
	char name[32];

	(void)snprintf(name, sizeof(name), "Client %d", (int)(who - k.c));
	assert_string_equal(kit_str(m, "participant"), who->pid);
	assert_string_equal(kit_str(m, "name"), name);
	assert_int_equal(json_object_size(m), 5); /* type, seq, ack, participant, name: nothing else leaks */
}

static void hears_about(struct kit_client *c, const char *type, const char *pid, const char *reason)
{
	json_t *m = kit_get(c, type);

	assert_string_equal(kit_str(m, "participant"), pid);
	if (reason)
		assert_string_equal(kit_str(m, "reason"), reason);
}

static void the_first_is_host(void **state)
{
	start(true);
	kit_hello(A);
	kit_say(A, "join",
		",\"room\":\" %s\",\"name\":\"  Ann\\u00e9 \",\"media\":{\"audio\":true,\"video\":false}",
		k.room);
	json_t *m = kit_get(A, "joined");
	assert_int_equal(kit_int(m, "re"), A->next_id);
	assert_string_equal(kit_str(m, "room.id"), k.room);
	assert_true(kit_bool(m, "room.knock"));
	assert_int_equal(kit_int(m, "room.max_participants"), 2);
	assert_string_equal(kit_str(m, "self.name"), "Ann\xc3\xa9");
	assert_string_equal(kit_str(m, "self.role"), "host");
	assert_int_equal(strlen(kit_str(m, "self.participant")), 16);
	assert_int_equal(json_array_size(kit_at(m, "peers")), 0);
	assert_null(kit_at(m, "snapshot"));
	kit_none(A);
}

static void open_room_of_two(void **state)
{
	start(false);
	kit_join(A, ",\"media\":{\"audio\":true,\"video\":true}");
	kit_hello(B);
	kit_say(B, "join", ",\"room\":\"%s\",\"name\":\"Bob\",\"media\":{\"audio\":true,\"video\":false}",
		k.room);
	json_t *m = kit_get(B, "joined");
	assert_string_equal(kit_str(m, "self.role"), "member");
	assert_int_equal(json_array_size(kit_at(m, "peers")), 1);
	assert_string_equal(kit_str(m, "peers.0.participant"), A->pid);
	assert_string_equal(kit_str(m, "peers.0.name"), "Client 0");
	assert_string_equal(kit_str(m, "peers.0.role"), "host");
	assert_false(kit_bool(m, "peers.0.away"));
	assert_true(kit_bool(m, "peers.0.media.audio"));
	assert_true(kit_bool(m, "peers.0.media.video"));
	/* The newcomer is impolite: its offer wins. */
	assert_false(kit_bool(m, "peers.0.polite"));
	assert_null(kit_at(m, "peers.0.offer"));
	assert_null(kit_at(m, "peers.0.rejoined"));
	m = kit_get(A, "peer.joined");
	assert_string_equal(kit_str(m, "peer.participant"), B->pid);
	assert_string_equal(kit_str(m, "peer.name"), "Bob");
	assert_string_equal(kit_str(m, "peer.role"), "member");
	assert_true(kit_bool(m, "peer.polite"));
	assert_false(kit_bool(m, "peer.media.video"));
	kit_none(A);
	kit_none(B);
	kit_hello(C);
	kit_say(C, "join", ",\"room\":\"%s\",\"name\":\"C\"", k.room);
	kit_error(C, "room_full", NULL);
	/* Somebody who is away still has the place. */
	kit_drop(B);
	kit_say(C, "join", ",\"room\":\"%s\",\"name\":\"C\"", k.room);
	kit_error(C, "room_full", NULL);
	kit_clear(A);
	kit_ask(A, "leave");
	(void)kit_get(A, "left");
	kit_say(C, "join", ",\"room\":\"%s\",\"name\":\"C\"", k.room);
	m = kit_get(C, "joined");
	assert_true(kit_bool(m, "peers.0.away"));
	assert_string_equal(kit_str(m, "peers.0.role"), "host");
}

static void signals_go_to_the_other(void **state)
{
	start(false);
	kit_join(A, "");
	kit_join(B, "");
	kit_clear(A);
	kit_say(B, "signal", DESCRIBE("offer", "quote\\\"back\\\\slash\\tcaf\\u00e9"));
	json_t *m = kit_get(A, "signal");
	assert_string_equal(kit_str(m, "from"), B->pid);
	assert_null(kit_at(m, "to"));
	assert_string_equal(kit_str(m, "description.type"), "offer");
	assert_string_equal(
		kit_str(m, "description.sdp"),
		"v=0\r\no=quote\"back\\slash\tcaf\xc3\xa9 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n");
	kit_say(A, "signal", ",\"to\":\"%s\",\"from\":\"%s\"" DESCRIBE("answer", "a"), B->pid, B->pid);
	m = kit_get(B, "signal");
	assert_string_equal(kit_str(m, "from"), A->pid);
	assert_string_equal(kit_str(m, "description.type"), "answer");
	kit_say(A, "signal", ",\"description\":{\"type\":\"rollback\"}");
	m = kit_get(B, "signal");
	assert_string_equal(kit_str(m, "description.type"), "rollback");
	assert_null(kit_at(m, "description.sdp"));
	kit_say(A, "signal", CANDIDATE(7));
	m = kit_get(B, "signal");
	assert_string_equal(kit_str(m, "candidate.candidate"), "candidate:1 1 udp 5 192.0.2.1 7 typ host");
	assert_string_equal(kit_str(m, "candidate.sdpMid"), "0");
	assert_int_equal(kit_int(m, "candidate.sdpMLineIndex"), 0);
	assert_string_equal(kit_str(m, "candidate.usernameFragment"), "uf");
	kit_say(A, "signal", ",\"candidate\":{\"candidate\":\"\",\"sdpMid\":null}");
	m = kit_get(B, "signal");
	assert_true(json_is_null(kit_at(m, "candidate.sdpMid")));
	assert_true(json_is_null(kit_at(m, "candidate.sdpMLineIndex")));
	kit_say(A, "signal", ",\"end_of_candidates\":true,\"usernameFragment\":\"uf\"");
	m = kit_get(B, "signal");
	assert_true(kit_bool(m, "end_of_candidates"));
	assert_string_equal(kit_str(m, "usernameFragment"), "uf");
	kit_none(A);
	kit_none(B);
	kit_say(A, "signal", ",\"to\":\"%s\"" CANDIDATE(7), A->pid);
	kit_error(A, "no_participant", NULL);
}

static void media_reaches_the_other_when_it_changes(void **state)
{
	start(false);
	kit_join(A, "");
	kit_join(B, "");
	kit_clear(A);
	kit_say(B, "media", ",\"audio\":true,\"video\":false");
	json_t *m = kit_get(A, "peer.media");
	assert_string_equal(kit_str(m, "participant"), B->pid);
	assert_true(kit_bool(m, "audio"));
	assert_false(kit_bool(m, "video"));
	kit_say(B, "media", ",\"audio\":true,\"video\":false");
	kit_none(A);
	kit_none(B);
}

/* Whatever somebody who waits says, the host hears the knock and the end of it, and others nothing at all. */
static void nothing_leaks_before_admission(void **state)
{
	limits.max_participants = 3;
	start(true);
	kit_join(A, OFFER("secret"));
	knock_at(C, "");
	hears_knock(A, C);
	kit_say(A, "admit", ",\"participant\":\"%s\"", C->pid);
	kit_clear(A);
	kit_clear(C);
	knock_at(B, OFFER("hidden") ",\"media\":{\"audio\":true,\"video\":true}");
	hears_knock(A, B);
	kit_say(B, "signal", DESCRIBE("offer", "x"));
	kit_say(B, "signal", DESCRIBE("answer", "x"));
	kit_say(B, "signal", CANDIDATE(1));
	kit_say(B, "signal", ",\"end_of_candidates\":true");
	kit_say(B, "media", ",\"audio\":false,\"video\":false");
	kit_ask(B, "ping");
	(void)kit_get(B, "pong");
	kit_none(B);
	/* By no answer does one learn who is in. */
	kit_say(B, "signal", ",\"to\":\"%s\"" CANDIDATE(1), A->pid);
	kit_error(B, "no_participant", NULL);
	kit_say(B, "signal", ",\"to\":\"%s\"" CANDIDATE(1), B->pid);
	kit_error(B, "no_participant", NULL);
	kit_say(B, "admit", ",\"participant\":\"%s\"", B->pid);
	kit_error(B, "bad_state", NULL);
	kit_say(B, "room.update", ",\"knock\":false");
	kit_error(B, "bad_state", NULL);
	kit_say(B, "join", ",\"room\":\"%s\",\"name\":\"x\"", k.room);
	kit_error(B, "bad_state", NULL);
	kit_say(A, "signal", ",\"to\":\"%s\"" CANDIDATE(1), B->pid);
	kit_error(A, "no_participant", NULL);
	kit_say(A, "media", ",\"audio\":true,\"video\":true");
	(void)kit_get(C, "peer.media");
	kit_drop(B);
	(void)kit_resume(B, false);
	kit_drop(B);
	B->addr = C->addr;
	(void)kit_resume(B, true);
	json_t *m = kit_get(B, "waiting");
	assert_true(kit_bool(m, "snapshot"));
	kit_none(A);
	kit_none(B);
	kit_none(C);
	/* A member is no host. */
	kit_say(C, "admit", ",\"participant\":\"%s\"", B->pid);
	kit_error(C, "not_host", NULL);
	kit_say(C, "refuse", ",\"participant\":\"%s\"", B->pid);
	kit_error(C, "not_host", NULL);
	kit_say(C, "room.update", ",\"knock\":false");
	kit_error(C, "not_host", NULL);
	kit_none(A);
}

static void admitted_with_what_was_held(void **state)
{
	start(true);
	kit_join(A, OFFER("old"));
	kit_say(A, "signal", CANDIDATE(1));
	knock_at(B, OFFER("first"));
	hears_knock(A, B);
	kit_say(B, "signal", CANDIDATE(2));
	/* A new offer takes the place of the old and its candidates. */
	kit_say(B, "signal", DESCRIBE("offer", "second"));
	kit_say(B, "signal", CANDIDATE(3));
	kit_say(B, "signal", CANDIDATE(4));
	kit_say(B, "signal", ",\"end_of_candidates\":true");
	kit_say(B, "media", ",\"audio\":true,\"video\":false");
	kit_say(A, "admit", ",\"participant\":\"%s\"", B->pid);
	json_t *m = kit_get(A, "peer.joined");
	assert_non_null(strstr(kit_str(m, "peer.offer"), "o=second"));
	assert_true(kit_bool(m, "peer.media.audio"));
	m = kit_get(A, "signal");
	assert_non_null(strstr(kit_str(m, "candidate.candidate"), " 3 typ"));
	assert_string_equal(kit_str(m, "from"), B->pid);
	m = kit_get(A, "signal");
	assert_non_null(strstr(kit_str(m, "candidate.candidate"), " 4 typ"));
	assert_true(kit_bool(kit_get(A, "signal"), "end_of_candidates"));
	kit_none(A);
	/* The newcomer's offer wins; the other's is dropped with its candidates. */
	m = kit_get(B, "joined");
	assert_null(kit_at(m, "re"));
	assert_null(kit_at(m, "peers.0.offer"));
	kit_none(B);
	kit_say(A, "admit", ",\"participant\":\"%s\"", B->pid);
	kit_error(A, "no_participant", NULL);
}

static void the_hosts_offer_reaches_a_newcomer_without(void **state)
{
	start(false);
	kit_join(A, "");
	kit_say(A, "signal", CANDIDATE(9)); /* belongs to nothing */
	kit_say(A, "signal", DESCRIBE("answer", "x"));
	kit_say(A, "signal", DESCRIBE("offer", "held"));
	kit_say(A, "signal", CANDIDATE(1));
	kit_none(A);
	kit_hello(B);
	kit_say(B, "join", ",\"room\":\"%s\",\"name\":\"B\"", k.room);
	json_t *m = kit_get(B, "joined");
	assert_non_null(strstr(kit_str(m, "peers.0.offer"), "o=held"));
	m = kit_get(B, "signal");
	assert_non_null(strstr(kit_str(m, "candidate.candidate"), " 1 typ"));
	kit_none(B);
	assert_null(kit_at(kit_get(A, "peer.joined"), "peer.offer"));
	kit_none(A);
	/* Handed over once: the next one gets nothing of it. */
	kit_ask(B, "leave");
	kit_hello(C);
	kit_say(C, "join", ",\"room\":\"%s\",\"name\":\"C\"", k.room);
	assert_null(kit_at(kit_get(C, "joined"), "peers.0.offer"));
	kit_none(C);
}

static void rollback_drops_what_is_held(void **state)
{
	start(false);
	kit_join(A, OFFER("held"));
	kit_say(A, "signal", CANDIDATE(1));
	kit_say(A, "signal", ",\"description\":{\"type\":\"rollback\",\"sdp\":\"\"}");
	kit_say(A, "signal", CANDIDATE(2));
	kit_hello(B);
	kit_say(B, "join", ",\"room\":\"%s\",\"name\":\"B\"", k.room);
	assert_null(kit_at(kit_get(B, "joined"), "peers.0.offer"));
	kit_none(B);
}

static void held_candidates_have_a_limit(void **state)
{
	limits.held_candidates = 3;
	start(true);
	kit_join(A, "");
	knock_at(B, OFFER("x"));
	for (int i = 0; i < 3; i++)
		kit_say(B, "signal", CANDIDATE(1));
	kit_none(B);
	kit_say(B, "signal", CANDIDATE(1));
	kit_error(B, "too_many", NULL);
	kit_say(B, "signal", ",\"end_of_candidates\":true");
	kit_error(B, "too_many", NULL);
	kit_say(B, "signal", DESCRIBE("offer", "x"));
	kit_say(B, "signal", CANDIDATE(1));
	kit_none(B);
}

static void refused_by_the_host(void **state)
{
	start(true);
	kit_join(A, "");
	knock_at(B, OFFER("x"));
	hears_knock(A, B);
	char pid[32];
	memcpy(pid, B->pid, sizeof(pid));
	kit_say(A, "refuse", ",\"participant\":\"%s\"", B->pid);
	hears_about(A, "knock.gone", pid, "refused");
	json_t *m = kit_get(B, "refused");
	assert_string_equal(kit_str(m, "reason"), "host");
	assert_string_equal(kit_str(m, "room.id"), k.room);
	kit_ask(B, "leave");
	kit_error(B, "bad_state", NULL);
	kit_say(A, "refuse", ",\"participant\":\"%s\"", pid);
	kit_error(A, "no_participant", NULL);
	/* One may try again after a while, and is somebody else then. */
	kit_advance(&k, limits.knock_again_ms - 1);
	kit_say(B, "join", ",\"room\":\"%s\",\"name\":\"B\"", k.room);
	kit_error(B, "too_many", NULL);
	kit_advance(&k, 1);
	knock_at(B, "");
	hears_knock(A, B);
	assert_string_not_equal(pid, B->pid);
}

static void refused_by_time(void **state)
{
	start(true);
	kit_join(A, "");
	knock_at(B, "");
	hears_knock(A, B);
	kit_advance(&k, limits.knock_ms - 1);
	kit_none(B);
	kit_advance(&k, WHEEL_TICK_MS + 1);
	assert_string_equal(kit_str(kit_get(B, "refused"), "reason"), "timeout");
	hears_about(A, "knock.gone", B->pid, "timeout");
}

static void withdrawn(void **state)
{
	limits.knock_ms = 2 * limits.resume_ms;
	start(true);
	kit_join(A, "");
	knock_at(B, "");
	hears_knock(A, B);
	kit_ask(B, "leave");
	(void)kit_get(B, "left");
	hears_about(A, "knock.gone", B->pid, "left");
	/* And by never coming back. */
	knock_at(B, "");
	hears_knock(A, B);
	kit_drop(B);
	kit_none(A);
	kit_advance(&k, limits.resume_ms + WHEEL_TICK_MS);
	hears_about(A, "knock.gone", B->pid, "left");
	kit_none(A);
}

static void the_waiting_room_has_a_limit(void **state)
{
	limits.waiting_per_room = 2;
	start(true);
	kit_join(A, "");
	knock_at(B, "");
	knock_at(C, "");
	kit_hello(D);
	kit_say(D, "join", ",\"room\":\"%s\",\"name\":\"D\"", k.room);
	kit_error(D, "too_many", NULL);
	kit_ask(B, "leave");
	knock_at(D, "");
}

static void a_full_room_admits_nobody(void **state)
{
	start(true);
	kit_join(A, "");
	knock_at(B, "");
	knock_at(C, "");
	kit_say(A, "admit", ",\"participant\":\"%s\"", B->pid);
	kit_clear(A);
	kit_say(A, "admit", ",\"participant\":\"%s\"", C->pid);
	kit_error(A, "room_full", NULL);
	kit_hello(D);
	kit_say(D, "join", ",\"room\":\"%s\",\"name\":\"D\"", k.room);
	kit_error(D, "room_full", NULL);
	kit_ask(B, "leave");
	kit_clear(A);
	kit_say(A, "admit", ",\"participant\":\"%s\"", C->pid);
	(void)kit_get(A, "peer.joined");
	(void)kit_get(C, "joined");
}

static void knock_is_switched(void **state)
{
	start(true);
	kit_join(A, "");
	char ticket[520];
	memcpy(ticket, A->ticket, sizeof(ticket));
	knock_at(B, "");
	hears_knock(A, B);
	kit_say(A, "room.update", ",\"knock\":false");
	json_t *m = kit_get(A, "room.updated");
	assert_int_equal(kit_int(m, "re"), A->next_id);
	assert_false(kit_bool(m, "room.knock"));
	assert_string_equal(kit_str(m, "room.id"), k.room);
	assert_string_not_equal(A->ticket, ticket);
	/* Who waits already goes on waiting. */
	kit_none(B);
	kit_join(C, "");
	m = kit_get(A, "peer.joined");
	kit_say(A, "room.update", ",\"knock\":true");
	m = kit_get(C, "room.updated");
	assert_null(kit_at(m, "re"));
	assert_true(kit_bool(m, "room.knock"));
	kit_none(B);
}

static void the_next_host(void **state)
{
	limits.max_participants = 4;
	start(true);
	kit_join(A, "");
	for (struct kit_client *c = B; c <= C; c++) {
		knock_at(c, "");
		kit_say(A, "admit", ",\"participant\":\"%s\"", c->pid);
		(void)kit_get(c, "joined");
	}
	knock_at(D, "");
	for (int i = 0; i < 4; i++)
		kit_clear(&k.c[i]);
	char ticket[520];
	memcpy(ticket, B->ticket, sizeof(ticket));
	kit_ask(A, "leave");
	(void)kit_get(A, "left");
	hears_about(B, "peer.left", A->pid, "left");
	hears_about(B, "host", B->pid, NULL);
	assert_string_not_equal(B->ticket, ticket);
	hears_knock(B, D);
	hears_about(C, "peer.left", A->pid, "left");
	json_t *m = kit_get(C, "host");
	assert_string_equal(kit_str(m, "participant"), B->pid);
	assert_null(kit_at(m, "ticket"));
	(void)kit_get(C, "ticket");
	for (int i = 0; i < 4; i++)
		kit_none(&k.c[i]);
	kit_say(B, "admit", ",\"participant\":\"%s\"", D->pid);
	m = kit_get(D, "joined");
	assert_string_equal(kit_str(m, "peers.0.role"), "host");
	assert_string_equal(kit_str(m, "peers.1.role"), "member");
	/* One who is away is passed over. */
	kit_drop(C);
	kit_clear(D);
	kit_ask(B, "leave");
	hears_about(D, "peer.left", B->pid, "left");
	hears_about(D, "host", D->pid, NULL);
}

static void a_host_away_hears_of_knocks_later(void **state)
{
	limits.knock_ms = 2 * limits.resume_ms;
	start(true);
	kit_join(A, "");
	kit_drop(A);
	knock_at(B, "");
	json_t *m = kit_resume(A, false);
	assert_false(kit_bool(m, "gap"));
	hears_knock(A, B);
	kit_none(A);
	/* And in a snapshot of those who wait now. */
	kit_drop(A);
	knock_at(C, "");
	(void)kit_resume(A, true);
	(void)kit_get(A, "joined");
	hears_knock(A, B);
	hears_knock(A, C);
	kit_none(A);
}

static void rooms_of_more_than_two(void **state)
{
	limits.max_participants = 3;
	start(false);
	kit_join(A, OFFER("a"));
	kit_join(B, OFFER("b"));
	kit_clear(A);
	kit_clear(B);
	kit_join(C, OFFER("c") ",\"media\":{\"audio\":true,\"video\":true}");
	/* With two others there is nobody whom an offer to nobody in particular is for. */
	assert_null(kit_at(kit_get(A, "peer.joined"), "peer.offer"));
	json_t *m = kit_get(B, "peer.joined");
	assert_null(kit_at(m, "peer.offer"));
	assert_true(kit_bool(m, "peer.polite"));
	kit_say(B, "signal", DESCRIBE("offer", "b"));
	kit_error(B, "bad_field", "to");
	/* What followed the early offer may still come; it is nobody's and no offence. */
	kit_say(C, "signal", CANDIDATE(1));
	kit_none(A);
	kit_none(B);
	kit_none(C);
	kit_say(B, "signal", ",\"to\":\"%s\"" CANDIDATE(1), C->pid);
	assert_string_equal(kit_str(kit_get(C, "signal"), "from"), B->pid);
	kit_none(A);
	kit_say(C, "media", ",\"audio\":true,\"video\":false");
	(void)kit_get(A, "peer.media");
	(void)kit_get(B, "peer.media");
	kit_drop(C);
	hears_about(A, "peer.away", C->pid, NULL);
	hears_about(B, "peer.away", C->pid, NULL);
	kit_drop(B);
	(void)kit_resume(B, true);
	m = kit_get(B, "joined");
	assert_true(kit_bool(m, "snapshot"));
	assert_string_equal(kit_str(m, "peers.0.participant"), A->pid);
	assert_false(kit_bool(m, "peers.0.polite"));
	assert_string_equal(kit_str(m, "peers.1.participant"), C->pid);
	assert_true(kit_bool(m, "peers.1.polite"));
	assert_true(kit_bool(m, "peers.1.away"));
}

static void one_may_leave_and_join_again(void **state)
{
	start(false);
	kit_join(A, "");
	kit_join(B, "");
	char pid[32];
	memcpy(pid, B->pid, sizeof(pid));
	kit_clear(A);
	kit_ask(B, "leave");
	assert_int_equal(kit_int(kit_get(B, "left"), "re"), B->next_id);
	hears_about(A, "peer.left", pid, "left");
	(void)kit_get(A, "ticket");
	kit_say(A, "signal", ",\"to\":\"%s\"" CANDIDATE(1), pid);
	kit_error(A, "no_participant", NULL);
	kit_say(B, "join", ",\"room\":\"%s\",\"name\":\"B\"", k.room);
	(void)kit_get(B, "joined");
	assert_string_not_equal(B->pid, pid);
	assert_string_equal(kit_str(kit_get(A, "peer.joined"), "peer.participant"), B->pid);
	/* The last to leave leaves an open room behind. */
	kit_ask(A, "leave");
	kit_ask(B, "leave");
	kit_clear(A);
	kit_say(A, "join", ",\"room\":\"%s\",\"name\":\"A\"", k.room);
	assert_string_equal(kit_str(kit_get(A, "joined"), "self.role"), "host");
}

static void the_longest_description_passes(void **state)
{
	static char sdp[32769 * 2 + 10];
	size_t n = 0;

	start(false);
	kit_join(A, "");
	kit_join(B, "");
	kit_clear(A);
	n = strlen(strcpy(sdp, kit_sdp));
	/* 49 bytes decoded, of 57 written: the head, and then lines of CRLF and two letters "a=xxx…". */
	size_t decoded = n - 8;
	n += (size_t)sprintf(sdp + n, "a=");
	decoded += 2;
	while (decoded < limits.sdp_bytes - 2) {
		sdp[n++] = 'x';
		decoded++;
	}
	strcpy(sdp + n, "\\r\\n");
	kit_say(B, "signal", ",\"description\":{\"type\":\"offer\",\"sdp\":\"%s\"}", sdp);
	assert_int_equal(strlen(kit_str(kit_get(A, "signal"), "description.sdp")), limits.sdp_bytes);
	strcpy(sdp + n, "x\\r\\n");
	kit_say(B, "signal", ",\"description\":{\"type\":\"offer\",\"sdp\":\"%s\"}", sdp);
	kit_error(B, "bad_sdp", "description.sdp");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_first_is_host),
		TEST(open_room_of_two),
		TEST(signals_go_to_the_other),
		TEST(media_reaches_the_other_when_it_changes),
		TEST(nothing_leaks_before_admission),
		TEST(admitted_with_what_was_held),
		TEST(the_hosts_offer_reaches_a_newcomer_without),
		TEST(rollback_drops_what_is_held),
		TEST(held_candidates_have_a_limit),
		TEST(refused_by_the_host),
		TEST(refused_by_time),
		TEST(withdrawn),
		TEST(the_waiting_room_has_a_limit),
		TEST(a_full_room_admits_nobody),
		TEST(knock_is_switched),
		TEST(the_next_host),
		TEST(a_host_away_hears_of_knocks_later),
		TEST(rooms_of_more_than_two),
		TEST(one_may_leave_and_join_again),
		TEST(the_longest_description_passes),
	};
	return cmocka_run_group_tests_name("signal rooms", tests, NULL, NULL);
}
