/* SPDX-License-Identifier: Apache-2.0 */
/*
 * io.h: the one place that touches files. Every operation passes io_point(), where a test can fail
 * the Nth one, tear it, or stop the process before or after it. Retries EINTR, finishes short
 * writes. All functions return -1 with `err` set on failure; texts name the path.
 */
#ifndef BASE_IO_H
#define BASE_IO_H

#include <stdbool.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

enum io_op {
	IO_OPEN,
	IO_READ,
	IO_WRITE,
	IO_FSYNC,
	IO_RENAME,
	IO_UNLINK,
	IO_MKDIR,
	IO_TRUNCATE,
	IO_LOCK,
	IO_STAT,
	IO_LIST,
	IO_LINK,
	IO_PUNCH,
	IO_CHMOD,
	IO_OPS
};

struct io_info {
	uint64_t size;
	uint64_t inode, device;
	int64_t mtime_us;
	bool is_dir, is_regular;
};

/* Fault injection, for tests: "OP:N:WHAT", from the environment variable PUGMARK_FAULT at first
 * use or by this call (NULL = none). OP is an operation in lower case, "change" (whatever changes
 * a file: write, fsync, rename, unlink, mkdir, truncate, link, punch, chmod and open for writing)
 * or "any". N counts from 1. WHAT is an errno name (ENOSPC, EIO, EMFILE, EACCES, EROFS), "kill"
 * (the process ends before the operation), "after" (ends after it), "torn" (half of the bytes are
 * written, then it ends). A plus sign after N ("write:3+:ENOSPC") makes it and all later ones
 * fail. Not to be called while other threads do file operations. 0, or -1 where the text is
 * none. */
int io_fault(const char *spec, struct err *err);
/* Operations counted so far in the class of the last io_fault (or "change"). */
uint64_t io_count(void);

/* To be called by code that does file operations through a library (SQLite's VFS): 0, or the errno
 * to fail with. May end the process ("torn" ends it before the operation). */
int io_point(enum io_op op, bool changes);
/* Must follow a successful operation of io_point's caller: where the fault is "after", the process
 * ends here. */
void io_point_after(void);

/* What was done to a file or a name, for tests that model a loss of power. */
struct io_change {
	enum io_op op;
	uintptr_t file;        /* of an open file: its descriptor, or a library's address for it */
	bool folder;           /* IO_FSYNC: `path` is a folder; IO_UNLINK: its folder was synced */
	bool truncates;        /* IO_OPEN: empties the file */
	const char *path, *to; /* `to` for IO_RENAME and IO_LINK; NULL where there is no name */
	const void *data;      /* IO_WRITE */
	uint64_t offset, n;    /* of IO_WRITE and IO_PUNCH; the size of IO_TRUNCATE is `n` */
};
/* As `offset`: the descriptor's position, after what was written before. */
#define IO_AT_POSITION UINT64_MAX
/* Calls `seen` after each operation that changed something (all that io_fault calls a change but
 * chmod), and each that opened a file; NULL = none. Texts and data are borrowed for the call. Not
 * to be called while other threads do file operations. */
void io_watch(void (*seen)(void *ctx, const struct io_change *change), void *ctx);
/* To be called by code that does file operations through a library, after each that succeeded. */
void io_changed(const struct io_change *change);

/* Makes waits that a signal interrupts (io_read, io_open, io_lock) end with ERR_INTERRUPTED where
 * *flag is set by then, instead of going on; NULL = always go on. Writes always finish. */
void io_stop_on(const volatile sig_atomic_t *flag);

/* Mode of files for whoever the folder is meant for: the group may read them where io_shares() says
 * so; elsewhere it is 0600. */
#define IO_SHARED 0640
/* Whether a folder is meant for its group: it hands the group on and lets it read (mode g+rxs, as
 * `install -d -m 2750 -g GROUP` makes it). */
bool io_shares(const char *folder);

