#include "mail/mime.h"

#include "base/text.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

static struct buf out;

static int setup(void **state)
{
	buf_init(&out, 65536);
	return 0;
}

static int teardown(void **state)
{
	buf_deinit(&out);
	return 0;
}

static const char *text(void)
{
	assert_int_equal(buf_append(&out, "", 1), 0);
	out.end--;
	return (const char *)buf_data(&out);
}

/* Reads a field back as a mail program does: unfolds, decodes encoded words, drops the space between two. */
static void decode_field(const char *field, char *to)
{
	const char *at = strchr(field, ':') + 2;
	bool after_word = false;
	while (strcmp(at, "\r\n") != 0) {
		if (strncmp(at, "\r\n ", 3) == 0)
			at += 2;
		if (*at == ' ' && after_word && strncmp(at + 1, "=?", 2) == 0)
			at++;
		if (strncmp(at, "=?UTF-8?B?", 10) != 0) {
			*to++ = *at++;
			after_word = false;
			continue;
		}
		const char *end = strstr(at + 10, "?=");
		size_t n;
		assert_non_null(end);
		assert_in_range(end + 2 - at, 1, 75);
		assert_int_equal(sodium_base642bin((uint8_t *)to, 100, at + 10, (size_t)(end - at - 10), NULL,
						   &n, NULL, sodium_base64_VARIANT_ORIGINAL),
				 0);
		/* Whole characters in each (RFC 2047 §5). */
		assert_true(text_is_utf8((const uint8_t *)to, n));
		to += n;
		at = end + 2;
		after_word = true;
	}
	*to = '\0';
}

static void assert_lines(const char *s, size_t most)
{
	while (*s) {
		size_t n = strcspn(s, "\r\n");
		assert_in_range(n, 0, most);
		assert_memory_equal(s + n, "\r\n", 2);
		s += n + 2;
	}
}

static void plain_fields(void **state)
{
	assert_int_equal(mime_field(&out, "X", "a b"), 0);
	assert_int_equal(mime_text_field(&out, "Subject", "One step left"), 0);
	assert_int_equal(mime_mailbox_field(&out, "To", "", "ada@example.org"), 0);
	assert_int_equal(mime_mailbox_field(&out, "From", "Parley", "a@b"), 0);
	assert_int_equal(mime_mailbox_field(&out, "From", "Say \"hi\" \\o/, Ada", "a@b"), 0);
	assert_string_equal(text(),
			    "X: a b\r\nSubject: One step left\r\nTo: ada@example.org\r\n"
			    "From: \"Parley\" <a@b>\r\nFrom: \"Say \\\"hi\\\" \\\\o/, Ada\" <a@b>\r\n");
}

static void encoded_words(void **state)
{
	assert_int_equal(mime_text_field(&out, "Subject", "Bestätigen"), 0);
	assert_string_equal(text(), "Subject: =?UTF-8?B?QmVzdMOkdGlnZW4=?=\r\n");
	buf_clear(&out);
	/* What only looks like an encoded word must not become one. */
	assert_int_equal(mime_text_field(&out, "Subject", "=?UTF-8?Q?a?="), 0);
	assert_null(strstr(text(), "?Q?"));
}

static void encoded_words_of_every_length(void **state)
{
	static const char *const characters[] = {"ä", "漢", "😀", "x"};
	for (size_t c = 0; c < ARRAY_LEN(characters); c++) {
		char in[700] = "é", back[700];
		for (int i = 0; i < 160; i++) {
			buf_clear(&out);
			assert_int_equal(mime_text_field(&out, "Subject", in), 0);
			assert_lines(text(), 76);
			decode_field(text(), back);
			assert_string_equal(back, in);
			strcat(in, characters[c]);
		}
	}
}

static void display_names_of_every_length(void **state)
{
	char address[255], in[200] = "", want[700], back[700];
	memset(address, 'b', 254);
	memcpy(address, "a@", 2);
	for (size_t i = 2 + 50; i < 254; i += 51)
		address[i] = '.';
	for (size_t n = 1; n < 160; n++) {
		in[n - 1] = n % 7 ? 'a' : '-';
		address[2 + n] = '\0';
		buf_clear(&out);
		assert_int_equal(mime_mailbox_field(&out, "From", in, address), 0);
		assert_lines(text(), n < 70 ? 78 : 200);
		decode_field(text(), back);
		bool quoted = back[0] == '"';
		(void)snprintf(want, sizeof(want), quoted ? "\"%s\" <%s>" : "%s <%s>", in, address);
		assert_string_equal(back, want);
		address[2 + n] = n % 51 == 50 ? '.' : 'b';
	}
}

