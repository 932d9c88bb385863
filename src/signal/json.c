/*
 * The JSON reader of the signalling core.
 *
 * Every message a client sends passes here before anything is known about it, so the reader allocates nothing
 * and its work is linear in the input but for the duplicate check, which SIG_JSON_MAX_VALUES bounds. Strings
 * without escapes are slices of the input; others are decoded into the caller's scratch memory, which
 * suffices because no escape is shorter than what it stands for.
 *
 * Invariant: v[0] is the root, so index 0 can stand for "none" in first and next.
 * Thread: any; no state of its own.
 */
#include "signal/json.h"

#include "base/text.h"

#include <assert.h>
#include <errno.h>

struct parser {
	struct sig_json *doc;
	const char *p;
	const char *end;
	char *scratch; /* next free byte */
};

static int parse_value(struct parser *ps, struct sig_json_value *v, unsigned depth);

static void skip_space(struct parser *ps)
{
	while (ps->p < ps->end && (*ps->p == ' ' || *ps->p == '\t' || *ps->p == '\n' || *ps->p == '\r'))
		ps->p++;
}

static bool take(struct parser *ps, char c)
{
	if (ps->p == ps->end || *ps->p != c)
		return false;
	ps->p++;
	return true;
}

static int hex4(struct parser *ps)
{
	int value = 0;

	if (ps->end - ps->p < 4)
		return -EINVAL;
	for (int i = 0; i < 4; i++) {
		char c = *ps->p++;
		if (c >= '0' && c <= '9')
			value = value * 16 + (c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			value = value * 16 + ((c | 0x20) - 'a' + 10);
		else
			return -EINVAL;
	}
	return value;
}

static void put_utf8(struct parser *ps, uint32_t cp)
{
	char *o = ps->scratch;

	if (cp < 0x80) {
		*o++ = (char)cp;
	} else if (cp < 0x800) {
		*o++ = (char)(0xc0 | cp >> 6);
		*o++ = (char)(0x80 | (cp & 0x3f));
	} else if (cp < 0x10000) {
		*o++ = (char)(0xe0 | cp >> 12);
		*o++ = (char)(0x80 | (cp >> 6 & 0x3f));
		*o++ = (char)(0x80 | (cp & 0x3f));
	} else {
		*o++ = (char)(0xf0 | cp >> 18);
		*o++ = (char)(0x80 | (cp >> 12 & 0x3f));
		*o++ = (char)(0x80 | (cp >> 6 & 0x3f));
		*o++ = (char)(0x80 | (cp & 0x3f));
	}
	ps->scratch = o;
}

/* After "\u". Surrogates count only in pairs (RFC 8259 §7). */
static int parse_unicode_escape(struct parser *ps)
{
	int hi = hex4(ps);

	if (hi <= 0 || (hi >= 0xdc00 && hi <= 0xdfff))
		return -EINVAL;
	if (hi >= 0xd800 && hi <= 0xdbff) {
		if (!take(ps, '\\') || !take(ps, 'u'))
			return -EINVAL;
		int lo = hex4(ps);
		if (lo < 0xdc00 || lo > 0xdfff)
			return -EINVAL;
		put_utf8(ps, 0x10000 + (((uint32_t)hi - 0xd800) << 10) + ((uint32_t)lo - 0xdc00));
		return 0;
	}
	put_utf8(ps, (uint32_t)hi);
	return 0;
}

/* After "\". */
static int parse_escape(struct parser *ps)
{
	if (ps->p == ps->end)
		return -EINVAL;
	switch (*ps->p++) {
	case 'r':
		*ps->scratch++ = '\r';
		return 0;
	case 'n':
		*ps->scratch++ = '\n';
		return 0;
	case '"':
		*ps->scratch++ = '"';
		return 0;
	case '\\':
		*ps->scratch++ = '\\';
		return 0;
	case '/':
		*ps->scratch++ = '/';
		return 0;
	case 't':
		*ps->scratch++ = '\t';
		return 0;
	case 'b':
		*ps->scratch++ = '\b';
		return 0;
	case 'f':
		*ps->scratch++ = '\f';
		return 0;
	case 'u':
		return parse_unicode_escape(ps);
	default:
		return -EINVAL;
	}
}

/* After the opening quote. */
static int parse_string(struct parser *ps, struct sig_str *out)
{
	const char *run = ps->p;
	char *decoded = ps->scratch;
	bool escaped = false;
	bool ascii = true;

	for (;;) {
		ps->p = sig_plain_run(ps->p, ps->end);
		if (ps->p == ps->end)
			return -EINVAL;
		if ((unsigned char)*ps->p >= 0x80) {
			ascii = false;
			ps->p++;
			continue;
		}
		if (*ps->p != '"' && *ps->p != '\\')
			return -EINVAL; /* a control character */
		if (*ps->p == '"' && !escaped)
			break;
		size_t n = (size_t)(ps->p - run);
		memcpy(ps->scratch, run, n);
		ps->scratch += n;
		if (*ps->p++ == '"')
			break;
		escaped = true;
		do {
			if (parse_escape(ps))
				return -EINVAL;
		} while (take(ps, '\\')); /* they come in pairs: the \r\n of session descriptions */
		run = ps->p;
	}
	if (escaped) {
		*out = (struct sig_str){decoded, (size_t)(ps->scratch - decoded)};
	} else {
		*out = (struct sig_str){run, (size_t)(ps->p - run)};
		ps->p++;
	}
	/* A raw sequence cannot be completed by an escape: those are whole characters. */
	return ascii || text_is_utf8((const uint8_t *)out->p, out->n) ? 0 : -EINVAL;
}

static size_t skip_digits(struct parser *ps)
{
	const char *from = ps->p;

	while (ps->p < ps->end && *ps->p >= '0' && *ps->p <= '9')
		ps->p++;
	return (size_t)(ps->p - from);
}

static int parse_number(struct parser *ps, struct sig_json_value *v)
{
	bool negative = take(ps, '-');
	const char *digits = ps->p;
	size_t n = skip_digits(ps);

	if (n == 0 || (n > 1 && *digits == '0'))
		return -EINVAL;
	bool integer = true;
	if (take(ps, '.')) {
		integer = false;
		if (skip_digits(ps) == 0)
			return -EINVAL;
	}
	if (take(ps, 'e') || take(ps, 'E')) {
		integer = false;
		if (!take(ps, '+'))
			take(ps, '-');
		if (skip_digits(ps) == 0)
			return -EINVAL;
	}
	int64_t value = 0;
	for (size_t i = 0; i < n && n <= 16; i++)
		value = value * 10 + (digits[i] - '0');
	v->type = integer && n <= 16 && value <= SIG_JSON_MAX_INT ? SIG_JSON_INT : SIG_JSON_NUMBER;
	v->i = negative ? -value : value;
	return 0;
}

static int parse_word(struct parser *ps, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(ps->end - ps->p) < n || memcmp(ps->p, word, n) != 0)
		return -EINVAL;
	ps->p += n;
	return 0;
}

