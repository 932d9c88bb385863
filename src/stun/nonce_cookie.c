/*
 * The nonce cookie.
 *
 * Four characters of base64 hold 24 bits exactly, so there is no padding and every combination means
 * something. Thread: any. Pure.
 */
#include "stun/nonce_cookie.h"

#include "base/text.h"
#include "stun/proto.h"

#include <string.h>

static const char prefix[] = "obMatJos2";
#define PREFIX_CHARS (sizeof(prefix) - 1)
#define BASE64_CHARS (STUN_NONCE_COOKIE_CHARS - PREFIX_CHARS)

void stun_nonce_cookie_write(uint32_t features, char out[STUN_NONCE_COOKIE_CHARS])
{
	const uint8_t bits[3] = {(uint8_t)(features >> 16), (uint8_t)(features >> 8), (uint8_t)features};
	char base64[BASE64_CHARS + 1];
	text_base64(bits, sizeof(bits), base64);
	memcpy(out, prefix, PREFIX_CHARS);
	memcpy(out + PREFIX_CHARS, base64, BASE64_CHARS);
}

/* base/text.h reads the alphabet of RFC 4648 §5, which has '-' and '_' for '+' and '/'. */
static char to_url_alphabet(char c)
{
	switch (c) {
	case '+':
		return '-';
	case '/':
		return '_';
	case '-':
	case '_':
		return '=';
	default:
		return c;
	}
}

int stun_nonce_cookie_read(const void *nonce, size_t nonce_bytes, uint32_t *features)
{
	char base64[BASE64_CHARS];
	uint8_t bits[3];
	if (nonce_bytes < PREFIX_CHARS || memcmp(nonce, prefix, PREFIX_CHARS) != 0)
		return STUN_E_ABSENT;
	if (nonce_bytes < STUN_NONCE_COOKIE_CHARS)
		return STUN_E_VALUE;
	for (size_t i = 0; i < BASE64_CHARS; i++)
		base64[i] = to_url_alphabet(((const char *)nonce)[PREFIX_CHARS + i]);
	if (text_unbase64url(base64, BASE64_CHARS, bits, sizeof(bits)) != sizeof(bits))
		return STUN_E_VALUE;
	*features = (uint32_t)bits[0] << 16 | (uint32_t)bits[1] << 8 | bits[2];
	return 0;
}
