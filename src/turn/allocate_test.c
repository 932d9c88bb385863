/* Allocate: what it may ask for, what it gets, and that it gets the same again. */
#include "stun/read.h"
#include "turn/testkit.h"

#include <errno.h>
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

/* An Allocate with these attributes beside REQUESTED-TRANSPORT. */
static void begin(void)
{
	kit_begin(&c, STUN_ALLOCATE);
	stun_build_transport(&c.b, 17);
}

static void gives_a_relayed_address(void **state)
{
	struct addr a;
	assert_int_equal(kit_allocate(&c), 0);
	assert_int_equal(stun_read_xor_addr(&c.m, STUN_ATTR_XOR_RELAYED_ADDRESS, &a), 0);
	struct addr relayed = kit_relayed(&c, TURN_IP4);
	assert_true(addr_equal(&a, &relayed));
	assert_int_equal(stun_read_xor_addr(&c.m, STUN_ATTR_XOR_MAPPED_ADDRESS, &a), 0);
	assert_true(addr_equal(&a, &c.from.client));
	assert_int_equal(kit_u32(&c, STUN_ATTR_LIFETIME), 600);
	assert_false(stun_msg_has(&c.m, STUN_ATTR_SOFTWARE));
	assert_ptr_equal(k.sockets[0].owner, kit_alloc(&c));
	assert_int_equal(turn_get_counters(k.server)->allocations[TURN_UDP], 1);
	assert_int_equal(turn_get_counters(k.server)->allocations_now, 1);
}

static void comes_again_and_gets_the_same(void **state)
{
	uint8_t first[TURN_REPLY_MAX];
	assert_int_equal(kit_allocate(&c), 0);
	size_t n = c.answer_len;
	memcpy(first, c.answer, n);
	kit_advance(&k, 5000);
	assert_int_equal(kit_again(&c), 0);
	assert_int_equal(c.answer_len, n);
	assert_memory_equal(c.answer, first, n);
	assert_int_equal(k.open, 1);
	/* Another transaction is another matter. */
	assert_int_equal(kit_allocate(&c), STUN_CODE_ALLOCATION_MISMATCH);
	assert_int_equal(k.open, 1);
}

static void a_failure_that_comes_again_fails_the_same(void **state)
{
	uint8_t first[TURN_REPLY_MAX];
	k.fail_ip4 = -EADDRNOTAVAIL;
	assert_int_equal(kit_allocate(&c), STUN_CODE_INSUFFICIENT_CAPACITY);
	size_t n = c.answer_len;
	memcpy(first, c.answer, n);
	assert_int_equal(kit_again(&c), STUN_CODE_INSUFFICIENT_CAPACITY);
	assert_int_equal(c.answer_len, n);
	assert_memory_equal(c.answer, first, n);
	assert_null(kit_alloc(&c));
	assert_int_equal(k.gone, 0);
	assert_int_equal(turn_get_counters(k.server)->capacity_refused, 2);
}

static void wants_udp(void **state)
{
	kit_begin(&c, STUN_ALLOCATE);
	assert_int_equal(kit_ask(&c), STUN_CODE_BAD_REQUEST);
	kit_begin(&c, STUN_ALLOCATE);
	stun_build_bytes(&c.b, STUN_ATTR_REQUESTED_TRANSPORT, "\x11", 1);
	assert_int_equal(kit_ask(&c), STUN_CODE_BAD_REQUEST);
	kit_begin(&c, STUN_ALLOCATE);
	stun_build_transport(&c.b, 6);
	assert_int_equal(kit_ask(&c), STUN_CODE_TRANSPORT_NOT_SUPPORTED);
	assert_int_equal(k.open, 0);
}

static void grants_lifetimes_within_bounds(void **state)
{
	static const struct {
		uint32_t wish, granted;
	} rows[] = {{0, 600},     {1, 600},     {599, 600},        {601, 601},
		    {3600, 3600}, {3601, 3600}, {UINT32_MAX, 3600}};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		begin();
		stun_build_u32(&c.b, STUN_ATTR_LIFETIME, rows[i].wish);
		assert_int_equal(kit_ask(&c), 0);
		assert_int_equal(kit_u32(&c, STUN_ATTR_LIFETIME), rows[i].granted);
		kit_advance(&k, rows[i].granted * UINT64_C(1000) - 1);
		assert_non_null(kit_alloc(&c));
		kit_advance(&k, 1 + WHEEL_TICK_MS);
		assert_null(kit_alloc(&c));
		kit_credential(&c, KIT_SECRET, "alice", k.now.wall_s + 600);
		kit_login(&c);
	}
	begin();
	stun_build_bytes(&c.b, STUN_ATTR_LIFETIME, "12345678", 8);
	assert_int_equal(kit_ask(&c), STUN_CODE_BAD_REQUEST);
}

