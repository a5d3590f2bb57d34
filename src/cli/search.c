/* SPDX-License-Identifier: Apache-2.0 */
/* search.c (cli/): pugmark search: from options to a request, and from its result to what is shown. */
#include <stdlib.h>
#include <unistd.h>

#include "cli/search.h"

/* ---- options --------------------------------------------------------------------------------- */

static int parse_numbers(struct searching *s)
{
	const struct command_line *line = s->line;
	int64_t seconds = 300, limit = -1;
	if (parse_format(line, &s->format) < 0 || parse_count(line, OPT_TIMEOUT, &seconds) < 0 ||
		parse_count(line, OPT_LIMIT, &limit) < 0 ||
		parse_time(line, OPT_SINCE, &s->request.since) < 0 ||
		parse_time(line, OPT_UNTIL, &s->request.until) < 0)
		return -1;
	bool table = s->format == FORMAT_TABLE && !s->raw;
	s->request.seconds = seconds == 0 || seconds > 86400 ? 86400 : (unsigned)seconds;
	s->limit = limit > 0 ? (uint64_t)limit : UINT64_MAX;
	bool drawn = line->values[OPT_HISTOGRAM] || line->values[OPT_FACET];
	if (limit < 0 && s->follow)
		s->limit = FOLLOW_ROWS;
	else if (limit < 0 && table)
		s->limit = drawn ? DRAWN_ROWS : SEARCH_ROWS;
	if (s->count)
		s->limit = 0;
	return 0;
}

/* Options that contradict each other. 0 or -1 (told). */
static int check_options(const struct searching *s)
{
	const struct command_line *line = s->line;
	bool lines = s->raw || s->format == FORMAT_CSV || s->format == FORMAT_NDJSON;
	bool drawing = line->values[OPT_FACET] || line->values[OPT_HISTOGRAM] || s->count;
	const char *wrong = NULL;
	if (s->raw && (line->values[OPT_FORMAT] || line->values[OPT_JSON] || s->ncolumns))
		wrong = "--raw prints the bytes as they came: no --format, no --columns";
	else if (drawing && lines)
		wrong = "--count, --histogram and --facet go with the formats table and json";
	else if (s->follow && s->format == FORMAT_JSON)
		wrong = "--follow never ends: --format ndjson goes with it";
	else if (s->follow && (drawing || line->values[OPT_SORT] || line->values[OPT_AFTER] ||
				      line->values[OPT_UNTIL]))
		wrong = "--follow goes without --count, --histogram, --facet, --sort, --after and "
			"--until";
	else if (line->values[OPT_AFTER] && s->request.sort)
		wrong = "--after goes with the order of time only";
	if (wrong)
		usage_error(line, "%s", wrong);
	return wrong ? -1 : 0;
}

static int parse_sort(struct searching *s, struct err *err)
{
	const char *text = s->line->values[OPT_SORT];
	s->request.order = SEARCH_NEWEST;
	if (!text)
		return 0;
	int rc = search_sort_by(&s->request, &s->tables, text, err);
	if (rc == 1)
		return err_set(err, ERR_USAGE,
			"--sort %s: tables have no order: --facet table counts them, table:NAME "
			"picks one",
			text + (*text == '-'));
	return rc;
}

static int parse_lists(struct searching *s, struct err *err)
{
	const struct command_line *line = s->line;
	if (line->values[OPT_COLUMNS]) {
		int n = search_fields_parse(s, line->values[OPT_COLUMNS], &s->columns, err);
		if (n < 0)
			return -1;
		s->ncolumns = (uint32_t)n;
	}
	if (line->values[OPT_FACET]) {
		const char **facets;
		int n = search_fields_parse(s, line->values[OPT_FACET], &facets, err);
		if (n < 0)
			return -1;
		s->request.facets = facets;
		s->request.nfacets = (uint32_t)n;
		s->request.facet_values = s->format == FORMAT_JSON ? 100 : FACET_VALUES;
	}
	if (line->values[OPT_AFTER]) {
		if (cursor_parse(line->values[OPT_AFTER], &s->after) < 0)
			return err_set(err, ERR_USAGE,
				"--after %.100s is no place: the summary of a page before prints "
				"it",
				line->values[OPT_AFTER]);
		s->request.after = &s->after;
	}
	return parse_sort(s, err);
}

