/*
 * A long scenario in which allocation number 0, 1, 2, … and every later one fails for a while: nothing
 * crashes or leaks, every state stays whole, and when memory is back everything works again.
 */
#include "base/mem.h"
#include "signal/testkit.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct kit k;
#define A (&k.c[0])
#define B (&k.c[1])
#define C (&k.c[2])

#define OFFER "v=0\\r\\no=x 1 2 IN IP4 127.0.0.1\\r\\ns=-\\r\\nt=0 0\\r\\n"

static void connect_client(struct kit_client *c)
{
	if (!c->conn)
		kit_open(c);
	kit_ask(c, "hello");
}

/* Nothing here looks at what comes back: anything may have failed. */
static void scenario(void)
{
	/* A is the owner of what will be a room that lasts. */
	kit_account(A, "ada");
	char id[SIGNAL_ROOM_ID_LEN + 1];
	int rc = signal_room_create(k.s, 1, k.now, id);

	assert_true(rc == 0 || rc == -ENOMEM);
	for (int i = 0; i < 3; i++)
		connect_client(&k.c[i]);
	kit_say(A, "join", ",\"room\":\"%s\",\"name\":\"A\",\"offer\":\"" OFFER "\"", k.room);
	kit_say(B, "join", ",\"room\":\"%s\",\"name\":\"B\",\"offer\":\"" OFFER "\"", k.room);
	kit_say(B, "signal", ",\"candidate\":{\"candidate\":\"\"}");
	kit_say(B, "signal", ",\"description\":{\"type\":\"offer\",\"sdp\":\"" OFFER "\"}");
	kit_say(B, "signal", ",\"candidate\":{\"candidate\":\"%s\"}", kit_candidate);
	kit_say(B, "signal", ",\"end_of_candidates\":true");
	kit_say(C, "join", ",\"room\":\"%s\",\"name\":\"C\"", k.room);
	if (B->conn && B->conn->session)
		kit_say(A, "admit", ",\"participant\":\"%s\"", B->conn->session->pid);
	if (C->conn && C->conn->session)
		kit_say(A, "refuse", ",\"participant\":\"%s\"", C->conn->session->pid);
	kit_say(A, "signal", ",\"description\":{\"type\":\"answer\",\"sdp\":\"" OFFER "\"}");
	kit_say(A, "media", ",\"audio\":true,\"video\":true");
	kit_say(A, "room.update", ",\"knock\":false");
	kit_ask(B, "ice");
	kit_drop(B);
	kit_say(A, "signal", ",\"candidate\":{\"candidate\":\"%s\"}", kit_candidate);
	kit_open(B);
	kit_say(B, "hello", ",\"resume\":{\"session\":\"%s\",\"token\":\"%s\",\"last_seq\":%lld}", B->session,
		B->token, (long long)B->seq);
	kit_say(A, "room.update", ",\"locked\":true");
	kit_load(&k, (struct signal_room_info){.owner = "ada", .name = "The old name", .guests = true});
	kit_load(&k, (struct signal_room_info){.owner = "ada", .name = "Another", .guests = true});
	if (B->conn && B->conn->session) {
		kit_say(A, "make_host", ",\"participant\":\"%s\"", B->conn->session->pid);
		kit_say(A, "remove", ",\"participant\":\"%s\"", B->conn->session->pid);
	}
	signal_sign_out(k.s, "ada", NULL, NULL, k.now);
	kit_advance(&k, 0);
	kit_ask(C, "closing");
	kit_drop(C);
	kit_advance(&k, 20000);
	kit_ask(A, "leave");
	kit_ask(B, "end");
	assert_int_equal(signal_room_end(k.s, k.room, SIGNAL_END_ADMIN, k.now), 0);
}

/* With memory: two clients make a call, whatever state they are in. */
static void works_again(void)
{
	kit_clear(A);
	kit_clear(B);
	for (int i = 0; i < 3; i++)
		kit_drop(&k.c[i]);
	kit_advance(&k, 200000);
	assert_int_equal(k.s->sessions.count, 0);
	assert_int_equal(signal_room_create(k.s, 0, k.now, k.room), 0);
	kit_clear(A);
	kit_clear(B);
	kit_join(A, "");
	kit_join(B, ",\"offer\":\"" OFFER "\"");
	assert_non_null(kit_at(kit_get(A, "peer.joined"), "peer.offer"));
	kit_say(A, "signal", ",\"description\":{\"type\":\"answer\",\"sdp\":\"" OFFER "\"}");
	assert_string_equal(kit_str(kit_get(B, "signal"), "description.type"), "answer");
}

