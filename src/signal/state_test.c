/* Every message in every state, the envelope, and the limits on bad messages. */
#include "signal/testkit.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum where { NEW, IDLE, WAITING, MEMBER, HOST, WHERES };

static const char *const where_names[] = {"new", "idle", "waiting", "member", "host"};

/* What the client says, and what it hears first in each state; NULL: nothing; "!code" or "!code field". */
struct row {
	const char *type;
	const char *members;
	const char *answer[WHERES];
};

#define SIGNAL_OFFER                                                                                         \
	",\"description\":{\"type\":\"offer\",\"sdp\":\"v=0\\r\\no=- 1 2 IN IP4 0.0.0.0\\r\\ns=-\\r\\nt=0 "  \
	"0\\r\\n\"}"
#define CANDIDATE(text) ",\"candidate\":{\"candidate\":\"" text "\",\"sdpMid\":\"0\",\"sdpMLineIndex\":0}"

#define BAD_STATE "!bad_state"
#define ALL(a)                                                                                               \
	{                                                                                                    \
		BAD_STATE, a, a, a, a                                                                        \
	}
#define IN_ROOM(a)                                                                                           \
	{                                                                                                    \
		BAD_STATE, BAD_STATE, a, a, a                                                                \
	}
#define AS_HOST(a)                                                                                           \
	{                                                                                                    \
		BAD_STATE, BAD_STATE, BAD_STATE, "!not_host", a                                              \
	}
#define MEMBERS(a)                                                                                           \
	{                                                                                                    \
		BAD_STATE, BAD_STATE, BAD_STATE, a, a                                                        \
	}
#define JOINING(a)                                                                                           \
	{                                                                                                    \
		BAD_STATE, a, BAD_STATE, BAD_STATE, BAD_STATE                                                \
	}
#define EVERYWHERE(a)                                                                                        \
	{                                                                                                    \
		a, a, a, a, a                                                                                \
	}

