/* SPDX-License-Identifier: Apache-2.0 */
/* bind.c: a prepared expression and the shape of a table become a program: names become columns,
 * tests become probes, what is decided by that alone is folded away, and the cheap comes first. */
#include "match/private.h"

#include <stdlib.h>

struct binder {
	struct match_set *set;
	const struct matcher *matcher;
	struct match_program *program;
	uint32_t next_test; /* the prepared test of the next EXPR_TEST */
	int group;          /* the domain */
	struct match_field fields[MATCH_FIELDS],
		others[MATCH_FIELDS]; /* of names that are not kept */
};

/* ---- sources --------------------------------------------------------------------------------- */

/* What a name means: those that can hold anything, into `fields`. */
static uint32_t resolve_name(struct match_set *set, struct slice name, enum test_op op,
	struct match_field fields[MATCH_FIELDS])
{
	uint32_t n = set->resolve(set->ctx, set->shape, name, op, fields), kept = 0;
	for (uint32_t i = 0; i < n && i < MATCH_FIELDS; i++) {
		int column = fields[i].column;
		if (column < 0 || (uint32_t)column >= set->shape->ncolumns)
			continue;
		if (fields[i].path.len && set->shape->columns[column].type != COL_JSON)
			continue;
		fields[kept++] = fields[i];
	}
	return kept;
}

/* Keeps what a name means, for the other programs of the set. */
static void keep_name(struct match_set *set, const struct match_field *fields, uint32_t n)
{
	set->names = arena_grow(&set->mem, set->names, set->nnames, sizeof(*set->names));
	struct names *names = &set->names[set->nnames++];
	*names = (struct names){n, arena_alloc(&set->mem, (n + 1) * sizeof(*fields))};
	for (uint32_t i = 0; i < n; i++) {
		names->fields[i] = fields[i];
		if (fields[i].path.len)
			names->fields[i].path.ptr = arena_strdup(&set->mem, fields[i].path);
	}
}

/* What a name means; `fields` is room for it. */
static const struct match_field *resolve(struct binder *b, struct slice name, enum test_op op,
	struct match_field fields[MATCH_FIELDS], uint32_t *n)
{
	struct match_set *set = b->set;
	if (!set->shared) {
		*n = resolve_name(set, name, op, fields);
		return fields;
	}
	struct buf key;
	bool fresh;
	buf_init(&key, SIZE_MAX / 4);
	buf_push(&key, (char)op);
	buf_slice(&key, name);
	uint64_t *known = map_put(&set->by_name, buf_view(&key), &fresh);
	buf_fini(&key);
	if (fresh) {
		*known = set->nnames;
		keep_name(set, fields, resolve_name(set, name, op, fields));
	}
	*n = set->names[*known].n;
	return set->names[*known].fields;
}

static uint32_t source_of(struct match_set *set, const struct match_field *field)
{
	uint32_t column = (uint32_t)field->column;
	for (int32_t s = set->first_source[column]; s >= 0; s = set->sources[s].next) {
		if (slice_eq(set->sources[s].path, field->path))
			return (uint32_t)s;
	}
	set->sources = arena_grow(&set->mem, set->sources, set->nsources, sizeof(*set->sources));
	struct source *source = &set->sources[set->nsources];
	*source = (struct source){.column = column,
		.group = set->shape->columns[column].group,
		.type = set->shape->columns[column].type,
		.next = set->first_source[column]};
	if (field->path.len)
		source->path =
			(struct slice){arena_strdup(&set->mem, field->path), field->path.len};
	set->first_source[column] = (int32_t)set->nsources;
	return set->nsources++;
}

/* ---- nodes ----------------------------------------------------------------------------------- */

static struct node *node_new(struct binder *b, enum node_kind kind)
{
	struct node *node = arena_zalloc(&b->program->mem, 1, sizeof(*node));
	node->kind = kind;
	node->id = b->program->nnodes++;
	node->group = b->group;
	return node;
}

static struct node *node_const(struct binder *b, bool constant)
{
	struct node *node = node_new(b, NODE_CONST);
	node->constant = constant;
	return node;
}

