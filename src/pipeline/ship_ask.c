/* SPDX-License-Identifier: Apache-2.0 */
/* ship_ask.c: what the shipper asks of the cluster, and what it tells it to do. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cluster/table.h"
#include "pipeline/ship_private.h"

enum {
	QUIET_SECONDS = 60,
	DELETE_SECONDS = 1800,
	LOOK_MS = 200,
	BEGIN_LOOKS = 5,
	SQL_BYTES = 1 << 20,
};
#define STILL_BUSY                                                                                 \
	"the cluster is still busy with what was sent to it before: it is looked at again later"

static int nap(const struct shipper *s, struct err *err)
{
	struct timespec wait = {0, LOOK_MS * 1000000L};
	nanosleep(&wait, NULL);
	if (s->options->stop && *s->options->stop)
		return err_set(err, ERR_INTERRUPTED, "stopped");
	return 0;
}

int ship_number(struct shipper *s, struct buf *sql, uint64_t *n, struct err *err)
{
	struct row_cursor cursor;
	struct buf answer;
	buf_init(&answer, 4096);
	int rc = cluster_rows(s->cluster, sql, &answer, &cursor, err);
	*n = row_u64(&cursor);
	if (rc == 0)
		rc = row_end(&cursor, err);
	buf_fini(&answer);
	return rc;
}

void ship_mine(struct buf *sql, const struct shipper *s)
{
	buf_puts(sql, "_collector = ");
	sql_text(sql, slice_of(s->collector));
}

/* The rows of a shipment, of either table. */
static void of_shipment(struct buf *sql, const struct shipper *s, const struct shipment *shipment)
{
	buf_printf(sql, " WHERE _shipment = %" PRIu64 " AND ", shipment->id);
	ship_mine(sql, s);
}

/* Its events, within its times, so that a server looks at few others. */
static void events_of_shipment(
	struct buf *sql, const struct shipper *s, const struct shipment *shipment)
{
	of_shipment(sql, s, shipment);
	if (shipment->min_time <= shipment->max_time)
		buf_printf(sql,
			" AND (_time BETWEEN toInt64('%" PRId64 "') AND toInt64('%" PRId64 "')%s)",
			shipment->min_time, shipment->max_time,
			shipment->no_time ? " OR " SQL_UNTIMED : "");
}

int ship_count(struct shipper *s, const struct shipment *shipment, bool observables, uint64_t *n,
	struct err *err)
{
	struct buf sql;
	buf_init(&sql, SQL_BYTES);
	buf_puts(&sql, "SELECT count() FROM ");
	cluster_table_name(
		&sql, s->cluster, observables ? CLUSTER_OBSERVABLES : shipment->table, false);
	(observables ? of_shipment : events_of_shipment)(&sql, s, shipment);
	int rc = ship_number(s, &sql, n, err);
	buf_fini(&sql);
	return rc;
}

int ship_highest(
	struct shipper *s, const char *table, uint64_t above, uint64_t *id, struct err *err)
{
	struct buf sql;
	buf_init(&sql, SQL_BYTES);
	buf_puts(&sql, "SELECT max(_shipment) FROM ");
	cluster_table_name(&sql, s->cluster, table, false);
	buf_printf(&sql, " PREWHERE _shipment > %" PRIu64 " WHERE ", above);
	ship_mine(&sql, s);
	int rc = ship_number(s, &sql, id, err);
	buf_fini(&sql);
	return rc;
}

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, 16);
}

int ship_ids(struct shipper *s, const struct shipment *shipment, uint8_t (**ids)[16], uint64_t *n,
	struct err *err)
{
	struct buf sql, answer;
	struct cluster_query query = {.reading = true, .whole = true};
	*ids = NULL;
	*n = 0;
	buf_init(&sql, SQL_BYTES);
	buf_init(&answer, (size_t)1 << 30);
	buf_puts(&sql, "SELECT _id FROM ");
	cluster_table_name(&sql, s->cluster, shipment->table, false);
	events_of_shipment(&sql, s, shipment);
	buf_puts(&sql, " FORMAT RowBinary");
	query.sql = buf_view(&sql);
	int rc = cluster_ask(s->cluster, &query, &answer, err);
	if (rc == 0 && answer.len % 16)
		rc = err_set(err, ERR_FORMAT, "%s: the answer is cut within an id", query.server);
	if (rc == 0 && answer.len) {
		*n = answer.len / 16;
		*ids = xmalloc(answer.len);
		memcpy(*ids, answer.ptr, answer.len);
		qsort(*ids, *n, 16, by_bytes);
	}
	buf_fini(&answer);
	buf_fini(&sql);
	return rc;
}

