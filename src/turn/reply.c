/*
 * Answers. One that is proven carries the integrity that the request had; one that is not says as little as
 * the RFC allows: no reason phrase, no SOFTWARE. FINGERPRINT is there if the request had it: a client that
 * checks for it sends it, and then the request is longer by as much.
 *
 * Thread: the owner's.
 */
#include "turn/core.h"

#include <assert.h>
#include <string.h>

/* The value of PASSWORD-ALGORITHMS: SHA-256, then MD5, neither with parameters (RFC 8489 §14.11). */
static const enum stun_password_alg algorithms[] = {STUN_PASSWORD_SHA256, STUN_PASSWORD_MD5};
static const uint8_t algorithms_value[] = {0, STUN_PASSWORD_SHA256, 0, 0, 0, STUN_PASSWORD_MD5, 0, 0};

bool turn_password_algorithms_match(const struct stun_attr *attr)
{
	return attr->len == sizeof(algorithms_value) &&
	       memcmp(attr->value, algorithms_value, sizeof(algorithms_value)) == 0;
}

void turn_reply_begin(const struct turn_request *q, struct stun_build *b, enum stun_class class)
{
	stun_build_reply(b, q->reply, TURN_REPLY_MAX, &q->m, class);
}

size_t turn_reply_end(const struct turn_request *q, struct stun_build *b)
{
	size_t len = 0;
	if (q->proven)
		stun_build_integrity(b, &q->login.key.hmac);
	if (stun_msg_has(&q->m, STUN_ATTR_FINGERPRINT))
		stun_build_fingerprint(b);
	/* All that goes into answers is bounded so that they fit. */
	int r = stun_build_end(b, &len);
	assert(r == 0);
	return r == 0 ? len : 0;
}

size_t turn_success(const struct turn_request *q)
{
	struct stun_build b;
	turn_reply_begin(q, &b, STUN_SUCCESS);
	return turn_reply_end(q, &b);
}

static void add_challenge(const struct turn_request *q, struct stun_build *b)
{
	char nonce[TURN_NONCE_CHARS];
	turn_nonce_make(q->server, &q->from->client, q->now.mono_ms, nonce);
	stun_build_text(b, STUN_ATTR_REALM, q->server->realm);
	stun_build_bytes(b, STUN_ATTR_NONCE, nonce, sizeof(nonce));
	stun_build_password_algorithms(b, algorithms, ARRAY_LEN(algorithms));
}

size_t turn_error(const struct turn_request *q, int code)
{
	struct stun_build b;
	turn_reply_begin(q, &b, STUN_ERROR);
	stun_build_error(&b, (uint16_t)code, q->proven ? NULL : "");
	if (code == STUN_CODE_UNAUTHENTICATED || code == STUN_CODE_STALE_NONCE)
		add_challenge(q, &b);
	return turn_reply_end(q, &b);
}

size_t turn_unknown(const struct turn_request *q, const uint16_t *types, size_t n)
{
	struct stun_build b;
	turn_reply_begin(q, &b, STUN_ERROR);
	stun_build_error(&b, STUN_CODE_UNKNOWN_ATTRIBUTE, q->proven ? NULL : "");
	stun_build_unknown(&b, types, n);
	return turn_reply_end(q, &b);
}
