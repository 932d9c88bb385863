#include "base/text.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool utf8(const char *s)
{
	return text_is_utf8((const uint8_t *)s, strlen(s));
}

/* Encodes by the book (RFC 3629 §3), without checks: to have surrogates and the like as bytes. */
static size_t encode(uint32_t cp, uint8_t *out)
{
	if (cp < 0x80) {
		out[0] = (uint8_t)cp;
		return 1;
	}
	size_t len = cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
	for (size_t i = len - 1; i > 0; i--, cp >>= 6)
		out[i] = (uint8_t)(0x80 | (cp & 0x3F));
	out[0] = (uint8_t)(0xF00 >> len | cp);
	return len;
}

static void utf8_every_code_point(void **state)
{
	for (uint32_t cp = 0; cp < 0x120000; cp++) {
		uint8_t s[4];
		uint32_t got = 0;
		size_t len = encode(cp, s);
		bool valid = cp <= 0x10FFFF && (cp < 0xD800 || cp > 0xDFFF);
		assert_int_equal(text_is_utf8(s, len), valid);
		assert_int_equal(text_next_char(s, len, &got), valid ? len : 0);
		assert_int_equal(got, valid ? cp : 0);
		/* Cut short, it is nothing. */
		if (len > 1)
			assert_false(text_is_utf8(s, len - 1));
	}
}

