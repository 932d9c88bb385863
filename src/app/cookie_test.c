/* Cookies: what is found, what is refused, and what is set. */
#include "app/cookie.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void finds_one_among_many(void **state)
{
	static const struct {
		const char *header;
		const char *value; /* NULL: refused with @rc */
		int rc;
	} rows[] = {
		{"parley=abc", "abc", 0},
		{"a=1; parley=abc; b=2", "abc", 0},
		{"a=1;parley=abc;b=2", "abc", 0},
		{"  parley=abc  ", "abc", 0},
		{"parley=", "", 0},
		{"parley=a=b", "a=b", 0},
		{"parley=abc; parley=abc", "abc", 0},
		{"parley=abc; parley=abd", NULL, -EINVAL},
		{"parley=abc; parley=", NULL, -EINVAL},
		{"parley=0123456789", NULL, -EINVAL},
		{"parley=a b", NULL, -EINVAL},
		{"parley=\"abc\"", NULL, -EINVAL},
		{"parley=a,b", NULL, -EINVAL},
		{"parley=a\\b", NULL, -EINVAL},
		{"parley=\xc3\xa4", NULL, -EINVAL},
		{"Parley=abc", NULL, -ENOENT},
		{"xparley=abc", NULL, -ENOENT},
		{"parleyx=abc", NULL, -ENOENT},
		{"parley", NULL, -ENOENT},
		{"__Host-parley=abc", NULL, -ENOENT},
		{"=abc; ;;", NULL, -ENOENT},
		{"", NULL, -ENOENT},
		{NULL, NULL, -ENOENT},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char out[8] = "before";
		assert_int_equal(cookie_find(rows[i].header, COOKIE_NAME_PLAIN, out, sizeof(out)),
				 rows[i].rc);
		assert_string_equal(out, rows[i].value ? rows[i].value : "before");
	}
}

static void sets_what_only_we_and_only_https_can_read(void **state)
{
	char out[COOKIE_MAX];
	cookie_set(true, "abc", 60, out);
	assert_string_equal(out, "__Host-parley=abc; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure");
	cookie_set(false, "abc", 60, out);
	assert_string_equal(out, "parley=abc; Path=/; Max-Age=60; HttpOnly; SameSite=Lax");
}

static void an_empty_one_is_gone_at_once(void **state)
{
	char out[COOKIE_MAX];
	cookie_set(true, "", 60, out);
	assert_string_equal(out, "__Host-parley=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_one_among_many),
		cmocka_unit_test(sets_what_only_we_and_only_https_can_read),
		cmocka_unit_test(an_empty_one_is_gone_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
