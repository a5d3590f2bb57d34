/* SPDX-License-Identifier: Apache-2.0 */
/* item.c: a field with its modifiers and values as an expression. Values joined by OR that are texts
 * become one test, so that 10,000 of them are one set. */
#include "detect/private.h"

#include "match/decimal.h"

/* What the values of an item have become so far. */
struct gather {
	struct document *doc;
	const struct item *item;
	struct pattern *patterns; /* of the values that are texts, OR'ed */
	uint32_t npatterns;
	struct network *networks;
	uint32_t nnetworks;
	struct expr **exprs; /* the others, and with `all` one for each value */
	uint32_t nexprs, cap;
};

static void add_expr(struct gather *g, struct expr *expr)
{
	if (g->nexprs == g->cap) {
		g->cap = g->cap ? g->cap * 2 : 8;
		struct expr **more = arena_alloc(g->doc->mem, g->cap * sizeof(*more));
		if (g->nexprs)
			memcpy(more, g->exprs, g->nexprs * sizeof(*more));
		g->exprs = more;
	}
	g->exprs[g->nexprs++] = expr;
}

static void add_pattern(struct gather *g, struct pattern pattern)
{
	uint32_t n = g->npatterns;
	if (n == 0 || (n >= 4 && (n & (n - 1)) == 0)) {
		struct pattern *more =
			arena_alloc(g->doc->mem, (n < 4 ? 4 : 2 * (size_t)n) * sizeof(*more));
		if (n)
			memcpy(more, g->patterns, n * sizeof(*more));
		g->patterns = more;
	}
	g->patterns[g->npatterns++] = pattern;
}

/* What was gathered as patterns and networks becomes tests. */
static void flush(struct gather *g)
{
	struct arena *mem = g->doc->mem;
	if (g->npatterns) {
		struct expr *expr = expr_test(mem, TEST_PATTERNS, g->item->field);
		expr->test.fold = !g->item->cased;
		expr->test.patterns = g->patterns;
		expr->test.npatterns = g->npatterns;
		add_expr(g, expr);
	}
	if (g->nnetworks) {
		struct expr *expr = expr_test(mem, TEST_CIDR, g->item->field);
		expr->test.networks = g->networks;
		expr->test.nnetworks = g->nnetworks;
		add_expr(g, expr);
	}
	g->patterns = NULL;
	g->networks = NULL;
	g->npatterns = g->nnetworks = 0;
}

static int wrong_value(struct gather *g, const struct yaml_tree *value, const char *wanted)
{
	char shown[YAML_SHOWN];
	return document_refuse(g->doc, value->line, "\"%s\" is no value for %s: %s",
		yaml_shown(value->text, shown),
		g->item->field.len
			? arena_printf(g->doc->mem, "%.*s",
				  (int)(g->item->field.len > 80 ? 80 : g->item->field.len),
				  g->item->field.ptr)
			: "keywords",
		wanted);
}

/* ---- texts ----------------------------------------------------------------------------------- */

/* The pattern with `*` in front, behind, or both. */
static struct pattern placed(struct arena *mem, struct pattern pattern, enum item_place place)
{
	bool front = place == PLACE_END || place == PLACE_ANYWHERE;
	bool back = place == PLACE_START || place == PLACE_ANYWHERE;
	if (pattern.npieces) {
		front = front && pattern.pieces[0].kind != PIECE_MANY;
		back = back && pattern.pieces[pattern.npieces - 1].kind != PIECE_MANY;
	}
	if (pattern.npieces == 0 && front && back)
		back = false;
	if (!front && !back)
		return pattern;
	struct piece *pieces = arena_zalloc(mem, pattern.npieces + 2, sizeof(*pieces));
	uint32_t n = 0;
	if (front)
		pieces[n++].kind = PIECE_MANY;
	if (pattern.npieces)
		memcpy(pieces + n, pattern.pieces, pattern.npieces * sizeof(*pieces));
	n += pattern.npieces;
	if (back)
		pieces[n++].kind = PIECE_MANY;
	return (struct pattern){pieces, n};
}

static struct pattern literal(struct arena *mem, struct slice text)
{
	struct piece *piece = arena_zalloc(mem, 1, sizeof(*piece));
	piece->text = text;
	return (struct pattern){piece, text.len ? 1 : 0};
}

