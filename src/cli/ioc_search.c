/* SPDX-License-Identifier: Apache-2.0 */
/* ioc_search.c (cli/): pugmark ioc search: one line for each indicator, in the order given. */
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/ioc.h"
#include "cli/search.h"
#include "query/output.h"

enum {
	COUNTED_EXACTLY =
		1000, /* indicators, in one search, whose events are counted by reading them */
	COLUMNS = 8,
	CELL_MOST = 1 << 20,
	ACTORS_SHOWN = 3,
};

/* ---- the index ------------------------------------------------------------------------------- */

static int sum_unindexed(void *ctx, const struct observables_info *info, struct err *err)
{
	(void)err;
	*(uint64_t *)ctx += info->unindexed;
	return 0;
}

int ioc_index_all(const struct command_line *line, struct store *store, struct err *err)
{
	struct arena mem = {0};
	struct schema_set schemas = {0};
	struct progress progress = progress_of_walk(WALK_STEPS);
	uint64_t made = 0;
	int rc = store_schema_set(data_folder(line), &mem, &schemas, err);
	for (uint32_t i = 0; i < schemas.n && rc == 0; i++)
		rc = store_index_observables(store, &schemas.of[i]->shape, &progress, &made, err);
	progress_clear();
	schema_set_fini(&schemas);
	arena_fini(&mem);
	return rc;
}

int ioc_complete_index(
	const struct command_line *line, struct store *store, uint64_t *left, struct err *err)
{
	struct store *writing;
	struct err why;
	*left = 0;
	if (store_observables(store, sum_unindexed, left, err) < 0)
		return -1;
	if (*left == 0)
		return 0;
	fprintf(stderr,
		"%" PRIu64 " segments were written before there was an index of observables: "
		"making it\n",
		*left);
	if (open_data(line, STORE_WRITE, &writing, &why) < 0) {
		fprintf(stderr,
			"pugmark: it cannot be made here (%s): whoever owns the folder runs "
			"`pugmark ioc index`\n",
			why.text);
		return 0;
	}
	int rc = ioc_index_all(line, writing, err);
	store_close(writing);
	*left = 0;
	return rc < 0 ? -1 : store_observables(store, sum_unindexed, left, err);
}

/* ---- what was found -------------------------------------------------------------------------- */

struct printing {
	struct ioc_report report;
	uint64_t shown;
	struct buf line;
};

static void put_tables(const struct printing *p, const struct ioc_answer *answer, struct buf *out)
{
	char count[32];
	const char *between = "";
	for (uint32_t t = 0; answer->by_table && t < p->report.answers->ntables; t++) {
		if (answer->by_table[t] == 0)
			continue;
		const char *name = p->report.answers->tables[t], *end = strstr(name, "_audit_logs");
		buf_printf(out, "%s%.*s %s", between,
			(int)(end ? (size_t)(end - name) : strlen(name)), name,
			text_count(answer->by_table[t], count));
		between = ", ";
	}
}

static void put_actors(const struct ioc_answer *answer, struct buf *out)
{
	for (uint32_t i = 0; i < answer->nactors && i < ACTORS_SHOWN; i++) {
		buf_puts(out, i ? ", " : "");
		buf_slice(out, answer->actors[i]);
	}
	if (answer->nactors > ACTORS_SHOWN || answer->more_actors)
		buf_printf(out, " and %s%u more", answer->more_actors ? "at least " : "",
			answer->nactors - ACTORS_SHOWN + answer->more_actors);
}

static void put_time(int64_t us, bool is_there, struct buf *out)
{
	char text[CLOCK_TEXT];
	if (is_there)
		buf_puts(out, clock_text(us, text));
}

/* ---- a table --------------------------------------------------------------------------------- */

