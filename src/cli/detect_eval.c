/* SPDX-License-Identifier: Apache-2.0 */
/* detect_eval.c: `pugmark detect eval`: which rules match which events of a file, for who writes rules. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/private.h"

#include "cli/detect_eval.h"
#include "match/bitmap.h"

enum { BATCH_EVENTS = 8192, BATCH_BYTES = 64 << 20 };

struct eval {
	struct rules_source source;
	struct rules *rules;
	struct eval_events events;
	struct eval_hits hits;
	uint64_t gave_up;
	uint32_t refused;
};

/* ---- event rules ----------------------------------------------------------------------------- */

/* How many events from `from` on make a batch. */
static uint32_t batch_size(const struct eval_events *events, uint32_t from)
{
	size_t bytes = 0;
	uint32_t n = 0;
	while (from + n < events->n && n < BATCH_EVENTS && (n == 0 || bytes < BATCH_BYTES))
		bytes += events->of[from + n++].len;
	return n;
}

static int run_rule(struct eval *eval, const struct rule *rule, struct batch *batch, uint32_t from,
	uint64_t *bits, struct match_scratch *scratch, struct err *err)
{
	struct matcher *matcher;
	uint32_t count;
	if (matcher_new(rule->expr, 0, &matcher, NULL, err) != 0)
		return -1;
	struct match_program *program = match_bind(matcher, &eval_shape, eval_resolve, NULL);
	struct match_input input = {.batch = batch};
	uint64_t *rows = xcalloc(bits_words(batch->nrows) + 1, sizeof(*rows));
	int rc = match_rows(program, &input, scratch, NULL, rows, &count, err);
	for (uint32_t i = 0; rc == 0 && i < batch->nrows; i++) {
		if (bit_get(rows, i))
			bit_set(bits, from + i);
	}
	free(rows);
	match_program_free(program);
	matcher_free(matcher);
	(void)eval;
	return rc;
}

static int run_events(struct eval *eval, const struct rules *rules, uint64_t **bits, uint32_t from,
	uint32_t n, struct err *err)
{
	struct batch batch;
	struct match_scratch *scratch = match_scratch_new();
	int rc = 0;
	eval_batch(&eval->events, from, n, &batch);
	for (uint32_t r = 0; r < rules->n && rc == 0; r++) {
		if (rules->of[r]->expr)
			rc = run_rule(eval, rules->of[r], &batch, from, bits[r], scratch, err);
	}
	eval->gave_up += match_scratch_gave_up(scratch);
	match_scratch_free(scratch);
	batch_fini(&batch);
	return rc;
}

/* ---- placeholders from the event -------------------------------------------------------------- */

struct filling {
	struct slice event; /* empty: any value, to learn which rules there are */
	struct arena mem;
};

/* The event's own field as the only value, with what would be wildcards escaped. */
static bool fill(void *ctx, const char *name, struct texts *values)
{
	struct filling *filling = ctx;
	struct buf text, out;
	bool found = !filling->event.len;
	const char **of = arena_zalloc(&filling->mem, 1, sizeof(char *));
	buf_init(&text, SIZE_MAX);
	buf_init(&out, SIZE_MAX);
	if (!found)
		found = eval_value(filling->event, slice_of(name), &text);
	for (size_t i = 0; i < text.len; i++) {
		if (strchr("*?\\", text.ptr[i]))
			buf_push(&out, '\\');
		buf_push(&out, text.ptr[i]);
	}
	of[0] = arena_strdup(&filling->mem, buf_view(&out));
	*values = (struct texts){1, of};
	buf_fini(&text);
	buf_fini(&out);
	return found;
}

/* The rule of the same document. */
static int64_t same_rule(const struct rules *rules, const struct rule *rule)
{
	for (uint32_t r = 0; r < rules->n; r++) {
		if (rules->of[r]->line == rule->line && strcmp(rules->of[r]->file, rule->file) == 0)
			return r;
	}
	return -1;
}

/* Each event with the rules as they are for it: slow, and for few events. */
static int run_filled(struct eval *eval, struct err *err)
{
	int rc = 0;
	for (uint32_t i = 0; i < eval->events.n && rc == 0; i++) {
		struct filling filling = {.event = eval->events.of[i]};
		struct rules *rules;
		eval->source.ctx = &filling;
		rc = rules_load(&eval->source, &rules, err);
		if (rc == 0) {
			uint64_t **bits = xcalloc(rules->n + 1, sizeof(*bits));
			uint64_t *nowhere =
				xcalloc(bits_words(eval->events.n) + 1, sizeof(*nowhere));
			for (uint32_t r = 0; r < rules->n; r++) {
				int64_t own = same_rule(eval->rules, rules->of[r]);
				bits[r] = own >= 0 ? eval->hits.of[own] : nowhere;
			}
			rc = run_events(eval, rules, bits, i, 1, err);
			free(nowhere);
			free(bits);
			rules_free(rules);
		}
		arena_fini(&filling.mem);
	}
	return rc;
}

static int run(struct eval *eval, struct err *err)
{
	uint32_t n;
	if (eval->source.placeholder)
		return run_filled(eval, err);
	for (uint32_t from = 0; from < eval->events.n; from += n) {
		n = batch_size(&eval->events, from);
		if (run_events(eval, eval->rules, eval->hits.of, from, n, err) != 0)
			return -1;
	}
	return 0;
}

