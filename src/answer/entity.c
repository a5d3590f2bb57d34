/* SPDX-License-Identifier: Apache-2.0 */
/* entity.c (answer/): what is known of one value, as one JSON object. docs/entity.md names its members. */
#include <inttypes.h>

#include "answer/answer.h"
#include "query/entity.h"

static void put_range(struct buf *out, int64_t first, int64_t last)
{
	answer_time(out, "first_seen", first, first <= last);
	answer_time(out, "last_seen", last, first <= last);
}

static void put_kinds(const struct entity *entity, struct buf *out)
{
	const char *between = "";
	buf_puts(out, ",\"kinds\":[");
	for (enum ioc_kind kind = IOC_IPV4; kind < IOC_KINDS; kind++) {
		if (!(entity->kinds >> kind & 1))
			continue;
		buf_printf(out, "%s\"%s\"", between, ioc_kind_name(kind));
		between = ",";
	}
	buf_push(out, ']');
}

static void put_list(const struct entity_counts *list, const char *name, struct buf *out)
{
	buf_printf(out,
		",\"%s\":{\"distinct\":%" PRIu64 ",\"others\":%" PRIu64 ",\"cut\":%s,\"values\":[",
		name, list->values, list->others, list->cut ? "true" : "false");
	for (uint32_t i = 0; i < list->n; i++) {
		const struct entity_count *count = &list->list[i];
		buf_puts(out, i ? ",{\"value\":" : "{\"value\":");
		text_json_string(out, count->value);
		buf_printf(out, ",\"events\":%" PRIu64, count->events);
		put_range(out, count->first, count->last);
		buf_push(out, '}');
	}
	buf_puts(out, "]}");
}

static void put_days(const struct entity *entity, struct buf *out)
{
	buf_printf(out,
		",\"timeline\":{\"earlier_days\":%" PRIu64 ",\"earlier_events\":%" PRIu64
		",\"no_time\":%" PRIu64 ",\"days\":[",
		entity->earlier_days, entity->earlier_events, entity->no_time);
	for (uint32_t i = 0; i < entity->ndays; i++) {
		int64_t year;
		unsigned month, day;
		clock_date(entity->days[i].day, &year, &month, &day);
		buf_printf(out, "%s{\"day\":\"%04" PRId64 "-%02u-%02u\",\"events\":%" PRIu64 "}",
			i ? "," : "", year, month, day, entity->days[i].events);
	}
	buf_puts(out, "]}");
}

static void put_names(const struct entity *entity, struct buf *out)
{
	buf_puts(out, ",\"names\":[");
	for (uint32_t i = 0; i < entity->nnames; i++) {
		const struct entity_name *name = &entity->names[i];
		buf_puts(out, i ? ",{\"name\":" : "{\"name\":");
		text_json_string(out, name->text);
		text_json_member(out, "is", entity_naming_text(name->naming));
		text_json_member(out, "table", name->table);
		text_json_member(out, "instance", name->instance);
		buf_printf(out, ",\"same_person\":%s", name->own ? "true" : "false");
		text_json_member(out, "why_not", name->why);
		buf_printf(out, ",\"step\":%" PRIu32 ",\"seen_with\":", name->step);
		text_json_string(out, name->with);
		buf_printf(out, ",\"events\":%" PRIu64, name->events);
		put_range(out, name->first, name->last);
		buf_push(out, '}');
	}
	buf_push(out, ']');
	text_json_member(out, "names_cut", entity->names_cut);
}

static void put_alerts(const struct entity *entity, struct buf *out)
{
	uint64_t sum = 0;
	for (int i = 0; i < ALERT_STATES; i++)
		sum += entity->alert_states[i];
	buf_printf(out, ",\"alerts\":{\"total\":%" PRIu64, sum);
	for (int i = 0; i < ALERT_STATES; i++)
		buf_printf(out, ",\"%s\":%" PRIu64, alert_state_name((enum alert_state)i),
			entity->alert_states[i]);
	buf_puts(out, ",\"newest\":[");
	for (uint32_t i = 0; i < entity->nalerts; i++) {
		buf_puts(out, i ? "," : "");
		alert_json(&entity->alerts[i], false, out);
	}
	buf_puts(out, "]}");
}

void answer_entity(const struct entity *entity, struct slice value, struct buf *out)
{
	buf_puts(out, "{\"value\":");
	text_json_string(out, value);
	buf_printf(out, ",\"seen\":%s", entity->seen ? "true" : "false");
	put_kinds(entity, out);
	text_json_member(out, "by", entity->searched ? "search" : "index");
	buf_printf(out, ",\"other_names_counted\":%" PRIu32 ",\"events\":%" PRIu64,
		entity->ncounted, entity->events);
	put_range(out, entity->first, entity->last);
	buf_printf(out,
		",\"as\":{\"actor\":%" PRIu64 ",\"address\":%" PRIu64 ",\"target\":%" PRIu64
		",\"elsewhere\":%" PRIu64 "},\"named_as_target\":%" PRIu64,
		entity->as_actor, entity->as_address, entity->as_target, entity->elsewhere,
		entity->searched ? entity->as_target : entity->named_as_target);
	put_days(entity, out);
	for (int i = 0; i < ENTITY_LISTS; i++)
		put_list(&entity->lists[i], entity_list_name((enum entity_list)i), out);
	put_names(entity, out);
	put_alerts(entity, out);
	buf_puts(out, ",\"near\":[");
	for (uint32_t i = 0; i < entity->nnear; i++) {
		buf_puts(out, i ? "," : "");
		text_json_string(out, entity->near[i]);
	}
	buf_printf(out, "],\"unread_files\":%" PRIu32, entity->nproblems);
	text_json_member(out, "problem", entity->problem);
	buf_push(out, '}');
}
