/*
 * kill -9 while writing, again and again: every row that was acknowledged is there afterwards, whole.
 * crash_test sqlite, crash_test postgresql.
 *
 * The writer is a process of its own. It writes a row, and only when the store has said that it is on disk
 * its number goes into a pipe: what has come out of the pipe was acknowledged. Each row has two halves,
 * written by one transaction.
 */
#include "store/testkit.h"
#include "store/testuse.h"

#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define KILLS 10

#define SCHEMA                                                                                               \
	"CREATE TABLE lefts (id BIGINT PRIMARY KEY, text TEXT NOT NULL);"                                    \
	"CREATE TABLE rights (id BIGINT PRIMARY KEY, text TEXT NOT NULL)"

static struct store_kit kit;

struct writer {
	pid_t pid;
	int acknowledged; /* the pipe */
};

static int write_both(struct store_conn *c, void *arg)
{
	char text[600];
	int64_t id = *(int64_t *)arg;
	memset(text, 'a' + (int)(id % 26), sizeof(text));
	const struct store_value args[] = {store_int(id), store_text_n(text, sizeof(text))};
	int r = store_exec(c, "INSERT INTO lefts (id, text) VALUES ($1, $2)", args, 2, NULL);
	return r ? r : store_exec(c, "INSERT INTO rights (id, text) VALUES ($1, $2)", args, 2, NULL);
}

/* In the child, until it is killed. An outage makes it try on, with new numbers: whether the last was written
   is not known. */
static void write_on(int64_t id, int out)
{
	struct store *s;
	struct store_params p = {.url = kit.url, .connections = 2, .wait_ms = 5000, .statement_ms = 10000};
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (store_new(&p, &s) < 0)
		_exit(1);
	for (;; id++) {
		int r = store_write(s, write_both, &id);
		if (r == -EAGAIN) {
			store_kit_nap();
			continue;
		}
		if (r || write(out, &id, sizeof(id)) != sizeof(id))
			_exit(1);
	}
}

static struct writer start_writer(int64_t first)
{
	int fds[2];
	assert_int_equal(pipe(fds), 0);
	struct writer w = {.pid = fork(), .acknowledged = fds[0]};
	assert_true(w.pid >= 0);
	if (w.pid == 0) {
		close(fds[0]);
		write_on(first, fds[1]);
	}
	close(fds[1]);
	return w;
}

/* The next acknowledged row, noted. Return: false: the writer is dead and the pipe empty. */
static bool next(struct writer *w, int64_t *ids, size_t *n, size_t max)
{
	assert_true(*n < max);
	ssize_t len = read(w->acknowledged, &ids[*n], sizeof(ids[0]));
	if (len == 0)
		return false;
	assert_int_equal(len, sizeof(ids[0]));
	++*n;
	return true;
}

static void kill_writer(struct writer *w, int64_t *ids, size_t *n, size_t max)
{
	int status;
	assert_int_equal(kill(w->pid, SIGKILL), 0);
	assert_int_equal(waitpid(w->pid, &status, 0), w->pid);
	/* It has not ended of itself before. */
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	while (next(w, ids, n, max))
		;
	close(w->acknowledged);
}

#define ALL_WHOLE                                                                                            \
	"SELECT COUNT(*) FROM lefts JOIN rights ON lefts.id = rights.id AND lefts.text = rights.text "       \
	"AND LENGTH(lefts.text) = 600"

/* @unsure: at most so many rows are there that were not acknowledged. */
static void check(const int64_t *ids, size_t n, size_t unsure)
{
	struct store *s = store_kit_store(&kit, 1, 5000);
	for (size_t i = 0; i < n; i++) {
		int64_t found = 0;
		int r;
		do
			r = use_int(s, ALL_WHOLE " WHERE lefts.id = $1", STORE_ARGS(store_int(ids[i])),
				    &found);
		while (r == -EAGAIN);
		assert_int_equal(r, 0);
		assert_int_equal(found, 1);
	}
	int64_t whole = use_count(s, ALL_WHOLE);
	assert_int_equal(use_count(s, "SELECT COUNT(*) FROM lefts"), whole);
	assert_int_equal(use_count(s, "SELECT COUNT(*) FROM rights"), whole);
	assert_in_range(whole, n, n + unsure);
	store_free(s);
}

static void prepare(void)
{
	store_kit_fresh(&kit);
	struct store *s = store_kit_store(&kit, 1, 5000);
	use_schema(s, SCHEMA);
	store_free(s);
}

static void what_was_acknowledged_outlives_the_writer(void **state)
{
	static int64_t ids[100000];
	size_t n = 0;
	prepare();
	for (unsigned round = 0; round < KILLS; round++) {
		struct writer w = start_writer(round * 1000000);
		size_t until = n + 1 + randombytes_uniform(150);
		while (n < until)
			assert_true(next(&w, ids, &n, ARRAY_LEN(ids)));
		kill_writer(&w, ids, &n, ARRAY_LEN(ids));
		check(ids, n, round + 1);
	}
	assert_true(n >= KILLS);
}

static void what_was_acknowledged_outlives_the_server(void **state)
{
	static int64_t ids[100000];
	size_t n = 0;
	prepare();
	struct writer w = start_writer(0);
	for (unsigned round = 0; round < KILLS; round++) {
		size_t until = n + 1 + randombytes_uniform(60);
		while (n < until)
			assert_true(next(&w, ids, &n, ARRAY_LEN(ids)));
		store_kit_crash(&kit);
		store_kit_start(&kit);
	}
	/* It has found the server each time, by itself. */
	size_t until = n + 5;
	while (n < until)
		assert_true(next(&w, ids, &n, ARRAY_LEN(ids)));
	kill_writer(&w, ids, &n, ARRAY_LEN(ids));
	check(ids, n, KILLS + 1);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_acknowledged_outlives_the_writer),
		cmocka_unit_test(what_was_acknowledged_outlives_the_server), /* SQLite has none */
	};
	bool server = argc == 2 && strcmp(argv[1], "postgresql") == 0;
	return store_kit_main(&kit, argc, argv, tests, server ? 2 : 1);
}
