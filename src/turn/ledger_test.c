/*
 * Servers that share a ledger: quotas that are of all of them, and a reservation that is made at one and
 * taken, expired or revoked at another.
 */
#include "turn/ledger.h"

#include "base/mem.h"
#include "stun/read.h"
#include "turn/testkit.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define KITS 2

static struct kit k[KITS];
static struct turn_ledger *ledger;

/* Not for keys: only the maps' are made of it. */
static void count_up(void *arg, uint8_t *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)i;
}

static void start(struct turn_limits limits)
{
	ledger = turn_ledger_new(&limits, count_up, NULL);
	assert_non_null(ledger);
	for (unsigned i = 0; i < KITS; i++) {
		/* Each with other random numbers: tokens and ports. */
		k[i] = (struct kit){.ledger = ledger, .random = i + 1};
		assert_int_equal(kit_init(&k[i]), 0);
	}
}

static struct turn_limits limits_of(uint32_t all, uint32_t user, uint32_t address)
{
	return (struct turn_limits){
		.allocations = all, .allocations_per_user = user, .allocations_per_address = address};
}

static const struct turn_limits plenty = {
	.allocations = 100, .allocations_per_user = 100, .allocations_per_address = 100};

static int teardown(void **state)
{
	for (unsigned i = 0; i < KITS; i++)
		kit_deinit(&k[i]);
	ledger = turn_ledger_free(ledger);
	return 0;
}

static void assert_empty(void)
{
	assert_int_equal(ledger->accounts.count + ledger->places.count + ledger->tokens.count, 0);
	assert_int_equal(ledger->total, 0);
}

static void advance(unsigned i, uint64_t ms)
{
	kit_advance(&k[i], ms);
}

/* @n is the client's own. */
static void client(unsigned server, struct kit_client *c, unsigned address, unsigned n, const char *user)
{
	char text[64];
	(void)snprintf(text, sizeof(text), "198.0.%u.1:%u", address, 5000 + n);
	kit_client(&k[server], c, TURN_UDP, text, user);
}

/* Clients of both servers by turns; the third is one too many. */
static void third_is_refused(const char *const users[3], const unsigned addresses[3])
{
	struct kit_client c[3];
	for (unsigned i = 0; i < 3; i++)
		client(i % KITS, &c[i], addresses[i], i, users[i]);
	assert_int_equal(kit_allocate(&c[0]), 0);
	assert_int_equal(kit_allocate(&c[1]), 0);
	assert_int_equal(kit_allocate(&c[2]), STUN_CODE_QUOTA_REACHED);
	assert_int_equal(k[0].server->counters.quota_refused, 1);
	/* One that ends at the other server makes room at this one. */
	assert_int_equal(kit_refresh(&c[1], 0), 0);
	assert_int_equal(kit_allocate(&c[2]), 0);
	assert_int_equal(kit_refresh(&c[0], 0), 0);
	assert_int_equal(kit_refresh(&c[2], 0), 0);
	assert_empty();
}

static const char *const same[3] = {"a", "a", "a"}, *const apart[3] = {"a", "b", "c"};
static const unsigned near[3] = {1, 1, 1}, far[3] = {1, 2, 3};

static void quotas_are_of_all_servers(void **state)
{
	start(limits_of(2, 100, 100));
	third_is_refused(apart, far);
	teardown(NULL);
	start(limits_of(100, 2, 100));
	third_is_refused(same, far);
	teardown(NULL);
	start(limits_of(100, 100, 2));
	third_is_refused(apart, near);
}

/* Return: the code, with @token set if that is 0. */
static int reserve(struct kit_client *c, uint8_t token[STUN_TOKEN_BYTES])
{
	const uint8_t *got;
	kit_login(c);
	kit_begin(c, STUN_ALLOCATE);
	stun_build_transport(&c->b, 17);
	stun_build_even_port(&c->b, true);
	int r = kit_ask(c);
	if (r == 0) {
		assert_int_equal(stun_read_bytes(&c->m, STUN_ATTR_RESERVATION_TOKEN, STUN_TOKEN_BYTES, &got),
				 0);
		memcpy(token, got, STUN_TOKEN_BYTES);
	}
	return r;
}

static int redeem(struct kit_client *c, const uint8_t token[STUN_TOKEN_BYTES])
{
	kit_login(c);
	kit_begin(c, STUN_ALLOCATE);
	stun_build_transport(&c->b, 17);
	stun_build_bytes(&c->b, STUN_ATTR_RESERVATION_TOKEN, token, STUN_TOKEN_BYTES);
	return kit_ask(c);
}

