/* SPDX-License-Identifier: Apache-2.0 */
/* ioc_questions.c: what an indicator means in keys. docs/ioc.md has the table. */
#include <stdlib.h>

#include "ioc/watch_file.h"
#include "query/ioc_private.h"

struct making {
	struct ioc_questions *out;
	uint32_t kinds;
	uint32_t indicator;
	bool below; /* of a domain, what is below it as well */
};

static struct ioc_question *ask(struct making *m, enum ioc_kind kind, struct slice key)
{
	struct ioc_questions *out = m->out;
	if (!(m->kinds >> kind & 1))
		return NULL;
	if (out->n == out->cap) {
		out->cap = out->cap ? out->cap * 2 : 64;
		out->list = xrealloc(out->list, out->cap * sizeof(*out->list));
	}
	struct ioc_question *q = &out->list[out->n++];
	*q = (struct ioc_question){.prefix = sorted_prefix(kind, key),
		.kind = (uint8_t)kind,
		.indicator = m->indicator,
		.key = key.ptr,
		.nkey = (uint16_t)key.len};
	return q;
}

static struct slice with_end(struct making *m, struct slice key, char end)
{
	char *text = arena_alloc(&m->out->mem, key.len + 1);
	memcpy(text, key.ptr, key.len);
	text[key.len] = end;
	return (struct slice){text, key.len + 1};
}

static void set_last(struct making *m, struct ioc_question *q, struct slice last)
{
	struct slice *kept = arena_alloc(&m->out->mem, sizeof(*kept));
	*kept = last;
	q->last = kept;
}

/* All names below a domain: from "com.example." to what comes after the dot. */
static void ask_below(struct making *m, struct slice key)
{
	struct ioc_question *q = ask(m, IOC_DOMAIN, with_end(m, key, '.'));
	if (!q)
		return;
	set_last(m, q, with_end(m, key, '.' + 1));
	q->open = true;
}

/* Names of people and machines that look like it. */
static void ask_also(void *ctx, enum ioc_kind kind, struct slice key)
{
	struct making *m = ctx;
	char *kept = arena_alloc(&m->out->mem, key.len + 1);
	memcpy(kept, key.ptr, key.len);
	ask(m, kind, (struct slice){kept, key.len});
}

static void ask_indicator(struct making *m, const struct indicator *indicator)
{
	struct ioc_question *q;
	switch (indicator->form) {
	case IOC_EXACT:
		ask(m, indicator->kind, indicator->key);
		if (indicator->kind == IOC_DOMAIN && m->below)
			ask_below(m, indicator->key);
		break;
	case IOC_RANGE:
		q = ask(m, indicator->kind, indicator->key);
		if (q)
			set_last(m, q, indicator->last);
		break;
	case IOC_BELOW:
		ask_below(m, indicator->key);
		break;
	case IOC_WORD:
		break;
	}
	ioc_also_keys(indicator, m->kinds, ask_also, m);
}

struct place {
	uint64_t prefix;
	uint32_t question;
};

/* By their prefixes, a byte at a time from the last to the first; bytes that all have in common cost one look. */
static void sort_prefixes(struct place *places, struct place *other, uint32_t n)
{
	struct place *from = places, *to = other;
	for (unsigned shift = 0; shift < 64; shift += 8) {
		uint32_t counts[257] = {0};
		for (uint32_t i = 0; i < n; i++)
			counts[(from[i].prefix >> shift & 255) + 1]++;
		if (counts[(from[0].prefix >> shift & 255) + 1] == n)
			continue;
		for (unsigned b = 0; b < 256; b++)
			counts[b + 1] += counts[b];
		for (uint32_t i = 0; i < n; i++)
			to[counts[from[i].prefix >> shift & 255]++] = from[i];
		struct place *swap = from;
		from = to;
		to = swap;
	}
	if (from != places)
		memcpy(places, from, n * sizeof(*places));
}

