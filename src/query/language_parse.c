/* SPDX-License-Identifier: Apache-2.0 */
/* language_parse.c: the grammar (docs/search.md has it as EBNF), by recursive descent. Brackets alone
 * recurse, and are limited; chains of operators are loops. */
#include <stdlib.h>

#include "query/language_private.h"

static struct expr *parse_or(struct parser *p);

static char here(const struct parser *p)
{
	return p->at < p->len ? p->text[p->at] : '\0';
}

/* A quotation mark of a text processor is no quote of ours, and would be searched for. */
static int check_smart_quote(struct parser *p)
{
	static const char *const marks[] = {"\xe2\x80\x9c", "\xe2\x80\x9d", "\xe2\x80\x9e",
		"\xe2\x80\x98", "\xe2\x80\x99", "\xc2\xab"};
	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++) {
		uint32_t n = (uint32_t)strlen(marks[i]);
		if (p->len - p->at >= n && memcmp(p->text + p->at, marks[i], n) == 0)
			return language_fail(p, p->at, p->at + n, "\"",
				"`%s` does not quote a text here", marks[i]);
	}
	return 0;
}

/* Where a value or a term should stand and none does. */
static int nothing_here(struct parser *p, const char *what)
{
	uint32_t end;
	enum joint joint = lex_joint(p, &end);
	if (p->op_end > p->op_begin)
		return language_fail(p, p->op_begin, p->op_end, NULL,
			"nothing stands after `%.*s`: add what it is for, or put the word in "
			"quotes",
			(int)(p->op_end - p->op_begin), p->text + p->op_begin);
	if (joint != JOINT_NONE)
		return language_fail(p, p->at, end, NULL,
			"%s before `%.*s`: add it, or put the word in quotes", what,
			(int)(end - p->at), p->text + p->at);
	if (here(p) == ')' || here(p) == '}')
		return language_fail(p, p->at, p->at + 1, NULL,
			p->depth ? "%s before this bracket" : "this bracket was never opened",
			what);
	return language_fail(p, p->at, p->at, NULL, "%s here", what);
}

static struct expr *null_of(int failed)
{
	(void)failed;
	return NULL;
}

/* ---- values ------------------------------------------------------------------------------------ */

static int open_bracket(struct parser *p)
{
	if (p->depth == LIMIT_EXPR_DEPTH)
		return language_fail(p, p->at, p->at + 1, NULL,
			"brackets nest deeper than %d levels here: write it flatter",
			LIMIT_EXPR_DEPTH);
	p->depth++;
	p->at++;
	return 0;
}

/* What stands between the bracket at the place and the one that closes it. */
static struct expr *parse_bracket(struct parser *p, char close)
{
	uint32_t open = p->at;
	if (open_bracket(p) < 0)
		return NULL;
	p->op_end = p->op_begin;
	lex_blanks(p);
	if (here(p) == close && p->at < p->len)
		return null_of(language_fail(p, open, p->at + 1, NULL,
			"there is nothing between these brackets: fill or remove them"));
	struct expr *expr = parse_or(p);
	if (!expr)
		return NULL;
	if (p->at >= p->len)
		return null_of(language_fail(
			p, open, open + 1, NULL, "this bracket is not closed: add a `%c`", close));
	if (here(p) != close)
		return null_of(language_fail(p, p->at, p->at + 1, NULL,
			"`%c` stands where the bracket `%c` is to be closed", here(p),
			p->text[open]));
	p->at++;
	p->depth--;
	return expr;
}

static struct expr *parse_range(struct parser *p, const struct field *field, uint32_t begin)
{
	struct value value;
	struct bound low, high;
	uint32_t open = p->at++, end;
	bool low_in = p->text[open] == '[';
	if (lex_bound(p, &value, &low) < 0 || value_check_bound(p, field, &value, &low) < 0)
		return NULL;
	lex_blanks(p);
	if (p->len - p->at < 2 || memcmp(p->text + p->at, "TO", 2) != 0 || !lex_ends(p, p->at + 2))
		return null_of(language_fail(
			p, p->at, p->at + (p->at < p->len), "TO", "a range is written `[a TO b]`"));
	p->at += 2;
	if (lex_bound(p, &value, &high) < 0 || value_check_bound(p, field, &value, &high) < 0)
		return NULL;
	lex_blanks(p);
	end = p->at;
	if (here(p) != ']' && here(p) != '}')
		return null_of(language_fail(p, open, open + 1, NULL,
			"this range is not closed: add a `]` or, where its upper end is left out, "
			"a `}`"));
	p->at++;
	low.inclusive = low_in;
	high.inclusive = p->text[end] == ']';
	return value_range(p, field, low, high, begin, p->at);
}

