/* SPDX-License-Identifier: Apache-2.0 */
/* detect_days.c: whole days of whole groups: in stretches whose hits fit into the memory; where one day alone does not, in
 * parts of its groups. */
#include <stdlib.h>

#include "pipeline/detector.h"

enum {
	PARTS_MOST = 4096,
	BESIDE_HIT = 32, /* bytes that putting them in order takes for each */
};

static size_t hits_most(const struct detector *d)
{
	uint64_t memory = d->options->memory ? d->options->memory : BUDGET_DEFAULT / 4;
	size_t most = (size_t)(memory / (sizeof(struct hit) + BESIDE_HIT));
	return most > 1024 ? most : 1024;
}

/* How far back a rule's hits matter: a correlation of correlations reaches as far as they do together. */
static int64_t reach_of(/* NOLINT(misc-no-recursion): no cycles, see rules_load */
	const struct detector *d, uint32_t r)
{
	const struct rule *rule = d->rules->of[r];
	const struct correlation *c = rule->correlation;
	int64_t reach = correlate_reach(rule), most = 0;
	for (uint32_t m = 0; c && m < c->nrules; m++) {
		if (!d->rules->of[c->rules[m]]->correlation)
			continue;
		int64_t one = reach_of(d, c->rules[m]);
		most = one > most ? one : most;
	}
	return reach + most;
}

static int64_t sum_times(int64_t a, int64_t b)
{
	int64_t sum;
	return __builtin_add_overflow(a, b, &sum) ? (b > 0 ? INT64_MAX : INT64_MIN + 1) : sum;
}

static int64_t day_begins(int64_t day)
{
	int64_t time;
	return __builtin_mul_overflow(day, DAY_US, &time) ? (day > 0 ? INT64_MAX : INT64_MIN + 1)
							  : time;
}

/* What [from, to] wants of a rule and of those that it stands on. A rule that feeds another is asked for twice its own reach before
 * that one's: whether a firing begins an episode is told by the firing before it. */
static void want(/* NOLINT(misc-no-recursion): no cycles, see rules_load */
	struct detect_pass *pass, uint32_t r, int64_t since, int64_t until)
{
	struct detect_range *range = &pass->ranges[r];
	const struct correlation *c = pass->d->rules->of[r]->correlation;
	if (!range->wanted) {
		*range = (struct detect_range){.wanted = true, .from = since, .to = until};
	} else {
		range->from = since < range->from ? since : range->from;
		range->to = until > range->to ? until : range->to;
	}
	for (uint32_t m = 0; c && m < c->nrules; m++)
		if (pass->d->rules->of[c->rules[m]]->correlation)
			want(pass, c->rules[m],
				sum_times(since, -correlate_reach(pass->d->rules->of[c->rules[m]])),
				until);
}

static bool file_wanted(const struct detect_pass *pass, const struct detect_file *file)
{
	for (uint32_t r = 0; r < pass->d->rules->n; r++) {
		const struct detect_range *range = &pass->ranges[r];
		if (range->wanted && ((range->untimed && file->no_time) ||
					     (file->min_time <= file->max_time &&
						     file->max_time >= range->from &&
						     file->min_time < range->to)))
			return true;
	}
	return false;
}

int detect_ranges(struct detect_pass *pass, struct err *err)
{
	struct detector *d = pass->d;
	pass->files = d->files;
	pass->nfiles = 0;
	/* those that are wanted stand first: hits name them by their number */
	for (uint32_t f = 0; f < d->nfiles; f++) {
		if (!file_wanted(pass, &d->files[f]))
			continue;
		struct detect_file wanted = d->files[f];
		d->files[f] = d->files[pass->nfiles];
		d->files[pass->nfiles++] = wanted;
	}
	return detect_first(pass, err);
}

int detect_first(struct detect_pass *pass, struct err *err)
{
	pass->most = hits_most(pass->d);
	if (detect_scan(pass, err) < 0)
		return -1;
	return pass->full;
}

void detect_pass_fini(struct detect_pass *pass)
{
	free(pass->ranges);
	free(pass->hits.of);
	free(pass->deep.of);
	free(pass->witnesses.of);
}

/* 1: too much for the memory. */
static int one_pass(struct detector *d, const bool *wanted, const struct map *groups, int64_t from,
	int64_t to, uint32_t part, uint32_t parts, struct err *err)
{
	struct detect_pass pass = {.d = d, .groups = groups, .part = part, .parts = parts};
	pass.ranges = xcalloc(d->rules->n + 1, sizeof(*pass.ranges));
	for (uint32_t r = 0; r < d->rules->n; r++) {
		if (!wanted[r])
			continue;
		if (from == INT64_MIN)
			pass.ranges[r] = (struct detect_range){
				.wanted = !d->rules->of[r]->correlation, .untimed = true};
		else
			want(&pass, r, sum_times(day_begins(from), -reach_of(d, r)),
				day_begins(to + 1));
	}
	int rc = detect_ranges(&pass, err);
	if (rc == 0)
		rc = detect_settle(d, &pass, from, to, err);
	detect_pass_fini(&pass);
	return rc;
}

static int in_parts(struct detector *d, const bool *wanted, const struct map *groups, int64_t from,
	int64_t to, struct err *err)
{
	int rc = 1;
	for (uint32_t parts = 2; rc == 1 && parts <= PARTS_MOST; parts *= 2) {
		rc = 0;
		for (uint32_t part = 0; rc == 0 && part < parts; part++)
			rc = one_pass(d, wanted, groups, from, to, part, parts, err);
	}
	return rc == 1 ? err_set(err, ERR_LIMIT,
				 "the events of one day and group that rules look at do not fit "
				 "into the "
				 "memory: give more with --memory")
		       : rc;
}

int detect_days(struct detector *d, const bool *wanted, const struct map *groups, int64_t from,
	int64_t to, struct err *err)
{
	int64_t step = to - from + 1;
	while (from <= to) {
		int64_t end = to - from < step ? to : from + step - 1;
		if (detector_stops(d, err))
			return -1;
		int rc = one_pass(d, wanted, groups, from, end, 0, 1, err);
		if (rc == 1 && end > from) {
			step = (end - from + 1) / 2;
			continue;
		}
		if (rc == 1)
			rc = in_parts(d, wanted, groups, from, end, err);
		if (rc != 0)
			return -1;
		from = end + 1;
	}
	return 0;
}

int detect_untimed(
	struct detector *d, const bool *wanted, const struct map *groups, struct err *err)
{
	int rc = one_pass(d, wanted, groups, INT64_MIN, INT64_MIN, 0, 1, err);
	return rc == 1 ? in_parts(d, wanted, groups, INT64_MIN, INT64_MIN, err) : rc;
}
