/* One connection to a SQLite file, and its statements; for sqlite.c. */
#ifndef PARLEY_STORE_SQLITE_H
#define PARLEY_STORE_SQLITE_H

#include "store/inside.h"

#include <sqlite3.h>

struct sqlite_conn {
	struct store_conn base;
	unsigned slot;
	sqlite3 *db; /* NULL: not open */
	struct store_cache statements;
};

/** sqlite_conn_open() - @writer: else it refuses to change anything. Return: 0; -EAGAIN; -ENOMEM; -EIO;
 * -ENOSPC. */
int sqlite_conn_open(struct sqlite_conn *c, const char *path, bool writer) MUST_CHECK;
void sqlite_conn_close(struct sqlite_conn *c);

/** sqlite_fault() - what SQLite's @rc means: see store.h. Logged. */
int sqlite_fault(struct sqlite_conn *c, int rc, const char *sql) MUST_CHECK;

/** sqlite_run() - store_ops.run. */
int sqlite_run(struct store_conn *base, const struct store_run *run) MUST_CHECK;

/** sqlite_order() - a statement without parameters or rows, such as COMMIT. */
int sqlite_order(struct sqlite_conn *c, const char *sql) MUST_CHECK;

/** sqlite_forget() - drop all prepared statements. */
void sqlite_forget(struct sqlite_conn *c);

#endif
