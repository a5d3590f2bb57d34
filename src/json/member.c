/* SPDX-License-Identifier: Apache-2.0 */
/* member.c: single members of an object, without a tree: for envelopes, settings and small replies. */
#include "json/json.h"

int json_member(struct slice object, const char *key, struct slice *value)
{
	size_t at = json_blanks(object, 0), n = strlen(key);
	int found = 0;
	*value = (struct slice){NULL, 0};
	if (at >= object.len || object.ptr[at] != '{')
		return 0;
	at = json_blanks(object, at + 1);
	while (at < object.len && object.ptr[at] == '"') {
		int64_t end = json_skip(object, at);
		if (end < 0)
			break;
		struct slice name = {object.ptr + at + 1, (size_t)end - at - 2};
		at = json_blanks(object, json_blanks(object, (size_t)end) + 1); /* the colon */
		if ((end = json_skip(object, at)) < 0)
			break;
		if (name.len == n && memcmp(name.ptr, key, n) == 0) {
			*value = (struct slice){object.ptr + at, (size_t)end - at};
			found = 1;
		}
		at = json_blanks(object, json_blanks(object, (size_t)end) + 1); /* the comma */
	}
	return found;
}
