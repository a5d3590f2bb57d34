/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sql.c: one query from the store to the result: collect what the child may see, start it, print
 * its rows, end it.
 */
#include "query/query.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "query/output.h"
#include "query/process.h"
#include "query/sandbox.h"
#include "query/spill.h"
#include "query/views.h"

enum { DEFAULT_SECONDS = 300 };
#define DEFAULT_MEMORY (UINT64_C(512) << 20)
#define LEAST_MEMORY   (UINT64_C(32) << 20)
/* What one query may put on disk. */
#define LIMIT_SPILL (UINT64_C(16) << 30)

struct query {
	struct setup setup;
	struct sql_request request;
	struct process process;
	struct output output;
	char spill_dir[SPILL_PATH];
	char tables_dir[PATH_MAX];
};

/* The folder of tables, resolved; "" where nothing was ever stored. */
static int find_tables(struct query *query, struct store *store, struct err *err)
{
	char path[PATH_MAX];
	struct io_info info;
	if (snprintf(path, sizeof(path), "%s/tables", store_dir(store)) >= (int)sizeof(path))
		return err_set(err, ERR_USAGE, "%s: the path is too long", store_dir(store));
	query->tables_dir[0] = '\0';
	int there = io_stat(path, &info, err);
	if (there > 0 && !realpath(path, query->tables_dir))
		return err_errno(err, "%s", path);
	return there < 0 ? -1 : 0;
}

static unsigned processors(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);
	return n > 0 ? (unsigned)n : 1;
}

static int prepare(struct query *query, struct store *store, const char *sql,
	const struct sql_options *options, struct err *err)
{
	struct sql_request *request = &query->request;
	if (strlen(sql) > LIMIT_SQL)
		return err_set(err, ERR_USAGE, "the query is longer than 1 MiB");
	if (sandbox_landlock() == 0)
		return sandbox_enter(NULL, err);
	request->library = sql_library(err);
	if (!request->library || find_tables(query, store, err) != 0 ||
		spill_make(query->spill_dir, err) != 0 ||
		views_build(&query->setup, store, sql, query->spill_dir, err) != 0)
		return -1;
	uint64_t memory = options->memory_bytes ? options->memory_bytes : DEFAULT_MEMORY;
	request->parent = (uint64_t)getpid();
	request->memory = memory < LEAST_MEMORY ? LEAST_MEMORY : memory;
	request->threads = options->threads ? options->threads : processors();
	request->spill = LIMIT_SPILL;
	request->read_dir = query->tables_dir;
	request->spill_dir = query->spill_dir;
	request->sql = sql;
	request->nsetup = query->setup.n;
	request->setup = query->setup.statements;
	return 0;
}

static int take_columns(struct query *query, struct slice payload, struct err *err)
{
	struct wire wire = {payload, false};
	struct arena mem = {NULL, NULL, NULL, 0};
	struct slice *names = arena_zalloc(&mem, LIMIT_RESULT_COLUMNS, sizeof(names[0]));
	struct slice *types = arena_zalloc(&mem, LIMIT_RESULT_COLUMNS, sizeof(types[0]));
	enum cell_kind *kinds = arena_zalloc(&mem, LIMIT_RESULT_COLUMNS, sizeof(kinds[0]));
	uint32_t n = 0;
	while (wire.rest.len && !wire.bad && n < LIMIT_RESULT_COLUMNS) {
		kinds[n] = wire_take_u8(&wire);
		names[n] = wire_take_text(&wire);
		types[n++] = wire_take_text(&wire);
	}
	query->output.types = types;
	int rc = wire.bad || wire.rest.len
			 ? err_set(err, ERR_DAMAGED, "the SQL process sent ill-formed columns")
			 : output_begin(&query->output, n, names, kinds, err);
	query->output.types = NULL;
	arena_fini(&mem);
	return rc;
}

static int take_row(struct query *query, struct slice payload, struct cell *cells, struct err *err)
{
	struct wire wire = {payload, false};
	for (uint32_t i = 0; i < query->output.ncolumns; i++) {
		unsigned kind = wire_take_u8(&wire);
		cells[i].kind = kind < CELL_KINDS ? (enum cell_kind)kind : CELL_TEXT;
		cells[i].text = wire_take_text(&wire);
	}
	if (wire.bad || wire.rest.len || !query->output.names)
		return err_set(err, ERR_DAMAGED, "the SQL process sent an ill-formed row");
	return output_row(&query->output, cells, err);
}

/* The child's words go to a terminal: all but line breaks is escaped. */
static int take_error(const struct query *query, struct slice payload, struct err *err)
{
	struct wire wire = {payload, false};
	struct buf text;
	char memory[32];
	unsigned kind = wire_take_u8(&wire);
	if (kind == ERR_NONE || kind > ERR_UNSUPPORTED)
		kind = ERR_IO;
	buf_init(&text, 8 * sizeof(err->text));
	for (struct slice rest = wire.rest; rest.len && !text.full;) {
		const char *end = memchr(rest.ptr, '\n', rest.len);
		size_t n = end ? (size_t)(end - rest.ptr) : rest.len;
		text_escape(&text, (struct slice){rest.ptr, n});
		if (end)
			buf_push(&text, '\n');
		rest.ptr += n + (end != NULL);
		rest.len -= n + (end != NULL);
	}
	if (kind == ERR_LIMIT && text.len >= 14 && memcmp(text.ptr, "out of memory:", 14) == 0)
		err_set(err, ERR_LIMIT,
			"the query needed more memory than %s: narrow it, add a LIMIT, or give it "
			"more with --memory (%.*s)",
			text_bytes(query->request.memory, memory), SLICE_ARG(buf_view(&text)));
	else
		err_set(err, (enum err_kind)kind, "%.*s", SLICE_ARG(buf_view(&text)));
	buf_fini(&text);
	return -1;
}

/* Takes frames until the last. */
static int receive(struct query *query, struct err *err)
{
	struct cell *cells = xcalloc(LIMIT_RESULT_COLUMNS, sizeof(*cells));
	int rc = 0;
	for (char tag = 0; rc == 0 && tag != 'D';) {
		struct slice payload;
		if (process_frame(&query->process, &tag, &payload, err) < 0)
			rc = -1;
		else if (tag == 'H' && !query->output.names)
			rc = take_columns(query, payload, err);
		else if (tag == 'R')
			rc = take_row(query, payload, cells, err);
		else if (tag == 'E')
			rc = take_error(query, payload, err);
		else if (tag != 'D')
			rc = err_set(err, ERR_DAMAGED, "the SQL process sent an unknown frame");
	}
	free(cells);
	return rc < 0 ? -1 : output_end(&query->output, err);
}

int sql_run(struct store *store, const char *sql, const struct sql_options *options, FILE *out,
	struct sql_result *result, struct err *err)
{
	int64_t began = clock_mono_us();
	struct query *query = xcalloc(1, sizeof(*query));
	query->process.fd = -1;
	setup_init(&query->setup);
	output_init(&query->output, options, out);
	int rc = prepare(query, store, sql, options, err);
	if (rc == 0)
		rc = process_start(&query->process, &query->request,
			options->seconds ? options->seconds : DEFAULT_SECONDS, options->stop, err);
	if (rc == 0)
		rc = receive(query, err);
	process_end(&query->process);
	if (query->spill_dir[0])
		spill_remove(query->spill_dir);
	if (result)
		*result = (struct sql_result){
			query->output.rows, clock_mono_us() - began, query->output.cut};
	output_fini(&query->output);
	setup_fini(&query->setup);
	free(query);
	return rc;
}
