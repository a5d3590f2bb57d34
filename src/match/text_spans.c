/* SPDX-License-Identifier: Apache-2.0 */
/* text_spans.c: where in a value the literals or the regular expression were found: looked for again in
 * the folded value, and mapped back to the bytes of the value. */
#include "match/text_private.h"

#include <stdlib.h>

enum { MOST_SPANS = 1 << 16 }; /* looked at in one value, before those that touch are joined */

static void add(struct text_scratch *scratch, size_t begin, size_t end)
{
	if (begin >= end || scratch->nspans >= MOST_SPANS)
		return;
	if (scratch->nspans == scratch->span_cap) {
		scratch->span_cap = scratch->span_cap ? scratch->span_cap * 2 : 16;
		scratch->spans =
			xrealloc(scratch->spans, scratch->span_cap * sizeof(*scratch->spans));
	}
	scratch->spans[scratch->nspans++] = (struct text_span){(uint32_t)begin, (uint32_t)end};
}

static void find_regex(const struct regex *regex, struct text_scratch *scratch, struct slice value)
{
	struct text_span span;
	size_t at = 0;
	while (at <= value.len && scratch->nspans < MOST_SPANS &&
		regex_find(regex, scratch_regex(scratch), value, at, &span) > 0) {
		add(scratch, span.begin, span.end);
		at = span.end > at ? span.end : at + 1;
		while (at < value.len && (value.ptr[at] & 0xc0) == 0x80)
			at++;
	}
}

static void find_needles(
	const struct text_test *test, struct text_scratch *scratch, struct slice text)
{
	const char *end = text.ptr + text.len, *p;
	for (uint32_t k = 0; k < test->nneedles; k++) {
		const struct needle *needle = &test->needles[k];
		for (p = text.ptr; (p = test->simd->find(needle, p, end)) != NULL;
			p += needle->len) {
			size_t at = (size_t)(p - text.ptr);
			add(scratch, at, at + needle->len);
			if (scratch->nspans == MOST_SPANS)
				return;
		}
	}
	size_t at = 0, length;
	while (test->automaton && automaton_next(test->automaton, text, at, &at, &length))
		add(scratch, at - length, at);
}

static void find_globs(
	const struct text_test *test, struct text_scratch *scratch, struct slice text)
{
	for (uint32_t k = 0; k < test->nglobs; k++) {
		const struct glob *glob = &test->globs[k];
		struct text_span *spans = xmalloc(glob->npieces * sizeof(*spans));
		uint32_t n = 0;
		if (glob_fits(glob, test->simd, text, scratch->map.from, spans, &n)) {
			for (uint32_t i = 0; i < n; i++)
				add(scratch, spans[i].begin, spans[i].end);
		}
		free(spans);
	}
}

static void find_literals(
	const struct text_test *test, struct text_scratch *scratch, struct slice text)
{
	if (test->exact && literal_set_has(test->exact, text))
		add(scratch, 0, text.len);
	if (test->prefixes)
		add(scratch, 0, affixes_length(test->prefixes, text));
	if (test->suffixes)
		add(scratch, text.len - affixes_length(test->suffixes, text), text.len);
	find_needles(test, scratch, text);
	find_globs(test, scratch, text);
}

/* From bytes of the folded text to bytes of the value: whole characters. */
static void map_back(struct text_scratch *scratch)
{
	const uint32_t *from = scratch->map.from;
	for (uint32_t i = 0; i < scratch->nspans; i++) {
		struct text_span *span = &scratch->spans[i];
		size_t end = span->end;
		while (end < scratch->map.text.len && from[end] == from[span->end - 1])
			end++;
		*span = (struct text_span){from[span->begin], from[end]};
	}
}

static int compare_spans(const void *a, const void *b)
{
	const struct text_span *x = a, *y = b;
	return (x->begin > y->begin) - (x->begin < y->begin);
}

/* Sorts, joins those that overlap or touch, and copies at most `max`. */
static uint32_t join(struct text_scratch *scratch, struct text_span *spans, uint32_t max)
{
	uint32_t n = 0;
	if (scratch->nspans)
		qsort(scratch->spans, scratch->nspans, sizeof(*scratch->spans), compare_spans);
	for (uint32_t i = 0; i < scratch->nspans; i++) {
		struct text_span span = scratch->spans[i];
		if (n && span.begin <= spans[n - 1].end) {
			if (span.end > spans[n - 1].end)
				spans[n - 1].end = span.end;
		} else if (n == max) {
			break;
		} else {
			spans[n++] = span;
		}
	}
	return n;
}

uint32_t text_test_spans(const struct text_test *test, struct text_scratch *scratch,
	struct slice value, struct text_span *spans, uint32_t max)
{
	if (max == 0 || value.len == 0 || !text_test_value(test, scratch, value))
		return 0;
	scratch->nspans = 0;
	if (test->regex) {
		find_regex(test->regex, scratch, value);
	} else {
		text_map_make(&scratch->map, value, test->fold);
		find_literals(test, scratch, buf_view(&scratch->map.text));
		map_back(scratch);
	}
	return join(scratch, spans, max);
}
