/* SPDX-License-Identifier: Apache-2.0 */
/* text_test.c: patterns and regular expressions as tables of what fits and what does not; needles at
 * the edges of values and heaps; large sets; expressions that would never end; spans. */
#include "base/test.h"

#include "match/text_private.h"

/* A pattern written with * and ?; a backslash takes the next byte as it is. Owned by the arena. */
static struct pattern read_pattern(struct arena *arena, struct slice text)
{
	struct piece *pieces = arena_zalloc(arena, text.len + 1, sizeof(*pieces));
	uint32_t n = 0;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		if (c == '*' || c == '?') {
			pieces[n++].kind = c == '*' ? PIECE_MANY : PIECE_ONE;
			continue;
		}
		i += c == '\\';
		pieces[n++] = (struct piece){PIECE_TEXT, {text.ptr + i, 1}};
	}
	return (struct pattern){pieces, n};
}

static struct text_test *make_test(const char *const *texts, uint32_t n, bool fold)
{
	struct arena arena = {0};
	struct pattern *patterns = arena_zalloc(&arena, n, sizeof(*patterns));
	for (uint32_t i = 0; i < n; i++)
		patterns[i] = read_pattern(&arena, slice_of(texts[i]));
	struct text_test *test = text_test_patterns(patterns, n, fold);
	arena_fini(&arena); /* it copies what it needs */
	return test;
}

struct row {
	const char *pattern, *value;
	bool folded, exact; /* whether it fits */
};

static const struct row rows[] = {
	{"", "", true, true},
	{"", "a", false, false},
	{"*", "", true, true},
	{"*", "\xff", true, true},
	{"**", "abc", true, true},
	{"?", "", false, false},
	{"?", "a", true, true},
	{"?", "ab", false, false},
	{"?", "\xc3\xa9", true, true},
	{"?", "\xf0\x9f\x98\x80", true, true},
	{"??", "\xf0\x9f\x98", false, false}, /* cut short: three bytes, three characters */
	{"???", "\xf0\x9f\x98", true, true},
	{"?", "\xc3\x9f", true, true}, /* folds to two letters, is one character */
	{"??", "\xc3\x9f", false, false},
	{"Stra?e",
		"stra\xc3\x9f"
		"e",
		true, false},
	{"abc", "abc", true, true},
	{"abc", "ABC", true, false},
	{"ABC", "abc", true, false},
	{"@[`{", "@[`{", true, true},
	{"@[`{", "`{@[", false, false}, /* 0x20 apart, but no letters */
	{"[", "{", false, false},
	{"stra\xc3\x9f"
	 "e",
		"STRASSE", true, false},
	{"STRASSE",
		"stra\xc3\x9f"
		"e",
		true, false},
	{"*stra\xe1\xba\x9e"
	 "e*",
		"die Strasse da", true, false},
	{"kelvin",
		"\xe2\x84\xaa"
		"elvin",
		true, false},
	{"*kelv*",
		"300 \xe2\x84\xaa"
		"ELVIN",
		true, false},
	{"\xe2\x84\xaa"
	 "elvin",
		"KELVIN", true, false},
	{"*\xe2\x84\xaa*", "akb", true, false},
	{"i\xcc\x87", "\xc4\xb0", true, false},   /* capital I with a dot */
	{"i", "\xc4\xb1", false, false},          /* small i without one */
	{"\xce\xa3*", "\xcf\x82xy", true, false}, /* final sigma */
	{"\xd0\x9f\xd0\xa0*", "\xd0\xbf\xd1\x80\xd0\xb8", true, false},
	{"\xef\xac\x83", "FFI", true, false},
	{"\xc3\xa9", "e\xcc\x81", false, false}, /* not normalised */
	{"*\xff*",
		"a\xff"
		"b",
		true, true},
	{"\xc3*", "\xc3", true, true},
	{"pre*", "PREfix", true, false},
	{"pre*", "pre", true, true},
	{"pre*", "pr", false, false},
	{"*fix", "preFIX", true, false},
	{"*fix", "fix", true, true},
	{"*fix", "fixx", false, false},
	{"a*a", "a", false, false},
	{"a*a", "aa", true, true},
	{"*a*b*c*", "xxaxxbxxcxx", true, true},
	{"*a*b*c*", "xxaxxcxxbxx", false, false},
	{"*ab*abc", "ababcabc", true, true},
	{"*ab*abc", "abc", false, false},
	{"*aab?", "aaaaaabx", true, true},
	{"*aab?", "aaaaaab", false, false},
	{"\\*", "*", true, true},
	{"\\*", "x", false, false},
	{"a\\?", "a?", true, true},
	{"a\\?", "ab", false, false},
};

