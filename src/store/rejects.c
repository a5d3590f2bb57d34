/* SPDX-License-Identifier: Apache-2.0 */
/* rejects.c: what could not be read as an event: the list, its bytes from the vault, its state. */
#include <string.h>

#include "store/private.h"

static int list_rejects(struct store *store, bool newest, uint64_t most,
	int (*each)(void *ctx, const struct reject_info *info, struct err *err), void *ctx,
	struct err *err)
{
#define REJECTS(input, order)                                                                      \
	"SELECT r.id, t.name, s.name, " input ", r.reason,"                                        \
	" r.state, r.input_offset, r.bytes, r.lines, c.received_at FROM rejects r"                 \
	" JOIN commits c ON c.id = r.commit_id JOIN tables t ON t.id = c.table_id"                 \
	" JOIN sources s ON s.id = c.source_id ORDER BY r.id" order " LIMIT ?1"
#define OWN_INPUT "iif(r.input = '', c.input, r.input)"
	static const char *const sql[2][2] = {
		{REJECTS("c.input", ""), REJECTS("c.input", " DESC")},
		{REJECTS(OWN_INPUT, ""), REJECTS(OWN_INPUT, " DESC")},
	};
	int has = catalog_has(store, 4, err);
	if (has < 0)
		return -1;
	sqlite3_stmt *stmt = catalog_query(store, err, sql[has > 0][newest], "i",
		most > 0 && most <= INT64_MAX ? (int64_t)most : INT64_C(-1));
	struct rows rows = rows_of(store, stmt);
	while (rows_next(&rows, err)) {
		struct reject_info info = {
			.id = (uint64_t)sqlite3_column_int64(stmt, 0),
			.table = catalog_text(stmt, 1),
			.source = catalog_text(stmt, 2),
			.input = catalog_text(stmt, 3),
			.reason = catalog_text(stmt, 4),
			.state = catalog_text(stmt, 5),
			.input_offset = (uint64_t)sqlite3_column_int64(stmt, 6),
			.bytes = (uint64_t)sqlite3_column_int64(stmt, 7),
			.lines = (uint32_t)sqlite3_column_int64(stmt, 8),
			.received_at = sqlite3_column_int64(stmt, 9),
		};
		rows.answer = each(ctx, &info, err);
	}
	return rows.answer;
}

int store_rejects(struct store *store,
	int (*each)(void *ctx, const struct reject_info *info, struct err *err), void *ctx,
	struct err *err)
{
	return list_rejects(store, false, 0, each, ctx, err);
}

int store_rejects_newest(struct store *store, uint64_t most,
	int (*each)(void *ctx, const struct reject_info *info, struct err *err), void *ctx,
	struct err *err)
{
	return list_rejects(store, true, most, each, ctx, err);
}

static int no_reject(struct store *store, uint64_t id, struct err *err)
{
	return err_set(err, ERR_NOT_FOUND,
		"%s: there is no reject %llu: `pugmark rejects` lists them", store->dir,
		(unsigned long long)id);
}

int store_reject_bytes(struct store *store, uint64_t id, struct buf *out, struct err *err)
{
	sqlite3_stmt *stmt = catalog_query(store, err,
		"SELECT s.name, p.file, p.frame, p.offset, p.bytes FROM reject_parts p"
		" JOIN sources s ON s.id = p.source_id WHERE p.reject_id = ? ORDER BY p.part",
		"u", id);
	struct rows rows = rows_of(store, stmt);
	int parts = 0;
	while (rows_next(&rows, err)) {
		struct vault_place place = {
			.source = catalog_text(stmt, 0),
			.file = (uint32_t)sqlite3_column_int64(stmt, 1),
			.frame = (uint32_t)sqlite3_column_int64(stmt, 2),
			.offset = (uint32_t)sqlite3_column_int64(stmt, 3),
			.length = (uint32_t)sqlite3_column_int64(stmt, 4),
		};
		size_t room = out->max - out->len;
		bool cut = place.length > room;
		if (cut)
			place.length = (uint32_t)room;
		parts++;
		rows.answer = store_read_raw(store, &place, out, err) < 0 ? -1 : cut;
	}
	if (rows.answer >= 0 && parts == 0)
		return no_reject(store, id, err);
	return rows.answer < 0 ? -1 : 0;
}

/* The index of the reject's first frame knows it. */
static int container_at(
	struct store *store, const struct vault_place *place, uint32_t *container, struct err *err)
{
	struct frame_row row;
	struct frame_index index;
	struct arena mem;
	arena_init(&mem);
	int rc = vault_frame(store, place->source, place->file, place->frame, &row, err);
	if (rc == 1 && vault_read_index(store, place->source, &row, &mem, &index, err) < 0)
		rc = -1;
	*container = 0;
	for (uint32_t i = 0; rc == 1 && i < index.n; i++) {
		if (index.offsets[i] == place->offset)
			*container = index.containers[i];
	}
	arena_fini(&mem);
	return rc == 1 ? *container != 0 : rc;
}

int store_reject_container(struct store *store, uint64_t id, uint32_t *container, struct err *err)
{
	sqlite3_stmt *stmt = catalog_query(store, err,
		"SELECT s.name, p.file, p.frame, p.offset FROM reject_parts p"
		" JOIN sources s ON s.id = p.source_id WHERE p.reject_id = ? ORDER BY p.part LIMIT "
		"1",
		"u", id);
	int rc = stmt ? catalog_step(store, stmt, err) : -1;
	if (rc == 1) {
		struct vault_place place = {
			.source = catalog_text(stmt, 0),
			.file = (uint32_t)sqlite3_column_int64(stmt, 1),
			.frame = (uint32_t)sqlite3_column_int64(stmt, 2),
			.offset = (uint32_t)sqlite3_column_int64(stmt, 3),
		};
		rc = container_at(store, &place, container, err);
	}
	catalog_done(store, stmt);
	return rc;
}

int store_reject_set_state(struct store *store, uint64_t id, const char *state, struct err *err)
{
	if (strcmp(state, "open") != 0 && strcmp(state, "retried") != 0 &&
		strcmp(state, "dismissed") != 0)
		return err_set(err, ERR_USAGE,
			"`%.50s` is no state of a reject: open, retried or dismissed", state);
	if (store_check_writable(store, err) < 0 ||
		catalog_run(store, err, "UPDATE rejects SET state = ? WHERE id = ?", "tu", state,
			id) < 0)
		return -1;
	return sqlite3_changes(store->db) ? 0 : no_reject(store, id, err);
}
