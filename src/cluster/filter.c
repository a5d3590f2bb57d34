/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filter.c: a bound program as a pair of SQL conditions: the gates over them, and the tests of what is no text. A test on a list is asked
 * by arrayExists; tests that hold for one element together by one arrayExists over all its fields.
 */
#include <stdlib.h>

#include "cluster/filter_private.h"

void pair_init(struct pair *pair)
{
	buf_init(&pair->must, MOST_SQL);
	buf_init(&pair->may, MOST_SQL);
	pair->exact = false;
	pair->letters = PLAIN_ANY;
}

void pair_fini(struct pair *pair)
{
	buf_fini(&pair->must);
	buf_fini(&pair->may);
}

static void set(struct buf *buf, const char *text)
{
	buf_clear(buf);
	buf_puts(buf, text);
}

static const struct buf *may_of(const struct pair *pair)
{
	return pair->exact ? &pair->must : &pair->may;
}

/* What did not fit is not known. */
static void check_full(struct making *m, struct pair *pair)
{
	if (!pair->must.full && !pair->may.full)
		return;
	m->other = true;
	set(&pair->must, "0");
	set(&pair->may, "1");
	pair->exact = false;
}

/* ---- values ---------------------------------------------------------------------------------- */

/* What a source is called in a domain: its column, or within elements the field of the element at hand. */
static void put_source(struct making *m, const struct source *source, bool element, struct buf *out)
{
	if (element)
		buf_printf(out, "e%u", source->column);
	else
		cluster_column_name(out, m->shape, source->column);
}

/* From alternatives to conditions that are 0 or 1: may takes must in. */
static void close_one(struct buf *buf, const char *and)
{
	struct buf out;
	buf_init(&out, MOST_SQL);
	if (!buf->len) {
		buf_puts(&out, "0");
	} else {
		buf_printf(&out, "ifNull((");
		buf_slice(&out, buf_view(buf));
		buf_puts(&out, ")");
		buf_puts(&out, and);
		buf_puts(&out, ", 0)");
	}
	out.full |= buf->full;
	buf_fini(buf);
	*buf = out;
}

static void pair_close(struct pair *pair, const char *and)
{
	pair->exact = pair->may.len == 0 && !pair->may.full && !pair->letters;
	if (!pair->exact && pair->must.len) {
		or_more(&pair->may);
		buf_slice(&pair->may, buf_view(&pair->must));
	}
	close_one(&pair->must, and);
	if (!pair->exact)
		close_one(&pair->may, and);
}

/* ---- one test on one source ------------------------------------------------------------------ */

static void wrap_list(struct making *m, const struct source *source, struct buf *buf)
{
	struct buf out;
	if (slice_eq(buf_view(buf), SLICE("0")) || !buf->len)
		return;
	buf_init(&out, MOST_SQL);
	buf_printf(&out, "arrayExists(e%u -> ", source->column);
	buf_slice(&out, buf_view(buf));
	buf_puts(&out, ", ");
	cluster_column_name(&out, m->shape, source->column);
	buf_push(&out, ')');
	out.full |= buf->full;
	buf_fini(buf);
	*buf = out;
}

/* Two fields: that both are there, at the least. */
static void both_there(struct making *m, const struct probe *probe, int group, struct pair *pair)
{
	const struct test *test = probe->test->test;
	const uint32_t sources[2] = {probe->source, probe->other};
	bool simple = true;
	struct buf names[2];
	set(&pair->must, "0");
	for (int i = 0; i < 2; i++) {
		const struct source *source = bound_source(m->program, sources[i]);
		bool element = source->group != NO_GROUP && source->group == group;
		buf_init(&names[i], 4096);
		put_source(m, source, element, &names[i]);
		buf_push(&names[i], '\0');
		if (i)
			buf_puts(&pair->may, " AND ");
		if (source->group != NO_GROUP && !element && group == NO_GROUP)
			buf_printf(&pair->may, "notEmpty(%s)", names[i].ptr);
		else if (source->column == COLUMN_ID || source->column == COLUMN_TIME ||
			 (group != NO_GROUP && !element))
			buf_puts(&pair->may, "1");
		else
			buf_printf(&pair->may, "isNotNull(%s)", names[i].ptr);
		simple = simple && !source->path.len && source->type == COL_STRING &&
			 (group == NO_GROUP ? source->group == NO_GROUP : element);
	}
	if (simple && test->relation == REL_EQUAL) {
		buf_clear(&pair->must);
		buf_printf(&pair->must, "ifNull(%s = %s, 0)", names[0].ptr, names[1].ptr);
		pair->exact = !test->fold;
	}
	buf_fini(&names[0]);
	buf_fini(&names[1]);
}