static void patterns_fit_as_the_table_says(void **state)
{
	struct text_scratch *scratch = text_scratch_new();
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (int way = 0; way < 4; way++) {
			bool fold = way & 1;
			struct text_test *test = make_test(&rows[i].pattern, 1, fold);
			text_test_use(test, way & 2 ? &text_simd_portable : text_simd_best());
			bool fits = text_test_value(test, scratch, slice_of(rows[i].value));
			if (fits != (fold ? rows[i].folded : rows[i].exact))
				fail_msg("row %zu: %s and %s, fold %d: %d", i, rows[i].pattern,
					rows[i].value, fold, fits);
			text_test_free(test);
		}
	}
	text_scratch_free(scratch);
}

static void no_pattern_fits_nothing(void **state)
{
	struct text_scratch *scratch = text_scratch_new();
	struct text_test *test = text_test_patterns(NULL, 0, true);
	(void)state;
	assert_false(text_test_value(test, scratch, SLICE("")));
	assert_false(text_test_value(test, scratch, SLICE("a")));
	assert_int_equal(text_test_values(test, scratch, NULL, NULL, 0, NULL), 0);
	text_test_free(test);
	text_test_free(NULL);
	text_scratch_free(scratch);
	text_scratch_free(NULL);
}

/* Each byte at each place of texts of every length up to some vectors, each of exactly its size. */
static void simd_forms_do_the_same(void **state)
{
	const struct text_simd *forms[] = {&text_simd_portable, text_simd_best()};
	(void)state;
	for (size_t n = 1; n < 300; n += n < 70 ? 1 : 37) {
		char *text = malloc(n), *out = malloc(n);
		for (unsigned byte = 0; byte < 256; byte++) {
			size_t at = (byte * 7 + n) % n;
			memset(text, byte & 1 ? 'Z' : 0x7f, n);
			text[at] = (char)byte;
			for (size_t f = 0; f < COUNT(forms); f++) {
				const char *high = forms[f]->find_high(text, text + n);
				CHECK_ROW(byte, high == (byte < 0x80 ? NULL : text + at));
				forms[f]->lower(out, text, n);
				for (size_t i = 0; i < n; i++) {
					unsigned char c = (unsigned char)text[i];
					unsigned char wanted = c >= 'A' && c <= 'Z' ? c + 32 : c;
					CHECK_ROW(byte, (unsigned char)out[i] == wanted);
				}
			}
		}
		free(text);
		free(out);
	}
}

/* A needle of any length, laid at every place of three adjacent values in a heap of exactly its
 * size: found in the one value that holds it whole, in none where it spans two. */
static void needles_stay_within_a_value(void **state)
{
	static const char text[] = "NeedleQuiteLongerThanAVectorOf32Bytes,AndMoreOfIt";
	static const uint32_t lengths[] = {1, 2, 3, 7, 8, 9, 31, 32, 33, 48};
	enum { VALUE = 60, HEAP = 3 * VALUE };
	const uint32_t off[] = {0, VALUE, 2 * VALUE, HEAP};
	struct text_scratch *scratch = text_scratch_new();
	(void)state;
	for (size_t l = 0; l < COUNT(lengths); l++) {
		uint32_t length = lengths[l];
		struct piece pieces[] = {{PIECE_MANY, {NULL, 0}}, {PIECE_TEXT, {text, length}},
			{PIECE_MANY, {NULL, 0}}};
		struct pattern pattern = {pieces, 3};
		for (uint32_t way = 0; way < 4; way++) {
			struct text_test *test = text_test_patterns(&pattern, 1, way & 1);
			text_test_use(test, way & 2 ? &text_simd_portable : text_simd_best());
			for (uint32_t at = 0; at + length <= HEAP; at++) {
				uint64_t bits;
				char *heap = malloc(HEAP);
				memset(heap, '.', HEAP);
				memcpy(heap + at, text, length);
				text_test_values(test, scratch, heap, off, 3, &bits);
				bool whole = at / VALUE == (at + length - 1) / VALUE;
				CHECK_ROW(at, bits == (whole ? UINT64_C(1) << at / VALUE : 0));
				free(heap);
			}
			text_test_free(test);
		}
	}
	text_scratch_free(scratch);
}

