/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake_store.h (tests of query/): a store that is a list in memory. The tests define the store's
 * functions themselves, so that they can show what the catalog never would. The Parquet files come
 * from DuckDB, loaded into the test: query/ must read any standard file.
 */
#ifndef QUERY_FAKE_STORE_H
#define QUERY_FAKE_STORE_H

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "query/query.h"

struct store {
	char dir[PATH_MAX];
	struct segment_info segments[16];
	unsigned nsegments;
	struct source_info sources[4];
	unsigned nsources;
	struct reject_info rejects[4];
	unsigned nrejects;
	unsigned reject_calls;
};

const char *store_dir(const struct store *store)
{
	return store->dir;
}

int store_segments(struct store *store, const char *table,
	int (*each)(void *ctx, const struct segment_info *info, struct err *err), void *ctx,
	struct err *err)
{
	int rc = 0;
	for (unsigned i = 0; rc == 0 && i < store->nsegments; i++) {
		if (!table || strcmp(table, store->segments[i].table) == 0)
			rc = each(ctx, &store->segments[i], err);
	}
	return rc;
}

int store_sources(struct store *store,
	int (*each)(void *ctx, const struct source_info *info, struct err *err), void *ctx,
	struct err *err)
{
	int rc = 0;
	for (unsigned i = 0; rc == 0 && i < store->nsources; i++)
		rc = each(ctx, &store->sources[i], err);
	return rc;
}

int store_rejects(struct store *store,
	int (*each)(void *ctx, const struct reject_info *info, struct err *err), void *ctx,
	struct err *err)
{
	int rc = 0;
	store->reject_calls++;
	for (unsigned i = 0; rc == 0 && i < store->nrejects; i++)
		rc = each(ctx, &store->rejects[i], err);
	return rc;
}

int store_tables(struct store *store,
	int (*each)(void *ctx, const struct table_info *info, struct err *err), void *ctx,
	struct err *err)
{
	struct table_info info = {.table = "bitbucket_audit_logs", .rows = 3};
	return store->nsegments ? each(ctx, &info, err) : 0;
}

/* Runs statements with DuckDB in this process: for making files only. */
static inline void duck_make(const char *const *statements, unsigned n)
{
	void *handle = dlopen(getenv("PUGMARK_LIBDUCKDB"), RTLD_NOW | RTLD_LOCAL);
	int (*open)(const char *, void **) = NULL;
	int (*connect)(void *, void **) = NULL;
	int (*query)(void *, const char *, void *) = NULL;
	void *db = NULL, *connection = NULL;
	if (!handle) {
		fprintf(stderr, "%s\n", dlerror());
		exit(77);
	}
	*(void **)&open = dlsym(handle, "duckdb_open");
	*(void **)&connect = dlsym(handle, "duckdb_connect");
	*(void **)&query = dlsym(handle, "duckdb_query");
	if (open(NULL, &db) != 0 || connect(db, &connection) != 0)
		abort();
	for (unsigned i = 0; i < n; i++) {
		if (query(connection, statements[i], NULL) != 0) {
			fprintf(stderr, "failed: %s\n", statements[i]);
			abort();
		}
	}
	void (*disconnect)(void **) = NULL, (*shut)(void **) = NULL;
	*(void **)&disconnect = dlsym(handle, "duckdb_disconnect");
	*(void **)&shut = dlsym(handle, "duckdb_close");
	disconnect(&connection);
	shut(&db);
}

