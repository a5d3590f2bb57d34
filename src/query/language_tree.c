/* SPDX-License-Identifier: Apache-2.0 */
/* language_tree.c: nodes of the expression. Chains become one flat node, and the values of one field
 * one test: 50,000 addresses joined by OR are one set, not a tree. */
#include "query/language_private.h"

struct expr *tree_node(struct parser *p, enum expr_kind kind, uint32_t begin, uint32_t end)
{
	struct expr *expr = arena_zalloc(p->mem, 1, sizeof(*expr));
	expr->kind = kind;
	expr->begin = begin;
	expr->end = end;
	return expr;
}

struct expr *tree_test(
	struct parser *p, enum test_op op, struct slice field, uint32_t begin, uint32_t end)
{
	struct expr *expr = tree_node(p, EXPR_TEST, begin, end);
	expr->test.op = op;
	expr->test.field = field;
	return expr;
}

void tree_push(struct parser *p, struct expr *expr)
{
	if (p->nstack == p->stack_cap) {
		p->stack_cap = p->stack_cap ? p->stack_cap * 2 : 64;
		p->stack = xrealloc(p->stack, p->stack_cap * sizeof(*p->stack));
	}
	p->stack[p->nstack++] = expr;
}

/* Pushes the children of `kind` nodes in place of the nodes; returns where the new ones begin. */
static uint32_t flatten(struct parser *p, enum expr_kind kind, uint32_t base)
{
	uint32_t end = p->nstack;
	for (uint32_t i = base; i < end; i++) {
		struct expr *child = p->stack[i];
		if (child->kind != kind) {
			tree_push(p, child);
			continue;
		}
		for (uint32_t c = 0; c < child->nchildren; c++)
			tree_push(p, child->children[c]);
	}
	return end;
}

static bool can_merge(const struct expr *expr)
{
	return expr->kind == EXPR_TEST &&
	       (expr->test.op == TEST_PATTERNS || expr->test.op == TEST_CIDR);
}

/* What tests must have in common to become one. */
static struct slice merge_key(struct parser *p, const struct test *test)
{
	buf_clear(&p->scratch);
	buf_push(&p->scratch, (char)('a' + test->op));
	buf_push(&p->scratch, test->fold ? 'f' : 'e');
	buf_slice(&p->scratch, test->field);
	return buf_view(&p->scratch);
}

/* Room for all that will be added to a first test: it is only known at the end, so capacities are
 * doubled as a vector's are; arenas keep the old ones, at most as much again. */
static void *grown(struct parser *p, const void *old, uint32_t n, uint32_t more, size_t size)
{
	/* n items lie in room for the next power of two, but for a test that was never merged. */
	uint32_t room = 1;
	while (room < n)
		room *= 2;
	if (n > 1 && n + more <= room)
		return NULL;
	while (room < n + more)
		room *= 2;
	void *items = arena_alloc(p->mem, room * size);
	memcpy(items, old, n * size);
	return items;
}

static void merge(struct parser *p, struct expr *into, const struct expr *from)
{
	struct test *a = &into->test;
	const struct test *b = &from->test;
	void *items;
	if (from->end > into->end)
		into->end = from->end;
	if (a->op == TEST_CIDR) {
		items = grown(p, a->networks, a->nnetworks, b->nnetworks, sizeof(*a->networks));
		if (items)
			a->networks = items;
		memcpy((struct network *)(uintptr_t)&a->networks[a->nnetworks], b->networks,
			b->nnetworks * sizeof(*b->networks));
		a->nnetworks += b->nnetworks;
		return;
	}
	items = grown(p, a->patterns, a->npatterns, b->npatterns, sizeof(*a->patterns));
	if (items)
		a->patterns = items;
	memcpy((struct pattern *)(uintptr_t)&a->patterns[a->npatterns], b->patterns,
		b->npatterns * sizeof(*b->patterns));
	a->npatterns += b->npatterns;
}

/* Joins the tests on one field among the children of an OR that stand from `base` on. */
static void merge_tests(struct parser *p, uint32_t base)
{
	struct map first;
	map_init(&first);
	uint32_t kept = base;
	for (uint32_t i = base; i < p->nstack; i++) {
		struct expr *child = p->stack[i];
		bool is_new = true;
		uint64_t *at = NULL;
		if (can_merge(child)) {
			at = map_put(&first, merge_key(p, &child->test), &is_new);
			if (is_new)
				*at = kept;
		}
		if (is_new)
			p->stack[kept++] = child;
		else
			merge(p, p->stack[*at], child);
	}
	p->nstack = kept;
	map_fini(&first);
}

struct expr *tree_join(struct parser *p, enum expr_kind kind, uint32_t base)
{
	uint32_t n = p->nstack - base;
	uint32_t begin = p->stack[base]->begin, end = p->stack[p->nstack - 1]->end;
	struct expr *expr = p->stack[base];
	if (n > 1) {
		uint32_t flat = flatten(p, kind, base);
		if (kind == EXPR_OR)
			merge_tests(p, flat);
		n = p->nstack - flat;
		expr = p->stack[flat];
		if (n > 1) {
			expr = tree_node(p, kind, begin, end);
			expr->nchildren = n;
			expr->children = arena_alloc(p->mem, n * sizeof(*expr->children));
			memcpy(expr->children, p->stack + flat, n * sizeof(*expr->children));
		}
	}
	p->nstack = base;
	return expr;
}

struct expr *tree_not(struct parser *p, struct expr *child, uint32_t begin)
{
	struct expr *expr = tree_node(p, EXPR_NOT, begin, child->end);
	expr->nchildren = 1;
	expr->children = arena_alloc(p->mem, sizeof(*expr->children));
	expr->children[0] = child;
	return expr;
}

struct expr *tree_either(struct parser *p, struct expr *a, struct expr *b)
{
	uint32_t base = p->nstack;
	tree_push(p, a);
	tree_push(p, b);
	return tree_join(p, EXPR_OR, base);
}

/* Brackets are limited, and each adds no more than four levels: the recursion is. */
static int check_depth(struct parser *p, const struct expr *expr, unsigned depth)
{
	if (depth > LIMIT_EXPR_DEPTH)
		return language_fail(p, expr->begin, expr->end, NULL,
			"AND, OR and NOT nest deeper than %d levels here: write it flatter",
			LIMIT_EXPR_DEPTH);
	for (uint32_t i = 0; i < expr->nchildren; i++)
		if (check_depth(p, expr->children[i], depth + 1) < 0)
			return -1;
	return 0;
}

int tree_check_depth(struct parser *p, const struct expr *expr)
{
	return check_depth(p, expr, 1);
}
