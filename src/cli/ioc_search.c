/* SPDX-License-Identifier: Apache-2.0 */
/* ioc_search.c (cli/): pugmark ioc search: one line for each indicator, in the order given. */
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/ioc.h"
#include "cli/search.h"
#include "query/output.h"
#include "store/connections.h"

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

static int index_all(const struct command_line *line, struct store *store, struct err *err)
{
	struct arena mem = {0};
	struct schema_set schemas = {0};
	struct progress progress = progress_of_walk();
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
	int rc = index_all(line, writing, err);
	store_close(writing);
	*left = 0;
	return rc < 0 ? -1 : store_observables(store, sum_unindexed, left, err);
}

/* ---- one's own domains ----------------------------------------------------------------------- */

struct owning {
	struct arena *mem;
	struct slice *list;
	uint32_t n, cap;
};

static void own(struct owning *o, struct slice text)
{
	enum ioc_kind kind = IOC_DOMAIN;
	struct buf key;
	buf_init(&key, IOC_KEY_MAX + 64);
	if (ioc_key(&kind, text, &key)) {
		if (o->n == o->cap) {
			struct slice *old = o->list;
			o->cap = o->cap ? o->cap * 2 : 16;
			o->list = arena_alloc(o->mem, o->cap * sizeof(*o->list));
			if (o->n)
				memcpy(o->list, old, o->n * sizeof(*old));
		}
		o->list[o->n++] = (struct slice){arena_strdup(o->mem, buf_view(&key)), key.len};
	}
	buf_fini(&key);
}

/* An instance is a base URL, a host, or an id that is neither. */
static int own_of(void *ctx, const struct connection *connection, struct err *err)
{
	(void)err;
	struct owning *o = ctx;
	enum ioc_kind kind = IOC_URL, host_kind;
	struct buf key, host, text;
	buf_init(&key, IOC_KEY_MAX + 64);
	buf_init(&host, IOC_KEY_MAX + 64);
	buf_init(&text, IOC_KEY_MAX + 64);
	if (ioc_key(&kind, slice_of(connection->instance), &key) &&
		ioc_key_host(kind, buf_view(&key), &host_kind, &host) && host_kind == IOC_DOMAIN) {
		ioc_key_text(host_kind, buf_view(&host), &text);
		own(o, buf_view(&text));
	} else {
		own(o, slice_of(connection->instance));
	}
	buf_fini(&key);
	buf_fini(&host);
	buf_fini(&text);
	return 0;
}

int ioc_own_domains(
	struct store *store, struct arena *mem, struct slice **list, uint32_t *n, struct err *err)
{
	struct owning o = {.mem = mem};
	int rc = store_connections(store, own_of, &o, err);
	*list = o.list;
	*n = o.n;
	return rc;
}

/* ---- what was found -------------------------------------------------------------------------- */

struct printing {
	const struct ioc_input *input;
	const struct ioc_answers *answers;
	const struct slice *own;
	uint32_t nown;
	bool hits_only;
	uint64_t seen, shown;
	struct buf line;
};

static const struct ioc_answer *answer_of(const struct printing *p, const struct ioc_given *given)
{
	return &p->answers->list[given->indicator];
}

/* As what it was seen; what was not seen is what it looks like. */
static void put_kind(
	const struct indicator *indicator, const struct ioc_answer *answer, struct buf *out)
{
	const char *between = "";
	for (enum ioc_kind kind = IOC_IPV4; kind < IOC_KINDS; kind++) {
		if (!(answer->kinds >> kind & 1))
			continue;
		buf_printf(out, "%s%s", between, ioc_kind_name(kind));
		between = ", ";
	}
	if (!*between)
		buf_puts(
			out, indicator->form == IOC_WORD ? "name" : ioc_kind_name(indicator->kind));
}

