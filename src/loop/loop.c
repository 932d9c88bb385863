/*
 * A thin layer over a libuv loop.
 *
 * An iteration of libuv: timers, prepare, poll (where the I/O callbacks run), check, close callbacks.
 * Deferred work runs in prepare, that is after all that one wake-up has brought and before the loop sleeps:
 * many small messages to one connection become one write. Work deferred by deferred work joins in for
 * DEFER_ROUNDS rounds; what is left then waits for the next iteration, which does not sleep, so that sockets
 * are not starved.
 *
 * One uv_timer_t drives the wheel with every other timer of the loop. It, prepare and check are unreferenced:
 * they and the wheel's timers do not keep the loop alive. A timeout watches over something; when the last
 * socket is gone there is nothing to watch over.
 *
 * libuv takes the time when poll returns, before the I/O callbacks, so uv_now() is the moment of the wake-up.
 * In the next prepare the clock has moved on by what all callbacks of the iteration took together: it is the
 * iteration that is measured against LOOP_SLOW_MS, and the log says so. The thread's CPU time, which takes a
 * system call, is noted once in each millisecond in which the loop wakes, so it counts up to one too many.
 *
 * Thread: that of loop_init(), and during loop_run() the one that runs it.
 */
#include "loop/loop.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define DEFER_ROUNDS 4
/* How often loop_deinit() lets close callbacks run that may close other handles. */
#define CLOSE_ROUNDS 16

static void on_tick(uv_timer_t *handle)
{
	struct loop *l = handle->data;
	l->tick_due_ms = WHEEL_NEVER;
	wheel_advance(&l->wheel, uv_now(&l->uv));
}

static void arm_tick(struct loop *l)
{
	uint64_t now_ms = uv_now(&l->uv);
	uint64_t due_ms = list_empty(&l->deferred) ? wheel_next_ms(&l->wheel) : now_ms;
	if (due_ms == l->tick_due_ms)
		return;
	l->tick_due_ms = due_ms;
	if (due_ms == WHEEL_NEVER)
		uv_timer_stop(&l->tick);
	else
		uv_timer_start(&l->tick, on_tick, due_ms > now_ms ? due_ms - now_ms : 0, 0);
}

static void run_round(struct loop *l)
{
	struct list round;
	list_init(&round);
	LIST_FOREACH (node, &l->deferred) {
		list_unlink(node);
		list_append(&round, node);
	}
	/* One by one from the front: each may cancel or free any of the others. */
	while (!list_empty(&round)) {
		struct loop_defer *d = LIST_ENTRY(round.next, struct loop_defer, node);
		list_unlink(&d->node);
		d->run(d);
	}
}

static void run_deferred(struct loop *l)
{
	for (int i = 0; i < DEFER_ROUNDS && !list_empty(&l->deferred); i++)
		run_round(l);
}

/* At most a line of each kind a second, so that a starved machine is not kept from recovering by its own log.
 */
static bool due(struct loop_late *late, uint64_t now_ms)
{
	late->count++;
	if (late->logged_ms && now_ms - late->logged_ms < LOOP_SLOW_LOG_MS)
		return false;
	late->logged_ms = now_ms;
	return true;
}

static void report_late(struct loop *l)
{
	uint64_t now_ms = clock_mono_ms();
	/* A coarse clock may lag behind. */
	uint64_t took_ms = now_ms > l->woke_ms ? now_ms - l->woke_ms : 0;
	if (took_ms <= LOOP_SLOW_MS)
		return;
	uint64_t cpu_ms = clock_cpu_ms() - l->woke_cpu_ms;
	bool slow = cpu_ms > LOOP_SLOW_MS;
	struct loop_late *late = slow ? &l->slow : &l->held_up;
	if (!due(late, now_ms))
		return;
	log_write(slow ? LOG_WARN : LOG_INFO,
		  "%s one iteration took ms=%llu cpu_ms=%llu limit_ms=%d since_last_line=%llu",
		  slow ? "slow loop: the callbacks of"
		       : "loop held up: the machine is busy or a callback waited,",
		  (unsigned long long)took_ms, (unsigned long long)cpu_ms, LOOP_SLOW_MS,
		  (unsigned long long)late->count);
	late->count = 0;
}

static void note_waking(struct loop *l)
{
	if (l->woke_ms == uv_now(&l->uv))
		return;
	l->woke_ms = uv_now(&l->uv);
	l->woke_cpu_ms = clock_cpu_ms();
}

static void on_prepare(uv_prepare_t *handle)
{
	struct loop *l = handle->data;
	run_deferred(l);
	arm_tick(l);
	report_late(l);
}

