/* SPDX-License-Identifier: Apache-2.0 */
/* identity_run.c: runs of identities as they are read: table, blocks, and the tallies of a key.
 * The format is in identity_run.h. Whatever is read is checked before it is used. */
#include "store/identity_run.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crc32c.h"
#include "store/identity_format.h"

static int damaged(const struct run *run, const char *what, struct err *err)
{
	return err_set(err, ERR_DAMAGED, "%s: %s", run->path, what);
}

static int open_file(struct run *run, struct err *err)
{
	if (run->fd >= 0)
		return 0;
	run->fd = io_open(run->path, O_RDONLY, 0, err);
	return run->fd >= 0 ? 0 : -1;
}

static int read_at(struct run *run, void *data, size_t n, uint64_t at, struct err *err)
{
	if (open_file(run, err) < 0)
		return -1;
	return io_pread(run->fd, data, n, at, run->path, err);
}

/* Every length of the table follows from the counts, so that nothing in the file is unaccounted
 * for and nothing is read beyond it. */
static int check_table(struct run *run, const struct file_section *table, uint64_t end,
	uint64_t entries, struct err *err)
{
	uint64_t at = RUN_MAGIC_BYTES, total = 0;
	for (uint32_t i = 0; i < run->nsections; i++) {
		const struct file_section *s = &table[i];
		if ((i > 0 && s->day <= table[i - 1].day) || s->at != at || s->count == 0 ||
			s->count > (end - at) / sizeof(struct cell) ||
			s->nblocks != (s->count + BLOCK_CELLS - 1) / BLOCK_CELLS)
			return damaged(run, "the table of days is not right", err);
		uint64_t bytes = s->count * sizeof(struct cell) +
				 s->nblocks * (uint64_t)sizeof(struct block) +
				 s->nlines * UINT64_C(64);
		if (bytes > end - at)
			return damaged(run, "the table of days points beyond the file", err);
		at += bytes;
		total += s->count;
		run->sections[i] = (struct section){.day = s->day,
			.nblocks = s->nblocks,
			.nlines = s->nlines,
			.crc = s->crc,
			.count = s->count,
			.at = s->at};
	}
	if (at != end || total != entries)
		return damaged(run, "the table of days does not fill the file", err);
	return 0;
}

static int read_table(struct run *run, struct err *err)
{
	struct file_footer footer;
	char magic[RUN_MAGIC_BYTES];
	uint64_t bytes = run->info.bytes;
	if (bytes < RUN_MAGIC_BYTES + sizeof(footer))
		return damaged(run, "is too short", err);
	if (read_at(run, magic, sizeof(magic), 0, err) < 0 ||
		read_at(run, &footer, sizeof(footer), bytes - sizeof(footer), err) < 0)
		return -1;
	if (memcmp(magic, RUN_MAGIC, sizeof(magic)) != 0 ||
		crc32c(0, &footer, offsetof(struct file_footer, crc)) != footer.crc)
		return damaged(run, "is not a run of identities, or its footer is damaged", err);
	uint64_t room = bytes - sizeof(footer) - RUN_MAGIC_BYTES;
	if (footer.version != RUN_VERSION || footer.sections == 0 ||
		footer.sections > room / sizeof(struct file_section) ||
		footer.entries != run->info.entries)
		return damaged(run, "its footer is not what the catalog says", err);
	size_t size = footer.sections * sizeof(struct file_section);
	struct file_section *table = xmalloc(size);
	int rc = read_at(run, table, size, bytes - sizeof(footer) - size, err);
	if (rc == 0 && crc32c(0, table, size) != footer.table_crc)
		rc = damaged(run, "the table of days is damaged", err);
	if (rc == 0) {
		run->nsections = (uint32_t)footer.sections;
		run->sections = xcalloc(run->nsections, sizeof(*run->sections));
		rc = check_table(run, table, bytes - sizeof(footer) - size, footer.entries, err);
	}
	free(table);
	return rc;
}

