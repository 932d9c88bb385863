/*
 * See login.h. A lookup that was under way while somebody was signed out may bring back what has just ended:
 * it is done again.
 *
 * Thread: the control loop's, but for look_up(), which is the pool's.
 */
#include "app/login.h"

#include "app/accounts_run.h"
#include "app/cookie.h"
#include "base/clock.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#define TRIES 3

bool login_is_secure(const struct service *s, const struct http_request *req)
{
	return req->is_tls || strncmp(s->origins.public_origin, "https:", 6) == 0;
}

static int find_cookie(const struct service *s, const struct http_request *req, char *out, size_t size)
{
	const char *name = login_is_secure(s, req) ? COOKIE_NAME_SECURE : COOKIE_NAME_PLAIN;
	return cookie_find(http_header(req, "cookie"), name, out, size);
}

bool login_has_cookie(const struct service *s, const struct http_request *req)
{
	char value[ACCOUNT_TOKEN_LEN + 1];
	return find_cookie(s, req, value, sizeof(value)) != -ENOENT;
}

/* RFC 6750 §2.1. Other schemes are a proxy's business. Return: what follows it; NULL. */
static const char *bearer(const struct http_request *req)
{
	const char *value = http_header(req, "authorization");
	if (!value || strncasecmp(value, "bearer ", 7) != 0)
		return NULL;
	return value + 7 + strspn(value + 7, " ");
}

bool login_has_bearer(const struct http_request *req)
{
	return bearer(req) != NULL;
}

static void find_token(struct service *s, const struct http_request *req, struct login_ask *ask)
{
	const char *api = bearer(req);
	ask->token[0] = '\0';
	ask->is_api_token = api != NULL;
	if (!api) {
		char value[ACCOUNT_TOKEN_LEN + 1];
		if (find_cookie(s, req, value, sizeof(value)) == 0 && strlen(value) == ACCOUNT_TOKEN_LEN)
			memcpy(ask->token, value, sizeof(value));
	} else if (strlen(api) == ACCOUNT_API_TOKEN_LEN) {
		memcpy(ask->token, api, ACCOUNT_API_TOKEN_LEN + 1);
	}
}

bool login_find(struct service *s, const struct http_request *req, struct login_ask *ask)
{
	ask->service = s;
	ask->accounts = s->accounts->accounts;
	ask->now_us = (int64_t)clock_wall_ms() * 1000;
	ask->result = ACCOUNT_E_TOKEN;
	find_token(s, req, ask);
	if (ask->token[0] == '\0')
		return true;
	const struct account_login *known =
		login_cache_find(s->accounts->logins, ask->token, loop_now_ms(&s->loop), ask->now_us);
	if (!known)
		return false;
	ask->login = *known;
	ask->result = 0;
	return true;
}

static void look_up(struct pool_job *job)
{
	struct login_ask *ask = CONTAINER_OF(job, struct login_ask, job);
	ask->result = ask->is_api_token
			      ? account_by_api_token(ask->accounts, ask->token, ask->now_us, &ask->login)
			      : account_by_token(ask->accounts, ask->token, ask->now_us, &ask->login);
}

static void looked_up(struct pool_job *job, bool ran)
{
	struct login_ask *ask = CONTAINER_OF(job, struct login_ask, job);
	struct service *s = ask->service;
	struct login_cache *cache = s->accounts->logins;
	if (!ran)
		ask->result = -EAGAIN;
	if (ask->result == 0 && login_cache_is_old(cache, ask->login.account.id, ask->turn)) {
		if (ask->tries < TRIES && login_start(ask, ask->done) == 0)
			return;
		ask->result = -EAGAIN;
	}
	if (ask->result == 0)
		login_cache_put(cache, ask->token, &ask->login, loop_now_ms(&s->loop));
	ask->done(ask);
}

int login_start(struct login_ask *ask, void (*done)(struct login_ask *ask))
{
	struct accounts_run *run = ask->service->accounts;
	if (!run->ready)
		return -EAGAIN;
	ask->job.run = look_up;
	ask->job.done = looked_up;
	ask->done = done;
	ask->tries++;
	ask->turn = login_cache_turn(run->logins);
	return pool_submit(run->db, &ask->job);
}
