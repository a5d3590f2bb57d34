/* SPDX-License-Identifier: Apache-2.0 */
/* feed_spool.c: what came, on disk before it is read: a list's lock is not held while a server takes its time, and a reply that breaks off
 * has changed nothing. The file has no name, so nothing is left of it whatever happens. */
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "pipeline/feed_private.h"

enum { SUM_BYTES = 1 << 16 };

int spool_open(struct feed_spool *spool, const char *folder, struct err *err)
{
	struct buf path;
	if (io_mkdirs(folder, err) < 0)
		return -1;
	buf_init(&path, 8192);
	buf_printf(&path, "%s/fetch-%d.tmp", folder, (int)getpid());
	spool->fd = io_open(path.ptr, O_RDWR | O_CREAT | O_TRUNC, 0600, err);
	if (spool->fd >= 0 && io_unlink(path.ptr, err) < 0) {
		io_close(spool->fd);
		spool->fd = -1;
	}
	buf_fini(&path);
	return spool->fd >= 0 ? 0 : -1;
}

int spool_write(struct feed_spool *spool, struct slice data, struct err *err)
{
	if (io_pwrite(spool->fd, data.ptr, data.len, spool->size, "what a feed sent", err) < 0)
		return -1;
	spool->size += data.len;
	return 0;
}

static void add(struct feed_spool *spool, const struct feed_part *part)
{
	if (spool->n == spool->cap) {
		spool->cap = spool->cap ? spool->cap * 2 : 8;
		spool->parts = xrealloc(spool->parts, spool->cap * sizeof(*spool->parts));
	}
	spool->parts[spool->n] = *part;
	spool->parts[spool->n++].name = arena_strdup(&spool->mem, slice_of(part->name));
}

static uint64_t end_of_parts(const struct feed_spool *spool)
{
	const struct feed_part *last = spool->n ? &spool->parts[spool->n - 1] : NULL;
	return last ? last->from + last->len : 0;
}

void spool_part(struct feed_spool *spool, const char *name)
{
	uint64_t from = end_of_parts(spool);
	add(spool, &(struct feed_part){spool->fd, name, from, spool->size - from});
}

int spool_back(struct feed_spool *spool, struct err *err)
{
	spool->size = end_of_parts(spool);
	return io_truncate(spool->fd, spool->size, "what a feed sent", err);
}

void spool_add(struct feed_spool *spool, int fd, const char *name, uint64_t size)
{
	add(spool, &(struct feed_part){fd, name, 0, size});
}

static int sum_part(EVP_MD_CTX *sum, const struct feed_part *part, char *data, struct err *err)
{
	for (uint64_t at = 0; at < part->len;) {
		size_t n = part->len - at < SUM_BYTES ? (size_t)(part->len - at) : SUM_BYTES;
		if (io_pread(part->fd, data, n, part->from + at, part->name, err) < 0)
			return -1;
		if (!EVP_DigestUpdate(sum, data, n))
			abort();
		at += n;
	}
	return 0;
}

int spool_sum(const struct feed_spool *spool, char hex[65], struct err *err)
{
	unsigned char digest[32];
	char *data = xmalloc(SUM_BYTES);
	EVP_MD_CTX *sum = EVP_MD_CTX_new();
	int rc = 0;
	if (!sum || !EVP_DigestInit_ex(sum, EVP_sha256(), NULL))
		abort(); /* out of memory */
	for (uint32_t i = 0; i < spool->n && rc == 0; i++)
		rc = sum_part(sum, &spool->parts[i], data, err);
	if (!EVP_DigestFinal_ex(sum, digest, NULL))
		abort();
	EVP_MD_CTX_free(sum);
	free(data);
	for (size_t i = 0; i < sizeof(digest); i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	return rc;
}

void spool_close(struct feed_spool *spool)
{
	for (uint32_t i = 0; i < spool->n; i++) {
		if (spool->parts[i].fd != spool->fd)
			io_close(spool->parts[i].fd);
	}
	io_close(spool->fd);
	free(spool->parts);
	arena_fini(&spool->mem);
	*spool = (struct feed_spool){.fd = -1};
}
