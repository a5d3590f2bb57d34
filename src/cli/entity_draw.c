/* SPDX-License-Identifier: Apache-2.0 */
/* entity_draw.c (cli/): what is known of one value, as one page of the terminal. Pure: an entity in, text out. */
#include <inttypes.h>

#include "cli/alerts.h"
#include "cli/entity.h"

enum { DATE = 10, NAME_MOST = 44, NAME_LEAST = 12, LABEL = 12, TITLE_MOST = 40 };
#define DAY_US INT64_C(86400000000)

/* "2026-01-31", or "-" where there is no time. */
static void put_date(struct buf *out, int64_t us, bool is_there)
{
	char text[CLOCK_TEXT];
	buf_printf(out, "%.*s", is_there ? DATE : 1, is_there ? clock_text(us, text) : "-");
}

static void put_blanks(struct buf *out, size_t n)
{
	for (; n; n--)
		buf_push(out, ' ');
}

/* The text, escaped and cut to `width` columns; returns how many it takes. */
static size_t put_text(struct buf *out, struct slice text, size_t width)
{
	struct buf shown;
	bool cut = text.len > 8 * width;
	buf_init(&shown, 1 << 20);
	text.len = cut ? 8 * width : text.len;
	text_escape(&shown, text);
	struct slice view = buf_view(&shown);
	if (view.len == 0)
		view = slice_of("(empty)");
	while (view.len && text_width(view) + cut > width) {
		cut = true;
		view.len--;
		while (view.len && ((unsigned char)view.ptr[view.len] & 0xc0) == 0x80)
			view.len--;
	}
	buf_slice(out, view);
	buf_puts(out, cut ? "…" : "");
	size_t n = text_width(view) + cut;
	buf_fini(&shown);
	return n;
}

/* ---- the head -------------------------------------------------------------------------------- */

static void draw_kinds(const struct entity *entity, struct buf *out)
{
	const char *between = "";
	for (enum ioc_kind kind = IOC_IPV4; kind < IOC_KINDS; kind++) {
		if (!(entity->kinds >> kind & 1))
			continue;
		buf_printf(out, "%s%s", between, ioc_kind_name(kind));
		between = ", ";
	}
	if (!*between)
		buf_puts(out, entity->searched && entity->seen ? "found by search" : "not seen");
}

static void draw_role(const char *name, uint64_t events, const char **between, struct buf *out)
{
	char count[32];
	if (!events)
		return;
	buf_printf(out, "%s%s %s", *between, name, text_count(events, count));
	*between = ", ";
}

static void draw_head(const struct entity *entity, struct slice value, int64_t now, unsigned width,
	struct buf *out)
{
	char count[32];
	const char *between = "";
	put_text(out, value, width > 20 ? width - 20 : 20);
	buf_puts(out, ": ");
	draw_kinds(entity, out);
	buf_printf(out, "\n%s event%s", text_count(entity->events, count),
		entity->events == 1 ? "" : "s");
	if (entity->first <= entity->last) {
		buf_puts(out, ", ");
		put_date(out, entity->first, true);
		buf_puts(out, " to ");
		put_date(out, entity->last, true);
		if (entity->last <= now)
			buf_printf(out, " (%s ago)", span_text(now - entity->last, count));
	}
	buf_puts(out, ": ");
	draw_role("as actor", entity->as_actor, &between, out);
	draw_role("as address", entity->as_address, &between, out);
	draw_role("as target", entity->as_target, &between, out);
	draw_role("elsewhere in the event", entity->elsewhere, &between, out);
	buf_push(out, '\n');
	if (entity->ncounted)
		buf_printf(out, "counted with the events of %s other name%s (below)\n",
			text_count(entity->ncounted, count), entity->ncounted == 1 ? "" : "s");
	if (!entity->searched && entity->named_as_target)
		buf_printf(out, "%s event%s it as a target: --as target shows them\n",
			text_count(entity->named_as_target, count),
			entity->named_as_target == 1 ? " names" : "s name");
}

/* ---- lists in a line ------------------------------------------------------------------------- */

