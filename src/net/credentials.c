/* SPDX-License-Identifier: Apache-2.0 */
/* credentials.c: the chain of places where keys may be, and keeping them fresh. */
#include "net/credentials.h"

#include <stdlib.h>

#include "base/base.h"
#include "net/credentials_private.h"

#define SECOND     INT64_C(1000000)
#define EARLY_US   (300 * SECOND) /* keys are replaced so long before their end */
#define PATIENT_US (30 * SECOND)  /* between tries of a refresh that fails */

static void wipe_text(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
}

void credentials_wipe(struct credential_set *set)
{
	wipe_text(set->id);
	wipe_text(set->secret);
	wipe_text(set->token);
	memset(set, 0, sizeof(*set));
}

const char *credentials_environment(const char *name)
{
	const char *value = getenv(name);
	return value && *value ? value : NULL;
}

char *credentials_read_value(const char *path, struct err *err)
{
	char *data, *value = NULL;
	size_t n, from = 0;
	if (io_read_file(path, CREDENTIAL_MOST, &data, &n, err) < 0)
		return NULL;
	while (from < n && strchr(" \t\r\n", data[from]))
		from++;
	size_t to = n;
	while (to > from && strchr(" \t\r\n", data[to - 1]))
		to--;
	if (to > from && !memchr(data + from, '\n', to - from) &&
		!memchr(data + from, 0, to - from))
		value = strndup(data + from, to - from);
	else
		err_set(err, ERR_FORMAT, "%s: it must hold one value in one line", path);
	explicit_bzero(data, n);
	free(data);
	return value;
}

static const char *copied(struct arena *mem, const char *text)
{
	return text ? arena_strdup(mem, slice_of(text)) : NULL;
}

struct credential_provider *credentials_open(
	struct http_client *client, const struct credential_settings *settings)
{
	struct credential_provider *provider = xcalloc(1, sizeof(*provider));
	struct credential_settings *to = &provider->settings;
	const char **texts[] = {&to->id, &to->secret, &to->token, &to->id_file, &to->secret_file,
		&to->token_file, &to->profile, &to->role_arn, &to->external_id, &to->session_name,
		&to->region, &to->sts_endpoint, &to->ec2_endpoint};
	provider->client = client;
	*to = *settings;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		*texts[i] = copied(&provider->mem, *texts[i]);
	return provider;
}

/* The keys that were given lie in the arena. */
static void forget_given(struct credential_provider *provider)
{
	const char *given[] = {
		provider->settings.id, provider->settings.secret, provider->settings.token};
	for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
		union {
			const char *given;
			char *ours;
		} text = {given[i]};
		if (given[i])
			explicit_bzero(text.ours, strlen(text.ours));
	}
}

void credentials_close(struct credential_provider *provider)
{
	if (!provider)
		return;
	credentials_wipe(&provider->set);
	forget_given(provider);
	arena_fini(&provider->mem);
	free(provider);
}

static int from_files(
	struct credential_provider *provider, struct credential_set *set, struct err *err)
{
	const struct credential_settings *settings = &provider->settings;
	if (settings->id && settings->secret) {
		set->id = xstrdup(settings->id);
		set->secret = xstrdup(settings->secret);
		set->token = settings->token ? xstrdup(settings->token) : NULL;
		snprintf(provider->origin, sizeof(provider->origin), "given keys");
		return 1;
	}
	if (!settings->id_file && !settings->secret_file)
		return 0;
	if (!settings->id_file || !settings->secret_file)
		return err_set(err, ERR_USAGE,
			"access key id and secret access key go together: name a "
			"file for each");
	set->id = credentials_read_value(settings->id_file, err);
	set->secret = set->id ? credentials_read_value(settings->secret_file, err) : NULL;
	if (set->secret && settings->token_file)
		set->token = credentials_read_value(settings->token_file, err);
	if (!set->secret || (settings->token_file && !set->token))
		return -1;
	snprintf(provider->origin, sizeof(provider->origin), "files");
	return 1;
}

