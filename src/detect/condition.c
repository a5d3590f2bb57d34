/* SPDX-License-Identifier: Apache-2.0 */
/*
 * condition.c: the condition over searches. Grammar, weakest first; words in any case:
 *
 *   or    := and ( "or" and )*
 *   and   := not ( "and" not )*
 *   not   := "not" not | "(" or ")" | COUNT "of" ( "them" | PATTERN ) | NAME
 *   COUNT := "1" | "any" | "all" | a number: at least so many
 *
 * A word ends at a blank or a bracket, so `notme` is a name. `them` are all searches whose name does
 * not begin with `_`; a PATTERN has `*` for any characters.
 */
#include "detect/private.h"

#include <strings.h>

enum { MAX_NESTING = 60 };

struct parser {
	struct document *doc;
	const struct search *searches;
	uint32_t nsearches;
	uint32_t line;
	struct slice word; /* the next one; empty: the end */
	const char *at;    /* behind it */
	unsigned depth;
};

/* ---- words ----------------------------------------------------------------------------------- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void next(struct parser *p)
{
	while (is_blank(*p->at))
		p->at++;
	const char *begin = p->at;
	if (*p->at == '(' || *p->at == ')' || *p->at == '|') {
		p->at++;
	} else {
		while (*p->at && !is_blank(*p->at) && !strchr("()|", *p->at))
			p->at++;
	}
	p->word = (struct slice){begin, (size_t)(p->at - begin)};
}

static bool is_word(const struct parser *p, const char *word)
{
	return p->word.len == strlen(word) && strncasecmp(p->word.ptr, word, p->word.len) == 0;
}

static const char *shown(const struct parser *p, char out[YAML_SHOWN])
{
	return yaml_shown(arena_strdup(p->doc->mem, p->word), out);
}

static int unexpected(struct parser *p, const char *wanted)
{
	char text[YAML_SHOWN];
	if (!p->word.len)
		return document_refuse(
			p->doc, p->line, "the condition ends where %s must stand", wanted);
	if (p->word.ptr[0] == '|' || is_word(p, "near"))
		return document_refuse(p->doc, p->line,
			"\"%s\" in a condition is the older form of correlations: write a rule "
			"with "
			"`correlation:` that refers to this one",
			shown(p, text));
	return document_refuse(p->doc, p->line, "\"%s\" stands in the condition where %s must",
		shown(p, text), wanted);
}

/* ---- names ----------------------------------------------------------------------------------- */

/* Whether `*` in a pattern stands for what is missing of the name. */
static bool fits(const char *pattern, const char *end, const char *name)
{
	const char *star = NULL, *back = NULL;
	for (;;) {
		if (pattern < end && *pattern == '*') {
			star = ++pattern;
			back = name;
		} else if (pattern < end && *name && *pattern == *name) {
			pattern++;
			name++;
		} else if (pattern == end && !*name) {
			return true;
		} else if (star && *back) {
			pattern = star;
			name = ++back;
		} else {
			return false;
		}
	}
}

static int read_name(struct parser *p, struct expr **expr)
{
	char text[YAML_SHOWN], list[YAML_JOINED];
	for (uint32_t i = 0; i < p->nsearches; i++) {
		if (!slice_eq(p->word, slice_of(p->searches[i].name)))
			continue;
		*expr = p->searches[i].expr;
		next(p);
		return document_weigh(p->doc, p->line, p->searches[i].weight);
	}
	const char **names = arena_zalloc(p->doc->mem, p->nsearches, sizeof(char *));
	for (uint32_t i = 0; i < p->nsearches; i++)
		names[i] = p->searches[i].name;
	if (memchr(p->word.ptr, '*', p->word.len))
		return document_refuse(p->doc, p->line,
			"\"%s\" names several searches: write `1 of` or `all of` in front",
			shown(p, text));
	if (p->word.ptr[0] == '|' || is_word(p, "near"))
		return unexpected(p, "a search");
	return document_refuse(p->doc, p->line, "no search is called \"%s\": there are %s",
		shown(p, text), yaml_join(names, p->nsearches, list));
}

/* `1 of them`; the word `of` is next. `least` 0: all. */
static int read_of(struct parser *p, uint32_t least, struct expr **expr)
{
	char text[YAML_SHOWN];
	next(p);
	if (!p->word.len || strchr("()|", p->word.ptr[0]))
		return unexpected(p, "`them` or a pattern of names");
	bool them = is_word(p, "them");
	struct expr **each = arena_zalloc(p->doc->mem, p->nsearches, sizeof(struct expr *));
	uint32_t n = 0;
	for (uint32_t i = 0; i < p->nsearches; i++) {
		const char *name = p->searches[i].name;
		if (them ? name[0] == '_' : !fits(p->word.ptr, p->word.ptr + p->word.len, name))
			continue;
		each[n++] = p->searches[i].expr;
		if (document_weigh(p->doc, p->line, p->searches[i].weight) != 0)
			return -1;
	}
	if (n < least || n == 0)
		document_warn(p->doc, p->line, "%u searches are called \"%s\": this %s", n,
			shown(p, text), least ? "never holds" : "always holds");
	next(p);
	if (n == 0)
		*expr = expr_constant(p->doc->mem, least == 0);
	else if (least <= 1)
		*expr = expr_join(p->doc->mem, least ? EXPR_OR : EXPR_AND, each, n);
	else {
		*expr = expr_new(p->doc->mem, EXPR_COUNT, n);
		memcpy((*expr)->children, each, n * sizeof(struct expr *));
		(*expr)->least = least;
		(*expr)->most = UINT32_MAX;
	}
	return 0;
}

