/*
 * Token buckets, alone and in a table of fixed size.
 *
 * The level of a bucket is kept in fractions so small that a millisecond's refill is a whole number of them
 * (thousandths of a token at a rate a second, sixty-thousandths at a rate a minute): nothing is lost by
 * asking often.
 *
 * The table is for senders that have proved nothing. It is allocated once. A key's SipHash picks the set and,
 * in full, stands for the key: two keys that share 64 bits share a bucket, which nobody can bring about
 * without the hash key. In a full set the bucket unused for longest is given away; one that has had time to
 * fill up is worth nothing, so only a flood over many keys at once can push out a bucket that still holds
 * somebody back.
 *
 * Thread: the owner's.
 */
#include "base/bucket.h"

#include "base/mem.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#define UNITS_AT_RATE_PER_S   1000
#define UNITS_AT_RATE_PER_MIN 60000

#define WAYS           8
#define HASH_KEY_BYTES crypto_shorthash_KEYBYTES

struct entry {
	uint64_t hash; /* 0: free */
	uint64_t level;
	uint64_t last_ms;
};

struct bucket_table {
	size_t sets;
	uint32_t rate_per_min;
	uint64_t full;
	uint8_t hash_key[HASH_KEY_BYTES];
	struct entry entries[];
};

/* The level after the time from *@last_ms to @now_ms, which *@last_ms becomes. A clock that goes back adds
 * nothing. */
static uint64_t refilled(uint64_t level, uint64_t full, uint32_t rate, uint64_t *last_ms, uint64_t now_ms)
{
	if (now_ms <= *last_ms)
		return level < full ? level : full;
	uint64_t passed = now_ms - *last_ms;
	*last_ms = now_ms;
	if (level >= full)
		return full;
	uint64_t missing = full - level;
	/* By division, for passed * rate may overflow. */
	if (rate && passed > missing / rate)
		return full;
	return level + passed * rate;
}

void bucket_init(struct bucket *b, uint32_t burst, uint64_t now_ms)
{
	b->milli_tokens = (uint64_t)burst * UNITS_AT_RATE_PER_S;
	b->last_ms = now_ms;
}

bool bucket_take(struct bucket *b, uint32_t n, uint32_t rate_per_s, uint32_t burst, uint64_t now_ms)
{
	uint64_t full = (uint64_t)burst * UNITS_AT_RATE_PER_S;
	uint64_t cost = (uint64_t)n * UNITS_AT_RATE_PER_S;
	b->milli_tokens = refilled(b->milli_tokens, full, rate_per_s, &b->last_ms, now_ms);
	if (b->milli_tokens < cost)
		return false;
	b->milli_tokens -= cost;
	return true;
}

struct bucket_table *bucket_table_new(size_t sets, uint32_t rate_per_min, uint32_t burst,
				      const uint8_t *hash_key)
{
	assert(sets > 0 && (sets & (sets - 1)) == 0);
	if (sets > SIZE_MAX / (2 * WAYS * sizeof(struct entry)))
		return NULL;
	struct bucket_table *t = mem_zalloc(sizeof(*t) + sets * WAYS * sizeof(struct entry));
	if (!t)
		return NULL;
	t->sets = sets;
	t->rate_per_min = rate_per_min;
	t->full = (uint64_t)burst * UNITS_AT_RATE_PER_MIN;
	memcpy(t->hash_key, hash_key, sizeof(t->hash_key));
	return t;
}

struct bucket_table *bucket_table_free(struct bucket_table *t)
{
	mem_free(t);
	return NULL;
}

static uint64_t hash_of(const struct bucket_table *t, const void *key, size_t key_len)
{
	uint64_t hash;
	_Static_assert(sizeof(hash) == crypto_shorthash_BYTES, "SipHash gives 64 bits");
	(void)crypto_shorthash((uint8_t *)&hash, key, key_len, t->hash_key);
	return hash ? hash : 1;
}

/* The entry of @hash, or the one to give to it: a free one, else that unused for longest. */
static struct entry *pick(struct entry *set, uint64_t hash)
{
	struct entry *oldest = set;
	for (struct entry *e = set; e < set + WAYS; e++) {
		if (e->hash == hash)
			return e;
		bool better = oldest->hash && (!e->hash || e->last_ms < oldest->last_ms);
		if (better)
			oldest = e;
	}
	return oldest;
}

bool bucket_table_take(struct bucket_table *t, const void *key, size_t key_len, uint64_t now_ms)
{
	return bucket_table_trade(t, key, key_len, 0, 1, now_ms);
}

bool bucket_table_trade(struct bucket_table *t, const void *key, size_t key_len, uint32_t in, uint32_t out,
			uint64_t now_ms)
{
	uint64_t hash = hash_of(t, key, key_len), cost = (uint64_t)out * UNITS_AT_RATE_PER_MIN;
	struct entry *e = pick(t->entries + (hash & (t->sets - 1)) * WAYS, hash);
	if (e->hash != hash)
		*e = (struct entry){.hash = hash, .level = t->full, .last_ms = now_ms};
	e->level = refilled(e->level, t->full, t->rate_per_min, &e->last_ms, now_ms);
	e->level += (uint64_t)in * UNITS_AT_RATE_PER_MIN;
	bool enough = e->level >= cost;
	if (enough)
		e->level -= cost;
	if (e->level > t->full)
		e->level = t->full;
	return enough;
}
