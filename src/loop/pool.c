/*
 * A pool of threads: one list of waiting jobs under a mutex, a condition variable, and a mailbox for the way
 * back.
 *
 * The bound is on what waits; a finished job costs nothing to keep, as it is the submitter's own memory, so
 * the mailbox takes all of them. libuv has a pool too, but one for the whole process, unbounded, and shared
 * with name lookups: a flood of sign-ins must not hold those up.
 *
 * Invariants: a job is in one list at most; `waiting` counts `queue`. After pool_stop() no thread is left.
 *
 * Thread: the loop's, but for work(), which is the workers'.
 */
#include "loop/pool.h"

#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>

struct pool {
	struct mailbox back;
	pthread_mutex_t lock;
	pthread_cond_t work_due;
	struct list queue; /* all below are under the lock */
	struct pool_stats stats;
	bool stopping;
	size_t queue_max;
	int nice;
	unsigned n_threads; /* that run */
	pthread_t threads[];
};

static void receive(void *arg, struct mail *m)
{
	struct pool_job *job = CONTAINER_OF(m, struct pool_job, mail);
	job->done(job, job->ran);
}

static const struct mailbox_ops back_ops = {.receive = receive};

/* The next to run, or NULL: stopping. Lock held. */
static struct pool_job *next_job(struct pool *p)
{
	while (list_empty(&p->queue) && !p->stopping)
		pthread_cond_wait(&p->work_due, &p->lock);
	if (p->stopping)
		return NULL;
	struct pool_job *job = LIST_ENTRY(p->queue.next, struct pool_job, node);
	list_unlink(&job->node);
	p->stats.waiting--;
	p->stats.running++;
	return job;
}

static void *work(void *arg)
{
	struct pool *p = arg;
	struct pool_job *job;
	/* On Linux a thread's own. Where it is refused the work is done all the same, at the loops' cost. */
	if (p->nice)
		(void)setpriority(PRIO_PROCESS, 0, p->nice);
	pthread_mutex_lock(&p->lock);
	while ((job = next_job(p))) {
		pthread_mutex_unlock(&p->lock);
		job->run(job);
		job->ran = true;
		pthread_mutex_lock(&p->lock);
		p->stats.running--;
		p->stats.done++;
		/* Neither full nor closed while a thread is left. The job may be gone as soon as it is
		 * posted. */
		int r = mailbox_post(&p->back, &job->mail);
		assert(r == 0);
		(void)r;
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

/* Signals are for the loop's thread. */
static int start_thread(struct pool *p, const char *name)
{
	sigset_t all, old;
	pthread_t *t = &p->threads[p->n_threads];
	sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	int r = pthread_create(t, NULL, work, p);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (r)
		return -r;
	(void)pthread_setname_np(*t, name);
	p->n_threads++;
	return 0;
}

static int init_sync(struct pool *p)
{
	int r = pthread_mutex_init(&p->lock, NULL);
	if (r)
		return -r;
	r = pthread_cond_init(&p->work_due, NULL);
	if (r)
		pthread_mutex_destroy(&p->lock);
	return -r;
}

static void deinit_sync(struct pool *p)
{
	pthread_cond_destroy(&p->work_due);
	pthread_mutex_destroy(&p->lock);
}

static void join_threads(struct pool *p)
{
	pthread_mutex_lock(&p->lock);
	p->stopping = true;
	pthread_cond_broadcast(&p->work_due);
	pthread_mutex_unlock(&p->lock);
	for (; p->n_threads; p->n_threads--)
		pthread_join(p->threads[p->n_threads - 1], NULL);
}

int pool_new(const struct pool_params *params, struct pool **out)
{
	assert(params->threads > 0);
	struct pool *p = mem_zalloc(sizeof(*p) + params->threads * sizeof(p->threads[0]));
	if (!p)
		return -ENOMEM;
	p->queue_max = params->queue_max;
	p->nice = params->nice;
	list_init(&p->queue);
	int r = init_sync(p);
	if (r < 0)
		goto fail;
	for (unsigned i = 0; i < params->threads && r == 0; i++)
		r = start_thread(p, params->name);
	/* Last, because what it opens could not be closed here and now. No thread needs it before the first
	 * job. */
	if (r == 0)
		r = mailbox_init(&p->back, params->loop, SIZE_MAX, &back_ops, p);
	if (r < 0)
		goto fail_threads;
	*out = p;
	return 0;
fail_threads:
	join_threads(p);
	deinit_sync(p);
fail:
	mem_free(p);
	return r;
}

int pool_submit(struct pool *p, struct pool_job *job)
{
	loop_assert_thread(p->back.loop);
	pthread_mutex_lock(&p->lock);
	bool taken = !p->stopping && p->stats.waiting < p->queue_max;
	if (taken) {
		job->ran = false;
		list_init(&job->node);
		list_append(&p->queue, &job->node);
		p->stats.waiting++;
		pthread_cond_signal(&p->work_due);
	} else {
		p->stats.refused++;
	}
	pthread_mutex_unlock(&p->lock);
	return taken ? 0 : -EAGAIN;
}

void pool_stop(struct pool *p)
{
	if (!p || p->stopping)
		return;
	loop_assert_thread(p->back.loop);
	join_threads(p);
	mailbox_close(&p->back);
	/* Nobody else is left: no lock, and done() may ask for numbers. */
	while (!list_empty(&p->queue)) {
		struct pool_job *job = LIST_ENTRY(p->queue.next, struct pool_job, node);
		list_unlink(&job->node);
		p->stats.waiting--;
		job->done(job, false);
	}
}

struct pool *pool_free(struct pool *p)
{
	if (!p)
		return NULL;
	assert(p->stopping && list_empty(&p->queue));
	mailbox_deinit(&p->back);
	deinit_sync(p);
	mem_free(p);
	return NULL;
}

void pool_get_stats(const struct pool *p, struct pool_stats *out)
{
	pthread_mutex_t *lock = (pthread_mutex_t *)&p->lock;
	pthread_mutex_lock(lock);
	*out = p->stats;
	pthread_mutex_unlock(lock);
}
