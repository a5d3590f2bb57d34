/* SPDX-License-Identifier: Apache-2.0 */
/* event.c (answer/): one event, parsed and raw. */
#include "answer/answer.h"
#include "parquet/parquet.h"
#include "query/row_json.h"
#include "schema/schema.h"

static int read_raw(struct store *store, const struct batch *batch, uint32_t row, struct buf *raw,
	struct err *err)
{
	const struct column *columns = batch->columns;
	char source[128];
	snprintf(source, sizeof(source), "%.*s", SLICE_ARG(column_text(&columns[SYS_SOURCE], row)));
	struct vault_place place = {
		.source = source,
		.file = (uint32_t)columns[SYS_VAULT_FILE].i64[row],
		.frame = (uint32_t)columns[SYS_VAULT_FRAME].i64[row],
		.offset = (uint32_t)columns[SYS_VAULT_OFFSET].i64[row],
		.length = (uint32_t)columns[SYS_VAULT_LENGTH].i64[row],
	};
	return store_read_raw(store, &place, raw, err);
}

int answer_event_with(struct store *store, const uint8_t id[16],
	void (*each)(void *ctx, const char *table, const struct batch *batch, uint32_t row,
		struct slice raw),
	void *ctx, struct err *err)
{
	struct event_place place;
	struct parquet_reader *reader;
	struct batch batch;
	struct buf raw;
	int found = store_find_event(store, id, &place, err);
	if (found < 1)
		return found;
	if (parquet_open(place.path, &reader, err) < 0)
		return -1;
	batch_init(&batch, parquet_shape(reader));
	buf_init(&raw, 2 * LIMIT_RECORD_BYTES);
	int rc = parquet_read(reader, place.group, NULL, &batch, err);
	if (rc == 0)
		rc = read_raw(store, &batch, place.row, &raw, err);
	if (rc == 0)
		each(ctx, place.table, &batch, place.row, buf_view(&raw));
	buf_fini(&raw);
	batch_fini(&batch);
	parquet_close(reader);
	return rc < 0 ? -1 : 1;
}

static void add_event(
	void *ctx, const char *table, const struct batch *batch, uint32_t row, struct slice raw)
{
	struct buf *out = ctx;
	buf_puts(out, "{\"table\":");
	text_json_string(out, slice_of(table));
	buf_puts(out, ",\"event\":{");
	row_members_json(batch, row, true, out);
	buf_puts(out, "},\"raw\":");
	text_json_string(out, raw);
	buf_push(out, '}');
}

int answer_event(struct store *store, const uint8_t id[16], struct buf *out, struct err *err)
{
	return answer_event_with(store, id, add_event, out, err);
}
