/* Whom a proxy speaks for, and that nobody else is believed. */
#include "app/proxy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void the_client_is_the_first_that_no_trusted_proxy_wrote(void **state)
{
	(void)state;
	static char loopback[] = "127.0.0.1";
	static char inner[] = "10.0.0.0/8";
	static char six[] = "fd00::/8";
	char *items[] = {loopback, inner, six};
	const struct config_list proxies = {.items = items, .count = 3};
	static const struct {
		const char *peer, *header, *client;
	} cases[] = {
		{"127.0.0.1", "192.0.2.7", "192.0.2.7"},
		{"127.0.0.1", "203.0.113.9, 192.0.2.7", "192.0.2.7"},
		{"127.0.0.1", "192.0.2.7, 10.1.2.3", "192.0.2.7"},
		{"127.0.0.1", "192.0.2.7,10.1.2.3 , ", "192.0.2.7"},
		{"127.0.0.1", "2001:db8::7", "2001:db8::7"},
		{"127.0.0.1", "[2001:db8::7]:443", "2001:db8::7"},
		{"127.0.0.1", "192.0.2.7:1234", "192.0.2.7"},
		{"fd00::1", "192.0.2.7", "192.0.2.7"},
		{"127.0.0.1", NULL, "127.0.0.1"},
		{"127.0.0.1", "", "127.0.0.1"},
		{"127.0.0.1", "unknown", "127.0.0.1"},
		{"127.0.0.1", "192.0.2.7, nonsense, 10.1.2.3", "10.1.2.3"},
		{"127.0.0.1", "*", "127.0.0.1"},
		{"127.0.0.1", "10.1.2.3", "10.1.2.3"},
		/* Anybody else's word is nothing. */
		{"192.0.2.66", "192.0.2.7", "192.0.2.66"},
		{"192.0.2.66", "127.0.0.1", "192.0.2.66"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct addr peer;
		char text[ADDR_TEXT_MAX];
		assert_int_equal(addr_parse(&peer, cases[i].peer, 1), 0);
		struct addr client = proxy_client(&proxies, &peer, cases[i].header);
		assert_string_equal(addr_format_ip(&client, text), cases[i].client);
	}
}

static void without_proxies_nobody_is_believed(void **state)
{
	(void)state;
	const struct config_list none = {0};
	struct addr peer;
	assert_int_equal(addr_parse(&peer, "127.0.0.1", 1), 0);
	struct addr client = proxy_client(&none, &peer, "192.0.2.7");
	assert_true(addr_equal(&client, &peer));
	assert_false(proxy_is_trusted(&none, &peer));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_client_is_the_first_that_no_trusted_proxy_wrote),
		cmocka_unit_test(without_proxies_nobody_is_believed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
