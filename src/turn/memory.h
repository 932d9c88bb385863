/*
 * A table of fixed size that remembers, for a while, that something has been: by 64 bits of a keyed hash. It
 * never grows and remembering never fails; when it is full, what would have been forgotten soonest goes.
 */
#ifndef PARLEY_TURN_MEMORY_H
#define PARLEY_TURN_MEMORY_H

#include "base/compiler.h"

#include <stddef.h>
#include <stdint.h>

struct turn_memory;

/** turn_memory_new() - @sets: power of two; room for 8 * @sets. @hash_key: 16 bytes. Return: NULL: out of
 * memory. */
struct turn_memory *turn_memory_new(size_t sets, const uint8_t *hash_key) MUST_CHECK;
struct turn_memory *turn_memory_free(struct turn_memory *m);

/** turn_memory_put() - remember @key until @until, in any unit, not 0; @now in the same. */
void turn_memory_put(struct turn_memory *m, const void *key, size_t n, uint64_t until, uint64_t now);

/** turn_memory_get() - Return: until when @key is remembered; 0 if it is not. */
uint64_t turn_memory_get(const struct turn_memory *m, const void *key, size_t n, uint64_t now);

/**
 * turn_memory_bound() - the same, but never too little: where @key may have been forgotten for want of room,
 * until when it would be remembered at most, which is that of others too
 */
uint64_t turn_memory_bound(const struct turn_memory *m, const void *key, size_t n, uint64_t now);

#endif
