/*
 * The loop's side of the queue: when to look into it, and with how many threads.
 *
 * Each slot is a job that works until nothing is due, then says when the next letter is. A wake-up takes a
 * free slot; if none is free, one of them goes round again, because it may have looked before the letter was
 * there. A minute is the longest between two looks: other processes (the command line, other nodes) queue
 * letters too and cannot wake us.
 *
 * Thread: the control loop's, but for work(), which runs on the pool's.
 */
#include "app/mail_run.h"

#include "account/mail_queue.h"
#include "app/mail_deliver.h"
#include "base/log.h"
#include "base/mem.h"
#include "loop/pool.h"

#include <errno.h>
#include <string.h>

#define SLOTS            2
#define LOOK_MS          60000
#define DATABASE_GONE_MS 5000

struct slot {
	struct pool_job job;
	struct mail_run *run;
	bool busy;
	/* Written by the pool's thread, read when it is done. */
	int64_t next_us; /* when there is something to do; INT64_MAX: nothing waits */
	bool broken;     /* the database did not answer */
};

struct mail_run {
	struct mail_deliver deliver;
	struct loop *loop;
	struct pool *pool;
	struct slot slots[SLOTS];
	size_t n_slots;
	struct wheel_timer timer;
	bool again; /* woken while all slots were busy */
	bool stopped;
	atomic_uint_fast64_t waiting;
};

static int look(struct mail_run *r, int64_t *next_us)
{
	uint64_t waiting;
	int rc = account_mail_next(r->deliver.p.accounts, next_us);
	if (rc == 0)
		rc = account_mail_count(r->deliver.p.accounts, &waiting);
	if (rc == 0)
		atomic_store(&r->waiting, waiting);
	return rc;
}

/* Looking first is a read; only taking is a write. */
static void work(struct pool_job *job)
{
	struct slot *s = CONTAINER_OF(job, struct slot, job);
	struct mail_run *r = s->run;
	s->next_us = INT64_MAX;
	int rc = look(r, &s->next_us);
	while (rc == 0 && s->next_us <= mail_deliver_now_us() && !atomic_load(&r->deliver.cancel)) {
		do
			rc = mail_deliver_next(&r->deliver);
		while (rc == 0 && !atomic_load(&r->deliver.cancel));
		if (rc == 0 || rc == ACCOUNT_E_UNKNOWN)
			rc = look(r, &s->next_us);
	}
	s->broken = rc != 0;
}

static void arm(struct mail_run *r, uint64_t after_ms)
{
	uint64_t due_ms = loop_now_ms(r->loop) + after_ms;
	if (!r->stopped && !(wheel_timer_active(&r->timer) && r->timer.due_ms <= due_ms))
		loop_timer_start(r->loop, &r->timer, after_ms);
}

static uint64_t pause_ms(const struct slot *s)
{
	if (s->broken)
		return DATABASE_GONE_MS;
	int64_t left_us = s->next_us == INT64_MAX ? INT64_MAX : s->next_us - mail_deliver_now_us();
	if (left_us <= 0)
		return 0;
	/* Rounded up, or it would not be due yet. */
	uint64_t ms = (uint64_t)left_us / 1000 + 1;
	return ms < LOOK_MS ? ms : LOOK_MS;
}

static void done(struct pool_job *job, bool ran)
{
	struct slot *s = CONTAINER_OF(job, struct slot, job);
	struct mail_run *r = s->run;
	s->busy = false;
	if (r->stopped)
		return;
	if (ran)
		arm(r, pause_ms(s));
	/* Last: the slot may be the pool's again after this. */
	if (r->again) {
		r->again = false;
		mail_run_wake(r);
	}
}

void mail_run_wake(struct mail_run *r)
{
	if (!r || r->stopped)
		return;
	for (size_t i = 0; i < r->n_slots; i++) {
		struct slot *s = &r->slots[i];
		if (s->busy)
			continue;
		s->busy = pool_submit(r->pool, &s->job) == 0;
		if (s->busy)
			return;
	}
	r->again = true;
}

static void on_timer(struct wheel_timer *t, uint64_t now_ms)
{
	mail_run_wake(CONTAINER_OF(t, struct mail_run, timer));
}

static int start(struct mail_run *r, const struct mail_run_params *p)
{
	int rc = mail_deliver_init(&r->deliver, p);
	if (rc)
		return rc;
	bool outbox = p->config->mail.smtp_url[0] == '\0';
	/* Writing files is quick. */
	r->n_slots = outbox ? 1 : SLOTS;
	for (size_t i = 0; i < r->n_slots; i++) {
		r->slots[i].job = (struct pool_job){.run = work, .done = done};
		r->slots[i].run = r;
	}
	if (outbox)
		log_info("there is no mail.smtp_url: mail is written to files dir=%s", r->deliver.outbox);
	const struct pool_params pool = {
		.loop = p->loop, .name = "mail", .threads = (unsigned)r->n_slots, .queue_max = r->n_slots};
	rc = mail_init();
	if (rc)
		return rc;
	rc = pool_new(&pool, &r->pool);
	if (rc)
		mail_deinit();
	return rc;
}

int mail_run_start(const struct mail_run_params *p, struct mail_run **out)
{
	struct mail_run *r = mem_zalloc(sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->loop = p->loop;
	wheel_timer_init(&r->timer, on_timer);
	int rc = start(r, p);
	if (rc) {
		log_error("cannot start the mail queue error=%s", strerror(-rc));
		mem_free(r);
		return rc;
	}
	mail_run_wake(r);
	*out = r;
	return 0;
}

void mail_run_stop(struct mail_run *r)
{
	if (!r || r->stopped)
		return;
	r->stopped = true;
	atomic_store(&r->deliver.cancel, true);
	loop_timer_stop(r->loop, &r->timer);
	pool_stop(r->pool);
}

struct mail_run *mail_run_free(struct mail_run *r)
{
	if (!r)
		return NULL;
	pool_free(r->pool);
	mail_deinit();
	mem_free(r);
	return NULL;
}

void mail_run_get_stats(const struct mail_run *r, struct mail_run_stats *out)
{
	*out = (struct mail_run_stats){
		.sent = atomic_load(&r->deliver.sent),
		.failed = atomic_load(&r->deliver.failed),
		.given_up = atomic_load(&r->deliver.given_up),
		.waiting = atomic_load(&r->waiting),
	};
}
