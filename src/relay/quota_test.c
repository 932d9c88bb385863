/*
 * What the workers of a relay have together: quotas, revocation, and ports that are held for a token.
 * script/tsan runs the same under ThreadSanitizer.
 */
#include "relay/control.h"
#include "relay/testkit.h"

#include <poll.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void revoke_gone(struct bench *b, void *arg)
{
	relay_revoke(b->relay, "gone");
}

static void revoking_ends_a_users_allocations_everywhere(void **state)
{
	struct bench *b = bench_open(3, 1000);
	struct user users[12];
	for (int i = 0; i < 12; i++) {
		user_open(&users[i], b, i % 3 == 0, i < 8 ? "gone" : "stays");
		assert_int_equal(user_allocate(&users[i]), 0);
	}
	assert_int_equal(bench_count(b)->turn.allocations_now, 12);
	bench_call(b, revoke_gone, NULL);
	/* Orders reach a worker in order, so this count comes after. */
	assert_int_equal(bench_count(b)->turn.allocations_now, 4);
	assert_int_equal(b->sum.turn.revoked, 8);
	struct user late;
	user_open(&late, b, false, "gone");
	assert_int_not_equal(user_allocate(&late), 0);
	close(late.fd);
	for (int i = 0; i < 12; i++)
		close(users[i].fd);
	bench_close(b);
}

#define IDLE_ORDERS 10000

struct burst {
	_Atomic bool go_on;
	struct order stall;
	struct order idle[IDLE_ORDERS];
	unsigned posted;
};

static void run_stall(struct order *o, struct worker *w)
{
	struct burst *burst = CONTAINER_OF(o, struct burst, stall);
	while (!burst->go_on)
		usleep(200);
}

static void run_idle(struct order *o, struct worker *w)
{
}

/* The worker stands still and its mailbox fills up; then more people leave than there is room for orders. */
static void fill_and_revoke(struct bench *b, void *arg)
{
	struct burst *burst = arg;
	struct worker *w = b->relay->shared->workers[0];
	burst->stall.run = run_stall;
	assert_int_equal(order_post(w, &burst->stall, "stall"), 0);
	do {
		burst->idle[burst->posted].run = run_idle;
		assert_int_not_equal(burst->posted, IDLE_ORDERS - 1);
	} while (order_post(w, &burst->idle[burst->posted++], "idle") == 0);
	for (unsigned i = 0; i < 5000; i++)
		relay_revoke(b->relay, "somebody");
	relay_revoke(b->relay, "gone");
	/* This is to have its answer all the same. */
	b->counted = true;
	relay_count(b->relay, bench_counted, b);
}

static void no_revocation_is_lost_in_a_burst(void **state)
{
	struct bench *b = bench_open(1, 1000);
	struct burst *burst = test_calloc(1, sizeof(*burst));
	struct user u;
	user_open(&u, b, false, "gone");
	assert_int_equal(user_allocate(&u), 0);
	bench_call(b, fill_and_revoke, burst);
	burst->go_on = true;
	while (bench_count(b)->turn.allocations_now != 0)
		;
	assert_int_equal(b->sum.turn.revoked, 1);
	close(u.fd);
	bench_close(b);
	test_free(burst);
}

/* Where an allocation has been made since @before was counted. */
static unsigned worker_of_latest(struct bench *b, const uint64_t *before)
{
	(void)bench_count(b);
	for (unsigned i = 0; i < b->wish.workers + 1; i++)
		if (b->allocations_now[i] > before[i])
			return i;
	fail_msg("no worker has it");
	return 0;
}

static unsigned allocate_and_find(struct bench *b, struct user *u, struct user_token *reserve,
				  const struct user_token *redeem)
{
	uint64_t before[RELAY_WORKERS_MAX];
	(void)bench_count(b);
	memcpy(before, b->allocations_now, sizeof(before));
	assert_int_equal(user_allocate_port(u, reserve, redeem), 0);
	return worker_of_latest(b, before);
}

