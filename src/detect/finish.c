/* SPDX-License-Identifier: Apache-2.0 */
/* finish.c: the rules of what was read: their order, what settings say of them, who is silent. */
#include "detect/private.h"

#include <strings.h>

/* ---- finding --------------------------------------------------------------------------------- */

static struct rule *find(const struct rules *rules, const char *word)
{
	struct rule *found = NULL;
	size_t len = strlen(word);
	for (uint32_t i = 0; i < rules->n; i++) {
		if (len && strcasecmp(rules->of[i]->id, word) == 0)
			return rules->of[i];
	}
	for (uint32_t i = 0; i < rules->n; i++) {
		if (len && strcmp(rules->of[i]->name, word) == 0)
			return rules->of[i];
	}
	for (uint32_t i = 0; len >= 8 && i < rules->n; i++) {
		if (strncasecmp(rules->of[i]->id, word, len) != 0)
			continue;
		if (found)
			return NULL;
		found = rules->of[i];
	}
	return found;
}

const struct rule *rules_find(const struct rules *rules, const char *word)
{
	return find(rules, word);
}

bool rule_watches(const struct rule *rule, const char *table, const char *product)
{
	if (rule->service[0] && strcasecmp(rule->service, "audit") != 0)
		return false;
	if (rule->category[0] && strcasecmp(rule->category, "audit") != 0)
		return false;
	return !rule->product[0] || strcasecmp(rule->product, "atlassian") == 0 ||
	       strcasecmp(rule->product, product) == 0 || strcasecmp(rule->product, table) == 0;
}

/* ---- settings -------------------------------------------------------------------------------- */

static struct rule *named(struct loader *loader, const struct setting *setting)
{
	char shown[YAML_SHOWN];
	struct rule *rule = find(loader->rules, setting->key);
	if (!rule)
		loader_problem(loader, loader->settings.file, setting->line, true,
			"no rule, or more than one, is called \"%s\"",
			yaml_shown(setting->key, shown));
	return rule;
}

static void able(struct loader *loader)
{
	const struct settings *settings = &loader->settings;
	for (uint32_t i = 0; i < loader->rules->n; i++) {
		struct rule *rule = loader->rules->of[i];
		rule->disabled =
			rule->status == STATUS_DEPRECATED || rule->status == STATUS_UNSUPPORTED;
		if (rule->disabled)
			rule->why = arena_printf(
				loader->mem, "its status is %s", rule_status_name(rule->status));
	}
	for (uint32_t i = 0; i < settings->enable.n; i++) {
		struct rule *rule = named(loader, &settings->enable.of[i]);
		if (rule) {
			rule->disabled = false;
			rule->why = "";
		}
	}
	for (uint32_t i = 0; i < settings->disable.n; i++) {
		struct rule *rule = named(loader, &settings->disable.of[i]);
		if (rule) {
			rule->disabled = true;
			rule->why = "disabled in the settings";
		}
	}
}

static void set_threshold(struct loader *loader, const struct setting *setting)
{
	struct rule *rule = named(loader, setting);
	struct correlation *c = NULL;
	for (uint32_t i = 0; rule && i < loader->ncandidates; i++) {
		if (loader->candidates[i]->rule == rule && loader->candidates[i]->draft)
			c = loader->candidates[i]->draft->correlation;
	}
	if (!rule)
		return;
	if (c && c->type == CORRELATION_RARE && setting->number >= 1 && setting->number <= 1e6)
		c->most = (uint32_t)setting->number;
	else if (c && c->bound.low_given && c->bound.high_given && c->bound.low == c->bound.high)
		c->bound.low = c->bound.high = setting->number;
	else if (c && c->bound.low_given &&
		 (!c->bound.high_given || c->bound.high > setting->number))
		c->bound.low = setting->number;
	else if (c && c->bound.high_given && !c->bound.low_given)
		c->bound.high = setting->number;
	else
		loader_problem(loader, loader->settings.file, setting->line, true,
			"the rule \"%.80s\" has no threshold that this number can stand for",
			rule->title);
}

/* ---- what correlations mean for the rules that they name -------------------------------------- */

