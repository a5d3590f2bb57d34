/* SPDX-License-Identifier: Apache-2.0 */
/*
 * toy.h: a small table for tests, rows written as text, and expressions written as text:
 *
 *   row         name=ann;size=5;tag=x|~|y      fields that are left out are null; ~ is a null element
 *   expression  (and (is name a* 'b c') (not (range size [5 9})))
 *
 * Tests of a field: (is F P…) (IS F P…: case counts) (re F R) (rei F R) (has F) (range F LOW HIGH)
 * (RANGE …) (cidr F NET…) (rel F = OTHER) (REL …) (part F hour 5 9); and (and …) (or …) (not E)
 * (count LEAST MOST E…) (same E) (const 1). The field `*` is a keyword. For tests only.
 */
#ifndef MATCH_TOY_H
#define MATCH_TOY_H

#include <arpa/inet.h>

#include "base/test.h"
#include "match/match.h"

enum toy_column {
	TOY_ID,
	TOY_TIME,
	TOY_NAME,
	TOY_NOTE,
	TOY_SIZE,
	TOY_COUNT,
	TOY_OK,
	TOY_IP,
	TOY_EXTRA,
	TOY_TAG,
	TOY_KIND,
	TOY_TITLE,
	TOY_N,
	TOY_ADDR,
	TOY_COLUMNS
};
enum { TOY_GROUPS = 2, TOY_NOW = 1000000000 };

static const struct group_shape toy_groups[] = {{"tag", true}, {"item", false}};
static const struct column_shape toy_columns[] = {
	{"id", COL_UUID, NO_GROUP, 0},
	{"time", COL_TIME, NO_GROUP, 0},
	{"name", COL_STRING, NO_GROUP, 0},
	{"note", COL_STRING, NO_GROUP, 0},
	{"size", COL_INT64, NO_GROUP, 0},
	{"count", COL_INT32, NO_GROUP, 0},
	{"ok", COL_BOOL, NO_GROUP, 0},
	{"ip", COL_IP, NO_GROUP, 0},
	{"extra", COL_JSON, NO_GROUP, 0},
	{"tag", COL_STRING, 0, 0},
	{"kind", COL_STRING, 1, 0},
	{"title", COL_STRING, 1, 0},
	{"n", COL_INT64, 1, 0},
	{"addr", COL_IP, 1, 0},
};
static const struct batch_shape toy_shape = {.table = "toys",
	.ncolumns = TOY_COLUMNS,
	.ngroups = TOY_GROUPS,
	.columns = toy_columns,
	.groups = toy_groups};

/* ---- rows ------------------------------------------------------------------------------------ */

struct toy_value {
	bool null;
	struct slice text; /* as written */
	struct slice held; /* of a string column: the bytes; of an address: 16 */
	int64_t i64;
	uint8_t uuid[16];
};
struct toy {
	struct arena mem;
	uint32_t nrows, n[TOY_COLUMNS];
	struct toy_value *values[TOY_COLUMNS];
	uint32_t *list_off[TOY_GROUPS];
	uint64_t *list_null[TOY_GROUPS];
};

static inline int toy_column(struct slice name)
{
	for (int c = 0; c < TOY_COLUMNS; c++) {
		if (slice_eq(name, slice_of(toy_columns[c].name)))
			return c;
	}
	return -1;
}

static inline struct slice toy_address(struct arena *mem, struct slice text)
{
	char *copy = arena_strdup(mem, text), *bytes = arena_zalloc(mem, 1, 16);
	bytes[10] = bytes[11] = (char)0xff;
	if (inet_pton(AF_INET, copy, bytes + 12) != 1)
		assert_int_equal(inet_pton(AF_INET6, copy, bytes), 1);
	return (struct slice){bytes, 16};
}

