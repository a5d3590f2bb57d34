/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filter_text.c: tests of texts as SQL. Without regard to case the matcher compares folded texts (CaseFolding.txt C + F). ClickHouse has
 * no such function, but lower() and positionCaseInsensitive() for ASCII's letters in all versions. In a value none of whose letters
 * beyond ASCII folds to ASCII, folding is just that for what is sought in ASCII: the ASCII in it stays between the same others.
 */
#include "cluster/filter_private.h"

enum {
	MOST_WILD = 200,     /* patterns that are not exact, one condition each */
	MOST_CHUNK = 250,    /* needles of one multiSearchAny */
	MOST_LITERAL = 1000, /* bytes: of a longer one only so many are asked for there */
};

/* All code points beyond ASCII whose folded form has ASCII in it (a test counts them). */
#define SPECIAL                                                                                    \
	"[\xc3\x9f\xc4\xb0\xc5\x89\xc5\xbf\xc7\xb0\xe1\xba\x96-"                                   \
	"\xe1\xba\x9a\xe1\xba\x9e\xe2\x84\xaa"                                                     \
	"\xef\xac\x80-\xef\xac\x86]"

/* ---- conditions ------------------------------------------------------------------------------ */

void or_more(struct buf *out)
{
	if (out->len)
		buf_puts(out, " OR ");
}

void text_not_null(struct buf *out, struct sql_value value)
{
	or_more(out);
	buf_printf(out, "isNotNull(%s)", value.sql);
}

/* Most values are ASCII, which is seen faster than a regular expression runs. */
void text_letters(struct buf *out, const char *value, enum plainness letters)
{
	or_more(out);
	if (letters == PLAIN_ASCII)
		buf_printf(out, "lengthUTF8(%s) != length(%s)", value, value);
	else
		buf_printf(out, "match(if(lengthUTF8(%s) != length(%s), %s, ''), '" SPECIAL "')",
			value, value, value);
}

/* ---- patterns -------------------------------------------------------------------------------- */

/* A pattern with its texts joined and its `*` single. */
struct plain {
	struct arena mem;
	struct piece *pieces;
	uint32_t n;
	struct slice folded; /* of the only text, where it is so */
};

static void simplify(struct plain *plain, const struct pattern *pattern)
{
	struct piece *pieces = arena_zalloc(&plain->mem, pattern->npieces + 1, sizeof(*pieces));
	plain->pieces = pieces;
	plain->n = 0;
	for (uint32_t i = 0; i < pattern->npieces; i++) {
		const struct piece *piece = &pattern->pieces[i];
		if (piece->kind == PIECE_TEXT && piece->text.len == 0)
			continue;
		struct piece *last = plain->n ? &pieces[plain->n - 1] : NULL;
		if (!last || piece->kind == PIECE_ONE || last->kind != piece->kind) {
			pieces[plain->n++] = *piece;
			continue;
		}
		if (piece->kind == PIECE_MANY)
			continue;
		char *joined = arena_alloc(&plain->mem, last->text.len + piece->text.len);
		memcpy(joined, last->text.ptr, last->text.len);
		memcpy(joined + last->text.len, piece->text.ptr, piece->text.len);
		last->text = (struct slice){joined, last->text.len + piece->text.len};
	}
}

enum form { FORM_ANY, FORM_EXACT, FORM_CONTAINS, FORM_STARTS, FORM_ENDS, FORM_GLOB };

static enum form form_of(const struct plain *plain, struct slice *text)
{
	const struct piece *p = plain->pieces;
	*text = SLICE("");
	if (plain->n == 0)
		return FORM_EXACT;
	if (plain->n == 1 && p[0].kind == PIECE_MANY)
		return FORM_ANY;
	bool first = p[0].kind == PIECE_MANY, last = p[plain->n - 1].kind == PIECE_MANY;
	uint32_t at = first;
	if (plain->n != 1u + first + last || p[at].kind != PIECE_TEXT)
		return FORM_GLOB;
	*text = p[at].text;
	return first && last ? FORM_CONTAINS : first ? FORM_ENDS : last ? FORM_STARTS : FORM_EXACT;
}

