/* SPDX-License-Identifier: Apache-2.0 */
/* api.c: one request to an API, and what its answer means. Whatever is not the JSON that was asked for is a
 * failure with a name of its own: a login page, an error with status 200, half a reply. */
#include <stdlib.h>
#include <strings.h>

#include <openssl/evp.h>

#include "collect/private.h"
#include "json/json.h"

#define SECOND INT64_C(1000000)

/* ---- opening --------------------------------------------------------------------------------- */

static void wipe(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
}

/* RFC 7617 or RFC 6750. */
static char *authorization(const struct api *api, const char *mail, const char *secret)
{
	struct buf pair, value;
	buf_init(&pair, 1 << 16);
	buf_init(&value, 1 << 17);
	if (api->basic) {
		buf_printf(&pair, "%s:%s", mail ? mail : "", secret);
		buf_puts(&value, "Basic ");
		char *to = buf_reserve(&value, pair.len / 3 * 4 + 8);
		value.len += (size_t)EVP_EncodeBlock(
			(unsigned char *)to, (const unsigned char *)pair.ptr, (int)pair.len);
	} else {
		buf_printf(&value, "Bearer %s", secret);
	}
	buf_push(&value, '\0');
	char *text = xstrdup(value.ptr);
	if (pair.len)
		explicit_bzero(pair.ptr, pair.len);
	explicit_bzero(value.ptr, value.len);
	buf_fini(&pair);
	buf_fini(&value);
	return text;
}

struct source *api_open(const struct source_kind *kind, const struct api *api, const char *base,
	const char *mail, const char *secret, const struct settings *settings,
	const struct source_env *env)
{
	struct source *source = xcalloc(1, sizeof(*source));
	size_t n = strlen(base) + strlen(api->path) + 1;
	*source = (struct source){.kind = kind,
		.api = api,
		.env = *env,
		.base = xstrdup(base),
		.endpoint = xmalloc(n),
		.mail = mail ? xstrdup(mail) : NULL,
		.authorization = authorization(api, mail, secret),
		.secret = xstrdup(secret),
		.pause_us = api->traits.pause_us};
	snprintf(source->endpoint, n, "%s%s", base, api->path);
	bool private = settings_on(settings, "allow_private");
	source->guard = private ? GUARD_PRIVATE_ALLOWED : GUARD_PUBLIC_ONLY;
	source->plain = private && strncmp(base, "http://", 7) == 0;
	const char *pace = settings_get(settings, "requests_per_minute");
	int64_t per_minute;
	if (pace && text_parse_int(slice_of(pace), &per_minute) == 0 && per_minute > 0)
		source->pause_us = 60 * SECOND / per_minute;
	return source;
}

void source_close(struct source *source)
{
	if (!source)
		return;
	wipe(source->authorization);
	wipe(source->secret);
	free(source->mail);
	free(source->base);
	free(source->endpoint);
	free(source);
}

struct source_traits source_traits(const struct source *source)
{
	struct source_traits traits = source->api->traits;
	traits.pause_us = source->pause_us;
	return traits;
}

const char *source_endpoint(const struct source *source)
{
	return source->endpoint;
}

/* ---- pages ----------------------------------------------------------------------------------- */

void page_init(struct page *page)
{
	*page = (struct page){.total = -1, .asked_us = -1};
	http_reply_init(&page->reply);
}

void page_fini(struct page *page)
{
	http_reply_fini(&page->reply);
}

/* ---- what a reply is ------------------------------------------------------------------------- */

struct asking {
	const struct source *source;
	const char *records;
	struct page *page;
};

static bool is_json_type(const struct http_reply *reply)
{
	struct slice type = http_header(reply, "content-type", 0);
	/* A reply without a type may be JSON all the same: its bytes decide. */
	return !type.ptr || memmem(type.ptr, type.len, "json", 4);
}

static bool is_web_page(const struct http_reply *reply)
{
	struct slice body = buf_view(&reply->body);
	size_t at = json_blanks(body, 0);
	struct slice type = http_header(reply, "content-type", 0);
	bool html = type.ptr && memmem(type.ptr, type.len, "html", 4);
	return html || (!is_json_type(reply) && at < body.len && body.ptr[at] == '<');
}

/* retry_policy.check */
static int check(void *ctx, const struct http_reply *reply, struct err *err)
{
	struct asking *asking = ctx;
	struct slice body = buf_view(&reply->body), array;
	struct json_fault fault = {0};
	bool repaired = false;
	if (is_web_page(reply)) {
		asking->page->failure = SOURCE_LOGIN;
		err_set(err, ERR_FORMAT,
			"%s answers with a web page instead of data: a login page, or a wrong "
			"address",
			asking->source->endpoint);
		return -1;
	}
	asking->page->failure = SOURCE_GARBLED;
	if (json_validate_lenient(body, &repaired, &fault) < 0) {
		err_set(err, ERR_FORMAT, "%s: the reply is no JSON (byte %zu of %zu: %s)",
			asking->source->endpoint, fault.offset, body.len, fault.reason);
		return 1;
	}
	if (!asking->records)
		return 0;
	if (!json_member(body, asking->records, &array) || array.ptr[0] != '[') {
		err_set(err, ERR_FORMAT,
			"%s: the reply is JSON, but has no list `%s`: an error with status %d",
			asking->source->endpoint, asking->records, reply->status);
		return 1;
	}
	return 0;
}

