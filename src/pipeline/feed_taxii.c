/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feed_taxii.c: a TAXII 2.1 client (OASIS TAXII 2.1, sections 3.4 paging, 4 discovery, 5 collections): indicators that were added after the
 * last fetch, page after page. A server that gives a page twice, a cursor twice, or goes back in time ends the fetch; nothing of it is taken then.
 */
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <strings.h>

#include "base/map.h"
#include "json/json.h"
#include "net/redirect.h"
#include "pipeline/feed_private.h"

#define MEDIA "application/taxii+json;version=2.1"

enum {
	PAGES_MOST = 10000,
	EMPTY_MOST = 5, /* pages without objects, one after another, that promise more */
	PAGE_LIMIT = 1000,
	TEXT_MOST = 8192, /* bytes of a cursor, an id, an address */
	ROOTS_MOST = 100,
};
#define PAGE_BYTES ((uint64_t)64 << 20)

static int not_taxii(const char *what, struct err *err)
{
	return err_set(err, ERR_FORMAT,
		"it does not answer as TAXII 2.1 does (%s): is it the address of a discovery page "
		"or "
		"an API root?",
		what);
}

/* One request whose answer is a JSON object; the body stays in `reply`. */
static int ask(struct feed_http *http, const char *url, uint64_t most, struct http_reply *reply,
	struct err *err)
{
	bool repaired;
	struct json_fault fault;
	if (feed_http_get(
		    http, url, most < PAGE_BYTES ? most : PAGE_BYTES, NULL, NULL, reply, err) < 0)
		return -1;
	struct slice type = http_header(reply, "content-type", 0), body = buf_view(&reply->body);
	size_t at = json_blanks(body, 0);
	if (reply->status == 304)
		return not_taxii("HTTP 304", err);
	if (type.ptr && type.len >= 9 && strncasecmp(type.ptr, "text/html", 9) == 0)
		return not_taxii("a web page", err);
	if (json_validate_lenient(body, &repaired, &fault) < 0)
		return not_taxii("no JSON", err);
	return at < body.len && body.ptr[at] == '{' ? 0 : not_taxii("no JSON object", err);
}

/* A member that is a text, copied; NULL where there is none. */
static const char *text_of(struct slice object, const char *name, struct arena *mem)
{
	struct buf text;
	buf_init(&text, TEXT_MOST);
	const char *copy = json_find_text(object, name, &text) && !text.full
				   ? arena_strdup(mem, buf_view(&text))
				   : NULL;
	buf_fini(&text);
	return copy && *copy ? copy : NULL;
}

static bool is_true(struct slice object, const char *name)
{
	return slice_eq(json_find(object, name), SLICE("true"));
}

/* ---- which collection ------------------------------------------------------------------------ */

struct finding {
	struct feed *feed;
	struct feed_http http;
	struct http_reply reply;
	struct arena *mem;
	void (*each)(void *ctx, const struct taxii_collection *collection);
	void *ctx;
	const char *roots[ROOTS_MOST];
	unsigned nroots;
	bool found;
};

static const char *with_slash(const char *url, struct arena *mem)
{
	size_t n = strlen(url);
	return n && url[n - 1] == '/' ? url : arena_printf(mem, "%s/", url);
}

/* Roots at other hosts would get the password. */
static int take_root(struct finding *f, struct slice text, struct err *err)
{
	struct buf reference, whole;
	bool repaired = false;
	buf_init(&reference, TEXT_MOST);
	buf_init(&whole, TEXT_MOST * 2);
	int rc = text.len && text.ptr[0] == '"' && json_unescape(text, 0, &reference, &repaired) > 0
			 ? redirect_resolve(f->feed->url, buf_view(&reference), &whole, err)
			 : not_taxii("an API root that is no text", err);
	if (rc == 0 && f->nroots < ROOTS_MOST && redirect_same_origin(f->feed->url, whole.ptr))
		f->roots[f->nroots++] =
			with_slash(arena_strdup(f->mem, slice_of(whole.ptr)), f->mem);
	buf_fini(&reference);
	buf_fini(&whole);
	return rc;
}

