/* SPDX-License-Identifier: Apache-2.0 */
/* s3_list.c: one page of ListObjectsV2. The reply is taken apart element by element; what is not of
 * the form that it must have makes the page an error, never a shorter page. */
#include <stdlib.h>
#include <strings.h>

#include "base/base.h"
#include "net/s3_private.h"

enum { PAGE_MOST = 1000, TOKEN_MOST = 4096, LIST_OBJECTS = 10000 };

struct page {
	struct s3_listing *listing;
	size_t cap, prefix_cap;
	struct s3_object object;
	bool has_key, has_size, seen, truncated, coded;
};

void s3_listing_init(struct s3_listing *listing)
{
	memset(listing, 0, sizeof(*listing));
}

void s3_listing_fini(struct s3_listing *listing)
{
	free(listing->objects);
	free(listing->prefixes);
	arena_fini(&listing->mem);
	memset(listing, 0, sizeof(*listing));
}

static void empty(struct s3_listing *listing)
{
	arena_reset(&listing->mem);
	listing->count = listing->prefix_count = 0;
	listing->next = NULL;
}

static struct slice copied(struct page *page, struct slice text)
{
	return (struct slice){arena_strdup(&page->listing->mem, text), text.len};
}

/* encoding-type=url is form coding: %XX, and + for a space. */
static struct slice decoded(struct page *page, struct slice text)
{
	struct buf plain;
	buf_init(&plain, SIZE_MAX);
	http_unescape(&plain, text, true);
	struct slice copy = copied(page, buf_view(&plain));
	buf_fini(&plain);
	return copy;
}

static int broken(struct err *err, const char *why)
{
	return err_set(err, ERR_FORMAT, "the listing is broken: %s", why);
}

static int end_object(struct page *page, struct err *err)
{
	struct s3_listing *listing = page->listing;
	if (!page->has_key || !page->has_size)
		return broken(err, "an object without key or size");
	if (listing->count == LIST_OBJECTS)
		return broken(err, "more objects than were asked for");
	if (listing->count == page->cap) {
		page->cap = page->cap ? 2 * page->cap : 256;
		listing->objects =
			xrealloc(listing->objects, page->cap * sizeof(*listing->objects));
	}
	listing->objects[listing->count++] = page->object;
	page->object = (struct s3_object){0};
	page->has_key = page->has_size = false;
	return 0;
}

static int end_prefix(struct page *page, struct slice text, struct err *err)
{
	struct s3_listing *listing = page->listing;
	if (listing->prefix_count == LIST_OBJECTS)
		return broken(err, "more prefixes than were asked for");
	if (listing->prefix_count == page->prefix_cap) {
		page->prefix_cap = page->prefix_cap ? 2 * page->prefix_cap : 64;
		listing->prefixes =
			xrealloc(listing->prefixes, page->prefix_cap * sizeof(*listing->prefixes));
	}
	listing->prefixes[listing->prefix_count++] = copied(page, text);
	return 0;
}

static int take_size(struct page *page, struct slice text, struct err *err)
{
	int64_t size;
	if (text_parse_int(text, &size) < 0 || size < 0)
		return broken(err, "an object's size is no number");
	page->object.size = (uint64_t)size;
	page->has_size = true;
	return 0;
}

static int take_object(struct page *page, const char *name, struct slice text, struct err *err)
{
	if (strcmp(name, "Key") == 0) {
		page->object.key = copied(page, text);
		page->has_key = true;
	} else if (strcmp(name, "Size") == 0) {
		return take_size(page, text, err);
	} else if (strcmp(name, "ETag") == 0) {
		page->object.etag = copied(page, text);
	} else if (strcmp(name, "LastModified") == 0) {
		page->object.modified_us = s3_time(text);
	} else if (strcmp(name, "StorageClass") == 0) {
		page->object.cold = s3_is_cold(text);
	}
	return 0;
}

