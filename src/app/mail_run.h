/*
 * The queue of mail, worked off: threads take what is due, send it, and try again later what could not be
 * sent.
 *
 * The queue is in the database, so nothing is lost by a restart; several processes may work on one queue. A
 * letter may arrive twice where a server took it and we could not note that: at least once, with one
 * Message-ID.
 */
#ifndef PARLEY_APP_MAIL_RUN_H
#define PARLEY_APP_MAIL_RUN_H

#include "account/account.h"
#include "app/config.h"
#include "loop/loop.h"

struct mail_run_params {
	struct loop *loop;
	struct accounts *accounts;
	const struct config *config; /* mail, server, accounts; stays where it is */
	/* For tests; 0 and NULL are the defaults: 1, 5, 15, 60 minutes, then every 4 hours, for 2 days. */
	const uint32_t *pauses_ms;
	size_t n_pauses;
	uint32_t keep_ms;
};

struct mail_run;

/** mail_run_start() - and look into the queue at once. Return: 0; -errno, logged. Thread: the loop's, like
 * all below. */
int mail_run_start(const struct mail_run_params *p, struct mail_run **out) MUST_CHECK;

/** mail_run_wake() - something may have been queued. Cheap. NULL-safe. */
void mail_run_wake(struct mail_run *r);

/** mail_run_stop() - waits for what is being sent, a second at most; it stays in the queue. NULL-safe. */
void mail_run_stop(struct mail_run *r);

/** mail_run_free() - after mail_run_stop(), when the loop has run out. NULL-safe. */
struct mail_run *mail_run_free(struct mail_run *r);

struct mail_run_stats {
	uint64_t sent, failed, given_up; /* since the start; failed: tries */
	uint64_t waiting;                /* in the queue, when it was last looked at */
};
void mail_run_get_stats(const struct mail_run *r, struct mail_run_stats *out);

#endif
