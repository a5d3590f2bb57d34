/* SPDX-License-Identifier: Apache-2.0 */
/* evidence_tree.c: the tree's entries and nodes as rows of the catalog, and the state of it all. */
#include <stdio.h>
#include <string.h>

#include "store/evidence_private.h"

int evidence_check_format(struct store *store, struct err *err)
{
	int rc = catalog_has(store, EVIDENCE_FORMAT, err);
	if (rc == 0)
		return err_set(err, ERR_UNSUPPORTED,
			"%s was last written to by an older program, which kept no tree of what it "
			"stored: any command that writes begins one, pugmark checkpoint for "
			"example",
			store->dir);
	return rc < 0 ? -1 : 0;
}

/* ---- nodes ----------------------------------------------------------------------------------- */

static int read_node(
	void *ctx, unsigned level, uint64_t index, uint8_t out[MERKLE_HASH], struct err *err)
{
	struct store *store = ctx;
	sqlite3_stmt *stmt = catalog_query(store, err,
		"SELECT hash FROM evidence_nodes WHERE level = ? AND n = ?", "iu", (int64_t)level,
		index);
	int rc = stmt ? catalog_step(store, stmt, err) : -1;
	if (rc == 1)
		catalog_blob(stmt, 0, out, MERKLE_HASH);
	else if (rc == 0)
		rc = err_set(err, ERR_DAMAGED,
			"catalog.db: node %u/%llu of the tree of evidence is gone", level,
			(unsigned long long)index);
	catalog_done(store, stmt);
	return rc < 0 ? -1 : 0;
}

struct merkle_source evidence_source(struct store *store)
{
	return (struct merkle_source){read_node, store};
}

static int add_node(struct store *store, unsigned level, uint64_t index,
	const uint8_t hash[MERKLE_HASH], struct err *err)
{
	return catalog_run(store, err, "INSERT INTO evidence_nodes VALUES(?, ?, ?)", "iub",
		(int64_t)level, index, hash, (size_t)MERKLE_HASH);
}

/* The tree as it grows on: its full parts. */
static int load_range(struct store *store, struct merkle_range *range, struct err *err)
{
	int64_t size = 0;
	memset(range, 0, sizeof(*range));
	if (catalog_int(store, &size, err, "SELECT size FROM evidence_tree", "") < 0)
		return -1;
	range->size = (uint64_t)size;
	uint64_t from = 0;
	unsigned n = 0;
	for (unsigned level = MERKLE_LEVELS; level-- > 0;) {
		if (!(range->size >> level & 1))
			continue;
		if (read_node(store, level, from >> level, range->full[n++], err) < 0)
			return -1;
		from += UINT64_C(1) << level;
	}
	return 0;
}

/* `record` ends with a NUL, as what a buffer was printed to does. */
int evidence_add(struct store *store, enum evidence_kind kind, int64_t source_id, int64_t sequence,
	struct slice record, uint64_t *n, struct err *err)
{
	struct merkle_range range;
	uint8_t entry[MERKLE_HASH], root[MERKLE_HASH], made[MERKLE_LEVELS][MERKLE_HASH];
	if (load_range(store, &range, err) < 0)
		return -1;
	uint64_t index = range.size;
	merkle_entry(record.ptr, record.len, entry);
	unsigned levels = merkle_add(&range, entry, made);
	merkle_root(&range, root);
	if (catalog_run(store, err, "INSERT INTO evidence_entries VALUES(?, ?, ?, ?, ?)", "uiiit",
		    index, (int64_t)kind, source_id, sequence, record.ptr) < 0 ||
		add_node(store, 0, index, entry, err) < 0)
		return -1;
	for (unsigned level = 1; level <= levels; level++) {
		if (add_node(store, level, index >> level, made[level], err) < 0)
			return -1;
	}
	*n = index;
	return catalog_run(store, err, "UPDATE evidence_tree SET size = ?, root = ?", "ub",
		range.size, root, (size_t)MERKLE_HASH);
}

