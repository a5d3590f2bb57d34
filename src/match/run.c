/* SPDX-License-Identifier: Apache-2.0 */
/* run.c: a program over a batch: what distinct values decide first, then bitmaps of rows, cheapest
 * first, until nothing is left to decide. */
#include "match/private.h"

#include <stdlib.h>

/* ---- working memory -------------------------------------------------------------------------- */

struct match_scratch *match_scratch_new(void)
{
	struct match_scratch *scratch = xcalloc(1, sizeof(*scratch));
	scratch->text = text_scratch_new();
	buf_init(&scratch->a, UINT32_MAX);
	buf_init(&scratch->b, UINT32_MAX);
	buf_init(&scratch->kept.folded, SIZE_MAX / 4);
	return scratch;
}

void match_scratch_free(struct match_scratch *scratch)
{
	if (!scratch)
		return;
	for (uint32_t i = 0; i < scratch->nstack; i++)
		free(scratch->stack[i].words);
	free(scratch->stack);
	text_scratch_free(scratch->text);
	buf_fini(&scratch->a);
	buf_fini(&scratch->b);
	arena_fini(&scratch->mem);
	arena_fini(&scratch->kept.mem);
	buf_fini(&scratch->kept.folded);
	free(scratch->kept.off);
	free(scratch);
}

uint64_t match_scratch_gave_up(const struct match_scratch *scratch)
{
	return scratch->gave_up + text_scratch_gave_up(scratch->text);
}

uint64_t *bits_take(struct run *run, uint32_t n)
{
	struct match_scratch *s = run->scratch;
	if (s->top == s->nstack) {
		s->nstack = s->nstack ? 2 * s->nstack : 16;
		s->stack = xrealloc(s->stack, s->nstack * sizeof(*s->stack));
		memset(s->stack + s->top, 0, (s->nstack - s->top) * sizeof(*s->stack));
	}
	struct bits_buffer *buffer = &s->stack[s->top++];
	size_t words = bits_words(n) + 1;
	if (buffer->cap < words) {
		free(buffer->words);
		buffer->words = xmalloc(words * sizeof(*buffer->words));
		buffer->cap = words;
	}
	return buffer->words;
}

void bits_give(struct run *run)
{
	run->scratch->top--;
}

/* ---- columns --------------------------------------------------------------------------------- */

bool input_load(struct run *run, uint32_t column, enum match_part part)
{
	if (run->loaded[column] > part)
		return true;
	if (run->input->load && run->input->load(run->input->ctx, column, part, run->err) != 0) {
		run->failed = true;
		return false;
	}
	run->loaded[column] = (uint8_t)(part + 1);
	return true;
}

const uint32_t *run_list(const struct run *run, int group)
{
	return run->input->batch->groups[group].list_off;
}

uint32_t run_size(const struct run *run, int group)
{
	uint32_t nrows = run->input->batch->nrows;
	if (group == NO_GROUP)
		return nrows;
	const uint32_t *list = run_list(run, group);
	return list ? list[nrows] : 0;
}

/* ---- by distinct values ---------------------------------------------------------------------- */

/* Whether any value may pass, by what can be told without reading rows. A costly test of many
 * values waits until it is known which rows matter: `among` of n, or NULL where it is not. */
static bool probe_possible(
	struct run *run, const struct probe *probe, const uint64_t *among, uint32_t n)
{
	const struct source *source = &run->program->set->sources[probe->source];
	const struct column *col = &run->input->batch->columns[source->column];
	if (probe->kind == PROBE_FIELD || !col_is_string(source->type))
		return true;
	if (!input_load(run, source->column, MATCH_VALUES))
		return true;
	if (col->plain) /* with its rows, once it is known which of them matter */
		return true;
	if (probe->kind == PROBE_EXISTS && !source->path.len)
		return col->ndistinct > 0;
	if (!probe_known(run, probe) && probe_defers(run, probe, col->ndistinct) &&
		(!among || bitmap_count(among, n) < col->ndistinct / 8))
		return true;
	const struct probe_state *state = probe_values(run, probe);
	return !state || state->count > 0;
}

static enum verdict judge_values(void *ctx, const struct node *node)
{
	struct run *run = ctx;
	for (uint32_t i = 0; i < node->nprobes && !run->failed; i++) {
		if (probe_possible(run, &node->probes[i], NULL, 0))
			return MAYBE;
	}
	return NEVER;
}

/* ---- tests ----------------------------------------------------------------------------------- */

/* The elements of the rows that matter: mostly those of all. */
static void spread(
	const uint64_t *among, const uint32_t *list, uint32_t nrows, uint64_t *elements, uint32_t n)
{
	if (bitmap_count(among, nrows) == nrows)
		bits_all(elements, n);
	else
		rows_spread(among, list, nrows, elements);
}