/* `1`, `all`, `any` or a number, with `of` behind it. */
static bool is_count(const struct parser *p, uint32_t *least)
{
	struct parser ahead = *p;
	int64_t number;
	next(&ahead);
	if (!is_word(&ahead, "of"))
		return false;
	*least = is_word(p, "any");
	if (*least || is_word(p, "all"))
		return true;
	if (text_parse_int(p->word, &number) != 0 || number < 1 || number > 1000000)
		return false;
	*least = (uint32_t)number;
	return true;
}

/* ---- grammar --------------------------------------------------------------------------------- */

static int read_or(struct parser *p, struct expr **expr);

static int read_not(struct parser *p, struct expr **expr)
{
	uint32_t least = 0;
	int rc;
	if (document_weigh(p->doc, p->line, 1) != 0)
		return -1;
	if (p->depth++ >= MAX_NESTING)
		return document_refuse(
			p->doc, p->line, "the condition is nested more than %d deep", MAX_NESTING);
	if (!p->word.len || p->word.ptr[0] == ')' || p->word.ptr[0] == '|' || is_word(p, "and") ||
		is_word(p, "or")) {
		rc = unexpected(p, "a search");
	} else if (is_word(p, "not")) {
		next(p);
		rc = read_not(p, expr);
		if (rc == 0)
			*expr = expr_not(p->doc->mem, *expr);
	} else if (p->word.ptr[0] == '(') {
		next(p);
		rc = read_or(p, expr);
		if (rc == 0 && !(p->word.len && p->word.ptr[0] == ')'))
			rc = unexpected(p, "`)`");
		if (rc == 0)
			next(p);
	} else if (is_count(p, &least)) {
		next(p);
		rc = read_of(p, least, expr);
	} else {
		rc = read_name(p, expr);
	}
	p->depth--;
	return rc;
}

/* A chain of `word`, whose parts `part` reads, as one node. */
static int read_chain(struct parser *p, const char *word, enum expr_kind kind,
	int (*part)(struct parser *, struct expr **), struct expr **expr)
{
	uint32_t n = 0, cap = 4;
	struct expr **each = arena_zalloc(p->doc->mem, cap, sizeof(struct expr *));
	do {
		if (n > 0)
			next(p);
		if (n == cap) {
			cap *= 2;
			struct expr **more = arena_zalloc(p->doc->mem, cap, sizeof(struct expr *));
			memcpy(more, each, n * sizeof(struct expr *));
			each = more;
		}
		if (part(p, &each[n]) != 0)
			return -1;
		n++;
	} while (is_word(p, word));
	*expr = expr_join(p->doc->mem, kind, each, n);
	return 0;
}

static int read_and(struct parser *p, struct expr **expr)
{
	return read_chain(p, "and", EXPR_AND, read_not, expr);
}

static int read_or(struct parser *p, struct expr **expr)
{
	return read_chain(p, "or", EXPR_OR, read_and, expr);
}

static int read_text(struct document *doc, const struct yaml_tree *tree,
	const struct search *searches, uint32_t n, struct expr **expr)
{
	struct parser p = {.doc = doc,
		.searches = searches,
		.nsearches = n,
		.line = tree->line,
		.at = tree->text};
	if (tree->kind != YAML_TEXT || (yaml_type(tree) != YAML_STRING))
		return document_refuse(doc, tree->line,
			"a condition is a text: names of searches joined by and, or, not");
	next(&p);
	if (read_or(&p, expr) != 0)
		return -1;
	return p.word.len ? unexpected(&p, "`and`, `or` or the end") : 0;
}

int condition_read(struct document *doc, const struct yaml_tree *tree,
	const struct search *searches, uint32_t n, struct expr **expr)
{
	if (tree->kind != YAML_LIST)
		return read_text(doc, tree, searches, n, expr);
	if (tree->nitems == 0)
		return document_refuse(doc, tree->line, "the list of conditions is empty");
	struct expr **each = arena_zalloc(doc->mem, tree->nitems, sizeof(struct expr *));
	for (uint32_t i = 0; i < tree->nitems; i++) {
		if (read_text(doc, &tree->items[i], searches, n, &each[i]) != 0)
			return -1;
	}
	*expr = expr_join(doc->mem, EXPR_OR, each, tree->nitems);
	return 0;
}
