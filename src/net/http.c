/* SPDX-License-Identifier: Apache-2.0 */
/* http.c: clients and the course of one request: checked, sent, its reply taken within limits. */
#include "net/http.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/base.h"
#include "net/private.h"

enum { TICK_MS = 100 }; /* how soon a stop is seen */

static void start_curl(void)
{
	if (curl_global_init(CURL_GLOBAL_ALL) != CURLE_OK)
		abort(); /* out of memory */
}

static char *copy(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

static int check_settings(const struct http_settings *settings, struct err *err)
{
	char shown[SHOWN_MOST];
	struct io_info info;
	if (settings->proxy && *settings->proxy && http_proxy_read(settings->proxy, shown, err) < 0)
		return -1;
	if (!settings->ca_file)
		return 0;
	int there = io_stat(settings->ca_file, &info, err);
	if (there == 0)
		return err_set(err, ERR_NOT_FOUND, "CA file %s: there is none", settings->ca_file);
	return there < 0 ? -1 : 0;
}

struct http_client *http_open(const struct http_settings *settings, struct err *err)
{
	static pthread_once_t started = PTHREAD_ONCE_INIT;
	pthread_once(&started, start_curl);
	if (check_settings(settings, err) < 0)
		return NULL;
	struct http_client *client = xcalloc(1, sizeof(*client));
	client->ca_file = copy(settings->ca_file);
	client->proxy = copy(settings->proxy);
	client->no_proxy = copy(settings->no_proxy);
	client->user_agent =
		xstrdup(settings->user_agent ? settings->user_agent : "pugmark/" PUGMARK_VERSION);
	client->limits = settings->limits;
	client->stop = settings->stop;
	http_trust_find("", &client->trust);
	client->easy = curl_easy_init();
	if (!client->easy)
		abort();
	for (int i = 0; i < GUARD_POLICIES; i++) {
		client->pools[i] = curl_multi_init();
		if (!client->pools[i])
			abort();
		curl_multi_setopt(client->pools[i], CURLMOPT_MAXCONNECTS, 8L);
	}
	if (client->ca_file && http_trust_add(&client->trust, client->ca_file, err) < 0) {
		http_close(client);
		return NULL;
	}
	return client;
}

/* A string with a secret in it leaves no copy in freed memory. */
static void free_secret(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
}

void http_close(struct http_client *client)
{
	if (!client)
		return;
	curl_easy_cleanup(client->easy);
	for (int i = 0; i < GUARD_POLICIES; i++)
		curl_multi_cleanup(client->pools[i]);
	http_trust_free(&client->trust);
	free(client->ca_file);
	free_secret(client->proxy);
	free(client->no_proxy);
	free(client->user_agent);
	free(client);
}

static void or_default(unsigned *value, unsigned given, unsigned otherwise, unsigned last)
{
	*value = given ? given : otherwise ? otherwise : last;
}

static void decide_limits(struct http_exchange *ex)
{
	static const struct http_limits none;
	const struct http_limits *a = ex->request->limits ? ex->request->limits : &none;
	const struct http_limits *b = &ex->client->limits;
	struct http_limits *to = &ex->limits;
	or_default(&to->connect_ms, a->connect_ms, b->connect_ms, 15000);
	or_default(&to->total_ms, a->total_ms, b->total_ms, 300000);
	or_default(&to->slow_bytes_s, a->slow_bytes_s, b->slow_bytes_s, 64);
	or_default(&to->slow_s, a->slow_s, b->slow_s, 30);
	to->header_bytes = a->header_bytes   ? a->header_bytes
			   : b->header_bytes ? b->header_bytes
					     : (size_t)64 << 10;
	to->body_bytes = a->body_bytes   ? a->body_bytes
			 : b->body_bytes ? b->body_bytes
					 : (uint64_t)64 << 20;
}

static void clear_reply(struct http_reply *reply)
{
	struct buf headers = reply->headers, body = reply->body;
	memset(reply, 0, sizeof(*reply));
	reply->headers = headers;
	reply->body = body;
	buf_clear(&reply->headers);
	buf_clear(&reply->body);
}

/* Runs the transfer to its end. Our own reasons to end it are in ex->ours. */
static CURLcode run(struct http_exchange *ex)
{
	CURLM *pool = ex->client->pools[ex->request->guard];
	CURL *easy = ex->client->easy;
	const volatile sig_atomic_t *stop = ex->client->stop;
	CURLcode code = CURLE_FAILED_INIT;
	int running = 1, left;
	if (curl_multi_add_handle(pool, easy) != CURLM_OK)
		return code;
	while (running) {
		if (is_stopped(stop))
			ex->ours = HTTP_STOPPED;
		if (ex->ours == HTTP_STOPPED || curl_multi_perform(pool, &running) != CURLM_OK)
			break;
		if (running && curl_multi_poll(pool, NULL, 0, TICK_MS, NULL) != CURLM_OK)
			break;
	}
	for (CURLMsg *said; (said = curl_multi_info_read(pool, &left));)
		if (said->msg == CURLMSG_DONE)
			code = said->data.result;
	curl_multi_remove_handle(pool, easy);
	return code;
}

/* libcurl writes to sockets without signals, OpenSSL below it need not: a broken pipe must not end
 * the process. Only this thread is touched. */
static CURLcode run_without_sigpipe(struct http_exchange *ex)
{
	sigset_t pipe, before, pending;
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	sigpending(&pending);
	bool was_pending = sigismember(&pending, SIGPIPE) == 1;
	pthread_sigmask(SIG_BLOCK, &pipe, &before);
	CURLcode code = run(ex);
	sigpending(&pending);
	if (!was_pending && sigismember(&pending, SIGPIPE) == 1) {
		static const struct timespec at_once;
		while (sigtimedwait(&pipe, NULL, &at_once) < 0 && errno == EINTR)
			;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return code;
}

static void note_facts(struct http_exchange *ex)
{
	CURL *easy = ex->client->easy;
	struct http_reply *reply = ex->reply;
	curl_off_t connected = 0, ready = 0, began = 0, total = 0, wire = 0;
	long fresh = 0, version = 0;
	const char *address = NULL;
	curl_easy_getinfo(easy, CURLINFO_APPCONNECT_TIME_T, &connected);
	curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &ready);
	curl_easy_getinfo(easy, CURLINFO_STARTTRANSFER_TIME_T, &began);
	curl_easy_getinfo(easy, CURLINFO_TOTAL_TIME_T, &total);
	curl_easy_getinfo(easy, CURLINFO_SIZE_DOWNLOAD_T, &wire);
	curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &fresh);
	curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version);
	curl_easy_getinfo(easy, CURLINFO_PRIMARY_IP, &address);
	reply->reused = fresh == 0 && reply->status > 0;
	reply->connect_us = fresh ? connected : 0;
	reply->connected = ready > 0;
	reply->first_byte_us = began;
	reply->total_us = total;
	reply->wire_bytes = (uint64_t)wire;
	reply->version = version == CURL_HTTP_VERSION_2_0   ? 20
			 : version == CURL_HTTP_VERSION_1_1 ? 11
			 : version == CURL_HTTP_VERSION_1_0 ? 10
							    : 0;
	reply->end_known = reply->version == 20 || reply->status == 204 || reply->status == 304 ||
			   http_header(reply, "content-length", 0).ptr ||
			   http_header(reply, "transfer-encoding", 0).ptr;
	snprintf(reply->address, sizeof(reply->address), "%s", address ? address : "");
}

