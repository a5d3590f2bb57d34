/* SPDX-License-Identifier: Apache-2.0 */
/* evidence_pages.c: pages as rows of the catalog, and the hashes of all events that they had. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/evidence_private.h"

#define PAGE_COLUMNS "p.entry, p.page, s.name, p.file, p.frame, p.rows, p.record, p.kept, p.removed"

static uint8_t *copy_blob(sqlite3_stmt *stmt, int column, struct arena *mem, size_t *n)
{
	const void *blob = sqlite3_column_blob(stmt, column);
	*n = (size_t)sqlite3_column_bytes(stmt, column);
	if (sqlite3_column_type(stmt, column) == SQLITE_NULL)
		return NULL;
	uint8_t *copy = arena_alloc(mem, *n + 1);
	if (*n)
		memcpy(copy, blob, *n);
	return copy;
}

/* What a catalog says is not believed: a bitmap that is too short would be read beyond its end. */
static int page_of_row(
	sqlite3_stmt *stmt, struct arena *mem, struct page_row *page, struct err *err)
{
	size_t kept;
	*page = (struct page_row){.entry = (uint64_t)sqlite3_column_int64(stmt, 0),
		.page = (uint64_t)sqlite3_column_int64(stmt, 1),
		.file = sqlite3_column_int64(stmt, 3),
		.frame = sqlite3_column_int64(stmt, 4),
		.rows = (uint64_t)sqlite3_column_int64(stmt, 5)};
	snprintf(page->source, sizeof(page->source), "%s", catalog_text(stmt, 2));
	snprintf(page->record, sizeof(page->record), "%s", catalog_text(stmt, 6));
	page->kept = copy_blob(stmt, 7, mem, &kept);
	page->removed = copy_blob(stmt, 8, mem, &page->removed_bytes);
	if (page->rows == 0 || page->rows > UINT32_MAX ||
		(page->kept && kept != (page->rows + 7) / 8))
		return err_set(err, ERR_DAMAGED,
			"catalog.db: page %llu of entry %llu of the tree is no page",
			(unsigned long long)page->page, (unsigned long long)page->entry);
	return 0;
}

int page_of_frame(struct store *store, const char *source, uint32_t file, uint32_t frame,
	struct arena *mem, struct page_row *page, struct err *err)
{
	sqlite3_stmt *stmt = catalog_query(store, err,
		"SELECT " PAGE_COLUMNS " FROM evidence_pages p JOIN sources s ON s.id = p.source_id"
		" WHERE s.name = ? AND p.file = ? AND p.frame = ?",
		"tii", source, (int64_t)file, (int64_t)frame);
	int rc = stmt ? catalog_step(store, stmt, err) : -1;
	if (rc == 1 && page_of_row(stmt, mem, page, err) < 0)
		rc = -1;
	catalog_done(store, stmt);
	return rc;
}

int pages_of_entry(struct store *store, uint64_t entry, struct arena *mem,
	int (*each)(void *ctx, const struct page_row *page, struct err *err), void *ctx,
	struct err *err)
{
	sqlite3_stmt *stmt = catalog_query(store, err,
		"SELECT " PAGE_COLUMNS " FROM evidence_pages p"
		" LEFT JOIN sources s ON s.id = p.source_id WHERE p.entry = ? ORDER BY p.page",
		"u", entry);
	struct rows rows = rows_of(store, stmt);
	while (rows_next(&rows, err)) {
		struct page_row page;
		rows.answer = page_of_row(stmt, mem, &page, err);
		if (rows.answer == 0)
			rows.answer = each(ctx, &page, err);
	}
	return rows.answer;
}

static int wrong_count(const struct page_row *page, struct err *err)
{
	return err_set(err, ERR_DAMAGED,
		"page %llu of entry %llu: the vault does not hold as many events as the page has",
		(unsigned long long)page->page, (unsigned long long)page->entry);
}

int page_hashes(struct store *store, const struct page_row *page, struct arena *mem,
	uint8_t (**hashes)[MERKLE_HASH], struct err *err)
{
	struct frame_events events = {0};
	uint32_t next = 0;
	size_t gone = 0;
	if (page->frame >= 0 && frame_events_read(store, page->source, (uint32_t)page->file,
					(uint32_t)page->frame, mem, &events, err) < 0)
		return -1;
	*hashes = arena_alloc(mem, page->rows * MERKLE_HASH);
	for (uint64_t row = 0; row < page->rows; row++) {
		if (!page_keeps(page, row)) {
			if (!page->removed || page->removed_bytes < (gone + 1) * MERKLE_HASH)
				return wrong_count(page, err);
			memcpy((*hashes)[row], page->removed + gone++ * MERKLE_HASH, MERKLE_HASH);
			continue;
		}
		if (page->frame < 0 || next == events.index.n)
			return wrong_count(page, err);
		if (frame_event_hash(&events, next++, (*hashes)[row], err) < 0)
			return -1;
	}
	if (next != events.index.n || gone * MERKLE_HASH != page->removed_bytes)
		return wrong_count(page, err);
	return 0;
}
