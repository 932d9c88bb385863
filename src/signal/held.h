/* What a participant has said before anybody may hear it: an offer and the candidates that belong to it. */
#ifndef PARLEY_SIGNAL_HELD_H
#define PARLEY_SIGNAL_HELD_H

#include "base/compiler.h"

#include <stddef.h>
#include <stdint.h>

/* The body of a `signal` message, encoded: what comes after `from`. */
struct sig_held_item {
	struct sig_held_item *next;
	size_t len;
	char json[];
};

struct sig_held {
	struct sig_held_item *first;
	struct sig_held_item *last;
	uint32_t count;
	size_t offer_len;
	char offer[]; /* the SDP as a JSON string, with its quotes */
};

/** sig_held_new() - hold an offer. @json: the SDP as a JSON string. Return: NULL if out of memory. */
struct sig_held *sig_held_new(const void *json, size_t n) MUST_CHECK;

/** sig_held_free() - NULL-safe. Return: NULL. */
struct sig_held *sig_held_free(struct sig_held *h);

/** sig_held_add() - @json: the body of a `signal` message. Return: 0; -ENOMEM. */
int sig_held_add(struct sig_held *h, const void *json, size_t n) MUST_CHECK;

#endif
