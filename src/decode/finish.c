/* SPDX-License-Identifier: Apache-2.0 */
/* finish.c: columns that are full are copied to the batch at their exact size; the decoder keeps
 * its own memory, warm, for the next batch. */
#include "decode/private.h"

/* One batch. */
struct finish {
	struct decoder *d;
	struct batch *batch;
	uint32_t *null_codes; /* of the longest column that was all null so far */
	uint32_t nnull_codes;
};

static void *copy(struct finish *f, const void *from, size_t size)
{
	void *to = arena_alloc(&f->batch->mem, size);
	if (size)
		memcpy(to, from, size);
	return to;
}

/* The bits of n values, or NULL where none is set. */
static uint64_t *copy_nulls(struct finish *f, const uint64_t *nulls, uint32_t n)
{
	uint64_t any = 0;
	for (uint32_t i = 0; i < n / 64; i++)
		any |= nulls[i];
	if (n % 64)
		any |= nulls[n / 64] & ((UINT64_C(1) << (n % 64)) - 1);
	if (!any)
		return NULL;
	uint64_t *to = copy(f, nulls, (n + 63) / 64 * 8);
	if (n % 64)
		to[n / 64] &= (UINT64_C(1) << (n % 64)) - 1;
	return to;
}

/* A string column without any value; all of them have the same codes. */
static void give_null(struct finish *f, struct column *out, uint32_t n)
{
	out->shared = n <= f->nnull_codes;
	if (!out->shared) {
		f->null_codes = arena_alloc(&f->batch->mem, n * sizeof(*f->null_codes));
		memset(f->null_codes, 0xff, n * sizeof(*f->null_codes));
		f->nnull_codes = n;
	}
	out->codes = f->null_codes;
	out->off = arena_zalloc(&f->batch->mem, 1, sizeof(*out->off));
}

static void give_string(struct finish *f, const struct builder *b, struct column *out, uint32_t n)
{
	if (!b->used) {
		give_null(f, out, n);
		return;
	}
	out->plain = b->plain;
	out->ndistinct = b->plain ? n : b->ndistinct;
	if (b->plain)
		out->nulls = copy_nulls(f, b->nulls, n);
	else
		out->codes = copy(f, b->codes, n * sizeof(*out->codes));
	out->off = copy(f, b->off, (out->ndistinct + 1ul) * sizeof(*out->off));
	out->heap = copy(f, b->heap, b->heap_len);
}

static void give_column(struct finish *f, uint32_t c)
{
	const struct builder *b = &f->d->builders[c];
	struct column *out = &f->batch->columns[c];
	uint32_t n = b->lane->n;
	out->n = n;
	if (n == 0)
		return;
	if (builder_is_string(b)) {
		give_string(f, b, out, n);
		return;
	}
	out->nulls = copy_nulls(f, b->nulls, n);
	if (b->type == COL_BOOL)
		out->bools = copy(f, b->bools, n);
	else if (b->type == COL_UUID)
		out->uuid = copy(f, b->uuid, n * sizeof(*out->uuid));
	else
		out->i64 = copy(f, b->i64, n * sizeof(*out->i64));
}

/* Values under a null bit are zero, whatever was there before. */
static void clear_nulls(struct column *out)
{
	for (uint32_t i = 0; out->nulls && i < out->n; i++) {
		if (!bit_get(out->nulls, i))
			continue;
		if (out->i64)
			out->i64[i] = 0;
		if (out->bools)
			out->bools[i] = 0;
		if (out->uuid)
			memset(out->uuid[i], 0, 16);
	}
}

static void give_constant_text(struct finish *f, int c, const char *text, uint32_t n)
{
	struct column *out = &f->batch->columns[c];
	uint32_t off[2] = {0, (uint32_t)strlen(text)};
	out->n = n;
	out->ndistinct = 1;
	out->codes = arena_zalloc(&f->batch->mem, n, sizeof(*out->codes));
	out->off = copy(f, off, sizeof(off));
	out->heap = copy(f, text, off[1]);
}

