/* SPDX-License-Identifier: Apache-2.0 */
/* sql.c: the same questions as DuckDB expressions (for ASCII data: DuckDB folds case otherwise). */
#include "model.h"

#include <stdio.h>
#include <stdlib.h>

static void put_string(struct buf *out, const char *s)
{
	buf_push(out, '\'');
	for (; *s; s++) {
		if (*s == '\'')
			buf_push(out, '\'');
		buf_push(out, *s);
	}
	buf_push(out, '\'');
}

/* A pattern for ILIKE … ESCAPE '!'. */
static void put_like(struct buf *out, const struct ask_pattern *p, bool around)
{
	struct buf like;
	buf_init(&like, 1 << 12);
	buf_puts(&like, around ? "%" : "");
	for (unsigned i = 0; i <= p->nliterals; i++) {
		if (p->gap[i])
			buf_push(&like, p->gap[i] == '*' ? '%' : '_');
		for (const char *s = i < p->nliterals ? p->literal[i] : ""; *s; s++) {
			if (*s == '%' || *s == '_' || *s == '!')
				buf_push(&like, '!');
			buf_push(&like, *s);
		}
	}
	buf_puts(&like, around ? "%" : "");
	buf_push(&like, '\0');
	put_string(out, like.ptr);
	buf_fini(&like);
}

static void put_number(struct buf *out, const struct ask *ask, const char *value)
{
	buf_puts(out, "(true");
	if (ask->low)
		buf_printf(out, " AND %s %s %lld", value, ask->low_in ? ">=" : ">",
			(long long)ask->least);
	if (ask->high)
		buf_printf(out, " AND %s %s %lld", value, ask->high_in ? "<=" : "<",
			(long long)ask->most);
	buf_push(out, ')');
}

/* A test of one text. */
static void put_test(struct buf *out, const struct ask *ask, const char *value)
{
	static const char *const regex[] = {"contains", "starts_with", "ends_with"};
	const char *word = ask->pattern.literal[0];
	if (ask->kind == ASK_EXISTS) {
		buf_printf(out, "%s IS NOT NULL", value);
	} else if (ask->kind == ASK_BETWEEN) {
		buf_puts(out, "(true");
		if (ask->low) {
			buf_printf(
				out, " AND lower(%s) %s lower(", value, ask->low_in ? ">=" : ">");
			put_string(out, ask->low_text);
			buf_push(out, ')');
		}
		if (ask->high) {
			buf_printf(
				out, " AND lower(%s) %s lower(", value, ask->high_in ? "<=" : "<");
			put_string(out, ask->high_text);
			buf_push(out, ')');
		}
		buf_push(out, ')');
	} else if (ask->kind == ASK_REGEX && ask->shape < 3) {
		buf_printf(out, "%s(%s, ", regex[ask->shape], value);
		put_string(out, word);
		buf_push(out, ')');
	} else if (ask->kind == ASK_REGEX || (ask->kind == ASK_TEXT && ask->pattern.exact)) {
		buf_printf(out, "%s = ", value);
		put_string(out, word);
	} else if (ask->kind == ASK_WORD && ask->pattern.exact) {
		buf_printf(out, "contains(%s, ", value);
		put_string(out, word);
		buf_push(out, ')');
	} else {
		buf_printf(out, "%s ILIKE ", value);
		put_like(out, &ask->pattern, ask->kind == ASK_WORD);
		buf_puts(out, " ESCAPE '!'");
	}
}

static void put_part(struct buf *out, const struct ask *ask)
{
	buf_puts(out, ask->kind == ASK_NOT ? "NOT (true" : "coalesce((true");
	for (unsigned i = 0; i < ask->nkids; i++) {
		buf_puts(out, " AND ");
		put_part(out, ask->kids[i]);
	}
	if (ask->nkids == 0) {
		buf_puts(out, " AND ");
		if (ask->field == FIELD_PARTS_N && ask->kind != ASK_EXISTS)
			put_number(out, ask, "p.n");
		else
			put_test(out, ask,
				ask->field == FIELD_PARTS_N   ? "p.n"
				: ask->field == FIELD_PARTS_K ? "p.k"
							      : "p.v");
	}
	buf_puts(out, ask->kind == ASK_NOT ? ")" : "), false)");
}

static void put_any_part(struct buf *out, const struct ask *ask)
{
	buf_puts(out, "len(list_filter(parts, lambda p: ");
	put_part(out, ask);
	buf_puts(out, ")) > 0");
}

static void put_any_tag(struct buf *out, const struct ask *ask)
{
	buf_puts(out, "len(list_filter(tags, lambda t: coalesce(");
	put_test(out, ask, "t");
	buf_puts(out, ", false))) > 0");
}

static void put_word(struct buf *out, const struct ask *ask)
{
	static const char *const scalars[] = {"rid", "name", "note", "addr", "extra::varchar"};
	struct ask one = *ask;
	buf_puts(out, "(false");
	for (unsigned i = 0; i < 5; i++) {
		buf_puts(out, " OR coalesce(");
		put_test(out, ask, scalars[i]);
		buf_puts(out, ", false)");
	}
	buf_puts(out, " OR coalesce(");
	put_any_tag(out, ask);
	buf_puts(out, ", false)");
	for (one.field = FIELD_PARTS_K; one.field <= FIELD_PARTS_V; one.field++) {
		buf_puts(out, " OR coalesce(");
		put_any_part(out, &one);
		buf_puts(out, ", false)");
	}
	buf_push(out, ')');
}

static void put_field(struct buf *out, const struct ask *ask)
{
	char day[96];
	const char *name = field_names[ask->field].sql;
	if (ask->field == FIELD_TAGS)
		put_any_tag(out, ask);
	else if (ask->field == FIELD_PARTS_K || ask->field == FIELD_PARTS_V ||
		 ask->field == FIELD_PARTS_N)
		put_any_part(out, ask);
	else if (ask->kind == ASK_FLAG)
		buf_printf(out, "flag = %s", ask->flag ? "true" : "false");
	else if (ask->kind == ASK_NUMBER)
		put_number(out, ask, name);
	else if (ask->kind == ASK_TIME) {
		snprintf(day, sizeof(day), "epoch_us(%s) // 86400000000", name);
		buf_printf(out, "(%s IS NOT NULL AND ", name);
		put_number(out, ask, day);
		buf_push(out, ')');
	} else
		put_test(out, ask, name);
}

void ask_sql(const struct ask *ask, struct buf *out)
{
	buf_puts(out, ask->kind == ASK_NOT ? "NOT (" : "coalesce(");
	if (ask->kind == ASK_ALL) {
		buf_puts(out, "true");
	} else if (ask->kind == ASK_SAME) {
		put_any_part(out, ask);
	} else if (ask->nkids > 0) {
		for (unsigned i = 0; i < ask->nkids; i++) {
			buf_puts(out, i == 0 ? "(" : ask->kind == ASK_OR ? " OR " : " AND ");
			ask_sql(ask->kids[i], out);
		}
		buf_push(out, ')');
	} else if (ask->kind == ASK_WORD) {
		put_word(out, ask);
	} else if (ask->kind == ASK_NETWORK) {
		buf_printf(out, "in_network(ip_bytes, '%u.%u.%u.%u/%u')", ask->network[0],
			ask->network[1], ask->network[2], ask->network[3], ask->bits);
	} else if (ask->kind == ASK_EQUAL) {
		buf_puts(out, "lower(name) = lower(note)");
	} else {
		put_field(out, ask);
	}
	buf_puts(out, ask->kind == ASK_NOT ? ")" : ", false)");
}
