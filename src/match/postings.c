/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postings.c: the rows that hold each distinct value of a column, for many programs: the rows of a few values are
 * then found by touching them alone, and not each row of the batch (each element, where the column lies in
 * a list). Made when a column is asked for the third time, since it costs about as much as some passes.
 */
#include "match/private.h"

enum {
	ASKED_BEFORE = 2,
	FEW = 8, /* one row in so many: more are better found by a pass over the codes. Not in lists, whose
	            elements would have to be made rows afterwards */
};

static void make(
	struct run *run, struct postings *p, const struct column *col, const uint32_t *list)
{
	uint32_t nrows = run->input->batch->nrows, nvalues = col->ndistinct;
	uint32_t *first = arena_zalloc(run->mem, (size_t)nvalues + 2, sizeof(*first));
	uint32_t *rows = arena_alloc(run->mem, col->n * sizeof(*rows) + 1);
	/* at[d]: where d's rows begin, then where its next row goes, in the end where d + 1 begins. */
	uint32_t *at = first + 1;
	for (uint32_t i = 0; i < col->n; i++) {
		if (col->codes[i] < nvalues)
			first[col->codes[i] + 1]++;
	}
	uint32_t sum = 0;
	for (uint32_t d = 0; d <= nvalues; d++) {
		uint32_t n = at[d];
		at[d] = sum;
		sum += n;
	}
	for (uint32_t r = 0; r < nrows; r++) {
		for (uint32_t i = list ? list[r] : r; i < (list ? list[r + 1] : r + 1); i++) {
			if (col->codes[i] < nvalues)
				rows[at[col->codes[i]]++] = r;
		}
	}
	p->first = first;
	p->rows = rows;
}

/* Rows that hold one of the values. False where they are too many. */
static bool collect(const struct postings *p, const struct probe_state *state, uint32_t nvalues,
	uint32_t most, const uint64_t *among, uint64_t *out, uint32_t nrows)
{
	uint32_t total = 0;
	for (size_t w = 0; w < bits_words(nvalues); w++) {
		for (uint64_t word = state->bits[w]; word; word &= word - 1) {
			uint32_t d = (uint32_t)(w * 64) + (uint32_t)__builtin_ctzll(word);
			total += p->first[d + 1] - p->first[d];
		}
		if (total > most)
			return false;
	}
	bits_none(out, nrows);
	for (size_t w = 0; w < bits_words(nvalues); w++) {
		for (uint64_t word = state->bits[w]; word; word &= word - 1) {
			uint32_t d = (uint32_t)(w * 64) + (uint32_t)__builtin_ctzll(word);
			for (uint32_t i = p->first[d]; i < p->first[d + 1]; i++) {
				if (bit_get(among, p->rows[i]))
					bit_set(out, p->rows[i]);
			}
		}
	}
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
	if (!p->first && p->asked++ < ASKED_BEFORE)
		return false;
	if (!p->first)
		make(run, p, col, source->group == NO_GROUP ? NULL : run_list(run, source->group));
	uint32_t most = source->group == NO_GROUP ? n / FEW : n;
	return collect(p, &run->probes[probe->id], col->ndistinct, most, among, out, nrows);
}
