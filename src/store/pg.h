/* One connection to a PostgreSQL server, and its statements; for postgres.c. */
#ifndef PARLEY_STORE_PG_H
#define PARLEY_STORE_PG_H

#include "store/inside.h"

#include <libpq-fe.h>

struct pg_conn {
	struct store_conn base;
	unsigned slot;
	PGconn *pg; /* NULL: not connected */
	struct store_cache statements;
};

/** pg_connect() - blocks for some seconds at most. Return: 0; -EAGAIN; -ENOMEM. Logged. */
int pg_connect(struct pg_conn *c, const char *url) MUST_CHECK;
void pg_disconnect(struct pg_conn *c);

/** pg_lost() - the connection is gone, or was given up; pg_disconnect() is due. */
bool pg_lost(const struct pg_conn *c);

/**
 * pg_answer() - wait for all of the server's answer to what was @sent (1, as PQsend…() says)
 * Return: the first result that is an error, or else the last; NULL: the connection is lost. PQclear() it.
 */
PGresult *pg_answer(struct pg_conn *c, int sent) MUST_CHECK;

/** pg_result() - what the server's answer means, or its absence: see store.h; sets base.again. Logged. */
int pg_result(struct pg_conn *c, const PGresult *result, const char *sql) MUST_CHECK;

/** pg_order() - statements without parameters, such as ROLLBACK. */
int pg_order(struct pg_conn *c, const char *sql) MUST_CHECK;

/** pg_run() - store_ops.run. */
int pg_run(struct store_conn *base, const struct store_run *run) MUST_CHECK;

#endif
