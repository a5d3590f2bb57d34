/* SPDX-License-Identifier: Apache-2.0 */
/* ship_check.c: counts and checksums per table and day, here from the segments and there by one question per table; and what is done about a
 * difference. */
#include "pipeline/ship_check.h"

#include <inttypes.h>
#include <stdlib.h>

#include "cluster/checksum.h"
#include "cluster/table.h"
#include "pipeline/ship_private.h"
#include "query/clustered.h"

enum { CHECK_SECONDS = 86400, DAYS_MOST = 4000000 };
#define DAY    INT64_C(86400000000)
#define DAY_US "86400000000"

/* ---- days ------------------------------------------------------------------------------------ */

struct days {
	struct ship_day *list; /* by day */
	uint32_t n, cap, last;
};

static struct ship_day *day_of(struct days *days, int64_t day)
{
	uint32_t from = 0, to = days->n;
	if (days->last < days->n && days->list[days->last].day == day)
		return &days->list[days->last];
	while (from < to) {
		uint32_t at = from + (to - from) / 2;
		if (days->list[at].day < day)
			from = at + 1;
		else
			to = at;
	}
	if (from == days->n || days->list[from].day != day) {
		if (days->n == days->cap) {
			days->cap = days->cap ? days->cap * 2 : 64;
			days->list = xrealloc(days->list, days->cap * sizeof(*days->list));
		}
		memmove(&days->list[from + 1], &days->list[from],
			(days->n - from) * sizeof(*days->list));
		days->list[from] = (struct ship_day){.day = day};
		days->n++;
	}
	days->last = from;
	return &days->list[from];
}

/* ---- here ------------------------------------------------------------------------------------ */

struct checking {
	struct shipper s;
	const struct batch_shape *shape; /* the table's */
	const char *table;
	struct days days;
	uint64_t rows, total;
	int (*each)(void *ctx, const struct ship_day *day, struct err *err);
	void *ctx;
};

static int check_group(
	struct checking *c, struct parquet_reader *reader, uint32_t group, struct err *err)
{
	struct batch batch;
	batch_init(&batch, parquet_shape(reader));
	int rc = parquet_read(reader, group, NULL, &batch, err);
	uint64_t *numbers = rc == 0 ? xmalloc((batch.nrows + 1u) * sizeof(*numbers)) : NULL;
	if (rc == 0)
		checksum_rows(&batch, c->shape, numbers);
	for (uint32_t row = 0; rc == 0 && row < batch.nrows; row++) {
		struct ship_day *day = day_of(&c->days, ship_day_of(&batch, row));
		day->here++;
		day->here_sum += numbers[row];
		if (c->days.n > DAYS_MOST)
			rc = err_set(err, ERR_LIMIT, "events of more than %d days", DAYS_MOST);
	}
	free(numbers);
	batch_fini(&batch);
	return rc;
}

static int check_segment(void *ctx, const struct shipment_segment *segment, struct err *err)
{
	struct checking *c = ctx;
	const struct ship_options *options = c->s.options;
	struct parquet_reader *reader;
	if (options->stop && *options->stop)
		return err_set(err, ERR_INTERRUPTED, "stopped");
	if (parquet_open(segment->path, &reader, err) < 0)
		return -1;
	int rc = 0;
	for (uint32_t g = 0; rc == 0 && g < parquet_groups(reader); g++)
		rc = check_group(c, reader, g, err);
	parquet_close(reader);
	c->rows += segment->rows;
	if (rc == 0 && options->progress)
		options->progress(options->ctx, c->rows, c->total);
	return rc;
}

/* ---- there ----------------------------------------------------------------------------------- */

static int read_days(struct checking *c, struct slice answer, struct err *err)
{
	struct row_cursor cursor = row_cursor(answer);
	while (row_more(&cursor)) {
		int64_t number = (int64_t)row_u64(&cursor);
		struct ship_day *day = day_of(&c->days, number);
		day->there = row_u64(&cursor);
		day->there_sum = row_u64(&cursor);
		if (c->days.n > DAYS_MOST)
			return err_set(err, ERR_LIMIT, "events of more than %d days", DAYS_MOST);
	}
	return row_end(&cursor, err);
}

