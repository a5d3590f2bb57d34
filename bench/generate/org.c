/* SPDX-License-Identifier: Apache-2.0 */
/*
 * org.c: events of an organisation, as the admin API's /events-stream gives them, and alerts of Guard
 * Detect, as its webhook sends them.
 */
#include "write.h"

enum { NS_PER_MS = 1000000, SITES = 4, MAX_SESSIONS = 3 };

/* What a made-up id belongs to, so that no two are the same. */
enum id_kind { ID_EVENT = 1, ID_SITE, ID_ORG, ID_GROUP, ID_SPACE, ID_PROJECT, ID_SETTING, ID_HOOK };

static const struct slice sites[SITES] = {SLICE("acme"), SLICE("acme-sales"), SLICE("acme-lab"),
	SLICE("\xc3\xbc"
	      "bersee")};

void org_prepare(struct writer *w)
{
	w->salt = 0;
	for (size_t i = 0; i < w->world->nodes[0].len; i++)
		w->salt = w->salt * 31 + (unsigned char)w->world->nodes[0].ptr[i];
}

/* The UUID that number n of a kind has in this world. */
static char *put_uuid(const struct writer *w, char *p, enum id_kind kind, uint64_t n)
{
	uint64_t r = w->salt ^ ((uint64_t)kind << 56 ^ n) * 0xd1342543de82ef95u;
	uint64_t a = rnd_next(&r), b = rnd_next(&r);
	p = put_hex(p, a >> 32, 8);
	*p++ = '-';
	p = put_hex(p, a >> 16, 4);
	p = PUT(p, "-4");
	p = put_hex(p, a, 3);
	*p++ = '-';
	p = put_hex(p, (b >> 48 & 0x3fff) | 0x8000, 4);
	*p++ = '-';
	return put_hex(p, b, 12);
}

/* Decimal digits, `width` of them. */
static char *put_digits(char *p, uint64_t n, int width)
{
	for (int i = width - 1; i >= 0; i--, n /= 10)
		p[i] = (char)('0' + n % 10);
	return p + width;
}

/* A time with as many digits of a fraction as it needs: none, or 3, 6 or 9. */
static char *put_iso(struct writer *w, char *p, int64_t ms, uint32_t ns)
{
	p = put_time(w, p, ms);
	if (ms % 1000 == 0 && ns == 0)
		p -= 4;
	else if (ns % 1000 != 0)
		p = put_digits(p, ns, 6);
	else if (ns != 0)
		p = put_digits(p, ns / 1000, 3);
	return PUT(p, "Z");
}

/* A member with a text, and a comma in front. */
static char *put_text(char *p, const char *key, struct slice text)
{
	p = PUT(p, ",\"");
	p = put(p, slice_of(key));
	p = PUT(p, "\":\"");
	p = put(p, text);
	return PUT(p, "\"");
}

/* ---- organisation events ---- */

static bool is_app(const struct writer *w, const struct event *e)
{
	return w->actions->rows[e->action].system;
}

struct slice org_actor(const struct writer *w, const struct event *e)
{
	if (is_app(w, e))
		return e->rnd & 8 ? SLICE("Confluence") : SLICE("Jira");
	return w->world->users[e->user].display;
}

/* Most are processed within seconds; one in twenty after hours. */
static char *put_processed(struct writer *w, char *p, const struct event *e)
{
	int64_t ms = e->ms + 200 + (int64_t)(e->rnd >> 17) % 3000;
	uint32_t ns = (e->rnd >> 5) % 7 == 0 ? 456000 : 0;
	if ((e->rnd >> 23) % 20 == 0)
		ms += (int64_t)((e->rnd >> 29) % 20000000);
	if ((e->rnd >> 11) % 3 == 0) {
		ms -= ms % 1000 - 1000;
		ns = 0;
	}
	p = PUT(p, "\"processedAt\":\"");
	p = put_iso(w, p, ms, ns);
	return PUT(p, "\"");
}

static char *put_person(char *p, const struct user *u)
{
	p = PUT(p, "{\"id\":\"");
	p = put(p, u->account);
	p = PUT(p, "\"");
	p = put_text(p, "name", u->display);
	return put_text(p, "email", u->mail);
}

