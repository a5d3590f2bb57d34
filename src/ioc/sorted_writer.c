/* SPDX-License-Identifier: Apache-2.0 */
/* sorted_writer.c: writes a file front to back, hashing as it goes. */
#include <assert.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/base.h"
#include "base/crc32c.h"
#include "ioc/sorted_file.h"
#include "ioc/sorted_format.h"

enum { OUT_BYTES = 256 << 10 };

struct sorted_writer {
	char *path, *temp;
	int fd;
	bool finished;
	EVP_MD_CTX *sha;
	char *out; /* bytes not yet written */
	size_t nout;
	uint64_t at;
	struct sorted_footer footer;
	struct sorted_fence *fences;
	uint32_t cap;
	struct buf texts;
	/* the block in progress */
	char block[SORTED_BLOCK_MOST];
	uint32_t nblock;
	uint16_t records;
	/* the record before */
	unsigned kind;
	char key[SORTED_KEY_MAX];
	size_t nkey;
};

static int flush(struct sorted_writer *w, struct err *err)
{
	if (w->nout == 0)
		return 0;
	if (EVP_DigestUpdate(w->sha, w->out, w->nout) != 1)
		return err_set(err, ERR_UNSUPPORTED, "SHA-256 is not available");
	int rc = io_write(w->fd, w->out, w->nout, w->temp, err);
	io_begin_sync(w->fd);
	w->nout = 0;
	return rc;
}

static int put(struct sorted_writer *w, const void *data, size_t n, struct err *err)
{
	const char *p = data;
	w->at += n;
	while (n > 0) {
		size_t take = OUT_BYTES - w->nout < n ? OUT_BYTES - w->nout : n;
		memcpy(w->out + w->nout, p, take);
		w->nout += take;
		p += take;
		n -= take;
		if (w->nout == OUT_BYTES && flush(w, err) < 0)
			return -1;
	}
	return 0;
}

int sorted_create(const char *path, uint64_t tag, struct sorted_writer **out, struct err *err)
{
	struct sorted_writer *w = xcalloc(1, sizeof(*w));
	size_t n = strlen(path) + 5;
	w->path = xstrdup(path);
	w->temp = xmalloc(n);
	snprintf(w->temp, n, "%s.tmp", path);
	w->out = xmalloc(OUT_BYTES);
	w->footer.tag = tag;
	buf_init(&w->texts, UINT32_MAX);
	w->fd = io_open(w->temp, O_WRONLY | O_CREAT | O_TRUNC, IO_SHARED, err);
	w->sha = EVP_MD_CTX_new();
	int rc = w->fd >= 0 ? 0 : -1;
	if (rc == 0 && (!w->sha || EVP_DigestInit_ex(w->sha, EVP_sha256(), NULL) != 1))
		rc = err_set(err, ERR_UNSUPPORTED, "SHA-256 is not available");
	if (rc == 0)
		rc = put(w, SORTED_MAGIC, SORTED_MAGIC_BYTES, err);
	if (rc < 0) {
		sorted_writer_free(w);
		return -1;
	}
	*out = w;
	return 0;
}

void sorted_writer_free(struct sorted_writer *w)
{
	if (!w)
		return;
	io_close(w->fd);
	if (!w->finished && w->fd >= 0)
		io_unlink(w->temp, NULL);
	EVP_MD_CTX_free(w->sha);
	buf_fini(&w->texts);
	free(w->fences);
	free(w->out);
	free(w->path);
	free(w->temp);
	free(w);
}

/* ---- blocks ---------------------------------------------------------------------------------- */

static void put_varint(struct sorted_writer *w, uint64_t value)
{
	w->nblock = (uint32_t)(varint_put(w->block + w->nblock, value) - w->block);
}

static void put_bytes(struct sorted_writer *w, struct slice bytes)
{
	put_varint(w, bytes.len);
	if (bytes.len)
		memcpy(w->block + w->nblock, bytes.ptr, bytes.len);
	w->nblock += (uint32_t)bytes.len;
}

static int end_block(struct sorted_writer *w, struct err *err)
{
	if (w->nblock == 0)
		return 0;
	struct sorted_fence *fence = &w->fences[w->footer.nfences - 1];
	fence->bytes = w->nblock;
	fence->records = w->records;
	fence->crc = crc32c(0, w->block, w->nblock);
	uint32_t n = w->nblock;
	w->nblock = 0;
	w->records = 0;
	return put(w, w->block, n, err);
}

