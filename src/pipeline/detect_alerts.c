/* SPDX-License-Identifier: Apache-2.0 */
/* detect_alerts.c: hits → episodes → alerts with their evidence → the catalog. */
#include <openssl/sha.h>
#include <stdlib.h>
#include <strings.h>

#include "pipeline/detector.h"
#include "query/row_json.h"

enum {
	COPIES_OF_PASS = 50000, /* events that are copied as evidence in one pass, about */
	COPIES_LEAST = 3,       /* of an alert at any rate, beside its last one */
};

/* An alert on its way. */
struct draft {
	uint32_t rule;
	const struct hit *hits; /* its evidence */
	uint32_t nhits;
	struct episode episode;
	const struct hit *trigger;
	int64_t day;
	bool empty; /* only its group is asked for: there is no alert */
	/* of its rows */
	uint8_t group_key[16];
	const char *group, *actor, *ip, *target, *title, *origin;
	int level; /* -1 = the rule's */
	struct map sources;
	struct alert_event *events;
	uint32_t nevents;
};

/* A row that is read for a draft. */
struct wish {
	uint32_t file, row_group, row;
	uint32_t draft, event; /* UINT32_MAX: the trigger */
};

struct settling {
	struct detector *d;
	const struct detect_pass *pass;
	int64_t from, to;
	struct arena mem;
	struct draft *drafts;
	uint32_t ndrafts, cap;
	struct wish *wishes;
	size_t nwishes, wishes_cap;
	struct hits fed; /* of the correlations of one depth that stand on others */
	/* while one run is correlated */
	const struct hit *run;
	bool text_full;
	struct buf text;
};

/* ---- episodes -------------------------------------------------------------------------------- */

static struct draft *add_draft(struct settling *s)
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
	struct draft *draft = add_draft(s);
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
		for (end = i + 1; end < n && hits[end].rule == hits[i].rule &&
				  hits[end].group == hits[i].group;)
			end++;
		if (s->d->depth[hits[i].rule] != depth)
			continue;
		s->run = &hits[i];
		/* A rule that feeds another is asked for as far back as that one reaches. */
		int64_t from = s->from;
		if (s->d->chained[hits[i].rule] && from != INT64_MIN)
			from = hit_day(s->pass->ranges[hits[i].rule].from +
				       correlate_reach(rules->of[hits[i].rule]));
		correlate(rules->of[hits[i].rule], &hits[i], (uint32_t)(end - i), from, s->to,
			s->d->began, take_episode, s);
	}
}

/* ---- reading rows ---------------------------------------------------------------------------- */

static void wish_for(struct settling *s, const struct hit *hit, uint32_t draft, uint32_t event)
{
	if (s->nwishes == s->wishes_cap) {
		s->wishes_cap = s->wishes_cap ? s->wishes_cap * 2 : 256;
		s->wishes = xrealloc(s->wishes, s->wishes_cap * sizeof(*s->wishes));
	}
	s->wishes[s->nwishes++] = (struct wish){hit->file, hit->row_group, hit->row, draft, event};
}

static int wish_compare(const void *left, const void *right)
{
	const struct wish *a = left, *b = right;
	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	if (a->row_group != b->row_group)
		return a->row_group < b->row_group ? -1 : 1;
	return a->row < b->row ? -1 : a->row > b->row;
}

static const char *text_of(
	struct settling *s, const struct batch *batch, const struct name_list *list, uint32_t row)
{
	buf_clear(&s->text);
	if (!detect_value(batch, list, 0, row, &s->text) || s->text.len == 0)
		return NULL;
	return arena_strdup(&s->mem, buf_view(&s->text));
}

static const struct use *find_use(
	const struct detector *d, const struct detect_shape *shape, const struct hit *hit)
{
	const struct correlation *c = d->rules->of[hit->rule]->correlation;
	uint32_t of = c ? c->rules[hit->member] : hit->rule;
	for (uint32_t u = 0; u < shape->nuses[of]; u++)
		if (shape->uses[of][u].rule == hit->rule &&
			shape->uses[of][u].member == hit->member)
			return &shape->uses[of][u];
	return NULL;
}

