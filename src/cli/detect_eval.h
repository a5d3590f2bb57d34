/* SPDX-License-Identifier: Apache-2.0 */
/* detect_eval.h (private to cli/): rules tried on a file of any JSON events, without schema and store. */
#ifndef CLI_DETECT_EVAL_H
#define CLI_DETECT_EVAL_H

#include "batch/batch.h"
#include "cli/private.h"
#include "detect/rule.h"
#include "match/match.h"

/* Events of a file, all in memory. */
struct eval_events {
	uint32_t n, cap;
	struct slice *of; /* JSON objects, well-formed */
	uint32_t unread;  /* parts that are no object */
	struct arena mem;
};
/* Reads NDJSON, objects one after another, or an array of objects; plain or packed. What is no object is told on
 * standard error and counted. 0 or -1. */
int eval_events_read(const char *path, struct eval_events *events, struct err *err);
void eval_events_free(struct eval_events *events);

/* Events [from, from + n) as a batch of two columns: the event itself, whose paths are fields, and a list of its
 * scalars, where keywords are looked for. `batch` is batch_fini'ed by the caller. */
void eval_batch(const struct eval_events *events, uint32_t from, uint32_t n, struct batch *batch);
extern const struct batch_shape eval_shape;
uint32_t eval_resolve(const void *ctx, const struct batch_shape *shape, struct slice name,
	enum test_op op, struct match_field *fields);
/* The first value of a field of an event as text into `out` (cleared); false where there is none, or null. */
bool eval_value(struct slice event, struct slice path, struct buf *out);

/* Which rules matched which events: one bit row for each rule (NULL for correlations). */
struct eval_hits {
	const struct rules *rules;
	const struct eval_events *events;
	uint64_t **of;
	const char *time_field; /* NULL: one of the usual names */
};
/* Correlations over what matched: bits of the events that complete one. 0, or the number of events without a time, which
 * count for none. */
uint32_t eval_correlate(struct eval_hits *hits);

int detect_eval(const struct command_line *line);

#endif
