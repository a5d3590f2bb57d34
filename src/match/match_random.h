/* SPDX-License-Identifier: Apache-2.0 */
/* match_random.h: random rows of toy.h, random expressions, and columns that come on demand. For tests
 * only. */
#ifndef MATCH_RANDOM_H
#define MATCH_RANDOM_H

#include "match/match_naive.h"

enum { MOST_ROWS = 200 };

static uint64_t seed = 20260309;

/* A number below n. */
static inline uint32_t draw(uint32_t n)
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

/* A value for a column of toy.h, as it is written there. */
static inline const char *random_value(int column)
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
static inline void random_row(struct toy *toy, uint32_t nulls, const char *const *only)
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

/* Up to MOST_ROWS rows. */
static inline void random_rows(struct toy *toy)
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

/* The ends of a range. */
static inline void random_bounds(struct buf *out)
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

/* A test in toy.h's words. */
static inline void random_test(struct buf *out)
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

/* An expression of them, so deep at most. */
static inline void random_expr(struct buf *out, unsigned depth)
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

/* match_input's load. */
static inline int lazy_load(void *ctx, uint32_t column, enum match_part part, struct err *err)
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

/* Columns of `from` that come when they are asked for. */
static inline void lazy_init(struct lazy *lazy, const struct batch *from, const char *expr)
{
	*lazy = (struct lazy){.from = from, .expr = expr};
	batch_init(&lazy->to, &toy_shape);
	lazy->to.nrows = from->nrows;
}

#endif
