/* SPDX-License-Identifier: Apache-2.0 */
/* path.c: paths of keys (`author.name`) into keys and back; a dot that belongs to a key is
 * escaped by a backslash. */
#include "schema/draft.h"

enum { MAX_KEY = 256 };

int path_split(const char *path, struct arena *mem, struct slice keys[DRAFT_KEYS], const char **why)
{
	size_t len = strlen(path);
	char *out = arena_alloc(mem, len + 1);
	int n = 0;
	*why = NULL;
	for (size_t i = 0; !*why;) {
		char *begin = out;
		for (; i < len && path[i] != '.'; i++) {
			if (path[i] == '\\' && (path[i + 1] == '.' || path[i + 1] == '\\'))
				i++;
			else if (path[i] == '[' || path[i] == ']')
				*why = "a list on the way needs a column with `list` and `fields`";
			*out++ = path[i];
		}
		size_t n_key = (size_t)(out - begin);
		if (n_key == 0)
			*why = "a key is empty";
		else if (n_key > MAX_KEY)
			*why = "a key is longer than 256 bytes";
		else if (n == DRAFT_KEYS)
			*why = "more than 16 keys";
		if (*why)
			break;
		keys[n++] = (struct slice){begin, n_key};
		if (i++ == len)
			return n;
	}
	return -1;
}

void path_append(struct buf *path, struct slice key)
{
	if (path->len)
		buf_push(path, '.');
	for (size_t i = 0; i < key.len; i++) {
		if (key.ptr[i] == '.' || key.ptr[i] == '\\')
			buf_push(path, '\\');
		buf_push(path, key.ptr[i]);
	}
}
