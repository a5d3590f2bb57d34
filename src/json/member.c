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

bool json_next(struct slice object, size_t *at, struct buf *name, struct slice *value)
{
	size_t from = json_blanks(object, *at);
	bool repaired;
	if (from >= object.len || (*at == 0 && object.ptr[from] != '{'))
		return false;
	if (*at == 0 || object.ptr[from] == ',')
		from = json_blanks(object, from + 1);
	if (from >= object.len || object.ptr[from] != '"')
		return false;
	buf_clear(name);
	int64_t end = json_unescape(object, from, name, &repaired);
	if (end < 0)
		return false;
	from = json_blanks(object, json_blanks(object, (size_t)end) + 1); /* the colon */
	if ((end = json_skip(object, from)) < 0)
		return false;
	*value = (struct slice){object.ptr + from, (size_t)end - from};
	*at = (size_t)end;
	return true;
}

struct slice json_find(struct slice text, const char *key)
{
	struct slice found = {NULL, 0}, value;
	struct buf name;
	bool repaired;
	if (json_validate_lenient(text, &repaired, NULL) < 0)
		return found;
	buf_init(&name, text.len);
	for (size_t at = 0; json_next(text, &at, &name, &value);) {
		if (slice_eq(buf_view(&name), slice_of(key)))
			found = value;
	}
	buf_fini(&name);
	return found;
}

bool json_find_text(struct slice text, const char *key, struct buf *out)
{
	struct slice value = json_find(text, key);
	bool repaired = false;
	buf_clear(out);
	return value.len > 0 && value.ptr[0] == '"' &&
	       json_unescape(value, 0, out, &repaired) >= 0 && !repaired && !out->full;
}

bool json_item(struct slice array, size_t *at, struct slice *value)
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