static const struct row rows[] = {
	{"hello", "", {"welcome", BAD_STATE, BAD_STATE, BAD_STATE, BAD_STATE}},
	{"hello", ",\"resume\":null", {"welcome", BAD_STATE, BAD_STATE, BAD_STATE, BAD_STATE}},
	{"hello", ",\"resume\":1", {"!bad_field resume", BAD_STATE, BAD_STATE, BAD_STATE, BAD_STATE}},
	{"hello",
	 ",\"resume\":{\"token\":\"x\",\"last_seq\":0}",
	 {"!bad_field resume.session", BAD_STATE, BAD_STATE, BAD_STATE, BAD_STATE}},
	{"hello",
	 ",\"resume\":{\"session\":\"x\",\"last_seq\":0}",
	 {"!bad_field resume.token", BAD_STATE, BAD_STATE, BAD_STATE, BAD_STATE}},
	{"hello",
	 ",\"resume\":{\"session\":\"x\",\"token\":\"x\"}",
	 {"!bad_field resume.last_seq", BAD_STATE, BAD_STATE, BAD_STATE, BAD_STATE}},
	{"hello",
	 ",\"resume\":{\"session\":\"x\",\"token\":\"x\",\"last_seq\":-1}",
	 {"!bad_field resume.last_seq", BAD_STATE, BAD_STATE, BAD_STATE, BAD_STATE}},
	{"hello",
	 ",\"resume\":{\"session\":\"x\",\"token\":\"x\",\"fresh\":1}",
	 {"!bad_field resume.fresh", BAD_STATE, BAD_STATE, BAD_STATE, BAD_STATE}},
	{"hello",
	 ",\"resume\":{\"session\":\"x\",\"token\":\"x\",\"last_seq\":0}",
	 {"!session_unknown", BAD_STATE, BAD_STATE, BAD_STATE, BAD_STATE}},
	{"hello",
	 ",\"resume\":{\"session\":\"x\",\"token\":\"x\",\"fresh\":true}",
	 {"!session_unknown", BAD_STATE, BAD_STATE, BAD_STATE, BAD_STATE}},
	{"join", "", JOINING("!bad_field room")},
	{"join", ",\"room\":7", JOINING("!bad_field room")},
	{"join", ",\"room\":\"00000-00000-00000-0000u\",\"name\":\"N\"", JOINING("!bad_field room")},
	{"join", ",\"room\":\"00000-00000-00000-0000\",\"name\":\"N\"", JOINING("!bad_field room")},
	{"join", ",\"room\":\"00000-00000-00000-00000\"", JOINING("!bad_field name")},
	{"join", ",\"room\":\"00000-00000-00000-00000\",\"name\":\" \"", JOINING("!bad_name name")},
	{"join", ",\"room\":\"00000-00000-00000-00000\",\"name\":\"a\\u202eb\"", JOINING("!bad_name name")},
	{"join",
	 ",\"room\":\"00000-00000-00000-00000\",\"name\":\"12345678901234567890123456789012345678901\"",
	 JOINING("!bad_name name")},
	{"join", ",\"room\":\"00000-00000-00000-00000\",\"name\":\"N\"", JOINING("!room_unknown")},
	{"join", ",\"room\":\"00000-00000-00000-00000\",\"name\":\"N\",\"media\":[]",
	 JOINING("!bad_field media")},
	{"join", ",\"room\":\"00000-00000-00000-00000\",\"name\":\"N\",\"media\":{\"audio\":true}",
	 JOINING("!bad_field media.video")},
	{"join", ",\"room\":\"00000-00000-00000-00000\",\"name\":\"N\",\"ticket\":1",
	 JOINING("!bad_field ticket")},
	{"join", ",\"room\":\"00000-00000-00000-00000\",\"name\":\"N\",\"offer\":\"v=0\"",
	 JOINING("!bad_sdp offer")},
	{"join", ",\"room\":\"00000-00000-00000-00000\",\"name\":\"N\",\"offer\":{}",
	 JOINING("!bad_field offer")},
	{"leave", "", IN_ROOM("left")},
	{"signal", "", IN_ROOM("!bad_field description")},
	{"signal", SIGNAL_OFFER, {BAD_STATE, BAD_STATE, NULL, NULL, NULL}},
	{"signal", SIGNAL_OFFER ",\"to\":1", IN_ROOM("!bad_field to")},
	{"signal", SIGNAL_OFFER ",\"to\":\"0123456789abcdef\"", IN_ROOM("!no_participant")},
	{"signal", SIGNAL_OFFER ",\"end_of_candidates\":true", IN_ROOM("!bad_field description")},
	{"signal", ",\"description\":\"offer\"", IN_ROOM("!bad_field description")},
	{"signal", ",\"description\":{\"sdp\":\"\"}", IN_ROOM("!bad_field description.type")},
	{"signal", ",\"description\":{\"type\":\"pranswer\",\"sdp\":\"\"}",
	 IN_ROOM("!bad_field description.type")},
	{"signal", ",\"description\":{\"type\":\"offer\"}", IN_ROOM("!bad_field description.sdp")},
	{"signal", ",\"description\":{\"type\":\"answer\",\"sdp\":\"\"}",
	 IN_ROOM("!bad_sdp description.sdp")},
	{"signal", ",\"description\":{\"type\":\"rollback\"}", {BAD_STATE, BAD_STATE, NULL, NULL, NULL}},
	{"signal", ",\"description\":{\"type\":\"rollback\",\"sdp\":\"v=0\\r\\n\"}",
	 IN_ROOM("!bad_field description.sdp")},
	{"signal",
	 CANDIDATE("candidate:1 1 udp 1 192.0.2.1 9 typ host"),
	 {BAD_STATE, BAD_STATE, NULL, NULL, NULL}},
	{"signal", CANDIDATE(""), {BAD_STATE, BAD_STATE, NULL, NULL, NULL}},
	{"signal", CANDIDATE("candidate:1 1 udp 1 example.org 9 typ host"),
	 IN_ROOM("!bad_candidate candidate.candidate")},
	{"signal", ",\"candidate\":\"\"", IN_ROOM("!bad_field candidate")},
	{"signal", ",\"candidate\":{}", IN_ROOM("!bad_field candidate.candidate")},
	{"signal", ",\"candidate\":{\"candidate\":\"\",\"sdpMid\":0}",
	 IN_ROOM("!bad_field candidate.sdpMid")},
	{"signal", ",\"candidate\":{\"candidate\":\"\",\"sdpMid\":\"123456789012345678901234567890123\"}",
	 IN_ROOM("!bad_candidate candidate.sdpMid")},
	{"signal", ",\"candidate\":{\"candidate\":\"\",\"sdpMLineIndex\":64}",
	 IN_ROOM("!bad_candidate candidate.sdpMLineIndex")},
	{"signal", ",\"candidate\":{\"candidate\":\"\",\"sdpMLineIndex\":1.5}",
	 IN_ROOM("!bad_field candidate.sdpMLineIndex")},
	{"signal", ",\"candidate\":{\"candidate\":\"\",\"usernameFragment\":1}",
	 IN_ROOM("!bad_field candidate.usernameFragment")},
	{"signal", ",\"end_of_candidates\":false", IN_ROOM("!bad_field end_of_candidates")},
	{"signal", ",\"end_of_candidates\":true", {BAD_STATE, BAD_STATE, NULL, NULL, NULL}},
	{"admit", "", MEMBERS("!bad_field participant")},
	{"admit", ",\"participant\":\"0123456789abcdef\"", AS_HOST("!no_participant")},
	{"refuse", ",\"participant\":1", MEMBERS("!bad_field participant")},
	{"refuse", ",\"participant\":\"0123456789abcdef\"", AS_HOST("!no_participant")},
	{"room.update", "", MEMBERS("!bad_field knock")},
	{"room.update", ",\"knock\":1", MEMBERS("!bad_field knock")},
	{"room.update", ",\"knock\":null,\"locked\":null", MEMBERS("!bad_field knock")},
	{"room.update", ",\"knock\":true,\"locked\":1", MEMBERS("!bad_field locked")},
	{"room.update", ",\"locked\":true", AS_HOST("room.updated")},
	{"remove", "", MEMBERS("!bad_field participant")},
	{"remove", ",\"participant\":\"x\"", AS_HOST("!no_participant")},
	{"make_host", "", MEMBERS("!bad_field participant")},
	{"make_host", ",\"participant\":\"x\"", AS_HOST("!no_participant")},
	{"end", "", AS_HOST("ended")},
	{"join", ",\"room\":\"00000-00000-00000-00000\",\"name\":\"N\",\"pass\":1",
	 JOINING("!bad_field pass")},
	{"room.update", ",\"knock\":true", AS_HOST("room.updated")},
	{"media", ",\"audio\":true", IN_ROOM("!bad_field video")},
	{"media", ",\"audio\":true,\"video\":0", IN_ROOM("!bad_field video")},
	{"media", ",\"audio\":true,\"video\":true", {BAD_STATE, BAD_STATE, NULL, NULL, NULL}},
	{"ice", "", ALL("ice")},
	{"ping", "", ALL("pong")},
	{"ack", ",\"ack\":0", {BAD_STATE, NULL, NULL, NULL, NULL}},
	{"ack", "", ALL("!bad_field ack")},
	{"ack", ",\"ack\":\"1\"", ALL("!bad_field ack")},
	{"ping", ",\"ack\":100", ALL("!bad_field ack")},
	{"ping", ",\"ack\":-1", ALL("!bad_field ack")},
	{"closing", "", {BAD_STATE, NULL, NULL, NULL, NULL}},
	{"welcome", "", EVERYWHERE("!bad_type type")},
	{"", "", EVERYWHERE("!bad_type type")},
};