int run_describe(const char *path, struct id_run *info, struct err *err)
{
	struct file_footer footer;
	struct io_info file;
	int fd = io_open(path, O_RDONLY, 0, err);
	if (fd < 0)
		return -1;
	int rc = io_fstat(fd, &file, path, err);
	if (rc == 0 && file.size < RUN_MAGIC_BYTES + sizeof(footer))
		rc = err_set(err, ERR_DAMAGED, "%s: is too short", path);
	if (rc == 0)
		rc = io_pread(fd, &footer, sizeof(footer), file.size - sizeof(footer), path, err);
	if (rc == 0)
		*info = (struct id_run){.entries = footer.entries, .bytes = file.size};
	io_close(fd);
	return rc;
}

int run_open(const char *dir, const struct id_run *info, struct run **out, struct err *err)
{
	struct run *run = xcalloc(1, sizeof(*run));
	size_t n = strlen(dir) + sizeof(info->name) + 2;
	run->path = xmalloc(n);
	snprintf(run->path, n, "%s/%s", dir, info->name);
	run->info = *info;
	run->fd = -1;
	struct io_info file;
	int rc = open_file(run, err);
	if (rc == 0)
		rc = io_fstat(run->fd, &file, run->path, err);
	if (rc == 0 && file.size != info->bytes)
		rc = damaged(run, "has not the length that the catalog says", err);
	if (rc == 0)
		rc = read_table(run, err);
	if (rc < 0) {
		run_free(run);
		return -1;
	}
	*out = run;
	return 0;
}

void run_unload_section(struct run *run, struct section *section)
{
	if (!run->path || !section->blocks)
		return;
	free(section->blocks);
	free(section->filter);
	section->blocks = NULL;
	section->filter = NULL;
	run->loaded -= section->nblocks * sizeof(struct block) + section->nlines * (size_t)64;
}

void run_unload(struct run *run, uint64_t epoch)
{
	for (uint32_t i = 0; i < run->nsections && run->loaded > 0; i++) {
		if (run->sections[i].used < epoch)
			run_unload_section(run, &run->sections[i]);
	}
}

void run_close_file(struct run *run)
{
	io_close(run->fd);
	run->fd = -1;
	free(run->window);
	run->window = NULL;
	run->window_of = NULL;
}

void run_free(struct run *run)
{
	if (!run)
		return;
	run_close_file(run);
	for (uint32_t i = 0; i < run->nsections; i++) {
		free(run->sections[i].blocks);
		free(run->sections[i].filter);
	}
	free(run->sections);
	free(run->memory);
	free(run->path);
	free(run);
}

struct section *run_section(const struct run *run, int32_t day)
{
	uint32_t low = 0, high = run->nsections;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		if (run->sections[mid].day < day)
			low = mid + 1;
		else
			high = mid;
	}
	return low < run->nsections && run->sections[low].day == day ? &run->sections[low] : NULL;
}

int run_load(struct run *run, struct section *section, struct err *err)
{
	if (section->blocks || section->cells)
		return 0;
	size_t nblocks = section->nblocks * sizeof(struct block);
	size_t nfilter = section->nlines * (size_t)64;
	uint64_t at = section->at + section->count * sizeof(struct cell);
	struct block *blocks = xmalloc(nblocks);
	uint64_t(*filter)[8] = nfilter ? xmalloc(nfilter) : NULL;
	int rc = read_at(run, blocks, nblocks, at, err);
	if (rc == 0 && nfilter)
		rc = read_at(run, filter, nfilter, at + nblocks, err);
	if (rc == 0 && crc32c(crc32c(0, blocks, nblocks), filter, nfilter) != section->crc)
		rc = damaged(run, "the summaries or the filter of a day are damaged", err);
	if (rc < 0) {
		free(blocks);
		free(filter);
		return -1;
	}
	section->blocks = blocks;
	section->filter = filter;
	run->loaded += nblocks + nfilter;
	return 0;
}

