/* Who may say what: every verb of a host by everybody who might try, and what the verbs do. */
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

/* The cast of the table: one session each. */
enum who { HOST, OWNER, MEMBER, WAITING, REMOVED, ELSEWHERE, IDLE, CAST };
static const char *const cast_names[] = {"host",    "owner",     "member", "waiting",
					 "removed", "elsewhere", "idle"};
#define P(who) (&k.c[who])

#define OWNER_ID "0123456789abcdef"
static const struct signal_room_info lasting = {
	.owner = OWNER_ID, .name = "Tuesdays", .knock = true, .guests = true};

static int setup(void **state)
{
	limits = kit_limits();
	limits.max_participants = 6;
	kit_init(&k, &limits, true);
	return 0;
}

static int teardown(void **state)
{
	kit_deinit(&k);
	return 0;
}

static void join(struct kit_client *c)
{
	if (!c->conn)
		kit_hello(c);
	kit_say(c, "join", ",\"room\":\"%s\",\"name\":\"Client %d\"", k.room, (int)(c - k.c));
}

static void knock(struct kit_client *c)
{
	join(c);
	(void)snprintf(c->pid, sizeof(c->pid), "%s", kit_str(kit_get(c, "waiting"), "participant"));
}

static void admit(struct kit_client *host, struct kit_client *c)
{
	knock(c);
	kit_say(host, "admit", ",\"participant\":\"%s\"", c->pid);
	(void)kit_get(c, "joined");
}

static void clear_all(void)
{
	for (int i = 0; i < CAST; i++)
		kit_clear(P(i));
}

/* The owner has made another one host. */
static void assemble(void)
{
	char room[sizeof(k.room)];

	kit_load(&k, lasting);
	kit_account(P(OWNER), OWNER_ID);
	kit_join(P(OWNER), "");
	admit(P(OWNER), P(HOST));
	admit(P(OWNER), P(MEMBER));
	admit(P(OWNER), P(REMOVED));
	kit_say(P(OWNER), "remove", ",\"participant\":\"%s\"", P(REMOVED)->pid);
	kit_say(P(OWNER), "make_host", ",\"participant\":\"%s\"", P(HOST)->pid);
	knock(P(WAITING));
	memcpy(room, k.room, sizeof(room));
	assert_int_equal(signal_room_create(k.s, 1, k.now, k.room), 0);
	kit_join(P(ELSEWHERE), ""); /* host there */
	memcpy(k.room, room, sizeof(room));
	kit_hello(P(IDLE));
	clear_all();
}

static const struct verb {
	const char *type;
	enum who about; /* CAST: nobody */
	const char *members;
	const char *effect; /* what the one who may hears first; "": nothing */
	enum who tells;     /* … or who hears something else */
	const char *told;
} verbs[] = {
	{"admit", WAITING, "", NULL, WAITING, "joined"},
	{"refuse", WAITING, "", NULL, WAITING, "refused"},
	{"room.update", CAST, ",\"knock\":false", "room.updated", MEMBER, "room.updated"},
	{"room.update", CAST, ",\"locked\":true", "room.updated", MEMBER, "room.updated"},
	{"remove", MEMBER, "", NULL, MEMBER, "removed"},
	{"make_host", MEMBER, "", NULL, MEMBER, "host"},
	{"end", CAST, "", "ended", MEMBER, "ended"},
};

static void say(enum who who, const struct verb *v)
{
	if (v->about == CAST)
		kit_say(P(who), v->type, "%s", v->members);
	else
		kit_say(P(who), v->type, ",\"participant\":\"%s\"", P(v->about)->pid);
}

static const char *error_of(enum who who)
{
	return who == MEMBER || who == ELSEWHERE ? NULL : "bad_state";
}

static void nothing_has_happened(enum who who)
{
	for (int i = 0; i < CAST; i++) {
		if (i != (int)who)
			kit_none(P(i));
	}
	assert_true(P(HOST)->conn->session->room->host == P(HOST)->conn->session);
	assert_int_equal(P(HOST)->conn->session->room->n_members, 3);
	assert_int_equal(P(HOST)->conn->session->room->n_waiting, 1);
	assert_true(P(HOST)->conn->session->room->knock);
	assert_false(P(HOST)->conn->session->room->locked);
}

