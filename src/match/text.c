/* SPDX-License-Identifier: Apache-2.0 */
/* text.c: a text test is made (its patterns split by form), kept, and asked for a dictionary's values:
 * all as they are first, then those that are not ASCII in their folded form. */
#include "match/text_private.h"

#include <stdlib.h>

/* ---- making ---------------------------------------------------------------------------------- */

struct literals {
	struct slice *items;
	uint32_t n, cap;
};

/* A piece of a pattern in its plainest form: texts next to one another joined and folded. */
struct part {
	enum piece_kind kind;
	struct slice text;
};

struct making {
	struct text_test *test;
	struct arena arena; /* literals, until the indexes have copied them */
	struct literals exact, prefixes, suffixes, contains;
	struct part *parts; /* of the pattern at hand */
	uint32_t nparts, parts_cap;
	struct buf text, folded;
	uint32_t globs_cap;
};

static void add_literal(struct literals *literals, struct slice literal)
{
	if (literals->n == literals->cap) {
		literals->cap = literals->cap ? literals->cap * 2 : 8;
		literals->items =
			xrealloc(literals->items, literals->cap * sizeof(*literals->items));
	}
	literals->items[literals->n++] = literal;
}

static void add_part(struct making *m, enum piece_kind kind, struct slice text)
{
	if (m->nparts == m->parts_cap) {
		m->parts_cap = m->parts_cap ? m->parts_cap * 2 : 8;
		m->parts = xrealloc(m->parts, m->parts_cap * sizeof(*m->parts));
	}
	m->parts[m->nparts++] = (struct part){kind, text};
}

/* Ends a run of texts. */
static void flush_text(struct making *m)
{
	struct slice text = buf_view(&m->text);
	if (text.len == 0)
		return;
	if (m->test->fold) {
		buf_clear(&m->folded);
		text_fold(&m->folded, text);
		text = buf_view(&m->folded);
	}
	char *copy = arena_alloc(&m->arena, text.len);
	memcpy(copy, text.ptr, text.len);
	add_part(m, PIECE_TEXT, (struct slice){copy, text.len});
	buf_clear(&m->text);
}

static void make_parts(struct making *m, const struct pattern *pattern)
{
	m->nparts = 0;
	buf_clear(&m->text);
	for (uint32_t i = 0; i < pattern->npieces; i++) {
		const struct piece *piece = &pattern->pieces[i];
		if (piece->kind == PIECE_TEXT) {
			buf_slice(&m->text, piece->text);
			continue;
		}
		flush_text(m);
		if (piece->kind == PIECE_ONE || m->nparts == 0 ||
			m->parts[m->nparts - 1].kind != PIECE_MANY)
			add_part(m, piece->kind, (struct slice){NULL, 0});
	}
	flush_text(m);
}

static void add_glob(struct making *m)
{
	struct text_test *test = m->test;
	if (test->nglobs == m->globs_cap) {
		m->globs_cap = m->globs_cap ? m->globs_cap * 2 : 4;
		test->globs = xrealloc(test->globs, m->globs_cap * sizeof(*test->globs));
	}
	struct glob *glob = &test->globs[test->nglobs++];
	*glob = (struct glob){.npieces = m->nparts};
	glob->pieces = arena_zalloc(&test->arena, m->nparts, sizeof(*glob->pieces));
	for (uint32_t i = 0; i < m->nparts; i++) {
		struct glob_piece *piece = &glob->pieces[i];
		piece->kind = m->parts[i].kind;
		if (piece->kind == PIECE_ONE) {
			glob->has_one = true;
			glob->shortest++;
		}
		if (piece->kind != PIECE_TEXT)
			continue;
		needle_init(&piece->text, m->parts[i].text, test->fold, &test->arena);
		glob->shortest += piece->text.len;
		if (!glob->filter || glob->filter->len < piece->text.len)
			glob->filter = &piece->text;
	}
	/* A literal at the start says no by itself. */
	if (m->parts[0].kind == PIECE_TEXT)
		glob->filter = NULL;
}

static void add_pattern(struct making *m, const struct pattern *pattern)
{
	make_parts(m, pattern);
	const struct part *part = m->parts;
	bool first_many = m->nparts > 0 && part[0].kind == PIECE_MANY;
	bool last_many = m->nparts > 0 && part[m->nparts - 1].kind == PIECE_MANY;
	if (m->nparts == 0)
		add_literal(&m->exact, SLICE(""));
	else if (m->nparts == 1 && first_many)
		m->test->all = true;
	else if (m->nparts == 1 && part[0].kind == PIECE_TEXT)
		add_literal(&m->exact, part[0].text);
	else if (m->nparts == 2 && last_many && part[0].kind == PIECE_TEXT)
		add_literal(&m->prefixes, part[0].text);
	else if (m->nparts == 2 && first_many && part[1].kind == PIECE_TEXT)
		add_literal(&m->suffixes, part[1].text);
	else if (m->nparts == 3 && first_many && last_many && part[1].kind == PIECE_TEXT)
		add_literal(&m->contains, part[1].text);
	else
		add_glob(m);
}