/* Reads one block, or sixteen where reading goes on about where it stopped. */
static int fill_window(
	struct run *run, const struct section *section, uint32_t block, struct err *err)
{
	uint32_t end = run->window_at + run->window_n, n = 1;
	if (run->window_of == section ? block >= end && block < end + 4 : block == 0)
		n = WINDOW_CELLS / BLOCK_CELLS;
	if (n > section->nblocks - block)
		n = section->nblocks - block;
	if (!run->window)
		run->window = xmalloc(WINDOW_CELLS * sizeof(struct cell));
	run->window_of = NULL;
	uint64_t first = (uint64_t)block * BLOCK_CELLS;
	uint64_t count = section->count - first;
	if (count > n * BLOCK_CELLS)
		count = n * BLOCK_CELLS;
	uint64_t at = section->at + first * sizeof(struct cell);
	if (read_at(run, run->window, count * sizeof(struct cell), at, err) < 0)
		return -1;
	for (uint32_t i = 0; i < n; i++) {
		size_t size = block_cells(section, block + i) * sizeof(struct cell);
		if (crc32c(0, run->window + i * BLOCK_CELLS, size) !=
			section->blocks[block + i].crc)
			return damaged(run, "a block of identities is damaged", err);
	}
	run->window_of = section;
	run->window_at = block;
	run->window_n = n;
	run->window_cursor = 0;
	return 0;
}

const struct cell *run_block(
	struct run *run, const struct section *section, uint32_t block, struct err *err)
{
	if (run->window_of != section || block < run->window_at ||
		block >= run->window_at + run->window_n) {
		if (fill_window(run, section, block, err) < 0)
			return NULL;
	}
	return run->window + (size_t)(block - run->window_at) * BLOCK_CELLS;
}

