/* SPDX-License-Identifier: Apache-2.0 */
/* sql.c: texts and names in SQL, and answers in RowBinary. */
#include <stdlib.h>

#include "cluster/cluster.h"

static void quoted(struct buf *out, struct slice text, char quote)
{
	buf_push(out, quote);
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		if (c == '\0') {
			buf_puts(out, "\\0");
			continue;
		}
		if (c == quote || c == '\\')
			buf_push(out, '\\');
		buf_push(out, c);
	}
	buf_push(out, quote);
}

void sql_text(struct buf *out, struct slice text)
{
	quoted(out, text, '\'');
}

void sql_name(struct buf *out, struct slice name)
{
	quoted(out, name, '`');
}

/* ---- sets ------------------------------------------------------------------------------------ */

enum { LISTED_MOST = 64 };

void sql_set_add(struct sql_set *set, struct slice text)
{
	if (set->n == set->cap) {
		set->cap = set->cap ? 2 * set->cap : 64;
		set->texts = xrealloc(set->texts, set->cap * sizeof(*set->texts));
	}
	set->texts[set->n++] = (struct slice){arena_strdup(&set->mem, text), text.len};
}

/* A byte that stands in none of them, or -1. Below 0x80, so that no character is cut. */
static int separator_of(const struct sql_set *set)
{
	bool used[128] = {false};
	for (uint32_t i = 0; i < set->n; i++)
		for (size_t k = 0; k < set->texts[i].len; k++)
			if ((uint8_t)set->texts[i].ptr[k] < 128)
				used[(uint8_t)set->texts[i].ptr[k]] = true;
	for (int c = 1; c < 128; c++)
		if (!used[c])
			return c;
	return -1;
}

static void put_joined(const struct sql_set *set, int separator, struct buf *out)
{
	struct buf joined;
	char between = (char)separator;
	buf_init(&joined, SIZE_MAX / 2);
	for (uint32_t i = 0; i < set->n; i++) {
		if (i)
			buf_push(&joined, between);
		buf_slice(&joined, set->texts[i]);
	}
	buf_puts(out, "(SELECT arrayJoin(splitByChar(");
	sql_text(out, (struct slice){&between, 1});
	buf_puts(out, ", ");
	sql_text(out, buf_view(&joined));
	buf_puts(out, ")))");
	buf_fini(&joined);
}

static void put_listed(const struct sql_set *set, bool ids, struct buf *out)
{
	buf_push(out, '(');
	for (uint32_t i = 0; i < set->n; i++) {
		buf_puts(out, i ? ", " : "");
		if (ids)
			sql_id(out, (const uint8_t *)set->texts[i].ptr);
		else
			sql_text(out, set->texts[i]);
	}
	buf_push(out, ')');
}

static void empty_set(struct sql_set *set)
{
	arena_fini(&set->mem);
	free(set->texts);
	*set = (struct sql_set){0};
}

void sql_set_put(struct sql_set *set, struct buf *out)
{
	int separator = set->n > LISTED_MOST ? separator_of(set) : -1;
	if (separator >= 0)
		put_joined(set, separator, out);
	else
		put_listed(set, false, out);
	empty_set(set);
}

void sql_set_put_ids(struct sql_set *set, struct buf *out)
{
	static const char digits[] = "0123456789ABCDEF";
	if (set->n <= LISTED_MOST) {
		put_listed(set, true, out);
		empty_set(set);
		return;
	}
	buf_puts(out, "(SELECT toFixedString(unhex(arrayJoin(splitByChar(',', '");
	for (uint32_t i = 0; i < set->n; i++) {
		buf_puts(out, i ? "," : "");
		for (size_t k = 0; k < 16; k++) {
			uint8_t byte = (uint8_t)set->texts[i].ptr[k];
			buf_push(out, digits[byte >> 4]);
			buf_push(out, digits[byte & 15]);
		}
	}
	buf_puts(out, "'))), 16))");
	empty_set(set);
}

void sql_id(struct buf *out, const uint8_t id[16])
{
	buf_puts(out, "toFixedString(");
	sql_text(out, (struct slice){(const char *)id, 16});
	buf_puts(out, ", 16)");
}

void sql_events_add(struct sql_events *events, const uint8_t id[16], int64_t time)
{
	events->first = events->ids.n == 0 || time < events->first ? time : events->first;
	events->last = events->ids.n == 0 || time > events->last ? time : events->last;
	sql_set_add(&events->ids, (struct slice){(const char *)id, 16});
}

void sql_events_put(struct sql_events *events, struct buf *out)
{
	/* What has no time has the least, and no literal is as low. */
	if (events->first != CLUSTER_NO_TIME)
		buf_printf(out, "`_time` >= %lld AND ", (long long)events->first);
	if (events->last != CLUSTER_NO_TIME)
		buf_printf(out, "`_time` <= %lld AND ", (long long)events->last);
	else
		buf_puts(out, SQL_UNTIMED " AND ");
	buf_puts(out, "`_id` IN ");
	sql_set_put_ids(&events->ids, out);
}

/* ---- RowBinary ------------------------------------------------------------------------------- */

struct slice row_bytes(struct row_cursor *cursor, size_t n)
{
	if (cursor->bad || (size_t)(cursor->end - cursor->at) < n) {
		cursor->bad = true;
		return SLICE("");
	}
	struct slice bytes = {cursor->at, n};
	cursor->at += n;
	return bytes;
}

uint64_t row_u64(struct row_cursor *cursor)
{
	uint64_t value = 0;
	struct slice bytes = row_bytes(cursor, sizeof(value));
	memcpy(&value, bytes.ptr, bytes.len);
	return value;
}

uint8_t row_u8(struct row_cursor *cursor)
{
	struct slice bytes = row_bytes(cursor, 1);
	return bytes.len ? (uint8_t)*bytes.ptr : 0;
}

uint64_t row_size(struct row_cursor *cursor)
{
	uint64_t value = 0;
	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint8_t byte = row_u8(cursor);
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return cursor->bad ? 0 : value;
	}
	cursor->bad = true;
	return 0;
}

struct slice row_text(struct row_cursor *cursor)
{
	uint64_t n = row_size(cursor);
	if (n > (uint64_t)(cursor->end - cursor->at))
		cursor->bad = true;
	return row_bytes(cursor, cursor->bad ? 0 : (size_t)n);
}

int row_end(const struct row_cursor *cursor, struct err *err)
{
	return cursor->bad ? err_set(err, ERR_FORMAT,
				     "the cluster's answer cannot be read: it ends within a row")
			   : 0;
}

int cluster_rows(struct cluster *cluster, struct buf *sql, struct buf *answer,
	struct row_cursor *cursor, struct err *err)
{
	size_t before = sql->len;
	buf_puts(sql, " FORMAT RowBinary");
	struct cluster_query query = {.sql = buf_view(sql), .reading = true, .whole = true};
	buf_clear(answer);
	int rc = cluster_ask(cluster, &query, answer, err);
	sql->len = before;
	*cursor = row_cursor(rc == 0 ? buf_view(answer) : SLICE(""));
	return rc;
}
