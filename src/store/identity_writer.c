/* SPDX-License-Identifier: Apache-2.0 */
/* identity_writer.c: writes a run file once, front to back, hashing as it goes. The format is in
 * identity_run.h. */
#include "store/identity_writer.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crc32c.h"
#include "store/identity_format.h"

enum { OUT_BYTES = 256 << 10 };

struct writer {
	char *dir, *path, *temp;
	const char *name; /* within path */
	int fd;
	EVP_MD_CTX *sha;
	char *out; /* bytes not yet written */
	size_t nout;
	uint64_t at, entries;
	struct file_section *table;
	uint32_t nsections, sections_cap;
	/* The day in progress; its file_section is table[nsections]. */
	struct cell cells[BLOCK_CELLS]; /* of the block in progress */
	uint32_t ncells;
	struct block *blocks;
	uint32_t nblocks, blocks_cap;
	uint64_t (*filter)[8];
	uint32_t nlines;
	bool finished;
};

static int flush(struct writer *w, struct err *err)
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

static int put(struct writer *w, const void *data, size_t n, struct err *err)
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

static char *join(const char *dir, const char *name, const char *suffix)
{
	size_t n = strlen(dir) + strlen(name) + strlen(suffix) + 2;
	char *path = xmalloc(n);
	snprintf(path, n, "%s/%s%s", dir, name, suffix);
	return path;
}

int writer_open(const char *dir, const char *name, struct writer **out, struct err *err)
{
	struct writer *w = xcalloc(1, sizeof(*w));
	w->dir = xstrdup(dir);
	w->path = join(dir, name, "");
	w->name = w->path + strlen(dir) + 1;
	w->temp = join(dir, name, ".tmp");
	w->out = xmalloc(OUT_BYTES);
	w->fd = io_open(w->temp, O_WRONLY | O_CREAT | O_TRUNC, IO_SHARED, err);
	w->sha = EVP_MD_CTX_new();
	int rc = w->fd >= 0 ? 0 : -1;
	if (rc == 0 && (!w->sha || EVP_DigestInit_ex(w->sha, EVP_sha256(), NULL) != 1))
		rc = err_set(err, ERR_UNSUPPORTED, "SHA-256 is not available");
	if (rc == 0)
		rc = put(w, RUN_MAGIC, RUN_MAGIC_BYTES, err);
	if (rc < 0) {
		writer_free(w);
		return -1;
	}
	*out = w;
	return 0;
}

void writer_free(struct writer *w)
{
	if (!w)
		return;
	io_close(w->fd);
	if (!w->finished && w->fd >= 0)
		io_unlink(w->temp, NULL);
	EVP_MD_CTX_free(w->sha);
	free(w->dir);
	free(w->path);
	free(w->temp);
	free(w->out);
	free(w->table);
	free(w->blocks);
	free(w->filter);
	free(w);
}

void writer_day(struct writer *w, int32_t day, uint64_t most)
{
	if (w->nsections == w->sections_cap) {
		w->sections_cap = w->sections_cap ? w->sections_cap * 2 : 16;
		w->table = xrealloc(w->table, w->sections_cap * sizeof(*w->table));
	}
	w->table[w->nsections] = (struct file_section){.day = day, .at = w->at};
	w->nblocks = 0;
	w->ncells = 0;
	w->nlines = filter_lines(most);
	free(w->filter);
	w->filter = w->nlines ? xcalloc(w->nlines, sizeof(*w->filter)) : NULL;
}

static int end_block(struct writer *w, struct err *err)
{
	if (w->nblocks == w->blocks_cap) {
		w->blocks_cap = w->blocks_cap ? w->blocks_cap * 2 : 64;
		w->blocks = xrealloc(w->blocks, w->blocks_cap * sizeof(*w->blocks));
	}
	struct block *block = &w->blocks[w->nblocks++];
	size_t size = w->ncells * sizeof(struct cell);
	block_summary(block, w->cells, w->ncells);
	block->crc = crc32c(0, w->cells, size);
	for (uint32_t i = 0; i < w->ncells && w->nlines; i++)
		filter_put(filter_line(w->filter, w->nlines, w->cells[i].hi), w->cells[i].lo);
	w->table[w->nsections].count += w->ncells;
	w->entries += w->ncells;
	w->ncells = 0;
	return put(w, w->cells, size, err);
}

int writer_add(struct writer *w, const struct cell *cells, uint32_t n, struct err *err)
{
	while (n > 0) {
		uint32_t take = BLOCK_CELLS - w->ncells < n ? BLOCK_CELLS - w->ncells : n;
		memcpy(w->cells + w->ncells, cells, take * sizeof(*cells));
		w->ncells += take;
		cells += take;
		n -= take;
		if (w->ncells == BLOCK_CELLS && end_block(w, err) < 0)
			return -1;
	}
	return 0;
}

int writer_day_end(struct writer *w, struct err *err)
{
	if (w->ncells > 0 && end_block(w, err) < 0)
		return -1;
	struct file_section *section = &w->table[w->nsections];
	if (section->count == 0)
		return 0;
	size_t nblocks = w->nblocks * sizeof(*w->blocks), nfilter = w->nlines * (size_t)64;
	section->nblocks = w->nblocks;
	section->nlines = w->nlines;
	section->crc = crc32c(crc32c(0, w->blocks, nblocks), w->filter, nfilter);
	w->nsections++;
	if (put(w, w->blocks, nblocks, err) < 0)
		return -1;
	return put(w, w->filter, nfilter, err);
}

static int finish_file(struct writer *w, struct id_run *info, struct err *err)
{
	size_t size = w->nsections * sizeof(*w->table);
	struct file_footer footer = {.sections = w->nsections,
		.entries = w->entries,
		.version = RUN_VERSION,
		.table_crc = crc32c(0, w->table, size)};
	footer.crc = crc32c(0, &footer, offsetof(struct file_footer, crc));
	if (put(w, w->table, size, err) < 0 || put(w, &footer, sizeof(footer), err) < 0 ||
		flush(w, err) < 0)
		return -1;
	unsigned n = sizeof(info->sha256);
	if (EVP_DigestFinal_ex(w->sha, info->sha256, &n) != 1)
		return err_set(err, ERR_UNSUPPORTED, "SHA-256 is not available");
	info->entries = w->entries;
	info->bytes = w->at;
	if (io_fsync(w->fd, w->temp, err) < 0 || io_rename(w->temp, w->path, err) < 0)
		return -1;
	w->finished = true;
	return io_fsync_dir(w->dir, err);
}

int writer_finish(struct writer *w, struct id_run *info, struct err *err)
{
	*info = (struct id_run){0};
	if (strlen(w->name) >= sizeof(info->name))
		return err_set(err, ERR_LIMIT, "%s: the name is too long", w->path);
	memcpy(info->name, w->name, strlen(w->name) + 1);
	return w->entries ? finish_file(w, info, err) : 0;
}