static void knows_families(void **state)
{
	struct addr a;
	begin();
	stun_build_family(&c.b, STUN_ATTR_REQUESTED_ADDRESS_FAMILY, STUN_FAMILY_IP6);
	assert_int_equal(kit_ask(&c), 0);
	assert_int_equal(stun_read_xor_addr(&c.m, STUN_ATTR_XOR_RELAYED_ADDRESS, &a), 0);
	assert_int_equal(a.sa.sa_family, AF_INET6);
	assert_int_equal(kit_refresh(&c, 0), 0);
	begin();
	stun_build_bytes(&c.b, STUN_ATTR_REQUESTED_ADDRESS_FAMILY, "\x03\0\0\0", 4);
	assert_int_equal(kit_ask(&c), STUN_CODE_FAMILY_NOT_SUPPORTED);
	k.fail_ip6 = -EAFNOSUPPORT;
	begin();
	stun_build_family(&c.b, STUN_ATTR_REQUESTED_ADDRESS_FAMILY, STUN_FAMILY_IP6);
	assert_int_equal(kit_ask(&c), STUN_CODE_FAMILY_NOT_SUPPORTED);
	begin();
	stun_build_bytes(&c.b, STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY, "\x01\0\0\0", 4);
	assert_int_equal(kit_ask(&c), STUN_CODE_BAD_REQUEST);
	begin();
	stun_build_family(&c.b, STUN_ATTR_REQUESTED_ADDRESS_FAMILY, STUN_FAMILY_IP6);
	stun_build_family(&c.b, STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY, STUN_FAMILY_IP6);
	assert_int_equal(kit_ask(&c), STUN_CODE_BAD_REQUEST);
	assert_int_equal(k.open, 0);
}

static void gives_both_families(void **state)
{
	struct stun_attr attr = {0};
	struct addr a;
	unsigned seen = 0;
	assert_int_equal(kit_allocate_both(&c), 0);
	while (stun_msg_next(&c.m, &attr)) {
		if (attr.type != STUN_ATTR_XOR_RELAYED_ADDRESS)
			continue;
		assert_int_equal(stun_attr_xor_addr(&c.m, &attr, &a), 0);
		seen |= a.sa.sa_family == AF_INET ? 1u : 2u;
	}
	assert_int_equal(seen, 3);
	assert_int_equal(k.open, 2);
	assert_int_equal(kit_permit(&c, "8.8.8.8"), 0);
	assert_int_equal(kit_permit(&c, "2a00:1450::1"), 0);
}

static void says_which_of_both_is_missing(void **state)
{
	struct stun_error e;
	uint8_t first[TURN_REPLY_MAX];
	k.fail_ip6 = -EAFNOSUPPORT;
	assert_int_equal(kit_allocate_both(&c), 0);
	assert_int_equal(stun_read_error(&c.m, STUN_ATTR_ADDRESS_ERROR_CODE, &e), 0);
	assert_int_equal(e.family, STUN_FAMILY_IP6);
	assert_int_equal(e.code, STUN_CODE_FAMILY_NOT_SUPPORTED);
	size_t n = c.answer_len;
	memcpy(first, c.answer, n);
	assert_int_equal(kit_again(&c), 0);
	assert_int_equal(c.answer_len, n);
	assert_memory_equal(c.answer, first, n);
	assert_int_equal(kit_refresh(&c, 0), 0);
	k.fail_ip6 = 0;
	k.fail_ip4 = -EADDRNOTAVAIL;
	assert_int_equal(kit_allocate_both(&c), 0);
	assert_int_equal(stun_read_error(&c.m, STUN_ATTR_ADDRESS_ERROR_CODE, &e), 0);
	assert_int_equal(e.family, STUN_FAMILY_IP4);
	assert_int_equal(e.code, STUN_CODE_INSUFFICIENT_CAPACITY);
	assert_int_equal(kit_refresh(&c, 0), 0);
	k.fail_ip6 = -EADDRNOTAVAIL;
	assert_int_equal(kit_allocate_both(&c), STUN_CODE_INSUFFICIENT_CAPACITY);
	assert_int_equal(k.open, 0);
}

