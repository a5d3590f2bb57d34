/* SPDX-License-Identifier: Apache-2.0 */
/* sources.c (answer/): what is connected, and how it is doing. */
#include <inttypes.h>
#include <string.h>

#include "answer/answer.h"

struct listing {
	struct store *store;
	struct arena mem;
	struct buf *out;
	const char *only; /* NULL = all */
	bool hooks;       /* these alone */
	unsigned n;
	int64_t now;
};

static int count_gap(void *ctx, const struct ledger_gap *gap, struct err *err)
{
	unsigned *n = ctx;
	(void)err;
	*n += !gap->at_start;
	return 0;
}

int answer_source_more(struct store *store, const char *name, struct arena *mem,
	struct answer_source *more, struct err *err)
{
	*more = (struct answer_source){0};
	int rc = store_connection_get(store, name, mem, &more->connection, err);
	more->connected = rc == 1;
	if (rc < 0 || ledger_sums(store, name, &more->counts, err) < 0 ||
		collect_position(store, name, &more->position, err) < 0)
		return -1;
	/* To where it is wanted. */
	if (more->connected && more->connection.backfill_from > 0 && more->position.history_to)
		more->position.history_done |=
			more->position.history_to <= more->connection.backfill_from;
	return ledger_gaps(store, name, count_gap, &more->gaps, err);
}

static void add_lag(struct buf *out, const char *name, int64_t us)
{
	if (us < 0)
		buf_printf(out, ",\"%s\":null", name);
	else
		buf_printf(out, ",\"%s\":%.3f", name, (double)us / 1e6);
}

static void add_connection(struct buf *out, const struct connection *c)
{
	text_json_member(out, "kind", c->kind);
	text_json_member(out, "table", c->table);
	text_json_member(out, "instance", c->instance);
	buf_printf(out, ",\"secondary\":%s,\"interval_s\":%u,\"look_back_s\":%u",
		c->secondary ? "true" : "false", c->interval_s, c->lookback_s);
	answer_time(out, "token_expires", c->token_expires, c->token_expires > 0);
}

static void add_state(struct buf *out, const struct source_state *s)
{
	const struct {
		const char *name;
		int64_t us;
	} times[] = {{"settled_to", s->settled_to}, {"last_attempt", s->last_attempt},
		{"last_success", s->last_success}, {"first_event", s->first_event},
		{"last_event", s->last_event}, {"last_new", s->last_new}};
	for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++)
		answer_time(out, times[i].name, times[i].us, times[i].us > 0);
	add_lag(out, "lag_received_s", s->lag_received);
	add_lag(out, "lag_searchable_s", s->lag_searchable);
}

static int add_one(void *ctx, const struct source_state *s, struct err *err)
{
	struct listing *l = ctx;
	struct answer_source more;
	struct source_health health = source_health(s, l->now);
	if ((l->only && strcmp(l->only, s->source) != 0) || (l->hooks && !s->hook))
		return 0;
	if (answer_source_more(l->store, s->source, &l->mem, &more, err) < 0)
		return -1;
	buf_puts(l->out, l->n++ ? ",{\"name\":" : "{\"name\":");
	text_json_string(l->out, slice_of(s->source));
	text_json_member(l->out, "state", source_condition_name(health.condition));
	text_json_member(l->out, "text", health.text);
	if (more.connected)
		add_connection(l->out, &more.connection);
	buf_printf(l->out,
		",\"events\":%" PRIu64 ",\"late\":%" PRIu64 ",\"gaps\":%u,\"failures\":%" PRIu64
		",\"history_done\":%s",
		more.counts.stored, more.counts.late, more.gaps, s->failures,
		more.position.history_done ? "true" : "false");
	text_json_member(l->out, "error", s->error);
	answer_time(l->out, "history_to", more.position.history_to, more.position.history_to > 0);
	add_state(l->out, s);
	if (l->hooks)
		buf_printf(l->out, ",\"path\":\"/api/v1/hooks/%s\"", s->source);
	buf_push(l->out, '}');
	return 0;
}

int answer_sources(struct store *store, struct buf *out, unsigned *n, struct err *err)
{
	struct listing l = {.store = store, .out = out, .now = clock_now_us()};
	int rc = store_source_states(store, add_one, &l, err);
	arena_fini(&l.mem);
	if (n)
		*n = l.n;
	return rc < 0 ? -1 : 0;
}

int answer_source(struct store *store, const char *name, struct buf *out, struct err *err)
{
	struct listing l = {.store = store, .out = out, .only = name, .now = clock_now_us()};
	int rc = store_source_states(store, add_one, &l, err);
	arena_fini(&l.mem);
	return rc < 0 ? -1 : l.n > 0;
}

int answer_hooks(struct store *store, struct buf *out, struct err *err)
{
	struct listing l = {.store = store, .out = out, .hooks = true, .now = clock_now_us()};
	buf_puts(out, "{\"hooks\":[");
	int rc = store_source_states(store, add_one, &l, err);
	buf_puts(out, "]}");
	arena_fini(&l.mem);
	return rc < 0 ? -1 : 0;
}
