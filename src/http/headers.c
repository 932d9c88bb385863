/*
 * Header fields as offsets into one text buffer: two allocations a request instead of two a field, and the
 * text may move while it grows. Lookups are linear, which the cap on the number of fields bounds.
 *
 * Invariant: every name and value in `fields` is NUL-terminated in `text`, and holds no other NUL (the line
 * guard has refused them). Thread: the owner's.
 */
#include "http/headers.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

struct http_field {
	uint32_t name;
	uint32_t value;
};

void http_headers_init(struct http_headers *h, const struct http_limits *limits)
{
	*h = (struct http_headers){.max_used = limits->header_bytes};
	/* The text may hold everything twice: as received and joined; plus NULs and separators. */
	buf_init(&h->text, 2 * limits->header_bytes + 8 * limits->header_count + limits->target_bytes + 64);
	buf_init(&h->fields, limits->header_count * sizeof(struct http_field));
}

void http_headers_deinit(struct http_headers *h)
{
	buf_deinit(&h->text);
	buf_deinit(&h->fields);
}

static struct http_field *field_at(const struct http_headers *h, size_t i)
{
	return (struct http_field *)h->fields.mem + i;
}

static size_t field_count(const struct http_headers *h)
{
	return buf_len(&h->fields) / sizeof(struct http_field);
}

static const char *text_at(const struct http_headers *h, size_t offset)
{
	return (const char *)buf_data(&h->text) + offset;
}

static int too_large(int r)
{
	return r == -ENOBUFS ? 431 : r;
}

static int take(struct http_headers *h, const char *at, size_t n)
{
	if (n > h->max_used - h->used)
		return 431;
	int r = buf_append(&h->text, at, n);
	if (r < 0)
		return too_large(r);
	h->used += n;
	return 0;
}

int http_headers_name(struct http_headers *h, const char *at, size_t n)
{
	size_t start = buf_len(&h->text);
	int r = take(h, at, n);
	if (r || n == 0)
		return r;
	char *text = (char *)h->text.mem + h->text.start;
	for (size_t i = start; i < start + n; i++) {
		if (text[i] >= 'A' && text[i] <= 'Z')
			text[i] = (char)(text[i] - 'A' + 'a');
	}
	return 0;
}

int http_headers_name_end(struct http_headers *h)
{
	if (buf_len(&h->text) == h->name_start)
		return 400; /* a field without a name */
	int r = buf_append(&h->text, "", 1);
	h->value_start = buf_len(&h->text);
	return too_large(r);
}

int http_headers_value(struct http_headers *h, const char *at, size_t n)
{
	return take(h, at, n);
}

int http_headers_value_end(struct http_headers *h)
{
	while (buf_len(&h->text) > h->value_start) {
		char last = (char)h->text.mem[h->text.end - 1];
		if (last != ' ' && last != '\t')
			break;
		h->text.end--;
	}
	int r = buf_append(&h->text, "", 1);
	if (r < 0)
		return too_large(r);
	struct http_field f = {.name = (uint32_t)h->name_start, .value = (uint32_t)h->value_start};
	r = buf_append(&h->fields, &f, sizeof(f));
	h->name_start = buf_len(&h->text);
	return too_large(r);
}

static int append_copy(struct http_headers *h, size_t offset, const char *separator)
{
	size_t n = strlen(text_at(h, offset));
	size_t sep = strlen(separator);
	int r = buf_reserve(&h->text, n + sep + 1);
	if (r < 0)
		return r;
	/* Room is reserved: the text does not move under the copy. */
	memcpy(buf_tail(&h->text), separator, sep);
	buf_commit(&h->text, sep);
	memcpy(buf_tail(&h->text), text_at(h, offset), n);
	buf_commit(&h->text, n);
	return 0;
}

static int join_one(struct http_headers *h, size_t first)
{
	const struct http_field *f = field_at(h, first);
	size_t joined = 0;
	for (size_t i = first + 1; i < field_count(h); i++) {
		const struct http_field *g = field_at(h, i);
		if (strcmp(text_at(h, f->name), text_at(h, g->name)) != 0)
			continue;
		int r = 0;
		if (!joined) {
			joined = buf_len(&h->text);
			r = append_copy(h, f->value, "");
		}
		if (r == 0)
			r = append_copy(h, g->value, ", ");
		if (r < 0)
			return r;
	}
	if (!joined)
		return 0;
	int r = buf_append(&h->text, "", 1);
	if (r == 0)
		field_at(h, first)->value = (uint32_t)joined;
	return r;
}

static bool is_first(const struct http_headers *h, size_t i)
{
	const char *name = text_at(h, field_at(h, i)->name);
	for (size_t j = 0; j < i; j++) {
		if (strcmp(name, text_at(h, field_at(h, j)->name)) == 0)
			return false;
	}
	return true;
}

int http_headers_join(struct http_headers *h)
{
	for (size_t i = 0; i < field_count(h); i++) {
		int r = is_first(h, i) ? join_one(h, i) : 0;
		if (r < 0)
			return r;
	}
	return 0;
}

static struct http_field *find(const struct http_headers *h, const char *name)
{
	for (size_t i = 0; i < field_count(h); i++) {
		if (strcmp(name, text_at(h, field_at(h, i)->name)) == 0)
			return field_at(h, i);
	}
	return NULL;
}

const char *http_headers_get(const struct http_headers *h, const char *name)
{
	const struct http_field *f = find(h, name);
	return f ? text_at(h, f->value) : NULL;
}

size_t http_headers_count(const struct http_headers *h, const char *name)
{
	size_t count = 0;
	for (size_t i = 0; i < field_count(h); i++)
		count += strcmp(name, text_at(h, field_at(h, i)->name)) == 0;
	return count;
}

int http_headers_set(struct http_headers *h, const char *name, const char *value, size_t n)
{
	size_t start = buf_len(&h->text);
	int r = buf_reserve(&h->text, n + 1);
	if (r < 0)
		return r;
	memcpy(buf_tail(&h->text), value, n);
	buf_commit(&h->text, n);
	*buf_tail(&h->text) = 0;
	buf_commit(&h->text, 1);
	find(h, name)->value = (uint32_t)start;
	return 0;
}

const char *http_header(const struct http_request *req, const char *name)
{
	return http_headers_get(req->headers, name);
}

static bool list_has(const char *list, const char *token, int (*compare)(const char *, const char *, size_t))
{
	size_t n = strlen(token);
	while (list && *list) {
		list += strspn(list, " \t,");
		size_t item = strcspn(list, ",");
		size_t len = item;
		while (len > 0 && (list[len - 1] == ' ' || list[len - 1] == '\t'))
			len--;
		if (len == n && compare(list, token, n) == 0)
			return true;
		list += item;
	}
	return false;
}

bool http_list_has(const char *list, const char *token)
{
	return list_has(list, token, strncasecmp);
}

bool http_list_has_exact(const char *list, const char *token)
{
	return list_has(list, token, strncmp);
}
