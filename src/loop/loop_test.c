#include "loop/loop.h"

#include "base/clock.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* A handle that keeps the loop running until it is let go, and counts iterations while it does. */
struct keeper {
	uv_idle_t idle;
	int iterations;
};

static void count_iteration(uv_idle_t *idle)
{
	CONTAINER_OF(idle, struct keeper, idle)->iterations++;
}

static void keep(struct keeper *k, struct loop *l)
{
	k->iterations = 0;
	assert_int_equal(uv_idle_init(&l->uv, &k->idle), 0);
	assert_int_equal(uv_idle_start(&k->idle, count_iteration), 0);
}

static void let_go(struct keeper *k)
{
	uv_close((uv_handle_t *)&k->idle, NULL);
}

struct job {
	struct wheel_timer timer;
	struct loop_defer defer;
	struct loop *loop;
	struct keeper *keeper;
	struct loop_defer *other;
	uv_handle_t *handle;
	int runs;
	int until;
	uint64_t at_ms;
};

static void job_init(struct job *j, struct loop *l, wheel_fn fire, void (*run)(struct loop_defer *d))
{
	*j = (struct job){.loop = l};
	wheel_timer_init(&j->timer, fire);
	loop_defer_init(&j->defer, run);
}

static void fire_and_let_go(struct wheel_timer *t, uint64_t now_ms)
{
	struct job *j = CONTAINER_OF(t, struct job, timer);
	j->runs++;
	j->at_ms = now_ms;
	if (j->keeper)
		let_go(j->keeper);
}

static void count_run(struct loop_defer *d)
{
	CONTAINER_OF(d, struct job, defer)->runs++;
}

struct reader {
	uv_poll_t poll;
	struct loop *loop;
	struct job *job;
	int reads;
	int runs_before; /* of the deferred job, when this was read */
};

/* A socket that is readable from the start. */
static void readable(struct reader *r, struct loop *l, struct job *j, int fds[2], uv_poll_cb cb)
{
	*r = (struct reader){.loop = l, .job = j};
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	assert_int_equal(write(fds[1], "x", 1), 1);
	assert_int_equal(uv_poll_init(&l->uv, &r->poll, fds[0]), 0);
	assert_int_equal(uv_poll_start(&r->poll, UV_READABLE, cb), 0);
}

static void close_pair(int fds[2])
{
	(void)close(fds[0]);
	(void)close(fds[1]);
}

static void nothing_to_do_ends_at_once(void **state)
{
	struct loop l;
	assert_int_equal(loop_init(&l), 0);
	loop_run(&l);
	loop_run(&l);
	loop_deinit(&l);
}

static void init_can_lack_memory(void **state)
{
	struct loop l;
	mem_fail_after(0);
	int r = loop_init(&l);
	mem_fail_never();
	assert_int_equal(r, -ENOMEM);
}

static void a_timer_fires_in_a_busy_loop(void **state)
{
	struct loop l;
	struct keeper k;
	struct job j;
	assert_int_equal(loop_init(&l), 0);
	job_init(&j, &l, fire_and_let_go, count_run);
	keep(&k, &l);
	j.keeper = &k;
	uint64_t start_ms = loop_now_ms(&l);
	loop_timer_start(&l, &j.timer, 40);
	loop_run(&l);
	assert_int_equal(j.runs, 1);
	assert_true(j.at_ms >= start_ms + 40);
	assert_true(k.iterations > 1);
	loop_deinit(&l);
}

static void fire_and_close_async(struct wheel_timer *t, uint64_t now_ms)
{
	struct job *j = CONTAINER_OF(t, struct job, timer);
	j->runs++;
	j->at_ms = now_ms;
	uv_close(j->handle, NULL);
}

