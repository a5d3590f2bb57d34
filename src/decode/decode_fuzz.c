/* SPDX-License-Identifier: Apache-2.0 */
/* decode_fuzz.c: any bytes as input of three tables, in two blocks, by both parsers: every batch holds
 * its invariants and both give the same number of rows and rejects. */
#include <assert.h>
#include <stdlib.h>

#include "decode/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The others have objects that are kept whole, and times that stand in. */
enum { TABLES = 3 };
static const char *const tables[TABLES] = {"bitbucket", "org", "alerts"};

/* Rows in the high half, rejects in the low one. */
static uint64_t decode(struct slice text, int table, enum decode_simd simd, size_t cut)
{
	struct decode_options options = {.schema = schema_find(tables[table]),
		.source = "fuzz",
		.simd = simd,
		.max_rows = 7};
	struct json_records state;
	struct decode_reject rejects[3];
	size_t at;
	uint64_t counts = 0;
	if (json_records_begin(&state, text, &at, NULL) < 0)
		return 0;
	/* Kept: making one takes longer than an input. */
	static struct decoder *decoders[TABLES][2];
	struct decoder **kept = &decoders[table][simd == SIMD_BEST], *decoder;
	if (!*kept)
		*kept = decoder_new(&options);
	decoder = *kept;
	for (int part = 0; part < 2; part++) {
		size_t end = part ? text.len : cut, used = 0;
		if (end < at)
			continue;
		char *copy = malloc(end > at ? end - at : 1);
		memcpy(copy, text.ptr + at, end - at);
		int more = 1;
		while (more) {
			struct batch batch;
			uint32_t n;
			batch_init(&batch, &options.schema->shape);
			more = decode_block(decoder, &state, (struct slice){copy, end - at}, at,
				part == 1, &used, &batch, rejects, 3, &n);
			batch_check(&batch);
			counts += ((uint64_t)batch.nrows << 32) + n;
			batch_fini(&batch);
		}
		free(copy);
		at += used;
	}
	assert(at == text.len);
	return counts;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = {(const char *)data, size};
	size_t cut = size ? data[size - 1] * size / 256 : 0;
	for (int table = 0; table < TABLES; table++) {
		uint64_t portable = decode(text, table, SIMD_PORTABLE, cut);
		uint64_t best = decode(text, table, SIMD_BEST, cut);
		assert(portable == best);
	}
	return 0;
}
