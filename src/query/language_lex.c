/* SPDX-License-Identifier: Apache-2.0 */
/* language_lex.c: the pieces of a query: blanks, words, quoted texts, regular expressions, ends of
 * ranges. Each leaves the place behind what it read. */
#include "query/language_private.h"

static unsigned char byte_at(const struct parser *p, uint32_t at)
{
	return at < p->len ? (unsigned char)p->text[at] : 0;
}

/* The length of a blank at `at`, or 0: what ASCII has, and those that come along when one copies
 * from a page or a document. */
static uint32_t blank_at(const struct parser *p, uint32_t at)
{
	unsigned char c = byte_at(p, at);
	if (at < p->len && (c == ' ' || (c >= '\t' && c <= '\r')))
		return 1;
	if (c == 0xc2 && byte_at(p, at + 1) == 0xa0)
		return 2; /* U+00A0 */
	if (c == 0xe3 && byte_at(p, at + 1) == 0x80 && byte_at(p, at + 2) == 0x80)
		return 3; /* U+3000 */
	if (c == 0xe2 && byte_at(p, at + 1) == 0x80 &&
		((byte_at(p, at + 2) >= 0x80 && byte_at(p, at + 2) <= 0x8a) ||
			byte_at(p, at + 2) == 0xaf))
		return 3; /* U+2000 … U+200A, U+202F */
	return 0;
}

void lex_blanks(struct parser *p)
{
	uint32_t n;
	while ((n = blank_at(p, p->at)))
		p->at += n;
}

static bool doubled(const struct parser *p, uint32_t at)
{
	unsigned char c = byte_at(p, at);
	return (c == '&' || c == '|') && byte_at(p, at + 1) == c;
}

bool lex_ends(const struct parser *p, uint32_t at)
{
	if (at >= p->len || blank_at(p, at) || doubled(p, at))
		return true;
	unsigned char c = byte_at(p, at);
	return c == '(' || c == ')' || c == '}' || c == '"';
}

static bool word_here(const struct parser *p, const char *word)
{
	uint32_t n = (uint32_t)strlen(word);
	return p->len - p->at >= n && memcmp(p->text + p->at, word, n) == 0 &&
	       lex_ends(p, p->at + n);
}

enum joint lex_joint(const struct parser *p, uint32_t *end)
{
	static const struct {
		const char *word;
		enum joint joint;
	} words[] = {{"AND", JOINT_AND}, {"OR", JOINT_OR}, {"NOT", JOINT_NOT}};
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (word_here(p, words[i].word)) {
			*end = p->at + (uint32_t)strlen(words[i].word);
			return words[i].joint;
		}
	unsigned char c = byte_at(p, p->at);
	*end = p->at + 1 + doubled(p, p->at);
	if (doubled(p, p->at))
		return c == '&' ? JOINT_AND : JOINT_OR;
	bool alone = p->at + 1 >= p->len || blank_at(p, p->at + 1);
	/* A dash by itself is a word: people paste "a - b". */
	return c == '!' || (c == '-' && !alone) ? JOINT_NOT : JOINT_NONE;
}

int lex_word_end(struct parser *p, uint32_t *end, uint32_t *colon)
{
	uint32_t at = p->at;
	*colon = UINT32_MAX;
	for (; !lex_ends(p, at); at++) {
		if (p->text[at] == '\\') {
			if (at + 1 == p->len)
				return language_fail(p, at, at + 1, "\\\\",
					"nothing stands after the `\\`, which takes the next "
					"character as it is");
			at++;
		} else if (p->text[at] == ':' && *colon == UINT32_MAX) {
			*colon = at;
		}
	}
	*end = at < p->len ? at : p->len;
	return 0;
}

static void add_piece(struct value *value, enum piece_kind kind, struct slice text)
{
	uint32_t n = value->npieces;
	if (kind == PIECE_MANY && n && value->pieces[n - 1].kind == PIECE_MANY)
		return;
	if (kind == PIECE_TEXT && text.len == 0)
		return;
	value->pieces[value->npieces++] = (struct piece){kind, text};
}

/* Texts of the pieces are unescaped copies. */
int lex_word(struct parser *p, uint32_t end, struct value *value)
{
	uint32_t wild = 0, at = p->at;
	for (uint32_t i = at; i < end; i++) {
		wild += p->text[i] == '*' || p->text[i] == '?';
		i += p->text[i] == '\\';
	}
	char *copy = arena_alloc(p->mem, end - at + 1);
	struct piece *pieces = arena_alloc(p->mem, (2 * (size_t)wild + 1) * sizeof(*pieces));
	*value = (struct value){.begin = at,
		.end = end,
		.kind = VALUE_WORD,
		.text.ptr = copy,
		.pieces = pieces,
		.wild = wild > 0};
	const char *from = copy;
	for (; at < end; at++) {
		char c = p->text[at];
		if (c != '*' && c != '?') {
			at += c == '\\';
			*copy++ = p->text[at];
			continue;
		}
		add_piece(value, PIECE_TEXT, (struct slice){from, (size_t)(copy - from)});
		add_piece(value, c == '*' ? PIECE_MANY : PIECE_ONE, SLICE(""));
		from = copy;
	}
	add_piece(value, PIECE_TEXT, (struct slice){from, (size_t)(copy - from)});
	value->text.len = (size_t)(copy - value->text.ptr);
	p->at = end;
	return 0;
}

/* A quoted text or a regular expression must end where a word would, or a range. */
static int check_after(struct parser *p, const char *what)
{
	unsigned char c = byte_at(p, p->at);
	if (c == ']' || (lex_ends(p, p->at) && c != '"' && c != '('))
		return 0;
	return language_fail(p, p->at, p->at + 1, NULL,
		"something stands right after the %s: put a blank between", what);
}

