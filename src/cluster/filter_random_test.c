/* SPDX-License-Identifier: Apache-2.0 */
/* filter_random_test.c: random expressions over random rows, by the matcher and by a real ClickHouse: must ⊆ match ⊆ may, always; and
 * how often the server alone can tell. LONG=1 does more. */
#include "cluster/filter.h"
#include "cluster/private.h"
#include "cluster/test_server.h"
#include "match/match_random.h"

static struct test_server server;
static struct cluster *cluster;
static const struct cluster_features *features;
static struct err err;

static void must(int rc)
{
	if (rc < 0)
		fail_msg("%s", err.text);
}

static void tell(const char *sql)
{
	test_server_tell(cluster, slice_of(sql), SLICE(""));
}

static int set_up(void **state)
{
	(void)state;
	test_server_start(&server);
	struct cluster_settings settings = {.urls = server.url, .database = "default"};
	must(cluster_open(&settings, NULL, &cluster, &err));
	features = cluster_features(cluster, &err);
	must(features ? 0 : -1);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	cluster_close(cluster);
	test_server_stop(&server);
	return 0;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static const char many_a[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab";
static const char *const hard_texts[] = {"Straße", "STRASSE", "strasse", "ſtraße", "\u212aind",
	"Kind", "\xef\xac\x81nd", "find", "müller", "MÜLLER", "Müllerin", "\xc4\xb0x", "ix", "a\nb",
	"ab\n", "it's", "a\\b", "a%b", "a_b", "ΑΒΓ", "αβγ", "日本", "🙂 ok", "00012", "-0",
	"12.0", "1e3", "999999999999999999999", "2026-13-99", "1.2.3.4", "::ffff:1.2.3.4", "a..b",
	"{x}", "a?bcd", "a-bcdef", "'", "\\", many_a};
static const char *const hard_fields[] = {
	"name", "note", "tag", "kind", "title", "both", "*", "extra.k", "size", "ok", "id"};
static const char *const hard_patterns[] = {"straße", "strasse", "*STRASS*", "*ß*", "s*", "*SS*",
	"kind", "K*", "*k*", "find", "*fi*", "*nd", "müller", "m?ller", "M?LLER*", "*ü*", "i*",
	"'a\nb'", "?", "??", "*a?b*", "it's*", "a\\b", "a%b", "a_b", "αβγ", "α*", "*β*", "日*",
	"?本", "*🙂*", "0*", "*.*", "-*", "1?", "*a*b*", "*1*", "t*", "\\", "*'*", "{*}", "a?bcd",
	"*-bcd*"};
static const char *const hard_regexes[] = {"a.b", "^a.b$", "(?i)stra(ss|ß)e", "ss|ü", "[^a-z]",
	"^[a-z]+$", "k.nd", "\\d+", "\\bk", "a*b", "(a+)+$", "^.?$", "b$", "x{2,3}", "[[:alpha:]]",
	"a{1,}b", "^(it|a)", "\\.", "[\\w.]+@", "α", "[äöü]", "^$", "a|", "()", "^1.2", "[0-9]{2,}",
	"a(?=b)", "(a|b)\\1", "a\\?bcd", "a.?bcd$", "e$", "[a-", "\\\\", "strasse", "^Strasse",
	"MÜLLER", "kind"};

static void hard_row(struct toy *toy)
{
	struct buf row;
	buf_init(&row, 1 << 16);
	buf_printf(&row, "id=%u;name=%s;note=%s;title=%s|%s;kind=%s;tag=%s|%s|~", 1 + draw(9),
		PICK(hard_texts), PICK(hard_texts), PICK(hard_texts), PICK(hard_texts), PICK(texts),
		PICK(hard_texts), PICK(texts));
	if (draw(2))
		buf_printf(
			&row, ";time=%s;size=%s;ok=%s", PICK(times), PICK(numbers), PICK(booleans));
	if (draw(2))
		buf_printf(&row, ";extra={\"k\":\"%s\"}", draw(2) ? PICK(texts) : "Stra\\u00dfe");
	buf_push(&row, '\0');
	toy_row(toy, arena_strdup(&toy->mem, buf_view(&row)));
	buf_fini(&row);
}

static void hard_test(struct buf *out)
{
	if (draw(3) == 0) {
		buf_printf(out, "(%s %s '%s')", draw(2) ? "re" : "rei", PICK(hard_fields),
			PICK(hard_regexes));
		return;
	}
	if (draw(6) == 0) {
		buf_printf(out, "(%s %s", draw(2) ? "range" : "RANGE", PICK(hard_fields));
		random_bounds(out);
		buf_push(out, ')');
		return;
	}
	buf_printf(out, "(%s %s", draw(3) ? "is" : "IS", PICK(hard_fields));
	for (uint32_t n = draw(4) == 0 ? 10 : 1 + draw(2); n > 0; n--)
		buf_printf(out, " %s", PICK(hard_patterns));
	buf_push(out, ')');
}

/* ---- the table ------------------------------------------------------------------------------- */

static void make_table(const struct batch *batch)
{
	struct buf sql;
	buf_init(&sql, 1 << 20);
	tell("DROP TABLE IF EXISTS toys");
	buf_puts(&sql, "CREATE TABLE toys (");
	for (uint32_t c = 0; c < toy_shape.ncolumns; c++) {
		cluster_column_name(&sql, &toy_shape, c);
		buf_push(&sql, ' ');
		cluster_column_type(&sql, features, &toy_shape, c);
		buf_push(&sql, ',');
	}
	buf_puts(&sql, "_null_lists UInt64, _plain UInt8, _collector String, _shipment UInt64) "
		       "ENGINE = Memory");
	buf_push(&sql, '\0');
	tell(sql.ptr);
	test_server_insert(cluster, batch, "toys", SLICE("me"));
	buf_fini(&sql);
}

/* ---- one expression -------------------------------------------------------------------------- */

static uint64_t asked, exact, between, bounded;

static void check(const struct batch *batch, const char *text)
{
	struct arena mem = {0};
	struct matcher *matcher;
	const struct expr *expr = toy_expr(&mem, text);
	if (matcher_new(expr, TOY_NOW, &matcher, NULL, &err) <
		0) { /* an expression of PCRE2 that is none */
		arena_fini(&mem);
		return;
	}
	struct match_program *program = match_bind(matcher, &toy_shape, toy_resolve, NULL);
	struct match_scratch *scratch = match_scratch_new();
	struct match_input input = {.batch = NULL};
	struct batch copy = *batch;
	uint64_t rows[MOST_ROWS / 64 + 2];
	uint32_t count;
	input.batch = &copy;
	must(match_rows(program, &input, scratch, NULL, rows, &count, &err));
	struct cluster_filter filter;
	struct buf sql, out;
	filter_make(program, features, &filter);
	buf_init(&sql, 32 << 20);
	buf_init(&out, 1 << 20);
	buf_printf(&sql,
		"SELECT toUInt8(%.*s), toUInt8(%.*s), toUInt8(%s%.*s), toUInt8(%s%.*s) FROM toys "
		"FORMAT RowBinary",
		SLICE_ARG(buf_view(&filter.must)), SLICE_ARG(buf_view(&filter.may)),
		filter.gate.len ? "" : "1", SLICE_ARG(buf_view(&filter.gate)),
		filter.between.len ? "" : "1", SLICE_ARG(buf_view(&filter.between)));
	struct cluster_query query = {
		.sql = buf_view(&sql), .reading = true, .settings = "max_threads=1"};
	if (cluster_ask(cluster, &query, &out, &err) < 0)
		fail_msg("%s\n%s\n%.*s", text, err.text, SLICE_ARG(buf_view(&sql)));
	struct row_cursor cursor = row_cursor(buf_view(&out));
	asked++;
	exact += filter.exact;
	for (uint32_t r = 0; r < batch->nrows; r++) {
		bool matches = bit_get(rows, r), sure = row_u8(&cursor), perhaps = row_u8(&cursor),
		     let = row_u8(&cursor), doubt = row_u8(&cursor);
		between += perhaps && !sure;
		bounded += filter.between.len && perhaps && !sure;
		if ((sure && !matches) || (matches && !perhaps) || (perhaps && !let) ||
			(perhaps && !sure && !doubt) || cursor.bad)
			fail_msg("%s\nrow %u: must %d, matches %d, may %d\n%.*s", text, r, sure,
				matches, perhaps, SLICE_ARG(buf_view(&sql)));
		if (filter.exact && sure != perhaps)
			fail_msg("%s: is not exact", text);
	}
	assert_false(row_more(&cursor));
	buf_fini(&sql);
	buf_fini(&out);
	filter_free(&filter);
	match_scratch_free(scratch);
	match_program_free(program);
	matcher_free(matcher);
	arena_fini(&mem);
}

static void test_random(void **state)
{
	bool many = getenv("LONG") != NULL;
	(void)state;
	seed = many ? hash_secret[0] : 20261128;
	print_message("seed %llu\n", (unsigned long long)seed);
	for (unsigned round = 0; round < (many ? 40u : 6u); round++) {
		struct toy toy;
		struct batch batch;
		random_rows(&toy);
		while (toy.nrows < MOST_ROWS - 50)
			hard_row(&toy);
		for (uint32_t r = 0; r < toy.nrows; r++) /* an event always has one */
			toy.values[TOY_ID][r].null = false;
		toy_batch(&toy, draw(1 << 14), &batch);
		make_table(&batch);
		for (unsigned i = 0; i < (many ? 500u : 120u); i++) {
			struct buf text;
			buf_init(&text, 1 << 20);
			if (i % 2)
				hard_test(&text);
			else
				random_expr(&text, draw(4));
			buf_push(&text, '\0');
			check(&batch, text.ptr);
			buf_fini(&text);
		}
		batch_fini(&batch);
		arena_fini(&toy.mem);
	}
	print_message("%llu expressions, %llu exact, %llu rows between\n",
		(unsigned long long)asked, (unsigned long long)exact, (unsigned long long)between);
	assert_true(exact > asked / 4);
	assert_true(bounded > 0);
}

/* All that folds to ASCII is in the class of filter_text.c: such a letter alone is found by what it folds to. */
static void test_special_letters(void **state)
{
	struct toy toy;
	struct batch batch;
	struct buf folded;
	(void)state;
	assert_int_equal(plain_of(SLICE("Kelvin, and nothing else")), PLAIN_ASCII);
	toy_init(&toy, MOST_ROWS);
	buf_init(&folded, 1000);
	for (uint32_t code = 0x80; code < 0x20000; code++) {
		char text[8];
		size_t n = 0;
		bool some = false;
		if (code < 0x800) {
			text[n++] = (char)(0xc0 | code >> 6);
		} else if (code < 0x10000) {
			text[n++] = (char)(0xe0 | code >> 12);
			text[n++] = (char)(0x80 | (code >> 6 & 63));
		} else {
			text[n++] = (char)(0xf0 | code >> 18);
			text[n++] = (char)(0x80 | (code >> 12 & 63));
			text[n++] = (char)(0x80 | (code >> 6 & 63));
		}
		text[n++] = (char)(0x80 | (code & 63));
		text[n] = '\0';
		if (!text_utf8_valid(slice_of(text)))
			continue;
		buf_clear(&folded);
		text_fold(&folded, slice_of(text));
		for (size_t i = 0; i < folded.len; i++)
			some |= (unsigned char)folded.ptr[i] < 0x80;
		assert_int_equal(plain_of(slice_of(text)), some ? PLAIN_ANY : PLAIN_FOLDED);
		if (some)
			toy_row(&toy, arena_printf(&toy.mem, "name=%s", text));
	}
	assert_int_equal(toy.nrows, 19);
	toy_batch(&toy, 0, &batch);
	make_table(&batch);
	for (int c = 'a'; c <= 'z'; c++) {
		char text[40];
		snprintf(text, sizeof(text), "(is name *%c*)", c);
		check(&batch, text);
		for (int d = 'a'; d <= 'z'; d++) {
			snprintf(text, sizeof(text), "(is name %c %c%c f%c%c)", c, c, d, c, d);
			check(&batch, text);
		}
	}
	batch_fini(&batch);
	buf_fini(&folded);
	arena_fini(&toy.mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_special_letters),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
