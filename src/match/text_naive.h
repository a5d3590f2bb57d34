/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text_naive.h: what text.h promises, done the plainest way, for tests: characters folded one by one
 * by libutf8proc, literals compared at every place, wildcards by recursion. For tests only.
 */
#ifndef MATCH_TEXT_NAIVE_H
#define MATCH_TEXT_NAIVE_H

#include <stdlib.h>
#include <string.h>

#include <utf8proc.h>

#include "match/text.h"

/* A text as it is compared, and where its characters begin. */
struct naive {
	char *bytes;
	bool *starts; /* n + 1 of them; the last is true */
	size_t n;
};

static inline struct naive naive_make(struct slice s, bool fold)
{
	struct naive out = {malloc(s.len * 3 + 1), calloc(s.len * 3 + 1, sizeof(bool)), 0};
	for (size_t at = 0; at < s.len;) {
		utf8proc_int32_t code;
		utf8proc_ssize_t used = utf8proc_iterate((const utf8proc_uint8_t *)s.ptr + at,
			(utf8proc_ssize_t)(s.len - at), &code);
		bool whole = used > 0;
		if (!whole)
			used = 1;
		out.starts[out.n] = true;
		utf8proc_uint8_t *mapped = NULL;
		utf8proc_ssize_t n = used;
		if (fold && whole)
			n = utf8proc_map((const utf8proc_uint8_t *)s.ptr + at, used, &mapped,
				UTF8PROC_CASEFOLD);
		memcpy(out.bytes + out.n, mapped ? (const char *)mapped : s.ptr + at, (size_t)n);
		free(mapped);
		out.n += (size_t)n;
		at += (size_t)used;
	}
	out.starts[out.n] = true;
	return out;
}

static inline void naive_free(struct naive *text)
{
	free(text->bytes);
	free(text->starts);
}

/* The pieces of one pattern with adjacent texts joined and made naive. */
enum { NAIVE_PIECES = 16 };
struct naive_pattern {
	enum piece_kind kinds[NAIVE_PIECES];
	struct naive texts[NAIVE_PIECES];
	uint32_t n;
};

static inline void naive_pattern_make(
	struct naive_pattern *out, const struct pattern *pattern, bool fold)
{
	out->n = 0;
	for (uint32_t i = 0; i < pattern->npieces; i++) {
		out->kinds[out->n] = pattern->pieces[i].kind;
		out->texts[out->n] = (struct naive){NULL, NULL, 0};
		if (pattern->pieces[i].kind == PIECE_TEXT) {
			char joined[4096];
			size_t n = 0;
			for (; i < pattern->npieces && pattern->pieces[i].kind == PIECE_TEXT; i++) {
				struct slice text = pattern->pieces[i].text;
				if (text.len)
					memcpy(joined + n, text.ptr, text.len);
				n += text.len;
			}
			i--;
			out->texts[out->n] = naive_make((struct slice){joined, n}, fold);
		}
		out->n++;
	}
}

static inline void naive_pattern_free(struct naive_pattern *pattern)
{
	for (uint32_t i = 0; i < pattern->n; i++)
		naive_free(&pattern->texts[i]);
}

static inline bool naive_fits(
	const struct naive_pattern *p, uint32_t piece, const struct naive *text, size_t at)
{
	if (piece == p->n)
		return at == text->n;
	const struct naive *literal = &p->texts[piece];
	switch (p->kinds[piece]) {
	case PIECE_TEXT:
		return text->n - at >= literal->n &&
		       memcmp(text->bytes + at, literal->bytes, literal->n) == 0 &&
		       naive_fits(p, piece + 1, text, at + literal->n);
	case PIECE_ONE:
		if (at == text->n || !text->starts[at])
			return false;
		do
			at++;
		while (!text->starts[at]);
		return naive_fits(p, piece + 1, text, at);
	case PIECE_MANY:
		for (; at <= text->n; at++) {
			if (naive_fits(p, piece + 1, text, at))
				return true;
		}
		return false;
	}
	return false;
}

#endif