int lex_quoted(struct parser *p, struct value *value)
{
	uint32_t begin = p->at, at = begin + 1;
	char quote = p->text[begin];
	for (; at < p->len && p->text[at] != quote; at++)
		at += p->text[at] == '\\';
	if (at >= p->len)
		return language_fail(p, begin, begin + 1, NULL,
			quote == '"'
				? "this quote is not closed: add a `\"` where the text ends"
				: "this quote is not closed: add a `'` where the text ends, or "
				  "write `\\'` for the character");
	char *copy = arena_alloc(p->mem, at - begin), *to = copy;
	for (uint32_t i = begin + 1; i < at; i++) {
		i += p->text[i] == '\\' && (p->text[i + 1] == quote || p->text[i + 1] == '\\');
		*to++ = p->text[i];
	}
	*value = (struct value){.begin = begin,
		.end = at + 1,
		.kind = quote == '"' ? VALUE_QUOTED : VALUE_EXACT,
		.text = {copy, (size_t)(to - copy)}};
	value->pieces = arena_zalloc(p->mem, 1, sizeof(*value->pieces));
	add_piece(value, PIECE_TEXT, value->text);
	p->at = at + 1;
	return check_after(p, "closing quote");
}

static int regex_flags(struct parser *p, unsigned *flags)
{
	static const char letters[] = "ims";
	static const unsigned bits[] = {REGEX_FOLD, REGEX_MULTILINE, REGEX_DOTALL};
	for (; p->at < p->len && !lex_ends(p, p->at) && p->text[p->at] != ']'; p->at++) {
		const char *letter = strchr(letters, p->text[p->at]);
		if (!letter || !*letter)
			return language_fail(p, p->at, p->at + 1, NULL,
				"a regular expression ends here, and only i, m and s may follow: "
				"write `\\/` within it, or put a text that begins with / in "
				"quotes");
		*flags |= bits[letter - letters];
	}
	return check_after(p, "regular expression");
}

int lex_regex(struct parser *p, struct value *value)
{
	uint32_t begin = p->at, at = begin + 1;
	for (; at < p->len && p->text[at] != '/'; at++)
		at += p->text[at] == '\\';
	if (at >= p->len)
		return language_fail(p, begin, begin + 1, NULL,
			"this regular expression is not closed: add a `/` where it ends, or put a "
			"text that begins with / in quotes");
	if (at == begin + 1)
		return language_fail(p, begin, at + 1, NULL,
			"this regular expression is empty: write what it looks for between the "
			"slashes");
	char *copy = arena_alloc(p->mem, at - begin), *to = copy;
	for (uint32_t i = begin + 1; i < at; i++) {
		if (p->text[i] == '\\' && p->text[i + 1] == '/')
			i++;
		else if (p->text[i] == '\\')
			*to++ = p->text[i++];
		*to++ = p->text[i];
	}
	*value = (struct value){
		.begin = begin, .kind = VALUE_REGEX, .text = {copy, (size_t)(to - copy)}};
	p->at = at + 1;
	if (regex_flags(p, &value->flags) < 0)
		return -1;
	value->end = p->at;
	struct text_test *test;
	struct err err = {0};
	if (text_test_regex(value->text, value->flags, &test, &err) < 0)
		return language_fail(p, begin, value->end, NULL, "%s", err.text);
	text_test_free(test);
	return 0;
}

/* In a range a word ends at `]` too. */
static uint32_t bound_end(const struct parser *p)
{
	uint32_t at = p->at;
	for (; !lex_ends(p, at) && p->text[at] != ']'; at++)
		at += p->text[at] == '\\' && at + 1 < p->len;
	return at < p->len ? at : p->len;
}

int lex_bound(struct parser *p, struct value *value, struct bound *bound)
{
	lex_blanks(p);
	char c = (char)byte_at(p, p->at);
	*bound = (struct bound){.given = true};
	if (c == '"' || c == '\'') {
		if (lex_quoted(p, value) < 0)
			return -1;
		bound->text = value->text;
		return 0;
	}
	uint32_t end = bound_end(p);
	if (end == p->at)
		return language_fail(p, p->at, p->at + (p->at < p->len), NULL,
			"a range needs both ends: write `[a TO b]`, with `*` for an open end");
	if (p->text[end - 1] == '\\' && end == p->len)
		return language_fail(p, end - 1, end, "\\\\", "nothing stands after the `\\`");
	lex_word(p, end, value);
	bound->text = value->text;
	bool open = value->wild && value->npieces == 1 && value->pieces[0].kind == PIECE_MANY;
	if (value->wild && !open)
		return language_fail(p, value->begin, value->end, NULL,
			"the end of a range has no wildcards: `*` alone leaves it open");
	bound->given = !open;
	return 0;
}

bool lex_range_ahead(struct parser *p, bool list)
{
	struct parser ahead = *p;
	ahead.at++;
	lex_blanks(&ahead);
	char c = (char)byte_at(&ahead, ahead.at);
	if (c == '"' || c == '\'') {
		uint32_t at = ahead.at + 1;
		for (; at < p->len && p->text[at] != c; at++)
			at += p->text[at] == '\\';
		ahead.at = at < p->len ? at + 1 : p->len;
	} else {
		uint32_t begin = ahead.at;
		ahead.at = bound_end(&ahead);
		/* `list:{id:[1 TO 5]}` */
		if (list && memchr(p->text + begin, ':', ahead.at - begin))
			return false;
	}
	lex_blanks(&ahead);
	return word_here(&ahead, "TO");
}
