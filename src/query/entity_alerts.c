/* SPDX-License-Identifier: Apache-2.0 */
/* entity_alerts.c: alerts whose actor, target, address or group is the value or a name of the person. */
#include "query/entity_private.h"

struct looking {
	const struct entity_keys *keys;
	struct map own; /* kind and key of further names */
	struct buf key, entry;
	struct alert_info *list;
	uint32_t most;
	struct entity *out;
};

static bool is_own(struct looking *l, enum ioc_kind kind, struct slice text)
{
	enum ioc_kind found = kind;
	buf_clear(&l->key);
	if (!ioc_key(&found, text, &l->key))
		return false;
	struct slice key = buf_view(&l->key);
	if (l->keys->of[found].len && slice_eq(l->keys->of[found], key))
		return true;
	buf_clear(&l->entry);
	buf_push(&l->entry, (char)found);
	buf_slice(&l->entry, key);
	return map_get(&l->own, buf_view(&l->entry)) != NULL;
}

static bool is_named(struct looking *l, struct slice text)
{
	static const enum ioc_kind kinds[] = {IOC_USER, IOC_ACCOUNT, IOC_EMAIL, IOC_IPV4};
	for (size_t i = 0; text.len && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (is_own(l, kinds[i], text))
			return true;
	}
	return false;
}

/* "actor: mallory, ip: 203.0.113.7": a value begins behind ": " and ends before ", " or at the end. Values may have either in them: all
 * that it could be is tried. */
static bool group_names(struct looking *l, struct slice group)
{
	enum { TRIES = 64 };
	unsigned tries = 0;
	for (size_t at = 0; at + 2 < group.len; at++) {
		if (group.ptr[at] != ':' || group.ptr[at + 1] != ' ')
			continue;
		for (size_t end = at + 2; end <= group.len && tries < TRIES; end++) {
			if (end < group.len && (group.ptr[end] != ',' || end + 1 >= group.len ||
						       group.ptr[end + 1] != ' '))
				continue;
			tries++;
			if (is_named(l, (struct slice){group.ptr + at + 2, end - at - 2}))
				return true;
		}
	}
	return false;
}

static int look(void *ctx, const struct alert_info *alert, struct err *err)
{
	(void)err;
	struct looking *l = ctx;
	const struct alert_found *f = &alert->found;
	const char *const texts[] = {f->actor, f->target, f->ip};
	bool named = f->group && group_names(l, slice_of(f->group));
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]) && !named; i++)
		named = texts[i] && is_named(l, slice_of(texts[i]));
	if (!named)
		return 0;
	l->out->alert_states[alert->state]++;
	if (l->out->nalerts < l->most) {
		struct alert_info *kept = &l->list[l->out->nalerts++];
		*kept = *alert;
		alert_own(&kept->found, &l->out->mem);
	}
	return 0;
}

/* An alert does not say which product's 1063 it means. */
static void add_own(void *ctx, const struct own_name *name)
{
	struct looking *l = ctx;
	if (name->is_number)
		return;
	buf_clear(&l->entry);
	buf_push(&l->entry, (char)name->kind);
	buf_slice(&l->entry, name->key);
	map_put(&l->own, buf_view(&l->entry), NULL);
}

int entity_alerts(struct store *store, const struct entity_request *request,
	const struct entity_keys *keys, const struct people *people, struct entity *out,
	struct err *err)
{
	struct looking l = {.keys = keys, .most = request->alerts, .out = out};
	const struct alert_filter filter = {.states = (1u << ALERT_STATES) - 1,
		.least_level = -1,
		.since = request->since,
		.until = request->until};
	buf_init(&l.key, 1 << 16);
	buf_init(&l.entry, 1 << 16);
	l.list = arena_zalloc(&out->mem, request->alerts + 1ul, sizeof(*l.list));
	if (people)
		people_each_own(people, add_own, &l);
	int rc = alerts_list(store, &filter, look, &l, err);
	out->alerts = l.list;
	map_fini(&l.own);
	buf_fini(&l.key);
	buf_fini(&l.entry);
	return rc < 0 ? -1 : 0;
}
