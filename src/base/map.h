/* SPDX-License-Identifier: Apache-2.0 */
/*
 * map.h: a hash map from bytes to a 64-bit value, keyed per process (hash.h). Keys are copied
 * into the map's own arena. Iteration is in order of insertion.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"

struct map_entry {
	struct slice key; /* in the map's arena */
	uint64_t hash;
	uint64_t value;
};

struct map {
	struct arena keys;
	struct map_entry *entries; /* in order of insertion */
	uint32_t count, cap;
	uint32_t *slots; /* index + 1 into entries, 0 = free; a power of two of them */
	uint32_t slot_mask;
};

/* An empty map; a zeroed struct is one too. */
void map_init(struct map *map);
/* Frees everything; the map is empty and usable again. */
void map_fini(struct map *map);

/* The value of `key`, borrowed until the next map_put, or NULL. */
uint64_t *map_get(const struct map *map, struct slice key);
/* The value of `key`, inserted as 0 where it was missing; *was_new (may be NULL) tells which.
 * Borrowed until the next map_put. */
uint64_t *map_put(struct map *map, struct slice key, bool *was_new);
/* As map_put(map, keys[i], …) for n keys in turn: indexes[i] is the place of its entry in `entries`. Memory is fetched ahead, so that a map that lies in no near cache is asked a good deal faster. */
void map_put_all(struct map *map, const struct slice *keys, uint32_t n, uint32_t *indexes);

#endif
