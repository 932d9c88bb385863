/* What the files of store share: the back ends' side of store.h. Not for other modules. */
#ifndef PARLEY_STORE_INSIDE_H
#define PARLEY_STORE_INSIDE_H

#include "store/store.h"

#include <stdatomic.h>

#define STORE_STATEMENTS_MAX  256 /* prepared by one connection; others are prepared anew at each use */
#define STORE_MIGRATE_WAIT_MS 60000

enum store_mode { STORE_READING, STORE_WRITING, STORE_MIGRATING };

struct store_run {
	const char *sql;
	const struct store_value *args;
	size_t n;
	store_row_fn row; /* may be NULL */
	void *arg;
	int64_t *changed; /* may be NULL; written on success alone */
};

/* A back end. What fails is logged by it, through store_fault(). */
struct store_ops {
	const char *kind;
	bool one_server; /* where it is gone, and that is what -EAGAIN means, it is so for reads and writes
			    alike */
	void (*free)(struct store *s);
	/* Take a connection and begin; @deadline_ms (clock_mono_ms()) bounds the wait for both. */
	int (*begin)(struct store *s, enum store_mode mode, uint64_t deadline_ms, struct store_conn **out);
	int (*commit)(struct store_conn *c); /* a failure has rolled back */
	void (*rollback)(struct store_conn *c);
	void (*release)(struct store_conn *c); /* after either of them */
	int (*run)(struct store_conn *c, const struct store_run *run);
	/* Several statements without parameters. */
	int (*script)(struct store_conn *c, const char *sql);
};

struct store {
	const struct store_ops *ops;
	uint32_t wait_ms;
	uint32_t statement_ms;
	unsigned connections;
	/* The last use has met with a failure of the database; the last write has, with one that may be of
	   writes alone; the disk was full, and nothing has been written since. */
	atomic_bool fails, writes_fail, full;
};

struct store_conn {
	struct store *store;
	enum store_mode mode;
	int failed; /* result of the first statement of this transaction that failed */
	bool wrote; /* set by the back end: a statement of this transaction has changed rows */
	bool again; /* the database asks for the whole transaction once more */
};

/**
 * store_fault() - note a failure. -EAGAIN and -ENOSPC: logged when all was well; -EIO: always; others: never.
 * @what: of the database's own words; @sql: may be NULL. Return: @r.
 */
int store_fault(struct store_conn *c, int r, const char *what, const char *sql) MUST_CHECK;

/* ---- back ends ---- */

int store_sqlite_new(const struct store_params *p, struct store **out) MUST_CHECK;
int store_postgres_new(const struct store_params *p, struct store **out) MUST_CHECK;
/** store_sqlite_path() - what follows "sqlite:". Return: NULL: not such a URL. */
const char *store_sqlite_path(const char *url);
bool store_postgres_is(const char *url);

/* ---- migrations ---- */

/* Generated from src/store/sql; ends with NULL. */
extern const char *const store_steps[];

/** store_migrate_steps() - as store_migrate(), with @n steps of the caller's. */
int store_migrate_steps(struct store *s, const char *const *steps, unsigned n) MUST_CHECK;

/** store_transact() - one try. *@again: the database asks for another. */
int store_transact(struct store *s, enum store_mode mode, uint64_t deadline_ms, store_fn fn, void *arg,
		   bool *again) MUST_CHECK;

/* ---- statements prepared, by the address of their text ---- */

struct store_cache {
	struct store_cached {
		const char *sql;
		void *value;
	} slots[2 * STORE_STATEMENTS_MAX];
	size_t count;
};

/** store_cache_find() - where the statement's value is or belongs; NULL: there is no more room. A slot whose
 * value is still NULL becomes used with store_cache_used(). */
struct store_cached *store_cache_find(struct store_cache *c, const char *sql) MUST_CHECK;
void store_cache_used(struct store_cache *c, struct store_cached *slot, const char *sql, void *value);

#endif
