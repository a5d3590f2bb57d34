/* SPDX-License-Identifier: Apache-2.0 */
/* detect.c: which days and groups are to be looked at: all of history, or what new segments can have changed. */
#include <stdlib.h>

#include "pipeline/detector.h"

struct stretch {
	int64_t from, to; /* days, both included */
};
struct stretches {
	struct stretch *of;
	size_t n, cap;
};

static void add_stretch(struct stretches *list, int64_t from, int64_t to)
{
	if (list->n && from >= list->of[list->n - 1].from && to <= list->of[list->n - 1].to)
		return;
	if (list->n == list->cap) {
		list->cap = list->cap ? list->cap * 2 : 64;
		list->of = xrealloc(list->of, list->cap * sizeof(*list->of));
	}
	list->of[list->n++] = (struct stretch){from, to};
}

static int stretch_compare(const void *left, const void *right)
{
	const struct stretch *a = left, *b = right;
	return a->from < b->from ? -1 : a->from > b->from;
}

/* Those that overlap or touch become one. */
static void join_stretches(struct stretches *list)
{
	size_t kept = 0;
	if (list->n)
		qsort(list->of, list->n, sizeof(*list->of), stretch_compare);
	for (size_t i = 1; i < list->n; i++) {
		struct stretch *last = &list->of[kept];
		if (list->of[i].from > last->to + 1)
			list->of[++kept] = list->of[i];
		else if (list->of[i].to > last->to)
			last->to = list->of[i].to;
	}
	list->n = list->n ? kept + 1 : 0;
}

/* ---- replay ---------------------------------------------------------------------------------- */

static uint64_t rows_between(const struct detector *d, int64_t since, int64_t until)
{
	uint64_t rows = 0;
	for (uint32_t f = 0; f < d->nfiles; f++)
		if (d->files[f].max_time >= since && d->files[f].min_time < until)
			rows += d->files[f].rows;
	return rows;
}

static int replay(struct detector *d, int64_t since, int64_t until, struct err *err)
{
	bool open = since == INT64_MIN && until == INT64_MAX;
	int64_t first = since > d->began ? since : d->began;
	int64_t last = until <= d->last ? until - 1 : d->last;
	int rc = 0;
	d->rows_total = rows_between(d, since, until);
	if (d->began <= d->last && first <= last)
		rc = detect_days(d, d->raises, NULL, hit_day(first), hit_day(last), err);
	if (rc == 0 && open)
		rc = detect_untimed(d, d->raises, NULL, err);
	return rc;
}

/* The sources whose history is being read, looked up when the first is asked for. */
struct unfinished {
	struct store *store;
	bool known;
	char **names;
	int rc;
	struct err *err;
};

static bool is_unfinished(void *ctx, struct slice source)
{
	struct unfinished *u = ctx;
	if (!u->known)
		u->rc = detector_unfinished(u->store, &u->names, u->err);
	u->known = true;
	return u->rc < 0 || detector_is_unfinished(u->names, source);
}

/* Alerts of sources whose history has been read to its end are provisional no longer. */
static int settle_alerts(struct store *store, struct err *err)
{
	struct unfinished u = {.store = store, .err = err};
	int rc = alerts_settle(store, is_unfinished, &u, err);
	detector_unfinished_free(u.names);
	return rc < 0 || u.rc < 0 ? -1 : 0;
}

int detect_replay(struct store *store, const struct detect_options *options, int64_t since,
	int64_t until, struct detect_result *result, struct err *err)
{
	struct detector d;
	struct store_lock *lock = NULL;
	if (!options->dry_run && store_lock(store, DETECT_LOCK, true, &lock, err) < 0)
		return -1;
	const struct detect_history history = {since, until};
	int rc = detector_open(&d, store, options, &history, result, err);
	if (rc == 0) {
		rc = replay(&d, since, until, err);
		detector_close(&d);
	}
	if (rc == 0 && !options->dry_run)
		rc = settle_alerts(store, err);
	store_unlock(lock);
	return rc;
}

/* ---- new segments ---------------------------------------------------------------------------- */

