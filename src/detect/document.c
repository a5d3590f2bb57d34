/* SPDX-License-Identifier: Apache-2.0 */
/* document.c: one document: what people read of a rule is checked and taken, and its heart handed to
 * who reads it. Keys that nobody knows are left alone, as the specification asks. */
#include "detect/private.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum { MAX_WEIGHT = 1000000 };
#define SECOND INT64_C(1000000)

int document_weigh(struct document *doc, uint32_t line, uint64_t weight)
{
	if (weight > MAX_WEIGHT || doc->weight + weight > MAX_WEIGHT)
		return document_refuse(doc, line,
			"more than %d values and tests, all told: split the rule", MAX_WEIGHT);
	doc->weight += (uint32_t)weight;
	return 0;
}

static bool is_nothing(const struct yaml_tree *tree)
{
	return !tree || (tree->kind == YAML_TEXT && yaml_type(tree) == YAML_NULL);
}

/* ---- texts ----------------------------------------------------------------------------------- */

static int read_text(
	struct document *doc, const struct yaml_tree *root, const char *key, const char **out)
{
	const struct yaml_tree *tree = yaml_get(root, key);
	*out = "";
	if (is_nothing(tree))
		return 0;
	if (tree->kind != YAML_TEXT)
		return document_refuse(doc, tree->line, "`%s` must be a text", key);
	*out = tree->text;
	return 0;
}

int read_texts(
	struct document *doc, const struct yaml_tree *tree, const char *what, struct texts *out)
{
	*out = (struct texts){0};
	if (is_nothing(tree))
		return 0;
	uint32_t n = tree->kind == YAML_LIST ? tree->nitems : 1;
	const char **of = arena_zalloc(doc->mem, n, sizeof(char *));
	for (uint32_t i = 0; i < n; i++) {
		const struct yaml_tree *item = tree->kind == YAML_LIST ? &tree->items[i] : tree;
		if (item->kind != YAML_TEXT)
			return document_refuse(
				doc, item->line, "`%s` must be a list of texts", what);
		of[i] = item->text;
	}
	*out = (struct texts){n, of};
	return 0;
}

int read_refs(struct document *doc, const struct yaml_tree *tree, const char *what,
	const struct yaml_tree ***refs, uint32_t *n)
{
	*n = tree->kind == YAML_LIST ? tree->nitems : 1;
	*refs = arena_zalloc(doc->mem, *n, sizeof(**refs));
	for (uint32_t i = 0; i < *n; i++) {
		const struct yaml_tree *item = tree->kind == YAML_LIST ? &tree->items[i] : tree;
		if (item->kind != YAML_TEXT || !item->text[0])
			return document_refuse(
				doc, item->line, "`%s` names rules: their ids or names", what);
		(*refs)[i] = item;
	}
	if (*n == 0)
		return document_refuse(doc, tree->line, "`%s` names no rule", what);
	return 0;
}

int read_span(struct document *doc, const struct yaml_tree *tree, const char *what, int64_t *us)
{
	static const struct {
		char unit;
		int64_t us;
	} units[] = {{'s', SECOND}, {'m', 60 * SECOND}, {'h', 3600 * SECOND}, {'d', 86400 * SECOND},
		{'w', 7 * 86400 * SECOND}};
	const char *text = tree->kind == YAML_TEXT ? tree->text : "";
	size_t digits = strspn(text, "0123456789");
	char shown[YAML_SHOWN];
	if (digits > 0 && digits < 10 && text[digits] && !text[digits + 1]) {
		int64_t number = strtoll(text, NULL, 10);
		for (size_t i = 0; i < COUNT(units) && number > 0; i++) {
			if (units[i].unit == text[digits] &&
				number <= INT64_MAX / 4 / units[i].us) {
				*us = number * units[i].us;
				return 0;
			}
		}
	}
	return document_refuse(doc, tree->line,
		"`%s` is \"%s\": write a number and s, m, h, d or w, as 90m", what,
		yaml_shown(text, shown));
}

