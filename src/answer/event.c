/* SPDX-License-Identifier: Apache-2.0 */
/* event.c (answer/): one event, parsed and raw. */
#include "answer/answer.h"
#include "parquet/parquet.h"
#include "pipeline/pipeline.h"
#include "query/clustered.h"
#include "query/row_json.h"
#include "query/search.h"
#include "schema/schema.h"

void answer_event_place(
	const struct batch *batch, uint32_t row, char source[128], struct vault_place *place)
{
	const struct column *columns = batch->columns;
	snprintf(source, 128, "%.*s", SLICE_ARG(column_text(&columns[SYS_SOURCE], row)));
	*place = (struct vault_place){
		.source = source,
		.file = (uint32_t)columns[SYS_VAULT_FILE].i64[row],
		.frame = (uint32_t)columns[SYS_VAULT_FRAME].i64[row],
		.offset = (uint32_t)columns[SYS_VAULT_OFFSET].i64[row],
		.length = (uint32_t)columns[SYS_VAULT_LENGTH].i64[row],
	};
}

static int read_raw(struct store *store, const struct batch *batch, uint32_t row, struct buf *raw,
	struct err *err)
{
	char source[128];
	struct vault_place place;
	answer_event_place(batch, row, source, &place);
	return store_read_raw(store, &place, raw, err);
}

int answer_event_with(struct store *store, const uint8_t id[16], bool whole,
	void (*each)(void *ctx, const char *table, const struct batch *batch, uint32_t row,
		struct slice raw),
	void *ctx, struct err *err)
{
	struct event_place place;
	struct parquet_reader *reader;
	struct batch batch;
	struct buf raw;
	bool want[LIMIT_COLUMNS + SYS_COLUMNS] = {[SYS_SOURCE] = true,
		[SYS_VAULT_FILE] = true,
		[SYS_VAULT_FRAME] = true,
		[SYS_VAULT_OFFSET] = true,
		[SYS_VAULT_LENGTH] = true};
	int found = store_find_event(store, id, &place, err);
	if (found < 1)
		return found;
	if (parquet_open(place.path, &reader, err) < 0)
		return -1;
	buf_init(&raw, 2 * LIMIT_RECORD_BYTES);
	int rc = parquet_read_rows(
		reader, place.group, whole ? NULL : want, &place.row, 1, &batch, err);
	if (rc == 0)
		rc = read_raw(store, &batch, 0, &raw, err);
	if (rc == 0)
		each(ctx, place.table, &batch, 0, buf_view(&raw));
	buf_fini(&raw);
	batch_fini(&batch);
	parquet_close(reader);
	return rc < 0 ? -1 : 1;
}

/* ---- of others ------------------------------------------------------------------------------- */

struct found {
	struct store *store;
	void (*each)(void *ctx, const char *table, const struct batch *batch, uint32_t row,
		struct slice collector);
	void *ctx;
	const uint8_t *id;
	bool some;
};

static int take_row(void *ctx, const struct search_row *row, struct err *err)
{
	struct found *found = ctx;
	struct buf collector;
	buf_init(&collector, 4096);
	int rc = clustered_collector(found->store, row->schema->table, found->id, &collector, err);
	if (rc == 0)
		found->each(
			found->ctx, row->schema->table, row->batch, row->row, buf_view(&collector));
	found->some = rc == 0;
	buf_fini(&collector);
	return rc;
}

static int find_there(struct found *found, const struct schema_set *set, struct err *err)
{
	char text[UUID_TEXT];
	text_uuid(found->id, text);
	struct piece piece = {PIECE_TEXT, {text, UUID_TEXT}};
	struct pattern pattern = {&piece, 1};
	struct expr expr = {.kind = EXPR_TEST,
		.test = {.op = TEST_PATTERNS,
			.field = SLICE("event_id"),
			.patterns = &pattern,
			.npatterns = 1}};
	struct search_tables tables = {set->n, set->of};
	struct search_request request = {.expr = &expr,
		.tables = &tables,
		.now = clock_now_us(),
		.since = INT64_MIN,
		.until = INT64_MAX,
		.limit = 1,
		.secondary = true};
	struct search *search;
	if (search_run(found->store, &request, &search, err) < 0)
		return -1;
	int rc = search_rows(search, 0, 1, NULL, 0, take_row, found, err);
	search_free(search);
	return rc;
}

int answer_event_of_others(struct store *store, const uint8_t id[16],
	void (*each)(void *ctx, const char *table, const struct batch *batch, uint32_t row,
		struct slice collector),
	void *ctx, struct err *err)
{
	struct found found = {.store = store, .each = each, .ctx = ctx, .id = id};
	struct schema_set set = {0};
	struct arena mem = {0};
	int rc = store_cluster_is_set(store, err);
	if (rc < 1)
		return rc;
	rc = store_schema_set(store_dir(store), &mem, &set, err);
	if (rc == 0)
		rc = find_there(&found, &set, err);
	schema_set_fini(&set);
	arena_fini(&mem);
	return rc < 0 ? -1 : found.some;
}

/* ---- as JSON --------------------------------------------------------------------------------- */

static void put_event(struct buf *out, const char *table, const struct batch *batch, uint32_t row)
{
	buf_puts(out, "{\"table\":");
	text_json_string(out, slice_of(table));
	buf_puts(out, ",\"event\":{");
	row_members_json(batch, row, true, out);
	buf_puts(out, "},\"raw\":");
}

static void add_event(
	void *ctx, const char *table, const struct batch *batch, uint32_t row, struct slice raw)
{
	struct buf *out = ctx;
	put_event(out, table, batch, row);
	text_json_string(out, raw);
	buf_push(out, '}');
}

static void add_others(void *ctx, const char *table, const struct batch *batch, uint32_t row,
	struct slice collector)
{
	struct buf *out = ctx;
	put_event(out, table, batch, row);
	buf_puts(out, "null,\"collector\":");
	text_json_string(out, collector);
	buf_push(out, '}');
}

int answer_event(struct store *store, const uint8_t id[16], struct buf *out, struct err *err)
{
	int found = answer_event_with(store, id, true, add_event, out, err);
	return found != 0 ? found : answer_event_of_others(store, id, add_others, out, err);
}
