/* SPDX-License-Identifier: Apache-2.0 */
/* ioc_scan.c: the hits of a batch: its columns of observables are looked through by the code that made the index, so that both say
 * the same. */
#include <stdlib.h>

#include "query/ioc_private.h"
#include "schema/schema.h"

struct naming_hit {
	const struct ioc_lookup *lookup;
	struct observed_as *to;
};

static void name_hit(void *ctx, uint32_t question)
{
	const struct naming_hit *n = ctx;
	observed_as(n->to, n->lookup->list[question].indicator);
}

static void wanted(void *ctx, enum ioc_kind kind, struct slice key, struct observed_as *to)
{
	struct ioc_lookup *l = ((struct ioc_scan *)ctx)->lookup;
	ioc_lookup_each(l, kind, key, name_hit, &(struct naming_hit){l, to});
}

void ioc_scan_add(struct ioc_scan *s, uint32_t row, uint32_t indicator)
{
	if (s->n == s->cap) {
		s->cap = s->cap ? s->cap * 2 : 256;
		s->hits = xrealloc(s->hits, s->cap * sizeof(*s->hits));
	}
	s->hits[s->n++] = (struct ioc_row_hit){row, indicator};
}

static void take_hit(void *ctx, uint32_t row, uint32_t number)
{
	ioc_scan_add(ctx, row, number);
}

static bool in_time(const struct ioc_events *events, const struct batch *batch, uint32_t row)
{
	const struct column *times = &batch->columns[SYS_EVENT_TIME];
	if (events->since == INT64_MIN && events->until == INT64_MAX)
		return true;
	if (column_is_null(times, row))
		return events->untimed;
	return times->i64[row] >= events->since && times->i64[row] < events->until;
}

/* The hits that are not in the time asked for go. */
static void drop_untimely(struct ioc_scan *s, const struct batch *batch)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < s->n; i++) {
		if (in_time(s->events, batch, s->hits[i].row))
			s->hits[n++] = s->hits[i];
	}
	s->n = n;
}

void ioc_scan_batch(
	struct ioc_scan *s, const struct ioc_columns *columns, const struct batch *batch)
{
	s->n = 0;
	observe_rows(&columns->what, batch, wanted, take_hit, s);
	drop_untimely(s, batch);
}

uint32_t ioc_scan_rows(struct ioc_scan *s, uint32_t *rows)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < s->n; i++) {
		if (n == 0 || rows[n - 1] != s->hits[i].row)
			rows[n++] = s->hits[i].row;
		s->hits[i].row = n - 1;
	}
	return n;
}

/* Newest rows last in a group of a compacted file: handed over backwards. 1 to end. */
int ioc_scan_hand_over(struct ioc_scan *s, const struct batch *batch, struct err *err)
{
	int rc = 0;
	uint32_t to = s->n;
	if (s->events->begin && s->n > 0)
		s->events->begin(s->events->ctx, batch);
	while (to > 0 && rc == 0) {
		uint32_t from = to;
		while (from > 0 && s->hits[from - 1].row == s->hits[to - 1].row)
			from--;
		for (uint32_t i = from; i < to && rc == 0; i++)
			rc = s->events->each(s->events->ctx, s->table, batch, s->hits[i].row,
				s->hits[i].indicator, err);
		to = from;
	}
	return rc;
}

void ioc_scan_fini(struct ioc_scan *s)
{
	free(s->hits);
}

/* ---- columns --------------------------------------------------------------------------------- */

/* Columns whose observables are of kinds that are asked for. */
static void narrow(const struct ioc_lookup *l, bool fields_only, struct observing *what,
	struct observed *columns)
{
	bool is_host = l->kinds[IOC_IPV4] || l->kinds[IOC_IPV6] || l->kinds[IOC_DOMAIN];
	bool is_hash = l->kinds[IOC_MD5] || l->kinds[IOC_SHA1] || l->kinds[IOC_SHA256];
	bool in_text =
		!fields_only && (is_host || is_hash || l->kinds[IOC_URL] || l->kinds[IOC_EMAIL]);
	uint32_t n = 0;
	for (uint32_t i = 0; i < what->n; i++) {
		enum ioc_kind kind = what->columns[i].kind;
		bool address = kind == IOC_IPV4 || kind == IOC_IPV6;
		bool hash = kind == IOC_MD5 || kind == IOC_SHA1 || kind == IOC_SHA256;
		bool holds_host = address || kind == IOC_URL || kind == IOC_EMAIL;
		bool ok = what->columns[i].text
				  ? in_text
				  : l->kinds[kind] || (holds_host && is_host) || (hash && is_hash);
		if (ok)
			columns[n++] = what->columns[i];
	}
	what->columns = columns;
	what->n = n;
}

void ioc_scan_columns(struct ioc_scan *s, const struct batch_shape *shape,
	struct ioc_columns *columns, struct arena *mem)
{
	const struct ioc_events *events = s->events;
	columns->want = arena_zalloc(mem, shape->ncolumns + 1ul, sizeof(bool));
	columns->fetch = arena_zalloc(mem, shape->ncolumns + 1ul, sizeof(bool));
	columns->more = events->columns || events->whole;
	columns->want[SYS_SECONDARY] = true;
	columns->want[SYS_EVENT_ID] = !columns->more;
	columns->want[SYS_EVENT_TIME] =
		!columns->more || events->since != INT64_MIN || events->until != INT64_MAX;
	columns->fetch[SYS_EVENT_TIME] = columns->fetch[SYS_EVENT_ID] = true;
	if (events->columns)
		events->columns(events->ctx, s->table, shape, &columns->what, columns->fetch);
	if (events->whole)
		columns->fetch = NULL;
	narrow(s->lookup, events->fields_only, &columns->what,
		arena_alloc(mem, (columns->what.n + 1ul) * sizeof(struct observed)));
	for (uint32_t i = 0; i < columns->what.n; i++)
		columns->want[columns->what.columns[i].column] = true;
}
