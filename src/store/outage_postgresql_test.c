/* PostgreSQL's server is gone, silent, full, slow, dies in the middle; and it heals. */
#include "store/testkit.h"
#include "store/testuse.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct store_kit kit;
static struct store *s;

static int open_store(void **state)
{
	store_kit_fresh(&kit);
	s = store_kit_store(&kit, 3, 300);
	use_schema(s, USE_ROWS);
	return 0;
}

static int close_store(void **state)
{
	s = store_free(s);
	return 0;
}

static int insert(int64_t id)
{
	return use_exec(s, USE_INSERT, STORE_ARGS(store_int(id), store_text("text")), NULL);
}

static int64_t rows(void)
{
	return use_count(s, "SELECT COUNT(*) FROM rows");
}

static int count_rows(int64_t *n)
{
	return use_int(s, "SELECT COUNT(*) FROM rows", STORE_NO_ARGS, n);
}

static void a_server_that_dies_is_told_and_found_again(void **state)
{
	int64_t n;
	assert_int_equal(insert(1), 0);
	store_kit_crash(&kit);
	assert_int_equal(insert(2), -EAGAIN);
	assert_false(store_healthy(s));
	assert_int_equal(store_probe(s), -EAGAIN);
	/* While it is gone nobody is held up. */
	uint64_t before_ms = clock_mono_ms();
	for (int i = 0; i < 1000; i++)
		assert_int_equal(count_rows(&n), -EAGAIN);
	assert_in_range(clock_mono_ms() - before_ms, 0, 2000);
	store_kit_start(&kit);
	int r;
	while ((r = store_probe(s)) == -EAGAIN)
		store_kit_nap();
	assert_int_equal(r, 0);
	assert_true(store_healthy(s));
	assert_int_equal(use_count(s, "SELECT COUNT(*) FROM schema_version"), 1);
	assert_int_equal(insert(3), 0);
	assert_int_equal(rows(), 2);
}

static void a_server_that_comes_late_is_found(void **state)
{
	struct store *late;
	store_kit_stop(&kit);
	struct store_params p = {.url = kit.url, .connections = 2, .wait_ms = 100, .statement_ms = 1000};
	assert_int_equal(store_new(&p, &late), 0);
	assert_true(store_healthy(late));
	assert_int_equal(store_migrate(late), -EAGAIN);
	assert_false(store_healthy(late));
	store_kit_start(&kit);
	int64_t n = 0;
	int r;
	while ((r = use_int(late, "SELECT 1", STORE_NO_ARGS, &n)) == -EAGAIN)
		store_kit_nap();
	assert_int_equal(r, 0);
	assert_true(store_healthy(late));
	store_free(late);
}

static void a_restart_between_transactions_is_not_seen(void **state)
{
	assert_int_equal(insert(1), 0);
	assert_int_equal(rows(), 1);
	store_kit_stop(&kit);
	store_kit_start(&kit);
	assert_int_equal(insert(2), 0);
	assert_int_equal(rows(), 2);
	assert_true(store_healthy(s));
}

static int insert_and_lose(struct store_conn *c, void *arg)
{
	int r = store_exec(c, USE_INSERT, STORE_ARGS(store_int(5), store_text("lost")), NULL);
	if (r)
		return r;
	store_kit_order(&kit, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
			      "WHERE application_name = 'parley' AND pid <> pg_backend_pid()");
	return arg ? 0 : store_exec(c, USE_INSERT, STORE_ARGS(store_int(6), store_text("lost")), NULL);
}

static void a_connection_lost_in_a_transaction_undoes_it(void **state)
{
	assert_int_equal(store_write(s, insert_and_lose, NULL), -EAGAIN);
	assert_int_equal(rows(), 0);
	int before_commit = 1;
	assert_int_equal(store_write(s, insert_and_lose, &before_commit), -EAGAIN);
	assert_int_equal(rows(), 0);
	assert_int_equal(insert(5), 0);
}

/* The trigger runs inside COMMIT, and its backend ends itself there. */
static void a_commit_without_an_answer_is_no_success(void **state)
{
	store_kit_order(&kit,
			"CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS "
			"'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(1); RETURN "
			"NULL; END';"
			"CREATE CONSTRAINT TRIGGER die AFTER INSERT ON rows DEFERRABLE INITIALLY DEFERRED "
			"FOR EACH ROW WHEN (NEW.id = 13) EXECUTE FUNCTION die()");
	assert_int_equal(insert(12), 0);
	assert_int_equal(insert(13), -EAGAIN);
	assert_int_equal(insert(14), 0);
	assert_int_equal(rows(), 2);
}

static void what_takes_too_long_is_given_up(void **state)
{
	struct store *hasty;
	int64_t n;
	struct store_params p = {.url = kit.url, .connections = 1, .wait_ms = 100, .statement_ms = 100};
	assert_int_equal(store_new(&p, &hasty), 0);
	uint64_t before_ms = clock_mono_ms();
	assert_int_equal(use_int(hasty, "SELECT 1 FROM pg_sleep(60)", STORE_NO_ARGS, &n), -EAGAIN);
	assert_in_range(clock_mono_ms() - before_ms, 50, 30000);
	assert_int_equal(use_int(hasty, "SELECT 1", STORE_NO_ARGS, &n), 0);
	store_free(hasty);
}

