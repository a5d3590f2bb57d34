/* SPDX-License-Identifier: Apache-2.0 */
/* table_file.c: what searches and rules ask of a segment's file before they read it. */
#include "query/table_file.h"

/* Whether the columns that the search itself reads are where every table has them. */
static bool is_ours(const struct batch_shape *shape)
{
	static const struct {
		uint32_t column;
		enum col_type type;
	} needed[] = {
		{SYS_EVENT_ID, COL_UUID},
		{SYS_EVENT_TIME, COL_TIME},
		{SYS_RECEIVED_AT, COL_TIME},
		{SYS_SOURCE, COL_STRING},
		{SYS_SECONDARY, COL_BOOL},
		{SYS_VAULT_FILE, COL_INT32},
		{SYS_VAULT_FRAME, COL_INT32},
		{SYS_VAULT_OFFSET, COL_INT32},
		{SYS_VAULT_LENGTH, COL_INT32},
	};
	if (shape->ncolumns < SYS_COLUMNS || shape->ncolumns > LIMIT_COLUMNS + SYS_COLUMNS)
		return false;
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		const struct column_shape *column = &shape->columns[needed[i].column];
		if (column->type != needed[i].type || column->group != NO_GROUP)
			return false;
	}
	return true;
}

int table_file_open(const char *path, struct parquet_reader **reader, struct err *err)
{
	if (parquet_open(path, reader, err) < 0)
		return -1;
	if (is_ours(parquet_shape(*reader)))
		return 0;
	parquet_close(*reader);
	return err_set(
		err, ERR_DAMAGED, "%s is damaged: it lacks the columns that every table has", path);
}

void table_group_facts(
	const struct parquet_reader *reader, uint32_t group, struct group_facts *facts)
{
	struct parquet_stats time = {0}, secondary = {0};
	uint32_t n = parquet_group_rows(reader, group);
	bool known = parquet_group_stats(reader, group, SYS_EVENT_TIME, &time, NULL) == 0;
	*facts = (struct group_facts){.nrows = n, .min_time = INT64_MIN, .max_time = INT64_MAX};
	facts->some_untimed = !known || time.nulls > 0;
	facts->all_untimed = known && time.nulls >= n;
	facts->range = known && time.has_range && !facts->all_untimed;
	if (facts->range) {
		facts->min_time = time.min_i64;
		facts->max_time = time.max_i64;
	}
	known = parquet_group_stats(reader, group, SYS_SECONDARY, &secondary, NULL) == 0;
	bool ranged = known && secondary.has_range;
	facts->some_secondary = !ranged || secondary.max_i64 != 0;
	facts->all_secondary = ranged && secondary.min_i64 == 1 && secondary.nulls == 0;
	if (known && secondary.nulls >= n) /* null is false */
		facts->some_secondary = false;
}

void rows_drop_secondary(const struct batch *batch, uint64_t *rows)
{
	const struct column *col = &batch->columns[SYS_SECONDARY];
	for (uint32_t r = 0; r < batch->nrows; r++) {
		if (!column_is_null(col, r) && col->bools[r])
			rows[r >> 6] &= ~(UINT64_C(1) << (r & 63));
	}
}
