/* SPDX-License-Identifier: Apache-2.0 */
/* literals.c: from patterns to the literals that they cannot do without. */
#include "match/literals.h"

#include "match/text_private.h"

#include <stdlib.h>

/* A literal shorter than this stands in too many values to be worth looking for, unless nothing else is. */
enum { SELECTIVE = 3 };

struct maker {
	const struct test *test;
	struct arena *mem;
	struct literals *out;
	struct literal *of;
	struct buf text, best, folded;
};

static uint32_t literal_weight(const struct literal *literal)
{
	static const uint32_t by_length[] = {256, 256, 64, 16, 4, 4, 2, 2};
	if (literal->place == LITERAL_EXACT)
		return literal->text.len ? 1 : 8;
	return literal->text.len < sizeof(by_length) / sizeof(*by_length)
		       ? by_length[literal->text.len]
		       : 1;
}

/* The longest run of ASCII in the text. */
static struct slice longest_ascii(struct slice text)
{
	struct slice best = {text.ptr, 0};
	for (size_t i = 0, begin = 0; i <= text.len; i++) {
		if (i < text.len && (unsigned char)text.ptr[i] < 0x80)
			continue;
		if (i - begin > best.len)
			best = (struct slice){text.ptr + begin, i - begin};
		begin = i + 1;
	}
	return best;
}

/* Adds the folded literal. Where case counts, the folded value has the folded text only where that is ASCII:
 * parts of a character may stand in a value and not in its folded form. */
static bool add(struct maker *m, enum literal_place place, struct slice text, bool fold)
{
	if (!fold) {
		struct slice ascii = longest_ascii(text);
		place = ascii.len == text.len ? place : LITERAL_CONTAINS;
		text = ascii;
		m->out->verify = true;
	}
	if (text.len == 0 && place != LITERAL_EXACT)
		return false;
	buf_clear(&m->folded);
	text_fold(&m->folded, text);
	struct slice folded = buf_view(&m->folded);
	struct literal *literal = &m->of[m->out->n++];
	*literal = (struct literal){place, {arena_strdup(m->mem, folded), folded.len}};
	uint64_t weight = (uint64_t)m->out->weight + literal_weight(literal);
	m->out->weight = weight < UINT32_MAX ? (uint32_t)weight : UINT32_MAX;
	if (place != LITERAL_EXACT && folded.len < SELECTIVE)
		m->out->selective = false;
	return true;
}

/* Texts next to one another are one. *place is where the longest stands, which is in m->best; false
 * where the pattern has no text but is not the empty one. */
static bool pattern_literal(
	struct maker *m, const struct pattern *pattern, enum literal_place *place)
{
	static const enum literal_place places[2][2] = {
		{LITERAL_CONTAINS, LITERAL_SUFFIX}, {LITERAL_PREFIX, LITERAL_EXACT}};
	uint32_t many = 0, ones = 0, texts = 0, n = pattern->npieces;
	buf_clear(&m->best);
	for (uint32_t i = 0; i < n;) {
		uint32_t begin = i;
		buf_clear(&m->text);
		for (; i < n && pattern->pieces[i].kind == PIECE_TEXT; i++)
			buf_slice(&m->text, pattern->pieces[i].text);
		texts += m->text.len > 0;
		if (m->text.len > m->best.len) {
			buf_clear(&m->best);
			buf_slice(&m->best, buf_view(&m->text));
			*place = places[begin == 0][i == n];
		}
		for (; i < n && pattern->pieces[i].kind != PIECE_TEXT; i++) {
			many += pattern->pieces[i].kind == PIECE_MANY;
			ones += pattern->pieces[i].kind == PIECE_ONE;
		}
	}
	m->out->verify = m->out->verify || ones > 0 || texts > 1;
	if (texts == 0 && many + ones == 0)
		*place = LITERAL_EXACT;
	return texts > 0 || many + ones == 0;
}

static bool make(struct maker *m)
{
	const struct test *test = m->test;
	enum literal_place place = LITERAL_EXACT;
	if (test->op == TEST_REGEX) {
		m->out->verify = true;
		regex_literal(test->regex, &m->best);
		return m->best.len > 0 && add(m, LITERAL_CONTAINS, buf_view(&m->best), true);
	}
	for (uint32_t i = 0; i < test->npatterns; i++) {
		if (!pattern_literal(m, &test->patterns[i], &place) ||
			!add(m, place, buf_view(&m->best), test->fold))
			return false;
	}
	return test->npatterns > 0;
}

const struct literals *literals_of(const struct test *test, struct arena *mem)
{
	uint32_t n = test->op == TEST_REGEX ? 1 : test->npatterns;
	if (test->op != TEST_REGEX && test->op != TEST_PATTERNS)
		return NULL;
	struct maker m = {.test = test, .mem = mem};
	m.out = arena_zalloc(mem, 1, sizeof(*m.out));
	m.out->of = m.of = arena_zalloc(mem, n, sizeof(*m.of));
	m.out->selective = true;
	buf_init(&m.text, SIZE_MAX / 4);
	buf_init(&m.best, SIZE_MAX / 4);
	buf_init(&m.folded, SIZE_MAX / 4);
	bool made = make(&m);
	buf_fini(&m.text);
	buf_fini(&m.best);
	buf_fini(&m.folded);
	return made ? m.out : NULL;
}
