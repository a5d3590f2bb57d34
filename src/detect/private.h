/* SPDX-License-Identifier: Apache-2.0 */
/*
 * private.h (detect/): what the files of the Sigma reader share. A file's documents are merged where
 * they say `action:` (collection.c), each is read (document.c) into a candidate: its detection becomes
 * an expression (item.c, value.c, encode.c, detection.c, condition.c), a correlation or a filter waits until all
 * files are read (correlation.c, filter.c). finish.c makes the rules of what is left.
 */
#ifndef DETECT_PRIVATE_H
#define DETECT_PRIVATE_H

#include "detect/rule.h"
#include "yaml/yaml.h"

#ifndef COUNT
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#endif

/* ---- settings.c ------------------------------------------------------------------------------ */

/* A word of the settings, and the line that it stands on. */
struct setting {
	const char *key;
	const char *value;   /* thresholds, fields */
	struct texts values; /* placeholders */
	double number;       /* thresholds */
	uint32_t line;
};
struct setting_list {
	uint32_t n;
	struct setting *of;
};
struct settings {
	const char *file;
	struct setting_list disable, enable, thresholds, placeholders, fields;
};
/* Reads a settings file; everything in arena. 0 or -1. */
int settings_load(const char *path, struct arena *mem, struct settings *settings, struct err *err);
/* The same out of a text. */
int settings_of_text(struct slice text, const char *path, struct arena *mem,
	struct settings *settings, struct err *err);
/* The setting of that key, or NULL. */
const struct setting *setting_find(const struct setting_list *list, const char *key);

/* ---- load.c ---------------------------------------------------------------------------------- */

/* A correlation as its document has it: what it refers to is found when all documents are read. */
struct correlation_draft {
	struct correlation *correlation;
	uint32_t nrefs;
	const struct yaml_tree **refs;     /* texts: ids or names */
	const struct yaml_tree *aliases;   /* a mapping, or NULL */
	const struct yaml_tree *condition; /* an expression of rules' names, or NULL */
};

struct logsource {
	const char *product, *category, *service, *definition;
};

struct filter {
	const char *file, *title;
	uint32_t line;
	bool any;
	uint32_t nrefs;
	const struct yaml_tree **refs;
	struct logsource logsource;
	struct expr *expr;
};

enum candidate_state { CANDIDATE_NEW, CANDIDATE_BUSY, CANDIDATE_DONE, CANDIDATE_OUT };
/* A rule that may become one of rules->of. */
struct candidate {
	struct rule *rule;
	struct correlation_draft *draft; /* NULL: no correlation */
	struct expr **parts;             /* else its detection, then the filters that apply */
	uint32_t nparts;
	uint32_t *refs; /* candidates, when resolved */
	enum candidate_state state;
	uint32_t number; /* in loader->candidates */
	uint32_t index;  /* in rules->of */
	bool generated;  /* a correlation lets it raise alerts of its own */
	struct candidate *used_by;
};

struct loader {
	struct rules *rules;
	struct arena *mem; /* of the rules */
	const struct rules_source *source;
	struct settings settings;
	struct candidate **candidates; /* on the heap */
	uint32_t ncandidates;
	struct filter **filters; /* on the heap */
	uint32_t nfilters;
	struct map ids, names; /* candidates by them */
	uint64_t bytes;        /* of all files */
	struct err *err;
};

