/* SPDX-License-Identifier: Apache-2.0 */
/* text_fuzz.c: any bytes as patterns and values: both forms of SIMD and the plainest way agree, and
 * a regular expression over the same bytes ends. */
#include <assert.h>

#include "match/text_naive.h"
#include "match/text_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PATTERNS = 12, VALUES = 64, BYTES = 600 };

struct input {
	struct piece pieces[PATTERNS][NAIVE_PIECES];
	struct pattern patterns[PATTERNS];
	uint32_t npatterns;
	const char *heap;
	uint32_t off[VALUES + 1], nvalues;
};

/* Up to the first zero byte lines of patterns (* and ? as such), behind it lines of values. */
static void read_input(struct input *in, struct slice text)
{
	const char *p = text.ptr, *end = text.ptr + text.len;
	in->npatterns = in->nvalues = 0;
	while (p < end && *p && in->npatterns < PATTERNS) {
		struct piece *pieces = in->pieces[in->npatterns];
		uint32_t n = 0;
		for (; p < end && *p && *p != '\n' && n < NAIVE_PIECES; n++) {
			pieces[n].kind = *p == '*'   ? PIECE_MANY
					 : *p == '?' ? PIECE_ONE
						     : PIECE_TEXT;
			const char *begin = p++;
			while (pieces[n].kind == PIECE_TEXT && p < end && *p && *p != '\n' &&
				*p != '*' && *p != '?')
				p++;
			pieces[n].text = (struct slice){begin, (size_t)(p - begin)};
		}
		in->patterns[in->npatterns++] = (struct pattern){pieces, n};
		p += p < end && *p == '\n';
	}
	p += p < end;
	in->heap = p;
	in->off[0] = 0;
	while (p < end && in->nvalues < VALUES) {
		const char *line = memchr(p, '\n', (size_t)(end - p));
		p = line ? line + 1 : end;
		in->off[++in->nvalues] = (uint32_t)(p - in->heap);
	}
}

static bool naive_passes(const struct input *in, struct slice value, bool fold)
{
	bool passes = false;
	struct naive text = naive_make(value, fold);
	for (uint32_t k = 0; k < in->npatterns && !passes; k++) {
		struct naive_pattern pattern;
		naive_pattern_make(&pattern, &in->patterns[k], fold);
		passes = naive_fits(&pattern, 0, &text, 0);
		naive_pattern_free(&pattern);
	}
	naive_free(&text);
	return passes;
}

static void check(const struct input *in, struct text_scratch *scratch, bool fold, bool naive)
{
	uint64_t bits[2][VALUES / 64];
	for (int way = 0; way < 2; way++) {
		struct text_test *test = text_test_patterns(in->patterns, in->npatterns, fold);
		text_test_use(test, way ? &text_simd_portable : text_simd_best());
		memset(bits[way], 0, sizeof(bits[way]));
		text_test_values(test, scratch, in->heap, in->off, in->nvalues, bits[way]);
		for (uint32_t i = 0; i < in->nvalues; i++) {
			struct text_span spans[5];
			struct slice value = {in->heap + in->off[i], in->off[i + 1] - in->off[i]};
			uint32_t n = text_test_spans(test, scratch, value, spans, 5);
			assert(n <= 5 && (n == 0 || bit_get(bits[way], i)));
			assert(n == 0 || spans[n - 1].end <= value.len);
			if (naive && way)
				assert(naive_passes(in, value, fold) == bit_get(bits[way], i));
		}
		text_test_free(test);
	}
	assert(memcmp(bits[0], bits[1], sizeof(bits[0])) == 0);
}

static void check_regex(const struct input *in, struct text_scratch *scratch, struct slice text)
{
	struct text_test *test;
	const char *end = memchr(text.ptr, 0, text.len);
	struct slice regex = {text.ptr, end ? (size_t)(end - text.ptr) : text.len};
	uint64_t bits[VALUES / 64] = {0};
	if (text_test_regex(regex, regex.len % 8, &test, NULL) < 0)
		return;
	uint32_t count = text_test_values(test, scratch, in->heap, in->off, in->nvalues, bits);
	assert(count <= in->nvalues);
	for (uint32_t i = 0; i < in->nvalues; i++) {
		struct text_span spans[3];
		struct slice value = {in->heap + in->off[i], in->off[i + 1] - in->off[i]};
		uint32_t n = text_test_spans(test, scratch, value, spans, 3);
		assert(n == 0 || (bit_get(bits, i) && spans[n - 1].end <= value.len));
	}
	text_test_free(test);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in;
	struct slice text = {(const char *)data, size};
	struct text_scratch *scratch = text_scratch_new();
	uint32_t longest = 0, stars = 0;
	read_input(&in, text);
	for (uint32_t i = 0; i < in.nvalues; i++)
		longest = in.off[i + 1] - in.off[i] > longest ? in.off[i + 1] - in.off[i] : longest;
	for (uint32_t i = 0; i < in.npatterns; i++) {
		uint32_t n = 0;
		for (uint32_t k = 0; k < in.patterns[i].npieces; k++)
			n += in.patterns[i].pieces[k].kind == PIECE_MANY;
		stars = n > stars ? n : stars;
	}
	/* The plainest way takes the length to the power of the stars. */
	bool naive = size <= BYTES && (stars <= 3 || longest <= 12);
	check(&in, scratch, false, naive);
	check(&in, scratch, true, naive);
	check_regex(&in, scratch, text);
	text_scratch_free(scratch);
	return 0;
}
