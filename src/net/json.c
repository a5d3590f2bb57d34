/* SPDX-License-Identifier: Apache-2.0 */
/* json.c: single members of small JSON replies and files, without a tree. */
#include "json/json.h"
#include "net/private.h"

struct slice net_json_member(struct slice object, const char *key)
{
	struct slice none = {NULL, 0}, found = none;
	size_t at = json_blanks(object, 0);
	struct buf name;
	if (at >= object.len || json_validate(object, NULL) < 0 || object.ptr[at] != '{')
		return none;
	buf_init(&name, object.len);
	for (at = json_blanks(object, at + 1); at < object.len && object.ptr[at] == '"';) {
		bool repaired = false;
		buf_clear(&name);
		int64_t end = json_string(object, at, &name, &repaired);
		if (end < 0)
			break;
		at = json_blanks(object, json_blanks(object, (size_t)end) + 1); /* the colon */
		if ((end = json_skip(object, at)) < 0)
			break;
		if (slice_eq(buf_view(&name), slice_of(key)))
			found = (struct slice){object.ptr + at, (size_t)end - at};
		at = json_blanks(object, json_blanks(object, (size_t)end) + 1); /* the comma */
	}
	buf_fini(&name);
	return found;
}

bool net_json_text(struct slice object, const char *key, struct buf *out)
{
	struct slice value = net_json_member(object, key);
	bool repaired = false;
	buf_clear(out);
	return value.len > 0 && value.ptr[0] == '"' && json_string(value, 0, out, &repaired) >= 0 &&
	       !repaired && !out->full;
}

bool net_json_next(struct slice array, size_t *at, struct slice *value)
{
	size_t from = json_blanks(array, *at);
	if (from >= array.len || (*at == 0 && array.ptr[from] != '['))
		return false;
	if (*at == 0 || array.ptr[from] == ',')
		from = json_blanks(array, from + 1);
	if (from >= array.len || array.ptr[from] == ']')
		return false;
	int64_t end = json_skip(array, from);
	if (end < 0)
		return false;
	*value = (struct slice){array.ptr + from, (size_t)end - from};
	*at = (size_t)end;
	return true;
}
