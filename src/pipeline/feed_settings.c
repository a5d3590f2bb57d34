/* SPDX-License-Identifier: Apache-2.0 */
/* feed_settings.c: feeds between the catalog and the fetch: settings as JSON, secrets sealed. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "pipeline/feed_private.h"

static const char *const kind_names[] = {"address", "taxii", "file"};

/* What is kept in the open. */
static const struct {
	const char *name;
	size_t at;
} texts[] = {
	{"collection", offsetof(struct feed, collection)},
	{"column", offsetof(struct feed, column)},
	{"user", offsetof(struct feed, user)},
	{"ca_file", offsetof(struct feed, ca_file)},
	{"proxy", offsetof(struct feed, proxy)},
};
static const struct {
	const char *name;
	size_t at;
} flags[] = {
	{"allow_private", offsetof(struct feed, allow_private)},
	{"allow_wide", offsetof(struct feed, allow_wide)},
	{"url_secret", offsetof(struct feed, url_secret)},
};
static const struct {
	const char *name;
	size_t at;
} sealed[FEED_SECRETS] = {
	{"url", offsetof(struct feed, url)},
	{"headers", offsetof(struct feed, headers)},
	{"password", offsetof(struct feed, password)},
	{"token", offsetof(struct feed, token)},
};
#define COUNT_OF(list) (sizeof(list) / sizeof((list)[0]))

static const char *get_text(const struct feed *feed, size_t at)
{
	const char *value;
	memcpy(&value, (const char *)feed + at, sizeof(value));
	return value;
}

static void set_text(struct feed *feed, size_t at, const char *value)
{
	memcpy((char *)feed + at, &value, sizeof(value));
}

bool feed_is(const struct watchlist *list)
{
	return *list->url != '\0';
}

/* ---- checks ---------------------------------------------------------------------------------- */

static int check_address(const struct feed *feed, struct err *err)
{
	bool plain = strncmp(feed->url, "http://", 7) == 0;
	const char *host = feed->url + (plain ? 7 : 8);
	if ((strncmp(feed->url, "https://", 8) != 0 && !(plain && feed->allow_private)) ||
		strcspn(host, "/?#") == 0)
		return err_set(err, ERR_USAGE, "the address must begin with https://%s",
			plain ? ": http:// is taken with --allow-private, for hosts of your own "
				"network"
			      : "");
	if (memchr(host, '@', strcspn(host, "/?#")))
		return err_set(err, ERR_USAGE,
			"the address holds a password: give it with --user and --password-file");
	if (feed->proxy && strchr(feed->proxy, '@'))
		return err_set(err, ERR_USAGE,
			"--proxy with a password would be kept in the open: give it to pugmark in "
			"the environment instead, as HTTPS_PROXY");
	return 0;
}

static int check_nothing(void *ctx, const char *name, const char *value, struct err *err)
{
	(void)ctx;
	(void)name;
	(void)value;
	(void)err;
	return 0;
}

int feed_check(const struct feed *feed, struct err *err)
{
	if (feed->kind == FEED_FILE)
		return feed->headers || feed->user || feed->password || feed->token
			       ? err_set(err, ERR_USAGE,
					 "a file needs no headers, user, password or token")
			       : 0;
	if (check_address(feed, err) < 0)
		return -1;
	if (!feed->user != !feed->password)
		return err_set(err, ERR_USAGE, "--user and --password-file go together");
	if (feed->user && feed->token)
		return err_set(err, ERR_USAGE, "a user and a token do not go together");
	if (feed->user && strchr(feed->user, ':'))
		return err_set(err, ERR_USAGE, "a user's name holds no colon");
	if (!feed->headers)
		return 0;
	struct arena mem = {0};
	int rc = feed_headers_read(slice_of(feed->headers), &mem, check_nothing, NULL, err);
	arena_fini(&mem);
	return rc;
}

/* ---- saving ---------------------------------------------------------------------------------- */

static int put_number(struct settings *settings, const char *name, uint64_t value, struct err *err)
{
	char text[32];
	snprintf(text, sizeof(text), "%" PRIu64, value);
	return value ? settings_put(settings, name, text, err) : 0;
}

static int make_settings(const struct feed *feed, struct settings *settings, struct err *err)
{
	if (settings_put(settings, "kind", kind_names[feed->kind], err) < 0)
		return -1;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		const char *value = get_text(feed, texts[i].at);
		if (value && settings_put(settings, texts[i].name, value, err) < 0)
			return -1;
	}
	for (size_t i = 0; i < COUNT_OF(flags); i++) {
		if (*((const char *)feed + flags[i].at) &&
			settings_put(settings, flags[i].name, "true", err) < 0)
			return -1;
	}
	if (feed->format != IOC_LIST_GUESS &&
		settings_put(settings, "format", ioc_list_format_name(feed->format), err) < 0)
		return -1;
	if (feed->value_kind != IOC_NONE &&
		settings_put(settings, "value_kind", ioc_kind_name(feed->value_kind), err) < 0)
		return -1;
	return put_number(settings, "max_bytes", feed->max_bytes, err);
}

