/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answer.h: what pugmark knows, as JSON: the answers that the command line (--json) and the API both give, made in one place.
 * Everything is appended to a buffer of the caller's; text of events and settings goes through text_json_string alone.
 */
#ifndef ANSWER_ANSWER_H
#define ANSWER_ANSWER_H

#include "detect/rule.h"
#include "pipeline/collect.h"
#include "query/search_json.h"
#include "store/alerts.h"
#include "store/watchlists.h"

enum { ANSWER_MOST = 1 << 30 /* bytes of an answer that is made as a whole */ };

/* Appends `,"name":"2026-…"`, or null where !is_there. */
void answer_time(struct buf *out, const char *name, int64_t us, bool is_there);

/* `pugmark status --json`: tables, sources, what is connected, alerts, the disk's free bytes. 0 or -1. */
int answer_status(struct store *store, struct buf *out, struct err *err);

/* All that is connected, as elements of an array (of {"sources":[…]}); *n (may be NULL) = how many. 0 or -1. */
int answer_sources(struct store *store, struct buf *out, unsigned *n, struct err *err);
/* What the state of a source does not say itself: of the connection, its events and its checkpoint. */
struct answer_source {
	struct connection connection; /* texts in the caller's arena */
	bool connected;
	struct ledger_counts counts;
	struct collect_position position;
	unsigned gaps;
};
int answer_source_more(struct store *store, const char *name, struct arena *mem,
	struct answer_source *more, struct err *err);

/* An event by its id, as `pugmark show --json`: table, parsed and raw. 1; 0 none of that id; -1. */
int answer_event(struct store *store, const uint8_t id[16], struct buf *out, struct err *err);
/* The same event with its batch, for other forms: `each` is called with its table, the batch that it is row `row` of, and its raw
 * bytes. 1; 0; -1. */
int answer_event_with(struct store *store, const uint8_t id[16],
	void (*each)(void *ctx, const char *table, const struct batch *batch, uint32_t row,
		struct slice raw),
	void *ctx, struct err *err);

/* Alerts by state and level: {"open":{"informational":0,…},…}. 0 or -1. */
int answer_alert_counts(struct store *store, struct buf *out, struct err *err);
/* `pugmark alerts --json`: {"alerts":[…],"counts":…}. 0 or -1. */
int answer_alerts(
	struct store *store, const struct alert_filter *filter, struct buf *out, struct err *err);

/* A rule as `pugmark detect list --json` has it. `alerts`: how many it raised. */
void answer_rule(const struct rule *rule, uint64_t alerts, struct buf *out);
/* All of them: {"rules":[…]}. 0 or -1. */
int answer_rules(const struct rules *rules, const struct map *alerts, struct buf *out);
/* How many alerts each rule raised, by rule_word, into `counts`. 0 or -1. */
int answer_rule_alerts(struct store *store, struct map *counts, struct err *err);
/* "event", or what kind of correlation. */
const char *rule_kind(const struct rule *rule);
/* "experimental", "disabled: …", "", for people. */
const char *rule_remark(const struct rule *rule);

/* `pugmark ioc list --json`: {"watchlists":[…]}. 0 or -1. */
int answer_watchlists(struct store *store, struct buf *out, struct err *err);

#endif