/* open(2) with O_CLOEXEC; a descriptor, or -1. */
int io_open(const char *path, int flags, mode_t mode, struct err *err);
/* Closes; errors of close are reported by the fsync before it. Accepts -1. */
void io_close(int fd);
/* Up to n bytes: how many (0 = end), or -1. `path` is for the error text only. */
ssize_t io_read(int fd, void *data, size_t n, const char *path, struct err *err);
/* Exactly n bytes at `offset`; fewer is ERR_DAMAGED ("ends early"). 0 or -1. */
int io_pread(int fd, void *data, size_t n, uint64_t offset, const char *path, struct err *err);
/* All n bytes. 0 or -1. */
int io_write(int fd, const void *data, size_t n, const char *path, struct err *err);
/* All n bytes at `offset`. 0 or -1. */
int io_pwrite(
	int fd, const void *data, size_t n, uint64_t offset, const char *path, struct err *err);
/* fsync(2). After a failure nothing may be assumed of what was written (RELIABILITY.md): the
 * caller must give up its commit and let recovery start from the catalog. */
int io_fsync(int fd, const char *path, struct err *err);
/* Asks the system to begin writing what the file holds so far, so that a later io_fsync has less to
 * wait for. A hint: it promises nothing, and an error of the device is the fsync's to report. No fault
 * point. */
void io_begin_sync(int fd);
/* fsync of a folder, so that names in it survive. */
int io_fsync_dir(const char *path, struct err *err);
/* Cuts or extends a file to `size` bytes. */
int io_truncate(int fd, uint64_t size, const char *path, struct err *err);
/* Frees the blocks of a range and leaves the size (fallocate PUNCH_HOLE). */
int io_punch(int fd, uint64_t offset, uint64_t n, const char *path, struct err *err);
/* rename(2): replaces `to` at once; lasting only after io_fsync_dir of its folder. */
int io_rename(const char *from, const char *to, struct err *err);
/* Removes a file; one that is not there is no error. */
int io_unlink(const char *path, struct err *err);
/* Removes an empty folder; one that is missing or not empty is no error. */
int io_rmdir(const char *path, struct err *err);
/* Makes a folder and its parents, mode 0700 for new ones (0750 in one that io_shares), and syncs the
 * names of new ones. */
int io_mkdirs(const char *path, struct err *err);
/* A second name for a file (link(2)); the name must be free. */
int io_link(const char *from, const char *to, struct err *err);
/* chmod(2). */
int io_chmod(const char *path, mode_t mode, struct err *err);
/* 1 = there, 0 = not there, -1 = error. Follows links; `info` may be NULL. */
int io_stat(const char *path, struct io_info *info, struct err *err);
/* The same of the name itself: a symbolic link is neither folder nor regular file. */
int io_lstat(const char *path, struct io_info *info, struct err *err);
/* The same of an open file. 0 or -1. */
int io_fstat(int fd, struct io_info *info, const char *path, struct err *err);
/* Calls `each` for the names in a folder, sorted by byte order, without . and ..; stops where it
 * returns non-zero and returns that. */
int io_list(const char *path, int (*each)(void *ctx, const char *name, struct err *err), void *ctx,
	struct err *err);
/* flock(2), exclusive or shared. With `wait` false, ERR_BUSY where somebody else holds it. The lock
 * is gone when the descriptor is closed or the process dies. */
int io_lock(int fd, bool exclusive, bool wait, const char *path, struct err *err);
/* Free and all bytes of the file system that holds `path`. */
int io_space(const char *path, uint64_t *free_bytes, uint64_t *total, struct err *err);
/* Writes a whole small file: temporary name (PATH.<pid>-<n>.tmp), fsync, rename, fsync of the
 * folder. */
int io_write_file(const char *path, const void *data, size_t n, mode_t mode, struct err *err);
/* Reads a whole file into *data (owned by the caller, free; a NUL is added, not counted in *n).
 * ERR_LIMIT where it is longer than `max` bytes. */
int io_read_file(const char *path, size_t max, char **data, size_t *n, struct err *err);

#endif