/* "https://host:port/…": what may be shown of an address that is a secret. */
static const char *shown_url(const struct feed *feed, struct arena *mem)
{
	const char *after = strstr(feed->url, "://");
	size_t n = after ? (size_t)(after - feed->url) + 3 : 0;
	if (!feed->url_secret)
		return feed->url;
	n += strcspn(feed->url + n, "/?#");
	return arena_printf(mem, "%.*s/…", (int)n, feed->url);
}

static int save(struct store *store, const struct watchlist *list, const struct feed *feed,
	const struct secret_key *key, struct settings *settings, struct err *err)
{
	struct connection_secret secrets[FEED_SECRETS];
	struct watchlist saved = *list;
	struct arena mem = {0};
	struct buf json;
	if (make_settings(feed, settings, err) < 0)
		return -1;
	for (size_t i = 0; i < FEED_SECRETS; i++)
		secrets[i] = (struct connection_secret){
			sealed[i].name, slice_of(get_text(feed, sealed[i].at))};
	if (!feed->url_secret)
		secrets[0].plain = SLICE("");
	buf_init(&json, WATCHLIST_SETTINGS * 2);
	settings_write(settings, &json);
	buf_push(&json, '\0');
	saved.url = shown_url(feed, &mem);
	saved.settings = json.ptr;
	int rc = watchlist_put_feed(store, &saved, secrets, FEED_SECRETS, key, err);
	buf_fini(&json);
	arena_fini(&mem);
	return rc;
}

int feed_save(struct store *store, const struct watchlist *list, const struct feed *feed,
	const char *key_file, struct err *err)
{
	struct settings settings = {0};
	struct secret_key *key = NULL;
	bool secret = feed->url_secret || feed->headers || feed->password || feed->token;
	if (feed_check(feed, err) < 0 ||
		(secret && store_secret_key(store, key_file, true, &key, err) < 0))
		return -1;
	int rc = save(store, list, feed, key, &settings, err);
	settings_fini(&settings);
	secret_key_free(key);
	return rc;
}

/* ---- loading --------------------------------------------------------------------------------- */

static int open_secrets(
	struct store *store, struct loaded_feed *loaded, const char *key_file, struct err *err)
{
	struct secret_key *key = NULL;
	if (!*loaded->list.secrets)
		return 0;
	/* Opened anew each time: it may have been changed meanwhile. */
	if (store_secret_key(store, key_file, false, &key, err) < 0)
		return -1;
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < FEED_SECRETS; i++) {
		int got = watchlist_secret(
			store, loaded->list.name, sealed[i].name, key, &loaded->secrets[i], err);
		if (got == 1)
			set_text(&loaded->feed, sealed[i].at, loaded->secrets[i].text);
		rc = got < 0 ? -1 : 0;
	}
	secret_key_free(key);
	return rc;
}

static void take_settings(struct loaded_feed *loaded)
{
	struct feed *feed = &loaded->feed;
	const struct settings *settings = &loaded->settings;
	const char *kind = settings_get(settings, "kind"),
		   *most = settings_get(settings, "max_bytes"),
		   *format = settings_get(settings, "format"),
		   *value_kind = settings_get(settings, "value_kind");
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		set_text(feed, texts[i].at, settings_get(settings, texts[i].name));
	for (size_t i = 0; i < COUNT_OF(flags); i++)
		*((bool *)((char *)feed + flags[i].at)) = settings_on(settings, flags[i].name);
	for (int i = 0; i < (int)COUNT_OF(kind_names); i++) {
		if (kind && strcmp(kind, kind_names[i]) == 0)
			feed->kind = (enum feed_kind)i;
	}
	int64_t n = 0;
	if (most && text_parse_int(slice_of(most), &n) == 0 && n > 0)
		feed->max_bytes = (uint64_t)n;
	if (format && (feed->format = ioc_list_format_named(slice_of(format))) == IOC_LIST_FORMATS)
		feed->format = IOC_LIST_GUESS;
	if (value_kind)
		feed->value_kind = ioc_kind_named(slice_of(value_kind));
	feed->list = loaded->list.name;
	feed->url = loaded->list.url;
}

int feed_load(struct store *store, const char *name, const char *key_file,
	struct loaded_feed *loaded, struct err *err)
{
	*loaded = (struct loaded_feed){0};
	int rc = watchlist_get(store, name, &loaded->mem, &loaded->list, err);
	if (rc < 1 || !feed_is(&loaded->list))
		return rc < 0 ? -1 : 0;
	if (settings_read(&loaded->settings, slice_of(loaded->list.settings), err) < 0)
		return -1;
	take_settings(loaded);
	return open_secrets(store, loaded, key_file, err) < 0 ? -1 : 1;
}

void feed_unload(struct loaded_feed *loaded)
{
	for (size_t i = 0; i < FEED_SECRETS; i++)
		secret_wipe(&loaded->secrets[i]);
	settings_fini(&loaded->settings);
	arena_fini(&loaded->mem);
}
