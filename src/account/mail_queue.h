/*
 * Mail that is to be sent, kept in the database until it is: queued in the transaction of what it tells of,
 * so that neither is there without the other. Composing and sending are the mail module's; this knows
 * templates by name and their variables. Threads and results as in account/account.h.
 */
#ifndef PARLEY_ACCOUNT_MAIL_QUEUE_H
#define PARLEY_ACCOUNT_MAIL_QUEUE_H

#include "account/account.h"

/* Template names: signup (link), signup_known, reset (link), password_changed, email (link, new address),
 * email_known, email_announce (to the old address: email), email_changed (to the old address), invite (link,
 * inviter), deleted, role_changed. Variables are a JSON object of strings; "name" and "link" are the common
 * ones. Links are put together when it is sent: the variable "token" becomes "link". */

struct account_mail {
	char id[ACCOUNT_ID_LEN + 1];
	char template[32];
	char email[ACCOUNT_EMAIL_MAX + 1];
	char language[ACCOUNT_LANGUAGE_MAX + 1];
	char *vars; /* JSON object; NULL: sealed with another key; account_mail_free() */
	uint32_t attempts;
	int64_t created_us;
};

/** account_mail_take() - the one that has been due for longest, and not before @retry_us again: if nobody
 * says what became of it, it is tried anew. Return: 0; ACCOUNT_E_UNKNOWN: nothing is due. */
int account_mail_take(struct accounts *a, int64_t now_us, int64_t retry_us,
		      struct account_mail *out) MUST_CHECK;
void account_mail_free(struct account_mail *m);

int account_mail_done(struct accounts *a, const char *id) MUST_CHECK;

/** account_mail_failed() - try again at @due_us; 0: give it up (removed; the caller has logged it). */
int account_mail_failed(struct accounts *a, const char *id, const char *error, int64_t due_us) MUST_CHECK;

/** account_mail_next() - when the next is due; INT64_MAX: none. */
int account_mail_next(struct accounts *a, int64_t *due_us) MUST_CHECK;

/** account_mail_count() - how many letters wait. */
int account_mail_count(struct accounts *a, uint64_t *count) MUST_CHECK;

#endif
