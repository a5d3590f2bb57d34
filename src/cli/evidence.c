/* SPDX-License-Identifier: Apache-2.0 */
/* evidence.c (cli/): pugmark prove, evidence: what a third party checks the store by; and the part of verify that holds it against a checkpoint. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "answer/bundle.h"
#include "cli/evidence.h"
#include "cli/search.h"
#include "schema/schema.h"
#include "store/cluster_setting.h"

/* ---- what the auditor has -------------------------------------------------------------------- */

static int read_text(const char *path, struct buf *out, struct err *err)
{
	char *text;
	size_t n;
	if (io_read_file(path, NOTE_MOST, &text, &n, err) < 0)
		return -1;
	buf_append(out, text, n);
	free(text);
	return 0;
}

int evidence_key_word(const char *word, struct buf *out, struct err *err)
{
	struct io_info info;
	if (io_stat(word, &info, NULL) == 1)
		return read_text(word, out, err);
	return buf_puts(out, word);
}

/* The key that he names, or the store's own: *own then. */
static int read_key(const struct command_line *line, struct store *store,
	struct note_verifier *verifier, bool *own, struct err *err)
{
	const char *word = line->values[OPT_KEY];
	struct buf text;
	*own = word == NULL;
	if (!word) {
		int rc = evidence_public_key(store, verifier, err);
		return rc == 1  ? 0
		       : rc < 0 ? -1
				: err_set(err, ERR_NOT_FOUND, "the store never made a checkpoint");
	}
	buf_init(&text, NOTE_MOST);
	int rc = evidence_key_word(word, &text, err);
	if (rc == 0)
		rc = note_key_parse(buf_view(&text), verifier, err);
	buf_fini(&text);
	return rc;
}

struct told {
	bool json;
	struct buf removals;
	struct buf witnesses;
};

/* A witness that he names: the checkpoint must carry its cosignature. */
static int check_witness(const char *word, struct slice note, const struct checkpoint *c,
	struct told *told, struct err *err)
{
	struct note_verifier witness;
	struct buf text;
	char when[CLOCK_TEXT] = "";
	int64_t time = 0;
	buf_init(&text, NOTE_MOST);
	int rc = evidence_key_word(word, &text, err);
	if (rc == 0)
		rc = note_witness_parse(buf_view(&text), &witness, err);
	if (rc == 0)
		rc = note_cosigned(note, c, &witness, &time, err);
	buf_fini(&text);
	if (rc < 0)
		return -1;
	if (time < INT64_MAX / 1000000)
		clock_text(time * 1000000, when);
	if (told->json) {
		buf_puts(&told->witnesses, told->witnesses.len ? ",{\"name\":" : "{\"name\":");
		text_json_string(&told->witnesses, slice_of(witness.name));
		buf_printf(&told->witnesses, ",\"at\":\"%s\"}", when);
	} else {
		buf_puts(&told->witnesses, "cosigned by ");
		text_escape(&told->witnesses, slice_of(witness.name));
		buf_printf(&told->witnesses, " at %s\n", when);
	}
	return 0;
}

/* Those of --witness: a line each. */
static int check_witnesses(
	const struct command_line *line, struct slice note, struct told *told, struct err *err)
{
	const char *list = line->values[OPT_WITNESS];
	struct checkpoint c;
	char *words, *rest = NULL;
	if (!list)
		return 0;
	if (note_read(note, &c, err) < 0)
		return -1;
	words = xstrdup(list);
	int rc = 0;
	for (char *w = strtok_r(words, "\n", &rest); rc == 0 && w; w = strtok_r(NULL, "\n", &rest))
		rc = check_witness(w, note, &c, told, err);
	free(words);
	return rc;
}

static void tell_removal(void *ctx, const struct evidence_removal *r)
{
	struct told *told = ctx;
	char at[CLOCK_TEXT];
	int64_t us = 0;
	(void)text_parse_int(r->at, &us);
	if (told->json) {
		buf_printf(&told->removals, "%s{\"entry\":%" PRIu64 ",\"events\":%" PRIu64,
			told->removals.len ? "," : "", r->entry, r->events);
		buf_puts(&told->removals, ",\"table\":");
		text_json_string(&told->removals, r->table);
		buf_puts(&told->removals, ",\"rule\":");
		text_json_string(&told->removals, r->rule);
		buf_printf(&told->removals, ",\"at\":\"%s\"}", clock_text(us, at));
		return;
	}
	buf_printf(&told->removals, "retention removed %" PRIu64 " events of ", r->events);
	text_escape(&told->removals, r->table);
	buf_puts(&told->removals, ": ");
	text_escape(&told->removals, r->rule);
	buf_puts(&told->removals, ", those before ");
	text_escape(&told->removals, r->before);
	buf_printf(&told->removals, "; %s\n", clock_text(us, at));
}

