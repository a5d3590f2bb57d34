/* SPDX-License-Identifier: Apache-2.0 */
/* Tests that docs/ioc.md tells the truth: each example gives what stands beside it; each kind and format is named. */
#include "base/base.h"
#include "base/test.h"
#include "ioc/indicator.h"
#include "ioc/list.h"
#include "ioc/scan.h"
#include "ioc/scan_private.h"

static char *docs;

static int read_docs(void **state)
{
	(void)state;
	struct err err;
	size_t n;
	return io_read_file("docs/ioc.md", 1 << 20, &docs, &n, &err);
}

static int free_docs(void **state)
{
	(void)state;
	free(docs);
	return 0;
}

/* The cell between two bars at *at; false at the line's end. */
static bool next_cell(const char **at, struct slice *cell)
{
	const char *end = strstr(*at, " |");
	const char *line = strchr(*at, '\n');
	if (!end || (line && end > line))
		return false;
	*cell = (struct slice){*at, (size_t)(end - *at)};
	*at = end + 2;
	*at += **at == ' ';
	return true;
}

static struct slice unticked(struct slice cell)
{
	if (cell.len > 2 && cell.ptr[0] == '`' && cell.ptr[cell.len - 1] == '`')
		return (struct slice){cell.ptr + 1, cell.len - 2};
	return cell;
}

/* Calls `check` for the rows of the table with this head; returns how many. */
static size_t each_row(const char *head, void (*check)(const struct slice *cells))
{
	size_t n = 0;
	const char *at = strstr(docs, head);
	assert_non_null(at);
	at = strchr(strchr(at, '\n') + 1, '\n') + 1;
	for (; *at == '|'; at = strchr(at, '\n') + 1, n++) {
		const char *cell = at + 2;
		struct slice cells[3] = {{0}};
		for (size_t i = 0; i < COUNT(cells) && next_cell(&cell, &cells[i]); i++)
			;
		check(cells);
	}
	return n;
}

static void expect(struct slice written, const struct buf *got, struct slice wanted)
{
	if (!slice_eq(buf_view(got), wanted))
		fail_msg("docs/ioc.md: %.*s\n\tgives %.*s\n\tsays  %.*s", SLICE_ARG(written),
			SLICE_ARG(*got), SLICE_ARG(wanted));
}

static void check_key(const struct slice *cells)
{
	enum ioc_kind kind = ioc_kind_named(unticked(cells[0]));
	struct buf key, text;
	assert_int_not_equal(kind, IOC_NONE);
	buf_init(&key, SIZE_MAX);
	buf_init(&text, SIZE_MAX);
	if (ioc_key(&kind, unticked(cells[1]), &key))
		ioc_key_text(kind, buf_view(&key), &text);
	else
		buf_puts(&text, "none");
	expect(cells[1], &text, unticked(cells[2]));
	buf_fini(&key);
	buf_fini(&text);
}

static void test_keys(void **state)
{
	(void)state;
	assert_int_equal(each_row("| kind | written |", check_key), 21);
}

static void note(void *ctx, const struct ioc_found *found)
{
	struct buf *out = ctx;
	buf_printf(out, "%s`%s ", out->len ? ", " : "", ioc_kind_name(found->kind));
	ioc_key_text(found->kind, found->key, out);
	buf_push(out, '`');
}

static void check_scan(const struct slice *cells)
{
	struct ioc_scan_options options = {.refang = true};
	struct buf out;
	buf_init(&out, SIZE_MAX);
	ioc_scan(unticked(cells[0]), &options, note, &out);
	if (out.len == 0)
		buf_puts(&out, "nothing");
	expect(cells[0], &out, cells[1]);
	buf_fini(&out);
}

static void test_scans(void **state)
{
	(void)state;
	assert_int_equal(each_row("| text | what is found |", check_scan), 13);
}

static void check_typed(const struct slice *cells)
{
	struct arena mem;
	struct indicator indicator;
	struct err err = {0};
	struct buf out;
	bool wide;
	arena_init(&mem);
	buf_init(&out, SIZE_MAX);
	if (indicator_parse(unticked(cells[0]), IOC_NONE, &mem, &indicator, &wide, &err) != 0) {
		buf_printf(&out, "unusable: %s", err.text);
	} else {
		const char *name = ioc_kind_name(indicator.kind);
		buf_printf(&out, "%s ", name ? name : "word");
		indicator_text(&indicator, &out);
	}
	expect(cells[0], &out, unticked(cells[1]));
	buf_fini(&out);
	arena_fini(&mem);
}

static void test_typed(void **state)
{
	(void)state;
	assert_int_equal(each_row("| typed | what it is |", check_typed), 16);
}

static void check_named(const char *word)
{
	char quoted[100];
	snprintf(quoted, sizeof(quoted), "`%s`", word);
	if (!strstr(docs, quoted))
		fail_msg("docs/ioc.md does not name %s", quoted);
}

static void test_kinds_formats_and_extensions_are_named(void **state)
{
	(void)state;
	for (int kind = IOC_NONE + 1; kind < IOC_KINDS; kind++)
		check_named(ioc_kind_name((enum ioc_kind)kind));
	for (int format = IOC_LIST_PLAIN; format < IOC_LIST_FORMATS; format++)
		check_named(ioc_list_format_name((enum ioc_list_format)format));
	const char *at = strstr(docs, "`.cab`"), *last = strstr(docs, "`.zip`");
	assert_true(at && last && at < last);
	for (size_t n = 1; at <= last; n++) {
		const char *end = strchr(at + 2, '`');
		assert_true(tld_is_extension((struct slice){at + 2, (size_t)(end - at) - 2}));
		at = strstr(end + 1, "`.");
		assert_true(n < 20);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_scans),
		cmocka_unit_test(test_typed),
		cmocka_unit_test(test_kinds_formats_and_extensions_are_named),
	};
	return cmocka_run_group_tests(tests, read_docs, free_docs);
}
