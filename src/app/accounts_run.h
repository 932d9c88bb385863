/*
 * Accounts in the running service: the database, the threads that wait for it and that hash, the mail queue,
 * and what is done at the start and now and then. Thread: the control loop's.
 */
#ifndef PARLEY_APP_ACCOUNTS_RUN_H
#define PARLEY_APP_ACCOUNTS_RUN_H

#include "account/account.h"
#include "app/api_limits.h"
#include "app/login_cache.h"
#include "app/mail_run.h"
#include "app/service.h"
#include "loop/pool.h"

struct accounts_run {
	struct store *store;
	struct accounts *accounts;
	struct pool *db, *hash;
	struct login_cache *logins;
	struct api_limits *limits;
	struct mail_run *mail;
	struct wheel_timer tend; /* looks after the database */
	struct accounts_tending *tending;
	bool ready; /* the schema is this program's, the settings are read: questions may be asked */
};

/**
 * accounts_run_start() - into s->accounts
 * Where the database cannot be reached it starts all the same, and goes on trying.
 * Return: 0; -errno, after logging why, such as a schema that is newer than this program. accounts_run_stop()
 * and accounts_run_free() are due either way.
 */
int accounts_run_start(struct service *s) MUST_CHECK;

/** accounts_run_stop() - wait for what is being done; answers are given before this returns. Before
 * connections are closed. */
void accounts_run_stop(struct service *s);

/** accounts_run_free() - when the loop has run out. */
void accounts_run_free(struct service *s);

/** accounts_run_healthy() - has the last use of the database worked? */
bool accounts_run_healthy(const struct service *s);

/** accounts_run_announce() - to standard output, the link by which the first admin makes their account, where
 * there is none. */
void accounts_run_announce(struct service *s);

/**
 * accounts_run_open() - the database of @c and the accounts in it, by the key in server.data_dir, which is
 * made if it is not there; also for the command line Return: 0; -errno, after logging why.
 */
int accounts_run_open(const struct config *c, unsigned connections, struct store **store,
		      struct accounts **accounts) MUST_CHECK;

#endif
