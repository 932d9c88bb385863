#include "signal/testkit.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char kit_sdp[] = "v=0\\r\\no=- 1 2 IN IP4 127.0.0.1\\r\\ns=-\\r\\nt=0 0\\r\\n";
const char kit_candidate[] = "candidate:1 1 udp 2122260223 192.0.2.7 46243 typ host generation 0";

#define REQUIRE(cond)                                                                                        \
	do {                                                                                                 \
		if (!(cond))                                                                                 \
			fail(__LINE__, #cond);                                                               \
	} while (0)

static _Noreturn void fail(int line, const char *what)
{
	(void)fprintf(stderr, "testkit.c:%d: %s\n", line, what);
	abort();
}

/* xorshift64*: fast, and the same on every run. */
static void kit_rand(void *arg, uint8_t *out, size_t n)
{
	struct kit *k = arg;

	for (size_t i = 0; i < n; i++) {
		k->rand_state ^= k->rand_state >> 12;
		k->rand_state ^= k->rand_state << 25;
		k->rand_state ^= k->rand_state >> 27;
		out[i] = (uint8_t)((k->rand_state * UINT64_C(0x2545f4914f6cdd1d)) >> 56);
	}
}

static void remember(char *to, size_t size, json_t *m, const char *path)
{
	json_t *v = kit_at(m, path);

	if (v)
		(void)snprintf(to, size, "%s", json_string_value(v));
}

/* What a client learns from what it is told. */
static void learn(struct kit_client *c, json_t *m)
{
	remember(c->session, sizeof(c->session), m, "session");
	remember(c->token, sizeof(c->token), m, "token");
	remember(c->ticket, sizeof(c->ticket), m, "ticket");
	remember(c->pid, sizeof(c->pid), m, "self.participant");
}

static void check_number(struct kit_client *c, json_t *m)
{
	json_int_t seq = kit_int(m, "seq");
	const char *type = kit_str(m, "type");

	REQUIRE(kit_int(m, "ack") >= 0);
	if (strcmp(type, "welcome") == 0) {
		c->seq = seq;
	} else if (!c->conn->session) {
		REQUIRE(seq == 0 && strcmp(type, "error") == 0);
	} else {
		REQUIRE(seq == c->seq + 1 || c->kit->quiet);
		c->seq = seq;
	}
}

static void kit_send(void *arg, void *user, const char *json, size_t n)
{
	struct kit_client *c = user;
	json_error_t error;
	json_t *m = json_loadb(json, n, JSON_REJECT_DUPLICATES, &error);

	REQUIRE(m);
	REQUIRE(c->conn && c->close_code == 0);
	check_number(c, m);
	learn(c, m);
	size_t at = c->tail++ % KIT_INBOX;
	json_decref(c->inbox[at]);
	c->inbox[at] = m;
	if (c->tail - c->head > KIT_INBOX)
		c->head = c->tail - KIT_INBOX;
}

static void kit_close(void *arg, void *user, int code, const char *reason)
{
	struct kit_client *c = user;

	REQUIRE(c->close_code == 0 && code >= 1000);
	c->close_code = code;
}

static int kit_ice(void *arg, const char *participant, struct signal_time now, struct buf *json,
		   uint32_t *expires_s)
{
	struct kit *k = arg;

	REQUIRE(strlen(participant) == SIGNAL_PARTICIPANT_ID_LEN);
	if (k->ice_rc)
		return k->ice_rc;
	*expires_s = 600;
	return buf_appendf(json, "[{\"urls\":[\"turn:turn.example\"],\"username\":\"%s\"}]", participant);
}

static void kit_room_made(void *arg, const char *room)
{
	struct kit *k = arg;

	REQUIRE(strlen(room) == SIGNAL_ROOM_ID_LEN);
	k->made++;
}

static void kit_room_changed(void *arg, const char *room, bool knock, bool locked)
{
	struct kit *k = arg;

	REQUIRE(strlen(room) == SIGNAL_ROOM_ID_LEN);
	k->changed++;
	k->knock_now = knock;
	k->locked_now = locked;
}

static const struct signal_ops kit_ops = {
	.send = kit_send,
	.close = kit_close,
	.ice_servers = kit_ice,
	.room_made = kit_room_made,
	.room_changed = kit_room_changed,
};

struct signal_limits kit_limits(void)
{
	return (struct signal_limits){
		.hello_ms = 10000,
		.resume_ms = 120000,
		.reload_ms = 15000,
		.knock_ms = 120000,
		.rejoin_ms = 600000,
		.room_empty_ms = 600000,
		.room_unused_ms = 300000,
		.sessions = 1000,
		.rooms = 100,
		.max_participants = 2,
		.waiting_per_room = 8,
		.knocks_per_min = 20,
		.knock_again_ms = 10000,
		.held_candidates = 64,
		.bad_messages = 20,
		.sdp_bytes = 32768,
		.replay_bytes = 65536,
		.message_bytes = 65536,
		.messages_per_s = 50,
	};
}

static void start(struct kit *k, const struct signal_limits *limits)
{
	static const uint8_t key[SIGNAL_TICKET_KEY_BYTES] = "the same key for every server";

	struct signal_params p = {
		.limits = *limits,
		.ops = &kit_ops,
		.arg = k,
		.rand = kit_rand,
		.rand_arg = k,
		.ticket_key = key,
		.version = "1.2.3",
		.now = k->now,
	};
	REQUIRE(signal_new(&p, &k->s) == 0);
}

void kit_init(struct kit *k, const struct signal_limits *limits, bool knock)
{
	memset(k, 0, sizeof(*k));
	k->now = (struct signal_time){.mono_ms = 5000, .wall_ms = UINT64_C(1700000000000)};
	k->rand_state = 88172645463325252;
	for (size_t i = 0; i < KIT_CLIENTS; i++) {
		char ip[32];
		k->c[i].kit = k;
		(void)snprintf(ip, sizeof(ip), "198.51.100.%zu", i + 1);
		REQUIRE(addr_parse(&k->c[i].addr, ip, 4000) == 0);
	}
	start(k, limits);
	REQUIRE(signal_room_create(k->s, knock, k->now, k->room) == 0);
}

void kit_load(struct kit *k, struct signal_room_info info)
{
	info.id = k->room;
	REQUIRE(signal_room_load(k->s, &info, k->now) == 0 || k->quiet);
	kit_check(k);
}

/* Connections that the core has closed are reported closed, as their owner does it: later. */
static void reap(struct kit *k)
{
	for (size_t i = 0; i < KIT_CLIENTS; i++) {
		struct kit_client *c = &k->c[i];
		if (!c->conn || !c->close_code)
			continue;
		struct signal_conn *conn = c->conn;
		c->conn = NULL;
		signal_closed(conn, k->now);
	}
	kit_check(k);
}

void kit_deinit(struct kit *k)
{
	for (size_t i = 0; i < KIT_CLIENTS; i++) {
		kit_drop(&k->c[i]);
		for (size_t j = 0; j < KIT_INBOX; j++)
			json_decref(k->c[i].inbox[j]);
	}
	k->s = signal_free(k->s);
}

void kit_restart(struct kit *k)
{
	struct signal_limits limits = k->s->limits;

	for (size_t i = 0; i < KIT_CLIENTS; i++) {
		kit_drop(&k->c[i]);
		kit_clear(&k->c[i]);
		k->c[i].next_id = 0;
	}
	k->s = signal_free(k->s);
	start(k, &limits);
}

void kit_advance(struct kit *k, uint64_t ms)
{
	uint64_t until = k->now.mono_ms + ms;

	for (;;) {
		uint64_t next = signal_next_ms(k->s);
		if (next > until)
			next = until;
		if (next < k->now.mono_ms)
			next = k->now.mono_ms;
		k->now.wall_ms += next - k->now.mono_ms;
		k->now.mono_ms = next;
		signal_tick(k->s, k->now);
		reap(k);
		if (next == until)
			return;
	}
}

static void check_session(const struct sig_session *ss)
{
	REQUIRE(!ss->conn || ss->conn->session == ss);
	REQUIRE(ss->conn || wheel_timer_active(&ss->gone_timer));
	REQUIRE(wheel_timer_active(&ss->gone_timer) == (!ss->conn || ss->closing));
	REQUIRE(list_empty(&ss->idle_away) == (ss->conn || ss->state != SIG_IDLE));
	REQUIRE((ss->state == SIG_IDLE) == !ss->room);
	REQUIRE(list_empty(&ss->in_room) == !ss->room);
	REQUIRE(!ss->name == !ss->room);
	REQUIRE(ss->room || !ss->held);
	REQUIRE(list_empty(&ss->of_accounts) == !ss->who.account[0]);
	REQUIRE(!ss->conn || strcmp(ss->conn->who.account, ss->who.account) == 0);
	REQUIRE(wheel_timer_active(&ss->knock_timer) == (ss->state == SIG_WAITING));
	REQUIRE(!ss->announced || (ss->state == SIG_WAITING && ss->room->host));
	REQUIRE(ss->state == SIG_IN || ss->came_by == SIG_CAME_OTHERWISE);
	REQUIRE(!ss->held || ss->held->count <= ss->s->limits.held_candidates);
	REQUIRE(ss->replay.bytes <= ss->s->limits.replay_bytes);
	uint64_t seq = ss->replay.gone;
	for (const struct sig_replay_block *b = ss->replay.first; b; b = b->next)
		REQUIRE(b->seq == ++seq);
	REQUIRE(seq == ss->seq);
}

static uint32_t check_list(const struct sig_room *r, const struct list *head, enum sig_state state)
{
	uint32_t count = 0;
	uint64_t order = 0;

	LIST_FOREACH (node, head) {
		const struct sig_session *ss = SIG_SESSION_OF(node);
		REQUIRE(ss->room == r && ss->state == state);
		REQUIRE(count == 0 || ss->order > order);
		order = ss->order;
		count++;
		check_session(ss);
	}
	return count;
}

static void check_room(const struct sig_room *r)
{
	REQUIRE(check_list(r, &r->members, SIG_IN) == r->n_members);
	REQUIRE(check_list(r, &r->waiting, SIG_WAITING) == r->n_waiting);
	REQUIRE(r->n_members <= r->s->limits.max_participants);
	/* Members who have been put back are over the limit. */
	REQUIRE(r->n_waiting <= r->s->limits.waiting_per_room + r->s->limits.max_participants);
	REQUIRE((r->host == NULL) == (r->n_members == 0));
	REQUIRE(!r->host || (r->host->room == r && r->host->state == SIG_IN));
	REQUIRE(wheel_timer_active(&r->empty_timer) == (r->n_members == 0 && r->n_waiting == 0));
	REQUIRE(list_empty(&r->unused) || (r->n_members == 0 && r->n_waiting == 0 && !r->first_host[0]));
	REQUIRE(r->ticket_generation <= r->generation);
	REQUIRE((r->since_ms == 0) == (r->n_members == 0));
	REQUIRE(!r->locked || r->lasting || r->n_members > 0);
	REQUIRE(!r->owner[0] || (r->lasting && r->name && !r->first_host[0]));
	bool hears = r->host && r->host->conn && !r->host->conn->closing;
	LIST_FOREACH (node, &r->waiting)
		REQUIRE(!hears || SIG_SESSION_OF(node)->announced);
	LIST_FOREACH (node, &r->members)
		REQUIRE(r->n_members == 1 || !SIG_SESSION_OF(node)->held);
}

void kit_check(struct kit *k)
{
	for (size_t i = 0; i < k->s->rooms.n_slots; i++) {
		for (struct map_node *n = k->s->rooms.slots[i]; n; n = n->next)
			check_room(CONTAINER_OF(n, struct sig_room, node));
	}
	for (size_t i = 0; i < k->s->sessions.n_slots; i++) {
		for (struct map_node *n = k->s->sessions.slots[i]; n; n = n->next)
			check_session(CONTAINER_OF(n, struct sig_session, node));
	}
	REQUIRE(k->s->sessions.count <= k->s->limits.sessions);
	REQUIRE(k->s->rooms.count <= k->s->limits.rooms);
}

void kit_account(struct kit_client *c, const char *account)
{
	(void)snprintf(c->who.account, sizeof(c->who.account), "%s", account);
	(void)snprintf(c->who.login, sizeof(c->who.login), "%s", account);
}

void kit_open(struct kit_client *c)
{
	REQUIRE(!c->conn);
	c->close_code = 0;
	if (signal_open(c->kit->s, c, &c->addr, c->kit->now, &c->conn))
		REQUIRE(c->kit->quiet);
	else if (c->who.account[0])
		signal_identify(c->conn, &c->who);
	kit_check(c->kit);
}

void kit_drop(struct kit_client *c)
{
	struct signal_conn *conn = c->conn;

	if (!conn)
		return;
	c->conn = NULL;
	signal_closed(conn, c->kit->now);
	reap(c->kit);
}

void kit_raw(struct kit_client *c, const char *json, size_t n)
{
	if (!c->conn) {
		REQUIRE(c->kit->quiet || c->kit->loose);
		return;
	}
	/* A copy of just this size, so that the sanitizer sees the first byte read too many. */
	char *copy = malloc(n ? n : 1);
	REQUIRE(copy);
	memcpy(copy, json, n);
	signal_input(c->conn, copy, n, c->kit->now);
	free(copy);
	reap(c->kit);
}

void kit_say(struct kit_client *c, const char *type, const char *members, ...)
{
	static char text[200000];
	va_list args;
	int n = snprintf(text, sizeof(text), "{\"type\":\"%s\",\"id\":%lld", type, (long long)++c->next_id);

	va_start(args, members);
	n += vsnprintf(text + n, sizeof(text) - (size_t)n, members, args);
	va_end(args);
	REQUIRE((size_t)n + 2 < sizeof(text));
	text[n++] = '}';
	kit_raw(c, text, (size_t)n);
}

void kit_ask(struct kit_client *c, const char *type)
{
	kit_say(c, type, "%s", "");
}

json_t *kit_next(struct kit_client *c)
{
	return c->head == c->tail ? NULL : c->inbox[c->head++ % KIT_INBOX];
}

json_t *kit_get(struct kit_client *c, const char *type)
{
	json_t *m = kit_next(c);

	if (!m || strcmp(kit_str(m, "type"), type) != 0) {
		(void)fprintf(stderr, "client %zu expected %s, got:\n", (size_t)(c - c->kit->c), type);
		if (m)
			(void)json_dumpf(m, stderr, JSON_INDENT(1));
		fail(__LINE__, "message of another type");
	}
	return m;
}

void kit_none(struct kit_client *c)
{
	json_t *m = kit_next(c);

	if (!m)
		return;
	(void)fprintf(stderr, "client %zu got:\n", (size_t)(c - c->kit->c));
	(void)json_dumpf(m, stderr, JSON_INDENT(1));
	fail(__LINE__, "a message too many");
}

void kit_clear(struct kit_client *c)
{
	c->head = c->tail;
}

void kit_error(struct kit_client *c, const char *code, const char *field)
{
	json_t *m = kit_get(c, "error");
	json_t *f = kit_at(m, "field");

	if (strcmp(kit_str(m, "code"), code) != 0 || !f != !field ||
	    (f && strcmp(json_string_value(f), field) != 0)) {
		(void)fprintf(stderr, "expected %s %s, got:\n", code, field ? field : "");
		(void)json_dumpf(m, stderr, JSON_INDENT(1));
		fail(__LINE__, "another error");
	}
	REQUIRE(*kit_str(m, "message"));
}

json_t *kit_at(json_t *m, const char *path)
{
	char key[64];

	while (m && *path) {
		size_t n = strcspn(path, ".");
		(void)snprintf(key, sizeof(key), "%.*s", (int)n, path);
		m = json_is_array(m) ? json_array_get(m, strtoul(key, NULL, 10)) : json_object_get(m, key);
		path += n + (path[n] == '.');
	}
	return m;
}

static json_t *must_have(json_t *m, const char *path, bool right)
{
	if (!right) {
		(void)fprintf(stderr, "no good %s in:\n", path);
		(void)json_dumpf(m, stderr, JSON_INDENT(1));
		fail(__LINE__, "member");
	}
	return kit_at(m, path);
}

const char *kit_str(json_t *m, const char *path)
{
	return json_string_value(must_have(m, path, json_is_string(kit_at(m, path))));
}

json_int_t kit_int(json_t *m, const char *path)
{
	return json_integer_value(must_have(m, path, json_is_integer(kit_at(m, path))));
}

bool kit_bool(json_t *m, const char *path)
{
	json_t *v = kit_at(m, path);

	return json_is_true(must_have(m, path, v && json_is_boolean(v)));
}

void kit_hello(struct kit_client *c)
{
	kit_open(c);
	kit_ask(c, "hello");
	json_t *m = kit_get(c, "welcome");
	REQUIRE(!kit_bool(m, "resumed") && kit_int(m, "seq") == 0);
}

json_t *kit_resume(struct kit_client *c, bool fresh)
{
	kit_open(c);
	kit_say(c, "hello",
		",\"resume\":{\"session\":\"%s\",\"token\":\"%s\",\"last_seq\":%lld,\"fresh\":%s}",
		c->session, c->token, (long long)c->seq, fresh ? "true" : "false");
	return kit_get(c, "welcome");
}

void kit_join(struct kit_client *c, const char *members)
{
	kit_hello(c);
	kit_say(c, "join", ",\"room\":\"%s\",\"name\":\"Client %zu\"%s", c->kit->room,
		(size_t)(c - c->kit->c), members);
	(void)kit_get(c, "joined");
}