static int cost_order(const void *a, const void *b)
{
	const struct node *x = *(struct node *const *)a, *y = *(struct node *const *)b;
	if (x->cost != y->cost)
		return x->cost < y->cost ? -1 : 1;
	return (x->id > y->id) - (x->id < y->id);
}

static void order_children(struct node *node)
{
	uint64_t cost = 1;
	for (uint32_t i = 0; i < node->nchildren; i++)
		cost += node->children[i]->cost;
	node->cost = cost < UINT32_MAX ? (uint32_t)cost : UINT32_MAX;
	if (node->nchildren > 1)
		qsort(node->children, node->nchildren, sizeof(struct node *), cost_order);
}

/* NODE_AND or NODE_OR over its children: `decides` is the constant that settles it. */
static struct node *fold_gate(struct binder *b, struct node *node, bool decides)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < node->nchildren; i++) {
		struct node *child = node->children[i];
		if (child->kind == NODE_CONST && child->constant == decides)
			return node_const(b, decides);
		if (child->kind != NODE_CONST)
			node->children[n++] = child;
	}
	node->nchildren = n;
	if (n == 0)
		return node_const(b, !decides);
	if (n == 1)
		return node->children[0];
	order_children(node);
	return node;
}

static struct node *fold_count(struct binder *b, struct node *node)
{
	uint32_t n = 0, sure = 0;
	for (uint32_t i = 0; i < node->nchildren; i++) {
		struct node *child = node->children[i];
		if (child->kind != NODE_CONST)
			node->children[n++] = child;
		else
			sure += child->constant;
	}
	node->nchildren = n;
	if (sure > node->most || (uint64_t)n + sure < node->least || node->least > node->most)
		return node_const(b, false);
	node->least = node->least > sure ? node->least - sure : 0;
	node->most -= sure;
	bool open = node->most >= n;
	if (open && node->least == 0)
		return node_const(b, true);
	if (open && (node->least == 1 || node->least == n)) {
		node->kind = node->least == n ? NODE_AND : NODE_OR;
		return fold_gate(b, node, node->kind == NODE_OR);
	}
	order_children(node);
	return node;
}

static struct node *fold_not(struct binder *b, struct node *node)
{
	struct node *child = node->children[0];
	if (child->kind == NODE_CONST)
		return node_const(b, !child->constant);
	if (child->kind == NODE_NOT)
		return child->children[0];
	order_children(node);
	return node;
}

/* ---- tests ----------------------------------------------------------------------------------- */

static const uint32_t probe_costs[] = {
	[PROBE_EXISTS] = 2,
	[PROBE_TEXT] = 4,
	[PROBE_RANGE] = 16,
	[PROBE_CIDR] = 16,
	[PROBE_PART] = 32,
	[PROBE_VALUES] = 1,
	[PROBE_FIELD] = 64,
};

static uint32_t probe_cost(const struct match_program *p, const struct probe *probe)
{
	const struct source *source = &p->set->sources[probe->source];
	uint32_t cost = probe_costs[probe->kind];
	if (probe->test->test->op == TEST_REGEX || probe->printed)
		cost += 32;
	return cost + (source->group != NO_GROUP) + (source->path.len ? 16 : 0);
}

/* Whether a column can be looked at in the domain: elements see their own group and their row. */
static bool in_domain(const struct binder *b, const struct match_field *field)
{
	int group = b->set->shape->columns[field->column].group;
	return b->group == NO_GROUP || group == NO_GROUP || group == b->group;
}

/* The probe of a test on a source: one that the set has already, or a new one; NULL where the source
 * cannot meet it. */
static const struct probe *probe_of(
	struct match_set *set, const struct prepared *prepared, uint32_t source, uint32_t other)
{
	struct probe probe;
	uint64_t *known = NULL;
	bool fresh = true;
	if (set->shared) {
		const struct {
			const struct prepared *prepared;
			uint32_t source, other;
		} key = {prepared, source, other};
		known = map_put(
			&set->by_key, (struct slice){(const char *)&key, sizeof(key)}, &fresh);
	}
	if (!fresh)
		return *known ? &set->probes[*known - 1] : NULL;
	if (!probe_bind(set, prepared, source, other, &probe))
		return NULL;
	probe.id = set->nprobes;
	set->probes = arena_grow(&set->mem, set->probes, set->nprobes, sizeof(probe));
	set->probes[set->nprobes++] = probe;
	if (known)
		*known = set->nprobes;
	return &set->probes[set->nprobes - 1];
}