/* The same INSERT, of a process that has ended, may still be at work there: it is waited for. */
static int insert_once(
	struct shipper *s, struct cluster_query *query, struct buf *answer, struct err *err)
{
	int64_t until = clock_mono_us() + QUIET_SECONDS * INT64_C(1000000);
	for (;;) {
		int rc = cluster_ask(s->cluster, query, answer, err);
		if (rc == 0 || query->outcome != CLUSTER_REFUSED || query->code != CLUSTER_RUNNING)
			return rc;
		if (clock_mono_us() > until)
			return err_set(err, ERR_BUSY, STILL_BUSY);
		if (nap(s, err) < 0)
			return -1;
	}
}

/* The INSERT is known there by its number, so that one in doubt can be looked for (ship_quiet). */
int ship_insert(struct shipper *s, uint64_t shipment, const char *part, const char *table,
	const struct buf *columns, const struct buf *block, struct err *err)
{
	char settings[400];
	struct buf sql, packed, answer;
	buf_init(&sql, SQL_BYTES);
	buf_init(&packed, SHIP_WIRE_BYTES);
	buf_init(&answer, SQL_BYTES);
	buf_puts(&sql, "INSERT INTO ");
	cluster_table_name(&sql, s->cluster, table, false);
	buf_printf(&sql, " (%.*s) FORMAT Native", SLICE_ARG(buf_view(columns)));
	snprintf(settings, sizeof(settings),
		"insert_distributed_sync=1&query_id=pugmark-%s-%" PRIu64 "-%s%s%s", s->collector,
		shipment, part,
		s->features->partition_limit ? "&max_partitions_per_insert_block=0" : "",
		s->features->version >= 21011 ? "&async_insert=0" : "");
	struct cluster_query query = {.sql = buf_view(&sql),
		.compressed = true,
		.settings = settings,
		.seconds = s->options->seconds ? s->options->seconds : SHIP_SECONDS};
	int rc = native_compress(&packed, buf_view(block), err);
	query.data = buf_view(&packed);
	if (rc == 0)
		rc = insert_once(s, &query, &answer, err);
	buf_fini(&answer);
	buf_fini(&packed);
	buf_fini(&sql);
	return rc;
}

/* A name of the system's tables: of one server, or of one replica of each shard. */
static void system_table(struct buf *sql, const struct shipper *s, const char *name)
{
	const char *cluster = cluster_settings(s->cluster)->cluster;
	if (!*cluster) {
		buf_printf(sql, "system.%s", name);
		return;
	}
	buf_puts(sql, "cluster(");
	sql_text(sql, slice_of(cluster));
	buf_printf(sql, ", system, %s)", name);
}

int ship_quiet(struct shipper *s, struct err *err)
{
	int64_t until = clock_mono_us() + QUIET_SECONDS * INT64_C(1000000);
	struct buf sql;
	uint64_t n = 1;
	/* What lies in a server's socket has not begun yet. */
	for (int i = 0; i < BEGIN_LOOKS; i++)
		if (nap(s, err) < 0)
			return -1;
	buf_init(&sql, SQL_BYTES);
	buf_puts(&sql, "SELECT count() FROM ");
	system_table(&sql, s, "processes");
	buf_printf(&sql, " WHERE initial_query_id LIKE 'pugmark-%s-%%'", s->collector);
	int rc = 0;
	while (rc == 0 && (rc = ship_number(s, &sql, &n, err)) == 0 && n > 0) {
		if (clock_mono_us() > until)
			rc = err_set(err, ERR_BUSY, STILL_BUSY);
		else
			rc = nap(s, err);
	}
	buf_fini(&sql);
	return rc;
}

/* ---- deleting -------------------------------------------------------------------------------- */

static void from_table(struct buf *sql, const struct shipper *s, const char *table,
	const struct buf *where, const char *what)
{
	buf_puts(sql, what);
	cluster_table_name(sql, s->cluster, table, false);
	buf_slice(sql, buf_view(where));
}

