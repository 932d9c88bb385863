/* The door of a room that lasts: whom it lets in, who waits before it, passes for its password. */
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

static void the_owner_comes_in_through_any_door(void **state)
{
	struct signal_room_info info = open_door;

	info.locked = info.knock = info.password = true;
	info.guests = false;
	kit_load(&k, info);
	kit_account(A, ADA);
	json_t *m = door_join(A, "");
	assert_string_equal(kit_str(m, "type"), "joined");
	assert_string_equal(kit_str(m, "self.role"), "host");
	assert_true(kit_bool(m, "room.owner"));
	assert_true(kit_bool(m, "room.lasting"));
	assert_true(kit_bool(m, "room.locked"));
	assert_string_equal(kit_str(m, "room.name"), "Tea \"at\" five");
	/* But only if there is a place. */
	kit_ask(A, "leave");
	(void)kit_get(A, "left");
	kit_load(&k, open_door);
	for (int i = 1; i <= 4; i++)
		door_joins(&k.c[i], "", "joined");
	door_joins(A, "", "room_full");
}

/* Every door against a guest and somebody with an account, with a pass and without. */
static void every_door(void **state)
{
	for (unsigned bits = 0; bits < 64; bits++) {
		bool knock = bits & 1, locked = bits & 2, guests = bits & 4, password = bits & 8;
		bool guest = bits & 16, with_pass = bits & 32;
		struct signal_room_info info = open_door;
		char pass[SIGNAL_PASS_LEN];
		const char *answer = knock ? "waiting" : "joined";

		if (password && !with_pass)
			answer = "password_needed";
		if (locked)
			answer = "room_locked";
		if (!guests && guest)
			answer = "members_only";
		info.knock = knock;
		info.locked = locked;
		info.guests = guests;
		info.password = password;
		kit_load(&k, info);
		signal_pass(k.s, k.room, k.now, pass);
		kit_account(B, guest ? "" : BOB);
		print_message("# %u: %s\n", bits, answer);
		door_enters(B, with_pass ? pass : NULL, answer);
		teardown(NULL);
		setup(NULL);
	}
}

static void strangers_wait_for_the_owner(void **state)
{
	struct signal_room_info info = open_door;

	info.knock = true;
	kit_load(&k, info);
	door_joins(B, "", "waiting");
	door_joins(C, "", "waiting");
	kit_account(A, ADA);
	door_joins(A, "", "joined");
	assert_string_equal(kit_str(kit_get(A, "knock"), "participant"), B->pid);
	(void)kit_get(A, "knock");
	kit_say(A, "admit", ",\"participant\":\"%s\"", B->pid);
	assert_string_equal(kit_str(kit_get(B, "joined"), "self.role"), "member");
	/* Who has been left as host may admit, and is nobody's host any more on leaving. */
	kit_ask(A, "leave");
	(void)kit_get(B, "peer.left");
	door_is_host(B, B);
	kit_ask(B, "leave");
	(void)kit_get(B, "knock");
	(void)kit_get(B, "left");
	door_joins(B, "", "waiting");
}

static void passes(void **state)
{
	struct signal_room_info info = open_door;
	char pass[SIGNAL_PASS_LEN], other[SIGNAL_PASS_LEN], changed[SIGNAL_PASS_LEN];
	char elsewhere[SIGNAL_ROOM_ID_LEN + 1];

	info.password = true;
	kit_load(&k, info);
	signal_pass(k.s, k.room, k.now, pass);
	assert_true(strlen(pass) < sizeof(pass));
	for (size_t i = 0; i < strlen(pass); i++) {
		memcpy(changed, pass, sizeof(changed));
		changed[i] = changed[i] == 'A' ? 'B' : 'A';
		door_enters(B, changed, "password_needed");
	}
	door_enters(B, "", "password_needed");
	/* Another room's, and one of no room. */
	assert_int_equal(signal_room_create(k.s, 0, k.now, elsewhere), 0);
	signal_pass(k.s, elsewhere, k.now, other);
	door_enters(B, other, "password_needed");
	signal_pass(k.s, "00000-00000-00000-00000", k.now, other);
	door_enters(B, other, "password_needed");
	/* Loading the room again changes nothing, a new password does. */
	kit_load(&k, info);
	door_enters(B, pass, "joined");
	info.new_password = true;
	kit_load(&k, info);
	door_enters(C, pass, "password_needed");
	signal_pass(k.s, k.room, k.now, pass);
	kit_advance(&k, 599999);
	door_enters(C, pass, "joined");
	kit_advance(&k, 1);
	door_enters(D, pass, "password_needed");
	assert_int_equal(D->close_code, 0);
}

static void a_pass_that_is_too_long(void **state)
{
	char members[160] = ",\"pass\":\"";
	size_t n = strlen(members);

	memset(members + n, 'A', 129);
	memcpy(members + n + 129, "\"", 2);
	kit_hello(B);
	kit_say(B, "join", ",\"room\":\"%s\",\"name\":\"B\"%s", k.room, members);
	kit_error(B, "bad_field", "pass");
}

static void loading_has_limits(void **state)
{
	struct signal_room_info info = open_door;

	limits.rooms = 1;
	teardown(NULL);
	kit_init(&k, &limits, false);
	info.id = "00000-00000-00000-00001";
	/* A room that nobody has entered gives way … */
	assert_int_equal(signal_room_load(k.s, &info, k.now), 0);
	assert_int_equal(k.s->rooms.count, 1);
	memcpy(k.room, info.id, sizeof(k.room));
	door_joins(B, "", "joined");
	info.id = "00000-00000-00000-00002";
	assert_int_equal(signal_room_load(k.s, &info, k.now), -ENOSPC);
	/* … and one that is opened again and again stays. */
	kit_ask(B, "leave");
	for (int i = 0; i < 5; i++) {
		kit_advance(&k, limits.room_unused_ms - 1000);
		kit_load(&k, open_door);
	}
	assert_int_equal(k.s->rooms.count, 1);
	kit_advance(&k, limits.room_unused_ms + WHEEL_TICK_MS);
	assert_int_equal(k.s->rooms.count, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_owner_comes_in_through_any_door),
		TEST(every_door),
		TEST(strangers_wait_for_the_owner),
		TEST(passes),
		TEST(a_pass_that_is_too_long),
		TEST(loading_has_limits),
	};
	return cmocka_run_group_tests_name("signal doors", tests, NULL, NULL);
}
