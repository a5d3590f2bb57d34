/* SPDX-License-Identifier: Apache-2.0 */
/* detect_cells.c: drafts → what the catalog is to say of each (rule, group, day), those that have lost their alerts among them. */
#include <stdlib.h>

#include "pipeline/detect_settle.h"

/* ---- cells ----------------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The connections that the evidence came from, by name. */
static const char *sources_of(struct settling *s, const struct draft *draft, bool *provisional)
{
	enum { MOST = 64 };
	const struct map *known = &s->d->sources;
	const char *names[MOST] = {NULL};
	uint32_t n = 0, numbers[MOST];
	bool correlates = s->d->rules->of[draft->rule]->correlation != NULL;
	for (uint32_t i = 0; i < draft->nhits && n < MOST; i++) {
		uint32_t k = 0;
		while (k < n && numbers[k] != draft->hits[i].source)
			k++;
		if (k < n)
			continue;
		numbers[n] = draft->hits[i].source;
		names[n++] = arena_strdup(&s->mem, known->entries[numbers[k]].key);
	}
	qsort(names, n, sizeof(*names), by_name);
	buf_clear(&s->text);
	*provisional = false;
	for (uint32_t i = 0; i < n; i++) {
		buf_printf(&s->text, "%s%s", i ? ", " : "", names[i]);
		*provisional =
			*provisional || (correlates && detector_is_unfinished(s->d->unfinished,
							       slice_of(names[i])));
	}
	return arena_strdup(&s->mem, s->text.len ? buf_view(&s->text) : SLICE(""));
}

static void make_found(struct settling *s, const struct draft *draft, struct alert_found *found)
{
	const struct rule *rule = s->d->rules->of[draft->rule];
	*found = (struct alert_found){
		.rule = rule_word(rule),
		.title = draft->title ? draft->title : rule->title,
		.level = draft->level >= 0 ? (unsigned)draft->level : rule->level,
		.group = draft->group ? draft->group : "",
		.day = draft->day,
		.first = draft->hits[0].time,
		.last = draft->hits[draft->nhits - 1].time,
		.count = draft->episode.count,
		.values = draft->episode.values,
		.actor = draft->actor,
		.target = draft->target,
		.ip = draft->ip,
		.origin = draft->origin ? draft->origin : "",
		.nevents = draft->nevents,
		.events = draft->events,
	};
	memcpy(found->version, rule->version, sizeof(found->version));
	memcpy(found->group_key, draft->group_key, sizeof(found->group_key));
	memcpy(found->fired, draft->trigger->id, sizeof(found->fired));
	found->sources = sources_of(s, draft, &found->provisional);
}

static int draft_compare(const void *left, const void *right)
{
	const struct draft *a = left, *b = right;
	if (a->rule != b->rule)
		return a->rule < b->rule ? -1 : 1;
	int c = memcmp(a->group_key, b->group_key, sizeof(a->group_key));
	if (c != 0)
		return c;
	if (a->day != b->day)
		return a->day < b->day ? -1 : 1;
	return hit_compare(&a->hits[0], &b->hits[0]);
}

struct cells {
	struct settling *s;
	struct numbered {
		struct alert_cell cell;
		uint32_t number; /* of the rule */
	} * of;
	uint32_t n, cap;
	struct map known; /* (rule, group key, day) of those that were found */
	uint32_t rule;
};

static struct slice cell_key(
	struct buf *out, uint32_t rule, const uint8_t group[16], const int64_t *day)
{
	buf_clear(out);
	buf_append(out, &rule, sizeof(rule));
	buf_append(out, group, 16);
	if (day)
		buf_append(out, day, sizeof(*day));
	return buf_view(out);
}

static struct alert_cell *add_cell(
	struct cells *cells, uint32_t rule, const uint8_t group[16], int64_t day)
{
	if (cells->n == cells->cap) {
		cells->cap = cells->cap ? cells->cap * 2 : 64;
		cells->of = xrealloc(cells->of, cells->cap * sizeof(*cells->of));
	}
	struct numbered *numbered = &cells->of[cells->n++];
	*numbered = (struct numbered){.number = rule};
	numbered->cell.rule = rule_word(cells->s->d->rules->of[rule]);
	numbered->cell.day = day;
	memcpy(numbered->cell.group_key, group, sizeof(numbered->cell.group_key));
	return &numbered->cell;
}

static void found_cells(struct cells *cells, struct alert_found *found)
{
	struct settling *s = cells->s;
	for (uint32_t i = 0; i < s->ndrafts; i++) {
		const struct draft *draft = &s->drafts[i], *before = i ? draft - 1 : NULL;
		make_found(s, draft, &found[i]);
		bool joins = before && before->rule == draft->rule && before->day == draft->day &&
			     memcmp(before->group_key, draft->group_key, 16) == 0;
		struct alert_cell *cell =
			joins ? &cells->of[cells->n - 1].cell
			      : add_cell(cells, draft->rule, draft->group_key, draft->day);
		if (!joins)
			cell->found = &found[i];
		cell->n++;
		map_put(&cells->known,
			cell_key(&s->text, draft->rule, draft->group_key, &draft->day), NULL);
	}
}

