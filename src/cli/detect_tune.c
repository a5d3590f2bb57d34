/* SPDX-License-Identifier: Apache-2.0 */
/*
 * detect_tune.c: pugmark detect enable, disable and tune: rules/settings.yml of the data folder changed, other lines and comments left as
 * they are. The changed text is read as settings, and the rules with it, before it takes the file's place.
 */
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/detecting.h"
#include "detect/settings_edit.h"
#include "yaml/yaml.h"

struct tuning {
	const struct command_line *line;
	char dir[4096], path[4200]; /* of the rules; of the settings */
	int lock;
	struct rules *before, *after;
	struct buf text, next;
	uint32_t changes;
	struct buf said;
};

/* ---- rules ----------------------------------------------------------------------------------- */

static const struct rule *titled(const struct rules *rules, const char *word)
{
	const struct rule *found = NULL;
	for (uint32_t r = 0; r < rules->n; r++) {
		if (strcmp(rules->of[r]->title, word) != 0)
			continue;
		if (found)
			return NULL;
		found = rules->of[r];
	}
	return found;
}

static int no_rule(const struct rules *rules, const char *word, struct err *err)
{
	char shown[YAML_SHOWN];
	size_t n = 0;
	const char **words = xcalloc((size_t)rules->n * 3 + 1, sizeof(*words));
	for (uint32_t r = 0; r < rules->n; r++) {
		words[n++] = rules->of[r]->id;
		words[n++] = rules->of[r]->name;
		words[n++] = rules->of[r]->title;
	}
	const char *near = yaml_nearest(word, words, n);
	free(words);
	yaml_shown(word, shown);
	return near ? err_set(err, ERR_USAGE, "there is no rule \"%s\": did you mean \"%s\"?",
			      shown, near)
		    : err_set(err, ERR_USAGE,
			      "there is no rule \"%s\", or several begin so: pugmark detect "
			      "list shows "
			      "them",
			      shown);
}

static const struct rule *find_rule(const struct rules *rules, const char *word, struct err *err)
{
	const struct rule *rule = rules_find(rules, word);
	rule = rule ? rule : titled(rules, word);
	if (!rule)
		no_rule(rules, word, err);
	else if (!rule->id[0] && !rule->name[0])
		err_set(err, ERR_USAGE,
			"\"%.100s\" has neither id nor name for the settings to call it by",
			rule->title);
	return rule && (rule->id[0] || rule->name[0]) ? rule : NULL;
}

/* The number that `thresholds` stands for; NAN where there is none. */
static double threshold_of(const struct rule *rule)
{
	const struct correlation *c = rule->correlation;
	if (!c)
		return (double)NAN;
	if (c->type == CORRELATION_RARE)
		return c->most;
	return c->bound.low_given    ? c->bound.low
	       : c->bound.high_given ? c->bound.high
				     : (double)NAN;
}

/* ---- the file -------------------------------------------------------------------------------- */

static int begin(struct tuning *t, struct err *err)
{
	struct io_info info;
	const char *data = data_folder(t->line);
	char *text = NULL;
	size_t n = 0;
	buf_init(&t->text, LIMIT_RULE_BYTES);
	buf_init(&t->next, LIMIT_RULE_BYTES);
	buf_init(&t->said, 1 << 20);
	snprintf(t->dir, sizeof(t->dir), "%s/rules", data);
	snprintf(t->path, sizeof(t->path), "%s/settings.yml", t->dir);
	if (io_stat(data, &info, NULL) != 1)
		return err_set(err, ERR_NOT_FOUND,
			"%s: there is no pugmark data here yet: import something, or name another "
			"folder with --data",
			data);
	if (io_mkdirs(t->dir, err) < 0)
		return -1;
	/* Two who change it at once take turns. */
	t->lock = io_open(t->dir, O_RDONLY | O_DIRECTORY, 0, err);
	if (t->lock < 0 || io_lock(t->lock, true, true, t->dir, err) < 0 ||
		detect_rules(data, &t->before, err) < 0)
		return -1;
	if (io_stat(t->path, &info, NULL) == 1 &&
		io_read_file(t->path, LIMIT_RULE_BYTES, &text, &n, err) < 0)
		return -1;
	buf_append(&t->text, text ? text : "", n);
	free(text);
	return 0;
}

