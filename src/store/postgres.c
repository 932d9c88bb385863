/*
 * PostgreSQL behind store.h: a few connections, made when they are needed and kept.
 *
 * Writers are SERIALIZABLE, so that they mean the same as SQLite's, which come one after another; where two
 * were in each other's way the server refuses one and it is run again. Readers are REPEATABLE READ: one
 * state, and nothing to wait for.
 *
 * During an outage only one connection is tried at a time, after pauses that grow; all others are told at
 * once that the database is gone, so no thread is held up by what cannot work. A connection that broke while
 * it lay idle is replaced in silence: a restart of the server between two transactions is not seen by
 * anybody.
 *
 * A connection lost during COMMIT leaves open whether it was done. That is told as a failure: to say that
 * something is on disk takes knowing it.
 *
 * Thread: any that may block; a connection belongs to whoever has its slot.
 */
#include "store/pg.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/slots.h"

#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define FIRST_PAUSE_MS   100
#define LONGEST_PAUSE_MS 2000
/* Held by whoever changes the schema. Any number, as long as it is the same in all versions. */
#define SCHEMA_LOCK "7165748126379216145"

struct postgres {
	struct store base;
	char *url;
	struct slots slots;
	struct pg_conn *conns;
	pthread_mutex_t lock; /* the four below */
	uint32_t pause_ms;    /* 0: no outage */
	uint64_t next_try_ms;
	bool trying;
};

static struct postgres *self(struct store *s)
{
	return CONTAINER_OF(s, struct postgres, base);
}

bool store_postgres_is(const char *url)
{
	if (strncmp(url, "postgresql://", 13) != 0 && strncmp(url, "postgres://", 11) != 0)
		return false;
	/* What it says about a bad one may quote the password. */
	char *error = NULL;
	PQconninfoOption *options = PQconninfoParse(url, &error);
	bool good = options;
	PQconninfoFree(options);
	PQfreemem(error);
	return good;
}

/* ---- outages ---- */

/* *@probe: there is an outage, and it is us who look whether it is over. */
static int may_connect(struct postgres *p, bool *probe)
{
	int r = 0;
	pthread_mutex_lock(&p->lock);
	*probe = p->pause_ms > 0;
	if (*probe && (p->trying || clock_mono_ms() < p->next_try_ms))
		r = -EAGAIN;
	else if (*probe)
		p->trying = true;
	pthread_mutex_unlock(&p->lock);
	return r;
}

static void has_connected(struct postgres *p, bool probe, bool worked)
{
	pthread_mutex_lock(&p->lock);
	if (probe)
		p->trying = false;
	if (worked) {
		p->pause_ms = 0;
	} else if (probe || p->pause_ms == 0) {
		uint32_t pause = p->pause_ms ? 2 * p->pause_ms : FIRST_PAUSE_MS;
		p->pause_ms = pause < LONGEST_PAUSE_MS ? pause : LONGEST_PAUSE_MS;
		/* Not all nodes at once. */
		p->next_try_ms = clock_mono_ms() + p->pause_ms / 2 + randombytes_uniform(p->pause_ms / 2);
	}
	pthread_mutex_unlock(&p->lock);
}

static int reconnect(struct postgres *p, struct pg_conn *c)
{
	bool probe;
	pg_disconnect(c);
	int r = may_connect(p, &probe);
	if (r < 0)
		return r;
	r = pg_connect(c, p->url);
	has_connected(p, probe, r == 0);
	return r;
}

/* ---- transactions ---- */

static const char *begin_sql(enum store_mode mode)
{
	switch (mode) {
	case STORE_READING:
		return "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
	case STORE_WRITING:
		return "BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE";
	default:
		/* Whoever has waited for the lock must see what was done meanwhile. */
		return "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
	}
}

static int order_begin(struct postgres *p, struct pg_conn *c)
{
	const char *sql = begin_sql(c->base.mode);
	bool old = c->pg;
	if (old) {
		PGresult *result = pg_answer(c, PQsendQuery(c->pg, sql));
		bool lost = pg_lost(c) || !result;
		int r = lost ? 0 : pg_result(c, result, sql);
		PQclear(result);
		if (!lost)
			return r;
	}
	int r = reconnect(p, c);
	return r < 0 ? r : pg_order(c, sql);
}

static int check_encoding(struct pg_conn *c)
{
	const char *encoding = PQparameterStatus(c->pg, "server_encoding");
	if (encoding && strcmp(encoding, "UTF8") == 0)
		return 0;
	log_error("database cannot hold all text kind=postgresql encoding=%s needed=UTF8",
		  encoding ? encoding : "");
	return -EINVAL;
}

