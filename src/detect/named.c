/* SPDX-License-Identifier: Apache-2.0 */
/* named.c: the rule that a person means, by id, name or title; and what could have been meant where there is none. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "detect/rule.h"
#include "yaml/yaml.h"

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
	return near ? err_set(err, ERR_NOT_FOUND, "there is no rule \"%s\": did you mean \"%s\"?",
			      shown, near)
		    : err_set(err, ERR_NOT_FOUND,
			      "there is no rule \"%s\", or several begin so: pugmark detect "
			      "list shows "
			      "them",
			      shown);
}

const struct rule *rules_named(const struct rules *rules, const char *word, struct err *err)
{
	const struct rule *rule = rules_find(rules, word);
	rule = rule ? rule : titled(rules, word);
	if (!rule)
		no_rule(rules, word, err);
	return rule;
}

double rule_threshold(const struct rule *rule)
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
