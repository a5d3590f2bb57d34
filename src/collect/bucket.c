/* SPDX-License-Identifier: Apache-2.0 */
/* bucket.c: how a bucket is reached, and its listing: all of it, or what can be new. Logs have their date in
 * their names; a walk that looks for new objects goes through the folders level by level and leaves out
 * those of earlier days, so that a bucket of years costs a few requests. */
#include "collect/objects.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- where it is ----------------------------------------------------------------------------- */

int bucket_typed(const char *typed, struct settings *settings, struct err *err)
{
	char bucket[256];
	const char *from = strncmp(typed, "s3://", 5) == 0 ? typed + 5 : typed;
	size_t n = strcspn(from, "/");
	if (strstr(from, "://") || n == 0 || n >= sizeof(bucket))
		return err_set(err, ERR_USAGE,
			"`%.100s` is no bucket: write s3://BUCKET or s3://BUCKET/PREFIX", typed);
	snprintf(bucket, sizeof(bucket), "%.*s", (int)n, from);
	if (from[n] == '/' && from[n + 1] &&
		settings_put(settings, "prefix", from + n + 1, err) < 0)
		return -1;
	return settings_put(settings, "bucket", bucket, err);
}

int bucket_place_read(const struct settings *settings, const char *id, const char *secret,
	struct bucket_place *out, struct err *err)
{
	const char *bucket = settings_get(settings, "bucket");
	const char *prefix = settings_get(settings, "prefix");
	const char *endpoint = settings_get(settings, "endpoint");
	bool private = settings_on(settings, "allow_private");
	if (endpoint && strncmp(endpoint, "http://", 7) == 0 && !private)
		return err_set(err, ERR_USAGE,
			"http:// would send everything in the open: write https://…, or add "
			"--allow-private where %.200s is a server of your own network",
			endpoint);
	if (!bucket || (prefix && strlen(prefix) > S3_KEY_MOST))
		return err_set(err, ERR_USAGE,
			bucket ? "the prefix is longer than %d bytes" : "the bucket is missing",
			S3_KEY_MOST);
	*out = (struct bucket_place){.queue = settings_get(settings, "queue")};
	snprintf(out->bucket, sizeof(out->bucket), "%s", bucket);
	snprintf(out->prefix, sizeof(out->prefix), "%s", prefix ? prefix : "");
	out->place = (struct s3_place){
		.endpoint = endpoint,
		.region = settings_get(settings, "region"),
		.bucket = bucket,
		.style = settings_on(settings, "path_style") ? S3_STYLE_PATH : S3_STYLE_AUTO,
		.guard = private ? GUARD_PRIVATE_ALLOWED : GUARD_PUBLIC_ONLY,
		.plain = private && endpoint && strncmp(endpoint, "http://", 7) == 0,
	};
	out->credentials = (struct credential_settings){
		.id = id,
		.secret = secret,
		.profile = settings_get(settings, "profile"),
		.role_arn = settings_get(settings, "role_arn"),
		.external_id = settings_get(settings, "external_id"),
		.region = settings_get(settings, "region"),
	};
	return 0;
}

/* ---- listing --------------------------------------------------------------------------------- */

/* A folder that is being listed, or waits for it. */
struct level {
	char *prefix; /* owned */
	char *token;  /* of the next page; NULL = the first, or that of the year in hand (jump) */
	bool jump;
	struct level *next;
};

struct bucket_walk {
	struct s3 *s3;
	uint32_t since_day;
	struct level *levels; /* the one in hand first */
	struct s3_listing listing;
	uint64_t pages;
};

static void push(struct bucket_walk *walk, struct slice prefix)
{
	struct level *level = xcalloc(1, sizeof(*level));
	level->prefix = xcalloc(1, prefix.len + 1);
	memcpy(level->prefix, prefix.ptr, prefix.len);
	level->next = walk->levels;
	walk->levels = level;
}

static void pop(struct bucket_walk *walk)
{
	struct level *level = walk->levels;
	walk->levels = level->next;
	free(level->prefix);
	free(level->token);
	free(level);
}

