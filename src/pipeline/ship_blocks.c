/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ship_blocks.c: a shipment's events as blocks. Row groups are taken in order of segments; a block ends where the next would bring it over
 * SHIP_BLOCK_ROWS or SHIP_BLOCK_BYTES (by what the catalog says of the segment), or where columns change. So the same shipment gives the
 * same blocks at any time.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "batch/concat.h"
#include "pipeline/ship_check.h"
#include "pipeline/ship_private.h"

enum { BLOCK_PARTS = 4096 };

/* An INSERT under way in a thread of its own, the only one that uses the cluster meanwhile. */
struct insert {
	struct shipper *s;
	const struct shipment *shipment;
	struct buf columns, block;
	char part[32];
	uint64_t read;
	pthread_t thread;
	bool running;
	int rc;
	struct err err;
};

struct block {
	struct insert under_way;
	struct shipper *s;
	const struct shipment *shipment;
	const struct batch_shape *table;  /* the schema's */
	const struct ship_choice *choice; /* NULL = all */
	struct parquet_reader *first;     /* its shape is the block's */
	struct batch *batches;
	uint32_t **keeps;
	struct native_part *parts;
	uint32_t n, number;
	uint64_t rows, bytes, read, sent;
};

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, 16);
}

static void empty(struct block *b)
{
	for (uint32_t i = 0; i < b->n; i++) {
		batch_fini(&b->batches[i]);
		free(b->keeps[i]);
		b->keeps[i] = NULL;
	}
	b->n = 0;
	b->rows = b->bytes = 0;
}

int64_t ship_day_of(const struct batch *batch, uint32_t row)
{
	const struct column *times = &batch->columns[SYS_EVENT_TIME];
	if (column_is_null(times, row) || times->i64[row] < 0)
		return SHIP_NO_DAY;
	return times->i64[row] / INT64_C(86400000000);
}

static bool is_chosen(const struct ship_choice *choice, const struct batch *batch, uint32_t row)
{
	const uint8_t *id = batch->columns[SYS_EVENT_ID].uuid[row];
	if (choice->one_day && ship_day_of(batch, row) != choice->day)
		return false;
	return choice->n == 0 || !bsearch(id, choice->have, choice->n, 16, by_bytes);
}

/* The rows that are chosen; returns how many. */
static uint64_t leave_out(struct block *b)
{
	uint64_t rows = 0;
	for (uint32_t p = 0; p < b->n; p++) {
		b->parts[p] = (struct native_part){.batch = &b->batches[p]};
		if (!b->choice) {
			rows += b->batches[p].nrows;
			continue;
		}
		uint32_t *keep = b->keeps[p] = xmalloc((b->batches[p].nrows + 1u) * sizeof(*keep));
		for (uint32_t i = 0; i < b->batches[p].nrows; i++)
			if (is_chosen(b->choice, &b->batches[p], i))
				keep[b->parts[p].n++] = i;
		b->parts[p].keep = keep;
		rows += b->parts[p].n;
	}
	return rows;
}

/* Sends one while the next is read and made. */
static void *insert_beside(void *arg)
{
	struct insert *in = arg;
	in->rc = ship_insert(in->s, in->shipment->id, in->part, in->shipment->table, &in->columns,
		&in->block, &in->err);
	return NULL;
}

/* What is under way has ended. 0 or what became of it. */
static int settle(struct block *b, struct err *err)
{
	struct insert *in = &b->under_way;
	if (!in->running)
		return 0;
	pthread_join(in->thread, NULL);
	in->running = false;
	buf_fini(&in->columns);
	buf_fini(&in->block);
	if (in->rc < 0 && err)
		*err = in->err;
	if (in->rc == 0 && b->s->options->progress)
		b->s->options->progress(
			b->s->options->ctx, b->s->result->rows + in->read, b->s->waiting);
	return in->rc;
}

static int start(struct block *b, struct buf *columns, struct buf *block, struct err *err)
{
	struct insert *in = &b->under_way;
	if (settle(b, err) < 0)
		return -1;
	*in = (struct insert){.s = b->s, .shipment = b->shipment, .read = b->read + b->rows};
	snprintf(in->part, sizeof(in->part), "%u", b->number);
	in->columns = *columns;
	in->block = *block;
	buf_init(columns, columns->max);
	buf_init(block, block->max);
	in->running = pthread_create(&in->thread, NULL, insert_beside, in) == 0;
	if (in->running)
		return 0;
	insert_beside(in);
	buf_fini(&in->columns);
	buf_fini(&in->block);
	if (in->rc < 0 && err)
		*err = in->err;
	return in->rc;
}