/* The literal in its place, in ASCII's letters of any case where `fold`. */
static void put_literal(
	struct buf *out, struct sql_value value, enum form form, struct slice text, bool fold)
{
	const char *open = fold ? "lower(" : "", *close = fold ? ")" : "";
	or_more(out);
	if (form == FORM_EXACT)
		buf_printf(out, "%s%s%s = ", open, value.sql, close);
	else if (form == FORM_CONTAINS)
		buf_printf(out, "position%s(%s, ", fold ? "CaseInsensitive" : "", value.sql);
	else
		buf_printf(out, "%s(%s%s%s, ", form == FORM_STARTS ? "startsWith" : "endsWith",
			open, value.sql, close);
	sql_text(out, text);
	buf_puts(out, form == FORM_EXACT ? "" : form == FORM_CONTAINS ? ") > 0" : ")");
}

/* Letters of a regular expression of RE2. */
static void put_letters(struct buf *regex, struct slice text)
{
	for (size_t k = 0; k < text.len; k++) {
		unsigned char c = (unsigned char)text.ptr[k];
		bool word = c >= 0x80 || (c >= '0' && c <= '9') ||
			    ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
		if (word)
			buf_push(regex, (char)c);
		else
			buf_printf(regex, "[\\x%02x]", c); /* see filter_regex.c */
	}
}

/* As a regular expression of RE2, of texts that are UTF-8. */
static bool put_glob(
	struct buf *out, struct sql_value value, const struct plain *plain, bool fold, bool *ascii)
{
	struct buf regex, folded;
	bool valid = true;
	buf_init(&regex, SIZE_MAX / 4);
	buf_init(&folded, SIZE_MAX / 4);
	buf_puts(&regex, "(?s)\\A");
	*ascii = true;
	for (uint32_t i = 0; i < plain->n; i++) {
		const struct piece *piece = &plain->pieces[i];
		if (piece->kind != PIECE_TEXT) {
			buf_puts(&regex, piece->kind == PIECE_ONE ? "." : ".*");
			continue;
		}
		struct slice text = piece->text;
		buf_clear(&folded);
		if (fold) {
			text_fold(&folded, text);
			text = buf_view(&folded);
		}
		valid = valid && text_utf8_valid(piece->text);
		*ascii = *ascii && text_is_ascii(text);
		put_letters(&regex, text);
	}
	buf_puts(&regex, "\\z");
	valid = valid && (!fold || *ascii);
	if (valid) {
		or_more(out);
		buf_printf(out, "%smatch(%s%s%s, ", fold && !value.ascii ? "(" : "",
			fold ? "lower(" : "", value.sql, fold ? ")" : "");
		sql_text(out, buf_view(&regex));
		buf_puts(out, ")");
		if (fold && !value.ascii)
			buf_printf(out, " AND lengthUTF8(%s) = length(%s))", value.sql, value.sql);
	}
	buf_fini(&regex);
	buf_fini(&folded);
	return valid;
}

static bool is_long(const struct plain *plain)
{
	for (uint32_t i = 0; i < plain->n; i++)
		if (plain->pieces[i].kind == PIECE_TEXT && plain->pieces[i].text.len > MOST_LITERAL)
			return true;
	return false;
}

/* A condition is repeated for many columns, and servers name columns by their conditions: of a long text only its length counts. */
static void put_long(struct pair *pair, struct sql_value value, const struct plain *plain)
{
	size_t least = 0;
	for (uint32_t i = 0; i < plain->n; i++)
		least += plain->pieces[i].kind == PIECE_TEXT ? plain->pieces[i].text.len : 0;
	or_more(&pair->may); /* what is folded is at most three times as long */
	buf_printf(&pair->may, "length(%s) >= %zu", value.sql, least / 9);
}

/* Whether a value with special letters can fold to a whole text in ASCII: only by those that fold to s, ss, st, k, ff, fi, fl, ffi, ffl. */
static bool whole_by_special(struct slice folded)
{
	for (size_t i = 0; i < folded.len; i++) {
		char c = folded.ptr[i], next = i + 1 < folded.len ? folded.ptr[i + 1] : '\0';
		if (c == 's' || c == 'k' || (c == 'f' && next && strchr("fil", next)))
			return true;
	}
	return false;
}

/* What is true of several patterns is said once. */
struct said {
	bool special, not_ascii, not_null;
};

