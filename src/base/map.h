/*
 * Intrusive hash map from byte-string keys to structs that embed a map_node.
 *
 * Keyed with SipHash (libsodium's crypto_shorthash) under a key given at init, so that peers cannot choose
 * colliding keys. Chained; doubles when full and halves when an eighth full. One owner, no locking.
 */
#ifndef PARLEY_BASE_MAP_H
#define PARLEY_BASE_MAP_H

#include "base/compiler.h"

#include <stddef.h>
#include <stdint.h>

#define MAP_HASH_KEY_BYTES 16

struct map_node {
	struct map_node *next;
	uint64_t hash;
	const void *key; /* owned by the embedding struct; must not change while in the map */
	size_t key_len;
};

struct map {
	struct map_node **slots;
	size_t n_slots; /* a power of two, or 0 before the first insert */
	size_t count;
	size_t first; /* no slot below it has nodes */
	uint8_t hash_key[MAP_HASH_KEY_BYTES];
};

/** map_init() - empty. @hash_key: MAP_HASH_KEY_BYTES random bytes. */
void map_init(struct map *m, const uint8_t *hash_key);

/** map_deinit() - free the table; asserts that the map is empty. */
void map_deinit(struct map *m);

/**
 * map_insert() - add @node under @key, which must stay valid and unchanged while it is in
 * Return: 0; -EEXIST; -ENOMEM (then nothing has changed).
 */
int map_insert(struct map *m, struct map_node *node, const void *key, size_t key_len) MUST_CHECK;

/** map_find() - Return: the node, or NULL. */
struct map_node *map_find(const struct map *m, const void *key, size_t key_len);

/** map_remove() - @node must be in @m. Never fails. */
void map_remove(struct map *m, struct map_node *node);

/** map_first() - any node, or NULL; with map_remove(), for draining. */
struct map_node *map_first(struct map *m);

#endif