static char *put_actor(const struct writer *w, char *p, const struct event *e)
{
	static const struct slice ways[] = {
		SLICE("session"), SLICE("apiToken"), SLICE("container-token")};
	if (is_app(w, e)) {
		p = e->rnd & 8 ? PUT(p, "{\"id\":\"confluence\"") : PUT(p, "{\"id\":\"jira\"");
		p = put_text(p, "name", org_actor(w, e));
		return PUT(p, ",\"email\":\"Atlassian app\",\"picture\":null,\"links\":{}}");
	}
	p = put_person(p, &w->world->users[e->user]);
	if (e->rnd % 5 == 0) {
		p = PUT(p, ",\"auth\":{\"authType\":\"");
		p = put(p, ways[(e->rnd >> 14) % 3]);
		p = PUT(p, "\",\"tokenId\":\"tok-");
		p = put_hex(p, e->rnd >> 20, 8);
		p = PUT(p, "\"");
		if (e->rnd & 0x100)
			p = PUT(p, ",\"tokenLabel\":\"ci \\\"main\\\" \\u2192 deploy\"");
		p = PUT(p, "}");
	}
	if (e->rnd % 37 == 0) {
		p = PUT(p, ",\"onBehalfOf\":");
		p = put_person(p, &w->world->users[(e->rnd >> 30) % WORLD_USERS]);
		p = PUT(p, "}");
	}
	if (e->rnd % 41 == 0)
		p = PUT(p, ",\"app\":{\"id\":\"app-7\",\"type\":\"forge\",\"attributes\":{\"name\":"
			   "\"Clean Up\",\"runs\":[1,2.50]}}");
	return PUT(p, "}");
}

/* {"id":"…","type":"…","attributes":{ of a thing. */
static char *put_thing(
	const struct writer *w, char *p, enum id_kind kind, uint64_t n, const char *type)
{
	p = PUT(p, "{\"id\":\"");
	p = put_uuid(w, p, kind, n);
	p = PUT(p, "\",\"type\":\"");
	p = put(p, slice_of(type));
	return PUT(p, "\",\"attributes\":{");
}

static char *put_named(const struct writer *w, char *p, enum id_kind kind, uint64_t n,
	const char *type, const struct thing *thing)
{
	p = put_thing(w, p, kind, n, type);
	p = PUT(p, "\"name\":\"");
	p = put(p, thing->name);
	p = PUT(p, "\"");
	if (thing->key.ptr != NULL)
		p = put_text(p, "key", thing->key);
	return PUT(p, "}}");
}

static char *put_user(char *p, const struct user *u)
{
	p = PUT(p, "{\"id\":\"");
	p = put(p, u->account);
	p = PUT(p, "\",\"type\":\"users\",\"attributes\":{\"accountType\":\"atlassian\"");
	p = put_text(p, "email", u->mail);
	p = put_text(p, "name", u->display);
	return PUT(p, "}}");
}

static char *put_site(const struct writer *w, char *p, const struct event *e, bool permission)
{
	static const struct slice permissions[] = {
		SLICE("Add Pages"), SLICE("Remove Own"), SLICE("Administrate \\\"Space\\\"")};
	struct slice site = sites[(e->rnd >> 3) % SITES];
	p = put_thing(w, p, ID_SITE, (e->rnd >> 3) % SITES, "sites");
	p = PUT(p, "\"siteName\":\"");
	p = put(p, site);
	p = PUT(p, "\",\"siteHostName\":\"https://");
	p = put(p, site);
	p = PUT(p, ".atlassian.net\"");
	if (permission)
		p = put_text(p, "permissionName", permissions[(e->rnd >> 19) % 3]);
	if (e->rnd % 1021 == 3) { /* an attribute that no schema knows */
		p = PUT(p, ",\"riskScore\":");
		p = put_number(p, e->rnd >> 40);
	}
	p = PUT(p, "},\"links\":{\"alt\":\"https://");
	p = put(p, site);
	return PUT(p, ".atlassian.net\"}}");
}

static char *put_setting(const struct writer *w, char *p, const struct event *e)
{
	p = put_thing(w, p, ID_SETTING, e->rnd & 7, "policies");
	p = PUT(p, "\"settingName\":\"AuthenticationPolicy\",\"settingValues\":[\"samlEnabled\",{"
		   "\"idle\":");
	p = put_number(p, e->rnd % 60);
	return PUT(p, "},null]}}");
}