/* Client 0 is host and client 1 member, as need be; the one in question is returned. */
static struct kit_client *bring_to(struct kit *k, enum where where)
{
	switch (where) {
	case NEW:
		kit_open(&k->c[0]);
		return &k->c[0];
	case IDLE:
		kit_hello(&k->c[0]);
		return &k->c[0];
	case WAITING:
		kit_join(&k->c[0], "");
		kit_hello(&k->c[1]);
		kit_say(&k->c[1], "join", ",\"room\":\"%s\",\"name\":\"W\"", k->room);
		(void)kit_get(&k->c[1], "waiting");
		return &k->c[1];
	default:
		kit_join(&k->c[0], "");
		kit_say(&k->c[0], "room.update", ",\"knock\":false");
		kit_join(&k->c[1], "");
		kit_clear(&k->c[0]);
		return &k->c[where == HOST ? 0 : 1];
	}
}

static void expect(struct kit_client *c, const char *answer)
{
	char code[64];

	if (!answer) {
		kit_none(c);
		return;
	}
	if (*answer != '!') {
		assert_int_equal(kit_int(kit_get(c, answer), "re"), c->next_id);
		return;
	}
	const char *space = strchr(answer, ' ');
	size_t n = space ? (size_t)(space - answer - 1) : strlen(answer) - 1;
	memcpy(code, answer + 1, n);
	code[n] = '\0';
	kit_error(c, code, space ? space + 1 : NULL);
	kit_none(c);
}