struct pending {
	struct pending_segment *of; /* without their tables */
	uint64_t *ids;
	struct detect_file *files; /* of those that are still there; borrowed */
	uint32_t n, nfiles, cap;
	struct stretches days; /* that alerts of any rule can have changed on */
	bool untimed, gone;    /* gone: one was merged away: its groups are not known */
};

static int64_t capped(int64_t time, int64_t reach, int64_t last)
{
	return time > last - reach ? last : time + reach;
}

static const struct detect_file *file_of(const struct detector *d, uint64_t id)
{
	for (uint32_t low = 0, high = d->nfiles; low < high;) {
		uint32_t mid = low + (high - low) / 2;
		if (d->files[mid].id == id)
			return &d->files[mid];
		if (d->files[mid].id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

static int add_pending(void *ctx, const struct pending_segment *segment, struct err *err)
{
	(void)err;
	struct pending *p = ctx;
	if (p->n == p->cap) {
		p->cap = p->cap ? p->cap * 2 : 64;
		p->of = xrealloc(p->of, p->cap * sizeof(*p->of));
	}
	p->of[p->n] = *segment;
	p->of[p->n++].table = NULL;
	return 0;
}

/* What they can have changed, among the segments that the detector has. */
static void find_pending(const struct detector *d, struct pending *p)
{
	p->ids = xmalloc(((size_t)p->n + 1) * sizeof(*p->ids));
	p->files = xmalloc(((size_t)p->n + 1) * sizeof(*p->files));
	for (uint32_t i = 0; i < p->n; i++) {
		const struct pending_segment *segment = &p->of[i];
		p->ids[i] = segment->id;
		if (segment->min_time <= segment->max_time)
			add_stretch(&p->days, hit_day(segment->min_time),
				hit_day(capped(segment->max_time, d->longest_reach, d->last)));
		p->untimed = p->untimed || segment->no_time > 0;
		const struct detect_file *file = file_of(d, segment->id);
		if (file)
			p->files[p->nfiles++] = *file;
		else
			p->gone = true;
	}
}

static void pending_fini(struct pending *p)
{
	free(p->of);
	free(p->ids);
	free(p->files);
	free(p->days.of);
}

/* Whether most of what lies in these days is new anyway: then it is read once, and whole. */
static bool mostly_new(const struct detector *d, const struct pending *p)
{
	uint64_t fresh = 0, all = 0;
	for (uint32_t f = 0; f < p->nfiles; f++)
		fresh += p->files[f].rows;
	for (size_t i = 0; i < p->days.n; i++)
		all += rows_between(
			d, p->days.of[i].from * DAY_US, (p->days.of[i].to + 1) * DAY_US);
	return p->gone || fresh * 2 >= all;
}

/* What the new segments' hits can have changed, of rules that reach beyond a day or of those that do not: groups, and
 * days as far as each rule reaches. */
struct touched {
	bool *wanted, untimed;
	struct map groups;
	struct stretches days;
};

static bool reaches_far(const struct detector *d, uint32_t r)
{
	return d->chained[r] || correlate_reach(d->rules->of[r]) > DAY_US;
}

static void touch(const struct detector *d, const struct hits *hits, bool far, struct touched *t)
{
	for (size_t i = 0; i < hits->n; i++) {
		const struct hit *hit = &hits->of[i];
		if (reaches_far(d, hit->rule) != far)
			continue;
		uint64_t key[2] = {hit->rule, hit->group};
		map_put(&t->groups, (struct slice){(const char *)key, sizeof(key)}, NULL);
		t->wanted[hit->rule] = true;
		t->untimed = t->untimed || hit->time == INT64_MIN;
		if (hit->time == INT64_MIN)
			continue;
		int64_t reach = d->chained[hit->rule] ? d->longest_reach
						      : correlate_reach(d->rules->of[hit->rule]);
		add_stretch(
			&t->days, hit_day(hit->time), hit_day(capped(hit->time, reach, d->last)));
	}
}

/* What stands on correlations that were touched. */
static void touch_upwards(const struct detector *d, struct touched *t)
{
	for (uint32_t r = 0; r < d->rules->n; r++)
		if (d->depth[r] > 0 && d->raises[r])
			for (uint32_t m = 0; m < d->rules->of[r]->correlation->nrules; m++)
				t->wanted[r] = t->wanted[r] ||
					       t->wanted[d->rules->of[r]->correlation->rules[m]];
	join_stretches(&t->days);
}

static int look_whole(struct detector *d, const struct pending *p, struct err *err)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < p->days.n; i++)
		rc = detect_days(d, d->raises, NULL, p->days.of[i].from, p->days.of[i].to, err);
	if (rc == 0 && p->untimed)
		rc = detect_untimed(d, d->raises, NULL, err);
	return rc;
}

static int look_at_touched(
	struct detector *d, const struct detect_pass *first, bool far, struct err *err)
{
	struct touched t = {.wanted = xcalloc(d->rules->n + 1, sizeof(bool))};
	map_init(&t.groups);
	touch(d, &first->hits, far, &t);
	touch(d, &first->deep, far, &t);
	touch_upwards(d, &t);
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < t.days.n; i++)
		rc = detect_days(d, t.wanted, &t.groups, t.days.of[i].from, t.days.of[i].to, err);
	if (rc == 0 && t.untimed)
		rc = detect_untimed(d, t.wanted, &t.groups, err);
	map_fini(&t.groups);
	free(t.days.of);
	free(t.wanted);
	return rc;
}

