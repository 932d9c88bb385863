/*
 * Putting the service together from its configuration, and taking it apart in the reverse order.
 * Thread: the control loop's.
 */
#include "app/service.h"

#include "app/accounts_run.h"
#include "app/login_watch.h"
#include "app/proxy.h"
#include "app/room_keeper.h"
#include "app/routes.h"
#include "app/secret.h"
#include "app/security.h"
#include "app/version.h"
#include "app/ws_endpoint.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/rand.h"

#include <errno.h>
#include <string.h>

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
		.room_unused_ms = c->rooms.unused_s * 1000,
		.sessions = c->limits.sessions,
		.rooms = c->rooms.max,
		.max_participants = c->rooms.max_participants,
		.waiting_per_room = c->limits.waiting_per_room,
		.knocks_per_min = c->limits.knocks_per_min,
		.knock_again_ms = c->limits.knock_again_s * 1000,
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
		.pings_burst = c->limits.pings_burst,
		.ping_ms = c->limits.ws_ping_s * 1000,
		.close_ms = c->limits.close_ms,
		.queue_bytes = c->limits.send_queue_bytes,
	};
}

static struct http_limits http_limits(const struct config *c)
{
	return (struct http_limits){
		.target_bytes = c->limits.http_target_bytes,
		.header_bytes = c->limits.http_header_bytes,
		.header_count = c->limits.http_headers,
		.body_bytes = c->limits.http_body_bytes,
		.header_ms = c->limits.http_header_s * 1000,
		.body_ms = c->limits.http_body_s * 1000,
		.idle_ms = c->limits.http_idle_s * 1000,
		.linger_ms = c->limits.close_ms,
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

/* TURN over the web's own ports, for networks that let nothing else through. */
static void on_stun(void *arg, struct net_stream *stream, const uint8_t *data, size_t n)
{
	struct service *s = arg;
	if (s->relay)
		relay_adopt(s->relay, stream, data, n);
	else
		net_stream_close(stream);
}

struct addr service_client(const struct service *s, const struct http_request *req)
{
	return proxy_client(&s->config->server.trusted_proxies, req->peer,
			    http_header(req, "x-forwarded-for"));
}

static bool is_proxy(void *arg, const struct addr *peer)
{
	const struct service *s = arg;
	return proxy_is_trusted(&s->config->server.trusted_proxies, peer);
}

static int start_http(struct service *s, void (*emptied)(void *arg))
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
		.is_proxy = is_proxy,
		.emptied = emptied,
		.common = s->headers,
		.n_common = s->n_headers,
	};
	rand_bytes(NULL, p.hash_key, sizeof(p.hash_key));
	s->ws_limits = websocket_limits(s->config);
	if (s->config->turn.enabled)
		p.stun = on_stun;
	s->http = http_server_new(&p);
	return s->http ? 0 : -ENOMEM;
}

int service_start(struct service *s, void (*emptied)(void *arg))
{
	const char *url = s->config->server.public_url;
	int rc = url[0] == '\0' ? 0 : origin_of_url(url, s->origins.public_origin);
	s->redirect_to_https = config_tls(s->config);
	s->ice_host = "";
	if (rc == 0)
		rc = accounts_run_start(s);
	if (rc == 0) {
		s->keeper = room_keeper_new(s);
		rc = s->keeper ? start_signal(s) : -ENOMEM;
	}
	if (rc == 0) {
		s->watch = login_watch_start(s);
		rc = s->watch ? 0 : -ENOMEM;
	}
	if (rc == 0)
		rc = start_http(s, emptied);
	return rc;
}

void service_close(struct service *s)
{
	login_watch_stop(s->watch);
	accounts_run_stop(s);
	room_keeper_stop(s->keeper);
	s->http = http_server_free(s->http);
}

void service_free(struct service *s)
{
	/* Only now: closing connections gave signalling its last events, which arm the timer. */
	if (s->signal)
		loop_timer_stop(&s->loop, &s->signal_timer);
	s->signal = signal_free(s->signal);
	s->watch = login_watch_free(s->watch);
	s->keeper = room_keeper_free(s->keeper);
	accounts_run_free(s);
	s->room_budget = bucket_table_free(s->room_budget);
}
