/* SPDX-License-Identifier: Apache-2.0 */
/* recognise.c: what an input is, by its first bytes: its layout, and the table it belongs to. */
#include "pipeline/import_run.h"

enum { SAMPLES = 64 };

struct samples {
	struct slice records[SAMPLES]; /* those that are JSON objects */
	uint32_t n;
	bool any;        /* there was something at all */
	size_t fault_at; /* where the first that is none breaks, in the head */
	const char *fault;
};

static void take_samples(const struct import_run *run, struct slice head, struct samples *samples)
{
	struct json_records probe = run->records;
	struct json_record cut[SAMPLES];
	size_t used;
	uint32_t n = json_records_cut(&probe, head, true, cut, SAMPLES, &used);
	*samples = (struct samples){.any = n > 0};
	for (uint32_t i = 0; i < n; i++) {
		struct slice record = {head.ptr + cut[i].off, cut[i].len};
		struct json_fault fault = {.reason = cut[i].reason};
		bool repaired, sound = !cut[i].reason &&
				       json_validate_lenient(record, &repaired, &fault) == 0;
		if (sound && record.ptr[0] == '{') {
			samples->records[samples->n++] = record;
		} else if (!samples->fault) {
			samples->fault = sound ? "a JSON value, but no object" : fault.reason;
			samples->fault_at = cut[i].off + (sound ? 0 : fault.offset);
		}
	}
}

/* A table that was named but cannot be meant: the records show the marks of another one at least
 * twice as strongly. A user's own schema is never doubted. */
static int doubt_table(const struct import_run *run, const struct samples *samples, struct err *err)
{
	struct err unclear;
	if (run->owned_schema || run->user_schema || samples->n == 0)
		return 0;
	const struct schema *guess = decode_guess(samples->records, samples->n, &unclear);
	if (!guess || guess == run->schema)
		return 0;
	if (decode_score(guess, samples->records, samples->n) <
		2 * decode_score(run->schema, samples->records, samples->n))
		return 0;
	return err_set(err, ERR_USAGE,
		"%s: the records look like %s, not like %s: leave --table away, or say --table %s",
		run->path, guess->table, run->schema->table, guess->product);
}

static int choose_schema(struct import_run *run, const char *table, struct err *err)
{
	if (store_schema(store_dir(run->store), table, &run->schema, &run->owned_schema, err) < 0)
		return -1;
	run->session->schema = run->schema;
	return 0;
}

int run_recognise(struct import_run *run, struct slice head, size_t *skip, struct err *err)
{
	if (json_records_begin(&run->records, head, skip, err) < 0)
		return err_context(err, "%s", run->path);
	if (run->schema && run->user_schema)
		return 0;
	struct samples samples;
	take_samples(run, (struct slice){head.ptr + *skip, head.len - *skip}, &samples);
	if (run->schema)
		return doubt_table(run, &samples, err);
	if (run->options->table)
		return choose_schema(run, run->options->table, err) < 0
			       ? -1
			       : doubt_table(run, &samples, err);
	run->empty = !samples.any;
	if (run->empty) /* any table will do */
		return choose_schema(run, schema_builtin(0)->table, err);
	if (samples.n == 0)
		return err_set(err, ERR_FORMAT,
			"%s: this is not JSON (byte %zu: %s): pugmark reads one JSON object a "
			"line, JSON arrays, "
			"and replies of the products' REST APIs",
			run->path, *skip + samples.fault_at, samples.fault);
	const struct schema *guess = decode_guess(samples.records, samples.n, err);
	if (!guess)
		return err_context(err, "%s", run->path);
	return choose_schema(run, guess->table, err);
}
