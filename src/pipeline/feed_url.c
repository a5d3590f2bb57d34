/* SPDX-License-Identifier: Apache-2.0 */
/* feed_url.c: a list at an address: asked for only where it changed; what the server says of that is believed for a day, and never where the bytes
 * say otherwise. */
#include <inttypes.h>
#include <stdlib.h>

#include "net/retry.h"
#include "pipeline/feed_private.h"

#define DAY_US INT64_C(86400000000)

enum { VALIDATOR_MOST = 1000 /* bytes of an ETag that is kept */, SUM_TEXT = 64 };

struct url_fetch {
	struct feed_fetch *fetch;
	struct feed_http http;
	struct http_reply reply;
	char sum[SUM_TEXT + 1]; /* of what came last; "" = not known */
	int64_t whole_at;       /* when it came */
	int64_t since;          /* MISP: the newest event that was taken */
};

static int take_body(void *ctx, const struct http_reply *reply, struct slice data, struct err *err)
{
	struct url_fetch *u = ctx;
	(void)reply;
	return spool_write(&u->fetch->spool, data, err);
}

/* "SUM TIME SECONDS": of a MISP feed's newest event that was taken; 0 for others. */
static void read_mark(struct url_fetch *u)
{
	const char *mark = u->fetch->list->mark;
	size_t n = strcspn(mark, " "), m = mark[n] ? strcspn(mark + n + 1, " ") : 0;
	if (n != SUM_TEXT || text_parse_int((struct slice){mark + n + 1, m}, &u->whole_at) < 0)
		return;
	memcpy(u->sum, mark, SUM_TEXT);
	if (mark[n + 1 + m] && u->fetch->list->path && !u->fetch->options->accept)
		(void)text_parse_int(slice_of(mark + n + 1 + m + 1), &u->since);
}

/* Ends that are counted from now are made anew only by reading the list, and what was refused was not taken. */
static bool is_conditional(const struct url_fetch *u)
{
	const struct watchlist *list = u->fetch->list;
	int64_t age = clock_now_us() - u->whole_at;
	return list->path && *u->sum && list->expire_s == 0 && !u->fetch->options->accept &&
	       age >= 0 && age < DAY_US;
}

static const char *kept(struct url_fetch *u, const char *name)
{
	struct slice value = http_header(&u->reply, name, 0);
	return value.len < VALIDATOR_MOST && text_utf8_valid(value)
		       ? arena_strdup(&u->fetch->mem, value)
		       : "";
}

static int check_time(const struct url_fetch *u, struct err *err)
{
	int64_t now = clock_now_us();
	int64_t before = retry_date(slice_of(u->fetch->list->modified), now),
		after = retry_date(http_header(&u->reply, "last-modified", 0), now);
	char a[CLOCK_TEXT], b[CLOCK_TEXT];
	if (u->fetch->options->accept || before == 0 || after == 0 || after >= before)
		return 0;
	return err_set(err, ERR_FORMAT,
		"what it sent is of %.19sZ, older than what is here (%.19sZ)", clock_text(after, a),
		clock_text(before, b));
}

static const char *base_name(const struct feed *feed, struct arena *mem)
{
	const char *after = strstr(feed->url, "://");
	size_t n = after ? (size_t)(after - feed->url) + 3 : 0;
	return arena_printf(mem, "%.*s", (int)(n + strcspn(feed->url + n, "/?#")), feed->url);
}

static int take_whole(struct url_fetch *u, struct err *err)
{
	struct feed_fetch *fetch = u->fetch;
	char sum[SUM_TEXT + 1];
	if (u->reply.status == 206)
		return err_set(
			err, ERR_FORMAT, "it sent a part of the list, which nobody asked for");
	/* Over TLS a cut connection is seen. */
	if (!u->reply.end_known && strncmp(fetch->feed->url, "http://", 7) == 0)
		return err_set(err, ERR_FORMAT,
			"it does not say where its list ends (no Content-Length), so that half of "
			"it "
			"would look like the whole");
	spool_part(&fetch->spool, base_name(fetch->feed, &fetch->mem));
	if (check_time(u, err) < 0 || spool_sum(&fetch->spool, sum, err) < 0)
		return -1;
	fetch->etag = kept(u, "etag");
	fetch->modified = kept(u, "last-modified");
	fetch->unchanged = strcmp(sum, u->sum) == 0 && fetch->list->path &&
			   fetch->list->expire_s == 0 && !fetch->options->accept;
	bool events = misp_is_manifest(fetch->feed->url);
	if (events && !fetch->unchanged && misp_events(&u->http, fetch, &u->since, err) < 0)
		return -1;
	fetch->mark =
		arena_printf(&fetch->mem, "%s %" PRId64 " %" PRId64, sum, clock_now_us(), u->since);
	return 0;
}

static int get(struct url_fetch *u, struct err *err)
{
	struct feed_fetch *fetch = u->fetch;
	const struct feed *feed = fetch->feed;
	bool conditional = is_conditional(u);
	size_t headers = u->http.n;
	if (conditional && *fetch->list->etag)
		feed_http_header(&u->http, "If-None-Match", fetch->list->etag);
	if (conditional && *fetch->list->modified)
		feed_http_header(&u->http, "If-Modified-Since", fetch->list->modified);
	if (feed_http_get(&u->http, feed->url, feed->max_bytes ? feed->max_bytes : FEED_BYTES,
		    take_body, u, &u->reply, err) < 0)
		return -1;
	u->http.n = headers; /* those were for this address alone */
	if (u->reply.status != 304)
		return take_whole(u, err);
	if (!conditional)
		return err_set(err, ERR_FORMAT,
			"it says that nothing changed (HTTP 304), though nobody asked whether");
	fetch->unchanged = true;
	return 0;
}

int fetch_url(struct feed_fetch *fetch, struct err *err)
{
	struct url_fetch u = {.fetch = fetch};
	http_reply_init(&u.reply);
	read_mark(&u);
	int rc = feed_http_open(&u.http, fetch->feed, fetch->options->stop, err);
	if (rc == 0)
		rc = get(&u, err);
	fetch->asked_us = u.http.asked_us;
	feed_http_close(&u.http);
	http_reply_fini(&u.reply);
	return rc;
}
