/*
 * Which sockets the service listens on, and with which certificate.
 *
 * Without TLS and without server.listen that is loopback alone: a page over plain HTTP gets no camera from
 * anywhere else. Thread: the control loop's.
 */
#include "app/listeners.h"

#include "app/security.h"
#include "base/log.h"

#include <errno.h>
#include <string.h>

#define BACKLOG 1024

int listeners_load_tls(const struct config *c, struct tls_ctx **out)
{
	if (c->tls.self_signed)
		return security_self_signed(c, out);
	const char *why = NULL;
	int rc = tls_ctx_from_files(c->tls.cert, c->tls.key, out, &why);
	if (rc)
		log_error("cannot use tls.cert=%s and tls.key=%s: %s", c->tls.cert, c->tls.key,
			  why ? why : strerror(-rc));
	return rc;
}

static int listen_on(struct listeners *ls, struct service *s, const char *text, uint32_t port, bool tls)
{
	struct net_listen_params p = {
		.backlog = BACKLOG,
		.tls = tls ? &ls->tls : NULL,
		.queue_max = s->config->limits.send_queue_bytes,
		.handshake_ms = s->config->limits.http_header_s * 1000,
		.accept = http_server_accept,
		.arg = s->http,
	};
	int rc = ls->count < LISTENERS_MAX ? addr_parse(&p.addr, text, (uint16_t)port) : -ENOSPC;
	if (rc == 0)
		rc = net_listen(&s->loop, &p, &ls->items[ls->count]);
	if (rc == 0)
		ls->count++;
	return rc;
}

/* Both ports on one address. @optional: an address family that this machine lacks is passed over. */
static int listen_ports(struct listeners *ls, struct service *s, const char *address, bool optional)
{
	const struct config *c = s->config;
	const struct {
		uint32_t port;
		bool tls, wanted;
	} ports[] = {
		{c->server.http_port, false, c->server.http_port != 0},
		{c->server.https_port, true, config_tls(c)},
	};
	for (size_t i = 0; i < ARRAY_LEN(ports); i++) {
		int rc = ports[i].wanted ? listen_on(ls, s, address, ports[i].port, ports[i].tls) : 0;
		if (rc && !(optional && (rc == -EADDRNOTAVAIL || rc == -EAFNOSUPPORT))) {
			log_error("cannot listen address=%s port=%u error=%s", address, ports[i].port,
				  strerror(-rc));
			return rc;
		}
	}
	return 0;
}

static int listen_all(struct listeners *ls, struct service *s)
{
	const struct config *c = s->config;
	for (size_t i = 0; i < c->server.listen.count; i++) {
		int rc = listen_ports(ls, s, c->server.listen.items[i], false);
		if (rc)
			return rc;
	}
	if (c->server.listen.count > 0)
		return 0;
	if (config_tls(c))
		return listen_ports(ls, s, "*", false);
	int rc = listen_ports(ls, s, "127.0.0.1", false);
	return rc ? rc : listen_ports(ls, s, "::1", true);
}

int listeners_open(struct listeners *ls, struct service *s)
{
	int rc = config_tls(s->config) ? listeners_load_tls(s->config, &ls->tls) : 0;
	return rc ? rc : listen_all(ls, s);
}

void listeners_close(struct listeners *ls)
{
	while (ls->count > 0)
		net_listener_close(ls->items[--ls->count]);
}

void listeners_swap_tls(struct listeners *ls, struct tls_ctx *fresh)
{
	tls_ctx_free(ls->tls);
	ls->tls = fresh;
}
