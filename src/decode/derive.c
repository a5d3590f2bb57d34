/* SPDX-License-Identifier: Apache-2.0 */
/* derive.c: the common fields, the address in bytes and the instance of a batch's rows, made per
 * distinct value wherever one column feeds another. */
#include "decode/carry.h"

/* Whether every row of the column holds a text: then no other is asked. */
static bool text_everywhere(const struct builder *b, uint32_t n)
{
	if (b->plain) {
		for (uint32_t i = 0; i < n; i++) {
			if (!holds_text(b, i))
				return false;
		}
		return true;
	}
	uint32_t empty = builder_find(b, "", 0, text_tag("", 0));
	uint32_t lacking = 0;
	for (uint32_t i = 0; i < n; i++)
		lacking |= (b->codes[i] == CODE_NULL) | (b->codes[i] == empty);
	return lacking == 0;
}

static bool null_somewhere(const struct builder *b, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		if (!builder_has(b, i))
			return true;
	}
	return false;
}

/* Row by row: the first of the sources that holds a text, else the first that is not null. With
 * `direct`, the first source stands wherever it is not null. */
static void merge(struct carry *sources, uint32_t nsources, bool direct, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct carry *found = NULL;
		for (uint32_t s = 0; s < nsources; s++) {
			if (!builder_has(sources[s].from, i))
				continue;
			bool text = (direct && s == 0) || holds_text(sources[s].from, i);
			if (!found || text)
				found = &sources[s];
			if (text)
				break;
		}
		if (found)
			carry_put(found, i, i);
	}
}

static void fill_common(struct decoder *d, int column, uint32_t n)
{
	const struct common_field *field = &d->schema->common[column];
	struct builder *to = &d->builders[column];
	const struct builder *first = NULL;
	int first_column = -1;
	uint32_t used = 0;
	for (uint32_t i = 0; i < field->ncolumns; i++) {
		const struct builder *from = builder_of(d, field->columns[i]);
		used += from->used;
		if (from->used && !first) {
			first = from;
			first_column = field->columns[i];
		}
	}
	bool direct = field->direct && to->used;
	if (!first || (direct && !null_somewhere(to, n)))
		return;
	if (!direct && (used == 1 || text_everywhere(first, n))) {
		d->shares[column] = first_column;
		return;
	}
	struct builder old;
	struct carry *sources =
		arena_alloc(&d->batch_mem, (field->ncolumns + 1ul) * sizeof(*sources));
	uint32_t nsources = 0;
	builder_take(to, &old);
	if (direct)
		sources[nsources++] = carry_begin(d, &old, to);
	for (uint32_t i = 0; i < field->ncolumns; i++) {
		const struct builder *from = builder_of(d, field->columns[i]);
		if (from->used && from != to)
			sources[nsources++] = carry_begin(d, from, to);
	}
	merge(sources, nsources, direct, n);
	builder_fini(&old);
	if (to->plain)
		builder_end_plain(to, n);
}

/* The address's 16 bytes, once per distinct text. */
static void fill_ip_bytes(struct decoder *d, uint32_t n)
{
	const struct builder *from = builder_of(d, SYS_IP);
	struct builder *to = &d->builders[SYS_IP_BYTES];
	if (!from->used)
		return;
	uint32_t count = from->plain ? 0 : from->ndistinct;
	uint32_t *codes = arena_alloc(&d->batch_mem, count * sizeof(*codes));
	to->keep = true;
	uint8_t ip[16];
	for (uint32_t c = 0; c < count; c++) {
		struct slice text = {from->heap + from->off[c], from->off[c + 1] - from->off[c]};
		codes[c] = CODE_NULL;
		if (value_ip(text, ip) < 0)
			continue;
		/* Value 0 takes each in turn and is set right below. */
		codes[c] = builder_put(to, 0, (char *)ip, 16);
	}
	if (count) {
		for (uint32_t i = 0; i < n; i++)
			to->codes[i] =
				from->codes[i] == CODE_NULL ? CODE_NULL : codes[from->codes[i]];
		return;
	}
	for (uint32_t i = 0; i < n; i++) {
		if (builder_has(from, i) && value_ip(builder_text(from, i), ip) == 0)
			builder_put(to, i, (char *)ip, 16);
	}
}

/* The record's own instance in its normal form; "" where it names none. */
static void fill_instance(struct decoder *d, uint32_t n)
{
	int column = d->schema->instance_column;
	if (d->instance[0] || column < 0)
		return;
	const struct builder *from = builder_of(d, column);
	struct builder *to = &d->builders[SYS_INSTANCE];
	uint32_t count = from->used && !from->plain ? from->ndistinct : 0;
	uint32_t *codes = arena_alloc(&d->batch_mem, count * sizeof(*codes));
	memset(codes, 0xff, count * sizeof(*codes));
	to->keep = true;
	uint32_t none = builder_put(to, 0, "", 0);
	for (uint32_t i = 0; i < n; i++) {
		if (!from->used || !builder_has(from, i)) {
			to->codes[i] = none;
			continue;
		}
		uint32_t code = count ? codes[from->codes[i]] : CODE_NULL;
		if (code == CODE_NULL) {
			buf_clear(&d->scratch);
			decode_instance(builder_text(from, i), &d->scratch);
			code = builder_put(to, i, d->scratch.len ? d->scratch.ptr : "",
				(uint32_t)d->scratch.len);
			if (count)
				codes[from->codes[i]] = code;
		}
		to->codes[i] = code;
	}
	builder_compact(to, n); /* "" may stand for no row */
}

void derive_columns(struct decoder *d, uint32_t n)
{
	for (uint32_t c = 0; c < d->nbuilders; c++) {
		d->shares[c] = -1;
		struct builder *b = &d->builders[c];
		if (b->plain)
			builder_end_plain(b, b->lane->n);
		if (d->rolled_back && b->used)
			builder_compact(b, b->lane->n);
	}
	for (int column = SYS_ACTOR; column <= SYS_SUMMARY; column++) {
		if (column != SYS_IP_BYTES && column != SYS_TARGET && column != SYS_TARGET_TYPE)
			fill_common(d, column, n);
	}
	fill_ip_bytes(d, n);
	fill_instance(d, n);
	derive_targets(d, n);
}
