/* SPDX-License-Identifier: Apache-2.0 */
/* objects.c: a pass over objects: imported one after another, committed together, set aside where they are
 * broken. */
#include "pipeline/objects.h"

#include <inttypes.h>
#include <stdlib.h>

#define TAIL_US                                                                                    \
	INT64_C(3600000000) /* an object that has not changed for so long is as it will be */

bool object_is_due(const struct object_mark *mark, bool again, struct object_job *job)
{
	bool log = (job->name.log[0] || job->followed) && !job->name.ranged;
	bool grows = log && !job->name.packed; /* so that what was read stays where it is */
	bool old = job->modified_us && clock_now_us() - job->modified_us > TAIL_US;
	job->from = 0;
	job->tail_is_final = !log || old;
	job->was_aside = mark->state == OBJECT_QUARANTINED && mark->news != OBJECT_NEW;
	switch (mark->news) {
	case OBJECT_SAME:
		return again && mark->state == OBJECT_QUARANTINED;
	case OBJECT_REST:
	case OBJECT_GROWN:
		/* Audit files only grow; anything else may have been written anew. */
		job->from = grows ? mark->read_to : 0;
		return true;
	case OBJECT_NEW:
	case OBJECT_CHANGED:
		break;
	}
	return true;
}

/* ---- commits --------------------------------------------------------------------------------- */

static void forget(struct objects_pass *pass)
{
	pass->nmarks = pass->nlogs = 0;
	arena_reset(&pass->mem);
}

static struct object_mark mark_of(
	struct objects_pass *pass, const struct object_job *job, uint64_t read_to)
{
	return (struct object_mark){
		.key = slice_of(arena_strdup(&pass->mem, job->key)),
		.etag = slice_of(arena_strdup(&pass->mem, job->etag)),
		.bytes = job->size,
		.read_to = read_to < job->size ? read_to : job->size,
		.state = OBJECT_READ,
	};
}

static void fill_facts(void *ctx, struct segment_facts *facts)
{
	struct objects_pass *pass = ctx;
	struct ledger_note *note = &pass->note;
	uint32_t marks = pass->nmarks;
	/* Of a large one, the part that is in this segment. */
	if (pass->job && pass->done_to > 0)
		pass->marks[marks++] = mark_of(pass, pass->job, pass->job->from + pass->done_to);
	note->window = pass->window;
	note->counts = (struct ledger_counts){
		.requests = pass->requests, .pages = pass->objects, .records = pass->records};
	note->objects = pass->marks;
	note->nobjects = marks;
	note->logs = pass->logs;
	note->nlogs = pass->nlogs;
	facts->ledger = note;
	if (note->state == LEDGER_SETTLED && pass->checkpoint.len > 0) {
		facts->checkpoint_key = pass->c->connection.name;
		facts->checkpoint = pass->checkpoint.ptr;
	}
}

static void after_commit(void *ctx)
{
	struct objects_pass *pass = ctx;
	pass->requests = pass->objects = pass->records = 0;
	forget(pass);
	/* The first pass over years of logs takes hours: alerts do not wait for its end. */
	collector_detect(pass->c, true);
}

int objects_commit(struct objects_pass *pass, struct err *err)
{
	if (!pass->session.segment && pass->nmarks == 0)
		return 0;
	return session_commit(&pass->session, true, err);
}

int objects_begin(struct objects_pass *pass, struct collector *c, uint64_t memory, struct err *err)
{
	*pass = (struct objects_pass){.c = c};
	buf_init(&pass->checkpoint, 1 << 16);
	session_init(&pass->session, c->store, c->schema, c->connection.name, c->connection.name);
	pass->session.facts = fill_facts;
	pass->session.committed = after_commit;
	pass->session.ctx = pass;
	pass->options = (struct import_options){
		.source = c->connection.name,
		.secondary = c->connection.secondary,
		.memory = memory,
		.threads = c->options->threads,
		.stop = c->options->stop,
	};
	importer_init(&pass->importer, &pass->session, &pass->options);
	return ledger_begin(
		c->store, c->connection.name, LEDGER_FILE, NULL, 0, 0, &pass->window, err);
}

/* ---- one object ------------------------------------------------------------------------------ */

/* A name that stays the same for readings of an object whose log is not known. */
static const char *reading_name(struct objects_pass *pass, const struct object_job *job)
{
	char hex[SIGV4_HEX];
	return arena_printf(&pass->job_mem, "object of %s %.32s", pass->c->connection.name,
		sigv4_hash(job->key, hex));
}

static void note_log(struct objects_pass *pass, const struct object_job *job, const char *node)
{
	for (uint32_t i = 0; i < pass->nlogs; i++) {
		if (strcmp(pass->logs[i].file, job->name.log) == 0 &&
			strcmp(pass->logs[i].node, node) == 0)
			return;
	}
	/* Of an empty one no line tells the node. */
	if (!*job->name.log || (!*node && job->size > 0))
		return;
	pass->logs[pass->nlogs++] = (struct ledger_log){arena_strdup(&pass->mem, slice_of(node)),
		arena_strdup(&pass->mem, slice_of(job->name.log))};
}

