/* SPDX-License-Identifier: Apache-2.0 */
/* correlation_resolve.c: the rules that correlations name. One that names a rule which is not there, or
 * comes back to itself, is left out, and so is whatever names it. */
#include "detect/private.h"

#include <strings.h>

enum { MAX_CHAIN = 16, MAX_REFS = 1000 };

static void refuse(
	struct loader *loader, struct candidate *candidate, uint32_t line, const char *what)
{
	candidate->state = CANDIDATE_OUT;
	loader_problem(loader, candidate->rule->file, line, false, "%s", what);
}

/* ---- conditions of names --------------------------------------------------------------------- */

/* Whether one of the names means the rule that `word` means; true where there is none: that is told elsewhere. */
static bool names_rule(
	struct loader *loader, const char *word, const struct yaml_tree *names, uint32_t n)
{
	const struct candidate *rule = loader_find(loader, word);
	bool named = !rule;
	for (uint32_t i = 0; i < n && !named; i++)
		named = loader_find(loader, names[i].text) == rule;
	return named;
}

static bool refers_to(
	struct loader *loader, const struct correlation_draft *draft, const char *word)
{
	const struct candidate *rule = loader_find(loader, word);
	bool named = false;
	for (uint32_t i = 0; i < draft->nrefs && rule && !named; i++)
		named = loader_find(loader, draft->refs[i]->text) == rule;
	return named;
}

/* `a or b`, `a and b`: the names become rules where `rules` had none, and the bound says how many. */
static const char *read_names(struct loader *loader, struct correlation_draft *draft)
{
	const struct yaml_tree *tree = draft->condition;
	const char *at = tree->text;
	uint32_t n = 0, nor = 0, nand = 0;
	struct yaml_tree *names = arena_zalloc(loader->mem, MAX_REFS, sizeof(*names));
	for (bool name = true;; name = !name) {
		at += strspn(at, " \t\r\n");
		size_t len = strcspn(at, " \t\r\n");
		if (!len)
			break;
		const char *word = arena_strdup(loader->mem, (struct slice){at, len});
		at += len;
		if (!name && strcasecmp(word, "or") == 0)
			nor++;
		else if (!name && strcasecmp(word, "and") == 0)
			nand++;
		else if (!name || strpbrk(word, "()*|") || strcasecmp(word, "not") == 0 ||
			 n == MAX_REFS)
			return "this condition is more than rules joined by `or`, or by `and`: "
			       "write correlations that refer to one another";
		else
			names[n++] = (struct yaml_tree){
				.kind = YAML_TEXT, .line = tree->line, .text = word};
	}
	if (n != nor + nand + 1 || (nor && nand))
		return "a condition of names is rules joined by `or`, or by `and`: for both, write "
		       "correlations that refer to one another";
	if (!draft->nrefs) {
		draft->refs = arena_zalloc(loader->mem, n, sizeof(*draft->refs));
		for (uint32_t i = 0; i < n; i++)
			draft->refs[draft->nrefs++] = &names[i];
	}
	for (uint32_t i = 0; i < draft->nrefs; i++)
		if (!names_rule(loader, draft->refs[i]->text, names, n))
			return "the condition leaves out a rule that `rules` names: take it out "
			       "there too";
	for (uint32_t j = 0; j < n; j++)
		if (!refers_to(loader, draft, names[j].text))
			return "the condition names a rule that `rules` does not";
	if (nor)
		draft->correlation->bound = (struct correlation_bound){
			.low_given = true, .low_inclusive = true, .low = 1};
	return NULL;
}

/* ---- fields of groups ------------------------------------------------------------------------ */

/* What a group's name is called in the events of a rule; NULL where that is not said. */
static const char *group_field(struct loader *loader, const struct correlation_draft *draft,
	const struct candidate *rule, const char *name)
{
	const struct yaml_tree *alias = yaml_get(draft->aliases, name);
	const struct setting *ours = setting_find(&loader->settings.fields, name);
	if (!alias)
		return ours ? ours->value : name;
	for (uint32_t i = 0; i < alias->nitems; i++) {
		if (loader_find(loader, alias->items[i].key) != rule)
			continue;
		ours = setting_find(&loader->settings.fields, alias->items[i].text);
		return ours ? ours->value : alias->items[i].text;
	}
	return NULL;
}

static bool groups_by(const struct correlation *c, const char *name)
{
	for (uint32_t i = 0; i < c->ngroup; i++) {
		if (strcmp(c->group_by[i], name) == 0)
			return true;
	}
	return false;
}

