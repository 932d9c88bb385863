/* Binding, which anybody may ask for, and messages that get no answer. */
#include "stun/read.h"
#include "turn/testkit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

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

static const struct turn_counters *counters(void)
{
	return turn_get_counters(k.server);
}

static void binding_is_32_bytes(void **state)
{
	struct addr a;
	kit_begin(&c, STUN_BINDING);
	assert_int_equal(kit_plain(&c), 0);
	assert_int_equal(c.answer_len, 32);
	assert_int_equal(stun_read_xor_addr(&c.m, STUN_ATTR_XOR_MAPPED_ADDRESS, &a), 0);
	assert_true(addr_equal(&a, &c.from.client));
}

static void binding_with_what_we_do_not_know(void **state)
{
	uint16_t types[8];
	size_t n;
	kit_begin(&c, STUN_BINDING);
	for (uint16_t i = 0; i < 20; i++)
		stun_build_u32(&c.b, (uint16_t)(0x7000 + i), 1);
	assert_int_equal(kit_plain(&c), STUN_CODE_UNKNOWN_ATTRIBUTE);
	assert_int_equal(stun_read_unknown(&c.m, types, 8, &n), 0);
	assert_int_equal(n, 4);
	assert_int_equal(types[0], 0x7000);
	kit_begin(&c, STUN_BINDING);
	stun_build_u32(&c.b, 0x8F00, 1);
	assert_int_equal(kit_plain(&c), 0);
	kit_begin(&c, STUN_BINDING);
	stun_build_u32(&c.b, STUN_ATTR_CHANGE_REQUEST, 0);
	assert_int_equal(kit_plain(&c), 0);
	kit_begin(&c, STUN_BINDING);
	stun_build_u32(&c.b, STUN_ATTR_CHANGE_REQUEST, 6);
	assert_int_equal(kit_plain(&c), STUN_CODE_UNKNOWN_ATTRIBUTE);
}

static void classic_binding(void **state)
{
	uint8_t request[28] = {0, 1, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 0, 3, 0, 4},
		out[TURN_REPLY_MAX];
	struct stun_msg m;
	struct addr a;
	size_t n = turn_message(k.server, &c.from, request, sizeof(request), k.now, out);
	assert_int_equal(n, 32);
	assert_int_equal(stun_msg_parse_classic(&m, out, n), 0);
	assert_memory_equal(out + 4, request + 4, 16);
	assert_int_equal(stun_read_addr(&m, STUN_ATTR_MAPPED_ADDRESS, &a), 0);
	assert_true(addr_equal(&a, &c.from.client));
	/* Nothing else was ever asked without the cookie. */
	request[1] = 3;
	assert_int_equal(turn_message(k.server, &c.from, request, sizeof(request), k.now, out), 0);
}

static void what_is_no_request_gets_no_answer(void **state)
{
	static const struct {
		enum stun_class class;
		uint16_t method;
	} rows[] = {
		{STUN_INDICATION, STUN_BINDING}, {STUN_INDICATION, STUN_DATA}, {STUN_SUCCESS, STUN_ALLOCATE},
		{STUN_ERROR, STUN_ALLOCATE},     {STUN_REQUEST, STUN_SEND},    {STUN_REQUEST, STUN_DATA},
		{STUN_REQUEST, 0x00A},           {STUN_REQUEST, 0xFFF},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		kit_begin(&c, STUN_ALLOCATE);
		uint16_t type = stun_type(rows[i].class, rows[i].method);
		c.sent[0] = (uint8_t)(type >> 8);
		c.sent[1] = (uint8_t)type;
		assert_int_equal(kit_ask(&c), -1);
	}
	uint64_t before = counters()->drop_malformed;
	assert_int_equal(turn_message(k.server, &c.from, (const uint8_t *)"rubbish", 7, k.now, c.answer), 0);
	c.fingerprint = true;
	kit_begin(&c, STUN_BINDING);
	assert_int_equal(kit_plain(&c), 0);
	c.sent[c.sent_len - 1] ^= 1;
	assert_int_equal(kit_again(&c), -1);
	assert_int_equal(counters()->drop_malformed, before + 2);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(binding_is_32_bytes),
		TEST(binding_with_what_we_do_not_know),
		TEST(classic_binding),
		TEST(what_is_no_request_gets_no_answer),
	};
	return cmocka_run_group_tests_name("binding", tests, NULL, NULL);
}
