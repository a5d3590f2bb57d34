/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cloud.c: audit records of Jira Cloud and Confluence Cloud, as their REST APIs give them.
 */
#include "write.h"

/* The object of a Jira record; the second one of a membership is an associated item. */
static char *put_item(const struct writer *w, char *p, const struct event *e)
{
	const struct world *o = w->world;
	switch (w->actions->rows[e->action].object) {
	case OBJECT_USER:
		return put(p, o->users[e->object].item);
	case OBJECT_GROUP:
		return put(p, o->groups[e->object].item);
	case OBJECT_MEMBER:
		return put(p, o->groups[e->object % WORLD_GROUPS].item);
	case OBJECT_PROJECT:
		return put(p, o->projects[e->object].item);
	case OBJECT_PERMISSIONS:
		return PUT(p, "{\"name\":\"Global Permissions\",\"typeName\":\"PERMISSIONS\"}");
	case OBJECT_SCHEME:
		p = PUT(p, "{\"id\":\"");
		p = put_number(p, 10000 + e->object);
		p = PUT(p, "\",\"name\":\"Field Configuration Scheme for Project ");
		p = put_number(p, e->object);
		return PUT(p, "\",\"typeName\":\"SCHEME\"}");
	default:
		p = PUT(p, "{\"id\":\"R&D workflow ");
		p = put_number(p, e->object);
		p = PUT(p, "\",\"name\":\"R&D workflow ");
		p = put_number(p, e->object);
		return PUT(p, "\",\"typeName\":\"WORKFLOW\"}");
	}
}

static char *put_jira_changes(struct writer *w, char *p, const struct event *e)
{
	struct change changes[MAX_CHANGES];
	uint32_t n = event_changes(w, e, changes);
	if (n == 0)
		return p;
	p = PUT(p, ",\"changedValues\":[");
	for (uint32_t i = 0; i < n; i++) {
		p = i ? PUT(p, ",{\"fieldName\":\"") : PUT(p, "{\"fieldName\":\"");
		p = put(p, changes[i].name);
		if (changes[i].from.ptr != NULL) {
			p = PUT(p, "\",\"changedFrom\":\"");
			p = put(p, changes[i].from);
		}
		p = PUT(p, "\",\"changedTo\":\"");
		p = put(p, changes[i].to);
		p = PUT(p, "\"}");
	}
	return PUT(p, "]");
}

char *jira_cloud_event(struct writer *w, char *p, const struct event *e)
{
	const struct action *a = &w->actions->rows[e->action];
	const struct user *u = &w->world->users[e->user];
	p = PUT(p, "{\"id\":");
	w->next_id += 1 + (e->rnd % 11 == 0 ? (e->rnd >> 12) % 40 : 0); /* numbers have gaps */
	p = put_number(p, w->next_id);
	p = PUT(p, ",\"summary\":\"");
	p = put(p, slice_of(a->text));
	p = PUT(p, "\",");
	if (!a->system || e->rnd % 4 == 0) {
		p = PUT(p, "\"remoteAddress\":\"");
		p = put(p, e->address);
		p = PUT(p, "\",");
	}
	if (!a->system)
		p = put(p, u->jira_cloud);
	p = PUT(p, "\"created\":\"");
	p = put_time(w, p, e->ms);
	p = PUT(p, "+0000\",\"category\":\"");
	p = put(p, slice_of(a->category));
	p = PUT(p, "\",\"eventSource\":\"");
	if (e->rnd % 13 == 0)
		p = PUT(p, "OAuth 2.0 app");
	p = PUT(p, "\"");
	if (e->rnd % 61 == 0)
		p = PUT(p, ",\"description\":\"made by an administrator\"");
	p = PUT(p, ",\"objectItem\":");
	p = put_item(w, p, e);
	p = put_jira_changes(w, p, e);
	if (a->object == OBJECT_MEMBER || a->object == OBJECT_USER) {
		uint32_t user = a->object == OBJECT_USER ? e->object : world_member(e->object);
		p = PUT(p, ",\"associatedItems\":[");
		p = put(p, w->world->users[user].item);
		p = PUT(p, "]");
	}
	if (e->rnd % 1021 == 3) { /* a field that no schema knows */
		p = PUT(p, ",\"superAdmin\":false,\"riskScore\":");
		p = put_number(p, e->rnd | 1u << 20);
	}
	return PUT(p, "}");
}

