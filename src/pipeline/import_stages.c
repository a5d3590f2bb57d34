/* SPDX-License-Identifier: Apache-2.0 */
/* import_stages.c: what happens to a block: decoded, judged, packed, appended, committed. */
#include "pipeline/import_run.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
	REJECTS_AT_ONCE = 1024,
	SEGMENT_US = 5000000, /* a segment is committed at this age at the latest */
};

static struct part *add_part(struct block *block, const struct batch_shape *shape)
{
	if (block->nparts == block->part_cap) {
		block->part_cap = block->part_cap ? block->part_cap * 2 : 2;
		block->parts = xrealloc(block->parts, block->part_cap * sizeof(*block->parts));
	}
	struct part *part = &block->parts[block->nparts++];
	*part = (struct part){0};
	batch_init(&part->batch, shape);
	return part;
}

void block_clear(struct block *block)
{
	for (uint32_t i = 0; i < block->nparts; i++) {
		struct part *part = &block->parts[i];
		segment_pack_free(part->pack);
		batch_fini(&part->batch);
		arena_fini(&part->reasons);
		free(part->rejects);
	}
	block->nparts = 0;
}

/* The kind of a reason is its text up to " at byte". */
static struct slice reason_kind(const char *reason)
{
	const char *at = strstr(reason, " at byte");
	return at ? (struct slice){reason, (size_t)(at - reason)} : slice_of(reason);
}

/* True where only blanks lie between the two rejected pieces, so that they are one. */
static bool adjacent(const char *from, const char *to)
{
	for (; from < to; from++)
		if (*from != '\n' && *from != '\r' && *from != ' ' && *from != '\t')
			return false;
	return from == to;
}

static void add_reject(struct part *part, const struct block *block, struct slice bytes,
	const char *reason, bool continues)
{
	struct reject_part *before = part->nrejects ? &part->rejects[part->nrejects - 1] : NULL;
	if (before && !continues && slice_eq(reason_kind(before->reason), reason_kind(reason)) &&
		adjacent(before->bytes.ptr + before->bytes.len, bytes.ptr) &&
		(size_t)(bytes.ptr + bytes.len - before->bytes.ptr) <= LIMIT_FRAME_BYTES) {
		before->bytes.len = (size_t)(bytes.ptr + bytes.len - before->bytes.ptr);
		before->lines++;
		return;
	}
	if (part->nrejects == part->reject_cap) {
		part->reject_cap = part->reject_cap ? part->reject_cap * 2 : 16;
		part->rejects = xrealloc(part->rejects, part->reject_cap * sizeof(*part->rejects));
	}
	part->rejects[part->nrejects++] = (struct reject_part){
		.input_offset = block->offset + (uint64_t)(bytes.ptr - block->data),
		.bytes = bytes,
		.lines = 1,
		.reason = arena_strdup(&part->reasons, slice_of(reason)),
		.continues = continues,
	};
}

/* A line that is too long is rejected in pieces of a frame each, without its end. */
static void reject_overlong(struct import_run *run, struct block *block)
{
	struct part *part = add_part(block, &run->schema->shape);
	size_t len = block->len;
	if (len > 0 && block->data[len - 1] == '\n')
		len--;
	if (len > 0 && block->data[len - 1] == '\r')
		len--;
	for (size_t at = 0; at < len;) {
		size_t n = len - at;
		if (n > LIMIT_FRAME_BYTES)
			n = LIMIT_FRAME_BYTES;
		add_reject(part, block, (struct slice){block->data + at, n},
			"the line is longer than 16 MiB", block->continues || at > 0);
		at += n;
	}
}

static void note_drift(struct import_run *run, struct decoder *decoder)
{
	const struct decode_drift *drift;
	uint32_t n = decoder_drift(decoder, &drift);
	for (uint32_t i = 0; i < n; i++) {
		char key[600];
		snprintf(key, sizeof(key), "%.*s\t%s\t%s",
			(int)(drift[i].path.len < 500 ? drift[i].path.len : 500), drift[i].path.ptr,
			drift[i].kind, drift[i].seen);
		*map_put(&run->drift, slice_of(key), NULL) += drift[i].count;
	}
}

/* What a block of a stream leaves over begins the next block. */
static void carry_over(struct import_run *run, struct block *block, size_t at)
{
	run_carry(run, block->data + at, block->len - at);
	run->input_offset += at;
	block->len = at;
}

int run_decode(
	struct import_run *run, struct block *block, struct decoder *decoder, struct err *err)
{
	(void)err;
	if (block->overlong) {
		reject_overlong(run, block);
		return 0;
	}
	bool stream = run->records.layout == JSON_STREAM;
	struct json_records own = run->records;
	struct json_records *records = stream ? &run->records : &own;
	struct decode_reject *rejects = xmalloc(REJECTS_AT_ONCE * sizeof(*rejects));
	size_t at = 0;
	uint64_t rows = 0;
	/* Lines are whole in their block, so each block of them is the last of its kind. */
	bool last = block->last || !stream;
	int more;
	do {
		struct part *part = add_part(block, &run->schema->shape);
		uint32_t n;
		more = decode_block(decoder, records, (struct slice){block->data, block->len},
			block->offset, last, &at, &part->batch, rejects, REJECTS_AT_ONCE, &n);
		for (uint32_t i = 0; i < n; i++)
			add_reject(part, block,
				(struct slice){block->data + rejects[i].off, rejects[i].len},
				rejects[i].reason, false);
		rows += part->batch.nrows;
	} while (more);
	free(rejects);
	if (stream)
		carry_over(run, block, at);
	pthread_mutex_lock(&run->lock);
	run->result->records += rows;
	note_drift(run, decoder);
	pthread_mutex_unlock(&run->lock);
	return 0;
}

