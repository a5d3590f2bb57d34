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

/* Places of a node's log are counted for ever; any other input is a reading of its own. After a line
 * end the name carries --instance, so that a rebuild knows it. */
static int open_container(struct import_run *run, struct err *err)
{
	char name[1400];
	const char *instance = run->options->instance ? run->options->instance : "";
	enum container_kind kind = CONTAINER_OVERLAP;
	run->container = run->options->container;
	if (run->container)
		return 0;
	if (run->options->node) {
		kind = CONTAINER_DISJOINT;
		snprintf(name, sizeof(name), "%.300s/%.300s\n%.700s", run->options->node,
			run->log_name, instance);
	} else {
		snprintf(name, sizeof(name), "import %" PRId64 " %d\n%.700s", clock_now_us(),
			(int)getpid(), instance);
	}
	return store_container(run->store, run->schema->table, kind, name, &run->container, err);
}

/* The first block is read before the workers start: it says what the input is. */
static int read_first_block(struct import_run *run, struct err *err)
{
	bool produced;
	struct block *block = &run->blocks[0];
	block->seq = 0;
	if (run_read(run, block, &produced, err) < 0)
		return -1;
	if (open_container(run, err) < 0)
		return -1;
	block->state = BLOCK_FILLED;
	run->next_fill = 1;
	run->input_end = block->last;
	return 0;
}

static void free_run(struct import_run *run)
{
	segment_abort(run->segment);
	for (unsigned i = 0; i < run->nblocks; i++) {
		block_clear(&run->blocks[i]);
		free(run->blocks[i].parts);
		if (run->blocks[i].data)
			munmap(run->blocks[i].data, run->blocks[i].cap);
	}
	free(run->blocks);
	free(run->carry);
	map_fini(&run->drift);
	schema_free(run->owned_schema);
	input_close(run->input);
	pthread_mutex_destroy(&run->lock);
	pthread_cond_destroy(&run->changed);
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

static int run_input(struct import_run *run, struct err *err)
{
	if (input_open(run->path, &run->input, err) < 0)
		return -1;
	if (read_first_block(run, err) < 0)
		return -1;
	if (!run->empty)
		snprintf(run->result->table, sizeof(run->result->table), "%s", run->schema->table);
	if (run_workers(run, err) < 0)
		return -1;
	if (!run->options->node && !run->options->container &&
		store_container_close(run->store, run->container, err) < 0)
		return -1;
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

int import_file(struct store *store, const char *path, const struct import_options *options,
	struct import_result *result, struct err *err)
{
	int64_t began = clock_mono_us();
	/* Batches come and go by the ten megabytes: keep their pages instead of asking for new ones. */
	mallopt(M_MMAP_THRESHOLD, 32 << 20);
	mallopt(M_TRIM_THRESHOLD, 1 << 30);
	struct import_options defaulted = *options;
	if (!defaulted.source)
		defaulted.source = "import";
	if (!defaulted.input)
		defaulted.input = strcmp(path, "-") == 0 ? "standard input" : path;
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	struct import_run run = {
		.store = store,
		.options = &defaulted,
		.result = result,
		.path = path,
		.threads = options->threads ? options->threads : (unsigned)(cores > 0 ? cores : 1),
		.schema = options->schema,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.changed = PTHREAD_COND_INITIALIZER,
		.received_at = clock_now_us(),
		.block_target = 1 << 20,
	};
	run.budget = budget_divide(options->memory ? options->memory : BUDGET_DEFAULT, run.threads);
	run.nblocks = run.budget.blocks;
	run.blocks = xcalloc(run.nblocks, sizeof(*run.blocks));
	char *log_name = log_name_of(path);
	run.log_name = log_name;
	int status = run_input(&run, err);
	add_timings(&result->timings, &run.timings);
	free_run(&run);
	free(log_name);
	result->elapsed_us += clock_mono_us() - began;
	return status;
}
