/* SPDX-License-Identifier: Apache-2.0 */
/* http_options.c: one request as curl options, and the callbacks by which the reply comes in. There
 * is no switch for TLS verification here or anywhere, by design. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <strings.h>

#include "base/base.h"
#include "net/private.h"

static void address_text(const struct sockaddr *address, char *out, size_t size)
{
	out[0] = 0;
	if (address->sa_family == AF_INET) {
		struct sockaddr_in in;
		memcpy(&in, address, sizeof(in));
		inet_ntop(AF_INET, &in.sin_addr, out, (socklen_t)size);
	} else if (address->sa_family == AF_INET6) {
		struct sockaddr_in6 in;
		memcpy(&in, address, sizeof(in));
		inet_ntop(AF_INET6, &in.sin6_addr, out, (socklen_t)size);
	}
}

/* Every new connection passes here with the address that it will be made to. */
static curl_socket_t open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct http_exchange *ex = ctx;
	(void)purpose;
	enum guard_class class = guard_class_of(&to->addr, to->addrlen);
	bool allowed = guard_allows(ex->request->guard, class);
	if (ex->proxy[0]) /* the administrator's proxy may be anywhere but where credentials are */
		allowed = guard_allows(GUARD_PUBLIC_ONLY, class) ||
			  guard_allows(GUARD_PRIVATE_ALLOWED, class);
	if (ex->target.plain && class == GUARD_CLASS_PUBLIC)
		allowed = false; /* nothing goes over the Internet in the clear */
	if (!allowed) {
		ex->guarded = true;
		ex->guarded_class = class;
		address_text(&to->addr, ex->guarded_address, sizeof(ex->guarded_address));
		return CURL_SOCKET_BAD;
	}
	return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

static size_t too_large(struct http_exchange *ex, const char *what, uint64_t most)
{
	ex->ours = HTTP_TOO_LARGE;
	ex->limit = what;
	ex->limit_value = most;
	return 0; /* fewer than given: curl ends the transfer */
}

/* "HTTP/1.1 200 OK" or "HTTP/2 200". */
static int status_of(struct slice line)
{
	const char *blank = memchr(line.ptr, ' ', line.len);
	if (!blank || line.ptr + line.len - blank < 4)
		return 0;
	int status = 0;
	for (int i = 1; i <= 3; i++) {
		if (blank[i] < '0' || blank[i] > '9')
			return 0;
		status = status * 10 + (blank[i] - '0');
	}
	return status >= 100 ? status : 0;
}

static size_t take_header(char *data, size_t one, size_t n, void *ctx)
{
	struct http_exchange *ex = ctx;
	struct http_reply *reply = ex->reply;
	struct slice line = {data, one * n};
	/* Counted over all replies of the request, so that endless 1xx ones end too. */
	ex->header_bytes += line.len;
	if (ex->header_bytes > ex->limits.header_bytes)
		return too_large(ex, "of headers", ex->limits.header_bytes);
	if (line.len >= 5 && memcmp(line.ptr, "HTTP/", 5) == 0) {
		buf_clear(&reply->headers); /* what an interim reply said is not of interest */
		reply->status = status_of(line);
		ex->headers_ended = false;
		if (reply->status == 0) {
			ex->ours = HTTP_NOT_HTTP;
			return 0;
		}
		return line.len;
	}
	while (line.len && (line.ptr[line.len - 1] == '\n' || line.ptr[line.len - 1] == '\r'))
		line.len--;
	ex->headers_ended = line.len == 0;
	if (line.len > 0) {
		buf_slice(&reply->headers, line);
		buf_push(&reply->headers, '\n');
	}
	return one * n;
}

static size_t take_error_body(struct http_exchange *ex, struct slice data)
{
	struct buf *body = &ex->reply->body;
	size_t room = HTTP_ERROR_BODY - body->len, n = data.len < room ? data.len : room;
	buf_append(body, data.ptr, n);
	ex->reply->body_bytes += n;
	if (n == data.len)
		return n;
	ex->reply->body_cut = true;
	ex->ours = HTTP_CUT;
	return 0;
}

static size_t take_body(char *bytes, size_t one, size_t n, void *ctx)
{
	struct http_exchange *ex = ctx;
	struct http_reply *reply = ex->reply;
	struct slice data = {bytes, one * n};
	if (reply->status < 200 || reply->status > 299)
		return take_error_body(ex, data);
	if (data.len > ex->limits.body_bytes - reply->body_bytes)
		return too_large(ex, "of body", ex->limits.body_bytes);
	reply->body_bytes += data.len;
	if (!ex->request->on_body) {
		buf_slice(&reply->body, data);
		return data.len;
	}
	if (ex->request->on_body(ex->request->ctx, reply, data, ex->err) < 0) {
		ex->ours = HTTP_ABORTED;
		return 0;
	}
	return data.len;
}

static bool token(const char *name)
{
	static const char other[] = "!#$%&'*+-.^_`|~";
	for (const char *p = name; *p; p++) {
		bool word = (*p >= 'A' && *p <= 'Z') || (*p >= 'a' && *p <= 'z') ||
			    (*p >= '0' && *p <= '9');
		if (!word && !strchr(other, *p))
			return false;
	}
	return *name != 0;
}

