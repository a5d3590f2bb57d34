/* SPDX-License-Identifier: Apache-2.0 */
/* watch_fill.c: a watchlist's new content. The new file is built beside the old one; what changed is counted by walking both. */
#include "pipeline/watch_fill.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/budget.h"
#include "base/map.h"

struct watch_fill {
	struct store *store;
	struct watch_fill_options options;
	struct store_lock *lock;
	struct arena mem;
	struct watchlist list;
	char *path;
	struct watch_builder *builder;
	struct map removed; /* form, kind, key, last */
	struct buf entry;
	struct buf tags;
	struct watch_fill_result result;
	int64_t now;
};

void watch_fill_abort(struct watch_fill *f)
{
	if (!f)
		return;
	watch_builder_free(f->builder);
	store_unlock(f->lock);
	map_fini(&f->removed);
	arena_fini(&f->mem);
	buf_fini(&f->entry);
	buf_fini(&f->tags);
	free(f);
}

int watch_fill_begin(struct store *store, const struct watch_fill_options *options,
	struct watch_fill **fill, struct err *err)
{
	struct watch_fill *f = xcalloc(1, sizeof(*f));
	f->store = store;
	f->options = *options;
	f->now = clock_now_us();
	buf_init(&f->entry, 8192);
	buf_init(&f->tags, 8192);
	int rc = store_lock(store, WATCH_LOCK, true, &f->lock, err) == 1 ? 0 : -1;
	if (rc == 0)
		rc = watchlist_get(store, options->list, &f->mem, &f->list, err);
	if (rc == 0)
		rc = watchlist_missing(options->list, err);
	if (rc == 1)
		f->path = watchlist_building(store, options->list, &f->mem, err);
	if (!f->path) {
		watch_fill_abort(f);
		return -1;
	}
	f->builder = watch_build(f->path, options->memory ? options->memory : BUDGET_DEFAULT / 4);
	*fill = f;
	return 0;
}

/* ---- what comes ------------------------------------------------------------------------------ */

static struct slice place_of(struct watch_fill *f, const struct indicator *indicator)
{
	buf_clear(&f->entry);
	buf_push(&f->entry, (char)indicator->form);
	buf_push(&f->entry, (char)indicator->kind);
	buf_slice(&f->entry, indicator->key);
	if (indicator->form == IOC_RANGE) {
		buf_push(&f->entry, '\0');
		buf_slice(&f->entry, indicator->last);
	}
	return buf_view(&f->entry);
}

void watch_fill_replace(struct watch_fill *f, bool replace)
{
	f->options.replace = replace;
}

void watch_fill_remove(struct watch_fill *f, const struct indicator *indicator)
{
	(void)map_put(&f->removed, place_of(f, indicator), NULL);
}

/* The list's tags and its own. */
static struct slice tags_of(struct watch_fill *f, struct slice own)
{
	if (!*f->list.tags)
		return own;
	buf_clear(&f->tags);
	buf_puts(&f->tags, f->list.tags);
	if (own.len) {
		buf_puts(&f->tags, ", ");
		buf_slice(&f->tags, own);
	}
	return buf_view(&f->tags);
}

static int64_t end_of(const struct watch_fill *f, const struct ioc_entry *entry)
{
	if (entry->expires != INT64_MIN)
		return entry->expires;
	if (f->options.expires)
		return f->options.expires;
	return f->list.expire_s ? f->now + (int64_t)f->list.expire_s * 1000000 : INT64_MAX;
}

static int refuse(struct watch_fill *f, const struct ioc_entry *entry, const char *reason)
{
	f->result.unusable++;
	if (f->options.unusable)
		f->options.unusable(f->options.ctx, entry, reason);
	return 0;
}

