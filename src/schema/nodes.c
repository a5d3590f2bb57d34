/* SPDX-License-Identifier: Apache-2.0 */
/* nodes.c: all paths of a schema as one tree of keys, laid out so that the children of a node are
 * adjacent. A value may go to one place only, so that nothing is read twice or lost. */
#include "schema/draft.h"

/* A node while the tree grows. */
struct growing {
	struct schema_node node;
	uint32_t line;     /* of the path that made it */
	const char *owner; /* the column or list that it feeds; NULL for an object */
	struct growing *first, *last, *next;
};

struct builder {
	const struct draft *draft;
	struct schema *schema;
	struct growing *root;
	uint32_t nnodes;
	struct err *err;
};

static struct growing *child_of(const struct growing *parent, struct slice key)
{
	for (struct growing *child = parent->first; child; child = child->next)
		if (slice_eq((struct slice){child->node.key, child->node.key_len}, key))
			return child;
	return NULL;
}

static struct growing *add_child(
	struct builder *b, struct growing *parent, struct slice key, uint32_t line)
{
	struct growing *child = arena_zalloc(b->draft->mem, 1, sizeof(*child));
	child->node = (struct schema_node){.kind = NODE_OBJECT,
		.key = arena_strdup(&b->schema->mem, key),
		.key_len = (uint32_t)key.len,
		.column = -1,
		.group = parent->node.group};
	child->line = line;
	if (parent->last)
		parent->last->next = child;
	else
		parent->first = child;
	parent->last = child;
	parent->node.nchildren++;
	b->nnodes++;
	return child;
}

static int conflict(struct builder *b, const struct draft_path *path, const struct growing *at)
{
	char shown[YAML_SHOWN];
	if (at->owner)
		return yaml_error(b->err, b->draft->file, path->line,
			"the path \"%s\" meets the one of \"%s\" (line %u): a value feeds one "
			"column, remove one of the paths",
			yaml_shown(path->text, shown), at->owner, at->line);
	return yaml_error(b->err, b->draft->file, path->line,
		"the path \"%s\" is an object, of which other paths take parts (line %u): remove "
		"it, or them",
		yaml_shown(path->text, shown), at->line);
}

/* Whether a column of JSON ends at the node: it may hold an object of which other paths take parts. */
static bool is_json(const struct builder *b, const struct growing *at)
{
	int column = at->node.column;
	return column >= 0 && b->schema->shape.columns[column].type == COL_JSON;
}

/* Whether a path may go on below the node: then it is an object, whatever it was before. */
static bool go_through(const struct builder *b, struct growing *at)
{
	if (at->node.kind == NODE_LEAF && is_json(b, at))
		at->node.kind = NODE_OBJECT;
	return at->node.kind == NODE_OBJECT;
}

/* Whether a path of that type of column may end at a node that is there already. */
static bool end_at(const struct growing *at, enum col_type type)
{
	if (at->node.column >= 0)
		return false;
	return (type == COL_TIME && at->node.kind == NODE_TIME) ||
	       (type == COL_JSON && at->node.kind == NODE_OBJECT);
}

/* Walks to the end of the path from `from`, making what is not there. The end must be new, but where
 * `type` is TIME or JSON (end_at). NULL with the error set. */
static struct growing *grow(
	struct builder *b, struct growing *from, const struct draft_path *path, enum col_type type)
{
	struct slice keys[DRAFT_KEYS];
	const char *why;
	int n = path_split(path->text, b->draft->mem, keys, &why);
	struct growing *at = from;
	for (int i = 0; i < n; i++) {
		struct growing *child = child_of(at, keys[i]);
		if (!child) {
			at = add_child(b, at, keys[i], path->line);
			continue;
		}
		if (i == n - 1 ? !end_at(child, type) : !go_through(b, child)) {
			conflict(b, path, child);
			return NULL;
		}
		at = child;
	}
	if (b->nnodes > DRAFT_NODES) {
		yaml_error(b->err, b->draft->file, path->line,
			"more than %d paths in all: leave some out", DRAFT_NODES);
		return NULL;
	}
	return at;
}

