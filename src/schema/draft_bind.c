/* SPDX-License-Identifier: Apache-2.0 */
/* draft_bind.c: names that stand for columns: found (`common`, `identity`, …), changed (`rename`)
 * and chosen (`only`). */
#include "schema/draft.h"

/* Every name that a reference may have, for suggestions. In arena. */
static size_t all_names(const struct draft *draft, const char ***names)
{
	size_t n = 0;
	*names = arena_alloc(
		draft->mem, (draft->ncolumns + draft->nlists + SYS_COLUMNS) * sizeof(**names));
	for (uint32_t i = 0; i < draft->ncolumns; i++) {
		const struct draft_column *column = &draft->columns[i];
		bool field = column->list >= 0 && !draft->lists[column->list].bare;
		(*names)[n++] = !field ? column->name
				       : arena_printf(draft->mem, "%s.%s",
						 draft->lists[column->list].name, column->name);
	}
	for (uint32_t i = 0; i < draft->nlists; i++)
		if (!draft->lists[i].bare)
			(*names)[n++] = draft->lists[i].name;
	return n;
}

static int unknown_name(const struct draft *draft, const char *name, uint32_t line, struct err *err)
{
	const char **names;
	char shown[YAML_SHOWN];
	size_t n = all_names(draft, &names);
	const char *near = yaml_nearest(name, names, n);
	if (near)
		return yaml_error(err, draft->file, line,
			"no column is called \"%s\": did you mean \"%s\"?", yaml_shown(name, shown),
			near);
	return yaml_error(err, draft->file, line,
		"no column is called \"%s\": name one of `columns` (a field of a list as "
		"list.field)",
		yaml_shown(name, shown));
}

/* The column that `name` stands for: `column`, `list.field`, or a list of scalars; or -1. */
static int column_by_name(const struct draft *draft, const char *name)
{
	const char *dot = strchr(name, '.');
	if (!dot) {
		int column = draft_find_column(draft, -1, name), list;
		if (column >= 0)
			return column;
		list = draft_find_list(draft, name);
		return list >= 0 && draft->lists[list].bare ? draft_find_column(draft, list, name)
							    : -1;
	}
	for (uint32_t i = 0; i < draft->nlists; i++) {
		size_t n = strlen(draft->lists[i].name);
		if (n == (size_t)(dot - name) && memcmp(draft->lists[i].name, name, n) == 0)
			return draft_find_column(draft, (int)i, dot + 1);
	}
	return -1;
}

static int bind_ref(const struct draft *draft, struct draft_ref *ref, struct err *err)
{
	if (!ref->name || ref->column >= 0 || ref->sys >= 0)
		return 0;
	ref->column = column_by_name(draft, ref->name);
	if (ref->column >= 0 && draft->columns[ref->column].direct >= 0) {
		ref->sys = draft->columns[ref->column].direct;
		ref->column = -1;
	} else if (ref->column < 0) {
		ref->sys = sys_find(ref->name);
	}
	if (ref->column < 0 && ref->sys < 0)
		return unknown_name(draft, ref->name, ref->line, err);
	return 0;
}

int draft_bind(struct draft *draft, struct err *err)
{
	for (uint32_t i = 0; i < draft->fallback.n; i++)
		if (bind_ref(draft, &draft->fallback.items[i], err) != 0)
			return -1;
	for (int sys = 0; sys < SYS_COLUMNS; sys++)
		for (uint32_t i = 0; i < draft->common[sys].n; i++)
			if (bind_ref(draft, &draft->common[sys].items[i], err) != 0)
				return -1;
	for (uint32_t i = 0; i < draft->ntargets; i++) {
		struct draft_target *target = &draft->targets[i];
		if (bind_ref(draft, &target->name, err) != 0 ||
			bind_ref(draft, &target->type, err) != 0 ||
			bind_ref(draft, &target->id, err) != 0)
			return -1;
	}
	if (bind_ref(draft, &draft->id, err) != 0 || bind_ref(draft, &draft->instance, err) != 0)
		return -1;
	for (uint32_t i = 0; i < draft->nidentity; i++)
		if (bind_ref(draft, &draft->identity[i].column, err) != 0 ||
			bind_ref(draft, &draft->identity[i].otherwise, err) != 0)
			return -1;
	return 0;
}

