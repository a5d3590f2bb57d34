/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_vfs.c: a layer over SQLite's default VFS: fault points for all files, page checksums for
 * the main database. Shared memory and locks go straight through: they hold nothing lasting. */
#include "store/sqlite_vfs.h"

#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/io.h"

enum { LEAST_PAGE = 512, LARGEST_PAGE = 65536, HEADER = 100, READ_TRIES = 5 };

/* Ours first, SQLite's own file behind it in the same allocation. */
struct file {
	sqlite3_file base;
	bool is_database;
	bool checked; /* the header says that pages end with checksums */
	sqlite3_file *real;
};

static sqlite3_vfs *default_vfs;

static sqlite3_file *real_of(sqlite3_file *base)
{
	return ((struct file *)base)->real;
}

/* After an operation that succeeded. (SQLite itself syncs the folder with the first sync of a
 * journal or a log that it has opened, and where xDelete asks for it.) */
static void done(const sqlite3_file *base, struct io_change change)
{
	change.file = (uintptr_t)base;
	io_changed(&change);
	io_point_after();
}

/* Two sums over 32-bit words, as WAL frames have them (sqlite.org/fileformat2.html, section 4.2),
 * begun with the page's number: a page in the wrong place is found too. */
static void page_sum(const uint8_t *page, int n, uint64_t number, uint8_t out[VFS_RESERVED])
{
	uint32_t a = (uint32_t)number * 0x9e3779b1u + 1, b = (uint32_t)n;
	for (int i = 0; i + 8 <= n - VFS_RESERVED; i += 8) {
		uint32_t words[2];
		memcpy(words, page + i, sizeof(words));
		a += words[0] + b;
		b += words[1] + a;
	}
	memcpy(out, &a, 4);
	memcpy(out + 4, &b, 4);
}

static bool is_page(const struct file *file, int n, sqlite3_int64 offset)
{
	return file->is_database && file->checked && n >= LEAST_PAGE && n <= LARGEST_PAGE &&
	       (n & (n - 1)) == 0 && offset % n == 0;
}

/* The header's byte 20 says how many bytes of each page are reserved. */
static bool header_is_checked(const uint8_t *header)
{
	return memcmp(header, "SQLite format 3", 16) == 0 && header[20] == VFS_RESERVED;
}

static int file_close(sqlite3_file *base)
{
	return real_of(base)->pMethods->xClose(real_of(base));
}

static int file_read(sqlite3_file *base, void *data, int n, sqlite3_int64 offset)
{
	struct file *file = (struct file *)base;
	if (io_point(IO_READ, false) != 0)
		return SQLITE_IOERR_READ;
	int rc = file->real->pMethods->xRead(file->real, data, n, offset);
	if (rc != SQLITE_OK)
		return rc;
	io_point_after();
	if (file->is_database && offset == 0 && n >= HEADER)
		file->checked = header_is_checked(data);
	if (!is_page(file, n, offset))
		return SQLITE_OK;
	uint8_t sum[VFS_RESERVED];
	page_sum(data, n, (uint64_t)(offset / n) + 1, sum);
	const uint8_t *stored = (const uint8_t *)data + n - VFS_RESERVED;
	return memcmp(sum, stored, VFS_RESERVED) == 0 ? SQLITE_OK : SQLITE_IOERR_DATA;
}

static int write_error(int code)
{
	return code == ENOSPC || code == EDQUOT ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}

static int file_write(sqlite3_file *base, const void *data, int n, sqlite3_int64 offset)
{
	struct file *file = (struct file *)base;
	uint8_t page[LARGEST_PAGE];
	int code = io_point(IO_WRITE, true);
	if (code != 0)
		return write_error(code);
	if (file->is_database && offset == 0 && n >= LEAST_PAGE)
		file->checked = header_is_checked(data);
	if (is_page(file, n, offset)) {
		memcpy(page, data, (size_t)n);
		page_sum(page, n, (uint64_t)(offset / n) + 1, page + n - VFS_RESERVED);
		data = page;
	}
	int rc = file->real->pMethods->xWrite(file->real, data, n, offset);
	if (rc == SQLITE_OK)
		done(base, (struct io_change){.op = IO_WRITE,
				   .data = data,
				   .offset = (uint64_t)offset,
				   .n = (uint64_t)n});
	return rc;
}

