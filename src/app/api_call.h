/*
 * A request under /api/v1 on its way: checked on the control loop against its row of the table (who may,
 * limits, the body's form), worked on by a thread of a pool where it needs the database or a hash, answered
 * on the loop.
 *
 * A handler is a straight line: it reads call->body, calls the account module, fills in the answer. It runs
 * on the thread that its row names; with API_ON_LOOP it must not block. It may touch nothing of the service
 * but what this struct gives it; what has to change there (cookies, cached logins, WebSockets, rooms) it asks
 * for by call->effect, which is run on the loop before the answer goes out.
 */
#ifndef PARLEY_APP_API_CALL_H
#define PARLEY_APP_API_CALL_H

#include "account/account.h"
#include "app/service.h"
#include "loop/pool.h"

#include <jansson.h>

#define API_PARAMS     2
#define API_PARAM_MAX  64
#define API_DETAIL_MAX 160

enum api_where { API_ON_LOOP, API_ON_DB, API_ON_HASH };
/* API_UNASKED: who it is does not matter and is not looked up. */
enum api_who { API_UNASKED, API_ANYBODY, API_SIGNED_IN, API_ADMIN };
enum api_cookie { API_COOKIE_KEEP, API_COOKIE_SET, API_COOKIE_CLEAR };

/* Which bucket a request takes from before anything is done: of the address, and of the account, or of the
 * `email` or the `{id}` of a room where the limit is about these. */
enum api_limit {
	API_LIMIT_READ,
	API_LIMIT_WRITE,
	API_LIMIT_SIGNIN,
	API_LIMIT_SIGNUP,
	API_LIMIT_RESET,
	API_LIMIT_EMAIL, /* of an address that an account is to be changed to */
	API_LIMIT_ROOM,  /* of a room the handler takes it, by the one spelling of its id */
	API_LIMITS
};

enum api_type {
	API_TEXT,
	API_BOOL,
	API_UINT,
	API_WORDS /* an array of strings */,
	API_ANY /* a text, a boolean or a number, which the handler looks at itself */
};

struct api_field {
	const char *name;
	enum api_type type;
	bool required;
	uint32_t max; /* bytes of a text, value of a number, count of words */
};

struct api_call;

struct api_route {
	const char *path;        /* "/api/v1/account/sessions/{id}" */
	enum http_method method; /* HTTP_M_GET stands for HEAD as well */
	enum api_who who;
	const char *scope; /* an API token needs it; NULL: no API token may */
	enum api_where where;
	enum api_limit limit;
	const struct api_field *fields; /* ended by a NULL name; NULL: no body */
	/* The row is for bodies that have this field; of several rows with the same path and method the first
	 * that fits counts, and what is wrong with the body is told by that one. NULL: for all. */
	const char *has;
	bool body_optional; /* no body at all is an empty object */
	bool signs_in;      /* needs an Origin also without a cookie */
	/* NULL, or on the loop ahead of run: what is known only there, or can be answered there for good.
	 * Return: API_GO_ON; else as of run, which is not called then. */
	int (*prepare)(struct api_call *call);
	/* Return: 0, the answer is filled in; what api_problem() returned; an account code, which becomes a
	 * problem by one table; -errno: 503, but -ENOENT. */
	int (*run)(struct api_call *call);
};

/* Each file of handlers has one, and api.c lists them. */
struct api_group {
	const struct api_route *rows;
	size_t count;
};
#define API_GROUP(table)                                                                                     \
	{                                                                                                    \
		(table), ARRAY_LEN(table)                                                                    \
	}
extern const struct api_group api_session_group, api_account_group, api_passkey_group, api_rooms_group,
	api_enter_group, api_admin_group, api_settings_group;

#define API_E_PROBLEM 1000 /* what api_problem() returns */
#define API_GO_ON     1001 /* of prepare: run comes next */

struct api_problem {
	int status;
	const char *code; /* a literal */
	char detail[API_DETAIL_MAX];
	uint32_t retry_s; /* Retry-After; 0: none */
};

