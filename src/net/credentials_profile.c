/* SPDX-License-Identifier: Apache-2.0 */
/* credentials_profile.c: the shared files ~/.aws/credentials and ~/.aws/config. */
#include <stdlib.h>
#include <strings.h>

#include "base/base.h"
#include "net/credentials_private.h"

enum { FILE_MOST = 1 << 20, PROFILE_STEPS = 5 };

/* Both files' texts, "" where there is none. */
struct profiles {
	char *credentials, *config;
};

static char *read_shared(const char *variable, const char *name, struct err *err)
{
	const char *given = credentials_environment(variable), *home = getenv("HOME");
	char path[4096], *data;
	size_t n;
	snprintf(path, sizeof(path), "%s/.aws/%s", home ? home : "", name);
	int there = io_stat(given ? given : path, NULL, err);
	if (there <= 0)
		return there < 0 ? NULL : xstrdup("");
	if (io_read_file(given ? given : path, FILE_MOST, &data, &n, err) < 0)
		return NULL;
	return data;
}

static void fini(struct profiles *files)
{
	char *texts[] = {files->credentials, files->config};
	for (size_t i = 0; i < 2; i++) {
		if (texts[i])
			explicit_bzero(texts[i], strlen(texts[i]));
		free(texts[i]);
	}
}

static struct slice trimmed(struct slice s)
{
	while (s.len && strchr(" \t\r", s.ptr[0]))
		s = (struct slice){s.ptr + 1, s.len - 1};
	while (s.len && strchr(" \t\r", s.ptr[s.len - 1]))
		s.len--;
	return s;
}

/* Whether a line is the head of the section: [name], or [profile name] in the config file. */
static bool is_section(struct slice line, const char *name, bool config)
{
	line = trimmed((struct slice){line.ptr + 1, line.len - 1});
	const char *end = memchr(line.ptr, ']', line.len);
	if (!end)
		return false;
	line = trimmed((struct slice){line.ptr, (size_t)(end - line.ptr)});
	if (config && line.len > 8 && strncmp(line.ptr, "profile", 7) == 0 &&
		strchr(" \t", line.ptr[7]))
		line = trimmed((struct slice){line.ptr + 8, line.len - 8});
	return slice_eq(line, slice_of(name));
}

/* The value of `key` in a section; *seen tells whether there is the section at all. */
static struct slice ini_value(
	const char *text, const char *section, bool config, const char *key, bool *seen)
{
	struct slice found = {NULL, 0};
	bool inside = false;
	for (const char *at = text; *at;) {
		size_t n = strcspn(at, "\n");
		struct slice line = trimmed((struct slice){at, n});
		/* What is indented belongs to the line before ("s3 =" and its settings). */
		bool nested = n && strchr(" \t", at[0]);
		at += n + (at[n] != 0);
		if (line.len == 0 || line.ptr[0] == '#' || line.ptr[0] == ';')
			continue;
		if (line.ptr[0] == '[') {
			inside = is_section(line, section, config);
			*seen = *seen || inside;
			continue;
		}
		const char *equals = memchr(line.ptr, '=', line.len);
		if (!inside || nested || !equals)
			continue;
		struct slice name = trimmed((struct slice){line.ptr, (size_t)(equals - line.ptr)});
		if (name.len == strlen(key) && strncasecmp(name.ptr, key, name.len) == 0)
			found = trimmed((struct slice){
				equals + 1, (size_t)(line.ptr + line.len - equals - 1)});
	}
	return found;
}

/* A value of a profile, the credentials file first; in `mem`, NULL where there is none. */
static const char *value_of(struct arena *mem, const struct profiles *files, const char *profile,
	const char *key, bool *seen)
{
	struct slice value = ini_value(files->credentials, profile, false, key, seen);
	struct slice other = ini_value(files->config, profile, true, key, seen);
	if (value.len == 0)
		value = other;
	return value.len ? arena_strdup(mem, value) : NULL;
}

struct profile {
	const char *id, *secret, *token, *role, *source, *external_id, *session, *region, *web_file,
		*credential_source, *process, *sso;
	bool seen;
};

static void read_profile(
	struct arena *mem, const struct profiles *files, const char *name, struct profile *p)
{
	const struct {
		const char *key, **to;
	} keys[] = {
		{"aws_access_key_id", &p->id},
		{"aws_secret_access_key", &p->secret},
		{"aws_session_token", &p->token},
		{"role_arn", &p->role},
		{"source_profile", &p->source},
		{"external_id", &p->external_id},
		{"role_session_name", &p->session},
		{"region", &p->region},
		{"web_identity_token_file", &p->web_file},
		{"credential_source", &p->credential_source},
		{"credential_process", &p->process},
		{"sso_start_url", &p->sso},
	};
	memset(p, 0, sizeof(*p));
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		*keys[i].to = value_of(mem, files, name, keys[i].key, &p->seen);
}