int evidence_record(struct store *store, uint64_t n, struct buf *out, struct err *err)
{
	sqlite3_stmt *stmt = catalog_query(
		store, err, "SELECT record FROM evidence_entries WHERE n = ?", "u", n);
	int rc = stmt ? catalog_step(store, stmt, err) : -1;
	if (rc == 1)
		buf_puts(out, catalog_text(stmt, 0));
	catalog_done(store, stmt);
	return rc;
}

int evidence_pending_add(struct store *store, int64_t commit_id, struct err *err)
{
	return catalog_run(store, err, "INSERT INTO evidence_pending VALUES(?)", "i", commit_id);
}

/* ---- state ----------------------------------------------------------------------------------- */

int evidence_state(struct store *store, struct evidence_state *state, struct err *err)
{
	memset(state, 0, sizeof(*state));
	if (evidence_check_format(store, err) < 0)
		return -1;
	sqlite3_stmt *stmt = catalog_query(store, err,
		"SELECT origin, size, root, folder, (SELECT count(*) FROM evidence_pending),"
		" (SELECT max(size) FROM evidence_checkpoints),"
		" (SELECT max(at) FROM evidence_checkpoints), notifiers FROM evidence_tree",
		"");
	int rc = stmt ? catalog_step(store, stmt, err) : -1;
	if (rc == 1) {
		snprintf(state->origin, sizeof(state->origin), "%s", catalog_text(stmt, 0));
		state->size = (uint64_t)sqlite3_column_int64(stmt, 1);
		catalog_blob(stmt, 2, state->root, MERKLE_HASH);
		snprintf(state->folder, sizeof(state->folder), "%s", catalog_text(stmt, 3));
		state->pending = (uint64_t)sqlite3_column_int64(stmt, 4);
		state->signed_size = (uint64_t)sqlite3_column_int64(stmt, 5);
		state->signed_at = sqlite3_column_int64(stmt, 6);
		snprintf(state->notifiers, sizeof(state->notifiers), "%s", catalog_text(stmt, 7));
	} else if (rc == 0) {
		rc = err_set(err, ERR_DAMAGED, "catalog.db: the tree of evidence is gone");
	}
	catalog_done(store, stmt);
	return rc < 0 ? -1 : 0;
}

static int check_setting(struct store *store, const char *text, struct err *err)
{
	if (store_check_writable(store, err) < 0 || evidence_check_format(store, err) < 0)
		return -1;
	return strlen(text) < sizeof(((struct evidence_state *)0)->folder)
		       ? 0
		       : err_set(err, ERR_USAGE, "that is too long");
}

int evidence_set_folder(struct store *store, const char *folder, struct err *err)
{
	return check_setting(store, folder, err) < 0
		       ? -1
		       : catalog_run(
				 store, err, "UPDATE evidence_tree SET folder = ?", "t", folder);
}

int evidence_set_notifiers(struct store *store, const char *notifiers, struct err *err)
{
	return check_setting(store, notifiers, err) < 0
		       ? -1
		       : catalog_run(store, err, "UPDATE evidence_tree SET notifiers = ?", "t",
				 notifiers);
}

int evidence_snapshot_begin(struct store *store, struct err *err)
{
	return sqlite3_exec(store->db, "BEGIN", NULL, NULL, NULL) == SQLITE_OK
		       ? 0
		       : catalog_error(store, err);
}

void evidence_snapshot_end(struct store *store)
{
	(void)sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL); /* nothing was written */
}

/* ---- lines of records ------------------------------------------------------------------------ */

struct slice evidence_line(struct slice record, const char *name)
{
	size_t n = strlen(name);
	while (record.len > 0) {
		const char *end = memchr(record.ptr, '\n', record.len);
		size_t len = end ? (size_t)(end - record.ptr) : record.len;
		if (len > n && memcmp(record.ptr, name, n) == 0 && record.ptr[n] == ' ')
			return (struct slice){record.ptr + n + 1, len - n - 1};
		size_t skip = len + (end ? 1 : 0);
		record.ptr += skip;
		record.len -= skip;
	}
	return (struct slice){"", 0};
}

int evidence_number(struct slice record, const char *name, int64_t *value)
{
	return text_parse_int(evidence_line(record, name), value);
}
