/* SPDX-License-Identifier: Apache-2.0 */
/* identity.c: the open identities of a table: the list of runs, the pending set's way to disk, and
 * which runs to merge. Judging is in identity_judge.c, the file format in identity_run.h. */
#include "store/identity.h"

#include <stdlib.h>
#include <string.h>

#include "store/identity_private.h"

int identity_open_runs(struct identity *identity, struct err *err)
{
	for (uint32_t i = 0; i < identity->nslots; i++) {
		struct slot *slot = &identity->slots[i];
		if (slot->run)
			continue;
		if (run_open(identity->dir, &slot->info, &slot->run, err) < 0)
			return -1;
		if (identity->nslots > FILES_MOST)
			run_close_file(slot->run);
	}
	return 0;
}

int identity_open(const char *dir, const struct id_run *runs, uint32_t nruns, struct identity **out,
	struct err *err)
{
	struct identity *identity = xcalloc(1, sizeof(*identity));
	identity->dir = xstrdup(dir);
	if (identity_reload(identity, runs, nruns, err) < 0) {
		identity_close(identity);
		return -1;
	}
	*out = identity;
	return 0;
}

/* Takes the open run of that name out of the old list, or NULL. */
static struct run *take_run(struct identity *identity, const struct id_run *info)
{
	for (uint32_t i = 0; i < identity->nslots; i++) {
		struct slot *slot = &identity->slots[i];
		if (slot->run && strcmp(slot->info.name, info->name) == 0 &&
			slot->info.bytes == info->bytes &&
			memcmp(slot->info.sha256, info->sha256, 32) == 0) {
			struct run *run = slot->run;
			slot->run = NULL;
			return run;
		}
	}
	return NULL;
}

int identity_reload(
	struct identity *identity, const struct id_run *runs, uint32_t nruns, struct err *err)
{
	struct slot *slots = xcalloc(nruns, sizeof(*slots));
	for (uint32_t i = 0; i < nruns; i++)
		slots[i] = (struct slot){runs[i], take_run(identity, &runs[i])};
	for (uint32_t i = 0; i < identity->nslots; i++)
		run_free(identity->slots[i].run);
	free(identity->slots);
	identity->slots = slots;
	identity->nslots = nruns;
	return identity_open_runs(identity, err);
}

void identity_close(struct identity *identity)
{
	if (!identity)
		return;
	for (uint32_t i = 0; i < identity->nslots; i++)
		run_free(identity->slots[i].run);
	shelf_clear(identity);
	for (uint32_t i = 0; i < SPARES; i++)
		free(identity->spares[i].cells);
	free(identity->slots);
	free(identity->shelves);
	free(identity->filter);
	free(identity->refs);
	free(identity->spare);
	free(identity->touched);
	free(identity->places);
	free(identity->dir);
	free(identity);
}

int identity_write(struct identity *identity, const char *name, struct id_run *run, struct err *err)
{
	*run = (struct id_run){0};
	if (identity->pending == 0)
		return 0;
	return run_merge(identity->shelves, identity->nshelves, identity->dir, name, NULL, NULL,
		INT32_MIN, run, err);
}

void identity_committed(struct identity *identity, const struct id_run *run)
{
	shelf_clear(identity);
	if (run->entries == 0)
		return;
	identity->slots =
		xrealloc(identity->slots, (identity->nslots + 1) * sizeof(*identity->slots));
	identity->slots[identity->nslots++] = (struct slot){.info = *run};
	/* It is committed whether it can be opened now or not; judging tries again, and reports. */
	(void)identity_open_runs(identity, NULL);
}

void identity_discard(struct identity *identity)
{
	shelf_clear(identity);
}

/* A day and a run that covers it. */
struct cover {
	int64_t day;
	uint64_t entries;
	uint32_t slot;
};

static int by_day_and_size(const void *left, const void *right)
{
	const struct cover *a = left, *b = right;
	if (a->day != b->day)
		return a->day < b->day ? -1 : 1;
	if (a->entries != b->entries)
		return a->entries < b->entries ? -1 : 1;
	return a->slot < b->slot ? -1 : a->slot > b->slot;
}