static void all_but_one_pass_by_one_byte(void **state)
{
	struct text_scratch *scratch = text_scratch_new();
	struct buf heap;
	uint32_t off[1001];
	uint64_t bits[16];
	(void)state;
	for (int many = 0; many < 2; many++) {
		static const char *const literals[] = {"*x*", "*q1*", "*q2*", "*q3*", "*q4*",
			"*q5*", "*q6*", "*q7*", "*q8*", "*q9*"};
		struct text_test *test = make_test(literals, many ? 10 : 1, true);
		assert_true(many == (test->automaton != NULL));
		buf_init(&heap, 1 << 20);
		for (uint32_t i = 0; i < 1000; i++) {
			off[i] = (uint32_t)heap.len;
			buf_puts(&heap, i == 700 ? "aaa" : i % 3 ? "aXa" : "x");
		}
		off[1000] = (uint32_t)heap.len;
		assert_int_equal(text_test_values(test, scratch, heap.ptr, off, 1000, bits), 999);
		assert_false(bit_get(bits, 700));
		buf_fini(&heap);
		text_test_free(test);
	}
	text_scratch_free(scratch);
}

/* More values that are not ASCII than are folded at a time, and larger ones. */
static void many_values_are_folded(void **state)
{
	enum { VALUES = 20000 };
	static const char *const literals[] = {"*\xc3\x89-1*", "x?\xc3\xa9-99"};
	uint32_t *off = calloc(VALUES + 1, sizeof(*off));
	uint64_t *bits = calloc(VALUES / 64 + 1, sizeof(*bits));
	struct text_scratch *scratch = text_scratch_new();
	struct text_test *test = make_test(literals, 2, true);
	struct buf heap;
	(void)state;
	buf_init(&heap, 64 << 20);
	for (uint32_t i = 0; i < VALUES; i++) {
		off[i] = (uint32_t)heap.len;
		for (uint32_t k = 0; i % 100 == 1 && k < 5000; k++)
			buf_puts(&heap, "\xc3\x9f");
		buf_printf(&heap, i % 7 ? "xy\xc3\xa9-%u" : "xyz-%u", i % 200);
	}
	off[VALUES] = (uint32_t)heap.len;
	text_test_values(test, scratch, heap.ptr, off, VALUES, bits);
	for (uint32_t i = 0; i < VALUES; i++) {
		uint32_t n = i % 200;
		bool one = n == 1 || (n >= 10 && n < 20) || (n >= 100 && n < 200);
		CHECK_ROW(i, bit_get(bits, i) == (i % 7 && (one || n == 99)));
	}
	text_test_free(test);
	buf_fini(&heap);
	free(off);
	free(bits);
	text_scratch_free(scratch);
}

static void literals_of_any_length_are_in_a_set(void **state)
{
	enum { LITERALS = 9000 }; /* enough for the Bloom filter */
	char *text = malloc(LITERALS + 1);
	struct piece *pieces = calloc(LITERALS, sizeof(*pieces));
	struct pattern *patterns = calloc(LITERALS, sizeof(*patterns));
	struct text_scratch *scratch = text_scratch_new();
	(void)state;
	memset(text, 'x', LITERALS + 1);
	for (uint32_t i = 0; i < LITERALS; i++) {
		/* Every second length, and one of them twice. */
		pieces[i] = (struct piece){PIECE_TEXT, {text, i == 4 ? 4 : 2 * (i / 2)}};
		patterns[i] = (struct pattern){&pieces[i], 1};
	}
	for (int way = 0; way < 4; way++) {
		uint32_t n = way & 2 ? LITERALS : 1000;
		struct text_test *test = text_test_patterns(patterns, n, way & 1);
		for (size_t i = 0; i < n; i += i < 600 ? 1 : 97) {
			CHECK_ROW(i, text_test_value(test, scratch, (struct slice){text, i}) ==
					     (i % 2 == 0));
			if (i == 0)
				continue;
			text[i - 1] = 'X';
			CHECK_ROW(i, text_test_value(test, scratch, (struct slice){text, i}) ==
					     (i % 2 == 0 && (way & 1)));
			text[i - 1] = 'x';
		}
		text_test_free(test);
	}
	free(text);
	free(pieces);
	free(patterns);
	text_scratch_free(scratch);
}

/* 60,000 literals in pairs: more states than have rows. The second of a pair begins with what stands
 * in the middle of the first, so that it is found only by going on from there. */
