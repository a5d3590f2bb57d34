/* SPDX-License-Identifier: Apache-2.0 */
/* literals_test.c: the literals that tests cannot do without, those of regular expressions, and the index of
 * them against looking for each in each value. */
#include "match/literals.h"

#include <stdlib.h>

#include "base/test.h"
#include "match/private.h"
#include "match/toy.h"

/* ---- of patterns ----------------------------------------------------------------------------- */

struct pattern_case {
	const char *test;     /* as toy.h writes it */
	const char *literals; /* "e:" exact, "p:", "s:", "c:", joined by |; NULL = none */
	bool verify, selective;
};

static const struct pattern_case pattern_cases[] = {
	{"(is name Abc)", "e:abc", false, true},
	{"(is name Abc*)", "p:abc", false, true},
	{"(is name *Abc)", "s:abc", false, true},
	{"(is name *Abc*)", "c:abc", false, true},
	{"(is name ab '')", "e:ab|e:", false, true},
	{"(is name *ab*)", "c:ab", false, false},
	{"(is name a*bcd*e)", "c:bcd", true, true},
	{"(is name abcd*e)", "p:abcd", true, true},
	{"(is name a*bcde)", "s:bcde", true, true},
	{"(is name ?bcde)", "s:bcde", true, true},
	{"(is name ab?)", "p:ab", true, false},
	{"(is name abc ?)", NULL, false, false},
	{"(is name *)", NULL, false, false},
	{"(IS name Abc)", "e:abc", true, true},
	{"(IS name *straße*)", "c:stra", true, true},
	{"(IS name \xc3\xa4)", NULL, false, false},
	{"(is name straße)", "e:strasse", false, true},
	{"(is name \xc3\x84*)", "p:\xc3\xa4", false, false},
	{"(re name '^svc-[0-9]+$')", "c:svc-", true, true},
	{"(re name '[0-9]+')", NULL, false, false},
};

static void print_literals(const struct literals *literals, struct buf *out)
{
	static const char places[] = "epsc";
	for (uint32_t i = 0; i < literals->n; i++)
		buf_printf(out, "%s%c:%.*s", i ? "|" : "", places[literals->of[i].place],
			SLICE_ARG(literals->of[i].text));
	buf_push(out, '\0');
}

static void patterns(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(pattern_cases) / sizeof(*pattern_cases); i++) {
		const struct pattern_case *c = &pattern_cases[i];
		struct arena mem = {0};
		struct buf out;
		buf_init(&out, 4096);
		const struct literals *literals = literals_of(&toy_expr(&mem, c->test)->test, &mem);
		if (!literals != !c->literals)
			fail_msg("%s: literals %d", c->test, literals != NULL);
		if (literals) {
			print_literals(literals, &out);
			if (strcmp(out.ptr, c->literals) != 0 || literals->verify != c->verify ||
				literals->selective != c->selective)
				fail_msg("%s: %s, verify %d, selective %d", c->test, out.ptr,
					literals->verify, literals->selective);
		}
		buf_fini(&out);
		arena_fini(&mem);
	}
}

/* ---- of regular expressions ------------------------------------------------------------------ */

struct regex_case {
	const char *regex, *literal;
};

static const struct regex_case regex_cases[] = {
	{"abc", "abc"},
	{"^abc$", "abc"},
	{"abc|abd", ""},
	{"(abc|abd)xyzw", "xyzw"},
	{"abc(def)?gh", "abc"},
	{"abcd?e", "abc"},
	{"abcd*e", "abc"},
	{"abcd+efg", "abcd"},
	{"abcd{2}ef", "abc"},
	{"abcd{0}ef", "abc"},
	{"a{foo}bar", "bar"},
	{"ab.cde", "cde"},
	{"ab\\dcde", "cde"},
	{"a\\.b\\\\c", "a.b\\c"},
	{"[abc]defg", "defg"},
	{"[]abc]defg", "defg"},
	{"[^]abc]de\\]fg", "de]fg"},
	{"[[:alpha:]]def", ""},
	{"(?i)Export", "Export"},
	{"(?i:Export)dump", "dump"},
	{"(?x)ex port", ""},
	{"(?=abc)de", "de"},
	{"(?!abc)de", "de"},
	{"(?<=abc)de", "de"},
	{"(?<name>abc)de", ""},
	{"(*ACCEPT)abc", ""},
	{"a((*ACCEPT))bcd", ""},
	{"(?:a[)]b)cd", "cd"},
	{"a(b\\)c)de", "de"},
	{"\\Qa.b\\E", ""},
	{"\\x41bc", ""},
	{"(a)\\1bc", ""},
	{"(?R)?abc", ""},
	{"(?#abc)de", ""},
	{"\xc3\xa4*bc", "bc"},
	{"abcd*?efgh", "efgh"},
	{"ab++cd", "ab"},
	{"a]b}c", "a]b}c"},
	{"", ""},
};

