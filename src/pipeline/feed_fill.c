/* SPDX-License-Identifier: Apache-2.0 */
/* feed_fill.c: what came becomes the list's content: unpacked within limits, and refused where it is no list, empty, or hardly any of what it was. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/budget.h"
#include "base/map.h"
#include "pipeline/feed_private.h"
#include "pipeline/input.h"

enum { SHRUNK = 10 /* a tenth is left: more was lost than a list loses */ };
#define DAY_US INT64_C(86400000000)

/* ---- bytes of a part ------------------------------------------------------------------------- */

struct reader {
	const struct feed_part *part;
	const volatile sig_atomic_t *stop;
	struct input *input;
	struct zip *zip;
	struct input_stream stream;
	uint64_t at;            /* packed */
	uint64_t *passed, most; /* unpacked, of all parts */
	bool begun;
};

static int read_packed(void *ctx, void *data, size_t n, size_t *got, bool *end, struct err *err)
{
	struct reader *r = ctx;
	uint64_t left = r->part->len - r->at;
	*got = left < n ? (size_t)left : n;
	*end = *got == left;
	if (io_pread(r->part->fd, data, *got, r->part->from + r->at, r->part->name, err) < 0)
		return -1;
	r->at += *got;
	return 1;
}

static int reader_open(struct reader *r, struct err *err)
{
	char head[4] = {0};
	size_t n = r->part->len < sizeof(head) ? (size_t)r->part->len : sizeof(head);
	if (io_pread(r->part->fd, head, n, r->part->from, r->part->name, err) < 0)
		return -1;
	if (zip_is(head, n))
		return zip_open(r->part, &r->zip, err);
	r->stream = (struct input_stream){read_packed, r, r->part->len};
	r->input = input_open_stream(r->part->name, &r->stream);
	return 0;
}

static void reader_close(struct reader *r)
{
	input_close(r->input);
	zip_close(r->zip);
}

static bool begins_with(struct slice text, const char *word)
{
	size_t n = strlen(word);
	return text.len >= n && strncasecmp(text.ptr, word, n) == 0;
}

/* A page for people: of a login, an error, a firewall. */
static bool is_page(struct slice text)
{
	static const char *const tags[] = {
		"<!doctype html", "<html", "<head", "<body", "<script", "<!--", NULL};
	if (begins_with(text, "\xef\xbb\xbf"))
		text.ptr += 3, text.len -= 3;
	while (text.len && strchr(" \t\r\n", text.ptr[0]))
		text.ptr++, text.len--;
	for (size_t i = 0; tags[i]; i++) {
		if (begins_with(text, tags[i]))
			return true;
	}
	return false;
}

static int64_t read_input(struct reader *r, char *to, size_t n, struct err *err)
{
	int64_t got = 0;
	bool end = false;
	while (got == 0 && !end)
		got = input_read(r->input, to, n, &end, err);
	if (got < 0 && err->kind == ERR_FORMAT)
		return err_set(err, ERR_FORMAT, "%s: the %s data are damaged or end early",
			r->part->name, input_packing(r->input));
	return got;
}

static int64_t read_part(void *ctx, char *to, size_t n, struct err *err)
{
	struct reader *r = ctx;
	char bytes[32];
	if (feed_stopped(r->stop))
		return err_set(err, ERR_INTERRUPTED, "interrupted");
	int64_t got = r->zip ? zip_read(r->zip, to, n, err) : read_input(r, to, n, err);
	if (got <= 0)
		return got;
	if (!r->begun && is_page((struct slice){to, (size_t)got}))
		return err_set(err, ERR_FORMAT,
			"%s: it sent a web page (HTML), no list: a page to sign in, an error, or "
			"not the address of the list itself",
			r->part->name);
	r->begun = true;
	*r->passed += (uint64_t)got;
	if (*r->passed > r->most)
		return err_set(err, ERR_LIMIT,
			"%s: it unpacks to more than %s: --max-size allows more", r->part->name,
			text_bytes(r->most, bytes));
	return got;
}

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
	struct reader reader = {.part = part,
		.stop = f->fetch->options->stop,
		.passed = &f->passed,
		.most = feed->max_bytes ? feed->max_bytes : FEED_BYTES};
	int rc = reader_open(&reader, err);
	if (rc == 0)
		rc = ioc_list_read(&options, read_part, &reader, each_entry, f, &counts, err);
	reader_close(&reader);
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
	watch_fill_replace(f->fill, !f->adds);
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
