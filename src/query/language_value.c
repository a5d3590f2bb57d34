/* SPDX-License-Identifier: Apache-2.0 */
/* language_value.c: from a value to the test that it means for a field: addresses are compared as
 * addresses, times as what is written of them, texts by their letters. A value that a field can never have is an
 * error, not an empty result. */
#include <stdio.h>
#include <strings.h>

#include "query/language_private.h"

#define BIT(type) (1u << (type))
enum {
	NUMBERS = BIT(COL_INT64) | BIT(COL_INT32),
	TIME = BIT(COL_TIME),
	BOOL = BIT(COL_BOOL),
	UUID = BIT(COL_UUID),
};

static bool only(const struct field *field, unsigned types)
{
	return field && field->types && !(field->types & ~types);
}

struct expr *value_patterns(struct parser *p, struct slice name, const struct value *value)
{
	struct expr *expr = tree_test(p, TEST_PATTERNS, name, value->begin, value->end);
	struct pattern *pattern = arena_zalloc(p->mem, 1, sizeof(*pattern));
	*pattern = (struct pattern){value->pieces, value->npieces};
	expr->test.patterns = pattern;
	expr->test.npatterns = 1;
	expr->test.fold = value->kind != VALUE_EXACT;
	return expr;
}

static struct expr *regex_test(struct parser *p, struct slice name, const struct value *value)
{
	struct expr *expr = tree_test(p, TEST_REGEX, name, value->begin, value->end);
	expr->test.regex = value->text;
	expr->test.regex_flags = value->flags;
	return expr;
}

/* The value with `*` on both ends. */
static void contain(struct parser *p, struct value *value)
{
	struct piece *pieces = arena_zalloc(p->mem, value->npieces + 2, sizeof(*pieces));
	uint32_t n = 0;
	if (value->npieces == 0 || value->pieces[0].kind != PIECE_MANY)
		pieces[n++].kind = PIECE_MANY;
	memcpy(pieces + n, value->pieces, value->npieces * sizeof(*pieces));
	n += value->npieces;
	if (pieces[n - 1].kind != PIECE_MANY)
		pieces[n++].kind = PIECE_MANY;
	value->pieces = pieces;
	value->npieces = n;
}

static bool all_pieces_many(const struct value *value)
{
	return value->wild && value->npieces == 1 && value->pieces[0].kind == PIECE_MANY;
}

struct either {
	const struct value *value;
	struct expr *expr;
};

static void add_list_field(struct parser *p, struct slice name, void *ctx)
{
	struct either *either = ctx;
	struct expr *test = either->value->kind == VALUE_REGEX
				    ? regex_test(p, name, either->value)
				    : value_patterns(p, name, either->value);
	either->expr = either->expr ? tree_either(p, either->expr, test) : test;
}

/* A word that stands for no field: any text of the event, or of the list's element. */
static struct expr *bare_test(struct parser *p, struct value *value)
{
	struct network network;
	bool plain = value->kind == VALUE_WORD && !value->wild;
	bool slash = plain && memchr(value->text.ptr, '/', value->text.len);
	if (value->kind != VALUE_REGEX &&
		(all_pieces_many(value) || value->text.len + value->wild == 0)) {
		struct expr *all = tree_node(p, EXPR_CONST, value->begin, value->end);
		all->constant = true;
		return all;
	}
	if (plain && !p->list.len && network_parse(value->text, &network) == 0) {
		if (slash)
			return address_networks(
				p, SLICE(""), value->begin, value->end, &network, 1);
		if (memchr(value->text.ptr, ':', value->text.len)) {
			struct expr *address = address_networks(
				p, SLICE(""), value->begin, value->end, &network, 1);
			contain(p, value);
			return tree_either(p, address, value_patterns(p, SLICE(""), value));
		}
	}
	if (value->kind != VALUE_REGEX)
		contain(p, value);
	if (p->list.len) {
		struct either either = {.value = value};
		field_each_of_list(p, add_list_field, &either);
		return either.expr;
	}
	return value->kind == VALUE_REGEX ? regex_test(p, SLICE(""), value)
					  : value_patterns(p, SLICE(""), value);
}

static bool is_number(struct slice s)
{
	size_t i = s.len && (s.ptr[0] == '-' || s.ptr[0] == '+'), digits = 0, points = 0;
	for (; i < s.len; i++) {
		if (s.ptr[i] == '.')
			points++;
		else if (s.ptr[i] >= '0' && s.ptr[i] <= '9')
			digits++;
		else
			return false;
	}
	return digits > 0 && points <= 1;
}

static bool is_word(struct slice s, const char *word)
{
	return s.len == strlen(word) && strncasecmp(s.ptr, word, s.len) == 0;
}

