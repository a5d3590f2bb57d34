/* SPDX-License-Identifier: Apache-2.0 */
/*
 * match_naive.h: what expr.h promises, done row by row and value by value on the rows of toy.h, with
 * libc's own readers of numbers, times, addresses and regular expressions. For tests only: texts
 * are ASCII and numbers small.
 */
#ifndef MATCH_NAIVE_H
#define MATCH_NAIVE_H

#include <ctype.h>
#include <regex.h>
#include <strings.h>
#include <time.h>

#include "match/toy.h"

/* What paths find in the JSON values that the random rows have. */
struct naive_path {
	const char *json, *path, *values[4];
};
static const struct naive_path naive_paths[] = {
	{"{\"k\":\"ann\",\"s\":{\"k\":5}}", "k", {"ann"}},
	{"{\"k\":\"ann\",\"s\":{\"k\":5}}", "s.k", {"5"}},
	{"{\"k\":\"ann\",\"s\":{\"k\":5}}", "s", {"{\"k\":5}"}},
	{"{\"k\":[\"bob\",null,7],\"s.k\":\"x\"}", "k", {"bob", "7"}},
	{"{\"k\":[\"bob\",null,7],\"s.k\":\"x\"}", "s.k", {"x"}},
	{"{ \"k\" : null }", "-", {0}},
	{"[{\"k\":\"5\"},{\"k\":true}]", "k", {"5", "true"}},
	{"\"text\"", "-", {0}},
	{"{\"s\":{\"k\":[\"a\",[\"b\"]],\"q\":\"\\u0061n\\n\"}}", "s.k", {"[\"a\",[\"b\"]]"}},
	{"{\"s\":{\"k\":[\"a\",[\"b\"]],\"q\":\"\\u0061n\\n\"}}", "s",
		{"{\"k\":[\"a\",[\"b\"]],\"q\":\"\\u0061n\\n\"}"}},
	{"{\"s\":{\"k\":[\"a\",[\"b\"]],\"q\":\"\\u0061n\\n\"}}", "s.q", {"an\n"}},
};

/* A value of a field in one row: printed, and where its type counts. */
struct naive_value {
	enum col_type type;
	const struct toy_value *of; /* NULL: found in JSON */
	char text[160];
};
enum { NAIVE_VALUES = 128 };
struct naive_place {
	const struct toy *toy;
	uint32_t row;
	int group; /* or NO_GROUP */
	uint32_t element;
};

