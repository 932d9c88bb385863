/* The cache of logins: fresh, stale, bounded, forgotten by account and session; and without memory. */
#include "app/login_cache.h"

#include "base/mem.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define FRESH_MS 1000

static struct login_cache *cache(size_t max)
{
	return login_cache_new(&(struct login_cache_params){
		.max = max, .fresh_ms = FRESH_MS, .hash_key = "0123456789abcde"});
}

static void put(struct login_cache *c, const char *token, const char *account, const char *session,
		uint64_t now_ms)
{
	struct account_login l = {.session.expires_us = 5000000};
	(void)snprintf(l.account.id, sizeof(l.account.id), "%s", account);
	(void)snprintf(l.session.id, sizeof(l.session.id), "%s", session);
	login_cache_put(c, token, &l, now_ms);
}

static bool has(struct login_cache *c, const char *token, uint64_t now_ms)
{
	return login_cache_find(c, token, now_ms, 0) != NULL;
}

static void knows_who_for_a_while(void **state)
{
	struct login_cache *c = cache(4);
	assert_null(login_cache_find(c, "t1", 0, 0));
	put(c, "t1", "ada", "s1", 100);
	assert_string_equal(login_cache_find(c, "t1", 100 + FRESH_MS - 1, 0)->account.id, "ada");
	assert_null(login_cache_find(c, "t1", 100 + FRESH_MS, 0));
	assert_string_equal(login_cache_find_stale(c, "t1", 0)->session.id, "s1");
	login_cache_free(c);
}

static void no_session_lives_longer_than_it_may(void **state)
{
	struct login_cache *c = cache(4);
	put(c, "t1", "ada", "s1", 100);
	assert_non_null(login_cache_find(c, "t1", 100, 4999999));
	assert_null(login_cache_find_stale(c, "t1", 5000000));
	assert_int_equal(login_cache_count(c), 0);
	login_cache_free(c);
}

static void the_least_used_gives_way(void **state)
{
	struct login_cache *c = cache(2);
	put(c, "t1", "ada", "s1", 0);
	put(c, "t2", "bob", "s2", 0);
	assert_true(has(c, "t1", 1));
	put(c, "t3", "eve", "s3", 0);
	assert_int_equal(login_cache_count(c), 2);
	assert_true(has(c, "t1", 1) && has(c, "t3", 1));
	assert_false(has(c, "t2", 1));
	login_cache_free(c);
}

static void what_is_put_again_replaces(void **state)
{
	struct login_cache *c = cache(2);
	put(c, "t1", "ada", "s1", 0);
	put(c, "t1", "bob", "s9", 50);
	assert_int_equal(login_cache_count(c), 1);
	assert_string_equal(login_cache_find(c, "t1", 60, 0)->account.id, "bob");
	login_cache_forget(c, "ada", NULL, NULL);
	assert_true(has(c, "t1", 60));
	login_cache_free(c);
}

static void forgets_all_one_or_the_others(void **state)
{
	static const struct {
		const char *session, *keep;
		bool left[4]; /* t1 (ada s1), t2 (ada s2), t3 (ada, an API token), t4 (bob s1) */
	} rows[] = {
		{NULL, NULL, {false, false, false, true}},
		{"s1", NULL, {false, true, true, true}},
		{NULL, "s1", {true, false, false, true}},
		{"none", NULL, {true, true, true, true}},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct login_cache *c = cache(8);
		put(c, "t1", "ada", "s1", 0);
		put(c, "t2", "ada", "s2", 0);
		put(c, "t3", "ada", "", 0);
		put(c, "t4", "bob", "s1", 0);
		uint64_t turn = login_cache_turn(c);
		login_cache_forget(c, "ada", rows[i].session, rows[i].keep);
		assert_true(login_cache_is_old(c, "ada", turn));
		assert_int_equal(has(c, "t1", 1), rows[i].left[0]);
		assert_int_equal(has(c, "t2", 1), rows[i].left[1]);
		assert_int_equal(has(c, "t3", 1), rows[i].left[2]);
		assert_int_equal(has(c, "t4", 1), rows[i].left[3]);
		login_cache_free(c);
	}
}

static void drops_a_token(void **state)
{
	struct login_cache *c = cache(8);
	put(c, "t1", "ada", "s1", 0);
	uint64_t turn = login_cache_turn(c);
	login_cache_drop(c, "t1");
	assert_false(has(c, "t1", 1));
	assert_true(login_cache_is_old(c, "ada", turn));
	login_cache_free(c);
}

static void forgetting_who_is_not_known_still_turns(void **state)
{
	struct login_cache *c = cache(8);
	uint64_t turn = login_cache_turn(c);
	login_cache_forget(c, "ada", NULL, NULL);
	assert_true(login_cache_is_old(c, "ada", turn));
	assert_false(login_cache_is_old(c, "ada", login_cache_turn(c)));
	login_cache_free(c);
}

/* Somebody who changes their name all the time keeps nobody else's lookups from being good. */
static void forgetting_one_leaves_what_is_asked_of_others(void **state)
{
	struct login_cache *c = cache(8);
	uint64_t turn = login_cache_turn(c);
	char name[16];
	size_t old = 0;
	for (int i = 0; i < 1000; i++)
		login_cache_forget(c, "ada", NULL, NULL);
	for (int i = 0; i < 1000; i++) {
		(void)snprintf(name, sizeof(name), "bob%d", i);
		old += login_cache_is_old(c, name, turn);
	}
	assert_true(old < 100);
	login_cache_free(c);
}

static void without_memory_nothing_is_remembered_and_nothing_breaks(void **state)
{
	for (uint64_t n = 0;; n++) {
		mem_fail_after(n);
		struct login_cache *c = cache(2);
		if (c) {
			put(c, "t1", "ada", "s1", 0);
			put(c, "t2", "ada", "s2", 0);
			put(c, "t3", "bob", "s3", 0);
			login_cache_forget(c, "ada", NULL, NULL);
		}
		bool hit = mem_fail_hit();
		mem_fail_never();
		assert_true(!c || login_cache_count(c) <= 1);
		login_cache_free(c);
		if (!hit)
			return;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_who_for_a_while),
		cmocka_unit_test(no_session_lives_longer_than_it_may),
		cmocka_unit_test(the_least_used_gives_way),
		cmocka_unit_test(what_is_put_again_replaces),
		cmocka_unit_test(forgets_all_one_or_the_others),
		cmocka_unit_test(drops_a_token),
		cmocka_unit_test(forgetting_who_is_not_known_still_turns),
		cmocka_unit_test(forgetting_one_leaves_what_is_asked_of_others),
		cmocka_unit_test(without_memory_nothing_is_remembered_and_nothing_breaks),
	};
	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
