/* Quotas, the budget of whoever has proved nothing, revocation, and memory that runs out. */
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

static struct kit k;
static struct kit_client c[4];

static int setup(void **state)
{
	k = (struct kit){0};
	return 0;
}

static int teardown(void **state)
{
	kit_deinit(&k);
	return 0;
}

static const struct turn_counters *counters(void)
{
	return turn_get_counters(k.server);
}

/* Clients 0 to 3, at the addresses and with the names given. */
static void start(const char *const ips[4], const char *const users[4])
{
	assert_int_equal(kit_init(&k), 0);
	for (unsigned i = 0; i < 4; i++) {
		char text[64];
		(void)snprintf(text, sizeof(text), "%s:%u", ips[i], 5000 + i);
		kit_client(&k, &c[i], TURN_UDP, text, users[i]);
	}
}

static const char *const far[4] = {"198.0.1.1", "198.0.2.1", "198.0.3.1", "198.0.4.1"};
static const char *const near[4] = {"198.0.1.1", "198.0.1.1", "198.0.1.1", "198.0.1.2"};
static const char *const near6[4] = {"[2a00:1450::1]", "[2a00:1450::2]", "[2a00:1450::3]",
				     "[2a00:1450:0:1::]"};
static const char *const apart[4] = {"a", "b", "c", "d"};
static const char *const same[4] = {"a", "a", "a", "d"};

static void assert_empty(const struct turn_ledger *l)
{
	assert_int_equal(l->accounts.count + l->places.count + l->tokens.count + l->total, 0);
}

/* The third is one too many, until the first ends. */
static void third_is_refused(void)
{
	assert_int_equal(kit_allocate(&c[0]), 0);
	assert_int_equal(kit_allocate(&c[1]), 0);
	assert_int_equal(kit_allocate(&c[2]), STUN_CODE_QUOTA_REACHED);
	assert_int_equal(kit_again(&c[2]), STUN_CODE_QUOTA_REACHED);
	assert_int_equal(counters()->quota_refused, 2);
	assert_int_equal(k.open, 2);
	assert_int_equal(kit_refresh(&c[0], 0), 0);
	assert_int_equal(kit_allocate(&c[2]), 0);
}

static void in_all(void **state)
{
	k.limits.allocations = 2;
	start(far, apart);
	third_is_refused();
}

static void per_user(void **state)
{
	k.limits.allocations_per_user = 2;
	start(far, same);
	/* Another credential of the same user. */
	kit_credential(&c[1], KIT_SECRET2, "a", k.now.wall_s + 599);
	third_is_refused();
	assert_int_equal(kit_allocate(&c[3]), 0);
}

static void per_address(void **state)
{
	k.limits.allocations_per_address = 2;
	start(near, apart);
	third_is_refused();
	assert_int_equal(kit_allocate(&c[3]), 0);
}

static void per_ip6_network(void **state)
{
	k.limits.allocations_per_address = 2;
	start(near6, apart);
	third_is_refused();
	assert_int_equal(kit_allocate(&c[3]), 0);
}

static void reservations_count(void **state)
{
	k.limits.allocations_per_user = 2;
	start(far, same);
	kit_login(&c[0]);
	kit_begin(&c[0], STUN_ALLOCATE);
	stun_build_transport(&c[0].b, 17);
	stun_build_even_port(&c[0].b, true);
	assert_int_equal(kit_ask(&c[0]), 0);
	assert_int_equal(kit_allocate(&c[1]), STUN_CODE_QUOTA_REACHED);
	kit_advance(&k, TURN_RESERVATION_MS + 100);
	assert_int_equal(kit_allocate(&c[1]), 0);
	kit_login(&c[2]);
	kit_begin(&c[2], STUN_ALLOCATE);
	stun_build_transport(&c[2].b, 17);
	stun_build_even_port(&c[2].b, true);
	assert_int_equal(kit_refresh(&c[1], 0), 0);
	kit_begin(&c[2], STUN_ALLOCATE);
	stun_build_transport(&c[2].b, 17);
	stun_build_even_port(&c[2].b, true);
	assert_int_equal(kit_ask(&c[2]), STUN_CODE_QUOTA_REACHED);
	assert_int_equal(k.open, 1);
	assert_int_equal(k.server->ledger->total, 1);
}

/* Bytes that @n requests without proof bring, of bytes sent. */
static size_t reflect(struct kit_client *who, uint16_t method, unsigned n, size_t *sent)
{
	size_t got = 0;
	for (unsigned i = 0; i < n; i++) {
		kit_begin(who, method);
		int r = kit_plain(who);
		*sent += who->sent_len;
		got += r < 0 ? 0 : who->answer_len;
	}
	return got;
}

