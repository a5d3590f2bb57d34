/* SPDX-License-Identifier: Apache-2.0 */
/* skip.c: where a value ends, by brackets and quotes alone: for text whose contents are somebody
 * else's concern. */
#include "json/json.h"

#include "json/private.h"

/* p is after the opening quote. The byte after the closing one, or NULL. */
static const char *skip_string(const char *p, const char *end)
{
	while (p < end) {
		p = skip_plain(p, end);
		if (p == end)
			break;
		if (*p == '"')
			return p + 1;
		p += *p == '\\' ? 2 : 1;
	}
	return NULL;
}

static const char *skip_scalar(const char *p, const char *end)
{
	while (p < end && !is_blank(*p) && *p != ',' && *p != ']' && *p != '}' && *p != ':')
		p++;
	return p;
}

/* The open brackets: a bit for each, set for '{'. */
struct brackets {
	uint64_t object[LIMIT_DEPTH / 64];
	unsigned depth;
};

/* False where it is too deep. */
static bool bracket_open(struct brackets *open, bool object)
{
	if (open->depth == LIMIT_DEPTH)
		return false;
	uint64_t *word = &open->object[open->depth >> 6], bit = UINT64_C(1) << (open->depth & 63);
	*word = object ? *word | bit : *word & ~bit;
	open->depth++;
	return true;
}

/* depth > 0. False where the last one was opened by another kind. */
static bool bracket_close(struct brackets *open, bool object)
{
	open->depth--;
	return (open->object[open->depth >> 6] >> (open->depth & 63) & 1) == object;
}

size_t json_blanks(struct slice text, size_t at)
{
	while (at < text.len && is_blank(text.ptr[at]))
		at++;
	return at;
}

int64_t json_skip(struct slice text, size_t at)
{
	struct brackets open = {0};
	const char *end = text.ptr + text.len, *p = skip_blanks(text.ptr + at, end);
	if (p < end && *p != '{' && *p != '[' && *p != '"')
		return skip_scalar(p, end) - text.ptr;
	while (p < end) {
		char c = *p++;
		if (c == '"') {
			p = skip_string(p, end);
			if (!p)
				return -1;
		} else if (c == '{' || c == '[') {
			if (!bracket_open(&open, c == '{'))
				return -2;
		} else if (c == '}' || c == ']') {
			/* depth > 0: the loop ends when it comes to 0. */
			if (!bracket_close(&open, c == '}'))
				return -2;
		} else {
			continue;
		}
		if (open.depth == 0)
			return p - text.ptr;
	}
	return -1;
}
