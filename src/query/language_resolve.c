/* SPDX-License-Identifier: Apache-2.0 */
/* language_resolve.c: from a field's name to columns: names, original paths, lists, keys of JSON, and the
 * common fields that are better read elsewhere. */
#include <stdio.h>
#include <strings.h>

#include "query/language_private.h"

static bool same(const char *a, struct slice b, bool exact)
{
	return strlen(a) == b.len &&
	       (exact ? memcmp(a, b.ptr, b.len) : strncasecmp(a, b.ptr, b.len)) == 0;
}

/* The child of `node` that the first key of *path leads to (`[]` behind it is passed over); *path goes on behind it. */
static int step(const struct schema *schema, int node, struct slice *path, bool exact)
{
	const char *dot = memchr(path->ptr, '.', path->len);
	struct slice key = {path->ptr, dot ? (size_t)(dot - path->ptr) : path->len};
	*path = dot ? (struct slice){dot + 1, path->len - key.len - 1} : SLICE("");
	if (key.len > 2 && memcmp(key.ptr + key.len - 2, "[]", 2) == 0)
		key.len -= 2;
	const struct schema_node *parent = &schema->nodes[node];
	for (uint32_t i = 0; i < parent->nchildren; i++)
		if (same(schema->nodes[parent->first_child + i].key, key, exact))
			return (int)(parent->first_child + i);
	return -1;
}

static int walk(const struct schema *schema, int node, struct slice path, bool exact)
{
	while (node >= 0 && path.len)
		node = step(schema, node, &path, exact);
	return node;
}

int resolve_group(const struct schema *schema, struct slice name)
{
	if (name.len == 0)
		return NO_GROUP;
	for (int fold = 0; fold < 2; fold++) {
		for (uint32_t g = 0; g < schema->shape.ngroups; g++)
			if (same(schema->shape.groups[g].name, name, !fold))
				return (int)g;
		int node = walk(schema, 0, name, !fold);
		if (node >= 0 && schema->nodes[node].kind == NODE_LIST)
			return schema->nodes[node].group;
	}
	return NO_GROUP;
}

/* A field of a list by its column's name or its key, where the list is called by either. */
static int in_group(const struct schema *schema, int group, struct slice field)
{
	for (int fold = 0; fold < 2; fold++) {
		for (uint32_t c = 0; c < schema->shape.ncolumns; c++)
			if (schema->shape.columns[c].group == group &&
				same(schema->shape.columns[c].name, field, !fold))
				return (int)c;
		for (uint32_t n = 0; n < schema->nnodes; n++) {
			if (schema->nodes[n].kind != NODE_LIST || schema->nodes[n].group != group)
				continue;
			int leaf = walk(schema, (int)n, field, !fold);
			if (leaf > (int)n && schema->nodes[leaf].column >= 0)
				return schema->nodes[leaf].column;
		}
	}
	return -1;
}

static bool put(struct match_field *fields, uint32_t *n, int column, struct slice path)
{
	if (*n == MATCH_FIELDS)
		return false;
	fields[(*n)++] = (struct match_field){column, path};
	return true;
}

/* `list.field` and `json.key`: the name cut at one of its dots. */
static uint32_t by_parts(
	const struct schema *schema, struct slice name, struct match_field fields[MATCH_FIELDS])
{
	uint32_t n = 0;
	for (size_t i = name.len; i-- > 1;) {
		if (name.ptr[i] != '.' || i + 1 == name.len)
			continue;
		struct slice left = {name.ptr, i}, right = {name.ptr + i + 1, name.len - i - 1};
		if (left.len > 2 && memcmp(left.ptr + left.len - 2, "[]", 2) == 0)
			left.len -= 2;
		int group = resolve_group(schema, left);
		int column = group == NO_GROUP ? -1 : in_group(schema, group, right);
		if (column >= 0) {
			put(fields, &n, column, SLICE(""));
			return n;
		}
		column = schema_resolve(schema, left);
		if (column >= 0 && schema->shape.columns[column].type == COL_JSON) {
			put(fields, &n, column, right);
			return n;
		}
	}
	return 0;
}

bool resolve_is_ip(const struct schema *schema, int column)
{
	if (column >= SYS_COLUMNS)
		return schema->columns[column - SYS_COLUMNS].observable == OBS_IP;
	return column == SYS_IP || column == SYS_IP_BYTES;
}

/* Whether a common field only repeats what other columns hold. */
static bool repeats(const struct schema *schema, int column)
{
	if (column == SYS_TARGET || column == SYS_TARGET_TYPE || column == SYS_TARGETS)
		return true;
	if (column >= SYS_ACTOR && column <= SYS_SUMMARY && column != SYS_IP_BYTES)
		return !schema->common[column].direct;
	return column == SYS_SOURCE || column == SYS_INSTANCE;
}

static bool is_text(enum col_type type)
{
	return type == COL_STRING || type == COL_JSON;
}

static uint32_t keyword_columns(
	const struct schema *schema, enum test_op op, struct match_field fields[MATCH_FIELDS])
{
	uint32_t n = 0;
	const struct common_field *ip = &schema->common[SYS_IP];
	/* Where `ip` is one column's copy, its 16-byte form stands for that column. */
	int copied = !ip->direct && ip->ncolumns == 1 ? ip->columns[0] : -1;
	for (int c = 0; c < (int)schema->shape.ncolumns; c++) {
		bool wanted = is_text(schema->shape.columns[c].type) && !repeats(schema, c);
		if (op == TEST_CIDR && c == SYS_IP_BYTES)
			wanted = ip->direct || copied >= 0;
		else if (op == TEST_CIDR)
			wanted = wanted && resolve_is_ip(schema, c) && c != SYS_IP && c != copied;
		if (wanted)
			put(fields, &n, c, SLICE(""));
	}
	return n;
}

