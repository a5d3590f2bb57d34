/* SPDX-License-Identifier: Apache-2.0 */
/* language_fields.c: what is known of a name over all tables that are searched, the names that there are, and
 * the one that a misspelt name is nearest to. */
#include <ctype.h>
#include <stdio.h>
#include <strings.h>

#include "query/language_private.h"

/* What the same thing is called elsewhere. */
static const struct {
	const char *word, *field;
} synonyms[] = {
	{"user", "actor"},
	{"username", "actor"},
	{"user_name", "actor"},
	{"account", "actor_id"},
	{"user_id", "actor_id"},
	{"event", "action"},
	{"src_ip", "ip"},
	{"source_ip", "ip"},
	{"client_ip", "ip"},
	{"address", "ip"},
	{"time", "event_time"},
	{"date", "event_time"},
	{"@timestamp", "event_time"},
	{"timestamp", "event_time"},
	{"created", "event_time"},
	{"object", "target"},
	{"type", "target_type"},
	{"index", "table"},
	{"_index", "table"},
	{"product", "table"},
	{"id", "event_id"},
	{"_id", "event_id"},
};

/* ---- what a name means ------------------------------------------------------------------------- */

/* Adds what one table knows of the name; false where it does not have it. */
static bool add_table(const struct schema *schema, struct slice name, struct field *field)
{
	struct match_field columns[MATCH_FIELDS];
	uint32_t n = resolve_columns(schema, name, TEST_EXISTS, columns);
	for (uint32_t i = 0; i < n; i++) {
		int c = columns[i].column;
		field->types |=
			columns[i].path.len ? 1u << COL_JSON : 1u << schema->shape.columns[c].type;
		bool ip = columns[i].path.len == 0 && resolve_is_ip(schema, c);
		field->any_ip |= ip;
		field->all_ip &= ip;
	}
	field->list |= resolve_group(schema, name) != NO_GROUP;
	return n > 0;
}

const struct field *field_known(struct parser *p, struct slice name)
{
	buf_clear(&p->scratch);
	bool table = !p->list.len && name.len == 5 && strncasecmp(name.ptr, "table", 5) == 0;
	if (p->list.len) {
		buf_slice(&p->scratch, p->list);
		buf_push(&p->scratch, '.');
	}
	buf_slice(&p->scratch, table ? SLICE("table") : name);
	bool is_new;
	uint64_t *slot = map_put(&p->fields, buf_view(&p->scratch), &is_new);
	if (!is_new)
		return (const struct field *)(uintptr_t)*slot;
	struct field *field = arena_zalloc(p->mem, 1, sizeof(*field));
	field->name = (struct slice){arena_strdup(p->mem, buf_view(&p->scratch)), p->scratch.len};
	field->table = table;
	field->all_ip = true;
	bool known = table;
	for (uint32_t i = 0; !table && i < p->tables->n; i++)
		known |= add_table(p->tables->schemas[i], field->name, field);
	field->all_ip &= field->any_ip;
	*slot = known ? (uintptr_t)field : 0;
	return known ? field : NULL;
}

const struct field *field_find(struct parser *p, struct slice name, uint32_t begin, uint32_t end)
{
	char shown[SHOWN_BYTES], near[128];
	if (p->fields.count > QUERY_FIELDS) {
		language_fail(p, begin, end, NULL, "the query names more than %d different fields",
			QUERY_FIELDS);
		return NULL;
	}
	const struct field *field = field_known(p, name);
	if (field)
		return field;
	field_suggest(p, name, near, sizeof(near));
	if (p->list.len) {
		char list[SHOWN_BYTES];
		language_fail(p, begin, end, near, "the list %s has no field `%s`",
			parse_shown(p->list, list), parse_shown(name, shown));
	} else if (*near) {
		language_fail(p, begin, end, near, "unknown field `%s`", parse_shown(name, shown));
	} else {
		language_fail(p, begin, end, NULL,
			"unknown field `%s`: put a text with a colon in quotes; what no column "
			"takes "
			"lies below `extra.`",
			parse_shown(name, shown));
	}
	return NULL;
}

void field_each_of_list(
	struct parser *p, void (*each)(struct parser *p, struct slice name, void *ctx), void *ctx)
{
	struct map seen;
	map_init(&seen);
	for (uint32_t i = 0; i < p->tables->n; i++) {
		const struct batch_shape *shape = &p->tables->schemas[i]->shape;
		int group = resolve_group(p->tables->schemas[i], p->list);
		for (uint32_t c = 0; group != NO_GROUP && c < shape->ncolumns; c++) {
			bool is_new;
			if (shape->columns[c].group != group ||
				!col_is_string(shape->columns[c].type))
				continue;
			const char *name =
				shape->groups[group].bare
					? arena_strdup(p->mem, p->list)
					: arena_printf(p->mem, "%.*s.%s", SLICE_ARG(p->list),
						  shape->columns[c].name);
			map_put(&seen, slice_of(name), &is_new);
			if (is_new)
				each(p, slice_of(name), ctx);
		}
	}
	map_fini(&seen);
}

int query_check_field(const struct search_tables *tables, struct slice name, struct err *err)
{
	struct arena mem = {0};
	struct parser p = {.tables = tables, .mem = &mem};
	char shown[SHOWN_BYTES], near[128];
	map_init(&p.fields);
	buf_init(&p.scratch, LIMIT_QUERY_BYTES);
	bool known = name.len < 4096 && field_known(&p, name);
	if (!known) {
		field_suggest(&p, name, near, sizeof(near));
		err_set(err, ERR_USAGE, "unknown field `%s`%s%s%s", parse_shown(name, shown),
			*near ? ": did you mean `" : ": pugmark schema show TABLE lists fields",
			near, *near ? "`?" : "");
	}
	map_fini(&p.fields);
	buf_fini(&p.scratch);
	arena_fini(&mem);
	return known ? 0 : -1;
}