int watch_fill_entry(void *fill, const struct ioc_entry *entry, struct err *err)
{
	struct watch_fill *f = fill;
	if (!entry->usable)
		return refuse(f, entry, entry->reason);
	if (entry->revoked) {
		watch_fill_remove(f, &entry->indicator);
		return 0;
	}
	if (entry->wide && !f->options.allow_wide)
		return refuse(f, entry,
			"would match nearly everything: --allow-wide takes it all the same");
	const struct watched watched = {.indicator = entry->indicator,
		.below = entry->indicator.form == IOC_EXACT &&
			 entry->indicator.kind == IOC_DOMAIN && !f->list.exact,
		.expires = end_of(f, entry),
		.confidence = entry->confidence >= 0 ? entry->confidence : f->list.confidence,
		.text = entry->text,
		.id = entry->id,
		.tags = tags_of(f, entry->tags),
		.description = entry->description,
		.reference = entry->reference};
	f->result.usable++;
	return watch_add(f->builder, &watched, err);
}

/* ---- the end --------------------------------------------------------------------------------- */

static int copy_old(struct watch_fill *f, struct err *err)
{
	struct watch_file *old;
	const struct watched *watched;
	if (f->options.replace || !f->list.path)
		return 0;
	if (watch_file_open(f->list.path, &old, err) < 0)
		return err_context(err, "fill the list anew with --replace");
	int rc;
	while ((rc = watch_next(old, &watched, err)) == 1) {
		if (map_get(&f->removed, place_of(f, &watched->indicator)))
			continue;
		if ((rc = watch_add(f->builder, watched, err)) < 0)
			break;
	}
	watch_file_close(old);
	return rc;
}

/* How many of one are not in the other. */
static int count_missing(const char *path, const char *from, uint64_t *n, struct err *err)
{
	struct watch_file *one = NULL, *other = NULL;
	const struct watched *watched;
	int rc = watch_file_open(path, &one, err);
	if (rc == 0)
		rc = watch_file_open(from, &other, err);
	while (rc == 0 && (rc = watch_next(one, &watched, err)) == 1) {
		int has = watch_has(other, watched, err);
		*n += has == 0;
		rc = has < 0 ? -1 : 0;
	}
	watch_file_close(one);
	watch_file_close(other);
	return rc;
}

static int count_changes(struct watch_fill *f, const struct watch_facts *facts, struct err *err)
{
	struct watch_fill_result *r = &f->result;
	r->indicators = facts->indicators;
	r->contradictory = facts->contradictory;
	r->duplicates = facts->duplicates;
	if (f->list.path && (count_missing(f->path, f->list.path, &r->added, err) < 0 ||
				    count_missing(f->list.path, f->path, &r->removed, err) < 0)) {
		if (!f->options.replace || err->kind != ERR_DAMAGED)
			return -1;
		/* One that is damaged is replaced by one that is not. */
		f->list.path = NULL;
		r->removed = 0;
	}
	if (!f->list.path)
		r->added = facts->indicators;
	r->changed = r->added > 0 || r->removed > 0 || !f->list.path;
	return 0;
}

int watch_fill_commit(struct watch_fill *f, const struct watchlist_change *change,
	struct watch_fill_result *result, struct err *err)
{
	struct watchlist_change noted = change ? *change : (struct watchlist_change){0};
	struct watch_facts facts;
	int rc = copy_old(f, err);
	if (rc == 0)
		rc = watch_finish(f->builder, &facts, err);
	if (rc == 0 && facts.indicators < f->options.least)
		rc = err_set(err, ERR_LIMIT,
			"%" PRIu64 " indicators would be left of %" PRIu64
			": the list is kept as it was",
			facts.indicators, f->list.indicators);
	if (rc == 0)
		rc = count_changes(f, &facts, err);
	if (rc == 0) {
		noted.facts = f->result.changed ? &facts : NULL;
		noted.unusable = f->result.unusable;
		noted.added = f->result.added;
		noted.removed = f->result.removed;
		rc = watchlist_change(f->store, f->list.name, &noted, err);
	}
	*result = f->result;
	watch_fill_abort(f);
	return rc;
}
