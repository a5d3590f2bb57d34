/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire.h (private to query/): what parent and SQL child say to each other. The request goes down
 * once, as a whole (a memory file at descriptor 3); the answer comes up as frames over a pipe (at
 * descriptor 4): one tag byte, a 32-bit length, the payload. The parent trusts nothing in them.
 *
 *   'H'  columns: per column u8 kind, u32 length, name, u32 length, DuckDB's name of its type
 *   'R'  a row: per column u8 kind, u32 length, text
 *   'E'  u8 err_kind, text; the last frame
 *   'D'  done; the last frame
 */
#ifndef QUERY_WIRE_H
#define QUERY_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

enum { REQUEST_FD = 3, ANSWER_FD = 4 };

/* Longest frame, so longest row; a record is at most 16 MiB. */
#define LIMIT_FRAME ((size_t)64 << 20)
/* Columns of a result. */
#define LIMIT_RESULT_COLUMNS 4096u
/* Text of a query. */
#define LIMIT_SQL ((size_t)1 << 20)

enum cell_kind {
	CELL_NULL,
	CELL_TEXT,
	CELL_NUMBER, /* a JSON number */
	CELL_BOOL,   /* "true" or "false" */
	CELL_JSON,   /* one JSON value */
	CELL_KINDS
};

struct cell {
	enum cell_kind kind;
	struct slice text;
};

struct sql_request {
	uint64_t parent;  /* process id */
	uint64_t memory;  /* DuckDB's limit, bytes */
	uint64_t threads; /* DuckDB's */
	uint64_t spill;   /* bytes on disk at most */
	const char *library, *read_dir, *spill_dir;
	const char *sql;
	uint32_t nsetup; /* statements to run first: the views */
	const char **setup;
};

/* Appends the request's bytes to `out`. */
void request_encode(const struct sql_request *request, struct buf *out);
/* The reverse; texts in `mem`. -1: ERR_DAMAGED. */
int request_decode(
	struct slice bytes, struct sql_request *request, struct arena *mem, struct err *err);

static inline void wire_u8(struct buf *out, unsigned value)
{
	buf_push(out, (char)value);
}
static inline void wire_u32(struct buf *out, uint32_t value)
{
	buf_append(out, &value, sizeof(value));
}
static inline void wire_text(struct buf *out, struct slice text)
{
	wire_u32(out, (uint32_t)text.len);
	buf_slice(out, text);
}

/* A payload being read: each function takes from the front; `bad` is set at the first that does
 * not fit, and stays. */
struct wire {
	struct slice rest;
	bool bad;
};
unsigned wire_take_u8(struct wire *wire);
uint32_t wire_take_u32(struct wire *wire);
struct slice wire_take_text(struct wire *wire);

#endif
