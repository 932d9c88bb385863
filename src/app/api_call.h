/*
 * A request under /api/v1 on its way: checked on the control loop against its row of the table (who may, limits,
 * the body's form), worked on by a thread of a pool where it needs the database or a hash, answered on the loop.
 *
 * A handler is a straight line: it reads call->body, calls the account module, fills in the answer. It runs on the
 * thread that its row names; with API_ON_LOOP it must not block. It may touch nothing of the service but what
 * this struct gives it; what has to change there (cookies, cached logins, WebSockets, rooms) it asks for by
 * call->effect, which is run on the loop before the answer goes out.
 */
#ifndef PARLEY_APP_API_CALL_H
#define PARLEY_APP_API_CALL_H

#include "account/account.h"
#include "app/service.h"
#include "loop/pool.h"

#include <jansson.h>

#define API_PARAMS    2
#define API_PARAM_MAX 64

enum api_where { API_ON_LOOP, API_ON_DB, API_ON_HASH };
enum api_who { API_ANYBODY, API_SIGNED_IN, API_ADMIN };
enum api_cookie { API_COOKIE_KEEP, API_COOKIE_SET, API_COOKIE_CLEAR };

/* Which bucket a request takes from before anything is done: of the address, and of the account or the address
 * given in the body where there is one. */
enum api_limit { API_LIMIT_READ, API_LIMIT_WRITE, API_LIMIT_SIGNIN, API_LIMIT_SIGNUP, API_LIMIT_RESET, API_LIMIT_ROOM,
		 API_LIMITS };

enum api_type { API_TEXT, API_BOOL, API_UINT, API_WORDS /* an array of strings */ };

struct api_field {
	const char *name;
	enum api_type type;
	bool required;
	uint32_t max; /* bytes of a text, value of a number, count of words */
};

struct api_call;

struct api_route {
	const char *path; /* "/api/v1/account/sessions/{id}" */
	enum http_method method;
	enum api_who who;
	const char *scope; /* an API token needs it; NULL: no API token may */
	enum api_where where;
	enum api_limit limit;
	const struct api_field *fields; /* ended by a NULL name; NULL: no body */
	/* Return: 0, the answer is filled in; an account code, which becomes a problem by one table; -errno. */
	int (*run)(struct api_call *call);
};

struct api_call {
	struct pool_job job;
	struct service *service;  /* on the loop only */
	struct accounts *accounts;
	struct http_conn *conn; /* NULL: the client has gone; the work is done all the same */
	const struct api_route *route;
	char params[API_PARAMS][API_PARAM_MAX];
	char *query;
	json_t *body; /* an object that has the fields of the row and no others */
	struct account_login login; /* account.id "": nobody */
	struct account_client client;
	char origin[ORIGIN_MAX]; /* of the page, checked; "" */
	int64_t now_us;

	/* The answer. */
	int result;
	int status; /* where result is 0 */
	json_t *out;
	struct account_fault fault;
	enum api_cookie cookie;
	char token[ACCOUNT_TOKEN_LEN + 1];
	void (*effect)(struct api_call *call); /* on the loop, if result is 0; may be NULL */
	char subject[ACCOUNT_ID_LEN + 1];      /* for the effect: whom it is about */
};

/** api_text() - a text field; NULL if it was not sent. */
const char *api_text(const struct api_call *call, const char *name);
/** api_bool() - -1 if it was not sent. */
int api_bool(const struct api_call *call, const char *name);
/** api_query() - a parameter of the query, percent-decoded into @out; "" if absent. Return: 0; -EINVAL: broken or
 * too long. */
int api_query(const struct api_call *call, const char *name, char *out, size_t size) MUST_CHECK;

/** api_time() - microseconds since 1970 as JSON text; 0: JSON null. */
json_t *api_time(int64_t us);
json_t *api_account(const struct account *a);

/** api_answer() - status and body; takes @out over (NULL with 204: none). Return: 0; -ENOMEM: @out is NULL. */
int api_answer(struct api_call *call, int status, json_t *out) MUST_CHECK;

/* Effects, also to be called by others; on the loop. */

/** api_forget() - cached logins of @account are void; the next request asks the database. */
void api_forget(struct service *s, const char *account);

/** api_end_logins() - @account's sessions have ended, @session alone if not NULL, and not @keep: forget them, and
 * close their WebSockets. */
void api_end_logins(struct service *s, const char *account, const char *session, const char *keep);

#endif
