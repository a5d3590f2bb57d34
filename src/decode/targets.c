/* SPDX-License-Identifier: Apache-2.0 */
/* targets.c: `targets`, all objects of an event, and `target`, the most specific one. */
#include "decode/carry.h"

#include <strings.h>

/* One rule with its columns in this batch. */
struct rule {
	const struct builder *name, *type, *id; /* NULL: none, or nothing in this batch */
	const struct list_state *list;          /* NULL: scalar columns */
	struct carry by_name, by_id;            /* → targets */
	struct carry types;                     /* → target_type */
	uint32_t *ranks;                        /* of type's codes */
};

/* One batch. */
struct targets {
	struct decoder *d;
	struct rule *rules;
	uint32_t nrules;
	struct carry target; /* targets → target */
	uint32_t *stamps;    /* per code of targets: the row that has it, + 1 */
	uint32_t nstamps;
};

/* The object that a row shows. */
struct best {
	struct rule *rule;
	uint32_t code, at, rank;
};

/* Types that the order does not name are the most specific; no type is the least. */
static uint32_t rank_of(const struct schema *schema, struct slice type)
{
	if (type.len == 0)
		return schema->ntarget_order + 1;
	for (uint32_t i = 0; i < schema->ntarget_order; i++) {
		const char *name = schema->target_order[i];
		if (strlen(name) == type.len && strncasecmp(name, type.ptr, type.len) == 0)
			return i + 1;
	}
	return 0;
}

static const struct builder *used_builder(struct decoder *d, int column)
{
	const struct builder *b = column < 0 ? NULL : builder_of(d, column);
	return b && b->used ? b : NULL;
}

static void begin_rule(struct targets *t, const struct target_rule *from)
{
	struct decoder *d = t->d;
	struct builder *to = &d->builders[SYS_TARGETS];
	struct rule r = {.name = used_builder(d, from->name_column),
		.type = used_builder(d, from->type_column),
		.id = used_builder(d, from->id_column)};
	int any = from->name_column >= 0 ? from->name_column : from->id_column;
	if ((!r.name && !r.id) || any < 0)
		return;
	int group = d->schema->shape.columns[any].group;
	if (group >= 0)
		r.list = &d->lists[group];
	if (r.name)
		r.by_name = carry_begin(d, r.name, to);
	if (r.id)
		r.by_id = carry_begin(d, r.id, to);
	if (r.type) {
		r.types = carry_begin(d, r.type, &d->builders[SYS_TARGET_TYPE]);
		uint32_t n = r.type->plain ? 0 : r.type->ndistinct;
		r.ranks = arena_alloc(&d->batch_mem, n * sizeof(*r.ranks));
		for (uint32_t c = 0; c < n; c++)
			r.ranks[c] =
				rank_of(d->schema, (struct slice){r.type->heap + r.type->off[c],
							   r.type->off[c + 1] - r.type->off[c]});
	}
	t->rules[t->nrules++] = r;
}

static uint32_t rank_at(const struct targets *t, const struct rule *r, uint32_t e)
{
	if (!r->type || !builder_has(r->type, e))
		return rank_of(t->d->schema, SLICE(""));
	return r->type->plain ? rank_of(t->d->schema, builder_text(r->type, e))
			      : r->ranks[r->type->codes[e]];
}

/* Adds the text to the row's targets unless it has it. */
static void add_target(struct targets *t, uint32_t row, uint32_t code)
{
	struct builder *to = &t->d->builders[SYS_TARGETS];
	if (code >= t->nstamps) {
		uint32_t n = code < 512 ? 1024 : code * 2;
		uint32_t *stamps = arena_zalloc(&t->d->batch_mem, n, sizeof(*stamps));
		if (t->nstamps)
			memcpy(stamps, t->stamps, t->nstamps * sizeof(*stamps));
		t->stamps = stamps;
		t->nstamps = n;
	}
	if (t->stamps[code] == row + 1)
		return;
	t->stamps[code] = row + 1;
	to->used = true;
	uint32_t e = list_add(t->d, &t->d->lists[0]);
	to->codes[e] = code;
}

static void add_rule(struct targets *t, struct rule *r, uint32_t row, struct best *best)
{
	uint32_t from = r->list ? r->list->off[row] : row;
	uint32_t to = r->list ? r->list->off[row + 1] : row + 1;
	for (uint32_t e = from; e < to; e++) {
		uint32_t code;
		if (r->name && holds_text(r->name, e))
			code = carry_code(&r->by_name, e);
		else if (r->id && holds_text(r->id, e))
			code = carry_code(&r->by_id, e);
		else
			continue;
		add_target(t, row, code);
		if (best->rule && best->rule != r)
			continue;
		uint32_t rank = rank_at(t, r, e);
		if (!best->rule || rank < best->rank)
			*best = (struct best){r, code, e, rank};
	}
}

/* The text of a code in `targets` as the row's target. */
static void show_best(struct targets *t, uint32_t row, const struct best *best)
{
	struct builder *to = &t->d->builders[SYS_TARGET];
	const struct builder *all = &t->d->builders[SYS_TARGETS];
	uint32_t from = all->off[best->code];
	builder_put(to, row, all->heap + from, all->off[best->code + 1] - from);
	if (best->rule->type && builder_has(best->rule->type, best->at))
		carry_put(&best->rule->types, best->at, row);
}

void derive_targets(struct decoder *d, uint32_t n)
{
	struct targets t = {.d = d};
	struct list_state *list = &d->lists[0];
	t.rules = arena_alloc(&d->batch_mem, (d->schema->ntargets + 1ul) * sizeof(*t.rules));
	for (uint32_t i = 0; i < d->schema->ntargets; i++)
		begin_rule(&t, &d->schema->targets[i]);
	list->anynull = false;
	for (uint32_t row = 0; row < n; row++) {
		struct best best = {0};
		list->off[row] = list->lane->n;
		for (uint32_t i = 0; i < t.nrules; i++)
			add_rule(&t, &t.rules[i], row, &best);
		if (best.rule)
			show_best(&t, row, &best);
	}
	list->off[n] = list->lane->n;
	for (int c = SYS_TARGET; c <= SYS_TARGET_TYPE; c++) {
		if (d->builders[c].plain)
			builder_end_plain(&d->builders[c], n);
	}
}
