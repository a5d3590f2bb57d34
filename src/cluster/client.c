/* SPDX-License-Identifier: Apache-2.0 */
/* client.c: one question at a time over HTTP, to the first server that can be reached. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "cluster/private.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
enum { SECONDS = 300, CONNECT_MS = 5000 };

/* ---- opening --------------------------------------------------------------------------------- */

static char *copied(struct arena *mem, const char *text, const char *otherwise)
{
	return arena_strdup(mem, slice_of(text && *text ? text : otherwise));
}

static bool is_name(const char *text)
{
	if (!isalpha((unsigned char)*text) && *text != '_')
		return false;
	for (; *text; text++)
		if (!isalnum((unsigned char)*text) && *text != '_')
			return false;
	return true;
}

/* "http://HOST", "https://HOST:PORT/…": a host there must be, and a port that is one. */
static bool is_address(const char *url)
{
	const char *host = strstr(url, "://");
	if (!host || (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0))
		return false;
	host += 3;
	size_t n = strcspn(host, "/");
	const char *after = *host == '[' ? memchr(host, ']', n) : host - 1; /* of IPv6 */
	const char *colon = after ? memchr(after + 1, ':', n - (size_t)(after + 1 - host)) : NULL;
	int64_t port = 1;
	if (!after || n == 0 || colon == host)
		return false;
	if (colon && text_parse_int(
			     (struct slice){colon + 1, n - (size_t)(colon + 1 - host)}, &port) < 0)
		return false;
	return port > 0 && port < 65536;
}

/* The addresses, without the slash at their end. */
static int split_urls(struct cluster *cluster, struct err *err)
{
	char *text = arena_strdup(&cluster->mem, slice_of(cluster->settings.urls)), *rest = NULL;
	for (char *url = strtok_r(text, " \t\n,", &rest); url;
		url = strtok_r(NULL, " \t\n,", &rest)) {
		size_t n = strlen(url);
		bool secret = strpbrk(url, "?#@") != NULL; /* it may be one: not shown again */
		if (secret || !is_address(url))
			return err_set(err, ERR_USAGE,
				"%.200s%sthe address of a server is http://HOST:8123 or "
				"https://HOST:8443 (ClickHouse's port for HTTP), without a user",
				secret ? "" : url, secret ? "" : ": ");
		if (cluster->nurls == CLUSTER_URLS)
			return err_set(err, ERR_USAGE, "more than %d addresses", CLUSTER_URLS);
		while (n > 8 && url[n - 1] == '/')
			url[--n] = '\0';
		cluster->urls[cluster->nurls++] = url;
	}
	return cluster->nurls ? 0 : err_set(err, ERR_USAGE, "the address of a server is missing");
}

static int check_names(const struct cluster_settings *settings, struct err *err)
{
	if (!is_name(settings->database))
		return err_set(err, ERR_USAGE,
			"a database is named by letters, digits and _, and begins with none of the "
			"digits");
	for (const char *p = settings->cluster; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("_-.", *p))
			return err_set(
				err, ERR_USAGE, "a cluster is named by letters, digits, _ - and .");
	for (const char *text = settings->user; *text; text++)
		if (iscntrl((unsigned char)*text))
			return err_set(err, ERR_USAGE, "the user's name holds a control character");
	for (const char *text = settings->password; *text; text++)
		if (iscntrl((unsigned char)*text))
			return err_set(err, ERR_USAGE, "the password holds a control character");
	return 0;
}

int cluster_open(const struct cluster_settings *settings, const volatile sig_atomic_t *stop,
	struct cluster **cluster, struct err *err)
{
	struct cluster *c = xcalloc(1, sizeof(*c));
	struct http_settings http = {
		.ca_file = settings->ca_file && *settings->ca_file ? settings->ca_file : NULL,
		.proxy = "",
		.stop = stop,
		.limits = {.connect_ms = CONNECT_MS,
			.body_bytes = CLUSTER_LIMIT_BODY,
			.slow_bytes_s = 1}};
	*cluster = NULL;
	http_reply_init(&c->reply);
	c->settings = (struct cluster_settings){
		.urls = copied(&c->mem, settings->urls, ""),
		.cluster = copied(&c->mem, settings->cluster, ""),
		.database = copied(&c->mem, settings->database, "pugmark"),
		.user = copied(&c->mem, settings->user, "default"),
		.ca_file = copied(&c->mem, settings->ca_file, ""),
		.collector = copied(&c->mem, settings->collector, ""),
	};
	c->settings.password = c->password = copied(&c->mem, settings->password, "");
	if (split_urls(c, err) < 0 || check_names(&c->settings, err) < 0 ||
		!(c->http = http_open(&http, err))) {
		cluster_close(c);
		return -1;
	}
	*cluster = c;
	return 0;
}

