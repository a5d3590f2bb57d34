/* SPDX-License-Identifier: Apache-2.0 */
/* detect_eval_correlate.c: correlation rules over the events of a file: the correlator that alerts are
 * made with, on hits that are found in memory. */
#include <math.h>
#include <stdlib.h>

#include "cli/private.h"

#include "cli/detect_eval.h"
#include "detect/correlate.h"

/* A hit of a correlation that another one may refer to: its event, and the values of its group. */
struct made {
	uint32_t event;
	const char **group;
};
struct state {
	struct eval_hits *hits;
	int64_t *times;
	int64_t began;
	struct made **made; /* of each correlation; NULL = not evaluated yet */
	uint32_t *nmade;
	bool *done;
	struct arena mem;
	struct buf text;
};
struct found {
	struct state *s;
	uint32_t rule;
	const struct hit *hits;
	const char ***groups; /* by event index of a hit's `file` */
};

static const char *value_of(struct state *s, uint32_t event, const char *field)
{
	if (!eval_value(s->hits->events->of[event], slice_of(field), &s->text))
		return NULL;
	return arena_strdup(&s->mem, buf_view(&s->text));
}

/* The time of an event: INT64_MIN where it has none. */
static int64_t time_of(struct state *s, uint32_t event)
{
	static const char *const names[] = {"@timestamp", "timestamp", "event_time", "time",
		"created", "CreationTime", "UtcTime", NULL};
	const char *one[] = {s->hits->time_field, NULL};
	for (const char *const *name = one[0] ? one : names; *name; name++) {
		int64_t begin, end;
		if (eval_value(s->hits->events->of[event], slice_of(*name), &s->text) &&
			clock_parse(buf_view(&s->text), 0, &begin, &end) == 0)
			return begin;
	}
	return INT64_MIN;
}

/* ---- hits ------------------------------------------------------------------------------------ */

struct hit_list {
	struct hit *of;
	const char ***groups;
	uint32_t n, cap;
};

static void push(struct hit_list *list, struct hit hit, const char **group)
{
	if (list->n == list->cap) {
		list->cap = list->cap ? list->cap * 2 : 64;
		list->of = xrealloc(list->of, list->cap * sizeof(*list->of));
		list->groups = xrealloc(list->groups, list->cap * sizeof(*list->groups));
	}
	hit.file = list->n;
	list->groups[list->n] = group;
	list->of[list->n++] = hit;
}

static void add_hit(struct state *s, struct hit_list *list, uint32_t rule, uint32_t member,
	uint32_t event, const char **group)
{
	const struct correlation *c = s->hits->rules->of[rule]->correlation;
	struct hit hit = {.time = s->times[event], .rule = rule, .member = member, .row = event};
	char *end;
	bool all = true;
	if (hit.time == INT64_MIN)
		return;
	for (unsigned i = 0; i < 4; i++)
		hit.id[12 + i] = (uint8_t)(event >> (24 - 8 * i));
	for (uint32_t g = 0; g < c->ngroup; g++) {
		all = all && group[g];
		hit.group = hash_fold(
			hit.group ^ (group[g] ? hash_bytes(group[g], strlen(group[g])) : 1), g + 3);
	}
	hit.number = (double)NAN;
	for (uint32_t f = 0; f < c->nfield; f++) {
		const char *value = value_of(s, event, c->field[f]);
		all = all && value;
		if (!value)
			continue;
		hit.value = hash_fold(hit.value ^ hash_bytes(value, strlen(value)), f + 3);
		double number = strtod(value, &end);
		hit.number = *value && !*end ? number : (double)NAN;
	}
	if (!all && (c->nfield || c->ngroup))
		return;
	if (c->type == CORRELATION_FIRST_SEEN || c->type == CORRELATION_RARE)
		hit.group = hash_fold(hit.group ^ hit.value, 7);
	push(list, hit, group);
}

