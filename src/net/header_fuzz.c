/* SPDX-License-Identifier: Apache-2.0 */
/* header_fuzz.c: whatever stands in headers: waits are between nothing and a day, what is escaped comes
 * back, and reasons are safe to print. */
#undef NDEBUG
#include <assert.h>
#include <stdlib.h>

#include "base/base.h"
#include "net/private.h"
#include "net/retry.h"
#include "net/s3_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { DAY_S = 86400 };

static void check_waits(struct slice text)
{
	static const int64_t now = INT64_C(1773065000) * 1000000, day = (int64_t)DAY_S * 1000000;
	struct http_reply reply;
	struct retry_rate rate;
	int64_t wait = retry_after(text, now);
	assert(wait >= -1 && wait <= day);
	http_reply_init(&reply);
	buf_slice(&reply.headers, text);
	retry_rate_read(&reply, now, &rate);
	assert(rate.limit >= -1 && rate.remaining >= -1 && rate.window_s >= -1 &&
		rate.refill >= -1);
	assert(rate.reset_us >= -1 && rate.reset_us <= day);
	for (const char *p = rate.reason; *p; p++)
		assert((unsigned char)*p >= 0x20 && *p != 0x7f);
	reply.status = 429;
	wait = retry_pause(NULL, &reply, "GET", 1, now, text.len);
	assert(wait >= 0 && wait <= (int64_t)901 * 1000000);
	struct slice value = http_header(&reply, "a", 0);
	assert(!value.ptr || value.len <= text.len);
	struct s3_facts facts = {0};
	s3_read_facts(&reply, &facts);
	http_reply_fini(&reply);
}

static void check_escapes(struct slice text)
{
	struct buf coded, plain;
	buf_init(&coded, SIZE_MAX);
	buf_init(&plain, SIZE_MAX);
	http_escape(&coded, text, false);
	http_unescape(&plain, buf_view(&coded), true);
	assert(slice_eq(buf_view(&plain), text));
	buf_fini(&coded);
	buf_fini(&plain);
}

static void check_urls(struct slice text)
{
	struct http_target target;
	struct err err = {0};
	char *url = strndup(text.ptr ? text.ptr : "", text.len), shown[SHOWN_MOST];
	if (http_target_read(url, &target, &err) == 0) {
		assert(target.host[0] && target.shown[0]);
		assert(!strchr(url, ' ') && strstr(url, "://"));
	} else {
		assert(err.kind == ERR_USAGE);
	}
	(void)http_proxy_read(url, shown, &err);
	(void)http_no_proxy(url, "host.example.com");
	free(url);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = {(const char *)data, size};
	check_waits(text);
	check_escapes(text);
	check_urls(text);
	return 0;
}
