/* SPDX-License-Identifier: Apache-2.0 */
/* frame.c: records to vault frames. Neighbours in the input are compressed where they lie; only
 * where something between them was dropped are they gathered first. */
#include "store/frame.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "store/frame_index.h"

/* What a thread keeps between frames: making a zstd context costs more than a small frame. */
struct thread_tools {
	ZSTD_CCtx *vault, *index;
	ZSTD_DCtx *dctx;
	void *scratch;
	size_t scratch_bytes;
};

static pthread_key_t tools_key;

static void tools_free(void *ptr)
{
	struct thread_tools *tools = ptr;
	ZSTD_freeCCtx(tools->vault);
	ZSTD_freeCCtx(tools->index);
	ZSTD_freeDCtx(tools->dctx);
	free(tools->scratch);
	free(tools);
}

static void make_key(void)
{
	if (pthread_key_create(&tools_key, tools_free) != 0)
		abort();
}

/* Negative levels leave literals as they are unless told otherwise, and log lines repeat in long
 * pieces, so that short matches only cost time. Huffman codes for literals cost a tenth of the
 * speed and save a fifth to a third of the vault. One core beside other work, 64 MiB of Bitbucket
 * lines of two generators, alternating, median of 21:
 *   level -3 as it is        1.64 GB/s 15.1:1    1.68 GB/s 12.6:1
 *   minMatch 7, hashLog 15   1.73 GB/s 15.5:1    1.69 GB/s 12.8:1
 *   and Huffman codes        1.56 GB/s 18.7:1    1.49 GB/s 18.3:1   (what is set here)
 *   level 1                  1.39 GB/s 20.4:1    1.24 GB/s 18.0:1
 * The mode of literals is an experimental parameter (ZSTD_c_literalCompressionMode): where a later
 * zstd refuses it, the vault only grows larger. */
static ZSTD_CCtx *vault_context(void)
{
	ZSTD_CCtx *cctx = ZSTD_createCCtx();
	if (!cctx)
		abort();
	ZSTD_CCtx_setParameter(cctx, ZSTD_c_compressionLevel, VAULT_LEVEL);
	ZSTD_CCtx_setParameter(cctx, ZSTD_c_minMatch, 7);
	ZSTD_CCtx_setParameter(cctx, ZSTD_c_hashLog, 15);
	ZSTD_CCtx_setParameter(cctx, ZSTD_c_experimentalParam5, 1);
	return cctx;
}

static ZSTD_CCtx *index_context(void)
{
	ZSTD_CCtx *cctx = ZSTD_createCCtx();
	if (!cctx)
		abort();
	ZSTD_CCtx_setParameter(cctx, ZSTD_c_compressionLevel, 1);
	return cctx;
}

static struct thread_tools *tools_get(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, make_key);
	struct thread_tools *tools = pthread_getspecific(tools_key);
	if (!tools) {
		tools = xcalloc(1, sizeof(*tools));
		tools->vault = vault_context();
		tools->index = index_context();
		tools->dctx = ZSTD_createDCtx();
		if (!tools->dctx || pthread_setspecific(tools_key, tools) != 0)
			abort();
	}
	return tools;
}

static size_t compress(ZSTD_CCtx *cctx, void *dst, size_t bound, const void *src, size_t n)
{
	size_t got = ZSTD_compress2(cctx, dst, bound, src, n);
	if (ZSTD_isError(got))
		abort(); /* the output bound is kept: only memory can be missing */
	return got;
}

size_t frame_compress_index(void *dst, size_t bound, const void *src, size_t n)
{
	return compress(tools_get()->index, dst, bound, src, n);
}

bool frame_decompress(void *dst, size_t n, const void *src, size_t packed)
{
	size_t got = ZSTD_decompressDCtx(tools_get()->dctx, dst, n, src, packed);
	return !ZSTD_isError(got) && got == n;
}

void *frame_scratch(size_t n)
{
	struct thread_tools *tools = tools_get();
	if (n > tools->scratch_bytes) {
		free(tools->scratch);
		tools->scratch = xmalloc(n);
		tools->scratch_bytes = n;
	}
	return tools->scratch;
}

void frame_set_init(struct frame_set *set)
{
	*set = (struct frame_set){0};
	buf_init(&set->data, SIZE_MAX / 2);
	buf_init(&set->index, SIZE_MAX / 2);
}

void frame_set_fini(struct frame_set *set)
{
	buf_fini(&set->data);
	buf_fini(&set->index);
	free(set->rows);
	*set = (struct frame_set){0};
}

/* True where the records and the single newlines between them are one run of memory. */
static bool are_neighbours(const struct slice *records, uint32_t n)
{
	for (uint32_t i = 1; i < n; i++) {
		const char *end = records[i - 1].ptr + records[i - 1].len;
		if (records[i].ptr != end + 1 || *end != '\n')
			return false;
	}
	return true;
}

static const char *gather(const struct slice *records, uint32_t n, size_t raw)
{
	char *to = frame_scratch(raw), *at = to;
	for (uint32_t i = 0; i < n; i++) {
		if (i)
			*at++ = '\n';
		memcpy(at, records[i].ptr, records[i].len);
		at += records[i].len;
	}
	return to;
}

/* Microseconds, the last of the millisecond where `last`; INT64_MIN = none. */
static int64_t time_of(const struct frame_index *index, uint32_t i, bool last)
{
	if (index->times)
		return index->times[i];
	if (index->flags[i] & ROW_NO_TIME)
		return INT64_MIN;
	int64_t ms = 0;
	for (int b = 0; b < 6; b++)
		ms = ms << 8 | index->event_ids[i][b];
	return ms * 1000 + (last ? 999 : 0);
}

static void note_times(struct frame_row *row, const struct frame_index *index)
{
	row->min_time = INT64_MAX;
	row->max_time = INT64_MIN;
	for (uint32_t i = 0; i < index->n && row->kind == FRAME_RECORDS; i++) {
		int64_t first = time_of(index, i, false), last = time_of(index, i, true);
		if (first == INT64_MIN)
			row->no_time++;
		else if (first < row->min_time)
			row->min_time = first;
		if (last > row->max_time)
			row->max_time = last;
	}
}

void frame_set_add(struct frame_set *set, const struct slice *records,
	const struct frame_index *index, enum frame_kind kind)
{
	size_t raw = index->n ? index->n - 1 : 0;
	for (uint32_t i = 0; i < index->n; i++)
		raw += records[i].len;
	if (set->n == set->cap) {
		set->cap = set->cap ? set->cap * 2 : 64;
		set->rows = xrealloc(set->rows, set->cap * sizeof(*set->rows));
	}
	struct frame_row *row = &set->rows[set->n++];
	*row = (struct frame_row){.offset = set->data.len,
		.index_offset = set->index.len,
		.raw = (uint32_t)raw,
		.records = index->n,
		.kind = kind};
	bool in_place = index->n > 0 && are_neighbours(records, index->n);
	const char *bytes = in_place ? records[0].ptr : gather(records, index->n, raw);
	size_t bound = ZSTD_compressBound(raw);
	char *to = buf_reserve(&set->data, bound);
	row->stored = (uint32_t)compress(tools_get()->vault, to, bound, bytes, raw);
	set->data.len += row->stored;
	sha256(to, row->stored, row->sha256);
	note_times(row, index);
	block_encode(&set->index, index, row);
	row->index_bytes = (uint32_t)(set->index.len - row->index_offset);
}