static int bad(struct http_exchange *ex, const char *name, const char *why)
{
	return err_set(ex->err, ERR_USAGE, "%s: the header %.60s %s", ex->target.shown, name, why);
}

/* One more header line, for curl: "name;" is its form for an empty value. */
static int add_header(struct http_exchange *ex, const char *name, const char *value)
{
	char *line;
	if (!token(name))
		return err_set(ex->err, ERR_USAGE,
			"%s: a header's name holds a character that "
			"cannot stand there",
			ex->target.shown);
	if (strlen(value) > HEADER_MOST)
		return bad(ex, name, "would be longer than 16 KiB");
	for (const unsigned char *p = (const unsigned char *)value; *p; p++) {
		if (*p == '\n' || *p == '\r')
			return bad(ex, name,
				"would hold a line break: is there one at the end of a "
				"token or password?");
		if ((*p < 0x20 && *p != '\t') || *p == 0x7f)
			return bad(ex, name, "would hold a control character");
	}
	size_t size = strlen(name) + strlen(value) + 3;
	line = xmalloc(size);
	if (*value)
		snprintf(line, size, "%s: %s", name, value);
	else
		snprintf(line, size, "%s;", name);
	struct curl_slist *longer = curl_slist_append(ex->headers, line);
	explicit_bzero(line, size);
	free(line);
	if (!longer)
		abort();
	ex->headers = longer;
	return 0;
}

/* Lines that curl would add by itself and nobody asked for. */
static void without(struct http_exchange *ex, const char *line)
{
	struct curl_slist *longer = curl_slist_append(ex->headers, line);
	if (!longer)
		abort();
	ex->headers = longer;
}

static int add_headers(struct http_exchange *ex)
{
	bool typed = false;
	for (size_t i = 0; i < ex->request->header_count; i++) {
		const struct http_header *header = &ex->request->headers[i];
		typed = typed || strcasecmp(header->name, "content-type") == 0;
		if (add_header(ex, header->name, header->value) < 0)
			return -1;
	}
	without(ex, "Expect:");
	if (!typed)
		without(ex, "Content-Type:");
	return 0;
}

static void set_method(struct http_exchange *ex)
{
	CURL *easy = ex->client->easy;
	const struct http_request *request = ex->request;
	const char *method = request->method ? request->method : "GET";
	if (request->body.ptr) {
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body.ptr);
	}
	if (strcmp(method, "HEAD") == 0)
		curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	else if (strcmp(method, "GET") != 0 || request->body.ptr)
		curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
}

/* The machine's own, and those of the settings beside them. */
static void trust_authorities(const struct http_client *client)
{
	CURL *easy = client->easy;
	const struct http_trust *trust = &client->trust;
	const char *file = client->ca_file ? client->ca_file : trust->bundle;
	struct curl_blob both = {trust->both.ptr, trust->both.len, CURL_BLOB_NOCOPY};
	curl_easy_setopt(easy, CURLOPT_CAPATH, trust->folder);
	curl_easy_setopt(easy, CURLOPT_PROXY_CAPATH, trust->folder);
	curl_easy_setopt(easy, CURLOPT_CAINFO, file);
	curl_easy_setopt(easy, CURLOPT_PROXY_CAINFO, file);
	if (trust->both.len) { /* goes before a file */
		curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &both);
		curl_easy_setopt(easy, CURLOPT_PROXY_CAINFO_BLOB, &both);
	}
}

static void set_trust(struct http_exchange *ex)
{
	CURL *easy = ex->client->easy;
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(easy, CURLOPT_PROXY_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(easy, CURLOPT_PROXY_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(easy, CURLOPT_PROXY_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	trust_authorities(ex->client);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, ex->target.plain ? "http" : "https");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, ex);
	curl_easy_setopt(easy, CURLOPT_PROXY, ex->proxy);
	curl_easy_setopt(easy, CURLOPT_NOPROXY, ""); /* decided by http_proxy_for */
	curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
}

static void set_limits(struct http_exchange *ex)
{
	CURL *easy = ex->client->easy;
	const struct http_limits *limits = &ex->limits;
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* a stop does not wait for DNS */
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 256L << 10);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)limits->connect_ms);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)limits->total_ms);
	curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, (long)limits->slow_bytes_s);
	curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)limits->slow_s);
}

int http_options(struct http_exchange *ex)
{
	CURL *easy = ex->client->easy;
	const char *method = ex->request->method;
	curl_easy_reset(easy);
	if (method && !token(method))
		return err_set(ex->err, ERR_USAGE, "%s: no such method", ex->target.shown);
	if (add_headers(ex) < 0)
		return -1;
	set_trust(ex);
	set_limits(ex);
	set_method(ex);
	curl_easy_setopt(easy, CURLOPT_URL, ex->request->url);
	curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, ex->client->user_agent);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, ex->headers);
	curl_easy_setopt(easy, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);
	if (ex->request->once)
		curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
	if (ex->request->packed)
		curl_easy_setopt(easy, CURLOPT_HTTP_CONTENT_DECODING, 0L);
	else
		curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, ex);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, ex);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, ex->detail);
	return 0;
}
