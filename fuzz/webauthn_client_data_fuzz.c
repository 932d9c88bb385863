/* Client data: what is taken has a challenge of the right form, and is right for one purpose only. */
#include "account/webauthn.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define CHECK(x) ((x) ? (void)0 : abort())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char *const types[] = {"webauthn.create", "webauthn.get"};
	char challenge[WEBAUTHN_CHALLENGE_LEN + 1];
	uint8_t bytes[32];
	int good = 0;

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		memset(challenge, 'x', sizeof(challenge));
		int r = webauthn_client_data((struct webauthn_bytes){data, n}, types[i],
					     "http://localhost:8080", challenge);
		if (r) {
			CHECK(r > 0 && challenge[0] == 'x' && challenge[WEBAUTHN_CHALLENGE_LEN] == 'x');
			continue;
		}
		good++;
		CHECK(n <= WEBAUTHN_CLIENT_DATA_MAX && challenge[WEBAUTHN_CHALLENGE_LEN] == '\0');
		CHECK(text_unbase64url(challenge, WEBAUTHN_CHALLENGE_LEN, bytes, sizeof(bytes)) == 32);
	}
	CHECK(good <= 1);
	return 0;
}
