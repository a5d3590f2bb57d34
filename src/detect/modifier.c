/* SPDX-License-Identifier: Apache-2.0 */
/* modifier.c: `Field|one|two` taken apart: each modifier is one row of a table, and what cannot stand
 * together is refused here, so that the rest need not ask. */
#include "detect/private.h"

enum modifier {
	MOD_ALL,
	MOD_STARTSWITH,
	MOD_ENDSWITH,
	MOD_CONTAINS,
	MOD_EXISTS,
	MOD_CASED,
	MOD_NEQ,
	MOD_WINDASH,
	MOD_RE,
	MOD_FOLD,
	MOD_MULTILINE,
	MOD_DOTALL,
	MOD_BASE64,
	MOD_BASE64OFFSET,
	MOD_UTF16LE,
	MOD_UTF16BE,
	MOD_UTF16,
	MOD_LT,
	MOD_LTE,
	MOD_GT,
	MOD_GTE,
	MOD_MINUTE,
	MOD_HOUR,
	MOD_DAY,
	MOD_WEEK,
	MOD_MONTH,
	MOD_YEAR,
	MOD_CIDR,
	MOD_EXPAND,
	MOD_FIELDREF,
	MODIFIERS
};

/* What a modifier is, beside its name: of one class at most one may stand in an item. */
enum class {
	CLASS_ANY,    /* all, neq */
	CLASS_PLACE,  /* startswith, endswith, contains */
	CLASS_KIND,   /* re, cidr, fieldref, exists */
	CLASS_PART,   /* hour … */
	CLASS_ORDER,  /* lt … */
	CLASS_REGEX,  /* i, m, s */
	CLASS_CASE,   /* cased */
	CLASS_DASH,   /* windash */
	CLASS_WIDE,   /* utf16… */
	CLASS_BASE64, /* base64… */
	CLASS_EXPAND, /* expand */
};

static const struct row {
	const char *name;
	enum modifier modifier;
	enum class class;
	int value; /* of the class's enumeration */
} rows[] = {
	{"all", MOD_ALL, CLASS_ANY, 0},
	{"neq", MOD_NEQ, CLASS_ANY, 0},
	{"startswith", MOD_STARTSWITH, CLASS_PLACE, PLACE_START},
	{"endswith", MOD_ENDSWITH, CLASS_PLACE, PLACE_END},
	{"contains", MOD_CONTAINS, CLASS_PLACE, PLACE_ANYWHERE},
	{"exists", MOD_EXISTS, CLASS_KIND, ITEM_EXISTS},
	{"re", MOD_RE, CLASS_KIND, ITEM_REGEX},
	{"cidr", MOD_CIDR, CLASS_KIND, ITEM_CIDR},
	{"fieldref", MOD_FIELDREF, CLASS_KIND, ITEM_FIELD},
	{"cased", MOD_CASED, CLASS_CASE, 0},
	{"windash", MOD_WINDASH, CLASS_DASH, 0},
	{"i", MOD_FOLD, CLASS_REGEX, REGEX_FOLD},
	{"ignorecase", MOD_FOLD, CLASS_REGEX, REGEX_FOLD},
	{"m", MOD_MULTILINE, CLASS_REGEX, REGEX_MULTILINE},
	{"multiline", MOD_MULTILINE, CLASS_REGEX, REGEX_MULTILINE},
	{"s", MOD_DOTALL, CLASS_REGEX, REGEX_DOTALL},
	{"dotall", MOD_DOTALL, CLASS_REGEX, REGEX_DOTALL},
	{"base64", MOD_BASE64, CLASS_BASE64, 0},
	{"base64offset", MOD_BASE64OFFSET, CLASS_BASE64, 1},
	{"utf16le", MOD_UTF16LE, CLASS_WIDE, WIDE_LE},
	{"wide", MOD_UTF16LE, CLASS_WIDE, WIDE_LE},
	{"utf16be", MOD_UTF16BE, CLASS_WIDE, WIDE_BE},
	{"utf16", MOD_UTF16, CLASS_WIDE, WIDE_BOM},
	{"lt", MOD_LT, CLASS_ORDER, ORDER_LT},
	{"lte", MOD_LTE, CLASS_ORDER, ORDER_LTE},
	{"gt", MOD_GT, CLASS_ORDER, ORDER_GT},
	{"gte", MOD_GTE, CLASS_ORDER, ORDER_GTE},
	{"minute", MOD_MINUTE, CLASS_PART, PART_MINUTE},
	{"hour", MOD_HOUR, CLASS_PART, PART_HOUR},
	{"day", MOD_DAY, CLASS_PART, PART_DAY},
	{"week", MOD_WEEK, CLASS_PART, PART_WEEK},
	{"month", MOD_MONTH, CLASS_PART, PART_MONTH},
	{"year", MOD_YEAR, CLASS_PART, PART_YEAR},
	{"expand", MOD_EXPAND, CLASS_EXPAND, 0},
};

