/*
 * Consent as a property: many people do at random what they may try, and whenever somebody has come in, it
 * was by leave of a host, of the owner's account, of a ticket that was good, or through a door that stood
 * open.
 *
 * What the door was is read before each step, and judged here by rules of their own, written down a second
 * time.
 */
#include "signal/testkit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define RUNS  60
#define STEPS 400

static struct kit k;
static uint32_t seed;

static const char *const accounts[] = {"ada", "ada", "bob", "bob", "carol", "", "", ""};

/* A linear congruence: the same on every machine. */
static uint32_t pick(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 16) % n;
}

/* The world as it was before a step. */
static struct {
	bool lasting, knock, locked, guests, password, known, somebody_in;
	char owner[SIGNAL_ACCOUNT_LEN + 1];
	bool in[KIT_CLIENTS], rules[KIT_CLIENTS], removed[KIT_CLIENTS];
	struct sig_session *session[KIT_CLIENTS];
} before;

/* Those who have been removed since the room was made, by the client that it was. */
static bool removed[KIT_CLIENTS];

static void look(void)
{
	const struct sig_room *r = sig_room_find(k.s, k.room);

	memset(&before, 0, sizeof(before));
	before.known = r;
	if (r) {
		before.lasting = r->lasting;
		before.knock = r->knock;
		before.locked = r->locked;
		before.guests = !r->lasting || r->guests;
		before.password = r->password;
		before.somebody_in = r->n_members > 0;
		memcpy(before.owner, r->owner, sizeof(before.owner));
	}
	for (int i = 0; i < KIT_CLIENTS; i++) {
		const struct signal_conn *c = k.c[i].conn;
		struct sig_session *ss = c ? c->session : NULL;
		before.session[i] = ss;
		before.in[i] = ss && ss->state == SIG_IN;
		before.rules[i] = before.in[i] && (ss->room->host == ss ||
						   (r->owner[0] && strcmp(r->owner, accounts[i]) == 0));
	}
}

static bool is_owner(int i)
{
	return before.owner[0] && strcmp(before.owner, accounts[i]) == 0;
}

/* What step() did, as far as somebody could have come in by it. */
static struct {
	int by;
	bool admits, joins, by_ticket, with_pass, resumes;
} done;

static bool door_stood_open(int i)
{
	if (before.locked || (before.password && !done.with_pass) || (!before.guests && !accounts[i][0]))
		return false;
	return !removed[i] && !(before.knock && (before.lasting || before.somebody_in));
}

static void judge(int i)
{
	const struct sig_session *ss = k.c[i].conn ? k.c[i].conn->session : NULL;

	if (!ss || ss->state != SIG_IN || (before.in[i] && before.session[i] == ss))
		return;
	if (done.resumes && done.by == i)
		return; /* in before, over another connection */
	if (done.by != i) {
		assert_true(done.admits && before.rules[done.by]);
		return;
	}
	assert_true(done.joins && before.known);
	assert_true(is_owner(i) || done.by_ticket || door_stood_open(i));
}

static const char *somebody(void)
{
	const struct signal_conn *c = k.c[pick(KIT_CLIENTS)].conn;

	return c && c->session ? c->session->pid : "nobody";
}

static void say_join(struct kit_client *c)
{
	char pass[SIGNAL_PASS_LEN] = "AAAA";

	done.joins = true;
	done.by_ticket = c->ticket[0] && pick(4) == 0;
	done.with_pass = pick(2);
	if (done.with_pass)
		signal_pass(k.s, k.room, k.now, pass);
	kit_say(c, "join", ",\"room\":\"%s\",\"name\":\"N\",\"pass\":\"%s\",\"ticket\":\"%s\"", k.room, pass,
		done.by_ticket ? c->ticket : "");
}

static void say_about(struct kit_client *c)
{
	static const char *const types[] = {"admit", "admit", "admit", "refuse", "remove", "make_host"};
	const char *type = types[pick(ARRAY_LEN(types))];

	done.admits = strcmp(type, "admit") == 0;
	kit_say(c, type, ",\"participant\":\"%s\"", somebody());
}

static void say_update(struct kit_client *c)
{
	static const char *const changes[] = {"\"knock\":true", "\"knock\":false", "\"locked\":true",
					      "\"locked\":false", "\"locked\":false,\"knock\":false"};

	kit_say(c, "room.update", ",%s", changes[pick(ARRAY_LEN(changes))]);
}

static void load(void)
{
	kit_load(&k, (struct signal_room_info){.owner = "ada",
					       .name = "R",
					       .knock = pick(2),
					       .guests = pick(2),
					       .password = pick(2),
					       .locked = pick(4) == 0});
}

static void connect_again(struct kit_client *c)
{
	if (c->session[0] && pick(2)) {
		done.resumes = true;
		kit_open(c);
		kit_say(c, "hello", ",\"resume\":{\"session\":\"%s\",\"token\":\"%s\",\"fresh\":true}",
			c->session, c->token);
		if (c->conn && !c->conn->session)
			kit_ask(c, "hello");
	} else {
		kit_hello(c);
	}
}

static void step(bool lasting)
{
	struct kit_client *c = &k.c[done.by];

	if (!c->conn) {
		connect_again(c);
		return;
	}
	switch (pick(12)) {
	case 0:
		kit_drop(c);
		break;
	case 1:
		kit_ask(c, pick(8) ? "leave" : "end");
		break;
	case 2:
		kit_advance(&k, pick(5000));
		break;
	case 3:
		say_update(c);
		break;
	case 4:
		if (lasting)
			load();
		break;
	case 5:
	case 6:
	case 7:
		say_about(c);
		break;
	default:
		say_join(c);
	}
}

/* Who hears `removed` knocks from now on. */
static void hear(int i)
{
	for (json_t *m = kit_next(&k.c[i]); m; m = kit_next(&k.c[i])) {
		if (strcmp(kit_str(m, "type"), "removed") == 0)
			removed[i] = true;
	}
}

static unsigned run(bool lasting)
{
	struct signal_limits limits = kit_limits();
	unsigned came = 0;

	limits.max_participants = 4;
	limits.knock_again_ms = 3000;
	limits.knocks_per_min = 1000;
	limits.bad_messages = 1000000;
	limits.resume_ms = 4000;
	limits.room_empty_ms = limits.room_unused_ms = UINT32_MAX;
	kit_init(&k, &limits, pick(2));
	memset(removed, 0, sizeof(removed));
	if (lasting)
		load();
	for (int i = 0; i < KIT_CLIENTS; i++)
		kit_account(&k.c[i], accounts[i]);
	for (int n = 0; n < STEPS; n++) {
		look();
		memset(&done, 0, sizeof(done));
		done.by = (int)pick(KIT_CLIENTS);
		step(lasting);
		for (int i = 0; i < KIT_CLIENTS; i++) {
			judge(i);
			came += k.c[i].conn && k.c[i].conn->session &&
				k.c[i].conn->session->state == SIG_IN && !before.in[i];
		}
		for (int i = 0; i < KIT_CLIENTS; i++)
			hear(i);
	}
	kit_deinit(&k);
	return came;
}

static void nobody_comes_in_without_leave(void **state)
{
	for (int lasting = 0; lasting < 2; lasting++) {
		unsigned came = 0;
		for (seed = 1; seed <= RUNS;) {
			uint32_t this_one = seed;
			came += run(lasting);
			seed = this_one + 1;
		}
		print_message("# %u came in\n", came);
		assert_true(came > 10 * RUNS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_comes_in_without_leave),
	};
	return cmocka_run_group_tests_name("signal consent", tests, NULL, NULL);
}
