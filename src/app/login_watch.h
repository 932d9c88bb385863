/*
 * Whether those who are in signalling are still signed in: what another process or node ends, or time, is
 * seen within accounts.cached_s, as it is for requests. Thread: the control loop's.
 */
#ifndef PARLEY_APP_LOGIN_WATCH_H
#define PARLEY_APP_LOGIN_WATCH_H

#include "app/service.h"

struct login_watch;

/** login_watch_start() - for @s, whose accounts and signalling have been started. Return: NULL if out of
 * memory. */
struct login_watch *login_watch_start(struct service *s) MUST_CHECK;

/** login_watch_stop() - nothing more is asked or ended; before accounts_run_stop(). NULL-safe. */
void login_watch_stop(struct login_watch *w);

/** login_watch_free() - after accounts_run_stop(). NULL-safe. */
struct login_watch *login_watch_free(struct login_watch *w);

#endif
