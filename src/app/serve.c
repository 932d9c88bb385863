/*
 * `parley serve`: puts the service together, runs the control loop until a signal ends it, and takes it apart
 * in the reverse order. SIGTERM and SIGINT stop gracefully within server.shutdown_s, a second one at once;
 * SIGHUP reads the configuration and the certificate again.
 */
#include "app/command.h"

#include "app/routes.h"
#include "app/secret.h"
#include "app/security.h"
#include "app/service.h"
#include "app/version.h"
#include "app/ws_endpoint.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rand.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define MAX_LISTENERS 16
#define BACKLOG       1024

struct serve {
	struct service service;
	const struct config_sources *sources;
	struct tls_ctx *tls;
	struct tls_ctx *retired; /* the one before the last reload; connections of it may still be open */
	struct net_listener *listeners[MAX_LISTENERS];
	size_t n_listeners;
	uv_signal_t signals[3];
	struct wheel_timer deadline; /* of a graceful stop */
	struct wheel_timer drain_poll;
	bool stopping;
};

struct signal_time service_time(const struct service *s)
{
	return (struct signal_time){.mono_ms = loop_now_ms(&s->loop), .wall_ms = clock_wall_ms()};
}

static void on_signal_timer(struct wheel_timer *t, uint64_t now_ms)
{
	struct service *s = CONTAINER_OF(t, struct service, signal_timer);
	signal_tick(s->signal, (struct signal_time){.mono_ms = now_ms, .wall_ms = clock_wall_ms()});
	service_arm_signal(s);
}

void service_arm_signal(struct service *s)
{
	uint64_t next = signal_next_ms(s->signal);
	if (next == UINT64_MAX) {
		loop_timer_stop(&s->loop, &s->signal_timer);
		return;
	}
	if (wheel_timer_active(&s->signal_timer) && s->signal_timer.due_ms == next)
		return;
	uint64_t now = loop_now_ms(&s->loop);
	loop_timer_start(&s->loop, &s->signal_timer, next > now ? next - now : 0);
}

static struct signal_limits signal_limits(const struct config *c)
{
	return (struct signal_limits){
		.hello_ms = c->limits.hello_s * 1000,
		.resume_ms = c->limits.resume_s * 1000,
		.reload_ms = c->limits.reload_s * 1000,
		.knock_ms = c->limits.knock_s * 1000,
		.rejoin_ms = c->limits.rejoin_s * 1000,
		.room_empty_ms = c->rooms.empty_s * 1000,
		.sessions = c->limits.sessions,
		.rooms = c->rooms.max,
		.max_participants = c->rooms.max_participants,
		.waiting_per_room = c->limits.waiting_per_room,
		.held_candidates = c->limits.held_candidates,
		.bad_messages = c->limits.bad_messages,
		.sdp_bytes = c->limits.sdp_bytes,
		.replay_bytes = c->limits.replay_bytes,
		.message_bytes = c->limits.message_bytes,
		.messages_per_s = c->limits.messages_per_s,
	};
}

static struct ws_limits websocket_limits(const struct config *c)
{
	return (struct ws_limits){
		.message_bytes = c->limits.message_bytes,
		.messages_per_s = c->limits.messages_per_s,
		.messages_burst = c->limits.messages_burst,
		.pings_per_s = c->limits.pings_per_s,
		.pings_burst = 10,
		.ping_ms = c->limits.ws_ping_s * 1000,
		.close_ms = 2000,
		.queue_bytes = c->limits.send_queue_bytes,
	};
}

static struct http_limits http_limits(const struct config *c)
{
	return (struct http_limits){
		.target_bytes = 2048,
		.header_bytes = c->limits.http_header_bytes,
		.header_count = 100,
		.body_bytes = c->limits.http_body_bytes,
		.header_ms = c->limits.http_header_s * 1000,
		.body_ms = c->limits.http_body_s * 1000,
		.idle_ms = c->limits.http_idle_s * 1000,
		.linger_ms = 2000,
		.connections = c->limits.connections,
		.connections_per_prefix = c->limits.connections_per_address,
	};
}

static int start_signal(struct service *s)
{
	uint8_t ticket_key[SIGNAL_TICKET_KEY_BYTES];
	int rc = secret_load(s->config->server.data_dir, "ticket.key", ticket_key, sizeof(ticket_key));
	if (rc) {
		log_error("cannot read or make the ticket key dir=%s error=%s", s->config->server.data_dir,
			  strerror(-rc));
		return rc;
	}
	struct signal_params p = {
		.limits = signal_limits(s->config),
		.ops = &ws_endpoint_signal_ops,
		.arg = s,
		.rand = rand_bytes,
		.ticket_key = ticket_key,
		.version = PARLEY_VERSION,
		.knock = s->config->rooms.knock,
		.now = service_time(s),
	};
	wheel_timer_init(&s->signal_timer, on_signal_timer);
	return signal_new(&p, &s->signal);
}

