/* SPDX-License-Identifier: Apache-2.0 */
/*
 * library.c: where libduckdb is: named by the environment, installed with the program, fetched for
 * the build, or the system's. Never in the working folder.
 */
#include "query/query.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

static const char *const beside_program[] = {
	"../lib/pugmark/libduckdb.so",    /* installed: bin/pugmark */
	"../../deps/duckdb/libduckdb.so", /* built: build/release/pugmark */
};
static const char *const of_system[] = {
	"/usr/local/lib/libduckdb.so",
	"/usr/lib/libduckdb.so",
#ifdef __x86_64__
	"/usr/lib/x86_64-linux-gnu/libduckdb.so",
#else
	"/usr/lib/aarch64-linux-gnu/libduckdb.so",
#endif
};

/* The resolved path, or NULL; notes the place in `tried`. */
static const char *try_path(const char *path, struct buf *tried)
{
	static _Thread_local char found[PATH_MAX];
	buf_printf(tried, "%s%s", tried->len ? ", " : "", path);
	return realpath(path, found) && access(found, R_OK) == 0 ? found : NULL;
}

static const char *search(struct buf *tried)
{
	char program[PATH_MAX], path[PATH_MAX + 64];
	const char *found = NULL;
	ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 1);
	char *slash = n > 0 ? memrchr(program, '/', (size_t)n) : NULL;
	if (slash)
		*slash = '\0';
	for (size_t i = 0; slash && !found && i < sizeof(beside_program) / sizeof(char *); i++) {
		snprintf(path, sizeof(path), "%s/%s", program, beside_program[i]);
		found = try_path(path, tried);
	}
	for (size_t i = 0; !found && i < sizeof(of_system) / sizeof(char *); i++)
		found = try_path(of_system[i], tried);
	return found;
}

const char *sql_library(struct err *err)
{
	struct buf tried;
	buf_init(&tried, 2 * PATH_MAX + 1024);
	const char *named = getenv("PUGMARK_LIBDUCKDB");
	const char *found = named && *named ? try_path(named, &tried) : search(&tried);
	if (!found)
		err_set(err, ERR_UNSUPPORTED,
			"SQL needs DuckDB's library, which is not there (tried %.*s): run "
			"scripts/setup.sh, or name it in PUGMARK_LIBDUCKDB",
			(int)(tried.len < 700 ? tried.len : 700), tried.ptr);
	buf_fini(&tried);
	return found;
}
