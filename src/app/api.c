/* See api.h. Replies are JSON; errors are problem documents (RFC 9457). Thread: the control loop's. */
#include "app/api.h"

#include "app/version.h"
#include "app/ws_endpoint.h"
#include "base/log.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* Takes @body over; NULL is out of memory. */
static void reply_json(struct http_conn *conn, int status, json_t *body, const char *location)
{
	char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
	json_decref(body);
	if (!text) {
		http_reply_error(conn, 503, "out_of_memory", NULL);
		return;
	}
	struct http_reply_header headers[] = {{"Cache-Control", "no-store"}, {"Location", location}};
	http_reply(conn, &(struct http_reply){
				 .status = status,
				 .content_type = "application/json",
				 .body = text,
				 .body_len = strlen(text),
				 .headers = headers,
				 .n_headers = location ? 2 : 1,
			 });
	free(text);
}

void api_healthz(struct service *s, struct http_conn *conn, const struct http_request *req)
{
	(void)s;
	(void)req;
	reply_json(conn, 200, json_pack("{s:s}", "status", "ok"), NULL);
}

void api_info(struct service *s, struct http_conn *conn, const struct http_request *req)
{
	const struct config *c = s->config;
	(void)req;
	reply_json(conn, 200,
		   json_pack("{s:s, s:s, s:[s], s:{s:i, s:b, s:i}}", "name", "Parley", "version",
			     PARLEY_VERSION, "protocols", WS_SUBPROTOCOL, "rooms", "max_participants",
			     (int)c->rooms.max_participants, "knock", (int)c->rooms.knock, "empty_s",
			     (int)c->rooms.empty_s),
		   NULL);
}

/* A browser sends Origin with every POST; programs do not, and have no cookies that could be misused. */
static bool origin_ok(const struct service *s, const struct http_request *req)
{
	const char *origin = http_header(req, "origin");
	return !origin || origin_allowed(&s->origins, origin, http_header(req, "host"), req->is_tls);
}

static bool is_json(const struct http_request *req)
{
	const char *type = http_header(req, "content-type");
	size_t n = strlen("application/json");
	return type && strncasecmp(type, "application/json", n) == 0 && strchr("; \t", type[n]);
}

/*
 * The body: empty, or {"knock": bool}. @knock: -1 where it says nothing.
 * Return: 0; 400 or 422 with *@detail.
 */
static int parse_create_room(const struct http_request *req, int *knock, const char **detail)
{
	*knock = -1;
	if (req->body_len == 0)
		return 0;
	json_t *body = json_loadb((const char *)req->body, req->body_len, JSON_REJECT_DUPLICATES, NULL);
	json_t *value = json_object_get(body, "knock");
	int status = 0;
	if (!json_is_object(body)) {
		status = 400;
		*detail = "the body is not a JSON object";
	} else if (value && !json_is_boolean(value)) {
		status = 422;
		*detail = "knock: true or false";
	} else if (value) {
		*knock = json_is_true(value);
	}
	json_decref(body);
	return status;
}

static void reply_too_many(struct http_conn *conn)
{
	static const struct http_reply_header retry = {"Retry-After", "60"};
	http_reply_error_with(conn, 429, "too_many_rooms",
			      "too many rooms have been made from this address; try again in a minute",
			      &retry);
}

static void reply_room(struct service *s, struct http_conn *conn, const struct http_request *req,
		       const char *id)
{
	char origin[ORIGIN_MAX];
	char path[64];
	char url[ORIGIN_MAX + sizeof(path)];
	(void)snprintf(path, sizeof(path), "/r/%s", id);
	/* Without a public URL and under a name that may be anybody's, only the path is sure. */
	bool known = origin_self(&s->origins, http_header(req, "host"), req->is_tls, origin) == 0;
	(void)snprintf(url, sizeof(url), "%s%s", known ? origin : "", path);
	reply_json(conn, 201, json_pack("{s:s, s:s}", "id", id, "url", url), path);
}

void api_create_room(struct service *s, struct http_conn *conn, const struct http_request *req)
{
	if (!origin_ok(s, req)) {
		http_reply_error(conn, 403, "bad_origin", "this page's origin may not use this service");
		return;
	}
	if (req->body_len > 0 && !is_json(req)) {
		http_reply_error(conn, 415, "bad_content_type", "send application/json");
		return;
	}
	int knock;
	const char *detail = NULL;
	int status = parse_create_room(req, &knock, &detail);
	if (status) {
		http_reply_error(conn, status, status == 400 ? "bad_json" : "bad_field", detail);
		return;
	}
	uint8_t prefix[ADDR_PREFIX_BYTES];
	struct addr client = service_client(s, req);
	addr_prefix(&client, prefix);
	if (!bucket_table_take(s->room_budget, prefix, sizeof(prefix), loop_now_ms(&s->loop))) {
		reply_too_many(conn);
		return;
	}
	char id[SIGNAL_ROOM_ID_LEN + 1];
	int rc = signal_room_create(s->signal, knock, service_time(s), id);
	if (rc) {
		log_warn("cannot make a room error=%s", strerror(-rc));
		http_reply_error(conn, 503, rc == -ENOSPC ? "rooms_full" : "out_of_memory", NULL);
		return;
	}
	service_arm_signal(s);
	reply_room(s, conn, req, id);
}
