/* SPDX-License-Identifier: Apache-2.0 */
/*
 * detect_rules.c: of 3,780 rules of SigmaHQ, 64 % have `contains`, 55 % `endswith`, 22 % `all`, 9 %
 * `startswith`, 3 % `re`, 2 % `windash`, under 1 % each `cidr`, `base64offset`, `fieldref`; 68 % have lists
 * of values, 22 % a `not`, 25 % `1 of`, 22 % `all of`. Three rules in ten are on a column of more
 * than 10,000 distinct values. A share of the rules (rules_real) is made of values that occur; of the others' values half are
 * such values with a letter changed, which is what makes a filter work.
 */
#include "detect_rules.h"

#include <stdio.h>

enum { MOST_VALUES = 8, MOST_ITEMS = 8, MOST_SELECTIONS = 4, SAMPLE = 4096 };

unsigned rules_real = 10;
const char *rules_field;

const struct rule_field rule_fields[FIELDS] = {
	{"extraAttributes.value", "extra_attributes.value", true, 0, NULL},
	{"changedValues.to", "changed_values.to", true, 0, NULL},
	{"author.name", "author_name", false, 0, NULL},
	{"source", "source_address", false, 0, NULL},
	{"affectedObjects.name", "affected_objects.name", false, 0, NULL},
	{"affectedObjects.id", "affected_objects.id", false, 0, NULL},
	{"auditType.action", "audit_type_action", false, 0, NULL},
	{"auditType.actionI18nKey", "audit_type_action_i18n_key", false, 0, NULL},
	{"auditType.category", "audit_type_category", false, 0, NULL},
	{"auditType.area", "audit_type_area", false, 0, NULL},
	{"affectedObjects.type", "affected_objects.type", false, 0, NULL},
	{"changedValues.key", "changed_values.key", false, 0, NULL},
	{"extraAttributes.name", "extra_attributes.name", false, 0, NULL},
	{"method", "method", false, 0, NULL},
};

enum modifier { EQUALS, CONTAINS, STARTS, ENDS, REGEX, WINDASH, BASE64, CIDR, FIELDREF };
struct item {
	const struct rule_field *field, *other;
	enum modifier modifier;
	bool all;
	uint32_t nvalues;
	struct slice values[MOST_VALUES];
};
struct selection {
	uint32_t nitems;
	struct item items[MOST_ITEMS];
};
struct draft {
	const struct rule_field *fields;
	struct arena *mem;
	uint64_t seed;
	bool real; /* values occur */
	bool many; /* on a column of many values */
	bool any;  /* `1 of`, else `all of` */
	uint32_t nselections;
	struct selection selections[MOST_SELECTIONS], filter;
};

static uint32_t draw(struct draft *d, uint32_t n)
{
	uint64_t z = (d->seed += 0x9e3779b97f4a7c15);
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return (uint32_t)((z ^ (z >> 31)) % n);
}

static bool chance(struct draft *d, uint32_t per_mille)
{
	return draw(d, 1000) < per_mille;
}

/* ---- values that occur ----------------------------------------------------------------------- */

/* Fit for a file without thinking of escapes. */
static bool plain(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if ((unsigned char)text.ptr[i] < ' ' || strchr("*?\\'", text.ptr[i]))
			return false;
	}
	return text.len > 0 && text.len < 120;
}

void rule_fields_fill(
	struct rule_field fields[FIELDS], const struct batch *batch, struct arena *mem)
{
	for (int f = 0; f < FIELDS; f++) {
		struct rule_field *field = &fields[f];
		int c = batch_find_column(batch->shape, slice_of(field->column));
		if (!field->values)
			field->values = arena_zalloc(mem, SAMPLE, sizeof(*field->values));
		const struct column *col = &batch->columns[c < 0 ? 0 : c];
		for (uint32_t i = 0; c >= 0 && i < col->ndistinct; i++) {
			struct slice text = {
				col->heap + col->off[i], col->off[i + 1] - col->off[i]};
			if (field->nvalues < SAMPLE && plain(text))
				field->values[field->nvalues++] =
					(struct slice){arena_strdup(mem, text), text.len};
		}
	}
}

/* ---- values of rules ------------------------------------------------------------------------- */

