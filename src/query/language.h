/* SPDX-License-Identifier: Apache-2.0 */
/*
 * language.h: the search language: text → expression (match/expr.h), with positioned errors. The
 * grammar and what each form means are in docs/search.md.
 */
#ifndef QUERY_LANGUAGE_H
#define QUERY_LANGUAGE_H

#include "match/match.h"
#include "schema/schema.h"

/* The tables that a search looks at. */
struct search_tables {
	uint32_t n;
	const struct schema *const *schemas; /* borrowed */
};

/* A wrong place in the text: bytes [begin, end), and what could have been meant ("" = nothing near). */
struct query_error {
	uint32_t begin, end;
	char message[256];    /* one sentence without the position */
	char suggestion[128]; /* a field's name, an operator … that stands in the text's place */
};

/* Parses `text` (at most LIMIT_QUERY_BYTES). Fields are checked against the tables: one that no table
 * has is an error with a suggestion. An empty text (or `*`) is everything. The expression lies in
 * `mem`. 0; -1: ERR_USAGE, `where` (may be NULL) is filled, and err's text has the position, the message
 * and the suggestion in one line. */
int query_parse(struct slice text, const struct search_tables *tables, struct arena *mem,
	const struct expr **expr, struct query_error *where, struct err *err);

/* The expression for one table. `table:jira` cannot be a column's test: it stays in what query_parse makes as
 * a test on the field `table`, and here it becomes a constant for that table. To be called for each
 * table before matcher_new; where nothing in `expr` asks for the table, `expr` itself is returned, so that
 * one matcher serves all of them. New nodes lie in `mem`; the others are shared. */
const struct expr *query_for_table(
	const struct expr *expr, const struct schema *schema, struct arena *mem);

/* match_resolve for search: `ctx` is the struct schema of the shape's table. Column names, common fields, original
 * paths (`author.name`, `affectedObjects.type`), a list's name (all its fields), `extra.some.key`, `target` (reads
 * `targets`); `ip` is read from `ip_bytes` where networks are asked for. `table` is no column (see
 * query_for_table). An empty name: the text columns that a bare word is looked for in, each text once (common
 * fields that only repeat another column are left out, as are `source` and `instance`, which are
 * pugmark's own words); with TEST_CIDR: the address columns.
 * Columns that the shape lacks (an old file) are left out. */
uint32_t query_resolve(const void *ctx, const struct batch_shape *shape, struct slice name,
	enum test_op op, struct match_field *fields);

/* The name that a rule's field has in a search. Rules name fields as the product does: what is the original path of a
 * column means that column, also where a column of that name is another one (`source`). */
struct slice query_rule_name(const struct schema *schema, struct slice name);

/* match_resolve for rules: query_resolve of query_rule_name. */
uint32_t query_resolve_rule(const void *ctx, const struct batch_shape *shape, struct slice name,
	enum test_op op, struct match_field *fields);

/* The same for what is shown of a row: `target` is the column itself, the most specific object, not all
 * of them. */
uint32_t query_resolve_shown(const void *ctx, const struct batch_shape *shape, struct slice name,
	struct match_field *fields);

/* Calls `each` for the names that begin with `prefix`, for completion: columns, common fields, original paths. */
void query_fields(const struct search_tables *tables, struct slice prefix,
	void (*each)(void *ctx, struct slice name, enum col_type type), void *ctx);

/* Whether any table has a field of that name, or it is `table`. 0; -1: ERR_USAGE with what could have been
 * meant. */
int query_check_field(const struct search_tables *tables, struct slice name, struct err *err);

/* Prints an error under the query as a terminal shows it: the line (cut to `width`), a caret line, the message. */
void query_error_print(
	struct buf *out, struct slice text, const struct query_error *error, unsigned width);

#endif
