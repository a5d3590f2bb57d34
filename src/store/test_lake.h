/* SPDX-License-Identifier: Apache-2.0 */
/* test_lake.h: for tests of store/: numbered events as batches, sent through the store's own steps,
 * and the stored set read back and held against what was sent. */
#ifndef STORE_TEST_LAKE_H
#define STORE_TEST_LAKE_H

#include "base/base.h"
#include "base/test.h"
#include "parquet/parquet.h"
#include "schema/schema.h"
#include "store/private.h"

static const struct column_shape lake_columns[SYS_COLUMNS] = {
	[SYS_EVENT_ID] = {"event_id", COL_UUID, NO_GROUP, 0},
	[SYS_EVENT_TIME] = {"event_time", COL_TIME, NO_GROUP, 0},
	[SYS_RECEIVED_AT] = {"received_at", COL_TIME, NO_GROUP, 0},
	[SYS_SOURCE] = {"source", COL_STRING, NO_GROUP, OBS_HOST},
	[SYS_INSTANCE] = {"instance", COL_STRING, NO_GROUP, 0},
	[SYS_ACTOR] = {"actor", COL_STRING, NO_GROUP, 0},
	[SYS_ACTOR_ID] = {"actor_id", COL_STRING, NO_GROUP, 0},
	[SYS_ACTION] = {"action", COL_STRING, NO_GROUP, 0},
	[SYS_CATEGORY] = {"category", COL_STRING, NO_GROUP, 0},
	[SYS_IP] = {"ip", COL_STRING, NO_GROUP, 0},
	[SYS_IP_BYTES] = {"ip_bytes", COL_IP, NO_GROUP, 0},
	[SYS_TARGET] = {"target", COL_STRING, NO_GROUP, 0},
	[SYS_TARGET_TYPE] = {"target_type", COL_STRING, NO_GROUP, 0},
	[SYS_SUMMARY] = {"summary", COL_STRING, NO_GROUP, 0},
	[SYS_TARGETS] = {"target_name", COL_STRING, 0, OBS_OTHER},
	[SYS_REPAIRED] = {"repaired", COL_BOOL, NO_GROUP, 0},
	[SYS_LENIENT_TIME] = {"lenient_time", COL_BOOL, NO_GROUP, 0},
	[SYS_SECONDARY] = {"secondary", COL_BOOL, NO_GROUP, 0},
	[SYS_VAULT_FILE] = {"vault_file", COL_INT32, NO_GROUP, 0},
	[SYS_VAULT_FRAME] = {"vault_frame", COL_INT32, NO_GROUP, 0},
	[SYS_VAULT_OFFSET] = {"vault_offset", COL_INT32, NO_GROUP, 0},
	[SYS_VAULT_LENGTH] = {"vault_length", COL_INT32, NO_GROUP, 0},
	[SYS_EXTRA] = {"extra", COL_JSON, NO_GROUP, 0},
};
static const struct group_shape lake_groups[] = {{"targets", true}};
static const struct batch_shape lake_shape = {
	.table = "test_logs",
	.ncolumns = SYS_COLUMNS,
	.ngroups = 1,
	.columns = lake_columns,
	.groups = lake_groups,
};

enum { LAKE_NO_TIME = 7 /* every such event has no time */, LAKE_WORDS = 16 };
#define LAKE_RECEIVED INT64_C(1790000000000000)
#define LAKE_T0       INT64_C(1780000000000000)

/* Event number n as text, its own bytes only. */
static inline void lake_record(struct buf *out, uint32_t n)
{
	static const char *const words[LAKE_WORDS] = {"repository", "project", "permission",
		"granted", "removed", "user", "global", "cloned", "pushed", "viewed", "admin",
		"token", "created", "failed", "login", "é\xf0\x9f\x98\x80"};
	uint64_t seed = n * UINT64_C(0x9e3779b97f4a7c15) + 1;
	buf_printf(out, "{\"n\":%u,\"text\":\"", n);
	for (unsigned i = 0; i < 3 + n % 9; i++) {
		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		buf_printf(out, "%s-%u ", words[seed % LAKE_WORDS], (unsigned)(seed >> 40) % 1000);
	}
	buf_puts(out, "\"}");
}

