/* SPDX-License-Identifier: Apache-2.0 */
/* intervals.c: sets of numbers as closed intervals: a value, a range, a day, a network; many of
 * them are searched by halves. */
#include "match/private.h"

#include <stdlib.h>

void spans_add(struct arena *mem, struct spans *spans, u128 low, u128 high)
{
	spans->of = arena_grow(mem, spans->of, spans->n, sizeof(*spans->of));
	spans->of[spans->n++] = (struct span){low, high};
}

static int span_order(const void *a, const void *b)
{
	const struct span *x = a, *y = b;
	return (x->low > y->low) - (x->low < y->low);
}

void spans_finish(struct spans *spans)
{
	if (spans->n > 1)
		qsort(spans->of, spans->n, sizeof(*spans->of), span_order);
	uint32_t n = 0;
	for (uint32_t i = 0; i < spans->n; i++) {
		struct span *at = &spans->of[i];
		if (at->low > at->high)
			continue;
		if (n == 0 || at->low > spans->of[n - 1].high)
			spans->of[n++] = *at;
		else if (at->high > spans->of[n - 1].high)
			spans->of[n - 1].high = at->high;
	}
	spans->n = n;
}

/* The first one that does not end below the value, or NULL. */
static const struct span *span_at(const struct spans *spans, u128 value)
{
	uint32_t low = 0, high = spans->n;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (spans->of[middle].high < value)
			low = middle + 1;
		else
			high = middle;
	}
	return low < spans->n ? &spans->of[low] : NULL;
}

bool spans_any(const struct spans *spans, u128 low, u128 high)
{
	const struct span *at = span_at(spans, low);
	return at && at->low <= high;
}

bool spans_has(const struct spans *spans, u128 value)
{
	return spans_any(spans, value, value);
}

bool spans_all(const struct spans *spans, u128 low, u128 high)
{
	const struct span *at = span_at(spans, low);
	return at && at->low <= low && at->high >= high;
}
