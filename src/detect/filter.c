/* SPDX-License-Identifier: Apache-2.0 */
/* filter.c: filters: a condition that is added to rules from elsewhere. What it says must hold too, so
 * one that leaves events out says `not`. */
#include "detect/private.h"

#include <stdlib.h>
#include <strings.h>

int filter_read(struct document *doc, const struct yaml_tree *root, const struct yaml_tree *tree)
{
	static const char *const skip[] = {"rules", NULL};
	struct loader *loader = doc->loader;
	struct filter *filter = arena_zalloc(doc->mem, 1, sizeof(*filter));
	const struct yaml_tree *title = yaml_get(root, "title"), *rules = yaml_get(tree, "rules");
	filter->file = doc->file;
	filter->line = doc->line;
	filter->title = title && title->kind == YAML_TEXT ? title->text : "";
	if (tree->kind != YAML_MAP || !rules)
		return document_refuse(doc, tree->line,
			"a filter is a mapping and names the rules that it is for: `rules`");
	if (!filter->title[0])
		return document_refuse(doc, doc->line, "the title is missing");
	if (read_refs(doc, rules, "rules", &filter->refs, &filter->nrefs) != 0 ||
		read_logsource(doc, yaml_get(root, "logsource"), &filter->logsource) != 0 ||
		detection_read(doc, tree, skip, &filter->expr) != 0)
		return -1;
	for (uint32_t i = 0; i < filter->nrefs; i++)
		filter->any |= strcmp(filter->refs[i]->text, "any") == 0;
	if ((loader->nfilters & (loader->nfilters + 1)) == 0)
		loader->filters = xrealloc(loader->filters,
			(2 * (size_t)loader->nfilters + 2) * sizeof(*loader->filters));
	loader->filters[loader->nfilters++] = filter;
	return 0;
}

/* A log source that says less takes in one that says more. */
static bool takes_in(const struct logsource *filter, const struct rule *rule)
{
	return (!filter->product[0] || strcasecmp(filter->product, rule->product) == 0) &&
	       (!filter->category[0] || strcasecmp(filter->category, rule->category) == 0) &&
	       (!filter->service[0] || strcasecmp(filter->service, rule->service) == 0);
}

static void apply(struct loader *loader, const struct filter *filter, struct candidate *candidate)
{
	uint32_t n = candidate->nparts;
	if ((n & (n - 1)) == 0) { /* full: room is always a power of two */
		struct expr **more =
			arena_zalloc(loader->mem, 2 * (size_t)n, sizeof(struct expr *));
		memcpy(more, candidate->parts, n * sizeof(struct expr *));
		candidate->parts = more;
	}
	candidate->parts[candidate->nparts++] = filter->expr;
}

static void apply_named(struct loader *loader, const struct filter *filter)
{
	char shown[YAML_SHOWN];
	for (uint32_t i = 0; i < filter->nrefs; i++) {
		const struct yaml_tree *ref = filter->refs[i];
		struct candidate *candidate = loader_find(loader, ref->text);
		const char *name = yaml_shown(ref->text, shown);
		bool twice = false;
		for (uint32_t j = 0; j < i; j++)
			twice |= loader_find(loader, filter->refs[j]->text) == candidate;
		if (!candidate)
			loader_problem(loader, filter->file, ref->line, true,
				"no rule is called \"%s\": the filter does nothing there", name);
		else if (candidate->draft)
			loader_problem(loader, filter->file, ref->line, true,
				"\"%s\" is a correlation: filters are for the rules that it refers "
				"to",
				name);
		else if (!takes_in(&filter->logsource, candidate->rule))
			loader_problem(loader, filter->file, ref->line, true,
				"\"%s\" has another logsource than the filter, which does nothing "
				"there",
				name);
		else if (!twice)
			apply(loader, filter, candidate);
	}
}

void filters_apply(struct loader *loader)
{
	for (uint32_t f = 0; f < loader->nfilters; f++) {
		const struct filter *filter = loader->filters[f];
		if (!filter->any) {
			apply_named(loader, filter);
			continue;
		}
		for (uint32_t i = 0; i < loader->ncandidates; i++) {
			struct candidate *candidate = loader->candidates[i];
			if (!candidate->draft && candidate->state != CANDIDATE_OUT &&
				takes_in(&filter->logsource, candidate->rule))
				apply(loader, filter, candidate);
		}
	}
}
