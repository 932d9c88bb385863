/*
 * IPv4 addresses that IPv6 addresses carry, by a table of the forms.
 *
 * Thread: any. Pure.
 */
#include "turn/embedded.h"

#include "base/compiler.h"

#include <string.h>

struct form {
	uint8_t prefix[12];
	uint8_t from; /* where the prefix is compared from, in bytes; the table's bytes start there as well */
	uint8_t n;
	uint8_t at[4]; /* where the IPv4 address is */
	uint8_t flip;  /* and what it is XORed with */
};

static const struct form forms[] = {
	/* ::ffff:a.b.c.d, RFC 4291 §2.5.5.2 */
	{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF}, 0, 12, {12, 13, 14, 15}, 0},
	/* ::ffff:0:a.b.c.d, RFC 2765 §2.1 */
	{{0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0, 0}, 0, 12, {12, 13, 14, 15}, 0},
	/* ::a.b.c.d, RFC 4291 §2.5.5.1 */
	{{0}, 0, 12, {12, 13, 14, 15}, 0},
	/* 64:ff9b::a.b.c.d, RFC 6052 §2.1 */
	{{0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0}, 0, 12, {12, 13, 14, 15}, 0},
	/* 64:ff9b:1::/48, RFC 8215; byte 8 is left out, RFC 6052 §2.2 */
	{{0, 0x64, 0xFF, 0x9B, 0, 1}, 0, 6, {6, 7, 9, 10}, 0},
	/* 2002:a.b.c.d::, RFC 3056 §2 */
	{{0x20, 0x02}, 0, 2, {2, 3, 4, 5}, 0},
	/* 2001:0:server:flags:port:client, RFC 4380 §4 */
	{{0x20, 0x01, 0, 0}, 0, 4, {4, 5, 6, 7}, 0},
	{{0x20, 0x01, 0, 0}, 0, 4, {12, 13, 14, 15}, 0xFF},
	/* any prefix, then 0000:5efe or 0200:5efe, RFC 5214 §6.1 */
	{{0x00, 0x5E, 0xFE}, 9, 3, {12, 13, 14, 15}, 0},
};

_Static_assert(ARRAY_LEN(forms) == TURN_EMBEDDED_FORMS, "the header counts them");

bool turn_embedded_ip4(const uint8_t ip6[16], unsigned form, uint8_t out[4])
{
	const struct form *f = &forms[form];
	if (memcmp(ip6 + f->from, f->prefix, f->n) != 0)
		return false;
	for (unsigned i = 0; i < 4; i++)
		out[i] = ip6[f->at[i]] ^ f->flip;
	return true;
}
