/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sketch.c: counts by hash of (rule, group, stretch), and a table of what was counted last, so that a value counts once.
 *
 * Events come mostly in the order of time: each stretch has a block of its own (which it may share), so that what is counted one after
 * another stands together in the first cache. Spread over the whole tables, a hit took 70 ns.
 */
#include "detect/sketch.h"

#include <stdatomic.h>
#include <stdlib.h>

enum {
	BITS_LEAST = 12,
	BITS_MOST = 25,
	BLOCKS_BITS = 9, /* of blocks; more hits make them larger */
	PER_VALUE = 3,   /* one value for 1 << 3 counts */
	FULL = 255,      /* a count ends here */
};

struct kept_rule {
	enum correlate_count counts;
	uint32_t least;
	int64_t span;
	unsigned spread; /* bits: over how many blocks a stretch goes */
};
struct sketch {
	struct kept_rule *rules;
	bool any;
	unsigned bits, block;    /* of all, of a block */
	_Atomic uint8_t *counts; /* 1 << bits */
	/* 1 << (bits - PER_VALUE): the hash of (rule, group, stretch, value) that was counted last of those that share the place; 0 = none */
	_Atomic uint64_t *values;
};

static uint64_t bytes_of(unsigned bits)
{
	return (sizeof(uint8_t) << bits) + (sizeof(uint64_t) << (bits - PER_VALUE));
}

/* A rule with few stretches in all that time takes all blocks for them. */
static void spread_rule(const struct sketch *sketch, struct kept_rule *rule, uint64_t time)
{
	uint64_t blocks = UINT64_C(1) << (sketch->bits - sketch->block);
	uint64_t stretches = rule->span ? time / (uint64_t)rule->span + 1 : blocks;
	while (rule->spread < 16 && stretches << (rule->spread + 1) <= blocks)
		rule->spread++;
}

struct sketch *sketch_new(const struct rules *rules, const bool *wanted, struct sketch_size size)
{
	struct sketch *sketch = xcalloc(1, sizeof(*sketch));
	sketch->rules = xcalloc((size_t)rules->n + 1, sizeof(*sketch->rules));
	for (uint32_t r = 0; r < rules->n; r++) {
		struct kept_rule rule = {COUNT_NOTHING, 0, 0, 0};
		if (wanted[r])
			rule.counts = correlate_least(rules->of[r], &rule.least);
		if (rule.counts == COUNT_NOTHING || rule.least > FULL)
			continue;
		rule.span = rules->of[r]->correlation->timespan;
		sketch->rules[r] = rule;
		sketch->any = true;
	}
	if (!sketch->any)
		return sketch;
	sketch->bits = BITS_LEAST;
	while (sketch->bits < BITS_MOST && UINT64_C(1) << sketch->bits < 2 * size.hits &&
		bytes_of(sketch->bits + 1) <= size.memory)
		sketch->bits++;
	sketch->block =
		sketch->bits > BITS_LEAST + BLOCKS_BITS ? sketch->bits - BLOCKS_BITS : BITS_LEAST;
	for (uint32_t r = 0; r < rules->n; r++)
		spread_rule(sketch, &sketch->rules[r], size.time);
	sketch->counts = xcalloc((size_t)1 << sketch->bits, sizeof(*sketch->counts));
	sketch->values = xcalloc((size_t)1 << (sketch->bits - PER_VALUE), sizeof(*sketch->values));
	return sketch;
}

void sketch_free(struct sketch *sketch)
{
	if (!sketch)
		return;
	free(sketch->rules);
	free(sketch->counts);
	free(sketch->values);
	free(sketch);
}

bool sketch_counts(const struct sketch *sketch, uint32_t rule)
{
	return sketch->rules[rule].counts != COUNT_NOTHING;
}

bool sketch_counts_any(const struct sketch *sketch)
{
	return sketch->any;
}

/* The group is another one for each rule, so it stands for both. Above the lowest `block` bits: the number of its stretch's. */
static uint64_t place_of(const struct sketch *sketch, const struct hit *hit, int64_t stretch)
{
	uint64_t mixed = (uint64_t)stretch * UINT64_C(0xd1342543de82ef95);
	uint64_t within = hash_fold(hit->group ^ UINT64_C(0x9e3779b97f4a7c15), mixed + 1);
	uint64_t more = within & ((UINT64_C(1) << sketch->rules[hit->rule].spread) - 1);
	uint64_t block =
		((mixed >> 32) + more) & ((UINT64_C(1) << (sketch->bits - sketch->block)) - 1);
	return block << sketch->block | within >> (64 - sketch->block);
}

static int64_t stretch_of(const struct kept_rule *rule, int64_t time)
{
	return time >= 0 ? time / rule->span : -((rule->span - 1 - time) / rule->span);
}

/* Whether the value was counted in this stretch already. Told wrongly only in one way: that it was not. */
static bool known(struct sketch *sketch, const struct hit *hit, int64_t stretch, uint64_t place,
	uint64_t value)
{
	uint64_t whole = hash_fold(hit->group + (uint64_t)stretch * UINT64_C(0x9e3779b97f4a7c15),
		value ^ UINT64_C(0x2545f4914f6cdd1d));
	whole += whole == 0;
	unsigned bits = sketch->block - PER_VALUE;
	_Atomic uint64_t *last =
		&sketch->values[place >> sketch->block << bits | whole >> (64 - bits)];
	if (atomic_load_explicit(last, memory_order_relaxed) == whole)
		return true;
	atomic_store_explicit(last, whole, memory_order_relaxed);
	return false;
}

void sketch_add(struct sketch *sketch, const struct hit *hit)
{
	const struct kept_rule *rule = &sketch->rules[hit->rule];
	if (hit->time == INT64_MIN)
		return;
	int64_t stretch = stretch_of(rule, hit->time);
	uint64_t place = place_of(sketch, hit, stretch);
	if (rule->counts != COUNT_EVENTS &&
		known(sketch, hit, stretch, place,
			rule->counts == COUNT_VALUES ? hit->value : hit->member & INT32_MAX))
		return;
	_Atomic uint8_t *count = &sketch->counts[place];
	uint8_t n = atomic_load_explicit(count, memory_order_relaxed);
	while (n < FULL && !atomic_compare_exchange_weak_explicit(count, &n, (uint8_t)(n + 1),
				   memory_order_relaxed, memory_order_relaxed))
		;
}

static uint32_t count_of(const struct sketch *sketch, const struct hit *hit, int64_t stretch)
{
	return atomic_load_explicit(
		&sketch->counts[place_of(sketch, hit, stretch)], memory_order_relaxed);
}

bool sketch_keeps(const struct sketch *sketch, const struct hit *hit)
{
	const struct kept_rule *rule = &sketch->rules[hit->rule];
	if (rule->counts == COUNT_NOTHING || hit->time == INT64_MIN)
		return true;
	int64_t at = stretch_of(rule, hit->time);
	uint32_t here = count_of(sketch, hit, at);
	return here >= rule->least || here + count_of(sketch, hit, at - 1) >= rule->least ||
	       here + count_of(sketch, hit, at + 1) >= rule->least;
}
