/* Rooms that last: whose they are, what is loaded, what a restart leaves, ending and looking at them. */
#include "signal/testkit_door.h"

#include <errno.h>
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
	limits.max_participants = 4;
	kit_init(&k, &limits, false);
	return 0;
}

static int teardown(void **state)
{
	kit_deinit(&k);
	return 0;
}

static void the_owner_takes_the_hosts_role(void **state)
{
	kit_load(&k, open_door);
	door_joins(B, "", "joined");
	door_joins(C, "", "joined");
	assert_true(B->conn->session->room->host == B->conn->session);
	kit_clear(B);
	kit_account(A, ADA);
	door_joins(A, "", "joined");
	for (int i = 1; i < 3; i++) {
		json_t *m = kit_get(&k.c[i], "peer.joined");
		assert_true(kit_bool(m, "peer.owner"));
		assert_string_equal(kit_str(m, "peer.role"), "host");
		door_is_host(&k.c[i], A);
	}
	/* The owner's other session lets it be, until this one is away. */
	kit_account(D, ADA);
	door_joins(D, "", "joined");
	assert_true(D->conn->session->room->host == A->conn->session);
	kit_ask(D, "leave");
	kit_drop(A);
	kit_clear(A);
	kit_clear(D);
	kit_clear(C);
	door_joins(D, "", "joined");
	assert_true(D->conn->session->room->host == D->conn->session);
	(void)kit_get(C, "peer.joined");
	door_is_host(C, D);
	/* Both of them before anybody else, and then who has been there for longest. */
	(void)kit_resume(A, false);
	kit_ask(D, "leave");
	assert_true(A->conn->session->room->host == A->conn->session);
	kit_ask(A, "leave");
	assert_true(B->conn->session->room->host == B->conn->session);
}

static void the_owner_takes_it_back(void **state)
{
	kit_load(&k, open_door);
	kit_account(A, ADA);
	door_joins(A, "", "joined");
	door_joins(B, "", "joined");
	door_joins(C, "", "joined");
	kit_clear(A);
	kit_clear(B);
	kit_say(A, "make_host", ",\"participant\":\"%s\"", B->pid);
	door_is_host(A, B);
	(void)kit_get(A, "ticket");
	door_is_host(B, B);
	kit_say(A, "make_host", ",\"participant\":\"%s\"", A->pid);
	door_is_host(A, A);
	door_is_host(B, A);
	(void)kit_get(B, "ticket");
	kit_say(B, "make_host", ",\"participant\":\"%s\"", B->pid);
	kit_error(B, "not_host", NULL);
}

static void no_first_hosts_right(void **state)
{
	kit_load(&k, open_door);
	door_joins(B, "", "joined");
	door_joins(C, "", "joined");
	char ticket[520], members[560];
	memcpy(ticket, B->ticket, sizeof(ticket));
	kit_ask(B, "leave");
	kit_clear(B);
	(void)snprintf(members, sizeof(members), ",\"ticket\":\"%s\"", ticket);
	assert_string_equal(kit_str(door_join(B, members), "self.role"), "member");
}

static void what_changes_reaches_the_members(void **state)
{
	struct signal_room_info info = open_door;

	kit_load(&k, info);
	kit_account(A, ADA);
	door_joins(A, "", "joined");
	door_joins(B, "", "joined");
	kit_clear(A);
	kit_load(&k, info);
	kit_none(A);
	info.name = "Six";
	info.locked = true;
	kit_load(&k, info);
	json_t *m = kit_get(A, "room.updated");
	assert_string_equal(kit_str(m, "room.name"), "Six");
	assert_true(kit_bool(m, "room.locked"));
	assert_true(kit_bool(m, "room.owner"));
	assert_null(kit_at(m, "re"));
	assert_false(kit_bool(kit_get(B, "room.updated"), "room.owner"));
	/* The other way round: what the host changes is to be kept. */
	assert_int_equal(k.changed, 0);
	kit_say(A, "room.update", ",\"locked\":true");
	assert_int_equal(k.changed, 0);
	kit_say(A, "room.update", ",\"knock\":true");
	assert_int_equal(k.changed, 1);
	assert_true(k.knock_now && k.locked_now);
	kit_say(A, "room.update", ",\"locked\":false");
	assert_true(k.knock_now && !k.locked_now);
	assert_int_equal(k.changed, 2);
}

static void room_is(const struct kit_client *c, bool knock, bool locked)
{
	const struct sig_room *r = c->conn->session->room;
	assert_int_equal(r->knock, knock);
	assert_int_equal(r->locked, locked);
}

/* Whoever was the first to come in opens no door for good. */
static void another_hosts_door_ends_with_the_call(void **state)
{
	kit_load(&k, open_door);
	door_joins(B, "", "joined");
	kit_say(B, "room.update", ",\"locked\":true,\"knock\":true");
	room_is(B, true, true);
	assert_int_equal(k.changed, 0);
	/* What the owner says of one thing is not a word on the other. */
	kit_account(A, ADA);
	door_joins(A, "", "joined");
	kit_say(A, "room.update", ",\"knock\":true");
	assert_int_equal(k.changed, 1);
	assert_true(k.knock_now && !k.locked_now);
	room_is(A, true, true);
	kit_ask(A, "leave");
	kit_ask(B, "leave");
	kit_clear(A);
	door_joins(A, "", "joined");
	room_is(A, true, false);
}