static int send(struct block *b, struct err *err)
{
	struct shipper *s = b->s;
	struct buf columns, block;
	uint64_t rows = leave_out(b);
	int rc = 0;
	buf_init(&columns, 1 << 20);
	buf_init(&block, SHIP_WIRE_BYTES);
	if (rows) {
		native_columns(&columns, b->batches[0].shape);
		native_write_parts(&block, s->features, b->table, b->parts, b->n,
			slice_of(s->collector), b->shipment->id);
		rc = block.full ? err_set(err, ERR_LIMIT, "a block of more than %d bytes",
					  SHIP_WIRE_BYTES)
				: start(b, &columns, &block, err);
	}
	buf_fini(&columns);
	buf_fini(&block);
	b->number++;
	b->read += b->rows;
	b->sent += rows;
	empty(b);
	return rc;
}

/* Adds a row group of a file, of which a row stands for `row_bytes`. */
static int add_group(struct block *b, struct parquet_reader *reader, uint32_t group,
	uint64_t row_bytes, struct err *err)
{
	uint32_t rows = parquet_group_rows(reader, group);
	if (b->n > 0 &&
		(b->rows + rows > SHIP_BLOCK_ROWS || b->n == BLOCK_PARTS ||
			b->bytes + rows * row_bytes > SHIP_BLOCK_BYTES) &&
		send(b, err) < 0)
		return -1;
	struct batch *batch = &b->batches[b->n];
	batch_init(batch, parquet_shape(reader));
	if (parquet_read(reader, group, NULL, batch, err) < 0) {
		batch_fini(batch);
		return -1;
	}
	if (b->s->options->stop && *b->s->options->stop) {
		batch_fini(batch);
		return err_set(err, ERR_INTERRUPTED, "stopped");
	}
	b->n++;
	b->rows += rows;
	b->bytes += rows * row_bytes;
	return 0;
}

static int add_file(struct block *b, const struct shipment_segment *segment, struct err *err)
{
	struct parquet_reader *reader;
	uint64_t row_bytes = segment->rows ? segment->raw_bytes / segment->rows : 0;
	if (parquet_open(segment->path, &reader, err) < 0)
		return -1;
	int rc = 0;
	if (parquet_rows(reader) != segment->rows)
		rc = err_set(err, ERR_DAMAGED, "%s: has not the rows that the catalog says",
			segment->path);
	else if (!b->first || !batch_shape_equal(parquet_shape(reader), parquet_shape(b->first))) {
		rc = b->n ? send(b, err) : 0;
		if (b->first)
			parquet_close(b->first);
		b->first = reader;
	}
	for (uint32_t g = 0; rc == 0 && g < parquet_groups(reader); g++) {
		rc = add_group(b, reader, g, row_bytes, err);
		/* Equal, and outlives the reader's. */
		if (rc == 0)
			b->batches[b->n - 1].shape = parquet_shape(b->first);
	}
	if (reader != b->first)
		parquet_close(reader);
	return rc;
}

int ship_events(struct shipper *s, const struct shipment *shipment,
	const struct ship_choice *choice, uint64_t *rows, struct err *err)
{
	const struct schema *schema;
	struct schema *owned;
	if (store_schema(store_dir(s->store), shipment->table, &schema, &owned, err) < 0)
		return -1;
	struct block b = {.s = s,
		.shipment = shipment,
		.table = &schema->shape,
		.choice = choice,
		.batches = xcalloc(BLOCK_PARTS, sizeof(*b.batches)),
		.keeps = xcalloc(BLOCK_PARTS, sizeof(*b.keeps)),
		.parts = xcalloc(BLOCK_PARTS, sizeof(*b.parts))};
	int rc = 0;
	for (uint32_t i = 0; rc == 0 && i < shipment->n; i++)
		rc = add_file(&b, &shipment->segments[i], err);
	if (rc == 0 && b.n)
		rc = send(&b, err);
	int last = settle(&b, rc == 0 ? err : NULL);
	rc = rc < 0 ? rc : last;
	empty(&b);
	if (rows)
		*rows += b.sent;
	if (b.first)
		parquet_close(b.first);
	free(b.batches);
	free(b.keeps);
	free(b.parts);
	schema_free(owned);
	return rc;
}
