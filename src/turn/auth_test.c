/* Who may ask: the long-term mechanism step by step, credentials of both kinds, nonces, and Binding, which
 * anybody may. */
#include "stun/nonce_cookie.h"
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

static const struct turn_counters *counters(void)
{
	return turn_get_counters(k.server);
}

static void be_static(const char *name, const char *password)
{
	strcpy(c.username, name);
	strcpy(c.password, password);
}

static void challenge_is_short(void **state)
{
	struct stun_error e;
	uint32_t features;
	kit_begin(&c, STUN_ALLOCATE);
	assert_int_equal(kit_plain(&c), STUN_CODE_UNAUTHENTICATED);
	assert_int_equal(stun_read_error(&c.m, STUN_ATTR_ERROR_CODE, &e), 0);
	assert_int_equal(e.reason_bytes, 0);
	/* Header, code, realm, nonce, algorithms. */
	assert_int_equal(c.answer_len, 20 + 8 + 4 + 12 + 4 + 32 + 12);
	assert_int_equal(stun_nonce_cookie_read(c.nonce, strlen(c.nonce), &features), 0);
	/* Names of time-limited credentials cannot be looked up by their hash, so that is not offered. */
	assert_int_equal(features, STUN_FEATURE_PASSWORD_ALGORITHMS);
	assert_int_equal(counters()->auth_failures, 0);
}

static void both_integrities_and_both_algorithms(void **state)
{
	static const int algs[] = {0, STUN_PASSWORD_MD5, STUN_PASSWORD_SHA256};
	for (int mac = STUN_MAC_SHA1; mac <= STUN_MAC_SHA256; mac++) {
		for (size_t i = 0; i < ARRAY_LEN(algs); i++) {
			c.mac = (enum stun_mac)mac;
			c.alg = algs[i];
			assert_int_equal(kit_allocate(&c), 0);
			/* The kept key serves requests of another kind, too. */
			c.mac = mac == STUN_MAC_SHA1 ? STUN_MAC_SHA256 : STUN_MAC_SHA1;
			assert_int_equal(kit_refresh(&c, 700), 0);
			c.alg = algs[(i + 1) % ARRAY_LEN(algs)];
			assert_int_equal(kit_refresh(&c, 0), 0);
		}
	}
}

static void bad_passwords(void **state)
{
	uint8_t unknown_user[TURN_REPLY_MAX];
	c.password[0] ^= 1;
	assert_int_equal(kit_allocate(&c), STUN_CODE_UNAUTHENTICATED);
	assert_int_equal(counters()->auth_failures, 1);
	be_static("nobody", "builder");
	assert_int_equal(kit_allocate(&c), STUN_CODE_UNAUTHENTICATED);
	size_t n = c.answer_len;
	memcpy(unknown_user, c.answer, n);
	be_static("bob", "wrong");
	c.tid--;
	assert_int_equal(kit_allocate(&c), STUN_CODE_UNAUTHENTICATED);
	assert_int_equal(c.answer_len, n);
	assert_memory_equal(c.answer, unknown_user, n);
}

static void usernames_of_all_sorts(void **state)
{
	static const char *const names[] = {
		"",
		":",
		":alice",
		"1700000600",
		"1700000600:",
		"01700000600:alice",
		"+1700000600:alice",
		" 1700000600:alice",
		"1700000600:al ice",
		"99999999999999999999:alice",
		"1700000600:"
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	};
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		strcpy(c.username, names[i]);
		assert_int_equal(kit_allocate(&c), STUN_CODE_UNAUTHENTICATED);
	}
	strcpy(c.username, "1700000600:a\xFF");
	assert_int_equal(kit_allocate(&c), STUN_CODE_BAD_REQUEST);
}

static void any_of_the_secrets(void **state)
{
	static const char *const others[] = {"west"};
	kit_credential(&c, KIT_SECRET2, "alice", k.now.wall_s + 600);
	assert_int_equal(kit_allocate(&c), 0);
	/* Taken away, it makes no allocation any more; the live one is not asked. */
	assert_int_equal(turn_set_secrets(k.server, others, 1), 0);
	assert_int_equal(kit_refresh(&c, 600), 0);
	assert_int_equal(kit_refresh(&c, 0), 0);
	assert_int_equal(kit_allocate(&c), STUN_CODE_UNAUTHENTICATED);
	kit_credential(&c, "west", "alice", k.now.wall_s + 600);
	assert_int_equal(kit_allocate(&c), 0);
	static const char *const empty[] = {""};
	assert_int_equal(turn_set_secrets(k.server, empty, 1), -EINVAL);
}

