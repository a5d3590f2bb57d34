/* SPDX-License-Identifier: Apache-2.0 */
/* ioc_watch.c (cli/): pugmark ioc add, list, remove, pause, resume, index: watchlists. */
#include <inttypes.h>
#include <stdlib.h>

#include "answer/watch.h"
#include "base/level.h"
#include "cli/ioc.h"
#include "pipeline/feed.h"
#include "query/output.h"

enum { REASONS_TOLD = 10, CELL_MOST = 1 << 16 };

/* ---- the sweep ------------------------------------------------------------------------------- */

static void draw(void *ctx, const char *what, uint64_t done, uint64_t of)
{
	(void)ctx;
	progress_draw(what, done, of, "indicators", done);
}

int ioc_sweep_with(const struct command_line *line, struct store *store,
	struct watch_result *result, struct err *err)
{
	const struct watch_options options = {.threads = line->threads,
		.memory = line->memory / 4,
		.stop = &stop_requested,
		.progress = draw};
	char a[32], b[32], c[32];
	*result = (struct watch_result){0};
	if (line->values[OPT_NO_DETECT])
		return 0;
	int rc = watch_run(store, &options, result, err);
	progress_clear();
	if (rc == 0 && result->lists + result->segments > 0)
		fprintf(stderr, "history: %s indicator%s seen, in %s event%s; %s new alert%s\n",
			text_count(result->indicators, a), result->indicators == 1 ? "" : "s",
			text_count(result->events, b), result->events == 1 ? "" : "s",
			text_count(result->changes.added, c),
			result->changes.added == 1 ? "" : "s");
	return rc;
}

int ioc_sweep(const struct command_line *line, struct store *store, struct err *err)
{
	struct watch_result result;
	return ioc_sweep_with(line, store, &result, err);
}

/* ---- add ------------------------------------------------------------------------------------- */

void ioc_tell_unusable(void *ctx, const struct ioc_entry *entry, const char *reason)
{
	struct ioc_telling *t = ctx;
	struct buf out;
	if (t->told++ >= REASONS_TOLD)
		return;
	buf_init(&out, 1 << 16);
	buf_puts(&out, "not taken: ");
	text_escape(&out,
		(struct slice){entry->text.ptr, entry->text.len < 200 ? entry->text.len : 200});
	if (entry->line)
		buf_printf(&out, " (line %" PRIu64 ")", entry->line);
	buf_printf(&out, ": %s\n", reason);
	fwrite(out.ptr, 1, out.len, stderr);
	buf_fini(&out);
}

/* What the command line says of a list. 0 or -1 (told). */
static int settings_of(const struct command_line *line, struct watch_settings *given)
{
	*given = (struct watch_settings){.level = line->values[OPT_LEVEL],
		.expire = line->values[OPT_EXPIRE],
		.tags = line->values[OPT_TAGS],
		.confidence = -1,
		.exact = line->values[OPT_EXACT] != NULL};
	return parse_count(line, OPT_CONFIDENCE, &given->confidence);
}

int ioc_list_settings(const struct command_line *line, struct store *store, const char *name,
	struct arena *mem, struct watchlist *list, struct err *err)
{
	struct watch_settings given;
	if (settings_of(line, &given) < 0)
		return err_set(err, ERR_USAGE, "--confidence is a number from 0 to 100");
	return watch_list_get(store, name, &given, mem, list, err);
}

static int prepare_list(
	const struct command_line *line, struct store *store, const char *name, struct err *err)
{
	struct watch_settings given;
	if (settings_of(line, &given) < 0)
		return err_set(err, ERR_USAGE, "--confidence is a number from 0 to 100");
	return watch_list_prepare(store, name, &given, err);
}

/* The words behind the list's name, as entries. */
static int add_words(const struct command_line *line, struct watch_fill *fill, enum ioc_kind kind,
	const char **file, struct err *err)
{
	int rc = 0;
	for (int i = 2; i < line->nargs && rc == 0; i++) {
		struct arena mem = {0};
		struct err why = {0};
		if (strcmp(line->args[i], "-") == 0 && !*file) {
			*file = "-";
			continue;
		}
		struct ioc_entry entry = ioc_word_entry(slice_of(line->args[i]), kind, &mem, &why);
		rc = watch_fill_entry(fill, &entry, err);
		arena_fini(&mem);
	}
	return rc;
}

