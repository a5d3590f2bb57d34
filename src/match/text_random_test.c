/* SPDX-License-Identifier: Apache-2.0 */
/* text_random_test.c: random patterns over random values give what the plainest way gives, with and
 * without folding, by both forms of SIMD; heaps have exactly their size. */
#include "base/test.h"

#include "match/text_naive.h"
#include "match/text_private.h"
#include "match/text_random.h"

enum { VALUES = 150, PATTERNS = 24 };

struct round {
	struct arena arena;
	struct pattern patterns[PATTERNS];
	uint32_t npatterns;
	char *heap; /* of exactly its size */
	uint32_t off[VALUES + 1], nvalues;
	bool wanted[2][VALUES]; /* [fold] */
};

static void make_round(struct round *r)
{
	struct buf heap;
	bool ascii = draw(3) == 0;
	arena_init(&r->arena);
	buf_init(&heap, 1 << 20);
	/* Few of any form, or many, or many of one form. */
	static const char *const forms[] = {"t", "t*", "*t", "*t*"};
	const char *form = draw(4) ? NULL : forms[draw(4)];
	r->npatterns = draw(3) && !form ? 1 + draw(3) : draw(PATTERNS + 1);
	for (uint32_t i = 0; i < r->npatterns; i++)
		r->patterns[i] = random_pattern(&r->arena, form);
	r->nvalues = draw(4) ? draw(VALUES + 1) : draw(3);
	uint32_t lead = draw(4); /* the first value need not begin at the heap's first byte */
	buf_append(&heap, "abk", lead);
	for (uint32_t i = 0; i < r->nvalues; i++) {
		r->off[i] = (uint32_t)heap.len;
		put_random(&heap, draw(8) ? 6 : 30, ascii || draw(2));
	}
	r->off[r->nvalues] = (uint32_t)heap.len;
	r->heap = malloc(heap.len ? heap.len : 1);
	if (heap.len)
		memcpy(r->heap, heap.ptr, heap.len);
	buf_fini(&heap);
}

static void make_wanted(struct round *r, bool fold)
{
	struct naive_pattern *patterns = calloc(PATTERNS, sizeof(*patterns));
	for (uint32_t k = 0; k < r->npatterns; k++)
		naive_pattern_make(&patterns[k], &r->patterns[k], fold);
	for (uint32_t i = 0; i < r->nvalues; i++) {
		struct slice value = {r->heap + r->off[i], r->off[i + 1] - r->off[i]};
		struct naive text = naive_make(value, fold);
		r->wanted[fold][i] = false;
		for (uint32_t k = 0; k < r->npatterns && !r->wanted[fold][i]; k++)
			r->wanted[fold][i] = naive_fits(&patterns[k], 0, &text, 0);
		naive_free(&text);
	}
	for (uint32_t k = 0; k < r->npatterns; k++)
		naive_pattern_free(&patterns[k]);
	free(patterns);
}

static void explain(const struct round *r, uint32_t i, bool fold, const char *what)
{
	struct buf out;
	buf_init(&out, 1 << 20);
	for (uint32_t k = 0; k < r->npatterns; k++) {
		for (uint32_t p = 0; p < r->patterns[k].npieces; p++) {
			const struct piece *piece = &r->patterns[k].pieces[p];
			if (piece->kind == PIECE_TEXT)
				text_json_string(&out, piece->text);
			buf_puts(&out, piece->kind == PIECE_MANY  ? " * "
				       : piece->kind == PIECE_ONE ? " ? "
								  : "");
		}
		buf_puts(&out, " or ");
	}
	text_escape(&out, (struct slice){r->heap + r->off[i], r->off[i + 1] - r->off[i]});
	fail_msg("%s, fold %d, wanted %d: %.*s", what, fold, r->wanted[fold][i],
		SLICE_ARG(buf_view(&out)));
}

static void check_spans(const struct round *r, const struct text_test *test,
	struct text_scratch *scratch, uint32_t i, bool fold)
{
	struct text_span spans[9];
	struct slice value = {r->heap + r->off[i], r->off[i + 1] - r->off[i]};
	uint32_t n = text_test_spans(test, scratch, value, spans, 8), at = 0;
	if (n > 8 || (n && !r->wanted[fold][i]))
		explain(r, i, fold, "spans where nothing passes");
	for (uint32_t k = 0; k < n; k++) {
		if (spans[k].begin >= spans[k].end || spans[k].end > value.len ||
			(k && spans[k].begin <= at))
			explain(r, i, fold, "spans not ascending and apart");
		at = spans[k].end;
	}
}

