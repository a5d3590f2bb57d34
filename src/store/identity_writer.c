/* SPDX-License-Identifier: Apache-2.0 */
/* identity_writer.c: writes a run file once, front to back, hashing as it goes. The format is in
 * identity_run.h. */
#include "store/identity_writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/hashed_file.h"
#include "store/identity_format.h"

struct writer {
	char *dir;
	const char *name; /* within the file's path */
	struct hashed_file *file;
	uint64_t entries;
	struct file_section *table;
	uint32_t nsections, sections_cap;
	/* The day in progress; its file_section is table[nsections]. */
	struct cell cells[BLOCK_CELLS]; /* of the block in progress */
	uint32_t ncells;
	struct block *blocks;
	uint32_t nblocks, blocks_cap;
	uint64_t (*filter)[8];
	uint32_t nlines;
};

int writer_open(const char *dir, const char *name, struct writer **out, struct err *err)
{
	struct writer *w = xcalloc(1, sizeof(*w));
	size_t n = strlen(dir) + strlen(name) + 2;
	char *path = xmalloc(n);
	snprintf(path, n, "%s/%s", dir, name);
	w->dir = xstrdup(dir);
	int rc = hashed_create(path, &w->file, err);
	free(path);
	if (rc == 0) {
		w->name = hashed_path(w->file) + strlen(dir) + 1;
		rc = hashed_put(w->file, RUN_MAGIC, RUN_MAGIC_BYTES, err);
	}
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
	hashed_free(w->file);
	free(w->dir);
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
	w->table[w->nsections] = (struct file_section){.day = day, .at = hashed_at(w->file)};
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
	return hashed_put(w->file, w->cells, size, err);
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
	if (hashed_put(w->file, w->blocks, nblocks, err) < 0)
		return -1;
	return hashed_put(w->file, w->filter, nfilter, err);
}

static int finish_file(struct writer *w, struct id_run *info, struct err *err)
{
	size_t size = w->nsections * sizeof(*w->table);
	struct file_footer footer = {.sections = w->nsections,
		.entries = w->entries,
		.version = RUN_VERSION,
		.table_crc = crc32c(0, w->table, size)};
	footer.crc = crc32c(0, &footer, offsetof(struct file_footer, crc));
	if (hashed_put(w->file, w->table, size, err) < 0 ||
		hashed_put(w->file, &footer, sizeof(footer), err) < 0)
		return -1;
	info->entries = w->entries;
	info->bytes = hashed_at(w->file);
	return hashed_finish(w->file, info->sha256, err) < 0 ? -1 : io_fsync_dir(w->dir, err);
}

int writer_finish(struct writer *w, struct id_run *info, struct err *err)
{
	*info = (struct id_run){0};
	if (strlen(w->name) >= sizeof(info->name))
		return err_set(err, ERR_LIMIT, "%s: the name is too long", hashed_path(w->file));
	memcpy(info->name, w->name, strlen(w->name) + 1);
	return w->entries ? finish_file(w, info, err) : 0;
}
