/*
 * Who is behind a token, remembered for a short while, so that a request does not touch the database.
 * Bounded; the entry unused for longest gives way. Tokens are kept as hashes. Thread: the control loop's.
 */
#ifndef PARLEY_APP_LOGIN_CACHE_H
#define PARLEY_APP_LOGIN_CACHE_H

#include "account/account.h"

struct login_cache;

struct login_cache_params {
	size_t max;        /* entries */
	uint32_t fresh_ms; /* for so long the database is not asked again: what another node does is seen then
			    */
	uint8_t hash_key[16]; /* random */
};

/** login_cache_new() - Return: NULL if out of memory. */
struct login_cache *login_cache_new(const struct login_cache_params *p) MUST_CHECK;
struct login_cache *login_cache_free(struct login_cache *c);

/** login_cache_find() - Return: valid until the cache is called again; NULL: not known, or not fresh. */
const struct account_login *login_cache_find(struct login_cache *c, const char *token, uint64_t now_ms,
					     int64_t now_us);

/** login_cache_find_stale() - the same, however old, as long as the session itself may last: for connections
 * that have to go on while the database is gone. */
const struct account_login *login_cache_find_stale(struct login_cache *c, const char *token, int64_t now_us);

/** login_cache_turn() - for login_cache_is_old(), before the database is asked. */
uint64_t login_cache_turn(const struct login_cache *c);

/**
 * login_cache_is_old() - has something of @account been forgotten since @turn?
 * Then what the database was asked before is not to be put in: it may be what has just ended. Now and then
 * true of an account of which nothing has been.
 */
bool login_cache_is_old(const struct login_cache *c, const char *account, uint64_t turn);

/** login_cache_put() - replaces what is known. Where memory runs out nothing is remembered. */
void login_cache_put(struct login_cache *c, const char *token, const struct account_login *login,
		     uint64_t now_ms);

/** login_cache_drop() - that token. */
void login_cache_drop(struct login_cache *c, const char *token);

/** login_cache_forget() - all of @account; @session not NULL: that session alone; @keep not NULL: but that
 * one. */
void login_cache_forget(struct login_cache *c, const char *account, const char *session, const char *keep);

size_t login_cache_count(const struct login_cache *c);

#endif
