/* SPDX-License-Identifier: Apache-2.0 */
/* alerts_show.c (cli/): pugmark alerts show: everything that is known of one alert. */
#include <inttypes.h>

#include "cli/alerts.h"
#include "query/evidence.h"

enum { HEAD = 13 /* columns of what is named */, EVENT_INDENT = 4 };

static void member(struct buf *out, const char *name, const char *text)
{
	if (!text || !*text)
		return;
	buf_printf(out, "%-*s ", HEAD, name);
	text_escape(out, slice_of(text));
	buf_push(out, '\n');
}

static void time_member(struct buf *out, const char *name, int64_t us, int64_t now)
{
	char text[CLOCK_TEXT], ago[32];
	if (us == INT64_MIN)
		return;
	buf_printf(out, "%-*s %s", HEAD, name, clock_text(us, text));
	if (us <= now)
		buf_printf(out, "  (%s ago)", span_text(now - us, ago));
	buf_push(out, '\n');
}

static void state_member(struct buf *out, const struct alert_info *alert)
{
	char count[32];
	buf_printf(out, "%-*s %s", HEAD, "state", alert_state_name(alert->state));
	if (alert->reason)
		buf_printf(out, ": %s", alert_reason_name(alert->reason));
	if (alert->new_events)
		buf_printf(out, ", %s new event%s since", text_count(alert->new_events, count),
			alert->new_events == 1 ? "" : "s");
	if (alert->found.provisional)
		buf_puts(out, "; provisional: history of a source is still being read");
	buf_push(out, '\n');
}

/* An event in one line; on a terminal no longer than it is wide. */
static void event_line(struct buf *out, const struct alert_event *event)
{
	char id[UUID_TEXT], time[CLOCK_TEXT];
	unsigned width = terminal_width();
	struct slice json = slice_of(event->json);
	text_uuid(event->id, id);
	buf_printf(out, "  %s  %.*s  ",
		event->time == INT64_MIN ? "no time" : clock_text(event->time, time), UUID_TEXT,
		id);
	text_escape(out, slice_of(event->table));
	buf_push(out, '\n');
	if (!json.ptr)
		return;
	bool cut = width > 2 * EVENT_INDENT && json.len > 2 * (size_t)width;
	if (cut) {
		json.len = 2 * (size_t)width - EVENT_INDENT;
		while (json.len > 0 && ((unsigned char)json.ptr[json.len] & 0xc0) == 0x80)
			json.len--;
	}
	buf_printf(out, "%*s", EVENT_INDENT, "");
	text_escape(out, json);
	buf_puts(out, cut ? " …\n" : "\n");
}

static void evidence(struct buf *out, const struct alert_found *f)
{
	char count[32];
	buf_puts(out, "\nevidence");
	if (f->nevents < f->count)
		buf_printf(out, " (%u of %s events: the first, and the last)", f->nevents,
			text_count(f->count, count));
	buf_puts(out, ": pugmark show ID prints an event whole\n");
	for (uint32_t i = 0; i < f->nevents; i++)
		event_line(out, &f->events[i]);
}

static void notes(struct buf *out, const struct alert_info *alert)
{
	char time[CLOCK_TEXT];
	if (alert->nnotes)
		buf_puts(out, "\nnotes\n");
	for (uint32_t i = 0; i < alert->nnotes; i++) {
		const struct alert_note *note = &alert->notes[i];
		buf_printf(out, "  %.19sZ  ", clock_text(note->at, time));
		text_escape(out, slice_of(note->who));
		buf_puts(out, ": ");
		text_escape(out, slice_of(note->text));
		buf_push(out, '\n');
	}
}

static void print_text(struct buf *out, const struct alert_info *alert)
{
	const struct alert_found *f = &alert->found;
	int64_t now = clock_now_us();
	char id[2 * ALERT_ID + 1], count[32];
	text_escape(out, slice_of(f->title));
	buf_puts(out, "\n\n");
	member(out, "id", alert_id_text(alert->id, id));
	member(out, "level", level_name(f->level));
	state_member(out, alert);
	member(out, "rule", f->rule);
	member(out, "origin", f->origin);
	member(out, "group", f->group);
	member(out, "events", text_count(f->count, count));
	if (f->values)
		member(out, "values", text_count(f->values, count));
	time_member(out, "first event", f->first, now);
	time_member(out, "last event", f->last, now);
	member(out, "actor", f->actor);
	member(out, "target", f->target);
	member(out, "ip", f->ip);
	member(out, "sources", f->sources);
	time_member(out, "created", alert->created, now);
	time_member(out, "changed", alert->changed, now);
	for (uint32_t i = 0; i < alert->naliases; i++)
		member(out, i ? "" : "also called", alert_id_text(alert->aliases[i], id));
	evidence(out, f);
	notes(out, alert);
}

int alerts_print_one(const struct command_line *line, struct store *store,
	struct alert_filter *filter, struct err *err)
{
	(void)filter;
	struct arena mem = {0};
	struct alert_info alert;
	struct buf out;
	int rc = evidence_get(store, line->args[1], &mem, &alert, err);
	if (rc == 0)
		rc = err_set(err, ERR_NOT_FOUND,
			"there is no alert %.60s: pugmark alerts --state all lists them",
			line->args[1]);
	buf_init(&out, (size_t)1 << 28);
	if (rc == 1 && line->values[OPT_JSON]) {
		alert_json(&alert, true, &out);
		buf_push(&out, '\n');
	} else if (rc == 1)
		print_text(&out, &alert);
	if (out.len)
		fwrite(out.ptr, 1, out.len, stdout);
	buf_fini(&out);
	arena_fini(&mem);
	return rc < 0 ? -1 : 0;
}
