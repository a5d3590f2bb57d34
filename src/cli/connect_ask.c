/* SPDX-License-Identifier: Apache-2.0 */
/* connect_ask.c: what a source wants to know, from wherever it comes: options, the guide's file, a prompt.
 * Secrets never come from the command line, and are not echoed. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/connect.h"
#include "cli/secret_option.h"

enum { SECRET_BYTES = 16 << 10 };

/* Which option gives which setting. */
static const struct {
	const char *setting;
	enum opt option;
} options_of[] = {{"domain", OPT_DOMAIN}, {"mail", OPT_MAIL}, {"gateway", OPT_GATEWAY},
	{"org_id", OPT_ORG_ID}, {"requests_per_minute", OPT_REQUESTS_PER_MINUTE},
	{"bucket", OPT_BUCKET}, {"prefix", OPT_PREFIX}, {"region", OPT_REGION},
	{"endpoint", OPT_ENDPOINT}, {"path_style", OPT_PATH_STYLE}, {"profile", OPT_PROFILE},
	{"role_arn", OPT_ROLE_ARN}, {"external_id", OPT_EXTERNAL_ID}, {"queue", OPT_QUEUE},
	{"path", OPT_PATH}, {"node", OPT_NODE}, {"ca_file", OPT_CA_FILE}, {"proxy", OPT_PROXY},
	{"allow_private", OPT_ALLOW_PRIVATE}, {"api_token", OPT_API_TOKEN_FILE},
	{"access_key_id", OPT_ACCESS_KEY_ID_FILE},
	{"secret_access_key", OPT_SECRET_ACCESS_KEY_FILE}};

static const char *given(const struct connecting *c, const char *setting)
{
	for (size_t i = 0; i < sizeof(options_of) / sizeof(options_of[0]); i++) {
		if (strcmp(options_of[i].setting, setting) == 0)
			return c->line->values[options_of[i].option];
	}
	return NULL;
}

static const struct setting_row *row_of(const struct source_kind *kind, const char *name)
{
	for (const struct setting_row *row = kind->settings; row->name; row++) {
		if (strcmp(row->name, name) == 0)
			return row;
	}
	for (const struct setting_row *row = source_common_settings; row->name; row++) {
		if (strcmp(row->name, name) == 0)
			return row;
	}
	return NULL;
}

/* ---- options --------------------------------------------------------------------------------- */

static int take_option(struct connecting *c, size_t i, struct err *err)
{
	const char *value = c->line->values[options_of[i].option];
	const struct setting_row *row = row_of(c->kind, options_of[i].setting);
	if (!value)
		return 0;
	if (!row)
		return err_set(err, ERR_USAGE, "--%s is nothing that %s wants to know",
			option_name(options_of[i].option), c->kind->title);
	if (row->secret)
		return 0;
	bool proxy = strcmp(row->name, "proxy") == 0;
	if (proxy && !*value)
		value = CONNECTION_NO_PROXY;
	if (row->arg && !*value)
		return err_set(err, ERR_USAGE, "--%s is empty", option_name(options_of[i].option));
	if (strcmp(row->name, "path") == 0 || strcmp(row->name, "ca_file") == 0)
		value = whole_path(&c->mem, value);
	/* Settings lie in the open, in backups too. */
	if (proxy && strchr(value, '@'))
		return err_set(err, ERR_USAGE,
			"--proxy with a password would be kept in the open: give it to pugmark in "
			"the environment instead, as HTTPS_PROXY");
	return settings_put(&c->settings, row->name, row->arg ? value : "true", err);
}

static int read_all(const char *path, size_t most, char **data, size_t *n, struct err *err)
{
	if (strcmp(path, "-") != 0)
		return io_read_file(path, most, data, n, err);
	*data = xcalloc(1, most + 2);
	*n = fread(*data, 1, most + 1, stdin);
	if (ferror(stdin) || *n > most) {
		free(*data);
		return err_set(
			err, ERR_LIMIT, "standard input: more than %zu bytes, or an error", most);
	}
	return 0;
}

static int take_from(struct connecting *c, struct err *err)
{
	const char *path = c->line->values[OPT_FROM];
	struct creds creds;
	char *data;
	size_t n;
	if (!path)
		return 0;
	if (read_all(path, 1 << 20, &data, &n, err) < 0)
		return -1;
	int rc = creds_read((struct slice){data, n}, strcmp(path, "-") ? path : "standard input",
		&c->mem, &creds, err);
	explicit_bzero(data, n);
	free(data);
	if (rc == 0 && creds.domain && !settings_get(&c->settings, "domain"))
		rc = settings_put(&c->settings, "domain", creds.domain, err);
	if (rc == 0 && creds.mail && row_of(c->kind, "mail") && !settings_get(&c->settings, "mail"))
		rc = settings_put(&c->settings, "mail", creds.mail, err);
	if (rc == 0 && creds.api_token) {
		c->secret = secret_trim(slice_of(creds.api_token), "api_token", &c->mem, err);
		rc = c->secret ? 0 : -1;
	}
	return rc;
}

static int secret_from_file(struct connecting *c, const char *path, const char *what,
	const char **secret, struct err *err)
{
	char *data;
	size_t n;
	int rc = read_all(path, SECRET_BYTES, &data, &n, err);
	/* It may be the secret itself: it is not shown. */
	if (rc < 0 && err->kind == ERR_NOT_FOUND)
		err_set(err, ERR_USAGE,
			"the %s is read from a file, and there is no file of the name given: "
			"secrets are never words of the command line, where others could see them",
			what);
	if (rc < 0)
		return -1;
	*secret = secret_trim((struct slice){data, n}, what, &c->mem, err);
	explicit_bzero(data, n);
	free(data);
	return *secret ? 0 : err_context(err, "%s", strcmp(path, "-") ? path : "standard input");
}