/* A cell that has alerts in the catalog, and none now. */
static int lost_cell(void *ctx, const struct alert_cell *stored, struct err *err)
{
	(void)err;
	struct cells *cells = ctx;
	struct settling *s = cells->s;
	const struct rule *rule = s->d->rules->of[cells->rule];
	if (map_get(&cells->known,
		    cell_key(&s->text, cells->rule, stored->group_key, &stored->day)))
		return 0;
	/* What retention has dropped is no reason to withdraw what was found in it. */
	int64_t days = correlate_reach(rule) / DAY_US + 1;
	if (stored->day != INT64_MIN && stored->day - days < s->d->kept_from)
		return 0;
	add_cell(cells, cells->rule, stored->group_key, stored->day);
	return 0;
}

static int lost_cells(struct cells *cells, struct err *err)
{
	const struct detector *d = cells->s->d;
	for (uint32_t r = 0; r < d->rules->n; r++) {
		if (!cells->s->pass->ranges[r].wanted || !d->raises[r])
			continue;
		cells->rule = r;
		if (alerts_cells(d->store, rule_word(d->rules->of[r]), cells->s->from, cells->s->to,
			    lost_cell, cells, err) < 0)
			return -1;
	}
	return 0;
}

/* ---- all of it ------------------------------------------------------------------------------- */

/* Asks what the group of a hit is called. */
static void look_at_group(struct settling *s, const bool *rules, const struct hit *hit)
{
	if (!rules[hit->rule] || s->d->depth[hit->rule] > 0)
		return;
	struct draft *draft = draft_add(s);
	draft->rule = hit->rule;
	draft->hits = draft->trigger = hit;
	draft->nhits = 1;
	draft->empty = true;
}

/* The groups that were looked at, of rules that have lost cells: those of hits, by (rule, group key). Only what they had
 * may be withdrawn; of others nothing is known. */
static int groups_looked_at(struct settling *s, const bool *rules, struct map *may, struct err *err)
{
	const struct hits *hits = &s->pass->hits, *witnesses = &s->pass->witnesses;
	uint32_t first = s->ndrafts;
	for (size_t i = 0; i < hits->n; i = hits_run(hits->of, hits->n, i))
		look_at_group(s, rules, &hits->of[i]);
	for (size_t i = 0; i < witnesses->n; i++)
		look_at_group(s, rules, &witnesses->of[i]);
	for (uint32_t i = first; i < s->ndrafts; i++)
		evidence_wish(s, i, 0);
	if (evidence_read(s, err) < 0)
		return -1;
	for (uint32_t i = first; i < s->ndrafts; i++)
		map_put(may, cell_key(&s->text, s->drafts[i].rule, s->drafts[i].group_key, NULL),
			NULL);
	return 0;
}

static void tell(const struct settling *s, const struct alert_found *found, uint32_t n)
{
	const struct detect_options *o = s->d->options;
	for (uint32_t i = 0; o->each && i < n; i++)
		o->each(o->ctx, &found[i]);
}

/* Leaves those lost cells whose groups were looked at. */
static int keep_known(struct cells *cells, uint32_t nfound, struct err *err)
{
	struct settling *s = cells->s;
	struct map may;
	map_init(&may);
	bool *rules = xcalloc(s->d->rules->n + 1, sizeof(*rules));
	for (uint32_t i = nfound; i < cells->n; i++)
		rules[cells->of[i].number] = true;
	int rc = groups_looked_at(s, rules, &may, err);
	uint32_t kept = nfound;
	for (uint32_t i = nfound; rc == 0 && i < cells->n; i++) {
		uint32_t r = cells->of[i].number;
		/* of correlations of correlations, all groups are looked at */
		if (s->d->chained[r] ||
			map_get(&may, cell_key(&s->text, r, cells->of[i].cell.group_key, NULL)))
			cells->of[kept++] = cells->of[i];
	}
	cells->n = kept;
	free(rules);
	map_fini(&may);
	return rc;
}

int cells_write(struct settling *s, struct err *err)
{
	struct detector *d = s->d;
	if (s->ndrafts)
		qsort(s->drafts, s->ndrafts, sizeof(*s->drafts), draft_compare);
	uint32_t n = s->ndrafts;
	struct alert_found *found = arena_zalloc(&s->mem, n + 1, sizeof(*found));
	struct cells cells = {.s = s};
	map_init(&cells.known);
	found_cells(&cells, found);
	d->result->alerts += n;
	tell(s, found, n);
	int rc = 0;
	uint32_t nfound = cells.n;
	if (!d->options->dry_run)
		rc = lost_cells(&cells, err);
	if (rc == 0 && cells.n > nfound && (s->pass->groups || s->pass->parts > 1))
		rc = keep_known(&cells, nfound, err);
	struct alert_cell *list = xmalloc((cells.n + 1) * sizeof(*list));
	for (uint32_t i = 0; i < cells.n; i++)
		list[i] = cells.of[i].cell;
	if (rc == 0 && !d->options->dry_run && cells.n)
		rc = alerts_replace(d->store, list, cells.n, NULL, 0, d->options->quiet,
			&d->result->changes, err);
	map_fini(&cells.known);
	free(list);
	free(cells.of);
	return rc;
}
