/* SPDX-License-Identifier: Apache-2.0 */
/* detect_setup.c: what an evaluation begins with: which rules take part, the tables' schemas, the segments. */
#include <stdlib.h>
#include <unistd.h>

#include "pipeline/collect.h"
#include "pipeline/detector.h"
#include "store/connections.h"

int detect_rules(const char *data_dir, struct rules **rules, struct err *err)
{
	return detect_rules_with(data_dir, SLICE(""), rules, err);
}

int detect_rules_with(
	const char *data_dir, struct slice text, struct rules **rules, struct err *err)
{
	struct buf dir, settings;
	struct io_info info;
	buf_init(&dir, 4096);
	buf_init(&settings, 4096);
	buf_printf(&dir, "%s/rules", data_dir);
	buf_printf(&settings, "%s/rules/settings.yml", data_dir);
	const char *paths[] = {dir.ptr, NULL};
	struct rules_source source = {.shipped = true, .settings_text = text};
	if (io_stat(dir.ptr, &info, NULL) == 1)
		source.paths = paths;
	if (text.len || io_stat(settings.ptr, &info, NULL) == 1)
		source.settings = settings.ptr;
	int rc = rules_load(&source, rules, err);
	buf_fini(&dir);
	buf_fini(&settings);
	return rc;
}

/* ---- rules ----------------------------------------------------------------------------------- */

/* The rules that a correlation stands on are looked at with it. */
static void activate(/* NOLINT(misc-no-recursion): no cycles, see rules_load */
	struct detector *d, uint32_t r)
{
	if (d->active[r])
		return;
	d->active[r] = true;
	const struct correlation *c = d->rules->of[r]->correlation;
	for (uint32_t m = 0; c && m < c->nrules; m++)
		activate(d, c->rules[m]);
}

/* 0 of rules of events, else one more than of the deepest correlation that it stands on. */
static unsigned depth_of(/* NOLINT(misc-no-recursion): no cycles, see rules_load */
	struct detector *d, uint32_t r)
{
	const struct correlation *c = d->rules->of[r]->correlation;
	unsigned depth = 0;
	for (uint32_t m = 0; c && m < c->nrules; m++) {
		if (!d->rules->of[c->rules[m]]->correlation)
			continue;
		unsigned below = depth_of(d, c->rules[m]) + 1;
		depth = below > depth ? below : depth;
		d->chained[r] = d->chained[c->rules[m]] = true;
	}
	return depth;
}

/* Of correlations of correlations: where those stand on events, and have every name of its group in theirs. */
static bool can_be_counted(const struct detector *d, uint32_t r)
{
	const struct correlation *c = d->rules->of[r]->correlation;
	uint32_t least;
	if (!c || d->depth[r] == 0)
		return c != NULL;
	if (d->depth[r] > 1 || correlate_least(d->rules->of[r], &least) != COUNT_RULES)
		return false;
	for (uint32_t m = 0; m < c->nrules; m++) {
		const struct correlation *below = d->rules->of[c->rules[m]]->correlation;
		for (uint32_t g = 0; below && g < c->ngroup; g++) {
			uint32_t k = 0;
			while (k < below->ngroup &&
				strcmp(below->group_by[k], c->group[(size_t)m * c->ngroup + g]) !=
					0)
				k++;
			if (k == below->ngroup)
				return false;
		}
	}
	return true;
}

