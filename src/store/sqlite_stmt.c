/*
 * Statements on a SQLite connection: prepared once, found by the address of their text.
 *
 * For SQLite "$1" is a name, and names are numbered in the order in which they are first met: "… $2 … $1"
 * has $2 as its parameter 1. So each argument is bound by asking for its name.
 *
 * Thread: whoever has the connection.
 */
#include "store/sqlite.h"

#include "base/log.h"
#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

struct statement {
	sqlite3_stmt *stmt;
	int index[STORE_ARGS_MAX]; /* of $1, $2, …; 0: there is none */
	bool running;              /* a row of it is being looked at, further up the stack */
};

static struct statement *statement_free(struct statement *st)
{
	if (st)
		sqlite3_finalize(st->stmt);
	mem_free(st);
	return NULL;
}

static void find_parameters(struct statement *st)
{
	for (unsigned i = 0; i < STORE_ARGS_MAX; i++) {
		char name[16];
		(void)snprintf(name, sizeof(name), "$%u", i + 1);
		st->index[i] = sqlite3_bind_parameter_index(st->stmt, name);
	}
}

static int statement_new(struct sqlite_conn *c, const char *sql, struct statement **out)
{
	struct statement *st = mem_zalloc(sizeof(*st));
	if (!st)
		return -ENOMEM;
	int rc = sqlite3_prepare_v3(c->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &st->stmt, NULL);
	if (rc != SQLITE_OK) {
		statement_free(st);
		return sqlite_fault(c, rc, sql);
	}
	find_parameters(st);
	*out = st;
	return 0;
}

void sqlite_forget(struct sqlite_conn *c)
{
	for (size_t i = 0; i < ARRAY_LEN(c->statements.slots); i++)
		statement_free(c->statements.slots[i].value);
	memset(&c->statements, 0, sizeof(c->statements));
}

/* From the cache where it is free. *@cached: it stays there; else it is the caller's to free. */
static int statement_get(struct sqlite_conn *c, const char *sql, struct statement **out, bool *cached)
{
	struct store_cached *slot = store_cache_find(&c->statements, sql);
	struct statement *st = slot ? slot->value : NULL;
	if (st && !st->running) {
		/* Whoever passes something else than a literal is found out here. */
		assert(strcmp(sqlite3_sql(st->stmt), sql) == 0);
		*out = st;
		*cached = true;
		return 0;
	}
	int r = statement_new(c, sql, out);
	if (r)
		return r;
	*cached = slot && !st;
	if (*cached)
		store_cache_used(&c->statements, slot, sql, *out);
	return 0;
}

static int bind_one(sqlite3_stmt *stmt, int at, const struct store_value *v)
{
	switch (v->type) {
	case STORE_INT:
		return sqlite3_bind_int64(stmt, at, v->i);
	case STORE_TEXT:
		return sqlite3_bind_text64(stmt, at, v->text, v->len, SQLITE_STATIC, SQLITE_UTF8);
	default:
		return sqlite3_bind_null(stmt, at);
	}
}

static int bind_all(struct sqlite_conn *c, struct statement *st, const struct store_run *run)
{
	if ((size_t)sqlite3_bind_parameter_count(st->stmt) != run->n)
		return store_fault(&c->base, -EIO, "wrong number of arguments", run->sql);
	for (size_t i = 0; i < run->n; i++) {
		if (!st->index[i])
			return store_fault(&c->base, -EIO, "an argument without its parameter", run->sql);
		int rc = bind_one(st->stmt, st->index[i], &run->args[i]);
		if (rc != SQLITE_OK)
			return sqlite_fault(c, rc, run->sql);
	}
	return 0;
}

static int column(struct sqlite_conn *c, sqlite3_stmt *stmt, int i, struct store_value *v)
{
	switch (sqlite3_column_type(stmt, i)) {
	case SQLITE_NULL:
		*v = store_null();
		return 0;
	case SQLITE_INTEGER:
		*v = store_int(sqlite3_column_int64(stmt, i));
		return 0;
	case SQLITE_TEXT:
		*v = store_text_n((const char *)sqlite3_column_text(stmt, i),
				  (size_t)sqlite3_column_bytes(stmt, i));
		return v->text ? 0 : -ENOMEM;
	default:
		return store_fault(&c->base, -EIO, "a column of a foreign type", sqlite3_sql(stmt));
	}
}

/* *@failed: the database did, not the caller's row function. */
static int one_row(struct sqlite_conn *c, sqlite3_stmt *stmt, const struct store_run *run, bool *failed)
{
	struct store_value columns[STORE_COLUMNS_MAX];
	int n = sqlite3_column_count(stmt);
	if (!run->row)
		return 0;
	assert(n <= STORE_COLUMNS_MAX);
	for (int i = 0; i < n; i++) {
		int r = column(c, stmt, i, &columns[i]);
		if (r < 0) {
			*failed = true;
			return r;
		}
	}
	return run->row(run->arg, columns, (size_t)n);
}

static int step_all(struct sqlite_conn *c, struct statement *st, const struct store_run *run, bool *failed)
{
	int rc;
	while ((rc = sqlite3_step(st->stmt)) == SQLITE_ROW) {
		int r = one_row(c, st->stmt, run, failed);
		if (r)
			return r;
	}
	if (rc == SQLITE_DONE)
		return 0;
	*failed = true;
	return sqlite_fault(c, rc, run->sql);
}

static int run_statement(struct sqlite_conn *c, struct statement *st, const struct store_run *run,
			 bool *failed)
{
	int r = bind_all(c, st, run);
	if (r < 0) {
		*failed = true;
		return r;
	}
	sqlite3_int64 before = sqlite3_total_changes64(c->db);
	st->running = true;
	r = step_all(c, st, run, failed);
	st->running = false;
	bool changed = sqlite3_total_changes64(c->db) != before;
	if (changed)
		c->base.wrote = true;
	/* sqlite3_changes() is that of an earlier statement where this one changed nothing by nature. */
	if (r == 0 && run->changed)
		*run->changed = changed ? sqlite3_changes64(c->db) : 0;
	return r;
}

int sqlite_run(struct store_conn *base, const struct store_run *run)
{
	struct sqlite_conn *c = CONTAINER_OF(base, struct sqlite_conn, base);
	struct statement *st;
	bool cached, failed = false;
	int r = statement_get(c, run->sql, &st, &cached);
	if (r) {
		base->failed = r;
		return r;
	}
	r = run_statement(c, st, run, &failed);
	if (failed)
		base->failed = r;
	/* Ends it where it has not; repeats the error that has been told. */
	(void)sqlite3_reset(st->stmt);
	(void)sqlite3_clear_bindings(st->stmt);
	if (!cached)
		statement_free(st);
	return r;
}

int sqlite_order(struct sqlite_conn *c, const char *sql)
{
	struct statement *st;
	bool cached;
	int r = statement_get(c, sql, &st, &cached);
	if (r)
		return r;
	int rc = sqlite3_step(st->stmt);
	r = rc == SQLITE_DONE ? 0 : sqlite_fault(c, rc, sql);
	(void)sqlite3_reset(st->stmt);
	if (!cached)
		statement_free(st);
	return r;
}
