/* SPDX-License-Identifier: Apache-2.0 */
/* try.c: a source tried out before it is saved: host, kind of token, permission, records with and without
 * bounds in time, how far back they go. Each step is told as it is done. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "collect/private.h"
#include "json/json.h"

#define SECOND INT64_C(1000000)
#define DAY    (86400 * SECOND)
#define YEARS  (365 * DAY)

static const char gateway_of_old[] = "https://api.atlassian.com";

struct trying {
	const struct source_kind *kind;
	struct settings *settings;
	const char *secret;
	const struct source_env *env;
	struct source_test *test;
	struct site site;
	struct page page;
};

static void say(struct trying *t, enum test_mark mark, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static void say(struct trying *t, enum test_mark mark, const char *fmt, ...)
{
	char text[1000];
	va_list args;
	if (!t->test->step)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	t->test->step(t->test->ctx, mark, text);
}

/* ---- the host -------------------------------------------------------------------------------- */

/* One GET without login. */
static int get_plain(struct trying *t, const char *url, struct err *err)
{
	static const struct api page = {.what = "this page", .path = ""};
	struct source *source = api_open(t->kind, &page, url, NULL, "", t->settings, t->env);
	int rc = api_get(source, url, NULL, &t->page, err);
	source_close(source);
	return rc;
}

/* 1 where the host is a site of the cloud (then its id is test->instance), 0 where it is not, -1 where it
 * cannot be reached. */
static int find_cloud(struct trying *t, struct err *err)
{
	char url[SITE_URL], full[SITE_URL + 32];
	struct err why = {0};
	snprintf(full, sizeof(full), "%s/_edge/tenant_info", site_url(&t->site, 0, url));
	if (get_plain(t, full, &why) == 0)
		return member_text(buf_view(&t->page.reply.body), "cloudId", t->test->instance,
			       sizeof(t->test->instance)) &&
		       *t->test->instance;
	/* A site of the cloud that has an error is not taken for one that is not there. */
	bool unclear = t->page.failure == SOURCE_OVERLOADED && site_is_cloud(&t->site);
	if (!unclear && t->page.failure != SOURCE_NETWORK && t->page.failure != SOURCE_STOPPED)
		return 0;
	*err = why;
	return -1;
}

static void note_clock(struct trying *t)
{
	int64_t server = t->page.server_us;
	if (!server)
		return;
	t->test->clock_off_us = clock_now_us() - server;
	int64_t off = t->test->clock_off_us / SECOND;
	if (off > 120 || off < -120)
		say(t, TEST_WARNING,
			"this machine's clock is %" PRId64
			" minutes %s the server's: set it (times of "
			"windows follow the server's until then)",
			(off < 0 ? -off : off) / 60, off > 0 ? "ahead of" : "behind");
}

/* ---- records --------------------------------------------------------------------------------- */

static int open_as(struct trying *t, const char *base, struct source **source, struct err *err)
{
	if (settings_put(t->settings, "base", base, err) < 0)
		return -1;
	return source_open(t->kind, t->settings, t->secret, t->env, source, err);
}

/* The newest three records into test->newest. */
static int read_newest(struct trying *t, struct source *source, struct err *err)
{
	struct page_ask ask = {
		.from = SOURCE_OPEN_FROM, .to = SOURCE_OPEN_TO, .rows = 3, .newest = true};
	return source_page(source, &ask, &t->test->newest, err);
}

/* Whether there is a record in [from, to): 1, 0, -1. */
static int any_in(
	struct trying *t, struct source *source, int64_t from, int64_t to, struct err *err)
{
	struct page_ask ask = {.from = from, .to = to, .rows = 1};
	if (source_page(source, &ask, &t->page, err) < 0)
		return -1;
	return !t->page.empty;
}

/* Bounds in time must not make records vanish: a source with a broken filter would look healthy and
 * deliver nothing. */
