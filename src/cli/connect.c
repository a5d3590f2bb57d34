/* SPDX-License-Identifier: Apache-2.0 */
/* connect.c: pugmark connect: gather, test, save; nothing is saved that was not seen to work. */
#include <ctype.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "answer/answer.h"
#include "cli/connect.h"

/* ---- what is connected ----------------------------------------------------------------------- */

static int find_kind(struct connecting *c, const char *word, struct err *err)
{
	static const struct {
		const char *word, *kind;
	} others[] = {
		{"bitbucket", "s3"}, {"org", "atlassian-org"}, {"organisation", "atlassian-org"}};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (strcmp(word, others[i].word) == 0)
			c->kind = source_kind_find(others[i].kind);
	}
	c->bitbucket = strcmp(word, "bitbucket") == 0;
	if (!c->kind)
		c->kind = source_kind_find(word);
	if (c->kind)
		return 0;
	return err_set(err, ERR_USAGE,
		"there is no kind of source \"%.60s\": jira, confluence, bitbucket, s3, "
		"bitbucket-dc, folder or org",
		word);
}

static int find_schema(struct connecting *c, struct store *store, struct err *err)
{
	const char *file = c->line->values[OPT_SCHEMA], *table = c->line->values[OPT_TABLE];
	if (file) {
		if (schema_load(file, &c->owned_schema, err) < 0)
			return -1;
		c->schema = c->owned_schema;
		return 0;
	}
	if (!table)
		table = c->bitbucket ? "bitbucket" : c->kind->table;
	if (!table)
		return err_set(err, ERR_USAGE,
			"--table is missing: which product's logs are these (jira, confluence, "
			"bitbucket, org or alerts)?");
	return store_schema(store_dir(store), table, &c->schema, &c->owned_schema, err);
}

/* ---- its name -------------------------------------------------------------------------------- */

struct same {
	const struct connecting *wanted;
	char name[64];
};

static bool same_setting(const struct settings *a, const struct settings *b, const char *name)
{
	const char *x = settings_get(a, name), *y = settings_get(b, name);
	return strcmp(x ? x : "", y ? y : "") == 0;
}

/* Files: the same place. Else the same product instance. */
static bool is_same(const struct connecting *c, const struct connection *other)
{
	static const char *const places[] = {"path", "bucket", "prefix", "endpoint"};
	struct settings settings = {0};
	struct err err;
	bool same = strcmp(other->kind, c->kind->name) == 0 &&
		    strcmp(other->table, c->connection.table) == 0;
	if (c->kind->shape != SOURCE_OBJECTS)
		return same && *c->connection.instance &&
		       strcmp(other->instance, c->connection.instance) == 0;
	same = same && connection_settings(other, &settings, &err) == 0;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) && same; i++)
		same = same_setting(&settings, &c->settings, places[i]);
	settings_fini(&settings);
	return same;
}

static int note_same(void *ctx, const struct connection *other, struct err *err)
{
	struct same *same = ctx;
	(void)err;
	if (!*same->name && is_same(same->wanted, other))
		snprintf(same->name, sizeof(same->name), "%s", other->name);
	return 0;
}

/* The name of the folder that log/audit is in: "bitbucket" of /var/atlassian/application-data/bitbucket/log/audit. */
static const char *home_of(const char *path, char out[64])
{
	static const char audit[] = "/log/audit";
	size_t n = strlen(path), m = sizeof(audit) - 1;
	while (n > 1 && path[n - 1] == '/')
		n--;
	if (n > m && memcmp(path + n - m, audit, m) == 0)
		n -= m;
	size_t from = n;
	while (from > 0 && path[from - 1] != '/')
		from--;
	snprintf(out, 64, "%.*s", (int)(n - from < 63 ? n - from : 63), path + from);
	return out;
}

/* "jira-acme" of kind and site. */
static void name_after(const struct connecting *c, char name[64])
{
	static const char *const words[] = {
		"jira.", "confluence.", "bitbucket.", "wiki.", "stash.", "git.", "www.", NULL};
	static const char *const settings[] = {"site", "bucket", "path", NULL};
	const char *kind = c->bitbucket ? "bitbucket" : c->kind->name, *site = NULL;
	for (const char *const *s = settings; *s && !site; s++)
		site = settings_get(&c->settings, *s);
	/* The product's name says less than the organisation's after it. */
	for (const char *const *w = words; *w && site; w++) {
		if (strncmp(site, *w, strlen(*w)) == 0)
			site += strlen(*w);
	}
	char home[64];
	if (site && *site == '/')
		site = home_of(site, home);
	size_t n = (size_t)snprintf(name, 64, "%s-", strcmp(kind, "atlassian-org") ? kind : "org");
	for (const char *p = site ? site : ""; *p && *p != '.' && n < 60; p++) {
		bool plain = isalnum((unsigned char)*p) || *p == '-' || *p == '_';
		name[n++] = plain ? (char)tolower((unsigned char)*p) : '-';
	}
	while (n > 0 && name[n - 1] == '-')
		n--;
	name[n] = '\0';
}