static void expiry_is_for_allocate_alone(void **state)
{
	kit_advance(&k, 599000);
	kit_login(&c);
	assert_int_equal(kit_allocate(&c), 0);
	kit_advance(&k, 2000);
	assert_int_equal(kit_refresh(&c, 600), 0);
	assert_int_equal(kit_permit(&c, "8.8.8.8"), 0);
	assert_int_equal(kit_refresh(&c, 0), 0);
	assert_int_equal(kit_allocate(&c), STUN_CODE_UNAUTHENTICATED);
	assert_int_equal(kit_permit(&c, "8.8.8.8"), STUN_CODE_ALLOCATION_MISMATCH);
	kit_credential(&c, KIT_SECRET, "alice", k.now.wall_s);
	assert_int_equal(kit_allocate(&c), STUN_CODE_UNAUTHENTICATED);
	kit_credential(&c, KIT_SECRET, "alice", k.now.wall_s + 1);
	assert_int_equal(kit_allocate(&c), 0);
}

static void static_users(void **state)
{
	be_static("ada", "lovelace");
	assert_int_equal(kit_allocate(&c), 0);
	kit_advance(&k, 590000);
	kit_login(&c);
	c.by_hash = true;
	assert_int_equal(kit_refresh(&c, 0), 0);
	assert_int_equal(kit_allocate(&c), 0);
	assert_string_equal(kit_alloc(&c)->username, "ada");
	assert_int_equal(kit_refresh(&c, 0), 0);
	be_static("eve", "lovelace");
	assert_int_equal(kit_allocate(&c), STUN_CODE_UNAUTHENTICATED);
}

static void a_hash_of_a_limited_name(void **state)
{
	assert_int_equal(kit_allocate(&c), 0);
	c.by_hash = true;
	/* Of the allocation's own user it can be checked, of a new one not. */
	assert_int_equal(kit_refresh(&c, 0), 0);
	assert_int_equal(kit_allocate(&c), STUN_CODE_UNAUTHENTICATED);
}

static void the_same_username_throughout(void **state)
{
	assert_int_equal(kit_allocate(&c), 0);
	kit_credential(&c, KIT_SECRET, "bert", k.now.wall_s + 600);
	assert_int_equal(kit_refresh(&c, 0), STUN_CODE_WRONG_CREDENTIALS);
	assert_int_equal(kit_permit(&c, "8.8.8.8"), STUN_CODE_WRONG_CREDENTIALS);
	assert_int_equal(kit_bind(&c, 0x4000, "8.8.8.8:1"), STUN_CODE_WRONG_CREDENTIALS);
	assert_int_equal(kit_allocate(&c), STUN_CODE_WRONG_CREDENTIALS);
	c.password[0] ^= 1;
	assert_int_equal(kit_refresh(&c, 0), STUN_CODE_UNAUTHENTICATED);
	kit_credential(&c, KIT_SECRET, "alice", k.now.wall_s + 601);
	assert_int_equal(kit_refresh(&c, 0), STUN_CODE_WRONG_CREDENTIALS);
	assert_non_null(kit_alloc(&c));
}

static void nonces_grow_stale(void **state)
{
	kit_advance(&k, (uint64_t)TURN_NONCE_S * 1000);
	be_static("ada", "lovelace");
	assert_int_equal(kit_allocate(&c), 0);
	kit_advance(&k, 1000);
	assert_int_equal(kit_refresh(&c, 0), STUN_CODE_STALE_NONCE);
	assert_int_equal(counters()->stale_nonces, 1);
	struct stun_attr nonce;
	assert_int_equal(stun_read_text(&c.m, STUN_ATTR_NONCE, 127, &nonce), 0);
	memcpy(c.nonce, nonce.value, nonce.len);
	assert_int_equal(kit_refresh(&c, 0), 0);
	/* A wrong password is told first: who has no password learns nothing of nonces. */
	kit_advance(&k, 700000);
	c.password[0] ^= 1;
	assert_int_equal(kit_allocate(&c), STUN_CODE_UNAUTHENTICATED);
}