static void every_message_in_every_state(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (enum where w = NEW; w < WHERES; w++) {
			struct signal_limits limits = kit_limits();
			static struct kit k;
			kit_init(&k, &limits, true);
			struct kit_client *c = bring_to(&k, w);
			print_message("# %s %s when %s\n", rows[i].type, rows[i].members, where_names[w]);
			kit_say(c, rows[i].type, "%s", rows[i].members);
			expect(c, rows[i].answer[w]);
			assert_int_equal(c->close_code, 0);
			kit_deinit(&k);
		}
	}
}

/* A frame of text, the error it gets, and the field. */
static void envelope_errors(void **state)
{
	static const struct {
		const char *text;
		const char *code;
		const char *field;
		int re;
	} cases[] = {
		{"", "bad_json", NULL, 0},
		{"x", "bad_json", NULL, 0},
		{"[]", "bad_json", NULL, 0},
		{"{\"type\":\"ping\",\"id\":1,\"id\":2}", "bad_json", NULL, 0},
		{"{\"type\":\"ping\",\"id\":1,\"x\":{\"a\":1,\"\\u0061\":2}}", "bad_json", NULL, 0},
		{"{\"type\":\"ping\",\"id\":1,\"x\":[[[[[[[[1]]]]]]]]}", "bad_json", NULL, 0},
		{"{}", "bad_field", "type", 0},
		{"{\"id\":1}", "bad_field", "type", 1},
		{"{\"type\":1,\"id\":1}", "bad_field", "type", 1},
		{"{\"type\":\"ping\"}", "bad_field", "id", 0},
		{"{\"type\":\"ping\",\"id\":null}", "bad_field", "id", 0},
		{"{\"type\":\"ping\",\"id\":0}", "bad_field", "id", 0},
		{"{\"type\":\"ping\",\"id\":-1}", "bad_field", "id", 0},
		{"{\"type\":\"ping\",\"id\":1.0}", "bad_field", "id", 0},
		{"{\"type\":\"ping\",\"id\":\"1\"}", "bad_field", "id", 0},
		{"{\"type\":\"ping\",\"id\":9007199254740992}", "bad_field", "id", 0},
		{"{\"type\":\"nonsense\",\"id\":1}", "bad_type", "type", 1},
		{"{\"type\":\"ack\",\"id\":\"x\",\"ack\":0}", "bad_field", "id", 0},
	};
	struct signal_limits limits = kit_limits();
	static struct kit k;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		for (int with_session = 0; with_session < 2; with_session++) {
			kit_init(&k, &limits, false);
			struct kit_client *c = bring_to(&k, with_session ? IDLE : NEW);
			print_message("# %zu\n", i);
			kit_raw(c, cases[i].text, strlen(cases[i].text));
			json_t *re = kit_at(c->inbox[c->head], "re");
			assert_int_equal(re ? json_integer_value(re) : 0, cases[i].re);
			kit_error(c, cases[i].code, cases[i].field);
			kit_none(c);
			/* The connection is as good as before. */
			if (!with_session) {
				kit_ask(c, "hello");
				(void)kit_get(c, "welcome");
			}
			c->next_id = 100;
			kit_ask(c, "ping");
			(void)kit_get(c, "pong");
			kit_deinit(&k);
		}
	}
}

