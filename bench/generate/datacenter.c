/* SPDX-License-Identifier: Apache-2.0 */
/*
 * datacenter.c: Data Center events: lines of log/audit files (keys in alphabetical order) and
 * entities of the auditing API.
 */
#include "write.h"

#define ATTRIBUTE(name, key) "{\"name\":\"" name "\",\"nameI18nKey\":\"" key "\",\"value\":\""
#define BB_TARGET            ATTRIBUTE("target", "bitbucket.audit.attribute.legacy.target")
#define BB_DETAILS           ATTRIBUTE("details", "bitbucket.audit.attribute.legacy.details")

void datacenter_prepare(struct writer *w)
{
	w->types = arena_alloc(&w->mem, w->actions->n * sizeof(*w->types));
	for (uint32_t i = 0; i < w->actions->n; i++) {
		const struct action *a = &w->actions->rows[i];
		w->types[i] = slice_of(arena_printf(&w->mem,
			"],\"auditType\":{\"action\":\"%s\",\"actionI18nKey\":\"%s\",\"area\":\"%"
			"s\","
			"\"category\":\"%s\",\"categoryI18nKey\":\"%s\",\"level\":\"%s\"},"
			"\"author\":",
			a->text, a->key, a->area, a->category, a->category_key, a->level));
	}
}

void datacenter_api_prepare(struct writer *w)
{
	w->types = arena_alloc(&w->mem, w->actions->n * sizeof(*w->types));
	for (uint32_t i = 0; i < w->actions->n; i++) {
		const struct action *a = &w->actions->rows[i];
		w->types[i] = slice_of(arena_printf(&w->mem,
			",\"type\":{\"categoryI18nKey\":\"%s\",\"category\":\"%s\","
			"\"actionI18nKey\":\"%s\","
			"\"action\":\"%s\"},\"affectedObjects\":[",
			a->category_key, a->category, a->key, a->text));
	}
}

static char *put_scheme(char *p, const char *type, uint32_t n)
{
	p = PUT(p, "{\"id\":\"");
	p = put_number(p, 10000 + n);
	p = PUT(p, "\",\"name\":\"Scheme ");
	p = put_number(p, n);
	p = PUT(p, "\",\"type\":\"");
	p = put(p, slice_of(type));
	return PUT(p, "\"}");
}

static char *put_objects(const struct writer *w, char *p, const struct event *e, bool api)
{
	const struct world *o = w->world;
	switch (w->actions->rows[e->action].object) {
	case OBJECT_PROJECT:
		return put(
			p, api ? o->projects[e->object].object_api : o->projects[e->object].object);
	case OBJECT_REPO:
		return put(p, api ? o->repos[e->object].object_api : o->repos[e->object].object);
	case OBJECT_USER:
		return put(p, o->users[e->object].object);
	case OBJECT_GROUP:
		return put(p, o->groups[e->object].object);
	case OBJECT_MEMBER:
		p = put(p, o->groups[e->object % WORLD_GROUPS].object);
		*p++ = ',';
		return put(p, o->users[world_member(e->object)].object);
	case OBJECT_SPACE:
		return put(p, o->spaces[e->object].object);
	case OBJECT_PAGE:
		return put(p, o->pages[e->object].object);
	case OBJECT_PERMISSIONS:
		return PUT(p, "{\"name\":\"Global Permissions\",\"type\":\"PERMISSIONS\"}");
	case OBJECT_SCHEME:
		return put_scheme(p, "SCHEME", e->object);
	case OBJECT_WORKFLOW:
		return put_scheme(p, "WORKFLOW", e->object);
	default:
		return p;
	}
}

static char *put_changes(struct writer *w, char *p, const struct event *e)
{
	struct change changes[MAX_CHANGES];
	uint32_t n = event_changes(w, e, changes);
	for (uint32_t i = 0; i < n; i++) {
		p = i ? PUT(p, ",{") : PUT(p, "{");
		if (changes[i].from.ptr != NULL) {
			p = PUT(p, "\"from\":\"");
			p = put(p, changes[i].from);
			p = PUT(p, "\",");
		}
		p = PUT(p, "\"i18nKey\":\"");
		p = put(p, changes[i].key);
		p = PUT(p, "\",\"key\":\"");
		p = put(p, changes[i].name);
		p = PUT(p, "\",\"to\":\"");
		p = put(p, changes[i].to);
		p = PUT(p, "\"}");
	}
	return p;
}

static struct slice target_of(const struct writer *w, const struct event *e)
{
	switch (w->actions->rows[e->action].object) {
	case OBJECT_REPO:
		return w->world->repos[e->object].target;
	case OBJECT_PROJECT:
		return w->world->projects[e->object].target;
	case OBJECT_MEMBER:
		return w->world->groups[e->object % WORLD_GROUPS].name;
	case OBJECT_USER:
		return w->world->users[e->object].login;
	default:
		return w->world->users[e->user].login;
	}
}

