/* SPDX-License-Identifier: Apache-2.0 */
/* evidence_prove.c: proofs that an event is in its page, the page in its segment, and the segment in the tree. */
#include <stdlib.h>
#include <string.h>

#include "store/evidence_private.h"

void evidence_proof_fini(struct evidence_proof *proof)
{
	buf_fini(&proof->record);
	buf_fini(&proof->page_record);
}

/* The number in its page of the event at an offset of the frame; -1 with ERR_NOT_FOUND where no event begins there. */
static int find_row(struct store *store, const struct page_row *page, uint32_t offset,
	struct arena *mem, uint64_t *row, struct err *err)
{
	struct frame_events events;
	if (frame_events_read(store, page->source, (uint32_t)page->file, (uint32_t)page->frame, mem,
		    &events, err) < 0)
		return -1;
	uint32_t next = 0;
	for (*row = 0; *row < page->rows; ++*row) {
		if (!page_keeps(page, *row))
			continue;
		if (next == events.index.n)
			break;
		if (events.index.offsets[next++] == offset)
			return 0;
	}
	return err_set(err, ERR_NOT_FOUND, "no event of the page begins at byte %u of frame %u",
		offset, events.row.frame);
}

/* The pages' hashes of a segment. */
struct page_list {
	uint8_t (*hashes)[MERKLE_HASH];
	uint64_t n, cap;
};

static int list_page(void *ctx, const struct page_row *page, struct err *err)
{
	struct page_list *list = ctx;
	(void)err;
	if (list->n == list->cap) {
		list->cap = list->cap ? list->cap * 2 : 64;
		list->hashes = xrealloc(list->hashes, list->cap * MERKLE_HASH);
	}
	merkle_entry(page->record, strlen(page->record), list->hashes[list->n++]);
	return 0;
}

static int prove_in_page(struct store *store, const struct page_row *page, uint32_t offset,
	struct arena *mem, struct evidence_proof *proof, struct err *err)
{
	uint8_t(*hashes)[MERKLE_HASH];
	if (find_row(store, page, offset, mem, &proof->row, err) < 0 ||
		page_hashes(store, page, mem, &hashes, err) < 0)
		return -1;
	struct merkle_source source = {merkle_array_node, hashes};
	return merkle_inclusion(&source, proof->row, page->rows, &proof->in_page, err);
}

static int prove_in_segment(
	struct store *store, struct arena *mem, struct evidence_proof *proof, struct err *err)
{
	struct page_list list = {0};
	int rc = pages_of_entry(store, proof->entry, mem, list_page, &list, err);
	struct merkle_source source = {merkle_array_node, list.hashes};
	if (rc == 0 && proof->page >= list.n)
		rc = err_set(err, ERR_DAMAGED, "catalog.db: pages of entry %llu are gone",
			(unsigned long long)proof->entry);
	if (rc == 0)
		rc = merkle_inclusion(&source, proof->page, list.n, &proof->in_segment, err);
	proof->pages = list.n;
	free(list.hashes);
	return rc;
}

int evidence_prove(struct store *store, const struct vault_place *place, uint64_t size,
	struct evidence_proof *proof, struct err *err)
{
	struct arena mem;
	struct page_row page;
	struct merkle_source source = evidence_source(store);
	memset(proof, 0, sizeof(*proof));
	buf_init(&proof->record, 1 << 20);
	buf_init(&proof->page_record, 1 << 10);
	if (evidence_check_format(store, err) < 0)
		return -1;
	arena_init(&mem);
	int rc = page_of_frame(store, place->source, place->file, place->frame, &mem, &page, err);
	if (rc == 1 && page.entry >= size)
		rc = 0;
	if (rc == 1) {
		proof->entry = page.entry;
		proof->page = page.page;
		proof->rows = page.rows;
		buf_puts(&proof->page_record, page.record);
		if (prove_in_page(store, &page, place->offset, &mem, proof, err) < 0 ||
			prove_in_segment(store, &mem, proof, err) < 0 ||
			evidence_record(store, page.entry, &proof->record, err) < 1 ||
			merkle_inclusion(&source, page.entry, size, &proof->in_tree, err) < 0)
			rc = -1;
	}
	arena_fini(&mem);
	return rc;
}

int evidence_consistency(
	struct store *store, uint64_t old, uint64_t size, struct merkle_path *path, struct err *err)
{
	struct merkle_source source = evidence_source(store);
	path->n = 0;
	return old == 0 || old == size ? 0 : merkle_consistency(&source, old, size, path, err);
}