static void tell_result(
	const struct told *told, const struct evidence_result *r, bool own, struct buf *out)
{
	char a[32], b[32], c[32];
	if (told->json) {
		buf_printf(out,
			",\"checkpoint\":{\"entries\":%" PRIu64 ",\"events\":%" PRIu64
			",\"findings\":%" PRIu64 ",\"removed\":%" PRIu64
			",\"later_segments\":%" PRIu64
			",\"own_key\":%s,\"removals\":[%.*s],\"witnesses\":[%.*s]}",
			r->entries, r->events, r->findings, r->removed, r->later,
			own ? "true" : "false", SLICE_ARG(buf_view(&told->removals)),
			SLICE_ARG(buf_view(&told->witnesses)));
		return;
	}
	buf_slice(out, buf_view(&told->witnesses));
	buf_slice(out, buf_view(&told->removals));
	if (r->findings == 0)
		buf_printf(out,
			"all %s events that the checkpoint protects are as they were stored, but "
			"for %s "
			"that retention removed; %s segments came later\n",
			text_count(r->events, a), text_count(r->removed, b),
			text_count(r->later, c));
	if (own)
		fputs("pugmark: that was checked with the store's own key: name the one that you "
		      "hold with --key\n",
			stderr);
}

int evidence_verify_run(const struct command_line *line, struct store *store, store_damage *found,
	void *ctx, uint64_t *damaged, struct buf *out, struct err *err)
{
	struct evidence_result result;
	struct note_verifier verifier;
	struct told told = {.json = line->values[OPT_JSON] != NULL};
	struct progress progress = progress_of_walk(WALK_STEPS);
	struct buf note;
	bool own;
	buf_init(&note, NOTE_MOST);
	buf_init(&told.removals, (size_t)1 << 30);
	buf_init(&told.witnesses, (size_t)1 << 20);
	int rc = read_text(line->values[OPT_CHECKPOINT], &note, err);
	if (rc == 0)
		rc = read_key(line, store, &verifier, &own, err);
	if (rc == 0)
		rc = check_witnesses(line, buf_view(&note), &told, err);
	struct evidence_check check = {.note = buf_view(&note),
		.verifier = &verifier,
		.found = found,
		.ctx = ctx,
		.removed = tell_removal,
		.removed_ctx = &told,
		.progress = &progress};
	if (rc == 0)
		rc = evidence_verify(store, &check, &result, err);
	progress_clear();
	if (rc == 0) {
		*damaged += result.findings;
		tell_result(&told, &result, own, out);
	}
	buf_fini(&told.witnesses);
	buf_fini(&told.removals);
	buf_fini(&note);
	return rc;
}

/* ---- prove ----------------------------------------------------------------------------------- */

/* Opens the store, and takes the newest checkpoint: one that has everything there is; who may only read, or has not the key, takes
 * the last that was made. */
static int open_with_note(
	const struct command_line *line, struct store **store, struct buf *note, struct err *err)
{
	struct evidence_state state;
	struct err why;
	int rc = open_data(line, STORE_READ, store, err);
	if (rc < 0)
		return -1;
	rc = evidence_state(*store, &state, err);
	bool current = rc == 0 && state.pending == 0 && state.size == state.signed_size &&
		       state.signed_at != 0;
	if (!current && (rc == 0 || err->kind == ERR_UNSUPPORTED)) {
		struct store *writable;
		if (open_data(line, STORE_WRITE, &writable, &why) == 0) {
			store_close(*store);
			*store = writable;
			if (checkpoint_make(line, writable, note, &why) == 0)
				return 0;
		}
		buf_clear(note);
		if (rc == 0)
			*err = why;
	}
	if (rc == 0 && evidence_newest(*store, note, current ? err : NULL) < 1)
		rc = -1;
	if (rc == 0 && !current)
		fprintf(stderr,
			"pugmark: no new checkpoint could be made (%s): what came after the last "
			"one "
			"is not proven\n",
			why.text);
	if (rc < 0)
		store_close(*store);
	return rc;
}

struct proving {
	struct store *store;
	struct slice note;
	const struct command_line *line;
	struct bundle *bundle;
	uint64_t unproven; /* that the checkpoint does not have */
	int rc;
};