static int start_http(struct service *s)
{
	uint8_t key[16];
	rand_bytes(NULL, key, sizeof(key));
	s->room_budget =
		bucket_table_new(1024, s->config->limits.rooms_per_min, s->config->limits.rooms_per_min, key);
	if (!s->room_budget)
		return -ENOMEM;
	s->n_headers = security_headers(s->config, s->headers, ARRAY_LEN(s->headers));
	struct http_server_params p = {
		.loop = &s->loop,
		.limits = http_limits(s->config),
		.handler = routes_handle,
		.arg = s,
		.common = s->headers,
		.n_common = s->n_headers,
	};
	rand_bytes(NULL, p.hash_key, sizeof(p.hash_key));
	s->ws_limits = websocket_limits(s->config);
	s->http = http_server_new(&p);
	return s->http ? 0 : -ENOMEM;
}

/* A context from the configuration as it is now. */
static int load_tls(const struct config *c, struct tls_ctx **out)
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

static int listen_on(struct serve *sv, const char *text, uint32_t port, bool tls)
{
	struct service *s = &sv->service;
	struct net_listen_params p = {
		.backlog = BACKLOG,
		.tls = tls ? &sv->tls : NULL,
		.queue_max = s->config->limits.send_queue_bytes,
		.handshake_ms = s->config->limits.http_header_s * 1000,
		.accept = http_server_accept,
		.arg = s->http,
	};
	int rc = sv->n_listeners < MAX_LISTENERS ? addr_parse(&p.addr, text, (uint16_t)port) : -ENOSPC;
	if (rc == 0)
		rc = net_listen(&s->loop, &p, &sv->listeners[sv->n_listeners]);
	if (rc == 0)
		sv->n_listeners++;
	return rc;
}

/* Both ports on one address. @optional: an address family that this machine lacks is passed over. */
static int listen_ports(struct serve *sv, const char *address, bool optional)
{
	const struct config *c = sv->service.config;
	const struct {
		uint32_t port;
		bool tls, wanted;
	} ports[] = {
		{c->server.http_port, false, c->server.http_port != 0},
		{c->server.https_port, true, config_tls(c)},
	};
	for (size_t i = 0; i < ARRAY_LEN(ports); i++) {
		int rc = ports[i].wanted ? listen_on(sv, address, ports[i].port, ports[i].tls) : 0;
		if (rc && !(optional && (rc == -EADDRNOTAVAIL || rc == -EAFNOSUPPORT))) {
			log_error("cannot listen address=%s port=%u error=%s", address, ports[i].port,
				  strerror(-rc));
			return rc;
		}
	}
	return 0;
}

static int start_listening(struct serve *sv)
{
	const struct config *c = sv->service.config;
	for (size_t i = 0; i < c->server.listen.count; i++) {
		int rc = listen_ports(sv, c->server.listen.items[i], false);
		if (rc)
			return rc;
	}
	if (c->server.listen.count > 0)
		return 0;
	if (config_tls(c))
		return listen_ports(sv, "*", false);
	int rc = listen_ports(sv, "127.0.0.1", false);
	return rc ? rc : listen_ports(sv, "::1", true);
}

static void stop_now(struct serve *sv)
{
	loop_timer_stop(&sv->service.loop, &sv->deadline);
	loop_timer_stop(&sv->service.loop, &sv->drain_poll);
	loop_stop(&sv->service.loop);
}

static void on_deadline(struct wheel_timer *t, uint64_t now_ms)
{
	struct serve *sv = CONTAINER_OF(t, struct serve, deadline);
	(void)now_ms;
	log_warn("stopping with connections still open count=%zu", http_server_count(sv->service.http));
	stop_now(sv);
}

static void on_drain_poll(struct wheel_timer *t, uint64_t now_ms)
{
	struct serve *sv = CONTAINER_OF(t, struct serve, drain_poll);
	(void)now_ms;
	if (http_server_count(sv->service.http) == 0)
		stop_now(sv);
	else
		loop_timer_start(&sv->service.loop, t, 20);
}

static void close_listeners(struct serve *sv)
{
	while (sv->n_listeners > 0)
		net_listener_close(sv->listeners[--sv->n_listeners]);
}

