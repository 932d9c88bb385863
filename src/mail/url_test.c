#include "mail/mail.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void good(void **state)
{
	static const struct {
		const char *url;
		bool loopback;
	} cases[] = {
		{"smtp://mail.example.org", false},  {"smtp://mail.example.org:587", false},
		{"smtps://mail.example.org", false}, {"smtps://192.0.2.1:465", false},
		{"smtp://[2001:db8::1]:587", false}, {"smtp://localhost", true},
		{"smtp://127.0.0.1:25", true},       {"smtps://[::1]:1", true},
		{"smtp://localhost.example", false}, {"smtp://local", false},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		bool loopback = !cases[i].loopback;
		assert_int_equal(mail_url_check(cases[i].url, &loopback), 0);
		assert_int_equal(loopback, cases[i].loopback);
		assert_int_equal(mail_url_check(cases[i].url, NULL), 0);
	}
}

static void bad(void **state)
{
	static const char *const cases[] = {
		"",
		"mail.example.org",
		"http://mail.example.org",
		"file:///etc/passwd",
		"smtp:mail.example.org",
		"smtp://",
		"smtp://:25",
		"smtp://host:",
		"smtp://host:0",
		"smtp://host:65536",
		"smtp://host:25x",
		"smtp://host:-1",
		"smtp://host/",
		"smtp://host/helo",
		"smtp://host?x",
		"smtp://host#x",
		"smtp://user:secret@host",
		"smtp://user@host:25",
		"smtp://ho st",
		"smtp://host\r\nRCPT",
		"smtp://h\xC3\xB6st",
		"smtp://[::1",
		"smtp://[]",
		"smtp://[::1]x",
		"smtp://[::1%25lo]:25",
		"SMTP://host",
	};
	bool loopback = true;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		if (mail_url_check(cases[i], &loopback) != -EINVAL)
			fail_msg("taken: %s", cases[i]);
	}
	assert_true(loopback);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good),
		cmocka_unit_test(bad),
	};
	return cmocka_run_group_tests_name("mail-url", tests, NULL, NULL);
}