static void print_proof(const struct proving *p, const struct evidence_proof *proof)
{
	struct checkpoint c;
	(void)note_read(p->note, &c, NULL);
	printf("event %s is event %" PRIu64 " of page %" PRIu64 ", of entry %" PRIu64
	       ":\n%.*sproven against the checkpoint of %" PRIu64 " entries (%.*s)\n",
		p->line->args[0], proof->row, proof->page, proof->entry,
		SLICE_ARG(buf_view(&proof->record)), c.size, SLICE_ARG(c.time));
}

int command_prove(const struct command_line *line)
{
	uint8_t id[16];
	struct err err = {0};
	struct buf note;
	struct proving p = {.line = line};
	prctl(PR_SET_DUMPABLE, 0);
	if (text_parse_uuid(slice_of(line->args[0]), id) < 0)
		return usage_error(
			line, "%s is no event id: it has 32 hexadecimal digits", line->args[0]);
	buf_init(&note, NOTE_MOST);
	if (open_with_note(line, &p.store, &note, &err) < 0) {
		buf_fini(&note);
		return fail(&err);
	}
	p.note = buf_view(&note);
	struct evidence_proof proof = {0};
	struct buf json;
	buf_init(&json, ANSWER_MOST);
	int rc = answer_event_proof(p.store, id, p.note, &json, &proof, &err);
	if (rc == 0)
		rc = err_set(&err, ERR_NOT_FOUND, "no event has the id %s", line->args[0]);
	if (rc == 1 && line->values[OPT_JSON])
		printf("%.*s\n", SLICE_ARG(buf_view(&json)));
	else if (rc == 1)
		print_proof(&p, &proof);
	evidence_proof_fini(&proof);
	buf_fini(&json);
	buf_fini(&note);
	store_close(p.store);
	return rc < 0 ? fail(&err) : EXIT_DONE;
}

/* ---- evidence -------------------------------------------------------------------------------- */

static void count_added(struct proving *p, int rc)
{
	p->rc = rc < 0 ? -1 : 0;
	p->unproven += rc == 0;
}

static int add_row(void *ctx, const struct search_row *row, struct err *err)
{
	struct proving *p = ctx;
	struct vault_place place;
	struct buf json;
	if (!search_row_place(row, &place))
		return err_set(err, ERR_DAMAGED, "a row has no place in the vault");
	buf_init(&json, BUNDLE_MOST);
	search_row_json(row, &json);
	count_added(p, bundle_add(p->bundle, row->cursor.id, &place, buf_view(&json), err));
	buf_fini(&json);
	return p->rc;
}

static int gather_query(struct proving *p, struct searching *s, struct err *err)
{
	struct search *search;
	int64_t limit = BUNDLE_EVENTS;
	if (parse_count(s->line, OPT_LIMIT, &limit) < 0)
		return -1;
	s->request.limit = (uint64_t)limit;
	if (search_run(p->store, &s->request, &search, err) < 0)
		return -1;
	const struct search_result *result = search_result(search);
	int rc = 0;
	if (result->partial || result->nproblems > 0)
		rc = err_set(err, ERR_DAMAGED, "not all files could be searched%s%s",
			result->why ? ": " : "", result->why ? result->why : "");
	else if (result->more && !s->line->values[OPT_LIMIT])
		rc = err_set(
			err, ERR_LIMIT, "more than %d events: narrow the query", BUNDLE_EVENTS);
	if (rc == 0)
		rc = search_rows(search, 0, result->nrows, NULL, 0, add_row, p, err);
	search_free(search);
	return rc;
}

static int gather_alert(struct proving *p, const struct alert_info *alert, struct err *err)
{
	for (uint32_t i = 0; i < alert->found.nevents; i++) {
		int rc = bundle_add_id(p->bundle, alert->found.events[i].id, err);
		if (rc < 0)
			return -1;
		p->unproven += rc == 0; /* or retention has taken it */
	}
	return 0;
}

static int write_line(void *ctx, struct slice json, struct err *err)
{
	FILE *out = ctx;
	return fwrite(json.ptr, 1, json.len, out) == json.len && putc('\n', out) != EOF
		       ? 0
		       : err_errno(err, "writing the evidence");
}

static int export_all(const struct command_line *line, struct store *store, struct err *err)
{
	FILE *out;
	const char *path = line->values[OPT_OUTPUT];
	struct progress progress = progress_of_walk(WALK_STEPS);
	if (output_open(path, &out, err) < 0)
		return -1;
	int rc = evidence_export(store, &progress, write_line, out, err);
	progress_clear();
	return output_close(path, out, rc, err);
}

