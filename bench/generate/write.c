/* SPDX-License-Identifier: Apache-2.0 */
/*
 * write.c: what the formats have in common: the table of formats, API pages, times, and what
 * changed in an event.
 */
#include "write.h"

#include <stdio.h>

#include "base/clock.h"

static char *datacenter_page_begin(char *p, uint64_t first, uint64_t records, uint64_t total)
{
	(void)first, (void)records, (void)total;
	return PUT(p, "{\"entities\":[");
}

static char *datacenter_page_end(char *p, uint64_t first, uint64_t records, uint64_t total)
{
	if (first + records >= total)
		return p + sprintf(p, "],\"pagingInfo\":{\"lastPage\":true,\"size\":%llu}}",
				   (unsigned long long)records);
	return p +
	       sprintf(p,
		       "],\"pagingInfo\":{\"lastPage\":false,\"nextPageOffset\":0,"
		       "\"nextPageCursor\":\"1637539714166,%llu\",\"nextPageLink\":\"https://"
		       "example.com/rest/auditing/1.0/events?offset=0&limit=%llu\",\"size\":%llu}}",
		       (unsigned long long)(total - first), (unsigned long long)records,
		       (unsigned long long)records);
}

static char *jira_page_begin(char *p, uint64_t first, uint64_t records, uint64_t total)
{
	(void)records;
	return p + sprintf(p, "{\"offset\":%llu,\"limit\":%d,\"total\":%llu,\"records\":[",
			   (unsigned long long)first, PAGE_RECORDS, (unsigned long long)total);
}

static char *jira_page_end(char *p, uint64_t first, uint64_t records, uint64_t total)
{
	(void)first, (void)records, (void)total;
	return PUT(p, "]}");
}

static char *confluence_page_begin(char *p, uint64_t first, uint64_t records, uint64_t total)
{
	(void)first, (void)records, (void)total;
	return PUT(p, "{\"results\":[");
}

static char *confluence_page_end(char *p, uint64_t first, uint64_t records, uint64_t total)
{
	(void)total;
	return p +
	       sprintf(p,
		       "],\"start\":%llu,\"limit\":%d,\"size\":%llu,\"_links\":{\"base\":\"https://"
		       "example.atlassian.net/wiki\",\"context\":\"/wiki\",\"self\":\"https://"
		       "example.atlassian.net/wiki/rest/api/audit\"}}",
		       (unsigned long long)first, PAGE_RECORDS, (unsigned long long)records);
}

static char *org_page_begin(char *p, uint64_t first, uint64_t records, uint64_t total)
{
	(void)first, (void)records, (void)total;
	return PUT(p, "{\"data\":[");
}

static char *org_page_end(char *p, uint64_t first, uint64_t records, uint64_t total)
{
	unsigned long long next = first + records;
	if (next >= total)
		return p + sprintf(p, "],\"meta\":{\"next\":null,\"page_size\":%d},\"links\":{}}",
				   PAGE_RECORDS);
	return p +
	       sprintf(p,
		       "],\"meta\":{\"next\":\"c%llu\",\"page_size\":%d},\"links\":{\"next\":"
		       "\"https://api.atlassian.com/admin/v1/orgs/x/events-stream?cursor=c%llu\"}"
		       "}",
		       next, PAGE_RECORDS, next);
}

#define ACTION         "\"action\":\""
#define SUMMARY        "\"summary\":\""
#define VERSION_TWICE  "\"version\":\"0.9\","
#define CATEGORY_TWICE "\"category\":\"first\","
#define TYPE_TWICE     "\"type\":\"first\","
#define FULL(table)    table "_audit_logs"