static inline struct toy_value toy_value(struct toy *toy, int column, struct slice text)
{
	struct toy_value v = {.text = text, .held = text};
	int64_t end;
	if (slice_eq(text, SLICE("~")))
		return (struct toy_value){.null = true};
	switch (toy_columns[column].type) {
	case COL_IP:
		v.held = toy_address(&toy->mem, text);
		break;
	case COL_INT64:
	case COL_INT32:
		assert_int_equal(text_parse_int(text, &v.i64), 0);
		break;
	case COL_BOOL:
		v.i64 = text.ptr[0] == 't';
		break;
	case COL_TIME:
		assert_int_equal(clock_parse(text, TOY_NOW, &v.i64, &end), 0);
		break;
	case COL_UUID: /* one digit, repeated */
		memset(v.uuid, (text.ptr[0] - '0') * 17, 16);
		break;
	case COL_STRING:
	case COL_JSON:
		break;
	}
	return v;
}

static inline void toy_push(struct toy *toy, int column, struct toy_value value)
{
	uint32_t n = toy->n[column]++;
	if ((n & (n - 1)) == 0) {
		struct toy_value *more =
			arena_alloc(&toy->mem, (n ? 2 * (size_t)n : 1) * sizeof(*more));
		if (n)
			memcpy(more, toy->values[column], n * sizeof(*more));
		toy->values[column] = more;
	}
	toy->values[column][n] = value;
}

/* The next part of *text up to `end`; *text begins after it. */
static inline struct slice toy_cut(struct slice *text, char end)
{
	const char *at = text->len ? memchr(text->ptr, end, text->len) : NULL;
	struct slice part = {text->ptr, at ? (size_t)(at - text->ptr) : text->len};
	size_t used = part.len + (at != NULL);
	*text = (struct slice){text->ptr + used, text->len - used};
	return part;
}

/* Appends a list column's elements of one row; returns how many. */
static inline uint32_t toy_list(struct toy *toy, int column, struct slice text)
{
	uint32_t n = 0;
	while (text.len) {
		toy_push(toy, column, toy_value(toy, column, toy_cut(&text, '|')));
		n++;
	}
	return n;
}

static inline void toy_row(struct toy *toy, const char *row)
{
	struct slice cells[TOY_COLUMNS] = {0}, rest = slice_of(row);
	uint32_t elements[TOY_GROUPS] = {0};
	bool given[TOY_GROUPS] = {0};
	while (rest.len) {
		struct slice cell = toy_cut(&rest, ';'), name = toy_cut(&cell, '=');
		int c = toy_column(name);
		assert_true(c >= 0);
		cells[c] = cell;
		if (toy_columns[c].group != NO_GROUP)
			given[toy_columns[c].group] = true;
	}
	for (int c = 0; c < TOY_COLUMNS; c++) {
		int g = toy_columns[c].group;
		if (g == NO_GROUP) {
			toy_push(toy, c, toy_value(toy, c, cells[c].ptr ? cells[c] : SLICE("~")));
			continue;
		}
		uint32_t n = toy_list(toy, c, cells[c]);
		if (n > elements[g])
			elements[g] = n;
	}
	toy->nrows++;
	for (int c = 0; c < TOY_COLUMNS; c++) {
		int g = toy_columns[c].group;
		while (g != NO_GROUP && toy->n[c] < toy->list_off[g][toy->nrows - 1] + elements[g])
			toy_push(toy, c, (struct toy_value){.null = true});
	}
	for (int g = 0; g < TOY_GROUPS; g++) {
		toy->list_off[g][toy->nrows] = toy->list_off[g][toy->nrows - 1] + elements[g];
		if (!given[g])
			bit_set(toy->list_null[g], toy->nrows - 1);
	}
}

static inline void toy_init(struct toy *toy, uint32_t most)
{
	*toy = (struct toy){0};
	for (int g = 0; g < TOY_GROUPS; g++) {
		toy->list_off[g] = arena_zalloc(&toy->mem, (size_t)most + 1, sizeof(uint32_t));
		toy->list_null[g] = arena_zalloc(&toy->mem, (size_t)most / 64 + 1, 8);
	}
}