int cluster_twin(const struct cluster *cluster, const volatile sig_atomic_t *stop,
	struct cluster **twin, struct err *err)
{
	if (cluster_open(&cluster->settings, stop, twin, err) < 0)
		return -1;
	(*twin)->now = cluster->now;
	(*twin)->met = cluster->met;
	(*twin)->known = cluster->known;
	(*twin)->features = cluster->features;
	return 0;
}

void cluster_close(struct cluster *cluster)
{
	if (!cluster)
		return;
	http_close(cluster->http);
	http_reply_fini(&cluster->reply);
	if (cluster->password)
		explicit_bzero(cluster->password, strlen(cluster->password));
	arena_fini(&cluster->mem);
	free(cluster);
}

const struct cluster_settings *cluster_settings(const struct cluster *cluster)
{
	return &cluster->settings;
}

int cluster_code(const struct cluster *cluster)
{
	return cluster->code;
}

const struct cluster_features *cluster_features(struct cluster *cluster, struct err *err)
{
	struct cluster_query query = {.sql = SLICE("SELECT version() FORMAT TabSeparatedRaw"),
		.reading = true,
		.ms = 10000};
	struct buf text;
	if (cluster->known)
		return &cluster->features;
	buf_init(&text, 1 << 20);
	int rc = cluster_ask(cluster, &query, &text, err);
	struct slice version = buf_view(&text);
	while (version.len && version.ptr[version.len - 1] == '\n')
		version.len--;
	if (rc == 0)
		rc = feature_read(&cluster->features, version, err);
	if (rc < 0 && query.outcome == CLUSTER_DONE)
		err_context(err, "%s", query.server);
	buf_fini(&text);
	cluster->known = rc == 0;
	return rc == 0 ? &cluster->features : NULL;
}

/* ---- one question to one server -------------------------------------------------------------- */

struct asking {
	struct cluster_query *query;
	struct buf *out;
};

static int take(void *ctx, const struct http_reply *reply, struct slice data, struct err *err)
{
	struct asking *asking = ctx;
	(void)reply;
	if (asking->query->on_data)
		return asking->query->on_data(asking->query->ctx, data, err);
	return buf_slice(asking->out, data);
}

static unsigned seconds_of(const struct cluster_query *query)
{
	return query->ms ? query->ms / 1000 + 1 : query->seconds ? query->seconds : SECONDS;
}

/* The question's address: the question itself stands in the body, but where there are data. */
static void make_url(
	struct buf *url, const struct cluster *cluster, const struct cluster_query *query)
{
	unsigned seconds = seconds_of(query);
	buf_printf(url, "%s/?max_execution_time=%u", cluster->urls[cluster->now], seconds);
	/* The same replicas for what is sent and what is asked: so what was sent is seen at once. */
	if (cluster->settings.cluster[0])
		buf_puts(url, "&load_balancing=in_order");
	if (query->in_database)
		buf_printf(url, "&database=%s", cluster->settings.database);
	if (query->reading)
		buf_puts(url, query->locked ? "&readonly=1" : "&readonly=2");
	if (query->whole)
		buf_puts(url, "&wait_end_of_query=1&buffer_size=16777216");
	if (query->compressed)
		buf_puts(url, "&decompress=1&http_native_compression_disable_checksumming_on_"
			      "decompress=1");
	if (query->sql.len > 200000)
		buf_puts(url, "&max_query_size=1073741824&max_ast_elements=100000000&max_expanded_"
			      "ast_elements=100000000");
	if (query->settings)
		buf_printf(url, "&%s", query->settings);
	if (query->data.len) {
		buf_puts(url, "&query=");
		http_escape(url, query->sql, false);
	}
	buf_push(url, '\0');
}

