#include "base/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/un.h>

#include <cmocka.h>

static struct addr parsed(const char *text)
{
	struct addr a;
	int r = addr_parse(&a, text, 3478);
	if (r < 0)
		fail_msg("%s does not parse", text);
	return a;
}

static void parses_what_it_should(void **state)
{
	static const struct {
		const char *text;
		const char *shown;
	} cases[] = {
		{"1.2.3.4", "1.2.3.4:3478"},
		{"1.2.3.4:80", "1.2.3.4:80"},
		{"255.255.255.255:65535", "255.255.255.255:65535"},
		{"0.0.0.0:0", "0.0.0.0:0"},
		{"::1", "[::1]:3478"},
		{"[::1]", "[::1]:3478"},
		{"[::1]:80", "[::1]:80"},
		{"::", "[::]:3478"},
		{"2001:DB8:0:0::1", "[2001:db8::1]:3478"},
		{"[fe80::1%7]:80", "[fe80::1%7]:80"},
		{"fe80::1%lo", "[fe80::1%1]:3478"},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295",
		 "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295]:3478"},
		{"::ffff:1.2.3.4", "1.2.3.4:3478"},
		{"[::ffff:1.2.3.4]:80", "1.2.3.4:80"},
		{"64:ff9b::1.2.3.4", "[64:ff9b::102:304]:3478"},
		{"*", "[::]:3478"},
		{"*:80", "[::]:80"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char text[ADDR_TEXT_MAX];
		struct addr a = parsed(cases[i].text);
		assert_string_equal(addr_format(&a, text), cases[i].shown);
		assert_ptr_equal(addr_format(&a, text), text);
		/* What is shown means the same address. */
		struct addr again = parsed(text);
		assert_memory_equal(&a, &again, sizeof(a));
	}
}

static void refuses_the_rest_and_leaves_the_output(void **state)
{
	static const char *const cases[] = {
		"",
		" ",
		":",
		":80",
		"1.2.3",
		"1.2.3.4.5",
		"1.2.3.256",
		"1.2.3.4:",
		"1.2.3.4:65536",
		"1.2.3.4:-1",
		"1.2.3.4:+1",
		"1.2.3.4: 80",
		"1.2.3.4:80 ",
		" 1.2.3.4",
		"1.2.3.4:080",
		"1.2.3.4:99999999999999999999",
		"1.2.3.4:8a",
		"01.2.3.4",
		"0x7f.0.0.1",
		"127.1",
		"localhost",
		"localhost:80",
		"[1.2.3.4]",
		"[1.2.3.4]:80",
		"[::1",
		"::1]",
		"[]",
		"[]:80",
		"[::1]80",
		"[::1]:",
		"[::1]:65536",
		"[[::1]]",
		"[*]:80",
		"**",
		"*80",
		"*:",
		"*:x",
		":::",
		"1::2::3",
		"12345::",
		"::1%",
		"::1%0",
		"::1%no-such-interface",
		"1.2.3.4%1",
		"fe80::1%4294967296",
		"::1:80:",
		"g::1",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999:1111:2222:3333:4444:5555:6666:7777:8888:9999",
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct addr a, before;
		memset(&a, 0xA5, sizeof(a));
		memcpy(&before, &a, sizeof(a));
		if (addr_parse(&a, cases[i], 80) != -EINVAL)
			fail_msg("\"%s\" is not refused", cases[i]);
		assert_memory_equal(&a, &before, sizeof(a));
	}
}

static void comes_from_the_kernel(void **state)
{
	struct addr a;
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(1)};
	in.sin_addr.s_addr = htonl(0x01020304);
	assert_int_equal(addr_from_sockaddr(&a, (struct sockaddr *)&in), 0);
	struct addr want = parsed("1.2.3.4:1");
	assert_memory_equal(&a, &want, sizeof(a));
	assert_int_equal(addr_len(&a), sizeof(struct sockaddr_in));

	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(2), .sin6_flowinfo = 99};
	in6.sin6_addr.s6_addr[15] = 1;
	assert_int_equal(addr_from_sockaddr(&a, (struct sockaddr *)&in6), 0);
	want = parsed("[::1]:2");
	assert_memory_equal(&a, &want, sizeof(a));
	assert_int_equal(addr_len(&a), sizeof(struct sockaddr_in6));

	inet_pton(AF_INET6, "::ffff:9.8.7.6", &in6.sin6_addr);
	assert_int_equal(addr_from_sockaddr(&a, (struct sockaddr *)&in6), 0);
	want = parsed("9.8.7.6:2");
	assert_memory_equal(&a, &want, sizeof(a));

	struct sockaddr_un un = {.sun_family = AF_UNIX};
	assert_int_equal(addr_from_sockaddr(&a, (struct sockaddr *)&un), -EAFNOSUPPORT);
	assert_memory_equal(&a, &want, sizeof(a));
}

