/* SPDX-License-Identifier: Apache-2.0 */
/* draft.c: the top level of a schema file: one reading function for each key, in the table
 * `readers`, in the order in which they must be read. */
#include "schema/draft.h"

#include <strings.h>

#include "schema/builtin.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

const struct yaml_form draft_form = {.what = "a schema",
	.needs = "`table` and `columns`",
	.bytes = LIMIT_SCHEMA_BYTES,
	.nodes = 50000,
	.depth = 16};

typedef int read_key(struct draft *draft, const struct yaml_tree *tree, struct err *err);

int draft_text(const struct draft *draft, const struct yaml_tree *tree, const char *what,
	const char **out, struct err *err)
{
	*out = tree->text;
	if (tree->kind != YAML_TEXT)
		return yaml_error(err, draft->file, tree->line,
			"%s is a list or mapping: write one text", what);
	if (tree->text[0] == '\0')
		return yaml_error(err, draft->file, tree->line,
			"%s is empty: give a value or remove the key", what);
	return 0;
}

int draft_check_keys(const struct draft *draft, const struct yaml_tree *map,
	const char *const *words, size_t nwords, const char *where, struct err *err)
{
	if (map->kind != YAML_MAP)
		return yaml_error(err, draft->file, map->line,
			"%s is not a mapping: write `key: value` lines", where);
	for (uint32_t i = 0; i < map->nitems; i++) {
		const char *key = map->items[i].key;
		size_t w = 0;
		while (w < nwords && strcmp(words[w], key) != 0)
			w++;
		if (w < nwords)
			continue;
		char shown[YAML_SHOWN], list[YAML_JOINED];
		const char *near = yaml_nearest(key, words, nwords);
		if (near)
			return yaml_error(err, draft->file, map->items[i].key_line,
				"unknown key \"%s\" in %s: did you mean \"%s\"?",
				yaml_shown(key, shown), where, near);
		return yaml_error(err, draft->file, map->items[i].key_line,
			"unknown key \"%s\" in %s: the keys there are %s", yaml_shown(key, shown),
			where, yaml_join(words, nwords, list));
	}
	return 0;
}

int draft_paths_read(struct draft *draft, struct draft_paths *paths, const struct yaml_tree *tree,
	const char *what, struct err *err)
{
	uint32_t n = tree->kind == YAML_LIST ? tree->nitems : 1;
	if (tree->kind == YAML_LIST && n == 0)
		return yaml_error(err, draft->file, tree->line, "%s names no path: give one", what);
	for (uint32_t i = 0; i < n; i++) {
		const struct yaml_tree *item = tree->kind == YAML_LIST ? &tree->items[i] : tree;
		const char *text, *why;
		struct slice keys[DRAFT_KEYS];
		char shown[YAML_SHOWN];
		if (draft_text(draft, item, what, &text, err) != 0)
			return -1;
		if (path_split(text, draft->mem, keys, &why) < 0)
			return yaml_error(err, draft->file, item->line,
				"\"%s\" is no path (%s): write keys joined by dots, such as "
				"author.name",
				yaml_shown(text, shown), why);
		if (paths->n == DRAFT_PATHS)
			return yaml_error(err, draft->file, item->line,
				"%s has more than %d paths: split it", what, DRAFT_PATHS);
		paths->items[paths->n++] = (struct draft_path){text, item->line};
	}
	return 0;
}

static struct draft_ref no_ref(void)
{
	return (struct draft_ref){.column = -1, .sys = -1};
}

static int read_ref(struct draft *draft, const struct yaml_tree *tree, const char *what,
	struct draft_ref *ref, struct err *err)
{
	*ref = no_ref();
	ref->line = tree->line;
	return draft_text(draft, tree, what, &ref->name, err);
}

static int read_refs(struct draft *draft, const struct yaml_tree *tree, const char *what,
	struct draft_refs *refs, struct err *err)
{
	uint32_t n = tree->kind == YAML_LIST ? tree->nitems : 1;
	*refs = (struct draft_refs){0, arena_zalloc(draft->mem, n + 1, sizeof(*refs->items))};
	for (; refs->n < n; refs->n++) {
		const struct yaml_tree *item =
			tree->kind == YAML_LIST ? &tree->items[refs->n] : tree;
		if (read_ref(draft, item, what, &refs->items[refs->n], err) != 0)
			return -1;
	}
	return 0;
}