static int choose_rules(struct detector *d, struct err *err)
{
	uint32_t n = d->rules->n;
	d->active = arena_zalloc(&d->mem, n + 1, sizeof(*d->active));
	d->raises = arena_zalloc(&d->mem, n + 1, sizeof(*d->raises));
	d->exprs = arena_zalloc(&d->mem, n + 1, sizeof(*d->exprs));
	for (uint32_t r = 0; r < n; r++) {
		const struct rule *rule = d->rules->of[r];
		d->raises[r] = !rule->disabled && !rule->silent &&
			       (!d->options->only || d->options->only[r]);
		if (d->raises[r])
			activate(d, r);
	}
	d->chained = arena_zalloc(&d->mem, n + 1, sizeof(*d->chained));
	d->depth = arena_zalloc(&d->mem, n + 1, sizeof(*d->depth));
	for (uint32_t r = 0; r < n; r++) {
		if (!d->active[r])
			continue;
		int64_t reach = correlate_reach(d->rules->of[r]);
		d->longest_reach = reach > d->longest_reach ? reach : d->longest_reach;
		d->depth[r] = depth_of(d, r);
		d->exprs[r] = d->rules->of[r]->expr;
	}
	d->counted = arena_zalloc(&d->mem, n + 1, sizeof(*d->counted));
	for (uint32_t r = 0; r < n; r++)
		d->counted[r] = d->active[r] && can_be_counted(d, r);
	uint32_t at = 0;
	if (engine_new(d->exprs, n, clock_now_us(), &d->engine, &at, err) < 0)
		return at < n ? err_context(err, "rule \"%s\"", d->rules->of[at]->title) : -1;
	return 0;
}

/* ---- tables ---------------------------------------------------------------------------------- */

/* What was caught of a segment counts for all rules, as they are now. */
static const struct caught *caught_of(const struct detector *d, uint64_t segment)
{
	const struct detect_catch *catch = d->options->catch;
	bool same = catch && !d->options->only && detect_catch_rules(catch) == d->rules;
	return same ? detect_catch_find(catch, segment) : NULL;
}

void detector_add_file(struct detector *d, const struct detect_file *file)
{
	if ((d->nfiles & (d->nfiles - 1)) == 0)
		d->files = xrealloc(d->files, (d->nfiles ? d->nfiles * 2 : 1) * sizeof(*d->files));
	d->files[d->nfiles++] = *file;
	if (file->min_time <= file->max_time) {
		d->began = file->min_time < d->began ? file->min_time : d->began;
		d->last = file->max_time > d->last ? file->max_time : d->last;
	}
}

static int add_file(void *ctx, const struct segment_info *info, struct err *err)
{
	(void)err;
	struct detector *d = ctx;
	const struct schema *schema = NULL;
	for (uint32_t i = 0; i < d->schemas.n; i++)
		if (strcmp(d->schemas.of[i]->table, info->table) == 0)
			schema = d->schemas.of[i];
	if (!schema)
		return 0;
	struct detect_file file = {
		.id = info->id,
		.rows = info->rows,
		.path = xstrdup(info->path),
		.schema = schema,
		.min_time = info->min_time,
		.max_time = info->max_time,
		.no_time = info->no_time > 0,
		.caught = caught_of(d, info->id),
	};
	detector_add_file(d, &file);
	return 0;
}

static void drop_files(struct detector *d)
{
	for (uint32_t f = 0; f < d->nfiles; f++) {
		parquet_close(d->files[f].reader);
		free(d->files[f].path);
	}
	free(d->files);
	d->files = NULL;
	d->nfiles = 0;
}

static int by_id(const void *a, const void *b)
{
	uint64_t left = ((const struct detect_file *)a)->id,
		 right = ((const struct detect_file *)b)->id;
	return left < right ? -1 : left > right;
}

static int note_kept(void *ctx, const struct table_info *table, struct err *err)
{
	(void)err;
	struct detector *d = ctx;
	if (table->first_day > d->kept_from)
		d->kept_from = table->first_day;
	return 0;
}

static bool looks_at(/* NOLINT(misc-no-recursion): no cycles, see rules_load */
	const struct rules *rules, uint32_t r, const struct schema *schema)
{
	const struct correlation *c = rules->of[r]->correlation;
	bool looks = !c && rule_watches(rules->of[r], schema->table, schema->product);
	for (uint32_t m = 0; c && m < c->nrules && !looks; m++)
		looks = looks_at(rules, c->rules[m], schema);
	return looks;
}