/* `>5`, `>=5`, `<5`, `<=5`. */
static struct expr *parse_comparison(struct parser *p, const struct field *field, uint32_t begin)
{
	struct value value;
	struct bound bound, open = {.given = false};
	uint32_t at = p->at;
	bool greater = here(p) == '>';
	p->at++;
	bool equal = here(p) == '=';
	p->at += equal;
	lex_blanks(p);
	if (p->at >= p->len || (lex_ends(p, p->at) && here(p) != '"'))
		return null_of(language_fail(p, at, p->at > at + 2 ? at + 2 : p->at, NULL,
			"nothing stands after the comparison: add a value"));
	if (lex_bound(p, &value, &bound) < 0 || value_check_bound(p, field, &value, &bound) < 0)
		return NULL;
	if (!bound.given)
		return null_of(language_fail(p, value.begin, value.end, NULL,
			"`*` cannot be compared with: write a value"));
	bound.inclusive = equal;
	return greater ? value_range(p, field, bound, open, begin, p->at)
		       : value_range(p, field, open, bound, begin, p->at);
}

/* `=other_field`. */
static struct expr *parse_equal_field(struct parser *p, const struct field *field, uint32_t begin)
{
	struct value word;
	uint32_t end, colon;
	p->at++;
	uint32_t at = p->at;
	char first = here(p);
	if (first == '"' || first == '\'' || lex_ends(p, at))
		return null_of(language_fail(p, at - 1, at, NULL,
			"`=` compares with another field, whose name must follow: leave the `=` "
			"out to "
			"compare with a value"));
	if (lex_word_end(p, &end, &colon) < 0)
		return NULL;
	lex_word(p, end, &word);
	if (!field_known(p, word.text)) {
		char shown[SHOWN_BYTES], near[128];
		field_suggest(p, word.text, near, sizeof(near));
		return null_of(language_fail(p, at, end, near,
			"`=` compares with another field, and none is called `%s`: leave the `=` "
			"out "
			"to compare with a value",
			parse_shown(word.text, shown)));
	}
	const struct field *other = field_find(p, word.text, at, end);
	if (!other)
		return NULL;
	if (field->table || other->table)
		return null_of(language_fail(
			p, at, end, NULL, "a table's name cannot be compared with a field"));
	struct expr *expr = tree_test(p, TEST_FIELD, field->name, begin, end);
	expr->test.fold = true;
	expr->test.other = other->name;
	expr->test.relation = REL_EQUAL;
	return expr;
}

/* `list:{ … }`: what holds for one and the same element. */
static struct expr *parse_same(struct parser *p, const struct field *field, uint32_t begin)
{
	char shown[SHOWN_BYTES];
	if (!field->list)
		return null_of(language_fail(p, p->at, p->at + 1, NULL,
			"`%s` is no list, and `{ … }` asks for the elements of one: a range is "
			"written "
			"`{a TO b}`",
			parse_shown(field->name, shown)));
	const struct field *outer = p->field;
	struct slice list = p->list;
	p->field = NULL;
	p->list = field->name;
	struct expr *child = parse_bracket(p, '}');
	p->field = outer;
	p->list = list;
	if (!child)
		return NULL;
	struct expr *expr = tree_node(p, EXPR_SAME, begin, p->at);
	expr->nchildren = 1;
	expr->children = arena_alloc(p->mem, sizeof(*expr->children));
	expr->children[0] = child;
	return expr;
}

static struct expr *parse_group(struct parser *p, const struct field *field)
{
	const struct field *outer = p->field;
	p->field = field;
	struct expr *expr = parse_bracket(p, ')');
	p->field = outer;
	return expr;
}

