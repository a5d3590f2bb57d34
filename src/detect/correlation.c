/* SPDX-License-Identifier: Apache-2.0 */
/* correlation.c: correlation documents. correlation_resolve.c finds the rules that they name. */
#include "detect/private.h"

#include <math.h>
#include <stdlib.h>

enum need { NEVER, MAY, MUST };
static const struct row {
	const char *name;
	enum correlation_type type;
	enum need bound, field;
	bool own; /* pugmark's, not Sigma's */
} rows[] = {
	{"event_count", CORRELATION_EVENT_COUNT, MUST, NEVER, false},
	{"value_count", CORRELATION_VALUE_COUNT, MUST, MUST, false},
	{"temporal", CORRELATION_TEMPORAL, MAY, NEVER, false},
	{"temporal_ordered", CORRELATION_TEMPORAL_ORDERED, MAY, NEVER, false},
	{"value_sum", CORRELATION_VALUE_SUM, MUST, MUST, false},
	{"value_avg", CORRELATION_VALUE_AVG, MUST, MUST, false},
	{"value_percentile", CORRELATION_VALUE_PERCENTILE, MUST, MUST, false},
	{"first_seen", CORRELATION_FIRST_SEEN, NEVER, MAY, true},
	{"rare", CORRELATION_RARE, NEVER, MAY, true},
};

const char *correlation_name(enum correlation_type type)
{
	return rows[type].name;
}

static const struct row *find_type(struct document *doc, const struct yaml_tree *tree)
{
	const struct yaml_tree *type = yaml_get(tree, "type");
	const char *names[COUNT(rows)];
	char shown[YAML_SHOWN], list[YAML_JOINED];
	for (size_t i = 0; i < COUNT(rows); i++) {
		names[i] = rows[i].name;
		if (type && type->kind == YAML_TEXT && strcmp(type->text, rows[i].name) == 0)
			return &rows[i];
	}
	document_refuse(doc, type ? type->line : tree->line,
		"the type is \"%s\": it must be one of %s",
		type && type->kind == YAML_TEXT ? yaml_shown(type->text, shown) : "",
		yaml_join(names, COUNT(rows), list));
	return NULL;
}

/* ---- condition ------------------------------------------------------------------------------- */

static int number(struct document *doc, const struct yaml_tree *tree, const char *what, double *out)
{
	struct slice text;
	enum yaml_type type = yaml_type(tree);
	if ((type != YAML_INT && type != YAML_FLOAT) || !value_number(doc->mem, tree, &text))
		return document_refuse(doc, tree->line, "`%s` must be a number", what);
	*out = strtod(text.ptr, NULL);
	return isfinite(*out)
		       ? 0
		       : document_refuse(doc, tree->line, "`%s` is too large a number", what);
}

/* `gte: 5` and its like: one end of the bound, or both. */
static int read_end(struct document *doc, const struct yaml_tree *tree,
	struct correlation_bound *bound, bool *taken)
{
	static const struct {
		const char *name;
		bool low, high, inclusive, negated;
	} ends[] = {{"gt", true, false, false, false}, {"gte", true, false, true, false},
		{"lt", false, true, false, false}, {"lte", false, true, true, false},
		{"eq", true, true, true, false}, {"neq", true, true, true, true}};
	for (size_t i = 0; i < COUNT(ends); i++) {
		double value = 0;
		if (strcmp(tree->key, ends[i].name) != 0)
			continue;
		*taken = true;
		if (number(doc, tree, ends[i].name, &value) != 0)
			return -1;
		if ((ends[i].low && bound->low_given) || (ends[i].high && bound->high_given))
			return document_refuse(doc, tree->key_line,
				"`%s` says again what another key of the condition said",
				ends[i].name);
		if (ends[i].low) {
			bound->low_given = true;
			bound->low_inclusive = ends[i].inclusive;
			bound->low = value;
		}
		if (ends[i].high) {
			bound->high_given = true;
			bound->high_inclusive = ends[i].inclusive;
			bound->high = value;
		}
		bound->negated = ends[i].negated;
		return 0;
	}
	return 0;
}

static int read_fields(struct document *doc, const struct yaml_tree *tree, struct correlation *c)
{
	struct texts fields;
	if (c->nfield)
		return document_refuse(doc, tree->line, "`field` stands twice");
	if (read_texts(doc, tree, "field", &fields) != 0)
		return -1;
	const char **names = arena_zalloc(doc->mem, fields.n, sizeof(char *));
	for (uint32_t i = 0; i < fields.n; i++) {
		const struct setting *ours =
			setting_find(&doc->loader->settings.fields, fields.of[i]);
		names[i] = ours ? ours->value : fields.of[i];
		if (!names[i][0])
			return document_refuse(doc, tree->line, "`field` must name a field");
	}
	c->nfield = fields.n;
	c->field = names;
	return 0;
}

