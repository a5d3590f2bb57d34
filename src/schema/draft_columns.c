/* SPDX-License-Identifier: Apache-2.0 */
/* draft_columns.c: the mapping `columns`: scalars, lists of objects (`list`, `fields`) and lists of
 * scalars (`list`, `of`). In an extending file, what is there already is added to. */
#include "schema/draft.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static const struct yaml_tree *item_of(const struct yaml_tree *map, const char *key)
{
	for (uint32_t i = 0; i < map->nitems; i++)
		if (strcmp(map->items[i].key, key) == 0)
			return &map->items[i];
	return NULL;
}

static int unknown_word(const struct draft *draft, const struct yaml_tree *tree, const char *what,
	const char *const *words, size_t nwords, struct err *err)
{
	char shown[YAML_SHOWN], list[YAML_JOINED];
	const char *near = yaml_nearest(tree->text, words, nwords);
	if (near)
		return yaml_error(err, draft->file, tree->line,
			"unknown %s \"%s\": did you mean \"%s\"?", what,
			yaml_shown(tree->text, shown), near);
	return yaml_error(err, draft->file, tree->line, "unknown %s \"%s\": use one of %s", what,
		yaml_shown(tree->text, shown), yaml_join(words, nwords, list));
}

static int read_type(const struct draft *draft, const struct yaml_tree *tree, const char *what,
	enum col_type *type, struct err *err)
{
	static const enum col_type types[] = {COL_STRING, COL_INT64, COL_BOOL, COL_TIME, COL_JSON};
	const char *words[COUNT(types)], *text;
	if (draft_text(draft, tree, what, &text, err) != 0)
		return -1;
	for (size_t i = 0; i < COUNT(types); i++) {
		words[i] = schema_type_name(types[i]);
		if (strcmp(words[i], text) == 0) {
			*type = types[i];
			return 0;
		}
	}
	return unknown_word(draft, tree, "type", words, COUNT(types), err);
}

static int read_observable(const struct draft *draft, const struct yaml_tree *tree,
	enum observable *observable, struct err *err)
{
	const char *words[OBS_KINDS], *text;
	if (draft_text(draft, tree, "`observable`", &text, err) != 0)
		return -1;
	for (enum observable i = 0; i < OBS_KINDS; i++) {
		words[i] = observable_name(i);
		if (strcmp(words[i], text) == 0) {
			*observable = i;
			return 0;
		}
	}
	return unknown_word(draft, tree, "observable", words, OBS_KINDS, err);
}

/* A column of that name, the old one or a new one; NULL with the error set. */
static struct draft_column *place_column(
	struct draft *draft, const struct yaml_tree *tree, int list, struct err *err)
{
	const char *what = list < 0 ? "column" : "field";
	int old = draft_find_column(draft, list, tree->key);
	if (old >= 0)
		return &draft->columns[old];
	if (draft_check_name(draft, tree->key, tree->key_line, what, err) != 0)
		return NULL;
	if (draft->ncolumns >= LIMIT_COLUMNS - SYS_COLUMNS) {
		yaml_error(err, draft->file, tree->key_line,
			"more than %d columns: leave out the least needed (they stay in `extra`)",
			LIMIT_COLUMNS - SYS_COLUMNS);
		return NULL;
	}
	struct draft_column *column = &draft->columns[draft->ncolumns++];
	*column = (struct draft_column){.name = tree->key,
		.line = tree->key_line,
		.list = list,
		.direct = -1,
		.keep = true,
		.index = -1};
	return column;
}

static int check_column(const struct draft *draft, const struct draft_column *column,
	const struct yaml_tree *tree, struct err *err)
{
	if (column->paths.n == 0)
		return yaml_error(err, draft->file, tree->key_line,
			"the column \"%s\" has no path: add `paths:`", column->name);
	if (column->direct >= 0 && (column->type != COL_STRING || column->observable != OBS_NONE))
		return yaml_error(err, draft->file, tree->key_line,
			"the common field \"%s\" has its type: remove `type` and `observable`, or "
			"choose another name",
			column->name);
	if (column->observable != OBS_NONE && column->type != COL_STRING)
		return yaml_error(err, draft->file, tree->key_line,
			"only text holds observables: remove `observable` or make \"%s\" a string",
			column->name);
	return 0;
}

/* `name: path`, `name: [path, path]` or `name: {paths: …, type: …, observable: …}`. */
static int read_column(
	struct draft *draft, const struct yaml_tree *tree, int list, int direct, struct err *err)
{
	static const char *const words[] = {"paths", "type", "observable"};
	struct draft_column *column = place_column(draft, tree, list, err);
	if (!column)
		return -1;
	column->direct = direct;
	if (tree->kind != YAML_MAP) {
		if (draft_paths_read(draft, &column->paths, tree, "the column", err) != 0)
			return -1;
		return check_column(draft, column, tree, err);
	}
	if (draft_check_keys(draft, tree, words, COUNT(words), "a column", err) != 0)
		return -1;
	const struct yaml_tree *paths = item_of(tree, "paths"), *type = item_of(tree, "type"),
			       *observable = item_of(tree, "observable");
	if (paths && draft_paths_read(draft, &column->paths, paths, "`paths`", err) != 0)
		return -1;
	if (type && read_type(draft, type, "`type`", &column->type, err) != 0)
		return -1;
	if (observable && read_observable(draft, observable, &column->observable, err) != 0)
		return -1;
	return check_column(draft, column, tree, err);
}

