/* SPDX-License-Identifier: Apache-2.0 */
/* schema_fuzz.c: any bytes as a schema file: refused with a line, or a plan that keeps its promises.
 * As records for infer: what it proposes is accepted. */
#include "schema/plan_check.h"

#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse(struct slice text)
{
	struct schema *schema;
	struct err err = {0};
	if (schema_parse(text, "fuzz.yml", &schema, &err) == 0) {
		plan_check(schema);
		schema_free(schema);
	} else {
		unsigned line = 0;
		PLAN_HOLDS(schema == NULL && err.kind == ERR_FORMAT);
		PLAN_HOLDS(sscanf(err.text, "fuzz.yml:%u: ", &line) == 1 && line > 0);
		PLAN_HOLDS(text_utf8_valid(slice_of(err.text)));
	}
}

static void infer(struct slice text)
{
	struct infer *infer = infer_new();
	struct err err = {0};
	struct buf out;
	buf_init(&out, LIMIT_SCHEMA_BYTES);
	while (text.len) {
		const char *end = memchr(text.ptr, '\n', text.len);
		size_t n = end ? (size_t)(end - text.ptr) : text.len;
		infer_add(infer, (struct slice){text.ptr, n}, &err);
		n += end != NULL;
		text = (struct slice){text.ptr + n, text.len - n};
	}
	if (infer_finish(infer, "fuzz_logs", &out, &err) == 0) {
		struct schema *schema;
		if (schema_parse(buf_view(&out), "proposal", &schema, &err) != 0) {
			fprintf(stderr, "%s\n%.*s", err.text, SLICE_ARG(buf_view(&out)));
			abort();
		}
		plan_check(schema);
		schema_free(schema);
	}
	buf_fini(&out);
	infer_free(infer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = {(const char *)data, size};
	if (size && (data[0] == '{' || data[0] == '['))
		infer(text);
	else
		parse(text);
	return 0;
}
