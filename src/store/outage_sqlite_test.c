/* SQLite's file is locked, full, moved, none; and it heals. */
#include "store/testkit.h"
#include "store/testuse.h"

#include "base/clock.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
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

static void bad_urls_are_refused(void **state)
{
	static const char *const bad[] = {"",
					  "sqlite",
					  "sqlite:",
					  "sqlite::memory:",
					  "SQLITE:x",
					  "/tmp/x",
					  "mysql://host/db",
					  "postgresql:",
					  "postgresql:/host",
					  "postgresql://host/db?no_such_option=1",
					  "postgresql://ada:se%ZZcret@host/db"};
	static const char *const good[] = {"sqlite:x.db", "sqlite:/var/lib/x.db", "postgresql://",
					   "postgres://ada:secret@host:5433/db?sslmode=require",
					   "postgresql:///db?host=/run/postgresql"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct store *none = NULL;
		struct store_params p = {.url = bad[i], .connections = 1};
		assert_int_equal(store_url_check(bad[i]), -EINVAL);
		assert_int_equal(store_new(&p, &none), -EINVAL);
		assert_null(none);
	}
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_int_equal(store_url_check(good[i]), 0);
	assert_null(store_free(NULL));
}

static const char *path(void)
{
	return kit.url + strlen("sqlite:");
}

/* A child that locks the file and says so; it goes when the pipe given back is closed. */
static pid_t lock_elsewhere(int *let_go)
{
	int ready[2], end[2];
	char c;
	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(end), 0);
	pid_t pid = fork();
	if (pid == 0) {
		sqlite3 *db;
		close(end[1]);
		if (sqlite3_open(path(), &db) || sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) ||
		    write(ready[1], "x", 1) != 1)
			_exit(1);
		_exit(read(end[0], &c, 1) != 0);
	}
	close(ready[1]);
	close(end[0]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	*let_go = end[1];
	return pid;
}

static void another_process_may_hold_the_lock(void **state)
{
	int let_go, status;
	assert_int_equal(insert(1), 0);
	pid_t pid = lock_elsewhere(&let_go);
	uint64_t before_ms = clock_mono_ms();
	assert_int_equal(insert(2), -EAGAIN);
	assert_in_range(clock_mono_ms() - before_ms, 250, 5000);
	assert_false(store_healthy(s));
	assert_int_equal(rows(), 1); /* readers go on */
	assert_false(store_healthy(s));
	close(let_go);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(store_probe(s), 0);
	assert_true(store_healthy(s));
	assert_int_equal(store_probe(s), 0);
	assert_int_equal(use_count(s, "SELECT COUNT(*) FROM schema_version"), 1);
}

