/*
 * Joins a WebSocket to a signalling connection: each is the other's user pointer, through struct endpoint,
 * which is born with the upgrade and dies with the WebSocket's `closed`. Thread: the control loop's.
 */
#include "app/ws_endpoint.h"

#include "app/accounts_run.h"
#include "app/ice_servers.h"
#include "app/login.h"
#include "app/room_keeper.h"
#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct endpoint {
	struct service *service;
	struct ws *ws;
	struct signal_conn *conn;
	char ice_host[ICE_HOST_MAX];
};

static void on_message(void *arg, const char *data, size_t n)
{
	struct endpoint *e = arg;
	/* The core asks for ICE servers only for whom it is answering. */
	e->service->ice_host = e->ice_host;
	signal_input(e->conn, data, n, service_time(e->service));
	e->service->ice_host = "";
	service_arm_signal(e->service);
}

static void on_closed(void *arg, int code)
{
	struct endpoint *e = arg;
	struct service *s = e->service;
	log_debug("websocket closed code=%d", code);
	signal_closed(e->conn, service_time(s));
	service_arm_signal(s);
	mem_free(e);
}

static const struct ws_ops endpoint_ops = {.message = on_message, .closed = on_closed};

static void op_send(void *arg, void *user, const char *json, size_t n)
{
	struct endpoint *e = user;
	(void)arg;
	/* A connection that cannot take it is being cut by ws_send(); the session keeps the message for its
	 * return. */
	int rc = ws_send(e->ws, json, n);
	if (rc && rc != -EPIPE)
		log_info("websocket cut: its peer does not read error=%d", -rc);
}

static void op_close(void *arg, void *user, int code, const char *reason)
{
	struct endpoint *e = user;
	(void)arg;
	ws_close(e->ws, code, reason);
}

static int op_ice_servers(void *arg, const char *participant, struct signal_time now, struct buf *json,
			  uint32_t *expires_s)
{
	struct service *s = arg;
	int rc = ice_servers_json(s->config, s->ice_host, participant, now.wall_ms, json);
	if (rc == 0)
		*expires_s = s->config->turn.credential_s;
	return rc;
}

static void op_left(void *arg, const char *participant)
{
	struct service *s = arg;
	if (s->relay)
		relay_revoke(s->relay, participant);
}

static void op_room_made(void *arg, const char *room)
{
	struct service *s = arg;
	room_keeper_look_up(s->keeper, room);
}

static void op_room_changed(void *arg, const char *room, bool knock, bool locked)
{
	struct service *s = arg;
	room_keeper_save(s->keeper, room, knock, locked);
}

const struct signal_ops ws_endpoint_signal_ops = {
	.send = op_send,
	.close = op_close,
	.ice_servers = op_ice_servers,
	.room_made = op_room_made,
	.room_changed = op_room_changed,
	.left = op_left,
};

/* A program's token is not for calls: it comes as a guest. */
static void identify(struct signal_conn *c, const struct account_login *who)
{
	struct signal_identity id;
	_Static_assert(sizeof(id.account) == sizeof(who->account.id), "one form of ids");
	if (!who || who->session.id[0] == '\0')
		return;
	memcpy(id.account, who->account.id, sizeof(id.account));
	memcpy(id.login, who->session.id, sizeof(id.login));
	signal_identify(c, &id);
}

static void refuse_handshake(struct http_conn *conn, int status)
{
	static const struct http_reply_header upgrade[] = {{"Upgrade", "websocket"},
							   {"Sec-WebSocket-Version", "13"}};
	if (status != 426) {
		http_reply_error(conn, status, "bad_handshake",
				 "not a WebSocket handshake for " WS_SUBPROTOCOL);
		return;
	}
	http_reply(conn, &(struct http_reply){
				 .status = 426,
				 .content_type = "text/plain; charset=utf-8",
				 .body = "this is a WebSocket\n",
				 .body_len = 20,
				 .headers = upgrade,
				 .n_headers = ARRAY_LEN(upgrade),
			 });
}

