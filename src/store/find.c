/* SPDX-License-Identifier: Apache-2.0 */
/* find.c: from an event id to its row: segments by their range of ids, row groups by statistics, then
 * the column of ids alone. Ids begin with the event's time, so that few segments remain. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parquet/parquet.h"
#include "schema/schema.h"
#include "store/private.h"

static int column_of_ids(const struct parquet_reader *reader)
{
	return batch_find_column(parquet_shape(reader), SLICE("event_id"));
}

static int group_may_hold(struct parquet_reader *reader, uint32_t group, uint32_t column,
	const uint8_t id[16], struct err *err)
{
	struct parquet_stats stats;
	if (parquet_group_stats(reader, group, column, &stats, err) < 0)
		return -1;
	if (!stats.has_range || stats.min_bytes.len != 16 || stats.max_bytes.len != 16)
		return 1;
	return memcmp(id, stats.min_bytes.ptr, 16) >= 0 && memcmp(id, stats.max_bytes.ptr, 16) <= 0;
}

static int find_in_group(struct parquet_reader *reader, uint32_t group, uint32_t column,
	const uint8_t id[16], uint32_t *row, struct err *err)
{
	struct batch batch;
	bool *want = xcalloc(parquet_shape(reader)->ncolumns, sizeof(*want));
	want[column] = true;
	batch_init(&batch, parquet_shape(reader));
	int rc = parquet_read(reader, group, want, &batch, err);
	const struct column *col = rc == 0 ? &batch.columns[column] : NULL;
	for (uint32_t i = 0; rc == 0 && i < col->n; i++) {
		if (memcmp(col->uuid[i], id, 16) == 0) {
			*row = i;
			rc = 1;
		}
	}
	batch_fini(&batch);
	free(want);
	return rc;
}

static int find_in_file(
	const char *path, const uint8_t id[16], struct event_place *place, struct err *err)
{
	struct parquet_reader *reader;
	if (parquet_open(path, &reader, err) < 0)
		return -1;
	int rc = 0, column = column_of_ids(reader);
	if (column < 0)
		rc = err_set(
			err, ERR_DAMAGED, "%s: has no column event_id: run `pugmark verify`", path);
	for (uint32_t g = 0; rc == 0 && g < parquet_groups(reader); g++) {
		rc = group_may_hold(reader, g, (uint32_t)column, id, err);
		if (rc == 1) {
			place->group = g;
			rc = find_in_group(reader, g, (uint32_t)column, id, &place->row, err);
		}
	}
	parquet_close(reader);
	return rc;
}

int store_find_event(
	struct store *store, const uint8_t event_id[16], struct event_place *place, struct err *err)
{
	sqlite3_stmt *stmt = catalog_query(store, err,
		"SELECT t.name, s.name FROM segments s JOIN tables t ON t.id = s.table_id"
		" WHERE s.min_event_id <= ?1 AND s.max_event_id >= ?1 ORDER BY s.id DESC",
		"b", event_id, (size_t)16);
	int rc = stmt ? 1 : -1, found = 0;
	while (found == 0 && rc == 1 && (rc = catalog_step(store, stmt, err)) == 1) {
		snprintf(place->table, sizeof(place->table), "%s", catalog_text(stmt, 0));
		store_path(store, place->path, "tables/%s/%s.parquet", place->table,
			catalog_text(stmt, 1));
		found = find_in_file(place->path, event_id, place, err);
	}
	catalog_done(store, stmt);
	return rc < 0 ? -1 : found;
}
