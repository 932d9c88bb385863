/*
 * Slots under one mutex. Each who waits brings a condition variable of their own and is handed a slot
 * directly: nobody who comes later can take it from them, as they could with one condition for all.
 *
 * Thread: any.
 */
#include "store/slots.h"

#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <time.h>

struct waiter {
	struct list node; /* unlinked as soon as a slot is theirs */
	pthread_cond_t given;
	unsigned slot;
};

int slots_init(struct slots *s, unsigned n)
{
	unsigned *free = mem_alloc(n * sizeof(*free));
	if (!free)
		return -ENOMEM;
	int r = pthread_mutex_init(&s->lock, NULL);
	if (r) {
		mem_free(free);
		return -r;
	}
	for (unsigned i = 0; i < n; i++)
		free[i] = n - 1 - i;
	s->free = free;
	s->n_free = s->n = n;
	list_init(&s->waiters);
	return 0;
}

void slots_deinit(struct slots *s)
{
	assert(s->n_free == s->n && list_empty(&s->waiters));
	pthread_mutex_destroy(&s->lock);
	mem_free(s->free);
}

/* On the clock of clock_mono_ms(). */
static int waiter_init(struct waiter *w)
{
	pthread_condattr_t attr;
	int r = pthread_condattr_init(&attr);
	if (r)
		return -r;
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	r = pthread_cond_init(&w->given, &attr);
	pthread_condattr_destroy(&attr);
	return -r;
}

/* Lock held. */
static int wait_for_slot(struct slots *s, uint64_t deadline_ms, unsigned *out)
{
	struct waiter w;
	int r = waiter_init(&w);
	if (r < 0)
		return r;
	struct timespec until = {.tv_sec = (time_t)(deadline_ms / 1000),
				 .tv_nsec = (long)(deadline_ms % 1000) * 1000000};
	list_init(&w.node);
	list_append(&s->waiters, &w.node);
	while (!list_empty(&w.node) && r == 0)
		r = pthread_cond_timedwait(&w.given, &s->lock, &until);
	/* A slot that came in the last moment is a slot all the same. */
	bool mine = list_empty(&w.node);
	if (mine)
		*out = w.slot;
	list_unlink(&w.node);
	pthread_cond_destroy(&w.given);
	if (mine)
		return 0;
	return r == ETIMEDOUT ? -EAGAIN : -r;
}

int slots_take(struct slots *s, uint64_t deadline_ms, unsigned *out)
{
	int r = 0;
	pthread_mutex_lock(&s->lock);
	if (s->n_free)
		*out = s->free[--s->n_free];
	else
		r = wait_for_slot(s, deadline_ms, out);
	pthread_mutex_unlock(&s->lock);
	return r;
}

void slots_give(struct slots *s, unsigned i)
{
	pthread_mutex_lock(&s->lock);
	if (list_empty(&s->waiters)) {
		assert(s->n_free < s->n);
		s->free[s->n_free++] = i;
	} else {
		struct waiter *w = LIST_ENTRY(s->waiters.next, struct waiter, node);
		list_unlink(&w->node);
		w->slot = i;
		pthread_cond_signal(&w->given);
	}
	pthread_mutex_unlock(&s->lock);
}
