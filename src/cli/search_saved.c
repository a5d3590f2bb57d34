/* SPDX-License-Identifier: Apache-2.0 */
/* search_saved.c (cli/): searches that were given a name: the query and the options that say what
 * is looked for and what of it is shown. */
#include <stdlib.h>

#include "cli/search.h"

/* What is kept beside the query; how it is printed is chosen anew each time. */
static const enum opt kept[] = {OPT_SINCE, OPT_UNTIL, OPT_TABLE, OPT_COLUMNS, OPT_SORT, OPT_LIMIT,
	OPT_COUNT, OPT_HISTOGRAM, OPT_FACET, OPT_SECONDARY};
enum { KEPT = sizeof(kept) / sizeof(*kept) };

int search_save(struct searching *s)
{
	struct err err = {0};
	struct store *store;
	struct buf options;
	buf_init(&options, 1 << 20);
	for (size_t i = 0; i < KEPT; i++)
		if (s->line->values[kept[i]])
			buf_printf(&options, "%s=%s\n", option_name(kept[i]),
				s->line->values[kept[i]]);
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

static void list_json(const struct saved_search *saved, struct buf *out)
{
	char when[CLOCK_TEXT];
	bool first = true;
	buf_puts(out, "{\"name\":");
	text_json_string(out, slice_of(saved->name));
	buf_puts(out, ",\"query\":");
	text_json_string(out, slice_of(saved->query));
	buf_printf(out, ",\"saved_at\":\"%s\",\"options\":{", clock_text(saved->saved_at, when));
	for (const char *p = saved->options; *p; first = false) {
		size_t n = strcspn(p, "\n"), name = strcspn(p, "=");
		buf_puts(out, first ? "" : ",");
		text_json_string(out, (struct slice){p, name < n ? name : n});
		buf_push(out, ':');
		text_json_string(
			out, name < n ? (struct slice){p + name + 1, n - name - 1} : SLICE(""));
		p += n + (p[n] == '\n');
	}
	buf_puts(out, "}}");
}

struct listing {
	bool json;
	unsigned n;
};

static int list_one(void *ctx, const struct saved_search *saved, struct err *err)
{
	struct listing *listing = ctx;
	struct buf out;
	(void)err;
	buf_init(&out, (size_t)1 << 28);
	if (listing->json) {
		buf_puts(&out, listing->n ? ",\n" : "");
		list_json(saved, &out);
	} else {
		list_text(saved, &out);
	}
	fwrite(out.ptr, 1, out.len, stdout);
	listing->n++;
	buf_fini(&out);
	return 0;
}

int search_list_saved(const struct command_line *line)
{
	struct err err = {0};
	struct store *store;
	struct listing listing = {.json = line->values[OPT_JSON]};
	if (open_data(line, STORE_READ, &store, &err) < 0)
		return fail(&err);
	fputs(listing.json ? "[" : "", stdout);
	int status = store_saved_list(store, list_one, &listing, &err);
	store_close(store);
	if (status < 0)
		return fail(&err);
	fputs(listing.json ? "]\n" : "", stdout);
	if (!listing.json && listing.n == 0)
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
		for (size_t i = 0; i < KEPT && len < n; i++) {
			const char *option = option_name(kept[i]);
			if (strlen(option) == len && memcmp(option, p, len) == 0 &&
				!line->values[kept[i]])
				line->values[kept[i]] = arena_strdup(
					&s->mem, (struct slice){p + len + 1, n - len - 1});
		}
		p += n + (p[n] == '\n');
	}
	return 0;
}