static int delete_rows(
	struct shipper *s, const char *table, const struct buf *where, struct err *err)
{
	const char *cluster = cluster_settings(s->cluster)->cluster;
	struct cluster_query query = {.whole = true, .seconds = SHIP_SECONDS};
	struct buf sql, answer;
	buf_init(&sql, SQL_BYTES);
	buf_init(&answer, SQL_BYTES);
	buf_puts(&sql, "ALTER TABLE ");
	cluster_table_name(&sql, s->cluster, table, true);
	if (*cluster) {
		buf_puts(&sql, " ON CLUSTER ");
		sql_name(&sql, slice_of(cluster));
	}
	buf_printf(&sql, " DELETE%.*s", SLICE_ARG(buf_view(where)));
	query.sql = buf_view(&sql);
	if (*cluster)
		query.settings = "distributed_ddl_task_timeout=3";
	int rc = cluster_ask(s->cluster, &query, &answer, err);
	/* Whether the rows are gone is looked at behind this. Servers that are down do it when they are back: what is sent meanwhile has
	 * another number. */
	if (rc < 0 && *cluster && query.code == CLUSTER_TIMEOUT)
		rc = 0;
	buf_fini(&answer);
	buf_fini(&sql);
	return rc;
}

/* Until none of the rows is seen any more, and no deletion is under way. */
static int wait_deleted(
	struct shipper *s, const char *table, const struct buf *where, struct err *err)
{
	int64_t until = clock_mono_us() + DELETE_SECONDS * INT64_C(1000000);
	struct buf rows, running;
	uint64_t left = 1, busy = 1;
	buf_init(&rows, SQL_BYTES);
	buf_init(&running, SQL_BYTES);
	from_table(&rows, s, table, where, "SELECT count() FROM ");
	buf_puts(&running, "SELECT count() FROM ");
	system_table(&running, s, "mutations");
	buf_puts(&running, " WHERE is_done = 0 AND database = ");
	sql_text(&running, slice_of(cluster_settings(s->cluster)->database));
	buf_printf(&running, " AND table IN ('%s', '%s_local')", table, table);
	int rc = 0;
	for (;;) {
		if ((rc = ship_number(s, &running, &busy, err)) < 0 ||
			(rc = ship_number(s, &rows, &left, err)) < 0 || left + busy == 0)
			break;
		if (clock_mono_us() > until)
			rc = err_set(err, ERR_BUSY,
				"the cluster has not deleted rows of %s yet: see "
				"system.mutations there",
				table);
		if (rc < 0 || (rc = nap(s, err)) < 0)
			break;
	}
	buf_fini(&rows);
	buf_fini(&running);
	return rc;
}

static int delete_of(struct shipper *s, const char *table, const struct buf *where, struct err *err)
{
	struct buf sql;
	uint64_t n = 1;
	buf_init(&sql, SQL_BYTES);
	from_table(&sql, s, table, where, "SELECT count() FROM ");
	/* One server tells all that it has. A replica may not know yet. */
	int rc = s->replicas ? 0 : ship_number(s, &sql, &n, err);
	buf_fini(&sql);
	if (rc < 0 || n == 0)
		return rc;
	return delete_rows(s, table, where, err) < 0 ? -1 : wait_deleted(s, table, where, err);
}

int ship_delete(struct shipper *s, const char *table, const struct buf *where, bool observables,
	struct err *err)
{
	struct buf of_table;
	int rc = ship_quiet(s, err) < 0 ? -1 : delete_of(s, table, where, err);
	if (rc < 0 || !observables)
		return rc;
	buf_init(&of_table, SQL_BYTES);
	buf_printf(&of_table, "%.*s AND table_name = ", SLICE_ARG(buf_view(where)));
	sql_text(&of_table, slice_of(table));
	rc = delete_of(s, CLUSTER_OBSERVABLES, &of_table, err);
	buf_fini(&of_table);
	return rc;
}

/* ---- numbers that nobody knows --------------------------------------------------------------- */

struct known {
	struct shipper *s;
	uint64_t last;
};

static int check_table(void *ctx, const struct table_info *info, struct err *err)
{
	struct known *known = ctx;
	struct shipper *s = known->s;
	uint64_t found = 0;
	int rc = ship_highest(s, info->table, known->last, &found, err);
	if (rc == 0 && found > known->last)
		rc = err_set(err, ERR_DAMAGED,
			"the cluster has shipment %" PRIu64
			" of this lake in %s, and this lake knows of %" PRIu64
			" only: it was restored from a backup, or a copy of it sends too. Nothing "
			"was sent. Where no copy is in use, pugmark cluster load --again "
			"replaces there what this lake has sent",
			found, info->table, known->last);
	return rc;
}

int ship_known(struct shipper *s, struct err *err)
{
	struct known known = {.s = s};
	return shipments_last(s->store, &known.last, err) < 0
		       ? -1
		       : store_tables(s->store, check_table, &known, err);
}