static int file_truncate(sqlite3_file *base, sqlite3_int64 size)
{
	if (io_point(IO_TRUNCATE, true) != 0)
		return SQLITE_IOERR_TRUNCATE;
	int rc = real_of(base)->pMethods->xTruncate(real_of(base), size);
	if (rc == SQLITE_OK)
		done(base, (struct io_change){.op = IO_TRUNCATE, .n = (uint64_t)size});
	return rc;
}

static int file_sync(sqlite3_file *base, int flags)
{
	if (io_point(IO_FSYNC, true) != 0)
		return SQLITE_IOERR_FSYNC;
	int rc = real_of(base)->pMethods->xSync(real_of(base), flags);
	if (rc == SQLITE_OK)
		done(base, (struct io_change){.op = IO_FSYNC});
	return rc;
}

static int file_size(sqlite3_file *base, sqlite3_int64 *size)
{
	return real_of(base)->pMethods->xFileSize(real_of(base), size);
}

static int file_lock(sqlite3_file *base, int level)
{
	return real_of(base)->pMethods->xLock(real_of(base), level);
}

static int file_unlock(sqlite3_file *base, int level)
{
	return real_of(base)->pMethods->xUnlock(real_of(base), level);
}

static int file_check_lock(sqlite3_file *base, int *out)
{
	return real_of(base)->pMethods->xCheckReservedLock(real_of(base), out);
}

static int file_control(sqlite3_file *base, int op, void *arg)
{
	return real_of(base)->pMethods->xFileControl(real_of(base), op, arg);
}

static int file_sector(sqlite3_file *base)
{
	return real_of(base)->pMethods->xSectorSize(real_of(base));
}

static int file_traits(sqlite3_file *base)
{
	return real_of(base)->pMethods->xDeviceCharacteristics(real_of(base));
}

static int file_shm_map(sqlite3_file *base, int page, int size, int extend, void volatile **out)
{
	return real_of(base)->pMethods->xShmMap(real_of(base), page, size, extend, out);
}

static int file_shm_lock(sqlite3_file *base, int offset, int n, int flags)
{
	return real_of(base)->pMethods->xShmLock(real_of(base), offset, n, flags);
}

static void file_shm_barrier(sqlite3_file *base)
{
	real_of(base)->pMethods->xShmBarrier(real_of(base));
}

static int file_shm_unmap(sqlite3_file *base, int remove)
{
	return real_of(base)->pMethods->xShmUnmap(real_of(base), remove);
}

/* Version 2: no memory mapping, which would pass the checksums by. */
static const sqlite3_io_methods methods = {
	.iVersion = 2,
	.xClose = file_close,
	.xRead = file_read,
	.xWrite = file_write,
	.xTruncate = file_truncate,
	.xSync = file_sync,
	.xFileSize = file_size,
	.xLock = file_lock,
	.xUnlock = file_unlock,
	.xCheckReservedLock = file_check_lock,
	.xFileControl = file_control,
	.xSectorSize = file_sector,
	.xDeviceCharacteristics = file_traits,
	.xShmMap = file_shm_map,
	.xShmLock = file_shm_lock,
	.xShmBarrier = file_shm_barrier,
	.xShmUnmap = file_shm_unmap,
};

