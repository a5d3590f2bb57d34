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

static uint64_t prefix_of(enum ioc_kind kind, struct slice key)
{
	unsigned char bytes[8] = {(unsigned char)kind};
	uint64_t prefix;
	memcpy(bytes + 1, key.ptr, key.len < 7 ? key.len : 7);
	memcpy(&prefix, bytes, 8);
	return __builtin_bswap64(prefix);
}

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
	*q = (struct ioc_question){.prefix = prefix_of(kind, key),
		.kind = kind,
		.indicator = m->indicator,
		.key = key,
		.last = key};
	return q;
}

static struct slice with_end(struct making *m, struct slice key, char end)
{
	char *text = arena_alloc(&m->out->mem, key.len + 1);
	memcpy(text, key.ptr, key.len);
	text[key.len] = end;
	return (struct slice){text, key.len + 1};
}

/* All names below a domain: from "com.example." to what comes after the dot. */
static void ask_below(struct making *m, struct slice key)
{
	struct ioc_question *q = ask(m, IOC_DOMAIN, with_end(m, key, '.'));
	if (!q)
		return;
	q->last = with_end(m, key, '.' + 1);
	q->range = q->open = true;
}

/* Names of people and machines that look like it: ioc_also. */
static void ask_also(struct making *m, const struct indicator *indicator)
{
	uint32_t also = ioc_also(indicator) & m->kinds;
	struct buf text, key;
	if (!also)
		return;
	buf_init(&text, IOC_KEY_MAX * 4);
	buf_init(&key, IOC_KEY_MAX + 64);
	if (indicator->form == IOC_WORD)
		buf_slice(&text, indicator->last);
	else
		ioc_key_text(indicator->kind, indicator->key, &text);
	for (unsigned k = 1; k < IOC_KINDS; k++) {
		enum ioc_kind kind = (enum ioc_kind)k;
		buf_clear(&key);
		if (!(also >> k & 1) || !ioc_key(&kind, buf_view(&text), &key))
			continue;
		char *kept = arena_alloc(&m->out->mem, key.len + 1);
		memcpy(kept, key.ptr, key.len);
		ask(m, kind, (struct slice){kept, key.len});
	}
	buf_fini(&text);
	buf_fini(&key);
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
		if (q) {
			q->last = indicator->last;
			q->range = true;
		}
		break;
	case IOC_BELOW:
		ask_below(m, indicator->key);
		break;
	case IOC_WORD:
		break;
	}
	ask_also(m, indicator);
}

static int by_key(const void *left, const void *right)
{
	const struct ioc_question *a = left, *b = right;
	if (a->prefix != b->prefix)
		return a->prefix < b->prefix ? -1 : 1;
	return slice_cmp(a->key, b->key);
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
		qsort(questions->list, questions->n, sizeof(*questions->list), by_key);
}

void ioc_questions_free(struct ioc_questions *questions)
{
	free(questions->list);
	arena_fini(&questions->mem);
	*questions = (struct ioc_questions){0};
}