static inline void naive_print(struct naive_value *v)
{
	char *out = v->text;
	size_t size = sizeof(v->text);
	const struct toy_value *of = v->of;
	struct tm tm;
	time_t seconds;
	static const char mapped[12] = {[10] = (char)0xff, [11] = (char)0xff};
	switch (v->type) {
	case COL_STRING:
	case COL_JSON:
		snprintf(out, size, "%.*s", SLICE_ARG(of->text));
		break;
	case COL_INT64:
	case COL_INT32:
		snprintf(out, size, "%lld", (long long)of->i64);
		break;
	case COL_BOOL:
		snprintf(out, size, "%s", of->i64 ? "true" : "false");
		break;
	case COL_TIME:
		seconds = (time_t)(of->i64 / 1000000);
		gmtime_r(&seconds, &tm);
		(void)strftime(out, size, "%Y-%m-%dT%H:%M:%S", &tm);
		snprintf(out + 19, size - 19, ".%06dZ", (int)(of->i64 % 1000000));
		break;
	case COL_UUID:
		for (int i = 0; i < 16; i++)
			out += sprintf(out, "%s%02x",
				i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", of->uuid[i]);
		break;
	case COL_IP:
		if (memcmp(of->held.ptr, mapped, 12) == 0)
			inet_ntop(AF_INET, of->held.ptr + 12, out, (socklen_t)size);
		else
			inet_ntop(AF_INET6, of->held.ptr, out, (socklen_t)size);
		break;
	}
}

static inline uint32_t naive_json(
	const struct toy_value *json, struct slice path, struct naive_value *values, uint32_t n)
{
	for (size_t i = 0; i < COUNT(naive_paths); i++) {
		if (!slice_eq(json->text, slice_of(naive_paths[i].json)) ||
			!slice_eq(path, slice_of(naive_paths[i].path)))
			continue;
		for (int k = 0; naive_paths[i].values[k]; k++) {
			values[n].type = COL_STRING;
			values[n].of = NULL;
			strcpy(values[n++].text, naive_paths[i].values[k]);
		}
	}
	return n;
}

/* All values of a field at a place. */
static inline uint32_t naive_values(
	const struct naive_place *at, struct slice field, struct naive_value *values)
{
	static struct match_field fields[MATCH_FIELDS];
	uint32_t n = 0, nfields = toy_resolve(NULL, &toy_shape, field, TEST_EXISTS, fields);
	for (uint32_t f = 0; f < nfields; f++) {
		int c = fields[f].column, g = toy_columns[c].group;
		uint32_t from = at->row, to = at->row + 1;
		if (fields[f].path.len && toy_columns[c].type != COL_JSON)
			continue;
		if (g != NO_GROUP && at->group == NO_GROUP) {
			from = at->toy->list_off[g][at->row];
			to = at->toy->list_off[g][at->row + 1];
		} else if (g != NO_GROUP) {
			from = at->element;
			to = g == at->group ? from + 1 : from;
		}
		for (uint32_t i = from; i < to; i++) {
			const struct toy_value *of = &at->toy->values[c][i];
			assert_true(n + 4 < NAIVE_VALUES);
			if (of->null)
				continue;
			if (fields[f].path.len) {
				n = naive_json(of, fields[f].path, values, n);
				continue;
			}
			values[n].type = toy_columns[c].type;
			values[n].of = of;
			naive_print(&values[n++]);
		}
	}
	return n;
}

/* ---- tests ----------------------------------------------------------------------------------- */

static inline bool naive_matches(const char *text, const char *regex, bool fold)
{
	static struct {
		char key[80];
		regex_t compiled;
	} cache[64];
	static size_t n;
	size_t i = 0;
	char key[80];
	snprintf(key, sizeof(key), "%d%s", fold, regex);
	while (i < n && strcmp(cache[i].key, key) != 0)
		i++;
	if (i == n) {
		assert_true(n < COUNT(cache));
		strcpy(cache[n].key, key);
		assert_int_equal(regcomp(&cache[n++].compiled, regex,
					 REG_EXTENDED | REG_NOSUB | (fold ? REG_ICASE : 0)),
			0);
	}
	return regexec(&cache[i].compiled, text, 0, NULL, 0) == 0;
}

static inline bool naive_number(const char *text, long double *value)
{
	if (!naive_matches(text, "^-?[0-9]+(\\.[0-9]+)?([eE][-+]?[0-9]{1,9})?$", false))
		return false;
	*value = strtold(text, NULL);
	return true;
}

static inline const char *naive_text(struct slice s)
{
	static char texts[4][256];
	static unsigned at;
	char *text = texts[at++ % 4];
	snprintf(text, 256, "%.*s", SLICE_ARG(s));
	return text;
}

static inline bool naive_byte(char a, char b, bool fold)
{
	return fold ? tolower((unsigned char)a) == tolower((unsigned char)b) : a == b;
}

/* The pieces from `p` on against all of `text`. */
static inline bool naive_fits(
	const struct pattern *pattern, uint32_t p, const char *text, bool fold)
{
	if (p == pattern->npieces)
		return *text == '\0';
	const struct piece *piece = &pattern->pieces[p];
	if (piece->kind == PIECE_ONE)
		return *text && naive_fits(pattern, p + 1, text + 1, fold);
	if (piece->kind == PIECE_MANY) {
		for (;; text++) {
			if (naive_fits(pattern, p + 1, text, fold))
				return true;
			if (!*text)
				return false;
		}
	}
	for (size_t i = 0; i < piece->text.len; i++) {
		if (!naive_byte(*text++, piece->text.ptr[i], fold))
			return false;
	}
	return naive_fits(pattern, p + 1, text, fold);
}

static inline bool naive_address(const char *text, unsigned char bytes[16])
{
	memset(bytes, 0, 16);
	bytes[10] = bytes[11] = 0xff;
	return inet_pton(AF_INET, text, bytes + 12) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

/* An exact pattern as a value of a type that is no text. */
static inline bool naive_is(const struct naive_value *v, const char *text)
{
	long double number;
	unsigned char bytes[16];
	int64_t begin, end;
	switch (v->type) {
	case COL_INT64:
	case COL_INT32:
		return naive_number(text, &number) && number == (long double)v->of->i64;
	case COL_TIME:
		return clock_parse(slice_of(text), TOY_NOW, &begin, &end) == 0 &&
		       v->of->i64 >= begin && v->of->i64 < end;
	case COL_IP:
		return naive_address(text, bytes) && memcmp(bytes, v->of->held.ptr, 16) == 0;
	case COL_BOOL:
	case COL_UUID:
	case COL_STRING:
	case COL_JSON:
		break;
	}
	return strcasecmp(text, v->text) == 0;
}

static inline bool naive_patterns(const struct test *test, const struct naive_value *v)
{
	for (uint32_t i = 0; i < test->npatterns; i++) {
		const struct pattern *p = &test->patterns[i];
		bool exact =
			p->npieces == 0 || (p->npieces == 1 && p->pieces[0].kind == PIECE_TEXT);
		if (exact && v->type != COL_STRING && v->type != COL_JSON) {
			if (naive_is(v, p->npieces ? naive_text(p->pieces[0].text) : ""))
				return true;
		} else if (naive_fits(p, 0, v->text, test->fold)) {
			return true;
		}
	}
	return false;
}

/* How a value stands to a bound; false where it does not. */
static inline bool naive_order(
	const struct naive_value *v, const struct bound *bound, bool upper, bool fold, int *order)
{
	const char *text = naive_text(bound->text);
	long double number, own;
	unsigned char bytes[16];
	int64_t begin, end;
	switch (v->type) {
	case COL_TIME:
		if (clock_parse(bound->text, TOY_NOW, &begin, &end) != 0)
			return false;
		/* Within what the bound names counts as equal to it. */
		*order = v->of->i64 < begin ? -1 : v->of->i64 >= end;
		return true;
	case COL_IP:
		if (!naive_address(text, bytes))
			return false;
		*order = memcmp(v->of->held.ptr, bytes, 16);
		return true;
	case COL_BOOL:
	case COL_UUID:
		return false; /* no UUIDs among the random bounds */
	case COL_INT64:
	case COL_INT32:
	case COL_STRING:
	case COL_JSON:
		break;
	}
	(void)upper;
	if (naive_number(text, &number)) {
		if (!naive_number(v->text, &own))
			return false;
		*order = (own > number) - (own < number);
		return true;
	}
	*order = fold ? strcasecmp(v->text, text) : strcmp(v->text, text);
	return v->type == COL_STRING || v->type == COL_JSON;
}

static inline bool naive_range(const struct test *test, const struct naive_value *v)
{
	int order;
	if (test->low.given && (!naive_order(v, &test->low, false, test->fold, &order) ||
				       order < !test->low.inclusive))
		return false;
	return !test->high.given || (naive_order(v, &test->high, true, test->fold, &order) &&
					    order <= -!test->high.inclusive);
}

static inline bool naive_cidr(const struct test *test, const struct naive_value *v)
{
	unsigned char bytes[16];
	if (v->type == COL_IP)
		memcpy(bytes, v->of->held.ptr, 16);
	else if ((v->type != COL_STRING && v->type != COL_JSON) || !naive_address(v->text, bytes))
		return false;
	for (uint32_t i = 0; i < test->nnetworks; i++) {
		bool in = true;
		for (unsigned b = 0; b < test->networks[i].bits; b++) {
			unsigned differ = bytes[b / 8] ^ test->networks[i].address[b / 8];
			in &= (differ >> (7 - b % 8) & 1) == 0;
		}
		if (in)
			return true;
	}
	return false;
}

static inline bool naive_part(const struct test *test, const struct naive_value *v)
{
	int64_t us, end;
	char text[32], *next = text;
	struct tm tm;
	long value = 0;
	if (v->type == COL_TIME)
		us = v->of->i64;
	else if ((v->type != COL_STRING && v->type != COL_JSON) || !isdigit(v->text[0]) ||
		 clock_parse(slice_of(v->text), 0, &us, &end) != 0)
		return false;
	time_t seconds = (time_t)(us / 1000000);
	gmtime_r(&seconds, &tm);
	(void)strftime(text, sizeof(text), "%M %H %d %V %u %m %Y", &tm);
	for (int i = 0; i <= (int)test->part; i++)
		value = strtol(next, &next, 10);
	return value >= test->part_least && value <= test->part_most;
}

static inline bool naive_pair(
	const struct test *test, const struct naive_value *a, const struct naive_value *b)
{
	long double x = 0, y = 0;
	size_t na = strlen(a->text), nb = strlen(b->text);
	bool ints = (a->type == COL_INT64 || a->type == COL_INT32) &&
		    (b->type == COL_INT64 || b->type == COL_INT32);
	bool typed = ints || (a->type == b->type && a->type != COL_STRING && a->type != COL_JSON);
	int order = test->fold ? strcasecmp(a->text, b->text) : strcmp(a->text, b->text);
	bool a_number = naive_number(a->text, &x), b_number = naive_number(b->text, &y);
	if (a->type == COL_IP && typed)
		order = memcmp(a->of->held.ptr, b->of->held.ptr, 16);
	else if (typed && a->type != COL_UUID)
		order = (a->of->i64 > b->of->i64) - (a->of->i64 < b->of->i64);
	else if (!typed && test->relation >= REL_LESS && a_number != b_number)
		return false;
	else if (!typed && test->relation >= REL_LESS && a_number)
		order = (x > y) - (x < y);
	int (*compare)(const char *, const char *, size_t) = test->fold ? strncasecmp : strncmp;
	switch (test->relation) {
	case REL_EQUAL:
		return order == 0;
	case REL_STARTS:
		return compare(a->text, b->text, nb) == 0;
	case REL_ENDS:
		return nb <= na && compare(a->text + na - nb, b->text, nb) == 0;
	case REL_CONTAINS:
		return (test->fold ? strcasestr : strstr)(a->text, b->text) != NULL;
	case REL_LESS:
		return order < 0;
	case REL_LESS_EQUAL:
		return order <= 0;
	case REL_GREATER:
		return order > 0;
	case REL_GREATER_EQUAL:
		return order >= 0;
	}
	return false;
}

/* Whether a value passes; `others` are those of the other field. */
static inline bool naive_value_passes(const struct test *test, const struct naive_value *v,
	const struct naive_value *others, uint32_t nothers)
{
	switch (test->op) {
	case TEST_EXISTS:
		return true;
	case TEST_PATTERNS:
		return naive_patterns(test, v);
	case TEST_REGEX:
		return naive_matches(v->text, naive_text(test->regex), test->regex_flags != 0);
	case TEST_RANGE:
		return naive_range(test, v);
	case TEST_CIDR:
		return naive_cidr(test, v);
	case TEST_TIME_PART:
		return naive_part(test, v);
	case TEST_FIELD:
		for (uint32_t i = 0; i < nothers; i++) {
			if (naive_pair(test, v, &others[i]))
				return true;
		}
	}
	return false;
}

static inline bool naive_test(const struct test *test, const struct naive_place *at)
{
	static struct naive_value values[NAIVE_VALUES], others[NAIVE_VALUES];
	uint32_t n = naive_values(at, test->field, values);
	uint32_t nothers = test->op == TEST_FIELD ? naive_values(at, test->other, others) : 0;
	for (uint32_t i = 0; i < n; i++) {
		if (naive_value_passes(test, &values[i], others, nothers))
			return true;
	}
	return false;
}

/* ---- trees ----------------------------------------------------------------------------------- */

static inline bool naive_uses(const struct expr *expr, int group)
{
	static struct match_field fields[MATCH_FIELDS];
	bool uses = false;
	for (int side = 0; expr->kind == EXPR_TEST && side < 2; side++) {
		struct slice name = side ? expr->test.other : expr->test.field;
		bool ask = side == 0 || expr->test.op == TEST_FIELD;
		uint32_t n = ask ? toy_resolve(NULL, &toy_shape, name, TEST_EXISTS, fields) : 0;
		for (uint32_t i = 0; i < n; i++)
			uses |= toy_columns[fields[i].column].group == group;
	}
	for (uint32_t i = 0; i < expr->nchildren; i++)
		uses |= naive_uses(expr->children[i], group);
	return uses;
}

static inline bool naive_holds(const struct expr *expr, const struct naive_place *at);

static inline bool naive_same(const struct expr *expr, const struct naive_place *at)
{
	bool lists = false;
	for (int g = 0; g < TOY_GROUPS && at->group == NO_GROUP; g++) {
		struct naive_place place = {at->toy, at->row, g, 0};
		if (!naive_uses(expr, g))
			continue;
		lists = true;
		for (place.element = at->toy->list_off[g][at->row];
			place.element < at->toy->list_off[g][at->row + 1]; place.element++) {
			if (naive_holds(expr, &place))
				return true;
		}
	}
	return !lists && naive_holds(expr, at);
}

static inline bool naive_holds(const struct expr *expr, const struct naive_place *at)
{
	uint32_t held = 0;
	if (expr->kind == EXPR_SAME)
		return naive_same(expr->children[0], at);
	if (expr->kind == EXPR_TEST)
		return naive_test(&expr->test, at);
	for (uint32_t i = 0; i < expr->nchildren; i++)
		held += naive_holds(expr->children[i], at);
	switch (expr->kind) {
	case EXPR_AND:
		return held == expr->nchildren;
	case EXPR_OR:
		return held > 0;
	case EXPR_NOT:
		return held == 0;
	case EXPR_COUNT:
		return held >= expr->least && held <= expr->most;
	case EXPR_CONST:
	case EXPR_SAME:
	case EXPR_TEST:
		break;
	}
	return expr->constant;
}

#endif