static void one_pattern(struct pair *pair, struct sql_value value, const struct plain *plain,
	bool fold, struct said *said)
{
	struct slice text;
	bool ascii;
	enum form form = form_of(plain, &text);
	if (form == FORM_ANY) {
		text_not_null(&pair->must, value);
	} else if (form == FORM_GLOB) {
		bool put = put_glob(&pair->must, value, plain, fold, &ascii);
		said->not_ascii |= fold;
		said->not_null |= !put && !fold;
	} else if (!fold) {
		put_literal(&pair->must, value, form, text, false);
	} else {
		struct buf folded;
		buf_init(&folded, SIZE_MAX / 4);
		text_fold(&folded, text);
		bool plainly = text_is_ascii(buf_view(&folded));
		put_literal(&pair->must, value, form, buf_view(&folded), plainly);
		if (!plainly && !slice_eq(text, buf_view(&folded)))
			put_literal(&pair->must, value, form, text, false);
		said->special |=
			plainly && (form != FORM_EXACT || whole_by_special(buf_view(&folded)));
		said->not_ascii |= !plainly;
		buf_fini(&folded);
	}
}

/* Exact texts as one list. */
static void put_list(struct buf *out, struct sql_value value, bool fold, struct sql_set *list)
{
	if (!list->n)
		return;
	or_more(out);
	buf_printf(out, "%s%s%s IN ", fold ? "lower(" : "", value.sql, fold ? ")" : "");
	sql_set_put(list, out);
}

/* Lists of exact texts, and of texts to be contained where the server searches many at once. */
struct lists {
	struct sql_set exact, folded;
	struct buf contains;
	uint32_t n; /* in `contains` */
	bool fold, many;
	const char *search;
};

static void put_contains(struct pair *pair, struct sql_value value, struct lists *lists)
{
	if (!lists->contains.len)
		return;
	or_more(&pair->must);
	buf_printf(&pair->must, "%s(%s, [", lists->search, value.sql);
	buf_slice(&pair->must, buf_view(&lists->contains));
	buf_puts(&pair->must, "])");
	buf_clear(&lists->contains);
	lists->n = 0;
}

/* Whether a list took it. */
static bool list_pattern(struct pair *pair, struct sql_value value, struct lists *lists,
	const struct plain *plain, struct said *said)
{
	struct slice text;
	enum form form = form_of(plain, &text);
	struct buf folded;
	if (form != FORM_EXACT && !(form == FORM_CONTAINS && lists->many))
		return false;
	buf_init(&folded, SIZE_MAX / 4);
	if (lists->fold)
		text_fold(&folded, text);
	else
		buf_slice(&folded, text);
	bool plainly = !lists->fold || text_is_ascii(buf_view(&folded));
	bool took = form == FORM_EXACT || plainly;
	if (form == FORM_EXACT && lists->fold && plainly) {
		sql_set_add(&lists->folded, buf_view(&folded));
	} else if (form == FORM_EXACT) {
		sql_set_add(&lists->exact, text);
		if (lists->fold)
			sql_set_add(&lists->exact, buf_view(&folded));
	} else if (plainly) {
		buf_puts(&lists->contains, lists->contains.len ? "," : "");
		sql_text(&lists->contains, buf_view(&folded));
		if (++lists->n == MOST_CHUNK)
			put_contains(pair, value, lists);
	}
	said->special |= lists->fold && plainly && took &&
			 (form != FORM_EXACT || whole_by_special(buf_view(&folded)));
	said->not_ascii |= !plainly && took;
	buf_fini(&folded);
	return took;
}

void text_patterns(struct pair *pair, const struct cluster_features *features,
	struct sql_value value, const struct test *test, bool wild_only)
{
	struct said said = {0};
	struct lists lists = {.fold = test->fold,
		.many = features->multi_search && test->npatterns > 8,
		.search = test->fold ? "multiSearchAnyCaseInsensitive" : "multiSearchAny"};
	uint32_t nwild = 0;
	buf_init(&lists.contains, SIZE_MAX / 4);
	for (uint32_t i = 0; i < test->npatterns; i++) {
		struct plain plain = {0};
		struct slice text;
		simplify(&plain, &test->patterns[i]);
		bool skip = wild_only && form_of(&plain, &text) == FORM_EXACT;
		if (!skip && is_long(&plain))
			put_long(pair, value, &plain);
		else if (!skip && !list_pattern(pair, value, &lists, &plain, &said)) {
			if (++nwild <= MOST_WILD)
				one_pattern(pair, value, &plain, test->fold, &said);
			else
				said.not_null = true;
		}
		arena_fini(&plain.mem);
	}
	put_contains(pair, value, &lists);
	put_list(&pair->must, value, false, &lists.exact);
	put_list(&pair->must, value, true, &lists.folded);
	if (said.not_null)
		text_not_null(&pair->may, value);
	else if (said.not_ascii && !value.ascii)
		pair->letters = PLAIN_ASCII;
	else if (said.special && !value.ascii)
		pair->letters = PLAIN_FOLDED;
	buf_fini(&lists.contains);
}

