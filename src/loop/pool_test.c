/* The pool, with real threads; also built with ThreadSanitizer by script/tsan. */
#include "loop/pool.h"

#include "base/mem.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define THREADS 4

struct bench {
	struct loop loop;
	pid_t loop_tid;
	struct pool *pool;
	pthread_barrier_t together;
	unsigned done, expected, not_run;
	unsigned submit_again; /* by done() */
};

struct job {
	struct pool_job pool;
	struct bench *bench;
	unsigned runs;
	pthread_t ran_in;
	char thread_name[16];
	bool signals_blocked;
};

static void done(struct pool_job *pj, bool ran)
{
	struct job *job = CONTAINER_OF(pj, struct job, pool);
	struct bench *b = job->bench;
	loop_assert_thread(&b->loop);
	assert_int_equal(job->runs, ran);
	b->not_run += !ran;
	if (b->submit_again) {
		b->submit_again--;
		job->runs = 0;
		assert_int_equal(pool_submit(b->pool, pj), 0);
	}
	if (++b->done == b->expected)
		loop_stop(&b->loop);
}

static void run(struct pool_job *pj)
{
	CONTAINER_OF(pj, struct job, pool)->runs++;
}

static void run_and_look(struct pool_job *pj)
{
	struct job *job = CONTAINER_OF(pj, struct job, pool);
	sigset_t blocked;
	job->runs++;
	job->ran_in = pthread_self();
	(void)pthread_getname_np(pthread_self(), job->thread_name, sizeof(job->thread_name));
	job->signals_blocked =
		pthread_sigmask(SIG_SETMASK, NULL, &blocked) == 0 && sigismember(&blocked, SIGTERM) == 1;
}

/* Comes back only when as many jobs are being run as the barrier asks for. */
static void run_together(struct pool_job *pj)
{
	struct job *job = CONTAINER_OF(pj, struct job, pool);
	(void)pthread_barrier_wait(&job->bench->together);
	job->runs++;
}

static void bench_open(struct bench *b, unsigned threads, size_t queue_max)
{
	*b = (struct bench){.loop_tid = gettid()};
	assert_int_equal(loop_init(&b->loop), 0);
	assert_int_equal(pthread_barrier_init(&b->together, NULL, THREADS), 0);
	struct pool_params p = {.loop = &b->loop, .name = "crew", .threads = threads, .queue_max = queue_max};
	assert_int_equal(pool_new(&p, &b->pool), 0);
}

static void bench_close(struct bench *b)
{
	pool_stop(b->pool);
	loop_run(&b->loop);
	b->pool = pool_free(b->pool);
	loop_deinit(&b->loop);
	pthread_barrier_destroy(&b->together);
}

static void job_init(struct job *job, struct bench *b, void (*fn)(struct pool_job *))
{
	*job = (struct job){.pool = {.run = fn, .done = done}, .bench = b};
}

static void a_job_runs_elsewhere_and_comes_back(void **state)
{
	struct bench b;
	struct job job;
	bench_open(&b, 1, 1);
	job_init(&job, &b, run_and_look);
	b.expected = 1;
	assert_int_equal(pool_submit(b.pool, &job.pool), 0);
	loop_run(&b.loop);
	assert_int_equal(job.runs, 1);
	assert_false(pthread_equal(job.ran_in, pthread_self()));
	assert_string_equal(job.thread_name, "crew");
	assert_true(job.signals_blocked);
	bench_close(&b);
}

static void as_many_run_at_once_as_there_are_threads(void **state)
{
	struct bench b;
	struct job jobs[THREADS];
	bench_open(&b, THREADS, THREADS);
	b.expected = THREADS;
	for (unsigned i = 0; i < THREADS; i++) {
		job_init(&jobs[i], &b, run_together);
		assert_int_equal(pool_submit(b.pool, &jobs[i].pool), 0);
	}
	loop_run(&b.loop); /* would never end with fewer */
	assert_int_equal(b.done, THREADS);
	bench_close(&b);
}

static void wait_until_running(struct pool *p, unsigned n)
{
	struct pool_stats stats;
	do {
		sched_yield();
		pool_get_stats(p, &stats);
	} while (stats.running != n);
}

/* All threads are held up, @n more jobs wait. */
static void hold_up(struct bench *b, struct job *held, struct job *waiting, unsigned n)
{
	for (unsigned i = 0; i < THREADS - 1; i++) {
		job_init(&held[i], b, run_together);
		assert_int_equal(pool_submit(b->pool, &held[i].pool), 0);
		wait_until_running(b->pool, i + 1);
	}
	for (unsigned i = 0; i < n; i++) {
		job_init(&waiting[i], b, run);
		assert_int_equal(pool_submit(b->pool, &waiting[i].pool), 0);
	}
}

