/* SPDX-License-Identifier: Apache-2.0 */
/* detect_run.c: rules over history: the same alerts as when the events arrived; or what a changed rule would change. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/detecting.h"

struct span {
	int64_t since, until;
};

static void draw(void *ctx, uint64_t rows, uint64_t of)
{
	(void)ctx;
	progress_draw("rules", rows, of, "rows", rows);
}

/* ---- one line for an alert ------------------------------------------------------------------- */

struct printing {
	bool json;
	const char *mark; /* before each line of text */
	uint64_t n;
};

static void found_text(struct printing *p, const struct alert_found *alert, struct buf *text)
{
	char first[CLOCK_TEXT];
	buf_printf(text, "%s%-20.19s  %-8s  ", p->mark,
		alert->first == INT64_MIN ? "no time" : clock_text(alert->first, first),
		level_name(alert->level));
	text_escape(text, slice_of(alert->title));
	buf_puts(text, "  ");
	text_escape(text, slice_of(alert->group));
	buf_printf(text, "  %" PRIu64 " event%s", alert->count, alert->count == 1 ? "" : "s");
}

static void print_found(struct printing *p, const struct alert_found *alert, const char *change)
{
	struct buf text;
	buf_init(&text, 1 << 20);
	p->n++;
	if (p->json)
		answer_found(alert, change, &text);
	else
		found_text(p, alert, &text);
	printf("%.*s\n", SLICE_ARG(buf_view(&text)));
	buf_fini(&text);
}

static void print_one(void *ctx, const struct alert_found *alert)
{
	progress_clear();
	print_found(ctx, alert, NULL);
}

static void print_result(
	const struct command_line *line, const struct detect_result *r, bool dry, int64_t us)
{
	char a[32], b[32], c[32], d[32];
	if (line->values[OPT_JSON]) {
		printf("{\"rows\":%" PRIu64 ",\"hits\":%" PRIu64 ",\"alerts\":%" PRIu64
		       ",\"new\":%" PRIu64 ",\"changed\":%" PRIu64 ",\"withdrawn\":%" PRIu64
		       ",\"gave_up\":%" PRIu64 ",\"unread_segments\":%" PRIu64
		       ",\"seconds\":%.6f}\n",
			r->rows, r->hits, r->alerts, r->changes.added, r->changes.changed,
			r->changes.withdrawn, r->gave_up, r->unread, (double)us / 1e6);
		return;
	}
	if (dry)
		printf("%s events looked at in %.2f s: %s alerts; nothing was written\n",
			text_count(r->rows, a), (double)us / 1e6, text_count(r->alerts, b));
	else
		printf("%s events looked at in %.2f s: %s alerts, %s of them new, %s changed, "
		       "%" PRIu64 " withdrawn\n",
			text_count(r->rows, a), (double)us / 1e6, text_count(r->alerts, b),
			text_count(r->changes.added, c), text_count(r->changes.changed, d),
			r->changes.withdrawn);
	if (r->gave_up)
		printf("  %s values were too much for a regular expression: its rule did not see "
		       "them\n",
			text_count(r->gave_up, a));
	if (r->unread)
		fprintf(stderr, "pugmark: %" PRIu64 " segments could not be read: pugmark verify\n",
			r->unread);
}

/* ---- what a changed rule changes ------------------------------------------------------------- */

/* Alerts by what they are about: group, day, first and last event. */
struct collected {
	struct arena mem;
	struct map keys;
	struct alert_found *of;
	uint32_t n, cap;
};

static struct slice alert_key(struct buf *key, const struct alert_found *alert)
{
	buf_clear(key);
	buf_append(key, alert->group_key, sizeof(alert->group_key));
	buf_append(key, &alert->day, sizeof(alert->day));
	buf_append(key, &alert->first, sizeof(alert->first));
	buf_append(key, &alert->last, sizeof(alert->last));
	buf_append(key, &alert->count, sizeof(alert->count));
	return buf_view(key);
}

static void keep_found(void *ctx, const struct alert_found *alert)
{
	struct collected *all = ctx;
	struct buf key;
	buf_init(&key, 4096);
	map_put(&all->keys, alert_key(&key, alert), NULL);
	buf_fini(&key);
	if (all->n == all->cap) {
		all->cap = all->cap ? all->cap * 2 : 64;
		all->of = xrealloc(all->of, all->cap * sizeof(*all->of));
	}
	struct alert_found *copy = &all->of[all->n++];
	*copy = *alert;
	alert_own(copy, &all->mem);
}

