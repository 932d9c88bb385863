/*
 * The nonce cookie (RFC 8489 §9.2): "obMatJos2" and the base64 of 24 security feature bits, at the front of a
 * nonce. A man in the middle who strips PASSWORD-ALGORITHMS or USERHASH support from a server's answer cannot
 * strip it here, since the nonce comes back under the client's integrity. Thread: any.
 */
#ifndef PARLEY_STUN_NONCE_COOKIE_H
#define PARLEY_STUN_NONCE_COOKIE_H

#include "base/compiler.h"

#include <stddef.h>
#include <stdint.h>

#define STUN_NONCE_COOKIE_CHARS 13

/* RFC 8489 §18.1: bit 0 is the leftmost of 24. */
#define STUN_FEATURE_PASSWORD_ALGORITHMS UINT32_C(0x800000)
#define STUN_FEATURE_USERNAME_ANONYMITY  UINT32_C(0x400000)

/** stun_nonce_cookie_write() - @features: of the lower 24 bits. No NUL is written. */
void stun_nonce_cookie_write(uint32_t features, char out[STUN_NONCE_COOKIE_CHARS]);

/**
 * stun_nonce_cookie_read() - the feature bits at the front of a nonce
 * Return: 0 with *@features set; STUN_E_ABSENT: the nonce begins with no cookie; STUN_E_VALUE: it does, but
 * what follows is not base64.
 */
int stun_nonce_cookie_read(const void *nonce, size_t nonce_bytes, uint32_t *features) MUST_CHECK;

#endif
