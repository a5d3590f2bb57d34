/* SPDX-License-Identifier: Apache-2.0 */
/* import_stages.c: what happens to a block: decoded, judged, packed, appended, committed. */
#include "pipeline/import_run.h"

#include <stdlib.h>

enum { REJECTS_AT_ONCE = 1024 };

static struct part *add_part(struct block *block, const struct batch_shape *shape)
{
	if (block->nparts == block->part_cap) {
		block->part_cap = block->part_cap ? block->part_cap * 2 : 2;
		block->parts = xrealloc(block->parts, block->part_cap * sizeof(*block->parts));
	}
	struct part *part = &block->parts[block->nparts++];
	part_init(part, shape);
	return part;
}

void block_clear(struct block *block)
{
	for (uint32_t i = 0; i < block->nparts; i++)
		part_fini(&block->parts[i]);
	block->nparts = 0;
}

/* The kind of a reason is its text up to " at byte". */
static struct slice reason_kind(const char *reason)
{
	const char *at = strstr(reason, " at byte");
	return at ? (struct slice){reason, (size_t)(at - reason)} : slice_of(reason);
}

/* True where only blanks lie between the two rejected pieces, so that they are one. */
static bool adjacent(const char *from, const char *to)
{
	for (; from < to; from++)
		if (*from != '\n' && *from != '\r' && *from != ' ' && *from != '\t')
			return false;
	return from == to;
}

static void add_reject(const struct import_run *run, struct part *part, const struct block *block,
	struct slice bytes, const char *reason, bool continues)
{
	struct reject_part *before = part->nrejects ? &part->rejects[part->nrejects - 1] : NULL;
	if (before && !continues && slice_eq(reason_kind(before->reason), reason_kind(reason)) &&
		adjacent(before->bytes.ptr + before->bytes.len, bytes.ptr) &&
		(size_t)(bytes.ptr + bytes.len - before->bytes.ptr) <= LIMIT_FRAME_BYTES) {
		before->bytes.len = (size_t)(bytes.ptr + bytes.len - before->bytes.ptr);
		before->lines++;
		return;
	}
	struct reject_part *reject = part_reject(
		part, bytes, block->offset + (uint64_t)(bytes.ptr - block->data), reason);
	reject->input = run->options->input;
	reject->continues = continues;
}

/* A line that is too long is rejected in pieces of a frame each, without its end. */
static void reject_overlong(struct import_run *run, struct block *block)
{
	struct part *part = add_part(block, &run->schema->shape);
	size_t len = block->len;
	if (len > 0 && block->data[len - 1] == '\n')
		len--;
	if (len > 0 && block->data[len - 1] == '\r')
		len--;
	for (size_t at = 0; at < len;) {
		size_t n = len - at;
		if (n > LIMIT_FRAME_BYTES)
			n = LIMIT_FRAME_BYTES;
		add_reject(run, part, block, (struct slice){block->data + at, n},
			"the line is longer than 16 MiB", block->continues || at > 0);
		at += n;
	}
}

/* What a block of a stream leaves over begins the next block. */
static void carry_over(struct import_run *run, struct block *block, size_t at)
{
	run_carry(run, block->data + at, block->len - at);
	run->input_offset += at;
	block->len = at;
}

int run_decode(
	struct import_run *run, struct block *block, struct decoder *decoder, struct err *err)
{
	(void)err;
	if (block->overlong) {
		reject_overlong(run, block);
		return 0;
	}
	bool stream = run->records.layout == JSON_STREAM;
	struct json_records own = run->records;
	struct json_records *records = stream ? &run->records : &own;
	struct decode_reject *rejects = xmalloc(REJECTS_AT_ONCE * sizeof(*rejects));
	size_t at = 0;
	uint64_t rows = 0;
	/* Lines are whole in their block, so each block of them is the last of its kind. */
	bool last = block->last || !stream;
	int more;
	do {
		struct part *part = add_part(block, &run->schema->shape);
		uint32_t n;
		more = decode_block(decoder, records, (struct slice){block->data, block->len},
			block->offset, last, &at, &part->batch, rejects, REJECTS_AT_ONCE, &n);
		for (uint32_t i = 0; i < n; i++)
			add_reject(run, part, block,
				(struct slice){block->data + rejects[i].off, rejects[i].len},
				rejects[i].reason, false);
		rows += part->batch.nrows;
	} while (more);
	free(rejects);
	if (stream)
		carry_over(run, block, at);
	pthread_mutex_lock(&run->lock);
	run->result->records += rows;
	pthread_mutex_unlock(&run->lock);
	session_drift(run->session, decoder);
	return 0;
}

static bool has_content(const struct block *block)
{
	for (uint32_t i = 0; i < block->nparts; i++)
		if (block->parts[i].batch.nrows || block->parts[i].nrejects)
			return true;
	return false;
}

int run_identify(struct import_run *run, struct block *block, struct err *err)
{
	struct session *session = run->session;
	struct import_result judged = {0};
	bool content = has_content(block);
	for (uint32_t i = 0; i < block->nparts && content; i++) {
		uint32_t container;
		if (run_container(run, &block->parts[i].batch, &container, err) < 0 ||
			session_identify(session, &block->parts[i], container,
				run->options->container_offset, &judged, err) < 0)
			return -1;
	}
	pthread_mutex_lock(&run->lock);
	import_result_add(run->result, &judged);
	pthread_mutex_unlock(&run->lock);
	session->bytes += block->len;
	block->closes = session->segment && (session_full(session) || block->flush);
	return 0;
}

void run_pack(struct import_run *run, struct block *block)
{
	for (uint32_t i = 0; i < block->nparts && has_content(block); i++)
		session_pack(run->session, &block->parts[i]);
}

int run_append(struct import_run *run, struct block *block, struct err *err)
{
	for (uint32_t i = 0; i < block->nparts; i++)
		if (block->parts[i].pack && session_append(run->session, &block->parts[i], err) < 0)
			return -1;
	run->result->bytes += block->len;
	if (run->done_to && run->records.layout == JSON_LINES && !run->packed)
		*run->done_to = block->offset + block->len;
	return block->closes ? session_commit(run->session, false, err) : 0;
}
