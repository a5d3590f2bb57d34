/* SPDX-License-Identifier: Apache-2.0 */
/* infer_plan.h (private to schema/): a proposed schema on its way from infer.c, which chooses the
 * columns, to infer_print.c, which writes them as YAML. */
#ifndef SCHEMA_INFER_PLAN_H
#define SCHEMA_INFER_PLAN_H

#include "schema/infer.h"

struct plan_column {
	const char *name, *path; /* path: within a list relative to its element */
	const struct seen *seen;
	int list; /* index into lists, or -1 */
	bool direct;
	enum col_type type;
	enum observable observable;
};

struct plan_list {
	const char *name, *path; /* path NULL: a list of the extended table */
	bool bare;
};

struct plan {
	const struct infer *infer;
	struct arena *mem;
	const char *table;
	const struct schema *base; /* the table that is extended, or NULL */
	const char *time_path, *id;
	uint32_t ncolumns, nlists, max;
	struct plan_column *columns;
	struct plan_list *lists;
	bool direct[SYS_COLUMNS]; /* common fields that a column feeds directly */
	uint64_t left_out;        /* keys that no column could be made of */
};

/* Where a key was seen. */
struct place {
	const char *path, *name;
	int list;
	unsigned depth;
	const struct schema_node *known; /* its node in the extended table, or NULL */
};

/* Writes the proposal; out->full where it does not fit. */
void plan_print(const struct plan *plan, struct buf *out);

#endif