/* A word as a value. Within `field:( … )` a known field with a colon is surely meant as a field. */
static struct expr *parse_word_value(struct parser *p, const struct field *field)
{
	struct value value;
	uint32_t end, colon, at = p->at;
	if (lex_word_end(p, &end, &colon) < 0)
		return NULL;
	if (end == at)
		return null_of(nothing_here(p, "a value is missing"));
	if (p->field && colon != UINT32_MAX && colon < end && colon > at &&
		field_known(p, (struct slice){p->text + at, colon - at}))
		return null_of(language_fail(p, at, colon + 1, NULL,
			"a field stands within the brackets of another: close those first, or put "
			"the "
			"value in quotes"));
	if (end < p->len && (p->text[end] == '(' || p->text[end] == '"'))
		return null_of(language_fail(p, end, end + 1, NULL,
			"`%c` stands within a word: put the whole in quotes, or a blank in front",
			p->text[end]));
	lex_word(p, end, &value);
	return value_test(p, field, &value);
}

/* What stands behind `field:`, or within its brackets. */
static struct expr *parse_value(struct parser *p, const struct field *field, uint32_t begin)
{
	struct value value;
	if (check_smart_quote(p) < 0)
		return NULL;
	struct expr *expr;
	switch (here(p)) {
	case '(':
		return parse_group(p, field);
	case '[':
		return parse_range(p, field, begin);
	case '{':
		return lex_range_ahead(p, field->list) ? parse_range(p, field, begin)
						       : parse_same(p, field, begin);
	case '>':
	case '<':
		return parse_comparison(p, field, begin);
	case '=':
		return parse_equal_field(p, field, begin);
	case '/':
		if (lex_regex(p, &value) < 0)
			return NULL;
		expr = value_test(p, field, &value);
		break;
	case '"':
	case '\'':
		if (lex_quoted(p, &value) < 0)
			return NULL;
		expr = value_test(p, field, &value);
		break;
	default:
		expr = parse_word_value(p, field);
	}
	if (expr && expr->begin > begin)
		expr->begin = begin;
	return expr;
}

/* ---- terms ------------------------------------------------------------------------------------- */

/* `field:…`, whose colon is at `colon`. */
static struct expr *parse_field(struct parser *p, uint32_t colon)
{
	uint32_t begin = p->at, end;
	struct value name;
	if (colon == begin)
		return null_of(language_fail(p, colon, colon + 1, NULL,
			"a field's name is missing before the colon: put a text with colons in "
			"quotes"));
	lex_word(p, colon, &name);
	bool any = name.wild && name.npieces == 1 && name.pieces[0].kind == PIECE_MANY;
	if (any && p->len - colon >= 2 && p->text[colon + 1] == '*' && lex_ends(p, colon + 2)) {
		p->at = colon + 2;
		struct expr *all = tree_node(p, EXPR_CONST, begin, p->at);
		all->constant = true;
		return all;
	}
	if (name.wild)
		return null_of(language_fail(p, begin, colon, NULL,
			"a field's name has no wildcards: a word alone is looked for in all of "
			"them"));
	const struct field *field = field_find(p, name.text, begin, colon);
	if (!field)
		return NULL;
	p->at = colon + 1;
	lex_blanks(p);
	bool missing = p->at >= p->len || here(p) == ')' || here(p) == '}' ||
		       ((lex_joint(p, &end) != JOINT_NONE) && here(p) != '!' && here(p) != '-');
	if (missing) {
		char shown[SHOWN_BYTES];
		return null_of(language_fail(p, begin, colon + 1, NULL,
			"a value is missing after `%s:`: `*` stands for any, and a word such as "
			"AND is "
			"put in quotes",
			parse_shown(name.text, shown)));
	}
	return parse_value(p, field, begin);
}

/* A bare word, or a field with its value. */
static struct expr *parse_word(struct parser *p)
{
	uint32_t end, colon;
	struct network network;
	if (lex_word_end(p, &end, &colon) < 0)
		return NULL;
	if (end == p->at && end < p->len)
		return null_of(nothing_here(p, "a word is missing"));
	struct slice word = {p->text + p->at, end - p->at};
	if (colon != UINT32_MAX && network_parse(word, &network) < 0)
		return parse_field(p, colon);
	return parse_word_value(p, NULL);
}

