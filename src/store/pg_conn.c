/*
 * Connections to a PostgreSQL server: how they are made, how an answer is waited for, what errors mean.
 *
 * The server ends a statement that takes too long. That the server itself has stopped, or the way to it,
 * shows only in its silence: so an answer is waited for with a deadline of our own, a little later, and a
 * connection on which it passes is given up. Nothing is known about what was asked on it last.
 *
 * Of the server's words only the message itself is logged: its details quote rows.
 *
 * Thread: whoever has the connection.
 */
#include "store/pg.h"

#include "base/clock.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#define CONNECT_TIMEOUT_S "5"
/* How much later than the server we lose patience. */
#define GRACE_MS 2000

static void drop_notice(void *arg, const char *message)
{
}

/* Whatever the URL says stands, but for the encoding. */
static PGconn *dial(const char *url)
{
	static const char *const keys[] = {"connect_timeout",
					   "fallback_application_name",
					   "keepalives_idle",
					   "keepalives_interval",
					   "keepalives_count",
					   "tcp_user_timeout",
					   "dbname",
					   "client_encoding",
					   NULL};
	const char *const values[] = {CONNECT_TIMEOUT_S, "parley", "30",   "10", "3",
				      "30000",           url,      "UTF8", NULL};
	return PQconnectdbParams(keys, values, 1);
}

/* synchronous_commit: with "off", commits are acknowledged that a crash forgets. */
static int settle(struct pg_conn *c)
{
	char sql[320];
	(void)snprintf(sql, sizeof(sql),
		       "SET statement_timeout = %u; SET lock_timeout = %u; SET client_min_messages = warning;"
		       "SELECT set_config('synchronous_commit', 'on', false) "
		       "WHERE current_setting('synchronous_commit') = 'off'",
		       c->base.store->statement_ms, c->base.store->wait_ms);
	return pg_order(c, sql);
}

int pg_connect(struct pg_conn *c, const char *url)
{
	c->pg = dial(url);
	if (!c->pg)
		return -ENOMEM;
	(void)PQsetNoticeProcessor(c->pg, drop_notice, NULL);
	int r = 0;
	if (PQstatus(c->pg) != CONNECTION_OK)
		r = store_fault(&c->base, -EAGAIN, PQerrorMessage(c->pg), NULL);
	else if (PQsetnonblocking(c->pg, 1) != 0)
		r = -ENOMEM;
	else
		r = settle(c);
	if (r < 0)
		pg_disconnect(c);
	return r;
}

void pg_disconnect(struct pg_conn *c)
{
	PQfinish(c->pg);
	c->pg = NULL;
	memset(&c->statements, 0, sizeof(c->statements));
}

bool pg_lost(const struct pg_conn *c)
{
	return !c->pg || PQstatus(c->pg) != CONNECTION_OK;
}

/* ---- answers ---- */

static uint64_t patience(const struct pg_conn *c)
{
	/* A step of the schema takes as long as it takes. */
	if (c->base.mode == STORE_MIGRATING || c->base.store->statement_ms == 0)
		return UINT64_MAX;
	return clock_mono_ms() + c->base.store->statement_ms + GRACE_MS;
}

static bool wait_socket(struct pg_conn *c, bool to_write, uint64_t deadline_ms)
{
	struct pollfd fd = {.fd = PQsocket(c->pg), .events = (short)(POLLIN | (to_write ? POLLOUT : 0))};
	int timeout = -1;
	if (deadline_ms != UINT64_MAX) {
		uint64_t now_ms = clock_mono_ms();
		timeout = now_ms < deadline_ms ? (int)(deadline_ms - now_ms) : 0;
	}
	int n = poll(&fd, 1, timeout);
	if (n < 0)
		return errno == EINTR;
	return n > 0 && (!(fd.revents & POLLIN) || PQconsumeInput(c->pg));
}

/* Until PQgetResult() would not block. */
static bool wait_answer(struct pg_conn *c, uint64_t deadline_ms)
{
	for (;;) {
		int unsent = PQflush(c->pg);
		if (unsent < 0)
			return false;
		if (!unsent && !PQisBusy(c->pg))
			return true;
		if (!wait_socket(c, unsent, deadline_ms))
			return false;
	}
}

static bool is_error(const PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);
	return status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK;
}

PGresult *pg_answer(struct pg_conn *c, int sent)
{
	PGresult *kept = NULL;
	uint64_t deadline_ms = patience(c);
	bool fine = sent;
	while (fine && (fine = wait_answer(c, deadline_ms))) {
		PGresult *next = PQgetResult(c->pg);
		if (!next)
			break;
		if (kept && is_error(kept)) {
			PQclear(next);
			continue;
		}
		PQclear(kept);
		kept = next;
	}
	if (fine && !pg_lost(c))
		return kept;
	PQclear(kept);
	return NULL;
}

/* ---- what errors mean ---- */

static bool is(const char *state, const char *other)
{
	return strncmp(state, other, strlen(other)) == 0;
}

/* Codes: PostgreSQL's documentation, appendix A. */
static int meaning(struct pg_conn *c, const char *state)
{
	if (is(state, "23505"))
		return STORE_E_UNIQUE;
	if (is(state, "40001") || is(state, "40P01")) {
		c->base.again = true;
		return -EAGAIN;
	}
	if (is(state, "53100"))
		return -ENOSPC;
	/* A standby has taken the place of the server. */
	if (is(state, "25006") && c->base.mode != STORE_READING)
		return -EAGAIN;
	/* 08P01 is about the order of messages, or the number of arguments. */
	if (is(state, "08P01"))
		return -EIO;
	if (is(state, "08") || is(state, "53") || is(state, "57") || is(state, "55P03"))
		return -EAGAIN;
	return -EIO;
}

static int fault(struct pg_conn *c, const PGresult *result, const char *state, const char *sql)
{
	char text[512];
	int r = meaning(c, state);
	if (c->base.again)
		return r;
	/* Class 22 quotes the value that it could not use. */
	const char *message =
		is(state, "22") ? "bad value" : PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	(void)snprintf(text, sizeof(text), "%s %s", state, message ? message : "");
	return store_fault(&c->base, r, text, sql);
}

int pg_result(struct pg_conn *c, const PGresult *result, const char *sql)
{
	if (!result)
		return store_fault(&c->base, -EAGAIN, "the connection is lost", NULL);
	if (!is_error(result))
		return 0;
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	if (!state)
		return store_fault(&c->base, -EAGAIN, PQresultErrorMessage(result), NULL);
	return fault(c, result, state, sql);
}

int pg_order(struct pg_conn *c, const char *sql)
{
	PGresult *result = pg_answer(c, PQsendQuery(c->pg, sql));
	int r = pg_result(c, result, sql);
	PQclear(result);
	return r;
}
