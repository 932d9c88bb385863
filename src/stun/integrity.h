/*
 * What proves a message: MESSAGE-INTEGRITY, MESSAGE-INTEGRITY-SHA256, FINGERPRINT; and the keys for it.
 * Thread: any; a struct stun_hmac is only read once it is made, so threads may share it.
 */
#ifndef PARLEY_STUN_INTEGRITY_H
#define PARLEY_STUN_INTEGRITY_H

#include "base/compiler.h"
#include "stun/msg.h"

#include <stddef.h>
#include <stdint.h>

enum stun_mac {
	STUN_MAC_SHA1,   /* MESSAGE-INTEGRITY, RFC 8489 §14.5 */
	STUN_MAC_SHA256, /* MESSAGE-INTEGRITY-SHA256, RFC 8489 §14.6 */
};

/*
 * A key made ready: the two states of the hash function after the key's block (RFC 2104 §4). 68 bytes that
 * own nothing, so an allocation may keep its own; as secret as the key.
 */
struct stun_hmac {
	enum stun_mac mac;
	uint32_t inner[8];
	uint32_t outer[8];
};

/** stun_hmac_init() - make @key ready for the attribute that @mac stands for; any length, as RFC 2104 has it
 */
void stun_hmac_init(struct stun_hmac *h, enum stun_mac mac, const void *key, size_t key_bytes);

/** stun_hmac_deinit() - wipe it */
void stun_hmac_deinit(struct stun_hmac *h);

/** stun_hmac_bytes() - how long its sum is: 20 or 32 */
static inline size_t stun_hmac_bytes(const struct stun_hmac *h)
{
	return h->mac == STUN_MAC_SHA1 ? STUN_SHA1_BYTES : STUN_SHA256_BYTES;
}

/**
 * stun_hmac_message() - the sum over a message up to an integrity attribute (RFC 8489 §14.5, §14.6)
 * @data:      the message; nothing of it is changed or copied
 * @n:	       bytes before the attribute, at least the header
 * @attr_bytes: length of the attribute's value, to be counted in the length field
 * @out:       32 bytes, of which stun_hmac_bytes() are set
 */
void stun_hmac_message(const struct stun_hmac *h, const uint8_t *data, size_t n, size_t attr_bytes,
		       uint8_t out[STUN_SHA256_BYTES]);

/**
 * stun_integrity_check() - whether the message's integrity attribute is that of this key
 * Compared in constant time; a truncated SHA-256 is refused, as no usage that we serve allows it (§14.6).
 * Return: 0; STUN_E_ABSENT: the attribute for @h is not there; STUN_E_VALUE: its length is wrong;
 * STUN_E_INTEGRITY.
 */
int stun_integrity_check(const struct stun_msg *m, const struct stun_hmac *h) MUST_CHECK;

/**
 * stun_integrity_check_truncated() - for a usage that allows truncation of SHA-256
 * @min_bytes: least length that it allows: 16 to 32
 * Return: as stun_integrity_check().
 */
int stun_integrity_check_truncated(const struct stun_msg *m, const struct stun_hmac *h,
				   size_t min_bytes) MUST_CHECK;

/**
 * stun_fingerprint_check() - RFC 8489 §14.7
 * Return: 0; STUN_E_ABSENT; STUN_E_VALUE: not 4 bytes; STUN_E_INTEGRITY: wrong.
 */
int stun_fingerprint_check(const struct stun_msg *m) MUST_CHECK;

/** stun_fingerprint() - the value for a message of which @n bytes, header and its final length included,
 * precede */
uint32_t stun_fingerprint(const uint8_t *data, size_t n);

/* Of the long-term mechanism. Texts are UTF-8 and as stun_opaque_string() gives them (stun/opaque.h). */
struct stun_login {
	const void *username;
	size_t username_bytes;
	const char *realm;
	const char *password;
};

#define STUN_KEY_MAX 32

/**
 * stun_key_long_term() - hash of username ":" realm ":" password (RFC 8489 §9.2.2, §18.5.1)
 * @alg: the password algorithm; with no PASSWORD-ALGORITHM in the request it is MD5
 * @key: serves both kinds of integrity, whatever @alg is
 * Return: its length: 16 or 32.
 *
 * With short-term credentials the key is the password itself (§9.1.1).
 */
size_t stun_key_long_term(enum stun_password_alg alg, const struct stun_login *login,
			  uint8_t key[STUN_KEY_MAX]);

/** stun_userhash() - SHA-256 of username ":" realm (RFC 8489 §14.4) */
void stun_userhash(const void *username, size_t username_bytes, const char *realm,
		   uint8_t out[STUN_USERHASH_BYTES]);

#endif
