/* SPDX-License-Identifier: Apache-2.0 */
/* feed_files.c: a list in a file of this machine, or in all files of a folder: read where names, sizes or times changed. */
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#include "pipeline/feed_private.h"

enum { FILES_MOST = 1000 };

struct files {
	struct feed_fetch *fetch;
	const char *folder;
	struct buf marks; /* a line per file */
	uint64_t bytes;
};

/* Opened without waiting: a pipe is no file. 0 or -1; others than files are passed over in folders. */
static int add_file(struct files *f, const char *path, struct err *err)
{
	const struct feed *feed = f->fetch->feed;
	uint64_t most = feed->max_bytes ? feed->max_bytes : FEED_BYTES;
	struct io_info info;
	char bytes[32];
	int fd = io_open(path, O_RDONLY | O_NONBLOCK, 0, err);
	if (fd < 0)
		return -1;
	int rc = io_fstat(fd, &info, path, err);
	if (rc == 0 && !info.is_regular && !f->folder)
		rc = err_set(err, ERR_USAGE, "%s: is neither a file nor a folder", path);
	if (rc < 0 || !info.is_regular) {
		io_close(fd);
		return rc;
	}
	spool_add(&f->fetch->spool, fd, path, info.size); /* closes it */
	f->bytes += info.size;
	buf_printf(&f->marks, "%s %" PRIu64 " %" PRId64 " %" PRIu64 "\n", path, info.size,
		info.mtime_us, info.inode);
	if (f->bytes > most)
		return err_set(err, ERR_LIMIT, "%s: more than %s: --max-size allows more",
			feed->url, text_bytes(most, bytes));
	return f->fetch->spool.n <= FILES_MOST
		       ? 0
		       : err_set(err, ERR_LIMIT, "%s: more than %d files", feed->url, FILES_MOST);
}

/* Hidden files are those that editors and copying programs have not finished. */
static int each_name(void *ctx, const char *name, struct err *err)
{
	struct files *f = ctx;
	size_t n = strlen(name);
	if (name[0] == '.' || name[n - 1] == '~' ||
		(n > 4 && (strcmp(name + n - 4, ".tmp") == 0)) ||
		(n > 5 && strcmp(name + n - 5, ".part") == 0))
		return 0;
	return add_file(f, arena_printf(&f->fetch->mem, "%s/%s", f->folder, name), err);
}

static const char *mark_of(struct files *f)
{
	unsigned char digest[32];
	char hex[65];
	if (!EVP_Digest(f->marks.ptr ? f->marks.ptr : "", f->marks.len, digest, NULL, EVP_sha256(),
		    NULL))
		abort();
	for (size_t i = 0; i < sizeof(digest); i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	return arena_strdup(&f->fetch->mem, slice_of(hex));
}

int fetch_files(struct feed_fetch *fetch, struct err *err)
{
	const char *path = fetch->feed->url;
	struct files f = {.fetch = fetch};
	struct io_info info;
	int there = io_stat(path, &info, err);
	if (there <= 0)
		return there < 0 ? -1
				 : err_set(err, ERR_NOT_FOUND, "%s: there is no such file", path);
	buf_init(&f.marks, 8 << 20);
	f.folder = info.is_dir ? path : NULL;
	int rc = info.is_dir ? io_list(path, each_name, &f, err) : add_file(&f, path, err);
	if (rc == 0 && fetch->spool.n == 0)
		rc = err_set(err, ERR_NOT_FOUND, "%s: there is no file in the folder", path);
	if (rc == 0) {
		fetch->mark = mark_of(&f);
		fetch->unchanged = strcmp(fetch->mark, fetch->list->mark) == 0 &&
				   fetch->list->path && !fetch->options->accept &&
				   fetch->list->expire_s == 0;
	}
	buf_fini(&f.marks);
	return rc;
}