/* ---- output ---------------------------------------------------------------------------------- */

static void put_json(struct buf *out, const struct rule *rule, bool more)
{
	buf_puts(out, more ? ",{\"id\":" : "{\"id\":");
	text_json_string(out, slice_of(rule->id));
	buf_puts(out, ",\"title\":");
	text_json_string(out, slice_of(rule->title));
	buf_printf(out, ",\"level\":\"%s\",\"file\":", level_name(rule->level));
	text_json_string(out, slice_of(rule->file));
	buf_printf(out, ",\"line\":%u}", rule->line);
}

static uint32_t put_rules(
	const struct eval *eval, uint32_t event, bool correlations, bool json, struct buf *out)
{
	uint32_t n = 0;
	for (uint32_t r = 0; r < eval->rules->n; r++) {
		const struct rule *rule = eval->rules->of[r];
		if (!bit_get(eval->hits.of[r], event) || !rule->correlation == correlations)
			continue;
		if (json) {
			put_json(out, rule, n > 0);
		} else {
			buf_puts(out, correlations ? "\n    alert: " : "\n    ");
			text_escape(out, slice_of(rule->title));
			buf_printf(out, "%s%.80s%s", rule->id[0] ? "  (" : "", rule->id,
				rule->id[0] ? ")" : "");
		}
		n++;
	}
	return n;
}

static uint32_t print(const struct eval *eval, bool json)
{
	struct buf out;
	uint32_t matched = 0;
	buf_init(&out, SIZE_MAX);
	for (uint32_t i = 0; i < eval->events.n; i++) {
		buf_clear(&out);
		buf_printf(&out, json ? "{\"event\":%u,\"rules\":[" : "event %u:", i + 1);
		uint32_t n = put_rules(eval, i, false, json, &out);
		if (json)
			buf_puts(&out, "],\"alerts\":[");
		n += put_rules(eval, i, true, json, &out);
		buf_puts(&out, json ? "]}\n" : n ? "\n" : " nothing\n");
		matched += n > 0;
		fwrite(out.ptr, 1, out.len, stdout);
	}
	(void)fflush(stdout);
	buf_fini(&out);
	return matched;
}

static uint32_t tell_problems(const struct rules *rules)
{
	uint32_t refused = 0;
	for (uint32_t i = 0; i < rules->nproblems; i++) {
		const struct rule_problem *p = &rules->problems[i];
		fprintf(stderr, "pugmark: %s:%u: %s%s\n", p->file, p->line,
			p->warning ? "" : "refused: ", p->what);
		refused += !p->warning;
	}
	return refused;
}

/* ---- all ------------------------------------------------------------------------------------- */

static int evaluate(struct eval *eval, bool json, struct err *err)
{
	uint32_t ncorrelations = 0, no_time = 0;
	char events[32], matched[32];
	eval->hits.rules = eval->rules;
	eval->hits.events = &eval->events;
	eval->hits.of = xcalloc(eval->rules->n + 1, sizeof(*eval->hits.of));
	for (uint32_t r = 0; r < eval->rules->n; r++) {
		eval->hits.of[r] = xcalloc(bits_words(eval->events.n) + 1, sizeof(uint64_t));
		ncorrelations += eval->rules->of[r]->correlation != NULL;
	}
	int rc = run(eval, err);
	if (rc == 0 && ncorrelations)
		no_time = eval_correlate(&eval->hits);
	if (rc == 0) {
		uint32_t n = print(eval, json);
		fprintf(stderr, "%s events, %s matched something; %u rules, %u refused\n",
			text_count(eval->events.n, events), text_count(n, matched), eval->rules->n,
			eval->refused);
		if (no_time)
			fprintf(stderr,
				"%u events have no time that was found (--time-field): "
				"correlations leave them out\n",
				no_time);
		if (eval->gave_up)
			fprintf(stderr, "a regular expression gave up on %llu values\n",
				(unsigned long long)eval->gave_up);
	}
	for (uint32_t r = 0; r < eval->rules->n; r++)
		free(eval->hits.of[r]);
	free(eval->hits.of);
	return rc;
}

int detect_eval(const struct command_line *line)
{
	struct eval eval = {0};
	struct err err = {0};
	if (line->nargs < 3)
		return usage_error(
			line, "it takes rules (files or folders), then a file of events");
	const char **paths = xcalloc((size_t)line->nargs, sizeof(*paths));
	for (int i = 1; i + 1 < line->nargs; i++)
		paths[i - 1] = line->args[i];
	struct filling any = {0};
	eval.source = (struct rules_source){
		.paths = paths, .settings = line->values[OPT_SETTINGS], .ctx = &any};
	if (line->values[OPT_EXPAND])
		eval.source.placeholder = fill;
	eval.hits.time_field = line->values[OPT_TIME_FIELD];
	int rc = rules_load(&eval.source, &eval.rules, &err);
	if (rc == 0)
		rc = eval_events_read(line->args[line->nargs - 1], &eval.events, &err);
	if (rc == 0) {
		eval.refused = tell_problems(eval.rules);
		rc = evaluate(&eval, line->values[OPT_JSON] != NULL, &err);
	}
	bool partly = eval.refused || eval.events.unread;
	rules_free(eval.rules);
	eval_events_free(&eval.events);
	arena_fini(&any.mem);
	free(paths);
	return rc != 0 ? fail(&err) : partly ? EXIT_REJECTED : EXIT_DONE;
}
