/* SPDX-License-Identifier: Apache-2.0 */
/* set.c: programs that are bound together, the necessary condition of each, and the indexes of all
 * literals that are asked of one source. */
#include "match/literals.h"
#include "match/private.h"

#include <stdlib.h>

/* ---- programs -------------------------------------------------------------------------------- */

struct match_set *match_set_new(
	const struct batch_shape *shape, match_resolve *resolve, const void *ctx, int64_t now)
{
	struct match_set *set = xcalloc(1, sizeof(*set));
	set->shape = shape;
	set->resolve = resolve;
	set->ctx = ctx;
	set->now = now;
	set->shared = true;
	size_t columns = shape->ncolumns * sizeof(*set->first_source);
	set->first_source = arena_alloc(&set->mem, columns + 1);
	memset(set->first_source, 0xff, columns);
	return set;
}

void match_set_free(struct match_set *set)
{
	if (!set)
		return;
	for (uint32_t i = 0; i < set->nprograms; i++)
		match_program_free(set->programs[i]);
	for (uint32_t i = 0; i < set->nowned; i++)
		text_test_free(set->owned[i]);
	for (uint32_t s = 0; set->index && s < set->nsources; s++)
		literal_index_free(set->index[s].literals);
	map_fini(&set->by_key);
	map_fini(&set->by_name);
	arena_fini(&set->mem);
	free(set);
}

const struct match_program *match_set_add(struct match_set *set, const struct matcher *matcher)
{
	struct match_program *program = set_bind(set, matcher);
	program->number = set->nprograms;
	set->programs = arena_grow(
		&set->mem, set->programs, set->nprograms, sizeof(struct match_program *));
	set->programs[set->nprograms++] = program;
	return program;
}

/* ---- necessary conditions -------------------------------------------------------------------- */

/* What it costs to rely on a condition: about how often it is met. To look for a path in all distinct values
 * of a JSON column costs so much that anything else comes first, but for a value's mere presence, which is
 * met nearly always. NOTHING: no condition. */
enum { PATH = 1 << 20, PRESENCE = 1 << 30 };
#define NOTHING UINT64_MAX

/* What can be told of a probe without reading rows. */
static uint64_t probe_weight(const struct match_set *set, const struct probe *probe)
{
	const struct source *source = &set->sources[probe->source];
	if (probe->kind == PROBE_TEXT && probe->test->literals)
		return probe->test->literals->weight + (source->path.len ? PATH : 0);
	if (probe->kind == PROBE_EXISTS && col_is_string(source->type) && !source->path.len)
		return PRESENCE;
	return NOTHING;
}

static uint64_t plus(uint64_t a, uint64_t b)
{
	return a == NOTHING || b == NOTHING ? NOTHING : a + b;
}