static void a_timer_wakes_a_sleeping_loop(void **state)
{
	struct loop l;
	struct job late, early;
	uv_async_t async;
	assert_int_equal(loop_init(&l), 0);
	assert_int_equal(uv_async_init(&l.uv, &async, NULL), 0);
	job_init(&late, &l, fire_and_let_go, count_run);
	job_init(&early, &l, fire_and_close_async, count_run);
	early.handle = (uv_handle_t *)&async;
	uint64_t start_ms = loop_now_ms(&l);
	loop_timer_start(&l, &late.timer, 3600000);
	loop_timer_start(&l, &early.timer, 30);
	loop_run(&l);
	assert_int_equal(early.runs, 1);
	assert_true(early.at_ms >= start_ms + 30);
	assert_int_equal(late.runs, 0);
	loop_timer_stop(&l, &late.timer);
	loop_deinit(&l);
}

static void start_early_timer(uv_poll_t *poll, int status, int events)
{
	struct reader *r = CONTAINER_OF(poll, struct reader, poll);
	loop_timer_start(r->loop, &r->job->timer, 30);
	uv_close((uv_handle_t *)poll, NULL);
}

/* The loop sleeps for a timer that is far off; input brings one that is due much earlier. */
static void an_earlier_timer_shortens_the_sleep(void **state)
{
	struct loop l;
	struct job late, early;
	struct reader r;
	uv_async_t async;
	int fds[2];
	assert_int_equal(loop_init(&l), 0);
	assert_int_equal(uv_async_init(&l.uv, &async, NULL), 0);
	job_init(&late, &l, fire_and_let_go, count_run);
	job_init(&early, &l, fire_and_close_async, count_run);
	early.handle = (uv_handle_t *)&async;
	readable(&r, &l, &early, fds, start_early_timer);
	uint64_t start_ms = loop_now_ms(&l);
	loop_timer_start(&l, &late.timer, 16000);
	loop_run(&l);
	assert_int_equal(early.runs, 1);
	assert_int_equal(late.runs, 0);
	assert_in_range(early.at_ms, start_ms + 30, start_ms + 8000);
	loop_timer_stop(&l, &late.timer);
	loop_deinit(&l);
	close_pair(fds);
}

static void timers_alone_do_not_keep_it_running(void **state)
{
	struct loop l;
	struct job j;
	assert_int_equal(loop_init(&l), 0);
	job_init(&j, &l, fire_and_let_go, count_run);
	loop_timer_start(&l, &j.timer, UINT64_MAX);
	loop_timer_start(&l, &j.timer, 3600000);
	loop_run(&l);
	assert_int_equal(j.runs, 0);
	assert_true(wheel_timer_active(&j.timer));
	loop_timer_stop(&l, &j.timer);
	loop_deinit(&l);
}

static void deferred_work_runs_once(void **state)
{
	struct loop l;
	struct job a, cancelled;
	assert_int_equal(loop_init(&l), 0);
	job_init(&a, &l, fire_and_let_go, count_run);
	job_init(&cancelled, &l, fire_and_let_go, count_run);
	loop_defer(&l, &a.defer);
	loop_defer(&l, &a.defer);
	loop_defer(&l, &cancelled.defer);
	loop_defer_cancel(&cancelled.defer);
	loop_defer_cancel(&cancelled.defer);
	assert_int_equal(a.runs, 0);
	loop_run(&l);
	assert_int_equal(a.runs, 1);
	assert_int_equal(cancelled.runs, 0);
	loop_run(&l);
	assert_int_equal(a.runs, 1);
	loop_deinit(&l);
}

static void read_and_defer(uv_poll_t *poll, int status, int events)
{
	struct reader *r = CONTAINER_OF(poll, struct reader, poll);
	r->reads++;
	r->runs_before = r->job->runs;
	loop_defer(r->loop, &r->job->defer);
	uv_close((uv_handle_t *)poll, NULL);
}

