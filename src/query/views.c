/* SPDX-License-Identifier: Apache-2.0 */
/*
 * views.c: the tables as views over Parquet files, and `events`, the common fields of all tables.
 * Files are named one by one, so that a query sees exactly the segments that the catalog had when
 * it began, and so that DuckDB may open nothing else.
 */
#include "query/views.h"

#include <stdlib.h>

#include "schema/schema.h"

/* 100,000 segments with long paths. */
#define LIMIT_STATEMENT ((size_t)64 << 20)
enum { TABLES_MAX = 1024 };

static const char *const type_names[] = {
	[COL_STRING] = "VARCHAR",
	[COL_JSON] = "JSON",
	[COL_INT64] = "BIGINT",
	[COL_INT32] = "INTEGER",
	[COL_BOOL] = "BOOLEAN",
	[COL_TIME] = "TIMESTAMPTZ",
	[COL_UUID] = "UUID",
	[COL_IP] = "BLOB",
};

/* The common fields, as they stand in `events`. */
static const enum sys_column common[] = {SYS_EVENT_ID, SYS_EVENT_TIME, SYS_RECEIVED_AT, SYS_SOURCE,
	SYS_INSTANCE, SYS_ACTOR, SYS_ACTOR_ID, SYS_ACTION, SYS_CATEGORY, SYS_IP, SYS_IP_BYTES,
	SYS_TARGET, SYS_TARGET_TYPE, SYS_TARGETS, SYS_SUMMARY, SYS_EXTRA, SYS_REPAIRED,
	SYS_LENIENT_TIME};

void setup_init(struct setup *setup)
{
	memset(setup, 0, sizeof(*setup));
	buf_init(&setup->paths, LIMIT_STATEMENT);
	buf_init(&setup->text, LIMIT_STATEMENT);
}

void setup_fini(struct setup *setup)
{
	free(setup->statements);
	buf_fini(&setup->paths);
	buf_fini(&setup->text);
	arena_fini(&setup->mem);
}

void setup_take(struct setup *setup)
{
	if (setup->n == setup->cap) {
		setup->cap = setup->cap ? setup->cap * 2 : 16;
		setup->statements =
			xrealloc(setup->statements, setup->cap * sizeof(setup->statements[0]));
	}
	setup->statements[setup->n++] = arena_strdup(&setup->mem, buf_view(&setup->text));
	buf_clear(&setup->text);
}

static void quote(struct buf *out, const char *text, char mark)
{
	buf_push(out, mark);
	for (; *text; text++) {
		if (*text == mark)
			buf_push(out, mark);
		buf_push(out, *text);
	}
	buf_push(out, mark);
}

void setup_literal(struct buf *out, const char *text)
{
	quote(out, text, '\'');
}

void setup_name(struct buf *out, const char *name)
{
	quote(out, name, '"');
}

void setup_allow(struct setup *setup, const char *path)
{
	if (setup->paths.len)
		buf_push(&setup->paths, ',');
	setup_literal(&setup->paths, path);
}

/* Evaluated only where view_asked() was wrong: an error, rather than a table that seems empty. */
const char view_guard[] = "error('this view was not prepared for the query: please report it')"
			  "::BOOLEAN";

bool view_asked(const char *sql, const char *name)
{
	return strcasestr(sql, name) || strcasestr(sql, "query");
}

/* ---- which tables there are, and their files ------------------------------------------------ */

struct found_table {
	const char *name;
	const struct schema *schema; /* of a built-in one */
	bool asked;                  /* the query can read it */
	struct buf files;            /* as literals, with commas */
};

struct collect {
	struct setup *setup;
	const char *sql;
	struct found_table tables[TABLES_MAX];
	uint32_t n;
};

static struct found_table *find_table(struct collect *collect, const char *name)
{
	for (uint32_t i = 0; i < collect->n; i++) {
		if (strcmp(collect->tables[i].name, name) == 0)
			return &collect->tables[i];
	}
	if (collect->n == TABLES_MAX)
		return NULL;
	struct found_table *table = &collect->tables[collect->n++];
	table->name = arena_strdup(&collect->setup->mem, slice_of(name));
	table->schema = schema_find(name);
	table->asked = !table->schema || view_asked(collect->sql, name) ||
		       view_asked(collect->sql, "events");
	buf_init(&table->files, LIMIT_STATEMENT);
	return table;
}

/* Paths are relative to the folder of tables, in which the child works: DuckDB takes * ? [ in a path
 * for a pattern, and the folders above are the user's to name. */
static int add_segment(void *ctx, const struct segment_info *info, struct err *err)
{
	struct collect *collect = ctx;
	struct found_table *table = find_table(collect, info->table);
	if (!table)
		return err_set(err, ERR_LIMIT, "more than %d tables", TABLES_MAX);
	const char *file = strrchr(info->path, '/');
	if (!file || !table->asked) /* rejects only: no rows */
		return 0;
	const char *path = arena_printf(&collect->setup->mem, "%s%s", info->table, file);
	if (table->files.len)
		buf_push(&table->files, ',');
	setup_literal(&table->files, path);
	setup_allow(collect->setup, path);
	return table->files.full ? err_set(err, ERR_LIMIT,
					   "table %s has too many files: pugmark "
					   "compact merges them",
					   info->table)
				 : 0;
}