static int read_fields(
	struct draft *draft, const struct yaml_tree *fields, int list, struct err *err)
{
	char shown[YAML_SHOWN];
	if (fields->kind != YAML_MAP || fields->nitems == 0)
		return yaml_error(err, draft->file, fields->line,
			"`fields` is not a mapping with at least one field: write `name: path` "
			"lines");
	for (uint32_t i = 0; i < fields->nitems; i++) {
		const struct yaml_tree *field = &fields->items[i];
		if (field->kind == YAML_MAP && (item_of(field, "list") || item_of(field, "of")))
			return yaml_error(err, draft->file, field->key_line,
				"the field \"%s\" is a list within a list: make it `type: json`",
				yaml_shown(field->key, shown));
		if (read_column(draft, field, list, -1, err) != 0)
			return -1;
	}
	return 0;
}

/* The only column of a list of scalars; it has the list's name. */
static int read_values(struct draft *draft, const struct yaml_tree *tree, int list, struct err *err)
{
	const struct yaml_tree *of = item_of(tree, "of"), *obs = item_of(tree, "observable");
	struct draft_column *column = place_column(draft, tree, list, err);
	if (!column)
		return -1;
	if (of && read_type(draft, of, "`of`", &column->type, err) != 0)
		return -1;
	if (obs && read_observable(draft, obs, &column->observable, err) != 0)
		return -1;
	if (column->observable != OBS_NONE && column->type != COL_STRING)
		return yaml_error(err, draft->file, tree->key_line,
			"only text holds observables: remove `observable` or make \"%s\" a list of "
			"strings",
			column->name);
	return 0;
}

static int place_list(struct draft *draft, const struct yaml_tree *tree, int *list, struct err *err)
{
	*list = draft_find_list(draft, tree->key);
	bool bare = item_of(tree, "fields") == NULL;
	if (*list >= 0) {
		bool same = item_of(tree, "of") ? draft->lists[*list].bare
			    : bare              ? true
						: !draft->lists[*list].bare;
		if (same)
			return 0;
		return yaml_error(err, draft->file, tree->key_line,
			"the list \"%s\" holds %s in the table that is extended: choose another "
			"name",
			draft->lists[*list].name, draft->lists[*list].bare ? "scalars" : "objects");
	}
	if (draft_check_name(draft, tree->key, tree->key_line, "list", err) != 0)
		return -1;
	if (!item_of(tree, "list"))
		return yaml_error(err, draft->file, tree->key_line,
			"the list \"%s\" has no path: add `list:`", tree->key);
	if (bare && !item_of(tree, "of"))
		return yaml_error(err, draft->file, tree->key_line,
			"the list \"%s\" has neither `fields` (a list of objects) nor `of` (a list "
			"of scalars): add one",
			tree->key);
	if (draft->nlists >= LIMIT_COLUMNS - SYS_COLUMNS)
		return yaml_error(
			err, draft->file, tree->key_line, "too many lists: leave some out");
	*list = (int)draft->nlists++;
	draft->lists[*list] = (struct draft_list){
		.name = tree->key, .line = tree->key_line, .bare = bare, .group = NO_GROUP};
	return 0;
}

static int read_list(struct draft *draft, const struct yaml_tree *tree, struct err *err)
{
	static const char *const words[] = {"list", "fields", "of", "observable"};
	const struct yaml_tree *paths = item_of(tree, "list"), *fields = item_of(tree, "fields");
	int list;
	if (draft_check_keys(draft, tree, words, COUNT(words), "a list", err) != 0)
		return -1;
	if (fields && (item_of(tree, "of") || item_of(tree, "observable")))
		return yaml_error(err, draft->file, tree->key_line,
			"`fields` beside `of` or `observable`: a list holds objects or scalars, "
			"remove one");
	if (place_list(draft, tree, &list, err) != 0)
		return -1;
	if (paths && draft_paths_read(draft, &draft->lists[list].paths, paths, "`list`", err) != 0)
		return -1;
	if (fields)
		return read_fields(draft, fields, list, err);
	return draft->lists[list].bare ? read_values(draft, tree, list, err) : 0;
}

static int read_entry(struct draft *draft, const struct yaml_tree *tree, struct err *err)
{
	int sys = sys_find(tree->key);
	bool list = tree->kind == YAML_MAP &&
		    (item_of(tree, "list") || item_of(tree, "fields") || item_of(tree, "of"));
	if (sys >= 0 && (list || !sys_is_common(sys)))
		return yaml_error(err, draft->file, tree->key_line,
			"every table has a column \"%s\" of its own: choose another name, such as "
			"\"%.40s_%s\"",
			sys_columns[sys].name, draft->product ? draft->product : "record",
			sys_columns[sys].name);
	if (list && draft_find_column(draft, -1, tree->key) >= 0)
		return yaml_error(err, draft->file, tree->key_line,
			"\"%s\" is a column in the table that is extended: choose another name for "
			"the list",
			tree->key);
	if (list)
		return read_list(draft, tree, err);
	if (draft_find_list(draft, tree->key) >= 0)
		return yaml_error(err, draft->file, tree->key_line,
			"\"%s\" is a list in the table that is extended: use `list` and `fields`",
			tree->key);
	return read_column(draft, tree, -1, sys, err);
}

int draft_columns_read(struct draft *draft, const struct yaml_tree *tree, struct err *err)
{
	if (tree->kind != YAML_MAP)
		return yaml_error(err, draft->file, tree->line,
			"`columns` is not a mapping: write `name: path` lines");
	for (uint32_t i = 0; i < tree->nitems; i++)
		if (read_entry(draft, &tree->items[i], err) != 0)
			return -1;
	return 0;
}