static void put_tables(const struct printing *p, const struct ioc_answer *answer, struct buf *out)
{
	char count[32];
	const char *between = "";
	for (uint32_t t = 0; answer->by_table && t < p->answers->ntables; t++) {
		if (answer->by_table[t] == 0)
			continue;
		const char *name = p->answers->tables[t], *end = strstr(name, "_audit_logs");
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

static const char *caution_of(const struct printing *p, const struct ioc_given *given)
{
	return indicator_caution(&p->input->list[given->indicator], p->own, p->nown);
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
	const struct ioc_answer *answer = answer_of(p, given);
	const char *caution = caution_of(p, given);
	bool timed = answer->events > 0 && answer->first <= answer->last;
	put_kind(&p->input->list[given->indicator], answer, &cells[1]);
	buf_printf(&cells[2], "%s%s", answer->at_most ? "≤" : "",
		answer->events ? text_count(answer->events, count) : "-");
	put_tables(p, answer, &cells[3]);
	put_time(answer->first, timed, &cells[4]);
	put_time(answer->last, timed, &cells[5]);
	put_actors(answer, &cells[6]);
	buf_puts(&cells[7], caution ? caution : "");
}

static bool is_shown(const struct printing *p, const struct ioc_given *given)
{
	return !p->hits_only || (!given->reason && answer_of(p, given)->events > 0);
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
	for (uint32_t i = 0; i < p->input->n && rc == 0; i++) {
		if (!is_shown(p, &p->input->given[i]))
			continue;
		for (int c = 0; c < COLUMNS; c++)
			buf_clear(&texts[c]);
		fill_cells(p, &p->input->given[i], texts);
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

static void json_time(struct buf *out, const char *name, int64_t us, bool is_there)
{
	char text[CLOCK_TEXT];
	text_json_member(out, name, is_there ? clock_text(us, text) : NULL);
}

static void json_answer(const struct printing *p, const struct ioc_given *given, struct buf *out)
{
	const struct indicator *indicator = &p->input->list[given->indicator];
	const struct ioc_answer *answer = answer_of(p, given);
	bool timed = answer->events > 0 && answer->first <= answer->last;
	const char *between = "";
	struct buf kind;
	buf_init(&kind, 4096);
	put_kind(indicator, answer, &kind);
	buf_push(&kind, '\0');
	text_json_member(out, "kind", kind.ptr);
	buf_fini(&kind);
	buf_printf(out, ",\"events\":%" PRIu64 ",\"at_most\":%s,\"tables\":{", answer->events,
		answer->at_most ? "true" : "false");
	for (uint32_t t = 0; answer->by_table && t < p->answers->ntables; t++) {
		if (answer->by_table[t] == 0)
			continue;
		buf_printf(out, "%s\"%s\":%" PRIu64, between, p->answers->tables[t],
			answer->by_table[t]);
		between = ",";
	}
	buf_push(out, '}');
	json_time(out, "first_seen", answer->first, timed);
	json_time(out, "last_seen", answer->last, timed);
	buf_puts(out, ",\"actors\":[");
	for (uint32_t i = 0; i < answer->nactors; i++) {
		buf_puts(out, i ? "," : "");
		text_json_string(out, answer->actors[i]);
	}
	buf_printf(out, "],\"more_actors\":%s", answer->more_actors ? "true" : "false");
	text_json_member(out, "caution", caution_of(p, given));
}

static void json_line(const struct printing *p, const struct ioc_given *given, struct buf *out)
{
	buf_puts(out, "{\"indicator\":");
	text_json_string(out, given->text);
	if (given->line)
		buf_printf(out, ",\"line\":%" PRIu64, given->line);
	if (given->reason)
		text_json_member(out, "unusable", given->reason);
	else
		json_answer(p, given, out);
	buf_push(out, '}');
}

static int print_json(struct printing *p, bool lines, struct err *err)
{
	if (!lines)
		fputs("{\"indicators\":[", stdout);
	for (uint32_t i = 0; i < p->input->n; i++) {
		if (!is_shown(p, &p->input->given[i]))
			continue;
		buf_clear(&p->line);
		if (!lines && p->shown)
			buf_push(&p->line, ',');
		json_line(p, &p->input->given[i], &p->line);
		if (lines)
			buf_push(&p->line, '\n');
		p->shown++;
		if (fwrite(p->line.ptr, 1, p->line.len, stdout) != p->line.len)
			return err_errno(err, "writing");
	}
	if (!lines)
		printf("],\"given\":%" PRIu32 ",\"seen\":%" PRIu64 ",\"unusable\":%" PRIu64
		       ",\"segments_not_indexed\":%" PRIu64 "}\n",
			p->input->n, p->seen, p->input->unusable, p->answers->unindexed);
	return 0;
}

static void tell_counts(const struct printing *p)
{
	char a[32], b[32], c[32];
	uint32_t usable = p->input->nlist;
	fprintf(stderr, "%s indicator%s, %s seen", text_count(usable, a), usable == 1 ? "" : "s",
		text_count(p->seen, b));
	if (p->input->unusable)
		fprintf(stderr, ", %s not usable", text_count(p->input->unusable, c));
	fputc('\n', stderr);
}

int ioc_print_answers(const struct command_line *line, enum query_format format,
	const struct ioc_input *input, const struct ioc_answers *answers,
	const struct slice *own_domains, uint32_t nown, struct err *err)
{
	struct printing p = {.input = input,
		.answers = answers,
		.own = own_domains,
		.nown = nown,
		.hits_only = line->values[OPT_HITS] != NULL};
	buf_init(&p.line, (size_t)1 << 28);
	for (uint32_t i = 0; i < answers->n; i++)
		p.seen += answers->list[i].events > 0;
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
	int rc = line->values[OPT_TABLE] ? store_schema(data_folder(line), line->values[OPT_TABLE],
						   &schema, &owned, err)
					 : 0;
	const struct ioc_request request = {.list = input->list,
		.n = input->nlist,
		.table = schema ? schema->table : NULL,
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
