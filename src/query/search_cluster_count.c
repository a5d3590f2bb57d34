/* SPDX-License-Identifier: Apache-2.0 */
/*
 * search_cluster_count.c: how many match, over time and by value: the servers count what certainly matches; what they cannot decide
 * comes here, is judged, and counted like a row group of a file. A facet that SQL cannot tell as it is told here (keys of JSON, several
 * columns that are no texts) has its column read.
 */
#include <stdio.h>
#include <stdlib.h>

#include "query/search_private.h"

#define DAY INT64_C(86400000000)

struct counting {
	struct worker *w;
	struct search *s;
	struct cluster_table *table;
	uint32_t t;
	struct buf where; /* range AND must */
	struct buf sql, answer;
};

static void begin(struct counting *c, const char *select)
{
	buf_clear(&c->sql);
	buf_puts(&c->sql, "SELECT ");
	buf_puts(&c->sql, select);
}

static void from_where(struct counting *c)
{
	clustered_from(c->s, c->t, &c->sql);
	buf_puts(&c->sql, c->where.len ? " WHERE " : "");
	buf_slice(&c->sql, buf_view(&c->where));
}

static int ask(struct counting *c, struct row_cursor *cursor, struct err *err)
{
	buf_puts(&c->sql, " FORMAT RowBinary");
	int rc = clustered_ask(c->w, buf_view(&c->sql), &c->answer, err);
	*cursor = row_cursor(rc == 0 ? buf_view(&c->answer) : SLICE(""));
	return rc;
}

static int checked(const struct row_cursor *cursor, int rc, struct err *err)
{
	return rc == 0 ? row_end(cursor, err) : rc;
}

/* ---- over time ------------------------------------------------------------------------------- */

/* Groups of times that lie in one bucket: of even buckets those themselves; months and years begin with a day. Any time of the group
 * tells the bucket. */
static void put_group(struct counting *c)
{
	const struct histogram *h = &c->s->histogram;
	if (h->even)
		buf_printf(&c->sql,
			"if(`_time` >= %lld AND `_time` < %lld, intDiv(`_time` - %lld, %lld), "
			"if(" SQL_TIMED ", -1, -2))",
			(long long)h->begins[0], (long long)h->begins[h->n],
			(long long)h->begins[0], (long long)h->width);
	else
		buf_printf(&c->sql,
			"if(" SQL_TIMED ", intDiv(`_time` - (`_time` %% %lld + "
			"%lld) %% %lld, %lld), -9000000000)",
			(long long)DAY, (long long)DAY, (long long)DAY, (long long)DAY);
}

static int count_matches(struct counting *c, struct err *err)
{
	struct row_cursor cursor;
	bool buckets = c->s->histogram.n > 0;
	begin(c, buckets ? "any(`_time`), count()" : "toInt64(0), count()");
	from_where(c);
	if (buckets) {
		buf_puts(&c->sql, " GROUP BY ");
		put_group(c);
	}
	int rc = ask(c, &cursor, err);
	while (rc == 0 && row_more(&cursor)) {
		int64_t time = (int64_t)row_u64(&cursor);
		uint64_t n = row_u64(&cursor);
		if (cursor.bad)
			break;
		c->w->matched += n;
		c->w->tables[c->t] += n;
		histogram_add(c->w, c->t, time != CLUSTER_NO_TIME, time, n);
	}
	return checked(&cursor, rc, err);
}

/* ---- values ---------------------------------------------------------------------------------- */

enum how { BY_NOBODY, BY_SERVER, BY_TEXTS, BY_ROWS };

static bool is_table(const char *field)
{
	return strcmp(field, "table") == 0;
}

static enum how how_to_count(const struct counting *c, uint32_t f)
{
	const struct field *field = &c->table->shape->facets[f];
	const struct batch_shape *shape = &c->table->shape->shape;
	if (is_table(c->s->request->facets[f]))
		return BY_NOBODY;
	if (field->n == 1 && !field->list[0].path.len)
		return BY_SERVER;
	for (uint32_t i = 0; i < field->n; i++) {
		enum col_type type = shape->columns[field->list[i].column].type;
		if (field->list[i].path.len || (type != COL_STRING && type != COL_JSON))
			return BY_ROWS;
	}
	return BY_TEXTS;
}