static void nonces_are_for_one_address(void **state)
{
	char good[sizeof(c.nonce)];
	strcpy(good, c.nonce);
	for (size_t i = 0; i < strlen(good); i++) {
		strcpy(c.nonce, good);
		c.nonce[i] = c.nonce[i] == 'A' ? 'B' : 'A';
		int r = kit_allocate(&c);
		/* The last symbol has 2 spare bits, which must be zero too. */
		if (r != STUN_CODE_STALE_NONCE)
			fail_msg("with symbol %zu changed: %d", i, r);
	}
	strcpy(c.nonce, "");
	kit_begin(&c, STUN_ALLOCATE);
	assert_int_equal(kit_ask(&c), STUN_CODE_STALE_NONCE);
	strcpy(c.nonce, good);
	addr_set_port(&c.from.client, 5001);
	assert_int_equal(kit_allocate(&c), STUN_CODE_STALE_NONCE);
	addr_set_port(&c.from.client, 5000);
	assert_int_equal(kit_allocate(&c), 0);
}

/* With MESSAGE-INTEGRITY, but not all that belongs to it. */
static int ask_without(uint16_t left_out)
{
	static const uint16_t types[] = {STUN_ATTR_USERNAME, STUN_ATTR_REALM, STUN_ATTR_NONCE};
	const char *values[] = {c.username, c.realm, c.nonce};
	struct stun_hmac h;
	kit_begin(&c, STUN_ALLOCATE);
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (types[i] != left_out)
			stun_build_bytes(&c.b, types[i], values[i], strlen(values[i]));
	stun_hmac_init(&h, STUN_MAC_SHA1, "x", 1);
	stun_build_integrity(&c.b, &h);
	return kit_plain(&c);
}

static void all_that_belongs_to_integrity(void **state)
{
	assert_int_equal(ask_without(STUN_ATTR_USERNAME), STUN_CODE_BAD_REQUEST);
	assert_int_equal(ask_without(STUN_ATTR_REALM), STUN_CODE_BAD_REQUEST);
	assert_int_equal(ask_without(STUN_ATTR_NONCE), STUN_CODE_BAD_REQUEST);
	assert_int_equal(ask_without(0), STUN_CODE_UNAUTHENTICATED);
	kit_begin(&c, STUN_ALLOCATE);
	stun_build_bytes(&c.b, STUN_ATTR_USERHASH, "short", 5);
	stun_build_text(&c.b, STUN_ATTR_REALM, c.realm);
	stun_build_text(&c.b, STUN_ATTR_NONCE, c.nonce);
	stun_build_bytes(&c.b, STUN_ATTR_MESSAGE_INTEGRITY, c.nonce, 20);
	assert_int_equal(kit_plain(&c), STUN_CODE_BAD_REQUEST);
}

static int ask_with_algorithms(const void *list, size_t n, const void *chosen, size_t m)
{
	kit_begin(&c, STUN_ALLOCATE);
	stun_build_transport(&c.b, 17);
	if (list)
		stun_build_bytes(&c.b, STUN_ATTR_PASSWORD_ALGORITHMS, list, n);
	if (chosen)
		stun_build_bytes(&c.b, STUN_ATTR_PASSWORD_ALGORITHM, chosen, m);
	return kit_ask(&c);
}

static void nobody_bids_down(void **state)
{
	static const char ours[] = "\0\2\0\0\0\1\0\0", md5[] = "\0\1\0\0", sha256[] = "\0\2\0\0";
	assert_int_equal(ask_with_algorithms(ours, 8, NULL, 0), STUN_CODE_BAD_REQUEST);
	assert_int_equal(ask_with_algorithms(NULL, 0, md5, 4), STUN_CODE_BAD_REQUEST);
	assert_int_equal(ask_with_algorithms(md5, 4, md5, 4), STUN_CODE_BAD_REQUEST);
	assert_int_equal(ask_with_algorithms("\0\1\0\0\0\2\0\0", 8, md5, 4), STUN_CODE_BAD_REQUEST);
	assert_int_equal(ask_with_algorithms(ours, 8, "\0\3\0\0", 4), STUN_CODE_BAD_REQUEST);
	assert_int_equal(ask_with_algorithms(ours, 8, "\0\1\0\1x\0\0\0", 8), STUN_CODE_BAD_REQUEST);
	/* Said to be hashed one way and hashed the other. */
	assert_int_equal(ask_with_algorithms(ours, 8, sha256, 4), STUN_CODE_UNAUTHENTICATED);
	assert_int_equal(ask_with_algorithms(ours, 8, md5, 4), 0);
}

