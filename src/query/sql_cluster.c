/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sql_cluster.c: SQL of people, asked of the cluster: one statement that reads, under limits that it cannot lift. The answer is
 * ClickHouse's JSONCompact, whose heads and rows stand in lines of their own (since 18.16), so it is read as it streams.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "json/json.h"
#include "query/clustered.h"
#include "query/output.h"
#include "query/query.h"

enum { DEFAULT_SECONDS = 300 };
#define DEFAULT_MEMORY (UINT64_C(512) << 20)

enum place { PLACE_BEGIN, PLACE_HEADS, PLACE_ROWS, PLACE_TAIL, PLACE_END };

struct asking {
	struct output output;
	enum place place;
	struct buf line; /* not yet whole */
	struct arena mem;
	uint32_t n;
	struct slice *names, *types;
	enum cell_kind *kinds;
	struct cell *cells;
	struct buf texts; /* of one row */
	bool enough;      /* more rows than are shown: the rest is not read */
};

/* ---- what may be asked ----------------------------------------------------------------------- */

/* Past blanks, comments and brackets. */
static const char *first_word(const char *p)
{
	for (;;) {
		const char *end;
		if (isspace((unsigned char)*p) || *p == '(') {
			p++;
		} else if (p[0] == '-' && p[1] == '-') {
			p += strcspn(p, "\n");
		} else if (p[0] == '/' && p[1] == '*' && (end = strstr(p + 2, "*/"))) {
			p = end + 2;
		} else {
			return p;
		}
	}
}

/* readonly=1 lets some statements pass that change something, KILL in 18.16. */
static int check_reads(const char *sql, struct err *err)
{
	static const char *const words[] = {
		"SELECT", "WITH", "SHOW", "DESCRIBE", "DESC", "EXISTS", "EXPLAIN"};
	const char *at = first_word(sql);
	size_t n = strspn(at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_");
	if (strlen(sql) > LIMIT_SQL)
		return err_set(err, ERR_USAGE, "the query is longer than 1 MiB");
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (n == strlen(words[i]) && strncasecmp(at, words[i], n) == 0)
			return 0;
	return err_set(err, ERR_USAGE,
		"only statements that read may be asked of the cluster: SELECT, WITH, SHOW, "
		"DESCRIBE, EXISTS, EXPLAIN");
}

/* ---- the answer ------------------------------------------------------------------------------ */

static int odd_line(struct slice line, struct err *err)
{
	struct buf safe;
	buf_init(&safe, 1 << 16);
	text_escape(&safe, (struct slice){line.ptr, line.len < 300 ? line.len : 300});
	err_set(err, memmem(line.ptr, line.len, "Exception", 9) ? ERR_LIMIT : ERR_FORMAT,
		"the cluster broke off its answer: %.*s", SLICE_ARG(buf_view(&safe)));
	buf_fini(&safe);
	return -1;
}

/* The string of a line `"name": "…",`, in `mem`; ptr NULL where it is none. */
static struct slice string_of(struct asking *a, struct slice line, struct slice name)
{
	struct buf text;
	bool repaired;
	struct slice value = {NULL, 0};
	if (line.len <= name.len || memcmp(line.ptr, name.ptr, name.len) != 0)
		return value;
	buf_init(&text, LIMIT_FRAME);
	if (json_unescape(line, name.len, &text, &repaired) > 0)
		value = (struct slice){arena_strdup(&a->mem, buf_view(&text)), text.len};
	buf_fini(&text);
	return value;
}

static enum cell_kind kind_of(struct slice type)
{
	static const char *const wrappers[] = {"LowCardinality(", "Nullable("};
	static const char *const numbers[] = {"Int", "UInt", "Float", "Decimal", "BFloat"};
	static const char *const values[] = {
		"Array(", "Tuple(", "Map(", "Nested(", "JSON", "Object(", "Variant(", "Dynamic"};
	for (int i = 0; i < 2; i++) {
		size_t n = strlen(wrappers[i]);
		if (type.len > n && memcmp(type.ptr, wrappers[i], n) == 0)
			type = (struct slice){type.ptr + n, type.len - n};
	}
	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++)
		if (type.len >= strlen(values[i]) &&
			memcmp(type.ptr, values[i], strlen(values[i])) == 0)
			return CELL_JSON;
	if (type.len >= 4 && memcmp(type.ptr, "Bool", 4) == 0)
		return CELL_BOOL;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		if (type.len > strlen(numbers[i]) &&
			memcmp(type.ptr, numbers[i], strlen(numbers[i])) == 0 &&
			!(type.len > 8 && memcmp(type.ptr, "Interval", 8) == 0))
			return CELL_NUMBER;
	return CELL_TEXT;
}

