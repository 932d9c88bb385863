/*
 * A ticket is its content and a MAC over it, in base64url. The content is no secret from its holder; that it
 * is ours is what counts. Layout of what is signed:
 *
 *   version(1) start(16) room(23) participant(16) issued_ms(8, big endian) flags(1) | HMAC-SHA-512/256(32)
 *
 * The length is fixed, so a ticket is exactly SIG_TICKET_LEN characters and anything else is not one.
 * Thread: any; no state.
 */
#include "signal/ticket.h"

#include "base/text.h"

#include <endian.h>
#include <errno.h>
#include <sodium.h>
#include <string.h>

enum { VERSION = 1, FLAG_HOST = 1, FLAG_KNOCK = 2 };

struct wire {
	uint8_t version;
	uint8_t start[SIG_START_ID_BYTES];
	char room[SIGNAL_ROOM_ID_LEN];
	char participant[SIGNAL_PARTICIPANT_ID_LEN];
	uint8_t issued[8];
	uint8_t flags;
	uint8_t mac[crypto_auth_BYTES];
} __attribute__((packed));

#define SIGNED_BYTES offsetof(struct wire, mac)

_Static_assert(TEXT_BASE64URL_LEN(sizeof(struct wire)) == SIG_TICKET_LEN, "length of a ticket");
_Static_assert(crypto_auth_KEYBYTES == SIGNAL_TICKET_KEY_BYTES, "length of the ticket key");

void sig_ticket_seal(const struct sig_ticket *t, const uint8_t *key, char out[SIG_TICKET_LEN + 1])
{
	uint64_t issued = htobe64(t->issued_ms);
	struct wire w = {.version = VERSION};

	memcpy(w.start, t->start, sizeof(w.start));
	memcpy(w.room, t->room, sizeof(w.room));
	memcpy(w.participant, t->participant, sizeof(w.participant));
	memcpy(w.issued, &issued, sizeof(w.issued));
	w.flags = (uint8_t)((t->host ? FLAG_HOST : 0) | (t->knock ? FLAG_KNOCK : 0));
	crypto_auth(w.mac, (const uint8_t *)&w, SIGNED_BYTES, key);
	text_base64url((const uint8_t *)&w, sizeof(w), out);
}

int sig_ticket_open(struct sig_str text, const uint8_t *key, struct sig_ticket *out)
{
	struct wire w;
	uint64_t issued;

	if (text.n != SIG_TICKET_LEN ||
	    text_unbase64url(text.p, text.n, (uint8_t *)&w, sizeof(w)) != sizeof(w))
		return -EINVAL;
	if (crypto_auth_verify(w.mac, (const uint8_t *)&w, SIGNED_BYTES, key) || w.version != VERSION)
		return -EINVAL;
	memset(out, 0, sizeof(*out));
	memcpy(out->start, w.start, sizeof(w.start));
	memcpy(out->room, w.room, sizeof(w.room));
	memcpy(out->participant, w.participant, sizeof(w.participant));
	memcpy(&issued, w.issued, sizeof(issued));
	out->issued_ms = be64toh(issued);
	out->host = w.flags & FLAG_HOST;
	out->knock = w.flags & FLAG_KNOCK;
	return 0;
}