static int ask_frozen(struct store_conn *c, void *arg)
{
	int64_t *pid = arg;
	assert_int_equal(kill((pid_t)*pid, SIGSTOP), 0);
	int r = store_exec(c, USE_INSERT, STORE_ARGS(store_int(1), store_text("")), NULL);
	assert_int_equal(kill((pid_t)*pid, SIGCONT), 0);
	return r;
}

static void a_server_that_says_nothing_is_given_up(void **state)
{
	struct store *hasty;
	int64_t pid;
	struct store_params p = {.url = kit.url, .connections = 1, .wait_ms = 100, .statement_ms = 100};
	assert_int_equal(store_new(&p, &hasty), 0);
	assert_int_equal(use_int(hasty, "SELECT pg_backend_pid()", STORE_NO_ARGS, &pid), 0);
	uint64_t before_ms = clock_mono_ms();
	assert_int_equal(store_write(hasty, ask_frozen, &pid), -EAGAIN);
	assert_in_range(clock_mono_ms() - before_ms, 1000, 30000);
	assert_int_equal(use_exec(hasty, USE_INSERT, STORE_ARGS(store_int(2), store_text("")), NULL), 0);
	assert_int_equal(rows(), 1);
	store_free(hasty);
}

static void a_schema_changed_under_us_is_taken_up(void **state)
{
	static const char all[] = "SELECT * FROM rows WHERE id = 1";
	char out[32];
	assert_int_equal(insert(1), 0);
	assert_int_equal(use_exec(s, all, STORE_NO_ARGS, NULL), 0);
	store_kit_order(&kit, "ALTER TABLE rows ALTER text TYPE VARCHAR(50)");
	assert_int_equal(use_exec(s, all, STORE_NO_ARGS, NULL), 0);
	assert_string_equal(use_words(s, "SELECT text FROM rows", out, sizeof(out)), "text");
}

/* Whatever the administrator has set for the database. */
static void commits_are_not_acknowledged_before_they_are_on_disk(void **state)
{
	char sql[128];
	(void)snprintf(sql, sizeof(sql), "ALTER DATABASE test%u SET synchronous_commit = off", kit.databases);
	store_kit_order(&kit, sql);
	store_free(s);
	s = store_kit_store(&kit, 1, 1000);
	char out[32];
	assert_string_equal(use_words(s, "SELECT current_setting('synchronous_commit')", out, sizeof(out)),
			    "on");
}

/* ---- many threads ---- */

struct asker {
	pthread_t thread;
	struct store *store;
	atomic_bool *restarted;
	unsigned answers, other;
};

/* Ask until an answer has come after the restart. */
static void *ask_on(void *arg)
{
	struct asker *a = arg;
	int64_t n;
	int r;
	bool restarted;
	do {
		restarted = atomic_load(a->restarted);
		r = use_int(a->store, "SELECT 1", STORE_NO_ARGS, &n);
		a->answers += r == 0;
		a->other += r != 0 && r != -EAGAIN;
		if (r)
			store_kit_nap();
	} while (r || !restarted);
	return NULL;
}

static void all_threads_come_through_an_outage(void **state)
{
	struct asker askers[6];
	atomic_bool restarted = false;
	for (size_t i = 0; i < ARRAY_LEN(askers); i++) {
		askers[i] = (struct asker){.store = s, .restarted = &restarted};
		assert_int_equal(pthread_create(&askers[i].thread, NULL, ask_on, &askers[i]), 0);
	}
	store_kit_crash(&kit);
	while (store_healthy(s))
		store_kit_nap();
	store_kit_start(&kit);
	atomic_store(&restarted, true);
	for (size_t i = 0; i < ARRAY_LEN(askers); i++) {
		pthread_join(askers[i].thread, NULL);
		assert_int_equal(askers[i].other, 0);
		assert_true(askers[i].answers > 0);
	}
	assert_true(store_healthy(s));
}

/* A server that takes connections and says nothing. */
static int listen_mute(const char *dir)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/.s.PGSQL.1", dir);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(fd, 8), 0);
	return fd;
}

