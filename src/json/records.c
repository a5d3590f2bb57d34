/* SPDX-License-Identifier: Apache-2.0 */
/* records.c: cuts an input into records. Lines are cut at newlines and nothing else; a stream is
 * followed bracket by bracket, and after an error up to what looks like the next record. */
#include "json/json.h"

#include "json/envelope.h"
#include "json/private.h"

/* A rejected part is at most this long; the tail of a block that may hold half a record's beginning
 * is left for the next block. */
enum { PART_BYTES = 1 << 20, TAIL_BYTES = 1024 };

static const char too_long[] = "longer than 16 MiB";

/* One call. */
struct cut {
	struct json_records *state;
	struct slice block;
	size_t at;
	bool last;
	struct json_record *out;
	uint32_t n, max;
	size_t found; /* what find_record said last; it holds for all places before it */
};

static void emit(struct cut *c, size_t from, size_t to, const char *reason)
{
	const char *base = c->block.ptr;
	while (from < to && is_blank(base[from]))
		from++;
	while (from < to && is_blank(base[to - 1]))
		to--;
	if (from < to)
		c->out[c->n++] =
			(struct json_record){(uint32_t)from, (uint32_t)(to - from), reason};
}

/* ---- lines ---- */

/* Within an over-long line: passes over one part of it. False where the block holds no more. */
static bool pass_long_line(struct cut *c)
{
	size_t left = c->block.len - c->at;
	size_t n = left < PART_BYTES ? left : PART_BYTES;
	const char *p = c->block.ptr + c->at, *newline = memchr(p, '\n', n);
	if (newline)
		n = (size_t)(newline - p);
	emit(c, c->at, c->at + n, too_long);
	c->at += n + (newline != NULL);
	c->state->skipping = newline ? 0 : c->state->skipping + n;
	return left > 0;
}

/* One line. False where more of the input is needed. */
static bool cut_line(struct cut *c)
{
	const char *p = c->block.ptr + c->at;
	size_t left = c->block.len - c->at;
	const char *newline = memchr(p, '\n', left);
	size_t n = newline ? (size_t)(newline - p) : left;
	if (n > LIMIT_RECORD_BYTES) {
		c->state->skipping = 1;
		return true;
	}
	if (!newline && !c->last)
		return false;
	emit(c, c->at, c->at + n, NULL);
	c->at += n + (newline != NULL);
	return true;
}

static void cut_lines(struct cut *c)
{
	while (c->n < c->max && c->at < c->block.len) {
		bool more = c->state->skipping ? pass_long_line(c) : cut_line(c);
		if (!more)
			break;
	}
	if (c->last && c->at == c->block.len)
		c->state->skipping = 0;
}

/* ---- streams ---- */

static char top(const struct json_records *state)
{
	return state->depth ? (char)state->stack[state->depth - 1] : 0;
}

static void note_place(struct json_records *state)
{
	state->in_records =
		state->depth >= 2 && top(state) == '[' && state->stack[state->depth - 2] == '{';
}

static void push(struct json_records *state, char kind)
{
	state->stack[state->depth++] = (uint8_t)kind;
	note_place(state);
}

static void pop(struct json_records *state)
{
	state->depth--;
	note_place(state);
}

/* Blanks between the beginning of its line and `at`; -1 where something else stands there. */
static int indent_of(const struct cut *c, size_t at)
{
	size_t i = at;
	while (i > 0 && (c->block.ptr[i - 1] == ' ' || c->block.ptr[i - 1] == '\t'))
		i--;
	return i == 0 || c->block.ptr[i - 1] == '\n' ? (int)(at - i) : -1;
}

/* Whether a record may begin at the brace at `at`: by its first keys where records were seen, else
 * where it stands at the beginning of a line. */
static bool may_begin(const struct cut *c, size_t at)
{
	const struct json_records *state = c->state;
	if (state->signature)
		return envelope_signature(c->block, at) == state->signature;
	int indent = indent_of(c, at);
	return indent >= 0 && (state->indent < 0 || indent == state->indent);
}

/* Where the next record may begin from `from` on, or the block's length. */
static size_t find_record(struct cut *c, size_t from)
{
	if (c->found >= from && c->found > 0)
		return c->found;
	const char *base = c->block.ptr, *end = base + c->block.len, *p = base + from;
	while (p < end && (p = memchr(p, '{', (size_t)(end - p)))) {
		if (may_begin(c, (size_t)(p - base)))
			return c->found = (size_t)(p - base);
		p++;
	}
	return c->found = c->block.len;
}

/* What stands at c->at is rejected from here to the next record. */
static bool begin_skipping(struct cut *c, const char *reason)
{
	c->state->skip_reason = reason;
	c->state->skipping = 0;
	c->found = 0;
	return true;
}

/* One rejected part. False where more of the input is needed. */
static bool skip_part(struct cut *c)
{
	struct json_records *state = c->state;
	size_t next = find_record(c, c->at + (state->skipping == 0)), to = next;
	if (next == c->block.len && !c->last) {
		if (c->block.len - c->at < PART_BYTES + TAIL_BYTES)
			return false;
		to = c->block.len - TAIL_BYTES;
	}
	if (to - c->at > PART_BYTES)
		to = c->at + PART_BYTES;
	emit(c, c->at, to, state->skip_reason);
	state->skipping += to - c->at;
	c->at = to;
	if (to == next) {
		state->skip_reason = NULL;
		state->skipping = 0;
	}
	return true;
}

