/* SPDX-License-Identifier: Apache-2.0 */
/* table_file.h: a segment's file: opened and checked, and what is known of its row groups before they are read. */
#ifndef QUERY_TABLE_FILE_H
#define QUERY_TABLE_FILE_H

#include "parquet/parquet.h"
#include "schema/schema.h"

/* Opens a file that has the columns of every table where and as they must be; else ERR_DAMAGED. The reader is the caller's. */
int table_file_open(const char *path, struct parquet_reader **reader, struct err *err);

/* What is known of a row group before it is read. */
struct group_facts {
	uint32_t nrows;
	bool range, some_untimed, all_untimed; /* !range && !all_untimed: nothing is known */
	int64_t min_time, max_time;
	bool some_secondary, all_secondary;
};
/* What the footer says of a group. */
void table_group_facts(
	const struct parquet_reader *reader, uint32_t group, struct group_facts *facts);

/* Clears the rows of secondary sources; SYS_SECONDARY is loaded. */
void rows_drop_secondary(const struct batch *batch, uint64_t *rows);

#endif
