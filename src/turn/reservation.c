/*
 * Ports held for whoever comes with the token (RFC 8656 §7.2, §18.10), for 30 seconds. Only the user that
 * asked for it gets it, at whichever server of the ledger the second request arrives, and a reservation
 * counts as an allocation until then.
 *
 * Expiry needs no word between servers: each that has made one has a timer, and a server whose timer fires
 * ends whatever in the ledger has expired, its own or another's, and sets it anew for what expires next.
 * Invariant: while a reservation is in the ledger its maker's timer stands, for then or sooner. (Sooner by as
 * much as the clocks of two workers differ, milliseconds, it may also be later.)
 *
 * Thread: the owner's of the server; the ledger is shared.
 */
#include "base/mem.h"
#include "turn/core.h"

#include <errno.h>
#include <string.h>

int turn_reservation_new(struct turn_server *s, struct turn_share share, const struct turn_relay *relay,
			 uint64_t now_ms, uint8_t token[STUN_TOKEN_BYTES])
{
	struct turn_reservation *r = mem_zalloc(sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->maker = s;
	r->relay = *relay;
	r->share = share;
	r->expires_ms = now_ms + TURN_RESERVATION_MS;
	s->rand(s->rand_arg, r->token, sizeof(r->token));
	memcpy(token, r->token, sizeof(r->token));
	uint64_t expires_ms = r->expires_ms;
	int rc = turn_ledger_put(s->ledger, r);
	if (rc != 0) {
		mem_free(r);
		return rc;
	}
	/* @r may be another's by now. */
	if (!wheel_timer_active(&s->reservations_timer))
		wheel_start(&s->wheel, &s->reservations_timer, expires_ms);
	return 0;
}

bool turn_reservation_take(struct turn_server *s, const uint8_t token[STUN_TOKEN_BYTES], const char *user,
			   struct turn_relay *relay, struct turn_share *share)
{
	struct turn_reservation *r = turn_ledger_claim(s->ledger, token, user);
	if (!r)
		return false;
	*relay = r->relay;
	*share = r->share;
	mem_free(r);
	return true;
}

/* One that is out of the ledger. */
static void end(struct turn_server *s, struct turn_reservation *r)
{
	s->ops->socket_close(s->arg, r->relay.socket);
	turn_share_give(s->ledger, r->share);
	mem_free(r);
}

void turn_reservation_drop(struct turn_server *s, const uint8_t token[STUN_TOKEN_BYTES], const char *user)
{
	struct turn_reservation *r = turn_ledger_claim(s->ledger, token, user);
	if (r)
		end(s, r);
}

void turn_reservations_expire(struct wheel_timer *t, uint64_t now_ms)
{
	struct turn_server *s = CONTAINER_OF(t, struct turn_server, reservations_timer);
	uint64_t next_ms;
	for (struct turn_reservation *r; (r = turn_ledger_expired(s->ledger, now_ms, &next_ms)) != NULL;)
		end(s, r);
	if (next_ms != WHEEL_NEVER)
		wheel_start(&s->wheel, t, next_ms);
}

void turn_reservations_revoke(struct turn_server *s, const char *user)
{
	for (struct turn_reservation *r; (r = turn_ledger_of_user(s->ledger, user)) != NULL;)
		end(s, r);
}

void turn_reservations_end(struct turn_server *s)
{
	for (struct turn_reservation *r; (r = turn_ledger_of_server(s->ledger, s)) != NULL;)
		end(s, r);
	wheel_stop(&s->wheel, &s->reservations_timer);
}