static bool sweep(uint64_t n)
{
	struct signal_limits limits = kit_limits();

	kit_init(&k, &limits, true);
	k.quiet = true;
	mem_fail_after(n);
	scenario();
	bool hit = mem_fail_hit();
	mem_fail_never();
	k.quiet = false;
	works_again();
	kit_deinit(&k);
	return hit;
}

static void every_allocation_fails_in_turn(void **state)
{
	uint64_t n = 0;

	while (sweep(n))
		n++;
	/* The scenario without a failure is the last; there were many before it. */
	assert_true(n > 20);
	print_message("# %d allocations\n", (int)n);
}

static int no_servers(void *arg, const char *participant, struct signal_time now, struct buf *json,
		      uint32_t *expires_s)
{
	return -EIO;
}

static void making_a_core_without_memory(void **state)
{
	static const struct signal_ops ops = {.ice_servers = no_servers};
	static const uint8_t key[SIGNAL_TICKET_KEY_BYTES];
	struct signal *s = NULL;

	struct signal_params p = {
		.limits = kit_limits(),
		.ops = &ops,
		.rand = rand_bytes,
		.ticket_key = key,
		.version = "",
	};
	int failures = 0;
	for (uint64_t n = 0;; n++) {
		mem_fail_after(n);
		int rc = signal_new(&p, &s);
		mem_fail_never();
		if (rc == 0)
			break;
		assert_int_equal(rc, -ENOMEM);
		assert_null(s);
		failures++;
	}
	assert_int_equal(failures, 3);
	assert_null(signal_free(s));
	assert_null(signal_free(NULL));
}

/* The answer to a message that could not be served says so, and nothing has changed. */
static void a_failed_join_is_internal_and_changes_nothing(void **state)
{
	struct signal_limits limits = kit_limits();
	int failures = 0;

	kit_init(&k, &limits, false);
	kit_hello(A);
	kit_ask(A, "ping"); /* so that the buffers have their memory */
	(void)kit_get(A, "pong");
	for (uint64_t n = 0;; n++) {
		/* A longer name each time does not matter; what matters is that the buffers are large enough.
		 */
		k.quiet = true;
		mem_fail_after(n);
		kit_say(A, "join", ",\"room\":\"%s\",\"name\":\"A\",\"offer\":\"" OFFER "\"", k.room);
		mem_fail_never();
		k.quiet = false;
		if (A->conn && A->conn->session->state == SIG_IN)
			break;
		failures++;
		if (!A->conn) {
			/* Not even the answer could be written: the client is made to resume. */
			assert_int_equal(A->close_code, 1013);
			kit_clear(A);
			assert_true(kit_bool(kit_resume(A, false), "gap"));
			(void)kit_get(A, "idle");
			continue;
		}
		kit_error(A, "internal", NULL);
		assert_int_equal(A->conn->session->state, SIG_IDLE);
	}
	assert_true(failures >= 2);
	kit_deinit(&k);
}

/* A message that cannot even be written is a gap, which resuming mends; the sender does not notice. */
static void a_lost_message_is_a_gap(void **state)
{
	static char sdp[30000];
	struct signal_limits limits = kit_limits();
	struct signal_stats stats;

	kit_init(&k, &limits, false);
	kit_join(A, "");
	kit_join(B, "");
	kit_clear(A);
	memset(sdp, 'x', sizeof(sdp) - 1);
	kit_say(B, "nonsense", ",\"x\":\"%s\"", sdp); /* the buffer for what comes in has its memory */
	kit_clear(B);
	mem_fail_after(0);
	kit_say(B, "signal", ",\"description\":{\"type\":\"offer\",\"sdp\":\"" OFFER "a=%s\\r\\n\"}", sdp);
	mem_fail_never();
	kit_none(A);
	assert_int_equal(A->close_code, 1013);
	assert_string_equal(kit_str(kit_get(B, "peer.away"), "participant"), A->pid);
	signal_get_stats(k.s, &stats);
	assert_int_equal(stats.failures, 1);
	assert_true(kit_bool(kit_resume(A, false), "gap"));
	assert_true(kit_bool(kit_get(A, "joined"), "snapshot"));
	(void)kit_get(A, "ice.restart");
	(void)kit_get(B, "peer.back");
	(void)kit_get(B, "ice.restart");
	kit_deinit(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_allocation_fails_in_turn),
		cmocka_unit_test(making_a_core_without_memory),
		cmocka_unit_test(a_lost_message_is_a_gap),
		cmocka_unit_test(a_failed_join_is_internal_and_changes_nothing),
	};
	return cmocka_run_group_tests_name("signal without memory", tests, NULL, NULL);
}
