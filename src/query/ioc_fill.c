/* SPDX-License-Identifier: Apache-2.0 */
/* ioc_fill.c: sightings put together to the answers of indicators, whatever they were read from. */
#include <stdlib.h>

#include "query/ioc_private.h"

/* An answer while it is put together. */
struct ioc_filling_state {
	uint64_t *by_table;
	/* the observable that was seen first, to know whether there is another */
	enum ioc_kind kind;
	struct slice key;
	struct slice *actors;
	uint64_t *hashes; /* of them */
	uint32_t room;
};

void ioc_filling_begin(struct ioc_filling *filling, struct ioc_answers *answers, struct arena *mem)
{
	/* Memory that is touched where something is found only. */
	filling->list = xcalloc(answers->n + (size_t)1, sizeof(*filling->list));
	filling->states = xcalloc(answers->n + (size_t)1, sizeof(*filling->states));
	filling->answers = answers;
	filling->mem = mem;
	answers->list = filling->list;
}

static int by_bytes(const void *a, const void *b)
{
	return slice_cmp(*(const struct slice *)a, *(const struct slice *)b);
}

void ioc_filling_end(struct ioc_filling *filling)
{
	/* Whatever order the runs came in. */
	for (uint32_t i = 0; i < filling->answers->n; i++)
		if (filling->list[i].nactors > 1)
			qsort(filling->states[i].actors, filling->list[i].nactors,
				sizeof(*filling->states[i].actors), by_bytes);
	free(filling->states);
	filling->states = NULL;
}

static void add_actor(struct ioc_answer *answer, struct ioc_filling_state *f,
	const struct ioc_naming *naming, uint32_t name, uint32_t before, uint32_t expected,
	struct arena *mem)
{
	uint64_t hash = naming->hashes[name];
	for (uint32_t i = 0; i < before; i++) {
		if (f->hashes[i] == hash && slice_eq(f->actors[i], naming->names[name]))
			return;
	}
	if (answer->nactors == SIGHTING_ACTORS) {
		answer->more_actors = true;
		return;
	}
	uint32_t n = answer->nactors;
	if (n == f->room) {
		f->room = n ? 2 * n : expected;
		struct slice *actors = arena_alloc(mem, f->room * sizeof(*actors));
		uint64_t *hashes = arena_alloc(mem, f->room * sizeof(*hashes));
		if (n) {
			memcpy(actors, f->actors, n * sizeof(*actors));
			memcpy(hashes, f->hashes, n * sizeof(*hashes));
		}
		answer->actors = f->actors = actors;
		f->hashes = hashes;
	}
	f->hashes[n] = hash;
	f->actors[answer->nactors++] = naming->names[name];
}

void ioc_fill(struct ioc_filling *filling, uint32_t indicator, uint32_t table,
	const struct sighting *s, const struct ioc_naming *naming)
{
	struct ioc_filling_state *f = &filling->states[indicator];
	struct ioc_answer *answer = &filling->list[indicator];
	if (answer->events == 0) {
		answer->first = INT64_MAX;
		answer->last = INT64_MIN;
		f->kind = s->kind;
		f->key = (struct slice){arena_strdup(filling->mem, s->key), s->key.len};
		answer->by_table = f->by_table =
			arena_zalloc(filling->mem, filling->answers->ntables, sizeof(*f->by_table));
	} else if (sorted_order(f->kind, f->key, s->kind, s->key) != 0) {
		answer->at_most = true;
	}
	answer->events += s->events;
	f->by_table[table] += s->events;
	answer->kinds |= 1u << s->kind;
	answer->more_actors |= s->more_actors;
	if (s->first <= s->last) {
		answer->first = s->first < answer->first ? s->first : answer->first;
		answer->last = s->last > answer->last ? s->last : answer->last;
	}
	/* Those of one sighting are distinct: only with the others there may be equal ones. */
	uint32_t before = answer->nactors;
	for (uint32_t i = 0; i < s->nactors; i++)
		add_actor(answer, f, naming, s->actors[i], before, s->nactors, filling->mem);
}
