/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pack.c: a range is read, hashed and compressed in one pass, in small blocks. A thread does it, so that
 * the piece before is uploaded meanwhile. zstd level 3: on one core it packs audit logs faster than they
 * are uploaded, 16 to 1 (bench/NOTES.md).
 */
#include <malloc.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#include "ship/private.h"

enum { BLOCK = 128 << 10, LEVEL = 3, GZIP_LEVEL = 5 };

/* What packing needs; kept from piece to piece while there is much to do. */
struct context {
	ZSTD_CCtx *zstd;
	EVP_MD_CTX *sha;
	char *block;
};

static struct context *context_of(void **place)
{
	if (!*place) {
		struct context *context = xcalloc(1, sizeof(*context));
		context->zstd = ZSTD_createCCtx();
		context->sha = EVP_MD_CTX_new();
		context->block = xmalloc(BLOCK);
		if (!context->zstd || !context->sha)
			abort(); /* out of memory */
		*place = context;
	}
	return *place;
}

void piece_context_free(void **place)
{
	struct context *context = *place;
	if (!context)
		return;
	ZSTD_freeCCtx(context->zstd);
	EVP_MD_CTX_free(context->sha);
	free(context->block);
	free(context);
	*place = NULL;
}

/* Room for more output; pieces are small enough that it is always to be had. */
static char *room(struct buf *packed, size_t n)
{
	char *to = buf_reserve(packed, n);
	if (!to)
		abort();
	return to;
}

static void zstd_begin(struct context *context, uint64_t bytes)
{
	ZSTD_CCtx_reset(context->zstd, ZSTD_reset_session_and_parameters);
	ZSTD_CCtx_setParameter(context->zstd, ZSTD_c_compressionLevel, LEVEL);
	ZSTD_CCtx_setParameter(context->zstd, ZSTD_c_checksumFlag, 1);
	ZSTD_CCtx_setPledgedSrcSize(context->zstd, bytes);
}

static void zstd_add(struct context *context, size_t n, bool last, struct buf *packed)
{
	ZSTD_inBuffer in = {context->block, n, 0};
	size_t left;
	do {
		size_t most = ZSTD_CStreamOutSize();
		ZSTD_outBuffer out = {room(packed, most), most, 0};
		left = ZSTD_compressStream2(
			context->zstd, &out, &in, last ? ZSTD_e_end : ZSTD_e_continue);
		if (ZSTD_isError(left))
			abort(); /* out of memory: nothing else is possible here */
		packed->len += out.pos;
	} while (last ? left > 0 : in.pos < in.size);
}

static void gzip_begin(z_stream *gzip)
{
	*gzip = (z_stream){0};
	if (deflateInit2(gzip, GZIP_LEVEL, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		abort(); /* out of memory */
}

static void gzip_add(z_stream *gzip, char *block, size_t n, bool last, struct buf *packed)
{
	int code;
	gzip->next_in = (Bytef *)block;
	gzip->avail_in = (uInt)n;
	do {
		gzip->next_out = (Bytef *)room(packed, BLOCK);
		gzip->avail_out = BLOCK;
		code = deflate(gzip, last ? Z_FINISH : Z_NO_FLUSH);
		packed->len += BLOCK - gzip->avail_out;
	} while (last ? code != Z_STREAM_END : gzip->avail_out == 0);
}

static void write_hash(EVP_MD_CTX *sha, char hex[SHIP_HEX])
{
	unsigned char digest[32];
	EVP_DigestFinal_ex(sha, digest, NULL);
	for (size_t i = 0; i < sizeof(digest); i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

void piece_pack(struct ship_piece *piece, void **place)
{
	struct context *context = context_of(place);
	z_stream gzip;
	uint64_t at = piece->range.from, to = piece->range.to;
	buf_clear(&piece->packed);
	if (EVP_DigestInit_ex(context->sha, EVP_sha256(), NULL) != 1)
		abort(); /* out of memory */
	if (piece->gzip)
		gzip_begin(&gzip);
	else
		zstd_begin(context, to - at);
	piece->status = 0;
	while (at < to && piece->status == 0) {
		size_t n = to - at < BLOCK ? (size_t)(to - at) : BLOCK;
		piece->status =
			io_pread(piece->fd, context->block, n, at, piece->path, &piece->err);
		if (piece->status < 0)
			break;
		at += n;
		EVP_DigestUpdate(context->sha, context->block, n);
		if (piece->gzip)
			gzip_add(&gzip, context->block, n, at == to, &piece->packed);
		else
			zstd_add(context, n, at == to, &piece->packed);
	}
	write_hash(context->sha, piece->sha256);
	if (piece->gzip)
		deflateEnd(&gzip);
}

/* --- The thread ------------------------------------------------------------------------------------ */

struct packer {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct ship_piece *piece; /* under way */
	bool started, used, done, rest, quit;
	void *context; /* the thread's own */
};

static void *work(void *ctx)
{
	struct packer *p = ctx;
	pthread_mutex_lock(&p->lock);
	while (!p->quit) {
		if (p->rest) {
			piece_context_free(&p->context);
			p->rest = false;
			pthread_cond_broadcast(&p->changed);
		}
		if (!p->piece || p->done) {
			pthread_cond_wait(&p->changed, &p->lock);
			continue;
		}
		pthread_mutex_unlock(&p->lock);
		piece_pack(p->piece, &p->context);
		pthread_mutex_lock(&p->lock);
		p->done = true;
		pthread_cond_broadcast(&p->changed);
	}
	pthread_mutex_unlock(&p->lock);
	piece_context_free(&p->context);
	return NULL;
}

struct packer *packer_open(void)
{
	struct packer *p = xcalloc(1, sizeof(*p));
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->changed, NULL);
	return p;
}

/* Signals are for the main thread, whose waits they end. */
static void start(struct packer *p)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (pthread_create(&p->thread, NULL, work, p) != 0)
		abort(); /* out of memory */
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	p->started = true;
}

void packer_close(struct packer *p)
{
	if (!p)
		return;
	if (p->started) {
		pthread_mutex_lock(&p->lock);
		p->quit = true;
		pthread_cond_broadcast(&p->changed);
		pthread_mutex_unlock(&p->lock);
		pthread_join(p->thread, NULL);
	}
	pthread_mutex_destroy(&p->lock);
	pthread_cond_destroy(&p->changed);
	free(p);
}

void packer_submit(struct packer *p, struct ship_piece *piece)
{
	if (!p->started)
		start(p);
	pthread_mutex_lock(&p->lock);
	p->piece = piece;
	p->done = false;
	p->used = true;
	pthread_cond_broadcast(&p->changed);
	pthread_mutex_unlock(&p->lock);
}

int packer_wait(struct packer *p)
{
	pthread_mutex_lock(&p->lock);
	while (!p->done)
		pthread_cond_wait(&p->changed, &p->lock);
	int status = p->piece->status;
	p->piece = NULL;
	pthread_mutex_unlock(&p->lock);
	return status;
}

void packer_rest(struct packer *p)
{
	if (!p->used)
		return;
	pthread_mutex_lock(&p->lock);
	p->rest = true;
	p->used = false;
	pthread_cond_broadcast(&p->changed);
	while (p->rest)
		pthread_cond_wait(&p->changed, &p->lock);
	pthread_mutex_unlock(&p->lock);
	malloc_trim(0);
}
