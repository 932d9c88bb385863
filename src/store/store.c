/*
 * What both databases have in common: transactions and when they are tried again, the checks of what goes
 * into a statement, health.
 *
 * The two are made to behave alike where they differ by nature. PostgreSQL gives up a transaction in which a
 * statement failed, SQLite goes on; here it is given up on both. PostgreSQL refuses text that is no UTF-8,
 * SQLite takes any bytes; here it is refused on both.
 *
 * Thread: any that may block.
 */
#include "store/inside.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <time.h>

/* The store that this thread is in a transaction of: a second one inside it could wait for the first. */
static _Thread_local const struct store *inside;

int store_url_check(const char *url)
{
	return store_sqlite_path(url) || store_postgres_is(url) ? 0 : -EINVAL;
}

int store_new(const struct store_params *p, struct store **out)
{
	assert(p->connections > 0);
	if (store_sqlite_path(p->url))
		return store_sqlite_new(p, out);
	if (store_postgres_is(p->url))
		return store_postgres_new(p, out);
	return -EINVAL;
}

struct store *store_free(struct store *s)
{
	if (s)
		s->ops->free(s);
	return NULL;
}

const char *store_kind(const struct store *s)
{
	return s->ops->kind;
}

bool store_healthy(const struct store *s)
{
	return !atomic_load(&s->fails) && !atomic_load(&s->writes_fail) && !atomic_load(&s->full);
}

static atomic_bool *flag_of(struct store_conn *c, int r)
{
	struct store *s = c->store;
	if (r == -ENOSPC)
		return &s->full;
	if (c->mode == STORE_READING || (r == -EAGAIN && s->ops->one_server))
		return &s->fails;
	return &s->writes_fail;
}

int store_fault(struct store_conn *c, int r, const char *what, const char *sql)
{
	struct store *s = c->store;
	if (r >= 0 || r == -ENOMEM || r == -EINVAL)
		return r;
	bool was_healthy = store_healthy(s);
	atomic_store(flag_of(c, r), true);
	if (r != -EIO && !was_healthy)
		return r;
	if (sql)
		log_error("database failed kind=%s error=\"%s\" sql=\"%s\"", s->ops->kind, what, sql);
	else
		log_error("database failed kind=%s error=\"%s\"", s->ops->kind, what);
	return r;
}

/* Who can write can read, but not the other way round: with a full disk, or a lock held by others, reads go
   on. And with a full disk, so do writers that find nothing to write. */
static void worked(const struct store_conn *c)
{
	struct store *s = c->store;
	if (store_healthy(s))
		return;
	bool changed = atomic_exchange(&s->fails, false);
	if (c->mode != STORE_READING)
		changed |= atomic_exchange(&s->writes_fail, false);
	if (c->wrote)
		changed |= atomic_exchange(&s->full, false);
	if (changed && store_healthy(s))
		log_info("database works again kind=%s", s->ops->kind);
}

/* ---- transactions ---- */

static int run_in(struct store_conn *c, store_fn fn, void *arg)
{
	struct store *s = c->store;
	const struct store *outer = inside;
	inside = s;
	int r = fn(c, arg);
	inside = outer;
	/* Also where fn has hidden it: the database may have given the transaction up. */
	if (r == 0)
		r = c->failed;
	return r;
}

int store_transact(struct store *s, enum store_mode mode, uint64_t deadline_ms, store_fn fn, void *arg,
		   bool *again)
{
	struct store_conn *c;
	assert(inside != s);
	*again = false;
	int r = s->ops->begin(s, mode, deadline_ms, &c);
	if (r < 0)
		return r;
	r = run_in(c, fn, arg);
	bool fine = c->failed >= 0;
	if (r == 0) {
		r = s->ops->commit(c);
		fine = r == 0;
	} else {
		s->ops->rollback(c);
		c->wrote = false;
	}
	*again = c->again;
	if (fine)
		worked(c);
	s->ops->release(c);
	return r;
}

/* A moment of random length: those who were in each other's way must not meet again in step. */
static void step_aside(unsigned attempt)
{
	uint32_t most_us = 500u << (attempt < 6 ? attempt : 6);
	struct timespec t = {.tv_nsec = (long)randombytes_uniform(most_us) * 1000};
	nanosleep(&t, NULL);
}

