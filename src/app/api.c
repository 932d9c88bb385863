/*
 * The table of routes, from the groups of all files of handlers, and the two answers that need nothing else.
 * Thread: the control loop's.
 */
#include "app/api.h"

#include "app/accounts_run.h"
#include "app/version.h"
#include "app/ws_endpoint.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

static int run_info(struct api_call *call);

static const struct api_route info_rows[] = {
	{.path = "/api/v1/info",
	 .method = HTTP_M_GET,
	 .who = API_UNASKED,
	 .limit = API_LIMIT_READ,
	 .run = run_info},
};
static const struct api_group info_group = API_GROUP(info_rows);

static const struct api_group *const groups[] = {
	&info_group,      &api_session_group, &api_account_group, &api_passkey_group,
	&api_rooms_group, &api_enter_group,   &api_admin_group,   &api_settings_group,
};

void api_each_route(void (*fn)(void *arg, const struct api_route *r), void *arg)
{
	for (size_t g = 0; g < ARRAY_LEN(groups); g++) {
		for (size_t i = 0; i < groups[g]->count; i++)
			fn(arg, &groups[g]->rows[i]);
	}
}

/* One segment of @path against one of the pattern; both are moved behind it. */
static bool take_segment(const char **pattern, const char **path, char (*params)[API_PARAM_MAX],
			 size_t *n_params)
{
	size_t p = strcspn(*pattern, "/"), n = strcspn(*path, "/");
	bool fits;
	if (**pattern == '{') {
		fits = n > 0 && n < API_PARAM_MAX && *n_params < API_PARAMS &&
		       text_is_utf8((const uint8_t *)*path, n);
		if (fits) {
			memcpy(params[*n_params], *path, n);
			params[(*n_params)++][n] = '\0';
		}
	} else {
		fits = p == n && memcmp(*pattern, *path, n) == 0;
	}
	*pattern += p;
	*path += n;
	return fits;
}

static bool path_fits(const char *pattern, const char *path, char params[API_PARAMS][API_PARAM_MAX])
{
	size_t n_params = 0;
	while (*pattern == '/' && *path == '/') {
		pattern++;
		path++;
		if (!take_segment(&pattern, &path, params, &n_params))
			return false;
	}
	return *pattern == '\0' && *path == '\0';
}

struct matching {
	const char *path;
	enum http_method method;
	bool allowed[HTTP_M_OTHER + 1];
	struct api_match *out;
};

static void match_route(void *arg, const struct api_route *r)
{
	struct matching *m = arg;
	char params[API_PARAMS][API_PARAM_MAX];
	if (!path_fits(r->path, m->path, params))
		return;
	m->allowed[r->method] = true;
	m->allowed[HTTP_M_HEAD] |= r->method == HTTP_M_GET;
	if (r->method != m->method || m->out->count == API_CANDIDATES)
		return;
	memcpy(m->out->params, params, sizeof(params));
	m->out->rows[m->out->count++] = r;
}

static void list_allowed(const struct matching *m, char *out, size_t size)
{
	static const char *const names[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};
	size_t used = 0;
	out[0] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (m->allowed[i])
			used += (size_t)snprintf(out + used, size - used, "%s%s", used ? ", " : "", names[i]);
	}
}

void api_match(const char *path, enum http_method method, struct api_match *out)
{
	struct matching m = {.path = path, .method = method == HTTP_M_HEAD ? HTTP_M_GET : method, .out = out};
	out->count = 0;
	api_each_route(match_route, &m);
	list_allowed(&m, out->allow, sizeof(out->allow));
}

const struct api_route *api_choose(const struct api_match *m, const json_t *body)
{
	for (size_t i = 0; i + 1 < m->count; i++) {
		if (!m->rows[i]->has || json_object_get(body, m->rows[i]->has))
			return m->rows[i];
	}
	return m->rows[m->count - 1];
}

/* ---- the service ---- */

static void reply_health(struct http_conn *conn, int status, const char *body)
{
	static const struct http_reply_header headers[] = {{"Cache-Control", "no-store"},
							   {"Retry-After", "5"}};
	http_reply(conn, &(struct http_reply){
				 .status = status,
				 .content_type = "application/json",
				 .body = body,
				 .body_len = strlen(body),
				 .headers = headers,
				 .n_headers = status == 503 ? 2 : 1,
			 });
}

void api_healthz(struct service *s, struct http_conn *conn, const struct http_request *req)
{
	if (accounts_run_healthy(s))
		reply_health(conn, 200, "{\"status\":\"ok\"}");
	else
		reply_health(conn, 503, "{\"status\":\"degraded\",\"database\":\"unavailable\"}");
}

static int run_info(struct api_call *call)
{
	static const char *const signup[] = {"open", "invite", "closed"};
	static const char *const create[] = {"anyone", "members", "admins"};
	const struct config *c = call->service->config;
	return api_answer(call, 200,
			  json_pack("{s:s, s:s, s:[s], s:{s:i, s:b, s:i, s:s}, s:{s:s, s:i, s:b}}", "name",
				    "Parley", "version", PARLEY_VERSION, "protocols", WS_SUBPROTOCOL, "rooms",
				    "max_participants", (int)c->rooms.max_participants, "knock",
				    (int)call->settings.knock, "empty_s", (int)c->rooms.empty_s, "create",
				    create[call->settings.create], "accounts", "signup",
				    signup[call->settings.signup], "password_min",
				    (int)c->accounts.password_min, "passkeys", (int)call->passkeys));
}