struct api_call {
	struct pool_job job;
	struct service *service; /* on the loop only */
	struct accounts *accounts;
	struct http_conn *conn; /* NULL: the client has gone; the work is done all the same */
	const struct api_route *route;
	char params[API_PARAMS][API_PARAM_MAX];
	char *query;
	json_t *body; /* an object that has the fields of the row and no others; NULL: the row has none */
	struct account_login login; /* account.id "": nobody */
	struct account_client client;
	struct addr peer;                 /* the same address, for limits */
	char origin[ORIGIN_MAX];          /* of the page, checked; "" */
	char self[ORIGIN_MAX];            /* our own, for links; "": not known for sure */
	bool is_secure;                   /* the page was loaded over https, be it from a proxy */
	bool passkeys;                    /* … and from where browsers offer passkeys for us */
	struct service_settings settings; /* as they were when the request came */
	int64_t now_us;

	/* The answer. */
	int result;
	int status; /* where result is 0 */
	json_t *out;
	char *text;           /* instead of @out: a JSON text of malloc(), freed with free() */
	const char *filename; /* a literal: offered as a file */
	char *location;       /* mem_alloc(); NULL: none */
	struct account_fault fault;
	struct api_problem problem;
	enum api_cookie cookie;
	char token[ACCOUNT_TOKEN_LEN + 1];
	/* On the loop, if result is 0; may be NULL. It may change the answer, also into a problem:
	 * call->result = api_problem(…). */
	void (*effect)(struct api_call *call);
	char subject[ACCOUNT_ID_LEN + 1]; /* for the effect: whom it is about */
	void *state;                      /* for the effect: mem_alloc(), freed with the call */
};

/** api_text() - a text field; NULL if it was not sent. */
const char *api_text(const struct api_call *call, const char *name);
/** api_bool() - -1 if it was not sent. */
int api_bool(const struct api_call *call, const char *name);
/** api_uint() - @otherwise if it was not sent. */
uint32_t api_uint(const struct api_call *call, const char *name, uint32_t otherwise);
/** api_query() - a parameter of the query, percent-decoded into @out; "" if absent. Return: 0; -EINVAL:
 * broken, too long, or not UTF-8. */
int api_query(const struct api_call *call, const char *name, char *out, size_t size) MUST_CHECK;
/** api_query_uint() - @otherwise if absent. Return: 0; -EINVAL: no number from @min to @max. */
int api_query_uint(const struct api_call *call, const char *name, uint64_t min, uint64_t max,
		   uint64_t *value) MUST_CHECK;

/** api_time() - microseconds since 1970 as JSON text; 0: JSON null. */
json_t *api_time(int64_t us);
json_t *api_account(const struct account *a);

/** api_answer() - status and body; takes @out over (NULL with 204: none). Return: 0; -ENOMEM: @out is NULL.
 */
int api_answer(struct api_call *call, int status, json_t *out) MUST_CHECK;

/** api_problem() - the answer is this problem. @code: a literal; @detail: copied; NULL: none. Return:
 * API_E_PROBLEM. */
int api_problem(struct api_call *call, int status, const char *code, const char *detail) MUST_CHECK;

/** api_fault() - 422 for one field. Both literals. Return: ACCOUNT_E_FIELD. */
int api_fault(struct api_call *call, const char *field, const char *reason) MUST_CHECK;

/* Effects, also to be called by others; on the loop. */

/** api_forget() - cached logins of @account are void; the next request asks the database. */
void api_forget(struct service *s, const char *account);

/** api_end_logins() - @account's sessions have ended, @session alone if not NULL, and not @keep: forget them,
 * and close their WebSockets. */
void api_end_logins(struct service *s, const char *account, const char *session, const char *keep);

/** api_effect_forget(), api_effect_end() - as call->effect: of call->subject, or where that is "" of who
 * asks; all sessions but the asking one if it is who asks. */
void api_effect_forget(struct api_call *call);
void api_effect_end(struct api_call *call);

/** api_take() - one more token of @limit for @key, beside what the row's limit took; on the loop. Of a guess
 * see api_limits_guess().
 * Return: 0; API_E_PROBLEM: 429. */
int api_take(struct api_call *call, enum api_limit limit, const char *key) MUST_CHECK;

/** api_settings_load() - what admins have set at run time, over what @s says (api_settings.c); on
 * a thread of the database. Return: 0, also where nothing is set; -errno of the store. */
int api_settings_load(struct accounts *a, struct service_settings *s) MUST_CHECK;

#endif
