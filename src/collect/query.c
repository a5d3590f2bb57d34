/* SPDX-License-Identifier: Apache-2.0 */
/* query.c: parameters of requests, and members of replies. */
#include "collect/private.h"
#include "json/json.h"

#define MS INT64_C(1000)

void put_name(struct buf *url, const char *name)
{
	bool first = !memchr(url->ptr ? url->ptr : "", '?', url->len);
	buf_printf(url, "%s%s=", first ? "?" : "&", name);
}

void put_iso_ms(struct buf *url, const char *name, int64_t us)
{
	char text[CLOCK_TEXT];
	put_name(url, name);
	clock_text(us, text);
	/* …11.410000Z to …11.410Z; always with a zone: without one some servers answer 200 and nothing. */
	size_t n = strlen(text);
	text[n - 4] = 'Z';
	http_escape(url, (struct slice){text, n - 3}, false);
}

void put_epoch_ms(struct buf *url, const char *name, int64_t us)
{
	put_name(url, name);
	buf_printf(url, "%lld", (long long)(us / MS));
}

bool member_text(struct slice object, const char *key, char *out, size_t size)
{
	struct slice value;
	struct buf text;
	bool repaired = false, good;
	if (!json_member(object, key, &value) || value.ptr[0] != '"')
		return false;
	buf_init(&text, size - 1);
	good = json_unescape(value, 0, &text, &repaired) >= 0 && !text.full && !repaired &&
	       !memchr(text.ptr ? text.ptr : "", 0, text.len);
	if (good && text.ptr)
		memcpy(out, text.ptr, text.len);
	out[good ? text.len : 0] = '\0';
	buf_fini(&text);
	return good;
}

int64_t member_number(struct slice object, const char *key)
{
	struct slice value;
	int64_t n;
	if (!json_member(object, key, &value) || text_parse_int(value, &n) < 0)
		return -1;
	return n;
}

bool member_true(struct slice object, const char *key)
{
	struct slice value;
	return json_member(object, key, &value) && slice_eq(value, SLICE("true"));
}