static int take_secrets(struct connecting *c, struct err *err)
{
	const char *token = c->line->values[OPT_API_TOKEN_FILE];
	static const char *const keys[] = {"access_key_id", "secret_access_key"};
	if (token && secret_from_file(c, token, "token", &c->secret, err) < 0)
		return -1;
	for (size_t i = 0; i < 2; i++) {
		const char *path = given(c, keys[i]), *value;
		if (!path)
			continue;
		if (secret_from_file(c, path, keys[i], &value, err) < 0)
			return -1;
		c->extra[c->nextra++] = (struct connection_secret){keys[i], slice_of(value)};
	}
	if (c->nextra == 1)
		return err_set(err, ERR_USAGE,
			"--access-key-id-file and --secret-access-key-file go together");
	return 0;
}

/* ---- questions ------------------------------------------------------------------------------- */

static int missing(const struct connecting *c, const char *setting, struct err *err)
{
	const struct setting_row *row = row_of(c->kind, setting);
	char option[64];
	snprintf(option, sizeof(option), "--%s%s", setting, row && row->secret ? "-file" : "");
	for (char *p = option; *p; p++)
		*p = *p == '_' ? '-' : *p;
	return err_set(err, ERR_USAGE, "%s is missing: %s", option, row ? row->help : "");
}

/* What the kind wants, before the first question. */
static void guide(struct connecting *c)
{
	if (!c->guided)
		fprintf(stderr, "%s wants:\n%s\n", c->kind->title, c->kind->guide);
	c->guided = true;
}

static int ask_setting(
	struct connecting *c, const char *setting, const char *prompt, struct err *err)
{
	if (settings_get(&c->settings, setting))
		return 0;
	if (!c->tty)
		return missing(c, setting, err);
	guide(c);
	char *line = ask_line(prompt, false);
	const char *value =
		line && *line && strcmp(setting, "path") == 0 ? whole_path(&c->mem, line) : line;
	int rc = line && *line ? settings_put(&c->settings, setting, value, err)
			       : missing(c, setting, err);
	free(line);
	return rc;
}

static int ask_secret(struct connecting *c, const char *prompt, struct err *err)
{
	if (c->secret && *c->secret)
		return 0;
	if (!c->tty)
		return missing(c, "api_token", err);
	guide(c);
	char *line = ask_line(prompt, true);
	if (!line)
		return missing(c, "api_token", err);
	c->secret = secret_trim(slice_of(line), "token", &c->mem, err);
	explicit_bzero(line, strlen(line));
	free(line);
	return c->secret ? 0 : -1;
}

bool connect_confirm(const struct connecting *c, const char *question)
{
	if (!c->tty)
		return false;
	char prompt[300];
	snprintf(prompt, sizeof(prompt), "%s [y/N]", question);
	char *line = ask_line(prompt, false);
	bool yes = line && (line[0] == 'y' || line[0] == 'Y');
	free(line);
	return yes;
}

static bool looks_like_cloud(const char *domain)
{
	return strstr(domain, "atlassian.net") || !strchr(domain, '.');
}

static int ask_site(struct connecting *c, struct err *err)
{
	if (ask_setting(c, "domain", "Domain (acme.atlassian.net, or the base URL)", err) < 0)
		return -1;
	c->typed = settings_get(&c->settings, "domain");
	if (row_of(c->kind, "mail") && looks_like_cloud(c->typed) &&
		ask_setting(c, "mail", "Mail address of the token's account", err) < 0)
		return -1;
	return ask_secret(c, "API token (not shown)", err);
}

static int ask_objects(struct connecting *c, struct err *err)
{
	bool folder = strcmp(c->kind->name, "folder") == 0;
	const char *setting = folder ? "path" : "bucket";
	if (ask_setting(c, setting, folder ? "Folder" : "Bucket (s3://bucket/prefix)", err) < 0)
		return -1;
	c->typed = settings_get(&c->settings, setting);
	return 0;
}

static int ask_organisation(struct connecting *c, struct err *err)
{
	if (ask_setting(c, "org_id", "Organisation id", err) < 0)
		return -1;
	c->typed = settings_get(&c->settings, "org_id");
	return ask_secret(c, "API key (not shown)", err);
}

int connect_gather(struct connecting *c, struct err *err)
{
	for (size_t i = 0; i < sizeof(options_of) / sizeof(options_of[0]); i++) {
		if (take_option(c, i, err) < 0)
			return -1;
	}
	if (take_from(c, err) < 0 || take_secrets(c, err) < 0)
		return -1;
	switch (c->kind->shape) {
	case SOURCE_WINDOWS:
		return ask_site(c, err);
	case SOURCE_STREAM:
		return ask_organisation(c, err);
	case SOURCE_OBJECTS:
		return ask_objects(c, err);
	}
	return -1;
}

void connect_fini(struct connecting *c)
{
	/* Secrets lie in the arena, which is ours to overwrite. */
	union {
		const char *given;
		char *ours;
	} text = {c->secret};
	if (c->secret && *c->secret)
		explicit_bzero(text.ours, strlen(c->secret));
	for (uint32_t i = 0; i < c->nextra; i++) {
		text.given = c->extra[i].plain.ptr;
		explicit_bzero(text.ours, c->extra[i].plain.len);
	}
	settings_fini(&c->settings);
	schema_free(c->owned_schema);
	buf_fini(&c->steps);
	buf_fini(&c->events);
	arena_fini(&c->mem);
}
