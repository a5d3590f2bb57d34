/* SPDX-License-Identifier: Apache-2.0 */
/* rule_fuzz.c: any text as a file of rules: what is loaded can be prepared by the matcher and refers to
 * what is there; reading it again gives the same versions. */
#include <assert.h>

#include "detect/rule.h"
#include "match/match.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct rules *rules)
{
	for (uint32_t i = 0; i < rules->n; i++) {
		const struct rule *rule = rules->of[i];
		struct matcher *matcher;
		struct err err;
		assert(!rule->expr == !!rule->correlation && rule->title[0] && rule->window > 0);
		if (rule->expr) {
			assert(matcher_new(rule->expr, 0, &matcher, NULL, &err) == 0);
			matcher_free(matcher);
			continue;
		}
		const struct correlation *c = rule->correlation;
		assert(c->nrules > 0 && c->timespan > 0);
		for (uint32_t r = 0; r < c->nrules; r++)
			assert(c->rules[r] < rules->n && c->rules[r] != i);
		for (uint32_t g = 0; g < c->nrules * c->ngroup; g++)
			assert(c->group[g]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = {(const char *)data, size};
	struct rules *rules, *again;
	struct err err;
	if (rules_read(text, "fuzz.yml", NULL, &rules, &err) != 0)
		return 0;
	check(rules);
	assert(rules_read(text, "fuzz.yml", NULL, &again, &err) == 0);
	assert(again->n == rules->n && again->nproblems == rules->nproblems);
	for (uint32_t i = 0; i < rules->n; i++)
		assert(memcmp(rules->of[i]->version, again->of[i]->version,
			       sizeof(rules->of[i]->version)) == 0);
	rules_free(again);
	rules_free(rules);
	return 0;
}
