/*
 * Set-associative, like the table of buckets in base/bucket.c, and for the same reason: what strangers can
 * make us remember must have a size that we choose. 64 bits of SipHash stand for the key; two keys that share
 * them are not met by chance and cannot be made without the hash key.
 *
 * Thread: the owner's.
 */
#include "turn/memory.h"

#include "base/mem.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#define WAYS 8

struct entry {
	uint64_t hash;
	uint64_t until; /* 0: free */
};

struct set {
	struct entry entries[WAYS];
	uint64_t lost; /* until when the last of those that had to give way would have been remembered */
};

struct turn_memory {
	size_t n_sets;
	uint8_t hash_key[crypto_shorthash_KEYBYTES];
	struct set sets[];
};

struct turn_memory *turn_memory_new(size_t sets, const uint8_t *hash_key)
{
	assert(sets > 0 && (sets & (sets - 1)) == 0);
	struct turn_memory *m = mem_zalloc(sizeof(*m) + sets * sizeof(m->sets[0]));
	if (!m)
		return NULL;
	m->n_sets = sets;
	memcpy(m->hash_key, hash_key, sizeof(m->hash_key));
	return m;
}

struct turn_memory *turn_memory_free(struct turn_memory *m)
{
	mem_free(m);
	return NULL;
}

static uint64_t hash_of(const struct turn_memory *m, const void *key, size_t n)
{
	uint64_t hash;
	(void)crypto_shorthash((uint8_t *)&hash, key, n, m->hash_key);
	return hash;
}

void turn_memory_put(struct turn_memory *m, const void *key, size_t n, uint64_t until, uint64_t now)
{
	uint64_t hash = hash_of(m, key, n);
	struct set *set = &m->sets[hash & (m->n_sets - 1)];
	struct entry *best = set->entries;
	for (struct entry *e = set->entries; e < set->entries + WAYS; e++) {
		if (e->until > now && e->hash == hash) {
			best = e;
			break;
		}
		if (e->until < best->until)
			best = e;
	}
	if (best->until > now && best->hash != hash && best->until > set->lost)
		set->lost = best->until;
	*best = (struct entry){.hash = hash, .until = until};
}

uint64_t turn_memory_get(const struct turn_memory *m, const void *key, size_t n, uint64_t now)
{
	uint64_t hash = hash_of(m, key, n);
	const struct set *set = &m->sets[hash & (m->n_sets - 1)];
	for (const struct entry *e = set->entries; e < set->entries + WAYS; e++)
		if (e->hash == hash && e->until > now)
			return e->until;
	return 0;
}

uint64_t turn_memory_bound(const struct turn_memory *m, const void *key, size_t n, uint64_t now)
{
	uint64_t known = turn_memory_get(m, key, n, now);
	uint64_t lost = m->sets[hash_of(m, key, n) & (m->n_sets - 1)].lost;
	return known || lost <= now ? known : lost;
}