static void by_ticket(struct kit_client *c, const char *answer)
{
	char members[560];

	(void)snprintf(members, sizeof(members), ",\"ticket\":\"%s\"", c->ticket);
	door_joins(c, members, answer);
}

static void after_a_restart(void **state)
{
	struct signal_room_info info = open_door;
	char pass[SIGNAL_PASS_LEN];

	kit_load(&k, info);
	kit_account(A, ADA);
	door_joins(A, "", "joined");
	door_joins(B, "", "joined");
	kit_clear(A);
	kit_restart(&k);
	by_ticket(B, "joined");
	assert_int_equal(k.made, 1);
	/* What its door is nobody knows yet: closed, but for those who have a ticket. */
	door_joins(C, "", "room_unknown");
	by_ticket(A, "joined");
	kit_clear(A);
	kit_clear(B);
	info.password = info.knock = true;
	kit_load(&k, info);
	json_t *m = kit_get(B, "room.updated");
	assert_string_equal(kit_str(m, "room.name"), info.name);
	assert_true(kit_bool(m, "room.knock"));
	assert_true(A->conn->session->room->host == A->conn->session);
	door_joins(C, "", "password_needed");
	signal_pass(k.s, k.room, k.now, pass);
	door_enters(C, pass, "waiting");
	assert_int_equal(k.made, 1);
}

static void the_owner_is_host_once_known(void **state)
{
	kit_load(&k, open_door);
	kit_account(A, ADA);
	door_joins(A, "", "joined");
	door_joins(B, "", "joined");
	kit_say(A, "make_host", ",\"participant\":\"%s\"", B->pid);
	kit_restart(&k);
	by_ticket(A, "joined");
	by_ticket(B, "joined");
	kit_clear(A);
	kit_clear(B);
	assert_true(A->conn->session->room->host == B->conn->session);
	kit_load(&k, open_door);
	(void)kit_get(B, "room.updated");
	door_is_host(B, A);
	(void)kit_get(B, "ticket");
	assert_true(A->conn->session->room->host == A->conn->session);
}

static void a_room_is_ended_from_outside(void **state)
{
	char none[] = "00000-00000-00000-00000";

	kit_load(&k, open_door);
	door_joins(B, "", "joined");
	kit_clear(B);
	assert_int_equal(signal_room_end(k.s, none, SIGNAL_END_ADMIN, k.now), -ENOENT);
	assert_int_equal(signal_room_end(k.s, "x", SIGNAL_END_ADMIN, k.now), -ENOENT);
	assert_int_equal(signal_room_end(k.s, k.room, SIGNAL_END_ADMIN, k.now), 0);
	assert_string_equal(kit_str(kit_get(B, "ended"), "reason"), "admin");
	assert_int_equal(signal_room_end(k.s, k.room, SIGNAL_END_ADMIN, k.now), -ENOENT);
	by_ticket(B, "room_unknown");
	kit_load(&k, open_door);
	door_joins(B, "", "joined");
	assert_int_equal(signal_room_end(k.s, k.room, SIGNAL_END_DELETED, k.now), 0);
	assert_string_equal(kit_str(kit_get(B, "ended"), "reason"), "deleted");
}

static void count_room(void *arg, const struct signal_room_view *v)
{
	uint32_t *members = arg;

	assert_int_equal(strlen(v->id), SIGNAL_ROOM_ID_LEN);
	*members += v->members;
}

static void looking_at_rooms(void **state)
{
	struct signal_room_view v;
	uint32_t members = 0;
	char id[SIGNAL_ROOM_ID_LEN + 1];

	assert_false(signal_room_view(k.s, "", &v));
	assert_true(signal_room_view(k.s, k.room, &v));
	assert_string_equal(v.owner, "");
	assert_string_equal(v.name, "");
	assert_true(v.guests);
	assert_true(v.since_ms == 0);
	kit_load(&k, open_door);
	door_joins(B, "", "joined");
	kit_say(B, "room.update", ",\"knock\":true");
	door_joins(C, "", "waiting");
	kit_advance(&k, 1000);
	assert_true(signal_room_view(k.s, k.room, &v));
	assert_string_equal(v.owner, ADA);
	assert_string_equal(v.name, open_door.name);
	assert_int_equal(v.members, 1);
	assert_int_equal(v.waiting, 1);
	assert_true(v.knock);
	assert_true(v.since_ms == k.now.wall_ms - 1000);
	assert_int_equal(signal_room_create(k.s, 0, k.now, id), 0);
	signal_rooms(k.s, count_room, &members);
	assert_int_equal(members, 1);
	/* Ids. */
	assert_int_equal(signal_room_id(k.s, id), 0);
	assert_false(signal_room_view(k.s, id, &v));
	assert_int_equal(signal_room_id_parse("ABCDE fgh23 jkmnp o1xyz", id), 0);
	assert_string_equal(id, "abcde-fgh23-jkmnp-01xyz");
	assert_int_equal(signal_room_id_parse("abcde", id), -EINVAL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_owner_takes_the_hosts_role),
		TEST(the_owner_takes_it_back),
		TEST(no_first_hosts_right),
		TEST(what_changes_reaches_the_members),
		TEST(another_hosts_door_ends_with_the_call),
		TEST(after_a_restart),
		TEST(the_owner_is_host_once_known),
		TEST(a_room_is_ended_from_outside),
		TEST(looking_at_rooms),
	};
	return cmocka_run_group_tests_name("signal owners", tests, NULL, NULL);
}