/* "Code: 60, e.displayText() = DB::Exception: Table … , e.what() = DB::Exception": the code, and the words between. */
static struct slice words_of(struct slice body, int *code)
{
	static const char *const ends[] = {", e.what() =", " (version ", "\n"};
	const char *at = memmem(body.ptr, body.len, "DB::Exception: ", 15);
	*code = 0;
	if (body.len > 6 && memcmp(body.ptr, "Code: ", 6) == 0)
		for (size_t i = 6;
			i < body.len && isdigit((unsigned char)body.ptr[i]) && *code < 100000; i++)
			*code = *code * 10 + body.ptr[i] - '0';
	struct slice words =
		at ? (struct slice){at + 15, body.len - (size_t)(at + 15 - body.ptr)} : body;
	for (size_t i = 0; i < COUNT(ends); i++) {
		const char *end = memmem(words.ptr, words.len, ends[i], strlen(ends[i]));
		if (end)
			words.len = (size_t)(end - words.ptr);
	}
	return words;
}

#define ACCESS ERR_ACCESS, "; check user and password (pugmark cluster init --user NAME sets them)"
#define PORT   "; is it ClickHouse's port for HTTP (8123, with https 8443)?"
#define SETTINGS                                                                                   \
	ERR_ACCESS,                                                                                \
		"; this user must be allowed to set limits: readonly 0 or 2 in its profile, not 1"
#define KEEPER                                                                                     \
	ERR_BUSY,                                                                                  \
		"; that server has no session with ZooKeeper: most of ZooKeeper is down, or was "  \
		"until now: try again"
/* ClickHouse's error codes as ours; the last row is for all others. */
static const struct meaning {
	int code;
	enum err_kind kind;
	const char *advice;
} meanings[] = {{192, ACCESS}, {193, ACCESS}, {194, ACCESS}, {195, ACCESS}, {516, ACCESS},
	{CLUSTER_NO_SPACE, ERR_NO_SPACE, "; make room on the disk of that server"},
	{CLUSTER_TIMEOUT, ERR_LIMIT, ""}, {158, ERR_LIMIT, ""}, /* rows read */
	{241, ERR_LIMIT, ""},                                   /* memory */
	{307, ERR_LIMIT, ""}, {396, ERR_LIMIT, ""},             /* bytes read, rows of the result */
	{CLUSTER_EXPIRED, ERR_USAGE, "; do the clocks of all servers agree?"},
	{CLUSTER_NO_ZOOKEEPER, KEEPER}, {CLUSTER_TABLE_READONLY, KEEPER},
	{CLUSTER_KEEPER_FAILED, KEEPER}, {0, ACCESS}, {0, SETTINGS}, {0, ERR_USAGE, ""}};
enum { OF_STATUS = COUNT(meanings) - 3, OF_SETTINGS, OF_OTHERS };

static const struct meaning *meaning_of(int code, int status, struct slice words)
{
	if (memmem(words.ptr, words.len, "No space left",
		    13)) /* whatever it was that failed of it */
		code = CLUSTER_NO_SPACE;
	for (size_t i = 0; i < OF_STATUS; i++)
		if (code == meanings[i].code)
			return &meanings[i];
	if (status == 401 || status == 403)
		return &meanings[OF_STATUS];
	bool settings = memmem(words.ptr, words.len, "etting", 6) != NULL;
	return &meanings[code == CLUSTER_READONLY && settings ? OF_SETTINGS : OF_OTHERS];
}

/* An answer that ClickHouse did not give: a proxy's, another program's, or that of its other port. */
static int refused_otherwise(
	struct cluster_query *query, int status, struct slice words, struct err *err)
{
	bool later = status == 502 || status == 503 || status == 504;
	return err_set(err, later ? ERR_IO : ERR_USAGE, "%s answers HTTP %d%s%.*s%s", query->server,
		status, words.len ? ": " : "", SLICE_ARG(words),
		later ? "; is the server behind that proxy up?" : PORT);
}

static int refused(struct cluster *cluster, struct cluster_query *query, struct err *err)
{
	const struct http_reply *reply = &cluster->reply;
	struct slice header = http_header(reply, "X-ClickHouse-Exception-Code", 0);
	int64_t code;
	struct slice words = words_of(buf_view(&reply->body), &query->code);
	if (header.ptr && text_parse_int(header, &code) == 0 && code > 0 && code < 100000)
		query->code = (int)code;
	cluster->code = query->code;
	struct buf safe;
	buf_init(&safe, 1 << 20);
	while (words.len && isspace((unsigned char)words.ptr[words.len - 1]))
		words.len--;
	text_escape(&safe, (struct slice){words.ptr, words.len < 400 ? words.len : 400});
	query->outcome = CLUSTER_REFUSED;
	const struct meaning *meaning = meaning_of(query->code, reply->status, words);
	if (query->code == 0 && meaning == &meanings[OF_OTHERS])
		refused_otherwise(query, reply->status, buf_view(&safe), err);
	else
		err_set(err, meaning->kind, "%s answers: %.*s (ClickHouse error %d, HTTP %d)%s",
			query->server, SLICE_ARG(buf_view(&safe)), query->code, reply->status,
			meaning->advice);
	buf_fini(&safe);
	return -1;
}