static void deferred_work_runs_after_all_input_of_the_iteration(void **state)
{
	struct loop l;
	struct job j;
	struct reader one, two;
	int fds_one[2], fds_two[2];
	assert_int_equal(loop_init(&l), 0);
	job_init(&j, &l, fire_and_let_go, count_run);
	readable(&one, &l, &j, fds_one, read_and_defer);
	readable(&two, &l, &j, fds_two, read_and_defer);
	loop_run(&l);
	assert_int_equal(one.reads, 1);
	assert_int_equal(two.reads, 1);
	assert_int_equal(one.runs_before, 0);
	assert_int_equal(two.runs_before, 0);
	assert_int_equal(j.runs, 1);
	loop_deinit(&l);
	close_pair(fds_one);
	close_pair(fds_two);
}

static void run_until(struct loop_defer *d)
{
	struct job *j = CONTAINER_OF(d, struct job, defer);
	if (++j->runs < j->until)
		loop_defer(j->loop, d);
	else if (j->keeper)
		let_go(j->keeper);
}

static void work_deferred_by_work_joins_for_some_rounds(void **state)
{
	struct loop l;
	struct keeper k;
	struct job j;
	assert_int_equal(loop_init(&l), 0);
	job_init(&j, &l, fire_and_let_go, run_until);
	j.until = 3;
	j.keeper = &k;
	keep(&k, &l);
	loop_defer(&l, &j.defer);
	loop_run(&l);
	assert_int_equal(j.runs, 3);
	/* All before the first iteration. */
	assert_int_equal(k.iterations, 0);

	job_init(&j, &l, fire_and_let_go, run_until);
	j.until = 400;
	j.keeper = &k;
	keep(&k, &l);
	loop_defer(&l, &j.defer);
	loop_run(&l);
	assert_int_equal(j.runs, 400);
	assert_in_range(k.iterations, 10, 400);
	loop_deinit(&l);
}

static void end_endless(uv_poll_t *poll, int status, int events)
{
	struct reader *r = CONTAINER_OF(poll, struct reader, poll);
	r->reads++;
	r->job->until = 0;
	uv_close((uv_handle_t *)poll, NULL);
}

static void endless_work_does_not_starve_sockets(void **state)
{
	struct loop l;
	struct job j;
	struct reader r;
	int fds[2];
	assert_int_equal(loop_init(&l), 0);
	job_init(&j, &l, fire_and_let_go, run_until);
	j.until = INT32_MAX;
	readable(&r, &l, &j, fds, end_endless);
	loop_defer(&l, &j.defer);
	loop_run(&l);
	assert_int_equal(r.reads, 1);
	assert_true(j.runs > 1);
	loop_deinit(&l);
	close_pair(fds);
}

static void run_until_then_close(struct loop_defer *d)
{
	struct job *j = CONTAINER_OF(d, struct job, defer);
	if (++j->runs < j->until)
		loop_defer(j->loop, d);
	else
		uv_close(j->handle, NULL);
}

/* With nothing to wake it but the work itself; should the loop sleep, the test's time limit ends it. */
static void left_over_work_does_not_let_the_loop_sleep(void **state)
{
	struct loop l;
	struct job j;
	uv_async_t async;
	assert_int_equal(loop_init(&l), 0);
	assert_int_equal(uv_async_init(&l.uv, &async, NULL), 0);
	job_init(&j, &l, fire_and_let_go, run_until_then_close);
	j.until = 1000;
	j.handle = (uv_handle_t *)&async;
	loop_defer(&l, &j.defer);
	loop_run(&l);
	assert_int_equal(j.runs, 1000);
	loop_deinit(&l);
}

static void cancel_other_and_free_self(struct loop_defer *d)
{
	struct job *j = CONTAINER_OF(d, struct job, defer);
	loop_defer_cancel(j->other);
	mem_free(CONTAINER_OF(j->other, struct job, defer));
	mem_free(j);
}

static void work_may_cancel_and_free(void **state)
{
	struct loop l;
	struct job *a = mem_alloc(sizeof(*a)), *b = mem_alloc(sizeof(*b)), last;
	assert_non_null(a);
	assert_non_null(b);
	assert_int_equal(loop_init(&l), 0);
	job_init(a, &l, fire_and_let_go, cancel_other_and_free_self);
	job_init(b, &l, fire_and_let_go, count_run);
	job_init(&last, &l, fire_and_let_go, count_run);
	a->other = &b->defer;
	loop_defer(&l, &a->defer);
	loop_defer(&l, &b->defer);
	loop_defer(&l, &last.defer);
	loop_run(&l);
	assert_int_equal(last.runs, 1);
	loop_deinit(&l);
}