static void end(struct tuning *t)
{
	io_close(t->lock);
	rules_free(t->before);
	rules_free(t->after);
	buf_fini(&t->text);
	buf_fini(&t->next);
	buf_fini(&t->said);
}

struct meaning {
	const struct rules *rules;
	const struct rule *rule;
};

static bool means(void *ctx, const char *word)
{
	const struct meaning *m = ctx;
	return rules_find(m->rules, word) == m->rule;
}

/* One entry more, changed, or less. 1 changed, 0, -1. */
static int edit(struct tuning *t, const struct rule *rule, const char *part, const char *value,
	bool drop, struct err *err)
{
	struct meaning meaning = {t->before, rule};
	struct settings_change change = {.part = part,
		.word = rule->id[0] ? rule->id : rule->name,
		.value = value,
		.drop = drop,
		.means = means,
		.ctx = &meaning};
	buf_clear(&t->next);
	int rc = settings_edit(buf_view(&t->text), &change, &t->next, err);
	if (rc < 1)
		return rc < 0 ? err_context(err, "%s", t->path) : 0;
	buf_clear(&t->text);
	buf_slice(&t->text, buf_view(&t->next));
	t->changes++;
	return 1;
}

static bool was_problem(const struct rules *rules, const char *what)
{
	for (uint32_t i = 0; i < rules->nproblems; i++)
		if (strcmp(rules->problems[i].what, what) == 0)
			return true;
	return false;
}

/* What is wrong with the settings now and was not before. */
static int check(struct tuning *t, struct err *err)
{
	if (detect_rules_with(data_folder(t->line), buf_view(&t->text), &t->after, err) < 0)
		return -1;
	for (uint32_t i = 0; i < t->after->nproblems; i++) {
		const struct rule_problem *p = &t->after->problems[i];
		if (strcmp(p->file, t->path) == 0 && !was_problem(t->before, p->what))
			return err_set(err, ERR_USAGE, "%s; nothing was changed", p->what);
	}
	return 0;
}

static int keep(struct tuning *t, struct err *err)
{
	return io_write_file(t->path, t->text.ptr, t->text.len,
		io_shares(data_folder(t->line)) ? IO_SHARED : 0600, err);
}

/* ---- what is said ---------------------------------------------------------------------------- */

static void say(struct tuning *t, const struct rule *rule, const char *change, const char *more)
{
	if (!t->line->values[OPT_JSON]) {
		text_escape(&t->said, slice_of(rule->title));
		buf_printf(&t->said, ": %s%s%s\n", change, more[0] ? ": " : "", more);
		return;
	}
	buf_puts(&t->said, t->said.len ? "," : "");
	buf_puts(&t->said, "{\"rule\":");
	text_json_string(&t->said, slice_of(rule_word(rule)));
	text_json_member(&t->said, "title", rule->title);
	text_json_member(&t->said, "change", change);
	text_json_member(&t->said, "detail", more);
	buf_push(&t->said, '}');
}

static int finish(struct tuning *t, int rc, struct err *err)
{
	if (rc == 0 && t->changes)
		rc = keep(t, err);
	if (rc == 0 && t->line->values[OPT_JSON])
		printf("{\"changes\":[%.*s],\"file\":\"%s\"}\n", SLICE_ARG(buf_view(&t->said)),
			t->changes ? "rules/settings.yml" : "");
	else if (rc == 0)
		printf("%.*s%s", SLICE_ARG(buf_view(&t->said)),
			t->changes ? "rules/settings.yml has it; what comes is looked at so. For "
				     "history: pugmark detect run\n"
				   : "");
	end(t);
	return rc < 0 ? fail(err) : EXIT_DONE;
}

/* ---- enable, disable ------------------------------------------------------------------------- */

static int switch_rule(struct tuning *t, const struct rule *rule, bool on, struct err *err)
{
	bool by_status = rule->status == STATUS_DEPRECATED || rule->status == STATUS_UNSUPPORTED;
	if (edit(t, rule, on ? "disable" : "enable", NULL, true, err) < 0)
		return -1;
	if (on && !by_status)
		return 0;
	return edit(t, rule, on ? "enable" : "disable", NULL, false, err) < 0 ? -1 : 0;
}

