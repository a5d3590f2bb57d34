/* SPDX-License-Identifier: Apache-2.0 */
/* engine_toy.h: a small table whose values are picked from a list of awkward texts, and short ways to write
 * expressions. For tests only. */
#ifndef DETECT_ENGINE_TOY_H
#define DETECT_ENGINE_TOY_H

#include <stdlib.h>

#include "base/test.h"
#include "detect/engine.h"

enum { TOY_A, TOY_B, TOY_JSON, TOY_N, TOY_TAG, TOY_COLUMNS };
static const struct column_shape toy_columns[TOY_COLUMNS] = {{"a", COL_STRING, NO_GROUP, 0},
	{"b", COL_STRING, NO_GROUP, 0}, {"json", COL_JSON, NO_GROUP, 0},
	{"n", COL_INT64, NO_GROUP, 0}, {"tag", COL_STRING, 0, 0}};
static const struct group_shape toy_groups[] = {{"tag", true}};
static const struct batch_shape toy_shape = {.table = "toys",
	.ncolumns = TOY_COLUMNS,
	.ngroups = 1,
	.columns = toy_columns,
	.groups = toy_groups};

/* Columns by name, `json.key`, `either` = a or b, by the test, and "" for all texts. */
static inline uint32_t toy_resolve(const void *ctx, const struct batch_shape *shape,
	struct slice name, enum test_op op, struct match_field *fields)
{
	static const int texts[] = {TOY_A, TOY_B, TOY_TAG};
	uint32_t n = 0;
	(void)ctx;
	if (name.len == 0) {
		for (; n < 3; n++)
			fields[n] = (struct match_field){.column = texts[n]};
	} else if (name.len > 5 && memcmp(name.ptr, "json.", 5) == 0) {
		fields[n++] = (struct match_field){TOY_JSON, {name.ptr + 5, name.len - 5}};
	} else if (slice_eq(name, SLICE("either"))) { /* as an address is text and bytes */
		fields[n++] = (struct match_field){.column = op == TEST_EXISTS ? TOY_B : TOY_A};
	} else {
		int column = batch_find_column(shape, name);
		if (column >= 0)
			fields[n++].column = column;
		if (n)
			fields[0].path = SLICE("");
	}
	return n;
}

/* ---- batches --------------------------------------------------------------------------------- */

/* A string column of texts[pick[i]], i < n; pick < 0: null. */
static inline void toy_strings(struct batch *batch, int c, const char *const *texts,
	uint32_t ntexts, const int *pick, uint32_t n, bool plain)
{
	struct column *col = &batch->columns[c];
	struct buf heap;
	buf_init(&heap, 1 << 24);
	uint32_t values = plain ? n : ntexts;
	*col = (struct column){.n = n, .plain = plain, .ndistinct = values};
	col->off = arena_zalloc(&batch->mem, (size_t)values + 1, sizeof(*col->off));
	for (uint32_t i = 0; i < values; i++) {
		if (!plain || pick[i] >= 0)
			buf_slice(&heap, slice_of(texts[plain ? pick[i] : (int)i]));
		col->off[i + 1] = (uint32_t)heap.len;
	}
	col->heap = arena_strdup(&batch->mem, buf_view(&heap));
	buf_fini(&heap);
	if (plain)
		col->nulls = arena_zalloc(&batch->mem, n / 64 + 1, 8);
	else
		col->codes = arena_zalloc(&batch->mem, n, sizeof(*col->codes));
	for (uint32_t i = 0; i < n; i++) {
		if (plain && pick[i] < 0)
			bit_set(col->nulls, i);
		else if (!plain)
			col->codes[i] = pick[i] < 0 ? CODE_NULL : (uint32_t)pick[i];
	}
}

/* ---- expressions ----------------------------------------------------------------------------- */

static inline struct expr *toy_node(struct arena *mem, enum expr_kind kind)
{
	struct expr *e = arena_zalloc(mem, 1, sizeof(*e));
	e->kind = kind;
	e->children = arena_zalloc(mem, 16, sizeof(struct expr *));
	return e;
}

static inline struct expr *toy_gate(
	struct arena *mem, enum expr_kind kind, struct expr *a, struct expr *b)
{
	struct expr *e = toy_node(mem, kind);
	e->children[e->nchildren++] = a;
	if (b)
		e->children[e->nchildren++] = b;
	return e;
}

static inline struct expr *toy_test(struct arena *mem, enum test_op op, const char *field)
{
	struct expr *e = toy_node(mem, EXPR_TEST);
	e->test.op = op;
	e->test.field = slice_of(field);
	return e;
}

/* `*` and `?` in `text` are wildcards. Adds one more pattern to a test. */
static inline void toy_add(struct arena *mem, struct expr *e, const char *text)
{
	struct piece *pieces = arena_zalloc(mem, strlen(text) + 1, sizeof(*pieces));
	struct pattern *patterns = arena_zalloc(mem, e->test.npatterns + 1, sizeof(*patterns));
	uint32_t n = 0;
	while (*text) {
		size_t len = strcspn(text, "*?");
		if (len > 0)
			pieces[n++] = (struct piece){PIECE_TEXT, {text, len}};
		else
			pieces[n++].kind = *text == '*' ? PIECE_MANY : PIECE_ONE;
		text += len ? len : 1;
	}
	if (e->test.npatterns)
		memcpy(patterns, e->test.patterns, e->test.npatterns * sizeof(*patterns));
	patterns[e->test.npatterns++] = (struct pattern){pieces, n};
	e->test.patterns = patterns;
}

static inline struct expr *toy_is(struct arena *mem, const char *field, const char *text)
{
	struct expr *e = toy_test(mem, TEST_PATTERNS, field);
	e->test.fold = true;
	toy_add(mem, e, text);
	return e;
}

#endif
