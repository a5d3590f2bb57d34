/* SPDX-License-Identifier: Apache-2.0 */
/* ask.c: random questions, and how the search language writes them. */
#include "model.h"

#include <ctype.h>
#include <stdio.h>

const struct field_name field_names[FIELDS] = {
	[FIELD_NAME] = {"name", NULL, "name"},
	[FIELD_NOTE] = {"note", NULL, "note"},
	[FIELD_ADDR] = {"addr", NULL, "addr"},
	[FIELD_ODD] = {"extra.odd", NULL, "(extra->>'odd')"},
	[FIELD_TAGS] = {"tags", NULL, "tags"},
	[FIELD_PARTS_K] = {"parts.k", "k", "k"},
	[FIELD_PARTS_V] = {"parts.v", "v", "v"},
	[FIELD_NUM] = {"num", NULL, "num"},
	[FIELD_PARTS_N] = {"parts.n", "n", "n"},
	[FIELD_FLAG] = {"flag", NULL, "flag"},
	[FIELD_SEEN] = {"seen", NULL, "seen"},
	[FIELD_EVENT_TIME] = {"event_time", NULL, "event_time"},
};

static void random_pattern(uint64_t *state, bool ascii, struct ask_pattern *p)
{
	static const char gaps[] = {0, 0, '*', '*', '?'};
	p->nliterals = 1 + pick(state, 8) / 6;
	for (unsigned i = 0; i < p->nliterals; i++)
		random_word(state, ascii, p->literal[i], sizeof(p->literal[i]));
	for (unsigned i = 0; i <= p->nliterals; i++)
		p->gap[i] = i > 0 && i < p->nliterals ? (pick(state, 3) ? '*' : '?')
						      : gaps[pick(state, 5)];
	p->exact = p->nliterals == 1 && !p->gap[0] && !p->gap[1] && pick(state, 4) == 0;
}

static void random_bounds(uint64_t *state, struct ask *ask)
{
	ask->low = pick(state, 4) != 0;
	ask->high = !ask->low || pick(state, 2);
	ask->low_in = pick(state, 2);
	ask->high_in = pick(state, 2);
}

static void random_leaf(uint64_t *state, bool ascii, struct ask *ask)
{
	static const enum ask_kind kinds[] = {ASK_WORD, ASK_WORD, ASK_TEXT, ASK_TEXT, ASK_TEXT,
		ASK_TEXT, ASK_REGEX, ASK_EXISTS, ASK_BETWEEN, ASK_NUMBER, ASK_FLAG, ASK_TIME,
		ASK_NETWORK, ASK_EQUAL, ASK_ALL};
	ask->kind = kinds[pick(state, sizeof(kinds) / sizeof(*kinds))];
	ask->field = (enum field)pick(state, TEXT_FIELDS);
	random_pattern(state, ascii, &ask->pattern);
	random_bounds(state, ask);
	ask->shape = pick(state, 4);
	ask->flag = pick(state, 2);
	if (ask->kind == ASK_WORD)
		ask->pattern.gap[0] = ask->pattern.gap[ask->pattern.nliterals] = 0;
	if (ask->kind == ASK_EXISTS)
		ask->field = (enum field)pick(state, FIELDS);
	if (ask->kind == ASK_BETWEEN)
		ask->field = pick(state, 2) ? FIELD_NAME : FIELD_TAGS;
	snprintf(ask->low_text, sizeof(ask->low_text), "%c", "bkrsx"[pick(state, 5)]);
	snprintf(ask->high_text, sizeof(ask->high_text), "%ca", "KrsT"[pick(state, 4)]);
	ask->least = ask->most = 0;
	if (ask->kind == ASK_NUMBER) {
		ask->field = pick(state, 3) ? FIELD_NUM : FIELD_PARTS_N;
		ask->least = pick(state, 4) == 0 ? INT64_C(9007199254740992) + pick(state, 3)
						 : (int64_t)pick(state, 22) - 11;
		ask->most = ask->least + pick(state, 6);
	} else if (ask->kind == ASK_TIME) { /* whole days */
		ask->field = pick(state, 2) ? FIELD_SEEN : FIELD_EVENT_TIME;
		ask->least = 20454 + pick(state, 8); /* 2026-01-01 and later, in days */
		ask->most = ask->least + pick(state, 10);
	} else if (ask->kind == ASK_NETWORK) {
		ask->network[0] = 10;
		ask->network[2] = (uint8_t)pick(state, 3);
		ask->network[3] = (uint8_t)pick(state, 256);
		ask->bits = 16 + pick(state, 17);
	} else if (ask->kind == ASK_FLAG) {
		ask->field = FIELD_FLAG;
	}
}

