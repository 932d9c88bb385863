/*
 * The database: SQLite or PostgreSQL behind one interface, with one SQL text for both.
 *
 * The common ground of the SQL: parameters $1, $2, … bound, never pasted; TEXT (UTF-8) and BIGINT columns
 * only (times in microseconds since 1970, booleans 0 and 1, bytes as base64url text); text that is compared
 * or ordered is declared COLLATE "binary"; ON CONFLICT, RETURNING, LIMIT. SQL comes as string literals: their
 * address names the prepared statement.
 *
 * All of it blocks, so none of it belongs on a loop's thread. A struct store may be used by many threads at
 * once, a struct store_conn by one at a time.
 *
 * Results: 0; -EAGAIN: the database is gone, locked or out of connections: answer 503 and try later (logged
 * once per outage); -ENOSPC: its disk is full; -ENOMEM; -EINVAL: an argument is no UTF-8, or has a NUL;
 * -EIO: anything else (logged); STORE_E_…: see below.
 */
#ifndef PARLEY_STORE_STORE_H
#define PARLEY_STORE_STORE_H

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;
struct store_conn;

/* Beside these, functions passed in may return codes of their own from STORE_E_OWN on. */
enum {
	STORE_E_UNIQUE = 1, /* the row is there already */
	STORE_E_NEWER = 2,  /* the schema is newer than this program */
	STORE_E_OWN = 16,
};

struct store_params {
	const char *url;       /* "sqlite:PATH", "postgresql://…" */
	unsigned connections;  /* at most so many at once; SQLite: readers beside the one writer */
	uint32_t wait_ms;      /* for a connection, and for another's lock */
	uint32_t statement_ms; /* PostgreSQL: a statement that takes longer is given up; 0: none is */
};

/** store_url_check() - Return: 0; -EINVAL: neither "sqlite:PATH" nor "postgresql://…". */
int store_url_check(const char *url) MUST_CHECK;

/**
 * store_new() - SQLite: open or make the file (mode 0600); one that somebody holds is opened when it is used.
 * PostgreSQL: connects when first used, again after an outage, with growing pauses between tries. Return: 0;
 * -EINVAL: the URL; -errno of the file; as above.
 */
int store_new(const struct store_params *p, struct store **out) MUST_CHECK;

/** store_free() - no connection may be in use. NULL-safe. */
struct store *store_free(struct store *s);

/** store_kind() - "sqlite", "postgresql". */
const char *store_kind(const struct store *s);

/**
 * store_healthy() - has the last use worked?
 * After a write that failed, it takes a write; after a full disk, one that has written something. Waiting for
 * one of our own connections does not count. Any thread; does not block.
 */
bool store_healthy(const struct store *s);

/** store_probe() - use the database once, to know whether it is there: a read while store_healthy(), a write
 * that leaves nothing behind otherwise. After store_migrate(). Return: as above. */
int store_probe(struct store *s) MUST_CHECK;

/**
 * store_migrate() - bring the schema to this program's version: each numbered step of src/store/sql in one
 * transaction, all under a lock, so that several nodes may start at once.
 * Return: 0; STORE_E_NEWER; as above.
 */
int store_migrate(struct store *s) MUST_CHECK;

/** store_schema_version() - of this program. */
unsigned store_schema_version(void);

/* ---- transactions ---- */

/*
 * What is done in a transaction: 0 commits it, anything else rolls it back and becomes the result.
 *
 * A statement that fails, be it only with STORE_E_UNIQUE, is the end of the transaction: what follows in it
 * fails alike, and where @fn returns 0 in spite of it, the failure is the result. To go on where a row may be
 * there already is what ON CONFLICT is for. A store_fn does not begin another transaction of the same store.
 *
 * It is called again where the database asks for that (a deadlock, a serialization failure), so it must set
 * its outputs afresh each time.
 */
typedef int (*store_fn)(struct store_conn *c, void *arg);

/** store_read() - @fn sees one state of the database and cannot change it (-EIO). Return: what @fn returned;
 * or as above. */
int store_read(struct store *s, store_fn fn, void *arg) MUST_CHECK;

/**
 * store_write() - when it returns 0, what @fn did is on disk
 * Otherwise nothing of it is; only where the connection to PostgreSQL breaks during the commit may it be all
 * the same (-EAGAIN). Return: what @fn returned; or as above.
 */
int store_write(struct store *s, store_fn fn, void *arg) MUST_CHECK;

/* ---- statements ---- */

enum store_type { STORE_NULL, STORE_INT, STORE_TEXT };

struct store_value {
	enum store_type type;
	int64_t i;
	const char *text; /* NUL-terminated where it comes from the database */
	size_t len;
};

static inline struct store_value store_int(int64_t i)
{
	return (struct store_value){.type = STORE_INT, .i = i};
}

static inline struct store_value store_null(void)
{
	return (struct store_value){.type = STORE_NULL};
}

/** store_text_n() - @len bytes of UTF-8 without NUL. */
static inline struct store_value store_text_n(const char *text, size_t len)
{
	return (struct store_value){.type = STORE_TEXT, .text = text, .len = len};
}

/** store_text() - a string; NULL is NULL. */
struct store_value store_text(const char *text);

#define STORE_ARGS_MAX    32 /* of one statement */
#define STORE_COLUMNS_MAX 32 /* of one row */

#define STORE_ARGS(...)                                                                                      \
	(const struct store_value[]){__VA_ARGS__},                                                           \
		sizeof((const struct store_value[]){__VA_ARGS__}) / sizeof(struct store_value)
#define STORE_NO_ARGS NULL, 0

/** store_exec() - a statement without rows. @changed: how many it touched; may be NULL. Return: as above. */
int store_exec(struct store_conn *c, const char *sql, const struct store_value *args, size_t n,
	       int64_t *changed) MUST_CHECK;

/*
 * A row: valid during the call, which may run statements of its own; whether what they change of the rows
 * being read shows in those yet to come is not defined.
 * Return: 0: go on; anything else ends the query and becomes its result, but not yet the transaction.
 */
typedef int (*store_row_fn)(void *arg, const struct store_value *columns, size_t n);

/** store_query() - @row for each row of the result. Return: as above, or what @row returned. */
int store_query(struct store_conn *c, const char *sql, const struct store_value *args, size_t n,
		store_row_fn row, void *arg) MUST_CHECK;

/** store_column_text() - copy a TEXT column into @out of @size bytes; NULL becomes "". Return: 0; -EIO: it
 * does not fit, or is no text (logged). */
int store_column_text(const struct store_value *column, char *out, size_t size) MUST_CHECK;

#endif