static void defer_and_stop(struct wheel_timer *t, uint64_t now_ms)
{
	struct job *j = CONTAINER_OF(t, struct job, timer);
	loop_defer(j->loop, &j->defer);
	loop_stop(j->loop);
}

static void stopping_runs_what_was_deferred_and_can_go_on(void **state)
{
	struct loop l;
	struct keeper k;
	struct job j, again;
	assert_int_equal(loop_init(&l), 0);
	keep(&k, &l);
	job_init(&j, &l, defer_and_stop, count_run);
	loop_timer_start(&l, &j.timer, 0);
	loop_run(&l);
	assert_int_equal(j.runs, 1);
	assert_true(uv_loop_alive(&l.uv));

	job_init(&again, &l, fire_and_let_go, count_run);
	again.keeper = &k;
	loop_timer_start(&l, &again.timer, 0);
	loop_run(&l);
	assert_int_equal(again.runs, 1);
	loop_deinit(&l);
}

static void defer_in_close(uv_handle_t *h)
{
	struct job *j = h->data;
	loop_defer(j->loop, &j->defer);
}

static void deinit_waits_for_handles_that_are_closing(void **state)
{
	struct loop l;
	struct job j;
	uv_async_t async;
	assert_int_equal(loop_init(&l), 0);
	job_init(&j, &l, fire_and_let_go, count_run);
	assert_int_equal(uv_async_init(&l.uv, &async, NULL), 0);
	async.data = &j;
	uv_close((uv_handle_t *)&async, defer_in_close);
	loop_deinit(&l);
	assert_int_equal(j.runs, 1);
}

static void *run_it(void *arg)
{
	loop_run(arg);
	return NULL;
}

