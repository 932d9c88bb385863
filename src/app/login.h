/*
 * Who sends a request: a cookie or an API token, looked up in the cache of logins or, by a thread, in the
 * database. Thread: the control loop's.
 */
#ifndef PARLEY_APP_LOGIN_H
#define PARLEY_APP_LOGIN_H

#include "account/account.h"
#include "app/service.h"
#include "loop/pool.h"

/* One question, embedded in whatever asks it; stays until done() or until login_find() has answered. */
struct login_ask {
	struct pool_job job;
	struct service *service;
	struct accounts *accounts;
	char token[ACCOUNT_API_TOKEN_LEN + 1]; /* "" : there is none */
	bool is_api_token;
	int64_t now_us;
	uint64_t turn;
	unsigned tries;
	/* The answer: 0, with who it is; ACCOUNT_E_TOKEN: nobody; -errno. */
	int result;
	struct account_login login;
	void (*done)(struct login_ask *ask);
};

/** login_is_secure() - does the browser that sent @req speak https, be it to a proxy? Then its cookie is
 * called
 * __Host-parley. */
bool login_is_secure(const struct service *s, const struct http_request *req);

/** login_has_cookie() - is our cookie there, good or not? */
bool login_has_cookie(const struct service *s, const struct http_request *req);

/** login_has_bearer() - is there an API token, good or not? It counts instead of the cookie. */
bool login_has_bearer(const struct http_request *req);

/** login_find() - Return: whether @ask has been answered without the database; else login_start() is due. */
bool login_find(struct service *s, const struct http_request *req, struct login_ask *ask);

/** login_start() - ask the database; done() is called later. Return: 0; -EAGAIN: there is none, or too many
 * ask. */
int login_start(struct login_ask *ask, void (*done)(struct login_ask *ask)) MUST_CHECK;

#endif
