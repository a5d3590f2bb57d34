/* SPDX-License-Identifier: Apache-2.0 */
/* language_fuzz.c: any bytes as a query: an error that points into the text and is safe to print, or a tree
 * that keeps the promises of match/expr.h and that the matcher takes. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "query/language_show.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_test(const struct test *test)
{
	assert(test->op != TEST_PATTERNS || test->npatterns > 0);
	assert(test->op != TEST_CIDR || test->nnetworks > 0);
	assert(test->op != TEST_RANGE || test->low.given || test->high.given);
	assert(test->op != TEST_FIELD || (test->field.len && test->other.len));
	for (uint32_t i = 0; i < test->nnetworks; i++)
		assert(test->networks[i].bits <= 128);
	for (uint32_t i = 0; i < test->npatterns; i++)
		for (uint32_t k = 0; k < test->patterns[i].npieces; k++)
			assert(test->patterns[i].pieces[k].kind != PIECE_TEXT ||
				test->patterns[i].pieces[k].text.len > 0);
}

static void check_expr(const struct expr *expr, size_t size, unsigned depth)
{
	assert(depth <= LIMIT_EXPR_DEPTH);
	assert(expr->begin <= expr->end && expr->end <= size);
	assert(expr->kind != EXPR_NOT || expr->nchildren == 1);
	assert(expr->kind != EXPR_SAME || expr->nchildren == 1);
	assert((expr->kind != EXPR_AND && expr->kind != EXPR_OR) || expr->nchildren > 1);
	for (uint32_t i = 0; i < expr->nchildren; i++)
		check_expr(expr->children[i], size, depth + 1);
	if (expr->kind == EXPR_TEST)
		check_test(&expr->test);
}

static void check_error(struct slice text, const struct query_error *where, const struct err *err)
{
	struct buf out;
	buf_init(&out, (size_t)1 << 30);
	assert(err->kind == ERR_USAGE && *where->message);
	assert(where->begin <= where->end && where->end <= text.len);
	assert(text_utf8_valid(slice_of(err->text)));
	query_error_print(&out, text, where, 40);
	assert(text_utf8_valid(buf_view(&out)));
	for (size_t i = 0; i < out.len; i++)
		assert((unsigned char)out.ptr[i] >= 0x20 || out.ptr[i] == '\n');
	buf_fini(&out);
}

static void check_matcher(const struct expr *expr, const struct search_tables *tables)
{
	struct matcher *matcher;
	struct err err = {0};
	if (matcher_new(expr, 0, &matcher, NULL, &err) < 0)
		return;
	for (uint32_t i = 0; i < tables->n; i++)
		match_program_free(match_bind(matcher, &tables->schemas[i]->shape, query_resolve,
			(void *)(uintptr_t)tables->schemas[i]));
	matcher_free(matcher);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct schema *all[16];
	static struct search_tables tables = {.schemas = all};
	while (tables.n < 16 && (all[tables.n] = schema_builtin(tables.n)))
		tables.n++;
	struct slice text = {(const char *)data, size};
	struct arena mem = {0};
	struct query_error where = {0};
	struct err err = {0};
	const struct expr *expr;
	if (query_parse(text, &tables, &mem, &expr, &where, &err) < 0) {
		check_error(text, &where, &err);
	} else {
		struct buf out;
		buf_init(&out, (size_t)1 << 30);
		check_expr(expr, size, 1);
		show_expr(&out, expr);
		buf_fini(&out);
		for (uint32_t i = 0; i < tables.n; i++)
			check_expr(query_for_table(expr, all[i], &mem), size, 1);
		check_matcher(expr, &tables);
	}
	arena_fini(&mem);
	return 0;
}