static char *put_affected(const struct writer *w, char *p, const struct event *e)
{
	const struct world *o = w->world;
	switch (w->actions->rows[e->action].object) {
	case OBJECT_SPACE:
		return put(p, o->spaces[e->object].cloud);
	case OBJECT_PAGE:
		return put(p, o->pages[e->object].cloud);
	case OBJECT_GROUP:
	case OBJECT_MEMBER:
		return put(p, o->groups[e->object % WORLD_GROUPS].cloud);
	case OBJECT_USER:
		p = PUT(p, "{\"name\":\"");
		p = put(p, o->users[e->object].display);
		return PUT(p, "\",\"objectType\":\"User\"}");
	default:
		return PUT(p, "{\"name\":\"\",\"objectType\":\"\"}");
	}
}

static char *put_associated(const struct writer *w, char *p, const struct event *e)
{
	const struct world *o = w->world;
	switch (w->actions->rows[e->action].object) {
	case OBJECT_PAGE:
		p = put(p, o->pages[e->object].cloud);
		*p++ = ',';
		return put(p, o->spaces[o->pages[e->object].parent].cloud);
	case OBJECT_MEMBER:
		p = PUT(p, "{\"name\":\"");
		p = put(p, o->users[world_member(e->object)].display);
		return PUT(p, "\",\"objectType\":\"User\"}");
	default:
		return p;
	}
}

static char *put_confluence_changes(struct writer *w, char *p, const struct event *e)
{
	struct change changes[MAX_CHANGES];
	uint32_t n = event_changes(w, e, changes);
	for (uint32_t i = 0; i < n; i++) {
		p = i ? PUT(p, ",{\"name\":\"") : PUT(p, "{\"name\":\"");
		p = put(p, changes[i].name);
		p = PUT(p, "\",\"oldValue\":\"");
		if (changes[i].from.ptr != NULL)
			p = put(p, changes[i].from);
		p = PUT(p, "\",\"newValue\":\"");
		p = put(p, changes[i].to);
		p = PUT(p, "\",\"hiddenOldValue\":\"\",\"hiddenNewValue\":\"\"}");
	}
	return p;
}

char *confluence_cloud_event(struct writer *w, char *p, const struct event *e)
{
	const struct action *a = &w->actions->rows[e->action];
	p = PUT(p, "{\"author\":");
	if (a->system)
		p = PUT(p, "{\"type\":\"user\",\"displayName\":\"System\",\"operations\":null,"
			   "\"isExternalCollaborator\":false,\"accountType\":\"\",\"publicName\":"
			   "\"Unknown user\",\"externalCollaborator\":false}");
	else
		p = put(p, w->world->users[e->user].confluence_cloud);
	p = PUT(p, ",\"remoteAddress\":\"");
	if (e->rnd % 9 != 0)
		p = put(p, e->address);
	p = PUT(p, "\",\"creationDate\":");
	p = put_number(p, (uint64_t)e->ms);
	p = PUT(p, ",\"summary\":\"");
	p = put(p, slice_of(a->text));
	p = PUT(p, "\",\"description\":\"\",\"category\":\"");
	p = put(p, slice_of(a->category));
	p = PUT(p, "\",\"sysAdmin\":");
	p = a->role == ROLE_GRANT ? PUT(p, "true") : PUT(p, "false");
	p = PUT(p, ",\"superAdmin\":false,\"affectedObject\":");
	p = put_affected(w, p, e);
	p = PUT(p, ",\"changedValues\":[");
	p = put_confluence_changes(w, p, e);
	p = PUT(p, "],\"associatedObjects\":[");
	p = put_associated(w, p, e);
	if (e->rnd % 1021 == 3) { /* a field that no schema knows */
		p = PUT(p, "],\"riskScore\":");
		p = put_number(p, e->rnd | 1u << 20);
		return PUT(p, "}");
	}
	return PUT(p, "]}");
}
