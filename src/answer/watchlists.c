/* SPDX-License-Identifier: Apache-2.0 */
/* watchlists.c (answer/): the lists of indicators that are watched for. */
#include <inttypes.h>
#include <string.h>

#include "answer/watch.h"
#include "base/level.h"

struct listing {
	struct buf *out;
	unsigned n;
};

static void list_json(const struct watchlist *list, struct buf *out)
{
	char text[CLOCK_TEXT];
	buf_puts(out, "{\"name\":");
	text_json_string(out, slice_of(list->name));
	buf_printf(out,
		",\"indicators\":%" PRIu64 ",\"unusable\":%" PRIu64 ",\"bytes\":%" PRIu64
		",\"exact\":%s,\"paused\":%s,\"swept\":%s,\"confidence\":%d,\"expire_s\":%u",
		list->indicators, list->unusable, list->bytes, list->exact ? "true" : "false",
		list->paused ? "true" : "false", list->is_swept ? "true" : "false",
		list->confidence, list->expire_s);
	text_json_member(out, "level", level_name(list->level));
	text_json_member(out, "tags", list->tags);
	text_json_member(out, "url", *list->url ? list->url : NULL);
	text_json_member(
		out, "changed_at", list->changed_at ? clock_text(list->changed_at, text) : NULL);
	text_json_member(
		out, "fetched_at", list->fetched_at ? clock_text(list->fetched_at, text) : NULL);
	text_json_member(out, "error", *list->error ? list->error : NULL);
	buf_printf(
		out, ",\"added\":%" PRIu64 ",\"removed\":%" PRIu64 "}", list->added, list->removed);
}

static int add_one(void *ctx, const struct watchlist *list, struct err *err)
{
	struct listing *l = ctx;
	(void)err;
	buf_puts(l->out, l->n++ ? "," : "");
	list_json(list, l->out);
	return 0;
}

int answer_watchlists(struct store *store, struct buf *out, struct err *err)
{
	struct listing l = {.out = out};
	buf_puts(out, "{\"watchlists\":[");
	int rc = watchlists(store, add_one, &l, err);
	buf_puts(out, "]}");
	return rc < 0 ? -1 : 0;
}

/* ---- settings -------------------------------------------------------------------------------- */

int watch_settings_apply(
	const struct watch_settings *given, struct watchlist *list, struct err *err)
{
	uint32_t seconds = list->expire_s;
	if (given->level && level_named(given->level) < 0)
		return err_set(err, ERR_USAGE,
			"level %.40s: write informational, low, medium, high or critical",
			given->level);
	if (given->expire && strcmp(given->expire, "never") == 0)
		seconds = 0;
	else if (given->expire && clock_parse_span(given->expire, &seconds) < 0)
		return err_set(err, ERR_USAGE, "expire %.40s: write a span (30d, 12h) or never",
			given->expire);
	if (given->confidence > 100)
		return err_set(err, ERR_USAGE, "confidence is a number from 0 to 100");
	if (given->level)
		list->level = (unsigned)level_named(given->level);
	list->exact |= given->exact;
	if (given->tags)
		list->tags = given->tags;
	if (given->confidence >= 0)
		list->confidence = (int)given->confidence;
	list->expire_s = seconds;
	return 0;
}

int watch_list_get(struct store *store, const char *name, const struct watch_settings *given,
	struct arena *mem, struct watchlist *list, struct err *err)
{
	int there = watchlist_get(store, name, mem, list, err);
	if (there == 0)
		*list = (struct watchlist){.name = name,
			.level = LEVEL_HIGH,
			.url = "",
			.settings = "{}",
			.tags = "",
			.confidence = -1};
	return there < 0 ? -1 : watch_settings_apply(given, list, err);
}

int watch_list_prepare(
	struct store *store, const char *name, const struct watch_settings *given, struct err *err)
{
	struct arena mem = {0};
	struct watchlist list = {0};
	int rc = watch_list_get(store, name, given, &mem, &list, err);
	if (rc == 0 && feed_is(&list))
		rc = err_set(err, ERR_USAGE,
			"%s is a feed: what is put in by hand would go with the next fetch; take "
			"another name",
			name);
	if (rc == 0)
		rc = watchlist_put(store, &list, err);
	arena_fini(&mem);
	return rc;
}

/* ---- one list -------------------------------------------------------------------------------- */

const char *watched_kind(const struct watched *w)
{
	return w->indicator.form == IOC_WORD ? "name" : ioc_kind_name(w->indicator.kind);
}

static void watched_json(const struct watched *w, struct buf *out)
{
	struct buf text;
	buf_init(&text, 1 << 20);
	indicator_text(&w->indicator, &text);
	buf_puts(out, "{\"indicator\":");
	text_json_string(out, buf_view(&text));
	buf_fini(&text);
	text_json_member(out, "kind", watched_kind(w));
	if (w->confidence >= 0)
		buf_printf(out, ",\"confidence\":%d", w->confidence);
	else
		buf_puts(out, ",\"confidence\":null");
	answer_time(out, "expires", w->expires, w->expires && w->expires != INT64_MAX);
	buf_puts(out, ",\"tags\":");
	text_json_string(out, w->tags);
	buf_puts(out, ",\"description\":");
	text_json_string(out, w->description.len ? w->description : w->reference);
	buf_push(out, '}');
}

