/* The check of session descriptions; what it accepts must hold what the protocol says, looked at in another
 * way. */
#include "base/text.h"
#include "signal/sdp.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *sdp = (const char *)data;

	if (sig_sdp_check(sdp, n))
		return 0;
	assert(n > 5 && memcmp(sdp, "v=0\r\no=", 7) == 0);
	assert(text_is_utf8(data, n));
	assert(sdp[n - 2] == '\r' && sdp[n - 1] == '\n');
	for (size_t i = 0; i < n; i++) {
		assert(data[i] >= 0x20 || data[i] == '\t' || data[i] == '\r' || data[i] == '\n');
		assert(data[i] != 0x7f);
		assert((data[i] == '\r') == (i + 1 < n && data[i + 1] == '\n'));
		if (i > 0 && data[i - 1] == '\n')
			assert(data[i] >= 'a' && data[i] <= 'z' && data[i + 1] == '=' && data[i + 2] != '\r');
	}
	return 0;
}
