/*
 * Worker threads for what would hold a loop up: password hashing, the database, mail. A job is run by one of
 * them and then comes back to the loop that submitted it. The queue is bounded: a full pool is an answer
 * (503), not a wait.
 */
#ifndef PARLEY_LOOP_POOL_H
#define PARLEY_LOOP_POOL_H

#include "loop/mailbox.h"

struct pool;

/* Embedded in whatever is to be done. One owner: the submitter, then the pool, then done(). */
struct pool_job {
	struct mail mail;
	struct list node;
	/* Thread: one of the pool's. May block. */
	void (*run)(struct pool_job *job);
	/* @ran: false where the pool was stopped before its turn came. Thread: the loop's. */
	void (*done)(struct pool_job *job, bool ran);
	bool ran;
};

struct pool_params {
	struct loop *loop;
	const char *name; /* of the threads, at most 15 bytes */
	unsigned threads;
	size_t queue_max; /* jobs waiting, beside those being run */
	int nice;         /* how far they stand back for the loops (see nice(2)); 0: not */
};

/** pool_new() - start the threads. Return: 0; -ENOMEM; -errno. Thread: the loop's, like all below. */
int pool_new(const struct pool_params *p, struct pool **out) MUST_CHECK;

/** pool_submit() - Return: 0; -EAGAIN: the queue is full (counted), or the pool stops: @job is still the
 * caller's. */
int pool_submit(struct pool *p, struct pool_job *job) MUST_CHECK;

/** pool_stop() - wait for the jobs being run; those waiting are not run. done() has been called for all of
 * them when this returns. NULL-safe. */
void pool_stop(struct pool *p);

/** pool_free() - after pool_stop(), when the loop has run out. NULL-safe. */
struct pool *pool_free(struct pool *p);

struct pool_stats {
	uint64_t waiting, running; /* now */
	uint64_t done, refused;    /* since the start */
};
void pool_get_stats(const struct pool *p, struct pool_stats *out);

#endif