void text_run(struct buf *out, const struct test *test)
{
	buf_clear(out);
	for (uint32_t i = 0; test->npatterns == 1 && i < test->patterns[0].npieces; i++) {
		const struct piece *piece = &test->patterns[0].pieces[i];
		size_t from = 0;
		for (size_t k = 0; piece->kind == PIECE_TEXT && k <= piece->text.len; k++) {
			char c = k < piece->text.len ? piece->text.ptr[k] : '\0';
			bool word =
				(c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
			if (word)
				continue;
			if (k - from > out->len) {
				buf_clear(out);
				buf_append(out, piece->text.ptr + from, k - from);
			}
			from = k + 1;
		}
	}
}

/* ---- ranges ---------------------------------------------------------------------------------- */

static void text_bound(struct buf *out, struct sql_value value, const struct bound *bound,
	bool upper, bool fold, struct buf *folded)
{
	if (!bound->given)
		return;
	buf_clear(folded);
	if (fold)
		text_fold(folded, bound->text);
	else
		buf_slice(folded, bound->text);
	if (out->len)
		buf_puts(out, " AND ");
	buf_printf(out, "%s%s%s %s%s ", fold ? "lower(" : "", value.sql, fold ? ")" : "",
		upper ? "<" : ">", bound->inclusive ? "=" : "");
	sql_text(out, buf_view(folded));
}

/* Integers that an int64 holds; all other numbers are judged here. */
static void number_range(struct pair *pair, struct sql_value value, const struct prepared *prepared)
{
	const struct test *test = prepared->test;
	const struct bound *bounds[2] = {&test->low, &test->high};
	const struct decimal *numbers[2] = {&prepared->low, &prepared->high};
	or_more(&pair->must);
	buf_printf(&pair->must, "(match(%s, '\\\\A-?[0-9]{1,18}\\\\z')", value.sql);
	for (int i = 0; i < 2; i++) {
		int64_t floor;
		bool exact;
		if (!bounds[i]->given)
			continue;
		int side = decimal_floor(numbers[i], &floor, &exact);
		if (side != 0) { /* beyond all of them */
			buf_puts(&pair->must, (side > 0) == (i == 1) ? "" : " AND 0");
			continue;
		}
		bool takes = exact && bounds[i]->inclusive;
		const char *op = i == 0 ? (takes ? ">=" : ">") : (exact && !takes ? "<" : "<=");
		buf_printf(&pair->must, " AND toInt64OrZero(assumeNotNull(%s)) %s %lld", value.sql,
			op, (long long)floor);
	}
	buf_puts(&pair->must, ")");
	or_more(&pair->may);
	buf_printf(&pair->may,
		"(match(%s, '\\\\A-?[0-9]') AND NOT match(%s, '\\\\A-?[0-9]{1,18}\\\\z'))",
		value.sql, value.sql);
}

void text_range(struct pair *pair, struct sql_value value, const struct prepared *prepared)
{
	const struct test *test = prepared->test;
	struct buf folded, all;
	if ((test->low.given && prepared->low_number) ||
		(test->high.given && prepared->high_number)) {
		bool mixed = (test->low.given && !prepared->low_number) ||
			     (test->high.given && !prepared->high_number);
		if (mixed)
			text_not_null(&pair->may, value);
		else
			number_range(pair, value, prepared);
		return;
	}
	buf_init(&folded, SIZE_MAX / 4);
	buf_init(&all, SIZE_MAX / 4);
	text_bound(&all, value, &test->low, false, test->fold, &folded);
	text_bound(&all, value, &test->high, true, test->fold, &folded);
	or_more(&pair->must);
	if (!all.len)
		buf_printf(&pair->must, "isNotNull(%s)", value.sql);
	else if (test->fold && !value.ascii)
		buf_printf(&pair->must, "(%.*s AND lengthUTF8(%s) = length(%s))",
			SLICE_ARG(buf_view(&all)), value.sql, value.sql);
	else
		buf_printf(&pair->must, "(%.*s)", SLICE_ARG(buf_view(&all)));
	if (all.len && test->fold && !value.ascii)
		pair->letters = PLAIN_ASCII;
	buf_fini(&folded);
	buf_fini(&all);
}