/* The modifiers of an item in their order. */
struct chain {
	uint32_t n;
	const struct row *of[MODIFIERS];
	uint32_t seen; /* bits 1 << modifier */
	const struct row *of_class[CLASS_EXPAND + 1];
};

static int unknown(struct document *doc, uint32_t line, struct slice word)
{
	char shown[YAML_SHOWN];
	const char *names[COUNT(rows)];
	const char *text = arena_strdup(doc->mem, word);
	for (size_t i = 0; i < COUNT(rows); i++)
		names[i] = rows[i].name;
	const char *near = yaml_nearest(text, names, COUNT(names));
	if (!word.len)
		return document_refuse(
			doc, line, "a modifier is empty: remove one of the bars (|)");
	return document_refuse(doc, line, "unknown modifier \"%s\"%s%s%s", yaml_shown(text, shown),
		near ? ": is " : ": docs/sigma.md lists those there are", near ? near : "",
		near ? " meant?" : "");
}

static int take(struct document *doc, uint32_t line, struct slice word, struct chain *chain)
{
	const struct row *row = NULL;
	for (size_t i = 0; i < COUNT(rows) && !row; i++) {
		if (slice_eq(word, slice_of(rows[i].name)))
			row = &rows[i];
	}
	if (!row)
		return unknown(doc, line, word);
	if (chain->seen >> row->modifier & 1)
		return document_refuse(
			doc, line, "the modifier %s stands twice: remove one", row->name);
	const struct row *other = chain->of_class[row->class];
	if (other && row->class != CLASS_ANY && row->class != CLASS_REGEX)
		return document_refuse(doc, line, "the modifiers %s and %s cannot stand together",
			other->name, row->name);
	chain->seen |= 1u << row->modifier;
	chain->of_class[row->class] = row;
	chain->of[chain->n++] = row;
	return 0;
}

static uint32_t place_of(const struct chain *chain, const struct row *row)
{
	uint32_t at = 0;
	while (at < chain->n && chain->of[at] != row)
		at++;
	return at;
}

/* `after` must not stand in front of `before`, where both stand. */
static int in_order(struct document *doc, uint32_t line, const struct chain *chain,
	enum class before, enum class after)
{
	const struct row *a = chain->of_class[before], *b = chain->of_class[after];
	if (!a || !b || place_of(chain, a) < place_of(chain, b))
		return 0;
	return document_refuse(
		doc, line, "the modifier %s must stand in front of %s", a->name, b->name);
}

static int refuse_pair(
	struct document *doc, uint32_t line, const struct row *a, const struct row *b)
{
	return document_refuse(
		doc, line, "the modifiers %s and %s cannot stand together", a->name, b->name);
}

/* Which classes may stand beside each kind (bits 1 << class); CLASS_ANY and the kind's own may always. */
static uint32_t beside(enum item_kind kind)
{
	static const uint32_t of[] = {
		[ITEM_TEXT] = 1u << CLASS_PLACE | 1u << CLASS_CASE | 1u << CLASS_DASH |
			      1u << CLASS_WIDE | 1u << CLASS_BASE64 | 1u << CLASS_EXPAND,
		[ITEM_REGEX] = 1u << CLASS_PLACE | 1u << CLASS_REGEX | 1u << CLASS_EXPAND,
		[ITEM_CIDR] = 1u << CLASS_EXPAND,
		[ITEM_FIELD] = 1u << CLASS_PLACE | 1u << CLASS_CASE | 1u << CLASS_ORDER,
		[ITEM_RANGE] = 1u << CLASS_ORDER,
		[ITEM_PART] = 1u << CLASS_PART | 1u << CLASS_ORDER,
		[ITEM_EXISTS] = 0,
	};
	return of[kind] | 1u << CLASS_ANY | 1u << CLASS_KIND;
}

