/* SPDX-License-Identifier: Apache-2.0 */
/* collection.c: documents of the older form that share what they say: `action: global` for all after
 * it, `repeat` on top of the one before, `reset` for an end of that. */
#include "detect/private.h"

/* How many nodes a tree has. */
static uint64_t weight(const struct yaml_tree *tree)
{
	uint64_t n = 1;
	for (uint32_t i = 0; i < tree->nitems; i++)
		n += weight(&tree->items[i]);
	return n;
}

/* `over` on top of `under`: mappings are merged, all else is replaced. Shares what stays. */
static struct yaml_tree merged(
	struct arena *mem, const struct yaml_tree *under, const struct yaml_tree *over)
{
	if (!under || under->kind != YAML_MAP || over->kind != YAML_MAP)
		return *over;
	struct yaml_tree out = *over;
	out.nitems = 0;
	out.items = arena_zalloc(mem, under->nitems + over->nitems, sizeof(*out.items));
	for (uint32_t i = 0; i < under->nitems; i++) {
		const struct yaml_tree *above = yaml_get(over, under->items[i].key);
		out.items[out.nitems++] =
			above ? merged(mem, &under->items[i], above) : under->items[i];
	}
	for (uint32_t i = 0; i < over->nitems; i++) {
		if (!yaml_get(under, over->items[i].key))
			out.items[out.nitems++] = over->items[i];
	}
	return out;
}

/* The document without its key `action`. */
static struct yaml_tree without_action(struct arena *mem, const struct yaml_tree *doc)
{
	struct yaml_tree out = *doc;
	out.nitems = 0;
	out.items = arena_zalloc(mem, doc->nitems, sizeof(*out.items));
	for (uint32_t i = 0; i < doc->nitems; i++) {
		if (strcmp(doc->items[i].key, "action") != 0)
			out.items[out.nitems++] = doc->items[i];
	}
	return out;
}

struct merge {
	struct arena *mem;
	struct yaml_tree global, before;
	bool has_global, has_before;
	uint64_t nodes;
	uint32_t *line;
	const char **why;
};

static int wrong(struct merge *m, uint32_t line, const char *why)
{
	*m->line = line;
	*m->why = why;
	return -1;
}

/* What a document becomes: 1 a rule (*out), 0 nothing, -1. */
static int merge_one(struct merge *m, const struct yaml_tree *doc, struct yaml_tree *out)
{
	const struct yaml_tree *action = yaml_get(doc, "action");
	const char *what = action && action->kind == YAML_TEXT ? action->text : "";
	struct yaml_tree own = action ? without_action(m->mem, doc) : *doc;
	if (action && strcmp(what, "global") == 0) {
		m->global = own;
		m->has_global = true;
		return 0;
	}
	if (action && strcmp(what, "reset") == 0) {
		m->has_global = m->has_before = false;
		return 0;
	}
	if (action && strcmp(what, "repeat") != 0)
		return wrong(m, action->line, "unknown action: there are global, repeat and reset");
	if (action && !m->has_before)
		return wrong(m, action->line, "`action: repeat` needs a document in front of it");
	if (action)
		own = merged(m->mem, &m->before, &own);
	m->before = own;
	m->has_before = true;
	*out = m->has_global ? merged(m->mem, &m->global, &own) : own;
	out->line = doc->line;
	return 1;
}

int collection_merge(struct arena *mem, struct yaml_docs *docs, uint32_t *line, const char **why)
{
	struct merge m = {.mem = mem, .line = line, .why = why};
	bool any = false;
	uint32_t n = 0;
	for (uint32_t i = 0; i < docs->n; i++)
		any |= yaml_get(docs->of[i], "action") != NULL;
	for (uint32_t i = 0; i < docs->n && any; i++) {
		struct yaml_tree *out = arena_zalloc(mem, 1, sizeof(*out));
		int rc = merge_one(&m, docs->of[i], out);
		if (rc < 0)
			return -1;
		if (rc == 0)
			continue;
		m.nodes += weight(out);
		if (m.nodes > LIMIT_RULE_NODES)
			return wrong(&m, out->line,
				"too much, with what `action` repeats: split the file");
		docs->of[n++] = out;
	}
	if (any)
		docs->n = n;
	return 0;
}
