/* SPDX-License-Identifier: Apache-2.0 */
/* counted.c: values that count in the identity though their column did not take them as they stood:
 * two events that differ in such a value alone are two. docs/format.md is the rule. */
#include "decode/odd.h"

#include <stdlib.h>

struct slice odd_compact(struct decoder *d, struct slice json)
{
	bool inside = false;
	buf_clear(&d->compact);
	const char *p = json.ptr, *end = p + json.len, *from = p;
	for (; p < end; p++) {
		if (*p == '\\' && inside) {
			p++;
		} else if (*p == '"') {
			inside = !inside;
		} else if (!inside && strchr(" \t\r\n", *p) && *p) {
			buf_append(&d->compact, from, (size_t)(p - from));
			from = p + 1;
		}
	}
	if (from == json.ptr)
		return json;
	buf_append(&d->compact, from, (size_t)(end - from));
	return buf_view(&d->compact);
}

/* The row or the element that is in work at this place. */
static uint32_t place_of(const struct decoder *d, const struct frame *at)
{
	for (; at && at->node; at = at->up) {
		if (at->index >= 0)
			return at->node->list->lane->n - 1;
	}
	return d->row;
}

void odd_count(struct decoder *d, const struct frame *at, const struct key_node *child,
	struct slice name, struct slice json)
{
	if (!child->counts)
		return;
	if (d->nodd_values == d->odd_values_cap) {
		d->odd_values_cap = d->odd_values_cap ? d->odd_values_cap * 2 : 64;
		d->odd_values = xrealloc(d->odd_values, d->odd_values_cap * sizeof(*d->odd_values));
	}
	struct odd_value *odd = &d->odd_values[d->nodd_values++];
	*odd = (struct odd_value){.row = d->row,
		.at = place_of(d, at),
		.unless = child->unless,
		.alone = child->counts_alone};
	identity_digest_named(name, odd_compact(d, json), odd->digest);
	d->bytes += sizeof(*odd);
}