/* What is no text as events have it: NUL and ill-formed bytes are U+FFFD there (docs/format.md). */
static struct pattern as_stored(struct arena *mem, struct pattern pattern)
{
	struct piece *pieces = arena_zalloc(mem, pattern.npieces + 1, sizeof(*pieces));
	struct buf mended, text;
	buf_init(&mended, SIZE_MAX);
	buf_init(&text, SIZE_MAX);
	for (uint32_t i = 0; i < pattern.npieces; i++) {
		pieces[i] = pattern.pieces[i];
		buf_clear(&mended);
		buf_clear(&text);
		text_utf8_repair(&mended, pieces[i].text);
		for (size_t b = 0; b < mended.len; b++)
			buf_append(&text, mended.ptr[b] ? mended.ptr + b : "\xef\xbf\xbd",
				mended.ptr[b] ? 1 : 3);
		if (pieces[i].kind == PIECE_TEXT)
			pieces[i].text =
				(struct slice){arena_strdup(mem, buf_view(&text)), text.len};
	}
	buf_fini(&mended);
	buf_fini(&text);
	return (struct pattern){pieces, pattern.npieces};
}

/* One text, its placeholders and dashes done: encoded, placed, and added. */
static int add_text(struct gather *g, const struct yaml_tree *value, struct slice text)
{
	const struct item *item = g->item;
	struct arena *mem = g->doc->mem;
	struct pattern pattern = value_pattern(mem, text);
	enum item_place place = item->place;
	struct slice encoded[3];
	uint32_t n = 0;
	if (!item->field.len && place == PLACE_WHOLE)
		place = PLACE_ANYWHERE; /* keywords stand anywhere in a text */
	if (item->wide != WIDE_NONE)
		pattern = encode_wide(mem, pattern, item->wide);
	if (item->base64 && encode_base64(mem, pattern, encoded))
		n = 1;
	else if (item->base64_offset && encode_base64_offset(mem, pattern, encoded))
		n = 3;
	else if (item->base64 || item->base64_offset)
		return wrong_value(g, value,
			"base64 takes no wildcards; write \\* and \\? for the characters");
	if (document_weigh(g->doc, value->line, n ? n : 1) != 0)
		return -1;
	if (n == 0 && item->wide != WIDE_NONE)
		pattern = as_stored(mem, pattern);
	if (n == 0)
		add_pattern(g, placed(mem, pattern, place));
	for (uint32_t i = 0; i < n; i++) {
		if (!encoded[i].len && place == PLACE_ANYWHERE)
			return wrong_value(g, value, "too short: nothing of it is left in base64");
		add_pattern(g, placed(mem, literal(mem, encoded[i]), place));
	}
	return 0;
}

static int add_dashed(struct gather *g, const struct yaml_tree *value, struct slice text)
{
	struct text_list texts = {0};
	if (!g->item->windash)
		return add_text(g, value, text);
	if (value_windash(g->doc, value->line, text, &texts) != 0)
		return -1;
	for (uint32_t i = 0; i < texts.n; i++) {
		if (add_text(g, value, texts.of[i]) != 0)
			return -1;
	}
	return 0;
}

static int add_string(struct gather *g, const struct yaml_tree *value)
{
	struct text_list texts = {0};
	if (!g->item->expand)
		return add_dashed(g, value, slice_of(value->text));
	if (value_expand(g->doc, value->line, false, slice_of(value->text), &texts) != 0)
		return -1;
	for (uint32_t i = 0; i < texts.n; i++) {
		if (add_dashed(g, value, texts.of[i]) != 0)
			return -1;
	}
	return 0;
}

/* `443`: the texts that say this number; on columns of numbers all are the same. */
static int add_number(struct gather *g, const struct yaml_tree *value)
{
	struct arena *mem = g->doc->mem;
	struct slice number;
	if (!value_number(mem, value, &number))
		return wrong_value(g, value, "no number that fits");
	if (document_weigh(g->doc, value->line, 1) != 0)
		return -1;
	if (yaml_type(value) == YAML_FLOAT) {
		struct expr *expr = expr_test(mem, TEST_RANGE, g->item->field);
		expr->test.low = expr->test.high = (struct bound){true, true, number};
		add_expr(g, expr);
		return 0;
	}
	struct slice written = slice_of(value->text);
	add_pattern(g, literal(mem, number));
	add_pattern(g, literal(mem, slice_of(arena_printf(mem, "%.*s.0", SLICE_ARG(number)))));
	if (!slice_eq(written, number))
		add_pattern(g, literal(mem, written));
	return 0;
}

static bool changes_text(const struct item *item)
{
	return item->windash || item->expand || item->wide != WIDE_NONE || item->base64 ||
	       item->base64_offset;
}

