/* SPDX-License-Identifier: Apache-2.0 */
/* sorted_writer.c: writes a file front to back, hashing as it goes. */
#include <assert.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/base.h"
#include "base/crc32c.h"
#include "base/hashed_file.h"
#include "ioc/sorted_file.h"
#include "ioc/sorted_format.h"

struct sorted_writer {
	struct hashed_file *file;
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

int sorted_create(const char *path, uint64_t tag, struct sorted_writer **out, struct err *err)
{
	struct sorted_writer *w = xcalloc(1, sizeof(*w));
	w->footer.tag = tag;
	buf_init(&w->texts, UINT32_MAX);
	if (hashed_create(path, &w->file, err) < 0 ||
		hashed_put(w->file, SORTED_MAGIC, SORTED_MAGIC_BYTES, err) < 0) {
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
	hashed_free(w->file);
	buf_fini(&w->texts);
	free(w->fences);
	free(w);
}

/* ---- blocks ---------------------------------------------------------------------------------- */

static void put_varint(struct sorted_writer *w, uint64_t value)
{
	w->nblock += (uint32_t)varint_put(w->block + w->nblock, value);
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
	return hashed_put(w->file, w->block, n, err);
}

static size_t shared_bytes(const struct sorted_writer *w, struct slice key)
{
	return slice_common((struct slice){w->key, w->nkey}, key);
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
	w->fences[w->footer.nfences++] = (struct sorted_fence){.at = hashed_at(w->file),
		.text = (uint32_t)w->texts.len,
		.text_bytes = (uint16_t)n};
	if (buf_append(&w->texts, key.ptr, n) < 0)
		return err_set(
			err, ERR_LIMIT, "%s: too many keys for one file", hashed_path(w->file));
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
		return err_set(
			err, ERR_LIMIT, "%s: more than 4 GiB of names", hashed_path(w->file));
	f->extra_at = hashed_at(w->file);
	f->extra_bytes = (uint32_t)extra.len;
	f->fences_at = f->extra_at + extra.len;
	f->texts_at = f->fences_at + fences;
	f->texts_bytes = (uint32_t)w->texts.len;
	f->extra_crc = crc32c(0, extra.ptr, extra.len);
	f->fences_crc = crc32c(0, w->fences, fences);
	f->texts_crc = crc32c(0, w->texts.ptr, w->texts.len);
	f->crc = crc32c(0, f, offsetof(struct sorted_footer, crc));
	if (hashed_put(w->file, extra.ptr, extra.len, err) < 0 ||
		hashed_put(w->file, w->fences, fences, err) < 0 ||
		hashed_put(w->file, w->texts.ptr, w->texts.len, err) < 0)
		return -1;
	return hashed_put(w->file, f, sizeof(*f), err);
}

int sorted_finish(
	struct sorted_writer *w, struct slice extra, struct sorted_facts *facts, struct err *err)
{
	if (end_block(w, err) < 0)
		return -1;
	begin_kind(w, SORTED_KINDS);
	if (put_footer(w, extra, err) < 0)
		return -1;
	facts->entries = w->footer.entries;
	facts->bytes = hashed_at(w->file);
	return hashed_finish(w->file, facts->sha256, err);
}
