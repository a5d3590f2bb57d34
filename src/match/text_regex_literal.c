/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text_regex_literal.c: a literal that a regular expression cannot match without. The expression is read
 * as one sequence: groups, classes and what may be repeated are stepped over, and whatever is not
 * understood for certain ends with no literal at all.
 */
#include "match/literals.h"

struct reader {
	struct slice regex;
	size_t at;
	struct buf run;
	struct buf *best;
};

static char here(const struct reader *r)
{
	return r->at < r->regex.len ? r->regex.ptr[r->at] : '\0';
}

static void end_run(struct reader *r)
{
	if (r->run.len > r->best->len) {
		buf_clear(r->best);
		buf_slice(r->best, buf_view(&r->run));
	}
	buf_clear(&r->run);
}

/* At a backslash: over it and what it stands before. *literal is the character that is meant, or NUL. */
static bool skip_escape(struct reader *r, char *literal)
{
	*literal = '\0';
	r->at++;
	char c = here(r);
	bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
	if (r->at >= r->regex.len || (unsigned char)c >= 0x80 || c < ' ' ||
		(letter && !strchr("dDwWsSbBAzZ", c)))
		return false;
	if (!letter)
		*literal = c;
	r->at++;
	return true;
}

/* At `[`: over the class. */
static bool skip_class(struct reader *r)
{
	char ignored;
	r->at++;
	if (here(r) == '^')
		r->at++;
	if (here(r) == ']')
		r->at++;
	while (r->at < r->regex.len && here(r) != ']') {
		if (here(r) == '[') /* a named class, perhaps */
			return false;
		if (here(r) != '\\')
			r->at++;
		else if (!skip_escape(r, &ignored))
			return false;
	}
	r->at++;
	return r->at <= r->regex.len;
}

/* After `(`: what follows a question mark is known not to change how the rest is read. */
static bool skip_group_head(struct reader *r)
{
	if (here(r) == '*')
		return false;
	if (here(r) != '?')
		return true;
	r->at++;
	if (here(r) == '<')
		r->at++;
	if (here(r) == '=' || here(r) == '!') {
		r->at++;
		return true;
	}
	if (r->regex.ptr[r->at - 1] == '<')
		return false;
	while (here(r) == 'i' || here(r) == 'm' || here(r) == 's' || here(r) == '-')
		r->at++;
	if (here(r) == ')')
		return true;
	return here(r) == ':';
}

/* At `(`: over the group, whatever is in it. */
static bool skip_group(struct reader *r)
{
	unsigned depth = 0;
	char ignored;
	do {
		char c = here(r);
		if (r->at >= r->regex.len)
			return false;
		if (c == '\\') {
			if (!skip_escape(r, &ignored))
				return false;
			continue;
		}
		if (c == '[') {
			if (!skip_class(r))
				return false;
			continue;
		}
		r->at++;
		if (c == '(') {
			depth++;
			if (!skip_group_head(r))
				return false;
		} else if (c == ')') {
			depth--;
		}
	} while (depth > 0);
	return true;
}

/* At `*`, `?` or `{`: what stood before it may be missing. */
static bool skip_optional(struct reader *r)
{
	if (r->run.len > 0)
		r->run.len--;
	end_run(r);
	if (here(r) != '{') {
		r->at++;
		return true;
	}
	while (r->at < r->regex.len && here(r) != '}')
		r->at++;
	r->at++;
	return r->at <= r->regex.len;
}

/* One item. False where it is not understood. */
static bool step(struct reader *r)
{
	char c = here(r);
	switch (c) {
	case '|':
	case ')':
		return false;
	case '(':
		end_run(r);
		return skip_group(r);
	case '[':
		end_run(r);
		return skip_class(r);
	case '*':
	case '?':
	case '{':
		return skip_optional(r);
	case '\\':
		if (!skip_escape(r, &c))
			return false;
		if (c)
			buf_push(&r->run, c);
		else
			end_run(r);
		return true;
	default:
		break;
	}
	r->at++;
	if (strchr(".^$+", c) || (unsigned char)c >= 0x80) /* NUL among them */
		end_run(r);
	else
		buf_push(&r->run, c);
	return true;
}

void regex_literal(struct slice regex, struct buf *out)
{
	struct reader r = {.regex = regex, .best = out};
	bool known = true;
	buf_clear(out);
	buf_init(&r.run, SIZE_MAX / 4);
	while (known && r.at < regex.len)
		known = step(&r);
	end_run(&r);
	if (!known)
		buf_clear(out);
	buf_fini(&r.run);
}