struct sorting {
	const struct ioc_question *questions;
	struct place *other;
};

static int by_rest(const void *left, const void *right, void *ctx)
{
	const struct sorting *s = ctx;
	const struct place *a = left, *b = right;
	return slice_cmp(ioc_question_key(&s->questions[a->question]),
		ioc_question_key(&s->questions[b->question]));
}

/* Eight bytes of a key from `at` on, as a number that sorts as they do. */
static uint64_t bytes_at(struct slice key, size_t at)
{
	uint64_t bytes = 0;
	if (at < key.len)
		memcpy(&bytes, key.ptr + at, key.len - at < 8 ? key.len - at : 8);
	return __builtin_bswap64(bytes);
}

/* Where the keys of places with equal prefixes begin to differ. */
static size_t common_bytes(const struct sorting *s, const struct place *places, uint32_t n)
{
	struct slice first = ioc_question_key(&s->questions[places[0].question]);
	size_t common = first.len;
	for (uint32_t i = 1; i < n && common > 0; i++) {
		struct slice key = ioc_question_key(&s->questions[places[i].question]);
		common = slice_common((struct slice){first.ptr, common}, key);
	}
	return common;
}

static void sort_places(struct sorting *s, struct place *places, uint32_t n);

/* Places whose prefixes are equal, by what follows: where many share a long beginning (net.example.…), the eight bytes behind it. */
static void
sort_equal(/* NOLINT(misc-no-recursion): each level takes at least a byte of keys of 512 */
	struct sorting *s, struct place *places, uint32_t n)
{
	enum { FEW = 32 };
	if (n <= FEW) {
		qsort_r(places, n, sizeof(*places), by_rest, s);
		return;
	}
	size_t at = common_bytes(s, places, n);
	bool differ = false;
	for (uint32_t i = 0; i < n; i++) {
		places[i].prefix =
			bytes_at(ioc_question_key(&s->questions[places[i].question]), at);
		differ |= places[i].prefix != places[0].prefix;
	}
	if (differ)
		sort_places(s, places, n);
	else /* equal, but for zero bytes at their ends */
		qsort_r(places, n, sizeof(*places), by_rest, s);
}

static void sort_places(/* NOLINT(misc-no-recursion): see sort_equal */
	struct sorting *s, struct place *places, uint32_t n)
{
	sort_prefixes(places, s->other, n);
	for (uint32_t from = 0, to; from < n; from = to) {
		for (to = from + 1; to < n && places[to].prefix == places[from].prefix;)
			to++;
		if (to - from > 1)
			sort_equal(s, places + from, to - from);
	}
}

static void sort_questions(struct ioc_questions *questions)
{
	uint32_t n = questions->n;
	struct ioc_question *sorted = xmalloc(n * sizeof(*sorted));
	struct place *places = xmalloc(2 * (size_t)n * sizeof(*places));
	struct sorting sorting = {questions->list, places + n};
	for (uint32_t i = 0; i < n; i++)
		places[i] = (struct place){questions->list[i].prefix, i};
	sort_places(&sorting, places, n);
	for (uint32_t i = 0; i < n; i++)
		sorted[i] = questions->list[places[i].question];
	free(places);
	free(questions->list);
	questions->list = sorted;
	questions->cap = n;
}

void ioc_questions_make(struct ioc_questions *questions, const struct ioc_request *request,
	uint32_t from, uint32_t to, uint32_t kinds)
{
	struct making m = {.out = questions, .kinds = kinds, .below = !request->exact};
	*questions = (struct ioc_questions){0};
	for (uint32_t i = from; i < to; i++) {
		m.indicator = i;
		ask_indicator(&m, &request->list[i]);
	}
	if (questions->n > 1)
		sort_questions(questions);
}

void ioc_questions_free(struct ioc_questions *questions)
{
	free(questions->list);
	arena_fini(&questions->mem);
	*questions = (struct ioc_questions){0};
}