static void add_probe(struct binder *b, struct node *node, const struct prepared *prepared,
	uint32_t source, uint32_t other)
{
	struct match_program *p = b->program;
	const struct probe *probe = probe_of(b->set, prepared, source, other);
	if (!probe)
		return;
	node->probes = arena_grow(&p->mem, node->probes, node->nprobes, sizeof(*node->probes));
	node->probes[node->nprobes++] = *probe;
	node->cost += probe_cost(p, probe);
}

static struct node *bind_test(struct binder *b, const struct test *test)
{
	const struct prepared *prepared = b->matcher->tests[b->next_test++];
	bool pairs = test->op == TEST_FIELD;
	struct node *node = node_new(b, NODE_TEST);
	uint32_t n, nothers = 1;
	const struct match_field *others = NULL;
	const struct match_field *fields = resolve(b, test->field, test->op, b->fields, &n);
	if (pairs)
		others = resolve(b, test->other, test->op, b->others, &nothers);
	for (uint32_t i = 0; i < n; i++) {
		if (!in_domain(b, &fields[i]))
			continue;
		uint32_t source = source_of(b->set, &fields[i]);
		for (uint32_t o = 0; o < nothers; o++) {
			if (!pairs)
				add_probe(b, node, prepared, source, source);
			else if (in_domain(b, &others[o]))
				add_probe(b, node, prepared, source, source_of(b->set, &others[o]));
		}
	}
	return node->nprobes > 0 ? node : node_const(b, false);
}

/* ---- the same element ------------------------------------------------------------------------ */

/* Notes a column of each group that the tests below look at: columns[g], or UINT32_MAX. */
static void note_groups(struct binder *b, struct slice name, enum test_op op, uint32_t *columns)
{
	uint32_t n;
	const struct match_field *fields = resolve(b, name, op, b->fields, &n);
	for (uint32_t i = 0; i < n; i++) {
		int group = b->set->shape->columns[fields[i].column].group;
		if (group != NO_GROUP && columns[group] == UINT32_MAX)
			columns[group] = (uint32_t)fields[i].column;
	}
}

static void find_groups(struct binder *b, const struct expr *expr, uint32_t *columns)
{
	if (expr->kind == EXPR_TEST) {
		const struct test *test = &expr->test;
		note_groups(b, test->field, test->op, columns);
		if (test->op == TEST_FIELD)
			note_groups(b, test->other, test->op, columns);
		return;
	}
	for (uint32_t i = 0; i < expr->nchildren; i++)
		find_groups(b, expr->children[i], columns);
}

static struct node *bind_node(struct binder *b, const struct expr *expr);

/* One node for each group that the fields lie in; any of them. */
static struct node *bind_same(struct binder *b, const struct expr *expr)
{
	struct match_program *p = b->program;
	uint32_t ngroups = b->group == NO_GROUP ? b->set->shape->ngroups : 0;
	uint32_t *columns = arena_alloc(&p->mem, (ngroups + 1) * sizeof(*columns));
	memset(columns, 0xff, (ngroups + 1) * sizeof(*columns));
	if (ngroups > 0)
		find_groups(b, expr->children[0], columns);
	struct node *any = node_new(b, NODE_OR);
	any->children = arena_zalloc(&p->mem, ngroups, sizeof(struct node *));
	uint32_t first_test = b->next_test;
	for (uint32_t g = 0; g < ngroups; g++) {
		if (columns[g] == UINT32_MAX)
			continue;
		struct node *same = node_new(b, NODE_SAME);
		b->group = same->same_group = (int)g;
		same->same_column = columns[g];
		b->next_test = first_test;
		same->children = arena_alloc(&p->mem, sizeof(struct node *));
		same->children[0] = bind_node(b, expr->children[0]);
		same->nchildren = 1;
		b->group = NO_GROUP;
		order_children(same);
		bool never = same->children[0]->kind == NODE_CONST && !same->children[0]->constant;
		any->children[any->nchildren++] = never ? node_const(b, false) : same;
	}
	if (any->nchildren == 0)
		return bind_node(b, expr->children[0]);
	return fold_gate(b, any, true);
}

