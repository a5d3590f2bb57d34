/* SPDX-License-Identifier: Apache-2.0 */
/* detect_explain.c: can a rule fire? What it asks for, test by test, and what of it was seen (answer/explain.h), for people. */
#include <inttypes.h>
#include <stdio.h>

#include "answer/explain.h"
#include "cli/detecting.h"
#include "cli/search.h"

static void print_seen(const struct explain_seen *seen)
{
	char count[32], last[CLOCK_TEXT];
	if (!seen->has_field)
		printf("      %-24s has no such field\n", seen->table);
	else if (seen->n == 0)
		printf("      %-24s never seen\n", seen->table);
	else
		printf("      %-24s %s events, the last %.19s\n", seen->table,
			text_count(seen->n, count),
			seen->last == INT64_MIN ? "without time" : clock_text(seen->last, last));
}

static void print_coverage(const struct rule_explained *x)
{
	char count[32];
	if (!*x->rule->coverage)
		return;
	printf("  audit level needed: %s\n", x->rule->coverage);
	for (uint32_t i = 0; i < x->ncoverage; i++) {
		printf("      %-24s", x->coverage[i].table);
		for (size_t l = 0; l < EXPLAIN_LEVELS; l++)
			printf("  %s: %s", explain_levels[l],
				text_count(x->coverage[i].n[l], count));
		putchar('\n');
	}
}

static void print_whole(const struct explain_seen *seen)
{
	char count[32], last[CLOCK_TEXT];
	printf("  matches in %s: %s events%s%.19s, found in %.1f ms\n", seen->table,
		text_count(seen->n, count), seen->n ? ", the last " : "",
		seen->n && seen->last != INT64_MIN ? clock_text(seen->last, last) : "",
		(double)seen->took_us / 1000);
}

static void print_texts(const char *what, const struct texts *texts)
{
	for (uint32_t i = 0; i < texts->n; i++) {
		struct buf text;
		buf_init(&text, 1 << 16);
		text_escape(&text, slice_of(texts->of[i]));
		printf("  %s%.*s\n", i ? "    " : what, SLICE_ARG(buf_view(&text)));
		buf_fini(&text);
	}
}

static void print_head(const struct rule *rule)
{
	struct buf text;
	buf_init(&text, 1 << 20);
	text_escape(&text, slice_of(rule->title));
	printf("%.*s\n  %s, %s%s%s%s\n", SLICE_ARG(buf_view(&text)), level_name(rule->level),
		rule_kind(rule), *rule->id ? ", " : "", rule->id,
		*rule_remark(rule) ? " (off or limited, see below)" : "");
	if (*rule_remark(rule))
		printf("  %s\n", rule_remark(rule));
	printf("  from %s, line %u\n", *rule->file ? rule->file : "pugmark", rule->line);
	buf_clear(&text);
	text_escape(&text, slice_of(rule->description));
	if (text.len)
		printf("  %.*s\n", SLICE_ARG(buf_view(&text)));
	print_texts("false positives: ", &rule->false_positives);
	print_texts("tags: ", &rule->tags);
	buf_fini(&text);
}

static void print_explained(/* NOLINT(misc-no-recursion): no cycles, see rules_load */
	const struct rule_explained *x)
{
	print_head(x->rule);
	if (x->rule->expr) {
		print_coverage(x);
		puts("  it asks for:");
		for (uint32_t i = 0; i < x->ntests; i++) {
			printf("    %s%s\n", x->tests[i].negated ? "not: " : "", x->tests[i].text);
			for (uint32_t t = 0; t < x->tests[i].nseen; t++)
				print_seen(&x->tests[i].seen[t]);
		}
		for (uint32_t i = 0; i < x->nwhole; i++)
			print_whole(&x->whole[i]);
		return;
	}
	const struct correlation *c = x->rule->correlation;
	printf("  %s over %.0f s", correlation_name(c->type), (double)c->timespan / 1e6);
	for (uint32_t g = 0; g < c->ngroup; g++)
		printf("%s%s", g ? ", " : ", per ", c->group_by[g]);
	puts(", of:");
	for (uint32_t i = 0; i < x->nrules; i++)
		print_explained(&x->rules[i]);
}

static void print_json(const struct rule_explained *x)
{
	struct buf out;
	buf_init(&out, ANSWER_MOST);
	answer_explained(x, &out);
	printf("%.*s\n", SLICE_ARG(buf_view(&out)));
	buf_fini(&out);
}

static int explain(
	struct searching *s, const struct rules *rules, const struct rule *rule, struct err *err)
{
	const struct explain_request request = {.tables = &s->tables,
		.rules = rules,
		.threads = s->line->threads,
		.memory = s->line->memory,
		.stop = &stop_requested};
	struct rule_explained explained = {0};
	if (search_tables_load(s, err) < 0 ||
		rule_explain(s->store, &request, rule, &s->mem, &explained, err) < 0)
		return -1;
	if (s->line->values[OPT_JSON]) {
		print_json(&explained);
		return 0;
	}
	print_explained(&explained);
	puts(explained.fires ? "it can fire: all that it needs has been seen"
			     : "it has not fired: nothing that was collected so far matches");
	return 0;
}

int detect_explain(const struct command_line *line)
{
	struct err err = {0};
	struct rules *rules;
	struct searching s = {.line = line};
	if (line->nargs != 2)
		return usage_error(
			line, "explain takes one rule: its id, the beginning of it, or its name");
	if (detect_load(line, &rules, &err) < 0)
		return fail(&err);
	const struct rule *rule = rules_find(rules, line->args[1]);
	int rc = -1;
	if (!rule)
		err_set(&err, ERR_USAGE, "there is no rule %s: pugmark detect list shows them",
			line->args[1]);
	else if (store_open(data_folder(line), STORE_READ, &s.store, &err) == 0) {
		rc = explain(&s, rules, rule, &err);
		store_close(s.store);
	}
	schema_set_fini(&s.schemas);
	arena_fini(&s.mem);
	rules_free(rules);
	return rc < 0 ? fail(&err) : EXIT_DONE;
}