static void fill_request(struct searching *s)
{
	const struct command_line *line = s->line;
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned threads = line->threads ? line->threads : (unsigned)(cores > 0 ? cores : 1);
	s->request.expr = s->expr;
	s->request.tables = &s->tables;
	s->request.now = clock_now_us();
	s->request.secondary = line->values[OPT_SECONDARY] != NULL;
	s->request.count = s->count;
	s->request.threads = threads;
	s->request.memory = budget_divide(line->memory, threads).sql_bytes;
	s->request.stop = &stop_requested;
	s->request.lake = line->values[OPT_LAKE] != NULL;
	if (line->values[OPT_HISTOGRAM]) {
		unsigned width = s->width ? s->width : PLAIN_WIDTH;
		s->request.buckets = width > 40 ? width - 20 : 20;
		if (s->format == FORMAT_JSON)
			s->request.buckets = 100;
	}
}

/* ---- running --------------------------------------------------------------------------------- */

static void draw(struct searching *s, const struct search_result *result)
{
	unsigned width = s->width ? s->width : PLAIN_WIDTH;
	struct buf out;
	buf_init(&out, (size_t)1 << 30);
	if (s->request.buckets)
		histogram_draw(result, &out);
	if (out.len && result->nfacets)
		buf_push(&out, '\n');
	facets_draw(result, width, &out);
	if (out.len && s->limit)
		buf_push(&out, '\n');
	if (out.len)
		fwrite(out.ptr, 1, out.len, stdout);
	buf_fini(&out);
}

struct pages {
	struct search *first; /* has the counts */
	struct search *newest;
	struct search_request requests[2]; /* theirs: borrowed as long as they live */
	uint64_t left;
	struct search_cursor last, after;
	uint32_t nproblems; /* of all pages, each file once */
	struct search_problem *problems;
};

static void note_problems(struct searching *s, struct pages *pages)
{
	const struct search_result *result = search_result(pages->newest);
	for (uint32_t i = 0; i < result->nproblems; i++) {
		const struct search_problem *problem = &result->problems[i];
		uint32_t k = 0;
		while (k < pages->nproblems && strcmp(pages->problems[k].path, problem->path) != 0)
			k++;
		if (k < pages->nproblems)
			continue;
		pages->problems = xrealloc(pages->problems, (k + 1) * sizeof(*pages->problems));
		pages->problems[pages->nproblems++] =
			(struct search_problem){arena_strdup(&s->mem, slice_of(problem->path)),
				arena_strdup(&s->mem, slice_of(problem->what))};
	}
}

/* One page of rows, or the counts alone. */
static int run_page(struct searching *s, struct pages *pages, struct rows *rows, struct err *err)
{
	struct search_request *request = &pages->requests[pages->first != NULL];
	struct search *search;
	if (pages->newest && pages->newest != pages->first)
		search_free(pages->newest);
	pages->newest = pages->first;
	*request = s->request;
	request->limit = pages->left;
	if (pages->left > SEARCH_PAGE && !s->request.sort)
		request->limit = SEARCH_PAGE;
	if (pages->first) { /* the counts are known */
		request->count = false;
		request->buckets = request->nfacets = 0;
		pages->after = pages->last;
		request->after = &pages->after;
	}
	if (search_run(s->store, request, &search, err) < 0)
		return -1;
	pages->newest = search;
	if (!pages->first) {
		pages->first = search;
		if (s->format == FORMAT_TABLE && !s->raw)
			draw(s, search_result(search));
	}
	int status = rows ? rows_page(rows, search, &pages->last, err) : 0;
	uint64_t n = search_result(search)->nrows;
	pages->left -= n < pages->left ? n : pages->left;
	note_problems(s, pages);
	return status;
}

static bool goes_on(const struct searching *s, const struct pages *pages)
{
	const struct search_result *result = search_result(pages->newest);
	return pages->left && result->more && result->nrows && !result->partial &&
	       !s->request.sort && !stop_requested;
}

/* What all pages together came to: the first has the counts, the newest says how it ended. */
static struct search_result result_of(
	const struct searching *s, const struct pages *pages, const struct rows *rows)
{
	struct search_result result = *search_result(pages->first);
	const struct search_result *newest = search_result(pages->newest);
	if (pages->newest != pages->first && !result.counted && rows)
		result.matched = rows_shown(rows);
	result.more = newest->more && s->limit;
	result.partial |= newest->partial;
	result.why = newest->why ? newest->why : result.why;
	result.nproblems = pages->nproblems;
	result.problems = pages->problems;
	return result;
}

