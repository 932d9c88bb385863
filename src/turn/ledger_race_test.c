/* The ledger asked by several threads at once: counts add up and a reservation is one thread's. script/tsan
 * runs this. */
#include "turn/ledger.h"

#include "base/mem.h"
#include "turn/core.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct turn_ledger *ledger;

#define THREADS 4
#define ROUNDS  3000
#define ATONCE  3

struct racer {
	pthread_t thread;
	bool failed;
	unsigned taken;
};

static _Atomic unsigned held;
static _Atomic unsigned made;

/* A reservation of one thread, under a token that any of them guesses. */
static void race_reservation(struct racer *me, struct turn_share share, unsigned round)
{
	struct turn_reservation *r = mem_zalloc(sizeof(*r));
	char token[STUN_TOKEN_BYTES + 1];
	if (!r) {
		me->failed = true;
		turn_share_give(ledger, share);
		return;
	}
	r->share = share;
	r->expires_ms = round;
	(void)snprintf(token, sizeof(token), "%08u", round % 8);
	memcpy(r->token, token, STUN_TOKEN_BYTES);
	if (turn_ledger_put(ledger, r) == 0) {
		made++;
		return;
	}
	turn_share_give(ledger, share);
	mem_free(r);
}

static void end_one(struct racer *me, struct turn_reservation *r)
{
	if (!r)
		return;
	turn_share_give(ledger, r->share);
	mem_free(r);
	me->taken++;
}

static void *race(void *arg)
{
	struct racer *me = arg;
	struct addr at = (struct addr){.in = {.sin_family = AF_INET, .sin_addr = {htonl(0xC6000101)}}};
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct turn_share share;
		char token[STUN_TOKEN_BYTES + 1];
		uint64_t next;
		int r = turn_share_take(ledger, i % 2 ? "a" : "b", &at, &share);
		if (r == 0) {
			me->failed = me->failed || ++held > ATONCE;
			held--;
			if (i % 3 == 0)
				race_reservation(me, share, i);
			else
				turn_share_give(ledger, share);
		}
		me->failed = me->failed || (r != 0 && r != STUN_CODE_QUOTA_REACHED);
		(void)snprintf(token, sizeof(token), "%08u", i % 8);
		end_one(me, turn_ledger_claim(ledger, (uint8_t *)token, "a"));
		end_one(me, i % 5 == 0 ? turn_ledger_of_user(ledger, "b") : NULL);
		end_one(me, i % 7 == 0 ? turn_ledger_expired(ledger, i, &next) : NULL);
	}
	return NULL;
}

static void threads_share_it(void **state)
{
	struct racer racers[THREADS] = {0};
	unsigned taken = 0;
	const struct turn_limits limits = {
		.allocations = ATONCE, .allocations_per_user = 100, .allocations_per_address = 100};
	ledger = turn_ledger_new(&limits, rand_bytes, NULL);
	assert_non_null(ledger);
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(racers[i].thread, NULL);
		assert_false(racers[i].failed);
		taken += racers[i].taken;
	}
	uint64_t next;
	struct racer last = {0};
	for (struct turn_reservation *r; (r = turn_ledger_expired(ledger, WHEEL_NEVER - 1, &next));)
		end_one(&last, r);
	assert_true(made > 0);
	assert_int_equal(made, taken + last.taken);
	assert_int_equal(ledger->accounts.count + ledger->places.count + ledger->tokens.count, 0);
	assert_int_equal(ledger->total, 0);
	ledger = turn_ledger_free(ledger);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_share_it),
	};
	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests_name("ledger-race", tests, NULL, NULL);
}
