/* SPDX-License-Identifier: Apache-2.0 */
/* watchlists.c (answer/): the lists of indicators that are watched for. */
#include <inttypes.h>

#include "answer/answer.h"

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
