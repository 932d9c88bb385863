/*
 * Whole conversations with the signalling core: the input is a script of connections, messages and time.
 *
 * The kit aborts if a message out is not JSON, if numbers have holes, or if the state is not whole after a
 * step. On top of that, consent: while a client waits, whatever it does is heard by others only as the end of
 * its knock.
 */
#include "base/mem.h"
#include "signal/testkit.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct script {
	const uint8_t *p;
	size_t left;
};

static uint8_t take(struct script *s)
{
	if (s->left == 0)
		return 0;
	s->left--;
	return *s->p++;
}

#define SDP "v=0\\r\\no=- 1 2 IN IP4 127.0.0.1\\r\\ns=-\\r\\nt=0 0\\r\\n"

/* Members for messages of which the script chooses one; %s is a participant. */
static const struct {
	const char *type;
	const char *members;
} phrases[] = {
	{"hello", ""},
	{"leave", ""},
	{"ping", ""},
	{"ice", ""},
	{"closing", ""},
	{"signal", ",\"description\":{\"type\":\"offer\",\"sdp\":\"" SDP "\"}"},
	{"signal", ",\"description\":{\"type\":\"answer\",\"sdp\":\"" SDP "\"}"},
	{"signal", ",\"description\":{\"type\":\"rollback\"}"},
	{"signal", ",\"candidate\":{\"candidate\":\"candidate:1 1 udp 1 192.0.2.1 1 typ host\"}"},
	{"signal", ",\"end_of_candidates\":true"},
	{"media", ",\"audio\":true,\"video\":false"},
	{"media", ",\"audio\":false,\"video\":true"},
	{"room.update", ",\"knock\":true"},
	{"room.update", ",\"knock\":false"},
	{"nonsense", ""},
	/* From here on in rooms with an owner only, so that older scripts go on meaning the same. */
	{"room.update", ",\"locked\":true"},
	{"room.update", ",\"locked\":false,\"knock\":false"},
	{"room.update", ",\"locked\":1"},
	{"end", ""},
};

static const char *const about_somebody[] = {"admit", "refuse", "signal", "remove", "make_host"};

/* The room lasts, and some have an account: the first two the owner's. */
static bool with_owner;
static const char *const accounts[KIT_CLIENTS] = {"ada", "ada", "bob", "carol", "", "", "", ""};

static const char *somebody(struct kit *k, uint8_t which)
{
	struct kit_client *c = &k->c[which % KIT_CLIENTS];

	return c->conn && c->conn->session ? c->conn->session->pid : c->pid;
}

static void say_something(struct kit *k, struct kit_client *c, struct script *s)
{
	uint8_t choice = take(s);
	char pass[SIGNAL_PASS_LEN] = "";

	if (choice < 64) {
		size_t n = with_owner ? ARRAY_LEN(phrases) : ARRAY_LEN(phrases) - 4;
		kit_say(c, phrases[choice % n].type, "%s", phrases[choice % n].members);
	} else if (choice < 128) {
		kit_say(c, about_somebody[choice % (with_owner ? 5 : 3)],
			",\"participant\":\"%s\",\"to\":\"%s\",\"end_of_candidates\":true",
			somebody(k, choice / 4), somebody(k, choice / 4));
	} else if (choice < 192) {
		const char *ticket = choice & 4 ? k->c[choice >> 3 & 7].ticket : c->ticket;
		if (with_owner && choice & 32)
			signal_pass(k->s, k->room, k->now, pass);
		kit_say(c, "join", ",\"room\":\"%s\",\"name\":\"N\",\"pass\":\"%s\"%s%s%s%s", k->room, pass,
			choice & 1 ? ",\"offer\":\"" SDP "\"" : "", choice & 2 ? ",\"ticket\":\"" : "",
			choice & 2 ? ticket : "", choice & 2 ? "\"" : "");
	} else if (choice < 224) {
		kit_say(c, "ack", ",\"ack\":%lld", (long long)c->seq + (choice & 1));
	} else {
		c->next_id -= choice & 15;
		kit_ask(c, "ping");
	}
}

static void say_raw(struct kit_client *c, struct script *s)
{
	size_t n = take(s);

	if (n > s->left)
		n = s->left;
	kit_raw(c, (const char *)s->p, n);
	s->p += n;
	s->left -= n;
}

static void resume(struct kit *k, struct kit_client *c, struct script *s)
{
	uint8_t choice = take(s);
	struct kit_client *as = choice & 1 ? c : &k->c[choice % KIT_CLIENTS];

	if (choice & 2)
		c->addr = k->c[(choice >> 2) % KIT_CLIENTS].addr;
	if (!c->conn)
		kit_open(c);
	if (!c->conn || c->conn->session) {
		kit_ask(c, "hello");
		return;
	}
	char session[sizeof(as->session)], token[sizeof(as->token)];
	memcpy(session, as->session, sizeof(session));
	memcpy(token, as->token, sizeof(token));
	kit_say(c, "hello",
		",\"resume\":{\"session\":\"%s\",\"token\":\"%s\",\"last_seq\":%lld,\"fresh\":%s}", session,
		token, (long long)as->seq - (choice >> 6), choice & 4 ? "true" : "false");
}

