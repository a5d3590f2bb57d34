/* SPDX-License-Identifier: Apache-2.0 */
/* alerts_json.c: an alert as JSON: the same for lists, exports and webhooks (docs/alerts.md). */
#include <inttypes.h>

#include "store/alerts_private.h"

static void time_member(struct buf *out, const char *name, int64_t us)
{
	char text[CLOCK_TEXT];
	if (us == INT64_MIN)
		buf_printf(out, ",\"%s\":null", name);
	else
		buf_printf(out, ",\"%s\":\"%s\"", name, clock_text(us, text));
}

/* "a, b" as ["a","b"]. */
static void sources_member(struct buf *out, const char *sources)
{
	buf_puts(out, ",\"sources\":[");
	for (const char *at = sources, *end; *at; at = end) {
		end = strstr(at, ", ");
		size_t n = end ? (size_t)(end - at) : strlen(at);
		if (at != sources)
			buf_push(out, ',');
		text_json_string(out, (struct slice){at, n});
		end = end ? end + 2 : at + n;
	}
	buf_push(out, ']');
}

static void event_json(struct buf *out, const struct alert_event *event)
{
	char id[UUID_TEXT];
	text_uuid(event->id, id);
	buf_printf(out, "{\"id\":\"%.*s\"", UUID_TEXT, id);
	text_json_member(out, "table", event->table);
	time_member(out, "time", event->time);
	/* It is JSON already, from the program's own hand. */
	buf_printf(out, ",\"event\":%s}", event->json ? event->json : "null");
}

static void whole_members(struct buf *out, const struct alert_info *alert)
{
	char text[2 * ALERT_ID + 1];
	buf_puts(out, ",\"evidence\":[");
	for (uint32_t i = 0; i < alert->found.nevents; i++) {
		buf_puts(out, i ? "," : "");
		event_json(out, &alert->found.events[i]);
	}
	buf_puts(out, "],\"notes\":[");
	for (uint32_t i = 0; i < alert->nnotes; i++) {
		buf_printf(out, "%s{\"at\":\"%s\"", i ? "," : "",
			clock_text(alert->notes[i].at, (char[CLOCK_TEXT]){0}));
		text_json_member(out, "who", alert->notes[i].who);
		text_json_member(out, "text", alert->notes[i].text);
		buf_push(out, '}');
	}
	buf_puts(out, "],\"aliases\":[");
	for (uint32_t i = 0; i < alert->naliases; i++)
		buf_printf(out, "%s\"%s\"", i ? "," : "", alert_id_text(alert->aliases[i], text));
	buf_push(out, ']');
}

void alert_json(const struct alert_info *alert, bool whole, struct buf *out)
{
	char id[2 * ALERT_ID + 1];
	const struct alert_found *f = &alert->found;
	buf_printf(out, "{\"id\":\"%s\"", alert_id_text(alert->id, id));
	text_json_member(out, "state", alert_state_name(alert->state));
	text_json_member(out, "reason", alert->reason ? alert_reason_name(alert->reason) : NULL);
	text_json_member(out, "level", level_name(f->level));
	text_json_member(out, "title", f->title);
	text_json_member(out, "rule", f->rule);
	text_json_member(out, "group", f->group);
	time_member(out, "first_event", f->first);
	time_member(out, "last_event", f->last);
	buf_printf(out, ",\"events\":%" PRIu64 ",\"new_events\":%" PRIu64, f->count,
		alert->new_events);
	if (f->values)
		buf_printf(out, ",\"values\":%" PRIu64, f->values);
	text_json_member(out, "actor", f->actor);
	text_json_member(out, "target", f->target);
	text_json_member(out, "ip", f->ip);
	text_json_member(out, "origin", *f->origin ? f->origin : NULL);
	sources_member(out, f->sources);
	buf_printf(out, ",\"provisional\":%s", f->provisional ? "true" : "false");
	time_member(out, "created_at", alert->created);
	time_member(out, "changed_at", alert->changed);
	if (whole)
		whole_members(out, alert);
	buf_push(out, '}');
}
