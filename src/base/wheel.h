/*
 * Timers without I/O: a hashed timing wheel. Starting and stopping cost O(1) and neither allocates nor fails,
 * so a timer can be embedded in whatever it watches over and die with it.
 *
 * Resolution is WHEEL_TICK_MS: a timer fires at its due time or up to one tick later, never before.
 * One owner, no locking.
 */
#ifndef PARLEY_BASE_WHEEL_H
#define PARLEY_BASE_WHEEL_H

#include "base/list.h"

#include <stdbool.h>
#include <stdint.h>

#define WHEEL_TICK_MS 16
#define WHEEL_SLOTS   1024
#define WHEEL_NEVER   UINT64_MAX

struct wheel_timer;
typedef void (*wheel_fn)(struct wheel_timer *t, uint64_t now_ms);

struct wheel_timer {
	struct list node;
	uint64_t due_ms;
	wheel_fn fire; /* the timer is stopped before this runs; it may be started again or freed in it */
};

struct wheel {
	struct list slots[WHEEL_SLOTS];
	uint64_t used[WHEEL_SLOTS / 64]; /* a bit for each slot that has timers */
	struct list overdue;             /* were due when they were started */
	uint64_t now_ms;                 /* the latest time given */
	uint64_t tick;                   /* now_ms in ticks */
	size_t count;
};

void wheel_init(struct wheel *w, uint64_t now_ms);

/** wheel_deinit() - asserts that no timer is left. */
void wheel_deinit(struct wheel *w);

void wheel_timer_init(struct wheel_timer *t, wheel_fn fire);
bool wheel_timer_active(const struct wheel_timer *t);

/** wheel_start() - (re)start @t to fire at @due_ms; a time in the past fires at the next wheel_advance(). */
void wheel_start(struct wheel *w, struct wheel_timer *t, uint64_t due_ms);

/** wheel_stop() - harmless on a stopped timer. */
void wheel_stop(struct wheel *w, struct wheel_timer *t);

/** wheel_advance() - fire all that is due at @now_ms. */
void wheel_advance(struct wheel *w, uint64_t now_ms);

/**
 * wheel_next_ms() - when to call wheel_advance() next: never later than the earliest due time plus a tick;
 * WHEEL_NEVER.
 */
uint64_t wheel_next_ms(const struct wheel *w);

#endif
