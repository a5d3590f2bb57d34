/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ship_observables.c: what the segments of a shipment know of observables, merged, as rows of the table of observables. In order of kind
 * and key, in blocks of so many rows: the same shipment gives the same blocks. A block becomes one part there, whole or not at all, so
 * what is there of a shipment is its first blocks.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/varint.h"
#include "cluster/table.h"
#include "ioc/obs_file.h"
#include "pipeline/ship_private.h"

enum { OBS_ROWS = 65536, OBS_COLUMNS = 10 };

static const char obs_columns[] =
	"kind,key,table_name,_collector,_shipment,events,first,last,actors,more_actors";

struct observing_block {
	struct shipper *s;
	const struct shipment *shipment;
	const struct slice *names;
	/* The columns' values, as Native has them. */
	struct buf kind, key, events, first, last, actors_off, actors, more;
	uint64_t nactors;
	uint64_t rows, have, total;
	uint32_t number;
	bool torn; /* a part of a block is there */
};

static void put_u64(struct buf *out, uint64_t value)
{
	buf_append(out, &value, sizeof(value));
}

static void column(struct buf *out, const char *name, const char *type, const struct buf *values)
{
	buf_varint_text(out, slice_of(name));
	buf_varint_text(out, slice_of(type));
	if (values)
		buf_slice(out, buf_view(values));
}

static void write_block(struct buf *out, const struct observing_block *b)
{
	buf_varint(out, OBS_COLUMNS);
	buf_varint(out, b->rows);
	column(out, "kind", "UInt8", &b->kind);
	column(out, "key", "String", &b->key);
	column(out, "table_name", "String", NULL);
	for (uint64_t i = 0; i < b->rows; i++)
		buf_varint_text(out, slice_of(b->shipment->table));
	column(out, "_collector", "String", NULL);
	for (uint64_t i = 0; i < b->rows; i++)
		buf_varint_text(out, slice_of(b->s->collector));
	column(out, "_shipment", "UInt64", NULL);
	for (uint64_t i = 0; i < b->rows; i++)
		put_u64(out, b->shipment->id);
	column(out, "events", "UInt64", &b->events);
	column(out, "first", "Int64", &b->first);
	column(out, "last", "Int64", &b->last);
	column(out, "actors", "Array(String)", &b->actors_off);
	buf_slice(out, buf_view(&b->actors));
	column(out, "more_actors", "UInt8", &b->more);
}

static struct buf *const *buffers(struct observing_block *b, struct buf *list[8])
{
	struct buf *all[] = {&b->kind, &b->key, &b->events, &b->first, &b->last, &b->actors_off,
		&b->actors, &b->more};
	memcpy(list, all, sizeof(all));
	return list;
}

static void clear(struct observing_block *b)
{
	struct buf *list[8];
	buffers(b, list);
	for (int i = 0; i < 8; i++)
		buf_clear(list[i]);
	b->rows = b->nactors = 0;
}

static int send(struct observing_block *b, struct err *err)
{
	char part[32];
	struct buf block, columns;
	int rc = 0;
	b->total += b->rows;
	if (b->have != SHIP_COUNT_ONLY && b->total > b->have && b->total - b->rows < b->have)
		b->torn = true;
	else if (b->total > b->have) {
		buf_init(&block, SHIP_WIRE_BYTES);
		buf_init(&columns, 4096);
		buf_puts(&columns, obs_columns);
		write_block(&block, b);
		snprintf(part, sizeof(part), "o%u", b->number);
		rc = ship_insert(
			b->s, b->shipment->id, part, CLUSTER_OBSERVABLES, &columns, &block, err);
		buf_fini(&columns);
		buf_fini(&block);
	}
	b->number++;
	clear(b);
	return rc;
}

static int add(void *ctx, const struct sighting *sighting, struct err *err)
{
	struct observing_block *b = ctx;
	buf_push(&b->kind, (char)sighting->kind);
	buf_varint_text(&b->key, sighting->key);
	put_u64(&b->events, sighting->events);
	put_u64(&b->first, (uint64_t)sighting->first);
	put_u64(&b->last, (uint64_t)sighting->last);
	for (uint32_t i = 0; i < sighting->nactors; i++)
		buf_varint_text(&b->actors, b->names[sighting->actors[i]]);
	b->nactors += sighting->nactors;
	put_u64(&b->actors_off, b->nactors);
	buf_push(&b->more, (char)sighting->more_actors);
	return ++b->rows == OBS_ROWS ? send(b, err) : 0;
}

static void begin(struct observing_block *b)
{
	struct buf *list[8];
	buffers(b, list);
	for (int i = 0; i < 8; i++)
		buf_init(list[i], SHIP_WIRE_BYTES);
}

/* Sends what is left. */
static int end(struct observing_block *b, int rc, struct err *err)
{
	struct buf *list[8];
	if (rc == 0 && b->rows)
		rc = send(b, err);
	buffers(b, list);
	for (int i = 0; i < 8; i++)
		buf_fini(list[i]);
	return rc;
}

static int merge(struct observing_block *b, const struct sighting_source *sources, uint32_t n,
	struct err *err)
{
	struct arena mem = {0};
	uint32_t nnames;
	struct slice *names = sighting_names(sources, n, &mem, &nnames);
	b->names = names;
	begin(b);
	int rc = end(b, sightings_merge(sources, n, names, nnames, add, b, err), err);
	arena_fini(&mem);
	return rc;
}

int ship_observables_any(struct shipper *s, const struct shipment *shipment, int64_t first,
	int64_t last, struct err *err)
{
	struct observing_block b = {.s = s, .shipment = shipment};
	/* Two events: one of them may have no time. */
	const struct sighting any = {
		.kind = (enum ioc_kind)OBSERVABLES_ANY, .events = 2, .first = first, .last = last};
	begin(&b);
	return end(&b, add(&b, &any, err), err);
}

int ship_observables(struct shipper *s, const struct shipment *shipment, uint64_t have, uint64_t *n,
	struct err *err)
{
	struct observing_block b = {.s = s, .shipment = shipment, .have = have};
	struct obs_reader **readers = xcalloc(shipment->n + 1u, sizeof(struct obs_reader *));
	struct sighting_source *sources = xcalloc(shipment->n + 1u, sizeof(*sources));
	uint32_t opened = 0;
	int rc = 0;
	for (uint32_t i = 0; rc == 0 && i < shipment->n; i++) {
		if (!shipment->segments[i].run)
			continue;
		rc = obs_open(shipment->segments[i].run, &readers[opened], err);
		if (rc == 0)
			rc = obs_source(readers[opened], &sources[opened], err);
		opened += readers[opened] != NULL;
	}
	if (rc == 0)
		rc = merge(&b, sources, opened, err);
	if (rc == 0 && (b.torn || b.total < have) && have != SHIP_COUNT_ONLY)
		rc = 1;
	for (uint32_t i = 0; i < opened; i++)
		obs_close(readers[i]);
	free(sources);
	free(readers);
	*n = b.total;
	return rc;
}
