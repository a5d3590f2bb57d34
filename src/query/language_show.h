/* SPDX-License-Identifier: Apache-2.0 */
/* language_show.h (for tests): an expression as one line that tables can hold:
 * `(and actor="bob" (not exists ip))`; `=` folded, `==` exact, pieces as "a"*"b"?. */
#ifndef QUERY_LANGUAGE_SHOW_H
#define QUERY_LANGUAGE_SHOW_H

#include <stdlib.h>

#include "query/language.h"

static inline void show_text(struct buf *out, struct slice text)
{
	buf_push(out, '"');
	text_escape(out, text);
	buf_push(out, '"');
}

static inline void show_patterns(struct buf *out, const struct test *test)
{
	buf_puts(out, test->fold ? "=" : "==");
	for (uint32_t i = 0; i < test->npatterns; i++) {
		if (i)
			buf_push(out, '|');
		if (test->patterns[i].npieces == 0)
			buf_puts(out, "\"\"");
		for (uint32_t k = 0; k < test->patterns[i].npieces; k++) {
			const struct piece *piece = &test->patterns[i].pieces[k];
			if (piece->kind == PIECE_TEXT)
				show_text(out, piece->text);
			else
				buf_push(out, piece->kind == PIECE_ONE ? '?' : '*');
		}
	}
}

static inline void show_bound(
	struct buf *out, const struct bound *bound, const char *in, const char *ex)
{
	buf_puts(out, bound->given && bound->inclusive ? in : ex);
	if (!bound->given)
		buf_push(out, '*');
	else
		buf_slice(out, bound->text);
}

static inline void show_networks(struct buf *out, const struct test *test)
{
	buf_puts(out, " in");
	for (uint32_t i = 0; i < test->nnetworks; i++) {
		buf_push(out, ' ');
		for (int b = 0; b < 16; b++)
			if (test->networks[i].address[b] || b >= 12)
				buf_printf(out, "%02x", test->networks[i].address[b]);
		buf_printf(out, "/%u", test->networks[i].bits);
	}
}

static inline void show_test(struct buf *out, const struct test *test)
{
	buf_slice(out, test->field.len ? test->field : SLICE("any"));
	switch (test->op) {
	case TEST_EXISTS:
		buf_puts(out, " exists");
		break;
	case TEST_PATTERNS:
		show_patterns(out, test);
		break;
	case TEST_REGEX:
		buf_printf(out, "~/%.*s/%s%s%s", SLICE_ARG(test->regex),
			test->regex_flags & REGEX_FOLD ? "i" : "",
			test->regex_flags & REGEX_MULTILINE ? "m" : "",
			test->regex_flags & REGEX_DOTALL ? "s" : "");
		break;
	case TEST_RANGE:
		show_bound(out, &test->low, "[", "{");
		show_bound(out, &test->high, " ..", " ..<");
		break;
	case TEST_CIDR:
		show_networks(out, test);
		break;
	case TEST_FIELD:
		buf_printf(out, " is %.*s", SLICE_ARG(test->other));
		break;
	case TEST_TIME_PART:
		abort(); /* the language has none */
	}
}

static inline void show_expr(struct buf *out, const struct expr *expr)
{
	static const char *const kinds[] = {
		[EXPR_AND] = "and", [EXPR_OR] = "or", [EXPR_NOT] = "not", [EXPR_SAME] = "same"};
	if (expr->kind == EXPR_CONST) {
		buf_puts(out, expr->constant ? "all" : "none");
		return;
	}
	if (expr->kind == EXPR_TEST) {
		show_test(out, &expr->test);
		return;
	}
	buf_printf(out, "(%s", kinds[expr->kind]);
	for (uint32_t i = 0; i < expr->nchildren; i++) {
		buf_push(out, ' ');
		show_expr(out, expr->children[i]);
	}
	buf_push(out, ')');
}

#endif