static void on_stop_signal(uv_signal_t *handle, int number)
{
	struct serve *sv = handle->data;
	if (sv->stopping) {
		stop_now(sv);
		return;
	}
	sv->stopping = true;
	log_info("stopping signal=%d connections=%zu", number, http_server_count(sv->service.http));
	close_listeners(sv);
	http_server_drain(sv->service.http);
	loop_timer_start(&sv->service.loop, &sv->deadline,
			 (uint64_t)sv->service.config->server.shutdown_s * 1000);
	loop_timer_start(&sv->service.loop, &sv->drain_poll, 0);
}

static void on_reload_signal(uv_signal_t *handle, int number)
{
	struct serve *sv = handle->data;
	struct config *c = sv->service.config;
	struct config *fresh = NULL;
	char error[CONFIG_ERROR_MAX];
	(void)number;
	if (config_load(sv->sources, &fresh, error)) {
		log_error("reload refused, the old configuration stays: %s", error);
		return;
	}
	struct tls_ctx *tls = NULL;
	/* The certificate is tried before anything is taken over. */
	if (config_tls(c) && load_tls(fresh, &tls)) {
		config_free(fresh);
		return;
	}
	size_t restart = config_reload(c, fresh);
	config_free(fresh);
	if (tls) {
		tls_ctx_free(sv->retired);
		sv->retired = sv->tls;
		sv->tls = tls;
	}
	log_set_level((enum log_level)c->log.level);
	log_info("reloaded options_that_need_a_restart=%zu", restart);
}

static int start_signals(struct serve *sv)
{
	static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		uv_signal_t *h = &sv->signals[i];
		h->data = sv;
		int rc = uv_signal_init(&sv->service.loop.uv, h);
		if (rc == 0)
			rc = uv_signal_start(h, numbers[i] == SIGHUP ? on_reload_signal : on_stop_signal,
					     numbers[i]);
		if (rc)
			return rc;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	return 0;
}

static void print_url(const struct service *s)
{
	const struct config *c = s->config;
	if (c->server.public_url[0] != '\0')
		printf("Parley is at %s\n", c->server.public_url);
	else if (config_tls(c))
		security_print_urls(c);
	else
		printf("Parley is at http://localhost:%u\n", c->server.http_port);
	(void)fflush(stdout);
}

static int start(struct serve *sv)
{
	struct service *s = &sv->service;
	if (s->config->server.public_url[0] != '\0' &&
	    origin_of_url(s->config->server.public_url, s->origins.public_origin))
		return -EINVAL;
	s->redirect_to_https = config_tls(s->config);
	wheel_timer_init(&sv->deadline, on_deadline);
	wheel_timer_init(&sv->drain_poll, on_drain_poll);
	int rc = start_signal(s);
	if (rc == 0)
		rc = start_http(s);
	if (rc == 0 && config_tls(s->config))
		rc = load_tls(s->config, &sv->tls);
	if (rc == 0)
		rc = start_listening(sv);
	if (rc == 0)
		rc = start_signals(sv);
	return rc;
}

/* Closing is asynchronous: what is closed here is gone when the loop has run out. */
static void finish(struct serve *sv)
{
	struct service *s = &sv->service;
	close_listeners(sv);
	for (size_t i = 0; i < ARRAY_LEN(sv->signals); i++) {
		uv_handle_t *h = (uv_handle_t *)&sv->signals[i];
		if (h->loop && !uv_is_closing(h))
			uv_close(h, NULL);
	}
	s->http = http_server_free(s->http);
	loop_run(&s->loop);
	/* Only now: closing connections gives signalling its last events, which arm the timer. */
	if (s->signal)
		loop_timer_stop(&s->loop, &s->signal_timer);
	s->signal = signal_free(s->signal);
	s->room_budget = bucket_table_free(s->room_budget);
	sv->tls = tls_ctx_free(sv->tls);
	sv->retired = tls_ctx_free(sv->retired);
	loop_deinit(&s->loop);
}

int serve_run(const struct config_sources *sources, struct config *config)
{
	struct serve *sv = mem_zalloc(sizeof(*sv));
	if (!sv)
		return -ENOMEM;
	sv->sources = sources;
	sv->service.config = config;
	int rc = loop_init(&sv->service.loop);
	if (rc) {
		mem_free(sv);
		return rc;
	}
	rc = start(sv);
	if (rc == 0) {
		log_info("listening version=%s", PARLEY_VERSION);
		print_url(&sv->service);
		loop_run(&sv->service.loop);
		log_info("stopped");
	}
	finish(sv);
	mem_free(sv);
	return rc;
}
