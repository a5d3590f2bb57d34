/* SPDX-License-Identifier: Apache-2.0 */
/* detection.c: the searches of a detection: a mapping is AND, a list of mappings OR, a list of texts
 * keywords. Then its condition. */
#include "detect/private.h"

enum { MAX_SEARCHES = 1000 };

static const struct item keywords = {.kind = ITEM_TEXT};

static int read_map(struct document *doc, const struct yaml_tree *map, struct expr **expr)
{
	if (map->nitems == 0)
		return document_refuse(doc, map->line, "an empty mapping: it names no field");
	struct expr **each = arena_zalloc(doc->mem, map->nitems, sizeof(struct expr *));
	for (uint32_t i = 0; i < map->nitems; i++) {
		struct item item;
		const struct yaml_tree *values = &map->items[i];
		if (item_parse(doc, values->key, values->key_line, &item) != 0 ||
			item_read(doc, &item, values, &each[i]) != 0)
			return -1;
	}
	*expr = expr_join(doc->mem, EXPR_AND, each, map->nitems);
	return 0;
}

static int read_list(struct document *doc, const struct yaml_tree *list, struct expr **expr)
{
	uint32_t nmaps = 0;
	for (uint32_t i = 0; i < list->nitems; i++) {
		nmaps += list->items[i].kind == YAML_MAP;
		if (list->items[i].kind == YAML_LIST)
			return document_refuse(doc, list->items[i].line,
				"a list within a list: a search is a mapping, a list of mappings, "
				"or "
				"a list of keywords");
	}
	if (nmaps == 0)
		return item_read(doc, &keywords, list, expr);
	if (nmaps != list->nitems)
		return document_refuse(doc, list->line,
			"keywords and mappings in one list: make two searches of it");
	struct expr **each = arena_zalloc(doc->mem, list->nitems, sizeof(struct expr *));
	for (uint32_t i = 0; i < list->nitems; i++) {
		if (read_map(doc, &list->items[i], &each[i]) != 0)
			return -1;
	}
	*expr = expr_join(doc->mem, EXPR_OR, each, list->nitems);
	return 0;
}

static int read_search(struct document *doc, const struct yaml_tree *tree, struct search *search)
{
	uint32_t before = doc->weight;
	search->name = tree->key;
	struct item item = keywords;
	item.line = tree->key_line;
	int rc = tree->kind == YAML_MAP    ? read_map(doc, tree, &search->expr)
		 : tree->kind == YAML_LIST ? read_list(doc, tree, &search->expr)
					   : item_read(doc, &item, tree, &search->expr);
	search->weight = doc->weight - before;
	return rc;
}

static bool is_one_of(const char *key, const char *const *words)
{
	for (; words && *words; words++) {
		if (strcmp(key, *words) == 0)
			return true;
	}
	return false;
}

int detection_read(struct document *doc, const struct yaml_tree *tree, const char *const *skip,
	struct expr **expr)
{
	if (tree->kind != YAML_MAP)
		return document_refuse(
			doc, tree->line, "a detection is a mapping of searches and a condition");
	const struct yaml_tree *condition = yaml_get(tree, "condition");
	if (yaml_get(tree, "timeframe"))
		return document_refuse(doc, yaml_get(tree, "timeframe")->key_line,
			"timeframe belongs to the older form of correlations: write a rule with "
			"`correlation:`");
	if (!condition)
		return document_refuse(doc, tree->line, "the condition is missing");
	if (tree->nitems > MAX_SEARCHES)
		return document_refuse(doc, tree->line, "more than %d searches", MAX_SEARCHES);
	struct search *searches = arena_zalloc(doc->mem, tree->nitems, sizeof(*searches));
	uint32_t n = 0;
	for (uint32_t i = 0; i < tree->nitems; i++) {
		const struct yaml_tree *item = &tree->items[i];
		if (item == condition || is_one_of(item->key, skip))
			continue;
		if (read_search(doc, item, &searches[n++]) != 0)
			return -1;
	}
	if (n == 0)
		return document_refuse(doc, tree->line, "the detection has no search");
	return condition_read(doc, condition, searches, n, expr);
}
