/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan.c: what is uploaded next. Older logs go first; within one, ranges of at most LIMIT_SHIP_PIECE bytes
 * cut at line ends. A line without an end waits for it, unless its log is settled, or it is longer than a
 * piece: then it goes in pieces.
 */
#include "ship/private.h"

static uint64_t behind(const struct ship_log *log)
{
	return log->planned > log->is.offset ? log->planned : log->is.offset;
}

/* Up to where a log may be uploaded now. */
static uint64_t available(
	const struct follow *f, const struct ship_log *log, const struct ship_time *now)
{
	uint64_t from = behind(log), end = log->complete > from ? log->complete : from;
	if (!log->checked || log->rest_us > now->mono_us || (!log->there && !log->held))
		return from;
	if (log->size > end && follow_settled(f, log, now))
		end = log->size;
	if (end == from && log->size - from >= LIMIT_SHIP_PIECE && log->size > from)
		end = from + LIMIT_SHIP_PIECE;
	return end;
}

/* Whether it is time for a log, or there is a whole piece of it. */
static bool is_due(const struct follow *f, const struct ship_log *log, const struct ship_time *now)
{
	uint64_t end = available(f, log, now), from = behind(log);
	return end > from && (end - from >= LIMIT_SHIP_PIECE || end > log->complete ||
				     log->since_us + f->every_us <= now->mono_us);
}

/* Opens and identifies a log, and makes sure that it is the one whose bytes were uploaded. */
static int prepare(
	struct follow *f, struct ship_log *log, const struct ship_time *now, struct err *err)
{
	char tail[SHIP_TAIL + 1];
	if (follow_open_log(f, log, err) < 0)
		return -1;
	if (!log->is.fp[0])
		return match_identify(f, log, follow_settled(f, log, now), err);
	if (behind(log) > log->is.offset) /* follows on what was just checked */
		return 1;
	if (content_tail(log->fd, log->is.offset, log->path, tail, err) < 0)
		return -1;
	if (strcmp(tail, log->is.tail) == 0)
		return 1;
	log->checked = false;
	f->missing = true; /* the next scan finds out what it is */
	return 0;
}

static int cut(struct ship_log *log, uint64_t end, struct ship_range *range, struct err *err)
{
	uint64_t from = behind(log), to = end;
	if (end - from > LIMIT_SHIP_PIECE) {
		uint64_t most = from + LIMIT_SHIP_PIECE;
		if (content_line_end(log->fd, from, most, log->path, &to, err) < 0)
			return -1;
		if (to == from)
			to = most;
	}
	*range = (struct ship_range){log, from, to};
	log->planned = to;
	return 1;
}

static int range_of(struct follow *f, struct ship_log *log, const struct ship_time *now,
	struct ship_range *range)
{
	struct err err;
	int status = prepare(f, log, now, &err);
	if (status > 0)
		status = cut(log, available(f, log, now), range, &err);
	if (status >= 0)
		return status;
	if (err.kind == ERR_BUSY || err.kind == ERR_DAMAGED || err.kind == ERR_NOT_FOUND) {
		log->checked = false; /* it changed since it was listed */
		f->missing = true;
	} else {
		follow_rest_log(log, now, &err);
	}
	return 0;
}

int plan_next(struct follow *f, enum plan_mode mode, const struct ship_time *now,
	struct ship_range *range)
{
	size_t last = 0; /* index + 1 of the newest log that is due */
	for (size_t i = 0; i < f->count; i++)
		if (mode == PLAN_ALL || is_due(f, f->logs[i], now))
			last = i + 1;
	for (size_t i = 0; i < last; i++) {
		struct ship_log *log = f->logs[i];
		if (available(f, log, now) == behind(log) ||
			(mode == PLAN_DUE && i + 1 == last && !is_due(f, log, now)))
			continue;
		if (range_of(f, log, now, range) > 0)
			return 1;
	}
	return 0;
}

int64_t plan_due(const struct follow *f, const struct ship_time *now)
{
	int64_t due = INT64_MAX;
	for (size_t i = 0; i < f->count; i++) {
		const struct ship_log *log = f->logs[i];
		uint64_t from = log->is.offset;
		int64_t at = INT64_MAX;
		if ((!log->there && !log->held) || log->rest_us > now->mono_us)
			continue;
		if (log->complete > from)
			at = log->since_us + f->every_us;
		else if (log->size > from && (log->held || i + 1 < f->count))
			at = log->grown_us + 2 * f->every_us; /* its end, when it is settled */
		if (at < due)
			due = at;
	}
	return due;
}
