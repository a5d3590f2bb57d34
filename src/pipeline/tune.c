/* SPDX-License-Identifier: Apache-2.0 */
/* tune.c: rules switched on and off, and their thresholds, in the settings of a data folder. */
#include "pipeline/tune.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "detect/settings_edit.h"
#include "pipeline/detect.h"

enum { CHANGES = 1000 };

enum wanted { WANT_ON, WANT_OFF, WANT_THRESHOLD };
struct change {
	const struct rule *rule; /* of `before` */
	enum wanted wanted;
};
struct tuning {
	char data[4096], dir[4200], path[4300]; /* the folder; of the rules; the settings */
	int lock;
	struct rules *before, *after;
	struct buf text, next;
	bool edited;
	struct change changes[CHANGES];
	uint32_t nchanges;
};

/* ---- the file -------------------------------------------------------------------------------- */

static int take_file(struct tuning *t, struct err *err)
{
	struct io_info info;
	char *text = NULL;
	size_t n = 0;
	if (io_stat(t->data, &info, NULL) != 1)
		return err_set(err, ERR_NOT_FOUND,
			"%s: there is no pugmark data here yet: import something, or name another "
			"folder with --data",
			t->data);
	if (io_mkdirs(t->dir, err) < 0)
		return -1;
	t->lock = io_open(t->dir, O_RDONLY | O_DIRECTORY, 0, err);
	if (t->lock < 0 || io_lock(t->lock, true, true, t->dir, err) < 0 ||
		detect_rules(t->data, &t->before, err) < 0)
		return -1;
	if (io_stat(t->path, &info, NULL) == 1 &&
		io_read_file(t->path, LIMIT_RULE_BYTES, &text, &n, err) < 0)
		return -1;
	buf_append(&t->text, text ? text : "", n);
	free(text);
	return 0;
}

int tuning_begin(const char *data, struct tuning **t, struct err *err)
{
	struct tuning *new = *t = xcalloc(1, sizeof(*new));
	new->lock = -1;
	buf_init(&new->text, LIMIT_RULE_BYTES);
	buf_init(&new->next, LIMIT_RULE_BYTES);
	snprintf(new->data, sizeof(new->data), "%s", data);
	snprintf(new->dir, sizeof(new->dir), "%s/rules", new->data);
	snprintf(new->path, sizeof(new->path), "%s/settings.yml", new->dir);
	if (take_file(new, err) == 0)
		return 0;
	tuning_free(new);
	*t = NULL;
	return -1;
}

void tuning_free(struct tuning *t)
{
	if (!t)
		return;
	io_close(t->lock);
	rules_free(t->before);
	rules_free(t->after);
	buf_fini(&t->text);
	buf_fini(&t->next);
	free(t);
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

/* One entry more, changed, or less. 0 or -1. */
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
	t->edited = true;
	return 0;
}

/* ---- changes --------------------------------------------------------------------------------- */

static const struct rule *find(struct tuning *t, const char *word, struct err *err)
{
	const struct rule *rule = rules_named(t->before, word, err);
	if (rule && !rule->id[0] && !rule->name[0]) {
		err_set(err, ERR_USAGE,
			"\"%.100s\" has neither id nor name for the settings to call it by",
			rule->title);
		return NULL;
	}
	if (rule && t->nchanges == CHANGES) {
		err_set(err, ERR_LIMIT, "more than %d changes at once", CHANGES);
		return NULL;
	}
	return rule;
}

static void note(struct tuning *t, const struct rule *rule, enum wanted wanted)
{
	t->changes[t->nchanges++] = (struct change){rule, wanted};
}

int tuning_switch(struct tuning *t, const char *word, bool on, struct err *err)
{
	const struct rule *rule = find(t, word, err);
	if (!rule || edit(t, rule, on ? "disable" : "enable", NULL, true, err) < 0)
		return -1;
	bool by_status = rule->status == STATUS_DEPRECATED || rule->status == STATUS_UNSUPPORTED;
	if ((!on || by_status) && edit(t, rule, on ? "enable" : "disable", NULL, false, err) < 0)
		return -1;
	note(t, rule, on ? WANT_ON : WANT_OFF);
	return 0;
}

static bool is_number(const char *text)
{
	char *end;
	double number = strtod(text, &end);
	return *text && !*end && isfinite(number) && !strpbrk(text, "xXpP \t\n");
}

int tuning_threshold(struct tuning *t, const char *word, const char *value, struct err *err)
{
	const struct rule *rule = find(t, word, err);
	if (!rule)
		return -1;
	if (isnan(rule_threshold(rule)))
		return err_set(err, ERR_USAGE,
			"\"%.100s\" has no threshold: only correlations that count have one",
			rule->title);
	if (value && !is_number(value))
		return err_set(err, ERR_USAGE, "%.100s: a threshold must be a number", value);
	if (edit(t, rule, "thresholds", value ? value : "", !value, err) < 0)
		return -1;
	note(t, rule, WANT_THRESHOLD);
	return 0;
}

/* ---- keeping --------------------------------------------------------------------------------- */

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
	if (detect_rules_with(t->data, buf_view(&t->text), &t->after, err) < 0)
		return -1;
	for (uint32_t i = 0; i < t->after->nproblems; i++) {
		const struct rule_problem *p = &t->after->problems[i];
		if (strcmp(p->file, t->path) == 0 && !was_problem(t->before, p->what))
			return err_set(err, ERR_USAGE, "%s; nothing was changed", p->what);
	}
	return 0;
}

static void tell(struct tuning *t, const struct change *c,
	void (*each)(void *ctx, const struct tuned *tuned), void *ctx)
{
	const struct rule *rule = c->rule;
	const struct rule *now = rules_find(t->after, rule->id[0] ? rule->id : rule->name);
	bool on = c->wanted == WANT_ON, was = !rule->disabled, is = now && !now->disabled;
	double from = rule_threshold(rule), to = now ? rule_threshold(now) : (double)NAN;
	char text[80];
	struct tuned tuned = {rule, now, on ? "enabled" : "disabled", ""};
	snprintf(
		text, sizeof(text), from == to ? "%.15g, as before" : "%.15g, was %.15g", to, from);
	if (c->wanted == WANT_THRESHOLD) {
		tuned.change = "threshold";
		tuned.detail = text;
	} else if (is != on) {
		tuned.change = "still disabled";
		tuned.detail = now && now->why ? now->why : "";
	} else if (was == is)
		tuned.change = on ? "enabled already" : "disabled already";
	each(ctx, &tuned);
}

int tuning_commit(struct tuning *t, void (*each)(void *ctx, const struct tuned *tuned), void *ctx,
	bool *changed, struct err *err)
{
	*changed = t->edited;
	if (check(t, err) < 0)
		return -1;
	if (t->edited && io_write_file(t->path, t->text.ptr, t->text.len,
				 io_shares(t->data) ? IO_SHARED : 0600, err) < 0)
		return -1;
	for (uint32_t i = 0; i < t->nchanges; i++)
		tell(t, &t->changes[i], each, ctx);
	return 0;
}
