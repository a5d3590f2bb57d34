/* SPDX-License-Identifier: Apache-2.0 */
/* tables.c (http/): which tables a request is about, and what it may take of the machine. */
#include <unistd.h>

#include "http/private.h"

enum { TABLES_MOST = 64 };

int request_tables(struct request *r, struct request_tables *t, struct err *err)
{
	const char *folder = request_options(r)->data, *only = arg(r, "table");
	struct schema_set *set = &t->schemas;
	*t = (struct request_tables){{0}, {0}};
	if (only) {
		set->of = arena_zalloc(&r->mem, 1, sizeof(*set->of));
		set->owned = arena_zalloc(&r->mem, 1, sizeof(*set->owned));
		if (store_schema(folder, only, set->of, set->owned, err) < 0) {
			err->kind = err->kind == ERR_NOT_FOUND ? ERR_USAGE : err->kind;
			return -1;
		}
		set->n = 1;
	} else if (store_schema_set(folder, &r->mem, set, err) < 0)
		return -1;
	if (set->n > TABLES_MOST)
		return err_set(
			err, ERR_LIMIT, "more than %d tables: name one with table=", TABLES_MOST);
	t->tables = (struct search_tables){set->n, set->of};
	return 0;
}

void request_tables_fini(struct request_tables *t)
{
	schema_set_fini(&t->schemas);
}

unsigned request_threads(const struct request *r)
{
	const unsigned given = request_options(r)->threads;
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	return given ? given : cores > 0 ? (unsigned)cores : 1;
}
