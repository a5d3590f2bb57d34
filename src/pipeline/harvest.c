/* SPDX-License-Identifier: Apache-2.0 */
/* harvest.c: replies into parts, parts into a segment. */
#include "pipeline/harvest.h"

#include <stdlib.h>

enum { REJECTS_AT_ONCE = 256, SLACK = 64 /* after the text, for the decoder's wide reads */ };
#define FULL_BYTES ((size_t)16 << 20)
#define FULL_US    INT64_C(5000000)

/* One reply: its bytes, and the parts that they were decoded into. */
struct harvested {
	char *bytes;
	struct part *parts;
	uint32_t nparts, part_cap;
	struct harvested *next;
};

void page_rows_fini(struct page_rows *rows)
{
	arena_fini(&rows->mem);
	*rows = (struct page_rows){0};
}

static void harvested_free(struct harvested *page)
{
	for (uint32_t i = 0; i < page->nparts; i++)
		part_fini(&page->parts[i]);
	free(page->parts);
	free(page->bytes);
	free(page);
}

int harvest_init(struct harvest *harvest, const struct harvest_settings *settings, struct err *err)
{
	char name[1400];
	const char *instance = settings->instance ? settings->instance : "";
	*harvest = (struct harvest){.settled_before = INT64_MIN};
	snprintf(name, sizeof(name), "replies of %s\n%.700s%s", settings->source, instance,
		settings->secondary ? "\nsecondary" : "");
	if (store_container(settings->store, settings->schema->table, CONTAINER_OVERLAP, name,
		    &harvest->container, err) < 0)
		return -1;
	session_init(&harvest->session, settings->store, settings->schema, settings->source,
		settings->input);
	harvest->processed_column =
		batch_find_column(&settings->schema->shape, SLICE("processed_at"));
	harvest->session.facts = settings->facts;
	harvest->session.ctx = settings->ctx;
	struct decode_options options = {.schema = settings->schema,
		.source = settings->source,
		.instance = settings->instance,
		.secondary = settings->secondary};
	harvest->decoder = decoder_new(&options);
	return 0;
}

static void forget(struct harvest *harvest)
{
	while (harvest->first) {
		struct harvested *page = harvest->first;
		harvest->first = page->next;
		harvested_free(page);
	}
	harvest->last = NULL;
	harvest->bytes = 0;
}

void harvest_fini(struct harvest *harvest)
{
	if (!harvest->decoder)
		return;
	forget(harvest);
	decoder_free(harvest->decoder);
	harvest->decoder = NULL;
	session_fini(&harvest->session);
}

/* ---- decoding -------------------------------------------------------------------------------- */

static struct part *add_part(struct harvested *page, const struct batch_shape *shape)
{
	if (page->nparts == page->part_cap) {
		page->part_cap = page->part_cap ? page->part_cap * 2 : 1;
		page->parts = xrealloc(page->parts, page->part_cap * sizeof(*page->parts));
	}
	struct part *part = &page->parts[page->nparts++];
	part_init(part, shape);
	return part;
}

/* A reply has no places: what is rejected is known again by its bytes alone. */
static void keep_rejects(
	struct part *part, const char *bytes, const struct decode_reject *rejects, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		part_reject(part, (struct slice){bytes + rejects[i].off, rejects[i].len}, 0,
			rejects[i].reason);
}

static void decode_page(struct harvest *harvest, struct slice records, struct harvested *page)
{
	const struct batch_shape *shape = &harvest->session.schema->shape;
	struct json_records state;
	struct decode_reject *rejects;
	size_t at = 1; /* after the bracket */
	int more;
	page->bytes = xcalloc(1, records.len + SLACK);
	memcpy(page->bytes, records.ptr, records.len);
	struct slice block = {page->bytes, records.len};
	json_records_within(&state);
	rejects = xmalloc(REJECTS_AT_ONCE * sizeof(*rejects));
	decoder_set_received(harvest->decoder, clock_now_us());
	do {
		struct part *part = add_part(page, shape);
		uint32_t n;
		more = decode_block(harvest->decoder, &state, block, 0, true, &at, &part->batch,
			rejects, REJECTS_AT_ONCE, &n);
		keep_rejects(part, page->bytes, rejects, n);
	} while (more);
	free(rejects);
	session_drift(&harvest->session, harvest->decoder);
}

/* The latest of a time column. */
static int64_t latest(const struct batch *batch, int column)
{
	const struct column *col = &batch->columns[column];
	int64_t most = INT64_MIN;
	for (uint32_t r = 0; r < batch->nrows; r++) {
		if (!column_is_null(col, r) && col->i64[r] > most)
			most = col->i64[r];
	}
	return most;
}