static int name_is_free(struct store *store, const char *name, struct err *err)
{
	struct arena mem = {0};
	struct connection other;
	int rc = store_connection_get(store, name, &mem, &other, err);
	arena_fini(&mem);
	return rc < 0 ? -1 : !rc;
}

/* The name that was given; that of the same source connected before; or a new one. */
static int choose_name(struct connecting *c, struct store *store, struct err *err)
{
	char name[64], numbered[80];
	struct same same = {.wanted = c};
	if (c->line->values[OPT_NAME]) {
		c->connection.name = c->line->values[OPT_NAME];
		return 0;
	}
	if (store_connections(store, note_same, &same, err) < 0)
		return -1;
	name_after(c, name);
	snprintf(numbered, sizeof(numbered), "%s", *same.name ? same.name : name);
	for (unsigned i = 2; !*same.name; i++) {
		int is_free = name_is_free(store, numbered, err);
		if (is_free < 0)
			return -1;
		if (is_free)
			break;
		snprintf(numbered, sizeof(numbered), "%.55s-%u", name, i);
	}
	c->connection.name = arena_strdup(&c->mem, slice_of(numbered));
	return 0;
}

/* ---- its times ------------------------------------------------------------------------------- */

static int take_span(
	const struct connecting *c, enum opt option, uint32_t *seconds, struct err *err)
{
	const char *text = c->line->values[option];
	if (!text || clock_parse_span(text, seconds) == 0)
		return 0;
	return err_set(
		err, ERR_USAGE, "--%s %s: write 90s, 15m, 1h or 2d", option_name(option), text);
}

static int take_time(const struct connecting *c, enum opt option, int64_t *us, struct err *err)
{
	const char *text = c->line->values[option];
	if (!text || parse_when(text, us) == 0)
		return 0;
	/* --token is taken for --token-expires: what was given is not shown. */
	return err_set(err, ERR_USAGE, "--%s is no time: write a date, 2026-01-31, or -90d",
		option_name(option));
}

static int take_times(struct connecting *c, struct err *err)
{
	c->connection.interval_s = c->kind->interval_s;
	c->connection.lookback_s = c->kind->lookback_s;
	c->connection.backfill_from = INT64_MIN;
	c->connection.token_expires = 0;
	if (take_span(c, OPT_INTERVAL, &c->connection.interval_s, err) < 0 ||
		take_span(c, OPT_LOOK_BACK, &c->connection.lookback_s, err) < 0 ||
		take_time(c, OPT_HISTORY, &c->connection.backfill_from, err) < 0 ||
		take_time(c, OPT_TOKEN_EXPIRES, &c->connection.token_expires, err) < 0)
		return -1;
	return 0;
}

/* What is not said again stays as it was. (A new token has an end of its own.) */
static int keep_times(struct connecting *c, struct store *store, struct err *err)
{
	struct connection was;
	int rc = store_connection_get(store, c->connection.name, &c->mem, &was, err);
	if (rc < 1)
		return rc;
	if (!c->line->values[OPT_INTERVAL])
		c->connection.interval_s = was.interval_s;
	if (!c->line->values[OPT_LOOK_BACK])
		c->connection.lookback_s = was.lookback_s;
	if (!c->line->values[OPT_HISTORY])
		c->connection.backfill_from = was.backfill_from;
	return 0;
}

/* ---- saving ---------------------------------------------------------------------------------- */

static int save(struct connecting *c, struct store *store, bool *secondary, struct err *err)
{
	struct connection_secret secrets[4];
	struct secret_key *key = NULL;
	struct buf text;
	uint32_t n = 0;
	if (c->secret && *c->secret)
		secrets[n++] = (struct connection_secret){"api_token", slice_of(c->secret)};
	for (uint32_t i = 0; i < c->nextra; i++)
		secrets[n++] = c->extra[i];
	if (n && store_secret_key(store, key_file(c->line), true, &key, err) < 0)
		return -1;
	buf_init(&text, CONNECTION_SETTINGS);
	settings_write(&c->settings, &text);
	buf_push(&text, '\0');
	c->connection.settings = text.ptr;
	int rc = store_connection_put(store, &c->connection, c->line->values[OPT_ALSO] != NULL,
		secrets, n, key, secondary, err);
	const char *file = c->line->values[OPT_SCHEMA];
	bool changed;
	if (rc == 0 && file)
		rc = store_schema_keep(store_dir(store), c->owned_schema, file, &changed, err);
	secret_key_free(key);
	buf_fini(&text);
	return rc;
}

