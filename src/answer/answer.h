/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answer.h: what pugmark knows, as JSON: the answers that the command line (--json) and the API both give, made in one place.
 * Everything is appended to a buffer of the caller's; text of events and settings goes through text_json_string alone.
 */
#ifndef ANSWER_ANSWER_H
#define ANSWER_ANSWER_H

#include "detect/rule.h"
#include "pipeline/collect.h"
#include "pipeline/tune.h"
#include "query/entity.h"
#include "query/search_json.h"
#include "store/alerts.h"
#include "store/users.h"
#include "store/watchlists.h"

enum { ANSWER_MOST = 1 << 30 /* bytes of an answer that is made as a whole */ };

/* Appends `,"name":"2026-…"`, or null where !is_there. */
void answer_time(struct buf *out, const char *name, int64_t us, bool is_there);

/* `pugmark status --json`: tables, sources, what is connected, alerts, the disk's free bytes. 0 or -1. */
int answer_status(struct store *store, struct buf *out, struct err *err);

/* All that is connected, as elements of an array (of {"sources":[…]}); *n (may be NULL) = how many. 0 or -1. */
int answer_sources(struct store *store, struct buf *out, unsigned *n, struct err *err);
/* One of them, as an object. 1; 0 none of that name; -1. */
int answer_source(struct store *store, const char *name, struct buf *out, struct err *err);
/* `pugmark hook list --json`: {"hooks":[…]}, each as a source, with its `path`. 0 or -1. */
int answer_hooks(struct store *store, struct buf *out, struct err *err);
/* `pugmark sources ledger --json`, of one source or all (NULL): windows that began since then, the newest `limit` of them (0 = all), and
 * the sums of all. 0 or -1. */
int answer_ledger(struct store *store, const char *source, int64_t since, uint32_t limit,
	struct buf *out, struct err *err);
/* `pugmark sources gaps --json`; *n = how many. 0 or -1. */
int answer_gaps(
	struct store *store, const char *source, unsigned *n, struct buf *out, struct err *err);
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

/* An event by its id, as `pugmark show --json`: table, parsed and raw; of this lake or, where a cluster is set, of others' there: then
 * raw is null, and `collector` tells whose it is. 1; 0 none of that id; -1. */
int answer_event(struct store *store, const uint8_t id[16], struct buf *out, struct err *err);
/* An event of this lake with its batch, for other forms: `each` is called with its table, the batch that it is row `row` of, and its raw
 * bytes. Not `whole`: of the columns only those of answer_event_place are read. 1; 0; -1. */
int answer_event_with(struct store *store, const uint8_t id[16], bool whole,
	void (*each)(void *ctx, const char *table, const struct batch *batch, uint32_t row,
		struct slice raw),
	void *ctx, struct err *err);

/* An event that another lake has sent to the cluster: `each` gets that lake's name there instead of raw bytes. 1; 0, also where no
 * cluster is set; -1. */
int answer_event_of_others(struct store *store, const uint8_t id[16],
	void (*each)(void *ctx, const char *table, const struct batch *batch, uint32_t row,
		struct slice collector),
	void *ctx, struct err *err);

/* Where a row's raw bytes lie; `source` holds the name for as long as the place is used. */
void answer_event_place(
	const struct batch *batch, uint32_t row, char source[128], struct vault_place *place);

/* What is known of one value: one JSON object, docs/entity.md. `value`: as it was typed. */
void answer_entity(const struct entity *entity, struct slice value, struct buf *out);

/* Alerts by state and level: {"open":{"informational":0,…},…}. 0 or -1. */
int answer_alert_counts(struct store *store, struct buf *out, struct err *err);
/* `pugmark alerts --json`: {"alerts":[…],"counts":…}. 0 or -1. */
int answer_alerts(
	struct store *store, const struct alert_filter *filter, struct buf *out, struct err *err);

/* The same alerts by rule: {"rules":[{"rule","title","alerts","events","groups","actors","group","actor","newest","counts"}],"counts":…}; `group` and
 * `actor` where all have the same. 0 or -1. */
int answer_alerts_by_rule(
	struct store *store, const struct alert_filter *filter, struct buf *out, struct err *err);
/* Those of these ids that there are, as elements of an array. 0 or -1. */
int answer_alerts_these(struct store *store, const uint8_t (*ids)[ALERT_ID], uint32_t n,
	struct buf *out, struct err *err);

/* An alert as answer_alerts would have it, were it written; `change` (may be NULL) is one member more. */
void answer_found(const struct alert_found *alert, const char *change, struct buf *out);

