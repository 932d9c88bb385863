/* What a session's client has not acknowledged yet, to be sent again after a broken connection. */
#ifndef PARLEY_SIGNAL_REPLAY_H
#define PARLEY_SIGNAL_REPLAY_H

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sig_replay_block {
	struct sig_replay_block *next;
	uint64_t seq;
	size_t len;
	char json[];
};

struct sig_replay {
	struct sig_replay_block *first;
	struct sig_replay_block *last;
	size_t bytes;  /* with the blocks' heads */
	uint64_t gone; /* everything up to this number is no longer here */
};

/** sig_replay_push() - keep message @seq, giving up the oldest over @max bytes. Where it cannot be kept,
 * nothing is. */
void sig_replay_push(struct sig_replay *r, uint64_t seq, const void *json, size_t n, size_t max);

/** sig_replay_ack() - the client has everything up to @seq. */
void sig_replay_ack(struct sig_replay *r, uint64_t seq);

/** sig_replay_covers() - whether everything after @seq is here. */
static inline bool sig_replay_covers(const struct sig_replay *r, uint64_t seq)
{
	return seq >= r->gone;
}

#endif