static void nul_in_the_text_is_bad_json(void **state)
{
	static const char text[] = "{\"type\":\"ping\",\"id\":1}\0";
	struct signal_limits limits = kit_limits();
	static struct kit k;

	kit_init(&k, &limits, false);
	kit_hello(&k.c[0]);
	kit_raw(&k.c[0], text, sizeof(text) - 1);
	kit_error(&k.c[0], "bad_json", NULL);
	kit_deinit(&k);
}

static void longest_id_counts(void **state)
{
	static const char text[] = "{\"type\":\"ping\",\"id\":9007199254740991}";
	struct signal_limits limits = kit_limits();
	static struct kit k;

	kit_init(&k, &limits, false);
	kit_hello(&k.c[0]);
	kit_raw(&k.c[0], text, sizeof(text) - 1);
	json_t *m = kit_get(&k.c[0], "pong");
	assert_int_equal(kit_int(m, "re"), SIG_JSON_MAX_INT);
	assert_int_equal(kit_int(m, "ack"), SIG_JSON_MAX_INT);
	kit_ask(&k.c[0], "ping");
	kit_none(&k.c[0]);
	kit_deinit(&k);
}

static void old_ids_are_dropped(void **state)
{
	struct signal_limits limits = kit_limits();
	static struct kit k;

	kit_init(&k, &limits, false);
	struct kit_client *c = &k.c[0];
	kit_hello(c);
	c->next_id = 9;
	kit_ask(c, "ping");
	assert_int_equal(kit_int(kit_get(c, "pong"), "re"), 10);
	c->next_id = 9;
	kit_ask(c, "ping");
	kit_ask(c, "ping");
	assert_int_equal(kit_int(kit_get(c, "pong"), "re"), 11);
	c->next_id = 4;
	kit_ask(c, "nonsense");
	kit_say(c, "join", ",\"room\":1");
	kit_none(c);
	/* What they acknowledge counts nevertheless. */
	assert_non_null(c->conn->session->replay.first);
	kit_say(c, "ping", ",\"ack\":2");
	assert_null(c->conn->session->replay.first);
	kit_none(c);
	kit_deinit(&k);
}

static void erroneous_ids_are_processed(void **state)
{
	struct signal_limits limits = kit_limits();
	static struct kit k;

	kit_init(&k, &limits, false);
	struct kit_client *c = &k.c[0];
	kit_hello(c);
	kit_ask(c, "nonsense");
	assert_int_equal(kit_int(kit_get(c, "error"), "ack"), c->next_id);
	c->next_id--;
	kit_ask(c, "nonsense");
	kit_none(c);
	kit_deinit(&k);
}

static void welcome_says_what_there_is(void **state)
{
	struct signal_limits limits = kit_limits();
	static struct kit k;

	kit_init(&k, &limits, false);
	kit_open(&k.c[0]);
	kit_say(&k.c[0], "hello", ",\"future\":{\"a\":[1,2.5e3,null]}");
	json_t *m = kit_get(&k.c[0], "welcome");
	assert_int_equal(strlen(kit_str(m, "session")), 16);
	assert_int_equal(strlen(kit_str(m, "token")), 43);
	assert_false(kit_bool(m, "resumed"));
	assert_false(kit_bool(m, "gap"));
	assert_int_equal(kit_int(m, "re"), 1);
	assert_int_equal(kit_int(m, "last_id"), 0);
	assert_int_equal(kit_int(m, "server_time"), 1700000000000);
	assert_int_equal(kit_int(m, "resume_s"), 120);
	assert_int_equal(kit_int(m, "limits.message_bytes"), 65536);
	assert_int_equal(kit_int(m, "limits.messages_per_s"), 50);
	assert_int_equal(kit_int(m, "limits.sdp_bytes"), 32768);
	assert_int_equal(kit_int(m, "limits.name_chars"), 40);
	assert_int_equal(kit_int(m, "ice_expires_s"), 600);
	assert_string_equal(kit_str(m, "ice_servers.0.urls.0"), "turn:turn.example");
	assert_string_equal(kit_str(m, "version"), "1.2.3");
	kit_deinit(&k);
}

