/* SPDX-License-Identifier: Apache-2.0 */
/* feed_fill.c: what came becomes the list's content: unpacked within limits, and refused where it is no list, empty, or hardly any of what it was. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/budget.h"
#include "base/map.h"
#include "pipeline/feed_private.h"

enum { SHRUNK = 10 /* a tenth is left: more was lost than a list loses */ };
#define DAY_US INT64_C(86400000000)

/* ---- into the list --------------------------------------------------------------------------- */

struct filling {
	struct feed_fetch *fetch;
	struct watch_fill *fill;
	uint64_t passed, usable, unusable, entries;
	char reason[200]; /* of the first that is not usable */
	bool adds;
	/* What was said of an indicator last, where it was ever withdrawn: 1 = withdrawn. A list that sends old versions too is read
	 * twice: the first time finds these. */
	struct map withdrawn;
	bool again; /* the second time */
};

static uint64_t *withdrawal_of(struct filling *f, const struct indicator *indicator, bool make)
{
	struct buf key;
	buf_init(&key, 1 << 20);
	buf_printf(&key, "%c%c%zu ", indicator->form, indicator->kind, indicator->key.len);
	buf_slice(&key, indicator->key);
	if (indicator->form == IOC_RANGE)
		buf_slice(&key, indicator->last);
	uint64_t *value = make ? map_put(&f->withdrawn, buf_view(&key), NULL)
			       : map_get(&f->withdrawn, buf_view(&key));
	buf_fini(&key);
	return value;
}

/* Whether it is passed over. */
static bool is_withdrawn(struct filling *f, const struct ioc_entry *entry)
{
	if (!entry->usable || (!entry->revoked && f->withdrawn.count == 0))
		return false;
	uint64_t *value = withdrawal_of(f, &entry->indicator, entry->revoked);
	if (!f->again && value)
		*value = entry->revoked;
	return f->again && value && *value && !entry->revoked;
}

static int each_entry(void *ctx, const struct ioc_entry *entry, struct err *err)
{
	struct filling *f = ctx;
	f->entries++;
	if (!entry->usable && f->unusable++ == 0)
		snprintf(f->reason, sizeof(f->reason), "%s", entry->reason ? entry->reason : "");
	f->usable += entry->usable;
	return is_withdrawn(f, entry) ? 0 : watch_fill_entry(f->fill, entry, err);
}

static int fill_part(struct filling *f, const struct feed_part *part, struct err *err)
{
	const struct feed *feed = f->fetch->feed;
	struct ioc_list_options options = {.format = f->fetch->format,
		.column = feed->column,
		.kind = feed->value_kind,
		.name = part->name};
	struct ioc_list_counts counts = {0};
	struct feed_reader reader = {.part = part,
		.stop = f->fetch->options->stop,
		.passed = &f->passed,
		.most = feed->max_bytes ? feed->max_bytes : FEED_BYTES};
	int rc = feed_reader_open(&reader, err);
	if (rc == 0)
		rc = ioc_list_read(
			&options, feed_reader_read, &reader, each_entry, f, &counts, err);
	feed_reader_close(&reader);
	f->adds = f->adds || counts.format == IOC_LIST_STIX;
	return rc < 0 ? -1 : 0;
}

/* Whole days: a feed that is read every hour makes the same ends until tomorrow. */
static int64_t end_of(const struct watchlist *list)
{
	int64_t end = clock_now_us() + (int64_t)list->expire_s * 1000000;
	return list->expire_s ? (end / DAY_US + 1) * DAY_US : 0;
}

static int check_content(const struct filling *f, struct err *err)
{
	char n[32];
	if (f->usable > 0 || f->fetch->adds || f->fetch->options->accept)
		return 0;
	if (f->unusable > 0)
		return err_set(err, ERR_FORMAT,
			"nothing in it can be used: %s texts, the first: %s",
			text_count(f->unusable, n), f->reason);
	return err_set(err, ERR_FORMAT, "it is empty: no indicator is in it");
}

static int fill_all(struct filling *f, struct err *err)
{
	const struct feed_spool *spool = &f->fetch->spool;
	for (uint32_t i = 0; i < spool->n; i++) {
		if (fill_part(f, &spool->parts[i], err) < 0)
			return -1;
	}
	/* What is accepted is all that is meant: even a feed that adds begins anew. */
	watch_fill_replace(f->fill, !f->adds || f->fetch->options->accept);
	return check_content(f, err);
}

static int begin_and_fill(struct store *store, const struct watch_fill_options *options,
	struct filling *f, struct err *err)
{
	if (watch_fill_begin(store, options, &f->fill, err) < 0)
		return -1;
	if (fill_all(f, err) == 0)
		return 0;
	watch_fill_abort(f->fill);
	f->fill = NULL;
	return -1;
}

static int meant_so(int rc, const char *list, struct err *err)
{
	char why[600];
	if (rc == 0 || err->kind != ERR_LIMIT || !strstr(err->text, "would be left"))
		return rc;
	snprintf(why, sizeof(why), "%.590s", err->text);
	return err_set(err, ERR_LIMIT,
		"it has lost more than 90 %% (%s); pugmark ioc update %s --accept takes it all the "
		"same",
		why, list);
}

int feed_fill(struct store *store, struct feed_fetch *fetch, int64_t due_at,
	struct feed_result *result, struct err *err)
{
	const struct watchlist *list = fetch->list;
	const struct feed_options *options = fetch->options;
	struct watch_fill_options filling = {.list = list->name,
		.allow_wide = fetch->feed->allow_wide,
		.memory = (options->memory ? options->memory : BUDGET_DEFAULT) / 4,
		.expires = end_of(list),
		.least = options->accept ? 0 : list->indicators / SHRUNK,
		.unusable = options->unusable,
		.ctx = options->ctx};
	const struct watchlist_change change = {.fetched_at = clock_now_us(),
		.due_at = due_at,
		.etag = fetch->etag,
		.modified = fetch->modified,
		.mark = fetch->mark};
	struct filling f = {.fetch = fetch, .adds = fetch->adds};
	int rc = begin_and_fill(store, &filling, &f, err);
	if (rc == 0 && f.withdrawn.count > 0) {
		watch_fill_abort(f.fill);
		f.again = true;
		f.passed = f.usable = f.unusable = 0;
		filling.unusable = NULL; /* told already */
		rc = begin_and_fill(store, &filling, &f, err);
	}
	map_fini(&f.withdrawn);
	if (rc < 0)
		return -1;
	result->outcome = FEED_UNCHANGED;
	rc = watch_fill_commit(f.fill, &change, &result->fill, err);
	if (rc == 0 && result->fill.changed)
		result->outcome = FEED_CHANGED;
	return meant_so(rc, list->name, err);
}
