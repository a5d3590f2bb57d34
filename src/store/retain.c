/* SPDX-License-Identifier: Apache-2.0 */
/* retain.c: retention: whole days go, from tables, identities and vault; what is that old is from
 * then on counted as expired and not stored. The work is done in rounds, see retain.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/retain.h"

#define DAY_US INT64_C(86400000000)
enum { MOST_DAYS = 1000000 /* more is the same as for ever */ };

static void free_frames(struct round *round)
{
	for (uint32_t f = 0; f < round->nframes; f++) {
		if (!round->frames[f])
			continue;
		free(round->frames[f]->expired);
		free(round->frames[f]->offsets);
		free(round->frames[f]->new_offsets);
		free(round->frames[f]->gone);
		free(round->frames[f]->hashes);
		free(round->frames[f]);
	}
	free(round->frames);
}

static void round_free(struct round *round, bool committed)
{
	for (uint32_t i = 0; i < round->nfiles; i++) {
		rewriter_fini(round->files[i], committed);
		free(round->files[i]);
	}
	vault_end(round->vault, committed);
	free_frames(round);
	free(round->files);
	free(round->replaced);
	free(round->commit_ids);
}

static int round_transaction(struct round *round, struct err *err)
{
	if (catalog_begin(round->store, err) < 0)
		return -1;
	int rc = record_frames(round, err);
	for (uint32_t i = 0; i < round->nfiles && rc == 0; i++) {
		const struct old_segment *old = round->replaced[i];
		rc = rewriter_swap(round->files[i], round->table->id, &old, 1, err);
	}
	if (rc < 0) {
		catalog_rollback(round->store);
		return -1;
	}
	return catalog_commit(round->store, err);
}

/* The expired records of one vault file. Lease held. */
static int retain_file(struct store *store, struct table_state *table, int32_t first_day,
	const char *source, uint32_t file, uint64_t *dropped, struct err *err)
{
	struct round round = {.store = store,
		.table = table,
		.source = source,
		.file = file,
		.first_day = first_day};
	struct old_segments all;
	if (old_segments_load(store, table->id, &all, err) < 0)
		return -1;
	int rc = find_expired_records(&round, &all, err);
	if (rc == 0 && round.nframes > 0) {
		rc = copy_survivors(&round, err);
		if (rc == 0)
			rc = rewrite_rows(&round, &all, err);
		if (rc == 0)
			rc = round_transaction(&round, err);
	}
	if (rc == 0)
		*dropped += round.dropped;
	round_free(&round, rc == 0);
	old_segments_free(&all);
	return rc < 0 ? -1 : 0;
}

/* Rejected bytes have no time of their own: they go by when they came. */
static int retain_rejects(
	struct store *store, const struct table_state *table, int32_t first_day, struct err *err)
{
	if (catalog_begin(store, err) < 0)
		return -1;
	int rc = catalog_run(store, err,
		"UPDATE frames SET state = ? WHERE kind = ? AND state = ? AND commit_id IN"
		" (SELECT id FROM commits WHERE table_id = ? AND received_at < ?)",
		"iiiii", clock_now_us(), (int64_t)FRAME_REJECTS, (int64_t)FRAME_LIVE, table->id,
		first_day * DAY_US);
	if (rc == 0)
		rc = catalog_run(store, err,
			"DELETE FROM reject_parts WHERE EXISTS (SELECT 1 FROM frames f WHERE"
			" f.source_id = reject_parts.source_id AND f.file = reject_parts.file AND"
			" f.frame = reject_parts.frame AND f.state <> 0)",
			"");
	if (rc == 0)
		rc = catalog_run(store, err,
			"DELETE FROM rejects WHERE commit_id IN (SELECT id FROM commits WHERE"
			" table_id = ?) AND id NOT IN (SELECT reject_id FROM reject_parts)",
			"i", table->id);
	if (rc < 0) {
		catalog_rollback(store);
		return -1;
	}
	return catalog_commit(store, err);
}

/* Writes anew the runs that hold days before first_day. Lease held. */
static int trim_run(struct store *store, struct table_state *table, struct identity *identity,
	uint32_t index, const char *old_name, int32_t first_day, struct err *err)
{
	char stem[STORE_NAME], name[STORE_NAME + 8];
	struct id_run trimmed;
	struct err why;
	store_new_name(stem);
	snprintf(name, sizeof(name), "%s.run", stem);
	if (identity_merge(identity, &index, 1, name, NULL, NULL, first_day, &trimmed, &why) < 0) {
		if (err)
			*err = why;
		return why.kind == ERR_IO ? store_poison(store, &why) : -1;
	}
	if (catalog_begin(store, err) < 0)
		return -1;
	if (catalog_retire_id_run(store, table->id, table->name, old_name, err) < 0 ||
		(trimmed.entries && catalog_add_id_run(store, table->id, &trimmed, err) < 0)) {
		catalog_rollback(store);
		return -1;
	}
	return catalog_commit(store, err);
}