/* ---- the batch ------------------------------------------------------------------------------- */

static inline void toy_strings(
	const struct toy *toy, int c, bool plain, struct arena *mem, struct column *col)
{
	struct buf heap;
	struct map seen = {0};
	uint32_t n = toy->n[c];
	buf_init(&heap, UINT32_MAX);
	col->plain = plain;
	col->off = arena_zalloc(mem, (size_t)n + 1, sizeof(uint32_t));
	col->codes = plain ? NULL : arena_zalloc(mem, n, sizeof(uint32_t));
	for (uint32_t i = 0; i < n; i++) {
		const struct toy_value *v = &toy->values[c][i];
		if (plain) {
			buf_slice(&heap, v->held);
			col->off[++col->ndistinct] = (uint32_t)heap.len;
			continue;
		}
		col->codes[i] = CODE_NULL;
		if (v->null)
			continue;
		bool fresh;
		uint64_t *code = map_put(&seen, v->held, &fresh);
		if (fresh) {
			*code = col->ndistinct;
			buf_slice(&heap, v->held);
			col->off[++col->ndistinct] = (uint32_t)heap.len;
		}
		col->codes[i] = (uint32_t)*code;
	}
	col->heap = arena_alloc(mem, heap.len + 1);
	if (heap.len)
		memcpy(col->heap, heap.ptr, heap.len);
	buf_fini(&heap);
	map_fini(&seen);
}

static inline void toy_values(const struct toy *toy, int c, struct arena *mem, struct column *col)
{
	uint32_t n = toy->n[c];
	col->i64 = arena_zalloc(mem, n, sizeof(int64_t));
	col->bools = arena_zalloc(mem, n, 1);
	col->uuid = arena_zalloc(mem, n, 16);
	for (uint32_t i = 0; i < n; i++) {
		col->i64[i] = toy->values[c][i].i64;
		col->bools[i] = (uint8_t)(col->i64[i] & 1);
		memcpy(col->uuid[i], toy->values[c][i].uuid, 16);
	}
}

/* The rows as a batch; bit c of `plain`: column c takes the plain form. */
static inline void toy_batch(const struct toy *toy, unsigned plain, struct batch *batch)
{
	batch_init(batch, &toy_shape);
	batch->nrows = toy->nrows;
	for (int g = 0; g < TOY_GROUPS; g++) {
		batch->groups[g] = (struct group){.nelements = toy->list_off[g][toy->nrows],
			.list_off = toy->list_off[g],
			.nulls = toy->list_null[g]};
	}
	for (int c = 0; c < TOY_COLUMNS; c++) {
		struct column *col = &batch->columns[c];
		bool strings = col_is_string(toy_columns[c].type), nulls = false;
		*col = (struct column){.n = toy->n[c]};
		if (strings)
			toy_strings(toy, c, plain >> c & 1, &batch->mem, col);
		else
			toy_values(toy, c, &batch->mem, col);
		uint64_t *bits = arena_zalloc(&batch->mem, (size_t)col->n / 64 + 1, 8);
		for (uint32_t i = 0; i < col->n; i++) {
			if (toy->values[c][i].null) {
				bit_set(bits, i);
				nulls = true;
			}
		}
		if (nulls && (!strings || col->plain))
			col->nulls = bits;
	}
	batch_check(batch);
}

/* ---- expressions ----------------------------------------------------------------------------- */

struct toy_reader {
	struct slice text;
	struct arena *mem;
};

static inline char toy_peek(struct toy_reader *r)
{
	while (r->text.len && r->text.ptr[0] == ' ')
		r->text = (struct slice){r->text.ptr + 1, r->text.len - 1};
	return r->text.len ? r->text.ptr[0] : '\0';
}

static inline void toy_expect(struct toy_reader *r, char c)
{
	assert_int_equal(toy_peek(r), c);
	r->text = (struct slice){r->text.ptr + 1, r->text.len - 1};
}