/* The members of the one object that follow the events. */
static int end_json(struct searching *s, const struct search_result *result,
	const struct search_cursor *last, struct err *err)
{
	char cursor[CURSOR_TEXT];
	struct buf out;
	buf_init(&out, (size_t)1 << 30);
	buf_puts(&out, s->limit ? "," : "{");
	result_json(s, result, &out);
	if (result->more && !s->request.sort)
		buf_printf(&out, ",\"next\":\"%s\"", cursor_text(last, cursor));
	buf_puts(&out, "}\n");
	bool all = fwrite(out.ptr, 1, out.len, stdout) == out.len;
	buf_fini(&out);
	return all ? 0 : err_errno(err, "writing the result");
}

static void print_count(const struct searching *s, const struct search_result *result)
{
	if (s->count && s->format == FORMAT_TABLE)
		printf("%llu\n", (unsigned long long)result->matched);
}

static int run_all(struct searching *s, struct pages *pages, struct rows *rows, struct err *err)
{
	int status = 0;
	do {
		status = run_page(s, pages, rows, err);
	} while (status == 0 && rows && goes_on(s, pages));
	if (status < 0 && (err->kind != ERR_INTERRUPTED || !pages->first))
		return -1;
	/* Nothing found: the words below the table say so, and its heads would say nothing. */
	bool heads = s->format != FORMAT_TABLE || s->raw || (rows && rows_shown(rows));
	if (rows && heads && rows_end(rows, err) < 0)
		return -1;
	struct search_result result = result_of(s, pages, rows);
	if (s->format == FORMAT_JSON && !s->raw)
		return end_json(s, &result, &pages->last, err);
	print_count(s, &result);
	return fflush(stdout) == 0 ? 0 : err_errno(err, "writing the result");
}

static int search_once(struct searching *s)
{
	struct err err = {0};
	struct pages pages = {.left = s->limit};
	struct rows *rows = s->limit ? rows_begin(s, &err) : NULL;
	int status = s->limit && !rows ? -1 : run_all(s, &pages, rows, &err);
	int exit_status = EXIT_DONE;
	if (status < 0) {
		exit_status = fail(&err);
	} else {
		struct search_result result = result_of(s, &pages, rows);
		summary_print(s, &result, rows ? rows_shown(rows) : 0, &pages.last);
		if (s->line->values[OPT_EXPLAIN])
			explain_print(&result);
		exit_status = result_status(&result);
		if (rows && elsewhere_print(rows_elsewhere(rows)) && exit_status == EXIT_DONE)
			exit_status = EXIT_REJECTED;
	}
	if (pages.newest != pages.first)
		search_free(pages.newest);
	if (pages.first)
		search_free(pages.first);
	rows_free(rows);
	free(pages.problems);
	return exit_status;
}

static int run(struct searching *s, struct command_line *line)
{
	struct err err = {0};
	const char *saved = NULL;
	if (open_data(line, STORE_READ, &s->store, &err) < 0)
		return fail(&err);
	if (line->values[OPT_SAVED] && search_saved_load(s, line, &saved, &err) < 0)
		return fail(&err);
	if (parse_numbers(s) < 0)
		return EXIT_USAGE;
	if (search_tables_load(s, &err) < 0 || search_query_read(s, saved, &err) < 0)
		return fail(&err);
	if (line->values[OPT_VALUES])
		return search_print_values(s);
	int status = search_query_parse(s);
	if (status != EXIT_DONE)
		return status;
	if (parse_lists(s, &err) < 0)
		return fail(&err);
	if (check_options(s) < 0)
		return EXIT_USAGE;
	if (line->values[OPT_SAVE])
		return search_save(s);
	fill_request(s);
	return s->follow ? search_follow(s) : search_once(s);
}

int command_search(const struct command_line *line)
{
	if (line->values[OPT_LIST_SAVED])
		return search_list_saved(line);
	if (line->values[OPT_DELETE_SAVED])
		return search_delete_saved(line);
	struct command_line own = *line; /* a saved search adds options */
	const char *no_color = getenv("NO_COLOR");
	struct searching s = {
		.line = &own,
		.request = {.since = INT64_MIN, .until = INT64_MAX},
		.width = terminal_width(),
		.raw = line->values[OPT_RAW] != NULL,
		.follow = line->values[OPT_FOLLOW] != NULL,
		.began = clock_mono_us(),
	};
	s.count = line->values[OPT_COUNT] != NULL;
	s.marks = s.width && !(no_color && *no_color);
	int status = run(&s, &own);
	store_close(s.store);
	schema_set_fini(&s.schemas);
	arena_fini(&s.mem);
	return status;
}
