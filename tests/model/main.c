/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c: pugmark_model [--seed S] [--sets N] [--queries N] [--rows N] [--ascii] [--sql] [--cluster URL]
 * LONG=1 asks 25 times, QUICK=1 a quarter as many.
 * Makes sets of random events, imports each in several segments, and asks random questions through
 * the search language; what comes back must be what the model finds row by row. With --sql, DuckDB
 * counts as well. With --cluster, the events are sent to that ClickHouse, and it is asked.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cluster/table.h"
#include "model.h"
#include "pipeline/pipeline.h"
#include "pipeline/ship_cluster.h"
#include "query/clustered.h"
#include "query/query.h"
#include "query/search.h"
#include "store/cluster_setting.h"

struct options {
	uint64_t seed;
	unsigned sets, queries, rows;
	bool ascii, sql;
	const char *cluster; /* its address; NULL = the lake's own files are asked */
};
struct set {
	const struct options *options;
	uint64_t state;
	char folder[64];
	struct store *store;
	struct schema *schema;
	const struct schema *listed;
	struct search_tables tables;
	struct row *rows;
	uint64_t matches; /* rows that answered, in all */
	struct buf sql;
	uint64_t *counts; /* per query, by the model */
};

static void need(int status, const char *what, const struct err *err)
{
	if (status == 0)
		return;
	fprintf(stderr, "model: %s: %s\n", what, err->text);
	exit(1);
}

static void import_rows(struct set *set)
{
	struct err err = {0};
	const unsigned parts = 4, n = set->options->rows;
	for (unsigned p = 0; p < parts; p++) {
		struct buf text;
		char path[128];
		buf_init(&text, (size_t)1 << 30);
		for (unsigned i = n * p / parts; i < n * (p + 1) / parts; i++)
			row_json(&set->rows[i], &text);
		snprintf(path, sizeof(path), "%s/part-%u.ndjson", set->folder, p);
		FILE *file = fopen(path, "wb");
		if (!file || fwrite(text.ptr, 1, text.len, file) != text.len || fclose(file))
			err_set(&err, ERR_IO, "cannot write %s", path);
		struct import_options options = {.schema = set->schema, .threads = 2};
		struct import_result result = {0};
		need(err.text[0] ? -1 : import_file(set->store, path, &options, &result, &err),
			"import", &err);
		if (result.stored != n * (p + 1) / parts - n * p / parts)
			need(-1, "import stored another number of events", &err);
		buf_fini(&text);
	}
}

/* Everything there, and nothing else. */
static void send_rows(struct set *set)
{
	struct err err = {0};
	struct cluster *cluster;
	struct cluster_setting setting = {.urls = set->options->cluster,
		.name = "",
		.database = "model",
		.user = "",
		.ca_file = ""};
	struct cluster_query drop = {.sql = SLICE("DROP DATABASE IF EXISTS model")};
	struct ship_options options = {.since = INT64_MIN};
	struct ship_result result = {0};
	struct buf out;
	char path[160];
	buf_init(&out, 1 << 20);
	snprintf(path, sizeof(path), "%s/data/schemas", set->folder); /* where senders look */
	(void)mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/data/schemas/model_logs.yml", set->folder);
	FILE *file = fopen(path, "w");
	need(file && fputs(model_schema, file) >= 0 && fclose(file) == 0 ? 0 : -1, path, &err);
	need(store_cluster_put(set->store, &setting, NULL, NULL, &err), "cluster", &err);
	need(lake_cluster(set->store, NULL, NULL, &cluster, &err) == 1 ? 0 : -1, "cluster", &err);
	need(cluster_ask(cluster, &drop, &out, &err), "cluster", &err);
	need(table_init(cluster, &set->listed, 1, NULL, NULL, &err), "tables", &err);
	need(ship_cluster(set->store, &options, &result, &err), "sending", &err);
	if (result.rows != set->options->rows)
		need(-1, "another number of events was sent", &err);
	cluster_close(cluster);
	buf_fini(&out);
}

