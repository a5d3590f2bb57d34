/* SPDX-License-Identifier: Apache-2.0 */
/* saved.c (answer/): searches that were given a name, and what is kept of each. */
#include <string.h>

#include "answer/answer.h"

const char *const saved_options[] = {"since", "until", "table", "columns", "sort", "limit", "count",
	"histogram", "facet", "secondary", NULL};

/* The option's value in "name=value\n…", of a line at a time; false at the end. */
static bool next_option(const char **at, struct slice *name, struct slice *value)
{
	const char *p = *at;
	size_t n = strcspn(p, "\n"), equals = strcspn(p, "=");
	*name = (struct slice){p, equals < n ? equals : n};
	*value = equals < n ? (struct slice){p + equals + 1, n - equals - 1} : SLICE("");
	*at = p + n + (p[n] == '\n');
	return *p != '\0';
}

static bool is_kept(struct slice option)
{
	for (const char *const *name = saved_options; *name; name++) {
		if (slice_eq(option, slice_of(*name)))
			return true;
	}
	return false;
}

void answer_saved(const struct saved_search *saved, struct buf *out)
{
	char when[CLOCK_TEXT];
	struct slice name, value;
	const char *between = "";
	buf_puts(out, "{\"name\":");
	text_json_string(out, slice_of(saved->name));
	buf_puts(out, ",\"query\":");
	text_json_string(out, slice_of(saved->query));
	buf_printf(out, ",\"saved_at\":\"%s\",\"options\":{", clock_text(saved->saved_at, when));
	for (const char *at = saved->options; next_option(&at, &name, &value); between = ",") {
		buf_puts(out, between);
		text_json_string(out, name);
		buf_push(out, ':');
		text_json_string(out, value);
	}
	buf_push(out, '}');
	for (const char *at = saved->options; next_option(&at, &name, &value);) {
		if (!is_kept(name))
			continue;
		buf_printf(out, ",\"%.*s\":", SLICE_ARG(name));
		text_json_string(out, value);
	}
	buf_push(out, '}');
}

struct listing {
	struct buf *out;
	unsigned n;
};

static int list_one(void *ctx, const struct saved_search *saved, struct err *err)
{
	struct listing *l = ctx;
	(void)err;
	buf_puts(l->out, l->n++ ? ",\n" : "");
	answer_saved(saved, l->out);
	return 0;
}

int answer_saved_all(struct store *store, struct buf *out, struct err *err)
{
	struct listing l = {.out = out};
	buf_push(out, '[');
	int rc = store_saved_list(store, list_one, &l, err);
	buf_push(out, ']');
	return rc < 0 ? -1 : 0;
}