static int look_at_pending(struct detector *d, struct pending *p, struct err *err)
{
	join_stretches(&p->days);
	struct detect_pass first = {
		.d = d, .files = p->files, .nfiles = p->nfiles, .parts = 1, .all = true};
	bool whole = mostly_new(d, p);
	int rc = 0;
	if (!whole) {
		first.ranges = xcalloc(d->rules->n + 1, sizeof(*first.ranges));
		for (uint32_t r = 0; r < d->rules->n; r++)
			first.ranges[r] = (struct detect_range){.wanted = d->active[r],
				.untimed = true,
				.from = INT64_MIN + 1,
				.to = INT64_MAX};
		rc = detect_first(&first, err);
		whole = rc == 1;
	}
	if (rc >= 0 && whole) {
		rc = look_whole(d, p, err);
	} else if (rc == 0) {
		rc = look_at_touched(d, &first, false, err);
		if (rc == 0)
			rc = look_at_touched(d, &first, true, err);
	}
	for (uint32_t f = 0; f < p->nfiles; f++)
		detect_file_close(&p->files[f]);
	detect_pass_fini(&first);
	return rc;
}

/* 1 where something was pending. */
static int one_round(struct store *store, const struct detect_options *options,
	struct detect_result *result, struct err *err)
{
	struct detector d;
	struct pending p = {0};
	/* Before the segments are listed: one that another process commits between the two would count as merged away, and be
	 * done with without having been read. */
	int rc = alerts_pending(store, add_pending, &p, err);
	if (rc == 0 && p.n)
		rc = detector_open(&d, store, options, NULL, result, err);
	if (rc != 0 || p.n == 0) {
		pending_fini(&p);
		return rc;
	}
	find_pending(&d, &p);
	rc = look_at_pending(&d, &p, err);
	if (rc == 0 && p.n)
		rc = alerts_replace(store, NULL, 0, p.ids, p.n, true, NULL, err);
	for (uint32_t i = 0; rc == 0 && options->catch && i < p.n; i++)
		detect_catch_forget(options->catch, p.ids[i]);
	if (rc == 0)
		rc = p.n > 0;
	pending_fini(&p);
	detector_close(&d);
	return rc;
}

static int note_any(void *ctx, const struct pending_segment *segment, struct err *err)
{
	(void)segment;
	(void)err;
	*(bool *)ctx = true;
	return 1;
}

int detect_pending(struct store *store, const struct detect_options *options,
	struct detect_result *result, struct err *err)
{
	for (;;) {
		/* Asked before the lock and after it: whoever commits while another looks relies on that one. */
		bool any = false;
		if (alerts_pending(store, note_any, &any, err) < 0)
			return -1;
		if (!any)
			return settle_alerts(store, err);
		struct store_lock *lock;
		int rc = store_lock(store, DETECT_LOCK, false, &lock, err);
		if (rc <= 0)
			return rc;
		rc = one_round(store, options, result, err);
		store_unlock(lock);
		if (rc < 0)
			return -1;
	}
}