static int begin_segment(struct import_run *run, struct err *err)
{
	if (run->segment)
		return 0;
	if (segment_begin(run->store, &run->schema->shape, run->options->source,
		    run->options->input, run->received_at, &run->segment, err) < 0)
		return -1;
	run->segment_batches = run->segment_rows = 0;
	run->segment_began = clock_mono_us();
	run->segment_duplicates = run->segment_bytes = 0;
	return 0;
}

static void count_rows(struct import_result *result, const struct part *part)
{
	const struct batch *batch = &part->batch;
	result->stored += part->kept;
	result->duplicates += batch->nrows - part->kept;
	for (uint32_t i = 0; i < batch->nrows; i++) {
		uint8_t flags = batch->flags[i];
		if (flags & ROW_DROP)
			continue;
		result->repaired += (flags & ROW_REPAIRED) != 0;
		result->no_time += (flags & ROW_NO_TIME) != 0;
		result->lenient_time += (flags & ROW_LENIENT_TIME) != 0;
		result->zoneless += (flags & ROW_TIME_ZONELESS) != 0;
	}
	for (uint32_t i = 0; i < part->nrejects; i++)
		result->rejected += part->rejects[i].continues ? 0 : part->rejects[i].lines;
}

static bool has_content(const struct block *block)
{
	for (uint32_t i = 0; i < block->nparts; i++)
		if (block->parts[i].batch.nrows || block->parts[i].nrejects)
			return true;
	return false;
}

int run_identify(struct import_run *run, struct block *block, struct err *err)
{
	if (has_content(block) && begin_segment(run, err) < 0)
		return -1;
	for (uint32_t i = 0; i < block->nparts && run->segment; i++) {
		struct part *part = &block->parts[i];
		if (segment_identify(run->segment, &part->batch, run->container,
			    run->options->container_offset, part->rejects, part->nrejects,
			    &part->kept, err) < 0)
			return -1;
		run->segment_batches++;
		run->segment_rows += part->kept;
		run->segment_duplicates += part->batch.nrows - part->kept;
		pthread_mutex_lock(&run->lock);
		count_rows(run->result, part);
		pthread_mutex_unlock(&run->lock);
	}
	run->segment_bytes += block->len;
	block->closes = run->segment &&
			(run->segment_batches >= LIMIT_SEGMENT_BATCHES ||
				run->segment_rows >= LIMIT_SEGMENT_ROWS || block->last ||
				block->flush || clock_mono_us() - run->segment_began > SEGMENT_US);
	return 0;
}

void run_pack(struct import_run *run, struct block *block)
{
	for (uint32_t i = 0; i < block->nparts && run->segment; i++) {
		struct part *part = &block->parts[i];
		part->pack =
			segment_pack(run->segment, &part->batch, part->rejects, part->nrejects);
	}
}

/* The drift seen since the last commit, as JSON, or NULL. Empties the map. */
static const char *take_drift(struct import_run *run, struct buf *out)
{
	pthread_mutex_lock(&run->lock);
	struct map drift = run->drift;
	map_init(&run->drift);
	pthread_mutex_unlock(&run->lock);
	buf_push(out, '[');
	for (uint32_t i = 0; i < drift.count; i++) {
		struct slice key = drift.entries[i].key;
		const char *kind = memchr(key.ptr, '\t', key.len);
		const char *seen = strchr(kind + 1, '\t');
		buf_puts(out, i ? ",{\"path\":" : "{\"path\":");
		text_json_string(out, (struct slice){key.ptr, (size_t)(kind - key.ptr)});
		buf_puts(out, ",\"kind\":");
		text_json_string(out, (struct slice){kind + 1, (size_t)(seen - kind - 1)});
		buf_puts(out, ",\"seen\":");
		text_json_string(out, slice_of(seen + 1));
		buf_printf(out, ",\"count\":%" PRIu64 "}", drift.entries[i].value);
	}
	buf_append(out, "]", 2);
	bool any = drift.count > 0 && !out->full;
	map_fini(&drift);
	return any ? out->ptr : NULL;
}

static int commit(struct import_run *run, struct err *err)
{
	struct buf drift;
	buf_init(&drift, 1 << 20);
	struct segment_facts facts = {
		.duplicates = run->segment_duplicates,
		.input_bytes = run->segment_bytes,
		.drift_json = take_drift(run, &drift),
	};
	memcpy(facts.schema_fingerprint, run->schema->fingerprint,
		sizeof(facts.schema_fingerprint));
	struct segment *segment = run->segment;
	run->segment = NULL;
	int status = segment_commit(segment, &facts, NULL, err);
	buf_fini(&drift);
	if (status == 0)
		run->result->segments++;
	return status;
}

int run_append(struct import_run *run, struct block *block, struct err *err)
{
	for (uint32_t i = 0; i < block->nparts; i++)
		if (block->parts[i].pack &&
			segment_append(run->segment, block->parts[i].pack, err) < 0)
			return -1;
	run->result->bytes += block->len;
	return block->closes ? commit(run, err) : 0;
}