static bool is_uuid(struct slice s)
{
	uint8_t uuid[16];
	return text_parse_uuid(s, uuid) == 0;
}

static bool is_time(struct slice s)
{
	int64_t begin, end;
	return clock_parse(s, clock_now_us(), &begin, &end) == 0;
}

/* Whether the field can have such a value at all. */
static int check_value(struct parser *p, const struct field *field, const struct value *value)
{
	char shown[SHOWN_BYTES], name[SHOWN_BYTES];
	const char *what = NULL;
	if (only(field, NUMBERS) && !is_number(value->text))
		what = "a number";
	else if (only(field, TIME) && !is_time(value->text))
		what = "a time, such as 2026-03-09, 2026-03-09T14:03 or now-7d";
	else if (only(field, BOOL) && !is_word(value->text, "true") &&
		 !is_word(value->text, "false"))
		what = "true or false";
	else if (only(field, UUID) && !is_uuid(value->text))
		what = "an id of 32 hexadecimal digits: `*` stands for those that are not known";
	if (!what)
		return 0;
	return language_fail(p, value->begin, value->end, NULL,
		"`%s` is no value of %s, which is %s", parse_shown(value->text, shown),
		parse_shown(field->name, name), what);
}

int value_check_bound(struct parser *p, const struct field *field, const struct value *value,
	const struct bound *bound)
{
	if (bound->given && bound->text.len == 0)
		return language_fail(p, value->begin, value->end, NULL,
			"an empty text is no end of a range: `*` leaves it open");
	if (field && field->table)
		return language_fail(p, value->begin, value->end, NULL,
			"tables have no order: write table:NAME");
	/* Times and numbers are ordered by what they are, so that an end must be one. */
	if (bound->given && (only(field, TIME) || only(field, NUMBERS)))
		return check_value(p, field, value);
	return 0;
}

struct expr *value_range(struct parser *p, const struct field *field, struct bound low,
	struct bound high, uint32_t begin, uint32_t end)
{
	if (!low.given && !high.given)
		return tree_test(p, TEST_EXISTS, field->name, begin, end);
	if (field->all_ip)
		return address_range(p, field, &low, &high, begin, end);
	struct expr *expr = tree_test(p, TEST_RANGE, field->name, begin, end);
	expr->test.fold = true;
	expr->test.low = low;
	expr->test.high = high;
	return expr;
}

/* A time stands for all of what is written of it: a day for a day. */
static struct expr *time_test(
	struct parser *p, const struct field *field, const struct value *value)
{
	struct bound bound = {.given = true, .inclusive = true, .text = value->text};
	struct expr *range = value_range(p, field, bound, bound, value->begin, value->end);
	return only(field, TIME) ? range
				 : tree_either(p, range, value_patterns(p, field->name, value));
}

static struct expr *table_test(
	struct parser *p, const struct field *field, const struct value *value)
{
	struct expr *expr = value_patterns(p, field->name, value);
	char near[64] = "", list[200] = "", shown[SHOWN_BYTES];
	unsigned least = 4;
	size_t used = 0;
	for (uint32_t i = 0; i < p->tables->n; i++) {
		const struct schema *schema = p->tables->schemas[i];
		if (value->wild || resolve_table(schema, &expr->test))
			return expr;
		const char *const names[] = {schema->product, schema->table};
		for (int n = 0; n < 2; n++) {
			unsigned distance = text_distance(value->text, slice_of(names[n]), 3);
			if (distance < least && strlen(names[n]) < sizeof(near)) {
				least = distance;
				snprintf(near, sizeof(near), "%s", names[n]);
			}
		}
		int n = snprintf(
			list + used, sizeof(list) - used, "%s%s", used ? ", " : "", schema->table);
		used += n > 0 && (size_t)n < sizeof(list) - used ? (size_t)n : 0;
	}
	list[used] = '\0';
	language_fail(p, value->begin, value->end, near,
		"there is no table `%s` among those searched (%s)", parse_shown(value->text, shown),
		list);
	return NULL;
}

struct expr *value_test(struct parser *p, const struct field *field, struct value *value)
{
	if (!field)
		return bare_test(p, value);
	if (value->kind == VALUE_REGEX)
		return regex_test(p, field->name, value);
	if (all_pieces_many(value))
		return tree_test(p, TEST_EXISTS, field->name, value->begin, value->end);
	if (field->table)
		return table_test(p, field, value);
	if (value->wild)
		return value_patterns(p, field->name, value);
	struct expr *test = address_value(p, field, value);
	if (test)
		return test;
	if (address_check(p, field, value) < 0 || check_value(p, field, value) < 0)
		return NULL;
	if (field->types & TIME && is_time(value->text))
		return time_test(p, field, value);
	return value_patterns(p, field->name, value);
}
