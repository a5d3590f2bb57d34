/* SPDX-License-Identifier: Apache-2.0 */
/* match.c: which file is which log. Names change, inodes and devices are given out again: what a log is
 * known by is its first line and the bytes before the offset. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "ship/private.h"

/* O_NONBLOCK: a file that became a pipe must not stop us. O_NOATIME is for owners only. */
static int open_file(const char *path, struct err *err)
{
	int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
	int fd = io_open(path, flags | O_NOATIME, 0, err);
	if (fd < 0 && err->code == EPERM)
		fd = io_open(path, flags, 0, err);
	return fd;
}

int match_open(struct ship_log *log, struct err *err)
{
	struct io_info info;
	if (log->fd >= 0)
		return 0;
	int fd = open_file(log->path, err);
	if (fd < 0 || io_fstat(fd, &info, log->path, err) < 0) {
		io_close(fd);
		return -1;
	}
	if (info.device != log->is.device || info.inode != log->is.inode || !info.is_regular) {
		io_close(fd);
		return err_set(err, ERR_BUSY, "%s: it was replaced while it was opened", log->path);
	}
	log->fd = fd;
	return 0;
}

int match_record(const struct ship_log *log, const struct ship_record *record, struct err *err)
{
	char hex[SHIP_HEX], tail[SHIP_TAIL + 1];
	if (log->size < record->offset || log->size < record->fp_bytes)
		return 0;
	if (content_hash(log->fd, 0, record->fp_bytes, log->path, hex, err) < 0 ||
		content_tail(log->fd, record->offset, log->path, tail, err) < 0)
		return err->kind == ERR_DAMAGED ? 0 : -1; /* it became shorter meanwhile */
	return memcmp(hex, record->fp, SHIP_FP) == 0 && strcmp(tail, record->tail) == 0;
}

static bool same_place(const struct ship_record *a, const struct ship_record *b)
{
	return a->fp[0] && strcmp(a->fp, b->fp) == 0 && strcmp(a->name, b->name) == 0 &&
	       strcmp(a->node, b->node) == 0;
}

/* The objects of two logs must not have the same keys. */
static unsigned free_generation(const struct follow *f, const struct ship_log *log)
{
	unsigned generation = 1;
	if (log->before_name && strcmp(log->before_fp, log->is.fp) == 0 &&
		strcmp(log->before_name, log->is.name) == 0)
		generation = log->is.generation;
	for (size_t i = 0; i < f->count; i++) {
		const struct ship_record *other = &f->logs[i]->is;
		if (f->logs[i] != log && same_place(other, &log->is) &&
			other->generation >= generation)
			generation = other->generation + 1;
	}
	return generation;
}

static int read_node(const struct follow *f, struct ship_log *log, uint64_t len, struct err *err)
{
	struct buf node;
	if (f->node) {
		log->is.node = xstrdup(f->node);
		return 0;
	}
	buf_init(&node, 256);
	int found = content_node(log->fd, len, log->path, &node, err);
	if (found > 0 && buf_push(&node, '\0') == 0)
		log->is.node = xstrdup(node.ptr);
	else if (found >= 0)
		log->is.node = xstrdup(f->host);
	buf_fini(&node);
	return found < 0 ? -1 : 0;
}

int match_identify(struct follow *f, struct ship_log *log, bool final, struct err *err)
{
	char hex[SHIP_HEX];
	uint64_t len;
	int has_end = content_first_line(log->fd, log->size, log->path, &len, err);
	if (has_end < 0)
		return -1;
	if ((has_end == 0 && !final) || log->size == 0)
		return 0;
	if (content_hash(log->fd, 0, len, log->path, hex, err) < 0 ||
		content_tail(log->fd, 0, log->path, log->is.tail, err) < 0 ||
		read_node(f, log, len, err) < 0)
		return -1;
	snprintf(log->is.fp, sizeof(log->is.fp), "%.8s", hex);
	log->is.fp_bytes = len;
	log->is.generation = free_generation(f, log);
	return 1;
}
