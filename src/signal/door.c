/*
 * A pass is an expiry and a MAC over it, the room and the room's pass generation, in base64url:
 *
 *   expires_ms(8) | HMAC-SHA-512/256(32) of expires_ms(8) generation(8) room(23)
 *
 * under a key of its own, made of that of the tickets. The generation is drawn at random with the room and
 * with every new password and goes nowhere else, so a pass dies with either.
 *
 * Who has been removed is known by account, or as a guest by the prefix of the address. Another account at
 * the same address is another person; a guest there, or an account where a guest has been removed, may be the
 * same.
 *
 * Thread: control loop.
 */
#include "signal/door.h"

#include "base/mem.h"
#include "base/text.h"
#include "signal/core.h"

#include <endian.h>
#include <errno.h>
#include <sodium.h>
#include <string.h>

#define PASS_MS UINT64_C(600000)

struct pass {
	uint8_t expires[8];
	uint8_t mac[crypto_auth_BYTES];
} __attribute__((packed));

_Static_assert(TEXT_BASE64URL_LEN(sizeof(struct pass)) < SIGNAL_PASS_LEN, "length of a pass");

struct sealed {
	uint8_t expires[8];
	uint64_t generation;
	char room[SIGNAL_ROOM_ID_LEN];
} __attribute__((packed));

static struct sealed what_is_sealed(const struct pass *p, const struct sig_room *r)
{
	struct sealed w = {.generation = r->pass_generation};

	memcpy(w.expires, p->expires, sizeof(w.expires));
	memcpy(w.room, r->id, sizeof(w.room));
	return w;
}

void signal_pass(const struct signal *s, const char *room, struct signal_time now, char pass[SIGNAL_PASS_LEN])
{
	const struct sig_room *r = sig_room_find(s, room);
	uint64_t expires = htobe64(now.wall_ms + PASS_MS);
	struct pass p = {.mac = {0}};

	memcpy(p.expires, &expires, sizeof(expires));
	if (r) {
		struct sealed w = what_is_sealed(&p, r);
		crypto_auth(p.mac, (const uint8_t *)&w, sizeof(w), s->pass_key);
	}
	text_base64url((const uint8_t *)&p, sizeof(p), pass);
}

static bool is_good(const struct sig_room *r, struct sig_str pass)
{
	const struct signal *s = r->s;
	uint64_t expires;
	struct pass p;

	if (!pass.p || text_unbase64url(pass.p, pass.n, (uint8_t *)&p, sizeof(p)) != sizeof(p))
		return false;
	struct sealed w = what_is_sealed(&p, r);
	if (crypto_auth_verify(p.mac, (const uint8_t *)&w, sizeof(w), s->pass_key))
		return false;
	memcpy(&expires, p.expires, sizeof(expires));
	return s->now.wall_ms < be64toh(expires);
}

int sig_door_check(const struct sig_room *r, const struct sig_session *ss, struct sig_str pass)
{
	if (r->lasting && !r->owner[0])
		return SIG_E_ROOM_UNKNOWN;
	if (r->lasting && !r->guests && !ss->who.account[0])
		return SIG_E_MEMBERS_ONLY;
	if (r->locked)
		return SIG_E_ROOM_LOCKED;
	return r->password && !is_good(r, pass) ? SIG_E_PASSWORD_NEEDED : 0;
}

struct removed {
	uint64_t again_ms; /* monotonic */
	char account[SIGNAL_ACCOUNT_LEN + 1];
	uint8_t prefix[ADDR_PREFIX_BYTES];
};

struct sig_removed {
	uint32_t count; /* ever; entry i is in who[i % SIG_REMOVED_MAX] */
	struct removed who[SIG_REMOVED_MAX];
};

int sig_door_prepare(struct sig_room *r)
{
	if (!r->removed)
		r->removed = mem_zalloc(sizeof(*r->removed));
	return r->removed ? 0 : -ENOMEM;
}

static bool is_like(const struct removed *e, const char *account, const uint8_t *prefix)
{
	if (account[0] && e->account[0])
		return strcmp(account, e->account) == 0;
	return memcmp(prefix, e->prefix, sizeof(e->prefix)) == 0;
}

void sig_door_remember(struct sig_room *r, const struct sig_session *ss)
{
	struct sig_removed *l = r->removed;
	struct removed e = {.again_ms = r->s->now.mono_ms + r->s->limits.knock_again_ms};
	uint32_t n = l->count < SIG_REMOVED_MAX ? l->count : SIG_REMOVED_MAX;

	memcpy(e.account, ss->who.account, sizeof(e.account));
	addr_prefix(&ss->addr, e.prefix);
	/* Somebody who is removed again and again pushes nobody out. */
	for (uint32_t i = 0; i < n; i++) {
		if (strcmp(e.account, l->who[i].account) == 0 &&
		    memcmp(e.prefix, l->who[i].prefix, sizeof(e.prefix)) == 0) {
			l->who[i].again_ms = e.again_ms;
			return;
		}
	}
	l->who[l->count++ % SIG_REMOVED_MAX] = e;
}

bool sig_door_removed(const struct sig_room *r, const struct sig_session *ss, uint64_t *again_ms)
{
	const struct sig_removed *l = r->removed;
	uint32_t n = !l ? 0 : l->count < SIG_REMOVED_MAX ? l->count : SIG_REMOVED_MAX;
	uint8_t prefix[ADDR_PREFIX_BYTES];
	bool found = false;

	*again_ms = 0;
	addr_prefix(&ss->addr, prefix);
	for (uint32_t i = 0; i < n; i++) {
		if (!is_like(&l->who[i], ss->who.account, prefix))
			continue;
		found = true;
		if (*again_ms < l->who[i].again_ms)
			*again_ms = l->who[i].again_ms;
	}
	return found;
}
