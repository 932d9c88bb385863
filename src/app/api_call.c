/*
 * One request under /api/ from arrival to answer.
 *
 *   arrive: row, origin, body, limit of the address      loop
 *   identify: cache of logins, else the database         loop, pool `db`
 *   admit: may they, limit of the account or address     loop
 *   run: the row's handler                               loop, pool `db` or pool `hash`
 *   finish: effect, answer                               loop
 *
 * A client that goes away takes the answer with it, not the work. Each flight is freed in finish() and
 * nowhere else.
 *
 * Thread: the control loop's, but for run_job().
 */
#include "app/accounts_run.h"
#include "app/api.h"
#include "app/api_body.h"
#include "app/login.h"
#include "base/clock.h"
#include "base/mem.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct flight {
	struct api_call call;
	struct login_ask ask;
	const struct api_route *row;
	bool is_api_token;
};

static void flight_free(struct flight *f)
{
	struct api_call *c = &f->call;
	api_body_forget(c->body);
	json_decref(c->out);
	free(c->text);
	mem_free(c->location);
	mem_free(c->query);
	mem_free(c->state);
	sodium_memzero(f, sizeof(*f));
	mem_free(f);
}

static void finish(struct flight *f)
{
	struct api_call *c = &f->call;
	if (c->result == 0 && c->effect)
		c->effect(c);
	if (c->conn)
		api_reply(c);
	flight_free(f);
}

static void on_gone(void *arg)
{
	struct flight *f = arg;
	f->call.conn = NULL;
}

/* The reply is made later. */
static void wait_for_it(struct flight *f)
{
	if (f->call.conn)
		http_conn_on_gone(f->call.conn, on_gone, f);
}

/* ---- run ---- */

static void run_job(struct pool_job *job)
{
	struct api_call *c = CONTAINER_OF(job, struct api_call, job);
	c->result = c->route->run(c);
}

static void job_done(struct pool_job *job, bool ran)
{
	struct api_call *c = CONTAINER_OF(job, struct api_call, job);
	if (!ran)
		c->result = -EAGAIN;
	if (c->result == 0)
		mail_run_wake(c->service->accounts->mail);
	finish(CONTAINER_OF(c, struct flight, call));
}

static void run(struct flight *f)
{
	struct api_call *c = &f->call;
	struct accounts_run *accounts = c->service->accounts;
	c->result = c->route->prepare ? c->route->prepare(c) : API_GO_ON;
	if (c->result != API_GO_ON) {
		finish(f);
		return;
	}
	if (c->route->where == API_ON_LOOP) {
		c->result = c->route->run(c);
		finish(f);
		return;
	}
	c->job.run = run_job;
	c->job.done = job_done;
	wait_for_it(f);
	struct pool *pool = c->route->where == API_ON_HASH ? accounts->hash : accounts->db;
	/* Once submitted, all of it is the thread's. */
	int rc = accounts->ready ? pool_submit(pool, &c->job) : -EAGAIN;
	if (rc == 0)
		return;
	c->result = rc;
	finish(f);
}

/* ---- admit ---- */

static void admit(struct flight *f)
{
	struct api_call *c = &f->call;
	c->result = api_admit(c);
	if (c->result)
		finish(f);
	else
		run(f);
}

/* ---- identify ---- */

static void identified(struct flight *f)
{
	struct api_call *c = &f->call;
	int rc = f->ask.result;
	if (rc == 0) {
		c->login = f->ask.login;
	} else if (rc != ACCOUNT_E_TOKEN) {
		c->result = rc;
		finish(f);
		return;
	} else if (f->is_api_token) {
		c->result = api_problem(c, 401, "not_signed_in", "the API token is not good");
		finish(f);
		return;
	}
	admit(f);
}

static void looked_up(struct login_ask *ask)
{
	identified(CONTAINER_OF(ask, struct flight, ask));
}