static void formats_the_address_alone(void **state)
{
	char text[ADDR_TEXT_MAX];
	struct addr a = parsed("1.2.3.4:80");
	assert_string_equal(addr_format_ip(&a, text), "1.2.3.4");
	a = parsed("[2001:db8::1]:80");
	assert_string_equal(addr_format_ip(&a, text), "2001:db8::1");
}

static void compares(void **state)
{
	static const struct {
		const char *a, *b;
		bool equal, same_ip;
	} cases[] = {
		{"1.2.3.4:1", "1.2.3.4:1", true, true},   {"1.2.3.4:1", "1.2.3.4:2", false, true},
		{"1.2.3.4:1", "1.2.3.5:1", false, false}, {"[::1]:1", "[::1]:1", true, true},
		{"[::1]:1", "[::1]:2", false, true},      {"[::1]:1", "[::2]:1", false, false},
		{"[::]:1", "0.0.0.0:1", false, false},    {"[::ffff:1.2.3.4]:1", "1.2.3.4:1", true, true},
		{"fe80::1%1", "fe80::1%2", false, false},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct addr a = parsed(cases[i].a), b = parsed(cases[i].b);
		assert_int_equal(addr_equal(&a, &b), cases[i].equal);
		assert_int_equal(addr_equal(&b, &a), cases[i].equal);
		assert_int_equal(addr_same_ip(&a, &b), cases[i].same_ip);
	}
}

static void gets_and_sets_ports(void **state)
{
	struct addr v4 = parsed("1.2.3.4:80"), v6 = parsed("[::1]:81");
	assert_int_equal(addr_port(&v4), 80);
	assert_int_equal(addr_port(&v6), 81);
	addr_set_port(&v4, 65535);
	addr_set_port(&v6, 0);
	assert_int_equal(addr_port(&v4), 65535);
	assert_int_equal(addr_port(&v6), 0);
}

static void knows_loopback(void **state)
{
	static const char *const yes[] = {"127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1"};
	static const char *const no[] = {"126.255.255.255", "128.0.0.1", "0.0.0.0", "::", "::2", "*",
					 "::127.0.0.1"};
	for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
		struct addr a = parsed(yes[i]);
		assert_true(addr_is_loopback(&a));
	}
	for (size_t i = 0; i < ARRAY_LEN(no); i++) {
		struct addr a = parsed(no[i]);
		assert_false(addr_is_loopback(&a));
	}
}

static void prefixes_group_what_one_subscriber_has(void **state)
{
	static const uint8_t v4_want[ADDR_PREFIX_BYTES] = {4, 1, 2, 3, 4};
	static const uint8_t v6_want[ADDR_PREFIX_BYTES] = {6, 0x20, 1, 0x0d, 0xb8, 0, 1, 0, 2};
	uint8_t a[ADDR_PREFIX_BYTES], b[ADDR_PREFIX_BYTES];
	struct addr v4 = parsed("1.2.3.4:80"), v6 = parsed("2001:db8:1:2:3:4:5:6"),
		    same = parsed("[2001:db8:1:2::]:9"), other = parsed("2001:db8:1:3:3:4:5:6");
	addr_prefix(&v4, a);
	assert_memory_equal(a, v4_want, sizeof(a));
	addr_prefix(&v6, a);
	assert_memory_equal(a, v6_want, sizeof(a));
	addr_prefix(&same, b);
	assert_memory_equal(a, b, sizeof(a));
	addr_prefix(&other, b);
	assert_memory_not_equal(a, b, sizeof(a));
}

