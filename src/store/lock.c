/* SPDX-License-Identifier: Apache-2.0 */
/* lock.c: what one process at a time does in a folder: locks on files of it. */
#include <fcntl.h>
#include <stdlib.h>

#include "store/private.h"

struct store_lock {
	int fd;
};

int store_lock(
	struct store *store, const char *file, bool wait, struct store_lock **lock, struct err *err)
{
	char path[STORE_PATH];
	struct err why;
	*lock = NULL;
	if (store_check_writable(store, err) < 0)
		return -1;
	int fd = io_open(store_path(store, path, "%s", file), O_RDWR | O_CREAT, 0600, err);
	if (fd < 0)
		return -1;
	if (io_lock(fd, true, wait, path, &why) == 0) {
		*lock = xcalloc(1, sizeof(**lock));
		(*lock)->fd = fd;
		return 1;
	}
	io_close(fd);
	if (why.kind == ERR_BUSY && !wait)
		return 0;
	if (err)
		*err = why;
	return -1;
}

void store_unlock(struct store_lock *lock)
{
	if (lock)
		io_close(lock->fd);
	free(lock);
}