/* The new name, checked: a name of the right form that nothing has. */
static int check_new_name(
	const struct draft *draft, const struct yaml_tree *item, int list, struct err *err)
{
	const char *name;
	if (draft_text(draft, item, "a new name", &name, err) != 0)
		return -1;
	if (draft_check_name(draft, name, item->line, "column", err) != 0)
		return -1;
	bool taken = draft_find_column(draft, list, name) >= 0;
	if (list < 0)
		taken = taken || draft_find_list(draft, name) >= 0 || sys_find(name) >= 0;
	if (taken)
		return yaml_error(err, draft->file, item->line,
			"the name \"%s\" is taken: choose another", name);
	return 0;
}

static int rename_one(struct draft *draft, const struct yaml_tree *item, struct err *err)
{
	int column = column_by_name(draft, item->key), list = draft_find_list(draft, item->key);
	if (column < 0 && list < 0)
		return unknown_name(draft, item->key, item->key_line, err);
	if (column >= 0 && draft->columns[column].direct >= 0)
		return yaml_error(err, draft->file, item->key_line,
			"\"%s\" is a common field, the same in all tables: it keeps its name",
			draft->columns[column].name);
	bool field = list < 0 && draft->columns[column].list >= 0;
	if (check_new_name(draft, item, field ? draft->columns[column].list : -1, err) != 0)
		return -1;
	if (column >= 0)
		draft->columns[column].name = item->text;
	if (list >= 0)
		draft->lists[list].name = item->text;
	return 0;
}

int draft_rename(struct draft *draft, const struct yaml_tree *tree, struct err *err)
{
	if (!draft->extends)
		return yaml_error(err, draft->file, tree->key_line,
			"`rename` without `extend`: give the columns their names in `columns`");
	if (tree->kind != YAML_MAP)
		return yaml_error(err, draft->file, tree->line,
			"`rename` is not a mapping: write `old_name: new_name` lines");
	for (uint32_t i = 0; i < tree->nitems; i++)
		if (rename_one(draft, &tree->items[i], err) != 0)
			return -1;
	return 0;
}

static void keep_ref(struct draft *draft, const struct draft_ref *ref)
{
	if (ref->column >= 0)
		draft->columns[ref->column].keep = true;
}

static int keep_named(struct draft *draft, const struct draft_ref *ref, struct err *err)
{
	int column = column_by_name(draft, ref->name), list = draft_find_list(draft, ref->name);
	if (column < 0 && list < 0 && sys_find(ref->name) < 0)
		return unknown_name(draft, ref->name, ref->line, err);
	if (column >= 0)
		draft->columns[column].keep = true;
	for (uint32_t i = 0; list >= 0 && i < draft->ncolumns; i++)
		if (draft->columns[i].list == list)
			draft->columns[i].keep = true;
	return 0;
}

int draft_only(struct draft *draft, struct err *err)
{
	if (!draft->has_only)
		return 0;
	/* `only` chooses among the extended columns; those that this file adds are meant. */
	for (uint32_t i = 0; i < draft->ncolumns; i++)
		draft->columns[i].keep =
			draft->columns[i].direct >= 0 || (draft->extends && i >= draft->nbase);
	for (uint32_t i = 0; i < draft->only.n; i++)
		if (keep_named(draft, &draft->only.items[i], err) != 0)
			return -1;
	/* Without these, different events would be taken for copies of one. */
	keep_ref(draft, &draft->id);
	keep_ref(draft, &draft->instance);
	for (uint32_t i = 0; i < draft->fallback.n; i++)
		keep_ref(draft, &draft->fallback.items[i]);
	for (uint32_t i = 0; i < draft->nidentity; i++) {
		keep_ref(draft, &draft->identity[i].column);
		keep_ref(draft, &draft->identity[i].otherwise);
	}
	return 0;
}