static int from_source(struct credential_provider *provider, const struct profile *p,
	struct credential_set *set, struct err *err)
{
	static const char names[] = "Environment, Ec2InstanceMetadata or EcsContainer";
	int found = 0;
	if (strcasecmp(p->credential_source, "Environment") == 0)
		found = credentials_from_environment(set, err);
	else if (strcasecmp(p->credential_source, "Ec2InstanceMetadata") == 0)
		found = credentials_from_ec2(provider, set, err);
	else if (strcasecmp(p->credential_source, "EcsContainer") == 0)
		found = credentials_from_container(provider, set, err);
	else
		return err_set(err, ERR_USAGE, "credential_source must be %s", names);
	if (found == 0)
		return err_set(err, ERR_NOT_FOUND, "credential_source %.40s has no keys",
			p->credential_source);
	return found;
}

/* The keys that a profile with a role begins with. */
static int base_keys(struct credential_provider *provider, const char *name,
	const struct profile *p, unsigned depth, int64_t now_us, struct credential_set *set,
	struct err *err)
{
	if (p->credential_source)
		return from_source(provider, p, set, err);
	const char *source = p->source ? p->source : name;
	/* A profile may name itself, or nothing: then its own keys are meant. */
	if (strcmp(source, name) == 0) {
		if (!p->id || !p->secret)
			return err_set(err, ERR_USAGE,
				"it has a role_arn, but no keys, source_profile or "
				"credential_source");
		set->id = xstrdup(p->id);
		set->secret = xstrdup(p->secret);
		set->token = p->token ? xstrdup(p->token) : NULL;
		return 1;
	}
	int found = credentials_from_profile(provider, source, depth + 1, now_us, set, err);
	if (found == 0)
		return err_set(err, ERR_NOT_FOUND, "source_profile %.60s has no keys", source);
	return found;
}

static int from_role(struct credential_provider *provider, const char *name,
	const struct profile *p, unsigned depth, int64_t now_us, struct credential_set *set,
	struct err *err)
{
	const char *region = provider->settings.region ? provider->settings.region
			     : p->region               ? p->region
						       : "us-east-1";
	struct credential_role role = {
		p->role, p->external_id, p->session ? p->session : "pugmark", region};
	if (p->web_file)
		return credentials_from_web_identity(provider, &role, p->web_file, set, err);
	if (base_keys(provider, name, p, depth, now_us, set, err) < 0)
		return -1;
	return credentials_assume(provider, &role, now_us, set, err);
}

static int from_parts(struct credential_provider *provider, const char *name,
	const struct profile *p, unsigned depth, int64_t now_us, struct credential_set *set,
	struct err *err)
{
	if (p->role)
		return from_role(provider, name, p, depth, now_us, set, err);
	if (p->id && p->secret) {
		set->id = xstrdup(p->id);
		set->secret = xstrdup(p->secret);
		set->token = p->token ? xstrdup(p->token) : NULL;
		return 1;
	}
	if (p->id || p->secret)
		return err_set(err, ERR_USAGE,
			"it has an access key id or a secret access key, but not "
			"both");
	if (p->process || p->sso)
		return err_set(err, ERR_UNSUPPORTED,
			"%s is not supported: use static keys, role_arn or the environment",
			p->process ? "credential_process" : "AWS SSO");
	return 0;
}

int credentials_from_profile(struct credential_provider *provider, const char *name, unsigned depth,
	int64_t now_us, struct credential_set *set, struct err *err)
{
	struct profiles files = {0};
	struct profile profile;
	struct arena mem;
	int found = -1;
	if (depth > PROFILE_STEPS)
		return err_set(err, ERR_USAGE, "source_profile leads in a circle");
	arena_init(&mem);
	files.credentials = read_shared("AWS_SHARED_CREDENTIALS_FILE", "credentials", err);
	if (files.credentials)
		files.config = read_shared("AWS_CONFIG_FILE", "config", err);
	if (files.config) {
		read_profile(&mem, &files, name, &profile);
		found = from_parts(provider, name, &profile, depth, now_us, set, err);
		if (found < 0)
			err_context(err, "profile %.60s", name);
		else if (found > 0 && depth == 0)
			snprintf(
				provider->origin, sizeof(provider->origin), "profile %.200s", name);
	}
	if (found < 0)
		credentials_wipe(set);
	arena_fini(&mem);
	fini(&files);
	return found;
}
