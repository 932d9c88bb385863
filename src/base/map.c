/*
 * Intrusive hash map, chained, keyed with SipHash.
 *
 * Chained because the nodes live in their owners and must not move; the hash is kept in the node, so that
 * growing hashes nothing again and most comparisons end at it. Growing moves all nodes at once: a hundred
 * thousand take a few milliseconds, and that once in a doubling. When the bigger table cannot be had, the map
 * goes on with longer chains; only the very first table is needed to insert at all. Shrinking that fails is
 * simply not done, so removal cannot fail.
 *
 * Invariants: every node is in the chain of slot hash & (n_slots - 1); all slots below @first are empty.
 *
 * Thread: the owner's.
 */
#include "base/map.h"

#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <stdbool.h>
#include <string.h>

#define MIN_SLOTS 8

_Static_assert(MAP_HASH_KEY_BYTES == crypto_shorthash_KEYBYTES, "the map's key is SipHash's");

void map_init(struct map *m, const uint8_t *hash_key)
{
	*m = (struct map){0};
	memcpy(m->hash_key, hash_key, sizeof(m->hash_key));
}

void map_deinit(struct map *m)
{
	assert(m->count == 0);
	mem_free(m->slots);
	m->slots = NULL;
	m->n_slots = 0;
	m->first = 0;
}

static uint64_t hash_of(const struct map *m, const void *key, size_t key_len)
{
	uint64_t hash;
	_Static_assert(sizeof(hash) == crypto_shorthash_BYTES, "SipHash gives 64 bits");
	(void)crypto_shorthash((uint8_t *)&hash, key, key_len, m->hash_key);
	return hash;
}

static struct map_node **slot_of(const struct map *m, uint64_t hash)
{
	return &m->slots[hash & (m->n_slots - 1)];
}

static struct map_node *find_hashed(const struct map *m, uint64_t hash, const void *key, size_t key_len)
{
	if (m->n_slots == 0)
		return NULL;
	for (struct map_node *n = *slot_of(m, hash); n; n = n->next)
		if (n->hash == hash && n->key_len == key_len &&
		    (key_len == 0 || memcmp(n->key, key, key_len) == 0))
			return n;
	return NULL;
}

static void link_node(struct map *m, struct map_node *node)
{
	struct map_node **slot = slot_of(m, node->hash);
	node->next = *slot;
	*slot = node;
	if ((size_t)(slot - m->slots) < m->first)
		m->first = (size_t)(slot - m->slots);
}

/* Move all nodes into a table of @n_slots. Return: whether there was memory for it. */
static bool resize(struct map *m, size_t n_slots)
{
	if (n_slots > SIZE_MAX / sizeof(struct map_node *))
		return false;
	struct map_node **slots = mem_zalloc(n_slots * sizeof(*slots));
	if (!slots)
		return false;
	struct map old = *m;
	m->slots = slots;
	m->n_slots = n_slots;
	m->first = n_slots;
	for (size_t i = old.first; i < old.n_slots; i++)
		for (struct map_node *n = old.slots[i], *next; n; n = next) {
			next = n->next;
			link_node(m, n);
		}
	mem_free(old.slots);
	return true;
}

int map_insert(struct map *m, struct map_node *node, const void *key, size_t key_len)
{
	uint64_t hash = hash_of(m, key, key_len);
	if (find_hashed(m, hash, key, key_len))
		return -EEXIST;
	if (m->count >= m->n_slots)
		(void)resize(m, m->n_slots ? m->n_slots * 2 : MIN_SLOTS);
	if (m->n_slots == 0)
		return -ENOMEM;
	node->hash = hash;
	node->key = key;
	node->key_len = key_len;
	link_node(m, node);
	m->count++;
	return 0;
}

struct map_node *map_find(const struct map *m, const void *key, size_t key_len)
{
	/* An empty map spares the hash: many of ours are empty most of the time. */
	if (m->count == 0)
		return NULL;
	return find_hashed(m, hash_of(m, key, key_len), key, key_len);
}

void map_remove(struct map *m, struct map_node *node)
{
	assert(m->n_slots);
	struct map_node **at = slot_of(m, node->hash);
	while (*at && *at != node)
		at = &(*at)->next;
	assert(*at == node);
	*at = node->next;
	node->next = NULL;
	m->count--;
	/* An eighth and not a half, so that a map that stays about the same size does not resize to and fro.
	 */
	if (m->n_slots > MIN_SLOTS && m->count <= m->n_slots / 8)
		(void)resize(m, m->n_slots / 2);
}

struct map_node *map_first(struct map *m)
{
	if (m->count == 0)
		return NULL;
	/* Remembering how far it got makes draining a map linear. */
	while (!m->slots[m->first])
		m->first++;
	return m->slots[m->first];
}
