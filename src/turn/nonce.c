/*
 * Nonces that need no memory (RFC 8489 §9.2): the nonce cookie, then base64 of the time and of a SipHash-128
 *over all of it and the client's address, under a key that all workers share.
 *
 *	obMatJos2 | 4 symbols: features | 19 symbols: seconds (32 bits), MAC (80 bits), 2 spare bits
 *
 * 32 characters, so that no byte is spent on padding: the answer that carries a nonce goes to whoever asks.
 *80 bits, for a nonce is guessed by sending, and is good for 10 minutes, for one address, and for nothing
 *without the password.
 *
 * Thread: the owner's.
 */
#include "base/text.h"
#include "stun/nonce_cookie.h"
#include "stun/wire.h"
#include "turn/core.h"

#include <sodium.h>
#include <string.h>

#define TIME_BYTES 4
#define MAC_BYTES  10
#define SYMBOLS    (TURN_NONCE_CHARS - STUN_NONCE_COOKIE_CHARS)
#define AHEAD_S    2 /* workers look at the clock at different moments */

_Static_assert(TEXT_BASE64URL_LEN(TIME_BYTES + MAC_BYTES) == SYMBOLS, "no byte is spent on padding");

struct input {
	uint8_t cookie[STUN_NONCE_COOKIE_CHARS];
	uint8_t time[TIME_BYTES];
	uint8_t port[2];
	uint8_t ip[sizeof(struct turn_ip)];
};

static void mac_of(const struct turn_server *s, const struct addr *client, struct input *in,
		   uint8_t out[MAC_BYTES])
{
	uint8_t full[crypto_shorthash_siphashx24_BYTES];
	struct turn_ip ip = turn_ip_of(client);
	wire_put16(in->port, addr_port(client));
	memcpy(in->ip, &ip, sizeof(in->ip));
	(void)crypto_shorthash_siphashx24(full, (const uint8_t *)in, sizeof(*in), s->nonce_key);
	memcpy(out, full, MAC_BYTES);
}

/* USERHASH is only offered when every user can be found by it: one of a credential made elsewhere cannot. */
static uint32_t features(const struct turn_server *s)
{
	bool can_find = s->n_users && !s->secrets.n;
	return STUN_FEATURE_PASSWORD_ALGORITHMS | (can_find ? STUN_FEATURE_USERNAME_ANONYMITY : 0);
}

void turn_nonce_make(const struct turn_server *s, const struct addr *client, uint64_t now_ms,
		     char out[TURN_NONCE_CHARS])
{
	struct input in = {0};
	uint8_t bytes[TIME_BYTES + MAC_BYTES];
	char text[SYMBOLS + 1];
	stun_nonce_cookie_write(features(s), (char *)in.cookie);
	wire_put32(in.time, (uint32_t)(now_ms / 1000));
	memcpy(bytes, in.time, TIME_BYTES);
	mac_of(s, client, &in, bytes + TIME_BYTES);
	text_base64url(bytes, sizeof(bytes), text);
	memcpy(out, in.cookie, sizeof(in.cookie));
	memcpy(out + sizeof(in.cookie), text, SYMBOLS);
}

bool turn_nonce_good(const struct turn_server *s, const struct addr *client, uint64_t now_ms,
		     const struct stun_attr *nonce)
{
	struct input in = {0};
	uint8_t bytes[TIME_BYTES + MAC_BYTES], mac[MAC_BYTES];
	if (nonce->len != TURN_NONCE_CHARS)
		return false;
	memcpy(in.cookie, nonce->value, sizeof(in.cookie));
	if (text_unbase64url((const char *)nonce->value + sizeof(in.cookie), SYMBOLS, bytes, sizeof(bytes)) !=
	    (int)sizeof(bytes))
		return false;
	memcpy(in.time, bytes, TIME_BYTES);
	mac_of(s, client, &in, mac);
	if (!text_equal_consttime(mac, sizeof(mac), bytes + TIME_BYTES, sizeof(mac)))
		return false;
	/* Modulo 2^32, as it is written. */
	uint32_t age_s = (uint32_t)(now_ms / 1000) - wire_get32(in.time) + AHEAD_S;
	return age_s <= TURN_NONCE_S + AHEAD_S;
}
