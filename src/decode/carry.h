/* SPDX-License-Identifier: Apache-2.0 */
/* carry.h: private to decode/: values carried from one string column to another, each distinct one
 * looked up once. */
#ifndef DECODE_CARRY_H
#define DECODE_CARRY_H

#include <assert.h>

#include "decode/private.h"

struct carry {
	const struct builder *from;
	struct builder *to;
	uint32_t
		*codes; /* from's code → to's, CODE_NULL where not known yet; NULL: from is plain */
};

static inline struct carry carry_begin(
	struct decoder *d, const struct builder *from, struct builder *to)
{
	struct carry c = {from, to, NULL};
	if (!from->plain) {
		c.codes = arena_alloc(&d->batch_mem, from->ndistinct * sizeof(*c.codes));
		memset(c.codes, 0xff, from->ndistinct * sizeof(*c.codes));
	}
	return c;
}

/* Puts value i of `from`, which is not null, as value j of `to`. */
static inline void carry_put(struct carry *c, uint32_t i, uint32_t j)
{
	uint32_t *known = c->codes ? &c->codes[c->from->codes[i]] : NULL;
	if (known && *known != CODE_NULL && !c->to->plain) {
		c->to->codes[j] = *known;
		return;
	}
	struct slice text = builder_text(c->from, i);
	uint32_t code = builder_put(c->to, j, text.ptr, (uint32_t)text.len);
	if (known)
		*known = code;
}

/* The code in `to`, which never turns plain, of value i of `from`. */
static inline uint32_t carry_code(struct carry *c, uint32_t i)
{
	assert(c->to); /* of a rule that names a column */
	uint32_t *known = c->codes ? &c->codes[c->from->codes[i]] : NULL;
	if (known && *known != CODE_NULL)
		return *known;
	struct slice text = builder_text(c->from, i);
	uint32_t tag = text_tag(text.ptr, text.len);
	uint32_t code = builder_find(c->to, text.ptr, (uint32_t)text.len, tag);
	if (code == CODE_NULL)
		code = builder_add(c->to, 0, text.ptr, (uint32_t)text.len, tag);
	if (known)
		*known = code;
	return code;
}

/* Whether value i holds a text that is not empty. */
static inline bool holds_text(const struct builder *b, uint32_t i)
{
	return b->used && builder_has(b, i) && builder_text(b, i).len > 0;
}

#endif