/* A correlation of a rule that is not asked can find nothing. Those that are named may be correlations
 * themselves: again until nothing changes; chains are short. */
static void disable_with_rules(struct loader *loader)
{
	for (bool changed = true; changed;) {
		changed = false;
		for (uint32_t i = 0; i < loader->ncandidates; i++) {
			struct candidate *candidate = loader->candidates[i];
			if (candidate->state == CANDIDATE_OUT || !candidate->draft ||
				candidate->rule->disabled)
				continue;
			for (uint32_t r = 0; r < candidate->draft->nrefs; r++) {
				const struct rule *rule =
					loader->candidates[candidate->refs[r]]->rule;
				if (!rule->disabled)
					continue;
				candidate->rule->disabled = changed = true;
				candidate->rule->why = arena_printf(loader->mem,
					"the rule \"%.100s\" that it needs is disabled",
					rule->title);
				break;
			}
		}
	}
}

static void silence(struct loader *loader)
{
	for (uint32_t i = 0; i < loader->ncandidates; i++) {
		struct candidate *candidate = loader->candidates[i];
		for (uint32_t r = 0; candidate->state == CANDIDATE_DONE && candidate->draft &&
				     r < candidate->draft->nrefs;
			r++) {
			struct candidate *used = loader->candidates[candidate->refs[r]];
			used->used_by = candidate;
			used->generated |= candidate->draft->correlation->generate;
		}
	}
	for (uint32_t i = 0; i < loader->ncandidates; i++) {
		struct candidate *candidate = loader->candidates[i];
		struct rule *rule = candidate->rule;
		rule->silent = candidate->used_by && !candidate->generated;
		if (rule->silent && !rule->disabled)
			rule->why = arena_printf(loader->mem, "it is part of \"%.100s\"",
				candidate->used_by->rule->title);
	}
}

/* ---- all ------------------------------------------------------------------------------------- */

/* The version of a correlation has the versions of its rules in it: those first. */
static void versions(struct loader *loader)
{
	uint32_t left = loader->rules->n;
	bool *done = arena_zalloc(loader->mem, left, sizeof(bool));
	for (bool changed = true; left > 0 && changed;) {
		changed = false;
		for (uint32_t i = 0; i < loader->rules->n; i++) {
			struct rule *rule = loader->rules->of[i];
			const struct correlation *c = rule->correlation;
			bool ready = !done[i];
			for (uint32_t r = 0; ready && c && r < c->nrules; r++)
				ready = done[c->rules[r]];
			if (!ready)
				continue;
			rule_version(loader->rules, rule);
			done[i] = changed = true;
			left--;
		}
	}
}

void rules_finish(struct loader *loader)
{
	struct rules *rules = loader->rules;
	rules->of = arena_zalloc(loader->mem, loader->ncandidates, sizeof(struct rule *));
	for (uint32_t i = 0; i < loader->ncandidates; i++) {
		struct candidate *candidate = loader->candidates[i];
		if (candidate->state == CANDIDATE_OUT)
			continue;
		candidate->index = rules->n;
		rules->of[rules->n++] = candidate->rule;
		if (!candidate->draft)
			candidate->rule->expr = expr_join(
				loader->mem, EXPR_AND, candidate->parts, candidate->nparts);
	}
	for (uint32_t i = 0; i < loader->ncandidates; i++) {
		struct candidate *candidate = loader->candidates[i];
		if (candidate->state == CANDIDATE_OUT || !candidate->draft)
			continue;
		struct correlation *c = candidate->draft->correlation;
		uint32_t *indexes =
			arena_zalloc(loader->mem, candidate->draft->nrefs, sizeof(uint32_t));
		for (uint32_t r = 0; r < candidate->draft->nrefs; r++)
			indexes[r] = loader->candidates[candidate->refs[r]]->index;
		c->nrules = candidate->draft->nrefs;
		c->rules = indexes;
		candidate->rule->correlation = c;
	}
	able(loader);
	for (uint32_t i = 0; i < loader->settings.thresholds.n; i++)
		set_threshold(loader, &loader->settings.thresholds.of[i]);
	disable_with_rules(loader);
	silence(loader);
	versions(loader);
}