static void random_within(uint64_t *state, bool ascii, struct ask *ask)
{
	random_leaf(state, ascii, ask);
	ask->kind = pick(state, 4) == 0 ? ASK_NUMBER : pick(state, 4) == 0 ? ASK_EXISTS : ASK_TEXT;
	ask->field = ask->kind == ASK_NUMBER ? FIELD_PARTS_N
		     : pick(state, 2)        ? FIELD_PARTS_K
					     : FIELD_PARTS_V;
	ask->least = pick(state, 6);
	ask->most = ask->least + pick(state, 3);
}

struct ask *random_ask(uint64_t *state, bool ascii, unsigned depth, struct arena *mem)
{
	struct ask *ask = arena_zalloc(mem, 1, sizeof(*ask));
	unsigned roll = pick(state, 10);
	if (depth == 0 || roll < 4) {
		random_leaf(state, ascii, ask);
		return ask;
	}
	ask->kind = roll < 6 ? ASK_AND : roll < 8 ? ASK_OR : roll < 9 ? ASK_NOT : ASK_SAME;
	ask->nkids = ask->kind == ASK_NOT ? 1 : 2 + pick(state, 2);
	for (unsigned i = 0; i < ask->nkids; i++) {
		if (ask->kind != ASK_SAME) {
			ask->kids[i] = random_ask(state, ascii, depth - 1, mem);
			continue;
		}
		struct ask *kid = arena_zalloc(mem, 1, sizeof(*kid)), *leaf = kid;
		if (pick(state, 4) == 0) {
			leaf = arena_zalloc(mem, 1, sizeof(*kid));
			*kid = (struct ask){.kind = ASK_NOT, .nkids = 1, .kids = {leaf}};
		}
		random_within(state, ascii, leaf);
		ask->kids[i] = kid;
	}
	return ask;
}

/* ---- as text --------------------------------------------------------------------------------- */

static void put_bare(struct buf *out, const char *s)
{
	static const char *const words[] = {"AND", "OR", "NOT", "TO"};
	for (unsigned i = 0; i < 4; i++)
		if (strcmp(s, words[i]) == 0)
			buf_push(out, '\\');
	for (; *s; s++) {
		if (!isalnum((unsigned char)*s) && (unsigned char)*s < 0x80)
			buf_push(out, '\\');
		buf_push(out, *s);
	}
}

static void put_quoted(struct buf *out, char quote, const char *s)
{
	buf_push(out, quote);
	for (; *s; s++) {
		if (*s == quote || *s == '\\')
			buf_push(out, '\\');
		buf_push(out, *s);
	}
	buf_push(out, quote);
}

static void put_pattern(struct buf *out, const struct ask_pattern *p, uint64_t *state)
{
	bool wild = p->gap[0] || p->gap[p->nliterals] || p->nliterals > 1;
	if (!wild && p->exact) {
		put_quoted(out, '\'', p->literal[0]);
		return;
	}
	/* An unquoted slash makes an address field expect a network. */
	if (!wild && (strchr(p->literal[0], '/') || pick(state, 2))) {
		put_quoted(out, '"', p->literal[0]);
		return;
	}
	for (unsigned i = 0; i <= p->nliterals; i++) {
		if (p->gap[i])
			buf_push(out, p->gap[i]);
		if (i < p->nliterals)
			put_bare(out, p->literal[i]);
	}
}