static int take_head(struct asking *a, struct slice line, struct err *err)
{
	struct slice name = string_of(a, line, SLICE("\t\t\t\"name\": "));
	struct slice type = string_of(a, line, SLICE("\t\t\t\"type\": "));
	if (name.ptr && a->n == LIMIT_RESULT_COLUMNS)
		return err_set(err, ERR_LIMIT, "more than %u columns", LIMIT_RESULT_COLUMNS);
	if (name.ptr) {
		a->kinds[a->n] = CELL_TEXT;
		a->types[a->n] = SLICE("");
		a->names[a->n++] = name;
	} else if (type.ptr && a->n) {
		a->types[a->n - 1] = type;
		a->kinds[a->n - 1] = kind_of(type);
	} else if (slice_eq(line, SLICE("\t\"data\":"))) {
		a->place = PLACE_ROWS;
		a->output.types = a->types;
		int rc = output_begin(&a->output, a->n, a->names, a->kinds, err);
		a->output.types = NULL;
		return rc;
	} else if (memmem(line.ptr, line.len, "DB::Exception", 13)) {
		return odd_line(line, err);
	}
	return 0;
}

/* A value as a cell; its text is at `from` of a->texts where that is not SIZE_MAX. */
static struct cell cell_of(struct asking *a, struct slice value, size_t *from)
{
	bool repaired;
	*from = SIZE_MAX;
	switch (value.len ? *value.ptr : 'n') {
	case 'n':
		return (struct cell){CELL_NULL, SLICE("")};
	case 't':
	case 'f':
		return (struct cell){CELL_BOOL, value};
	case '[':
	case '{':
		return (struct cell){CELL_JSON, value};
	case '"':
		*from = a->texts.len;
		(void)json_unescape(value, 0, &a->texts, &repaired);
		return (struct cell){CELL_TEXT, {NULL, a->texts.len - *from}};
	default:
		return (struct cell){CELL_NUMBER, value};
	}
}

static int take_row(struct asking *a, struct slice line, struct err *err)
{
	size_t *from = arena_alloc(&a->mem, (a->n + 1) * sizeof(*from)), at = 0;
	struct slice row = {line.ptr + 2, line.len - 2}, value;
	bool repaired = false;
	uint32_t n = 0;
	if (row.ptr[row.len - 1] == ',')
		row.len--;
	if (json_validate_lenient(row, &repaired, NULL) < 0)
		return odd_line(line, err);
	buf_clear(&a->texts);
	while (n < a->n && json_item(row, &at, &value)) {
		a->cells[n] = cell_of(a, value, &from[n]);
		n++;
	}
	if (n != a->n || json_item(row, &at, &value))
		return odd_line(line, err);
	for (uint32_t i = 0; i < n; i++)
		if (from[i] != SIZE_MAX)
			a->cells[i].text.ptr = a->texts.ptr ? a->texts.ptr + from[i] : "";
	int rc = output_row(&a->output, a->cells, err);
	a->enough = rc == 1;
	return rc;
}

static int take_line(struct asking *a, struct slice line, struct err *err)
{
	switch (a->place) {
	case PLACE_BEGIN:
		if (!slice_eq(line, SLICE("{")))
			return err_set(err, ERR_USAGE,
				"leave FORMAT away: the form of the output is said by --format");
		a->place = PLACE_HEADS;
		return 0;
	case PLACE_HEADS:
		return take_head(a, line, err);
	case PLACE_ROWS:
		if (line.len > 3 && memcmp(line.ptr, "\t\t[", 3) == 0)
			return take_row(a, line, err);
		if (slice_eq(line, SLICE("\t],")) || slice_eq(line, SLICE("\t]")))
			a->place = PLACE_TAIL;
		else if (line.len && !slice_eq(line, SLICE("\t[")))
			return odd_line(line, err);
		return 0;
	case PLACE_TAIL:
		if (slice_eq(line, SLICE("}")))
			a->place = PLACE_END;
		else if (memmem(line.ptr, line.len, "DB::Exception", 13))
			return odd_line(line, err);
		return 0;
	case PLACE_END:
		break;
	}
	return line.len ? odd_line(line, err) : 0;
}

