/*
 * The header fields of one request: names in lower case and values in one bounded text buffer.
 * Pure: no I/O. Thread: the owner's.
 */
#ifndef PARLEY_HTTP_HEADERS_H
#define PARLEY_HTTP_HEADERS_H

#include "base/buf.h"
#include "http/http.h"

struct http_headers {
	struct buf text;   /* NUL-terminated names and values */
	struct buf fields; /* struct http_field */
	size_t used;       /* bytes of names and values received, against limits.header_bytes */
	size_t max_used;
	size_t name_start; /* of the field being received */
	size_t value_start;
	uint8_t minor; /* the request's HTTP/1.x */
};

void http_headers_init(struct http_headers *h, const struct http_limits *limits);
void http_headers_deinit(struct http_headers *h);

/* The parser's events, in this order for each field. Return: 0; 400; 431; -ENOMEM. */
int http_headers_name(struct http_headers *h, const char *at, size_t n) MUST_CHECK;
int http_headers_name_end(struct http_headers *h) MUST_CHECK;
int http_headers_value(struct http_headers *h, const char *at, size_t n) MUST_CHECK;
int http_headers_value_end(struct http_headers *h) MUST_CHECK;

/** http_headers_join() - after the last field: repeated ones become one, joined with ", ". Return: 0;
 * -ENOMEM. */
int http_headers_join(struct http_headers *h) MUST_CHECK;

/** http_headers_get() - the value of @name; NULL if absent. */
const char *http_headers_get(const struct http_headers *h, const char *name);

/** http_headers_count() - how many fields were called @name. */
size_t http_headers_count(const struct http_headers *h, const char *name);

/** http_headers_set() - give the first field called @name, which exists, another value. Return: 0; -ENOMEM.
 */
int http_headers_set(struct http_headers *h, const char *name, const char *value, size_t n) MUST_CHECK;

/** http_list_has() - is @token in the comma-separated @list (NULL: empty)? Case is ignored. */
bool http_list_has(const char *list, const char *token);

/** http_list_has_exact() - the same, case counts. */
bool http_list_has_exact(const char *list, const char *token);

#endif
