/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filter_regex.c: regular expressions of PCRE2 as those of RE2, as far as both certainly mean the same: texts, classes, groups,
 * alternatives, repetitions. PCRE2 may give up where RE2 does not, on long values and where repetitions stand within each other: there
 * the server's word is not enough. Of what is not understood only a literal that must stand in the value is asked for.
 */
#include "cluster/filter_private.h"
#include "match/literals.h"

enum {
	MOST_REPEAT = 100,
	SHORT = 200 /* bytes of a value that PCRE2 tries n² ways within LIMIT_REGEX_STEPS */
};

struct translation {
	struct slice regex;
	size_t at;
	unsigned flags;
	struct buf *out;
	unsigned depth;
	unsigned loops; /* without an end; a group that is repeated counts as many */
	bool ascii;     /* means the same on ASCII alone */
	bool atom;      /* what stands before may be repeated */
	bool group;     /* and is a group */
};

static int peek(const struct translation *t, size_t ahead)
{
	return t->at + ahead < t->regex.len ? (unsigned char)t->regex.ptr[t->at + ahead] : -1;
}

static bool is_word(int c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

/* What is no letter or digit stands as a class, within one as a number: ClickHouse looks for a text that must be there, and reads the
 * digits of a number beside one as such. */
static void put_char(struct translation *t, int c, bool in_class)
{
	if (c >= 0x80 || is_word(c))
		buf_push(t->out, (char)c);
	else
		buf_printf(t->out, in_class ? "\\x%02x" : "[\\x%02x]", (unsigned)c);
}

/* What stands after a backslash, as the inside of a class; NULL: unknown. *c: one character instead. */
static const char *escape(struct translation *t, int *c)
{
	*c = peek(t, 1);
	t->at += 2;
	switch (*c) {
	case 'd':
		t->ascii = true;
		return "0-9";
	case 'w':
		t->ascii = true;
		return "0-9A-Za-z_";
	case 's':
		t->ascii = true;
		return "\\x09-\\x0d ";
	case 'n':
		*c = '\n';
		return "";
	case 't':
		*c = '\t';
		return "";
	case 'r':
		*c = '\r';
		return "";
	default:
		return *c > ' ' && *c < 0x7f && !is_word(*c) ? "" : NULL;
	}
}

/* One character, escape or range of a class. */
static bool class_part(struct translation *t)
{
	int c = peek(t, 0), single;
	if (c < ' ' || c >= 0x7f || c == '[' || c == ']' || c == '&' || c == '~')
		return false;
	if (c == '\\') {
		const char *inside = escape(t, &single);
		if (!inside || (*inside && peek(t, 0) == '-'))
			return false;
		if (*inside)
			buf_puts(t->out, inside);
		else
			put_char(t, single, true);
		return true;
	}
	if (is_word(c) && peek(t, 1) == '-' && peek(t, 2) != ']') {
		if (!is_word(peek(t, 2)) || peek(t, 2) < c)
			return false;
		buf_printf(t->out, "%c-%c", c, peek(t, 2));
		t->at += 3;
		return true;
	}
	if (c == '-' && t->regex.ptr[t->at - 1] != '[' && peek(t, 1) != ']')
		return false;
	put_char(t, c, true);
	t->at++;
	return true;
}

/* At `[`. */
static bool class(struct translation *t)
{
	bool some = false;
	t->at++;
	buf_push(t->out, '[');
	if (peek(t, 0) == '^') {
		buf_push(t->out, '^');
		t->at++;
	}
	for (; peek(t, 0) != ']' || !some; some = true)
		if (!class_part(t))
			return false;
	buf_push(t->out, ']');
	t->at++;
	t->atom = true;
	t->group = false;
	return true;
}

static bool number(struct translation *t, unsigned *value)
{
	*value = 0;
	if (peek(t, 0) < '0' || peek(t, 0) > '9')
		return false;
	while (peek(t, 0) >= '0' && peek(t, 0) <= '9' && *value <= MOST_REPEAT)
		*value = *value * 10 + (unsigned)(t->regex.ptr[t->at++] - '0');
	return *value <= MOST_REPEAT;
}

static bool repetition(struct translation *t)
{
	int c = peek(t, 0);
	unsigned least, most;
	if (!t->atom)
		return false;
	t->at++;
	if (c != '{') {
		buf_push(t->out, (char)c);
		t->loops += c != '?';
	} else {
		if (!number(t, &least))
			return false;
		most = least;
		bool open = peek(t, 0) == ',' && peek(t, 1) == '}';
		if (peek(t, 0) == ',') {
			t->at++;
			if (!open && (!number(t, &most) || most < least))
				return false;
		}
		if (peek(t, 0) != '}')
			return false;
		t->at++;
		if (open)
			buf_printf(t->out, "{%u,}", least);
		else
			buf_printf(t->out, "{%u,%u}", least, most);
		t->loops++;
	}
	t->loops += t->group ? 100 : 0;
	if (peek(t, 0) == '?') { /* the shortest first: matches the same */
		buf_push(t->out, '?');
		t->at++;
	}
	t->atom = false;
	return peek(t, 0) != '+';
}

static bool group(struct translation *t)
{
	if (peek(t, 1) == '*' || (peek(t, 1) == '?' && peek(t, 2) != ':') || ++t->depth > 50)
		return false;
	t->at += peek(t, 1) == '?' ? 3 : 1;
	buf_puts(t->out, "(?:");
	t->atom = false;
	return true;
}

static bool group_end(struct translation *t)
{
	if (t->depth == 0)
		return false;
	t->depth--;
	t->at++;
	buf_push(t->out, ')');
	t->atom = t->group = true;
	return true;
}

static bool edge(struct translation *t)
{
	bool begin = peek(t, 0) == '^';
	if ((t->flags & REGEX_MULTILINE) || (!begin && t->at + 1 != t->regex.len))
		return false;
	buf_puts(t->out, begin ? "\\A" : "[\\x0a]?\\z");
	t->at++;
	t->atom = false;
	return true;
}

static bool step(struct translation *t)
{
	int c = peek(t, 0), single;
	const char *inside;
	switch (c) {
	case '[':
		return class(t);
	case '(':
		return group(t);
	case ')':
		return group_end(t);
	case '|':
		buf_push(t->out, '|');
		t->at++;
		t->atom = false;
		return true;
	case '*':
	case '+':
	case '?':
	case '{':
		return repetition(t);
	case '^':
	case '$':
		return edge(t);
	case '.':
		buf_puts(t->out, t->flags & REGEX_DOTALL ? "(?:.|[\\x0a])" : "[^\\x0a]");
		t->at++;
		break;
	case '\\':
		inside = escape(t, &single);
		if (!inside)
			return false;
		if (*inside)
			buf_printf(t->out, "[%s]", inside);
		else
			put_char(t, single, false);
		break;
	default:
		if (c >= 0x80) { /* one letter, which a repetition then is of */
			size_t n = text_utf8_step(t->regex.ptr + t->at, t->regex.len - t->at, NULL);
			buf_append(t->out, t->regex.ptr + t->at, n);
			t->at += n;
		} else {
			put_char(t, c, false);
			t->at++;
		}
	}
	t->atom = true;
	t->group = false;
	return true;
}

static bool translate(struct translation *t)
{
	if (t->regex.len == 0 || !text_utf8_valid(t->regex))
		return false;
	/* In a group: 18.16 looks for the letters behind a bare (?i) as they are, before it asks RE2. */
	if (t->flags & REGEX_FOLD) {
		buf_puts(t->out, "(?:(?i)");
		t->ascii = true;
	}
	while (t->at < t->regex.len)
		if (!step(t))
			return false;
	if (t->flags & REGEX_FOLD)
		buf_push(t->out, ')');
	return t->depth == 0 && !t->out->full;
}

static void put_match(struct buf *out, struct sql_value value, const struct buf *regex)
{
	buf_printf(out, "match(%s, ", value.sql);
	sql_text(out, buf_view(regex));
	buf_push(out, ')');
}

/* Only what must stand in the value. */
static void by_literal(struct pair *pair, struct sql_value value, const struct test *test)
{
	struct buf literal;
	buf_init(&literal, SIZE_MAX / 4);
	regex_literal(test->regex, &literal);
	if (!literal.len) {
		text_not_null(&pair->may, value);
	} else {
		or_more(&pair->may);
		buf_printf(&pair->may, "positionCaseInsensitive(%s, ", value.sql);
		sql_text(&pair->may, buf_view(&literal));
		buf_puts(&pair->may, ") > 0");
		pair->letters =
			value.ascii ? PLAIN_ANY : PLAIN_FOLDED; /* (?i) may stand within it */
	}
	buf_fini(&literal);
}

void text_regex(struct pair *pair, struct sql_value value, const struct test *test)
{
	struct buf regex;
	buf_init(&regex, (size_t)64 << 10);
	struct translation t = {.regex = test->regex, .flags = test->regex_flags, .out = &regex};
	if (!translate(&t)) {
		by_literal(pair, value, test);
		buf_fini(&regex);
		return;
	}
	bool sure = t.loops <= 1;
	if (sure) {
		or_more(&pair->must);
		buf_push(&pair->must, '(');
		put_match(&pair->must, value, &regex);
		buf_printf(&pair->must, " AND length(%s) < %d", value.sql, SHORT);
		if (t.ascii && !value.ascii)
			buf_printf(&pair->must, " AND lengthUTF8(%s) = length(%s)", value.sql,
				value.sql);
		buf_push(&pair->must, ')');
	}
	or_more(&pair->may);
	buf_push(&pair->may, '(');
	put_match(&pair->may, value, &regex);
	if (sure)
		buf_printf(&pair->may, " AND length(%s) >= %d", value.sql, SHORT);
	buf_push(&pair->may, ')');
	if (t.ascii && !value.ascii)
		pair->letters = PLAIN_ASCII;
	buf_fini(&regex);
}
