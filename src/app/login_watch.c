/*
 * Every accounts.cached_s all logins that signalling holds are noted, and the database is asked about them,
 * some at a time, so that no thread of the pool is kept for long. While it does not answer nobody is signed
 * out: the round goes on where it was.
 *
 * Thread: the control loop's, but for ask(), which is the pool's: between pool_submit() and asked() the batch
 * at `at` is its.
 */
#include "app/login_watch.h"

#include "app/accounts_run.h"
#include "app/api_call.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#include <string.h>

#define BATCH    100
#define RETRY_MS 1000

struct login_watch {
	struct pool_job job;
	struct service *service;
	struct accounts *accounts;
	struct wheel_timer timer;
	struct account_live *list;
	size_t n, max;
	size_t at; /* those before it have been asked about */
	int result;
	bool lacks_memory, stopping;
};

static size_t batch(const struct login_watch *w)
{
	return w->n - w->at < BATCH ? w->n - w->at : BATCH;
}

static bool grow(struct login_watch *w)
{
	size_t max = w->max ? 2 * w->max : BATCH;
	struct account_live *list = mem_realloc(w->list, max * sizeof(*list));
	if (!list)
		return false;
	w->list = list;
	w->max = max;
	return true;
}

/* Whoever there is no memory for is asked about in a later round. */
static void note(void *arg, const struct signal_identity *who)
{
	struct login_watch *w = arg;
	_Static_assert(sizeof(who->account) == sizeof(w->list->account), "one form of ids");
	if (w->n == w->max && !grow(w)) {
		w->lacks_memory = true;
		return;
	}
	struct account_live *l = &w->list[w->n++];
	*l = (struct account_live){0};
	memcpy(l->account, who->account, sizeof(l->account));
	memcpy(l->session, who->login, sizeof(l->session));
}

static void begin_round(struct login_watch *w)
{
	w->n = w->at = 0;
	w->lacks_memory = false;
	signal_identities(w->service->signal, note, w);
	if (w->lacks_memory)
		log_error("out of memory: not all who are connected are asked about");
}

static void again_in(struct login_watch *w, uint64_t ms)
{
	loop_timer_start(&w->service->loop, &w->timer, ms);
}

static void ask(struct pool_job *job)
{
	struct login_watch *w = CONTAINER_OF(job, struct login_watch, job);
	w->result = account_sessions_live(w->accounts, w->list + w->at, batch(w),
					  (int64_t)clock_wall_ms() * 1000);
}

static void go_on(struct login_watch *w)
{
	struct accounts_run *run = w->service->accounts;
	if (w->at == w->n)
		again_in(w, (uint64_t)w->service->config->accounts.cached_s * 1000);
	else if (!run->ready || pool_submit(run->db, &w->job))
		again_in(w, RETRY_MS);
}

static void asked(struct pool_job *job, bool ran)
{
	struct login_watch *w = CONTAINER_OF(job, struct login_watch, job);
	if (w->stopping)
		return;
	if (!ran || w->result) {
		again_in(w, RETRY_MS);
		return;
	}
	for (size_t end = w->at + batch(w); w->at < end; w->at++) {
		const struct account_live *l = &w->list[w->at];
		if (l->ended)
			api_end_logins(w->service, l->account, l->session, NULL);
	}
	go_on(w);
}

static void on_timer(struct wheel_timer *t, uint64_t now_ms)
{
	struct login_watch *w = CONTAINER_OF(t, struct login_watch, timer);
	if (w->at == w->n)
		begin_round(w);
	go_on(w);
}

struct login_watch *login_watch_start(struct service *s)
{
	struct login_watch *w = mem_zalloc(sizeof(*w));
	if (!w)
		return NULL;
	w->service = s;
	w->accounts = s->accounts->accounts;
	w->job.run = ask;
	w->job.done = asked;
	wheel_timer_init(&w->timer, on_timer);
	go_on(w);
	return w;
}

void login_watch_stop(struct login_watch *w)
{
	if (!w)
		return;
	w->stopping = true;
	loop_timer_stop(&w->service->loop, &w->timer);
}

struct login_watch *login_watch_free(struct login_watch *w)
{
	if (!w)
		return NULL;
	mem_free(w->list);
	mem_free(w);
	return NULL;
}
