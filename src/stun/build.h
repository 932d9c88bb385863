/*
 * Building STUN messages into a buffer of the caller's, attribute by attribute.
 *
 * The first thing that goes wrong sticks: later calls do nothing, and stun_build_end() tells. So a message is
 * built without a check at every step:
 *
 *	struct stun_build b;
 *	stun_build_reply(&b, buf, sizeof(buf), request, STUN_SUCCESS);
 *	stun_build_xor_addr(&b, STUN_ATTR_XOR_MAPPED_ADDRESS, from);
 *	int r = stun_build_end(&b, &len);
 *
 * Never a byte is written beyond the buffer. What sticks: -ENOBUFS, the buffer or a STUN message is full;
 * -EINVAL, a value that its definition does not allow, or an attribute that must not follow the last one
 * (RFC 8489 §14.5 to §14.7). Both are our own mistakes. Thread: any.
 */
#ifndef PARLEY_STUN_BUILD_H
#define PARLEY_STUN_BUILD_H

#include "base/addr.h"
#include "base/compiler.h"
#include "stun/integrity.h"
#include "stun/msg.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Private to build.c. */
struct stun_build {
	uint8_t *data;
	uint32_t cap;
	uint32_t len;     /* written so far */
	uint32_t outside; /* bytes of value and padding that the caller sends after them */
	uint16_t last;    /* type of the last attribute */
	int error;
};

/** stun_build_init() - a message of our own, with a transaction id of STUN_TID_BYTES */
void stun_build_init(struct stun_build *b, void *data, size_t cap, uint16_t type, const uint8_t *tid);

/** stun_type() - class and method as one number (RFC 8489 §5) */
static inline uint16_t stun_type(enum stun_class class, uint16_t method)
{
	return (uint16_t)((method & 0xF) | (method & 0x70) << 1 | (method & 0xF80) << 2 | (class & 1) << 4 |
			  (class & 2) << 7);
}

/** stun_build_reply() - to @request: its method and transaction id, an RFC 3489 one of 16 bytes included */
void stun_build_reply(struct stun_build *b, void *data, size_t cap, const struct stun_msg *request,
		      enum stun_class class);

/**
 * stun_build_end() - write the length field
 * @len: set on success: bytes to send
 * Return: 0; -ENOBUFS; -EINVAL.
 */
int stun_build_end(struct stun_build *b, size_t *len) MUST_CHECK;

/* Values of any kind. Text is UTF-8 of at most 508 bytes, and 127 characters but for USERNAME (§14.3, §14.9).
 */
void stun_build_bytes(struct stun_build *b, uint16_t type, const void *value, size_t len);
void stun_build_text(struct stun_build *b, uint16_t type, const char *text);
void stun_build_u32(struct stun_build *b, uint16_t type, uint32_t value);
void stun_build_u64(struct stun_build *b, uint16_t type, uint64_t value);
void stun_build_flag(struct stun_build *b, uint16_t type);

/** stun_build_addr() - MAPPED-ADDRESS, ALTERNATE-SERVER (RFC 8489 §14.1) */
void stun_build_addr(struct stun_build *b, uint16_t type, const struct addr *a);

/** stun_build_xor_addr() - XOR-MAPPED-, XOR-PEER-, XOR-RELAYED-ADDRESS (RFC 8489 §14.2) */
void stun_build_xor_addr(struct stun_build *b, uint16_t type, const struct addr *a);

/** stun_build_error() - ERROR-CODE 300 to 699 (RFC 8489 §14.8). @reason: NULL for stun_reason(), "" for none
 */
void stun_build_error(struct stun_build *b, uint16_t code, const char *reason);

/** stun_reason() - the phrase that the RFCs recommend for enum stun_code; "Error" for others */
const char *stun_reason(uint16_t code);

/** stun_build_addr_error() - ADDRESS-ERROR-CODE (RFC 8656 §18.12); @reason as in stun_build_error() */
void stun_build_addr_error(struct stun_build *b, enum stun_family family, uint16_t code, const char *reason);

/** stun_build_unknown() - UNKNOWN-ATTRIBUTES (RFC 8489 §14.13), as stun_msg_unknown() lists them */
void stun_build_unknown(struct stun_build *b, const uint16_t *types, size_t n);

/** stun_build_channel() - CHANNEL-NUMBER, STUN_CHANNEL_MIN to _MAX (RFC 8656 §18.1) */
void stun_build_channel(struct stun_build *b, uint16_t channel);

/** stun_build_transport() - REQUESTED-TRANSPORT (RFC 8656 §18.8): an IP protocol number */
void stun_build_transport(struct stun_build *b, uint8_t protocol);

/** stun_build_family() - REQUESTED- or ADDITIONAL-ADDRESS-FAMILY (RFC 8656 §18.6, §18.11) */
void stun_build_family(struct stun_build *b, uint16_t type, enum stun_family family);

/** stun_build_even_port() - EVEN-PORT (RFC 8656 §18.7) */
void stun_build_even_port(struct stun_build *b, bool reserve);

/** stun_build_icmp() - RFC 8656 §18.13. @type up to 127, @code up to 511 */
void stun_build_icmp(struct stun_build *b, uint8_t type, uint16_t code, uint32_t data);

/** stun_build_password_algorithm() - PASSWORD-ALGORITHM (RFC 8489 §14.12) */
void stun_build_password_algorithm(struct stun_build *b, enum stun_password_alg alg);

/** stun_build_password_algorithms() - PASSWORD-ALGORITHMS, the best first (RFC 8489 §14.11); @n at least 1 */
void stun_build_password_algorithms(struct stun_build *b, const enum stun_password_alg *algs, size_t n);

/**
 * stun_build_payload() - an attribute whose value the caller sends himself, right behind what is built here
 *
 * For Data indications: value and stun_padding(len) zero bytes (stun/frame.h) go out by iovec, uncopied. They
 * need no room in the buffer, and stun_build_end()'s length leaves them out. Nothing may follow.
 */
void stun_build_payload(struct stun_build *b, uint16_t type, size_t len);

/** stun_build_integrity() - MESSAGE-INTEGRITY or MESSAGE-INTEGRITY-SHA256 over all so far, by the kind of @h
 */
void stun_build_integrity(struct stun_build *b, const struct stun_hmac *h);

/** stun_build_integrity_truncated() - SHA-256 cut to @bytes: 16, 20, … 32 (RFC 8489 §14.6) */
void stun_build_integrity_truncated(struct stun_build *b, const struct stun_hmac *h, size_t bytes);

/** stun_build_fingerprint() - FINGERPRINT (RFC 8489 §14.7). Nothing may follow. */
void stun_build_fingerprint(struct stun_build *b);

#endif
