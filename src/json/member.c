/* SPDX-License-Identifier: Apache-2.0 */
/* member.c: one member of a small object, without a tree. */
#include "json/json.h"

struct slice json_member(struct slice text, const char *key)
{
	struct slice none = {NULL, 0}, found = none;
	size_t at = json_blanks(text, 0);
	struct buf name;
	bool repaired;
	if (json_validate_lenient(text, &repaired, NULL) < 0 || at >= text.len ||
		text.ptr[at] != '{')
		return none;
	buf_init(&name, text.len);
	for (at = json_blanks(text, at + 1); at < text.len && text.ptr[at] == '"';) {
		buf_clear(&name);
		int64_t end = json_string(text, at, &name, &repaired);
		if (end < 0)
			break;
		at = json_blanks(text, json_blanks(text, (size_t)end) + 1); /* the colon */
		if ((end = json_skip(text, at)) < 0)
			break;
		if (slice_eq(buf_view(&name), slice_of(key)))
			found = (struct slice){text.ptr + at, (size_t)end - at};
		at = json_blanks(text, json_blanks(text, (size_t)end) + 1); /* the comma */
	}
	buf_fini(&name);
	return found;
}

bool json_member_text(struct slice text, const char *key, struct buf *out)
{
	struct slice value = json_member(text, key);
	bool repaired = false;
	buf_clear(out);
	return value.len > 0 && value.ptr[0] == '"' && json_string(value, 0, out, &repaired) >= 0 &&
	       !repaired && !out->full;
}
