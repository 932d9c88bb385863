/*
 * Databases for tests.
 *
 * PostgreSQL's default collation is a language's here (ICU, English), so that what forgets COLLATE "binary"
 * is found out. The server ends with the test, whatever way that ends.
 *
 * Thread: one.
 */
#include "store/testkit.h"

#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define START_TIMEOUT_S 60

static char programs[256]; /* where PostgreSQL's are; "": nowhere */

static void find_programs(void)
{
	glob_t g;
	programs[0] = '\0';
	if (glob("/usr/lib/postgresql/*/bin/initdb", 0, NULL, &g) == 0) {
		const char *last = g.gl_pathv[g.gl_pathc - 1];
		(void)snprintf(programs, sizeof(programs), "%.*s", (int)(strrchr(last, '/') - last), last);
	}
	globfree(&g);
}

/* Whom the server runs as: it refuses to be root. NULL: as ourselves. */
static const struct passwd *server_user(void)
{
	if (geteuid() != 0)
		return NULL;
	const struct passwd *pw = getpwnam("postgres");
	return pw ? pw : getpwnam("nobody");
}

/* In the child. */
static void become_server(const struct store_kit *k, const char *program, const char *const argv[])
{
	char path[512], log[128];
	const struct passwd *pw = server_user();
	(void)snprintf(path, sizeof(path), "%s/%s", programs, program);
	(void)snprintf(log, sizeof(log), "%s/log", k->dir);
	int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0666);
	if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0 || dup2(fd, STDERR_FILENO) < 0)
		_exit(126);
	if (pw && (fchown(fd, pw->pw_uid, pw->pw_gid) < 0 || setgroups(0, NULL) < 0 ||
		   setgid(pw->pw_gid) < 0 || setuid(pw->pw_uid) < 0))
		_exit(126);
	/* After the change of user, which would undo it. SIGQUIT is "shut down at once". */
	(void)prctl(PR_SET_PDEATHSIG, SIGQUIT);
	if (chdir(k->dir) < 0)
		_exit(126);
	execv(path, (char *const *)argv);
	_exit(127);
}

static pid_t spawn(const struct store_kit *k, const char *program, const char *const argv[])
{
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		become_server(k, program, argv);
	return pid;
}

static void show_log(const struct store_kit *k)
{
	char path[128], line[512];
	(void)snprintf(path, sizeof(path), "%s/log", k->dir);
	FILE *f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		print_error("%s", line);
	if (f)
		(void)fclose(f);
}

static void make_cluster(const struct store_kit *k)
{
	char data[128];
	(void)snprintf(data, sizeof(data), "%s/data", k->dir);
	const char *argv[] = {"initdb",
			      "-N",
			      "-D",
			      data,
			      "-U",
			      "parley",
			      "-A",
			      "trust",
			      "-E",
			      "UTF8",
			      "--locale=C.UTF-8",
			      "--locale-provider=icu",
			      "--icu-locale=en",
			      NULL};
	int status;
	pid_t pid = spawn(k, "initdb", argv);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (status != 0)
		show_log(k);
	assert_int_equal(status, 0);
}

void store_kit_nap(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 10 * 1000000}, NULL);
}

static void server_url(const struct store_kit *k, const char *database, char *out, size_t size)
{
	(void)snprintf(out, size, "postgresql:///%s?host=%s&user=parley", database, k->dir);
}

void store_kit_start(struct store_kit *k)
{
	char data[128], url[256];
	(void)snprintf(data, sizeof(data), "%s/data", k->dir);
	server_url(k, "postgres", url, sizeof(url));
	const char *argv[] = {
		"postgres",           "-D", data, "-k", k->dir, "-h", "", "-c", "shared_buffers=16MB", "-c",
		"max_connections=40", NULL};
	time_t end = time(NULL) + START_TIMEOUT_S;
	k->server = 0;
	for (;;) {
		/* After a crash the memory of the old server may be in use for another moment: try again. */
		if (k->server == 0 || waitpid(k->server, NULL, WNOHANG) == k->server)
			k->server = spawn(k, "postgres", argv);
		if (PQping(url) == PQPING_OK)
			return;
		if (time(NULL) > end) {
			show_log(k);
			fail_msg("the server does not start");
		}
		store_kit_nap();
	}
}

void store_kit_stop(struct store_kit *k)
{
	assert_int_equal(kill(k->server, SIGINT), 0);
	assert_int_equal(waitpid(k->server, NULL, 0), k->server);
	k->server = 0;
}

static void kill_children(pid_t parent)
{
	char path[64];
	int child;
	(void)snprintf(path, sizeof(path), "/proc/%d/task/%d/children", parent, parent);
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	while (fscanf(f, "%d", &child) == 1)
		(void)kill(child, SIGKILL);
	(void)fclose(f);
}

