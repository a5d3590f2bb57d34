/* SPDX-License-Identifier: Apache-2.0 */
/* row_json.h: a row of a batch as JSON: what `show` and `search` print. */
#ifndef QUERY_ROW_JSON_H
#define QUERY_ROW_JSON_H

#include "base/buf.h"
#include "batch/batch.h"

/* Appends the value of a top-level column, or (of a list's first column) the whole list, as JSON.
 * Members of a list's structs that are null are left out. */
void row_value_json(const struct batch *batch, uint32_t column, uint32_t row, struct buf *out);
/* Calls `each` for the row's top-level columns and lists in the order of the table, with the value
 * as JSON (borrowed for the call). Columns that were not read are left out. */
void row_each(const struct batch *batch, uint32_t row,
	void (*each)(void *ctx, uint32_t column, const char *name, struct slice json), void *ctx);
/* Appends the members `"name":value,…` of the row, without braces; nulls only with `nulls`. */
void row_members_json(const struct batch *batch, uint32_t row, bool nulls, struct buf *out);

#endif
