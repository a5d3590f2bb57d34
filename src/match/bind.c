/* SPDX-License-Identifier: Apache-2.0 */
/* bind.c: a prepared expression and the shape of a table become a program: names become columns,
 * tests become probes, what is decided by that alone is folded away, and the cheap comes first. */
#include "match/private.h"

#include <stdlib.h>

struct binder {
	const struct matcher *matcher;
	const struct batch_shape *shape;
	match_resolve *resolve;
	void *ctx;
	struct match_program *program;
	int32_t *first_source; /* of each column, or -1 */
	uint32_t next_test;    /* the prepared test of the next EXPR_TEST */
	int group;             /* the domain */
	struct match_field fields[MATCH_FIELDS], others[MATCH_FIELDS];
};

/* ---- sources --------------------------------------------------------------------------------- */

/* What a name means: `fields` is filled with those that can hold anything. */
static uint32_t resolve(
	struct binder *b, struct slice name, enum test_op op, struct match_field *fields)
{
	uint32_t n = b->resolve(b->ctx, b->shape, name, op, fields), kept = 0;
	for (uint32_t i = 0; i < n && i < MATCH_FIELDS; i++) {
		int column = fields[i].column;
		if (column < 0 || (uint32_t)column >= b->shape->ncolumns)
			continue;
		if (fields[i].path.len && b->shape->columns[column].type != COL_JSON)
			continue;
		fields[kept++] = fields[i];
	}
	return kept;
}

static uint32_t source_of(struct binder *b, const struct match_field *field)
{
	struct match_program *p = b->program;
	uint32_t column = (uint32_t)field->column;
	for (int32_t s = b->first_source[column]; s >= 0; s = p->sources[s].next) {
		if (slice_eq(p->sources[s].path, field->path))
			return (uint32_t)s;
	}
	p->sources = arena_grow(&p->mem, p->sources, p->nsources, sizeof(*p->sources));
	struct source *source = &p->sources[p->nsources];
	*source = (struct source){.column = column,
		.group = b->shape->columns[column].group,
		.type = b->shape->columns[column].type,
		.next = b->first_source[column]};
	if (field->path.len)
		source->path = (struct slice){arena_strdup(&p->mem, field->path), field->path.len};
	b->first_source[column] = (int32_t)p->nsources;
	return p->nsources++;
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
	const struct source *source = &p->sources[probe->source];
	uint32_t cost = probe_costs[probe->kind];
	if (probe->test->test->op == TEST_REGEX || probe->printed)
		cost += 32;
	return cost + (source->group != NO_GROUP) + (source->path.len ? 16 : 0);
}

/* Whether a column can be looked at in the domain: elements see their own group and their row. */
static bool in_domain(const struct binder *b, const struct match_field *field)
{
	int group = b->shape->columns[field->column].group;
	return b->group == NO_GROUP || group == NO_GROUP || group == b->group;
}

static void add_probe(struct binder *b, struct node *node, const struct prepared *prepared,
	uint32_t source, uint32_t other)
{
	struct match_program *p = b->program;
	node->probes = arena_grow(&p->mem, node->probes, node->nprobes, sizeof(*node->probes));
	struct probe *probe = &node->probes[node->nprobes];
	if (!probe_bind(p, prepared, source, other, probe))
		return;
	node->nprobes++;
	node->cost += probe_cost(p, probe);
}

static struct node *bind_test(struct binder *b)
{
	const struct prepared *prepared = &b->matcher->tests[b->next_test++];
	const struct test *test = prepared->test;
	bool pairs = test->op == TEST_FIELD;
	struct node *node = node_new(b, NODE_TEST);
	uint32_t n = resolve(b, test->field, test->op, b->fields);
	uint32_t nothers = pairs ? resolve(b, test->other, test->op, b->others) : 1;
	for (uint32_t i = 0; i < n; i++) {
		if (!in_domain(b, &b->fields[i]))
			continue;
		uint32_t source = source_of(b, &b->fields[i]);
		for (uint32_t o = 0; o < nothers; o++) {
			if (!pairs)
				add_probe(b, node, prepared, source, source);
			else if (in_domain(b, &b->others[o]))
				add_probe(b, node, prepared, source, source_of(b, &b->others[o]));
		}
	}
	return node->nprobes > 0 ? node : node_const(b, false);
}

/* ---- the same element ------------------------------------------------------------------------ */

/* Notes a column of each group that the tests below look at: columns[g], or UINT32_MAX. */
static void note_groups(
	struct binder *b, const struct match_field *fields, uint32_t n, uint32_t *columns)
{
	for (uint32_t i = 0; i < n; i++) {
		int group = b->shape->columns[fields[i].column].group;
		if (group != NO_GROUP && columns[group] == UINT32_MAX)
			columns[group] = (uint32_t)fields[i].column;
	}
}

static void find_groups(struct binder *b, const struct expr *expr, uint32_t *columns)
{
	if (expr->kind == EXPR_TEST) {
		const struct test *test = &expr->test;
		note_groups(b, b->fields, resolve(b, test->field, test->op, b->fields), columns);
		if (test->op == TEST_FIELD)
			note_groups(b, b->others, resolve(b, test->other, test->op, b->others),
				columns);
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
	uint32_t ngroups = b->group == NO_GROUP ? b->shape->ngroups : 0;
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
		return bind_test(b);
	case EXPR_CONST:
	default:
		return node_const(b, expr->constant);
	}
}

struct match_program *match_bind(const struct matcher *matcher, const struct batch_shape *shape,
	match_resolve *resolve_name, void *ctx)
{
	struct match_program *p = xcalloc(1, sizeof(*p));
	struct binder *b = xmalloc(sizeof(*b));
	p->matcher = b->matcher = matcher;
	p->shape = b->shape = shape;
	b->resolve = resolve_name;
	b->ctx = ctx;
	b->program = p;
	b->next_test = 0;
	b->group = NO_GROUP;
	b->first_source = xmalloc(shape->ncolumns * sizeof(*b->first_source));
	memset(b->first_source, 0xff, shape->ncolumns * sizeof(*b->first_source));
	p->root = bind_node(b, matcher->expr);
	free(b->first_source);
	free(b);
	return p;
}

void match_program_free(struct match_program *program)
{
	if (!program)
		return;
	for (uint32_t i = 0; i < program->nowned; i++)
		text_test_free(program->owned[i]);
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
		want[program->sources[node->probes[i].source].column] = true;
		want[program->sources[node->probes[i].other].column] = true;
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