static int find_all(const struct command_line *line, struct store *store, const char *path,
	const struct span *span, struct collected *all, struct err *err)
{
	struct rules *rules;
	const char *paths[] = {path, NULL};
	struct rules_source source = {.paths = paths};
	if (rules_load(&source, &rules, err) < 0)
		return -1;
	print_rule_problems(rules);
	int rc = rules->n ? 0 : err_set(err, ERR_USAGE, "%s holds no rule", path);
	struct detect_options options = detect_options_of(line);
	options.rules = rules;
	options.memory = line->memory / 2; /* nothing else runs beside it */
	options.dry_run = true;
	options.each = keep_found;
	options.ctx = all;
	options.progress = draw;
	struct detect_result result = {0};
	if (rc == 0)
		rc = detect_replay(store, &options, span->since, span->until, &result, err);
	progress_clear();
	rules_free(rules);
	return rc;
}

static uint64_t print_missing(const struct collected *of, const struct collected *other,
	struct printing *p, const char *change)
{
	struct buf key;
	uint64_t before = p->n;
	buf_init(&key, 4096);
	for (uint32_t i = 0; i < of->n; i++)
		if (!map_get(&other->keys, alert_key(&key, &of->of[i])))
			print_found(p, &of->of[i], change);
	buf_fini(&key);
	return p->n - before;
}

static void collected_fini(struct collected *all)
{
	map_fini(&all->keys);
	arena_fini(&all->mem);
	free(all->of);
}

static int diff(const struct command_line *line, struct store *store, const struct span *span,
	struct err *err)
{
	struct collected old = {0}, new = {0};
	struct printing p = {.json = line->values[OPT_JSON] != NULL};
	int rc = find_all(line, store, line->args[1], span, &old, err);
	if (rc == 0)
		rc = find_all(line, store, line->args[2], span, &new, err);
	if (rc == 0) {
		p.mark = "- ";
		uint64_t dropped = print_missing(&old, &new, &p, "dropped");
		p.mark = "+ ";
		uint64_t added = print_missing(&new, &old, &p, "added");
		if (!p.json)
			printf("%u alerts before, %u now: %" PRIu64 " dropped, %" PRIu64 " added\n",
				old.n, new.n, dropped, added);
	}
	collected_fini(&old);
	collected_fini(&new);
	return rc;
}

/* ---- the command ----------------------------------------------------------------------------- */

static int run(const struct command_line *line, struct store *store, const struct span *span,
	struct err *err)
{
	struct rules *rules;
	if (detect_load(line, &rules, err) < 0)
		return -1;
	bool *only = xcalloc(rules->n + 1, sizeof(*only));
	struct printing printing = {.json = line->values[OPT_JSON] != NULL, .mark = ""};
	bool dry = line->values[OPT_DRY_RUN] != NULL;
	struct detect_options options = detect_options_of(line);
	options.rules = rules;
	options.memory = line->memory / 2; /* nothing else runs beside it */
	options.dry_run = dry;
	options.each = dry ? print_one : NULL;
	options.ctx = &printing;
	options.progress = draw;
	struct detect_result result = {0};
	int64_t began = clock_mono_us();
	int rc = 0;
	if (line->values[OPT_RULE]) {
		rc = detect_only(rules, line->values[OPT_RULE], only, err);
		options.only = only;
	}
	if (rc == 0)
		rc = detect_replay(store, &options, span->since, span->until, &result, err);
	progress_clear();
	if (rc == 0)
		print_result(line, &result, dry, clock_mono_us() - began);
	free(only);
	rules_free(rules);
	return rc;
}

/* What was stored by a process that does not look itself: the API, of what is sent to hooks. */
int detect_new(const struct command_line *line)
{
	struct err err = {0};
	struct store *store;
	struct detect_result result = {0};
	if (line->nargs > 1)
		return usage_error(line, "new takes no more words");
	if (open_data(line, STORE_WRITE, &store, &err) < 0)
		return fail(&err);
	struct detect_live *live = detect_once_start(line);
	detect_once(live, store, &result);
	detect_live_free(live);
	store_close(store);
	if (line->values[OPT_JSON])
		printf("{\"new\":%" PRIu64 ",\"changed\":%" PRIu64 "}\n", result.changes.added,
			result.changes.changed);
	else
		print_new_alerts(&result);
	return EXIT_DONE;
}

int detect_run(const struct command_line *line)
{
	struct err err = {0};
	struct store *store;
	struct span span = {INT64_MIN, INT64_MAX};
	bool compare = line->values[OPT_DIFF] != NULL;
	if (parse_time(line, OPT_SINCE, &span.since) < 0 ||
		parse_time(line, OPT_UNTIL, &span.until) < 0)
		return EXIT_USAGE;
	if (compare ? line->nargs != 3 : line->nargs != 1)
		return usage_error(line, compare ? "--diff takes two rule files: OLD NEW"
						 : "rules are named with --rule");
	bool writes = !compare && !line->values[OPT_DRY_RUN];
	if (open_data(line, writes ? STORE_WRITE : STORE_READ, &store, &err) < 0)
		return fail(&err);
	int rc = compare ? diff(line, store, &span, &err) : run(line, store, &span, &err);
	store_close(store);
	return rc < 0 ? fail(&err) : EXIT_DONE;
}
