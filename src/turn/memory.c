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

struct turn_memory {
	size_t sets;
	uint8_t hash_key[crypto_shorthash_KEYBYTES];
	struct entry entries[];
};

struct turn_memory *turn_memory_new(size_t sets, const uint8_t *hash_key)
{
	assert(sets > 0 && (sets & (sets - 1)) == 0);
	struct turn_memory *m = mem_zalloc(sizeof(*m) + sets * WAYS * sizeof(m->entries[0]));
	if (!m)
		return NULL;
	m->sets = sets;
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
	struct entry *set = m->entries + (hash & (m->sets - 1)) * WAYS, *best = set;
	for (struct entry *e = set; e < set + WAYS; e++) {
		if (e->until > now && e->hash == hash) {
			best = e;
			break;
		}
		if (e->until < best->until)
			best = e;
	}
	*best = (struct entry){.hash = hash, .until = until};
}

uint64_t turn_memory_get(const struct turn_memory *m, const void *key, size_t n, uint64_t now)
{
	uint64_t hash = hash_of(m, key, n);
	const struct entry *set = m->entries + (hash & (m->sets - 1)) * WAYS;
	for (const struct entry *e = set; e < set + WAYS; e++)
		if (e->hash == hash && e->until > now)
			return e->until;
	return 0;
}