static const char *resolve_groups(struct loader *loader, struct candidate *candidate)
{
	struct correlation_draft *draft = candidate->draft;
	struct correlation *c = draft->correlation;
	const char **fields =
		arena_zalloc(loader->mem, (size_t)c->ngroup * draft->nrefs, sizeof(char *));
	for (uint32_t r = 0; r < draft->nrefs; r++) {
		const struct candidate *rule = loader->candidates[candidate->refs[r]];
		for (uint32_t g = 0; g < c->ngroup; g++) {
			const char *field = group_field(loader, draft, rule, c->group_by[g]);
			if (!field)
				return arena_printf(loader->mem,
					"the alias \"%.80s\" says nothing of the rule \"%.80s\"",
					c->group_by[g], draft->refs[r]->text);
			if (rule->draft) { /* its own names, not those of events */
				const struct yaml_tree *alias =
					yaml_get(draft->aliases, c->group_by[g]);
				if (!alias)
					field = c->group_by[g];
				if (!groups_by(rule->draft->correlation, field))
					return arena_printf(loader->mem,
						"the correlation \"%.80s\" does not group by "
						"\"%.80s\"",
						draft->refs[r]->text, field);
			}
			fields[r * c->ngroup + g] = field;
		}
	}
	c->group = fields;
	return NULL;
}

static const char *check_aliases(struct loader *loader, const struct candidate *candidate)
{
	const struct yaml_tree *aliases = candidate->draft->aliases;
	for (uint32_t i = 0; aliases && i < aliases->nitems; i++) {
		for (uint32_t j = 0; j < aliases->items[i].nitems; j++) {
			const char *name = aliases->items[i].items[j].key;
			const struct candidate *rule = loader_find(loader, name);
			bool named = false;
			for (uint32_t r = 0; r < candidate->draft->nrefs && !named; r++)
				named = rule && loader->candidates[candidate->refs[r]] == rule;
			if (!named)
				return arena_printf(loader->mem,
					"the alias \"%.80s\" is for a rule \"%.80s\" that the "
					"correlation does not name",
					aliases->items[i].key, name);
		}
	}
	return NULL;
}

/* ---- rules ----------------------------------------------------------------------------------- */

static void resolve(struct loader *loader, struct candidate *candidate, unsigned depth);

/* The candidate number of one reference, resolved itself; -1 where it cannot be (told). */
static int64_t resolve_ref(struct loader *loader, struct candidate *candidate,
	const struct yaml_tree *ref, unsigned depth)
{
	char shown[YAML_SHOWN];
	struct candidate *rule = loader_find(loader, ref->text);
	const char *why = NULL;
	yaml_shown(ref->text, shown);
	if (!rule)
		why = "no rule is called \"%s\", or it was refused";
	else if (rule->state == CANDIDATE_BUSY)
		why = "by way of \"%s\" this correlation refers to itself";
	else if (depth >= MAX_CHAIN)
		why = "the chain of correlations at \"%s\" is too long";
	if (!why && rule->draft)
		resolve(loader, rule, depth + 1);
	if (!why && rule->state == CANDIDATE_OUT)
		why = "the rule \"%s\" was refused";
	if (!why && rule->draft && candidate->draft->correlation->nfield)
		why = "\"%s\" is a correlation: it has no `field`, that is for rules of events";
	if (why) {
		struct buf text;
		buf_init(&text, 1000);
		const char *mark = strstr(why, "%s");
		buf_append(&text, why, (size_t)(mark - why));
		buf_puts(&text, shown);
		buf_puts(&text, mark + 2);
		refuse(loader, candidate, ref->line, arena_strdup(loader->mem, buf_view(&text)));
		buf_fini(&text);
		return -1;
	}
	return rule->number;
}

static void resolve(struct loader *loader, struct candidate *candidate, unsigned depth)
{
	struct correlation_draft *draft = candidate->draft;
	uint32_t line = candidate->rule->line;
	if (candidate->state != CANDIDATE_NEW)
		return;
	candidate->state = CANDIDATE_BUSY;
	const char *why = draft->condition ? read_names(loader, draft) : NULL;
	if (!why && draft->nrefs > MAX_REFS)
		why = "a correlation of more than 1000 rules";
	if (why) {
		refuse(loader, candidate, draft->condition ? draft->condition->line : line, why);
		return;
	}
	candidate->refs = arena_zalloc(loader->mem, draft->nrefs, sizeof(uint32_t));
	for (uint32_t i = 0; i < draft->nrefs; i++) {
		int64_t index = resolve_ref(loader, candidate, draft->refs[i], depth);
		if (index < 0) {
			candidate->state = CANDIDATE_OUT;
			return;
		}
		candidate->refs[i] = (uint32_t)index;
		for (uint32_t j = 0; j < i && !why; j++) {
			if (candidate->refs[j] == candidate->refs[i])
				why = "`rules` names a rule twice";
		}
	}
	if (!why)
		why = check_aliases(loader, candidate);
	if (!why)
		why = resolve_groups(loader, candidate);
	if (why) {
		refuse(loader, candidate, draft->nrefs ? draft->refs[0]->line : line, why);
		return;
	}
	candidate->state = CANDIDATE_DONE;
}

void correlations_resolve(struct loader *loader)
{
	for (uint32_t i = 0; i < loader->ncandidates; i++) {
		if (loader->candidates[i]->draft)
			resolve(loader, loader->candidates[i], 0);
	}
}