/* A condition on the row, among those on an element. */
static void as_row(struct making *m, struct buf *buf)
{
	if (!buf->len || slice_eq(buf_view(buf), SLICE("0")))
		return;
	struct buf *row = &m->rows[m->nrows];
	*row = *buf;
	buf_init(buf, MOST_SQL);
	buf_printf(buf, "r%u", m->nrows++);
}

static void pair_as_row(struct making *m, struct pair *pair)
{
	check_full(m, pair);
	if (m->nrows + 2 > MOST_ROWS) {
		m->other = true;
		set(&pair->must, "0");
		set(&pair->may, "1");
		pair->exact = false;
		return;
	}
	as_row(m, &pair->must);
	if (!pair->exact)
		as_row(m, &pair->may);
}

/* What is not as plain as the pair needs it. Of rows the gate asks _plain once; elements know no column of the row. */
static void put_letters(struct making *m, const struct source *source, bool row, const char *value,
	struct pair *pair)
{
	bool asked = row && m->cheap;
	m->other = m->other || !asked;
	m->between = pair->letters > m->between ? pair->letters : m->between;
	if (asked)
		m->letters = pair->letters > m->letters ? pair->letters : m->letters;
	else if (row && m->specials && source->group == NO_GROUP && pair->letters == PLAIN_FOLDED)
		buf_printf(m->specials, "%sifNull(%s, '')", m->specials->len ? ", " : "", value);
	else
		text_letters(&pair->may, value, m->cheap ? PLAIN_ASCII : pair->letters);
}

static void one_probe(struct making *m, const struct probe *probe, int group, struct pair *pair)
{
	const struct source *source = bound_source(m->program, probe->source);
	bool element = source->group != NO_GROUP && source->group == group;
	bool list = source->group != NO_GROUP && !element;
	struct buf value;
	if (probe->kind == PROBE_FIELD) {
		both_there(m, probe, group, pair);
		m->other = m->other || !pair->exact;
		return;
	}
	buf_init(&value, 4096);
	put_source(m, source, element || list, &value);
	buf_push(&value, '\0');
	bool time = source->column == COLUMN_TIME;
	if (!time && source->type == COL_TIME && m->features->datetime64 &&
		probe->kind != PROBE_EXISTS) {
		struct buf as_int;
		buf_init(&as_int, 8192);
		buf_printf(&as_int, "toUnixTimestamp64Micro(%s)", value.ptr);
		buf_push(&as_int, '\0');
		buf_fini(&value);
		value = as_int;
	}
	probe_value(m, probe, source, value.ptr, pair);
	m->other = m->other || pair->may.len || pair->may.full;
	if (pair->letters)
		put_letters(m, source, group == NO_GROUP, value.ptr, pair);
	pair_close(pair, time ? " AND " SQL_TIMED : "");
	if (list) {
		wrap_list(m, source, &pair->must);
		wrap_list(m, source, &pair->may);
	}
	if (group != NO_GROUP && !element)
		pair_as_row(m, pair);
	buf_fini(&value);
}

/* ---- gates ----------------------------------------------------------------------------------- */

static void make_node(struct making *m, const struct node *node, struct pair *pair);

static void join(struct buf *out, const char *between, const struct buf *part)
{
	buf_puts(out, out->len > 1 ? between : "");
	buf_slice(out, buf_view(part));
	out->full |= part->full;
}

static void child_of(struct making *m, const struct node *node, uint32_t i, struct pair *part)
{
	pair_init(part);
	if (node->kind == NODE_TEST)
		one_probe(m, &node->probes[i], node->group, part);
	else
		make_node(m, node->children[i], part);
	check_full(m, part);
}

