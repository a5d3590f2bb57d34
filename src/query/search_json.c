/* SPDX-License-Identifier: Apache-2.0 */
/* search_json.c: what a search found, but for its rows, as JSON; and places in its order as text. */
#include "query/search_json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *const search_csv_fields[CSV_FIELDS] = {"event_time", "table", "actor", "actor_id",
	"action", "category", "target", "target_type", "ip", "summary", "source", "instance",
	"event_id"};
const char *const search_place_fields[PLACE_FIELDS] = {
	"source", "vault_file", "vault_frame", "vault_offset", "vault_length"};

char *cursor_text(const struct search_cursor *cursor, char text[CURSOR_TEXT])
{
	int n = cursor->no_time ? snprintf(text, CURSOR_TEXT, "none.")
				: snprintf(text, CURSOR_TEXT, "%" PRId64 ".", cursor->time);
	for (int i = 0; i < 16; i++)
		n += snprintf(text + n, CURSOR_TEXT - (size_t)n, "%02x", cursor->id[i]);
	return text;
}

int cursor_parse(const char *text, struct search_cursor *cursor)
{
	const char *dot = strrchr(text, '.');
	if (!dot || strlen(dot) != 33)
		return -1;
	*cursor =
		(struct search_cursor){.no_time = dot - text == 4 && memcmp(text, "none", 4) == 0};
	struct slice time = {text, (size_t)(dot - text)};
	if (!cursor->no_time && text_parse_int(time, &cursor->time) < 0)
		return -1;
	for (int i = 0; i < 32; i++) {
		static const char digits[] = "0123456789abcdef";
		const char *digit = strchr(digits, dot[1 + i]);
		if (!digit)
			return -1;
		cursor->id[i / 2] = (uint8_t)(cursor->id[i / 2] << 4 | (digit - digits));
	}
	return 0;
}

/* How many of a bucket are of each table; those that have none are left out. */
static void tables_json(const struct search_result *result, const struct search_tables *tables,
	uint32_t bucket, struct buf *out)
{
	const char *between = "";
	buf_puts(out, ",\"tables\":{");
	for (uint32_t t = 0; t < tables->n; t++) {
		uint64_t n = result->table_buckets[(size_t)t * result->nbuckets + bucket];
		if (n == 0)
			continue;
		buf_puts(out, between);
		text_json_string(out, slice_of(tables->schemas[t]->table));
		buf_printf(out, ":%" PRIu64, n);
		between = ",";
	}
	buf_push(out, '}');
}

void search_histogram_json(const struct search_result *result, const struct search_tables *tables,
	const char *begin, struct buf *out)
{
	char text[CLOCK_TEXT];
	buf_printf(out, "{\"bucket_us\":%" PRId64 ",\"no_time\":%" PRIu64 ",\"buckets\":[",
		result->bucket_us, result->no_time);
	for (uint32_t i = 0; i < result->nbuckets; i++) {
		buf_printf(out, "%s{\"%s\":\"%s\",\"count\":%" PRIu64, i ? "," : "", begin,
			clock_text(result->buckets[i].begin, text), result->buckets[i].count);
		if (result->table_buckets)
			tables_json(result, tables, i, out);
		buf_push(out, '}');
	}
	buf_puts(out, "]}");
}

static void facet_json(const struct search_facet *facet, struct buf *out)
{
	buf_puts(out, "{\"field\":");
	text_json_string(out, slice_of(facet->field));
	buf_printf(out, ",\"distinct\":%" PRIu64 ",\"others\":%" PRIu64 ",\"cut\":%s,\"values\":[",
		facet->distinct, facet->others, facet->cut ? "true" : "false");
	for (uint32_t i = 0; i < facet->n; i++) {
		buf_puts(out, i ? ",{\"value\":" : "{\"value\":");
		if (facet->values[i].null)
			buf_puts(out, "null");
		else
			text_json_string(out, facet->values[i].value);
		buf_printf(out, ",\"count\":%" PRIu64 "}", facet->values[i].count);
	}
	buf_puts(out, "]}");
}

static void explain_json(const struct search_explain *e, struct buf *out)
{
	buf_printf(out,
		",\"explain\":{\"segments\":%" PRIu64 ",\"segments_by_time\":%" PRIu64
		",\"segments_by_stats\":%" PRIu64 ",\"segments_read\":%" PRIu64
		",\"groups\":%" PRIu64 ",\"groups_by_time\":%" PRIu64
		",\"groups_by_stats\":%" PRIu64 ",\"groups_by_values\":%" PRIu64
		",\"groups_read\":%" PRIu64 ",\"groups_left\":%" PRIu64 ",\"rows_tested\":%" PRIu64
		",\"columns_read\":%" PRIu64 ",\"bytes_read\":%" PRIu64,
		e->segments, e->segments_by_time, e->segments_by_stats, e->segments_read, e->groups,
		e->groups_by_time, e->groups_by_stats, e->groups_by_values, e->groups_read,
		e->groups_left, e->rows_tested, e->columns_read, e->bytes_read);
	buf_printf(out,
		",\"list_us\":%" PRId64 ",\"plan_us\":%" PRId64 ",\"match_us\":%" PRId64
		",\"page_us\":%" PRId64 ",\"total_us\":%" PRId64 "}",
		e->list_us, e->plan_us, e->match_us, e->page_us, e->total_us);
}

static void problems_json(const struct search_result *result, struct buf *out)
{
	buf_puts(out, ",\"problems\":[");
	for (uint32_t i = 0; i < result->nproblems; i++) {
		buf_puts(out, i ? ",{\"path\":" : "{\"path\":");
		text_json_string(out, slice_of(result->problems[i].path));
		buf_puts(out, ",\"what\":");
		text_json_string(out, slice_of(result->problems[i].what));
		buf_push(out, '}');
	}
	buf_push(out, ']');
}

void search_result_json(const struct search_result *result, const struct search_request *request,
	int64_t took_us, bool explain, struct buf *out)
{
	buf_printf(out, "\"matched\":%" PRIu64 ",\"counted\":%s,\"more\":%s,\"partial\":%s",
		result->matched, result->counted ? "true" : "false",
		result->more ? "true" : "false", result->partial ? "true" : "false");
	if (result->partial && result->why) {
		buf_puts(out, ",\"why\":");
		text_json_string(out, slice_of(result->why));
	}
	buf_printf(out,
		",\"gave_up\":%" PRIu64 ",\"took_us\":%" PRId64 ",\"segments\":%" PRIu64
		",\"segments_read\":%" PRIu64,
		result->gave_up, took_us, result->explain.segments, result->explain.segments_read);
	if (request->buckets) {
		buf_puts(out, ",\"histogram\":");
		search_histogram_json(result, request->tables, "begin", out);
	}
	if (result->nfacets)
		buf_puts(out, ",\"facets\":[");
	for (uint32_t i = 0; i < result->nfacets; i++) {
		buf_puts(out, i ? "," : "");
		facet_json(&result->facets[i], out);
	}
	buf_puts(out, result->nfacets ? "]" : "");
	problems_json(result, out);
	if (explain)
		explain_json(&result->explain, out);
}