static void no_use_for_reflection(void **state)
{
	k.limits.unauth_budget_bytes = 1000;
	start(near, apart);
	for (unsigned i = 0; i < 2; i++) {
		size_t sent = 0,
		       got = reflect(&c[i == 0 ? 0 : 3], i == 0 ? STUN_BINDING : STUN_ALLOCATE, 1000, &sent);
		assert_true(got > 1000);
		assert_true(got < sent + 1000);
		/* From then on, less than was sent. */
		sent = 0;
		got = reflect(&c[i == 0 ? 1 : 3], STUN_ALLOCATE, 1000, &sent);
		assert_true(got > 0 && got < sent);
	}
	assert_true(counters()->unauth_limited > 1000);
	/* Its time fills the bucket. */
	size_t sent = 0;
	kit_advance(&k, 60000);
	assert_true(reflect(&c[0], STUN_BINDING, 40, &sent) >= 1000);
}

static void streams_prove_themselves(void **state)
{
	struct kit_client tcp;
	size_t sent = 0;
	k.limits.unauth_budget_bytes = 100;
	start(near, apart);
	kit_client(&k, &tcp, TURN_TCP, "198.0.1.1:9", "a");
	size_t got = reflect(&tcp, STUN_ALLOCATE, 100, &sent);
	assert_int_equal(got, 100 * tcp.answer_len);
	assert_int_equal(counters()->unauth_limited, 0);
}

static void proof_fills_the_budget(void **state)
{
	size_t sent = 0;
	k.limits.unauth_budget_bytes = 1000;
	start(near, apart);
	kit_login(&c[0]);
	(void)reflect(&c[1], STUN_ALLOCATE, 1000, &sent);
	/* One of two at most, in what is left. */
	assert_true(reflect(&c[2], STUN_ALLOCATE, 2, &sent) <= 88 + 4);
	assert_int_equal(kit_allocate(&c[0]), 0);
	assert_true(reflect(&c[2], STUN_ALLOCATE, 8, &sent) >= 8 * 88);
	assert_int_equal(kit_allocate(&c[2]), 0);
}

static uint32_t below(uint32_t n)
{
	k.random = k.random * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (uint32_t)(k.random >> 33) % n;
}

/* Whatever is sent in the name of a network, and whenever: it gets what it sends, less an eighth, and a
 * budget. */
static void no_network_gets_more_than_it_sends(void **state)
{
	static const uint16_t methods[] = {STUN_BINDING, STUN_ALLOCATE, STUN_REFRESH};
	const size_t budget = 1000, kinds = 2, wide = 4;
	for (unsigned round = 0; round < 20; round++) {
		size_t sent = 0, got = 0;
		k = (struct kit){.limits = {.unauth_budget_bytes = budget, .unauth_prefixes = 4096}};
		start(far, apart);
		k.random = round;
		uint32_t addresses = 1 + below(256);
		for (unsigned i = 0; i < 3000; i++) {
			c[0].from.client.in.sin_addr.s_addr = htonl(0xC6000000 + below(addresses));
			kit_begin(&c[0], methods[below(3)]);
			for (uint32_t n = below(3); n; n--)
				stun_build_u32(&c[0].b, 0x8F00, 0);
			int r = kit_plain(&c[0]);
			sent += c[0].sent_len;
			got += r < 0 ? 0 : c[0].answer_len;
		}
		assert_true(got <= sent - sent / 8 + kinds * wide * budget);
		if (addresses == 1)
			assert_true(got <= sent - sent / 8 + kinds * budget);
		if (round < 19)
			kit_deinit(&k);
	}
}

/* A stream of what anybody can send in their name does not keep people out. */
static void bindings_leave_the_challenge_alone(void **state)
{
	size_t sent = 0;
	k.limits.unauth_budget_bytes = 1000;
	start(near, apart);
	(void)reflect(&c[0], STUN_BINDING, 10000, &sent);
	assert_int_equal(kit_allocate(&c[1]), 0);
	/* And challenges come back in seconds. */
	(void)reflect(&c[0], STUN_ALLOCATE, 10000, &sent);
	kit_advance(&k, 2000);
	assert_int_equal(kit_allocate(&c[2]), 0);
}

