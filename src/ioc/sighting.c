/* SPDX-License-Identifier: Apache-2.0 */
/* sighting.c: sheets, and several sets of sightings merged into one. */
#include "ioc/sighting.h"

#include <stdlib.h>

void sheet_fini(struct sheet *sheet)
{
	arena_fini(&sheet->mem);
	*sheet = (struct sheet){0};
}

static int sheet_next(void *ctx, const struct sighting **sighting, struct err *err)
{
	(void)err;
	struct sheet_reader *reader = ctx;
	if (reader->at == reader->sheet->n)
		return 0;
	*sighting = &reader->sheet->list[reader->at++];
	return 1;
}

struct sighting_source sheet_source(struct sheet_reader *reader, const struct sheet *sheet)
{
	*reader = (struct sheet_reader){.sheet = sheet};
	return (struct sighting_source){sheet_next, reader, sheet->names, sheet->nnames};
}

/* ---- names ----------------------------------------------------------------------------------- */

static int by_bytes(const void *left, const void *right)
{
	return slice_cmp(*(const struct slice *)left, *(const struct slice *)right);
}

struct slice *sighting_names(
	const struct sighting_source *sources, uint32_t n, struct arena *mem, uint32_t *nnames)
{
	size_t all = 0, kept = 0;
	for (uint32_t i = 0; i < n; i++)
		all += sources[i].nnames;
	struct slice *names = arena_alloc(mem, (all + 1) * sizeof(*names));
	for (uint32_t i = 0; i < n; i++) {
		if (sources[i].nnames)
			memcpy(names + kept, sources[i].names, sources[i].nnames * sizeof(*names));
		kept += sources[i].nnames;
	}
	if (n > 1)
		qsort(names, all, sizeof(*names), by_bytes);
	kept = 0;
	for (size_t i = 0; i < all && kept < SIGHTING_NAMES; i++) {
		if (kept == 0 || !slice_eq(names[kept - 1], names[i]))
			names[kept++] = names[i];
	}
	*nnames = (uint32_t)kept;
	return names;
}

/* The place of each of a source's names among all; UINT32_MAX = not there. Both ascend. */
static uint32_t *place_names(
	const struct sighting_source *source, const struct slice *names, uint32_t nnames)
{
	uint32_t *places = xmalloc((source->nnames + (size_t)1) * sizeof(*places)), at = 0;
	for (uint32_t i = 0; i < source->nnames; i++) {
		while (at < nnames && slice_cmp(names[at], source->names[i]) < 0)
			at++;
		bool there = at < nnames && slice_eq(names[at], source->names[i]);
		places[i] = there ? at : UINT32_MAX;
	}
	return places;
}

/* ---- merging --------------------------------------------------------------------------------- */

struct head {
	const struct sighting *at; /* the next one */
	const struct sighting_source *source;
	uint32_t *places;
};
struct merge {
	struct head *heap; /* the smallest first */
	uint32_t n;
	/* the one being put together */
	struct sighting sum;
	char key[IOC_KEY_MAX];
	uint32_t actors[SIGHTING_ACTORS], other[SIGHTING_ACTORS];
};

static bool before(const struct head *a, const struct head *b)
{
	return sorted_order(a->at->kind, a->at->key, b->at->kind, b->at->key) < 0;
}

static void sift_down(struct merge *m, uint32_t i)
{
	struct head moved = m->heap[i];
	for (;;) {
		uint32_t child = 2 * i + 1;
		if (child >= m->n)
			break;
		child += child + 1 < m->n && before(&m->heap[child + 1], &m->heap[child]);
		if (!before(&m->heap[child], &moved))
			break;
		m->heap[i] = m->heap[child];
		i = child;
	}
	m->heap[i] = moved;
}

/* Adds actors, which ascend as ours do. */
static void add_actors(struct merge *m, const struct sighting *s, const uint32_t *places)
{
	uint32_t a = 0, b = 0, n = 0;
	m->sum.more_actors |= s->more_actors;
	memcpy(m->other, m->actors, m->sum.nactors * sizeof(*m->actors));
	while (a < m->sum.nactors || b < s->nactors) {
		uint32_t next = b < s->nactors ? places[s->actors[b]] : UINT32_MAX;
		if (b < s->nactors && next == UINT32_MAX) { /* one name too many */
			m->sum.more_actors = true;
			b++;
			continue;
		}
		uint32_t ours = a < m->sum.nactors ? m->other[a] : UINT32_MAX;
		uint32_t take = ours < next ? ours : next;
		a += ours == take;
		b += next == take;
		if (n == SIGHTING_ACTORS) {
			m->sum.more_actors = true;
			break;
		}
		m->actors[n++] = take;
	}
	m->sum.nactors = n;
}

static void begin_sum(struct merge *m, const struct sighting *s)
{
	memcpy(m->key, s->key.ptr, s->key.len);
	m->sum = (struct sighting){.kind = s->kind,
		.key = {m->key, s->key.len},
		.first = INT64_MAX,
		.last = INT64_MIN,
		.actors = m->actors};
}

static void add_sum(struct merge *m, const struct head *head)
{
	const struct sighting *s = head->at;
	m->sum.events += s->events;
	if (s->first <= s->last) {
		m->sum.first = s->first < m->sum.first ? s->first : m->sum.first;
		m->sum.last = s->last > m->sum.last ? s->last : m->sum.last;
	}
	/* Those that were freed have left the heap. NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
	add_actors(m, s, head->places);
}

/* The next of the smallest head; gone from the heap where there is none. */
static int advance(struct merge *m, struct err *err)
{
	struct head *top = &m->heap[0];
	int rc = top->source->next(top->source->ctx, &top->at, err);
	if (rc < 0)
		return -1;
	if (rc == 0) {
		free(top->places);
		*top = m->heap[--m->n];
	}
	if (m->n > 0)
		sift_down(m, 0);
	return 0;
}

static int merge_begin(struct merge *m, const struct sighting_source *sources, uint32_t n,
	const struct slice *names, uint32_t nnames, struct err *err)
{
	m->heap = xcalloc(n + (size_t)1, sizeof(*m->heap));
	for (uint32_t i = 0; i < n; i++) {
		const struct sighting *first;
		int rc = sources[i].next(sources[i].ctx, &first, err);
		if (rc < 0)
			return -1;
		if (rc == 0)
			continue;
		m->heap[m->n++] =
			(struct head){first, &sources[i], place_names(&sources[i], names, nnames)};
	}
	for (uint32_t i = m->n / 2; i-- > 0;)
		sift_down(m, i);
	return 0;
}

int sightings_merge(const struct sighting_source *sources, uint32_t n, const struct slice *names,
	uint32_t nnames, int (*each)(void *ctx, const struct sighting *sighting, struct err *err),
	void *ctx, struct err *err)
{
	struct merge *m = xcalloc(1, sizeof(*m));
	int rc = merge_begin(m, sources, n, names, nnames, err);
	while (rc == 0 && m->n > 0) {
		begin_sum(m, m->heap[0].at);
		while (rc == 0 && m->n > 0 &&
			sorted_order(m->heap[0].at->kind, m->heap[0].at->key, m->sum.kind,
				m->sum.key) == 0) {
			add_sum(m, &m->heap[0]);
			rc = advance(m, err);
		}
		if (rc == 0)
			rc = each(ctx, &m->sum, err);
	}
	for (uint32_t i = 0; i < m->n; i++)
		free(m->heap[i].places);
	free(m->heap);
	free(m);
	return rc;
}
