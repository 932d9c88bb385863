/*
 * The relay with real sockets on loopback: its workers, and clients over UDP, TCP and from a stream of the
 * control loop. Peers are other allocations of the same relay, which is the one kind that loopback allows.
 * script/tsan runs the same under ThreadSanitizer.
 */
#include "relay/testkit.h"

#include "base/rand.h"

#include <errno.h>
#include <malloc.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
/* Of the sanitizers' runtime; GCC brings no header for it. */
size_t __sanitizer_get_current_allocated_bytes(void);
#endif

static void pair_talks(struct bench *b, bool one_stream, bool other_stream)
{
	struct user one;
	struct user other;
	user_open(&one, b, one_stream, "one");
	user_open(&other, b, other_stream, "other");
	assert_int_equal(user_allocate(&one), 0);
	assert_int_equal(user_allocate(&other), 0);
	user_bind(&one, &other.relayed, 0x4001);
	user_bind(&other, &one.relayed, 0x4ABC);
	for (uint16_t i = 0; i < 100; i++) {
		uint8_t data[1200];
		memset(data, i, sizeof(data));
		user_data(&one, 0x4001, data, (uint16_t)(1 + i * 11));
		user_expect(&other, 0x4ABC, data, (uint16_t)(1 + i * 11));
		user_data(&other, 0x4ABC, data, 100);
		user_expect(&one, 0x4001, data, 100);
	}
	close(one.fd);
	close(other.fd);
}

/* Many pairs, so that with several workers some are of one and some of two. */
static void pairs_talk_in_process(void **state)
{
	struct bench *b = bench_open(3, 1000);
	for (int i = 0; i < 16; i++)
		pair_talks(b, i & 1, i & 2);
	assert_true(bench_count(b)->io.local_packets >= 16 * 200);
	bench_close(b);
}

static void nonsense_ends_a_stream(void **state)
{
	struct bench *b = bench_open(1, 10);
	static const char *const nonsense[] = {"GET / HTTP/1.1\r\n\r\n", "\xFF\xFF\xFF\xFF",
					       "\x00\x01\x00\x03zzzz"};
	for (size_t i = 0; i < ARRAY_LEN(nonsense); i++) {
		struct user u;
		uint8_t byte;
		user_open(&u, b, true, "u");
		user_send(&u, (const uint8_t *)nonsense[i], i == 0 ? 18 : i == 1 ? 4 : 8);
		assert_true(recv(u.fd, &byte, 1, 0) <= 0);
		close(u.fd);
	}
	bench_close(b);
}

static void a_walk_meets_every_port_once(void **state)
{
	struct relay_ports *p = test_calloc(1, sizeof(*p));
	static const uint16_t ranges[][2] = {{5000, 5000}, {5000, 5001}, {49152, 65535}, {1024, 1124}};
	for (size_t i = 0; i < ARRAY_LEN(ranges); i++) {
		uint8_t *met = test_calloc(65536, 1);
		struct relay_port_walk walk;
		unsigned n = 0;
		p->min = ranges[i][0];
		p->max = ranges[i][1];
		relay_port_walk_init(&walk, p, rand_bytes, NULL);
		for (int port; (port = relay_port_walk_next(&walk, p)) >= 0; n++) {
			assert_in_range(port, p->min, p->max);
			assert_int_equal(met[port]++, 0);
		}
		assert_int_equal(n, p->max - p->min + 1);
		test_free(met);
	}
	test_free(p);
}

static void a_port_is_of_an_address(void **state)
{
	struct relay_ports *p = test_calloc(1, sizeof(*p));
	struct addr here, there;
	assert_int_equal(addr_parse(&here, "5.5.1.1:5000", 0), 0);
	assert_int_equal(addr_parse(&there, "6.6.1.1:5000", 0), 0);
	p->min = 5000;
	p->max = 5001;
	assert_false(relay_ports_at(p, &here));
	assert_true(relay_ports_claim(p, false, 5000, 1));
	relay_ports_set_ip(p, &here);
	assert_true(relay_ports_at(p, &here));
	assert_false(relay_ports_at(p, &there));
	assert_false(relay_ports_full(p, false));
	assert_true(relay_ports_claim(p, false, 5001, 2));
	assert_true(relay_ports_full(p, false));
	assert_false(relay_ports_claim(p, false, 5001, 1));
	assert_false(relay_ports_full(p, true));
	relay_ports_release(p, false, 5000);
	assert_false(relay_ports_full(p, false));
	assert_false(relay_ports_at(p, &here));
	test_free(p);
}

