/*
 * A queue of exact-size blocks, freed as soon as they are acknowledged: a quiet session holds nothing.
 *
 * Invariant: the numbers in the queue are consecutive and the first is gone + 1. So a message that cannot be
 * kept empties the queue: whatever came before it is of no use without it.
 */
#include "signal/replay.h"

#include "base/mem.h"

#include <string.h>

static void drop_first(struct sig_replay *r)
{
	struct sig_replay_block *b = r->first;

	r->first = b->next;
	if (!r->first)
		r->last = NULL;
	r->bytes -= sizeof(*b) + b->len;
	r->gone = b->seq;
	mem_free(b);
}

void sig_replay_push(struct sig_replay *r, uint64_t seq, const void *json, size_t n, size_t max)
{
	size_t size = sizeof(struct sig_replay_block) + n;
	struct sig_replay_block *b = size <= max ? mem_alloc(size) : NULL;

	if (!b) {
		sig_replay_ack(r, seq);
		return;
	}
	while (r->first && r->bytes + size > max)
		drop_first(r);
	b->next = NULL;
	b->seq = seq;
	b->len = n;
	memcpy(b->json, json, n);
	if (r->last)
		r->last->next = b;
	else
		r->first = b;
	r->last = b;
	r->bytes += size;
}

void sig_replay_ack(struct sig_replay *r, uint64_t seq)
{
	while (r->first && r->first->seq <= seq)
		drop_first(r);
	if (r->gone < seq)
		r->gone = seq;
}
