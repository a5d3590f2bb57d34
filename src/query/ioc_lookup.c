/* SPDX-License-Identifier: Apache-2.0 */
/* ioc_lookup.c: which questions ask for a key. */
#include <stdlib.h>

#include "query/ioc_private.h"

static struct slice entry_of(struct buf *entry, enum ioc_kind kind, struct slice key)
{
	buf_clear(entry);
	buf_push(entry, (char)kind);
	buf_slice(entry, key);
	return buf_view(entry);
}

void ioc_lookup_init(struct ioc_lookup *l, const struct ioc_question *list, uint32_t n)
{
	*l = (struct ioc_lookup){.list = list, .n = n};
	buf_init(&l->entry, IOC_KEY_MAX * 2);
	l->ranges = xmalloc((n + (size_t)1) * sizeof(*l->ranges));
	for (uint32_t i = 0; i < n; i++) {
		const struct ioc_question *q = &list[i];
		l->kinds[q->kind] = true;
		if (q->last) {
			l->ranges[l->nranges++] = i;
			continue;
		}
		bool is_new;
		uint64_t *first = map_put(&l->keys,
			entry_of(&l->entry, (enum ioc_kind)q->kind, ioc_question_key(q)), &is_new);
		if (is_new)
			*first = i;
	}
}

void ioc_lookup_fini(struct ioc_lookup *l)
{
	map_fini(&l->keys);
	free(l->ranges);
	buf_fini(&l->entry);
}

void ioc_lookup_each(struct ioc_lookup *l, enum ioc_kind kind, struct slice key,
	void (*each)(void *ctx, uint32_t question), void *ctx)
{
	if (!l->kinds[kind])
		return;
	const uint64_t *first = map_get(&l->keys, entry_of(&l->entry, kind, key));
	for (uint64_t i = first ? *first : l->n; i < l->n; i++) {
		if ((enum ioc_kind)l->list[i].kind != kind ||
			!slice_eq(ioc_question_key(&l->list[i]), key))
			break;
		if (!l->list[i].last)
			each(ctx, (uint32_t)i);
	}
	for (uint32_t i = 0; i < l->nranges; i++) {
		const struct ioc_question *q = &l->list[l->ranges[i]];
		if ((enum ioc_kind)q->kind == kind && slice_cmp(ioc_question_key(q), key) <= 0 &&
			ioc_in_range(q, key))
			each(ctx, l->ranges[i]);
	}
}
