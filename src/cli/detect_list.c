/* SPDX-License-Identifier: Apache-2.0 */
/* detect_list.c: the rules: what they are, whether they run, how many alerts they raised. */
#include <inttypes.h>
#include <stdio.h>
#include <strings.h>

#include "cli/detecting.h"

/* Alerts of each rule, by its id; none where there is no data folder yet. */
static int count_alerts(const struct command_line *line, struct map *counts, struct err *err)
{
	struct store *store;
	if (store_open(data_folder(line), STORE_READ, &store, err) < 0)
		return err->kind == ERR_NOT_FOUND ? 0 : -1;
	int rc = answer_rule_alerts(store, counts, err);
	store_close(store);
	return rc;
}

static bool has_word(const char *text, const char *word)
{
	size_t n = strlen(word);
	for (; *text; text++)
		if (strncasecmp(text, word, n) == 0)
			return true;
	return false;
}

/* Whether all words of the command line stand in a rule's title, product, kind, level, tags or id. */
static bool wanted(const struct command_line *line, const struct rule *rule)
{
	for (int i = 1; i < line->nargs; i++) {
		const char *word = line->args[i];
		bool found = has_word(rule->title, word) || has_word(rule->product, word) ||
			     has_word(rule_kind(rule), word) ||
			     has_word(level_name(rule->level), word) || has_word(rule->id, word) ||
			     has_word(rule_remark(rule), word);
		for (uint32_t t = 0; !found && t < rule->tags.n; t++)
			found = has_word(rule->tags.of[t], word);
		if (!found)
			return false;
	}
	return true;
}

static void print_json(const struct rule *rule, uint64_t alerts, bool first)
{
	struct buf out;
	buf_init(&out, 1 << 20);
	buf_puts(&out, first ? "" : ",\n");
	answer_rule(rule, alerts, &out);
	fwrite(out.ptr, 1, out.len, stdout);
	buf_fini(&out);
}

static void print_text(const struct rule *rule, uint64_t alerts)
{
	struct buf title;
	char count[32] = "";
	buf_init(&title, 1 << 16);
	text_escape(&title, slice_of(rule->title));
	if (alerts)
		text_count(alerts, count);
	printf("%-8.8s  %-13s  %-10.10s  %-16s  %7s  %.*s", *rule->id ? rule->id : "-",
		level_name(rule->level), *rule->product ? rule->product : "all", rule_kind(rule),
		count, SLICE_ARG(buf_view(&title)));
	if (*rule_remark(rule))
		printf("  (%s)", rule_remark(rule));
	putchar('\n');
	buf_fini(&title);
}

int detect_list(const struct command_line *line)
{
	struct err err = {0};
	struct rules *rules;
	struct map counts;
	bool json = line->values[OPT_JSON] != NULL;
	if (detect_load(line, &rules, &err) < 0)
		return fail(&err);
	map_init(&counts);
	int rc = count_alerts(line, &counts, &err);
	uint32_t shown = 0, off = 0;
	if (rc == 0)
		fputs(json ? "{\"rules\":["
			   : "id        level          product     kind                 alerts  "
			     "title\n",
			stdout);
	for (uint32_t r = 0; rc == 0 && r < rules->n; r++) {
		const struct rule *rule = rules->of[r];
		if (!wanted(line, rule) || (rule->silent && !json && line->nargs < 2))
			continue;
		const uint64_t *n = map_get(&counts, slice_of(rule_word(rule)));
		if (json)
			print_json(rule, n ? *n : 0, shown == 0);
		else
			print_text(rule, n ? *n : 0);
		shown++;
		off += rule->disabled;
	}
	if (rc == 0 && json)
		puts("]}");
	else if (rc == 0)
		printf("%u rules, %u of them off; pugmark detect explain ID says what one does\n",
			shown, off);
	map_fini(&counts);
	rules_free(rules);
	return rc < 0 ? fail(&err) : EXIT_DONE;
}
