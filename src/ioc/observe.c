/* SPDX-License-Identifier: Apache-2.0 */
/* observe.c: the observables of a batch: each column's distinct values become numbers of observables, and rows are walked by
 * those, all columns of a row together, so that an event counts once. */
#include <stdlib.h>

#include "ioc/observe_private.h"
#include "ioc/scan.h"

/* Gives numbers to observables. */
struct marker {
	void (*number)(void *ctx, enum ioc_kind kind, struct slice key, struct observed_as *to);
	void *ctx;
	struct buf key, host;
	struct observed_as *marks; /* of the column in progress */
	uint32_t nmarks;
};

void observed_as(struct observed_as *to, uint32_t number)
{
	if (to->n == to->cap) {
		to->cap = to->cap ? to->cap * 2 : 256;
		to->numbers = xrealloc(to->numbers, to->cap * sizeof(*to->numbers));
	}
	to->numbers[to->n++] = number;
}

/* An observable and what stands in it. */
static void add_observable(struct marker *m, enum ioc_kind kind, struct slice key)
{
	enum ioc_kind host_kind;
	m->number(m->ctx, kind, key, m->marks);
	buf_clear(&m->host);
	if (ioc_key_host(kind, key, &host_kind, &m->host))
		m->number(m->ctx, host_kind, buf_view(&m->host), m->marks);
}

static void take_found(void *ctx, const struct ioc_found *found)
{
	add_observable(ctx, found->kind, found->key);
}

static void mark_value(struct marker *m, const struct observed *observed, struct slice text)
{
	static const struct ioc_scan_options as_it_is = {.refang = false};
	enum ioc_kind kind = observed->kind;
	if (observed->text) {
		ioc_scan(text, &as_it_is, take_found, m);
		return;
	}
	buf_clear(&m->key);
	if (ioc_key(&kind, text, &m->key))
		add_observable(m, kind, buf_view(&m->key));
}

/* The marks of one column; nothing where no value of it is an observable. */
static bool mark_column(
	struct marker *m, const struct observed *observed, const struct batch *batch)
{
	const struct column *column = &batch->columns[observed->column];
	int group = batch->shape->columns[observed->column].group;
	struct observed_as *marks = &m->marks[0];
	uint32_t n = column->plain ? column->n : column->ndistinct;
	*marks = (struct observed_as){
		.column = column, .group = group < 0 ? NULL : &batch->groups[group]};
	if (column->n == 0)
		return false;
	marks->start = xmalloc((n + (size_t)1) * sizeof(*marks->start));
	for (uint32_t d = 0; d < n; d++) {
		uint32_t next = observed->text ? ioc_scan_next(column->heap, column->off, d, n) : d;
		while (d < next)
			marks->start[d++] = marks->n;
		if (d == n)
			break;
		marks->start[d] = marks->n;
		if (!column->plain || !bit_get(column->nulls, d))
			mark_value(m, observed,
				(struct slice){column->heap + column->off[d],
					column->off[d + 1] - column->off[d]});
	}
	marks->start[n] = marks->n;
	if (marks->n > 0)
		return true;
	free(marks->start);
	return false;
}

/* A common field and the column that feeds it share memory: one of them is enough. */
static bool is_marked(const struct observing *what, const struct batch *batch, uint32_t i)
{
	const struct observed *one = &what->columns[i];
	uint32_t alike = batch_first_alike(batch, one->column);
	for (uint32_t k = 0; k < i; k++) {
		const struct observed *other = &what->columns[k];
		if (other->text == one->text && other->kind == one->kind &&
			batch_first_alike(batch, other->column) == alike)
			return true;
	}
	return false;
}

struct observed_as *mark_columns(const struct observing *what, const struct batch *batch,
	void (*number)(void *ctx, enum ioc_kind kind, struct slice key, struct observed_as *to),
	void *ctx, uint32_t *n)
{
	struct marker m = {.number = number, .ctx = ctx};
	struct observed_as *all = xcalloc(what->n + (size_t)1, sizeof(*all));
	*n = 0;
	buf_init(&m.key, IOC_KEY_MAX + 64);
	buf_init(&m.host, IOC_KEY_MAX + 64);
	for (uint32_t i = 0; i < what->n; i++) {
		if (is_marked(what, batch, i))
			continue;
		m.marks = &all[*n];
		*n += mark_column(&m, &what->columns[i], batch);
	}
	buf_fini(&m.key);
	buf_fini(&m.host);
	return all;
}

void mark_free(struct observed_as *marks, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		free(marks[i].start);
		free(marks[i].numbers);
	}
	free(marks);
}

/* ---- rows ------------------------------------------------------------------------------------ */

struct row_numbers {
	uint32_t *list;
	uint32_t n, cap;
};

static inline void gather(void *ctx, uint32_t number, uint32_t row)
{
	struct row_numbers *numbers = ctx;
	(void)row;
	for (uint32_t i = 0; i < numbers->n; i++) {
		if (numbers->list[i] == number)
			return;
	}
	if (numbers->n == numbers->cap) {
		numbers->cap = numbers->cap ? numbers->cap * 2 : 16;
		numbers->list = xrealloc(numbers->list, numbers->cap * sizeof(*numbers->list));
	}
	numbers->list[numbers->n++] = number;
}

void observe_rows(const struct observing *what, const struct batch *batch,
	void (*wanted)(void *ctx, enum ioc_kind kind, struct slice key, struct observed_as *to),
	void (*each)(void *ctx, uint32_t row, uint32_t number), void *ctx)
{
	struct row_numbers numbers = {0};
	uint32_t nmarks;
	struct observed_as *marks = mark_columns(what, batch, wanted, ctx, &nmarks);
	for (uint32_t row = 0; nmarks > 0 && row < batch->nrows; row++) {
		if (mark_skipped(what, batch, row))
			continue;
		numbers.n = 0;
		each_mark(marks, nmarks, row, gather, &numbers);
		for (uint32_t i = 0; i < numbers.n; i++)
			each(ctx, row, numbers.list[i]);
	}
	free(numbers.list);
	mark_free(marks, nmarks);
}