/* The elements of the context; nothing where an action touches nothing. */
static char *put_context(const struct writer *w, char *p, const struct event *e)
{
	const struct world *o = w->world;
	uint32_t n = e->object;
	switch (w->actions->rows[e->action].object) {
	case OBJECT_USER:
		if (e->rnd % 9 != 0)
			return put_user(p, &o->users[n]);
		/* somebody who has no account yet */
		p = PUT(p, "{\"type\":\"invited-user\",\"attributes\":{\"email\":\"");
		p = put(p, o->users[n].mail);
		return PUT(p, "\"}}");
	case OBJECT_MEMBER:
		p = put_user(p, &o->users[world_member(n)]);
		*p++ = ',';
		n %= WORLD_GROUPS;
		return put_named(w, p, ID_GROUP, n, "groups", &o->groups[n]);
	case OBJECT_GROUP:
		return put_named(w, p, ID_GROUP, n, "groups", &o->groups[n]);
	case OBJECT_SPACE:
		p = put_site(w, p, e, true);
		*p++ = ',';
		return put_named(w, p, ID_SPACE, n, "space", &o->spaces[n]);
	case OBJECT_PROJECT:
		return put_named(w, p, ID_PROJECT, n, "project", &o->projects[n]);
	case OBJECT_SCHEME:
		return put_setting(w, p, e);
	default:
		return p;
	}
}

static char *put_container(const struct writer *w, char *p, const struct event *e)
{
	switch ((e->rnd >> 26) % 6) {
	case 0:
		return p;
	case 1:
		return PUT(p, ",\"container\":[]");
	case 2:
		p = PUT(p, ",\"container\":[");
		p = put_thing(w, p, ID_ORG, 0, "orgs");
		return PUT(p, "\"name\":\"Acme \xc3\x9c"
			      "bersee \\\"R&D\\\"\"}}]");
	case 3:
		p = PUT(p, ",\"container\":[");
		p = put_thing(w, p, ID_ORG, 1, "unit");
		return PUT(p, "}}]");
	default:
		p = PUT(p, ",\"container\":[");
		p = put_site(w, p, e, false);
		return PUT(p, "]");
	}
}

static char *put_location(const struct writer *w, char *p, const struct event *e)
{
	static const struct {
		struct slice geo, country, region, city;
	} places[] = {
		{SLICE("CH"), SLICE("Switzerland"), SLICE("Z\xc3\xbcrich"), SLICE("Z\xc3\xbcrich")},
		{SLICE("DE"), SLICE("Germany"), SLICE("Bavaria"), SLICE("M\\u00fcnchen")},
		{SLICE("US"), SLICE("United States"), SLICE(""), SLICE("")},
		{SLICE("PL"), SLICE("Poland"),
			SLICE("\xc5\x81\xc3\xb3"
			      "dzkie"),
			SLICE("\xc5\x81\xc3\xb3"
			      "d\xc5\xba")},
	};
	size_t k = (e->rnd >> 33) % 4;
	if (e->rnd % 31 == 0)
		return p;
	p = PUT(p, ",\"location\":{");
	if (is_app(w, e))
		return PUT(p, "\"geo\":\"EU\"}");
	if ((e->rnd >> 9) % 6 != 0) {
		p = PUT(p, "\"ip\":\"");
		p = put(p, e->address);
		p = PUT(p, "\",");
	}
	p = PUT(p, "\"geo\":\"");
	p = put(p, places[k].geo);
	p = PUT(p, "\"");
	p = put_text(p, "countryName", places[k].country);
	p = put_text(p, "regionName", places[k].region);
	p = put_text(p, "city", places[k].city);
	return PUT(p, "}");
}

static char *put_message(const struct writer *w, char *p, const struct event *e)
{
	if (e->rnd % 17 == 0)
		return p;
	p = PUT(p, ",\"message\":{\"content\":\"");
	p = put(p, org_actor(w, e));
	*p++ = ' ';
	p = put(p, slice_of(w->actions->rows[e->action].key));
	if (e->rnd % 13 == 0) {
		p = PUT(p, ": C:\\\\builds\\\\caf\xc3\xa9 \xf0\x9f\x90\xbe \\ud83d\\udc3e OPS-");
		p = put_number(p, e->rnd % 100000);
	}
	return e->rnd & 0x40 ? PUT(p, "\",\"format\":\"simple\"}")
			     : PUT(p, "\",\"format\":\"text/plain\"}");
}

