/* SPDX-License-Identifier: Apache-2.0 */
/* http_error.c: curl's codes as one sentence each, in one place. Texts are made of our own words,
 * host and port; nothing that the request or the reply holds. */
#include <openssl/x509_vfy.h>

#include <errno.h>

#include "base/base.h"
#include "net/private.h"

int http_fail(struct http_exchange *ex, enum http_failure failure, enum err_kind kind,
	const char *fmt, ...)
{
	va_list args;
	char text[600];
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	ex->reply->failure = failure;
	return err_set(ex->err, kind, "%s: %s", ex->target.shown, text);
}

/* What libraries say may hold text of the server: made safe for a terminal. */
static void safe_detail(const struct http_exchange *ex, char *out, size_t size)
{
	struct buf text;
	buf_init(&text, 4 * CURL_ERROR_SIZE + 1);
	text_escape(&text, slice_of(ex->detail));
	snprintf(out, size, "%.*s", (int)text.len, text.ptr ? text.ptr : "");
	buf_fini(&text);
}

static int explain_certificate(struct http_exchange *ex)
{
	char now[CLOCK_TEXT], detail[200];
	long why = 0;
	curl_easy_getinfo(ex->client->easy, CURLINFO_SSL_VERIFYRESULT, &why);
	if (ex->proxy[0] && strstr(ex->detail, "proxy"))
		why = -1;
	switch (why) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
	case X509_V_ERR_CERT_NOT_YET_VALID:
		clock_text(clock_now_us(), now);
		now[16] = 0; /* to the minute */
		return http_fail(ex, HTTP_TLS_EXPIRED, ERR_ACCESS,
			"its TLS certificate %s; if that is wrong, so is this machine's clock, "
			"which says %sZ",
			why == X509_V_ERR_CERT_HAS_EXPIRED ? "has expired" : "is not valid yet",
			now);
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		if (!ex->client->trust.folder && !ex->client->trust.bundle)
			return http_fail(ex, HTTP_TLS_ISSUER, ERR_ACCESS,
				"its TLS certificate is signed by an authority that is not known "
				"here: "
				"this machine has no list of authorities (package "
				"ca-certificates); "
				"install it, or name one as CA file");
		return http_fail(ex, HTTP_TLS_ISSUER, ERR_ACCESS,
			"its TLS certificate is signed by an authority that is not known here; if "
			"it "
			"is your own authority (or your proxy's), name its certificate as CA file");
	case X509_V_OK: /* the chain is good: what failed is the name */
	case X509_V_ERR_UNSPECIFIED:
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		return http_fail(ex, HTTP_TLS_NAME, ERR_ACCESS,
			"its TLS certificate is made for another name: check the address for a "
			"typing "
			"mistake");
	default:
		safe_detail(ex, detail, sizeof(detail));
		return http_fail(
			ex, HTTP_TLS, ERR_ACCESS, "its TLS certificate is refused: %s", detail);
	}
}

static int explain_connect(struct http_exchange *ex)
{
	long why = 0;
	if (ex->guarded)
		return http_fail(ex, HTTP_GUARDED, ERR_ACCESS,
			"its address %s is a %s address, which may not be connected to here",
			ex->guarded_address, guard_class_name(ex->guarded_class));
	curl_easy_getinfo(ex->client->easy, CURLINFO_OS_ERRNO, &why);
	if (ex->proxy[0])
		return http_fail(ex, HTTP_PROXY, ERR_IO, "the proxy %s cannot be connected to%s%s",
			ex->proxy_shown, why ? ": " : "", why ? strerror((int)why) : "");
	if (why == ECONNREFUSED || strstr(ex->detail, "refused"))
		return http_fail(ex, HTTP_REFUSED, ERR_IO,
			"nobody listens there (connection refused): check host and port");
	return http_fail(ex, HTTP_UNREACHABLE, ERR_IO, "cannot be connected to%s%s",
		why ? ": " : "", why ? strerror((int)why) : "");
}

static int explain_timeout(struct http_exchange *ex)
{
	const struct http_limits *limits = &ex->limits;
	curl_off_t connected = 0;
	curl_easy_getinfo(ex->client->easy, CURLINFO_PRETRANSFER_TIME_T, &connected);
	const char *via = ex->proxy[0] ? " through the proxy" : "";
	if (connected == 0)
		return http_fail(ex, HTTP_TIMEOUT, ERR_LIMIT, "no connection%s within %u s", via,
			(limits->connect_ms + 999) / 1000);
	if (strstr(ex->detail, "too slow"))
		return http_fail(ex, HTTP_TIMEOUT, ERR_LIMIT,
			"the reply came slower than %u bytes a second for %u s",
			limits->slow_bytes_s, limits->slow_s);
	return http_fail(ex, HTTP_TIMEOUT, ERR_LIMIT, "no whole reply within %u s",
		(limits->total_ms + 999) / 1000);
}

/* CONNECT was answered, but not with a tunnel. */
static int explain_tunnel(struct http_exchange *ex, long status)
{
	return http_fail(ex, HTTP_PROXY, ERR_ACCESS,
		status == 407 ? "the proxy %s wants a user and password (HTTP %ld): "
				"HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT names them"
			      : "the proxy %s refuses to connect to it (HTTP %ld)",
		ex->proxy_shown, status);
}