static struct set *set_new(const struct options *options, unsigned number)
{
	struct err err = {0};
	struct set *set = xcalloc(1, sizeof(*set));
	char data[128];
	set->options = options;
	set->state = options->seed * 1000003 + number;
	snprintf(set->folder, sizeof(set->folder), "/tmp/pugmark-model-XXXXXX");
	if (!mkdtemp(set->folder))
		need(-1, "no folder in /tmp", &err);
	need(schema_parse(slice_of(model_schema), "model.yml", &set->schema, &err), "schema", &err);
	set->rows = xcalloc(options->rows, sizeof(*set->rows));
	for (unsigned i = 0; i < options->rows; i++)
		random_row(&set->state, options->ascii, i, &set->rows[i]);
	snprintf(data, sizeof(data), "%s/data", set->folder);
	need(store_open(data, STORE_WRITE, &set->store, &err), "store", &err);
	import_rows(set);
	set->listed = set->schema;
	set->tables = (struct search_tables){1, &set->listed};
	if (options->cluster)
		send_rows(set);
	buf_init(&set->sql, (size_t)1 << 28);
	set->counts = xcalloc(options->queries, sizeof(*set->counts));
	return set;
}

static void set_free(struct set *set)
{
	char command[128];
	store_close(set->store);
	snprintf(command, sizeof(command), "rm -rf '%s'", set->folder);
	if (system(command) != 0)
		fprintf(stderr, "model: %s is left behind\n", set->folder);
	schema_free(set->schema);
	free(set->rows);
	free(set->counts);
	buf_fini(&set->sql);
	free(set);
}

struct seen {
	bool *rows;
	unsigned n, twice;
	const struct search_cursor *last;
	struct search_cursor at;
	bool disorder;
};

static int see_row(void *ctx, const struct search_row *row, struct err *err)
{
	(void)err;
	struct seen *seen = ctx;
	struct buf id;
	buf_init(&id, 64);
	if (search_cell(row, "rid", &id)) {
		buf_push(&id, '\0');
		unsigned n = (unsigned)strtoul(id.ptr + 1, NULL, 10);
		seen->twice += seen->rows[n];
		seen->rows[n] = true;
		seen->n++;
	}
	buf_fini(&id);
	const struct search_cursor *a = &seen->at, *b = &row->cursor;
	if (seen->last)
		seen->disorder |= a->no_time != b->no_time ? a->no_time
				  : !a->no_time && a->time != b->time
					  ? a->time < b->time
					  : memcmp(a->id, b->id, 16) <= 0;
	seen->at = *b;
	seen->last = &seen->at;
	return 0;
}

static int differs(const struct set *set, const struct ask *ask, const struct seen *seen,
	const struct search_result *result, const char *text)
{
	unsigned expected = 0;
	for (unsigned i = 0; i < set->options->rows; i++) {
		bool want = row_answers(&set->rows[i], ask);
		expected += want;
		if (want == seen->rows[i])
			continue;
		struct buf json;
		buf_init(&json, 1 << 20);
		row_json(&set->rows[i], &json);
		fprintf(stderr, "model: the query\n  %s\nshould%s find\n  %.*s", text,
			want ? "" : " not", SLICE_ARG(((struct slice){json.ptr, json.len})));
		buf_fini(&json);
		return -1;
	}
	if (seen->twice || seen->disorder || result->matched != expected || result->partial) {
		fprintf(stderr,
			"model: the query\n  %s\n%u rows came twice, order %s, counted %llu, "
			"expected %u\n",
			text, seen->twice, seen->disorder ? "wrong" : "right",
			(unsigned long long)result->matched, expected);
		return -1;
	}
	return 0;
}

