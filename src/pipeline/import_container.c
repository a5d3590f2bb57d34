/* SPDX-License-Identifier: Apache-2.0 */
/* import_container.c: where the places of an input are counted. One log of a node has one name, however it
 * comes (as a file, through a bucket, in pieces), so that its places are known again: the node is the
 * one that its lines name, and only else the one that was said. */
#include <inttypes.h>
#include <unistd.h>

#include "pipeline/import_run.h"

/* The text of a column in the first row that has one, else "". */
static struct slice first_text(const struct batch *batch, int column)
{
	if (column < 0 || !col_is_string(batch->shape->columns[column].type))
		return SLICE("");
	const struct column *col = &batch->columns[column];
	for (uint32_t row = 0; row < batch->nrows; row++) {
		if (!column_is_null(col, row))
			return column_text(col, row);
	}
	return SLICE("");
}

/* After a line end a name carries what a rebuild must know: the instance that was said where the lines
 * do not say the same, and whether the events are secondary. */
static void put_origin(struct import_run *run, const struct batch *batch, struct buf *name)
{
	struct buf said, own;
	buf_init(&said, 4096);
	buf_init(&own, 4096);
	decode_instance(slice_of(run->options->instance ? run->options->instance : ""), &said);
	decode_instance(first_text(batch, run->schema->instance_column), &own);
	bool same = slice_eq(buf_view(&said), buf_view(&own));
	buf_printf(name, "\n%.*s%s", same ? 0 : (int)(said.len < 700 ? said.len : 700),
		said.len ? said.ptr : "", run->options->secondary ? "\nsecondary" : "");
	buf_fini(&said);
	buf_fini(&own);
}

/* A log that was counted under the node that was said, by an earlier version of this program, stays so. */
static int find_older(
	struct import_run *run, const char *said, struct slice node, uint32_t *id, struct err *err)
{
	char name[1400];
	if (!said || slice_eq(slice_of(said), node))
		return 0;
	snprintf(name, sizeof(name), "%.300s/%.300s\n%.700s", said, run->log_name,
		run->options->instance ? run->options->instance : "");
	return store_container_find(run->store, run->schema->table, name, id, err);
}

static int open_log(struct import_run *run, const struct batch *batch, struct slice node,
	uint32_t *id, struct err *err)
{
	struct buf name;
	const char *said = run->options->node;
	int found = find_older(run, said, node, id, err);
	if (found != 0)
		return found < 0 ? -1 : 0;
	buf_init(&name, 4096);
	snprintf(run->result->node, sizeof(run->result->node), "%.*s",
		(int)(node.len < 300 ? node.len : 300), node.ptr);
	buf_printf(&name, "%.*s/%.300s", (int)(node.len < 300 ? node.len : 300), node.ptr,
		run->log_name);
	put_origin(run, batch, &name);
	buf_push(&name, '\0');
	int rc = store_container(
		run->store, run->schema->table, CONTAINER_DISJOINT, name.ptr, id, err);
	buf_fini(&name);
	return rc;
}

static int open_overlapping(
	struct import_run *run, const struct batch *batch, uint32_t *id, struct err *err)
{
	struct buf name;
	buf_init(&name, 4096);
	if (run->options->reading)
		buf_printf(&name, "%.600s", run->options->reading);
	else
		buf_printf(&name, "import %" PRId64 " %d", clock_now_us(), (int)getpid());
	put_origin(run, batch, &name);
	buf_push(&name, '\0');
	int rc = store_container(
		run->store, run->schema->table, CONTAINER_OVERLAP, name.ptr, id, err);
	buf_fini(&name);
	run->overlaps = rc == 0 && !run->options->reading;
	return rc;
}

int run_container(
	struct import_run *run, const struct batch *batch, uint32_t *container, struct err *err)
{
	int rc = 0;
	*container = run->container ? run->container : run->options->container;
	if (*container)
		return 0;
	struct slice node = first_text(batch, batch_find_column(batch->shape, SLICE("node")));
	if (node.len == 0 && run->options->node)
		node = slice_of(run->options->node);
	if (run->log_name && node.len > 0)
		rc = open_log(run, batch, node, container, err);
	else
		rc = open_overlapping(run, batch, container, err);
	/* Rejects alone do not tell: the next rows will. */
	if (rc == 0 && batch->nrows > 0)
		run->container = *container;
	return rc;
}
