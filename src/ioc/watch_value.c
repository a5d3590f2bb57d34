/* SPDX-License-Identifier: Apache-2.0 */
/* watch_value.c: what is kept of an indicator that is watched for. */
#include "base/varint.h"
#include "ioc/watch_value.h"

uint32_t ioc_also(const struct indicator *indicator)
{
	static const uint32_t also[IOC_KINDS] = {
		[IOC_IPV4] = 1u << IOC_HOST,
		[IOC_IPV6] = 1u << IOC_HOST,
		[IOC_DOMAIN] = 1u << IOC_HOST | 1u << IOC_USER,
		[IOC_EMAIL] = 1u << IOC_USER | 1u << IOC_ACCOUNT,
		[IOC_MD5] = 1u << IOC_ACCOUNT, /* Confluence's user keys */
	};
	switch (indicator->form) {
	case IOC_EXACT:
		return also[indicator->kind];
	case IOC_WORD:
		return 1u << IOC_USER | 1u << IOC_ACCOUNT | 1u << IOC_AGENT | 1u << IOC_HOST |
		       1u << IOC_OTHER;
	case IOC_RANGE:
	case IOC_BELOW:
		break;
	}
	return 0;
}

void ioc_also_keys(const struct indicator *indicator, uint32_t kinds,
	void (*each)(void *ctx, enum ioc_kind kind, struct slice key), void *ctx)
{
	uint32_t also = ioc_also(indicator) & kinds;
	struct buf text, key;
	if (!also)
		return;
	buf_init(&text, IOC_KEY_MAX * 4);
	buf_init(&key, IOC_KEY_MAX + 64);
	if (indicator->form == IOC_WORD)
		buf_slice(&text, indicator->last);
	else
		ioc_key_text(indicator->kind, indicator->key, &text);
	for (unsigned k = 1; k < IOC_KINDS; k++) {
		enum ioc_kind kind = (enum ioc_kind)k;
		buf_clear(&key);
		if (also >> k & 1 && ioc_key(&kind, buf_view(&text), &key))
			each(ctx, kind, buf_view(&key));
	}
	buf_fini(&text);
	buf_fini(&key);
}

unsigned watch_own_place(const struct indicator *indicator, struct buf *out)
{
	buf_clear(out);
	if (indicator->form == IOC_RANGE) {
		buf_push(out, (char)indicator->kind);
		buf_slice(out, indicator->key);
		buf_slice(out, indicator->last);
		return WATCH_RANGES;
	}
	buf_slice(out, indicator->key);
	if (indicator->form == IOC_BELOW)
		return WATCH_BELOW;
	return indicator->form == IOC_WORD ? IOC_OTHER : indicator->kind;
}

static void put_text(struct buf *out, struct slice text)
{
	size_t n = text.len < TEXT_MOST ? text.len : TEXT_MOST;
	while (n < text.len && n > 0 && (text.ptr[n] & 0xc0) == 0x80)
		n--; /* not within a character */
	buf_varint(out, n);
	buf_append(out, text.ptr, n);
}

static void put_flags(const struct watched *w, unsigned flags, struct buf *out)
{
	bool ends = w->expires != INT64_MAX;
	buf_push(out, (char)(flags | (w->below ? WATCH_IS_BELOW : 0) | (ends ? WATCH_EXPIRES : 0)));
	if (ends)
		buf_varint(out, w->expires < 0 ? 0 : (uint64_t)w->expires);
}

void watch_put_own(const struct watched *w, struct buf *out)
{
	put_flags(w, WATCH_OWN, out);
	buf_varint(out, w->confidence < 0 ? 0 : (uint64_t)w->confidence + 1);
	put_text(out, w->indicator.form == IOC_WORD ? w->indicator.last : SLICE(""));
	put_text(out, w->text);
	put_text(out, w->id);
	put_text(out, w->tags);
	put_text(out, w->description);
	put_text(out, w->reference);
}

void watch_put_other(
	const struct watched *w, unsigned own_kind, struct slice own_key, struct buf *out)
{
	put_flags(w, 0, out);
	buf_push(out, (char)own_kind);
	buf_slice(out, own_key);
}

static bool take_text(const char **at, const char *end, struct slice *text)
{
	uint64_t n;
	if (!varint_take(at, end, &n) || n > (uint64_t)(end - *at))
		return false;
	*text = (struct slice){*at, n};
	*at += n;
	return true;
}

static bool take_flags(const char **at, const char *end, unsigned *flags, int64_t *expires)
{
	uint64_t ends = 0;
	if (*at == end)
		return false;
	*flags = (unsigned char)*(*at)++;
	*expires = INT64_MAX;
	if (*flags & WATCH_EXPIRES) {
		if (!varint_take(at, end, &ends))
			return false;
		*expires = (int64_t)ends;
	}
	return true;
}

/* The indicator that an own record is of. */
static bool take_indicator(
	const struct sorted_record *record, struct slice last, struct indicator *out)
{
	*out = (struct indicator){
		.form = IOC_EXACT, .kind = (enum ioc_kind)record->kind, .key = record->key};
	if (record->kind == WATCH_BELOW) {
		out->form = IOC_BELOW;
		out->kind = IOC_DOMAIN;
	} else if (record->kind == WATCH_RANGES) {
		size_t n = (record->key.len - 1) / 2;
		if (record->key.len != 9 && record->key.len != 33)
			return false;
		out->form = IOC_RANGE;
		out->kind = (enum ioc_kind)record->key.ptr[0];
		out->key = (struct slice){record->key.ptr + 1, n};
		out->last = (struct slice){record->key.ptr + 1 + n, n};
	} else if (last.len) {
		out->form = IOC_WORD;
		out->kind = IOC_NONE;
		out->last = last;
	}
	return true;
}

bool watch_take_own(const struct sorted_record *record, struct watched *out)
{
	const char *at = record->value.ptr, *end = at + record->value.len;
	unsigned flags;
	uint64_t confidence;
	struct slice last;
	*out = (struct watched){0};
	if (!take_flags(&at, end, &flags, &out->expires) || !(flags & WATCH_OWN) ||
		!varint_take(&at, end, &confidence) || confidence > 101 ||
		!take_text(&at, end, &last) || !take_text(&at, end, &out->text) ||
		!take_text(&at, end, &out->id) || !take_text(&at, end, &out->tags) ||
		!take_text(&at, end, &out->description) || !take_text(&at, end, &out->reference))
		return false;
	out->confidence = (int)confidence - 1;
	out->below = (flags & WATCH_IS_BELOW) != 0;
	return take_indicator(record, last, &out->indicator);
}

bool watch_owner(const struct sorted_record *record, unsigned *kind, struct slice *key)
{
	const char *at = record->value.ptr, *end = at + record->value.len;
	unsigned flags;
	int64_t expires;
	if (!take_flags(&at, end, &flags, &expires))
		return false;
	*kind = record->kind;
	*key = record->key;
	if (flags & WATCH_OWN)
		return true;
	if (at == end)
		return false;
	*kind = (unsigned char)*at++;
	*key = (struct slice){at, (size_t)(end - at)};
	return *kind < SORTED_KINDS && key->len <= SORTED_KEY_MAX;
}
