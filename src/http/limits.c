/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limits.c: how often a password was tried, in memory that does not grow: sets of eight entries, chosen by the key. Of an entry all that
 * is kept is when it is as if there had been no try (the generic cell rate algorithm, as in ATM's): each try moves that on. Where a set is
 * full, who has tried least is forgotten, so that nobody can have his own tries forgotten by many other names.
 */
#include <pthread.h>
#include <stdlib.h>

#include "http/private.h"

enum { SETS = 1024, WAYS = 8 };
#define SECOND INT64_C(1000000)

struct entry {
	uint64_t key;
	int64_t clear; /* clock_mono_us: no try is held against it from then on; 0 = free */
};
struct limits {
	pthread_mutex_t lock;
	struct entry entries[SETS][WAYS];
};

struct limits *limits_new(void)
{
	struct limits *limits = xcalloc(1, sizeof(*limits));
	pthread_mutex_init(&limits->lock, NULL);
	return limits;
}

void limits_free(struct limits *limits)
{
	if (limits)
		pthread_mutex_destroy(&limits->lock);
	free(limits);
}

static struct entry *find(struct limits *limits, uint64_t key)
{
	struct entry *set = limits->entries[key % SETS], *least = set;
	for (unsigned i = 0; i < WAYS; i++) {
		if (set[i].clear && set[i].key == key)
			return &set[i];
		least = set[i].clear < least->clear ? &set[i] : least;
	}
	*least = (struct entry){.key = key};
	return least;
}

unsigned limits_take(struct limits *limits, uint64_t key, struct limit limit, int64_t now)
{
	const int64_t every = limit.every * SECOND, room = (limit.burst - 1) * every;
	pthread_mutex_lock(&limits->lock);
	struct entry *entry = find(limits, key);
	int64_t clear = entry->clear > now ? entry->clear : now, wait = clear - now - room;
	entry->clear = wait > 0 ? clear : clear + every;
	pthread_mutex_unlock(&limits->lock);
	return wait > 0 ? (unsigned)((wait + SECOND - 1) / SECOND) : 0;
}

void limits_give(struct limits *limits, uint64_t key, struct limit limit, bool all)
{
	pthread_mutex_lock(&limits->lock);
	struct entry *entry = find(limits, key);
	int64_t less = entry->clear - limit.every * SECOND;
	entry->clear = all || less < 0 ? 0 : less;
	pthread_mutex_unlock(&limits->lock);
}
