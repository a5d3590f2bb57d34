/* SPDX-License-Identifier: Apache-2.0 */
/* guess.c: which table sample records belong to, by the marks of the built-in schemas. */
#include "decode/decode.h"

#include "json/json.h"

/* The value of a member of the object text, or an empty slice. */
static struct slice find_member(struct slice object, struct slice key, struct buf *scratch)
{
	static const char between[] = " \t\r\n,:";
	size_t at = 1;
	bool repaired;
	struct slice none = {0};
	if (object.len == 0 || object.ptr[0] != '{')
		return none;
	for (;;) {
		while (at < object.len && object.ptr[at] && strchr(between, object.ptr[at]))
			at++;
		if (at >= object.len || object.ptr[at] != '"')
			return none;
		buf_clear(scratch);
		int64_t end = json_unescape(object, at, scratch, &repaired);
		if (end < 0)
			return none;
		at = (size_t)end;
		while (at < object.len && object.ptr[at] && strchr(between, object.ptr[at]))
			at++;
		end = json_skip(object, at);
		if (end < 0 || at >= object.len)
			return none;
		if (slice_eq(buf_view(scratch), key))
			return (struct slice){object.ptr + at, (size_t)end - at};
		at = (size_t)end;
	}
}

static struct slice find_path(struct slice record, const char *path, struct buf *scratch)
{
	struct slice value = record;
	while (*path && value.len) {
		const char *dot = strchrnul(path, '.');
		value = find_member(value, (struct slice){path, (size_t)(dot - path)}, scratch);
		path = *dot ? dot + 1 : dot;
	}
	return value;
}

static bool mark_fits(struct slice record, const struct schema_mark *mark, struct buf *scratch)
{
	struct slice value = find_path(record, mark->path, scratch);
	if (value.len == 0 || value.ptr[0] == 'n')
		return false;
	if (!mark->prefix)
		return true;
	bool repaired;
	size_t n = strlen(mark->prefix);
	buf_clear(scratch);
	if (value.ptr[0] != '"' || json_unescape(value, 0, scratch, &repaired) < 0)
		return false;
	return scratch->len >= n && memcmp(scratch->ptr, mark->prefix, n) == 0;
}

int64_t decode_score(const struct schema *schema, const struct slice *records, uint32_t n)
{
	int64_t sum = 0;
	struct buf scratch;
	buf_init(&scratch, LIMIT_RECORD_BYTES * 4);
	for (uint32_t r = 0; r < n; r++) {
		for (uint32_t m = 0; m < schema->nmarks; m++) {
			if (mark_fits(records[r], &schema->marks[m], &scratch))
				sum += schema->marks[m].weight;
		}
	}
	buf_fini(&scratch);
	return sum;
}

const struct schema *decode_guess(const struct slice *records, uint32_t n, struct err *err)
{
	const struct schema *best = NULL, *second = NULL, *schema;
	int64_t best_score = 0;
	for (unsigned i = 0; (schema = schema_builtin(i)); i++) {
		int64_t sum = decode_score(schema, records, n);
		if (sum > best_score) {
			best = schema;
			second = NULL;
			best_score = sum;
		} else if (sum == best_score && best) {
			second = schema;
		}
	}
	if (second) {
		err_set(err, ERR_USAGE, "the records fit %s as well as %s: say which with --table",
			best->table, second->table);
		return NULL;
	}
	if (!best)
		err_set(err, ERR_USAGE,
			"the records look like none of the built-in tables: say which with "
			"--table, or give a schema of your own with --schema");
	return best;
}