/* Where event n begins in the stream of all events, one a line. What was counted is kept. */
static inline uint64_t lake_offset(uint32_t n)
{
	static uint64_t *offsets; /* of events 0 to known */
	static uint32_t known;
	struct buf record;
	if (!offsets)
		offsets = xcalloc(1, sizeof(*offsets));
	if (n > known)
		offsets = xrealloc(offsets, ((size_t)n + 1) * sizeof(*offsets));
	buf_init(&record, 1 << 20);
	for (; known < n; known++) {
		buf_clear(&record);
		lake_record(&record, known);
		offsets[known + 1] = offsets[known] + record.len + 1;
	}
	buf_fini(&record);
	return offsets[n];
}

static inline int64_t lake_time(uint32_t n)
{
	return LAKE_T0 + (int64_t)n * 1700000;
}

static inline void lake_key(struct slice record, uint8_t key[16])
{
	uint8_t sum[32];
	sha256(record.ptr, record.len, sum);
	memcpy(key, sum, 16);
}

static inline void lake_constant(struct batch *batch, int column, const char *text)
{
	struct column *col = &batch->columns[column];
	size_t len = text ? strlen(text) : 0;
	*col = (struct column){.n = batch->nrows, .ndistinct = text ? 1 : 0};
	col->codes = arena_alloc(&batch->mem, (size_t)batch->nrows * 4);
	memset(col->codes, text ? 0 : 0xff, (size_t)batch->nrows * 4);
	col->off = arena_zalloc(&batch->mem, 2, 4);
	col->off[1] = (uint32_t)len;
	col->heap = arena_strdup(&batch->mem, slice_of(text ? text : ""));
}

/* Columns of a batch whose records, flags and keys are there; times[] INT64_MIN = none. */
static inline void lake_fill(struct batch *batch, const int64_t *times, const char *source)
{
	uint32_t n = batch->nrows;
	for (int c = 0; c < SYS_COLUMNS; c++) {
		struct column *col = &batch->columns[c];
		if (col_is_string(lake_columns[c].type) && c != SYS_TARGETS) {
			lake_constant(batch, c, c == SYS_SOURCE ? source : NULL);
			continue;
		}
		*col = (struct column){.n = c == SYS_TARGETS ? 0 : n};
		if (c == SYS_TARGETS)
			col->off = arena_zalloc(&batch->mem, 1, 4),
			col->codes = arena_zalloc(&batch->mem, 1, 4);
		else if (lake_columns[c].type == COL_BOOL)
			col->bools = arena_zalloc(&batch->mem, n, 1);
		else if (lake_columns[c].type != COL_UUID)
			col->i64 = arena_zalloc(&batch->mem, n, 8);
	}
	struct column *col = &batch->columns[SYS_EVENT_TIME];
	col->nulls = arena_zalloc(&batch->mem, n / 64 + 1, 8);
	for (uint32_t i = 0; i < n; i++) {
		col->i64[i] = times[i] == INT64_MIN ? 0 : times[i];
		if (times[i] == INT64_MIN) {
			bit_set(col->nulls, i);
			batch->flags[i] |= ROW_NO_TIME;
		}
		batch->columns[SYS_RECEIVED_AT].i64[i] = LAKE_RECEIVED;
	}
	batch->groups[0] = (struct group){.list_off = arena_zalloc(&batch->mem, n + 1, 4)};
}

/* A batch of n events beginning with number `first`; records lie in `raw` from raw->len on, one a
 * line; raw_offset is the place of raw[0] in the input. raw must not move later. */