/* A rule as `pugmark detect list --json` has it. `alerts`: how many it raised. */
void answer_rule(const struct rule *rule, uint64_t alerts, struct buf *out);
/* All of them: {"rules":[…]}. 0 or -1. */
int answer_rules(const struct rules *rules, const struct map *alerts, struct buf *out);
/* The same with all that is known of one: references, group, window, line, and "yaml", its document as it stands in its file. 0
 * or -1. */
int answer_rule_whole(const struct rule *rule, uint64_t alerts, struct buf *out, struct err *err);
/* What became of a change of the settings: {"rule":…,"title":…,"change":…,"detail":…}. */
void answer_tuned(const struct tuned *tuned, struct buf *out);
/* How many alerts each rule raised, by rule_word, into `counts`. 0 or -1. */
int answer_rule_alerts(struct store *store, struct map *counts, struct err *err);
/* "event", or what kind of correlation. */
const char *rule_kind(const struct rule *rule);
/* "experimental", "disabled: …", "", for people. */
const char *rule_remark(const struct rule *rule);

/* `pugmark ioc list --json`: {"watchlists":[…]}. 0 or -1. */
int answer_watchlists(struct store *store, struct buf *out, struct err *err);

/* `pugmark notify list --json`: {"notifiers":[…]}; names of what is secret, never the secrets. 0 or -1. */
int answer_notifiers(struct store *store, struct buf *out, struct err *err);

/* What is running, on what, for the page's About, but for what the caller adds and the brace: version, data, format, rules, retention. 0 or
 * -1. */
int answer_settings(
	struct store *store, const struct rules *rules, struct buf *out, struct err *err);

/* ---- what is stored (stored.c) ------------------------------------------------------------------ */

/* A part of an input that could not be read as events: an element of `pugmark rejects --json`. */
void answer_reject(const struct reject_info *info, struct buf *out);
/* The newest `most` (0 = all): {"rejects":[…],"more":…}. 0 or -1. */
int answer_rejects(struct store *store, uint64_t most, struct buf *out, struct err *err);
/* `pugmark schema show --json TABLE`: {"table","product","own","columns":[{"name","type","list","system"}]}; own: it is the user's; system: it
 * stands in every table. */
void answer_schema(const struct schema *schema, bool own, struct buf *out);
/* All of them: {"tables":[…]}. 0 or -1. */
int answer_schemas(const char *data, struct buf *out, struct err *err);

/* ---- what there is to ask for (fields.c) ------------------------------------------------------- */

/* All that a query may name, common fields first: {"fields":[{"name":…,"type":…,"tables":[…],"description":…}]}; `description` of common
 * fields and pugmark's own. */
void answer_fields(const struct search_tables *tables, struct buf *out);
/* The values of a field that begin with `prefix`, as search_values: elements of an array, {"value":…,"count":…}. *n = how many. 0 or -1. */
int answer_values(struct store *store, const struct search_tables *tables, const char *field,
	struct slice prefix, int64_t since, uint32_t max, unsigned milliseconds, struct buf *out,
	uint64_t *n, struct err *err);

/* ---- saved searches (saved.c) ------------------------------------------------------------------ */

/* The options that are kept beside a query, one "name=value\n" each; ends with NULL. */
extern const char *const saved_options[];
/* A saved search: {"name":…,"query":…,"saved_at":…,"options":{…}}, and each option as a member beside them. */
void answer_saved(const struct saved_search *saved, struct buf *out);
/* `pugmark search --list-saved --json`: an array of all. 0 or -1. */
int answer_saved_all(struct store *store, struct buf *out, struct err *err);

/* ---- the first screen (overview.c) ------------------------------------------------------------- */

struct overview_request {
	const struct search_tables *tables;
	int64_t since, until, now; /* of the histogram and what is counted */
	unsigned threads, seconds; /* seconds: of each of its searches */
	uint64_t memory;
	const volatile int *stop;
};
/* Everything at once: events over time by table, alerts, sources, who and what was most frequent, and what was seen in the last 24 hours before
 * `until` and never before them. docs/api.md names its members. 0 or -1. */
int answer_overview(struct store *store, const struct overview_request *request, struct buf *out,
	struct err *err);

/* ---- who may (access.c) -------------------------------------------------------------------------- */

/* A user, without the hash of the password. */
void answer_user(const struct user *user, struct buf *out);
/* `pugmark user list --json`: {"users":[…]}. 0 or -1. */
int answer_users(struct store *store, struct buf *out, struct err *err);
/* `pugmark token list --json`: {"tokens":[…]}. 0 or -1. */
int answer_tokens(struct store *store, struct buf *out, struct err *err);

#endif