static int check(
	struct document *doc, uint32_t line, const struct chain *chain, enum item_kind kind)
{
	const struct row *own = chain->of_class[CLASS_KIND];
	if (!own)
		own = chain->of_class[kind == ITEM_PART ? CLASS_PART : CLASS_ORDER];
	for (uint32_t i = 0; i < chain->n; i++) {
		const struct row *row = chain->of[i];
		if (row->class == CLASS_REGEX && kind != ITEM_REGEX)
			return document_refuse(
				doc, line, "the modifier %s stands behind re only", row->name);
		if (!(beside(kind) >> row->class & 1))
			return own ? refuse_pair(doc, line, own, row)
				   : document_refuse(doc, line, "the modifier %s cannot stand here",
					     row->name);
	}
	if (kind == ITEM_EXISTS && chain->n > 1)
		return document_refuse(doc, line, "exists stands alone: no modifier beside it");
	if (kind == ITEM_FIELD && chain->of_class[CLASS_ORDER] && chain->of_class[CLASS_PLACE])
		return refuse_pair(
			doc, line, chain->of_class[CLASS_ORDER], chain->of_class[CLASS_PLACE]);
	static const enum class order[][2] = {
		{CLASS_EXPAND, CLASS_DASH},
		{CLASS_EXPAND, CLASS_WIDE},
		{CLASS_EXPAND, CLASS_BASE64},
		{CLASS_DASH, CLASS_WIDE},
		{CLASS_DASH, CLASS_BASE64},
		{CLASS_WIDE, CLASS_BASE64},
		{CLASS_WIDE, CLASS_PLACE},
		{CLASS_BASE64, CLASS_PLACE},
		{CLASS_PART, CLASS_ORDER},
	};
	for (size_t i = 0; i < COUNT(order); i++) {
		if (in_order(doc, line, chain, order[i][0], order[i][1]) != 0)
			return -1;
	}
	if (kind == ITEM_REGEX && (in_order(doc, line, chain, CLASS_KIND, CLASS_PLACE) != 0 ||
					  in_order(doc, line, chain, CLASS_KIND, CLASS_REGEX) != 0))
		return -1;
	return 0;
}

static void fill(struct item *item, const struct chain *chain)
{
	for (uint32_t i = 0; i < chain->n; i++) {
		const struct row *row = chain->of[i];
		switch (row->class) {
		case CLASS_ANY:
			item->all |= row->modifier == MOD_ALL;
			item->neq |= row->modifier == MOD_NEQ;
			break;
		case CLASS_PLACE:
			item->place = (enum item_place)row->value;
			break;
		case CLASS_PART:
			item->part = (enum time_part)row->value;
			break;
		case CLASS_ORDER:
			item->order = (enum item_order)row->value;
			break;
		case CLASS_REGEX:
			item->regex_flags |= (unsigned)row->value;
			break;
		case CLASS_CASE:
			item->cased = true;
			break;
		case CLASS_DASH:
			item->windash = true;
			break;
		case CLASS_WIDE:
			item->wide = (enum item_wide)row->value;
			break;
		case CLASS_BASE64:
			item->base64 = row->value == 0;
			item->base64_offset = row->value == 1;
			break;
		case CLASS_EXPAND:
			item->expand = true;
			break;
		case CLASS_KIND:
			break;
		}
	}
}

static enum item_kind kind_of(const struct chain *chain)
{
	if (chain->of_class[CLASS_KIND])
		return (enum item_kind)chain->of_class[CLASS_KIND]->value;
	if (chain->of_class[CLASS_PART])
		return ITEM_PART;
	return chain->of_class[CLASS_ORDER] ? ITEM_RANGE : ITEM_TEXT;
}

int item_parse(struct document *doc, const char *key, uint32_t line, struct item *item)
{
	struct chain chain = {0};
	const char *bar = strchr(key, '|');
	size_t len = bar ? (size_t)(bar - key) : strlen(key);
	*item = (struct item){.field = {key, len}, .line = line};
	while (bar) {
		const char *word = bar + 1;
		bar = strchr(word, '|');
		len = bar ? (size_t)(bar - word) : strlen(word);
		if (take(doc, line, (struct slice){word, len}, &chain) != 0)
			return -1;
	}
	item->kind = kind_of(&chain);
	if (check(doc, line, &chain, item->kind) != 0)
		return -1;
	fill(item, &chain);
	const struct setting *ours =
		setting_find(&doc->loader->settings.fields, arena_strdup(doc->mem, item->field));
	if (ours && item->field.len)
		item->field = slice_of(ours->value);
	return 0;
}