static void try_verb(enum who who, const struct verb *v)
{
	assemble();
	print_message("# %s %s by %s\n", v->type, v->members, cast_names[who]);
	say(who, v);
	if (who == HOST || who == OWNER) {
		if (v->effect)
			assert_int_equal(kit_int(kit_get(P(who), v->effect), "re"), P(who)->next_id);
		(void)kit_get(P(v->tells), v->told);
	} else if (error_of(who)) {
		kit_error(P(who), error_of(who), NULL);
		nothing_has_happened(who);
	} else if (who == MEMBER) {
		kit_error(P(who), "not_host", NULL);
		nothing_has_happened(who);
	} else {
		/* A host, but of another room: nobody here is within reach. */
		kit_clear(P(who));
		nothing_has_happened(who);
	}
}

static void every_verb_by_everybody(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
		for (int who = 0; who < CAST; who++) {
			try_verb((enum who)who, &verbs[i]);
			teardown(NULL);
			setup(NULL);
		}
	}
}

static void a_host_elsewhere_finds_nobody(void **state)
{
	static const char *const types[] = {"admit", "refuse", "remove", "make_host"};

	assemble();
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		kit_say(P(ELSEWHERE), types[i], ",\"participant\":\"%s\"", P(i < 2 ? WAITING : MEMBER)->pid);
		kit_error(P(ELSEWHERE), "no_participant", NULL);
	}
	nothing_has_happened(ELSEWHERE);
}

static void nobody_removes_the_owner_or_themselves(void **state)
{
	assemble();
	kit_say(P(HOST), "remove", ",\"participant\":\"%s\"", P(OWNER)->pid);
	kit_error(P(HOST), "not_host", NULL);
	kit_say(P(HOST), "remove", ",\"participant\":\"%s\"", P(HOST)->pid);
	kit_error(P(HOST), "no_participant", NULL);
	kit_say(P(HOST), "remove", ",\"participant\":\"%s\"", P(WAITING)->pid);
	kit_error(P(HOST), "no_participant", NULL);
	nothing_has_happened(HOST);
	kit_say(P(OWNER), "remove", ",\"participant\":\"%s\"", P(HOST)->pid);
	(void)kit_get(P(HOST), "removed");
	/* Of those who are left the owner comes first. */
	assert_string_equal(kit_str(kit_get(P(MEMBER), "peer.left"), "reason"), "removed");
	assert_string_equal(kit_str(kit_get(P(MEMBER), "host"), "participant"), P(OWNER)->pid);
}

static void the_removed_knock_again(void **state)
{
	char ticket[520];

	kit_join(P(HOST), "");
	admit(P(HOST), P(MEMBER));
	kit_say(P(HOST), "room.update", ",\"knock\":false");
	clear_all();
	memcpy(ticket, P(MEMBER)->ticket, sizeof(ticket));
	kit_say(P(HOST), "remove", ",\"participant\":\"%s\"", P(MEMBER)->pid);
	assert_string_equal(kit_str(kit_get(P(MEMBER), "removed"), "room.id"), k.room);
	json_t *m = kit_get(P(HOST), "peer.left");
	assert_string_equal(kit_str(m, "participant"), P(MEMBER)->pid);
	assert_string_equal(kit_str(m, "reason"), "removed");
	(void)kit_get(P(HOST), "ticket");
	/* Not at once, not by another session from there, not by the ticket. */
	join(P(MEMBER));
	kit_error(P(MEMBER), "too_many", NULL);
	P(IDLE)->addr = P(MEMBER)->addr;
	kit_hello(P(IDLE));
	kit_say(P(IDLE), "join", ",\"room\":\"%s\",\"name\":\"N\",\"ticket\":\"%s\"", k.room, ticket);
	kit_error(P(IDLE), "too_many", NULL);
	/* Others come in as ever. */
	kit_join(P(ELSEWHERE), "");
	kit_advance(&k, limits.knock_again_ms + 1);
	clear_all();
	knock(P(MEMBER));
	(void)kit_get(P(HOST), "knock");
	/* Nor by everybody's absence. */
	kit_ask(P(HOST), "leave");
	kit_ask(P(ELSEWHERE), "leave");
	kit_ask(P(MEMBER), "leave");
	kit_clear(P(MEMBER));
	knock(P(MEMBER));
	kit_none(P(MEMBER));
}

