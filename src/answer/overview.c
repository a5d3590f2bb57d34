/* SPDX-License-Identifier: Apache-2.0 */
/*
 * overview.c (answer/): the first screen in one answer. One search counts the whole span (events over time by table, who, what); one
 * more counts the last day's actors and addresses, and the index of observables says which of them were never seen before it.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "answer/answer.h"
#include "query/ioc.h"

#define DAY (INT64_C(86400) * 1000000)

enum {
	BUCKETS = 120,
	TOP = 10,
	NEWEST = 5,
	NEW_MOST = 1000, /* values of the last day that the index is asked of */
	NEW_SHOWN = 20,
};

/* ---- what was never seen before ---------------------------------------------------------------- */

/* Puts the values among `facet` whose first event is not before `from`. */
static int put_new(struct store *store, const struct overview_request *q,
	const struct search_facet *facet, enum ioc_kind kind, int64_t from, struct buf *out,
	struct err *err)
{
	struct arena mem = {0};
	struct indicator *list = arena_zalloc(&mem, facet->n + 1, sizeof(*list));
	const struct search_facet_value **values =
		arena_zalloc(&mem, facet->n + 1, sizeof(*values));
	struct ioc_request request = {
		.list = list, .tables = q->tables, .threads = q->threads, .stop = q->stop};
	struct ioc_answers answers;
	uint32_t shown = 0;
	for (uint32_t i = 0; i < facet->n; i++) {
		struct err why;
		bool wide = false;
		if (facet->values[i].null ||
			indicator_parse(facet->values[i].value, kind, &mem, &list[request.n], &wide,
				&why) < 0 ||
			wide)
			continue;
		values[request.n++] = &facet->values[i];
	}
	int rc = ioc_search(store, &request, &answers, err);
	for (uint32_t i = 0; i < request.n && rc == 0; i++) {
		const struct ioc_answer *answer = &answers.list[i];
		if (answer->events == 0 || answer->first > answer->last || answer->first < from ||
			shown == NEW_SHOWN)
			continue;
		buf_puts(out, shown++ ? ",{\"value\":" : "{\"value\":");
		text_json_string(out, values[i]->value);
		buf_printf(out, ",\"count\":%" PRIu64, values[i]->count);
		answer_time(out, "first_seen", answer->first, true);
		buf_push(out, '}');
	}
	if (rc == 0)
		ioc_answers_free(&answers);
	arena_fini(&mem);
	return rc;
}

/* ---- searches -------------------------------------------------------------------------------- */

static int count(struct store *store, const struct overview_request *q, int64_t since,
	unsigned buckets, const char *const *facets, uint32_t values, struct search **search,
	struct err *err)
{
	struct arena mem = {0};
	struct search_request request = {.tables = q->tables,
		.now = q->now,
		.since = since,
		.until = q->until,
		.count = true,
		.buckets = buckets,
		.by_table = true,
		.facets = facets,
		.nfacets = 2,
		.facet_values = values,
		.threads = q->threads,
		.seconds = q->seconds,
		.memory = q->memory,
		.stop = q->stop};
	int rc = query_parse(SLICE(""), q->tables, &mem, &request.expr, NULL, err);
	if (rc == 0)
		rc = search_run(store, &request, search, err);
	arena_fini(&mem); /* a result needs the expression no longer: no rows are asked for */
	return rc == 0 ? 0 : -1;
}

static void put_top(const struct search_facet *facet, const char *name, struct buf *out)
{
	bool some = false;
	buf_printf(out, ",\"%s\":[", name);
	for (uint32_t i = 0; i < facet->n; i++) {
		if (facet->values[i].null)
			continue;
		buf_puts(out, some ? ",{\"value\":" : "{\"value\":");
		text_json_string(out, facet->values[i].value);
		buf_printf(out, ",\"count\":%" PRIu64 "}", facet->values[i].count);
		some = true;
	}
	buf_push(out, ']');
}

