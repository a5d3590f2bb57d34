/* SPDX-License-Identifier: Apache-2.0 */
/*
 * correlate.h: what rules found in single events, put together: a pure function of the set of hits, whatever the
 * order in which they came.
 *
 * Hits of one rule and group are ordered by (time, event id). A hit is a *trigger* where the rule's condition
 * holds for the hits in (time − timespan, time]; triggers less than a timespan apart and on one UTC day are one
 * *episode*, which is one alert. So the alerts of a day depend on that day and the timespan before it, and nothing else. A
 * rule without a correlation is one whose every hit is a trigger, and whose timespan is its window.
 */
#ifndef DETECT_CORRELATE_H
#define DETECT_CORRELATE_H

#include "detect/rule.h"

#define DAY_US INT64_C(86400000000)

/* An event that a rule matched, as part of what a rule puts together. */
struct hit {
	int64_t time; /* µs; INT64_MIN = none */
	uint8_t id[16];
	uint64_t group;  /* of the rule; a keyed hash of its group's values */
	uint64_t value;  /* a keyed hash of what value_count counts */
	double number;   /* what value_sum, value_avg, value_percentile look at */
	uint32_t rule;   /* the one whose alert it is: number in rules->of */
	uint32_t member; /* of correlation->rules; 0 of a rule without */
	uint32_t source; /* number of the connection that it came from, for whoever finds */
	uint32_t file, row_group, row; /* where it was found, for whoever finds */
};

/* By rule, group, time, id, member. For qsort. */
int hit_compare(const void *a, const void *b);
/* Brings hits of one rule and group together, each such run ascending as hit_compare; the runs in any order. `group` must be
 * another one for each rule. */
void hits_sort(struct hit *hits, size_t n);
/* The end of the run of one rule and group that begins at hits[i]. */
size_t hits_run(const struct hit *hits, size_t n, size_t i);
/* Whether they are of one event, which two rules may match. */
static inline bool hit_same_event(const struct hit *a, const struct hit *b)
{
	return a->time == b->time && memcmp(a->id, b->id, sizeof(a->id)) == 0;
}
/* UTC day of a time, in days since 1970; INT64_MIN of none. */
int64_t hit_day(int64_t time);

struct episode {
	uint32_t first,
		last;     /* of the hits given: what it rests on, the windows of all its triggers */
	uint32_t trigger; /* the first hit where the condition held */
	uint64_t count;   /* events: hits that are of different events */
	uint64_t
		values; /* value_count: the most that were in one window; temporal: rules; else 0 */
};

/* How far back before a day's begin hits matter for that day's alerts; µs. Also how long after an event's day others may change
 * for its sake. */
int64_t correlate_reach(const struct rule *rule);

/* What a window must hold at least so that a rule fires, whatever else is in it: events, different values, or events of different
 * rules. */
enum correlate_count { COUNT_NOTHING, COUNT_EVENTS, COUNT_VALUES, COUNT_RULES };
/* COUNT_NOTHING: one hit may be enough, or more hits may end it. Else *least (2 or more) is how many of them it takes: a hit of whose
 * windows none holds so many can be left out, and the episodes are the same. */
enum correlate_count correlate_least(const struct rule *rule, uint32_t *least);

/* The episodes of one rule and group on the days [from, to]: `hits` (n, ascending as hit_compare, all of one rule and group, all that
 * there are from correlate_reach before `from` on). `began`: time of the earliest event that there is where the
 * rule looks, for `learn`. from = to = INT64_MIN: the hits have no times; a rule without correlation has one episode of all of them, others
 * none. Calls `found` in order; ends where it returns non-zero and returns that. */
int correlate(const struct rule *rule, const struct hit *hits, uint32_t n, int64_t from, int64_t to,
	int64_t began, int (*found)(void *ctx, const struct episode *episode), void *ctx);

#endif