static int read_condition(
	struct document *doc, const struct yaml_tree *tree, struct correlation_draft *draft)
{
	struct correlation *c = draft->correlation;
	char shown[YAML_SHOWN];
	bool temporal = c->type == CORRELATION_TEMPORAL || c->type == CORRELATION_TEMPORAL_ORDERED;
	if (tree->kind == YAML_TEXT && yaml_type(tree) == YAML_STRING &&
		c->type == CORRELATION_TEMPORAL) {
		draft->condition = tree;
		return 0;
	}
	if (tree->kind != YAML_MAP)
		return document_refuse(doc, tree->line,
			"the condition of a correlation is a mapping, as `gte: 10`%s",
			temporal ? ", or rules joined by `or` or by `and`" : "");
	for (uint32_t i = 0; i < tree->nitems; i++) {
		const struct yaml_tree *item = &tree->items[i];
		bool taken = false;
		int rc = read_end(doc, item, &c->bound, &taken);
		if (rc == 0 && !taken && strcmp(item->key, "field") == 0) {
			taken = true;
			rc = read_fields(doc, item, c);
		}
		if (rc == 0 && !taken && strcmp(item->key, "percentile") == 0 &&
			c->type == CORRELATION_VALUE_PERCENTILE) {
			taken = true;
			rc = number(doc, item, "percentile", &c->percentile);
		}
		if (rc == 0 && !taken)
			rc = document_refuse(doc, item->key_line,
				"unknown key \"%s\" in the condition: there are gt, gte, lt, lte, "
				"eq, neq and field",
				yaml_shown(item->key, shown));
		if (rc != 0)
			return -1;
	}
	return 0;
}

/* ---- the rest -------------------------------------------------------------------------------- */

static int read_group(struct document *doc, const struct yaml_tree *tree, struct correlation *c)
{
	const struct yaml_tree *group = yaml_get(tree, "group-by");
	struct texts names = {0};
	if (group && read_texts(doc, group, "group-by", &names) != 0)
		return -1;
	for (uint32_t i = 0; i < names.n; i++) {
		if (!names.of[i][0])
			return document_refuse(doc, group->line, "`group-by` must name fields");
	}
	if (names.n > 16)
		return document_refuse(doc, group->line, "`group-by` names more than 16 fields");
	c->ngroup = names.n;
	c->group_by = names.of;
	return 0;
}

static int read_aliases(
	struct document *doc, const struct yaml_tree *tree, struct correlation_draft *draft)
{
	const struct yaml_tree *aliases = yaml_get(tree, "aliases");
	if (!aliases || (aliases->kind == YAML_TEXT && yaml_type(aliases) == YAML_NULL))
		return 0;
	if (aliases->kind != YAML_MAP)
		return document_refuse(doc, aliases->line,
			"`aliases` must be a mapping of names to mappings of rules to fields");
	for (uint32_t i = 0; i < aliases->nitems; i++) {
		const struct yaml_tree *alias = &aliases->items[i];
		if (alias->kind != YAML_MAP)
			return document_refuse(
				doc, alias->line, "an alias is a mapping: rule: field");
		for (uint32_t j = 0; j < alias->nitems; j++) {
			const struct yaml_tree *field = &alias->items[j];
			struct yaml_tree key = {
				.kind = YAML_TEXT, .text = field->key, .plain = field->key_plain};
			if (yaml_type(&key) != YAML_STRING)
				return document_refuse(doc, field->key_line,
					"an alias is a mapping of rules' names to fields: this key "
					"is no text");
			if (field->kind != YAML_TEXT || yaml_type(field) != YAML_STRING ||
				!field->text[0])
				return document_refuse(doc, field->line,
					"an alias must name a field of each rule");
		}
	}
	draft->aliases = aliases;
	return 0;
}

#define DAY (INT64_C(86400) * 1000000)

/* `learn`, `most`: keys of pugmark's own types. */
static int read_own(
	struct document *doc, const struct yaml_tree *tree, struct correlation *c, bool own)
{
	const struct yaml_tree *learn = yaml_get(tree, "learn"), *most = yaml_get(tree, "most");
	const struct yaml_tree *field = yaml_get(tree, "field");
	int64_t value = 0;
	if (!own) {
		const struct yaml_tree *wrong = learn ? learn : most;
		return wrong ? document_refuse(doc, wrong->key_line,
				       "`%s` is for first_seen and rare", wrong->key)
			     : 0;
	}
	if (field && read_fields(doc, field, c) != 0)
		return -1;
	c->learn = c->timespan < 7 * DAY ? c->timespan : 7 * DAY;
	if (learn && strcmp(learn->kind == YAML_TEXT ? learn->text : "", "0") == 0)
		c->learn = 0;
	else if (learn && read_span(doc, learn, "learn", &c->learn) != 0)
		return -1;
	if (c->type == CORRELATION_FIRST_SEEN)
		return most ? document_refuse(doc, most->key_line, "`most` is for rare") : 0;
	if (!most)
		return document_refuse(doc, tree->line, "`most` is missing: how often is rare?");
	if (yaml_type(most) != YAML_INT || text_parse_int(slice_of(most->text), &value) != 0 ||
		value < 1 || value > 1000000)
		return document_refuse(doc, most->line, "`most` must be a whole number from 1 on");
	c->most = (uint32_t)value;
	return 0;
}