/* Regular expressions of shapes that can be read without an engine. */
static void put_regex(struct buf *out, const struct ask *ask)
{
	static const char *const around[][2] = {{"", ""}, {"^", ""}, {"", "$"}, {"^", "$"}};
	buf_push(out, '/');
	buf_puts(out, around[ask->shape][0]);
	for (const char *s = ask->pattern.literal[0]; *s; s++) {
		if (!isalnum((unsigned char)*s) && (unsigned char)*s < 0x80)
			buf_push(out, '\\');
		buf_push(out, *s);
	}
	buf_puts(out, around[ask->shape][1]);
	buf_push(out, '/');
}

static void put_bound(struct buf *out, const struct ask *ask, bool low)
{
	int64_t value = low ? ask->least : ask->most, year;
	unsigned month, day;
	if (!(low ? ask->low : ask->high)) {
		buf_push(out, '*');
	} else if (ask->kind == ASK_BETWEEN) {
		buf_puts(out, low ? ask->low_text : ask->high_text);
	} else if (ask->kind == ASK_NUMBER) {
		buf_printf(out, "%lld", (long long)value);
	} else {
		clock_date(value, &year, &month, &day);
		buf_printf(out, "%04lld-%02u-%02u", (long long)year, month, day);
	}
}

static void put_range(struct buf *out, const struct ask *ask, uint64_t *state)
{
	if (ask->low != ask->high && pick(state, 2)) { /* the short form */
		buf_puts(out, ask->low ? (ask->low_in ? ">=" : ">") : (ask->high_in ? "<=" : "<"));
		put_bound(out, ask, ask->low);
		return;
	}
	buf_push(out, ask->low_in ? '[' : '{');
	put_bound(out, ask, true);
	buf_puts(out, " TO ");
	put_bound(out, ask, false);
	buf_push(out, ask->high_in ? ']' : '}');
}

static void put_leaf(const struct ask *ask, bool within, uint64_t *state, struct buf *out)
{
	if (ask->kind == ASK_ALL) {
		buf_push(out, '*');
		return;
	}
	if (ask->kind == ASK_EQUAL) {
		buf_puts(out, "name:=note");
		return;
	}
	if (ask->kind != ASK_WORD)
		buf_printf(out, "%s:",
			within                     ? field_names[ask->field].within
			: ask->kind == ASK_NETWORK ? "addr"
						   : field_names[ask->field].search);
	switch (ask->kind) {
	case ASK_WORD:
	case ASK_TEXT:
		put_pattern(out, &ask->pattern, state);
		break;
	case ASK_REGEX:
		put_regex(out, ask);
		break;
	case ASK_EXISTS:
		buf_push(out, '*');
		break;
	case ASK_FLAG:
		buf_puts(out, ask->flag ? "true" : "false");
		break;
	case ASK_NETWORK:
		buf_printf(out, "%u.%u.%u.%u/%u", ask->network[0], ask->network[1], ask->network[2],
			ask->network[3], ask->bits);
		break;
	default:
		put_range(out, ask, state);
	}
}

static void put_ask(const struct ask *ask, bool within, uint64_t *state, struct buf *out)
{
	if (ask->nkids == 0) {
		put_leaf(ask, within, state, out);
		return;
	}
	if (ask->kind == ASK_NOT) {
		buf_puts(out, pick(state, 2) ? "NOT (" : "-(");
		put_ask(ask->kids[0], within, state, out);
		buf_push(out, ')');
		return;
	}
	buf_puts(out, ask->kind == ASK_SAME ? "parts:{" : "(");
	for (unsigned i = 0; i < ask->nkids; i++) {
		if (i > 0)
			buf_puts(out, ask->kind == ASK_OR ? " OR "
				      : pick(state, 2)    ? " AND "
							  : " ");
		put_ask(ask->kids[i], within || ask->kind == ASK_SAME, state, out);
	}
	buf_push(out, ask->kind == ASK_SAME ? '}' : ')');
}

void ask_text(const struct ask *ask, uint64_t *state, struct buf *out)
{
	put_ask(ask, false, state, out);
}
