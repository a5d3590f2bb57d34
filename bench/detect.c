/* SPDX-License-Identifier: Apache-2.0 */
/*
 * detect.c: what rules cost, on one core, over the batches of a Parquet file that an import wrote. All columns are
 * in memory first, as they are while events arrive; then once more read from the file as the engine asks for
 * them, as over history. Usage: detect PARQUET [RULES…] [--synthetic N] [--real N] [--field NAME] [--write DIR] [--runs N] [--alone]
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "detect/engine.h"
#include "detect/rule.h"
#include "detect_rules.h"
#include "parquet/parquet.h"
#include "query/language.h"

enum { MOST_RUNS = 100 };

struct bench {
	struct parquet_reader *reader;
	const struct schema *schema;
	uint32_t nbatches;
	struct batch *batches;
	struct arena mem;
	uint32_t nexprs;
	const struct expr **exprs;
	/* of one pass */
	uint64_t hits, events, *matched;
	uint64_t *counts; /* hits of each; NULL = not asked for */
	uint32_t batch;   /* at hand */
};

static void stop(const char *what)
{
	fprintf(stderr, "detect: %s\n", what);
	exit(1);
}

static double cpu_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* ---- rules ----------------------------------------------------------------------------------- */

static void add_expr(struct bench *b, const struct expr *expr)
{
	b->exprs = xrealloc(b->exprs, (b->nexprs + 1) * sizeof(struct expr *));
	b->exprs[b->nexprs++] = expr;
}

#ifdef BENCH_RULES
static void load_rules(struct bench *b, const char *const *paths)
{
	struct err err = {0};
	struct rules *rules; /* lives as long as the process */
	struct rules_source source = {.paths = paths, .shipped = paths[0] == NULL};
	if (rules_load(&source, &rules, &err) != 0)
		stop(err.text);
	for (uint32_t i = 0; i < rules->n; i++) {
		const struct rule *rule = rules->of[i];
		if (rule->expr && rule_watches(rule, b->schema->table, b->schema->product))
			add_expr(b, rule->expr);
	}
}
#else
/* Until rules can be read: equalities on the kind of event, as the shipped ones mostly are. */
static void load_rules(struct bench *b, const char *const *paths)
{
	static const char *const actions[] = {"Full data export triggered",
		"Global permission granted", "Global secret scanning rule deleted",
		"Audit log configuration updated", "User login failed", "User login failed(SSH)",
		"Personal access token created", "SSH key created", "Repository deleted",
		"Project deleted", "User added to group", "User credential updated",
		"Plugin enabled", "Repository permission granted"};
	(void)paths;
	for (size_t i = 0; i < sizeof(actions) / sizeof(*actions); i++) {
		struct expr *e = arena_zalloc(&b->mem, 1, sizeof(*e));
		struct piece *piece = arena_zalloc(&b->mem, 1, sizeof(*piece));
		struct pattern *pattern = arena_zalloc(&b->mem, 1, sizeof(*pattern));
		*piece = (struct piece){PIECE_TEXT, slice_of(actions[i])};
		*pattern = (struct pattern){piece, 1};
		e->kind = EXPR_TEST;
		e->test = (struct test){.op = TEST_PATTERNS,
			.field = SLICE("auditType.action"),
			.fold = true,
			.patterns = pattern,
			.npatterns = 1};
		add_expr(b, e);
	}
}
#endif

static void write_rule(const char *folder, uint32_t i, const struct buf *yaml)
{
	char path[4096];
	snprintf(path, sizeof(path), "%s/rule-%04u.yml", folder, i);
	FILE *file = fopen(path, "w");
	if (!file || fwrite(yaml->ptr, 1, yaml->len, file) != yaml->len || fclose(file) != 0)
		stop("cannot write a rule");
}

static void make_rules(struct bench *b, uint32_t n, const char *folder)
{
	struct rule_field fields[FIELDS];
	memcpy(fields, rule_fields, sizeof(fields));
	for (uint32_t i = 0; i < b->nbatches; i += b->nbatches / 4 + 1)
		rule_fields_fill(fields, &b->batches[i], &b->mem);
	for (uint32_t i = 0; i < n; i++) {
		struct buf yaml;
		buf_init(&yaml, 1 << 20);
		add_expr(b, rule_make(fields, i, &b->mem, &yaml));
		if (folder)
			write_rule(folder, i, &yaml);
		buf_fini(&yaml);
	}
}

