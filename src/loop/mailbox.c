/*
 * A bounded mailbox: a list under a mutex, and libuv's async handle to wake the loop.
 *
 * A mutex, because messages are rare and posters are many; it is held for a few instructions and never while
 * foreign code runs. The poster that finds the mailbox empty wakes the loop; the others know that it is
 * awake.
 *
 * Thread: posting and waking any; the rest the loop's.
 */
#include "loop/mailbox.h"

#include <assert.h>
#include <errno.h>

/* Takes all there is at once: the receiver may post to its own mailbox. */
static void receive_all(struct mailbox *mb)
{
	struct list batch;
	list_init(&batch);
	pthread_mutex_lock(&mb->lock);
	LIST_FOREACH (node, &mb->queue) {
		list_unlink(node);
		list_append(&batch, node);
	}
	mb->count = 0;
	pthread_mutex_unlock(&mb->lock);
	while (!list_empty(&batch)) {
		struct mail *m = LIST_ENTRY(batch.next, struct mail, node);
		list_unlink(&m->node);
		mb->ops->receive(mb->arg, m);
	}
}

static void on_async(uv_async_t *handle)
{
	struct mailbox *mb = CONTAINER_OF(handle, struct mailbox, async);
	/* Cleared first: what is put down for us after this is followed by another wake. */
	bool woken = atomic_exchange(&mb->wake_due, false);
	receive_all(mb);
	if (woken && mb->ops->woken)
		mb->ops->woken(mb->arg);
}

int mailbox_init(struct mailbox *mb, struct loop *l, size_t max, const struct mailbox_ops *ops, void *arg)
{
	loop_assert_thread(l);
	*mb = (struct mailbox){.loop = l, .ops = ops, .arg = arg, .max = max};
	list_init(&mb->queue);
	int r = pthread_mutex_init(&mb->lock, NULL);
	if (r)
		return -r;
	r = uv_async_init(&l->uv, &mb->async, on_async);
	if (r < 0)
		pthread_mutex_destroy(&mb->lock);
	return r;
}

int mailbox_post(struct mailbox *mb, struct mail *m)
{
	return mailbox_post_sparing(mb, m, 0);
}

int mailbox_post_sparing(struct mailbox *mb, struct mail *m, size_t spare)
{
	int r = 0;
	pthread_mutex_lock(&mb->lock);
	if (mb->closed)
		r = -EPIPE;
	else if (mb->count + spare >= mb->max)
		r = -ENOBUFS;
	bool first = r == 0 && mb->count++ == 0;
	if (r == 0) {
		list_init(&m->node);
		list_append(&mb->queue, &m->node);
	}
	/* Under the lock, so that the handle is not closed between the look at `closed` and this. */
	if (first)
		(void)uv_async_send(&mb->async);
	pthread_mutex_unlock(&mb->lock);
	return r;
}

void mailbox_wake(struct mailbox *mb)
{
	if (atomic_exchange(&mb->wake_due, true))
		return;
	pthread_mutex_lock(&mb->lock);
	if (!mb->closed)
		(void)uv_async_send(&mb->async);
	pthread_mutex_unlock(&mb->lock);
}

void mailbox_close(struct mailbox *mb)
{
	loop_assert_thread(mb->loop);
	pthread_mutex_lock(&mb->lock);
	bool was = mb->closed;
	mb->closed = true;
	pthread_mutex_unlock(&mb->lock);
	if (was)
		return;
	uv_close((uv_handle_t *)&mb->async, NULL);
	receive_all(mb);
}

void mailbox_deinit(struct mailbox *mb)
{
	assert(mb->closed && list_empty(&mb->queue));
	pthread_mutex_destroy(&mb->lock);
}