static int take_element(void *ctx, const char *path, struct slice text, struct err *err)
{
	static const char root[] = "ListBucketResult", inside[] = "ListBucketResult/";
	struct page *page = ctx;
	if (strcmp(path, root) == 0) {
		page->seen = true;
		return 0;
	}
	if (strncmp(path, inside, sizeof(inside) - 1) != 0)
		return 0;
	const char *name = path + sizeof(inside) - 1;
	if (strncmp(name, "Contents/", 9) == 0)
		return take_object(page, name + 9, text, err);
	if (strcmp(name, "Contents") == 0)
		return end_object(page, err);
	if (strcmp(name, "CommonPrefixes/Prefix") == 0)
		return end_prefix(page, text, err);
	if (strcmp(name, "EncodingType") == 0)
		page->coded = slice_eq(text, SLICE("url"));
	else if (strcmp(name, "IsTruncated") == 0)
		page->truncated = slice_eq(text, SLICE("true"));
	else if (strcmp(name, "NextContinuationToken") == 0 && text.len <= TOKEN_MOST)
		page->listing->next = copied(page, text).ptr;
	return 0;
}

/* EncodingType may stand after the keys: they are decoded when all is read. */
static void decode_keys(struct page *page)
{
	struct s3_listing *listing = page->listing;
	for (size_t i = 0; page->coded && i < listing->count; i++)
		listing->objects[i].key = decoded(page, listing->objects[i].key);
	for (size_t i = 0; page->coded && i < listing->prefix_count; i++)
		listing->prefixes[i] = decoded(page, listing->prefixes[i]);
}

int s3_listing_read(
	struct slice xml, const char *token, struct s3_listing *listing, struct err *err)
{
	struct page page = {.listing = listing};
	empty(listing);
	free(listing->objects);
	free(listing->prefixes);
	listing->objects = NULL;
	listing->prefixes = NULL;
	if (net_xml_read(xml, take_element, &page, err) < 0)
		return -1;
	if (!page.seen)
		return broken(err, "it is no ListBucketResult");
	if (!page.truncated)
		listing->next = NULL;
	else if (!listing->next || !*listing->next)
		return broken(err, "it says that there is more, but not how to go on");
	if (listing->next && token && strcmp(listing->next, token) == 0)
		return broken(
			err, "the server leads in a circle (the same continuation token again)");
	for (size_t i = 0; i < listing->count; i++)
		if (listing->objects[i].key.len == 0)
			return broken(err, "an object without a name");
	decode_keys(&page);
	return 0;
}

static void add(struct buf *query, const char *name, const char *value)
{
	if (!value)
		return;
	buf_printf(query, "%s%s=", query->len ? "&" : "", name);
	http_escape(query, slice_of(value), false);
}

int s3_list(struct s3 *s3, const struct s3_list *what, struct s3_listing *listing, struct err *err)
{
	struct buf query;
	char most[16];
	unsigned n = what->most && what->most < PAGE_MOST ? what->most : PAGE_MOST;
	snprintf(most, sizeof(most), "%u", n);
	buf_init(&query, URL_MOST / 2);
	add(&query, "list-type", "2");
	add(&query, "encoding-type", "url");
	add(&query, "max-keys", most);
	add(&query, "prefix", what->prefix);
	add(&query, "delimiter", what->delimiter);
	add(&query, what->token ? "continuation-token" : "start-after",
		what->token ? what->token : what->start_after);
	struct s3_call call = {S3_LISTING, "GET", SLICE(""), buf_view(&query), NULL, 0, {NULL, 0},
		false, NULL, NULL};
	int status = query.full ? err_set(err, ERR_USAGE, "prefix and start-after are too long")
				: s3_do(s3, &call, err);
	buf_fini(&query);
	if (status == 0)
		status = s3_listing_read(buf_view(&s3->reply.body), what->token, listing, err);
	else
		empty(listing);
	if (status < 0 && err->kind == ERR_FORMAT)
		err_context(err, "bucket %s", s3->bucket);
	return status;
}
