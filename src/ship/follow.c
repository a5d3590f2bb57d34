/* SPDX-License-Identifier: Apache-2.0 */
/*
 * follow.c: the folder as logs, oldest first. A scan lists the folder and looks at each file; a log that
 * is not whole is kept open, so that its deletion takes nothing from us.
 */
#include <stdlib.h>

#include "ship/private.h"

void follow_init(struct follow *f, const char *path)
{
	*f = (struct follow){.path = path, .scanned_us = SHIP_NEVER};
	buf_init(&f->risk_said, 2000);
}

void follow_fini(struct follow *f)
{
	for (size_t i = 0; i < f->count; i++)
		follow_free_log(f->logs[i]);
	free(f->logs);
	buf_fini(&f->risk_said);
	*f = (struct follow){0};
}

void follow_take(struct follow *f, const struct ship_record *record)
{
	struct ship_log *log = follow_add_log(f);
	log->is = *record;
	log->size = log->seen = log->looked = log->complete = log->planned = record->offset;
	follow_name_log(f, log, record->name);
}

/* --- A scan ---------------------------------------------------------------------------------------- */

static int compare_logs(const void *a, const void *b)
{
	const struct ship_log *x = *(struct ship_log *const *)a, *y = *(struct ship_log *const *)b;
	struct ship_order of_x = names_order(x->shown, x->mtime_us);
	struct ship_order of_y = names_order(y->shown, y->mtime_us);
	return names_compare(&of_x, x->shown, &of_y, y->shown);
}

bool follow_settled(const struct follow *f, const struct ship_log *log, const struct ship_time *now)
{
	int64_t quiet = 2 * f->every_us;
	if (!log->held && f->logs[f->count - 1] == log)
		return false;
	return now->mono_us - log->grown_us >= quiet ||
	       (log->mtime_us <= now->wall_us && now->wall_us - log->mtime_us >= quiet);
}

/* Finds the line ends of what is new. A log is identified as soon as its first line has an end, not when
 * it is uploaded, so that the state knows of it if it goes unseen. */
static void look(struct follow *f, struct ship_log *log, const struct ship_time *now)
{
	struct err err;
	uint64_t from = log->looked > log->is.offset ? log->looked : log->is.offset, end;
	if (log->size <= from || !log->checked || log->rest_us > now->mono_us)
		return;
	int status = follow_open_log(f, log, &err);
	if (status == 0)
		status = content_line_end(log->fd, from, log->size, log->path, &end, &err);
	if (status == 0 && end > from)
		log->complete = end;
	if (status == 0 && !log->is.fp[0] && log->complete > 0) {
		status = match_identify(f, log, false, &err);
		f->changed = f->changed || status > 0;
	}
	if (status >= 0)
		log->looked = log->size;
	else if (err.kind == ERR_BUSY || err.kind == ERR_DAMAGED || err.kind == ERR_NOT_FOUND)
		f->missing = true; /* it changed since it was listed */
	else
		follow_rest_log(log, now, &err);
}

/* Marks logs that are done with, and closes them. The others stay open, the oldest first. */
static void settle(struct follow *f, const struct ship_time *now)
{
	f->open = 0;
	for (size_t i = 0; i < f->count; i++) {
		struct ship_log *log = f->logs[i];
		if (!log->is.whole && log->met && log->is.offset == log->size && log->checked &&
			follow_settled(f, log, now)) {
			log->is.whole = true;
			f->changed = true;
		}
		f->open += log->fd >= 0;
		follow_spare_log(f, log);
	}
}

int follow_scan(struct follow *f, const struct ship_time *now, struct err *err)
{
	f->missing = false;
	if (list_folder(f, now, err) < 0)
		return -1;
	change_examine(f, now);
	change_drop_gone(f, now);
	if (f->count > 1)
		qsort(f->logs, f->count, sizeof(struct ship_log *), compare_logs);
	for (size_t i = 0; i < f->count; i++) {
		look(f, f->logs[i], now);
		follow_spare_log(f, f->logs[i]);
	}
	settle(f, now);
	f->scanned_us = now->mono_us;
	return 0;
}

/* --- What others do with logs --------------------------------------------------------------------- */

int follow_shipped(struct follow *f, struct ship_log *log, uint64_t to, struct err *err)
{
	char tail[SHIP_TAIL + 1];
	if (content_tail(log->fd, to, log->path, tail, err) < 0)
		return -1;
	memcpy(log->is.tail, tail, sizeof(tail));
	log->is.offset = to;
	if (log->planned < to)
		log->planned = to;
	log->since_us = f->scanned_us;
	f->changed = true;
	return 0;
}

void follow_replan(struct follow *f)
{
	for (size_t i = 0; i < f->count; i++)
		f->logs[i]->planned = f->logs[i]->is.offset;
}

void follow_left(const struct follow *f, uint64_t *whole, uint64_t *partial)
{
	*whole = *partial = 0;
	for (size_t i = 0; i < f->count; i++) {
		const struct ship_log *log = f->logs[i];
		uint64_t from = log->is.offset;
		uint64_t end = log->complete > from ? log->complete : from;
		if (!log->there && !log->held)
			continue;
		*whole += end - from;
		*partial += log->size > end ? log->size - end : 0;
	}
}