char *org_event(struct writer *w, char *p, const struct event *e)
{
	bool processed_first = e->rnd % 29 == 0;
	p = e->rnd % 19 == 0 ? PUT(p, "{\"type\":\"event\",\"id\":\"")
			     : PUT(p, "{\"type\":\"events\",\"id\":\"");
	p = put_uuid(w, p, ID_EVENT, w->next_id++);
	p = PUT(p, "\",\"attributes\":{");
	if (processed_first) {
		p = put_processed(w, p, e);
		*p++ = ',';
	}
	p = PUT(p, "\"time\":\"");
	p = put_iso(w, p, e->ms, 0);
	p = PUT(p, "\",");
	if (!processed_first) {
		p = put_processed(w, p, e);
		*p++ = ',';
	}
	p = PUT(p, "\"action\":\"");
	p = put(p, slice_of(w->actions->rows[e->action].text));
	p = PUT(p, "\",\"actor\":");
	p = put_actor(w, p, e);
	if (w->actions->rows[e->action].object != OBJECT_NONE || e->rnd & 0x80) {
		p = PUT(p, ",\"context\":[");
		p = put_context(w, p, e);
		p = PUT(p, "]");
	}
	p = put_container(w, p, e);
	p = put_location(w, p, e);
	if (e->rnd % 1021 == 7) /* a field that no schema knows */
		p = PUT(p, ",\"trail\":{\"hops\":[1,2,{\"zone\":\"eu-1\"}]}");
	p = PUT(p, "}");
	p = put_message(w, p, e);
	if (e->rnd % 43 == 0)
		p = PUT(p, ",\"links\":{\"self\":\"https://api.atlassian.com/admin/v1/orgs/x\"}");
	return PUT(p, "}");
}

/* ---- alerts ---- */

static char *put_subject(const struct writer *w, char *p, const struct event *e)
{
	const struct action *a = &w->actions->rows[e->action];
	if (a->object == OBJECT_NONE)
		return p;
	p = PUT(p, "\"subject\":{\"ari\":\"ari:cloud:");
	p = put(p, slice_of(a->area));
	*p++ = '/';
	p = put_number(p, 90000 + e->object);
	p = PUT(p, "\",\"containerAri\":\"ari:cloud:platform::site/");
	p = put_number(p, (e->rnd >> 3) % SITES);
	p = PUT(p, "\",\"ati\":\"");
	p = put(p, slice_of(a->area));
	p = PUT(p, "\"");
	if (a->object == OBJECT_PAGE && e->rnd % 3 != 0)
		p = put_text(p, "resourceName", w->world->pages[e->object].name);
	if (e->rnd % 1021 == 3) /* a field that no schema knows */
		p = PUT(p, ",\"labels\":[\"\\u2192\",null]");
	return PUT(p, "},");
}

static char *put_activity(struct writer *w, char *p, const struct event *e)
{
	int64_t start = e->ms - 2000 - (int64_t)(e->rnd >> 12) % 600000;
	p = PUT(p, "\"activity\":{\"action\":\"");
	p = put(p, slice_of(w->actions->rows[e->action].text));
	p = PUT(p, "\",");
	p = put_subject(w, p, e);
	p = PUT(p, "\"time\":{\"start\":\"");
	p = put_iso(w, p, start, e->rnd % 4 ? (uint32_t)(e->rnd >> 8) % NS_PER_MS : 0);
	p = PUT(p, "\"");
	if (e->rnd % 5 == 0) {
		p = PUT(p, ",\"end\":\"");
		p = put_iso(w, p, e->ms - 1000, 0);
		p = PUT(p, "\"");
	} else if (e->rnd % 5 == 1) {
		p = PUT(p, ",\"end\":null");
	}
	return PUT(p, "}},");
}