static struct expr *parse_bare(struct parser *p)
{
	struct value value;
	if (check_smart_quote(p) < 0)
		return NULL;
	switch (here(p)) {
	case '(':
		return parse_bracket(p, ')');
	case '[':
	case '{':
		return null_of(language_fail(p, p->at, p->at + 1, NULL,
			"a field must stand in front of this bracket: write `field:%c…`, or put "
			"the "
			"text in quotes",
			here(p)));
	case ']':
		return null_of(language_fail(p, p->at, p->at + 1, NULL,
			"this bracket was never opened: put a text with brackets in quotes"));
	case '/':
		return lex_regex(p, &value) < 0 ? NULL : value_test(p, NULL, &value);
	case '"':
	case '\'':
		return lex_quoted(p, &value) < 0 ? NULL : value_test(p, NULL, &value);
	default:
		return parse_word(p);
	}
}

/* NOT … NOT term. Two of them are none. */
static struct expr *parse_not(struct parser *p)
{
	uint32_t begin = p->at, end;
	bool negated = false;
	for (; lex_joint(p, &end) == JOINT_NOT; lex_blanks(p)) {
		p->op_begin = p->at;
		p->op_end = p->at = end;
		negated = !negated;
	}
	char c = here(p);
	if (p->at >= p->len || c == ')' || c == '}' || lex_joint(p, &end) != JOINT_NONE)
		return null_of(nothing_here(p, "a term is missing"));
	struct expr *expr = p->field ? parse_value(p, p->field, p->at) : parse_bare(p);
	p->op_end = p->op_begin;
	return expr && negated ? tree_not(p, expr, begin) : expr;
}

static struct expr *parse_and(struct parser *p)
{
	uint32_t base = p->nstack, end;
	do {
		struct expr *expr = parse_not(p);
		if (!expr)
			return NULL;
		tree_push(p, expr);
		lex_blanks(p);
		enum joint joint = lex_joint(p, &end);
		if (joint == JOINT_OR)
			break;
		if (joint == JOINT_AND) {
			p->op_begin = p->at;
			p->op_end = p->at = end;
			lex_blanks(p);
			continue;
		}
	} while (p->op_end > p->op_begin || (p->at < p->len && here(p) != ')' && here(p) != '}'));
	return tree_join(p, EXPR_AND, base);
}

static struct expr *parse_or(struct parser *p)
{
	uint32_t base = p->nstack, end;
	for (;;) {
		lex_blanks(p);
		struct expr *expr = parse_and(p);
		if (!expr)
			return NULL;
		tree_push(p, expr);
		if (lex_joint(p, &end) != JOINT_OR)
			return tree_join(p, EXPR_OR, base);
		p->op_begin = p->at;
		p->op_end = p->at = end;
	}
}

/* ---- the whole --------------------------------------------------------------------------------- */

static struct expr *parse_all(struct parser *p)
{
	lex_blanks(p);
	if (p->at >= p->len) {
		struct expr *all = tree_node(p, EXPR_CONST, 0, p->len);
		all->constant = true;
		return all;
	}
	struct expr *expr = parse_or(p);
	if (!expr)
		return NULL;
	if (p->at < p->len)
		return null_of(language_fail(p, p->at, p->at + 1, NULL,
			"this bracket was never opened: remove it, or put the text in quotes"));
	return tree_check_depth(p, expr) < 0 ? NULL : expr;
}

int query_parse(struct slice text, const struct search_tables *tables, struct arena *mem,
	const struct expr **expr, struct query_error *where, struct err *err)
{
	struct parser p = {.tables = tables, .mem = mem, .where = where, .err = err};
	*expr = NULL;
	if (text.len > LIMIT_QUERY_BYTES)
		return language_fail(&p, 0, 0, NULL, "it has %zu bytes, and %zu is the most",
			text.len, LIMIT_QUERY_BYTES);
	p.text = text.len ? arena_strdup(mem, text) : "";
	p.len = (uint32_t)text.len;
	map_init(&p.fields);
	buf_init(&p.scratch, LIMIT_QUERY_BYTES + 64);
	*expr = parse_all(&p);
	map_fini(&p.fields);
	buf_fini(&p.scratch);
	free(p.stack);
	return *expr ? 0 : -1;
}
