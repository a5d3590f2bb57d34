/* SPDX-License-Identifier: Apache-2.0 */
/* json.c: single members of small JSON replies and files, without a tree. */
#include "json/json.h"
#include "net/private.h"

struct slice net_json_member(struct slice object, const char *key)
{
	struct slice value = {NULL, 0};
	if (object.len > 0 && json_validate(object, NULL) == 0)
		json_member(object, key, &value);
	return value;
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
