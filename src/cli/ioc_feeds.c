/* SPDX-License-Identifier: Apache-2.0 */
/* ioc_feeds.c (cli/): pugmark ioc update: feeds fetched now, or by a process of the service; pugmark ioc feeds: how they are. */
#include <inttypes.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "answer/watch.h"
#include "cli/ioc.h"
#include "pipeline/feed.h"

/* ---- update ---------------------------------------------------------------------------------- */

struct updating {
	const struct command_line *line;
	struct store *store;
	struct arena mem;
	const char **names;
	uint32_t n, cap;
	unsigned failed, changed;
	struct err why; /* of the last failure */
	struct buf json;
};

static int take_name(void *ctx, const struct watchlist *list, struct err *err)
{
	struct updating *u = ctx;
	(void)err;
	if (!feed_is(list) || list->paused)
		return 0;
	if (u->n == u->cap) {
		u->cap = u->cap ? u->cap * 2 : 16;
		u->names = xrealloc(u->names, u->cap * sizeof(*u->names));
	}
	u->names[u->n++] = arena_strdup(&u->mem, slice_of(list->name));
	return 0;
}

static struct feed_options options_of(const struct command_line *line)
{
	return (struct feed_options){.key_file = key_file(line),
		.memory = line->memory,
		.threads = line->threads,
		.accept = line->values[OPT_ACCEPT] != NULL,
		.no_detect = line->values[OPT_NO_DETECT] != NULL,
		.once = line->values[OPT_ONCE] != NULL,
		.stop = &stop_requested};
}

static const char *const outcomes[] = {"changed", "unchanged", "busy"};

void ioc_feed_json(
	const char *name, const struct feed_result *r, const struct err *err, struct buf *out)
{
	const struct watch_fill_result *f = &r->fill;
	buf_puts(out, "{\"name\":");
	text_json_string(out, slice_of(name));
	text_json_member(out, "outcome", err ? "failed" : outcomes[r->outcome]);
	buf_printf(out,
		",\"added\":%" PRIu64 ",\"removed\":%" PRIu64 ",\"unusable\":%" PRIu64
		",\"duplicates\":%" PRIu64 ",\"bytes\":%" PRIu64,
		f->added, f->removed, f->unusable, f->duplicates, r->bytes);
	text_json_member(out, "error", err ? err->text : NULL);
	buf_push(out, '}');
}

static void note_json(
	struct updating *u, const char *name, const struct feed_result *r, const struct err *err)
{
	buf_puts(&u->json, u->json.len ? "," : "");
	ioc_feed_json(name, r, err, &u->json);
}

static void tell(struct updating *u, const char *name, const struct feed_result *result,
	const struct ioc_telling *telling)
{
	if (u->line->values[OPT_JSON])
		note_json(u, name, result, NULL);
	else if (result->outcome == FEED_BUSY)
		printf("%s: another process fetches it right now\n", name);
	else if (result->outcome == FEED_UNCHANGED)
		printf("%s: nothing new\n", name);
	else
		ioc_tell_fill(name, &result->fill, telling);
}

static void update_one(struct updating *u, const char *name)
{
	struct ioc_telling telling = {0};
	struct feed_options options = options_of(u->line);
	struct feed_result result;
	struct err err = {0};
	options.unusable = u->line->values[OPT_VERBOSE] ? ioc_tell_unusable : NULL;
	options.ctx = &telling;
	if (feed_update(u->store, name, &options, &result, &err) == 0) {
		u->changed += result.outcome == FEED_CHANGED;
		tell(u, name, &result, &telling);
		return;
	}
	u->failed++;
	u->why = err;
	if (u->line->values[OPT_JSON])
		note_json(u, name, &result, &err);
	else if (err.kind != ERR_INTERRUPTED && u->n > 1) {
		struct buf text;
		buf_init(&text, 1 << 14);
		text_escape(&text, slice_of(name));
		buf_puts(&text, ": ");
		text_escape(&text, slice_of(err.text));
		fprintf(stderr, "%.*s\n", SLICE_ARG(buf_view(&text)));
		buf_fini(&text);
	}
}

static int update_all(struct updating *u, struct err *err)
{
	for (int i = 1; i < u->line->nargs; i++)
		take_name(u, &(struct watchlist){.name = u->line->args[i], .url = "-"}, err);
	if (u->line->nargs == 1 && watchlists(u->store, take_name, u, err) < 0)
		return -1;
	if (u->n == 0)
		return err_set(err, ERR_NOT_FOUND,
			"there is no feed: pugmark ioc add NAME --url URL makes one");
	for (uint32_t i = 0; i < u->n && !stop_requested; i++)
		update_one(u, u->names[i]);
	if (u->line->values[OPT_JSON])
		printf("{\"feeds\":[%.*s]}\n", SLICE_ARG(buf_view(&u->json)));
	/* What a fetch before left unasked is asked now too. */
	if (!stop_requested && ioc_sweep(u->line, u->store, err) < 0)
		return -1;
	if (stop_requested)
		return err_set(
			err, ERR_INTERRUPTED, "interrupted: what was not fetched is as it was");
	if (u->failed && u->n == 1)
		return err_set(err, u->why.kind, "%s: %s", u->names[0], u->why.text);
	return u->failed ? err_set(err, u->why.kind, "%u of %u feeds failed; they are as they were",
				   u->failed, u->n)
			 : 0;
}

