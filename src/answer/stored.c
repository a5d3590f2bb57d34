/* SPDX-License-Identifier: Apache-2.0 */
/* stored.c (answer/): what could not be read as events, and what the tables are made of. */
#include <inttypes.h>

#include "answer/answer.h"
#include "schema/schema.h"

/* ---- rejects --------------------------------------------------------------------------------- */

void answer_reject(const struct reject_info *info, struct buf *out)
{
	char when[CLOCK_TEXT];
	buf_printf(out, "{\"id\":%" PRIu64 ",\"table\":", info->id);
	text_json_string(out, slice_of(info->table));
	text_json_member(out, "source", info->source);
	text_json_member(out, "input", info->input);
	buf_printf(out, ",\"offset\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"lines\":%u",
		info->input_offset, info->bytes, info->lines);
	text_json_member(out, "reason", info->reason);
	text_json_member(out, "state", info->state);
	text_json_member(out, "received_at", clock_text(info->received_at, when));
	buf_push(out, '}');
}

struct rejects {
	struct buf *out;
	uint64_t n, most;
};

static int add_reject(void *ctx, const struct reject_info *info, struct err *err)
{
	struct rejects *rejects = ctx;
	if (rejects->most && rejects->n++ == rejects->most)
		return 1; /* there are more */
	buf_puts(rejects->out, rejects->out->ptr[rejects->out->len - 1] == '[' ? "" : ",\n");
	answer_reject(info, rejects->out);
	return rejects->out->full ? err_set(err, ERR_LIMIT, "too many rejects for one answer") : 0;
}

int answer_rejects(struct store *store, uint64_t most, struct buf *out, struct err *err)
{
	struct rejects rejects = {out, 0, most};
	buf_puts(out, "{\"rejects\":[");
	int rc = store_rejects_newest(store, most ? most + 1 : 0, add_reject, &rejects, err);
	buf_printf(out, "],\"more\":%s}", rc > 0 ? "true" : "false");
	return rc < 0 ? -1 : 0;
}

/* ---- schemas --------------------------------------------------------------------------------- */

static void add_column(const struct batch_shape *shape, uint32_t c, struct buf *out)
{
	const struct column_shape *column = &shape->columns[c];
	const struct group_shape *group =
		column->group == NO_GROUP ? NULL : &shape->groups[column->group];
	struct buf name;
	buf_init(&name, 1 << 16);
	if (group)
		buf_puts(&name, group->name);
	if (group && !group->bare)
		buf_push(&name, '.');
	if (!group || !group->bare)
		buf_puts(&name, column->name);
	buf_puts(out, c ? ",{\"name\":" : "{\"name\":");
	text_json_string(out, buf_view(&name));
	text_json_member(out, "type", schema_type_name(column->type));
	buf_printf(out, ",\"list\":%s,\"system\":%s}", group ? "true" : "false",
		c < SYS_COLUMNS ? "true" : "false");
	buf_fini(&name);
}

void answer_schema(const struct schema *schema, bool own, struct buf *out)
{
	buf_puts(out, "{\"table\":");
	text_json_string(out, slice_of(schema->table));
	text_json_member(out, "product", schema->product);
	buf_printf(out, ",\"own\":%s,\"columns\":[", own ? "true" : "false");
	for (uint32_t c = 0; c < schema->shape.ncolumns; c++)
		add_column(&schema->shape, c, out);
	buf_puts(out, "]}");
}

static int add_schema(void *ctx, const struct schema *schema, bool user, struct err *err)
{
	struct buf *out = ctx;
	buf_puts(out, out->ptr[out->len - 1] == '[' ? "" : ",\n");
	answer_schema(schema, user, out);
	return out->full ? err_set(err, ERR_LIMIT, "too many tables for one answer") : 0;
}

int answer_schemas(const char *data, struct buf *out, struct err *err)
{
	buf_puts(out, "{\"tables\":[");
	if (store_schemas(data, add_schema, out, err) < 0)
		return -1;
	buf_puts(out, "]}");
	return 0;
}