/* A test on a list, asked of rows: any element. */
static bool list_rows(
	struct run *run, const struct probe *probe, int group, const uint64_t *among, uint64_t *out)
{
	uint32_t nrows = run->input->batch->nrows;
	if (!input_load(run, run->program->set->sources[probe->source].column, MATCH_ROWS))
		return false;
	uint32_t n = run_size(run, group);
	if (n == 0) {
		bits_none(out, nrows);
		return true;
	}
	const uint32_t *list = run_list(run, group);
	uint64_t *of_rows = bits_take(run, n), *pass = bits_take(run, n);
	spread(among, list, nrows, of_rows, n);
	bool done = probe_rows(run, probe, of_rows, pass);
	if (done)
		elements_any(pass, list, nrows, out);
	bits_give(run);
	bits_give(run);
	return done;
}

/* A test on a row's value, asked of the elements of a list. */
static bool spread_rows(
	struct run *run, const struct probe *probe, int group, const uint64_t *among, uint64_t *out)
{
	uint32_t nrows = run->input->batch->nrows, n = run_size(run, group);
	uint64_t *all = bits_take(run, nrows), *pass = bits_take(run, nrows);
	bits_all(all, nrows);
	bool done = probe_rows(run, probe, all, pass);
	if (done && n > 0) {
		rows_spread(pass, run_list(run, group), nrows, out);
		for (size_t w = 0; w < bits_words(n); w++)
			out[w] &= among[w];
	}
	bits_give(run);
	bits_give(run);
	return done;
}

static bool eval_probe(struct run *run, const struct probe *probe, int domain,
	const uint64_t *among, uint64_t *out)
{
	int group = run->program->set->sources[probe->source].group;
	if (!probe_possible(run, probe, among, run_size(run, domain))) {
		bits_none(out, run_size(run, domain));
		return true;
	}
	if (run->failed)
		return false;
	if (probe->kind == PROBE_FIELD)
		return field_rows(run, probe, domain, among, out);
	if (domain == NO_GROUP && posting_rows(run, probe, among, out))
		return true;
	if (run->failed)
		return false;
	if (group == domain)
		return probe_rows(run, probe, among, out);
	return domain == NO_GROUP ? list_rows(run, probe, group, among, out)
				  : spread_rows(run, probe, domain, among, out);
}

/* ---- nodes ----------------------------------------------------------------------------------- */

static bool eval(struct run *run, const struct node *node, const uint64_t *among, uint64_t *out);

static bool eval_and(struct run *run, const struct node *node, const uint64_t *among, uint64_t *out)
{
	uint32_t n = run_size(run, node->group);
	uint64_t *left = bits_take(run, n);
	const uint64_t *now = among;
	bool done = true;
	for (uint32_t i = 0; i < node->nchildren; i++) {
		done = eval(run, node->children[i], now, out);
		if (!done || bits_empty(out, n))
			break;
		if (i + 1 < node->nchildren) {
			memcpy(left, out, bits_words(n) * sizeof(*left));
			now = left;
		}
	}
	bits_give(run);
	return done;
}

/* Adds what one alternative of an OR found, and takes it off the rows still to be decided. */
static bool or_add(uint64_t *out, uint64_t *rest, const uint64_t *found, uint32_t n)
{
	uint64_t any = 0;
	for (size_t w = 0; w < bits_words(n); w++) {
		out[w] |= found[w];
		rest[w] &= ~found[w];
		any |= rest[w];
	}
	return any != 0;
}

/* The children of an OR, or the probes of a test: done when no row is left undecided. */
static bool eval_any(struct run *run, const struct node *node, const uint64_t *among, uint64_t *out)
{
	uint32_t n = run_size(run, node->group);
	uint64_t *rest = bits_take(run, n), *found = bits_take(run, n);
	bool done = true, open = true, test = node->kind == NODE_TEST;
	bits_none(out, n);
	memcpy(rest, among, bits_words(n) * sizeof(*rest));
	for (uint32_t i = 0; done && open && i < (test ? node->nprobes : node->nchildren); i++) {
		done = test ? eval_probe(run, &node->probes[i], node->group, rest, found)
			    : eval(run, node->children[i], rest, found);
		if (done)
			open = or_add(out, rest, found, n);
	}
	bits_give(run);
	bits_give(run);
	return done;
}

static bool eval_not(struct run *run, const struct node *node, const uint64_t *among, uint64_t *out)
{
	uint32_t n = run_size(run, node->group);
	if (!eval(run, node->children[0], among, out))
		return false;
	for (size_t w = 0; w < bits_words(n); w++)
		out[w] = among[w] & ~out[w];
	return true;
}

/* How many hold, as binary numbers stood upright: planes[k] has bit k of every row's count. */
static void count_add(uint64_t **planes, unsigned nplanes, uint64_t *carry, size_t words)
{
	for (unsigned k = 0; k < nplanes; k++) {
		uint64_t any = 0;
		for (size_t w = 0; w < words; w++) {
			uint64_t both = planes[k][w] & carry[w];
			planes[k][w] ^= carry[w];
			carry[w] = both;
			any |= both;
		}
		if (!any)
			break;
	}
}

/* Rows whose count is at least `least`, from the highest plane down. */
static uint64_t count_reaches(uint64_t *const *planes, unsigned nplanes, size_t w, uint32_t least)
{
	uint64_t equal = ~UINT64_C(0), more = 0;
	if (nplanes < 32 && least >> nplanes)
		return 0;
	for (unsigned k = nplanes; k-- > 0;) {
		if (least >> k & 1) {
			equal &= planes[k][w];
		} else {
			more |= equal & planes[k][w];
			equal &= ~planes[k][w];
		}
	}
	return more | equal;
}