void ioc_tell_fill(const char *name, const struct watch_fill_result *r, const struct ioc_telling *t)
{
	char a[32], b[32], c[32];
	if (t->told > REASONS_TOLD)
		fprintf(stderr, "… and %s more\n", text_count(t->told - REASONS_TOLD, a));
	printf("%s: %s indicator%s, %s added, %s removed", name, text_count(r->indicators, a),
		r->indicators == 1 ? "" : "s", text_count(r->added, b), text_count(r->removed, c));
	if (r->duplicates)
		printf(", %s given twice", text_count(r->duplicates, a));
	if (r->contradictory)
		printf(" (%s of them with other words: the surer one holds)",
			text_count(r->contradictory, a));
	if (r->unusable)
		printf(", %s not usable", text_count(r->unusable, a));
	putchar('\n');
}

static int fill_list(const struct command_line *line, struct store *store, const char *name,
	const struct ioc_list_options *options, struct watch_unusable *unusable,
	struct watch_fill_result *result, struct err *err)
{
	struct ioc_telling telling = {0};
	bool json = line->values[OPT_JSON];
	const struct watch_fill_options filling = {.list = name,
		.replace = line->values[OPT_REPLACE] != NULL,
		.allow_wide = line->values[OPT_ALLOW_WIDE] != NULL,
		.memory = line->memory / 2,
		.unusable = json ? watch_note_unusable : ioc_tell_unusable,
		.ctx = json ? (void *)unusable : &telling};
	struct watch_fill *fill;
	struct ioc_list_counts counts = {0};
	const char *file = line->values[OPT_FILE];
	if (watch_fill_begin(store, &filling, &fill, err) < 0)
		return -1;
	int rc = add_words(line, fill, options->kind, &file, err);
	if (rc == 0 && file)
		rc = ioc_file_read(file, options, watch_fill_entry, fill, &counts, err);
	if (rc == 0 && stop_requested)
		rc = err_set(err, ERR_INTERRUPTED, "interrupted: the list is as it was");
	if (rc < 0) {
		watch_fill_abort(fill);
		return -1;
	}
	rc = watch_fill_commit(fill, NULL, result, err);
	if (rc == 0 && !json)
		ioc_tell_fill(name, result, &telling);
	return rc;
}

static void print_filled(const struct command_line *line, const struct watch_fill_result *filled,
	const struct watch_unusable *unusable, const struct watch_result *swept)
{
	struct buf out;
	buf_init(&out, 1 << 22);
	answer_filled(
		line->args[1], filled, unusable, line->values[OPT_NO_DETECT] ? NULL : swept, &out);
	printf("%.*s\n", SLICE_ARG(buf_view(&out)));
	buf_fini(&out);
}

int ioc_add_run(const struct command_line *line)
{
	struct store *store;
	struct err err = {0};
	struct ioc_list_options options;
	struct watch_fill_result result = {0};
	struct watch_result swept = {0};
	struct watch_unusable unusable = {0};
	if (ioc_is_feed(line))
		return ioc_feed_add_run(line);
	if (line->nargs < 2)
		return usage_error(
			line, "add needs the name of a list, then VALUES, --file FILE or -");
	if (line->nargs < 3 && !line->values[OPT_FILE])
		return usage_error(line,
			"add %s needs VALUES, --file FILE, or - for standard input", line->args[1]);
	if (ioc_list_options_of(line, &options) < 0)
		return EXIT_USAGE;
	if (open_data(line, STORE_WRITE, &store, &err) < 0)
		return fail(&err);
	int rc = prepare_list(line, store, line->args[1], &err);
	if (rc == 0)
		rc = fill_list(line, store, line->args[1], &options, &unusable, &result, &err);
	if (rc == 0)
		rc = ioc_sweep_with(line, store, &swept, &err);
	store_close(store);
	if (rc == 0 && line->values[OPT_JSON])
		print_filled(line, &result, &unusable, &swept);
	buf_fini(&unusable.json);
	if (rc < 0)
		return fail(&err);
	return result.unusable ? EXIT_REJECTED : EXIT_DONE;
}

/* ---- list ------------------------------------------------------------------------------------ */

struct listing {
	struct store *store;
	struct output output;
	bool json;
	uint64_t n;
	struct buf line;
};

enum { LIST_COLUMNS = 7, ENTRY_COLUMNS = 6 };

static const char *state_of(const struct watchlist *list)
{
	if (list->paused)
		return "paused";
	if (*list->error)
		return list->error;
	return !list->path ? "empty" : list->is_swept ? "watched" : "history not asked yet";
}

static void put_when(struct buf *out, int64_t us)
{
	char text[CLOCK_TEXT];
	if (us)
		buf_puts(out, clock_text(us, text));
}

