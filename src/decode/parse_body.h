/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parse_body.h: the parser, compiled twice: parse_avx2.c and parse_portable.c define HOT (the
 * target), PARSE_RECORD (the name), and
 *   same_run(a, b, n)   equal bytes; may read DECODE_SLACK bytes past a, HEAP_SLACK past b
 *   key_equal(p, key)   whether the quoted key stands at p
 *   scan_text(p, end)   the first byte from p on that is not plain text of a string, or where the
 *                       search stopped at or after end
 * It takes the straight way only: keys in the order of the last record, plain strings. All else is
 * handed to odd.c. Recursion is as deep as the schema, never as the input.
 */
#ifndef DECODE_PARSE_BODY_H
#define DECODE_PARSE_BODY_H

#include "decode/memo.h"
#include "decode/private.h"

/* Children from this number on are not checked for standing twice. */
enum { SEEN_WORDS = LIMIT_COLUMNS / 64 };

static HOT const char *parse_object(struct decoder *d, struct key_node *node,
	const struct frame *at, uint32_t i, const char *p);

static inline HOT const char *blanks(const struct decoder *d, const char *p)
{
	if (__builtin_expect((unsigned char)*p > ' ', 1))
		return p;
	while (p < d->end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
		p++;
	return p;
}

/* A value of a string column that is a plain string: first compared with the last one. */
static inline HOT const char *parse_leaf(struct decoder *d, struct key_node *child,
	const struct frame *at, uint32_t i, const char *p)
{
	struct builder *b = child->builder;
	if (*p != '"' || child->type != COL_STRING || builder_has(b, i))
		return odd_leaf(d, at, child, i, p);
	struct guess *guess = &b->guess[at->index & (GUESSES - 1)];
	if (guess->len <= (size_t)(d->end - p) && same_run(p, guess->ptr, guess->len)) {
		b->codes[i] = guess->code;
		return p + guess->len;
	}
	const char *end = scan_text(p + 1, d->end);
	if (*end != '"' || end >= d->end)
		return odd_leaf(d, at, child, i, p);
	uint32_t len = (uint32_t)(end - p) - 1;
	uint32_t code = builder_put(b, i, p + 1, len);
	if (code != CODE_NULL)
		*guess = (struct guess){p, len + 2, code};
	return end + 1;
}

/* An object at p == '{', remembered where its node allows that. */
static inline HOT const char *parse_remembered(
	struct decoder *d, struct key_node *node, const struct frame *at, uint32_t i, const char *p)
{
	struct memo *memo = &node->memo;
	if (memo->off)
		return parse_object(d, node, at, i, p);
	uint64_t hash = memo_hash(memo, p);
	const struct memo_entry *entry = memo_entry(memo, hash);
	memo->tries++;
	/* A free entry has length 0, which wraps round. */
	if (entry->tag == (uint32_t)(hash >> 32) && entry->len - 1 < (size_t)(d->end - p) &&
		same_run(p, memo->raw + entry->raw, entry->len) && memo_emit(memo, entry, i)) {
		memo->hits++;
		return p + entry->len;
	}
	uint32_t oddities = d->oddities;
	bool clear = memo_clear(memo, i);
	const char *end = parse_object(d, node, at, i, p);
	if (end && clear && oddities == d->oddities)
		memo_add(memo, hash, i, p, (size_t)(end - p));
	return end;
}

static HOT const char *parse_list(
	struct decoder *d, struct key_node *child, const struct frame *up, const char *p)
{
	struct list_state *list = child->list;
	if (*p != '[' || list->present)
		return odd_misfit(d, up, child, p);
	struct frame at = {up, child, 0, up->depth + (child->kind == NODE_LIST ? 2 : 1)};
	list->present = true;
	p = blanks(d, p + 1);
	if (*p == ']')
		return p + 1;
	for (;; at.index++) {
		uint32_t i = list_add(d, list);
		if (child->kind == NODE_VALUES)
			p = parse_leaf(d, child, &at, i, p);
		else if (*p == '{')
			p = parse_remembered(d, child, &at, i, p);
		else
			p = odd_element(d, &at, p);
		if (!p)
			return NULL;
		p = blanks(d, p);
		if (*p == ']')
			return p + 1;
		if (*p != ',' || p >= d->end)
			return parse_fail(d, p, "',' or ']' expected");
		p = blanks(d, p + 1);
	}
}

static inline HOT const char *parse_value(struct decoder *d, struct key_node *child,
	const struct frame *at, uint32_t i, const char *p)
{
	switch (child->kind) {
	case NODE_LEAF:
		return parse_leaf(d, child, at, i, p);
	case NODE_OBJECT:
		if (*p == '{') {
			struct frame inner = {at, child, -1, at->depth + 1};
			if (child->builder && !odd_whole(d, at, child, i, p))
				return NULL;
			return parse_remembered(d, child, &inner, i, p);
		}
		return child->builder ? odd_whole(d, at, child, i, p) : odd_misfit(d, at, child, p);
	case NODE_LIST:
	case NODE_VALUES:
		return parse_list(d, child, at, p);
	case NODE_TIME:
		return odd_time(d, at, child, i, p);
	}
	return NULL;
}

/* The child whose key stands at p, guessed from `last`, the one before it. Otherwise NULL. */
static inline HOT struct key_node *guess_key(struct key_node **last, const char *p)
{
	struct key_node *guess = *last;
	if (__builtin_expect(key_equal(p, guess), 1))
		return guess;
	guess = guess->next;
	return key_equal(p, guess) ? guess : NULL;
}

/* A member's key and colon: *child is its node, or NULL and *key what it is. Returns where its value
 * begins. */
static inline HOT const char *parse_key(struct decoder *d, struct key_node *node,
	struct key_node **last, const char *p, struct key_node **child, struct slice *key)
{
	const char *after;
	if (p >= d->end || *p != '"')
		return parse_fail(d, p, "key expected");
	*child = guess_key(last, p);
	if (*child) {
		after = p + (*child)->key_len;
	} else {
		*child = odd_key(d, node, p, &after, key);
		if (!after)
			return NULL;
		if (*child)
			*last = *child;
	}
	p = blanks(d, after);
	if (*p != ':' || p >= d->end)
		return parse_fail(d, p, "':' expected");
	return blanks(d, p + 1);
}

/* Notes the child; true where its key stood in this object before. */
static inline HOT bool seen_before(uint64_t *seen, const struct key_node *child)
{
	uint64_t bit = UINT64_C(1) << (child->number & 63);
	if (child->number >= 64 * SEEN_WORDS)
		return false;
	uint64_t *word = &seen[child->number / 64];
	bool before = (*word & bit) != 0;
	*word |= bit;
	return before;
}

static HOT const char *parse_object(
	struct decoder *d, struct key_node *node, const struct frame *at, uint32_t i, const char *p)
{
	uint64_t seen[SEEN_WORDS] = {0};
	struct key_node **last = &node->child;
	p = blanks(d, p + 1);
	if (*p == '}')
		return p + 1;
	for (;;) {
		struct slice key = {0};
		struct key_node *child = NULL;
		p = parse_key(d, node, last, p, &child, &key);
		if (!p)
			return NULL;
		if (!child) {
			p = odd_extra(d, at, key, p, "new");
		} else {
			last = &child->next;
			p = __builtin_expect(seen_before(seen, child), 0)
				    ? odd_repeat(d, at, child, p)
				    : parse_value(d, child, at, i, p);
		}
		if (!p)
			return NULL;
		p = blanks(d, p);
		if (*p == '}')
			return p + 1;
		if (*p != ',' || p >= d->end)
			return parse_fail(d, p, "',' or '}' expected");
		p = blanks(d, p + 1);
	}
}

HOT int PARSE_RECORD(struct decoder *d)
{
	static const struct frame outside = {.depth = 1, .index = -1};
	const char *p = d->begin;
	if (*p != '{') {
		parse_fail(d, p, "not an object");
		return -1;
	}
	p = parse_object(d, d->nodes, &outside, d->row, p);
	if (p && p != d->end)
		p = parse_fail(d, p, "text after the object");
	return p ? 0 : -1;
}

#endif