static int ask_days(struct checking *c, struct err *err)
{
	struct cluster_query query = {.reading = true, .whole = true, .seconds = CHECK_SECONDS};
	struct buf sql, answer;
	buf_init(&sql, 8 << 20);
	buf_init(&answer, (size_t)24 * DAYS_MOST);
	buf_puts(&sql, "SELECT toInt64(if(_time >= 0, intDiv(_time, " DAY_US "), -1)) AS day, "
		       "count(), sum(");
	checksum_sql(&sql, c->s.features, c->shape);
	buf_puts(&sql, ") FROM ");
	cluster_table_name(&sql, c->s.cluster, c->table, false);
	buf_puts(&sql, " WHERE ");
	ship_mine(&sql, &c->s);
	buf_puts(&sql, " GROUP BY day FORMAT RowBinary");
	query.sql = buf_view(&sql);
	int rc = cluster_ask(c->s.cluster, &query, &answer, err);
	if (rc < 0 && query.outcome == CLUSTER_REFUSED && query.code == CLUSTER_UNKNOWN_TABLE)
		rc = 0; /* nothing of it is there */
	else if (rc == 0)
		rc = read_days(c, buf_view(&answer), err);
	buf_fini(&answer);
	buf_fini(&sql);
	return rc;
}

static int check_table(void *ctx, const struct table_info *info, struct err *err)
{
	struct checking *c = ctx;
	const struct schema *schema;
	struct schema *owned;
	if (store_schema(store_dir(c->s.store), info->table, &schema, &owned, err) < 0)
		return -1;
	c->shape = &schema->shape;
	c->table = info->table;
	c->days.n = c->days.last = 0;
	int rc = shipments_segments(c->s.store, info->table, check_segment, c, err);
	if (rc == 0)
		rc = ask_days(c, err);
	bool retained = info->first_day > INT64_MIN + 1;
	for (uint32_t i = 0; rc == 0 && i < c->days.n; i++) {
		struct ship_day *day = &c->days.list[i];
		day->table = info->table;
		day->dropped = retained && (day->day == SHIP_NO_DAY || day->day < info->first_day);
		rc = c->each(c->ctx, day, err);
	}
	schema_free(owned);
	return rc;
}

static int add_rows(void *ctx, const struct table_info *info, struct err *err)
{
	(void)err;
	*(uint64_t *)ctx += info->rows;
	return 0;
}

/* ---- under the lock -------------------------------------------------------------------------- */

static int locked(struct store *store, const struct ship_options *options, struct checking *c,
	int (*act)(struct checking *c, struct err *err), struct err *err)
{
	struct store_lock *lock = NULL;
	struct ship_result result = {0};
	int rc = store_lock(store, CLUSTER_LOCK, false, &lock, err);
	if (rc == 0)
		rc = err_set(err, ERR_BUSY,
			"another pugmark (serve, import or load) is sending to the cluster");
	else if (rc == 1)
		rc = ship_open(&c->s, store, options, &result, err);
	if (rc == 1)
		rc = act(c, err);
	cluster_close(c->s.cluster);
	store_unlock(lock);
	free(c->days.list);
	return rc;
}

static int check_all(struct checking *c, struct err *err)
{
	if (store_tables(c->s.store, add_rows, &c->total, err) < 0)
		return -1;
	return store_tables(c->s.store, check_table, c, err);
}

int ship_check(struct store *store, const struct ship_options *options,
	int (*each)(void *ctx, const struct ship_day *day, struct err *err), void *ctx,
	struct err *err)
{
	struct checking c = {.each = each, .ctx = ctx};
	return locked(store, options, &c, check_all, err);
}

/* ---- again ----------------------------------------------------------------------------------- */

static int skip_numbers(void *ctx, const struct table_info *info, struct err *err)
{
	struct checking *c = ctx;
	uint64_t last = 0;
	int rc = ship_highest(&c->s, info->table, 0, &last, err);
	return rc < 0 ? -1 : shipments_skip(c->s.store, last, err);
}