uint32_t resolve_columns(const struct schema *schema, struct slice name, enum test_op op,
	struct match_field fields[MATCH_FIELDS])
{
	uint32_t n = 0;
	if (name.len == 0)
		return keyword_columns(schema, op, fields);
	int column = schema_resolve(schema, name);
	if (column == SYS_TARGET)
		column = SYS_TARGETS;
	if (column == SYS_IP && op == TEST_CIDR)
		column = SYS_IP_BYTES;
	if (column >= 0) {
		put(fields, &n, column, SLICE(""));
		return n;
	}
	int group = resolve_group(schema, name);
	if (group == NO_GROUP)
		return by_parts(schema, name, fields);
	for (uint32_t c = 0; c < schema->shape.ncolumns; c++)
		if (schema->shape.columns[c].group == group)
			put(fields, &n, (int)c, SLICE(""));
	return n;
}

/* The column of an older file's shape that is called as column `c` of today's. */
static int column_of_shape(const struct schema *schema, const struct batch_shape *shape, int c)
{
	if (shape == &schema->shape)
		return c;
	const struct column_shape *column = &schema->shape.columns[c];
	if ((uint32_t)c < shape->ncolumns && column->group == NO_GROUP &&
		shape->columns[c].group == NO_GROUP && shape->columns[c].type == column->type &&
		strcmp(shape->columns[c].name, column->name) == 0)
		return c;
	if (column->group == NO_GROUP)
		return batch_find_column(shape, slice_of(column->name));
	const struct group_shape *group = &schema->shape.groups[column->group];
	if (group->bare)
		return batch_find_column(shape, slice_of(group->name));
	char name[512];
	int n = snprintf(name, sizeof(name), "%s.%s", group->name, column->name);
	return n > 0 && (size_t)n < sizeof(name) ? batch_find_column(shape, slice_of(name)) : -1;
}

uint32_t query_resolve(const void *ctx, const struct batch_shape *shape, struct slice name,
	enum test_op op, struct match_field *fields)
{
	const struct schema *schema = ctx;
	uint32_t n = resolve_columns(schema, name, op, fields), kept = 0;
	for (uint32_t i = 0; i < n; i++) {
		int column = column_of_shape(schema, shape, fields[i].column);
		if (column < 0 && fields[i].column == SYS_IP_BYTES && name.len)
			column = column_of_shape(schema, shape, SYS_IP);
		if (column >= 0)
			fields[kept++] = (struct match_field){column, fields[i].path};
	}
	return kept;
}

struct slice query_rule_name(const struct schema *schema, struct slice name)
{
	int column = schema_resolve_path(schema, name);
	if (column < 0 || column == schema_resolve(schema, name) ||
		schema->shape.columns[column].group != NO_GROUP)
		return name;
	return slice_of(schema->shape.columns[column].name);
}

uint32_t query_resolve_rule(const void *ctx, const struct batch_shape *shape, struct slice name,
	enum test_op op, struct match_field *fields)
{
	return query_resolve(ctx, shape, query_rule_name(ctx, name), op, fields);
}

uint32_t query_resolve_shown(const void *ctx, const struct batch_shape *shape, struct slice name,
	struct match_field *fields)
{
	const struct schema *schema = ctx;
	if (name.len && schema_resolve(schema, name) == SYS_TARGET) {
		int column = column_of_shape(schema, shape, SYS_TARGET);
		fields[0] = (struct match_field){column, SLICE("")};
		return column >= 0;
	}
	return query_resolve(ctx, shape, name, TEST_EXISTS, fields);
}

/* ---- tables ------------------------------------------------------------------------------------ */

bool resolve_table(const struct schema *schema, const struct test *test)
{
	struct text_test *text;
	if (test->op == TEST_EXISTS)
		return true;
	if (test->op == TEST_PATTERNS)
		text = text_test_patterns(test->patterns, test->npatterns, test->fold);
	else if (test->op != TEST_REGEX ||
		 text_test_regex(test->regex, test->regex_flags, &text, NULL) < 0)
		return false;
	struct text_scratch *scratch = text_scratch_new();
	bool is = text_test_value(text, scratch, slice_of(schema->table)) ||
		  text_test_value(text, scratch, slice_of(schema->product));
	text_scratch_free(scratch);
	text_test_free(text);
	return is;
}

static bool is_table_test(const struct expr *expr)
{
	return expr->kind == EXPR_TEST && slice_eq(expr->test.field, SLICE("table"));
}

const struct expr *query_for_table(
	const struct expr *expr, const struct schema *schema, struct arena *mem)
{
	struct expr *copy = NULL;
	if (is_table_test(expr)) {
		copy = arena_zalloc(mem, 1, sizeof(*copy));
		copy->begin = expr->begin;
		copy->end = expr->end;
		copy->constant = resolve_table(schema, &expr->test);
		return copy;
	}
	for (uint32_t i = 0; i < expr->nchildren; i++) {
		const struct expr *child = query_for_table(expr->children[i], schema, mem);
		if (child == expr->children[i])
			continue;
		if (!copy) {
			copy = arena_alloc(mem, sizeof(*copy));
			*copy = *expr;
			copy->children =
				arena_alloc(mem, expr->nchildren * sizeof(*copy->children));
			memcpy(copy->children, expr->children,
				expr->nchildren * sizeof(*copy->children));
		}
		copy->children[i] = (struct expr *)(uintptr_t)child;
	}
	return copy ? copy : expr;
}