/* JSON within a JSON text, as the old attributes have it. */
static char *put_details(const struct writer *w, char *p, const struct event *e)
{
	static const struct slice global[] = {SLICE("SYS_ADMIN"), SLICE("ADMIN")};
	static const struct slice local[] = {SLICE("PROJECT_ADMIN"), SLICE("REPO_ADMIN"),
		SLICE("REPO_WRITE"), SLICE("REPO_READ")};
	p = PUT(p, BB_DETAILS);
	if (w->actions->rows[e->action].change == CHANGE_PERMISSION) {
		p = PUT(p, "{\\\"permission\\\":\\\"");
		p = put(p, w->actions->rows[e->action].role == ROLE_GRANT
				   ? global[(e->rnd >> 20) & 1]
				   : local[(e->rnd >> 20) & 3]);
		p = PUT(p, "\\\",\\\"user\\\":\\\"");
		p = put(p, w->world->users[(e->rnd >> 30) % WORLD_USERS].login);
		p = PUT(p, "\\\"}\"},");
	} else {
		p = PUT(p, "{\\\"old.commit\\\":\\\"");
		p = put_hex(p, e->rnd * 0x9e3779b97f4a7c15u, 16);
		p = PUT(p, "\\\",\\\"new.commit\\\":\\\"");
		p = put_hex(p, e->rnd * 0xc2b2ae3d27d4eb4fu, 16);
		p = PUT(p, "\\\",\\\"new.description\\\":null,\\\"path\\\":\\\"C:"
			   "\\\\\\\\src\\\\\\\\main\\\"}\"},");
	}
	return p;
}

static char *put_search(struct writer *w, char *p, const struct event *e)
{
	uint64_t results = e->rnd % 5000, first = (e->rnd >> 16) % 1000000;
	p = PUT(p, ATTRIBUTE("Query",
			   "atlassian.audit.event.attribute.query") "From : "
								    "1970-01-01T00:00:00Z;To : ");
	p = put_time(w, p, e->ms);
	p = PUT(p,
		"Z;\"}," ATTRIBUTE("Results returned", "atlassian.audit.event.attribute.results"));
	p = put_number(p, results);
	p = PUT(p, "\"}," ATTRIBUTE("ID Range", "atlassian.audit.event.attribute.id"));
	p = put_number(p, first);
	p = PUT(p, " - ");
	p = put_number(p, first + results);
	p = PUT(p,
		"\"}," ATTRIBUTE("Timestamp Range", "atlassian.audit.event.attribute.timestamp"));
	p = put_time(w, p, e->ms - (int64_t)(e->rnd % 86400000));
	p = PUT(p, "Z - ");
	p = put_time(w, p, e->ms);
	return PUT(p, "Z\"},");
}

/* An address, a domain, a mail address, or a hash: observable k of all, always the same. bench/ioc.py makes them too. */
static char *put_observable(char *p, uint32_t k)
{
	uint64_t mixed = (k + UINT64_C(1)) * 0x9e3779b97f4a7c15u;
	switch (k & 3) {
	case 0:
		p = put_number(p, 11 + k / 4 % 100);
		for (unsigned shift = 0; shift < 24; shift += 8) {
			*p++ = '.';
			p = put_number(p, (k / 400 >> shift) & 255);
		}
		return p;
	case 1:
		p = PUT(p, "h");
		p = put_number(p, k);
		return PUT(p, ".example.net");
	case 2:
		p = PUT(p, "m");
		p = put_number(p, k);
		return PUT(p, "@mail.example.org");
	default:
		for (unsigned i = 0; i < 4; i++)
			p = put_hex(p, mixed += 0x9e3779b97f4a7c15u, 16);
		return p;
	}
}

