/* SPDX-License-Identifier: Apache-2.0 */
/* search_query.c (cli/): what is asked: the query's text, the tables, the fields of lists. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/search.h"

int search_tables_load(struct searching *s, struct err *err)
{
	enum { MOST = 64 };
	const char *folder = data_folder(s->line), *only = s->line->values[OPT_TABLE];
	struct schema_set *set = &s->schemas;
	if (only) {
		set->of = arena_zalloc(&s->mem, 1, sizeof(*set->of));
		set->owned = arena_zalloc(&s->mem, 1, sizeof(*set->owned));
		if (store_schema(folder, only, set->of, set->owned, err) < 0)
			return -1;
		set->n = 1;
	} else if (store_schema_set(folder, &s->mem, set, err) < 0)
		return -1;
	if (set->n > MOST)
		return err_set(err, ERR_LIMIT, "more than %d tables: name one with --table", MOST);
	s->tables = (struct search_tables){set->n, set->of};
	return 0;
}

static int read_input(struct buf *out, struct err *err)
{
	for (;;) {
		char *room = buf_reserve(out, 64 << 10);
		if (!room)
			return err_set(err, ERR_LIMIT, "the query on standard input is too long");
		ssize_t n = io_read(STDIN_FILENO, room, 64 << 10, "standard input", err);
		if (n <= 0)
			return n < 0 ? -1 : 0;
		out->len += (size_t)n;
	}
}

static int read_file(const char *path, struct buf *out, struct err *err)
{
	if (strcmp(path, "-") == 0)
		return read_input(out, err);
	char *text;
	size_t n;
	if (io_read_file(path, LIMIT_QUERY_BYTES, &text, &n, err) < 0)
		return -1;
	buf_append(out, text, n);
	free(text);
	return 0;
}

/* Joins two queries by AND; either may be empty. */
static void narrow(struct buf *query, struct slice more)
{
	struct buf old = *query;
	size_t n = more.len;
	while (n && strchr(" \t\r\n", more.ptr[n - 1]))
		n--;
	more.len = n;
	if (!more.len)
		return;
	if (!old.len) {
		buf_slice(query, more);
		return;
	}
	buf_init(query, old.max);
	buf_printf(query, "(");
	buf_slice(query, buf_view(&old));
	buf_puts(query, ") (");
	buf_slice(query, more);
	buf_puts(query, ")");
	buf_fini(&old);
}

int search_query_read(struct searching *s, const char *saved, struct err *err)
{
	const struct command_line *line = s->line;
	const char *file = line->values[OPT_QUERY_FILE];
	bool dash = line->nargs == 1 && strcmp(line->args[0], "-") == 0;
	struct buf query, part;
	int status = 0;
	buf_init(&query, 3 * LIMIT_QUERY_BYTES);
	buf_init(&part, LIMIT_QUERY_BYTES + (64 << 10));
	if (saved)
		narrow(&query, slice_of(saved));
	for (int i = 0; !dash && i < line->nargs; i++) {
		buf_puts(&part, i ? " " : "");
		buf_puts(&part, line->args[i]);
	}
	narrow(&query, buf_view(&part));
	buf_clear(&part);
	if (dash || file)
		status = read_file(dash ? "-" : file, &part, err);
	narrow(&query, buf_view(&part));
	if (status == 0 && (part.full || query.full))
		status = err_set(
			err, ERR_USAGE, "the query is longer than %zu bytes", LIMIT_QUERY_BYTES);
	s->query = (struct slice){arena_strdup(&s->mem, buf_view(&query)), query.len};
	buf_fini(&part);
	buf_fini(&query);
	return status;
}

int search_query_parse(struct searching *s)
{
	struct query_error where = {0};
	struct err err = {0};
	if (query_parse(s->query, &s->tables, &s->mem, &s->expr, &where, &err) == 0)
		return EXIT_DONE;
	if (s->query.len > LIMIT_QUERY_BYTES)
		return fail(&err);
	struct buf out;
	buf_init(&out, 1 << 20);
	query_error_print(&out, s->query, &where, s->width ? s->width : PLAIN_WIDTH);
	fprintf(stderr, "pugmark: search: the query is wrong here:\n%.*s",
		SLICE_ARG(buf_view(&out)));
	buf_fini(&out);
	return EXIT_USAGE;
}

int search_fields_parse(
	struct searching *s, const char *list, const char ***fields, struct err *err)
{
	uint32_t n = 0;
	*fields = arena_zalloc(&s->mem, MOST_FIELDS, sizeof(**fields));
	while (*list) {
		size_t len = strcspn(list, ",");
		struct slice name = {list, len};
		list += len + (list[len] == ',');
		while (name.len && *name.ptr == ' ')
			name.ptr++, name.len--;
		while (name.len && name.ptr[name.len - 1] == ' ')
			name.len--;
		if (!name.len)
			continue;
		if (n == MOST_FIELDS)
			return err_set(err, ERR_USAGE, "more than %d fields", MOST_FIELDS);
		if (query_check_field(&s->tables, name, err) < 0)
			return -1;
		(*fields)[n++] = arena_strdup(&s->mem, name);
	}
	if (n == 0)
		return err_set(err, ERR_USAGE, "a list of fields is empty");
	return (int)n;
}
