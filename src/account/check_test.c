/* What needs no database: checks of what people give, hashes, sealing, the words for browsers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "account/inside.h"

#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static struct accounts *a;
static struct account_fault fault;

static int open_accounts(void **state)
{
	struct accounts_params p = {
		.password_min = 8,
		.hash_ops = crypto_pwhash_OPSLIMIT_MIN,
		.hash_bytes = crypto_pwhash_MEMLIMIT_MIN,
		.rand = rand_bytes,
	};
	memset(p.key, 7, sizeof(p.key));
	log_set_level(LOG_OFF);
	return accounts_new(&p, &a);
}

static int close_accounts(void **state)
{
	a = accounts_free(a);
	return a != NULL;
}

/* ---- passwords ---- */

static void passwords_that_are_taken(void **state)
{
	static const char *const good[] = {"eight chr",
					   "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f",
					   "correct horse battery", "        x", "ada@example.com"};
	char longest[ACCOUNT_PASSWORD_BYTES + 2];
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_int_equal(account_password_check(a, good[i], "ada@example.org", &fault), 0);
	memset(longest, 'x', sizeof(longest));
	longest[0] = 'y';
	longest[ACCOUNT_PASSWORD_BYTES + 1] = '\0';
	assert_int_equal(account_password_check(a, longest, NULL, &fault), ACCOUNT_E_FIELD);
	longest[ACCOUNT_PASSWORD_BYTES] = '\0';
	assert_int_equal(account_password_check(a, longest, NULL, &fault), 0);
}

static void passwords_that_are_not(void **state)
{
	static const char *const bad[] = {"",
					  "seven77",
					  "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f",
					  "password",
					  "PASSWORD1",
					  "12345678",
					  "aaaaaaaaaaaa",
					  "tab\tinside it",
					  "nul\x7f in here",
					  "c1 \xc2\x85 control",
					  "\xc0\x80 overlong",
					  "half \xe2\x82",
					  "Ada@Example.org"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(account_password_check(a, bad[i], "ada@example.org", &fault),
				 ACCOUNT_E_FIELD);
		assert_string_equal(fault.field, "password");
	}
}

static void hashes(void **state)
{
	char one[ACCOUNT_PASSWORD_HASH], two[ACCOUNT_PASSWORD_HASH], longest[ACCOUNT_PASSWORD_BYTES + 2];
	assert_int_equal(account_password_hash(a, "secret word", one), 0);
	assert_int_equal(account_password_hash(a, "secret word", two), 0);
	assert_string_not_equal(one, two);
	assert_int_equal(strncmp(one, "$argon2id$", 10), 0);
	assert_int_equal(account_password_verify(a, one, "secret word"), 0);
	assert_int_equal(account_password_verify(a, one, "secret wore"), ACCOUNT_E_CREDENTIALS);
	assert_int_equal(account_password_verify(a, one, NULL), ACCOUNT_E_CREDENTIALS);
	assert_int_equal(account_password_verify(a, "", "secret word"), ACCOUNT_E_CREDENTIALS);
	assert_int_equal(account_password_verify(a, NULL, "secret word"), ACCOUNT_E_CREDENTIALS);
	assert_int_equal(account_password_verify(a, "", ""), ACCOUNT_E_CREDENTIALS);
	memset(longest, 'x', sizeof(longest));
	longest[ACCOUNT_PASSWORD_BYTES + 1] = '\0';
	char first[ACCOUNT_PASSWORD_BYTES + 1];
	(void)snprintf(first, sizeof(first), "%.*s", ACCOUNT_PASSWORD_BYTES, longest);
	assert_int_equal(account_password_hash(a, first, one), 0);
	assert_int_equal(account_password_verify(a, one, first), 0);
	assert_int_equal(account_password_verify(a, one, longest), ACCOUNT_E_CREDENTIALS);
}

/* Under AddressSanitizer, too, an allocation may fail. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

/* No room for what argon2id needs: nobody knows whether the password is right. */
static void no_memory_is_not_a_wrong_password(void **state)
{
	char hash[crypto_pwhash_STRBYTES];
	struct rlimit before, none;
	assert_int_equal(crypto_pwhash_str(hash, "secret word", 11, 1, 64 << 20), 0);
	assert_int_equal(account_password_verify(a, hash, "secret word"), 0);
	assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
	none = (struct rlimit){.rlim_cur = 1 << 20, .rlim_max = before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_AS, &none), 0);
	int right = account_password_verify(a, hash, "secret word");
	int wrong = account_password_verify(a, hash, "secret wore");
	assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
	assert_int_equal(right, -ENOMEM);
	assert_int_equal(wrong, -ENOMEM);
	assert_int_equal(account_password_verify(a, "$argon2id$ but broken", "secret word"), -EIO);
}

