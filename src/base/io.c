/* SPDX-License-Identifier: Apache-2.0 */
/* io.c: operations on one file or one name: the system call between two fault points, EINTR and
 * short writes dealt with, errors worded with the path. */
#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/private.h"

static const volatile sig_atomic_t *stop_flag;

void io_stop_on(const volatile sig_atomic_t *flag)
{
	stop_flag = flag;
}

/* After an interrupted call: false where somebody asked us to stop. */
static bool try_again(void)
{
	return errno == EINTR && !(stop_flag && *stop_flag);
}

/* True where the operation is to be done; else errno is set. */
static bool may_do(enum io_op op, bool changes)
{
	int code = io_point(op, changes);
	errno = code;
	return code == 0;
}

#define CHANGED(...) io_changed(&(struct io_change){__VA_ARGS__})

/* For calls of one line: the result of the call between its fault points. */
#define DO(op, changes, call) (may_do(op, changes) ? (call) : -1)

static int finish(int result, const char *what, const char *path, struct err *err)
{
	if (result < 0)
		return err_errno(err, "%s: %s", path, what);
	io_point_after();
	return result;
}

bool io_shares(const char *folder)
{
	struct stat st;
	return stat(folder, &st) == 0 && S_ISDIR(st.st_mode) &&
	       (st.st_mode & (S_ISGID | S_IRGRP | S_IXGRP)) == (S_ISGID | S_IRGRP | S_IXGRP);
}

int io_open(const char *path, int flags, mode_t mode, struct err *err)
{
	if ((flags & O_CREAT) && mode == IO_SHARED && !io_parent_shares(path))
		mode = 0600;
	bool changes = (flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC)) != 0;
	int fd = -1;
	if (may_do(IO_OPEN, changes)) {
		do {
			fd = open(path, flags | O_CLOEXEC, mode);
		} while (fd < 0 && try_again());
	}
	if (fd >= 0)
		CHANGED(.op = IO_OPEN, .file = (uintptr_t)fd, .path = path,
			.truncates = (flags & O_TRUNC) != 0);
	return finish(fd, "cannot open", path, err);
}

void io_close(int fd)
{
	/* On Linux the descriptor is gone after EINTR too; a second close could hit another file. */
	if (fd >= 0)
		(void)close(fd);
}

ssize_t io_read(int fd, void *data, size_t n, const char *path, struct err *err)
{
	ssize_t got = -1;
	if (may_do(IO_READ, false)) {
		do {
			got = read(fd, data, n);
		} while (got < 0 && try_again());
	}
	if (got < 0)
		return err_errno(err, "%s: cannot read", path);
	io_point_after();
	return got;
}

int io_pread(int fd, void *data, size_t n, uint64_t offset, const char *path, struct err *err)
{
	if (!may_do(IO_READ, false))
		return err_errno(err, "%s: cannot read", path);
	char *to = data;
	while (n > 0) {
		ssize_t got = pread(fd, to, n, (off_t)offset);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_errno(err, "%s: cannot read", path);
		if (got == 0)
			return err_set(err, ERR_DAMAGED, "%s: ends early", path);
		to += got;
		offset += (uint64_t)got;
		n -= (size_t)got;
	}
	io_point_after();
	return 0;
}

/* Where bytes go: to the position of the descriptor, or to an offset. */
struct target {
	int fd;
	bool placed;
	uint64_t offset;
};

static int write_bytes(const struct target *target, const char *from, size_t n)
{
	for (size_t done = 0; done < n;) {
		ssize_t put = target->placed ? pwrite(target->fd, from + done, n - done,
						       (off_t)(target->offset + done))
					     : write(target->fd, from + done, n - done);
		if (put < 0 && errno == EINTR)
			continue;
		if (put == 0)
			errno = EIO;
		if (put <= 0)
			return -1;
		done += (size_t)put;
	}
	return 0;
}

static int write_all(
	const struct target *target, const void *data, size_t n, const char *path, struct err *err)
{
	bool torn;
	int code = io_point_write(&torn);
	if (torn) {
		(void)write_bytes(target, data, n / 2);
		io_end_process();
	}
	errno = code;
	int result = code ? -1 : write_bytes(target, data, n);
	if (result == 0)
		CHANGED(.op = IO_WRITE, .file = (uintptr_t)target->fd, .path = path, .data = data,
			.n = n, .offset = target->placed ? target->offset : IO_AT_POSITION);
	return finish(result, "cannot write", path, err);
}

int io_write(int fd, const void *data, size_t n, const char *path, struct err *err)
{
	return write_all(&(struct target){.fd = fd}, data, n, path, err);
}

int io_pwrite(
	int fd, const void *data, size_t n, uint64_t offset, const char *path, struct err *err)
{
	struct target target = {.fd = fd, .placed = true, .offset = offset};
	return write_all(&target, data, n, path, err);
}

int io_fsync(int fd, const char *path, struct err *err)
{
	/* Never retried: after a failed fsync the pages may be clean and lost. */
	int result = DO(IO_FSYNC, true, fsync(fd));
	if (result == 0)
		CHANGED(.op = IO_FSYNC, .file = (uintptr_t)fd, .path = path);
	return finish(result, "cannot sync", path, err);
}

void io_begin_sync(int fd)
{
	/* Without the flags that wait, no error of an earlier write is taken from the fsync. */
	(void)sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
}

