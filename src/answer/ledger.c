/* SPDX-License-Identifier: Apache-2.0 */
/* ledger.c (answer/): what was asked of sources and what came of it, window by window; and what is missing. */
#include <inttypes.h>

#include "answer/answer.h"

struct listing {
	struct buf *out;
	unsigned n;
};

static void json_time(struct buf *out, const char *name, int64_t us)
{
	answer_time(out, name, us, us > 0);
}

static void counts_json(const struct ledger_counts *c, struct buf *out)
{
	buf_printf(out,
		"\"requests\":%" PRIu64 ",\"pages\":%" PRIu64 ",\"records\":%" PRIu64
		",\"stored\":%" PRIu64 ",\"duplicates\":%" PRIu64 ",\"expired\":%" PRIu64
		",\"rejects\":%" PRIu64 ",\"late\":%" PRIu64
		",\"max_late_s\":%.3f,\"errors\":%" PRIu64,
		c->requests, c->pages, c->records, c->stored, c->duplicates, c->expired, c->rejects,
		c->late, (double)c->max_late / 1e6, c->errors);
}

static void window_json(const struct ledger_window *w, bool first, struct buf *out)
{
	buf_printf(out, "%s{\"source\":\"%s\",\"kind\":\"%s\",\"state\":\"%s\"", first ? "" : ",",
		w->source, ledger_kind_name(w->kind), ledger_state_name(w->state));
	if (w->kind == LEDGER_FILE) {
		buf_printf(out, ",\"name\":");
		text_json_string(out, slice_of(w->name));
		buf_printf(out, ",\"from_byte\":%" PRId64 ",\"to_byte\":%" PRId64, w->from, w->to);
	} else {
		json_time(out, "from", w->from);
		json_time(out, "to", w->to);
		buf_printf(out, ",\"overlap_s\":%.3f", (double)w->overlap / 1e6);
	}
	buf_printf(out, ",\"windows\":%" PRIu64 ",", w->windows);
	counts_json(&w->counts, out);
	json_time(out, "begun_at", w->begun_at);
	json_time(out, "ended_at", w->ended_at);
	buf_printf(out, ",\"why\":");
	text_json_string(out, slice_of(w->why));
	buf_push(out, '}');
}

static void gap_json(const struct ledger_gap *gap, bool first, struct buf *out)
{
	buf_printf(out, "%s{\"source\":\"%s\"", first ? "" : ",", gap->source);
	if (gap->node) {
		buf_printf(out, ",\"node\":");
		text_json_string(out, slice_of(gap->node));
		buf_printf(out, ",\"day\":%u,\"first\":%u,\"last\":%u,\"at_start\":%s", gap->day,
			gap->first, gap->last, gap->at_start ? "true" : "false");
	} else if (gap->object) {
		buf_printf(out, ",\"object\":");
		text_json_string(out, slice_of(gap->object));
		buf_printf(out, ",\"bytes\":%" PRId64, gap->to);
	} else {
		json_time(out, "from", gap->from);
		json_time(out, "to", gap->to);
	}
	buf_printf(out, ",\"why\":");
	text_json_string(out, slice_of(gap->why ? gap->why : ""));
	buf_push(out, '}');
}

static int add_window(void *ctx, const struct ledger_window *w, struct err *err)
{
	struct listing *l = ctx;
	(void)err;
	window_json(w, l->n++ == 0, l->out);
	return 0;
}

int answer_ledger(struct store *store, const char *source, int64_t since, uint32_t limit,
	struct buf *out, struct err *err)
{
	struct listing l = {.out = out};
	struct ledger_counts sums;
	if (ledger_sums(store, source, &sums, err) < 0)
		return -1;
	buf_puts(out, "{\"sums\":{");
	counts_json(&sums, out);
	buf_puts(out, "},\"windows\":[");
	int rc = ledger_windows(store, source, since, limit, add_window, &l, err);
	buf_puts(out, "]}");
	return rc < 0 ? -1 : 0;
}

static int add_gap(void *ctx, const struct ledger_gap *gap, struct err *err)
{
	struct listing *l = ctx;
	(void)err;
	gap_json(gap, l->n++ == 0, l->out);
	return 0;
}

int answer_gaps(
	struct store *store, const char *source, unsigned *n, struct buf *out, struct err *err)
{
	struct listing l = {.out = out};
	buf_puts(out, "{\"gaps\":[");
	int rc = ledger_gaps(store, source, add_gap, &l, err);
	buf_puts(out, "]}");
	*n = l.n;
	return rc < 0 ? -1 : 0;
}