static int new_value(struct parser *ps, uint16_t *index)
{
	if (ps->doc->n == SIG_JSON_MAX_VALUES)
		return -EINVAL;
	*index = ps->doc->n++;
	ps->doc->v[*index].next = 0;
	return 0;
}

static bool has_key(const struct sig_json *doc, uint16_t first, struct sig_str key)
{
	for (uint16_t i = first; i; i = doc->v[i].next) {
		if (doc->v[i].key.n == key.n && memcmp(doc->v[i].key.p, key.p, key.n) == 0)
			return true;
	}
	return false;
}

static int parse_key(struct parser *ps, uint16_t first, struct sig_str *key)
{
	skip_space(ps);
	if (!take(ps, '"') || parse_string(ps, key) || has_key(ps->doc, first, *key))
		return -EINVAL;
	skip_space(ps);
	return take(ps, ':') ? 0 : -EINVAL;
}

/* After the opening bracket; objects and arrays differ in the keys and the closing bracket. */
static int parse_children(struct parser *ps, struct sig_json_value *v, unsigned depth)
{
	bool object = v->type == SIG_JSON_OBJECT;
	char close = object ? '}' : ']';
	uint16_t last = 0;

	v->first = 0;
	if (depth > SIG_JSON_MAX_DEPTH)
		return -EINVAL;
	skip_space(ps);
	if (take(ps, close))
		return 0;
	do {
		struct sig_str key = {NULL, 0};
		uint16_t child;
		if (object && parse_key(ps, v->first, &key))
			return -EINVAL;
		if (new_value(ps, &child))
			return -EINVAL;
		ps->doc->v[child].key = key;
		if (parse_value(ps, &ps->doc->v[child], depth))
			return -EINVAL;
		if (last)
			ps->doc->v[last].next = child;
		else
			v->first = child;
		last = child;
		skip_space(ps);
	} while (take(ps, ','));
	return take(ps, close) ? 0 : -EINVAL;
}

static int parse_value(struct parser *ps, struct sig_json_value *v, unsigned depth)
{
	skip_space(ps);
	if (ps->p == ps->end)
		return -EINVAL;
	switch (*ps->p) {
	case '"':
		ps->p++;
		v->type = SIG_JSON_STRING;
		return parse_string(ps, &v->str);
	case '{':
	case '[':
		v->type = *ps->p++ == '{' ? SIG_JSON_OBJECT : SIG_JSON_ARRAY;
		return parse_children(ps, v, depth + 1);
	case 't':
	case 'f':
		v->type = SIG_JSON_BOOL;
		v->b = *ps->p == 't';
		return parse_word(ps, v->b ? "true" : "false");
	case 'n':
		v->type = SIG_JSON_NULL;
		return parse_word(ps, "null");
	default:
		return parse_number(ps, v);
	}
}

int sig_json_parse(struct sig_json *doc, const char *text, size_t n, char *scratch)
{
	struct parser ps = {.doc = doc, .p = text, .end = text + n, .scratch = scratch};
	uint16_t root;

	doc->n = 0;
	if (new_value(&ps, &root))
		return -EINVAL;
	doc->v[root].key = (struct sig_str){NULL, 0};
	if (parse_value(&ps, &doc->v[root], 0) || doc->v[root].type != SIG_JSON_OBJECT)
		return -EINVAL;
	skip_space(&ps);
	return ps.p == ps.end ? 0 : -EINVAL;
}

const struct sig_json_value *sig_json_get(const struct sig_json *doc, const struct sig_json_value *object,
					  const char *key)
{
	size_t n = strlen(key);

	assert(object->type == SIG_JSON_OBJECT);
	for (uint16_t i = object->first; i; i = doc->v[i].next) {
		if (doc->v[i].key.n == n && memcmp(doc->v[i].key.p, key, n) == 0)
			return &doc->v[i];
	}
	return NULL;
}