static char *put_sessions(struct writer *w, char *p, const struct event *e)
{
	static const struct slice agents[] = {
		SLICE("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
		SLICE("curl/8.5.0"), SLICE("okhttp \\\"4\\\" \\u2013 \xe7\xbe\x8e")};
	const struct user *u = &w->world->users[e->user];
	p = PUT(p, ",\"sessions\":[");
	for (uint64_t i = 0; i < (e->rnd >> 21) % (MAX_SESSIONS + 1); i++) {
		int64_t login = e->ms - 60000 - (int64_t)((e->rnd >> (7 + i)) % 500000000);
		p = i ? PUT(p, ",{\"userAgent\":\"") : PUT(p, "{\"userAgent\":\"");
		p = put(p, agents[(e->rnd >> (9 + i)) % 3]);
		p = PUT(p, "\"");
		if (i == 0 || e->rnd % 6 != 0)
			p = put_text(p, "ipAddress", i == 0 ? e->address : u->address[i]);
		p = PUT(p, ",\"loginTime\":\"");
		p = put_iso(w, p, login, 0);
		p = PUT(p, "\",\"lastActiveTime\":\"");
		p = put_iso(w, p, login + 59000, 0);
		p = PUT(p, "\"}");
	}
	return PUT(p, "]");
}

static char *put_title(const struct writer *w, char *p, const struct event *e)
{
	p = put(p, slice_of(w->actions->rows[e->action].key));
	if (e->rnd % 3 == 0) {
		p = PUT(p, ": ");
		p = put(p, w->world->users[(e->rnd >> 28) % WORLD_USERS].display);
	}
	return p;
}

/* What was alerted of, within the alert once more. */
static char *put_alert(struct writer *w, char *p, const struct event *e, uint64_t id)
{
	p = PUT(p, "\"alert\":{\"created\":\"");
	p = put_iso(w, p, e->ms + 150, 0);
	p = PUT(p, "\",\"id\":\"");
	p = put_hex(p, id * 0x9e3779b97f4a7c15u, 12);
	p = PUT(p, "\",\"product\":\"");
	p = put(p, slice_of(w->actions->rows[e->action].category));
	p = PUT(p, "\",\"site\":\"");
	p = put(p, sites[(e->rnd >> 3) % SITES]);
	p = PUT(p, ".atlassian.net\",\"title\":\"");
	p = put_title(w, p, e);
	p = PUT(p, "\",\"url\":\"https://acme.atlassian.net/guard/a/");
	p = put_number(p, id);
	return PUT(p, "\"}");
}

char *alert_event(struct writer *w, char *p, const struct event *e)
{
	const struct user *u = &w->world->users[e->user];
	uint64_t id = w->next_id++;
	p = PUT(p, "{\"alertDetailURL\":\"https://acme.atlassian.net/guard/alerts/");
	p = put_number(p, id);
	p = PUT(p, "\",\"alertId\":\"");
	p = put_uuid(w, p, ID_EVENT, id);
	p = PUT(p, "\",\"alertTitle\":\"");
	p = put_title(w, p, e);
	p = PUT(p, "\",\"detectionTime\":");
	p = put_number(p, (uint64_t)e->ms);
	*p++ = ',';
	p = put_activity(w, p, e);
	p = PUT(p, "\"actor\":{\"accountId\":\"");
	p = put(p, u->account);
	p = PUT(p, "\"");
	p = put_text(p, "name", u->display);
	if (e->rnd % 10 != 0)
		p = put_sessions(w, p, e);
	p = PUT(p, ",\"url\":\"https://admin.atlassian.com/o/x/users\"},");
	p = put_alert(w, p, e, id);
	if (e->rnd % 4 != 0) {
		p = PUT(p, ",\"id\":\"");
		p = put_uuid(w, p, ID_HOOK, id);
		p = PUT(p, "\",\"timestamp\":");
		p = put_number(p, (uint64_t)e->ms + 700);
	}
	p = put_text(p, "type", slice_of(w->actions->rows[e->action].level));
	if (e->rnd % 7 == 0)
		p = PUT(p, ",\"severity\":\"high\",\"status\":\"open\"");
	if (e->rnd % 40 != 0) {
		p = PUT(p, ",\"workspace\":{\"cloudId\":\"");
		p = put_uuid(w, p, ID_SITE, 0);
		p = PUT(p, "\",\"id\":\"");
		p = put_uuid(w, p, ID_SITE, 1);
		p = PUT(p, "\",\"orgId\":\"");
		p = put_uuid(w, p, ID_ORG, 0);
		p = PUT(p, "\"}");
	}
	return PUT(p, "}");
}