static struct slice made_up(struct draft *d)
{
	static const char *const words[] = {"powershell", "mimikatz", "cmd", "rundll", "certutil",
		"invoke", "download", "secret", "token", "backdoor", "shadow", "dump", "export",
		"stage", "beacon", "proxy", "tunnel", "schedule", "service", "vault"};
	uint32_t n = sizeof(words) / sizeof(*words);
	char *text = arena_printf(d->mem, "%s-%s%u.%s", words[draw(d, n)], words[draw(d, n)],
		draw(d, 1000), chance(d, 500) ? "exe" : "ps1");
	return slice_of(text);
}

/* The part of a text that a rule of that kind names. */
static struct slice part_of(struct draft *d, struct slice text, enum modifier modifier)
{
	size_t keep = 4 + draw(d, 12), from = 0;
	if (modifier == EQUALS || text.len <= keep)
		return text;
	if (modifier == ENDS)
		from = text.len - keep;
	else if (modifier != STARTS)
		from = draw(d, (uint32_t)(text.len - keep));
	while (from > 0 && ((unsigned char)text.ptr[from] & 0xc0) == 0x80)
		from--;
	while (from + keep < text.len && ((unsigned char)text.ptr[from + keep] & 0xc0) == 0x80)
		keep++;
	return (struct slice){text.ptr + from, from + keep < text.len ? keep : text.len - from};
}

/* A value that occurs, or one that is nearly such. */
static struct slice seen(struct draft *d, const struct rule_field *field, enum modifier modifier)
{
	if (field->nvalues == 0)
		return made_up(d);
	struct slice text = part_of(d, field->values[draw(d, field->nvalues)], modifier);
	if (d->real)
		return text;
	char *copy = arena_strdup(d->mem, text);
	size_t at = draw(d, (uint32_t)text.len);
	if ((unsigned char)copy[at] < 0x80)
		copy[at] = (char)('a' + draw(d, 26));
	return (struct slice){copy, text.len};
}

static struct slice value(struct draft *d, const struct item *item)
{
	static const char *const regexes[] = {"repo[a-z]+-%u\\d{2}", "(?i)(export|dump)-%u[0-9]+$",
		"\\d+\\.\\d+\\.%u\\.\\d+", "^svc-%u[\\w-]{4,}", "token=%u.*?scope"};
	switch (item->modifier) {
	case REGEX: {
		char *text = arena_alloc(d->mem, 64);
		/* NOLINTNEXTLINE(clang-diagnostic-format-nonliteral) */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(text, 64, regexes[draw(d, 5)], draw(d, 1000));
#pragma GCC diagnostic pop
		return slice_of(text);
	}
	case WINDASH:
		return slice_of(arena_printf(d->mem, " -%s", made_up(d).ptr));
	case CIDR:
		return slice_of(arena_printf(d->mem, "10.%u.%u.0/24", draw(d, 256), draw(d, 256)));
	case EQUALS:
	case CONTAINS:
	case STARTS:
	case ENDS:
	case BASE64:
	case FIELDREF:
		break;
	}
	return d->real || chance(d, 500) ? seen(d, item->field, item->modifier) : made_up(d);
}

static const struct rule_field *some_field(struct draft *d, bool many)
{
	const struct rule_field *field;
	do
		field = &d->fields[draw(d, FIELDS)];
	while (field->many != many);
	return field;
}

static void add_item(struct draft *d, struct selection *s, enum modifier modifier)
{
	struct item *item = &s->items[s->nitems++];
	*item = (struct item){.modifier = modifier};
	item->field = some_field(d, d->many && s->nitems == 1);
	if (modifier == CIDR)
		item->field = &d->fields[3];
	if (modifier == FIELDREF) {
		item->field = &d->fields[2];
		item->other = &d->fields[4];
		return;
	}
	item->all = modifier == CONTAINS && chance(d, 280);
	uint32_t n = modifier == REGEX || chance(d, 400) ? 1 : 2 + draw(d, MOST_VALUES - 1);
	if (item->all)
		n = 2;
	while (item->nvalues < n) {
		item->values[item->nvalues] = value(d, item);
		item->nvalues++;
	}
}

