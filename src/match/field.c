/* SPDX-License-Identifier: Apache-2.0 */
/* field.c: two fields of the same event compared. Texts are compared as texts, folded or not; in
 * order, two numbers as numbers, a number with what is none not at all. Values of one type that is
 * no text are compared as values. */
#include "match/private.h"

/* Pairs of one row beyond which the comparison gives up: lists of 256 on both sides. One element of
 * the other side may meet 65,536. */
enum { MAX_PAIRS = 1 << 16 };

struct side {
	const struct source *source;
	const struct column *col;
	const uint32_t *list;          /* elements of a row, or NULL: one value a row */
	const struct derived *derived; /* NULL = none */
	uint32_t n;                    /* values of the column */
};
struct pair {
	struct run *run;
	const struct test *test;
	struct side a, b;
	bool typed; /* both are of one type that is no text */
};
/* One value: the text of a string, or a number that orders the others. */
struct value {
	struct slice text;
	u128 key;
	char printed[PRINT_MAX];
};

/* ---- values ---------------------------------------------------------------------------------- */

/* Whether numbers, times … of both types are compared by value. */
static bool same_type(enum col_type a, enum col_type b)
{
	bool whole = (a == COL_INT64 || a == COL_INT32) && (b == COL_INT64 || b == COL_INT32);
	return whole || (a == b && a != COL_STRING && a != COL_JSON);
}

/* How many values there are at place i: a path finds any number of them in one. */
static uint32_t side_count(const struct side *side, uint32_t i)
{
	if (i >= side->n || column_is_null(side->col, i))
		return 0;
	if (!side->derived)
		return 1;
	uint32_t d = side->col->plain ? i : side->col->codes[i];
	return side->derived->first[d + 1] - side->derived->first[d];
}

static void side_key(const struct side *side, uint32_t i, struct value *value)
{
	const struct column *col = side->col;
	switch (side->source->type) {
	case COL_UUID:
		value->key = load128(col->uuid[i]);
		break;
	case COL_IP:
		value->key = load128(column_text(col, i).ptr);
		break;
	case COL_BOOL:
		value->key = key_of(col->bools[i]);
		break;
	case COL_STRING:
	case COL_JSON:
	case COL_INT64:
	case COL_INT32:
	case COL_TIME:
		value->key = key_of(col->i64[i]);
		break;
	}
}

static void side_text(const struct side *side, uint32_t i, uint32_t which, struct value *value)
{
	const struct column *col = side->col;
	enum col_type type = side->source->type;
	if (side->derived) {
		const struct derived *d = side->derived;
		uint32_t at = d->first[col->plain ? i : col->codes[i]] + which;
		value->text = (struct slice){d->heap + d->off[at], d->off[at + 1] - d->off[at]};
	} else if (col_is_string(type) && type != COL_IP) {
		value->text = column_text(col, i);
	} else {
		size_t n = print_value(col, type, i, value->printed);
		value->text = (struct slice){value->printed, n};
	}
}

/* ---- one pair -------------------------------------------------------------------------------- */

static bool order_fits(enum relation relation, int order)
{
	switch (relation) {
	case REL_LESS:
		return order < 0;
	case REL_LESS_EQUAL:
		return order <= 0;
	case REL_GREATER:
		return order > 0;
	case REL_GREATER_EQUAL:
		return order >= 0;
	case REL_EQUAL:
	case REL_STARTS:
	case REL_ENDS:
	case REL_CONTAINS:
		break;
	}
	return order == 0;
}

static bool texts_in_order(
	struct match_scratch *scratch, const struct test *test, struct slice a, struct slice b)
{
	struct decimal x, y;
	bool a_number = decimal_parse(a, &x) == 0, b_number = decimal_parse(b, &y) == 0;
	if (a_number != b_number)
		return false;
	return order_fits(test->relation,
		a_number ? decimal_order(&x, &y) : text_order(scratch->text, a, b, test->fold));
}

/* The folded form in `buf`, or the text itself. */
static struct slice folded(struct buf *buf, struct slice text, bool fold)
{
	if (!fold)
		return text;
	buf_clear(buf);
	text_fold(buf, text);
	return buf_view(buf);
}

