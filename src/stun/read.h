/*
 * Typed readers of attributes: exactly the length and the values that the definition allows.
 *
 * All of them work on the first attribute of its type, set their output only when they return 0, and return
 * STUN_E_ABSENT when it is not there and STUN_E_VALUE when it is not well-formed, for which 400 is the
 * answer. Reserved bits are ignored, as the RFCs want. Thread: any.
 */
#ifndef PARLEY_STUN_READ_H
#define PARLEY_STUN_READ_H

#include "base/addr.h"
#include "base/compiler.h"
#include "stun/msg.h"

/** stun_read_u32() - LIFETIME, PRIORITY, CHANGE-REQUEST, … */
int stun_read_u32(const struct stun_msg *m, uint16_t type, uint32_t *out) MUST_CHECK;

/** stun_read_u64() - ICE-CONTROLLED, ICE-CONTROLLING (RFC 8445 §7.1.3) */
int stun_read_u64(const struct stun_msg *m, uint16_t type, uint64_t *out) MUST_CHECK;

/** stun_read_bytes() - of exactly @len bytes, in place: USERHASH, RESERVATION-TOKEN */
int stun_read_bytes(const struct stun_msg *m, uint16_t type, size_t len, const uint8_t **out) MUST_CHECK;

/**
 * stun_read_text() - USERNAME, REALM, NONCE, SOFTWARE, ALTERNATE-DOMAIN, in place and without a NUL
 * @max_bytes: refused above this or STUN_TEXT_MAX_BYTES, or above STUN_TEXT_MAX_CHARS characters (not
 * USERNAME) Refused too: what is not UTF-8 (RFC 8489 §14.3, §14.9), and U+0000, which C strings cannot hold.
 * May be empty.
 */
int stun_read_text(const struct stun_msg *m, uint16_t type, size_t max_bytes,
		   struct stun_attr *out) MUST_CHECK;

/** stun_read_flag() - USE-CANDIDATE, DONT-FRAGMENT: there without a value. Return: 0; STUN_E_VALUE. */
int stun_read_flag(const struct stun_msg *m, uint16_t type, bool *out) MUST_CHECK;

/** stun_read_addr() - MAPPED-ADDRESS, ALTERNATE-SERVER (RFC 8489 §14.1) */
int stun_read_addr(const struct stun_msg *m, uint16_t type, struct addr *out) MUST_CHECK;

/**
 * stun_read_xor_addr() - XOR-MAPPED-ADDRESS, XOR-PEER-ADDRESS, XOR-RELAYED-ADDRESS (RFC 8489 §14.2)
 *
 * An IPv6 address with an IPv4 one inside (IPv4-mapped and the like) is given as the IPv6 address that the
 * peer wrote, unlike base/addr.h does: whether it is to be refused or unwrapped is for the peer policy.
 */
int stun_read_xor_addr(const struct stun_msg *m, uint16_t type, struct addr *out) MUST_CHECK;

/** stun_attr_xor_addr() - the same of one of several, found with stun_msg_next(). Return: 0; STUN_E_VALUE. */
int stun_attr_xor_addr(const struct stun_msg *m, const struct stun_attr *attr, struct addr *out) MUST_CHECK;

/** stun_read_channel() - CHANNEL-NUMBER (RFC 8656 §18.1). STUN_E_VALUE too if it is not STUN_CHANNEL_MIN to
 * _MAX. */
int stun_read_channel(const struct stun_msg *m, uint16_t *out) MUST_CHECK;

/** stun_read_transport() - REQUESTED-TRANSPORT (RFC 8656 §18.8): an IP protocol number; 442 if not 17 */
int stun_read_transport(const struct stun_msg *m, uint8_t *out) MUST_CHECK;

/**
 * stun_read_family() - REQUESTED- and ADDITIONAL-ADDRESS-FAMILY (RFC 8656 §18.6, §18.11)
 * @out: enum stun_family, or another value as the peer wrote it: 440
 */
int stun_read_family(const struct stun_msg *m, uint16_t type, uint8_t *out) MUST_CHECK;

/** stun_read_even_port() - EVEN-PORT (RFC 8656 §18.7). @reserve: the next port up is to be reserved */
int stun_read_even_port(const struct stun_msg *m, bool *reserve) MUST_CHECK;

struct stun_icmp {
	uint8_t type;  /* 7 bits */
	uint16_t code; /* 9 bits */
	uint32_t data;
};

/** stun_read_icmp() - RFC 8656 §18.13 */
int stun_read_icmp(const struct stun_msg *m, struct stun_icmp *out) MUST_CHECK;

struct stun_error {
	uint16_t code;         /* 300 to 699 */
	uint8_t family;        /* of ADDRESS-ERROR-CODE; else 0 */
	uint16_t reason_bytes; /* UTF-8, not terminated */
	const char *reason;
};

/** stun_read_error() - ERROR-CODE (RFC 8489 §14.8) or ADDRESS-ERROR-CODE (RFC 8656 §18.12) */
int stun_read_error(const struct stun_msg *m, uint16_t type, struct stun_error *out) MUST_CHECK;

/** stun_read_unknown() - UNKNOWN-ATTRIBUTES (RFC 8489 §14.13). @n: how many, of which up to @max are in @out
 */
int stun_read_unknown(const struct stun_msg *m, uint16_t *out, size_t max, size_t *n) MUST_CHECK;

struct stun_password_algorithm {
	uint16_t id; /* enum stun_password_alg, or another */
	uint16_t params_bytes;
	const uint8_t *params; /* empty for the two that there are */
};

/** stun_read_password_algorithm() - PASSWORD-ALGORITHM, the client's choice (RFC 8489 §14.12) */
int stun_read_password_algorithm(const struct stun_msg *m, struct stun_password_algorithm *out) MUST_CHECK;

/**
 * stun_read_password_algorithms() - PASSWORD-ALGORITHMS, the server's list (RFC 8489 §14.11)
 * @n: how many there are, of which the first up to @max are in @out
 *
 * A server that gets its list back compares the bytes of the whole value with what it sent (§9.2.4); this is
 * for clients.
 */
int stun_read_password_algorithms(const struct stun_msg *m, struct stun_password_algorithm *out, size_t max,
				  size_t *n) MUST_CHECK;

#endif
