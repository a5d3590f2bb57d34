/* SPDX-License-Identifier: Apache-2.0 */
/* search_plan.c: which segments and row groups can hold a match: by the catalog's times, by the
 * footer's statistics; and what the request means in each shape of a table. */
#include <stdlib.h>

#include "batch/concat.h"
#include "query/search_private.h"

unsigned search_open_files = 256;

/* ---- tables and shapes ----------------------------------------------------------------------- */

int plan_tables(struct search *s, struct err *err)
{
	const struct search_request *request = s->request;
	s->tables = arena_zalloc(&s->mem, request->tables->n + 1, sizeof(*s->tables));
	for (uint32_t t = 0; t < request->tables->n; t++) {
		struct search_table *table = &s->tables[t];
		table->schema = request->tables->schemas[t];
		table->expr = query_for_table(request->expr, table->schema, &s->mem);
		if (t > 0 && table->expr == s->tables[0].expr) {
			table->matcher = s->tables[0].matcher;
			continue;
		}
		if (matcher_new(table->expr, request->now, &table->matcher, NULL, err) < 0)
			return -1;
		table->owns_matcher = true;
	}
	return 0;
}

void plan_tables_free(struct search *s)
{
	for (struct search_shape *shape = s->shapes; shape; shape = shape->next)
		match_program_free(shape->program);
	s->shapes = NULL;
	for (uint32_t t = 0; s->tables && t < s->request->tables->n; t++) {
		if (s->tables[t].owns_matcher)
			matcher_free(s->tables[t].matcher);
	}
	s->tables = NULL;
}

struct search_shape *make_shape(struct search *s, uint32_t table, const struct batch_shape *from)
{
	const struct search_request *request = s->request;
	struct search_shape *shape = arena_zalloc(&s->mem, 1, sizeof(*shape));
	const struct schema *schema = s->tables[table].schema;
	batch_shape_copy(&shape->shape, from, &s->mem);
	shape->shape.table = schema->table;
	shape->table = table;
	shape->program = match_bind(s->tables[table].matcher, &shape->shape,
		request->rule_names ? query_resolve_rule : query_resolve, schema);
	shape->always = match_always(shape->program);
	shape->never = match_never(shape->program);
	shape->facets = arena_zalloc(&s->mem, request->nfacets + 1, sizeof(*shape->facets));
	for (uint32_t f = 0; f < request->nfacets; f++)
		shape->facets[f] =
			field_resolve(schema, &shape->shape, slice_of(request->facets[f]), &s->mem);
	if (request->sort)
		shape->sort =
			field_resolve(schema, &shape->shape, slice_of(request->sort), &s->mem);
	shape->next = s->shapes;
	s->shapes = shape;
	return shape;
}

static struct search_shape *find_shape(
	struct search *s, uint32_t table, const struct batch_shape *wanted)
{
	pthread_mutex_lock(&s->lock);
	struct search_shape *shape = s->shapes;
	while (shape && !(shape->table == table && batch_shape_equal(&shape->shape, wanted)))
		shape = shape->next;
	if (!shape)
		shape = make_shape(s, table, wanted);
	pthread_mutex_unlock(&s->lock);
	return shape;
}

/* ---- the heap of items ----------------------------------------------------------------------- */

/* Row groups go before files of the same time, so that the page fills. */
static bool item_before(const struct search_item *a, const struct search_item *b)
{
	int c = place_cmp(a->best, b->best);
	return c > 0 || (c == 0 && a->group != GROUP_FILE && b->group == GROUP_FILE);
}