int answer_watched(
	struct store *store, const char *name, uint64_t most, struct buf *out, struct err *err)
{
	struct arena mem = {0};
	struct watchlist list;
	struct watch_file *watch = NULL;
	const struct watched *w;
	uint64_t n = 0;
	int there = watchlist_get(store, name, &mem, &list, err);
	int rc = there < 0 ? -1 : there == 0 ? watchlist_missing(name, err) : 0;
	if (rc == 0) {
		buf_puts(out, "{\"watchlist\":");
		list_json(&list, out);
		buf_puts(out, ",\"indicators\":[");
		if (list.path)
			rc = watch_file_open(list.path, &watch, err);
	}
	while (rc == 0 && watch && (!most || n < most) && (rc = watch_next(watch, &w, err)) == 1) {
		buf_puts(out, n++ ? ",\n" : "");
		watched_json(w, out);
		rc = out->full ? err_set(err, ERR_LIMIT, "the answer is too long: give a limit")
			       : 0;
	}
	buf_printf(out, "],\"more\":%s}", rc >= 0 && n < list.indicators ? "true" : "false");
	watch_file_close(watch);
	arena_fini(&mem);
	return rc < 0 ? -1 : 0;
}

/* ---- filled ---------------------------------------------------------------------------------- */

void watch_note_unusable(void *ctx, const struct ioc_entry *entry, const char *reason)
{
	enum { TEXT = 200 };
	struct watch_unusable *u = ctx;
	if (u->n++ >= WATCH_REASONS)
		return;
	if (u->n == 1)
		buf_init(&u->json, 1 << 20);
	buf_puts(&u->json, u->n > 1 ? ",{\"text\":" : "{\"text\":");
	text_json_string(&u->json,
		(struct slice){entry->text.ptr, entry->text.len < TEXT ? entry->text.len : TEXT});
	buf_printf(&u->json, ",\"line\":%" PRIu64, entry->line);
	text_json_member(&u->json, "reason", reason);
	buf_push(&u->json, '}');
}

void answer_filled(const char *name, const struct watch_fill_result *filled,
	const struct watch_unusable *unusable, const struct watch_result *swept, struct buf *out)
{
	buf_puts(out, "{\"name\":");
	text_json_string(out, slice_of(name));
	buf_printf(out,
		",\"indicators\":%" PRIu64 ",\"added\":%" PRIu64 ",\"removed\":%" PRIu64
		",\"duplicates\":%" PRIu64 ",\"contradictory\":%" PRIu64 ",\"unusable\":%" PRIu64
		",\"not_taken\":[",
		filled->indicators, filled->added, filled->removed, filled->duplicates,
		filled->contradictory, filled->unusable);
	buf_slice(out, buf_view(&unusable->json));
	buf_puts(out, "],\"history\":");
	if (swept)
		buf_printf(out,
			"{\"indicators\":%" PRIu64 ",\"events\":%" PRIu64 ",\"new_alerts\":%" PRIu64
			",\"unread_segments\":%" PRIu64 "}}",
			swept->indicators, swept->events, swept->changes.added, swept->unread);
	else
		buf_puts(out, "null}");
}

/* ---- feeds ----------------------------------------------------------------------------------- */

static int add_feed(void *ctx, const struct watchlist *list, struct err *err)
{
	struct listing *l = ctx;
	struct buf *out = l->out;
	(void)err;
	if (!feed_is(list))
		return 0;
	buf_puts(out, l->n++ ? ",{\"name\":" : "{\"name\":");
	text_json_string(out, slice_of(list->name));
	text_json_member(out, "url", list->url);
	buf_printf(out, ",\"settings\":%s", list->settings);
	text_json_member(out, "secrets", list->secrets);
	buf_printf(out,
		",\"interval_s\":%u,\"paused\":%s,\"indicators\":%" PRIu64 ",\"unusable\":%" PRIu64
		",\"added\":%" PRIu64 ",\"removed\":%" PRIu64 ",\"swept\":%s,\"failures\":%u",
		list->interval_s, list->paused ? "true" : "false", list->indicators, list->unusable,
		list->added, list->removed, list->is_swept ? "true" : "false", list->failures);
	answer_time(out, "fetched_at", list->fetched_at, list->fetched_at != 0);
	answer_time(out, "changed_at", list->changed_at, list->changed_at != 0);
	answer_time(out, "next_at", list->due_at, list->due_at != 0);
	answer_time(out, "failing_since", list->failed_at, list->failed_at != 0);
	text_json_member(out, "error", *list->error ? list->error : NULL);
	buf_push(out, '}');
	return 0;
}

int answer_feeds(struct store *store, struct buf *out, struct err *err)
{
	struct listing l = {.out = out};
	buf_puts(out, "{\"feeds\":[");
	int rc = watchlists(store, add_feed, &l, err);
	buf_puts(out, "]}");
	return rc < 0 ? -1 : 0;
}