/* ---- words and dates ------------------------------------------------------------------------- */

static const char *const statuses[] = {
	"none", "stable", "test", "experimental", "deprecated", "unsupported"};
static const char *const relations[] = {
	"derived", "obsolete", "merged", "renamed", "similar", "obsoletes"};

const char *rule_word(const struct rule *rule)
{
	return *rule->id ? rule->id : rule->title;
}

const char *rule_status_name(enum rule_status status)
{
	return statuses[status];
}

/* One of `words` from `first` on, in any case. `what` is the key. */
static int read_word(struct document *doc, const struct yaml_tree *tree, const char *what,
	const char *const *words, size_t first, size_t n, int *out)
{
	char shown[YAML_SHOWN], list[YAML_JOINED];
	const char *text = tree->kind == YAML_TEXT ? tree->text : "";
	for (size_t i = first; i < n; i++) {
		if (strcasecmp(text, words[i]) == 0) {
			*out = (int)i;
			return 0;
		}
	}
	return document_refuse(doc, tree->line, "`%s` is \"%s\": it must be one of %s", what,
		yaml_shown(text, shown), yaml_join(words + first, n - first, list));
}

static int read_level(struct document *doc, const struct yaml_tree *root, struct rule *rule)
{
	const struct yaml_tree *level = yaml_get(root, "level"), *status = yaml_get(root, "status");
	int value = LEVEL_MEDIUM;
	if (!is_nothing(level) &&
		read_word(doc, level, "level", level_names, 0, RULE_LEVELS, &value) != 0)
		return -1;
	rule->level = (enum rule_level)value;
	value = STATUS_NONE;
	if (!is_nothing(status) &&
		read_word(doc, status, "status", statuses, 1, COUNT(statuses), &value) != 0)
		return -1;
	rule->status = (enum rule_status)value;
	return 0;
}

/* 2026-03-09 or, as it was written, 2026/03/09. */
static int read_date(
	struct document *doc, const struct yaml_tree *root, const char *key, const char **out)
{
	unsigned year, month, day;
	int used = 0;
	char mark = 0, mark2 = 0, shown[YAML_SHOWN];
	if (read_text(doc, root, key, out) != 0)
		return -1;
	if (!(*out)[0])
		return 0;
	if (sscanf(*out, "%4u%c%2u%c%2u%n", &year, &mark, &month, &mark2, &day, &used) == 5 &&
		!(*out)[used] && mark == mark2 && (mark == '-' || mark == '/') && year >= 1000 &&
		month >= 1 && month <= 12 && day >= 1 && day <= 31)
		return 0;
	return document_refuse(doc, yaml_get(root, key)->line,
		"`%s` is \"%s\": write it as 2026-03-09", key, yaml_shown(*out, shown));
}

static int read_related(struct document *doc, const struct yaml_tree *related)
{
	int type;
	if (is_nothing(related))
		return 0;
	if (related->kind != YAML_LIST)
		return document_refuse(doc, related->line,
			"`related` must be a list of mappings with id and type");
	for (uint32_t i = 0; i < related->nitems; i++) {
		const struct yaml_tree *item = &related->items[i];
		const struct yaml_tree *id = yaml_get(item, "id"), *kind = yaml_get(item, "type");
		if (!id || id->kind != YAML_TEXT || !kind)
			return document_refuse(doc, item->line,
				"`related` must be a list of mappings with id and type");
		if (read_word(doc, kind, "type", relations, 0, COUNT(relations), &type) != 0)
			return -1;
	}
	return 0;
}

int read_logsource(struct document *doc, const struct yaml_tree *tree, struct logsource *out)
{
	*out = (struct logsource){"", "", "", ""};
	if (is_nothing(tree))
		return 0;
	if (tree->kind != YAML_MAP)
		return document_refuse(doc, tree->line,
			"`logsource` must be a mapping: product, category, service");
	if (read_text(doc, tree, "product", &out->product) != 0 ||
		read_text(doc, tree, "category", &out->category) != 0 ||
		read_text(doc, tree, "service", &out->service) != 0 ||
		read_text(doc, tree, "definition", &out->definition) != 0)
		return -1;
	return 0;
}