static size_t shared_bytes(const struct sorted_writer *w, struct slice key)
{
	size_t most = w->nkey < key.len ? w->nkey : key.len, n = 0;
	while (n < most && w->key[n] == key.ptr[n])
		n++;
	return n;
}

/* A fence: the shortest beginning of the key that is greater than the key before; empty at a kind's first block. */
static int begin_block(struct sorted_writer *w, unsigned kind, struct slice key, struct err *err)
{
	if (w->footer.nfences == w->cap) {
		w->cap = w->cap ? w->cap * 2 : 64;
		w->fences = xrealloc(w->fences, w->cap * sizeof(*w->fences));
	}
	bool first = w->footer.nfences == w->footer.first[kind];
	size_t n = first ? 0 : shared_bytes(w, key) + 1;
	assert(n <= key.len);
	w->fences[w->footer.nfences++] = (struct sorted_fence){
		.at = w->at, .text = (uint32_t)w->texts.len, .text_bytes = (uint16_t)n};
	if (buf_append(&w->texts, key.ptr, n) < 0)
		return err_set(err, ERR_LIMIT, "%s: too many keys for one file", w->path);
	return 0;
}

/* Ends the kinds before `kind`: its blocks begin here. */
static void begin_kind(struct sorted_writer *w, unsigned kind)
{
	for (unsigned k = w->kind + 1; k <= kind; k++)
		w->footer.first[k] = w->footer.nfences;
	w->kind = kind;
	w->nkey = 0;
}

int sorted_add(struct sorted_writer *w, unsigned kind, struct slice key, struct slice value,
	struct err *err)
{
	assert(kind < SORTED_KINDS && key.len <= SORTED_KEY_MAX && value.len <= SORTED_VALUE_MAX);
	if ((kind != w->kind || w->nblock >= SORTED_BLOCK) && end_block(w, err) < 0)
		return -1;
	if (kind != w->kind)
		begin_kind(w, kind);
	size_t shared = w->nblock ? shared_bytes(w, key) : 0;
	if (w->nblock == 0 && begin_block(w, kind, key, err) < 0)
		return -1;
	put_varint(w, shared);
	put_bytes(w, (struct slice){key.ptr + shared, key.len - shared});
	put_bytes(w, value);
	memcpy(w->key, key.ptr, key.len);
	w->nkey = key.len;
	w->records++;
	w->footer.entries++;
	return 0;
}

/* ---- the end --------------------------------------------------------------------------------- */

static int put_footer(struct sorted_writer *w, struct slice extra, struct err *err)
{
	struct sorted_footer *f = &w->footer;
	size_t fences = f->nfences * sizeof(*w->fences);
	if (extra.len > UINT32_MAX)
		return err_set(err, ERR_LIMIT, "%s: more than 4 GiB of names", w->path);
	f->extra_at = w->at;
	f->extra_bytes = (uint32_t)extra.len;
	f->fences_at = w->at + extra.len;
	f->texts_at = f->fences_at + fences;
	f->texts_bytes = (uint32_t)w->texts.len;
	f->extra_crc = crc32c(0, extra.ptr, extra.len);
	f->fences_crc = crc32c(0, w->fences, fences);
	f->texts_crc = crc32c(0, w->texts.ptr, w->texts.len);
	f->crc = crc32c(0, f, offsetof(struct sorted_footer, crc));
	if (put(w, extra.ptr, extra.len, err) < 0 || put(w, w->fences, fences, err) < 0 ||
		put(w, w->texts.ptr, w->texts.len, err) < 0 || put(w, f, sizeof(*f), err) < 0)
		return -1;
	return flush(w, err);
}

int sorted_finish(
	struct sorted_writer *w, struct slice extra, struct sorted_facts *facts, struct err *err)
{
	unsigned n = sizeof(facts->sha256);
	if (end_block(w, err) < 0)
		return -1;
	begin_kind(w, SORTED_KINDS);
	if (put_footer(w, extra, err) < 0)
		return -1;
	if (EVP_DigestFinal_ex(w->sha, facts->sha256, &n) != 1)
		return err_set(err, ERR_UNSUPPORTED, "SHA-256 is not available");
	facts->entries = w->footer.entries;
	facts->bytes = w->at;
	if (io_fsync(w->fd, w->temp, err) < 0 || io_rename(w->temp, w->path, err) < 0)
		return -1;
	w->finished = true;
	return 0;
}