/* ---- passes ---------------------------------------------------------------------------------- */

static int on_hit(void *ctx, uint32_t expr, const uint64_t *rows, uint32_t count, struct err *err)
{
	struct bench *b = ctx;
	(void)err;
	b->hits += count;
	if (b->counts)
		b->counts[expr] += count;
	uint32_t n = b->batches[b->batch].nrows;
	for (uint32_t w = 0; b->matched && w < (n + 63) / 64; w++)
		b->matched[w] |= rows[w];
	return 0;
}

struct source {
	struct bench *bench;
	uint32_t group;
	struct batch *batch;
};

static int load(void *ctx, uint32_t column, enum match_part part, struct err *err)
{
	struct source *s = ctx;
	return parquet_load(s->bench->reader, s->group, column,
		part == MATCH_ROWS ? PARQUET_ROWS : PARQUET_VALUES, s->batch, NULL, err);
}

/* Milliseconds of this thread; `from_file`: columns are read when they are asked for. */
static double pass(struct bench *b, const struct engine_program *program,
	struct engine_scratch *scratch, bool from_file)
{
	struct err err = {0};
	double begin = cpu_ms();
	b->hits = b->events = 0;
	for (b->batch = 0; b->batch < b->nbatches; b->batch++) {
		struct batch lazy, *batch = &b->batches[b->batch];
		struct source source = {b, b->batch, &lazy};
		struct match_input input = {.batch = batch};
		if (from_file) {
			parquet_begin(b->reader, b->batch, &lazy);
			input = (struct match_input){&lazy, load, &source};
		}
		if (b->matched)
			memset(b->matched, 0, LIMIT_BATCH_ROWS / 8);
		if (engine_run(program, &input, scratch, NULL, on_hit, b, &err) != 0)
			stop(err.text);
		for (uint32_t w = 0; b->matched && w < (batch->nrows + 63) / 64; w++)
			b->events += (uint64_t)__builtin_popcountll(b->matched[w]);
		if (from_file)
			batch_fini(&lazy);
	}
	return cpu_ms() - begin;
}