static void another_thread_may_run_it(void **state)
{
	struct loop l;
	struct keeper k;
	struct job j;
	pthread_t thread;
	assert_int_equal(loop_init(&l), 0);
	keep(&k, &l);
	job_init(&j, &l, defer_and_stop, count_run);
	loop_timer_start(&l, &j.timer, 1);
	assert_int_equal(pthread_create(&thread, NULL, run_it, &l), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(j.runs, 1);
	let_go(&k);
	loop_deinit(&l);
}

static void *use_it(void *arg)
{
	struct loop *l = arg;
	struct job j;
	job_init(&j, l, fire_and_let_go, count_run);
	loop_defer(l, &j.defer);
	return NULL;
}

/* In a child that is meant to die of it. */
static void use_from_wrong_thread(void)
{
	struct loop l;
	pthread_t thread;
	int null = open("/dev/null", O_WRONLY);
	(void)dup2(null, STDERR_FILENO);
	(void)signal(SIGABRT, SIG_DFL);
	if (loop_init(&l) == 0 && pthread_create(&thread, NULL, use_it, &l) == 0)
		(void)pthread_join(thread, NULL);
	_exit(0);
}

static void the_wrong_thread_is_caught(void **state)
{
	int status = 0;
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		use_from_wrong_thread();
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

static void be_slow(uv_poll_t *poll, int status, int events)
{
	struct reader *r = CONTAINER_OF(poll, struct reader, poll);
	uint64_t until_ms = clock_cpu_ms() + (uint64_t)r->job->until;
	while (clock_cpu_ms() < until_ms)
		r->reads++;
	uv_close((uv_handle_t *)poll, NULL);
}

/* As long, but without running. */
static void be_held_up(uv_poll_t *poll, int status, int events)
{
	struct reader *r = CONTAINER_OF(poll, struct reader, poll);
	uint64_t until_ms = clock_mono_ms() + (uint64_t)r->job->until;
	while (clock_mono_ms() < until_ms)
		(void)usleep(1000);
	uv_close((uv_handle_t *)poll, NULL);
}

/* What standard error got while a socket's callback @fn took @ms. Text that was caught is at most @max. */
static void log_of_slow_callback(uv_poll_cb fn, int ms, char *out, size_t max)
{
	struct loop l;
	struct job j;
	struct reader r;
	int fds[2], log_pipe[2];
	assert_int_equal(loop_init(&l), 0);
	job_init(&j, &l, fire_and_let_go, count_run);
	readable(&r, &l, &j, fds, fn);
	j.until = ms;
	/* Alive for one more iteration: it is there that the last one is measured. */
	struct keeper k;
	struct job end;
	job_init(&end, &l, fire_and_let_go, count_run);
	end.keeper = &k;
	keep(&k, &l);
	loop_timer_start(&l, &end.timer, 20);
	assert_int_equal(pipe2(log_pipe, O_NONBLOCK), 0);
	int saved = dup(STDERR_FILENO);
	(void)dup2(log_pipe[1], STDERR_FILENO);
	loop_run(&l);
	(void)dup2(saved, STDERR_FILENO);
	(void)close(saved);
	ssize_t n = read(log_pipe[0], out, max - 1);
	out[n > 0 ? n : 0] = '\0';
	close_pair(log_pipe);
	close_pair(fds);
	loop_deinit(&l);
}

static int number_in(const char *line, const char *key)
{
	const char *at = strstr(line, key);
	assert_non_null(at);
	return atoi(at + strlen(key));
}

/* A busy machine may hold up other iterations; but what is told as slow was slow. */
static void a_slow_iteration_is_logged(void **state)
{
	char text[4096];
	log_of_slow_callback(be_slow, LOOP_SLOW_MS + 20, text, sizeof(text));
	bool found = false;
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		assert_true(number_in(line, " ms=") > LOOP_SLOW_MS);
		if (!strstr(line, " warn slow loop: "))
			continue;
		assert_true(number_in(line, " cpu_ms=") > LOOP_SLOW_MS);
		found = found || number_in(line, " cpu_ms=") >= LOOP_SLOW_MS + 20 - 1;
	}
	assert_true(found);
}

static void waiting_is_not_slowness(void **state)
{
	char text[4096];
	log_of_slow_callback(be_held_up, LOOP_SLOW_MS + 20, text, sizeof(text));
	assert_null(strstr(text, " warn "));
	bool found = false;
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		assert_non_null(strstr(line, " info loop held up: "));
		assert_true(number_in(line, " cpu_ms=") <= LOOP_SLOW_MS);
		found = found || number_in(line, " ms=") >= LOOP_SLOW_MS + 20 - 1;
	}
	assert_true(found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_to_do_ends_at_once),
		cmocka_unit_test(init_can_lack_memory),
		cmocka_unit_test(a_timer_fires_in_a_busy_loop),
		cmocka_unit_test(a_timer_wakes_a_sleeping_loop),
		cmocka_unit_test(an_earlier_timer_shortens_the_sleep),
		cmocka_unit_test(timers_alone_do_not_keep_it_running),
		cmocka_unit_test(deferred_work_runs_once),
		cmocka_unit_test(deferred_work_runs_after_all_input_of_the_iteration),
		cmocka_unit_test(work_deferred_by_work_joins_for_some_rounds),
		cmocka_unit_test(endless_work_does_not_starve_sockets),
		cmocka_unit_test(left_over_work_does_not_let_the_loop_sleep),
		cmocka_unit_test(work_may_cancel_and_free),
		cmocka_unit_test(stopping_runs_what_was_deferred_and_can_go_on),
		cmocka_unit_test(deinit_waits_for_handles_that_are_closing),
		cmocka_unit_test(another_thread_may_run_it),
		cmocka_unit_test(the_wrong_thread_is_caught),
		cmocka_unit_test(a_slow_iteration_is_logged),
		cmocka_unit_test(waiting_is_not_slowness),
	};
	return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
