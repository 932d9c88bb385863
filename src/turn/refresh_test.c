/* Refresh, the ends of allocations, and every request in every state. */
#include "stun/read.h"
#include "turn/testkit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct kit k;
static struct kit_client c;

static int setup(void **state)
{
	k = (struct kit){0};
	assert_int_equal(kit_init(&k), 0);
	kit_client(&k, &c, TURN_UDP, "198.0.0.1:5000", "alice");
	kit_login(&c);
	return 0;
}

static int teardown(void **state)
{
	kit_deinit(&k);
	return 0;
}

static void prolongs(void **state)
{
	assert_int_equal(kit_allocate(&c), 0);
	kit_advance(&k, 599000);
	assert_int_equal(kit_refresh(&c, 1000), 0);
	assert_int_equal(kit_u32(&c, STUN_ATTR_LIFETIME), 1000);
	assert_int_equal(kit_again(&c), 0);
	assert_int_equal(kit_u32(&c, STUN_ATTR_LIFETIME), 1000);
	kit_advance(&k, 999999);
	assert_non_null(kit_alloc(&c));
	assert_int_equal(turn_next_ms(k.server), k.now.mono_ms / 16 * 16 + 16);
	kit_advance(&k, 17);
	assert_null(kit_alloc(&c));
	assert_int_equal(k.gone, 1);
	assert_int_equal(turn_next_ms(k.server), UINT64_MAX);
	assert_int_equal(turn_get_counters(k.server)->allocations_now, 0);
}

static void without_a_lifetime_it_is_the_default(void **state)
{
	assert_int_equal(kit_allocate(&c), 0);
	kit_begin(&c, STUN_REFRESH);
	assert_int_equal(kit_ask(&c), 0);
	assert_int_equal(kit_u32(&c, STUN_ATTR_LIFETIME), 600);
	kit_begin(&c, STUN_REFRESH);
	stun_build_bytes(&c.b, STUN_ATTR_LIFETIME, "x", 1);
	assert_int_equal(kit_ask(&c), STUN_CODE_BAD_REQUEST);
}

static void ends_once_and_says_so_again(void **state)
{
	uint8_t first[TURN_REPLY_MAX];
	assert_int_equal(kit_allocate(&c), 0);
	assert_int_equal(kit_refresh(&c, 0), 0);
	assert_int_equal(kit_u32(&c, STUN_ATTR_LIFETIME), 0);
	size_t n = c.answer_len;
	memcpy(first, c.answer, n);
	assert_int_equal(k.gone, 1);
	assert_int_equal(k.open, 0);
	kit_advance(&k, TURN_DELETED_MS - 1);
	assert_int_equal(kit_again(&c), 0);
	assert_int_equal(c.answer_len, n);
	assert_memory_equal(c.answer, first, n);
	kit_advance(&k, 1);
	assert_int_equal(kit_again(&c), STUN_CODE_ALLOCATION_MISMATCH);
	assert_int_equal(kit_refresh(&c, 0), STUN_CODE_ALLOCATION_MISMATCH);
	/* A new one at the same place is not ended by the old request. */
	assert_int_equal(kit_allocate(&c), 0);
}

static void an_old_end_does_not_end_a_new_one(void **state)
{
	uint8_t old[sizeof(c.sent)];
	assert_int_equal(kit_allocate(&c), 0);
	assert_int_equal(kit_refresh(&c, 0), 0);
	size_t n = c.sent_len;
	memcpy(old, c.sent, n);
	assert_int_equal(kit_allocate(&c), 0);
	memcpy(c.sent, old, n);
	c.sent_len = n;
	assert_int_equal(kit_again(&c), 0);
	assert_non_null(kit_alloc(&c));
}

static int refresh_family(uint8_t family, uint32_t lifetime_s)
{
	uint8_t value[4] = {family};
	kit_begin(&c, STUN_REFRESH);
	stun_build_u32(&c.b, STUN_ATTR_LIFETIME, lifetime_s);
	stun_build_bytes(&c.b, STUN_ATTR_REQUESTED_ADDRESS_FAMILY, value, 4);
	return kit_ask(&c);
}