static int read_table(struct draft *draft, const struct yaml_tree *tree, struct err *err)
{
	draft->table_line = tree->line;
	if (draft_text(draft, tree, "`table`", &draft->table, err) != 0)
		return -1;
	return draft_check_name(draft, draft->table, tree->line, "table", err);
}

static int read_product(struct draft *draft, const struct yaml_tree *tree, struct err *err)
{
	if (draft_text(draft, tree, "`product`", &draft->product, err) != 0)
		return -1;
	return draft_check_name(draft, draft->product, tree->line, "product", err);
}

static int read_version(struct draft *draft, const struct yaml_tree *tree, struct err *err)
{
	return draft_text(draft, tree, "`version`", &draft->version, err);
}

static int read_time(struct draft *draft, const struct yaml_tree *tree, struct err *err)
{
	return draft_paths_read(draft, &draft->times, tree, "`time`", err);
}

static int read_fallback(struct draft *draft, const struct yaml_tree *tree, struct err *err)
{
	return read_refs(draft, tree, "`time_fallback`", &draft->fallback, err);
}

static int read_only(struct draft *draft, const struct yaml_tree *tree, struct err *err)
{
	draft->has_only = true;
	return read_refs(draft, tree, "`only`", &draft->only, err);
}

static int read_common(struct draft *draft, const struct yaml_tree *tree, struct err *err)
{
	const char *words[SYS_COLUMNS];
	size_t nwords = 0;
	for (int i = 0; i < SYS_COLUMNS; i++)
		if (sys_is_common(i))
			words[nwords++] = sys_columns[i].name;
	if (draft_check_keys(draft, tree, words, nwords, "`common`", err) != 0)
		return -1;
	for (uint32_t i = 0; i < tree->nitems; i++) {
		int sys = sys_find(tree->items[i].key);
		if (read_refs(draft, &tree->items[i], "a common field", &draft->common[sys], err))
			return -1;
	}
	return 0;
}

static int read_target(struct draft *draft, const struct yaml_tree *tree,
	struct draft_target *target, struct err *err)
{
	static const char *const words[] = {"name", "type", "id"};
	*target = (struct draft_target){no_ref(), no_ref(), no_ref(), tree->line};
	if (draft_check_keys(draft, tree, words, COUNT(words), "`targets`", err) != 0)
		return -1;
	for (uint32_t i = 0; i < tree->nitems; i++) {
		const char *key = tree->items[i].key;
		struct draft_ref *ref = strcmp(key, "name") == 0   ? &target->name
					: strcmp(key, "type") == 0 ? &target->type
								   : &target->id;
		if (read_ref(draft, &tree->items[i], "a target's column", ref, err) != 0)
			return -1;
	}
	if (!target->name.name && !target->id.name)
		return yaml_error(err, draft->file, tree->line,
			"a target without a name: add `name:` (or `id:`) with a column");
	return 0;
}

static int need_list(
	const struct draft *draft, const struct yaml_tree *tree, const char *what, struct err *err)
{
	if (tree->kind == YAML_LIST)
		return 0;
	return yaml_error(err, draft->file, tree->line,
		"%s is not a list: write `- item` lines or [a, b]", what);
}

static int read_targets(struct draft *draft, const struct yaml_tree *tree, struct err *err)
{
	if (need_list(draft, tree, "`targets`", err) != 0)
		return -1;
	draft->targets = arena_zalloc(draft->mem, tree->nitems + 1, sizeof(*draft->targets));
	for (draft->ntargets = 0; draft->ntargets < tree->nitems; draft->ntargets++)
		if (read_target(draft, &tree->items[draft->ntargets],
			    &draft->targets[draft->ntargets], err) != 0)
			return -1;
	return 0;
}

static int read_order(struct draft *draft, const struct yaml_tree *tree, struct err *err)
{
	if (need_list(draft, tree, "`target_order`", err) != 0)
		return -1;
	draft->order = arena_zalloc(draft->mem, tree->nitems + 1, sizeof(*draft->order));
	for (draft->norder = 0; draft->norder < tree->nitems; draft->norder++) {
		const struct yaml_tree *item = &tree->items[draft->norder];
		char shown[YAML_SHOWN];
		if (draft_text(draft, item, "a type", &draft->order[draft->norder], err) != 0)
			return -1;
		for (uint32_t i = 0; i < draft->norder; i++)
			if (strcasecmp(draft->order[i], item->text) == 0)
				return yaml_error(err, draft->file, item->line,
					"the type \"%s\" stands twice: remove one of them",
					yaml_shown(item->text, shown));
	}
	return 0;
}

