/*
 * A thin layer over a libuv loop: its thread, its timers, and work put off to the end of an iteration.
 *
 * A loop belongs to the thread that called loop_init(), and during loop_run() to the thread that called that;
 * the functions that take a loop assert it. An iteration whose callbacks together take more than LOOP_SLOW_MS
 * is logged: as slow where the thread ran that long, as held up where it did not and something else had the
 * core, or a callback waited.
 */
#ifndef PARLEY_LOOP_LOOP_H
#define PARLEY_LOOP_LOOP_H

#include "base/list.h"
#include "base/wheel.h"

#include <pthread.h>
#include <stdbool.h>
#include <uv.h>

#define LOOP_SLOW_MS     50
#define LOOP_SLOW_LOG_MS 1000
#define LOOP_READ_BYTES  65536

/* Work for the end of the iteration, embedded in whatever has it. */
struct loop_defer {
	struct list node;
	void (*run)(struct loop_defer *d);
};

/* Iterations that took too long, of one kind. */
struct loop_late {
	uint64_t logged_ms; /* when the last line about them was written; 0: never */
	uint64_t count;     /* of them since then */
};

struct loop {
	uv_loop_t uv;
	uv_timer_t tick;      /* drives the wheel */
	uv_prepare_t prepare; /* runs the deferred work, arms the tick, before the loop sleeps */
	uv_check_t check;     /* notes when the loop woke */
	struct wheel wheel;
	struct list deferred;
	pthread_t thread;
	uint64_t woke_ms;     /* when this iteration began */
	uint64_t woke_cpu_ms; /* how long the thread had run then, or earlier in that millisecond */
	struct loop_late slow, held_up;
	uint64_t tick_due_ms; /* what the tick is set to, or WHEEL_NEVER */
	bool stopping;
	uint8_t *read_buf; /* LOOP_READ_BYTES, shared by all streams: data is used up in the read callback */
};

/** loop_init() - Return: 0; -errno. */
int loop_init(struct loop *l) MUST_CHECK;

/**
 * loop_deinit() - close what loop_init() opened
 *
 * Handles that are closing are waited for, deferred work is run; then it asserts that no handle, timer or
 * work is left.
 */
void loop_deinit(struct loop *l);

/**
 * loop_run() - run until loop_stop(), or until there is no active libuv handle or request and no deferred
 * work
 *
 * Timers of the wheel alone do not keep it running. Work deferred in the last iteration has run when it
 * returns.
 */
void loop_run(struct loop *l);
void loop_stop(struct loop *l);

/** loop_now_ms() - monotonic milliseconds, as of this iteration's wake-up. */
uint64_t loop_now_ms(const struct loop *l);

/** loop_assert_thread() - abort when called from another thread than the loop's. */
void loop_assert_thread(const struct loop *l);

/** loop_timer_start() - (re)start @t to fire @after_ms after loop_now_ms(). */
void loop_timer_start(struct loop *l, struct wheel_timer *t, uint64_t after_ms);
void loop_timer_stop(struct loop *l, struct wheel_timer *t);

/** loop_defer_init() - @run may free @d, defer it again, and cancel or free other work. */
void loop_defer_init(struct loop_defer *d, void (*run)(struct loop_defer *d));

/**
 * loop_defer() - run @d at the end of this iteration; harmless when it is already to be run
 *
 * Work deferred by deferred work runs in the same pass for a few rounds, then in the next iteration.
 */
void loop_defer(struct loop *l, struct loop_defer *d);

/** loop_defer_cancel() - harmless when it is not to be run. */
void loop_defer_cancel(struct loop_defer *d);

#endif
