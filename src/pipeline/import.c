/* SPDX-License-Identifier: Apache-2.0 */
/* import.c: one input from its first byte to its last commit. */
#include "pipeline/import_run.h"

#include <inttypes.h>
#include <malloc.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* File name without folders and .gz/.zst, so that a packed log has the places of the plain one. */
static char *log_name_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *name = xstrdup(slash ? slash + 1 : path);
	size_t n = strlen(name);
	if (n > 3 && strcmp(name + n - 3, ".gz") == 0)
		name[n - 3] = '\0';
	else if (n > 4 && strcmp(name + n - 4, ".zst") == 0)
		name[n - 4] = '\0';
	return name;
}

void import_result_add(struct import_result *sum, const struct import_result *more)
{
	sum->bytes += more->bytes;
	sum->records += more->records;
	sum->stored += more->stored;
	sum->duplicates += more->duplicates;
	sum->expired += more->expired;
	sum->rejected += more->rejected;
	sum->repaired += more->repaired;
	sum->no_time += more->no_time;
	sum->lenient_time += more->lenient_time;
	sum->zoneless += more->zoneless;
	sum->segments += more->segments;
}

/* The first block is read before the workers start: it says what the input is. */
static int read_first_block(struct import_run *run, struct err *err)
{
	bool produced;
	struct block *block = &run->blocks[0];
	block->seq = 0;
	if (run_read(run, block, &produced, err) < 0)
		return -1;
	block->state = BLOCK_FILLED;
	run->packed = strcmp(input_packing(run->input), "plain") != 0;
	run->result->packed = run->packed;
	run->next_fill = 1;
	run->input_end = block->last;
	return 0;
}

static void add_timings(struct import_timings *sum, const struct import_timings *more)
{
	sum->read_us += more->read_us;
	sum->decode_us += more->decode_us;
	sum->identify_us += more->identify_us;
	sum->pack_us += more->pack_us;
	sum->append_us += more->append_us;
	sum->commit_us += more->commit_us;
}

static int run_input(struct import_run *run, const struct input_stream *stream, struct err *err)
{
	if (stream)
		run->input = input_open_stream(run->path, stream);
	else if (input_open(run->path, &run->input, err) < 0)
		return -1;
	if (read_first_block(run, err) < 0)
		return -1;
	if (!run->empty)
		snprintf(run->result->table, sizeof(run->result->table), "%s", run->schema->table);
	if (run_workers(run, err) < 0)
		return -1;
	if (run->overlaps && store_container_close(run->store, run->container, err) < 0)
		return -1;
	run->result->held = run->held;
	if (run->input_failed) {
		*err = run->input_err;
		return -1;
	}
	if (run->stopping)
		return err_set(err, ERR_INTERRUPTED,
			"%s: stopped; what was read is stored. Import the same file again to go "
			"on: nothing is "
			"stored twice",
			run->path);
	return 0;
}

void importer_init(
	struct importer *importer, struct session *session, const struct import_options *options)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	/* Batches come and go by the ten megabytes: keep their pages instead of asking for new ones. */
	mallopt(M_MMAP_THRESHOLD, 32 << 20);
	mallopt(M_TRIM_THRESHOLD, 1 << 30);
	*importer = (struct importer){.session = session, .options = options};
	importer->threads = options->threads ? options->threads : (unsigned)(cores > 0 ? cores : 1);
	importer->budget = budget_divide(
		options->memory ? options->memory : BUDGET_DEFAULT, importer->threads);
	importer->nblocks = importer->budget.blocks;
	importer->blocks = xcalloc(importer->nblocks, sizeof(*importer->blocks));
}

void importer_fini(struct importer *importer)
{
	for (unsigned i = 0; i < importer->nblocks; i++) {
		block_clear(&importer->blocks[i]);
		free(importer->blocks[i].parts);
		if (importer->blocks[i].data)
			munmap(importer->blocks[i].data, importer->blocks[i].cap);
	}
	free(importer->blocks);
	decoder_free(importer->decoder);
	free(importer->instance);
}

/* The blocks of an input that failed may be in any state. */
static void reset_blocks(struct importer *importer)
{
	for (unsigned i = 0; i < importer->nblocks; i++) {
		block_clear(&importer->blocks[i]);
		importer->blocks[i].state = BLOCK_FREE;
		importer->blocks[i].seq = 0;
	}
}

int importer_input(struct importer *importer, const char *path, const struct input_stream *stream,
	const struct import_options *options, struct import_result *result, struct schema **owned,
	uint64_t *done_to, struct err *err)
{
	struct import_options defaulted = *options;
	if (!defaulted.input)
		defaulted.input = strcmp(path, "-") == 0 ? "standard input" : path;
	char *file_name = log_name_of(path);
	struct import_run run = {
		.importer = importer,
		.store = importer->session->store,
		.options = &defaulted,
		.result = result,
		.session = importer->session,
		.path = path,
		.log_name = options->log    ? options->log
			    : options->node ? file_name
					    : NULL,
		.threads = importer->threads,
		.schema = importer->session->schema,
		.user_schema = options->schema != NULL,
		.done_to = done_to,
		.blocks = importer->blocks,
		.nblocks = importer->nblocks,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.changed = PTHREAD_COND_INITIALIZER,
		.block_target = 1 << 20,
	};
	reset_blocks(importer);
	int status = run_input(&run, stream, err);
	if (run.failed) /* the segment may lack a part of what it counts */
		session_abort(run.session);
	*owned = run.owned_schema;
	add_timings(&result->timings, &run.timings);
	reset_blocks(importer);
	input_close(run.input);
	free(run.carry);
	free(file_name);
	pthread_mutex_destroy(&run.lock);
	pthread_cond_destroy(&run.changed);
	return status;
}

/* The last segment of a file: what was read is stored, also where the rest could not be. */
static int commit_last(
	struct session *session, int status, struct import_result *result, struct err *err)
{
	struct err late = {0};
	int64_t began = clock_mono_us();
	int committed = session_commit(session, false, &late);
	result->timings.commit_us += clock_mono_us() - began;
	if (committed < 0)
		*err = late;
	return committed < 0 ? -1 : status;
}

int import_file(struct store *store, const char *path, const struct import_options *options,
	struct import_result *result, struct err *err)
{
	int64_t began = clock_mono_us();
	struct import_options given = *options;
	struct session session;
	struct importer importer;
	struct schema *owned = NULL;
	given.source = given.source ? given.source : "import";
	given.input = given.input ? given.input : strcmp(path, "-") == 0 ? "standard input" : path;
	session_init(&session, store, given.schema, given.source, given.input);
	session.catch = given.catch;
	importer_init(&importer, &session, &given);
	int status = importer_input(&importer, path, NULL, &given, result, &owned, NULL, err);
	status = commit_last(&session, status, result, err);
	result->segments += session.segments;
	session_fini(&session);
	importer_fini(&importer);
	schema_free(owned);
	result->elapsed_us += clock_mono_us() - began;
	return status;
}