static void fill_cells(const struct printing *p, const struct ioc_given *given, struct buf *cells)
{
	char count[32];
	buf_slice(&cells[0], given->text);
	if (given->reason) {
		buf_printf(&cells[7], "not usable: %s", given->reason);
		if (given->line)
			buf_printf(&cells[7], " (line %" PRIu64 ")", given->line);
		return;
	}
	const struct ioc_answer *answer = &p->report.answers->list[given->indicator];
	const char *caution = ioc_report_caution(&p->report, given);
	bool timed = answer->events > 0 && answer->first <= answer->last;
	ioc_put_kind(&p->report.input->list[given->indicator], answer, &cells[1]);
	buf_printf(&cells[2], "%s%s", answer->at_most ? "≤" : "",
		answer->events ? text_count(answer->events, count) : "-");
	put_tables(p, answer, &cells[3]);
	put_time(answer->first, timed, &cells[4]);
	put_time(answer->last, timed, &cells[5]);
	put_actors(answer, &cells[6]);
	buf_puts(&cells[7], caution ? caution : "");
}

static int print_table(struct printing *p, enum query_format format, struct err *err)
{
	static const char *const names[COLUMNS] = {"indicator", "kind", "events", "tables",
		"first_seen", "last_seen", "actors", "note"};
	static const enum cell_kind kinds[COLUMNS] = {CELL_TEXT, CELL_TEXT, CELL_NUMBER, CELL_TEXT,
		CELL_TEXT, CELL_TEXT, CELL_TEXT, CELL_TEXT};
	static const bool whole[COLUMNS] = {true, true, true, false, true, true, false, false};
	struct sql_options options = {.format = format, .width = terminal_width()};
	struct output output;
	struct slice heads[COLUMNS];
	struct buf texts[COLUMNS];
	struct cell cells[COLUMNS];
	for (int i = 0; i < COLUMNS; i++) {
		heads[i] = slice_of(names[i]);
		buf_init(&texts[i], CELL_MOST);
	}
	output_init(&output, &options, stdout);
	output.whole = whole;
	output.drop = true;
	int rc = output_begin(&output, COLUMNS, heads, kinds, err);
	for (uint32_t i = 0; i < p->report.input->n && rc == 0; i++) {
		if (!ioc_report_shows(&p->report, i))
			continue;
		for (int c = 0; c < COLUMNS; c++)
			buf_clear(&texts[c]);
		fill_cells(p, &p->report.input->given[i], texts);
		for (int c = 0; c < COLUMNS; c++)
			cells[c] = (struct cell){CELL_TEXT, buf_view(&texts[c])};
		rc = output_row(&output, cells, err) < 0 ? -1 : 0;
		p->shown++;
	}
	if (rc == 0)
		rc = output_end(&output, err);
	output_fini(&output);
	for (int i = 0; i < COLUMNS; i++)
		buf_fini(&texts[i]);
	return rc;
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static int print_json(struct printing *p, bool lines, struct err *err)
{
	if (!lines)
		fputs("{\"indicators\":[", stdout);
	for (uint32_t i = 0; i < p->report.input->n; i++) {
		if (!ioc_report_shows(&p->report, i))
			continue;
		buf_clear(&p->line);
		if (!lines && p->shown)
			buf_push(&p->line, ',');
		ioc_report_json(&p->report, i, &p->line);
		if (lines)
			buf_push(&p->line, '\n');
		p->shown++;
		if (fwrite(p->line.ptr, 1, p->line.len, stdout) != p->line.len)
			return err_errno(err, "writing");
	}
	if (!lines) {
		buf_clear(&p->line);
		ioc_report_sums(&p->report, &p->line);
		printf("],%.*s}\n", SLICE_ARG(buf_view(&p->line)));
	}
	return 0;
}

static void tell_counts(const struct printing *p)
{
	char a[32], b[32], c[32];
	uint32_t usable = p->report.input->nlist;
	fprintf(stderr, "%s indicator%s, %s seen", text_count(usable, a), usable == 1 ? "" : "s",
		text_count(ioc_report_seen(&p->report), b));
	if (p->report.input->unusable)
		fprintf(stderr, ", %s not usable", text_count(p->report.input->unusable, c));
	fputc('\n', stderr);
}

int ioc_print_answers(const struct command_line *line, enum query_format format,
	const struct ioc_input *input, const struct ioc_answers *answers,
	const struct slice *own_domains, uint32_t nown, struct err *err)
{
	struct printing p = {.report = {.input = input,
				     .answers = answers,
				     .own = own_domains,
				     .nown = nown,
				     .hits_only = line->values[OPT_HITS] != NULL}};
	buf_init(&p.line, (size_t)1 << 28);
	int rc = format == FORMAT_JSON || format == FORMAT_NDJSON
			 ? print_json(&p, format == FORMAT_NDJSON, err)
			 : print_table(&p, format, err);
	if (rc == 0 && fflush(stdout) != 0)
		rc = err_errno(err, "standard output");
	if (rc == 0)
		tell_counts(&p);
	buf_fini(&p.line);
	return rc;
}

/* ---- the command ----------------------------------------------------------------------------- */

static int print_search(const struct command_line *line, enum query_format format,
	struct store *store, const struct ioc_input *input, const struct ioc_request *request,
	struct err *err)
{
	struct ioc_answers answers;
	struct arena mem = {0};
	struct slice *own_domains;
	uint32_t nown;
	int rc = ioc_own_domains(store, &mem, &own_domains, &nown, err);
	if (rc == 0 && (rc = ioc_search(store, request, &answers, err)) == 0) {
		rc = ioc_count_exactly(store, request, &answers, COUNTED_EXACTLY, err);
		if (rc == 0)
			rc = ioc_print_answers(
				line, format, input, &answers, own_domains, nown, err);
		ioc_answers_free(&answers);
	}
	arena_fini(&mem);
	return rc;
}

static int search(const struct command_line *line, enum query_format format, struct store *store,
	const struct ioc_input *input, uint64_t *left, struct err *err)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	const struct schema *schema = NULL;
	struct schema *owned = NULL;
	struct schema_set set = {0};
	struct arena mem = {0};
	int rc = store_schema_set(data_folder(line), &mem, &set, err);
	if (rc == 0 && line->values[OPT_TABLE])
		rc = store_schema(data_folder(line), line->values[OPT_TABLE], &schema, &owned, err);
	const struct search_tables tables = {set.n, set.of};
	const struct ioc_request request = {.list = input->list,
		.n = input->nlist,
		.table = schema ? schema->table : NULL,
		.tables = line->values[OPT_LAKE] ? NULL : &tables,
		.exact = line->values[OPT_EXACT] != NULL,
		.threads = line->threads ? line->threads
			   : cores > 0   ? (unsigned)cores
					 : 1,
		.stop = &stop_requested};
	if (rc == 0)
		rc = ioc_complete_index(line, store, left, err);
	if (rc == 0)
		rc = line->values[OPT_EVENTS]
			     ? ioc_print_events(line, format, store, &request, err)
			     : print_search(line, format, store, input, &request, err);
	schema_free(owned);
	schema_set_fini(&set);
	arena_fini(&mem);
	return rc;
}

int ioc_search_run(const struct command_line *line)
{
	struct ioc_input input;
	struct store *store;
	struct err err = {0};
	enum query_format format;
	uint64_t left = 0;
	if (parse_format(line, &format) < 0)
		return EXIT_USAGE;
	if (line->nargs < 2 && !line->values[OPT_FILE])
		return usage_error(
			line, "search needs VALUES, --file FILE, or - for standard input");
	if (ioc_input_read(line, 1, &input, &err) < 0) {
		ioc_input_free(&input);
		return err.kind ? fail(&err) : EXIT_USAGE;
	}
	int rc = open_data(line, STORE_READ, &store, &err);
	if (rc == 0) {
		rc = search(line, format, store, &input, &left, &err);
		store_close(store);
	}
	bool unusable = input.unusable > 0;
	ioc_input_free(&input);
	if (rc < 0)
		return fail(&err);
	if (left)
		fprintf(stderr,
			"pugmark: %" PRIu64 " segments are not indexed: the answer is not whole\n",
			left);
	return unusable || left ? EXIT_REJECTED : EXIT_DONE;
}
