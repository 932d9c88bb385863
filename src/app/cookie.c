/*
 * Cookies, read strictly: a header that says two things about one name says nothing, because the one of the
 * two that somebody else has planted (from a sibling host, over plain HTTP) cannot be told from ours.
 *
 * Pure: no state, no allocation.
 */
#include "app/cookie.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* RFC 6265 §4.1.1: cookie-octet. */
static bool value_ok(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)p[i];
		if (c <= 0x20 || c >= 0x7f || c == '"' || c == ',' || c == ';' || c == '\\')
			return false;
	}
	return true;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

/* The pair that begins at @p and has @n bytes: its value, if its name is @name. */
static const char *value_of(const char *p, size_t n, const char *name, size_t *len)
{
	size_t name_len = strlen(name);
	while (n > 0 && is_space(*p)) {
		p++;
		n--;
	}
	while (n > 0 && is_space(p[n - 1]))
		n--;
	if (n <= name_len || memcmp(p, name, name_len) != 0 || p[name_len] != '=')
		return NULL;
	*len = n - name_len - 1;
	return p + name_len + 1;
}

int cookie_find(const char *header, const char *name, char *out, size_t size)
{
	const char *found = NULL;
	size_t found_len = 0;
	for (const char *p = header; p && *p;) {
		size_t n = strcspn(p, ";"), len = 0;
		const char *value = value_of(p, n, name, &len);
		if (value && found && (len != found_len || memcmp(value, found, len) != 0))
			return -EINVAL;
		if (value) {
			found = value;
			found_len = len;
		}
		p += n + (p[n] == ';');
	}
	if (!found)
		return -ENOENT;
	if (found_len >= size || !value_ok(found, found_len))
		return -EINVAL;
	memcpy(out, found, found_len);
	out[found_len] = '\0';
	return 0;
}

void cookie_set(bool secure, const char *token, uint32_t max_age_s, char out[COOKIE_MAX])
{
	(void)snprintf(out, COOKIE_MAX, "%s=%.128s; Path=/; Max-Age=%u; HttpOnly; SameSite=Lax%s",
		       secure ? COOKIE_NAME_SECURE : COOKIE_NAME_PLAIN, token, token[0] ? max_age_s : 0,
		       secure ? "; Secure" : "");
}