static int print_list(void *ctx, const struct watchlist *list, struct err *err)
{
	struct listing *l = ctx;
	struct cell cells[LIST_COLUMNS];
	struct buf texts[LIST_COLUMNS];
	char count[32];
	l->n++;
	for (int i = 0; i < LIST_COLUMNS; i++)
		buf_init(&texts[i], CELL_MOST);
	buf_puts(&texts[0], list->name);
	buf_puts(&texts[1], text_count(list->indicators, count));
	buf_puts(&texts[2], level_name(list->level));
	buf_puts(&texts[3], list->tags);
	put_when(&texts[4], list->changed_at);
	buf_puts(&texts[5], *list->url ? list->url : "by hand");
	buf_puts(&texts[6], state_of(list));
	for (int i = 0; i < LIST_COLUMNS; i++)
		cells[i] = (struct cell){CELL_TEXT, buf_view(&texts[i])};
	int rc = output_row(&l->output, cells, err) < 0 ? -1 : 0;
	for (int i = 0; i < LIST_COLUMNS; i++)
		buf_fini(&texts[i]);
	return rc;
}

static int begin_table(struct listing *l, const char *const *names, uint32_t n, uint32_t number,
	enum query_format format, struct err *err)
{
	struct sql_options options = {.format = format, .width = terminal_width()};
	struct slice heads[LIST_COLUMNS];
	enum cell_kind kinds[LIST_COLUMNS];
	for (uint32_t i = 0; i < n; i++) {
		heads[i] = slice_of(names[i]);
		kinds[i] = i == number ? CELL_NUMBER : CELL_TEXT;
	}
	output_init(&l->output, &options, stdout);
	l->output.drop = true;
	return output_begin(&l->output, n, heads, kinds, err);
}

static int print_lists(struct listing *l, enum query_format format, struct err *err)
{
	static const char *const names[LIST_COLUMNS] = {
		"list", "indicators", "level", "tags", "changed", "from", "state"};
	if (l->json) {
		buf_clear(&l->line);
		int rc = answer_watchlists(l->store, &l->line, err);
		if (rc == 0)
			printf("%.*s\n", SLICE_ARG(buf_view(&l->line)));
		return rc;
	}
	int rc = begin_table(l, names, LIST_COLUMNS, 1, format, err);
	if (rc == 0)
		rc = watchlists(l->store, print_list, l, err);
	if (rc == 0 && l->n > 0)
		rc = output_end(&l->output, err);
	if (rc == 0 && l->n == 0)
		fputs("there is no watchlist: pugmark ioc add NAME --file LIST makes one\n",
			stderr);
	output_fini(&l->output);
	return rc;
}

static int print_entry(struct listing *l, const struct watched *w, struct err *err)
{
	struct cell cells[ENTRY_COLUMNS];
	struct buf texts[ENTRY_COLUMNS];
	for (int i = 0; i < ENTRY_COLUMNS; i++)
		buf_init(&texts[i], CELL_MOST);
	indicator_text(&w->indicator, &texts[0]);
	buf_puts(&texts[1], watched_kind(w));
	if (w->confidence >= 0)
		buf_printf(&texts[2], "%d", w->confidence);
	put_when(&texts[3], w->expires == INT64_MAX ? 0 : w->expires);
	buf_slice(&texts[4], w->tags);
	buf_slice(&texts[5], w->description.len ? w->description : w->reference);
	for (int i = 0; i < ENTRY_COLUMNS; i++)
		cells[i] = (struct cell){CELL_TEXT, buf_view(&texts[i])};
	int rc = output_row(&l->output, cells, err);
	for (int i = 0; i < ENTRY_COLUMNS; i++)
		buf_fini(&texts[i]);
	return rc;
}

static int print_entries(struct listing *l, const char *name, enum query_format format,
	uint64_t most, struct err *err)
{
	static const char *const names[ENTRY_COLUMNS] = {
		"indicator", "kind", "confidence", "expires", "tags", "description"};
	struct arena mem = {0};
	struct watchlist list;
	struct watch_file *watch = NULL;
	const struct watched *w;
	int there = watchlist_get(l->store, name, &mem, &list, err);
	int rc = there < 0 ? -1 : 0;
	if (there == 0)
		rc = watchlist_missing(name, err);
	if (rc == 0)
		rc = begin_table(l, names, ENTRY_COLUMNS, 2, format, err);
	if (rc == 0 && list.path)
		rc = watch_file_open(list.path, &watch, err);
	while (rc == 0 && watch && (!most || l->n < most) &&
		(rc = watch_next(watch, &w, err)) == 1) {
		l->n++;
		rc = print_entry(l, w, err) < 0 ? -1 : 0;
	}
	if (rc >= 0)
		rc = output_end(&l->output, err);
	if (rc == 0 && list.indicators > l->n)
		fprintf(stderr, "%" PRIu64 " of %" PRIu64 " (--limit 0 shows all)\n", l->n,
			list.indicators);
	output_fini(&l->output);
	watch_file_close(watch);
	arena_fini(&mem);
	return rc;
}

