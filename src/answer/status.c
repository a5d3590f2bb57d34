/* SPDX-License-Identifier: Apache-2.0 */
/* status.c (answer/): the state of the house. */
#include <inttypes.h>

#include "answer/answer.h"

struct listing {
	struct buf *out;
	unsigned n;
};

void answer_time(struct buf *out, const char *name, int64_t us, bool is_there)
{
	char text[CLOCK_TEXT];
	text_json_member(out, name, is_there ? clock_text(us, text) : NULL);
}

static int add_table(void *ctx, const struct table_info *t, struct err *err)
{
	struct listing *l = ctx;
	(void)err;
	buf_puts(l->out, l->n++ ? ",{\"table\":" : "{\"table\":");
	text_json_string(l->out, slice_of(t->table));
	buf_printf(l->out,
		",\"events\":%" PRIu64 ",\"segments\":%" PRIu64 ",\"bytes\":%" PRIu64
		",\"raw_bytes\":%" PRIu64 ",\"no_time\":%" PRIu64 ",\"rejects\":%" PRIu64,
		t->rows, t->segments, t->bytes, t->raw_bytes, t->no_time, t->rejects);
	answer_time(l->out, "first_event", t->min_time, t->min_time <= t->max_time);
	answer_time(l->out, "last_event", t->max_time, t->min_time <= t->max_time);
	buf_push(l->out, '}');
	return 0;
}

static int add_source(void *ctx, const struct source_info *s, struct err *err)
{
	struct listing *l = ctx;
	(void)err;
	buf_puts(l->out, l->n++ ? ",{\"source\":" : "{\"source\":");
	text_json_string(l->out, slice_of(s->source));
	buf_printf(l->out,
		",\"events\":%" PRIu64 ",\"segments\":%" PRIu64 ",\"raw_bytes\":%" PRIu64
		",\"vault_bytes\":%" PRIu64 ",\"duplicates\":%" PRIu64 ",\"rejects\":%" PRIu64,
		s->rows, s->segments, s->raw_bytes, s->vault_bytes, s->duplicates, s->rejects);
	answer_time(l->out, "first_received", s->first_received, s->first_received > 0);
	answer_time(l->out, "last_received", s->last_received, s->last_received > 0);
	answer_time(l->out, "oldest_raw", s->oldest_raw, s->oldest_raw > 0);
	buf_push(l->out, '}');
	return 0;
}

int answer_status(struct store *store, struct buf *out, struct err *err)
{
	struct listing tables = {.out = out}, sources = {.out = out};
	uint64_t free_bytes, total;
	buf_puts(out, "{\"data\":");
	text_json_string(out, slice_of(store_dir(store)));
	buf_puts(out, ",\"tables\":[");
	if (store_tables(store, add_table, &tables, err) < 0)
		return -1;
	buf_puts(out, "],\"sources\":[");
	if (store_sources(store, add_source, &sources, err) < 0)
		return -1;
	buf_puts(out, "],\"connected\":[");
	if (answer_sources(store, out, NULL, err) < 0)
		return -1;
	buf_puts(out, "],\"alerts\":");
	if (answer_alert_counts(store, out, err) < 0 ||
		io_space(store_dir(store), &free_bytes, &total, err) < 0)
		return -1;
	buf_printf(out, ",\"free_bytes\":%" PRIu64 "}", free_bytes);
	return 0;
}