/* What the loop knows by itself costs us no more than a file: it is not counted. */
static bool is_counted(const struct api_route *r)
{
	return r->where != API_ON_LOOP || r->limit != API_LIMIT_READ;
}

static uint32_t take_address(struct service *s, const struct api_route *r, const struct http_request *req)
{
	struct addr client = service_client(s, req);
	return api_limits_address(s->accounts->limits, r->limit, &client, loop_now_ms(&s->loop));
}

static void identify(struct flight *f, const struct http_request *req)
{
	struct api_call *c = &f->call;
	if (c->route->who == API_UNASKED) {
		admit(f);
		return;
	}
	f->is_api_token = login_has_bearer(req);
	if (login_find(c->service, req, &f->ask)) {
		identified(f);
		return;
	}
	uint32_t retry_s = is_counted(c->route) ? 0 : take_address(c->service, c->route, req);
	c->result = retry_s ? api_too_many(c, retry_s) : 0;
	wait_for_it(f);
	if (c->result == 0)
		c->result = login_start(&f->ask, looked_up);
	if (c->result)
		finish(f);
}

/* ---- arrive ---- */

/* Web Authentication Level 2 §5.1.3: a secure context, and a domain for the relying party's id. */
static bool passkeys_offered(const struct service *s, const char *host)
{
	const char *origin = s->origins.public_origin;
	struct addr literal;
	if (origin[0] == '\0')
		return host && strncasecmp(host, "localhost", 9) == 0 && (host[9] == ':' || host[9] == '\0');
	if (strncmp(origin, "https://", 8) != 0)
		return strncmp(origin, "http://localhost", 16) == 0 &&
		       (origin[16] == ':' || origin[16] == '\0');
	return addr_parse(&literal, origin + 8, 443) != 0;
}

static void fill_in(struct service *s, const struct http_request *req, struct api_call *c)
{
	const char *origin = http_header(req, "origin"), *host = http_header(req, "host");
	struct addr client = service_client(s, req);
	char address[ADDR_TEXT_MAX];
	c->service = s;
	c->accounts = s->accounts->accounts;
	c->settings = s->settings;
	c->now_us = (int64_t)clock_wall_ms() * 1000;
	c->is_secure = login_is_secure(s, req);
	c->passkeys = passkeys_offered(s, host);
	if (origin_self(&s->origins, host, req->is_tls, c->self))
		c->self[0] = '\0';
	/* Checked by now, and so no longer than an origin may be. */
	if (origin && req->method != HTTP_M_GET && req->method != HTTP_M_HEAD)
		(void)snprintf(c->origin, sizeof(c->origin), "%s", origin);
	c->peer = client;
	(void)snprintf(c->client.address, sizeof(c->client.address), "%s", addr_format_ip(&client, address));
	account_client_software(http_header(req, "user-agent"), c->client.software);
}

/* A problem before there is a flight. */
static void refuse(struct http_conn *conn, int status, const char *code, const char *detail, uint32_t retry_s)
{
	struct api_problem p = {.status = status, .code = code, .retry_s = retry_s};
	(void)snprintf(p.detail, sizeof(p.detail), "%s", detail ? detail : "");
	api_reply_problem(conn, &p, NULL);
}

static bool changes_something(enum http_method m)
{
	return m != HTTP_M_GET && m != HTTP_M_HEAD;
}

/*
 * May the page that sends this do so (docs/api.md, Other sites)? A browser sends Origin with whatever changes
 * something; a program may leave it out where it has no cookie that somebody else could make use of.
 */
static bool origin_ok(const struct service *s, const struct http_request *req, const struct api_match *m)
{
	const char *origin = http_header(req, "origin");
	if (!changes_something(req->method))
		return true;
	if (origin)
		return origin_allowed(&s->origins, origin, http_header(req, "host"), req->is_tls);
	bool needed = login_has_cookie(s, req) && !login_has_bearer(req);
	for (size_t i = 0; i < m->count; i++)
		needed |= m->rows[i]->signs_in;
	return !needed;
}

