/* SPDX-License-Identifier: Apache-2.0 */
/* segment_commit.c: steps 3 and 4: a segment's bytes go into files, and the files become visible in
 * one transaction, or are taken back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/evidence_private.h"
#include "store/ledger_private.h"
#include "store/segment.h"

/* ---- append ---------------------------------------------------------------------------------- */

static int create_parquet(struct segment *s, struct err *err)
{
	char dir[STORE_PATH];
	if (io_mkdirs(store_path(s->store, dir, "tables/%s", s->table->name), err) < 0)
		return -1;
	return parquet_create(s->temp_path, s->shape, &s->parquet, err);
}

int segment_append(struct segment *s, const struct segment_pack *pack, struct err *err)
{
	/* Not an assertion: a wrong place in the vault must not be written in a release either. */
	if (pack->first_frame != vault_next_frame(s->vault))
		return err_set(err, ERR_USAGE, "segment_append: packs must come in input order");
	if (pack->frames.n > 0 && !s->marked) {
		if (vault_mark(s->vault, s->table->name, s->input, s->received_at, err) < 0)
			return -1;
		s->marked = true;
	}
	if (vault_append(s->vault, &pack->frames, err) < 0)
		return -1;
	if (!pack->group)
		return 0;
	if (!s->parquet && create_parquet(s, err) < 0)
		return -1;
	s->appended_rows += pack->rows;
	return parquet_append(s->parquet, pack->group, err);
}

/* ---- durable files --------------------------------------------------------------------------- */

static int finish_parquet(struct segment *s, struct err *err)
{
	char dir[STORE_PATH];
	struct err why;
	if (!s->parquet)
		return 0;
	parquet_metadata(s->parquet, "pugmark.table", s->table->name);
	parquet_metadata(s->parquet, "pugmark.source", s->source);
	if (parquet_finish(s->parquet, s->row.sha256, &s->row.bytes, &why) < 0)
		return store_durable_error(s->store, &why, err);
	if (io_chmod(s->temp_path, 0444, err) < 0 || io_rename(s->temp_path, s->path, err) < 0)
		return -1;
	s->renamed = true;
	if (store_sync_dir(s->store, store_path(s->store, dir, "tables/%s", s->table->name), err) <
		0)
		return -1;
	return store_sync_dir(s->store, store_path(s->store, dir, "tables"), err);
}

static int write_identities(struct segment *s, struct id_run *run, struct err *err)
{
	char name[STORE_NAME + 8], stem[STORE_NAME], dir[STORE_PATH];
	struct err why;
	store_new_name(stem);
	snprintf(name, sizeof(name), "%s.run", stem);
	if (identity_write(s->identity, name, run, &why) < 0)
		return store_durable_error(s->store, &why, err);
	return run->entries ? store_sync_dir(s->store, store_path(s->store, dir, "ids"), err) : 0;
}

/* ---- the transaction ------------------------------------------------------------------------- */

/* Those that are no copies but too old are counted by themselves. */
static uint64_t copies_of(const struct segment *s, const struct segment_facts *facts)
{
	return facts->duplicates > s->expired ? facts->duplicates - s->expired : 0;
}

static int add_commit(
	struct segment *s, const struct segment_facts *facts, int64_t *commit_id, struct err *err)
{
	struct store *store = s->store;
	int64_t source_id;
	if (catalog_source_id(store, s->source, true, &source_id, err) < 1)
		return -1;
	uint64_t duplicates = copies_of(s, facts);
	if (catalog_run(store, err,
		    "INSERT INTO commits(table_id, source_id, input, received_at, committed_at,"
		    " rows, rejects, duplicates, expired, input_bytes, raw_bytes, fingerprint)"
		    " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		    "iitiiuuuuuub", s->table->id, source_id, s->input, s->received_at,
		    s->row.committed_at, s->row.rows, s->nrejects, duplicates, s->expired,
		    facts->input_bytes, s->row.raw_bytes, facts->schema_fingerprint,
		    (size_t)32) < 0)
		return -1;
	*commit_id = sqlite3_last_insert_rowid(store->db);
	return catalog_run(store, err,
		"UPDATE sources SET rows = rows + ?1, raw_bytes = raw_bytes + ?2,"
		" input_bytes = input_bytes + ?3, duplicates = duplicates + ?4,"
		" expired = expired + ?5, rejects = rejects + ?6, commits = commits + 1,"
		" first_received = CASE first_received WHEN 0 THEN ?7 ELSE"
		" min(first_received, ?7) END, last_received = max(last_received, ?7)"
		" WHERE id = ?8",
		"uuuuuuii", s->row.rows, s->row.raw_bytes, facts->input_bytes, duplicates,
		s->expired, s->nrejects, s->received_at, source_id);
}

static int add_ledger(struct segment *s, const struct segment_facts *facts, struct err *err)
{
	const struct ledger_segment segment = {
		.source = s->source,
		.received_at = s->received_at,
		.committed_at = s->row.committed_at,
		.min_time = s->row.min_time,
		.max_time = s->row.max_time,
		.stored = s->row.rows,
		.duplicates = copies_of(s, facts),
		.expired = s->expired,
		.rejects = s->nrejects,
	};
	return ledger_record(s->store, facts->ledger, &segment, err);
}

