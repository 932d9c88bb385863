/*
 * Checks and forms of text.
 *
 * The rules for names are ranges of code points written out here, and not libc's iswprint() and friends:
 * those depend on the locale and on the C library's version, and a name that one server takes another must
 * take too. Characters not yet assigned are therefore let through in the planes where assignments still
 * happen (next year's emoji), and refused where whole planes are empty.
 *
 * Thread: any. Pure.
 */
#include "base/text.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

struct range {
	uint32_t from;
	uint32_t to;
};

/* Code points that no name may have; rising. Noncharacters at the end of each plane are checked by rule. */
static const struct range refused[] = {
	{0x0000, 0x001F},    /* C0 controls */
	{0x007F, 0x009F},    /* DEL, C1 controls */
	{0x00AD, 0x00AD},    /* soft hyphen */
	{0x034F, 0x034F},    /* combining grapheme joiner */
	{0x061C, 0x061C},    /* Arabic letter mark: bidi */
	{0x115F, 0x1160},    /* Hangul fillers: blank letters */
	{0x17B4, 0x17B5},    /* Khmer inherent vowels: invisible */
	{0x180E, 0x180E},    /* Mongolian vowel separator */
	{0x200B, 0x200B},    /* zero width space; U+200C/D, the joiners, are wanted by scripts and emoji */
	{0x200E, 0x200F},    /* left-to-right and right-to-left marks: bidi */
	{0x2028, 0x202E},    /* line and paragraph separators; bidi embeddings and overrides */
	{0x2060, 0x206F},    /* invisible operators; bidi isolates; deprecated format characters */
	{0x3164, 0x3164},    /* Hangul filler */
	{0xD800, 0xDFFF},    /* surrogates */
	{0xE000, 0xF8FF},    /* private use */
	{0xFDD0, 0xFDEF},    /* noncharacters */
	{0xFEFF, 0xFEFF},    /* byte order mark */
	{0xFFA0, 0xFFA0},    /* halfwidth Hangul filler */
	{0xFFF0, 0xFFFB},    /* reserved for invisibles; interlinear annotation */
	{0x13430, 0x1343F},  /* Egyptian hieroglyph format controls */
	{0x1BCA0, 0x1BCA3},  /* shorthand format controls */
	{0x1D173, 0x1D17A},  /* musical format controls */
	{0x40000, 0xDFFFF},  /* planes without any character */
	{0xE0000, 0xE00FF},  /* tags: text that nobody sees */
	{0xE01F0, 0xEFFFF},  /* after the variation selectors of plane 14 */
	{0xF0000, 0x10FFFF}, /* private use planes */
};

/* The property White_Space; rising. */
static const struct range white_space[] = {
	{0x0009, 0x000D}, {0x0020, 0x0020}, {0x0085, 0x0085}, {0x00A0, 0x00A0}, {0x1680, 0x1680},
	{0x2000, 0x200A}, {0x2028, 0x2029}, {0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000},
};

/* Allowed among others, but a name of these alone would look empty; rising. */
static const struct range unseen[] = {
	{0x180B, 0x180F},   /* Mongolian variation selectors */
	{0x200C, 0x200D},   /* joiners */
	{0x2800, 0x2800},   /* Braille blank */
	{0xFE00, 0xFE0F},   /* variation selectors */
	{0xE0100, 0xE01EF}, /* more of them */
};

static bool in_ranges(uint32_t cp, const struct range *ranges, size_t n)
{
	for (size_t i = 0; i < n && ranges[i].from <= cp; i++)
		if (cp <= ranges[i].to)
			return true;
	return false;
}

static bool is_white_space(uint32_t cp)
{
	return in_ranges(cp, white_space, ARRAY_LEN(white_space));
}

static bool is_refused(uint32_t cp)
{
	return (cp & 0xFFFE) == 0xFFFE || in_ranges(cp, refused, ARRAY_LEN(refused));
}