/* Notes a problem. The file is the loader's, or lives as long as the rules. */
void loader_problem(struct loader *loader, const char *file, uint32_t line, bool warning,
	const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* The candidate with that id or name, or NULL. */
struct candidate *loader_find(const struct loader *loader, const char *word);

/* A document that is being read: what is told of it names its file. */
struct document {
	struct loader *loader;
	struct arena *mem;
	const char *file;
	uint32_t line;
	bool shipped;
	uint32_t weight; /* tests and patterns of its expression so far */
};
/* The document is refused: notes why. Always -1. */
int document_refuse(struct document *doc, uint32_t line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void document_warn(struct document *doc, uint32_t line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Counts what an expression holds; -1 where it is too much. */
int document_weigh(struct document *doc, uint32_t line, uint64_t weight);

/* collection.c: applies `action: global`, `repeat` and `reset` of the older form to the documents of
 * one file. 0 or -1 with `line` and a static text. */
int collection_merge(struct arena *mem, struct yaml_docs *docs, uint32_t *line, const char **why);

/* document.c: reads one document and adds what it is to the loader. */
void document_read(
	struct loader *loader, const struct yaml_tree *tree, const char *file, bool shipped);
int read_logsource(struct document *doc, const struct yaml_tree *tree, struct logsource *out);
/* A text, or a list of texts. 0 or -1. */
int read_texts(
	struct document *doc, const struct yaml_tree *tree, const char *what, struct texts *out);
/* `90m`, `7d`: s, m, h, d, w. µs, > 0. 0 or -1. */
int read_span(struct document *doc, const struct yaml_tree *tree, const char *what, int64_t *us);
/* Rules that a correlation or a filter names: their texts. 0 or -1. */
int read_refs(struct document *doc, const struct yaml_tree *tree, const char *what,
	const struct yaml_tree ***refs, uint32_t *n);

/* ---- expressions ----------------------------------------------------------------------------- */

/* detection.c: the expression of a `detection:` (or `filter:`) mapping: its condition over its
 * searches. `skip` (NULL-ended) are keys of it that are no searches. 0 or -1. */
int detection_read(struct document *doc, const struct yaml_tree *tree, const char *const *skip,
	struct expr **expr);
struct expr *expr_new(struct arena *mem, enum expr_kind kind, uint32_t nchildren);
struct expr *expr_not(struct arena *mem, struct expr *child);
struct expr *expr_constant(struct arena *mem, bool constant);
/* AND or OR of them; one alone is itself. Takes a copy of the pointers. */
struct expr *expr_join(
	struct arena *mem, enum expr_kind kind, struct expr *const *children, uint32_t n);
struct expr *expr_test(struct arena *mem, enum test_op op, struct slice field);

/* condition.c */
struct search {
	const char *name;
	struct expr *expr;
	uint32_t weight;
};
int condition_read(struct document *doc, const struct yaml_tree *tree,
	const struct search *searches, uint32_t n, struct expr **expr);

/* modifier.c: `Field|one|two`, taken apart. */
enum item_kind { ITEM_TEXT, ITEM_REGEX, ITEM_CIDR, ITEM_FIELD, ITEM_RANGE, ITEM_PART, ITEM_EXISTS };
enum item_place { PLACE_WHOLE, PLACE_START, PLACE_END, PLACE_ANYWHERE };
enum item_order { ORDER_NONE, ORDER_LT, ORDER_LTE, ORDER_GT, ORDER_GTE };
enum item_wide { WIDE_NONE, WIDE_LE, WIDE_BE, WIDE_BOM };
struct item {
	struct slice field; /* empty: keywords */
	enum item_kind kind;
	enum item_place place;
	enum item_order order;
	enum item_wide wide;
	enum time_part part;
	bool all, neq, cased, windash, expand, base64, base64_offset;
	unsigned regex_flags;
	uint32_t line;
};
int item_parse(struct document *doc, const char *key, uint32_t line, struct item *item);

/* item.c: a field (or keywords) with its values. */
int item_read(struct document *doc, const struct item *item, const struct yaml_tree *values,
	struct expr **expr);

/* value.c: texts of a value: a growing list in arena. */
struct text_list {
	uint32_t n;
	struct slice *of;
};
void text_list_add(struct arena *mem, struct text_list *list, struct slice text);
/* Fills in placeholders `%name%`, with every combination of their values. In a regular expression
 * they are quoted. 0 or -1. */
int value_expand(
	struct document *doc, uint32_t line, bool regex, struct slice text, struct text_list *out);
/* The text with each dash that begins an option as each of five dashes. 0 or -1. */
int value_windash(struct document *doc, uint32_t line, struct slice text, struct text_list *out);
/* Sigma's wildcards and escapes. */
struct pattern value_pattern(struct arena *mem, struct slice text);
/* A number as decimal.h reads it, from YAML's forms. False for .inf and .nan, or one too large. */
bool value_number(struct arena *mem, const struct yaml_tree *value, struct slice *out);

/* encode.c: encodings of a pattern; false where it has wildcards and the encoding takes none. */
struct pattern encode_wide(struct arena *mem, struct pattern pattern, enum item_wide wide);
bool encode_base64(struct arena *mem, struct pattern pattern, struct slice *out);
bool encode_base64_offset(struct arena *mem, struct pattern pattern, struct slice out[3]);

/* ---- correlations, filters, the end ---------------------------------------------------------- */

int correlation_read(
	struct document *doc, const struct yaml_tree *tree, struct candidate *candidate);
/* Finds what correlations refer to; those that cannot be resolved are told and left out. */
void correlations_resolve(struct loader *loader);
int filter_read(struct document *doc, const struct yaml_tree *root, const struct yaml_tree *tree);
void filters_apply(struct loader *loader);
/* Makes rules->of, applies the settings, says what is silent, and computes versions. */
void rules_finish(struct loader *loader);
void rule_version(const struct rules *rules, struct rule *rule);

/* The shipped rules, embedded at build time; a NULL name ends the list. */
struct builtin_rule {
	const char *name, *text;
	size_t len;
};
extern const struct builtin_rule builtin_rules[];

#endif