static void draw_line(
	const struct entity *entity, enum entity_list which, unsigned width, struct buf *out)
{
	const struct entity_counts *list = &entity->lists[which];
	char count[32];
	size_t begin = out->len;
	if (list->n == 0 || (list->values == 1 && list->list[0].value.len == 0))
		return; /* an instance that nothing is known of */
	buf_printf(out, "%-*s", LABEL, entity_list_name(which));
	for (uint32_t i = 0; i < list->n; i++) {
		buf_puts(out, i ? ", " : "");
		put_text(out, list->list[i].value, NAME_MOST);
		buf_printf(out, " %s", text_count(list->list[i].events, count));
		if (i + 1 < list->n && out->len - begin + NAME_MOST > 2ul * width) {
			buf_printf(out, " and %s more", text_count(list->values - i - 1, count));
			break;
		}
	}
	if (list->others)
		buf_printf(out, ", others %s", text_count(list->others, count));
	buf_push(out, '\n');
}

/* ---- the timeline ---------------------------------------------------------------------------- */

/* Days, or as many together as the width asks for. */
static void draw_days(const struct entity *entity, unsigned width, struct buf *out)
{
	enum { MOST = 400 };
	struct search_bucket buckets[MOST] = {{0}};
	char a[32], b[32];
	uint32_t room = width > 24 ? width - 16 : 8;
	room = room < MOST ? room : MOST;
	if (entity->ndays == 0)
		return;
	int64_t first = entity->days[0].day;
	int64_t span = entity->days[entity->ndays - 1].day - first + 1;
	int64_t together = (span + room - 1) / room;
	struct search_result result = {.bucket_us = together * DAY_US,
		.nbuckets = (uint32_t)((span + together - 1) / together),
		.buckets = buckets,
		.no_time = entity->no_time};
	for (uint32_t i = 0; i < result.nbuckets; i++)
		buckets[i].begin = (first + i * together) * DAY_US;
	for (uint32_t i = 0; i < entity->ndays; i++)
		buckets[(entity->days[i].day - first) / together].count += entity->days[i].events;
	buf_push(out, '\n');
	histogram_draw(&result, out);
	if (entity->earlier_days)
		buf_printf(out, "before that %s events on %s days (--since shows them)\n",
			text_count(entity->earlier_events, a), text_count(entity->earlier_days, b));
}

/* ---- lists ----------------------------------------------------------------------------------- */

static void draw_list(const struct entity *entity, enum entity_list which, const char *title,
	unsigned width, struct buf *out)
{
	const struct entity_counts *list = &entity->lists[which];
	char count[32];
	size_t most = width > 50 + NAME_LEAST ? width - 44 : NAME_LEAST, names = 0;
	most = most < NAME_MOST ? most : NAME_MOST;
	if (list->n == 0)
		return;
	for (uint32_t i = 0; i < list->n; i++) {
		struct buf shown;
		buf_init(&shown, 1 << 20);
		size_t n = put_text(&shown, list->list[i].value, most);
		names = n > names ? n : names;
		buf_fini(&shown);
	}
	buf_printf(out, "\n%s: %s%s\n", title, list->cut ? "at least " : "",
		text_count(list->values, count));
	for (uint32_t i = 0; i < list->n; i++) {
		const struct entity_count *c = &list->list[i];
		bool timed = c->first <= c->last;
		buf_puts(out, "  ");
		put_blanks(out, names - put_text(out, c->value, most));
		buf_printf(out, "  %12s  ", text_count(c->events, count));
		put_date(out, c->first, timed);
		buf_puts(out, " to ");
		put_date(out, c->last, timed);
		buf_push(out, '\n');
	}
	if (list->others)
		buf_printf(out, "  and %s of other values\n", text_count(list->others, count));
}

/* ---- names ----------------------------------------------------------------------------------- */

