/* SPDX-License-Identifier: Apache-2.0 */
/* observables_columns.c: which columns of a table are indexed: what the schema's marks say when something is written, kept in
 * the catalog, since whoever rewrites files has no schema. */
#include <stdio.h>

#include "schema/schema.h"
#include "store/observer.h"

enum { COLUMN_NAME = 300 };

/* How a column's mark in a schema is looked at; text = observables stand inside. */
static const struct {
	enum observable observable;
	enum ioc_kind kind;
	const char *word;
} marks[] = {
	{OBS_IP, IOC_IPV4, "ip"},
	{OBS_DOMAIN, IOC_DOMAIN, "domain"},
	{OBS_URL, IOC_URL, "url"},
	{OBS_EMAIL, IOC_EMAIL, "email"},
	{OBS_HASH, IOC_SHA256, "hash"},
	{OBS_USER, IOC_USER, "user"},
	{OBS_ACCOUNT, IOC_ACCOUNT, "account"},
	{OBS_AGENT, IOC_AGENT, "agent"},
	{OBS_HOST, IOC_HOST, "host"},
	{OBS_OTHER, IOC_OTHER, "other"},
	{OBS_TEXT, IOC_NONE, "text"},
};
enum { MARKS = sizeof(marks) / sizeof(marks[0]) };
_Static_assert(MARKS == OBS_KINDS - 1, "a row for each mark");

static void full_name(const struct batch_shape *shape, uint32_t column, char out[COLUMN_NAME])
{
	const struct column_shape *c = &shape->columns[column];
	bool in_struct = c->group != NO_GROUP && !shape->groups[c->group].bare;
	snprintf(out, COLUMN_NAME, "%s%s%s", in_struct ? shape->groups[c->group].name : "",
		in_struct ? "." : "", c->name);
}

/* What a schema's shape says, as the catalog keeps it. */
static void print_marks(const struct batch_shape *shape, struct buf *text)
{
	for (uint32_t c = 0; c < shape->ncolumns; c++) {
		char name[COLUMN_NAME];
		for (size_t i = 0; i < MARKS; i++) {
			if (shape->columns[c].observable != (uint8_t)marks[i].observable)
				continue;
			full_name(shape, c, name);
			buf_printf(text, "%s %s\n", name, marks[i].word);
		}
	}
	buf_push(text, '\0');
}

static bool take_mark(
	const struct batch_shape *shape, const char *line, size_t n, struct observed *out)
{
	const char *blank = memchr(line, ' ', n);
	if (!blank)
		return false;
	struct slice name = {line, (size_t)(blank - line)};
	struct slice word = {blank + 1, n - name.len - 1};
	int column = batch_find_column(shape, name);
	if (column < 0 || shape->columns[column].type != COL_STRING)
		return false;
	for (size_t i = 0; i < MARKS; i++) {
		if (!slice_eq(word, slice_of(marks[i].word)))
			continue;
		*out = (struct observed){.column = (uint32_t)column,
			.kind = marks[i].kind,
			.text = marks[i].observable == OBS_TEXT};
		return true;
	}
	return false;
}

static void read_marks(const struct batch_shape *shape, const char *text, struct arena *mem,
	struct observing *what)
{
	struct observed *columns = arena_alloc(mem, (shape->ncolumns + 1) * sizeof(*columns));
	*what = (struct observing){.columns = columns,
		.time_column = SYS_EVENT_TIME,
		.actor_column = SYS_ACTOR,
		.skip_column = SYS_SECONDARY};
	for (const char *line = text, *end; *line && what->n < shape->ncolumns; line = end + 1) {
		end = strchr(line, '\n');
		if (!end)
			break;
		what->n += take_mark(shape, line, (size_t)(end - line), &columns[what->n]);
	}
}

/* The catalog's text for a table, appended; 1, or 0 where there is none. */
static int known_marks(struct store *store, const char *table, struct buf *text, struct err *err)
{
	sqlite3_stmt *stmt =
		catalog_query(store, err, "SELECT observed FROM tables WHERE name = ?", "t", table);
	int rc = stmt ? catalog_step(store, stmt, err) : -1;
	if (rc == 1 && sqlite3_column_type(stmt, 0) == SQLITE_NULL)
		rc = 0;
	if (rc == 1) {
		buf_puts(text, catalog_text(stmt, 0));
		buf_push(text, '\0');
	}
	catalog_done(store, stmt);
	return rc;
}

int store_observing(struct store *store, const char *table, const struct batch_shape *shape,
	struct arena *mem, struct observing *what, struct err *err)
{
	struct buf text;
	buf_init(&text, 1 << 20);
	*what = (struct observing){0};
	int rc = catalog_has(store, 6, err);
	if (rc == 1)
		rc = known_marks(store, table, &text, err);
	if (rc == 1)
		read_marks(shape, text.ptr, mem, what);
	buf_fini(&text);
	return rc < 0 ? -1 : 0;
}

void observing_shape(const struct batch_shape *shape, struct arena *mem, struct observing *what)
{
	struct buf text;
	buf_init(&text, 1 << 20);
	print_marks(shape, &text);
	read_marks(shape, text.ptr, mem, what);
	buf_fini(&text);
}

int observables_declare(struct store *store, const struct table_state *table,
	const struct batch_shape *shape, struct err *err)
{
	struct buf text, known;
	buf_init(&text, 1 << 20);
	buf_init(&known, 1 << 20);
	print_marks(shape, &text);
	int rc = known_marks(store, table->name, &known, err);
	if (rc >= 0)
		rc = rc == 1 && slice_eq(buf_view(&text), buf_view(&known))
			     ? 0
			     : catalog_run(store, err,
				       "UPDATE tables SET observed = ? WHERE id = ?", "ti",
				       text.ptr, table->id);
	buf_fini(&text);
	buf_fini(&known);
	return rc;
}