static int check_filter(struct trying *t, struct source *source, int64_t now, struct err *err)
{
	say(t, TEST_PHASE, "time");
	int any = any_in(t, source, now - 20 * YEARS, now + 2 * DAY, err);
	if (any < 0)
		return -1;
	t->test->time_filter_broken = any == 0;
	if (any == 0)
		say(t, TEST_WARNING,
			"there are records, but none when asked for a time: the server reads times "
			"in a way that pugmark does not know. It would look healthy and deliver "
			"nothing");
	else
		say(t, TEST_OK, "records are found by time");
	return 0;
}

/* The first day with a record, by halves. */
static int find_oldest(struct trying *t, struct source *source, int64_t now, struct err *err)
{
	int64_t none = (now - 20 * YEARS) / DAY, some = now / DAY + 2;
	say(t, TEST_PHASE, "history");
	while (some - none > 1) {
		int64_t middle = none + (some - none) / 2;
		int any = any_in(t, source, SOURCE_OPEN_FROM, middle * DAY, err);
		if (any < 0)
			return -1;
		if (any)
			some = middle;
		else
			none = middle;
	}
	t->test->oldest_us = none * DAY;
	char text[CLOCK_TEXT];
	say(t, TEST_OK, "history reaches back to %.10s", clock_text(t->test->oldest_us, text));
	return 0;
}

static int look_at_records(struct trying *t, struct source *source, struct err *err)
{
	int64_t now = clock_now_us() - t->test->clock_off_us;
	t->test->empty = t->test->newest.empty;
	if (t->test->empty) {
		say(t, TEST_WARNING,
			t->test->newest.total > 0 ? "it says that there are %" PRId64
						    " records, but gives none"
						  : "it answers, but there is no record: a new "
						    "site, or an account that "
						    "may not see them",
			t->test->newest.total);
		return 0;
	}
	if (t->kind->shape == SOURCE_STREAM)
		return 0;
	if (check_filter(t, source, now, err) < 0)
		return -1;
	return t->test->time_filter_broken ? 0 : find_oldest(t, source, now, err);
}

/* ---- the cloud ------------------------------------------------------------------------------- */

static const char *gateway(const struct trying *t)
{
	const char *said = settings_get(t->settings, "gateway");
	return said ? said : gateway_of_old;
}

/* A classic token works at the site; a scoped one is refused there with 401 and works at the gateway. */
static int find_token_kind(struct trying *t, struct source **source, struct err *err)
{
	char base[SITE_URL + 200], url[SITE_URL];
	struct err at_gateway = {0};
	say(t, TEST_PHASE, "token");
	if (open_as(t, site_url(&t->site, 0, url), source, err) < 0)
		return -1;
	if (read_newest(t, *source, err) == 0) {
		say(t, TEST_OK, "the token is a classic one");
		return settings_put(t->settings, "token_kind", "classic", err);
	}
	if (t->test->newest.failure != SOURCE_TOKEN)
		return -1;
	source_close(*source);
	*source = NULL;
	snprintf(base, sizeof(base), "%s/ex/%s/%s", gateway(t), t->kind->name, t->test->instance);
	if (open_as(t, base, source, &at_gateway) == 0 &&
		read_newest(t, *source, &at_gateway) == 0) {
		say(t, TEST_OK, "the token is a scoped one: it is used at %s", gateway(t));
		return settings_put(t->settings, "token_kind", "scoped", err);
	}
	/* What the gateway says of a token that it knows tells more. */
	if (t->test->newest.failure != SOURCE_TOKEN)
		*err = at_gateway;
	return -1;
}

static int try_cloud(struct trying *t, struct source **source, struct err *err)
{
	const char *mail = settings_get(t->settings, "mail");
	if (t->site.plain)
		return err_set(err, ERR_USAGE,
			"http:// would send the token in the open: write https://%s", t->site.host);
	if (!mail)
		return err_set(err, ERR_USAGE,
			"%s is a site of Atlassian's cloud: the mail address of the token's "
			"account "
			"is needed (--mail)",
			t->site.host);
	if (*t->site.path)
		say(t, TEST_NOTE, "the site is %s; the rest of the address is a page of it",
			t->site.host);
	say(t, TEST_OK, "%s is a site of Atlassian's cloud, id %s", t->site.host,
		t->test->instance);
	if (settings_put(t->settings, "edition", "cloud", err) < 0 ||
		settings_put(t->settings, "site", t->site.host, err) < 0)
		return -1;
	return find_token_kind(t, source, err);
}