static int all_again(struct checking *c, struct err *err)
{
	if (ship_quiet(&c->s, err) < 0 || store_tables(c->s.store, skip_numbers, c, err) < 0 ||
		shipments_again(c->s.store, NULL, err) < 0)
		return -1;
	return ship_clear_withdrawn(&c->s, err);
}

int ship_again(struct store *store, const struct ship_options *options, struct err *err)
{
	struct checking c = {0};
	return locked(store, options, &c, all_again, err);
}

struct sent_segments {
	struct arena mem;
	struct shipment_segment *list;
	uint32_t n, cap;
};

static int note_segment(void *ctx, const struct shipment_segment *segment, struct err *err)
{
	struct sent_segments *sent = ctx;
	(void)err;
	if (sent->n == sent->cap) {
		sent->cap = sent->cap ? sent->cap * 2 : 64;
		sent->list = xrealloc(sent->list, sent->cap * sizeof(*sent->list));
	}
	struct shipment_segment *to = &sent->list[sent->n++];
	*to = *segment;
	to->path = arena_strdup(&sent->mem, slice_of(segment->path));
	to->run = NULL;
	return 0;
}

static int send_day(struct checking *c, const char *table, struct err *err)
{
	struct sent_segments sent = {0};
	const struct ship_choice choice = {.one_day = true, .day = c->days.list[0].day};
	struct shipment shipment = {.table = table};
	int rc = shipments_segments(c->s.store, table, note_segment, &sent, err);
	if (rc == 0 && sent.n)
		rc = shipment_extra(c->s.store, table, &shipment.id, err);
	shipment.segments = sent.list;
	shipment.n = sent.n;
	/* First, so that no event is there that cannot be found by it. */
	if (rc == 0 && sent.n)
		rc = choice.day == SHIP_NO_DAY
			     ? ship_observables_any(&c->s, &shipment, 1, 0, err)
			     : ship_observables_any(&c->s, &shipment, choice.day * DAY,
				       (choice.day + 1) * DAY - 1, err);
	if (rc == 0 && sent.n)
		rc = ship_events(&c->s, &shipment, &choice, &c->rows, err);
	if (rc == 0 && sent.n)
		rc = shipments_forget(c->s.store, shipment.id, err);
	free(sent.list);
	arena_fini(&sent.mem);
	return rc;
}

static int table_day_again(void *ctx, const struct table_info *info, struct err *err)
{
	struct checking *c = ctx;
	int64_t day = c->days.list[0].day;
	struct buf where;
	if (info->first_day > INT64_MIN + 1 && day < info->first_day)
		return 0; /* there is nothing here any more to send */
	buf_init(&where, 1 << 16);
	if (day == SHIP_NO_DAY)
		buf_puts(&where, " WHERE _time < 0");
	else
		buf_printf(&where, " WHERE _time >= %" PRId64 " AND _time < %" PRId64, day * DAY,
			(day + 1) * DAY);
	buf_puts(&where, " AND ");
	ship_mine(&where, &c->s);
	uint64_t last;
	int rc = shipments_last(c->s.store, &last, err);
	/* A server that deletes later leaves what is sent now. */
	buf_printf(&where, " AND _shipment <= %" PRIu64, last);
	if (rc == 0)
		rc = ship_delete(&c->s, info->table, &where, false, err);
	buf_fini(&where);
	return rc < 0 ? -1 : send_day(c, info->table, err);
}

static int day_again(struct checking *c, struct err *err)
{
	return ship_known(&c->s, err) < 0 ? -1 : store_tables(c->s.store, table_day_again, c, err);
}

int ship_again_day(struct store *store, const struct ship_options *options, int64_t day,
	uint64_t *rows, struct err *err)
{
	struct checking c = {0};
	day_of(&c.days, day);
	int rc = locked(store, options, &c, day_again, err);
	*rows = c.rows;
	return rc;
}