static void unknown_attributes_come_after_proof(void **state)
{
	uint16_t type;
	size_t n;
	kit_begin(&c, STUN_ALLOCATE);
	stun_build_u32(&c.b, 0x7001, 0);
	assert_int_equal(kit_plain(&c), STUN_CODE_UNAUTHENTICATED);
	kit_begin(&c, STUN_ALLOCATE);
	stun_build_u32(&c.b, 0x7001, 0);
	assert_int_equal(kit_ask(&c), STUN_CODE_UNKNOWN_ATTRIBUTE);
	assert_int_equal(stun_read_unknown(&c.m, &type, 1, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(type, 0x7001);
	/* To who has proved himself, all of them. */
	uint16_t types[STUN_ATTRS_MAX];
	kit_begin(&c, STUN_REFRESH);
	for (uint16_t i = 0; i < 30; i++)
		stun_build_u32(&c.b, (uint16_t)(0x7000 + i), 1);
	assert_int_equal(kit_ask(&c), STUN_CODE_UNKNOWN_ATTRIBUTE);
	assert_int_equal(stun_read_unknown(&c.m, types, STUN_ATTRS_MAX, &n), 0);
	assert_int_equal(n, 30);
	assert_int_equal(types[29], 0x701D);
}

static void fingerprints_are_answered(void **state)
{
	c.fingerprint = true;
	kit_login(&c);
	assert_int_equal(kit_allocate(&c), 0);
	assert_int_equal(kit_permit(&c, "10.0.0.1"), STUN_CODE_FORBIDDEN);
}

static void secretless_servers_offer_userhash(void **state)
{
	uint32_t features;
	assert_int_equal(turn_set_secrets(k.server, NULL, 0), 0);
	kit_login(&c);
	assert_int_equal(stun_nonce_cookie_read(c.nonce, strlen(c.nonce), &features), 0);
	assert_int_equal(features, STUN_FEATURE_PASSWORD_ALGORITHMS | STUN_FEATURE_USERNAME_ANONYMITY);
	assert_int_equal(kit_allocate(&c), STUN_CODE_UNAUTHENTICATED);
	be_static("bob", "builder");
	c.by_hash = true;
	c.mac = STUN_MAC_SHA256;
	c.alg = STUN_PASSWORD_SHA256;
	assert_int_equal(kit_allocate(&c), 0);
}

static void configurations_that_do_not_fit(void **state)
{
	static const char long_name[200] = "";
	char name[130];
	struct turn_server *s = NULL;
	struct turn_user user = {"x", "y"};
	struct turn_params p = {.limits = k.limits,
				.ops = &k.ops,
				.arg = &k,
				.policy = k.policy,
				.users = &user,
				.n_users = 1,
				.rand = k.server->rand,
				.rand_arg = &k,
				.nonce_key = k.nonce_key};
	memset(name, 'n', sizeof(name));
	name[129] = '\0';
	p.realm = long_name;
	assert_int_equal(turn_new(&p, &s), -EINVAL);
	p.realm = name;
	assert_int_equal(turn_new(&p, &s), -EINVAL);
	p.realm = "r";
	user.name = name;
	assert_int_equal(turn_new(&p, &s), -EINVAL);
	user.name = "x";
	user.password = "";
	assert_int_equal(turn_new(&p, &s), -EINVAL);
	assert_null(s);
	assert_null(turn_free(NULL));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(challenge_is_short),
		TEST(both_integrities_and_both_algorithms),
		TEST(bad_passwords),
		TEST(usernames_of_all_sorts),
		TEST(any_of_the_secrets),
		TEST(expiry_is_for_allocate_alone),
		TEST(static_users),
		TEST(a_hash_of_a_limited_name),
		TEST(the_same_username_throughout),
		TEST(nonces_grow_stale),
		TEST(nonces_are_for_one_address),
		TEST(all_that_belongs_to_integrity),
		TEST(nobody_bids_down),
		TEST(unknown_attributes_come_after_proof),
		TEST(fingerprints_are_answered),
		TEST(secretless_servers_offer_userhash),
		TEST(configurations_that_do_not_fit),
	};
	return cmocka_run_group_tests_name("auth", tests, NULL, NULL);
}
