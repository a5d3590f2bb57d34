/* SPDX-License-Identifier: Apache-2.0 */
/* route.c: all routes, and how a path finds its own. */
#include "http/route.h"

#include <stdio.h>
#include <string.h>

#include "http/private.h"

#define SEARCH_ARGS                                                                                \
	"q since until limit after order table columns count histogram histogram_by facet "        \
	"timeout explain secondary"

const struct route routes[] = {
	{"GET", "/healthz", ROLE_NONE, BODY_NONE, false, handle_health, "",
		"whether the process answers"},
	{"GET", "/readyz", ROLE_VIEWER, BODY_NONE, false, handle_ready, "",
		"whether the data folder can be read"},
	{"GET", "/metrics", ROLE_VIEWER, BODY_NONE, false, handle_metrics, "",
		"numbers for Prometheus"},
	{"GET", "/api/v1/status", ROLE_VIEWER, BODY_NONE, false, handle_status, "",
		"tables, sources, alerts, space"},
	{"GET", "/api/v1/search", ROLE_VIEWER, BODY_NONE, false, handle_search, SEARCH_ARGS,
		"events that a query matches"},
	{"GET", "/api/v1/fields", ROLE_VIEWER, BODY_NONE, false, handle_fields, "table",
		"all that a query may name"},
	{"GET", "/api/v1/values", ROLE_VIEWER, BODY_NONE, false, handle_values,
		"field prefix limit since table", "the values of a field, the most frequent first"},
	{"GET", "/api/v1/overview", ROLE_VIEWER, BODY_NONE, false, handle_overview, "since until",
		"the first screen in one answer"},
	{"GET", "/api/v1/export", ROLE_VIEWER, BODY_NONE, false, handle_export,
		"q since until limit order table columns format timeout secondary",
		"all that a query matches, as a file"},
	{"POST", "/api/v1/sql", ROLE_VIEWER, BODY_JSON, false, handle_sql, "",
		"one SELECT over the tables"},
	{"GET", "/api/v1/entity", ROLE_VIEWER, BODY_NONE, false, handle_entity,
		"value kind as person since until limit timeout",
		"everything about one user, address or object"},
	{"GET", "/api/v1/searches", ROLE_VIEWER, BODY_NONE, false, handle_searches, "",
		"searches that were given a name"},
	{"PUT", "/api/v1/searches/{id}", ROLE_ANALYST, BODY_JSON, true, handle_search_save, "",
		"a search is given a name"},
	{"DELETE", "/api/v1/searches/{id}", ROLE_ANALYST, BODY_NONE, true, handle_search_forget, "",
		"a saved search is forgotten"},
	{"GET", "/api/v1/events/{id}", ROLE_VIEWER, BODY_NONE, false, handle_event, "",
		"one event, parsed and raw"},
	{"GET", "/api/v1/events/{id}/proof", ROLE_VIEWER, BODY_NONE, false, handle_proof, "",
		"the proof that an event was stored as it is, against the newest checkpoint"},
	{"GET", "/api/v1/evidence", ROLE_VIEWER, BODY_NONE, false, handle_evidence, "",
		"the tree of evidence: its size, what is pending, the newest checkpoint, the key"},
	{"GET", "/api/v1/evidence/checkpoint", ROLE_VIEWER, BODY_NONE, false, handle_checkpoint, "",
		"the newest checkpoint, signed"},
	{"GET", "/api/v1/evidence/bundle", ROLE_VIEWER, BODY_NONE, false, handle_bundle,
		"alert events", "events with their proofs, as a ZIP file"},
	{"POST", "/api/v1/ioc/search", ROLE_VIEWER, BODY_LIST, false, handle_ioc_search,
		"table exact hits", "indicators asked of all events"},
	{"GET", "/api/v1/alerts", ROLE_VIEWER, BODY_NONE, false, handle_alerts,
		"state level levels since until rule text limit group",
		"alerts, the newest first, or rules with how many each has"},
	{"POST", "/api/v1/alerts/ack", ROLE_ANALYST, BODY_JSON, true, handle_alerts_ack, "",
		"somebody looks at them: many at once"},
	{"POST", "/api/v1/alerts/close", ROLE_ANALYST, BODY_JSON, true, handle_alerts_close, "",
		"they are done, for a reason"},
	{"POST", "/api/v1/alerts/reopen", ROLE_ANALYST, BODY_JSON, true, handle_alerts_reopen, "",
		"they are not done after all"},
	{"POST", "/api/v1/alerts/comment", ROLE_ANALYST, BODY_JSON, true, handle_alerts_comment, "",
		"the same note on many"},
	{"GET", "/api/v1/alerts/{id}", ROLE_VIEWER, BODY_NONE, false, handle_alert, "",
		"one alert with its evidence and notes"},
	{"POST", "/api/v1/alerts/{id}/ack", ROLE_ANALYST, BODY_JSON, true, handle_alert_ack, "",
		"somebody looks at it"},
	{"POST", "/api/v1/alerts/{id}/close", ROLE_ANALYST, BODY_JSON, true, handle_alert_close, "",
		"it is done, for a reason"},
	{"POST", "/api/v1/alerts/{id}/reopen", ROLE_ANALYST, BODY_JSON, true, handle_alert_reopen,
		"", "it is not done after all"},
	{"POST", "/api/v1/alerts/{id}/comment", ROLE_ANALYST, BODY_JSON, true, handle_alert_comment,
		"", "a note"},
	{"GET", "/api/v1/sources", ROLE_VIEWER, BODY_NONE, false, handle_sources, "",
		"what is connected, and how it is doing"},
	{"GET", "/api/v1/rules", ROLE_VIEWER, BODY_NONE, false, handle_rules, "",
		"rules, and the alerts that they raised"},
	{"GET", "/api/v1/rules/{id}", ROLE_VIEWER, BODY_NONE, false, handle_rule, "explain timeout",
		"one rule whole, and whether it can fire here"},
	{"POST", "/api/v1/rules/{id}/enable", ROLE_ANALYST, BODY_JSON, true, handle_rule_enable, "",
		"it runs from now on"},
	{"POST", "/api/v1/rules/{id}/disable", ROLE_ANALYST, BODY_JSON, true, handle_rule_disable,
		"", "it does not run any more"},
	{"POST", "/api/v1/rules/{id}/tune", ROLE_ANALYST, BODY_JSON, true, handle_rule_tune, "",
		"its threshold is another one"},
	{"POST", "/api/v1/rules/test", ROLE_ANALYST, BODY_JSON, false, handle_rule_try, "",
		"what a rule that is not installed would find in history"},
	{"PUT", "/api/v1/rules/files/{id}", ROLE_ADMIN, BODY_JSON, true, handle_rule_file_save, "",
		"a rule file of one's own, new or in place of another one"},
	{"DELETE", "/api/v1/rules/files/{id}", ROLE_ADMIN, BODY_NONE, true, handle_rule_file_remove,
		"", "a rule file of one's own less"},
	{"GET", "/api/v1/watchlists", ROLE_VIEWER, BODY_NONE, false, handle_watchlists, "",
		"lists of indicators that are watched for"},
	{"GET", "/api/v1/sources/{id}", ROLE_VIEWER, BODY_NONE, false, handle_source, "",
		"one source, with its settings"},
	{"GET", "/api/v1/sources/{id}/ledger", ROLE_VIEWER, BODY_NONE, false, handle_source_ledger,
		"since limit", "what was asked of it, and what came of it"},
	{"GET", "/api/v1/sources/{id}/gaps", ROLE_VIEWER, BODY_NONE, false, handle_source_gaps, "",
		"what is missing of it"},
	{"POST", "/api/v1/sources/{id}/pause", ROLE_ADMIN, BODY_JSON, true, handle_source_pause, "",
		"it is read no more"},
	{"POST", "/api/v1/sources/{id}/resume", ROLE_ADMIN, BODY_JSON, true, handle_source_resume,
		"", "it is read again"},
	{"DELETE", "/api/v1/sources/{id}", ROLE_ADMIN, BODY_NONE, true, handle_source_remove, "",
		"it is not connected any more; its events stay"},
	{"POST", "/api/v1/sources/test", ROLE_ADMIN, BODY_JSON, true, handle_source_try, "",
		"a job: tries a source out, and saves nothing"},
	{"POST", "/api/v1/sources", ROLE_ADMIN, BODY_JSON, true, handle_source_add, "",
		"a job: tries a source out, and connects it"},
	{"POST", "/api/v1/sources/{id}/test", ROLE_ADMIN, BODY_JSON, true, handle_source_test, "",
		"a job: tries a connected source out"},
	{"POST", "/api/v1/sources/{id}/backfill", ROLE_ADMIN, BODY_JSON, true,
		handle_source_backfill, "", "a job: reads a source from a time on again"},
	{"POST", "/api/v1/sources/{id}/refetch", ROLE_ADMIN, BODY_JSON, true, handle_source_refetch,
		"", "a job: asks once more for what is missing of a source"},
	{"POST", "/api/v1/rules/run", ROLE_ANALYST, BODY_JSON, true, handle_rules_run, "",
		"a job: rules over history"},
	{"POST", "/api/v1/verify", ROLE_ADMIN, BODY_JSON, true, handle_verify, "",
		"a job: whether all that is stored is as it was written"},
	{"POST", "/api/v1/evidence/checkpoint", ROLE_ADMIN, BODY_JSON, true, handle_checkpoint_make,
		"", "a job: what is stored is signed now"},
	{"POST", "/api/v1/compact", ROLE_ADMIN, BODY_JSON, true, handle_compact, "",
		"a job: small files become large ones, and days that are too old are dropped"},
	{"POST", "/api/v1/rebuild", ROLE_ADMIN, BODY_JSON, true, handle_rebuild, "",
		"a job: raw events are decoded again, with the schema of today"},
	{"POST", "/api/v1/cluster/status", ROLE_ADMIN, BODY_JSON, true, handle_cluster_status, "",
		"a job: servers, shards and rows of the cluster, and what waits to be sent"},
	{"POST", "/api/v1/cluster/load", ROLE_ADMIN, BODY_JSON, true, handle_cluster_load, "",
		"a job: what waits is sent to the cluster, and held against what is there"},
	{"POST", "/api/v1/rejects/retry", ROLE_ADMIN, BODY_JSON, true, handle_rejects_retry, "",
		"a job: what could not be read as events is read once more"},
	{"GET", "/api/v1/rejects", ROLE_VIEWER, BODY_NONE, false, handle_rejects, "limit",
		"what could not be read as events, the newest first"},
	{"GET", "/api/v1/schema", ROLE_VIEWER, BODY_NONE, false, handle_schema, "",
		"tables and their columns"},
	{"POST", "/api/v1/feeds", ROLE_ADMIN, BODY_JSON, true, handle_feed_add, "",
		"a job: a list that fills itself from an address or a TAXII server"},
	{"POST", "/api/v1/feeds/{id}/update", ROLE_ANALYST, BODY_JSON, true, handle_feed_update, "",
		"a job: fetches a feed now"},
	{"POST", "/api/v1/notifiers", ROLE_ADMIN, BODY_JSON, true, handle_notifier_add, "",
		"a job: somebody is told of alerts from now on"},
	{"POST", "/api/v1/notifiers/{id}/test", ROLE_ADMIN, BODY_JSON, true, handle_notifier_test,
		"", "a job: sends a message to try it out"},
	{"POST", "/api/v1/hooks/{id}", ROLE_NONE, BODY_HOOK, false, handle_hook, "",
		"alerts of another product, signed with the hook's secret"},
	{"GET", "/api/v1/hooks", ROLE_ADMIN, BODY_NONE, false, handle_hooks, "",
		"where other products send alerts to"},
	{"POST", "/api/v1/hooks", ROLE_ADMIN, BODY_JSON, true, handle_hook_add, "",
		"a place to send alerts to, with its secret"},
	{"DELETE", "/api/v1/hooks/{id}", ROLE_ADMIN, BODY_NONE, true, handle_hook_remove, "",
		"nothing is taken there any more"},
	{"GET", "/api/v1/jobs", ROLE_VIEWER, BODY_NONE, false, handle_jobs, "",
		"work that takes long, the newest first"},
	{"GET", "/api/v1/jobs/{id}", ROLE_VIEWER, BODY_NONE, false, handle_job, "",
		"one job, with its result"},
	{"GET", "/api/v1/jobs/{id}/events", ROLE_VIEWER, BODY_NONE, false, handle_job_events, "",
		"one job as it goes on, as server-sent events"},
	{"POST", "/api/v1/jobs/{id}/cancel", ROLE_ANALYST, BODY_JSON, true, handle_job_cancel, "",
		"it is to end"},
	{"GET", "/api/v1/watchlists/{id}", ROLE_VIEWER, BODY_NONE, false, handle_watchlist, "limit",
		"one list, and what is in it"},
	{"POST", "/api/v1/watchlists/{id}", ROLE_ANALYST, BODY_LIST, true, handle_watchlist_fill,
		"level tags expire confidence exact replace allow_wide list_format column kind",
		"indicators go onto a list, and history is asked of them"},
	{"POST", "/api/v1/watchlists/{id}/pause", ROLE_ANALYST, BODY_JSON, true,
		handle_watchlist_pause, "", "it is not watched for"},
	{"POST", "/api/v1/watchlists/{id}/resume", ROLE_ANALYST, BODY_JSON, true,
		handle_watchlist_resume, "", "it is watched for again"},
	{"DELETE", "/api/v1/watchlists/{id}", ROLE_ANALYST, BODY_NONE, true,
		handle_watchlist_remove, "", "it is not there any more; its alerts stay"},
	{"GET", "/api/v1/feeds", ROLE_VIEWER, BODY_NONE, false, handle_feeds, "",
		"lists that fill themselves, and how they are doing"},
	{"GET", "/api/v1/notifiers", ROLE_VIEWER, BODY_NONE, false, handle_notifiers, "",
		"who is told of alerts"},
	{"POST", "/api/v1/notifiers/{id}/pause", ROLE_ADMIN, BODY_JSON, true, handle_notifier_pause,
		"", "what comes for it waits"},
	{"POST", "/api/v1/notifiers/{id}/resume", ROLE_ADMIN, BODY_JSON, true,
		handle_notifier_resume, "", "it is told again, of what waited too"},
	{"DELETE", "/api/v1/notifiers/{id}", ROLE_ADMIN, BODY_NONE, true, handle_notifier_remove,
		"", "it is told no more"},
	{"GET", "/api/v1/settings", ROLE_VIEWER, BODY_NONE, false, handle_settings, "",
		"the program, its data and its rules"},
	{"GET", "/api/v1/audit", ROLE_ADMIN, BODY_NONE, false, handle_audit,
		"since until before limit text", "what people and tokens did, the newest first"},
	{"GET", "/api/v1/session", ROLE_VIEWER, BODY_NONE, false, handle_session, "", "who asks"},
	{"POST", "/api/v1/session", ROLE_NONE, BODY_PASSWORD, true, handle_session_begin, "",
		"sign in"},
	{"DELETE", "/api/v1/session", ROLE_VIEWER, BODY_NONE, true, handle_session_end, "",
		"sign out"},
	{"POST", "/api/v1/session/password", ROLE_VIEWER, BODY_PASSWORD, true,
		handle_session_password, "", "a new password of one's own"},
	{"GET", "/api/v1/users", ROLE_ADMIN, BODY_NONE, false, handle_users, "", "who may sign in"},
	{"POST", "/api/v1/users", ROLE_ADMIN, BODY_PASSWORD, true, handle_user_add, "",
		"a user more"},
	{"PATCH", "/api/v1/users/{id}", ROLE_ADMIN, BODY_PASSWORD, true, handle_user_change, "",
		"another role or password, disabled or not"},
	{"DELETE", "/api/v1/users/{id}", ROLE_ADMIN, BODY_NONE, true, handle_user_remove, "",
		"a user less"},
	{"GET", "/api/v1/tokens", ROLE_ADMIN, BODY_NONE, false, handle_tokens, "",
		"tokens of the API"},
	{"POST", "/api/v1/tokens", ROLE_ADMIN, BODY_JSON, true, handle_token_add, "",
		"a token more"},
	{"DELETE", "/api/v1/tokens/{id}", ROLE_ADMIN, BODY_NONE, true, handle_token_remove, "",
		"a token less"},
	{0},
};