static bool is_continuation(uint8_t byte)
{
	return (byte & 0xC0) == 0x80;
}

/* RFC 3629 §4: how long a character with this first byte is, and what its second byte must lie between; the
   bounds keep out overlong forms, surrogates and what is above U+10FFFF. */
static size_t lead(uint8_t byte, uint8_t *low, uint8_t *high)
{
	*low = 0x80;
	*high = 0xBF;
	if (byte >= 0xC2 && byte <= 0xDF)
		return 2;
	if (byte >= 0xE0 && byte <= 0xEF) {
		if (byte == 0xE0)
			*low = 0xA0;
		else if (byte == 0xED)
			*high = 0x9F;
		return 3;
	}
	if (byte >= 0xF0 && byte <= 0xF4) {
		if (byte == 0xF0)
			*low = 0x90;
		else if (byte == 0xF4)
			*high = 0x8F;
		return 4;
	}
	return 0;
}

size_t text_next_char(const uint8_t *s, size_t n, uint32_t *cp)
{
	if (n == 0)
		return 0;
	if (s[0] < 0x80) {
		*cp = s[0];
		return 1;
	}
	uint8_t low, high;
	size_t len = lead(s[0], &low, &high);
	if (len == 0 || len > n || s[1] < low || s[1] > high)
		return 0;
	uint32_t value = s[0] & (0x7Fu >> len);
	for (size_t i = 1; i < len; i++) {
		if (!is_continuation(s[i]))
			return 0;
		value = value << 6 | (s[i] & 0x3F);
	}
	*cp = value;
	return len;
}

bool text_is_utf8(const uint8_t *s, size_t n)
{
	size_t i = 0;
	while (i < n) {
		/* Nearly all of what comes is ASCII: eight bytes at once. */
		uint64_t eight;
		while (n - i >= sizeof(eight)) {
			memcpy(&eight, s + i, sizeof(eight));
			if (eight & UINT64_C(0x8080808080808080))
				break;
			i += sizeof(eight);
		}
		if (i == n)
			break;
		uint32_t cp;
		size_t len = text_next_char(s + i, n - i, &cp);
		if (len == 0)
			return false;
		i += len;
	}
	return true;
}

static void trim(const uint8_t **s, size_t *n)
{
	uint32_t cp;
	while (*n) {
		size_t len = text_next_char(*s, *n, &cp);
		if (len == 0 || !is_white_space(cp))
			break;
		*s += len;
		*n -= len;
	}
	while (*n) {
		size_t len = 1;
		while (is_continuation((*s)[*n - len]))
			len++;
		if (text_next_char(*s + *n - len, len, &cp) == 0 || !is_white_space(cp))
			break;
		*n -= len;
	}
}

int text_clean_name(const char *s, size_t n, size_t max_chars, size_t max_bytes, const char **start,
		    size_t *len)
{
	const uint8_t *at = (const uint8_t *)s;
	if (!text_is_utf8(at, n))
		return -EINVAL;
	trim(&at, &n);
	if (n > max_bytes)
		return -EINVAL;
	size_t chars = 0;
	bool seen = false;
	for (size_t i = 0; i < n; chars++) {
		uint32_t cp;
		i += text_next_char(at + i, n - i, &cp);
		if (is_refused(cp))
			return -EINVAL;
		seen = seen || !(is_white_space(cp) || in_ranges(cp, unseen, ARRAY_LEN(unseen)));
	}
	if (!seen || chars > max_chars)
		return -EINVAL;
	*start = (const char *)at;
	*len = n;
	return 0;
}

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* RFC 5322 §3.2.3; neither libc's isalnum(), which has a locale, nor strchr() alone, which finds the NUL. */
static bool is_atext(char c)
{
	return is_alnum(c) || (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

static bool local_part_ok(const char *s, size_t n)
{
	if (n == 0 || n > 64 || s[0] == '.' || s[n - 1] == '.')
		return false;
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '.' ? s[i - 1] == '.' : !is_atext(s[i]))
			return false;
	}
	return true;
}

