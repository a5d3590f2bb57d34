/* SPDX-License-Identifier: Apache-2.0 */
/* memo.c: keeping objects that were parsed, as long as it pays. */
#include "decode/memo.h"

#include <stdlib.h>

static size_t entries_bytes(const struct memo *memo)
{
	return (size_t)MEMO_ENTRIES << memo->shift;
}

void memo_init(struct memo *memo, const struct key_node *node)
{
	*memo = (struct memo){.off = true};
	if ((node->kind != NODE_OBJECT && node->kind != NODE_LIST) || node->nchildren == 0 ||
		node->nchildren > MEMO_COLUMNS)
		return;
	for (uint32_t i = 0; i < node->nchildren; i++) {
		const struct key_node *child = &node->children[i];
		if (child->kind != NODE_LEAF || child->type != COL_STRING)
			return;
		for (uint32_t k = 0; k < i; k++) {
			if (node->children[k].builder == child->builder)
				return;
		}
	}
	memo->ncolumns = node->nchildren;
	for (uint32_t i = 0; i < node->nchildren; i++)
		memo->columns[i] = node->children[i].builder;
	memo->shift = sizeof(struct memo_entry) + 4 * memo->ncolumns <= 32 ? 5 : 6;
	memo->entries = aligned_alloc(64, entries_bytes(memo));
	if (!memo->entries)
		abort();
	memo->raw = xcalloc(MEMO_RAW + DECODE_SLACK, 1);
	memo_reset(memo);
}

void memo_fini(struct memo *memo)
{
	free(memo->entries);
	free(memo->raw);
}

void memo_reset(struct memo *memo)
{
	if (memo->ncolumns == 0)
		return;
	memset(memo->entries, 0, entries_bytes(memo));
	memo->raw_len = 0;
	memo->prefix = MEMO_PREFIX;
	memo->tries = memo->hits = 0;
	memo->off = false;
}

static bool worth_it(struct memo *memo)
{
	if (memo->tries < MEMO_TRIAL)
		return true;
	bool worth = memo->hits >= memo->tries / 4;
	memo->tries = memo->hits = 0;
	return worth;
}

void memo_add(struct memo *memo, uint64_t hash, uint32_t i, const char *p, size_t len)
{
	if (!worth_it(memo)) {
		memo->off = true;
		return;
	}
	if (len < MEMO_SHORTEST || len > MEMO_LONGEST)
		return;
	/* The hash must not reach past an object; what was found by more bytes is found no more. */
	if (len < memo->prefix) {
		memo->prefix = (uint32_t)len & ~15u;
		return;
	}
	if (memo->raw_len + len > MEMO_RAW) {
		memset(memo->entries, 0, entries_bytes(memo));
		memo->raw_len = 0;
	}
	struct memo_entry *entry = memo_entry(memo, hash);
	for (uint32_t c = 0; c < memo->ncolumns; c++) {
		if (memo->columns[c]->plain) {
			memo->off = true;
			return;
		}
		entry->codes[c] = memo->columns[c]->codes[i];
	}
	entry->tag = (uint32_t)(hash >> 32);
	entry->raw = memo->raw_len;
	entry->len = (uint32_t)len;
	memcpy(memo->raw + memo->raw_len, p, len);
	memo->raw_len += (uint32_t)len;
}