static bool is_json(const struct http_request *req)
{
	const char *type = http_header(req, "content-type");
	size_t n = strlen("application/json");
	return type && strncasecmp(type, "application/json", n) == 0 && strchr("; \t", type[n]);
}

static bool wants_body(const struct api_match *m)
{
	for (size_t i = 0; i < m->count; i++) {
		if (m->rows[i]->fields)
			return true;
	}
	return false;
}

/* Return: 0, with @body (NULL where none is wanted); a status, the refusal having been sent. */
static int read_body(struct http_conn *conn, const struct http_request *req, const struct api_match *m,
		     json_t **body)
{
	const char *detail = NULL;
	if (!wants_body(m))
		return 0;
	if (req->body_len == 0 && m->rows[m->count - 1]->body_optional) {
		*body = json_object();
		if (*body)
			return 0;
		refuse(conn, 503, "out_of_memory", NULL, 5);
		return 503;
	}
	if (!is_json(req)) {
		refuse(conn, 415, "bad_content_type", "send application/json", 0);
		return 415;
	}
	int rc = api_body_parse(req->body, req->body_len, body, &detail);
	if (rc == -ENOMEM)
		refuse(conn, 503, "out_of_memory", NULL, 5);
	else if (rc)
		refuse(conn, 400, "bad_json", detail, 0);
	return rc;
}

/* Return: whether @body has the form that @r wants; else the refusal has been sent. */
static bool form_ok(struct http_conn *conn, const struct api_route *r, json_t *body)
{
	json_t *errors = NULL;
	bool unknown = false;
	int rc = r->fields ? api_body_check(body, r->fields, &errors, &unknown) : 0;
	if (rc == 0)
		return true;
	if (rc < 0) {
		refuse(conn, 503, "out_of_memory", NULL, 5);
		return false;
	}
	struct api_problem p = {.status = 422, .code = unknown ? "unknown_field" : "bad_field"};
	api_reply_problem(conn, &p, errors);
	return false;
}

/* Takes @body over. */
static void take_off(struct service *s, struct http_conn *conn, const struct http_request *req,
		     const struct api_match *m, json_t *body)
{
	const struct api_route *r = api_choose(m, body);
	if (!form_ok(conn, r, body)) {
		api_body_forget(body);
		return;
	}
	struct flight *f = mem_zalloc(sizeof(*f));
	char *query = f ? mem_strdup(req->query) : NULL;
	if (!query) {
		mem_free(f);
		api_body_forget(body);
		refuse(conn, 503, "out_of_memory", NULL, 5);
		return;
	}
	struct api_call *c = &f->call;
	fill_in(s, req, c);
	c->conn = conn;
	c->route = r;
	c->body = body;
	c->query = query;
	memcpy(c->params, m->params, sizeof(c->params));
	identify(f, req);
}

void api_handle(struct service *s, struct http_conn *conn, const struct http_request *req)
{
	struct api_match m;
	json_t *body = NULL;
	api_match(req->path, req->method, &m);
	if (m.allow[0] == '\0') {
		refuse(conn, 404, "not_found", "there is nothing at this address", 0);
		return;
	}
	if (m.count == 0) {
		struct http_reply_header allow = {"Allow", m.allow};
		http_reply_error_with(conn, 405, "method_not_allowed", NULL, &allow);
		return;
	}
	if (!origin_ok(s, req, &m)) {
		refuse(conn, 403, "bad_origin", "this page's origin may not use this service", 0);
		return;
	}
	/* Before the body is looked at, which costs more than to say no. */
	uint32_t retry_s = is_counted(m.rows[0]) ? take_address(s, m.rows[0], req) : 0;
	if (retry_s) {
		refuse(conn, 429, "too_many", "too many requests from this address; try again later",
		       retry_s);
		return;
	}
	if (read_body(conn, req, &m, &body) == 0)
		take_off(s, conn, req, &m, body);
}