static int order(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double median(struct bench *b, const struct engine_program *program,
	struct engine_scratch *scratch, bool from_file, int runs)
{
	double ms[MOST_RUNS] = {0};
	for (int i = 0; i < runs; i++)
		ms[i] = pass(b, program, scratch, from_file);
	qsort(ms, (size_t)runs, sizeof(*ms), order);
	return ms[runs / 2];
}

/* The same without the engine: each expression by itself through the matcher, once. */
static double alone(struct bench *b)
{
	struct err err = {0};
	struct matcher *matcher;
	struct match_scratch *scratch = match_scratch_new();
	uint64_t *rows = xcalloc(LIMIT_BATCH_ROWS / 64, sizeof(*rows));
	double ms = 0;
	b->hits = 0;
	for (uint32_t i = 0; i < b->nexprs; i++) {
		if (matcher_new(b->exprs[i], 0, &matcher, NULL, &err) != 0)
			stop(err.text);
		struct match_program *program =
			match_bind(matcher, parquet_shape(b->reader), query_resolve, b->schema);
		double begin = cpu_ms();
		for (uint32_t g = 0; g < b->nbatches; g++) {
			struct match_input input = {.batch = &b->batches[g]};
			uint32_t count;
			if (match_rows(program, &input, scratch, NULL, rows, &count, &err) != 0)
				stop(err.text);
			b->hits += count;
		}
		ms += cpu_ms() - begin;
		match_program_free(program);
		matcher_free(matcher);
	}
	match_scratch_free(scratch);
	free(rows);
	return ms;
}

static void measure(struct bench *b, int runs)
{
	struct err err = {0};
	struct engine *engine;
	double begin = cpu_ms();
	if (engine_new(b->exprs, b->nexprs, 0, &engine, NULL, &err) != 0)
		stop(err.text);
	double prepared = cpu_ms();
	struct engine_program *program =
		engine_bind(engine, parquet_shape(b->reader), query_resolve, b->schema, NULL);
	double bound = cpu_ms();
	struct engine_scratch *scratch = engine_scratch_new();
	b->matched = xcalloc(LIMIT_BATCH_ROWS / 64, sizeof(*b->matched));
	pass(b, program, scratch, false);
	uint64_t events = b->events;
	struct engine_figures figures = engine_figures(scratch);
	free(b->matched);
	b->matched = NULL;
	uint64_t *counts = b->counts;
	b->counts = NULL;
	double ms = median(b, program, scratch, false, runs);
	double file_ms = median(b, program, scratch, true, runs);
	printf("{\"rules\": %u, \"prepare_ms\": %.1f, \"bind_ms\": %.1f, \"stored\": %" PRIu64
	       ", \"matched_events\": %" PRIu64 ", \"hits\": %" PRIu64
	       ", \"candidates_per_batch\": %.1f, \"eval_ms\": %.2f, \"from_file_ms\": %.2f, "
	       "\"events_per_second\": %.0f",
		b->nexprs, prepared - begin, bound - prepared, parquet_rows(b->reader), events,
		b->hits, (double)figures.evaluated / b->nbatches, ms, file_ms,
		(double)parquet_rows(b->reader) / ms * 1e3);
	for (uint32_t i = 0; counts && i < b->nexprs; i++)
		printf("%s%" PRIu64, i ? ", " : ", \"counts\": [", counts[i]);
	puts(counts ? "]}" : "}");
	free(counts);
	engine_scratch_free(scratch);
	engine_program_free(program);
	engine_free(engine);
}

static void open_file(struct bench *b, const char *path)
{
	struct err err = {0};
	if (parquet_open(path, &b->reader, &err) != 0)
		stop(err.text);
	b->schema = schema_find(parquet_shape(b->reader)->table);
	if (!b->schema)
		stop("no such table");
	b->nbatches = parquet_groups(b->reader);
	b->batches = xcalloc(b->nbatches, sizeof(*b->batches));
	for (uint32_t g = 0; g < b->nbatches; g++) {
		batch_init(&b->batches[g], parquet_shape(b->reader));
		if (parquet_read(b->reader, g, NULL, &b->batches[g], &err) != 0)
			stop(err.text);
	}
}

int main(int argc, char **argv)
{
	struct bench b = {0};
	const char **paths = xcalloc((size_t)argc + 1, sizeof(char *)), *folder = NULL;
	uint32_t npaths = 0, synthetic = 0;
	int runs = 5;
	bool by_itself = false;
	if (argc < 2)
		stop("usage: detect PARQUET [RULES…] [--synthetic N] [--real N] [--field NAME] "
		     "[--write DIR] "
		     "[--runs N]");
	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[i], "--synthetic") == 0 && i + 1 < argc)
			synthetic = (uint32_t)atoi(argv[++i]);
		else if (strcmp(argv[i], "--real") == 0 && i + 1 < argc)
			rules_real = (unsigned)atoi(argv[++i]);
		else if (strcmp(argv[i], "--field") == 0 && i + 1 < argc)
			rules_field = argv[++i];
		else if (strcmp(argv[i], "--write") == 0 && i + 1 < argc)
			folder = argv[++i];
		else if (strcmp(argv[i], "--runs") == 0 && i + 1 < argc)
			runs = atoi(argv[++i]);
		else if (strcmp(argv[i], "--alone") == 0)
			by_itself = true;
		else
			paths[npaths++] = argv[i];
	}
	if (runs < 1 || runs > MOST_RUNS)
		stop("runs are not 1 to 100");
	open_file(&b, argv[1]);
	if (synthetic)
		make_rules(&b, synthetic, folder);
	if (folder)
		b.counts = xcalloc((size_t)synthetic + 1, sizeof(*b.counts));
	if (!synthetic || npaths)
		load_rules(&b, paths);
	measure(&b, runs);
	uint64_t hits = b.hits;
	if (by_itself) {
		double ms = alone(&b);
		fprintf(stderr, "each by itself: %.0f ms, %s hits\n", ms,
			b.hits == hits ? "the same" : "OTHER");
	}
	for (uint32_t g = 0; g < b.nbatches; g++)
		batch_fini(&b.batches[g]);
	parquet_close(b.reader);
	arena_fini(&b.mem);
	free(b.batches);
	free(b.exprs);
	free(paths);
	return 0;
}
