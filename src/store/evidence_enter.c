/* SPDX-License-Identifier: Apache-2.0 */
/* evidence_enter.c: segments that were committed, hashed event by event and entered into the tree. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/evidence_private.h"
#include "store/rewrite.h"

/* ---- pages ----------------------------------------------------------------------------------- */

void page_record_write(struct buf *out, const struct page_facts *facts)
{
	buf_printf(out, "page %" PRIu64, facts->rows);
	if (facts->timed)
		buf_printf(out, " %" PRId64 " %" PRId64, facts->first, facts->last);
	else
		buf_puts(out, " - -");
	buf_printf(out, " %" PRIu64 " ", facts->untimed);
	note_base64(out, facts->root, MERKLE_HASH);
	buf_push(out, '\n');
}

/* The next word of a line that ends with LF. */
static struct slice next_word(struct slice *rest)
{
	size_t n = 0;
	while (n < rest->len && rest->ptr[n] != ' ' && rest->ptr[n] != '\n')
		n++;
	struct slice word = {rest->ptr, n};
	if (n < rest->len)
		n++;
	rest->ptr += n;
	rest->len -= n;
	return word;
}

int page_record_read(struct slice text, struct page_facts *facts)
{
	struct slice words[6], rest = text;
	int64_t rows, untimed;
	memset(facts, 0, sizeof(*facts));
	for (int i = 0; i < 6; i++)
		words[i] = next_word(&rest);
	if (rest.len > 0 || !slice_eq(words[0], SLICE("page")) ||
		text_parse_int(words[1], &rows) < 0 || rows < 1 ||
		text_parse_int(words[4], &untimed) < 0 || untimed < 0 || untimed > rows ||
		note_unbase64(words[5], facts->root, MERKLE_HASH) != MERKLE_HASH)
		return -1;
	facts->rows = (uint64_t)rows;
	facts->untimed = (uint64_t)untimed;
	facts->timed = !slice_eq(words[2], SLICE("-"));
	if (facts->timed && (text_parse_int(words[2], &facts->first) < 0 ||
				    text_parse_int(words[3], &facts->last) < 0))
		return -1;
	return 0;
}

int frame_events_read(struct store *store, const char *source, uint32_t file, uint32_t frame,
	struct arena *mem, struct frame_events *events, struct err *err)
{
	int there = vault_frame(store, source, file, frame, &events->row, err);
	if (there == 0 || (there == 1 && events->row.state != FRAME_LIVE))
		return err_set(err, ERR_DAMAGED,
			"frame %u of vault file %06u of %s, which holds events of the tree, is "
			"gone",
			frame, file, source);
	if (there < 0 ||
		vault_read_index(store, source, &events->row, mem, &events->index, err) < 0 ||
		vault_read_frame(store, source, &events->row, &events->bytes, err) < 0)
		return -1;
	return 0;
}

int frame_event_hash(
	const struct frame_events *events, uint32_t i, uint8_t hash[MERKLE_HASH], struct err *err)
{
	uint32_t at = events->index.offsets[i], n = events->index.lengths[i];
	if (n > events->bytes.len || at > events->bytes.len - n)
		return err_set(err, ERR_DAMAGED,
			"frame %u of vault file %06u: event %u lies outside of it",
			events->row.frame, events->row.file, i);
	merkle_entry(events->bytes.ptr + at, n, hash);
	return 0;
}

/* ---- a segment ------------------------------------------------------------------------------- */

struct entering {
	struct store *store;
	int64_t commit_id, source_id, received_at;
	char source[STORE_NAME], table[128];
	struct {
		uint32_t file, frame;
		uint64_t rows;
		char *record;
	} * pages;
	uint32_t n, cap;
	uint64_t rows;
	struct merkle_range range; /* over the pages' records */
	struct arena mem;          /* of the segment */
	struct arena frame;        /* of a frame */
};

static int hash_page(struct entering *e, uint32_t file, uint32_t frame, struct err *err)
{
	struct frame_events events;
	struct merkle_range range = {0};
	uint8_t hash[MERKLE_HASH];
	struct buf record;
	arena_reset(&e->frame);
	if (frame_events_read(e->store, e->source, file, frame, &e->frame, &events, err) < 0)
		return -1;
	for (uint32_t i = 0; i < events.index.n; i++) {
		if (frame_event_hash(&events, i, hash, err) < 0)
			return -1;
		merkle_add(&range, hash, NULL);
	}
	if (range.size == 0)
		return 0;
	struct page_facts facts = {.rows = range.size,
		.untimed = events.row.no_time,
		.timed = events.row.min_time <= events.row.max_time,
		.first = events.row.min_time,
		.last = events.row.max_time};
	merkle_root(&range, facts.root);
	buf_init(&record, 1000);
	page_record_write(&record, &facts);
	merkle_entry(record.ptr, record.len, hash);
	merkle_add(&e->range, hash, NULL);
	if (e->n == e->cap) {
		e->cap = e->cap ? e->cap * 2 : 64;
		e->pages = xrealloc(e->pages, e->cap * sizeof(*e->pages));
	}
	e->pages[e->n].file = file;
	e->pages[e->n].frame = frame;
	e->pages[e->n].rows = facts.rows;
	e->pages[e->n++].record = arena_strdup(&e->mem, buf_view(&record));
	e->rows += facts.rows;
	buf_fini(&record);
	return 0;
}

