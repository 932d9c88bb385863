/*
 * SQLite behind store.h: one file, one connection that writes, some that read beside it.
 *
 * One writer, because SQLite has but one: queueing for it here, in order and with a deadline, is fairer and
 * cheaper than its own polling. That is left for other processes (the command line). A writer says so at once
 * (BEGIN IMMEDIATE), so what it reads cannot have changed when it writes. In WAL mode readers see the last
 * commit before they began and wait for nobody.
 *
 * Should the file be moved away, or another be put in its place, SQLite would go on with the old one,
 * invisibly: each transaction looks, and opens anew.
 *
 * Thread: any that may block; a connection belongs to whoever has its slot.
 */
#include "store/sqlite.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/slots.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SCHEME "sqlite:"

struct sqlite {
	struct store base;
	char *path;
	struct slots writers, readers;
	struct sqlite_conn *conns; /* the writer, then the readers */
};

static struct sqlite *self(struct store *s)
{
	return CONTAINER_OF(s, struct sqlite, base);
}

const char *store_sqlite_path(const char *url)
{
	if (strncmp(url, SCHEME, strlen(SCHEME)) != 0)
		return NULL;
	const char *path = url + strlen(SCHEME);
	/* A database in memory would be another for each connection. */
	return *path && strcmp(path, ":memory:") != 0 ? path : NULL;
}

/* ---- the file ---- */

static char *dir_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	return mem_dup(path, (size_t)(slash - path) + 1);
}

/* The name of a new file is on disk only when its directory is. */
static int sync_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int r = fsync(fd) < 0 ? -errno : 0;
	close(fd);
	return r;
}

/* Made here and not by SQLite, for its mode. Only if it is not there: to close a descriptor of a file would
   drop all locks that SQLite has on it elsewhere in this process. */
static int make_file(const char *path, const char *dir)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno == EEXIST ? 0 : -errno;
	close(fd);
	return sync_dir(dir);
}

/* SQLite says no more than that it cannot open it. It puts its log beside the file. */
static int check_file(const char *path, const char *dir)
{
	struct stat st;
	int r = make_file(path, dir);
	if (r < 0)
		return r;
	if (stat(path, &st) < 0 || access(path, R_OK | W_OK) < 0 || access(dir, W_OK | X_OK) < 0)
		return -errno;
	return S_ISDIR(st.st_mode) ? -EISDIR : S_ISREG(st.st_mode) ? 0 : -ENODEV;
}

static int look_at_file(const char *path)
{
	char *dir = dir_of(path);
	if (!dir)
		return -ENOMEM;
	int r = check_file(path, dir);
	if (r < 0)
		log_error("database file cannot be used path=\"%s\" error=\"%s\"", path, strerror(-r));
	mem_free(dir);
	return r;
}

/* SQLite reads "file:…" and a leading ":" as something else than a name. */
static char *plain_path(const char *path)
{
	size_t n = strlen(path) + 3;
	char *out = mem_alloc(n);
	if (out)
		(void)snprintf(out, n, "%s%s", *path == '/' ? "" : "./", path);
	return out;
}

/* ---- transactions ---- */

