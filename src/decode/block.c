/* SPDX-License-Identifier: Apache-2.0 */
/* block.c: the records of a block into a batch: one row each, or a reject that leaves no trace. */
#include "decode/decode.h"

#include <stdio.h>
#include <stdlib.h>

#include "decode/memo.h"
#include "decode/private.h"

/* Few enough that the cutter leaves them in the first-level cache for the parser. */
enum { RECORDS_AT_ONCE = 32, AHEAD = 48 << 10 };

/* One call of decode_block. */
struct run {
	struct decoder *d;
	struct slice block;
	struct decode_reject *rejects;
	uint32_t nrejects, max_rejects;
};

static void begin_batch(struct decoder *d)
{
	for (uint32_t lane = 0; lane <= d->nlists; lane++)
		lane_forget(&d->lanes[lane]);
	d->row = 0;
	d->bytes = 0;
	d->rolled_back = false;
	d->nodd_times = 0;
	d->nodd_values = 0;
	for (uint32_t n = 0; n < d->schema->nnodes; n++)
		memo_reset(&d->nodes[n].memo);
}

static void reserve_row(struct decoder *d)
{
	if (d->row < d->rows_cap) {
		lane_prefetch(&d->lanes[0], d->row);
		return;
	}
	lane_reserve(&d->lanes[0], d->row + 1);
	d->rows_cap = d->lanes[0].cap;
	list_reserve(d, d->rows_cap);
	d->places = xrealloc(d->places, d->rows_cap * sizeof(*d->places));
	d->flags = xrealloc(d->flags, d->rows_cap);
}

static void note_odd_time(struct decoder *d)
{
	if (d->nodd_times == d->odd_times_cap) {
		d->odd_times_cap = d->odd_times_cap ? d->odd_times_cap * 2 : 64;
		d->odd_times = xrealloc(d->odd_times, d->odd_times_cap * sizeof(*d->odd_times));
	}
	struct odd_time *odd = &d->odd_times[d->nodd_times++];
	odd->row = d->row;
	identity_digest(odd_compact(d, d->time_text), odd->digest);
}

/* A record without a readable time of its own: another one of its times stands in, if it has one. */
static void fall_back(struct decoder *d)
{
	for (uint32_t i = 0; i < d->schema->nfallback && !d->has_time; i++) {
		const struct builder *from = &d->builders[d->schema->fallback[i]];
		if (!builder_has(from, d->row))
			continue;
		builder_put_int(&d->builders[SYS_EVENT_TIME], d->row, from->i64[d->row]);
		d->has_time = true;
	}
}

/* Parses text[0…len] into row d->row; what follows it up to `room` may be read. */
static int parse(struct decoder *d, struct slice text, size_t room)
{
	bool near_end = room < text.len + DECODE_SLACK;
	if (near_end) {
		if (d->padded_cap < text.len + DECODE_SLACK) {
			d->padded_cap = text.len * 2 + DECODE_SLACK;
			d->padded = xrealloc(d->padded, d->padded_cap);
		}
		memcpy(d->padded, text.ptr, text.len);
		memset(d->padded + text.len, 0, DECODE_SLACK);
		text.ptr = d->padded;
	}
	d->begin = text.ptr;
	d->end = text.ptr + text.len;
	d->row_flags = 0;
	d->has_time = false;
	d->time_text = (struct slice){0};
	if (d->extra.len || d->extra.full || d->nextra_names || d->drift_told)
		extra_reset(d);
	int status = d->avx2 ? parse_record_avx2(d) : parse_record_portable(d);
	if (status == 0)
		status = odd_finish(d);
	if (status == 0 && !d->has_time)
		fall_back(d);
	if (status == 0 && d->time_text.ptr) {
		if (d->has_time) /* another one was readable */
			odd_count(d, NULL, d->time_node, SLICE(""), d->time_text);
		else
			note_odd_time(d);
	}
	if (near_end) {
		/* Guesses point into the copy, which the next record overwrites. */
		for (uint32_t lane = 0; lane <= d->nlists; lane++)
			lane_forget(&d->lanes[lane]);
	}
	return status;
}

