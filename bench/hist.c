/*
 * A histogram of nanoseconds, log-linear: 64 slots for each power of two, so that any figure read from it is
 * at most 1/64 too low, and a run of any length takes the same memory.
 */
#include "hist.h"

/* Slots 0..63 are exact; then each power of two has 64 of them. */
static uint32_t hist_slot(uint64_t ns)
{
	int shift;

	if (ns < 64)
		return (uint32_t)ns;
	shift = 63 - __builtin_clzll(ns) - 6;
	return (uint32_t)(((uint64_t)(shift + 1) << 6) + ((ns >> shift) & 63));
}

void hist_add(struct hist *h, uint64_t ns)
{
	h->slots[hist_slot(ns)]++;
	h->count++;
	if (ns > h->max_ns)
		h->max_ns = ns;
}

uint64_t hist_percentile(const struct hist *h, double percent)
{
	uint64_t want = (uint64_t)((double)h->count * percent / 100.0), seen = 0;

	for (uint32_t i = 0; i < HIST_SLOTS; i++) {
		seen += h->slots[i];
		if (seen > want)
			return i < 64 ? i : (64 + (uint64_t)(i & 63)) << ((i >> 6) - 1);
	}
	return h->max_ns;
}
