/* SPDX-License-Identifier: Apache-2.0 */
/* input_test.c: packed inputs, whole, cut, damaged and hostile. */
#include "pipeline/input.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <cmocka.h>

static char folder[64];

static int make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/pugmark-input-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	io_rmdir(folder, NULL);
	return 0;
}

static void add_gzip(struct buf *out, const char *text, size_t n)
{
	z_stream z = {0};
	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
	char *to = buf_reserve(out, deflateBound(&z, n) + 64);
	z.next_in = (Bytef *)(uintptr_t)text;
	z.avail_in = (uInt)n;
	z.next_out = (Bytef *)to;
	z.avail_out = (uInt)(deflateBound(&z, n) + 64);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	out->len += z.total_out;
	deflateEnd(&z);
}

static void add_zstd(struct buf *out, const char *text, size_t n)
{
	char *to = buf_reserve(out, ZSTD_compressBound(n));
	size_t made = ZSTD_compress(to, ZSTD_compressBound(n), text, n, 3);
	assert_false(ZSTD_isError(made));
	out->len += made;
}

/* Reads all of `packed` as a file; the unpacked bytes go to `got`. */
static int read_all(struct slice packed, struct buf *got, size_t at_once, struct err *err)
{
	char path[128];
	snprintf(path, sizeof(path), "%s/in", folder);
	assert_int_equal(io_write_file(path, packed.ptr, packed.len, 0600, NULL), 0);
	struct input *input;
	assert_int_equal(input_open(path, &input, err), 0);
	bool end = false;
	int status = 0;
	char *data = xmalloc(at_once);
	while (!end && status == 0) {
		int64_t n = input_read(input, data, at_once, &end, err);
		if (n < 0)
			status = -1;
		else
			buf_append(got, data, (size_t)n);
	}
	free(data);
	input_close(input);
	io_unlink(path, NULL);
	return status;
}

enum shape { PLAIN_TEXT, ONE_GZIP, MANY_GZIP, PADDED_GZIP, ONE_ZSTD, MANY_ZSTD, SKIPPABLE_ZSTD };

static void pack(enum shape shape, const char *text, size_t n, struct buf *out)
{
	static const char skippable[] = {0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 'a', 'b', 'c'};
	size_t step = shape == MANY_GZIP || shape == MANY_ZSTD ? 7 : n;
	if (shape == SKIPPABLE_ZSTD)
		buf_append(out, skippable, sizeof(skippable));
	for (size_t at = 0; at < n; at += step) {
		size_t k = n - at < step ? n - at : step;
		if (shape == PLAIN_TEXT)
			buf_append(out, text + at, k);
		else if (shape <= PADDED_GZIP)
			add_gzip(out, text + at, k);
		else
			add_zstd(out, text + at, k);
	}
	if (shape == PADDED_GZIP)
		buf_append(out, "\0\0\0\0\0\0\0\0", 8);
}

static void every_shape_gives_the_text(void **state)
{
	(void)state;
	const char *text = "{\"id\":1}\n{\"id\":2}\n{\"id\":3}\nlast line without newline";
	static const size_t steps[] = {1, 3, 64, 100000};
	for (enum shape shape = PLAIN_TEXT; shape <= SKIPPABLE_ZSTD; shape++)
		for (size_t s = 0; s < 4; s++) {
			struct buf packed, got;
			struct err err = {0};
			buf_init(&packed, 1 << 20);
			buf_init(&got, 1 << 20);
			pack(shape, text, strlen(text), &packed);
			if (read_all(buf_view(&packed), &got, steps[s], &err) != 0)
				fail_msg("shape %d, step %zu: %s", shape, steps[s], err.text);
			if (!slice_eq(buf_view(&got), slice_of(text)))
				fail_msg("shape %d, step %zu: other text", shape, steps[s]);
			buf_fini(&packed);
			buf_fini(&got);
		}
}

/* Wherever packed data are cut, what comes out is a prefix, followed by an error (or nothing at all
 * where the cut leaves no packed data, or falls between members). */
static void cut_anywhere_is_said(void **state)
{
	(void)state;
	const char *text = "{\"id\":1,\"name\":\"first\"}\n{\"id\":2,\"name\":\"second\"}\n";
	static const enum shape shapes[] = {ONE_GZIP, ONE_ZSTD};
	for (int s = 0; s < 2; s++) {
		struct buf packed;
		buf_init(&packed, 1 << 20);
		pack(shapes[s], text, strlen(text), &packed);
		for (size_t cut = 4; cut < packed.len; cut++) {
			struct buf got;
			struct err err = {0};
			buf_init(&got, 1 << 20);
			int status = read_all((struct slice){packed.ptr, cut}, &got, 1000, &err);
			if (status != -1 || err.kind != ERR_FORMAT || !strstr(err.text, "/in: "))
				fail_msg("shape %d cut at %zu: %d %s", shapes[s], cut, status,
					err.text);
			assert_true(got.len <= strlen(text) &&
				    memcmp(got.ptr ? got.ptr : "", text, got.len) == 0);
			buf_fini(&got);
		}
		buf_fini(&packed);
	}
}

static void bytes_before_damage_are_given(void **state)
{
	(void)state;
	struct buf packed, got;
	struct err err = {0};
	buf_init(&packed, 1 << 20);
	buf_init(&got, 1 << 20);
	add_gzip(&packed, "whole\n", 6);
	buf_puts(&packed, "this is no gzip member");
	assert_int_equal(read_all(buf_view(&packed), &got, 1000, &err), -1);
	assert_int_equal(err.kind, ERR_FORMAT);
	assert_true(slice_eq(buf_view(&got), SLICE("whole\n")));
	buf_fini(&packed);
	buf_fini(&got);
}

static void bombs_are_stopped(void **state)
{
	(void)state;
	size_t n = (size_t)64 << 20;
	char *zeros = xcalloc(1, n);
	struct buf packed;
	buf_init(&packed, (size_t)1 << 30);
	for (int i = 0; i < 6; i++)
		add_zstd(&packed, zeros, n);
	free(zeros);
	struct buf got;
	struct err err = {0};
	buf_init(&got, (size_t)1 << 30);
	assert_int_equal(read_all(buf_view(&packed), &got, 1 << 20, &err), -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_non_null(strstr(err.text, "decompression bomb"));
	assert_true(got.len <= (size_t)260 << 20);
	buf_fini(&packed);
	buf_fini(&got);
}

static void folders_and_missing_files_are_refused(void **state)
{
	(void)state;
	struct input *input;
	struct err err = {0};
	assert_int_equal(input_open(folder, &input, &err), -1);
	assert_int_equal(err.kind, ERR_USAGE);
	assert_non_null(strstr(err.text, "is a folder"));
	assert_int_equal(input_open("/nowhere/at/all", &input, &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	assert_non_null(strstr(err.text, "/nowhere/at/all"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_shape_gives_the_text),
		cmocka_unit_test(cut_anywhere_is_said),
		cmocka_unit_test(bytes_before_damage_are_given),
		cmocka_unit_test(bombs_are_stopped),
		cmocka_unit_test(folders_and_missing_files_are_refused),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
