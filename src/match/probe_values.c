/* SPDX-License-Identifier: Apache-2.0 */
/* probe_values.c: tests over the distinct values of a string column: each once, whatever the
 * number of rows. */
#include "match/private.h"

/* ---- one text -------------------------------------------------------------------------------- */

/* How a text stands to a bound: <0, 0, >0 in *order; false where they cannot be compared. */
static bool bound_order(struct match_scratch *scratch, struct slice text, const struct bound *bound,
	const struct decimal *number, bool fold, int *order)
{
	struct decimal value;
	if (!number) {
		*order = text_order(scratch->text, text, bound->text, fold);
		return true;
	}
	if (decimal_parse(text, &value) != 0)
		return false;
	*order = decimal_order(&value, number);
	return true;
}

static bool in_range(
	struct match_scratch *scratch, const struct prepared *prepared, struct slice text)
{
	const struct test *test = prepared->test;
	int order;
	if (test->low.given) {
		const struct decimal *number = prepared->low_number ? &prepared->low : NULL;
		if (!bound_order(scratch, text, &test->low, number, test->fold, &order) ||
			order < !test->low.inclusive)
			return false;
	}
	if (test->high.given) {
		const struct decimal *number = prepared->high_number ? &prepared->high : NULL;
		if (!bound_order(scratch, text, &test->high, number, test->fold, &order) ||
			order > -!test->high.inclusive)
			return false;
	}
	return true;
}

/* Only what begins with a year or an epoch: `now` or `-7d` in an event is no time of it. */
static bool in_part(const struct test *test, struct slice text)
{
	int64_t begin, end;
	for (size_t i = 0; i < 4; i++) {
		if (i >= text.len || text.ptr[i] < '0' || text.ptr[i] > '9')
			return false;
	}
	if (clock_parse(text, 0, &begin, &end) != 0)
		return false;
	int64_t value = time_part(begin, test->part);
	return value >= test->part_least && value <= test->part_most;
}

static bool address_passes(
	struct match_scratch *scratch, const struct probe *probe, struct slice bytes)
{
	char text[ADDRESS_TEXT];
	if (bytes.len != 16)
		return false;
	if (spans_has(&probe->spans, load128(bytes.ptr)))
		return true;
	if (!probe->printed)
		return false;
	size_t n = address_print((const uint8_t *)bytes.ptr, text);
	return text_test_value(probe->printed, scratch->text, (struct slice){text, n});
}

bool probe_text(struct match_scratch *scratch, const struct probe *probe, struct slice text)
{
	uint8_t address[16];
	switch (probe->kind) {
	case PROBE_EXISTS:
		return true;
	case PROBE_TEXT:
		return text_test_value(probe->test->text, scratch->text, text);
	case PROBE_RANGE:
		return in_range(scratch, probe->test, text);
	case PROBE_CIDR:
		return address_parse(text, address) == 0 &&
		       spans_has(&probe->spans, load128(address));
	case PROBE_PART:
		return in_part(probe->test->test, text);
	case PROBE_VALUES:
		return address_passes(scratch, probe, text);
	case PROBE_FIELD:
		break;
	}
	return false;
}

/* Addresses in one interval, which is what a search for one network is. */
static uint32_t addresses_between(
	const struct span *span, const char *heap, const uint32_t *off, uint32_t n, uint64_t *bits)
{
	u128 low = span->low, width = span->high - low;
	uint32_t count = 0;
	for (uint32_t i = 0; i < n; i++) {
		if (off[i + 1] - off[i] != 16)
			continue;
		uint64_t in = load128(heap + off[i]) - low <= width;
		bits[i >> 6] |= in << (i & 63);
		count += (uint32_t)in;
	}
	return count;
}

uint32_t probe_texts(struct match_scratch *scratch, const struct probe *probe, const char *heap,
	const uint32_t *off, uint32_t n, uint64_t *bits)
{
	uint32_t count = 0;
	if (probe->kind == PROBE_TEXT)
		return text_test_values(probe->test->text, scratch->text, heap, off, n, bits);
	bits_none(bits, n);
	if (probe->kind == PROBE_VALUES && !probe->printed && probe->spans.n == 1)
		return addresses_between(&probe->spans.of[0], heap, off, n, bits);
	for (uint32_t i = 0; i < n; i++) {
		if (probe_text(
			    scratch, probe, (struct slice){heap + off[i], off[i + 1] - off[i]})) {
			bit_set(bits, i);
			count++;
		}
	}
	return count;
}

/* ---- paths in JSON --------------------------------------------------------------------------- */

struct collector {
	struct arena *mem;
	struct derived *derived;
	struct buf *heap;
};

static void found_text(void *ctx)
{
	struct collector *c = ctx;
	struct derived *d = c->derived;
	d->off = arena_grow(c->mem, d->off, d->n + 1, sizeof(*d->off));
	d->off[++d->n] = (uint32_t)c->heap->len;
}

