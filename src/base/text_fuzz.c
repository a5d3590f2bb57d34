/* SPDX-License-Identifier: Apache-2.0 */
/* text_fuzz.c: whatever the bytes: repaired text is well-formed, escaped text has no controls, and
 * nothing is lost that was well-formed. */
#undef NDEBUG
#include <assert.h>

#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_escapes(struct slice s)
{
	struct buf out, twice;
	buf_init(&out, SIZE_MAX);
	text_escape(&out, s);
	size_t json = out.len;
	text_json_string(&out, s);
	for (size_t i = 0; i < out.len; i++)
		assert((unsigned char)out.ptr[i] >= 0x20 && out.ptr[i] != 0x7f);
	assert(text_utf8_valid(buf_view(&out)));
	assert(out.ptr[json] == '"' && out.ptr[out.len - 1] == '"');
	/* What is escaped already is not escaped again. */
	struct slice once = {out.ptr, json};
	buf_init(&twice, SIZE_MAX);
	text_escape(&twice, once);
	assert(slice_eq(buf_view(&twice), once));
	assert(text_width(s) == text_width(once));
	buf_fini(&twice);
	buf_fini(&out);
}

static void check_repair(struct slice s)
{
	struct buf out;
	buf_init(&out, SIZE_MAX);
	size_t repaired = text_utf8_repair(&out, s);
	assert(text_utf8_valid(buf_view(&out)));
	assert((repaired == 0) == text_utf8_valid(s));
	assert(repaired > 0 || slice_eq(buf_view(&out), s));
	buf_fini(&out);
}

static void check_csv(struct slice s)
{
	struct buf out;
	size_t quotes = 0;
	buf_init(&out, SIZE_MAX);
	text_csv_field(&out, s);
	for (size_t i = 0; i < out.len; i++)
		quotes += out.ptr[i] == '"';
	assert(quotes % 2 == 0);
	assert(out.len >= s.len);
	assert(out.len == 0 || !memchr("=@\t\r\n", out.ptr[0], 5));
	buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice s = {(const char *)data, size};
	struct slice a = {s.ptr, size / 2}, b = {s.ptr + size / 2, size - size / 2};
	int64_t number;
	check_escapes(s);
	check_repair(s);
	check_csv(s);
	(void)text_parse_int(s, &number);
	assert(text_distance(a, b, 3) == text_distance(b, a, 3));
	return 0;
}