static void say_switched(struct tuning *t, const struct rule *rule, bool on)
{
	const struct rule *now = rules_find(t->after, rule->id[0] ? rule->id : rule->name);
	bool was = !rule->disabled, is = now && !now->disabled;
	if (is != on)
		say(t, rule, "still disabled", now && now->why ? now->why : "");
	else if (was == is)
		say(t, rule, on ? "enabled already" : "disabled already", "");
	else
		say(t, rule, on ? "enabled" : "disabled", "");
}

static int switch_rules(const struct command_line *line, bool on)
{
	struct tuning t = {.line = line, .lock = -1};
	struct err err = {0};
	if (line->nargs < 2)
		return usage_error(line, "say which rules: ids, names or titles");
	int rc = begin(&t, &err);
	for (int i = 1; rc == 0 && i < line->nargs; i++) {
		const struct rule *rule = find_rule(t.before, line->args[i], &err);
		rc = rule ? switch_rule(&t, rule, on, &err) : -1;
	}
	if (rc == 0)
		rc = check(&t, &err);
	for (int i = 1; rc == 0 && i < line->nargs; i++)
		say_switched(&t, find_rule(t.before, line->args[i], &err), on);
	return finish(&t, rc, &err);
}

int detect_enable(const struct command_line *line)
{
	return switch_rules(line, true);
}

int detect_disable(const struct command_line *line)
{
	return switch_rules(line, false);
}

/* ---- tune ------------------------------------------------------------------------------------ */

/* What can be tuned, and the part of the settings that has it. */
static const struct {
	const char *name, *part;
} tunables[] = {{"threshold", "thresholds"}};

static bool is_number(const char *text)
{
	char *end;
	double number = strtod(text, &end);
	return *text && !*end && isfinite(number) && !strpbrk(text, "xXpP \t\n");
}

static int tune_one(struct tuning *t, const struct rule *rule, const char *word, struct err *err)
{
	const char *equals = strchr(word, '=');
	size_t n = equals ? (size_t)(equals - word) : 0;
	for (size_t i = 0; equals && i < sizeof(tunables) / sizeof(tunables[0]); i++) {
		if (strlen(tunables[i].name) != n || memcmp(tunables[i].name, word, n) != 0)
			continue;
		bool drop = strcmp(equals + 1, "default") == 0;
		if (!drop && !is_number(equals + 1))
			return err_set(
				err, ERR_USAGE, "%.100s: it must be a number, or `default`", word);
		return edit(t, rule, tunables[i].part, equals + 1, drop, err) < 0 ? -1 : 0;
	}
	return err_set(err, ERR_USAGE,
		"%.100s: what can be tuned is threshold=N, or threshold=default", word);
}

static void say_tuned(struct tuning *t, const struct rule *rule)
{
	const struct rule *now = rules_find(t->after, rule->id[0] ? rule->id : rule->name);
	char text[80];
	double from = threshold_of(rule), to = now ? threshold_of(now) : (double)NAN;
	snprintf(text, sizeof(text), "%.15g, was %.15g", to, from);
	if (from == to)
		snprintf(text, sizeof(text), "%.15g, as before", to);
	say(t, rule, "threshold", text);
}

int detect_tune(const struct command_line *line)
{
	struct tuning t = {.line = line, .lock = -1};
	struct err err = {0};
	if (line->nargs < 3)
		return usage_error(line, "say which rule, and what: tune RULE threshold=N");
	int rc = begin(&t, &err);
	const struct rule *rule = rc == 0 ? find_rule(t.before, line->args[1], &err) : NULL;
	rc = rule ? 0 : -1;
	if (rule && isnan(threshold_of(rule)))
		rc = err_set(&err, ERR_USAGE,
			"\"%.100s\" has no threshold: only correlations that count have one",
			rule->title);
	for (int i = 2; rc == 0 && i < line->nargs; i++)
		rc = tune_one(&t, rule, line->args[i], &err);
	if (rc == 0)
		rc = check(&t, &err);
	if (rc == 0)
		say_tuned(&t, rule);
	return finish(&t, rc, &err);
}
