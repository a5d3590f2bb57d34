/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table.c: results for people. Columns are as wide as the first rows need, the widest are cut with
 * an ellipsis to fit the terminal, and where even that does not fit each row becomes a record of
 * "name  value" lines; or the last columns are left out. Plans of EXPLAIN keep their line breaks.
 */
#include "query/output.h"

#include <stdlib.h>

#include "base/text.h"

enum {
	LOOK_ROWS = 1000,     /* rows held back to find the widths … */
	LOOK_BYTES = 4 << 20, /* … or as many bytes */
	NARROWEST = 10,       /* a column is not squeezed below this … */
	DROP_BELOW = 16,      /* … or this, where columns may be left out */
	GAP = 2,              /* blanks between columns */
	ELLIPSIS_WIDTH = 1,
	MARK_ON = 1, /* stand in escaped text, where no control character is otherwise */
	MARK_OFF = 2,
};

enum layout { LOOKING, COLUMNS, RECORDS, PLAN };

struct table {
	enum layout layout;
	size_t *widths;      /* of the columns, in terminal columns */
	struct slice *heads; /* escaped */
	uint32_t ncolumns;   /* that are shown */
	size_t head_width;   /* the widest head, for records */
	struct buf held;     /* escaped cells of the rows held back: u32 length, bytes */
	uint32_t held_rows;
	uint64_t shown;
	struct buf cell;
};

static bool is_plan(const struct output *out)
{
	return out->ncolumns == 2 && slice_eq(out->names[0], SLICE("explain_key")) &&
	       slice_eq(out->names[1], SLICE("explain_value"));
}

struct table *table_new(struct output *out)
{
	struct table *table = xcalloc(1, sizeof(*table));
	buf_init(&table->held, LIMIT_FRAME * 6 + LOOK_BYTES);
	buf_init(&table->cell, LIMIT_FRAME * 6);
	table->widths = arena_zalloc(&out->mem, out->ncolumns + 1, sizeof(table->widths[0]));
	table->heads = arena_zalloc(&out->mem, out->ncolumns + 1, sizeof(table->heads[0]));
	for (uint32_t i = 0; i < out->ncolumns; i++) {
		buf_clear(&table->cell);
		text_escape(&table->cell, out->names[i]);
		table->heads[i].ptr = arena_strdup(&out->mem, buf_view(&table->cell));
		table->heads[i].len = table->cell.len;
		table->widths[i] = text_width(table->heads[i]);
		if (table->widths[i] > table->head_width)
			table->head_width = table->widths[i];
	}
	table->ncolumns = out->ncolumns;
	table->layout = is_plan(out) ? PLAN : LOOKING;
	return table;
}

void table_free(struct table *table)
{
	if (!table)
		return;
	buf_fini(&table->held);
	buf_fini(&table->cell);
	free(table);
}

static void pad(struct buf *out, size_t n)
{
	while (n-- > 0 && !out->full)
		buf_push(out, ' ');
}

/* How many bytes of `text` fit into `width` columns; *used gets the columns they take. */
static size_t fit(struct slice text, size_t width, size_t *used)
{
	size_t at = 0;
	*used = 0;
	while (at < text.len) {
		size_t n = text_utf8_step(text.ptr + at, text.len - at, NULL);
		if (n == 0)
			n = 1;
		bool mark = text.ptr[at] == MARK_ON || text.ptr[at] == MARK_OFF;
		size_t w = mark ? 0 : text_width((struct slice){text.ptr + at, n});
		if (*used + w > width)
			break;
		*used += w;
		at += n;
	}
	return at;
}

/* The text, with its marks as a terminal takes them. */
static void put_text(struct buf *out, struct slice text)
{
	bool marked = false;
	size_t from = 0;
	for (size_t at = 0; at < text.len; at++) {
		if (text.ptr[at] != MARK_ON && text.ptr[at] != MARK_OFF)
			continue;
		buf_append(out, text.ptr + from, at - from);
		marked = text.ptr[at] == MARK_ON;
		buf_puts(out, marked ? "\x1b[1;4m" : "\x1b[0m");
		from = at + 1;
	}
	buf_append(out, text.ptr + from, text.len - from);
	if (marked)
		buf_puts(out, "\x1b[0m");
}