static int conn_ready(struct sqlite *s, struct sqlite_conn *c, bool writer)
{
	int moved = 0;
	if (c->db)
		(void)sqlite3_file_control(c->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
	if (moved)
		sqlite_conn_close(c);
	return c->db ? 0 : sqlite_conn_open(c, s->path, writer);
}

static struct slots *slots_of(struct sqlite *s, bool writer)
{
	return writer ? &s->writers : &s->readers;
}

static void sqlite_release(struct store_conn *base)
{
	struct sqlite_conn *c = CONTAINER_OF(base, struct sqlite_conn, base);
	slots_give(slots_of(self(c->base.store), c->base.mode != STORE_READING), c->slot);
}

static int start(struct sqlite *s, struct sqlite_conn *c, enum store_mode mode, uint64_t deadline_ms)
{
	int r = conn_ready(s, c, mode != STORE_READING);
	if (r < 0)
		return r;
	/* What waiting for the slot has left. */
	uint64_t now_ms = clock_mono_ms();
	(void)sqlite3_busy_timeout(c->db, now_ms < deadline_ms ? (int)(deadline_ms - now_ms) : 0);
	return sqlite_order(c, mode == STORE_READING ? "BEGIN" : "BEGIN IMMEDIATE");
}

static int sqlite_begin(struct store *base, enum store_mode mode, uint64_t deadline_ms,
			struct store_conn **out)
{
	struct sqlite *s = self(base);
	bool writer = mode != STORE_READING;
	unsigned slot;
	int r = slots_take(slots_of(s, writer), deadline_ms, &slot);
	if (r < 0)
		return r;
	struct sqlite_conn *c = &s->conns[writer ? 0 : 1 + slot];
	c->base = (struct store_conn){.store = base, .mode = mode};
	c->slot = slot;
	r = start(s, c, mode, deadline_ms);
	if (r < 0) {
		sqlite_release(&c->base);
		return r;
	}
	*out = &c->base;
	return 0;
}

static void undo(struct sqlite_conn *c)
{
	/* After some errors SQLite has done it already. If it cannot, the connection is no good any more. */
	if (!sqlite3_get_autocommit(c->db) && sqlite_order(c, "ROLLBACK") < 0)
		sqlite_conn_close(c);
}

static int sqlite_commit(struct store_conn *base)
{
	struct sqlite_conn *c = CONTAINER_OF(base, struct sqlite_conn, base);
	int r = sqlite_order(c, "COMMIT");
	if (r < 0)
		undo(c);
	return r;
}

static void sqlite_rollback(struct store_conn *base)
{
	struct sqlite_conn *c = CONTAINER_OF(base, struct sqlite_conn, base);
	undo(c);
}

static int sqlite_script(struct store_conn *base, const char *sql)
{
	struct sqlite_conn *c = CONTAINER_OF(base, struct sqlite_conn, base);
	int rc = sqlite3_exec(c->db, sql, NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		base->failed = sqlite_fault(c, rc, NULL);
	return base->failed;
}

/* ---- the store ---- */

static void sqlite_free(struct store *base)
{
	struct sqlite *s = self(base);
	/* The writer last: whoever closes last clears the log away. */
	for (unsigned i = 0; i <= base->connections; i++)
		sqlite_conn_close(&s->conns[base->connections - i]);
	slots_deinit(&s->readers);
	slots_deinit(&s->writers);
	mem_free(s->conns);
	mem_free(s->path);
	mem_free(s);
}

static const struct store_ops ops = {
	.kind = "sqlite",
	.free = sqlite_free,
	.begin = sqlite_begin,
	.commit = sqlite_commit,
	.rollback = sqlite_rollback,
	.release = sqlite_release,
	.run = sqlite_run,
	.script = sqlite_script,
};

/* So that a file that is none of SQLite's is an error at once. One that somebody holds is an outage like any
   other: it is opened when it is next used. */
static int open_writer(struct sqlite *s)
{
	struct store_conn *c;
	int r = sqlite_begin(&s->base, STORE_WRITING, clock_mono_ms() + s->base.wait_ms, &c);
	if (r < 0)
		return r == -EAGAIN ? 0 : r;
	r = sqlite_commit(c);
	sqlite_release(c);
	return r;
}

static int make(const struct store_params *p, struct sqlite *s)
{
	s->base = (struct store){.ops = &ops,
				 .wait_ms = p->wait_ms,
				 .statement_ms = p->statement_ms,
				 .connections = p->connections};
	s->path = plain_path(store_sqlite_path(p->url));
	s->conns = mem_zalloc((1 + p->connections) * sizeof(*s->conns));
	return s->path && s->conns ? look_at_file(s->path) : -ENOMEM;
}

int store_sqlite_new(const struct store_params *p, struct store **out)
{
	assert(sqlite3_threadsafe());
	struct sqlite *s = mem_zalloc(sizeof(*s));
	if (!s)
		return -ENOMEM;
	int r = make(p, s);
	if (r < 0)
		goto fail;
	r = slots_init(&s->writers, 1);
	if (r < 0)
		goto fail;
	r = slots_init(&s->readers, p->connections);
	if (r < 0)
		goto fail_writers;
	r = open_writer(s);
	if (r < 0) {
		sqlite_free(&s->base);
		return r;
	}
	*out = &s->base;
	return 0;
fail_writers:
	slots_deinit(&s->writers);
fail:
	mem_free(s->conns);
	mem_free(s->path);
	mem_free(s);
	return r;
}
