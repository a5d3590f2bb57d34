/* SPDX-License-Identifier: Apache-2.0 */
/* import.c (cli/): pugmark import. */
#include <inttypes.h>
#include <string.h>

#include "cli/cluster.h"
#include "cli/detecting.h"
#include "pipeline/collect.h"

struct table_sum {
	char table[128];
	struct import_result sum;
};

struct import_job {
	const struct command_line *line;
	struct store *store;
	struct import_options options;
	struct schema *schema;
	struct table_sum tables[64];
	unsigned ntables;
	unsigned files, failed;
	struct import_result all;
	struct detect_result detected;
};

static void add_result(struct import_result *sum, const struct import_result *one)
{
	sum->bytes += one->bytes;
	sum->records += one->records;
	sum->stored += one->stored;
	sum->duplicates += one->duplicates;
	sum->rejected += one->rejected;
	sum->repaired += one->repaired;
	sum->no_time += one->no_time;
	sum->lenient_time += one->lenient_time;
	sum->zoneless += one->zoneless;
	sum->expired += one->expired;
	sum->segments += one->segments;
	sum->elapsed_us += one->elapsed_us;
	sum->timings.read_us += one->timings.read_us;
	sum->timings.decode_us += one->timings.decode_us;
	sum->timings.identify_us += one->timings.identify_us;
	sum->timings.pack_us += one->timings.pack_us;
	sum->timings.append_us += one->timings.append_us;
	sum->timings.commit_us += one->timings.commit_us;
}

static void add_to_table(struct import_job *job, const struct import_result *one)
{
	for (unsigned i = 0; i < job->ntables; i++)
		if (strcmp(job->tables[i].table, one->table) == 0) {
			add_result(&job->tables[i].sum, one);
			return;
		}
	if (!one->table[0] || job->ntables == sizeof(job->tables) / sizeof(*job->tables))
		return;
	struct table_sum *table = &job->tables[job->ntables++];
	snprintf(table->table, sizeof(table->table), "%s", one->table);
	table->sum = *one;
}

static void draw(void *ctx, const struct import_progress *at)
{
	struct import_job *job = ctx;
	progress_draw(at->input, at->bytes_read, at->bytes_total, "bytes",
		job->all.records + at->records);
}

static int import_one(struct import_job *job, const char *path)
{
	struct import_result one = {0};
	struct err err = {0};
	int status = import_file(job->store, path, &job->options, &one, &err);
	progress_clear();
	add_result(&job->all, &one);
	add_to_table(job, &one);
	job->files++;
	if (status == 0 && !one.table[0])
		fprintf(stderr, "pugmark: %s is empty: nothing to import\n", path);
	if (status == 0)
		return EXIT_DONE;
	job->failed++;
	return fail(&err);
}

static void print_numbers(const struct import_result *r)
{
	printf("\"bytes\":%" PRIu64 ",\"records\":%" PRIu64 ",\"stored\":%" PRIu64
	       ",\"duplicates\":%" PRIu64 ",\"expired\":%" PRIu64 ",\"rejected\":%" PRIu64
	       ",\"repaired\":%" PRIu64 ",\"no_time\":%" PRIu64 ",\"lenient_time\":%" PRIu64
	       ",\"zoneless\":%" PRIu64,
		r->bytes, r->records, r->stored, r->duplicates, r->expired, r->rejected,
		r->repaired, r->no_time, r->lenient_time, r->zoneless);
}

static void print_json(const struct import_job *job)
{
	const struct import_timings *t = &job->all.timings;
	printf("{\"files\":%u,\"failed\":%u,", job->files, job->failed);
	print_numbers(&job->all);
	printf(",\"segments\":%" PRIu64 ",\"seconds\":%.6f,\"tables\":{", job->all.segments,
		(double)job->all.elapsed_us / 1e6);
	for (unsigned i = 0; i < job->ntables; i++) {
		printf("%s\"%s\":{", i ? "," : "", job->tables[i].table);
		print_numbers(&job->tables[i].sum);
		putchar('}');
	}
	printf("},\"alerts\":{\"new\":%" PRIu64 ",\"changed\":%" PRIu64 "}",
		job->detected.changes.added, job->detected.changes.changed);
	printf(",\"core_seconds\":{\"read\":%.6f,\"decode\":%.6f,\"identify\":%.6f,\"pack\":%.6f,"
	       "\"append\":%.6f,\"commit\":%.6f}}\n",
		(double)t->read_us / 1e6, (double)t->decode_us / 1e6, (double)t->identify_us / 1e6,
		(double)t->pack_us / 1e6, (double)t->append_us / 1e6, (double)t->commit_us / 1e6);
}

static void print_also(uint64_t n, const char *what)
{
	char text[32];
	if (n)
		printf("  %s %s\n", text_count(n, text), what);
}

