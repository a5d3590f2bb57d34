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

int64_t json_skip(struct slice text, size_t at)
{
	uint64_t object[LIMIT_DEPTH / 64];
	unsigned depth = 0;
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
			if (depth == LIMIT_DEPTH)
				return -2;
			uint64_t bit = UINT64_C(1) << (depth & 63), *word = &object[depth >> 6];
			*word = ((depth & 63) == 0 ? 0 : *word & ~bit) | (c == '{' ? bit : 0);
			depth++;
			continue;
		} else if (c == '}' || c == ']') {
			depth--; /* depth > 0: the loop ends when it comes to 0 */
			if ((object[depth >> 6] >> (depth & 63) & 1) != (c == '}'))
				return -2;
		} else {
			continue;
		}
		if (depth == 0)
			return p - text.ptr;
	}
	return -1;
}
