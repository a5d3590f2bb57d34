/* SPDX-License-Identifier: Apache-2.0 */
/* match_random_test.c: random expressions over random rows against the naive evaluator, in every
 * form: columns there or brought on demand, all rows or some; and what statistics rule out. */
#include "match/match_naive.h"
#include "match/private.h"

enum { ROUNDS = 60, EXPRESSIONS = 60, MOST_ROWS = 200 };

static uint64_t seed = 20260309;

static uint32_t draw(uint32_t n)
{
	uint64_t z = (seed += 0x9e3779b97f4a7c15);
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return (uint32_t)((z ^ (z >> 31)) % n);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static const char *const texts[] = {"ann", "Ann", "ANNA", "bob", "a*b", "", "5", "7.50", "-3",
	"1e2", "10.1.2.3", "2001:db8::1", "x", "annex", "2026-03-09", "zz", "0", "true"};
static const char *const numbers[] = {"0", "5", "-3", "7", "100", "-100", "2147483647", "8"};
static const char *const times[] = {"2026-03-09T14:03:11.25Z", "2026-01-01T00:00:00Z",
	"1999-12-31T23:59:59.999999Z", "2024-12-30T10:00:00Z", "2026-03-09T00:00:00Z"};
static const char *const addresses[] = {
	"10.1.2.3", "10.200.0.1", "2001:db8::1", "::1", "192.0.2.9"};
static const char *const booleans[] = {"true", "false"};
static const char *const ids[] = {"1", "2", "3", "9"};

#define PICK(array) (array)[draw(COUNT(array))]

static const char *random_value(int column)
{
	switch (toy_columns[column].type) {
	case COL_INT64:
	case COL_INT32:
		return PICK(numbers);
	case COL_BOOL:
		return PICK(booleans);
	case COL_TIME:
		return PICK(times);
	case COL_UUID:
		return PICK(ids);
	case COL_IP:
		return PICK(addresses);
	case COL_JSON:
		return PICK(naive_paths).json;
	case COL_STRING:
		break;
	}
	return PICK(texts);
}

/* `nulls` of 8 values are null. A small `variety` makes all values of a column alike. */
static void random_row(struct toy *toy, uint32_t nulls, const char *const *only)
{
	struct buf row;
	buf_init(&row, 1 << 16);
	for (int c = 0; c < TOY_COLUMNS; c++) {
		bool list = toy_columns[c].group != NO_GROUP;
		if (draw(8) < nulls)
			continue;
		buf_printf(&row, "%s%s=", row.len ? ";" : "", toy_columns[c].name);
		for (uint32_t n = list ? draw(4) : 1; n > 0; n--) {
			const char *value = only[c] ? only[c] : random_value(c);
			buf_printf(&row, "%s%s", draw(8) < nulls && list ? "~" : value,
				n > 1 ? "|" : "");
		}
	}
	buf_push(&row, '\0');
	toy_row(toy, arena_strdup(&toy->mem, buf_view(&row)));
	buf_fini(&row);
}

static void random_rows(struct toy *toy)
{
	static const char *only[TOY_COLUMNS];
	uint32_t n = draw(8) == 0 ? draw(3) : draw(MOST_ROWS), nulls = draw(4) * 2;
	toy_init(toy, MOST_ROWS);
	for (int c = 0; c < TOY_COLUMNS; c++)
		only[c] = draw(3) == 0 ? random_value(c) : NULL;
	for (uint32_t r = 0; r < n; r++)
		random_row(toy, nulls, only);
}

/* ---- expressions ----------------------------------------------------------------------------- */

static const char *const fields[] = {"id", "time", "name", "note", "size", "count", "ok", "ip",
	"extra", "tag", "kind", "title", "n", "addr", "both", "mixed", "*", "nothing", "extra.k",
	"extra.s.k", "extra.s", "extra.s.q", "name.k"};
static const char *const patterns[] = {"ann", "ANN", "bob", "a*", "*b", "?nn", "a?b", "*", "an*x*",
	"''", "5", "5.0", "-3", "-*", "true", "f*", "10.1.2.3", "10.*", "2001:db8::1", "*:*",
	"2026", "2026-03-09", "2026-*", "2026-03*", "2026-03-09T14*", "1999*",
	"11111111-1111-1111-1111-111111111111", "222*", "never", "x", "zz*", "*nn*", "??", "1e2"};
static const char *const regexes[] = {"^a", "b$", "n.*n", "[0-9]", "^-", "N", "^2026", "zzz", "e"};
static const char *const bounds[] = {"5", "-3", "7.5", "0", "99.99", "ann", "b", "2026-03-09",
	"2026", "1999-12-31", "10.1.0.0", "2001::", "A", "1e2"};
static const char *const networks[] = {
	"10.0.0.0/8", "::1", "10.1.2.0/24", "2001:db8::/32", "::/0", "0.0.0.0/0", "192.0.2.8/31"};
static const char *const relations[] = {"=", "^", "$", "~", "<", "<=", ">", ">="};
static const char *const parts[] = {"minute 0 3", "hour 10 14", "day 30 31", "week 1 1",
	"weekday 1 1", "month 3 12", "year 2024 2026", "year 1990 1999", "day 5 1"};

static void random_bounds(struct buf *out)
{
	if (draw(4) == 0)
		buf_puts(out, " *");
	else
		buf_printf(out, " %c%s", draw(2) ? '[' : '{', PICK(bounds));
	if (draw(4) == 0)
		buf_puts(out, " *");
	else
		buf_printf(out, " %s%c", PICK(bounds), draw(2) ? ']' : '}');
}

static void random_test(struct buf *out)
{
	const char *field = PICK(fields);
	switch (draw(9)) {
	case 0:
		buf_printf(out, "(has %s", field);
		break;
	case 1:
	case 2:
	case 3:
		buf_printf(out, "(%s %s", draw(3) ? "is" : "IS", field);
		for (uint32_t n = draw(3) + (draw(20) != 0); n > 0; n--)
			buf_printf(out, " %s", PICK(patterns));
		break;
	case 4:
		buf_printf(out, "(%s %s %s", draw(2) ? "re" : "rei", field, PICK(regexes));
		break;
	case 5:
		buf_printf(out, "(%s %s", draw(2) ? "range" : "RANGE", field);
		random_bounds(out);
		break;
	case 6:
		buf_printf(out, "(cidr %s %s", field, PICK(networks));
		if (draw(2))
			buf_printf(out, " %s", PICK(networks));
		break;
	case 7:
		buf_printf(out, "(%s %s %s %s", draw(2) ? "rel" : "REL", field, PICK(relations),
			PICK(fields));
		break;
	default:
		buf_printf(out, "(part %s %s", field, PICK(parts));
	}
	buf_push(out, ')');
}

static void random_expr(struct buf *out, unsigned depth)
{
	uint32_t kind = depth == 0 ? 9 : draw(10), n = draw(4);
	if (kind >= 6) {
		random_test(out);
		return;
	}
	if (kind == 5 && draw(4) == 0) {
		buf_printf(out, "(const %u)", draw(2));
		return;
	}
	if (kind == 0 || kind == 5)
		n = 1;
	buf_puts(out, kind == 0   ? "(not "
		      : kind == 1 ? "(and "
		      : kind == 2 ? "(or "
		      : kind == 3 ? "(and "
		      : kind == 4 ? "(count "
				  : "(same ");
	if (kind == 4) {
		uint32_t least = draw(n + 2);
		buf_printf(out, "%u %u ", least, least + draw(3));
	}
	while (n-- > 0)
		random_expr(out, depth - 1);
	buf_push(out, ')');
}

/* ---- columns on demand ----------------------------------------------------------------------- */

struct lazy {
	const struct batch *from;
	struct batch to;
	uint32_t fail_at; /* the call that fails; 0 = none */
	uint32_t calls;
	const char *expr;
};

static int lazy_load(void *ctx, uint32_t column, enum match_part part, struct err *err)
{
	struct lazy *lazy = ctx;
	const struct column *from = &lazy->from->columns[column];
	struct column *to = &lazy->to.columns[column];
	int group = toy_columns[column].group;
	if (++lazy->calls == lazy->fail_at)
		return err_set(err, ERR_DAMAGED, "damaged");
	bool strings = col_is_string(toy_columns[column].type);
	if (part == MATCH_VALUES && strings && !from->plain) {
		if (!to->n)
			*to = (struct column){
				.ndistinct = from->ndistinct, .off = from->off, .heap = from->heap};
		return 0;
	}
	*to = *from;
	if (group != NO_GROUP)
		lazy->to.groups[group] = lazy->from->groups[group];
	return 0;
}

static void lazy_init(struct lazy *lazy, const struct batch *from, const char *expr)
{
	*lazy = (struct lazy){.from = from, .expr = expr};
	batch_init(&lazy->to, &toy_shape);
	lazy->to.nrows = from->nrows;
}

/* ---- statistics ------------------------------------------------------------------------------ */

struct known {
	const struct toy *toy;
	char ends[TOY_COLUMNS][2][2];
};

static void widen(const struct toy_value *v, struct match_stats *s)
{
	if (!s->has_range) {
		s->min_i64 = s->max_i64 = v->i64;
		s->min_bytes = s->max_bytes = v->held;
	}
	s->has_range = true;
	s->min_i64 = v->i64 < s->min_i64 ? v->i64 : s->min_i64;
	s->max_i64 = v->i64 > s->max_i64 ? v->i64 : s->max_i64;
	if (slice_cmp(v->held, s->min_bytes) < 0)
		s->min_bytes = v->held;
	if (slice_cmp(v->held, s->max_bytes) > 0)
		s->max_bytes = v->held;
}

static void know(void *ctx, uint32_t column, struct match_stats *s)
{
	struct known *known = ctx;
	const struct toy *toy = known->toy;
	uint32_t nulls = 0;
	*s = (struct match_stats){.known = true};
	for (uint32_t i = 0; i < toy->n[column]; i++) {
		struct toy_value v = toy->values[column][i];
		nulls += v.null;
		if (toy_columns[column].type == COL_UUID)
			v.held = (struct slice){(const char *)toy->values[column][i].uuid, 16};
		if (!v.null)
			widen(&v, s);
	}
	s->all_null = nulls == toy->n[column];
	s->no_null = nulls == 0;
	/* Ends of text may be cut, as long as they stay ends. */
	if (toy_columns[column].type == COL_STRING && s->has_range && column % 2) {
		known->ends[column][0][0] = s->min_bytes.len ? s->min_bytes.ptr[0] : '\0';
		known->ends[column][1][0] =
			s->max_bytes.len ? (char)(s->max_bytes.ptr[0] + 1) : 'a';
		s->min_bytes = (struct slice){known->ends[column][0], s->min_bytes.len > 0};
		s->max_bytes = (struct slice){known->ends[column][1], 1};
	}
}

/* ---- one expression -------------------------------------------------------------------------- */

static uint64_t found_some, found_all, ruled_out, found_none;

static void compare(
	const char *text, const char *how, const uint64_t *want, const uint64_t *got, uint32_t n)
{
	for (uint32_t r = 0; r < (n + 63) / 64 * 64; r++) {
		bool wanted = r < n && bit_get(want, r);
		if (wanted != bit_get(got, r))
			fail_msg("%s, %s, row %u of %u: %d", text, how, r, n, !wanted);
	}
}

static void check_spans(
	const struct match_program *program, struct match_scratch *scratch, const struct toy *toy)
{
	struct text_span spans[8];
	for (uint32_t c = 0; c < TOY_COLUMNS; c++) {
		if (toy->n[c] == 0 || toy->values[c][0].null)
			continue;
		struct slice value = toy->values[c][0].text;
		uint32_t n = match_spans(program, scratch, c, value, spans, 8);
		assert_true(n <= 8);
		for (uint32_t i = 0; i < n; i++) {
			assert_true(spans[i].begin < spans[i].end && spans[i].end <= value.len);
			assert_true(i == 0 || spans[i].begin > spans[i - 1].end);
		}
	}
}

static void check_batch(const char *text, const struct match_program *program,
	const struct toy *toy, unsigned plain, const uint64_t *want)
{
	struct batch batch;
	struct match_scratch *scratch = match_scratch_new();
	uint64_t among[MOST_ROWS / 64 + 1], part[MOST_ROWS / 64 + 1], got[MOST_ROWS / 64 + 1];
	uint32_t count, n = toy->nrows;
	struct err err;
	toy_batch(toy, plain, &batch);
	struct match_input input = {.batch = &batch};
	assert_int_equal(match_rows(program, &input, scratch, NULL, got, &count, &err), 0);
	compare(text, "all", want, got, n);
	for (uint32_t w = 0; w <= MOST_ROWS / 64; w++) {
		among[w] = (uint64_t)draw(UINT32_MAX) << 32 | draw(UINT32_MAX);
		if (draw(2))
			among[w] &= (uint64_t)1 << draw(64);
		part[w] = among[w] & want[w];
	}
	struct lazy lazy;
	lazy_init(&lazy, &batch, text);
	input = (struct match_input){&lazy.to, lazy_load, &lazy};
	assert_int_equal(match_rows(program, &input, scratch, among, got, &count, &err), 0);
	compare(text, "some, on demand", part, got, n);
	uint32_t calls = lazy.calls;
	batch_fini(&lazy.to);
	if (calls > 0) {
		lazy_init(&lazy, &batch, text);
		lazy.fail_at = 1 + draw(calls);
		input.batch = &lazy.to;
		assert_int_equal(
			match_rows(program, &input, scratch, among, got, &count, &err), -1);
		assert_int_equal(err.kind, ERR_DAMAGED);
		batch_fini(&lazy.to);
	}
	check_spans(program, scratch, toy);
	match_scratch_free(scratch);
	batch_fini(&batch);
}

static void check_expr(const char *text, const struct toy *toy)
{
	struct arena mem = {0};
	struct err err;
	struct matcher *matcher;
	uint64_t want[MOST_ROWS / 64 + 1] = {0};
	uint32_t held = 0;
	struct known known = {.toy = toy};
	const struct expr *expr = toy_expr(&mem, text);
	for (uint32_t r = 0; r < toy->nrows; r++) {
		struct naive_place at = {toy, r, NO_GROUP, 0};
		if (naive_holds(expr, &at)) {
			bit_set(want, r);
			held++;
		}
	}
	assert_int_equal(matcher_new(expr, TOY_NOW, &matcher, NULL, &err), 0);
	struct match_program *program = match_bind(matcher, &toy_shape, toy_resolve, NULL);
	bool possible = match_possible(program, know, &known);
	if ((!possible || match_never(program)) && held > 0)
		fail_msg("%s: ruled out, but %u rows match", text, held);
	if (match_always(program) && held < toy->nrows)
		fail_msg("%s: always, but %u of %u rows match", text, held, toy->nrows);
	found_some += held > 0 && held < toy->nrows;
	found_all += held == toy->nrows;
	found_none += held == 0 && !match_never(program);
	ruled_out += !possible && !match_never(program);
	defer_distinct = draw(2) ? 1 : 8192;
	check_batch(text, program, toy, 0, want);
	check_batch(text, program, toy, draw(UINT32_MAX), want);
	match_program_free(program);
	matcher_free(matcher);
	arena_fini(&mem);
}

static void random_expressions(void **state)
{
	(void)state;
	const char *rounds = getenv("MATCH_ROUNDS");
	for (long round = 0; round < (rounds ? atol(rounds) : ROUNDS); round++) {
		struct toy toy;
		random_rows(&toy);
		for (uint32_t i = 0; i < EXPRESSIONS; i++) {
			struct buf text;
			buf_init(&text, 1 << 20);
			random_expr(&text, draw(5));
			buf_push(&text, '\0');
			check_expr(text.ptr, &toy);
			buf_fini(&text);
		}
		arena_fini(&toy.mem);
	}
	printf("some %llu, all %llu, none %llu, ruled out %llu\n", (unsigned long long)found_some,
		(unsigned long long)found_all, (unsigned long long)found_none,
		(unsigned long long)ruled_out);
	assert_true(found_some > 500 && found_all > 100 && ruled_out > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(random_expressions)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
