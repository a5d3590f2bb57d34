/* SPDX-License-Identifier: Apache-2.0 */
/*
 * child.c: the SQL child: takes the request, opens an empty DuckDB, closes the sandbox, makes the
 * views, locks DuckDB's settings, runs one statement and sends its rows. It ends by _exit, always.
 */
#include "query/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "query/cell.h"
#include "query/network.h"
#include "query/sandbox.h"
#include "query/statement.h"

const char child_name[] = "pugmark-sql-child";

enum { SEND_AT = 64 << 10 }; /* bytes of frames that are collected before a write */

struct child {
	struct sql_request request;
	struct arena mem;
	struct duck duck;
	duckdb_connection connection;
	struct buf out; /* frames not yet sent */
};

static int send_all(struct child *child, struct err *err)
{
	const char *at = child->out.ptr;
	for (size_t left = child->out.len; left > 0;) {
		ssize_t n = write(ANSWER_FD, at, left);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, "answer");
		at += n;
		left -= (size_t)n;
	}
	buf_clear(&child->out);
	return 0;
}

/* A frame's head; frame_end fills in the length. */
static size_t frame_begin(struct child *child, char tag)
{
	buf_push(&child->out, tag);
	wire_u32(&child->out, 0);
	return child->out.len;
}

static int frame_end(struct child *child, size_t from, struct err *err)
{
	if (child->out.full || child->out.len - from > LIMIT_FRAME)
		return err_set(err, ERR_LIMIT,
			"a row of the result is longer than 64 MiB: select fewer columns, or "
			"shorten them with left(column, 1000)");
	uint32_t len = (uint32_t)(child->out.len - from);
	memcpy(child->out.ptr + from - sizeof(len), &len, sizeof(len));
	return child->out.len >= SEND_AT ? send_all(child, err) : 0;
}

static void send_error(struct child *child, const struct err *why)
{
	struct err err;
	/* What was collected may hold half a row: whole frames only were counted by frame_end. */
	buf_clear(&child->out);
	size_t from = frame_begin(child, 'E');
	wire_u8(&child->out, (unsigned)why->kind);
	buf_puts(&child->out, why->text);
	if (frame_end(child, from, &err) == 0)
		send_all(child, &err);
}

static int read_request(struct child *child, struct err *err)
{
	struct stat info;
	if (fstat(REQUEST_FD, &info) != 0)
		return err_errno(err, "request");
	size_t size = (size_t)info.st_size;
	char *bytes = xmalloc(size + 1);
	ssize_t n = pread(REQUEST_FD, bytes, size, 0);
	int rc = n == (ssize_t)size ? request_decode((struct slice){bytes, size}, &child->request,
					      &child->mem, err)
				    : err_set(err, ERR_IO, "the request cannot be read");
	free(bytes);
	return rc;
}

/* Dies with the parent, even where the parent died before this line. */
static void tie_to_parent(const struct sql_request *request)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if ((uint64_t)getppid() != request->parent)
		_exit(1);
}

static int configure(struct child *child, duckdb_config config, struct err *err)
{
	const struct sql_request *request = &child->request;
	struct arena *mem = &child->mem;
	const char *settings[][2] = {
		{"memory_limit", arena_printf(mem, "%lluB", (unsigned long long)request->memory)},
		{"threads", "1"}, /* until the walls stand: they are a thread's, and inherited */
		{"temp_directory", request->spill_dir},
		{"max_temp_directory_size",
			arena_printf(mem, "%lluB", (unsigned long long)request->spill)},
		{"extension_directory", request->spill_dir},
		{"autoinstall_known_extensions", "false"},
		{"autoload_known_extensions", "false"},
		{"allow_community_extensions", "false"},
		{"allow_unsigned_extensions", "false"},
		{"allow_persistent_secrets", "false"},
	};
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		if (child->duck.set_config(config, settings[i][0], settings[i][1]) != DuckDBSuccess)
			return err_set(err, ERR_UNSUPPORTED, "DuckDB refuses the setting %s = %s",
				settings[i][0], settings[i][1]);
	}
	return 0;
}

static int open_engine(struct child *child, struct err *err)
{
	struct duck *duck = &child->duck;
	duckdb_config config;
	duckdb_database database;
	char *why = NULL;
	if (duck->create_config(&config) != DuckDBSuccess)
		return err_set(err, ERR_UNSUPPORTED, "DuckDB gives no configuration");
	if (configure(child, config, err) != 0)
		return -1;
	if (duck->open_ext(NULL, &database, config, &why) != DuckDBSuccess)
		return err_set(err, ERR_UNSUPPORTED, "DuckDB does not open: %s", why ? why : "");
	if (duck->connect(database, &child->connection) != DuckDBSuccess)
		return err_set(err, ERR_UNSUPPORTED, "DuckDB does not connect");
	return 0;
}