/* ---- Data Center ----------------------------------------------------------------------------- */

/* The next shorter path: its length without the last segment. */
static size_t shorter(const struct site *site, size_t len)
{
	while (len > 0 && site->path[len - 1] != '/')
		len--;
	return len > 0 ? len - 1 : 0;
}

/* The base URL may have a path (/jira), and what was pasted may be a page's: the longest one that answers
 * as an audit log is it. */
static int find_base(struct trying *t, struct source **source, struct err *err)
{
	size_t len = strlen(t->site.path);
	struct err first = {0};
	bool told = false;
	say(t, TEST_PHASE, "token");
	for (;;) {
		char base[SITE_URL];
		if (open_as(t, site_url(&t->site, len, base), source, err) < 0)
			return -1;
		if (read_newest(t, *source, err) == 0)
			break;
		enum source_failure failure = t->test->newest.failure;
		source_close(*source);
		*source = NULL;
		if (failure != SOURCE_MISSING && failure != SOURCE_LOGIN)
			return -1;
		if (!told)
			first = *err;
		told = true;
		if (len == 0) {
			*err = first;
			return err_context(err, "no audit log of a Data Center (Jira 8.8, "
						"Confluence 7.5, Bitbucket "
						"7.0 or later) is at this address");
		}
		len = shorter(&t->site, len);
	}
	if (len < strlen(t->site.path))
		say(t, TEST_NOTE, "the base URL is %s; the rest of the address is a page of it",
			(*source)->base);
	return 0;
}

/* Products of Data Center all have the same audit log: only the manifest, which needs no login, tells them apart. */
static const struct {
	const char *type, *kind, *title;
} products[] = {
	{"jira", "jira", "Jira"},
	{"confluence", "confluence", "Confluence"},
	{"stash", "bitbucket-dc", "Bitbucket"},
	{"bitbucket", "bitbucket-dc", "Bitbucket"},
	{"bamboo", NULL, "Bamboo"},
	{"crowd", NULL, "Crowd"},
	{"fecru", NULL, "Fisheye"},
};

/* A member of the manifest, which comes as JSON or as XML. */
static bool manifest_member(struct slice body, const char *name, char *out, size_t room)
{
	char tag[32];
	if (member_text(body, name, out, room))
		return true;
	int n = snprintf(tag, sizeof(tag), "<%s>", name);
	const char *from = body.len ? memmem(body.ptr, body.len, tag, (size_t)n) : NULL;
	if (!from)
		return false;
	from += n;
	const char *to = memchr(from, '<', (size_t)(body.ptr + body.len - from));
	if (!to || (size_t)(to - from) >= room)
		return false;
	snprintf(out, room, "%.*s", (int)(to - from), from);
	return true;
}

/* 0 also where it does not tell. */
static int check_product(struct trying *t, const char *base, struct err *err)
{
	char url[SITE_URL + 40], type[32], version[32];
	struct err ignored;
	snprintf(url, sizeof(url), "%s/rest/applinks/1.0/manifest", base);
	(void)get_plain(t, url, &ignored);
	struct slice body = buf_view(&t->page.reply.body);
	if (t->page.failure == SOURCE_STOPPED)
		return err_set(err, ERR_INTERRUPTED, "interrupted");
	if (!manifest_member(body, "typeId", type, sizeof(type)))
		return 0;
	for (size_t i = 0; i < sizeof(products) / sizeof(products[0]); i++) {
		if (strcmp(products[i].type, type) != 0)
			continue;
		if (!products[i].kind)
			return err_set(err, ERR_USAGE, "%s is %s, which pugmark has no table for",
				base, products[i].title);
		if (strcmp(products[i].kind, t->kind->name) != 0)
			return err_set(err, ERR_USAGE,
				"%s is %s, not %s: pugmark connect %s --domain %s", base,
				products[i].title, t->kind->title, products[i].kind, base);
		bool versioned = manifest_member(body, "version", version, sizeof(version));
		say(t, TEST_OK, "it is %s%s%s", products[i].title, versioned ? " " : "",
			versioned ? version : "");
	}
	return 0;
}

