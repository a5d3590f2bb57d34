/* SPDX-License-Identifier: Apache-2.0 */
/* err_test.c: kinds from errno, context in front, long texts cut and not overrun. */
#include "base/test.h"

#include <errno.h>

#include "base/err.h"

static void kinds_come_from_errno(void **state)
{
	static const struct {
		int code;
		enum err_kind kind;
	} rows[] = {
		{ENOSPC, ERR_NO_SPACE},
		{EDQUOT, ERR_NO_SPACE},
		{EACCES, ERR_ACCESS},
		{EPERM, ERR_ACCESS},
		{EROFS, ERR_ACCESS},
		{ENOENT, ERR_NOT_FOUND},
		{ENOTDIR, ERR_NOT_FOUND},
		{EAGAIN, ERR_BUSY},
		{EBUSY, ERR_BUSY},
		{EINTR, ERR_INTERRUPTED},
		{EIO, ERR_IO},
		{EMFILE, ERR_IO},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err err;
		char text[200];
		errno = rows[i].code;
		CHECK_ROW(i, err_errno(&err, "%s: cannot %s", "f", "open") == -1);
		CHECK_ROW(i, errno == rows[i].code);
		CHECK_ROW(i, err.kind == rows[i].kind);
		CHECK_ROW(i, err.code == rows[i].code);
		snprintf(text, sizeof(text), "f: cannot open: %s", strerror(rows[i].code));
		CHECK_ROW(i, strcmp(err.text, text) == 0);
	}
}

static void context_goes_in_front(void **state)
{
	struct err err;
	(void)state;
	assert_int_equal(err_set(&err, ERR_FORMAT, "line %d", 7), -1);
	assert_int_equal(err_context(&err, "%s", "schema.yml"), -1);
	assert_string_equal(err.text, "schema.yml: line 7");
	assert_int_equal(err.kind, ERR_FORMAT);
	assert_int_equal(err.code, 0);
}

static void long_texts_are_cut(void **state)
{
	/* Each length around the end of the text, so that no case writes past it. */
	(void)state;
	for (int n = 980; n < 1010; n++) {
		struct {
			struct err err;
			char guard[8];
		} box;
		memset(box.guard, 'g', sizeof(box.guard));
		err_set(&box.err, ERR_IO, "old");
		err_context(&box.err, "%.*d", n, 0);
		assert_true(strlen(box.err.text) < sizeof(box.err.text));
		errno = EIO;
		err_errno(&box.err, "%.*d", n, 0);
		assert_true(strlen(box.err.text) < sizeof(box.err.text));
		assert_memory_equal(box.guard, "gggggggg", 8);
		if (n == 995)
			assert_string_equal(box.err.text + 995, ": In");
	}
}

static void null_is_allowed(void **state)
{
	(void)state;
	errno = EIO;
	assert_int_equal(err_set(NULL, ERR_IO, "x"), -1);
	assert_int_equal(err_errno(NULL, "x"), -1);
	assert_int_equal(err_context(NULL, "x"), -1);
}

static void kinds_have_names_and_statuses(void **state)
{
	(void)state;
	for (enum err_kind kind = ERR_NONE; kind <= ERR_UNSUPPORTED; kind++) {
		struct err err;
		err_set(&err, kind, "x");
		assert_non_null(err_kind_name(kind));
		assert_int_equal(err_exit_status(&err), kind == ERR_USAGE ? 2 : 1);
		for (enum err_kind other = ERR_NONE; other < kind; other++)
			assert_string_not_equal(err_kind_name(kind), err_kind_name(other));
	}
	assert_string_equal(err_kind_name(ERR_NO_SPACE), "no-space");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_come_from_errno),
		cmocka_unit_test(context_goes_in_front),
		cmocka_unit_test(long_texts_are_cut),
		cmocka_unit_test(null_is_allowed),
		cmocka_unit_test(kinds_have_names_and_statuses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
