/* SPDX-License-Identifier: Apache-2.0 */
/*
 * detect.h: rules over the stored events: those that were just committed, and all of history, by the same
 * code. Alerts are a function of the set of stored events: what is looked at anew is always whole days of whole
 * groups, read from the tables, so it does not matter in which order events came, or what was running then.
 *
 *   pending segments ──► hits ──► which (rule, group, day) can have changed ──► all hits of those, from every segment
 *                        engine                                                  correlate ──► alerts_replace
 */
#ifndef PIPELINE_DETECT_H
#define PIPELINE_DETECT_H

#include "detect/rule.h"
#include "pipeline/pipeline.h"
#include "store/alerts.h"

struct detect_catch;
struct detect_options {
	const struct rules *rules;
	const bool *only; /* rules->n of them: the rules that are asked for; NULL = all */
	unsigned threads; /* 0 = the machine's cores */
	uint64_t memory;  /* for hits; 0 = a quarter of BUDGET_DEFAULT */
	bool lake;        /* a replay asks the lake's own files, even where a cluster is set */
	bool quiet;       /* nobody is told of new alerts */
	bool dry_run;     /* nothing is written; `each` is called instead */
	/* Called for every alert that was found; texts borrowed. May be NULL. */
	void (*each)(void *ctx, const struct alert_found *alert);
	void *ctx;
	void (*progress)(void *ctx, uint64_t rows, uint64_t of);
	void *progress_ctx;
	const volatile int *stop;
	struct detect_catch
		*catch; /* hits that this process caught (detect_catch.h); NULL = none */
};
struct detect_result {
	uint64_t segments, rows; /* read; a row counts as often as it was looked at */
	uint64_t hits, alerts;
	struct alert_changes changes;
	uint64_t gave_up; /* values on which a regular expression gave up */
	uint64_t unread;  /* segments that could not be read */
};

/* The rules of a data folder: shipped ones, those in DIR/rules, with DIR/rules/settings.yml. */
int detect_rules(const char *data_dir, struct rules **rules, struct err *err);
/* The same as they were with `settings` (not empty) for the text of that file. */
int detect_rules_with(
	const char *data_dir, struct slice settings, struct rules **rules, struct err *err);
/* Looks at the segments that nobody has looked at. 0 where there are none, or another process is at it: it will see ours as
 * well. Adds to *result. -1: ERR_INTERRUPTED by stop; what was done is done. */
int detect_pending(struct store *store, const struct detect_options *options,
	struct detect_result *result, struct err *err);
/* All stored events (where a cluster is set for the lake, those on the cluster, unless alerts are written and the lake has events of its
 * own) of the days that [since, until) touches; INT64_MIN, INT64_MAX = open, and then those without time as well. */
int detect_replay(struct store *store, const struct detect_options *options, int64_t since,
	int64_t until, struct detect_result *result, struct err *err);

#endif
