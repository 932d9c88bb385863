/*
 * `parley relay`: STUN and TURN alone, for a machine that does nothing else. SIGTERM and SIGINT stop it;
 * SIGHUP reads secrets and certificate again. Thread: the control loop's.
 */
#include "app/command.h"

#include "app/metrics.h"
#include "app/relay_setup.h"
#include "app/version.h"
#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>

struct relay_process {
	struct loop loop;
	struct config *config;
	const struct config_sources *sources;
	struct relay *relay;
	struct metrics metrics;
	uv_signal_t signals[3];
};

static void on_stop(uv_signal_t *handle, int number)
{
	struct relay_process *p = handle->data;
	log_info("stopping signal=%d", number);
	loop_stop(&p->loop);
}

static void on_reload(uv_signal_t *handle, int number)
{
	struct relay_process *p = handle->data;
	struct config *fresh = NULL;
	char error[CONFIG_ERROR_MAX];
	(void)number;
	if (config_load(p->sources, &fresh, error)) {
		log_error("reload refused, the old configuration stays: %s", error);
		return;
	}
	size_t restart = config_reload(p->config, fresh);
	config_free(fresh);
	const struct config_list *secrets = &p->config->turn.secret;
	int rc = relay_set_secrets(p->relay, (const char *const *)secrets->items, secrets->count);
	if (rc == 0)
		rc = relay_renew_tls(p->relay);
	log_set_level((enum log_level)p->config->log.level);
	if (rc)
		log_error("reload: the relay keeps some of the old configuration error=%d", -rc);
	else
		log_info("reloaded options_that_need_a_restart=%zu", restart);
}

static int start_signals(struct relay_process *p)
{
	static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		uv_signal_t *h = &p->signals[i];
		h->data = p;
		int rc = uv_signal_init(&p->loop.uv, h);
		if (rc == 0)
			rc = uv_signal_start(h, numbers[i] == SIGHUP ? on_reload : on_stop, numbers[i]);
		if (rc)
			return rc;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	return 0;
}

static int start(struct relay_process *p)
{
	const struct config *c = p->config;
	if (c->turn.secret.count == 0 && c->turn.user.count == 0) {
		log_error("parley relay needs turn.secret, the same as the server that names it in "
			  "turn.urls, or "
			  "turn.user");
		return -EINVAL;
	}
	int rc = relay_setup_start(c, &p->loop, true, &p->relay);
	if (rc == 0)
		rc = metrics_open(&p->metrics, c, &p->loop, p->relay, NULL);
	return rc ? rc : start_signals(p);
}

static void finish(struct relay_process *p)
{
	metrics_close(&p->metrics);
	for (size_t i = 0; i < ARRAY_LEN(p->signals); i++) {
		uv_handle_t *h = (uv_handle_t *)&p->signals[i];
		if (h->loop && !uv_is_closing(h))
			uv_close(h, NULL);
	}
	relay_stop(p->relay);
	loop_run(&p->loop);
	relay_free(p->relay);
	loop_deinit(&p->loop);
}

int relay_run(const struct config_sources *sources, struct config *config)
{
	struct relay_process *p = mem_zalloc(sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->sources = sources;
	p->config = config;
	int rc = loop_init(&p->loop);
	if (rc) {
		mem_free(p);
		return rc;
	}
	rc = start(p);
	if (rc == 0) {
		printf("Parley's relay is at port %u\n",
		       config->turn.port ? config->turn.port : config->turn.tls_port);
		(void)fflush(stdout);
		loop_run(&p->loop);
		log_info("stopped");
	}
	finish(p);
	mem_free(p);
	return rc;
}