static int ask_one(struct set *set, unsigned number)
{
	struct err err = {0};
	struct arena mem;
	struct buf text;
	const struct expr *expr;
	struct search *search;
	arena_init(&mem);
	buf_init(&text, 1 << 20);
	struct ask *ask = random_ask(&set->state, set->options->ascii, 3, &mem);
	ask_text(ask, &set->state, &text);
	buf_push(&text, '\0');
	static const char *const rid[] = {"rid"};
	if (query_parse(slice_of(text.ptr), &set->tables, &mem, &expr, NULL, &err)) {
		fprintf(stderr, "model: %s\n", text.ptr);
		need(-1, "the query was refused", &err);
	}
	struct search_request request = {.expr = expr,
		.tables = &set->tables,
		.now = clock_now_us(),
		.since = INT64_MIN,
		.until = INT64_MAX,
		.limit = set->options->rows,
		.count = true,
		.threads = 2,
		.memory = (uint64_t)256 << 20};
	need(search_run(set->store, &request, &search, &err), text.ptr, &err);
	struct seen seen = {.rows = xcalloc(set->options->rows, sizeof(bool))};
	const struct search_result *result = search_result(search);
	need(search_rows(search, 0, result->nrows, rid, 1, see_row, &seen, &err), text.ptr, &err);
	int status = differs(set, ask, &seen, result, text.ptr);
	set->matches += seen.n;
	set->counts[number] = seen.n;
	buf_printf(&set->sql, "%scount(*) FILTER (WHERE ", number ? ", " : "SELECT ");
	ask_sql(ask, &set->sql);
	buf_printf(&set->sql, ") AS q%u", number);
	free(seen.rows);
	search_free(search);
	buf_fini(&text);
	arena_fini(&mem);
	return status;
}

static int ask_duckdb(struct set *set)
{
	struct err err = {0};
	struct sql_options options = {.format = FORMAT_NDJSON,
		.memory_bytes = (uint64_t)512 << 20,
		.threads = 2,
		.seconds = 120};
	struct sql_result result = {0};
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	buf_puts(&set->sql, " FROM model_logs");
	buf_push(&set->sql, '\0');
	need(sql_run(set->store, set->sql.ptr, &options, out, &result, &err), "DuckDB", &err);
	(void)fclose(out);
	int status = 0;
	char *at = text;
	for (unsigned q = 0; q < set->options->queries && at; q++) {
		at = strchr(at, ':');
		uint64_t n = at ? strtoull(++at, NULL, 10) : 0;
		if (!at || n != set->counts[q]) {
			fprintf(stderr,
				"model: DuckDB counts %llu where search finds %llu: q%u of\n%s\n",
				(unsigned long long)n, (unsigned long long)set->counts[q], q,
				set->sql.ptr);
			status = -1;
			break;
		}
	}
	free(text);
	return status;
}

static unsigned long number_of(const char *text)
{
	char *end;
	unsigned long n = text ? strtoul(text, &end, 10) : 0;
	if (!text || *end || n == 0) {
		fprintf(stderr, "model: write a number\n");
		exit(2);
	}
	return n;
}

int main(int argc, char **argv)
{
	struct options options = {.seed = 1, .sets = 1, .queries = 200, .rows = 400};
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--ascii") == 0)
			options.ascii = true;
		else if (strcmp(argv[i], "--sql") == 0)
			options.sql = options.ascii = true;
		else if (strcmp(argv[i], "--cluster") == 0 && i + 1 < argc)
			options.cluster = argv[++i];
		else if (strcmp(argv[i], "--seed") == 0)
			options.seed = number_of(argv[++i]);
		else if (strcmp(argv[i], "--sets") == 0)
			options.sets = (unsigned)number_of(argv[++i]);
		else if (strcmp(argv[i], "--queries") == 0)
			options.queries = (unsigned)number_of(argv[++i]);
		else if (strcmp(argv[i], "--rows") == 0)
			options.rows = (unsigned)number_of(argv[++i]);
		else
			return fprintf(stderr, "model: %s: unknown\n", argv[i]), 2;
	}
	options.sets *= getenv("LONG") ? 25 : 1;
	options.queries /= getenv("QUICK") ? 4 : 1;
	uint64_t matches = 0;
	for (unsigned s = 0; s < options.sets; s++) {
		struct set *set = set_new(&options, s);
		int status = 0;
		for (unsigned q = 0; q < options.queries && status == 0; q++)
			status = ask_one(set, q);
		if (status == 0 && options.sql)
			status = ask_duckdb(set);
		matches += set->matches;
		set_free(set);
		if (status) {
			fprintf(stderr, "model: seed %llu, set %u\n",
				(unsigned long long)options.seed, s);
			return 1;
		}
	}
	printf("%u queries over %u events each%s: all answers are the model's (%llu rows found)\n",
		options.sets * options.queries, options.rows, options.sql ? ", DuckDB agrees" : "",
		(unsigned long long)matches);
	return matches > 0 ? 0 : 1;
}
