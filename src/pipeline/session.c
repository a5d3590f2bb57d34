/* SPDX-License-Identifier: Apache-2.0 */
/* session.c: parts into segments, segments into the catalog. */
#include "pipeline/session.h"

#include <inttypes.h>
#include <stdlib.h>

#define SEGMENT_US INT64_C(5000000) /* a segment is committed at this age at the latest */

/* ---- parts ----------------------------------------------------------------------------------- */

void part_init(struct part *part, const struct batch_shape *shape)
{
	*part = (struct part){0};
	batch_init(&part->batch, shape);
}

void part_fini(struct part *part)
{
	caught_group_free(part->caught);
	segment_pack_free(part->pack);
	batch_fini(&part->batch);
	arena_fini(&part->reasons);
	free(part->rejects);
}

struct reject_part *part_reject(
	struct part *part, struct slice bytes, uint64_t offset, const char *reason)
{
	if (part->nrejects == part->reject_cap) {
		part->reject_cap = part->reject_cap ? part->reject_cap * 2 : 16;
		part->rejects = xrealloc(part->rejects, part->reject_cap * sizeof(*part->rejects));
	}
	struct reject_part *reject = &part->rejects[part->nrejects++];
	*reject = (struct reject_part){
		.input_offset = offset,
		.bytes = bytes,
		.lines = 1,
		.reason = arena_strdup(&part->reasons, slice_of(reason)),
	};
	return reject;
}

/* ---- sessions -------------------------------------------------------------------------------- */

void session_init(struct session *session, struct store *store, const struct schema *schema,
	const char *source, const char *input)
{
	*session = (struct session){.store = store,
		.schema = schema,
		.source = source,
		.input = input,
		.received_at = clock_now_us(),
		.lock = PTHREAD_MUTEX_INITIALIZER};
}

/* What was caught of the segment in progress: kept under its number, or (0) dropped. */
static void end_caught(struct session *session, uint64_t segment)
{
	if (segment && !session->missed && session->ncaught)
		detect_catch_segment(session->catch, segment, session->source, session->caught,
			session->ncaught);
	else
		for (uint32_t i = 0; i < session->ncaught; i++)
			caught_group_free(session->caught[i]);
	session->ncaught = 0;
	session->missed = false;
}

void session_abort(struct session *session)
{
	segment_abort(session->segment);
	session->segment = NULL;
	end_caught(session, 0);
}

void session_fini(struct session *session)
{
	session_abort(session);
	free(session->caught);
	map_fini(&session->drift);
	pthread_mutex_destroy(&session->lock);
}

void session_drift(struct session *session, struct decoder *decoder)
{
	const struct decode_drift *drift;
	uint32_t n = decoder_drift(decoder, &drift);
	pthread_mutex_lock(&session->lock);
	for (uint32_t i = 0; i < n; i++) {
		char key[600];
		snprintf(key, sizeof(key), "%.*s\t%s\t%s",
			(int)(drift[i].path.len < 500 ? drift[i].path.len : 500), drift[i].path.ptr,
			drift[i].kind, drift[i].seen);
		*map_put(&session->drift, slice_of(key), NULL) += drift[i].count;
	}
	pthread_mutex_unlock(&session->lock);
}

static int begin(struct session *session, struct err *err)
{
	if (session->segment)
		return 0;
	if (segment_begin(session->store, &session->schema->shape, session->source, session->input,
		    session->received_at, &session->segment, err) < 0)
		return -1;
	session->batches = session->rows = 0;
	session->began = clock_mono_us();
	session->duplicates = session->bytes = 0;
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

int session_identify(struct session *session, struct part *part, uint32_t container,
	uint64_t container_offset, struct import_result *result, struct err *err)
{
	if (begin(session, err) < 0 ||
		segment_identify(session->segment, &part->batch, container, container_offset,
			part->rejects, part->nrejects, &part->kept, err) < 0)
		return -1;
	session->batches++;
	session->rows += part->kept;
	session->duplicates += part->batch.nrows - part->kept;
	count_rows(result, part);
	return 0;
}

void session_pack(const struct session *session, struct part *part)
{
	part->pack = segment_pack(session->segment, &part->batch, part->rejects, part->nrejects);
	if (session->catch && part->kept > 0)
		part->caught = detect_catch_batch(session->catch, session->schema, &part->batch);
}

/* Takes over what was caught of a part that became a row group. */
static void add_caught(struct session *session, struct part *part)
{
	if (!session->catch || part->kept == 0)
		return;
	session->missed = session->missed || !part->caught;
	if (!part->caught)
		return;
	uint32_t n = session->ncaught;
	if ((n & (n - 1)) == 0)
		session->caught = xrealloc(
			session->caught, (n ? 2 * (size_t)n : 1) * sizeof(*session->caught));
	session->caught[session->ncaught++] = part->caught;
	part->caught = NULL;
}

int session_append(struct session *session, struct part *part, struct err *err)
{
	if (segment_append(session->segment, part->pack, err) < 0)
		return -1;
	add_caught(session, part);
	return 0;
}

bool session_full(const struct session *session)
{
	return session->segment &&
	       (session->batches >= LIMIT_SEGMENT_BATCHES || session->rows >= LIMIT_SEGMENT_ROWS ||
		       clock_mono_us() - session->began > SEGMENT_US);
}

/* ---- commit ---------------------------------------------------------------------------------- */

static void put_drift(struct buf *out, const struct map_entry *entry, bool first)
{
	struct slice key = entry->key;
	const char *kind = memchr(key.ptr, '\t', key.len);
	const char *seen = strchr(kind + 1, '\t');
	buf_puts(out, first ? "{\"path\":" : ",{\"path\":");
	text_json_string(out, (struct slice){key.ptr, (size_t)(kind - key.ptr)});
	buf_puts(out, ",\"kind\":");
	text_json_string(out, (struct slice){kind + 1, (size_t)(seen - kind - 1)});
	buf_puts(out, ",\"seen\":");
	text_json_string(out, slice_of(seen + 1));
	buf_printf(out, ",\"count\":%" PRIu64 "}", entry->value);
}

/* The drift seen since the last commit, as JSON, or NULL. Empties the map. */
static const char *take_drift(struct session *session, struct buf *out)
{
	pthread_mutex_lock(&session->lock);
	struct map drift = session->drift;
	map_init(&session->drift);
	pthread_mutex_unlock(&session->lock);
	buf_push(out, '[');
	for (uint32_t i = 0; i < drift.count; i++)
		put_drift(out, &drift.entries[i], i == 0);
	buf_append(out, "]", 2);
	bool any = drift.count > 0 && !out->full;
	map_fini(&drift);
	return any ? out->ptr : NULL;
}

int session_commit(struct session *session, bool always, struct err *err)
{
	if (!session->segment && (!always || begin(session, err) < 0))
		return always ? -1 : 0;
	struct buf drift;
	buf_init(&drift, 1 << 20);
	struct segment_facts facts = {
		.duplicates = session->duplicates,
		.input_bytes = session->bytes,
		.drift_json = take_drift(session, &drift),
	};
	memcpy(facts.schema_fingerprint, session->schema->fingerprint,
		sizeof(facts.schema_fingerprint));
	if (session->facts)
		session->facts(session->ctx, &facts);
	struct segment *segment = session->segment;
	session->segment = NULL;
	uint64_t id = 0;
	int status = segment_commit(segment, &facts, &id, err);
	end_caught(session, id);
	buf_fini(&drift);
	if (status == 0) {
		session->segments++;
		if (session->committed)
			session->committed(session->ctx);
	}
	return status;
}
