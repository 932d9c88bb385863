/*
 * A ticket is its content and a MAC over it, in base64url. The content is no secret from its holder; that it
 * is ours is what counts. Layout:
 *
 *   version(1) start(16) room(23) participant(16) issued_ms(8) generation(8) flags(1) name(1 to 160)
 *   | HMAC-SHA-512/256(32) of all that
 *
 * under the server's key, or for an account under one made of that and the account's id: so the ticket names
 * no account, and a guest's is as it always was. Ids begin with a letter or a digit, tickets with their
 * version, so nothing that is sealed is ever another's key.
 *
 * Numbers are big endian. The name is what the fixed parts leave over, so there is one way to write a ticket.
 * Thread: any; no state.
 */
#include "signal/ticket.h"

#include "base/text.h"

#include <endian.h>
#include <errno.h>
#include <sodium.h>
#include <string.h>

enum { VERSION = 2, FLAG_HOST = 1, FLAG_KNOCK = 2, FLAG_FIRST_HOST = 4, FLAG_LOCKED = 8, FLAG_LASTING = 16 };

struct wire {
	uint8_t version;
	uint8_t start[SIG_START_ID_BYTES];
	char room[SIGNAL_ROOM_ID_LEN];
	char participant[SIGNAL_PARTICIPANT_ID_LEN];
	uint8_t issued[8];
	uint8_t generation[8];
	uint8_t flags;
	uint8_t rest[SIG_NAME_MAX_BYTES + crypto_auth_BYTES]; /* the name, and right behind it the MAC */
} __attribute__((packed));

#define FIXED_BYTES offsetof(struct wire, rest)

_Static_assert(TEXT_BASE64URL_LEN(sizeof(struct wire)) == SIG_TICKET_LEN_MAX, "length of a ticket");
_Static_assert(crypto_auth_KEYBYTES == SIGNAL_TICKET_KEY_BYTES, "length of the ticket key");

static void key_for(const char *account, const uint8_t *key, uint8_t own[SIGNAL_TICKET_KEY_BYTES])
{
	if (account[0])
		crypto_auth(own, (const uint8_t *)account, strlen(account), key);
	else
		memcpy(own, key, SIGNAL_TICKET_KEY_BYTES);
}

size_t sig_ticket_seal(const struct sig_ticket *t, const uint8_t *key, const char *account,
		       char out[SIG_TICKET_LEN_MAX + 1])
{
	uint8_t own[SIGNAL_TICKET_KEY_BYTES];
	uint64_t issued = htobe64(t->issued_ms);
	uint64_t generation = htobe64(t->generation);
	size_t name_len = strlen(t->name);
	size_t n = FIXED_BYTES + name_len;
	struct wire w = {.version = VERSION};

	memcpy(w.start, t->start, sizeof(w.start));
	memcpy(w.room, t->room, sizeof(w.room));
	memcpy(w.participant, t->participant, sizeof(w.participant));
	memcpy(w.issued, &issued, sizeof(w.issued));
	memcpy(w.generation, &generation, sizeof(w.generation));
	w.flags = (uint8_t)((t->host ? FLAG_HOST : 0) | (t->knock ? FLAG_KNOCK : 0) |
			    (t->first_host ? FLAG_FIRST_HOST : 0) | (t->locked ? FLAG_LOCKED : 0) |
			    (t->lasting ? FLAG_LASTING : 0));
	memcpy(w.rest, t->name, name_len);
	key_for(account, key, own);
	crypto_auth(w.rest + name_len, (const uint8_t *)&w, n, own);
	sodium_memzero(own, sizeof(own));
	text_base64url((const uint8_t *)&w, n + crypto_auth_BYTES, out);
	return strlen(out);
}

static void unpack(const struct wire *w, size_t name_len, struct sig_ticket *out)
{
	uint64_t issued, generation;

	memset(out, 0, sizeof(*out));
	memcpy(out->start, w->start, sizeof(w->start));
	memcpy(out->room, w->room, sizeof(w->room));
	memcpy(out->participant, w->participant, sizeof(w->participant));
	memcpy(out->name, w->rest, name_len);
	memcpy(&issued, w->issued, sizeof(issued));
	memcpy(&generation, w->generation, sizeof(generation));
	out->issued_ms = be64toh(issued);
	out->generation = be64toh(generation);
	out->host = w->flags & FLAG_HOST;
	out->knock = w->flags & FLAG_KNOCK;
	out->first_host = w->flags & FLAG_FIRST_HOST;
	out->locked = w->flags & FLAG_LOCKED;
	out->lasting = w->flags & FLAG_LASTING;
}

static bool is_sealed(const struct wire *w, size_t n, const uint8_t *key, const char *account)
{
	uint8_t own[SIGNAL_TICKET_KEY_BYTES];

	key_for(account, key, own);
	bool good = crypto_auth_verify((const uint8_t *)w + n, (const uint8_t *)w, n, own) == 0;
	sodium_memzero(own, sizeof(own));
	return good;
}

int sig_ticket_open(struct sig_str text, const uint8_t *key, const char *account, struct sig_ticket *out)
{
	struct wire w;

	if (text.n > SIG_TICKET_LEN_MAX)
		return -EINVAL;
	int got = text_unbase64url(text.p, text.n, (uint8_t *)&w, sizeof(w));
	if (got <= (int)(FIXED_BYTES + crypto_auth_BYTES))
		return -EINVAL;
	size_t n = (size_t)got - crypto_auth_BYTES;
	if (w.version != VERSION ||
	    (!is_sealed(&w, n, key, "") && !(account[0] && is_sealed(&w, n, key, account))))
		return -EINVAL;
	unpack(&w, n - FIXED_BYTES, out);
	return 0;
}