static int add_plain(struct gather *g, const struct yaml_tree *value)
{
	const struct item *item = g->item;
	enum yaml_type type = yaml_type(value);
	bool whole = item->field.len && item->place == PLACE_WHOLE;
	if (type == YAML_NULL) {
		if (!whole || changes_text(item))
			return document_refuse(g->doc, value->line,
				"null (or nothing) stands where a text must: quote it, or write '' "
				"for an empty text");
		add_expr(
			g, expr_not(g->doc->mem, expr_test(g->doc->mem, TEST_EXISTS, item->field)));
		return document_weigh(g->doc, value->line, 1);
	}
	if (type != YAML_STRING && changes_text(item))
		return wrong_value(g, value, "these modifiers take texts; quote it");
	if ((type == YAML_INT || type == YAML_FLOAT) && whole)
		return add_number(g, value);
	return add_string(g, value);
}

/* ---- other kinds ----------------------------------------------------------------------------- */

static int add_regex(struct gather *g, const struct yaml_tree *value)
{
	const struct item *item = g->item;
	struct arena *mem = g->doc->mem;
	struct text_list texts = {0};
	if (yaml_type(value) == YAML_NULL)
		return wrong_value(g, value, "a regular expression is needed");
	if (!item->expand)
		text_list_add(mem, &texts, slice_of(value->text));
	else if (value_expand(g->doc, value->line, true, slice_of(value->text), &texts) != 0)
		return -1;
	for (uint32_t i = 0; i < texts.n; i++) {
		struct slice regex = texts.of[i];
		struct text_test *test;
		struct err err = {0};
		if (item->place == PLACE_START || item->place == PLACE_END)
			regex = slice_of(arena_printf(mem, "%s(?:%.*s)%s",
				item->place == PLACE_START ? "\\A" : "", SLICE_ARG(regex),
				item->place == PLACE_END ? "\\z" : ""));
		if (text_test_regex(regex, item->regex_flags, &test, &err) != 0)
			return document_refuse(g->doc, value->line, "%s", err.text);
		text_test_free(test);
		struct expr *expr = expr_test(mem, TEST_REGEX, item->field);
		expr->test.regex = regex;
		expr->test.regex_flags = item->regex_flags;
		add_expr(g, expr);
		if (document_weigh(g->doc, value->line, 64) != 0)
			return -1;
	}
	return 0;
}

static int add_network(struct gather *g, const struct yaml_tree *value)
{
	struct text_list texts = {0};
	struct arena *mem = g->doc->mem;
	if (!g->item->expand)
		text_list_add(mem, &texts, slice_of(value->text));
	else if (value_expand(g->doc, value->line, false, slice_of(value->text), &texts) != 0)
		return -1;
	for (uint32_t i = 0; i < texts.n; i++) {
		struct network network;
		char shown[YAML_SHOWN];
		if (network_parse(texts.of[i], &network) != 0)
			return document_refuse(g->doc, value->line,
				"\"%s\" is no network: write it as 10.0.0.0/8 or 2001:db8::/32",
				yaml_shown(arena_strdup(mem, texts.of[i]), shown));
		uint32_t n = g->nnetworks;
		if (n == 0 || (n >= 4 && (n & (n - 1)) == 0)) {
			struct network *more =
				arena_alloc(mem, (n < 4 ? 4 : 2 * (size_t)n) * sizeof(*more));
			if (n)
				memcpy(more, g->networks, n * sizeof(*more));
			g->networks = more;
		}
		g->networks[g->nnetworks++] = network;
	}
	return document_weigh(g->doc, value->line, texts.n);
}

static int add_field(struct gather *g, const struct yaml_tree *value)
{
	static const enum relation places[] = {
		[PLACE_WHOLE] = REL_EQUAL,
		[PLACE_START] = REL_STARTS,
		[PLACE_END] = REL_ENDS,
		[PLACE_ANYWHERE] = REL_CONTAINS,
	};
	static const enum relation orders[] = {
		[ORDER_LT] = REL_LESS,
		[ORDER_LTE] = REL_LESS_EQUAL,
		[ORDER_GT] = REL_GREATER,
		[ORDER_GTE] = REL_GREATER_EQUAL,
	};
	const struct item *item = g->item;
	if (yaml_type(value) == YAML_NULL || !value->text[0])
		return wrong_value(g, value, "the name of a field is needed");
	struct expr *expr = expr_test(g->doc->mem, TEST_FIELD, item->field);
	const struct setting *ours = setting_find(&g->doc->loader->settings.fields, value->text);
	expr->test.other = slice_of(ours ? ours->value : value->text);
	expr->test.fold = !item->cased;
	expr->test.relation = item->order ? orders[item->order] : places[item->place];
	add_expr(g, expr);
	return document_weigh(g->doc, value->line, 1);
}

static struct expr *range(struct gather *g, struct slice number)
{
	struct expr *expr = expr_test(g->doc->mem, TEST_RANGE, g->item->field);
	enum item_order order = g->item->order;
	struct bound bound = {true, order == ORDER_LTE || order == ORDER_GTE, number};
	if (order == ORDER_LT || order == ORDER_LTE)
		expr->test.high = bound;
	else
		expr->test.low = bound;
	return expr;
}