/* ---- all names --------------------------------------------------------------------------------- */

struct naming {
	struct map seen;
	struct slice prefix;
	void (*each)(void *ctx, struct slice name, enum col_type type);
	void *ctx;
};

static void name_once(struct naming *naming, struct slice name, enum col_type type)
{
	bool is_new;
	struct slice prefix = naming->prefix;
	if (name.len < prefix.len ||
		(prefix.len && strncasecmp(name.ptr, prefix.ptr, prefix.len) != 0))
		return;
	map_put(&naming->seen, name, &is_new);
	if (is_new)
		naming->each(naming->ctx, name, type);
}

static void name_column(struct naming *naming, const struct batch_shape *shape, uint32_t c)
{
	const struct column_shape *column = &shape->columns[c];
	char name[512];
	int n;
	if (column->group == NO_GROUP)
		n = snprintf(name, sizeof(name), "%s", column->name);
	else if (shape->groups[column->group].bare)
		n = snprintf(name, sizeof(name), "%s", shape->groups[column->group].name);
	else
		n = snprintf(name, sizeof(name), "%s.%s", shape->groups[column->group].name,
			column->name);
	if (n > 0 && (size_t)n < sizeof(name))
		name_once(naming, slice_of(name), column->type);
}

/* `affectedObjects[].type` is written `affectedObjects.type` in a query. */
static void name_path(struct naming *naming, const char *path, enum col_type type)
{
	char name[512];
	size_t n = 0;
	for (; *path && n + 1 < sizeof(name); path++) {
		if (path[0] == '[' && path[1] == ']')
			path++;
		else
			name[n++] = *path;
	}
	name_once(naming, (struct slice){name, n}, type);
}

static void name_table(struct naming *naming, const struct schema *schema, bool paths)
{
	const struct batch_shape *shape = &schema->shape;
	for (uint32_t c = SYS_COLUMNS; !paths && c < shape->ncolumns; c++)
		name_column(naming, shape, c);
	for (uint32_t g = 0; !paths && g < shape->ngroups; g++)
		name_once(naming, slice_of(shape->groups[g].name), COL_STRING);
	for (uint32_t c = 0; paths && c < schema->ncolumns; c++)
		for (uint32_t i = 0; i < schema->columns[c].npaths; i++)
			name_path(naming, schema->columns[c].paths[i], schema->columns[c].type);
}

void query_fields(const struct search_tables *tables, struct slice prefix,
	void (*each)(void *ctx, struct slice name, enum col_type type), void *ctx)
{
	struct naming naming = {.prefix = prefix, .each = each, .ctx = ctx};
	map_init(&naming.seen);
	/* The common fields first: the most useful, and all tables have them. */
	for (uint32_t c = SYS_ACTOR; tables->n && c <= SYS_SUMMARY; c++)
		name_column(&naming, &tables->schemas[0]->shape, c);
	name_once(&naming, SLICE("event_time"), COL_TIME);
	name_once(&naming, SLICE("table"), COL_STRING);
	for (uint32_t c = 0; tables->n && c < SYS_COLUMNS; c++)
		name_column(&naming, &tables->schemas[0]->shape, c);
	for (int paths = 0; paths < 2; paths++)
		for (uint32_t i = 0; i < tables->n; i++)
			name_table(&naming, tables->schemas[i], paths);
	map_fini(&naming.seen);
}

/* ---- the nearest name -------------------------------------------------------------------------- */

struct nearest {
	struct slice name; /* in small letters */
	struct slice list; /* only what begins with it, and a dot */
	char *out;
	size_t size;
	unsigned least; /* nearer ones only */
};

static void try_name(void *ctx, struct slice name, enum col_type type)
{
	struct nearest *nearest = ctx;
	char lower[128];
	(void)type;
	if (nearest->list.len) {
		if (name.len <= nearest->list.len + 1 || name.ptr[nearest->list.len] != '.')
			return;
		name.ptr += nearest->list.len + 1;
		name.len -= nearest->list.len + 1;
	}
	if (name.len >= sizeof(lower) || name.len >= nearest->size)
		return;
	for (size_t i = 0; i < name.len; i++)
		lower[i] = (char)tolower((unsigned char)name.ptr[i]);
	unsigned distance =
		text_distance(nearest->name, (struct slice){lower, name.len}, nearest->least);
	if (distance >= nearest->least)
		return;
	nearest->least = distance;
	memcpy(nearest->out, name.ptr, name.len);
	nearest->out[name.len] = '\0';
}

void field_suggest(struct parser *p, struct slice name, char *out, size_t size)
{
	char lower[128];
	out[0] = '\0';
	if (name.len == 0 || name.len >= sizeof(lower))
		return;
	for (size_t i = 0; i < name.len; i++)
		lower[i] = (char)tolower((unsigned char)name.ptr[i]);
	struct nearest nearest = {
		.name = {lower, name.len}, .list = p->list, .out = out, .size = size};
	/* Before names that look alike, of which the more there are the more tables there are. */
	for (size_t i = 0; !p->list.len && i < sizeof(synonyms) / sizeof(*synonyms); i++) {
		if (slice_eq(nearest.name, slice_of(synonyms[i].word))) {
			snprintf(out, size, "%s", synonyms[i].field);
			return;
		}
	}
	nearest.least = name.len < 3 ? 2 : name.len < 6 ? 3 : 4;
	query_fields(p->tables, p->list, try_name, &nearest);
}