/* ---- refusals -------------------------------------------------------------------------------- */

/* Whether a text has a part of `secret` in it that is too long for chance. */
static bool has_part(const char *text, const char *secret)
{
	enum { PART = 8 };
	size_t n = strlen(secret), part = n < PART ? n : PART;
	for (size_t i = 0; part > 0 && i + part <= n; i++) {
		if (memmem(text, strlen(text), secret + i, part))
			return true;
	}
	return false;
}

/* Servers echo what they were sent, whole or cut, plain or as it stood in the header. */
static bool shows_secret(const struct source *source, const char *text)
{
	return has_part(text, source->secret) || has_part(text, source->authorization);
}

/* What the server says in words, at the end of a sentence; never with the secret in it. */
static void put_message(
	const struct source *source, const struct http_reply *reply, struct buf *out)
{
	static const char *const keys[] = {
		"message", "errorMessage", "error_description", "error", "title", "detail", NULL};
	struct slice body = buf_view(&reply->body), list;
	char text[200] = "";
	bool repaired;
	if (reply->body_cut || json_validate_lenient(body, &repaired, NULL) < 0)
		return;
	if (json_member(body, "errorMessages", &list) && list.ptr[0] == '[') {
		struct buf first;
		size_t at = json_blanks(list, 1);
		buf_init(&first, sizeof(text) - 1);
		if (list.ptr[at] == '"' && json_unescape(list, at, &first, &repaired) >= 0 &&
			!first.full && first.len)
			memcpy(text, first.ptr, first.len);
		buf_fini(&first);
	}
	for (const char *const *key = keys; *key && !*text; key++)
		member_text(body, *key, text, sizeof(text));
	if (!*text || shows_secret(source, text))
		return;
	buf_puts(out, " (the server says: ");
	text_escape(out, slice_of(text));
	buf_push(out, ')');
}

/* Host of a redirect, for people. */
static void put_location(
	const struct source *source, const struct http_reply *reply, struct buf *out)
{
	struct slice to = http_header(reply, "location", 0);
	const char *host = to.ptr ? memmem(to.ptr, to.len, "://", 3) : NULL;
	if (!host)
		return;
	host += 3;
	size_t n = 0, most = (size_t)(to.ptr + to.len - host);
	char name[256];
	while (n < most && n + 1 < sizeof(name) && !strchr("/?#", host[n]))
		n++;
	snprintf(name, sizeof(name), "%.*s", (int)n, host);
	if (shows_secret(source, name))
		return;
	buf_puts(out, " at ");
	text_escape(out, slice_of(name));
}

static void put_token_text(const struct source *source, struct buf *out)
{
	buf_puts(out, "the token is not accepted (HTTP 401): it was revoked");
	if (source->api->basic)
		buf_printf(out, ", has expired, or belongs to another mail address than %s",
			source->mail ? source->mail : "the one given");
	else
		buf_puts(out, " or has expired");
	buf_puts(out, ". Make a new one and connect again with it");
}

static enum source_failure explain_status(
	const struct source *source, const struct http_reply *reply, struct buf *out)
{
	int status = reply->status;
	if (status == 401) {
		put_token_text(source, out);
		return SOURCE_TOKEN;
	}
	if (status == 403) {
		buf_printf(out, "the account may not read %s (HTTP 403): it takes %s",
			source->api->what, source->api->permission);
		return SOURCE_PERMISSION;
	}
	if (status >= 300 && status < 400) {
		buf_printf(out, "it sends to another page (HTTP %d", status);
		put_location(source, reply, out);
		buf_puts(out, "), a login page as a rule: check the address, and whether the token "
			      "still is one");
		return SOURCE_LOGIN;
	}
	if (status == 404 || status == 410) {
		buf_printf(out, "%s is not there (HTTP %d): check the address", source->api->what,
			status);
		return SOURCE_MISSING;
	}
	if (status == 429 || status >= 500) {
		buf_printf(out,
			status == 429 ? "it answers \"too many requests\" (HTTP %d), also after "
					"pauses: it is asked again later"
				      : "the server has an error (HTTP %d), also after pauses: "
					"it is asked again later",
			status);
		return SOURCE_OVERLOADED;
	}
	buf_printf(out, "it does not take the request (HTTP %d)", status);
	return SOURCE_REFUSED;
}

