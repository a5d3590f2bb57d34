/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sqlite_vfs.h: SQLite's files under our rules: every operation passes io_point(), so that faults
 * reach the catalog too, and every page of catalog.db carries a checksum of its own in its last
 * eight bytes (SQLite itself has none), so that a flipped bit is found when the page is read.
 */
#ifndef STORE_SQLITE_VFS_H
#define STORE_SQLITE_VFS_H

#include <sqlite3.h>
#include <stdint.h>

#include "base/err.h"

enum { VFS_RESERVED = 8 /* bytes at the end of each page: its checksum */ };

/* The name to open databases with; registers the VFS at first use (any thread). */
const char *sqlite_vfs_name(void);

/* Reads the main database of a connection page by page from the disk, past its cache: calls
 * found() for each page that is bad. A page that a checkpoint is writing at the moment is read
 * again. 0, or -1 where the file cannot be read. (It goes through the connection's own descriptor:
 * closing a second one would drop SQLite's locks, see fcntl(2).) */
int sqlite_vfs_check(sqlite3 *db, const char *path, void (*found)(void *ctx, uint64_t page),
	void *ctx, struct err *err);

#endif
