/* SPDX-License-Identifier: Apache-2.0 */
/* route.c: all routes, and how a path finds its own. */
#include "http/route.h"

#include <stdio.h>
#include <string.h>

#include "http/private.h"

#define SEARCH_ARGS                                                                                \
	"q since until limit after order table columns count histogram facet timeout explain "     \
	"secondary"

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
	{"GET", "/api/v1/events/{id}", ROLE_VIEWER, BODY_NONE, false, handle_event, "",
		"one event, parsed and raw"},
	{"POST", "/api/v1/ioc/search", ROLE_VIEWER, BODY_LIST, false, handle_ioc_search,
		"table exact hits", "indicators asked of all events"},
	{"GET", "/api/v1/alerts", ROLE_VIEWER, BODY_NONE, false, handle_alerts,
		"state level since until rule text limit", "alerts, the newest first"},
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
	{"GET", "/api/v1/watchlists", ROLE_VIEWER, BODY_NONE, false, handle_watchlists, "",
		"lists of indicators that are watched for"},
	{"GET", "/api/v1/audit", ROLE_ADMIN, BODY_NONE, false, handle_audit,
		"since until before limit", "what people and tokens did, the newest first"},
	{0},
};

unsigned routes_count(void)
{
	return sizeof(routes) / sizeof(*routes) - 1;
}

/* Whether a path is as the pattern says. */
static bool fits(const char *pattern, const char *path, char id[64])
{
	const char *hole = strstr(pattern, "{id}");
	if (!hole)
		return strcmp(pattern, path) == 0;
	size_t before = (size_t)(hole - pattern), n;
	if (strncmp(pattern, path, before) != 0)
		return false;
	n = strcspn(path + before, "/");
	if (n == 0 || n >= 64 || strcmp(path + before + n, hole + 4) != 0)
		return false;
	memcpy(id, path + before, n);
	id[n] = '\0';
	return true;
}

const struct route *route_find(const char *method, const char *path, char id[64], char allowed[64])
{
	bool head = strcmp(method, "HEAD") == 0;
	size_t n = 0;
	allowed[0] = '\0';
	for (const struct route *route = routes; route->method; route++) {
		if (!fits(route->path, path, id))
			continue;
		if (strcmp(route->method, head ? "GET" : method) == 0)
			return route;
		n += (size_t)snprintf(allowed + n, 64 - n, "%s%s%s", n ? ", " : "", route->method,
			strcmp(route->method, "GET") == 0 ? ", HEAD" : "");
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
