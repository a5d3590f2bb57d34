/* SPDX-License-Identifier: Apache-2.0 */
/* schemas.c: which schema a table of a store has: the user's file beside the data, or the one that
 * is built in. */
#include "pipeline/pipeline.h"

#include <stdlib.h>

static void user_path(struct buf *path, const char *data_dir, const char *table)
{
	buf_init(path, 4096);
	buf_printf(path, "%s/schemas/%s.yml", data_dir, table);
}

/* Table names become file names: nothing but what a schema may be called passes. */
static bool is_table_name(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");
	return n > 0 && n < 64 && name[n] == '\0';
}

static int no_such_table(const char *table, struct err *err)
{
	struct buf known;
	buf_init(&known, 1 << 16);
	for (unsigned i = 0; schema_builtin(i); i++)
		buf_printf(&known, "%s%s", i ? ", " : "", schema_builtin(i)->table);
	err_set(err, ERR_USAGE,
		"no table is called \"%s\": the built-in ones are %s; a schema file of your own "
		"goes with --schema FILE",
		table, known.ptr ? known.ptr : "");
	buf_fini(&known);
	return -1;
}

int store_schema(const char *data_dir, const char *table, const struct schema **schema,
	struct schema **owned, struct err *err)
{
	*owned = NULL;
	const struct schema *builtin = schema_find(table);
	if (builtin)
		table = builtin->table;
	if (!is_table_name(table))
		return no_such_table(table, err);
	struct buf path;
	user_path(&path, data_dir, table);
	struct io_info info;
	int there = io_stat(path.ptr, &info, err);
	int status = there < 0 ? -1 : 0;
	if (there == 1) {
		status = schema_load(path.ptr, owned, err);
		*schema = *owned;
	} else if (there == 0) {
		*schema = builtin;
		if (!builtin)
			status = no_such_table(table, err);
	}
	buf_fini(&path);
	return status;
}

int store_schema_keep(const char *data_dir, const struct schema *schema, const char *file,
	bool *changed, struct err *err)
{
	*changed = false;
	char *text, *old = NULL;
	size_t n, old_n = 0;
	if (io_read_file(file, LIMIT_SCHEMA_BYTES, &text, &n, err) < 0)
		return -1;
	struct buf path, folder;
	buf_init(&folder, 4096);
	buf_printf(&folder, "%s/schemas", data_dir);
	user_path(&path, data_dir, schema->table);
	struct io_info info;
	int status = io_mkdirs(folder.ptr, err);
	if (status == 0 && io_stat(path.ptr, &info, NULL) == 1)
		status = io_read_file(path.ptr, LIMIT_SCHEMA_BYTES, &old, &old_n, err);
	bool same = old && old_n == n && memcmp(old, text, n) == 0;
	if (status == 0 && !same) {
		*changed = old != NULL;
		status = io_write_file(path.ptr, text, n, IO_SHARED, err);
	}
	free(text);
	free(old);
	buf_fini(&path);
	buf_fini(&folder);
	return status;
}

struct each_schema {
	const char *data_dir;
	int (*each)(void *ctx, const struct schema *schema, bool user, struct err *err);
	void *ctx;
};

static int user_schema(void *ctx, const char *name, struct err *err)
{
	const struct each_schema *walk = ctx;
	size_t n = strlen(name);
	if (n < 5 || strcmp(name + n - 4, ".yml") != 0)
		return 0;
	struct buf path;
	buf_init(&path, 4096);
	buf_printf(&path, "%s/schemas/%s", walk->data_dir, name);
	struct schema *schema;
	int status = schema_load(path.ptr, &schema, err);
	buf_fini(&path);
	if (status < 0)
		return -1;
	status = walk->each(walk->ctx, schema, true, err);
	schema_free(schema);
	return status;
}

int store_schemas(const char *data_dir,
	int (*each)(void *ctx, const struct schema *schema, bool user, struct err *err), void *ctx,
	struct err *err)
{
	struct each_schema walk = {data_dir, each, ctx};
	struct buf path;
	struct io_info info;
	int status = 0;
	for (unsigned i = 0; schema_builtin(i) && status == 0; i++) {
		user_path(&path, data_dir, schema_builtin(i)->table);
		if (io_stat(path.ptr, &info, NULL) != 1)
			status = each(ctx, schema_builtin(i), false, err);
		buf_fini(&path);
	}
	buf_init(&path, 4096);
	buf_printf(&path, "%s/schemas", data_dir);
	if (status == 0 && io_stat(path.ptr, &info, NULL) == 1)
		status = io_list(path.ptr, user_schema, &walk, err);
	buf_fini(&path);
	return status;
}

/* ---- all of them ----------------------------------------------------------------------------- */

static int note_table(void *ctx, const struct schema *schema, bool user, struct err *err)
{
	(void)user;
	(void)err;
	map_put(ctx, slice_of(schema->table), NULL);
	return 0;
}

int store_schema_set(
	const char *data_dir, struct arena *mem, struct schema_set *set, struct err *err)
{
	struct map names;
	map_init(&names);
	*set = (struct schema_set){0};
	int rc = store_schemas(data_dir, note_table, &names, err);
	set->of = arena_zalloc(mem, names.count + 1, sizeof(*set->of));
	set->owned = arena_zalloc(mem, names.count + 1, sizeof(*set->owned));
	for (uint32_t i = 0; rc == 0 && i < names.count; i++) {
		const char *table = arena_strdup(mem, names.entries[i].key);
		rc = store_schema(data_dir, table, &set->of[i], &set->owned[i], err);
		set->n += rc == 0;
	}
	map_fini(&names);
	return rc;
}

void schema_set_fini(struct schema_set *set)
{
	for (uint32_t i = 0; i < set->n; i++)
		schema_free(set->owned[i]);
	set->n = 0;
}
