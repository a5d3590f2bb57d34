/* SPDX-License-Identifier: Apache-2.0 */
/* notify_target.c: notifiers between the catalog and the sender: settings as JSON, secrets sealed. */
#include <stddef.h>
#include <string.h>

#include "collect/settings.h"
#include "pipeline/notify_target.h"

/* What is kept in the open, and the host of an address that is not. */
static const struct {
	const char *name;
	size_t at;
} texts[] = {
	{"to", offsetof(struct notify_target, to)},
	{"server", offsetof(struct notify_target, server)},
	{"sender", offsetof(struct notify_target, sender)},
	{"user", offsetof(struct notify_target, user)},
	{"ca_file", offsetof(struct notify_target, ca_file)},
	{"proxy", offsetof(struct notify_target, proxy)},
};
static const struct {
	const char *name;
	size_t at;
} sealed[LOADED_SECRETS] = {
	{"url", offsetof(struct notify_target, url)},
	{"secret", offsetof(struct notify_target, secret)},
	{"password", offsetof(struct notify_target, password)},
};

static const char *get_text(const struct notify_target *target, size_t at)
{
	const char *value;
	memcpy(&value, (const char *)target + at, sizeof(value));
	return value;
}

static void set_text(struct notify_target *target, size_t at, const char *value)
{
	memcpy((char *)target + at, &value, sizeof(value));
}

/* ---- saving ---------------------------------------------------------------------------------- */

/* "https://host:port": what a list may show of an address that is a secret. */
static int put_host(struct settings *settings, const char *url, struct err *err)
{
	char host[300];
	const char *after = strstr(url, "://");
	size_t n = after ? (size_t)(after - url) + 3 + strcspn(after + 3, "/?#") : 0;
	if (n == 0 || n >= sizeof(host))
		return err_set(err, ERR_USAGE, "the address cannot be read");
	memcpy(host, url, n);
	host[n] = '\0';
	return settings_put(settings, "host", host, err);
}

static int make_settings(
	const struct notify_target *target, struct settings *settings, struct err *err)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const char *value = get_text(target, texts[i].at);
		if (value && settings_put(settings, texts[i].name, value, err) < 0)
			return -1;
	}
	if (target->url && put_host(settings, target->url, err) < 0)
		return -1;
	if (target->allow_private && settings_put(settings, "allow_private", "true", err) < 0)
		return -1;
	return target->without_tls ? settings_put(settings, "without_tls", "true", err) : 0;
}

static int save(struct store *store, const struct notifier *notifier,
	const struct notify_target *target, struct settings *settings, const struct secret_key *key,
	struct err *err)
{
	struct connection_secret secrets[LOADED_SECRETS];
	struct notifier saved = *notifier;
	struct buf json;
	if (make_settings(target, settings, err) < 0)
		return -1;
	for (size_t i = 0; i < LOADED_SECRETS; i++)
		secrets[i] = (struct connection_secret){
			sealed[i].name, slice_of(get_text(target, sealed[i].at))};
	buf_init(&json, NOTIFIER_SETTINGS * 2);
	settings_write(settings, &json);
	buf_push(&json, '\0');
	saved.kind = target->kind;
	saved.settings = json.ptr;
	int rc = notifier_put(store, &saved, secrets, LOADED_SECRETS, key, err);
	buf_fini(&json);
	return rc;
}

int notify_save(struct store *store, const struct notifier *notifier,
	const struct notify_target *target, const char *key_file, struct err *err)
{
	struct settings settings = {0};
	struct secret_key *key = NULL;
	bool secret = target->url || target->secret || target->password;
	if (notify_check(target, err) < 0 ||
		(secret && store_secret_key(store, key_file, true, &key, err) < 0))
		return -1;
	int rc = save(store, notifier, target, &settings, key, err);
	settings_fini(&settings);
	secret_key_free(key);
	return rc;
}

/* ---- loading --------------------------------------------------------------------------------- */

struct finding {
	struct loaded_target *loaded;
	bool found;
};

static int take(void *ctx, const struct notifier *notifier, struct err *err)
{
	struct finding *finding = ctx;
	struct loaded_target *loaded = finding->loaded;
	loaded->target.name = arena_strdup(&loaded->mem, slice_of(notifier->name));
	loaded->target.kind = arena_strdup(&loaded->mem, slice_of(notifier->kind));
	finding->found = true;
	loaded->sealed = *notifier->secrets != '\0';
	return settings_read(&loaded->settings, slice_of(notifier->settings), err);
}

static int open_secrets(
	struct store *store, struct loaded_target *loaded, const char *key_file, struct err *err)
{
	struct secret_key *key = NULL;
	if (!loaded->sealed)
		return 0;
	/* Opened anew each time: it may have been changed meanwhile. */
	if (store_secret_key(store, key_file, false, &key, err) < 0)
		return -1;
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < LOADED_SECRETS; i++) {
		int got = notifier_secret(
			store, loaded->target.name, sealed[i].name, key, &loaded->secrets[i], err);
		if (got == 1)
			set_text(&loaded->target, sealed[i].at, loaded->secrets[i].text);
		rc = got < 0 ? -1 : 0;
	}
	secret_key_free(key);
	return rc;
}

int notify_load(struct store *store, const char *name, const char *key_file,
	struct loaded_target *loaded, struct err *err)
{
	struct finding finding = {.loaded = loaded};
	*loaded = (struct loaded_target){0};
	int rc = notifier_list(store, name, take, &finding, err);
	if (rc < 0 || !finding.found)
		return rc < 0 ? -1 : 0;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		set_text(&loaded->target, texts[i].at,
			settings_get(&loaded->settings, texts[i].name));
	loaded->target.allow_private = settings_on(&loaded->settings, "allow_private");
	loaded->target.without_tls = settings_on(&loaded->settings, "without_tls");
	return open_secrets(store, loaded, key_file, err) < 0 ? -1 : 1;
}

void notify_unload(struct loaded_target *loaded)
{
	for (size_t i = 0; i < LOADED_SECRETS; i++)
		secret_wipe(&loaded->secrets[i]);
	settings_fini(&loaded->settings);
	arena_fini(&loaded->mem);
}