static bool eval_count(
	struct run *run, const struct node *node, const uint64_t *among, uint64_t *out)
{
	uint32_t n = run_size(run, node->group);
	size_t words = bits_words(n);
	uint64_t *planes[32], *found = bits_take(run, n);
	unsigned nplanes = 32 - (unsigned)__builtin_clz(node->nchildren | 1);
	bool done = true;
	for (unsigned k = 0; k < nplanes; k++) {
		planes[k] = bits_take(run, n);
		bits_none(planes[k], n);
	}
	for (uint32_t i = 0; done && i < node->nchildren; i++) {
		done = eval(run, node->children[i], among, found);
		if (done)
			count_add(planes, nplanes, found, words);
	}
	for (size_t w = 0; done && w < words; w++) {
		uint64_t enough = count_reaches(planes, nplanes, w, node->least);
		uint64_t excess = node->most == UINT32_MAX
					  ? 0
					  : count_reaches(planes, nplanes, w, node->most + 1);
		out[w] = among[w] & enough & ~excess;
	}
	for (unsigned k = 0; k <= nplanes; k++)
		bits_give(run);
	return done;
}

/* The elements of the rows that matter are asked together; a row holds where any of its does. */
static bool eval_same(
	struct run *run, const struct node *node, const uint64_t *among, uint64_t *out)
{
	uint32_t nrows = run->input->batch->nrows;
	if (!input_load(run, node->same_column, MATCH_ROWS))
		return false;
	uint32_t n = run_size(run, node->same_group);
	bits_none(out, nrows);
	if (n == 0)
		return true;
	const uint32_t *list = run_list(run, node->same_group);
	uint64_t *elements = bits_take(run, n), *pass = bits_take(run, n);
	spread(among, list, nrows, elements, n);
	bool done = eval(run, node->children[0], elements, pass);
	if (done)
		elements_any(pass, list, nrows, out);
	bits_give(run);
	bits_give(run);
	return done;
}

static bool eval_node(
	struct run *run, const struct node *node, const uint64_t *among, uint64_t *out)
{
	switch (node->kind) {
	case NODE_AND:
		return eval_and(run, node, among, out);
	case NODE_OR:
	case NODE_TEST:
		return eval_any(run, node, among, out);
	case NODE_NOT:
		return eval_not(run, node, among, out);
	case NODE_COUNT:
		return eval_count(run, node, among, out);
	case NODE_SAME:
		return eval_same(run, node, among, out);
	case NODE_CONST: /* decided by judge */
		break;
	}
	return true;
}

/* Sets `out` to the bits of `among` for which the node holds. False where a column could not be
 * read. */
static bool eval(struct run *run, const struct node *node, const uint64_t *among, uint64_t *out)
{
	uint32_t n = run_size(run, node->group);
	enum verdict v = judge(node, judge_values, run, run->verdicts);
	if (run->failed)
		return false;
	if (v == NEVER)
		bits_none(out, n);
	else if (v == ALWAYS)
		memcpy(out, among, bits_words(n) * sizeof(*out));
	else
		return eval_node(run, node, among, out);
	return true;
}

/* ---- the run --------------------------------------------------------------------------------- */

static void run_init(struct run *run, const struct match_program *program,
	const struct match_input *input, struct match_scratch *scratch, struct err *err)
{
	struct arena *mem = &scratch->mem;
	arena_reset(mem);
	scratch->top = 0;
	*run = (struct run){.program = program, .input = input, .scratch = scratch, .err = err};
	run->verdicts = arena_zalloc(mem, program->nnodes, 1);
	if (scratch->kept.set == program->set) {
		struct kept *kept = &scratch->kept;
		run->keeps = true;
		run->mem = &kept->mem;
		run->loaded = kept->loaded;
		run->probes = kept->probes;
		run->derived = kept->derived;
		return;
	}
	run->mem = mem;
	run->loaded = arena_zalloc(mem, program->set->shape->ncolumns, 1);
	run->probes = arena_zalloc(mem, program->set->nprobes, sizeof(*run->probes));
	run->derived = arena_zalloc(mem, program->set->nsources, sizeof(*run->derived));
}

int match_rows(const struct match_program *program, const struct match_input *input,
	struct match_scratch *scratch, const uint64_t *among, uint64_t *rows, uint32_t *count,
	struct err *err)
{
	struct run run;
	uint32_t n = input->batch->nrows;
	run_init(&run, program, input, scratch, err);
	*count = 0;
	if (n == 0)
		return 0;
	uint64_t *all = bits_take(&run, n);
	bits_all(all, n);
	for (size_t w = 0; among && w < bits_words(n); w++)
		all[w] &= among[w];
	bits_none(rows, n);
	if (bits_empty(all, n))
		return 0;
	if (!eval(&run, program->root, all, rows))
		return -1;
	*count = bitmap_count(rows, n);
	return 0;
}