static int read_id(struct draft *draft, const struct yaml_tree *tree, struct err *err)
{
	return read_ref(draft, tree, "`id`", &draft->id, err);
}

static int read_instance(struct draft *draft, const struct yaml_tree *tree, struct err *err)
{
	return read_ref(draft, tree, "`instance`", &draft->instance, err);
}

static int read_identity(struct draft *draft, const struct yaml_tree *tree, struct err *err)
{
	if (need_list(draft, tree, "`identity`", err) != 0)
		return -1;
	if (tree->nitems == 0)
		return yaml_error(err, draft->file, tree->line,
			"`identity` is empty: name the columns that tell events apart");
	draft->identity = arena_zalloc(draft->mem, tree->nitems, sizeof(*draft->identity));
	for (draft->nidentity = 0; draft->nidentity < tree->nitems; draft->nidentity++) {
		const struct yaml_tree *item = &tree->items[draft->nidentity];
		struct draft_identity *part = &draft->identity[draft->nidentity];
		*part = (struct draft_identity){no_ref(), no_ref()};
		if (item->kind == YAML_LIST && item->nitems != 2)
			return yaml_error(err, draft->file, item->line,
				"a part of the identity names %u columns: one, or two as "
				"[column, otherwise]",
				item->nitems);
		bool two = item->kind == YAML_LIST;
		if (read_ref(draft, two ? &item->items[0] : item, "a part of the identity",
			    &part->column, err) != 0)
			return -1;
		if (two && read_ref(draft, &item->items[1], "a part of the identity",
				   &part->otherwise, err) != 0)
			return -1;
	}
	return 0;
}

static int read_mark(struct draft *draft, const struct yaml_tree *tree, struct schema_mark *mark,
	struct err *err)
{
	static const char *const words[] = {"path", "prefix", "weight"};
	if (draft_check_keys(draft, tree, words, COUNT(words), "`marks`", err) != 0)
		return -1;
	struct draft_paths paths = {0};
	int64_t weight = 0;
	for (uint32_t i = 0; i < tree->nitems; i++) {
		const struct yaml_tree *item = &tree->items[i];
		int rc = 0;
		if (strcmp(item->key, "path") == 0)
			rc = draft_paths_read(draft, &paths, item, "`path`", err);
		else if (strcmp(item->key, "prefix") == 0)
			rc = draft_text(draft, item, "`prefix`", &mark->prefix, err);
		else if (item->kind != YAML_TEXT ||
			 text_parse_int(slice_of(item->text), &weight) != 0 || weight < -100 ||
			 weight > 100)
			rc = yaml_error(err, draft->file, item->line,
				"the weight is no whole number from -100 to 100: write one");
		if (rc != 0)
			return -1;
	}
	if (paths.n != 1 || weight == 0)
		return yaml_error(err, draft->file, tree->line,
			"a mark needs one `path` and a `weight` other than 0: add them");
	mark->path = paths.items[0].text;
	mark->weight = (int)weight;
	return 0;
}

static int read_marks(struct draft *draft, const struct yaml_tree *tree, struct err *err)
{
	if (need_list(draft, tree, "`marks`", err) != 0)
		return -1;
	if (tree->nitems > DRAFT_MARKS)
		return yaml_error(err, draft->file, tree->line, "more than %d marks: keep the best",
			DRAFT_MARKS);
	draft->marks = arena_zalloc(draft->mem, tree->nitems + 1, sizeof(*draft->marks));
	for (draft->nmarks = 0; draft->nmarks < tree->nitems; draft->nmarks++)
		if (read_mark(draft, &tree->items[draft->nmarks], &draft->marks[draft->nmarks],
			    err) != 0)
			return -1;
	return 0;
}

static int read_extend(struct draft *draft, const struct yaml_tree *tree, struct err *err);
static int read_kind(struct draft *draft, const struct yaml_tree *tree, struct err *err);

/* In this order, whatever the order in the file: `extend` fills what the others add to. */
static const struct {
	const char *key;
	read_key *read;
} readers[] = {
	{"kind", read_kind},
	{"extend", read_extend},
	{"rename", draft_rename},
	{"table", read_table},
	{"product", read_product},
	{"version", read_version},
	{"time", read_time},
	{"time_fallback", read_fallback},
	{"columns", draft_columns_read},
	{"only", read_only},
	{"common", read_common},
	{"targets", read_targets},
	{"target_order", read_order},
	{"id", read_id},
	{"instance", read_instance},
	{"identity", read_identity},
	{"marks", read_marks},
};