static void print_text(const struct import_job *job)
{
	char a[32], b[32], c[32];
	for (unsigned i = 0; i < job->ntables; i++) {
		const struct import_result *r = &job->tables[i].sum;
		printf("%s: %s event%s stored, %s duplicate%s, %s line%s rejected\n",
			job->tables[i].table, text_count(r->stored, a), r->stored == 1 ? "" : "s",
			text_count(r->duplicates, b), r->duplicates == 1 ? "" : "s",
			text_count(r->rejected, c), r->rejected == 1 ? "" : "s");
		print_also(r->repaired, "with text that had to be repaired (column repaired)");
		print_also(r->no_time, "without a readable time (event_time is null)");
		print_also(r->lenient_time, "with a time in an odd form (column lenient_time)");
		print_also(r->zoneless, "with a time without a zone, read as UTC");
		print_also(r->expired, "older than what is kept (--keep), not stored");
		if (r->rejected)
			puts("  what was rejected, and why: pugmark rejects");
	}
	print_new_alerts(&job->detected);
	if (job->all.bytes == 0)
		return;
	double seconds = (double)job->all.elapsed_us / 1e6;
	fprintf(stderr, "%s in %.2f s", text_bytes(job->all.bytes, a), seconds);
	if (seconds > 0)
		fprintf(stderr, ", %s events/s",
			text_count((uint64_t)((double)job->all.records / seconds), b));
	fprintf(stderr, "; data folder %s\n", store_dir(job->store));
	if (job->line->values[OPT_TIMINGS]) {
		const struct import_timings *t = &job->all.timings;
		fprintf(stderr,
			"core-seconds: read %.3f, decode %.3f, identify %.3f, pack %.3f, append "
			"%.3f, commit %.3f\n",
			(double)t->read_us / 1e6, (double)t->decode_us / 1e6,
			(double)t->identify_us / 1e6, (double)t->pack_us / 1e6,
			(double)t->append_us / 1e6, (double)t->commit_us / 1e6);
	}
}

static int parse_simd(const struct command_line *line, enum decode_simd *simd)
{
	const char *word = line->values[OPT_SIMD];
	*simd = SIMD_BEST;
	if (!word || strcmp(word, "best") == 0)
		return 0;
	*simd = strcmp(word, "avx2") == 0 ? SIMD_AVX2 : SIMD_PORTABLE;
	if (*simd == SIMD_AVX2 || strcmp(word, "portable") == 0)
		return 0;
	usage_error(line, "--simd %s: it must be best, avx2 or portable", word);
	return -1;
}

/* --schema FILE: read, kept with the data, used for this import. */
static int take_schema(struct import_job *job, struct err *err)
{
	const char *file = job->line->values[OPT_SCHEMA];
	if (!file)
		return 0;
	if (schema_load(file, &job->schema, err) < 0)
		return -1;
	bool changed;
	if (store_schema_keep(store_dir(job->store), job->schema, file, &changed, err) < 0)
		return -1;
	if (changed)
		fprintf(stderr,
			"pugmark: the schema of %s has changed: events stored before keep the old "
			"columns until "
			"`pugmark rebuild %s`\n",
			job->schema->table, job->schema->table);
	job->options.schema = job->schema;
	return 0;
}

static int check_names(const struct command_line *line)
{
	const char *source = line->values[OPT_SOURCE];
	if (source) {
		size_t n = strspn(source, "abcdefghijklmnopqrstuvwxyz0123456789._-");
		if (n == 0 || n > 63 || source[n] || strchr("._-", source[0])) {
			usage_error(line,
				"--source %s: a name is lower-case letters, digits, . _ and -, at "
				"most 63, "
				"and begins with a letter or digit",
				source);
			return -1;
		}
	}
	static const enum opt texts[] = {OPT_INSTANCE, OPT_NODE};
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		const char *text = line->values[texts[i]];
		if (text && (strlen(text) > 255 || strpbrk(text, "\n\r"))) {
			usage_error(
				line, "--%s: at most 255 bytes on one line", option_name(texts[i]));
			return -1;
		}
	}
	const char *table = line->values[OPT_TABLE];
	if (table && line->values[OPT_SCHEMA]) {
		usage_error(line,
			"--table and --schema exclude each other: the schema file names its table");
		return -1;
	}
	return 0;
}

int command_import(const struct command_line *line)
{
	struct err err = {0};
	struct import_job job = {.line = line};
	int64_t began = clock_now_us();
	job.options = (struct import_options){
		.table = line->values[OPT_TABLE],
		.source = line->values[OPT_SOURCE],
		.instance = line->values[OPT_INSTANCE],
		.node = line->values[OPT_NODE],
		.threads = line->threads,
		.memory = line->memory,
		.progress = draw,
		.progress_ctx = &job,
		.stop = &stop_requested,
	};
	if (check_names(line) < 0 || parse_simd(line, &job.options.simd) < 0)
		return EXIT_USAGE;
	if (open_data(line, STORE_WRITE, &job.store, &err) < 0)
		return fail(&err);
	int status = EXIT_DONE;
	struct arena mem = {0};
	if (take_schema(&job, &err) < 0 ||
		(job.options.instance && connection_instance(job.store, job.options.instance, &mem,
						 &job.options.instance, &err) < 0))
		status = fail(&err);
	struct detect_live *live = NULL;
	if (status == EXIT_DONE && !line->values[OPT_NO_DETECT]) {
		live = detect_once_start(line);
		job.options.catch = detect_live_catch(live, job.store);
	}
	for (int i = 0; i < line->nargs && !stop_requested && (status == EXIT_DONE || job.files);
		i++) {
		int one = import_one(&job, line->args[i]);
		if (one != EXIT_DONE && status != EXIT_STOPPED)
			status = one;
	}
	if (job.all.segments && live)
		detect_once(live, job.store, &job.detected);
	detect_live_free(live);
	if (job.files && line->values[OPT_JSON])
		print_json(&job);
	else if (job.files)
		print_text(&job);
	if (job.files && !stop_requested)
		cluster_send(line, job.store, began);
	schema_free(job.schema);
	store_close(job.store);
	arena_fini(&mem);
	return status == EXIT_DONE && job.all.rejected ? EXIT_REJECTED : status;
}