/* The text in exactly `width` columns; `last` leaves out the blanks behind it. */
static void put_cell(struct buf *out, struct slice text, size_t width, bool right, bool last)
{
	size_t used, n = fit(text, width, &used);
	bool cut = n < text.len;
	if (cut)
		n = fit(text, width - ELLIPSIS_WIDTH, &used);
	size_t blanks = width - used - (cut ? ELLIPSIS_WIDTH : 0);
	if (right)
		pad(out, blanks);
	put_text(out, (struct slice){text.ptr, n});
	if (cut)
		buf_puts(out, "…");
	if (!right && !last)
		pad(out, blanks);
}

static void put_heads(struct output *out)
{
	const struct table *table = out->table;
	for (uint32_t i = 0; i < table->ncolumns; i++) {
		bool last = i + 1 == table->ncolumns;
		put_cell(&out->line, table->heads[i], table->widths[i],
			out->kinds[i] == CELL_NUMBER, last);
		pad(&out->line, last ? 0 : GAP);
	}
	buf_push(&out->line, '\n');
	for (uint32_t i = 0; i < table->ncolumns; i++) {
		for (size_t k = 0; k < table->widths[i]; k++)
			buf_push(&out->line, '-');
		pad(&out->line, i + 1 == table->ncolumns ? 0 : GAP);
	}
	buf_push(&out->line, '\n');
}

static size_t capped(const struct output *out, uint32_t column, size_t cap)
{
	size_t width = out->table->widths[column];
	bool whole = out->whole && out->whole[column] && width <= out->width;
	return width < cap || whole ? width : cap;
}

/* Sum of the columns' widths, none of them wider than `cap`, and of the gaps. */
static size_t total_width(const struct output *out, size_t cap)
{
	uint32_t n = out->table->ncolumns;
	size_t sum = n ? (n - 1) * (size_t)GAP : 0;
	for (uint32_t i = 0; i < n; i++)
		sum += capped(out, i, cap);
	return sum;
}

/* Caps the widest columns, and gives what is left over to the first of them. */
static void squeeze(struct output *out)
{
	size_t cap = out->width;
	while (total_width(out, cap) > out->width)
		cap--;
	size_t left = out->width - total_width(out, cap);
	for (uint32_t i = 0; i < out->table->ncolumns; i++) {
		size_t *width = &out->table->widths[i], least = capped(out, i, cap);
		size_t wide = *width - least < left ? *width : least + left;
		left -= wide - least;
		*width = wide;
	}
}

/* Gives the width that is left to the columns that may be cut, evenly. */
static void widen(struct output *out)
{
	uint32_t n = out->table->ncolumns, cut = 0;
	size_t used = total_width(out, SIZE_MAX);
	for (uint32_t i = 0; i < n; i++)
		cut += !(out->whole && out->whole[i]);
	for (uint32_t i = 0; i < n && cut && used < out->width; i++)
		if (!(out->whole && out->whole[i]))
			out->table->widths[i] += (out->width - used) / cut;
}

static void choose_layout(struct output *out)
{
	struct table *table = out->table;
	for (uint32_t i = 0; i < out->ncolumns; i++) {
		if (table->widths[i] == 0)
			table->widths[i] = 1;
	}
	table->layout = COLUMNS;
	while (out->drop && out->width && table->ncolumns > 1 &&
		total_width(out, DROP_BELOW) > out->width)
		table->ncolumns--;
	if (out->width && !out->drop && total_width(out, NARROWEST) > out->width) {
		table->layout = RECORDS;
		return;
	}
	if (out->width && total_width(out, SIZE_MAX) > out->width)
		squeeze(out);
	if (out->width && out->roomy)
		widen(out);
	put_heads(out);
}

static void put_record_cell(struct output *out, uint32_t column, struct slice text)
{
	const struct table *table = out->table;
	size_t names = table->head_width < out->width / 2 ? table->head_width : out->width / 2;
	size_t width = out->width > names + GAP ? out->width - names - GAP : 1;
	put_cell(&out->line, table->heads[column], names ? names : 1, false, false);
	pad(&out->line, GAP);
	put_cell(&out->line, text, width, false, true);
	buf_push(&out->line, '\n');
}