void item_push(struct search *s, struct search_item item)
{
	if (s->nitems == s->items_cap) {
		s->items_cap = s->items_cap ? s->items_cap * 2 : 64;
		s->items = xrealloc(s->items, s->items_cap * sizeof(*s->items));
	}
	size_t i = s->nitems++;
	while (i > 0 && item_before(&item, &s->items[(i - 1) / 2])) {
		s->items[i] = s->items[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	s->items[i] = item;
}

bool item_pop(struct search *s, struct search_item *item)
{
	if (s->nitems == 0)
		return false;
	*item = s->items[0];
	struct search_item last = s->items[--s->nitems];
	size_t i = 0, child;
	while ((child = 2 * i + 1) < s->nitems) {
		if (child + 1 < s->nitems && item_before(&s->items[child + 1], &s->items[child]))
			child++;
		if (!item_before(&s->items[child], &last))
			break;
		s->items[i] = s->items[child];
		i = child;
	}
	s->items[i] = last;
	return true;
}

/* ---- time ------------------------------------------------------------------------------------ */

/* Whether rows of times [min, max] (min > max: none has one), and rows without, can be asked for.
 * *best is where the first of them can stand. */
static bool in_time(
	const struct search *s, int64_t min, int64_t max, bool untimed, struct place *best)
{
	const struct search_request *request = s->request;
	const struct search_cursor *after = s->counted ? NULL : request->after;
	bool newest = s->order == SEARCH_NEWEST;
	bool timed = min <= max && max >= request->since && min < request->until;
	untimed = untimed && !s->bounded;
	if (after && (after->no_time || (newest ? min > after->time : max < after->time)))
		timed = false;
	if (!timed) {
		*best = place_of(s->order, false, 0);
		return untimed;
	}
	int64_t first = newest ? max : min;
	if (newest && request->until != INT64_MAX && first >= request->until)
		first = request->until - 1;
	if (!newest && first < request->since)
		first = request->since;
	if (after && (newest ? first > after->time : first < after->time))
		first = after->time;
	*best = place_of(s->order, true, first);
	return true;
}

/* ---- segments -------------------------------------------------------------------------------- */

struct listing {
	struct search *s;
	int64_t min, max; /* of all that can be asked for */
};

static bool was_missing(const struct search *s, uint64_t id)
{
	for (uint32_t i = 0; i < s->missing.n; i++) {
		if (s->missing.ids[i] == id)
			return true;
	}
	return false;
}

static int list_segment(void *ctx, const struct segment_info *info, struct err *err)
{
	(void)err;
	struct listing *list = ctx;
	struct search *s = list->s;
	uint32_t t = 0;
	while (t < s->request->tables->n && strcmp(s->tables[t].schema->table, info->table) != 0)
		t++;
	if (t == s->request->tables->n)
		return 0;
	if (info->id > s->result.newest_segment)
		s->result.newest_segment = info->id;
	if (info->id <= s->request->only_after_segment && s->request->only_after_segment)
		return 0;
	s->result.explain.segments++;
	struct place best;
	if (!in_time(s, info->min_time, info->max_time, info->no_time > 0, &best)) {
		s->result.explain.segments_by_time++;
		return 0;
	}
	if (info->min_time <= info->max_time) {
		list->min = info->min_time < list->min ? info->min_time : list->min;
		list->max = info->max_time > list->max ? info->max_time : list->max;
	}
	if (s->nfiles == s->files_cap) {
		s->files_cap = s->files_cap ? s->files_cap * 2 : 64;
		s->files = xrealloc(s->files, s->files_cap * sizeof(*s->files));
	}
	s->files[s->nfiles] = (struct search_file){
		.id = info->id,
		.rows = info->rows,
		.no_time = info->no_time,
		.table = t,
		.path = arena_strdup(&s->mem, slice_of(info->path)),
		.min_time = info->min_time,
		.max_time = info->max_time,
	};
	struct search_file *file = &s->files[s->nfiles];
	if (was_missing(s, info->id)) /* the catalog still has it: its file is lost */
		search_problem(s, file, "the file is not there");
	else
		item_push(s, (struct search_item){best, s->nfiles, GROUP_FILE});
	s->nfiles++;
	return 0;
}

int plan_files(struct search *s, struct err *err)
{
	struct listing list = {.s = s, .min = INT64_MAX, .max = INT64_MIN};
	if (store_segments(s->store, NULL, list_segment, &list, err) < 0)
		return -1;
	histogram_plan(s, list.min, list.max);
	return 0;
}

/* ---- files ----------------------------------------------------------------------------------- */

void problem_add(struct search *s, struct search_file *file, const char *what)
{
	if (file->failed)
		return;
	file->failed = true;
	if (s->nproblems == s->problems_cap) {
		s->problems_cap = s->problems_cap ? s->problems_cap * 2 : 16;
		s->problems = xrealloc(s->problems, s->problems_cap * sizeof(*s->problems));
	}
	s->problems[s->nproblems++] =
		(struct search_problem){file->path, arena_strdup(&s->mem, slice_of(what))};
}

void search_problem(struct search *s, struct search_file *file, const char *what)
{
	pthread_mutex_lock(&s->lock);
	problem_add(s, file, what);
	pthread_mutex_unlock(&s->lock);
}

int file_open(const struct search_file *file, struct parquet_reader **reader, struct err *err)
{
	if (table_file_open(file->path, reader, err) < 0)
		return -1;
	if (!file->shape || batch_shape_equal(parquet_shape(*reader), &file->shape->shape))
		return 0;
	parquet_close(*reader);
	return err_set(err, ERR_DAMAGED, "%s is damaged: it lacks the columns that every table has",
		file->path);
}

/* Keeps the reader for others where few are open. The lock is held. */
static void keep_reader(struct search *s, struct search_file *file, struct parquet_reader *reader)
{
	if (file->reader || s->open_files >= search_open_files)
		return;
	file->reader = reader;
	s->open_files++;
}

static void open_failed(struct worker *w, struct search_file *file, const struct err *err)
{
	struct search *s = w->search;
	if (err->kind != ERR_NOT_FOUND || s->last_try) {
		search_problem(s, file, err->text);
		return;
	}
	/* Retired under the search, or lost: the catalog's next listing tells. */
	pthread_mutex_lock(&s->lock);
	s->missing.ids = xrealloc(s->missing.ids, (s->missing.n + 1) * sizeof(*s->missing.ids));
	s->missing.ids[s->missing.n++] = file->id;
	s->again = true;
	pthread_mutex_unlock(&s->lock);
	atomic_store(&s->ended, true);
}

int file_take(
	struct worker *w, struct search_file *file, struct parquet_reader **reader, struct err *err)
{
	struct search *s = w->search;
	pthread_mutex_lock(&s->lock);
	*reader = file->reader;
	pthread_mutex_unlock(&s->lock);
	if (*reader)
		return 0;
	if (file_open(file, reader, err) < 0) {
		open_failed(w, file, err);
		return -1;
	}
	pthread_mutex_lock(&s->lock);
	keep_reader(s, file, *reader);
	pthread_mutex_unlock(&s->lock);
	return 0;
}

void file_give_back(struct worker *w, struct search_file *file, struct parquet_reader *reader)
{
	pthread_mutex_lock(&w->search->lock);
	bool kept = reader == file->reader;
	pthread_mutex_unlock(&w->search->lock);
	if (!kept)
		parquet_close(reader);
}

struct stats_of {
	const struct parquet_reader *reader;
	uint32_t group;
};

static void column_stats(void *ctx, uint32_t column, struct match_stats *stats)
{
	const struct stats_of *of = ctx;
	const struct batch_shape *shape = parquet_shape(of->reader);
	struct parquet_stats known;
	*stats = (struct match_stats){0};
	if (parquet_group_stats(of->reader, of->group, column, &known, NULL) < 0)
		return;
	bool scalar = shape->columns[column].group == NO_GROUP;
	stats->known = true;
	stats->all_null = scalar && known.nulls >= parquet_group_rows(of->reader, of->group);
	stats->no_null = scalar && known.nulls == 0;
	stats->has_range = known.has_range;
	stats->min_i64 = known.min_i64;
	stats->max_i64 = known.max_i64;
	stats->min_bytes = known.min_bytes;
	stats->max_bytes = known.max_bytes;
}

/* The item of a group, or false where it cannot hold a match. */
static bool plan_group(struct worker *w, const struct search_file *file,
	const struct parquet_reader *reader, uint32_t group, struct search_item *item)
{
	struct search *s = w->search;
	struct stats_of of = {reader, group};
	struct group_facts facts;
	table_group_facts(reader, group, &facts);
	w->explain.groups++;
	if (facts.nrows == 0 || file->shape->never) {
		w->explain.groups_by_stats++;
		return false;
	}
	int64_t min = facts.all_untimed ? INT64_MAX : facts.min_time;
	int64_t max = facts.all_untimed ? INT64_MIN : facts.max_time;
	if (!in_time(s, min, max, facts.some_untimed, &item->best)) {
		w->explain.groups_by_time++;
		return false;
	}
	if ((facts.all_secondary && !s->request->secondary) ||
		!match_possible(file->shape->program, column_stats, &of)) {
		w->explain.groups_by_stats++;
		return false;
	}
	item->group = group;
	return true;
}

void plan_open(struct worker *w, struct search_file *file, uint32_t index)
{
	struct search *s = w->search;
	struct parquet_reader *reader;
	struct err err = {0};
	if (file_open(file, &reader, &err) < 0) {
		open_failed(w, file, &err);
		return;
	}
	file->shape = find_shape(s, file->table, parquet_shape(reader));
	uint32_t n = parquet_groups(reader), kept = 0;
	struct search_item *items = xmalloc((n + 1) * sizeof(*items));
	for (uint32_t g = 0; g < n; g++)
		kept += plan_group(w, file, reader, g, &items[kept]);
	pthread_mutex_lock(&s->lock);
	file->pending = kept;
	for (uint32_t i = 0; i < kept; i++) {
		items[i].file = index;
		item_push(s, items[i]);
	}
	w->explain.segments_by_stats += kept == 0;
	if (kept)
		keep_reader(s, file, reader);
	if (file->reader != reader)
		parquet_close(reader);
	pthread_mutex_unlock(&s->lock);
	free(items);
}
