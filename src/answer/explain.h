/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain.h (answer/): can a rule fire? What it asks for, test by test: whether the tables have the field, whether a value was ever seen there,
 * when last; and whether the audit level that is collected is enough.
 */
#ifndef ANSWER_EXPLAIN_H
#define ANSWER_EXPLAIN_H

#include "answer/answer.h"

enum { EXPLAIN_LEVELS = 3 };
extern const char *const explain_levels[EXPLAIN_LEVELS]; /* BASE, ADVANCED, FULL */

/* What was seen in one table. */
struct explain_seen {
	const char *table;
	bool has_field; /* of a test: the table has its field */
	uint64_t n;
	int64_t last; /* INT64_MIN = never, or without a time */
	int64_t took_us;
};
struct explain_test {
	const char *text; /* for people */
	bool negated;
	uint32_t nseen;
	struct explain_seen *seen;
};
struct explain_coverage {
	const char *table;
	uint64_t n[EXPLAIN_LEVELS];
};
struct rule_explained {
	const struct rule *rule;
	uint32_t ncoverage;
	struct explain_coverage *coverage; /* where the rule says which audit level it takes */
	uint32_t ntests;
	struct explain_test *tests;
	uint32_t nwhole;
	struct explain_seen *whole; /* events that the rule matches */
	uint32_t nrules;
	struct rule_explained *rules; /* of a correlation */
	bool fires;                   /* all that it needs has been seen */
};

struct explain_request {
	const struct search_tables *tables;
	const struct rules *rules;
	unsigned threads;
	uint64_t memory;
	const volatile int *stop;
};
/* Explains a rule; what *out points to is in `mem`. 0 or -1: ERR_INTERRUPTED by stop. */
int rule_explain(struct store *store, const struct explain_request *request,
	const struct rule *rule, struct arena *mem, struct rule_explained *out, struct err *err);
/* `pugmark detect explain --json`: one object; without the rule's own members. */
void answer_explained(const struct rule_explained *explained, struct buf *out);

#endif