unsigned routes_count(void)
{
	return sizeof(routes) / sizeof(*routes) - 1;
}

/* Whether a path is as the pattern says. */
static bool fits(const char *pattern, const char *path, char id[ROUTE_ID])
{
	const char *hole = strstr(pattern, "{id}");
	if (!hole)
		return strcmp(pattern, path) == 0;
	size_t before = (size_t)(hole - pattern), n;
	if (strncmp(pattern, path, before) != 0)
		return false;
	n = strcspn(path + before, "/");
	if (n == 0 || n >= ROUTE_ID || strcmp(path + before + n, hole + 4) != 0 ||
		!text_utf8_valid((struct slice){path + before, n}))
		return false;
	memcpy(id, path + before, n);
	id[n] = '\0';
	return true;
}

const struct route *route_find(
	const char *method, const char *path, char id[ROUTE_ID], char allowed[ROUTE_ALLOWED])
{
	bool head = strcmp(method, "HEAD") == 0;
	size_t n = 0;
	allowed[0] = '\0';
	for (const struct route *route = routes; route->method; route++) {
		if (!fits(route->path, path, id))
			continue;
		if (strcmp(route->method, head ? "GET" : method) == 0)
			return route;
		n += (size_t)snprintf(allowed + n, ROUTE_ALLOWED - n, "%s%s%s", n ? ", " : "",
			route->method, strcmp(route->method, "GET") == 0 ? ", HEAD" : "");
	}
	return NULL;
}

bool route_takes(const struct route *route, const char *name)
{
	size_t n = strlen(name);
	for (const char *at = route->args; *at; at += strspn(at, " ")) {
		size_t len = strcspn(at, " ");
		if (len == n && memcmp(at, name, n) == 0)
			return true;
		at += len;
	}
	return false;
}
