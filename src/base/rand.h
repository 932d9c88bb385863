/* Randomness from the kernel, and the function type by which pure cores get it injected. */
#ifndef PARLEY_BASE_RAND_H
#define PARLEY_BASE_RAND_H

#include <stddef.h>
#include <stdint.h>

/** A source of @n unpredictable bytes; cannot fail. */
typedef void (*rand_fn)(void *arg, uint8_t *out, size_t n);

/** rand_bytes() - rand_fn over libsodium's randombytes_buf(); @arg is unused. Needs sodium_init() before. */
void rand_bytes(void *arg, uint8_t *out, size_t n);

#endif