struct bucket_walk *bucket_walk_open(struct s3 *s3, const struct bucket_walk_settings *settings)
{
	struct bucket_walk *walk = xcalloc(1, sizeof(*walk));
	walk->s3 = s3;
	walk->since_day = settings->since_day;
	s3_listing_init(&walk->listing);
	push(walk, slice_of(settings->prefix ? settings->prefix : ""));
	return walk;
}

void bucket_walk_close(struct bucket_walk *walk)
{
	if (!walk)
		return;
	while (walk->levels)
		pop(walk);
	s3_listing_fini(&walk->listing);
	free(walk);
}

uint64_t bucket_walk_pages(const struct bucket_walk *walk)
{
	return walk->pages;
}

/* Where the names of the year begin: days are told apart here, since they are written in two ways. */
static void start_after(
	const struct bucket_walk *walk, const struct level *level, char *out, size_t n)
{
	snprintf(out, n, "%s%04u", level->prefix, walk->since_day / 10000);
}

/* Whether the part of a key after the level's prefix is of an earlier day. */
static bool is_old(const struct bucket_walk *walk, const struct level *level, struct slice key)
{
	size_t n = strlen(level->prefix);
	if (!walk->since_day || key.len <= n)
		return false;
	uint32_t day = object_date((struct slice){key.ptr + n, key.len - n});
	return day != 0 && day < walk->since_day;
}

/* Whether a page that is not the last one ends among days of earlier years: what comes before the year in hand is
 * passed over then. The first page is always read, since the folders of nodes may have names before it. */
static bool ends_old(const struct bucket_walk *walk, const struct level *level)
{
	const struct s3_listing *page = &walk->listing;
	struct slice last = {NULL, 0};
	if (page->count)
		last = page->objects[page->count - 1].key;
	if (page->prefix_count) {
		struct slice folder = page->prefixes[page->prefix_count - 1];
		size_t n = last.len < folder.len ? last.len : folder.len;
		int order = n ? memcmp(folder.ptr, last.ptr, n) : 0;
		if (order > 0 || (order == 0 && folder.len > last.len))
			last = folder;
	}
	size_t n = strlen(level->prefix);
	if (!walk->since_day || last.len <= n)
		return false;
	uint32_t day = object_date((struct slice){last.ptr + n, last.len - n});
	return day != 0 && day / 10000 < walk->since_day / 10000;
}

/* Keeps the objects of the page that may be new, and puts its folders on the list, the first on top. */
static void sort_out(struct bucket_walk *walk, const struct level *level)
{
	struct s3_listing *page = &walk->listing;
	size_t kept = 0;
	for (size_t i = 0; i < page->count; i++) {
		if (!is_old(walk, level, page->objects[i].key))
			page->objects[kept++] = page->objects[i];
	}
	page->count = kept;
	struct level *rest = walk->levels->next;
	walk->levels->next = NULL;
	struct level *in_hand = walk->levels;
	walk->levels = rest;
	for (size_t i = page->prefix_count; i > 0; i--) {
		if (!is_old(walk, level, page->prefixes[i - 1]))
			push(walk, page->prefixes[i - 1]);
	}
	in_hand->next = walk->levels;
	walk->levels = in_hand;
}

int bucket_walk_next(struct bucket_walk *walk, const struct s3_listing **page, struct err *err)
{
	char after[S3_KEY_MOST + 8];
	struct level *level = walk->levels;
	if (!level)
		return 0;
	struct s3_list what = {.prefix = level->prefix, .token = level->token};
	if (walk->since_day) {
		start_after(walk, level, after, sizeof(after));
		what.delimiter = "/";
		what.start_after = level->jump ? after : NULL;
	}
	walk->pages++;
	if (s3_list(walk->s3, &what, &walk->listing, err) < 0)
		return -1;
	free(level->token);
	level->jump = walk->listing.next && ends_old(walk, level);
	level->token = walk->listing.next && !level->jump ? xstrdup(walk->listing.next) : NULL;
	sort_out(walk, level);
	if (!level->token && !level->jump)
		pop(walk);
	*page = &walk->listing;
	return 1;
}
