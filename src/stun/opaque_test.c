#include "stun/opaque.h"
#include "stun/testing.h"

#include <errno.h>

static void assert_becomes(const char *in, const char *want)
{
	char out[64];
	assert_int_equal(stun_opaque_string(in, strlen(in), out, sizeof(out)), strlen(want));
	assert_string_equal(out, want);
}

static void assert_refused(const char *in, size_t n)
{
	char out[64] = "untouched";
	assert_int_equal(stun_opaque_string(in, n, out, sizeof(out)), -EINVAL);
	assert_string_equal(out, "untouched");
}

static void keeps_what_is_fine(void **state)
{
	char ascii[96];
	for (int c = 0x20; c < 0x7F; c++)
		ascii[c - 0x20] = (char)c;
	char out[96];
	assert_int_equal(stun_opaque_string(ascii, 95, out, sizeof(out)), 95);
	assert_memory_equal(out, ascii, 95);
	assert_int_equal(out[95], '\0');
	assert_becomes("  two  spaces ", "  two  spaces ");
	assert_becomes("\u30DE\u30C8\u30EA\u30C3\u30AF\u30B9", "\u30DE\u30C8\u30EA\u30C3\u30AF\u30B9");
	/* RFC 8265 §4.3: symbols are fine, and so is case. */
	assert_becomes("\u03C0\u00DF\u00E5", "\u03C0\u00DF\u00E5");
	assert_becomes("Jack of \u2666s", "Jack of \u2666s");
	assert_becomes("\U0001F600", "\U0001F600");
}

static void makes_every_space_ascii(void **state)
{
	static const char *const spaces[] = {"\u00A0", "\u1680", "\u2000", "\u200A",
					     "\u202F", "\u205F", "\u3000"};
	for (size_t i = 0; i < ARRAY_LEN(spaces); i++) {
		char in[16] = "a";
		strcat(in, spaces[i]);
		strcat(in, "b");
		assert_becomes(in, "a b");
	}
	/* RFC 8265 §4.3, the second example. */
	assert_becomes("foo\u1680bar", "foo bar");
	/* In place. */
	char in[] = "\u3000\u30DE\u3000x\u3000";
	assert_int_equal(stun_opaque_string(in, strlen(in), in, sizeof(in)), 7);
	assert_string_equal(in, " \u30DE x ");
}

static void refuses_what_nobody_can_see(void **state)
{
	static const char *const cases[] = {
		"",           "tab\t",        "\n",
		"\x7F",       "\xC2\x85",     "\u00AD",
		"a\u200Bb",   "a\u200Db",     "a\u200Fb",
		"a\u202Eb",   "a\u2060b",     "\uFEFFa",
		"\uFDD0",     "\uFFFE",       "\U0001FFFF",
		"\uE000",     "\U000E0041",   "\u1100",
		"\U00100000", "\uFE0F",       "\u2028",
		"\xC0\x80",   "\xED\xA0\x80", "\xFF",
		"\xE3\x83",   "ok\xE3",       "The\u00ADM\u00AAtr\u2168",
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_refused(cases[i], strlen(cases[i]));
	assert_refused("a\0b", 3);
}

static void minds_the_room(void **state)
{
	char out[5] = "abcd";
	assert_int_equal(stun_opaque_string("1234", 4, out, 4), -ENOBUFS);
	assert_int_equal(stun_opaque_string("1234", 4, out, 0), -ENOBUFS);
	assert_string_equal(out, "abcd");
	assert_int_equal(stun_opaque_string("1234", 4, out, 5), 4);
	assert_string_equal(out, "1234");
	/* What counts is the length afterwards. */
	assert_int_equal(stun_opaque_string("\u3000\u3000", 6, out, 3), 2);
	assert_string_equal(out, "  ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_what_is_fine),
		cmocka_unit_test(makes_every_space_ascii),
		cmocka_unit_test(refuses_what_nobody_can_see),
		cmocka_unit_test(minds_the_room),
	};
	return cmocka_run_group_tests_name("stun-opaque", tests, NULL, NULL);
}
