/* SPDX-License-Identifier: Apache-2.0 */
/* evidence.c (query/): the events of an alert that are not kept as copies, read where they are stored. */
#include "query/evidence.h"

#include "parquet/parquet.h"
#include "query/row_json.h"

void evidence_json(const char *table, const struct batch *batch, uint32_t row, struct buf *out)
{
	buf_printf(out, "{\"table\":\"%s\",", table);
	row_members_json(batch, row, false, out);
	buf_push(out, '}');
}

/* The text of an event where it is stored; NULL = it is not to be had. */
static const char *read_event(struct store *store, const uint8_t id[16], struct arena *mem)
{
	struct event_place place;
	struct parquet_reader *reader;
	struct batch batch;
	struct buf json;
	struct err err;
	const char *text = NULL;
	if (store_find_event(store, id, &place, &err) != 1 ||
		parquet_open(place.path, &reader, &err) < 0)
		return NULL;
	buf_init(&json, LIMIT_ALERT_EVENT);
	if (parquet_read_rows(reader, place.group, NULL, &place.row, 1, &batch, &err) == 0) {
		evidence_json(place.table, &batch, 0, &json);
		text = json.full ? NULL : arena_strdup(mem, buf_view(&json));
	}
	buf_fini(&json);
	batch_fini(&batch);
	parquet_close(reader);
	return text;
}

int evidence_get(struct store *store, const char *id, struct arena *mem, struct alert_info *alert,
	struct err *err)
{
	int rc = alerts_get(store, id, mem, alert, err);
	uint32_t n = rc == 1 ? alert->found.nevents : 0;
	struct alert_event *events = arena_zalloc(mem, (size_t)n + 1, sizeof(*events));
	for (uint32_t e = 0; e < n; e++) {
		events[e] = alert->found.events[e];
		if (!events[e].json)
			events[e].json = read_event(store, events[e].id, mem);
	}
	if (rc == 1)
		alert->found.events = events;
	return rc;
}
