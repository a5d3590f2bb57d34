/* SPDX-License-Identifier: Apache-2.0 */
/* listing.c (cli/): rows of texts, as a table or as JSON. */
#include "cli/listing.h"

#include <stdlib.h>

#include "cli/private.h"

int listing_row(struct listing *l, const char *const *texts, struct err *err)
{
	struct cell cells[LISTING_COLUMNS];
	struct buf out;
	if (!l->json) {
		for (unsigned i = 0; i < l->columns; i++)
			cells[i] = (struct cell){CELL_TEXT, slice_of(texts[i] ? texts[i] : "")};
		l->n++;
		return output_row(&l->output, cells, err) < 0 ? -1 : 0;
	}
	buf_init(&out, 1 << 20);
	buf_puts(&out, l->n++ ? ",{\"" : "{\"");
	buf_printf(&out, "%s\":", l->names[0]);
	text_json_string(&out, slice_of(texts[0]));
	for (unsigned i = 1; i < l->columns; i++)
		text_json_member(&out, l->names[i], texts[i]);
	buf_push(&out, '}');
	fwrite(out.ptr, 1, out.len, stdout);
	buf_fini(&out);
	return 0;
}

int listing_begin(struct listing *l, const char *what, struct err *err)
{
	static const enum cell_kind kinds[LISTING_COLUMNS] = {
		CELL_TEXT, CELL_TEXT, CELL_TEXT, CELL_TEXT, CELL_TEXT, CELL_TEXT};
	struct sql_options options = {.format = FORMAT_TABLE, .width = terminal_width()};
	struct slice heads[LISTING_COLUMNS];
	if (l->json) {
		printf("{\"%s\":[", what);
		return 0;
	}
	for (unsigned i = 0; i < l->columns; i++)
		heads[i] = slice_of(l->names[i]);
	output_init(&l->output, &options, stdout);
	return output_begin(&l->output, l->columns, heads, kinds, err);
}

int listing_end(struct listing *l, int rc, const char *none, struct err *err)
{
	if (l->json) {
		puts("]}");
		return rc;
	}
	if (rc == 0 && l->n > 0)
		rc = output_end(&l->output, err);
	if (rc == 0 && l->n == 0)
		fprintf(stderr, "%s\n", none);
	output_fini(&l->output);
	return rc;
}

int listing_answer(struct store *store,
	int (*make)(struct store *store, struct buf *out, struct err *err), struct err *err)
{
	struct buf out;
	buf_init(&out, 1 << 30);
	int rc = make(store, &out, err);
	if (rc == 0) {
		buf_push(&out, '\n');
		fwrite(out.ptr, 1, out.len, stdout);
	}
	buf_fini(&out);
	return rc;
}
