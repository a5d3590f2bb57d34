/* SPDX-License-Identifier: Apache-2.0 */
/* alerts_insert.c: hands alerts over as the detector does: alerts_insert DATA FILE, for tests. The file is one JSON object:
 * {"quiet":false,"cells":[{"rule":…,"group_key":HEX,"day":N,"alerts":[{"version":HEX,"title":…,"level":"high","group":…,
 * "actor":…,"target":…,"ip":…,"sources":…,"count":N,"events":[{"id":UUID,"time":µs,"table":…,"event":{…}}]}]}]} */
#include <stdio.h>
#include <stdlib.h>

#include "base/base.h"
#include "json/json.h"
#include "store/alerts.h"

static struct arena mem;

static const char *text_of(struct slice object, const char *key, const char *otherwise)
{
	struct buf text;
	buf_init(&text, 1 << 24);
	const char *found = json_find_text(object, key, &text) ? arena_strdup(&mem, buf_view(&text))
							       : otherwise;
	buf_fini(&text);
	return found;
}

static int64_t number_of(struct slice object, const char *key, int64_t otherwise)
{
	int64_t n;
	struct slice value = json_find(object, key);
	return value.ptr && text_parse_int(value, &n) == 0 ? n : otherwise;
}

static void hex_of(struct slice object, const char *key, uint8_t *out, size_t n)
{
	const char *text = text_of(object, key, "");
	for (size_t i = 0; i < n && text[2 * i] && text[2 * i + 1]; i++) {
		unsigned value = 0;
		if (sscanf(text + 2 * i, "%2x", &value) == 1)
			out[i] = (uint8_t)value;
	}
}

static uint32_t items(struct slice array)
{
	uint32_t n = 0;
	struct slice item;
	for (size_t at = 0; json_item(array, &at, &item);)
		n++;
	return n;
}

static void read_events(struct slice array, struct alert_found *f)
{
	struct alert_event *events = arena_zalloc(&mem, items(array) + 1, sizeof(*events));
	struct slice item;
	for (size_t at = 0; json_item(array, &at, &item);) {
		struct alert_event *event = &events[f->nevents++];
		struct slice json = json_find(item, "event");
		if (text_parse_uuid(slice_of(text_of(item, "id", "")), event->id) < 0) {
			fprintf(stderr, "alerts_insert: an event without an id\n");
			exit(2);
		}
		event->time = number_of(item, "time", INT64_MIN);
		event->table = text_of(item, "table", "");
		event->json = json.ptr ? arena_strdup(&mem, json) : NULL;
	}
	f->events = events;
}

static void read_alert(struct slice item, const struct alert_cell *cell, struct alert_found *f)
{
	int level = level_named(text_of(item, "level", "medium"));
	*f = (struct alert_found){.rule = cell->rule,
		.title = text_of(item, "title", ""),
		.level = level < 0 ? 2 : (unsigned)level,
		.group = text_of(item, "group", ""),
		.day = cell->day,
		.values = (uint64_t)number_of(item, "values", 0),
		.actor = text_of(item, "actor", NULL),
		.target = text_of(item, "target", NULL),
		.ip = text_of(item, "ip", NULL),
		.origin = text_of(item, "origin", ""),
		.sources = text_of(item, "sources", "")};
	hex_of(item, "version", f->version, sizeof(f->version));
	memcpy(f->group_key, cell->group_key, 16);
	read_events(json_find(item, "events"), f);
	if (f->nevents)
		memcpy(f->fired, f->events[0].id, 16);
	f->first = f->nevents ? f->events[0].time : INT64_MIN;
	f->last = f->nevents ? f->events[f->nevents - 1].time : INT64_MIN;
	f->count = (uint64_t)number_of(item, "count", f->nevents);
}

static void read_cell(struct slice item, struct alert_cell *cell)
{
	struct slice alerts = json_find(item, "alerts"), alert;
	struct alert_found *found = arena_zalloc(&mem, items(alerts) + 1, sizeof(*found));
	*cell = (struct alert_cell){
		.rule = text_of(item, "rule", ""), .day = number_of(item, "day", 0)};
	hex_of(item, "group_key", cell->group_key, 16);
	for (size_t at = 0; json_item(alerts, &at, &alert);)
		read_alert(alert, cell, &found[cell->n++]);
	cell->found = found;
}

int main(int argc, char **argv)
{
	struct err err;
	struct store *store;
	struct alert_changes changes = {0};
	char *data;
	size_t size;
	uint32_t n = 0;
	if (argc != 3 || io_read_file(argv[2], (size_t)1 << 30, &data, &size, &err) < 0 ||
		store_open(argv[1], STORE_WRITE, &store, &err) < 0) {
		fprintf(stderr, "alerts_insert: %s\n", argc == 3 ? err.text : "DATA FILE");
		return 2;
	}
	struct slice text = {data, size}, list = json_find(text, "cells"), item;
	struct alert_cell *cells = arena_zalloc(&mem, items(list) + 1, sizeof(*cells));
	for (size_t at = 0; json_item(list, &at, &item);)
		read_cell(item, &cells[n++]);
	bool quiet = slice_eq(json_find(text, "quiet"), SLICE("true"));
	int rc = alerts_replace(store, cells, n, NULL, 0, quiet, &changes, &err);
	if (rc < 0)
		fprintf(stderr, "alerts_insert: %s\n", err.text);
	else
		printf("%d %d %d\n", (int)changes.added, (int)changes.changed,
			(int)changes.withdrawn);
	store_close(store);
	arena_fini(&mem);
	free(data);
	return rc < 0;
}
