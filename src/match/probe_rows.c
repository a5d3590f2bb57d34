/* SPDX-License-Identifier: Apache-2.0 */
/* probe_rows.c: a test on a column becomes bits of its rows (of its elements, where it lies in a
 * list). */
#include "match/private.h"

/* Keeps of `out` (all rows to look at) those for which `passes` says so. */
typedef bool row_test(struct run *run, const struct probe *probe, const struct column *col,
	enum col_type type, uint32_t row);

static void keep_rows(struct run *run, const struct probe *probe, const struct column *col,
	enum col_type type, row_test *passes, uint32_t n, uint64_t *out)
{
	for (size_t w = 0; w < bits_words(n); w++) {
		uint64_t word = out[w], keep = 0;
		while (word) {
			unsigned i = (unsigned)__builtin_ctzll(word);
			word &= word - 1;
			if (passes(run, probe, col, type, (uint32_t)(w * 64) + i))
				keep |= UINT64_C(1) << i;
		}
		out[w] = keep;
	}
}

/* ---- strings --------------------------------------------------------------------------------- */

static bool plain_passes(struct run *run, const struct probe *probe, const struct column *col,
	enum col_type type, uint32_t row)
{
	(void)type;
	return probe_text(run->scratch, probe, column_text(col, row));
}

static bool path_passes(struct run *run, const struct probe *probe, const struct column *col,
	enum col_type type, uint32_t row)
{
	(void)type;
	return probe_path(run, probe, column_text(col, row));
}

/* Each row has its own text: all of them at once, or, where few rows matter, only those. */
static bool plain_rows(struct run *run, const struct probe *probe, const struct column *col,
	uint32_t n, const uint64_t *among, uint64_t *out)
{
	bool path = run->program->set->sources[probe->source].path.len > 0;
	bits_not_null(out, among, col->nulls, n);
	if (probe->kind == PROBE_EXISTS && !path)
		return true;
	if (!probe_known(run, probe) && bitmap_count(out, n) < n / 8) {
		keep_rows(run, probe, col, COL_STRING, path ? path_passes : plain_passes, n, out);
		return true;
	}
	const struct probe_state *state = probe_values(run, probe);
	for (size_t w = 0; state && w < bits_words(n); w++)
		out[w] &= state->bits[w];
	return state != NULL;
}

static bool dictionary_rows(struct run *run, const struct probe *probe, const struct column *col,
	uint32_t n, const uint64_t *among, uint64_t *out)
{
	const struct source *source = &run->program->set->sources[probe->source];
	if (probe->kind == PROBE_EXISTS && !source->path.len) {
		codes_present(col->codes, n, among, out);
		return true;
	}
	if (!probe_known(run, probe) && probe_defers(run, probe, col->ndistinct) &&
		bitmap_count(among, n) < col->ndistinct / 8) {
		codes_present(col->codes, n, among, out);
		keep_rows(run, probe, col, COL_STRING,
			source->path.len ? path_passes : plain_passes, n, out);
		return true;
	}
	const struct probe_state *state = probe_values(run, probe);
	if (state)
		codes_pass(col->codes, n, state->bits, col->ndistinct, state->count, among, out);
	return state != NULL;
}

/* ---- other types ----------------------------------------------------------------------------- */

static bool in_spans(struct run *run, const struct probe *probe, const struct column *col,
	enum col_type type, uint32_t row)
{
	(void)run;
	u128 key = type == COL_UUID   ? load128(col->uuid[row])
		   : type == COL_BOOL ? key_of(col->bools[row])
				      : key_of(col->i64[row]);
	return spans_has(&probe->spans, key);
}

/* Rows of `among` whose text as printed passes, a few words of them at a time; of the others
 * anything may be said. */
static void printed_rows(struct run *run, const struct probe *probe, const struct column *col,
	enum col_type type, uint32_t n, const uint64_t *among, uint64_t *out)
{
	enum { WORDS = 8, ROWS = WORDS * 64 };
	char *heap = arena_alloc(&run->scratch->mem, ROWS * PRINT_MAX);
	uint32_t off[ROWS + 1] = {0};
	for (uint32_t from = 0; from < n; from += ROWS) {
		uint32_t count = n - from < ROWS ? n - from : ROWS;
		size_t word = from / 64;
		if (bits_empty(among + word, count)) {
			bits_none(out + word, count);
			continue;
		}
		for (uint32_t i = 0; i < count; i++) {
			off[i + 1] = off[i];
			if (bit_get(among, from + i))
				off[i + 1] +=
					(uint32_t)print_value(col, type, from + i, heap + off[i]);
		}
		text_test_values(probe->printed, run->scratch->text, heap, off, count, out + word);
	}
}

/* By value, and those that are left as printed. */
static void value_rows(struct run *run, const struct probe *probe, const struct column *col,
	enum col_type type, uint32_t n, uint64_t *out)
{
	const struct spans *spans = &probe->spans;
	bool number = type != COL_UUID && type != COL_BOOL;
	uint64_t *left = bits_take(run, n), *found = bits_take(run, n);
	memcpy(left, out, bits_words(n) * sizeof(*left));
	if (spans->n == 0)
		bits_none(out, n);
	else if (number) /* between the least and the most; that is all where there is one */
		values_between(col->i64, n, key_value(spans->of[0].low),
			key_value(spans->of[spans->n - 1].high), out, out);
	if (spans->n > 1 || !number)
		keep_rows(run, probe, col, type, in_spans, n, out);
	for (size_t w = 0; probe->printed && w < bits_words(n); w++)
		left[w] &= ~out[w];
	if (probe->printed)
		printed_rows(run, probe, col, type, n, left, found);
	for (size_t w = 0; probe->printed && w < bits_words(n); w++)
		out[w] |= found[w] & left[w];
	bits_give(run);
	bits_give(run);
}

static bool part_passes(struct run *run, const struct probe *probe, const struct column *col,
	enum col_type type, uint32_t row)
{
	(void)run;
	(void)type;
	const struct test *test = probe->test->test;
	int64_t value = time_part(col->i64[row], test->part);
	return value >= test->part_least && value <= test->part_most;
}

static void other_rows(struct run *run, const struct probe *probe, const struct column *col,
	enum col_type type, uint32_t n, uint64_t *out)
{
	if (probe->kind == PROBE_PART)
		keep_rows(run, probe, col, type, part_passes, n, out);
	else if (probe->kind == PROBE_VALUES)
		value_rows(run, probe, col, type, n, out);
}

/* ---- all ------------------------------------------------------------------------------------- */

bool probe_rows(struct run *run, const struct probe *probe, const uint64_t *among, uint64_t *out)
{
	const struct source *source = &run->program->set->sources[probe->source];
	if (!input_load(run, source->column, MATCH_ROWS))
		return false;
	const struct column *col = &run->input->batch->columns[source->column];
	uint32_t n = run_size(run, source->group);
	if (col->n != n || n == 0) { /* a column that is not there is null */
		bits_none(out, n);
		return true;
	}
	if (!col_is_string(source->type)) {
		bits_not_null(out, among, col->nulls, n);
		other_rows(run, probe, col, source->type, n, out);
		return true;
	}
	return col->plain ? plain_rows(run, probe, col, n, among, out)
			  : dictionary_rows(run, probe, col, n, among, out);
}
