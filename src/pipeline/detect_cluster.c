/* SPDX-License-Identifier: Apache-2.0 */
/*
 * detect_cluster.c: history that lies on a cluster. The server hands over the events that the rules may fire on; they are put into
 * files as the lake has them, in a private folder, and the same code reads those: so the alerts are the same.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cluster/filter.h"
#include "cluster/select.h"
#include "parquet/parquet.h"
#include "pipeline/detector.h"
#include "query/clustered.h"

enum { MARGIN_DAYS = 2 };

struct spooling {
	struct detector *d;
	struct cluster *cluster;
	const struct schema *schema;
	int64_t since, until;
	struct parquet_writer *writer;
	uint64_t rows;  /* handed over */
	uint64_t there; /* of the days that are asked for, whatever the rules look for */
};

/* ---- what is asked ----------------------------------------------------------------------------- */

/* What a rule may fire on, of a table. */
static int put_rule(struct spooling *s, uint32_t r, const struct cluster_features *features,
	struct buf *where, struct err *err)
{
	struct matcher *matcher;
	struct cluster_filter filter;
	if (matcher_new(s->d->exprs[r], clock_now_us(), &matcher, NULL, err) < 0)
		return -1;
	struct match_program *program =
		match_bind(matcher, &s->schema->shape, query_resolve_rule, s->schema);
	filter_make(program, features, &filter);
	buf_slice(where, buf_view(&filter.may));
	filter_free(&filter);
	match_program_free(program);
	matcher_free(matcher);
	return 0;
}

/* What any of the rules may fire on. */
static int put_rules(struct spooling *s, struct buf *where, struct err *err)
{
	const struct detector *d = s->d;
	const struct cluster_features *features = cluster_features(s->cluster, err);
	uint32_t n = 0;
	if (!features)
		return clustered_failed(err);
	buf_puts(where, "ifNull(secondary, 0) = 0 AND (");
	for (uint32_t r = 0; r < d->rules->n; r++) {
		if (!d->active[r] || !d->exprs[r] ||
			!rule_watches(d->rules->of[r], s->schema->table, s->schema->product))
			continue;
		buf_puts(where, n++ ? " OR " : "");
		if (put_rule(s, r, features, where, err) < 0)
			return -1;
	}
	buf_puts(where, n ? ")" : "0)");
	return 0;
}

/* Whole days, and what the rules reach back and ahead for. */
static void put_span(const struct spooling *s, struct buf *where)
{
	int64_t reach = s->d->longest_reach + MARGIN_DAYS * DAY_US;
	if (s->since == INT64_MIN && s->until == INT64_MAX)
		return;
	buf_puts(where, " AND " SQL_TIMED);
	if (s->since > INT64_MIN + reach)
		buf_printf(where, " AND _time >= %" PRId64, s->since - reach);
	if (s->until < INT64_MAX - reach)
		buf_printf(where, " AND _time < %" PRId64, s->until + reach);
}

/* Times of the first and last event of the table, whatever the rules look for: rules that learn begin there. And how many the server looks at. */
static int ask_times(struct spooling *s, struct detect_file *file, struct err *err)
{
	struct buf sql, answer;
	buf_init(&sql, 1 << 16);
	buf_init(&answer, 1 << 16);
	buf_puts(&sql, "SELECT countIf(" SQL_TIMED "), minIf(`_time`, " SQL_TIMED
		       "), max(`_time`), countIf(" SQL_UNTIMED "), countIf(1");
	put_span(s, &sql);
	buf_puts(&sql, ") FROM ");
	cluster_table_name(&sql, s->cluster, s->schema->table, false);
	struct row_cursor row;
	int rc = cluster_rows(s->cluster, &sql, &answer, &row, err);
	if (rc == 0) {
		uint64_t timed = row_u64(&row);
		file->min_time = (int64_t)row_u64(&row);
		file->max_time = (int64_t)row_u64(&row);
		file->no_time = row_u64(&row) > 0;
		s->there = row_u64(&row);
		if (timed == 0) {
			file->min_time = INT64_MAX;
			file->max_time = INT64_MIN;
		}
		rc = row_end(&row, err);
	}
	buf_fini(&sql);
	buf_fini(&answer);
	return rc;
}

/* ---- what is kept ------------------------------------------------------------------------------ */

static int take_rows(void *ctx, struct batch *batch, struct err *err)
{
	struct spooling *s = ctx;
	if (detector_stops(s->d, err))
		return -1;
	struct parquet_group *group = parquet_encode(batch, 1);
	int rc = parquet_append(s->writer, group, err);
	parquet_group_free(group);
	s->rows += batch->nrows;
	return rc;
}

static int spool_rows(struct spooling *s, const char *path, struct err *err)
{
	uint8_t sha256[32];
	uint64_t bytes;
	struct buf where;
	buf_init(&where, SIZE_MAX / 2);
	int rc = put_rules(s, &where, err);
	put_span(s, &where);
	if (rc == 0)
		rc = parquet_create(path, &s->schema->shape, &s->writer, err);
	if (rc == 0) {
		struct cluster_select select = {.table = s->schema->table,
			.shape = &s->schema->shape,
			.where = buf_view(&where),
			.each = take_rows,
			.ctx = s};
		rc = cluster_select(s->cluster, &select, err);
	}
	if (rc == 0)
		rc = parquet_finish(s->writer, sha256, &bytes, err);
	parquet_writer_free(s->writer);
	buf_fini(&where);
	return rc;
}

static int spool_table(struct spooling *s, uint32_t number, struct err *err)
{
	struct detector *d = s->d;
	char path[SPILL_PATH + 32];
	struct detect_file file = {.id = number + 1, .schema = s->schema};
	snprintf(path, sizeof(path), "%s/%u.parquet", d->spool, number);
	if (ask_times(s, &file, err) < 0)
		return -1;
	if (file.min_time > file.max_time && !file.no_time)
		return 0;
	if (spool_rows(s, path, err) < 0)
		return -1;
	file.rows = s->rows;
	/* The others were looked at as well. */
	d->result->rows += s->there > s->rows ? s->there - s->rows : 0;
	file.path = xstrdup(path);
	detector_add_file(d, &file);
	return 0;
}

static int spool(
	struct detector *d, struct cluster *cluster, int64_t since, int64_t until, struct err *err)
{
	int rc = spill_make(d->spool, err);
	for (uint32_t i = 0; i < d->schemas.n && rc == 0; i++) {
		struct spooling s = {.d = d,
			.cluster = cluster,
			.schema = d->schemas.of[i],
			.since = since,
			.until = until};
		rc = spool_table(&s, i, err);
	}
	return rc;
}

/* ---- whether ----------------------------------------------------------------------------------- */

static int found_one(void *ctx, const struct segment_info *info, struct err *err)
{
	(void)ctx, (void)info, (void)err;
	return 1;
}

int detect_cluster_files(struct detector *d, int64_t since, int64_t until, struct err *err)
{
	struct cluster *cluster = NULL;
	int rc = d->options->lake ? 0
				  : lake_cluster(d->store, NULL, d->options->stop, &cluster, err);
	/* Alerts of a lake that collects are those of its own events, as they are live: a replay must not widen them. */
	int own = rc == 1 && !d->options->dry_run
			  ? store_segments(d->store, NULL, found_one, NULL, err)
			  : 0;
	if (rc == 1 && own < 0)
		rc = -1;
	if (rc == 1 && own > 0)
		rc = 0;
	if (rc == 1 && spool(d, cluster, since, until, err) < 0)
		rc = -1;
	cluster_close(cluster);
	return rc;
}
