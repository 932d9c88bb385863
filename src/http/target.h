/*
 * Request targets (RFC 9112 §3.2) and the Host field. Pure: no I/O, no allocation.
 */
#ifndef PARLEY_HTTP_TARGET_H
#define PARLEY_HTTP_TARGET_H

#include "http/http.h"

/* Parts of a target, pointing into it. */
struct http_target {
	const char *authority; /* of absolute-form; NULL otherwise */
	size_t authority_len;
	const char *path; /* not decoded; "*" for asterisk-form; may be empty in absolute-form */
	size_t path_len;
	const char *query; /* after '?'; NULL where there is none */
	size_t query_len;
};

/**
 * http_target_split() - origin-form, absolute-form (http, https), or, for OPTIONS, asterisk-form
 * Return: 0; 400.
 */
int http_target_split(const char *text, size_t n, enum http_method method,
		      struct http_target *out) MUST_CHECK;

/**
 * http_path_decode() - percent-decode @n bytes of @raw into @out (n + 2 bytes), NUL added; "" becomes "/"
 * Return: 0; 400: bad escape, control character or NUL, or a ".." segment.
 */
int http_path_decode(const char *raw, size_t n, char *out) MUST_CHECK;

/** http_host_valid() - a host with an optional port, not empty (RFC 3986 §3.2.2; no user information). */
bool http_host_valid(const char *host, size_t n);

#endif