static void no_control_gets_into_a_header(void **state)
{
	for (int c = 1; c < 256; c++) {
		char bad[] = {'a', (char)c, 'b', 0};
		bool refused = c < 0x20 || c >= 0x7f; /* a byte from 0x80 on is no UTF-8 alone */
		assert_int_equal(mime_field(&out, "X", bad), refused ? -EINVAL : 0);
		assert_int_equal(mime_text_field(&out, "X", bad), refused ? -EINVAL : 0);
		assert_int_equal(mime_mailbox_field(&out, "X", bad, "a@b"), refused ? -EINVAL : 0);
		assert_int_equal(mime_mailbox_field(&out, "X", "", bad), refused ? -EINVAL : 0);
	}
	assert_null(strstr(text(), "a\r"));
	assert_null(strstr(text(), "a\n"));
	assert_int_equal(mime_field(&out, "X", "ä"), -EINVAL);
	assert_int_equal(mime_text_field(&out, "X", ""), -EINVAL);
}

static void dates(void **state)
{
	assert_int_equal(mime_date_field(&out, 0), 0);
	assert_int_equal(mime_date_field(&out, 951782399), 0);
	assert_int_equal(mime_date_field(&out, 4102444800), 0);
	assert_string_equal(text(), "Date: Thu, 01 Jan 1970 00:00:00 +0000\r\n"
				    "Date: Mon, 28 Feb 2000 23:59:59 +0000\r\n"
				    "Date: Fri, 01 Jan 2100 00:00:00 +0000\r\n");
	assert_int_equal(mime_date_field(&out, -1), -EINVAL);
	assert_int_equal(mime_date_field(&out, INT64_MAX), -EINVAL);
}

/* By the book, without mercy for what is not allowed. */
static size_t decode_qp(const char *s, uint8_t *to)
{
	uint8_t *start = to;
	while (*s) {
		if (strncmp(s, "=\r\n", 3) == 0) {
			s += 3;
		} else if (strncmp(s, "\r\n", 2) == 0) {
			assert_true(to == start || (s[-1] != ' ' && s[-1] != '\t'));
			*to++ = '\n';
			s += 2;
		} else if (*s == '=') {
			char hex[3] = {s[1], s[2], 0}, *end;
			*to++ = (uint8_t)strtoul(hex, &end, 16);
			assert_ptr_equal(end, hex + 2);
			s += 3;
		} else {
			assert_true(*s == '\t' || (*s >= ' ' && *s <= '~'));
			*to++ = (uint8_t)*s++;
		}
	}
	return (size_t)(to - start);
}

static void quoted_printable(void **state)
{
	static const char in[] = "a=b \n\tend\t\nGrüße\n\n.\nlast";
	assert_int_equal(mime_quoted_printable(&out, (const uint8_t *)in, strlen(in)), 0);
	assert_string_equal(text(), "a=3Db=20\r\n\tend=09\r\nGr=C3=BC=C3=9Fe\r\n\r\n.\r\nlast\r\n");
}

static void quoted_printable_round_trip(void **state)
{
	uint8_t in[3000], back[3001];
	uint32_t seed = 1;
	for (size_t n = 0; n < sizeof(in); n += 1 + n / 8) {
		for (size_t i = 0; i < n; i++) {
			seed = seed * 1664525 + 1013904223;
			/* Much white space and many line ends. */
			in[i] = seed >> 30 ? (uint8_t)(seed >> 16) : (uint8_t) " \n\t="[seed >> 16 & 3];
		}
		buf_clear(&out);
		assert_int_equal(mime_quoted_printable(&out, in, n), 0);
		assert_lines(text(), 76);
		size_t got = decode_qp(text(), back);
		/* A last line without an end gets one. */
		assert_in_range(got, n, n + 1);
		assert_true(got == n || back[n] == '\n');
		assert_memory_equal(back, in, n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(plain_fields, setup, teardown),
		cmocka_unit_test_setup_teardown(encoded_words, setup, teardown),
		cmocka_unit_test_setup_teardown(encoded_words_of_every_length, setup, teardown),
		cmocka_unit_test_setup_teardown(display_names_of_every_length, setup, teardown),
		cmocka_unit_test_setup_teardown(no_control_gets_into_a_header, setup, teardown),
		cmocka_unit_test_setup_teardown(dates, setup, teardown),
		cmocka_unit_test_setup_teardown(quoted_printable, setup, teardown),
		cmocka_unit_test_setup_teardown(quoted_printable_round_trip, setup, teardown),
	};
	return cmocka_run_group_tests_name("mail-mime", tests, NULL, NULL);
}