static void group_part(struct buf *text, struct buf *key, const char *name, struct slice value)
{
	buf_printf(text, "%s%s: ", text->len ? ", " : "", name);
	buf_slice(text, value);
	buf_append(key, name, strlen(name) + 1);
	buf_slice(key, value);
	buf_push(key, 0);
}

/* What the events of an alert have in common. */
static void name_group(struct settling *s, struct draft *draft, const struct detect_shape *shape,
	const struct batch *batch, uint32_t row)
{
	const struct rule *rule = s->d->rules->of[draft->rule];
	const struct correlation *c = rule->correlation;
	const struct use *use = find_use(s->d, shape, draft->trigger);
	struct buf text, key;
	buf_init(&text, 1 << 16);
	buf_init(&key, LIMIT_RECORD_BYTES);
	const char *const *names = c ? c->group_by : rule->group.of;
	uint32_t n = c ? c->ngroup : rule->group.n;
	for (uint32_t g = 0; use && g < n; g++) {
		buf_clear(&s->text);
		detect_value(batch, &use->group, g, row, &s->text);
		group_part(&text, &key, names[g], buf_view(&s->text));
	}
	bool of_values = c && (c->type == CORRELATION_FIRST_SEEN || c->type == CORRELATION_RARE);
	for (uint32_t f = 0; use && of_values && f < c->nfield; f++) {
		buf_clear(&s->text);
		detect_value(batch, &use->value, f, row, &s->text);
		group_part(&text, &key, c->field[f], buf_view(&s->text));
	}
	if (!c && n == 0) {
		const char *name = draft->actor ? "actor" : draft->ip ? "ip" : "target";
		const char *value = draft->actor ? draft->actor
				    : draft->ip  ? draft->ip
						 : draft->target;
		if (value)
			group_part(&text, &key, name, slice_of(value));
	}
	uint8_t hash[SHA256_DIGEST_LENGTH];
	SHA256((const uint8_t *)(key.ptr ? key.ptr : ""), key.len, hash);
	memcpy(draft->group_key, hash, sizeof(draft->group_key));
	draft->group = arena_strdup(&s->mem, text.len ? buf_view(&text) : SLICE(""));
	buf_fini(&text);
	buf_fini(&key);
}

/* Alerts of other products keep their title and severity, and say whose they are. */
static void take_over(struct settling *s, struct draft *draft, const struct detect_shape *shape,
	const struct batch *batch, uint32_t row)
{
	static const struct {
		const char *word;
		int level;
	} words[] = {{"critical", LEVEL_CRITICAL}, {"high", LEVEL_HIGH}, {"medium", LEVEL_MEDIUM},
		{"moderate", LEVEL_MEDIUM}, {"low", LEVEL_LOW}, {"info", LEVEL_INFORMATIONAL},
		{"informational", LEVEL_INFORMATIONAL}};
	if (strcmp(shape->schema->product, "alerts") != 0 ||
		s->d->rules->of[draft->rule]->correlation)
		return;
	const char *severity = text_of(s, batch, &shape->severity, row);
	for (size_t i = 0; severity && i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(severity, words[i].word) == 0)
			draft->level = words[i].level;
	draft->title = text_of(s, batch, &shape->summary, row);
	draft->origin = text_of(s, batch, &shape->reported_by, row);
	if (!draft->origin)
		draft->origin = "another product";
}

static void note_source(struct settling *s, struct draft *draft, const struct detect_shape *shape,
	const struct batch *batch, uint32_t row)
{
	buf_clear(&s->text);
	if (detect_value(batch, &shape->source, 0, row, &s->text))
		map_put(&draft->sources, buf_view(&s->text), NULL);
}

