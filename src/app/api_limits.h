/*
 * How often who may ask: token buckets per address prefix (IPv4 /32, IPv6 /64) and per account, e-mail
 * address or room, in tables of fixed size. Thread: the control loop's.
 */
#ifndef PARLEY_APP_API_LIMITS_H
#define PARLEY_APP_API_LIMITS_H

#include "app/api_call.h"
#include "base/addr.h"

struct api_limits;

/** api_limits_new() - from limits.*. Return: NULL if out of memory. */
struct api_limits *api_limits_new(const struct config *c) MUST_CHECK;
struct api_limits *api_limits_free(struct api_limits *l);

/** api_limits_address() - one request from @peer. Return: 0, or after how many seconds to come back. @l NULL:
 * a limiter that does not work refuses. */
uint32_t api_limits_address(struct api_limits *l, enum api_limit what, const struct addr *peer,
			    uint64_t now_ms) MUST_CHECK;

/** api_limits_key() - one request about @key: an account, an e-mail address (case does not count), a room.
 * Likewise. */
uint32_t api_limits_key(struct api_limits *l, enum api_limit what, const char *key,
			uint64_t now_ms) MUST_CHECK;

/**
 * api_limits_guess() - a try, from @peer, to open @key: an account, a room, there or not
 * Each address prefix has a bucket of its own for it, of the size of api_limits_key()'s, and all of them
 * together one of API_GUESS_SENDERS times that: one sender keeps out nobody else, and many guess no faster
 * than that. Likewise.
 */
uint32_t api_limits_guess(struct api_limits *l, enum api_limit what, const char *key, const struct addr *peer,
			  uint64_t now_ms) MUST_CHECK;

#define API_GUESS_SENDERS 10

#endif
