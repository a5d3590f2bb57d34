/* SPDX-License-Identifier: Apache-2.0 */
/* fields.c (answer/): what a query may name, and the values that a field has. */
#include <inttypes.h>

#include "answer/answer.h"

/* What stands in every table. */
static const struct {
	const char *name, *text;
} descriptions[] = {
	{"actor", "who did it: the name"},
	{"actor_id", "who did it: the id that the product gave"},
	{"action", "what was done"},
	{"category", "the kind of action, as the product sorts them"},
	{"ip", "the address that it was done from"},
	{"ip_bytes", "that address as a number; networks are looked for in it"},
	{"target", "what it was done to: the most specific object"},
	{"target_type", "what kind of object the target is"},
	{"targets", "all objects that it was done to"},
	{"summary", "what was done, in words"},
	{"event_time", "when it happened (UTC)"},
	{"received_at", "when pugmark received it (UTC)"},
	{"table", "the table that it is in"},
	{"event_id", "the event's id"},
	{"source", "the source that it came from"},
	{"instance", "the instance of the product that it happened in"},
	{"extra", "fields that no column takes, as JSON: extra.some.key"},
	{"repaired", "ill-formed text was repaired in it"},
	{"lenient_time", "its time was written in an unusual form"},
	{"secondary", "it came from a second source of what another one has"},
	{"vault_file", "where its raw bytes are: the file"},
	{"vault_frame", "where its raw bytes are: the frame in the file"},
	{"vault_offset", "where its raw bytes are: the byte in the frame"},
	{"vault_length", "how many raw bytes it has"},
};

struct fields {
	const struct search_tables *tables;
	struct buf *out;
	uint64_t n;
};

static bool table_has(const struct schema *schema, struct slice name)
{
	struct match_field fields[MATCH_FIELDS];
	return slice_eq(name, SLICE("table")) ||
	       query_resolve(schema, &schema->shape, name, TEST_EXISTS, fields) > 0;
}

static void add_field(void *ctx, struct slice name, enum col_type type)
{
	struct fields *f = ctx;
	const char *between = "", *word = schema_type_name(type);
	buf_puts(f->out, f->n++ ? ",\n{\"name\":" : "{\"name\":");
	text_json_string(f->out, name);
	text_json_member(f->out, "type", word);
	buf_puts(f->out, ",\"tables\":[");
	for (uint32_t t = 0; t < f->tables->n; t++) {
		if (!table_has(f->tables->schemas[t], name))
			continue;
		buf_puts(f->out, between);
		text_json_string(f->out, slice_of(f->tables->schemas[t]->table));
		between = ",";
	}
	buf_push(f->out, ']');
	for (size_t i = 0; i < sizeof(descriptions) / sizeof(*descriptions); i++) {
		if (slice_eq(name, slice_of(descriptions[i].name)))
			text_json_member(f->out, "description", descriptions[i].text);
	}
	buf_push(f->out, '}');
}

void answer_fields(const struct search_tables *tables, struct buf *out)
{
	struct fields f = {tables, out, 0};
	buf_puts(out, "{\"fields\":[");
	query_fields(tables, SLICE(""), add_field, &f);
	buf_puts(out, "]}");
}

/* ---- values ---------------------------------------------------------------------------------- */

static int add_value(void *ctx, struct slice value, uint64_t count, struct err *err)
{
	struct fields *f = ctx;
	(void)err;
	buf_puts(f->out, f->n++ ? ",\n{\"value\":" : "{\"value\":");
	text_json_string(f->out, value);
	buf_printf(f->out, ",\"count\":%" PRIu64 "}", count);
	return 0;
}

int answer_values(struct store *store, const struct search_tables *tables, const char *field,
	struct slice prefix, int64_t since, uint32_t max, unsigned milliseconds, struct buf *out,
	uint64_t *n, struct err *err)
{
	struct fields f = {tables, out, 0};
	if (query_check_field(tables, slice_of(field), err) < 0)
		return -1;
	int rc = search_values(
		store, tables, field, prefix, since, max, milliseconds, add_value, &f, err);
	*n = f.n;
	return rc < 0 ? -1 : 0;
}