static void a_full_queue_refuses_and_counts(void **state)
{
	struct bench b;
	struct job held[THREADS - 1], waiting[2], over;
	struct pool_stats stats;
	bench_open(&b, THREADS - 1, 2);
	hold_up(&b, held, waiting, 2);
	job_init(&over, &b, run);
	assert_int_equal(pool_submit(b.pool, &over.pool), -EAGAIN);
	pool_get_stats(b.pool, &stats);
	assert_int_equal(stats.running, THREADS - 1);
	assert_int_equal(stats.waiting, 2);
	assert_int_equal(stats.refused, 1);
	assert_int_equal(stats.done, 0);
	(void)pthread_barrier_wait(&b.together);
	b.expected = THREADS - 1 + 2;
	loop_run(&b.loop);
	assert_int_equal(over.runs, 0);
	/* It was still ours: now it is taken. */
	b.expected++;
	assert_int_equal(pool_submit(b.pool, &over.pool), 0);
	loop_run(&b.loop);
	assert_int_equal(over.runs, 1);
	pool_get_stats(b.pool, &stats);
	assert_int_equal(stats.running + stats.waiting, 0);
	assert_int_equal(stats.done, THREADS + 2);
	bench_close(&b);
}

/* Whether thread @tid sleeps: the loop's, in pool_stop(), does so only when all have been told to stop. */
static bool asleep(pid_t tid)
{
	char path[64], text[512];
	(void)snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	size_t n = fread(text, 1, sizeof(text) - 1, f);
	(void)fclose(f);
	text[n] = '\0';
	const char *state = strrchr(text, ')');
	return state && state[2] == 'S';
}

static void *let_go(void *arg)
{
	struct bench *b = arg;
	while (!asleep(b->loop_tid))
		sched_yield();
	(void)pthread_barrier_wait(&b->together);
	return NULL;
}

static void stopping_waits_for_what_runs_and_gives_back_what_waits(void **state)
{
	struct bench b;
	struct job held[THREADS - 1], waiting[3], late;
	pthread_t other;
	bench_open(&b, THREADS - 1, 3);
	hold_up(&b, held, waiting, 3);
	assert_int_equal(pthread_create(&other, NULL, let_go, &b), 0);
	pool_stop(b.pool);
	pthread_join(other, NULL);
	assert_int_equal(b.done, THREADS - 1 + 3);
	assert_int_equal(b.not_run, 3);
	for (unsigned i = 0; i < THREADS - 1; i++)
		assert_int_equal(held[i].runs, 1);
	job_init(&late, &b, run);
	assert_int_equal(pool_submit(b.pool, &late.pool), -EAGAIN);
	pool_stop(b.pool); /* again: nothing */
	bench_close(&b);
	pool_stop(NULL);
	assert_null(pool_free(NULL));
}

#define MANY 5000

static void many_jobs_are_each_run_once(void **state)
{
	struct bench b;
	struct job *jobs = mem_zalloc(MANY * sizeof(*jobs));
	assert_non_null(jobs);
	bench_open(&b, THREADS, MANY);
	b.expected = 2 * MANY;
	b.submit_again = MANY;
	for (unsigned i = 0; i < MANY; i++) {
		job_init(&jobs[i], &b, run);
		assert_int_equal(pool_submit(b.pool, &jobs[i].pool), 0);
	}
	loop_run(&b.loop);
	struct pool_stats stats;
	pool_get_stats(b.pool, &stats);
	assert_int_equal(stats.done, 2 * MANY);
	assert_int_equal(b.done, 2 * MANY);
	bench_close(&b);
	mem_free(jobs);
}

static void out_of_memory_leaves_nothing_behind(void **state)
{
	struct loop loop;
	struct pool *p = NULL;
	struct pool_params params = {.loop = &loop, .name = "crew", .threads = 2, .queue_max = 1};
	assert_int_equal(loop_init(&loop), 0);
	mem_fail_after(0);
	int r = pool_new(&params, &p);
	mem_fail_never();
	assert_int_equal(r, -ENOMEM);
	assert_null(p);
	loop_run(&loop); /* no handle keeps it going */
	loop_deinit(&loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_job_runs_elsewhere_and_comes_back),
		cmocka_unit_test(as_many_run_at_once_as_there_are_threads),
		cmocka_unit_test(a_full_queue_refuses_and_counts),
		cmocka_unit_test(stopping_waits_for_what_runs_and_gives_back_what_waits),
		cmocka_unit_test(many_jobs_are_each_run_once),
		cmocka_unit_test(out_of_memory_leaves_nothing_behind),
	};
	return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
