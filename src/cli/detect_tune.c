/* SPDX-License-Identifier: Apache-2.0 */
/* detect_tune.c: pugmark detect enable, disable and tune. */
#include <stdio.h>
#include <string.h>

#include "cli/detecting.h"
#include "pipeline/tune.h"

struct telling {
	bool json;
	struct buf said;
};

static void say(void *ctx, const struct tuned *tuned)
{
	struct telling *t = ctx;
	if (t->json) {
		buf_puts(&t->said, t->said.len ? "," : "");
		answer_tuned(tuned, &t->said);
		return;
	}
	text_escape(&t->said, slice_of(tuned->rule->title));
	buf_printf(
		&t->said, ": %s%s%s\n", tuned->change, tuned->detail[0] ? ": " : "", tuned->detail);
}

/* What was changed is checked, kept and told. */
static int finish(const struct command_line *line, struct tuning *tuning, int rc, struct err *err)
{
	const bool begun = tuning != NULL;
	struct telling t = {.json = line->values[OPT_JSON] != NULL};
	bool changed = false;
	buf_init(&t.said, 1 << 20);
	if (rc == 0)
		rc = tuning_commit(tuning, say, &t, &changed, err);
	tuning_free(tuning);
	if (rc == 0 && t.json)
		printf("{\"changes\":[%.*s],\"file\":\"%s\"}\n", SLICE_ARG(buf_view(&t.said)),
			changed ? "rules/settings.yml" : "");
	else if (rc == 0)
		printf("%.*s%s", SLICE_ARG(buf_view(&t.said)),
			changed ? "rules/settings.yml has it; what comes is looked at so. For "
				  "history: pugmark detect run\n"
				: "");
	buf_fini(&t.said);
	if (rc < 0 && err->kind == ERR_NOT_FOUND && begun)
		err->kind = ERR_USAGE; /* a wrong word */
	return rc < 0 ? fail(err) : EXIT_DONE;
}

static int switch_rules(const struct command_line *line, bool on)
{
	struct tuning *tuning;
	struct err err = {0};
	if (line->nargs < 2)
		return usage_error(line, "say which rules: ids, names or titles");
	int rc = tuning_begin(data_folder(line), &tuning, &err);
	for (int i = 1; rc == 0 && i < line->nargs; i++)
		rc = tuning_switch(tuning, line->args[i], on, &err);
	return finish(line, tuning, rc, &err);
}

int detect_enable(const struct command_line *line)
{
	return switch_rules(line, true);
}

int detect_disable(const struct command_line *line)
{
	return switch_rules(line, false);
}

static int tune_one(struct tuning *tuning, const char *rule, const char *word, struct err *err)
{
	static const char name[] = "threshold=";
	const size_t n = sizeof(name) - 1;
	if (strncmp(word, name, n) != 0)
		return err_set(err, ERR_USAGE,
			"%.100s: what can be tuned is threshold=N, or threshold=default", word);
	const char *value = strcmp(word + n, "default") == 0 ? NULL : word + n;
	return tuning_threshold(tuning, rule, value, err);
}

int detect_tune(const struct command_line *line)
{
	struct tuning *tuning;
	struct err err = {0};
	if (line->nargs < 3)
		return usage_error(line, "say which rule, and what: tune RULE threshold=N");
	int rc = tuning_begin(data_folder(line), &tuning, &err);
	for (int i = 2; rc == 0 && i < line->nargs; i++)
		rc = tune_one(tuning, line->args[1], line->args[i], &err);
	return finish(line, tuning, rc, &err);
}
