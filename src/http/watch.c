/* SPDX-License-Identifier: Apache-2.0 */
/* watch.c (http/): watchlists: one of them, filled by hand, paused, removed; and how feeds are. */
#include <string.h>

#include "answer/watch.h"
#include "http/private.h"

enum { SHOWN = 1000, SHOWN_MOST = 1000000 };

/* An answer that is made out of the store. */
static int from_store(struct request *r,
	int (*make)(struct request *r, struct store *store, struct err *err), struct err *err)
{
	struct store *store;
	if (request_store(r, STORE_READ, &store, err) < 0)
		return -1;
	int rc = make(r, store, err);
	store_close(store);
	return reply_made(r, rc, "", err);
}

static int put_feeds(struct request *r, struct store *store, struct err *err)
{
	return answer_feeds(store, &r->out, err);
}

int handle_feeds(struct request *r, struct err *err)
{
	return from_store(r, put_feeds, err);
}

static int put_watched(struct request *r, struct store *store, struct err *err)
{
	uint64_t limit = SHOWN;
	if (arg_number(r, "limit", SHOWN_MOST, &limit, err) < 0)
		return -1;
	return answer_watched(store, r->id, limit ? limit : SHOWN_MOST, &r->out, err);
}

int handle_watchlist(struct request *r, struct err *err)
{
	return from_store(r, put_watched, err);
}

/* ---- filled ---------------------------------------------------------------------------------- */

struct filling {
	struct watch_settings settings;
	struct ioc_list_options options;
	struct watch_fill_options fill;
	struct watch_unusable unusable;
};

static int parse(struct request *r, struct filling *f, struct err *err)
{
	const char *format = arg(r, "list_format"), *kind = arg(r, "kind");
	uint64_t confidence = UINT64_MAX;
	f->settings = (struct watch_settings){
		.level = arg(r, "level"), .expire = arg(r, "expire"), .tags = arg(r, "tags")};
	/* What a form leaves empty is not said. */
	f->settings.level = f->settings.level && *f->settings.level ? f->settings.level : NULL;
	f->settings.expire = f->settings.expire && *f->settings.expire ? f->settings.expire : NULL;
	f->options = (struct ioc_list_options){.name = "the body", .column = arg(r, "column")};
	if (format)
		f->options.format = ioc_list_format_named(slice_of(format));
	if (kind)
		f->options.kind = ioc_kind_named(slice_of(kind));
	if (f->options.format == IOC_LIST_FORMATS)
		return err_set(err, ERR_USAGE,
			"list_format=%.40s: write plain, csv, stix, misp, openioc, zeek or text",
			format);
	if (kind && f->options.kind == IOC_NONE)
		return err_set(err, ERR_USAGE,
			"kind=%.40s: write ipv4, ipv6, domain, url, email, md5, sha1, sha256, "
			"user, "
			"account, agent, host or other",
			kind);
	if (arg_number(r, "confidence", 100, &confidence, err) < 0 ||
		arg_flag(r, "exact", &f->settings.exact, err) < 0 ||
		arg_flag(r, "replace", &f->fill.replace, err) < 0 ||
		arg_flag(r, "allow_wide", &f->fill.allow_wide, err) < 0)
		return -1;
	f->settings.confidence = confidence == UINT64_MAX ? -1 : (int64_t)confidence;
	f->fill.list = r->id;
	f->fill.memory = request_options(r)->memory / HTTP_WORKERS;
	f->fill.unusable = watch_note_unusable;
	f->fill.ctx = &f->unusable;
	return 0;
}

static int fill_list(struct request *r, struct store *store, struct filling *f,
	struct watch_fill_result *result, struct err *err)
{
	struct watch_fill *fill;
	struct ioc_list_counts counts = {0};
	if (watch_list_prepare(store, r->id, &f->settings, err) < 0 ||
		watch_fill_begin(store, &f->fill, &fill, err) < 0)
		return -1;
	int rc = body_list(r, &f->options, watch_fill_entry, fill, &counts, err);
	if (rc == 0 && r->stop)
		rc = err_set(err, ERR_INTERRUPTED, "interrupted: the list is as it was");
	if (rc == 0)
		return watch_fill_commit(fill, NULL, result, err);
	watch_fill_abort(fill);
	return -1;
}

/* History is asked of what is new. */
static int sweep(
	struct request *r, struct store *store, struct watch_result *result, struct err *err)
{
	const struct watch_options options = {.threads = request_threads(r),
		.memory = request_options(r)->memory / HTTP_WORKERS,
		.stop = &r->stop};
	return watch_run(store, &options, result, err);
}

static int fill(struct request *r, struct store *store, void *ctx, struct err *err)
{
	struct filling *f = ctx;
	struct watch_fill_result filled = {0};
	struct watch_result swept = {0};
	if (fill_list(r, store, f, &filled, err) < 0)
		return -1;
	if (sweep(r, store, &swept, err) < 0)
		return err_context(err, "the list is filled, but history was not asked yet");
	answer_filled(r->id, &filled, &f->unusable, &swept, &r->out);
	return 0;
}

int handle_watchlist_fill(struct request *r, struct err *err)
{
	struct filling f = {0};
	int rc = parse(r, &f, err);
	if (rc == 0)
		rc = audited(r, "watchlist fill", r->id, fill, &f, err);
	buf_fini(&f.unusable.json);
	return reply_made(r, rc, "", err);
}

/* ---- paused, removed ------------------------------------------------------------------------- */

static int set_paused(struct request *r, struct store *store, void *ctx, struct err *err)
{
	const bool *paused = ctx;
	struct watch_result swept = {0};
	int rc = watchlist_pause(store, r->id, *paused, err);
	if (rc <= 0)
		return rc < 0 ? -1 : watchlist_missing(r->id, err);
	if (!*paused && sweep(r, store, &swept, err) < 0)
		return err_context(err, "it is watched for again, but history was not asked yet");
	buf_puts(&r->out, "{\"name\":");
	text_json_string(&r->out, slice_of(r->id));
	buf_printf(&r->out, ",\"paused\":%s}", *paused ? "true" : "false");
	return 0;
}

int handle_watchlist_pause(struct request *r, struct err *err)
{
	bool paused = true;
	return reply_made(
		r, audited(r, "watchlist pause", r->id, set_paused, &paused, err), "", err);
}

int handle_watchlist_resume(struct request *r, struct err *err)
{
	bool paused = false;
	return reply_made(
		r, audited(r, "watchlist resume", r->id, set_paused, &paused, err), "", err);
}

static int remove_list(struct request *r, struct store *store, void *ctx, struct err *err)
{
	struct store_lock *lock;
	(void)ctx;
	if (store_lock(store, WATCH_LOCK, true, &lock, err) < 0)
		return -1;
	int rc = watchlist_remove(store, r->id, err);
	store_unlock(lock);
	return rc == 0 ? watchlist_missing(r->id, err) : rc < 0 ? -1 : 0;
}

int handle_watchlist_remove(struct request *r, struct err *err)
{
	return reply_removed(r, audited(r, "watchlist remove", r->id, remove_list, NULL, err));
}
