/* SPDX-License-Identifier: Apache-2.0 */
/* metrics.c: numbers for Prometheus (text format 0.0.4): of the store, of sources and alerts, of the server itself. */
#include <inttypes.h>
#include <stdatomic.h>

#include "detect/rule.h"
#include "http/private.h"
#include "store/alerts.h"
#include "store/ledger.h"

enum { ROUTES_MOST = 160, STATUS_MOST = 600 };

static _Atomic uint64_t answers[ROUTES_MOST + 1][STATUS_MOST]; /* the last row: no route */
static _Atomic int64_t connections;

void metrics_count(const struct route *route, unsigned status)
{
	size_t row = route ? (size_t)(route - routes) : ROUTES_MOST;
	if (row <= ROUTES_MOST && status < STATUS_MOST)
		answers[row][status]++;
}

void metrics_connection(int change)
{
	connections += change;
}

static void head(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* A label's value: of the texts that come here, backslash, quote and line break alone need an escape; others of the kind become "?". */
static void label(struct buf *out, const char *text)
{
	buf_push(out, '"');
	for (; *text; text++) {
		if (*text == '\\' || *text == '"')
			buf_push(out, '\\');
		buf_push(out, (unsigned char)*text < ' ' ? '?' : *text);
	}
	buf_push(out, '"');
}

static void of_table(struct buf *out, const char *name, const char *table, uint64_t n)
{
	buf_printf(out, "%s{table=", name);
	label(out, table);
	buf_printf(out, "} %" PRIu64 "\n", n);
}

struct tables {
	struct buf events, segments, bytes, rejects;
};

static int add_table(void *ctx, const struct table_info *t, struct err *err)
{
	struct tables *all = ctx;
	(void)err;
	of_table(&all->events, "pugmark_events", t->table, t->rows);
	of_table(&all->segments, "pugmark_segments", t->table, t->segments);
	of_table(&all->bytes, "pugmark_table_bytes", t->table, t->bytes);
	of_table(&all->rejects, "pugmark_rejects", t->table, t->rejects);
	return 0;
}

static int put_tables(struct store *store, struct buf *out, struct err *err)
{
	struct tables all;
	struct buf *parts[] = {&all.events, &all.segments, &all.bytes, &all.rejects};
	static const char *const words[][2] = {{"pugmark_events", "Events stored, by table."},
		{"pugmark_segments", "Parquet files, by table."},
		{"pugmark_table_bytes", "Bytes of Parquet files, by table."},
		{"pugmark_rejects", "Lines that could not be read, by table."}};
	for (size_t i = 0; i < 4; i++)
		buf_init(parts[i], 1 << 24);
	int rc = store_tables(store, add_table, &all, err);
	for (size_t i = 0; i < 4; i++) {
		head(out, words[i][0], "gauge", words[i][1]);
		buf_slice(out, buf_view(parts[i]));
		buf_fini(parts[i]);
	}
	return rc < 0 ? -1 : 0;
}

static int put_alerts(struct store *store, struct buf *out, struct err *err)
{
	uint64_t counts[ALERT_STATES][RULE_LEVELS];
	if (alerts_counts(store, counts, err) < 0)
		return -1;
	head(out, "pugmark_alerts", "gauge", "Alerts, by state and level.");
	for (int state = 0; state < ALERT_STATES; state++) {
		for (unsigned level = 0; level < RULE_LEVELS; level++)
			buf_printf(out, "pugmark_alerts{state=\"%s\",level=\"%s\"} %" PRIu64 "\n",
				alert_state_name((enum alert_state)state), level_name(level),
				counts[state][level]);
	}
	return 0;
}

struct sources {
	struct buf state, lag, failures;
	int64_t now;
};

static int add_source(void *ctx, const struct source_state *s, struct err *err)
{
	struct sources *all = ctx;
	enum source_condition now = source_health(s, all->now).condition;
	(void)err;
	buf_puts(&all->state, "pugmark_source_state{source=");
	label(&all->state, s->source);
	buf_printf(&all->state, ",state=\"%s\"} 1\n", source_condition_name(now));
	if (s->lag_received >= 0 && s->lag_searchable >= 0) {
		buf_puts(&all->lag, "pugmark_source_lag_seconds{source=");
		label(&all->lag, s->source);
		buf_printf(
			&all->lag, "} %.3f\n", (double)(s->lag_received + s->lag_searchable) / 1e6);
	}
	buf_puts(&all->failures, "pugmark_source_failures{source=");
	label(&all->failures, s->source);
	buf_printf(&all->failures, "} %" PRIu64 "\n", s->failures);
	return 0;
}

static int put_sources(struct store *store, struct buf *out, struct err *err)
{
	struct sources all = {.now = clock_now_us()};
	struct buf *parts[] = {&all.state, &all.lag, &all.failures};
	static const char *const words[][2] = {
		{"pugmark_source_state", "1 for the state that a source is in."},
		{"pugmark_source_lag_seconds", "From an event to where it can be searched, of the "
					       "newest event."},
		{"pugmark_source_failures", "Readings that failed one after another."}};
	for (size_t i = 0; i < 3; i++)
		buf_init(parts[i], 1 << 24);
	int rc = store_source_states(store, add_source, &all, err);
	for (size_t i = 0; i < 3; i++) {
		head(out, words[i][0], "gauge", words[i][1]);
		buf_slice(out, buf_view(parts[i]));
		buf_fini(parts[i]);
	}
	return rc < 0 ? -1 : 0;
}

static void put_server(struct buf *out)
{
	head(out, "pugmark_http_requests_total", "counter", "Answers, by route and status.");
	for (unsigned row = 0; row <= ROUTES_MOST; row++) {
		for (unsigned status = 0; status < STATUS_MOST; status++) {
			uint64_t n = answers[row][status];
			if (n)
				buf_printf(out,
					"pugmark_http_requests_total{method=\"%s\",route=\"%s\","
					"code=\"%u\"} "
					"%" PRIu64 "\n",
					row < ROUTES_MOST ? routes[row].method : "",
					row < ROUTES_MOST ? routes[row].path : "", status, n);
		}
	}
	head(out, "pugmark_http_connections", "gauge", "Open connections.");
	buf_printf(out, "pugmark_http_connections %" PRId64 "\n", (int64_t)connections);
}

int handle_metrics(struct request *r, struct err *err)
{
	struct store *store;
	if (request_store(r, STORE_READ, &store, err) < 0)
		return -1;
	int rc = put_tables(store, &r->out, err);
	if (rc == 0)
		rc = put_alerts(store, &r->out, err);
	if (rc == 0)
		rc = put_sources(store, &r->out, err);
	store_close(store);
	put_server(&r->out);
	if (rc == 0)
		reply_done(r, 200, "text/plain; version=0.0.4; charset=utf-8");
	return rc;
}
