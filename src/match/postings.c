/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postings.c: the rows that hold each distinct value of a column, for many programs: the rows of a few values are
 * then found by touching them alone, and not each row of the batch (each element, where the column lies in
 * a list). Values of many rows have a bitmap besides, which is 64 rows at a step. Made when a column was asked
 * some times: few rules on a column are better off without.
 */
#include "match/private.h"

enum {
	ASKED_BEFORE = 12, /* a column's passes before; making costs about as much as so many */
	ASKED_LISTS = 3,
	OFTEN = 64, /* a value of more than one row in so many has a bitmap */
	FEW = 2, /* one row in so many, of those without a bitmap: more are better found by a pass over the codes.
	            Not in lists, whose elements would have to be made rows afterwards */
};

/* Rows by values: counted, then placed. */
static void place_rows(struct postings *p, const struct column *col, const uint32_t *list,
	uint32_t nrows, uint32_t *rows, uint32_t *at)
{
	uint32_t sum = 0;
	for (uint32_t i = 0; i < col->n; i++) {
		if (col->codes[i] < col->ndistinct)
			at[col->codes[i]]++;
	}
	for (uint32_t d = 0; d <= col->ndistinct; d++) {
		uint32_t n = at[d];
		at[d] = sum;
		sum += n;
	}
	for (uint32_t r = 0; r < nrows; r++) {
		for (uint32_t i = list ? list[r] : r; i < (list ? list[r + 1] : r + 1); i++) {
			if (col->codes[i] < col->ndistinct)
				rows[at[col->codes[i]]++] = r;
		}
	}
	p->rows = rows;
}

static void make(
	struct run *run, struct postings *p, const struct column *col, const uint32_t *list)
{
	uint32_t nrows = run->input->batch->nrows, nvalues = col->ndistinct;
	uint32_t *first = arena_zalloc(run->mem, (size_t)nvalues + 2, sizeof(*first));
	/* first + 1: where each value's rows begin, then where its next row goes, in the end where they end. */
	place_rows(p, col, list, nrows, arena_alloc(run->mem, col->n * sizeof(*p->rows) + 1),
		first + 1);
	p->first = first;
	p->often = arena_zalloc(run->mem, nvalues, sizeof(uint64_t *));
	for (uint32_t d = 0; d < nvalues; d++) {
		if (first[d + 1] - first[d] <= nrows / OFTEN)
			continue;
		p->often[d] = arena_zalloc(run->mem, bits_words(nrows), sizeof(uint64_t));
		for (uint32_t i = first[d]; i < first[d + 1]; i++)
			bit_set(p->often[d], p->rows[i]);
	}
}

/* Adds the rows of a value. */
static void add_rows(const struct postings *p, uint32_t d, uint64_t *out, uint32_t nrows)
{
	const uint64_t *often = p->often[d];
	for (size_t w = 0; often && w < bits_words(nrows); w++)
		out[w] |= often[w];
	for (uint32_t i = p->first[d]; !often && i < p->first[d + 1]; i++)
		bit_set(out, p->rows[i]);
}

/* Rows that hold one of the values. False where they are too many. */
static bool collect(const struct postings *p, const struct probe_state *state, uint32_t nvalues,
	uint32_t most, const uint64_t *among, uint64_t *out, uint32_t nrows)
{
	uint32_t total = 0;
	bits_none(out, nrows);
	for (size_t w = 0; w < bits_words(nvalues); w++) {
		for (uint64_t word = state->bits[w]; word; word &= word - 1) {
			uint32_t d = (uint32_t)(w * 64) + (uint32_t)__builtin_ctzll(word);
			total += p->often[d] ? nrows / OFTEN : p->first[d + 1] - p->first[d];
			if (total > most)
				return false;
			add_rows(p, d, out, nrows);
		}
	}
	for (size_t w = 0; w < bits_words(nrows); w++)
		out[w] &= among[w];
	return true;
}

bool posting_rows(struct run *run, const struct probe *probe, const uint64_t *among, uint64_t *out)
{
	const struct source *source = &run->program->set->sources[probe->source];
	const struct column *col = &run->input->batch->columns[source->column];
	uint32_t nrows = run->input->batch->nrows;
	if (!run->keeps || !run->probes[probe->id].done ||
		!input_load(run, source->column, MATCH_ROWS))
		return false;
	uint32_t n = run_size(run, source->group);
	struct postings *p = &run->scratch->kept.postings[source->column];
	if (col->plain || !col->codes || col->n != n || n == 0)
		return false;
	if (!p->first && p->asked++ < (source->group == NO_GROUP ? ASKED_BEFORE : ASKED_LISTS))
		return false;
	if (!p->first)
		make(run, p, col, source->group == NO_GROUP ? NULL : run_list(run, source->group));
	uint32_t most = source->group == NO_GROUP ? n / FEW : UINT32_MAX;
	return collect(p, &run->probes[probe->id], col->ndistinct, most, among, out, nrows);
}