static int trim_runs(
	struct store *store, struct table_state *table, int32_t first_day, struct err *err)
{
	struct identity *identity;
	struct id_run *runs;
	uint32_t n;
	if (store_identity(store, table->name, &identity, err) < 0 ||
		catalog_id_runs(store, table->id, &runs, &n, err) < 0)
		return -1;
	int rc = 0;
	for (uint32_t i = 0; i < n && rc == 0; i++) {
		if (identity_run_first_day(identity, i) < first_day)
			rc = trim_run(store, table, identity, i, runs[i].name, first_day, err);
	}
	free(runs);
	return rc < 0 ? -1 : store_identity(store, table->name, &identity, err);
}

/* From now on identify counts what is older as expired. */
static int set_first_day(struct store *store, const struct table_state *table, unsigned keep_days,
	int32_t *first_day, struct err *err)
{
	if (keep_days > MOST_DAYS)
		keep_days = MOST_DAYS;
	int64_t limit = clock_now_us() / DAY_US - keep_days;
	if (keep_days == 0) {
		*first_day = INT32_MIN;
		return catalog_run(
			store, err, "UPDATE tables SET keep_days = 0 WHERE id = ?", "i", table->id);
	}
	if (catalog_run(store, err,
		    "UPDATE tables SET keep_days = ?1, first_day = max(coalesce(first_day, ?2), ?2)"
		    " WHERE id = ?3",
		    "iii", (int64_t)keep_days, limit, table->id) < 0)
		return -1;
	return catalog_first_day(store, table->id, first_day, err);
}

static int retain_rest(
	struct store *store, struct table_state *table, int32_t first_day, struct err *err)
{
	if (store_lease(store, err) < 0)
		return -1;
	int rc = retain_rejects(store, table, first_day, err);
	if (rc == 0)
		rc = trim_runs(store, table, first_day, err);
	store_unlease(store);
	return rc;
}

/* The lease is taken for each vault file anew, so that a writer waits for one round at the most. */
static int retain_files(struct store *store, struct table_state *table, int32_t first_day,
	const struct vault_files *files, const struct progress *progress, uint64_t *dropped,
	struct err *err)
{
	for (uint32_t i = 0; i < files->n; i++) {
		if (progress_step(progress, i, files->n, table->name, err) < 0 ||
			store_lease(store, err) < 0)
			return -1;
		int rc = retain_file(store, table, first_day, files->list[i].source,
			files->list[i].file, dropped, err);
		store_unlease(store);
		if (rc < 0)
			return -1;
	}
	return 0;
}

int store_retain(struct store *store, const char *name, unsigned keep_days,
	const struct progress *progress, uint64_t *dropped, struct err *err)
{
	struct table_state *table;
	struct old_segments all = {0};
	struct vault_files files = {0};
	uint64_t n = 0;
	int32_t first_day = INT32_MIN;
	int64_t id;
	int rc = store_check_writable(store, err);
	if (rc == 0 && (rc = catalog_table_id(store, name, false, &id, err)) == 0)
		return err_set(err, ERR_NOT_FOUND, "there is no table `%.100s`", name);
	if (rc < 0 || store_table(store, name, &table, err) < 0 || store_lease(store, err) < 0)
		return -1;
	rc = set_first_day(store, table, keep_days, &first_day, err);
	if (rc == 0 && keep_days > 0 &&
		(old_segments_load(store, table->id, &all, err) < 0 ||
			find_expired_files(store, table, first_day, &all, &files, err) < 0))
		rc = -1;
	store_unlease(store);
	old_segments_free(&all);
	/* What goes must have been entered before; what comes from now on is not as old. */
	if (rc == 0 && keep_days > 0)
		rc = evidence_enter(store, progress, NULL, err);
	if (rc == 0)
		rc = retain_files(store, table, first_day, &files, progress, &n, err);
	if (rc == 0 && keep_days > 0)
		rc = retain_rest(store, table, first_day, err);
	free(files.list);
	if (dropped)
		*dropped = n;
	return rc;
}