static int order_lock(struct pg_conn *c)
{
	char sql[160];
	int r = check_encoding(c);
	if (r < 0)
		return r;
	(void)snprintf(sql, sizeof(sql),
		       "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = %d;"
		       "SELECT pg_advisory_xact_lock(" SCHEMA_LOCK ")",
		       STORE_MIGRATE_WAIT_MS);
	r = pg_order(c, sql);
	/* What SQLite calls BINARY, and finds by this name too. */
	return r < 0 ? r : pg_order(c, "CREATE COLLATION IF NOT EXISTS \"binary\" FROM \"C\"");
}

static void pg_release(struct store_conn *base)
{
	struct pg_conn *c = CONTAINER_OF(base, struct pg_conn, base);
	if (c->pg && (pg_lost(c) || PQtransactionStatus(c->pg) != PQTRANS_IDLE))
		pg_disconnect(c);
	slots_give(&self(base->store)->slots, c->slot);
}

static int pg_begin(struct store *base, enum store_mode mode, uint64_t deadline_ms, struct store_conn **out)
{
	struct postgres *p = self(base);
	unsigned slot;
	int r = slots_take(&p->slots, deadline_ms, &slot);
	if (r < 0)
		return r;
	struct pg_conn *c = &p->conns[slot];
	c->base = (struct store_conn){.store = base, .mode = mode};
	c->slot = slot;
	r = order_begin(p, c);
	if (r == 0 && mode == STORE_MIGRATING)
		r = order_lock(c);
	if (r < 0) {
		pg_release(&c->base);
		return r;
	}
	*out = &c->base;
	return 0;
}

static int pg_commit(struct store_conn *base)
{
	struct pg_conn *c = CONTAINER_OF(base, struct pg_conn, base);
	PGresult *result = pg_answer(c, PQsendQuery(c->pg, "COMMIT"));
	int r = pg_result(c, result, "COMMIT");
	/* To commit what has failed is answered with ROLLBACK, and is no error for the server. */
	if (r == 0 && strcmp(PQcmdStatus(result), "COMMIT") != 0)
		r = store_fault(base, -EIO, "rolled back instead", "COMMIT");
	PQclear(result);
	return r;
}

static void pg_rollback(struct store_conn *base)
{
	struct pg_conn *c = CONTAINER_OF(base, struct pg_conn, base);
	if (pg_lost(c))
		return;
	/* If this fails, the connection is not idle, and pg_release() gives it up. */
	PQclear(pg_answer(c, PQsendQuery(c->pg, "ROLLBACK")));
}

static int pg_script(struct store_conn *base, const char *sql)
{
	struct pg_conn *c = CONTAINER_OF(base, struct pg_conn, base);
	PGresult *result = pg_answer(c, PQsendQuery(c->pg, sql));
	base->failed = pg_result(c, result, NULL);
	PQclear(result);
	return base->failed;
}

/* ---- the store ---- */

static void pg_free(struct store *base)
{
	struct postgres *p = self(base);
	for (unsigned i = 0; i < base->connections; i++)
		pg_disconnect(&p->conns[i]);
	slots_deinit(&p->slots);
	pthread_mutex_destroy(&p->lock);
	mem_free(p->conns);
	mem_free(p->url);
	mem_free(p);
}

static const struct store_ops ops = {
	.kind = "postgresql",
	.one_server = true,
	.free = pg_free,
	.begin = pg_begin,
	.commit = pg_commit,
	.rollback = pg_rollback,
	.release = pg_release,
	.run = pg_run,
	.script = pg_script,
};

int store_postgres_new(const struct store_params *params, struct store **out)
{
	struct postgres *p = mem_zalloc(sizeof(*p));
	if (!p)
		return -ENOMEM;
	int r = -ENOMEM;
	p->base = (struct store){.ops = &ops,
				 .wait_ms = params->wait_ms,
				 .statement_ms = params->statement_ms,
				 .connections = params->connections};
	p->url = mem_strdup(params->url);
	p->conns = mem_zalloc(params->connections * sizeof(*p->conns));
	if (!p->url || !p->conns)
		goto fail;
	r = slots_init(&p->slots, params->connections);
	if (r < 0)
		goto fail;
	r = -pthread_mutex_init(&p->lock, NULL);
	if (r < 0)
		goto fail_slots;
	*out = &p->base;
	return 0;
fail_slots:
	slots_deinit(&p->slots);
fail:
	mem_free(p->conns);
	mem_free(p->url);
	mem_free(p);
	return r;
}
