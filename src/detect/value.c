/* SPDX-License-Identifier: Apache-2.0 */
/* value.c: what a value's text stands for: placeholders, dashes, wildcards, numbers. */
#include "detect/private.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

void text_list_add(struct arena *mem, struct text_list *list, struct slice text)
{
	uint32_t n = list->n;
	if (n == 0 || (n >= 4 && (n & (n - 1)) == 0)) {
		struct slice *more = arena_alloc(mem, (n < 4 ? 4 : 2 * (size_t)n) * sizeof(*more));
		if (n)
			memcpy(more, list->of, n * sizeof(*more));
		list->of = more;
	}
	list->of[list->n++] = text;
}

/* ---- placeholders ---------------------------------------------------------------------------- */

static bool is_name_byte(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       c == '_' || c == '-' || c == '.' || (unsigned char)c >= 0x80;
}

/* The next `%name%` at or after `at`; false where there is none. */
static bool next_placeholder(struct slice text, size_t at, size_t *begin, size_t *end)
{
	for (; at < text.len; at++) {
		if (text.ptr[at] != '%')
			continue;
		size_t to = at + 1;
		while (to < text.len && is_name_byte(text.ptr[to]))
			to++;
		if (to < text.len && text.ptr[to] == '%' && to > at + 1) {
			*begin = at;
			*end = to + 1;
			return true;
		}
	}
	return false;
}

static bool placeholder_values(struct document *doc, const char *name, struct texts *values)
{
	const struct rules_source *source = doc->loader->source;
	const struct setting *list = setting_find(&doc->loader->settings.placeholders, name);
	if (list) {
		*values = list->values;
		return true;
	}
	return source && source->placeholder && source->placeholder(source->ctx, name, values);
}

static void quote(struct buf *out, struct slice text, bool regex)
{
	for (size_t i = 0; i < text.len; i++) {
		if (regex && strchr("\\^$.[]|()?*+{}-#", text.ptr[i]))
			buf_push(out, '\\');
		buf_push(out, text.ptr[i]);
	}
}

enum { MAX_EXPANDED = 100000, MAX_EXPANDED_BYTES = 64 << 20 };

int value_expand(
	struct document *doc, uint32_t line, bool regex, struct slice text, struct text_list *out)
{
	size_t begin, end;
	if (!next_placeholder(text, 0, &begin, &end)) {
		text_list_add(doc->mem, out, text);
		return 0;
	}
	struct texts values;
	char *name = arena_strdup(doc->mem, (struct slice){text.ptr + begin + 1, end - begin - 2});
	char shown[YAML_SHOWN];
	if (!placeholder_values(doc, name, &values))
		return document_refuse(doc, line,
			"no values for the placeholder %%%s%%: give them in the settings under "
			"`placeholders`",
			yaml_shown(name, shown));
	/* The rest first: its combinations are the same for every value here. */
	struct text_list rest = {0};
	if (value_expand(doc, line, regex, (struct slice){text.ptr + end, text.len - end}, &rest) !=
		0)
		return -1;
	if ((uint64_t)values.n * rest.n > MAX_EXPANDED ||
		(uint64_t)values.n * rest.n * text.len > MAX_EXPANDED_BYTES)
		return document_refuse(doc, line,
			"placeholders give more than %d combinations: use fewer in one value",
			MAX_EXPANDED);
	struct buf buf;
	buf_init(&buf, SIZE_MAX);
	for (uint32_t v = 0; v < values.n; v++) {
		for (uint32_t r = 0; r < rest.n; r++) {
			buf_clear(&buf);
			buf_append(&buf, text.ptr, begin);
			quote(&buf, slice_of(values.of[v]), regex);
			buf_slice(&buf, rest.of[r]);
			text_list_add(doc->mem, out,
				(struct slice){arena_strdup(doc->mem, buf_view(&buf)), buf.len});
		}
	}
	buf_fini(&buf);
	return 0;
}

/* ---- dashes ---------------------------------------------------------------------------------- */

static const char *const dashes[] = {"-", "/", "\xe2\x80\x93", "\xe2\x80\x94", "\xe2\x80\x95"};

/* The length of the dash at `at`, or 0. */
static size_t dash_at(struct slice text, size_t at)
{
	for (size_t i = 0; i < COUNT(dashes); i++) {
		size_t len = strlen(dashes[i]);
		if (text.len - at >= len && memcmp(text.ptr + at, dashes[i], len) == 0)
			return len;
	}
	return 0;
}