static int vfs_open(
	sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *base, int flags, int *out)
{
	(void)vfs;
	struct file *file = (struct file *)base;
	*file = (struct file){.real = (sqlite3_file *)(file + 1)};
	int code = io_point(IO_OPEN, (flags & SQLITE_OPEN_READWRITE) != 0);
	if (code != 0)
		return code == ENOSPC ? SQLITE_FULL : SQLITE_CANTOPEN;
	int rc = default_vfs->xOpen(default_vfs, name, file->real, flags, out);
	if (file->real->pMethods) {
		file->base.pMethods = &methods;
		file->is_database = (flags & SQLITE_OPEN_MAIN_DB) != 0;
	}
	if (rc == SQLITE_OK)
		done(base, (struct io_change){.op = IO_OPEN, .path = name});
	return rc;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync_folder)
{
	(void)vfs;
	if (io_point(IO_UNLINK, true) != 0)
		return SQLITE_IOERR_DELETE;
	int rc = default_vfs->xDelete(default_vfs, name, sync_folder);
	if (rc == SQLITE_OK)
		done(NULL, (struct io_change){
				   .op = IO_UNLINK, .folder = sync_folder != 0, .path = name});
	return rc;
}

static sqlite3_vfs our_vfs;

static void register_vfs(void)
{
	default_vfs = sqlite3_vfs_find(NULL);
	if (!default_vfs)
		abort();
	our_vfs = *default_vfs; /* all that is not ours takes no file and goes straight through */
	our_vfs.pNext = NULL;
	our_vfs.zName = "pugmark";
	our_vfs.szOsFile = (int)sizeof(struct file) + default_vfs->szOsFile;
	our_vfs.xOpen = vfs_open;
	our_vfs.xDelete = vfs_delete;
	if (sqlite3_vfs_register(&our_vfs, 0) != SQLITE_OK)
		abort();
}

const char *sqlite_vfs_name(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, register_vfs);
	return our_vfs.zName;
}

/* A page may be read while a checkpoint writes it: only one that stays bad is bad. */
static int check_page(sqlite3_file *file, uint8_t *page, int n, uint64_t number)
{
	int rc = SQLITE_OK;
	for (int tries = 0; tries < READ_TRIES; tries++) {
		rc = file_read(file, page, n, (sqlite3_int64)(number - 1) * n);
		if (rc != SQLITE_IOERR_DATA)
			return rc;
		nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
	}
	return rc;
}

static int check_pages(sqlite3_file *file, int n, uint64_t pages,
	void (*found)(void *ctx, uint64_t page), void *ctx)
{
	uint8_t *page = xmalloc((size_t)n);
	int rc = SQLITE_OK;
	for (uint64_t i = 1; rc == SQLITE_OK && i <= pages; i++) {
		rc = check_page(file, page, n, i);
		if (rc == SQLITE_IOERR_DATA) {
			found(ctx, i);
			rc = SQLITE_OK;
		}
	}
	free(page);
	return rc;
}

int sqlite_vfs_check(sqlite3 *db, const char *path, void (*found)(void *ctx, uint64_t page),
	void *ctx, struct err *err)
{
	sqlite3_file *file = NULL;
	sqlite3_int64 size = 0;
	uint8_t header[HEADER] = {0};
	if (sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK ||
		!file || file->pMethods != &methods || file_size(file, &size) != SQLITE_OK)
		return err_set(err, ERR_IO, "%s: cannot be read page by page", path);
	if (size == 0) /* everything is in the write-ahead log yet */
		return 0;
	int rc = file_read(file, header, sizeof(header), 0);
	unsigned n = (unsigned)header[16] << 8 | header[17];
	n = n == 1 ? LARGEST_PAGE : n;
	if (rc == SQLITE_OK && (!header_is_checked(header) || n < LEAST_PAGE || (n & (n - 1)))) {
		found(ctx, 1);
		return 0;
	}
	if (rc == SQLITE_OK)
		rc = check_pages(file, (int)n, (uint64_t)size / n, found, ctx);
	if (rc != SQLITE_OK)
		return err_set(err, ERR_IO, "%s: cannot be read: %s", path, sqlite3_errstr(rc));
	return 0;
}
