/* SPDX-License-Identifier: Apache-2.0 */
/* test_ledger.h: what the tests of the ledger share: windows begun and ended, lists compared as text. */
#ifndef STORE_TEST_LEDGER_H
#define STORE_TEST_LEDGER_H

#include "store/ledger_private.h"
#include "store/test_lake.h"
#include "store/test_store.h"

static inline uint64_t begin(
	struct store *store, const char *source, enum ledger_kind kind, int64_t from, int64_t to)
{
	uint64_t id;
	struct err err;
	if (ledger_begin(store, source, kind, NULL, from, to, &id, &err) < 0)
		fail_msg("%s", err.text);
	return id;
}

static inline void end(struct store *store, uint64_t id, enum ledger_state state, const char *why)
{
	struct err err;
	if (ledger_end(store, id, state, why, &err) < 0)
		fail_msg("%s", err.text);
}

/* Any list as text, to be compared at once. */
static inline void expect(struct buf *out, const char *text)
{
	buf_append(out, "", 1);
	assert_string_equal(out->ptr, text);
	buf_fini(out);
}

static inline int note_gap(void *ctx, const struct ledger_gap *gap, struct err *err)
{
	(void)err;
	if (gap->node)
		buf_printf(ctx, "%s %s %u %u-%u%s; ", gap->source, gap->node, gap->day, gap->first,
			gap->last, gap->at_start ? " at start" : "");
	else
		buf_printf(
			ctx, "%s [%d,%d)%s; ", gap->source, (int)gap->from, (int)gap->to, gap->why);
	return 0;
}

static inline void expect_gaps(struct store *store, const char *source, const char *text)
{
	struct buf out;
	struct err err;
	buf_init(&out, 1 << 20);
	buf_puts(&out, "");
	assert_int_equal(ledger_gaps(store, source, note_gap, &out, &err), 0);
	expect(&out, text);
}

#endif