static bool is_word(const struct slice text, size_t at)
{
	if (at >= text.len)
		return false;
	unsigned char c = (unsigned char)text.ptr[at];
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       c == '_' || (c >= 0x80 && !dash_at(text, at));
}

enum { MAX_DASHES = 5 };

int value_windash(struct document *doc, uint32_t line, struct slice text, struct text_list *out)
{
	size_t at[MAX_DASHES], len[MAX_DASHES], n = 0;
	bool word = false;
	for (size_t i = 0; i < text.len;) {
		size_t step = dash_at(text, i);
		if (step && !word && is_word(text, i + step)) {
			if (n == MAX_DASHES)
				return document_refuse(doc, line,
					"windash on more than %d options in one value: write them "
					"as values "
					"of their own",
					MAX_DASHES);
			at[n] = i;
			len[n++] = step;
		}
		word = !step && is_word(text, i);
		i += step ? step : 1;
	}
	uint32_t total = 1;
	for (size_t i = 0; i < n; i++)
		total *= (uint32_t)COUNT(dashes);
	struct buf buf;
	buf_init(&buf, SIZE_MAX);
	for (uint32_t which = 0; which < total; which++) {
		uint32_t left = which;
		size_t done = 0;
		buf_clear(&buf);
		for (size_t i = 0; i < n; i++) {
			buf_append(&buf, text.ptr + done, at[i] - done);
			buf_puts(&buf, dashes[left % COUNT(dashes)]);
			left /= (uint32_t)COUNT(dashes);
			done = at[i] + len[i];
		}
		buf_append(&buf, text.ptr + done, text.len - done);
		text_list_add(doc->mem, out,
			(struct slice){arena_strdup(doc->mem, buf_view(&buf)), buf.len});
	}
	buf_fini(&buf);
	return 0;
}

/* ---- wildcards ------------------------------------------------------------------------------- */

struct pattern value_pattern(struct arena *mem, struct slice text)
{
	/* Texts between wildcards, unescaped in place of a copy. */
	char *bytes = arena_strdup(mem, text);
	uint32_t most = 1;
	for (size_t i = 0; i < text.len; i++)
		most += 2 * (text.ptr[i] == '*' || text.ptr[i] == '?');
	struct piece *pieces = arena_zalloc(mem, most, sizeof(*pieces));
	uint32_t n = 0;
	size_t begin = 0, to = 0;
	for (size_t i = 0; i <= text.len; i++) {
		char c = i < text.len ? text.ptr[i] : '\0';
		bool wild = i < text.len && (c == '*' || c == '?');
		if ((wild || i == text.len) && to > begin)
			pieces[n++] = (struct piece){PIECE_TEXT, {bytes + begin, to - begin}};
		if (i == text.len)
			break;
		if (wild) {
			if (c == '?' || n == 0 || pieces[n - 1].kind != PIECE_MANY)
				pieces[n++].kind = c == '*' ? PIECE_MANY : PIECE_ONE;
			begin = to;
			continue;
		}
		if (c == '\\' && i + 1 < text.len && strchr("*?\\", text.ptr[i + 1]))
			c = text.ptr[++i];
		bytes[to++] = c;
	}
	return (struct pattern){pieces, n};
}

/* ---- numbers --------------------------------------------------------------------------------- */

bool value_number(struct arena *mem, const struct yaml_tree *value, struct slice *out)
{
	const char *text = value->text;
	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'o')) {
		errno = 0;
		uint64_t number = strtoull(text + 2, NULL, text[1] == 'x' ? 16 : 8);
		*out = slice_of(arena_printf(mem, "%" PRIu64, number));
		return errno == 0;
	}
	bool negative = *text == '-';
	text += *text == '-' || *text == '+';
	if (strpbrk(text, "nN")) /* .inf, .nan */
		return false;
	while (text[0] == '0' && text[1] >= '0' && text[1] <= '9')
		text++;
	size_t whole = strspn(text, "0123456789");
	const char *rest = text + whole;
	/* `.5` and `5.` are no numbers of JSON: 0.5, 5.0 */
	bool no_fraction = *rest == '.' && !(rest[1] >= '0' && rest[1] <= '9');
	*out = slice_of(arena_printf(mem, "%s%s%.*s%s%s", negative ? "-" : "", whole ? "" : "0",
		(int)whole, text, no_fraction ? ".0" : "", rest + no_fraction));
	return true;
}
