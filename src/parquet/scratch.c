/* SPDX-License-Identifier: Apache-2.0 */
/* scratch.c: what a thread keeps between columns: zstd contexts (making one costs more than a small
 * page) and buffers that have the right size already. */
#include "parquet/private.h"

#include <pthread.h>
#include <stdlib.h>

enum { KEEP_BYTES = 4 << 20 }; /* a larger buffer is given back */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static _Thread_local struct scratch *mine;

static void each_buf(struct scratch *s, void (*act)(struct buf *buf))
{
	struct buf *bufs[] = {&s->body, &s->pages, &s->packed, &s->valid, &s->codes, &s->ints,
		&s->levels, &s->table, &s->words, &s->list_levels};
	for (size_t i = 0; i < sizeof(bufs) / sizeof(*bufs); i++)
		act(bufs[i]);
}

static void scratch_free(void *ptr)
{
	struct scratch *s = ptr;
	each_buf(s, buf_fini);
	ZSTD_freeCCtx(s->cctx);
	ZSTD_freeDCtx(s->dctx);
	free(s);
	mine = NULL;
}

static void make_key(void)
{
	if (pthread_key_create(&key, scratch_free))
		abort();
}

static void init_buf(struct buf *buf)
{
	buf_init(buf, SIZE_MAX / 4);
}

struct scratch *scratch_get(void)
{
	if (mine)
		return mine;
	pthread_once(&once, make_key);
	struct scratch *s = xcalloc(1, sizeof(*s));
	each_buf(s, init_buf);
	s->level = INT32_MIN;
	s->cctx = ZSTD_createCCtx();
	s->dctx = ZSTD_createDCtx();
	if (!s->cctx || !s->dctx || pthread_setspecific(key, s))
		abort();
	return mine = s;
}

static void trim_buf(struct buf *buf)
{
	if (buf->cap > KEEP_BYTES)
		buf_fini(buf);
	buf_clear(buf);
}

void scratch_trim(struct scratch *scratch)
{
	each_buf(scratch, trim_buf);
}

void *scratch_room(struct buf *buf, size_t size)
{
	buf_clear(buf);
	return buf_reserve(buf, size ? size : 1);
}