static void draft_selection(struct draft *d, struct selection *s)
{
	static const struct {
		enum modifier modifier;
		uint32_t per_mille;
	} mix[] = {{CONTAINS, 430}, {ENDS, 360}, {STARTS, 52}, {REGEX, 17}, {WINDASH, 12},
		{CIDR, 4}, {BASE64, 1}, {FIELDREF, 1}};
	for (size_t i = 0; i < sizeof(mix) / sizeof(*mix); i++) {
		if (chance(d, mix[i].per_mille))
			add_item(d, s, mix[i].modifier);
	}
	if (s->nitems == 0 || chance(d, 150))
		add_item(d, s, EQUALS);
}

static void draft_rule(struct draft *d)
{
	d->real = chance(d, rules_real);
	d->many = chance(d, 300);
	d->nselections = chance(d, 470) ? 2 + draw(d, 2) : 1;
	d->any = chance(d, 530);
	for (uint32_t i = 0; i < d->nselections; i++)
		draft_selection(d, &d->selections[i]);
	if (chance(d, 220)) {
		bool real = d->real;
		d->real = true;
		add_item(d, &d->filter, chance(d, 500) ? ENDS : CONTAINS);
		d->real = real;
	}
}

/* ---- as an expression ------------------------------------------------------------------------ */

static struct expr *node(struct draft *d, enum expr_kind kind, uint32_t n)
{
	struct expr *e = arena_zalloc(d->mem, 1, sizeof(*e));
	e->kind = kind;
	e->children = arena_zalloc(d->mem, n, sizeof(struct expr *));
	return e;
}

static void put_pattern(
	struct draft *d, struct test *test, enum modifier modifier, struct slice text)
{
	struct pattern *patterns = (struct pattern *)(uintptr_t)test->patterns;
	struct piece *pieces = arena_zalloc(d->mem, 3, sizeof(*pieces));
	uint32_t n = 0;
	if (modifier != EQUALS && modifier != STARTS)
		pieces[n++].kind = PIECE_MANY;
	pieces[n++] = (struct piece){PIECE_TEXT, text};
	if (modifier != EQUALS && modifier != ENDS)
		pieces[n++].kind = PIECE_MANY;
	patterns[test->npatterns++] = (struct pattern){pieces, n};
}

/* The three forms that a text's base64 has inside a longer one. */
static void put_base64(struct draft *d, struct test *test, struct slice text)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	static const uint32_t skip[] = {0, 2, 3};
	for (uint32_t offset = 0; offset < 3; offset++) {
		size_t bits = (offset + text.len) * 8, n = 0;
		char *out = arena_alloc(d->mem, bits / 6 + 2);
		for (size_t i = skip[offset]; (i + 1) * 6 <= bits; i++) {
			unsigned digit = 0;
			for (size_t b = i * 6; b < i * 6 + 6; b++) {
				size_t byte = b / 8;
				unsigned char c =
					byte < offset ? 0 : (unsigned char)text.ptr[byte - offset];
				digit = digit << 1 | (c >> (7 - b % 8) & 1);
			}
			out[n++] = digits[digit];
		}
		put_pattern(d, test, CONTAINS, (struct slice){out, n});
	}
}

static void put_value(
	struct draft *d, struct test *test, const struct item *item, struct slice text)
{
	static const char *const dashes[] = {
		"-", "/", "\xe2\x80\x93", "\xe2\x80\x94", "\xe2\x80\x95"};
	if (item->modifier == BASE64) {
		put_base64(d, test, text);
	} else if (item->modifier == WINDASH) {
		for (int i = 0; i < 5; i++)
			put_pattern(d, test, CONTAINS,
				slice_of(arena_printf(d->mem, " %s%.*s", dashes[i],
					(int)text.len - 2, text.ptr + 2)));
	} else {
		put_pattern(d, test, item->modifier, text);
	}
}