static int transact(struct store *s, enum store_mode mode, store_fn fn, void *arg)
{
	uint64_t deadline_ms = clock_mono_ms() + s->wait_ms;
	for (unsigned attempt = 0;; attempt++) {
		bool again;
		int r = store_transact(s, mode, deadline_ms, fn, arg, &again);
		if (!again)
			return r;
		if (attempt >= 3 && clock_mono_ms() >= deadline_ms)
			return -EAGAIN;
		step_aside(attempt);
	}
}

int store_read(struct store *s, store_fn fn, void *arg)
{
	return transact(s, STORE_READING, fn, arg);
}

int store_write(struct store *s, store_fn fn, void *arg)
{
	return transact(s, STORE_WRITING, fn, arg);
}

static int write_and_undo(struct store_conn *c, void *arg)
{
	int r = store_exec(c, "INSERT INTO schema_version (version, applied_us) VALUES (-1, 0)",
			   STORE_NO_ARGS, NULL);
	return r ? r : store_exec(c, "DELETE FROM schema_version WHERE version = -1", STORE_NO_ARGS, NULL);
}

static int look(struct store_conn *c, void *arg)
{
	return store_exec(c, "SELECT version FROM schema_version WHERE version = 1", STORE_NO_ARGS, NULL);
}

int store_probe(struct store *s)
{
	return store_healthy(s) ? store_read(s, look, NULL) : store_write(s, write_and_undo, NULL);
}

/* ---- statements ---- */

struct store_value store_text(const char *text)
{
	return text ? store_text_n(text, strlen(text)) : store_null();
}

static int check_args(const struct store_conn *c, const struct store_run *run)
{
	assert(run->n <= STORE_ARGS_MAX);
	for (size_t i = 0; i < run->n; i++) {
		const struct store_value *v = &run->args[i];
		if (v->type != STORE_TEXT)
			continue;
		if (!text_is_utf8((const uint8_t *)v->text, v->len) || memchr(v->text, '\0', v->len)) {
			log_error("database: an argument is no text kind=%s argument=%zu sql=\"%s\"",
				  c->store->ops->kind, i + 1, run->sql);
			return -EINVAL;
		}
	}
	return 0;
}

static int run(struct store_conn *c, const struct store_run *run)
{
	assert(inside == c->store);
	if (c->failed)
		return c->failed;
	int r = check_args(c, run);
	if (r < 0) {
		c->failed = r;
		return r;
	}
	return c->store->ops->run(c, run);
}

int store_exec(struct store_conn *c, const char *sql, const struct store_value *args, size_t n,
	       int64_t *changed)
{
	return run(c, &(struct store_run){.sql = sql, .args = args, .n = n, .changed = changed});
}

int store_query(struct store_conn *c, const char *sql, const struct store_value *args, size_t n,
		store_row_fn row, void *arg)
{
	return run(c, &(struct store_run){.sql = sql, .args = args, .n = n, .row = row, .arg = arg});
}

int store_column_text(const struct store_value *column, char *out, size_t size)
{
	if (column->type == STORE_NULL && size > 0) {
		out[0] = '\0';
		return 0;
	}
	if (column->type != STORE_TEXT || column->len >= size) {
		log_error("database: a column is no text, or too long bytes=%zu", column->len);
		return -EIO;
	}
	memcpy(out, column->text, column->len);
	out[column->len] = '\0';
	return 0;
}

/* ---- prepared statements ---- */

struct store_cached *store_cache_find(struct store_cache *c, const char *sql)
{
	size_t mask = ARRAY_LEN(c->slots) - 1;
	uint64_t h = (uint64_t)(uintptr_t)sql * 0x9E3779B97F4A7C15u;
	for (size_t i = (size_t)(h >> 32);; i++) {
		struct store_cached *slot = &c->slots[i & mask];
		if (slot->sql == sql)
			return slot;
		if (!slot->sql)
			return c->count < STORE_STATEMENTS_MAX ? slot : NULL;
	}
}

void store_cache_used(struct store_cache *c, struct store_cached *slot, const char *sql, void *value)
{
	assert(!slot->sql && c->count < STORE_STATEMENTS_MAX);
	*slot = (struct store_cached){.sql = sql, .value = value};
	c->count++;
}