static inline struct slice toy_word(struct toy_reader *r)
{
	if (toy_peek(r) == '\'') {
		toy_expect(r, '\'');
		return toy_cut(&r->text, '\'');
	}
	struct slice word = {r->text.ptr, 0};
	while (word.len < r->text.len && !strchr(" )", word.ptr[word.len]))
		word.len++;
	r->text = (struct slice){r->text.ptr + word.len, r->text.len - word.len};
	assert_true(word.len > 0);
	return word;
}

static inline int64_t toy_number(struct toy_reader *r)
{
	int64_t value;
	assert_int_equal(text_parse_int(toy_word(r), &value), 0);
	return value;
}

static inline struct pattern toy_pattern(struct arena *mem, struct slice text)
{
	struct piece *pieces = arena_zalloc(mem, text.len + 1, sizeof(*pieces));
	uint32_t n = 0;
	for (size_t i = 0; i < text.len;) {
		size_t from = i;
		while (i < text.len && text.ptr[i] != '*' && text.ptr[i] != '?')
			i++;
		if (i > from)
			pieces[n++] = (struct piece){PIECE_TEXT, {text.ptr + from, i - from}};
		else
			pieces[n++].kind = text.ptr[i++] == '*' ? PIECE_MANY : PIECE_ONE;
	}
	return (struct pattern){pieces, n};
}

static inline void toy_patterns(struct toy_reader *r, struct test *test)
{
	struct pattern *patterns = arena_zalloc(r->mem, 64, sizeof(*patterns));
	while (toy_peek(r) != ')') {
		assert_true(test->npatterns < 64);
		patterns[test->npatterns++] = toy_pattern(r->mem, toy_word(r));
	}
	test->patterns = patterns;
}

/* `[5`, `{5`, `*` and `5]`, `5}`, `*`. */
static inline struct bound toy_bound(struct slice word, bool upper)
{
	struct bound bound = {0};
	if (slice_eq(word, SLICE("*")))
		return bound;
	bound.given = true;
	char bracket = word.ptr[upper ? word.len - 1 : 0];
	bound.inclusive = bracket == '[' || bracket == ']';
	bound.text = (struct slice){word.ptr + !upper, word.len - 1};
	return bound;
}

static inline enum relation toy_relation(struct slice word)
{
	static const char *const names[] = {"=", "^", "$", "~", "<", "<=", ">", ">="};
	for (size_t i = 0; i < COUNT(names); i++) {
		if (slice_eq(word, slice_of(names[i])))
			return (enum relation)i;
	}
	fail_msg("no relation");
	return REL_EQUAL;
}

static inline enum time_part toy_part(struct slice word)
{
	static const char *const names[] = {
		"minute", "hour", "day", "week", "weekday", "month", "year"};
	for (size_t i = 0; i < COUNT(names); i++) {
		if (slice_eq(word, slice_of(names[i])))
			return (enum time_part)i;
	}
	fail_msg("no part");
	return PART_YEAR;
}

static inline void toy_networks(struct toy_reader *r, struct test *test)
{
	struct network *networks = arena_zalloc(r->mem, 16, sizeof(*networks));
	while (toy_peek(r) != ')')
		assert_int_equal(network_parse(toy_word(r), &networks[test->nnetworks++]), 0);
	test->networks = networks;
}