static int check(struct document *doc, const struct yaml_tree *tree, const struct row *row,
	const struct correlation_draft *draft)
{
	struct correlation *c = draft->correlation;
	const struct correlation_bound *b = &c->bound;
	bool bound = b->low_given || b->high_given;
	bool temporal =
		row->type == CORRELATION_TEMPORAL || row->type == CORRELATION_TEMPORAL_ORDERED;
	if (temporal && draft->nrefs > 64)
		return document_refuse(doc, tree->line, "%s takes 64 rules at most", row->name);
	if (bound && row->bound == NEVER)
		return document_refuse(doc, tree->line, "%s takes no bound", row->name);
	if (!bound && row->bound == MUST)
		return document_refuse(doc, tree->line,
			"%s needs a `condition` with a bound, as `gte: 10`", row->name);
	if (c->nfield && row->field == NEVER)
		return document_refuse(doc, tree->line, "%s takes no `field`", row->name);
	if (!c->nfield && row->field == MUST)
		return document_refuse(
			doc, tree->line, "%s needs `field` in its condition", row->name);
	if (c->nfield > 1 &&
		(row->type == CORRELATION_VALUE_SUM || row->type == CORRELATION_VALUE_AVG ||
			row->type == CORRELATION_VALUE_PERCENTILE))
		return document_refuse(doc, tree->line, "%s takes one `field`", row->name);
	if (row->own && !c->nfield && !c->ngroup)
		return document_refuse(doc, tree->line,
			"%s needs `group-by` or `field`: whose value is it?", row->name);
	if (b->low_given && b->high_given &&
		(b->low > b->high ||
			(b->low == b->high && !(b->low_inclusive && b->high_inclusive))))
		return document_refuse(
			doc, tree->line, "the condition's bounds exclude each other");
	if (!(c->percentile >= 0 && c->percentile <= 100))
		return document_refuse(doc, tree->line, "`percentile` is from 0 to 100");
	return 0;
}

static int read_generate(struct document *doc, const struct yaml_tree *tree, struct correlation *c)
{
	const struct yaml_tree *generate = yaml_get(tree, "generate");
	if (!generate)
		return 0;
	if (yaml_type(generate) != YAML_BOOL)
		return document_refuse(doc, generate->line, "`generate` is true or false");
	c->generate = generate->text[0] == 't' || generate->text[0] == 'T';
	return 0;
}

int correlation_read(
	struct document *doc, const struct yaml_tree *tree, struct candidate *candidate)
{
	struct correlation_draft *draft = arena_zalloc(doc->mem, 1, sizeof(*draft));
	struct correlation *c = arena_zalloc(doc->mem, 1, sizeof(*c));
	draft->correlation = c;
	candidate->draft = draft;
	if (tree->kind != YAML_MAP)
		return document_refuse(doc, tree->line, "`correlation` must be a mapping");
	const struct row *row = find_type(doc, tree);
	if (!row)
		return -1;
	c->type = row->type;
	c->percentile = 50;
	const struct yaml_tree *span = yaml_get(tree, "timespan"), *rules = yaml_get(tree, "rules");
	const struct yaml_tree *condition = yaml_get(tree, "condition");
	if (condition && read_condition(doc, condition, draft) != 0)
		return -1;
	if (!rules && !draft->condition)
		return document_refuse(
			doc, tree->line, "`rules` is missing: which rules are counted?");
	if (!span)
		return document_refuse(doc, tree->line, "`timespan` is missing: write it as 10m");
	if ((rules && read_refs(doc, rules, "rules", &draft->refs, &draft->nrefs) != 0) ||
		read_span(doc, span, "timespan", &c->timespan) != 0 ||
		read_group(doc, tree, c) != 0 || read_aliases(doc, tree, draft) != 0 ||
		read_own(doc, tree, c, row->own) != 0 || read_generate(doc, tree, c) != 0)
		return -1;
	if (c->type == CORRELATION_VALUE_PERCENTILE && !yaml_get(condition, "percentile"))
		document_warn(
			doc, tree->line, "`percentile` is not given: 50, the median, is taken");
	return check(doc, tree, row, draft);
}
