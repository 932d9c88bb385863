/*
 * What handlers read and how they answer: fields, times, accounts; and the one table by which results become
 * problems (RFC 9457). Thread: any, but for api_reply() and api_reply_problem(), which are the control
 * loop's.
 */
#include "app/accounts_run.h"
#include "app/api.h"
#include "app/api_body.h"
#include "app/cookie.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RETRY_S 5

const char *api_text(const struct api_call *call, const char *name)
{
	return json_string_value(json_object_get(call->body, name));
}

int api_bool(const struct api_call *call, const char *name)
{
	const json_t *v = json_object_get(call->body, name);
	return v ? json_is_true(v) : -1;
}

uint32_t api_uint(const struct api_call *call, const char *name, uint32_t otherwise)
{
	const json_t *v = json_object_get(call->body, name);
	return v ? (uint32_t)json_integer_value(v) : otherwise;
}

int api_query(const struct api_call *call, const char *name, char *out, size_t size)
{
	return api_query_find(call->query, name, out, size);
}

int api_query_uint(const struct api_call *call, const char *name, uint64_t min, uint64_t max, uint64_t *value)
{
	char text[24];
	char *end = NULL;
	if (api_query_find(call->query, name, text, sizeof(text)))
		return -EINVAL;
	if (text[0] == '\0')
		return 0;
	errno = 0;
	unsigned long long n = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end || errno || n < min || n > max)
		return -EINVAL;
	*value = n;
	return 0;
}

json_t *api_time(int64_t us)
{
	char text[32];
	struct tm tm;
	time_t s = (time_t)(us / 1000000);
	if (us == 0 || !gmtime_r(&s, &tm) || strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		return json_null();
	return json_string(text);
}

json_t *api_account(const struct account *a)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:b, s:i, s:i, s:i}", "id", a->id, "email", a->email,
			 "name", a->name, "language", a->language, "role", account_role_text(a->role),
			 "created", api_time(a->created_us), "two_factor", (int)a->totp, "passkeys",
			 (int)a->passkeys, "recovery_codes", (int)a->recovery_codes, "rooms", (int)a->rooms);
}

int api_answer(struct api_call *call, int status, json_t *out)
{
	if (!out && status != 204)
		return -ENOMEM;
	json_decref(call->out);
	call->out = out;
	call->status = status;
	return 0;
}

int api_problem(struct api_call *call, int status, const char *code, const char *detail)
{
	call->problem.status = status;
	call->problem.code = code;
	call->problem.retry_s = 0;
	(void)snprintf(call->problem.detail, sizeof(call->problem.detail), "%s", detail ? detail : "");
	return API_E_PROBLEM;
}

int api_fault(struct api_call *call, const char *field, const char *reason)
{
	call->fault = (struct account_fault){.field = field, .reason = reason};
	return ACCOUNT_E_FIELD;
}

/* ---- results become problems ---- */

static const struct {
	int result;
	int status;
	const char *code;
	const char *detail;
} problems[] = {
	{ACCOUNT_E_FIELD, 422, "bad_field", NULL},
	{ACCOUNT_E_CREDENTIALS, 401, "bad_credentials", "the address or the password is wrong"},
	{ACCOUNT_E_SECOND_FACTOR, 401, "second_factor_needed",
	 "a code of the authenticator, or a recovery code"},
	{ACCOUNT_E_CODE, 401, "bad_code", "the code is wrong, or has been used"},
	{ACCOUNT_E_TOKEN, 410, "token_invalid", "the link is wrong, used or too old"},
	{ACCOUNT_E_CLOSED, 403, "signup_closed", "this service takes no new accounts"},
	{ACCOUNT_E_FORBIDDEN, 403, "forbidden", NULL},
	{ACCOUNT_E_UNKNOWN, 404, "not_found", NULL},
	{ACCOUNT_E_LAST_ADMIN, 409, "last_admin", "nobody would be left who may administer"},
	{ACCOUNT_E_TOO_MANY, 409, "too_many", "there are as many as there may be"},
	{ACCOUNT_E_EXISTS, 409, "exists", "there is such an account"},
	{ACCOUNT_E_STATE, 409, "wrong_state", NULL},
	{-ENOMEM, 503, "out_of_memory", NULL},
};

/* What is in no row is the database's: gone, locked, full, or broken in a way that it has logged. */
static void to_problem(struct api_call *c)
{
	size_t i = 0;
	if (c->result == API_E_PROBLEM)
		return;
	while (i < ARRAY_LEN(problems) && problems[i].result != c->result)
		i++;
	if (i < ARRAY_LEN(problems))
		c->result = api_problem(c, problems[i].status, problems[i].code, problems[i].detail);
	else
		c->result =
			api_problem(c, 503, "unavailable", "this cannot be done at the moment; try again");
	if (c->problem.status == 503)
		c->problem.retry_s = RETRY_S;
}