static void load(struct kit *k, uint8_t choice)
{
	kit_load(k, (struct signal_room_info){.owner = "ada",
					      .name = choice & 1 ? "Tea" : "Coffee",
					      .knock = choice & 2,
					      .locked = choice & 4,
					      .guests = choice & 8,
					      .password = choice & 16,
					      .new_password = choice & 32});
}

/* What comes by other ways than the socket. */
static void from_outside(struct kit *k, uint8_t choice)
{
	if (choice & 64)
		load(k, choice);
	else if (choice & 32)
		signal_sign_out(k->s, accounts[choice >> 1 & 3], NULL, choice & 8 ? "ada" : NULL, k->now);
	else if (signal_room_end(k->s, k->room, choice & 8 ? SIGNAL_END_ADMIN : SIGNAL_END_DELETED, k->now))
		load(k, choice);
	kit_advance(k, 0);
}

static void pass_time(struct kit *k, struct script *s)
{
	uint8_t choice = take(s);

	if (with_owner && choice & 128)
		from_outside(k, choice);
	else
		kit_advance(k, (uint64_t)choice * take(s) / 4);
}

static void step(struct kit *k, struct script *s)
{
	uint8_t what = take(s);
	struct kit_client *c = &k->c[what % KIT_CLIENTS];

	switch (what / KIT_CLIENTS % 8) {
	case 0:
		if (!c->conn)
			kit_open(c);
		kit_ask(c, "hello");
		break;
	case 1:
		kit_drop(c);
		break;
	case 2:
		pass_time(k, s);
		break;
	case 3:
		say_raw(c, s);
		break;
	case 4:
		resume(k, c, s);
		break;
	default:
		say_something(k, c, s);
	}
}

/* Whether what has reached @c in this step is more than it may be told of somebody who waits. */
static void check_leak(struct kit_client *c)
{
	for (json_t *m = kit_next(c); m; m = kit_next(c))
		assert(strcmp(kit_str(m, "type"), "knock.gone") == 0);
}

static void guarded_step(struct kit *k, struct script *s)
{
	const struct kit_client *c = s->left ? &k->c[*s->p % KIT_CLIENTS] : NULL;
	bool own = s->left && *s->p / KIT_CLIENTS % 8 != 2 && *s->p / KIT_CLIENTS % 8 != 4;
	bool waits = own && c->conn && c->conn->session && c->conn->session->state == SIG_WAITING;

	for (size_t i = 0; i < KIT_CLIENTS; i++)
		kit_clear(&k->c[i]);
	step(k, s);
	for (size_t i = 0; i < KIT_CLIENTS && waits; i++) {
		if (&k->c[i] != c)
			check_leak(&k->c[i]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct kit k;
	struct script s = {data, n};
	struct signal_limits limits = kit_limits();
	uint8_t options = take(&s);

	limits.max_participants = 2 + (options >> 1 & 3);
	limits.sessions = options & 8 ? 4 : 100;
	limits.waiting_per_room = 2;
	limits.knocks_per_min = options & 64 ? 3 : 100;
	limits.held_candidates = 3;
	limits.replay_bytes = options & 16 ? 700 : 65536;
	limits.rooms = 2;
	/* A hundredth of the usual times, so that much happens in a short script. */
	limits.hello_ms /= 100;
	limits.resume_ms /= 100;
	limits.reload_ms /= 100;
	limits.knock_ms /= 100;
	limits.rejoin_ms /= 100;
	limits.room_empty_ms /= 100;
	limits.room_unused_ms /= 100;
	limits.knock_again_ms /= 100;
	kit_init(&k, &limits, options & 1);
	k.loose = true;
	with_owner = options & 128;
	for (int i = 0; i < KIT_CLIENTS && with_owner; i++)
		kit_account(&k.c[i], accounts[i]);
	if (with_owner)
		load(&k, options);
	if (options & 32) {
		k.quiet = true;
		mem_fail_after(take(&s));
	}
	for (int steps = 0; s.left > 0 && steps < 400; steps++) {
		if (steps == 100)
			mem_fail_never();
		if (take(&s) == 0xff) {
			mem_fail_never();
			kit_restart(&k);
		}
		guarded_step(&k, &s);
	}
	mem_fail_never();
	/* Without connections everything ends, and nothing is left to wait for. */
	for (size_t i = 0; i < KIT_CLIENTS; i++)
		kit_drop(&k.c[i]);
	kit_advance(&k, 10000);
	assert(k.s->sessions.count == 0 && k.s->rooms.count == 0 && signal_next_ms(k.s) == UINT64_MAX);
	kit_deinit(&k);
	return 0;
}
