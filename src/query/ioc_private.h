/* SPDX-License-Identifier: Apache-2.0 */
/* ioc_private.h (private to ioc*.c): indicators as questions to sorted keys. */
#ifndef QUERY_IOC_PRIVATE_H
#define QUERY_IOC_PRIVATE_H

#include "query/ioc.h"

/* One key, or all from `key` to `last` (without it where `open`). Small: there may be millions. */
struct ioc_question {
	uint64_t prefix; /* of kind and key: sorts as they do, ties are decided by the key */
	const char *key;
	const struct slice *last; /* NULL = the key alone */
	uint32_t indicator;
	uint16_t nkey;
	uint8_t kind; /* enum ioc_kind */
	bool open;
};
static inline struct slice ioc_question_key(const struct ioc_question *q)
{
	return (struct slice){q->key, q->nkey};
}
struct ioc_questions {
	struct ioc_question *list; /* ascending */
	uint32_t n, cap;
	struct arena mem;
};
/* The questions of indicators [from, to); kinds that are not in `kinds` (bits) are not asked for. */
void ioc_questions_make(struct ioc_questions *questions, const struct ioc_request *request,
	uint32_t from, uint32_t to, uint32_t kinds);
void ioc_questions_free(struct ioc_questions *questions);

/* Whether a key lies in a question's range. */
static inline bool ioc_in_range(const struct ioc_question *q, struct slice key)
{
	int c = slice_cmp(key, *q->last);
	return c < 0 || (c == 0 && !q->open);
}

#endif