int credentials_from_environment(struct credential_set *set, struct err *err)
{
	const char *id = credentials_environment("AWS_ACCESS_KEY_ID");
	const char *secret = credentials_environment("AWS_SECRET_ACCESS_KEY");
	const char *token = credentials_environment("AWS_SESSION_TOKEN");
	if (!id && !secret)
		return 0;
	if (!id || !secret)
		return err_set(err, ERR_USAGE, "%s is set, but %s is not",
			id ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY",
			id ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID");
	set->id = xstrdup(id);
	set->secret = xstrdup(secret);
	set->token = token ? xstrdup(token) : NULL;
	return 1;
}

static const char *region_of(const struct credential_provider *provider)
{
	const char *region = provider->settings.region;
	if (!region)
		region = credentials_environment("AWS_REGION");
	if (!region)
		region = credentials_environment("AWS_DEFAULT_REGION");
	return region ? region : "us-east-1";
}

static int from_web_environment(
	struct credential_provider *provider, struct credential_set *set, struct err *err)
{
	const char *file = credentials_environment("AWS_WEB_IDENTITY_TOKEN_FILE");
	const char *session = credentials_environment("AWS_ROLE_SESSION_NAME");
	struct credential_role role = {credentials_environment("AWS_ROLE_ARN"), NULL,
		session ? session : "pugmark", region_of(provider)};
	if (!file || !role.arn)
		return 0;
	snprintf(provider->origin, sizeof(provider->origin), "web identity");
	return credentials_from_web_identity(provider, &role, file, set, err);
}

/* Notes where something was found. */
static int note(struct credential_provider *provider, int found, const char *origin)
{
	if (found > 0)
		snprintf(provider->origin, sizeof(provider->origin), "%s", origin);
	return found;
}

static int find(struct credential_provider *provider, int64_t now_us, struct credential_set *set,
	struct err *err)
{
	const struct credential_settings *settings = &provider->settings;
	const char *profile = credentials_environment("AWS_PROFILE");
	int found = from_files(provider, set, err);
	if (found == 0 && settings->profile) {
		found = credentials_from_profile(provider, settings->profile, 0, now_us, set, err);
		if (found == 0)
			return err_set(err, ERR_NOT_FOUND,
				"there is no profile %s in ~/.aws/credentials and ~/.aws/config",
				settings->profile);
		return found;
	}
	if (found == 0)
		found = note(provider, credentials_from_environment(set, err), "environment");
	if (found == 0)
		found = from_web_environment(provider, set, err);
	if (found == 0)
		found = credentials_from_profile(
			provider, profile ? profile : "default", 0, now_us, set, err);
	if (found == 0 && !settings->no_metadata)
		found = note(provider, credentials_from_container(provider, set, err),
			"container endpoint");
	if (found == 0 && !settings->no_metadata)
		found = note(provider, credentials_from_ec2(provider, set, err), "EC2 metadata");
	if (found == 0)
		return err_set(err, ERR_NOT_FOUND,
			"no AWS keys were found: none in files named, the environment, ~/.aws%s",
			settings->no_metadata ? "" : ", the container endpoint and EC2 metadata");
	return found;
}

static int fetch(struct credential_provider *provider, int64_t now_us, struct credential_set *set,
	struct err *err)
{
	const struct credential_settings *settings = &provider->settings;
	if (find(provider, now_us, set, err) < 0)
		return -1;
	if (!settings->role_arn)
		return 0;
	struct credential_role role = {settings->role_arn, settings->external_id,
		settings->session_name ? settings->session_name : "pugmark", region_of(provider)};
	if (credentials_assume(provider, &role, now_us, set, err) < 0)
		return -1;
	char by[120];
	snprintf(by, sizeof(by), "%.100s", provider->origin);
	snprintf(provider->origin, sizeof(provider->origin), "role %.150s by %s",
		settings->role_arn, by);
	return 0;
}

static bool lives(const struct credential_provider *provider, int64_t until_us)
{
	return provider->have && (!provider->set.expires_us || provider->set.expires_us > until_us);
}

int credentials_get(struct credential_provider *provider, int64_t now_us, struct sigv4_keys *keys,
	struct err *err)
{
	bool wait = provider->retry_us > now_us && provider->retry_us <= now_us + PATIENT_US;
	if (!lives(provider, now_us + EARLY_US) && !(wait && lives(provider, now_us))) {
		struct credential_set fresh = {0};
		struct err why = {0};
		if (fetch(provider, now_us, &fresh, &why) == 0) {
			credentials_wipe(&provider->set);
			provider->set = fresh;
			provider->have = true;
			provider->retry_us = 0;
		} else {
			credentials_wipe(&fresh);
			if (!lives(provider, now_us))
				return err_set(err, why.kind, "%s", why.text);
			log_warn("keys for AWS could not be renewed yet: %s", why.text);
			provider->retry_us = now_us + PATIENT_US;
		}
	}
	*keys = (struct sigv4_keys){provider->set.id, provider->set.secret, provider->set.token};
	return 0;
}

void credentials_forget(struct credential_provider *provider)
{
	provider->have = false;
}

const char *credentials_origin(const struct credential_provider *provider)
{
	return provider->origin;
}

int64_t credentials_expiry_us(const struct credential_provider *provider)
{
	return provider->have ? provider->set.expires_us : 0;
}

bool credentials_repeated(struct credential_provider *provider, struct slice text)
{
	struct sigv4_keys keys = {0};
	struct err unheard;
	if (!provider || credentials_get(provider, clock_now_us(), &keys, &unheard) < 0)
		return false;
	const char *const secrets[] = {keys.secret, keys.token, "Signature="};
	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
		if (secrets[i] && *secrets[i] && text.len &&
			memmem(text.ptr, text.len, secrets[i], strlen(secrets[i])))
			return true;
	return false;
}