static void ranges_hold_what_they_say(void **state)
{
	static const struct {
		const char *range, *inside, *outside;
	} cases[] = {
		{"10.0.0.0/8", "10.255.255.255", "11.0.0.0"},
		{"192.168.4.0/22", "192.168.7.255", "192.168.8.0"},
		{"127.0.0.1", "127.0.0.1", "127.0.0.2"},
		{"0.0.0.0/0", "255.255.255.255", "::"},
		{"fd00::/8", "fdff::1", "fe00::"},
		{"2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::"},
		{"::1", "::1", "::2"},
		{"::/0", "ffff::", "1.2.3.4"},
		{"::/0", "::1", "::ffff:1.2.3.4"},
		{"fd00::/128", "fd00::", "fd00::1"},
		{"10.1.2.3", "::ffff:10.1.2.3", "10.1.2.2"},
		/* Mapped IPv4 is IPv4, with the length counted as it is written. */
		{"::ffff:10.0.0.0/104", "10.255.0.1", "11.0.0.0"},
		{"::ffff:0:0/96", "255.1.2.3", "::1"},
		{"::ffff:10.1.2.3", "10.1.2.3", "10.1.2.2"},
		{"::FFFF:a01:203/128", "::ffff:10.1.2.3", "::a01:203"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct addr_range r;
		struct addr a;
		assert_int_equal(addr_range_parse(&r, cases[i].range), 0);
		assert_int_equal(addr_parse(&a, cases[i].inside, 80), 0);
		if (!addr_in_range(&a, &r))
			fail_msg("%s is not in %s", cases[i].inside, cases[i].range);
		assert_int_equal(addr_parse(&a, cases[i].outside, 80), 0);
		if (addr_in_range(&a, &r))
			fail_msg("%s is in %s", cases[i].outside, cases[i].range);
	}
}

static void range_is_refused(const char *text, int code)
{
	struct addr_range r;
	struct addr_range before;
	memset(&r, 0xA5, sizeof(r));
	memset(&before, 0xA5, sizeof(before));
	int rc = addr_range_parse(&r, text);
	if (rc != code)
		fail_msg("%s: %d, not %d", text, rc, code);
	assert_memory_equal(&r, &before, sizeof(r));
}

static void ranges_of_no_form_are_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"/",
		"/8",
		"*",
		"*/0",
		"10.0.0.0/33",
		"10.0.0.0/",
		"10.0.0.0/-1",
		"10.0.0.0/+8",
		"10.0.0.0/8x",
		"10.0.0.0/8 ",
		"10.0.0.0/ 8",
		"10.0.0.0/08",
		"10.0.0.0/1e1",
		"10.0.0.0/8/8",
		" 10.0.0.0/8",
		"10.0.0/8",
		"a/8",
		"1.2.3.4:80",
		"1.2.3.4:0",
		"1.2.3.4:0/8",
		"::/129",
		"[::1]/128",
		"[::1]",
		"fd00::1%lo",
		"fe80::%1/10",
		"fd00::/8/8",
		"10.0.0.0/4294967304",
		/* Not counted as IPv4 is, and beyond what is IPv4. */
		"::ffff:10.0.0.0/8",
		"::ffff:0:0/95",
		"::ffff:10.0.0.1/129",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999/8",
		"1111111111111111111111111111111111111111111111111111111111111111111111/8",
	};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		range_is_refused(bad[i], -EINVAL);
	assert_non_null(strstr(addr_range_wish(-EINVAL), "an address"));
}

static void ranges_with_bits_behind_are_refused(void **state)
{
	static const char *const bad[] = {"10.0.0.1/8", "10.0.0.1/0",          "192.168.4.0/21",
					  "0.0.0.1/31", "fd00::1/8",           "::1/127",
					  "fd80::/8",   "::ffff:10.0.0.1/104", "::ffff:10.0.0.0/96"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		range_is_refused(bad[i], -EDOM);
	assert_non_null(strstr(addr_range_wish(-EDOM), "bits"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses_what_it_should),
		cmocka_unit_test(refuses_the_rest_and_leaves_the_output),
		cmocka_unit_test(comes_from_the_kernel),
		cmocka_unit_test(formats_the_address_alone),
		cmocka_unit_test(compares),
		cmocka_unit_test(gets_and_sets_ports),
		cmocka_unit_test(knows_loopback),
		cmocka_unit_test(prefixes_group_what_one_subscriber_has),
		cmocka_unit_test(ranges_hold_what_they_say),
		cmocka_unit_test(ranges_of_no_form_are_refused),
		cmocka_unit_test(ranges_with_bits_behind_are_refused),
	};
	return cmocka_run_group_tests_name("addr", tests, NULL, NULL);
}
