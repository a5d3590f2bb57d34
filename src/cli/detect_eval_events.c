/* SPDX-License-Identifier: Apache-2.0 */
/* detect_eval_events.c: a file of JSON events as a batch without a schema. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/private.h"

#include "cli/detect_eval.h"
#include "json/json.h"
#include "pipeline/input.h"

enum { FILE_BYTES = 512 << 20, READ_BYTES = 1 << 20 };

/* ---- the file -------------------------------------------------------------------------------- */

static int read_all(const char *path, struct buf *out, struct err *err)
{
	struct input *input;
	bool end = false;
	if (input_open(path, &input, err) < 0)
		return -1;
	int64_t n = 0;
	while (!end && n >= 0) {
		char *to = buf_reserve(out, READ_BYTES);
		if (!to) {
			n = err_set(err, ERR_LIMIT, "%.200s: longer than %d MiB: split it", path,
				FILE_BYTES >> 20);
			break;
		}
		n = input_read(input, to, READ_BYTES, &end, err);
		out->len += n > 0 ? (size_t)n : 0;
	}
	input_close(input);
	return n < 0 ? -1 : 0;
}

static void unread(struct eval_events *events, const char *path, size_t offset, const char *why)
{
	if (++events->unread <= 5)
		fprintf(stderr, "pugmark: %s: byte %zu: %s\n", path, offset, why);
}

static void add(struct eval_events *events, struct slice json, bool repaired)
{
	if (events->n == events->cap) {
		events->cap = events->cap ? events->cap * 2 : 1024;
		events->of = xrealloc(events->of, events->cap * sizeof(*events->of));
	}
	if (repaired) {
		struct buf text;
		buf_init(&text, SIZE_MAX);
		json_repair(json, &text);
		json = (struct slice){arena_strdup(&events->mem, buf_view(&text)), text.len};
		buf_fini(&text);
	}
	events->of[events->n++] = json;
}

/* One value at `at`: an event, or an array of them. Where it ends, or -1. */
static int64_t take(
	struct eval_events *events, const char *path, struct slice text, size_t at, bool in_array)
{
	bool repaired = false;
	struct json_fault fault = {0};
	if (text.ptr[at] == '[' && !in_array) {
		at = json_blanks(text, at + 1);
		while (at < text.len && text.ptr[at] != ']') {
			int64_t end = take(events, path, text, at, true);
			if (end < 0)
				return -1;
			at = json_blanks(text, (size_t)end);
			if (at < text.len && text.ptr[at] == ',')
				at = json_blanks(text, at + 1);
		}
		return at < text.len ? (int64_t)at + 1 : -1;
	}
	int64_t end = json_value(text, at, 0, &repaired, &fault);
	if (end < 0) {
		unread(events, path, fault.offset, fault.reason);
		return -1;
	}
	size_t len = (size_t)end - at;
	if (text.ptr[at] != '{')
		unread(events, path, at, "no JSON object: it cannot be an event");
	else if (len > LIMIT_RECORD_BYTES)
		unread(events, path, at, "an event of more than 16 MiB");
	else
		add(events, (struct slice){text.ptr + at, len}, repaired);
	return end;
}

int eval_events_read(const char *path, struct eval_events *events, struct err *err)
{
	struct buf data;
	*events = (struct eval_events){0};
	buf_init(&data, FILE_BYTES);
	int rc = read_all(path, &data, err);
	char *copy = arena_strdup(&events->mem, buf_view(&data));
	struct slice text = {copy, data.len};
	buf_fini(&data);
	if (text.len >= 3 && memcmp(text.ptr, "\xef\xbb\xbf", 3) == 0)
		text = (struct slice){text.ptr + 3, text.len - 3};
	size_t at = json_blanks(text, 0);
	while (rc == 0 && at < text.len) {
		int64_t end = take(events, path, text, at, false);
		if (end < 0) { /* the next line may be whole */
			const char *line = memchr(text.ptr + at, '\n', text.len - at);
			end = line ? line - text.ptr : (int64_t)text.len;
		}
		at = json_blanks(text, (size_t)end);
	}
	if (rc != 0)
		eval_events_free(events);
	return rc;
}

void eval_events_free(struct eval_events *events)
{
	free(events->of);
	arena_fini(&events->mem);
	*events = (struct eval_events){0};
}

/* ---- the batch ------------------------------------------------------------------------------- */

enum { EVENT, SCALAR, COLUMNS };
static const struct column_shape columns[] = {
	[EVENT] = {"event", COL_JSON, NO_GROUP, 0},
	[SCALAR] = {"scalar", COL_STRING, 0, 0},
};
static const struct group_shape groups[] = {{"scalars", true}};
const struct batch_shape eval_shape = {"events", COLUMNS, 1, columns, groups};