static void of_the_removed_the_last_are_known(void **state)
{
	kit_join(P(HOST), "");
	kit_say(P(HOST), "room.update", ",\"knock\":false");
	for (int i = 0; i <= SIG_REMOVED_MAX; i++) {
		char ip[32];
		(void)snprintf(ip, sizeof(ip), "203.0.113.%d", i + 1);
		assert_int_equal(addr_parse(&P(MEMBER)->addr, ip, 1), 0);
		kit_join(P(MEMBER), "");
		kit_say(P(HOST), "remove", ",\"participant\":\"%s\"", P(MEMBER)->pid);
		kit_drop(P(MEMBER));
		clear_all();
	}
	kit_advance(&k, limits.knock_again_ms + 1);
	kit_hello(P(MEMBER));
	knock(P(MEMBER));
	kit_drop(P(MEMBER));
	/* The first one is forgotten: one more came than there is place for. */
	assert_int_equal(addr_parse(&P(MEMBER)->addr, "203.0.113.1", 1), 0);
	kit_clear(P(MEMBER));
	kit_join(P(MEMBER), "");
	/* Nobody is pushed out by one who is removed often. */
	kit_say(P(HOST), "remove", ",\"participant\":\"%s\"", P(MEMBER)->pid);
	assert_non_null(P(HOST)->conn->session->room->removed);
}

static void handing_on_the_hosts_role(void **state)
{
	kit_join(P(HOST), "");
	admit(P(HOST), P(MEMBER));
	knock(P(WAITING));
	clear_all();
	kit_say(P(HOST), "make_host", ",\"participant\":\"%s\"", P(HOST)->pid);
	kit_none(P(HOST));
	kit_say(P(HOST), "make_host", ",\"participant\":\"%s\"", P(MEMBER)->pid);
	json_t *m = kit_get(P(MEMBER), "host");
	assert_string_equal(kit_str(m, "participant"), P(MEMBER)->pid);
	assert_non_null(kit_at(m, "ticket"));
	assert_string_equal(kit_str(kit_get(P(MEMBER), "knock"), "participant"), P(WAITING)->pid);
	assert_string_equal(kit_str(kit_get(P(HOST), "host"), "participant"), P(MEMBER)->pid);
	(void)kit_get(P(HOST), "ticket");
	kit_say(P(HOST), "admit", ",\"participant\":\"%s\"", P(WAITING)->pid);
	kit_error(P(HOST), "not_host", NULL);
	/* The first host's right has gone over, too: who gave it away knocks like others. */
	kit_ask(P(HOST), "leave");
	clear_all();
	kit_say(P(HOST), "join", ",\"room\":\"%s\",\"name\":\"H\",\"ticket\":\"%s\"", k.room,
		P(HOST)->ticket);
	(void)kit_get(P(HOST), "waiting");
	kit_ask(P(MEMBER), "leave");
	kit_clear(P(MEMBER));
	kit_say(P(MEMBER), "join", ",\"room\":\"%s\",\"name\":\"M\",\"ticket\":\"%s\"", k.room,
		P(MEMBER)->ticket);
	assert_string_equal(kit_str(kit_get(P(MEMBER), "joined"), "self.role"), "host");
}