/* Appends a value as people write it. False where the answer ends. */
static void value_of(struct row_cursor *cursor, enum col_type type, struct buf *text)
{
	struct column col = {.n = 1, .ndistinct = 1, .plain = true};
	uint32_t off[2] = {0, 16};
	struct slice bytes = {NULL, 0};
	uint8_t room[16] = {0}, flag = 0;
	int64_t number = 0;
	buf_clear(text);
	switch (type) {
	case COL_STRING:
	case COL_JSON:
		text_utf8_repair(text, row_text(cursor));
		return;
	case COL_UUID:
	case COL_IP:
		bytes = row_bytes(cursor, 16);
		if (bytes.len)
			memcpy(room, bytes.ptr, 16);
		col.uuid = &room;
		col.heap = (char *)room;
		col.off = off;
		break;
	case COL_BOOL:
		flag = row_u8(cursor) != 0;
		col.bools = &flag;
		break;
	case COL_INT32:
		bytes = row_bytes(cursor, 4);
		if (bytes.len) {
			int32_t small;
			memcpy(&small, bytes.ptr, sizeof(small));
			number = small;
		}
		col.i64 = &number;
		break;
	case COL_INT64:
	case COL_TIME:
		number = (int64_t)row_u64(cursor);
		col.i64 = &number;
		break;
	}
	value_text(type, &col, 0, text);
}

struct value_form {
	enum col_type type;
	bool nullable, time;
};

static void take_values(
	struct counting *c, uint32_t f, const struct value_form *form, struct row_cursor *cursor)
{
	struct facet_map *facet = &c->w->facets[f];
	struct buf *text = &c->w->text;
	while (row_more(cursor)) {
		bool null = form->nullable && row_u8(cursor) != 0;
		buf_clear(text);
		if (!null)
			value_of(cursor, form->type, text);
		uint64_t n = row_u64(cursor);
		if (cursor->bad)
			return;
		if (null) {
			facet->nulls += n;
			continue;
		}
		*map_put(&facet->values, buf_view(text), NULL) += n;
		facet->hits += n;
	}
	facet_shrink(facet, facet_share(c->s));
}

/* One value per row. Of the time of events the one that stands for none is their null. */
static int count_scalar(struct counting *c, uint32_t f, uint32_t column, struct err *err)
{
	const struct batch_shape *shape = &c->table->shape->shape;
	struct row_cursor cursor;
	struct value_form form = {shape->columns[column].type, column != SYS_EVENT_ID, false};
	begin(c, column == SYS_EVENT_TIME ? "nullIf(" : "");
	cluster_column_name(&c->sql, shape, column);
	buf_puts(&c->sql,
		column == SYS_EVENT_TIME ? ", toInt64(-9223372036854775807) - 1) AS v" : " AS v");
	buf_puts(&c->sql, ", count()");
	from_where(c);
	buf_puts(&c->sql, " GROUP BY v");
	int rc = ask(c, &cursor, err);
	if (rc == 0)
		take_values(c, f, &form, &cursor);
	return checked(&cursor, rc, err);
}

/* The values of a list that are there, each once per event. */
static void put_list(struct counting *c, uint32_t column)
{
	buf_puts(&c->sql, "arrayMap(x -> assumeNotNull(x), arrayFilter(x -> isNotNull(x), ");
	cluster_column_name(&c->sql, &c->table->shape->shape, column);
	buf_puts(&c->sql, "))");
}

static void put_lists(struct counting *c, const struct field *field)
{
	const struct batch_shape *shape = &c->table->shape->shape;
	buf_puts(&c->sql, field->n > 1 ? "arrayConcat(" : "");
	for (uint32_t i = 0; i < field->n; i++) {
		uint32_t column = (uint32_t)field->list[i].column;
		buf_puts(&c->sql, i ? ", " : "");
		if (shape->columns[column].group != NO_GROUP) {
			put_list(c, column);
			continue;
		}
		buf_puts(&c->sql, "if(isNull(");
		cluster_column_name(&c->sql, shape, column);
		buf_puts(&c->sql, "), emptyArrayString(), [ifNull(");
		cluster_column_name(&c->sql, shape, column);
		buf_puts(&c->sql, ", '')])");
	}
	buf_puts(&c->sql, field->n > 1 ? ")" : "");
}

/* Several values per row: an event counts once for each; one without any counts as null. */
static int count_lists(struct counting *c, uint32_t f, struct err *err)
{
	const struct field *field = &c->table->shape->facets[f];
	struct row_cursor cursor;
	struct value_form form = {
		c->table->shape->shape.columns[field->list[0].column].type, false, false};
	begin(c, "v, count() FROM (SELECT arrayJoin(arrayDistinct(");
	put_lists(c, field);
	buf_puts(&c->sql, ")) AS v");
	from_where(c);
	buf_puts(&c->sql, ") GROUP BY v");
	int rc = ask(c, &cursor, err);
	if (rc == 0)
		take_values(c, f, &form, &cursor);
	rc = checked(&cursor, rc, err);
	if (rc != 0)
		return rc;
	begin(c, "count()");
	from_where(c);
	buf_puts(&c->sql, c->where.len ? " AND empty(" : " WHERE empty(");
	put_lists(c, field);
	buf_puts(&c->sql, ")");
	rc = ask(c, &cursor, err);
	if (rc == 0)
		c->w->facets[f].nulls += row_u64(&cursor);
	return checked(&cursor, rc, err);
}

