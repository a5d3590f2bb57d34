/* SPDX-License-Identifier: Apache-2.0 */
/* language_private.h (private to query/): the parser of the search language, cut into the text's pieces
 * (lex), the grammar (parse), values and their tests (value), trees (tree), and names (fields). */
#ifndef QUERY_LANGUAGE_PRIVATE_H
#define QUERY_LANGUAGE_PRIVATE_H

#include "query/language.h"

/* Different names of fields in a query: tables have 512 columns at most, and each key of JSON is a column to
 * the matcher. */
enum { QUERY_FIELDS = 4096 };

/* What is known of a field's name over all tables. */
struct field {
	struct slice
		name; /* as tests name it: with its list in front, where it was written within one */
	bool table;   /* `table`: no column */
	unsigned types; /* bits 1 << enum col_type; 0: a key of JSON, of which nothing is known */
	bool any_ip, all_ip; /* columns that hold addresses */
	bool list;           /* the name of a list */
};

enum value_kind {
	VALUE_WORD,   /* with wildcards, folded */
	VALUE_QUOTED, /* literal, folded */
	VALUE_EXACT,  /* literal, as it is */
	VALUE_REGEX,
};
struct value {
	uint32_t begin, end;
	enum value_kind kind;
	struct slice text; /* unescaped; of a word with wildcards: meaningless */
	struct piece *pieces;
	uint32_t npieces;
	bool wild;
	unsigned flags; /* VALUE_REGEX */
};

struct parser {
	const char *text; /* a copy in mem */
	uint32_t len, at;
	const struct search_tables *tables;
	struct arena *mem;
	struct query_error *where;
	struct err *err;
	unsigned depth;            /* brackets around the place */
	const struct field *field; /* within `field:( … )`: whose values stand there */
	struct slice list;         /* within `list:{ … }`: that list's name */
	uint32_t op_begin, op_end; /* the operator that waits for what follows; equal: none */
	struct map fields;         /* name → struct field *, for queries of many terms */
	struct expr **stack;       /* children of the nodes that are being made */
	uint32_t nstack, stack_cap;
	struct buf scratch;
};

/* ---- errors (language_error.c): all return -1 -------------------------------------------------- */

int language_fail(struct parser *p, uint32_t begin, uint32_t end, const char *suggestion,
	const char *fmt, ...) __attribute__((format(printf, 5, 6)));
enum { SHOWN_BYTES = 100 };
/* A part of the query as a message shows it: escaped and cut; returns `out`. */
char *parse_shown(struct slice text, char out[SHOWN_BYTES]);

/* ---- lex (language_lex.c) ---------------------------------------------------------------------- */

void lex_blanks(struct parser *p);
/* Whether an operator stands at the place; its end. Blanks have been read. */
enum joint { JOINT_NONE, JOINT_AND, JOINT_OR, JOINT_NOT };
enum joint lex_joint(const struct parser *p, uint32_t *end);
/* Whether a word ends at `at`. */
bool lex_ends(const struct parser *p, uint32_t at);
/* The extent of a word from p->at, escapes and all; *colon its first `:`, or UINT32_MAX. */
int lex_word_end(struct parser *p, uint32_t *end, uint32_t *colon);
/* The word [p->at, end) as a value; the place is behind it then. */
int lex_word(struct parser *p, uint32_t end, struct value *value);
/* A quoted text at the place; `'` or `"`. */
int lex_quoted(struct parser *p, struct value *value);
/* A regular expression with its flags at the place. */
int lex_regex(struct parser *p, struct value *value);
/* One end of a range at the place: a word, a quoted text, or `*` (bound not given). */
int lex_bound(struct parser *p, struct value *value, struct bound *bound);
/* Whether `{` at the place begins a range: `{a TO b`. Behind the name of a list, a word with a colon does
 * not. */
bool lex_range_ahead(struct parser *p, bool list);

/* ---- tree (language_tree.c) -------------------------------------------------------------------- */

struct expr *tree_node(struct parser *p, enum expr_kind kind, uint32_t begin, uint32_t end);
struct expr *tree_test(
	struct parser *p, enum test_op op, struct slice field, uint32_t begin, uint32_t end);
void tree_push(struct parser *p, struct expr *expr);
/* Makes an AND or OR of what was pushed since the stack had `base` items: nodes of the same kind
 * are taken apart, and exact values of one field become one test. One child is itself. */
struct expr *tree_join(struct parser *p, enum expr_kind kind, uint32_t base);
struct expr *tree_not(struct parser *p, struct expr *child, uint32_t begin);
/* An OR of two. */
struct expr *tree_either(struct parser *p, struct expr *a, struct expr *b);
/* 0, or -1 where it is deeper than LIMIT_EXPR_DEPTH. */
int tree_check_depth(struct parser *p, const struct expr *expr);

/* ---- values (language_value.c): a test of `field`, or of any text where NULL; NULL: failed ------ */

struct expr *value_test(struct parser *p, const struct field *field, struct value *value);
struct expr *value_range(struct parser *p, const struct field *field, struct bound low,
	struct bound high, uint32_t begin, uint32_t end);
int value_check_bound(struct parser *p, const struct field *field, const struct value *value,
	const struct bound *bound);

/* A test by patterns, without a look at the field's type. */
struct expr *value_patterns(struct parser *p, struct slice name, const struct value *value);

/* ---- addresses (language_address.c) ------------------------------------------------------------ */

struct expr *address_networks(struct parser *p, struct slice name, uint32_t begin, uint32_t end,
	const struct network *networks, uint32_t n);
/* The test of a value that is an address or a network, where the field may hold such; else NULL without an error. */
struct expr *address_value(struct parser *p, const struct field *field, const struct value *value);
/* -1 where the value looks like a network and is none. */
int address_check(struct parser *p, const struct field *field, const struct value *value);
/* A range on a field of addresses; one end is given at least. NULL: failed. */
struct expr *address_range(struct parser *p, const struct field *field, const struct bound *low,
	const struct bound *high, uint32_t begin, uint32_t end);

/* ---- names (language_fields.c, language_resolve.c) --------------------------------------------- */

/* The field of that name, or NULL with the error made. Names of a list go on from p->list. */
const struct field *field_find(struct parser *p, struct slice name, uint32_t begin, uint32_t end);
/* The same without an error. */
const struct field *field_known(struct parser *p, struct slice name);
/* The text fields of the list p->list over all tables, for bare words in it. */
void field_each_of_list(
	struct parser *p, void (*each)(struct parser *p, struct slice name, void *ctx), void *ctx);
/* The name that is nearest to a misspelt one ("" = none), into `out`. */
void field_suggest(struct parser *p, struct slice name, char *out, size_t size);

/* Columns of the schema's own shape that a name means, as query_resolve. */
uint32_t resolve_columns(const struct schema *schema, struct slice name, enum test_op op,
	struct match_field fields[MATCH_FIELDS]);
/* The list's group in the schema's shape, by name or original path, or NO_GROUP. */
int resolve_group(const struct schema *schema, struct slice name);
/* Whether a column holds addresses. */
bool resolve_is_ip(const struct schema *schema, int column);
/* Whether one of the patterns fits the table's or product's name. */
bool resolve_table(const struct schema *schema, const struct test *test);

#endif
