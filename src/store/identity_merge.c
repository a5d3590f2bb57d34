/* SPDX-License-Identifier: Apache-2.0 */
/* identity_merge.c: merges runs into one file, day by day, in bounded memory: one window of 64 KiB
 * per run, and summaries and filter of one day. */
#include <stdlib.h>
#include <string.h>

#include "store/identity_run.h"
#include "store/identity_writer.h"

/* One run's cells of the day that is being merged. */
struct source {
	struct run *run;
	struct section *section;
	uint32_t block; /* the next to be read */
	const struct cell *at, *end;
	bool was_loaded;
};

struct merge {
	struct writer *writer;
	bool (*drop)(void *ctx, const struct cell *cell);
	void *ctx;
	int32_t first_day;
	struct source *heap; /* the smallest cell first */
	uint32_t n;
	uint64_t total; /* cells of the day */
};

void block_summary(struct block *block, const struct cell *cells, uint32_t n)
{
	uint32_t stored = 0, disjoint = 0, next = 0;
	for (uint32_t i = 0; i < n; i++) {
		stored += cell_stored(&cells[i]);
		disjoint += !cell_overlaps(&cells[i]);
		if (cell_stored(&cells[i]) && cells[i].copy >= next)
			next = cells[i].copy + 1;
	}
	*block = (struct block){.first = cells[0],
		.next_copy = next,
		.stored = (uint16_t)stored,
		.disjoint = (uint16_t)disjoint};
}

struct run *run_in_memory(
	struct cell *cells, uint64_t room, const struct section *sections, uint32_t nsections)
{
	struct run *run = xcalloc(1, sizeof(*run));
	run->fd = -1;
	run->memory = cells;
	run->room = room;
	run->nsections = nsections;
	run->sections = xcalloc(nsections, sizeof(*sections));
	for (uint32_t i = 0; i < nsections; i++) {
		struct section *s = &run->sections[i];
		*s = (struct section){.day = sections[i].day, .count = sections[i].count};
		s->nblocks = (uint32_t)((s->count + BLOCK_CELLS - 1) / BLOCK_CELLS);
		s->cells = cells;
		cells += s->count;
		run->info.entries += s->count;
	}
	return run;
}

/* 1 = there is a cell at source->at, 0 = the section is at its end. */
static int source_fill(struct source *source, struct err *err)
{
	if (source->section->cells && !source->at) {
		source->at = source->section->cells;
		source->end = source->at + source->section->count;
		source->block = source->section->nblocks;
		return 1;
	}
	if (source->block == source->section->nblocks)
		return 0;
	source->at = run_block(source->run, source->section, source->block, err);
	if (!source->at)
		return -1;
	source->end = source->at + block_cells(source->section, source->block);
	source->block++;
	return 1;
}

static void sift_down(struct merge *m, uint32_t i)
{
	struct source moved = m->heap[i];
	for (;;) {
		uint32_t child = 2 * i + 1;
		if (child >= m->n)
			break;
		if (child + 1 < m->n && cell_before(m->heap[child + 1].at, m->heap[child].at))
			child++;
		if (!cell_before(m->heap[child].at, moved.at))
			break;
		m->heap[i] = m->heap[child];
		i = child;
	}
	m->heap[i] = moved;
}

static void source_end(struct source *source)
{
	if (!source->was_loaded)
		run_unload_section(source->run, source->section);
}

/* Takes the smallest cells that come from one block in a row; at least one. */
static int merge_step(struct merge *m, struct err *err)
{
	struct source *top = &m->heap[0];
	const struct cell *next = NULL; /* the smallest of the others */
	if (m->n > 1)
		next = m->heap[1].at;
	if (m->n > 2 && cell_before(m->heap[2].at, next))
		next = m->heap[2].at;
	const struct cell *from = top->at;
	bool dropped = false;
	do {
		dropped = m->drop && m->drop(m->ctx, top->at);
		top->at++;
	} while (!dropped && top->at < top->end && (!next || !cell_before(next, top->at)));
	uint32_t n = (uint32_t)(top->at - from) - dropped;
	if (n && writer_add(m->writer, from, n, err) < 0)
		return -1;
	if (top->at == top->end) {
		int rc = source_fill(top, err);
		if (rc < 0)
			return -1;
		if (rc == 0) {
			source_end(top);
			m->heap[0] = m->heap[--m->n];
		}
	}
	if (m->n > 1)
		sift_down(m, 0);
	return 0;
}

static int merge_day(struct merge *m, int32_t day, struct err *err)
{
	for (uint32_t i = m->n / 2; i-- > 0;)
		sift_down(m, i);
	writer_day(m->writer, day, m->total);
	while (m->n > 0) {
		if (merge_step(m, err) < 0)
			return -1;
	}
	return writer_day_end(m->writer, err);
}

static int add_source(struct merge *m, struct run *run, struct section *section, struct err *err)
{
	struct source *source = &m->heap[m->n];
	*source = (struct source){
		.run = run, .section = section, .was_loaded = section->blocks != NULL};
	if (run_load(run, section, err) < 0 || source_fill(source, err) < 0)
		return -1;
	m->n++;
	m->total += section->count;
	return 0;
}

static void skip_old(const struct run *run, int32_t first_day, uint32_t *next)
{
	while (*next < run->nsections && run->sections[*next].day != ID_NO_DAY &&
		run->sections[*next].day < first_day)
		++*next;
}

/* Merges the earliest day that `next` points at in any run. 1 = did one, 0 = none is left. */
static int merge_next(
	struct merge *m, struct run *const *runs, uint32_t n, uint32_t *next, struct err *err)
{
	int64_t day = INT64_MAX;
	for (uint32_t i = 0; i < n; i++) {
		skip_old(runs[i], m->first_day, &next[i]);
		if (next[i] < runs[i]->nsections && runs[i]->sections[next[i]].day < day)
			day = runs[i]->sections[next[i]].day;
	}
	if (day == INT64_MAX)
		return 0;
	m->n = 0;
	m->total = 0;
	for (uint32_t i = 0; i < n; i++) {
		if (next[i] == runs[i]->nsections || runs[i]->sections[next[i]].day != day)
			continue;
		if (add_source(m, runs[i], &runs[i]->sections[next[i]++], err) < 0)
			return -1;
	}
	return merge_day(m, (int32_t)day, err) < 0 ? -1 : 1;
}

int run_merge(struct run *const *runs, uint32_t n, const char *dir, const char *name,
	bool (*drop)(void *ctx, const struct cell *cell), void *ctx, int32_t first_day,
	struct id_run *info, struct err *err)
{
	struct merge m = {.drop = drop, .ctx = ctx, .first_day = first_day};
	if (writer_open(dir, name, &m.writer, err) < 0)
		return -1;
	m.heap = xcalloc(n, sizeof(*m.heap));
	uint32_t *next = xcalloc(n, sizeof(*next));
	int rc;
	do {
		rc = merge_next(&m, runs, n, next, err);
	} while (rc > 0);
	if (rc == 0)
		rc = writer_finish(m.writer, info, err);
	writer_free(m.writer);
	free(m.heap);
	free(next);
	return rc;
}
