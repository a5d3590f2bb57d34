/* SPDX-License-Identifier: Apache-2.0 */
/* evidence_retain.c: what retention removes stays in the tree as hashes, and an entry says that it did, by which rule. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "store/evidence_private.h"

#define DAY_US INT64_C(86400000000)

void evidence_removing_init(struct evidence_removing *removing)
{
	buf_init(&removing->lines, (size_t)1 << 30);
}

void evidence_removing_fini(struct evidence_removing *removing)
{
	buf_fini(&removing->lines);
}

/* What is left of a page: its bits, and the hashes of all that is gone, in order. */
struct rest {
	uint8_t *kept;
	struct buf removed;
	uint64_t left, went;
};

static int take_rows(const struct page_row *page, uint32_t n, const bool *gone,
	const uint8_t (*hashes)[MERKLE_HASH], struct rest *rest, struct err *err)
{
	uint32_t next = 0;
	size_t before = 0;
	for (uint64_t row = 0; row < page->rows; row++) {
		if (!page_keeps(page, row)) {
			if (page->removed_bytes < (before + 1) * MERKLE_HASH)
				break;
			buf_append(&rest->removed, page->removed + before++ * MERKLE_HASH,
				MERKLE_HASH);
		} else if (next < n && gone[next]) {
			buf_append(&rest->removed, hashes[next++], MERKLE_HASH);
			rest->went++;
		} else {
			rest->kept[row / 8] |= (uint8_t)(1u << row % 8);
			rest->left++;
			next++;
		}
	}
	if (next == n)
		return 0;
	return err_set(err, ERR_DAMAGED,
		"page %llu of entry %llu of the tree of evidence does not fit its frame: run "
		"`pugmark verify --checkpoint`",
		(unsigned long long)page->page, (unsigned long long)page->entry);
}

static int write_page(struct store *store, const struct page_row *page, const struct rest *rest,
	int64_t new_file, int64_t new_frame, struct err *err)
{
	bool any = rest->left > 0;
	return catalog_run(store, err,
		"UPDATE evidence_pages SET file = ?, frame = ?, kept = ?, removed = ?"
		" WHERE entry = ? AND page = ?",
		"iibbuu", any ? new_file : 0, any ? new_frame : INT64_C(-1), rest->kept,
		(size_t)(page->rows + 7) / 8, any ? rest->removed.ptr : NULL,
		any ? rest->removed.len : (size_t)0, page->entry, page->page);
}

int evidence_remove(struct store *store, struct evidence_removing *removing, const char *source,
	uint32_t file, uint32_t frame, uint32_t n, const bool *gone,
	const uint8_t (*hashes)[MERKLE_HASH], int64_t new_file, int64_t new_frame, struct err *err)
{
	struct arena mem;
	struct page_row page;
	struct rest rest = {0};
	arena_init(&mem);
	buf_init(&rest.removed, SIZE_MAX / 2);
	int rc = page_of_frame(store, source, file, frame, &mem, &page, err);
	if (rc == 1) {
		rest.kept = arena_zalloc(&mem, (page.rows + 7) / 8, 1);
		rc = take_rows(&page, n, gone, hashes, &rest, err);
		if (rc == 0)
			rc = write_page(store, &page, &rest, new_file, new_frame, err);
		buf_printf(&removing->lines, "removed %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
			page.entry, page.page, rest.went);
	}
	buf_fini(&rest.removed);
	arena_fini(&mem);
	return rc;
}

int evidence_removed(struct store *store, const struct evidence_removing *removing,
	const struct table_state *table, int32_t first_day, struct err *err)
{
	int64_t days = 0, year;
	unsigned month, day;
	uint64_t entry;
	struct buf record;
	if (removing->lines.len == 0)
		return 0;
	if (catalog_int(store, &days, err, "SELECT keep_days FROM tables WHERE id = ?", "i",
		    table->id) < 0)
		return -1;
	/* What a shorter rule said before still goes, whatever the rule is now. */
	int64_t at = clock_now_us(), reach = at / DAY_US - first_day;
	if (days > reach)
		days = reach;
	clock_date(first_day, &year, &month, &day);
	buf_init(&record, (size_t)1 << 30);
	buf_printf(&record,
		"pugmark retention 1\ntable %s\nrule keep %" PRId64
		" days\nbefore %04d-%02u-%02u\nat %" PRId64 "\n",
		table->name, days, (int)year, month, day, at);
	buf_slice(&record, buf_view(&removing->lines));
	buf_append(&record, "", 1); /* a NUL for SQLite */
	int rc = evidence_add(store, EVIDENCE_RETENTION, 0, 0,
		(struct slice){record.ptr, record.len - 1}, &entry, err);
	buf_fini(&record);
	return rc;
}
