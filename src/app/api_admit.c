/*
 * May who asks do this, and may they do it now? Asked on the control loop, once it is known who it is.
 */
#include "app/accounts_run.h"
#include "app/api.h"

#include <string.h>

int api_too_many(struct api_call *c, uint32_t retry_s)
{
	int rc = api_problem(c, 429, "too_many", "too many requests; try again later");
	c->problem.retry_s = retry_s;
	return rc;
}

/* Somebody who has signed in guesses at their own account: there is nobody else to keep out. */
static bool is_guess(const struct api_call *c, enum api_limit limit)
{
	return limit == API_LIMIT_ROOM || (limit == API_LIMIT_SIGNIN && c->route->signs_in);
}

int api_take(struct api_call *c, enum api_limit limit, const char *key)
{
	struct service *s = c->service;
	struct api_limits *l = s->accounts->limits;
	uint64_t now_ms = loop_now_ms(&s->loop);
	uint32_t retry_s = is_guess(c, limit) ? api_limits_guess(l, limit, key, &c->peer, now_ms)
					      : api_limits_key(l, limit, key, now_ms);
	return retry_s ? api_too_many(c, retry_s) : 0;
}

/* Guesses are counted for what is guessed at, known or not; everything else for who asks. */
static int take_key(struct api_call *c)
{
	const char *email = c->body ? api_text(c, "email") : NULL;
	const char *token = c->body ? api_text(c, "token") : NULL;
	const char *account = c->login.account.id;
	enum api_limit limit = c->route->limit;
	switch (limit) {
	case API_LIMIT_SIGNUP:
	case API_LIMIT_RESET:
		return email ? api_take(c, limit, email) : 0;
	case API_LIMIT_SIGNIN:
		if (c->route->signs_in)
			return email || token ? api_take(c, limit, email ? email : token) : 0;
		/* Not what forgotten passwords take from: nobody uses that up for somebody else. */
		if (email && api_take(c, API_LIMIT_EMAIL, email))
			return API_E_PROBLEM;
		return account[0] ? api_take(c, limit, account) : 0;
	case API_LIMIT_ROOM:
		return 0;
	default:
		return account[0] && c->route->where != API_ON_LOOP ? api_take(c, limit, account) : 0;
	}
}

static bool has_word(const char *list, const char *word)
{
	size_t n = strlen(word);
	for (const char *p = list; *p; p += strspn(p, " ")) {
		size_t len = strcspn(p, " ");
		if (len == n && memcmp(p, word, n) == 0)
			return true;
		p += len;
	}
	return false;
}

static int check_scope(struct api_call *c)
{
	const char *scope = c->route->scope;
	if (scope && has_word(c->login.scopes, scope))
		return 0;
	return api_problem(c, 403, "scope_missing", scope ? scope : "no API token may do this");
}

static int may(struct api_call *c)
{
	enum api_who who = c->route->who;
	bool nobody = c->login.account.id[0] == '\0';
	if (who == API_UNASKED)
		return 0;
	if (nobody)
		return who == API_ANYBODY ? 0 : api_problem(c, 401, "not_signed_in", NULL);
	if (c->login.session.id[0] == '\0') {
		int rc = check_scope(c);
		if (rc)
			return rc;
	}
	if (who == API_ADMIN && c->login.account.role != ACCOUNT_ADMIN)
		return api_problem(c, 403, "forbidden", "this is for administrators");
	return 0;
}

int api_admit(struct api_call *c)
{
	int rc = may(c);
	return rc ? rc : take_key(c);
}