static void take_wish(struct settling *s, const struct wish *wish, const struct detect_shape *shape,
	const struct batch *batch, uint32_t row)
{
	struct draft *draft = &s->drafts[wish->draft];
	if (wish->event == UINT32_MAX) {
		draft->actor = text_of(s, batch, &shape->actor, row);
		draft->ip = text_of(s, batch, &shape->ip, row);
		draft->target = text_of(s, batch, &shape->target, row);
		name_group(s, draft, shape, batch, row);
		take_over(s, draft, shape, batch, row);
		note_source(s, draft, shape, batch, row);
		return;
	}
	struct alert_event *event = &draft->events[wish->event];
	struct buf json;
	buf_init(&json, LIMIT_RECORD_BYTES);
	buf_printf(&json, "{\"table\":\"%s\",", shape->schema->table);
	row_members_json(batch, row, false, &json);
	buf_push(&json, '}');
	event->table = shape->schema->table;
	event->json = json.full ? NULL : arena_strdup(&s->mem, buf_view(&json));
	buf_fini(&json);
	note_source(s, draft, shape, batch, row);
}

/* The wishes for one row group. */
static int read_group(struct settling *s, const struct wish *wishes, size_t n, struct err *err)
{
	struct detect_file *file = &s->pass->files[wishes[0].file];
	if (!detect_file_open(s->d, file))
		return 0;
	uint32_t *keep = xmalloc((n + 1) * sizeof(*keep)), nkeep = 0;
	for (size_t i = 0; i < n; i++)
		if (nkeep == 0 || keep[nkeep - 1] != wishes[i].row)
			keep[nkeep++] = wishes[i].row;
	struct batch batch;
	int rc = parquet_read_rows(
		file->reader, wishes[0].row_group, NULL, keep, nkeep, &batch, err);
	for (size_t i = 0, at = 0; rc == 0 && i < n; i++) {
		while (keep[at] != wishes[i].row)
			at++;
		take_wish(s, &wishes[i], file->shape, &batch, (uint32_t)at);
	}
	batch_fini(&batch);
	free(keep);
	return rc;
}

static int read_wishes(struct settling *s, struct err *err)
{
	if (s->nwishes)
		qsort(s->wishes, s->nwishes, sizeof(*s->wishes), wish_compare);
	int rc = 0;
	for (size_t i = 0, end; rc == 0 && i < s->nwishes; i = end) {
		for (end = i + 1; end < s->nwishes && s->wishes[end].file == s->wishes[i].file &&
				  s->wishes[end].row_group == s->wishes[i].row_group;)
			end++;
		rc = read_group(s, &s->wishes[i], end - i, err);
	}
	s->nwishes = 0;
	return rc;
}

/* ---- evidence -------------------------------------------------------------------------------- */

static uint32_t add_event(struct draft *draft, const struct hit *hit)
{
	struct alert_event *event = &draft->events[draft->nevents];
	memcpy(event->id, hit->id, sizeof(event->id));
	event->time = hit->time;
	return draft->nevents++;
}

static bool same_event(const struct hit *a, const struct hit *b)
{
	return memcmp(a->id, b->id, sizeof(a->id)) == 0;
}

static void wish_for_evidence(struct settling *s, uint32_t number, uint32_t copies)
{
	struct draft *draft = &s->drafts[number];
	const struct hit *last = &draft->hits[draft->nhits - 1];
	wish_for(s, draft->trigger, number, UINT32_MAX);
	if (draft->empty)
		return;
	draft->events = arena_zalloc(&s->mem, ALERT_EVIDENCE + 1, sizeof(*draft->events));
	uint32_t i = 0;
	for (; i < draft->nhits && draft->nevents < ALERT_EVIDENCE; i++) {
		if (i > 0 && same_event(&draft->hits[i], &draft->hits[i - 1]))
			continue;
		uint32_t event = add_event(draft, &draft->hits[i]);
		if (event < copies)
			wish_for(s, &draft->hits[i], number, event);
	}
	if (i < draft->nhits && memcmp(draft->events[draft->nevents - 1].id, last->id, 16) != 0)
		wish_for(s, last, number, add_event(draft, last));
}

