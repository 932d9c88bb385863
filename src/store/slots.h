/*
 * So many connections, given to whoever comes first. Those who wait are served in their order; the connection
 * last used is the first to be used again, as its caches are warm.
 */
#ifndef PARLEY_STORE_SLOTS_H
#define PARLEY_STORE_SLOTS_H

#include "base/list.h"

#include <pthread.h>
#include <stdint.h>

struct slots {
	pthread_mutex_t lock;
	struct list waiters;
	unsigned *free; /* a stack */
	unsigned n_free, n;
};

/** slots_init() - @n slots, 0 to n - 1, all free. Return: 0; -ENOMEM; -errno. */
int slots_init(struct slots *s, unsigned n) MUST_CHECK;

/** slots_deinit() - asserts that all are free. */
void slots_deinit(struct slots *s);

/** slots_take() - wait until @deadline_ms (clock_mono_ms()) at most. Return: 0; -EAGAIN; -errno. Thread: any.
 */
int slots_take(struct slots *s, uint64_t deadline_ms, unsigned *out) MUST_CHECK;

/** slots_give() - back, or on to the next who waits. Thread: any. */
void slots_give(struct slots *s, unsigned i);

#endif