static void hits_of_event_rule(
	struct state *s, struct hit_list *list, uint32_t rule, uint32_t member)
{
	const struct correlation *c = s->hits->rules->of[rule]->correlation;
	const uint64_t *bits = s->hits->of[c->rules[member]];
	for (uint32_t event = 0; event < s->hits->events->n; event++) {
		if (!bit_get(bits, event))
			continue;
		const char **group = arena_zalloc(&s->mem, c->ngroup + 1, sizeof(char *));
		for (uint32_t g = 0; g < c->ngroup; g++)
			group[g] = value_of(s, event, c->group[(size_t)member * c->ngroup + g]);
		add_hit(s, list, rule, member, event, group);
	}
}

static void hits_of_correlation(
	struct state *s, struct hit_list *list, uint32_t rule, uint32_t member)
{
	const struct correlation *c = s->hits->rules->of[rule]->correlation;
	uint32_t below = c->rules[member];
	const struct correlation *child = s->hits->rules->of[below]->correlation;
	for (uint32_t i = 0; i < s->nmade[below]; i++) {
		const struct made *made = &s->made[below][i];
		const char **group = arena_zalloc(&s->mem, c->ngroup + 1, sizeof(char *));
		for (uint32_t g = 0; g < c->ngroup; g++) {
			for (uint32_t of = 0; of < child->ngroup; of++) {
				if (strcmp(child->group_by[of],
					    c->group[(size_t)member * c->ngroup + g]) == 0)
					group[g] = made->group[of];
			}
		}
		add_hit(s, list, rule, member, made->event, group);
	}
}

/* ---- episodes -------------------------------------------------------------------------------- */

static int take_episode(void *ctx, const struct episode *episode)
{
	struct found *found = ctx;
	struct state *s = found->s;
	const struct hit *trigger = &found->hits[episode->trigger];
	uint32_t n = s->nmade[found->rule]++;
	bit_set(s->hits->of[found->rule], trigger->row);
	s->made[found->rule] = xrealloc(s->made[found->rule], (n + 1) * sizeof(**s->made));
	s->made[found->rule][n] = (struct made){trigger->row, found->groups[trigger->file]};
	return 0;
}

static void evaluate(struct state *s, uint32_t rule)
{
	const struct rule *of = s->hits->rules->of[rule];
	struct hit_list list = {0};
	if (s->done[rule])
		return;
	s->done[rule] = true;
	for (uint32_t m = 0; m < of->correlation->nrules; m++) {
		uint32_t below = of->correlation->rules[m];
		if (s->hits->rules->of[below]->correlation) {
			evaluate(s, below);
			hits_of_correlation(s, &list, rule, m);
		} else {
			hits_of_event_rule(s, &list, rule, m);
		}
	}
	if (list.n)
		qsort(list.of, list.n, sizeof(*list.of), hit_compare);
	for (uint32_t from = 0, to; from < list.n; from = to) {
		struct found found = {s, rule, list.of + from, list.groups};
		for (to = from; to < list.n && list.of[to].group == list.of[from].group; to++)
			;
		correlate(of, list.of + from, to - from, hit_day(list.of[from].time),
			hit_day(list.of[to - 1].time), s->began, take_episode, &found);
	}
	free(list.of);
	free(list.groups);
}

uint32_t eval_correlate(struct eval_hits *hits)
{
	struct state s = {.hits = hits, .began = INT64_MAX};
	uint32_t n = hits->events->n, nrules = hits->rules->n, no_time = 0;
	buf_init(&s.text, SIZE_MAX);
	s.times = xcalloc(n + 1, sizeof(*s.times));
	s.made = xcalloc(nrules + 1, sizeof(*s.made));
	s.nmade = xcalloc(nrules + 1, sizeof(*s.nmade));
	s.done = xcalloc(nrules + 1, sizeof(*s.done));
	for (uint32_t i = 0; i < n; i++) {
		s.times[i] = time_of(&s, i);
		no_time += s.times[i] == INT64_MIN;
		if (s.times[i] != INT64_MIN && s.times[i] < s.began)
			s.began = s.times[i];
	}
	for (uint32_t r = 0; r < nrules; r++) {
		if (hits->rules->of[r]->correlation)
			evaluate(&s, r);
	}
	for (uint32_t r = 0; r < nrules; r++)
		free(s.made[r]);
	free(s.made);
	free(s.nmade);
	free(s.done);
	free(s.times);
	buf_fini(&s.text);
	arena_fini(&s.mem);
	return no_time;
}