static void regexes(void **state)
{
	(void)state;
	struct buf out;
	buf_init(&out, 4096);
	for (size_t i = 0; i < sizeof(regex_cases) / sizeof(*regex_cases); i++) {
		regex_literal(slice_of(regex_cases[i].regex), &out);
		if (!slice_eq(buf_view(&out), slice_of(regex_cases[i].literal)))
			fail_msg("%s: \"%.*s\"", regex_cases[i].regex, SLICE_ARG(buf_view(&out)));
	}
	buf_fini(&out);
}

static uint32_t draw(uint32_t n);

/* Random expressions: whatever text one matches has its literal. */
static void random_regex(struct buf *out, unsigned depth)
{
	static const char *const items[] = {"a", "b", "ab", "K", "\\.", ".", "[ab]", "[^a]", "\\w",
		"\\d", "^", "$", "|", "[]b]", "\\x61", "(?i)", "(?s)", "\\b", "]", "}", "\xc3\xa4",
		"\\\\", "(?=a)", "(?!b)", "(?<=a)", "[[:alpha:]]", "\\Qa.\\E", "(?x) a ", "#",
		"(*ACCEPT)", "(?1)?", "\\1"};
	static const char *const repeats[] = {
		"*", "+", "?", "{0}", "{2}", "{0,1}", "*?", "+?", "??", "{,2}", "++"};
	for (uint32_t n = 1 + draw(4); n > 0; n--) {
		if (depth > 0 && draw(5) == 0) {
			buf_puts(out, draw(2) ? "(" : "(?:");
			random_regex(out, depth - 1);
			buf_push(out, ')');
		} else {
			buf_puts(out, items[draw(draw(3) ? 13 : sizeof(items) / sizeof(*items))]);
		}
		if (draw(4) == 0)
			buf_puts(out, repeats[draw(sizeof(repeats) / sizeof(*repeats))]);
	}
}

static void random_value(struct buf *out)
{
	static const char *const parts[] = {"a", "b", "ab", "K", "k", "\xe2\x84\xaa", ".", "x", "1",
		"]", "}", "\xc3\xa4", "\\", " ", "#", "A", "B", "\xc3", "a.", "\n", "{2}"};
	for (uint32_t n = draw(7); n > 0; n--)
		buf_puts(out, parts[draw(sizeof(parts) / sizeof(*parts))]);
}

/* Returns how many values were matched by an expression with a literal. */
static uint32_t regex_round(struct text_scratch *scratch)
{
	struct buf regex, literal, value, folded, text;
	struct text_test *test;
	struct err err;
	uint32_t found = 0;
	buf_init(&regex, 4096);
	buf_init(&literal, 4096);
	buf_init(&value, 4096);
	buf_init(&folded, 65536);
	buf_init(&text, 4096);
	random_regex(&regex, 2);
	regex_literal(buf_view(&regex), &literal);
	text_fold(&text, buf_view(&literal));
	bool made = text_test_regex(buf_view(&regex), draw(2) ? REGEX_FOLD : 0, &test, &err) == 0;
	for (int i = 0; made && literal.len && i < 60; i++) {
		buf_clear(&value);
		buf_clear(&folded);
		random_value(&value);
		text_fold(&folded, buf_view(&value));
		if (!text_test_value(test, scratch, buf_view(&value)))
			continue;
		found++;
		if (!memmem(folded.len ? folded.ptr : "", folded.len, text.ptr, text.len))
			fail_msg("%.*s matches \"%.*s\", which has no \"%.*s\"",
				SLICE_ARG(buf_view(&regex)), SLICE_ARG(buf_view(&value)),
				SLICE_ARG(buf_view(&literal)));
	}
	text_test_free(test);
	buf_fini(&regex);
	buf_fini(&literal);
	buf_fini(&value);
	buf_fini(&folded);
	buf_fini(&text);
	return found;
}