static void one_at_a_time_looks_whether_it_is_over(void **state)
{
	char url[200];
	int64_t n;
	struct store *mute;
	struct store_params p = {.url = url, .connections = 4, .wait_ms = 1000, .statement_ms = 1000};
	(void)snprintf(url, sizeof(url), "postgresql:///x?host=%s&port=1&user=parley&connect_timeout=60",
		       kit.dir);
	int listener = listen_mute(kit.dir);
	assert_int_equal(store_new(&p, &mute), 0);
	atomic_bool restarted = false;
	struct asker asker = {.store = mute, .restarted = &restarted};
	assert_int_equal(pthread_create(&asker.thread, NULL, ask_on, &asker), 0);
	/* The first is hung up on: an outage. The second is the look whether it is over, and waits. */
	close(accept(listener, NULL, NULL));
	int second = accept(listener, NULL, NULL);
	uint64_t before_ms = clock_mono_ms();
	for (int i = 0; i < 100; i++)
		assert_int_equal(use_int(mute, "SELECT 1", STORE_NO_ARGS, &n), -EAGAIN);
	assert_in_range(clock_mono_ms() - before_ms, 0, 20000);
	assert_int_equal(fcntl(listener, F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(accept(listener, NULL, NULL), -1);
	assert_int_equal(errno, EAGAIN);
	/* Ends the thread: a real server takes the mute one's place. */
	close(second);
	close(listener);
	char path[128], real[128];
	(void)snprintf(path, sizeof(path), "%s/.s.PGSQL.1", kit.dir);
	(void)snprintf(real, sizeof(real), "%s/.s.PGSQL.5432", kit.dir);
	assert_int_equal(unlink(path), 0);
	store_kit_order(&kit, "CREATE DATABASE x");
	assert_int_equal(symlink(real, path), 0);
	atomic_store(&restarted, true);
	pthread_join(asker.thread, NULL);
	assert_int_equal(asker.other, 0);
	store_free(mute);
}

static void a_password_is_not_logged(void **state)
{
	char log[4096];
	int saved = dup(STDERR_FILENO), fds[2];
	struct store *none;
	int64_t n;
	struct store_params p = {.connections = 1, .wait_ms = 100, .statement_ms = 100};
	char url[200];
	(void)snprintf(url, sizeof(url), "postgresql://ada:open-sesame@127.0.0.1:1/db");
	p.url = url;
	assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
	assert_true(dup2(fds[1], STDERR_FILENO) >= 0);
	int created = store_new(&p, &none);
	int r = created == 0 ? use_int(none, "SELECT 1", STORE_NO_ARGS, &n) : -1;
	p.url = "postgresql://ada:open-sesame@host%ZZ/db";
	struct store *bad;
	int refused = store_new(&p, &bad);
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	ssize_t len = read(fds[0], log, sizeof(log) - 1);
	close(saved);
	close(fds[0]);
	close(fds[1]);
	assert_int_equal(created, 0);
	assert_int_equal(r, -EAGAIN);
	assert_int_equal(refused, -EINVAL);
	assert_true(len > 0);
	log[len] = '\0';
	assert_non_null(strstr(log, "database failed kind=postgresql"));
	assert_null(strstr(log, "sesame"));
	store_free(none);
}

static void a_full_disk_is_told_and_loses_nothing(void **state)
{
	char dir[96], sql[160];
	store_kit_small_disk(&kit, "8m", dir, sizeof(dir));
	/* Started again, to see the mount. */
	store_kit_stop(&kit);
	store_kit_start(&kit);
	(void)snprintf(sql, sizeof(sql), "CREATE TABLESPACE small LOCATION '%s'", dir);
	store_kit_order(&kit, sql);
	store_kit_ballast(dir, true);
	store_kit_order(&kit, "ALTER TABLE rows ALTER text SET STORAGE EXTERNAL");
	store_kit_order(&kit, "ALTER TABLE rows SET TABLESPACE small");
	int64_t n = use_fill(s);
	assert_in_range(n, 10, 10000);
	assert_false(store_healthy(s));
	assert_int_equal(rows(), n);
	assert_int_equal(use_exec(s, "DELETE FROM rows WHERE id = -1", STORE_NO_ARGS, NULL), 0);
	assert_false(store_healthy(s)); /* to read, or to write nothing, is not enough */
	store_kit_ballast(dir, false);
	assert_int_equal(insert(20000), 0);
	assert_int_equal(rows(), n + 1);
	assert_true(store_healthy(s));
	store_kit_order(&kit, "DROP TABLE rows");
	store_kit_order(&kit, "DROP TABLESPACE small");
	store_kit_small_disk_end(dir);
}

int main(int argc, char **argv)
{
#define T(name) cmocka_unit_test_setup_teardown(name, open_store, close_store)
	const struct CMUnitTest tests[] = {
		T(a_server_that_dies_is_told_and_found_again),
		T(a_server_that_comes_late_is_found),
		T(a_restart_between_transactions_is_not_seen),
		T(a_connection_lost_in_a_transaction_undoes_it),
		T(a_commit_without_an_answer_is_no_success),
		T(what_takes_too_long_is_given_up),
		T(a_server_that_says_nothing_is_given_up),
		T(a_schema_changed_under_us_is_taken_up),
		T(commits_are_not_acknowledged_before_they_are_on_disk),
		T(all_threads_come_through_an_outage),
		T(one_at_a_time_looks_whether_it_is_over),
		cmocka_unit_test(a_password_is_not_logged),
		T(a_full_disk_is_told_and_loses_nothing),
	};
	return store_kit_main(&kit, argc, argv, tests, ARRAY_LEN(tests));
}