static int add_range(struct gather *g, const struct yaml_tree *value)
{
	enum yaml_type type = yaml_type(value);
	struct slice number;
	struct decimal decimal;
	if ((type != YAML_INT && type != YAML_FLOAT) ||
		!value_number(g->doc->mem, value, &number) || decimal_parse(number, &decimal) != 0)
		return wrong_value(g, value, "a number is needed, without quotes");
	add_expr(g, range(g, number));
	return document_weigh(g->doc, value->line, 1);
}

static int add_part(struct gather *g, const struct yaml_tree *value)
{
	int64_t number;
	if (yaml_type(value) != YAML_INT || text_parse_int(slice_of(value->text), &number) != 0 ||
		number < 0 || number > 9999)
		return wrong_value(g, value, "a part of a time is a whole number");
	struct expr *expr = expr_test(g->doc->mem, TEST_TIME_PART, g->item->field);
	expr->test.part = g->item->part;
	expr->test.part_least = INT64_MIN;
	expr->test.part_most = INT64_MAX;
	switch (g->item->order) {
	case ORDER_NONE:
		expr->test.part_least = expr->test.part_most = number;
		break;
	case ORDER_LT:
		expr->test.part_most = number - 1;
		break;
	case ORDER_LTE:
		expr->test.part_most = number;
		break;
	case ORDER_GT:
		expr->test.part_least = number + 1;
		break;
	case ORDER_GTE:
		expr->test.part_least = number;
		break;
	}
	add_expr(g, expr);
	return document_weigh(g->doc, value->line, 1);
}

static int add_exists(struct gather *g, const struct yaml_tree *value)
{
	if (yaml_type(value) != YAML_BOOL)
		return wrong_value(g, value, "exists takes true or false");
	bool yes = value->text[0] == 't' || value->text[0] == 'T';
	struct expr *expr = expr_test(g->doc->mem, TEST_EXISTS, g->item->field);
	add_expr(g, yes ? expr : expr_not(g->doc->mem, expr));
	return document_weigh(g->doc, value->line, 1);
}

static int add_value(struct gather *g, const struct yaml_tree *value)
{
	static int (*const of_kind[])(struct gather *, const struct yaml_tree *) = {
		[ITEM_TEXT] = add_plain,
		[ITEM_REGEX] = add_regex,
		[ITEM_CIDR] = add_network,
		[ITEM_FIELD] = add_field,
		[ITEM_RANGE] = add_range,
		[ITEM_PART] = add_part,
		[ITEM_EXISTS] = add_exists,
	};
	if (value->kind != YAML_TEXT)
		return document_refuse(g->doc, value->line,
			"a %s stands where a value must: fields take a value or a list of values",
			value->kind == YAML_MAP ? "mapping" : "list");
	return of_kind[g->item->kind](g, value);
}

/* ---- the item -------------------------------------------------------------------------------- */

/* With `all`, each value is an expression of its own. */
static int gather_values(struct gather *g, const struct yaml_tree *values)
{
	bool list = values->kind == YAML_LIST;
	uint32_t n = list ? values->nitems : 1;
	struct expr **each = arena_zalloc(g->doc->mem, n, sizeof(struct expr *));
	for (uint32_t i = 0; i < n; i++) {
		if (add_value(g, list ? &values->items[i] : values) != 0)
			return -1;
		if (!g->item->all)
			continue;
		flush(g);
		each[i] = expr_join(g->doc->mem, EXPR_OR, g->exprs, g->nexprs);
		g->nexprs = 0;
	}
	flush(g);
	if (g->item->all) {
		g->exprs = each;
		g->nexprs = n;
	}
	return 0;
}

int item_read(struct document *doc, const struct item *item, const struct yaml_tree *values,
	struct expr **expr)
{
	struct gather g = {.doc = doc, .item = item};
	bool on_field = item->kind == ITEM_FIELD || item->kind == ITEM_EXISTS ||
			item->kind == ITEM_PART || item->kind == ITEM_RANGE;
	if (!item->field.len && on_field)
		return document_refuse(
			doc, item->line, "this modifier needs a field in front of it");
	if (values->kind == YAML_LIST && values->nitems == 0)
		return document_refuse(doc, item->line, "an empty list of values");
	if (item->kind == ITEM_EXISTS && values->kind == YAML_LIST)
		return document_refuse(doc, item->line, "exists takes one value: true or false");
	if (gather_values(&g, values) != 0)
		return -1;
	*expr = expr_join(doc->mem, item->all ? EXPR_AND : EXPR_OR, g.exprs, g.nexprs);
	if (item->neq)
		*expr = expr_not(doc->mem, *expr);
	return 0;
}