/* The odd port's socket is opened by the worker of the first request and owned by that of the second. */
static void a_pair_of_ports_may_be_two_workers(void **state)
{
	struct bench *b = bench_open(4, 1000);
	unsigned apart = 0;
	unsigned before = open_descriptors();
	for (unsigned i = 0; apart < 8; i++) {
		struct user even;
		struct user odd;
		struct user peer;
		struct user_token token;
		assert_true(i < 1000);
		user_open(&even, b, i & 1, "u");
		user_open(&odd, b, i & 2, "u");
		user_open(&peer, b, i & 4, "peer");
		unsigned first = allocate_and_find(b, &even, &token, NULL);
		apart += first != allocate_and_find(b, &odd, NULL, &token);
		assert_int_equal(addr_port(&even.relayed) % 2, 0);
		assert_int_equal(addr_port(&odd.relayed), addr_port(&even.relayed) + 1);
		/* What is sent to it arrives where it has gone. */
		assert_int_equal(user_allocate(&peer), 0);
		user_bind(&peer, &odd.relayed, 0x4001);
		user_bind(&odd, &peer.relayed, 0x4002);
		user_data(&peer, 0x4001, "there", 5);
		user_expect(&odd, 0x4002, "there", 5);
		user_data(&odd, 0x4002, "back", 4);
		user_expect(&peer, 0x4001, "back", 4);
		assert_int_equal(user_allocate_port(&even, NULL, &token), 437);
		user_end(&even);
		user_end(&odd);
		user_end(&peer);
	}
	while (bench_count(b)->turn.allocations_now != 0 || b->sum.io.clients_now[TURN_TCP] != 0)
		;
	assert_int_equal(open_descriptors(), before);
	bench_close(b);
}

static void held_ports_are_given_back(void **state)
{
	struct bench *b = bench_open(4, 1000);
	struct user users[8];
	struct user late;
	struct user_token tokens[8];
	unsigned before = open_descriptors();
	for (unsigned i = 0; i < 8; i++) {
		user_open(&users[i], b, i & 1, i < 6 ? "gone" : "stays");
		assert_int_equal(user_allocate_port(&users[i], &tokens[i], NULL), 0);
	}
	/* Whichever worker is told first ends all of that user's. */
	bench_call(b, revoke_gone, NULL);
	assert_int_equal(bench_count(b)->turn.allocations_now, 2);
	for (unsigned i = 0; i < 8; i++)
		close(users[i].fd);
	while (bench_count(b)->io.clients_now[TURN_TCP] != 0)
		;
	/* One UDP allocation is left, and two reservations. */
	assert_int_equal(b->sum.turn.allocations_now, 1);
	assert_int_equal(open_descriptors(), before + 3);
	user_open(&late, b, false, "stays");
	assert_int_equal(user_allocate_port(&late, NULL, &tokens[0]), 508);
	assert_int_equal(user_allocate_port(&late, NULL, &tokens[7]), 0);
	close(late.fd);
	/* The other is the end's. */
	bench_close(b);
}

static void quotas_are_of_all_workers(void **state)
{
	struct bench *b = bench_open_wish(&(struct bench_wish){.workers = 4, .per_user = 5});
	struct user users[12];
	for (unsigned i = 0; i < 12; i++) {
		user_open(&users[i], b, i & 1, "u");
		assert_int_equal(user_allocate(&users[i]), i < 5 ? 0 : 486);
	}
	user_end(&users[0]);
	user_end(&users[1]);
	assert_int_equal(user_allocate(&users[6]), 0);
	assert_int_equal(user_allocate(&users[7]), 0);
	assert_int_equal(user_allocate(&users[8]), 486);
	for (unsigned i = 2; i < 12; i++)
		close(users[i].fd);
	bench_close(b);
}

