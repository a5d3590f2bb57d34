/* SPDX-License-Identifier: Apache-2.0 */
/* search.c: one search from request to result; begun again where a segment was retired under it. */
#include <stdlib.h>
#include <strings.h>

#include "query/language.h"
#include "query/search_private.h"

/* What may be asked for, within what can be given. */
static void take_request(struct search *s, const struct search_request *request)
{
	struct search_request *copy = &s->copy;
	*copy = *request;
	s->request = copy;
	if (copy->sort && strcmp(copy->sort, "event_time") == 0)
		copy->sort = NULL;
	if (copy->sort)
		copy->after = NULL;
	if (copy->memory == 0)
		copy->memory = BUDGET_DEFAULT;
	s->order = copy->order;
	s->bounded = copy->since != INT64_MIN || copy->until != INT64_MAX;
	s->counted = copy->count || copy->buckets || copy->nfacets || (copy->sort && copy->limit);
	s->threads = copy->threads < 1                ? 1
		     : copy->threads > SEARCH_THREADS ? SEARCH_THREADS
						      : copy->threads;
	s->started = clock_mono_us();
}

/* No more than memory has room for: twice the page may wait for its trimming, in each worker too. */
static void bound_page(struct search *s)
{
	struct search_request *copy = &s->copy;
	size_t row =
		copy->sort ? sizeof(struct sort_hit) + SEARCH_SORT_BYTES : 2 * sizeof(struct hit);
	uint64_t most = copy->memory / 2 / row / (s->threads + 1);
	if (copy->limit > most)
		copy->limit = most ? most : 1;
	s->page.most = (size_t)copy->limit + 1;
}

static void make_workers(struct search *s)
{
	const struct search_request *request = s->request;
	s->workers = xcalloc(s->threads, sizeof(*s->workers));
	for (unsigned i = 0; i < s->threads; i++) {
		struct worker *w = &s->workers[i];
		w->search = s;
		w->scratch = match_scratch_new();
		w->buckets = xcalloc(histogram_cells(s) + 1, sizeof(*w->buckets));
		w->tables = xcalloc(request->tables->n + 1, sizeof(*w->tables));
		w->facets = xcalloc(request->nfacets + 1, sizeof(*w->facets));
		buf_init(&w->among, SIZE_MAX / 2);
		buf_init(&w->rows, SIZE_MAX / 2);
		buf_init(&w->counts, SIZE_MAX / 2);
		buf_init(&w->text, SIZE_MAX / 2);
		buf_init(&w->folded, SIZE_MAX / 2);
	}
}

static void free_worker(struct worker *w)
{
	for (uint32_t f = 0; f < w->search->request->nfacets; f++)
		facet_map_fini(&w->facets[f]);
	match_scratch_free(w->scratch);
	sort_heap_free(&w->sorted);
	free(w->buckets);
	free(w->tables);
	free(w->facets);
	free(w->hits);
	buf_fini(&w->among);
	buf_fini(&w->rows);
	buf_fini(&w->counts);
	buf_fini(&w->text);
	buf_fini(&w->folded);
}

static void free_workers(struct search *s)
{
	for (unsigned i = 0; s->workers && i < s->threads; i++)
		free_worker(&s->workers[i]);
	free(s->workers);
	s->workers = NULL;
}

/* Forgets an attempt, but not which segments were missing. */
static void forget(struct search *s)
{
	free_workers(s);
	clustered_free(s);
	plan_tables_free(s);
	for (uint32_t i = 0; i < s->nfiles; i++)
		parquet_close(s->files[i].reader);
	free(s->files);
	free(s->items);
	free(s->problems);
	free(s->page.hits);
	s->files = NULL;
	s->items = NULL;
	s->problems = NULL;
	s->nfiles = s->files_cap = s->nproblems = s->problems_cap = 0;
	s->nitems = s->items_cap = 0;
	s->opening = s->open_files = 0;
	s->page = (struct page){0};
	s->result = (struct search_result){0};
	s->again = false;
	s->why = NULL;
	atomic_store(&s->ended, false);
	arena_fini(&s->mem);
}