static void a_token_is_good_at_every_server(void **state)
{
	struct kit_client first, second, stranger;
	uint8_t token[STUN_TOKEN_BYTES];
	start(plenty);
	client(0, &first, 1, 0, "a");
	client(1, &second, 2, 1, "a");
	client(1, &stranger, 3, 2, "b");
	assert_int_equal(reserve(&first, token), 0);
	assert_int_equal(redeem(&stranger, token), STUN_CODE_INSUFFICIENT_CAPACITY);
	assert_int_equal(redeem(&second, token), 0);
	struct addr even = kit_relayed(&first, TURN_IP4), odd = kit_relayed(&second, TURN_IP4);
	assert_int_equal(addr_port(&odd), addr_port(&even) + 1);
	assert_int_equal(kit_again(&second), 0);
	assert_int_equal(k[0].open, 1);
	assert_int_equal(k[1].open, 1);
	/* The share is the reservation's, with the place of the one who made it. */
	assert_int_equal(ledger->total, 2);
	assert_int_equal(ledger->places.count, 1);
	/* The maker's timer comes to nothing. */
	advance(0, TURN_RESERVATION_MS + 100);
	assert_false(wheel_timer_active(&k[0].server->reservations_timer));
	assert_non_null(kit_alloc(&second));
	/* Nor does its end take along what is another's. */
	k[0].server = turn_free(k[0].server);
	assert_int_equal(k[1].open, 1);
	assert_int_equal(kit_refresh(&second, 0), 0);
	assert_empty();
}

static void nobody_takes_it_twice(void **state)
{
	struct kit_client first, second, third;
	uint8_t token[STUN_TOKEN_BYTES];
	start(plenty);
	client(0, &first, 1, 0, "a");
	client(0, &second, 1, 1, "a");
	client(1, &third, 1, 2, "a");
	assert_int_equal(reserve(&first, token), 0);
	assert_int_equal(redeem(&second, token), 0);
	assert_int_equal(redeem(&third, token), STUN_CODE_INSUFFICIENT_CAPACITY);
	assert_int_equal(k[1].server->counters.capacity_refused, 1);
	assert_null(kit_alloc(&third));
	assert_int_equal(ledger->total, 2);
}

/* Ten seconds apart, one at each server. */
static void reserve_two(struct kit_client c[2], uint8_t token[STUN_TOKEN_BYTES])
{
	client(0, &c[0], 1, 0, "a");
	client(1, &c[1], 1, 1, "a");
	assert_int_equal(reserve(&c[0], token), 0);
	advance(0, 10000);
	advance(1, 10000);
	assert_int_equal(reserve(&c[1], token), 0);
	assert_int_equal(ledger->tokens.count, 2);
}

static void what_nobody_takes_expires_at_its_maker(void **state)
{
	struct kit_client c[2];
	uint8_t token[STUN_TOKEN_BYTES];
	start(plenty);
	reserve_two(c, token);
	advance(0, TURN_RESERVATION_MS - 10000 + WHEEL_TICK_MS);
	assert_int_equal(ledger->tokens.count, 1);
	assert_int_equal(k[0].open, 1);
	assert_int_equal(k[1].open, 2);
	advance(1, TURN_RESERVATION_MS + WHEEL_TICK_MS);
	assert_int_equal(ledger->tokens.count, 0);
	assert_int_equal(k[1].open, 1);
	assert_int_equal(ledger->total, 2);
	client(1, &c[1], 1, 2, "a");
	assert_int_equal(redeem(&c[1], token), STUN_CODE_INSUFFICIENT_CAPACITY);
}

static void or_at_another_that_looks_first(void **state)
{
	struct kit_client c[2];
	uint8_t token[STUN_TOKEN_BYTES];
	start(plenty);
	reserve_two(c, token);
	/* The first server's timer finds its own, and then stands for the other's. */
	advance(0, TURN_RESERVATION_MS - 10000 + WHEEL_TICK_MS);
	assert_true(turn_next_ms(k[0].server) <= k[0].now.mono_ms + 10000 + WHEEL_TICK_MS);
	advance(0, 10000);
	assert_int_equal(ledger->tokens.count, 0);
	assert_int_equal(k[1].open, 1);
	/* Whose own timer is for nothing. */
	advance(1, TURN_RESERVATION_MS + WHEEL_TICK_MS);
	assert_int_equal(k[1].open, 1);
	assert_int_equal(ledger->total, 2);
}

