/*
 * JSON bodies come from strangers: the HTTP server bounds their size, this bounds their depth before a
 * recursive reader sees them, and their form by a table.
 *
 * A body that is not UTF-8 is no JSON (RFC 8259 §8.1), and half of a surrogate pair no character (§8.2), but
 * people should hear which field it was.
 *
 * Pure: no state. Thread: any.
 */
#include "app/api_body.h"

#include "base/mem.h"
#include "base/text.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#define NOT_UTF8 "\xef\xbf\xbf"

/* Brackets outside of strings. More closing than opening ones are the reader's to refuse. */
static bool too_deep(const uint8_t *p, size_t n)
{
	size_t depth = 0;
	bool in_text = false;
	for (size_t i = 0; i < n; i++) {
		if (in_text && p[i] == '\\')
			i++;
		else if (p[i] == '"')
			in_text = !in_text;
		else if (!in_text && (p[i] == '{' || p[i] == '['))
			depth++;
		else if (!in_text && (p[i] == '}' || p[i] == ']') && depth > 0)
			depth--;
		if (depth > API_BODY_DEPTH)
			return true;
	}
	return false;
}

/* @out: room for 3 bytes for each of @n. Return: bytes written. */
static size_t replace_bad(const uint8_t *in, size_t n, char *out)
{
	size_t used = 0;
	for (size_t i = 0; i < n;) {
		uint32_t cp;
		size_t len = text_next_char(in + i, n - i, &cp);
		memcpy(out + used, len ? (const char *)in + i : NOT_UTF8, len ? len : 3);
		used += len ? len : 3;
		i += len ? len : 1;
	}
	return used;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Of \uXXXX at @p. Return: the code unit; -1: it is none. */
static int32_t escape_at(const uint8_t *p, size_t n)
{
	int32_t unit = 0;
	if (n < 6 || p[0] != '\\' || p[1] != 'u')
		return -1;
	for (int i = 2; i < 6; i++) {
		int digit = hex((char)p[i]);
		if (digit < 0)
			return -1;
		unit = unit * 16 + digit;
	}
	return unit;
}

/* Return: where, from @at on, the first half of a pair is that has no other; @n: nowhere. */
static size_t find_half(const uint8_t *p, size_t n, size_t at)
{
	while (at < n) {
		int32_t unit = escape_at(p + at, n - at);
		if (unit < 0xd800 || unit > 0xdfff) {
			at += p[at] == '\\' ? 2 : 1;
			continue;
		}
		int32_t next = unit < 0xdc00 ? escape_at(p + at + 6, n - at - 6) : -1;
		if (next < 0xdc00 || next > 0xdfff)
			return at;
		at += 12;
	}
	return n;
}

static void replace_halves(char *text, size_t n)
{
	for (size_t at = find_half((uint8_t *)text, n, 0); at < n; at = find_half((uint8_t *)text, n, at + 6))
		memcpy(text + at, "\\uffff", 6);
}

static int load(const char *text, size_t n, json_t **out, const char **detail)
{
	json_error_t why;
	json_t *body = json_loadb(text, n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &why);
	if (!body && json_error_code(&why) == json_error_out_of_memory)
		return -ENOMEM;
	if (!json_is_object(body)) {
		*detail = body ? "the body is not a JSON object" : "the body is not JSON, or has a key twice";
		json_decref(body);
		return 400;
	}
	*out = body;
	return 0;
}

int api_body_parse(const uint8_t *data, size_t n, json_t **out, const char **detail)
{
	if (too_deep(data, n)) {
		*detail = "the body is nested too deeply";
		return 400;
	}
	if (text_is_utf8(data, n) && find_half(data, n, 0) == n)
		return load((const char *)data, n, out, detail);
	char *text = mem_alloc(3 * n);
	if (!text)
		return -ENOMEM;
	size_t len = replace_bad(data, n, text);
	replace_halves(text, len);
	int rc = load(text, len, out, detail);
	sodium_memzero(text, len);
	mem_free(text);
	return rc;
}

/* ---- against the table ---- */

static int add_error(json_t *errors, const char *field, const char *reason)
{
	json_t *e = json_pack("{s:s, s:s}", "field", field, "reason", reason);
	return json_array_append_new(errors, e) ? -ENOMEM : 0;
}

static const char *check_text(const json_t *v, uint32_t max)
{
	if (!json_is_string(v))
		return "must be a text";
	if (strstr(json_string_value(v), NOT_UTF8))
		return "is not UTF-8";
	if (strlen(json_string_value(v)) != json_string_length(v))
		return "has a NUL character";
	return json_string_length(v) > max ? "is too long" : NULL;
}

static const char *check_words(json_t *v, uint32_t max)
{
	size_t i;
	json_t *word;
	if (!json_is_array(v))
		return "must be a list of texts";
	if (json_array_size(v) > max)
		return "has too many entries";
	json_array_foreach(v, i, word)
	{
		const char *wrong = check_text(word, 64);
		if (wrong)
			return wrong;
	}
	return NULL;
}

/* Return: what is wrong; NULL: nothing. */
static const char *check_value(json_t *v, const struct api_field *f)
{
	switch (f->type) {
	case API_TEXT:
		return check_text(v, f->max);
	case API_BOOL:
		return json_is_boolean(v) ? NULL : "must be true or false";
	case API_UINT:
		if (!json_is_integer(v))
			return "must be a whole number";
		return json_integer_value(v) < 0 || json_integer_value(v) > f->max ? "is out of range" : NULL;
	case API_WORDS:
		return check_words(v, f->max);
	case API_ANY:
		if (json_is_string(v))
			return check_text(v, f->max);
		return json_is_boolean(v) || json_is_integer(v) ? NULL
								: "must be a text, a number, true or false";
	}
	return "is not understood";
}

static int check_known(json_t *body, const struct api_field *fields, json_t *errors, size_t *seen)
{
	int rc = 0;
	for (const struct api_field *f = fields; f->name && rc == 0; f++) {
		json_t *v = json_object_get(body, f->name);
		const char *wrong = v ? check_value(v, f) : f->required ? "is missing" : NULL;
		*seen += v != NULL;
		if (wrong)
			rc = add_error(errors, f->name, wrong);
	}
	return rc;
}

static bool is_known(const char *name, const struct api_field *fields)
{
	for (; fields->name; fields++) {
		if (strcmp(fields->name, name) == 0)
			return true;
	}
	return false;
}

static int name_unknown(json_t *body, const struct api_field *fields, json_t *errors)
{
	const char *key;
	json_t *v;
	json_object_foreach(body, key, v)
	{
		/* The name comes back as it came, so that it can be found; more than a few help nobody. */
		if (is_known(key, fields) || json_array_size(errors) >= 10)
			continue;
		if (add_error(errors, strlen(key) <= 64 ? key : "", "is not known here"))
			return -ENOMEM;
	}
	return 0;
}

int api_body_check(json_t *body, const struct api_field *fields, json_t **out, bool *unknown)
{
	json_t *errors = json_array();
	size_t seen = 0;
	int rc = errors ? check_known(body, fields, errors, &seen) : -ENOMEM;
	bool more = seen < json_object_size(body);
	if (rc == 0 && more)
		rc = name_unknown(body, fields, errors);
	if (rc || json_array_size(errors) == 0) {
		json_decref(errors);
		return rc;
	}
	*out = errors;
	*unknown = more;
	return 422;
}

static void wipe(json_t *v)
{
	size_t i;
	json_t *word;
	if (json_is_string(v))
		sodium_memzero((char *)json_string_value(v), json_string_length(v));
	json_array_foreach(v, i, word) wipe(word);
}

void api_body_forget(json_t *body)
{
	const char *key;
	json_t *v;
	json_object_foreach(body, key, v) wipe(v);
	json_decref(body);
}

/* ---- queries ---- */

static int decode(const char *in, size_t n, char *out, size_t size)
{
	size_t used = 0;
	for (size_t i = 0; i < n; i++) {
		int c = in[i] == '+' ? ' ' : (uint8_t)in[i];
		if (in[i] == '%') {
			int high = n - i > 2 ? hex(in[i + 1]) : -1;
			int low = high >= 0 ? hex(in[i + 2]) : -1;
			if (low < 0)
				return -EINVAL;
			c = high * 16 + low;
			i += 2;
		}
		if (c < 0x20 || c == 0x7f || used + 1 >= size)
			return -EINVAL;
		out[used++] = (char)c;
	}
	if (!text_is_utf8((const uint8_t *)out, used))
		return -EINVAL;
	out[used] = '\0';
	return 0;
}

int api_query_find(const char *query, const char *name, char *out, size_t size)
{
	size_t name_len = strlen(name), len = 0;
	const char *found = NULL;
	for (const char *p = query; p && *p;) {
		size_t n = strcspn(p, "&");
		if (n > name_len && memcmp(p, name, name_len) == 0 && p[name_len] == '=') {
			if (found)
				return -EINVAL;
			found = p + name_len + 1;
			len = n - name_len - 1;
		}
		p += n + (p[n] == '&');
	}
	if (!found) {
		out[0] = '\0';
		return 0;
	}
	return decode(found, len, out, size);
}
