/*
 * A received STUN message (RFC 8489 §5): parsed once, without copying, into a view with constant-time lookup.
 *
 * The view borrows the bytes, which must stay as they are while it is used. Nothing here allocates, reads a
 * clock or keeps state; every function may be called from any thread.
 */
#ifndef PARLEY_STUN_MSG_H
#define PARLEY_STUN_MSG_H

#include "base/compiler.h"
#include "stun/proto.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* More attributes than any honest message has: a CreatePermission for 50 peers has 56. */
#define STUN_ATTRS_MAX 64

struct stun_attr {
	const uint8_t *value; /* within the message; NULL before the first stun_msg_next() */
	uint16_t type;
	uint16_t len; /* without padding */
};

struct stun_msg {
	const uint8_t *data; /* all of it, from the header on */
	const uint8_t *tid;  /* STUN_TID_BYTES */
	uint32_t len;        /* the whole message */
	uint16_t method;     /* enum stun_method, or another */
	uint8_t class;       /* enum stun_class */
	bool classic;        /* RFC 3489: without magic cookie */

	/* Private to msg.c. Attributes of types 0x0000–0x003F and 0x8000–0x803F have a slot. */
	bool far_required;  /* one of type 0x0040–0x7FFF is there */
	uint32_t body_end;  /* where integrity and fingerprint begin */
	uint64_t seen[2];   /* slots in use */
	uint16_t slot[128]; /* offset of the attribute, in words; only where seen */
};

/**
 * stun_msg_parse() - check a whole message and index its attributes
 * @out:  undefined unless the return is 0; refers to @data afterwards
 * @data: one datagram, or one frame of a stream (stun/frame.h)
 *
 * Checked (RFC 8489 §5, §6.3): the two top bits are zero; the magic cookie; the length field is a multiple of
 * 4 and says exactly what is there; every attribute lies within the message; there are at most
 * STUN_ATTRS_MAX; none follows FINGERPRINT (§14.7). Padding may hold anything (§14). Whether the method and
 * class are ones the caller serves is for the caller.
 *
 * What §14.5 and §14.6 want ignored is invisible to every other function: all after MESSAGE-INTEGRITY but
 * MESSAGE-INTEGRITY-SHA256 and FINGERPRINT, all after MESSAGE-INTEGRITY-SHA256 but FINGERPRINT.
 *
 * Return: 0; STUN_E_LENGTH, STUN_E_TYPE, STUN_E_COOKIE, STUN_E_ATTR or STUN_E_ATTR_COUNT: drop it silently.
 */
int stun_msg_parse(struct stun_msg *out, const uint8_t *data, size_t len) MUST_CHECK;

/**
 * stun_msg_parse_classic() - the same for an RFC 3489 message, which has 4 more bytes of transaction id
 * instead of the cookie (RFC 5389 §12.2, kept by RFC 8489 §11); stun_build_reply() copies them, and the reply
 * says MAPPED-ADDRESS. Never over DTLS. Return: as stun_msg_parse(); STUN_E_COOKIE if the cookie *is* there,
 * so that no message passes both.
 */
int stun_msg_parse_classic(struct stun_msg *out, const uint8_t *data, size_t len) MUST_CHECK;

/**
 * stun_msg_find() - the first attribute of @type, which is the one that counts (RFC 8489 §14)
 * Return: whether there is one; if not, @out is untouched.
 */
bool stun_msg_find(const struct stun_msg *m, uint16_t type, struct stun_attr *out) MUST_CHECK;

/** stun_msg_has() - whether an attribute of @type is there. */
bool stun_msg_has(const struct stun_msg *m, uint16_t type);

/**
 * stun_msg_next() - step through the attributes in their order, repeated ones too
 * @attr: all zero for the first step; then as the last step left it
 *
 * Ends before the first of MESSAGE-INTEGRITY, MESSAGE-INTEGRITY-SHA256 and FINGERPRINT.
 * Return: false at the end, with @attr untouched.
 */
bool stun_msg_next(const struct stun_msg *m, struct stun_attr *attr) MUST_CHECK;

/**
 * stun_msg_unknown() - comprehension-required attributes that the caller does not understand (RFC 8489 §6.3)
 * @understood: STUN_UNDERSTOOD() of each type he does, or'ed
 * @out:	their types, each once, in their order in the message
 * @max:	room in @out, at least 1; more are left out, since the reply need not grow with the attack
 * Return: how many; 0 means go on, otherwise answer 420 with UNKNOWN-ATTRIBUTES, or drop an indication.
 */
size_t stun_msg_unknown(const struct stun_msg *m, uint64_t understood, uint16_t *out, size_t max) MUST_CHECK;

#define STUN_UNDERSTOOD(type) (UINT64_C(1) << (type)) /* for types below 0x40, so all that are of use */

/* What a server of Binding requests with credentials understands. */
#define STUN_UNDERSTOOD_STUN                                                                                 \
	(STUN_UNDERSTOOD(STUN_ATTR_USERNAME) | STUN_UNDERSTOOD(STUN_ATTR_MESSAGE_INTEGRITY) |                \
	 STUN_UNDERSTOOD(STUN_ATTR_REALM) | STUN_UNDERSTOOD(STUN_ATTR_NONCE) |                               \
	 STUN_UNDERSTOOD(STUN_ATTR_MESSAGE_INTEGRITY_SHA256) |                                               \
	 STUN_UNDERSTOOD(STUN_ATTR_PASSWORD_ALGORITHM) | STUN_UNDERSTOOD(STUN_ATTR_USERHASH))

/* And what a TURN server does, in requests and Send indications (RFC 8656 §18). */
#define STUN_UNDERSTOOD_TURN                                                                                 \
	(STUN_UNDERSTOOD_STUN | STUN_UNDERSTOOD(STUN_ATTR_CHANNEL_NUMBER) |                                  \
	 STUN_UNDERSTOOD(STUN_ATTR_LIFETIME) | STUN_UNDERSTOOD(STUN_ATTR_XOR_PEER_ADDRESS) |                 \
	 STUN_UNDERSTOOD(STUN_ATTR_DATA) | STUN_UNDERSTOOD(STUN_ATTR_REQUESTED_ADDRESS_FAMILY) |             \
	 STUN_UNDERSTOOD(STUN_ATTR_EVEN_PORT) | STUN_UNDERSTOOD(STUN_ATTR_REQUESTED_TRANSPORT) |             \
	 STUN_UNDERSTOOD(STUN_ATTR_DONT_FRAGMENT) | STUN_UNDERSTOOD(STUN_ATTR_RESERVATION_TOKEN))

#endif
