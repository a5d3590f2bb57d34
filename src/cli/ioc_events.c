/* SPDX-License-Identifier: Apache-2.0 */
/* ioc_events.c (cli/): the events that hold indicators: the newest in a table, or all of them as lines. */
#include <inttypes.h>
#include <stdlib.h>

#include "cli/ioc.h"
#include "query/output.h"
#include "query/row_json.h"

enum {
	SHOWN = 100, /* rows of a table where no limit is given */
	COLUMNS = 8,
	CELL_MOST = 1 << 20,
};

/* One event that is to be shown in its place. */
struct kept {
	int64_t time; /* INT64_MIN = none: last */
	uint8_t id[16];
	char *texts[COLUMNS];
	char *json;
};
struct events {
	const struct ioc_request *request;
	bool lines; /* as they come, all of them */
	bool json;
	uint64_t most;     /* 0 = all */
	struct kept *heap; /* the oldest first; of lines nothing */
	uint32_t n, cap;
	uint64_t found;
	uint8_t last_id[16];
	bool any;
	struct buf line, names;
	uint32_t problems;
};

/* ---- the newest ones ------------------------------------------------------------------------- */

static bool is_older(const struct kept *a, const struct kept *b)
{
	return a->time != b->time ? a->time < b->time : memcmp(a->id, b->id, 16) < 0;
}

static void free_kept(struct kept *kept)
{
	for (int c = 0; c < COLUMNS; c++)
		free(kept->texts[c]);
	free(kept->json);
}

static void sift_up(struct events *e, uint32_t i)
{
	while (i > 0 && is_older(&e->heap[i], &e->heap[(i - 1) / 2])) {
		struct kept swap = e->heap[i];
		e->heap[i] = e->heap[(i - 1) / 2];
		e->heap[(i - 1) / 2] = swap;
		i = (i - 1) / 2;
	}
}

static void sift_down(struct events *e, uint32_t i)
{
	for (;;) {
		uint32_t child = 2 * i + 1;
		if (child >= e->n)
			return;
		child += child + 1 < e->n && is_older(&e->heap[child + 1], &e->heap[child]);
		if (!is_older(&e->heap[child], &e->heap[i]))
			return;
		struct kept swap = e->heap[i];
		e->heap[i] = e->heap[child];
		e->heap[child] = swap;
		i = child;
	}
}

static void keep(struct events *e, const struct kept *kept)
{
	if (e->most && e->n == e->most) {
		free_kept(&e->heap[0]);
		e->heap[0] = *kept;
		sift_down(e, 0);
		return;
	}
	if (e->n == e->cap) {
		e->cap = e->cap ? e->cap * 2 : 128;
		e->heap = xrealloc(e->heap, e->cap * sizeof(*e->heap));
	}
	e->heap[e->n++] = *kept;
	sift_up(e, e->n - 1);
}

static int newest_first(const void *left, const void *right)
{
	return is_older(left, right) ? 1 : is_older(right, left) ? -1 : 0;
}

/* ---- an event -------------------------------------------------------------------------------- */

static void put_event(const char *table, const struct batch *batch, uint32_t row,
	struct slice indicator, struct buf *out)
{
	buf_puts(out, "{\"indicator\":");
	text_json_string(out, indicator);
	text_json_member(out, "table", table);
	buf_push(out, ',');
	row_members_json(batch, row, false, out);
	buf_push(out, '}');
}

static void fill(struct events *e, const char *table, const struct batch *batch, uint32_t row,
	struct slice indicator, struct kept *kept)
{
	static const int columns[] = {SYS_ACTOR, SYS_ACTION, SYS_TARGET, SYS_IP};
	char text[CLOCK_TEXT + UUID_TEXT + 1];
	if (e->json) {
		buf_clear(&e->line);
		put_event(table, batch, row, indicator, &e->line);
		buf_push(&e->line, '\0');
		kept->json = xstrdup(e->line.ptr);
		return;
	}
	kept->texts[0] = xstrdup(kept->time == INT64_MIN ? "" : clock_text(kept->time, text));
	for (int i = 0; i < 4; i++) {
		char *value = column_copy(&batch->columns[columns[i]], row);
		kept->texts[i + 1] = value ? value : xstrdup("");
	}
	kept->texts[5] = xstrdup(table);
	text_uuid(kept->id, text);
	text[UUID_TEXT] = '\0';
	kept->texts[6] = xstrdup(text);
	kept->texts[7] = xmalloc(indicator.len + 1);
	memcpy(kept->texts[7], indicator.ptr, indicator.len);
	kept->texts[7][indicator.len] = '\0';
}

/* The same event as before, for a further indicator: it is shown once. */
static bool is_again(struct events *e, const uint8_t id[16])
{
	bool again = e->any && memcmp(e->last_id, id, 16) == 0;
	memcpy(e->last_id, id, 16);
	e->any = true;
	return again;
}