static void end_row(struct decoder *d, const struct json_record *record, size_t base)
{
	d->places[d->row] = (struct record_place){(uint32_t)(base + record->off), record->len};
	if (!d->has_time)
		d->row_flags |= ROW_NO_TIME;
	if (d->options.secondary)
		d->row_flags |= ROW_SECONDARY;
	d->flags[d->row] = d->row_flags;
	list_row_end(d);
	d->bytes += d->row_width;
	d->row++;
}

static void undo_row(struct decoder *d)
{
	lane_undo(&d->lanes[0], d->row, d->row + 1);
	list_row_undo(d);
	while (d->nodd_values && d->odd_values[d->nodd_values - 1].row == d->row)
		d->nodd_values--;
	d->rolled_back = true;
}

static void reject(struct run *run, const struct json_record *record, size_t base)
{
	struct decode_reject *out = &run->rejects[run->nrejects++];
	out->off = (uint32_t)(base + record->off);
	out->len = record->len;
	if (record->reason)
		snprintf(out->reason, sizeof(out->reason), "%s", record->reason);
	else
		snprintf(out->reason, sizeof(out->reason), "%s at byte %zu", run->d->reason,
			(size_t)(run->d->fault - run->d->begin));
}

static bool full(const struct run *run)
{
	const struct decoder *d = run->d;
	return d->row >= d->options.max_rows || d->bytes >= d->options.max_bytes ||
	       run->nrejects >= run->max_rejects;
}

/* Brings text that the cutter and the parser come to soon into the second-level cache: they read at
 * most a few bytes in every line of it, too few for the processor to run ahead by itself. */
static void prefetch_ahead(const struct run *run, size_t at, size_t n)
{
	size_t end = at + n < run->block.len ? at + n : run->block.len;
	for (; at < end; at += 64)
		__builtin_prefetch(run->block.ptr + at, 0, 2);
}

/* Decodes records until all are done or the batch is full; returns how many. */
static uint32_t decode_records(
	struct run *run, const struct json_record *records, uint32_t n, size_t base)
{
	struct decoder *d = run->d;
	uint32_t i = 0;
	for (; i < n && !full(run); i++) {
		const struct json_record *record = &records[i];
		struct slice text = {run->block.ptr + base + record->off, record->len};
		if (record->reason) {
			reject(run, record, base);
			continue;
		}
		prefetch_ahead(run, base + record->off + AHEAD, record->len);
		reserve_row(d);
		if (parse(d, text, run->block.len - base - record->off) == 0) {
			end_row(d, record, base);
		} else {
			undo_row(d);
			reject(run, record, base);
		}
	}
	return i;
}

int decode_block(struct decoder *d, struct json_records *state, struct slice block,
	uint64_t block_offset, bool last, size_t *at, struct batch *batch,
	struct decode_reject *rejects, uint32_t max_rejects, uint32_t *nrejects)
{
	struct run run = {.d = d, .block = block, .rejects = rejects, .max_rejects = max_rejects};
	struct json_record records[RECORDS_AT_ONCE];
	bool closed = false;
	begin_batch(d);
	while (!(closed = full(&run))) {
		struct json_records before = *state;
		struct slice rest = {block.ptr + *at, block.len - *at};
		size_t used;
		uint32_t n = json_records_cut(state, rest, last, records, RECORDS_AT_ONCE, &used);
		uint32_t done = decode_records(&run, records, n, *at);
		if (done < n) {
			/* Back to where the cutter stood after the last record that was taken. */
			*state = before;
			json_records_cut(state, rest, last, records, done, &used);
		}
		*at += used;
		if (n < RECORDS_AT_ONCE && done == n)
			break;
	}
	batch->raw = block.ptr;
	batch->raw_offset = block_offset;
	*nrejects = run.nrejects;
	finish_batch(d, batch);
	return closed && *at < block.len;
}
