/* SPDX-License-Identifier: Apache-2.0 */
/* expression.c: nodes of the matcher's expressions. */
#include "detect/private.h"

struct expr *expr_new(struct arena *mem, enum expr_kind kind, uint32_t nchildren)
{
	struct expr *expr = arena_zalloc(mem, 1, sizeof(*expr));
	expr->kind = kind;
	expr->nchildren = nchildren;
	if (nchildren)
		expr->children = arena_zalloc(mem, nchildren, sizeof(struct expr *));
	return expr;
}

struct expr *expr_not(struct arena *mem, struct expr *child)
{
	if (child->kind == EXPR_NOT)
		return child->children[0];
	struct expr *expr = expr_new(mem, EXPR_NOT, 1);
	expr->children[0] = child;
	return expr;
}

struct expr *expr_constant(struct arena *mem, bool constant)
{
	struct expr *expr = expr_new(mem, EXPR_CONST, 0);
	expr->constant = constant;
	return expr;
}

struct expr *expr_join(
	struct arena *mem, enum expr_kind kind, struct expr *const *children, uint32_t n)
{
	if (n == 1)
		return children[0];
	struct expr *expr = expr_new(mem, kind, n);
	for (uint32_t i = 0; i < n; i++)
		expr->children[i] = children[i];
	return expr;
}

struct expr *expr_test(struct arena *mem, enum test_op op, struct slice field)
{
	struct expr *expr = expr_new(mem, EXPR_TEST, 0);
	expr->test.op = op;
	expr->test.field = field;
	return expr;
}