static json_t *fault_errors(const struct api_call *c)
{
	if (c->result != ACCOUNT_E_FIELD || !c->fault.field)
		return NULL;
	return json_pack("[{s:s, s:s}]", "field", c->fault.field, "reason", c->fault.reason);
}

void api_reply_problem(struct http_conn *conn, const struct api_problem *p, json_t *errors)
{
	char retry[16];
	struct http_reply_header headers[3] = {{"Cache-Control", "no-store"}};
	size_t n = 1;
	if (p->retry_s) {
		(void)snprintf(retry, sizeof(retry), "%u", p->retry_s);
		headers[n++] = (struct http_reply_header){"Retry-After", retry};
	}
	/* RFC 9110 §15.5.2. Not a scheme for which a browser would put up a dialogue. */
	if (p->status == 401)
		headers[n++] = (struct http_reply_header){"WWW-Authenticate", "Bearer realm=\"parley\""};
	json_t *doc = json_pack("{s:s, s:i, s:s, s:s, s:s*, s:o*}", "type", "about:blank", "status",
				p->status, "title", http_status_text(p->status), "code", p->code, "detail",
				p->detail[0] ? p->detail : NULL, "errors", errors);
	char *text = doc ? json_dumps(doc, JSON_COMPACT) : NULL;
	json_decref(doc);
	http_reply(conn, &(struct http_reply){
				 .status = p->status,
				 .content_type = text ? "application/problem+json" : NULL,
				 .body = text,
				 .body_len = text ? strlen(text) : 0,
				 .headers = headers,
				 .n_headers = n,
			 });
	free(text);
}

/* ---- the answer ---- */

static size_t answer_headers(const struct api_call *c, struct http_reply_header *out, char *cookie,
			     char *file)
{
	size_t n = 0;
	out[n++] = (struct http_reply_header){"Cache-Control", "no-store"};
	if (c->location)
		out[n++] = (struct http_reply_header){"Location", c->location};
	if (c->cookie != API_COOKIE_KEEP) {
		cookie_set(c->is_secure, c->cookie == API_COOKIE_SET ? c->token : "",
			   c->service->config->accounts.session_max_s, cookie);
		out[n++] = (struct http_reply_header){"Set-Cookie", cookie};
	}
	if (c->filename) {
		(void)snprintf(file, 100, "attachment; filename=\"%.60s\"", c->filename);
		out[n++] = (struct http_reply_header){"Content-Disposition", file};
	}
	return n;
}

void api_reply(struct api_call *c)
{
	char cookie[COOKIE_MAX], file[100];
	struct http_reply_header headers[4];
	char *text = c->text;
	if (c->result == 0 && c->out) {
		text = json_dumps(c->out, JSON_COMPACT);
		c->result = text ? 0 : -ENOMEM;
	}
	if (c->result) {
		json_t *errors = fault_errors(c);
		to_problem(c);
		api_reply_problem(c->conn, &c->problem, errors);
		return;
	}
	http_reply(c->conn, &(struct http_reply){
				    .status = c->status,
				    .content_type = text ? "application/json" : NULL,
				    .body = text,
				    .body_len = text ? strlen(text) : 0,
				    .headers = headers,
				    .n_headers = answer_headers(c, headers, cookie, file),
			    });
	if (text != c->text)
		free(text);
}

/* ---- effects ---- */

void api_forget(struct service *s, const char *account)
{
	login_cache_forget(s->accounts->logins, account, NULL, NULL);
}

void api_end_logins(struct service *s, const char *account, const char *session, const char *keep)
{
	login_cache_forget(s->accounts->logins, account, session, keep);
	signal_sign_out(s->signal, account, session, keep, service_time(s));
	service_arm_signal(s);
}

void api_effect_forget(struct api_call *c)
{
	api_forget(c->service, c->subject[0] ? c->subject : c->login.account.id);
}

void api_effect_end(struct api_call *c)
{
	const char *asking = c->login.account.id;
	bool own = c->subject[0] == '\0' || strcmp(c->subject, asking) == 0;
	const char *keep = own && c->login.session.id[0] ? c->login.session.id : NULL;
	/* The kept one has a new token, or other rights. */
	api_forget(c->service, own ? asking : c->subject);
	api_end_logins(c->service, own ? asking : c->subject, NULL, keep);
}