static struct expr *test_expr(struct draft *d, const struct item *item, uint32_t from, uint32_t to)
{
	struct expr *e = node(d, EXPR_TEST, 0);
	struct test *test = &e->test;
	test->field = slice_of(rules_field ? rules_field : item->field->path);
	test->fold = item->modifier != BASE64;
	if (item->modifier == FIELDREF) {
		test->op = TEST_FIELD;
		test->other = slice_of(item->other->path);
	} else if (item->modifier == REGEX) {
		test->op = TEST_REGEX;
		test->regex = item->values[0];
	} else if (item->modifier == CIDR) {
		struct network *networks = arena_zalloc(d->mem, MOST_VALUES, sizeof(*networks));
		test->op = TEST_CIDR;
		for (uint32_t i = 0; i < item->nvalues; i++)
			test->nnetworks +=
				network_parse(item->values[i], &networks[test->nnetworks]) == 0;
		test->networks = networks;
	} else {
		test->op = TEST_PATTERNS;
		test->patterns = arena_zalloc(d->mem, 5 * MOST_VALUES, sizeof(*test->patterns));
		for (uint32_t i = from; i < to; i++)
			put_value(d, test, item, item->values[i]);
	}
	return e;
}

static struct expr *selection_expr(struct draft *d, const struct selection *s)
{
	struct expr *e = node(d, EXPR_AND, MOST_ITEMS * MOST_VALUES);
	for (uint32_t i = 0; i < s->nitems; i++) {
		const struct item *item = &s->items[i];
		for (uint32_t v = 0; item->all && v < item->nvalues; v++)
			e->children[e->nchildren++] = test_expr(d, item, v, v + 1);
		if (!item->all)
			e->children[e->nchildren++] = test_expr(d, item, 0, item->nvalues);
	}
	return e;
}

static struct expr *rule_expr(struct draft *d)
{
	struct expr *e = node(d, d->any ? EXPR_OR : EXPR_AND, MOST_SELECTIONS);
	for (uint32_t i = 0; i < d->nselections; i++)
		e->children[e->nchildren++] = selection_expr(d, &d->selections[i]);
	if (d->filter.nitems == 0)
		return e;
	struct expr *both = node(d, EXPR_AND, 2), *filter = node(d, EXPR_NOT, 1);
	filter->children[filter->nchildren++] = selection_expr(d, &d->filter);
	both->children[both->nchildren++] = e;
	both->children[both->nchildren++] = filter;
	return both;
}

/* ---- as a file ------------------------------------------------------------------------------- */

static void print_selection(
	struct buf *out, const char *name, uint32_t number, const struct selection *s)
{
	static const char *const modifiers[] = {"", "|contains", "|startswith", "|endswith", "|re",
		"|contains|windash", "|base64offset|contains", "|cidr", "|fieldref"};
	buf_printf(out, "    %s_%u:\n", name, number);
	for (uint32_t i = 0; i < s->nitems; i++) {
		const struct item *item = &s->items[i];
		/* A field may stand twice in no map. */
		bool again = false;
		for (uint32_t k = 0; k < i; k++)
			again = again || (s->items[k].field == item->field &&
						 s->items[k].modifier == item->modifier);
		if (again)
			continue;
		buf_printf(out, "        %s%s%s:", item->field->path, modifiers[item->modifier],
			item->all ? "|all" : "");
		if (item->modifier == FIELDREF)
			buf_printf(out, " %s\n", item->other->path);
		for (uint32_t v = 0; v < item->nvalues; v++)
			buf_printf(out, "%s            - '%.*s'\n", v ? "" : "\n",
				SLICE_ARG(item->values[v]));
	}
}

static void print_rule(struct buf *out, const struct draft *d, uint32_t number)
{
	buf_printf(out,
		"title: Made up %u\nid: 00000000-0000-4000-8000-%012u\nstatus: test\n"
		"logsource:\n    product: bitbucket\n    service: audit\ndetection:\n",
		number, number);
	for (uint32_t i = 0; i < d->nselections; i++)
		print_selection(out, "selection", i, &d->selections[i]);
	if (d->filter.nitems)
		print_selection(out, "filter", 0, &d->filter);
	buf_printf(out, "    condition: %s of selection_*%s\nlevel: low\n", d->any ? "1" : "all",
		d->filter.nitems ? " and not 1 of filter_*" : "");
}

const struct expr *rule_make(
	const struct rule_field fields[FIELDS], uint32_t i, struct arena *mem, struct buf *yaml)
{
	struct draft d = {.fields = fields, .mem = mem, .seed = 20260309 + (uint64_t)i * 1000003};
	draft_rule(&d);
	if (yaml)
		print_rule(yaml, &d, i);
	return rule_expr(&d);
}