static int add_facts(struct segment *s, const struct segment_facts *facts, struct err *err)
{
	struct store *store = s->store;
	int64_t now = s->row.committed_at;
	if (facts->checkpoint_key &&
		catalog_run(store, err,
			"INSERT INTO checkpoints VALUES(?, ?, ?) ON CONFLICT(key) DO UPDATE SET"
			" text = excluded.text, at = excluded.at",
			"tti", facts->checkpoint_key, facts->checkpoint ? facts->checkpoint : "",
			now) < 0)
		return -1;
	if (facts->drift_json &&
		catalog_run(store, err,
			"INSERT INTO drift SELECT ?1, value ->> 'path', value ->> 'kind',"
			" value ->> 'seen', value ->> 'count', ?3, ?3 FROM json_each(?2) WHERE true"
			" ON CONFLICT DO UPDATE SET count = count + excluded.count,"
			" last_seen = max(last_seen, excluded.last_seen)",
			"iti", s->table->id, facts->drift_json, now) < 0)
		return -1;
	for (const struct used_container *c = s->containers; c; c = c->next) {
		if (catalog_run(store, err, "UPDATE containers SET used_at = ? WHERE id = ?", "ii",
			    now, (int64_t)c->id) < 0)
			return -1;
	}
	return facts->ledger ? add_ledger(s, facts, err) : 0;
}

static bool has_content(const struct segment *s, const struct segment_facts *facts)
{
	return s->row.rows > 0 || s->first_reject || s->expired > 0 || facts->duplicates > 0 ||
	       facts->input_bytes > 0;
}

/* The detector has not looked at these rows: noted with them, so that whatever ends the process it will. */
static int add_pending(struct segment *s, struct err *err)
{
	if (catalog_run(s->store, err, "INSERT INTO detect_pending VALUES(?, ?, ?, ?, ?)", "iiiiu",
		    s->row.id, s->table->id, s->row.min_time, s->row.max_time, s->row.no_time) < 0)
		return -1;
	return watch_pending_add(s->store, s->row.id, err);
}

static int add_rows(struct segment *s, const struct segment_facts *facts, const struct id_run *run,
	struct err *err)
{
	int64_t commit_id = 0;
	if (has_content(s, facts) && add_commit(s, facts, &commit_id, err) < 0)
		return -1;
	if (s->marked && vault_record(s->vault, commit_id, err) < 0)
		return -1;
	if (s->row.rows > 0 && (evidence_pending_add(s->store, commit_id, err) < 0 ||
				       catalog_add_segment(s->store, &s->row, err) < 0 ||
				       add_pending(s, err) < 0 ||
				       observer_record(&s->observer, s->row.id, err) < 0))
		return -1;
	if (run->entries > 0 && catalog_add_id_run(s->store, s->table->id, run, err) < 0)
		return -1;
	if (segment_add_rejects(s, commit_id, err) < 0)
		return -1;
	return add_facts(s, facts, err);
}

static int transaction(struct segment *s, const struct segment_facts *facts,
	const struct id_run *run, struct err *err)
{
	if (catalog_begin(s->store, err) < 0)
		return -1;
	if (add_rows(s, facts, run, err) < 0) {
		catalog_rollback(s->store);
		return -1;
	}
	return catalog_commit(s->store, err);
}

static void fill_row(struct segment *s, const struct segment_facts *facts)
{
	s->row.table_id = s->table->id;
	s->row.source = s->source;
	s->row.input = s->input;
	s->row.name = s->name;
	s->row.rows = s->appended_rows;
	s->row.received_at = s->received_at;
	s->row.committed_at = clock_now_us();
	memcpy(s->row.fingerprint, facts->schema_fingerprint, 32);
}

int segment_commit(
	struct segment *s, const struct segment_facts *facts, uint64_t *segment_id, struct err *err)
{
	static const struct segment_facts no_facts;
	struct id_run run = {0};
	if (!facts)
		facts = &no_facts;
	fill_row(s, facts);
	int rc = store_check_writable(s->store, err);
	if (rc == 0 && (s->appended_rows != s->identified_rows ||
			       s->next_frame != vault_next_frame(s->vault)))
		rc = err_set(err, ERR_USAGE, "segment_commit: a batch was not appended");
	if (rc == 0 && (finish_parquet(s, err) < 0 ||
			       (s->appended_rows > 0 && observer_write(&s->observer, err) < 0) ||
			       (s->marked && vault_sync(s->vault, err) < 0) ||
			       write_identities(s, &run, err) < 0))
		rc = -1;
	if (rc == 0)
		rc = transaction(s, facts, &run, err);
	if (rc == 0)
		identity_committed(s->identity, &run);
	else if (run.entries > 0 && !s->store->poisoned && !s->store->in_doubt) {
		char path[STORE_PATH];
		(void)io_unlink(
			store_path(s->store, path, "ids/%s/%s", s->table->name, run.name), NULL);
	}
	if (segment_id) /* 0 where there is no row, or where this failed */
		*segment_id = rc == 0 ? (uint64_t)s->row.id : 0;
	segment_undo(s, rc == 0);
	return rc;
}
