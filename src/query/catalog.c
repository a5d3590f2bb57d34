/* SPDX-License-Identifier: Apache-2.0 */
/*
 * catalog.c: rows of the catalog as views. Each goes as NDJSON into the query's private folder, and
 * DuckDB reads it from there when the query asks for it.
 */
#include <fcntl.h>
#include <stddef.h>
#include <unistd.h>

#include "query/views.h"

enum { FLUSH_AT = 1 << 20 };
#define LIMIT_LINE ((size_t)64 << 20)

enum field_kind { FIELD_TEXT, FIELD_U64, FIELD_U32, FIELD_BOOL, FIELD_TIME, FIELD_HEX32 };

struct field {
	const char *name;
	enum field_kind kind;
	size_t offset;
};

static const struct field segment_fields[] = {
	{"id", FIELD_U64, offsetof(struct segment_info, id)},
	{"table_name", FIELD_TEXT, offsetof(struct segment_info, table)},
	{"source", FIELD_TEXT, offsetof(struct segment_info, source)},
	{"input", FIELD_TEXT, offsetof(struct segment_info, input)},
	{"path", FIELD_TEXT, offsetof(struct segment_info, path)},
	{"rows", FIELD_U64, offsetof(struct segment_info, rows)},
	{"bytes", FIELD_U64, offsetof(struct segment_info, bytes)},
	{"raw_bytes", FIELD_U64, offsetof(struct segment_info, raw_bytes)},
	{"min_time", FIELD_TIME, offsetof(struct segment_info, min_time)},
	{"max_time", FIELD_TIME, offsetof(struct segment_info, max_time)},
	{"no_time", FIELD_U64, offsetof(struct segment_info, no_time)},
	{"sha256", FIELD_HEX32, offsetof(struct segment_info, sha256)},
	{"received_at", FIELD_TIME, offsetof(struct segment_info, received_at)},
	{"committed_at", FIELD_TIME, offsetof(struct segment_info, committed_at)},
	{"compacted", FIELD_BOOL, offsetof(struct segment_info, compacted)},
	{NULL, FIELD_TEXT, 0},
};

static const struct field source_fields[] = {
	{"source", FIELD_TEXT, offsetof(struct source_info, source)},
	{"segments", FIELD_U64, offsetof(struct source_info, segments)},
	{"rows", FIELD_U64, offsetof(struct source_info, rows)},
	{"raw_bytes", FIELD_U64, offsetof(struct source_info, raw_bytes)},
	{"vault_bytes", FIELD_U64, offsetof(struct source_info, vault_bytes)},
	{"duplicates", FIELD_U64, offsetof(struct source_info, duplicates)},
	{"rejects", FIELD_U64, offsetof(struct source_info, rejects)},
	{"first_received", FIELD_TIME, offsetof(struct source_info, first_received)},
	{"last_received", FIELD_TIME, offsetof(struct source_info, last_received)},
	{"oldest_raw", FIELD_TIME, offsetof(struct source_info, oldest_raw)},
	{NULL, FIELD_TEXT, 0},
};

static const struct field reject_fields[] = {
	{"id", FIELD_U64, offsetof(struct reject_info, id)},
	{"table_name", FIELD_TEXT, offsetof(struct reject_info, table)},
	{"source", FIELD_TEXT, offsetof(struct reject_info, source)},
	{"input", FIELD_TEXT, offsetof(struct reject_info, input)},
	{"reason", FIELD_TEXT, offsetof(struct reject_info, reason)},
	{"state", FIELD_TEXT, offsetof(struct reject_info, state)},
	{"input_offset", FIELD_U64, offsetof(struct reject_info, input_offset)},
	{"bytes", FIELD_U64, offsetof(struct reject_info, bytes)},
	{"lines", FIELD_U32, offsetof(struct reject_info, lines)},
	{"received_at", FIELD_TIME, offsetof(struct reject_info, received_at)},
	{NULL, FIELD_TEXT, 0},
};

static const struct field table_fields[] = {
	{"table_name", FIELD_TEXT, offsetof(struct table_info, table)},
	{"segments", FIELD_U64, offsetof(struct table_info, segments)},
	{"rows", FIELD_U64, offsetof(struct table_info, rows)},
	{"bytes", FIELD_U64, offsetof(struct table_info, bytes)},
	{"raw_bytes", FIELD_U64, offsetof(struct table_info, raw_bytes)},
	{"no_time", FIELD_U64, offsetof(struct table_info, no_time)},
	{"rejects", FIELD_U64, offsetof(struct table_info, rejects)},
	{"min_time", FIELD_TIME, offsetof(struct table_info, min_time)},
	{"max_time", FIELD_TIME, offsetof(struct table_info, max_time)},
	{NULL, FIELD_TEXT, 0},
};

/* The file that rows of one view are written to. */
struct sink {
	const struct field *fields;
	const char *path;
	int fd;
	struct buf buf;
};

static int sink_flush(struct sink *sink, struct err *err)
{
	int rc = sink->buf.full ? err_set(err, ERR_LIMIT, "%s: a row is too long", sink->path)
				: io_write(sink->fd, sink->buf.ptr, sink->buf.len, sink->path, err);
	buf_clear(&sink->buf);
	return rc;
}

/* "None" is the least int64, or the greatest: a range without members has them the wrong way. */
static void put_time(struct buf *out, int64_t us)
{
	char text[CLOCK_TEXT];
	if (us == INT64_MIN || us == INT64_MAX)
		buf_puts(out, "null");
	else
		buf_printf(out, "\"%s\"", clock_text(us, text));
}