static int take_event(void *ctx, const char *table, const struct batch *batch, uint32_t row,
	uint32_t indicator, struct err *err)
{
	struct events *e = ctx;
	const struct column *times = &batch->columns[SYS_EVENT_TIME];
	struct kept kept = {.time = column_is_null(times, row) ? INT64_MIN : times->i64[row]};
	memcpy(kept.id, batch->columns[SYS_EVENT_ID].uuid[row], 16);
	if (is_again(e, kept.id))
		return 0;
	e->found++;
	buf_clear(&e->names);
	indicator_text(&e->request->list[indicator], &e->names);
	if (e->lines) {
		buf_clear(&e->line);
		put_event(table, batch, row, buf_view(&e->names), &e->line);
		buf_push(&e->line, '\n');
		if (fwrite(e->line.ptr, 1, e->line.len, stdout) != e->line.len)
			return err_errno(err, "writing");
		return e->most && e->found == e->most;
	}
	if (e->most && e->n == e->most && is_older(&kept, &e->heap[0]))
		return 0;
	fill(e, table, batch, row, buf_view(&e->names), &kept);
	keep(e, &kept);
	return 0;
}

static void tell_problem(void *ctx, const char *path, const char *what)
{
	struct events *e = ctx;
	(void)path;
	fprintf(stderr, "pugmark: not looked through: %s\n", what);
	e->problems++;
}

/* ---- printing -------------------------------------------------------------------------------- */

static int print_rows(struct events *e, enum query_format format, struct err *err)
{
	static const char *const names[COLUMNS] = {
		"event_time", "actor", "action", "target", "ip", "table", "event_id", "indicator"};
	static const enum cell_kind kinds[COLUMNS] = {CELL_TEXT, CELL_TEXT, CELL_TEXT, CELL_TEXT,
		CELL_TEXT, CELL_TEXT, CELL_TEXT, CELL_TEXT};
	static const bool whole[COLUMNS] = {true, false, false, false, true, false, true, false};
	struct sql_options options = {.format = format, .width = terminal_width()};
	struct output output;
	struct slice heads[COLUMNS];
	struct cell cells[COLUMNS];
	for (int c = 0; c < COLUMNS; c++)
		heads[c] = slice_of(names[c]);
	output_init(&output, &options, stdout);
	output.drop = true;
	output.whole = whole;
	int rc = output_begin(&output, COLUMNS, heads, kinds, err);
	for (uint32_t i = 0; i < e->n && rc == 0; i++) {
		for (int c = 0; c < COLUMNS; c++)
			cells[c] = (struct cell){CELL_TEXT, slice_of(e->heap[i].texts[c])};
		rc = output_row(&output, cells, err) < 0 ? -1 : 0;
	}
	if (rc == 0)
		rc = output_end(&output, err);
	output_fini(&output);
	return rc;
}

static int print(struct events *e, enum query_format format, struct err *err)
{
	if (e->lines)
		return 0;
	if (e->n > 1)
		qsort(e->heap, e->n, sizeof(*e->heap), newest_first);
	if (!e->json)
		return print_rows(e, format, err);
	fputs("{\"events\":[", stdout);
	for (uint32_t i = 0; i < e->n; i++)
		printf("%s%s", i ? "," : "", e->heap[i].json);
	printf("],\"found\":%" PRIu64 "}\n", e->found);
	return 0;
}

int ioc_print_events(const struct command_line *line, enum query_format format, struct store *store,
	const struct ioc_request *request, struct err *err)
{
	int64_t most = format == FORMAT_TABLE ? SHOWN : 0;
	char a[32], b[32];
	struct events e = {.request = request,
		.lines = format == FORMAT_NDJSON,
		.json = format == FORMAT_JSON};
	struct ioc_events events = {.request = request,
		.whole = true,
		.since = INT64_MIN,
		.until = INT64_MAX,
		.each = take_event,
		.problem = tell_problem,
		.ctx = &e};
	if (parse_count(line, OPT_LIMIT, &most) < 0 ||
		parse_time(line, OPT_SINCE, &events.since) < 0 ||
		parse_time(line, OPT_UNTIL, &events.until) < 0)
		return err_set(err, ERR_USAGE, "--limit, --since or --until is not understood");
	e.most = (uint64_t)most;
	buf_init(&e.line, (size_t)1 << 28);
	buf_init(&e.names, 1 << 16);
	int rc = ioc_events(store, &events, err);
	if (rc == 0)
		rc = print(&e, format, err);
	if (rc == 0)
		fprintf(stderr, "%s event%s%s%s%s\n", text_count(e.found, a),
			e.found == 1 ? "" : "s",
			!e.lines && e.found > e.n ? ", shown are the newest " : "",
			!e.lines && e.found > e.n ? text_count(e.n, b) : "",
			!e.lines && e.found > e.n ? " (--limit 0 shows all)" : "");
	if (rc == 0 && e.problems)
		rc = err_set(err, ERR_DAMAGED,
			"%u segments could not be looked through: run pugmark verify", e.problems);
	for (uint32_t i = 0; i < e.n; i++)
		free_kept(&e.heap[i]);
	free(e.heap);
	buf_fini(&e.line);
	buf_fini(&e.names);
	return rc;
}
