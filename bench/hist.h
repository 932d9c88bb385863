/* A histogram of times, for percentiles. */
#ifndef PARLEY_BENCH_HIST_H
#define PARLEY_BENCH_HIST_H

#include <stdint.h>

#define HIST_SLOTS (64 * 60) /* up to the largest uint64_t */

struct hist {
	uint64_t slots[HIST_SLOTS];
	uint64_t count;
	uint64_t max_ns;
};

void hist_add(struct hist *h, uint64_t ns);

/** hist_percentile() - the least time that more than @percent of all stayed at or below; 0 for an empty
 * histogram. */
uint64_t hist_percentile(const struct hist *h, double percent);

#endif