static void revocation_reaches_reservations_everywhere(void **state)
{
	struct kit_client c[2], other;
	uint8_t token[STUN_TOKEN_BYTES], others[STUN_TOKEN_BYTES];
	start(plenty);
	client(0, &c[0], 1, 0, "a");
	client(1, &c[1], 1, 1, "a");
	client(0, &other, 1, 2, "b");
	assert_int_equal(reserve(&c[0], token), 0);
	assert_int_equal(reserve(&other, others), 0);
	turn_revoke(k[1].server, "a", k[1].now);
	/* Allocations at the first are ended when that is told; ports that nobody has, at once. */
	assert_int_equal(k[0].open, 3);
	assert_non_null(kit_alloc(&c[0]));
	/* Which the first can still make, for it has not been told. */
	client(0, &c[1], 1, 3, "a");
	assert_int_equal(reserve(&c[1], token), 0);
	turn_revoke(k[0].server, "a", k[0].now);
	assert_int_equal(k[0].open, 2);
	assert_null(kit_alloc(&c[0]));
	assert_int_equal(ledger->accounts.count, 1);
	assert_int_equal(ledger->total, 2);
	client(1, &other, 1, 4, "b");
	assert_int_equal(redeem(&other, others), 0);
}

static void a_servers_reservations_end_with_it(void **state)
{
	struct kit_client c[2];
	uint8_t token[STUN_TOKEN_BYTES];
	start(plenty);
	reserve_two(c, token);
	k[0].server = turn_free(k[0].server);
	assert_int_equal(k[0].open, 0);
	assert_int_equal(ledger->tokens.count, 1);
	client(1, &c[0], 1, 2, "a");
	assert_int_equal(redeem(&c[0], token), 0);
}

static void a_socket_that_cannot_be_had_leaves_nothing(void **state)
{
	struct kit_client first, second;
	uint8_t token[STUN_TOKEN_BYTES];
	start(plenty);
	client(0, &first, 1, 0, "a");
	client(1, &second, 1, 1, "a");
	k[0].fail_own = -ENOMEM;
	assert_int_equal(kit_allocate(&first), STUN_CODE_INSUFFICIENT_CAPACITY);
	assert_int_equal(kit_allocate_both(&first), STUN_CODE_INSUFFICIENT_CAPACITY);
	/* Nor is a port held that nobody knows of. */
	assert_int_equal(reserve(&first, token), STUN_CODE_INSUFFICIENT_CAPACITY);
	assert_null(kit_alloc(&first));
	assert_int_equal(k[0].open, 0);
	assert_empty();
	k[0].fail_own = 0;
	assert_int_equal(reserve(&first, token), 0);
	k[1].fail_own = -ENOMEM;
	assert_int_equal(redeem(&second, token), STUN_CODE_INSUFFICIENT_CAPACITY);
	k[1].fail_own = 0;
	assert_int_equal(k[0].open, 1);
	assert_int_equal(k[1].open, 0);
	assert_int_equal(ledger->total, 1);
	assert_int_equal(k[0].gone + k[1].gone, 0);
}

/* One at a time, from no memory at all to as much as is needed. Return: whether it was not enough. */
static bool pair_with_memory_for(uint64_t n)
{
	struct kit_client first, second;
	uint8_t token[STUN_TOKEN_BYTES];
	client(0, &first, 1, 0, "a");
	client(1, &second, 2, 1, "a");
	kit_login(&first);
	kit_login(&second);
	mem_fail_after(n);
	int r = reserve(&first, token);
	if (r == 0)
		r = redeem(&second, token);
	bool hit = mem_fail_hit();
	mem_fail_never();
	assert_int_equal(r, hit ? STUN_CODE_INSUFFICIENT_CAPACITY : 0);
	/* With memory the same token is good, if it came so far. */
	if (hit && kit_alloc(&first))
		assert_int_equal(redeem(&second, token), 0);
	for (unsigned i = 0; i < KITS; i++) {
		kit_check(&k[i]);
		turn_revoke(k[i].server, "a", k[i].now);
	}
	assert_empty();
	/* Or the name stays revoked, as long as its credential is good. */
	teardown(NULL);
	start(plenty);
	return hit;
}

static void memory_may_run_out_anywhere(void **state)
{
	uint64_t n = 0;
	start(plenty);
	while (pair_with_memory_for(n))
		assert_true(++n < 100);
	assert_true(n > 8);
	struct turn_ledger *none;
	mem_fail_after(0);
	none = turn_ledger_new(&plenty, count_up, NULL);
	mem_fail_never();
	assert_null(none);
}

#define TEST(f) cmocka_unit_test_teardown(f, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(quotas_are_of_all_servers),
		TEST(a_token_is_good_at_every_server),
		TEST(nobody_takes_it_twice),
		TEST(what_nobody_takes_expires_at_its_maker),
		TEST(or_at_another_that_looks_first),
		TEST(revocation_reaches_reservations_everywhere),
		TEST(a_servers_reservations_end_with_it),
		TEST(a_socket_that_cannot_be_had_leaves_nothing),
		TEST(memory_may_run_out_anywhere),
	};
	return cmocka_run_group_tests_name("ledger", tests, NULL, NULL);
}
