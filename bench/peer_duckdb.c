/* SPDX-License-Identifier: Apache-2.0 */
/*
 * peer_duckdb.c: the peer that we measure against: runs SQL statements in DuckDB by its C API and
 * prints how long each took. The library is loaded at run time; only what is used is declared.
 */
#include <dlfcn.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

/* As in duckdb.h; all but internal_data is deprecated there. */
struct result {
	uint64_t columns, rows, rows_changed;
	void *column_data;
	char *error;
	void *internal_data;
};

struct library {
	int (*open)(const char *path, void **database);
	int (*connect)(void *database, void **connection);
	int (*query)(void *connection, const char *sql, struct result *result);
	const char *(*error)(struct result *result);
	uint64_t (*row_count)(struct result *result);
	void (*destroy_result)(struct result *result);
	const char *(*version)(void);
};

static void *symbol(void *handle, const char *name)
{
	void *address = dlsym(handle, name);
	if (address == NULL) {
		fprintf(stderr, "peer_duckdb: %s\n", dlerror());
		exit(1);
	}
	return address;
}

static void load(struct library *lib, const char *path)
{
	void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (handle == NULL) {
		fprintf(stderr, "peer_duckdb: %s\n", dlerror());
		exit(1);
	}
	*(void **)&lib->open = symbol(handle, "duckdb_open");
	*(void **)&lib->connect = symbol(handle, "duckdb_connect");
	*(void **)&lib->query = symbol(handle, "duckdb_query");
	*(void **)&lib->error = symbol(handle, "duckdb_result_error");
	*(void **)&lib->row_count = symbol(handle, "duckdb_row_count");
	*(void **)&lib->destroy_result = symbol(handle, "duckdb_destroy_result");
	*(void **)&lib->version = symbol(handle, "duckdb_library_version");
}

static double seconds_since(const struct timespec *begin)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - begin->tv_sec) + (double)(now.tv_nsec - begin->tv_nsec) / 1e9;
}

/* Runs one statement; its seconds, and the rows that it gave. */
static double run(const struct library *lib, void *connection, const char *sql, uint64_t *rows)
{
	struct result result;
	struct timespec begin;
	clock_gettime(CLOCK_MONOTONIC, &begin);
	if (lib->query(connection, sql, &result) != 0) {
		fprintf(stderr, "peer_duckdb: %s\n", lib->error(&result));
		exit(1);
	}
	*rows = lib->row_count(&result);
	double seconds = seconds_since(&begin);
	lib->destroy_result(&result);
	return seconds;
}

int main(int argc, char **argv)
{
	struct library lib;
	void *database, *connection;
	if (argc < 4) {
		fputs("usage: peer_duckdb LIBRARY THREADS SQL…\n"
		      "Prints one JSON object: the seconds of each statement, and the peak "
		      "memory.\n",
			stderr);
		return 2;
	}
	load(&lib, argv[1]);
	if (lib.open(NULL, &database) != 0 || lib.connect(database, &connection) != 0) {
		fputs("peer_duckdb: cannot open a database\n", stderr);
		return 1;
	}
	char threads[64];
	uint64_t rows;
	snprintf(threads, sizeof(threads), "SET threads = %d", atoi(argv[2]));
	run(&lib, connection, threads, &rows);
	printf("{\"version\":\"%s\",\"statements\":[", lib.version());
	for (int i = 3; i < argc; i++) {
		double seconds = run(&lib, connection, argv[i], &rows);
		printf("%s{\"seconds\":%.6f,\"rows\":%" PRIu64 "}", i > 3 ? "," : "", seconds,
			rows);
	}
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	printf("],\"peak_mb\":%ld}\n", usage.ru_maxrss / 1024);
	/* The process ends here; taking DuckDB down would only cost time. */
	(void)fflush(stdout);
	_Exit(0);
}