static bool texts_relate(
	struct match_scratch *scratch, const struct test *test, struct slice a, struct slice b)
{
	if (test->relation == REL_EQUAL)
		return slice_eq(a, b) || (test->fold && text_order(scratch->text, a, b, true) == 0);
	if (test->relation >= REL_LESS)
		return texts_in_order(scratch, test, a, b);
	a = folded(&scratch->a, a, test->fold);
	b = folded(&scratch->b, b, test->fold);
	if (b.len == 0)
		return true;
	if (b.len > a.len)
		return false;
	if (test->relation == REL_STARTS)
		return memcmp(a.ptr, b.ptr, b.len) == 0;
	if (test->relation == REL_ENDS)
		return memcmp(a.ptr + a.len - b.len, b.ptr, b.len) == 0;
	return memmem(a.ptr, a.len, b.ptr, b.len) != NULL;
}

/* Any value at place i of one side with any at place j of the other. */
static bool places_relate(const struct pair *p, uint32_t i, uint32_t j)
{
	struct value a, b;
	uint32_t na = side_count(&p->a, i), nb = side_count(&p->b, j);
	bool by_value =
		p->typed && (p->test->relation == REL_EQUAL || p->test->relation >= REL_LESS);
	if (na == 0 || nb == 0)
		return false;
	if (by_value) {
		side_key(&p->a, i, &a);
		side_key(&p->b, j, &b);
		return order_fits(p->test->relation, (a.key > b.key) - (a.key < b.key));
	}
	for (uint32_t x = 0; x < na; x++) {
		side_text(&p->a, i, x, &a);
		for (uint32_t y = 0; y < nb; y++) {
			side_text(&p->b, j, y, &b);
			if (texts_relate(p->run->scratch, p->test, a.text, b.text))
				return true;
		}
	}
	return false;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static bool side_load(struct run *run, uint32_t source, struct side *side)
{
	*side = (struct side){.source = &run->program->set->sources[source]};
	if (!input_load(run, side->source->column, MATCH_ROWS))
		return false;
	side->col = &run->input->batch->columns[side->source->column];
	uint32_t n = run_size(run, side->source->group);
	side->n = side->col->n == n ? n : 0; /* a column that is not there is null */
	if (side->source->group != NO_GROUP)
		side->list = run_list(run, side->source->group);
	if (side->source->path.len) {
		side->derived = run_derived(run, source);
		return side->derived != NULL;
	}
	return true;
}

static uint64_t side_values(const struct side *side, uint32_t begin, uint32_t end)
{
	uint64_t n = 0;
	if (!side->derived)
		return end - begin;
	for (uint32_t i = begin; i < end; i++)
		n += side_count(side, i);
	return n;
}

/* Any place of [a, a_end) with any of [b, b_end). */
static bool ranges_relate(
	const struct pair *p, uint32_t a, uint32_t a_end, uint32_t b, uint32_t b_end)
{
	if (side_values(&p->a, a, a_end) * side_values(&p->b, b, b_end) > MAX_PAIRS) {
		p->run->scratch->gave_up++;
		return false;
	}
	for (uint32_t i = a; i < a_end; i++) {
		for (uint32_t j = b; j < b_end; j++) {
			if (places_relate(p, i, j))
				return true;
		}
	}
	return false;
}

/* A row, or where `group` is given an element and its row: the places of a side. */
static void side_places(const struct side *side, int group, uint32_t element, uint32_t row,
	uint32_t *begin, uint32_t *end)
{
	bool own = group != NO_GROUP && side->source->group == group;
	*begin = own ? element : side->list ? side->list[row] : row;
	*end = own || !side->list ? *begin + 1 : side->list[row + 1];
	if (side->source->group != NO_GROUP && !side->list)
		*end = *begin; /* no element at all */
}

bool field_rows(
	struct run *run, const struct probe *probe, int group, const uint64_t *among, uint64_t *out)
{
	struct pair p = {.run = run, .test = probe->test->test};
	if (!side_load(run, probe->source, &p.a) || !side_load(run, probe->other, &p.b))
		return false;
	p.typed = same_type(p.a.source->type, p.b.source->type);
	const uint32_t *list = group == NO_GROUP ? NULL : run_list(run, group);
	uint32_t n = run_size(run, group), row = 0;
	bits_none(out, n);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t a, a_end, b, b_end;
		if (!bit_get(among, i))
			continue;
		if (!list)
			row = i;
		while (list && list[row + 1] <= i)
			row++;
		side_places(&p.a, group, i, row, &a, &a_end);
		side_places(&p.b, group, i, row, &b, &b_end);
		if (ranges_relate(&p, a, a_end, b, b_end))
			bit_set(out, i);
	}
	return true;
}