static int run_setting(struct child *child, const char *sql, struct err *err)
{
	duckdb_result result;
	if (child->duck.query(child->connection, sql, &result) != DuckDBSuccess) {
		statement_error(&child->duck, &result, ERR_DAMAGED, err);
		return err_context(err, "preparing the tables");
	}
	child->duck.destroy_result(&result);
	return 0;
}

static int run_setup(struct child *child, struct err *err)
{
	const struct sql_request *request = &child->request;
	const char *threads = arena_printf(
		&child->mem, "SET threads = %llu", (unsigned long long)request->threads);
	if (run_setting(child, threads, err) != 0 ||
		network_register(&child->duck, child->connection, err) != 0)
		return -1;
	for (uint32_t i = 0; i < request->nsetup; i++) {
		if (run_setting(child, request->setup[i], err) != 0)
			return -1;
	}
	return 0;
}

/* As SQL has it, without what stands in brackets: "DECIMAL", "STRUCT". */
static const char *type_text(const struct duck *duck, duckdb_logical_type type)
{
	static const char *const names[] = {[DUCKDB_TYPE_BOOLEAN] = "BOOLEAN",
		[DUCKDB_TYPE_TINYINT] = "TINYINT",
		[DUCKDB_TYPE_SMALLINT] = "SMALLINT",
		[DUCKDB_TYPE_INTEGER] = "INTEGER",
		[DUCKDB_TYPE_BIGINT] = "BIGINT",
		[DUCKDB_TYPE_UTINYINT] = "UTINYINT",
		[DUCKDB_TYPE_USMALLINT] = "USMALLINT",
		[DUCKDB_TYPE_UINTEGER] = "UINTEGER",
		[DUCKDB_TYPE_UBIGINT] = "UBIGINT",
		[DUCKDB_TYPE_FLOAT] = "FLOAT",
		[DUCKDB_TYPE_DOUBLE] = "DOUBLE",
		[DUCKDB_TYPE_TIMESTAMP] = "TIMESTAMP",
		[DUCKDB_TYPE_DATE] = "DATE",
		[DUCKDB_TYPE_TIME] = "TIME",
		[DUCKDB_TYPE_INTERVAL] = "INTERVAL",
		[DUCKDB_TYPE_HUGEINT] = "HUGEINT",
		[DUCKDB_TYPE_UHUGEINT] = "UHUGEINT",
		[DUCKDB_TYPE_VARCHAR] = "VARCHAR",
		[DUCKDB_TYPE_BLOB] = "BLOB",
		[DUCKDB_TYPE_DECIMAL] = "DECIMAL",
		[DUCKDB_TYPE_TIMESTAMP_S] = "TIMESTAMP_S",
		[DUCKDB_TYPE_TIMESTAMP_MS] = "TIMESTAMP_MS",
		[DUCKDB_TYPE_TIMESTAMP_NS] = "TIMESTAMP_NS",
		[DUCKDB_TYPE_ENUM] = "ENUM",
		[DUCKDB_TYPE_LIST] = "LIST",
		[DUCKDB_TYPE_STRUCT] = "STRUCT",
		[DUCKDB_TYPE_MAP] = "MAP",
		[DUCKDB_TYPE_ARRAY] = "ARRAY",
		[DUCKDB_TYPE_UUID] = "UUID",
		[DUCKDB_TYPE_UNION] = "UNION",
		[DUCKDB_TYPE_BIT] = "BIT",
		[DUCKDB_TYPE_TIME_TZ] = "TIME WITH TIME ZONE",
		[DUCKDB_TYPE_TIMESTAMP_TZ] = "TIMESTAMP WITH TIME ZONE"};
	size_t id = (size_t)duck->get_type_id(type);
	return id < sizeof(names) / sizeof(*names) && names[id] ? names[id] : "OTHER";
}

