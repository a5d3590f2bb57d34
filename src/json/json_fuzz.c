/* SPDX-License-Identifier: Apache-2.0 */
/* json_fuzz.c: any bytes: what strict takes, lenient takes; walkers agree; mended text is strict
 * JSON; records lie in order within the block. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "json/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_value(struct slice text)
{
	struct json_fault fault;
	bool odd = false, repaired = false;
	int strict = json_validate(text, &fault);
	assert(strict == 0 || fault.offset <= text.len);
	int lenient = json_validate_lenient(text, &odd, &fault);
	assert(strict != 0 || lenient == 0);
	assert(lenient == 0 || fault.offset <= text.len);
	if (lenient < 0)
		return;
	assert(json_value(text, 0, 0, &repaired, &fault) <= (int64_t)text.len);
	assert(json_skip(text, 0) == json_value(text, 0, 0, &repaired, &fault));
	struct buf mended;
	buf_init(&mended, 8 * text.len + 16);
	json_repair(text, &mended);
	assert(json_validate(buf_view(&mended), &fault) == 0);
	buf_fini(&mended);
}

static void check_records(struct slice text)
{
	struct json_records state;
	struct json_record out[7];
	size_t at, used;
	if (json_records_begin(&state, text, &at, NULL) < 0)
		return;
	while (at < text.len) {
		struct slice rest = {text.ptr + at, text.len - at};
		uint32_t n = json_records_cut(&state, rest, true, out, 7, &used);
		size_t end = 0;
		for (uint32_t i = 0; i < n; i++) {
			assert(out[i].off >= end && out[i].len > 0);
			end = out[i].off + out[i].len;
			if (state.layout == JSON_STREAM && !out[i].reason)
				check_value((struct slice){rest.ptr + out[i].off, out[i].len});
		}
		assert(end <= used && used <= rest.len && (used > 0 || n > 0));
		at += used;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = {(const char *)data, size};
	check_value(text);
	check_records(text);
	return 0;
}