/* When the events begin that a rule learns from: a table that it does not look at teaches it nothing. */
static void find_begins(struct detector *d)
{
	int64_t *begins = xmalloc(((size_t)d->schemas.n + 1) * sizeof(*begins));
	d->rule_began = arena_alloc(&d->mem, ((size_t)d->rules->n + 1) * sizeof(*d->rule_began));
	for (uint32_t i = 0; i < d->schemas.n; i++) {
		begins[i] = INT64_MAX;
		for (uint32_t f = 0; f < d->nfiles; f++)
			if (d->files[f].schema == d->schemas.of[i] &&
				d->files[f].min_time <= d->files[f].max_time &&
				d->files[f].min_time < begins[i])
				begins[i] = d->files[f].min_time;
	}
	for (uint32_t r = 0; r < d->rules->n; r++) {
		d->rule_began[r] = INT64_MAX;
		for (uint32_t i = 0; d->active[r] && i < d->schemas.n; i++)
			if (begins[i] < d->rule_began[r] && looks_at(d->rules, r, d->schemas.of[i]))
				d->rule_began[r] = begins[i];
	}
	free(begins);
}

static int list_files(struct detector *d, const struct detect_history *history, struct err *err)
{
	d->kept_from = INT64_MIN + 1;
	d->began = INT64_MAX;
	d->last = INT64_MIN;
	int rc = history ? detect_cluster_files(d, history->since, history->until, err) : 0;
	if (rc < 0 || (rc == 0 && (store_tables(d->store, note_kept, d, err) < 0 ||
					  store_segments(d->store, NULL, add_file, d, err) < 0)))
		return -1;
	if (d->nfiles)
		qsort(d->files, d->nfiles, sizeof(*d->files), by_id);
	find_begins(d);
	return 0;
}

/* ---- sources --------------------------------------------------------------------------------- */

struct unfinished {
	struct store *store;
	char **names;
	uint32_t n;
};

static int add_unfinished(void *ctx, const struct connection *connection, struct err *err)
{
	struct unfinished *list = ctx;
	const struct source_kind *kind = source_kind_find(connection->kind);
	struct collect_position at;
	if (!kind || kind->shape == SOURCE_OBJECTS)
		return 0;
	if (collect_position(list->store, connection->name, &at, err) < 0)
		return -1;
	if (at.history_done)
		return 0;
	list->names = xrealloc(list->names, (list->n + 2) * sizeof(*list->names));
	list->names[list->n++] = xstrdup(connection->name);
	list->names[list->n] = NULL;
	return 0;
}

int detector_unfinished(struct store *store, char ***names, struct err *err)
{
	struct unfinished list = {.store = store};
	int rc = store_connections(store, add_unfinished, &list, err);
	*names = list.names;
	return rc;
}

bool detector_is_unfinished(char *const *names, struct slice source)
{
	for (; names && *names; names++)
		if (slice_eq(source, slice_of(*names)))
			return true;
	return false;
}

void detector_unfinished_free(char **names)
{
	for (char **name = names; name && *name; name++)
		free(*name);
	free(names);
}

/* ---- life ------------------------------------------------------------------------------------ */

int detector_prepare(struct detector *d, struct store *store, const struct detect_options *options,
	struct detect_result *result, struct err *err)
{
	*d = (struct detector){
		.store = store, .options = options, .result = result, .rules = options->rules};
	arena_init(&d->mem);
	pthread_mutex_init(&d->lock, NULL);
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	d->threads = options->threads ? options->threads : cores > 0 ? (unsigned)cores : 1;
	if (choose_rules(d, err) < 0)
		return -1;
	return store_schema_set(store_dir(store), &d->mem, &d->schemas, err);
}

int detector_open(struct detector *d, struct store *store, const struct detect_options *options,
	const struct detect_history *history, struct detect_result *result, struct err *err)
{
	if (detector_prepare(d, store, options, result, err) < 0 ||
		list_files(d, history, err) < 0 ||
		detector_unfinished(store, &d->unfinished, err) < 0) {
		detector_close(d);
		return -1;
	}
	return 0;
}

void detector_close(struct detector *d)
{
	drop_files(d);
	if (d->spool[0])
		spill_remove(d->spool);
	detect_shapes_free(d);
	engine_free(d->engine);
	map_fini(&d->sources);
	schema_set_fini(&d->schemas);
	detector_unfinished_free(d->unfinished);
	pthread_mutex_destroy(&d->lock);
	arena_fini(&d->mem);
}

bool detector_stops(const struct detector *d, struct err *err)
{
	if (!d->options->stop || !*d->options->stop)
		return false;
	err_set(err, ERR_INTERRUPTED, "the detection was ended");
	return true;
}
