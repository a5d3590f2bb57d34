/* SPDX-License-Identifier: Apache-2.0 */
/* list_zeek.c: files of Zeek's intelligence framework: "#fields" and names, then values between tabs; "-" is no value. */
#include "ioc/list_private.h"

static const struct slice fields_word = SLICE("#fields");

static bool is_fields(struct slice line)
{
	return line.len > fields_word.len &&
	       memcmp(line.ptr, fields_word.ptr, fields_word.len) == 0 &&
	       (line.ptr[fields_word.len] == '\t' || line.ptr[fields_word.len] == ' ');
}

bool zeek_looks_like(struct list *list, struct slice head)
{
	(void)list;
	while (head.len > 0 && head.ptr[0] == '#') {
		if (is_fields(head))
			return true;
		const char *end = memchr(head.ptr, '\n', head.len);
		size_t n = end ? (size_t)(end - head.ptr) + 1 : head.len;
		head = (struct slice){head.ptr + n, head.len - n};
	}
	return false;
}

static void split(struct slice line, struct row *row)
{
	row->n = 0;
	for (size_t at = 0; row->n < ROW_FIELDS;) {
		const char *tab = at < line.len ? memchr(line.ptr + at, '\t', line.len - at) : NULL;
		size_t end = tab ? (size_t)(tab - line.ptr) : line.len;
		row->fields[row->n++] = (struct slice){line.ptr + at, end - at};
		if (!tab)
			return;
		at = end + 1;
	}
}

static int read_fields(struct list *list, struct slice line, struct row_shape *shape)
{
	struct row names;
	split((struct slice){line.ptr + fields_word.len + 1, line.len - fields_word.len - 1},
		&names);
	if (row_shape(list, &names, NULL, 0, shape) != 0)
		return -1;
	return 1;
}

/* 1 = go on; else as readers return. */
static int read_line(struct list *list, struct slice line, bool *known, struct row_shape *shape)
{
	struct row row;
	if (is_fields(line)) {
		*known = true;
		list->counts->skipped++;
		return read_fields(list, line, shape);
	}
	if (list_trim(line).len == 0 || line.ptr[0] == '#') {
		list->counts->skipped++;
		return 1;
	}
	if (!*known)
		return list_error(list, "no line with #fields in front of the values");
	split(line, &row);
	arena_reset(&list->mem);
	int status = row_emit(list, &row, shape);
	return status ? status : 1;
}

int zeek_read(struct list *list)
{
	struct slice line;
	struct row_shape shape;
	bool known = false;
	int status;
	while ((status = list_line(list, &line)) > 0) {
		status = read_line(list, line, &known, &shape);
		if (status != 1)
			return status;
	}
	return status;
}