static int put_events(
	struct store *store, const struct overview_request *q, struct buf *out, struct err *err)
{
	static const char *const facets[] = {"actor", "action"};
	struct search *search;
	if (count(store, q, q->since, BUCKETS, facets, TOP, &search, err) < 0)
		return -1;
	const struct search_result *result = search_result(search);
	buf_printf(out, "\"events\":%" PRIu64 ",\"partial\":%s,\"histogram\":", result->matched,
		result->partial ? "true" : "false");
	search_histogram_json(result, q->tables, "time", out);
	put_top(&result->facets[0], "top_actors", out);
	put_top(&result->facets[1], "top_actions", out);
	search_free(search);
	return 0;
}

static int put_new_today(
	struct store *store, const struct overview_request *q, struct buf *out, struct err *err)
{
	static const char *const facets[] = {"actor", "ip"};
	int64_t to = q->until < q->now ? q->until : q->now, from = to - DAY;
	struct search *search;
	if (count(store, q, from, 0, facets, NEW_MOST, &search, err) < 0)
		return -1;
	const struct search_result *result = search_result(search);
	buf_puts(out, ",\"new_today\":{\"actors\":[");
	int rc = put_new(store, q, &result->facets[0], IOC_USER, from, out, err);
	buf_puts(out, "],\"ips\":[");
	if (rc == 0)
		rc = put_new(store, q, &result->facets[1], IOC_NONE, from, out, err);
	buf_puts(out, "]}");
	search_free(search);
	return rc;
}

/* ---- the catalog ------------------------------------------------------------------------------- */

struct listing {
	struct buf *out;
	unsigned n;
	int64_t now;
};

static int put_alert(void *ctx, const struct alert_info *alert, struct err *err)
{
	struct listing *l = ctx;
	(void)err;
	buf_puts(l->out, l->n++ ? "," : "");
	alert_json(alert, false, l->out);
	return 0;
}

static int put_alerts(struct store *store, struct buf *out, struct err *err)
{
	struct listing l = {.out = out};
	const struct alert_filter filter = {
		.least_level = -1, .since = INT64_MIN, .until = INT64_MAX, .limit = NEWEST};
	buf_puts(out, ",\"alerts\":");
	if (answer_alert_counts(store, out, err) < 0)
		return -1;
	out->len--; /* its brace */
	buf_puts(out, ",\"newest\":[");
	int rc = alerts_list(store, &filter, put_alert, &l, err);
	buf_puts(out, "]}");
	return rc < 0 ? -1 : 0;
}

static int put_source(void *ctx, const struct source_state *s, struct err *err)
{
	struct listing *l = ctx;
	struct source_health health = source_health(s, l->now);
	(void)err;
	buf_puts(l->out, l->n++ ? ",{\"name\":" : "{\"name\":");
	text_json_string(l->out, slice_of(s->source));
	text_json_member(l->out, "state", source_condition_name(health.condition));
	text_json_member(l->out, "text", health.text);
	if (s->lag_received >= 0 && s->lag_searchable >= 0)
		buf_printf(l->out, ",\"lag_s\":%.3f",
			(double)(s->lag_received + s->lag_searchable) / 1e6);
	else
		buf_puts(l->out, ",\"lag_s\":null");
	answer_time(l->out, "last_event", s->last_event, s->last_event > 0);
	buf_push(l->out, '}');
	return 0;
}

static int put_sources(
	struct store *store, const struct overview_request *q, struct buf *out, struct err *err)
{
	struct listing l = {.out = out, .now = q->now};
	buf_puts(out, ",\"sources\":[");
	int rc = store_source_states(store, put_source, &l, err);
	buf_push(out, ']');
	return rc < 0 ? -1 : 0;
}

int answer_overview(struct store *store, const struct overview_request *request, struct buf *out,
	struct err *err)
{
	buf_push(out, '{');
	if (put_events(store, request, out, err) < 0 || put_alerts(store, out, err) < 0 ||
		put_sources(store, request, out, err) < 0 ||
		put_new_today(store, request, out, err) < 0)
		return -1;
	answer_time(out, "since", request->since, request->since != INT64_MIN);
	answer_time(out, "until", request->until, request->until != INT64_MAX);
	buf_push(out, '}');
	return 0;
}