static void make_indexes(struct making *m)
{
	struct text_test *test = m->test;
	struct arena *arena = &test->arena;
	bool fold = test->fold;
	if (m->exact.n)
		test->exact = literal_set_make(m->exact.items, m->exact.n, fold, arena);
	if (m->prefixes.n)
		test->prefixes = affixes_make(m->prefixes.items, m->prefixes.n, false, fold, arena);
	if (m->suffixes.n)
		test->suffixes = affixes_make(m->suffixes.items, m->suffixes.n, true, fold, arena);
	if (m->contains.n > NEEDLES_MAX) {
		test->automaton = automaton_make(m->contains.items, m->contains.n, fold, arena);
	} else if (m->contains.n) {
		test->nneedles = m->contains.n;
		test->needles = arena_alloc(arena, test->nneedles * sizeof(*test->needles));
		for (uint32_t i = 0; i < test->nneedles; i++)
			needle_init(&test->needles[i], m->contains.items[i], fold, arena);
	}
}

struct text_test *text_test_patterns(const struct pattern *patterns, uint32_t n, bool fold)
{
	struct text_test *test = xcalloc(1, sizeof(*test));
	struct making m = {.test = test};
	arena_init(&test->arena);
	arena_init(&m.arena);
	buf_init(&m.text, SIZE_MAX / 4);
	buf_init(&m.folded, SIZE_MAX / 4);
	test->simd = text_simd_best();
	test->fold = fold;
	for (uint32_t i = 0; i < n; i++)
		add_pattern(&m, &patterns[i]);
	make_indexes(&m);
	free(m.exact.items);
	free(m.prefixes.items);
	free(m.suffixes.items);
	free(m.contains.items);
	free(m.parts);
	buf_fini(&m.text);
	buf_fini(&m.folded);
	arena_fini(&m.arena);
	return test;
}

int text_test_regex(struct slice regex, unsigned flags, struct text_test **test, struct err *err)
{
	struct regex *made;
	*test = NULL;
	if (regex_make(regex, flags, &made, err) < 0)
		return -1;
	*test = xcalloc(1, sizeof(**test));
	(*test)->simd = text_simd_best();
	(*test)->regex = made;
	return 0;
}

void text_test_free(struct text_test *test)
{
	if (!test)
		return;
	regex_free(test->regex);
	free(test->globs);
	arena_fini(&test->arena);
	free(test);
}

/* ---- working memory -------------------------------------------------------------------------- */

struct text_scratch *text_scratch_new(void)
{
	struct text_scratch *scratch = xcalloc(1, sizeof(*scratch));
	buf_init(&scratch->folded, SIZE_MAX / 4);
	buf_init(&scratch->heap, SIZE_MAX / 4);
	buf_init(&scratch->map.text, SIZE_MAX / 4);
	return scratch;
}

void text_scratch_free(struct text_scratch *scratch)
{
	if (!scratch)
		return;
	buf_fini(&scratch->folded);
	buf_fini(&scratch->heap);
	text_map_fini(&scratch->map);
	regex_memory_free(scratch->regex);
	free(scratch->spans);
	free(scratch);
}

uint64_t text_scratch_gave_up(const struct text_scratch *scratch)
{
	return scratch->regex ? regex_memory_gave_up(scratch->regex) : 0;
}

struct regex_memory *scratch_regex(struct text_scratch *scratch)
{
	if (!scratch->regex)
		scratch->regex = regex_memory_new();
	return scratch->regex;
}

/* ---- asking ---------------------------------------------------------------------------------- */

static bool fits(const struct text_test *test, struct text_scratch *scratch,
	const struct glob *glob, struct slice text)
{
	if (test->fold || !glob->has_one || !test->simd->find_high(text.ptr, text.ptr + text.len))
		return glob_fits(glob, test->simd, text, NULL, NULL, NULL);
	text_map_make(&scratch->map, text, false);
	return glob_fits(glob, test->simd, text, scratch->map.from, NULL, NULL);
}

static void run_glob(const struct text_test *test, struct text_scratch *scratch,
	const struct glob *glob, const struct values *v)
{
	for (uint32_t i = 0; i < v->n; i++) {
		if (glob->filter) {
			i = values_find(v, i, glob->filter, test->simd);
			if (i == v->n)
				return;
		}
		if (!bit_get(v->bits, i) && fits(test, scratch, glob, values_get(v, i)))
			bit_set(v->bits, i);
	}
}

/* Which of a test's parts a pass over values asks. */
enum pass {
	PASS_BYTES,  /* nothing folds */
	PASS_ASCII,  /* of values that are not ASCII the answers do not count */
	PASS_FOLDED, /* values are folded; globs with `?` are asked elsewhere */
};

