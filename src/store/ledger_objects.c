/* SPDX-License-Identifier: Apache-2.0 */
/* ledger_objects.c: what was read of each object of a bucket, in as few bytes as tell it: a bucket holds
 * millions of objects, and each row is read again with every listing.
 *
 * Key of a row (18 bytes): the source's number, SHA-256 of the object's key cut to 128 bits. ETag: 64 bits
 * of its SHA-256: only to tell one version of an object from another, beside its size. Measured over
 * 1,000,000 objects: see objects_test.c. */
#include <string.h>

#include "store/connections_private.h"
#include "store/ledger_private.h"

enum { KEY_HASH = 16, ROW_KEY = 2 + KEY_HASH, LAST_SOURCE = 0xffff };

static void row_key(int64_t source_id, struct slice key, uint8_t out[ROW_KEY])
{
	uint8_t sum[32];
	sha256(key.ptr, key.len, sum);
	out[0] = (uint8_t)(source_id >> 8);
	out[1] = (uint8_t)source_id;
	memcpy(out + 2, sum, KEY_HASH);
}

static int64_t etag_of(struct slice etag)
{
	uint8_t sum[32];
	int64_t value;
	sha256(etag.ptr, etag.len, sum);
	memcpy(&value, sum, sizeof(value));
	return value;
}

/* ---- looking up ------------------------------------------------------------------------------ */

static enum object_news news_of(const struct object_mark *mark, bool same_etag, uint64_t bytes)
{
	if (same_etag && mark->bytes == bytes) {
		bool done = mark->state == OBJECT_QUARANTINED || mark->read_to >= bytes;
		return done ? OBJECT_SAME : OBJECT_REST;
	}
	return mark->bytes > bytes && mark->state == OBJECT_READ ? OBJECT_GROWN : OBJECT_CHANGED;
}

static int find_one(
	struct store *store, int64_t source_id, struct object_mark *mark, struct err *err)
{
	uint8_t key[ROW_KEY];
	row_key(source_id, mark->key, key);
	sqlite3_stmt *stmt = catalog_query(store, err,
		"SELECT etag, bytes, read_to, state FROM objects WHERE key = ?", "b", key,
		(size_t)ROW_KEY);
	int rc = stmt ? catalog_step(store, stmt, err) : -1;
	mark->news = OBJECT_NEW;
	mark->read_to = 0;
	mark->state = OBJECT_READ;
	if (rc == 1) {
		uint64_t bytes = (uint64_t)sqlite3_column_int64(stmt, 1);
		bool all = sqlite3_column_type(stmt, 2) == SQLITE_NULL;
		mark->read_to = all ? bytes : (uint64_t)sqlite3_column_int64(stmt, 2);
		mark->state = (enum object_state)sqlite3_column_int64(stmt, 3);
		mark->news =
			news_of(mark, sqlite3_column_int64(stmt, 0) == etag_of(mark->etag), bytes);
	}
	catalog_done(store, stmt);
	return rc < 0 ? -1 : 0;
}

int objects_find(struct store *store, const char *source, struct object_mark *marks, uint32_t n,
	struct err *err)
{
	int64_t id = 0;
	int rc = catalog_has(store, 3, err);
	if (rc == 1)
		rc = ledger_source(store, source, false, &id, err);
	if (rc < 0)
		return -1;
	if (rc == 0) {
		for (uint32_t i = 0; i < n; i++) {
			marks[i].read_to = 0;
			marks[i].state = OBJECT_READ;
			marks[i].news = OBJECT_NEW;
		}
		return 0;
	}
	/* One transaction: one look at whether the catalog has changed, not one per object. A caller may
	 * have one open. */
	bool own = sqlite3_get_autocommit(store->db);
	if (own && catalog_run(store, err, "BEGIN", "") < 0)
		return -1;
	for (uint32_t i = 0; rc >= 0 && i < n; i++)
		rc = find_one(store, id, &marks[i], err);
	if (own)
		catalog_rollback(store); /* nothing was written */
	return rc < 0 ? -1 : 0;
}

/* ---- noting ---------------------------------------------------------------------------------- */

static int put_one(
	struct store *store, int64_t source_id, const struct object_mark *mark, struct err *err)
{
	static const char all[] =
		"INSERT INTO objects VALUES(?, ?, ?, NULL, ?) ON CONFLICT DO UPDATE"
		" SET etag = excluded.etag, bytes = excluded.bytes,"
		" read_to = NULL, state = excluded.state";
	static const char part[] = "INSERT INTO objects VALUES(?1, ?2, ?3, ?5, ?4) ON CONFLICT DO"
				   " UPDATE SET etag = excluded.etag, bytes = excluded.bytes,"
				   " read_to = excluded.read_to, state = excluded.state";
	uint8_t key[ROW_KEY];
	row_key(source_id, mark->key, key);
	if (mark->read_to == mark->bytes)
		return catalog_run(store, err, all, "biui", key, (size_t)ROW_KEY,
			etag_of(mark->etag), mark->bytes, (int64_t)mark->state);
	return catalog_run(store, err, part, "biuiu", key, (size_t)ROW_KEY, etag_of(mark->etag),
		mark->bytes, (int64_t)mark->state, mark->read_to);
}

int ledger_note_objects(struct store *store, int64_t source_id, const struct object_mark *marks,
	uint32_t n, struct err *err)
{
	if (n > 0 && source_id > LAST_SOURCE)
		return err_set(err, ERR_LIMIT, "more than %d sources with objects", LAST_SOURCE);
	for (uint32_t i = 0; i < n; i++) {
		if (put_one(store, source_id, &marks[i], err) < 0)
			return -1;
	}
	return 0;
}

int objects_put(struct store *store, const char *source, const struct object_mark *marks,
	uint32_t n, struct err *err)
{
	int64_t id;
	if (store_check_writable(store, err) < 0 || store_check_source(source, err) < 0 ||
		catalog_begin(store, err) < 0)
		return -1;
	int rc = ledger_source(store, source, true, &id, err);
	if (rc == 1)
		rc = ledger_note_objects(store, id, marks, n, err);
	return catalog_end(store, rc, err);
}

int ledger_forget_objects(struct store *store, const char *source, struct err *err)
{
	int64_t id;
	int rc = ledger_source(store, source, false, &id, err);
	if (rc < 1)
		return rc;
	uint8_t from[2] = {(uint8_t)(id >> 8), (uint8_t)id}, to[2] = {from[0], from[1]};
	/* The first key beyond the source's; where there is none, one that is longer than all. */
	uint8_t beyond[ROW_KEY + 1];
	memset(beyond, 0xff, sizeof(beyond));
	bool last = id >= LAST_SOURCE;
	to[1]++;
	to[0] = (uint8_t)(to[0] + (to[1] == 0));
	return catalog_run(store, err, "DELETE FROM objects WHERE key >= ? AND key < ?", "bb", from,
		(size_t)2, last ? beyond : to, last ? sizeof(beyond) : (size_t)2);
}