static int read_keys(struct draft *draft, const struct yaml_tree *root, struct err *err)
{
	const char *words[COUNT(readers)];
	for (size_t i = 0; i < COUNT(readers); i++)
		words[i] = readers[i].key;
	if (draft_check_keys(draft, root, words, COUNT(words), "the schema", err) != 0)
		return -1;
	for (size_t r = 0; r < COUNT(readers); r++)
		for (uint32_t i = 0; i < root->nitems; i++)
			if (strcmp(root->items[i].key, readers[r].key) == 0 &&
				readers[r].read(draft, &root->items[i], err) != 0)
				return -1;
	return draft_bind(draft, err);
}

/* The text of the built-in schema of that table; empty where there is none. */
static struct slice builtin_of(const char *table)
{
	for (unsigned i = 0; schema_builtin_text(i).len; i++)
		if (strcmp(builtin_files[i].table, table) == 0)
			return schema_builtin_text(i);
	return (struct slice){NULL, 0};
}

static int unknown_base(const struct draft *draft, const struct yaml_tree *tree, struct err *err)
{
	const char *words[16];
	char list[YAML_JOINED], shown[YAML_SHOWN];
	size_t n = 0;
	for (unsigned i = 0; i < COUNT(words) && builtin_files[i].name; i++)
		words[n++] = builtin_files[i].table;
	const char *near = yaml_nearest(tree->text, words, n);
	if (near)
		return yaml_error(err, draft->file, tree->line,
			"no built-in table \"%s\" to extend: did you mean \"%s\"?",
			yaml_shown(tree->text, shown), near);
	return yaml_error(err, draft->file, tree->line,
		"no built-in table \"%s\" to extend: there are %s", yaml_shown(tree->text, shown),
		yaml_join(words, n, list));
}

/* Reads the built-in file into this draft; its lines are that of `extend`, since the user cannot
 * see the other file's. */
static int read_extend(struct draft *draft, const struct yaml_tree *tree, struct err *err)
{
	const char *table;
	struct yaml_tree *base;
	if (draft_text(draft, tree, "`extend`", &table, err) != 0)
		return -1;
	struct slice text = builtin_of(table);
	if (!text.ptr)
		return unknown_base(draft, tree, err);
	if (yaml_tree_read(text, &draft_form, draft->file, tree->line, draft->mem, &base, err) != 0)
		return -1;
	if (read_keys(draft, base, err) != 0)
		return -1;
	draft->extends = true;
	draft->nbase = draft->ncolumns;
	return 0;
}

/* `kind: alerts`: the alerts of another product. */
static int read_kind(struct draft *draft, const struct yaml_tree *tree, struct err *err)
{
	const char *kind;
	char shown[YAML_SHOWN];
	if (draft_text(draft, tree, "`kind`", &kind, err) != 0)
		return -1;
	if (strcmp(kind, "alerts") != 0)
		return yaml_error(err, draft->file, tree->line,
			"`kind: %s` is not known: the one kind there is is `alerts`, for alerts of "
			"other "
			"products; leave it out of other schemas",
			yaml_shown(kind, shown));
	struct yaml_tree base = *tree;
	base.text = "third_party_alerts";
	return read_extend(draft, &base, err);
}

static int check_complete(struct draft *draft, struct err *err)
{
	if (!draft->table)
		return yaml_error(err, draft->file, 1, "no table name: add `table: my_audit_logs`");
	if (draft->times.n == 0)
		return yaml_error(err, draft->file, 1,
			"no time: add `time:` with the path of the event's time");
	if (draft->ncolumns == 0)
		return yaml_error(
			err, draft->file, 1, "no columns: add `columns:` with `name: path` lines");
	return draft_only(draft, err);
}

int draft_read(struct draft *draft, const struct yaml_tree *root, struct err *err)
{
	/* Not zeroed, since most is never used: 300 KB each, a third of a built-in table's compiling. */
	draft->lists = arena_alloc(draft->mem, LIMIT_COLUMNS * sizeof(*draft->lists));
	draft->columns = arena_alloc(draft->mem, LIMIT_COLUMNS * sizeof(*draft->columns));
	draft->id = draft->instance = no_ref();
	if (root->kind != YAML_MAP)
		return yaml_error(err, draft->file, root->line,
			"the file is not a mapping: begin with `table: my_audit_logs`");
	if (read_keys(draft, root, err) != 0)
		return -1;
	return check_complete(draft, err);
}