/* ---- a rule ---------------------------------------------------------------------------------- */

/* UUIDs in small letters; others are taken as they are, and said. */
static int read_id(struct document *doc, const struct yaml_tree *root, struct rule *rule)
{
	uint8_t uuid[16];
	char text[UUID_TEXT], shown[YAML_SHOWN];
	if (read_text(doc, root, "id", &rule->id) != 0)
		return -1;
	if (!rule->id[0])
		return 0;
	if (strlen(rule->id) == UUID_TEXT && text_parse_uuid(slice_of(rule->id), uuid) == 0) {
		text_uuid(uuid, text);
		rule->id = arena_strdup(doc->mem, (struct slice){text, UUID_TEXT});
		return 0;
	}
	document_warn(doc, yaml_get(root, "id")->line,
		"the id \"%s\" is no UUID: others may use it too", yaml_shown(rule->id, shown));
	return 0;
}

/* pugmark's own keys. */
static int read_own(struct document *doc, const struct yaml_tree *root, struct rule *rule)
{
	static const char *const coverages[] = {"base", "advanced", "full"};
	const struct yaml_tree *coverage = yaml_get(root, "coverage"),
			       *window = yaml_get(root, "window");
	int value = 0;
	rule->coverage = "";
	rule->window = 3600 * SECOND;
	if (!is_nothing(coverage)) {
		if (read_word(doc, coverage, "coverage", coverages, 0, COUNT(coverages), &value) !=
			0)
			return -1;
		rule->coverage = coverages[value];
	}
	if (!is_nothing(window) && read_span(doc, window, "window", &rule->window) != 0)
		return -1;
	if (read_texts(doc, yaml_get(root, "group"), "group", &rule->group) != 0)
		return -1;
	for (uint32_t i = 0; i < rule->group.n; i++) {
		if (!rule->group.of[i][0])
			return document_refuse(
				doc, yaml_get(root, "group")->line, "`group` names fields");
	}
	return 0;
}

static int read_meta(struct document *doc, const struct yaml_tree *root, struct rule *rule)
{
	if (read_text(doc, root, "title", &rule->title) != 0)
		return -1;
	if (!rule->title[0])
		return document_refuse(doc, doc->line, "the title is missing");
	if (read_id(doc, root, rule) != 0 || read_text(doc, root, "name", &rule->name) != 0 ||
		read_text(doc, root, "description", &rule->description) != 0 ||
		read_text(doc, root, "author", &rule->author) != 0 ||
		read_text(doc, root, "license", &rule->license) != 0 ||
		read_date(doc, root, "date", &rule->date) != 0 ||
		read_date(doc, root, "modified", &rule->modified) != 0 ||
		read_level(doc, root, rule) != 0 ||
		read_related(doc, yaml_get(root, "related")) != 0 ||
		read_texts(doc, yaml_get(root, "references"), "references", &rule->references) !=
			0 ||
		read_texts(doc, yaml_get(root, "tags"), "tags", &rule->tags) != 0 ||
		read_texts(doc, yaml_get(root, "falsepositives"), "falsepositives",
			&rule->false_positives) != 0 ||
		read_texts(doc, yaml_get(root, "fields"), "fields", &rule->fields) != 0)
		return -1;
	return read_own(doc, root, rule);
}

static int read_detection(
	struct document *doc, const struct yaml_tree *root, struct candidate *candidate)
{
	const struct yaml_tree *source = yaml_get(root, "logsource");
	struct rule *rule = candidate->rule;
	struct logsource logsource;
	if (!source)
		return document_refuse(doc, doc->line,
			"`logsource` is missing: leave it empty where all events are meant");
	if (read_logsource(doc, source, &logsource) != 0 ||
		detection_read(doc, yaml_get(root, "detection"), NULL, &candidate->parts[0]) != 0)
		return -1;
	rule->product = logsource.product;
	rule->category = logsource.category;
	rule->service = logsource.service;
	rule->definition = logsource.definition;
	return 0;
}

