/* What a policy can be told; what it refuses is in matrix_test.c. */
#include "base/mem.h"
#include "turn/testkit.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static int with_allow(const char *text, struct turn_policy **out)
{
	struct addr_range r;
	assert_int_equal(addr_range_parse(&r, text), 0);
	return turn_policy_new(&r, 1, NULL, 0, NULL, 0, out);
}

static void never_opens_some(void **state)
{
	static const char *const never[] = {
		"0.0.0.0/0",
		"0.0.0.0",
		"127.0.0.1",
		"127.0.0.0/8",
		"126.0.0.0/7",
		"::ffff:126.0.0.0/103",
		"169.254.1.1",
		"169.254.0.0/16",
		"224.0.0.0/4",
		"239.1.1.1",
		"128.0.0.0/1",
		"::/0",
		"::",
		"::1",
		"fe80::/10",
		"fe80::1",
		"ff02::1",
		"ff00::/8",
		"::ffff:127.0.0.1",
		"8000::/1",
		"::127.0.0.1",
		"255.255.255.255",
	};
	struct turn_policy *p = NULL;
	for (size_t i = 0; i < ARRAY_LEN(never); i++)
		if (with_allow(never[i], &p) != -EINVAL)
			fail_msg("\"%s\" is opened", never[i]);
	assert_null(p);
}

static enum turn_refusal judge(const struct turn_policy *p, const char *peer)
{
	struct addr a = kit_addr(peer);
	struct turn_verdict v = turn_policy_judge(p, &a);
	assert_false(v.local);
	return v.refusal;
}

static void opens_what_it_is_told(void **state)
{
	struct turn_policy *p;
	assert_int_equal(with_allow("10.1.0.0/16", &p), 0);
	assert_int_equal(judge(p, "10.1.2.3:1"), TURN_ALLOWED);
	assert_int_equal(judge(p, "10.2.2.3:1"), TURN_REFUSED_RANGE);
	assert_int_equal(judge(p, "10.1.2.3:0"), TURN_REFUSED_PORT);
	/* The IPv4 address is opened, the other way to write it is not. */
	assert_int_equal(judge(p, "[::ffff:10.1.2.3]:1"), TURN_REFUSED_RANGE);
	assert_int_equal(judge(p, "[64:ff9b::10.1.2.3]:1"), TURN_REFUSED_RANGE);
	assert_int_equal(judge(p, "[fd00::1]:1"), TURN_REFUSED_RANGE);
	turn_policy_free(p);
	/* Written as mapped, it opens the same. */
	assert_int_equal(with_allow("::ffff:10.1.0.0/112", &p), 0);
	assert_int_equal(judge(p, "10.1.2.3:1"), TURN_ALLOWED);
	assert_int_equal(judge(p, "10.2.2.3:1"), TURN_REFUSED_RANGE);
	assert_int_equal(judge(p, "[::ffff:10.1.2.3]:1"), TURN_REFUSED_RANGE);
	turn_policy_free(p);
	assert_int_equal(with_allow("fd00::/8", &p), 0);
	assert_int_equal(judge(p, "[fd12::1]:1"), TURN_ALLOWED);
	assert_int_equal(judge(p, "[fc12::1]:1"), TURN_REFUSED_RANGE);
	turn_policy_free(p);
}

static void an_opened_encoding_excuses_nothing_inside(void **state)
{
	struct turn_policy *p;
	assert_int_equal(with_allow("64:ff9b::/96", &p), 0);
	assert_int_equal(judge(p, "[64:ff9b::8.8.8.8]:1"), TURN_ALLOWED);
	assert_int_equal(judge(p, "[64:ff9b::127.0.0.1]:1"), TURN_REFUSED_RANGE);
	assert_int_equal(judge(p, "[64:ff9b::10.0.0.1]:1"), TURN_REFUSED_RANGE);
	turn_policy_free(p);
}

static void own_addresses_stay_refused_when_opened(void **state)
{
	struct turn_policy *p;
	struct addr_range allow;
	struct addr own = kit_addr("10.0.0.5"), relayed = kit_addr("10.0.0.6");
	assert_int_equal(addr_range_parse(&allow, "10.0.0.0/8"), 0);
	assert_int_equal(turn_policy_new(&allow, 1, &own, 1, &relayed, 1, &p), 0);
	assert_int_equal(judge(p, "10.0.0.5:1"), TURN_REFUSED_OWN);
	assert_int_equal(judge(p, "10.0.0.7:1"), TURN_ALLOWED);
	struct addr local = kit_addr("10.0.0.6:77");
	struct turn_verdict v = turn_policy_judge(p, &local);
	assert_true(v.local);
	assert_int_equal(v.refusal, TURN_ALLOWED);
	addr_set_port(&local, 0);
	v = turn_policy_judge(p, &local);
	assert_int_equal(v.refusal, TURN_REFUSED_PORT);
	turn_policy_free(p);
}

static void a_relayed_address_may_be_one_of_ours(void **state)
{
	struct turn_policy *p;
	/* Without cloud NAT the relayed address is an interface's, also one of a refused range. */
	struct addr both = kit_addr("192.168.1.2");
	assert_int_equal(turn_policy_new(NULL, 0, &both, 1, &both, 1, &p), 0);
	struct addr peer = kit_addr("192.168.1.2:5000");
	assert_true(turn_policy_judge(p, &peer).local);
	assert_int_equal(turn_policy_judge(p, &peer).refusal, TURN_ALLOWED);
	turn_policy_free(p);
}

static void fails_without_memory(void **state)
{
	struct turn_policy *p = NULL;
	mem_fail_after(0);
	int r = turn_policy_new(NULL, 0, NULL, 0, NULL, 0, &p);
	mem_fail_never();
	assert_int_equal(r, -ENOMEM);
	assert_null(p);
	assert_null(turn_policy_free(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(never_opens_some),
		cmocka_unit_test(opens_what_it_is_told),
		cmocka_unit_test(an_opened_encoding_excuses_nothing_inside),
		cmocka_unit_test(own_addresses_stay_refused_when_opened),
		cmocka_unit_test(a_relayed_address_may_be_one_of_ours),
		cmocka_unit_test(fails_without_memory),
	};
	return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