static void external_addresses(void **state)
{
	struct relay_external e;
	assert_int_equal(relay_external_parse("44.1.2.3", &e), 0);
	assert_false(e.has_private);
	assert_int_equal(relay_external_parse("44.1.2.3/10.0.0.1", &e), 0);
	assert_true(e.has_private);
	static const char *const wrong[] = {
		"", "/", "44.1.2.3/", "/10.0.0.1", "44.1.2.3:80", "*", "44.1.2.3/::1", "host"};
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_int_equal(relay_external_parse(wrong[i], &e), -EINVAL);
}

static void its_own_stun_tells_the_external_address(void **state)
{
	struct bench *b = bench_open(1, 10);
	char server[32];
	struct relay_external e;
	char text[ADDR_TEXT_MAX];
	(void)snprintf(server, sizeof(server), "127.0.0.1:%u", b->port);
	assert_int_equal(relay_external_ask(server, AF_INET, &e), 0);
	assert_string_equal(addr_format_ip(&e.public, text), "127.0.0.1");
	assert_string_equal(addr_format_ip(&e.private, text), "127.0.0.1");
	bench_close(b);
}

/* ---- churn ---- */

#define CHURN_SLACK_BYTES (64 * 1024)

struct held {
	size_t heap_bytes;
	unsigned descriptors;
};

/* What this process has now; without a sanitizer only what the main arena knows of. */
static struct held held_now(void)
{
	struct held h = {.descriptors = open_descriptors()};
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	h.heap_bytes = __sanitizer_get_current_allocated_bytes();
#else
	h.heap_bytes = mallinfo2().uordblks;
#endif
	return h;
}

static struct held churn(struct bench *b, unsigned long rounds)
{
	for (unsigned long i = 0; i < rounds; i++) {
		struct user u;
		user_open(&u, b, i % 8 == 0, "u");
		assert_int_equal(user_allocate(&u), 0);
		user_end(&u);
	}
	while (bench_count(b)->turn.allocations_now != 0 || b->sum.io.clients_now[TURN_TCP] != 0)
		;
	return held_now();
}

/* As many allocations as CHURN_ALLOCATIONS says, made and ended in turn: nothing may stay behind. Ten ports
 * may be in use at once, so a few that stay behind would be the end of it. */
static void churn_leaves_nothing(void **state)
{
	const char *wish = getenv("CHURN_ALLOCATIONS");
	unsigned long rounds = wish ? strtoul(wish, NULL, 10) : 500;
	struct bench *b = bench_open(2, 10);
	/* By then every table has the size that it needs. */
	struct held early = churn(b, rounds / 5);
	struct held late = churn(b, rounds - rounds / 5);
	print_message(
		"# after %lu: heap %zu bytes, %u descriptors; after %lu: heap %zu bytes, %u descriptors\n",
		rounds / 5, early.heap_bytes, early.descriptors, rounds, late.heap_bytes, late.descriptors);
	assert_true(late.heap_bytes <= early.heap_bytes + CHURN_SLACK_BYTES);
	assert_int_equal(late.descriptors, early.descriptors);
	bench_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pairs_talk_in_process),
		cmocka_unit_test(nonsense_ends_a_stream),
		cmocka_unit_test(a_walk_meets_every_port_once),
		cmocka_unit_test(a_port_is_of_an_address),
		cmocka_unit_test(external_addresses),
		cmocka_unit_test(its_own_stun_tells_the_external_address),
		cmocka_unit_test(churn_leaves_nothing),
	};
	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests_name("relay", tests, NULL, NULL);
}