/* ---- all ------------------------------------------------------------------------------------- */

static struct node *bind_gate(struct binder *b, const struct expr *expr, enum node_kind kind)
{
	struct node *node = node_new(b, kind);
	node->least = expr->least;
	node->most = expr->most;
	node->children = arena_zalloc(&b->program->mem, expr->nchildren, sizeof(struct node *));
	for (uint32_t i = 0; i < expr->nchildren; i++)
		node->children[node->nchildren++] = bind_node(b, expr->children[i]);
	switch (kind) {
	case NODE_AND:
	case NODE_OR:
		return fold_gate(b, node, kind == NODE_OR);
	case NODE_COUNT:
		return fold_count(b, node);
	case NODE_NOT:
	case NODE_CONST:
	case NODE_SAME:
	case NODE_TEST:
	default:
		return fold_not(b, node);
	}
}

static struct node *bind_node(struct binder *b, const struct expr *expr)
{
	switch (expr->kind) {
	case EXPR_AND:
		return bind_gate(b, expr, NODE_AND);
	case EXPR_OR:
		return bind_gate(b, expr, NODE_OR);
	case EXPR_NOT:
		return bind_gate(b, expr, NODE_NOT);
	case EXPR_COUNT:
		return bind_gate(b, expr, NODE_COUNT);
	case EXPR_SAME:
		return bind_same(b, expr);
	case EXPR_TEST:
		return bind_test(b, &expr->test);
	case EXPR_CONST:
	default:
		return node_const(b, expr->constant);
	}
}

struct match_program *set_bind(struct match_set *set, const struct matcher *matcher)
{
	struct match_program *p = xcalloc(1, sizeof(*p));
	struct binder *b = xmalloc(sizeof(*b));
	p->set = b->set = set;
	b->matcher = matcher;
	b->program = p;
	b->next_test = 0;
	b->group = NO_GROUP;
	p->root = bind_node(b, matcher->expr);
	free(b);
	return p;
}

struct match_program *match_bind(const struct matcher *matcher, const struct batch_shape *shape,
	match_resolve *resolve_field, const void *ctx)
{
	struct match_set *set = match_set_new(shape, resolve_field, ctx, matcher->pool->now);
	set->shared = false;
	struct match_program *p = set_bind(set, matcher);
	p->owner = true;
	return p;
}

void match_program_free(struct match_program *program)
{
	if (!program)
		return;
	if (program->owner)
		match_set_free(program->set);
	arena_fini(&program->mem);
	free(program);
}

bool match_always(const struct match_program *program)
{
	return program->root->kind == NODE_CONST && program->root->constant;
}

bool match_never(const struct match_program *program)
{
	return program->root->kind == NODE_CONST && !program->root->constant;
}

static void want_columns(const struct match_program *program, const struct node *node, bool *want)
{
	for (uint32_t i = 0; i < node->nprobes; i++) {
		want[program->set->sources[node->probes[i].source].column] = true;
		want[program->set->sources[node->probes[i].other].column] = true;
	}
	if (node->kind == NODE_SAME)
		want[node->same_column] = true;
	for (uint32_t i = 0; i < node->nchildren; i++)
		want_columns(program, node->children[i], want);
}

void match_columns(const struct match_program *program, bool *want)
{
	want_columns(program, program->root, want);
}

/* ---- for those who read it ------------------------------------------------------------------- */

const struct batch_shape *bound_shape(const struct match_program *program)
{
	return program->set->shape;
}

const struct source *bound_source(const struct match_program *program, uint32_t source)
{
	return &program->set->sources[source];
}
