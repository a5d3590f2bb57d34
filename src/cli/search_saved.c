/* SPDX-License-Identifier: Apache-2.0 */
/* search_saved.c (cli/): searches that were given a name: the query and the options that say what
 * is looked for and what of it is shown. */
#include <stdlib.h>

#include "answer/answer.h"
#include "cli/search.h"

/* Whether an option is kept beside the query; how it is printed is chosen anew each time. */
static bool is_kept(const char *option)
{
	for (const char *const *name = saved_options; *name; name++) {
		if (strcmp(*name, option) == 0)
			return true;
	}
	return false;
}

int search_save(struct searching *s)
{
	struct err err = {0};
	struct store *store;
	struct buf options;
	buf_init(&options, 1 << 20);
	for (enum opt i = 0; i < OPTIONS; i++) {
		const char *value = s->line->values[i];
		if (value && is_kept(option_name(i)))
			buf_printf(&options, "%s=%s\n", option_name(i), value);
	}
	buf_append(&options, "", 1);
	struct saved_search saved = {
		.name = s->line->values[OPT_SAVE], .query = s->query.ptr, .options = options.ptr};
	int status = strlen(s->query.ptr) == s->query.len
			     ? open_data(s->line, STORE_WRITE, &store, &err)
			     : err_set(&err, ERR_USAGE, "a query with a NUL cannot be saved");
	if (status == 0) {
		status = store_saved_put(store, &saved, &err);
		store_close(store);
	}
	buf_fini(&options);
	if (status < 0)
		return fail(&err);
	fprintf(stderr, "saved: pugmark search --saved '%s' runs it\n", saved.name);
	return EXIT_DONE;
}

static void list_text(const struct saved_search *saved, struct buf *out)
{
	text_escape(out, slice_of(saved->name));
	buf_puts(out, "  ");
	text_escape(out, slice_of(saved->query));
	for (const char *p = saved->options; *p;) {
		size_t n = strcspn(p, "\n"), name = strcspn(p, "=");
		buf_puts(out, "  --");
		text_escape(out, (struct slice){p, name < n ? name : n});
		if (name + 1 < n) {
			buf_push(out, ' ');
			text_escape(out, (struct slice){p + name + 1, n - name - 1});
		}
		p += n + (p[n] == '\n');
	}
	buf_push(out, '\n');
}

static int list_one(void *ctx, const struct saved_search *saved, struct err *err)
{
	unsigned *n = ctx;
	struct buf out;
	(void)err;
	buf_init(&out, (size_t)1 << 28);
	list_text(saved, &out);
	fwrite(out.ptr, 1, out.len, stdout);
	++*n;
	buf_fini(&out);
	return 0;
}

static int list_json(struct store *store, struct err *err)
{
	struct buf out;
	buf_init(&out, ANSWER_MOST);
	int rc = answer_saved_all(store, &out, err);
	if (rc == 0)
		printf("%.*s\n", SLICE_ARG(buf_view(&out)));
	buf_fini(&out);
	return rc;
}

int search_list_saved(const struct command_line *line)
{
	struct err err = {0};
	struct store *store;
	unsigned n = 0;
	bool json = line->values[OPT_JSON];
	if (open_data(line, STORE_READ, &store, &err) < 0)
		return fail(&err);
	int status = json ? list_json(store, &err) : store_saved_list(store, list_one, &n, &err);
	store_close(store);
	if (status < 0)
		return fail(&err);
	if (!json && n == 0)
		fputs("no search is saved: pugmark search --save NAME QUERY keeps one\n", stderr);
	return EXIT_DONE;
}

int search_delete_saved(const struct command_line *line)
{
	struct err err = {0};
	struct store *store;
	const char *name = line->values[OPT_DELETE_SAVED];
	if (open_data(line, STORE_WRITE, &store, &err) < 0)
		return fail(&err);
	int found = store_saved_remove(store, name, &err);
	store_close(store);
	if (found == 0)
		err_set(&err, ERR_NOT_FOUND,
			"no search is saved as %s: pugmark search --list-saved lists them", name);
	return found == 1 ? EXIT_DONE : fail(&err);
}

int search_saved_load(
	struct searching *s, struct command_line *line, const char **query, struct err *err)
{
	struct saved_search saved;
	const char *name = line->values[OPT_SAVED];
	int found = store_saved_get(s->store, name, &s->mem, &saved, err);
	if (found < 0)
		return -1;
	if (found == 0)
		return err_set(err, ERR_NOT_FOUND,
			"no search is saved as %s: pugmark search --list-saved lists them", name);
	*query = saved.query;
	for (const char *p = saved.options; *p;) {
		size_t n = strcspn(p, "\n"), len = strcspn(p, "=");
		for (enum opt i = 0; i < OPTIONS && len < n; i++) {
			const char *option = option_name(i);
			if (!line->values[i] && is_kept(option) &&
				slice_eq((struct slice){p, len}, slice_of(option)))
				line->values[i] = arena_strdup(
					&s->mem, (struct slice){p + len + 1, n - len - 1});
		}
		p += n + (p[n] == '\n');
	}
	return 0;
}