/* Notes a rule under its id and name. A rule of the user's takes the place of a shipped one. */
static void add(struct document *doc, struct candidate *candidate)
{
	struct loader *loader = doc->loader;
	struct rule *rule = candidate->rule;
	char shown[YAML_SHOWN];
	bool fresh = true;
	uint64_t *at = rule->id[0] ? map_put(&loader->ids, slice_of(rule->id), &fresh) : NULL;
	if (at && !fresh) {
		struct candidate *other = loader->candidates[*at];
		if (!other->rule->shipped || rule->shipped) {
			document_refuse(doc, doc->line, "the id %s is taken already by %s, line %u",
				yaml_shown(rule->id, shown),
				other->rule->file[0] ? other->rule->file : "a shipped rule",
				other->rule->line);
			return;
		}
		other->state = CANDIDATE_OUT;
	}
	if ((loader->ncandidates & (loader->ncandidates + 1)) == 0)
		loader->candidates = xrealloc(loader->candidates,
			(2 * (size_t)loader->ncandidates + 2) * sizeof(*loader->candidates));
	uint32_t index = candidate->number = loader->ncandidates++;
	loader->candidates[index] = candidate;
	if (at)
		*at = index;
	if (!rule->name[0])
		return;
	at = map_put(&loader->names, slice_of(rule->name), &fresh);
	if (!fresh && loader->candidates[*at]->state != CANDIDATE_OUT)
		document_warn(doc, doc->line,
			"the name \"%s\" is taken already: correlations that use it mean the other "
			"rule",
			yaml_shown(rule->name, shown));
	else
		*at = index;
}

static int read_rule(struct document *doc, const struct yaml_tree *root)
{
	struct candidate *candidate = arena_zalloc(doc->mem, 1, sizeof(*candidate));
	struct rule *rule = arena_zalloc(doc->mem, 1, sizeof(*rule));
	const struct yaml_tree *correlation = yaml_get(root, "correlation");
	candidate->rule = rule;
	candidate->parts = arena_zalloc(doc->mem, 1, sizeof(struct expr *));
	candidate->nparts = 1;
	rule->file = doc->shipped ? "" : doc->file;
	rule->line = doc->line;
	rule->shipped = doc->shipped;
	rule->product = rule->category = rule->service = rule->definition = rule->why = "";
	if (read_meta(doc, root, rule) != 0)
		return -1;
	if (correlation ? correlation_read(doc, correlation, candidate) != 0
			: read_detection(doc, root, candidate) != 0)
		return -1;
	add(doc, candidate);
	return 0;
}

void document_read(
	struct loader *loader, const struct yaml_tree *root, const char *file, bool shipped)
{
	struct document doc = {.loader = loader,
		.mem = loader->mem,
		.file = file,
		.line = root->line,
		.shipped = shipped};
	if (root->kind != YAML_MAP) {
		document_refuse(
			&doc, root->line, "a rule is a mapping: title, logsource, detection");
		return;
	}
	if (root->nitems)
		doc.line =
			root->items[0].key_line < root->line ? root->items[0].key_line : root->line;
	int kinds = !!yaml_get(root, "detection") + !!yaml_get(root, "correlation") +
		    !!yaml_get(root, "filter");
	if (kinds == 0)
		document_refuse(&doc, doc.line,
			"this is no rule: it needs `detection`, `correlation` or `filter`");
	else if (kinds > 1)
		document_refuse(&doc, doc.line,
			"`detection`, `correlation` and `filter` cannot stand together: make two "
			"documents of it");
	else if (yaml_get(root, "filter"))
		(void)filter_read(&doc, root, yaml_get(root, "filter"));
	else
		(void)read_rule(&doc, root);
}