static void check(const struct round *r, struct text_scratch *scratch, bool fold,
	const struct text_simd *simd)
{
	uint64_t bits[VALUES / 64 + 2];
	uint32_t wanted = 0;
	struct text_test *test = text_test_patterns(r->patterns, r->npatterns, fold);
	text_test_use(test, simd);
	memset(bits, 0xff, sizeof(bits));
	uint32_t count = text_test_values(test, scratch, r->heap, r->off, r->nvalues, bits);
	for (uint32_t i = 0; i < r->nvalues; i++) {
		struct slice value = {r->heap + r->off[i], r->off[i + 1] - r->off[i]};
		wanted += r->wanted[fold][i];
		if (bit_get(bits, i) != r->wanted[fold][i])
			explain(r, i, fold, "many");
		if (i % 8 == 0 && text_test_value(test, scratch, value) != r->wanted[fold][i])
			explain(r, i, fold, "one");
		if (i % 4 == 0)
			check_spans(r, test, scratch, i, fold);
	}
	assert_int_equal(count, wanted);
	for (uint32_t i = r->nvalues; i % 64; i++)
		assert_false(bit_get(bits, i));
	assert_true(bits[(r->nvalues + 63) / 64] == UINT64_MAX);
	text_test_free(test);
}

static void all_ways_give_the_same(void **state)
{
	const char *rounds = getenv("TEXT_ROUNDS");
	struct text_scratch *scratch = text_scratch_new();
	(void)state;
	for (long n = rounds ? atol(rounds) : 1500; n > 0; n--) {
		struct round r;
		make_round(&r);
		for (int fold = 0; fold < 2; fold++) {
			make_wanted(&r, fold);
			check(&r, scratch, fold, &text_simd_portable);
			check(&r, scratch, fold, text_simd_best());
		}
		free(r.heap);
		arena_fini(&r.arena);
	}
	text_scratch_free(scratch);
}

static void every_character_folds_as_unicode_says(void **state)
{
	(void)state;
	for (utf8proc_int32_t code = 0; code <= 0x10ffff; code++) {
		char bytes[4];
		struct buf out;
		if (code >= 0xd800 && code < 0xe000)
			continue;
		size_t n = (size_t)utf8proc_encode_char(code, (utf8proc_uint8_t *)bytes);
		if (code >= 0x20000 && code % 61) /* no letters of two cases up there */
			continue;
		struct naive wanted = naive_make((struct slice){bytes, n}, true);
		buf_init(&out, 1 << 10);
		text_fold(&out, (struct slice){bytes, n});
		if (out.len != wanted.n || memcmp(out.ptr, wanted.bytes, out.len) != 0)
			fail_msg("U+%04X", (unsigned)code);
		if (out.len > 3 * n)
			fail_msg("U+%04X: longer than thought", (unsigned)code);
		naive_free(&wanted);
		buf_fini(&out);
	}
}

static void long_texts_fold_as_short_ones(void **state)
{
	(void)state;
	for (int round = 0; round < 200; round++) {
		struct buf text, out;
		buf_init(&text, 1 << 20);
		buf_init(&out, 1 << 20);
		put_random(&text, 9000, false);
		struct naive wanted = naive_make(buf_view(&text), true);
		text_fold(&out, buf_view(&text));
		assert_int_equal(out.len, wanted.n);
		assert_memory_equal(out.ptr ? out.ptr : "", wanted.bytes, out.len);
		naive_free(&wanted);
		buf_fini(&text);
		buf_fini(&out);
	}
}

static int sign(int n)
{
	return (n > 0) - (n < 0);
}

static void order_is_that_of_the_folded_texts(void **state)
{
	struct text_scratch *scratch = text_scratch_new();
	(void)state;
	for (int round = 0; round < 20000; round++) {
		struct buf a, b;
		bool fold = draw(2);
		buf_init(&a, 4096);
		buf_init(&b, 4096);
		put_random(&a, 4, draw(2));
		put_random(&b, 4, draw(2));
		struct naive x = naive_make(buf_view(&a), fold), y = naive_make(buf_view(&b), fold);
		int wanted = slice_cmp((struct slice){x.bytes, x.n}, (struct slice){y.bytes, y.n});
		int got = text_order(scratch, buf_view(&a), buf_view(&b), fold);
		CHECK_ROW(round, sign(got) == sign(wanted));
		naive_free(&x);
		naive_free(&y);
		buf_fini(&a);
		buf_fini(&b);
	}
	text_scratch_free(scratch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_ways_give_the_same),
		cmocka_unit_test(every_character_folds_as_unicode_says),
		cmocka_unit_test(long_texts_fold_as_short_ones),
		cmocka_unit_test(order_is_that_of_the_folded_texts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