static void give_flags(struct finish *f, int c, uint8_t flag, uint32_t n)
{
	struct column *out = &f->batch->columns[c];
	out->n = n;
	out->bools = arena_alloc(&f->batch->mem, n);
	for (uint32_t i = 0; i < n; i++)
		out->bools[i] = (f->d->flags[i] & flag) != 0;
}

/* The system columns that are not in the records. */
static void give_system(struct finish *f, uint32_t n)
{
	struct decoder *d = f->d;
	struct column *received = &f->batch->columns[SYS_RECEIVED_AT];
	received->n = n;
	received->i64 = arena_alloc(&f->batch->mem, n * sizeof(*received->i64));
	for (uint32_t i = 0; i < n; i++)
		received->i64[i] = d->options.received_at;
	give_constant_text(f, SYS_SOURCE, d->options.source, n);
	if (d->instance[0] || d->schema->instance_column < 0)
		give_constant_text(f, SYS_INSTANCE, d->instance, n);
	give_flags(f, SYS_REPAIRED, ROW_REPAIRED, n);
	give_flags(f, SYS_LENIENT_TIME, ROW_LENIENT_TIME, n);
	give_flags(f, SYS_SECONDARY, ROW_SECONDARY, n);
}

/* The columns that decoding fills: not those that the store does, nor those of give_system. */
static bool from_records(const struct decoder *d, uint32_t c)
{
	switch (c) {
	case SYS_EVENT_ID:
	case SYS_RECEIVED_AT:
	case SYS_SOURCE:
	case SYS_REPAIRED:
	case SYS_LENIENT_TIME:
	case SYS_SECONDARY:
	case SYS_VAULT_FILE:
	case SYS_VAULT_FRAME:
	case SYS_VAULT_OFFSET:
	case SYS_VAULT_LENGTH:
		return false;
	case SYS_INSTANCE:
		return !d->instance[0] && d->schema->instance_column >= 0;
	default:
		return true;
	}
}

static void give_columns(struct finish *f)
{
	struct decoder *d = f->d;
	for (uint32_t c = 0; c < d->nbuilders; c++) {
		if (from_records(d, c) && d->shares[c] < 0) {
			give_column(f, c);
			clear_nulls(&f->batch->columns[c]);
		}
	}
	for (uint32_t c = 0; c < d->nbuilders; c++) {
		int from = d->shares[c];
		if (from < 0)
			continue;
		while (d->shares[from] >= 0)
			from = d->shares[from];
		f->batch->columns[c] = f->batch->columns[from];
		f->batch->columns[c].shared = true;
	}
}

static void give_lists(struct finish *f, uint32_t n)
{
	for (uint32_t g = 0; g < f->d->nlists; g++) {
		const struct list_state *list = &f->d->lists[g];
		struct group *out = &f->batch->groups[g];
		out->nelements = list->lane->n;
		out->list_off = copy(f, list->off, (n + 1ul) * sizeof(*out->list_off));
		if (list->anynull)
			out->nulls = copy_nulls(f, list->nulls, n);
	}
}

static void reset(struct decoder *d)
{
	for (uint32_t lane = 0; lane <= d->nlists; lane++)
		lane_reset(&d->lanes[lane]);
	for (uint32_t g = 0; g < d->nlists; g++) {
		struct list_state *list = &d->lists[g];
		if (list->cap)
			memset(list->nulls, 0, (list->cap + 63) / 64 * 8);
		list->anynull = false;
	}
	arena_fini(&d->batch_mem);
}

void finish_batch(struct decoder *d, struct batch *batch)
{
	struct finish f = {.d = d, .batch = batch};
	uint32_t n = d->row;
	batch->nrows = n;
	d->lanes[0].n = n;
	if (n > 0) {
		derive_columns(d, n);
		batch->keys = arena_alloc(&batch->mem, n * sizeof(*batch->keys));
		identity_keys(d, n, batch->keys);
		give_columns(&f);
		give_system(&f, n);
		give_lists(&f, n);
		batch->records = copy(&f, d->places, n * sizeof(*d->places));
		batch->flags = copy(&f, d->flags, n);
	}
	reset(d);
}