static const struct {
	CURLcode code;
	enum http_failure failure;
	enum err_kind kind;
	const char *text;
} sentences[] = {
	{CURLE_COULDNT_RESOLVE_HOST, HTTP_NO_NAME, ERR_IO,
		"this name was not found: check it, and this machine's DNS"},
	{CURLE_GOT_NOTHING, HTTP_CUT, ERR_IO, "the connection was closed without a reply"},
	{CURLE_PARTIAL_FILE, HTTP_CUT, ERR_IO, "the reply ended early"},
	{CURLE_RECV_ERROR, HTTP_CUT, ERR_IO, "the connection broke while the reply was read"},
	{CURLE_SEND_ERROR, HTTP_CUT, ERR_IO, "the connection broke while the request was sent"},
	{CURLE_HTTP2, HTTP_CUT, ERR_IO, "the HTTP/2 connection broke"},
	{CURLE_HTTP2_STREAM, HTTP_CUT, ERR_IO, "the server broke off the HTTP/2 reply"},
	{CURLE_BAD_CONTENT_ENCODING, HTTP_CUT, ERR_FORMAT, "the packed reply does not unpack"},
	{CURLE_UNSUPPORTED_PROTOCOL, HTTP_NOT_HTTP, ERR_FORMAT,
		"what answered there does not speak HTTP"},
	{CURLE_WEIRD_SERVER_REPLY, HTTP_NOT_HTTP, ERR_FORMAT,
		"what answered there does not speak HTTP"},
	{CURLE_SSL_CACERT_BADFILE, HTTP_TLS, ERR_USAGE,
		"the CA file cannot be read as certificates in PEM form"},
	{CURLE_SSL_CLIENTCERT, HTTP_TLS, ERR_ACCESS, "the server wants a client certificate"},
};

static int explain_code(struct http_exchange *ex, CURLcode code)
{
	for (size_t i = 0; i < sizeof(sentences) / sizeof(sentences[0]); i++)
		if (sentences[i].code == code)
			return http_fail(ex, sentences[i].failure, sentences[i].kind, "%s",
				sentences[i].text);
	return http_fail(ex, HTTP_UNREACHABLE, ERR_IO, "%s", curl_easy_strerror(code));
}

static int explain_handshake(struct http_exchange *ex)
{
	char detail[200];
	/* What OpenSSL says where plain text came instead of a TLS record. */
	if (strstr(ex->detail, "wrong version number"))
		return http_fail(ex, HTTP_TLS, ERR_ACCESS,
			"what answered does not speak TLS: http:// where https:// is asked, or the "
			"wrong port");
	safe_detail(ex, detail, sizeof(detail));
	return http_fail(ex, HTTP_TLS, ERR_ACCESS, "no TLS connection: %s",
		detail[0] ? detail : "the server broke it off");
}

int http_explain(struct http_exchange *ex, CURLcode code)
{
	long tunnel = 0;
	curl_easy_getinfo(ex->client->easy, CURLINFO_HTTP_CONNECTCODE, &tunnel);
	switch (code) {
	case CURLE_COULDNT_CONNECT:
		return explain_connect(ex);
	case CURLE_PEER_FAILED_VERIFICATION:
		return explain_certificate(ex);
	case CURLE_SSL_CONNECT_ERROR:
		return explain_handshake(ex);
	case CURLE_OPERATION_TIMEDOUT:
		return explain_timeout(ex);
	case CURLE_COULDNT_RESOLVE_PROXY:
		return http_fail(ex, HTTP_PROXY, ERR_IO, "the proxy's name %s was not found",
			ex->proxy_shown);
	case CURLE_PROXY:
		return http_fail(
			ex, HTTP_PROXY, ERR_ACCESS, "the proxy %s refuses", ex->proxy_shown);
	default:
		return ex->proxy[0] && tunnel >= 300 ? explain_tunnel(ex, tunnel)
						     : explain_code(ex, code);
	}
}

const char *http_failure_name(enum http_failure failure)
{
	static const char *const names[] = {
		[HTTP_OK] = "none",
		[HTTP_BAD_REQUEST] = "bad request",
		[HTTP_NO_NAME] = "name not found",
		[HTTP_REFUSED] = "connection refused",
		[HTTP_UNREACHABLE] = "unreachable",
		[HTTP_GUARDED] = "address forbidden",
		[HTTP_TLS_EXPIRED] = "certificate out of date",
		[HTTP_TLS_ISSUER] = "unknown authority",
		[HTTP_TLS_NAME] = "certificate of another name",
		[HTTP_TLS] = "TLS failed",
		[HTTP_TIMEOUT] = "timed out",
		[HTTP_CUT] = "reply cut",
		[HTTP_TOO_LARGE] = "too large",
		[HTTP_NOT_HTTP] = "not HTTP",
		[HTTP_PROXY] = "proxy refused",
		[HTTP_STOPPED] = "stopped",
		[HTTP_ABORTED] = "aborted",
		[HTTP_UNUSABLE] = "not the reply that was asked for",
	};
	return names[failure];
}
