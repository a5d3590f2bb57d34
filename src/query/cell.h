/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cell.h (private to query/): DuckDB's vectors as text, in the SQL child. A plan is made once per
 * result column, bound to each chunk's vectors, and then asked for the cells of a row.
 */
#ifndef QUERY_CELL_H
#define QUERY_CELL_H

#include "base/arena.h"
#include "query/duck.h"
#include "query/wire.h"

struct cell_plan {
	duckdb_type type;
	duckdb_type storage; /* of DECIMAL and ENUM */
	unsigned scale;      /* of DECIMAL */
	bool json;           /* a VARCHAR that holds JSON */
	uint64_t array_size;
	uint32_t nkids; /* element; key and value; fields; members */
	struct cell_plan *kids;
	uint32_t nnames; /* of fields and members, or an ENUM's values */
	const char **names;
	/* of the chunk in hand */
	const void *data;
	const uint64_t *valid;
};

/* Fills the plan for a type; memory in `mem`. ERR_UNSUPPORTED for a type that has no text form
 * here; the text says to cast it. */
int cell_plan_init(struct cell_plan *plan, const struct duck *duck, duckdb_logical_type type,
	struct arena *mem, struct err *err);
/* What its cells are, but for nulls and odd values. */
enum cell_kind cell_plan_kind(const struct cell_plan *plan);
/* Points the plan at a vector; valid as long as its chunk. */
void cell_bind(struct cell_plan *plan, const struct duck *duck, duckdb_vector vector);

/* Appends the value's text and returns its kind. Lists, structs and maps are JSON; times are ISO
 * 8601, those with a date in UTC; UUIDs with hyphens; BLOBs in hexadecimal. */
enum cell_kind cell_write(const struct cell_plan *plan, uint64_t row, struct buf *out);

/* Whether value `row` is there, by a vector's validity mask. */
static inline bool bit_valid(const uint64_t *valid, uint64_t row)
{
	return !valid || (valid[row >> 6] >> (row & 63) & 1);
}

/* cell_write for numbers, times and the other scalars that are not text (scalar.c). */
enum cell_kind scalar_write(const struct cell_plan *plan, uint64_t row, struct buf *out);
/* The bytes of a string value; borrowed from the chunk. */
struct slice scalar_bytes(const struct cell_plan *plan, uint64_t row);

#endif
