/* A token bucket with the clock passed in, and a capped table of them by address prefix or other key. */
#ifndef PARLEY_BASE_BUCKET_H
#define PARLEY_BASE_BUCKET_H

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bucket {
	uint64_t milli_tokens; /* thousandths of a token */
	uint64_t last_ms;
};

/** bucket_init() - full. @burst: tokens it holds at most. */
void bucket_init(struct bucket *b, uint32_t burst, uint64_t now_ms);

/**
 * bucket_take() - take @n tokens if there are so many; refills by @rate_per_s up to @burst.
 *
 * Return: whether taken.
 */
bool bucket_take(struct bucket *b, uint32_t n, uint32_t rate_per_s, uint32_t burst, uint64_t now_ms);

/*
 * A table of buckets by key. Its size is fixed: when it is full, the bucket that was used longest ago is
 * given away among the few the key hashes to (set-associative), so that an attacker with many addresses can
 * only ever push out old entries, never make it grow. Keyed hashing.
 */
struct bucket_table;

/**
 * bucket_table_new() - @sets: power of two; holds 8 * @sets buckets. @hash_key: 16 random bytes.
 *
 * Return: NULL if out of memory.
 */
struct bucket_table *bucket_table_new(size_t sets, uint32_t rate_per_min, uint32_t burst,
				      const uint8_t *hash_key) MUST_CHECK;
struct bucket_table *bucket_table_free(struct bucket_table *t);

/** bucket_table_take() - one token of @key's bucket. Return: whether there was one. */
bool bucket_table_take(struct bucket_table *t, const void *key, size_t key_len, uint64_t now_ms);

/**
 * bucket_table_trade() - put @in tokens into @key's bucket and take @out out of it, if they are there then
 * What does not fit is lost, but only after taking. Return: whether taken; @in stays in it either way.
 */
bool bucket_table_trade(struct bucket_table *t, const void *key, size_t key_len, uint32_t in, uint32_t out,
			uint64_t now_ms);

#endif
