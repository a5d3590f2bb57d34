/* SPDX-License-Identifier: Apache-2.0 */
/* list.c: one listing of the folder: its files are met as logs that are known, or as new ones. */
#include <inttypes.h>
#include <stdlib.h>

#include "ship/private.h"

struct entry {
	const char *name; /* in the scan's arena */
	struct io_info info;
	struct ship_order order;
};

struct scan {
	struct follow *f;
	const struct ship_time *now;
	struct arena mem;
	struct entry *entries;
	size_t count, cap;
	struct map by_inode; /* index + 1 into f->logs */
	char other[100];     /* the first name that is left out */
};

static void see_other(struct scan *scan, const char *name, const struct io_info *info)
{
	if (!info->is_regular)
		return;
	scan->f->others++;
	if (!scan->other[0])
		snprintf(scan->other, sizeof(scan->other), "%s", name);
}

static int see_name(void *ctx, const char *name, struct err *err)
{
	struct scan *scan = ctx;
	struct follow *f = scan->f;
	struct entry entry = {.name = name};
	bool wanted = f->all || names_match(name);
	if (!wanted && f->others_said)
		return 0;
	const char *path = arena_printf(&scan->mem, "%s/%s", f->path, name);
	int there = io_lstat(path, &entry.info, err);
	if (there <= 0)
		return there;
	if (!wanted) {
		see_other(scan, name, &entry.info);
		return 0;
	}
	if (!entry.info.is_regular) {
		f->links += !f->others_said && !entry.info.is_dir;
		return 0;
	}
	if (scan->count == LIMIT_SHIP_LOGS)
		return err_set(err, ERR_LIMIT, "%s: there are more than %d files in it", f->path,
			LIMIT_SHIP_LOGS);
	if (scan->count == scan->cap) {
		scan->cap = scan->cap ? 2 * scan->cap : 128;
		scan->entries = xrealloc(scan->entries, scan->cap * sizeof(struct entry));
	}
	entry.name = arena_strdup(&scan->mem, slice_of(name));
	entry.order = names_order(name, entry.info.mtime_us);
	scan->entries[scan->count++] = entry;
	return 0;
}

static int compare_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	return names_compare(&x->order, x->name, &y->order, y->name);
}

static struct slice inode_key(const uint64_t pair[2])
{
	return (struct slice){(const char *)pair, 2 * sizeof(uint64_t)};
}

static void note_inode(struct scan *scan, const struct ship_log *log, size_t index)
{
	uint64_t pair[2] = {log->is.device, log->is.inode};
	if (log->is.inode)
		*map_put(&scan->by_inode, inode_key(pair), NULL) = index + 1;
}

/* --- Known logs and new ones ------------------------------------------------------------------------- */

static void meet_new(struct scan *scan, const struct entry *entry)
{
	struct follow *f = scan->f;
	struct ship_log *log = follow_add_log(f);
	log->is.device = entry->info.device;
	log->is.inode = entry->info.inode;
	log->is.name = xstrdup(entry->name);
	follow_name_log(f, log, entry->name);
	log->met = log->there = log->checked = true;
	log->size = log->seen = entry->info.size;
	log->mtime_us = entry->info.mtime_us;
	log->grown_us = scan->now->mono_us;
	log->since_us = f->scanned_us;
	note_inode(scan, log, f->count - 1);
}

static void meet_known(struct scan *scan, struct ship_log *log, const struct entry *entry)
{
	const struct io_info *info = &entry->info;
	bool renamed = strcmp(log->shown, entry->name) != 0;
	bool written = log->met && info->mtime_us != log->mtime_us;
	if (info->size > log->size && log->size == log->is.offset)
		log->since_us = scan->f->scanned_us;
	if (!log->met || info->size != log->size || written)
		log->grown_us = scan->now->mono_us;
	/* Perhaps another file, or another content. */
	if (renamed || info->size < log->size || (written && info->size == log->size))
		log->checked = false;
	if (renamed && log->met)
		log_info("%s is now %s", log->shown, entry->name);
	if (renamed)
		follow_name_log(scan->f, log, entry->name);
	log->size = info->size;
	if (log->size > log->seen)
		log->seen = log->size;
	log->mtime_us = info->mtime_us;
	log->met = log->there = true;
	log->held = false;
	log->missed = 0;
	if (log->size > log->is.offset && log->is.whole) {
		log->is.whole = false;
		scan->f->changed = true;
	}
}

static void meet(struct scan *scan, const struct entry *entry)
{
	uint64_t pair[2] = {entry->info.device, entry->info.inode};
	const uint64_t *known = map_get(&scan->by_inode, inode_key(pair));
	if (!known) {
		meet_new(scan, entry);
		return;
	}
	struct ship_log *log = scan->f->logs[*known - 1];
	if (!log->there) /* else it has a second name */
		meet_known(scan, log, entry);
}

static void say_others(struct scan *scan)
{
	struct follow *f = scan->f;
	if (!f->others_said && f->others)
		log_info("%" PRIu64
			 " of the files in %s, such as %s, are left out: they are not named "
			 "*.audit.log (--all takes every file)",
			f->others, f->path, scan->other);
	if (!f->others_said && f->links)
		log_warn("%" PRIu64
			 " of the names in %s are left out: they are links, pipes or the like",
			f->links, f->path);
	f->others_said = true;
}

static int list(struct scan *scan, struct err *err)
{
	struct follow *f = scan->f;
	uint64_t others = f->others, links = f->links;
	if (!f->others_said)
		f->others = f->links = 0;
	if (io_list(f->path, see_name, scan, err) < 0) {
		f->others = others;
		f->links = links;
		return -1;
	}
	if (scan->count > 1)
		qsort(scan->entries, scan->count, sizeof(struct entry), compare_entries);
	f->files = scan->count;
	f->open = 0;
	for (size_t i = 0; i < f->count; i++) {
		f->open += f->logs[i]->fd >= 0;
		f->logs[i]->there = false;
		note_inode(scan, f->logs[i], i);
	}
	for (size_t i = 0; i < scan->count; i++)
		meet(scan, &scan->entries[i]);
	return 0;
}

int list_folder(struct follow *f, const struct ship_time *now, struct err *err)
{
	struct scan scan = {.f = f, .now = now};
	int status = list(&scan, err);
	if (status == 0)
		say_others(&scan);
	free(scan.entries);
	map_fini(&scan.by_inode);
	arena_fini(&scan.mem);
	return status;
}
