/* SPDX-License-Identifier: Apache-2.0 */
/* settings_edit.c: where an entry stands in the text of settings, and the text with it changed. */
#include "detect/settings_edit.h"

#include <stdio.h>

/* A part of the file: "KEY:" at the beginning of a line, and what belongs to it. */
struct section {
	size_t line, value,
		end; /* value: behind the colon; end: behind the last line that is no blank or comment */
	char form; /* '\n': entries in lines, or none; '[' or '{': in brackets; 's': one text */
	size_t open, close; /* of brackets; of the text */
	size_t last; /* behind the last thing in the brackets, a comma too; = open + 1: they are empty */
};
struct entry {
	size_t line, after; /* its line; in brackets: from it to the next one or the end */
	size_t word, word_end, value, value_end;
};

static size_t line_end(struct slice s, size_t at)
{
	while (at < s.len && s.ptr[at] != '\n')
		at++;
	return at < s.len ? at + 1 : at;
}

static size_t skip_blanks(struct slice s, size_t at)
{
	while (at < s.len && (s.ptr[at] == ' ' || s.ptr[at] == '\t'))
		at++;
	return at;
}

static bool ends_line(struct slice s, size_t at)
{
	return at >= s.len || s.ptr[at] == '\n' || s.ptr[at] == '\r' || s.ptr[at] == '#';
}

/* Behind a word: quoted, or plain up to one of `ends`, a comment or the line's end. */
static size_t word_end(struct slice s, size_t at, const char *ends)
{
	char quote = at < s.len ? s.ptr[at] : 0;
	if (quote == '"' || quote == '\'') {
		size_t end = at + 1;
		while (end < s.len && s.ptr[end] != quote && s.ptr[end] != '\n')
			end++;
		return end < s.len && s.ptr[end] == quote ? end + 1 : end;
	}
	size_t end = at;
	while (end < s.len && !strchr(ends, s.ptr[end]) && s.ptr[end] != '\n' &&
		!(s.ptr[end] == '#' && end > at && s.ptr[end - 1] == ' '))
		end++;
	while (end > at && strchr(" \t\r", s.ptr[end - 1]))
		end--;
	return end;
}

/* ---- sections -------------------------------------------------------------------------------- */

/* The matching bracket; notes what stands last before it. */
static bool find_close(struct slice s, struct section *section)
{
	section->last = section->open + 1;
	for (size_t at = section->open + 1; at < s.len; at++) {
		char c = s.ptr[at];
		if (c == ']' || c == '}') {
			section->close = at;
			return true;
		}
		if (c == '[' || c == '{')
			return false;
		if (c == '#' && strchr(" \t\n", s.ptr[at - 1])) {
			at = line_end(s, at) - 1;
			continue;
		}
		if (c == '"' || c == '\'')
			at = word_end(s, at, "") - 1;
		if (!strchr(" \t\r\n", c))
			section->last = at + 1;
	}
	return false;
}

static size_t section_end(struct slice s, size_t at)
{
	size_t end = at;
	while (at < s.len) {
		size_t first = skip_blanks(s, at), next = line_end(s, at);
		if (!ends_line(s, first)) {
			if (first == at && s.ptr[at] != '-')
				break;
			end = next;
		}
		at = next;
	}
	return end;
}

/* 1 found, 0 it is not there, -1. */
static int find_section(struct slice s, const char *key, struct section *section, struct err *err)
{
	size_t n = strlen(key), at = 0;
	while (at < s.len &&
		!(s.len - at > n && memcmp(s.ptr + at, key, n) == 0 &&
			skip_blanks(s, at + n) < s.len && s.ptr[skip_blanks(s, at + n)] == ':'))
		at = line_end(s, at);
	if (at >= s.len)
		return 0;
	*section = (struct section){.line = at, .value = skip_blanks(s, at + n) + 1, .form = '\n'};
	size_t first = skip_blanks(s, section->value);
	section->end = section_end(s, line_end(s, at));
	if (ends_line(s, first))
		return 1;
	section->form = s.ptr[first] == '[' || s.ptr[first] == '{' ? s.ptr[first] : 's';
	section->open = first;
	section->close = word_end(s, first, "");
	if (section->form != 's' && !find_close(s, section))
		return err_set(err, ERR_FORMAT,
			"%s: its brackets hold others, or do not end: change it by hand", key);
	return 1;
}

/* ---- entries --------------------------------------------------------------------------------- */

/* The next entry in brackets at or behind *at. */
static bool next_in_brackets(
	struct slice s, const struct section *section, size_t *at, struct entry *e)
{
	size_t from = *at;
	while (from < section->close && strchr(" \t\r\n,", s.ptr[from]))
		from++;
	if (from >= section->close)
		return false;
	*e = (struct entry){.line = from, .word = from};
	e->word_end = word_end(s, from, section->form == '{' ? ":,]}" : ",]}");
	size_t end = e->word_end;
	if (section->form == '{') {
		e->value = skip_blanks(s, skip_blanks(s, end) + 1);
		e->value_end = end = word_end(s, e->value, ",]}");
	}
	while (end < section->close && strchr(" \t", s.ptr[end]))
		end++;
	e->after = end < section->close && s.ptr[end] == ',' ? skip_blanks(s, end + 1) : end;
	*at = e->after;
	return e->word_end > e->word;
}

/* The next entry in lines. */
static bool next_in_lines(
	struct slice s, const struct section *section, bool map, size_t *at, struct entry *e)
{
	for (size_t line = *at; line < section->end; line = line_end(s, line)) {
		size_t first = skip_blanks(s, line);
		if (ends_line(s, first) || (s.ptr[first] == '-') == map)
			continue;
		*e = (struct entry){.line = line, .after = line_end(s, line)};
		e->word = map ? first : skip_blanks(s, first + 1);
		e->word_end = word_end(s, e->word, map ? ":" : "");
		if (map) {
			e->value = skip_blanks(s, skip_blanks(s, e->word_end) + 1);
			e->value_end = word_end(s, e->value, "");
		}
		*at = e->after;
		return true;
	}
	return false;
}