/* One cell of the row in hand, in the layout that was chosen. */
static void put_value(struct output *out, uint32_t column, struct slice text)
{
	const struct table *table = out->table;
	bool last = column + 1 == table->ncolumns;
	if (column >= table->ncolumns)
		return;
	if (table->layout == RECORDS) {
		if (column == 0)
			buf_printf(&out->line, "-- row %llu --\n",
				(unsigned long long)table->shown + 1);
		put_record_cell(out, column, text);
		return;
	}
	size_t used, width = table->widths[column];
	bool whole = out->whole && out->whole[column];
	if (out->width == 0 || whole) { /* it is not cut: a longer one shifts its row */
		fit(text, SIZE_MAX, &used);
		if (used > width && (out->width == 0 || used <= out->width))
			width = used;
	}
	put_cell(&out->line, text, width, out->kinds[column] == CELL_NUMBER, last);
	if (last)
		buf_push(&out->line, '\n');
	else
		pad(&out->line, GAP);
}

/* Escapes the text with its marks. */
static void escape_marked(struct buf *out, struct slice text, const struct cell_marks *marks)
{
	size_t at = 0;
	for (uint32_t i = 0; i < marks->n && marks->spans[i].end <= text.len; i++) {
		const struct text_span *span = &marks->spans[i];
		text_escape(out, (struct slice){text.ptr + at, span->begin - at});
		buf_push(out, MARK_ON);
		text_escape(out, (struct slice){text.ptr + span->begin, span->end - span->begin});
		buf_push(out, MARK_OFF);
		at = span->end;
	}
	text_escape(out, (struct slice){text.ptr + at, text.len - at});
}

/* A cell, escaped, into table->cell. Of a long one only what a terminal line can show. */
static struct slice escape_cell(
	struct output *out, const struct cell *cell, const struct cell_marks *marks)
{
	struct table *table = out->table;
	struct slice text = cell->text;
	buf_clear(&table->cell);
	if (cell->kind == CELL_NULL)
		return out->drop ? SLICE("") : SLICE("NULL");
	size_t most = (size_t)out->width * 16 + 64; /* marks that take no column included */
	if (out->width && text.len > most)
		text.len = most;
	if (marks)
		escape_marked(&table->cell, text, marks);
	else
		text_escape(&table->cell, text);
	return buf_view(&table->cell);
}

static int show_held(struct output *out, struct err *err)
{
	struct table *table = out->table;
	struct wire wire = {buf_view(&table->held), false};
	choose_layout(out);
	for (uint32_t row = 0; row < table->held_rows; row++) {
		for (uint32_t i = 0; i < out->ncolumns; i++)
			put_value(out, i, wire_take_text(&wire));
		table->shown++;
		if (out->line.len > LOOK_BYTES && output_flush(out, err) != 0)
			return -1;
	}
	buf_fini(&table->held);
	return 0;
}

static void hold(struct output *out, uint32_t column, struct slice text)
{
	struct table *table = out->table;
	size_t width;
	fit(text, SIZE_MAX, &width);
	if (width > table->widths[column])
		table->widths[column] = width;
	wire_text(&table->held, text);
}

static void put_plan(struct output *out, struct slice text)
{
	while (text.len) {
		const char *end = memchr(text.ptr, '\n', text.len);
		struct slice line = {text.ptr, end ? (size_t)(end - text.ptr) : text.len};
		text_escape(&out->line, line);
		buf_push(&out->line, '\n');
		text.ptr += line.len + (end != NULL);
		text.len -= line.len + (end != NULL);
	}
}

int table_row(struct output *out, const struct cell *cells, const struct cell_marks *marks,
	struct err *err)
{
	struct table *table = out->table;
	if (table->layout == PLAN) {
		put_plan(out, cells[1].text);
		return 0;
	}
	for (uint32_t i = 0; i < out->ncolumns; i++) {
		struct slice text = escape_cell(out, &cells[i], marks ? &marks[i] : NULL);
		if (table->layout == LOOKING)
			hold(out, i, text);
		else
			put_value(out, i, text);
	}
	if (table->layout != LOOKING) {
		table->shown++;
		return 0;
	}
	table->held_rows++;
	if (table->held.full)
		return err_set(err, ERR_LIMIT, "a row of the result is too long to be shown");
	if (table->held_rows == LOOK_ROWS || table->held.len > LOOK_BYTES)
		return show_held(out, err);
	return 0;
}

int table_end(struct output *out, struct err *err)
{
	if (!out->table || out->table->layout != LOOKING)
		return 0;
	return show_held(out, err);
}
