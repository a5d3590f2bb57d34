/* SPDX-License-Identifier: Apache-2.0 */
/* detect_alerts.c: hits → episodes → drafts of alerts; correlations of correlations are fed by what those below them found. */
#include <stdlib.h>

#include "pipeline/detect_settle.h"

/* ---- episodes -------------------------------------------------------------------------------- */

struct draft *draft_add(struct settling *s)
{
	if (s->ndrafts == s->cap) {
		s->cap = s->cap ? s->cap * 2 : 64;
		s->drafts = xrealloc(s->drafts, s->cap * sizeof(*s->drafts));
	}
	struct draft *draft = &s->drafts[s->ndrafts++];
	*draft = (struct draft){.level = -1};
	return draft;
}

static int take_episode(void *ctx, const struct episode *episode)
{
	struct settling *s = ctx;
	struct draft *draft = draft_add(s);
	draft->rule = s->run->rule;
	draft->hits = s->run + episode->first;
	draft->nhits = episode->last - episode->first + 1;
	draft->episode = *episode;
	draft->trigger = s->run + episode->trigger;
	draft->day = hit_day(draft->trigger->time);
	return 0;
}

/* Episodes of sorted hits; of rules of one depth. */
static void find_episodes(struct settling *s, const struct hit *hits, size_t n, unsigned depth)
{
	const struct rules *rules = s->d->rules;
	for (size_t i = 0, end; i < n; i = end) {
		end = hits_run(hits, n, i);
		if (s->d->depth[hits[i].rule] != depth)
			continue;
		s->run = &hits[i];
		/* A rule that feeds another is asked for as far back as that one reaches. */
		int64_t from = s->from;
		if (s->d->chained[hits[i].rule] && from != INT64_MIN)
			from = hit_day(s->pass->ranges[hits[i].rule].from +
				       correlate_reach(rules->of[hits[i].rule]));
		correlate(rules->of[hits[i].rule], &hits[i], (uint32_t)(end - i), from, s->to,
			s->d->rule_began[hits[i].rule], take_episode, s);
	}
}

/* ---- correlations of correlations ------------------------------------------------------------ */

static void feed(struct settling *s, uint32_t parent, uint32_t member, const struct draft *child)
{
	struct detector *d = s->d;
	const struct correlation *c = d->rules->of[parent]->correlation;
	const struct correlation *below = d->rules->of[child->rule]->correlation;
	struct detect_file *file = &s->pass->files[child->trigger->file];
	struct err err = {0};
	struct batch batch;
	if (!detect_file_open(d, file))
		return;
	const struct use *use = use_of(d, file->shape, child->trigger);
	if (!use)
		return;
	if (parquet_read_rows(file->reader, child->trigger->row_group, NULL, &child->trigger->row,
		    1, &batch, &err) < 0) {
		batch_fini(&batch);
		return;
	}
	struct hit hit = *child->trigger;
	hit.rule = parent;
	hit.member = member;
	hit.group = parent + 1;
	for (uint32_t g = 0; g < c->ngroup; g++) {
		const char *name = c->group[(size_t)member * c->ngroup + g];
		for (uint32_t k = 0; k < below->ngroup; k++) {
			if (strcmp(below->group_by[k], name) != 0)
				continue;
			buf_clear(&s->text);
			bool there = detect_value(&batch, &use->group, k, 0, &s->text);
			hit.group = detect_fold(
				hit.group, g, there ? detect_hash(buf_view(&s->text)) : 0);
		}
	}
	batch_fini(&batch);
	hits_push(&s->fed, &hit);
}