/* A live call's 5-tuple can be written into packets as any other. */
static void an_allocation_is_no_use_for_reflection(void **state)
{
	static const uint16_t methods[] = {STUN_ALLOCATE, STUN_REFRESH, STUN_CHANNEL_BIND, STUN_BINDING};
	k.limits.unauth_budget_bytes = 1000;
	start(near, apart);
	assert_int_equal(kit_allocate(&c[0]), 0);
	for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
		size_t sent = 0;
		(void)reflect(&c[0], methods[i], 1000, &sent);
		sent = 0;
		size_t got = reflect(&c[0], methods[i], 1000, &sent);
		assert_true(got < sent);
		/* What is proven is answered all the same. */
		assert_int_equal(kit_refresh(&c[0], 600), 0);
		assert_int_equal(kit_permit(&c[0], "198.0.9.9"), 0);
	}
}

static void a_table_of_prefixes_does_not_grow(void **state)
{
	k.limits.unauth_prefixes = 8;
	start(far, apart);
	for (uint32_t i = 0; i < 5000; i++) {
		c[0].from.client.in.sin_addr.s_addr = htonl(0xC6000000 + i);
		kit_begin(&c[0], STUN_BINDING);
		assert_int_equal(kit_plain(&c[0]), 0);
	}
	assert_int_equal(k.server->owners.count + k.server->tuples.count, 0);
	assert_empty(k.server->ledger);
}

static void revoked_users_are_out(void **state)
{
	start(far, same);
	struct kit_client tls;
	kit_client(&k, &tls, TURN_TLS, "198.0.0.1:9", "a");
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(kit_allocate(&c[i]), 0);
	assert_int_equal(kit_allocate(&tls), 0);
	turn_revoke(k.server, "a", k.now);
	assert_int_equal(k.gone, 4);
	assert_int_equal(counters()->revoked, 4);
	assert_null(tls.from.alloc);
	assert_non_null(kit_alloc(&c[3]));
	assert_int_equal(kit_refresh(&c[0], 600), STUN_CODE_ALLOCATION_MISMATCH);
	assert_int_equal(kit_allocate(&c[0]), STUN_CODE_UNAUTHENTICATED);
	/* Made in the same second, as long as it is good; made later, it is good again. */
	kit_advance(&k, 1000);
	assert_int_equal(kit_allocate(&c[1]), STUN_CODE_UNAUTHENTICATED);
	kit_credential(&c[1], KIT_SECRET, "a", k.now.wall_s + 600);
	assert_int_equal(kit_allocate(&c[1]), STUN_CODE_UNAUTHENTICATED);
	kit_advance(&k, 1000);
	kit_credential(&c[1], KIT_SECRET, "a", k.now.wall_s + 600);
	assert_int_equal(kit_allocate(&c[1]), 0);
	turn_revoke(k.server, "who?", k.now);
}

static void revoked_with_reservations(void **state)
{
	start(far, same);
	kit_login(&c[0]);
	kit_begin(&c[0], STUN_ALLOCATE);
	stun_build_transport(&c[0].b, 17);
	stun_build_even_port(&c[0].b, true);
	assert_int_equal(kit_ask(&c[0]), 0);
	assert_int_equal(k.open, 2);
	turn_revoke(k.server, "a", k.now);
	assert_int_equal(k.open, 0);
	assert_int_equal(k.server->owners.count, 0);
	assert_empty(k.server->ledger);
}

static void revoked_static_users(void **state)
{
	start(far, same);
	strcpy(c[0].username, "bob");
	strcpy(c[0].password, "builder");
	assert_int_equal(kit_allocate(&c[0]), 0);
	turn_revoke(k.server, "bob", k.now);
	assert_null(kit_alloc(&c[0]));
	kit_advance(&k, 3600000);
	kit_login(&c[0]);
	assert_int_equal(kit_allocate(&c[0]), STUN_CODE_UNAUTHENTICATED);
}

static void many_revocations_keep_their_size(void **state)
{
	start(far, same);
	for (unsigned i = 0; i < 20000; i++) {
		char user[16];
		(void)snprintf(user, sizeof(user), "u%u", i);
		turn_revoke(k.server, user, k.now);
	}
	turn_revoke(k.server, "a", k.now);
	assert_int_equal(kit_allocate(&c[0]), STUN_CODE_UNAUTHENTICATED);
	/* Where some had to be forgotten, those who have not left need a credential of after that. */
	kit_advance(&k, 2000);
	kit_credential(&c[3], KIT_SECRET, "d", k.now.wall_s + 600);
	assert_int_equal(kit_allocate(&c[3]), 0);
}