static int find_roots(struct finding *f, struct err *err)
{
	if (ask(&f->http, f->feed->url, PAGE_BYTES, &f->reply, err) < 0)
		return -1;
	struct slice body = buf_view(&f->reply.body), roots = json_find(body, "api_roots"), root;
	size_t at = 0;
	if (!roots.ptr) { /* an API root itself */
		if (!json_find(body, "versions").ptr && !json_find(body, "max_content_length").ptr)
			return not_taxii("neither discovery nor API root", err);
		f->roots[f->nroots++] = with_slash(f->feed->url, f->mem);
		return 0;
	}
	while (json_item(roots, &at, &root)) {
		if (take_root(f, root, err) < 0)
			return -1;
	}
	return f->nroots
		       ? 0
		       : err_set(err, ERR_FORMAT,
				 "its API roots are at other hosts: name one of them with --taxii");
}

static void take_collection(struct finding *f, const char *root, struct slice object)
{
	const char *wanted = f->feed->collection;
	const char *alias = text_of(object, "alias", f->mem);
	const struct taxii_collection collection = {.root = root,
		.id = text_of(object, "id", f->mem),
		.title = text_of(object, "title", f->mem),
		.readable = is_true(object, "can_read")};
	if (!collection.id || f->found)
		return;
	if (!wanted) {
		f->each(f->ctx, &collection);
	} else if (strcmp(wanted, collection.id) == 0 || (alias && strcmp(wanted, alias) == 0) ||
		   (collection.title && strcmp(wanted, collection.title) == 0)) {
		f->found = true;
		f->feed->url = root;
		f->feed->collection = collection.id;
	}
}

static int find_collections(struct finding *f, const char *root, struct err *err)
{
	const char *url = arena_printf(f->mem, "%scollections/", root);
	struct slice object;
	size_t at = 0;
	if (ask(&f->http, url, PAGE_BYTES, &f->reply, err) < 0)
		return -1;
	struct slice list = json_find(buf_view(&f->reply.body), "collections");
	while (json_item(list, &at, &object))
		take_collection(f, root, object);
	return 0;
}

int taxii_find(struct feed *feed, const volatile sig_atomic_t *stop, struct arena *mem,
	void (*each)(void *ctx, const struct taxii_collection *collection), void *ctx,
	struct err *err)
{
	struct finding f = {.feed = feed, .mem = mem, .each = each, .ctx = ctx};
	if (feed_check(feed, err) < 0)
		return -1;
	feed->url = with_slash(feed->url, mem);
	http_reply_init(&f.reply);
	int rc = feed_http_open(&f.http, feed, stop, err);
	if (rc == 0) {
		feed_http_header(&f.http, "Accept", MEDIA);
		rc = find_roots(&f, err);
	}
	for (unsigned i = 0; rc == 0 && i < f.nroots && !f.found; i++)
		rc = find_collections(&f, f.roots[i], err);
	feed_http_close(&f.http);
	http_reply_fini(&f.reply);
	return rc < 0 ? -1 : f.found;
}

/* ---- the objects ----------------------------------------------------------------------------- */

struct paging {
	struct feed_fetch *fetch;
	struct feed_http http;
	struct http_reply reply;
	struct map seen;   /* cursors, and sums of pages */
	const char *after; /* added_after; NULL = from the beginning */
	const char *next;  /* the cursor; NULL = none */
	const char *last;  /* X-TAXII-Date-Added-Last of the newest page; NULL = none said */
	unsigned pages, empty;
};

static const char *page_url(struct paging *p)
{
	const struct feed *feed = p->fetch->feed;
	struct buf url;
	buf_init(&url, TEXT_MOST * 4);
	buf_printf(&url, "%scollections/", feed->url);
	http_escape(&url, slice_of(feed->collection), false);
	buf_printf(&url, "/objects/?limit=%d&match%%5Btype%%5D=indicator", PAGE_LIMIT);
	if (p->after) {
		buf_puts(&url, "&added_after=");
		http_escape(&url, slice_of(p->after), false);
	}
	if (p->next) {
		buf_puts(&url, "&next=");
		http_escape(&url, slice_of(p->next), false);
	}
	const char *text = arena_strdup(&p->fetch->mem, buf_view(&url));
	buf_fini(&url);
	return text;
}

static bool parse_time(const char *text, int64_t *us)
{
	int64_t end;
	return clock_parse(slice_of(text), clock_now_us(), us, &end) == 0;
}

