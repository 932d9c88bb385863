/* What knocking may cost the host, and who may not come in by anybody's absence. */
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

static void join(struct kit_client *c)
{
	if (!c->conn)
		kit_hello(c);
	kit_say(c, "join", ",\"room\":\"%s\",\"name\":\"Client\"", k.room);
}

static void knock(struct kit_client *c)
{
	join(c);
	(void)snprintf(c->pid, sizeof(c->pid), "%s", kit_str(kit_get(c, "waiting"), "participant"));
}

static void take_back(struct kit_client *c)
{
	kit_ask(c, "leave");
	(void)kit_get(c, "left");
}

static void who_waits_goes_on_waiting_in_a_deserted_room(void **state)
{
	kit_init(&k, &limits, true);
	kit_join(A, "");
	knock(B);
	kit_ask(A, "leave");
	kit_none(B);
	/* A newcomer is host, and hears who waits. */
	join(C);
	assert_string_equal(kit_str(kit_get(C, "joined"), "self.role"), "host");
	hears_about(C, "knock", B->pid, NULL);
	kit_none(C);
	kit_none(B);
	kit_say(C, "admit", ",\"participant\":\"%s\"", B->pid);
	(void)kit_get(B, "joined");
}

static void a_deserted_room_ends_when_nobody_waits_any_more(void **state)
{
	struct signal_stats stats;

	limits.knock_ms = 5000;
	limits.room_empty_ms = 3000;
	kit_init(&k, &limits, true);
	kit_join(A, "");
	knock(B);
	kit_drop(A);
	kit_advance(&k, 100);
	kit_open(A);
	kit_say(A, "hello", ",\"resume\":{\"session\":\"%s\",\"token\":\"%s\",\"fresh\":true}", A->session,
		A->token);
	kit_ask(A, "leave");
	/* Longer than an empty room stays, but B is there until the knock is too old. */
	kit_advance(&k, 4800);
	kit_none(B);
	signal_get_stats(k.s, &stats);
	assert_int_equal(stats.rooms, 1);
	kit_advance(&k, 200);
	assert_string_equal(kit_str(kit_get(B, "refused"), "reason"), "timeout");
	kit_advance(&k, limits.room_empty_ms + 2 * WHEEL_TICK_MS);
	signal_get_stats(k.s, &stats);
	assert_int_equal(stats.rooms, 0);
}

static void an_address_has_a_budget(void **state)
{
	limits.knocks_per_min = 3;
	kit_init(&k, &limits, true);
	kit_join(A, "");
	for (int i = 0; i < 3; i++) {
		knock(B);
		take_back(B);
	}
	join(B);
	kit_error(B, "too_many", NULL);
	/* A new session does not help, and a new room does not. */
	kit_drop(B);
	assert_int_equal(signal_room_create(k.s, 1, k.now, k.room), 0);
	kit_drop(A);
	kit_clear(A);
	kit_join(A, "");
	join(B);
	kit_error(B, "too_many", NULL);
	/* Another address has its own; and a third of a minute makes one knock. */
	knock(C);
	kit_advance(&k, 19999);
	join(B);
	kit_error(B, "too_many", NULL);
	kit_advance(&k, 1);
	knock(B);
}

static void a_room_has_a_budget(void **state)
{
	limits.knocks_per_min = 3;
	kit_init(&k, &limits, true);
	kit_join(A, "");
	for (int i = 1; i <= 3; i++) {
		knock(&k.c[i]);
		take_back(&k.c[i]);
	}
	join(&k.c[4]);
	kit_error(&k.c[4], "too_many", NULL);
	kit_advance(&k, 20000);
	knock(&k.c[4]);
	take_back(&k.c[4]);
	join(&k.c[5]);
	kit_error(&k.c[5], "too_many", NULL);
}

static void half_the_waiting_room_is_for_others(void **state)
{
	limits.waiting_per_room = 3;
	kit_init(&k, &limits, true);
	kit_join(A, "");
	for (int i = 2; i <= 3; i++)
		k.c[i].addr = B->addr;
	knock(B);
	knock(C);
	join(D);
	kit_error(D, "too_many", NULL);
	knock(&k.c[4]);
	take_back(B);
	knock(D);
}

static void a_refusal_holds_for_its_room_alone(void **state)
{
	char first[SIGNAL_ROOM_ID_LEN + 1];

	kit_init(&k, &limits, true);
	kit_join(A, "");
	knock(B);
	kit_say(A, "refuse", ",\"participant\":\"%s\"", B->pid);
	(void)kit_get(B, "refused");
	join(B);
	kit_error(B, "too_many", NULL);
	memcpy(first, k.room, sizeof(first));
	assert_int_equal(signal_room_create(k.s, 1, k.now, k.room), 0);
	kit_join(C, "");
	knock(B);
	take_back(B);
	memcpy(k.room, first, sizeof(first));
	join(B);
	kit_error(B, "too_many", NULL);
	kit_advance(&k, limits.knock_again_ms);
	knock(B);
}

/* What is sent to a host who is away has to be kept. */
static void knocking_does_not_fill_an_absent_hosts_buffer(void **state)
{
	limits.knocks_per_min = 1000;
	limits.replay_bytes = 1000;
	kit_init(&k, &limits, true);
	kit_join(A, "");
	knock(B);
	hears_about(A, "knock", B->pid, NULL);
	kit_say(A, "ack", ",\"ack\":%lld", (long long)A->seq);
	kit_drop(A);
	for (int i = 0; i < 50; i++) {
		knock(C);
		take_back(C);
	}
	take_back(B);
	knock(C);
	json_t *m = kit_resume(A, false);
	assert_false(kit_bool(m, "gap"));
	/* One that was announced has gone, one that was not is there, and of the rest not a word. */
	hears_about(A, "knock.gone", B->pid, "left");
	hears_about(A, "knock", C->pid, NULL);
	kit_none(A);
	take_back(C);
	hears_about(A, "knock.gone", C->pid, "left");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_waits_goes_on_waiting_in_a_deserted_room),
		TEST(a_deserted_room_ends_when_nobody_waits_any_more),
		TEST(an_address_has_a_budget),
		TEST(a_room_has_a_budget),
		TEST(half_the_waiting_room_is_for_others),
		TEST(a_refusal_holds_for_its_room_alone),
		TEST(knocking_does_not_fill_an_absent_hosts_buffer),
	};
	return cmocka_run_group_tests_name("signal knocking", tests, NULL, NULL);
}