/* Whose reason it was. */
static int conclude(struct http_exchange *ex, CURLcode code)
{
	char amount[32];
	switch (ex->ours) {
	case HTTP_OK:
		/* curl takes headers that end with the connection for whole ones, without a body. */
		if (code == CURLE_OK && !ex->headers_ended)
			return http_fail(
				ex, HTTP_CUT, ERR_IO, "the reply ended within its headers");
		return code == CURLE_OK ? 0 : http_explain(ex, code);
	case HTTP_STOPPED:
		return http_fail(ex, HTTP_STOPPED, ERR_INTERRUPTED, "interrupted");
	case HTTP_TOO_LARGE:
		return http_fail(ex, HTTP_TOO_LARGE, ERR_LIMIT, "its reply has more than %s %s",
			text_bytes(ex->limit_value, amount), ex->limit);
	case HTTP_NOT_HTTP:
		return http_fail(
			ex, HTTP_NOT_HTTP, ERR_FORMAT, "what answered there does not speak HTTP");
	case HTTP_ABORTED:
		ex->reply->failure = HTTP_ABORTED;
		return err_context(ex->err, "%s", ex->target.shown);
	default: /* the body of an error reply was cut: all that is wanted is there */
		return 0;
	}
}

static int prepare(struct http_exchange *ex)
{
	const struct http_request *request = ex->request;
	struct err *err = ex->err;
	if (http_target_read(request->url, &ex->target, err) < 0)
		return -1;
	if (ex->target.plain && !request->plain)
		return err_set(err, ERR_USAGE,
			"%s: the address must begin with https://: http:// sends everything in the "
			"clear",
			ex->target.shown);
	if (http_proxy_for(
		    ex->client, &ex->target, request->guard, ex->proxy, ex->proxy_shown, err) < 0)
		return -1;
	decide_limits(ex);
	return http_options(ex);
}

int http_perform(struct http_client *client, const struct http_request *request,
	struct http_reply *reply, struct err *err)
{
	struct err unheard = {0};
	struct http_exchange *ex = xcalloc(1, sizeof(*ex));
	*ex = (struct http_exchange){.client = client, .request = request, .reply = reply};
	ex->err = err ? err : &unheard;
	ex->err->kind = ERR_NONE;
	ex->err->text[0] = 0;
	clear_reply(reply);
	int status = prepare(ex);
	if (status < 0) {
		reply->failure = ex->err->kind == ERR_ACCESS ? HTTP_GUARDED : HTTP_BAD_REQUEST;
	} else {
		CURLcode code = run_without_sigpipe(ex);
		note_facts(ex);
		status = conclude(ex, code);
	}
	/* The easy handle has copies of headers with secrets in them. */
	curl_easy_reset(client->easy);
	for (struct curl_slist *at = ex->headers; at; at = at->next)
		explicit_bzero(at->data, strlen(at->data));
	curl_slist_free_all(ex->headers);
	explicit_bzero(ex, sizeof(*ex));
	free(ex);
	return status;
}