static int try_data_center(struct trying *t, struct source **source, struct err *err)
{
	if (t->site.plain && !settings_on(t->settings, "allow_private"))
		return err_set(err, ERR_USAGE,
			"http:// would send the token in the open: write https://%s, or add "
			"--allow-private where this is a server of your own network",
			t->site.host);
	if (settings_put(t->settings, "edition", "data-center", err) < 0 ||
		find_base(t, source, err) < 0)
		return -1;
	say(t, TEST_OK, "%s answers, and the token is accepted", (*source)->base);
	snprintf(t->test->instance, sizeof(t->test->instance), "%s", (*source)->base);
	if (check_product(t, (*source)->base, err) < 0)
		return -1;
	return settings_put(t->settings, "site", t->site.host, err);
}

/* ---- organisations --------------------------------------------------------------------------- */

static int try_organisation(
	struct trying *t, const char *typed, struct source **source, struct err *err)
{
	char base[SITE_URL + 200];
	uint8_t uuid[16];
	const char *slash = strstr(typed, "/o/");
	char id[UUID_TEXT + 1];
	snprintf(id, sizeof(id), "%s", slash ? slash + 3 : typed);
	if (text_parse_uuid(slice_of(id), uuid) < 0)
		return err_set(err, ERR_USAGE,
			"an organisation's id looks like 0b4f1d2c-…: 36 letters, digits and "
			"hyphens, in "
			"the address of admin.atlassian.com after /o/");
	snprintf(base, sizeof(base), "%s/admin/v1/orgs/%s", gateway(t), id);
	snprintf(t->test->instance, sizeof(t->test->instance), "%s", id);
	say(t, TEST_PHASE, "token");
	if (settings_put(t->settings, "org_id", id, err) < 0 || open_as(t, base, source, err) < 0 ||
		read_newest(t, *source, err) < 0)
		return -1;
	say(t, TEST_OK, "the key reads the events of organisation %s", id);
	return 0;
}

/* ---- all together ---------------------------------------------------------------------------- */

static int find_source(struct trying *t, const char *typed, struct source **source, struct err *err)
{
	if (t->kind->shape == SOURCE_STREAM)
		return try_organisation(t, typed, source, err);
	if (site_read(typed, &t->site, err) < 0)
		return -1;
	int cloud = 0;
	if (strcmp(t->kind->name, "bitbucket-dc") != 0) {
		cloud = t->site.plain ? site_is_cloud(&t->site) : find_cloud(t, err);
		if (cloud < 0)
			return -1;
		if (!t->site.plain) {
			say(t, TEST_OK, "%s is reached", t->site.host);
			note_clock(t);
		}
		if (!cloud && site_is_cloud(&t->site))
			return err_set(err, ERR_NOT_FOUND,
				"there is no site %s: check the spelling (Atlassian answers for "
				"the "
				"name, but knows no such site)",
				t->site.host);
	}
	return cloud ? try_cloud(t, source, err) : try_data_center(t, source, err);
}

int source_try(const struct source_kind *kind, const char *typed, struct settings *settings,
	const char *secret, const struct source_env *env, struct source_test *test, struct err *err)
{
	struct trying t = {
		.kind = kind, .settings = settings, .secret = secret, .env = env, .test = test};
	struct source *source = NULL;
	page_init(&t.page);
	page_init(&test->newest);
	test->instance[0] = '\0';
	test->oldest_us = 0;
	test->empty = test->time_filter_broken = false;
	test->clock_off_us = 0;
	say(&t, TEST_PHASE, "address");
	int rc = find_source(&t, typed, &source, err);
	if (rc == 0) {
		say(&t, TEST_PHASE, "permission");
		say(&t, TEST_OK, "the permission to read %s is held", source->api->what);
		rc = look_at_records(&t, source, err);
	}
	if (rc < 0)
		say(&t, TEST_FAILED, "%s", err->text);
	source_close(source);
	page_fini(&t.page);
	return rc;
}
