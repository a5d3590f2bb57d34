/* SPDX-License-Identifier: Apache-2.0 */
/* redirect.c: references resolved by libcurl's own parser, so that what is checked is what is connected to. */
#include "net/redirect.h"

#include <stdlib.h>

#include "net/private.h"

bool redirect_is(int status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static int resolve(CURLU *url, const char *base, const char *reference, struct buf *next)
{
	char *whole = NULL;
	if (curl_url_set(url, CURLUPART_URL, base, CURLU_PATH_AS_IS) != CURLUE_OK ||
		curl_url_set(url, CURLUPART_URL, reference, CURLU_DISALLOW_USER) != CURLUE_OK ||
		curl_url_set(url, CURLUPART_FRAGMENT, NULL, 0) != CURLUE_OK ||
		curl_url_get(url, CURLUPART_URL, &whole, 0) != CURLUE_OK)
		return -1;
	buf_puts(next, whole);
	buf_push(next, '\0');
	curl_free(whole);
	return next->full ? -1 : 0;
}

int redirect_resolve(const char *url, struct slice reference, struct buf *next, struct err *err)
{
	struct http_target from, to;
	char text[URL_MOST];
	buf_clear(next);
	if (reference.len == 0 || reference.len >= sizeof(text) ||
		memchr(reference.ptr, '\0', reference.len))
		return err_set(err, ERR_FORMAT, "it names no address that can be read");
	memcpy(text, reference.ptr, reference.len);
	text[reference.len] = '\0';
	CURLU *parsed = curl_url();
	if (!parsed)
		abort(); /* out of memory */
	int rc = resolve(parsed, url, text, next);
	curl_url_cleanup(parsed);
	if (rc < 0 || http_target_read(next->ptr, &to, NULL) < 0 ||
		http_target_read(url, &from, NULL) < 0)
		return err_set(err, ERR_FORMAT, "it names no address that can be read");
	if (to.plain && !from.plain)
		return err_set(err, ERR_ACCESS,
			"it leads to http://%s, without TLS: that is not followed", to.shown);
	return 0;
}

int redirect_next(
	const char *url, const struct http_reply *reply, struct buf *next, struct err *err)
{
	return redirect_resolve(url, http_header(reply, "location", 0), next, err);
}

bool redirect_same_origin(const char *a, const char *b)
{
	struct http_target one, other;
	return http_target_read(a, &one, NULL) == 0 && http_target_read(b, &other, NULL) == 0 &&
	       one.plain == other.plain && strcmp(one.host, other.host) == 0 &&
	       strcmp(one.port, other.port) == 0;
}