static uint32_t copies_each(const struct settling *s)
{
	uint32_t copies = s->ndrafts ? COPIES_OF_PASS / s->ndrafts : 0;
	return copies > ALERT_EVIDENCE ? ALERT_EVIDENCE
	       : copies < COPIES_LEAST ? COPIES_LEAST
				       : copies;
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
	const struct use *use = find_use(d, file->shape, child->trigger);
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
			detect_value(&batch, &use->group, k, 0, &s->text);
			hit.group =
				hash_fold(hit.group ^ hash_bytes(s->text.ptr, s->text.len), g + 1);
		}
	}
	batch_fini(&batch);
	hits_push(&s->fed, &hit);
}

/* What the correlations of the depth below found, as hits of those that stand on them. */
static void feed_depth(struct settling *s, unsigned depth)
{
	struct detector *d = s->d;
	s->fed.n = 0;
	for (uint32_t r = 0; r < d->rules->n; r++) {
		const struct correlation *c = d->rules->of[r]->correlation;
		if (!d->active[r] || !c || d->depth[r] != depth)
			continue;
		for (uint32_t m = 0; m < c->nrules; m++)
			for (uint32_t i = 0; i < s->ndrafts; i++)
				if (s->drafts[i].rule == c->rules[m] &&
					d->rules->of[c->rules[m]]->correlation)
					feed(s, r, m, &s->drafts[i]);
		for (size_t i = 0; i < s->pass->hits.n; i++) { /* and its rules of single events */
			if (s->pass->hits.of[i].rule != r)
				continue;
			hits_push(&s->fed, &s->pass->hits.of[i]);
		}
	}
	if (s->fed.n)
		qsort(s->fed.of, s->fed.n, sizeof(*s->fed.of), hit_compare);
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

/* ---- cells ----------------------------------------------------------------------------------- */

static const char *rule_word(const struct rule *rule)
{
	return *rule->id ? rule->id : rule->title;
}

static const char *sources_of(struct settling *s, const struct draft *draft, bool *provisional)
{
	buf_clear(&s->text);
	*provisional = false;
	bool correlates = s->d->rules->of[draft->rule]->correlation != NULL;
	for (uint32_t i = 0; i < draft->sources.count; i++) {
		struct slice name = draft->sources.entries[i].key;
		buf_printf(&s->text, "%s%.*s", i ? ", " : "", SLICE_ARG(name));
		for (char **other = s->d->unfinished; correlates && other && *other; other++)
			*provisional = *provisional || slice_eq(name, slice_of(*other));
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
	int64_t oldest = hit_day(s->d->began + correlate_reach(rule));
	if (stored->day != INT64_MIN && (s->d->began == INT64_MAX || stored->day <= oldest))
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

/* The groups that were looked at, of rules that have lost cells: those of hits, by (rule, group key). Only what they had
 * may be withdrawn; of others nothing is known. */
static int groups_looked_at(struct settling *s, const bool *rules, struct map *may, struct err *err)
{
	const struct hits *hits = &s->pass->hits;
	uint32_t first = s->ndrafts;
	for (size_t i = 0, end; i < hits->n; i = end) {
		const struct hit *hit = &hits->of[i];
		for (end = i + 1; end < hits->n && hits->of[end].rule == hit->rule &&
				  hits->of[end].group == hit->group;)
			end++;
		if (!rules[hit->rule] || s->d->depth[hit->rule] > 0)
			continue;
		struct draft *draft = add_draft(s);
		draft->rule = hit->rule;
		draft->hits = draft->trigger = hit;
		draft->nhits = 1;
		draft->empty = true;
	}
	for (uint32_t i = first; i < s->ndrafts; i++)
		wish_for_evidence(s, i, 0);
	if (read_wishes(s, err) < 0)
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

static int write_cells(struct settling *s, struct err *err)
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
	for (uint32_t i = 0, copies = copies_each(&s); i < s.ndrafts; i++)
		wish_for_evidence(&s, i, copies);
	int rc = read_wishes(&s, err);
	if (rc == 0)
		rc = write_cells(&s, err);
	for (uint32_t i = 0; i < s.ndrafts; i++)
		map_fini(&s.drafts[i].sources);
	free(s.drafts);
	free(s.wishes);
	free(s.fed.of);
	buf_fini(&s.text);
	arena_fini(&s.mem);
	return rc;
}
