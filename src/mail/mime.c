/*
 * Header fields (RFC 5322), encoded words (RFC 2047) and quoted-printable (RFC 2045).
 *
 * Nothing comes out of here but printable ASCII and the CRLFs and folds that this file itself writes: a value
 * that holds a control character is refused, not repaired, so no text from outside can begin a field of its
 * own. Why this is not left to libcurl: docs/adr/0009.
 *
 * Thread: any. Pure.
 */
#include "mail/mime.h"

#include "base/text.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define LINE_MAX_BYTES    78 /* RFC 5322 §2.1.1, without CRLF */
#define ENCODED_LINE_MAX  76 /* RFC 2047 §2: of a line that holds an encoded word */
#define ENCODED_WORD_MAX  75
#define ENCODED_WORD_HEAD "=?UTF-8?B?"
#define ENCODED_WORD_MORE 12 /* bytes around the base64 */

static bool header_ok(const char *s)
{
	size_t n = strlen(s);
	if (!text_is_utf8((const uint8_t *)s, n))
		return false;
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];
		if (c < 0x20 || c == 0x7f)
			return false;
	}
	return true;
}

static bool is_ascii(const char *s)
{
	for (; *s; s++) {
		if ((unsigned char)*s >= 0x80)
			return false;
	}
	return true;
}

int mime_field(struct buf *out, const char *name, const char *value)
{
	if (!header_ok(value) || !is_ascii(value))
		return -EINVAL;
	return buf_appendf(out, "%s: %s\r\n", name, value);
}

/* How many bytes of @s, whole characters, fit into an encoded word when the line has @room left. */
static size_t word_bytes(const char *s, size_t room)
{
	size_t most = room > ENCODED_WORD_MAX ? ENCODED_WORD_MAX : room;
	most = most < ENCODED_WORD_MORE ? 0 : (most - ENCODED_WORD_MORE) / 4 * 3;
	size_t n = strlen(s), taken = 0;
	while (taken < n) {
		uint32_t cp;
		size_t len = text_next_char((const uint8_t *)s + taken, n - taken, &cp);
		if (len == 0 || taken + len > most)
			break;
		taken += len;
	}
	return taken;
}

/* Base64 and not Q: one rule for all scripts, and every symbol of it is allowed in a display name. */
static int put_encoded_words(struct buf *out, const char *s, size_t *column)
{
	int rc = 0;
	for (bool first = true; rc == 0 && (*s || first); first = false) {
		char word[ENCODED_WORD_MAX + 1];
		size_t n = word_bytes(s, ENCODED_LINE_MAX - *column);
		/* The white space between two encoded words is not part of the text. */
		if (!first || n == 0) {
			rc = buf_append(out, "\r\n ", 3);
			*column = 1;
			n = word_bytes(s, ENCODED_LINE_MAX - 1);
		}
		text_base64((const uint8_t *)s, n, word);
		if (rc == 0)
			rc = buf_appendf(out, ENCODED_WORD_HEAD "%s?=", word);
		*column += strlen(word) + ENCODED_WORD_MORE;
		s += n;
	}
	return rc;
}

/* What looks like an encoded word would be read as one. */
static bool needs_encoding(const char *s)
{
	return !is_ascii(s) || strstr(s, "=?") || s[0] == ' ' || (s[0] && s[strlen(s) - 1] == ' ');
}

int mime_text_field(struct buf *out, const char *name, const char *text)
{
	size_t column = strlen(name) + 2;
	if (!header_ok(text) || text[0] == '\0')
		return -EINVAL;
	if (!needs_encoding(text) && column + strlen(text) <= LINE_MAX_BYTES)
		return buf_appendf(out, "%s: %s\r\n", name, text);
	int rc = buf_appendf(out, "%s: ", name);
	if (rc == 0)
		rc = put_encoded_words(out, text, &column);
	return rc ? rc : buf_append(out, "\r\n", 2);
}

/* RFC 5322 §3.2.4. */
static int put_quoted(struct buf *out, const char *s, size_t *column)
{
	size_t before = buf_len(out);
	int rc = buf_append(out, "\"", 1);
	for (; rc == 0 && *s; s++) {
		if (*s == '"' || *s == '\\')
			rc = buf_append(out, "\\", 1);
		if (rc == 0)
			rc = buf_append(out, s, 1);
	}
	if (rc == 0)
		rc = buf_append(out, "\"", 1);
	*column += buf_len(out) - before;
	return rc;
}

int mime_mailbox_field(struct buf *out, const char *name, const char *display, const char *address)
{
	size_t column = strlen(name) + 2;
	if (!header_ok(display) || !header_ok(address) || !is_ascii(address))
		return -EINVAL;
	if (display[0] == '\0')
		return mime_field(out, name, address);
	/* A quoted string may double when it is escaped. */
	bool quote = !needs_encoding(display) && column + 2 + 2 * strlen(display) <= LINE_MAX_BYTES;
	int rc = buf_appendf(out, "%s: ", name);
	if (rc == 0)
		rc = quote ? put_quoted(out, display, &column) : put_encoded_words(out, display, &column);
	const char *gap = column + strlen(address) + 3 > ENCODED_LINE_MAX ? "\r\n " : " ";
	return rc ? rc : buf_appendf(out, "%s<%s>\r\n", gap, address);
}

/* Not strftime(), which speaks the locale's language. */
int mime_date_field(struct buf *out, int64_t unix_s)
{
	static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	struct tm t;
	time_t when = (time_t)unix_s;
	if (!gmtime_r(&when, &t) || t.tm_year < 70 || t.tm_year > 8099)
		return -EINVAL;
	return buf_appendf(out, "Date: %s, %02d %s %04d %02d:%02d:%02d +0000\r\n", days[t.tm_wday], t.tm_mday,
			   months[t.tm_mon], t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
}

/* White space at the end of a line would be lost on the way (RFC 2045 §6.7, rule 3). */
static bool is_literal(const uint8_t *text, size_t n, size_t i)
{
	uint8_t c = text[i];
	if (c == ' ' || c == '\t')
		return i + 1 < n && text[i + 1] != '\n';
	return c > ' ' && c < 0x7f && c != '=';
}

int mime_quoted_printable(struct buf *out, const uint8_t *text, size_t n)
{
	size_t column = 0;
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < n; i++) {
		if (text[i] == '\n') {
			rc = buf_append(out, "\r\n", 2);
			column = 0;
			continue;
		}
		bool literal = is_literal(text, n, i);
		size_t width = literal ? 1 : 3;
		/* The last column is for the soft line break. */
		if (column + width > ENCODED_LINE_MAX - 1) {
			rc = buf_append(out, "=\r\n", 3);
			column = 0;
		}
		if (rc == 0)
			rc = literal ? buf_append(out, &text[i], 1) : buf_appendf(out, "=%02X", text[i]);
		column += width;
	}
	return rc == 0 && column > 0 ? buf_append(out, "\r\n", 2) : rc;
}
