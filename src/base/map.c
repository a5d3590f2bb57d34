/* SPDX-License-Identifier: Apache-2.0 */
/* map.c: open addressing with linear probing over an index into an insertion-ordered array. */
#include "base/map.h"

#include <stdlib.h>

#include "base/hash.h"

void map_init(struct map *map)
{
	*map = (struct map){0};
}

void map_fini(struct map *map)
{
	arena_fini(&map->keys);
	free(map->entries);
	free(map->slots);
	map_init(map);
}

static uint32_t find_slot(const struct map *map, struct slice key, uint64_t hash)
{
	uint32_t slot = (uint32_t)hash & map->slot_mask;
	for (;; slot = (slot + 1) & map->slot_mask) {
		uint32_t index = map->slots[slot];
		if (index == 0)
			return slot;
		const struct map_entry *entry = &map->entries[index - 1];
		if (entry->hash == hash && slice_eq(entry->key, key))
			return slot;
	}
}

uint64_t *map_get(const struct map *map, struct slice key)
{
	if (map->count == 0)
		return NULL;
	uint32_t index = map->slots[find_slot(map, key, hash_bytes(key.ptr, key.len))];
	return index ? &map->entries[index - 1].value : NULL;
}

static void grow(struct map *map)
{
	uint32_t slots = map->slots ? (map->slot_mask + 1) * 2 : 16;
	map->cap = slots / 2;
	map->entries = xrealloc(map->entries, map->cap * sizeof(*map->entries));
	free(map->slots);
	map->slots = xcalloc(slots, sizeof(*map->slots));
	map->slot_mask = slots - 1;
	for (uint32_t i = 0; i < map->count; i++) {
		uint32_t slot = (uint32_t)map->entries[i].hash & map->slot_mask;
		while (map->slots[slot])
			slot = (slot + 1) & map->slot_mask;
		map->slots[slot] = i + 1;
	}
}

/* The place of the entry of that key. */
static uint32_t put(struct map *map, struct slice key, uint64_t hash)
{
	if (map->count == map->cap)
		grow(map);
	uint32_t slot = find_slot(map, key, hash);
	if (map->slots[slot] == 0) {
		struct map_entry *entry = &map->entries[map->count++];
		char *copy = arena_strdup(&map->keys, key);
		*entry = (struct map_entry){.key = {copy, key.len}, .hash = hash};
		map->slots[slot] = map->count;
	}
	return map->slots[slot] - 1;
}

uint64_t *map_put(struct map *map, struct slice key, bool *was_new)
{
	uint32_t before = map->count;
	uint32_t index = put(map, key, hash_bytes(key.ptr, key.len));
	if (was_new)
		*was_new = map->count > before;
	return &map->entries[index].value;
}

/* Three loads hang on one another: the slot, its entry, the entry's key. */
static void fetch(const struct map *map, const uint64_t *hashes, uint32_t i, uint32_t n)
{
	enum { STEP = 8 };
	if (map->count == 0)
		return;
	if (i + 3 * STEP < n)
		__builtin_prefetch(&map->slots[(uint32_t)hashes[i + 3 * STEP] & map->slot_mask]);
	if (i + 2 * STEP < n) {
		uint32_t index = map->slots[(uint32_t)hashes[i + 2 * STEP] & map->slot_mask];
		if (index)
			__builtin_prefetch(&map->entries[index - 1]);
	}
	if (i + STEP < n) {
		uint32_t index = map->slots[(uint32_t)hashes[i + STEP] & map->slot_mask];
		if (index)
			__builtin_prefetch(map->entries[index - 1].key.ptr);
	}
}

void map_put_all(struct map *map, const struct slice *keys, uint32_t n, uint32_t *indexes)
{
	uint64_t *hashes = xmalloc((n + (size_t)1) * sizeof(*hashes));
	for (uint32_t i = 0; i < n; i++)
		hashes[i] = hash_bytes(keys[i].ptr, keys[i].len);
	for (uint32_t i = 0; i < n; i++) {
		fetch(map, hashes, i, n);
		indexes[i] = put(map, keys[i], hashes[i]);
	}
	free(hashes);
}