static int refuse(const struct source *source, struct page *page, struct err *err)
{
	struct buf text;
	buf_init(&text, sizeof(err->text) - 1);
	page->failure = explain_status(source, &page->reply, &text);
	put_message(source, &page->reply, &text);
	err_set(err, page->failure == SOURCE_OVERLOADED ? ERR_LIMIT : ERR_ACCESS, "%s: %.*s",
		source->endpoint, SLICE_ARG(buf_view(&text)));
	buf_fini(&text);
	return -1;
}

/* ---- one request ----------------------------------------------------------------------------- */

static int pause_for(struct source *source, int64_t us)
{
	const struct retry_env *env = source->env.retry;
	return env && env->sleep ? env->sleep(env->ctx, us) : retry_sleep(source->env.http, us);
}

/* Ten requests may go at once, then each waits until the one ten before it is old enough. */
static int keep_pace(struct source *source)
{
	int64_t now = clock_mono_us();
	int64_t *slot = &source->asked_at[source->asked++ % PACE_SLOTS];
	int64_t due = *slot ? *slot + PACE_SLOTS * source->pause_us : 0;
	int rc = source->pause_us > 0 && due > now ? pause_for(source, due - now) : 0;
	*slot = clock_mono_us();
	return rc;
}

/* retry_env.sleep: what is tried again counts too. */
static int paced_sleep(void *ctx, int64_t us)
{
	return pause_for(ctx, us) < 0 ? -1 : keep_pace(ctx);
}

static int failed(const struct source *source, struct page *page, struct err *err)
{
	const struct http_reply *reply = &page->reply;
	struct err why = *err;
	if (reply->failure == HTTP_GUARDED && source->guard == GUARD_PUBLIC_ONLY)
		err_set(err, why.kind,
			"%.700s. Where this is a server of your own network, add --allow-private",
			why.text);
	if (reply->failure == HTTP_STOPPED)
		page->failure = SOURCE_STOPPED;
	else if (reply->failure != HTTP_UNUSABLE)
		page->failure = SOURCE_NETWORK;
	return -1;
}

int api_get(struct source *source, const char *url, const char *records, struct page *page,
	struct err *err)
{
	const struct http_header headers[] = {
		{"Authorization", source->authorization}, {"Accept", "application/json"}};
	struct http_request request = {.url = url,
		.headers = headers,
		.header_count = *source->secret ? 2 : 1,
		.guard = source->guard,
		.plain = source->plain};
	struct asking asking = {source, records, page};
	struct retry_policy policy =
		source->env.policy ? *source->env.policy : (struct retry_policy){0};
	struct retry_env paced = {.sleep = paced_sleep, .ctx = source};
	struct retry_report report = {0};
	if (!*source->secret)
		request.headers = headers + 1;
	policy.check = check;
	policy.check_ctx = &asking;
	page->failure = SOURCE_FINE;
	if (keep_pace(source) < 0) {
		page->failure = SOURCE_STOPPED;
		return err_set(err, ERR_INTERRUPTED, "interrupted");
	}
	const struct retry_env *env = source->env.retry ? source->env.retry : &paced;
	int rc =
		retry_perform(source->env.http, &request, &policy, env, &page->reply, &report, err);
	bool fine = rc == 0 && page->reply.status >= 200 && page->reply.status < 300;
	page->requests += report.attempts;
	page->errors += report.attempts - fine;
	page->asked_us = report.asked_us;
	page->server_us = http_server_clock(&page->reply);
	if (rc < 0)
		return failed(source, page, err);
	if (!fine)
		return refuse(source, page, err);
	page->failure = SOURCE_FINE;
	return 0;
}

int source_page(
	struct source *source, const struct page_ask *ask, struct page *page, struct err *err)
{
	struct buf url;
	struct slice array;
	buf_init(&url, 1 << 14);
	buf_puts(&url, source->endpoint);
	source->api->query(ask, ask->rows ? ask->rows : source->api->traits.page_rows, &url);
	int rc = buf_push(&url, '\0');
	if (rc < 0)
		rc = err_set(err, ERR_LIMIT, "%s: the request is too long", source->endpoint);
	else
		rc = api_get(source, url.ptr, source->api->records, page, err);
	buf_fini(&url);
	page->total = -1;
	page->last = page->more = false;
	page->cursor[0] = '\0';
	page->records = (struct slice){NULL, 0};
	if (rc < 0)
		return -1;
	struct slice body = buf_view(&page->reply.body);
	json_member(body, source->api->records, &array);
	page->records = array;
	page->empty = array.ptr[json_blanks(array, 1)] == ']';
	if (source->api->envelope)
		source->api->envelope(body, page);
	if (shows_secret(source, page->cursor))
		page->cursor[0] = '\0'; /* it would be saved in the open */
	return 0;
}