static inline void toy_test(struct toy_reader *r, struct slice op, struct test *test)
{
	test->field = toy_word(r);
	if (slice_eq(test->field, SLICE("*")))
		test->field = SLICE("");
	test->fold = op.ptr[0] >= 'a';
	if (slice_eq(op, SLICE("is")) || slice_eq(op, SLICE("IS"))) {
		test->op = TEST_PATTERNS;
		toy_patterns(r, test);
	} else if (slice_eq(op, SLICE("re")) || slice_eq(op, SLICE("rei"))) {
		test->op = TEST_REGEX;
		test->regex = toy_word(r);
		test->regex_flags = op.len == 3 ? REGEX_FOLD : 0;
	} else if (slice_eq(op, SLICE("range")) || slice_eq(op, SLICE("RANGE"))) {
		test->op = TEST_RANGE;
		test->low = toy_bound(toy_word(r), false);
		test->high = toy_bound(toy_word(r), true);
	} else if (slice_eq(op, SLICE("cidr"))) {
		test->op = TEST_CIDR;
		toy_networks(r, test);
	} else if (slice_eq(op, SLICE("rel")) || slice_eq(op, SLICE("REL"))) {
		test->op = TEST_FIELD;
		test->relation = toy_relation(toy_word(r));
		test->other = toy_word(r);
	} else if (slice_eq(op, SLICE("part"))) {
		test->op = TEST_TIME_PART;
		test->part = toy_part(toy_word(r));
		test->part_least = toy_number(r);
		test->part_most = toy_number(r);
	} else {
		assert_true(slice_eq(op, SLICE("has")));
		test->op = TEST_EXISTS;
	}
}

static inline struct expr *toy_read(struct toy_reader *r)
{
	static const char *const kinds[] = {"const", "and", "or", "not", "count", "same"};
	struct expr *expr = arena_zalloc(r->mem, 1, sizeof(*expr));
	toy_expect(r, '(');
	struct slice op = toy_word(r);
	expr->kind = EXPR_TEST;
	for (size_t k = 0; k < COUNT(kinds); k++) {
		if (slice_eq(op, slice_of(kinds[k])))
			expr->kind = (enum expr_kind)k;
	}
	if (expr->kind == EXPR_TEST)
		toy_test(r, op, &expr->test);
	if (expr->kind == EXPR_CONST)
		expr->constant = toy_number(r) != 0;
	if (expr->kind == EXPR_COUNT) {
		expr->least = (uint32_t)toy_number(r);
		expr->most = (uint32_t)toy_number(r);
	}
	expr->children = arena_zalloc(r->mem, 64, sizeof(struct expr *));
	while (toy_peek(r) == '(') {
		assert_true(expr->nchildren < 64);
		expr->children[expr->nchildren++] = toy_read(r);
	}
	toy_expect(r, ')');
	return expr;
}

static inline const struct expr *toy_expr(struct arena *mem, const char *text)
{
	struct toy_reader r = {{arena_strdup(mem, slice_of(text)), strlen(text)}, mem};
	const struct expr *expr = toy_read(&r);
	assert_int_equal(toy_peek(&r), '\0');
	return expr;
}

/* ---- names ----------------------------------------------------------------------------------- */

/* Columns by name; `extra.some.path`; `both` = name and title; `mixed` = tag and kind and size;
 * a keyword: every string column. */
static inline uint32_t toy_resolve(const void *ctx, const struct batch_shape *shape,
	struct slice name, enum test_op op, struct match_field *fields)
{
	static const int both[] = {TOY_NAME, TOY_TITLE}, mixed[] = {TOY_TAG, TOY_KIND, TOY_SIZE};
	uint32_t n = 0;
	(void)ctx;
	(void)op;
	assert_ptr_equal(shape, &toy_shape);
	if (name.len == 0) {
		for (int c = 0; c < TOY_COLUMNS; c++) {
			if (toy_columns[c].type == COL_STRING || toy_columns[c].type == COL_JSON)
				fields[n++] = (struct match_field){.column = c};
		}
	} else if (name.len > 6 && memcmp(name.ptr, "extra.", 6) == 0) {
		fields[n++] = (struct match_field){TOY_EXTRA, {name.ptr + 6, name.len - 6}};
	} else if (slice_eq(name, SLICE("both"))) {
		for (; n < COUNT(both); n++)
			fields[n] = (struct match_field){.column = both[n]};
	} else if (slice_eq(name, SLICE("mixed"))) {
		for (; n < COUNT(mixed); n++)
			fields[n] = (struct match_field){.column = mixed[n]};
	} else if (toy_column(name) >= 0) {
		fields[n++] = (struct match_field){.column = toy_column(name)};
	}
	return n;
}

#endif