const struct derived *run_derived(struct run *run, uint32_t source)
{
	struct derived *d = &run->derived[source];
	if (d->done)
		return d;
	const struct source *s = &run->program->set->sources[source];
	if (!input_load(run, s->column, MATCH_VALUES))
		return NULL;
	struct match_scratch *scratch = run->scratch;
	const struct column *col = &run->input->batch->columns[s->column];
	struct collector collector = {run->mem, d, &scratch->a};
	buf_clear(&scratch->a);
	d->nvalues = col->off ? col->ndistinct : 0;
	d->first = arena_zalloc(run->mem, (size_t)d->nvalues + 1, sizeof(*d->first));
	d->off = arena_grow(run->mem, NULL, 0, sizeof(*d->off));
	d->off[0] = 0;
	for (uint32_t i = 0; i < d->nvalues; i++) {
		struct slice text = {col->heap + col->off[i], col->off[i + 1] - col->off[i]};
		json_path_find(text, s->path, &scratch->a, &scratch->b, found_text, &collector);
		d->first[i + 1] = d->n;
	}
	d->heap = arena_alloc(run->mem, scratch->a.len + 1);
	if (scratch->a.len)
		memcpy(d->heap, scratch->a.ptr, scratch->a.len);
	d->done = true;
	return d;
}

/* A value passes where any text in it does. */
static bool derived_values(struct run *run, const struct probe *probe, struct probe_state *state)
{
	const struct derived *d = run_derived(run, probe->source);
	if (!d)
		return false;
	uint64_t *texts = bits_take(run, d->n);
	if (probe->kind == PROBE_EXISTS)
		bits_all(texts, d->n);
	else
		probe_texts(run->scratch, probe, d->heap, d->off, d->n, texts);
	state->bits = arena_zalloc(run->mem, bits_words(d->nvalues) + 1, sizeof(*state->bits));
	elements_any(texts, d->first, d->nvalues, state->bits);
	state->count = bitmap_count(state->bits, d->nvalues);
	bits_give(run);
	return true;
}

struct path_test {
	struct run *run;
	const struct probe *probe;
	size_t at;
	bool passes;
};

static void test_text(void *ctx)
{
	struct path_test *t = ctx;
	const struct buf *heap = &t->run->scratch->a;
	struct slice text = {heap->ptr + t->at, heap->len - t->at};
	t->passes = t->passes || probe_text(t->run->scratch, t->probe, text);
	t->at = heap->len;
}

bool probe_path(struct run *run, const struct probe *probe, struct slice json)
{
	struct path_test t = {.run = run, .probe = probe};
	struct match_scratch *scratch = run->scratch;
	buf_clear(&scratch->a);
	json_path_find(json, run->program->set->sources[probe->source].path, &scratch->a,
		&scratch->b, test_text, &t);
	return t.passes;
}

uint32_t defer_distinct = 8192, keep_distinct = 256;

bool probe_known(const struct run *run, const struct probe *probe)
{
	return run->probes[probe->id].done ||
	       (run->keeps && run->program->set->info[probe->id].indexed);
}

bool probe_defers(const struct run *run, const struct probe *probe, uint32_t ndistinct)
{
	bool costly = run->program->set->sources[probe->source].path.len > 0 ||
		      probe->test->test->op == TEST_REGEX;
	return ndistinct >= (run->keeps ? keep_distinct : costly ? defer_distinct : UINT32_MAX);
}

/* ---- all ------------------------------------------------------------------------------------- */

bool probe_ask(struct run *run, const struct probe *probe)
{
	struct probe_state *state = &run->probes[probe->id];
	const struct source *source = &run->program->set->sources[probe->source];
	const struct column *col = &run->input->batch->columns[source->column];
	if (source->path.len) {
		if (!derived_values(run, probe, state))
			return false;
	} else {
		uint32_t n = col->off ? col->ndistinct : 0;
		size_t words = bits_words(n) + 1;
		state->bits = arena_zalloc(run->mem, words, sizeof(*state->bits));
		if (n > 0)
			state->count = probe_texts(
				run->scratch, probe, col->heap, col->off, n, state->bits);
	}
	state->done = true;
	return true;
}

/* An indexed probe that its source's index did not touch: no value passes. */
static void pass_nowhere(struct run *run, const struct probe *probe)
{
	struct probe_state *state = &run->probes[probe->id];
	uint32_t column = run->program->set->sources[probe->source].column;
	uint32_t n = run->input->batch->columns[column].off
			     ? run->input->batch->columns[column].ndistinct
			     : 0;
	state->bits = arena_zalloc(run->mem, bits_words(n) + 1, sizeof(*state->bits));
	state->count = 0;
	state->done = true;
}

const struct probe_state *probe_values(struct run *run, const struct probe *probe)
{
	struct probe_state *state = &run->probes[probe->id];
	uint32_t column = run->program->set->sources[probe->source].column;
	if (state->done)
		return state;
	if (!input_load(run, column, MATCH_VALUES))
		return NULL;
	if (!probe_known(run, probe))
		return probe_ask(run, probe) ? state : NULL;
	if (!source_ask(run, probe->source))
		return NULL;
	if (!state->done)
		pass_nowhere(run, probe);
	return state;
}