int io_fsync_dir(const char *path, struct err *err)
{
	int result = -1;
	if (may_do(IO_FSYNC, true)) {
		int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0) {
			result = fsync(fd);
			int code = errno;
			io_close(fd);
			errno = code;
		}
	}
	if (result == 0)
		CHANGED(.op = IO_FSYNC, .folder = true, .path = path);
	return finish(result, "cannot sync folder", path, err);
}

int io_truncate(int fd, uint64_t size, const char *path, struct err *err)
{
	int result = -1;
	if (may_do(IO_TRUNCATE, true)) {
		do {
			result = ftruncate(fd, (off_t)size);
		} while (result < 0 && errno == EINTR);
	}
	if (result == 0)
		CHANGED(.op = IO_TRUNCATE, .file = (uintptr_t)fd, .path = path, .n = size);
	return finish(result, "cannot truncate", path, err);
}

int io_punch(int fd, uint64_t offset, uint64_t n, const char *path, struct err *err)
{
	int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
	int result = -1;
	if (may_do(IO_PUNCH, true)) {
		do {
			result = fallocate(fd, mode, (off_t)offset, (off_t)n);
		} while (result < 0 && errno == EINTR);
	}
	if (result == 0)
		CHANGED(.op = IO_PUNCH, .file = (uintptr_t)fd, .path = path, .offset = offset,
			.n = n);
	return finish(result, "cannot free blocks", path, err);
}

int io_rename(const char *from, const char *to, struct err *err)
{
	int result = DO(IO_RENAME, true, rename(from, to));
	if (result < 0)
		return err_errno(err, "%s: cannot rename to %s", from, to);
	CHANGED(.op = IO_RENAME, .path = from, .to = to);
	io_point_after();
	return 0;
}

int io_unlink(const char *path, struct err *err)
{
	int result = DO(IO_UNLINK, true, unlink(path));
	if (result == 0)
		CHANGED(.op = IO_UNLINK, .path = path);
	if (result < 0 && errno == ENOENT)
		result = 0;
	return finish(result, "cannot remove", path, err);
}

int io_rmdir(const char *path, struct err *err)
{
	int result = DO(IO_UNLINK, true, rmdir(path));
	if (result == 0)
		CHANGED(.op = IO_UNLINK, .path = path);
	if (result < 0 && (errno == ENOENT || errno == ENOTEMPTY || errno == EEXIST))
		result = 0;
	return finish(result, "cannot remove folder", path, err);
}

int io_link(const char *from, const char *to, struct err *err)
{
	int result = DO(IO_LINK, true, link(from, to));
	if (result < 0)
		return err_errno(err, "%s: cannot link to %s", from, to);
	CHANGED(.op = IO_LINK, .path = from, .to = to);
	io_point_after();
	return 0;
}

int io_chmod(const char *path, mode_t mode, struct err *err)
{
	return finish(DO(IO_CHMOD, true, chmod(path, mode)), "cannot set mode", path, err);
}

static void fill_info(struct io_info *info, const struct stat *st)
{
	*info = (struct io_info){
		.size = (uint64_t)st->st_size,
		.inode = st->st_ino,
		.device = st->st_dev,
		.mtime_us = (int64_t)st->st_mtim.tv_sec * 1000000 + st->st_mtim.tv_nsec / 1000,
		.is_dir = S_ISDIR(st->st_mode),
		.is_regular = S_ISREG(st->st_mode),
	};
}

static int look_at(const char *path, bool follow, struct io_info *info, struct err *err)
{
	struct stat st;
	int result = DO(IO_STAT, false, follow ? stat(path, &st) : lstat(path, &st));
	if (result < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (result < 0)
		return err_errno(err, "%s: cannot look at", path);
	if (info)
		fill_info(info, &st);
	io_point_after();
	return 1;
}

int io_stat(const char *path, struct io_info *info, struct err *err)
{
	return look_at(path, true, info, err);
}

int io_lstat(const char *path, struct io_info *info, struct err *err)
{
	return look_at(path, false, info, err);
}

int io_fstat(int fd, struct io_info *info, const char *path, struct err *err)
{
	struct stat st;
	int result = DO(IO_STAT, false, fstat(fd, &st));
	if (result == 0)
		fill_info(info, &st);
	return finish(result, "cannot look at", path, err);
}

int io_lock(int fd, bool exclusive, bool wait, const char *path, struct err *err)
{
	int operation = (exclusive ? LOCK_EX : LOCK_SH) | (wait ? 0 : LOCK_NB);
	int result = -1;
	if (may_do(IO_LOCK, false)) {
		do {
			result = flock(fd, operation);
		} while (result < 0 && try_again());
		if (result < 0 && errno == EWOULDBLOCK)
			return err_set(err, ERR_BUSY, "%s: held by another process", path);
	}
	return finish(result, "cannot lock", path, err);
}

int io_space(const char *path, uint64_t *free_bytes, uint64_t *total, struct err *err)
{
	struct statvfs fs;
	int result = DO(IO_STAT, false, statvfs(path, &fs));
	if (result == 0) {
		*free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
		*total = (uint64_t)fs.f_blocks * fs.f_frsize;
	}
	return finish(result, "cannot look at the file system of", path, err);
}