/* ---- names, addresses, languages ---- */

static void languages(void **state)
{
	static const char *const good[] = {"en", "de", "pt-BR", "zh-Hant-TW", "gsw", "es-419"};
	static const char *const bad[] = {"e",
					  "en-",
					  "-en",
					  "en--US",
					  "en_US",
					  "deutsch",
					  "e1",
					  "en-123456789",
					  "en US",
					  "zh-Hant-TW-x-abcd",
					  "\xc3\xa4\xc3\xb6"};
	char out[ACCOUNT_LANGUAGE_MAX + 1];
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_int_equal(account_check_language(good[i], out, &fault), 0);
		assert_string_equal(out, good[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(account_check_language(bad[i], out, &fault), ACCOUNT_E_FIELD);
	assert_int_equal(account_check_language(NULL, out, &fault), 0);
	assert_string_equal(out, "");
}

static void addresses(void **state)
{
	char out[ACCOUNT_EMAIL_MAX + 1], email[300];
	assert_int_equal(account_check_email("A.b+C@Sub.Example.ORG", out, &fault), 0);
	assert_string_equal(out, "a.b+c@sub.example.org");
	/* 64 before the @, 254 in all. */
	int n = snprintf(email, sizeof(email), "%064d@", 0);
	while (n < 252 - 60)
		n += snprintf(email + n, sizeof(email) - (size_t)n, "%050d.", 0);
	n += snprintf(email + n, sizeof(email) - (size_t)n, "%0*d.org", ACCOUNT_EMAIL_MAX - n - 4, 0);
	assert_int_equal(n, ACCOUNT_EMAIL_MAX);
	assert_int_equal(account_check_email(email, out, &fault), 0);
	memmove(email + 70, email + 69, (size_t)n - 69 + 1);
	assert_int_equal(account_check_email(email, out, &fault), ACCOUNT_E_FIELD);
}

static void names_in_lower_case(void **state)
{
	static const struct {
		const char *name, *key;
	} cases[] = {
		{"Ada Lovelace 42", "ada lovelace 42"},
		{"\xc3\x84\xc3\x96\xc3\x9c\xc3\x9f \xc3\x97 \xc3\x9e",
		 "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f \xc3\x97 \xc3\xbe"},
		{"\xc5\x81\xc3\xb3\xc5\x9a\xc5\xbb\xc4\x8c", "\xc5\x82\xc3\xb3\xc5\x9b\xc5\xbc\xc4\x8d"},
		{"\xce\x91\xce\xa9", "\xce\xb1\xcf\x89"},
		{"\xd0\x96\xd0\x81\xd0\xaf", "\xd0\xb6\xd1\x91\xd1\x8f"},
		{"\xe4\xb8\xad\xe6\x96\x87 \xf0\x9f\x98\x80", "\xe4\xb8\xad\xe6\x96\x87 \xf0\x9f\x98\x80"},
	};
	char key[ACCOUNT_NAME_BYTES + 1];
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		account_name_key(cases[i].name, key);
		assert_string_equal(key, cases[i].key);
		assert_int_equal(strlen(key), strlen(cases[i].name));
	}
}

static void a_name_with_much_space_around_it(void **state)
{
	char out[ACCOUNT_NAME_BYTES + 1], name[800];
	(void)snprintf(name, sizeof(name), "%300s%300s", "Ada", "");
	assert_int_equal(account_check_name(name, out, &fault), 0);
	assert_string_equal(out, "Ada");
	(void)snprintf(name, sizeof(name), "%400s%300s", "Ada", "");
	assert_int_equal(account_check_name(name, out, &fault), ACCOUNT_E_FIELD);
	(void)snprintf(name, sizeof(name), "%400s", "");
	assert_int_equal(account_check_name(name, out, &fault), ACCOUNT_E_FIELD);
}

/* ---- sealing ---- */

static void sealed_and_opened(void **state)
{
	static const uint8_t data[] = "some bytes\0and more";
	char *one, *two, *back;
	size_t n;
	assert_int_equal(account_seal(a, "mail", data, sizeof(data), &one), 0);
	assert_int_equal(account_seal(a, "mail", data, sizeof(data), &two), 0);
	assert_string_not_equal(one, two);
	assert_int_equal(account_unseal(a, "mail", one, strlen(one), &back, &n), 0);
	assert_int_equal(n, sizeof(data));
	assert_memory_equal(back, data, n);
	mem_free(back);
	assert_int_equal(account_unseal(a, "token", one, strlen(one), &back, &n), -EIO);
	mem_free(one);
	mem_free(two);
	assert_int_equal(account_seal(a, "mail", "", 0, &one), 0);
	assert_int_equal(account_unseal(a, "mail", one, strlen(one), &back, &n), 0);
	assert_int_equal(n, 0);
	mem_free(back);
	mem_free(one);
}

static void what_was_sealed_otherwise_does_not_open(void **state)
{
	static const char *const bad[] = {"", "A", "AAAA", "not base64!",
					  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
					  "AAAAAAAAAAAAAAAAAAAAAAAA"};
	char *text, *back;
	size_t n;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(account_unseal(a, "mail", bad[i], strlen(bad[i]), &back, &n), -EIO);
	assert_int_equal(account_seal(a, "mail", "text", 4, &text), 0);
	for (size_t i = 0; i < strlen(text); i++) {
		char old = text[i];
		text[i] = old == 'A' ? 'Q' : 'A';
		assert_int_equal(account_unseal(a, "mail", text, strlen(text), &back, &n), -EIO);
		text[i] = old;
	}
	json_t *object;
	assert_int_equal(account_unseal_json(a, "mail", text, strlen(text), &object), -EIO);
	a->p.key[0] ^= 1;
	assert_int_equal(account_unseal(a, "mail", text, strlen(text), &back, &n), -EIO);
	a->p.key[0] ^= 1;
	assert_int_equal(account_unseal(a, "mail", text, strlen(text), &back, &n), 0);
	mem_free(back);
	mem_free(text);
}

static void ids_and_tokens(void **state)
{
	char id[ACCOUNT_ID_LEN + 1], token[ACCOUNT_TOKEN_LEN + 1], hash[ACCOUNT_HASH_LEN + 1];
	account_id_new(a, id);
	assert_true(account_id_ok(id));
	assert_false(account_id_ok(""));
	assert_false(account_id_ok("000000000000000"));
	assert_false(account_id_ok("00000000000000000"));
	assert_false(account_id_ok("000000000000000A"));
	account_token_new(a, token);
	assert_int_equal(strlen(token), ACCOUNT_TOKEN_LEN);
	/* BLAKE2b-256 of "abc", by another implementation. */
	account_token_hash("abc", hash);
	assert_string_equal(hash, "vd2BPGNCOXIxce8_7phXm5SWTjuxyz5CcmLIwGjVIxk");
}

/* ---- browsers ---- */

static void what_browsers_are_called(void **state)
{
	static const struct {
		const char *header, *words;
	} cases[] = {
		{"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
		 "Firefox on Linux"},
		{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
		 "Chrome/126.0.0.0 "
		 "Safari/537.36 Edg/126.0.0.0",
		 "Edge on Windows"},
		{"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
		 "Version/17.5 "
		 "Safari/605.1.15",
		 "Safari on macOS"},
		{"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
		 "Gecko) "
		 "CriOS/126.0 Mobile/15E148 Safari/604.1",
		 "Chrome on iPhone"},
		{"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 "
		 "Mobile "
		 "Safari/537.36",
		 "Chrome on Android"},
		{"curl/7.88.1", "curl"},
		{"Linux <script>alert(1)</script>", "A browser on Linux"},
		{"<script>", "Unknown"},
		{"", "Unknown"},
		{NULL, "Unknown"},
	};
	char out[ACCOUNT_CLIENT_MAX];
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		account_client_software(cases[i].header, out);
		assert_string_equal(out, cases[i].words);
	}
}