static int send_columns(struct child *child, duckdb_result *result, struct cell_plan *plans,
	uint32_t n, struct err *err)
{
	size_t from = frame_begin(child, 'H');
	for (uint32_t i = 0; i < n; i++) {
		const char *name = child->duck.column_name(result, i);
		duckdb_logical_type type = child->duck.column_logical_type(result, i);
		const char *word = type_text(&child->duck, type);
		int rc = cell_plan_init(&plans[i], &child->duck, type, &child->mem, err);
		child->duck.destroy_logical_type(&type);
		if (rc != 0)
			return err_context(err, "column \"%s\"", name ? name : "");
		wire_u8(&child->out, cell_plan_kind(&plans[i]));
		wire_text(&child->out, slice_of(name ? name : ""));
		wire_text(&child->out, slice_of(word));
	}
	return frame_end(child, from, err);
}

static void put_cell(struct child *child, const struct cell_plan *plan, uint64_t row)
{
	struct buf *out = &child->out;
	size_t at = out->len;
	wire_u8(out, CELL_NULL);
	wire_u32(out, 0);
	if (out->full)
		return;
	enum cell_kind kind = cell_write(plan, row, out);
	uint32_t len = (uint32_t)(out->len - at - 1 - sizeof(len));
	out->ptr[at] = (char)kind;
	memcpy(out->ptr + at + 1, &len, sizeof(len));
}

static int send_rows(struct child *child, duckdb_result *result, struct cell_plan *plans,
	uint32_t n, struct err *err)
{
	struct duck *duck = &child->duck;
	duckdb_data_chunk chunk;
	while ((chunk = duck->fetch_chunk(*result)) != NULL) {
		uint64_t rows = duck->data_chunk_get_size(chunk);
		for (uint32_t i = 0; i < n; i++)
			cell_bind(&plans[i], duck, duck->data_chunk_get_vector(chunk, i));
		for (uint64_t row = 0; row < rows; row++) {
			size_t from = frame_begin(child, 'R');
			for (uint32_t i = 0; i < n; i++)
				put_cell(child, &plans[i], row);
			if (frame_end(child, from, err) != 0)
				return -1;
		}
		duck->destroy_data_chunk(&chunk);
	}
	return statement_result_error(duck, result, err);
}

static int answer(struct child *child, struct err *err)
{
	duckdb_result result;
	if (statement_run(&child->duck, child->connection, child->request.sql, &result, err) != 0)
		return -1;
	uint64_t n = child->duck.column_count(&result);
	if (n > LIMIT_RESULT_COLUMNS)
		return err_set(err, ERR_LIMIT, "the result has %llu columns: at most %u are shown",
			(unsigned long long)n, LIMIT_RESULT_COLUMNS);
	struct cell_plan *plans = arena_zalloc(&child->mem, n + 1, sizeof(*plans));
	if (send_columns(child, &result, plans, (uint32_t)n, err) != 0 ||
		send_rows(child, &result, plans, (uint32_t)n, err) != 0)
		return -1;
	frame_end(child, frame_begin(child, 'D'), err);
	return send_all(child, err);
}

static int child_run(struct child *child, struct err *err)
{
	if (read_request(child, err) != 0)
		return -1;
	tie_to_parent(&child->request);
	const struct sql_request *request = &child->request;
	struct sandbox sandbox = {
		.read_dir = request->read_dir,
		.write_dir = request->spill_dir,
		.memory = request->memory + request->memory / 4 + request->threads * (16 << 20) +
			  (UINT64_C(192) << 20),
		.spill = request->spill,
	};
	if (*request->read_dir && chdir(request->read_dir) != 0)
		return err_errno(err, "%s", request->read_dir);
	/* Opening the engine asks /proc how much memory and how many processors there are. */
	if (duck_load(&child->duck, request->library, err) != 0 ||
		sandbox_limit(&sandbox, err) != 0 || open_engine(child, err) != 0 ||
		sandbox_enter(&sandbox, err) != 0)
		return -1;
	if (run_setup(child, err) != 0)
		return -1;
	return answer(child, err);
}

static void child_main(void)
{
	static struct child child;
	struct err err = {.kind = ERR_NONE};
	syscall(SYS_close_range, ANSWER_FD + 1, ~0u, 0);
	signal(SIGPIPE, SIG_DFL);
	/* Taken before memory is limited, so that the answer itself, or the error, cannot run out. */
	buf_init(&child.out, LIMIT_FRAME + 2 * SEND_AT);
	buf_reserve(&child.out, LIMIT_FRAME + 2 * SEND_AT);
	int rc = child_run(&child, &err);
	if (rc != 0)
		send_error(&child, &err);
	_exit(rc == 0 ? 0 : 1);
}

__attribute__((constructor)) static void child_enter(int argc, char **argv)
{
	if (argc == 1 && argv[0] && strcmp(argv[0], child_name) == 0)
		child_main();
}