static bool label_ok(const char *s, size_t n)
{
	if (n == 0 || n > 63 || s[0] == '-' || s[n - 1] == '-')
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!is_alnum(s[i]) && s[i] != '-')
			return false;
	}
	return true;
}

bool text_email_ok(const char *s, size_t n)
{
	const char *at = n <= TEXT_EMAIL_MAX ? memchr(s, '@', n) : NULL;
	if (!at || !local_part_ok(s, (size_t)(at - s)))
		return false;
	const char *end = s + n, *label = at + 1;
	for (const char *c = label; c < end; c++) {
		if (*c != '.')
			continue;
		if (!label_ok(label, (size_t)(c - label)))
			return false;
		label = c + 1;
	}
	return label_ok(label, (size_t)(end - label));
}

bool text_equal_consttime(const void *a, size_t a_len, const void *b, size_t b_len)
{
	return a_len == b_len && sodium_memcmp(a, b, a_len) == 0;
}

void text_base32(const uint8_t *in, size_t n_symbols, char *out)
{
	/* Crockford's: no i, l, o, u. */
	static const char symbols[] = "0123456789abcdefghjkmnpqrstvwxyz";
	unsigned bits = 0, n_bits = 0;
	for (size_t i = 0; i < n_symbols; i++) {
		if (n_bits < 5) {
			bits = bits << 8 | *in++;
			n_bits += 8;
		}
		n_bits -= 5;
		out[i] = symbols[bits >> n_bits & 31];
	}
	out[n_symbols] = '\0';
}

/* RFC 4648 §4 and §5 differ in two symbols. */
static const char base64_symbols[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base64url_symbols[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* Return: symbols written, without padding and NUL. */
static size_t put_base64(const uint8_t *in, size_t n, const char *symbols, char *out)
{
	unsigned bits = 0, n_bits = 0;
	size_t at = 0;
	for (size_t i = 0; i < n; i++) {
		bits = bits << 8 | in[i];
		n_bits += 8;
		while (n_bits >= 6) {
			n_bits -= 6;
			out[at++] = symbols[bits >> n_bits & 63];
		}
	}
	if (n_bits)
		out[at++] = symbols[bits << (6 - n_bits) & 63];
	return at;
}

void text_base64url(const uint8_t *in, size_t n, char *out)
{
	out[put_base64(in, n, base64url_symbols, out)] = '\0';
}

void text_base64(const uint8_t *in, size_t n, char *out)
{
	size_t at = put_base64(in, n, base64_symbols, out);
	while (at % 4)
		out[at++] = '=';
	out[at] = '\0';
}

static int base64url_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '-' ? 62 : c == '_' ? 63 : -1;
}

/* Whether @in decodes to at most @max bytes in exactly one way. */
static bool base64url_ok(const char *in, size_t n, size_t max)
{
	if (n % 4 == 1 || n / 4 * 3 + n % 4 * 6 / 8 > max)
		return false;
	for (size_t i = 0; i < n; i++)
		if (base64url_value(in[i]) < 0)
			return false;
	/* RFC 4648 §3.5: the spare bits of the last symbol must be zero, or two texts would mean the same. */
	unsigned spare = n % 4 == 2 ? 15 : n % 4 == 3 ? 3 : 0;
	return n == 0 || ((unsigned)base64url_value(in[n - 1]) & spare) == 0;
}

int text_unbase64url(const char *in, size_t n, uint8_t *out, size_t max)
{
	if (n > INT32_MAX || !base64url_ok(in, n, max))
		return -EINVAL;
	unsigned bits = 0, n_bits = 0;
	int at = 0;
	for (size_t i = 0; i < n; i++) {
		bits = bits << 6 | (unsigned)base64url_value(in[i]);
		n_bits += 6;
		if (n_bits >= 8) {
			n_bits -= 8;
			out[at++] = (uint8_t)(bits >> n_bits);
		}
	}
	return at;
}