/* 1 found, 0 the commit is gone, -1. */
static int load_commit(struct entering *e, struct err *err)
{
	sqlite3_stmt *stmt = catalog_query(e->store, err,
		"SELECT c.source_id, s.name, t.name, c.received_at FROM commits c"
		" JOIN sources s ON s.id = c.source_id JOIN tables t ON t.id = c.table_id"
		" WHERE c.id = ?",
		"i", e->commit_id);
	int rc = stmt ? catalog_step(e->store, stmt, err) : -1;
	if (rc == 1) {
		e->source_id = sqlite3_column_int64(stmt, 0);
		snprintf(e->source, sizeof(e->source), "%s", catalog_text(stmt, 1));
		snprintf(e->table, sizeof(e->table), "%s", catalog_text(stmt, 2));
		e->received_at = sqlite3_column_int64(stmt, 3);
	}
	catalog_done(e->store, stmt);
	return rc;
}

static int hash_pages(struct entering *e, struct err *err)
{
	sqlite3_stmt *stmt = catalog_query(e->store, err,
		"SELECT file, frame FROM frames WHERE commit_id = ? AND kind = 0 AND state = 0"
		" ORDER BY file, frame",
		"i", e->commit_id);
	struct rows rows = rows_of(e->store, stmt);
	while (rows_next(&rows, err))
		rows.answer = hash_page(e, (uint32_t)sqlite3_column_int64(stmt, 0),
			(uint32_t)sqlite3_column_int64(stmt, 1), err);
	return rows.answer;
}

static int add_pages(struct entering *e, uint64_t entry, struct err *err)
{
	for (uint32_t i = 0; i < e->n; i++) {
		if (catalog_run(e->store, err,
			    "INSERT INTO evidence_pages VALUES(?, ?, ?, ?, ?, ?, ?, NULL, NULL)",
			    "uiiiiut", entry, (int64_t)i, e->source_id, (int64_t)e->pages[i].file,
			    (int64_t)e->pages[i].frame, e->pages[i].rows, e->pages[i].record) < 0)
			return -1;
	}
	return 0;
}

static int enter_rows(struct entering *e, struct err *err)
{
	int64_t last = 0;
	uint64_t entry;
	struct buf record;
	uint8_t root[MERKLE_HASH];
	if (catalog_run(e->store, err, "DELETE FROM evidence_pending WHERE commit_id = ?", "i",
		    e->commit_id) < 0)
		return -1;
	if (e->n == 0) /* retention was faster */
		return 0;
	if (catalog_int(e->store, &last, err,
		    "SELECT coalesce(max(sequence), 0) FROM evidence_entries WHERE source_id = ?",
		    "i", e->source_id) < 0)
		return -1;
	merkle_root(&e->range, root);
	buf_init(&record, 4096);
	buf_printf(&record,
		"pugmark segment 1\nsource %s\nsequence %" PRId64 "\ntable %s\nreceived %" PRId64
		"\nrows %" PRIu64 "\npages %u\nroot ",
		e->source, last + 1, e->table, e->received_at, e->rows, e->n);
	note_base64(&record, root, MERKLE_HASH);
	buf_append(&record, "\n", 2); /* with a NUL for SQLite */
	int rc = evidence_add(e->store, EVIDENCE_SEGMENT, e->source_id, last + 1,
		(struct slice){record.ptr, record.len - 1}, &entry, err);
	buf_fini(&record);
	return rc < 0 ? -1 : add_pages(e, entry, err);
}

static int hash_commit(struct entering *e, struct err *err)
{
	int rc = load_commit(e, err);
	return rc == 1 ? hash_pages(e, err) : rc;
}

/* Lease held: retention moves nothing meanwhile. 1 entered, 0 not (it is damaged, which was told), -1. */
static int enter_commit(struct store *store, int64_t commit_id, struct err *err)
{
	struct entering e = {.store = store, .commit_id = commit_id};
	struct err why;
	int rc = hash_commit(&e, &why);
	bool damaged = rc < 0 && (why.kind == ERR_DAMAGED || why.kind == ERR_IO);
	if (damaged)
		log_warn("a segment of %s is not entered as evidence: %s", e.source, why.text);
	else if (rc < 0 && err)
		*err = why;
	if (rc == 0 && (rc = catalog_begin(store, err)) == 0)
		rc = catalog_end(store, enter_rows(&e, err), err);
	free(e.pages);
	arena_fini(&e.mem);
	arena_fini(&e.frame);
	return damaged ? 0 : rc < 0 ? -1 : 1;
}

/* The next pending commit after `*id`: 1, 0 none, -1. */
static int next_pending(struct store *store, int64_t *id, struct err *err)
{
	return catalog_int(store, id, err,
		"SELECT commit_id FROM evidence_pending WHERE commit_id > ?"
		" ORDER BY commit_id LIMIT 1",
		"i", *id);
}

int evidence_enter(
	struct store *store, const struct progress *progress, uint64_t *entered, struct err *err)
{
	int64_t id = 0, total = 0;
	uint64_t done = 0;
	int rc;
	if (entered)
		*entered = 0;
	if (store_check_writable(store, err) < 0 || evidence_check_format(store, err) < 0 ||
		catalog_int(store, &total, err, "SELECT count(*) FROM evidence_pending", "") < 0)
		return -1;
	while ((rc = next_pending(store, &id, err)) == 1) {
		if (progress_step(progress, done++, (uint64_t)total, "hashing", err) < 0 ||
			store_lease(store, err) < 0)
			return -1;
		rc = enter_commit(store, id, err);
		store_unlease(store);
		if (rc < 0)
			return -1;
		if (entered)
			*entered += (uint64_t)rc;
	}
	return rc;
}
