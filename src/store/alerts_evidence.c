/* SPDX-License-Identifier: Apache-2.0 */
/*
 * alerts_evidence.c: the events of an alert, as one text beside the alert: of each "TIME TABLE LENGTH:JSON", LENGTH -1 where only its id is
 * kept. The ids stand in alerts.evidence, in the same order. (A row per event took 5.6 KB of an alert, most of it halves of
 * pages, and a third of the time of a replay.)
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/alerts_private.h"

static const char *kept_json(const struct alert_event *event)
{
	return event->json && strlen(event->json) <= LIMIT_ALERT_EVENT ? event->json : NULL;
}

static const char *copy_of(const struct alert_found *old, const uint8_t id[16])
{
	for (uint32_t e = 0; old && e < old->nevents; e++)
		if (memcmp(old->events[e].id, id, 16) == 0)
			return old->events[e].json;
	return NULL;
}

static void put_event(struct buf *out, const struct alert_event *event, const char *json)
{
	size_t n = json ? strlen(json) : 0;
	buf_printf(out, "%" PRId64 " %s %d:", event->time, event->table ? event->table : "",
		json ? (int)n : -1);
	buf_append(out, json ? json : "", n);
}

int alert_evidence_put(struct store *store, int64_t n, const struct alert_found *f,
	const struct alert_found *old, struct buf *scratch, struct err *err)
{
	buf_clear(scratch);
	for (uint32_t e = 0; e < f->nevents; e++) {
		const char *json = kept_json(&f->events[e]);
		put_event(scratch, &f->events[e], json ? json : copy_of(old, f->events[e].id));
	}
	buf_push(scratch, 0);
	if (scratch->full)
		return err_set(err, ERR_LIMIT, "the events of an alert are too long to be kept");
	return catalog_run(store, err,
		"INSERT INTO alert_evidence VALUES(?1, ?2)"
		" ON CONFLICT DO UPDATE SET events = excluded.events",
		"it", n, scratch->ptr);
}

/* Reads one event at *at; false where the text is none. */
static bool get_event(const char **at, struct arena *mem, struct alert_event *event)
{
	char *end;
	event->time = strtoll(*at, &end, 10);
	if (*end != ' ')
		return false;
	const char *table = end + 1, *space = strchr(table, ' ');
	if (!space)
		return false;
	event->table = arena_strdup(mem, (struct slice){table, (size_t)(space - table)});
	long n = strtol(space + 1, &end, 10);
	if (*end != ':' || n < -1 || (n > 0 && strnlen(end + 1, (size_t)n) < (size_t)n))
		return false;
	event->json = n < 0 ? NULL : arena_strdup(mem, (struct slice){end + 1, (size_t)n});
	*at = end + 1 + (n < 0 ? 0 : n);
	return true;
}

static void read_events(
	sqlite3_stmt *stmt, struct arena *mem, struct alert_found *f, struct alert_event *events)
{
	const uint8_t *ids = sqlite3_column_blob(stmt, 0);
	const char *at = catalog_text(stmt, 1);
	uint32_t n = (uint32_t)sqlite3_column_bytes(stmt, 0) / 16;
	for (uint32_t e = 0; e < n && get_event(&at, mem, &events[e]); e++) {
		memcpy(events[e].id, ids + (size_t)16 * e, 16);
		f->nevents = e + 1;
	}
}

/* Of a folder that is open for reading and of format 5. */
static void read_row(sqlite3_stmt *stmt, struct arena *mem, struct alert_event *event)
{
	const char *json = (const char *)sqlite3_column_text(stmt, 3);
	event->time = sqlite3_column_int64(stmt, 1);
	event->table = arena_strdup(mem, slice_of(catalog_text(stmt, 2)));
	event->json = json ? arena_strdup(mem, slice_of(json)) : NULL;
	catalog_blob(stmt, 0, event->id, 16);
}

int alert_evidence_get(
	struct store *store, int64_t n, struct arena *mem, struct alert_found *f, struct err *err)
{
	int64_t cap = 0;
	int whole = catalog_has(store, 7, err);
	if (whole < 0 ||
		catalog_int(store, &cap, err,
			"SELECT length(evidence) / 16 FROM alerts WHERE n = ?", "i", n) < 0)
		return -1;
	struct alert_event *events = arena_zalloc(mem, (size_t)cap + 1, sizeof(*events));
	sqlite3_stmt *stmt =
		whole ? catalog_query(store, err,
				"SELECT a.evidence, e.events FROM alerts a"
				" JOIN alert_evidence e ON e.alert = a.n WHERE a.n = ?",
				"i", n)
		      : catalog_query(store, err,
				"SELECT id, time, table_name, json FROM alert_events"
				" WHERE alert = ? ORDER BY nr",
				"i", n);
	struct rows rows = rows_of(store, stmt);
	f->nevents = 0;
	while (rows_next(&rows, err)) {
		if (whole)
			read_events(stmt, mem, f, events);
		else if ((int64_t)f->nevents < cap)
			read_row(stmt, mem, &events[f->nevents++]);
	}
	f->events = events;
	return rows.answer;
}
