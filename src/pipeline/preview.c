/* SPDX-License-Identifier: Apache-2.0 */
/* preview.c: a few records as they will be stored, before anything is. */
#include <stdlib.h>

#include "pipeline/collect.h"

static struct slice text_of(const struct batch *batch, int column, uint32_t row)
{
	const struct column *col = &batch->columns[column];
	return column_is_null(col, row) ? SLICE("") : column_text(col, row);
}

int preview_records(const struct schema *schema, struct slice records, unsigned most,
	void (*each)(void *ctx, const struct preview_row *row), void *ctx, struct err *err)
{
	struct decode_options options = {.schema = schema, .source = "preview", .max_rows = most};
	struct json_records state;
	struct decode_reject rejects[16];
	struct batch batch;
	uint32_t nrejects = 0;
	size_t at = 0;
	if (json_records_begin(&state, records, &at, err) < 0)
		return -1;
	if (records.len && records.ptr[0] == '[') {
		json_records_within(&state);
		at = 1;
	}
	struct decoder *decoder = decoder_new(&options);
	batch_init(&batch, &schema->shape);
	decode_block(decoder, &state, records, 0, true, &at, &batch, rejects, 16, &nrejects);
	for (uint32_t r = 0; r < batch.nrows && r < most; r++) {
		char time[CLOCK_TEXT] = "";
		const struct column *times = &batch.columns[SYS_EVENT_TIME];
		if (!column_is_null(times, r))
			clock_text(times->i64[r], time);
		struct preview_row row = {slice_of(time), text_of(&batch, SYS_ACTOR, r),
			text_of(&batch, SYS_ACTION, r), text_of(&batch, SYS_TARGET, r),
			text_of(&batch, SYS_IP, r), text_of(&batch, SYS_INSTANCE, r)};
		each(ctx, &row);
	}
	int rc = batch.nrows == 0 && nrejects > 0
			 ? err_set(err, ERR_FORMAT, "the first record cannot be read: %s",
				   rejects[0].reason)
			 : 0;
	batch_fini(&batch);
	decoder_free(decoder);
	return rc;
}