/* ---- the views ------------------------------------------------------------------------------ */

/* STRUCT(a VARCHAR, b BIGINT)[] or VARCHAR[] for the group that begins at column i; moves i on. */
static void put_list_type(struct buf *out, const struct batch_shape *shape, uint32_t *i)
{
	int group = shape->columns[*i].group;
	bool bare = shape->groups[group].bare;
	if (bare) {
		buf_printf(out, "%s[]", type_names[shape->columns[(*i)++].type]);
		return;
	}
	buf_puts(out, "STRUCT(");
	for (bool first = true; *i < shape->ncolumns && shape->columns[*i].group == group; ++*i) {
		buf_puts(out, first ? "" : ", ");
		setup_name(out, shape->columns[*i].name);
		buf_printf(out, " %s", type_names[shape->columns[*i].type]);
		first = false;
	}
	buf_puts(out, ")[]");
}

/* A table that is not read: all columns with their types, and no rows, or an error. */
static void put_columns(struct buf *out, const struct batch_shape *shape)
{
	buf_puts(out, "SELECT ");
	for (uint32_t i = 0; i < shape->ncolumns;) {
		const struct column_shape *column = &shape->columns[i];
		const char *name = column->group == NO_GROUP ? column->name
							     : shape->groups[column->group].name;
		buf_puts(out, i ? ", NULL::" : "NULL::");
		if (column->group == NO_GROUP) {
			buf_puts(out, type_names[column->type]);
			i++;
		} else {
			put_list_type(out, shape, &i);
		}
		buf_puts(out, " AS ");
		setup_name(out, name);
	}
}

static void table_view(struct setup *setup, const struct found_table *table)
{
	struct buf *out = &setup->text;
	if (table->files.len == 0 && !table->schema)
		return;
	buf_puts(out, "CREATE VIEW ");
	setup_name(out, table->name);
	buf_puts(out, " AS ");
	if (table->files.len == 0) {
		put_columns(out, &table->schema->shape);
		buf_puts(out, " WHERE ");
		buf_puts(out, table->asked ? "false" : view_guard);
	} else {
		buf_puts(out, "SELECT * FROM read_parquet([");
		buf_slice(out, buf_view(&table->files));
		buf_puts(out, "], union_by_name = true)");
	}
	setup_take(setup);
}

/* The name that a common field has in every table. */
static const char *common_name(const struct batch_shape *shape, enum sys_column column)
{
	const struct column_shape *c = &shape->columns[column];
	return c->group == NO_GROUP ? c->name : shape->groups[c->group].name;
}

static void events_view(struct setup *setup, const struct collect *collect)
{
	const struct schema *schema = schema_builtin(0);
	struct buf *out = &setup->text;
	if (!schema)
		return;
	buf_puts(out, "CREATE VIEW events AS ");
	for (uint32_t t = 0; t < collect->n; t++) {
		const struct found_table *table = &collect->tables[t];
		if (table->files.len == 0 && !table->schema)
			continue;
		buf_puts(out, t ? " UNION ALL SELECT " : "SELECT ");
		setup_literal(out, table->name);
		buf_puts(out, " AS table_name");
		for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++) {
			buf_puts(out, ", ");
			setup_name(out, common_name(&schema->shape, common[i]));
		}
		buf_puts(out, " FROM ");
		setup_name(out, table->name);
		buf_puts(out, " WHERE ");
		setup_name(out, common_name(&schema->shape, SYS_SECONDARY));
		buf_puts(out, " IS NOT TRUE");
	}
	setup_take(setup);
}

/* DuckDB's own wall, behind the sandbox's. */
static void lock_settings(struct setup *setup)
{
	buf_puts(&setup->text, "SET allowed_paths = [");
	buf_slice(&setup->text, buf_view(&setup->paths));
	buf_puts(&setup->text, "]");
	setup_take(setup);
	buf_puts(&setup->text, "SET enable_external_access = false");
	setup_take(setup);
	buf_puts(&setup->text, "SET lock_configuration = true");
	setup_take(setup);
}

int views_build(struct setup *setup, struct store *store, const char *sql, const char *spill_dir,
	struct err *err)
{
	struct collect *collect = xcalloc(1, sizeof(*collect));
	collect->setup = setup;
	collect->sql = sql;
	for (unsigned i = 0; schema_builtin(i); i++)
		find_table(collect, schema_builtin(i)->table);
	int rc = store_segments(store, NULL, add_segment, collect, err);
	if (rc == 0) {
		buf_puts(&setup->text, "SET TimeZone = 'UTC'");
		setup_take(setup);
		/* A footer is read once, not at CREATE VIEW and by the query: 1.5 s → 0.8 s
		 * over 2,000 files. */
		buf_puts(&setup->text, "SET parquet_metadata_cache = true");
		setup_take(setup);
		for (uint32_t i = 0; i < collect->n; i++)
			table_view(setup, &collect->tables[i]);
		events_view(setup, collect);
		rc = catalog_views(setup, store, sql, spill_dir, err);
	}
	if (rc == 0)
		lock_settings(setup);
	for (uint32_t i = 0; i < collect->n; i++)
		buf_fini(&collect->tables[i].files);
	free(collect);
	return rc;
}
