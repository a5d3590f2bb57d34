/* SPDX-License-Identifier: Apache-2.0 */
/* checksum.c: both sides of checksum.h; SipHash-2-4 with a key of zeros (Aumasson, Bernstein: SipHash, 2012). */
#include "cluster/checksum.h"

#include <inttypes.h>
#include <stdlib.h>

#include "cluster/private.h"
#include "schema/schema.h"

enum { NULL_ELEMENT = 7 };

/* ---- hashes ---------------------------------------------------------------------------------- */

static inline uint64_t turn(uint64_t x, int by)
{
	return x << by | x >> (64 - by);
}

struct sip {
	uint64_t v0, v1, v2, v3;
};

static inline void sip_round(struct sip *s)
{
	s->v0 += s->v1;
	s->v1 = turn(s->v1, 13) ^ s->v0;
	s->v0 = turn(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = turn(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = turn(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = turn(s->v1, 17) ^ s->v2;
	s->v2 = turn(s->v2, 32);
}

static inline void sip_word(struct sip *s, uint64_t word)
{
	s->v3 ^= word;
	sip_round(s);
	sip_round(s);
	s->v0 ^= word;
}

uint64_t sip_hash64(struct slice bytes)
{
	struct sip s = {UINT64_C(0x736f6d6570736575), UINT64_C(0x646f72616e646f6d),
		UINT64_C(0x6c7967656e657261), UINT64_C(0x7465646279746573)};
	size_t at = 0;
	for (; at + 8 <= bytes.len; at += 8)
		sip_word(&s, hash_load8(bytes.ptr + at));
	uint64_t last = (uint64_t)bytes.len << 56;
	for (size_t i = 0; at + i < bytes.len; i++)
		last |= (uint64_t)(uint8_t)bytes.ptr[at + i] << 8 * i;
	sip_word(&s, last);
	s.v2 ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

uint64_t int_hash64(uint64_t x)
{
	x ^= UINT64_C(0x4cf2d2baae6da887); /* as ClickHouse does: so 0 is not 0 */
	x ^= x >> 33;
	x *= UINT64_C(0xff51afd7ed558ccd);
	x ^= x >> 33;
	x *= UINT64_C(0xc4ceb9fe1a85ec53);
	return x ^ x >> 33;
}

/* ---- columns --------------------------------------------------------------------------------- */

static bool left_out(uint32_t column)
{
	return column >= SYS_VAULT_FILE && column <= SYS_VAULT_LENGTH;
}

static uint64_t factor(const struct batch_shape *shape, uint32_t column)
{
	struct buf name;
	buf_init(&name, 4096);
	cluster_column_name(&name, shape, column);
	uint64_t n = sip_hash64(buf_view(&name)) | 1;
	buf_fini(&name);
	return n;
}

#define LISTS_FACTOR UINT64_C(0x9e3779b97f4a7c15)

static int find_in(
	const struct batch_shape *table, const struct batch_shape *shape, uint32_t column)
{
	struct buf name, other;
	int found = -1;
	buf_init(&name, 4096);
	buf_init(&other, 4096);
	cluster_column_name(&name, shape, column);
	for (uint32_t c = 0; c < table->ncolumns && found < 0; c++) {
		buf_clear(&other);
		cluster_column_name(&other, table, c);
		if (slice_eq(buf_view(&name), buf_view(&other)))
			found = (int)c;
	}
	buf_fini(&name);
	buf_fini(&other);
	return found;
}

/* ---- as SQL ---------------------------------------------------------------------------------- */

/* The number of what `x` stands for: a value that may be null, or an element. */
static void value_sql(struct buf *out, const struct cluster_features *features, enum col_type type,
	const char *x, int null)
{
	const char *form = "intHash64(%s) + 1";
	if (col_is_string(type) || type == COL_UUID)
		form = "sipHash64(%s)";
	else if (type == COL_TIME && features->datetime64)
		form = "intHash64(toUnixTimestamp64Micro(%s)) + 1";
	const char *hole = strstr(form, "%s");
	buf_printf(out, "ifNull(%.*s%s%s, %d)", (int)(hole - form), form, x, hole + 2, null);
}

static void column_sql(struct buf *out, const struct cluster_features *features,
	const struct batch_shape *shape, uint32_t c)
{
	enum col_type type = shape->columns[c].type;
	struct buf name;
	buf_init(&name, 4096);
	cluster_column_name(&name, shape, c);
	buf_push(&name, '\0');
	if (c == SYS_EVENT_ID) {
		buf_puts(out, "sipHash64(_id)");
	} else if (c == SYS_EVENT_TIME) {
		buf_puts(out, "(intHash64(_time) + 1)");
	} else if (shape->columns[c].group == NO_GROUP) {
		value_sql(out, features, type, name.ptr, 0);
	} else {
		buf_puts(out, "(arraySum((x, i) -> intHash64(");
		value_sql(out, features, type, "x", NULL_ELEMENT);
		buf_printf(out, " + i), %s, arrayEnumerate(%s)) + length(%s))", name.ptr, name.ptr,
			name.ptr);
	}
	buf_fini(&name);
}

void checksum_sql(
	struct buf *out, const struct cluster_features *features, const struct batch_shape *table)
{
	buf_puts(out, "intHash64(");
	for (uint32_t c = 0; c < table->ncolumns; c++) {
		if (left_out(c))
			continue;
		column_sql(out, features, table, c);
		buf_printf(out, " * %" PRIu64 " + ", factor(table, c));
	}
	buf_printf(out, "intHash64(_null_lists) * %" PRIu64 ")", LISTS_FACTOR);
}

/* ---- here ------------------------------------------------------------------------------------ */

/* The number of each value: of distinct ones once. */
struct numbers {
	const struct column *col;
	enum col_type type;
	uint64_t *distinct; /* of a dictionary; else NULL */
	uint64_t null;
};

static void numbers_init(
	struct numbers *n, const struct column *col, enum col_type type, uint64_t null)
{
	*n = (struct numbers){col, type, NULL, null};
	if (!col_is_string(type) || col->plain || !col->codes)
		return;
	n->distinct = xmalloc((col->ndistinct + 1u) * sizeof(*n->distinct));
	for (uint32_t d = 0; d < col->ndistinct; d++)
		n->distinct[d] = sip_hash64(
			(struct slice){col->heap + col->off[d], col->off[d + 1] - col->off[d]});
}

static uint64_t number(const struct numbers *n, uint32_t i)
{
	const struct column *col = n->col;
	if (i >= col->n || column_is_null(col, i))
		return n->null;
	switch (n->type) {
	case COL_STRING:
	case COL_JSON:
	case COL_IP:
		return n->distinct ? n->distinct[col->codes[i]] : sip_hash64(column_text(col, i));
	case COL_UUID:
		return sip_hash64((struct slice){(const char *)col->uuid[i], 16});
	case COL_BOOL:
		return int_hash64(col->bools[i]) + 1;
	case COL_INT64:
	case COL_INT32:
	case COL_TIME:
		break;
	}
	return int_hash64((uint64_t)col->i64[i]) + 1;
}

static void add_column(const struct batch *batch, uint32_t c, uint64_t by, uint64_t *sums)
{
	struct numbers n;
	const struct column_shape *shape = &batch->shape->columns[c];
	const struct group *group = shape->group == NO_GROUP ? NULL : &batch->groups[shape->group];
	uint64_t null = group ? NULL_ELEMENT : 0;
	if (c == SYS_EVENT_TIME)
		null = int_hash64((uint64_t)CLUSTER_NO_TIME) + 1;
	numbers_init(&n, &batch->columns[c], shape->type, null);
	for (uint32_t row = 0; row < batch->nrows; row++) {
		uint64_t value = 0;
		if (!group) {
			value = number(&n, row);
		} else if (group->list_off) {
			uint32_t from = group->list_off[row], to = group->list_off[row + 1];
			for (uint32_t e = from; e < to; e++)
				value += int_hash64(number(&n, e) + (e - from + 1));
			value += to - from;
		}
		sums[row] += value * by;
	}
	free(n.distinct);
}

void checksum_rows(const struct batch *batch, const struct batch_shape *table, uint64_t *numbers)
{
	const struct batch_shape *shape = batch->shape;
	int lists[NATIVE_LISTS];
	memset(numbers, 0, batch->nrows * sizeof(*numbers));
	for (uint32_t c = 0; c < shape->ncolumns; c++) {
		if (!left_out(c) && find_in(table, shape, c) >= 0)
			add_column(batch, c, factor(shape, c), numbers);
	}
	native_match_lists(lists, table, shape);
	for (uint32_t row = 0; row < batch->nrows; row++)
		numbers[row] = int_hash64(
			numbers[row] +
			int_hash64(native_null_lists(lists, batch, table, row)) * LISTS_FACTOR);
}
