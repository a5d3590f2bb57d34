/* SPDX-License-Identifier: Apache-2.0 */
/* search_field.c: what a field's name means in a shape, and values as people write them. */
#include "json/json.h"
#include "match/print.h"
#include "query/search_private.h"

struct field field_resolve(const struct schema *schema, const struct batch_shape *shape,
	struct slice name, struct arena *mem)
{
	struct match_field fields[MATCH_FIELDS];
	uint32_t n = name.len ? query_resolve(schema, shape, name, TEST_EXISTS, fields) : 0;
	struct field field = {.n = n, .list = arena_zalloc(mem, n + 1, sizeof(*fields))};
	memcpy(field.list, fields, n * sizeof(*fields));
	for (uint32_t i = 0; i < n; i++) /* a path may lie in the caller's name */
		field.list[i].path = slice_of(
			arena_strdup(mem, fields[i].path.len ? fields[i].path : SLICE("")));
	return field;
}

void value_text(enum col_type type, const struct column *col, uint32_t i, struct buf *out)
{
	char text[PRINT_MAX];
	if (type == COL_STRING || type == COL_JSON)
		buf_slice(out, column_text(col, i));
	else
		buf_append(out, text, print_value(col, type, i, text));
}

/* ---- a value within JSON --------------------------------------------------------------------- */

static bool take_value(struct slice json, size_t at, size_t end, struct buf *out)
{
	bool repaired = false;
	if (json.ptr[at] == '"')
		return json_unescape(json, at, out, &repaired) >= 0;
	struct slice value = {json.ptr + at, end - at};
	while (value.len && strchr(" \t\r\n", value.ptr[value.len - 1]))
		value.len--;
	if (slice_eq(value, SLICE("null")))
		return false;
	buf_slice(out, value);
	return true;
}

/* Looks in the object that begins at `at`. A key may have dots itself, so each member whose key the
 * path begins with is looked into. As deep as the JSON is (LIMIT_DEPTH), no deeper. */
static bool find_path(/* NOLINT(misc-no-recursion) */
	struct slice json, size_t at, struct slice path, struct buf *key, struct buf *out)
{
	at = json_blanks(json, at + 1);
	while (at < json.len && json.ptr[at] == '"') {
		bool repaired = false;
		buf_clear(key);
		int64_t colon = json_unescape(json, at, key, &repaired);
		if (colon < 0 || key->full)
			return false;
		size_t value = json_blanks(json, json_blanks(json, (size_t)colon) + 1);
		int64_t end = value < json.len ? json_skip(json, value) : -1;
		if (end < 0)
			return false;
		size_t n = key->len;
		if (n <= path.len && (n == 0 || memcmp(key->ptr, path.ptr, n) == 0)) {
			if (n == path.len)
				return take_value(json, value, (size_t)end, out);
			struct slice rest = {path.ptr + n + 1, path.len - n - 1};
			if (path.ptr[n] == '.' && json.ptr[value] == '{' &&
				find_path(json, value, rest, key, out))
				return true;
		}
		at = json_blanks(json, (size_t)end);
		at = at < json.len && json.ptr[at] == ',' ? json_blanks(json, at + 1) : json.len;
	}
	return false;
}

bool json_path_text(struct slice json, struct slice path, struct buf *out)
{
	struct buf key;
	size_t at = json_blanks(json, 0);
	buf_init(&key, LIMIT_RECORD_BYTES);
	bool found = at < json.len && json.ptr[at] == '{' && find_path(json, at, path, &key, out);
	buf_fini(&key);
	return found;
}