static bool next_entry(
	struct slice s, const struct section *section, bool map, size_t *at, struct entry *e)
{
	if (section->form == '\n') {
		*at = *at ? *at : line_end(s, section->line);
		return next_in_lines(s, section, map, at, e);
	}
	if (section->form == 's') {
		*e = (struct entry){.word = section->open, .word_end = section->close};
		bool first = *at == 0;
		*at = 1;
		return first && !map;
	}
	*at = *at ? *at : section->open + 1;
	return next_in_brackets(s, section, at, e);
}

static bool is_meant(struct slice s, const struct entry *e, const struct settings_change *change)
{
	char word[256];
	size_t from = e->word, to = e->word_end;
	if (to - from >= 2 && (s.ptr[from] == '"' || s.ptr[from] == '\'') &&
		s.ptr[to - 1] == s.ptr[from]) {
		from++;
		to--;
	}
	snprintf(
		word, sizeof(word), "%.*s", (int)(to - from < 255 ? to - from : 255), s.ptr + from);
	return change->means(change->ctx, word);
}

/* ---- changes --------------------------------------------------------------------------------- */

static void copy(struct buf *out, struct slice s, size_t from, size_t to)
{
	buf_append(out, s.ptr + from, to - from);
}

static void put_entry(struct buf *out, const struct settings_change *change, const char *before)
{
	buf_printf(out, "%s%s%s%s", before, change->word, change->value ? ": " : "",
		change->value ? change->value : "");
}

static void put_line(struct buf *out, struct slice s, const struct section *section,
	const struct entry *last, const struct settings_change *change)
{
	size_t at = last ? last->after : line_end(s, section->line);
	copy(out, s, 0, at);
	if (out->len && out->ptr[out->len - 1] != '\n')
		buf_push(out, '\n');
	if (last)
		copy(out, s, last->line, skip_blanks(s, last->line));
	else
		buf_puts(out, "    ");
	put_entry(out, change, change->value ? "" : "- ");
	buf_push(out, '\n');
	copy(out, s, at, s.len);
}

static void put_in_brackets(struct buf *out, struct slice s, const struct section *section,
	const struct settings_change *change)
{
	size_t at = section->last;
	bool comma = at > section->open + 1 && s.ptr[at - 1] != ',';
	copy(out, s, 0, at);
	put_entry(out, change, comma ? ", " : at > section->open + 1 ? " " : "");
	copy(out, s, at, s.len);
}

static void put_new(struct buf *out, struct slice s, const struct settings_change *change)
{
	buf_slice(out, s);
	if (out->len && out->ptr[out->len - 1] != '\n')
		buf_push(out, '\n');
	buf_printf(out, "%s:\n    ", change->part);
	put_entry(out, change, change->value ? "" : "- ");
	buf_push(out, '\n');
}

static void drop_entry(struct buf *out, struct slice s, const struct section *section,
	const struct entry *e, bool only, bool map)
{
	size_t from = e->line, to = e->after;
	if (section->form == 's' || (section->form == '\n' && only && !map)) {
		/* An empty list must say that it is one. */
		copy(out, s, 0, section->value);
		buf_puts(out, " []");
		if (section->form == '\n')
			copy(out, s, section->value, e->line);
		copy(out, s, section->form == 's' ? section->close : to, s.len);
		return;
	}
	if (section->form != '\n' && to >= section->last && !only) {
		/* The last one takes the comma before it along. */
		while (from > section->open + 1 && strchr(" \t", s.ptr[from - 1]))
			from--;
		from -= s.ptr[from - 1] == ',';
	}
	copy(out, s, 0, from);
	copy(out, s, to, s.len);
}

static int change_section(struct slice s, const struct section *section,
	const struct settings_change *change, struct buf *out)
{
	bool map = strcmp(change->part, "thresholds") == 0, found = false;
	struct entry e, last = {0}, hit = {0};
	uint32_t n = 0;
	for (size_t at = 0; next_entry(s, section, map, &at, &e); n++) {
		last = e;
		if (!found && is_meant(s, &e, change)) {
			found = true;
			hit = e;
		}
	}
	if (found && change->drop) {
		drop_entry(out, s, section, &hit, n == 1, map);
		return 1;
	}
	size_t len = change->value ? strlen(change->value) : 0;
	if (found && map &&
		!(hit.value_end - hit.value == len &&
			memcmp(s.ptr + hit.value, change->value, len) == 0)) {
		copy(out, s, 0, hit.value);
		buf_puts(out, change->value);
		copy(out, s, hit.value_end, s.len);
		return 1;
	}
	if (found || change->drop) {
		buf_slice(out, s);
		return 0;
	}
	if (section->form == '\n') {
		put_line(out, s, section, n ? &last : NULL, change);
	} else if (section->form == 's') {
		copy(out, s, 0, section->open);
		buf_push(out, '[');
		copy(out, s, section->open, section->close);
		put_entry(out, change, ", ");
		buf_push(out, ']');
		copy(out, s, section->close, s.len);
	} else {
		put_in_brackets(out, s, section, change);
	}
	return 1;
}

int settings_edit(
	struct slice text, const struct settings_change *change, struct buf *out, struct err *err)
{
	struct section section;
	int rc = find_section(text, change->part, &section, err);
	if (rc < 0)
		return -1;
	if (rc == 1)
		return change_section(text, &section, change, out);
	if (change->drop)
		buf_slice(out, text);
	else
		put_new(out, text, change);
	return !change->drop;
}