static int add_leaf(struct builder *b, struct growing *from, const struct draft_path *path,
	const struct draft_column *column)
{
	struct growing *leaf = grow(b, from, path, column->type);
	if (!leaf)
		return -1;
	if (leaf->node.kind != NODE_TIME && leaf->node.nchildren == 0)
		leaf->node.kind = NODE_LEAF;
	leaf->node.column = column->direct >= 0 ? column->direct : column->index;
	leaf->owner = column->name;
	return 0;
}

static int add_times(struct builder *b)
{
	for (uint32_t i = 0; i < b->draft->times.n; i++) {
		struct growing *leaf = grow(b, b->root, &b->draft->times.items[i], COL_STRING);
		if (!leaf)
			return -1;
		leaf->node.kind = NODE_TIME;
		leaf->owner = "event_time";
	}
	return 0;
}

static int add_fields(struct builder *b, struct growing *node, int list)
{
	for (uint32_t i = 0; i < b->draft->ncolumns; i++) {
		const struct draft_column *column = &b->draft->columns[i];
		if (column->list != list || column->index < 0)
			continue;
		if (node->node.kind == NODE_VALUES)
			node->node.column = column->index;
		for (uint32_t p = 0; p < column->paths.n; p++)
			if (add_leaf(b, node, &column->paths.items[p], column) != 0)
				return -1;
	}
	return 0;
}

static int add_lists(struct builder *b)
{
	for (uint32_t i = 0; i < b->draft->nlists; i++) {
		const struct draft_list *list = &b->draft->lists[i];
		for (uint32_t p = 0; list->group != NO_GROUP && p < list->paths.n; p++) {
			struct growing *node = grow(b, b->root, &list->paths.items[p], COL_STRING);
			if (!node)
				return -1;
			node->node.kind = list->bare ? NODE_VALUES : NODE_LIST;
			node->node.group = list->group;
			node->owner = list->name;
			if (add_fields(b, node, (int)i) != 0)
				return -1;
		}
	}
	return 0;
}

static int add_columns(struct builder *b)
{
	for (uint32_t i = 0; i < b->draft->ncolumns; i++) {
		const struct draft_column *column = &b->draft->columns[i];
		if (column->list >= 0 || (column->index < 0 && column->direct < 0))
			continue;
		for (uint32_t p = 0; p < column->paths.n; p++)
			if (add_leaf(b, b->root, &column->paths.items[p], column) != 0)
				return -1;
	}
	return 0;
}

/* Breadth first: so the children of each node are adjacent. */
static void lay_out(struct builder *b)
{
	struct schema_node *nodes = arena_zalloc(&b->schema->mem, b->nnodes, sizeof(*nodes));
	struct growing **queue = arena_zalloc(b->draft->mem, b->nnodes, sizeof(struct growing *));
	uint32_t tail = 0;
	queue[tail++] = b->root;
	for (uint32_t i = 0; i < b->nnodes; i++) {
		nodes[i] = queue[i]->node;
		nodes[i].first_child = tail;
		for (struct growing *child = queue[i]->first; child; child = child->next)
			queue[tail++] = child;
	}
	b->schema->nodes = nodes;
	b->schema->nnodes = b->nnodes;
}

int nodes_build(struct draft *draft, struct schema *schema, struct err *err)
{
	struct growing root = {
		.node = {.kind = NODE_OBJECT, .key = "", .column = -1, .group = NO_GROUP}};
	struct builder b = {
		.draft = draft, .schema = schema, .root = &root, .nnodes = 1, .err = err};
	if (add_times(&b) != 0 || add_columns(&b) != 0 || add_lists(&b) != 0)
		return -1;
	lay_out(&b);
	return 0;
}
