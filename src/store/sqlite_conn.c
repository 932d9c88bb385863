/*
 * Connections to a SQLite file: how they are opened, and what SQLite's errors mean.
 *
 * The file is ours, but it may have been put there by somebody else (a backup, an upload), so its schema is
 * not trusted: no functions with side effects from it, no writing to it past SQL, no extensions.
 *
 * Thread: whoever has the connection.
 */
#include "store/sqlite.h"

#include "base/log.h"

#include <errno.h>

static int meaning(sqlite3 *db, int rc)
{
	if (rc == SQLITE_CONSTRAINT_UNIQUE || rc == SQLITE_CONSTRAINT_PRIMARYKEY ||
	    rc == SQLITE_CONSTRAINT_ROWID)
		return STORE_E_UNIQUE;
	int system = db ? sqlite3_system_errno(db) : 0;
	switch (rc & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_CANTOPEN: /* it was there at the start */
		return -EAGAIN;
	case SQLITE_READONLY:
		return rc == SQLITE_READONLY_DBMOVED || rc == SQLITE_READONLY_CANTLOCK ? -EAGAIN : -EIO;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_IOERR:
		if (rc == SQLITE_IOERR_NOMEM)
			return -ENOMEM;
		return system == ENOSPC || system == EDQUOT ? -ENOSPC : -EIO;
	default:
		return -EIO;
	}
}

int sqlite_fault(struct sqlite_conn *c, int rc, const char *sql)
{
	return store_fault(&c->base, meaning(c->db, rc), c->db ? sqlite3_errmsg(c->db) : sqlite3_errstr(rc),
			   sql);
}

static int harden(sqlite3 *db)
{
	static const struct {
		int option, on;
	} options[] = {
		{SQLITE_DBCONFIG_DEFENSIVE, 1},   {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
		{SQLITE_DBCONFIG_ENABLE_FKEY, 1}, {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
		{SQLITE_DBCONFIG_DQS_DML, 0},     {SQLITE_DBCONFIG_DQS_DDL, 0},
	};
	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		int is;
		int rc = sqlite3_db_config(db, options[i].option, options[i].on, &is);
		if (rc != SQLITE_OK)
			return rc;
		if (is != options[i].on)
			return SQLITE_ERROR;
	}
	sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
	return SQLITE_OK;
}

/* The one row of a pragma that answers with its new value. */
static int row_is_wal(void *is_wal, int n, char **values, char **names)
{
	*(bool *)is_wal = n == 1 && values[0] && sqlite3_stricmp(values[0], "wal") == 0;
	return 0;
}

static int settle(struct sqlite_conn *c, bool writer)
{
	bool wal = false;
	int rc = harden(c->db);
	if (rc == SQLITE_OK)
		rc = sqlite3_extended_result_codes(c->db, 1);
	if (rc == SQLITE_OK)
		rc = sqlite3_busy_timeout(c->db, (int)c->base.store->wait_ms);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(c->db, "PRAGMA journal_mode = WAL", row_is_wal, &wal, NULL);
	/* FULL: each commit is synced. With NORMAL the last ones are lost when the power is.
	   secure_delete: what is deleted is overwritten, not only left out. */
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(c->db,
				  "PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY;"
				  "PRAGMA secure_delete = ON;"
				  "PRAGMA journal_size_limit = 67108864",
				  NULL, NULL, NULL);
	if (rc == SQLITE_OK && !writer)
		rc = sqlite3_exec(c->db, "PRAGMA query_only = ON", NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		return sqlite_fault(c, rc, NULL);
	if (!wal)
		return store_fault(&c->base, -EIO, "this file system cannot do write-ahead logging", NULL);
	return 0;
}

int sqlite_conn_open(struct sqlite_conn *c, const char *path, bool writer)
{
	/* Not SQLITE_OPEN_CREATE: the file was made, with its mode, by sqlite.c; if it went, that is an
	 * outage. */
	int rc = sqlite3_open_v2(path, &c->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	int r = rc == SQLITE_OK ? settle(c, writer) : sqlite_fault(c, sqlite3_extended_errcode(c->db), NULL);
	if (r < 0)
		sqlite_conn_close(c);
	return r;
}

void sqlite_conn_close(struct sqlite_conn *c)
{
	sqlite_forget(c);
	/* Fails only where a statement is left. */
	if (sqlite3_close(c->db) != SQLITE_OK)
		log_error("database: a statement was left open kind=sqlite");
	c->db = NULL;
}
