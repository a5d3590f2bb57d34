/* SPDX-License-Identifier: Apache-2.0 */
/* evidence_export.c: the whole tree with all raw events, as lines of JSON, for a verifier that is not ours. */
#include <inttypes.h>
#include <string.h>

#include "store/evidence_private.h"
#include "store/rewrite.h"

struct exporting {
	struct store *store;
	int (*line)(void *ctx, struct slice json, struct err *err);
	void *ctx;
	struct buf out;
};

static void add_base64(struct buf *out, bool first, const void *data, size_t n)
{
	buf_puts(out, first ? "\"" : ",\"");
	note_base64(out, data, n);
	buf_push(out, '"');
}

/* 0, or -1 where it cannot be read: what was appended is then to be thrown away. */
static int add_events(
	struct exporting *x, const struct page_row *page, struct arena *mem, struct err *err)
{
	struct frame_events events;
	uint8_t unused[MERKLE_HASH];
	buf_puts(&x->out, ",\"events\":[");
	if (page->frame >= 0) {
		if (frame_events_read(x->store, page->source, (uint32_t)page->file,
			    (uint32_t)page->frame, mem, &events, err) < 0)
			return -1;
		for (uint32_t i = 0; i < events.index.n; i++) {
			if (frame_event_hash(&events, i, unused, err) < 0)
				return -1;
			add_base64(&x->out, i == 0, events.bytes.ptr + events.index.offsets[i],
				events.index.lengths[i]);
		}
	}
	buf_push(&x->out, ']');
	return 0;
}

static void add_gone(struct exporting *x, const struct page_row *page)
{
	bool first = true;
	if (!page->kept)
		return;
	buf_puts(&x->out, ",\"gone\":[");
	for (uint64_t row = 0; row < page->rows; row++) {
		if (page_keeps(page, row))
			continue;
		buf_printf(&x->out, "%s%" PRIu64, first ? "" : ",", row);
		first = false;
	}
	buf_puts(&x->out, "],\"hashes\":[");
	for (size_t i = 0; i + MERKLE_HASH <= page->removed_bytes; i += MERKLE_HASH)
		add_base64(&x->out, i == 0, page->removed + i, MERKLE_HASH);
	buf_push(&x->out, ']');
}

static int export_page(void *ctx, const struct page_row *page, struct err *err)
{
	struct exporting *x = ctx;
	struct arena mem;
	struct err why;
	buf_clear(&x->out);
	buf_printf(&x->out, "{\"page\":%" PRIu64 ",\"record\":", page->page);
	text_json_string(&x->out, slice_of(page->record));
	add_gone(x, page);
	size_t end = x->out.len;
	arena_init(&mem);
	if (add_events(x, page, &mem, &why) < 0) {
		x->out.len = end;
		text_json_member(&x->out, "damaged", why.text);
	}
	arena_fini(&mem);
	buf_push(&x->out, '}');
	return x->line(x->ctx, buf_view(&x->out), err);
}

static int export_entry(
	struct exporting *x, uint64_t n, const char *record, struct arena *mem, struct err *err)
{
	struct err why;
	buf_clear(&x->out);
	buf_printf(&x->out, "{\"entry\":%" PRIu64 ",\"record\":", n);
	text_json_string(&x->out, slice_of(record));
	buf_push(&x->out, '}');
	int rc = x->line(x->ctx, buf_view(&x->out), err);
	if (rc == 0 && pages_of_entry(x->store, n, mem, export_page, x, &why) < 0) {
		if (why.kind != ERR_DAMAGED) {
			*err = why;
			return -1;
		}
		buf_clear(&x->out);
		buf_puts(&x->out, "{\"page\":-1,\"record\":\"\"");
		text_json_member(&x->out, "damaged", why.text);
		buf_push(&x->out, '}');
		rc = x->line(x->ctx, buf_view(&x->out), err);
	}
	return rc;
}

static int export_newest(struct exporting *x, struct err *err)
{
	struct buf note;
	buf_init(&note, NOTE_MOST);
	int rc = evidence_newest(x->store, &note, err);
	if (rc == 1) {
		buf_clear(&x->out);
		buf_puts(&x->out, "{\"checkpoint\":");
		text_json_string(&x->out, buf_view(&note));
		buf_push(&x->out, '}');
		rc = x->line(x->ctx, buf_view(&x->out), err);
	}
	buf_fini(&note);
	return rc;
}

int evidence_export(struct store *store, const struct progress *progress,
	int (*line)(void *ctx, struct slice json, struct err *err), void *ctx, struct err *err)
{
	struct exporting x = {.store = store, .line = line, .ctx = ctx};
	struct evidence_state state;
	struct arena mem;
	if (evidence_state(store, &state, err) < 0 || evidence_snapshot_begin(store, err) < 0)
		return -1;
	buf_init(&x.out, (size_t)1 << 31);
	arena_init(&mem);
	int rc = export_newest(&x, err);
	sqlite3_stmt *stmt =
		rc < 0 ? NULL
		       : catalog_query(store, err,
				 "SELECT n, record FROM evidence_entries ORDER BY n", "");
	struct rows rows = rows_of(store, stmt);
	while (rows_next(&rows, err)) {
		uint64_t n = (uint64_t)sqlite3_column_int64(stmt, 0);
		arena_reset(&mem);
		rows.answer = progress_step(progress, n, state.size, "exporting", err);
		if (rows.answer == 0)
			rows.answer = export_entry(&x, n, catalog_text(stmt, 1), &mem, err);
	}
	evidence_snapshot_end(store);
	arena_fini(&mem);
	buf_fini(&x.out);
	return rows.answer;
}