/* One text of all of them: the letters are whole in it. */
static void put_specials(struct buf *specials, struct buf *may)
{
	struct buf all;
	if (!specials->len)
		return;
	buf_init(&all, MOST_SQL);
	buf_puts(&all, "concat('', ");
	buf_slice(&all, buf_view(specials));
	buf_puts(&all, ")");
	buf_push(&all, '\0');
	buf_puts(may, " OR ");
	struct buf special;
	buf_init(&special, MOST_SQL);
	text_letters(&special, all.ptr, PLAIN_FOLDED);
	buf_slice(may, buf_view(&special));
	may->full |= all.full || special.full || specials->full;
	buf_fini(&special);
	buf_fini(&all);
}

static void gate(struct making *m, const struct node *node, const char *between, struct pair *pair)
{
	uint32_t n = node->kind == NODE_TEST ? node->nprobes : node->nchildren;
	struct buf specials, *outer = m->specials;
	enum plainness letters = m->letters;
	pair->exact = true;
	buf_init(&specials, MOST_SQL);
	m->specials = node->kind == NODE_TEST && n > 1 ? &specials : NULL;
	m->letters = PLAIN_ANY;
	buf_push(&pair->must, '(');
	buf_push(&pair->may, '(');
	for (uint32_t i = 0; i < n; i++) {
		struct pair part;
		child_of(m, node, i, &part);
		join(&pair->must, between, &part.must);
		join(&pair->may, between, may_of(&part));
		pair->exact = pair->exact && part.exact;
		pair_fini(&part);
	}
	put_specials(&specials, &pair->may);
	if (m->letters)
		buf_printf(&pair->may, " OR `_plain` < %d", m->letters);
	m->specials = outer;
	m->letters = letters;
	buf_fini(&specials);
	buf_push(&pair->must, ')');
	buf_push(&pair->may, ')');
}

static void negation(struct making *m, const struct node *node, struct pair *pair)
{
	struct pair part;
	child_of(m, node, 0, &part);
	pair->exact = part.exact;
	buf_puts(&pair->must, "(NOT ");
	buf_slice(&pair->must, buf_view(may_of(&part)));
	buf_push(&pair->must, ')');
	buf_puts(&pair->may, "(NOT ");
	buf_slice(&pair->may, buf_view(&part.must));
	buf_push(&pair->may, ')');
	pair_fini(&part);
}

/* How many hold lies between how many must and how many may. */
static void count(struct making *m, const struct node *node, struct pair *pair)
{
	struct buf sure, perhaps;
	bool bounded = node->most < node->nchildren;
	buf_init(&sure, MOST_SQL);
	buf_init(&perhaps, MOST_SQL);
	pair->exact = true;
	for (uint32_t i = 0; i < node->nchildren; i++) {
		struct pair part;
		child_of(m, node, i, &part);
		buf_puts(&sure, i ? " + " : "");
		buf_slice(&sure, buf_view(&part.must));
		buf_puts(&perhaps, i ? " + " : "");
		buf_slice(&perhaps, buf_view(may_of(&part)));
		pair->exact = pair->exact && part.exact;
		pair_fini(&part);
	}
	const struct buf *least[2] = {&sure, &perhaps}, *most[2] = {&perhaps, &sure};
	for (int i = 0; i < 2; i++) {
		struct buf *out = i ? &pair->may : &pair->must;
		buf_puts(out, "(");
		buf_slice(out, buf_view(least[i]));
		buf_printf(out, " >= %u", node->least);
		if (bounded) {
			buf_puts(out, " AND ");
			buf_slice(out, buf_view(most[i]));
			buf_printf(out, " <= %u", node->most);
		}
		buf_push(out, ')');
		out->full |= sure.full || perhaps.full;
	}
	buf_fini(&sure);
	buf_fini(&perhaps);
}

/* ---- the same element ------------------------------------------------------------------------ */

/* The columns of the group that the node looks at. */
static void note_columns(struct making *m, const struct node *node, int group, bool *columns)
{
	for (uint32_t i = 0; i < node->nprobes; i++) {
		const uint32_t sources[2] = {node->probes[i].source, node->probes[i].other};
		for (int k = 0; k < 2; k++) {
			const struct source *source = bound_source(m->program, sources[k]);
			if (source->group == group)
				columns[source->column] = true;
		}
	}
	for (uint32_t i = 0; i < node->nchildren; i++)
		note_columns(m, node->children[i], group, columns);
}

