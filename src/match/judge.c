/* SPDX-License-Identifier: Apache-2.0 */
/* judge.c: what follows for a tree from what is known of its tests: never, maybe or always, so that
 * a NOT is right too. Used over statistics (prune.c) and over distinct values (run.c). */
#include "match/private.h"

static enum verdict judge_and(
	const struct node *node, judge_test *test, void *ctx, uint8_t *verdicts)
{
	enum verdict all = ALWAYS;
	for (uint32_t i = 0; i < node->nchildren; i++) {
		enum verdict v = judge(node->children[i], test, ctx, verdicts);
		if (v == NEVER)
			return NEVER;
		if (v == MAYBE)
			all = MAYBE;
	}
	return all;
}

/* Stops where nothing can become NEVER any more: what comes later is looked at when it is needed. */
static enum verdict judge_or(
	const struct node *node, judge_test *test, void *ctx, uint8_t *verdicts)
{
	for (uint32_t i = 0; i < node->nchildren; i++) {
		enum verdict v = judge(node->children[i], test, ctx, verdicts);
		if (v != NEVER)
			return v;
	}
	return NEVER;
}

static enum verdict judge_count(
	const struct node *node, judge_test *test, void *ctx, uint8_t *verdicts)
{
	uint32_t sure = 0, possible = 0;
	for (uint32_t i = 0; i < node->nchildren; i++) {
		enum verdict v = judge(node->children[i], test, ctx, verdicts);
		sure += v == ALWAYS;
		possible += v != NEVER;
	}
	if (possible < node->least || sure > node->most)
		return NEVER;
	return sure >= node->least && possible <= node->most ? ALWAYS : MAYBE;
}

static enum verdict judge_new(
	const struct node *node, judge_test *test, void *ctx, uint8_t *verdicts)
{
	enum verdict v;
	switch (node->kind) {
	case NODE_CONST:
		return node->constant ? ALWAYS : NEVER;
	case NODE_AND:
		return judge_and(node, test, ctx, verdicts);
	case NODE_OR:
		return judge_or(node, test, ctx, verdicts);
	case NODE_NOT:
		v = judge(node->children[0], test, ctx, verdicts);
		return v == NEVER ? ALWAYS : v == ALWAYS ? NEVER : MAYBE;
	case NODE_COUNT:
		return judge_count(node, test, ctx, verdicts);
	case NODE_SAME: /* a list may be empty */
		v = judge(node->children[0], test, ctx, verdicts);
		return v == NEVER ? NEVER : MAYBE;
	case NODE_TEST:
		return test(ctx, node);
	}
	return MAYBE;
}

enum verdict judge(const struct node *node, judge_test *test, void *ctx, uint8_t *verdicts)
{
	if (verdicts[node->id] == UNKNOWN)
		verdicts[node->id] = (uint8_t)judge_new(node, test, ctx, verdicts);
	return (enum verdict)verdicts[node->id];
}
