/* SPDX-License-Identifier: Apache-2.0 */
/* list_stix.c: STIX 2.0 and 2.1: indicators by their patterns, and observables that stand by themselves (SCOs). */
#include "ioc/list_json_private.h"

bool stix_is(const json_t *root)
{
	struct slice type = json_text(root, "type");
	return json_is_array(json_object_get(root, "objects")) || slice_eq(type, SLICE("bundle")) ||
	       slice_eq(type, SLICE("indicator")) || json_text(root, "spec_version").len > 0;
}

static struct ioc_entry entry_of(struct list *list, const json_t *object)
{
	struct ioc_entry entry = list_entry();
	const json_t *confidence = json_object_get(object, "confidence");
	const json_t *references = json_object_get(object, "external_references");
	entry.id = json_text(object, "id");
	entry.type = json_text(object, "type");
	entry.description = json_text(object, "description");
	if (entry.description.len == 0)
		entry.description = json_text(object, "name");
	entry.tags = json_joined(list, object, "labels", NULL);
	if (entry.tags.len == 0)
		entry.tags = json_joined(list, object, "indicator_types", NULL);
	for (size_t i = 0; entry.reference.len == 0 && i < json_array_size(references); i++)
		entry.reference = json_text(json_array_get(references, i), "url");
	json_int_t value = json_is_integer(confidence) ? json_integer_value(confidence) : -1;
	entry.confidence = value >= 0 && value <= 100 ? (int)value : -1;
	entry.valid_from = list_time(json_text(object, "valid_from"));
	entry.expires = list_time(json_text(object, "valid_until"));
	entry.revoked = json_is_true(json_object_get(object, "revoked"));
	return entry;
}

static int read_indicator(struct list *list, const json_t *object)
{
	struct ioc_entry entry = entry_of(list, object);
	struct slice language = json_text(object, "pattern_type");
	struct slice pattern = json_text(object, "pattern");
	entry.text = pattern;
	if (pattern.len == 0)
		return list_emit_unusable(list, &entry, "an indicator without a pattern");
	if (language.len && !slice_eq(language, SLICE("stix"))) {
		const char *reason = arena_printf(&list->mem, "a pattern of another language: %.*s",
			language.len < 40 ? (int)language.len : 40, language.ptr);
		return list_emit_unusable(list, &entry, reason);
	}
	return pattern_read(list, pattern, &entry);
}

/* Observables that are what they say. */
static const struct {
	const char *type, *member;
	enum ioc_kind kind;
} observables[] = {
	{"ipv4-addr", "value", IOC_IPV4},
	{"ipv6-addr", "value", IOC_IPV6},
	{"domain-name", "value", IOC_DOMAIN},
	{"url", "value", IOC_URL},
	{"email-addr", "value", IOC_EMAIL},
	{"user-account", "account_login", IOC_USER},
	{"user-account", "user_id", IOC_ACCOUNT},
};

static int read_hashes(struct list *list, const json_t *object, struct ioc_entry *entry)
{
	const char *name;
	json_t *value;
	json_object_foreach(json_object_get(object, "hashes"), name, value)
	{
		enum ioc_kind kind;
		int status;
		if (!json_is_string(value))
			continue;
		entry->text = (struct slice){json_string_value(value), json_string_length(value)};
		if (list_type(slice_of(name), &kind) == LIST_TYPE_KIND)
			status = list_emit(list, entry, kind);
		else
			status = list_emit_unusable(list, entry, list_not_looked_for);
		if (status != 0)
			return status;
	}
	return 0;
}

static int read_observable(struct list *list, const json_t *object, bool *known)
{
	struct ioc_entry entry = entry_of(list, object);
	int status = 0;
	*known = false;
	if (slice_eq(entry.type, SLICE("file"))) {
		*known = true;
		return read_hashes(list, object, &entry);
	}
	for (size_t i = 0; status == 0 && i < sizeof(observables) / sizeof(observables[0]); i++) {
		if (!slice_eq(entry.type, slice_of(observables[i].type)))
			continue;
		entry.text = json_text(object, observables[i].member);
		*known = *known || entry.text.len > 0;
		if (entry.text.len > 0)
			status = list_emit(list, &entry, observables[i].kind);
	}
	return status;
}

static int read_object(struct list *list, const json_t *object)
{
	bool known;
	arena_reset(&list->mem);
	if (slice_eq(json_text(object, "type"), SLICE("indicator")))
		return read_indicator(list, object);
	int status = read_observable(list, object, &known);
	list->counts->skipped += !known;
	return status;
}

int stix_read(struct list *list, const json_t *root)
{
	const json_t *objects = json_object_get(root, "objects");
	int status = 0;
	if (!json_is_array(objects))
		return read_object(list, root);
	for (size_t i = 0; status == 0 && i < json_array_size(objects); i++)
		status = read_object(list, json_array_get(objects, i));
	return status;
}
