/* SPDX-License-Identifier: Apache-2.0 */
/* detecting.c: rules beside import and collect, and what the commands about rules share. */
#include "cli/detecting.h"

#include <inttypes.h>
#include <stdio.h>

static void draw(void *ctx, uint64_t rows, uint64_t of)
{
	(void)ctx;
	(void)of;
	progress_draw("detecting", 0, 0, "rows", rows);
}

struct detect_options detect_options_of(const struct command_line *line)
{
	return (struct detect_options){
		.threads = line->threads,
		.memory = line->memory / 4,
		.stop = &stop_requested,
		.lake = line->values[OPT_LAKE] != NULL,
	};
}

struct detect_live *detect_live_start(const struct command_line *line)
{
	struct detect_options options = detect_options_of(line);
	return detect_live_new(data_folder(line), &options);
}

struct detect_live *detect_once_start(const struct command_line *line)
{
	struct detect_options options = detect_options_of(line);
	options.progress = draw;
	return detect_live_new(data_folder(line), &options);
}

void detect_once(struct detect_live *live, struct store *store, struct detect_result *result)
{
	log_setup(LOG_WARN, LOG_TEXT);
	detect_live_run(live, store, false, result);
	progress_clear();
}

void print_new_alerts(const struct detect_result *result)
{
	char text[32];
	uint64_t added = result->changes.added, changed = result->changes.changed;
	if (added)
		printf("%s new alert%s: pugmark alerts\n", text_count(added, text),
			added == 1 ? "" : "s");
	else if (changed)
		printf("%s alert%s changed: pugmark alerts\n", text_count(changed, text),
			changed == 1 ? "" : "s");
}

void print_rule_problems(const struct rules *rules)
{
	for (uint32_t i = 0; i < rules->nproblems; i++)
		fprintf(stderr, "pugmark: %s:%u: %s\n", rules->problems[i].file,
			rules->problems[i].line, rules->problems[i].what);
}

int detect_load(const struct command_line *line, struct rules **rules, struct err *err)
{
	if (detect_rules(data_folder(line), rules, err) < 0)
		return -1;
	print_rule_problems(*rules);
	return 0;
}

int detect_only(const struct rules *rules, const char *words, bool *only, struct err *err)
{
	const char *p = words;
	while (*p) {
		char word[256];
		size_t n = strcspn(p, ",");
		snprintf(word, sizeof(word), "%.*s", (int)(n < sizeof(word) ? n : sizeof(word) - 1),
			p);
		const struct rule *rule = rules_find(rules, word);
		if (!rule)
			return err_set(err, ERR_USAGE,
				"there is no rule %s: pugmark detect list shows them", word);
		for (uint32_t r = 0; r < rules->n; r++)
			only[r] = only[r] || rules->of[r] == rule;
		p += n + (p[n] == ',');
	}
	return 0;
}