static int take(void *ctx, struct slice data, struct err *err)
{
	struct asking *a = ctx;
	while (data.len) {
		const char *end = memchr(data.ptr, '\n', data.len);
		size_t n = end ? (size_t)(end - data.ptr) : data.len;
		if (buf_append(&a->line, data.ptr, n) < 0)
			return err_set(err, ERR_LIMIT, "a row is longer than 64 MiB");
		if (!end)
			return 0;
		int rc = take_line(a, buf_view(&a->line), err);
		if (rc != 0)
			return -1;
		buf_clear(&a->line);
		if (a->place == PLACE_ROWS && a->mem.used > 1 << 20 && a->output.names)
			arena_reset(&a->mem);
		data.ptr += n + 1;
		data.len -= n + 1;
	}
	return 0;
}

/* ---- the question ---------------------------------------------------------------------------- */

static void limits(struct buf *out, const struct sql_options *options)
{
	uint64_t memory = options->memory_bytes ? options->memory_bytes : DEFAULT_MEMORY;
	buf_printf(out,
		"default_format=JSONCompact&output_format_json_quote_64bit_integers=0&max_memory_"
		"usage=%llu&max_bytes_before_external_group_by=%llu&max_bytes_before_external_sort="
		"%llu",
		(unsigned long long)memory, (unsigned long long)memory / 2,
		(unsigned long long)memory / 2);
	if (options->threads)
		buf_printf(out, "&max_threads=%u", options->threads);
	if (options->max_rows)
		buf_printf(out, "&max_result_rows=%llu&result_overflow_mode=break",
			(unsigned long long)options->max_rows + 1);
	buf_push(out, '\0');
}

static int ask(struct asking *a, struct cluster *cluster, const char *sql,
	const struct sql_options *options, struct err *err)
{
	struct buf settings;
	buf_init(&settings, 1 << 16);
	limits(&settings, options);
	struct cluster_query query = {.sql = slice_of(sql),
		.settings = settings.ptr,
		.seconds = options->seconds ? options->seconds : DEFAULT_SECONDS,
		.reading = true,
		.locked = true,
		.in_database = true,
		.whole = options->format == FORMAT_TABLE,
		.on_data = take,
		.ctx = a};
	int rc = cluster_ask(cluster, &query, NULL, err);
	if (rc < 0 && query.outcome == CLUSTER_AWAY)
		clustered_failed(err);
	if (rc < 0 && a->enough) {
		*err = (struct err){0};
		rc = 0;
	} else if (rc == 0 && a->place != PLACE_END) {
		rc = a->place == PLACE_BEGIN && !a->line.len
			     ? err_set(err, ERR_FORMAT, "the cluster answered nothing")
			     : odd_line(buf_view(&a->line), err);
	}
	buf_fini(&settings);
	return rc < 0 ? -1 : output_end(&a->output, err);
}

static int run(struct cluster *cluster, const char *sql, const struct sql_options *options,
	FILE *out, struct sql_result *result, struct err *err)
{
	int64_t began = clock_mono_us();
	struct asking a = {.place = PLACE_BEGIN};
	struct arena heads = {0};
	buf_init(&a.line, LIMIT_FRAME);
	buf_init(&a.texts, LIMIT_FRAME);
	a.names = arena_zalloc(&heads, LIMIT_RESULT_COLUMNS, sizeof(*a.names));
	a.types = arena_zalloc(&heads, LIMIT_RESULT_COLUMNS, sizeof(*a.types));
	a.kinds = arena_zalloc(&heads, LIMIT_RESULT_COLUMNS, sizeof(*a.kinds));
	a.cells = arena_zalloc(&heads, LIMIT_RESULT_COLUMNS, sizeof(*a.cells));
	output_init(&a.output, options, out);
	int rc = ask(&a, cluster, sql, options, err);
	if (result)
		*result = (struct sql_result){a.output.rows, clock_mono_us() - began, a.output.cut};
	output_fini(&a.output);
	buf_fini(&a.line);
	buf_fini(&a.texts);
	arena_fini(&heads);
	arena_fini(&a.mem);
	return rc;
}

int sql_ask(struct store *store, const char *key_file, const char *sql,
	const struct sql_options *options, FILE *out, struct sql_result *result, struct err *err)
{
	struct cluster *cluster;
	int there = lake_cluster(store, key_file, options->stop, &cluster, err);
	if (there < 1)
		return there < 0 ? -1 : sql_run(store, sql, options, out, result, err);
	int rc = check_reads(sql, err);
	if (rc == 0)
		rc = run(cluster, sql, options, out, result, err);
	cluster_close(cluster);
	return rc;
}