void store_kit_crash(struct store_kit *k)
{
	/* Stopped first: it can neither start others nor tidy up. */
	assert_int_equal(kill(k->server, SIGSTOP), 0);
	kill_children(k->server);
	assert_int_equal(kill(k->server, SIGKILL), 0);
	assert_int_equal(waitpid(k->server, NULL, 0), k->server);
	k->server = 0;
}

/* ---- databases ---- */

static void order_postgres(const char *url, const char *sql)
{
	PGconn *pg = PQconnectdb(url);
	PGresult *result = PQexec(pg, sql);
	ExecStatusType status = PQresultStatus(result);
	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
		print_error("%s: %s\n", sql, PQerrorMessage(pg));
	PQclear(result);
	PQfinish(pg);
	assert_true(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK);
}

static void order_sqlite(const char *path, const char *sql)
{
	sqlite3 *db;
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

void store_kit_order(const struct store_kit *k, const char *sql)
{
	if (k->postgres)
		order_postgres(k->url, sql);
	else
		order_sqlite(k->url + strlen("sqlite:"), sql);
}

void store_kit_fresh(struct store_kit *k)
{
	char name[32], url[256], sql[64];
	(void)snprintf(name, sizeof(name), "test%u", ++k->databases);
	if (!k->postgres) {
		(void)snprintf(k->url, sizeof(k->url), "sqlite:%s/%s.db", k->dir, name);
		return;
	}
	server_url(k, "postgres", url, sizeof(url));
	(void)snprintf(sql, sizeof(sql), "CREATE DATABASE %s", name);
	order_postgres(url, sql);
	server_url(k, name, k->url, sizeof(k->url));
}

struct store *store_kit_store(const struct store_kit *k, unsigned connections, uint32_t wait_ms)
{
	struct store *s;
	struct store_params p = {
		.url = k->url, .connections = connections, .wait_ms = wait_ms, .statement_ms = 10000};
	assert_int_equal(store_new(&p, &s), 0);
	return s;
}

const char *store_kit_open(struct store_kit *k, const char *kind)
{
	*k = (struct store_kit){.postgres = strcmp(kind, "postgresql") == 0,
				.dir = "/tmp/parley-store-XXXXXX"};
	if (k->postgres) {
		find_programs();
		if (!programs[0])
			return "PostgreSQL is not installed";
	}
	assert_non_null(mkdtemp(k->dir));
	if (k->postgres) {
		const struct passwd *pw = server_user();
		if (pw)
			assert_int_equal(chown(k->dir, pw->pw_uid, pw->pw_gid), 0);
		make_cluster(k);
		store_kit_start(k);
	}
	store_kit_fresh(k);
	return NULL;
}

void store_kit_close(struct store_kit *k)
{
	int status;
	if (k->server) {
		/* At once: nothing of it is kept. */
		assert_int_equal(kill(k->server, SIGQUIT), 0);
		assert_int_equal(waitpid(k->server, NULL, 0), k->server);
	}
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		execlp("rm", "rm", "-rf", k->dir, NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* ---- a small disk ---- */

void store_kit_small_disk(struct store_kit *k, const char *size, char *dir, size_t dir_size)
{
	struct stat st;
	char options[96];
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		skip();
	/* Belongs to whom the directory of all belongs to: the server, or us. */
	assert_int_equal(stat(k->dir, &st), 0);
	(void)snprintf(options, sizeof(options), "size=%s,mode=700,uid=%u,gid=%u", size, st.st_uid,
		       st.st_gid);
	(void)snprintf(dir, dir_size, "%s/small", k->dir);
	assert_int_equal(mkdir(dir, 0700), 0);
	assert_int_equal(mount("tmpfs", dir, "tmpfs", 0, options), 0);
}

void store_kit_small_disk_end(const char *dir)
{
	assert_int_equal(umount2(dir, MNT_DETACH), 0);
}

void store_kit_ballast(const char *dir, bool there)
{
	static const char zeros[2 << 20];
	char path[128];
	(void)snprintf(path, sizeof(path), "%s/ballast", dir);
	if (!there) {
		assert_int_equal(unlink(path), 0);
		return;
	}
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, zeros, sizeof(zeros)), sizeof(zeros));
	close(fd);
}

/* ---- main() ---- */

static const char *why_not;

static void not_to_be_had(void **state)
{
	print_message("# %s\n", why_not);
	skip();
}

int store_kit_main(struct store_kit *k, int argc, char **argv, const struct CMUnitTest *tests, size_t n)
{
	const struct CMUnitTest instead[] = {cmocka_unit_test(not_to_be_had)};
	if (argc != 2) {
		print_error("usage: %s sqlite|postgresql\n", argv[0]);
		return 2;
	}
	why_not = store_kit_open(k, argv[1]);
	if (why_not)
		return cmocka_run_group_tests_name(argv[1], instead, NULL, NULL);
	int failed = _cmocka_run_group_tests(argv[1], tests, n, NULL, NULL);
	store_kit_close(k);
	return failed;
}