/* A warning is a reason to ask before saving, and not to save where nobody can be asked. */
static int settle_warnings(struct connecting *c, struct err *err)
{
	if (c->warnings == 0 || c->line->values[OPT_ALLOW_EMPTY] ||
		connect_confirm(c, "Save it all the same?"))
		return 0;
	return err_set(err, ERR_USAGE,
		"not saved, because of the warning above: add --allow-empty to save it all the "
		"same");
}

/* What came of it as one object: saved (with the source as `pugmark sources --json` has it), tried, or failed. */
static int print_json(
	const struct connecting *c, struct store *store, bool secondary, const struct err *why)
{
	bool saved = store && !why;
	struct buf out;
	struct err err = {0};
	buf_init(&out, ANSWER_MOST);
	buf_printf(&out, "{\"saved\":%s", saved ? "true" : "false");
	if (why)
		text_json_member(&out, "error", why->text);
	if (saved)
		text_json_member(&out, "name", c->connection.name);
	if (!why) {
		text_json_member(&out, "kind", c->kind->name);
		text_json_member(&out, "table", c->connection.table);
		text_json_member(&out, "instance", c->connection.instance);
		connect_seen_json(c, &out);
	}
	if (saved) {
		buf_printf(&out, ",\"secondary\":%s,\"source\":", secondary ? "true" : "false");
		if (answer_source(store, c->connection.name, &out, &err) < 1)
			buf_puts(&out, "null");
	}
	printf("%.*s,\"steps\":[%.*s]}\n", SLICE_ARG(buf_view(&out)),
		SLICE_ARG(buf_view(&c->steps)));
	buf_fini(&out);
	return 0;
}

static void print_saved(const struct connecting *c, bool secondary)
{
	const char *name = c->connection.name;
	int width = (int)strlen("pugmark collect --once ") + (int)strlen(name);
	printf("%s is connected%s. Its events go into %s.\n\n"
	       "  pugmark collect --once %s   read what there is now\n"
	       "  %-*s   read all sources from now on\n"
	       "  %-*s   how they are doing\n",
		name, secondary ? " as a second source of events that another one brings" : "",
		c->connection.table, name, width, "pugmark serve", width, "pugmark sources");
}

static int connect_source(struct connecting *c, struct store *store, struct err *err)
{
	bool secondary = false;
	const char *name = c->line->values[OPT_NAME];
	if ((name && store_check_source(name, err) < 0) ||
		find_kind(c, c->line->args[0], err) < 0 || take_times(c, err) < 0 ||
		find_schema(c, store, err) < 0 || connect_gather(c, err) < 0)
		return -1;
	c->connection.kind = c->kind->name;
	c->connection.table = c->schema->table;
	c->connection.instance = "";
	c->connection.schema = "";
	if (!c->quiet)
		printf("testing %s:\n", c->kind->title);
	if (connect_try(c, err) < 0)
		return -1;
	if (c->line->values[OPT_DRY_RUN]) {
		if (c->quiet)
			return print_json(c, NULL, false, NULL);
		puts("it works; nothing was saved");
		return 0;
	}
	if (settle_warnings(c, err) < 0 || choose_name(c, store, err) < 0 ||
		keep_times(c, store, err) < 0 || save(c, store, &secondary, err) < 0)
		return -1;
	if (c->quiet)
		return print_json(c, store, secondary, NULL);
	print_saved(c, secondary);
	return 0;
}

int command_connect(const struct command_line *line)
{
	struct err err = {0};
	struct store *store;
	struct connecting c = {.line = line,
		.tty = isatty(STDIN_FILENO) && isatty(STDERR_FILENO) && !line->values[OPT_JSON],
		.quiet = line->values[OPT_JSON] != NULL};
	prctl(PR_SET_DUMPABLE, 0); /* no core with a token in it */
	buf_init(&c.steps, 1 << 20);
	buf_init(&c.events, 1 << 20);
	if (open_data(line, STORE_WRITE, &store, &err) < 0)
		return fail(&err);
	int rc = connect_source(&c, store, &err);
	if (rc < 0 && c.quiet)
		print_json(&c, NULL, false, &err);
	store_close(store);
	connect_fini(&c);
	return rc < 0 ? fail(&err) : EXIT_DONE;
}
