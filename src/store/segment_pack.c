/* SPDX-License-Identifier: Apache-2.0 */
/* segment_pack.c: step 2: a batch's kept rows as a Parquet row group, its records and rejects as
 * vault frames. Runs in any thread, touches no file. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "schema/schema.h"
#include "store/segment.h"

/* Arrays for one frame's worth of index, reused from frame to frame. */
struct gathering {
	struct frame_set *set;
	enum frame_kind kind;
	struct frame_cut cut;
	struct frame_index index;
	struct slice *records;
	int64_t *times;
	uint32_t cap;
};

static void gathering_init(
	struct gathering *g, struct frame_set *set, enum frame_kind kind, uint32_t most)
{
	*g = (struct gathering){.set = set, .kind = kind, .cap = most};
	g->records = xmalloc(most * sizeof(*g->records));
	g->times = xmalloc(most * sizeof(*g->times));
	g->index.times = g->times;
	g->index.lengths = xmalloc(most * sizeof(*g->index.lengths));
	g->index.container_offsets = xmalloc(most * sizeof(*g->index.container_offsets));
	g->index.event_ids = xcalloc(most, 16);
	g->index.containers = xcalloc(most, sizeof(*g->index.containers));
	g->index.copies = xcalloc(most, sizeof(*g->index.copies));
	g->index.flags = xcalloc(most, 1);
}

static void flush(struct gathering *g)
{
	if (g->index.n == 0)
		return;
	frame_set_add(g->set, g->records, &g->index, g->kind);
	g->index.n = 0;
}

static void gathering_fini(struct gathering *g)
{
	flush(g);
	free(g->records);
	free(g->times);
	free(g->index.lengths);
	free(g->index.container_offsets);
	free(g->index.event_ids);
	free(g->index.containers);
	free(g->index.copies);
	free(g->index.flags);
}

/* Makes room for the record in its frame, as identify has cut them; returns its number there. */
static uint32_t gather_record(struct gathering *g, struct slice bytes, uint64_t place)
{
	uint32_t frames = g->cut.frames;
	frame_cut_add(&g->cut, bytes.len);
	if (g->cut.frames != frames)
		flush(g);
	assert(g->index.n < g->cap);
	uint32_t i = g->index.n++;
	g->records[i] = bytes;
	g->index.lengths[i] = (uint32_t)bytes.len;
	g->index.container_offsets[i] = place;
	return i;
}

static void pack_rows(struct frame_set *set, const struct batch *batch, const struct identified *b,
	const uint32_t *keep, uint32_t n)
{
	struct gathering g;
	const struct column *times = &batch->columns[SYS_EVENT_TIME];
	const struct column *ids = &batch->columns[SYS_EVENT_ID];
	gathering_init(&g, set, FRAME_RECORDS, n);
	for (uint32_t k = 0; k < n; k++) {
		uint32_t row = keep[k];
		const struct record_place *place = &batch->records[row];
		uint32_t i = gather_record(&g, (struct slice){batch->raw + place->off, place->len},
			row_place(batch, b->base, row));
		memcpy(g.index.event_ids[i], ids->uuid[row], 16);
		g.index.containers[i] = b->container;
		g.index.copies[i] = b->copies[row];
		g.index.flags[i] = batch->flags[row];
		g.times[i] = column_is_null(times, row) ? INT64_MIN : times->i64[row];
	}
	gathering_fini(&g);
}

static void pack_rejects(struct frame_set *set, const struct reject_part *rejects,
	uint32_t nrejects, const struct identified *b)
{
	struct gathering g;
	uint64_t pieces = 0;
	for (uint32_t i = 0; i < nrejects; i++)
		pieces += rejects[i].bytes.len / LIMIT_FRAME_BYTES + 1;
	gathering_init(&g, set, FRAME_REJECTS, (uint32_t)pieces);
	for (uint32_t i = 0; i < nrejects; i++) {
		const struct reject_part *part = &rejects[i];
		size_t at = 0;
		if (b->known && b->known[i])
			continue;
		do {
			size_t left = part->bytes.len - at;
			size_t n = left < LIMIT_FRAME_BYTES ? left : LIMIT_FRAME_BYTES;
			uint32_t k = gather_record(&g, (struct slice){part->bytes.ptr + at, n},
				part->input_offset + at);
			g.times[k] = INT64_MIN;
			g.index.containers[k] = b->container;
			at += n;
		} while (at < part->bytes.len);
	}
	gathering_fini(&g);
}

static struct parquet_group *pack_group(const struct batch *batch, const uint32_t *keep, uint32_t n)
{
	if (n == batch->nrows)
		return parquet_encode(batch, PARQUET_LEVEL);
	struct batch selected;
	batch_select(batch, keep, n, &selected);
	struct parquet_group *group = parquet_encode(&selected, PARQUET_LEVEL);
	batch_fini(&selected);
	return group;
}

static const struct identified *find_batch(struct segment *s, const struct batch *batch)
{
	pthread_mutex_lock(&s->lock);
	const struct identified *b = s->batches;
	while (b && b->batch != batch)
		b = b->older;
	pthread_mutex_unlock(&s->lock);
	return b;
}

struct segment_pack *segment_pack(const struct segment *segment, const struct batch *batch,
	const struct reject_part *rejects, uint32_t nrejects)
{
	/* Only what has a lock is touched: everything else of the segment is read. */
	struct segment *s = segment->store->open;
	assert(s == segment);
	const struct identified *b = find_batch(s, batch);
	assert(b); /* identify comes first */
	struct segment_pack *pack = xcalloc(1, sizeof(*pack));
	frame_set_init(&pack->frames);
	if (b->kept > 0) {
		uint32_t *keep = xmalloc(b->kept * sizeof(*keep)), n = 0;
		for (uint32_t i = 0; i < batch->nrows; i++) {
			if (!(batch->flags[i] & ROW_DROP))
				keep[n++] = i;
		}
		assert(n == b->kept);
		pack_rows(&pack->frames, batch, b, keep, n);
		pack->group = pack_group(batch, keep, n);
		observer_look(&s->observer, batch, keep, n);
		pack->rows = n;
		free(keep);
	}
	if (nrejects > 0)
		pack_rejects(&pack->frames, rejects, nrejects, b);
	assert(pack->frames.n == b->frames); /* places given out hold */
	pack->first_frame = b->first_frame;
	return pack;
}

void segment_pack_free(struct segment_pack *pack)
{
	if (!pack)
		return;
	frame_set_fini(&pack->frames);
	parquet_group_free(pack->group);
	free(pack);
}
