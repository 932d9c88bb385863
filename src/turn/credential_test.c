#include "turn/credential.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/*
 * The passwords come from OpenSSL's command line tool, which shares no code with ours above the hash:
 *   printf %s "$username" | openssl dgst -sha1 -hmac "$secret" -binary | base64
 */
static const char secret_100[] = "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"
				 "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk";
static const struct {
	const char *secret, *user;
	uint64_t expires_s;
	const char *username, *password;
} vectors[] = {
	{"secret", "alice", 1700000000, "1700000000:alice", "d8soP47RbdIKLDUOpnJPVQyq5Ts="},
	{"north", "8f3kq0vw2mzt6yhn", 1893456000, "1893456000:8f3kq0vw2mzt6yhn",
	 "BFudPNCo21s1bfL28qli07JtXQo="},
	/* Longer than SHA-1's block, so HMAC hashes the key first (RFC 2104 §2). */
	{secret_100, "a", 0, "0:a", "gKbZzd3gFAwJD2UftEZzDlXMQKg="},
};

/* In turn, so that each must replace the key of the one before. */
static bool vectors_hold(void)
{
	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		struct turn_credential c;
		if (turn_credential_make(vectors[i].secret, vectors[i].user, vectors[i].expires_s, &c) != 0 ||
		    strcmp(c.username, vectors[i].username) != 0 ||
		    strcmp(c.password, vectors[i].password) != 0)
			return false;
	}
	return true;
}

static void agrees_with_openssl(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		struct turn_credential c;
		assert_int_equal(
			turn_credential_make(vectors[i].secret, vectors[i].user, vectors[i].expires_s, &c),
			0);
		assert_string_equal(c.username, vectors[i].username);
		assert_string_equal(c.password, vectors[i].password);
	}
}

static void is_refused(const char *secret, const char *user, uint64_t expires_s)
{
	struct turn_credential c, before;
	memset(&c, 0xA5, sizeof(c));
	memcpy(&before, &c, sizeof(c));
	if (turn_credential_make(secret, user, expires_s, &c) != -EINVAL)
		fail_msg("\"%s\" is not refused", user);
	assert_memory_equal(&c, &before, sizeof(c));
}

static void refuses_other_users_and_leaves_the_output(void **state)
{
	static const char *const users[] = {
		"",     "a:b",      "a b",   " a",    "a\n", "a/b", "a\\", "a@b",
		"a%41", "\xC3\xA9", "a\x7f", "a\x01", "[",   "`",   "{",
	};
	for (size_t i = 0; i < ARRAY_LEN(users); i++)
		is_refused("secret", users[i], 1700000000);
	is_refused("", "alice", 1700000000);
}

static void takes_every_allowed_character(void **state)
{
	struct turn_credential c;
	static const char user[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
	assert_int_equal(turn_credential_make("secret", user, 1, &c), 0);
	assert_string_equal(c.username,
			    "1:abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");
	assert_int_equal(strlen(c.password), TURN_PASSWORD_BYTES - 1);
}

static void bounds_the_username(void **state)
{
	struct turn_credential c;
	char user[TURN_USERNAME_MAX];
	/* "1:", the user and a NUL fill the field exactly; with one more digit they no longer fit. */
	memset(user, 'u', sizeof(user));
	user[TURN_USERNAME_MAX - 3] = '\0';
	assert_int_equal(turn_credential_make("secret", user, 9, &c), 0);
	assert_int_equal(strlen(c.username), TURN_USERNAME_MAX - 1);
	is_refused("secret", user, 10);
	is_refused("secret", user, UINT64_MAX);
	assert_int_equal(turn_credential_make("secret", "u", UINT64_MAX, &c), 0);
	assert_string_equal(c.username, "18446744073709551615:u");
}

#define THREADS 4

static void *check_vectors(void *arg)
{
	bool *ok = arg;
	*ok = true;
	for (int i = 0; i < 200; i++)
		*ok = *ok && vectors_hold();
	return NULL;
}

static void threads_do_not_disturb_each_other(void **state)
{
	pthread_t threads[THREADS];
	bool ok[THREADS] = {false};
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, check_vectors, &ok[i]), 0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	for (int i = 0; i < THREADS; i++)
		assert_true(ok[i]);
}

int main(void)
{
	/* The threads come first, so that they race for the set-up. */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_do_not_disturb_each_other),
		cmocka_unit_test(agrees_with_openssl),
		cmocka_unit_test(refuses_other_users_and_leaves_the_output),
		cmocka_unit_test(takes_every_allowed_character),
		cmocka_unit_test(bounds_the_username),
	};
	return cmocka_run_group_tests_name("credential", tests, NULL, NULL);
}