/* Adds to s->fed those events that can matter beside what it has. */
static void feed_events(struct settling *s, unsigned depth)
{
	struct detector *d = s->d;
	const struct hits *deep = &s->pass->deep;
	bool *wanted = xcalloc((size_t)d->rules->n + 1, sizeof(*wanted));
	for (uint32_t r = 0; r < d->rules->n; r++)
		wanted[r] = d->depth[r] == depth;
	struct sketch_size size = {
		.hits = s->fed.n + deep->n, .memory = deep->n * sizeof(struct hit) / 8};
	if (d->began <= d->last)
		size.time = (uint64_t)d->last - (uint64_t)d->began;
	struct sketch *sketch = sketch_new(d->rules, wanted, size);
	for (size_t i = 0; i < s->fed.n; i++)
		if (sketch_counts(sketch, s->fed.of[i].rule))
			sketch_add(sketch, &s->fed.of[i]);
	for (size_t i = 0; i < deep->n; i++)
		if (sketch_counts(sketch, deep->of[i].rule))
			sketch_add(sketch, &deep->of[i]);
	size_t kept = 0;
	for (size_t i = 0; i < s->fed.n; i++)
		if (sketch_keeps(sketch, &s->fed.of[i]))
			s->fed.of[kept++] = s->fed.of[i];
	s->fed.n = kept;
	for (size_t i = 0; i < deep->n; i++)
		if (wanted[deep->of[i].rule] && sketch_keeps(sketch, &deep->of[i]))
			hits_push(&s->fed, &deep->of[i]);
	sketch_free(sketch);
	free(wanted);
}

/* What the correlations of the depths below found, as hits of those of this depth that stand on them; with their hits of single
 * events. */
static void feed_depth(struct settling *s, unsigned depth)
{
	struct detector *d = s->d;
	s->fed.n = 0;
	for (uint32_t r = 0; r < d->rules->n; r++) {
		const struct correlation *c = d->rules->of[r]->correlation;
		if (!d->active[r] || !c || d->depth[r] != depth)
			continue;
		for (uint32_t m = 0; m < c->nrules; m++)
			for (uint32_t i = 0;
				d->rules->of[c->rules[m]]->correlation && i < s->ndrafts; i++)
				if (s->drafts[i].rule == c->rules[m])
					feed(s, r, m, &s->drafts[i]);
	}
	feed_events(s, depth);
	hits_sort(s->fed.of, s->fed.n);
	/* drafts go on pointing at them */
	struct hit *copy = arena_zalloc(&s->mem, s->fed.n + 1, sizeof(*copy));
	if (s->fed.n)
		memcpy(copy, s->fed.of, s->fed.n * sizeof(*copy));
	find_episodes(s, copy, s->fed.n, depth);
}

/* Only what raises alerts of the days asked for stays. */
static void keep_drafts(struct settling *s)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < s->ndrafts; i++) {
		const struct draft *draft = &s->drafts[i];
		if (s->d->raises[draft->rule] && (draft->day >= s->from || s->from == INT64_MIN) &&
			(s->pass->part == 0 || !s->d->chained[draft->rule]))
			s->drafts[kept++] = *draft;
	}
	s->ndrafts = kept;
}

static unsigned deepest(const struct detector *d)
{
	unsigned depth = 0;
	for (uint32_t r = 0; r < d->rules->n; r++)
		depth = d->depth[r] > depth ? d->depth[r] : depth;
	return depth;
}

int detect_settle(struct detector *d, const struct detect_pass *pass, int64_t from, int64_t to,
	struct err *err)
{
	struct settling s = {.d = d, .pass = pass, .from = from, .to = to};
	arena_init(&s.mem);
	buf_init(&s.text, LIMIT_RECORD_BYTES);
	find_episodes(&s, pass->hits.of, pass->hits.n, 0);
	for (unsigned depth = 1; depth <= deepest(d); depth++)
		feed_depth(&s, depth);
	keep_drafts(&s);
	for (uint32_t i = 0, copies = evidence_copies(&s); i < s.ndrafts; i++)
		evidence_wish(&s, i, copies);
	int rc = evidence_read(&s, err);
	if (rc == 0)
		rc = cells_write(&s, err);
	evidence_fini(&s);
	free(s.drafts);
	free(s.wishes);
	free(s.fed.of);
	buf_fini(&s.text);
	arena_fini(&s.mem);
	return rc;
}