static void put_field(struct buf *out, const struct field *field, const char *row)
{
	const void *at = row + field->offset;
	const char *text;
	uint64_t u64;
	uint32_t u32;
	int64_t time;
	bool flag;
	switch (field->kind) {
	case FIELD_TEXT:
		memcpy(&text, at, sizeof(text));
		text_json_string(out, slice_of(text ? text : ""));
		return;
	case FIELD_U64:
		memcpy(&u64, at, sizeof(u64));
		buf_printf(out, "%llu", (unsigned long long)u64);
		return;
	case FIELD_U32:
		memcpy(&u32, at, sizeof(u32));
		buf_printf(out, "%u", u32);
		return;
	case FIELD_BOOL:
		memcpy(&flag, at, sizeof(flag));
		buf_puts(out, flag ? "true" : "false");
		return;
	case FIELD_TIME:
		memcpy(&time, at, sizeof(time));
		put_time(out, time);
		return;
	case FIELD_HEX32:
		buf_push(out, '"');
		for (size_t i = 0; i < 32; i++)
			buf_printf(out, "%02x", ((const unsigned char *)at)[i]);
		buf_push(out, '"');
		return;
	}
}

static int put_row(struct sink *sink, const void *row, struct err *err)
{
	struct buf *out = &sink->buf;
	for (const struct field *field = sink->fields; field->name; field++) {
		buf_printf(out, "%c\"%s\":", field == sink->fields ? '{' : ',', field->name);
		put_field(out, field, row);
	}
	buf_puts(out, "}\n");
	return out->len > FLUSH_AT || out->full ? sink_flush(sink, err) : 0;
}

static int each_segment(void *ctx, const struct segment_info *info, struct err *err)
{
	return put_row(ctx, info, err);
}
static int each_source(void *ctx, const struct source_info *info, struct err *err)
{
	return put_row(ctx, info, err);
}
static int each_reject(void *ctx, const struct reject_info *info, struct err *err)
{
	return put_row(ctx, info, err);
}
static int each_table(void *ctx, const struct table_info *info, struct err *err)
{
	return put_row(ctx, info, err);
}

static int fill_segments(struct store *store, struct sink *sink, struct err *err)
{
	return store_segments(store, NULL, each_segment, sink, err);
}
static int fill_sources(struct store *store, struct sink *sink, struct err *err)
{
	return store_sources(store, each_source, sink, err);
}
static int fill_rejects(struct store *store, struct sink *sink, struct err *err)
{
	return store_rejects(store, each_reject, sink, err);
}
static int fill_tables(struct store *store, struct sink *sink, struct err *err)
{
	return store_tables(store, each_table, sink, err);
}

static const struct catalog_view {
	const char *name;
	const struct field *fields;
	int (*fill)(struct store *store, struct sink *sink, struct err *err);
} views[] = {
	{"segments", segment_fields, fill_segments},
	{"sources", source_fields, fill_sources},
	{"rejects", reject_fields, fill_rejects},
	{"tables", table_fields, fill_tables},
};

static int fill(
	const struct catalog_view *view, struct store *store, const char *path, struct err *err)
{
	struct sink sink = {.fields = view->fields, .path = path};
	sink.fd = io_open(path, O_WRONLY | O_CREAT | O_EXCL, 0600, err);
	if (sink.fd < 0)
		return -1;
	buf_init(&sink.buf, LIMIT_LINE);
	int rc = view->fill(store, &sink, err);
	if (rc == 0)
		rc = sink_flush(&sink, err);
	buf_fini(&sink.buf);
	io_close(sink.fd);
	return rc;
}

static const char *type_of(enum field_kind kind)
{
	switch (kind) {
	case FIELD_U64:
	case FIELD_U32:
		return "UBIGINT";
	case FIELD_BOOL:
		return "BOOLEAN";
	case FIELD_TIME:
		return "TIMESTAMPTZ";
	default:
		return "VARCHAR";
	}
}

/* Over the file, or over nothing. */
static void make_view(struct setup *setup, const struct catalog_view *view, const char *path)
{
	struct buf *out = &setup->text;
	buf_printf(out, "CREATE VIEW %s AS SELECT ", view->name);
	if (path) {
		buf_puts(out, "* FROM read_json(");
		setup_literal(out, path);
		buf_puts(out, ", format = 'newline_delimited', columns = {");
	}
	for (const struct field *field = view->fields; field->name; field++) {
		const char *comma = field == view->fields ? "" : ", ", *type = type_of(field->kind);
		if (path)
			buf_printf(out, "%s%s: '%s'", comma, field->name, type);
		else
			buf_printf(out, "%sNULL::%s AS \"%s\"", comma, type, field->name);
	}
	if (path)
		buf_puts(out, "})");
	else
		buf_printf(out, " WHERE %s", view_guard);
	setup_take(setup);
}

int catalog_views(struct setup *setup, struct store *store, const char *sql, const char *spill_dir,
	struct err *err)
{
	for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++) {
		const char *path = NULL;
		if (view_asked(sql, views[i].name)) {
			path = arena_printf(&setup->mem, "%s/%s.ndjson", spill_dir, views[i].name);
			if (fill(&views[i], store, path, err) != 0)
				return -1;
			setup_allow(setup, path);
		}
		make_view(setup, &views[i], path);
	}
	return 0;
}
