/*
 * One HTTP/1.x request out of bytes, however they are cut. Pure: no I/O, no clock.
 *
 * A parser lives from the first byte of a request to its reply; what follows the request stays with the
 * caller.
 */
#ifndef PARLEY_HTTP_PARSE_H
#define PARLEY_HTTP_PARSE_H

#include "http/http.h"

struct http_parse;

enum http_parse_state { HTTP_PARSE_HEAD, HTTP_PARSE_BODY, HTTP_PARSE_DONE };

/** http_parse_new() - @limits outlives it. Return: NULL if out of memory. */
struct http_parse *http_parse_new(const struct http_limits *limits) MUST_CHECK;

/** http_parse_free() - NULL-safe. */
struct http_parse *http_parse_free(struct http_parse *p);

/**
 * http_parse_feed() - the next bytes; not again after a failure or once done
 * @used: how many were taken: all, unless the request ended before.
 * Return: 0; >0: the status to refuse it with (the connection cannot go on); -ENOMEM.
 */
int http_parse_feed(struct http_parse *p, const uint8_t *data, size_t n, size_t *used) MUST_CHECK;

enum http_parse_state http_parse_state(const struct http_parse *p);

/** http_parse_started() - more than empty lines has been seen. */
bool http_parse_started(const struct http_parse *p);

/** http_parse_wants_continue() - the client waits for "100 Continue" and has not sent any of the body yet. */
bool http_parse_wants_continue(const struct http_parse *p);

/** http_parse_keep_alive() - may the connection go on after this request? */
bool http_parse_keep_alive(const struct http_parse *p);

/** http_parse_is_head(), http_parse_is_http10() - as far as is known; false while it is not. */
bool http_parse_is_head(const struct http_parse *p);
bool http_parse_is_http10(const struct http_parse *p);

/** http_parse_request() - once done: all of it but peer and is_tls, which the caller fills in. It lives as
 * long as @p. */
struct http_request *http_parse_request(struct http_parse *p);

#endif
