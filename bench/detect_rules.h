/* SPDX-License-Identifier: Apache-2.0 */
/*
 * detect_rules.h: made-up detection rules with SigmaHQ's mix of modifiers, over columns that Bitbucket's events
 * have: as expressions, and as Sigma files. The same number and values give the same rules.
 */
#ifndef BENCH_DETECT_RULES_H
#define BENCH_DETECT_RULES_H

#include "batch/batch.h"
#include "match/expr.h"

enum { FIELDS = 14 };
struct rule_field {
	const char *path;   /* as a rule names it */
	const char *column; /* as batch_find_column does */
	bool many;          /* more than 10,000 distinct values */
	uint32_t nvalues;   /* seen in the data, some of them */
	struct slice *values;
};
/* Collects values of the fields from a batch; in `mem`. */
void rule_fields_fill(
	struct rule_field fields[FIELDS], const struct batch *batch, struct arena *mem);
extern const struct rule_field rule_fields[FIELDS];
/* Of 1,000 rules so many are made of values that occur. */
extern unsigned rules_real;
/* Where given, all tests name this field (of any table) instead. */
extern const char *rules_field;

/* Makes rule number `i`; in `mem`. `yaml` (may be NULL) gets its Sigma text. */
const struct expr *rule_make(
	const struct rule_field fields[FIELDS], uint32_t i, struct arena *mem, struct buf *yaml);

#endif