static int weight_order(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

static uint64_t node_weight(const struct match_set *set, const struct node *node);

/* At least `least` of n hold: so one does of any n - least + 1 of them. *limit: the weight of the heaviest that
 * is taken. */
static uint64_t count_weight(const struct match_set *set, const struct node *node, uint64_t *limit)
{
	uint32_t n = node->nchildren;
	uint64_t sum = 0;
	*limit = 0;
	if (node->least == 0 || node->least > n)
		return NOTHING;
	uint64_t *weights = xmalloc(n * sizeof(*weights));
	for (uint32_t i = 0; i < n; i++)
		weights[i] = node_weight(set, node->children[i]);
	qsort(weights, n, sizeof(*weights), weight_order);
	for (uint32_t i = 0; i < n - node->least + 1; i++)
		sum = plus(sum, weights[i]);
	*limit = weights[n - node->least];
	free(weights);
	return sum;
}

static uint64_t node_weight(const struct match_set *set, const struct node *node)
{
	uint64_t sum = 0, least = NOTHING, limit;
	switch (node->kind) {
	case NODE_CONST:
		return node->constant ? NOTHING : 0;
	case NODE_NOT:
		return NOTHING;
	case NODE_TEST:
		for (uint32_t i = 0; i < node->nprobes; i++)
			sum = plus(sum, probe_weight(set, &node->probes[i]));
		return sum;
	case NODE_OR:
		for (uint32_t i = 0; i < node->nchildren; i++)
			sum = plus(sum, node_weight(set, node->children[i]));
		return sum;
	case NODE_AND:
		for (uint32_t i = 0; i < node->nchildren; i++) {
			uint64_t weight = node_weight(set, node->children[i]);
			least = weight < least ? weight : least;
		}
		return least;
	case NODE_COUNT:
		return count_weight(set, node, &limit);
	case NODE_SAME:
		return node_weight(set, node->children[0]);
	}
	return NOTHING;
}

/* ---- who watches what ------------------------------------------------------------------------ */

static void watch_probe(struct match_set *set, const struct probe *probe, uint32_t program)
{
	struct probe_info *info = &set->info[probe->id];
	if (info->nwatchers && info->watchers[info->nwatchers - 1] == program)
		return;
	info->watchers =
		arena_grow(&set->mem, info->watchers, info->nwatchers, sizeof(*info->watchers));
	info->watchers[info->nwatchers++] = program;
	info->indexed = info->indexed || probe->kind == PROBE_TEXT;
	set->index[probe->source].watched = true;
}

/* Makes the program watch the probes of a node's condition, which has one. */
static void watch_node(struct match_set *set, const struct node *node, uint32_t program)
{
	uint64_t limit;
	uint32_t taken = 0;
	switch (node->kind) {
	case NODE_TEST:
		for (uint32_t i = 0; i < node->nprobes; i++)
			watch_probe(set, &node->probes[i], program);
		return;
	case NODE_AND:
		limit = node_weight(set, node);
		for (uint32_t i = 0; taken == 0 && i < node->nchildren; i++) {
			if (node_weight(set, node->children[i]) != limit)
				continue;
			watch_node(set, node->children[i], program);
			taken++;
		}
		return;
	case NODE_COUNT:
		count_weight(set, node, &limit);
		for (uint32_t i = 0; i < node->nchildren; i++) {
			if (taken <= node->nchildren - node->least &&
				node_weight(set, node->children[i]) <= limit) {
				watch_node(set, node->children[i], program);
				taken++;
			}
		}
		return;
	case NODE_OR:
	case NODE_SAME:
		for (uint32_t i = 0; i < node->nchildren; i++)
			watch_node(set, node->children[i], program);
		return;
	case NODE_CONST:
	case NODE_NOT:
		return;
	}
}

/* What must hold somewhere for a match is worth knowing beforehand, where it is not met in most batches and, of a
 * path, where its texts are looked for anyway. */
static void index_node(struct match_set *set, const struct node *node)
{
	if (node->kind == NODE_NOT)
		return;
	for (uint32_t i = 0; i < node->nprobes; i++) {
		const struct probe *probe = &node->probes[i];
		const struct literals *literals = probe->test->literals;
		bool costly = set->sources[probe->source].path.len > 0 &&
			      !set->index[probe->source].watched;
		if (probe->kind == PROBE_TEXT && literals && literals->selective && !costly)
			set->info[probe->id].indexed = true;
	}
	for (uint32_t i = 0; i < node->nchildren; i++)
		index_node(set, node->children[i]);
}

static void watch_program(struct match_set *set, const struct match_program *program)
{
	if (match_never(program))
		return;
	if (node_weight(set, program->root) == NOTHING)
		bit_set(set->always, program->number);
	else
		watch_node(set, program->root, program->number);
}

/* ---- indexes --------------------------------------------------------------------------------- */

static void index_probe(struct match_set *set, const struct probe *probe)
{
	struct source_index *index = &set->index[probe->source];
	const struct literals *literals = probe->test->literals;
	if (!index->literals)
		index->literals = literal_index_new();
	for (uint32_t i = 0; i < literals->n; i++) {
		index->uses =
			arena_grow(&set->mem, index->uses, index->nusers, sizeof(*index->uses));
		index->uses[index->nusers++] = (struct literal_use){
			literal_index_add(index->literals, &literals->of[i]), probe->id};
	}
}

/* Uses in the order of adding become the probes of each literal. */
static void finish_index(struct match_set *set, struct source_index *index)
{
	if (!index->literals)
		return;
	index->nentries = literal_index_count(index->literals);
	index->first = arena_zalloc(&set->mem, (size_t)index->nentries + 2, sizeof(*index->first));
	index->users = arena_alloc(&set->mem, index->nusers * sizeof(*index->users));
	uint32_t *at = index->first + 1; /* while filling: at[e] is where e's next goes */
	for (uint32_t i = 0; i < index->nusers; i++)
		at[index->uses[i].entry + 1]++;
	for (uint32_t e = 1; e <= index->nentries; e++)
		at[e] += at[e - 1];
	for (uint32_t i = 0; i < index->nusers; i++)
		index->users[at[index->uses[i].entry]++] = index->uses[i].probe;
	index->uses = NULL;
	literal_index_finish(index->literals);
}

void match_set_finish(struct match_set *set)
{
	set->info = arena_zalloc(&set->mem, set->nprobes, sizeof(*set->info));
	set->index = arena_zalloc(&set->mem, set->nsources, sizeof(*set->index));
	set->always = arena_zalloc(&set->mem, bits_words(set->nprograms) + 1, sizeof(*set->always));
	for (uint32_t i = 0; i < set->nprograms; i++)
		watch_program(set, set->programs[i]);
	for (uint32_t i = 0; i < set->nprograms; i++)
		index_node(set, set->programs[i]->root);
	for (uint32_t i = 0; i < set->nprobes; i++) {
		if (set->info[i].indexed)
			index_probe(set, &set->probes[i]);
	}
	for (uint32_t s = 0; s < set->nsources; s++)
		finish_index(set, &set->index[s]);
	map_fini(&set->by_key);
	map_fini(&set->by_name);
}
