/* SPDX-License-Identifier: Apache-2.0 */
/* collect_windows.c: what is read of an API that is asked for stretches of time, and in which order: new
 * events with a look-back, once in a while the last days again for those that came later than that,
 * and the history, newest first, as long as nothing new is due. */
#include "pipeline/collector.h"

#include <stdlib.h>

#define HOUR INT64_C(3600000000)

/* Events have been seen hours late: beyond the look-back, what may have come up to three days late since the
 * last time is asked for again. */
#define LATE_EVERY (6 * HOUR)
#define LATE_BACK  (72 * HOUR)

/* What a settled window changes in the checkpoint. */
static void save(
	void *ctx, enum ledger_kind kind, int64_t from, int64_t to, bool whole, struct buf *out)
{
	struct collector *c = ctx;
	struct checkpoint *checkpoint = &c->checkpoint;
	if (kind == LEDGER_SWEEP && whole) {
		if (to > checkpoint->settled_to)
			checkpoint->settled_to = to;
		if (checkpoint->backfill_to == 0)
			checkpoint->backfill_to = c->range_from;
		if (checkpoint->late_at == 0)
			checkpoint->late_at = c->range_began; /* nothing is old yet */
	} else if (kind == LEDGER_LATE && whole) {
		checkpoint->late_at = c->range_began;
	} else if (kind == LEDGER_BACKFILL) {
		/* What was wanted from a time on may be wanted from an earlier one later. */
		checkpoint->backfilled = whole && from <= 0;
		if (from > 0)
			checkpoint->backfill_to = from;
	}
	checkpoint_write(checkpoint, out);
}

static void tell(const struct collector *c)
{
	const struct sweep *sweep = &c->sweep;
	struct collect_progress at = {.source = c->connection.name,
		.kind = sweep->kind,
		.records = sweep->harvest.result.records,
		.stored = sweep->harvest.result.stored};
	if (sweep->kind == LEDGER_BACKFILL) {
		at.down_to = c->checkpoint.backfill_to;
		at.from = c->connection.backfill_from;
	}
	collector_tell(c, &at);
}

/* After a window: history gives way to what is due. */
static int pause_history(void *ctx)
{
	struct collector *c = ctx;
	tell(c);
	return c->sweep.kind == LEDGER_BACKFILL && clock_mono_us() >= c->due;
}

static int new_events(struct collector *c, struct err *err)
{
	int64_t lookback = (int64_t)c->connection.lookback_s * 1000000;
	int64_t to = sweep_now(&c->sweep), settled = c->checkpoint.settled_to;
	/* A clock that was ahead, and was set right: what it settled is asked for again. */
	int64_t from = (settled && settled < to ? settled : to) - lookback;
	bool again = c->since != INT64_MIN;
	if (again)
		from = c->since;
	from -= from % 1000;
	c->range_from = from;
	c->range_began = to;
	/* What is asked for again on purpose did not come late. */
	c->sweep.harvest.settled_before = settled && !again ? settled : INT64_MIN;
	int rc = sweep_range(&c->sweep, LEDGER_SWEEP, from, to, NULL, err);
	if (rc == 1)
		c->since = INT64_MIN;
	return rc;
}

static int late_events(struct collector *c, struct err *err)
{
	int64_t now = sweep_now(&c->sweep), last = c->checkpoint.late_at;
	int64_t to = c->checkpoint.settled_to - (int64_t)c->connection.lookback_s * 1000000;
	if (last >
		now + HOUR) /* a clock that was ahead; the server's second is behind ours by less */
		last = now - LATE_EVERY;
	if (now - last < LATE_EVERY)
		return 1;
	int64_t from = last - LATE_BACK;
	c->range_began = now;
	if (!c->checkpoint.backfilled && from < c->checkpoint.backfill_to)
		from = c->checkpoint.backfill_to; /* the rest comes with the history */
	from -= from % 1000;
	to -= to % 1000;
	return from < to ? sweep_range(&c->sweep, LEDGER_LATE, from, to, NULL, err) : 1;
}

static int history(struct collector *c, bool *more, struct err *err)
{
	const struct connection *connection = &c->connection;
	int64_t from = connection->backfill_from;
	if (from != INT64_MIN)
		from -= from % 1000;
	*more = false;
	if (c->checkpoint.backfilled || (from != INT64_MIN && from >= c->checkpoint.backfill_to))
		return 1;
	c->sweep.harvest.settled_before = INT64_MIN;
	int rc =
		sweep_range(&c->sweep, LEDGER_BACKFILL, from, c->checkpoint.backfill_to, NULL, err);
	*more = rc == 0;
	return rc;
}

struct missing {
	struct missing_range {
		int64_t from, to;
	} * list;
	unsigned n, cap;
};

static int note_gap(void *ctx, const struct ledger_gap *gap, struct err *err)
{
	struct missing *missing = ctx;
	(void)err;
	if (gap->node || gap->object)
		return 0;
	if (missing->n == missing->cap) {
		missing->cap = missing->cap ? missing->cap * 2 : 16;
		missing->list = xrealloc(missing->list, missing->cap * sizeof(*missing->list));
	}
	missing->list[missing->n].from = gap->from - gap->from % 1000;
	missing->list[missing->n++].to = gap->to - gap->to % 1000 + 1000;
	return 0;
}

/* What no settled window covers, once more. */
static int refetch(struct collector *c, struct err *err)
{
	struct missing missing = {0};
	int rc = ledger_gaps(c->store, c->connection.name, note_gap, &missing, err);
	c->sweep.harvest.settled_before = c->checkpoint.settled_to;
	for (unsigned i = 0; i < missing.n && rc >= 0; i++)
		rc = sweep_range(&c->sweep, LEDGER_LATE, missing.list[i].from, missing.list[i].to,
			NULL, err);
	free(missing.list);
	return rc < 0 ? -1 : 0;
}

int collect_windows(struct collector *c, bool *more, struct err *err)
{
	c->sweep.checkpoint = save;
	c->sweep.pause = pause_history;
	c->sweep.ctx = c;
	if (c->options->refetch)
		return refetch(c, err);
	if (new_events(c, err) < 0 || late_events(c, err) < 0)
		return -1;
	tell(c);
	return history(c, more, err) < 0 ? -1 : 0;
}
