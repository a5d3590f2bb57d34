/* SPDX-License-Identifier: Apache-2.0 */
/* list_misp.c: events of MISP: one, many, or the answer of a search; their attributes and those of their objects. */
#include "ioc/list_json_private.h"

/* Events, or attributes without one. */
static const json_t *answer_of(const json_t *root)
{
	const json_t *response = json_object_get(root, "response");
	return response ? response : root;
}

/* A feed's manifest: uuids of events with what they are about. */
static bool is_manifest(const json_t *root)
{
	void *first = json_object_iter((json_t *)(uintptr_t)root);
	const json_t *value = first ? json_object_iter_value(first) : NULL;
	return json_object_get(value, "info") && json_object_get(value, "timestamp");
}

bool misp_is(const json_t *root)
{
	const json_t *answer = answer_of(root);
	const json_t *first = json_is_array(answer) ? json_array_get(answer, 0) : answer;
	return json_object_get(first, "Event") || json_object_get(first, "Attribute") ||
	       json_object_get(first, "Object") || is_manifest(root) ||
	       (json_object_get(root, "response") && json_is_array(answer));
}

struct event {
	struct slice info, tags;
};

/* Of "domain|ip", the next part; false where there is none. */
static bool next_part(struct slice *rest, struct slice *out)
{
	if (!rest->ptr)
		return false;
	const char *bar = rest->len ? memchr(rest->ptr, '|', rest->len) : NULL;
	size_t n = bar ? (size_t)(bar - rest->ptr) : rest->len;
	*out = (struct slice){rest->ptr, n};
	*rest = bar ? (struct slice){bar + 1, rest->len - n - 1} : (struct slice){0};
	return true;
}

/* Each part of the value whose part of the type is looked for. */
static int read_parts(struct list *list, struct ioc_entry *entry, struct slice value)
{
	struct slice types = entry->type, type, part;
	bool any = false;
	entry->text = value;
	struct slice values = value;
	while (next_part(&types, &type)) {
		enum ioc_kind kind;
		bool composite = types.ptr != NULL || type.ptr != entry->type.ptr;
		if (!composite)
			part = value;
		else if (!next_part(&values, &part))
			break;
		enum list_type known = list_type(type, &kind);
		if (part.len == 0 || (known != LIST_TYPE_KIND && known != LIST_TYPE_ANY))
			continue;
		any = true;
		entry->text = part;
		int status = list_emit(list, entry, kind);
		if (status != 0)
			return status;
	}
	return any ? 0 : list_emit_unusable(list, entry, list_not_looked_for);
}

/* Seconds since 1970 in a text, or a time. */
static int64_t time_of(const json_t *attribute, const char *name)
{
	return list_time(json_text(attribute, name));
}

static int read_attribute(struct list *list, const json_t *attribute, const struct event *event)
{
	struct ioc_entry entry = list_entry();
	arena_reset(&list->mem);
	struct slice own = json_joined(list, attribute, "Tag", "name"),
		     value = json_text(attribute, "value");
	entry.id = json_text(attribute, "uuid");
	entry.type = json_text(attribute, "type");
	entry.description = json_text(attribute, "comment");
	if (entry.description.len == 0)
		entry.description = event->info;
	entry.tags = own.len ? own : event->tags;
	if (own.len && event->tags.len) {
		struct buf both;
		buf_init(&both, 2 * LIMIT_LIST_LINE + 1);
		buf_slice(&both, own);
		buf_push(&both, ',');
		buf_slice(&both, event->tags);
		entry.tags = (struct slice){arena_strdup(&list->mem, buf_view(&both)), both.len};
		buf_fini(&both);
	}
	entry.valid_from = time_of(attribute, "first_seen");
	if (entry.valid_from == INT64_MIN)
		entry.valid_from = time_of(attribute, "timestamp");
	entry.revoked = json_is_true(json_object_get(attribute, "deleted")) ||
			slice_eq(json_text(attribute, "deleted"), SLICE("1"));
	const json_t *to_ids = json_object_get(attribute, "to_ids");
	bool context =
		json_is_false(to_ids) || slice_eq(json_text(attribute, "to_ids"), SLICE("0"));
	entry.text = value;
	if (entry.type.len == 0 || value.len == 0)
		return list_emit_unusable(list, &entry, "an attribute without type and value");
	if (context)
		return list_emit_unusable(
			list, &entry, "context only: not marked for detection (to_ids)");
	return read_parts(list, &entry, value);
}

static int read_attributes(struct list *list, const json_t *owner, const struct event *event)
{
	const json_t *attributes = json_object_get(owner, "Attribute");
	int status = 0;
	for (size_t i = 0; status == 0 && i < json_array_size(attributes); i++)
		status = read_attribute(list, json_array_get(attributes, i), event);
	return status;
}

static int read_event(struct list *list, const json_t *object)
{
	const json_t *inner = json_object_get(object, "Event");
	const json_t *owner = inner ? inner : object, *objects = json_object_get(owner, "Object");
	struct arena mem = {0};
	/* The event's tags outlive list->mem, which is emptied for each attribute. */
	struct slice tags = json_joined(list, owner, "Tag", "name");
	struct event event = {.info = json_text(owner, "info"),
		.tags = {tags.len ? arena_strdup(&mem, tags) : NULL, tags.len}};
	int status = read_attributes(list, owner, &event);
	for (size_t i = 0; status == 0 && i < json_array_size(objects); i++)
		status = read_attributes(list, json_array_get(objects, i), &event);
	arena_fini(&mem);
	return status;
}

int misp_read(struct list *list, const json_t *root)
{
	const json_t *answer = answer_of(root);
	int status = 0;
	if (!json_is_array(answer)) {
		if (!json_object_get(answer, "Event") && !json_object_get(answer, "Attribute") &&
			!json_object_get(answer, "Object"))
			return list_error(list, "the manifest of a MISP feed, which only names its "
						"events; read the event "
						"files beside it (UUID.json)");
		return read_event(list, answer);
	}
	for (size_t i = 0; status == 0 && i < json_array_size(answer); i++)
		status = read_event(list, json_array_get(answer, i));
	return status;
}
