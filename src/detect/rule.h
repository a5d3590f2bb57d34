/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule.h: detection rules: Sigma documents (specification 2.1: rules, correlation rules, filters) read,
 * checked and made into expressions of the matcher (match/expr.h). What was decided where the specification
 * leaves room is written in docs/sigma.md.
 *
 * A document that cannot be honoured in all it says is left out and told, with file, line and reason: no rule is
 * half loaded. The others go on.
 */
#ifndef DETECT_RULE_H
#define DETECT_RULE_H

#include "base/base.h"
#include "match/expr.h"

enum rule_status {
	STATUS_NONE,
	STATUS_STABLE,
	STATUS_TEST,
	STATUS_EXPERIMENTAL,
	STATUS_DEPRECATED,
	STATUS_UNSUPPORTED
};

struct texts {
	uint32_t n;
	const char *const *of;
};

enum correlation_type {
	CORRELATION_EVENT_COUNT,
	CORRELATION_VALUE_COUNT,
	CORRELATION_TEMPORAL,
	CORRELATION_TEMPORAL_ORDERED,
	CORRELATION_VALUE_SUM,
	CORRELATION_VALUE_AVG,
	CORRELATION_VALUE_PERCENTILE,
	/* pugmark's own: */
	CORRELATION_FIRST_SEEN, /* the group's values (with `field`: and the field's) were not seen in the timespan before */
	/* they were seen, but at most `most` times in the timespan up to and with this event */
	CORRELATION_RARE,
};

/* What a count, sum … must fulfil: low ≤ x ≤ high, or (negated) not. */
struct correlation_bound {
	bool low_given, low_inclusive, high_given, high_inclusive, negated;
	double low, high;
};

struct correlation {
	enum correlation_type type;
	uint32_t nrules;
	/* indexes into rules->of; may be correlations themselves, never cyclic */
	const uint32_t *rules;
	/* What the group-by names are called in the events of each rule: group[r * ngroup + g] (aliases resolved). Of a
	 * rule that is a correlation: the name among its own group-by. */
	uint32_t ngroup;
	const char *const *group_by; /* as written */
	const char *const *group;
	/* `field`: of value_*, first_seen, rare; several are one value (a tuple) */
	uint32_t nfield;
	const char *const *field;
	int64_t timespan; /* µs, > 0 */
	/* temporal: how many different rules; neither end given = all of them */
	struct correlation_bound bound;
	double percentile; /* 0–100 */
	bool generate;     /* the rules that it refers to raise alerts of their own as well */
	int64_t learn; /* first_seen, rare: events raise nothing until so long (µs) after the group table's first one */
	uint32_t most; /* rare */
};

struct rule {
	const char *id;   /* UUID; "" = none was given */
	const char *name; /* what correlations call it, or "" */
	const char *title, *description, *author, *date, *modified, *license;
	const char *file; /* as told to rules_load; "" = shipped */
	uint32_t line;    /* where its document begins */
	bool shipped;
	enum rule_level level;
	enum rule_status status;
	struct texts references, tags, false_positives, fields;
	const char *product, *category, *service, *definition; /* logsource; "" = not said */
	/* pugmark's own key `coverage:` = the audit level that it takes (base, advanced, full), or "" */
	const char *coverage;

	/* Of a rule: what an event must fulfil, filters applied. NULL where it is a correlation. */
	const struct expr *expr;
	const struct correlation *correlation;
	/* Whose events its alerts are put together: fields; by default actor, else ip, else target. */
	struct texts group; /* pugmark's own key `group:` */
	/* µs; pugmark's own key `window:`, default 1 h: how long after one event another joins its alert */
	int64_t window;

	bool disabled;   /* by settings, or by its status (deprecated, unsupported) */
	bool silent;     /* only correlations use it: no alert of its own */
	const char *why; /* disabled or silent, for people */
	/* First bytes of SHA-256 of all that decides what it finds: log source, expression with its filters and
	 * placeholders, correlation with the versions of its rules, group, window. Not of titles or file order. */
	uint8_t version[8];
};

struct rule_problem {
	const char *file; /* as of rules; rules/NAME = shipped */
	uint32_t line;
	const char *what; /* one sentence: what is wrong, what to do */
	bool warning;     /* the rule is loaded all the same */
};

struct rules {
	uint32_t n;
	struct rule **of; /* in the order of loading; by id each stands once */
	uint32_t nproblems;
	struct rule_problem *problems;
	struct arena mem;
};

/* Where rules come from. */
struct rules_source {
	/* files, or folders with all *.yml and *.yaml below them; NULL-ended; NULL = none */
	const char *const *paths;
	/* the rules of the program too; one of `paths` with the same id replaces a shipped one */
	bool shipped;
	/* a settings file (docs/rules.md): disable, enable, thresholds, placeholders, fields; NULL = none */
	const char *settings;
	/* Where it is not empty: what is read instead of that file, which goes on being told from the rules beside it. */
	struct slice settings_text;
	/* Asked for a placeholder's values where the settings have none: true with values that outlive the
	 * rules. NULL = none. */
	bool (*placeholder)(void *ctx, const char *name, struct texts *values);
	void *ctx;
};

/* Reads them all. 0 where anything could be read, problems or not: *rules is the caller's (rules_free). -1: a path or the
 * settings cannot be read at all, or memory limits; ERR_*. */
int rules_load(const struct rules_source *source, struct rules **rules, struct err *err);
/* Rules out of one text, beside those of the source: for tests, suites, a single file. As rules_load. */
int rules_read(struct slice text, const char *file, const struct rules_source *source,
	struct rules **rules, struct err *err);
void rules_free(struct rules *rules);

/* The rule with that id, name, or beginning of an id (8 digits at least) that no other has; NULL = none. */
const struct rule *rules_find(const struct rules *rules, const char *word);
/* The same, or by its whole title; NULL: ERR_NOT_FOUND with what could have been meant. */
const struct rule *rules_named(const struct rules *rules, const char *word, struct err *err);
/* The number that settings can change as its threshold; NAN where it has none. */
double rule_threshold(const struct rule *rule);
/* What alerts call it: its id, else its title. */
const char *rule_word(const struct rule *rule);
const char *rule_status_name(enum rule_status status);
const char *correlation_name(enum correlation_type type);

/* Whether a rule looks at the events of a table: by logsource. `product: jira` (…) is that product's table; `product: atlassian` is
 * every table; none is every table; `service:` or `category:` other than `audit` is none. Of a correlation: true; its rules say. */
bool rule_watches(const struct rule *rule, const char *table, const char *product);

/* The text of the shipped rule file number i, and its name below rules/; empty past the end. */
struct slice rules_builtin_text(unsigned i, const char **name);

#endif