int objects_set_aside(
	struct objects_pass *pass, const struct object_job *job, const char *why, struct err *err)
{
	struct object_mark mark = {.key = job->key,
		.etag = job->etag,
		.bytes = job->size,
		.state = OBJECT_QUARANTINED};
	pass->quarantined++;
	pass->c->result->quarantined++;
	log_warn("%s", why);
	/* The lease is not held while a small transaction waits for it. */
	if (objects_commit(pass, err) < 0)
		return -1;
	return ledger_object(pass->c->store, pass->c->connection.name, job->label, job->size,
		LEDGER_FAILED, why, &mark, err);
}

static void choose_options(
	struct objects_pass *pass, const struct object_job *job, struct import_options *options)
{
	const char *node = settings_get(&pass->c->settings, "node");
	*options = pass->options;
	options->input = job->label;
	options->hold_tail = !job->tail_is_final;
	options->cut_tail = true;
	options->container_offset = job->from + (job->name.ranged ? job->name.from : 0);
	options->node = *job->name.node ? job->name.node : node;
	options->log = *job->name.log ? job->name.log : NULL;
	if (!options->log)
		options->node = NULL;
	options->reading = reading_name(pass, job);
}

/* Whether a range of a log has as many bytes as its key says. */
static bool is_whole(const struct object_job *job, const struct import_result *one)
{
	return !job->name.ranged || one->bytes + one->held == job->name.to - job->name.from;
}

static int finish_object(struct objects_pass *pass, const struct object_job *job,
	const struct import_result *one, struct err *err)
{
	if (!is_whole(job, one)) {
		char why[600];
		snprintf(why, sizeof(why),
			"%.300s: it holds %" PRIu64 " bytes of the log, its key says %" PRIu64
			": get it again, or ship the log again",
			job->label, one->bytes + one->held, job->name.to - job->name.from);
		return objects_set_aside(pass, job, why, err);
	}
	/* Of a packed one no place is known: what was held in it is read with all the rest. */
	uint64_t read_to = one->held == 0 ? job->size : one->packed ? 0 : job->size - one->held;
	pass->marks[pass->nmarks++] = mark_of(pass, job, read_to);
	note_log(pass, job, *one->node ? one->node : job->name.node);
	pass->objects++;
	pass->done++;
	pass->c->result->objects++;
	/* It stood among the gaps until now. */
	if (job->was_aside && ledger_object(pass->c->store, pass->c->connection.name, job->label,
				      job->size, LEDGER_SETTLED, NULL, NULL, err) < 0)
		return -1;
	if (pass->nmarks == MARKS_MOST || session_full(&pass->session))
		return objects_commit(pass, err);
	return 0;
}

bool objects_joins(struct slice bytes)
{
	const char *p = bytes.ptr;
	return bytes.len > 0 && (p[0] == '\n' || (bytes.len > 1 && (p[1] == '\n' || p[1] == '\r')));
}

int objects_anew(struct objects_pass *pass, const struct object_job *job, struct err *err)
{
	log_info("%s: it was written anew: it is read anew", job->label);
	pass->again = true;
	pass->marks[pass->nmarks++] = mark_of(pass, job, 0);
	return pass->nmarks == MARKS_MOST ? objects_commit(pass, err) : 0;
}

int objects_read(struct objects_pass *pass, const struct object_job *job,
	const struct input_stream *stream, struct err *err)
{
	struct import_result one = {0};
	struct import_options options;
	struct schema *owned;
	arena_reset(&pass->job_mem);
	choose_options(pass, job, &options);
	pass->session.input = job->label;
	pass->session.received_at = clock_now_us();
	pass->job = job;
	pass->done_to = 0;
	pass->source_failed = false;
	int rc = importer_input(
		&pass->importer, job->label, stream, &options, &one, &owned, &pass->done_to, err);
	pass->job = NULL;
	pass->session.input = pass->c->connection.name;
	schema_free(owned); /* the session has a schema: none is made */
	import_result_add(&pass->result, &one);
	pass->records += one.records + one.rejected;
	pass->bytes += job->size - job->from;
	if (rc == 0)
		return finish_object(pass, job, &one, err) < 0 ? -1 : 1;
	if (!pass->session.segment)
		forget(pass); /* it was given up, and with it what it had read */
	bool broken = err->kind == ERR_FORMAT || err->kind == ERR_LIMIT || err->kind == ERR_USAGE;
	if (pass->source_failed || !broken)
		return -1;
	struct err why = *err;
	return objects_set_aside(pass, job, why.text, err) < 0 ? -1 : 0;
}

/* ---- the end --------------------------------------------------------------------------------- */

static int settle(struct objects_pass *pass, const char *why, struct err *err)
{
	struct collector *c = pass->c;
	enum ledger_state state = why ? LEDGER_FAILED : LEDGER_SETTLED;
	if (pass->session.segment || pass->nmarks || (!why && pass->checkpoint.len)) {
		pass->note.state = state;
		pass->note.why = why;
		return session_commit(&pass->session, true, err);
	}
	struct ledger_counts counts = {
		.requests = pass->requests, .pages = pass->objects, .records = pass->records};
	if (ledger_add(c->store, pass->window, &counts, err) < 0)
		return -1;
	return ledger_end(c->store, pass->window, state, why, err);
}

int objects_end(struct objects_pass *pass, const char *why, struct err *err)
{
	int rc = settle(pass, why, err);
	session_fini(&pass->session);
	importer_fini(&pass->importer);
	buf_fini(&pass->checkpoint);
	arena_fini(&pass->mem);
	arena_fini(&pass->job_mem);
	return rc;
}
