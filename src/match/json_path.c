/* SPDX-License-Identifier: Apache-2.0 */
/* json_path.c: the values at a path in a JSON text, found while walking it once. A key may itself
 * hold dots: what counts is that the keys on the way, joined by dots, are the path. */
#include "match/private.h"

#include "json/json.h"

struct finder {
	struct slice json;
	struct buf *heap, *key;
	void (*found)(void *ctx);
	void *ctx;
};

static char at_char(const struct finder *f, int64_t at)
{
	return (size_t)at < f->json.len ? f->json.ptr[at] : '\0';
}

static int64_t blanks(const struct finder *f, int64_t at)
{
	return (int64_t)json_blanks(f->json, (size_t)at);
}

/* The end of the value at `at`, which is no blank; -1 where there is none. */
static int64_t skip(const struct finder *f, int64_t at)
{
	int64_t end = (size_t)at < f->json.len ? json_skip(f->json, (size_t)at) : -1;
	return end > at ? end : -1;
}

/* Calls `each` for the elements of the array at `at` until it says -1. The end of the array, or -1. */
static int64_t each_element(struct finder *f, int64_t at, struct slice path, unsigned depth,
	int64_t (*each)(struct finder *f, int64_t at, struct slice path, unsigned depth))
{
	at = blanks(f, at + 1);
	if (at_char(f, at) == ']')
		return at + 1;
	for (;;) {
		at = each(f, blanks(f, at), path, depth);
		if (at < 0)
			return -1;
		at = blanks(f, at);
		if (at_char(f, at) == ']')
			return at + 1;
		if (at_char(f, at) != ',')
			return -1;
		at++;
	}
}

static int64_t only_scalar(struct finder *f, int64_t at, struct slice path, unsigned depth)
{
	(void)path;
	(void)depth;
	char c = at_char(f, at);
	return c == '{' || c == '[' ? -1 : skip(f, at);
}

/* Takes the value at `at` as one text; null is none. Its end, or -1. */
static int64_t take(struct finder *f, int64_t at, struct slice path, unsigned depth)
{
	(void)path;
	(void)depth;
	bool repaired = false;
	int64_t end = skip(f, at);
	if (end < 0)
		return -1;
	struct slice text = {f->json.ptr + at, (size_t)(end - at)};
	size_t before = f->heap->len;
	if (slice_eq(text, SLICE("null")))
		return end;
	if (text.ptr[0] != '"') {
		buf_slice(f->heap, text);
	} else if (json_unescape(f->json, (size_t)at, f->heap, &repaired) < 0) {
		f->heap->len = before;
		return -1;
	}
	f->found(f->ctx);
	return end;
}

/* The value that the path leads to: an array of scalars is its elements. */
static int64_t take_value(struct finder *f, int64_t at)
{
	if (at_char(f, at) == '[' && each_element(f, at, SLICE(""), 0, only_scalar) >= 0)
		return each_element(f, at, SLICE(""), 0, take);
	return take(f, at, SLICE(""), 0);
}

/* Whether the key is the path's beginning, up to a dot or its end; then *rest is what follows. */
static bool leads_on(struct slice key, struct slice path, struct slice *rest)
{
	if (key.len > path.len || (key.len && memcmp(key.ptr, path.ptr, key.len) != 0))
		return false;
	if (key.len < path.len && path.ptr[key.len] != '.')
		return false;
	size_t used = key.len < path.len ? key.len + 1 : key.len;
	*rest = (struct slice){path.ptr + used, path.len - used};
	return true;
}

static int64_t walk(struct finder *f, int64_t at, struct slice path, unsigned depth);

/* One member, at its key. The end of its value, or -1. */
static int64_t member(struct finder *f, int64_t at, struct slice path, unsigned depth)
{
	bool repaired = false;
	struct slice rest;
	if (at_char(f, at) != '"')
		return -1;
	buf_clear(f->key);
	int64_t end = json_unescape(f->json, (size_t)at, f->key, &repaired);
	if (end < 0)
		return -1;
	bool on = leads_on(buf_view(f->key), path, &rest);
	bool last = on && f->key->len == path.len;
	end = blanks(f, end);
	if (at_char(f, end) != ':')
		return -1;
	end = blanks(f, end + 1);
	if (last)
		return take_value(f, end);
	return on ? walk(f, end, rest, depth) : skip(f, end);
}

static int64_t walk(struct finder *f, int64_t at, struct slice path, unsigned depth)
{
	if (depth > LIMIT_DEPTH)
		return -1;
	if (at_char(f, at) == '[')
		return each_element(f, at, path, depth + 1, walk);
	if (at_char(f, at) != '{')
		return skip(f, at);
	at = blanks(f, at + 1);
	if (at_char(f, at) == '}')
		return at + 1;
	for (;;) {
		at = member(f, blanks(f, at), path, depth + 1);
		if (at < 0)
			return -1;
		at = blanks(f, at);
		if (at_char(f, at) == '}')
			return at + 1;
		if (at_char(f, at) != ',')
			return -1;
		at++;
	}
}

void json_path_find(struct slice json, struct slice path, struct buf *heap, struct buf *key,
	void (*found)(void *ctx), void *ctx)
{
	struct finder f = {json, heap, key, found, ctx};
	walk(&f, blanks(&f, 0), path, 0);
}
