/*
 * Request targets: split, decode, check.
 *
 * The path is decoded once, here, and ".." is looked for after decoding, so that nobody behind this has to
 * think of "%2e%2e" or "..%2f" again. Thread: any; holds no global.
 */
#include "http/target.h"

#include <string.h>
#include <strings.h>

static bool visible_ascii(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (s[i] <= ' ' || s[i] > '~')
			return false;
	}
	return true;
}

static size_t scheme_length(const char *text, size_t n)
{
	if (n >= 7 && strncasecmp(text, "http://", 7) == 0)
		return 7;
	if (n >= 8 && strncasecmp(text, "https://", 8) == 0)
		return 8;
	return 0;
}

static size_t until(const char *s, size_t n, const char *stops)
{
	size_t i = 0;
	while (i < n && !strchr(stops, s[i]))
		i++;
	return i;
}

static void split_query(struct http_target *t, const char *s, size_t n)
{
	t->path = s;
	t->path_len = until(s, n, "?");
	if (t->path_len == n)
		return;
	t->query = s + t->path_len + 1;
	t->query_len = n - t->path_len - 1;
}

int http_target_split(const char *text, size_t n, enum http_method method, struct http_target *out)
{
	/* A fragment is never sent (RFC 9110 §7.1). */
	if (n == 0 || !visible_ascii(text, n) || memchr(text, '#', n))
		return 400;
	struct http_target t = {0};
	size_t scheme = scheme_length(text, n);
	if (n == 1 && text[0] == '*') {
		if (method != HTTP_M_OPTIONS)
			return 400;
		split_query(&t, text, n);
	} else if (text[0] == '/') {
		split_query(&t, text, n);
	} else if (scheme) {
		t.authority = text + scheme;
		t.authority_len = until(t.authority, n - scheme, "/?");
		if (!http_host_valid(t.authority, t.authority_len))
			return 400;
		split_query(&t, t.authority + t.authority_len, n - scheme - t.authority_len);
	} else {
		return 400;
	}
	*out = t;
	return 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The byte at raw[*i], decoded; moves *i past it. -1: a bad escape. */
static int decode_one(const char *raw, size_t n, size_t *i)
{
	if (raw[*i] != '%')
		return (uint8_t)raw[(*i)++];
	if (n - *i < 3)
		return -1;
	int high = hex_digit(raw[*i + 1]);
	int low = hex_digit(raw[*i + 2]);
	if (high < 0 || low < 0)
		return -1;
	*i += 3;
	return high << 4 | low;
}

static bool has_dot_dot(const char *path)
{
	for (const char *s = path; *s;) {
		size_t n = strcspn(s, "/");
		if (n == 2 && s[0] == '.' && s[1] == '.')
			return true;
		s += n;
		s += *s == '/';
	}
	return false;
}

int http_path_decode(const char *raw, size_t n, char *out)
{
	size_t len = 0;
	for (size_t i = 0; i < n;) {
		int c = decode_one(raw, n, &i);
		if (c < 0x20 || c == 0x7f)
			return 400;
		out[len++] = (char)c;
	}
	if (len == 0)
		out[len++] = '/';
	out[len] = 0;
	return has_dot_dot(out) ? 400 : 0;
}

static bool host_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c != 0 && strchr("-._~!$&'()*+;=%", c));
}

/* The length of "[…]" at the start of @s; 0: none. */
static size_t ip_literal_length(const char *s, size_t n)
{
	size_t end = until(s, n, "]");
	if (end == n || end < 3)
		return 0;
	for (size_t i = 1; i < end; i++) {
		if (s[i] != ':' && !host_char(s[i]))
			return 0;
	}
	return end + 1;
}

bool http_host_valid(const char *host, size_t n)
{
	size_t i = 0;
	if (n > 0 && host[0] == '[') {
		i = ip_literal_length(host, n);
	} else {
		while (i < n && host_char(host[i]))
			i++;
	}
	if (i == 0)
		return false;
	if (i == n)
		return true;
	if (host[i] != ':' || n - i > 6)
		return false;
	for (i++; i < n; i++) {
		if (host[i] < '0' || host[i] > '9')
			return false;
	}
	return true;
}
