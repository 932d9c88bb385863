/*
 * Who sends a request: the long-term credential mechanism, in the order of RFC 8489 §9.2.4.
 *
 * The key of an allocation is kept with it. So a request of a live allocation costs one HMAC, and holds
 * whatever has become of the credential that it was made with: a call outlives its ten minutes (RFC 8656 §5
 * wants the same username throughout). Only Allocate asks whether a credential has expired.
 *
 * Thread: the owner's.
 */
#include "stun/nonce_cookie.h"
#include "stun/read.h"
#include "turn/core.h"

#include <errno.h>
#include <string.h>

/* What a request says of itself. */
struct claim {
	struct stun_attr name;
	struct stun_attr nonce;
	struct turn_who who;
};

/* RFC 8489 §9.2.4, third point. */
static int read_algorithm(const struct turn_request *q, struct claim *c)
{
	struct stun_attr list;
	struct stun_password_algorithm chosen;
	uint32_t features = 0;
	c->who.alg = STUN_PASSWORD_MD5;
	if (stun_nonce_cookie_read(c->nonce.value, c->nonce.len, &features) != 0 ||
	    !(features & STUN_FEATURE_PASSWORD_ALGORITHMS))
		return 0;
	bool has_list = stun_msg_find(&q->m, STUN_ATTR_PASSWORD_ALGORITHMS, &list);
	if (!has_list && !stun_msg_has(&q->m, STUN_ATTR_PASSWORD_ALGORITHM))
		return 0;
	if (!has_list || !turn_password_algorithms_match(&list) ||
	    stun_read_password_algorithm(&q->m, &chosen) != 0 || chosen.params_bytes != 0 ||
	    (chosen.id != STUN_PASSWORD_MD5 && chosen.id != STUN_PASSWORD_SHA256))
		return STUN_CODE_BAD_REQUEST;
	c->who.alg = (enum stun_password_alg)chosen.id;
	return 0;
}

static int read_claim(const struct turn_request *q, struct claim *c)
{
	struct stun_attr realm;
	*c = (struct claim){.who.mac = STUN_MAC_SHA256};
	if (!stun_msg_has(&q->m, STUN_ATTR_MESSAGE_INTEGRITY_SHA256)) {
		if (!stun_msg_has(&q->m, STUN_ATTR_MESSAGE_INTEGRITY))
			return STUN_CODE_UNAUTHENTICATED;
		c->who.mac = STUN_MAC_SHA1;
	}
	int r = stun_read_text(&q->m, STUN_ATTR_USERNAME, STUN_TEXT_MAX_BYTES, &c->name);
	if (r == 0)
		c->who.name = &c->name;
	else if (r != STUN_E_ABSENT ||
		 stun_read_bytes(&q->m, STUN_ATTR_USERHASH, STUN_USERHASH_BYTES, &c->who.hash) != 0)
		return STUN_CODE_BAD_REQUEST;
	if (stun_read_text(&q->m, STUN_ATTR_REALM, STUN_TEXT_MAX_BYTES, &realm) != 0 ||
	    stun_read_text(&q->m, STUN_ATTR_NONCE, STUN_TEXT_MAX_BYTES, &c->nonce) != 0)
		return STUN_CODE_BAD_REQUEST;
	return read_algorithm(q, c);
}

static bool is_name(const struct turn_who *who, const char *name, const char *realm)
{
	uint8_t hash[STUN_USERHASH_BYTES];
	size_t n = strlen(name);
	if (who->name)
		return who->name->len == n && memcmp(who->name->value, name, n) == 0;
	stun_userhash(name, n, realm, hash);
	return memcmp(hash, who->hash, sizeof(hash)) == 0;
}

/* The key of the allocation, made ready for the integrity that the request has. */
static int check_kept_key(struct turn_request *q, const struct turn_who *who)
{
	struct turn_login *l = &q->login;
	l->key = q->alloc->key;
	if (l->key.hmac.mac != who->mac)
		stun_hmac_init(&l->key.hmac, who->mac, l->key.bytes, l->key.len);
	if (stun_integrity_check(&q->m, &l->key.hmac) != 0)
		return STUN_CODE_UNAUTHENTICATED;
	memcpy(l->username, q->alloc->username, strlen(q->alloc->username) + 1);
	l->user = q->alloc->owner->name;
	return 0;
}

static int check_claim(struct turn_request *q, const struct claim *c, bool same_name)
{
	bool kept = same_name && q->alloc->key.alg == c->who.alg;
	int r = kept ? check_kept_key(q, &c->who) : turn_login_find(q, &c->who, &q->login);
	if (r != 0)
		return r < 0 ? STUN_CODE_SERVER_ERROR : r;
	if (!turn_nonce_good(q->server, &q->from->client, q->now.mono_ms, &c->nonce))
		return STUN_CODE_STALE_NONCE;
	bool fresh = q->m.method == STUN_ALLOCATE && !q->alloc;
	if (fresh && !turn_login_may_allocate(q->server, &q->login, q->now.wall_s))
		return STUN_CODE_UNAUTHENTICATED;
	return 0;
}

static void count(struct turn_counters *n, int code)
{
	if (code == STUN_CODE_STALE_NONCE)
		n->stale_nonces++;
	else if (code)
		n->auth_failures++;
}

int turn_authenticate(struct turn_request *q)
{
	struct claim c;
	int r = read_claim(q, &c);
	if (r == STUN_CODE_UNAUTHENTICATED)
		return r; /* every client's first request */
	bool same_name = r == 0 && q->alloc && is_name(&c.who, q->alloc->username, q->server->realm);
	if (r == 0)
		r = check_claim(q, &c, same_name);
	count(&q->server->counters, r);
	if (r != 0)
		return r;
	q->proven = true;
	if (q->from->transport == TURN_UDP)
		turn_budget_proven(q);
	/* RFC 8656 §5 */
	return q->alloc && !same_name ? STUN_CODE_WRONG_CREDENTIALS : 0;
}
