/* Origins: their form, and whose pages may connect. */
#include "app/origin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void urls_become_origins(void **state)
{
	(void)state;
	static const char *const good[][2] = {
		{"https://Meet.Example.org", "https://meet.example.org"},
		{"https://meet.example.org/", "https://meet.example.org"},
		{"https://meet.example.org:443", "https://meet.example.org"},
		{"http://a:80", "http://a"},
		{"http://a:443", "http://a:443"},
		{"https://a:8443", "https://a:8443"},
		{"http://[::1]:8080", "http://[::1]:8080"},
		{"https://[2001:DB8::1]", "https://[2001:db8::1]"},
	};
	char out[ORIGIN_MAX];
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_int_equal(origin_of_url(good[i][0], out), 0);
		assert_string_equal(out, good[i][1]);
	}
	static const char *const bad[] = {
		"",
		"a",
		"ftp://a",
		"https://",
		"https:///",
		"https://a/b",
		"https://a:0",
		"https://a:",
		"https://a:x",
		"https://a:65536",
		"https://a b",
		"https://u@a",
		"https://[::1",
		"https://a?b",
		"https://a#b",
		"https://a//",
	};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		if (origin_of_url(bad[i], out) == 0)
			fail_msg("%s was taken", bad[i]);
	}
}

static void only_the_public_origin_counts_where_there_is_one(void **state)
{
	(void)state;
	struct origin_policy p = {.public_origin = "https://meet.example.org"};
	assert_true(origin_allowed(&p, "https://meet.example.org", "meet.example.org", true));
	/* Behind a proxy the Host may be anything; the page's origin is what counts. */
	assert_true(origin_allowed(&p, "https://meet.example.org", "10.0.0.1:8080", false));
	static const char *const foreign[] = {
		"http://meet.example.org",
		"https://meet.example.org:8443",
		"https://meet.example.org.evil.example",
		"https://evil.example",
		"null",
		"http://localhost:8080",
		"",
		"https://MEET.example.org",
	};
	for (size_t i = 0; i < ARRAY_LEN(foreign); i++)
		assert_false(origin_allowed(&p, foreign[i], "meet.example.org", true));
	assert_false(origin_allowed(&p, NULL, "meet.example.org", true));
}

static void without_public_url_this_machine_counts(void **state)
{
	(void)state;
	struct origin_policy p = {.public_origin = ""};
	assert_true(origin_allowed(&p, "http://localhost:8080", "localhost:8080", false));
	assert_true(origin_allowed(&p, "http://127.0.0.1:8080", "127.0.0.1:8080", false));
	assert_true(origin_allowed(&p, "https://[::1]:8443", "[::1]:8443", true));
	char name[128];
	char host[144];
	char origin[ORIGIN_MAX];
	assert_int_equal(gethostname(name, sizeof(name)), 0);
	(void)snprintf(host, sizeof(host), "%s:8443", name);
	(void)snprintf(origin, sizeof(origin), "https://%s", host);
	for (char *c = origin; *c; c++)
		*c = *c >= 'A' && *c <= 'Z' ? (char)(*c + 32) : *c;
	assert_true(origin_allowed(&p, origin, host, true));
}

static void without_public_url_others_do_not(void **state)
{
	(void)state;
	struct origin_policy p = {.public_origin = ""};
	/* DNS rebinding: the attacker's own name, pointed at us, is both Host and Origin. */
	assert_false(origin_allowed(&p, "http://evil.example:8080", "evil.example:8080", false));
	assert_false(origin_allowed(&p, "http://localhost.evil.example", "localhost.evil.example", false));
	/* Another port or scheme of the same machine is another origin. */
	assert_false(origin_allowed(&p, "http://localhost:9090", "localhost:8080", false));
	assert_false(origin_allowed(&p, "https://localhost:8080", "localhost:8080", false));
	assert_false(origin_allowed(&p, "http://127.0.0.1:8080", "localhost:8080", false));
	assert_false(origin_allowed(&p, "null", "localhost:8080", false));
	assert_false(origin_allowed(&p, NULL, "localhost:8080", false));
	assert_false(origin_allowed(&p, "http://localhost", NULL, false));
	assert_false(origin_allowed(&p, "http://8.8.8.8", "8.8.8.8", false));
}

static void redirects_keep_the_host_and_change_the_port(void **state)
{
	(void)state;
	char out[ORIGIN_MAX];
	origin_with_port("localhost:8080", 8443, out);
	assert_string_equal(out, "https://localhost:8443");
	origin_with_port("[::1]:8080", 443, out);
	assert_string_equal(out, "https://[::1]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urls_become_origins),
		cmocka_unit_test(only_the_public_origin_counts_where_there_is_one),
		cmocka_unit_test(without_public_url_this_machine_counts),
		cmocka_unit_test(without_public_url_others_do_not),
		cmocka_unit_test(redirects_keep_the_host_and_change_the_port),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