/* Whether nothing can have been done: the request never left. */
static bool never_sent(const struct http_reply *reply)
{
	switch (reply->failure) {
	case HTTP_BAD_REQUEST:
	case HTTP_NO_NAME:
	case HTTP_REFUSED:
	case HTTP_UNREACHABLE:
	case HTTP_GUARDED:
	case HTTP_TLS_EXPIRED:
	case HTTP_TLS_ISSUER:
	case HTTP_TLS_NAME:
	case HTTP_TLS:
	case HTTP_PROXY:
		return true;
	default:
		return reply->failure == HTTP_TIMEOUT && !reply->connected;
	}
}

static void advise(struct err *err, const char *advice)
{
	size_t n = strlen(err->text);
	snprintf(err->text + n, sizeof(err->text) - n, "%s", advice);
}

static int ask_one(
	struct cluster *cluster, struct cluster_query *query, struct buf *out, struct err *err)
{
	struct asking asking = {query, out};
	unsigned seconds = seconds_of(query);
	struct http_limits limits = {.total_ms = query->ms ? query->ms : (seconds + 30) * 1000,
		.slow_s = seconds + 30,
		.body_bytes = query->on_data ? UINT64_MAX / 2 : CLUSTER_LIMIT_BODY};
	const struct http_header headers[] = {{"X-ClickHouse-User", cluster->settings.user},
		{"X-ClickHouse-Key", cluster->settings.password},
		{"Content-Type", "application/octet-stream"}};
	struct buf url;
	buf_init(&url, 64 << 20);
	make_url(&url, cluster, query);
	query->server = cluster->urls[cluster->now];
	struct http_request request = {.method = "POST",
		.url = url.ptr,
		.headers = headers,
		.header_count = COUNT(headers),
		.body = query->data.len ? query->data : query->sql,
		.guard = GUARD_PRIVATE_ALLOWED,
		.plain = true,
		.once = !query->reading,
		.limits = &limits,
		.on_body = take,
		.ctx = &asking};
	int rc = http_perform(cluster->http, &request, &cluster->reply, err);
	buf_fini(&url);
	if (rc < 0) {
		enum http_failure failure = cluster->reply.failure;
		query->outcome = never_sent(&cluster->reply) ? CLUSTER_AWAY : CLUSTER_DOUBT;
		if (err && (failure == HTTP_NOT_HTTP || (!cluster->met && failure == HTTP_CUT)))
			advise(err, PORT);
		else if (err && !cluster->met && failure == HTTP_TIMEOUT &&
			 cluster->reply.connected)
			advise(err, "; it is slow, or not ClickHouse's port for HTTP");
		return -1;
	}
	if (cluster->reply.status != 200)
		return refused(cluster, query, err);
	query->outcome = CLUSTER_DONE;
	cluster->met = true;
	if (!cluster->reply.end_known) {
		query->outcome = CLUSTER_DOUBT;
		return err_set(err, ERR_IO, "%s: the answer ended without an end", query->server);
	}
	return 0;
}

/* ---- to the first that can be reached -------------------------------------------------------- */

int cluster_ask(
	struct cluster *cluster, struct cluster_query *query, struct buf *out, struct err *err)
{
	size_t before = out ? out->len : 0;
	unsigned first = cluster->now;
	int rc = -1;
	for (unsigned i = 0; i < cluster->nurls; i++) {
		unsigned now = (first + i) % cluster->nurls;
		cluster->known = cluster->known && now == cluster->now;
		cluster->now = now;
		rc = ask_one(cluster, query, out, err);
		bool again = query->outcome == CLUSTER_AWAY ||
			     (query->outcome == CLUSTER_DOUBT && query->reading &&
				     (out ? out->len == before : false));
		if (rc == 0 || !again || (err && err->kind == ERR_INTERRUPTED))
			break;
	}
	if (rc < 0 && out)
		out->len = before;
	return rc;
}
