/* SPDX-License-Identifier: Apache-2.0 */
/* retry.c: rejects tried again: what the decoder of today can read is imported as if it came new. */
#include "pipeline/pipeline.h"

#include <stdlib.h>

struct open_reject {
	uint64_t id, offset;
	char *table, *source, *input;
	struct open_reject *next;
};

static int note_open(void *ctx, const struct reject_info *info, struct err *err)
{
	(void)err;
	struct open_reject **list = ctx;
	if (strcmp(info->state, "open") != 0)
		return 0;
	struct open_reject *item = xcalloc(1, sizeof(*item));
	*item = (struct open_reject){
		.id = info->id,
		.offset = info->input_offset,
		.table = xstrdup(info->table),
		.source = xstrdup(info->source),
		.input = xstrdup(info->input),
		.next = *list,
	};
	*list = item;
	return 0;
}

/* True where every record of the bytes decodes. */
static bool readable(const struct schema *schema, struct slice bytes)
{
	struct json_records records = {.layout = JSON_LINES, .started = true};
	struct decode_options options = {.schema = schema, .source = "retry"};
	struct decoder *decoder = decoder_new(&options);
	size_t at = 0;
	uint32_t rejected = 0, rows = 0;
	int more;
	do {
		struct decode_reject reject;
		struct batch batch;
		batch_init(&batch, &schema->shape);
		more = decode_block(
			decoder, &records, bytes, 0, true, &at, &batch, &reject, 1, &rejected);
		rows += batch.nrows;
		batch_fini(&batch);
	} while (more && !rejected);
	decoder_free(decoder);
	return rows > 0 && !rejected;
}

/* What the reject's import said of it: where copies are counted and, in that name after a line end,
 * --instance. So the events are the ones that good lines would have been. */
static int options_of(struct store *store, const struct open_reject *item, struct buf *name,
	struct import_options *options, struct err *err)
{
	*options = (struct import_options){
		.table = item->table, .source = item->source, .input = item->input};
	int known = store_reject_container(store, item->id, &options->container, err);
	if (known < 1)
		return known;
	if (store_container_name(store, options->container, name, err) < 0)
		return -1;
	buf_append(name, "", 1);
	char *end = strchr(name->ptr, '\n');
	options->instance = end ? end + 1 : NULL;
	end = end ? strchr(end + 1, '\n') : NULL;
	options->secondary = end != NULL;
	if (end)
		*end = '\0';
	options->container_offset = item->offset;
	return 0;
}

static int import_bytes(struct store *store, const struct open_reject *item, struct slice bytes,
	uint64_t *stored, struct err *err)
{
	struct buf path, name;
	struct import_options options;
	struct import_result result = {0};
	buf_init(&path, 4096);
	buf_init(&name, 1 << 16);
	buf_printf(&path, "%s/retry-%llu.tmp", store_dir(store), (unsigned long long)item->id);
	int status = options_of(store, item, &name, &options, err);
	if (status == 0)
		status = io_write_file(path.ptr, bytes.ptr, bytes.len, 0600, err);
	if (status == 0)
		status = import_file(store, path.ptr, &options, &result, err);
	if (status == 0)
		status = store_reject_set_state(store, item->id, "retried", err);
	io_unlink(path.ptr, NULL);
	buf_fini(&path);
	buf_fini(&name);
	*stored += result.stored;
	return status;
}

static int retry_one(struct store *store, const struct open_reject *item, uint64_t *retried,
	uint64_t *stored, struct err *err)
{
	const struct schema *schema;
	struct schema *owned = NULL;
	struct buf bytes;
	buf_init(&bytes, 2 * LIMIT_RECORD_BYTES);
	int status = store_schema(store_dir(store), item->table, &schema, &owned, err);
	if (status == 0)
		status = store_reject_bytes(store, item->id, &bytes, err);
	if (status == 0 && !bytes.full && readable(schema, buf_view(&bytes))) {
		++*retried;
		status = import_bytes(store, item, buf_view(&bytes), stored, err);
	}
	buf_fini(&bytes);
	schema_free(owned);
	return status;
}

int retry_rejects(struct store *store, uint64_t *retried, uint64_t *stored, struct err *err)
{
	struct open_reject *list = NULL;
	*retried = *stored = 0;
	int status = store_rejects(store, note_open, &list, err);
	while (list) {
		struct open_reject *item = list;
		list = item->next;
		if (status == 0)
			status = retry_one(store, item, retried, stored, err);
		free(item->table);
		free(item->source);
		free(item->input);
		free(item);
	}
	return status;
}