static void on_check(uv_check_t *handle)
{
	note_waking(handle->data);
}

static void open_handles(struct loop *l)
{
	/* These cannot fail: they only link structs. */
	(void)uv_timer_init(&l->uv, &l->tick);
	(void)uv_prepare_init(&l->uv, &l->prepare);
	(void)uv_check_init(&l->uv, &l->check);
	l->tick.data = l->prepare.data = l->check.data = l;
	(void)uv_prepare_start(&l->prepare, on_prepare);
	(void)uv_check_start(&l->check, on_check);
	uv_unref((uv_handle_t *)&l->tick);
	uv_unref((uv_handle_t *)&l->prepare);
	uv_unref((uv_handle_t *)&l->check);
}

int loop_init(struct loop *l)
{
	uint8_t *read_buf = mem_alloc(LOOP_READ_BYTES);
	if (!read_buf)
		return -ENOMEM;
	int r = uv_loop_init(&l->uv);
	if (r < 0) {
		mem_free(read_buf);
		return r;
	}
	l->uv.data = l;
	l->read_buf = read_buf;
	l->thread = pthread_self();
	l->woke_ms = uv_now(&l->uv);
	l->woke_cpu_ms = clock_cpu_ms();
	l->tick_due_ms = WHEEL_NEVER;
	l->stopping = false;
	list_init(&l->deferred);
	wheel_init(&l->wheel, l->woke_ms);
	open_handles(l);
	return 0;
}

void loop_deinit(struct loop *l)
{
	loop_assert_thread(l);
	/* Handles that are closing already get to the end; deferred work may be part of that. */
	for (int i = 0; i < CLOSE_ROUNDS && (uv_loop_alive(&l->uv) || !list_empty(&l->deferred)); i++) {
		run_deferred(l);
		(void)uv_run(&l->uv, UV_RUN_NOWAIT);
	}
	assert(list_empty(&l->deferred));
	wheel_deinit(&l->wheel);
	uv_close((uv_handle_t *)&l->tick, NULL);
	uv_close((uv_handle_t *)&l->prepare, NULL);
	uv_close((uv_handle_t *)&l->check, NULL);
	(void)uv_run(&l->uv, UV_RUN_NOWAIT);
	int r = uv_loop_close(&l->uv);
	assert(r == 0);
	(void)r;
	mem_free(l->read_buf);
	l->read_buf = NULL;
}

void loop_run(struct loop *l)
{
	pthread_t owner = l->thread;
	l->thread = pthread_self();
	uv_update_time(&l->uv);
	/* This thread's CPU time, not that of the one before it. */
	l->woke_ms = uv_now(&l->uv);
	l->woke_cpu_ms = clock_cpu_ms();
	/* uv_run() does nothing when no handle is active, though deferred work may be about to open one. */
	while (!l->stopping) {
		run_deferred(l);
		(void)uv_run(&l->uv, UV_RUN_DEFAULT);
		if (list_empty(&l->deferred))
			break;
	}
	/* What the last iteration put off belongs to it. */
	run_deferred(l);
	l->stopping = false;
	l->thread = owner;
}

void loop_stop(struct loop *l)
{
	loop_assert_thread(l);
	l->stopping = true;
	uv_stop(&l->uv);
}

uint64_t loop_now_ms(const struct loop *l)
{
	return uv_now(&l->uv);
}

void loop_assert_thread(const struct loop *l)
{
	if (__builtin_expect(pthread_equal(l->thread, pthread_self()) != 0, 1))
		return;
	log_error("a loop was used from another thread than its own");
	abort();
}

void loop_timer_start(struct loop *l, struct wheel_timer *t, uint64_t after_ms)
{
	loop_assert_thread(l);
	uint64_t now_ms = uv_now(&l->uv);
	wheel_start(&l->wheel, t, after_ms < WHEEL_NEVER - now_ms ? now_ms + after_ms : WHEEL_NEVER);
}

void loop_timer_stop(struct loop *l, struct wheel_timer *t)
{
	loop_assert_thread(l);
	wheel_stop(&l->wheel, t);
}

void loop_defer_init(struct loop_defer *d, void (*run)(struct loop_defer *d))
{
	list_init(&d->node);
	d->run = run;
}

void loop_defer(struct loop *l, struct loop_defer *d)
{
	loop_assert_thread(l);
	if (list_empty(&d->node))
		list_append(&l->deferred, &d->node);
}

void loop_defer_cancel(struct loop_defer *d)
{
	list_unlink(&d->node);
}
