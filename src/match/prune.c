/* SPDX-License-Identifier: Apache-2.0 */
/* prune.c: whether a row group can hold a match at all, by what its statistics say of each column.
 * NEVER and ALWAYS are only said where they are certain; all else is MAYBE. */
#include "match/private.h"

#include <stdlib.h>

struct pruner {
	const struct match_program *program;
	void (*stats)(void *ctx, uint32_t column, struct match_stats *stats);
	void *ctx;
};

static bool is_letter(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* How many bytes at the front of the text a value must have as they are: all, or, where case is
 * folded, those that no folding touches. */
static size_t fixed_bytes(struct slice text, bool fold)
{
	size_t n = 0;
	while (n < text.len && (!fold || ((unsigned char)text.ptr[n] < 0x80 &&
						 !is_letter((unsigned char)text.ptr[n]))))
		n++;
	return n;
}

/* Whether a value between min and max can begin with the prefix. */
static bool prefix_possible(const struct match_stats *s, struct slice prefix)
{
	struct slice min = s->min_bytes;
	if (slice_cmp(s->max_bytes, prefix) < 0)
		return false;
	if (min.len > prefix.len)
		min.len = prefix.len;
	return slice_cmp(min, prefix) <= 0;
}

static bool pattern_possible(const struct match_stats *s, const struct pattern *pattern, bool fold)
{
	if (pattern->npieces == 0)
		return s->min_bytes.len == 0;
	if (pattern->pieces[0].kind != PIECE_TEXT)
		return true;
	struct slice text = pattern->pieces[0].text;
	size_t n = fixed_bytes(text, fold);
	bool whole = n == text.len && pattern->npieces == 1;
	text.len = n;
	if (whole && (slice_cmp(text, s->min_bytes) < 0 || slice_cmp(text, s->max_bytes) > 0))
		return false;
	return prefix_possible(s, text);
}

static bool patterns_possible(const struct match_stats *s, const struct test *test)
{
	for (uint32_t i = 0; i < test->npatterns; i++) {
		if (pattern_possible(s, &test->patterns[i], test->fold))
			return true;
	}
	return false;
}

/* A range over texts: only bounds that are compared byte for byte say anything. */
static bool range_possible(const struct match_stats *s, const struct prepared *prepared)
{
	const struct test *test = prepared->test;
	bool low = test->low.given && !prepared->low_number && !test->fold;
	bool high = test->high.given && !prepared->high_number && !test->fold;
	if (low && slice_cmp(s->max_bytes, test->low.text) < !test->low.inclusive)
		return false;
	return !(high && slice_cmp(s->min_bytes, test->high.text) > -!test->high.inclusive);
}

/* Numbers, times, booleans. */
static enum verdict judge_numbers(
	const struct match_stats *s, const struct probe *probe, enum col_type type)
{
	int64_t low = s->min_i64, high = s->max_i64;
	struct spans part = {0};
	struct span years;
	const struct spans *spans = &probe->spans;
	bool other = probe->printed != NULL;
	if (probe->kind == PROBE_PART) {
		if (probe->test->test->part != PART_YEAR)
			return MAYBE;
		years = (struct span){key_of(probe->test->test->part_least),
			key_of(probe->test->test->part_most)};
		part = (struct spans){&years, 1};
		spans = &part;
		low = time_part(low, PART_YEAR);
		high = time_part(high, PART_YEAR);
	} else if (probe->kind != PROBE_VALUES || type == COL_UUID || type == COL_IP) {
		return MAYBE;
	}
	if (!other && !spans_any(spans, key_of(low), key_of(high)))
		return NEVER;
	return s->no_null && spans_all(spans, key_of(low), key_of(high)) ? ALWAYS : MAYBE;
}

/* Addresses and UUIDs as 16 bytes. */
static enum verdict judge_bytes(const struct match_stats *s, const struct probe *probe)
{
	if (probe->kind != PROBE_VALUES || s->min_bytes.len != 16 || s->max_bytes.len != 16)
		return MAYBE;
	u128 low = load128(s->min_bytes.ptr), high = load128(s->max_bytes.ptr);
	if (!probe->printed && !spans_any(&probe->spans, low, high))
		return NEVER;
	return s->no_null && spans_all(&probe->spans, low, high) ? ALWAYS : MAYBE;
}

static enum verdict judge_texts(const struct match_stats *s, const struct probe *probe)
{
	const struct test *test = probe->test->test;
	if (probe->kind == PROBE_TEXT && test->op == TEST_PATTERNS)
		return patterns_possible(s, test) ? MAYBE : NEVER;
	if (probe->kind == PROBE_RANGE)
		return range_possible(s, probe->test) ? MAYBE : NEVER;
	return MAYBE;
}

/* Of the values of the probe's own column. */
static enum verdict judge_probe(struct pruner *pruner, const struct probe *probe)
{
	const struct source *source = &pruner->program->set->sources[probe->source];
	struct match_stats s = {0};
	pruner->stats(pruner->ctx, source->column, &s);
	if (s.known && s.all_null)
		return NEVER;
	if (probe->kind == PROBE_FIELD) {
		struct match_stats other = {0};
		pruner->stats(
			pruner->ctx, pruner->program->set->sources[probe->other].column, &other);
		return other.known && other.all_null ? NEVER : MAYBE;
	}
	if (!s.known || source->path.len)
		return MAYBE;
	if (probe->kind == PROBE_EXISTS)
		return s.no_null ? ALWAYS : MAYBE;
	if (!s.has_range)
		return MAYBE;
	switch (source->type) {
	case COL_STRING:
	case COL_JSON:
		return judge_texts(&s, probe);
	case COL_UUID:
	case COL_IP:
		return judge_bytes(&s, probe);
	case COL_INT64:
	case COL_INT32:
	case COL_BOOL:
	case COL_TIME:
		return judge_numbers(&s, probe, source->type);
	}
	return MAYBE;
}

static enum verdict judge_node(void *ctx, const struct node *node)
{
	struct pruner *pruner = ctx;
	enum verdict any = NEVER;
	for (uint32_t i = 0; i < node->nprobes && any != ALWAYS; i++) {
		const struct probe *probe = &node->probes[i];
		enum verdict v = judge_probe(pruner, probe);
		/* True of each element is not true of each row: its list may be empty. */
		int group = pruner->program->set->sources[probe->source].group;
		if (v == ALWAYS && group != node->group && group != NO_GROUP)
			v = MAYBE;
		if (v > any)
			any = v;
	}
	return any;
}

bool match_possible(const struct match_program *program,
	void (*stats)(void *ctx, uint32_t column, struct match_stats *stats), void *ctx)
{
	struct pruner pruner = {program, stats, ctx};
	uint8_t *verdicts = xcalloc(program->nnodes, 1);
	enum verdict v = judge(program->root, judge_node, &pruner, verdicts);
	free(verdicts);
	return v != NEVER;
}
