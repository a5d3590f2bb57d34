/* SPDX-License-Identifier: Apache-2.0 */
/* settings.c: a small map of texts, to and from JSON. */
#include "collect/settings.h"

#include <stdlib.h>

#include "json/json.h"

void settings_fini(struct settings *settings)
{
	arena_fini(&settings->mem);
	settings->n = 0;
}

static unsigned find(const struct settings *settings, const char *name)
{
	unsigned i = 0;
	while (i < settings->n && strcmp(settings->list[i].name, name) != 0)
		i++;
	return i;
}

const char *settings_get(const struct settings *settings, const char *name)
{
	unsigned i = find(settings, name);
	return i < settings->n ? settings->list[i].value : NULL;
}

bool settings_on(const struct settings *settings, const char *name)
{
	const char *value = settings_get(settings, name);
	return value && strcmp(value, "true") == 0;
}

int settings_put(struct settings *settings, const char *name, const char *value, struct err *err)
{
	unsigned i = find(settings, name);
	if (!value || !*value) {
		if (i < settings->n)
			settings->list[i] = settings->list[--settings->n];
		return 0;
	}
	if (strlen(value) > SETTING_BYTES)
		return err_set(err, ERR_LIMIT, "%s: longer than %d bytes", name, SETTING_BYTES);
	if (i == SETTINGS_MOST)
		return err_set(err, ERR_LIMIT, "%s: more than %d settings", name, SETTINGS_MOST);
	if (i == settings->n)
		settings->list[settings->n++].name = arena_strdup(&settings->mem, slice_of(name));
	settings->list[i].value = arena_strdup(&settings->mem, slice_of(value));
	return 0;
}

/* One member: name at *at, value after the colon; *at moves behind it. */
static int read_member(struct settings *settings, struct slice json, size_t *at, struct err *err)
{
	struct buf name, value;
	bool repaired = false;
	int rc;
	buf_init(&name, 256);
	buf_init(&value, SETTING_BYTES + 1);
	int64_t end = json_unescape(json, *at, &name, &repaired);
	size_t from = json_blanks(json, json_blanks(json, (size_t)end) + 1);
	end = json_skip(json, from);
	char kind = json.ptr[from];
	if (kind == '"')
		json_unescape(json, from, &value, &repaired);
	else if (kind != 'n') /* null is nothing */
		buf_append(&value, json.ptr + from, (size_t)end - from);
	buf_append(&name, "", 1);
	buf_append(&value, "", 1);
	if (kind == '{' || kind == '[')
		rc = err_set(err, ERR_FORMAT, "settings: a text is wanted, not an object or list");
	else if (name.full || value.full || strlen(value.ptr) + 1 != value.len)
		rc = err_set(err, ERR_FORMAT, "settings: a name or value is too long or holds NUL");
	else
		rc = settings_put(settings, name.ptr, value.ptr, err);
	*at = json_blanks(json, (size_t)end);
	buf_fini(&name);
	buf_fini(&value);
	return rc;
}

int settings_read(struct settings *settings, struct slice json, struct err *err)
{
	size_t at = json_blanks(json, 0);
	if (json_validate(json, NULL) < 0 || json.ptr[at] != '{')
		return err_set(err, ERR_FORMAT, "settings: not a JSON object");
	at = json_blanks(json, at + 1);
	while (json.ptr[at] == '"') {
		if (read_member(settings, json, &at, err) < 0)
			return -1;
		if (json.ptr[at] == ',')
			at = json_blanks(json, at + 1);
	}
	return 0;
}

void settings_write(const struct settings *settings, struct buf *out)
{
	/* Ranks by insertion into a sorted list of indexes: there are few. */
	unsigned order[SETTINGS_MOST];
	for (unsigned i = 0; i < settings->n; i++) {
		unsigned at = i;
		while (at > 0 &&
			strcmp(settings->list[order[at - 1]].name, settings->list[i].name) > 0) {
			order[at] = order[at - 1];
			at--;
		}
		order[at] = i;
	}
	buf_push(out, '{');
	for (unsigned i = 0; i < settings->n; i++) {
		buf_puts(out, i ? "," : "");
		text_json_string(out, slice_of(settings->list[order[i]].name));
		buf_push(out, ':');
		text_json_string(out, slice_of(settings->list[order[i]].value));
	}
	buf_push(out, '}');
}