/* The first row of a table is its usual shape. */
static const struct format formats[] = {
	{"bitbucket", "file", BITBUCKET, &bitbucket_actions, datacenter_event, datacenter_prepare,
		NULL, NULL, ACTION, VERSION_TWICE, FULL("bitbucket")},
	{"bitbucket", "api", BITBUCKET, &bitbucket_actions, datacenter_api_event,
		datacenter_api_prepare, datacenter_page_begin, datacenter_page_end, ACTION,
		VERSION_TWICE, FULL("bitbucket")},
	{"jira", "cloud", JIRA, &jira_cloud_actions, jira_cloud_event, NULL, NULL, NULL, SUMMARY,
		CATEGORY_TWICE, FULL("jira")},
	{"jira", "api", JIRA, &jira_cloud_actions, jira_cloud_event, NULL, jira_page_begin,
		jira_page_end, SUMMARY, CATEGORY_TWICE, FULL("jira")},
	{"jira", "file", JIRA, &jira_actions, datacenter_event, datacenter_prepare, NULL, NULL,
		ACTION, VERSION_TWICE, FULL("jira")},
	{"confluence", "cloud", CONFLUENCE, &confluence_cloud_actions, confluence_cloud_event, NULL,
		NULL, NULL, SUMMARY, CATEGORY_TWICE, FULL("confluence")},
	{"confluence", "api", CONFLUENCE, &confluence_cloud_actions, confluence_cloud_event, NULL,
		confluence_page_begin, confluence_page_end, SUMMARY, CATEGORY_TWICE,
		FULL("confluence")},
	{"confluence", "file", CONFLUENCE, &confluence_actions, datacenter_event,
		datacenter_prepare, NULL, NULL, ACTION, VERSION_TWICE, FULL("confluence")},
	{"org", "cloud", ORG, &org_actions, org_event, org_prepare, NULL, NULL, ACTION, TYPE_TWICE,
		"atlassian_org_events"},
	{"org", "api", ORG, &org_actions, org_event, org_prepare, org_page_begin, org_page_end,
		ACTION, TYPE_TWICE, "atlassian_org_events"},
	{"alerts", "cloud", ALERTS, &alert_actions, alert_event, org_prepare, NULL, NULL, ACTION,
		TYPE_TWICE, "third_party_alerts"},
};

const struct format *format_find(const char *table, const char *shape)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (strcmp(formats[i].table, table) == 0 &&
			(shape == NULL || strcmp(formats[i].shape, shape) == 0))
			return &formats[i];
	}
	return NULL;
}

void writer_init(struct writer *writer, const struct format *format, const struct world *world,
	uint32_t node)
{
	static const char *const systems[PRODUCTS] = {"https://bitbucket.example.com",
		"https://jira.example.com", "https://confluence.example.com", "", ""};
	*writer = (struct writer){.world = world,
		.actions = format->actions,
		.product = format->product,
		.system = slice_of(systems[format->product]),
		.node = world->nodes[node % WORLD_NODES],
		.next_id = 11000,
		.day = INT64_MIN};
	arena_init(&writer->mem);
	if (format->prepare != NULL)
		format->prepare(writer);
}

void writer_fini(struct writer *writer)
{
	arena_fini(&writer->mem);
}

struct slice writer_actor(
	const struct writer *w, const struct format *format, const struct event *e)
{
	const struct user *u = &w->world->users[e->user];
	if (w->product == ORG)
		return org_actor(w, e);
	bool cloud = format->event == jira_cloud_event || format->event == confluence_cloud_event;
	if (cloud && w->actions->rows[e->action].system)
		return w->product == JIRA ? (struct slice){NULL, 0} : SLICE("System");
	return w->product == BITBUCKET || (cloud && w->product == JIRA) ? u->login : u->display;
}

char *put_time(struct writer *w, char *p, int64_t ms)
{
	int64_t day = ms / 86400000;
	uint32_t t = (uint32_t)(ms % 86400000);
	if (day != w->day) {
		int64_t year;
		unsigned month, date;
		clock_date(day, &year, &month, &date);
		snprintf(w->date, sizeof(w->date), "%04u-%02u-%02uT", (unsigned)year % 10000,
			month % 100, date % 100);
		w->day = day;
	}
	memcpy(p, w->date, 11);
	const uint32_t parts[3] = {t / 3600000, t / 60000 % 60, t / 1000 % 60};
	p += 11;
	for (int i = 0; i < 3; i++) {
		*p++ = (char)('0' + parts[i] / 10);
		*p++ = (char)('0' + parts[i] % 10);
		*p++ = i < 2 ? ':' : '.';
	}
	*p++ = (char)('0' + t / 100 % 10);
	*p++ = (char)('0' + t / 10 % 10);
	*p++ = (char)('0' + t % 10);
	return p;
}

/* A description that is seldom the same twice. */
static struct slice description(struct writer *w, const struct event *e)
{
	char *p = w->scratch;
	if (e->rnd % 3 == 0)
		p = PUT(p, "moved from old server \\u2192 new \\\"main\\\" one, ticket OPS-");
	else if (e->rnd % 3 == 1)
		p = PUT(p, "see C:\\\\builds\\\\release and caf\xc3\xa9 notes \xf0\x9f\x90\xbe "
			   "\\ud83d\\udc3e, change ");
	else
		p = PUT(p, "merge of feature/branch at ");
	p = put_hex(p, e->rnd >> 13, 12);
	return (struct slice){w->scratch, (size_t)(p - w->scratch)};
}