/* The columns that every table begins with, for rows of range(). */
#define SYS_SQL                                                                                    \
	"('00000000-0000-4000-8000-' || lpad(i::VARCHAR, 12, '0'))::UUID AS event_id, "            \
	"make_timestamp(1644624007410000 + i)::TIMESTAMPTZ AS event_time, "                        \
	"make_timestamp(1700000000000000)::TIMESTAMPTZ AS received_at, 'src' AS source, "          \
	"'https://bb' AS instance, 'user' || i AS actor, i::VARCHAR AS actor_id, "                 \
	"'Repository accessed' AS action, 'Repositories' AS category, '10.0.0.' || i AS ip, "      \
	"'\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\xff\\xff\\x0a\\x00\\x00\\x01'::"     \
	"BLOB "                                                                                    \
	"AS ip_bytes, 'scripts' AS target, 'REPOSITORY' AS target_type, 's' AS summary, "          \
	"['scripts', 'TLA'] AS targets, false AS repaired, false AS lenient_time, "                \
	"(i = 2) AS secondary, 0::INTEGER AS vault_file, 0::INTEGER AS vault_frame, "              \
	"0::INTEGER AS vault_offset, 10::INTEGER AS vault_length, "                                \
	"('{\"new\":' || i || '}')::JSON AS extra"

/* A store in a new folder with one table of three events (the third secondary) in two files. */
static inline void fake_open(struct store *store)
{
	char statement[2][4096], folder[PATH_MAX + 64];
	const char *tmp = getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp";
	const char *both[2] = {statement[0], statement[1]};
	memset(store, 0, sizeof(*store));
	setenv("PUGMARK_LIBDUCKDB", "deps/duckdb/libduckdb.so", 0);
	snprintf(store->dir, sizeof(store->dir), "%s/query-test-[x]-XXXXXX", tmp);
	if (!mkdtemp(store->dir))
		abort();
	snprintf(folder, sizeof(folder), "%s/tables/bitbucket_audit_logs", store->dir);
	struct err err;
	if (io_mkdirs(folder, &err) != 0)
		abort();
	for (unsigned i = 0; i < 2; i++) {
		struct segment_info *info = &store->segments[store->nsegments++];
		char *path = xmalloc(PATH_MAX + 128);
		snprintf(path, PATH_MAX + 128, "%s/%06u.parquet", folder, i + 1);
		*info = (struct segment_info){.id = i + 1,
			.table = "bitbucket_audit_logs",
			.source = "src",
			.input = "a\x1b[31m.json",
			.path = path,
			.rows = i + 1,
			.min_time = 1644624007410000,
			.max_time = INT64_MIN};
		snprintf(statement[i], sizeof(statement[i]),
			"COPY (SELECT " SYS_SQL ", [{'id': '1', 'type': 'PROJECT'}] AS "
			"affected_objects FROM range(%u, %u) t(i)) TO '%s' (FORMAT parquet)",
			i, i * 2 + 1, path);
	}
	duck_make(both, 2);
	store->sources[store->nsources++] = (struct source_info){.source = "src",
		.segments = 2,
		.rows = UINT64_MAX,
		.first_received = 1700000000000000,
		.oldest_raw = INT64_MAX};
	store->rejects[store->nrejects++] = (struct reject_info){.id = 7,
		.table = "bitbucket_audit_logs",
		.source = "src",
		.input = "a.json",
		.reason = "no \"JSON\"\xff",
		.state = "open",
		.lines = 2};
}

static inline void fake_close(struct store *store)
{
	char command[PATH_MAX + 32];
	snprintf(command, sizeof(command), "rm -rf '%s'", store->dir);
	if (system(command) != 0)
		abort();
	for (unsigned i = 0; i < store->nsegments; i++) {
		void *path;
		memcpy(&path, &store->segments[i].path, sizeof(path));
		free(path);
	}
}

/* Runs a query and returns what it printed; owned by the caller. *rc and *err tell how it went. */
static inline char *fake_sql(struct store *store, const char *sql, enum query_format format,
	unsigned width, int *rc, struct err *err)
{
	struct sql_options options = {.format = format,
		.memory_bytes = 256 << 20,
		.threads = 2,
		.seconds = 20,
		.width = width};
	struct sql_result result;
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);
	memset(err, 0, sizeof(*err));
	*rc = sql_run(store, sql, &options, out, &result, err);
	(void)fclose(out);
	return text;
}

#endif