int ioc_list_run(const struct command_line *line)
{
	struct err err = {0};
	enum query_format format;
	struct listing l = {0};
	int64_t most = 1000;
	if (parse_format(line, &format) < 0 || parse_count(line, OPT_LIMIT, &most) < 0)
		return EXIT_USAGE;
	if (format != FORMAT_TABLE && !line->values[OPT_LIMIT])
		most = 0;
	if (open_data(line, STORE_READ, &l.store, &err) < 0)
		return fail(&err);
	buf_init(&l.line, 1 << 20);
	l.json = format == FORMAT_JSON && line->nargs < 2;
	int rc = line->nargs < 2 ? print_lists(&l, format, &err)
				 : print_entries(&l, line->args[1], format, (uint64_t)most, &err);
	buf_fini(&l.line);
	store_close(l.store);
	return rc < 0 ? fail(&err) : EXIT_DONE;
}

/* ---- remove, pause, resume ------------------------------------------------------------------- */

static int remove_values(
	const struct command_line *line, struct store *store, const char *name, struct err *err)
{
	struct ioc_telling telling = {0};
	const struct watch_fill_options filling = {.list = name, .memory = line->memory / 2};
	struct watch_fill *fill;
	struct watch_fill_result result;
	if (watch_fill_begin(store, &filling, &fill, err) < 0)
		return -1;
	for (int i = 2; i < line->nargs; i++) {
		struct arena mem = {0};
		struct indicator indicator;
		bool wide;
		if (indicator_parse(
			    slice_of(line->args[i]), IOC_NONE, &mem, &indicator, &wide, err) < 0) {
			arena_fini(&mem);
			watch_fill_abort(fill);
			return err_context(err, "%.100s", line->args[i]);
		}
		watch_fill_remove(fill, &indicator);
		arena_fini(&mem);
	}
	int rc = watch_fill_commit(fill, NULL, &result, err);
	if (rc == 0)
		ioc_tell_fill(name, &result, &telling);
	return rc;
}

static int change_run(const struct command_line *line,
	int (*change)(const struct command_line *line, struct store *store, const char *name,
		struct err *err))
{
	struct store *store;
	struct err err = {0};
	if (line->nargs < 2)
		return usage_error(line, "%s needs the name of a list", line->args[0]);
	if (open_data(line, STORE_WRITE, &store, &err) < 0)
		return fail(&err);
	int rc = change(line, store, line->args[1], &err);
	store_close(store);
	return rc < 0 ? fail(&err) : EXIT_DONE;
}

static int remove_list(
	const struct command_line *line, struct store *store, const char *name, struct err *err)
{
	struct store_lock *lock;
	if (line->nargs > 2)
		return remove_values(line, store, name, err);
	if (store_lock(store, WATCH_LOCK, true, &lock, err) < 0)
		return -1;
	int rc = watchlist_remove(store, name, err);
	store_unlock(lock);
	if (rc == 0)
		rc = watchlist_missing(name, err);
	if (rc == 1)
		printf("%s: removed; its alerts stay\n", name);
	return rc < 0 ? -1 : 0;
}

static int pause_list(
	const struct command_line *line, struct store *store, const char *name, struct err *err)
{
	bool paused = strcmp(line->args[0], "pause") == 0;
	int rc = watchlist_pause(store, name, paused, err);
	if (rc == 0)
		rc = watchlist_missing(name, err);
	if (rc == 1)
		printf("%s: %s\n", name, paused ? "paused" : "watched again");
	if (rc == 1 && !paused)
		rc = ioc_sweep(line, store, err);
	return rc < 0 ? -1 : 0;
}

int ioc_remove_run(const struct command_line *line)
{
	return change_run(line, remove_list);
}

int ioc_pause_run(const struct command_line *line)
{
	return change_run(line, pause_list);
}

/* ---- index ----------------------------------------------------------------------------------- */

int ioc_index_run(const struct command_line *line)
{
	struct store *store;
	struct err err = {0};
	uint64_t left = 0;
	if (open_data(line, STORE_WRITE, &store, &err) < 0)
		return fail(&err);
	int rc = ioc_complete_index(line, store, &left, &err);
	store_close(store);
	if (rc < 0)
		return fail(&err);
	printf("%s\n", left ? "some segments are not indexed" : "every segment is indexed");
	return left ? EXIT_FAILED : EXIT_DONE;
}