static void bad_messages_close_at_the_limit(void **state)
{
	struct signal_limits limits = kit_limits();
	static struct kit k;

	limits.bad_messages = 3;
	kit_init(&k, &limits, false);
	struct kit_client *c = &k.c[0];
	kit_hello(c);
	kit_say(c, "join", ",\"room\":\"00000-00000-00000-00000\",\"name\":\"N\"");
	kit_error(c, "room_unknown", NULL);
	/* These do not count: they may have crossed a `refused`. */
	for (int i = 0; i < 5; i++) {
		kit_say(c, "signal", ",\"end_of_candidates\":true");
		kit_error(c, "bad_state", NULL);
	}
	kit_ask(c, "hello");
	kit_error(c, "bad_state", NULL);
	assert_int_equal(c->close_code, 0);
	kit_raw(c, "x", 1);
	kit_error(c, "bad_json", NULL);
	assert_int_equal(c->close_code, 1008);
	assert_null(c->conn);
	/* The session outlives it, and the next connection starts from none. */
	assert_true(kit_bool(kit_resume(c, false), "resumed"));
	kit_raw(c, "x", 1);
	kit_error(c, "bad_json", NULL);
	assert_int_equal(c->close_code, 0);
	kit_deinit(&k);
}

static void silence_before_hello_closes(void **state)
{
	struct signal_limits limits = kit_limits();
	static struct kit k;

	kit_init(&k, &limits, false);
	kit_open(&k.c[0]);
	kit_open(&k.c[1]);
	kit_say(&k.c[1], "hello", ",\"resume\":{\"session\":\"x\",\"token\":\"x\",\"last_seq\":0}");
	kit_error(&k.c[1], "session_unknown", NULL);
	kit_hello(&k.c[2]);
	kit_advance(&k, limits.hello_ms - 1);
	assert_int_equal(k.c[0].close_code, 0);
	kit_advance(&k, WHEEL_TICK_MS + 1);
	assert_int_equal(k.c[0].close_code, 4000);
	assert_int_equal(k.c[1].close_code, 4000);
	assert_int_equal(k.c[2].close_code, 0);
	kit_deinit(&k);
}

static void failing_ice_servers_is_internal(void **state)
{
	struct signal_limits limits = kit_limits();
	struct signal_stats stats;
	static struct kit k;

	kit_init(&k, &limits, false);
	k.ice_rc = -12;
	kit_open(&k.c[0]);
	kit_ask(&k.c[0], "hello");
	kit_error(&k.c[0], "internal", NULL);
	signal_get_stats(k.s, &stats);
	assert_int_equal(stats.sessions, 0);
	assert_int_equal(stats.failures, 1);
	k.ice_rc = 0;
	kit_ask(&k.c[0], "hello");
	(void)kit_get(&k.c[0], "welcome");
	k.ice_rc = -12;
	kit_ask(&k.c[0], "ice");
	kit_error(&k.c[0], "internal", NULL);
	kit_ask(&k.c[0], "ping");
	(void)kit_get(&k.c[0], "pong");
	kit_deinit(&k);
}

static void the_server_is_full(void **state)
{
	struct signal_limits limits = kit_limits();
	struct signal_stats stats;
	static struct kit k;

	limits.sessions = 2;
	kit_init(&k, &limits, false);
	kit_join(&k.c[0], "");
	kit_hello(&k.c[1]);
	kit_open(&k.c[2]);
	kit_ask(&k.c[2], "hello");
	kit_error(&k.c[2], "server_full", NULL);
	assert_int_equal(k.c[2].close_code, 1013);
	/* One in a room keeps its place while it is away, one in none does not. */
	kit_drop(&k.c[0]);
	kit_open(&k.c[2]);
	kit_ask(&k.c[2], "hello");
	kit_error(&k.c[2], "server_full", NULL);
	kit_drop(&k.c[1]);
	kit_hello(&k.c[2]);
	signal_get_stats(k.s, &stats);
	assert_int_equal(stats.sessions, 2);
	kit_open(&k.c[1]);
	kit_say(&k.c[1], "hello", ",\"resume\":{\"session\":\"%s\",\"token\":\"%s\",\"last_seq\":0}",
		k.c[1].session, k.c[1].token);
	kit_error(&k.c[1], "session_unknown", NULL);
	kit_deinit(&k);
}

