/* The check of ICE candidates; what it accepts is short visible ASCII with single spaces. */
#include "signal/candidate.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	size_t spaces = 0;

	if (sig_candidate_check((const char *)data, n) || n == 0)
		return 0;
	assert(n <= SIG_CANDIDATE_MAX && memcmp(data, "candidate:", 10) == 0);
	for (size_t i = 0; i < n; i++) {
		assert(data[i] >= 0x20 && data[i] < 0x7f);
		spaces += data[i] == ' ';
		assert(data[i] != ' ' || (i + 1 < n && data[i + 1] != ' '));
	}
	/* Eight fields, then pairs. */
	assert(spaces >= 7 && spaces % 2 == 1);
	return 0;
}