#define NO_TEXT ((struct slice){NULL, 0})
static const struct slice permissions[] = {SLICE("ADMIN"), SLICE("Browse Users"),
	SLICE("Bulk Change"), SLICE("Create Shared Objects"), SLICE("Administer Jira"),
	SLICE("VIEWSPACE"), SLICE("EDITSPACE"), SLICE("REMOVEPAGE")};
static const struct slice states[] = {SLICE("To Do"), SLICE("In Progress"), SLICE("Code Review"),
	SLICE("Done"), SLICE("current"), SLICE("archived")};

static uint32_t user_changes(const struct writer *w, const struct event *e, struct change *out)
{
	const struct user *u = &w->world->users[e->object % WORLD_USERS];
	out[0] = (struct change){
		SLICE("Username"), SLICE("common.words.username"), NO_TEXT, u->login};
	out[1] = (struct change){
		SLICE("Full name"), SLICE("common.words.fullname"), NO_TEXT, u->display};
	out[2] = (struct change){SLICE("Email"), SLICE("common.words.email"), NO_TEXT, u->mail};
	out[3] = (struct change){SLICE("Active / Inactive"),
		SLICE("admin.common.phrases.active.inactive"), NO_TEXT, SLICE("Active")};
	return 4;
}

static uint32_t space_changes(struct writer *w, const struct event *e, struct change *out)
{
	const struct thing *space = &w->world->spaces[e->object % WORLD_SPACES];
	out[0] = (struct change){
		SLICE("Space type"), SLICE("Space type"), SLICE(""), SLICE("global")};
	out[1] = (struct change){SLICE("Name"), SLICE("Name"), SLICE(""), space->name};
	out[2] = (struct change){SLICE("Space key"), SLICE("Space key"), SLICE(""), space->key};
	out[3] = (struct change){
		SLICE("Description"), SLICE("Description"), SLICE(""), description(w, e)};
	return 4;
}

uint32_t event_changes(struct writer *w, const struct event *e, struct change out[MAX_CHANGES])
{
	const struct thing *group = &w->world->groups[e->object % WORLD_GROUPS];
	uint32_t k = (uint32_t)(e->rnd >> 33);
	switch (w->actions->rows[e->action].change) {
	case CHANGE_PROJECT:
		out[0] = (struct change){SLICE("Name"),
			SLICE("bitbucket.service.project.audit.changedvalue.projectmodified.name"),
			SLICE("Test"), w->world->projects[k % WORLD_PROJECTS].name};
		out[1] = (struct change){SLICE("Description"),
			SLICE("bitbucket.service.project.audit.changedvalue.projectmodified."
			      "description"),
			NO_TEXT, description(w, e)};
		return 2;
	case CHANGE_PERMISSION:
		if (w->product == BITBUCKET) /* there it stands in the details */
			return 0;
		out[0] = (struct change){SLICE("Permission"),
			SLICE("admin.common.words.permission"), SLICE(""), permissions[k % 8]};
		out[1] = (struct change){
			SLICE("Group"), SLICE("admin.common.words.group"), SLICE(""), group->name};
		return 2;
	case CHANGE_USER:
		return user_changes(w, e, out);
	case CHANGE_ACTIVE:
		out[0] = (struct change){SLICE("Active / Inactive"),
			SLICE("admin.common.phrases.active.inactive"),
			k & 1 ? SLICE("Active") : SLICE("Inactive"),
			k & 1 ? SLICE("Inactive") : SLICE("Active")};
		return 1;
	case CHANGE_SPACE:
		return space_changes(w, e, out);
	case CHANGE_STATUS:
		out[0] = (struct change){SLICE("Status"), SLICE("common.concepts.status"),
			states[k % 6], states[(k >> 8) % 6]};
		out[1] = (struct change){SLICE("Description"), SLICE("common.words.description"),
			NO_TEXT, description(w, e)};
		return 2;
	case CHANGE_FIELDS:
		out[0] = (struct change){SLICE("Field Configuration"),
			SLICE("admin.field.configuration"), SLICE("Default Field Configuration"),
			SLICE("")};
		out[1] = (struct change){SLICE("Issue Type"), SLICE("issue.field.issuetype"),
			k & 1 ? SLICE("Bug") : SLICE("Story"), SLICE("")};
		return 2;
	case CHANGE_COVERAGE:
		out[0] = (struct change){SLICE("Coverage level"), SLICE("Coverage level"),
			SLICE("ADVANCED"), SLICE("BASE")};
		return 1;
	default:
		return 0;
	}
}