static int count_facet(struct counting *c, uint32_t f, enum how how, struct err *err)
{
	const struct field *field = &c->table->shape->facets[f];
	uint32_t column = field->n ? (uint32_t)field->list[0].column : 0;
	struct row_cursor cursor;
	if (how == BY_SERVER && c->table->shape->shape.columns[column].group == NO_GROUP)
		return count_scalar(c, f, column, err);
	if (field->n)
		return count_lists(c, f, err);
	begin(c, "count()"); /* a field that the table does not have */
	from_where(c);
	int rc = ask(c, &cursor, err);
	if (rc == 0)
		c->w->facets[f].nulls += row_u64(&cursor);
	return checked(&cursor, rc, err);
}

/* ---- rows that come here --------------------------------------------------------------------- */

static void want_facet(const struct counting *c, uint32_t f, bool *want)
{
	const struct field *field = &c->table->shape->facets[f];
	for (uint32_t i = 0; i < field->n && !is_table(c->s->request->facets[f]); i++)
		want[field->list[i].column] = true;
}

static int judged_block(struct worker *w, void *ctx, struct err *err)
{
	const uint64_t *rows;
	uint32_t count;
	(void)ctx;
	if (match_group(w, &rows, &count, err) < 0)
		return -1;
	return count ? count_group(w, rows, count, err) : 0;
}

/* What lies between: judged, and counted in full. */
static int count_between(struct counting *c, struct err *err)
{
	bool want[LIMIT_COLUMNS + SYS_COLUMNS] = {[SYS_EVENT_ID] = true, [SYS_EVENT_TIME] = true};
	struct buf where;
	match_columns(c->table->shape->program, want);
	for (uint32_t f = 0; f < c->s->request->nfacets; f++)
		want_facet(c, f, want);
	buf_init(&where, (size_t)64 << 20);
	clustered_and(&where, buf_view(&c->table->range));
	clustered_and(&where, buf_view(&c->table->filter.may));
	buf_puts(&where, " AND NOT ");
	buf_slice(&where, buf_view(&c->table->filter.must));
	const struct buf *gate =
		c->table->filter.between.len ? &c->table->filter.between : &c->table->filter.gate;
	int rc = clustered_stream(c->w, c->t, want, buf_view(gate), buf_view(&where), SLICE(""),
		judged_block, NULL, err);
	buf_fini(&where);
	return rc;
}

static int facet_block(struct worker *w, void *ctx, struct err *err)
{
	uint32_t f = *(uint32_t *)ctx;
	(void)err;
	facet_count(&w->facets[f], &w->file->shape->facets[f], &w->batch, NULL, w->batch.nrows,
		&w->counts, &w->text);
	facet_shrink(&w->facets[f], facet_share(w->search));
	return 0;
}

static int count_rows(struct counting *c, uint32_t f, struct err *err)
{
	bool want[LIMIT_COLUMNS + SYS_COLUMNS] = {[SYS_EVENT_TIME] = true};
	want_facet(c, f, want);
	return clustered_stream(
		c->w, c->t, want, SLICE(""), buf_view(&c->where), SLICE(""), facet_block, &f, err);
}

/* ---- all ------------------------------------------------------------------------------------- */

static int count_there(struct counting *c, struct err *err)
{
	int rc = count_matches(c, err);
	for (uint32_t f = 0; f < c->s->request->nfacets && rc == 0; f++) {
		enum how how = how_to_count(c, f);
		if (how == BY_ROWS)
			rc = count_rows(c, f, err);
		else if (how != BY_NOBODY)
			rc = count_facet(c, f, how, err);
	}
	return rc;
}

int clustered_count(struct worker *w, uint32_t t, struct err *err)
{
	struct search *s = w->search;
	struct cluster_table *table = &s->clustered->tables[t];
	struct counting c = {.w = w, .s = s, .table = table, .t = t};
	bool none = slice_eq(buf_view(&table->filter.must), SLICE("0"));
	buf_init(&c.where, (size_t)64 << 20);
	buf_init(&c.sql, (size_t)256 << 20);
	buf_init(&c.answer, (size_t)1 << 30);
	clustered_and(&c.where, buf_view(&table->range));
	if (!table->shape->always)
		clustered_and(&c.where, buf_view(&table->filter.must));
	int rc = none ? 0 : count_there(&c, err);
	if (rc == 0 && !table->filter.exact)
		rc = count_between(&c, err);
	buf_fini(&c.where);
	buf_fini(&c.sql);
	buf_fini(&c.answer);
	return rc;
}
