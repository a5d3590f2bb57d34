/* SPDX-License-Identifier: Apache-2.0 */
/* layout.c: how a column of a batch lies in Parquet: its physical type, its levels, its pages. */
#include "parquet/private.h"

static enum physical physical_of(enum col_type type)
{
	switch (type) {
	case COL_INT64:
	case COL_TIME:
		return PHYS_INT64;
	case COL_INT32:
		return PHYS_INT32;
	case COL_BOOL:
		return PHYS_BOOLEAN;
	case COL_UUID:
	case COL_IP:
		return PHYS_FIXED;
	case COL_STRING:
	case COL_JSON:
		break;
	}
	return PHYS_BYTE_ARRAY;
}

/* Every event has an id; anything else may be missing. */
static bool is_required(const struct column_shape *column)
{
	return column->group == NO_GROUP && column->type == COL_UUID &&
	       strcmp(column->name, "event_id") == 0;
}

struct layout column_layout(const struct batch_shape *shape, uint32_t column)
{
	const struct column_shape *c = &shape->columns[column];
	struct layout layout = {.physical = physical_of(c->type)};
	if (c->group == NO_GROUP) {
		layout.max_def = is_required(c) ? 0 : 1;
		return layout;
	}
	/* list null 0, empty 1, then element null 2 (bare lists only), field null 3, value. */
	bool bare = shape->groups[c->group].bare;
	layout.max_rep = 1;
	layout.max_def = bare ? 3 : 4;
	layout.element_def = bare ? 2 : 3;
	return layout;
}

unsigned bits_for(uint32_t max)
{
	return max ? 32 - (unsigned)__builtin_clz(max) : 0;
}

uint32_t parquet_page_rows = 16384;

uint32_t rows_of_page(uint32_t nrows, uint32_t page_rows)
{
	uint32_t pages = nrows / page_rows;
	return pages > 1 ? (nrows + pages - 1) / pages : nrows;
}
