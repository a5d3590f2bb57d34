/* SPDX-License-Identifier: Apache-2.0 */
/*
 * change.c: logs that are not what they were: truncated, replaced, copied, gone. What is lost by that is
 * said loudly. A log is missed only when two listings in a row did not meet it: one that runs beside a
 * rename may leave a name out.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "ship/private.h"

/* Loud, and counted: what a log had behind `from`. What no scan saw is not known: then no number is given. */
static void lose(struct follow *f, const struct ship_log *log, uint64_t from, const char *how)
{
	uint64_t known = log->seen > from ? log->seen - from : 0;
	if (log->is.whole || (log->met && log->seen == 0))
		return;
	if (log->met && known == 0) {
		log_warn("%s %s; all that it had when it was looked at last is uploaded",
			log->is.name, how);
		return;
	}
	f->lost_logs++;
	f->lost_bytes += known;
	if (log->met)
		log_error("%s %s before it was uploaded whole: %" PRIu64 " bytes from byte %" PRIu64
			  " on are lost",
			log->is.name, how, known, from);
	else
		log_error("%s %s while nobody followed it: what it had from byte %" PRIu64
			  " on is lost",
			log->is.name, how, from);
}

/* The file holds something else than the log that it was: the log ends, and a new one begins. */
static void replace(struct follow *f, struct ship_log *log)
{
	struct ship_log *fresh = follow_add_log(f);
	*fresh = *log;
	fresh->is = (struct ship_record){.device = log->is.device,
		.inode = log->is.inode,
		.generation = log->is.generation + 1};
	fresh->is.name = xstrdup(log->shown);
	fresh->before_name = xstrdup(log->is.name);
	snprintf(fresh->before_fp, sizeof(fresh->before_fp), "%s", log->is.fp);
	fresh->path = NULL;
	follow_name_log(f, fresh, log->shown);
	fresh->seen = log->size;
	fresh->looked = fresh->complete = fresh->planned = 0;
	fresh->since_us = f->scanned_us;
	fresh->met = fresh->checked = true;
	fresh->counted = false;
	/* What remains of the old one is a record: a copy of its content may turn up. */
	free(log->before_name);
	log->before_name = NULL;
	log->fd = -1;
	log->is.device = log->is.inode = 0;
	log->there = false;
	log->how = "was truncated or replaced";
	f->changed = true;
}

/* A log whose first line was not known yet, and that is shorter now. */
static void begin_again(struct follow *f, struct ship_log *log)
{
	if (log->size < log->seen)
		lose(f, log, 0, "was truncated");
	log->seen = log->size;
	log->looked = log->complete = log->planned = 0;
	log->checked = true;
}

static void check(struct follow *f, struct ship_log *log, const struct ship_time *now)
{
	struct err err;
	if (!log->is.fp[0]) {
		begin_again(f, log);
		return;
	}
	int same = follow_open_log(f, log, &err) < 0 ? -1 : match_record(log, &log->is, &err);
	if (same < 0 && err.kind == ERR_BUSY)
		f->missing = true;
	else if (same < 0)
		follow_rest_log(log, now, &err);
	else if (same == 0)
		replace(f, log);
	else if (log->size < log->seen) {
		lose(f, log, log->size, "was cut");
		log->seen = log->size;
		log->looked = log->complete = log->is.offset;
	}
	if (same > 0) {
		log->checked = true;
		f->adopted++;
	}
}

/* A new file may be a log that is known, moved or copied to another place: its inode is new then. */
static void adopt(struct follow *f, struct ship_log *log)
{
	struct err err;
	for (size_t i = 0; i < f->count; i++) {
		struct ship_log *old = f->logs[i];
		if (old->there || !old->is.fp[0] || log->size < old->seen ||
			follow_open_log(f, log, &err) < 0 || match_record(log, &old->is, &err) != 1)
			continue;
		log_info("%s goes on as %s", old->is.name, log->shown);
		uint64_t device = log->is.device, inode = log->is.inode;
		free(log->is.name);
		log->is = old->is;
		log->is.device = device;
		log->is.inode = inode;
		log->looked = log->complete = log->planned = log->is.offset;
		log->counted = old->counted;
		old->is = (struct ship_record){.whole = true}; /* nothing of it is left to lose */
		old->missed = 2;
		f->changed = true;
		f->adopted++;
		return;
	}
}

void change_examine(struct follow *f, const struct ship_time *now)
{
	/* Indexes, since a check may add a log. */
	for (size_t i = 0, n = f->count; i < n; i++) {
		struct ship_log *log = f->logs[i];
		if (!log->there || log->checked || log->rest_us > now->mono_us)
			continue;
		check(f, log, now);
		follow_spare_log(f, log);
	}
	for (size_t i = 0; i < f->count; i++) {
		struct ship_log *log = f->logs[i];
		if (!log->there || log->is.fp[0] || log->size == 0 || log->tried)
			continue;
		log->tried = true;
		adopt(f, log);
		follow_spare_log(f, log);
	}
}

/* --- Logs that the scan did not meet ------------------------------------------------------------------- */

static void hold(struct ship_log *log, const struct ship_time *now)
{
	struct io_info info;
	struct err err;
	if (io_fstat(log->fd, &info, log->path, &err) < 0)
		return;
	if (info.size != log->size)
		log->grown_us = now->mono_us;
	log->size = info.size;
	log->mtime_us = info.mtime_us;
	if (log->size > log->seen)
		log->seen = log->size;
	if (!log->held)
		log_info("%s has gone from the folder; it is read to its end all the same",
			log->shown);
	log->held = true;
}

/* Whether a log that is not there is done with. */
static bool gone(struct follow *f, struct ship_log *log, const struct ship_time *now)
{
	log->missed++;
	if (log->missed == 1 && log->is.inode) {
		f->missing = true;
		return false;
	}
	if (log->fd >= 0 && !log->is.whole) {
		hold(log, now);
		return false;
	}
	lose(f, log, log->is.offset, log->how ? log->how : "has gone");
	f->changed = true;
	return true;
}

/* Deleted files take space from the server as long as they are open: not without end. */
static void let_go(struct follow *f)
{
	uint64_t held = 0;
	for (size_t i = 0; i < f->count; i++)
		held += f->logs[i]->held ? f->logs[i]->size : 0;
	for (size_t i = 0; i < f->count && held > LIMIT_SHIP_HELD; i++) {
		struct ship_log *log = f->logs[i];
		if (!log->held || log->fd < 0)
			continue;
		held -= log->size;
		io_close(log->fd);
		log->fd = -1;
	}
}

void change_drop_gone(struct follow *f, const struct ship_time *now)
{
	size_t kept = 0;
	let_go(f);
	for (size_t i = 0; i < f->count; i++) {
		struct ship_log *log = f->logs[i];
		if (!log->there && gone(f, log, now))
			follow_free_log(log);
		else
			f->logs[kept++] = log;
	}
	f->count = kept;
}