static void ports_run_out_and_come_back(void **state)
{
	struct bench *b = bench_open(2, 3);
	struct user users[4];
	for (int i = 0; i < 4; i++) {
		user_open(&users[i], b, true, "u");
		int code = user_allocate(&users[i]);
		assert_int_equal(code, i < 3 ? 0 : 486);
	}
	close(users[0].fd);
	close(users[3].fd);
	while (bench_count(b)->turn.allocations_now != 2)
		;
	user_open(&users[0], b, true, "u");
	assert_int_equal(user_allocate(&users[0]), 0);
	for (int i = 0; i < 3; i++)
		close(users[i].fd);
	while (bench_count(b)->turn.allocations_now != 0 || b->sum.io.clients_now[TURN_TCP] != 0)
		;
	bench_close(b);
}

/* What is kept back is for everybody else: here for the connection of one who is told 508. */
static void the_last_descriptors_are_kept_back(void **state)
{
	struct bench *b = bench_open(2, 100);
	struct user users[12];
	unsigned n = 0;
	int code = 0;
	b->relay->shared->max_fd = (int)open_descriptors() + 8;
	while (code == 0 && n < 12) {
		user_open(&users[n], b, true, "u");
		code = user_allocate(&users[n++]);
	}
	assert_int_equal(code, 508);
	assert_true(n > 1);
	b->relay->shared->max_fd = 1 << 20;
	assert_int_equal(user_allocate(&users[n - 1]), 0);
	while (n > 0)
		close(users[--n].fd);
	bench_close(b);
}

/* Whether the relay has closed it: the end comes, or nothing does. */
static bool is_closed(const struct user *u, int wait_ms)
{
	struct pollfd p = {.fd = u->fd, .events = POLLIN};
	uint8_t byte;
	return poll(&p, 1, wait_ms) == 1 && recv(u->fd, &byte, 1, MSG_DONTWAIT) <= 0;
}

static void newcomers_of_one_address_give_way(void **state)
{
	struct bench *b = bench_open_wish(&(struct bench_wish){.workers = 1, .per_address = 4});
	struct user users[12];
	for (unsigned i = 0; i < 12; i++) {
		user_open(&users[i], b, true, "u");
		/* The first two have allocations, and are no newcomers. */
		if (i < 2)
			assert_int_equal(user_allocate(&users[i]), 0);
	}
	for (unsigned i = 2; i < 8; i++)
		assert_true(is_closed(&users[i], 10000));
	while (bench_count(b)->io.clients_displaced != 6 || b->sum.io.clients_now[TURN_TCP] != 6)
		;
	for (unsigned i = 0; i < 12; i++)
		if (i < 2 || i >= 8)
			assert_false(is_closed(&users[i], 0));
	/* Where an allocation ends, its client is a newcomer again; and who allocates makes room. */
	assert_int_equal(user_allocate(&users[9]), 0);
	user_refresh(&users[0], 0);
	assert_false(is_closed(&users[8], 0));
	user_refresh(&users[1], 0);
	assert_true(is_closed(&users[8], 10000));
	while (bench_count(b)->io.clients_displaced != 7)
		;
	for (unsigned i = 0; i < 12; i++)
		close(users[i].fd);
	while (bench_count(b)->io.clients_now[TURN_TCP] != 0)
		;
	bench_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(revoking_ends_a_users_allocations_everywhere),
		cmocka_unit_test(no_revocation_is_lost_in_a_burst),
		cmocka_unit_test(a_pair_of_ports_may_be_two_workers),
		cmocka_unit_test(held_ports_are_given_back),
		cmocka_unit_test(quotas_are_of_all_workers),
		cmocka_unit_test(ports_run_out_and_come_back),
		cmocka_unit_test(the_last_descriptors_are_kept_back),
		cmocka_unit_test(newcomers_of_one_address_give_way),
	};
	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests_name("relay-quota", tests, NULL, NULL);
}
