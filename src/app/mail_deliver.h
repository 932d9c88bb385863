/* One letter out of the queue: composed, sent, and what became of it noted. Used by mail_run.c, on its
 * threads. */
#ifndef PARLEY_APP_MAIL_DELIVER_H
#define PARLEY_APP_MAIL_DELIVER_H

#include "app/mail_run.h"
#include "app/origin.h"
#include "mail/mail.h"

#include <stdatomic.h>

struct mail_deliver {
	struct mail_run_params p;
	struct mail_server server;
	struct mail_mailbox from;
	char from_text[MAIL_NAME_MAX + TEXT_EMAIL_MAX + 8];
	char home[ORIGIN_MAX]; /* what links begin with */
	const char *site;      /* its host and port */
	char host[ORIGIN_MAX]; /* its host */
	char outbox[256];
	atomic_bool cancel;
	atomic_bool failing; /* the last try failed: said once */
	atomic_uint_fast64_t sent, failed, given_up;
};

/** mail_deliver_init() - Return: 0; -EINVAL: configuration that config_check() would have refused. */
int mail_deliver_init(struct mail_deliver *d, const struct mail_run_params *p) MUST_CHECK;

/** mail_deliver_next() - the letter that has been due for longest. Return: 0; ACCOUNT_E_UNKNOWN: none is due;
 * -errno: the database. Thread: any; blocks. */
int mail_deliver_next(struct mail_deliver *d) MUST_CHECK;

/** mail_deliver_now_us() - microseconds since 1970, as the queue counts. */
int64_t mail_deliver_now_us(void);

#endif