static inline void lake_batch(struct batch *batch, struct buf *raw, uint32_t first, uint32_t n,
	uint64_t raw_offset, const char *source)
{
	batch_init(batch, &lake_shape);
	batch->nrows = n;
	batch->columns = arena_zalloc(&batch->mem, SYS_COLUMNS, sizeof(*batch->columns));
	batch->groups = arena_zalloc(&batch->mem, 1, sizeof(*batch->groups));
	batch->records = arena_zalloc(&batch->mem, n, sizeof(*batch->records));
	batch->flags = arena_zalloc(&batch->mem, n, 1);
	batch->keys = arena_zalloc(&batch->mem, n, 16);
	int64_t *times = arena_zalloc(&batch->mem, n, 8);
	for (uint32_t i = 0; i < n; i++) {
		size_t at = raw->len;
		lake_record(raw, first + i);
		batch->records[i] = (struct record_place){(uint32_t)at, (uint32_t)(raw->len - at)};
		lake_key((struct slice){raw->ptr + at, raw->len - at}, batch->keys[i]);
		times[i] = (first + i) % LAKE_NO_TIME == 0 ? INT64_MIN : lake_time(first + i);
		buf_push(raw, '\n');
	}
	batch->raw = raw->ptr;
	batch->raw_offset = raw_offset;
	lake_fill(batch, times, source);
}

/* What is sent: events [first, first + n) in batches of `per_batch`, `batches` of them a segment,
 * with a rejected line at the end of each batch. */
struct lake_send {
	const char *source, *container;
	enum container_kind kind;
	uint32_t first, n, per_batch, batches;
	bool rejects;
	const struct ledger_note *ledger; /* of each segment, or NULL */
	uint64_t stored;                  /* out */
};

static inline int lake_send_batch(struct segment *segment, const struct lake_send *send,
	uint32_t container, uint32_t first, uint32_t n, uint64_t *stored, struct err *err)
{
	static const char junk[] = "this is no JSON\nneither is this";
	struct batch batch;
	struct buf raw;
	uint32_t kept = 0;
	buf_init(&raw, 64 << 20);
	buf_reserve(&raw, (size_t)n * 400 + 400); /* so that it does not move */
	/* Places depend on the event alone, so that a second sending names the same ones. */
	uint64_t offset = lake_offset(first);
	lake_batch(&batch, &raw, first, n, offset, send->source);
	struct reject_part reject = {.input_offset = offset + raw.len,
		.bytes = {junk, sizeof(junk) - 1},
		.lines = 2,
		.reason = "not an object"};
	int rc = segment_identify(segment, &batch, container, 0, send->rejects ? &reject : NULL,
		send->rejects, &kept, err);
	if (rc == 0) {
		struct segment_pack *pack = segment_pack(
			segment, &batch, send->rejects ? &reject : NULL, send->rejects);
		rc = segment_append(segment, pack, err);
		segment_pack_free(pack);
	}
	*stored += kept;
	batch_fini(&batch);
	buf_fini(&raw);
	return rc;
}

/* Sends everything; 0, or -1 at the first error (the segment is given up). */
static inline int lake_send(struct store *store, struct lake_send *send, struct err *err)
{
	uint32_t container, at = send->first, end = send->first + send->n;
	send->stored = 0;
	if (store_container(store, lake_shape.table, send->kind, send->container, &container, err) <
		0)
		return -1;
	while (at < end) {
		struct segment *segment;
		uint64_t stored = 0;
		uint32_t from = at;
		if (segment_begin(store, &lake_shape, send->source, send->container, LAKE_RECEIVED,
			    &segment, err) < 0)
			return -1;
		for (uint32_t b = 0; b < send->batches && at < end; b++) {
			uint32_t n = end - at < send->per_batch ? end - at : send->per_batch;
			if (lake_send_batch(segment, send, container, at, n, &stored, err) < 0) {
				segment_abort(segment);
				return -1;
			}
			at += n;
		}
		char checkpoint[32];
		snprintf(checkpoint, sizeof(checkpoint), "%u", at);
		struct segment_facts facts = {
			.checkpoint_key = send->source,
			.checkpoint = checkpoint,
			.input_bytes = 1,
			.duplicates = at - from - stored,
			.ledger = send->ledger,
		};
		if (segment_commit(segment, &facts, NULL, err) < 0)
			return -1;
		send->stored += stored;
	}
	return 0;
}