/* After the upgrade: the signalling side. On failure the WebSocket is closed and forgets us. */
static void connect_signal(struct endpoint *e, const struct addr *peer, const struct account_login *who)
{
	int rc = signal_open(e->service->signal, e, peer, service_time(e->service), &e->conn);
	if (rc == 0) {
		ws_attach(e->ws, &endpoint_ops, e);
		identify(e->conn, who);
		service_arm_signal(e->service);
		return;
	}
	log_error("cannot open a signalling connection error=%d", -rc);
	ws_close(e->ws, 1013, "try again later");
	mem_free(e);
}

static void upgrade(struct service *s, struct http_conn *conn, const struct http_request *req,
		    const struct account_login *who)
{
	struct endpoint *e = mem_zalloc(sizeof(*e));
	if (!e) {
		http_reply_error(conn, 503, "out_of_memory", NULL);
		return;
	}
	e->service = s;
	ice_host(s->config, http_header(req, "host"), e->ice_host);
	struct addr peer = service_client(s, req); /* the request is gone after the upgrade */
	if (ws_accept(conn, req, WS_SUBPROTOCOL, &s->ws_limits, &e->ws)) {
		mem_free(e);
		return;
	}
	connect_signal(e, &peer, who);
}

/* ---- who is it? ---- */

/* A handshake that waits for the database. The request stays as long as its connection. */
struct arrival {
	struct login_ask ask;
	struct http_conn *conn; /* NULL: the client has gone */
	const struct http_request *req;
};

static void arrive(struct arrival *a)
{
	struct service *s = a->ask.service;
	const struct account_login *who = NULL;
	if (a->ask.result == 0)
		who = &a->ask.login;
	else if (a->ask.result < 0)
		/* A call that goes on is not lost because the database is; who is not known to us is a guest.
		 */
		who = login_cache_find_stale(s->accounts->logins, a->ask.token, a->ask.now_us);
	if (a->conn)
		upgrade(s, a->conn, a->req, who);
	mem_free(a);
}

static void looked_up(struct login_ask *ask)
{
	arrive(CONTAINER_OF(ask, struct arrival, ask));
}

static void on_gone(void *arg)
{
	struct arrival *a = arg;
	a->conn = NULL;
}

static void look_up(struct service *s, struct arrival *a)
{
	struct addr client = service_client(s, a->req);
	uint32_t retry_s =
		api_limits_address(s->accounts->limits, API_LIMIT_READ, &client, loop_now_ms(&s->loop));
	if (retry_s) {
		char text[16];
		(void)snprintf(text, sizeof(text), "%u", retry_s);
		struct http_reply_header retry = {"Retry-After", text};
		http_reply_error_with(a->conn, 429, "too_many", NULL, &retry);
		mem_free(a);
		return;
	}
	http_conn_on_gone(a->conn, on_gone, a);
	/* Once started, all of it is the thread's. */
	int rc = login_start(&a->ask, looked_up);
	if (rc == 0)
		return;
	a->ask.result = rc;
	http_conn_on_gone(a->conn, NULL, NULL);
	arrive(a);
}

void ws_endpoint_handle(struct service *s, struct http_conn *conn, const struct http_request *req)
{
	if (!origin_allowed(&s->origins, http_header(req, "origin"), http_header(req, "host"), req->is_tls)) {
		http_reply_error(conn, 403, "bad_origin", "this page's origin may not use this service");
		return;
	}
	int status = ws_check(req, WS_SUBPROTOCOL);
	if (status) {
		refuse_handshake(conn, status);
		return;
	}
	struct arrival *a = mem_zalloc(sizeof(*a));
	if (!a) {
		http_reply_error(conn, 503, "out_of_memory", NULL);
		return;
	}
	a->conn = conn;
	a->req = req;
	if (login_find(s, req, &a->ask))
		arrive(a);
	else
		look_up(s, a);
}
