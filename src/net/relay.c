/* SPDX-License-Identifier: Apache-2.0 */
/* relay.c: mail and byte streams over libcurl, datagrams over sockets, all behind the guard. */
#include "net/relay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/base.h"
#include "net/private.h"

enum {
	TOTAL_MS = 30000,
	CONNECT_MS = 10000,
	TICK_MS = 100,
	SETTLE_MS = 300, /* how long a broken connection is listened for after the last byte */
};

struct relaying {
	const struct relay *relay;
	CURL *easy;
	struct http_trust trust;
	struct http_target target; /* host, port, for people */
	char detail[CURL_ERROR_SIZE];
	int64_t until;
	bool guarded;
	enum guard_class guarded_class;
	struct slice rest; /* of a mail, to be read by curl */
};

/* ---- addresses ------------------------------------------------------------------------------- */

static const struct {
	const char *scheme, *port; /* "" = it must be given */
	bool tls;
} schemes[] = {{"smtp", "587", false}, {"smtps", "465", true}, {"tcp", "", false},
	{"tls", "6514", true}, {"udp", "514", false}};

static bool is_listed(const char *list, const char *word, size_t n)
{
	for (const char *at = list; *at; at += strspn(at, " ")) {
		size_t m = strcspn(at, " ");
		if (m == n && memcmp(at, word, n) == 0)
			return true;
		at += m;
	}
	return false;
}

static int wrong(const char *wanted, struct err *err)
{
	return err_set(err, ERR_USAGE, "the address must look like %.*s://host:port",
		(int)strcspn(wanted, " "), wanted);
}

/* Read as a web address is, so that one parser decides: host and port, and nothing behind. */
static int read_target(
	const char *url, const char *wanted, struct http_target *target, bool *tls, struct err *err)
{
	const char *after = strstr(url, "://");
	char web[HOST_MOST + 32];
	size_t i = 0, n = after ? (size_t)(after - url) : 0;
	if (!after || !is_listed(wanted, url, n) || strpbrk(after + 3, "/?#@\\") ||
		strlen(after) > HOST_MOST)
		return wrong(wanted, err);
	while (i < sizeof(schemes) / sizeof(schemes[0]) &&
		(strlen(schemes[i].scheme) != n || memcmp(schemes[i].scheme, url, n) != 0))
		i++;
	if (i == sizeof(schemes) / sizeof(schemes[0]))
		return wrong(wanted, err);
	*tls = schemes[i].tls;
	const char *bracket = strchr(after + 3, ']');
	bool port = strchr(bracket ? bracket : after + 3, ':');
	if (!port && !*schemes[i].port)
		return wrong(wanted, err);
	snprintf(web, sizeof(web), "http%s%s%s", after, port ? "" : ":",
		port ? "" : schemes[i].port);
	if (http_target_read(web, target, err) < 0)
		return -1;
	target->plain = !*tls;
	snprintf(target->shown, sizeof(target->shown),
		strchr(target->host, ':') ? "[%s]:%s" : "%s:%s", target->host, target->port);
	return 0;
}

int relay_check(const char *url, const char *wanted, struct err *err)
{
	struct http_target target;
	bool tls;
	return read_target(url, wanted, &target, &tls, err);
}

/* ---- curl ------------------------------------------------------------------------------------ */

static curl_socket_t open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct relaying *r = ctx;
	(void)purpose;
	enum guard_class class = guard_class_of(&to->addr, to->addrlen);
	if (!guard_allows(r->relay->guard, class)) {
		r->guarded = true;
		r->guarded_class = class;
		return CURL_SOCKET_BAD;
	}
	return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

static int watch(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	struct relaying *r = ctx;
	(void)a, (void)b, (void)c, (void)d;
	return is_stopped(r->relay->stop);
}