static void run(const struct text_test *test, struct text_scratch *scratch, enum pass pass,
	const struct values *v)
{
	if (test->exact)
		literal_set_run(test->exact, test->simd, &scratch->folded, v);
	if (test->prefixes)
		affixes_run(test->prefixes, v);
	if (test->suffixes)
		affixes_run(test->suffixes, v);
	for (uint32_t k = 0; k < test->nneedles; k++) {
		const struct needle *needle = &test->needles[k];
		if (pass == PASS_ASCII && !needle->ascii)
			continue;
		for (uint32_t i = 0; (i = values_find(v, i, needle, test->simd)) < v->n; i++)
			bit_set(v->bits, i);
	}
	if (test->automaton)
		automaton_run(test->automaton, v);
	for (uint32_t k = 0; k < test->nglobs; k++) {
		if (pass != PASS_FOLDED || !test->globs[k].has_one)
			run_glob(test, scratch, &test->globs[k], v);
	}
}

/* Values that are folded at a time: about what the L2 cache holds. */
enum { FOLD_VALUES = 4096, FOLD_BYTES = 256 << 10 };

struct folding {
	uint32_t off[FOLD_VALUES + 1], index[FOLD_VALUES];
	uint64_t bits[FOLD_VALUES / 64];
	uint32_t n;
};

/* Whether a glob with `?` fits a value, which is folded already; only where a literal allows it are
 * its characters told apart. */
static bool fits_one(const struct text_test *test, struct text_scratch *scratch,
	struct slice folded, struct slice value)
{
	const char *end = folded.ptr + folded.len;
	bool mapped = false;
	for (uint32_t k = 0; k < test->nglobs; k++) {
		const struct glob *glob = &test->globs[k];
		const struct glob_piece *first = &glob->pieces[0];
		if (!glob->has_one || folded.len < glob->shortest ||
			(first->kind == PIECE_TEXT && !needle_at(&first->text, folded.ptr)) ||
			(glob->filter && !test->simd->find(glob->filter, folded.ptr, end)))
			continue;
		if (!mapped)
			text_map_make(&scratch->map, value, true);
		mapped = true;
		if (glob_fits(glob, test->simd, buf_view(&scratch->map.text), scratch->map.from,
			    NULL, NULL))
			return true;
	}
	return false;
}

/* Asks for the values in `f` and sets what they say in v->bits. */
static void run_folded(const struct text_test *test, struct text_scratch *scratch,
	struct folding *f, const struct values *v)
{
	struct values folded = {scratch->heap.ptr, f->off, f->n, f->bits};
	memset(f->bits, 0, sizeof(f->bits));
	run(test, scratch, PASS_FOLDED, &folded);
	for (uint32_t i = 0; i < f->n; i++) {
		if (bit_get(f->bits, i) ||
			fits_one(test, scratch, values_get(&folded, i), values_get(v, f->index[i])))
			bit_set(v->bits, f->index[i]);
	}
	f->n = 0;
	buf_clear(&scratch->heap);
}

/* Answers for the values that are not ASCII, from the byte `high` on. */
static void run_high(const struct text_test *test, struct text_scratch *scratch, const char *high,
	const struct values *v)
{
	struct folding f;
	const char *end = v->heap + v->off[v->n];
	f.n = f.off[0] = 0;
	buf_clear(&scratch->heap);
	for (uint32_t i = 0; high; i++) {
		i = values_at(v, i, (uint32_t)(high - v->heap));
		v->bits[i >> 6] &= ~(UINT64_C(1) << (i & 63));
		text_fold(&scratch->heap, values_get(v, i));
		f.index[f.n++] = i;
		f.off[f.n] = (uint32_t)scratch->heap.len;
		if (f.n == FOLD_VALUES || scratch->heap.len >= FOLD_BYTES)
			run_folded(test, scratch, &f, v);
		high = test->simd->find_high(v->heap + v->off[i + 1], end);
	}
	if (f.n)
		run_folded(test, scratch, &f, v);
}

static void set_all(uint64_t *bits, uint32_t n)
{
	for (uint32_t i = 0; i < n / 64; i++)
		bits[i] = UINT64_MAX;
	if (n % 64)
		bits[n / 64] = (UINT64_C(1) << n % 64) - 1;
}

uint32_t text_test_values(const struct text_test *test, struct text_scratch *scratch,
	const char *heap, const uint32_t *off, uint32_t n, uint64_t *bits)
{
	uint32_t count = 0;
	if (n == 0)
		return 0;
	struct values v = {heap ? heap : "", off, n, bits};
	memset(bits, 0, (n + 63) / 64 * sizeof(*bits));
	if (test->all) {
		set_all(bits, n);
		return n;
	}
	if (test->regex) {
		regex_run(test->regex, scratch_regex(scratch), &v);
	} else {
		run(test, scratch, test->fold ? PASS_ASCII : PASS_BYTES, &v);
		const char *high =
			test->fold ? test->simd->find_high(v.heap + off[0], v.heap + off[n]) : NULL;
		if (high)
			run_high(test, scratch, high, &v);
	}
	for (uint32_t i = 0; i < (n + 63) / 64; i++)
		count += (uint32_t)__builtin_popcountll(bits[i]);
	return count;
}

bool text_test_value(const struct text_test *test, struct text_scratch *scratch, struct slice value)
{
	uint32_t off[2] = {0, (uint32_t)value.len};
	uint64_t bits;
	return text_test_values(test, scratch, value.ptr, off, 1, &bits) > 0;
}