uint32_t eval_resolve(const void *ctx, const struct batch_shape *shape, struct slice name,
	enum test_op op, struct match_field *fields)
{
	(void)ctx;
	(void)shape;
	(void)op;
	fields[0] = name.len ? (struct match_field){EVENT, name}
			     : (struct match_field){.column = SCALAR};
	return 1;
}

struct scalars {
	struct buf heap, off; /* off: uint32_t each */
	uint32_t n;
};

static void end_scalar(struct scalars *s)
{
	uint32_t at = (uint32_t)s->heap.len;
	buf_append(&s->off, &at, sizeof(at));
	s->n++;
}

/* The scalars of a well-formed JSON value, keys left out. */
static void add_scalars(struct scalars *s, struct slice json)
{
	for (size_t at = json_blanks(json, 0); at < json.len; at = json_blanks(json, at)) {
		bool repaired = false;
		size_t before = s->heap.len;
		char c = json.ptr[at];
		if (strchr("{}[],:", c)) {
			at++;
			continue;
		}
		if (c == '"') {
			at = (size_t)json_unescape(json, at, &s->heap, &repaired);
			size_t next = json_blanks(json, at);
			if (next < json.len && json.ptr[next] == ':') {
				s->heap.len = before;
				continue;
			}
		} else {
			size_t end = at;
			while (end < json.len && !strchr(",]} \t\r\n", json.ptr[end]))
				end++;
			struct slice word = {json.ptr + at, end - at};
			at = end;
			if (slice_eq(word, SLICE("null")))
				continue;
			buf_slice(&s->heap, word);
		}
		end_scalar(s);
	}
}

static void fill_strings(struct arena *mem, struct column *col, uint32_t n, const struct buf *heap,
	const struct buf *off)
{
	col->n = col->ndistinct = n;
	col->plain = true;
	col->heap = arena_strdup(mem, buf_view(heap));
	col->off = arena_alloc(mem, off->len);
	memcpy(col->off, off->ptr, off->len);
}

void eval_batch(const struct eval_events *events, uint32_t from, uint32_t n, struct batch *batch)
{
	struct scalars own = {0}, all = {0};
	uint32_t zero = 0;
	batch_init(batch, &eval_shape);
	buf_init(&own.heap, UINT32_MAX);
	buf_init(&own.off, SIZE_MAX);
	buf_init(&all.heap, UINT32_MAX);
	buf_init(&all.off, SIZE_MAX);
	buf_append(&own.off, &zero, sizeof(zero));
	buf_append(&all.off, &zero, sizeof(zero));
	batch->nrows = n;
	batch->columns = arena_zalloc(&batch->mem, COLUMNS, sizeof(*batch->columns));
	batch->groups = arena_zalloc(&batch->mem, 1, sizeof(*batch->groups));
	batch->groups[0].list_off = arena_zalloc(&batch->mem, n + 1, sizeof(uint32_t));
	for (uint32_t i = 0; i < n; i++) {
		buf_slice(&own.heap, events->of[from + i]);
		end_scalar(&own);
		add_scalars(&all, events->of[from + i]);
		batch->groups[0].list_off[i + 1] = all.n;
	}
	batch->groups[0].nelements = all.n;
	fill_strings(&batch->mem, &batch->columns[EVENT], n, &own.heap, &own.off);
	fill_strings(&batch->mem, &batch->columns[SCALAR], all.n, &all.heap, &all.off);
	buf_fini(&own.heap);
	buf_fini(&own.off);
	buf_fini(&all.heap);
	buf_fini(&all.off);
}

/* ---- one value ------------------------------------------------------------------------------- */

static bool value_at(struct slice value, struct buf *out)
{
	bool repaired = false;
	if (!value.len || slice_eq(value, SLICE("null")))
		return false;
	if (value.ptr[0] == '"')
		return json_unescape(value, 0, out, &repaired) > 0;
	return buf_slice(out, value) == 0;
}

static bool find(struct slice json, struct slice path, struct buf *out, unsigned depth)
{
	struct slice value;
	char key[256];
	if (depth > 32 || !json.len)
		return false;
	if (json.ptr[0] == '[') {
		size_t at = 0;
		while (json_item(json, &at, &value)) {
			if (path.len ? find(value, path, out, depth + 1) : value_at(value, out))
				return true;
		}
		return false;
	}
	for (size_t end = 1; end <= path.len; end++) {
		if ((end < path.len && path.ptr[end] != '.') || end >= sizeof(key))
			continue;
		memcpy(key, path.ptr, end);
		key[end] = '\0';
		if (json_member(json, key, &value) != 1)
			continue;
		if (end < path.len) {
			if (find(value, (struct slice){path.ptr + end + 1, path.len - end - 1}, out,
				    depth + 1))
				return true;
		} else if (value.len && value.ptr[0] == '[' ? find(value, SLICE(""), out, depth + 1)
							    : value_at(value, out)) {
			return true;
		}
	}
	return false;
}

bool eval_value(struct slice event, struct slice path, struct buf *out)
{
	buf_clear(out);
	return find(event, path, out, 0);
}