static void set_trust(struct relaying *r)
{
	struct curl_blob both = {r->trust.both.ptr, r->trust.both.len, CURL_BLOB_NOCOPY};
	curl_easy_setopt(r->easy, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(r->easy, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(r->easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(r->easy, CURLOPT_CAPATH, r->trust.folder);
	curl_easy_setopt(
		r->easy, CURLOPT_CAINFO, r->relay->ca_file ? r->relay->ca_file : r->trust.bundle);
	if (r->trust.both.len)
		curl_easy_setopt(r->easy, CURLOPT_CAINFO_BLOB, &both);
}

static unsigned total_ms(const struct relaying *r)
{
	return r->relay->total_ms ? r->relay->total_ms : TOTAL_MS;
}

static void start_curl(void)
{
	if (curl_global_init(CURL_GLOBAL_ALL) != CURLE_OK)
		abort(); /* out of memory */
}

static int begin(struct relaying *r, const struct relay *relay, const char *wanted, bool *tls,
	struct err *err)
{
	static pthread_once_t started = PTHREAD_ONCE_INIT;
	pthread_once(&started, start_curl);
	*r = (struct relaying){.relay = relay};
	r->until = clock_mono_us() + (int64_t)total_ms(r) * 1000;
	if (read_target(relay->url, wanted, &r->target, tls, err) < 0)
		return -1;
	http_trust_find("", &r->trust);
	if (relay->ca_file && http_trust_add(&r->trust, relay->ca_file, err) < 0)
		return -1;
	r->easy = curl_easy_init();
	if (!r->easy)
		abort();
	set_trust(r);
	curl_easy_setopt(r->easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(r->easy, CURLOPT_ERRORBUFFER, r->detail);
	curl_easy_setopt(r->easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(r->easy, CURLOPT_OPENSOCKETDATA, r);
	curl_easy_setopt(r->easy, CURLOPT_PROXY, "");
	curl_easy_setopt(r->easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(r->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
	curl_easy_setopt(r->easy, CURLOPT_TIMEOUT_MS, (long)total_ms(r));
	curl_easy_setopt(r->easy, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(r->easy, CURLOPT_XFERINFOFUNCTION, watch);
	curl_easy_setopt(r->easy, CURLOPT_XFERINFODATA, r);
	return 0;
}

static void finish(struct relaying *r)
{
	curl_easy_cleanup(r->easy);
	http_trust_free(&r->trust);
}

/* What a library or the server said, safe to be shown. */
static const char *detail(struct relaying *r, char out[400])
{
	struct buf text;
	buf_init(&text, 4 * CURL_ERROR_SIZE + 1);
	text_escape(&text, slice_of(r->detail));
	snprintf(
		out, 400, "%.*s", (int)(text.len < 390 ? text.len : 390), text.ptr ? text.ptr : "");
	buf_fini(&text);
	return out;
}

static const struct {
	CURLcode code;
	enum err_kind kind;
	const char *text;
} sentences[] = {
	{CURLE_COULDNT_RESOLVE_HOST, ERR_IO,
		"this name was not found: check it, and this machine's DNS"},
	{CURLE_COULDNT_CONNECT, ERR_IO, "cannot be connected to: check host and port"},
	{CURLE_OPERATION_TIMEDOUT, ERR_LIMIT, "took too long"},
	{CURLE_ABORTED_BY_CALLBACK, ERR_INTERRUPTED, "interrupted"},
	{CURLE_USE_SSL_FAILED, ERR_ACCESS,
		"the server offers no STARTTLS: use smtps://, or --without-tls where the network "
		"is trusted"},
	{CURLE_LOGIN_DENIED, ERR_ACCESS, "the server does not take the user and password"},
	{CURLE_PEER_FAILED_VERIFICATION, ERR_ACCESS,
		"its TLS certificate is not trusted here, out of date, or made for another name; "
		"if it is of your "
		"own authority, name that one's certificate as CA file"},
	{CURLE_SSL_CACERT_BADFILE, ERR_USAGE,
		"the CA file cannot be read as certificates in PEM form"},
	{CURLE_SEND_ERROR, ERR_IO, "the connection broke while it was sent"},
	{CURLE_RECV_ERROR, ERR_IO, "the connection broke"},
	{CURLE_GOT_NOTHING, ERR_IO, "the connection was closed without a word"},
};

static int explain(struct relaying *r, CURLcode code, struct err *err)
{
	char text[400];
	const char *at = r->target.shown;
	if (r->guarded)
		return err_set(err, ERR_ACCESS,
			"%s: its address is a %s address, which may not be connected to without "
			"--allow-private",
			at, guard_class_name(r->guarded_class));
	for (size_t i = 0; i < sizeof(sentences) / sizeof(sentences[0]); i++) {
		if (sentences[i].code == code)
			return err_set(err, sentences[i].kind, "%s: %s", at, sentences[i].text);
	}
	return err_set(err, ERR_FORMAT, "%s: %s", at,
		r->detail[0] ? detail(r, text) : curl_easy_strerror(code));
}

/* ---- mail ------------------------------------------------------------------------------------ */

/* Nothing in an address may end the line or the command that it stands in. */
static int check_address(const char *address, struct err *err)
{
	const char *at = strchr(address, '@');
	bool good = at && at > address && at[1] && !strchr(at + 1, '@') && strlen(address) <= 254;
	for (const char *p = address; good && *p; p++)
		good = *p > 0x20 && *p < 0x7f && !strchr("<>()[]\\,;:\"", *p);
	return good ? 0 : err_set(err, ERR_USAGE, "`%.100s` is no mail address", address);
}

static size_t read_mail(char *out, size_t one, size_t n, void *ctx)
{
	struct relaying *r = ctx;
	size_t most = one * n < r->rest.len ? one * n : r->rest.len;
	if (most)
		memcpy(out, r->rest.ptr, most);
	r->rest.ptr += most;
	r->rest.len -= most;
	return most;
}

static int send_mail(struct relaying *r, const struct relay_mail *mail, bool tls, struct err *err)
{
	struct curl_slist *to = NULL;
	char from[300], url[HOST_MOST + 40];
	for (const char *const *one = mail->to; *one; one++) {
		char rcpt[300];
		snprintf(rcpt, sizeof(rcpt), "<%s>", *one);
		struct curl_slist *longer = curl_slist_append(to, rcpt);
		if (!longer)
			abort();
		to = longer;
	}
	snprintf(from, sizeof(from), "<%s>", mail->from);
	snprintf(url, sizeof(url), "%s", r->relay->url);
	curl_easy_setopt(r->easy, CURLOPT_URL, url);
	curl_easy_setopt(r->easy, CURLOPT_PORT, strtol(r->target.port, NULL, 10));
	curl_easy_setopt(r->easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	curl_easy_setopt(r->easy, CURLOPT_USE_SSL,
		(long)(tls || !mail->without_tls ? CURLUSESSL_ALL : CURLUSESSL_NONE));
	curl_easy_setopt(r->easy, CURLOPT_MAIL_FROM, from);
	curl_easy_setopt(r->easy, CURLOPT_MAIL_RCPT, to);
	curl_easy_setopt(r->easy, CURLOPT_USERNAME, mail->user);
	curl_easy_setopt(r->easy, CURLOPT_PASSWORD, mail->password);
	curl_easy_setopt(r->easy, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(r->easy, CURLOPT_READFUNCTION, read_mail);
	curl_easy_setopt(r->easy, CURLOPT_READDATA, r);
	r->rest = mail->text;
	CURLcode code = curl_easy_perform(r->easy);
	long said = 0;
	curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &said);
	curl_slist_free_all(to);
	if (code == CURLE_WEIRD_SERVER_REPLY || code == CURLE_SEND_ERROR ||
		code == CURLE_RECV_ERROR) {
		if (said >= 400)
			return err_set(err, ERR_FORMAT,
				"%s: the server does not take the mail (SMTP %ld)", r->target.shown,
				said);
	}
	return code == CURLE_OK ? 0 : explain(r, code, err);
}

int relay_mail(const struct relay *relay, const struct relay_mail *mail, struct err *err)
{
	struct relaying r;
	bool tls;
	if (check_address(mail->from, err) < 0)
		return -1;
	if (!mail->to[0])
		return err_set(err, ERR_USAGE, "a mail needs somebody to go to");
	for (const char *const *one = mail->to; *one; one++) {
		if (check_address(*one, err) < 0)
			return -1;
	}
	int rc = begin(&r, relay, "smtp smtps", &tls, err);
	if (rc == 0 && mail->password && mail->without_tls && !tls)
		rc = err_set(
			err, ERR_USAGE, "%s: a password is not sent without TLS", r.target.shown);
	if (rc == 0)
		rc = send_mail(&r, mail, tls, err);
	finish(&r);
	return rc;
}

/* ---- streams --------------------------------------------------------------------------------- */

/* Waits for the socket. 1 ready, 0 not within `ms`, -1. */
static int wait_for(struct relaying *r, curl_socket_t fd, short events, int ms, struct err *err)
{
	struct pollfd one = {.fd = fd, .events = events};
	for (int waited = 0;; waited += TICK_MS) {
		if (is_stopped(r->relay->stop))
			return err_set(err, ERR_INTERRUPTED, "%s: interrupted", r->target.shown);
		if (clock_mono_us() > r->until)
			return err_set(err, ERR_LIMIT, "%s: took too long", r->target.shown);
		if (waited >= ms)
			return 0;
		if (poll(&one, 1, ms - waited < TICK_MS ? ms - waited : TICK_MS) > 0)
			return 1;
	}
}

static int send_all(struct relaying *r, curl_socket_t fd, struct slice bytes, struct err *err)
{
	while (bytes.len > 0) {
		size_t n = 0;
		CURLcode code = curl_easy_send(r->easy, bytes.ptr, bytes.len, &n);
		if (code != CURLE_OK && code != CURLE_AGAIN)
			return explain(r, code, err);
		bytes.ptr += n;
		bytes.len -= n;
		if (code == CURLE_AGAIN && wait_for(r, fd, POLLOUT, (int)total_ms(r), err) < 0)
			return -1;
	}
	return 0;
}

/* A server that has gone says so when it is written to, a moment later. */
static int settle(struct relaying *r, curl_socket_t fd, struct err *err)
{
	char byte;
	size_t n = 0;
	int ready = wait_for(r, fd, POLLIN, SETTLE_MS, err);
	if (ready < 1)
		return ready;
	CURLcode code = curl_easy_recv(r->easy, &byte, 1, &n);
	return code == CURLE_OK || code == CURLE_AGAIN ? 0 : explain(r, code, err);
}

static int stream(struct relaying *r, struct slice bytes, bool tls, struct err *err)
{
	char url[HOST_MOST + 40];
	curl_socket_t fd = CURL_SOCKET_BAD;
	snprintf(url, sizeof(url), "%s%s", tls ? "https" : "http", strstr(r->relay->url, "://"));
	curl_easy_setopt(r->easy, CURLOPT_URL, url);
	curl_easy_setopt(r->easy, CURLOPT_PORT, strtol(r->target.port, NULL, 10));
	curl_easy_setopt(r->easy, CURLOPT_PROTOCOLS_STR, tls ? "https" : "http");
	curl_easy_setopt(r->easy, CURLOPT_CONNECT_ONLY, 1L);
	curl_easy_setopt(r->easy, CURLOPT_SSL_ENABLE_ALPN, 0L);
	CURLcode code = curl_easy_perform(r->easy);
	if (code == CURLE_OK)
		code = curl_easy_getinfo(r->easy, CURLINFO_ACTIVESOCKET, &fd);
	if (code != CURLE_OK)
		return explain(r, code, err);
	return send_all(r, fd, bytes, err) < 0 ? -1 : settle(r, fd, err);
}

int relay_stream(const struct relay *relay, struct slice bytes, struct err *err)
{
	struct relaying r;
	bool tls;
	int rc = begin(&r, relay, "tcp tls", &tls, err);
	if (rc == 0)
		rc = stream(&r, bytes, tls, err);
	finish(&r);
	return rc;
}

/* ---- datagrams ------------------------------------------------------------------------------- */

static int send_to(
	struct relaying *r, const struct addrinfo *to, struct slice bytes, struct err *err)
{
	char byte;
	int fd = socket(to->ai_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_errno(err, "%s", r->target.shown);
	int rc = 0;
	if (connect(fd, to->ai_addr, to->ai_addrlen) != 0 ||
		send(fd, bytes.ptr, bytes.len, MSG_NOSIGNAL) != (ssize_t)bytes.len)
		rc = err_errno(err, "%s", r->target.shown);
	/* "Nobody listens" comes back as an error of the socket, where it comes back. */
	if (rc == 0 && wait_for(r, fd, POLLIN, TICK_MS, err) == 1 && recv(fd, &byte, 1, 0) < 0 &&
		errno != EAGAIN)
		rc = err_errno(err, "%s", r->target.shown);
	close(fd);
	return rc;
}

/* The first address that may be used is. */
static int datagram(struct relaying *r, struct slice bytes, struct err *err)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_DGRAM};
	struct addrinfo *all = NULL;
	if (getaddrinfo(r->target.host, r->target.port, &hints, &all) != 0)
		return err_set(err, ERR_IO,
			"%s: this name was not found: check it, and this machine's DNS",
			r->target.shown);
	const struct addrinfo *to = all;
	for (; to; to = to->ai_next) {
		enum guard_class class = guard_class_of(to->ai_addr, to->ai_addrlen);
		if (guard_allows(r->relay->guard, class))
			break;
		r->guarded = true;
		r->guarded_class = class;
	}
	r->guarded = r->guarded && !to;
	int rc = to ? send_to(r, to, bytes, err) : explain(r, CURLE_COULDNT_CONNECT, err);
	freeaddrinfo(all);
	return rc;
}

int relay_datagram(const struct relay *relay, struct slice bytes, struct err *err)
{
	struct relaying r = {.relay = relay};
	bool tls;
	if (bytes.len > RELAY_DATAGRAM)
		return err_set(err, ERR_LIMIT, "a datagram of %zu bytes is too long", bytes.len);
	r.until = clock_mono_us() + (int64_t)total_ms(&r) * 1000;
	if (read_target(relay->url, "udp", &r.target, &tls, err) < 0)
		return -1;
	return datagram(&r, bytes, err);
}