/* The small ones first, as long as the next is not more than twice what is there: then each entry
 * is rewritten a number of times that grows with the logarithm of the whole. */
static uint32_t take_tier(const struct cover *covers, uint32_t n, uint32_t *indexes, uint32_t max)
{
	uint64_t sum = 0;
	uint32_t taken = 0;
	while (taken < n && taken < max && (taken < 2 || covers[taken].entries <= 2 * sum)) {
		sum += covers[taken].entries;
		indexes[taken] = covers[taken].slot;
		taken++;
	}
	return taken;
}

/* The day that most runs cover. */
static const struct cover *worst_day(const struct cover *covers, uint32_t n, uint32_t *most)
{
	const struct cover *worst = covers;
	*most = 0;
	for (uint32_t i = 0, from = 0; i <= n; i++) {
		if (i < n && covers[i].day == covers[from].day)
			continue;
		if (i - from > *most) {
			*most = i - from;
			worst = covers + from;
		}
		from = i;
	}
	return worst;
}

uint32_t identity_merge_plan(const struct identity *identity, uint32_t *indexes, uint32_t max)
{
	uint32_t total = 0, n = 0, most;
	for (uint32_t i = 0; i < identity->nslots; i++)
		total += identity->slots[i].run ? identity->slots[i].run->nsections : 0;
	if (max < 2 || total == 0 || identity->nslots <= DAY_RUNS_MOST)
		return 0;
	struct cover *covers = xmalloc((total + identity->nslots) * sizeof(*covers));
	for (uint32_t i = 0; i < identity->nslots; i++) {
		const struct run *run = identity->slots[i].run;
		for (uint32_t s = 0; run && s < run->nsections; s++)
			covers[n++] = (struct cover){run->sections[s].day, run->info.entries, i};
	}
	qsort(covers, n, sizeof(*covers), by_day_and_size);
	uint32_t taken = 0;
	const struct cover *worst = worst_day(covers, n, &most);
	if (most > DAY_RUNS_MOST) {
		taken = take_tier(worst, most, indexes, max);
	} else if (identity->nslots > RUNS_MOST) {
		n = 0;
		for (uint32_t i = 0; i < identity->nslots; i++) {
			if (identity->slots[i].run)
				covers[n++] = (struct cover){0, identity->slots[i].info.entries, i};
		}
		qsort(covers, n, sizeof(*covers), by_day_and_size);
		taken = take_tier(covers, n, indexes, max < MERGE_MOST ? max : MERGE_MOST);
	}
	free(covers);
	return taken >= 2 ? taken : 0;
}

/* The caller's closed() may ask a database: answers are kept for the containers seen last. */
struct closed_cache {
	bool (*closed)(void *ctx, uint32_t container);
	void *ctx;
	struct {
		uint32_t container;
		bool valid, closed;
	} answers[256];
};

static bool over(void *ctx, const struct cell *cell)
{
	struct closed_cache *cache = ctx;
	if (cell_stored(cell) || !cell_overlaps(cell))
		return false;
	uint32_t i = cell->container % 256;
	if (!cache->answers[i].valid || cache->answers[i].container != cell->container) {
		cache->answers[i].container = cell->container;
		cache->answers[i].closed = cache->closed(cache->ctx, cell->container);
		cache->answers[i].valid = true;
	}
	return cache->answers[i].closed;
}

int identity_merge(struct identity *identity, const uint32_t *indexes, uint32_t n, const char *name,
	bool (*closed)(void *ctx, uint32_t container), void *ctx, int32_t first_day,
	struct id_run *run, struct err *err)
{
	struct run **runs = xcalloc(n, sizeof(struct run *));
	struct closed_cache cache = {.closed = closed, .ctx = ctx};
	int rc = 0;
	for (uint32_t i = 0; i < n && rc == 0; i++)
		rc = run_open(identity->dir, &identity->slots[indexes[i]].info, &runs[i], err);
	if (rc == 0)
		rc = run_merge(runs, n, identity->dir, name, closed ? over : NULL, &cache,
			first_day, run, err);
	for (uint32_t i = 0; i < n; i++)
		run_free(runs[i]);
	free(runs);
	return rc;
}
