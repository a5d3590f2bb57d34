/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spill.c: the private folder of one query: catalog rows for it to read, and what DuckDB moves out
 * of memory. Its name holds the process id, so that the next query can remove what a killed process
 * left behind.
 */
#include "query/spill.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/io.h"

static const char prefix[] = "pugmark-sql-";

/* Large files do not belong into /tmp where that is memory. DuckDB takes * ? [ for patterns. */
static const char *spill_root(void)
{
	const char *named = getenv("TMPDIR");
	if (named && named[0] == '/' && !strpbrk(named, "*?[") && access(named, W_OK) == 0)
		return named;
	return access("/var/tmp", W_OK) == 0 ? "/var/tmp" : "/tmp";
}

struct removal {
	const char *dir;
	unsigned depth;
};

enum { DEPTH_MAX = 8 };

static int remove_each(void *ctx, const char *name, struct err *err)
{
	const struct removal *removal = ctx;
	struct io_info info;
	char path[SPILL_PATH + 300];
	snprintf(path, sizeof(path), "%s/%s", removal->dir, name);
	if (io_stat(path, &info, err) == 1 && info.is_dir && removal->depth < DEPTH_MAX) {
		struct removal inner = {path, removal->depth + 1};
		io_list(path, remove_each, &inner, err);
		io_rmdir(path, err);
	} else {
		io_unlink(path, err);
	}
	return 0;
}

void spill_remove(const char *dir)
{
	struct err ignored;
	struct removal removal = {dir, 0};
	io_list(dir, remove_each, &removal, &ignored);
	io_rmdir(dir, &ignored);
}

static int sweep_each(void *ctx, const char *name, struct err *err)
{
	const char *root = ctx;
	char path[SPILL_PATH];
	(void)err;
	if (strncmp(name, prefix, sizeof(prefix) - 1) != 0)
		return 0;
	long pid = strtol(name + sizeof(prefix) - 1, NULL, 10);
	if (pid <= 0 || kill((pid_t)pid, 0) == 0 || errno != ESRCH)
		return 0;
	if (snprintf(path, sizeof(path), "%s/%s", root, name) < (int)sizeof(path) &&
		access(path, W_OK) == 0)
		spill_remove(path);
	return 0;
}

int spill_make(char dir[SPILL_PATH], struct err *err)
{
	char resolved[SPILL_PATH];
	struct err ignored;
	const char *root = spill_root();
	if (strlen(root) > SPILL_PATH - 64 || !realpath(root, resolved))
		return err_errno(err, "%s", root);
	io_list(resolved, sweep_each, resolved, &ignored);
	int n = snprintf(dir, SPILL_PATH, "%s/%s%ld-XXXXXX", resolved, prefix, (long)getpid());
	if (n >= SPILL_PATH)
		return err_set(err, ERR_USAGE, "TMPDIR is too long");
	if ((errno = io_point(IO_MKDIR, true)) != 0 || !mkdtemp(dir))
		return err_errno(err, "a folder in %s for the query", resolved);
	io_point_after();
	return 0;
}
