/* Cookie headers: whatever is found is a value that a cookie may have, and stands in the header. */
#include "app/cookie.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char out[44] = "untouched";
	char *header = malloc(n + 1);
	assert(header);
	if (n)
		memcpy(header, data, n);
	header[n] = '\0';
	if (cookie_find(header, COOKIE_NAME_PLAIN, out, sizeof(out)) == 0) {
		char pair[sizeof(COOKIE_NAME_PLAIN) + sizeof(out)] = COOKIE_NAME_PLAIN "=";
		strcat(pair, out);
		assert(strstr(header, pair));
		assert(strpbrk(out, " \t\",;\\") == NULL);
	} else {
		assert(strcmp(out, "untouched") == 0);
	}
	free(header);
	return 0;
}