/* All attributes, each with a comma behind it. */
static char *put_attributes(struct writer *w, char *p, const struct event *e)
{
	static const struct slice methods[] = {
		SLICE("basic"), SLICE("form"), SLICE("token"), SLICE("ssh")};
	uint8_t extra = w->actions->rows[e->action].extra;
	bool bitbucket = w->product == BITBUCKET;
	if (extra == EXTRA_LOGIN && bitbucket) {
		p = PUT(p,
			ATTRIBUTE("Authentication method", "bitbucket.service.user.audit.attribute."
							   "authentication.authmethod"));
		p = put(p, methods[(e->rnd >> 18) & 3]);
		p = PUT(p, "\"},");
	} else if (extra == EXTRA_DETAILS) {
		p = put_details(w, p, e);
	} else if (extra == EXTRA_SEARCH) {
		p = put_search(w, p, e);
	} else if (extra == EXTRA_QUERY) {
		p = PUT(p, ATTRIBUTE("Query", "audit.logging.extra.attribute.query"));
		p = put(p, w->world->repos[(e->rnd >> 10) % WORLD_REPOS].name);
		p = put(p, e->rnd % 97 == 0 ? SLICE(" password ") : SLICE(" howto "));
		p = put_number(p, e->rnd % 100000);
		p = PUT(p, "\"},");
	} else if (extra == EXTRA_TOKEN && bitbucket) {
		p = PUT(p, BB_DETAILS "{\\\"id\\\":\\\"");
		p = put_number(p, (e->rnd >> 8) % 1000000000000u);
		p = PUT(p, "\\\",\\\"name\\\":\\\"ci\\\",\\\"expiryDays\\\":90}\"},");
	}
	if (bitbucket && extra != EXTRA_NONE && extra != EXTRA_SEARCH) {
		p = PUT(p, BB_TARGET);
		p = put(p, target_of(w, e));
		p = PUT(p, "\"},");
	}
	if ((e->rnd & 7) < 5) {
		p = PUT(p, ATTRIBUTE("Load balancer/proxy IP address",
				   "atlassian.audit.event.attribute.forwarder"));
		p = put(p, w->world->forwarders[(e->rnd >> 5) % WORLD_FORWARDERS]);
		p = PUT(p, "\"},");
	}
	if (w->observables) {
		p = PUT(p, ATTRIBUTE("Referrer", "example.referrer"));
		p = put_observable(
			p, (uint32_t)((e->rnd * 0x9e3779b97f4a7c15u >> 32) % w->observables));
		p = PUT(p, "\"},");
	}
	return p;
}

static char *put_place(struct writer *w, char *p, const struct event *e)
{
	p = PUT(p, "\"method\":\"");
	p = w->actions->rows[e->action].system ? PUT(p, "System") : PUT(p, "Browser");
	if (w->product == BITBUCKET) {
		p = PUT(p, "\",\"node\":\"");
		p = put(p, w->node);
	}
	if (!w->actions->rows[e->action].system) {
		p = PUT(p, "\",\"source\":\"");
		p = put(p, e->address);
	}
	p = PUT(p, "\",\"system\":\"");
	p = put(p, w->system);
	return PUT(p, "\"");
}

static struct slice author_of(const struct writer *w, const struct event *e)
{
	const struct user *u = &w->world->users[e->user];
	return w->product == BITBUCKET ? u->bitbucket
	       : w->product == JIRA    ? u->jira
				       : u->confluence;
}

char *datacenter_event(struct writer *w, char *p, const struct event *e)
{
	p = PUT(p, "{\"affectedObjects\":[");
	p = put_objects(w, p, e, false);
	p = put(p, w->types[e->action]);
	p = put(p, author_of(w, e));
	p = PUT(p, ",\"changedValues\":[");
	p = put_changes(w, p, e);
	p = PUT(p, "],\"extraAttributes\":[");
	char *begin = p;
	p = put_attributes(w, p, e);
	p -= p > begin; /* the last comma */
	p = PUT(p, "],");
	p = put_place(w, p, e);
	p = PUT(p, ",\"timestamp\":{\"epochSecond\":");
	p = put_number(p, (uint64_t)(e->ms / 1000));
	p = PUT(p, ",\"nano\":");
	p = put_number(p, (uint64_t)(e->ms % 1000) * 1000000);
	*p++ = '}';
	if (e->rnd % 1021 == 3) { /* a field that no schema knows */
		p = PUT(p, ",\"traceId\":");
		p = put_number(p, e->rnd | 1u << 20);
		p = PUT(p, ",\"trail\":{\"hops\":[1,2,{\"zone\":\"eu-1\"}],\"ok\":true}");
	}
	return PUT(p, ",\"version\":\"1.0\"}");
}

char *datacenter_api_event(struct writer *w, char *p, const struct event *e)
{
	p = PUT(p, "{\"timestamp\":\"");
	p = put_time(w, p, e->ms);
	p = PUT(p, "Z\",\"author\":");
	p = put(p, w->world->users[e->user].bitbucket_api);
	p = put(p, w->types[e->action]);
	p = put_objects(w, p, e, true);
	p = PUT(p, "],\"changedValues\":[");
	p = put_changes(w, p, e);
	p = PUT(p, "],");
	p = put_place(w, p, e);
	p = PUT(p, ",\"extraAttributes\":[");
	char *begin = p;
	p = put_attributes(w, p, e);
	p -= p > begin;
	return PUT(p, "]}");
}
