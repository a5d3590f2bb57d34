/* SPDX-License-Identifier: Apache-2.0 */
/* settings.c: the settings file (docs/rules.md). It is ours alone, so whatever it says and is not known
 * is an error. */
#include "detect/private.h"

#include <stdlib.h>

static const struct yaml_form form = {.what = "a settings file",
	.needs = "`disable`, `enable`, `thresholds`, `placeholders` or `fields`",
	.bytes = LIMIT_RULE_BYTES,
	.nodes = LIMIT_RULE_NODES,
	.depth = 8};

static int word(const struct settings *s, const struct yaml_tree *tree, const char *what,
	const char **out, struct err *err)
{
	if (tree->kind != YAML_TEXT || !tree->text[0])
		return yaml_error(err, s->file, tree->line, "%s must be a text", what);
	*out = tree->text;
	return 0;
}

static int read_words(struct settings *s, const struct yaml_tree *tree, struct arena *mem,
	struct setting_list *list, struct err *err)
{
	uint32_t n = tree->kind == YAML_LIST ? tree->nitems : tree->kind == YAML_TEXT;
	if (tree->kind == YAML_MAP)
		return yaml_error(
			err, s->file, tree->line, "this must be a list of rules: ids or names");
	list->of = arena_zalloc(mem, n, sizeof(*list->of));
	for (uint32_t i = 0; i < n; i++) {
		const struct yaml_tree *item = tree->kind == YAML_LIST ? &tree->items[i] : tree;
		if (word(s, item, "a rule", &list->of[i].key, err) != 0)
			return -1;
		list->of[i].line = item->line;
	}
	list->n = n;
	return 0;
}

static int read_value(const struct settings *s, const struct yaml_tree *item, struct arena *mem,
	enum yaml_kind wanted, struct setting *out, struct err *err)
{
	out->key = item->key;
	out->line = item->key_line;
	if (wanted == YAML_TEXT)
		return word(s, item, "a field", &out->value, err);
	if (wanted == YAML_MAP) { /* a number */
		struct slice number;
		enum yaml_type type = yaml_type(item);
		if ((type != YAML_INT && type != YAML_FLOAT) || !value_number(mem, item, &number))
			return yaml_error(err, s->file, item->line, "a threshold must be a number");
		out->number = strtod(number.ptr, NULL);
		return 0;
	}
	uint32_t n = item->kind == YAML_LIST ? item->nitems : 1;
	const char **values = arena_zalloc(mem, n, sizeof(char *));
	for (uint32_t i = 0; i < n; i++) {
		const struct yaml_tree *value = item->kind == YAML_LIST ? &item->items[i] : item;
		if (word(s, value, "a value of a placeholder", &values[i], err) != 0)
			return -1;
	}
	if (n == 0)
		return yaml_error(err, s->file, item->line,
			"a placeholder without values: give it one, or leave it out");
	out->values = (struct texts){n, values};
	return 0;
}

static int read_map(struct settings *s, const struct yaml_tree *tree, struct arena *mem,
	enum yaml_kind wanted, struct setting_list *list, struct err *err)
{
	if (tree->kind == YAML_TEXT && yaml_type(tree) == YAML_NULL)
		return 0;
	if (tree->kind != YAML_MAP)
		return yaml_error(err, s->file, tree->line, "this must be a mapping");
	list->of = arena_zalloc(mem, tree->nitems, sizeof(*list->of));
	for (uint32_t i = 0; i < tree->nitems; i++) {
		if (read_value(s, &tree->items[i], mem, wanted, &list->of[i], err) != 0)
			return -1;
		list->n++;
	}
	return 0;
}

static int read_key(
	struct settings *s, const struct yaml_tree *item, struct arena *mem, struct err *err)
{
	static const char *const keys[] = {
		"disable", "enable", "thresholds", "placeholders", "fields"};
	char shown[YAML_SHOWN], list[YAML_JOINED];
	if (strcmp(item->key, "disable") == 0)
		return read_words(s, item, mem, &s->disable, err);
	if (strcmp(item->key, "enable") == 0)
		return read_words(s, item, mem, &s->enable, err);
	if (strcmp(item->key, "thresholds") == 0)
		return read_map(s, item, mem, YAML_MAP, &s->thresholds, err);
	if (strcmp(item->key, "placeholders") == 0)
		return read_map(s, item, mem, YAML_LIST, &s->placeholders, err);
	if (strcmp(item->key, "fields") == 0)
		return read_map(s, item, mem, YAML_TEXT, &s->fields, err);
	return yaml_error(err, s->file, item->key_line, "unknown key \"%s\": the keys here are %s",
		yaml_shown(item->key, shown), yaml_join(keys, COUNT(keys), list));
}

int settings_load(const char *path, struct arena *mem, struct settings *settings, struct err *err)
{
	char *data;
	size_t len;
	if (io_read_file(path, LIMIT_RULE_BYTES, &data, &len, err) != 0)
		return -1;
	int rc = settings_of_text((struct slice){data, len}, path, mem, settings, err);
	free(data);
	return rc;
}

int settings_of_text(struct slice text, const char *path, struct arena *mem,
	struct settings *settings, struct err *err)
{
	struct yaml_docs docs;
	*settings = (struct settings){.file = arena_strdup(mem, slice_of(path))};
	if (yaml_docs_read(text, &form, settings->file, mem, &docs, NULL, err) != 0)
		return -1;
	if (docs.n > 1)
		return yaml_error(err, settings->file, docs.of[1]->line,
			"a second document: settings are one");
	if (docs.n == 0)
		return 0;
	if (docs.of[0]->kind != YAML_MAP)
		return yaml_error(err, settings->file, docs.of[0]->line,
			"settings are a mapping: they need %s", form.needs);
	for (uint32_t i = 0; i < docs.of[0]->nitems; i++) {
		if (read_key(settings, &docs.of[0]->items[i], mem, err) != 0)
			return -1;
	}
	return 0;
}

const struct setting *setting_find(const struct setting_list *list, const char *key)
{
	for (uint32_t i = 0; i < list->n; i++) {
		if (strcmp(list->of[i].key, key) == 0)
			return &list->of[i];
	}
	return NULL;
}
