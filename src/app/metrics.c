/*
 * The listener for /metrics. The relay's workers are asked for their counters when somebody wants to see
 * them, so that nothing is shared on the way of a packet. Thread: the control loop's.
 */
#include "app/metrics.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/rand.h"

#include <errno.h>
#include <string.h>

#define TEXT_MAX (256 * 1024)

/* A request whose answer waits for the workers. */
struct scrape {
	struct metrics *metrics;
	struct http_conn *conn; /* NULL: the client has gone */
};

static void on_gone(void *arg)
{
	struct scrape *sc = arg;
	sc->conn = NULL;
}

static void answer(const struct metrics *m, struct http_conn *conn, const struct relay_counters *each,
		   size_t n)
{
	struct buf text;
	buf_init(&text, TEXT_MAX);
	if (metrics_write(&text, each, n, m->service))
		http_reply_error(conn, 503, "out_of_memory", NULL);
	else
		http_reply(conn, &(struct http_reply){
					 .status = 200,
					 .content_type = "text/plain; version=0.0.4; charset=utf-8",
					 .body = buf_data(&text),
					 .body_len = buf_len(&text),
				 });
	buf_deinit(&text);
}

static void on_counted(void *arg, const struct relay_counters *each, size_t n)
{
	struct scrape *sc = arg;
	if (sc->conn) {
		http_conn_on_gone(sc->conn, NULL, NULL);
		if (n)
			answer(sc->metrics, sc->conn, each, n);
		else
			http_reply_error(sc->conn, 503, "busy", "the relay's workers do not answer");
	}
	mem_free(sc);
}

static void handle(void *arg, struct http_conn *conn, const struct http_request *req)
{
	struct metrics *m = arg;
	if (strcmp(req->path, "/metrics") != 0) {
		http_reply_error(conn, 404, "not_found", "there is only /metrics here");
		return;
	}
	if (req->method != HTTP_M_GET && req->method != HTTP_M_HEAD) {
		http_reply_error(conn, 405, "method_not_allowed", NULL);
		return;
	}
	if (!m->relay) {
		answer(m, conn, NULL, 0);
		return;
	}
	struct scrape *sc = mem_zalloc(sizeof(*sc));
	if (!sc) {
		http_reply_error(conn, 503, "out_of_memory", NULL);
		return;
	}
	sc->metrics = m;
	sc->conn = conn;
	http_conn_on_gone(conn, on_gone, sc);
	relay_count(m->relay, on_counted, sc);
}

static int listen_on(struct metrics *m, struct loop *l, const char *text, uint32_t port)
{
	struct net_listen_params p = {
		.backlog = 16,
		.queue_max = TEXT_MAX + 4096,
		.accept = http_server_accept,
		.arg = m->http,
	};
	int rc = m->n_listeners < METRICS_LISTENERS_MAX ? addr_parse(&p.addr, text, (uint16_t)port) : -ENOSPC;
	if (rc == 0)
		rc = net_listen(l, &p, &m->listeners[m->n_listeners]);
	if (rc == 0)
		m->n_listeners++;
	else
		log_error("cannot listen for metrics address=%s port=%u error=%s (see metrics.port)", text,
			  port, strerror(-rc));
	return rc;
}

int metrics_open(struct metrics *m, const struct config *c, struct loop *l, struct relay *relay,
		 const struct service *service)
{
	struct http_server_params p = {
		.loop = l,
		.limits = {.target_bytes = 1024,
			   .header_bytes = 8192,
			   .header_count = 64,
			   .body_bytes = 1024,
			   .header_ms = 10000,
			   .body_ms = 10000,
			   .idle_ms = 75000,
			   .linger_ms = 2000,
			   .connections = 64,
			   .connections_per_prefix = 32},
		.handler = handle,
		.arg = m,
	};
	if (c->metrics.port == 0)
		return 0;
	m->relay = relay;
	m->service = service;
	rand_bytes(NULL, p.hash_key, sizeof(p.hash_key));
	m->http = http_server_new(&p);
	if (!m->http)
		return -ENOMEM;
	int rc = c->metrics.listen.count == 0 ? listen_on(m, l, "127.0.0.1", c->metrics.port) : 0;
	for (size_t i = 0; rc == 0 && i < c->metrics.listen.count; i++)
		rc = listen_on(m, l, c->metrics.listen.items[i], c->metrics.port);
	return rc;
}

void metrics_close(struct metrics *m)
{
	while (m->n_listeners > 0)
		net_listener_close(m->listeners[--m->n_listeners]);
	m->http = http_server_free(m->http);
}
