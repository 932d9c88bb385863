/*
 * A bounded mailbox: how threads and loops hand each other messages. Any thread posts; the loop that owns the
 * mailbox receives. A message has one owner at any time: the poster, then the mailbox, then the receiver.
 *
 * For what is rare (orders, answers). Packets between loops go through a loop/ring.h and only wake by this.
 */
#ifndef PARLEY_LOOP_MAILBOX_H
#define PARLEY_LOOP_MAILBOX_H

#include "loop/loop.h"

#include <stdatomic.h>

/* Embedded in whatever is sent. */
struct mail {
	struct list node;
};

struct mailbox_ops {
	/* @m is the receiver's from now on. Thread: the loop's. */
	void (*receive)(void *arg, struct mail *m);
	/* Somebody called mailbox_wake() since the last time. May be NULL. Thread: the loop's. */
	void (*woken)(void *arg);
};

struct mailbox {
	struct loop *loop;
	const struct mailbox_ops *ops;
	void *arg;
	uv_async_t async;
	pthread_mutex_t lock;
	struct list queue; /* under the lock, like the two below */
	size_t count;
	bool closed;
	size_t max;
	atomic_bool wake_due;
};

/** mailbox_init() - for @l, holding at most @max messages. Keeps @l running. Return: 0; -errno. */
int mailbox_init(struct mailbox *mb, struct loop *l, size_t max, const struct mailbox_ops *ops,
		 void *arg) MUST_CHECK;

/**
 * mailbox_post() - hand @m over
 * Return: 0; -ENOBUFS: full; -EPIPE: closed. On failure @m is still the caller's. Thread: any, while the
 * mailbox exists.
 */
int mailbox_post(struct mailbox *mb, struct mail *m) MUST_CHECK;

/** mailbox_post_sparing() - the same, but it is full where less than @spare places would be left: these are
 * for mailbox_post(). */
int mailbox_post_sparing(struct mailbox *mb, struct mail *m, size_t spare) MUST_CHECK;

/** mailbox_wake() - have ops->woken called soon; many calls may become one. Thread: any. */
void mailbox_wake(struct mailbox *mb);

/**
 * mailbox_close() - take no more; what was posted before is received now, by this call
 * The struct must stay until the loop has run out, then mailbox_deinit() is due.
 */
void mailbox_close(struct mailbox *mb);
void mailbox_deinit(struct mailbox *mb);

#endif
