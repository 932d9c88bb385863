/*
 * Which request goes where. /api/ has a table of its own. A path of the table here answers 405 with Allow for
 * other methods; any other path is a file of the web app, or 404. Thread: the control loop's.
 */
#include "app/routes.h"

#include "app/api.h"
#include "app/static_files.h"
#include "app/ws_endpoint.h"

#include <stdio.h>
#include <string.h>

typedef void (*route_fn)(struct service *s, struct http_conn *conn, const struct http_request *req);

static const struct route {
	const char *path;
	enum http_method method; /* HTTP_M_GET stands for HEAD as well */
	const char *allow;
	route_fn handle;
} routes[] = {
	{"/ws", HTTP_M_GET, "GET", ws_endpoint_handle},
	{"/healthz", HTTP_M_GET, "GET, HEAD", api_healthz},
};

static bool method_matches(const struct route *r, enum http_method m)
{
	return m == r->method || (m == HTTP_M_HEAD && strstr(r->allow, "HEAD"));
}

static void reply_not_allowed(struct http_conn *conn, const char *allow)
{
	struct http_reply_header header = {"Allow", allow};
	http_reply_error_with(conn, 405, "method_not_allowed", NULL, &header);
}

/* To the same place over TLS: at the public URL, or at the host that was asked for if that is us for sure. */
static void redirect(struct service *s, struct http_conn *conn, const struct http_request *req)
{
	char origin[ORIGIN_MAX];
	if (s->origins.public_origin[0] == '\0') {
		const char *host = http_header(req, "host");
		if (!host || !origin_host_is_ours(host)) {
			http_reply_error(conn, 421, "unknown_host", "set server.public_url to use this name");
			return;
		}
		origin_with_port(host, s->config->server.https_port, origin);
	} else {
		memcpy(origin, s->origins.public_origin, sizeof(origin));
	}
	char location[ORIGIN_MAX + 2048];
	/* The target is in origin-form unless a proxy was meant; then the path alone is taken. */
	int n = snprintf(location, sizeof(location), "%s%s", origin,
			 req->target[0] == '/' ? req->target : "/");
	if (n < 0 || (size_t)n >= sizeof(location)) {
		http_reply_error(conn, 414, "target_too_long", NULL);
		return;
	}
	struct http_reply_header header = {"Location", location};
	http_reply(conn, &(struct http_reply){.status = 308, .headers = &header, .n_headers = 1});
}

void routes_handle(void *service, struct http_conn *conn, const struct http_request *req)
{
	struct service *s = service;
	if (s->redirect_to_https && !req->is_tls) {
		redirect(s, conn, req);
		return;
	}
	if (strncmp(req->path, "/api/", 5) == 0) {
		api_handle(s, conn, req);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
		if (strcmp(routes[i].path, req->path) != 0)
			continue;
		if (method_matches(&routes[i], req->method))
			routes[i].handle(s, conn, req);
		else
			reply_not_allowed(conn, routes[i].allow);
		return;
	}
	bool read = req->method == HTTP_M_GET || req->method == HTTP_M_HEAD;
	if (read && static_files_serve(conn, req, s->config->server.web_root))
		return;
	if (!read)
		reply_not_allowed(conn, "GET, HEAD");
	else
		http_reply_error(conn, 404, "not_found", "there is nothing at this address");
}
