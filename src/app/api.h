/* The HTTP API: its table of routes, and what runs a request by it. docs/api.md says what each path does. */
#ifndef PARLEY_APP_API_H
#define PARLEY_APP_API_H

#include "app/api_call.h"

#define API_CANDIDATES 4 /* rows with the same path and method */

struct api_match {
	const struct api_route *rows[API_CANDIDATES]; /* in the order of the table */
	size_t count;                                 /* 0: not with this method, or no such path at all */
	char params[API_PARAMS][API_PARAM_MAX];
	char allow[48]; /* "" : there is no such path */
};

/** api_match() - @path: decoded. HEAD finds the rows of GET. Pure. */
void api_match(const char *path, enum http_method method, struct api_match *out);

/** api_choose() - the row for @body, which may be NULL. */
const struct api_route *api_choose(const struct api_match *m, const json_t *body);

/** api_each_route() - for tests that hold the document against the table. */
void api_each_route(void (*fn)(void *arg, const struct api_route *r), void *arg);

/** api_handle() - answer a request under /api/. Thread: the control loop's. */
void api_handle(struct service *s, struct http_conn *conn, const struct http_request *req);

void api_healthz(struct service *s, struct http_conn *conn, const struct http_request *req);

/* ---- between the files of the API ---- */

/** api_admit() - has who asks the role or scope that the row wants, and a token left for it? Return: 0;
 * API_E_PROBLEM. */
int api_admit(struct api_call *call) MUST_CHECK;

/** api_too_many() - 429. Return: API_E_PROBLEM. */
int api_too_many(struct api_call *call, uint32_t retry_s) MUST_CHECK;

/** api_reply() - what @call has come to; @call->conn is not NULL. */
void api_reply(struct api_call *call);

/** api_reply_problem() - a problem document, with errors (taken over; NULL: none). */
void api_reply_problem(struct http_conn *conn, const struct api_problem *p, json_t *errors);

#endif