static int loop(const struct command_line *line, struct store *store, struct err *err)
{
	const struct feed_options options = options_of(line);
	if (line->nargs > 1 || options.accept)
		return err_set(err, ERR_USAGE, "--loop is for all feeds, and accepts nothing");
	log_setup(line->values[OPT_VERBOSE] ? LOG_DEBUG : LOG_INFO, LOG_AUTO);
	return feed_run(store, &options, err);
}

int ioc_update_run(const struct command_line *line)
{
	struct updating u = {.line = line};
	struct err err = {0};
	prctl(PR_SET_DUMPABLE, 0); /* no core with a secret in it */
	if (line->values[OPT_ONCE] && !line->values[OPT_LOOP])
		return usage_error(line, "--once goes with --loop: what is due now, and no more");
	if (open_data(line, STORE_WRITE, &u.store, &err) < 0)
		return fail(&err);
	buf_init(&u.json, 64 << 20);
	int rc = line->values[OPT_LOOP] ? loop(line, u.store, &err) : update_all(&u, &err);
	store_close(u.store);
	buf_fini(&u.json);
	free(u.names);
	arena_fini(&u.mem);
	return rc < 0 ? fail(&err) : EXIT_DONE;
}

/* ---- feeds ----------------------------------------------------------------------------------- */

struct listing {
	unsigned n;
	int64_t now;
};

static const char *ago(int64_t now, int64_t us, char text[32])
{
	return us ? span_text(now > us ? now - us : 0, text) : NULL;
}

static void list_text(const struct listing *l, const struct watchlist *list, struct buf *out)
{
	char a[32], b[32], c[32];
	const char *fetched = ago(l->now, list->fetched_at, a);
	buf_printf(out, "%s  ", list->name);
	text_escape(out, slice_of(list->url));
	buf_printf(out, "\n  %s indicators; ", text_count(list->indicators, b));
	buf_printf(out, fetched ? "fetched %s ago" : "never fetched", fetched);
	if (list->paused)
		buf_puts(out, "; paused");
	else if (list->due_at > l->now)
		buf_printf(out, "; next in %s", span_text(list->due_at - l->now, a));
	else
		buf_puts(out, "; due now (pugmark serve or ioc update fetches)");
	if (list->changed_at)
		buf_printf(out, "\n  changed %s ago: %s added, %s removed",
			ago(l->now, list->changed_at, a), text_count(list->added, b),
			text_count(list->removed, c));
	if (list->unusable)
		buf_printf(out, ", %s not usable", text_count(list->unusable, a));
	if (*list->error) {
		buf_printf(out,
			"\n  has failed for %s (%u in a row): ", ago(l->now, list->failed_at, a),
			list->failures);
		text_escape(out, slice_of(list->error));
	}
	buf_push(out, '\n');
}

static int list_one(void *ctx, const struct watchlist *list, struct err *err)
{
	struct listing *l = ctx;
	struct buf out;
	(void)err;
	if (!feed_is(list))
		return 0;
	buf_init(&out, 1 << 20);
	list_text(l, list, &out);
	l->n++;
	fwrite(out.ptr, 1, out.len, stdout);
	buf_fini(&out);
	return 0;
}

static int print_json(struct store *store, struct err *err)
{
	struct buf out;
	buf_init(&out, ANSWER_MOST);
	int rc = answer_feeds(store, &out, err);
	if (rc == 0)
		printf("%.*s\n", SLICE_ARG(buf_view(&out)));
	buf_fini(&out);
	return rc;
}

int ioc_feeds_run(const struct command_line *line)
{
	struct listing l = {.now = clock_now_us()};
	struct store *store;
	struct err err = {0};
	bool json = line->values[OPT_JSON];
	if (line->nargs > 1)
		return usage_error(line, "feeds takes no more words");
	if (open_data(line, STORE_READ, &store, &err) < 0)
		return fail(&err);
	int rc = json ? print_json(store, &err) : watchlists(store, list_one, &l, &err);
	if (rc == 0 && l.n == 0 && !json)
		fputs("there is no feed: pugmark ioc add NAME --url URL makes one\n", stderr);
	store_close(store);
	return rc < 0 ? fail(&err) : EXIT_DONE;
}
