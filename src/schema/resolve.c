/* SPDX-License-Identifier: Apache-2.0 */
/* resolve.c: from what a person calls a column (its name, a path of the record, a common field) to
 * its index in the shape. */
#include "schema/draft.h"

#include <strings.h>

enum { MAX_NAME = 4096 };

static bool same(const char *a, const char *b, bool exact)
{
	return exact ? strcmp(a, b) == 0 : strcasecmp(a, b) == 0;
}

static int by_name(const struct schema *schema, const char *name, bool exact)
{
	for (int i = 0; i < SYS_COLUMNS; i++)
		if (same(sys_columns[i].name, name, exact))
			return i;
	for (uint32_t i = 0; i < schema->ncolumns; i++)
		if (same(schema->columns[i].name, name, exact))
			return SYS_COLUMNS + (int)i;
	return -1;
}

static int by_path(const struct schema *schema, const struct slice *keys, int nkeys, bool exact)
{
	uint32_t at = 0;
	for (int k = 0; k < nkeys; k++) {
		const struct schema_node *node = &schema->nodes[at];
		uint32_t i = 0;
		for (; i < node->nchildren; i++) {
			const struct schema_node *child = &schema->nodes[node->first_child + i];
			if (child->key_len == keys[k].len &&
				(exact ? memcmp(child->key, keys[k].ptr, keys[k].len)
				       : strncasecmp(child->key, keys[k].ptr, keys[k].len)) == 0)
				break;
		}
		if (i == node->nchildren)
			return -1;
		at = node->first_child + i;
	}
	const struct schema_node *end = &schema->nodes[at];
	if (end->kind == NODE_TIME)
		return end->column >= 0 ? end->column : SYS_EVENT_TIME;
	return end->column;
}

/* A copy without the `[]` that may stand after the key of a list. */
static char *without_brackets(struct arena *mem, struct slice name)
{
	char *text = arena_alloc(mem, name.len + 1);
	size_t n = 0;
	for (size_t i = 0; i < name.len; i++) {
		bool list = name.ptr[i] == '[' && i > 0 && i + 1 < name.len &&
			    name.ptr[i + 1] == ']' && (i + 2 == name.len || name.ptr[i + 2] == '.');
		if (list)
			i++;
		else
			text[n++] = name.ptr[i];
	}
	text[n] = '\0';
	return text;
}

/* A name taken apart: its text without brackets, and its keys (0: it is no path). */
struct name {
	struct arena mem;
	const char *text;
	struct slice keys[DRAFT_KEYS];
	int nkeys;
};

static bool name_read(struct name *name, struct slice text)
{
	const char *why;
	if (text.len == 0 || text.len > MAX_NAME || memchr(text.ptr, 0, text.len))
		return false;
	arena_init(&name->mem);
	name->text = without_brackets(&name->mem, text);
	name->nkeys = path_split(name->text, &name->mem, name->keys, &why);
	return true;
}

static int path_index(const struct schema *schema, const struct name *name, bool exact)
{
	return name->nkeys > 0 ? by_path(schema, name->keys, name->nkeys, exact) : -1;
}

int schema_resolve_path(const struct schema *schema, struct slice text)
{
	struct name name;
	if (!name_read(&name, text))
		return -1;
	int index = path_index(schema, &name, true);
	arena_fini(&name.mem);
	return index;
}

int schema_resolve(const struct schema *schema, struct slice text)
{
	struct name name;
	if (!name_read(&name, text))
		return -1;
	int index = by_name(schema, name.text, true);
	if (index < 0)
		index = path_index(schema, &name, true);
	if (index < 0)
		index = by_name(schema, name.text, false);
	if (index < 0)
		index = path_index(schema, &name, false);
	arena_fini(&name.mem);
	return index;
}