static void automata_without_rows_find_the_same(void **state)
{
	enum { LITERALS = 60000, LENGTH = 24, MIDDLE = 12, SHARED = 8 };
	struct arena arena = {0};
	struct pattern *patterns = arena_zalloc(&arena, LITERALS, sizeof(*patterns));
	struct text_scratch *scratch = text_scratch_new();
	char *last = NULL;
	uint32_t x = 1;
	(void)state;
	for (uint32_t i = 0; i < LITERALS; i++) {
		struct piece *pieces = arena_zalloc(&arena, 3, sizeof(*pieces));
		char *text = arena_alloc(&arena, LENGTH);
		for (uint32_t n = 0; n < LENGTH; n++) {
			x = x * 1664525 + 1013904223;
			text[n] = (char)((i % 2 ? 'a' : 'n') + (x >> 24) % 13);
		}
		if (i % 2)
			memcpy(text, last + MIDDLE, SHARED);
		last = text;
		pieces[0].kind = pieces[2].kind = PIECE_MANY;
		pieces[1] = (struct piece){PIECE_TEXT, {text, LENGTH}};
		patterns[i] = (struct pattern){pieces, 3};
	}
	struct text_test *test = text_test_patterns(patterns, LITERALS, true);
	for (uint32_t i = 0; i < LITERALS; i += 14) {
		const char *first = patterns[i].pieces[1].text.ptr;
		const char *second = patterns[i + 1].pieces[1].text.ptr;
		char text[2 * LENGTH];
		struct slice value = {text, MIDDLE + LENGTH};
		memcpy(text, first, MIDDLE + SHARED);
		memcpy(text + MIDDLE + SHARED, second + SHARED, LENGTH - SHARED);
		CHECK_ROW(i, text_test_value(test, scratch, value));
		value.len--;
		CHECK_ROW(i, !text_test_value(test, scratch, value));
		CHECK_ROW(i, text_test_value(test, scratch, (struct slice){first, LENGTH}));
		CHECK_ROW(i, !text_test_value(test, scratch, (struct slice){first, LENGTH - 1}));
	}
	text_test_free(test);
	arena_fini(&arena);
	text_scratch_free(scratch);
}

static void a_million_literals_are_one_set(void **state)
{
	enum { LITERALS = 1000000, VALUES = 100000 };
	struct piece *pieces = calloc(LITERALS, sizeof(*pieces));
	struct pattern *patterns = calloc(LITERALS, sizeof(*patterns));
	struct buf texts, heap;
	uint32_t *off = calloc(VALUES + 1, sizeof(*off));
	uint64_t *bits = calloc(VALUES / 64 + 1, sizeof(*bits));
	struct text_scratch *scratch = text_scratch_new();
	(void)state;
	buf_init(&texts, 64 << 20);
	buf_init(&heap, 64 << 20);
	buf_reserve(&texts, (size_t)LITERALS * 16); /* slices into it stay valid */
	for (uint32_t i = 0; i < LITERALS; i++) {
		size_t begin = texts.len;
		buf_printf(&texts, "Host-%u.X", i);
		pieces[i] = (struct piece){PIECE_TEXT, {texts.ptr + begin, texts.len - begin}};
		patterns[i] = (struct pattern){&pieces[i], 1};
	}
	for (int fold = 0; fold < 2; fold++) {
		struct text_test *test = text_test_patterns(patterns, LITERALS, fold);
		buf_clear(&heap);
		for (uint32_t i = 0; i < VALUES; i++) {
			off[i] = (uint32_t)heap.len;
			/* In the set; in it folded; of the length of some, but not in it. */
			buf_printf(&heap,
				i % 3 == 0   ? "Host-%u.X"
				: i % 3 == 1 ? "hOST-%u.x"
					     : "Hast-%u.X",
				i * 10);
		}
		off[VALUES] = (uint32_t)heap.len;
		text_test_values(test, scratch, heap.ptr, off, VALUES, bits);
		for (uint32_t i = 0; i < VALUES; i++)
			CHECK_ROW(i, bit_get(bits, i) == (i % 3 == 0 || (fold && i % 3 == 1)));
		text_test_free(test);
	}
	buf_fini(&texts);
	buf_fini(&heap);
	free(pieces);
	free(patterns);
	free(off);
	free(bits);
	text_scratch_free(scratch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns_fit_as_the_table_says),
		cmocka_unit_test(no_pattern_fits_nothing),
		cmocka_unit_test(simd_forms_do_the_same),
		cmocka_unit_test(many_values_are_folded),
		cmocka_unit_test(literals_of_any_length_are_in_a_set),
		cmocka_unit_test(needles_stay_within_a_value),
		cmocka_unit_test(all_but_one_pass_by_one_byte),
		cmocka_unit_test(automata_without_rows_find_the_same),
		cmocka_unit_test(a_million_literals_are_one_set),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
