/* SPDX-License-Identifier: Apache-2.0 */
/* set_ask.c: a batch under many programs: the values of a source are folded once and asked for all
 * literals; what they find is the state of the probes that the literals belong to. */
#include "match/literals.h"
#include "match/private.h"
#include "match/text_private.h"

#include <stdlib.h>

struct asking {
	struct run *run;
	const struct source_index *index;
	const struct derived *derived; /* of a path: texts, which belong to values; else NULL */
	uint32_t nvalues;
	const char *heap; /* the texts as they are */
	const uint32_t *off;
};

/* The value that a text of a path was found in. */
static uint32_t owner_of(const struct derived *d, uint32_t text)
{
	uint32_t low = 0, high = d->nvalues;
	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;
		if (d->first[middle] <= text)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static void literal_found(void *ctx, uint32_t literal, uint32_t value)
{
	struct asking *a = ctx;
	struct kept *kept = &a->run->scratch->kept;
	if (a->derived)
		value = owner_of(a->derived, value);
	for (uint32_t u = a->index->first[literal]; u < a->index->first[literal + 1]; u++) {
		uint32_t probe = a->index->users[u];
		struct probe_state *state = &kept->probes[probe];
		if (!state->bits) {
			state->bits = arena_zalloc(
				&kept->mem, bits_words(a->nvalues) + 1, sizeof(*state->bits));
			kept->touched[kept->ntouched++] = probe;
		}
		bit_set(state->bits, value);
	}
}

/* The values as they are compared: *heap and *off become those of the folded ones. */
static void fold_values(struct kept *kept, const char **heap, const uint32_t **off, uint32_t n)
{
	const struct text_simd *simd = text_simd_best();
	const char *end = *heap + (*off)[n];
	buf_clear(&kept->folded);
	if (!simd->find_high(*heap, end)) {
		char *to = buf_reserve(&kept->folded, (*off)[n] + 1);
		simd->lower(to, *heap, (*off)[n]);
		*heap = to;
		return;
	}
	if (kept->off_cap < (size_t)n + 1) {
		kept->off_cap = (size_t)n + 1;
		kept->off = xrealloc(kept->off, kept->off_cap * sizeof(*kept->off));
	}
	for (uint32_t i = 0; i < n; i++) {
		kept->off[i] = (uint32_t)kept->folded.len;
		text_fold(&kept->folded,
			(struct slice){*heap + (*off)[i], (*off)[i + 1] - (*off)[i]});
	}
	kept->off[n] = (uint32_t)kept->folded.len;
	*heap = kept->folded.ptr ? kept->folded.ptr : "";
	*off = kept->off;
}

/* Whether a value that has a literal passes indeed. */
static bool passes(const struct asking *a, const struct probe *probe, uint32_t value)
{
	struct match_scratch *scratch = a->run->scratch;
	const struct derived *d = a->derived;
	if (!d) {
		uint32_t begin = a->off[value];
		return probe_text(
			scratch, probe, (struct slice){a->heap + begin, a->off[value + 1] - begin});
	}
	for (uint32_t t = d->first[value]; t < d->first[value + 1]; t++) {
		if (probe_text(scratch, probe,
			    (struct slice){d->heap + d->off[t], d->off[t + 1] - d->off[t]}))
			return true;
	}
	return false;
}

static void verify(const struct asking *a, const struct probe *probe, uint64_t *bits)
{
	for (size_t w = 0; w < bits_words(a->nvalues); w++) {
		for (uint64_t word = bits[w]; word; word &= word - 1) {
			unsigned i = (unsigned)__builtin_ctzll(word);
			if (!passes(a, probe, (uint32_t)(w * 64) + i))
				bits[w] &= ~(UINT64_C(1) << i);
		}
	}
}

uint32_t index_most = UINT32_MAX / 4;

static bool ask_each(struct run *run, uint32_t number)
{
	const struct match_set *set = run->program->set;
	for (uint32_t i = 0; i < set->nprobes; i++) {
		if (set->info[i].indexed && set->probes[i].source == number &&
			!probe_ask(run, &set->probes[i]))
			return false;
	}
	return true;
}

bool source_ask(struct run *run, uint32_t number)
{
	const struct match_set *set = run->program->set;
	const struct source *source = &set->sources[number];
	struct kept *kept = &run->scratch->kept;
	struct asking a = {.run = run, .index = &set->index[number]};
	if (kept->asked[number] || !a.index->literals)
		return true;
	if (!input_load(run, source->column, MATCH_VALUES))
		return false;
	const struct column *col = &run->input->batch->columns[source->column];
	const char *heap = col->heap;
	const uint32_t *off = col->off;
	uint32_t n = a.nvalues = col->off ? col->ndistinct : 0;
	if (source->path.len) {
		a.derived = run_derived(run, number);
		if (!a.derived)
			return false;
		heap = a.derived->heap;
		off = a.derived->off;
		n = a.derived->n;
	}
	kept->asked[number] = true;
	kept->ntouched = 0;
	if (n == 0)
		return true;
	if (off[n] > index_most)
		return ask_each(run, number);
	a.heap = heap;
	a.off = off;
	fold_values(kept, &heap, &off, n);
	literal_index_run(a.index->literals, heap, off, n, literal_found, &a);
	for (uint32_t i = 0; i < kept->ntouched; i++) {
		const struct probe *probe = &set->probes[kept->touched[i]];
		struct probe_state *state = &kept->probes[probe->id];
		if (probe->test->literals->verify)
			verify(&a, probe, state->bits);
		state->count = bitmap_count(state->bits, a.nvalues);
		state->done = true;
	}
	return true;
}

/* ---- batches --------------------------------------------------------------------------------- */

static void keep(const struct match_set *set, struct kept *kept)
{
	struct arena *mem = &kept->mem;
	arena_reset(mem);
	kept->set = set;
	kept->loaded = arena_zalloc(mem, set->shape->ncolumns, 1);
	kept->probes = arena_zalloc(mem, set->nprobes, sizeof(*kept->probes));
	kept->touched = arena_alloc(mem, (set->nprobes + 1) * sizeof(*kept->touched));
	kept->derived = arena_zalloc(mem, set->nsources, sizeof(*kept->derived));
	kept->postings = arena_zalloc(mem, set->shape->ncolumns, sizeof(*kept->postings));
	kept->asked = arena_zalloc(mem, set->nsources, sizeof(*kept->asked));
	kept->ntouched = 0;
}

/* Whether the probe passes for any value of the batch. */
static bool met(const struct run *run, const struct probe *probe)
{
	const struct column *col =
		&run->input->batch->columns[run->program->set->sources[probe->source].column];
	if (probe->kind == PROBE_EXISTS)
		return col->off && col->ndistinct > 0;
	return run->probes[probe->id].count > 0;
}

static bool ask_watched(struct run *run, const struct match_set *set)
{
	for (uint32_t s = 0; s < set->nsources; s++) {
		if (!set->index[s].watched)
			continue;
		if (!input_load(run, set->sources[s].column, MATCH_VALUES) || !source_ask(run, s))
			return false;
	}
	return true;
}

int match_set_begin(const struct match_set *set, const struct match_input *input,
	struct match_scratch *scratch, uint64_t *candidates, struct err *err)
{
	struct kept *kept = &scratch->kept;
	memset(candidates, 0, bits_words(set->nprograms) * sizeof(*candidates));
	match_set_end(scratch);
	if (input->batch->nrows == 0 || set->nprograms == 0)
		return 0;
	keep(set, kept);
	struct run run = {.program = set->programs[0],
		.input = input,
		.scratch = scratch,
		.err = err,
		.keeps = true,
		.mem = &kept->mem,
		.loaded = kept->loaded,
		.probes = kept->probes,
		.derived = kept->derived};
	scratch->top = 0;
	if (!ask_watched(&run, set)) {
		match_set_end(scratch);
		return -1;
	}
	memcpy(candidates, set->always, bits_words(set->nprograms) * sizeof(*candidates));
	for (uint32_t i = 0; i < set->nprobes; i++) {
		const struct probe_info *info = &set->info[i];
		if (info->nwatchers == 0 || !met(&run, &set->probes[i]))
			continue;
		for (uint32_t w = 0; w < info->nwatchers; w++)
			bit_set(candidates, info->watchers[w]);
	}
	return 0;
}

void match_set_end(struct match_scratch *scratch)
{
	scratch->kept.set = NULL;
}