static void the_file_is_ours_alone(void **state)
{
	struct stat st;
	char wal[300];
	(void)snprintf(wal, sizeof(wal), "%s-wal", path());
	assert_int_equal(stat(path(), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(stat(wal, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

/* What a connection says of itself: 2 is FULL. */
static int row_settings(void *arg, const struct store_value *columns, size_t n)
{
	assert_int_equal(n, 5);
	assert_int_equal(columns[4].i, 1);
	assert_int_equal(columns[0].i, 2);
	assert_int_equal(columns[1].i, 1);
	assert_int_equal(columns[2].i, 0);
	assert_string_equal(columns[3].text, "wal");
	++*(int *)arg;
	return 0;
}

static int look_at_settings(struct store_conn *c, void *arg)
{
	return store_query(
		c,
		"SELECT synchronous, foreign_keys, trusted_schema, journal_mode, secure_delete FROM "
		"pragma_synchronous, pragma_foreign_keys, pragma_trusted_schema, pragma_journal_mode, "
		"pragma_secure_delete",
		STORE_NO_ARGS, row_settings, arg);
}

static void it_waits_for_the_disk_at_each_commit(void **state)
{
	int looked = 0;
	assert_int_equal(store_write(s, look_at_settings, &looked), 0);
	assert_int_equal(store_read(s, look_at_settings, &looked), 0);
	assert_int_equal(looked, 2);
}

static bool file_has(const char *text)
{
	static char bytes[1 << 20];
	FILE *f = fopen(path(), "re");
	assert_non_null(f);
	size_t n = fread(bytes, 1, sizeof(bytes), f);
	assert_in_range(n, 1, sizeof(bytes) - 1);
	assert_int_equal(fclose(f), 0);
	return memmem(bytes, n, text, strlen(text)) != NULL;
}

static void what_is_deleted_is_overwritten(void **state)
{
	static const char words[] = "what nobody is to find again";
	assert_int_equal(use_exec(s, USE_INSERT, STORE_ARGS(store_int(1), store_text(words)), NULL), 0);
	assert_int_equal(insert(2), 0);
	s = store_free(s); /* the log goes into the file */
	assert_true(file_has(words));
	s = store_kit_store(&kit, 3, 300);
	assert_int_equal(use_exec(s, "DELETE FROM rows WHERE id = 1", STORE_NO_ARGS, NULL), 0);
	s = store_free(s);
	assert_false(file_has(words));
}

static void a_file_that_is_moved_away_is_missed(void **state)
{
	char away[300];
	int64_t n;
	(void)snprintf(away, sizeof(away), "%s.away", path());
	assert_int_equal(insert(1), 0);
	assert_int_equal(rename(path(), away), 0);
	assert_int_equal(insert(2), -EAGAIN);
	assert_int_equal(count_rows(&n), -EAGAIN);
	assert_false(store_healthy(s));
	assert_int_equal(rename(away, path()), 0);
	assert_int_equal(insert(2), 0);
	assert_int_equal(rows(), 2);
	assert_true(store_healthy(s));
}

static void a_file_put_in_its_place_is_used(void **state)
{
	char other[300], log[300], url[320];
	int64_t n;
	(void)snprintf(other, sizeof(other), "%s.other", path());
	(void)snprintf(url, sizeof(url), "sqlite:%s", other);
	struct store *o;
	struct store_params p = {.url = url, .connections = 1, .wait_ms = 100};
	assert_int_equal(store_new(&p, &o), 0);
	use_schema(o, USE_ROWS "; INSERT INTO rows VALUES (7, 'a'), (8, 'b'), (9, 'c')");
	store_free(o);
	assert_int_equal(insert(1), 0);
	assert_int_equal(rows(), 1);
	/* With its log, as it has to be done. */
	(void)snprintf(log, sizeof(log), "%s-wal", path());
	assert_int_equal(unlink(path()), 0);
	assert_int_equal(unlink(log), 0);
	assert_int_equal(count_rows(&n), -EAGAIN);
	assert_int_equal(insert(2), -EAGAIN);
	assert_int_equal(rename(other, path()), 0);
	assert_int_equal(rows(), 3);
	assert_int_equal(insert(2), 0);
	assert_int_equal(rows(), 4);
}

static void a_file_that_cannot_be_used_is_told_at_once(void **state)
{
	char url[160], other[128];
	struct store *none = NULL;
	struct store_params p = {.url = url, .connections = 1, .wait_ms = 100};
	(void)snprintf(url, sizeof(url), "sqlite:%s/no/such/dir.db", kit.dir);
	assert_int_equal(store_new(&p, &none), -ENOENT);
	(void)snprintf(url, sizeof(url), "sqlite:%s", kit.dir);
	assert_int_equal(store_new(&p, &none), -EISDIR);
	(void)snprintf(url, sizeof(url), "sqlite:/dev/null");
	assert_int_equal(store_new(&p, &none), -ENODEV);
	(void)snprintf(other, sizeof(other), "%s/not-a-database", kit.dir);
	FILE *f = fopen(other, "w");
	assert_non_null(f);
	for (int i = 0; i < 100; i++)
		assert_true(fputs("This is a text and nothing else.\n", f) >= 0);
	assert_int_equal(fclose(f), 0);
	(void)snprintf(url, sizeof(url), "sqlite:%s", other);
	assert_int_equal(store_new(&p, &none), -EIO);
	assert_null(none);
}

static void a_full_disk_is_told_and_loses_nothing(void **state)
{
	char dir[96], url[160];
	struct store *f;
	struct store_params p = {.url = url, .connections = 2, .wait_ms = 300};
	store_kit_small_disk(&kit, "4m", dir, sizeof(dir));
	(void)snprintf(url, sizeof(url), "sqlite:%s/full.db", dir);
	store_kit_ballast(dir, true);
	assert_int_equal(store_new(&p, &f), 0);
	use_schema(f, USE_ROWS);
	int64_t n = use_fill(f);
	assert_in_range(n, 10, 1000);
	assert_false(store_healthy(f));
	assert_int_equal(use_count(f, "SELECT COUNT(*) FROM rows"), n);
	assert_int_equal(use_exec(f, "DELETE FROM rows WHERE id = -1", STORE_NO_ARGS, NULL), 0);
	assert_false(store_healthy(f)); /* to read, or to write nothing, is not enough */
	/* Room again: it goes on without being asked. */
	store_kit_ballast(dir, false);
	assert_int_equal(use_exec(f, USE_INSERT, STORE_ARGS(store_int(20000), store_text("")), NULL), 0);
	assert_true(store_healthy(f));
	store_free(f);
	assert_int_equal(store_new(&p, &f), 0);
	assert_true(use_count(f, "SELECT COUNT(*) FROM rows") == n + 1);
	store_free(f);
	store_kit_small_disk_end(dir);
}

int main(int argc, char **argv)
{
#define T(name) cmocka_unit_test_setup_teardown(name, open_store, close_store)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_urls_are_refused),
		T(another_process_may_hold_the_lock),
		T(the_file_is_ours_alone),
		T(it_waits_for_the_disk_at_each_commit),
		T(what_is_deleted_is_overwritten),
		T(a_file_that_is_moved_away_is_missed),
		T(a_file_put_in_its_place_is_used),
		cmocka_unit_test(a_file_that_cannot_be_used_is_told_at_once),
		cmocka_unit_test(a_full_disk_is_told_and_loses_nothing),
	};
	return store_kit_main(&kit, argc, argv, tests, ARRAY_LEN(tests));
}