static int allocate_even(bool reserve)
{
	begin();
	stun_build_even_port(&c.b, reserve);
	return kit_ask(&c);
}

static void gives_even_ports(void **state)
{
	assert_int_equal(allocate_even(false), 0);
	struct addr a = kit_relayed(&c, TURN_IP4);
	assert_int_equal(addr_port(&a) % 2, 0);
	assert_false(stun_msg_has(&c.m, STUN_ATTR_RESERVATION_TOKEN));
	assert_int_equal(k.open, 1);
	begin();
	stun_build_even_port(&c.b, true);
	stun_build_family(&c.b, STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY, STUN_FAMILY_IP6);
	assert_int_equal(kit_refresh(&c, 0), 0);
	begin();
	stun_build_even_port(&c.b, true);
	stun_build_family(&c.b, STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY, STUN_FAMILY_IP6);
	assert_int_equal(kit_ask(&c), STUN_CODE_BAD_REQUEST);
	begin();
	stun_build_bytes(&c.b, STUN_ATTR_EVEN_PORT, "\0\0", 2);
	assert_int_equal(kit_ask(&c), STUN_CODE_BAD_REQUEST);
}

static void reserve(uint8_t token[STUN_TOKEN_BYTES])
{
	const uint8_t *got;
	assert_int_equal(allocate_even(true), 0);
	assert_int_equal(stun_read_bytes(&c.m, STUN_ATTR_RESERVATION_TOKEN, STUN_TOKEN_BYTES, &got), 0);
	memcpy(token, got, STUN_TOKEN_BYTES);
	assert_int_equal(k.open, 2);
}

static int redeem(struct kit_client *who, const uint8_t token[STUN_TOKEN_BYTES])
{
	kit_login(who);
	kit_begin(who, STUN_ALLOCATE);
	stun_build_transport(&who->b, 17);
	stun_build_bytes(&who->b, STUN_ATTR_RESERVATION_TOKEN, token, STUN_TOKEN_BYTES);
	return kit_ask(who);
}

static void reserves_the_next_port(void **state)
{
	uint8_t token[STUN_TOKEN_BYTES], wrong[STUN_TOKEN_BYTES] = {0};
	struct kit_client second, stranger;
	kit_client(&k, &second, TURN_UDP, "198.0.0.1:5001", "alice");
	kit_client(&k, &stranger, TURN_UDP, "198.0.0.1:5002", "mallory");
	reserve(token);
	assert_int_equal(redeem(&stranger, token), STUN_CODE_INSUFFICIENT_CAPACITY);
	assert_int_equal(redeem(&second, wrong), STUN_CODE_INSUFFICIENT_CAPACITY);
	assert_int_equal(redeem(&second, token), 0);
	struct addr even = kit_relayed(&c, TURN_IP4), odd = kit_relayed(&second, TURN_IP4);
	assert_int_equal(addr_port(&odd), addr_port(&even) + 1);
	assert_int_equal(kit_again(&second), 0);
	assert_int_equal(k.open, 2);
	kit_advance(&k, TURN_RESERVATION_MS + 100);
	assert_non_null(kit_alloc(&second));
	assert_int_equal(kit_refresh(&second, 0), 0);
	assert_int_equal(redeem(&second, token), STUN_CODE_INSUFFICIENT_CAPACITY);
}

static void a_reservation_ends(void **state)
{
	uint8_t token[STUN_TOKEN_BYTES];
	struct kit_client second;
	kit_client(&k, &second, TURN_UDP, "198.0.0.1:5001", "alice");
	reserve(token);
	kit_advance(&k, TURN_RESERVATION_MS - 1);
	assert_int_equal(k.open, 2);
	kit_advance(&k, 1 + WHEEL_TICK_MS);
	assert_int_equal(k.open, 1);
	assert_int_equal(redeem(&second, token), STUN_CODE_INSUFFICIENT_CAPACITY);
}