/* The first of n cells that is not before `at`, or n; quick where `guess` is close. */
static uint64_t find_cell(
	const struct cell *cells, uint64_t n, uint64_t guess, const struct cell *at)
{
	uint64_t low, high, step = 1;
	if (guess < n && cell_before(&cells[guess], at)) {
		low = guess + 1;
		high = low;
		while (high < n && cell_before(&cells[high], at)) {
			low = high + 1;
			high += step;
			step *= 2;
		}
		if (high > n)
			high = n;
	} else {
		high = guess < n ? guess : n;
		low = high;
		while (low > 0 && !cell_before(&cells[low - 1], at)) {
			high = low - 1;
			low = low > step ? low - step : 0;
			step *= 2;
		}
	}
	/* What is before `low` is before `at`; what is from `high` on is not. */
	while (low < high) {
		uint64_t mid = low + (high - low) / 2;
		if (cell_before(&cells[mid], at))
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static bool block_before(const struct section *section, uint32_t block, const struct cell *at)
{
	return cell_before(&section->blocks[block].first, at);
}

/* The last block that begins before `at`, or 0: where the first cell that is not before `at` is, or
 * just after. Keys are hashes: where the cursor does not help, the guess from the top bits does. */
static uint32_t find_block(struct section *section, const struct cell *at)
{
	uint32_t n = section->nblocks, low = section->cursor, high, step = 1;
	if (!block_before(section, low, at) || (low + 4 < n && block_before(section, low + 4, at)))
		low = (uint32_t)((unsigned __int128)at->hi * n >> 64);
	if (block_before(section, low, at)) {
		high = low + 1;
		while (high < n && block_before(section, high, at)) {
			low = high;
			high += step;
			step *= 2;
		}
		if (high > n)
			high = n;
	} else {
		high = low;
		while (low > 0 && !block_before(section, low, at)) {
			high = low;
			low = low > step ? low - step : 0;
			step *= 2;
		}
	}
	/* `low` is before `at` (or 0); `high` is not (or n). */
	while (high - low > 1 && high > 0) {
		uint32_t mid = low + (high - low) / 2;
		if (block_before(section, mid, at))
			low = mid;
		else
			high = mid;
	}
	section->cursor = low;
	return low;
}

/* The same within a block that run_block has just given. */
static uint32_t find_in_block(
	struct run *run, const struct cell *cells, uint32_t n, const struct cell *at)
{
	uint32_t base = (uint32_t)(cells - run->window), cursor = run->window_cursor;
	uint32_t guess = cursor >= base && cursor < base + n ? cursor - base : n / 2;
	uint32_t found = (uint32_t)find_cell(cells, n, guess, at);
	run->window_cursor = base + found;
	return found;
}

static void tally_cell(struct tally *tally, const struct cell *cell, const struct cell *at)
{
	if (cell_stored(cell)) {
		tally->stored++;
		if (cell->copy >= tally->next_copy)
			tally->next_copy = cell->copy + 1;
	}
	tally->disjoint += !cell_overlaps(cell);
	if (cell->container == at->container) {
		uint64_t offset = cell->place >> 8;
		tally->own++;
		tally->known |= offset == at->place >> 8;
		if (offset >= tally->end)
			tally->end = offset + 1;
	}
}

/* Adds a block by its summary where all of it is the key's and of one side of the container's
 * places: then the summary tells as much as the cells would. */
static bool tally_whole(
	const struct section *section, uint32_t block, struct tally *tally, const struct cell *at)
{
	if (block + 1 >= section->nblocks)
		return false;
	const struct block *b = &section->blocks[block];
	const struct cell *next = &section->blocks[block + 1].first;
	if (!cell_same_key(&b->first, at) || !cell_same_key(next, at))
		return false;
	bool inside = b->first.container == at->container && next->container == at->container;
	if (!inside && b->first.container <= at->container && next->container >= at->container)
		return false;
	if (inside && b->first.place <= (at->place | 255) && next->place >= (at->place & ~255ull))
		return false; /* the place itself may be here */
	tally->stored += b->stored;
	tally->disjoint += b->disjoint;
	if (b->next_copy > tally->next_copy)
		tally->next_copy = b->next_copy;
	tally->own += inside ? BLOCK_CELLS : 0;
	return true;
}

static uint64_t find_in_memory(const struct section *section, const struct cell *at)
{
	uint64_t guess = (uint64_t)((unsigned __int128)at->hi * section->count >> 64);
	return find_cell(section->cells, section->count, guess, at);
}

static void tally_memory(const struct section *section, const struct cell *at, struct tally *tally)
{
	struct cell start = {.hi = at->hi, .lo = at->lo};
	uint64_t i = find_in_memory(section, &start);
	for (; i < section->count && cell_same_key(&section->cells[i], at); i++)
		tally_cell(tally, &section->cells[i], at);
}

int run_tally(struct run *run, struct section *section, const struct cell *at, struct tally *tally,
	struct err *err)
{
	struct cell start = {.hi = at->hi, .lo = at->lo};
	if (section->cells) {
		tally_memory(section, at, tally);
		return 0;
	}
	for (uint32_t b = find_block(section, &start); b < section->nblocks; b++) {
		const struct cell *first = &section->blocks[b].first;
		if (cell_before(&start, first) && !cell_same_key(first, at))
			return 0;
		if (tally_whole(section, b, tally, at))
			continue;
		const struct cell *cells = run_block(run, section, b, err);
		if (!cells)
			return -1;
		uint32_t n = block_cells(section, b), i = find_in_block(run, cells, n, &start);
		for (; i < n && cell_same_key(&cells[i], at); i++)
			tally_cell(tally, &cells[i], at);
		if (i < n)
			return 0;
	}
	return 0;
}

static bool same_place(const struct cell *a, const struct cell *b)
{
	return cell_same_key(a, b) && a->container == b->container &&
	       a->place >> 8 == b->place >> 8;
}

int run_knows(struct run *run, struct section *section, const struct cell *at, struct err *err)
{
	struct cell start = *at;
	start.place &= ~UINT64_C(255);
	if (section->cells) {
		uint64_t i = find_in_memory(section, &start);
		return i < section->count && same_place(&section->cells[i], at);
	}
	for (uint32_t b = find_block(section, &start); b < section->nblocks; b++) {
		const struct cell *cells = run_block(run, section, b, err);
		if (!cells)
			return -1;
		uint32_t n = block_cells(section, b), i = find_in_block(run, cells, n, &start);
		if (i < n)
			return same_place(&cells[i], at);
	}
	return 0;
}