static void one_family_or_both(void **state)
{
	struct turn_up up;
	assert_int_equal(kit_allocate_both(&c), 0);
	assert_int_equal(kit_permit(&c, "2a00:1450::1"), 0);
	assert_int_equal(refresh_family(3, 600), STUN_CODE_PEER_FAMILY_MISMATCH);
	assert_int_equal(refresh_family(STUN_FAMILY_IP6, 0), 0);
	assert_int_equal(kit_again(&c), 0);
	assert_int_equal(k.open, 1);
	assert_int_equal(k.gone, 0);
	assert_int_equal(refresh_family(STUN_FAMILY_IP6, 600), STUN_CODE_PEER_FAMILY_MISMATCH);
	assert_int_equal(kit_permit(&c, "2a00:1450::1"), STUN_CODE_PEER_FAMILY_MISMATCH);
	assert_false(kit_send_up(&c, "[2a00:1450::1]:1", &up));
	assert_int_equal(kit_permit(&c, "8.8.8.8"), 0);
	assert_int_equal(refresh_family(STUN_FAMILY_IP4, 0), 0);
	assert_int_equal(k.gone, 1);
}

static void each_family_expires_on_its_own(void **state)
{
	assert_int_equal(kit_allocate_both(&c), 0);
	assert_int_equal(refresh_family(STUN_FAMILY_IP4, 1000), 0);
	kit_advance(&k, 600000 + WHEEL_TICK_MS);
	assert_int_equal(k.open, 1);
	assert_non_null(kit_alloc(&c));
	assert_null(kit_alloc(&c)->relays[TURN_IP6].socket);
	kit_advance(&k, 400000 + WHEEL_TICK_MS);
	assert_null(kit_alloc(&c));
	assert_int_equal(k.gone, 1);
}

static void a_single_one_knows_its_family(void **state)
{
	assert_int_equal(kit_allocate(&c), 0);
	assert_int_equal(refresh_family(STUN_FAMILY_IP6, 0), STUN_CODE_PEER_FAMILY_MISMATCH);
	assert_int_equal(refresh_family(STUN_FAMILY_IP4, 0), 0);
	assert_null(kit_alloc(&c));
}

/* States of a 5-tuple, and what each request is answered in each. */
enum { UNKNOWN, READY, ALLOCATED, EXPIRED, ENDED, STATES };

static void bring_to(unsigned where)
{
	/* Transactions go on: one that ended an allocation is remembered. */
	uint32_t tid = c.tid;
	kit_client(&k, &c, TURN_UDP, "198.0.0.1:5000", "alice");
	c.tid = tid;
	strcpy(c.username, "ada");
	strcpy(c.password, "lovelace");
	strcpy(c.realm, KIT_REALM);
	if (where >= READY)
		kit_login(&c);
	if (where >= ALLOCATED)
		assert_int_equal(kit_allocate(&c), 0);
	if (where == EXPIRED) {
		kit_advance(&k, 700000);
		kit_login(&c);
	}
	if (where == ENDED)
		assert_int_equal(kit_refresh(&c, 0), 0);
}

static int ask(unsigned what)
{
	switch (what) {
	case 0:
		kit_begin(&c, STUN_BINDING);
		return kit_plain(&c);
	case 1:
		kit_begin(&c, STUN_ALLOCATE);
		stun_build_transport(&c.b, 17);
		return kit_ask(&c);
	case 2:
		return kit_refresh(&c, 600);
	case 3:
		return kit_refresh(&c, 0);
	case 4:
		return kit_permit(&c, "8.8.8.8");
	default:
		return kit_bind(&c, 0x4000, "8.8.8.8:1");
	}
}

static void every_request_in_every_state(void **state)
{
	static const int expected[STATES][6] = {
		[UNKNOWN] = {0, 438, 438, 438, 438, 438}, [READY] = {0, 0, 437, 437, 437, 437},
		[ALLOCATED] = {0, 437, 0, 0, 0, 0},       [EXPIRED] = {0, 0, 437, 437, 437, 437},
		[ENDED] = {0, 0, 437, 437, 437, 437},
	};
	for (unsigned where = 0; where < STATES; where++) {
		for (unsigned what = 0; what < 6; what++) {
			bring_to(where);
			int got = ask(what);
			if (got != expected[where][what])
				fail_msg("state %u, request %u: %d", where, what, got);
			if (kit_alloc(&c))
				turn_alloc_end(kit_alloc(&c));
		}
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(prolongs),
		TEST(without_a_lifetime_it_is_the_default),
		TEST(ends_once_and_says_so_again),
		TEST(an_old_end_does_not_end_a_new_one),
		TEST(one_family_or_both),
		TEST(each_family_expires_on_its_own),
		TEST(a_single_one_knows_its_family),
		TEST(every_request_in_every_state),
	};
	return cmocka_run_group_tests_name("refresh", tests, NULL, NULL);
}