/* Times of a page are those of its first and last object; pages come in that order. */
static int check_times(struct paging *p, struct err *err)
{
	struct slice header = http_header(&p->reply, "x-taxii-date-added-last", 0);
	const char *last =
		header.len && header.len < 100 ? arena_strdup(&p->fetch->mem, header) : NULL;
	const char *before = p->last ? p->last : p->after;
	int64_t a, b;
	if (!last || !parse_time(last, &a))
		return 0;
	if (before && parse_time(before, &b) && a < b)
		return err_set(err, ERR_FORMAT,
			"the server goes back in time: it sent what was added up to %.40s, after "
			"%.40s was asked for",
			last, before);
	p->last = last;
	return 0;
}

/* 1 = not seen before. */
static int first_time(struct paging *p, char what, struct slice text)
{
	unsigned char key[33];
	key[0] = (unsigned char)what;
	if (!EVP_Digest(text.ptr, text.len, key + 1, NULL, EVP_sha256(), NULL))
		abort();
	struct slice slice = {(const char *)key, sizeof(key)};
	if (map_get(&p->seen, slice))
		return 0;
	(void)map_put(&p->seen, slice, NULL);
	return 1;
}

static int looping(const struct paging *p, const char *what, struct err *err)
{
	return err_set(err, ERR_FORMAT,
		"the server turns in a circle: %s came a second time, after %u pages", what,
		p->pages);
}

/* Where to go on: 1 more, 0 that was all, -1. */
static int next_page(struct paging *p, bool had_objects, struct err *err)
{
	struct slice body = buf_view(&p->reply.body);
	const char *next = text_of(body, "next", &p->fetch->mem);
	if (!is_true(body, "more"))
		return 0;
	p->empty = had_objects ? 0 : p->empty + 1;
	if (p->empty > EMPTY_MOST)
		return err_set(err, ERR_FORMAT,
			"the server promises more again and again, and sends nothing");
	if (next && !first_time(p, 'n', slice_of(next)))
		return looping(p, "a cursor (`next`)", err);
	/* Without a cursor the time is one. */
	if (!next && (!p->last || (p->after && strcmp(p->after, p->last) == 0)))
		return err_set(err, ERR_FORMAT,
			"the server says that there is more, and not how to get it");
	if (!next)
		p->after = p->last;
	p->next = next;
	return 1;
}

static int take_page(struct paging *p, struct err *err)
{
	struct feed_spool *spool = &p->fetch->spool;
	struct slice body = buf_view(&p->reply.body), objects = json_find(body, "objects"), first;
	size_t at = 0;
	bool had = json_item(objects, &at, &first);
	if (had && !first_time(p, 'p', objects))
		return looping(p, "a page", err);
	if (had && check_times(p, err) < 0)
		return -1;
	if (had) {
		if (spool_write(spool, body, err) < 0)
			return -1;
		spool_part(spool, arena_printf(&p->fetch->mem, "page %u", p->pages));
	}
	return next_page(p, had, err);
}

static int all_pages(struct paging *p, struct err *err)
{
	const struct feed *feed = p->fetch->feed;
	uint64_t most = feed->max_bytes ? feed->max_bytes : FEED_BYTES;
	char bytes[32];
	int more = 1;
	while (more == 1) {
		if (p->fetch->spool.size >= most)
			return err_set(err, ERR_LIMIT, "more than %s came: --max-size allows more",
				text_bytes(most, bytes));
		if (p->pages++ == PAGES_MOST)
			return err_set(err, ERR_LIMIT, "more than %d pages", PAGES_MOST);
		if (ask(&p->http, page_url(p), most - p->fetch->spool.size, &p->reply, err) < 0)
			return -1;
		more = take_page(p, err);
	}
	return more;
}

int fetch_taxii(struct feed_fetch *fetch, struct err *err)
{
	const char *mark = fetch->list->mark;
	bool goes_on = *mark && fetch->list->path && !fetch->options->accept;
	struct paging p = {.fetch = fetch, .after = goes_on ? mark : NULL};
	http_reply_init(&p.reply);
	map_init(&p.seen);
	int rc = feed_http_open(&p.http, fetch->feed, fetch->options->stop, err);
	if (rc == 0) {
		feed_http_header(&p.http, "Accept", MEDIA);
		rc = all_pages(&p, err);
	}
	fetch->asked_us = p.http.asked_us;
	fetch->adds = true;
	fetch->format = IOC_LIST_STIX;
	fetch->mark = p.last;
	fetch->unchanged = fetch->spool.n == 0;
	map_fini(&p.seen);
	feed_http_close(&p.http);
	http_reply_fini(&p.reply);
	return rc;
}
