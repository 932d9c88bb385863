/*
 * Randomness: libsodium over getrandom(2), which never returns predictable bytes and aborts rather than fail.
 *
 * Thread: any.
 */
#include "base/rand.h"

#include <sodium.h>

void rand_bytes(void *arg, uint8_t *out, size_t n)
{
	(void)arg;
	randombytes_buf(out, n);
}
