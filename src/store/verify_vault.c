/* SPDX-License-Identifier: Apache-2.0 */
/* verify_vault.c: one vault file and its index: every frame hashed and unpacked, every index block
 * checked, and nothing between them that no one knows of. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/frame.h"
#include "store/frame_index.h"
#include "store/verify.h"

struct file_check {
	struct check *check;
	const struct check_item *item;
	char path[STORE_PATH], index_path[STORE_PATH]; /* as they are opened */
	char index_name[STORE_PATH];                   /* relative, for reports */
	int fd, index_fd;
	uint64_t at, index_at; /* ends of what has been checked */
	struct arena mem;
};

static void report(struct file_check *f, bool index, const char *what, unsigned long long at)
{
	char text[300];
	snprintf(text, sizeof(text), "%s at byte %llu: restore the file from a backup", what, at);
	check_report(f->check, index ? f->index_name : f->item->path, text);
}

/* 0 sound, 1 reported, -1 stopped. */
static int read_or_report(
	struct file_check *f, bool index, void *data, size_t n, uint64_t at, struct err *err)
{
	struct err why;
	if (io_pread(index ? f->index_fd : f->fd, data, n, at, index ? f->index_path : f->path,
		    &why) == 0)
		return 0;
	return check_error(f->check, index ? f->index_name : f->item->path, &why, err) < 0 ? -1 : 1;
}

static int check_frame(struct file_check *f, const struct frame_row *row, struct err *err)
{
	uint8_t sum[32];
	char what[100];
	if (row->offset != f->at)
		report(f, false, "bytes that no frame owns", f->at);
	f->at = row->offset + row->stored;
	if (row->state != FRAME_LIVE)
		return 0;
	char *stored = arena_alloc(&f->mem, row->stored);
	int rc = read_or_report(f, false, stored, row->stored, row->offset, err);
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	sha256(stored, row->stored, sum);
	if (memcmp(sum, row->sha256, 32) != 0) {
		snprintf(what, sizeof(what), "frame %u does not hold what was committed",
			row->frame);
		report(f, false, what, row->offset);
	} else if (!frame_decompress(frame_scratch(row->raw), row->raw, stored, row->stored)) {
		snprintf(what, sizeof(what), "frame %u cannot be unpacked", row->frame);
		report(f, false, what, row->offset);
	}
	return 0;
}

/* What lies before a frame's index block must be the blocks that open commits. */
static int check_openings(struct file_check *f, uint64_t end, struct err *err)
{
	while (f->index_at < end) {
		struct block_header header;
		int rc = read_or_report(f, true, &header,
			end - f->index_at < sizeof(header) ? 1 : sizeof(header), f->index_at, err);
		if (rc != 0)
			return rc < 0 ? -1 : 0;
		uint64_t n = block_bytes(&header);
		if (end - f->index_at < sizeof(header) || n > end - f->index_at) {
			report(f, true, "a damaged index block", f->index_at);
			return 0;
		}
		char *block = arena_alloc(&f->mem, n);
		rc = read_or_report(f, true, block, n, f->index_at, err);
		if (rc != 0)
			return rc < 0 ? -1 : 0;
		if (!block_is_sound((struct slice){block, n}))
			report(f, true, "a damaged index block", f->index_at);
		f->index_at += n;
	}
	return 0;
}

static int check_index(struct file_check *f, const struct frame_row *row, struct err *err)
{
	struct frame_index index;
	struct err why;
	if (row->index_offset < f->index_at)
		report(f, true, "index blocks that overlap", row->index_offset);
	if (check_openings(f, row->index_offset, err) < 0)
		return -1;
	f->index_at = row->index_offset + row->index_bytes;
	char *block = arena_alloc(&f->mem, row->index_bytes);
	int rc = read_or_report(f, true, block, row->index_bytes, row->index_offset, err);
	if (rc == 0 && block_decode((struct slice){block, row->index_bytes}, row, f->index_path,
			       &f->mem, &index, &why) < 0)
		rc = check_error(f->check, f->index_name, &why, err);
	return rc < 0 ? -1 : 0;
}

static int check_frames(struct file_check *f, struct err *err)
{
	struct frame_row row;
	struct err why;
	for (uint32_t i = 0;; i++) {
		if (check_stopped(f->check, err))
			return -1;
		int there = vault_frame(
			f->check->store, f->item->owner, f->item->vault_file, i, &row, &why);
		if (there < 0)
			return check_error(f->check, "catalog.db", &why, err);
		if (there == 0 || row.offset >= f->item->bytes)
			return 0;
		arena_reset(&f->mem);
		if (check_frame(f, &row, err) < 0 || check_index(f, &row, err) < 0)
			return -1;
		check_step(f->check, (uint64_t)row.stored + row.index_bytes, f->item->path);
	}
}

static int open_or_report(struct file_check *f, bool index, struct err *err)
{
	struct err why;
	struct io_info info;
	const char *path = index ? f->index_path : f->path;
	uint64_t bytes = index ? f->item->index_bytes : f->item->bytes;
	int fd = io_open(path, O_RDONLY, 0, &why);
	*(index ? &f->index_fd : &f->fd) = fd;
	int rc = fd < 0 ? -1 : io_fstat(fd, &info, path, &why);
	if (rc == 0 && info.size < bytes)
		rc = err_set(&why, ERR_DAMAGED,
			"%s: has %llu bytes, %llu were committed: restore it from a backup", path,
			(unsigned long long)info.size, (unsigned long long)bytes);
	if (rc < 0)
		return check_error(f->check, index ? f->index_name : f->item->path, &why, err);
	return 0;
}

int check_vault_file(struct check *check, const struct check_item *item, struct err *err)
{
	struct file_check *f = xcalloc(1, sizeof(*f));
	f->check = check;
	f->item = item;
	f->fd = f->index_fd = -1;
	store_path(check->store, f->path, "%s", item->path);
	snprintf(f->index_name, sizeof(f->index_name), "vault/%s/%06u.idx", item->owner,
		item->vault_file);
	store_path(check->store, f->index_path, "%s", f->index_name);
	int rc = open_or_report(f, false, err);
	if (rc == 0)
		rc = open_or_report(f, true, err);
	if (rc == 0 && f->fd >= 0 && f->index_fd >= 0) {
		rc = check_frames(f, err);
		if (rc == 0)
			rc = check_openings(f, item->index_bytes, err);
		if (rc == 0 && f->at != item->bytes)
			report(f, false, "bytes that no frame owns", f->at);
	}
	io_close(f->fd);
	io_close(f->index_fd);
	arena_fini(&f->mem);
	free(f);
	return rc;
}