static void regexes_have_theirs(void **state)
{
	(void)state;
	struct text_scratch *scratch = text_scratch_new();
	const char *rounds = getenv("MATCH_ROUNDS");
	uint64_t found = 0;
	for (long i = 0; i < (rounds ? atol(rounds) : 3000); i++)
		found += regex_round(scratch);
	text_scratch_free(scratch);
	assert_true(rounds || found > 2000);
}

/* ---- the index ------------------------------------------------------------------------------- */

enum { LITERALS = 300, VALUES = 150, ROUNDS = 60 };

static uint64_t seed = 7;

static uint32_t draw(uint32_t n)
{
	uint64_t z = (seed += 0x9e3779b97f4a7c15);
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return (uint32_t)((z ^ (z >> 31)) % n);
}

static struct slice random_text(struct arena *mem, uint32_t longest, uint32_t letters)
{
	uint32_t n = draw(longest + 1);
	char *text = arena_alloc(mem, n + 1);
	for (uint32_t i = 0; i < n; i++)
		text[i] = (char)(draw(20) ? 'a' + (int)draw(letters) : (int)draw(256));
	return (struct slice){text, n};
}

static bool stands_in(const struct literal *literal, struct slice value)
{
	struct slice text = literal->text;
	if (text.len > value.len)
		return false;
	switch (literal->place) {
	case LITERAL_EXACT:
		return slice_eq(text, value);
	case LITERAL_PREFIX:
		return memcmp(value.ptr, text.ptr, text.len) == 0;
	case LITERAL_SUFFIX:
		return memcmp(value.ptr + value.len - text.len, text.ptr, text.len) == 0;
	case LITERAL_CONTAINS:
		return memmem(value.ptr, value.len, text.ptr, text.len) != NULL;
	}
	return false;
}

static bool told[LITERALS][VALUES];

static void tell(void *ctx, uint32_t literal, uint32_t value)
{
	(void)ctx;
	told[literal][value] = true;
}

static uint64_t index_hits;

static void index_round(void)
{
	struct arena mem = {0};
	struct literal literals[LITERALS];
	uint32_t numbers[LITERALS], off[VALUES + 1] = {0}, n = 1 + draw(LITERALS);
	uint32_t letters = 1 + draw(6), longest = 1 + draw(12), nvalues = draw(VALUES + 1);
	struct literal_index *index = literal_index_new();
	struct buf heap;
	buf_init(&heap, 1 << 24);
	for (uint32_t i = 0; i < n; i++) {
		literals[i].place = (enum literal_place)draw(4);
		do
			literals[i].text = random_text(&mem, longest, letters);
		while (literals[i].text.len == 0 && literals[i].place != LITERAL_EXACT);
		numbers[i] = literal_index_add(index, &literals[i]);
		assert_true(numbers[i] <= i);
	}
	literal_index_finish(index);
	for (uint32_t v = 0; v < nvalues; v++) {
		buf_slice(&heap, random_text(&mem, draw(30), letters));
		off[v + 1] = (uint32_t)heap.len;
	}
	memset(told, 0, sizeof(told));
	literal_index_run(index, heap.ptr, off, nvalues, tell, NULL);
	for (uint32_t i = 0; i < n; i++) {
		for (uint32_t v = 0; v < nvalues; v++) {
			struct slice value = {heap.ptr + off[v], off[v + 1] - off[v]};
			bool want = stands_in(&literals[i], value);
			index_hits += want;
			if (told[numbers[i]][v] != want)
				fail_msg("place %d, \"%.*s\" in \"%.*s\": %d", literals[i].place,
					SLICE_ARG(literals[i].text), SLICE_ARG(value), !want);
		}
	}
	literal_index_free(index);
	buf_fini(&heap);
	arena_fini(&mem);
}

static void index_finds_all(void **state)
{
	(void)state;
	for (int round = 0; round < ROUNDS; round++)
		index_round();
	assert_true(index_hits > 10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(patterns), cmocka_unit_test(regexes),
		cmocka_unit_test(regexes_have_theirs), cmocka_unit_test(index_finds_all)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
