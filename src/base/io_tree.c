/* SPDX-License-Identifier: Apache-2.0 */
/* io_tree.c: folders and whole small files, made of the operations of io.c. */
#include "base/io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/private.h"

/* Owned by the caller. */
static char *parent_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *parent = slash == path ? xstrdup("/") : xstrdup(slash ? path : ".");
	if (slash > path)
		parent[slash - path] = '\0';
	return parent;
}

bool io_parent_shares(const char *path)
{
	char *parent = parent_of(path);
	bool shares = io_shares(parent);
	free(parent);
	return shares;
}

/* The new name lasts only when its parent is synced. A parent that we may not list cannot be. */
static int sync_parent(const char *path, struct err *err)
{
	char *parent = parent_of(path);
	struct err why;
	int result = io_fsync_dir(parent, &why);
	if (result < 0 && why.code == EACCES)
		result = 0;
	else if (result < 0 && err)
		*err = why;
	free(parent);
	return result;
}

static int make_one(const char *path, struct err *err)
{
	struct stat st;
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return 0;
	errno = io_point(IO_MKDIR, true);
	if (errno != 0)
		return err_errno(err, "%s: cannot make folder", path);
	if (mkdir(path, io_parent_shares(path) ? 0750 : 0700) == 0) {
		io_changed(&(struct io_change){.op = IO_MKDIR, .path = path});
		io_point_after();
		return sync_parent(path, err);
	}
	int code = errno;
	if (code == EEXIST && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return 0;
	errno = code;
	return err_errno(err, "%s: cannot make folder", path);
}

int io_mkdirs(const char *path, struct err *err)
{
	char *copy = xstrdup(path);
	int result = 0;
	for (char *at = copy; *at && result == 0; at++) {
		if (*at != '/' || at == copy || at[-1] == '/' || at[1] == '\0')
			continue;
		*at = '\0';
		result = make_one(copy, err);
		*at = '/';
	}
	size_t n = strlen(copy);
	if (n > 1 && copy[n - 1] == '/')
		copy[n - 1] = '\0';
	if (result == 0)
		result = make_one(copy, err);
	free(copy);
	return result;
}

struct names {
	char **items;
	size_t count, cap;
};

static int read_names(DIR *dir, struct names *names)
{
	for (;;) {
		errno = 0;
		const struct dirent *entry = readdir(dir);
		if (!entry)
			return errno ? -1 : 0;
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (names->count == names->cap) {
			names->cap = names->cap ? names->cap * 2 : 64;
			names->items = xrealloc(names->items, names->cap * sizeof(char *));
		}
		names->items[names->count++] = xstrdup(entry->d_name);
	}
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int list_folder(const char *path, struct names *names, struct err *err)
{
	errno = io_point(IO_LIST, false);
	DIR *dir = errno == 0 ? opendir(path) : NULL;
	if (!dir)
		return err_errno(err, "%s: cannot list", path);
	int result = read_names(dir, names);
	if (result < 0)
		err_errno(err, "%s: cannot list", path);
	closedir(dir);
	if (result == 0)
		io_point_after();
	return result;
}

int io_list(const char *path, int (*each)(void *ctx, const char *name, struct err *err), void *ctx,
	struct err *err)
{
	struct names names = {0};
	int result = list_folder(path, &names, err);
	if (result == 0 && names.count > 1)
		qsort(names.items, names.count, sizeof(char *), compare_names);
	for (size_t i = 0; i < names.count; i++) {
		if (result == 0)
			result = each(ctx, names.items[i], err);
		free(names.items[i]);
	}
	free(names.items);
	return result;
}

static int write_synced(const char *path, const void *data, size_t n, mode_t mode, struct err *err)
{
	int fd = io_open(path, O_WRONLY | O_CREAT | O_EXCL, mode, err);
	if (fd < 0)
		return -1;
	int result = io_write(fd, data, n, path, err);
	if (result == 0)
		result = io_fsync(fd, path, err);
	io_close(fd);
	return result;
}

int io_write_file(const char *path, const void *data, size_t n, mode_t mode, struct err *err)
{
	static atomic_uint serial;
	struct arena arena = {0};
	unsigned number = atomic_fetch_add(&serial, 1);
	char *temporary = arena_printf(&arena, "%s.%ld-%u.tmp", path, (long)getpid(), number);
	int result = write_synced(temporary, data, n, mode, err);
	if (result == 0)
		result = io_rename(temporary, path, err);
	if (result < 0)
		(void)io_unlink(temporary, NULL);
	else
		result = sync_parent(path, err);
	arena_fini(&arena);
	return result;
}

/* Reads to the end, since sizes of /proc files and of growing files are not to be trusted. */
static int read_to_end(int fd, const char *path, size_t max, struct buf *out, struct err *err)
{
	for (;;) {
		size_t room = max - out->len + 1; /* one more, to see that it is too long */
		char *to = buf_reserve(out, room < 65536 ? room : 65536);
		ssize_t got = io_read(fd, to, room < 65536 ? room : 65536, path, err);
		if (got <= 0)
			return (int)got;
		out->len += (size_t)got;
		if (out->len > max)
			return err_set(err, ERR_LIMIT, "%s: longer than %zu bytes", path, max);
	}
}

int io_read_file(const char *path, size_t max, char **data, size_t *n, struct err *err)
{
	int fd = io_open(path, O_RDONLY, 0, err);
	if (fd < 0)
		return -1;
	struct buf out;
	buf_init(&out, max + 65536 + 2);
	int result = read_to_end(fd, path, max, &out, err);
	io_close(fd);
	if (result < 0) {
		buf_fini(&out);
		return -1;
	}
	buf_push(&out, '\0');
	*data = out.ptr;
	*n = out.len - 1;
	return 0;
}