static void over_elements(struct making *m, const struct node *node, const bool *columns,
	const struct buf *what, struct buf *out)
{
	const char *between = "";
	buf_puts(out, "arrayExists((");
	for (uint32_t c = 0; c < m->shape->ncolumns; c++) {
		if (!columns[c])
			continue;
		buf_printf(out, "%se%u", between, c);
		between = ", ";
	}
	for (unsigned r = 0; r < m->nrows; r++)
		buf_printf(out, ", r%u", r);
	buf_puts(out, ") -> ");
	buf_slice(out, buf_view(what));
	for (uint32_t c = 0; c < m->shape->ncolumns; c++) {
		if (!columns[c])
			continue;
		buf_puts(out, ", ");
		cluster_column_name(out, m->shape, c);
	}
	for (unsigned r = 0; r < m->nrows; r++) {
		buf_puts(out, ", arrayResize(emptyArrayUInt8(), length(");
		cluster_column_name(out, m->shape, node->same_column);
		buf_puts(out, "), ");
		buf_slice(out, buf_view(&m->rows[r]));
		buf_push(out, ')');
	}
	buf_push(out, ')');
}

static void same(struct making *m, const struct node *node, struct pair *pair)
{
	struct pair part;
	bool *columns = xcalloc(m->shape->ncolumns + 1, sizeof(*columns));
	m->nrows = 0;
	child_of(m, node, 0, &part);
	columns[node->same_column] = true;
	note_columns(m, node->children[0], node->same_group, columns);
	over_elements(m, node, columns, &part.must, &pair->must);
	over_elements(m, node, columns, may_of(&part), &pair->may);
	pair->exact = part.exact;
	while (m->nrows)
		buf_fini(&m->rows[--m->nrows]);
	pair_fini(&part);
	free(columns);
}

/* ---- all ------------------------------------------------------------------------------------- */

static void make_node(struct making *m, const struct node *node, struct pair *pair)
{
	if (++m->depth > MOST_DEPTH) {
		m->other = true;
		set(&pair->must, "0");
		set(&pair->may, "1");
		m->depth--;
		return;
	}
	switch (node->kind) {
	case NODE_CONST:
		set(&pair->must, node->constant ? "1" : "0");
		pair->exact = true;
		break;
	case NODE_AND:
		gate(m, node, " AND ", pair);
		break;
	case NODE_OR:
	case NODE_TEST:
		gate(m, node, " OR ", pair);
		break;
	case NODE_NOT:
		negation(m, node, pair);
		break;
	case NODE_COUNT:
		count(m, node, pair);
		break;
	case NODE_SAME:
		same(m, node, pair);
		break;
	}
	check_full(m, pair);
	m->depth--;
}

/* Servers take no condition there that is none on a column. */
static void put_gate(struct cluster_filter *filter, const struct buf *condition)
{
	buf_clear(&filter->gate);
	if (condition->len && memchr(condition->ptr, '`', condition->len))
		buf_slice(&filter->gate, buf_view(condition));
}

void filter_make(const struct match_program *program, const struct cluster_features *features,
	struct cluster_filter *filter)
{
	struct making m = {.program = program, .shape = bound_shape(program), .features = features};
	struct pair pair;
	pair_init(&pair);
	make_node(&m, program->root, &pair);
	buf_init(&filter->must, MOST_SQL);
	buf_init(&filter->may, MOST_SQL);
	buf_init(&filter->gate, MOST_SQL);
	buf_init(&filter->between, 64);
	buf_slice(&filter->must, buf_view(&pair.must));
	buf_slice(&filter->may, buf_view(may_of(&pair)));
	filter->exact = pair.exact;
	pair_fini(&pair);
	pair_init(&pair);
	m.cheap = true;
	m.other = false;
	m.between = PLAIN_ANY;
	make_node(&m, program->root, &pair);
	put_gate(filter, may_of(&pair));
	if (m.between && !m.other)
		buf_printf(&filter->between, "`_plain` < %d", m.between);
	pair_fini(&pair);
}

void filter_settle(struct cluster_filter *filter)
{
	buf_clear(&filter->may);
	buf_slice(&filter->may, buf_view(&filter->must));
	put_gate(filter, &filter->must);
	buf_clear(&filter->between);
	filter->exact = true;
}

void filter_free(struct cluster_filter *filter)
{
	buf_fini(&filter->must);
	buf_fini(&filter->may);
	buf_fini(&filter->gate);
	buf_fini(&filter->between);
}
