/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evidence_verify.c: the whole store against a checkpoint that somebody holds. Nothing of the catalog is believed but what the checkpoint's root
 * or a record below it confirms: entries are hashed again, pages are held against their segment's root, events against their page's, and
 * what is missing must be what an entry of retention says.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/evidence_private.h"
#include "store/rewrite.h"

#define DAY_US INT64_C(86400000000)

/* A line "removed ENTRY PAGE EVENTS", and how much of it pages have answered for. */
struct removal {
	uint64_t entry, page, events;
	int64_t before; /* µs: what is older may have gone */
};

struct verifying {
	struct store *store;
	const struct evidence_check *check;
	struct evidence_result *result;
	struct checkpoint held;
	uint64_t covered; /* entries below the newest checkpoint that is signed */
	struct removal *removals;
	size_t nremovals, cap;
	struct arena mem;
	/* the segment in hand */
	uint64_t entry, pages, rows, missing;
	struct merkle_range range;
	char name[200];
};

static void find(struct verifying *v, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void find(struct verifying *v, const char *fmt, ...)
{
	char what[600];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	v->result->findings++;
	v->check->found(v->check->ctx, v->name, what);
}

/* ---- the tree -------------------------------------------------------------------------------- */

/* A line that is not "removed …" stays as it is; the last number of each is added to *sum. */
static int note_removals(struct verifying *v, struct slice record, uint64_t *sum)
{
	int64_t days, keep;
	struct slice before = evidence_line(record, "before");
	struct slice rule = evidence_line(record, "rule");
	char text[200], rule_text[40];
	snprintf(text, sizeof(text), "%.*s", SLICE_ARG(before));
	snprintf(rule_text, sizeof(rule_text), "%.*s", SLICE_ARG(rule));
	unsigned y, m, d;
	int64_t at = 0;
	*sum = 0;
	if (sscanf(text, "%4u-%2u-%2u", &y, &m, &d) != 3 || m < 1 || m > 12 || d < 1 || d > 31 ||
		sscanf(rule_text, "keep %" SCNd64 " days", &keep) != 1 || keep < 1 ||
		evidence_number(record, "at", &at) < 0)
		return -1;
	days = clock_days(y, m, d);
	/* No rule takes what is younger than it says. */
	if (keep > 1000000 || days > at / DAY_US - keep + 1)
		find(v, "entry %" PRIu64 ": retention took more than its rule (%s) allows",
			v->entry, rule_text);
	for (const char *p = record.ptr; p && p < record.ptr + record.len;) {
		struct removal r = {.before = days * DAY_US};
		if (sscanf(p, "removed %" SCNu64 " %" SCNu64 " %" SCNu64 "\n", &r.entry, &r.page,
			    &r.events) == 3) {
			if (v->nremovals == v->cap) {
				v->cap = v->cap ? v->cap * 2 : 64;
				v->removals = xrealloc(v->removals, v->cap * sizeof(r));
			}
			v->removals[v->nremovals++] = r;
			*sum += r.events;
		}
		p = memchr(p, '\n', (size_t)(record.ptr + record.len - p));
		p = p ? p + 1 : NULL;
	}
	return 0;
}

static void check_retention(struct verifying *v, struct slice record)
{
	struct evidence_removal told = {.entry = v->entry};
	if (note_removals(v, record, &told.events) < 0) {
		find(v, "entry %" PRIu64 " is no entry of retention", v->entry);
		return;
	}
	if (v->entry >= v->covered)
		find(v,
			"entry %" PRIu64 " says that retention removed events, and no signed "
			"checkpoint has it: make one "
			"(pugmark checkpoint) and check again, or it was forged",
			v->entry);
	told.table = evidence_line(record, "table");
	told.rule = evidence_line(record, "rule");
	told.before = evidence_line(record, "before");
	told.at = evidence_line(record, "at");
	if (v->check->removed)
		v->check->removed(v->check->removed_ctx, &told);
}

/* Hashes all entries again: their roots at the sizes that were signed must be the signed ones. */
struct entries {
	struct verifying *v;
	struct merkle_range range;
	struct checkpoint newest;
	bool held_seen, newest_good;
	uint64_t next;
};

static void at_size(struct entries *e)
{
	uint8_t root[MERKLE_HASH];
	struct verifying *v = e->v;
	merkle_root(&e->range, root);
	if (e->range.size == v->held.size) {
		e->held_seen = true;
		if (memcmp(root, v->held.root, MERKLE_HASH) != 0)
			find(v,
				"the first %" PRIu64
				" entries of the tree are not those that were signed: something "
				"was altered, removed, or put in another order",
				v->held.size);
	}
	if (e->range.size == e->newest.size && memcmp(root, e->newest.root, MERKLE_HASH) == 0)
		e->newest_good = true;
}

static int each_entry(struct entries *e, struct err *err)
{
	sqlite3_stmt *stmt = catalog_query(
		e->v->store, err, "SELECT n, record FROM evidence_entries ORDER BY n", "");
	struct rows rows = rows_of(e->v->store, stmt);
	at_size(e);
	while (rows_next(&rows, err)) {
		uint8_t entry[MERKLE_HASH];
		uint64_t n = (uint64_t)sqlite3_column_int64(stmt, 0);
		const char *record = catalog_text(stmt, 1);
		if (n != e->next)
			find(e->v, "entry %" PRIu64 " of the tree is gone", e->next);
		e->next = n + 1;
		merkle_entry(record, strlen(record), entry);
		merkle_add(&e->range, entry, NULL);
		at_size(e);
	}
	return rows.answer;
}

static int check_tree(struct verifying *v, struct err *err)
{
	struct entries e = {.v = v};
	struct buf newest;
	struct err why;
	snprintf(v->name, sizeof(v->name), "catalog.db");
	buf_init(&newest, NOTE_MOST);
	int rc = evidence_newest(v->store, &newest, err);
	bool there = rc == 1 && note_read(buf_view(&newest), &e.newest, &why) == 0 &&
		     note_verify(buf_view(&newest), &e.newest, v->check->verifier, &why) == 0;
	if (rc == 1 && !there)
		find(v, "the newest checkpoint of the store is not good: %s", why.text);
	if (!there)
		e.newest = v->held;
	if (rc >= 0)
		rc = each_entry(&e, err);
	if (rc == 0 && !e.held_seen)
		find(v,
			"the tree has %" PRIu64 " entries, %" PRIu64
			" were signed: the store was rolled back, or entries were removed",
			e.range.size, v->held.size);
	if (rc == 0 && there && !e.newest_good)
		find(v, "the tree is not what the store's newest checkpoint says");
	v->covered = e.newest_good && e.newest.size > v->held.size ? e.newest.size : v->held.size;
	v->result->entries = v->held.size;
	buf_fini(&newest);
	return rc;
}

/* ---- segments -------------------------------------------------------------------------------- */

static int compare_removals(const void *left, const void *right)
{
	const struct removal *a = left, *b = right;
	if (a->entry != b->entry)
		return a->entry < b->entry ? -1 : 1;
	return a->page < b->page ? -1 : a->page > b->page;
}

/* What retention says that it took of a page, and what it may have taken: older than the newest of its rules. The removals are sorted. */
static uint64_t told_removed(
	const struct verifying *v, const struct page_row *page, int64_t *before)
{
	struct removal key = {.entry = page->entry, .page = page->page};
	size_t from = 0, to = v->nremovals;
	uint64_t sum = 0;
	*before = INT64_MIN;
	while (from < to) {
		size_t middle = from + (to - from) / 2;
		if (compare_removals(&v->removals[middle], &key) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	for (; from < v->nremovals && compare_removals(&v->removals[from], &key) == 0; from++) {
		sum += v->removals[from].events;
		if (v->removals[from].before > *before)
			*before = v->removals[from].before;
	}
	return sum;
}

static void check_missing(struct verifying *v, const struct page_row *page,
	const struct page_facts *facts, uint64_t missing)
{
	int64_t before;
	uint64_t told = told_removed(v, page, &before);
	if (missing != told)
		find(v,
			"page %" PRIu64 ": %" PRIu64
			" events are missing, retention says that it took "
			"%" PRIu64,
			page->page, missing, told);
	else if (missing > 0 && facts->untimed == 0 && facts->timed && facts->first >= before)
		find(v,
			"page %" PRIu64 ": retention is said to have taken %" PRIu64
			" events, but all were younger than its rule (unless a rebuild changed "
			"their times)",
			page->page, missing);
	v->missing += missing;
}

/* Its events against its root. -1 stops. */
static int check_events(struct verifying *v, const struct page_row *page,
	const struct page_facts *facts, struct err *err)
{
	uint8_t(*hashes)[MERKLE_HASH], root[MERKLE_HASH];
	struct merkle_range range = {0};
	struct arena mem;
	struct err why;
	arena_init(&mem);
	int rc = page_hashes(v->store, page, &mem, &hashes, &why);
	for (uint64_t i = 0; rc == 0 && i < page->rows; i++)
		merkle_add(&range, hashes[i], NULL);
	if (rc == 0)
		merkle_root(&range, root);
	arena_fini(&mem);
	if (rc < 0 && why.kind == ERR_INTERRUPTED) {
		*err = why;
		return -1;
	}
	if (rc < 0)
		find(v, "page %" PRIu64 ": %s", page->page, why.text);
	else if (memcmp(root, facts->root, MERKLE_HASH) != 0)
		find(v,
			"page %" PRIu64 " (frame %" PRId64 " of vault file %06" PRId64
			"): its events are not those that were stored",
			page->page, page->frame, page->file);
	return 0;
}

static int check_page(void *ctx, const struct page_row *page, struct err *err)
{
	struct verifying *v = ctx;
	struct page_facts facts;
	uint8_t hash[MERKLE_HASH];
	uint64_t missing = 0;
	merkle_entry(page->record, strlen(page->record), hash);
	merkle_add(&v->range, hash, NULL);
	if (page->page != v->pages++)
		find(v, "page %" PRIu64 " is gone", page->page);
	if (page_record_read(slice_of(page->record), &facts) < 0 || facts.rows != page->rows) {
		find(v, "page %" PRIu64 " is no page", page->page);
		return 0;
	}
	v->rows += page->rows;
	for (uint64_t row = 0; row < page->rows; row++)
		missing += !page_keeps(page, row);
	check_missing(v, page, &facts, missing);
	if (missing == page->rows && page->frame < 0 && !page->removed)
		return 0; /* nothing is left to be held against its root */
	return check_events(v, page, &facts, err);
}

static int check_segment(struct verifying *v, struct slice record, struct err *err)
{
	uint8_t root[MERKLE_HASH], said[MERKLE_HASH];
	int64_t rows, pages, sequence;
	v->pages = v->rows = v->missing = 0;
	memset(&v->range, 0, sizeof(v->range));
	snprintf(v->name, sizeof(v->name), "segment %.*s of %.*s",
		SLICE_ARG(evidence_line(record, "sequence")),
		SLICE_ARG(evidence_line(record, "source")));
	if (pages_of_entry(v->store, v->entry, &v->mem, check_page, v, err) < 0) {
		if (err->kind != ERR_DAMAGED)
			return -1;
		find(v, "%s", err->text);
	}
	merkle_root(&v->range, root);
	if (evidence_number(record, "rows", &rows) < 0 ||
		evidence_number(record, "pages", &pages) < 0 ||
		evidence_number(record, "sequence", &sequence) < 0 ||
		note_unbase64(evidence_line(record, "root"), said, MERKLE_HASH) != MERKLE_HASH)
		find(v, "entry %" PRIu64 " is no segment", v->entry);
	else if ((uint64_t)rows != v->rows || (uint64_t)pages != v->pages ||
		 memcmp(root, said, MERKLE_HASH) != 0)
		find(v, "its pages are not those that were entered");
	if (v->entry < v->held.size) {
		v->result->events += v->rows;
		v->result->removed += v->missing;
	} else {
		v->result->later++;
	}
	return 0;
}

/* Retention's entries first (they say what may be missing), then the segments. */
static int check_entries(struct verifying *v, enum evidence_kind kind, struct err *err)
{
	sqlite3_stmt *stmt = catalog_query(v->store, err,
		"SELECT n, record, (SELECT size FROM evidence_tree) FROM evidence_entries ORDER BY "
		"n",
		"");
	struct rows rows = rows_of(v->store, stmt);
	while (rows_next(&rows, err)) {
		struct slice record = slice_of(catalog_text(stmt, 1));
		bool segment = record.len >= 16 && memcmp(record.ptr, "pugmark segment ", 16) == 0;
		v->entry = (uint64_t)sqlite3_column_int64(stmt, 0);
		arena_reset(&v->mem);
		if (segment != (kind == EVIDENCE_SEGMENT))
			continue;
		if (progress_step(v->check->progress, v->entry,
			    (uint64_t)sqlite3_column_int64(stmt, 2), "checking", err) < 0)
			rows.answer = -1;
		else if (segment)
			rows.answer = check_segment(v, record, err);
		else
			check_retention(v, record);
	}
	return rows.answer;
}

/* Events of the vault that no page has, and that do not wait to be entered. */
static int check_strangers(struct verifying *v, struct err *err)
{
	sqlite3_stmt *stmt = catalog_query(v->store, err,
		"SELECT s.name, f.file, f.frame FROM frames f JOIN sources s ON s.id = f.source_id"
		" WHERE f.kind = 0 AND f.state = 0 AND NOT EXISTS (SELECT 1 FROM evidence_pages p"
		" WHERE p.source_id = f.source_id AND p.file = f.file AND p.frame = f.frame)"
		" AND f.commit_id NOT IN (SELECT commit_id FROM evidence_pending) LIMIT 100",
		"");
	struct rows rows = rows_of(v->store, stmt);
	while (rows_next(&rows, err)) {
		snprintf(v->name, sizeof(v->name), "vault/%s/%06d.zst", catalog_text(stmt, 0),
			sqlite3_column_int(stmt, 1));
		find(v, "frame %d holds events that were never entered into the tree",
			sqlite3_column_int(stmt, 2));
	}
	return rows.answer;
}

int evidence_verify(struct store *store, const struct evidence_check *check,
	struct evidence_result *result, struct err *err)
{
	struct verifying v = {.store = store, .check = check, .result = result};
	struct evidence_state state;
	memset(result, 0, sizeof(*result));
	if (evidence_state(store, &state, err) < 0 || note_read(check->note, &v.held, err) < 0 ||
		note_verify(check->note, &v.held, check->verifier, err) < 0)
		return -1;
	if (!slice_eq(v.held.origin, slice_of(state.origin)))
		return err_set(err, ERR_ACCESS,
			"the checkpoint is of another store (%.*s); this one is %s",
			SLICE_ARG(v.held.origin), state.origin);
	if (evidence_snapshot_begin(store, err) < 0)
		return -1;
	arena_init(&v.mem);
	int rc = check_tree(&v, err);
	if (rc == 0)
		rc = check_entries(&v, EVIDENCE_RETENTION, err);
	if (v.nremovals > 0)
		qsort(v.removals, v.nremovals, sizeof(*v.removals), compare_removals);
	if (rc == 0)
		rc = check_entries(&v, EVIDENCE_SEGMENT, err);
	if (rc == 0)
		rc = check_strangers(&v, err);
	evidence_snapshot_end(store);
	result->later += rc == 0 ? state.pending : 0;
	free(v.removals);
	arena_fini(&v.mem);
	return rc;
}