static uint64_t count_rooms(const struct kit *k)
{
	struct signal_stats stats;

	signal_get_stats(k->s, &stats);
	return stats.rooms;
}

static void rooms_have_an_end(void **state)
{
	struct signal_limits limits = kit_limits();
	char id[SIGNAL_ROOM_ID_LEN + 1];
	static struct kit k;

	assert_true(limits.room_unused_ms < limits.room_empty_ms);
	kit_init(&k, &limits, false);
	kit_advance(&k, 1000);
	assert_int_equal(signal_room_create(k.s, -1, k.now, id), 0);
	assert_int_equal(strlen(id), SIGNAL_ROOM_ID_LEN);
	assert_string_not_equal(id, k.room);
	assert_int_equal(count_rooms(&k), 2);
	/* Nobody has entered the first. */
	kit_advance(&k, limits.room_unused_ms - 1001);
	assert_int_equal(count_rooms(&k), 2);
	kit_advance(&k, 500);
	assert_int_equal(count_rooms(&k), 1);
	/* Somebody in it keeps it, somebody leaving gives it the longer time. */
	memcpy(k.room, id, sizeof(id));
	kit_join(&k.c[0], "");
	kit_advance(&k, 2 * limits.room_empty_ms);
	kit_ask(&k.c[0], "leave");
	(void)kit_get(&k.c[0], "left");
	kit_advance(&k, limits.room_empty_ms - 1);
	assert_int_equal(count_rooms(&k), 1);
	kit_advance(&k, WHEEL_TICK_MS + 1);
	assert_int_equal(count_rooms(&k), 0);
	assert_int_equal(signal_next_ms(k.s), UINT64_MAX);
	kit_deinit(&k);
}

static void unused_rooms_give_way(void **state)
{
	struct signal_limits limits = kit_limits();
	char ids[4][SIGNAL_ROOM_ID_LEN + 1];
	static struct kit k;

	limits.rooms = 2;
	kit_init(&k, &limits, false);
	kit_join(&k.c[0], "");
	kit_ask(&k.c[0], "leave"); /* empty, but used */
	kit_clear(&k.c[0]);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(signal_room_create(k.s, -1, k.now, ids[i]), 0);
		kit_check(&k);
	}
	assert_int_equal(count_rooms(&k), 2);
	kit_say(&k.c[0], "join", ",\"room\":\"%s\",\"name\":\"A\"", ids[1]);
	kit_error(&k.c[0], "room_unknown", NULL);
	kit_say(&k.c[0], "join", ",\"room\":\"%s\",\"name\":\"A\"", ids[2]);
	(void)kit_get(&k.c[0], "joined");
	/* Both have been entered now. */
	assert_int_equal(signal_room_create(k.s, -1, k.now, ids[3]), -ENOSPC);
	kit_ask(&k.c[0], "leave");
	assert_int_equal(signal_room_create(k.s, -1, k.now, ids[3]), -ENOSPC);
	kit_hello(&k.c[1]);
	kit_say(&k.c[1], "join", ",\"room\":\"%s\",\"name\":\"B\"", k.room);
	(void)kit_get(&k.c[1], "joined");
	kit_deinit(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_message_in_every_state),
		cmocka_unit_test(envelope_errors),
		cmocka_unit_test(nul_in_the_text_is_bad_json),
		cmocka_unit_test(longest_id_counts),
		cmocka_unit_test(old_ids_are_dropped),
		cmocka_unit_test(erroneous_ids_are_processed),
		cmocka_unit_test(welcome_says_what_there_is),
		cmocka_unit_test(bad_messages_close_at_the_limit),
		cmocka_unit_test(silence_before_hello_closes),
		cmocka_unit_test(failing_ice_servers_is_internal),
		cmocka_unit_test(the_server_is_full),
		cmocka_unit_test(rooms_have_an_end),
		cmocka_unit_test(unused_rooms_give_way),
	};
	return cmocka_run_group_tests_name("signal state", tests, NULL, NULL);
}