/* ---- the object itself ---- */

static void without_memory(void **state)
{
	struct accounts_params p = a->p;
	struct accounts *other = NULL;
	int failures = 0, rc;
	do {
		mem_fail_after((uint64_t)failures);
		rc = accounts_new(&p, &other);
		mem_fail_never();
		assert_true(rc == 0 || (rc == -ENOMEM && !other));
	} while (rc && ++failures < 10);
	assert_int_equal(failures, 2);
	assert_null(accounts_free(other));
	assert_null(accounts_free(NULL));
	/* More than there is to hash with. */
	other = NULL;
	p.hash_bytes = SIZE_MAX / 2;
	assert_int_equal(accounts_new(&p, &other), -ENOMEM);
	assert_null(other);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(passwords_that_are_taken),
		cmocka_unit_test(passwords_that_are_not),
		cmocka_unit_test(hashes),
		cmocka_unit_test(no_memory_is_not_a_wrong_password),
		cmocka_unit_test(languages),
		cmocka_unit_test(addresses),
		cmocka_unit_test(names_in_lower_case),
		cmocka_unit_test(a_name_with_much_space_around_it),
		cmocka_unit_test(sealed_and_opened),
		cmocka_unit_test(what_was_sealed_otherwise_does_not_open),
		cmocka_unit_test(ids_and_tokens),
		cmocka_unit_test(what_browsers_are_called),
		cmocka_unit_test(without_memory),
	};
	return cmocka_run_group_tests_name("checks", tests, open_accounts, close_accounts);
}