static void a_token_stands_alone(void **state)
{
	static const uint16_t with[] = {STUN_ATTR_EVEN_PORT, STUN_ATTR_REQUESTED_ADDRESS_FAMILY,
					STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY};
	for (size_t i = 0; i < ARRAY_LEN(with); i++) {
		begin();
		stun_build_bytes(&c.b, STUN_ATTR_RESERVATION_TOKEN, "12345678", 8);
		stun_build_bytes(&c.b, with[i], "\x02\0\0\0", with[i] == STUN_ATTR_EVEN_PORT ? 1 : 4);
		assert_int_equal(kit_ask(&c), STUN_CODE_BAD_REQUEST);
	}
	begin();
	stun_build_bytes(&c.b, STUN_ATTR_RESERVATION_TOKEN, "1234", 4);
	assert_int_equal(kit_ask(&c), STUN_CODE_BAD_REQUEST);
}

static void takes_dont_fragment(void **state)
{
	begin();
	stun_build_bytes(&c.b, STUN_ATTR_DONT_FRAGMENT, "1234", 4);
	assert_int_equal(kit_ask(&c), STUN_CODE_BAD_REQUEST);
	begin();
	stun_build_flag(&c.b, STUN_ATTR_DONT_FRAGMENT);
	assert_int_equal(kit_ask(&c), 0);
}

static void streams_have_theirs(void **state)
{
	struct kit_client tls;
	kit_client(&k, &tls, TURN_TLS, "198.0.0.1:5000", "alice");
	assert_int_equal(kit_allocate(&tls), 0);
	assert_null(turn_find(k.server, &tls.from.client, &tls.from.server));
	assert_non_null(tls.from.alloc);
	assert_ptr_equal(turn_alloc_from(tls.from.alloc)->user, &tls);
	assert_int_equal(turn_alloc_from(tls.from.alloc)->transport, TURN_TLS);
	/* The same addresses over UDP are another 5-tuple. */
	assert_int_equal(kit_allocate(&c), 0);
	turn_client_gone(k.server, &tls.from);
	assert_null(tls.from.alloc);
	assert_int_equal(k.gone, 1);
	assert_ptr_equal(k.gone_user, &tls);
	turn_client_gone(k.server, &tls.from);
	assert_int_equal(k.gone, 1);
	assert_int_equal(k.open, 1);
	assert_int_equal(kit_allocate(&tls), 0);
	kit_advance(&k, 601000);
	assert_null(tls.from.alloc);
	assert_int_equal(k.gone, 3);
}

static void ip6_clients_too(void **state)
{
	struct kit_client six;
	struct addr a;
	kit_client(&k, &six, TURN_UDP, "[2a00:1450::7]:5000", "alice");
	assert_int_equal(kit_allocate(&six), 0);
	assert_int_equal(stun_read_xor_addr(&six.m, STUN_ATTR_XOR_MAPPED_ADDRESS, &a), 0);
	assert_true(addr_equal(&a, &six.from.client));
	assert_int_equal(kit_allocate(&c), 0);
	assert_ptr_not_equal(kit_alloc(&six), kit_alloc(&c));
}

static void is_small(void **state)
{
	size_t heap = sizeof(struct turn_alloc) + TURN_USERNAME_MAX + sizeof(struct turn_owner) +
		      TURN_USERNAME_MAX + sizeof(struct turn_place) + 2 * sizeof(struct turn_channel) +
		      2 * sizeof(struct turn_permission) + 2 * sizeof(void *);
	if (heap >= 1536)
		fail_msg("%zu bytes of heap for an allocation with two peers", heap);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(gives_a_relayed_address),
		TEST(comes_again_and_gets_the_same),
		TEST(a_failure_that_comes_again_fails_the_same),
		TEST(wants_udp),
		TEST(grants_lifetimes_within_bounds),
		TEST(knows_families),
		TEST(gives_both_families),
		TEST(says_which_of_both_is_missing),
		TEST(gives_even_ports),
		TEST(reserves_the_next_port),
		TEST(a_reservation_ends),
		TEST(a_token_stands_alone),
		TEST(takes_dont_fragment),
		TEST(streams_have_theirs),
		TEST(ip6_clients_too),
		cmocka_unit_test(is_small),
	};
	return cmocka_run_group_tests_name("allocate", tests, NULL, NULL);
}
