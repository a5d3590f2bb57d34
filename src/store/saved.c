/* SPDX-License-Identifier: Apache-2.0 */
/* saved.c: searches that people gave a name: rows of the catalog, so that backups have them too. A
 * folder of an older format that is open for reading has none. */
#include <string.h>

#include "store/private.h"

static int check_name(const char *name, struct err *err)
{
	struct buf safe;
	buf_init(&safe, 4096);
	size_t n = strlen(name);
	if (n > 0 && n <= SAVED_NAME)
		text_escape(&safe, slice_of(name));
	bool good = n > 0 && n <= SAVED_NAME && slice_eq(buf_view(&safe), slice_of(name)) &&
		    name[0] != ' ' && name[n - 1] != ' ';
	buf_fini(&safe);
	return good ? 0
		    : err_set(err, ERR_USAGE,
			      "a saved search's name has 1 to %d bytes, no control characters and "
			      "no blanks at its ends",
			      SAVED_NAME);
}

int store_saved_put(struct store *store, const struct saved_search *saved, struct err *err)
{
	if (check_name(saved->name, err) < 0 || store_check_writable(store, err) < 0 ||
		catalog_begin(store, err) < 0)
		return -1;
	int rc = catalog_run(store, err,
		"INSERT INTO saved_searches VALUES(?, ?, ?, ?) ON CONFLICT(name) DO UPDATE SET"
		" query = excluded.query, options = excluded.options, saved_at = excluded.saved_at",
		"ttti", saved->name, saved->query, saved->options ? saved->options : "",
		clock_now_us());
	return catalog_end(store, rc, err);
}

int store_saved_remove(struct store *store, const char *name, struct err *err)
{
	int64_t n = 0;
	if (store_check_writable(store, err) < 0 || catalog_begin(store, err) < 0)
		return -1;
	int rc = catalog_int(
		store, &n, err, "SELECT count(*) FROM saved_searches WHERE name = ?", "t", name);
	if (rc > 0)
		rc = catalog_run(
			store, err, "DELETE FROM saved_searches WHERE name = ?", "t", name);
	if (catalog_end(store, rc, err) < 0)
		return -1;
	return n > 0;
}

static int each_saved(struct store *store, const char *name,
	int (*each)(void *ctx, const struct saved_search *saved, struct err *err), void *ctx,
	struct err *err)
{
	int rc = catalog_has(store, 2, err);
	if (rc < 1)
		return rc;
	sqlite3_stmt *stmt = catalog_query(store, err,
		"SELECT name, query, options, saved_at FROM saved_searches"
		" WHERE ?1 IS NULL OR name = ?1 ORDER BY name",
		"t", name);
	struct rows rows = rows_of(store, stmt);
	while (rows_next(&rows, err)) {
		struct saved_search saved = {.name = catalog_text(stmt, 0),
			.query = catalog_text(stmt, 1),
			.options = catalog_text(stmt, 2),
			.saved_at = sqlite3_column_int64(stmt, 3)};
		rows.answer = each(ctx, &saved, err);
	}
	return rows.answer;
}

int store_saved_list(struct store *store,
	int (*each)(void *ctx, const struct saved_search *saved, struct err *err), void *ctx,
	struct err *err)
{
	return each_saved(store, NULL, each, ctx, err);
}

struct getting {
	struct arena *mem;
	struct saved_search *saved;
	bool found;
};

static int get_one(void *ctx, const struct saved_search *saved, struct err *err)
{
	struct getting *getting = ctx;
	(void)err;
	*getting->saved = (struct saved_search){
		.name = arena_strdup(getting->mem, slice_of(saved->name)),
		.query = arena_strdup(getting->mem, slice_of(saved->query)),
		.options = arena_strdup(getting->mem, slice_of(saved->options)),
		.saved_at = saved->saved_at,
	};
	getting->found = true;
	return 0;
}

int store_saved_get(struct store *store, const char *name, struct arena *mem,
	struct saved_search *saved, struct err *err)
{
	struct getting getting = {.mem = mem, .saved = saved};
	if (each_saved(store, name, get_one, &getting, err) < 0)
		return -1;
	return getting.found;
}