static void fill_rows(const struct harvested *page, int processed, struct page_rows *rows)
{
	uint32_t n = 0;
	*rows = (struct page_rows){
		.newest = INT64_MIN, .oldest = INT64_MAX, .processed = INT64_MIN};
	for (uint32_t i = 0; i < page->nparts; i++)
		n += page->parts[i].batch.nrows;
	rows->times = arena_alloc(&rows->mem, ((size_t)n + 1) * sizeof(*rows->times));
	rows->keys = arena_alloc(&rows->mem, ((size_t)n + 1) * 16);
	for (uint32_t i = 0; i < page->nparts; i++) {
		const struct batch *batch = &page->parts[i].batch;
		const struct column *time = &batch->columns[SYS_EVENT_TIME];
		rows->rejects += page->parts[i].nrejects;
		int64_t last = processed < 0 ? INT64_MIN : latest(batch, processed);
		rows->processed = last > rows->processed ? last : rows->processed;
		for (uint32_t r = 0; r < batch->nrows; r++, rows->n++) {
			bool none = column_is_null(time, r);
			int64_t us = none ? INT64_MIN : time->i64[r];
			rows->times[rows->n] = us;
			memcpy(rows->keys[rows->n], batch->keys[r], 16);
			if (!none && us > rows->newest)
				rows->newest = us;
			if (!none && us < rows->oldest)
				rows->oldest = us;
		}
	}
}

/* The nth row of a key has place n; one beyond what may be counted has the place of the last. */
static void number_rows(struct harvested *page, const struct harvest_counts *counts)
{
	uint32_t again = counts->again;
	for (uint32_t i = 0; i < page->nparts; i++) {
		struct batch *batch = &page->parts[i].batch;
		batch->places = arena_alloc(
			&batch->mem, ((size_t)batch->nrows + 1) * sizeof(*batch->places));
		for (uint32_t r = 0; r < batch->nrows; r++) {
			struct slice key = {(const char *)batch->keys[r], 16};
			uint64_t *seen = map_put(counts->seen, key, NULL), n = *seen;
			if (again > 0 && n > 0) {
				again--;
				n--;
			} else {
				again = 0;
				++*seen;
			}
			const uint64_t *most = counts->most ? map_get(counts->most, key) : NULL;
			if (counts->most && n >= (most && *most > 1 ? *most : 1))
				n = (most && *most > 1 ? *most : 1) - 1;
			batch->places[r] = n;
		}
	}
}

void harvest_add(struct harvest *harvest, struct slice records, const struct harvest_counts *counts,
	struct page_rows *rows)
{
	struct harvested *page = xcalloc(1, sizeof(*page));
	struct map own = {0};
	struct harvest_counts alone = {.seen = &own};
	decode_page(harvest, records, page);
	number_rows(page, counts ? counts : &alone);
	map_fini(&own);
	if (rows)
		fill_rows(page, harvest->processed_column, rows);
	if (!harvest->first)
		harvest->began = clock_mono_us();
	*(harvest->last ? &harvest->last->next : &harvest->first) = page;
	harvest->last = page;
	harvest->bytes += records.len;
}

void harvest_look(struct harvest *harvest, struct slice records, struct page_rows *rows)
{
	struct harvested *page = xcalloc(1, sizeof(*page));
	decode_page(harvest, records, page);
	fill_rows(page, harvest->processed_column, rows);
	harvested_free(page);
}

bool harvest_full(const struct harvest *harvest)
{
	return harvest->first &&
	       (harvest->bytes >= FULL_BYTES || clock_mono_us() - harvest->began > FULL_US);
}

/* ---- commit ---------------------------------------------------------------------------------- */

/* New, but older than what was settled: it came late. */
static void count_late(struct harvest *harvest, const struct batch *batch)
{
	const struct column *time = &batch->columns[SYS_EVENT_TIME];
	for (uint32_t r = 0; r < batch->nrows; r++) {
		if ((batch->flags[r] & ROW_DROP) || column_is_null(time, r) ||
			time->i64[r] >= harvest->settled_before)
			continue;
		int64_t late = harvest->session.received_at - time->i64[r];
		harvest->late++;
		if (late > harvest->max_late)
			harvest->max_late = late;
	}
}

static int take_part(struct harvest *harvest, struct part *part, struct err *err)
{
	struct session *session = &harvest->session;
	if (part->batch.nrows == 0 && part->nrejects == 0)
		return 0;
	if (session_identify(session, part, harvest->container, 0, &harvest->result, err) < 0)
		return -1;
	if (harvest->settled_before != INT64_MIN)
		count_late(harvest, &part->batch);
	session_pack(session, part);
	harvest->result.records += part->batch.nrows;
	return session_append(session, part, err);
}

int harvest_commit(struct harvest *harvest, struct err *err)
{
	struct session *session = &harvest->session;
	int rc = 0;
	harvest->late = 0;
	harvest->max_late = 0;
	session->received_at = clock_now_us();
	for (struct harvested *page = harvest->first; page && rc == 0; page = page->next)
		for (uint32_t i = 0; i < page->nparts && rc == 0; i++)
			rc = take_part(harvest, &page->parts[i], err);
	if (session->segment)
		session->bytes += harvest->bytes;
	if (rc == 0)
		rc = session_commit(session, true, err);
	else
		session_abort(session);
	if (rc == 0)
		forget(harvest);
	return rc;
}
