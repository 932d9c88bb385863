/*
 * Statements on a PostgreSQL connection: prepared once, found by the address of their text.
 *
 * Types are declared as those of the first call's arguments, as the server's own guess for "$1 > 0" would be
 * a number of 32 bits. Numbers travel as decimals, which the server reads whatever the parameter's type; text
 * as it is, with its length.
 *
 * A result is complete before its first row is looked at, so the connection is free for other statements.
 *
 * Thread: whoever has the connection.
 */
#include "store/pg.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* From PostgreSQL's catalogue (pg_type.dat): these numbers never change. */
enum {
	OID_BOOL = 16,
	OID_NAME = 19,
	OID_INT8 = 20,
	OID_INT2 = 21,
	OID_INT4 = 23,
	OID_TEXT = 25,
	OID_VARCHAR = 1043,
	OID_NUMERIC = 1700,
};

#define NAME_SIZE 24

static int prepare(struct pg_conn *c, const char *name, const struct store_run *run)
{
	Oid types[STORE_ARGS_MAX];
	for (size_t i = 0; i < run->n; i++)
		types[i] = run->args[i].type == STORE_INT    ? OID_INT8
			   : run->args[i].type == STORE_TEXT ? OID_TEXT
							     : 0;
	PGresult *result = pg_answer(c, PQsendPrepare(c->pg, name, run->sql, (int)run->n, types));
	int r = pg_result(c, result, run->sql);
	PQclear(result);
	return r;
}

/* The name of the statement, prepared now if it was not. More than the cache holds share the empty name. */
static int statement(struct pg_conn *c, const struct store_run *run, char name[NAME_SIZE], bool *old)
{
	struct store_cached *slot = store_cache_find(&c->statements, run->sql);
	uintptr_t number = slot ? (uintptr_t)slot->value : 0;
	*old = number != 0;
	if (slot && !number)
		number = c->statements.count + 1;
	name[0] = '\0';
	if (number)
		(void)snprintf(name, NAME_SIZE, "s%" PRIuPTR, number);
	if (*old)
		return 0;
	int r = prepare(c, name, run);
	if (r == 0 && slot)
		store_cache_used(&c->statements, slot, run->sql, (void *)number);
	return r;
}

static PGresult *execute(struct pg_conn *c, const char *name, const struct store_run *run)
{
	const char *values[STORE_ARGS_MAX];
	int lengths[STORE_ARGS_MAX], formats[STORE_ARGS_MAX];
	char decimals[STORE_ARGS_MAX][24];
	for (size_t i = 0; i < run->n; i++) {
		const struct store_value *v = &run->args[i];
		formats[i] = v->type == STORE_TEXT;
		lengths[i] = (int)v->len;
		values[i] = v->type == STORE_TEXT ? v->text : NULL;
		if (v->type != STORE_INT)
			continue;
		(void)snprintf(decimals[i], sizeof(decimals[i]), "%" PRId64, v->i);
		values[i] = decimals[i];
	}
	return pg_answer(c, PQsendQueryPrepared(c->pg, name, (int)run->n, values, lengths, formats, 0));
}

/* ---- rows ---- */

static bool read_int(const char *text, int64_t *out)
{
	char *end;
	errno = 0;
	long long i = strtoll(text, &end, 10);
	if (errno || end == text || *end)
		return false;
	*out = i;
	return true;
}

static bool column(const PGresult *result, int row, int i, struct store_value *v)
{
	const char *text = PQgetvalue(result, row, i);
	*v = store_null();
	if (PQgetisnull(result, row, i))
		return true;
	switch (PQftype(result, i)) {
	case OID_INT2:
	case OID_INT4:
	case OID_INT8:
	case OID_NUMERIC: /* a sum of BIGINT */
		v->type = STORE_INT;
		return read_int(text, &v->i);
	case OID_BOOL:
		*v = store_int(text[0] == 't');
		return true;
	case OID_TEXT:
	case OID_VARCHAR:
	case OID_NAME:
		*v = store_text_n(text, (size_t)PQgetlength(result, row, i));
		return true;
	default:
		return false;
	}
}

static int each_row(struct pg_conn *c, const PGresult *result, const struct store_run *run)
{
	struct store_value columns[STORE_COLUMNS_MAX];
	int n = PQnfields(result), rows = PQntuples(result);
	assert(n <= STORE_COLUMNS_MAX);
	for (int row = 0; row < rows; row++) {
		for (int i = 0; i < n; i++) {
			if (column(result, row, i, &columns[i]))
				continue;
			c->base.failed = store_fault(&c->base, -EIO, "a column of a foreign type", run->sql);
			return c->base.failed;
		}
		int r = run->row(run->arg, columns, (size_t)n);
		if (r)
			return r;
	}
	return 0;
}

/* What was prepared does not fit any more: a newer program has changed the schema under us, or something
   between us and the server has lost it. On a new connection it will be prepared anew. */
static bool outdated(const PGresult *result)
{
	const char *state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
	return state && (strcmp(state, "0A000") == 0 || strcmp(state, "26000") == 0);
}

static int finish(struct pg_conn *c, const PGresult *result, const struct store_run *run)
{
	int r = pg_result(c, result, run->sql);
	if (r) {
		c->base.failed = r;
		return r;
	}
	int64_t changed = 0;
	(void)read_int(PQcmdTuples((PGresult *)result), &changed);
	if (changed > 0 && PQresultStatus(result) == PGRES_COMMAND_OK)
		c->base.wrote = true;
	if (run->changed)
		*run->changed = changed;
	return run->row ? each_row(c, result, run) : 0;
}

int pg_run(struct store_conn *base, const struct store_run *run)
{
	struct pg_conn *c = CONTAINER_OF(base, struct pg_conn, base);
	char name[NAME_SIZE];
	bool old;
	int r = statement(c, run, name, &old);
	if (r) {
		base->failed = r;
		return r;
	}
	PGresult *result = execute(c, name, run);
	if (old && outdated(result)) {
		base->again = true;
		base->failed = -EAGAIN;
		pg_disconnect(c);
		r = -EAGAIN;
	} else {
		r = finish(c, result, run);
	}
	PQclear(result);
	return r;
}
