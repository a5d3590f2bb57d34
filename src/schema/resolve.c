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

int schema_resolve_path(const struct schema *schema, struct slice name)
{
	if (name.len == 0 || name.len > MAX_NAME || memchr(name.ptr, 0, name.len))
		return -1;
	struct arena mem;
	struct slice keys[DRAFT_KEYS];
	const char *why;
	arena_init(&mem);
	int nkeys = path_split(without_brackets(&mem, name), &mem, keys, &why);
	int index = nkeys > 0 ? by_path(schema, keys, nkeys, true) : -1;
	arena_fini(&mem);
	return index;
}

int schema_resolve(const struct schema *schema, struct slice name)
{
	if (name.len == 0 || name.len > MAX_NAME || memchr(name.ptr, 0, name.len))
		return -1;
	struct arena mem;
	struct slice keys[DRAFT_KEYS];
	const char *why;
	arena_init(&mem);
	const char *text = without_brackets(&mem, name);
	int nkeys = path_split(text, &mem, keys, &why);
	int index = by_name(schema, text, true);
	if (index < 0 && nkeys > 0)
		index = by_path(schema, keys, nkeys, true);
	if (index < 0)
		index = by_name(schema, text, false);
	if (index < 0 && nkeys > 0)
		index = by_path(schema, keys, nkeys, false);
	arena_fini(&mem);
	return index;
}