/* The object that ends too early, or not within the limit. */
static bool unfinished(struct cut *c, const char *reason)
{
	if (c->block.len - c->at > LIMIT_RECORD_BYTES)
		return begin_skipping(c, too_long);
	return c->last ? begin_skipping(c, reason) : false;
}

static bool cut_object(struct cut *c)
{
	struct json_records *state = c->state;
	size_t inner;
	if (!state->in_records && state->depth + 2 <= sizeof(state->stack)) {
		switch (envelope_open(c->block, c->at, c->last, &inner)) {
		case ENVELOPE_YES:
			push(state, '{');
			push(state, '[');
			c->at = inner;
			return true;
		case ENVELOPE_MORE:
			return unfinished(c, "the input ends within a record");
		case ENVELOPE_NO:
			break;
		}
	}
	bool repaired;
	struct json_fault fault;
	int64_t end = json_value(c->block, c->at, 0, &repaired, &fault);
	if (end < 0) {
		if (fault.offset == c->block.len)
			return unfinished(c, "the input ends within a record");
		return begin_skipping(c, fault.reason);
	}
	if ((size_t)end - c->at > LIMIT_RECORD_BYTES)
		return begin_skipping(c, too_long);
	state->signature = envelope_signature(c->block, c->at);
	state->indent = indent_of(c, c->at);
	emit(c, c->at, (size_t)end, NULL);
	c->at = (size_t)end;
	return true;
}

/* Something that is no object stands where a record should: rejected up to the next comma, bracket
 * or line. */
static bool cut_other(struct cut *c)
{
	const char *base = c->block.ptr, *end = base + c->block.len, *p = base + c->at;
	if (*p == '"') {
		int64_t to = json_skip(c->block, c->at);
		if (to < 0)
			return c->last ? begin_skipping(c, "string without an end") : false;
		p = base + to;
	} else {
		p++;
		while (p < end && !strchr("\n,[]{}\"", *p))
			p++;
		if (p == end && !c->last && (size_t)(p - base) - c->at < PART_BYTES)
			return false;
	}
	size_t to = (size_t)(p - base);
	if (to - c->at > PART_BYTES)
		to = c->at + PART_BYTES;
	emit(c, c->at, to, "not an object");
	c->at = to;
	return true;
}

/* A member of an envelope beside its records: passed over. */
static bool cut_member(struct cut *c)
{
	const char *p = c->block.ptr + c->at, *end = c->block.ptr + c->block.len;
	if (*p == '}') {
		pop(c->state);
		c->at++;
		return true;
	}
	int64_t to = *p == '"' ? json_skip(c->block, c->at) : -2;
	const char *colon = to < 0 ? end : skip_blanks(c->block.ptr + to, end);
	const char *value = colon == end ? end : skip_blanks(colon + 1, end);
	if (to == -2 || (colon < end && *colon != ':')) {
		pop(c->state); /* the envelope is broken: go on as between values */
		return begin_skipping(c, "key expected");
	}
	if (value == end)
		return unfinished(c, "the input ends within an envelope");
	struct slice key = {p + 1, (size_t)(c->block.ptr + to - p) - 2};
	if (*value == '[' && envelope_key(key) && c->state->depth < sizeof(c->state->stack)) {
		push(c->state, '[');
		c->at = (size_t)(value + 1 - c->block.ptr);
		return true;
	}
	to = json_skip(c->block, (size_t)(value - c->block.ptr));
	if (to == -1 || to == (int64_t)c->block.len)
		return to > 0 && c->last ? (c->at = (size_t)to, true)
					 : unfinished(c, "the input ends within an envelope");
	if (to < 0)
		return begin_skipping(c, "bracket does not match");
	c->at = (size_t)to;
	return true;
}

/* What stands at c->at, which is neither blank nor a comma. */
static bool cut_token(struct cut *c)
{
	struct json_records *state = c->state;
	char kind = top(state), ch = c->block.ptr[c->at];
	if (kind == '{')
		return cut_member(c);
	if (ch == '{')
		return cut_object(c);
	if (ch == '[' && state->depth < sizeof(state->stack)) {
		push(state, '[');
		c->at++;
		return true;
	}
	if (ch == ']' && kind == '[') {
		pop(state);
		c->at++;
		return true;
	}
	return cut_other(c);
}

static void cut_stream(struct cut *c)
{
	while (c->n < c->max) {
		if (!c->state->skip_reason) {
			while (c->at < c->block.len &&
				(is_blank(c->block.ptr[c->at]) || c->block.ptr[c->at] == ','))
				c->at++;
		}
		if (c->at == c->block.len)
			break;
		if (!(c->state->skip_reason ? skip_part(c) : cut_token(c)))
			break;
	}
}

uint32_t json_records_cut(struct json_records *state, struct slice block, bool last,
	struct json_record *out, uint32_t max, size_t *consumed)
{
	struct cut c = {.state = state, .block = block, .last = last, .out = out, .max = max};
	if (state->layout == JSON_LINES)
		cut_lines(&c);
	else
		cut_stream(&c);
	*consumed = c.at;
	return c.n;
}
