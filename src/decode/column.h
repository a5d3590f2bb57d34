/* SPDX-License-Identifier: Apache-2.0 */
/*
 * column.h: private to decode/: columns while they are being filled. Strings are dictionary-coded
 * as they come; the hash table of a column is as large as its distinct values need, so that those
 * of a batch stay in the cache (1.3 s → 0.8 s a million events against one dictionary per file).
 */
#ifndef DECODE_COLUMN_H
#define DECODE_COLUMN_H

#include "base/base.h"
#include "batch/batch.h"

/* Bytes that may be read, and written, past a text in a heap. */
#define HEAP_SLACK 64
/* Values by which a column is found to be nearly distinct. */
#define PLAIN_AFTER 4096
/* What was there last, per position in a list modulo this. */
#define GUESSES 4

/* The source text of a value, with its quotes, and its code: the next one is often the same. */
struct guess {
	const char *ptr;
	uint32_t len, code;
};

/* A slot of a dictionary's hash table: all that a search needs but the text itself, in a quarter of
 * a cache line. */
struct slot {
	uint32_t tag;
	uint32_t number; /* code + 1; 0: free */
};

struct builder;

/* Columns that grow together: those of the rows, or those of a group's elements. */
struct lane {
	uint32_t n;   /* whole values; for rows: the row in work is number n */
	uint32_t cap; /* values that every column has room for */
	struct builder **builders;
	uint32_t nbuilders;
	uint32_t width; /* bytes of memory a value of all columns takes, about */
};

struct builder {
	enum col_type type;
	bool plain;
	uint32_t *codes; /* dictionary form: CODE_NULL where nothing was put yet */
	struct guess guess[GUESSES];
	/* the dictionary */
	struct slot *slots;
	uint32_t slot_mask, ndistinct;
	uint32_t *off;
	uint32_t off_cap;
	char *heap;
	size_t heap_len, heap_cap;
	uint32_t plain_next; /* plain form: values below it have their offset */
	int64_t *i64;
	uint8_t *bools;
	uint8_t (*uuid)[16];
	uint64_t *nulls; /* other types and plain form: 1 = nothing was put */
	bool used;       /* something was put in this batch */
	bool keep;       /* never turns plain */
	struct lane *lane;
	size_t *bytes; /* the decoder's count of memory */
};

/* Makes the columns of a lane; they take memory as it is filled. */
void lane_init(struct lane *lane, struct builder **builders, uint32_t n);
void builder_init(struct builder *b, enum col_type type, struct lane *lane, size_t *bytes);
void builder_fini(struct builder *b);
/* Room for at least n values. */
void lane_reserve(struct lane *lane, uint32_t n);
/* Takes back everything put at `from` and after. */
void lane_undo(struct lane *lane, uint32_t from, uint32_t to);
/* Empties the columns for the next batch. */
void lane_reset(struct lane *lane);
/* Forgets what guesses point at. */
void lane_forget(struct lane *lane);

/* Adds a text that find_code did not find. Returns its code; CODE_NULL where the column turned
 * plain instead (at value number i). */
uint32_t builder_add(struct builder *b, uint32_t i, const char *text, uint32_t len, uint32_t tag);
/* Plain form: value i. */
void builder_put_plain(struct builder *b, uint32_t i, const char *text, uint32_t len);
/* Gives every value of 0…n its offset (plain form). */
void builder_end_plain(struct builder *b, uint32_t n);
/* Moves what the column holds to *old (builder_fini) and leaves it empty. */
void builder_take(struct builder *b, struct builder *old);
/* Drops the distinct values that none of n values uses. */
void builder_compact(struct builder *b, uint32_t n);

static inline bool builder_is_string(const struct builder *b)
{
	return col_is_string(b->type);
}

/* Whether value i is there already. */
static inline bool builder_has(const struct builder *b, uint32_t i)
{
	if (!builder_is_string(b) || b->plain)
		return !bit_get(b->nulls, i);
	return b->codes[i] != CODE_NULL;
}

static inline struct slice builder_text(const struct builder *b, uint32_t i)
{
	uint32_t d = b->plain ? i : b->codes[i];
	return (struct slice){b->heap + b->off[d], b->off[d + 1] - b->off[d]};
}

/* Equal bytes; reads eight at a time, never past the end. */
static inline bool same_bytes(const char *a, const char *b, size_t n)
{
	if (n < 8)
		return memcmp(a, b, n) == 0;
	uint64_t differ = hash_load8(a + n - 8) ^ hash_load8(b + n - 8);
	for (size_t i = 0; i + 8 < n; i += 8)
		differ |= hash_load8(a + i) ^ hash_load8(b + i);
	return differ == 0;
}

static inline uint32_t text_tag(const char *text, size_t len)
{
	return (uint32_t)(hash_bytes(text, len) >> 32);
}

/* Brings the lines that values from i on will be written to nearer: more columns grow side by side
 * than the processor follows by itself, and together they are larger than its second-level cache. */
static inline void lane_prefetch(const struct lane *lane, uint32_t i)
{
	enum { AHEAD = 32 };
	if (i % 16 != 0 || i + AHEAD >= lane->cap)
		return;
	for (uint32_t k = 0; k < lane->nbuilders; k++) {
		const struct builder *b = lane->builders[k];
		if (b->used && b->codes)
			__builtin_prefetch(b->codes + i + AHEAD, 1);
	}
}

/* The code of a text, or CODE_NULL. */
static inline uint32_t builder_find(
	const struct builder *b, const char *text, uint32_t len, uint32_t tag)
{
	for (uint32_t s = tag & b->slot_mask;; s = (s + 1) & b->slot_mask) {
		const struct slot *slot = &b->slots[s];
		if (slot->number == 0)
			return CODE_NULL;
		if (slot->tag != tag)
			continue;
		uint32_t code = slot->number - 1, from = b->off[code];
		if (b->off[code + 1] - from == len && same_bytes(b->heap + from, text, len))
			return code;
	}
}

/* Puts a text as value i of a string column; HEAP_SLACK bytes past it may be read. Returns its
 * code, CODE_NULL in plain form. */
static inline uint32_t builder_put(struct builder *b, uint32_t i, const char *text, uint32_t len)
{
	b->used = true;
	if (!b->plain) {
		uint32_t tag = text_tag(text, len);
		uint32_t code = builder_find(b, text, len, tag);
		if (code == CODE_NULL)
			code = builder_add(b, i, text, len, tag);
		if (code != CODE_NULL) {
			b->codes[i] = code;
			return code;
		}
	}
	builder_put_plain(b, i, text, len);
	return CODE_NULL;
}

static inline void builder_put_int(struct builder *b, uint32_t i, int64_t value)
{
	b->used = true;
	b->i64[i] = value;
	b->nulls[i >> 6] &= ~(UINT64_C(1) << (i & 63));
}

static inline void builder_put_bool(struct builder *b, uint32_t i, bool value)
{
	b->used = true;
	b->bools[i] = value;
	b->nulls[i >> 6] &= ~(UINT64_C(1) << (i & 63));
}

#endif
