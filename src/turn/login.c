/*
 * Which credential a request is signed with: that of a configured user, or a time-limited one, which proves
 * itself with one of the secrets. Whoever is not known is checked against a password too, so that the time of
 * an answer tells a stranger no more than the answer.
 *
 * Thread: the owner's.
 */
#include "base/text.h"
#include "turn/core.h"

#include <errno.h>
#include <string.h>

static void make_key(const struct turn_request *q, const struct turn_who *who, const char *password,
		     struct turn_login *l)
{
	struct stun_login login = {.username = l->username,
				   .username_bytes = strlen(l->username),
				   .realm = q->server->realm,
				   .password = password};
	l->key.alg = (uint8_t)who->alg;
	l->key.len = (uint8_t)stun_key_long_term(who->alg, &login, l->key.bytes);
	stun_hmac_init(&l->key.hmac, who->mac, l->key.bytes, l->key.len);
}

static int check(const struct turn_request *q, const struct turn_who *who, const char *password,
		 struct turn_login *l)
{
	make_key(q, who, password, l);
	return stun_integrity_check(&q->m, &l->key.hmac) == 0 ? 0 : STUN_CODE_UNAUTHENTICATED;
}

static const struct turn_static *find_static(const struct turn_server *s, const struct turn_who *who)
{
	for (size_t i = 0; i < s->n_users; i++) {
		const struct turn_static *u = &s->users[i];
		if (who->name ? who->name->len == strlen(u->name) &&
					memcmp(who->name->value, u->name, who->name->len) == 0
			      : memcmp(who->hash, u->hash, sizeof(u->hash)) == 0)
			return u;
	}
	return NULL;
}

/* "expiry:user". Return: whether it is. */
static bool split(struct turn_login *l)
{
	const char *c = l->username;
	uint64_t expires_s = 0;
	for (; *c >= '0' && *c <= '9'; c++) {
		uint64_t digit = (uint64_t)(*c - '0');
		if (expires_s > (UINT64_MAX - digit) / 10)
			return false;
		expires_s = expires_s * 10 + digit;
	}
	if (c == l->username || *c != ':')
		return false;
	l->expires_s = expires_s;
	l->limited = true;
	l->user = c + 1;
	return true;
}

static int find_limited(const struct turn_request *q, const struct turn_who *who, struct turn_login *l)
{
	const struct turn_secrets *secrets = &q->server->secrets;
	for (size_t i = 0; i < secrets->n; i++) {
		struct turn_credential made;
		int r = turn_credential_make(secrets->texts[i], l->user, l->expires_s, &made);
		/* Leading zeros would make one credential many, each with a quota of its own. */
		if (r == -EINVAL || (r == 0 && strcmp(made.username, l->username) != 0))
			return STUN_CODE_UNAUTHENTICATED;
		if (r < 0)
			return r;
		if (check(q, who, made.password, l) == 0)
			return 0;
	}
	return STUN_CODE_UNAUTHENTICATED;
}

int turn_login_find(const struct turn_request *q, const struct turn_who *who, struct turn_login *out)
{
	const struct turn_static *u = find_static(q->server, who);
	struct turn_login l = {0};
	const char *name = u ? u->name : who->name ? (const char *)who->name->value : "";
	size_t n = u ? strlen(u->name) : who->name ? who->name->len : 0;
	int r = STUN_CODE_UNAUTHENTICATED;
	if (n <= TURN_NAME_MAX)
		memcpy(l.username, name, n);
	l.user = l.username;
	if (u)
		r = check(q, who, u->password, &l);
	else if (split(&l) && q->server->secrets.n)
		r = find_limited(q, who, &l);
	else
		(void)check(q, who, "", &l);
	if (r != 0)
		return r;
	*out = l;
	out->user = out->username + (l.user - l.username);
	return 0;
}

static bool static_revoked(const struct turn_server *s, const char *name)
{
	for (size_t i = 0; i < s->n_users; i++)
		if (strcmp(s->users[i].name, name) == 0)
			return s->users[i].revoked;
	return false;
}

bool turn_login_may_allocate(const struct turn_server *s, const struct turn_login *l, uint64_t wall_s)
{
	if (!l->limited)
		return !static_revoked(s, l->user);
	/* A credential made after the revocation is good until later than one that was made at it. Where more
	 * have left than are remembered, some who have not need a new credential before they allocate again.
	 */
	return l->expires_s > wall_s &&
	       l->expires_s > turn_memory_bound(s->revoked, l->user, strlen(l->user), wall_s);
}