static void add_explain(struct search_explain *to, const struct search_explain *from)
{
	to->segments_by_stats += from->segments_by_stats;
	to->segments_read += from->segments_read;
	to->groups += from->groups;
	to->groups_by_time += from->groups_by_time;
	to->groups_by_stats += from->groups_by_stats;
	to->groups_by_values += from->groups_by_values;
	to->groups_read += from->groups_read;
	to->rows_tested += from->rows_tested;
	to->columns_read += from->columns_read;
	to->bytes_read += from->bytes_read;
	to->plan_us += from->plan_us;
}

static void finish(struct search *s)
{
	struct search_result *result = &s->result;
	for (unsigned i = 0; i < s->threads; i++) {
		result->matched += s->workers[i].matched;
		result->gave_up += match_scratch_gave_up(s->workers[i].scratch);
		add_explain(&result->explain, &s->workers[i].explain);
	}
	for (size_t i = 0; i < s->nitems; i++)
		result->explain.groups_left += s->items[i].group != GROUP_FILE;
	result->partial = s->why != NULL;
	result->why = s->why;
	bool left = s->nitems > 0 || (s->clustered && s->clustered->left);
	result->counted = !s->why && (s->counted || (!left && !s->request->after));
	if (s->request->limit && s->request->sort)
		sort_finish(s);
	else if (s->request->limit)
		top_finish(s);
	histogram_finish(s);
	facet_finish(s);
	result->problems = s->problems;
	result->nproblems = s->nproblems;
	free_workers(s);
}

static int attempt(struct search *s, struct err *err)
{
	struct search_explain *explain = &s->result.explain;
	int64_t begin = clock_mono_us();
	int clustered =
		s->request->lake || s->request->only_after_segment ? 0 : clustered_open(s, err);
	bound_page(s);
	if (clustered < 0 || plan_tables(s, err) < 0 ||
		(clustered ? clustered_plan(s, err) : plan_files(s, err)) < 0)
		return -1;
	make_workers(s);
	int64_t listed = clock_mono_us();
	if (!clustered)
		search_workers(s);
	else if (clustered_run(s, err) < 0)
		return -1;
	if (s->again)
		return 0;
	int64_t matched = clock_mono_us();
	finish(s);
	int64_t end = clock_mono_us();
	explain->list_us = listed - begin;
	explain->match_us = matched - listed;
	explain->page_us = end - matched;
	explain->total_us = end - s->started;
	return 0;
}

int search_sort_by(struct search_request *request, const struct search_tables *tables,
	const char *text, struct err *err)
{
	bool down = *text == '-';
	text += down;
	if (query_check_field(tables, slice_of(text), err) < 0)
		return -1;
	if (strcasecmp(text, "table") == 0)
		return 1;
	request->order = down ? SEARCH_NEWEST : SEARCH_OLDEST;
	if (strcasecmp(text, "event_time") != 0)
		request->sort = text;
	return 0;
}

int search_run(struct store *store, const struct search_request *request, struct search **search,
	struct err *err)
{
	unsigned seconds = request->seconds ? request->seconds : SEARCH_SECONDS;
	return search_run_for(store, request, (int64_t)seconds * 1000000, search, err);
}

int search_run_for(struct store *store, const struct search_request *request, int64_t us,
	struct search **search, struct err *err)
{
	struct search *s = xcalloc(1, sizeof(*s));
	int rc = 0;
	*search = s;
	s->store = store;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->changed, NULL);
	take_request(s, request);
	s->deadline = s->started + us;
	for (unsigned try = 0; rc == 0; try++) {
		s->last_try = try == SEARCH_RETRIES;
		rc = attempt(s, err);
		if (rc < 0 || !s->again)
			break;
		forget(s);
	}
	if (rc < 0) {
		search_free(s);
		*search = NULL;
	}
	return rc;
}

void search_free(struct search *search)
{
	if (!search)
		return;
	forget(search);
	free(search->missing.ids);
	pthread_cond_destroy(&search->changed);
	pthread_mutex_destroy(&search->lock);
	free(search);
}

const struct search_result *search_result(const struct search *search)
{
	return &search->result;
}