static void a_locked_room(void **state)
{
	kit_join(P(HOST), "");
	admit(P(HOST), P(MEMBER));
	knock(P(WAITING));
	clear_all();
	kit_say(P(HOST), "room.update", ",\"locked\":true");
	json_t *m = kit_get(P(MEMBER), "room.updated");
	assert_true(kit_bool(m, "room.locked"));
	assert_true(kit_bool(m, "room.knock"));
	assert_false(kit_bool(m, "room.lasting"));
	join(P(IDLE));
	kit_error(P(IDLE), "room_locked", NULL);
	kit_say(P(HOST), "admit", ",\"participant\":\"%s\"", P(WAITING)->pid);
	(void)kit_get(P(WAITING), "joined");
	/* Those who were in come back to their seat. */
	kit_drop(P(MEMBER));
	kit_hello(P(REMOVED));
	kit_say(P(REMOVED), "join", ",\"room\":\"%s\",\"name\":\"M\",\"ticket\":\"%s\"", k.room,
		P(MEMBER)->ticket);
	assert_true(kit_bool(kit_get(P(REMOVED), "joined"), "room.locked"));
	/* It stays so over a restart, for those without a ticket. */
	kit_restart(&k);
	kit_hello(P(HOST));
	kit_say(P(HOST), "join", ",\"room\":\"%s\",\"name\":\"H\",\"ticket\":\"%s\"", k.room,
		P(HOST)->ticket);
	assert_true(kit_bool(kit_get(P(HOST), "joined"), "room.locked"));
	assert_int_equal(k.made, 0);
	join(P(IDLE));
	kit_error(P(IDLE), "room_locked", NULL);
	/* With the last member it ends. */
	kit_ask(P(HOST), "leave");
	join(P(IDLE));
	assert_false(kit_bool(kit_get(P(IDLE), "joined"), "room.locked"));
	assert_int_equal(k.changed, 0);
}

static void rejoin(struct kit_client *c)
{
	char ticket[520];

	memcpy(ticket, c->ticket, sizeof(ticket));
	kit_hello(c);
	kit_say(c, "join", ",\"room\":\"%s\",\"name\":\"N\",\"ticket\":\"%s\"", k.room, ticket);
}

static void the_latest_word_on_the_lock_counts(void **state)
{
	kit_join(P(HOST), "");
	admit(P(HOST), P(MEMBER));
	kit_drop(P(MEMBER));
	kit_advance(&k, 1000);
	kit_say(P(HOST), "room.update", ",\"locked\":true");
	clear_all();
	kit_restart(&k);
	/* Who had missed it is the first to come back. */
	rejoin(P(MEMBER));
	assert_false(kit_bool(kit_get(P(MEMBER), "joined"), "room.locked"));
	rejoin(P(HOST));
	assert_true(kit_bool(kit_get(P(HOST), "joined"), "room.locked"));
	assert_true(kit_bool(kit_get(P(MEMBER), "room.updated"), "room.locked"));
	join(P(IDLE));
	kit_error(P(IDLE), "room_locked", NULL);
}

static void the_end_is_for_all(void **state)
{
	kit_join(P(HOST), "");
	admit(P(HOST), P(MEMBER));
	knock(P(WAITING));
	kit_drop(P(MEMBER));
	clear_all();
	kit_ask(P(HOST), "end");
	json_t *m = kit_get(P(HOST), "ended");
	assert_int_equal(kit_int(m, "re"), P(HOST)->next_id);
	assert_string_equal(kit_str(m, "reason"), "host");
	assert_string_equal(kit_str(m, "room.id"), k.room);
	m = kit_get(P(WAITING), "ended");
	assert_null(kit_at(m, "re"));
	kit_none(P(HOST));
	kit_none(P(WAITING));
	/* Who was away hears it on return. */
	(void)kit_resume(P(MEMBER), false);
	assert_string_equal(kit_str(kit_get(P(MEMBER), "ended"), "reason"), "host");
	kit_say(P(MEMBER), "join", ",\"room\":\"%s\",\"name\":\"M\",\"ticket\":\"%s\"", k.room,
		P(MEMBER)->ticket);
	assert_string_equal(kit_str(kit_get(P(MEMBER), "joined"), "self.role"), "host");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_verb_by_everybody),
		TEST(a_host_elsewhere_finds_nobody),
		TEST(nobody_removes_the_owner_or_themselves),
		TEST(the_removed_knock_again),
		TEST(of_the_removed_the_last_are_known),
		TEST(handing_on_the_hosts_role),
		TEST(a_locked_room),
		TEST(the_latest_word_on_the_lock_counts),
		TEST(the_end_is_for_all),
	};
	return cmocka_run_group_tests_name("signal hosting", tests, NULL, NULL);
}