/* With requests that fail for want of memory answered as ones that may be tried again. */
static void use_all(void)
{
	for (unsigned i = 0; i < 3; i++) {
		int r;
		kit_begin(&c[i], STUN_ALLOCATE);
		stun_build_transport(&c[i].b, 17);
		if (i == 1)
			stun_build_family(&c[i].b, STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY, STUN_FAMILY_IP6);
		if (i == 2)
			stun_build_even_port(&c[i].b, true);
		r = kit_ask(&c[i]);
		assert_true(r == 0 || r == STUN_CODE_INSUFFICIENT_CAPACITY);
		if (r != 0) {
			assert_null(kit_alloc(&c[i]));
			continue;
		}
		r = kit_permit(&c[i], "8.8.8.8");
		assert_true(r == 0 || r == STUN_CODE_INSUFFICIENT_CAPACITY);
		for (uint16_t n = 0; n < 5; n++) {
			char peer[32];
			(void)snprintf(peer, sizeof(peer), "8.8.8.%u:1", n);
			r = kit_bind(&c[i], (uint16_t)(0x4000 + n), peer);
			assert_true(r == 0 || r == STUN_CODE_INSUFFICIENT_CAPACITY);
		}
		assert_int_equal(kit_refresh(&c[i], i == 0 ? 0 : 600), 0);
	}
	turn_revoke(k.server, "b", k.now);
}

static void memory_may_run_out_anywhere(void **state)
{
	bool hit = true;
	start(far, apart);
	for (unsigned i = 0; i < 3; i++)
		kit_login(&c[i]);
	for (uint64_t n = 0; hit; n++) {
		kit_deinit(&k);
		k = (struct kit){0};
		mem_fail_after(UINT64_MAX);
		assert_int_equal(kit_init(&k), 0);
		mem_fail_after(n);
		use_all();
		hit = mem_fail_hit();
		mem_fail_never();
		/* With memory, all goes again. */
		assert_int_equal(kit_allocate(&c[3]), 0);
		assert_int_equal(kit_bind(&c[3], 0x4000, "8.8.8.8:1"), 0);
		assert_true(n < 200);
	}
	kit_advance(&k, 700000);
	assert_int_equal(k.open, 0);
	assert_int_equal(k.server->owners.count, 0);
	assert_empty(k.server->ledger);
}

static void a_server_is_whole_or_not_at_all(void **state)
{
	int r = -ENOMEM;
	kit_set_peers(&k, NULL);
	for (uint64_t n = 0; r != 0; n++) {
		mem_fail_after(n);
		r = kit_init(&k);
		mem_fail_never();
		if (r != 0) {
			assert_int_equal(r, -ENOMEM);
			assert_null(k.server);
		}
		assert_true(n < 100);
	}
	static const char *const others[] = {"x", "y"};
	kit_client(&k, &c[0], TURN_UDP, "198.0.0.1:1", "a");
	for (uint64_t n = 0; n < 3; n++) {
		mem_fail_after(n);
		r = turn_set_secrets(k.server, others, 2);
		mem_fail_never();
		assert_int_equal(r, -ENOMEM);
	}
	assert_int_equal(kit_allocate(&c[0]), 0);
}

/* However many leave, nobody who has is let in again. */
static void nobody_revoked_is_forgotten(void **state)
{
	struct kit_client late;
	start(far, apart);
	assert_int_equal(kit_allocate(&c[0]), 0);
	turn_revoke(k.server, "a", k.now);
	kit_advance(&k, 2000);
	for (unsigned i = 0; i < 100000; i++) {
		char user[32];
		(void)snprintf(user, sizeof(user), "u%u", i);
		turn_revoke(k.server, user, k.now);
	}
	assert_int_equal(kit_allocate(&c[0]), STUN_CODE_UNAUTHENTICATED);
	/* Whoever has not left and asks for a new credential is in. */
	kit_advance(&k, 2000);
	kit_client(&k, &late, TURN_UDP, "198.0.9.1:9", "b");
	assert_int_equal(kit_allocate(&late), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(in_all),
		TEST(per_user),
		TEST(per_address),
		TEST(per_ip6_network),
		TEST(reservations_count),
		TEST(no_use_for_reflection),
		TEST(streams_prove_themselves),
		TEST(proof_fills_the_budget),
		TEST(no_network_gets_more_than_it_sends),
		TEST(bindings_leave_the_challenge_alone),
		TEST(an_allocation_is_no_use_for_reflection),
		TEST(a_table_of_prefixes_does_not_grow),
		TEST(revoked_users_are_out),
		TEST(nobody_revoked_is_forgotten),
		TEST(revoked_with_reservations),
		TEST(revoked_static_users),
		TEST(many_revocations_keep_their_size),
		TEST(memory_may_run_out_anywhere),
		TEST(a_server_is_whole_or_not_at_all),
	};
	return cmocka_run_group_tests_name("quota", tests, NULL, NULL);
}