static void utf8_malformed(void **state)
{
	static const char *const cases[] = {
		"\x80",
		"\xBF",
		"\xC0\x80",
		"\xC1\xBF",
		"\xC2",
		"\xC2\x41",
		"\xE0\x80\x80",
		"\xE0\x9F\xBF",
		"\xE2\x82",
		"\xE2\x28\xA1",
		"\xE2\x82\x28",
		"\xED\xA0\x80",
		"\xED\xBF\xBF",
		"\xF0\x80\x80\x80",
		"\xF0\x8F\xBF\xBF",
		"\xF0\x9F\x98",
		"\xF4\x90\x80\x80",
		"\xF5\x80\x80\x80",
		"\xF8\x88\x80\x80\x80",
		"\xFE",
		"\xFF",
		"abcdefgh\x80",
		"abcdefghijklmno\xC3",
		"\xC3\xA9\xA9",
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (utf8(cases[i]))
			fail_msg("case %zu is taken for UTF-8", i);
}

static void utf8_well_formed(void **state)
{
	uint32_t cp = 77;
	assert_true(text_is_utf8(NULL, 0));
	assert_true(utf8("plain"));
	assert_true(utf8("exactly8exactly8"));
	assert_true(utf8("na\xC3\xAFve \xE2\x82\xAC \xF0\x9F\x98\x80 and then some ASCII text"));
	assert_true(text_is_utf8((const uint8_t *)"a\0b", 3));
	assert_int_equal(text_next_char((const uint8_t *)"x", 0, &cp), 0);
	assert_int_equal(cp, 77);
}

static void name_is(const char *in, const char *want)
{
	const char *start = NULL;
	size_t len = 0;
	if (text_clean_name(in, strlen(in), 40, 160, &start, &len) != 0)
		fail_msg("\"%s\" is refused", in);
	assert_int_equal(len, strlen(want));
	assert_memory_equal(start, want, len);
	assert_true(start >= in && start + len <= in + strlen(in));
}

static void names_trimmed(void **state)
{
	name_is("Ada", "Ada");
	name_is("  Ada Lovelace \t\r\n", "Ada Lovelace");
	name_is("\xC2\xA0\xE3\x80\x80\xE5\xB1\xB1\xE7\x94\xB0\xE3\x80\x80\xE5\xA4\xAA\xE9\x83\x8E\xE2\x80"
		"\xA8",
		"\xE5\xB1\xB1\xE7\x94\xB0\xE3\x80\x80\xE5\xA4\xAA\xE9\x83\x8E");
	name_is("x", "x");
	/* A family joined by ZWJ, a heart with its variation selector, Persian with ZWNJ. */
	name_is("\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x91\xA7",
		"\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x91\xA7");
	name_is("\xE2\x9D\xA4\xEF\xB8\x8F", "\xE2\x9D\xA4\xEF\xB8\x8F");
	name_is("\xD9\x85\xDB\x8C\xE2\x80\x8C\xD8\xAE", "\xD9\x85\xDB\x8C\xE2\x80\x8C\xD8\xAE");
	/* An ideographic variation sequence, as some Japanese names need. */
	name_is("\xE8\x91\x9B\xF3\xA0\x84\x80", "\xE8\x91\x9B\xF3\xA0\x84\x80");
	name_is("<b>&\"'", "<b>&\"'");
}

static bool accepted(const char *in, size_t n, size_t max_chars, size_t max_bytes)
{
	static const char sentinel[] = "";
	const char *start = sentinel;
	size_t len = 12345;
	int r = text_clean_name(in, n, max_chars, max_bytes, &start, &len);
	if (r == 0)
		return true;
	assert_int_equal(r, -EINVAL);
	assert_ptr_equal(start, sentinel);
	assert_int_equal(len, 12345);
	return false;
}

static void names_bounded(void **state)
{
	char long_name[200];
	memset(long_name, 'x', sizeof(long_name));
	assert_true(accepted(long_name, 40, 40, 160));
	assert_false(accepted(long_name, 41, 40, 160));
	assert_true(accepted(long_name, 160, 200, 160));
	assert_false(accepted(long_name, 161, 200, 160));
	/* What is trimmed away does not count. */
	memset(long_name + 40, ' ', 160);
	assert_true(accepted(long_name, 200, 40, 40));
	/* Code points count, not bytes. */
	assert_true(accepted("\xC3\xA9\xC3\xA9\xC3\xA9", 6, 3, 6));
	assert_false(accepted("\xC3\xA9\xC3\xA9\xC3\xA9", 6, 2, 6));
	assert_false(accepted("\xC3\xA9\xC3\xA9\xC3\xA9", 6, 3, 5));
}

static void names_that_look_empty(void **state)
{
	static const char *const cases[] = {
		"",
		" ",
		"\t\n",
		"\xC2\xA0",
		"\xE3\x80\x80",
		"\xE2\x80\x8D",
		"\xE2\x80\x8C \xE2\x80\x8D",
		"\xEF\xB8\x8F",
		"\xE2\xA0\x80",
		"\xF3\xA0\x84\x80",
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (accepted(cases[i], strlen(cases[i]), 40, 160))
			fail_msg("case %zu is accepted", i);
	assert_false(accepted("a\xFFz", 3, 40, 160));
	assert_false(accepted("a\0z", 3, 40, 160));
}

/* @cp between two letters, so that nothing is trimmed. */
static bool accepts_cp(uint32_t cp)
{
	char s[6] = "a";
	size_t n = 1 + encode(cp, (uint8_t *)s + 1);
	s[n++] = 'z';
	return accepted(s, n, 40, 160);
}

static void names_every_kind_of_character(void **state)
{
	static const uint32_t bad[] = {
		0x00,    0x01,    0x09,    0x0A,    0x0D,    0x1B,    0x1F,     0x7F,     0x80,
		0x85,    0x9F,    0xAD,    0x61C,   0x115F,  0x1160,  0x180E,   0x200B,   0x200E,
		0x200F,  0x2028,  0x2029,  0x202A,  0x202B,  0x202C,  0x202D,   0x202E,   0x2060,
		0x2061,  0x2064,  0x2066,  0x2067,  0x2068,  0x2069,  0x206A,   0x206F,   0x3164,
		0xD800,  0xDFFF,  0xE000,  0xF8FF,  0xFDD0,  0xFDEF,  0xFEFF,   0xFFA0,   0xFFF9,
		0xFFFB,  0xFFFE,  0xFFFF,  0x1FFFE, 0x1FFFF, 0x1D173, 0x3FFFF,  0x40000,  0xDFFFF,
		0xE0001, 0xE0020, 0xE007F, 0xE01F0, 0xF0000, 0xFFFFD, 0x100000, 0x10FFFF,
	};
	static const uint32_t good[] = {
		0x20,   0x7E,   0xA0,   0xAC,    0xAE,    0xE9,    0x300,   0x3B1,   0x430,   0x5D0,
		0x627,  0x600,  0x905,  0xE01,   0x1100,  0x1161,  0x180B,  0x200A,  0x200C,  0x200D,
		0x2010, 0x2027, 0x202F, 0x205F,  0x20AC,  0x3042,  0x4E00,  0xAC00,  0xFB01,  0xFE0F,
		0xFF21, 0xFFFC, 0xFFFD, 0x10000, 0x1F600, 0x1FAE8, 0x20000, 0x30000, 0xE0100, 0xE01EF,
	};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (accepts_cp(bad[i]))
			fail_msg("U+%04X is accepted", bad[i]);
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		if (!accepts_cp(good[i]))
			fail_msg("U+%04X is refused", good[i]);
}

static void compares_in_constant_time(void **state)
{
	assert_true(text_equal_consttime("abc", 3, "abc", 3));
	assert_true(text_equal_consttime("", 0, "", 0));
	assert_false(text_equal_consttime("abc", 3, "abd", 3));
	assert_false(text_equal_consttime("xbc", 3, "abc", 3));
	assert_false(text_equal_consttime("abc", 3, "abcd", 4));
	assert_false(text_equal_consttime("a\0b", 3, "a\0c", 3));
}

static void base32(void **state)
{
	static const uint8_t zero[3] = {0};
	static const uint8_t ones[5] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
	/* 00000 00001 00010 … 00111: the first eight symbols. And 11000 to 11111: the last eight. */
	static const uint8_t rising[5] = {0x00, 0x44, 0x32, 0x14, 0xC7};
	static const uint8_t last[5] = {0xC6, 0x75, 0xBE, 0x77, 0xDF};
	char out[21];
	text_base32(zero, 4, out);
	assert_string_equal(out, "0000");
	text_base32(ones, 8, out);
	assert_string_equal(out, "zzzzzzzz");
	text_base32(rising, 8, out);
	assert_string_equal(out, "01234567");
	text_base32(last, 8, out);
	assert_string_equal(out, "rstvwxyz");
	text_base32(rising, 3, out);
	assert_string_equal(out, "012");
	text_base32(NULL, 0, out);
	assert_string_equal(out, "");
}

/* RFC 4648 §10. */
static void base64_vectors(void **state)
{
	static const struct {
		const char *in, *base64, *base64url;
	} cases[] = {
		{"", "", ""},
		{"f", "Zg==", "Zg"},
		{"fo", "Zm8=", "Zm8"},
		{"foo", "Zm9v", "Zm9v"},
		{"foob", "Zm9vYg==", "Zm9vYg"},
		{"fooba", "Zm9vYmE=", "Zm9vYmE"},
		{"foobar", "Zm9vYmFy", "Zm9vYmFy"},
		{"\xfb\xff\xbf", "+/+/", "-_-_"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		size_t n = strlen(cases[i].in);
		uint8_t back[8] = {0};
		char out[16];
		text_base64((const uint8_t *)cases[i].in, n, out);
		assert_string_equal(out, cases[i].base64);
		text_base64url((const uint8_t *)cases[i].in, n, out);
		assert_string_equal(out, cases[i].base64url);
		assert_int_equal(strlen(out), TEXT_BASE64URL_LEN(n));
		assert_int_equal(text_unbase64url(out, strlen(out), back, sizeof(back)), n);
		assert_memory_equal(back, cases[i].in, n);
	}
}

static void unbase64url_is_strict(void **state)
{
	static const char *const cases[] = {
		"A",    "AAAAA", "Zg==", "Zg=", "Zm8=", "Zm9v\n", " Zm9v",
		"Zm+v", "Zm/v",  "Zh",   "Zn",  "Zm9",  "Zm-",    "Zm\xC3\xA9",
	};
	uint8_t out[16];
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		memset(out, 0xA5, sizeof(out));
		if (text_unbase64url(cases[i], strlen(cases[i]), out, sizeof(out)) != -EINVAL)
			fail_msg("\"%s\" is not refused", cases[i]);
		for (size_t k = 0; k < sizeof(out); k++)
			assert_int_equal(out[k], 0xA5);
	}
	assert_int_equal(text_unbase64url("Zm9v", 4, out, 3), 3);
	assert_int_equal(text_unbase64url("Zm9v", 4, out, 2), -EINVAL);
	assert_int_equal(text_unbase64url("Zm8", 3, out, 1), -EINVAL);
	assert_int_equal(text_unbase64url("", 0, out, 0), 0);
	assert_int_equal(text_unbase64url("Zm\0v", 4, out, 16), -EINVAL);
}

/* Of all texts of two symbols, those that decode are the ones that encoding gives: one for each byte. */
static void base64url_is_one_to_one(void **state)
{
	int decoded = 0;
	for (int a = 0; a < 256; a++)
		for (int b = 0; b < 256; b++) {
			char in[2] = {(char)a, (char)b}, again[4];
			uint8_t out;
			if (text_unbase64url(in, 2, &out, 1) != 1)
				continue;
			decoded++;
			text_base64url(&out, 1, again);
			assert_memory_equal(in, again, 2);
		}
	assert_int_equal(decoded, 256);
}

static bool email(const char *s)
{
	return text_email_ok(s, strlen(s));
}

static void email_addresses(void **state)
{
	static const char *const good[] = {
		"ada@example.org",      "a@b",   "A.B-c_d+tag@Mail.Example-1.org",
		"!#$%&'*/=?^`{|}~@x.y", "0@0.0", "a.b.c@xn--bcher-kva.example",
	};
	static const char *const bad[] = {
		"",
		"@",
		"ada",
		"@example.org",
		"ada@",
		".ada@example.org",
		"ada.@example.org",
		"a..b@example.org",
		"a b@example.org",
		"ada@exam ple.org",
		"ada@example..org",
		"ada@.example.org",
		"ada@example.org.",
		"ada@-a.org",
		"ada@a-.org",
		"ada@a_b.org",
		"a@b@c.org",
		"\"a b\"@example.org",
		"a(b)@example.org",
		"ada@[127.0.0.1]",
		"<ada@example.org>",
		"ada@example.org,bob@example.org",
		"ad\xC3\xA4@example.org",
		"ada@ex\xC3\xA4mple.org",
		"ada@example.org\r\nBcc: x@y",
		"ada\n@example.org",
		"ada\t@example.org",
		"ada@example.org ",
		" ada@example.org",
		"a\x7F@example.org",
		"a;b@example.org",
		"a\\b@example.org",
	};
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_true(email(good[i]));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		if (email(bad[i]))
			fail_msg("taken: %s", bad[i]);
	}
	assert_false(text_email_ok("a\0b@c.org", 9));
	assert_false(text_email_ok("ab@c.o\0g", 8));
}

/* @local and @domain bytes, in labels of 50. */
static bool email_of_size(size_t local, size_t domain)
{
	char s[512];
	memset(s, 'a', local);
	s[local] = '@';
	for (size_t i = 0; i < domain; i++)
		s[local + 1 + i] = i % 51 == 50 ? '.' : 'b';
	return text_email_ok(s, local + 1 + domain);
}

static void email_sizes(void **state)
{
	assert_true(email_of_size(64, 10));
	assert_false(email_of_size(65, 10));
	assert_true(email_of_size(64, 189)); /* 254 */
	assert_false(email_of_size(64, 190));
	assert_true(email("a@"
			  "123456789012345678901234567890123456789012345678901234567890123"));
	assert_false(email("a@"
			   "1234567890123456789012345678901234567890123456789012345678901234"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(utf8_every_code_point),
		cmocka_unit_test(utf8_malformed),
		cmocka_unit_test(utf8_well_formed),
		cmocka_unit_test(names_trimmed),
		cmocka_unit_test(names_bounded),
		cmocka_unit_test(names_that_look_empty),
		cmocka_unit_test(names_every_kind_of_character),
		cmocka_unit_test(email_addresses),
		cmocka_unit_test(email_sizes),
		cmocka_unit_test(compares_in_constant_time),
		cmocka_unit_test(base32),
		cmocka_unit_test(base64_vectors),
		cmocka_unit_test(unbase64url_is_strict),
		cmocka_unit_test(base64url_is_one_to_one),
	};
	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