/* ---- reading back ---------------------------------------------------------------------------- */

struct lake_found {
	struct store *store;
	uint32_t *counts; /* per event number */
	uint32_t most;
	uint64_t rows;
};

static inline int lake_check_row(
	struct lake_found *found, const struct batch *batch, uint32_t row, struct err *err)
{
	struct buf raw, expected;
	const struct column *columns = batch->columns;
	char source[64];
	snprintf(source, sizeof(source), "%.*s", SLICE_ARG(column_text(&columns[SYS_SOURCE], row)));
	struct vault_place place = {
		.source = source,
		.file = (uint32_t)columns[SYS_VAULT_FILE].i64[row],
		.frame = (uint32_t)columns[SYS_VAULT_FRAME].i64[row],
		.offset = (uint32_t)columns[SYS_VAULT_OFFSET].i64[row],
		.length = (uint32_t)columns[SYS_VAULT_LENGTH].i64[row],
	};
	buf_init(&raw, 1 << 20);
	buf_init(&expected, 1 << 20);
	int rc = store_read_raw(found->store, &place, &raw, err);
	if (rc == 0) {
		unsigned n = found->most;
		buf_push(&raw, '\0');
		sscanf(raw.ptr, "{\"n\":%u", &n);
		lake_record(&expected, n);
		buf_push(&expected, '\0');
		if (n >= found->most || strcmp(raw.ptr, expected.ptr) != 0)
			rc = err_set(err, ERR_DAMAGED, "not a record of ours: %.100s", raw.ptr);
		else
			found->counts[n]++;
	}
	buf_fini(&raw);
	buf_fini(&expected);
	return rc;
}

static inline int lake_read_segment(void *ctx, const struct segment_info *info, struct err *err)
{
	struct lake_found *found = ctx;
	struct parquet_reader *reader;
	if (parquet_open(info->path, &reader, err) < 0)
		return -1;
	int rc = parquet_rows(reader) == info->rows
			 ? 0
			 : err_set(err, ERR_DAMAGED, "%s: rows differ", info->path);
	for (uint32_t g = 0; rc == 0 && g < parquet_groups(reader); g++) {
		struct batch batch;
		batch_init(&batch, parquet_shape(reader));
		rc = parquet_read(reader, g, NULL, &batch, err);
		for (uint32_t i = 0; rc == 0 && i < batch.nrows; i++)
			rc = lake_check_row(found, &batch, i, err);
		found->rows += batch.nrows;
		batch_fini(&batch);
	}
	parquet_close(reader);
	return rc;
}

/* Reads every event back by its place in the vault; counts[n] = how often event n is stored. */
static inline int lake_read(
	struct store *store, uint32_t *counts, uint32_t most, uint64_t *rows, struct err *err)
{
	struct lake_found found = {.store = store, .counts = counts, .most = most};
	memset(counts, 0, most * sizeof(*counts));
	int rc = store_segments(store, lake_shape.table, lake_read_segment, &found, err);
	*rows = found.rows;
	return rc;
}

/* Fails the test unless exactly the events [0, n) are stored, once each. */
static inline void lake_assert_exact(struct store *store, uint32_t n, const char *when)
{
	struct err err;
	uint64_t rows;
	uint32_t *counts = xcalloc(n + 1, sizeof(*counts));
	if (lake_read(store, counts, n + 1, &rows, &err) < 0)
		fail_msg("%s: reading back: %s", when, err.text);
	for (uint32_t i = 0; i < n; i++) {
		if (counts[i] != 1)
			fail_msg("%s: event %u is stored %u times", when, i, counts[i]);
	}
	if (rows != n)
		fail_msg("%s: %llu rows, not %u", when, (unsigned long long)rows, n);
	free(counts);
}

#endif