static void draw_name(const struct entity_name *name, unsigned width, struct buf *out)
{
	char count[32];
	size_t room = width > 70 ? NAME_MOST : 24;
	buf_printf(out, "  %-12s  ", entity_naming_text(name->naming));
	put_text(out, name->text, room);
	if (name->table) {
		buf_printf(out, " (in %s", name->table);
		if (name->instance && *name->instance) {
			buf_puts(out, ", ");
			put_text(out, slice_of(name->instance), room);
		}
		buf_push(out, ')');
	}
	buf_puts(out, ": with ");
	put_text(out, name->with, room);
	buf_printf(out, " in %s event%s, ", text_count(name->events, count),
		name->events == 1 ? "" : "s");
	put_date(out, name->first, name->first <= name->last);
	buf_puts(out, " to ");
	put_date(out, name->last, name->first <= name->last);
	if (name->why)
		buf_printf(out, "; %s", name->why);
	buf_push(out, '\n');
}

static void draw_names(const struct entity *entity, unsigned width, struct buf *out)
{
	bool own = false, other = false;
	for (uint32_t i = 0; i < entity->nnames; i++) {
		if (entity->names[i].own && !own)
			buf_puts(out, "\nother names of the same person\n");
		if (!entity->names[i].own && !other)
			buf_puts(out, "\nseen with it, but not taken for the same person\n");
		own |= entity->names[i].own;
		other |= !entity->names[i].own;
		draw_name(&entity->names[i], width, out);
	}
	if (entity->names_cut && entity->nnames)
		buf_printf(out, "  there may be more: %s\n", entity->names_cut);
}

/* ---- alerts ---------------------------------------------------------------------------------- */

static void draw_alert(const struct alert_info *alert, int64_t now, unsigned width, struct buf *out)
{
	char id[2 * ALERT_ID + 1], age[32];
	const struct alert_found *f = &alert->found;
	buf_printf(out, "  %.*s  %-12s  %-13s  %-12s  ", ALERT_SHORT, alert_id_text(alert->id, id),
		alert_state_name(alert->state), level_name(f->level),
		f->last == INT64_MIN ? "-"
		: f->last > now      ? "just now"
				     : span_text(now - f->last, age));
	size_t room = width > 90 ? width - 60 : 30;
	room -= put_text(
		out, slice_of(f->title ? f->title : ""), room < TITLE_MOST ? room : TITLE_MOST);
	if (room > NAME_LEAST && f->group && *f->group) {
		buf_puts(out, "  ");
		put_text(out, slice_of(f->group), room);
	}
	buf_push(out, '\n');
}

static void draw_alerts(const struct entity *entity, int64_t now, unsigned width, struct buf *out)
{
	char count[32];
	const char *between = "";
	uint64_t sum = 0;
	for (int i = 0; i < ALERT_STATES; i++)
		sum += entity->alert_states[i];
	if (!sum)
		return;
	buf_printf(out, "\nalerts: %s (", text_count(sum, count));
	for (int i = 0; i < ALERT_STATES; i++)
		draw_role(alert_state_name((enum alert_state)i), entity->alert_states[i], &between,
			out);
	buf_puts(out, ")\n");
	for (uint32_t i = 0; i < entity->nalerts; i++)
		draw_alert(&entity->alerts[i], now, width, out);
	if (sum > entity->nalerts)
		buf_printf(out, "  and %s older ones\n", text_count(sum - entity->nalerts, count));
}

void entity_draw(const struct entity *entity, struct slice value, int64_t now, unsigned width,
	struct buf *out)
{
	static const enum entity_list lines[] = {
		ENTITY_TABLES, ENTITY_SOURCES, ENTITY_INSTANCES, ENTITY_NODES};
	static const struct {
		enum entity_list list;
		const char *title;
	} lists[] = {{ENTITY_ACTIONS, "actions"}, {ENTITY_CATEGORIES, "categories"},
		{ENTITY_ADDRESSES, "addresses"}, {ENTITY_ACTORS, "actors who touched it"},
		{ENTITY_TARGETS, "targets touched"}, {ENTITY_AGENTS, "user agents"}};
	draw_head(entity, value, now, width, out);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		draw_line(entity, lines[i], width, out);
	draw_days(entity, width, out);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		draw_list(entity, lists[i].list, lists[i].title, width, out);
	draw_names(entity, width, out);
	draw_alerts(entity, now, width, out);
}
