/*
 * `parley serve`: runs the control loop until a signal ends it. SIGTERM and SIGINT stop gracefully within
 * server.shutdown_s, a second one at once; SIGHUP reads the configuration and the certificate again.
 */
#include "app/command.h"

#include "app/accounts_run.h"
#include "app/listeners.h"
#include "app/metrics.h"
#include "app/relay_setup.h"
#include "app/security.h"
#include "app/service.h"
#include "app/version.h"
#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>

struct serve {
	struct service service;
	struct listeners listeners;
	struct relay *relay;
	struct metrics metrics;
	const struct config_sources *sources;
	uv_signal_t signals[3];
	struct wheel_timer deadline; /* of a graceful stop */
	bool stopping;
};

static void stop_now(struct serve *sv)
{
	loop_timer_stop(&sv->service.loop, &sv->deadline);
	loop_stop(&sv->service.loop);
}

static void on_deadline(struct wheel_timer *t, uint64_t now_ms)
{
	struct serve *sv = CONTAINER_OF(t, struct serve, deadline);
	(void)now_ms;
	log_warn("stopping with connections still open count=%zu", http_server_count(sv->service.http));
	stop_now(sv);
}

static void on_emptied(void *arg)
{
	struct service *s = arg;
	stop_now(CONTAINER_OF(s, struct serve, service));
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
	listeners_close(&sv->listeners);
	loop_timer_start(&sv->service.loop, &sv->deadline,
			 (uint64_t)sv->service.config->server.shutdown_s * 1000);
	http_server_drain(sv->service.http);
}

static void reload_relay(struct serve *sv)
{
	const struct config_list *secrets = &sv->service.config->turn.secret;
	if (!sv->service.relay)
		return;
	int rc = relay_set_secrets(sv->relay, (const char *const *)secrets->items, secrets->count);
	if (rc == 0)
		rc = relay_renew_tls(sv->relay);
	if (rc)
		log_error("reload: the relay keeps some of the old configuration error=%d", -rc);
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
	if (relay_use_own_secret(fresh)) {
		config_free(fresh);
		return;
	}
	/* The certificate is tried before anything is taken over. */
	if (config_tls(c) && listeners_load_tls(fresh, &tls)) {
		config_free(fresh);
		return;
	}
	size_t restart = config_reload(c, fresh);
	config_free(fresh);
	if (tls)
		listeners_swap_tls(&sv->listeners, tls);
	reload_relay(sv);
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

static void print_url(struct service *s)
{
	const struct config *c = s->config;
	if (c->server.public_url[0] != '\0')
		printf("Parley is at %s\n", c->server.public_url);
	else if (config_tls(c))
		security_print_urls(c);
	else
		printf("Parley is at http://localhost:%u\n", c->server.http_port);
	accounts_run_announce(s);
	(void)fflush(stdout);
}

static int start(struct serve *sv)
{
	wheel_timer_init(&sv->deadline, on_deadline);
	int rc = relay_use_own_secret(sv->service.config);
	if (rc == 0)
		rc = service_start(&sv->service, on_emptied);
	if (rc == 0 && sv->service.config->turn.enabled)
		rc = relay_setup_start(sv->service.config, &sv->service.loop, false, &sv->relay);
	sv->service.relay = sv->relay;
	if (rc == 0)
		rc = listeners_open(&sv->listeners, &sv->service);
	if (rc == 0)
		rc = metrics_open(&sv->metrics, sv->service.config, &sv->service.loop, sv->relay,
				  &sv->service);
	if (rc == 0)
		rc = start_signals(sv);
	return rc;
}

/* Closing is asynchronous: what is closed here is gone when the loop has run out. */
static void finish(struct serve *sv)
{
	listeners_close(&sv->listeners);
	for (size_t i = 0; i < ARRAY_LEN(sv->signals); i++) {
		uv_handle_t *h = (uv_handle_t *)&sv->signals[i];
		if (h->loop && !uv_is_closing(h))
			uv_close(h, NULL);
	}
	metrics_close(&sv->metrics);
	sv->service.relay = NULL;
	relay_stop(sv->relay);
	service_close(&sv->service);
	loop_run(&sv->service.loop);
	service_free(&sv->service);
	relay_free(sv->relay);
	listeners_swap_tls(&sv->listeners, NULL);
	loop_deinit(&sv->service.loop);
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