static void say_whose(struct store *store)
{
	struct arena mem = {0};
	struct cluster_setting setting;
	if (store_cluster_get(store, &mem, &setting, NULL) == 1)
		fputs("these are events of this lake: what other collectors sent to the cluster, "
		      "they prove\n",
			stderr);
	arena_fini(&mem);
}

static int write_bundle(const struct command_line *line, struct proving *p, struct err *err)
{
	FILE *out;
	const char *path = line->values[OPT_OUTPUT];
	if (output_open(path, &out, err) < 0)
		return -1;
	int rc = output_close(path, out, bundle_write(p->bundle, out, err), err);
	char count[32];
	if (rc == 0)
		fprintf(stderr, "%s events with their proofs written to %s\n",
			text_count(bundle_events(p->bundle), count), path);
	if (rc == 0 && p->unproven > 0)
		fprintf(stderr, "pugmark: %s events are left out: they are in no checkpoint\n",
			text_count(p->unproven, count));
	if (rc == 0)
		say_whose(p->store);
	return rc;
}

/* What is asked for, as a title, and as a request or an alert. */
static int gather(struct proving *p, struct searching *s, struct slice held, struct err *err)
{
	const char *id = s->line->values[OPT_ALERT];
	struct alert_info alert;
	struct buf title;
	int rc = 0;
	buf_init(&title, 3 * LIMIT_QUERY_BYTES);
	if (id) {
		rc = alerts_get(p->store, id, &s->mem, &alert, err);
		if (rc == 0)
			rc = err_set(err, ERR_NOT_FOUND, "there is no alert %s", id);
		else if (rc == 1)
			buf_printf(&title, "alert %s: %s", id, alert.found.title);
	} else {
		buf_slice(&title, s->query);
	}
	buf_append(&title, "", 1);
	if (rc >= 0)
		rc = bundle_begin(p->store, p->note, held, title.ptr, &p->bundle, err);
	if (rc == 0)
		rc = id ? gather_alert(p, &alert, err) : gather_query(p, s, err);
	buf_fini(&title);
	return rc;
}

static int evidence_of(struct proving *p, struct searching *s, struct err *err)
{
	struct buf held;
	const char *old = s->line->values[OPT_CHECKPOINT];
	buf_init(&held, NOTE_MOST);
	int rc = old ? read_text(old, &held, err) : 0;
	if (rc == 0)
		rc = gather(p, s, buf_view(&held), err);
	if (rc == 0)
		rc = write_bundle(s->line, p, err);
	bundle_free(p->bundle);
	buf_fini(&held);
	return rc;
}

int command_evidence(const struct command_line *line)
{
	struct searching s = {.line = line,
		.request = {.since = INT64_MIN, .until = INT64_MAX, .seconds = 86400}};
	struct proving p = {.line = line};
	struct err err = {0};
	bool all = line->values[OPT_ALL], alert = line->values[OPT_ALERT];
	prctl(PR_SET_DUMPABLE, 0);
	if (all + alert + (line->nargs > 0) != 1)
		return usage_error(line, "name a query, or --alert ID, or --all");
	if (!all && !line->values[OPT_OUTPUT])
		return usage_error(line, "--output FILE.zip is missing");
	if (parse_time(line, OPT_SINCE, &s.request.since) < 0 ||
		parse_time(line, OPT_UNTIL, &s.request.until) < 0)
		return EXIT_USAGE;
	struct buf note;
	buf_init(&note, NOTE_MOST);
	if ((all ? open_data(line, STORE_READ, &p.store, &err)
		 : open_with_note(line, &p.store, &note, &err)) < 0) {
		buf_fini(&note);
		return fail(&err);
	}
	p.note = buf_view(&note);
	s.store = p.store;
	arena_init(&s.mem);
	int rc = all ? export_all(line, p.store, &err) : 0;
	if (!all && (search_tables_load(&s, &err) < 0 || search_query_read(&s, NULL, &err) < 0))
		rc = -1;
	int status = rc == 0 && !all && !alert ? search_query_parse(&s) : EXIT_DONE;
	if (rc == 0 && !all && status == EXIT_DONE) {
		s.request.expr = s.expr;
		s.request.tables = &s.tables;
		s.request.now = clock_now_us();
		s.request.secondary = true;
		s.request.lake = true; /* proofs are of what is here */
		s.request.threads = line->threads ? line->threads : 2;
		s.request.memory = line->memory;
		s.request.stop = &stop_requested;
		rc = evidence_of(&p, &s, &err);
	}
	buf_fini(&note);
	store_close(p.store);
	arena_fini(&s.mem);
	return rc < 0 ? fail(&err) : status;
}
